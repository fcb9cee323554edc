/* json.c - JSON text to values; parsing is yyjson's, whose document lies in the arena, so that texts are not copied. */
#include "value/json.h"

#include <stdlib.h>
#include <yyjson.h>

#include "value/spelling.h"

enum { MOST_LEVELS = 500, FEW_NAMES = 24 };

typedef struct Reader {
  Arena *arena;
  JsonTwice twice;
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

static bool names_differ(const Str *names, size_t count, Str *twice) {
  if (count <= FEW_NAMES) {
    for (size_t i = 1; i < count; i++)
      for (size_t k = 0; k < i; k++)
        if (str_eq(*twice = names[i], names[k])) return false;
    return true;
  }
  Str *sorted = dc_alloc(count * sizeof *sorted);
  memcpy(sorted, names, count * sizeof *sorted);
  qsort(sorted, count, sizeof *sorted, by_text);
  size_t i = 1;
  while (i < count && !str_eq(sorted[i], sorted[i - 1])) i++;
  if (i < count) *twice = sorted[i];
  dc_free(sorted);
  return i == count;
}

typedef struct Numbered {
  Str name;
  size_t number;
} Numbered;

static int by_name_and_number(const void *a, const void *b) {
  const Numbered *left = a, *right = b;
  int order = str_compare(left->name, right->name);
  return order ? order : (left->number > right->number) - (left->number < right->number);
}

/* The last value of a name stands in the place of its first one. */
static size_t keep_last(Str *names, Value *values, size_t count) {
  Numbered *sorted = dc_alloc(count * sizeof *sorted);
  uint8_t *drop = dc_alloc(count);
  for (size_t i = 0; i < count; i++) sorted[i] = (Numbered){names[i], i};
  qsort(sorted, count, sizeof *sorted, by_name_and_number);
  for (size_t i = 1, first = 0; i < count; i++) {
    if (!str_eq(sorted[i].name, sorted[first].name)) {
      first = i;
      continue;
    }
    values[sorted[first].number] = values[sorted[i].number];
    drop[sorted[i].number] = 1;
  }
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (drop[i]) continue;
    names[kept] = names[i];
    values[kept++] = values[i];
  }
  dc_free(sorted);
  dc_free(drop);
  return kept;
}

