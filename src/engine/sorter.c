/* sorter.c - collects morsels as sorted runs, keeps memory within its room, and hands out the final merge. */
#include "engine/sorter.h"

#include <stdlib.h>

enum { CHUNK_MOST = 8192, CHUNK_BYTES = 1 << 20, LEAST_RUNS = 4, MOST_RUNS = 1024 };

/* A worker's morsel on its way. */
typedef struct Gathering {
  Builder builder;
  Buf keys;
  uint32_t *offsets;
  SortEntry *entries, *scratch;
  size_t cap;
  uint64_t seen;
  SortLook *looks; /* for each key */
} Gathering;

struct Sorter {
  Engine *engine;
  const Schema *schema;
  SortKey *keys;
  size_t key_count;
  uint64_t limit;
  bool looking;
  Gathering *gatherings;
  pthread_mutex_t lock;
  SortRun *runs; /* those on disk first */
  size_t run_count, run_cap, disk_runs;
  uint64_t memory, memory_rows, room;
  uint64_t epoch; /* times that room was made: later runs come behind */
  Buf cutoff;     /* rows with this key or a greater one are not wanted; empty: none known */
};

Sorter *sorter_new(Engine *engine, const Schema *schema, const SortKey *keys, size_t key_count, uint64_t limit, bool looks) {
  size_t threads = (size_t)pool_threads(engine->pool);
  Sorter *sorter = dc_alloc(sizeof *sorter);
  sorter->engine = engine;
  sorter->schema = schema;
  sorter->keys = dc_alloc((key_count + 1) * sizeof *keys);
  memcpy(sorter->keys, keys, key_count * sizeof *keys);
  sorter->key_count = key_count;
  sorter->limit = limit;
  sorter->looking = looks;
  sorter->room = engine->options.memory / 2;
  sorter->gatherings = dc_alloc(threads * sizeof *sorter->gatherings);
  for (size_t i = 0; i < threads; i++) sorter->gatherings[i].looks = dc_alloc((key_count + 1) * sizeof(SortLook));
  pthread_mutex_init(&sorter->lock, NULL);
  return sorter;
}

void sorter_drop_keys(Sorter *sorter) {
  for (int i = 0; i < pool_threads(sorter->engine->pool); i++) sorter->gatherings[i].builder.drop_key = true;
}

void sorter_free(Sorter *sorter) {
  if (!sorter) return;
  for (int i = 0; i < pool_threads(sorter->engine->pool); i++) {
    Gathering *gathering = &sorter->gatherings[i];
    builder_free(&gathering->builder);
    buf_free(&gathering->keys);
    dc_free(gathering->offsets);
    dc_free(gathering->entries);
    dc_free(gathering->scratch);
    dc_free(gathering->looks);
  }
  for (size_t i = 0; i < sorter->run_count; i++) sort_run_free(&sorter->runs[i]);
  dc_free(sorter->runs);
  dc_free(sorter->gatherings);
  dc_free(sorter->keys);
  buf_free(&sorter->cutoff);
  pthread_mutex_destroy(&sorter->lock);
  dc_free(sorter);
}

uint64_t sorter_rows(const Sorter *sorter) {
  uint64_t rows = 0;
  for (int i = 0; i < pool_threads(sorter->engine->pool); i++) rows += sorter->gatherings[i].seen;
  return rows;
}

/* --- How texts look --- */

static void look_at(SortLook *look, Value value) {
  Value number;
  if (value_is_null(value)) return;
  if (value.type != TYPE_STRING) {
    look->other = true;
    return;
  }
  bool digits = value.len > 0;
  for (uint32_t i = 0; i < value.len && digits; i++) digits = value.as.s[i] >= '0' && value.as.s[i] <= '9';
  if (!digits || (look->any && look->len != value.len)) look->varied = true;
  if (!digits && !number_parse(value_get_str(value), &number)) look->other = true;
  look->any = true;
  look->len = value.len;
}

