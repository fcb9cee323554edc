/* distinct.c - SELECT DISTINCT: one pass that keeps the first record of each kind.
 *
 * Each worker keeps a record when it sees its kind for the first time. Kinds that several workers saw, or that came again
 * after the table was spilled, have too many records then: putting the tables together tells which ones came later, and a
 * second pass, over what was kept, drops those.
 */
#include <stdlib.h>

#include "engine/compute.h"
#include "engine/group.h"

/* Kept records of one morsel: numbers [base, base + rows) of its worker. */
typedef struct Span {
  uint64_t seq, base;
  uint32_t part, rows;
  int worker;
} Span;

typedef struct Sieve {
  Keeper keeper;
  bool with_key;
  Table *table;
  size_t table_room, row_room;
  Buf *buffers;          /* of each worker: keys */
  uint64_t *kept;        /* of each worker: records so far */
  pthread_mutex_t lock;  /* of spans */
  Span *spans;
  size_t span_count, span_cap;
  atomic_ullong **late;  /* of each worker: one bit for each record, that it is not the first of its kind */
  atomic_bool any_late;
  uint8_t *lost;         /* one bit for each record, in order of the store */
} Sieve;

enum { WORKER_SHIFT = 48 };

/* The keys of the view's rows: what has to be equal. */
static void put_keys(Sieve *sieve, Worker *worker, View *view, Str *keys) {
  Arena *scratch = &worker->scratch;
  Vector *vectors = arena_raw(scratch, (view->column_count + 1) * sizeof *vectors);
  int *columns = arena_raw(scratch, (view->column_count + 1) * sizeof *columns);
  size_t *ends = arena_raw(scratch, (view->n + 1) * sizeof *ends), count = 0, start = 0;
  Buf *buf = &sieve->buffers[worker->number];
  for (uint32_t c = 0; c < view->column_count; c++) columns[c] = (int)c;
  view_fetch(worker, view, columns, view->column_count);
  if (sieve->with_key) vectors[count++] = *view_keys(worker, view);
  for (uint32_t c = 0; c < view->column_count; c++) vectors[count++] = *view_column(worker, view, c);
  buf->len = 0;
  for (uint32_t i = 0; i < view->n; i++) {
    group_put_key(buf, vectors, count, i);
    ends[i] = buf->len;
  }
  for (uint32_t i = 0; i < view->n; i++) {
    keys[i] = str_make(buf->data + start, ends[i] - start);
    start = ends[i];
  }
}

static DcCode sieve_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Sieve *sieve = (Sieve *)self;
  Arena *scratch = &worker->scratch;
  uint32_t n = view->n, *at = &sieve->keeper.at[worker->number];
  Str *keys = arena_raw(scratch, (n + 1) * sizeof *keys);
  uint64_t *hashes = arena_raw(scratch, (n + 1) * sizeof *hashes), *positions = arena_raw(scratch, (n + 1) * sizeof *positions);
  TableRow **rows = arena_raw(scratch, (n + 1) * sizeof *rows);
  uint8_t *made = arena_raw(scratch, n + 1);
  put_keys(sieve, worker, view, keys);
  for (uint32_t i = 0; i < n; i++) {
    hashes[i] = table_hash(keys[i]);
    positions[i] = position_of(morsel->seq, *at + i);
  }
  *at += n;
  TableBatch batch = {n, keys, hashes, positions, rows, made};
  table_find(sieve->table, worker->number, &batch);
  for (uint32_t i = 0; i < n; i++)
    if (made[i]) *(uint64_t *)row_state(rows[i]) = (uint64_t)worker->number << WORKER_SHIFT | sieve->kept[worker->number]++;
  view_filter(worker, view, made);
  if (!view->n) return DC_OK;
  if (!view->whole && view->key_source == KEY_OF_BATCH && !view->batch->key) { /* the default key is of the record as it was */
    view->key = view_keys(worker, view);
    view->key_source = KEY_VECTOR;
  }
  builder_add(&sieve->keeper.builders[worker->number], worker, view);
  return DC_OK;
}

