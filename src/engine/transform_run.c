/* transform_run.c - runs transforms written in TDL.
 *
 * The input is computed into its store first. Then each worker takes one partition after another and runs the body over
 * it: a Passage stands at the current record and collects what the body yields. So a partition is the work of one worker,
 * in order, and the result does not depend on their number. The worker's scratch arena holds the current chunk of the
 * input; the body has arenas of its own (body.c).
 *
 * The first record that is yielded after a FETCH keeps the origin of the record that was fetched, so that errors further
 * on still name its file and line; others count as made, so that RANDOM differs between them.
 */
#include <stdlib.h>

#include "catalog/random.h"
#include "engine/bad.h"
#include "engine/compute.h"

enum { SINK_BYTES = 1 << 20, RAISED_MAX = 1000, COLUMN_CACHE = 64 };

/* --- One run of the node --- */

/* What RAISE said, told in order of partitions when all have been run. */
typedef struct Raised {
  uint32_t part;
  uint64_t number; /* within the partition */
  RaiseLevel level;
  char *text;
  size_t len;
} Raised;

typedef struct TransformRun {
  Dataset *node;
  const TransformPlan *plan;
  Dataset *input;
  uint64_t source;    /* of the origins of made records */
  atomic_uint next;   /* partition */
  atomic_uint limit;  /* the lowest that has failed: higher ones need not be run */
  size_t room;
  pthread_mutex_t lock; /* raised */
  Raised *raised;
  size_t raised_count, raised_cap;
  uint64_t unsaid; /* beyond RAISED_MAX of a partition */
} TransformRun;

/* One partition on its way: where its input stands, what has been yielded. */
typedef struct Passage {
  TransformRun *run;
  Worker *worker;
  uint32_t part;
  /* The input: runs of the store first, then pieces; rows [row, to) of batch are still to come as views. */
  size_t at_run, at_piece;
  uint32_t extent;
  Batch *owned; /* read from disk */
  const Batch *batch;
  uint32_t row, to;
  View view;
  bool fetched, at_end;
  DcError broken; /* reading or writing has failed: no TRY and no policy for bad records makes up for that */
  bool progress; /* FETCH has moved since the last failure that was forgiven */
  RowRecord row_now; /* the current record */
  RecordView record; /* of it */
  RecordView shown;  /* what the body sees: errors where there is no record */
  struct { const char *name; int column; } columns[COLUMN_CACHE]; /* by address of the name */
  /* The output. */
  ColumnBuilder *builders, key;
  uint64_t *origins;
  uint32_t rows, cap;
  bool first; /* nothing yielded since FETCH */
  uint64_t made, seq, said;
} Passage;

/* --- The input --- */

static bool next_extent(Passage *passage, DcError *err) {
  Store *store = passage->run->input->store;
  for (; passage->at_run < store->run_count; passage->at_run++, passage->extent = 0) {
    const Run *run = &store->runs[passage->at_run];
    if (passage->part >= run->partitions) continue;
    uint32_t at = run->first[passage->part] + passage->extent;
    if (at >= run->first[passage->part + 1]) continue;
    passage->extent++;
    if (store_read(store, run, &run->extents[at], &passage->owned, err) != DC_OK) return false;
    passage->batch = passage->owned;
    passage->row = 0;
    passage->to = passage->owned->rows;
    return true;
  }
  return false;
}

static bool next_piece(Passage *passage) {
  Store *store = passage->run->input->store;
  while (passage->at_piece < store->piece_count) {
    const Piece *piece = &store->pieces[passage->at_piece++];
    piece_range(piece, passage->part, &passage->row, &passage->to);
    passage->batch = piece->batch;
    if (passage->row < passage->to) return true;
  }
  return false;
}

