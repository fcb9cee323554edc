/* arrow_type.c - types that dcetl keeps: copies in an arena, made, compared and shown. */
#include "value/arrow_type.h"

#include "value/arrow_format.h"

/* --- Making --- */

struct ArrowSchema *arrow_type_new(Arena *arena, const char *format, const char *name, int64_t children) {
  struct ArrowSchema *type = arena_alloc(arena, sizeof *type);
  type->format = format;
  type->name = name;
  type->flags = ARROW_FLAG_NULLABLE;
  type->n_children = children;
  if (children) type->children = arena_alloc(arena, (size_t)children * sizeof(struct ArrowSchema *));
  return type;
}

struct ArrowSchema *arrow_type_list(Arena *arena, struct ArrowSchema *item) {
  struct ArrowSchema *type = arrow_type_new(arena, "+l", "", 1);
  item->name = "item";
  type->children[0] = item;
  return type;
}

struct ArrowSchema *arrow_type_map(Arena *arena, struct ArrowSchema *key, struct ArrowSchema *value) {
  struct ArrowSchema *type = arrow_type_new(arena, "+m", "", 1), *entries = arrow_type_new(arena, "+s", "entries", 2);
  key->name = "key";
  value->name = "value";
  key->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
  entries->flags = 0;
  entries->children[0] = key;
  entries->children[1] = value;
  type->children[0] = entries;
  return type;
}

/* --- Copies --- */

static size_t metadata_size(const char *metadata) {
  int32_t pairs = arrow_i32(metadata, 0);
  size_t at = 4;
  for (int64_t part = 0; part < 2 * (int64_t)pairs; part++) {
    int32_t len = arrow_i32(metadata + at, 0);
    at += 4 + (size_t)(len < 0 ? 0 : len);
  }
  return at;
}

static const char *copy_text(Arena *arena, const char *text) {
  return text ? arena_copy(arena, text, strlen(text)) : "";
}

static struct ArrowSchema *copy_type(Arena *arena, const struct ArrowSchema *type) {
  struct ArrowSchema *copy = arrow_type_new(arena, copy_text(arena, type->format), copy_text(arena, type->name),
                                            type->n_children < 0 ? 0 : type->n_children);
  copy->flags = type->flags;
  if (type->metadata) copy->metadata = arena_copy(arena, type->metadata, metadata_size(type->metadata));
  for (int64_t i = 0; i < copy->n_children; i++) copy->children[i] = copy_type(arena, type->children[i]);
  if (type->dictionary) copy->dictionary = copy_type(arena, type->dictionary);
  return copy;
}

const struct ArrowSchema *arrow_type_copy(Arena *arena, const struct ArrowSchema *type) {
  return copy_type(arena, type);
}

const struct ArrowSchema *arrow_type_named(Arena *arena, const struct ArrowSchema *type, Str name) {
  struct ArrowSchema *copy = copy_type(arena, type);
  copy->name = arena_copy(arena, name.data, name.len);
  return copy;
}

const struct ArrowSchema *arrow_type_record(Arena *arena, const struct ArrowSchema *const *fields, size_t count) {
  struct ArrowSchema *type = arrow_type_new(arena, "+s", "", (int64_t)count);
  type->flags = 0;
  for (size_t i = 0; i < count; i++) type->children[i] = copy_type(arena, fields[i]);
  return type;
}

static struct ArrowSchema *copy_written(Arena *arena, const struct ArrowSchema *type, bool in_map) {
  const struct ArrowSchema *plain = arrow_plain(type);
  struct ArrowSchema *copy = arrow_type_new(arena, copy_text(arena, plain->format), copy_text(arena, type->name),
                                            plain->n_children);
  bool entries = arrow_format(plain).kind == ARROW_MAP;
  copy->flags = plain->flags | ARROW_FLAG_NULLABLE;
  if (plain->metadata) copy->metadata = arena_copy(arena, plain->metadata, metadata_size(plain->metadata));
  for (int64_t i = 0; i < copy->n_children; i++) {
    copy->children[i] = copy_written(arena, plain->children[i], entries);
    if (entries || (in_map && i == 0)) copy->children[i]->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
  }
  return copy;
}

const struct ArrowSchema *arrow_type_written(Arena *arena, const struct ArrowSchema *type) {
  return copy_written(arena, type, false);
}

/* --- Comparing --- */

static bool same_format(const struct ArrowSchema *a, const struct ArrowSchema *b) {
  ArrowFormat x = arrow_format(a), y = arrow_format(b);
  if (x.kind == ARROW_UNKNOWN || x.kind == ARROW_UNION) return x.kind == y.kind && strcmp(a->format, b->format) == 0;
  return x.kind == y.kind && x.unit == y.unit && x.width == y.width && x.precision == y.precision &&
         x.scale == y.scale && x.uuid == y.uuid && (!x.zone || strcmp(x.zone, y.zone) == 0);
}

bool arrow_type_equal(const struct ArrowSchema *a, const struct ArrowSchema *b) {
  if (!same_format(a, b) || a->n_children != b->n_children || !a->dictionary != !b->dictionary) return false;
  if (a->dictionary && !arrow_type_equal(a->dictionary, b->dictionary)) return false;
  bool named = arrow_format(a).kind == ARROW_STRUCT;
  for (int64_t i = 0; i < a->n_children; i++) {
    if (named && !str_eq(str_of(a->children[i]->name), str_of(b->children[i]->name))) return false;
    if (!arrow_type_equal(a->children[i], b->children[i])) return false;
  }
  return true;
}

/* --- Showing --- */

