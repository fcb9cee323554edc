/* pass.c - opens what a dataset rests on, and runs fused passes over it. */
#include "engine/pass.h"

#include <stdlib.h>

#include "catalog/random.h"
#include "engine/load.h"
#include "engine/store.h"

/* What to read of stored partitions: an extent of a run, or rows of a piece. */
typedef struct Stored {
  uint32_t part;
  const Run *run;
  const Extent *extent;
  const Piece *piece;
  uint32_t from, to;
  uint64_t row;
} Stored;

struct Pass {
  Engine *engine;
  Dataset *base;
  const NarrowOp **ops; /* from the base up */
  size_t op_count;
  uint32_t *parts; /* the base's partition for each output partition */
  uint32_t count;
  Reader *reader;  /* over files */
  Stored *stored;  /* or over a store */
  size_t stored_count, stored_cap;
  atomic_size_t next;
  Worker *workers;
  Consumer *consumer;
  atomic_bool stop, paused;
  atomic_bool ended;
};

bool node_is_breaker(const Dataset *node) {
  switch (node->kind) {
    case NODE_SHUFFLE:
    case NODE_RECUT:
    case NODE_DISTINCT:
    case NODE_LIMIT:
    case NODE_COUNT: return true;
    case NODE_SOURCE:
    case NODE_NARROW:
    case NODE_CHOOSE:
    case NODE_STORED: return false;
  }
  return false;
}

static bool covered(const Dataset *node, const uint32_t *parts, uint32_t count) {
  if (!node->store) return false;
  for (uint32_t i = 0; i < count; i++)
    if (parts[i] != NO_PART && !node->done[parts[i]]) return false;
  return true;
}

static bool repeats(const uint32_t *parts, uint32_t count, uint32_t partitions) {
  uint8_t *seen = dc_alloc((size_t)partitions + 1);
  bool twice = false;
  for (uint32_t i = 0; i < count && !twice; i++) {
    if (parts[i] == NO_PART) continue;
    twice = seen[parts[i]];
    seen[parts[i]] = 1;
  }
  dc_free(seen);
  return twice;
}

/* Goes down from top to what can be read, collecting operators. */
static DcCode descend(Pass *pass, Dataset *top, bool below, DcError *err) {
  size_t cap = 0;
  Dataset *node = top;
  for (;;) {
    pass->base = node;
    if (below) {
      below = false;
      if (node->kind == NODE_SOURCE) break;
      VEC_GROW(pass->ops, pass->op_count, cap);
      pass->ops[pass->op_count++] = &node->op;
      node = node->input;
      continue;
    }
    if (covered(node, pass->parts, pass->count)) break;
    bool shared = atomic_load(&node->refs) - node->loans > 1 || repeats(pass->parts, pass->count, node->partitions);
    if (node_is_breaker(node) || (shared && node->kind != NODE_CHOOSE)) {
      DC_TRY(node_compute(node, pass->parts, pass->count, err));
      break;
    }
    if (node->kind == NODE_SOURCE) break;
    if (node->kind == NODE_CHOOSE) {
      for (uint32_t i = 0; i < pass->count; i++)
        if (pass->parts[i] != NO_PART) pass->parts[i] = node->parts[pass->parts[i]];
    } else {
      VEC_GROW(pass->ops, pass->op_count, cap);
      pass->ops[pass->op_count++] = &node->op;
    }
    node = node->input;
  }
  for (size_t i = 0; i + 1 < pass->op_count - i; i++) { /* from the base up */
    const NarrowOp *swap = pass->ops[i];
    pass->ops[i] = pass->ops[pass->op_count - 1 - i];
    pass->ops[pass->op_count - 1 - i] = swap;
  }
  return DC_OK;
}

static void add_stored(Pass *pass, Stored stored) {
  VEC_GROW(pass->stored, pass->stored_count, pass->stored_cap);
  const Stored *last = pass->stored_count ? &pass->stored[pass->stored_count - 1] : NULL;
  if (last) stored.row = last->row + (last->extent ? last->extent->rows : last->to - last->from);
  pass->stored[pass->stored_count++] = stored;
}

