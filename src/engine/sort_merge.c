/* sort_merge.c - tasks of a merge: where they begin in each run, their rows put in order, and the chunks of them. */
#include "engine/sort_merge.h"

#include <stdlib.h>

/* A row of a run by which the whole is cut: all rows before it in the result are on the one side. */
typedef struct Splitter {
  Str key;
  uint32_t run;
  uint64_t row;
} Splitter;

/* Where a splitter falls into a run. search: somewhere in the extent, which has to be read to know. */
typedef struct Bound {
  uint32_t extent, at;
  bool search;
} Bound;

struct SortTask {
  uint32_t number;
  bool ready;
  SortExtent **extents; /* held until the end */
  Batch **batches;
  SortKeys *keys;
  size_t source_count, source_cap;
  SortEntry *entries;
  size_t count, cap;
  uint64_t rank, bytes;
  size_t next;          /* the first row that is not handed out */
  uint32_t in_use;      /* chunks that are out */
  int64_t charged;
};

struct SortMerge {
  Engine *engine;
  SortRun *runs;
  size_t run_count;
  SortMergeOptions options;
  bool mixed; /* batches are not alike: all become columns */
  SortShape shape;
  Splitter *splitters;
  uint32_t task_count, started;
  SortTask **active; /* in order */
  size_t active_count, active_most;
  uint64_t seq;
  bool failed, enough; /* enough: the limit lies in a task that was started */
  pthread_mutex_t lock;
  pthread_cond_t change;
};

uint64_t sort_bound(uint64_t total, uint32_t partition, uint32_t count) { return (uint64_t)((unsigned __int128)total * partition / count); }

uint32_t sort_partition_of(uint64_t row, uint64_t total, uint32_t count) {
  return (uint32_t)(((unsigned __int128)(row + 1) * count + total - 1) / total - 1);
}

/* --- Cutting the whole into tasks --- */

static int by_place(const void *a, const void *b) {
  const Splitter *left = a, *right = b;
  int order = sort_key_compare(left->key, right->key);
  if (order) return order;
  if (left->run != right->run) return left->run < right->run ? -1 : 1;
  return left->row < right->row ? -1 : left->row > right->row;
}

/* Samples of a run: a row for every so many bytes. */
static void sample_run(const SortRun *run, uint32_t number, Splitter **samples, size_t *count, size_t *cap) {
  if (run->file) {
    for (size_t e = 0; e < run->count; e++) {
      VEC_GROW(*samples, *count, *cap);
      (*samples)[(*count)++] = (Splitter){run->extents[e].key, number, run->extents[e].first};
    }
    return;
  }
  uint64_t step = run->rows * SORT_EXTENT_BYTES / (run->bytes + 1) + 1;
  for (uint64_t row = 0; row < run->rows; row += step) {
    VEC_GROW(*samples, *count, *cap);
    (*samples)[(*count)++] = (Splitter){sort_keys_at(&run->extents->keys, (uint32_t)row), number, row};
  }
}

/* Tasks are small enough that all workers have some, and that their rows fit into memory many times. */
static uint64_t task_bytes(const Engine *engine, uint64_t total) {
  enum { LEAST = 1 << 20, MOST = 16 << 20 };
  uint64_t threads = (uint64_t)pool_threads(engine->pool), bytes = engine->options.memory / (threads * 16);
  if (bytes > total / (threads * 4)) bytes = total / (threads * 4);
  return bytes < LEAST ? LEAST : bytes > MOST ? MOST : bytes;
}

