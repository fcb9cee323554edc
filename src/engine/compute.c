/* compute.c - computing the stores of nodes. */
#include <stdlib.h>

#include "catalog/random.h"
#include "engine/compute.h"
#include "engine/shuffle.h"
#include "engine/system.h"

/* --- Keeping rows partition by partition --- */

static DcCode keeper_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  Keeper *keeper = (Keeper *)self;
  (void)morsel;
  builder_start(&keeper->builders[worker->number]);
  keeper->at[worker->number] = 0;
  return DC_OK;
}

static DcCode keeper_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Keeper *keeper = (Keeper *)self;
  if (keeper->choose) {
    uint8_t *keep = arena_alloc(&worker->scratch, view->n + 1);
    uint32_t n = view->n;
    keeper->choose(keeper->choose_self, worker, morsel, view, keeper->at[worker->number], keep);
    keeper->at[worker->number] += n;
    view_filter(worker, view, keep);
  }
  builder_add(&keeper->builders[worker->number], worker, view);
  return DC_OK;
}

static DcCode keeper_end(Consumer *self, Worker *worker, const Morsel *morsel) {
  Keeper *keeper = (Keeper *)self;
  Builder *builder = &keeper->builders[worker->number];
  if (!builder->n) return DC_OK;
  Batch *batch = NULL;
  DC_TRY(builder_finish(builder, keeper->node->engine, morsel->batch, NULL, GATHER_KEY | GATHER_ORIGINS, &batch, &worker->err));
  store_add(keeper->store, (Piece){.seq = morsel->seq, .batch = batch, .part = keeper->parts ? keeper->parts[morsel->part] : morsel->part});
  return DC_OK;
}

static bool keeper_full(Consumer *self) {
  Keeper *keeper = (Keeper *)self;
  pthread_mutex_lock(&keeper->store->lock);
  bool full = keeper->store->memory >= keeper->room || (keeper->enough && keeper->store->rows >= keeper->enough);
  pthread_mutex_unlock(&keeper->store->lock);
  return full || budget_used(keeper->node->engine->budget) > keeper->node->engine->options.memory;
}

void keeper_init(Keeper *keeper, Dataset *node, Store *store, const uint32_t *parts) {
  size_t threads = (size_t)pool_threads(node->engine->pool);
  *keeper = (Keeper){.consumer = {keeper_begin, keeper_rows, keeper_end, keeper_full, 0, true, NULL}, .node = node, .store = store, .parts = parts};
  keeper->builders = dc_alloc(threads * sizeof *keeper->builders);
  keeper->at = dc_alloc(threads * sizeof *keeper->at);
  keeper->room = store_room(node->engine);
}

void keeper_free(Keeper *keeper) {
  for (int i = 0; i < pool_threads(keeper->node->engine->pool); i++) builder_free(&keeper->builders[i]);
  dc_free(keeper->builders);
  dc_free(keeper->at);
}

DcCode run_spilling(Pass *pass, Consumer *consumer, Store *store, DcError *err) {
  for (bool more = true; more;) {
    DC_TRY(pass_run(pass, consumer, &more, err));
    if (more) DC_TRY(store_spill_some(store, err));
  }
  store_sort(store);
  return DC_OK;
}

static void need_store(Dataset *node) {
  if (node->store) return;
  node->store = store_new(node->engine, node->partitions);
  node->done = dc_alloc((size_t)node->partitions + 1);
}

/* A source or narrow node: only the partitions that are wanted and not there yet. */
static DcCode compute_narrow(Dataset *node, const uint32_t *parts, uint32_t count, DcError *err) {
  need_store(node);
  uint32_t *missing = dc_alloc(((size_t)count + 1) * sizeof *missing), n = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t part = parts ? parts[i] : i;
    if (part == NO_PART || node->done[part]) continue;
    node->done[part] = 1;
    missing[n++] = part;
  }
  Pass *pass = NULL;
  DcCode code = n ? pass_open_below(node, missing, n, &pass, err) : DC_OK;
  if (pass) {
    Keeper keeper;
    keeper_init(&keeper, node, node->store, missing);
    code = run_spilling(pass, &keeper.consumer, node->store, err);
    keeper_free(&keeper);
  }
  for (uint32_t i = 0; code != DC_OK && i < n; i++) node->done[missing[i]] = 0;
  pass_close(pass);
  dc_free(missing);
  if (code == DC_OK && node->kind == NODE_NARROW && dataset_computed(node)) { /* what it rests on is not needed any more */
    dataset_unref(node->input);
    node->input = NULL;
  }
  return code;
}