static void list_stored(Pass *pass) {
  enum { ROWS = 1 << 16 };
  Store *store = pass->base->store;
  store_sort(store);
  for (uint32_t i = 0; i < pass->count; i++) {
    uint32_t part = pass->parts[i];
    if (part == NO_PART || !store->part_rows[part]) continue;
    for (size_t r = 0; r < store->run_count; r++) {
      const Run *run = &store->runs[r];
      for (uint32_t e = part < run->partitions ? run->first[part] : 0; part < run->partitions && e < run->first[part + 1]; e++)
        add_stored(pass, (Stored){.part = i, .run = run, .extent = &run->extents[e]});
    }
    for (size_t k = 0; k < store->piece_count; k++) {
      uint32_t from, to;
      piece_range(&store->pieces[k], part, &from, &to);
      for (; from < to; from += ROWS)
        add_stored(pass, (Stored){.part = i, .piece = &store->pieces[k], .from = from, .to = to - from < ROWS ? to : from + ROWS});
    }
  }
}

void pass_count(Dataset *base, const uint32_t *parts, uint32_t count) {
  Engine *engine = base->engine;
  StatementStats *stats = engine->stats;
  if (!stats) return;
  for (uint32_t i = 0; i < count; i++) stats->partitions_read += parts[i] != NO_PART;
  if (engine->counted_base != base) stats->partitions_of += base->partitions; /* once for a statement that takes it piece by piece */
  engine->counted_base = base;
}

static DcCode open_pass(Dataset *top, bool below, const uint32_t *wanted, uint32_t count, Pass **out, DcError *err) {
  Pass *pass = dc_alloc(sizeof *pass);
  pass->engine = top->engine;
  pass->count = wanted ? count : top->partitions;
  pass->parts = dc_alloc(((size_t)pass->count + 1) * sizeof *pass->parts);
  for (uint32_t i = 0; i < pass->count; i++) pass->parts[i] = wanted ? wanted[i] : i;
  DcCode code = descend(pass, top, below, err);
  if (code == DC_OK && (!below || pass->base != top) && covered(pass->base, pass->parts, pass->count)) list_stored(pass);
  else if (code == DC_OK) code = reader_open(pass->base, pass->parts, pass->count, &pass->reader, err);
  if (code != DC_OK) {
    pass_close(pass);
    return code;
  }
  pass_count(pass->base, pass->parts, pass->count);
  int threads = pool_threads(pass->engine->pool);
  pass->workers = dc_alloc((size_t)threads * sizeof *pass->workers);
  for (int i = 0; i < threads; i++) worker_init(&pass->workers[i], pass->engine, i);
  *out = pass;
  return DC_OK;
}

DcCode pass_open(Dataset *top, const uint32_t *wanted, uint32_t count, Pass **out, DcError *err) {
  return open_pass(top, false, wanted, count, out, err);
}

DcCode pass_open_below(Dataset *node, const uint32_t *wanted, uint32_t count, Pass **out, DcError *err) {
  return open_pass(node, true, wanted, count, out, err);
}

void pass_close(Pass *pass) {
  if (!pass) return;
  reader_close(pass->reader);
  for (int i = 0; pass->workers && i < pool_threads(pass->engine->pool); i++) worker_free(&pass->workers[i]);
  dc_free(pass->workers);
  dc_free(pass->stored);
  dc_free(pass->ops);
  dc_free(pass->parts);
  dc_free(pass);
}

/* --- Narrow operators --- */

static DcCode apply_where(Worker *worker, const NarrowOp *op, View *view) {
  Vector vector;
  DC_TRY(vector_eval(worker, op->program, op->where, view, &vector));
  uint8_t *keep = arena_raw(&worker->scratch, view->n + 1);
  uint32_t kept = vector_truth(&vector, view->n, keep);
  for (uint32_t i = 0; view->bad && i < view->n; i++) keep[i] = keep[i] && !view->bad[i];
  if (kept < view->n || view->bad) view_filter(worker, view, keep);
  view->bad = NULL;
  return DC_OK;
}

static void drop_bad(Worker *worker, View *view) {
  if (!view->bad) return;
  uint8_t *keep = arena_raw(&worker->scratch, view->n + 1);
  for (uint32_t i = 0; i < view->n; i++) keep[i] = !view->bad[i];
  view_filter(worker, view, keep);
  view->bad = NULL;
}