/* The next view; false at the end, or when err is set. */
static bool next_view(Passage *passage, DcError *err) {
  Worker *worker = passage->worker;
  const Engine *engine = passage->run->node->engine;
  uint32_t chunk = CHUNK_ROWS;
  if (engine->options.batch_rows && engine->options.batch_rows < chunk) chunk = (uint32_t)engine->options.batch_rows;
  arena_reset(&worker->scratch);
  if (passage->row == passage->to) {
    batch_unref(passage->owned);
    passage->owned = NULL;
    if (!next_extent(passage, err) && (err->code != DC_OK || !next_piece(passage))) return false;
    worker->bytes_in += batch_bytes(passage->batch, passage->row, passage->to);
  }
  uint32_t n = passage->to - passage->row < chunk ? passage->to - passage->row : chunk;
  const Schema *schema = &passage->run->input->schema;
  view_of_batch(worker, &passage->view, passage->batch, passage->row, n, schema->count);
  passage->view.schema = schema;
  passage->row += n;
  passage->row_now.row = 0;
  worker->rows_in += n;
  return true;
}

static DcCode broken(Passage *passage, const DcError *err) {
  if (err->code != DC_OK && passage->broken.code == DC_OK) passage->broken = *err;
  return err->code;
}

static DcCode stream_fetch(void *self, bool *found, DcError *err) {
  Passage *passage = self;
  *found = false;
  if (passage->at_end) return DC_OK;
  if (atomic_load(&passage->run->limit) < passage->part) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "an earlier partition has failed");
  if (passage->fetched) passage->row_now.row++;
  passage->fetched = true;
  if (passage->row_now.row >= passage->view.n && !next_view(passage, err)) {
    passage->at_end = true;
    return broken(passage, err);
  }
  passage->first = passage->progress = true;
  passage->worker->eval.call.origin = view_origin(&passage->view, passage->row_now.row);
  *found = true;
  return DC_OK;
}

/* --- The current record --- */

static DcCode need_record(const Passage *passage, DcError *err) {
  if (passage->fetched && !passage->at_end) return DC_OK;
  dc_fail(err, passage->fetched ? "there is no record any more: FETCH has come to the end" : "there is no record yet: FETCH gets the first");
  dc_hint(err, passage->fetched ? "IF $NOTFOUND THEN RETURN; END IF; behind FETCH ends the partition" : "FETCH comes before names of attributes and REC_ functions");
  return err->code;
}

/* Found by the address of the name in the script; that of a computed name may come again with another text. */
static int column_of(Passage *passage, Str name) {
  const Schema *schema = &passage->run->input->schema;
  size_t slot = (size_t)(random_step((uintptr_t)name.data) % COLUMN_CACHE);
  int column = passage->columns[slot].column;
  if (passage->columns[slot].name == name.data && column >= 0 && str_eq(schema->names[column], name)) return column;
  passage->columns[slot].name = name.data;
  passage->columns[slot].column = schema_column(schema, name);
  return passage->columns[slot].column;
}

static DcCode record_attribute(void *self, int column, Str name, Value *out, DcError *err) {
  Passage *passage = self;
  DC_TRY(need_record(passage, err));
  if (column < 0 && passage->run->input->schema.type == DS_COLUMNAR) {
    column = column_of(passage, name);
    *out = value_null();
    if (column < 0) return DC_OK;
  }
  return passage->record.attribute(&passage->row_now, column, name, out, err);
}

static DcCode record_at_path(void *self, int column, const Path *path, Value *out, DcError *err) {
  Passage *passage = self;
  DC_TRY(need_record(passage, err));
  return passage->record.at_path(&passage->row_now, column, path, out, err);
}

static DcCode record_key(void *self, Value *out, DcError *err) {
  Passage *passage = self;
  DC_TRY(need_record(passage, err));
  return passage->record.key(&passage->row_now, out, err);
}

static DcCode record_names(void *self, Arena *arena, Value *out, DcError *err) {
  Passage *passage = self;
  DC_TRY(need_record(passage, err));
  return passage->record.names(&passage->row_now, arena, out, err);
}

static DcCode record_object(void *self, Arena *arena, Value *out, DcError *err) {
  Passage *passage = self;
  DC_TRY(need_record(passage, err));
  return passage->record.object(&passage->row_now, arena, out, err);
}

/* --- The output --- */