static void plan_tasks(SortMerge *merge) {
  Splitter *samples = NULL;
  size_t count = 0, cap = 0;
  uint64_t total = 0;
  for (size_t r = 0; r < merge->run_count; r++) total += merge->runs[r].bytes;
  uint64_t tasks = total / task_bytes(merge->engine, total) + 1;
  if (tasks > 1)
    for (size_t r = 0; r < merge->run_count; r++) sample_run(&merge->runs[r], (uint32_t)r, &samples, &count, &cap);
  if (tasks > count + 1) tasks = count + 1;
  if (count) qsort(samples, count, sizeof *samples, by_place);
  merge->splitters = dc_alloc((size_t)tasks * sizeof *merge->splitters);
  for (uint64_t t = 1; t < tasks; t++) { /* keys of extents in memory go with these: copies */
    Splitter *splitter = &merge->splitters[t - 1];
    *splitter = samples[count * t / tasks];
    char *copy = dc_alloc(splitter->key.len + 1);
    memcpy(copy, splitter->key.data, splitter->key.len);
    splitter->key.data = copy;
  }
  merge->task_count = (uint32_t)tasks;
  dc_free(samples);
}

/* Does a row of run number with this key lie before the splitter? The row of the splitter itself is handled apart. */
static bool is_before(Str key, uint32_t number, const Splitter *splitter) {
  int order = sort_key_compare(key, splitter->key);
  return order ? order < 0 : number < splitter->run;
}

/* The extent of a run on disk that the splitter falls into. */
static Bound find_bound(const SortRun *run, uint32_t number, const Splitter *splitter) {
  size_t low = 0, high = run->count; /* extents before low begin before the splitter */
  bool own = splitter->run == number;
  while (low < high) {
    size_t middle = (low + high) / 2;
    const SortExtent *extent = &run->extents[middle];
    if (own ? extent->first <= splitter->row : !run->file || is_before(extent->key, number, splitter)) low = middle + 1;
    else high = middle;
  }
  if (!low) return (Bound){0, 0, false};
  Bound bound = {(uint32_t)low - 1, 0, !own};
  if (own) bound.at = (uint32_t)(splitter->row - run->extents[low - 1].first);
  return bound;
}

/* The extents [from, to) that a task needs of a run, for its bounds low and high (NULL: none). */
static void task_range(const SortMerge *merge, uint32_t number, uint32_t r, Bound *low, Bound *high, uint32_t *from, uint32_t *to) {
  const SortRun *run = &merge->runs[r];
  *low = number ? find_bound(run, r, &merge->splitters[number - 1]) : (Bound){0, 0, false};
  *high = number + 1 < merge->task_count ? find_bound(run, r, &merge->splitters[number]) : (Bound){(uint32_t)run->count, 0, false};
  *from = low->extent;
  *to = high->search || high->at ? high->extent + 1 : high->extent;
}

static void count_users(SortMerge *merge) {
  Bound low, high;
  uint32_t from, to;
  for (size_t r = 0; r < merge->run_count; r++)
    for (size_t e = 0; e < merge->runs[r].count; e++) merge->runs[r].extents[e].users = 0;
  for (uint32_t t = 0; t < merge->task_count; t++) {
    for (uint32_t r = 0; r < merge->run_count; r++) {
      task_range(merge, t, r, &low, &high, &from, &to);
      for (uint32_t e = from; e < to; e++) merge->runs[r].extents[e].users++;
    }
  }
}

SortMerge *sort_merge_new(Engine *engine, SortRun *runs, size_t count, const SortMergeOptions *options) {
  SortMerge *merge = dc_alloc(sizeof *merge);
  merge->engine = engine;
  merge->runs = runs;
  merge->run_count = count;
  merge->options = *options;
  merge->enough = options->limit == 0;
  for (size_t r = 0; r < count; r++) merge->mixed = merge->mixed || !sort_shape_same(&runs[r].shape, &runs[0].shape);
  if (count) merge->shape = merge->mixed ? (SortShape){BATCH_COLUMNS, true, options->schema->count, NULL} : runs[0].shape;
  plan_tasks(merge);
  count_users(merge);
  merge->active_most = (size_t)pool_threads(engine->pool) + 1;
  merge->active = dc_alloc(merge->active_most * sizeof *merge->active);
  pthread_mutex_init(&merge->lock, NULL);
  pthread_cond_init(&merge->change, NULL);
  return merge;
}

/* --- Extents --- */

