/* exact.c - exact sums. Limbs lie least first; all numbers are in two's complement. */
#include "value/exact.h"

#include <math.h>

typedef unsigned __int128 Wide;

enum { LONG = EXACT_WIDE * 2 + 4 }; /* a product of two wide sums */

/* limbs ± magnitude * 2^bit; bit + 128 lies within them, or the rest of magnitude is 0. */
static inline void add_shifted(uint64_t *limbs, size_t count, unsigned bit, Wide magnitude, bool negative) {
  size_t at = bit >> 6;
  unsigned shift = bit & 63;
  uint64_t parts[3] = {(uint64_t)(magnitude << shift), (uint64_t)(magnitude << shift >> 64), shift ? (uint64_t)(magnitude >> (128 - shift)) : 0};
  uint64_t carry = 0;
  for (size_t i = 0; at < count; i++, at++) {
    if (i >= 3 && !carry) return;
    uint64_t part = i < 3 ? parts[i] : 0, before = limbs[at], after;
    if (negative) {
      after = before - part - carry;
      carry = carry ? before <= part : before < part;
    } else {
      after = before + part + carry;
      carry = carry ? after <= before : after < before;
    }
    limbs[at] = after;
  }
}

static void add_limbs(uint64_t *into, size_t count, const uint64_t *from) {
  uint64_t carry = 0;
  for (size_t i = 0; i < count; i++) {
    Wide sum = (Wide)into[i] + from[i] + carry;
    into[i] = (uint64_t)sum;
    carry = (uint64_t)(sum >> 64);
  }
}

static void negate(uint64_t *limbs, size_t count) {
  uint64_t carry = 1;
  for (size_t i = 0; i < count; i++) {
    limbs[i] = ~limbs[i] + carry;
    carry = carry && !limbs[i];
  }
}

/* The magnitude in place of the number; true if it was negative. */
static bool magnitude_of(uint64_t *limbs, size_t count) {
  bool negative = limbs[count - 1] >> 63;
  if (negative) negate(limbs, count);
  return negative;
}

static ExactWide *wide_of(ExactSum *sum, Arena *arena) {
  if (!sum->wide) sum->wide = arena_alloc(arena, sizeof *sum->wide);
  return sum->wide;
}

static void count_special(ExactSum *sum, double value, bool remove, Arena *arena) {
  ExactWide *wide = wide_of(sum, arena);
  uint64_t *counter = isnan(value) ? &wide->nans : value > 0 ? &wide->infinities : &wide->minus_infinities;
  *counter += remove ? UINT64_MAX : 1;
}

void exact_add_int(ExactSum *sum, int64_t value, bool remove) {
  bool negative = value < 0;
  uint64_t magnitude = negative ? 0 - (uint64_t)value : (uint64_t)value;
  add_shifted(sum->limbs, EXACT_LIMBS, EXACT_BELOW * 64, magnitude, negative != remove);
}

/* |value| = mantissa * 2^*exponent. */
static uint64_t take_apart(double value, int *exponent) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  int raw = (int)(bits >> 52 & 0x7FF);
  uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
  *exponent = (raw ? raw : 1) - 1075;
  return raw ? mantissa | UINT64_C(1) << 52 : mantissa;
}

/* Room for 2^37 values of up to 2^90. */
static inline bool fits_window(int exponent, int bits) { return exponent >= -EXACT_BELOW * 64 && exponent + bits <= 90; }

/* mantissa * 2^exponent, of at most so many bits, into the window that has room for it. */
static void add_scaled(ExactSum *sum, Wide mantissa, int exponent, int bits, bool negative, Arena *arena) {
  if (fits_window(exponent, bits)) add_shifted(sum->limbs, EXACT_LIMBS, (unsigned)(exponent + EXACT_BELOW * 64), mantissa, negative);
  else add_shifted(wide_of(sum, arena)->limbs, EXACT_WIDE, (unsigned)(exponent + EXACT_WIDE_BELOW * 64), mantissa, negative);
}

/* Infinities and NaN are counted apart; 0: nothing is left to add. */
static uint64_t take_finite(ExactSum *sum, double value, bool remove, Arena *arena, int *exponent) {
  if (isfinite(value)) return take_apart(value, exponent);
  count_special(sum, value, remove, arena);
  return 0;
}

void exact_add_double(ExactSum *sum, double value, bool remove, Arena *arena) {
  int exponent;
  uint64_t mantissa = take_finite(sum, value, remove, arena, &exponent);
  if (mantissa) add_scaled(sum, mantissa, exponent, 53, (value < 0) != remove, arena);
}

void exact_add_square(ExactSum *sum, double value, bool remove, Arena *arena) {
  int exponent;
  uint64_t mantissa = take_finite(sum, value, remove, arena, &exponent);
  if (mantissa) add_scaled(sum, (Wide)mantissa * mantissa, exponent * 2, 106, remove, arena);
}

void exact_merge(ExactSum *into, const ExactSum *from, Arena *arena) {
  add_limbs(into->limbs, EXACT_LIMBS, from->limbs);
  if (!from->wide) return;
  ExactWide *wide = wide_of(into, arena);
  add_limbs(wide->limbs, EXACT_WIDE, from->wide->limbs);
  wide->nans += from->wide->nans;
  wide->infinities += from->wide->infinities;
  wide->minus_infinities += from->wide->minus_infinities;
}

/* --- Results --- */