DcCode compute_made(Dataset *node, DcError *err) {
  Pass *pass;
  DC_TRY(pass_open_below(node, NULL, 0, &pass, err));
  Keeper keeper;
  keeper_init(&keeper, node, node->store, NULL);
  DcCode code = run_spilling(pass, &keeper.consumer, node->store, err);
  keeper_free(&keeper);
  pass_close(pass);
  return code;
}

static DcCode compute_shuffle(Dataset *node, DcError *err) {
  Pass *pass;
  DC_TRY(pass_open(node->input, NULL, 0, &pass, err));
  Shuffler shuffler;
  shuffler_init(&shuffler, node->engine, node->store, GATHER_KEY | GATHER_ORIGINS, store_room(node->engine));
  DcCode code = run_spilling(pass, &shuffler.consumer, node->store, err);
  shuffler_free(&shuffler);
  pass_close(pass);
  return code;
}

/* --- Re-cutting --- */

typedef struct Recutter {
  Keeper keeper;
  uint64_t total;
  uint32_t partitions;
} Recutter;

/* First row of partition p when total rows are cut into n. */
static uint64_t bound(uint64_t total, uint32_t p, uint32_t n) { return (uint64_t)((unsigned __int128)total * p / n); }

static DcCode recut_end(Consumer *self, Worker *worker, const Morsel *morsel) {
  Recutter *cutter = (Recutter *)self;
  Keeper *keeper = &cutter->keeper;
  Builder *builder = &keeper->builders[worker->number];
  uint32_t n = builder->n;
  if (!n) return DC_OK;
  uint32_t *starts = dc_alloc(((size_t)cutter->partitions + 1) * sizeof *starts);
  for (uint32_t p = 0; p <= cutter->partitions; p++) {
    uint64_t first = bound(cutter->total, p, cutter->partitions);
    starts[p] = first <= morsel->row ? 0 : first - morsel->row < n ? (uint32_t)(first - morsel->row) : n;
  }
  Batch *batch = NULL;
  DcCode code = builder_finish(builder, keeper->node->engine, morsel->batch, NULL, GATHER_KEY | GATHER_ORIGINS, &batch, &worker->err);
  if (code == DC_OK) store_add(keeper->store, (Piece){.seq = morsel->seq, .batch = batch, .starts = starts, .count = cutter->partitions});
  else dc_free(starts);
  return code;
}

DcCode input_stored(Dataset *node, Dataset **out, DcError *err) {
  Dataset *input = node->input;
  if (input->kind == NODE_CHOOSE || input->kind == NODE_UNION) { /* these have no store of their own: an empty filter over them has */
    input = node_new(node->engine, NODE_NARROW, dataset_ref(input));
    input->op.program = program_new(node->engine);
    dataset_unref(node->input);
    node->input = input;
  }
  DC_TRY(node_compute(input, NULL, input->partitions, err));
  *out = input;
  return DC_OK;
}

static DcCode compute_recut(Dataset *node, DcError *err) {
  Dataset *input;
  DC_TRY(input_stored(node, &input, err));
  Pass *pass;
  DC_TRY(pass_open(input, NULL, 0, &pass, err));
  Recutter cutter = {.total = input->store->rows, .partitions = node->partitions};
  keeper_init(&cutter.keeper, node, node->store, NULL);
  cutter.keeper.consumer.end = recut_end;
  DcCode code = run_spilling(pass, &cutter.keeper.consumer, node->store, err);
  keeper_free(&cutter.keeper);
  pass_close(pass);
  return code;
}

/* --- LIMIT, SAMPLE --- */

/* The first rows of a store, in order; the rest is dropped. */
static DcCode trim_store(Store *store, uint64_t limit, DcError *err) {
  store_sort(store);
  uint64_t seen = 0;
  size_t kept = 0;
  for (size_t i = 0; i < store->piece_count; i++) {
    Piece *piece = &store->pieces[i];
    uint32_t rows = piece->batch->rows;
    if (seen >= limit) {
      store->part_rows[piece->part] -= rows;
      batch_unref(piece->batch);
      continue;
    }
    if (seen + rows > limit) {
      BatchSlice slice = {piece->batch, 0, (uint32_t)(limit - seen)};
      Batch *cut;
      DC_TRY(batch_concat(store->engine->budget, &slice, 1, GATHER_KEY | GATHER_ORIGINS, &cut, err));
      store->part_rows[piece->part] -= rows - slice.to;
      batch_unref(piece->batch);
      piece->batch = cut;
      rows = slice.to;
    }
    seen += rows;
    store->pieces[kept++] = *piece;
  }
  store->piece_count = kept;
  store->rows = seen;
  return DC_OK;
}

