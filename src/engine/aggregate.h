/* aggregate.h - what COUNT, SUM, MEDIAN … do: states that take values in any order, and are merged, saved and read.
 *
 * A state is a few words in memory that the caller gives, zeroed; what does not fit there lies in an arena. The result
 * never depends on the order in which values come or states are merged: sums are exact (value/exact.h), and what depends
 * on order (FIRST, ARRAY_AGG) goes by the positions that come with the values.
 */
#ifndef ENGINE_AGGREGATE_H
#define ENGINE_AGGREGATE_H

#include "engine/plan.h"
#include "value/exact.h"

typedef enum AggregateKind {
  AGG_COUNT, AGG_COUNT_IF, AGG_SUM, AGG_AVG, AGG_VARIANCE, AGG_VAR_POP, AGG_STDDEV, AGG_STDDEV_POP,
  AGG_MIN, AGG_MAX, AGG_FIRST, AGG_LAST, AGG_ANY_VALUE, AGG_ARG_MIN, AGG_ARG_MAX,
  AGG_QUANTILE, AGG_ARRAY, AGG_STRING, AGG_BOOL_AND, AGG_BOOL_OR, AGG_MODE, AGG_APPROX_DISTINCT,
} AggregateKind;

/* A call made ready. */
typedef struct Aggregate {
  const AggregateCall *call;
  AggregateKind kind;
  bool distinct;     /* it takes each value once; the caller sees to that (accumulators do it themselves) */
  bool counted;      /* MODE: it takes each value once, with a second argument that says how often it came */
  bool removable;
  size_t width;      /* of its state, a multiple of 8; that of COUNT is a uint64_t */
  size_t value_args; /* arguments that vary: 0 for COUNT(*) */
  double quantile;
  Str separator;
} Aggregate;

/* An error (with the call's position) where an argument is not what the function needs. */
DcCode aggregate_init(Aggregate *aggregate, const AggregateCall *call, DcError *err) DC_MUST_CHECK;
/* Is the function one of these (and not, say, ROW_NUMBER)? */
bool aggregate_known(const Function *function);
/* What the function calculates with: a number, a boolean as 0 or 1, or what a text says; else an error. */
DcCode aggregate_number(const Aggregate *aggregate, Value value, Value *out, DcError *err) DC_MUST_CHECK;
/* Does it calculate with numbers? */
static inline bool aggregate_is_numeric(const Aggregate *aggregate) {
  return (aggregate->kind >= AGG_SUM && aggregate->kind <= AGG_STDDEV_POP) || aggregate->kind == AGG_QUANTILE;
}
/* Adds the values of one record. position: smaller ones come first in the dataset. */
DcCode aggregate_add(const Aggregate *aggregate, void *state, Arena *arena, const Value *args, uint64_t position, DcError *err) DC_MUST_CHECK;
/* Takes out what was added before, if aggregate->removable. */
DcCode aggregate_remove(const Aggregate *aggregate, void *state, Arena *arena, const Value *args, DcError *err) DC_MUST_CHECK;
/* A number that is known to be one: SUM, AVG, variances. */
void aggregate_add_int(const Aggregate *aggregate, void *state, int64_t value, Arena *arena);
void aggregate_add_double(const Aggregate *aggregate, void *state, double value, Arena *arena);
/* from may be used up: its memory has to live as long as that of into. */
void aggregate_merge(const Aggregate *aggregate, void *into, void *from, Arena *arena);
DcCode aggregate_result(const Aggregate *aggregate, const void *state, Arena *arena, Value *out, DcError *err) DC_MUST_CHECK;
void aggregate_save(const Aggregate *aggregate, const void *state, Buf *out);
/* The state from saved bytes; gives their end. */
const char *aggregate_load(const Aggregate *aggregate, void *state, const char *bytes, Arena *arena);

/* One state with its own memory, for values that come one by one in order (window functions). */
typedef struct Accumulator Accumulator;
DcCode accumulator_new(const AggregateCall *call, Accumulator **out, DcError *err) DC_MUST_CHECK;
void accumulator_free(Accumulator *accumulator); /* NULL is fine */
void accumulator_reset(Accumulator *accumulator);
/* args: one for each argument of the call; they are copied where they are kept. */
DcCode accumulator_add(Accumulator *accumulator, const Value *args, DcError *err) DC_MUST_CHECK;
/* Can values that were added be taken out again? COUNT, SUM, AVG, variances … can, exactly. */
bool accumulator_removable(const Accumulator *accumulator);
DcCode accumulator_remove(Accumulator *accumulator, const Value *args, DcError *err) DC_MUST_CHECK;
DcCode accumulator_result(Accumulator *accumulator, Arena *arena, Value *out, DcError *err) DC_MUST_CHECK;

#endif
