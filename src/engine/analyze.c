/* analyze.c - ANALYZE (counts by key), and the values of LET … = SELECT. */
#include <stdlib.h>

#include "engine/group.h"

/* --- ANALYZE --- */

/* How many keys came so often. */
typedef struct Frequency {
  uint64_t count, keys;
} Frequency;

/* Frequencies in order of counts: there are few different ones, as their sum is the number of records. */
typedef struct Tally {
  Frequency *items;
  size_t count, cap;
} Tally;

/* Keys of the whole dataset; and of partition and key, if that is wanted. */
typedef struct Counting {
  struct Analyzer *analyzer;
  Table *table;
  Tally *tallies;  /* one, or one for each partition */
  bool with_part;
  Buf *buffers;    /* of each worker */
} Counting;

typedef struct Analyzer {
  Consumer consumer;
  Engine *engine;
  Counting countings[2];
  size_t count;
  size_t room;
  pthread_mutex_t lock; /* of tallies */
} Analyzer;

static void count_keys(Counting *counting, Worker *worker, const Morsel *morsel, const Vector *keys, uint32_t n) {
  Arena *scratch = &worker->scratch;
  Buf *buf = &counting->buffers[worker->number];
  Str *bytes = arena_raw(scratch, (n + 1) * sizeof *bytes);
  uint64_t *hashes = arena_raw(scratch, (n + 1) * sizeof *hashes), *positions = arena_alloc(scratch, (n + 1) * sizeof *positions);
  size_t *ends = arena_raw(scratch, (n + 1) * sizeof *ends), start = 0;
  TableRow **rows = arena_raw(scratch, (n + 1) * sizeof *rows);
  buf->len = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (counting->with_part) buf_put(buf, &morsel->part, sizeof morsel->part);
    group_put_key(buf, keys, 1, i);
    ends[i] = buf->len;
  }
  for (uint32_t i = 0; i < n; i++) {
    bytes[i] = str_make(buf->data + start, ends[i] - start);
    hashes[i] = table_hash(bytes[i]);
    start = ends[i];
  }
  TableBatch batch = {n, bytes, hashes, positions, rows, NULL};
  table_find(counting->table, worker->number, &batch);
  for (uint32_t i = 0; i < n; i++) ++*(uint64_t *)row_state(rows[i]);
}

static DcCode analyzer_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Analyzer *analyzer = (Analyzer *)self;
  const Vector *keys = view_keys(worker, view);
  for (size_t k = 0; k < analyzer->count; k++) count_keys(&analyzer->countings[k], worker, morsel, keys, view->n);
  return DC_OK;
}

static bool analyzer_full(Consumer *self) {
  const Analyzer *analyzer = (const Analyzer *)self;
  size_t memory = 0;
  for (size_t k = 0; k < analyzer->count; k++) memory += table_memory(analyzer->countings[k].table);
  return memory > analyzer->room || (memory > 1 << 20 && budget_used(analyzer->engine->budget) > analyzer->engine->options.memory);
}

static void merge_counts(void *self, int worker, TableRow *into, TableRow *from, bool earlier, Arena *arena) {
  (void)self, (void)worker, (void)earlier, (void)arena;
  *(uint64_t *)row_state(into) += *(uint64_t *)row_state(from);
}

static void tally_add(Tally *tally, uint64_t count) {
  size_t low = 0, high = tally->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (tally->items[middle].count < count) low = middle + 1;
    else high = middle;
  }
  if (low == tally->count || tally->items[low].count != count) {
    VEC_GROW(tally->items, tally->count, tally->cap);
    memmove(tally->items + low + 1, tally->items + low, (tally->count - low) * sizeof *tally->items);
    tally->items[low] = (Frequency){count, 0};
    tally->count++;
  }
  tally->items[low].keys++;
}

static DcCode emit_counts(void *self, int worker, TableRow **rows, size_t count, Arena *arena, DcError *err) {
  Counting *counting = self;
  (void)worker, (void)arena, (void)err;
  pthread_mutex_lock(&counting->analyzer->lock);
  for (size_t i = 0; i < count; i++) {
    uint32_t part = 0;
    if (counting->with_part) memcpy(&part, row_key(counting->table, rows[i]), sizeof part);
    tally_add(&counting->tallies[part], *(const uint64_t *)row_state(rows[i]));
  }
  pthread_mutex_unlock(&counting->analyzer->lock);
  return DC_OK;
}

