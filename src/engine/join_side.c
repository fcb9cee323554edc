/* join_side.c - laying one input of a join out by its keys, and putting joined rows together as views. */
#include "engine/join_side.h"

/* --- Keeping rows by key --- */

static DcCode place(Shuffler *self, Worker *worker, View *view, uint32_t *parts) {
  (void)self;
  uint64_t *hashes = arena_raw(&worker->scratch, (view->n + 1) * sizeof *hashes);
  join_hash(view->key, view->n, hashes);
  for (uint32_t i = 0; i < view->n; i++) parts[i] = join_part(hashes[i]);
  return DC_OK;
}

static DcCode side_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  JoinSide *side = (JoinSide *)self;
  side->at[worker->number] = 0;
  return side->shuffle_begin(self, worker, morsel);
}

/* The place in dataset order is the morsel's number and the row's in it. */
static void add_order(JoinSide *side, Worker *worker, const Morsel *morsel, View *view, ViewColumn *columns) {
  Arena *arena = &worker->scratch;
  int64_t *places = arena_raw(arena, (view->n + 1) * sizeof *places), *part = arena_alloc(arena, sizeof *part);
  Vector *vectors = arena_alloc(arena, 2 * sizeof *vectors);
  uint32_t at = side->at[worker->number];
  for (uint32_t i = 0; i < view->n; i++) places[i] = (int64_t)(morsel->seq << 32 | (at + i));
  side->at[worker->number] += view->n;
  *part = morsel->part;
  vectors[0] = (Vector){.kind = VEC_INT, .as.ints = places};
  vectors[1] = (Vector){.kind = VEC_INT, .constant = true, .as.ints = part};
  columns[0] = (ViewColumn){.batch_column = -1, .vector = &vectors[0]};
  columns[1] = (ViewColumn){.batch_column = -1, .vector = &vectors[1]};
}

static void drop_nulls(Worker *worker, View *view) {
  uint32_t kept = 0;
  uint8_t *keep = arena_raw(&worker->scratch, view->n + 1);
  for (uint32_t i = 0; i < view->n; i++) kept += keep[i] = !vector_is_null(view->key, i);
  if (kept < view->n) view_filter(worker, view, keep);
}

static DcCode side_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  JoinSide *side = (JoinSide *)self;
  View out = *view;
  out.key = view_keys(worker, view);
  out.key_source = KEY_VECTOR;
  out.before = NULL;
  out.whole = false;
  unsigned classes = join_classes(out.key, view->n);
  if (classes & ~atomic_load_explicit(&side->classes, memory_order_relaxed)) atomic_fetch_or(&side->classes, classes);
  view_fetch(worker, view, side->columns, side->column_count);
  out.columns = arena_alloc(&worker->scratch, (side->column_count + 3) * sizeof *out.columns);
  for (uint32_t c = 0; c < side->column_count; c++) out.columns[c] = view->columns[side->columns[c]];
  out.column_count = side->column_count;
  if (!side->with_nulls) drop_nulls(worker, &out);
  if (side->ordered) add_order(side, worker, morsel, &out, out.columns + side->column_count);
  if (side->ordered) out.column_count += 2;
  return out.n ? side->shuffle_rows(self, worker, morsel, &out) : DC_OK;
}

/* Half of the memory, the table over the rows included. */
static bool side_full(Consumer *self) {
  const JoinSide *side = (const JoinSide *)self;
  Engine *engine = side->shuffler.engine;
  pthread_mutex_lock(&side->store->lock);
  uint64_t size = side->store->memory + join_table_size(side->store->rows);
  pthread_mutex_unlock(&side->store->lock);
  return size > side->shuffler.room || budget_used(engine->budget) > engine->options.memory;
}

void join_side_init(JoinSide *side, Dataset *input, const uint8_t *needed, bool with_nulls, bool ordered, int what) {
  Engine *engine = input->engine;
  memset(side, 0, sizeof *side);
  side->store = store_new(engine, JOIN_PARTS);
  shuffler_init(&side->shuffler, engine, side->store, GATHER_KEY | what, engine->options.memory / 2);
  side->shuffler.place = place;
  side->shuffle_begin = side->shuffler.consumer.begin;
  side->shuffle_rows = side->shuffler.consumer.rows;
  side->shuffler.consumer.begin = side_begin;
  side->shuffler.consumer.rows = side_rows;
  side->shuffler.consumer.full = side_full;
  side->with_nulls = with_nulls;
  side->ordered = ordered;
  side->at = dc_alloc((size_t)pool_threads(engine->pool) * sizeof *side->at);
  side->columns = dc_alloc(((size_t)input->schema.count + 1) * sizeof *side->columns);
  for (uint32_t c = 0; c < input->schema.count; c++)
    if (!needed || needed[c]) side->columns[side->column_count++] = (int)c;
}

void join_side_free(JoinSide *side) {
  shuffler_free(&side->shuffler);
  store_free(side->store);
  dc_free(side->columns);
  dc_free(side->at);
}

