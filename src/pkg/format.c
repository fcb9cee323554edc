/* format.c - STR_FORMAT: %[index$][flags][width][.precision]conversion, as java.util.Formatter has it.
 *
 * Conversions: b c d e f g h n o s x % and the upper-case ones. Flags: - # + blank 0 , ( and the index <. Numbers in
 * texts are read as numbers. Rounding is half up on the shortest decimal form, as in Java.
 */
#include "pkg/format.h"

#include <math.h>
#include <stdio.h>

#include "base/utf8.h"
#include "pkg/operators.h"
#include "value/decimal.h"

enum { MOST_WIDTH = 100000 };

typedef struct Spec {
  bool left, alternate, plus, blank, zero, comma, parentheses, previous;
  int index;     /* from 1; 0: the next one */
  int width, precision; /* -1: none */
  char conversion; /* lower case */
  bool upper;
  Str text;      /* as written, for messages */
} Spec;

static bool read_count(const char **p, const char *end, int *out) {
  const char *start = *p;
  int value = 0;
  for (; *p < end && (unsigned)(**p - '0') < 10; (*p)++)
    if (value <= MOST_WIDTH) value = value * 10 + (**p - '0');
  *out = value;
  return *p > start && value <= MOST_WIDTH;
}

static bool read_flag(Spec *spec, char c) {
  switch (c) {
    case '-': spec->left = true; break;
    case '#': spec->alternate = true; break;
    case '+': spec->plus = true; break;
    case ' ': spec->blank = true; break;
    case '0': spec->zero = true; break;
    case ',': spec->comma = true; break;
    case '(': spec->parentheses = true; break;
    case '<': spec->previous = true; break;
    default: return false;
  }
  return true;
}

/* p stands behind the '%'. Returns where the specifier ends, NULL when it is wrong. */
static const char *read_spec(const char *p, const char *end, Spec *spec) {
  *spec = (Spec){.width = -1, .precision = -1};
  const char *start = p - 1, *look = p;
  int number;
  if (p < end && *p >= '1' && *p <= '9' && read_count(&look, end, &number) && look < end && *look == '$') {
    spec->index = number;
    p = look + 1;
  }
  while (p < end && read_flag(spec, *p)) p++;
  if (p < end && *p >= '1' && *p <= '9' && !read_count(&p, end, &spec->width)) return NULL;
  if (p < end && *p == '.') {
    p++;
    if (!read_count(&p, end, &spec->precision)) return NULL;
  }
  if (p == end) return NULL;
  spec->upper = *p >= 'A' && *p <= 'Z';
  spec->conversion = (char)(spec->upper ? *p + 32 : *p);
  spec->text = str_make(start, (size_t)(p + 1 - start));
  if (!strchr(spec->upper ? "bscxegh" : "bcdefghnosx%", spec->conversion)) return NULL;
  return p + 1;
}

/* Digits with a sign, commas, padding; digits may hold a point and an exponent. */
static void put_number(Buf *out, const Spec *spec, const char *prefix, const char *digits, bool negative) {
  Buf body = {0};
  size_t whole = strspn(digits, "0123456789");
  for (size_t i = 0; digits[i]; i++) {
    if (spec->comma && i && i < whole && (whole - i) % 3 == 0) buf_char(&body, ',');
    buf_char(&body, digits[i]);
  }
  const char *sign = negative ? (spec->parentheses ? "(" : "-") : spec->plus ? "+" : spec->blank ? " " : "";
  size_t len = strlen(sign) + strlen(prefix) + body.len + (negative && spec->parentheses);
  size_t fill = spec->width > 0 && (size_t)spec->width > len ? (size_t)spec->width - len : 0;
  for (size_t i = 0; i < fill && !spec->left && !spec->zero; i++) buf_char(out, ' ');
  buf_text(out, sign);
  buf_text(out, prefix);
  for (size_t i = 0; i < fill && spec->zero && !spec->left; i++) buf_char(out, '0');
  buf_put(out, body.data, body.len);
  if (negative && spec->parentheses) buf_char(out, ')');
  for (size_t i = 0; i < fill && spec->left; i++) buf_char(out, ' ');
  buf_free(&body);
}

static void put_text(Buf *out, const Spec *spec, Str text) {
  if (spec->precision >= 0) text.len = utf8_offset(text, (size_t)spec->precision);
  size_t len = utf8_length(text);
  size_t fill = spec->width > 0 && (size_t)spec->width > len ? (size_t)spec->width - len : 0;
  for (size_t i = 0; i < fill && !spec->left; i++) buf_char(out, ' ');
  buf_str(out, text);
  for (size_t i = 0; i < fill && spec->left; i++) buf_char(out, ' ');
}

static DcCode wrong_value(CallContext *cx, const Spec *spec, Value value, const char *wanted) {
  Str text = value_to_str(cx->arena, value);
  if (text.len > 100) text.len = 100;
  return dc_fail(cx->err, "STR_FORMAT: %.*s needs %s, not '%.*s'", STR_ARG(spec->text), wanted, STR_ARG(text));
}

static DcCode put_integer(CallContext *cx, Buf *out, const Spec *spec, Value value) {
  Value number;
  char digits[48];
  int64_t i;
  if (!value_to_number(value, &number)) return wrong_value(cx, spec, value, "an integer");
  if (number.type == TYPE_INT) i = number.as.i;
  else {
    Decimal d;
    if (!decimal_of_value(number, &d) || !decimal_is_whole(d) || !decimal_to_int(d, &i)) return wrong_value(cx, spec, value, "an integer");
  }
  if (spec->conversion == 'd') {
    bool negative = i < 0;
    int_print(i, digits);
    put_number(out, spec, "", digits + negative, negative);
    return DC_OK;
  }
  const char *prefix = !spec->alternate ? "" : spec->conversion == 'o' ? "0" : spec->upper ? "0X" : "0x";
  snprintf(digits, sizeof digits, spec->conversion == 'o' ? "%llo" : spec->upper ? "%llX" : "%llx", (unsigned long long)i);
  put_number(out, spec, prefix, digits, false);
  return DC_OK;
}

