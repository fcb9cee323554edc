/* window.c - window functions: calls of one order together, partitions of rows for all workers, results into buckets by
 * row number, and the pass that puts them beside the rows of the input.
 */
#include "engine/window.h"

#include "engine/shuffle.h"

enum { SLICE_ROWS = 1 << 16, MOST_BUCKETS = 1024 };

/* --- The plan --- */

static const struct { const char *name; WindowKind kind; } kinds[] = {
    {"ROW_NUMBER", WINDOW_ROW_NUMBER}, {"RANK", WINDOW_RANK}, {"DENSE_RANK", WINDOW_DENSE_RANK}, {"PERCENT_RANK", WINDOW_PERCENT_RANK},
    {"CUME_DIST", WINDOW_CUME_DIST}, {"NTILE", WINDOW_NTILE}, {"LAG", WINDOW_LAG}, {"LEAD", WINDOW_LEAD},
    {"FIRST_VALUE", WINDOW_FIRST_VALUE}, {"LAST_VALUE", WINDOW_LAST_VALUE}, {"NTH_VALUE", WINDOW_NTH_VALUE},
};

static WindowKind kind_of(const Function *function) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(function->name, kinds[i].name)) return kinds[i].kind;
  return WINDOW_AGGREGATE;
}

static DcCode frame_offset(const Expr *expr, uint64_t *out, DcError *err) {
  Value number;
  *out = 0;
  if (!expr) return DC_OK;
  if (expr->kind != EXPR_LITERAL) return dc_fail_at(err, DC_FAIL, expr->pos, "a bound of a frame has to be the same for all records");
  if (value_to_number(expr->literal, &number) && number.type == TYPE_INT && number.as.i >= 0) {
    *out = (uint64_t)number.as.i;
    return DC_OK;
  }
  Buf text = {0};
  value_print(&text, expr->literal);
  dc_fail_at(err, DC_FAIL, expr->pos, "a frame goes a whole number of rows from the current one, not %.*s", (int)text.len, text.data);
  if (number_parse(str_make(text.data, text.len), &number)) dc_hint(err, "n PRECEDING looks back, n FOLLOWING ahead, n from 0 on");
  buf_free(&text);
  return err->code;
}

static bool same_order(const WindowCall *a, const WindowCall *b) {
  if (a->partition_count != b->partition_count || a->order_count != b->order_count) return false;
  for (size_t i = 0; i < a->partition_count; i++)
    if (!same_expr(a->partition_by[i], b->partition_by[i])) return false;
  for (size_t i = 0; i < a->order_count; i++) {
    const SortKey *x = &a->order_by[i], *y = &b->order_by[i];
    if (!same_expr(x->expr, y->expr) || x->descending != y->descending || x->nulls_first != y->nulls_first) return false;
  }
  return true;
}

/* A window node at work. */
typedef struct Windower {
  Dataset *node, *input;
  Arena arena;
  WindowSpec *specs;
  Store **results; /* of each spec, by bucket: columns for its functions, then the row's number */
  size_t count;
  uint64_t bucket_rows;
  uint32_t buckets;
} Windower;

static DcCode add_call(Windower *windower, const WindowCall *call, uint32_t result, DcError *err) {
  size_t s = 0, most = windower->node->window->call_count;
  while (s < windower->count && !same_order(windower->specs[s].like, call)) s++;
  WindowSpec *spec = &windower->specs[s];
  if (s == windower->count) {
    windower->count++;
    *spec = (WindowSpec){.like = call, .functions = arena_alloc(&windower->arena, most * sizeof *spec->functions)};
  }
  WindowFunction *function = &spec->functions[spec->count++];
  *function = (WindowFunction){.call = call, .kind = kind_of(call->call.function), .column = spec->arg_count, .result = result};
  if (function->kind != WINDOW_AGGREGATE && call->call.distinct)
    return dc_fail_at(err, DC_FAIL, call->call.pos, "DISTINCT is for aggregates; %s is none", call->call.function->name);
  DC_TRY(frame_offset(call->from_offset, &function->from, err));
  DC_TRY(frame_offset(call->to_offset, &function->to, err));
  const Expr **args = arena_alloc(&windower->arena, (spec->arg_count + call->call.arg_count + 1) * sizeof *args);
  if (spec->arg_count) memcpy(args, spec->args, spec->arg_count * sizeof *args);
  for (size_t i = 0; i < call->call.arg_count; i++) args[spec->arg_count++] = call->call.args[i];
  spec->args = args;
  return DC_OK;
}