/* The count of the key of a rank (from 0) in order of counts. */
static double count_at(const Tally *tally, uint64_t rank) {
  size_t at = 0;
  while (rank >= tally->items[at].keys) rank -= tally->items[at++].keys;
  return (double)tally->items[at].count;
}

static Analysis summarize(const Tally *tally) {
  Analysis result = {0};
  for (size_t i = 0; i < tally->count; i++) {
    result.unique += tally->items[i].keys;
    result.total += tally->items[i].keys * tally->items[i].count;
  }
  if (!result.unique) return result;
  uint64_t half = result.unique / 2;
  result.average = (double)result.total / (double)result.unique;
  result.median = result.unique % 2 ? count_at(tally, half) : (count_at(tally, half - 1) + count_at(tally, half)) / 2;
  return result;
}

static void counting_init(Analyzer *analyzer, bool with_part, uint32_t tallies) {
  Counting *counting = &analyzer->countings[analyzer->count++];
  *counting = (Counting){.analyzer = analyzer, .with_part = with_part};
  TableOps ops = {.self = counting, .width = sizeof(uint64_t), .merge = merge_counts, .emit = emit_counts};
  counting->table = table_new(analyzer->engine, &ops);
  counting->tallies = dc_alloc(((size_t)tallies + 1) * sizeof *counting->tallies);
  counting->buffers = dc_alloc((size_t)pool_threads(analyzer->engine->pool) * sizeof *counting->buffers);
}

static void counting_free(Counting *counting, uint32_t tallies) {
  for (uint32_t p = 0; p < tallies; p++) dc_free(counting->tallies[p].items);
  for (int i = 0; i < pool_threads(counting->analyzer->engine->pool); i++) buf_free(&counting->buffers[i]);
  table_free(counting->table);
  dc_free(counting->tallies);
  dc_free(counting->buffers);
}

static DcCode run_analysis(Analyzer *analyzer, Dataset *in, DcError *err) {
  Pass *pass;
  DC_TRY(pass_open(in, NULL, 0, &pass, err));
  DcCode code = DC_OK;
  for (bool more = true; more && code == DC_OK;) {
    code = pass_run(pass, &analyzer->consumer, &more, err);
    for (size_t k = 0; k < analyzer->count && more && code == DC_OK; k++) code = table_spill(analyzer->countings[k].table, err);
  }
  pass_close(pass);
  bool more;
  for (size_t k = 0; k < analyzer->count && code == DC_OK; k++) code = table_finish(analyzer->countings[k].table, &more, err);
  return code;
}

DcCode dataset_analyze(Engine *engine, Dataset *in, EvalContext *cx, const Expr *key, Arena *arena, Analysis *out, Analysis **per_partition, DcError *err) {
  Dataset *keyed = NULL;
  uint32_t partitions = in->partitions;
  if (key) DC_TRY(dataset_alter_key(engine, in, cx, key, &keyed, err));
  else keyed = dataset_ref(in);
  in->loans = 1; /* the caller's reference does not want the rows kept */
  Analyzer analyzer = {.consumer = {NULL, analyzer_rows, NULL, analyzer_full, 0, true, NULL}, .engine = engine, .room = store_room(engine) / 2};
  pthread_mutex_init(&analyzer.lock, NULL);
  counting_init(&analyzer, false, 1);
  if (per_partition) counting_init(&analyzer, true, partitions);
  DcCode code = run_analysis(&analyzer, keyed, err);
  if (code == DC_OK) *out = summarize(analyzer.countings[0].tallies);
  if (per_partition) *per_partition = arena_alloc(arena, ((size_t)partitions + 1) * sizeof **per_partition);
  for (uint32_t p = 0; per_partition && code == DC_OK && p < partitions; p++) (*per_partition)[p] = summarize(&analyzer.countings[1].tallies[p]);
  counting_free(&analyzer.countings[0], 1);
  if (per_partition) counting_free(&analyzer.countings[1], partitions);
  pthread_mutex_destroy(&analyzer.lock);
  in->loans = 0;
  dataset_unref(keyed);
  return code;
}

