/* join_rest.c - what an OUTER join has left over: rows of the second input that found no partner. */
#include <stdlib.h>

#include "engine/join_side.h"

enum { MORSEL_ROWS = 1 << 14 };

typedef struct Rest {
  Generator generator;
  JoinShape shape;
  const JoinTable *table;
  const int *places;
  JoinRest *rows;  /* by partition, then by place */
  size_t count;
  uint32_t *morsels; /* first row of each */
  size_t morsel_count, morsel_cap;
  atomic_size_t next;
} Rest;

static DcCode make_batch(const Rest *rest, Worker *worker, size_t from, uint32_t n, Batch **out, DcError *err) {
  const JoinShape *shape = &rest->shape;
  uint64_t *refs = arena_raw(&worker->scratch, (n + 1) * sizeof *refs);
  int *places = arena_raw(&worker->scratch, ((size_t)shape->width + 1) * sizeof *places);
  for (uint32_t c = 0; c < shape->width; c++) places[c] = -1; /* the kept side's are NULL */
  for (uint32_t c = 0; c < shape->other_count; c++) places[shape->other_first + c] = rest->places[c];
  for (uint32_t i = 0; i < n; i++) refs[i] = rest->rows[from + i].ref;
  return join_rows_batch(worker, rest->table, places, shape->width, refs, n, out, err);
}

static DcCode rest_next(Generator *self, int number, Morsel *morsel, Batch **owned, bool *got, DcError *err) {
  Rest *rest = (Rest *)self;
  size_t at = atomic_fetch_add(&rest->next, 1);
  *got = at < rest->morsel_count;
  if (!*got) return DC_OK;
  size_t from = rest->morsels[at], to = at + 1 < rest->morsel_count ? rest->morsels[at + 1] : rest->count;
  Worker worker;
  worker_init(&worker, rest->shape.node->engine, number);
  DcCode code = make_batch(rest, &worker, from, (uint32_t)(to - from), owned, err);
  worker_free(&worker);
  if (code != DC_OK) return code;
  *morsel = (Morsel){.seq = at, .part = rest->rows[from].part, .batch = *owned, .to = (*owned)->rows};
  return DC_OK;
}

static void rest_close(Generator *self) {
  Rest *rest = (Rest *)self;
  dc_free(rest->rows);
  dc_free(rest->morsels);
  dc_free(rest);
}

static int by_place(const void *a, const void *b) {
  const JoinRest *x = a, *y = b;
  if (x->part != y->part) return x->part < y->part ? -1 : 1;
  return (x->place > y->place) - (x->place < y->place);
}

static void set_parts(Rest *rest) {
  enum { STEP = 1024 };
  Worker worker;
  uint64_t refs[STEP];
  Value keys[STEP];
  worker_init(&worker, rest->shape.node->engine, 0);
  for (size_t from = 0; from < rest->count; from += STEP) {
    uint32_t n = rest->count - from < STEP ? (uint32_t)(rest->count - from) : STEP;
    for (uint32_t i = 0; i < n; i++) refs[i] = rest->rows[from + i].ref;
    join_gather_keys(&worker, rest->table, refs, n, keys);
    for (uint32_t i = 0; i < n; i++) rest->rows[from + i].part = value_is_null(keys[i]) ? 0 : value_partition(keys[i], rest->shape.node->partitions);
    arena_reset(&worker.scratch);
  }
  worker_free(&worker);
}

Generator *join_rest_new(const JoinShape *shape, const JoinTable *table, const int *places, JoinRest *rows, size_t count) {
  Rest *rest = dc_alloc(sizeof *rest);
  rest->generator = (Generator){rest_next, rest_close};
  rest->shape = *shape;
  rest->table = table;
  rest->places = places;
  rest->rows = rows;
  rest->count = count;
  set_parts(rest);
  qsort(rows, count, sizeof *rows, by_place);
  for (size_t i = 0; i < count; i++) {
    bool first = !i || rows[i].part != rows[i - 1].part || i - rest->morsels[rest->morsel_count - 1] == MORSEL_ROWS;
    if (!first) continue;
    VEC_GROW(rest->morsels, rest->morsel_count, rest->morsel_cap);
    rest->morsels[rest->morsel_count++] = (uint32_t)i;
  }
  return &rest->generator;
}
