/* hash.c - HASHCODE with the values of TDL 5.5, placement of keys, and the hash of hash tables.
 *
 * What the total order calls equal gets the same partition and the same 64-bit hash, whatever the types are. HASHCODE
 * itself tells a whole double from an integer, as 5.5 does.
 */
#include <math.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/utf8.h"
#include "value/datetime_text.h"
#include "value/decimal.h"

static int32_t fold(uint64_t bits) { return (int32_t)(uint32_t)(bits ^ bits >> 32); }

static int32_t hash_int(int64_t i) { return i >= INT32_MIN && i <= INT32_MAX ? (int32_t)i : fold((uint64_t)i); }

static int32_t hash_double(double d) {
  uint64_t bits = 0x7FF8000000000000; /* every NaN */
  if (!isnan(d)) memcpy(&bits, &d, sizeof bits);
  return fold(bits);
}

/* java.lang.String.hashCode over the UTF-16 units of UTF-8 text. */
static uint32_t hash_text(Str text) {
  uint32_t hash = 0;
  const unsigned char *p = (const unsigned char *)text.data, *end = p + text.len;
  while (p < end) {
    if (*p < 0x80) {
      hash = 31 * hash + *p++;
      continue;
    }
    uint32_t code;
    p += utf8_decode((const char *)p, (const char *)end, &code);
    if (code >= 0x10000) {
      hash = 31 * hash + (0xD7C0 + (code >> 10));
      code = 0xDC00 + (code & 0x3FF);
    }
    hash = 31 * hash + code;
  }
  return hash;
}

static uint32_t hash_bytes(Str bytes) {
  uint32_t hash = 1;
  for (size_t i = 0; i < bytes.len; i++) {
    int byte = (signed char)bytes.data[i];
    hash = 31 * hash + (uint32_t)byte;
  }
  return hash;
}

/* A decimal as the integer or the double that it equals, if there is one. */
static bool decimal_as_other(Decimal d, Value *out) {
  int64_t whole;
  if (decimal_is_whole(d) && decimal_to_int(d, &whole)) {
    *out = value_int(whole);
    return true;
  }
  *out = value_double(decimal_to_double(d));
  return number_compare(*out, (Value){.type = TYPE_DECIMAL, .as.decimal = &d}) == 0;
}

static int32_t hash_decimal(Decimal d) {
  Value other;
  if (decimal_as_other(d, &other)) return value_hashcode(other);
  char text[48];
  size_t len = decimal_print(decimal_normal(d), text);
  return (int32_t)hash_text((Str){text, len});
}

static uint32_t hash_array(const Array *array, int32_t (*hash_item)(Value)) {
  uint32_t hash = 1;
  for (size_t i = 0; i < array->count; i++) hash = 31 * hash + (uint32_t)hash_item(array->items[i]);
  return hash;
}

static uint32_t hash_object(const Object *object, int32_t (*hash_item)(Value)) {
  uint32_t hash = 0;
  for (size_t i = 0; i < object->count; i++) hash += hash_text(object->names[i]) ^ (uint32_t)hash_item(object->values[i]);
  return hash;
}

/* A date counts as its midnight: the two are equal in the total order. */
static int32_t hash_moment(Value v) {
  int64_t seconds = v.type == TYPE_DATE ? v.as.i * SECONDS_PER_DAY : v.as.i;
  uint32_t nanoseconds = v.type == TYPE_TIMESTAMP ? v.len : 0;
  return (int32_t)(31 * (uint32_t)fold((uint64_t)seconds) + nanoseconds);
}

int32_t value_hashcode(Value v) {
  switch ((Type)v.type) {
    case TYPE_BOOL: return v.as.b ? 1231 : 1237;
    case TYPE_INT: return hash_int(v.as.i);
    case TYPE_DOUBLE: return hash_double(v.as.d);
    case TYPE_DECIMAL: return hash_decimal(*v.as.decimal);
    case TYPE_STRING: return (int32_t)hash_text(value_get_str(v));
    case TYPE_BINARY: return (int32_t)hash_bytes(value_get_str(v));
    case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP: return hash_moment(v);
    case TYPE_ARRAY: return (int32_t)hash_array(v.as.array, value_hashcode);
    case TYPE_OBJECT: return (int32_t)hash_object(v.as.object, value_hashcode);
    case TYPE_NULL: case TYPE_COUNT: break;
  }
  return 0;
}

