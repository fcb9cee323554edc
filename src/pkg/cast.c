/* cast.c - prefix operators that convert, HASHCODE and RANDOM; the conversions that arithmetic shares. */
#include <math.h>

#include "catalog/random.h"
#include "pkg/operators.h"
#include "value/datetime_text.h"
#include "value/decimal.h"

enum { SHOWN = 120 }; /* bytes of a value in a message */

static Str shown(CallContext *cx, Value value, const char **dots) {
  Str text = value_to_str(cx->arena, value);
  *dots = "";
  if (text.len <= SHOWN) return text;
  *dots = "…";
  text.len = SHOWN;
  while (text.len && ((unsigned char)text.data[text.len] & 0xC0) == 0x80) text.len--;
  return text;
}

/* How texts of a type look. Where a record is bad, the hint is about what to do with bad records. */
static DcCode hint_form(CallContext *cx, const char *wanted) {
  static const struct {
    const char *type, *form;
  } forms[] = {
    {"INT", "digits with a sign, up to 64 bits, or 0x and hex digits"}, {"DOUBLE", "as 1.5 or 1e-3"},
    {"DECIMAL", "up to 38 digits, as 1.50"}, {"a number", "as 42, 1.5 or 1e-3; NULL where there is none"},
    {"DATE", "as 2024-02-29"}, {"TIMESTAMP", "as 2024-02-29T12:30:00 or 2024-02-29T12:30:00Z"}, {"TIME", "as 12:30:00"},
    {"BOOL", "true or false"}, {"BINARY", "pairs of hex digits"},
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms && !cx->record_level; i++)
    if (str_starts(str_of(wanted), str_of(forms[i].type))) {
      dc_hint(cx->err, "%s is written %s", forms[i].type, forms[i].form);
      break;
    }
  return cx->err->code;
}

DcCode fail_read(CallContext *cx, Value value, const char *wanted) {
  const char *dots;
  Str text = shown(cx, value, &dots);
  dc_fail(cx->err, "cannot read '%.*s%s' as %s", STR_ARG(text), dots, wanted);
  return hint_form(cx, wanted);
}

DcCode fail_fit(CallContext *cx, Value value, const char *wanted) {
  const char *dots;
  Str text = shown(cx, value, &dots);
  dc_fail(cx->err, "cannot read '%.*s%s' as %s: it does not fit", STR_ARG(text), dots, wanted);
  return hint_form(cx, wanted);
}

DcCode need_number(CallContext *cx, Value value, Value *out) {
  return value_to_number(value, out) ? DC_OK : fail_read(cx, value, "a number");
}

DcCode need_double(CallContext *cx, Value value, double *out) {
  return value_to_double(value, out) ? DC_OK : fail_read(cx, value, "a number");
}

static bool number_to_int(Value number, int64_t *out) {
  if (number.type == TYPE_INT) *out = number.as.i;
  else if (number.type == TYPE_DECIMAL) return decimal_to_int(*number.as.decimal, out);
  else if (number.as.d >= -0x1p63 && number.as.d < 0x1p63) *out = (int64_t)number.as.d; /* NaN fails both */
  else return false;
  return true;
}

DcCode need_int(CallContext *cx, Value value, int64_t *out) {
  Value number;
  if (!value_to_number(value, &number)) return fail_read(cx, value, "INT");
  return number_to_int(number, out) ? DC_OK : fail_fit(cx, value, "INT (64 bits)");
}

DcCode op_int(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t i;
  if (args[0].type == TYPE_BOOL) i = args[0].as.b;
  else DC_TRY(need_int(cx, args[0], &i));
  *result = value_int(i);
  return DC_OK;
}

DcCode op_double(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  double d;
  if (args[0].type == TYPE_BOOL) d = args[0].as.b;
  else if (!value_to_double(args[0], &d)) return fail_read(cx, args[0], "DOUBLE");
  *result = value_double(d);
  return DC_OK;
}

DcCode op_string(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  *result = value_str(value_to_str(cx->arena, args[0]));
  return DC_OK;
}

DcCode op_bool(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = value_bool(value_is_true(args[0]));
  return DC_OK;
}

DcCode op_decimal(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Decimal d;
  if (!decimal_of_value(args[0], &d)) return fail_read(cx, args[0], "DECIMAL (38 digits)");
  *result = value_decimal(cx->arena, d);
  return DC_OK;
}

DcCode op_date(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type == TYPE_DATE) *result = args[0];
  else if (args[0].type == TYPE_TIMESTAMP) *result = timestamp_date(args[0]);
  else if (args[0].type != TYPE_STRING || !date_parse(value_get_str(args[0]), result)) return fail_read(cx, args[0], "DATE");
  return DC_OK;
}

DcCode op_time(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type == TYPE_TIME) *result = args[0];
  else if (args[0].type == TYPE_TIMESTAMP) *result = timestamp_time(args[0]);
  else if (args[0].type != TYPE_STRING) return fail_read(cx, args[0], "TIME");
  else if (!time_parse(value_get_str(args[0]), result)) {
    Value timestamp;
    Str text = value_get_str(args[0]);
    if (!memchr(text.len ? text.data : "", ':', text.len) || !timestamp_parse(text, &timestamp)) return fail_read(cx, args[0], "TIME");
    *result = timestamp_time(timestamp);
  }
  return DC_OK;
}

/* Numbers below 1e11 are seconds since 1970, from there on milliseconds (catalogue.md § 11.5). */
static bool timestamp_of_number(Value number, Value *out) {
  double d;
  if (!value_to_double(number, &d) || !(fabs(d) < 253402300800e3)) return false;
  double milliseconds = fabs(d) < 1e11 ? d * 1000 : d;
  double seconds = floor(milliseconds / 1000);
  *out = value_timestamp_zoned((int64_t)seconds, (uint32_t)(floor(milliseconds - seconds * 1000)) * 1000000u, 0);
  return true;
}

DcCode op_timestamp(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Value v = args[0];
  if (v.type == TYPE_TIMESTAMP) *result = v;
  else if (v.type == TYPE_DATE) *result = value_timestamp(v.as.i * SECONDS_PER_DAY, 0);
  else if (value_is_number(v) && timestamp_of_number(v, result)) return DC_OK;
  else if (v.type != TYPE_STRING || !timestamp_parse(value_get_str(v), result)) return fail_read(cx, v, "TIMESTAMP");
  return DC_OK;
}

DcCode op_binary(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  *result = args[0].type == TYPE_BINARY ? args[0] : value_str(value_to_str(cx->arena, args[0]));
  result->type = TYPE_BINARY;
  return DC_OK;
}

DcCode op_hashcode(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = value_int(value_hashcode(args[0]));
  return DC_OK;
}

DcCode op_random(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t n;
  DC_TRY(need_int(cx, args[0], &n));
  *result = value_int(random_below(random_u64(cx), n));
  if (!cx->record_level || cx->random_calls) cx->random_calls++;
  return DC_OK;
}
