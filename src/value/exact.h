/* exact.h - sums of doubles, of integers and of squares without any rounding, so that their order does not matter.
 *
 * A sum is a long fixed-point number in two's complement (Kulisch's accumulator; Neal, "Fast exact summation using small
 * and large superaccumulators", 2015). Nearly all values fit a window of 320 bits that lies in the sum itself; those that
 * are very small or very large, NaN and the infinities go to a wide part that is made when the first one comes. Values can
 * be taken out again. The result is rounded once, to the nearest double.
 */
#ifndef VALUE_EXACT_H
#define VALUE_EXACT_H

#include "base/mem.h"

enum {
  EXACT_LIMBS = 5,   /* the window: multiples of 2^-192 below 2^127 */
  EXACT_BELOW = 3,   /* limbs behind the point */
  EXACT_WIDE = 68,   /* multiples of 2^-2176 below 2^2175: squares of all doubles, and room for 2^64 of them */
  EXACT_WIDE_BELOW = 34,
};

typedef struct ExactWide {
  uint64_t limbs[EXACT_WIDE];
  uint64_t nans, infinities, minus_infinities;
} ExactWide;

/* All-zero is a sum of nothing. */
typedef struct ExactSum {
  uint64_t limbs[EXACT_LIMBS];
  ExactWide *wide; /* in the arena that the calls give; NULL: not needed so far */
} ExactSum;

/* Adds a value, or takes it out (remove). */
void exact_add_int(ExactSum *sum, int64_t value, bool remove);
void exact_add_double(ExactSum *sum, double value, bool remove, Arena *arena);
void exact_add_square(ExactSum *sum, double value, bool remove, Arena *arena);
void exact_merge(ExactSum *into, const ExactSum *from, Arena *arena);
/* The sum as a double. */
double exact_double(const ExactSum *sum);
/* The sum of integers alone. */
__int128 exact_int(const ExactSum *sum);
/* (sum of squares - square of the sum / count) / divisor, from exact sums; NaN if a value was NaN or infinite. */
double exact_variance(const ExactSum *sum, const ExactSum *squares, uint64_t count, uint64_t divisor);
/* Self-contained bytes, and back; load gives the end of what it read. */
void exact_save(const ExactSum *sum, Buf *out);
const char *exact_load(ExactSum *sum, const char *bytes, Arena *arena);

#endif
