/* shuffle.c - placing rows by key, and laying morsels out by partition. */
#include "engine/shuffle.h"

static DcCode end_morsel(Consumer *self, Worker *worker, const Morsel *morsel);

static DcCode begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  Shuffler *shuffler = (Shuffler *)self;
  (void)morsel;
  Builder *builder = &shuffler->builders[worker->number];
  builder->drop_key = !(shuffler->what & GATHER_KEY);
  builder_start(builder);
  return DC_OK;
}

static inline uint32_t place_int(int64_t key, uint32_t partitions) {
  if (key >= 0 && key < partitions) return (uint32_t)key;
  int64_t rest = key % (int64_t)partitions;
  return (uint32_t)(rest < 0 ? rest + partitions : rest);
}

/* By the key of language.md § 1; a NULL goes to partition 0 and is counted. */
static void place_keys(Shuffler *shuffler, Worker *worker, View *view, uint32_t *parts) {
  uint32_t partitions = shuffler->partitions, nulls = 0;
  const Vector *key = view->key;
  if (view->key_source == KEY_VECTOR && key->kind == VEC_INT && !key->constant && !key->nulls) {
    for (uint32_t i = 0; i < view->n; i++) parts[i] = place_int(key->as.ints[i], partitions);
    return;
  }
  for (uint32_t i = 0; i < view->n; i++) {
    Value value = view_key(worker, view, i);
    nulls += value_is_null(value);
    parts[i] = value_is_null(value) ? 0 : value_partition(value, partitions);
  }
  if (nulls) atomic_fetch_add(&shuffler->engine->null_keys, nulls);
}

static DcCode rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Shuffler *shuffler = (Shuffler *)self;
  Builder *builder = &shuffler->builders[worker->number];
  (void)morsel;
  uint32_t at = builder->n, n = view->n;
  if (shuffler->shown) { /* what places the rows need not be among what is kept of them */
    uint32_t *parts = arena_raw(&worker->scratch, (n + 1) * sizeof *parts);
    DC_TRY(shuffler->place(shuffler, worker, view, parts));
    DC_TRY(narrow_apply(worker, shuffler->shown, view, false));
    builder_add(builder, worker, view);
    memcpy(builder->parts + at, parts, n * sizeof *parts);
    return DC_OK;
  }
  builder_add(builder, worker, view);
  if (shuffler->place) return shuffler->place(shuffler, worker, view, builder->parts + at);
  place_keys(shuffler, worker, view, builder->parts + at);
  return DC_OK;
}

void counting_sort(const uint32_t *parts, uint32_t n, uint32_t partitions, uint32_t *order, uint32_t *starts) {
  memset(starts, 0, ((size_t)partitions + 1) * sizeof *starts);
  for (uint32_t i = 0; i < n; i++) starts[parts[i] + 1]++;
  for (uint32_t p = 0; p < partitions; p++) starts[p + 1] += starts[p];
  for (uint32_t i = 0; i < n; i++) order[starts[parts[i]]++] = i;
  for (uint32_t p = partitions; p > 0; p--) starts[p] = starts[p - 1]; /* back to where each begins */
  starts[0] = 0;
}

static DcCode end_morsel(Consumer *self, Worker *worker, const Morsel *morsel) {
  Shuffler *shuffler = (Shuffler *)self;
  Builder *builder = &shuffler->builders[worker->number];
  if (!builder->n) return DC_OK;
  uint32_t partitions = shuffler->partitions;
  if (!partitions) /* found on the way: as many as this morsel needs */
    for (uint32_t i = 0; i < builder->n; i++)
      if (builder->parts[i] >= partitions) partitions = builder->parts[i] + 1;
  uint32_t *order = dc_alloc(((size_t)builder->n + 1) * sizeof *order);
  uint32_t *starts = dc_alloc(((size_t)partitions + 1) * sizeof *starts);
  Batch *batch = NULL;
  counting_sort(builder->parts, builder->n, partitions, order, starts);
  if (shuffler->seen) shuffler->seen(shuffler, morsel->seq, order, starts, partitions);
  DcCode code = builder_finish(builder, shuffler->engine, morsel->batch, order, shuffler->what, &batch, &worker->err);
  dc_free(order);
  if (code == DC_OK) store_add(shuffler->store, (Piece){.seq = morsel->seq, .batch = batch, .starts = starts, .count = partitions});
  else dc_free(starts);
  return code;
}

static bool full(Consumer *self) {
  Shuffler *shuffler = (Shuffler *)self;
  pthread_mutex_lock(&shuffler->store->lock);
  bool is_full = shuffler->store->memory >= shuffler->room;
  pthread_mutex_unlock(&shuffler->store->lock);
  return is_full || budget_used(shuffler->engine->budget) > shuffler->engine->options.memory;
}

void shuffler_init(Shuffler *shuffler, Engine *engine, Store *store, int what, size_t room) {
  *shuffler = (Shuffler){.consumer = {begin, rows, end_morsel, full, 0, (what & GATHER_KEY) != 0, NULL}, .engine = engine, .store = store, .partitions = store->partitions, .what = what, .room = room};
  shuffler->builders = dc_alloc((size_t)pool_threads(engine->pool) * sizeof *shuffler->builders);
}

void shuffler_free(Shuffler *shuffler) {
  for (int i = 0; shuffler->builders && i < pool_threads(shuffler->engine->pool); i++) builder_free(&shuffler->builders[i]);
  dc_free(shuffler->builders);
}