SortLook sorter_look(const Sorter *sorter, size_t key) {
  SortLook all = {0};
  for (int i = 0; i < pool_threads(sorter->engine->pool); i++) {
    const SortLook *look = &sorter->gatherings[i].looks[key];
    all.other = all.other || look->other;
    if (!look->any) continue;
    all.varied = all.varied || look->varied || (all.any && all.len != look->len);
    all.any = true;
    all.len = look->len;
  }
  return all;
}

/* --- Morsels --- */

void sorter_begin(Sorter *sorter, Worker *worker) {
  Gathering *gathering = &sorter->gatherings[worker->number];
  builder_start(&gathering->builder);
  gathering->keys.len = 0;
  buf_reserve(&gathering->keys, 1); /* also for rows without keys there is a place */
}

static void reserve(Gathering *gathering, size_t rows) {
  if (rows + 1 <= gathering->cap) return;
  gathering->cap = rows * 2 + 1;
  gathering->offsets = dc_realloc(gathering->offsets, gathering->cap * sizeof *gathering->offsets);
  gathering->entries = dc_realloc(gathering->entries, gathering->cap * sizeof *gathering->entries);
  gathering->scratch = dc_realloc(gathering->scratch, gathering->cap * sizeof *gathering->scratch);
}

static void put_keys(const Sorter *sorter, Gathering *gathering, const Vector *keys, uint32_t row) {
  for (size_t k = 0; k < sorter->key_count; k++) {
    const SortKey *key = &sorter->keys[k];
    if (sorter->looking && !gathering->looks[k].other) look_at(&gathering->looks[k], vector_value(&keys[k], row));
    sort_key_put_vector(&gathering->keys, &keys[k], row, key->descending, key->nulls_first);
  }
}

DcCode sorter_add(Sorter *sorter, Worker *worker, View *view, const Vector *keys) {
  Gathering *gathering = &sorter->gatherings[worker->number];
  Str cutoff = str_make(sorter->cutoff.data, sorter->cutoff.len);
  uint8_t *keep = arena_raw(&worker->scratch, view->n + 1);
  uint32_t n = gathering->builder.n;
  reserve(gathering, (size_t)n + view->n);
  for (uint32_t i = 0; i < view->n; i++) {
    size_t start = gathering->keys.len;
    keep[i] = !(view->bad && view->bad[i]);
    if (!keep[i]) continue;
    gathering->seen++;
    put_keys(sorter, gathering, keys, i);
    keep[i] = !cutoff.len || sort_key_compare(str_make(gathering->keys.data + start, gathering->keys.len - start), cutoff) < 0;
    if (keep[i]) gathering->offsets[n++] = (uint32_t)start;
    else gathering->keys.len = start;
  }
  if (gathering->keys.len > UINT32_MAX) return dc_fail(&worker->err, "the sort keys of one block are longer than 4 GiB");
  gathering->offsets[n] = (uint32_t)gathering->keys.len;
  view_filter(worker, view, keep);
  view->bad = NULL;
  builder_add(&gathering->builder, worker, view);
  return DC_OK;
}

/* The keys of entries, one behind the other. */
static SortKeys copy_keys(const SortKeys *from, const SortEntry *entries, uint32_t n, Buf *bytes, uint32_t *offsets) {
  bytes->len = 0;
  buf_reserve(bytes, 1);
  for (uint32_t i = 0; i < n; i++) {
    offsets[i] = (uint32_t)bytes->len;
    buf_str(bytes, sort_keys_at(&from[entries[i].source], entries[i].row));
  }
  offsets[n] = (uint32_t)bytes->len;
  return (SortKeys){n, offsets, bytes->data};
}

static void add_run(Sorter *sorter, SortRun run, uint64_t order) {
  pthread_mutex_lock(&sorter->lock);
  run.epoch = sorter->epoch;
  run.order = order;
  VEC_GROW(sorter->runs, sorter->run_count, sorter->run_cap);
  sorter->runs[sorter->run_count++] = run;
  sorter->memory += run.bytes;
  sorter->memory_rows += run.rows;
  pthread_mutex_unlock(&sorter->lock);
}

