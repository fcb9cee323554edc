/* session_eval.c - values, names and parameters in the running statement, and the messages that come with them. */
#include "run/session_internal.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static const Str env_prefix = {"ENV:", 4}, option_prefix = {"OPT:", 4};

bool is_read_only(Str name) {
  return str_is(name, "CWD") || str_starts(name, env_prefix) || str_starts(name, option_prefix);
}

static bool get_special(Session *session, Str name, Value *out) {
  if (str_is(name, "CWD")) {
    char path[PATH_MAX];
    if (!session->cwd.data && getcwd(path, sizeof path)) session->cwd = arena_str(&session->arena, str_of(path));
    *out = value_str(session->cwd);
    return session->cwd.data != NULL;
  }
  char text[256];
  Str rest = str_make(name.data + env_prefix.len, name.len - env_prefix.len);
  if (str_starts(name, option_prefix)) {
    Str value = settings_get(session->settings, rest);
    *out = value_str(value);
    return value.data != NULL;
  }
  if (rest.len >= sizeof text) return false;
  memcpy(text, rest.data, rest.len);
  text[rest.len] = 0;
  const char *value = getenv(text);
  if (value) *out = value_text(value);
  return value != NULL;
}

static bool get_variable(void *self, Str name, Value *out) {
  Session *session = self;
  return is_read_only(name) ? get_special(session, name, out) : variables_get(session->variables, name, out);
}

static void set_variable(void *self, Str name, Value value) {
  Session *session = self;
  if (!is_read_only(name)) variables_set(session->variables, name, value);
}

static const Definition *get_function(void *self, Str name) {
  Session *session = self;
  return definitions_get(&session->functions, name);
}

static void try_spelling(void *self, Str name) { speller_try(self, name); }

static DcCode unknown_variable(void *self, Str name, Position pos, DcError *err) {
  Session *session = self;
  Speller speller = speller_start(name);
  bool strict = session->settings->engine.strict;
  if (!strict && !session_first_time(session, PLACE_UNKNOWN_VARIABLE, pos)) return DC_OK;
  variables_each(session->variables, try_spelling, &speller);
  Str best = speller_best(&speller);
  if (strict) {
    dc_fail_at(err, DC_FAIL, pos, "unknown variable $%.*s", STR_ARG(name));
    if (best.len) dc_hint(err, "did you mean $%.*s?", STR_ARG(best));
    else dc_hint(err, "LET $%.*s = … sets it, or -v %.*s=… on the command line", STR_ARG(name), STR_ARG(name));
    return DC_FAIL;
  }
  DcError warning = {.pos = pos};
  snprintf(warning.message, sizeof warning.message, "unknown variable $%.*s is NULL", STR_ARG(name));
  if (best.len) dc_hint(&warning, "did you mean $%.*s?", STR_ARG(best));
  log_error(session->log, LOG_LEVEL_WARNING, &warning);
  return DC_OK;
}

static void raised(void *self, RaiseLevel level, Str message) {
  Session *session = self;
  session_raise(session, level, (Position){0}, message);
}

static DcCode list_datasets(void *self, Str prefix, Arena *arena, Value *out, DcError *err) {
  Session *session = self;
  DC_TRY(session_settle(session, prefix, err));
  const Datasets *datasets = &session->datasets;
  Value *items = dc_alloc((datasets->names.count + 1) * sizeof *items);
  size_t count = 0;
  for (uint32_t i = 0; i < datasets->names.count; i++) {
    const DatasetEntry *entry = &datasets->entries[i];
    if (!entry->removed && entry->name.len > prefix.len && str_starts(entry->name, prefix) && !datasets_is_hidden(entry->name, prefix)) items[count++] = value_str(entry->name);
  }
  *out = value_array(arena, items, count);
  dc_free(items);
  return DC_OK;
}