static DcCode compute_limit(Dataset *node, DcError *err) {
  if (!node->limit) return DC_OK;
  Pass *pass;
  DC_TRY(pass_open(node->input, NULL, 0, &pass, err));
  Keeper keeper;
  keeper_init(&keeper, node, node->store, NULL);
  keeper.enough = node->limit;
  DcCode code = DC_OK;
  for (bool more = true; more && code == DC_OK && node->store->rows < node->limit;) {
    code = pass_run(pass, &keeper.consumer, &more, err);
    if (code == DC_OK && more && node->store->rows < node->limit) code = store_spill(node->store, err);
  }
  if (code == DC_OK) {
    uint64_t spilled = 0; /* rows on disk come first and are all wanted */
    for (size_t r = 0; r < node->store->run_count; r++)
      for (uint32_t e = 0; e < node->store->runs[r].first[node->partitions]; e++) spilled += node->store->runs[r].extents[e].rows;
    code = trim_store(node->store, node->limit - spilled, err);
    node->store->rows += spilled;
    if (node->store->rows == node->limit) system_cut(node->input);
  }
  keeper_free(&keeper);
  pass_close(pass);
  return code;
}

typedef struct Sampler {
  Consumer consumer;
  Keeper keeper;
  uint64_t wanted, threshold, statement, seed;
  uint64_t **heaps; /* of each worker: the smallest priorities, largest first */
  size_t *counts;
} Sampler;

static void heap_put(uint64_t *heap, size_t *count, size_t cap, uint64_t value) {
  size_t at;
  if (*count < cap) {
    for (at = (*count)++; at > 0 && heap[(at - 1) / 2] < value; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = value;
    return;
  }
  if (!cap || value >= heap[0]) return;
  for (at = 0;;) {
    size_t child = at * 2 + 1;
    if (child >= *count) break;
    if (child + 1 < *count && heap[child + 1] > heap[child]) child++;
    if (heap[child] <= value) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = value;
}

/* Of a row by its place in the stored input, which no two rows share: partitions may be chosen twice. */
static uint64_t priority(const Sampler *sampler, const Morsel *morsel, const View *view, uint32_t i) {
  return random_mix(sampler->seed, sampler->statement, morsel->row + view_row(view, i) - morsel->from);
}

static DcCode sampler_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Sampler *sampler = (Sampler *)self;
  uint64_t *heap = sampler->heaps[worker->number];
  for (uint32_t i = 0; i < view->n; i++) heap_put(heap, &sampler->counts[worker->number], sampler->wanted, priority(sampler, morsel, view, i));
  return DC_OK;
}

static void sampler_choose(void *self, Worker *worker, const Morsel *morsel, View *view, uint32_t at, uint8_t *keep) {
  const Sampler *sampler = self;
  (void)worker;
  (void)at;
  for (uint32_t i = 0; i < view->n; i++) keep[i] = priority(sampler, morsel, view, i) <= sampler->threshold;
}

/* Exactly n random rows: those with the n smallest hashes of their places. */
static DcCode compute_sample(Dataset *node, DcError *err) {
  Dataset *input;
  DC_TRY(input_stored(node, &input, err));
  int threads = pool_threads(node->engine->pool);
  Sampler sampler = {.consumer = {NULL, sampler_rows, NULL, NULL, 0, false, NULL}, .seed = node->engine->options.seed, .statement = (uint64_t)node->statement};
  sampler.wanted = node->limit < input->store->rows ? node->limit : input->store->rows;
  if (!sampler.wanted) return DC_OK;
  sampler.heaps = dc_alloc((size_t)threads * sizeof *sampler.heaps);
  sampler.counts = dc_alloc((size_t)threads * sizeof *sampler.counts);
  for (int i = 0; i < threads; i++) sampler.heaps[i] = dc_alloc(sampler.wanted * sizeof(uint64_t));
  Pass *pass = NULL;
  DcCode code = pass_open(input, NULL, 0, &pass, err);
  if (code == DC_OK) code = pass_run(pass, &sampler.consumer, NULL, err);
  pass_close(pass);
  for (int i = 1; i < threads; i++)
    for (size_t k = 0; k < sampler.counts[i]; k++) heap_put(sampler.heaps[0], &sampler.counts[0], sampler.wanted, sampler.heaps[i][k]);
  sampler.threshold = sampler.heaps[0][0];
  pass = NULL;
  if (code == DC_OK) code = pass_open(input, NULL, 0, &pass, err);
  if (code == DC_OK) {
    Keeper keeper;
    keeper_init(&keeper, node, node->store, NULL);
    keeper.choose = sampler_choose;
    keeper.choose_self = &sampler;
    code = run_spilling(pass, &keeper.consumer, node->store, err);
    keeper_free(&keeper);
  }
  pass_close(pass);
  for (int i = 0; i < threads; i++) dc_free(sampler.heaps[i]);
  dc_free(sampler.heaps);
  dc_free(sampler.counts);
  return code;
}

/* --- COUNT(*) --- */

typedef struct Counter {
  Consumer consumer;
  atomic_ullong rows;
} Counter;

static DcCode counter_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  (void)worker;
  (void)morsel;
  atomic_fetch_add(&((Counter *)self)->rows, view->n);
  return DC_OK;
}

