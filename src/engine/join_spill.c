/* join_spill.c - joining part by part what lies on disk by key. */
#include "engine/join_spill.h"

#include "engine/compute.h"

enum { PIECE_ROWS = 1 << 15 };

/* Some extents of one part of the other side: as many as one table takes. */
typedef struct JoinUnit {
  uint32_t part;
  uint32_t first, count; /* of the part's extents */
  bool last;             /* of its part */
} JoinUnit;

/* An extent of a store's partition. */
typedef struct Place {
  const Run *run;
  const Extent *extent;
} Place;

typedef struct Spilled {
  JoinShape shape;
  JoinSide *other, *kept;
  int *other_places, *kept_places;
  JoinUnit *units;
  size_t unit_count, unit_cap;
  uint32_t *part_units; /* first unit of each part, JOIN_PARTS + 1 */
  Store *out;           /* partition: the unit; the rest of an OUTER join: unit_count + the unit */
  size_t room;          /* of out */
  atomic_uint next_part;
  atomic_bool stop, paused;
  struct Task *tasks;   /* of each worker */
} Spilled;

/* Where a worker is: it goes on there when out has been written to disk. */
typedef struct Task {
  Spilled *spilled;
  Worker worker;
  bool busy, loaded;
  uint32_t part, unit;  /* unit: among all */
  size_t extent;        /* of the kept side's part */
  Place *kept, *other;
  size_t kept_count, other_count;
  Piece *pieces;        /* of the table */
  size_t piece_count;
  JoinTable table;
  uint8_t *met;         /* entries of the table that found a partner, OUTER */
  uint8_t *matched;     /* rows of the kept part that did, where it has several units */
  size_t row;           /* of the extent's first row in matched */
  Builder builder;
  uint64_t pieces_out;
} Task;

/* --- Extents --- */

static Place *list_extents(const Store *store, uint32_t part, size_t *count) {
  Place *places = NULL;
  size_t cap = 0;
  *count = 0;
  for (size_t r = 0; r < store->run_count; r++) {
    const Run *run = &store->runs[r];
    for (uint32_t e = run->first[part]; e < run->first[part + 1]; e++) {
      VEC_GROW(places, *count, cap);
      places[(*count)++] = (Place){run, &run->extents[e]};
    }
  }
  return places;
}

/* Every part has a unit, also without rows of the other side: the kept side's rows go through it. */
static void plan_units(Spilled *spilled, uint64_t room) {
  spilled->part_units = dc_alloc((JOIN_PARTS + 1) * sizeof *spilled->part_units);
  for (uint32_t part = 0; part < JOIN_PARTS; part++) {
    size_t count;
    Place *places = list_extents(spilled->other->store, part, &count);
    spilled->part_units[part] = (uint32_t)spilled->unit_count;
    for (size_t first = 0; first == 0 || first < count;) {
      uint64_t bytes = 0;
      size_t to = first;
      for (; to < count && (to == first || bytes + places[to].extent->payload <= room); to++)
        bytes += places[to].extent->payload + join_table_size(places[to].extent->rows);
      VEC_GROW(spilled->units, spilled->unit_count, spilled->unit_cap);
      spilled->units[spilled->unit_count++] = (JoinUnit){part, (uint32_t)first, (uint32_t)(to - first), to >= count};
      first = to ? to : 1;
    }
    dc_free(places);
  }
  spilled->part_units[JOIN_PARTS] = (uint32_t)spilled->unit_count;
}

/* --- Rows of the result --- */

static DcCode end_piece(Task *task, uint32_t partition) {
  Spilled *spilled = task->spilled;
  if (!task->builder.n) return DC_OK;
  Batch *batch = NULL;
  DC_TRY(builder_finish(&task->builder, spilled->out->engine, NULL, NULL, GATHER_KEY | GATHER_ORIGINS, &batch, &task->worker.err));
  store_add(spilled->out, (Piece){.seq = task->pieces_out++, .batch = batch, .part = partition});
  return DC_OK;
}