int *join_side_places(const JoinSide *side, uint32_t columns) {
  int *places = dc_alloc(((size_t)columns + 1) * sizeof *places);
  for (uint32_t c = 0; c < columns; c++) places[c] = -1;
  for (uint32_t c = 0; c < side->column_count; c++) places[side->columns[c]] = (int)c;
  return places;
}

/* --- What a join is about --- */

JoinShape join_shape(Dataset *node, const uint32_t *parts, uint32_t count) {
  ScopeKind kind = node->join->kind;
  JoinShape shape = {.node = node, .parts = parts, .part_count = count, .width = node->schema.count};
  shape.anti = kind == SCOPE_JOIN_LEFT_ANTI || kind == SCOPE_JOIN_RIGHT_ANTI;
  shape.outer = kind == SCOPE_JOIN_OUTER;
  shape.left = kind != SCOPE_JOIN_INNER && !shape.anti;
  shape.kept_side = kind == SCOPE_JOIN_RIGHT || kind == SCOPE_JOIN_RIGHT_ANTI;
  uint32_t counts[2] = {node->inputs[0]->schema.count, node->inputs[1]->schema.count};
  shape.kept_count = counts[shape.kept_side];
  shape.other_count = counts[!shape.kept_side];
  if (shape.anti) {
    shape.other_count = 0;
  } else {
    shape.kept_first = shape.kept_side ? counts[0] : 0;
    shape.other_first = shape.kept_side ? 0 : counts[0];
  }
  return shape;
}

const uint8_t *join_needed(const JoinShape *shape, uint32_t input, const uint8_t *needed, uint8_t *none) {
  bool kept = input == shape->kept_side;
  if (shape->anti && !kept) return none;
  return needed ? needed + (kept ? shape->kept_first : shape->other_first) : NULL;
}

static const char *class_name(unsigned classes) {
  if (classes == 1u << TYPE_INT) return "numbers";
  if (classes == 1u << TYPE_STRING) return "texts";
  if (classes == 1u << TYPE_BOOL) return "booleans";
  if (classes == 1u << TYPE_DATE) return "dates and times";
  if (classes == 1u << TYPE_ARRAY) return "arrays";
  return "values of another class";
}

void join_warn_classes(const JoinShape *shape, unsigned kept, unsigned other) {
  if (!kept || !other || (kept & other)) return;
  unsigned first = shape->kept_side ? other : kept, second = shape->kept_side ? kept : other;
  engine_warn(shape->node->engine, shape->node->pos, "JOIN: the keys of the first input are %s, those of the second %s, and never meet; "
              "ALTER … KEY with a cast (KEY INT \"id\") makes them alike", class_name(first), class_name(second));
}

/* --- Joined rows --- */

void join_emit_start(JoinEmit *emit) {
  const EngineOptions *options = &emit->shape->node->engine->options;
  emit->n = 0;
  emit->most = options->batch_rows && options->batch_rows < CHUNK_ROWS ? (uint32_t)options->batch_rows : CHUNK_ROWS;
  emit->picked = arena_raw(&emit->worker->scratch, (emit->most + 1) * sizeof *emit->picked);
  emit->refs = arena_raw(&emit->worker->scratch, (emit->most + 1) * sizeof *emit->refs);
}

static bool is_identity(const JoinEmit *emit) {
  if (emit->n != emit->view->n) return false;
  for (uint32_t i = 0; i < emit->n; i++)
    if (emit->picked[i] != i) return false;
  return true;
}

static void other_columns(const JoinEmit *emit, ViewColumn *columns) {
  static const Vector nothing = {.kind = VEC_NULL};
  Gather *gather = arena_alloc(&emit->worker->scratch, sizeof *gather);
  *gather = (Gather){join_gather, emit->table, emit->refs};
  for (uint32_t c = 0; c < emit->shape->other_count; c++) {
    columns[c].batch_column = -1;
    if (emit->places[c] < 0) {
      columns[c].vector = &nothing;
      continue;
    }
    columns[c].gather = gather;
    columns[c].gather_column = (uint32_t)emit->places[c];
  }
}

DcCode join_emit_flush(JoinEmit *emit) {
  const JoinShape *shape = emit->shape;
  Worker *worker = emit->worker;
  if (!emit->n) return DC_OK;
  if (engine_interrupted()) return dc_fail_at(&worker->err, DC_INTERRUPTED, (Position){0}, "interrupted");
  ArenaMark mark = arena_mark(&worker->scratch);
  ViewColumn *columns = arena_alloc(&worker->scratch, ((size_t)shape->width + 1) * sizeof *columns);
  View out = *emit->view;
  out.columns = columns + shape->kept_first;
  out.column_count = shape->kept_count;
  memcpy(out.columns, emit->view->columns, shape->kept_count * sizeof *columns);
  if (!is_identity(emit)) view_pick(worker, &out, emit->picked, emit->n);
  other_columns(emit, columns + shape->other_first);
  out.columns = columns;
  out.column_count = shape->width;
  out.schema = &shape->node->schema;
  out.whole = false;
  DcCode code = emit->emit(emit->self, &out);
  arena_rewind(&worker->scratch, mark);
  emit->n = 0;
  return code;
}