/* The rows of a batch as columns with explicit keys, so that they can stand beside rows of another kind. */
static DcCode make_columns(SortMerge *merge, Batch **batch, DcError *err) {
  const Schema *schema = merge->options.schema;
  Worker *worker = dc_alloc(sizeof *worker);
  Builder builder = {0};
  Batch *made = NULL;
  worker_init(worker, merge->engine, 0);
  builder_start(&builder);
  for (uint32_t row = 0; row < (*batch)->rows; row += CHUNK_ROWS) {
    View view;
    uint32_t n = (*batch)->rows - row < CHUNK_ROWS ? (*batch)->rows - row : CHUNK_ROWS;
    view_of_batch(worker, &view, *batch, row, n, schema->count);
    view.schema = schema;
    view.whole = false;
    view.key = view_keys(worker, &view);
    view.key_source = KEY_VECTOR;
    builder_add(&builder, worker, &view);
    arena_reset(&worker->scratch);
  }
  DcCode code = builder_finish(&builder, merge->engine, *batch, NULL, GATHER_KEY | GATHER_ORIGINS, &made, err);
  builder_free(&builder);
  worker_free(worker);
  dc_free(worker);
  if (code != DC_OK) return code;
  batch_unref(*batch);
  *batch = made;
  return DC_OK;
}

static DcCode load_extent(SortMerge *merge, const SortRun *run, SortExtent *extent, DcError *err) {
  if (!extent->batch) DC_TRY(sort_extent_read(merge->engine, run->file, extent, err));
  SortShape shape = sort_shape_of(extent->batch);
  if (!merge->mixed || sort_shape_same(&shape, &merge->shape)) return DC_OK;
  return make_columns(merge, &extent->batch, err);
}

/* Has the extent in memory: the first task that needs it reads it, the others wait. */
static DcCode take_extent(SortMerge *merge, const SortRun *run, SortExtent *extent, DcError *err) {
  DcCode code = DC_OK;
  pthread_mutex_lock(&merge->lock);
  while (extent->loading) pthread_cond_wait(&merge->change, &merge->lock);
  bool missing = !extent->batch || merge->mixed;
  if (missing) {
    extent->loading = true;
    pthread_mutex_unlock(&merge->lock);
    code = load_extent(merge, run, extent, err);
    pthread_mutex_lock(&merge->lock);
    extent->loading = false;
    pthread_cond_broadcast(&merge->change);
  }
  pthread_mutex_unlock(&merge->lock);
  return code;
}

static void give_extents(SortMerge *merge, SortExtent *const *extents, size_t count) {
  pthread_mutex_lock(&merge->lock);
  for (size_t i = 0; i < count; i++)
    if (--extents[i]->users == 0) sort_extent_drop(extents[i]);
  pthread_mutex_unlock(&merge->lock);
}

/* --- Tasks --- */

/* The first row of an extent that does not lie before the splitter. */
static uint32_t search_rows(const SortExtent *extent, uint32_t number, const Splitter *splitter) {
  uint32_t low = 0, high = extent->rows;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (is_before(sort_keys_at(&extent->keys, middle), number, splitter)) low = middle + 1;
    else high = middle;
  }
  return low;
}

static void add_rows(SortTask *task, SortExtent *extent, uint32_t from, uint32_t to) {
  uint32_t source = (uint32_t)task->source_count - 1;
  size_t more = to - from;
  if (task->count + more > task->cap) {
    task->cap = (task->count + more) * 3 / 2;
    task->entries = dc_realloc(task->entries, task->cap * sizeof *task->entries);
  }
  for (uint32_t row = from; row < to; row++) task->entries[task->count++] = (SortEntry){0, source, row};
  task->bytes += batch_bytes(extent->batch, from, to);
}

static void add_source(SortTask *task, SortExtent *extent) {
  if (task->source_count == task->source_cap) {
    task->source_cap = task->source_cap ? task->source_cap * 2 : 16;
    task->extents = dc_realloc(task->extents, task->source_cap * sizeof *task->extents);
    task->batches = dc_realloc(task->batches, task->source_cap * sizeof *task->batches);
    task->keys = dc_realloc(task->keys, task->source_cap * sizeof *task->keys);
  }
  task->extents[task->source_count] = extent;
  task->batches[task->source_count] = extent->batch;
  task->keys[task->source_count++] = extent->keys;
}

