/* arrow_convert.c - our values as values of Arrow's types: exactly, or an error that names the value and the type. */
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "value/arrow_format.h"
#include "value/datetime_text.h"
#include "value/decimal.h"
#include "value/json.h"

typedef __int128 Wide;

/* --- Messages --- */

enum { SHOWN = 80 }; /* bytes of a value */

static DcCode fail_fit(Value in, const struct ArrowSchema *type, DcError *err) {
  Buf value = {0}, name = {0};
  bool quoted = in.type == TYPE_STRING;
  value_print(&value, in);
  arrow_type_print(&name, type);
  size_t len = value.len;
  if (len > SHOWN) for (len = SHOWN; len && ((unsigned char)value.data[len] & 0xC0) == 0x80;) len--;
  const char *quote = quoted ? "'" : "";
  const char *dots = len < value.len ? "…" : "", *text = value.data ? value.data : "";
  dc_fail(err, "%s%.*s%s%s does not fit into %.*s", quote, (int)len, text, dots, quote, (int)name.len, name.data);
  buf_free(&value);
  buf_free(&name);
  return err->code;
}

/* Says where in a nested value the error lies. */
static DcCode add_place(DcError *err, const char *place) {
  char message[sizeof err->message];
  memcpy(message, err->message, sizeof message);
  int len = snprintf(err->message, sizeof err->message, "%s: ", place);
  if (len > 0 && (size_t)len < sizeof message) {
    message[sizeof message - (size_t)len - 1] = 0;
    strcpy(err->message + len, message);
  }
  return err->code;
}

/* --- Numbers --- */

/* Numbers as they are; texts as DECIMAL rather than DOUBLE where they have no exact double. */
static bool exact_number(Value in, Arena *arena, Value *out) {
  Decimal decimal;
  if (in.type == TYPE_BOOL) {
    *out = value_int(in.as.b);
    return true;
  }
  if (!value_to_number(in, out)) return false;
  if (in.type == TYPE_STRING && out->type == TYPE_DOUBLE && decimal_parse(value_get_str(in), &decimal))
    *out = value_decimal(arena, decimal);
  return true;
}

static bool whole_number(Value number, Wide *out) {
  if (number.type == TYPE_INT) {
    *out = number.as.i;
    return true;
  }
  if (number.type == TYPE_DECIMAL) {
    Decimal decimal = decimal_normal(*number.as.decimal);
    *out = decimal.unscaled;
    return decimal.scale == 0;
  }
  double d = number.as.d;
  if (!(d >= -0x1p64 && d <= 0x1p64) || trunc(d) != d) return false;
  *out = (Wide)d;
  return true;
}

static DcCode to_int(Value in, const struct ArrowSchema *type, ArrowKind kind, Arena *arena, Value *out, DcError *err) {
  static const struct {
    int bits;
    bool sign;
  } shapes[] = {[ARROW_INT8] = {8, true}, [ARROW_INT16] = {16, true}, [ARROW_INT32] = {32, true},
                [ARROW_INT64] = {64, true}, [ARROW_UINT8] = {8, false}, [ARROW_UINT16] = {16, false},
                [ARROW_UINT32] = {32, false}, [ARROW_UINT64] = {64, false}};
  int bits = kind == ARROW_DURATION ? 64 : shapes[kind].bits;
  bool sign = kind == ARROW_DURATION || shapes[kind].sign;
  Wide most = ((Wide)1 << (bits - sign)) - 1, least = sign ? -most - 1 : 0, whole;
  Value number;
  if (!exact_number(in, arena, &number) || !whole_number(number, &whole) || whole < least || whole > most)
    return fail_fit(in, type, err);
  *out = whole <= INT64_MAX ? value_int((int64_t)whole) : value_decimal(arena, (Decimal){whole, 0});
  return DC_OK;
}

