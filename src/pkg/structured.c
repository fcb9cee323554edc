/* structured.c - functions on Structured values: JSON-like objects. */
#include "pkg/operators.h"
#include "pkg/packages.h"
#include "value/path.h"

static DcCode no_object(CallContext *cx, const char *function, Value value) {
  Str text = value_to_str(cx->arena, value);
  dc_fail(cx->err, "%s needs a Structured value, not '%.*s'", function, (int)(text.len < 100 ? text.len : 100), text.data);
  if (value.type == TYPE_STRING) dc_hint(cx->err, "STRUCT x reads a JSON text");
  return cx->err->code;
}

static DcCode fn_struct_attrs(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type != TYPE_OBJECT) return no_object(cx, "STRUCT_ATTRS", args[0]);
  const Object *object = args[0].as.object;
  Value *names = arena_raw(cx->arena, (object->count + 1) * sizeof *names);
  for (size_t i = 0; i < object->count; i++) names[i] = value_str(object->names[i]);
  *result = value_array(cx->arena, names, object->count);
  return DC_OK;
}

static DcCode fn_struct_pivot(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type != TYPE_OBJECT) return no_object(cx, "STRUCT_PIVOT", args[0]);
  *result = value_array(cx->arena, args[0].as.object->values, args[0].as.object->count);
  return DC_OK;
}

static DcCode fn_struct_attr(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type != TYPE_OBJECT && args[0].type != TYPE_ARRAY) return no_object(cx, "STRUCT_ATTR", args[0]);
  *result = value_at_path(cx->arena, args[0], value_to_str(cx->arena, args[1]));
  return DC_OK;
}

/* The first element of a value that occurs again keeps its place, the last one gives the index, as in a map. */
static Value index_of_values(CallContext *cx, const Array *array) {
  Str *names = arena_raw(cx->arena, (array->count + 1) * sizeof *names);
  Value *values = arena_raw(cx->arena, (array->count + 1) * sizeof *values);
  for (size_t i = 0; i < array->count; i++) names[i] = value_to_str(cx->arena, array->items[i]);
  Object all = {array->count, names, values, NULL};
  object_sort(cx->arena, &all);
  size_t n = 0;
  for (size_t i = 0; i < array->count; i++) values[i] = value_null();
  for (size_t i = 0; i < array->count; i++) values[object_find(&all, names[i])] = value_int((int64_t)i);
  for (size_t i = 0; i < array->count; i++) { /* close the gaps */
    if (value_is_null(values[i])) continue;
    names[n] = names[i];
    values[n++] = values[i];
  }
  Value made = value_object(cx->arena, names, values, n);
  object_sort(cx->arena, (Object *)(uintptr_t)made.as.object);
  return made;
}

static Value values_by_index(CallContext *cx, const Array *array) {
  Str *names = arena_raw(cx->arena, (array->count + 1) * sizeof *names);
  for (size_t i = 0; i < array->count; i++) names[i] = arena_printf(cx->arena, "%zu", i);
  Value made = value_object(cx->arena, names, array->items, array->count);
  object_sort(cx->arena, (Object *)(uintptr_t)made.as.object);
  return made;
}

static DcCode fn_struct_from_array(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Array one = {value_is_null(args[0]) ? 0 : 1, &args[0]};
  const Array *array = args[0].type == TYPE_ARRAY ? args[0].as.array : &one;
  *result = value_is_true(args[1]) ? index_of_values(cx, array) : values_by_index(cx, array);
  return DC_OK;
}

static const Function rows[] = {
    {.name = "STRUCT_ATTRS", .signature = "object", .min_args = 1, .max_args = 1, .call = fn_struct_attrs,
     .doc = "The top-level names, in order.", .example = "STRUCT_ATTRS(STRUCT '\\{\"b\": 1, \"a\": 2\\}')", .result = "[b, a]"},
    {.name = "STRUCT_PIVOT", .signature = "object", .min_args = 1, .max_args = 1, .call = fn_struct_pivot,
     .doc = "The top-level values, in order.", .example = "STRUCT_PIVOT(STRUCT '\\{\"b\": 1, \"a\": [2]\\}')", .result = "[1, [2]]"},
    {.name = "STRUCT_ATTR", .signature = "object, path", .min_args = 2, .max_args = 2, .call = fn_struct_attr,
     .doc = "What a path such as a.b[0].c or p[1:] finds; NULL when there is nothing.",
     .example = "STRUCT_ATTR(STRUCT '\\{\"a\": \\{\"b\": [5, 6]\\}\\}', 'a.b[1]')", .result = "6"},
    {.name = "STRUCT_FROM_ARRAY", .signature = "array, by_value", .min_args = 2, .max_args = 2, .handles_null = true, .call = fn_struct_from_array,
     .doc = "An object of an array: TRUE names the elements and gives their positions, FALSE the other way round.",
     .example = "STRUCT_FROM_ARRAY(['x', 'y'], TRUE)", .result = "{\"x\":0,\"y\":1}"},
};

const Package structured_package = {
    .name = "structured",
    .doc = "Structured values (JSON).",
    .functions = rows,
    .function_count = sizeof rows / sizeof rows[0],
};
