/* sketch.c - HyperLogLog. */
#include "engine/sketch.h"

#include <math.h>

enum { BITS = 12, REGISTERS = 1 << BITS, RANKS = 64 - BITS, MOST_FEW = 256 };

static void put_register(uint8_t *registers, uint32_t number, uint8_t rank) {
  if (registers[number] < rank) registers[number] = rank;
}

static void make_dense(Sketch *sketch, Arena *arena) {
  sketch->registers = arena_alloc(arena, REGISTERS);
  for (uint32_t i = 0; i < sketch->count; i++) put_register(sketch->registers, sketch->few[i] >> 8, (uint8_t)sketch->few[i]);
}

static void put(Sketch *sketch, uint32_t number, uint8_t rank, Arena *arena) {
  if (sketch->registers) {
    put_register(sketch->registers, number, rank);
    return;
  }
  for (uint32_t i = 0; i < sketch->count; i++) {
    if (sketch->few[i] >> 8 != number) continue;
    if ((sketch->few[i] & 0xFF) < rank) sketch->few[i] = number << 8 | rank;
    return;
  }
  if (sketch->count == MOST_FEW) {
    make_dense(sketch, arena);
    put_register(sketch->registers, number, rank);
    return;
  }
  if (sketch->count == sketch->cap) {
    uint32_t cap = sketch->cap ? sketch->cap * 4 : 4, *more = arena_raw(arena, cap * sizeof *more);
    if (sketch->count) memcpy(more, sketch->few, sketch->count * sizeof *more);
    sketch->few = more;
    sketch->cap = cap;
  }
  sketch->few[sketch->count++] = number << 8 | rank;
}

void sketch_add(Sketch *sketch, uint64_t hash, Arena *arena) {
  uint64_t rest = hash << BITS;
  put(sketch, (uint32_t)(hash >> RANKS), (uint8_t)(rest ? __builtin_clzll(rest) + 1 : RANKS + 1), arena);
}

void sketch_merge(Sketch *into, const Sketch *from, Arena *arena) {
  if (from->registers && !into->registers) make_dense(into, arena);
  for (uint32_t i = 0; from->registers && i < REGISTERS; i++) put_register(into->registers, i, from->registers[i]);
  for (uint32_t i = 0; !from->registers && i < from->count; i++) put(into, from->few[i] >> 8, (uint8_t)from->few[i], arena);
}

/* Ertl's sigma and tau: what registers that are empty, and full, tell. */
static double sigma(double x) {
  if (x == 1) return (double)INFINITY;
  double y = 1, z = x;
  for (double last = -1; last != z;) {
    last = z;
    x *= x;
    z += x * y;
    y += y;
  }
  return z;
}

static double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1, z = 1 - x;
  for (double last = -1; last != z;) {
    last = z;
    x = sqrt(x);
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

uint64_t sketch_estimate(const Sketch *sketch) {
  uint32_t counts[RANKS + 2] = {0};
  for (uint32_t i = 0; sketch->registers && i < REGISTERS; i++) counts[sketch->registers[i]]++;
  for (uint32_t i = 0; !sketch->registers && i < sketch->count; i++) counts[sketch->few[i] & 0xFF]++;
  if (!sketch->registers) counts[0] = REGISTERS - sketch->count;
  double m = REGISTERS, z = m * tau(1 - counts[RANKS + 1] / m);
  for (int rank = RANKS; rank >= 1; rank--) z = 0.5 * (z + counts[rank]);
  z += m * sigma(counts[0] / m);
  return (uint64_t)llround(m * m / (2 * M_LN2) / z);
}

void sketch_save(const Sketch *sketch, Buf *out) {
  buf_char(out, sketch->registers != NULL);
  if (sketch->registers) {
    buf_put(out, sketch->registers, REGISTERS);
    return;
  }
  buf_put(out, &sketch->count, sizeof sketch->count);
  buf_put(out, sketch->few, sketch->count * sizeof *sketch->few);
}

const char *sketch_load(Sketch *sketch, const char *bytes, Arena *arena) {
  memset(sketch, 0, sizeof *sketch);
  if (*bytes++) {
    sketch->registers = arena_raw(arena, REGISTERS);
    memcpy(sketch->registers, bytes, REGISTERS);
    return bytes + REGISTERS;
  }
  memcpy(&sketch->count, bytes, sizeof sketch->count);
  bytes += sizeof sketch->count;
  sketch->cap = sketch->count;
  size_t size = sketch->count * sizeof *sketch->few;
  sketch->few = arena_raw(arena, size + 1);
  if (size) memcpy(sketch->few, bytes, size);
  return bytes + size;
}
