/* sort_key.c - values as bytes that compare by memcmp.
 *
 * Numbers of all types share one form: the greatest double that is not above the number, as ordered bits, then 0 if that
 * is all, else 1 and the number itself with 38 digits on both sides of the point. So integers beyond 2^53 and decimals
 * fall between doubles exactly. Texts end in a zero byte; the bytes 0 and 1 inside are written as 1 1 and 1 2.
 */
#include "engine/sort_key.h"

#include <math.h>

#include "value/datetime_text.h"
#include "value/decimal.h"

/* Class bytes keep their order when all bits of a descending key are turned over: NULL is 0 or 255 in both. */
enum { KEY_NULL_FIRST = 0x00, KEY_BOOL = 0x10, KEY_NUMBER, KEY_TEXT, KEY_MOMENT, KEY_BINARY, KEY_ARRAY, KEY_OBJECT, KEY_NULL_INSIDE, KEY_NULL_LAST = 0xFF };
enum { EXACT = 0, BETWEEN = 1, BETWEEN_BYTES = 32, NUMBER_BYTES = 10, MOMENT_BYTES = 14 };

static char *put_u64(char *out, uint64_t bits) {
  bits = __builtin_bswap64(bits);
  memcpy(out, &bits, sizeof bits);
  return out + sizeof bits;
}

static char *put_u128(char *out, unsigned __int128 bits) { return put_u64(put_u64(out, (uint64_t)(bits >> 64)), (uint64_t)bits); }

