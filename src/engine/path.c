/* path.c - values inside of OBJECTs and ARRAYs, by a path such as a.b[0].c, [1:] or k[*]. */
#include "engine/eval.h"

enum { MOST_PADDING = 1000000 };

/* A scalar counts as an array of one, NULL as the empty array. */
static Array array_of(const Value *value) {
  if (value->type == TYPE_ARRAY) return *value->as.array;
  return (Array){value_is_null(*value) ? 0 : 1, value};
}

static Value member(Value value, Str name) {
  if (value.type == TYPE_OBJECT) {
    const Object *object = value.as.object;
    for (size_t i = 0; i < object->count; i++)
      if (str_eq(object->names[i], name)) return object->values[i];
  }
  return value_null();
}

static Str trim(Str s) {
  while (s.len && s.data[0] == ' ') s.data++, s.len--;
  while (s.len && s.data[s.len - 1] == ' ') s.len--;
  return s;
}

/* A bound of a slice; an empty one is the default. */
static bool bound(Str text, int64_t otherwise, int64_t size, int64_t *out) {
  text = trim(text);
  if (!text.len) *out = otherwise;
  else if (!int_parse(text, out)) return false;
  else if (*out < 0) *out += size;
  return true;
}

/* [from:to]: NULLs beyond the end, nothing when it starts there or is reversed. */
static Value slice(Arena *arena, Array array, Str from_text, Str to_text) {
  int64_t from, to, size = (int64_t)array.count;
  if (!bound(from_text, 0, size, &from) || !bound(to_text, size, size, &to)) return value_null();
  if (from < 0) from = 0;
  if (from >= size || to <= from) return value_array(arena, NULL, 0);
  if (to > size + MOST_PADDING) to = size + MOST_PADDING;
  size_t count = (size_t)(to - from), there = (size_t)((to < size ? to : size) - from);
  Value *items = arena_alloc(arena, count * sizeof *items);
  memcpy(items, array.items + from, there * sizeof *items);
  return value_array(arena, items, count);
}

/* What stands between [ and ]. */
static Value subscript(Arena *arena, Value value, Str inside) {
  Array array = array_of(&value);
  int64_t i;
  inside = trim(inside);
  if (inside.len == 0 || str_is(inside, "*")) return value_array(arena, array.items, array.count);
  const char *colon = memchr(inside.data, ':', inside.len);
  if (colon) {
    size_t at = (size_t)(colon - inside.data);
    return slice(arena, array, str_make(inside.data, at), str_make(colon + 1, inside.len - at - 1));
  }
  if (!int_parse(inside, &i)) return value_null();
  if (i < 0) i += (int64_t)array.count;
  return i >= 0 && i < (int64_t)array.count ? array.items[i] : value_null();
}

Value value_at_path(Arena *arena, Value value, Str path) {
  const char *p = path.data, *end = p + path.len;
  while (p < end) {
    if (*p == '.') {
      p++;
    } else if (*p == '[') {
      const char *close = memchr(p, ']', (size_t)(end - p));
      if (!close) return value_null();
      value = subscript(arena, value, str_make(p + 1, (size_t)(close - p - 1)));
      p = close + 1;
    } else {
      const char *start = p;
      while (p < end && *p != '.' && *p != '[') p++;
      value = member(value, str_make(start, (size_t)(p - start)));
    }
  }
  return value;
}