/* Joined rows with the place and partition of the kept side's row. */
static DcCode put_rows(void *self, View *view) {
  Task *task = self;
  Arena *arena = &task->worker.scratch;
  uint32_t width = task->spilled->shape.width, order = task->spilled->kept->column_count;
  ViewColumn *columns = arena_alloc(arena, ((size_t)width + 3) * sizeof *columns);
  Vector *vectors = arena_alloc(arena, 2 * sizeof *vectors);
  memcpy(columns, view->columns, width * sizeof *columns);
  for (uint32_t k = 0; k < 2; k++) {
    int64_t *ints = arena_raw(arena, (view->n + 1) * sizeof *ints);
    for (uint32_t i = 0; i < view->n; i++) ints[i] = column_value(&view->batch->columns[order + k], view_row(view, i), NULL).as.i;
    vectors[k] = (Vector){.kind = VEC_INT, .as.ints = ints};
    columns[width + k] = (ViewColumn){.batch_column = -1, .vector = &vectors[k]};
  }
  view->columns = columns;
  view->column_count = width + 2;
  view->whole = false;
  builder_add(&task->builder, &task->worker, view);
  return task->builder.n < PIECE_ROWS ? DC_OK : end_piece(task, task->unit);
}

/* A chunk of the kept side's rows; matched: of its rows, or NULL. */
static DcCode join_rows(Task *task, View *view, uint8_t *matched) {
  const JoinShape *shape = &task->spilled->shape;
  Worker *worker = &task->worker;
  bool last = task->spilled->units[task->unit].last;
  uint64_t *hashes = arena_raw(&worker->scratch, (view->n + 1) * sizeof *hashes);
  uint32_t *heads = arena_raw(&worker->scratch, (view->n + 1) * sizeof *heads);
  view->key = view_keys(worker, view);
  view->key_source = KEY_VECTOR;
  join_hash(view->key, view->n, hashes);
  join_table_find(&task->table, worker, view->key, hashes, view->n, heads);
  JoinEmit emit = {.shape = shape, .table = &task->table, .places = task->spilled->other_places, .worker = worker, .view = view, .emit = put_rows, .self = task};
  join_emit_start(&emit);
  for (uint32_t i = 0; i < view->n; i++) {
    bool found = heads[i] != NO_ENTRY;
    bool alone = last && !found && !(matched && matched[i]);
    if (matched && found) matched[i] = 1;
    if (alone && (shape->left || shape->anti)) DC_TRY(join_emit_add(&emit, i, NO_REF));
    if (!found || shape->anti) continue;
    if (task->met) task->met[heads[i]] = 1;
    for (uint32_t entry = heads[i]; entry != NO_ENTRY; entry = task->table.entries[entry].next)
      DC_TRY(join_emit_add(&emit, i, join_ref(&task->table, entry)));
  }
  return join_emit_flush(&emit);
}

static DcCode join_extent(Task *task) {
  static const Vector nothing = {.kind = VEC_NULL};
  Spilled *spilled = task->spilled;
  Worker *worker = &task->worker;
  Batch *batch = NULL;
  const Place *place = &task->kept[task->extent];
  DC_TRY(store_read(spilled->kept->store, place->run, place->extent, &batch, &worker->err));
  DcCode code = DC_OK;
  for (uint32_t row = 0; row < batch->rows && code == DC_OK; row += CHUNK_ROWS) {
    View view;
    view_of_batch(worker, &view, batch, row, batch->rows - row < CHUNK_ROWS ? batch->rows - row : CHUNK_ROWS, spilled->shape.kept_count);
    for (uint32_t c = 0; c < spilled->shape.kept_count; c++) {
      view.columns[c].batch_column = spilled->kept_places[c];
      if (spilled->kept_places[c] < 0) view.columns[c].vector = &nothing;
    }
    code = join_rows(task, &view, task->matched ? task->matched + task->row + row : NULL);
    arena_reset(&worker->scratch);
  }
  if (code == DC_OK) code = end_piece(task, task->unit);
  task->row += batch->rows;
  batch_unref(batch);
  return code;
}

/* OUTER: rows of the unit that found nobody. Their place is their own; which partition is theirs the merge tells by key. */
static DcCode put_rest(Task *task) {
  enum { STEP = 4096 };
  Spilled *spilled = task->spilled;
  const JoinShape *shape = &spilled->shape;
  const JoinTable *table = &task->table;
  uint32_t width = shape->width + 2;
  for (uint32_t head = 0; head < table->rows; head++) /* a chain has met whom its first entry met */
    for (uint32_t entry = head; task->met[head] == 1 && entry != NO_ENTRY; entry = table->entries[entry].next)
      if (entry != head) task->met[entry] = 2;
  int *places = dc_alloc((width + 1) * sizeof *places);
  uint64_t *refs = dc_alloc(STEP * sizeof *refs);
  for (uint32_t c = 0; c < width; c++) places[c] = -1;
  memcpy(places + shape->other_first, spilled->other_places, shape->other_count * sizeof *places);
  places[shape->width] = (int)spilled->other->column_count;
  DcCode code = DC_OK;
  for (uint32_t entry = 0; entry < table->rows && code == DC_OK;) {
    uint32_t n = 0;
    Batch *batch = NULL;
    for (; entry < table->rows && n < STEP; entry++)
      if (!task->met[entry]) refs[n++] = join_ref(table, entry);
    if (n) code = join_rows_batch(&task->worker, table, places, width, refs, n, &batch, &task->worker.err);
    if (batch) store_add(spilled->out, (Piece){.seq = task->pieces_out++, .batch = batch, .part = (uint32_t)spilled->unit_count + task->unit});
    arena_reset(&task->worker.scratch);
  }
  dc_free(refs);
  dc_free(places);
  return code;
}

