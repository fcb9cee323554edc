/* record.c - functions on records: those that a variable holds, and the one that an expression stands at. */
#include "catalog/record.h"

#include "pkg/operators.h"
#include "pkg/packages.h"

/* --- Records as values --- */

static DcCode no_record(CallContext *cx, const char *function, Value value) {
  Str text = value_to_str(cx->arena, value);
  dc_fail(cx->err, "%s needs a record, not '%.*s'", function, (int)(text.len < 100 ? text.len : 100), text.data);
  dc_hint(cx->err, "COLUMNAR_MAKE, STRUCT and REC_OBJECT() make records");
  return cx->err->code;
}

static DcCode fn_columnar_make(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Array one_name = {1, &args[0]}, one_value = {1, &args[1]};
  const Array *names = args[0].type == TYPE_ARRAY ? args[0].as.array : &one_name;
  const Array *values = args[1].type == TYPE_ARRAY ? args[1].as.array : &one_value;
  if (values->count < names->count) return dc_fail(cx->err, "COLUMNAR_MAKE: %zu names have only %zu values", names->count, values->count);
  Str *made = arena_raw(cx->arena, (names->count + 1) * sizeof *made);
  for (size_t i = 0; i < names->count; i++) {
    if (value_is_null(names->items[i])) return dc_fail(cx->err, "COLUMNAR_MAKE: name %zu is NULL", i + 1);
    made[i] = value_to_str(cx->arena, names->items[i]);
  }
  Object object = {names->count, made, values->items, NULL};
  object_sort(cx->arena, &object);
  for (size_t i = 0; i < names->count; i++)
    if (object_find(&object, made[i]) != i) return dc_fail(cx->err, "COLUMNAR_MAKE: the name \"%.*s\" is there twice", STR_ARG(made[i]));
  *result = value_object(cx->arena, made, values->items, names->count);
  result->flags = VALUE_RECORD;
  return DC_OK;
}

/* A text is a record of a PlainText dataset: it has one attribute, "_value". */
static Value names_of(Arena *arena, Value record) {
  Value plain = value_text("_value");
  if (record.type != TYPE_OBJECT) return value_array(arena, &plain, 1);
  const Object *object = record.as.object;
  Value *items = arena_raw(arena, (object->count + 1) * sizeof *items);
  for (size_t i = 0; i < object->count; i++) items[i] = value_str(object->names[i]);
  return value_array(arena, items, object->count);
}

static DcCode fn_attrs(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type != TYPE_OBJECT && args[0].type != TYPE_STRING) return no_record(cx, "ATTRS", args[0]);
  *result = names_of(cx->arena, args[0]);
  return DC_OK;
}

/* A column of a Columnar record; a place in a Structured value; of a text, as in PlainText, the text. */
static DcCode fn_attr(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Str name = value_to_str(cx->arena, args[1]);
  *result = value_null();
  if (args[0].type == TYPE_STRING) {
    *result = args[0];
  } else if (args[0].type != TYPE_OBJECT) {
    return no_record(cx, "ATTR", args[0]);
  } else if (args[0].flags & VALUE_RECORD) {
    size_t i = object_find(args[0].as.object, name);
    if (i < args[0].as.object->count) *result = args[0].as.object->values[i];
  } else {
    *result = value_at_path(cx->arena, args[0], name);
  }
  return DC_OK;
}

/* A new object without member `skip`, with room for one more. Its flags stay, but not that it is a lone value. */
static Value copy_but(Arena *arena, Value record, size_t skip, Str **names, Value **values) {
  const Object *object = record.as.object;
  size_t n = 0;
  *names = arena_raw(arena, (object->count + 1) * sizeof **names);
  *values = arena_raw(arena, (object->count + 1) * sizeof **values);
  for (size_t i = 0; i < object->count; i++) {
    if (i == skip) continue;
    (*names)[n] = object->names[i];
    (*values)[n++] = object->values[i];
  }
  Value made = value_object(arena, *names, *values, n);
  made.flags = record.flags & (uint8_t)~VALUE_WRAPPED;
  return made;
}

static DcCode fn_attr_put(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  *result = value_null();
  if (value_is_null(args[0]) || value_is_null(args[1])) return DC_OK;
  if (args[0].type != TYPE_OBJECT) return no_record(cx, "ATTR_PUT", args[0]);
  Str name = value_to_str(cx->arena, args[1]), *names;
  Value *values;
  const Object *object = args[0].as.object;
  size_t at = object_find(object, name);
  *result = copy_but(cx->arena, args[0], SIZE_MAX, &names, &values);
  values[at] = args[2];
  names[at] = name;
  if (at == object->count) {
    uint8_t flags = result->flags;
    *result = value_object(cx->arena, names, values, at + 1);
    result->flags = flags;
  }
  return DC_OK;
}

static DcCode fn_attr_remove(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Str *names;
  Value *values;
  if (args[0].type != TYPE_OBJECT) return no_record(cx, "ATTR_REMOVE", args[0]);
  *result = copy_but(cx->arena, args[0], object_find(args[0].as.object, value_to_str(cx->arena, args[1])), &names, &values);
  return DC_OK;
}

/* --- The record that the expression stands at --- */

