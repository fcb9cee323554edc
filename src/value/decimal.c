/* decimal.c - decimals as an unscaled 128-bit integer and a scale; exact comparison across number types. */
#include "value/decimal.h"

#include <math.h>

typedef __int128 Wide;
typedef unsigned __int128 UWide;

UWide decimal_power(int exponent) {
  static const uint64_t powers[] = {
    1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u, 100000000000u,
    1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u,
    1000000000000000000u, 10000000000000000000u};
  return exponent <= 19 ? powers[exponent] : (UWide)powers[19] * powers[exponent - 19];
}

static UWide magnitude(Wide w) { return w < 0 ? 0 - (UWide)w : (UWide)w; }

static bool fits(Wide w) { return magnitude(w) < decimal_power(DECIMAL_DIGITS); }

Decimal decimal_of_int(int64_t i) { return (Decimal){i, 0}; }

Value value_decimal(Arena *arena, Decimal d) {
  Decimal *copy = arena_raw(arena, sizeof *copy);
  *copy = d;
  return (Value){.type = TYPE_DECIMAL, .as.decimal = copy};
}

/* Digits and a power of ten become a Decimal: fraction beyond 38 places is rounded half away from zero. */
static bool make(UWide digits, int exponent, bool negative, Decimal *out) {
  while (digits && exponent > 0) {
    if (digits > decimal_power(DECIMAL_DIGITS) / 10) return false;
    digits *= 10;
    exponent--;
  }
  if (digits == 0 && exponent > 0) exponent = 0;
  while (exponent < -DECIMAL_DIGITS) {
    digits = exponent == -DECIMAL_DIGITS - 1 ? (digits + 5) / 10 : digits / 10;
    exponent++;
  }
  if (digits >= decimal_power(DECIMAL_DIGITS)) return false;
  *out = (Decimal){negative ? -(Wide)digits : (Wide)digits, -exponent};
  return true;
}

bool decimal_parse(Str text, Decimal *out) {
  const char *p = text.data, *end = p + text.len;
  while (p < end && (unsigned char)*p <= ' ') p++;
  while (end > p && (unsigned char)end[-1] <= ' ') end--;
  bool negative = false, point = false, any = false, round_up = false, cut = false;
  if (p < end && (*p == '-' || *p == '+')) negative = *p++ == '-';
  UWide digits = 0, limit = decimal_power(DECIMAL_DIGITS - 1);
  int exponent = 0;
  for (; p < end; p++) {
    if (*p == '.' && !point) {
      point = true;
      continue;
    }
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9) break;
    any = true;
    if (digits >= limit) { /* 38 digits are there */
      if (!point) return false;
      if (!cut) round_up = digit >= 5;
      cut = true;
      continue;
    }
    digits = digits * 10 + digit;
    exponent -= point;
  }
  if (!any) return false;
  if (p < end && (*p | 32) == 'e') {
    int64_t written;
    if (!int_parse((Str){p + 1, (size_t)(end - p - 1)}, &written) || written > 1000 || written < -1000) return false;
    if (end[-1] > '9') return false;
    exponent += (int)written;
    p = end;
  }
  return p == end && make(digits + round_up, exponent, negative, out);
}

bool decimal_of_double(double d, Decimal *out) {
  char text[32];
  if (!isfinite(d)) return false;
  size_t len = double_print(d, text);
  if (len > 2 && memcmp(text + len - 2, ".0", 2) == 0) len -= 2;
  return decimal_parse((Str){text, len}, out);
}

bool decimal_of_value(Value value, Decimal *out) {
  Value number;
  switch ((Type)value.type) {
    case TYPE_INT: *out = decimal_of_int(value.as.i); return true;
    case TYPE_DOUBLE: return decimal_of_double(value.as.d, out);
    case TYPE_DECIMAL: *out = *value.as.decimal; return true;
    case TYPE_STRING:
      if (decimal_parse(value_get_str(value), out)) return true;
      return number_parse(value_get_str(value), &number) && decimal_of_value(number, out);
    case TYPE_NULL: case TYPE_BOOL: case TYPE_BINARY: case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP: case TYPE_ARRAY:
    case TYPE_OBJECT: case TYPE_COUNT: break;
  }
  return false;
}

