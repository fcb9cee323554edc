/* powers_of_ten.h - 128-bit powers of ten for reading and printing doubles. */
#ifndef VALUE_POWERS_OF_TEN_H
#define VALUE_POWERS_OF_TEN_H

#include <stdint.h>

enum { POWER_OF_TEN_MIN = -342, POWER_OF_TEN_MAX = 324 };

typedef struct PowerOfTen {
  uint64_t high, low;
} PowerOfTen;

extern const PowerOfTen powers_of_ten[POWER_OF_TEN_MAX - POWER_OF_TEN_MIN + 1];

static inline PowerOfTen power_of_ten(int q) { return powers_of_ten[q - POWER_OF_TEN_MIN]; }

#endif