/* Rounded to the nearest number of the type; only what would become infinite does not fit. */
static DcCode to_float(Value in, const struct ArrowSchema *type, ArrowKind kind, Value *out, DcError *err) {
  double d;
  if (in.type == TYPE_BOOL) d = in.as.b;
  else if (!value_to_double(in, &d)) return fail_fit(in, type, err);
  if (kind == ARROW_FLOAT64) *out = value_double(d);
  else *out = value_single(kind == ARROW_FLOAT32 ? (float)d : arrow_half(arrow_to_half(d)));
  return isinf(out->as.d) && !isinf(d) ? fail_fit(in, type, err) : DC_OK;
}

/* Another scale without loss, where 38 digits do; false: not so, or it has to be looked at closer. */
static bool quick_decimal(Decimal *decimal, ArrowFormat format) {
  Wide scaled;
  if (format.precision > DECIMAL_DIGITS || format.scale > DECIMAL_DIGITS || format.scale < decimal->scale) return false;
  if (__builtin_mul_overflow(decimal->unscaled, (Wide)decimal_power(format.scale - decimal->scale), &scaled)) return false;
  Wide limit = (Wide)decimal_power(format.precision);
  if (scaled >= limit || scaled <= -limit) return false;
  *decimal = (Decimal){scaled, format.scale};
  return true;
}

static DcCode to_decimal(Value in, const struct ArrowSchema *type, ArrowFormat format, Arena *arena, Value *out,
                         DcError *err) {
  Decimal decimal;
  uint64_t limbs[4];
  bool good;
  if (in.type == TYPE_DOUBLE && (in.flags & VALUE_SINGLE)) {
    char text[32];
    size_t len = single_print(in.as.d, text);
    good = decimal_parse(str_make(text, len), &decimal);
  } else {
    good = decimal_of_value(in, &decimal);
  }
  if (good && !quick_decimal(&decimal, format))
    good = arrow_decimal_limbs(decimal, format.precision, format.scale, limbs) &&
           arrow_limbs_decimal(limbs, format.scale, &decimal);
  if (!good) return fail_fit(in, type, err);
  *out = value_decimal(arena, decimal);
  return DC_OK;
}

static DcCode to_bool(Value in, const struct ArrowSchema *type, Arena *arena, Value *out, DcError *err) {
  Value number;
  Wide whole;
  if (in.type == TYPE_BOOL) *out = in;
  else if (in.type == TYPE_STRING && in.len == 4 && strncasecmp(in.as.s, "true", 4) == 0) *out = value_bool(true);
  else if (in.type == TYPE_STRING && in.len == 5 && strncasecmp(in.as.s, "false", 5) == 0) *out = value_bool(false);
  else if (exact_number(in, arena, &number) && whole_number(number, &whole) && (whole == 0 || whole == 1))
    *out = value_bool(whole == 1);
  else return fail_fit(in, type, err);
  return DC_OK;
}

/* --- Text and bytes --- */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 32 hex digits, hyphens between them as one likes. */
static bool parse_uuid(Str text, char *bytes) {
  int digits = 0;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    int digit = hex_digit(c);
    if (c == '-' && digits % 2 == 0) continue;
    if (digit < 0 || digits == 32) return false;
    bytes[digits / 2] = (char)(digits % 2 ? bytes[digits / 2] | digit : digit << 4);
    digits++;
  }
  return digits == 32;
}

/* Text gives its bytes, as in CAST. */
static DcCode to_bytes(Value in, const struct ArrowSchema *type, ArrowFormat format, Arena *arena, Value *out,
                       DcError *err) {
  if (in.type != TYPE_BINARY && in.type != TYPE_STRING) return fail_fit(in, type, err);
  *out = in;
  out->type = TYPE_BINARY;
  if (format.kind != ARROW_FIXED_BINARY) return DC_OK;
  if (format.uuid && in.type == TYPE_STRING) {
    char *bytes = arena_raw(arena, 16);
    if (!parse_uuid(value_get_str(in), bytes)) return fail_fit(in, type, err);
    *out = value_str(str_make(bytes, 16));
    out->type = TYPE_BINARY;
  }
  return out->len == (uint32_t)format.width ? DC_OK : fail_fit(in, type, err);
}