static DcCode compute_count(Dataset *node, DcError *err) {
  uint64_t rows = 0;
  if (!dataset_rows(node->input, &rows)) {
    Pass *pass;
    DC_TRY(pass_open(node->input, NULL, 0, &pass, err));
    const uint8_t *none = arena_alloc(&node->arena, (size_t)node->input->schema.count + 1);
    Counter counter = {.consumer = {NULL, counter_rows, NULL, NULL, 0, false, none}};
    DcCode code = pass_run(pass, &counter.consumer, NULL, err);
    pass_close(pass);
    if (code != DC_OK) return code;
    rows = atomic_load(&counter.rows);
  }
  ColumnBuilder builder;
  Batch *batch = NULL;
  SourceInfo info = {.made = true};
  column_builder_init(&builder);
  column_builder_add(&builder, value_int((int64_t)rows));
  DcCode code = batch_from_builders(node->engine->budget, &builder, 1, NULL, NULL, origin_make(engine_source(node->engine, &info), 0), 1, &batch, err);
  column_builder_free(&builder);
  if (code == DC_OK) store_add(node->store, (Piece){.batch = batch});
  return code;
}

/* --- All kinds --- */

static DcCode compute_breaker(Dataset *node, DcError *err) {
  switch (node->kind) {
    case NODE_SHUFFLE: return compute_shuffle(node, err);
    case NODE_RECUT: return compute_recut(node, err);
    case NODE_DISTINCT: return compute_distinct(node, err);
    case NODE_LIMIT: return node->limit_kind == SAMPLE_ROWS ? compute_sample(node, err) : compute_limit(node, err);
    case NODE_COUNT: return compute_count(node, err);
    case NODE_GROUP: return compute_group(node, err);
    case NODE_SORT:
    case NODE_JOIN: return compute_made(node, err);
    case NODE_WINDOW: return compute_window(node, err);
    case NODE_UNION_XOR:
    case NODE_UNION_AND: return compute_union_set(node, err);
    case NODE_TRANSFORM: return compute_transform(node, err);
    case NODE_SOURCE:
    case NODE_NARROW:
    case NODE_CHOOSE:
    case NODE_UNION:
    case NODE_STORED: break;
  }
  return DC_OK;
}

DcCode node_compute(Dataset *node, const uint32_t *parts, uint32_t count, DcError *err) {
  if (node->kind == NODE_STORED || node->kind == NODE_CHOOSE || node->kind == NODE_UNION) return DC_OK;
  if (!node_is_breaker(node) && node->kind != NODE_JOIN) return compute_narrow(node, parts, count, err);
  if (node->store) return DC_OK;
  need_store(node);
  DcCode code = compute_breaker(node, err);
  if (code == DC_OK) {
    memset(node->done, 1, node->partitions);
    node_drop_inputs(node); /* what it rests on is not needed any more */
  } else {
    store_free(node->store);
    dc_free(node->done);
    node->store = NULL;
    node->done = NULL;
    dc_position(err, node->pos);
  }
  return code;
}
