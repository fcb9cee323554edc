/* pass.c - opens what a dataset rests on, and runs fused passes over it. */
#include "engine/pass.h"

#include <stdlib.h>

#include "catalog/random.h"
#include "engine/join.h"
#include "engine/load.h"
#include "engine/prune.h"
#include "engine/sort.h"
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

/* An operator of a leg: one of the two. */
typedef struct LegOp {
  const NarrowOp *narrow;
  Expander *expander;
  const Schema *schema; /* of the records that it gives */
} LegOp;

/* One base and the operators above it. A union has several legs, which run one after another. */
typedef struct Leg {
  Dataset *base;
  LegOp *ops;      /* from the base up */
  size_t op_count;
  uint32_t *parts; /* the base's partition for each output partition, from first_part on */
  uint32_t count, first_part;
  bool files;      /* over files: */
  Reader *reader;  /* NULL: not opened yet */
  const ReadFilter *filters; /* over files: the conditions on their rows */
  size_t filter_count;
  Arena arena;     /* for filters */
  Stored *stored;  /* or over a store */
  size_t stored_count, stored_cap;
  Generator *generator; /* or made on the way */
  atomic_size_t next;
  uint64_t first_seq;   /* all morsels of the legs before */
  atomic_ullong taken;
  atomic_bool ended;
  Expander *rest_of;    /* not opened yet: what this join has left over when the leg before is through */
} Leg;

struct Pass {
  Engine *engine;
  Leg **legs;
  size_t leg_count, leg_cap, at;
  Expander **expanders;
  size_t expander_count, expander_cap;
  Worker *workers;
  Consumer *consumer;
  atomic_bool stop, paused;
};