static DcCode fn_rec_hashcode(CallContext *cx, const Value *args, int count, Value *result) {
  (void)args, (void)count;
  Value object;
  DC_TRY(cx->record->object(cx->record->self, cx->arena, &object, cx->err));
  if (object.type == TYPE_STRING) object.type = TYPE_BINARY; /* PlainText: over its bytes (catalogue.md § 3) */
  *result = value_int(value_hashcode(object));
  return DC_OK;
}

static DcCode fn_rec_attrs(CallContext *cx, const Value *args, int count, Value *result) {
  (void)args, (void)count;
  return cx->record->names(cx->record->self, cx->arena, result, cx->err);
}

static DcCode fn_rec_key(CallContext *cx, const Value *args, int count, Value *result) {
  (void)args, (void)count;
  DC_TRY(cx->record->key(cx->record->self, result, cx->err));
  if (result->flags & VALUE_DEFAULT_KEY) *result = value_int(result->as.i);
  return DC_OK;
}

static DcCode fn_rec_object(CallContext *cx, const Value *args, int count, Value *result) {
  (void)args, (void)count;
  return cx->record->object(cx->record->self, cx->arena, result, cx->err);
}

static DcCode fn_rec_attr(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  return cx->record->attribute(cx->record->self, -1, value_to_str(cx->arena, args[0]), result, cx->err);
}

static DcCode fn_rec_pivot(CallContext *cx, const Value *args, int count, Value *result) {
  (void)args, (void)count;
  Value object;
  DC_TRY(cx->record->object(cx->record->self, cx->arena, &object, cx->err));
  if (object.type == TYPE_OBJECT) *result = value_array(cx->arena, object.as.object->values, object.as.object->count);
  else *result = value_array(cx->arena, &object, value_is_null(object) ? 0 : 1);
  return DC_OK;
}

static const Function rows[] = {
    {.name = "COLUMNAR_MAKE", .signature = "names, values", .min_args = 2, .max_args = 2, .call = fn_columnar_make,
     .doc = "A Columnar record of two arrays.", .example = "COLUMNAR_MAKE(['a', 'b'], [1, 'x'])", .result = "[a: 1, b: x]"},
    {.name = "ATTRS", .signature = "record", .min_args = 1, .max_args = 1, .call = fn_attrs,
     .doc = "The names of a record's attributes, in order: an array (5.5 spreads it over several attributes in SELECT).",
     .example = "ATTRS(COLUMNAR_MAKE(['a', 'b'], [1, 'x']))", .result = "[a, b]"},
    {.name = "ATTR", .signature = "record, name", .min_args = 2, .max_args = 2, .call = fn_attr,
     .doc = "An attribute of a record; in a Structured one the name is a path.", .example = "ATTR(COLUMNAR_MAKE(['a', 'b'], [1, 'x']), 'b')", .result = "x"},
    {.name = "ATTR_PUT", .signature = "record, name, value", .min_args = 3, .max_args = 3, .handles_null = true, .special = SPECIAL_SET, .call = fn_attr_put,
     .doc = "The record with an attribute set; a variable that is the first argument holds it, too.",
     .example = "ATTR_PUT(COLUMNAR_MAKE(['a'], [1]), 'b', 2)", .result = "[a: 1, b: 2]"},
    {.name = "ATTR_REMOVE", .signature = "record, name", .min_args = 2, .max_args = 2, .special = SPECIAL_SET, .call = fn_attr_remove,
     .doc = "The record without an attribute; a variable that is the first argument holds it, too.",
     .example = "ATTR_REMOVE(COLUMNAR_MAKE(['a', 'b'], [1, 2]), 'a')", .result = "[b: 2]"},
    {.name = "REC_HASHCODE", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .needs_record = true, .call = fn_rec_hashcode,
     .doc = "The hash of the current record.", .example = "REC_HASHCODE()", .result = "122"},
    {.name = "REC_ATTRS", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .needs_record = true, .call = fn_rec_attrs,
     .doc = "The names of the current record's attributes: an array (5.5 spreads it over several attributes in SELECT).",
     .example = "REC_ATTRS()", .result = "[a, b]"},
    {.name = "REC_KEY", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .needs_record = true, .call = fn_rec_key,
     .doc = "The key of the current record.", .example = "REC_KEY()", .result = "7"},
    {.name = "REC_OBJECT", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .needs_record = true, .call = fn_rec_object,
     .doc = "The current record itself, for ATTR, STRUCT and the like.", .example = "REC_OBJECT()", .result = "[a: 1, b: x]"},
    {.name = "REC_ATTR", .signature = "name", .min_args = 1, .max_args = 1, .needs_record = true, .call = fn_rec_attr,
     .doc = "The attribute of the current record that has a computed name; NULL if there is none.", .example = "REC_ATTR('b')", .result = "x"},
    {.name = "REC_PIVOT", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .needs_record = true, .call = fn_rec_pivot,
     .doc = "The values of the current record: an array.", .example = "REC_PIVOT()", .result = "[1, x]"},
};

const Package record_package = {
    .name = "record",
    .doc = "Records. REC_ functions work where there is one; their examples stand at the record a = 1, b = 'x' with the key 7.",
    .functions = rows,
    .function_count = sizeof rows / sizeof rows[0],
};
