/* path.c - compiling paths, and following them in values and in encoded values. */
#include "value/path.h"

#include "value/batch.h"
#include "value/encoded.h"

enum { MOST_PADDING = 1000000 };

typedef enum StepKind { STEP_MEMBER, STEP_ITEM, STEP_SLICE } StepKind;

typedef struct Step {
  StepKind kind;
  bool to_end;      /* SLICE */
  Str name;         /* MEMBER */
  int64_t from, to; /* ITEM: from */
} Step;

struct Path {
  Str text;
  bool leading; /* begins with a subscript */
  size_t count;
  Step *steps;
};

/* --- Compiling --- */

/* A bound of a slice; an empty one stays as it is. */
static bool bound(Str text, int64_t *out) {
  text = str_trim(text);
  return !text.len || int_parse(text, out);
}

/* What stands between [ and ]. */
static bool subscript(Str inside, Step *step) {
  inside = str_trim(inside);
  *step = (Step){.kind = STEP_SLICE, .to_end = true};
  if (inside.len == 0 || str_is(inside, "*")) return true;
  const char *colon = memchr(inside.data, ':', inside.len);
  if (!colon) {
    step->kind = STEP_ITEM;
    return int_parse(inside, &step->from);
  }
  size_t at = (size_t)(colon - inside.data);
  Str to = str_trim(str_make(colon + 1, inside.len - at - 1));
  step->to_end = to.len == 0;
  return bound(str_make(inside.data, at), &step->from) && bound(to, &step->to);
}

/* Reads all steps; false: the text is no path. */
static bool read_steps(Path *path) {
  const char *p = path->text.data, *end = p + path->text.len;
  while (p < end) {
    Step *step = &path->steps[path->count];
    if (*p == '.') {
      p++;
    } else if (*p == '[') {
      const char *close = memchr(p, ']', (size_t)(end - p));
      if (!close || !subscript(str_make(p + 1, (size_t)(close - p - 1)), step)) return false;
      path->count++;
      p = close + 1;
    } else {
      const char *start = p;
      while (p < end && *p != '.' && *p != '[') p++;
      *step = (Step){.kind = STEP_MEMBER, .name = str_make(start, (size_t)(p - start))};
      path->count++;
    }
  }
  return true;
}

const Path *path_compile(Arena *arena, Str text) {
  Path *path = arena_alloc(arena, sizeof *path);
  size_t most = 1;
  for (size_t i = 0; i < text.len; i++) most += text.data[i] == '.' || text.data[i] == '[' || text.data[i] == ']';
  path->text = arena_str(arena, text);
  path->steps = arena_alloc(arena, most * sizeof *path->steps);
  path->leading = text.len && text.data[0] == '[';
  if (!read_steps(path)) path->count = 0;
  return path;
}

/* --- Following --- */

/* A place on the way: a value, or the bytes of an encoded one. */
typedef struct Place {
  const char *bytes; /* NULL: value */
  Value value;
} Place;

static Type type_at(const Place *place) { return place->bytes ? encoded_type(place->bytes) : (Type)place->value.type; }

static Value value_of(const Place *place, Arena *arena) { return place->bytes ? value_decode(place->bytes, arena) : place->value; }

static bool member(Place *place, Str name) {
  if (type_at(place) != TYPE_OBJECT) return false;
  if (place->bytes) {
    const char *found = encoded_member(place->bytes, name);
    if (found) place->bytes = found;
    return found != NULL;
  }
  const Object *object = place->value.as.object;
  size_t i = object_find(object, name);
  if (i == object->count) return false;
  place->value = object->values[i];
  return true;
}

/* A scalar counts as an array of one, NULL as the empty array. */
static Array array_of(const Value *value) {
  if (value->type == TYPE_ARRAY) return *value->as.array;
  return (Array){value_is_null(*value) ? 0 : 1, value};
}

static bool item(Place *place, int64_t i) {
  Type type = type_at(place);
  size_t count = type == TYPE_NULL ? 0 : 1;
  if (type == TYPE_ARRAY) count = place->bytes ? encoded_count(place->bytes) : place->value.as.array->count;
  if (i < 0) i += (int64_t)count;
  if (i < 0 || i >= (int64_t)count) return false;
  if (type != TYPE_ARRAY) return true;
  if (place->bytes) place->bytes = encoded_item(place->bytes, (size_t)i);
  else place->value = place->value.as.array->items[i];
  return true;
}

/* [from:to]: NULLs beyond the end, nothing when it starts there or is reversed. */
static Value slice(const Step *step, Value value, Arena *arena) {
  Array array = array_of(&value);
  int64_t size = (int64_t)array.count, from = step->from, to = step->to_end ? size : step->to;
  if (from < 0) from = from + size < 0 ? 0 : from + size;
  if (to < 0) to += size;
  if (from >= size || to <= from) return value_array(arena, NULL, 0);
  if (to > size + MOST_PADDING) to = size + MOST_PADDING;
  size_t count = (size_t)(to - from), there = (size_t)((to < size ? to : size) - from);
  Value *items = arena_alloc(arena, count * sizeof *items);
  memcpy(items, array.items + from, there * sizeof *items);
  return value_array(arena, items, count);
}

static Value follow(const Path *path, Place place, Arena *arena) {
  if (member(&place, path->text)) return value_of(&place, arena);
  if (!path->count) return path->text.len ? value_null() : value_of(&place, arena);
  if (path->count == 1 && path->steps[0].kind == STEP_MEMBER && str_eq(path->steps[0].name, path->text)) return value_null();
  if (path->leading) (void)member(&place, (Str){"", 0});
  for (size_t i = 0; i < path->count; i++) {
    const Step *step = &path->steps[i];
    bool found = true;
    if (step->kind == STEP_MEMBER) found = member(&place, step->name);
    else if (step->kind == STEP_ITEM) found = item(&place, step->from);
    else place = (Place){NULL, slice(step, value_of(&place, arena), arena)};
    if (!found) return value_null();
  }
  return value_of(&place, arena);
}

Value path_value(const Path *path, Value value, Arena *arena) { return follow(path, (Place){NULL, value}, arena); }

Value path_encoded(const Path *path, const char *bytes, Arena *arena) { return follow(path, (Place){bytes, value_null()}, arena); }

Value value_at_path(Arena *arena, Value value, Str path) { return path_value(path_compile(arena, path), value, arena); }