/* --- LET … = SELECT, and the rows that are shown --- */

typedef struct Collected {
  uint64_t seq;
  Arena arena;
  Value *items; /* row after row */
  size_t count, cap;
} Collected;

typedef struct Collector {
  Consumer consumer;
  pthread_mutex_t lock;
  Collected *done, *current; /* current: of each worker */
  size_t count, cap;
  uint32_t columns; /* so many of each row */
  size_t most;      /* so many rows of each morsel */
} Collector;

static DcCode collector_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  Collector *collector = (Collector *)self;
  collector->current[worker->number] = (Collected){.seq = morsel->seq};
  return DC_OK;
}

static DcCode collector_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  const Collector *collector = (const Collector *)self;
  Collected *current = &collector->current[worker->number];
  (void)morsel;
  for (uint32_t i = 0; i < view->n && current->count / collector->columns < collector->most; i++)
    for (uint32_t k = 0; k < collector->columns; k++) {
      VEC_GROW(current->items, current->count, current->cap);
      current->items[current->count++] = value_copy(&current->arena, vector_value(view_column(worker, view, k), i));
    }
  return DC_OK;
}

static DcCode collector_end(Consumer *self, Worker *worker, const Morsel *morsel) {
  Collector *collector = (Collector *)self;
  (void)morsel;
  pthread_mutex_lock(&collector->lock);
  VEC_GROW(collector->done, collector->count, collector->cap);
  collector->done[collector->count++] = collector->current[worker->number];
  collector->current[worker->number] = (Collected){0};
  pthread_mutex_unlock(&collector->lock);
  return DC_OK;
}

static int by_seq(const void *a, const void *b) {
  uint64_t x = ((const Collected *)a)->seq, y = ((const Collected *)b)->seq;
  return (x > y) - (x < y);
}

static void collected_free(Collected *collected) {
  arena_free(&collected->arena);
  dc_free(collected->items);
}

static Value *put_together(Collector *collector, Arena *arena, size_t *total) {
  size_t at = 0;
  *total = 0;
  if (collector->count) qsort(collector->done, collector->count, sizeof *collector->done, by_seq);
  for (size_t i = 0; i < collector->count; i++) *total += collector->done[i].count;
  Value *items = arena_raw(arena, (*total + 1) * sizeof *items);
  for (size_t i = 0; i < collector->count; i++)
    for (size_t k = 0; k < collector->done[i].count; k++) items[at++] = value_copy(arena, collector->done[i].items[k]);
  return items;
}

static DcCode collect(Engine *engine, Dataset *in, uint32_t columns, size_t most, Arena *arena, Value **items, size_t *count, DcError *err) {
  Pass *pass;
  size_t threads = (size_t)pool_threads(engine->pool);
  DC_TRY(pass_open(in, NULL, 0, &pass, err));
  Collector collector = {.consumer = {collector_begin, collector_rows, collector_end, NULL, 0, false, NULL}, .columns = columns, .most = most};
  collector.current = dc_alloc(threads * sizeof *collector.current);
  pthread_mutex_init(&collector.lock, NULL);
  DcCode code = pass_run(pass, &collector.consumer, NULL, err);
  if (code == DC_OK) *items = put_together(&collector, arena, count);
  for (size_t i = 0; i < collector.count; i++) collected_free(&collector.done[i]);
  for (size_t i = 0; i < threads; i++) collected_free(&collector.current[i]);
  dc_free(collector.done);
  dc_free(collector.current);
  pthread_mutex_destroy(&collector.lock);
  pass_close(pass);
  return code;
}

DcCode dataset_values(Engine *engine, Dataset *in, Arena *arena, Value *out, DcError *err) {
  Value *items;
  size_t count;
  DC_TRY(collect(engine, in, 1, SIZE_MAX, arena, &items, &count, err));
  *out = value_array(arena, items, count);
  return DC_OK;
}

DcCode dataset_first(Engine *engine, Dataset *in, size_t most, Arena *arena, Value **cells, size_t *rows, DcError *err) {
  size_t count, columns = in->schema.count;
  DC_TRY(collect(engine, in, (uint32_t)columns, most, arena, cells, &count, err));
  *rows = count / columns < most ? count / columns : most;
  return DC_OK;
}