static DcCode flush(Passage *passage, DcError *err) {
  const Dataset *node = passage->run->node;
  Batch *batch;
  if (!passage->rows) return DC_OK;
  DC_TRY(batch_from_builders(node->engine->budget, passage->builders, node->schema.count, &passage->key, passage->origins, 0, passage->rows, &batch, err));
  store_add(node->store, (Piece){.seq = (uint64_t)passage->part << 32 | passage->seq++, .batch = batch, .part = passage->part});
  for (uint32_t c = 0; c < node->schema.count; c++) column_builder_reset(&passage->builders[c]);
  column_builder_reset(&passage->key);
  passage->rows = 0;
  return store_spill_here(node->store, passage->run->room, err);
}

static bool is_full(const Passage *passage) {
  const Dataset *node = passage->run->node;
  size_t bytes = passage->key.values.len, most = engine_block_size(node->engine);
  if (node->engine->options.batch_rows && passage->rows >= node->engine->options.batch_rows) return true;
  if (passage->rows % 32) return false;
  for (uint32_t c = 0; c < node->schema.count; c++) bytes += passage->builders[c].values.len + passage->builders[c].offsets.len;
  return bytes >= (most < SINK_BYTES ? most : SINK_BYTES);
}

static DcCode refuse_yield(const Passage *passage, Value object, DcError *err) {
  const Dataset *node = passage->run->node;
  const char *type = dataset_type_name(node->schema.type);
  dc_fail(err, "YIELD gives %s, but transform '%.*s' makes %s records", value_is_null(object) ? "NULL" : type_name((Type)object.type),
          STR_ARG(passage->run->plan->definition->name.text), type);
  if (node->schema.type == DS_COLUMNAR) dc_hint(err, "COLUMNAR_MAKE(['a', 'b'], [x, y]) makes a record");
  else dc_hint(err, "STRUCT text reads a record from JSON");
  return err->code;
}

/* Columns of a record by their names; mostly they come in the same order. */
static void add_columns(Passage *passage, const Object *object) {
  const Schema *schema = &passage->run->node->schema;
  for (uint32_t c = 0; c < schema->count; c++) {
    size_t at = c;
    if (at >= object->count || !str_eq(object->names[at], schema->names[c]))
      for (at = 0; at < object->count && !str_eq(object->names[at], schema->names[c]);) at++;
    column_builder_add(&passage->builders[c], at < object->count ? object->values[at] : value_null());
  }
}

static uint64_t next_origin(Passage *passage) {
  if (passage->first && !passage->at_end) {
    passage->first = false;
    return view_origin(&passage->view, passage->row_now.row);
  }
  uint64_t place = random_step((uint64_t)passage->part << 40 | passage->made++) & ((UINT64_C(1) << ORIGIN_OFFSET_BITS) - 1);
  return origin_make(passage->run->source, place);
}

static DcCode stream_yield(void *self, Value key, Value object, DcError *err) {
  Passage *passage = self;
  DatasetType type = passage->run->node->schema.type;
  if (type != DS_PLAIN_TEXT && object.type != TYPE_OBJECT) return refuse_yield(passage, object, err);
  if (type == DS_PLAIN_TEXT && !value_is_null(object)) object = value_str(value_to_str(passage->worker->eval.call.arena, object));
  if (type == DS_STRUCTURED) object.flags &= (uint8_t)~VALUE_RECORD; /* from now on it is JSON */
  if (type == DS_COLUMNAR) add_columns(passage, object.as.object);
  else column_builder_add(&passage->builders[0], object);
  column_builder_add(&passage->key, key);
  if (passage->rows == passage->cap) {
    passage->cap = passage->cap ? passage->cap * 2 : 256;
    passage->origins = dc_realloc(passage->origins, passage->cap * sizeof *passage->origins);
  }
  passage->origins[passage->rows++] = next_origin(passage);
  if (is_full(passage) && flush(passage, err) != DC_OK) return broken(passage, err);
  return DC_OK;
}

/* --- Running --- */