static DcCode plan(Windower *windower, DcError *err) {
  const WindowPlan *calls = windower->node->window;
  windower->specs = arena_alloc(&windower->arena, (calls->call_count + 1) * sizeof *windower->specs);
  windower->results = arena_alloc(&windower->arena, (calls->call_count + 1) * sizeof *windower->results);
  for (size_t i = 0; i < calls->call_count; i++) DC_TRY(add_call(windower, &calls->calls[i], (uint32_t)i, err));
  return DC_OK;
}

/* --- Evaluating the functions of a spec --- */

/* A worker's run of whole partitions, which may take several turns. */
typedef struct Turn {
  uint64_t at, end;
  WindowState **states; /* NULL between runs */
  ColumnBuilder *columns;
  WindowCursor numbers;
  DcError err;
} Turn;

typedef struct Evaluation {
  const Windower *windower;
  const WindowSpec *spec;
  const WindowRows *rows;
  Store *store;
  uint64_t next; /* the first row that no worker has */
  uint64_t pieces;
  pthread_mutex_t lock;
  Turn *turns; /* of each worker */
  atomic_bool failed, paused;
} Evaluation;

static void end_turn(const Evaluation *evaluation, Turn *turn) {
  for (size_t f = 0; turn->states && f < evaluation->spec->count; f++) window_state_free(turn->states[f]);
  dc_free(turn->states);
  turn->states = NULL;
}

/* Whole partitions of about a slice, for a worker that has none. */
static DcCode begin_turn(Evaluation *evaluation, Turn *turn, bool *got) {
  const WindowRows *rows = evaluation->rows;
  const WindowSpec *spec = evaluation->spec;
  pthread_mutex_lock(&evaluation->lock);
  turn->at = evaluation->next;
  turn->end = evaluation->next = window_next(rows, rows->partitions, turn->at + SLICE_ROWS);
  pthread_mutex_unlock(&evaluation->lock);
  *got = turn->at < turn->end;
  if (!*got) return DC_OK;
  turn->states = dc_alloc((spec->count + 1) * sizeof *turn->states);
  for (size_t f = 0; f < spec->count; f++) DC_TRY(window_state_new(&spec->functions[f], rows, &turn->states[f], &turn->err));
  return DC_OK;
}

/* The results of a slice, laid out by bucket. */
static DcCode put_results(Evaluation *evaluation, Turn *turn, uint32_t n) {
  Engine *engine = evaluation->rows->engine;
  size_t count = evaluation->spec->count;
  uint32_t buckets = evaluation->windower->buckets;
  uint32_t *parts = dc_alloc(((size_t)n + 1) * 2 * sizeof *parts), *order = parts + n;
  uint32_t *starts = dc_alloc(((size_t)buckets + 1) * sizeof *starts);
  Batch *dense = NULL, *batch = NULL;
  const int64_t *numbers = (const int64_t *)(const void *)turn->columns[count].values.data;
  for (uint32_t i = 0; i < n; i++) parts[i] = (uint32_t)((uint64_t)numbers[i] / evaluation->windower->bucket_rows);
  counting_sort(parts, n, buckets, order, starts);
  DcCode code = batch_from_builders(engine->budget, turn->columns, count + 1, NULL, NULL, 0, n, &dense, &turn->err);
  if (code == DC_OK) code = batch_take(engine->budget, dense, order, NULL, NULL, n, 0, &batch, &turn->err);
  batch_unref(dense);
  dc_free(parts);
  if (code != DC_OK) {
    dc_free(starts);
    return code;
  }
  pthread_mutex_lock(&evaluation->lock);
  uint64_t seq = evaluation->pieces++;
  pthread_mutex_unlock(&evaluation->lock);
  store_add(evaluation->store, (Piece){.seq = seq, .batch = batch, .starts = starts, .count = buckets});
  return DC_OK;
}