static DcCode sieve_end(Consumer *self, Worker *worker, const Morsel *morsel) {
  Sieve *sieve = (Sieve *)self;
  Keeper *keeper = &sieve->keeper;
  Builder *builder = &keeper->builders[worker->number];
  Span span = {morsel->seq, sieve->kept[worker->number] - builder->n, morsel->part, builder->n, worker->number};
  Batch *batch = NULL;
  if (!builder->n) return DC_OK;
  DC_TRY(builder_finish(builder, keeper->node->engine, morsel->batch, NULL, GATHER_KEY | GATHER_ORIGINS, &batch, &worker->err));
  store_add(keeper->store, (Piece){.seq = morsel->seq, .batch = batch, .part = morsel->part});
  pthread_mutex_lock(&sieve->lock);
  VEC_GROW(sieve->spans, sieve->span_count, sieve->span_cap);
  sieve->spans[sieve->span_count++] = span;
  pthread_mutex_unlock(&sieve->lock);
  return DC_OK;
}

static size_t store_memory(Store *store) {
  pthread_mutex_lock(&store->lock);
  size_t memory = store->memory;
  pthread_mutex_unlock(&store->lock);
  return memory;
}

static bool sieve_full(Consumer *self) {
  Sieve *sieve = (Sieve *)self;
  const Engine *engine = sieve->keeper.node->engine;
  size_t table = table_memory(sieve->table), rows = store_memory(sieve->keeper.store);
  return table > sieve->table_room || rows > sieve->row_room || (table + rows > 1 << 20 && budget_used(engine->budget) > engine->options.memory);
}

/* Records go before the table does: what it forgets comes again. */
static DcCode sieve_spill(Sieve *sieve, DcError *err) {
  Store *store = sieve->keeper.store;
  bool table = table_memory(sieve->table) > sieve->table_room;
  if (!table && store_memory(store) > sieve->row_room / 4) return store_spill(store, err);
  return table_spill(sieve->table, err);
}

/* --- Which records came later --- */

static void merge_kinds(void *self, int worker, TableRow *into, TableRow *from, bool earlier, Arena *arena) {
  Sieve *sieve = self;
  uint64_t *winner = row_state(into), *other = row_state(from), loser = earlier ? *winner : *other;
  (void)worker, (void)arena;
  if (earlier) *winner = *other;
  uint64_t number = loser & ((UINT64_C(1) << WORKER_SHIFT) - 1);
  atomic_fetch_or_explicit(&sieve->late[loser >> WORKER_SHIFT][number / 64], UINT64_C(1) << (number % 64), memory_order_relaxed);
  atomic_store_explicit(&sieve->any_late, true, memory_order_relaxed);
}

static DcCode emit_kinds(void *self, int worker, TableRow **rows, size_t count, Arena *arena, DcError *err) {
  (void)self, (void)worker, (void)rows, (void)count, (void)arena, (void)err;
  return DC_OK;
}

static int by_place(const void *a, const void *b) {
  const Span *x = a, *y = b;
  if (x->part != y->part) return x->part < y->part ? -1 : 1;
  return (x->seq > y->seq) - (x->seq < y->seq);
}

static DcCode find_late(Sieve *sieve, DcError *err) {
  bool more;
  int threads = pool_threads(sieve->keeper.node->engine->pool);
  sieve->late = dc_alloc((size_t)threads * sizeof *sieve->late);
  for (int i = 0; i < threads; i++) sieve->late[i] = dc_alloc((sieve->kept[i] / 64 + 1) * sizeof **sieve->late);
  DC_TRY(table_finish(sieve->table, &more, err));
  if (!atomic_load(&sieve->any_late)) return DC_OK;
  uint64_t row = 0;
  sieve->lost = dc_alloc(sieve->keeper.store->rows / 8 + 1);
  qsort(sieve->spans, sieve->span_count, sizeof *sieve->spans, by_place);
  for (size_t s = 0; s < sieve->span_count; s++) {
    const Span *span = &sieve->spans[s];
    for (uint32_t i = 0; i < span->rows; i++, row++) {
      uint64_t number = span->base + i;
      if (atomic_load_explicit(&sieve->late[span->worker][number / 64], memory_order_relaxed) >> (number % 64) & 1) sieve->lost[row >> 3] |= (uint8_t)(1u << (row & 7));
    }
  }
  return DC_OK;
}

