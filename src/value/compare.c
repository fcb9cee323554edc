/* compare.c - equality, the order of < and >, and the total order of all values. */
#include <math.h>
#include <strings.h>

#include "value/datetime_text.h"
#include "value/decimal.h"

enum { NO_BOOL = -1 };

/* 0 or 1 for a boolean or the texts true and false in any case. */
static int as_bool(Value v) {
  if (v.type == TYPE_BOOL) return v.as.b;
  if (v.type != TYPE_STRING) return NO_BOOL;
  if (v.len == 4 && strncasecmp(v.as.s, "true", 4) == 0) return 1;
  if (v.len == 5 && strncasecmp(v.as.s, "false", 5) == 0) return 0;
  return NO_BOOL;
}

bool value_is_true(Value value) {
  if (value.type == TYPE_BOOL) return value.as.b;
  return as_bool(value) == 1;
}

/* Moments as one order: dates and timestamps by instant, then times of day. */
static int compare_moments(Value a, Value b) {
  bool a_time = a.type == TYPE_TIME, b_time = b.type == TYPE_TIME;
  if (a_time != b_time) return a_time ? 1 : -1;
  int64_t left = a.type == TYPE_DATE ? a.as.i * SECONDS_PER_DAY : a.as.i;
  int64_t right = b.type == TYPE_DATE ? b.as.i * SECONDS_PER_DAY : b.as.i;
  if (left != right) return left < right ? -1 : 1;
  uint32_t left_nanos = a.type == TYPE_TIMESTAMP ? a.len : 0, right_nanos = b.type == TYPE_TIMESTAMP ? b.len : 0;
  return left_nanos < right_nanos ? -1 : left_nanos > right_nanos;
}

static bool is_moment(Value v) { return v.type == TYPE_DATE || v.type == TYPE_TIME || v.type == TYPE_TIMESTAMP; }

/* A text beside a moment is read as one of its kind. */
static bool as_moment(Value v, Value like, Value *out) {
  if (is_moment(v)) {
    *out = v;
    return !is_moment(like) || (v.type == TYPE_TIME) == (like.type == TYPE_TIME);
  }
  if (v.type != TYPE_STRING) return false;
  return like.type == TYPE_TIME ? time_parse(value_get_str(v), out) : timestamp_parse(value_get_str(v), out);
}

/* BINARY against a text: the text is its hex form, in any case of letters. */
static bool equals_hex(Value binary, Value text) {
  static const char hex[] = "0123456789abcdef";
  if (text.len != (uint64_t)binary.len * 2) return false;
  for (uint32_t i = 0; i < binary.len; i++) {
    unsigned char byte = (unsigned char)binary.as.s[i];
    char high = text.as.s[2 * i], low = text.as.s[2 * i + 1];
    if ((high >= 'A' && high <= 'F' ? high + 32 : high) != hex[byte >> 4]) return false;
    if ((low >= 'A' && low <= 'F' ? low + 32 : low) != hex[byte & 15]) return false;
  }
  return true;
}

static bool equal_elements(Value a, Value b) {
  if (value_is_null(a) || value_is_null(b)) return value_is_null(a) && value_is_null(b);
  return value_equal(a, b) == 1;
}

/* A scalar beside an array counts as an array of one. */
static bool equal_arrays(Value a, Value b) {
  Array one_a = {1, &a}, one_b = {1, &b};
  const Array *left = a.type == TYPE_ARRAY ? a.as.array : &one_a, *right = b.type == TYPE_ARRAY ? b.as.array : &one_b;
  if (left->count != right->count) return false;
  for (size_t i = 0; i < left->count; i++)
    if (!equal_elements(left->items[i], right->items[i])) return false;
  return true;
}

static bool equal_objects(const Object *a, const Object *b) {
  if (a->count != b->count) return false;
  for (size_t i = 0; i < a->count; i++) {
    size_t j = 0;
    while (j < b->count && !str_eq(a->names[i], b->names[j])) j++;
    if (j == b->count || !equal_elements(a->values[i], b->values[j])) return false;
  }
  return true;
}

static bool is_nan(Value number) { return number.type == TYPE_DOUBLE && isnan(number.as.d); }

/* -1, 0, 1, or VALUE_UNORDERED beside NaN. */
static int numbers_order(Value a, Value b) {
  if (is_nan(a) || is_nan(b)) return VALUE_UNORDERED;
  int order = number_compare(a, b);
  return (order > 0) - (order < 0);
}

int value_equal(Value a, Value b) {
  if (value_is_null(a) || value_is_null(b)) return -1;
  if (a.type == TYPE_STRING && b.type == TYPE_STRING) return str_eq(value_get_str(a), value_get_str(b));
  if (a.type == TYPE_ARRAY || b.type == TYPE_ARRAY) return equal_arrays(a, b);
  if (value_is_number(a) || value_is_number(b)) {
    Value left, right;
    return value_to_number(a, &left) && value_to_number(b, &right) && numbers_order(left, right) == 0;
  }
  if (a.type == TYPE_BOOL || b.type == TYPE_BOOL) return as_bool(a) != NO_BOOL && as_bool(a) == as_bool(b);
  if (is_moment(a) || is_moment(b)) {
    Value left, right;
    return as_moment(a, b, &left) && as_moment(b, a, &right) && compare_moments(left, right) == 0;
  }
  if (a.type == TYPE_OBJECT && b.type == TYPE_OBJECT) return equal_objects(a.as.object, b.as.object);
  if (a.type == TYPE_BINARY && b.type == TYPE_BINARY) return str_eq(value_get_str(a), value_get_str(b));
  if (a.type == TYPE_BINARY && b.type == TYPE_STRING) return equals_hex(a, b);
  if (a.type == TYPE_STRING && b.type == TYPE_BINARY) return equals_hex(b, a);
  return 0;
}