static DcCode run_slice(Evaluation *evaluation, Turn *turn) {
  const WindowSpec *spec = evaluation->spec;
  uint64_t end = turn->end - turn->at < SLICE_ROWS ? turn->end : turn->at + SLICE_ROWS;
  for (size_t f = 0; f <= spec->count; f++) column_builder_reset(&turn->columns[f]);
  for (size_t f = 0; f < spec->count; f++) {
    if (engine_interrupted()) return dc_fail_at(&turn->err, DC_INTERRUPTED, (Position){0}, "interrupted");
    DC_TRY(window_state_run(turn->states[f], turn->at, end, &turn->columns[f], &turn->err));
  }
  for (uint64_t row = turn->at; row < end; row++) {
    Value number;
    DC_TRY(window_value(&turn->numbers, spec->arg_count, row, NULL, &number, &turn->err));
    column_builder_add(&turn->columns[spec->count], number);
  }
  window_cursor_close(&turn->numbers);
  DC_TRY(put_results(evaluation, turn, (uint32_t)(end - turn->at)));
  turn->at = end;
  return DC_OK;
}

static void evaluate_work(void *argument, int number) {
  Evaluation *evaluation = argument;
  Turn *turn = &evaluation->turns[number];
  const Engine *engine = evaluation->rows->engine;
  while (!atomic_load(&evaluation->failed) && !atomic_load(&evaluation->paused)) {
    bool got = true;
    if (!turn->states && begin_turn(evaluation, turn, &got) != DC_OK) atomic_store(&evaluation->failed, true);
    if (!got || turn->err.code != DC_OK) break;
    if (run_slice(evaluation, turn) != DC_OK) atomic_store(&evaluation->failed, true);
    if (turn->at >= turn->end || turn->err.code != DC_OK) end_turn(evaluation, turn);
    pthread_mutex_lock(&evaluation->store->lock);
    if (evaluation->store->memory > engine->options.memory / 4) atomic_store(&evaluation->paused, true);
    pthread_mutex_unlock(&evaluation->store->lock);
  }
}

static void init_turn(const Evaluation *evaluation, Turn *turn) {
  turn->numbers.rows = evaluation->rows;
  turn->columns = dc_alloc((evaluation->spec->count + 1) * sizeof *turn->columns);
  for (size_t f = 0; f <= evaluation->spec->count; f++) column_builder_init(&turn->columns[f]);
}

static void free_turn(const Evaluation *evaluation, Turn *turn) {
  end_turn(evaluation, turn);
  window_cursor_close(&turn->numbers);
  for (size_t f = 0; f <= evaluation->spec->count; f++) column_builder_free(&turn->columns[f]);
  dc_free(turn->columns);
}

/* Of several failures the one of the first row: results do not depend on the workers, nor do errors. */
static DcCode first_error(const Evaluation *evaluation, int threads, DcError *err) {
  const Turn *first = NULL;
  for (int i = 0; i < threads; i++) {
    const Turn *turn = &evaluation->turns[i];
    if (turn->err.code != DC_OK && (!first || turn->at < first->at)) first = turn;
  }
  if (first) *err = first->err;
  return err->code;
}

static DcCode evaluate(Windower *windower, const WindowSpec *spec, const WindowRows *rows, Store *store, DcError *err) {
  Engine *engine = windower->node->engine;
  int threads = pool_threads(engine->pool);
  Evaluation evaluation = {.windower = windower, .spec = spec, .rows = rows, .store = store};
  evaluation.turns = dc_alloc((size_t)threads * sizeof *evaluation.turns);
  pthread_mutex_init(&evaluation.lock, NULL);
  for (int i = 0; i < threads; i++) init_turn(&evaluation, &evaluation.turns[i]);
  DcCode code = DC_OK;
  for (bool more = true; more && code == DC_OK;) {
    atomic_store(&evaluation.paused, false);
    pool_run(engine->pool, 0, evaluate_work, &evaluation);
    code = first_error(&evaluation, threads, err);
    more = atomic_load(&evaluation.paused);
    if (code == DC_OK && more) code = store_spill(store, err);
  }
  for (int i = 0; i < threads; i++) free_turn(&evaluation, &evaluation.turns[i]);
  pthread_mutex_destroy(&evaluation.lock);
  dc_free(evaluation.turns);
  store_sort(store);
  return code;
}

/* --- Beside the rows of the input --- */

/* The results of one bucket, by row. */
typedef struct Bucket {
  uint64_t number;
  bool loaded;
  Value *values;  /* functions of each row */
  uint8_t *there; /* rows that have results */
  Batch **batches;
  size_t count, cap;
  Arena arena;
} Bucket;

typedef struct Joiner {
  Keeper keeper;
  DcCode (*keep)(Consumer *self, Worker *worker, const Morsel *morsel, View *view);
  const Windower *windower;
  Bucket *buckets; /* of each worker, for each spec */
  uint64_t *at;    /* of each worker: number of the next row */
} Joiner;

