/* analyze.c - ANALYZE (counts by key), and the values of LET … = SELECT. */
#include <stdlib.h>

#include "engine/keymap.h"
#include "engine/pass.h"

/* --- ANALYZE --- */

typedef struct Analyzer {
  Consumer consumer;
  KeyMap *all, *part; /* part: of the partition that is read; may be NULL */
} Analyzer;

static DcCode analyzer_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Analyzer *analyzer = (Analyzer *)self;
  (void)morsel;
  Buf bytes = {0};
  for (uint32_t i = 0; i < view->n; i++) {
    bytes.len = 0;
    key_bytes(&bytes, view_key(worker, view, i));
    Str key = str_make(bytes.data, bytes.len);
    uint64_t hash = keymap_hash(key);
    keymap_put(analyzer->all, key, hash, KEYMAP_COUNT, 1);
    if (analyzer->part) keymap_put(analyzer->part, key, hash, KEYMAP_COUNT, 1);
  }
  buf_free(&bytes);
  return DC_OK;
}

typedef struct Counts {
  uint64_t *items;
  size_t count;
} Counts;

static void take_count(void *self, Str key, uint64_t value) {
  Counts *counts = self;
  (void)key;
  counts->items[counts->count++] = value;
}

static int ascending(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static Analysis summarize(const KeyMap *map) {
  Counts counts = {dc_alloc((keymap_count(map) + 1) * sizeof(uint64_t)), 0};
  keymap_visit(map, take_count, &counts);
  if (counts.count) qsort(counts.items, counts.count, sizeof *counts.items, ascending);
  Analysis result = {.unique = counts.count};
  for (size_t i = 0; i < counts.count; i++) result.total += counts.items[i];
  if (counts.count) {
    size_t half = counts.count / 2;
    result.average = (double)result.total / (double)counts.count;
    result.median = counts.count % 2 ? (double)counts.items[half] : ((double)counts.items[half - 1] + (double)counts.items[half]) / 2;
  }
  dc_free(counts.items);
  return result;
}

static DcCode analyze_parts(Dataset *in, const uint32_t *parts, uint32_t count, KeyMap *all, KeyMap *part, DcError *err) {
  Pass *pass;
  DC_TRY(pass_open(in, parts, count, &pass, err));
  Analyzer analyzer = {.consumer = {NULL, analyzer_rows, NULL, NULL, 0, true}, .all = all, .part = part};
  DcCode code = pass_run(pass, &analyzer.consumer, NULL, err);
  pass_close(pass);
  return code;
}

DcCode dataset_analyze(Engine *engine, Dataset *in, EvalContext *cx, const Expr *key, Arena *arena, Analysis *out, Analysis **per_partition, DcError *err) {
  Dataset *keyed = NULL;
  if (key) DC_TRY(dataset_alter_key(engine, in, cx, key, &keyed, err));
  else keyed = dataset_ref(in);
  in->loans = 1; /* the caller's reference does not want the rows kept */
  KeyMap *all = keymap_new(engine->budget);
  DcCode code = DC_OK;
  if (per_partition) {
    *per_partition = arena_alloc(arena, (in->partitions + 1) * sizeof **per_partition);
    for (uint32_t p = 0; p < in->partitions && code == DC_OK; p++) {
      KeyMap *part = keymap_new(engine->budget);
      code = analyze_parts(keyed, &p, 1, all, part, err);
      (*per_partition)[p] = summarize(part);
      keymap_free(part);
    }
  } else {
    code = analyze_parts(keyed, NULL, 0, all, NULL, err);
  }
  if (code == DC_OK) *out = summarize(all);
  in->loans = 0;
  keymap_free(all);
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
  Collector collector = {.consumer = {collector_begin, collector_rows, collector_end, NULL, 0, false}, .columns = columns, .most = most};
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
