/* json.c - JSON text to values; parsing is yyjson's, whose document lies in the arena, so that texts are not copied. */
#include "value/json.h"

#include <stdlib.h>
#include <yyjson.h>

#include "value/decimal.h"

enum { MOST_LEVELS = 500, FEW_NAMES = 24 };

typedef struct Reader {
  Arena *arena;
  Str *why;
} Reader;

static bool from_json(const Reader *reader, yyjson_val *json, int level, Value *out);

/* --- The document's memory --- */

static void *take(void *arena, size_t size) { return arena_raw(arena, size); }

static void *take_again(void *arena, void *old, size_t old_size, size_t size) {
  if (size <= old_size) return old;
  void *memory = arena_raw(arena, size);
  memcpy(memory, old, old_size);
  return memory;
}

static void leave(void *arena, void *memory) { (void)arena, (void)memory; }

/* --- Values --- */

static Str shortened(Str text) { return str_make(text.data, text.len < 60 ? text.len : 60); }

static int by_text(const void *a, const void *b) { return str_compare(*(const Str *)a, *(const Str *)b); }

static bool report_twice(const Reader *reader, Str name) {
  Str part = shortened(name);
  *reader->why = arena_printf(reader->arena, "the name \"%.*s\" occurs twice in an object", STR_ARG(part));
  return false;
}

static bool names_differ(const Reader *reader, const Str *names, size_t count) {
  if (count <= FEW_NAMES) {
    for (size_t i = 1; i < count; i++)
      for (size_t k = 0; k < i; k++)
        if (str_eq(names[i], names[k])) return report_twice(reader, names[i]);
    return true;
  }
  Str *sorted = dc_alloc(count * sizeof *sorted);
  memcpy(sorted, names, count * sizeof *sorted);
  qsort(sorted, count, sizeof *sorted, by_text);
  size_t i = 1;
  while (i < count && !str_eq(sorted[i], sorted[i - 1])) i++;
  Str twice = i < count ? sorted[i] : (Str){0};
  dc_free(sorted);
  return i == count || report_twice(reader, twice);
}

static bool from_object(const Reader *reader, yyjson_val *json, int level, Value *out) {
  size_t count = yyjson_obj_size(json), n = 0, at, most;
  Str *names = arena_raw(reader->arena, (count + 1) * sizeof *names);
  Value *values = arena_raw(reader->arena, (count + 1) * sizeof *values);
  yyjson_val *name, *item;
  yyjson_obj_foreach(json, at, most, name, item) {
    names[n] = str_make(yyjson_get_str(name), yyjson_get_len(name));
    if (!from_json(reader, item, level + 1, &values[n++])) return false;
  }
  *out = value_object(reader->arena, names, values, count);
  return names_differ(reader, names, count);
}

static bool from_array(const Reader *reader, yyjson_val *json, int level, Value *out) {
  size_t count = yyjson_arr_size(json), at, most;
  Array *array = arena_raw(reader->arena, sizeof *array);
  Value *items = arena_raw(reader->arena, (count + 1) * sizeof *items);
  yyjson_val *item;
  yyjson_arr_foreach(json, at, most, item)
    if (!from_json(reader, item, level + 1, &items[at])) return false;
  *array = (Array){count, items};
  *out = (Value){.type = TYPE_ARRAY, .as.array = array};
  return true;
}

/* A number that neither 64 bits nor a double hold: up to 38 digits a decimal does. */
static bool from_digits(const Reader *reader, Str digits, Value *out) {
  Decimal decimal;
  bool whole = !memchr(digits.data, '.', digits.len) && !memchr(digits.data, 'e', digits.len) && !memchr(digits.data, 'E', digits.len);
  if (whole && decimal_parse(digits, &decimal)) {
    *out = value_decimal(reader->arena, decimal);
    return true;
  }
  Str part = shortened(digits);
  *reader->why = arena_printf(reader->arena, "the number %.*s does not fit (64 bits, 38 digits or a double)", STR_ARG(part));
  return false;
}

static Value from_number(const Reader *reader, yyjson_val *json) {
  if (yyjson_is_real(json)) return value_double(yyjson_get_real(json));
  if (yyjson_is_sint(json)) return value_int(yyjson_get_sint(json));
  uint64_t i = yyjson_get_uint(json);
  return i <= INT64_MAX ? value_int((int64_t)i) : value_decimal(reader->arena, (Decimal){.unscaled = (__int128)i});
}

static bool from_json(const Reader *reader, yyjson_val *json, int level, Value *out) {
  if (level > MOST_LEVELS) {
    *reader->why = arena_printf(reader->arena, "it nests deeper than %d levels", MOST_LEVELS);
    return false;
  }
  switch (yyjson_get_type(json)) {
    case YYJSON_TYPE_OBJ: return from_object(reader, json, level, out);
    case YYJSON_TYPE_ARR: return from_array(reader, json, level, out);
    case YYJSON_TYPE_RAW: return from_digits(reader, str_make(yyjson_get_raw(json), yyjson_get_len(json)), out);
    case YYJSON_TYPE_STR: *out = value_str(str_make(yyjson_get_str(json), yyjson_get_len(json))); break;
    case YYJSON_TYPE_NUM: *out = from_number(reader, json); break;
    case YYJSON_TYPE_BOOL: *out = value_bool(yyjson_get_bool(json)); break;
    default: *out = value_null();
  }
  return true;
}

bool json_read(Arena *arena, Str text, Value *out, Str *why) {
  Reader reader = {arena, why};
  yyjson_alc memory = {take, take_again, leave, arena};
  yyjson_read_err problem = {0};
  /* Only YYJSON_READ_INSITU, which is not asked for, would write into the text. */
  yyjson_doc *document = yyjson_read_opts((char *)(uintptr_t)(text.len ? text.data : ""), text.len, YYJSON_READ_BIGNUM_AS_RAW, &memory, &problem);
  if (document) return from_json(&reader, yyjson_doc_get_root(document), 1, out);
  size_t line = 1, column = 1, character = 0;
  if (text.len && !yyjson_locate_pos(text.data, text.len, problem.pos, &line, &column, &character)) column = problem.pos + 1;
  *why = arena_printf(arena, "line %zu, column %zu: %s", line, column, text.len ? problem.msg : "there is no text");
  return false;
}

Value json_wrap(Arena *arena, Value value) {
  static const Str no_name = {"", 0};
  if (value.type == TYPE_OBJECT) return value;
  Value *kept = arena_raw(arena, sizeof *kept);
  *kept = value;
  Value object = value_object(arena, &no_name, kept, 1);
  object.flags = VALUE_WRAPPED;
  return object;
}