/* --- Moments --- */

static DcCode to_date(Value in, const struct ArrowSchema *type, Value *out, DcError *err) {
  Value moment = in;
  if (in.type == TYPE_STRING && !timestamp_parse(value_get_str(in), &moment)) return fail_fit(in, type, err);
  if (moment.type == TYPE_TIMESTAMP) {
    if (timestamp_time(moment).as.i != 0) return fail_fit(in, type, err);
    moment = timestamp_date(moment);
  }
  *out = moment;
  return moment.type == TYPE_DATE ? DC_OK : fail_fit(in, type, err);
}

static DcCode to_time(Value in, const struct ArrowSchema *type, ArrowFormat format, Value *out, DcError *err) {
  Value time = in;
  if (in.type == TYPE_STRING && !time_parse(value_get_str(in), &time)) return fail_fit(in, type, err);
  *out = time;
  bool good = time.type == TYPE_TIME && time.as.i % (1000000000 / arrow_unit(format.unit)) == 0;
  return good ? DC_OK : fail_fit(in, type, err);
}

static DcCode to_timestamp(Value in, const struct ArrowSchema *type, ArrowFormat format, Value *out, DcError *err) {
  Value moment = in;
  int64_t unit = arrow_unit(format.unit), count;
  if (in.type == TYPE_STRING && !timestamp_parse(value_get_str(in), &moment)) return fail_fit(in, type, err);
  if (moment.type == TYPE_DATE) moment = value_timestamp(moment.as.i * SECONDS_PER_DAY, 0);
  if (moment.type != TYPE_TIMESTAMP) return fail_fit(in, type, err);
  if (!*format.zone && (moment.flags & VALUE_ZONED)) {
    fail_fit(in, type, err);
    dc_hint(err, "it has a zone, the type has none: write timestamp[us, UTC]");
    return err->code;
  }
  if (*format.zone) moment = value_timestamp_zoned(moment.as.i, moment.len, arrow_zone_minutes(format.zone));
  *out = moment;
  return arrow_count(moment, unit, &count) ? DC_OK : fail_fit(in, type, err);
}

/* --- Nested values --- */

static DcCode to_list(Value in, const struct ArrowSchema *type, ArrowFormat format, Arena *arena, Value *out,
                      DcError *err) {
  if (in.type != TYPE_ARRAY) return fail_fit(in, type, err);
  const Array *from = in.as.array;
  if (format.kind == ARROW_FIXED_LIST && from->count != (size_t)format.width) return fail_fit(in, type, err);
  Value *items = arena_raw(arena, (from->count + 1) * sizeof *items);
  for (size_t i = 0; i < from->count; i++) {
    char place[32];
    if (arrow_convert(from->items[i], type->children[0], arena, &items[i], err) == DC_OK) continue;
    snprintf(place, sizeof place, "element %zu", i + 1);
    return add_place(err, place);
  }
  *out = value_array(arena, items, from->count);
  return DC_OK;
}

static DcCode convert_member(Str name, Value in, const struct ArrowSchema *type, Arena *arena, Value *out,
                             DcError *err) {
  char place[100];
  if (arrow_convert(in, type, arena, out, err) == DC_OK) return DC_OK;
  snprintf(place, sizeof place, "\"%.*s\"", name.len < 80 ? (int)name.len : 80, name.data);
  return add_place(err, place);
}

