/* arrow_value.c - single values of Arrow arrays, of any type. */
#include <math.h>

#include "value/arrow_format.h"
#include "value/datetime_text.h"
#include "value/decimal.h"

/* --- Moments --- */

DcCode arrow_fail_moment(const ArrowField *field, int64_t count, DcError *err) {
  ArrowKind kind = field->format.kind;
  char letter = field->format.unit;
  const char *unit = letter == 's' ? "s" : letter == 'm' ? "ms" : letter == 'u' ? "us" : "ns";
  if (kind == ARROW_TIME32 || kind == ARROW_TIME64)
    return dc_fail(err, "%lld %s are no time of a day", (long long)count, unit);
  return dc_fail(err, "%lld %s from 1970-01-01 lie outside of the years 1 to 9999", (long long)count,
                 kind == ARROW_DATE32 ? "days" : unit);
}

static bool time_of(const ArrowField *field, int64_t count, Value *out) {
  int64_t unit = arrow_unit(field->format.unit);
  if (count < 0 || count >= SECONDS_PER_DAY * unit) return false;
  *out = value_time(count * (1000000000 / unit));
  return true;
}

/* --- Numbers --- */

float arrow_half(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  float size;
  if (exponent == 31) size = fraction ? NAN : INFINITY;
  else size = exponent ? ldexpf((float)(fraction + 1024), exponent - 25) : ldexpf((float)fraction, -24);
  return bits >> 15 ? -size : size;
}

DcCode arrow_fail_decimal(DcError *err) {
  return dc_fail(err, "a decimal number has more than %d digits", DECIMAL_DIGITS);
}

static Value read_int(ArrowKind kind, const char *bytes, Arena *arena) {
  union {
    int8_t i8; int16_t i16; int32_t i32; int64_t i64;
    uint8_t u8; uint16_t u16; uint32_t u32; uint64_t u64;
  } number = {.i64 = 0};
  static const uint8_t widths[] = {[ARROW_INT8] = 1, [ARROW_UINT8] = 1, [ARROW_INT16] = 2, [ARROW_UINT16] = 2,
                                   [ARROW_INT32] = 4, [ARROW_UINT32] = 4, [ARROW_INT64] = 8, [ARROW_UINT64] = 8};
  memcpy(&number, bytes, widths[kind]);
  switch (kind) {
    case ARROW_INT8: return value_int(number.i8);
    case ARROW_INT16: return value_int(number.i16);
    case ARROW_INT32: return value_int(number.i32);
    case ARROW_UINT8: return value_int(number.u8);
    case ARROW_UINT16: return value_int(number.u16);
    case ARROW_UINT32: return value_int(number.u32);
    case ARROW_UINT64:
      if (number.u64 > INT64_MAX && arena) return value_decimal(arena, (Decimal){(__int128)number.u64, 0});
      break;
    default: break;
  }
  return value_int(number.i64);
}

/* --- Bytes --- */

static DcCode as_bytes(const ArrowField *field, const char *bytes, int64_t len, Value *out, DcError *err) {
  if (len > UINT32_MAX)
    return dc_fail(err, "a value of %lld bytes is too long: up to 4 GiB are possible", (long long)len);
  *out = value_str(str_make(len ? bytes : "", (size_t)len));
  if (!arrow_is_text(field->format.kind)) out->type = TYPE_BINARY;
  return DC_OK;
}

static DcCode read_bytes(const ArrowField *field, const struct ArrowArray *array, int64_t at, bool wide, Value *out,
                         DcError *err) {
  const void *offsets = array->buffers[1];
  int64_t start = wide ? arrow_i64(offsets, at) : arrow_i32(offsets, at);
  int64_t end = wide ? arrow_i64(offsets, at + 1) : arrow_i32(offsets, at + 1);
  return as_bytes(field, end > start ? (const char *)array->buffers[2] + start : NULL, end - start, out, err);
}

static DcCode read_view(const ArrowField *field, const struct ArrowArray *array, int64_t at, Value *out, DcError *err) {
  const char *view = (const char *)array->buffers[1] + at * 16;
  int32_t len = arrow_i32(view, 0);
  const char *bytes = len <= 12 ? view + 4 : (const char *)array->buffers[2 + arrow_i32(view, 2)] + arrow_i32(view, 3);
  return as_bytes(field, bytes, len, out, err);
}

/* RFC 9562: 8-4-4-4-12 hex digits. */
static Value uuid_text(const char *bytes, Arena *arena) {
  static const char hex[] = "0123456789abcdef";
  char *text = arena_raw(arena, 36), *at = text;
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = hex[(unsigned char)bytes[i] >> 4];
    *at++ = hex[bytes[i] & 15];
  }
  return value_str(str_make(text, 36));
}