static DcCode list_attributes(void *self, Str name, Arena *arena, Value *out, DcError *err) {
  Dataset *dataset;
  DC_TRY(session_dataset(self, name, (Position){0}, &dataset, err));
  size_t count = dataset_columns(dataset);
  Value *items = dc_alloc((count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++) items[i] = value_str(arena_str(arena, dataset_column(dataset, i)));
  *out = value_array(arena, items, count);
  dc_free(items);
  dataset_unref(dataset);
  return DC_OK;
}

void session_context_init(Session *session) {
  EvalContext *cx = &session->cx;
  cx->variables = (VariableView){session, get_variable, set_variable};
  cx->functions = (FunctionView){session, get_function};
  cx->max_depth = 1000;
  cx->interrupted = engine_interrupted;
  cx->unknown_variable = unknown_variable;
  cx->unknown_self = session;
  cx->raise = raised;
  cx->raise_self = session;
  cx->call.session = (SessionView){session, list_datasets, list_attributes};
}

DcCode session_eval(Session *session, const Expr *expr, NameMode names, Value *out, DcError *err) {
  session->cx.names = names;
  session->cx.call.err = err;
  return eval(&session->cx, expr, out, err);
}

DcCode session_eval_maybe(Session *session, const Expr *expr, Value *out, DcError *err) {
  bool lone = expr->kind == EXPR_VAR;
  if (lone) session->cx.unknown_variable = NULL;
  DcCode code = session_eval(session, expr, NAMES_REFUSED, out, err);
  session->cx.unknown_variable = unknown_variable;
  return code;
}

DcCode session_name(Session *session, const Name *name, Str *out, DcError *err) {
  if (!name->parts) {
    *out = name->text;
    return DC_OK;
  }
  session->cx.names = NAMES_REFUSED;
  session->cx.call.err = err;
  return eval_name(&session->cx, name, out, err);
}

DcCode session_count(Session *session, const Expr *expr, const char *what, uint32_t min, uint32_t *out, DcError *err) {
  Value value, number;
  DC_TRY(session_eval(session, expr, NAMES_REFUSED, &value, err));
  double count;
  Str text = value_to_str(session->cx.call.arena, value);
  if (!value_to_number(value, &number) || !value_to_double(number, &count) || floor(count) != count)
    return dc_fail_at(err, DC_FAIL, expr->pos, "%s is '%.*s', not a whole number", what, STR_ARG(text));
  if (count < min || count > INT32_MAX)
    return dc_fail_at(err, DC_FAIL, expr->pos, "%s is %.*s, not in %u … %d", what, STR_ARG(text), min, INT32_MAX);
  *out = (uint32_t)count;
  return DC_OK;
}

DcCode session_params(Session *session, const Invocation *invocation, ParamValue **out, DcError *err) {
  ParamValue *params = arena_alloc(session->cx.call.arena, (invocation->param_count + 1) * sizeof *params);
  for (size_t i = 0; i < invocation->param_count; i++) {
    const Param *param = &invocation->params[i];
    params[i].pos = param->pos;
    DC_TRY(session_name(session, &param->name, &params[i].name, err));
    if (param->value) DC_TRY(session_eval(session, param->value, NAMES_AS_TEXT, &params[i].value, err));
  }
  *out = params;
  return DC_OK;
}

typedef struct NameList {
  Str *items;
  size_t count, cap;
} NameList;

static void add_name(NameList *list, Str name) {
  VEC_GROW(list->items, list->count, list->cap);
  list->items[list->count++] = name;
}

/* The names that a level list's expression gives: an array of texts, or one text. */
static DcCode add_values(Session *session, const Expr *expr, NameList *list, DcError *err) {
  Value value;
  Arena *arena = session->cx.call.arena;
  DC_TRY(session_eval(session, expr, NAMES_AS_TEXT, &value, err));
  if (value_is_null(value)) return dc_fail_at(err, DC_FAIL, expr->pos, "the list of column names is NULL");
  if (value.type != TYPE_ARRAY) {
    add_name(list, value_to_str(arena, value));
    return DC_OK;
  }
  for (size_t i = 0; i < value.as.array->count; i++) add_name(list, value_to_str(arena, value.as.array->items[i]));
  return DC_OK;
}

static DcCode add_level(Session *session, const LevelList *level, NameList *list, DcError *err) {
  if (level->expr) return add_values(session, level->expr, list, err);
  for (size_t i = 0; i < level->count; i++) {
    Str name;
    DC_TRY(session_name(session, &level->names[i], &name, err));
    add_name(list, name);
  }
  return DC_OK;
}

DcCode session_columns(Session *session, const Invocation *invocation, Str **out, size_t *count, DcError *err) {
  NameList list = {0};
  bool found = false;
  DcCode code = DC_OK;
  for (size_t i = 0; i < invocation->level_count && code == DC_OK; i++) {
    const LevelList *level = &invocation->levels[i];
    if (level->level != LEVEL_NONE && level->level != LEVEL_VALUE) continue; /* does not suit the type: left alone */
    found = true;
    code = add_level(session, level, &list, err);
  }
  *out = NULL;
  *count = list.count;
  if (found && code == DC_OK) {
    *out = arena_alloc(session->cx.call.arena, (list.count + 1) * sizeof **out);
    if (list.count) memcpy(*out, list.items, list.count * sizeof *list.items);
  }
  dc_free(list.items);
  return code;
}

void session_assign(Session *session, Str name, Position pos, Value value) {
  if (!is_read_only(name)) {
    variables_set(session->variables, name, value);
  } else if (session_first_time(session, PLACE_READ_ONLY, pos)) {
    log_printf(session->log, LOG_LEVEL_WARNING, pos, "$%.*s cannot be changed", STR_ARG(name));
  }
}

static Place *place_of(Session *session, PlaceKind kind, Position pos) {
  struct { const Source *source; uint32_t offset, kind; } key = {pos.source, pos.offset, (uint32_t)kind};
  uint32_t before = session->place_names.count;
  uint32_t index = name_map_add(&session->place_names, str_make((const char *)&key, sizeof key));
  while (session->place_names.count > session->place_cap) {
    session->place_cap = session->place_cap ? session->place_cap * 2 : 16;
    session->places = dc_realloc(session->places, session->place_cap * sizeof *session->places);
  }
  if (index == before) session->places[index] = (Place){.kind = kind, .pos = pos};
  return &session->places[index];
}

bool session_first_time(Session *session, PlaceKind kind, Position pos) { return place_of(session, kind, pos)->count++ == 0; }

void session_count_place(Session *session, PlaceKind kind, Position pos, uint64_t count) {
  place_of(session, kind, pos)->count += count;
  session->places_pending = true;
}

void session_flush_places(Session *session) {
  if (!session->places_pending) return;
  session->places_pending = false;
  for (uint32_t i = 0; i < session->place_names.count; i++) {
    Place *place = &session->places[i];
    if (place->kind != PLACE_MISSING_PARTITION || place->shown) continue;
    place->shown = 1;
    log_printf(session->log, LOG_LEVEL_WARNING, place->pos, "%llu partition number%s past the end gave empty partitions",
               (unsigned long long)place->count, place->count == 1 ? "" : "s");
  }
}

void session_raise(Session *session, RaiseLevel level, Position pos, Str message) {
  static const LogLevel levels[] = {
    [RAISE_DEBUG] = LOG_LEVEL_DEBUG, [RAISE_INFO] = LOG_LEVEL_INFO, [RAISE_LOG] = LOG_LEVEL_INFO,
    [RAISE_NOTICE] = LOG_LEVEL_NOTICE, [RAISE_WARNING] = LOG_LEVEL_WARNING, [RAISE_ERROR] = LOG_LEVEL_ERROR,
  };
  log_text(session->log, levels[level], pos, message);
  hook_call(session->settings, session->log, levels[level], pos, message);
}