static void apply_sample(Worker *worker, const NarrowOp *op, View *view) {
  uint8_t *keep = arena_raw(&worker->scratch, view->n + 1);
  for (uint32_t i = 0; i < view->n; i++) {
    uint64_t random = random_mix(op->program->seed, op->program->statement, view_origin(view, i));
    keep[i] = (double)(random >> 11) * 0x1p-53 < op->share;
  }
  view_filter(worker, view, keep);
}

static DcCode apply_project(Worker *worker, const NarrowOp *op, View *view, bool needs_keys) {
  ViewColumn *columns = arena_alloc(&worker->scratch, (op->item_count + 1) * sizeof *columns);
  const Expr **computed = arena_alloc(&worker->scratch, (op->item_count + 1) * sizeof *computed);
  for (size_t i = 0; i < op->item_count; i++) computed[i] = op->items[i].column < 0 ? op->items[i].expr : NULL;
  view_fetch_for(worker, view, computed, op->item_count);
  for (size_t i = 0; i < op->item_count; i++) {
    columns[i].batch_column = -1;
    if (op->items[i].column >= 0) {
      columns[i] = view->columns[op->items[i].column];
      continue;
    }
    Vector *vector = arena_alloc(&worker->scratch, sizeof *vector);
    DC_TRY(vector_eval(worker, op->program, op->items[i].expr, view, vector));
    columns[i].vector = vector;
  }
  if (needs_keys && view->key_source == KEY_OF_BATCH && !view->batch->key) { /* the default key is of the record as it was */
    Value *keys = arena_raw(&worker->scratch, (view->n + 1) * sizeof *keys);
    Vector *key = arena_alloc(&worker->scratch, sizeof *key);
    for (uint32_t i = 0; i < view->n; i++) keys[i] = view_key(worker, view, i);
    *key = (Vector){.kind = VEC_ANY, .as.values = keys};
    view->key = key;
    view->key_source = KEY_VECTOR;
  }
  view->columns = columns;
  view->column_count = (uint32_t)op->item_count;
  view->whole = false;
  drop_bad(worker, view);
  return DC_OK;
}

static DcCode apply_key(Worker *worker, const NarrowOp *op, View *view) {
  Vector *key = arena_alloc(&worker->scratch, sizeof *key);
  if (op->random_key) {
    int64_t *ints = arena_raw(&worker->scratch, (view->n + 1) * sizeof *ints);
    for (uint32_t i = 0; i < view->n; i++)
      ints[i] = (int64_t)(random_mix(op->program->seed, op->program->statement, view_origin(view, i)) >> 33);
    *key = (Vector){.kind = VEC_INT, .as.ints = ints};
  } else {
    view_fetch_for(worker, view, &op->key, 1);
    DC_TRY(vector_eval(worker, op->program, op->key, view, key));
  }
  view->key = key;
  view->key_source = KEY_VECTOR;
  drop_bad(worker, view);
  return DC_OK;
}

DcCode narrow_apply(Worker *worker, const NarrowOp *op, View *view, bool needs_keys) {
  if (op->where) DC_TRY(apply_where(worker, op, view));
  if (op->share >= 0) apply_sample(worker, op, view);
  if (op->project) DC_TRY(apply_project(worker, op, view, needs_keys));
  if (op->key || op->random_key) DC_TRY(apply_key(worker, op, view));
  return DC_OK;
}

/* --- Workers --- */

static DcCode next_stored(Pass *pass, Morsel *morsel, bool *got, Batch **read, DcError *err) {
  size_t at = atomic_fetch_add(&pass->next, 1);
  *got = at < pass->stored_count;
  morsel->seq = at;
  if (!*got) return DC_OK;
  const Stored *stored = &pass->stored[at];
  morsel->part = stored->part;
  morsel->row = stored->row;
  if (stored->extent) {
    DC_TRY(store_read(pass->base->store, stored->run, stored->extent, read, err));
    morsel->batch = *read;
    morsel->from = 0;
    morsel->to = (*read)->rows;
  } else {
    morsel->batch = stored->piece->batch;
    morsel->from = stored->from;
    morsel->to = stored->to;
  }
  return DC_OK;
}

