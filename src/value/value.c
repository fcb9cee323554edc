/* value.c - making, copying, converting and printing values. */
#include "value/value.h"

#include <math.h>
#include <stdlib.h>

#include "value/datetime_text.h"
#include "value/decimal.h"
#include "value/json.h"
#include "value/spelling.h"

static const char *const names[TYPE_COUNT] = {
    [TYPE_NULL] = "NULL",     [TYPE_BOOL] = "BOOL",     [TYPE_INT] = "INT",     [TYPE_DOUBLE] = "DOUBLE",
    [TYPE_DECIMAL] = "DECIMAL", [TYPE_STRING] = "STRING", [TYPE_BINARY] = "BINARY", [TYPE_DATE] = "DATE",
    [TYPE_TIME] = "TIME",     [TYPE_TIMESTAMP] = "TIMESTAMP", [TYPE_ARRAY] = "ARRAY", [TYPE_OBJECT] = "OBJECT",
};

const char *type_name(Type type) { return type < TYPE_COUNT ? names[type] : "?"; }

/* Takes items over. */
static Value wrap_array(Arena *arena, const Value *items, size_t count) {
  Array *array = arena_raw(arena, sizeof *array);
  *array = (Array){count, items};
  return (Value){.type = TYPE_ARRAY, .as.array = array};
}

Value value_array(Arena *arena, const Value *items, size_t count) {
  Value *copy = arena_raw(arena, (count ? count : 1) * sizeof *copy);
  if (count) memcpy(copy, items, count * sizeof *copy);
  return wrap_array(arena, copy, count);
}

Value value_object(Arena *arena, const Str *object_names, const Value *values, size_t count) {
  Object *object = arena_raw(arena, sizeof *object);
  *object = (Object){count, object_names, values, NULL};
  return (Value){.type = TYPE_OBJECT, .as.object = object};
}

size_t object_find(const Object *object, Str name) {
  if (!object->sorted) {
    for (size_t i = 0; i < object->count; i++)
      if (str_eq(object->names[i], name)) return i;
    return object->count;
  }
  size_t low = 0, high = object->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2, at = object->sorted[middle];
    if (str_compare(object->names[at], name) < 0) low = middle + 1;
    else high = middle;
  }
  return low < object->count && str_eq(object->names[object->sorted[low]], name) ? object->sorted[low] : object->count;
}

typedef struct Named {
  Str name;
  uint32_t number;
} Named;

static int by_name(const void *a, const void *b) {
  const Named *x = a, *y = b;
  int order = str_compare(x->name, y->name);
  return order ? order : (x->number > y->number) - (x->number < y->number);
}

void object_sort(Arena *arena, Object *object) {
  enum { FEW = 16 };
  if (object->count <= FEW || object->count > UINT32_MAX) return;
  Named *members = dc_alloc(object->count * sizeof *members);
  uint32_t *order = arena_raw(arena, object->count * sizeof *order);
  for (uint32_t i = 0; i < object->count; i++) members[i] = (Named){object->names[i], i};
  qsort(members, object->count, sizeof *members, by_name);
  for (size_t i = 0; i < object->count; i++) order[i] = members[i].number;
  dc_free(members);
  object->sorted = order;
}

static Value copy_object(Arena *arena, Value value) {
  const Object *from = value.as.object;
  Object *object = arena_raw(arena, sizeof *object);
  Str *object_names = arena_raw(arena, (from->count + 1) * sizeof *object_names);
  Value *values = arena_raw(arena, (from->count + 1) * sizeof *values);
  for (size_t i = 0; i < from->count; i++) {
    object_names[i] = arena_str(arena, from->names[i]);
    values[i] = value_copy(arena, from->values[i]);
  }
  *object = (Object){from->count, object_names, values, NULL};
  if (from->sorted) object->sorted = (const uint32_t *)(const void *)arena_copy(arena, from->sorted, from->count * sizeof *from->sorted);
  value.as.object = object;
  return value;
}

Value value_copy(Arena *arena, Value value) {
  switch ((Type)value.type) {
    case TYPE_STRING: case TYPE_BINARY: value.as.s = arena_copy(arena, value.as.s, value.len); break;
    case TYPE_DECIMAL: return value_decimal(arena, *value.as.decimal);
    case TYPE_ARRAY: {
      size_t count = value.as.array->count;
      Value *items = arena_raw(arena, (count + 1) * sizeof *items);
      for (size_t i = 0; i < count; i++) items[i] = value_copy(arena, value.as.array->items[i]);
      return wrap_array(arena, items, count);
    }
    case TYPE_OBJECT: return copy_object(arena, value);
    case TYPE_NULL: case TYPE_BOOL: case TYPE_INT: case TYPE_DOUBLE: case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP:
    case TYPE_COUNT: break;
  }
  return value;
}

/* --- Text form --- */

static const char hex_digits[] = "0123456789abcdef";

static void put_hex(Buf *out, Str bytes) {
  buf_reserve(out, bytes.len * 2);
  for (size_t i = 0; i < bytes.len; i++) {
    unsigned char byte = (unsigned char)bytes.data[i];
    out->data[out->len++] = hex_digits[byte >> 4];
    out->data[out->len++] = hex_digits[byte & 15];
  }
}

/* Does one of these 8 bytes need an escape: a control character, a quote or a backslash? */
static bool has_escape(const char *bytes) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
  return (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & (ones * 0x80);
}