static const char *unit_name(char unit) { return unit == 's' ? "s" : unit == 'm' ? "ms" : unit == 'u' ? "us" : "ns"; }

/* As arrow_type_parse reads it: in quotes unless it is a word. */
static void print_name(Buf *out, const char *name) {
  bool word = name && *name;
  for (const char *at = name; word && *at; at++)
    word = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_';
  if (word) {
    buf_text(out, name);
    return;
  }
  buf_char(out, '"');
  for (const char *at = name; at && *at; at++) {
    if (*at == '"') buf_char(out, '"');
    buf_char(out, *at);
  }
  buf_char(out, '"');
}

static void print_children(Buf *out, const struct ArrowSchema *type, bool named) {
  buf_char(out, '<');
  for (int64_t i = 0; i < type->n_children; i++) {
    if (!type->children || !type->children[i]) continue; /* a broken one, on its way into a message */
    if (i) buf_text(out, ", ");
    if (named) print_name(out, type->children[i]->name);
    if (named) buf_text(out, ": ");
    arrow_type_print(out, type->children[i]);
  }
  buf_char(out, '>');
}

static void print_nested(Buf *out, const struct ArrowSchema *type, ArrowFormat format) {
  static const char *const names[] = {
    [ARROW_LIST] = "list", [ARROW_LARGE_LIST] = "large_list", [ARROW_LIST_VIEW] = "list_view",
    [ARROW_LARGE_LIST_VIEW] = "large_list_view", [ARROW_FIXED_LIST] = "fixed_size_list", [ARROW_STRUCT] = "struct",
    [ARROW_MAP] = "map", [ARROW_RUN_END] = "run_end_encoded", [ARROW_UNION] = "union"};
  buf_text(out, names[format.kind]);
  bool entries = format.kind == ARROW_MAP && type->n_children == 1 && type->children && type->children[0] &&
                 type->children[0]->n_children == 2;
  print_children(out, entries ? type->children[0] : type, format.kind == ARROW_STRUCT);
  if (format.kind == ARROW_FIXED_LIST) buf_printf(out, "[%d]", format.width);
}

static void print_moment(Buf *out, const struct ArrowSchema *type, ArrowFormat format) {
  switch (format.kind) {
    case ARROW_DATE32: buf_text(out, "date"); break;
    case ARROW_DATE64: buf_text(out, "date64"); break;
    case ARROW_TIME32: buf_printf(out, "time32[%s]", unit_name(format.unit)); break;
    case ARROW_TIME64: buf_printf(out, "time64[%s]", unit_name(format.unit)); break;
    case ARROW_DURATION: buf_printf(out, "duration[%s]", unit_name(format.unit)); break;
    case ARROW_INTERVAL:
      if (type->format[2] == 'n') buf_text(out, "month_day_nano_interval");
      else buf_text(out, type->format[2] == 'M' ? "month_interval" : "day_time_interval");
      break;
    default:
      buf_printf(out, "timestamp[%s", unit_name(format.unit));
      if (*format.zone) buf_printf(out, ", %s", format.zone);
      buf_char(out, ']');
  }
}

static void print_plain(Buf *out, const struct ArrowSchema *type) {
  static const char *const names[] = {
    [ARROW_NULL] = "null", [ARROW_BOOL] = "bool", [ARROW_INT8] = "int8", [ARROW_INT16] = "int16",
    [ARROW_INT32] = "int32", [ARROW_INT64] = "int64", [ARROW_UINT8] = "uint8", [ARROW_UINT16] = "uint16",
    [ARROW_UINT32] = "uint32", [ARROW_UINT64] = "uint64", [ARROW_FLOAT16] = "float16", [ARROW_FLOAT32] = "float32",
    [ARROW_FLOAT64] = "double", [ARROW_STRING] = "string", [ARROW_LARGE_STRING] = "large_string",
    [ARROW_STRING_VIEW] = "string_view", [ARROW_BINARY] = "binary", [ARROW_LARGE_BINARY] = "large_binary",
    [ARROW_BINARY_VIEW] = "binary_view"};
  ArrowFormat format = arrow_format(type);
  switch (format.kind) {
    case ARROW_UNKNOWN: buf_printf(out, "'%s'", type->format ? type->format : ""); break;
    case ARROW_FIXED_BINARY:
      if (format.uuid) buf_text(out, "uuid");
      else buf_printf(out, "fixed_size_binary[%d]", format.width);
      break;
    case ARROW_DECIMAL:
      buf_text(out, "decimal");
      if (format.width != 16) buf_printf(out, "%d", format.width * 8);
      buf_printf(out, "(%d, %d)", format.precision, format.scale);
      break;
    case ARROW_DATE32: case ARROW_DATE64: case ARROW_TIME32: case ARROW_TIME64: case ARROW_TIMESTAMP:
    case ARROW_DURATION: case ARROW_INTERVAL:
      print_moment(out, type, format);
      break;
    case ARROW_LIST: case ARROW_LARGE_LIST: case ARROW_LIST_VIEW: case ARROW_LARGE_LIST_VIEW:
    case ARROW_FIXED_LIST: case ARROW_STRUCT: case ARROW_MAP:
    case ARROW_RUN_END: case ARROW_UNION:
      print_nested(out, type, format);
      break;
    default: buf_text(out, names[format.kind]);
  }
}

void arrow_type_print(Buf *out, const struct ArrowSchema *type) {
  if (!type->dictionary) {
    print_plain(out, type);
    return;
  }
  buf_text(out, "dictionary<");
  arrow_type_print(out, type->dictionary);
  buf_text(out, ", ");
  print_plain(out, type);
  buf_char(out, '>');
}