static bool stream_reads(void *self, Str name) {
  const TransformPlan *plan = ((Passage *)self)->run->plan;
  for (size_t i = 0; i < plan->read_count; i++)
    if (str_eq(plan->read[i], name)) return true;
  return plan->reads_any;
}

/* A round fails with its record: the next round goes on behind it, if OPTIONS @bad_records allows that. */
static DcCode stream_forgive(void *self, DcError *err) {
  Passage *passage = self;
  if (!passage->progress || passage->at_end || passage->broken.code != DC_OK) return err->code;
  passage->progress = false;
  const Batch *batch = passage->view.batch;
  uint32_t row = view_row(&passage->view, passage->row_now.row);
  Str text = {0};
  if (batch->layout == BATCH_TEXT) text = str_make(batch->text + batch->offsets[row], batch->offsets[row + 1] - batch->offsets[row]);
  return bad_record(passage->run->node->engine, view_origin(&passage->view, passage->row_now.row), text, (Str){0}, err);
}

static void on_raise(void *self, RaiseLevel level, Str message) {
  Passage *passage = self;
  TransformRun *run = passage->run;
  pthread_mutex_lock(&run->lock);
  if (passage->said < RAISED_MAX) {
    VEC_GROW(run->raised, run->raised_count, run->raised_cap);
    char *text = dc_alloc(message.len + 1);
    if (message.len) memcpy(text, message.data, message.len);
    run->raised[run->raised_count++] = (Raised){passage->part, passage->said++, level, text, message.len};
  } else {
    run->unsaid++;
  }
  pthread_mutex_unlock(&run->lock);
}

static DcCode run_partition(Passage *passage, DcError *err) {
  const TransformRun *run = passage->run;
  const TransformPlan *plan = run->plan;
  EvalContext *cx = &passage->worker->eval;
  BodyVariable *variables = dc_alloc((plan->variable_count + 1) * sizeof *variables);
  memcpy(variables, plan->variables, plan->variable_count * sizeof *variables);
  variables[plan->variable_count] = (BodyVariable){str_of("PARTITION"), value_int(passage->part)};
  passage->row_now = (RowRecord){passage->worker, &passage->view, 0};
  passage->record = row_record(&passage->row_now);
  passage->shown = (RecordView){passage, record_attribute, record_at_path, record_key, record_names, record_object};
  RecordStream stream = {passage, stream_fetch, stream_yield, stream_reads, stream_forgive};
  program_enter(run->node->op.program, cx);
  cx->call.record = &passage->shown;
  cx->call.err = err;
  cx->call.origin = origin_make(run->source, passage->part);
  cx->call.random_calls = ((uint64_t)passage->part << 40) + 1;
  cx->raise = on_raise;
  cx->raise_self = passage;
  DcCode code = eval_transform(cx, plan->definition, variables, plan->variable_count + 1, &stream, err);
  if (code == DC_OK && passage->broken.code != DC_OK) {
    *err = passage->broken;
    code = err->code;
  }
  if (code == DC_OK) code = flush(passage, err);
  cx->call.record = NULL;
  cx->call.err = NULL;
  dc_free(variables);
  return code;
}

/* Says which record a failure is about, unless it is known. */
static void name_record(const Passage *passage, DcError *err) {
  if (err->code != DC_FAIL || !passage->fetched || passage->at_end || !passage->view.n) return;
  char place[512] = "";
  engine_describe_origin(passage->run->node->engine, view_origin(&passage->view, passage->row_now.row), place, sizeof place);
  dc_record(err, "record %s", place);
}

static void passage_free(Passage *passage) {
  batch_unref(passage->owned);
  for (uint32_t c = 0; c < passage->run->node->schema.count; c++) column_builder_free(&passage->builders[c]);
  dc_free(passage->builders);
  column_builder_free(&passage->key);
  dc_free(passage->origins);
}