/* Window and wide part as one wide number. */
static void put_together(const ExactSum *sum, uint64_t *out) {
  enum { FIRST = EXACT_WIDE_BELOW - EXACT_BELOW };
  uint64_t sign = sum->limbs[EXACT_LIMBS - 1] >> 63 ? UINT64_MAX : 0;
  for (size_t i = 0; i < EXACT_WIDE; i++) out[i] = i < FIRST ? 0 : i < FIRST + EXACT_LIMBS ? sum->limbs[i - FIRST] : sign;
  if (sum->wide) add_limbs(out, EXACT_WIDE, sum->wide->limbs);
}

/* A magnitude as mantissa * 2^*exponent, rounded to the nearest even mantissa of 53 bits. */
static double round_limbs(const uint64_t *limbs, size_t count, size_t below, int *exponent) {
  size_t top = count;
  while (top && !limbs[top - 1]) top--;
  *exponent = 0;
  if (!top) return 0;
  uint64_t high = limbs[top - 1], next = top > 1 ? limbs[top - 2] : 0;
  int zeros = __builtin_clzll(high);
  if (zeros) {
    high = high << zeros | next >> (64 - zeros);
    next <<= zeros;
  }
  bool more = next != 0;
  for (size_t i = 0; i + 2 < top && !more; i++) more = limbs[i] != 0;
  uint64_t mantissa = high >> 11, rest = high & 0x7FF;
  if (rest > 0x400 || (rest == 0x400 && (more || (mantissa & 1)))) mantissa++;
  *exponent = ((int)top - (int)below) * 64 - zeros - 53;
  return (double)mantissa;
}

double exact_double(const ExactSum *sum) {
  uint64_t limbs[EXACT_WIDE];
  int exponent;
  if (sum->wide && (sum->wide->nans || (sum->wide->infinities && sum->wide->minus_infinities))) return (double)NAN;
  if (sum->wide && sum->wide->infinities) return (double)INFINITY;
  if (sum->wide && sum->wide->minus_infinities) return -(double)INFINITY;
  bool wide = sum->wide != NULL;
  size_t count = wide ? EXACT_WIDE : EXACT_LIMBS;
  if (wide) put_together(sum, limbs);
  else memcpy(limbs, sum->limbs, sizeof sum->limbs);
  bool negative = magnitude_of(limbs, count);
  double mantissa = round_limbs(limbs, count, wide ? EXACT_WIDE_BELOW : EXACT_BELOW, &exponent);
  return ldexp(negative ? -mantissa : mantissa, exponent);
}

__int128 exact_int(const ExactSum *sum) {
  Wide bits = (Wide)sum->limbs[EXACT_BELOW + 1] << 64 | sum->limbs[EXACT_BELOW];
  return (__int128)bits;
}

/* out, of 2 * count limbs, = a * a; a is not negative. */
static void square_limbs(const uint64_t *a, size_t count, uint64_t *out) {
  memset(out, 0, 2 * count * sizeof *out);
  for (size_t i = 0; i < count; i++) {
    uint64_t carry = 0;
    if (!a[i]) continue;
    for (size_t k = 0; k < count; k++) {
      Wide product = (Wide)a[i] * a[k] + out[i + k] + carry;
      out[i + k] = (uint64_t)product;
      carry = (uint64_t)(product >> 64);
    }
    out[i + count] = carry;
  }
}

double exact_variance(const ExactSum *sum, const ExactSum *squares, uint64_t count, uint64_t divisor) {
  bool wide = sum->wide || squares->wide;
  if (sum->wide && (sum->wide->nans || sum->wide->infinities || sum->wide->minus_infinities)) return (double)NAN;
  size_t n = wide ? EXACT_WIDE : EXACT_LIMBS, below = wide ? EXACT_WIDE_BELOW : EXACT_BELOW;
  uint64_t a[EXACT_WIDE], b[EXACT_WIDE], product[LONG] = {0}, total[LONG] = {0};
  if (wide) put_together(sum, a), put_together(squares, b);
  else memcpy(a, sum->limbs, sizeof sum->limbs), memcpy(b, squares->limbs, sizeof squares->limbs);
  (void)magnitude_of(a, n);
  square_limbs(a, n, product);
  uint64_t carry = 0;
  for (size_t i = 0; i < n; i++) { /* count * squares, with as many limbs behind the point as the product has */
    Wide part = (Wide)b[i] * count + carry;
    total[i + below] = (uint64_t)part;
    carry = (uint64_t)(part >> 64);
  }
  total[n + below] = carry;
  negate(product, LONG);
  add_limbs(total, LONG, product);
  int exponent;
  double mantissa = round_limbs(total, LONG, below * 2, &exponent);
  return ldexp(mantissa / ((double)count * (double)divisor), exponent);
}

/* --- Bytes --- */

void exact_save(const ExactSum *sum, Buf *out) {
  buf_put(out, sum->limbs, sizeof sum->limbs);
  buf_char(out, sum->wide != NULL);
  if (sum->wide) buf_put(out, sum->wide, sizeof *sum->wide);
}

const char *exact_load(ExactSum *sum, const char *bytes, Arena *arena) {
  memcpy(sum->limbs, bytes, sizeof sum->limbs);
  bytes += sizeof sum->limbs;
  sum->wide = NULL;
  if (!*bytes++) return bytes;
  memcpy(wide_of(sum, arena), bytes, sizeof *sum->wide);
  return bytes + sizeof *sum->wide;
}
