/* join_side.h - the rows of one input of a join, laid out by the hash of their keys; what join.c and join_spill.c share. */
#ifndef ENGINE_JOIN_SIDE_H
#define ENGINE_JOIN_SIDE_H

#include "engine/join_table.h"
#include "engine/shuffle.h"

/* A consumer that keeps keys and some columns in a store of JOIN_PARTS partitions. */
typedef struct JoinSide {
  Shuffler shuffler; /* first: the pass sees only this */
  DcCode (*shuffle_begin)(Consumer *self, Worker *worker, const Morsel *morsel);
  DcCode (*shuffle_rows)(Consumer *self, Worker *worker, const Morsel *morsel, View *view);
  Store *store;
  int *columns;        /* of the input, those that are kept */
  uint32_t column_count;
  bool with_nulls;     /* rows without a key are kept too */
  bool ordered;        /* two more columns: the row's place in the input's order, and the partition it came from */
  uint32_t *at;        /* of each worker: rows of the morsel so far */
  atomic_uint classes; /* join_classes() of all keys */
} JoinSide;

/* what: GATHER_ORIGINS or 0. needed: one byte a column of the input; NULL: all. */
void join_side_init(JoinSide *side, Dataset *input, const uint8_t *needed, bool with_nulls, bool ordered, int what);
void join_side_free(JoinSide *side); /* also the store */
/* Where each of the input's columns is among those kept: heap, -1: it is not. */
int *join_side_places(const JoinSide *side, uint32_t columns);

/* What a join is about. */
typedef struct JoinShape {
  Dataset *node;
  uint32_t kept_side;            /* number of the input that is kept */
  bool anti, outer, left;        /* left: rows without partner stay */
  uint32_t width;                /* columns of the result */
  uint32_t kept_first, kept_count, other_first, other_count;
  const uint32_t *parts;         /* partitions of the result that are asked for, lent */
  uint32_t part_count;
} JoinShape;
JoinShape join_shape(Dataset *node, const uint32_t *parts, uint32_t count);
/* The columns of an input that are needed: inside of needed, which may be NULL. */
const uint8_t *join_needed(const JoinShape *shape, uint32_t input, const uint8_t *needed, uint8_t *none);
void join_warn_classes(const JoinShape *shape, unsigned kept, unsigned other);

/* Views of joined rows on their way out, at most CHUNK_ROWS at a time. */
typedef struct JoinEmit {
  const JoinShape *shape;
  const JoinTable *table;
  const int *places;     /* of the other side's columns in the table; -1: not there */
  Worker *worker;
  View *view;            /* of the kept side; its columns are the kept_count first */
  EmitFn emit;
  void *self;
  uint32_t *picked;
  uint64_t *refs;
  uint32_t n, most;
} JoinEmit;
void join_emit_start(JoinEmit *emit);
DcCode join_emit_flush(JoinEmit *emit) DC_MUST_CHECK;
static inline DcCode join_emit_add(JoinEmit *emit, uint32_t row, uint64_t ref) {
  emit->picked[emit->n] = row;
  emit->refs[emit->n++] = ref;
  return emit->n == emit->most ? join_emit_flush(emit) : DC_OK;
}

/* join_rest.c: the rows of the other side that found no partner, as rows of the result, partition by partition. refs are
   all of them, in any order; taken over (dc_alloc). The table and places stay as they are until the generator is closed. */
typedef struct JoinRest {
  uint64_t place; /* in the other side's order */
  uint64_t ref;
  uint32_t part;
} JoinRest;
Generator *join_rest_new(const JoinShape *shape, const JoinTable *table, const int *places, JoinRest *rows, size_t count);

#endif