bool node_is_breaker(const Dataset *node) {
  switch (node->kind) {
    case NODE_SHUFFLE:
    case NODE_RECUT:
    case NODE_DISTINCT:
    case NODE_LIMIT:
    case NODE_COUNT:
    case NODE_UNION_XOR:
    case NODE_UNION_AND:
    case NODE_GROUP:
    case NODE_SORT:
    case NODE_WINDOW:
    case NODE_TRANSFORM: return true;
    case NODE_SOURCE:
    case NODE_NARROW:
    case NODE_CHOOSE:
    case NODE_UNION:
    case NODE_JOIN:
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

/* All partitions, in order. */
static bool all_in_order(const Dataset *node, const uint32_t *parts, uint32_t count) {
  if (count != node->partitions) return false;
  for (uint32_t i = 0; i < count; i++)
    if (parts[i] != i) return false;
  return true;
}

static void add_stored(Leg *leg, Stored stored) {
  VEC_GROW(leg->stored, leg->stored_count, leg->stored_cap);
  const Stored *last = leg->stored_count ? &leg->stored[leg->stored_count - 1] : NULL;
  if (last) stored.row = last->row + (last->extent ? last->extent->rows : last->to - last->from);
  leg->stored[leg->stored_count++] = stored;
}

static void list_stored(Leg *leg) {
  enum { ROWS = 1 << 16 };
  Store *store = leg->base->store;
  store_sort(store);
  for (uint32_t i = 0; i < leg->count; i++) {
    uint32_t part = leg->parts[i];
    if (part == NO_PART || !store->part_rows[part]) continue;
    for (size_t r = 0; r < store->run_count; r++) {
      const Run *run = &store->runs[r];
      for (uint32_t e = part < run->partitions ? run->first[part] : 0; part < run->partitions && e < run->first[part + 1]; e++)
        add_stored(leg, (Stored){.part = i, .run = run, .extent = &run->extents[e]});
    }
    for (size_t k = 0; k < store->piece_count; k++) {
      uint32_t from, to;
      piece_range(&store->pieces[k], part, &from, &to);
      for (; from < to; from += ROWS)
        add_stored(leg, (Stored){.part = i, .piece = &store->pieces[k], .from = from, .to = to - from < ROWS ? to : from + ROWS});
    }
  }
}

/* --- Going down from a node to what can be read --- */

/* The operators met on the way down, the lowest first. */
typedef struct Above {
  const struct Above *next;
  LegOp op;
} Above;

/* Where the way down has come to. */
typedef struct Way {
  Pass *pass;
  Dataset *node;
  uint32_t *parts; /* heap; the node's partition for each output partition from first_part on */
  uint32_t count, first_part;
  const Above *above;
  bool below;      /* the node itself is not to be read from its store */
  bool shared;     /* somebody else refers to a choice or union above */
} Way;

static DcCode descend(Way way, DcError *err);

/* A leg over way.node; takes the parts over. */
static Leg *add_leg(const Way *way) {
  Pass *pass = way->pass;
  Leg *leg = dc_alloc(sizeof *leg);
  size_t count = 0;
  for (const Above *above = way->above; above; above = above->next) count++;
  leg->base = way->node;
  leg->parts = way->parts;
  leg->count = way->count;
  leg->first_part = way->first_part;
  leg->ops = dc_alloc((count + 1) * sizeof *leg->ops);
  for (const Above *above = way->above; above; above = above->next) leg->ops[leg->op_count++] = above->op;
  VEC_GROW(pass->legs, pass->leg_count, pass->leg_cap);
  pass->legs[pass->leg_count++] = leg;
  return leg;
}

static void end_at_store(const Way *way) {
  list_stored(add_leg(way));
}

/* A leg for each run of partitions of one input. */
static DcCode descend_union(Way way, DcError *err) {
  const Dataset *node = way.node;
  DcCode code = DC_OK;
  for (uint32_t from = 0; from < way.count && code == DC_OK;) {
    uint32_t input = UINT32_MAX, first = 0, to = from;
    uint32_t *parts = dc_alloc(((size_t)way.count - from + 1) * sizeof *parts);
    for (; to < way.count; to++) {
      uint32_t part = way.parts[to], at = 0, start = 0;
      parts[to - from] = NO_PART;
      if (part == NO_PART) continue;
      while (part >= start + node->inputs[at]->partitions) start += node->inputs[at++]->partitions;
      if (input == UINT32_MAX) {
        input = at;
        first = start;
      }
      if (at != input) break;
      parts[to - from] = part - first;
    }
    Way next = way;
    next.node = node->inputs[input == UINT32_MAX ? 0 : input];
    next.parts = parts;
    next.count = to - from;
    next.first_part = way.first_part + from;
    code = descend(next, err);
    from = to;
  }
  dc_free(way.parts);
  return code;
}

/* --- Which columns are needed --- */

/* The columns of an operator's input that are needed, if those of its records marked in above are: heap. NULL: any may be. */
static uint8_t *needed_below(const NarrowOp *op, uint8_t *above, uint32_t count) {
  uint8_t *marks = op->project ? dc_alloc((size_t)count + 1) : above;
  bool known = program_columns(op->where, marks) && program_columns(op->key, above) && !op->reshape;
  for (size_t i = 0; known && op->project && i < op->item_count; i++) {
    if (!above[i] && op->items[i].column >= 0) continue; /* what is computed is computed always */
    if (op->items[i].column >= 0) marks[op->items[i].column] = 1;
    else known = program_columns(op->items[i].expr, marks);
  }
  if (marks != above) dc_free(above);
  if (known) return marks;
  dc_free(marks);
  return NULL;
}

static uint8_t *all_marks(uint32_t count) {
  uint8_t *marks = dc_alloc((size_t)count + 1);
  memset(marks, 1, count);
  return marks;
}

/* Which of a node's columns are needed by operators ops[0 … count) above it and by whoever takes the rows: wanted of the
   topmost records (NULL: all). Heap; NULL: any. Joins give the columns of their first input at first, first + 1 … */
static uint8_t *columns_needed(const LegOp *ops, size_t count, uint32_t columns, const uint8_t *wanted) {
  uint32_t top = count ? ops[count - 1].schema->count : columns;
  uint8_t *marks = all_marks(top);
  if (wanted) memcpy(marks, wanted, top);
  while (marks && count--) {
    const LegOp *op = &ops[count];
    uint32_t below = count ? ops[count - 1].schema->count : columns;
    if (op->expander) {
      memmove(marks, marks + op->expander->first, below);
      if (op->expander->any) memset(marks, 1, below);
    } else {
      marks = needed_below(op->narrow, marks, below);
    }
  }
  return marks;
}

static void end_at_files(const Way *way) {
  Leg *leg = add_leg(way);
  leg->files = true;
}

/* The same on the way down, when nobody knows who takes the rows: NULL also if no operator says which columns it gives. */
static uint8_t *needed_above(const Above *above, uint32_t columns) {
  size_t count = 0;
  bool projects = false;
  for (const Above *at = above; at; at = at->next) count++;
  LegOp *ops = dc_alloc((count + 1) * sizeof *ops);
  count = 0;
  for (const Above *at = above; at; at = at->next) {
    ops[count++] = at->op;
    projects = projects || (at->op.narrow && at->op.narrow->project);
  }
  uint8_t *needed = projects ? columns_needed(ops, count, columns, NULL) : NULL;
  dc_free(ops);
  return needed;
}

/* The first input goes through the probe; what the join has left over makes a leg of its own. */
static DcCode descend_join(Way way, DcError *err) {
  Pass *pass = way.pass;
  Expander *expander = NULL;
  Generator *generator = NULL;
  uint8_t *needed = needed_above(way.above, way.node->schema.count);
  DcCode code = join_open(way.node, way.parts, way.count, needed, &expander, &generator, err);
  dc_free(needed);
  if (code != DC_OK || generator) {
    Leg *leg = add_leg(&way);
    leg->generator = generator;
    return code;
  }
  VEC_GROW(pass->expanders, pass->expander_count, pass->expander_cap);
  pass->expanders[pass->expander_count++] = expander;
  uint32_t *copy = dc_alloc(((size_t)way.count + 1) * sizeof *copy);
  memcpy(copy, way.parts, way.count * sizeof *copy);
  Way rest = way;
  rest.parts = copy;
  Above above = {way.above, {NULL, expander, &way.node->schema}};
  bool right = way.node->join->kind == SCOPE_JOIN_RIGHT || way.node->join->kind == SCOPE_JOIN_RIGHT_ANTI;
  way.node = way.node->inputs[right ? 1 : 0];
  way.above = &above;
  code = descend(way, err);
  if (code == DC_OK && expander->rest) add_leg(&rest)->rest_of = expander;
  else dc_free(copy);
  return code;
}

/* Below the node itself: its operator over its input, its files, or what makes its rows. */
static DcCode descend_below(Way way, DcError *err) {
  way.below = false;
  switch (way.node->kind) {
    case NODE_SOURCE:
      end_at_files(&way);
      return DC_OK;
    case NODE_UNION: return descend_union(way, err);
    case NODE_JOIN: return descend_join(way, err);
    case NODE_SORT: {
      Leg *leg = add_leg(&way);
      return sort_open(way.node, &leg->generator, err);
    }
    default: break;
  }
  Above above = {way.above, {&way.node->op, NULL, &way.node->schema}};
  way.above = &above;
  way.node = way.node->input;
  return descend(way, err);
}

/* Can its rows be taken as they come? What an OUTER join has left over belongs behind each partition, but is known last. */
static bool streams(const Dataset *node, const uint32_t *parts, uint32_t count) {
  if (node->kind == NODE_SORT) return all_in_order(node, parts, count);
  if (node->kind == NODE_JOIN && node->join->kind == SCOPE_JOIN_OUTER) return node->partitions == 1 && count == 1;
  return !node_is_breaker(node);
}

bool pass_leaves_out_files(const Dataset *node, const NarrowOp *const *above, size_t above_count) {
  const Dataset *source = node;
  size_t below = 0, own_count, all_count;
  for (; (source->kind == NODE_NARROW || source->kind == NODE_CHOOSE) && !source->store; source = source->input) below += source->kind == NODE_NARROW;
  if (source->kind != NODE_SOURCE || source->store || !source->load->hive.count) return false;
  Arena arena = {0};
  const NarrowOp **ops = arena_alloc(&arena, (below + above_count + 1) * sizeof *ops);
  size_t at = below;
  for (; node != source; node = node->input)
    if (node->kind == NODE_NARROW) ops[--at] = &node->op;
  for (size_t i = 0; i < above_count; i++) ops[below + i] = above[i];
  const ReadFilter *own = prune_filters(source, ops, below, &arena, &own_count), *all = prune_filters(source, ops, below + above_count, &arena, &all_count);
  bool leaves_out = all_count > own_count && prune_counts(source->load, all, all_count) < prune_counts(source->load, own, own_count);
  arena_free(&arena);
  return leaves_out;
}

static bool leaves_out_files(const Way *way) {
  const NarrowOp **ops = NULL;
  size_t count = 0, cap = 0;
  for (const Above *above = way->above; above && above->op.narrow; above = above->next) {
    VEC_GROW(ops, count, cap);
    ops[count++] = above->op.narrow;
  }
  bool leaves_out = count && pass_leaves_out_files(way->node, ops, count);
  dc_free(ops);
  return leaves_out;
}

static bool is_transparent(const Dataset *node) { return node->kind == NODE_CHOOSE || node->kind == NODE_UNION; }

static DcCode descend(Way way, DcError *err) {
  Dataset *node = way.node;
  if (way.below) return descend_below(way, err);
  if (covered(node, way.parts, way.count)) {
    end_at_store(&way);
    return DC_OK;
  }
  bool shared = way.shared || atomic_load(&node->refs) - node->loans > 1, again = repeats(way.parts, way.count, node->partitions);
  if (shared && !again && leaves_out_files(&way)) shared = false;
  shared = shared || again;
  if (!streams(node, way.parts, way.count) || (shared && !is_transparent(node))) {
    DcCode code = node_compute(node, way.parts, way.count, err);
    if (code == DC_OK) end_at_store(&way);
    else dc_free(way.parts);
    return code;
  }
  if (node->kind != NODE_CHOOSE) {
    way.shared = shared && node->kind == NODE_UNION;
    return descend_below(way, err);
  }
  for (uint32_t i = 0; i < way.count; i++)
    if (way.parts[i] != NO_PART) way.parts[i] = node->parts[way.parts[i]];
  way.node = node->input;
  way.shared = shared;
  return descend(way, err);
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
  Way way = {.pass = pass, .node = top, .count = wanted ? count : top->partitions, .below = below};
  way.parts = dc_alloc(((size_t)way.count + 1) * sizeof *way.parts);
  for (uint32_t i = 0; i < way.count; i++) way.parts[i] = wanted ? wanted[i] : i;
  DcCode code = descend(way, err);
  if (code != DC_OK) {
    pass_close(pass);
    return code;
  }
  for (size_t i = 0; i < pass->leg_count; i++)
    if (!pass->legs[i]->rest_of) pass_count(pass->legs[i]->base, pass->legs[i]->parts, pass->legs[i]->count);
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

static void close_leg(Leg *leg) {
  if (leg->reader) leg->reader->ops->close(leg->reader);
  if (leg->generator) leg->generator->close(leg->generator);
  arena_free(&leg->arena);
  dc_free(leg->stored);
  dc_free(leg->ops);
  dc_free(leg->parts);
  dc_free(leg);
}

void pass_close(Pass *pass) {
  if (!pass) return;
  for (size_t i = 0; i < pass->leg_count; i++) close_leg(pass->legs[i]);
  for (size_t i = 0; i < pass->expander_count; i++) pass->expanders[i]->close(pass->expanders[i]);
  for (int i = 0; pass->workers && i < pool_threads(pass->engine->pool); i++) worker_free(&pass->workers[i]);
  dc_free(pass->workers);
  dc_free(pass->legs);
  dc_free(pass->expanders);
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

static DcCode apply_items(Worker *worker, const NarrowOp *op, View *view, ViewColumn *columns) {
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
  return DC_OK;
}

static DcCode apply_reshape(Worker *worker, const NarrowOp *op, View *view, ViewColumn *columns) {
  const Reshape *reshape = op->reshape;
  Vector *vectors = arena_alloc(&worker->scratch, (reshape->column_count + 1) * sizeof *vectors);
  DC_TRY(reshape->apply(reshape, worker, view, vectors));
  for (uint32_t i = 0; i < reshape->column_count; i++) columns[i] = (ViewColumn){.batch_column = -1, .vector = &vectors[i]};
  for (uint32_t i = 0; i < op->carried; i++) columns[reshape->column_count + i] = view->columns[view->column_count - op->carried + i];
  return DC_OK;
}

static DcCode apply_project(Worker *worker, const NarrowOp *op, View *view, bool needs_keys) {
  uint32_t count = op->reshape ? op->reshape->column_count + op->carried : (uint32_t)op->item_count;
  ViewColumn *columns = arena_alloc(&worker->scratch, (count + 1) * sizeof *columns);
  if (op->reshape) DC_TRY(apply_reshape(worker, op, view, columns));
  else DC_TRY(apply_items(worker, op, view, columns));
  if (needs_keys && view->key_source == KEY_OF_BATCH && !view->batch->key) { /* the default key is of the record as it was */
    view->key = view_keys(worker, view);
    view->key_source = KEY_VECTOR;
  } else if (view->key_source == KEY_OF_BATCH && !view->before) { /* REC_KEY() may ask for it */
    view->before = (View *)(void *)arena_copy(&worker->scratch, view, sizeof *view);
    view->before->bad = NULL;
  }
  view->columns = columns;
  view->column_count = count;
  view->whole = false;
  view->schema = op->schema;
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

static DcCode next_stored(Leg *leg, Morsel *morsel, bool *got, Batch **read, DcError *err) {
  size_t at = atomic_fetch_add(&leg->next, 1);
  *got = at < leg->stored_count;
  morsel->seq = at;
  if (!*got) return DC_OK;
  const Stored *stored = &leg->stored[at];
  morsel->part = stored->part;
  morsel->row = stored->row;
  if (stored->extent) {
    DC_TRY(store_read(leg->base->store, stored->run, stored->extent, read, err));
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

/* A view on its way up through the operators of a leg. */
typedef struct Climb {
  const Pass *pass;
  const Leg *leg;
  Worker *worker;
  const Morsel *morsel;
  size_t at; /* the operator that gives the views */
} Climb;

static DcCode climb(const Climb *from, size_t at, View *view);

static DcCode emit_view(void *self, View *view) {
  const Climb *from = self;
  view->schema = from->leg->ops[from->at].schema;
  return climb(from, from->at + 1, view);
}

static DcCode climb(const Climb *from, size_t at, View *view) {
  Consumer *consumer = from->pass->consumer;
  for (; at < from->leg->op_count && view->n; at++) {
    const LegOp *op = &from->leg->ops[at];
    if (op->narrow) {
      DC_TRY(narrow_apply(from->worker, op->narrow, view, consumer->needs_keys));
      continue;
    }
    Climb next = *from;
    next.at = at;
    uint32_t part = from->leg->parts[from->morsel->part - from->leg->first_part];
    return op->expander->expand(op->expander, from->worker, view, part, emit_view, &next);
  }
  return view->n ? consumer->rows(consumer, from->worker, from->morsel, view) : DC_OK;
}

/* The attributes that the folders of the morsel's file give. */
static void show_folders(const Leg *leg, const Morsel *morsel, View *view) {
  if (!leg->reader) return;
  const HiveColumns *hive = &leg->base->load->hive;
  for (uint32_t k = 0; k < hive->count; k++)
    view->columns[hive->columns[k]] = (ViewColumn){.batch_column = -1, .vector = &hive->vectors[(size_t)morsel->file * hive->count + k]};
  if (hive->count) view->whole = false;
}

static DcCode run_morsel(Pass *pass, const Leg *leg, Worker *worker, const Morsel *morsel) {
  Consumer *consumer = pass->consumer;
  uint32_t chunk = CHUNK_ROWS, columns = leg->base->schema.count;
  if (pass->engine->options.batch_rows && pass->engine->options.batch_rows < chunk) chunk = (uint32_t)pass->engine->options.batch_rows;
  if (consumer->begin) DC_TRY(consumer->begin(consumer, worker, morsel));
  Climb start = {.pass = pass, .leg = leg, .worker = worker, .morsel = morsel};
  for (uint32_t row = morsel->from; row < morsel->to; row += chunk) {
    View view;
    uint32_t n = morsel->to - row < chunk ? morsel->to - row : chunk;
    view_of_batch(worker, &view, morsel->batch, row, n, columns);
    view.schema = &leg->base->schema;
    show_folders(leg, morsel, &view);
    DC_TRY(climb(&start, 0, &view));
    arena_reset(&worker->scratch);
  }
  worker->rows_in += morsel->to - morsel->from;
  worker->bytes_in += batch_bytes(morsel->batch, morsel->from, morsel->to);
  atomic_fetch_add(&pass->engine->progress_rows, morsel->to - morsel->from);
  atomic_fetch_add(&pass->engine->rows_seen, morsel->to - morsel->from);
  return consumer->end ? consumer->end(consumer, worker, morsel) : DC_OK;
}

/* The next morsel of a leg; *seq is its number also when reading it fails. */
static DcCode next_morsel(Pass *pass, Leg *leg, Worker *worker, Morsel *morsel, Batch **owned, bool *got, DcError *err) {
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  worker->error_seq = UINT64_MAX;
  DcCode code;
  if (leg->reader) code = leg->reader->ops->next(leg->reader, worker->number, morsel, owned, got, &worker->error_seq, err);
  else if (leg->generator) code = leg->generator->next(leg->generator, worker->number, morsel, owned, got, err);
  else code = next_stored(leg, morsel, got, owned, err);
  if (code != DC_OK || !*got) return code;
  morsel->seq += leg->first_seq;
  morsel->part += leg->first_part;
  atomic_fetch_add(&leg->taken, 1);
  (void)pass;
  return DC_OK;
}

static void work(void *argument, int number) {
  Pass *pass = argument;
  Leg *leg = pass->legs[pass->at];
  Worker *worker = &pass->workers[number];
  while (!atomic_load(&pass->stop) && !atomic_load(&pass->paused)) {
    Morsel morsel = {0};
    Batch *owned = NULL;
    bool got = false;
    DcError err = {0};
    (void)!next_morsel(pass, leg, worker, &morsel, &owned, &got, &err);
    if (err.code == DC_OK && !got) {
      if (!leg->reader) atomic_store(&leg->ended, true); /* a reader may only pause */
      break;
    }
    if (err.code == DC_OK && run_morsel(pass, leg, worker, &morsel) != DC_OK) err = worker->err;
    batch_unref(owned);
    if (err.code != DC_OK) {
      worker->err = err;
      if (!leg->reader || got) worker->error_seq = morsel.seq;
      atomic_store(&pass->stop, true);
      break;
    }
    if (pass->consumer->full && pass->consumer->full(pass->consumer)) atomic_store(&pass->paused, true);
  }
}

static const Worker *first_failure(Pass *pass) {
  const Worker *failed = NULL;
  for (int i = 0; i < pool_threads(pass->engine->pool); i++) {
    Worker *worker = &pass->workers[i];
    if (worker->err.code != DC_OK && (!failed || worker->error_seq < failed->error_seq)) failed = worker;
    if (pass->engine->stats) {
      pass->engine->stats->rows_in += worker->rows_in;
      pass->engine->stats->bytes_in += worker->bytes_in;
    }
    worker->rows_in = worker->bytes_in = 0;
  }
  return failed;
}

/* The conditions on the base's rows. */
static void find_filters(Leg *leg) {
  const NarrowOp **ops = arena_alloc(&leg->arena, (leg->op_count + 1) * sizeof *ops);
  size_t count = 0;
  while (count < leg->op_count && leg->ops[count].narrow) {
    ops[count] = leg->ops[count].narrow;
    count++;
  }
  leg->filters = prune_filters(leg->base, ops, count, &leg->arena, &leg->filter_count);
}

/* Which columns are needed is known only now: the consumer has a say in it. */
static DcCode open_reader(Pass *pass, Leg *leg, DcError *err) {
  const Consumer *consumer = pass->consumer;
  uint8_t *needed = consumer->needs_keys && !leg->base->keyed ? NULL : columns_needed(leg->ops, leg->op_count, leg->base->schema.count, consumer->columns);
  find_filters(leg);
  ReadSpec spec = {.parts = leg->parts, .count = leg->count, .needed = needed, .filters = leg->filters, .filter_count = leg->filter_count};
  uint8_t *files = load_choose_files(leg->base, &spec);
  spec.files = files;
  DcCode code = leg->base->load->file.row->format->source->open(leg->base, &spec, &leg->reader, err);
  dc_free(files);
  dc_free(needed);
  return code;
}

/* One phase of the leg whose turn it is. */
static DcCode run_leg(Pass *pass, Leg *leg, DcError *err) {
  int threads = pool_threads(pass->engine->pool);
  for (int i = 0; i < threads; i++) pass->workers[i].err = (DcError){0};
  if (leg->rest_of && !leg->generator) {
    DC_TRY(leg->rest_of->rest(leg->rest_of, &leg->generator, err));
    if (!leg->generator) {
      atomic_store(&leg->ended, true);
      return DC_OK;
    }
  }
  if (leg->files && !leg->reader) DC_TRY(open_reader(pass, leg, err));
  if (leg->reader) leg->reader->ops->set_quota(leg->reader, pass->consumer->quota);
  bool whole = leg->reader || leg->generator;
  int count = whole ? 0 : (int)(leg->stored_count < (size_t)threads ? leg->stored_count : (size_t)threads);
  if (whole || count) pool_run(pass->engine->pool, count, work, pass);
  else atomic_store(&leg->ended, true);
  if (leg->reader && leg->reader->ops->ended(leg->reader)) atomic_store(&leg->ended, true);
  const Worker *failed = first_failure(pass);
  if (!failed) return DC_OK;
  *err = failed->err;
  return err->code;
}

DcCode pass_run(Pass *pass, Consumer *consumer, bool *more, DcError *err) {
  pass->consumer = consumer;
  atomic_store(&pass->paused, false);
  while (pass->at < pass->leg_count) {
    Leg *leg = pass->legs[pass->at];
    DC_TRY(run_leg(pass, leg, err));
    if (!atomic_load(&leg->ended)) break; /* paused */
    pass->at++;
    if (pass->at < pass->leg_count) pass->legs[pass->at]->first_seq = leg->first_seq + atomic_load(&leg->taken);
    if (atomic_load(&pass->paused)) break;
  }
  if (more) *more = pass->at < pass->leg_count;
  return DC_OK;
}