/* One partition; a failure is kept if no lower partition has failed. */
static void pass_through(TransformRun *run, Worker *worker, uint32_t part, DcError *failed) {
  Passage passage = {.run = run, .worker = worker, .part = part};
  DcError err = {0};
  uint32_t count = run->node->schema.count;
  passage.builders = dc_alloc((count + 1) * sizeof *passage.builders);
  for (uint32_t c = 0; c < count; c++) column_builder_init(&passage.builders[c]);
  column_builder_init(&passage.key);
  DcCode code = run_partition(&passage, &err);
  if (code != DC_OK) name_record(&passage, &err);
  passage_free(&passage);
  arena_reset(&worker->scratch);
  if (code == DC_OK) return;
  pthread_mutex_lock(&run->lock);
  if (atomic_load(&run->limit) > part) { /* else a lower one has failed, and this one was only stopped, or fails too */
    *failed = err;
    atomic_store(&run->limit, part);
  }
  pthread_mutex_unlock(&run->lock);
}

typedef struct Crew {
  TransformRun *run;
  Worker *workers;
  DcError *failed; /* of the lowest partition that has failed */
} Crew;

static void work(void *argument, int number) {
  Crew *crew = argument;
  TransformRun *run = crew->run;
  for (;;) {
    uint32_t part = atomic_fetch_add(&run->next, 1);
    if (part >= run->node->partitions || part > atomic_load(&run->limit)) break;
    pass_through(run, &crew->workers[number], part, crew->failed);
  }
}

static int by_part(const void *a, const void *b) {
  const Raised *x = a, *y = b;
  if (x->part != y->part) return x->part > y->part ? 1 : -1;
  return (x->number > y->number) - (x->number < y->number);
}

/* What came behind the partition that failed would not have been said by one worker. */
static void tell_raised(TransformRun *run) {
  uint32_t limit = atomic_load(&run->limit);
  if (run->raised_count) qsort(run->raised, run->raised_count, sizeof *run->raised, by_part);
  for (size_t i = 0; i < run->raised_count; i++) {
    const Raised *raised = &run->raised[i];
    if (run->plan->raise && raised->part <= limit) run->plan->raise(run->plan->raise_self, raised->level, str_make(raised->text, raised->len));
    dc_free(raised->text);
  }
  dc_free(run->raised);
  if (run->unsaid && limit == UINT32_MAX)
    engine_warn(run->node->engine, run->node->pos, "%llu more messages of RAISE in transform '%.*s' are left out", (unsigned long long)run->unsaid,
                STR_ARG(run->plan->definition->name.text));
}

static DcCode run_all(TransformRun *run, DcError *err) {
  Engine *engine = run->node->engine;
  int threads = pool_threads(engine->pool);
  Crew crew = {run, dc_alloc((size_t)threads * sizeof *crew.workers), err};
  for (int i = 0; i < threads; i++) worker_init(&crew.workers[i], engine, i);
  pool_run(engine->pool, run->node->partitions < (uint32_t)threads ? (int)run->node->partitions : 0, work, &crew);
  for (int i = 0; i < threads; i++) {
    if (engine->stats) {
      engine->stats->rows_in += crew.workers[i].rows_in;
      engine->stats->bytes_in += crew.workers[i].bytes_in;
    }
    worker_free(&crew.workers[i]);
  }
  dc_free(crew.workers);
  return err->code;
}

DcCode compute_transform(Dataset *node, DcError *err) {
  Engine *engine = node->engine;
  SourceInfo info = {.made = true};
  TransformRun run = {.node = node, .plan = node->transform, .room = store_room(engine)};
  DC_TRY(input_stored(node, &run.input, err));
  store_sort(run.input->store);
  if (budget_used(engine->budget) > engine->options.memory / 2) DC_TRY(store_spill(run.input->store, err));
  if (run.room > engine->options.memory / 3) run.room = engine->options.memory / 3; /* the rest of the input may be in memory */
  run.source = engine_source(engine, &info);
  atomic_init(&run.limit, UINT32_MAX);
  pthread_mutex_init(&run.lock, NULL);
  DcCode code = node->partitions ? run_all(&run, err) : DC_OK;
  tell_raised(&run);
  pthread_mutex_destroy(&run.lock);
  store_sort(node->store);
  return code;
}