static void forget_bucket(Bucket *bucket) {
  for (size_t i = 0; i < bucket->count; i++) batch_unref(bucket->batches[i]);
  bucket->count = 0;
  bucket->loaded = false;
  arena_reset(&bucket->arena);
}

/* Puts rows [from, to) of a batch into their places; takes a reference to the batch over. */
static void place_rows(const Windower *windower, const WindowSpec *spec, Bucket *bucket, Batch *batch, uint32_t from, uint32_t to) {
  VEC_GROW(bucket->batches, bucket->count, bucket->cap);
  bucket->batches[bucket->count++] = batch;
  for (uint32_t row = from; row < to; row++) {
    uint64_t number = (uint64_t)column_value(&batch->columns[spec->count], row, &bucket->arena).as.i % windower->bucket_rows;
    bucket->there[number] = 1;
    for (size_t f = 0; f < spec->count; f++) bucket->values[number * spec->count + f] = column_value(&batch->columns[f], row, &bucket->arena);
  }
}

static DcCode load_bucket(const Windower *windower, size_t s, Bucket *bucket, uint64_t number, DcError *err) {
  const WindowSpec *spec = &windower->specs[s];
  Store *store = windower->results[s];
  uint32_t part = (uint32_t)number;
  if (bucket->loaded && bucket->number == number) return DC_OK;
  forget_bucket(bucket);
  if (!bucket->values) {
    bucket->values = dc_alloc(windower->bucket_rows * spec->count * sizeof *bucket->values);
    bucket->there = dc_alloc(windower->bucket_rows);
  }
  memset(bucket->there, 0, windower->bucket_rows);
  for (size_t r = 0; r < store->run_count; r++) {
    const Run *run = &store->runs[r];
    for (uint32_t e = part < run->partitions ? run->first[part] : 0; part < run->partitions && e < run->first[part + 1]; e++) {
      Batch *batch;
      DC_TRY(store_read(store, run, &run->extents[e], &batch, err));
      place_rows(windower, spec, bucket, batch, 0, batch->rows);
    }
  }
  for (size_t i = 0; i < store->piece_count; i++) {
    uint32_t from, to;
    piece_range(&store->pieces[i], part, &from, &to);
    if (from < to) place_rows(windower, spec, bucket, batch_ref(store->pieces[i].batch), from, to);
  }
  bucket->number = number;
  bucket->loaded = true;
  return DC_OK;
}

static DcCode join_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  Joiner *joiner = (Joiner *)self;
  joiner->at[worker->number] = morsel->row;
  builder_start(&joiner->keeper.builders[worker->number]);
  return DC_OK;
}

/* Values of one spec's functions for the rows of a view; keep is cleared where a record was bad. */
static DcCode fetch_results(Joiner *joiner, Worker *worker, size_t s, uint64_t first, uint32_t n, Vector *columns, uint8_t *keep) {
  const Windower *windower = joiner->windower;
  const WindowSpec *spec = &windower->specs[s];
  Bucket *bucket = &joiner->buckets[(size_t)worker->number * windower->count + s];
  Value **values = arena_alloc(&worker->scratch, (spec->count + 1) * sizeof *values);
  for (size_t f = 0; f < spec->count; f++) {
    values[f] = arena_alloc(&worker->scratch, ((size_t)n + 1) * sizeof **values);
    columns[spec->functions[f].result] = (Vector){.kind = VEC_ANY, .as.values = values[f]};
  }
  for (uint32_t i = 0; i < n; i++) {
    uint64_t number = (first + i) / windower->bucket_rows, row = (first + i) % windower->bucket_rows;
    if (!bucket->loaded || bucket->number != number) { /* what the bucket before lends goes with it */
      for (size_t f = 0; f < spec->count; f++)
        for (uint32_t k = 0; k < i; k++) values[f][k] = value_copy(&worker->scratch, values[f][k]);
      DC_TRY(load_bucket(windower, s, bucket, number, &worker->err));
    }
    keep[i] = keep[i] && bucket->there[row];
    for (size_t f = 0; f < spec->count; f++) values[f][i] = bucket->there[row] ? bucket->values[row * spec->count + f] : value_null();
  }
  return DC_OK;
}

