/* accumulator.c - one aggregate over values that come one by one. DISTINCT and MODE keep the values, and sort them when
 * the result is wanted. */
#include <stdlib.h>

#include "engine/aggregate.h"

typedef struct Taken {
  Value value;
  uint64_t position;
  uint64_t count;
} Taken;

struct Accumulator {
  Aggregate aggregate;
  AggregateCall call;
  Arena arena;
  void *state;
  uint64_t position;
  Taken *taken; /* DISTINCT, MODE */
  size_t count, cap;
};

DcCode accumulator_new(const AggregateCall *call, Accumulator **out, DcError *err) {
  Accumulator *accumulator = dc_alloc(sizeof *accumulator);
  accumulator->call = *call;
  DcCode code = aggregate_init(&accumulator->aggregate, &accumulator->call, err);
  if (code != DC_OK) {
    dc_free(accumulator);
    return code;
  }
  accumulator->state = dc_alloc(accumulator->aggregate.width);
  *out = accumulator;
  return DC_OK;
}

void accumulator_free(Accumulator *accumulator) {
  if (!accumulator) return;
  arena_free(&accumulator->arena);
  dc_free(accumulator->state);
  dc_free(accumulator->taken);
  dc_free(accumulator);
}

void accumulator_reset(Accumulator *accumulator) {
  memset(accumulator->state, 0, accumulator->aggregate.width);
  arena_reset(&accumulator->arena);
  accumulator->position = 0;
  accumulator->count = 0;
}

DcCode accumulator_add(Accumulator *accumulator, const Value *args, DcError *err) {
  const Aggregate *aggregate = &accumulator->aggregate;
  uint64_t position = accumulator->position++;
  if (!aggregate->distinct && !aggregate->counted) return aggregate_add(aggregate, accumulator->state, &accumulator->arena, args, position, err);
  if (value_is_null(args[0])) return DC_OK;
  VEC_GROW(accumulator->taken, accumulator->count, accumulator->cap);
  accumulator->taken[accumulator->count++] = (Taken){value_copy(&accumulator->arena, args[0]), position, 1};
  return DC_OK;
}

bool accumulator_removable(const Accumulator *accumulator) { return accumulator->aggregate.removable; }

DcCode accumulator_remove(Accumulator *accumulator, const Value *args, DcError *err) {
  return aggregate_remove(&accumulator->aggregate, accumulator->state, &accumulator->arena, args, err);
}

static int by_value(const void *a, const void *b) {
  const Taken *x = a, *y = b;
  int order = value_total_order(x->value, y->value);
  return order ? order : (x->position > y->position) - (x->position < y->position);
}

static int by_position(const void *a, const void *b) {
  const Taken *x = a, *y = b;
  return (x->position > y->position) - (x->position < y->position);
}

/* Every value once, in order of first occurrence. */
static DcCode distinct_result(Accumulator *accumulator, Arena *arena, Value *out, DcError *err) {
  const Aggregate *aggregate = &accumulator->aggregate;
  Taken *taken = accumulator->taken;
  size_t kept = 0;
  if (accumulator->count) qsort(taken, accumulator->count, sizeof *taken, by_value);
  for (size_t i = 0; i < accumulator->count; i++) {
    if (kept && value_total_order(taken[kept - 1].value, taken[i].value) == 0) taken[kept - 1].count += taken[i].count;
    else taken[kept++] = taken[i];
  }
  accumulator->count = kept;
  if (kept) qsort(taken, kept, sizeof *taken, by_position);
  memset(accumulator->state, 0, aggregate->width);
  for (size_t i = 0; i < kept; i++) {
    Value args[2] = {taken[i].value, value_int((int64_t)taken[i].count)};
    DC_TRY(aggregate_add(aggregate, accumulator->state, &accumulator->arena, args, taken[i].position, err));
  }
  return aggregate_result(aggregate, accumulator->state, arena, out, err);
}

DcCode accumulator_result(Accumulator *accumulator, Arena *arena, Value *out, DcError *err) {
  const Aggregate *aggregate = &accumulator->aggregate;
  if (aggregate->distinct || aggregate->counted) return distinct_result(accumulator, arena, out, err);
  return aggregate_result(aggregate, accumulator->state, arena, out, err);
}