/* The members that the type has, in its order. Names are most often in that order already. */
static DcCode to_struct(Value in, const struct ArrowSchema *type, Arena *arena, Value *out, DcError *err) {
  if (in.type != TYPE_OBJECT) return fail_fit(in, type, err);
  const Object *from = in.as.object;
  size_t count = (size_t)type->n_children, found = 0;
  Str *names = arena_raw(arena, (count + 1) * sizeof *names);
  Value *values = arena_raw(arena, (count + 1) * sizeof *values);
  for (size_t i = 0; i < count; i++) {
    names[i] = str_of(type->children[i]->name);
    size_t at = found < from->count && str_eq(from->names[found], names[i]) ? found : object_find(from, names[i]);
    values[i] = value_null();
    if (at == from->count) continue;
    found++;
    DC_TRY(convert_member(names[i], from->values[at], type->children[i], arena, &values[i], err));
  }
  *out = value_object(arena, names, values, count);
  for (size_t i = 0; i < from->count && found < from->count; i++) {
    Str name = from->names[i];
    if (object_find(from, name) != i) return dc_fail(err, "\"%.*s\" occurs twice in an object", STR_ARG(name));
    if (object_find(out->as.object, name) == count) {
      fail_fit(in, type, err);
      dc_hint(err, "the type has no part \"%.*s\"", STR_ARG(name));
      return err->code;
    }
  }
  return DC_OK;
}

/* One entry of a map: of an object, or an element {key, value} of an array. */
static DcCode map_entry(Value in, const struct ArrowSchema *type, size_t i, Value *key, Value *value, DcError *err) {
  if (in.type == TYPE_OBJECT) {
    *key = value_str(in.as.object->names[i]);
    *value = in.as.object->values[i];
    return DC_OK;
  }
  Value item = in.as.array->items[i];
  const Object *entry = item.type == TYPE_OBJECT ? item.as.object : NULL;
  size_t key_at = entry ? object_find(entry, str_of("key")) : 0;
  size_t value_at = entry ? object_find(entry, str_of("value")) : 0;
  if (!entry || key_at == entry->count || value_at == entry->count || value_is_null(entry->values[key_at]))
    return fail_fit(in, type, err);
  *key = entry->values[key_at];
  *value = entry->values[value_at];
  return DC_OK;
}

/* An object where keys are texts, else an array of objects: as they are read. */
static DcCode to_map(Value in, const struct ArrowSchema *type, Arena *arena, Value *out, DcError *err) {
  if (in.type != TYPE_OBJECT && in.type != TYPE_ARRAY) return fail_fit(in, type, err);
  size_t count = in.type == TYPE_OBJECT ? in.as.object->count : in.as.array->count;
  const struct ArrowSchema *key_type = type->children[0]->children[0], *value_type = type->children[0]->children[1];
  bool text = arrow_is_text(arrow_format(arrow_plain(key_type)).kind);
  Str *names = arena_raw(arena, (count + 1) * sizeof *names), *pair = arena_raw(arena, 2 * sizeof *pair);
  Value *values = arena_raw(arena, (count + 1) * sizeof *values);
  pair[0] = str_of("key");
  pair[1] = str_of("value");
  for (size_t i = 0; i < count; i++) {
    Value key, *entry = arena_raw(arena, 2 * sizeof *entry);
    DC_TRY(map_entry(in, type, i, &key, &entry[1], err));
    DC_TRY(arrow_convert(key, key_type, arena, &entry[0], err));
    Str name = value_to_str(arena, key);
    DC_TRY(convert_member(name, entry[1], value_type, arena, &entry[1], err));
    names[i] = text ? value_get_str(entry[0]) : name;
    values[i] = text ? entry[1] : value_object(arena, pair, entry, 2);
  }
  *out = text ? value_object(arena, names, values, count) : value_array(arena, values, count);
  return DC_OK;
}

static DcCode to_nested(Value in, const struct ArrowSchema *type, ArrowFormat format, Arena *arena, Value *out,
                        DcError *err) {
  Value value = in;
  if (in.type == TYPE_STRING) { /* JSON */
    Str why;
    if (!json_read(arena, value_get_str(in), &value, &why)) {
      fail_fit(in, type, err);
      dc_hint(err, "a text must be JSON here: %.*s", STR_ARG(why));
      return err->code;
    }
    *out = value;
    if (value_is_null(value)) return DC_OK;
  }
  if (format.kind == ARROW_STRUCT) return to_struct(value, type, arena, out, err);
  if (format.kind == ARROW_MAP) return to_map(value, type, arena, out, err);
  return to_list(value, type, format, arena, out, err);
}