static uint64_t ordered_bits(double d) {
  uint64_t bits;
  if (isnan(d)) return UINT64_MAX;
  if (d == 0) d = 0; /* no sign */
  memcpy(&bits, &d, sizeof bits);
  return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static char *put_double(char *out, double d) {
  *out = KEY_NUMBER;
  out = put_u64(out + 1, ordered_bits(d));
  *out = EXACT;
  return out + 1;
}

/* A decimal that no double equals: whole part rounded down, and the rest in units of 10^-38. */
static char *put_between(char *out, double below, Decimal d) {
  __int128 unit = 1;
  for (int i = 0; i < d.scale; i++) unit *= 10;
  __int128 whole = d.unscaled / unit, rest = d.unscaled % unit;
  if (rest < 0) {
    rest += unit;
    whole--;
  }
  for (int i = d.scale; i < 38; i++) rest *= 10;
  *out = KEY_NUMBER;
  out = put_u64(out + 1, ordered_bits(below));
  *out = BETWEEN;
  out = put_u128(out + 1, (unsigned __int128)whole ^ (unsigned __int128)1 << 127);
  return put_u128(out, (unsigned __int128)rest);
}

static char *put_decimal(char *out, Value value) {
  Decimal d = *value.as.decimal;
  double near = decimal_to_double(d);
  while (number_compare(value_double(near), value) > 0) near = nextafter(near, -INFINITY);
  if (number_compare(value_double(near), value) == 0) return put_double(out, near);
  return put_between(out, near, d);
}

static char *put_int(char *out, int64_t i) {
  enum { DOUBLE_DIGITS = 53 };
  if (i >= -(INT64_C(1) << DOUBLE_DIGITS) && i <= INT64_C(1) << DOUBLE_DIGITS) return put_double(out, (double)i);
  Decimal d = {i, 0};
  return put_decimal(out, (Value){.type = TYPE_DECIMAL, .as.decimal = &d});
}

/* True if one of 8 bytes is 0 or 1 ("Bit Twiddling Hacks", S. E. Anderson: haszero, hasless). */
static bool has_low(uint64_t bytes) {
  const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
  return ((bytes - ones * 2) & ~bytes & high) != 0;
}

/* Writes at most 2 * len + 2 bytes. */
static char *put_bytes(char *out, char class, const char *data, size_t len) {
  size_t i = 0;
  *out++ = class;
  for (; i + 8 <= len; i += 8) {
    uint64_t bytes;
    memcpy(&bytes, data + i, 8);
    if (has_low(bytes)) break;
    memcpy(out, &bytes, 8);
    out += 8;
  }
  for (; i < len; i++) {
    unsigned char byte = (unsigned char)data[i];
    if (byte > 1) {
      *out++ = (char)byte;
      continue;
    }
    *out++ = 1;
    *out++ = (char)(byte + 1);
  }
  *out++ = 0;
  return out;
}

static char *put_moment(char *out, Value v) {
  int64_t seconds = v.type == TYPE_DATE ? v.as.i * SECONDS_PER_DAY : v.as.i;
  uint32_t nanoseconds = __builtin_bswap32(v.type == TYPE_TIMESTAMP ? v.len : 0);
  *out++ = KEY_MOMENT;
  *out++ = v.type == TYPE_TIME;
  out = put_u64(out, (uint64_t)seconds ^ UINT64_C(1) << 63);
  memcpy(out, &nanoseconds, sizeof nanoseconds);
  return out + sizeof nanoseconds;
}

static void put_any(Buf *out, Value value);

static void put_array(Buf *out, const Array *array) {
  buf_char(out, KEY_ARRAY);
  for (size_t i = 0; i < array->count; i++) {
    buf_char(out, 1);
    put_any(out, array->items[i]);
  }
  buf_char(out, 0);
}

static void put_str(Buf *out, char class, Str text) {
  buf_reserve(out, text.len * 2 + 2);
  out->len = (size_t)(put_bytes(out->data + out->len, class, text.data, text.len) - out->data);
}

/* Names in order, each once, as value_total_order has them. */
static void put_object(Buf *out, const Object *object) {
  buf_char(out, KEY_OBJECT);
  for (const Str *last = NULL;;) {
    size_t best = object->count;
    for (size_t i = 0; i < object->count; i++) {
      if (last && str_compare(object->names[i], *last) <= 0) continue;
      if (best == object->count || str_compare(object->names[i], object->names[best]) < 0) best = i;
    }
    if (best == object->count) break;
    buf_char(out, 1);
    put_str(out, KEY_TEXT, object->names[best]);
    put_any(out, object->values[best]);
    last = &object->names[best];
  }
  buf_char(out, 0);
}

static void put_any(Buf *out, Value value) {
  buf_reserve(out, NUMBER_BYTES + BETWEEN_BYTES);
  char *at = out->data + out->len;
  switch ((Type)value.type) {
    case TYPE_BOOL:
      *at++ = KEY_BOOL;
      *at++ = value.as.b;
      break;
    case TYPE_INT: at = put_int(at, value.as.i); break;
    case TYPE_DOUBLE: at = put_double(at, value.as.d); break;
    case TYPE_DECIMAL: at = put_decimal(at, value); break;
    case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP: at = put_moment(at, value); break;
    case TYPE_STRING: put_str(out, KEY_TEXT, value_get_str(value)); return;
    case TYPE_BINARY: put_str(out, KEY_BINARY, value_get_str(value)); return;
    case TYPE_ARRAY: put_array(out, value.as.array); return;
    case TYPE_OBJECT: put_object(out, value.as.object); return;
    case TYPE_NULL: case TYPE_COUNT: *at++ = KEY_NULL_INSIDE; break;
  }
  out->len = (size_t)(at - out->data);
}

static void turn_over(Buf *out, size_t from) {
  for (size_t i = from; i < out->len; i++) out->data[i] = (char)~out->data[i];
}

static void put_null(Buf *out, bool nulls_first) { buf_char(out, (char)(nulls_first ? KEY_NULL_FIRST : KEY_NULL_LAST)); }

void sort_key_put(Buf *out, Value value, bool descending, bool nulls_first) {
  size_t from = out->len;
  if (value_is_null(value)) {
    put_null(out, nulls_first);
    return;
  }
  put_any(out, value);
  if (descending) turn_over(out, from);
}

void sort_key_put_vector(Buf *out, const Vector *vector, uint32_t i, bool descending, bool nulls_first) {
  size_t from = out->len;
  if (vector->constant) i = 0;
  if (vector->kind == VEC_NULL || vector->kind == VEC_ANY || vector->kind == VEC_BOOL) {
    sort_key_put(out, vector_value(vector, i), descending, nulls_first);
    return;
  }
  if (vector->nulls && vector->nulls[i]) {
    put_null(out, nulls_first);
    return;
  }
  if (vector->kind == VEC_STR) {
    put_str(out, KEY_TEXT, vector->as.strs[i]);
  } else {
    buf_reserve(out, NUMBER_BYTES + BETWEEN_BYTES);
    char *at = out->data + out->len;
    at = vector->kind == VEC_INT ? put_int(at, vector->as.ints[i]) : put_double(at, vector->as.doubles[i]);
    out->len = (size_t)(at - out->data);
  }
  if (descending) turn_over(out, from);
}

static size_t items_length(const char *key, bool named) {
  size_t at = 1;
  while (key[at]) {
    at++;
    if (named) at += sort_key_length(key + at);
    at += sort_key_length(key + at);
  }
  return at + 1;
}

size_t sort_key_length(const char *key) {
  switch ((unsigned char)*key) {
    case KEY_BOOL: return 2;
    case KEY_NUMBER: return key[NUMBER_BYTES - 1] == EXACT ? NUMBER_BYTES : NUMBER_BYTES + BETWEEN_BYTES;
    case KEY_TEXT:
    case KEY_BINARY: return strlen(key) + 1;
    case KEY_MOMENT: return MOMENT_BYTES;
    case KEY_ARRAY: return items_length(key, false);
    case KEY_OBJECT: return items_length(key, true);
    default: return 1;
  }
}

int sort_key_compare(Str a, Str b) {
  size_t len = a.len < b.len ? a.len : b.len;
  int order = len ? memcmp(a.data, b.data, len) : 0;
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

uint64_t sort_key_prefix(Str key, size_t depth) {
  uint64_t bits = 0;
  if (key.len >= depth + sizeof bits) memcpy(&bits, key.data + depth, sizeof bits);
  else if (key.len > depth) memcpy(&bits, key.data + depth, key.len - depth);
  return __builtin_bswap64(bits);
}