/* Collects the rows of one run that belong to a task. */
static DcCode collect_run(SortMerge *merge, SortTask *task, uint32_t r, DcError *err) {
  SortRun *run = &merge->runs[r];
  Bound low, high;
  uint32_t first, end;
  task_range(merge, task->number, r, &low, &high, &first, &end);
  if (first >= end || !low.search) task->rank += run->extents[first].first + low.at;
  for (uint32_t e = first; e < end; e++) {
    SortExtent *extent = &run->extents[e];
    DC_TRY(take_extent(merge, run, extent, err));
    add_source(task, extent);
    uint32_t from = e > first ? 0 : low.at, to = extent->rows;
    if (e == first && low.search) {
      from = search_rows(extent, r, &merge->splitters[task->number - 1]);
      task->rank += extent->first + from;
    }
    if (e == high.extent) to = high.search ? search_rows(extent, r, &merge->splitters[task->number]) : high.at;
    if (from < to) add_rows(task, extent, from, to);
  }
  return DC_OK;
}

static void charge(SortMerge *merge, SortTask *task, size_t bytes) {
  budget_charge(merge->engine->budget, (int64_t)bytes - task->charged);
  task->charged = (int64_t)bytes;
}

static DcCode prepare_task(SortMerge *merge, SortTask *task, DcError *err) {
  for (uint32_t r = 0; r < merge->run_count; r++) {
    if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    DC_TRY(collect_run(merge, task, r, err));
  }
  if (task->count > UINT32_MAX) return dc_fail(err, "a block of %zu rows cannot be sorted at once", task->count);
  SortEntry *scratch = dc_alloc((task->count + 1) * sizeof *scratch);
  charge(merge, task, task->count * 2 * sizeof *scratch);
  sort_entries(task->keys, task->entries, scratch, task->count);
  dc_free(scratch);
  charge(merge, task, task->count * sizeof *scratch);
  return DC_OK;
}

/* Nobody else may use the task. */
static void free_task(SortMerge *merge, SortTask *task) {
  charge(merge, task, 0);
  give_extents(merge, task->extents, task->source_count);
  dc_free(task->extents);
  dc_free(task->batches);
  dc_free(task->keys);
  dc_free(task->entries);
  dc_free(task);
}

void sort_merge_free(SortMerge *merge) {
  if (!merge) return;
  for (size_t i = 0; i < merge->active_count; i++) free_task(merge, merge->active[i]);
  for (uint32_t t = 1; t < merge->task_count; t++) dc_free((void *)(uintptr_t)merge->splitters[t - 1].key.data);
  dc_free(merge->splitters);
  dc_free(merge->active);
  pthread_cond_destroy(&merge->change);
  pthread_mutex_destroy(&merge->lock);
  dc_free(merge);
}

/* --- Chunks: under the lock --- */

static void drop_active(SortMerge *merge, size_t at) {
  merge->active_count--;
  memmove(&merge->active[at], &merge->active[at + 1], (merge->active_count - at) * sizeof *merge->active);
}

/* Rows of the next chunk of a task: by the task's mean row, and within one partition. */
static uint32_t chunk_rows(const SortMerge *merge, const SortTask *task) {
  const SortMergeOptions *options = &merge->options;
  uint64_t rank = task->rank + task->next, rows = options->chunk_bytes * task->count / (task->bytes + 1) + 1;
  if (rows > options->chunk_rows) rows = options->chunk_rows;
  if (rows > task->count - task->next) rows = task->count - task->next;
  if (rows > options->limit - rank) rows = options->limit - rank;
  uint32_t part = sort_partition_of(rank, options->total, options->partitions);
  uint64_t end = sort_bound(options->total, part + 1, options->partitions);
  return (uint32_t)(rows < end - rank ? rows : end - rank);
}

