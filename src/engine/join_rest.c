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

/* All columns of rows [from, to) of the rest; the kept side's are NULL. */
static DcCode make_batch(const Rest *rest, Worker *worker, size_t from, uint32_t n, Batch **out, DcError *err) {
  const JoinShape *shape = &rest->shape;
  Arena *arena = &worker->scratch;
  uint64_t *refs = arena_raw(arena, (n + 1) * sizeof *refs), *origins = arena_raw(arena, (n + 1) * sizeof *origins);
  Value *keys = arena_raw(arena, (n + 1) * sizeof *keys);
  ColumnBuilder *builders = dc_alloc(((size_t)shape->width + 1) * sizeof *builders);
  for (uint32_t i = 0; i < n; i++) {
    refs[i] = rest->rows[from + i].ref;
    origins[i] = batch_origin(rest->table->pieces[refs[i] >> 32].batch, (uint32_t)refs[i]);
  }
  join_gather_keys(worker, rest->table, refs, n, keys);
  Gather gather = {join_gather, rest->table, refs};
  for (uint32_t c = 0; c <= shape->width; c++) {
    column_builder_init(&builders[c]);
    bool other = c >= shape->other_first && c - shape->other_first < shape->other_count && rest->places[c - shape->other_first] >= 0;
    Vector vector = {.kind = VEC_NULL};
    if (c == shape->width) vector = (Vector){.kind = VEC_ANY, .as.values = keys};
    else if (other) join_gather(worker, &gather, (uint32_t)rest->places[c - shape->other_first], n, &vector);
    for (uint32_t i = 0; i < n; i++) column_builder_add(&builders[c], vector_value(&vector, i));
  }
  DcCode code = batch_from_builders(shape->node->engine->budget, builders, shape->width, &builders[shape->width], origins, 0, n, out, err);
  for (uint32_t c = 0; c <= shape->width; c++) column_builder_free(&builders[c]);
  dc_free(builders);
  return code;
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