static DcCode run_morsel(Pass *pass, Worker *worker, const Morsel *morsel) {
  Consumer *consumer = pass->consumer;
  uint32_t chunk = CHUNK_ROWS, columns = pass->base->schema.count;
  if (pass->engine->options.batch_rows && pass->engine->options.batch_rows < chunk) chunk = (uint32_t)pass->engine->options.batch_rows;
  if (consumer->begin) DC_TRY(consumer->begin(consumer, worker, morsel));
  for (uint32_t row = morsel->from; row < morsel->to; row += chunk) {
    View view;
    uint32_t n = morsel->to - row < chunk ? morsel->to - row : chunk;
    view_of_batch(worker, &view, morsel->batch, row, n, columns);
    view.names = pass->base->schema.names;
    for (size_t i = 0; i < pass->op_count && view.n; i++) DC_TRY(narrow_apply(worker, pass->ops[i], &view, consumer->needs_keys));
    if (view.n) DC_TRY(consumer->rows(consumer, worker, morsel, &view));
    arena_reset(&worker->scratch);
  }
  worker->rows_in += morsel->to - morsel->from;
  worker->bytes_in += batch_bytes(morsel->batch, morsel->from, morsel->to);
  atomic_fetch_add(&pass->engine->progress_rows, morsel->to - morsel->from);
  atomic_fetch_add(&pass->engine->rows_seen, morsel->to - morsel->from);
  return consumer->end ? consumer->end(consumer, worker, morsel) : DC_OK;
}

static void work(void *argument, int number) {
  Pass *pass = argument;
  Worker *worker = &pass->workers[number];
  worker->err = (DcError){0};
  while (!atomic_load(&pass->stop) && !atomic_load(&pass->paused)) {
    Morsel morsel = {0};
    Batch *read = NULL;
    bool got = false;
    DcError err = {0};
    if (engine_interrupted()) {
      dc_fail_at(&err, DC_INTERRUPTED, (Position){0}, "interrupted");
    } else if (pass->reader) {
      (void)!reader_next(pass->reader, number, &morsel, &got, &worker->error_seq, &err);
    } else {
      (void)!next_stored(pass, &morsel, &got, &read, &err);
    }
    if (err.code == DC_OK && !got) {
      if (!pass->reader || !reader_paused(pass->reader)) atomic_store(&pass->ended, true);
      break;
    }
    if (err.code == DC_OK && run_morsel(pass, worker, &morsel) != DC_OK) err = worker->err;
    batch_unref(read);
    if (err.code != DC_OK) {
      worker->err = err;
      worker->error_seq = pass->reader && !got ? worker->error_seq : morsel.seq;
      atomic_store(&pass->stop, true);
      break;
    }
    if (pass->consumer->full && pass->consumer->full(pass->consumer)) atomic_store(&pass->paused, true);
  }
}

DcCode pass_run(Pass *pass, Consumer *consumer, bool *more, DcError *err) {
  int threads = pool_threads(pass->engine->pool);
  pass->consumer = consumer;
  atomic_store(&pass->paused, false);
  if (pass->reader) reader_set_quota(pass->reader, consumer->quota);
  int count = pass->reader ? 0 : (int)(pass->stored_count < (size_t)threads ? pass->stored_count : (size_t)threads);
  if (pass->reader || count) pool_run(pass->engine->pool, count, work, pass);
  else atomic_store(&pass->ended, true);
  const Worker *failed = NULL;
  for (int i = 0; i < threads; i++) {
    const Worker *worker = &pass->workers[i];
    if (worker->err.code != DC_OK && (!failed || worker->error_seq < failed->error_seq)) failed = worker;
    if (pass->engine->stats) {
      pass->engine->stats->rows_in += worker->rows_in;
      pass->engine->stats->bytes_in += worker->bytes_in;
    }
    pass->workers[i].rows_in = pass->workers[i].bytes_in = 0;
  }
  if (more) *more = !atomic_load(&pass->ended);
  if (!failed) return DC_OK;
  *err = failed->err;
  return err->code;
}