/* The chunk that comes next, if its task is ready. */
static bool carve(SortMerge *merge, SortChunk *out, SortTask **finished) {
  for (size_t i = 0; i < merge->active_count; i++) {
    SortTask *task = merge->active[i];
    if (!task->ready) return false;
    if (task->next < task->count && task->rank + task->next < merge->options.limit) {
      uint32_t rows = chunk_rows(merge, task);
      *out = (SortChunk){task, (uint32_t)task->next, (uint32_t)task->next + rows, merge->seq++, task->rank + task->next};
      task->next += rows;
      task->in_use++;
      return true;
    }
    task->next = task->count;
    if (!task->in_use && !*finished) {
      *finished = task;
      drop_active(merge, i--);
    }
  }
  return false;
}

/* Starts a task and prepares it, without the lock. */
static DcCode start_task(SortMerge *merge, DcError *err) {
  SortTask *task = dc_alloc(sizeof *task);
  task->number = merge->started++;
  merge->active[merge->active_count++] = task;
  pthread_mutex_unlock(&merge->lock);
  DcCode code = prepare_task(merge, task, err);
  pthread_mutex_lock(&merge->lock);
  task->ready = code == DC_OK;
  merge->enough = merge->enough || task->rank + task->count >= merge->options.limit;
  merge->failed = merge->failed || code != DC_OK;
  pthread_cond_broadcast(&merge->change);
  return code;
}

/* Is something going to be handed out of the tasks that were started? */
static bool is_pending(const SortMerge *merge) {
  for (size_t i = 0; i < merge->active_count; i++)
    if (!merge->active[i]->ready || merge->active[i]->next < merge->active[i]->count) return true;
  return false;
}

DcCode sort_merge_next(SortMerge *merge, SortChunk *out, bool *got, DcError *err) {
  DcCode code = DC_OK;
  SortTask *finished = NULL;
  *got = false;
  pthread_mutex_lock(&merge->lock);
  while (code == DC_OK && !merge->failed) {
    if (carve(merge, out, &finished)) {
      *got = true;
      break;
    }
    if (finished) {
      pthread_mutex_unlock(&merge->lock);
      free_task(merge, finished);
      finished = NULL;
      pthread_mutex_lock(&merge->lock);
      pthread_cond_broadcast(&merge->change);
      continue;
    }
    bool more = merge->started < merge->task_count && !merge->enough;
    if (more && merge->active_count < merge->active_most) code = start_task(merge, err);
    else if (!more && !is_pending(merge)) break;
    else pthread_cond_wait(&merge->change, &merge->lock);
  }
  pthread_mutex_unlock(&merge->lock);
  if (finished) free_task(merge, finished);
  return code;
}

Str sort_merge_key(const SortChunk *chunk, uint32_t row) {
  const SortEntry *entry = &chunk->task->entries[chunk->from + row];
  return sort_keys_at(&chunk->task->keys[entry->source], entry->row);
}

DcCode sort_merge_batch(SortMerge *merge, const SortChunk *chunk, Batch **out, DcError *err) {
  uint32_t n = chunk->to - chunk->from;
  BatchPick *picks = dc_alloc((size_t)n * sizeof *picks);
  const SortEntry *entries = chunk->task->entries + chunk->from;
  for (uint32_t i = 0; i < n; i++) picks[i] = (BatchPick){entries[i].source, entries[i].row};
  DcCode code = batch_pick(merge->engine->budget, chunk->task->batches, picks, n, GATHER_KEY | GATHER_ORIGINS, out, err);
  if (code == DC_OK) atomic_fetch_add(&merge->engine->rows_copied, n);
  dc_free(picks);
  return code;
}

void sort_merge_done(SortMerge *merge, const SortChunk *chunk) {
  pthread_mutex_lock(&merge->lock);
  chunk->task->in_use--;
  pthread_cond_broadcast(&merge->change);
  pthread_mutex_unlock(&merge->lock);
}