/* Plain digits of d >= 0 with that many places, rounded half up. */
static void fixed(double d, int places, Buf *out) {
  Decimal exact, half, sum;
  char digits[64];
  if (places <= 20 && d < 1e17 && decimal_of_double(d, &exact)) {
    __int128 unit = 1;
    for (int i = places; i < exact.scale; i++) unit *= 10;
    half = (Decimal){exact.scale > places ? unit / 2 : 0, exact.scale};
    if (decimal_add(exact, half, &sum)) {
      if (sum.scale > places) sum = (Decimal){sum.unscaled / unit, places};
      size_t len = decimal_print(sum, digits);
      buf_put(out, digits, len);
      if (sum.scale == 0 && places > 0) buf_char(out, '.');
      for (int i = sum.scale; i < places; i++) buf_char(out, '0');
      return;
    }
  }
  buf_printf(out, "%.*f", places, d);
}

static void scientific(double d, int places, bool upper, Buf *out) { buf_printf(out, upper ? "%.*E" : "%.*e", places, d); }

static DcCode put_double(CallContext *cx, Buf *out, const Spec *spec, Value value) {
  double d;
  if (!value_to_double(value, &d)) return wrong_value(cx, spec, value, "a number");
  Spec copy = *spec;
  if (!isfinite(d)) {
    copy.zero = copy.comma = false;
    if (isnan(d)) copy.plus = copy.blank = false;
    put_number(out, &copy, "", isnan(d) ? "NaN" : "Infinity", !isnan(d) && d < 0);
    return DC_OK;
  }
  Buf digits = {0};
  int places = spec->precision < 0 ? 6 : spec->precision;
  double size = fabs(d);
  if (spec->conversion == 'f') fixed(size, places, &digits);
  else if (spec->conversion == 'e') scientific(size, places, spec->upper, &digits);
  else {
    if (places == 0) places = 1;
    int exponent = size > 0 ? (int)floor(log10(size)) : 0;
    if (size != 0 && (size < 1e-4 || size >= pow(10, places))) scientific(size, places - 1, spec->upper, &digits);
    else fixed(size, places - exponent - 1 < 0 ? 0 : places - exponent - 1, &digits);
  }
  buf_char(&digits, 0);
  put_number(out, &copy, "", digits.data, signbit(d) != 0);
  buf_free(&digits);
  return DC_OK;
}

static DcCode put_character(CallContext *cx, Buf *out, const Spec *spec, Value value) {
  char bytes[4];
  Str text;
  if (value.type == TYPE_INT) {
    if (value.as.i < 0 || value.as.i > 0x10FFFF || (value.as.i >= 0xD800 && value.as.i < 0xE000)) return wrong_value(cx, spec, value, "a code point");
    text = str_make(bytes, utf8_encode((uint32_t)value.as.i, bytes));
  } else {
    text = value_to_str(cx->arena, value);
    if (utf8_length(text) != 1) return wrong_value(cx, spec, value, "one character");
  }
  if (spec->upper) text = utf8_upper(cx->arena, text);
  put_text(out, spec, text);
  return DC_OK;
}

static DcCode put_value(CallContext *cx, Buf *out, const Spec *spec, Value value) {
  Str text;
  char hash[16];
  switch (spec->conversion) {
    case 'd': case 'x': case 'o': return put_integer(cx, out, spec, value);
    case 'e': case 'f': case 'g': return put_double(cx, out, spec, value);
    case 'c': return put_character(cx, out, spec, value);
    case 'b': text = str_of(value.type == TYPE_BOOL && !value.as.b ? "false" : "true"); break;
    case 'h': text = str_make(hash, (size_t)snprintf(hash, sizeof hash, "%x", (unsigned)value_hashcode(value))); break;
    default: text = value_to_str(cx->arena, value);
  }
  put_text(out, spec, spec->upper ? utf8_upper(cx->arena, text) : text);
  return DC_OK;
}

static DcCode format(CallContext *cx, Str pattern, const Value *values, int count, Buf *out) {
  const char *p = pattern.data, *end = p + pattern.len;
  int next = 1, last = 0;
  while (p < end) {
    const char *percent = memchr(p, '%', (size_t)(end - p));
    if (!percent) percent = end;
    buf_put(out, p, (size_t)(percent - p));
    if (percent == end) break;
    Spec spec;
    p = read_spec(percent + 1, end, &spec);
    if (!p) return dc_fail(cx->err, "STR_FORMAT: cannot understand '%.*s'", (int)(end - percent < 40 ? end - percent : 40), percent);
    if (spec.conversion == 'n') buf_char(out, '\n');
    else if (spec.conversion == '%') put_text(out, &spec, str_of("%"));
    else {
      if (!spec.previous) last = spec.index ? spec.index : next++;
      if (last < 1 || last > count) return dc_fail(cx->err, "STR_FORMAT: no value for '%.*s'; there are %d", STR_ARG(spec.text), count);
      DC_TRY(put_value(cx, out, &spec, values[last - 1]));
    }
  }
  return DC_OK;
}

DcCode fn_str_format(CallContext *cx, const Value *args, int count, Value *result) {
  Buf text = {0};
  DcCode code = format(cx, value_to_str(cx->arena, args[0]), args + 1, count - 1, &text);
  if (code == DC_OK) *result = value_str(arena_str(cx->arena, (Str){text.data, text.len}));
  buf_free(&text);
  return code;
}
