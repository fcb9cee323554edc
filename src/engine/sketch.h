/* sketch.h - how many different values there are, estimated in 4 KiB: HyperLogLog with 64-bit hashes.
 *
 * Flajolet et al., "HyperLogLog" (2007); 64-bit hashes and a list of entries while they are few as in Heule et al.,
 * "HyperLogLog in Practice" (2013, HLL++); the estimate by Ertl, "New cardinality estimation algorithms for HyperLogLog
 * sketches" (2017), which needs no tables of corrections. 4,096 registers: a standard error of 1.6 %. The same values give
 * the same registers, whatever their order.
 */
#ifndef ENGINE_SKETCH_H
#define ENGINE_SKETCH_H

#include "base/mem.h"

/* All-zero is empty. */
typedef struct Sketch {
  uint8_t *registers; /* NULL while few holds them */
  uint32_t *few;      /* number << 8 | rank of the registers that are not 0, in no order */
  uint32_t count, cap;
} Sketch;

void sketch_add(Sketch *sketch, uint64_t hash, Arena *arena);
void sketch_merge(Sketch *into, const Sketch *from, Arena *arena);
uint64_t sketch_estimate(const Sketch *sketch);
void sketch_save(const Sketch *sketch, Buf *out);
const char *sketch_load(Sketch *sketch, const char *bytes, Arena *arena);

#endif