/* --- Units --- */

static void drop_unit(Task *task) {
  join_table_free(&task->table);
  for (size_t i = 0; i < task->piece_count; i++) batch_unref(task->pieces[i].batch);
  dc_free(task->pieces);
  dc_free(task->met);
  task->pieces = NULL;
  task->met = NULL;
  task->piece_count = 0;
  task->loaded = false;
}

static void drop_part(Task *task) {
  drop_unit(task);
  dc_free(task->kept);
  dc_free(task->other);
  dc_free(task->matched);
  task->kept = task->other = NULL;
  task->matched = NULL;
  task->busy = false;
}

static void take_part(Task *task, uint32_t part) {
  Spilled *spilled = task->spilled;
  task->busy = true;
  task->part = part;
  task->unit = spilled->part_units[part];
  task->kept = list_extents(spilled->kept->store, part, &task->kept_count);
  task->other = list_extents(spilled->other->store, part, &task->other_count);
  if (spilled->part_units[part + 1] - task->unit > 1) task->matched = dc_alloc(spilled->kept->store->part_rows[part] + 1);
}

static DcCode load_unit(Task *task) {
  Spilled *spilled = task->spilled;
  const JoinUnit *unit = &spilled->units[task->unit];
  Engine *engine = spilled->out->engine;
  task->loaded = true;
  task->extent = 0;
  task->row = 0;
  task->pieces = dc_alloc(((size_t)unit->count + 1) * sizeof *task->pieces);
  for (; task->piece_count < unit->count; task->piece_count++) {
    const Place *place = &task->other[unit->first + task->piece_count];
    Piece *piece = &task->pieces[task->piece_count];
    piece->part = unit->part;
    DC_TRY(store_read(spilled->other->store, place->run, place->extent, &piece->batch, &task->worker.err));
  }
  DC_TRY(join_table_init(&task->table, engine, task->pieces, task->piece_count, unit->part, false, &task->worker.err));
  if (spilled->shape.outer) task->met = dc_alloc((size_t)task->table.rows + 1);
  return DC_OK;
}

/* One step: a unit is loaded, or an extent of the kept side goes through it, or the unit ends. */
static DcCode step(Task *task) {
  Spilled *spilled = task->spilled;
  if (!task->loaded) return load_unit(task);
  if (task->extent < task->kept_count) {
    DC_TRY(join_extent(task));
    task->extent++;
    return DC_OK;
  }
  if (task->met) DC_TRY(put_rest(task));
  drop_unit(task);
  if (++task->unit == spilled->part_units[task->part + 1]) drop_part(task);
  return DC_OK;
}

static bool out_full(const Spilled *spilled) {
  pthread_mutex_lock(&spilled->out->lock);
  bool full = spilled->out->memory > spilled->room;
  pthread_mutex_unlock(&spilled->out->lock);
  return full;
}

static void spilled_work(void *argument, int number) {
  Spilled *spilled = argument;
  Task *task = &spilled->tasks[number];
  while (!atomic_load(&spilled->stop) && !atomic_load(&spilled->paused)) {
    if (!task->busy) {
      uint32_t part = atomic_fetch_add(&spilled->next_part, 1);
      if (part >= JOIN_PARTS) break;
      take_part(task, part);
    }
    if (engine_interrupted()) dc_fail_at(&task->worker.err, DC_INTERRUPTED, (Position){0}, "interrupted");
    if (task->worker.err.code != DC_OK || step(task) != DC_OK) atomic_store(&spilled->stop, true);
    if (out_full(spilled)) atomic_store(&spilled->paused, true);
  }
}

