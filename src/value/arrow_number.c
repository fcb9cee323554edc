/* arrow_number.c - numbers that only Arrow has: 16 bits with a point, decimals of up to 256 bits. */
#include <math.h>

#include "value/arrow_format.h"
#include "value/decimal.h"

typedef unsigned __int128 Wide;

/* To the nearest, ties to the even one, as IEEE 754 says. */
uint16_t arrow_to_half(double d) {
  uint16_t sign = signbit(d) ? 0x8000 : 0;
  double size = fabs(d);
  if (isnan(d)) return 0x7E00;
  if (size >= 65520) return (uint16_t)(sign | 0x7C00);
  int exponent;
  frexp(size, &exponent); /* size = [0.5, 1) * 2^exponent */
  int unit = exponent - 11 < -24 ? -24 : exponent - 11;
  unsigned units = (unsigned)nearbyint(ldexp(size, -unit)); /* up to 2,048, which carries into the exponent */
  if (units == 0) return sign;
  return (uint16_t)(sign | (unit == -24 ? units : ((unsigned)(unit + 24) << 10) + units));
}

/* --- 256 bits --- */

static bool is_negative(const uint64_t limbs[4]) { return limbs[3] >> 63; }

static void negate(uint64_t limbs[4]) {
  bool carry = true;
  for (int i = 0; i < 4; i++) {
    limbs[i] = ~limbs[i] + carry;
    carry = carry && limbs[i] == 0;
  }
}

/* Divides by ten, gives the rest. */
static unsigned divide_by_ten(uint64_t limbs[4]) {
  Wide rest = 0;
  for (int i = 3; i >= 0; i--) {
    Wide part = rest << 64 | limbs[i];
    limbs[i] = (uint64_t)(part / 10);
    rest = part % 10;
  }
  return (unsigned)rest;
}

/* false: beyond 256 bits. */
static bool multiply_by_ten(uint64_t limbs[4]) {
  Wide carry = 0;
  for (int i = 0; i < 4; i++) {
    carry += (Wide)limbs[i] * 10;
    limbs[i] = (uint64_t)carry;
    carry >>= 64;
  }
  return carry == 0;
}

static bool has_digits(const uint64_t limbs[4], int most) { /* at most */
  uint64_t left[4];
  memcpy(left, limbs, sizeof left);
  for (; most > DECIMAL_DIGITS; most--) divide_by_ten(left);
  return left[2] == 0 && left[3] == 0 && ((Wide)left[1] << 64 | left[0]) < decimal_power(most);
}

bool arrow_limbs_decimal(const uint64_t limbs[4], int scale, Decimal *out) {
  uint64_t size[4];
  memcpy(size, limbs, sizeof size);
  bool negative = is_negative(limbs);
  if (negative) negate(size);
  bool zero = !(size[0] | size[1] | size[2] | size[3]);
  if (zero) scale = scale < 0 ? 0 : scale > DECIMAL_DIGITS ? DECIMAL_DIGITS : scale;
  for (; scale < 0; scale++)
    if (!multiply_by_ten(size) || !has_digits(size, DECIMAL_DIGITS)) return false;
  while (scale > DECIMAL_DIGITS || (scale > 0 && !has_digits(size, DECIMAL_DIGITS))) {
    if (divide_by_ten(size) != 0) return false;
    scale--;
  }
  if (!has_digits(size, DECIMAL_DIGITS)) return false;
  __int128 unscaled = (__int128)((Wide)size[1] << 64 | size[0]);
  *out = (Decimal){negative ? -unscaled : unscaled, scale};
  return true;
}

bool arrow_decimal_limbs(Decimal decimal, int precision, int scale, uint64_t limbs[4]) {
  bool negative = decimal.unscaled < 0;
  Wide size = negative ? 0 - (Wide)decimal.unscaled : (Wide)decimal.unscaled;
  limbs[0] = (uint64_t)size;
  limbs[1] = (uint64_t)(size >> 64);
  limbs[2] = limbs[3] = 0;
  if (decimal.scale == scale && precision <= DECIMAL_DIGITS) { /* as most are */
    if (size >= decimal_power(precision)) return false;
    if (negative) negate(limbs);
    return true;
  }
  if (size == 0) return true;
  int from = decimal.scale;
  for (; from < scale; from++)
    if (!multiply_by_ten(limbs)) return false;
  for (; from > scale; from--)
    if (divide_by_ten(limbs) != 0) return false;
  if (!has_digits(limbs, precision)) return false;
  if (negative) negate(limbs);
  return true;
}