static void choose_first(void *self, Worker *worker, const Morsel *morsel, View *view, uint32_t at, uint8_t *keep) {
  const Sieve *sieve = self;
  (void)worker;
  for (uint32_t i = 0; i < view->n; i++) {
    uint64_t row = morsel->row + at + i;
    keep[i] = !(sieve->lost[row >> 3] >> (row & 7) & 1);
  }
}

/* The node gets a store of its own again; what was kept is read as a dataset of its own. */
static DcCode drop_late(Sieve *sieve, Dataset *node, DcError *err) {
  Dataset *kept = node_new(node->engine, NODE_STORED, NULL);
  node_schema_like(kept, &node->schema);
  kept->partitions = node->partitions;
  kept->store = node->store;
  kept->done = dc_alloc((size_t)node->partitions + 1);
  memset(kept->done, 1, node->partitions);
  node->store = store_new(node->engine, node->partitions);
  Pass *pass = NULL;
  DcCode code = pass_open(kept, NULL, 0, &pass, err);
  if (code == DC_OK) {
    Keeper keeper;
    keeper_init(&keeper, node, node->store, NULL);
    keeper.choose = choose_first;
    keeper.choose_self = sieve;
    code = run_spilling(pass, &keeper.consumer, node->store, err);
    keeper_free(&keeper);
  }
  pass_close(pass);
  dataset_unref(kept);
  return code;
}

static DcCode fill_sieve(Sieve *sieve, Dataset *input, DcError *err) {
  Pass *pass;
  DC_TRY(pass_open(input, NULL, 0, &pass, err));
  DcCode code = DC_OK;
  for (bool more = true; more && code == DC_OK;) {
    code = pass_run(pass, &sieve->keeper.consumer, &more, err);
    if (code == DC_OK && more) code = sieve_spill(sieve, err);
  }
  pass_close(pass);
  return code;
}

static void sieve_free(Sieve *sieve) {
  int threads = pool_threads(sieve->keeper.node->engine->pool);
  for (int i = 0; i < threads; i++) {
    buf_free(&sieve->buffers[i]);
    if (sieve->late) dc_free((void *)sieve->late[i]);
  }
  table_free(sieve->table);
  keeper_free(&sieve->keeper);
  pthread_mutex_destroy(&sieve->lock);
  dc_free((void *)sieve->late);
  dc_free(sieve->buffers);
  dc_free(sieve->kept);
  dc_free(sieve->spans);
  dc_free(sieve->lost);
}

DcCode compute_distinct(Dataset *node, DcError *err) {
  size_t threads = (size_t)pool_threads(node->engine->pool);
  Sieve sieve = {.with_key = node->distinct_key, .table_room = store_room(node->engine) / 3 * 2, .row_room = store_room(node->engine) / 4};
  keeper_init(&sieve.keeper, node, node->store, NULL);
  sieve.keeper.consumer.rows = sieve_rows;
  sieve.keeper.consumer.end = sieve_end;
  sieve.keeper.consumer.full = sieve_full;
  sieve.keeper.consumer.needs_keys = false;
  TableOps ops = {.self = &sieve, .width = sizeof(uint64_t), .merge = merge_kinds, .emit = emit_kinds};
  sieve.table = table_new(node->engine, &ops);
  sieve.buffers = dc_alloc(threads * sizeof *sieve.buffers);
  sieve.kept = dc_alloc(threads * sizeof *sieve.kept);
  pthread_mutex_init(&sieve.lock, NULL);
  DcCode code = fill_sieve(&sieve, node->input, err);
  if (code == DC_OK) code = find_late(&sieve, err);
  table_free(sieve.table);
  sieve.table = NULL;
  if (code == DC_OK) {
    store_sort(node->store);
    if (sieve.lost) code = drop_late(&sieve, node, err);
  }
  sieve_free(&sieve);
  return code;
}
