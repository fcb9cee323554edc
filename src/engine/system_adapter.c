/* system_adapter.c - parameters of the adapters of databases and the like, opening their modules, logging in. */
#include "base/secret.h"
#include "engine/adapter_params.h"
#include "engine/system.h"

#define SYSTEM(module_name, module_what, module_package) \
  {.name = module_name, .symbol = "dcetl_" module_name "_module", .version = SYSTEM_MODULE_VERSION, .what = module_what, .package = module_package}
static Module postgres_module = SYSTEM("postgres", "PostgreSQL databases", "libpq (Debian: libpq5)");
static Module mysql_module = SYSTEM("mysql", "MySQL and MariaDB databases", "libmariadb (Debian: libmariadb3)");
static Module sqlite_module = SYSTEM("sqlite", "SQLite databases", "SQLite (Debian: libsqlite3-0)");
static Module odbc_module = SYSTEM("odbc", "ODBC databases", "unixODBC (Debian: libodbc2)");
static Module kafka_module = SYSTEM("kafka", "topics of Kafka", "librdkafka (Debian: librdkafka1)");
static const SystemFormat postgres = {.module = &postgres_module};
static const SystemFormat mysql = {.module = &mysql_module};
static const SystemFormat sqlite = {.module = &sqlite_module};
static const SystemFormat odbc = {.module = &odbc_module};
static const SystemFormat kafka = {.module = &kafka_module, .messages = true};

static DcCode apply_mode(const ParamValue *param, SystemOptions *out, DcError *err) {
  static const ParamChoice modes[] = {{"error", SYSTEM_ERROR},   {"append", SYSTEM_APPEND}, {"replace", SYSTEM_REPLACE}, {"overwrite", SYSTEM_REPLACE},
                                      {"ignore", SYSTEM_IGNORE}, {"upsert", SYSTEM_UPSERT}, {NULL, 0}};
  int choice = 0;
  DC_TRY(param_choose(param, modes, "'error', 'append', 'replace', 'ignore' or 'upsert'", &choice, err));
  out->mode = (SystemMode)choice;
  out->mode_pos = param->pos;
  return DC_OK;
}

/* A name or a list of them. */
static DcCode apply_key(const ParamValue *param, Arena *arena, SystemOptions *out, DcError *err) {
  const Array one = {1, &param->value}, *list = param->value.type == TYPE_ARRAY ? param->value.as.array : &one;
  out->keys = arena_alloc(arena, (list->count + 1) * sizeof *out->keys);
  out->key_count = 0;
  for (size_t i = 0; i < list->count; i++) {
    Value name = list->items[i];
    if (name.type != TYPE_STRING || !name.len) return param_wrong(param, "names of columns, such as 'id' or [\"day\", \"id\"]", err);
    out->keys[out->key_count++] = arena_str(arena, value_get_str(name)).data;
  }
  return DC_OK;
}

static DcCode apply_format(const ParamValue *param, SystemOptions *out, DcError *err) {
  static const ParamChoice formats[] = {{"json", MESSAGE_JSON}, {"csv", MESSAGE_CSV}, {NULL, 0}};
  int choice = 0;
  DC_TRY(param_choose(param, formats, "'json' or 'csv'", &choice, err));
  out->message = (MessageFormat)choice;
  return DC_OK;
}

static DcCode apply(const ParamValue *param, Arena *arena, void *own, DcError *err) {
  SystemOptions *out = own;
  if (str_is(param->name, "mode")) return apply_mode(param, out, err);
  if (str_is(param->name, "format") && out->format->messages) return apply_format(param, out, err);
  if (str_is(param->name, "key")) DC_TRY(apply_key(param, arena, out, err));
  return typed_apply(param, arena, own, err);
}

static void defaults(const AdapterRow *row, bool writing, void *own) {
  SystemOptions *out = own;
  bool modes = false;
  for (size_t i = 0; i < row->adapter.param_count; i++) modes = modes || !strcmp(row->adapter.params[i].name, "mode");
  out->typed.writing = writing;
  out->format = row->format->system;
  out->mode = modes ? SYSTEM_ERROR : SYSTEM_APPEND;
}

static DcCode check(void *own, Position pos, bool writing, DcError *err) {
  const SystemOptions *options = own;
  if (!writing || options->mode != SYSTEM_UPSERT || options->key_count) return DC_OK;
  (void)pos;
  dc_fail_at(err, DC_FAIL, options->mode_pos, "@mode = 'upsert' needs to know which columns say that two rows are the same");
  dc_hint(err, "@key = 'id', or @key = [\"day\", \"id\"]");
  return err->code;
}

static const TypedFormat rows = {.module = NULL}; /* what is written are rows of typed columns */
#define FORMAT(own) {.options_size = sizeof(SystemOptions), .defaults = defaults, .apply = apply, .check = check, .source = &system_source, .typed = &rows, .system = &own}
const Format postgres_format = FORMAT(postgres);
const Format mysql_format = FORMAT(mysql);
const Format sqlite_format = FORMAT(sqlite);
const Format odbc_format = FORMAT(odbc);
const Format kafka_format = FORMAT(kafka);

/* --- Modules --- */

static void note_secret(const char *text) { secret_note(str_of(text)); }

static void pass_warning(const SystemHost *host, const char *text) {
  Engine *engine = ((const SystemLink *)host)->engine;
  engine_warn(engine, engine->statement_pos, "%s", text);
}

DcCode system_connect(Engine *engine, const SystemOptions *options, SystemLink **out, DcError *err) {
  const void *found;
  DC_TRY(module_need(options->format->module, &found, err));
  SystemLink *link = dc_alloc(sizeof *link);
  TableError error = {0};
  if (options->unknown) engine_warn(engine, engine->statement_pos, "properties of the URL that have no effect: %s", options->unknown);
  link->host = (SystemHost){engine_interrupted, note_secret, pass_warning};
  link->engine = engine;
  link->module = found;
  if (link->module->connect(&link->host, options->typed.options, options->typed.count, &link->system, &error) != 0) {
    link->system = NULL;
    DcCode code = engine_interrupted() ? dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted") : typed_failed(link->module->name, &error, err);
    system_close(link);
    return code;
  }
  *out = link;
  return DC_OK;
}

void system_close(SystemLink *link) {
  if (!link) return;
  if (link->system) link->module->close(link->system);
  dc_free(link);
}