static DcCode join_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Joiner *joiner = (Joiner *)self;
  const Windower *windower = joiner->windower;
  uint32_t calls = (uint32_t)windower->node->window->call_count, n = view->n;
  uint64_t first = joiner->at[worker->number];
  joiner->at[worker->number] += n;
  Vector *results = arena_alloc(&worker->scratch, ((size_t)calls + 1) * sizeof *results);
  uint8_t *keep = arena_alloc(&worker->scratch, (size_t)n + 1);
  memset(keep, 1, n);
  for (size_t s = 0; s < windower->count; s++) DC_TRY(fetch_results(joiner, worker, s, first, n, results, keep));
  if (view->key_source == KEY_OF_BATCH && !view->batch->key) { /* the default key is of the record as it was */
    view->key = view_keys(worker, view);
    view->key_source = KEY_VECTOR;
  }
  ViewColumn *columns = arena_alloc(&worker->scratch, ((size_t)view->column_count + calls + 1) * sizeof *columns);
  memcpy(columns, view->columns, view->column_count * sizeof *columns);
  for (uint32_t i = 0; i < calls; i++) columns[view->column_count + i] = (ViewColumn){.batch_column = -1, .vector = &results[i]};
  view->columns = columns;
  view->column_count += calls;
  view->whole = false;
  view->schema = &windower->node->schema;
  view_filter(worker, view, keep);
  return joiner->keep(self, worker, morsel, view);
}

static void free_buckets(Joiner *joiner, size_t count) {
  for (size_t i = 0; i < count; i++) {
    Bucket *bucket = &joiner->buckets[i];
    forget_bucket(bucket);
    dc_free(bucket->values);
    dc_free(bucket->there);
    dc_free(bucket->batches);
    arena_free(&bucket->arena);
  }
  dc_free(joiner->buckets);
}

static DcCode put_together(Windower *windower, DcError *err) {
  Dataset *node = windower->node;
  size_t threads = (size_t)pool_threads(node->engine->pool);
  Pass *pass;
  DC_TRY(pass_open(windower->input, NULL, 0, &pass, err));
  Joiner joiner = {.windower = windower};
  keeper_init(&joiner.keeper, node, node->store, NULL);
  joiner.keeper.room /= 2; /* buckets and what is left of the input need room, too */
  joiner.keep = joiner.keeper.consumer.rows;
  joiner.keeper.consumer.begin = join_begin;
  joiner.keeper.consumer.rows = join_rows;
  joiner.buckets = dc_alloc(threads * (windower->count + 1) * sizeof *joiner.buckets);
  joiner.at = dc_alloc(threads * sizeof *joiner.at);
  DcCode code = run_spilling(pass, &joiner.keeper.consumer, node->store, err);
  free_buckets(&joiner, threads * windower->count);
  dc_free(joiner.at);
  keeper_free(&joiner.keeper);
  pass_close(pass);
  return code;
}

/* --- All of it --- */

static DcCode run_spec(Windower *windower, size_t s, DcError *err) {
  Engine *engine = windower->node->engine;
  WindowRows rows;
  DcCode code = DC_OK;
  if (windower->input->store->memory > engine->options.memory / 8) code = store_spill(windower->input->store, err);
  if (code != DC_OK) return code;
  code = window_rows_make(&rows, windower->node, windower->input, &windower->specs[s], err);
  windower->results[s] = store_new(engine, windower->buckets);
  if (code == DC_OK) code = evaluate(windower, &windower->specs[s], &rows, windower->results[s], err);
  window_rows_free(&rows);
  if (code == DC_OK && windower->results[s]->memory > engine->options.memory / 16) code = store_spill(windower->results[s], err);
  return code;
}

DcCode compute_window(Dataset *node, DcError *err) {
  Windower windower = {.node = node};
  DcCode code = plan(&windower, err);
  if (code == DC_OK) code = input_stored(node, &windower.input, err);
  if (code == DC_OK) {
    uint64_t total = windower.input->store->rows;
    windower.bucket_rows = total / MOST_BUCKETS + 1 < SLICE_ROWS ? SLICE_ROWS : total / MOST_BUCKETS + 1;
    windower.buckets = (uint32_t)(total / windower.bucket_rows) + 1;
  }
  for (size_t s = 0; s < windower.count && code == DC_OK; s++) code = run_spec(&windower, s, err);
  if (code == DC_OK) code = put_together(&windower, err);
  for (size_t s = 0; s < windower.count; s++) store_free(windower.results[s]);
  arena_free(&windower.arena);
  return code;
}