DcCode sorter_end(Sorter *sorter, Worker *worker, const Morsel *morsel) {
  Gathering *gathering = &sorter->gatherings[worker->number];
  uint32_t n = gathering->builder.n;
  if (!n) return DC_OK;
  SortKeys keys = {n, gathering->offsets, gathering->keys.data};
  for (uint32_t i = 0; i < n; i++) gathering->entries[i] = (SortEntry){0, 0, i};
  sort_entries(&keys, gathering->entries, gathering->scratch, n);
  uint32_t wanted = n < sorter->limit ? n : (uint32_t)sorter->limit;
  if (!wanted) return DC_OK;
  uint32_t *order = dc_alloc(((size_t)n + 1) * 2 * sizeof *order);
  for (uint32_t i = 0; i < n; i++) order[i] = gathering->entries[i].row;
  Batch *batch = NULL;
  Buf bytes = {0};
  SortRun run;
  DcCode code = builder_finish_some(&gathering->builder, sorter->engine, morsel->batch, order, wanted, GATHER_KEY | GATHER_ORIGINS, &batch, &worker->err);
  if (code == DC_OK) {
    SortKeys sorted = copy_keys(&keys, gathering->entries, wanted, &bytes, order);
    code = sort_run_memory(sorter->engine, batch, &sorted, &run, &worker->err);
  }
  if (code == DC_OK) add_run(sorter, run, morsel->seq);
  buf_free(&bytes);
  dc_free(order);
  return code;
}

bool sorter_full(Sorter *sorter) {
  pthread_mutex_lock(&sorter->lock);
  uint64_t memory = sorter->memory, rows = sorter->memory_rows;
  bool some = !sorter->disk_runs && sorter->limit < UINT64_MAX / 4;
  pthread_mutex_unlock(&sorter->lock);
  if (some && rows > sorter->limit * 2 + (1 << 16)) return true;
  return memory >= sorter->room || (memory > sorter->room / 8 && budget_used(sorter->engine->budget) > sorter->engine->options.memory);
}

/* --- Making room --- */

static int by_order(const void *a, const void *b) {
  const SortRun *x = a, *y = b;
  if (x->epoch != y->epoch) return x->epoch < y->epoch ? -1 : 1;
  return (x->order > y->order) - (x->order < y->order);
}

/* Merges runs into one on disk, or, without a file, into runs in memory. */
typedef struct Drain {
  Sorter *sorter;
  SortMerge *merge;
  SortFile *file;
  pthread_mutex_t lock;
  SortExtent *extents; /* by the number of their chunk */
  SortRun *runs;
  size_t count, cap;
  uint64_t bytes;
  SortShape shape;
  atomic_bool failed;
  DcError *errors;
} Drain;

static void keep_place(Drain *drain, uint64_t seq) {
  size_t old = drain->cap;
  if (seq >= drain->cap) {
    drain->cap = (seq + 8) * 2;
    drain->extents = dc_realloc(drain->extents, drain->cap * sizeof *drain->extents);
    drain->runs = dc_realloc(drain->runs, drain->cap * sizeof *drain->runs);
    memset(drain->extents + old, 0, (drain->cap - old) * sizeof *drain->extents);
    memset(drain->runs + old, 0, (drain->cap - old) * sizeof *drain->runs);
  }
  if (seq >= drain->count) drain->count = seq + 1;
}

static DcCode put_chunk(Drain *drain, const SortChunk *chunk, Batch *batch, const SortKeys *keys, DcError *err) {
  SortExtent extent = {0};
  SortRun run = {0};
  SortShape shape = sort_shape_of(batch);
  uint64_t bytes = batch_memory(batch);
  DcCode code;
  if (drain->file) {
    code = sort_extent_write(drain->file, batch, keys, &extent, err);
    bytes = extent.key_bytes + extent.payload;
    batch_unref(batch);
  } else {
    code = sort_run_memory(drain->sorter->engine, batch, keys, &run, err);
  }
  pthread_mutex_lock(&drain->lock);
  keep_place(drain, chunk->seq);
  drain->extents[chunk->seq] = extent;
  drain->runs[chunk->seq] = run;
  drain->bytes += bytes;
  drain->shape = shape;
  pthread_mutex_unlock(&drain->lock);
  return code;
}