/* --- Any value --- */

DcCode arrow_convert(Value in, const struct ArrowSchema *type, Arena *arena, Value *out, DcError *err) {
  type = arrow_plain(type);
  while (in.type == TYPE_OBJECT && (in.flags & VALUE_WRAPPED)) in = in.as.object->values[0];
  *out = in;
  if (value_is_null(in)) return DC_OK;
  ArrowFormat format = arrow_format(type);
  switch (format.kind) {
    case ARROW_BOOL: return to_bool(in, type, arena, out, err);
    case ARROW_INT8: case ARROW_INT16: case ARROW_INT32: case ARROW_INT64: case ARROW_UINT8:
    case ARROW_UINT16: case ARROW_UINT32: case ARROW_UINT64:
    case ARROW_DURATION: return to_int(in, type, format.kind, arena, out, err);
    case ARROW_FLOAT16: case ARROW_FLOAT32: case ARROW_FLOAT64: return to_float(in, type, format.kind, out, err);
    case ARROW_STRING: case ARROW_LARGE_STRING: case ARROW_STRING_VIEW:
      if (in.type != TYPE_STRING) *out = value_str(value_to_str(arena, in));
      return DC_OK;
    case ARROW_BINARY: case ARROW_LARGE_BINARY: case ARROW_BINARY_VIEW: case ARROW_FIXED_BINARY:
      return to_bytes(in, type, format, arena, out, err);
    case ARROW_DECIMAL: return to_decimal(in, type, format, arena, out, err);
    case ARROW_DATE32: case ARROW_DATE64: return to_date(in, type, out, err);
    case ARROW_TIME32: case ARROW_TIME64: return to_time(in, type, format, out, err);
    case ARROW_TIMESTAMP: return to_timestamp(in, type, format, out, err);
    case ARROW_LIST: case ARROW_LARGE_LIST: case ARROW_LIST_VIEW: case ARROW_LARGE_LIST_VIEW:
    case ARROW_FIXED_LIST: case ARROW_STRUCT: case ARROW_MAP:
      return to_nested(in, type, format, arena, out, err);
    case ARROW_UNKNOWN: case ARROW_NULL: case ARROW_INTERVAL: case ARROW_RUN_END: case ARROW_UNION: break;
  }
  return fail_fit(in, type, err);
}

bool arrow_natural(ColumnKind kind, const struct ArrowSchema *type) {
  ArrowKind wanted = arrow_format(arrow_plain(type)).kind;
  switch (kind) {
    case COLUMN_BOOL: return wanted == ARROW_BOOL;
    case COLUMN_INT: return wanted == ARROW_INT64 || wanted == ARROW_DURATION;
    case COLUMN_DOUBLE: return wanted == ARROW_FLOAT64;
    case COLUMN_STRING: return arrow_is_text(wanted);
    case COLUMN_VALUE: case COLUMN_FLAT: case COLUMN_ABSENT: break;
  }
  return false;
}

static bool ints_between(const int64_t *values, const uint8_t *nulls, uint32_t n, int64_t least, int64_t most) {
  bool out = false;
  for (uint32_t i = 0; i < n; i++) out |= (values[i] < least) | (values[i] > most);
  for (uint32_t i = 0; out && i < n; i++)
    if (!(nulls && nulls[i]) && (values[i] < least || values[i] > most)) return false;
  return true;
}