static uint32_t modulo(int64_t k, uint32_t count) {
  int64_t rest = k % (int64_t)count;
  return (uint32_t)(rest < 0 ? rest + (int64_t)count : rest);
}

static uint32_t modulo_double(double d, uint32_t count) { /* d is whole */
  double rest = fmod(d, count);
  return (uint32_t)(rest < 0 ? rest + count : rest);
}

/* HASHCODE, but a whole double counts as the integer, inside of arrays and objects too. */
static int32_t placement_hash(Value v) {
  if (v.type == TYPE_DOUBLE && v.as.d >= -0x1p63 && v.as.d < 0x1p63 && trunc(v.as.d) == v.as.d) return hash_int((int64_t)v.as.d);
  if (v.type == TYPE_ARRAY) return (int32_t)hash_array(v.as.array, placement_hash);
  if (v.type == TYPE_OBJECT) return (int32_t)hash_object(v.as.object, placement_hash);
  return value_hashcode(v);
}

uint32_t value_partition(Value key, uint32_t count) {
  if (key.type == TYPE_DECIMAL) {
    Value other;
    Decimal d = decimal_normal(*key.as.decimal);
    if (decimal_as_other(d, &other)) key = other;
    else if (d.scale == 0) {
      int64_t rest = (int64_t)(d.unscaled % (__int128)count);
      return modulo(rest, count);
    }
  }
  if (key.type == TYPE_INT) return modulo(key.as.i, count);
  if (key.type == TYPE_DOUBLE && isfinite(key.as.d) && trunc(key.as.d) == key.as.d) return modulo_double(key.as.d, count);
  return modulo(placement_hash(key), count);
}

/* --- 64 bits --- */

/* XXH3 mixes the seed into short inputs by adding and xor alone, so that small seeds would meet small values. */
static uint64_t hash64_raw(const void *data, size_t len, uint64_t class) {
  return XXH3_64bits_withSeed(data, len, class * 0x9E3779B97F4A7C15);
}

static uint64_t hash64_number(Value v) {
  if (v.type == TYPE_DECIMAL) {
    Decimal d = decimal_normal(*v.as.decimal);
    if (!decimal_as_other(d, &v)) return hash64_raw(&d.unscaled, sizeof d.unscaled, (uint64_t)d.scale + 1000);
  }
  if (v.type == TYPE_DOUBLE) {
    double d = v.as.d;
    if (!(d >= -0x1p63 && d < 0x1p63) || (double)(int64_t)d != d) {
      if (isnan(d)) d = (double)NAN;
      return hash64_raw(&d, sizeof d, TYPE_DOUBLE);
    }
    v = value_int((int64_t)d);
  }
  return hash64_raw(&v.as.i, sizeof v.as.i, TYPE_INT);
}

static uint64_t hash64_moment(Value v) {
  uint64_t parts[2] = {(uint64_t)(v.type == TYPE_DATE ? v.as.i * SECONDS_PER_DAY : v.as.i), v.type == TYPE_TIMESTAMP ? v.len : 0};
  return hash64_raw(parts, sizeof parts, v.type == TYPE_TIME ? TYPE_TIME : TYPE_DATE);
}

uint64_t value_hash64(Value v) {
  switch ((Type)v.type) {
    case TYPE_BOOL: return hash64_raw(&v.as.b, 1, TYPE_BOOL);
    case TYPE_INT: case TYPE_DOUBLE: case TYPE_DECIMAL: return hash64_number(v);
    case TYPE_STRING: return XXH3_64bits(v.as.s, v.len);
    case TYPE_BINARY: return hash64_raw(v.as.s, v.len, TYPE_BINARY);
    case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP: return hash64_moment(v);
    case TYPE_ARRAY: {
      uint64_t hash = TYPE_ARRAY;
      for (size_t i = 0; i < v.as.array->count; i++) {
        uint64_t item = value_hash64(v.as.array->items[i]);
        hash = hash64_raw(&item, sizeof item, hash);
      }
      return hash;
    }
    case TYPE_OBJECT: {
      uint64_t hash = TYPE_OBJECT; /* a sum: the order of names does not matter */
      for (size_t i = 0; i < v.as.object->count; i++)
        hash += hash64_raw(v.as.object->names[i].data, v.as.object->names[i].len, value_hash64(v.as.object->values[i]));
      return hash;
    }
    case TYPE_NULL: case TYPE_COUNT: break;
  }
  return 0x9E3779B97F4A7C15;
}
