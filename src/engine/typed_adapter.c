/* typed_adapter.c - parameters of the adapters of typed columns, and opening their modules. */
#include "engine/adapter_params.h"
#include "engine/typed_format.h"
#include "engine/typed_guard.h"

#define ARROW_PACKAGE "Apache Arrow C++ (Debian: libarrow-dev and libparquet-dev where there are such, else .ci/install-deps)"

#define ARROW(module_symbol, module_what) {.name = "arrow", .symbol = module_symbol, .version = TABLE_MODULE_VERSION, .what = module_what, .package = ARROW_PACKAGE}
static Module parquet_module = ARROW("dcetl_parquet_module", "Parquet files");
static Module orc_module = ARROW("dcetl_orc_module", "ORC files");
static Module ipc_file_module = ARROW("dcetl_ipc_file_module", "Arrow files");
static Module ipc_stream_module = ARROW("dcetl_ipc_stream_module", "Arrow streams");
static Module avro_module = {.name = "avro", .symbol = "dcetl_avro_module", .version = TABLE_MODULE_VERSION, .what = "Avro files",
                             .package = "libbz2, liblzma and libsnappy (Debian: libbz2-1.0, liblzma5, libsnappy1v5)"};
static const TypedFormat parquet = {&parquet_module, NULL};
static const TypedFormat orc = {&orc_module, guard_orc}; /* its library crashes on some damaged files */
static const TypedFormat ipc_file = {&ipc_file_module, NULL};
static const TypedFormat ipc_stream = {&ipc_stream_module, NULL};
static const TypedFormat avro = {&avro_module, NULL};

DcCode typed_module(const TypedFormat *format, const TableModule **out, DcError *err) {
  const void *found;
  DC_TRY(module_need(format->module, &found, err));
  *out = found;
  return DC_OK;
}

DcCode typed_reading(const TypedFormat *format, const TableModule **out, DcError *err) {
  return format->reading ? format->reading(out, err) : typed_module(format, out, err);
}

DcCode typed_failed(const char *path, const TableError *error, DcError *err) {
  dc_fail(err, "%s: %s", path, error->text[0] ? error->text : "unknown failure");
  if (error->hint[0]) dc_hint(err, "%s", error->hint);
  return err->code;
}

static void add_option(TypedOptions *out, Arena *arena, const char *name, const char *value) {
  TableOption *more = arena_alloc(arena, ((size_t)out->count + 1) * sizeof *more);
  if (out->count) memcpy(more, out->options, out->count * sizeof *more);
  more[out->count++] = (TableOption){name, value};
  out->options = more;
}

static const char *text_of(Arena *arena, Value value) {
  Str text = value_to_str(arena, value);
  return arena_printf(arena, "%.*s", STR_ARG(text)).data;
}

/* Where the item of a list ends that begins at `at`: at a comma outside of brackets and quotes. */
static size_t item_end(Str text, size_t at) {
  int depth = 0;
  bool quoted = false;
  for (; at < text.len; at++) {
    char c = text.data[at];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '(' || c == '<' || c == '[') depth++;
    if (c == ')' || c == '>' || c == ']') depth--;
    if (c == ',' && depth <= 0) break;
  }
  return at;
}

/* "name type", or "\"a name\" type". false: there is no type. */
static bool name_and_type(Str item, WantedType *out) {
  bool quoted = item.len && item.data[0] == '"';
  const char *end = quoted ? memchr(item.data + 1, '"', item.len - 1) : memchr(item.data, ' ', item.len);
  if (!end) return false;
  size_t len = (size_t)(end - item.data), behind = len + quoted;
  out->name = quoted ? str_make(item.data + 1, len - 1) : str_make(item.data, len);
  out->type = str_trim(str_make(item.data + behind, item.len - behind));
  return out->type.len > 0;
}

static DcCode add_types(TypedOptions *out, Str text, Arena *arena, DcError *err) {
  for (size_t at = 0, end; at < text.len || !text.len; at = end + 1) {
    end = item_end(text, at);
    Str item = str_trim(str_make(text.data + at, end - at));
    WantedType wanted;
    if (str_is(item, "auto")) {
      out->auto_types = true;
    } else if (name_and_type(item, &wanted)) {
      WantedType *more = arena_alloc(arena, (out->wanted_count + 1) * sizeof *more);
      if (out->wanted_count) memcpy(more, out->wanted, out->wanted_count * sizeof *more);
      out->wanted = more;
      out->wanted[out->wanted_count++] = wanted;
    } else {
      dc_fail_at(err, DC_FAIL, out->types_pos, "@types has an item without a name or a type: '%.*s'", (int)(end - at), text.data + at);
      dc_hint(err, "@types = 'id int64, \"unit price\" decimal(10, 2), day date'");
      return err->code;
    }
  }
  return DC_OK;
}

/* 'id int64, "unit price" decimal(10, 2)', or an array of such texts. */
static DcCode apply_types(const ParamValue *param, Arena *arena, TypedOptions *out, DcError *err) {
  out->types_pos = param->pos;
  if (!out->writing || value_is_null(param->value)) return DC_OK;
  Value given = value_copy(arena, param->value);
  size_t count = given.type == TYPE_ARRAY ? given.as.array->count : 1;
  for (size_t i = 0; i < count; i++) {
    Value text = given.type == TYPE_ARRAY ? given.as.array->items[i] : given;
    DC_TRY(add_types(out, text.type == TYPE_STRING ? value_get_str(text) : (Str){"", 0}, arena, err));
  }
  return DC_OK;
}

/* Lists come as one option for each element, objects as name=value. */
DcCode typed_apply(const ParamValue *param, Arena *arena, void *own, DcError *err) {
  TypedOptions *out = own;
  Value value = param->value;
  const char *name = arena_printf(arena, "%.*s", STR_ARG(param->name)).data;
  if (str_is(param->name, "types")) return apply_types(param, arena, out, err);
  if (value_is_null(value)) return param_wrong(param, "a value", err);
  for (size_t i = 0; value.type == TYPE_ARRAY && i < value.as.array->count; i++) add_option(out, arena, name, text_of(arena, value.as.array->items[i]));
  for (size_t i = 0; value.type == TYPE_OBJECT && i < value.as.object->count; i++) {
    Str key = value.as.object->names[i];
    add_option(out, arena, name, arena_printf(arena, "%.*s=%s", STR_ARG(key), text_of(arena, value.as.object->values[i])).data);
  }
  if (value.type != TYPE_ARRAY && value.type != TYPE_OBJECT) add_option(out, arena, name, text_of(arena, value));
  return DC_OK;
}

static void defaults(const AdapterRow *row, bool writing, void *own) {
  TypedOptions *out = own;
  out->writing = writing;
  out->format = row->format->typed;
  out->structured = row->format == &parquet_structured_format;
}

#define TABLE .options_size = sizeof(TypedOptions), .defaults = defaults, .apply = typed_apply, .source = &typed_source
const Format parquet_format = {TABLE, .typed = &parquet};
const Format parquet_structured_format = {TABLE, .typed = &parquet};
const Format orc_format = {TABLE, .typed = &orc};
const Format ipc_file_format = {TABLE, .typed = &ipc_file};
const Format ipc_stream_format = {TABLE, .typed = &ipc_stream};
const Format avro_format = {TABLE, .typed = &avro};