static DcCode read_fixed(const ArrowField *field, const char *bytes, Arena *arena, Value *out, DcError *err) {
  if (!field->format.uuid) return as_bytes(field, bytes, field->format.width, out, err);
  *out = uuid_text(bytes, arena);
  return DC_OK;
}

/* --- Nested values --- */

static DcCode read_elements(const ArrowField *field, const struct ArrowArray *array, int64_t from, int64_t count,
                            Arena *arena, Value *out, DcError *err) {
  Value *items = arena_raw(arena, ((size_t)count + 1) * sizeof *items);
  for (int64_t i = 0; i < count; i++)
    DC_TRY(arrow_read(&field->children[0], array->children[0], from + i, arena, &items[i], err));
  Array *made = arena_raw(arena, sizeof *made);
  *made = (Array){(size_t)count, items};
  *out = (Value){.type = TYPE_ARRAY, .as.array = made};
  return DC_OK;
}

static Str name_of(const ArrowField *field) { return str_of(field->type->name ? field->type->name : ""); }

static DcCode read_struct(const ArrowField *field, const struct ArrowArray *array, int64_t at, Arena *arena, Value *out,
                          DcError *err) {
  size_t count = (size_t)field->type->n_children;
  Str *names = arena_raw(arena, (count + 1) * sizeof *names);
  Value *values = arena_raw(arena, (count + 1) * sizeof *values);
  for (size_t i = 0; i < count; i++) {
    names[i] = name_of(&field->children[i]);
    DC_TRY(arrow_read(&field->children[i], array->children[i], at, arena, &values[i], err));
  }
  *out = value_object(arena, names, values, count);
  return DC_OK;
}

/* Text keys make an object; other maps are arrays of objects with a key and a value. */
static DcCode read_map(const ArrowField *field, const struct ArrowArray *array, int64_t at, Arena *arena, Value *out,
                       DcError *err) {
  int64_t from = arrow_i32(array->buffers[1], at), count = arrow_i32(array->buffers[1], at + 1) - from;
  const ArrowField *key = &field->children[0].children[0], *value = key + 1;
  const struct ArrowArray *entries = array->children[0];
  if (!arrow_is_text(arrow_format(arrow_plain(key->type)).kind))
    return read_elements(field, array, from, count, arena, out, err);
  Str *names = arena_raw(arena, ((size_t)count + 1) * sizeof *names);
  Value *values = arena_raw(arena, ((size_t)count + 1) * sizeof *values);
  for (int64_t i = 0; i < count; i++) {
    Value name;
    int64_t row = entries->offset + from + i;
    DC_TRY(arrow_read(key, entries->children[0], row, arena, &name, err));
    if (name.type != TYPE_STRING) return dc_fail(err, "a map has a key that is NULL");
    names[i] = value_get_str(name);
    DC_TRY(arrow_read(value, entries->children[1], row, arena, &values[i], err));
  }
  *out = value_object(arena, names, values, (size_t)count);
  return DC_OK;
}

/* Number of the run that has value number at, by halving. */
static DcCode read_run(const ArrowField *field, const struct ArrowArray *array, int64_t at, Arena *arena, Value *out,
                       DcError *err) {
  int64_t low = 0, high = array->children[0]->length - 1;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    Value end;
    DC_TRY(arrow_read(&field->children[0], array->children[0], middle, NULL, &end, err));
    if (end.as.i <= at) low = middle + 1;
    else high = middle;
  }
  return arrow_read(&field->children[1], array->children[1], low, arena, out, err);
}

static DcCode read_nested(const ArrowField *field, const struct ArrowArray *array, int64_t at, Arena *arena, Value *out,
                          DcError *err) {
  const void *offsets = array->n_buffers > 1 ? array->buffers[1] : NULL;
  int64_t from, width = field->format.width;
  switch (field->format.kind) {
    case ARROW_LIST:
      from = arrow_i32(offsets, at);
      return read_elements(field, array, from, arrow_i32(offsets, at + 1) - from, arena, out, err);
    case ARROW_LARGE_LIST:
      from = arrow_i64(offsets, at);
      return read_elements(field, array, from, arrow_i64(offsets, at + 1) - from, arena, out, err);
    case ARROW_LIST_VIEW:
      return read_elements(field, array, arrow_i32(offsets, at), arrow_i32(array->buffers[2], at), arena, out, err);
    case ARROW_LARGE_LIST_VIEW:
      return read_elements(field, array, arrow_i64(offsets, at), arrow_i64(array->buffers[2], at), arena, out, err);
    case ARROW_FIXED_LIST: return read_elements(field, array, at * width, width, arena, out, err);
    case ARROW_STRUCT: return read_struct(field, array, at, arena, out, err);
    case ARROW_MAP: return read_map(field, array, at, arena, out, err);
    case ARROW_RUN_END: return read_run(field, array, at, arena, out, err);
    default: break;
  }
  *out = value_null();
  return DC_OK;
}