static bool settle_names(const Reader *reader, Str *names, Value *values, size_t *count) {
  Str twice = {0};
  if (names_differ(names, *count, &twice)) return true;
  if (reader->twice == JSON_TWICE_LAST) {
    *count = keep_last(names, values, *count);
    return true;
  }
  Str part = shortened(twice);
  *reader->why = arena_printf(reader->arena, "the name \"%.*s\" occurs twice in an object", STR_ARG(part));
  return false;
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
  if (!settle_names(reader, names, values, &count)) return false;
  *out = value_object(reader->arena, names, values, count);
  return true;
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

static bool from_json(const Reader *reader, yyjson_val *json, int level, Value *out) {
  if (level > MOST_LEVELS) {
    *reader->why = arena_printf(reader->arena, "it nests deeper than %d levels", MOST_LEVELS);
    return false;
  }
  switch (yyjson_get_type(json)) {
    case YYJSON_TYPE_OBJ: return from_object(reader, json, level, out);
    case YYJSON_TYPE_ARR: return from_array(reader, json, level, out);
    case YYJSON_TYPE_RAW: *out = number_of_json(reader->arena, str_make(yyjson_get_raw(json), yyjson_get_len(json))); break;
    case YYJSON_TYPE_STR: *out = value_str(str_make(yyjson_get_str(json), yyjson_get_len(json))); break;
    case YYJSON_TYPE_BOOL: *out = value_bool(yyjson_get_bool(json)); break;
    default: *out = value_null();
  }
  return true;
}

static yyjson_val *parse(const Reader *reader, Str text) {
  Arena *arena = reader->arena;
  yyjson_alc memory = {take, take_again, leave, arena};
  yyjson_read_err problem = {0};
  /* Only YYJSON_READ_INSITU, which is not asked for, would write into the text. */
  yyjson_doc *document = yyjson_read_opts((char *)(uintptr_t)(text.len ? text.data : ""), text.len, YYJSON_READ_NUMBER_AS_RAW, &memory, &problem);
  if (document) return yyjson_doc_get_root(document);
  size_t line = 1, column = 1, character = 0;
  if (text.len && !yyjson_locate_pos(text.data, text.len, problem.pos, &line, &column, &character)) column = problem.pos + 1;
  *reader->why = arena_printf(arena, "line %zu, column %zu: %s", line, column, text.len ? problem.msg : "there is no text");
  return NULL;
}

bool json_read_as(Arena *arena, Str text, JsonTwice twice, Value *out, Str *why) {
  Reader reader = {arena, twice, why};
  yyjson_val *root = parse(&reader, text);
  return root && from_json(&reader, root, 1, out);
}

bool json_read(Arena *arena, Str text, Value *out, Str *why) { return json_read_as(arena, text, JSON_TWICE_ERROR, out, why); }

/* --- Some places only --- */

JsonPick json_pick_of(Arena *arena, Str path) {
  JsonPick pick = {.path = path_compile(arena, path), .whole = arena_str(arena, path)};
  size_t end = 0;
  while (end < path.len && path.data[end] != '.' && path.data[end] != '[') end++;
  if (end) pick.first = str_make(pick.whole.data, end);
  if (end && end < path.len) pick.rest = path_compile(arena, str_make(path.data + end, path.len - end));
  return pick;
}

static bool pick_from_value(const Reader *reader, yyjson_val *root, const JsonPick *picks, size_t count, Value *out) {
  Value value;
  if (!from_json(reader, root, 1, &value)) return false;
  value = json_wrap(reader->arena, value);
  for (size_t i = 0; i < count; i++) out[i] = path_value(picks[i].path, value, reader->arena);
  return true;
}

/* One member for all picks that it concerns; whole[i]: pick i has found a member of its whole name. */
static bool pick_from_member(const Reader *reader, Str name, yyjson_val *item, const JsonPick *picks, size_t count, uint8_t *whole, Value *out) {
  for (size_t i = 0; i < count; i++) {
    const JsonPick *pick = &picks[i];
    bool all = str_eq(name, pick->whole);
    if (!all && (!pick->rest || whole[i] || !str_eq(name, pick->first))) continue;
    if (!from_json(reader, item, 2, &out[i])) return false;
    if (all) whole[i] = 1;
    else out[i] = path_value(pick->rest, out[i], reader->arena);
  }
  return true;
}

static bool check_names(const Reader *reader, yyjson_val *root) {
  size_t count = yyjson_obj_size(root), at, most, n = 0;
  Str *names = arena_raw(reader->arena, (count + 1) * sizeof *names);
  yyjson_val *name, *item;
  yyjson_obj_foreach(root, at, most, name, item) names[n++] = str_make(yyjson_get_str(name), yyjson_get_len(name));
  return settle_names(reader, names, NULL, &n);
}

bool json_read_picks(Arena *arena, Str text, const JsonPick *picks, size_t count, JsonTwice twice, Value *out, Str *why) {
  Reader reader = {arena, twice, why};
  yyjson_val *root = parse(&reader, text), *name, *item;
  bool simple = root && yyjson_is_obj(root);
  if (!root) return false;
  for (size_t i = 0; i < count; i++) {
    simple = simple && picks[i].first.data;
    out[i] = value_null();
  }
  if (!simple) return pick_from_value(&reader, root, picks, count, out);
  uint8_t *whole = arena_alloc(arena, count + 1);
  size_t at, most;
  yyjson_obj_foreach(root, at, most, name, item) {
    Str text_of_name = str_make(yyjson_get_str(name), yyjson_get_len(name));
    if (!pick_from_member(&reader, text_of_name, item, picks, count, whole, out)) return false;
  }
  return twice == JSON_TWICE_LAST || check_names(&reader, root);
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