bool arrow_ints_fit(const int64_t *values, const uint8_t *nulls, uint32_t n, const struct ArrowSchema *type) {
  switch (arrow_format(arrow_plain(type)).kind) {
    case ARROW_INT64: case ARROW_DURATION: return true;
    case ARROW_INT8: return ints_between(values, nulls, n, INT8_MIN, INT8_MAX);
    case ARROW_INT16: return ints_between(values, nulls, n, INT16_MIN, INT16_MAX);
    case ARROW_INT32: return ints_between(values, nulls, n, INT32_MIN, INT32_MAX);
    case ARROW_UINT8: return ints_between(values, nulls, n, 0, UINT8_MAX);
    case ARROW_UINT16: return ints_between(values, nulls, n, 0, UINT16_MAX);
    case ARROW_UINT32: return ints_between(values, nulls, n, 0, UINT32_MAX);
    case ARROW_UINT64: return ints_between(values, nulls, n, 0, INT64_MAX);
    default: return false;
  }
}

/* Values of one type, but for NULLs, that have these flags. */
static bool all_of(const Value *values, uint32_t n, Type type, uint8_t flags) {
  bool good = true;
  for (uint32_t i = 0; i < n; i++)
    good &= (values[i].type == type && (values[i].flags & flags) == flags) || values[i].type == TYPE_NULL;
  return good;
}

/* In a loop of their own for each unit, so that it divides by a constant. */
static inline bool stamps_fit(const Value *values, uint32_t n, int64_t unit, bool zoned, int offset) {
  uint8_t flags = zoned ? VALUE_ZONED : 0;
  int64_t count;
  for (uint32_t i = 0; i < n; i++) {
    const Value *value = &values[i];
    if (value->type == TYPE_NULL) continue;
    if (value->type != TYPE_TIMESTAMP || value->flags != flags || value->offset_minutes != offset) return false;
    if (!arrow_count(*value, unit, &count)) return false;
  }
  return true;
}

static bool all_timestamps(const Value *values, uint32_t n, ArrowFormat format) {
  bool zoned = *format.zone;
  int offset = arrow_zone_minutes(format.zone);
  switch (format.unit) {
    case 's': return stamps_fit(values, n, 1, zoned, offset);
    case 'm': return stamps_fit(values, n, 1000, zoned, offset);
    case 'u': return stamps_fit(values, n, 1000000, zoned, offset);
    default: return stamps_fit(values, n, 1000000000, zoned, offset);
  }
}

static bool all_decimals(const Value *values, uint32_t n, ArrowFormat format) {
  uint64_t limbs[4];
  for (uint32_t i = 0; i < n; i++) {
    if (values[i].type == TYPE_NULL) continue;
    if (values[i].type != TYPE_DECIMAL || values[i].as.decimal->scale != format.scale) return false;
    if (!arrow_decimal_limbs(*values[i].as.decimal, format.precision, format.scale, limbs)) return false;
  }
  return true;
}

bool arrow_values_fit(const Value *values, uint32_t n, const struct ArrowSchema *type) {
  ArrowFormat format = arrow_format(arrow_plain(type));
  switch (format.kind) {
    case ARROW_NULL: return all_of(values, n, TYPE_NULL, 0);
    case ARROW_BOOL: return all_of(values, n, TYPE_BOOL, 0);
    case ARROW_INT64: case ARROW_DURATION: return all_of(values, n, TYPE_INT, 0);
    case ARROW_FLOAT32: return all_of(values, n, TYPE_DOUBLE, VALUE_SINGLE);
    case ARROW_FLOAT64: return all_of(values, n, TYPE_DOUBLE, 0);
    case ARROW_STRING: case ARROW_LARGE_STRING: case ARROW_STRING_VIEW: return all_of(values, n, TYPE_STRING, 0);
    case ARROW_BINARY: case ARROW_LARGE_BINARY: case ARROW_BINARY_VIEW: return all_of(values, n, TYPE_BINARY, 0);
    case ARROW_DATE32: case ARROW_DATE64: return all_of(values, n, TYPE_DATE, 0);
    case ARROW_TIMESTAMP: return all_timestamps(values, n, format);
    case ARROW_DECIMAL: return all_decimals(values, n, format);
    default: return false;
  }
}