static void put_escape(Buf *out, unsigned char c) {
  switch (c) {
    case '"': buf_text(out, "\\\""); break;
    case '\\': buf_text(out, "\\\\"); break;
    case '\n': buf_text(out, "\\n"); break;
    case '\r': buf_text(out, "\\r"); break;
    case '\t': buf_text(out, "\\t"); break;
    case '\b': buf_text(out, "\\b"); break;
    case '\f': buf_text(out, "\\f"); break;
    default: buf_printf(out, "\\u%04x", c);
  }
}

void json_put_text(Buf *out, Str text) {
  size_t start = 0, i = 0; /* start: of what can be copied as it is */
  buf_reserve(out, text.len + 2);
  out->data[out->len++] = '"';
  while (i < text.len) {
    unsigned char c = (unsigned char)text.data[i];
    if (i + 8 <= text.len && !has_escape(text.data + i)) {
      i += 8;
    } else if (c >= 0x20 && c != '"' && c != '\\') {
      i++;
    } else {
      buf_put(out, text.data + start, i - start);
      put_escape(out, c);
      start = ++i;
    }
  }
  if (text.len > start) buf_put(out, text.data + start, text.len - start);
  buf_char(out, '"');
}

/* A record of a Columnar dataset, as 5.5 prints it. */
static void put_record(Buf *out, const Object *object) {
  buf_char(out, '[');
  for (size_t i = 0; i < object->count; i++) {
    if (i) buf_text(out, ", ");
    buf_str(out, object->names[i]);
    buf_text(out, ": ");
    value_print(out, object->values[i]);
  }
  buf_char(out, ']');
}

static void put_json_object(Buf *out, Value value) {
  const Object *object = value.as.object;
  if (value.flags & VALUE_WRAPPED) {
    json_put_value(out, object->values[0]);
    return;
  }
  buf_char(out, '{');
  for (size_t i = 0; i < object->count; i++) {
    if (i) buf_char(out, ',');
    json_put_text(out, object->names[i]);
    buf_char(out, ':');
    json_put_value(out, object->values[i]);
  }
  buf_char(out, '}');
}

void json_put_value(Buf *out, Value value) {
  Buf text = {0};
  switch ((Type)value.type) {
    case TYPE_NULL: case TYPE_BOOL: case TYPE_INT: case TYPE_DECIMAL: case TYPE_COUNT: value_print(out, value); break;
    case TYPE_DOUBLE:
      if (isfinite(value.as.d)) value_print(out, value);
      else buf_text(out, "null");
      break;
    case TYPE_STRING:
      if (value.flags & VALUE_NUMBER) buf_str(out, value_get_str(value));
      else json_put_text(out, value_get_str(value));
      break;
    case TYPE_BINARY: case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP:
      value_print(&text, value);
      json_put_text(out, (Str){text.data, text.len});
      buf_free(&text);
      break;
    case TYPE_ARRAY:
      buf_char(out, '[');
      for (size_t i = 0; i < value.as.array->count; i++) {
        if (i) buf_char(out, ',');
        json_put_value(out, value.as.array->items[i]);
      }
      buf_char(out, ']');
      break;
    case TYPE_OBJECT: put_json_object(out, value); break;
  }
}

/* The text forms that fit 64 bytes; returns 0 for those that may not. */
static size_t print_short(Value value, char *out) {
  switch ((Type)value.type) {
    case TYPE_NULL: case TYPE_COUNT: return strlen(strcpy(out, "null"));
    case TYPE_BOOL: return strlen(strcpy(out, value.as.b ? "true" : "false"));
    case TYPE_INT: return int_print(value.as.i, out);
    case TYPE_DOUBLE:
      if (is_spelled(value)) return spelling_print(value, out);
      return value.flags & VALUE_SINGLE ? single_print(value.as.d, out) : double_print(value.as.d, out);
    case TYPE_DECIMAL: return decimal_print(*value.as.decimal, out);
    case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP: return datetime_print(value, out);
    case TYPE_STRING: case TYPE_BINARY: case TYPE_ARRAY: case TYPE_OBJECT: break;
  }
  return 0;
}

void value_print(Buf *out, Value value) {
  char small[64];
  size_t len = print_short(value, small);
  if (len) buf_put(out, small, len);
  else if (value.type == TYPE_STRING) buf_str(out, value_get_str(value));
  else if (value.type == TYPE_BINARY) put_hex(out, value_get_str(value));
  else if (value.type == TYPE_OBJECT && (value.flags & VALUE_RECORD)) put_record(out, value.as.object);
  else if (value.type == TYPE_OBJECT) put_json_object(out, value);
  else if (value.type == TYPE_ARRAY) {
    buf_char(out, '[');
    for (size_t i = 0; i < value.as.array->count; i++) {
      if (i) buf_text(out, ", ");
      value_print(out, value.as.array->items[i]);
    }
    buf_char(out, ']');
  }
}

Str value_to_str(Arena *arena, Value value) {
  char small[64];
  if (value.type == TYPE_STRING) return value_get_str(value);
  size_t len = print_short(value, small);
  if (len) return arena_str(arena, (Str){small, len});
  Buf text = {0};
  value_print(&text, value);
  Str copy = arena_str(arena, (Str){text.data, text.len});
  buf_free(&text);
  return copy;
}

/* --- Conversions to numbers --- */

bool value_to_number(Value value, Value *out) {
  if (value_is_number(value)) {
    *out = value;
    return true;
  }
  return value.type == TYPE_STRING && number_parse(value_get_str(value), out);
}

bool value_to_double(Value value, double *out) {
  Value number;
  if (!value_to_number(value, &number)) return false;
  if (number.type == TYPE_INT) *out = (double)number.as.i;
  else *out = number.type == TYPE_DOUBLE ? number.as.d : decimal_to_double(*number.as.decimal);
  return true;
}