size_t decimal_print(Decimal d, char *out) {
  char digits[48];
  int count = 0;
  size_t len = 0;
  UWide value = magnitude(d.unscaled);
  while (value || count <= d.scale) {
    digits[count++] = (char)('0' + (int)(value % 10));
    value /= 10;
  }
  if (d.unscaled < 0) out[len++] = '-';
  while (count) {
    out[len++] = digits[--count];
    if (count == d.scale && count) out[len++] = '.';
  }
  out[len] = 0;
  return len;
}

double decimal_to_double(Decimal d) {
  char text[48];
  Value number;
  if (d.scale == 0 && magnitude(d.unscaled) < (UWide)1 << 53) return (double)d.unscaled;
  size_t len = decimal_print(d, text);
  if (!number_parse((Str){text, len}, &number)) return NAN;
  return number.type == TYPE_INT ? (double)number.as.i : number.as.d;
}

bool decimal_to_int(Decimal d, int64_t *out) {
  Wide whole = d.unscaled / (Wide)decimal_power(d.scale);
  if (whole > INT64_MAX || whole < INT64_MIN) return false;
  *out = (int64_t)whole;
  return true;
}

bool decimal_is_whole(Decimal d) { return d.unscaled % (Wide)decimal_power(d.scale) == 0; }

Decimal decimal_normal(Decimal d) {
  while (d.scale > 0 && d.unscaled % 10 == 0) {
    d.unscaled /= 10;
    d.scale--;
  }
  return d;
}

static bool rescale(Decimal *d, int scale) {
  Wide scaled;
  if (__builtin_mul_overflow(d->unscaled, (Wide)decimal_power(scale - d->scale), &scaled) || !fits(scaled)) return false;
  *d = (Decimal){scaled, scale};
  return true;
}

static bool align(Decimal *a, Decimal *b) {
  if (a->scale < b->scale) return rescale(a, b->scale);
  return b->scale == a->scale || rescale(b, a->scale);
}

bool decimal_add(Decimal a, Decimal b, Decimal *out) {
  if (!align(&a, &b)) return false;
  Wide sum = a.unscaled + b.unscaled; /* below 2 * 10^38: no overflow */
  *out = (Decimal){sum, a.scale};
  return fits(sum);
}

bool decimal_subtract(Decimal a, Decimal b, Decimal *out) {
  b.unscaled = -b.unscaled;
  return decimal_add(a, b, out);
}

bool decimal_multiply(Decimal a, Decimal b, Decimal *out) {
  Wide product;
  int scale = a.scale + b.scale;
  if (__builtin_mul_overflow(a.unscaled, b.unscaled, &product)) {
    a = decimal_normal(a);
    b = decimal_normal(b);
    scale = a.scale + b.scale;
    if (__builtin_mul_overflow(a.unscaled, b.unscaled, &product)) return false;
  }
  return make(magnitude(product), -scale, product < 0, out);
}

bool decimal_divide(Decimal a, Decimal b, Decimal *out) {
  if (b.unscaled == 0) return false;
  enum { PLACES = 20 };
  bool negative = (a.unscaled < 0) != (b.unscaled < 0);
  UWide divisor = magnitude(b.unscaled), quotient = magnitude(a.unscaled) / divisor, rest = magnitude(a.unscaled) % divisor;
  int scale = a.scale - b.scale; /* of the quotient so far */
  UWide limit = decimal_power(DECIMAL_DIGITS - 1);
  while ((scale < 0 || rest) && scale < PLACES && quotient < limit) {
    unsigned digit = 0;
    UWide tens = 0; /* rest * 10 modulo divisor, by adding: the product could exceed 128 bits */
    for (int i = 0; i < 10; i++) {
      tens += rest;
      if (tens >= divisor) tens -= divisor, digit++;
    }
    quotient = quotient * 10 + digit;
    rest = tens;
    scale++;
  }
  if (rest >= divisor - rest) quotient++;
  if (!make(quotient, -scale, negative, out)) return false;
  *out = decimal_normal(*out);
  return true;
}

bool decimal_remainder(Decimal a, Decimal b, Decimal *out) {
  if (b.unscaled == 0 || !align(&a, &b)) return false;
  *out = (Decimal){a.unscaled % b.unscaled, a.scale};
  return true;
}