static DcCode join_parts(Spilled *spilled, DcError *err) {
  Engine *engine = spilled->out->engine;
  int threads = pool_threads(engine->pool);
  for (;;) {
    atomic_store(&spilled->paused, false);
    pool_run(engine->pool, 0, spilled_work, spilled);
    for (int i = 0; i < threads; i++) {
      if (spilled->tasks[i].worker.err.code == DC_OK) continue;
      *err = spilled->tasks[i].worker.err;
      return err->code;
    }
    if (!atomic_load(&spilled->paused)) return DC_OK;
    DC_TRY(store_spill(spilled->out, err));
  }
}

/* --- Both sides --- */

static DcCode store_kept(Spilled *spilled, const uint8_t *needed, DcError *err) {
  const JoinShape *shape = &spilled->shape;
  Dataset *input = shape->node->inputs[shape->kept_side];
  Pass *pass = NULL;
  join_side_init(spilled->kept, input, join_needed(shape, shape->kept_side, needed, NULL), shape->left || shape->anti, true, GATHER_ORIGINS);
  DC_TRY(pass_open(input, shape->parts, shape->part_count, &pass, err));
  DcCode code = run_spilling(pass, &spilled->kept->shuffler.consumer, spilled->kept->store, err);
  pass_close(pass);
  if (code == DC_OK) code = store_spill(spilled->kept->store, err);
  return code;
}

static DcCode store_other(Spilled *spilled, Pass *pass, DcError *err) {
  Store *store = spilled->other->store;
  DC_TRY(store_spill(store, err));
  DC_TRY(run_spilling(pass, &spilled->other->shuffler.consumer, store, err));
  return store_spill(store, err);
}

/* Extents of the result are small, so that one of each unit fits into memory when they are merged. */
static void make_out(Spilled *spilled) {
  Engine *engine = spilled->shape.node->engine;
  size_t most = engine->options.memory / 4 / spilled->unit_count, threads = (size_t)pool_threads(engine->pool);
  spilled->out = store_new(engine, (uint32_t)spilled->unit_count * 2);
  if (most < spilled->out->extent_bytes) spilled->out->extent_bytes = most < (16u << 10) ? 16u << 10 : most;
  spilled->room = engine->options.memory / 4;
  spilled->tasks = dc_alloc(threads * sizeof *spilled->tasks);
  for (size_t i = 0; i < threads; i++) {
    spilled->tasks[i].spilled = spilled;
    worker_init(&spilled->tasks[i].worker, engine, (int)i);
    builder_start(&spilled->tasks[i].builder);
  }
}

static void spilled_free(Spilled *spilled) {
  for (int i = 0; spilled->tasks && i < pool_threads(spilled->shape.node->engine->pool); i++) {
    drop_part(&spilled->tasks[i]);
    builder_free(&spilled->tasks[i].builder);
    worker_free(&spilled->tasks[i].worker);
  }
  dc_free(spilled->tasks);
  dc_free(spilled->units);
  dc_free(spilled->part_units);
  dc_free(spilled->other_places);
  dc_free(spilled->kept_places);
  join_side_free(spilled->kept);
  store_free(spilled->out);
}

static DcCode run_spilled(Spilled *spilled, Pass *pass, const uint8_t *needed, DcError *err) {
  Engine *engine = spilled->shape.node->engine;
  DC_TRY(store_other(spilled, pass, err));
  DC_TRY(store_kept(spilled, needed, err));
  join_warn_classes(&spilled->shape, atomic_load(&spilled->kept->classes), atomic_load(&spilled->other->classes));
  spilled->other_places = join_side_places(spilled->other, spilled->shape.other_count);
  spilled->kept_places = join_side_places(spilled->kept, spilled->shape.kept_count);
  plan_units(spilled, engine->options.memory / 4 / (uint64_t)pool_threads(engine->pool));
  make_out(spilled);
  return join_parts(spilled, err);
}

DcCode join_spill_open(const JoinShape *shape, JoinSide *side, Pass *pass, const uint8_t *needed, Generator **out, DcError *err) {
  JoinSide kept = {0};
  Spilled spilled = {.shape = *shape, .other = side, .kept = &kept};
  DcCode code = run_spilled(&spilled, pass, needed, err);
  if (code == DC_OK) {
    *out = join_merge_new(shape->node->engine, spilled.out, (uint32_t)spilled.unit_count, shape->width, shape->node->partitions);
    spilled.out = NULL;
  }
  spilled_free(&spilled);
  return code;
}
