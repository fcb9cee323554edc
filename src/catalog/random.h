/* random.h - counter-based random numbers: the same seed, statement and row give the same number in every run. */
#ifndef CATALOG_RANDOM_H
#define CATALOG_RANDOM_H

#include "catalog/catalog.h"

/* 64 random bits for a place. A mix by the finisher of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t random_step(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}
static inline uint64_t random_mix(uint64_t seed, uint64_t statement, uint64_t origin) {
  return random_step(random_step(random_step(seed) ^ statement) ^ origin);
}

/* For a record its origin counts, in loose context cx->random_calls (advance it after use), in a transform both. */
uint64_t random_u64(const CallContext *cx);

/* RANDOM n from 64 random bits: 0 … n-1, for negative n -(|n|-1) … 0, for 0 always 0. */
static inline int64_t random_below(uint64_t bits, int64_t n) {
  uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
  uint64_t value = (uint64_t)((unsigned __int128)bits * size >> 64);
  return n < 0 ? -(int64_t)value : (int64_t)value;
}

#endif