int value_in(Value value, Value list) {
  if (value_is_null(value) || value_is_null(list)) return -1;
  if (list.type != TYPE_ARRAY) return value_equal(value, list);
  for (size_t i = 0; i < list.as.array->count; i++) {
    if (value_equal(value, list.as.array->items[i]) == 1) return 1;
  }
  return 0;
}

bool value_less_order(Value a, Value b, int *order) {
  Value left, right;
  if (value_is_null(a) || value_is_null(b)) return false;
  if (a.type == TYPE_STRING && b.type == TYPE_STRING) {
    if (number_parse(value_get_str(a), &left) && number_parse(value_get_str(b), &right)) {
      *order = numbers_order(left, right);
    } else {
      int bytes = str_compare(value_get_str(a), value_get_str(b));
      *order = (bytes > 0) - (bytes < 0);
    }
    return true;
  }
  if (value_is_number(a) || value_is_number(b)) {
    if (!value_to_number(a, &left) || !value_to_number(b, &right)) return false;
    *order = numbers_order(left, right);
    return true;
  }
  if (is_moment(a) || is_moment(b)) {
    if (!as_moment(a, b, &left) || !as_moment(b, a, &right)) return false;
    *order = compare_moments(left, right);
    return true;
  }
  if (a.type == TYPE_BOOL || b.type == TYPE_BOOL) {
    if (as_bool(a) == NO_BOOL || as_bool(b) == NO_BOOL) return false;
    *order = as_bool(a) - as_bool(b);
    return true;
  }
  if (a.type != b.type) return false;
  *order = value_total_order(a, b);
  return true;
}

/* --- The total order --- */

typedef enum Class { CLASS_BOOL, CLASS_NUMBER, CLASS_TEXT, CLASS_MOMENT, CLASS_BINARY, CLASS_ARRAY, CLASS_OBJECT, CLASS_NULL } Class;

static Class class_of(Value v) {
  switch ((Type)v.type) {
    case TYPE_BOOL: return CLASS_BOOL;
    case TYPE_INT: case TYPE_DOUBLE: case TYPE_DECIMAL: return CLASS_NUMBER;
    case TYPE_STRING: return CLASS_TEXT;
    case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP: return CLASS_MOMENT;
    case TYPE_BINARY: return CLASS_BINARY;
    case TYPE_ARRAY: return CLASS_ARRAY;
    case TYPE_OBJECT: return CLASS_OBJECT;
    case TYPE_NULL: case TYPE_COUNT: break;
  }
  return CLASS_NULL;
}

static int order_arrays(const Array *a, const Array *b) {
  for (size_t i = 0; i < a->count && i < b->count; i++) {
    int order = value_total_order(a->items[i], b->items[i]);
    if (order) return order;
  }
  return a->count < b->count ? -1 : a->count > b->count;
}

/* Index of the smallest name behind the given one (of any when last is NULL); count when there is none. */
static size_t next_name(const Object *object, const Str *last) {
  size_t best = object->count;
  for (size_t i = 0; i < object->count; i++) {
    if (last && str_compare(object->names[i], *last) <= 0) continue;
    if (best == object->count || str_compare(object->names[i], object->names[best]) < 0) best = i;
  }
  return best;
}

/* As sorted lists of names and values, so that the order of names does not matter. */
static int order_objects(const Object *a, const Object *b) {
  const Str *last_a = NULL, *last_b = NULL;
  for (;;) {
    size_t i = next_name(a, last_a), j = next_name(b, last_b);
    if (i == a->count || j == b->count) return (j == b->count) - (i == a->count);
    int order = str_compare(a->names[i], b->names[j]);
    if (!order) order = value_total_order(a->values[i], b->values[j]);
    if (order) return order;
    last_a = &a->names[i];
    last_b = &b->names[j];
  }
}

int value_total_order(Value a, Value b) {
  Class left = class_of(a), right = class_of(b);
  if (left != right) return left < right ? -1 : 1;
  switch (left) {
    case CLASS_BOOL: return a.as.b - b.as.b;
    case CLASS_NUMBER: return number_compare(a, b);
    case CLASS_TEXT: case CLASS_BINARY: return str_compare(value_get_str(a), value_get_str(b));
    case CLASS_MOMENT: return compare_moments(a, b);
    case CLASS_ARRAY: return order_arrays(a.as.array, b.as.array);
    case CLASS_OBJECT: return order_objects(a.as.object, b.as.object);
    case CLASS_NULL: break;
  }
  return 0;
}