/* --- Exact comparison --- */

enum { LIMBS = 8 };
typedef struct Big {
  uint64_t limbs[LIMBS]; /* lowest first */
} Big;

static Big big_of(UWide w) { return (Big){{(uint64_t)w, (uint64_t)(w >> 64)}}; }

static void big_multiply(Big *big, uint64_t factor) {
  UWide carry = 0;
  for (int i = 0; i < LIMBS; i++) {
    carry += (UWide)big->limbs[i] * factor;
    big->limbs[i] = (uint64_t)carry;
    carry >>= 64;
  }
}

static int big_compare(const Big *a, const Big *b) {
  for (int i = LIMBS - 1; i >= 0; i--)
    if (a->limbs[i] != b->limbs[i]) return a->limbs[i] < b->limbs[i] ? -1 : 1;
  return 0;
}

static int compare_int_double(int64_t i, double d) {
  if (isnan(d) || d >= 0x1p63) return -1;
  if (d < -0x1p63) return 1;
  int64_t whole = (int64_t)d;
  if (i != whole) return i < whole ? -1 : 1;
  double fraction = d - (double)whole;
  return fraction > 0 ? -1 : fraction < 0;
}

static int compare_decimals(Decimal a, Decimal b) {
  bool a_negative = a.unscaled < 0, b_negative = b.unscaled < 0;
  if (a_negative != b_negative) return a_negative ? -1 : 1;
  Big left = big_of(magnitude(a.unscaled)), right = big_of(magnitude(b.unscaled));
  for (int i = b.scale; i < a.scale; i++) big_multiply(&right, 10);
  for (int i = a.scale; i < b.scale; i++) big_multiply(&left, 10);
  int order = big_compare(&left, &right);
  return a_negative ? -order : order;
}

static int compare_decimal_double(Decimal a, double d) {
  if (isnan(d)) return -1;
  int sign_a = a.unscaled < 0 ? -1 : a.unscaled > 0, sign_d = d < 0 ? -1 : d > 0;
  if (sign_a != sign_d) return sign_a < sign_d ? -1 : 1;
  if (sign_a == 0) return 0;
  double size = fabs(d);
  if (size >= 0x1p127) return -sign_a;
  if (size < 0x1p-127) return sign_a;
  int exponent;
  uint64_t mantissa = (uint64_t)ldexp(frexp(size, &exponent), 53); /* size = mantissa * 2^(exponent - 53) */
  exponent -= 53;
  Big left = big_of(magnitude(a.unscaled)), right = big_of(mantissa);
  for (int i = 0; i < a.scale; i++) big_multiply(&right, 10);
  for (int i = exponent; i < 0; i += 32) big_multiply(&left, (uint64_t)1 << (i < -32 ? 32 : -i));
  for (int i = exponent; i > 0; i -= 32) big_multiply(&right, (uint64_t)1 << (i > 32 ? 32 : i));
  return sign_a * big_compare(&left, &right);
}

int number_compare(Value a, Value b) {
  if (a.type == TYPE_INT && b.type == TYPE_INT) return a.as.i < b.as.i ? -1 : a.as.i > b.as.i;
  if (a.type == TYPE_DOUBLE && b.type == TYPE_DOUBLE) {
    if (isnan(a.as.d) || isnan(b.as.d)) return (isnan(a.as.d) != 0) - (isnan(b.as.d) != 0);
    return a.as.d < b.as.d ? -1 : a.as.d > b.as.d;
  }
  if (a.type == TYPE_INT && b.type == TYPE_DOUBLE) return compare_int_double(a.as.i, b.as.d);
  if (a.type == TYPE_DOUBLE && b.type == TYPE_INT) return -compare_int_double(b.as.i, a.as.d);
  if (a.type == TYPE_DOUBLE) return -compare_decimal_double(*b.as.decimal, a.as.d);
  Decimal left = a.type == TYPE_INT ? decimal_of_int(a.as.i) : *a.as.decimal;
  if (b.type == TYPE_DOUBLE) return compare_decimal_double(left, b.as.d);
  return compare_decimals(left, b.type == TYPE_INT ? decimal_of_int(b.as.i) : *b.as.decimal);
}