static DcCode drain_some(Drain *drain, bool *got, Buf *bytes, DcError *err) {
  SortChunk chunk;
  Batch *batch;
  DC_TRY(sort_merge_next(drain->merge, &chunk, got, err));
  if (!*got) return DC_OK;
  uint32_t n = chunk.to - chunk.from, *offsets = dc_alloc(((size_t)n + 1) * sizeof *offsets);
  bytes->len = 0;
  buf_reserve(bytes, 1);
  for (uint32_t i = 0; i < n; i++) {
    offsets[i] = (uint32_t)bytes->len;
    buf_str(bytes, sort_merge_key(&chunk, i));
  }
  offsets[n] = (uint32_t)bytes->len;
  SortKeys keys = {n, offsets, bytes->data};
  DcCode code = bytes->len > UINT32_MAX ? dc_fail(err, "the sort keys of one block are longer than 4 GiB") : DC_OK;
  if (code == DC_OK) code = sort_merge_batch(drain->merge, &chunk, &batch, err);
  if (code == DC_OK) code = put_chunk(drain, &chunk, batch, &keys, err);
  sort_merge_done(drain->merge, &chunk);
  dc_free(offsets);
  return code;
}

static void drain_work(void *argument, int number) {
  Drain *drain = argument;
  Buf bytes = {0};
  bool got = true;
  while (got && !atomic_load(&drain->failed)) {
    DcError *err = &drain->errors[number];
    if (engine_interrupted()) dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    if (err->code != DC_OK || drain_some(drain, &got, &bytes, err) != DC_OK) atomic_store(&drain->failed, true);
  }
  buf_free(&bytes);
}

static DcCode drain_run(Drain *drain, SortRun *runs, size_t count, DcError *err) {
  Sorter *sorter = drain->sorter;
  int threads = pool_threads(sorter->engine->pool);
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) total += runs[i].rows;
  SortMergeOptions options = {sorter->schema, 1 << 16, drain->file ? SORT_EXTENT_BYTES : CHUNK_BYTES, sorter->limit, total, 1};
  drain->merge = sort_merge_new(sorter->engine, runs, count, &options);
  drain->errors = dc_alloc((size_t)threads * sizeof *drain->errors);
  pthread_mutex_init(&drain->lock, NULL);
  pool_run(sorter->engine->pool, 0, drain_work, drain);
  for (int i = 0; i < threads && err->code == DC_OK; i++)
    if (drain->errors[i].code != DC_OK) *err = drain->errors[i];
  sort_merge_free(drain->merge);
  pthread_mutex_destroy(&drain->lock);
  dc_free(drain->errors);
  return err->code;
}

static void drain_free(Drain *drain) {
  for (size_t i = 0; i < drain->count; i++) {
    sort_run_free(&drain->runs[i]);
    dc_free((void *)(uintptr_t)drain->extents[i].key.data);
  }
  dc_free(drain->runs);
  dc_free(drain->extents);
  sort_file_unref(drain->file);
}

/* Puts one run on disk in place of runs [from, from + count). */
static DcCode merge_runs(Sorter *sorter, size_t from, size_t count, DcError *err) {
  Drain drain = {.sorter = sorter};
  DC_TRY(sort_file_new(sorter->engine, &drain.file, err));
  if (drain_run(&drain, sorter->runs + from, count, err) != DC_OK) {
    drain_free(&drain);
    return err->code;
  }
  const SortRun *first = &sorter->runs[from];
  SortRun made = {.epoch = first->epoch, .order = first->order, .bytes = drain.bytes, .shape = drain.shape,
                  .extents = drain.extents, .count = drain.count, .file = drain.file};
  for (size_t e = 0; e < made.count; e++) {
    made.extents[e].first = made.rows;
    made.rows += made.extents[e].rows;
  }
  for (size_t i = from; i < from + count; i++) sort_run_free(&sorter->runs[i]);
  memmove(&sorter->runs[from + 1], &sorter->runs[from + count], (sorter->run_count - from - count) * sizeof made);
  sorter->runs[from] = made;
  sorter->run_count -= count - 1;
  atomic_fetch_add(&sorter->engine->bytes_spilled, made.bytes);
  dc_free(drain.runs);
  return DC_OK;
}

