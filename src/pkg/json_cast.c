/* json_cast.c - the casts JSON and STRUCT: a JSON text becomes an object or array. Parsing is jansson's. */
#include <jansson.h>
#include <math.h>

#include "pkg/operators.h"

static Value from_json(Arena *arena, const json_t *json);

static Value from_object(Arena *arena, json_t *json) {
  size_t count = json_object_size(json), n = 0;
  Str *names = arena_alloc(arena, (count + 1) * sizeof *names);
  Value *values = arena_alloc(arena, (count + 1) * sizeof *values);
  const char *name;
  json_t *item;
  json_object_foreach(json, name, item) {
    names[n] = arena_str(arena, str_of(name));
    values[n++] = from_json(arena, item);
  }
  Object *object = arena_alloc(arena, sizeof *object);
  *object = (Object){n, names, values};
  return (Value){.type = TYPE_OBJECT, .as.object = object};
}

static Value from_array(Arena *arena, const json_t *json) {
  size_t count = json_array_size(json);
  Value *items = arena_alloc(arena, (count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++) items[i] = from_json(arena, json_array_get(json, i));
  return value_array(arena, items, count);
}

static Value from_json(Arena *arena, const json_t *json) {
  switch (json_typeof(json)) {
    case JSON_OBJECT: return from_object(arena, (json_t *)(uintptr_t)json);
    case JSON_ARRAY: return from_array(arena, json);
    case JSON_STRING: return value_str(arena_str(arena, str_make(json_string_value(json), json_string_length(json))));
    case JSON_INTEGER: return value_int(json_integer_value(json));
    case JSON_REAL: return value_double(json_real_value(json));
    case JSON_TRUE: return value_bool(true);
    case JSON_FALSE: return value_bool(false);
    case JSON_NULL: break;
  }
  return value_null();
}

/* A top-level array or scalar is kept under the empty name, as in 5.5 (catalogue.md § 4). */
static Value under_empty_name(Arena *arena, Value value) {
  Str *names = arena_alloc(arena, sizeof *names);
  Value *values = arena_alloc(arena, sizeof *values);
  names[0] = (Str){"", 0};
  values[0] = value;
  Object *object = arena_alloc(arena, sizeof *object);
  *object = (Object){1, names, values};
  return (Value){.type = TYPE_OBJECT, .as.object = object};
}

DcCode op_json(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type == TYPE_OBJECT) {
    *result = args[0];
    return DC_OK;
  }
  if (args[0].type == TYPE_ARRAY) {
    *result = under_empty_name(cx->arena, args[0]);
    return DC_OK;
  }
  Str text = value_to_str(cx->arena, args[0]);
  json_error_t why;
  json_t *json = json_loadb(text.data ? text.data : "", text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
  if (!json) {
    fail_read(cx, args[0], "JSON");
    dc_hint(cx->err, "line %d, column %d: %s", why.line, why.column, why.text);
    return cx->err->code;
  }
  *result = from_json(cx->arena, json);
  json_decref(json);
  if (result->type != TYPE_OBJECT) *result = under_empty_name(cx->arena, *result);
  return DC_OK;
}