/* --- Any value --- */

bool arrow_valid(const struct ArrowArray *array, int64_t row) {
  if (array->n_buffers == 0 || array->null_count == 0 || !array->buffers[0]) return true;
  int64_t at = array->offset + row;
  return ((const uint8_t *)array->buffers[0])[at >> 3] >> (at & 7) & 1;
}

static DcCode read_moment(const ArrowField *field, const char *bytes, Value *out, DcError *err) {
  int64_t count = field->format.width == 4 ? arrow_i32(bytes, 0) : arrow_i64(bytes, 0);
  bool good;
  switch (field->format.kind) {
    case ARROW_DATE32: case ARROW_DATE64: good = arrow_date(count, field->format.kind == ARROW_DATE64, out); break;
    case ARROW_TIMESTAMP:
      good = arrow_timestamp(count, arrow_unit(field->format.unit), *field->format.zone, field->offset_minutes, out);
      break;
    default: good = time_of(field, count, out); break;
  }
  return good ? DC_OK : arrow_fail_moment(field, count, err);
}

static DcCode read_plain(const ArrowField *field, const struct ArrowArray *array, int64_t at, Arena *arena, Value *out,
                         DcError *err) {
  ArrowKind kind = field->format.kind;
  bool has_width = array->n_buffers > 1 && kind < ARROW_LIST;
  const char *bytes = has_width ? (const char *)array->buffers[1] + at * field->format.width : NULL;
  if (arrow_is_int(kind)) {
    *out = read_int(kind, bytes, arena);
    return DC_OK;
  }
  switch (kind) {
    case ARROW_BOOL: *out = value_bool(((const uint8_t *)array->buffers[1])[at >> 3] >> (at & 7) & 1); break;
    case ARROW_FLOAT16: {
      uint16_t half;
      memcpy(&half, bytes, sizeof half);
      *out = value_single(arrow_half(half));
      break;
    }
    case ARROW_FLOAT32: {
      float single;
      memcpy(&single, bytes, sizeof single);
      *out = value_single(single);
      break;
    }
    case ARROW_FLOAT64:
      *out = value_double(0);
      memcpy(&out->as.d, bytes, sizeof out->as.d);
      break;
    case ARROW_DURATION: *out = value_int(arrow_i64(bytes, 0)); break;
    case ARROW_DECIMAL: {
      Decimal decimal;
      if (!arrow_decimal(field->format, bytes, &decimal)) return arrow_fail_decimal(err);
      *out = value_decimal(arena, decimal);
      break;
    }
    case ARROW_STRING: case ARROW_BINARY: return read_bytes(field, array, at, false, out, err);
    case ARROW_LARGE_STRING: case ARROW_LARGE_BINARY: return read_bytes(field, array, at, true, out, err);
    case ARROW_STRING_VIEW: case ARROW_BINARY_VIEW: return read_view(field, array, at, out, err);
    case ARROW_FIXED_BINARY: return read_fixed(field, bytes, arena, out, err);
    case ARROW_DATE32: case ARROW_DATE64: case ARROW_TIME32: case ARROW_TIME64: case ARROW_TIMESTAMP:
      return read_moment(field, bytes, out, err);
    default: return read_nested(field, array, at, arena, out, err);
  }
  return DC_OK;
}

DcCode arrow_read(const ArrowField *field, const struct ArrowArray *array, int64_t row, Arena *arena, Value *out,
                  DcError *err) {
  *out = value_null();
  if (!arrow_valid(array, row)) return DC_OK;
  DC_TRY(read_plain(field, array, array->offset + row, arena, out, err));
  if (!field->dictionary) return DC_OK;
  return arrow_read(field->dictionary, array->dictionary, out->as.i, arena, out, err);
}

DcCode arrow_value(const struct ArrowSchema *type, const struct ArrowArray *array, int64_t row, Arena *arena,
                   Value *out, DcError *err) {
  ArrowField field;
  Arena scratch = {0};
  Value value;
  DcCode code = arrow_field(&scratch, type, &field, err);
  if (code == DC_OK) code = arrow_check(&field, array, row, 1, err);
  if (code == DC_OK) code = arrow_read(&field, array, row, &scratch, &value, err);
  if (code == DC_OK) *out = value_copy(arena, value);
  arena_free(&scratch);
  return code;
}