/* As many as may lie open in the last merge: each has an extent or two in memory. */
static size_t most_runs(const Sorter *sorter) {
  uint64_t runs = sorter->engine->options.memory / 4 / (2 * SORT_EXTENT_BYTES);
  return runs < LEAST_RUNS ? LEAST_RUNS : runs > MOST_RUNS ? MOST_RUNS : (size_t)runs;
}

/* Too many runs on disk: those neighbours become one that are smallest together. */
static DcCode merge_neighbours(Sorter *sorter, DcError *err) {
  size_t window = most_runs(sorter) / 2, best = 0;
  uint64_t least = UINT64_MAX;
  for (size_t from = 0; from + window <= sorter->disk_runs; from++) {
    uint64_t bytes = 0;
    for (size_t i = from; i < from + window; i++) bytes += sorter->runs[i].bytes;
    if (bytes >= least) continue;
    least = bytes;
    best = from;
  }
  DC_TRY(merge_runs(sorter, best, window, err));
  sorter->disk_runs -= window - 1;
  return DC_OK;
}

static void sort_runs(Sorter *sorter) {
  if (sorter->run_count) qsort(sorter->runs, sorter->run_count, sizeof *sorter->runs, by_order);
}

static DcCode spill(Sorter *sorter, DcError *err) {
  size_t count = sorter->run_count - sorter->disk_runs;
  sort_runs(sorter);
  if (!count) return DC_OK;
  DC_TRY(merge_runs(sorter, sorter->disk_runs, count, err));
  sorter->disk_runs++;
  sorter->memory = sorter->memory_rows = 0;
  if (sorter->disk_runs > most_runs(sorter)) return merge_neighbours(sorter, err);
  return DC_OK;
}

/* Only the first rows are wanted: the others go, and what is behind the last one need not come. */
static DcCode drop_surplus(Sorter *sorter, DcError *err) {
  Drain drain = {.sorter = sorter};
  sort_runs(sorter);
  if (drain_run(&drain, sorter->runs, sorter->run_count, err) != DC_OK) {
    drain_free(&drain);
    return err->code;
  }
  for (size_t i = 0; i < sorter->run_count; i++) sort_run_free(&sorter->runs[i]);
  sorter->run_count = 0;
  sorter->memory = sorter->memory_rows = 0;
  for (size_t i = 0; i < drain.count; i++) {
    add_run(sorter, drain.runs[i], i);
    drain.runs[i] = (SortRun){0};
  }
  drain_free(&drain);
  if (sorter->memory_rows < sorter->limit || !sorter->run_count) return DC_OK;
  const SortKeys *last = &sorter->runs[sorter->run_count - 1].extents->keys;
  sorter->cutoff.len = 0;
  buf_str(&sorter->cutoff, sort_keys_at(last, last->rows - 1));
  return DC_OK;
}

DcCode sorter_make_room(Sorter *sorter, DcError *err) {
  bool surplus = !sorter->disk_runs && sorter->memory_rows / 2 > sorter->limit;
  if (surplus) DC_TRY(drop_surplus(sorter, err));
  if (!surplus || sorter->memory > sorter->room / 2) DC_TRY(spill(sorter, err));
  sorter->epoch++;
  return DC_OK;
}

DcCode sorter_merge(Sorter *sorter, uint32_t partitions, SortMerge **out, DcError *err) {
  if (sorter->disk_runs && sorter->memory > sorter->room / 2) DC_TRY(spill(sorter, err));
  sort_runs(sorter);
  SortMergeOptions options = {sorter->schema, CHUNK_MOST, CHUNK_BYTES, sorter->limit, sorter_rows(sorter), partitions};
  *out = sort_merge_new(sorter->engine, sorter->runs, sorter->run_count, &options);
  return DC_OK;
}
