/* union_set.c - UNION XOR and UNION AND: which (key, record) pairs of several inputs are kept.
 *
 * All inputs are stored, one after another. Pairs are counted by their bytes in hash tables; when those do not fit, rows
 * are taken in several rounds, each over one share of the hashes. What is kept is one bit a row, so the result has the
 * order of the inputs.
 */
#include <stdlib.h>

#include "engine/compute.h"
#include "engine/keymap.h"

typedef enum Step {
  STEP_WHERE,  /* XOR: in which input each pair is; UINT64_MAX: in several */
  STEP_SINGLE, /* XOR: keep what is in one */
  STEP_COUNT,  /* AND: how often each pair is in an input, if it is in `among` */
  STEP_COMMON, /* AND: keep as many as `among` says */
} Step;

/* AND: a row of a pair that the first input has more often than another one. */
typedef struct Surplus {
  const char *pair; /* as `first` keeps it */
  uint64_t row, wanted;
} Surplus;

typedef struct SetUnion {
  Consumer consumer;        /* first */
  Dataset *node, *all;      /* all: the inputs, stored */
  const uint32_t *input_of; /* each partition of all */
  uint32_t inputs;
  uint64_t shares, share;
  Step step;
  KeyMap *map;              /* that is filled or asked */
  const KeyMap *among;      /* NULL: all pairs */
  size_t room;
  uint32_t *at;             /* of each worker: rows of the morsel so far */
  atomic_uchar *kept;       /* one bit a row */
  pthread_mutex_t lock;
  Surplus *surplus;
  size_t surplus_count, surplus_cap;
} SetUnion;

static void pair_bytes(Worker *worker, View *view, uint32_t i, Buf *out) {
  Value key = view_key(worker, view, i);
  out->len = 0;
  key_bytes(out, key);
  if (key.flags & VALUE_DEFAULT_KEY) { /* tells records apart whose hashes collide */
    buf_put(out, &key.len, sizeof key.len);
    buf_put(out, &key.offset_minutes, sizeof key.offset_minutes);
  }
  for (uint32_t c = 0; c < view->column_count; c++) key_bytes(out, vector_value(view_column(worker, view, c), i));
}

static void keep_row(SetUnion *set, uint64_t row) {
  atomic_fetch_or_explicit(&set->kept[row >> 3], (unsigned char)(1u << (row & 7)), memory_order_relaxed);
}

static void keep_common(SetUnion *set, Str pair, uint64_t hash, uint64_t row) {
  uint64_t wanted = 0, there = 0;
  if (!keymap_find(set->among, pair, hash, &wanted)) return;
  const char *own = keymap_find(set->map, pair, hash, &there);
  if (wanted == there) {
    keep_row(set, row);
    return;
  }
  pthread_mutex_lock(&set->lock);
  VEC_GROW(set->surplus, set->surplus_count, set->surplus_cap);
  set->surplus[set->surplus_count++] = (Surplus){own, row, wanted};
  pthread_mutex_unlock(&set->lock);
}

static void take_pair(SetUnion *set, Str pair, uint64_t hash, uint32_t part, uint64_t row) {
  uint64_t found = 0;
  switch (set->step) {
    case STEP_WHERE: keymap_put(set->map, pair, hash, KEYMAP_SAME, set->input_of[part]); break;
    case STEP_SINGLE:
      if (keymap_find(set->map, pair, hash, &found) && found == set->input_of[part]) keep_row(set, row);
      break;
    case STEP_COUNT:
      if (!set->among || keymap_find(set->among, pair, hash, &found)) keymap_put(set->map, pair, hash, KEYMAP_COUNT, 1);
      break;
    case STEP_COMMON: keep_common(set, pair, hash, row); break;
  }
}

static DcCode set_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  (void)morsel;
  ((SetUnion *)self)->at[worker->number] = 0;
  return DC_OK;
}

static DcCode set_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  SetUnion *set = (SetUnion *)self;
  Buf bytes = {0};
  uint32_t *at = &set->at[worker->number];
  for (uint32_t i = 0; i < view->n; i++) {
    pair_bytes(worker, view, i, &bytes);
    Str pair = str_make(bytes.data, bytes.len);
    uint64_t hash = keymap_hash(pair);
    if ((hash & 0xFFFF) % set->shares == set->share) take_pair(set, pair, hash, morsel->part, morsel->row + *at + i);
  }
  *at += view->n;
  buf_free(&bytes);
  return DC_OK;
}

static bool set_full(Consumer *self) {
  SetUnion *set = (SetUnion *)self;
  if (set->step == STEP_WHERE || set->step == STEP_COUNT) return keymap_memory(set->map) > set->room;
  pthread_mutex_lock(&set->lock);
  bool full = set->surplus_count * sizeof *set->surplus > set->room;
  pthread_mutex_unlock(&set->lock);
  return full;
}

/* One pass over the partitions of an input (UINT32_MAX: of all). */
static DcCode set_pass(SetUnion *set, Step step, uint32_t input, bool *more, DcError *err) {
  uint32_t count = 0, partitions = set->all->partitions;
  uint32_t *parts = dc_alloc(((size_t)partitions + 1) * sizeof *parts);
  for (uint32_t p = 0; p < partitions; p++)
    if (input == UINT32_MAX || set->input_of[p] == input) parts[count++] = p;
  Pass *pass = NULL;
  set->step = step;
  DcCode code = pass_open(set->all, parts, count, &pass, err);
  if (code == DC_OK) code = pass_run(pass, &set->consumer, more, err);
  pass_close(pass);
  dc_free(parts);
  return code;
}

static DcCode xor_round(SetUnion *set, bool *more, DcError *err) {
  set->map = keymap_new(set->node->engine->budget);
  DcCode code = set_pass(set, STEP_WHERE, UINT32_MAX, more, err);
  if (code == DC_OK && !*more) code = set_pass(set, STEP_SINGLE, UINT32_MAX, more, err);
  keymap_free(set->map);
  return code;
}

typedef struct Fewer {
  const KeyMap *counts;
  KeyMap *out;
} Fewer;

static void put_fewer(void *self, Str pair, uint64_t count) {
  Fewer *fewer = self;
  uint64_t hash = keymap_hash(pair), here = 0;
  if (keymap_find(fewer->counts, pair, hash, &here)) keymap_put(fewer->out, pair, hash, KEYMAP_COUNT, here < count ? here : count);
}

/* AND: counts of what is in among and in another input: the lower ones. */
static DcCode count_fewer(SetUnion *set, uint32_t input, KeyMap **out, bool *more, DcError *err) {
  Budget *budget = set->node->engine->budget;
  set->map = keymap_new(budget);
  DcCode code = set_pass(set, STEP_COUNT, input, more, err);
  if (code == DC_OK && !*more) {
    Fewer fewer = {set->map, keymap_new(budget)};
    keymap_visit(set->among, put_fewer, &fewer);
    *out = fewer.out;
  }
  keymap_free(set->map);
  return code;
}

static int by_row(const void *a, const void *b) {
  const Surplus *x = a, *y = b;
  if (x->pair != y->pair) return (uintptr_t)x->pair < (uintptr_t)y->pair ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

/* The first rows of each pair, as many as are wanted. */
static void keep_first(SetUnion *set) {
  if (set->surplus_count) qsort(set->surplus, set->surplus_count, sizeof *set->surplus, by_row);
  for (size_t i = 0, start = 0; i < set->surplus_count; i++) {
    if (set->surplus[i].pair != set->surplus[start].pair) start = i;
    if (i - start < set->surplus[i].wanted) keep_row(set, set->surplus[i].row);
  }
  set->surplus_count = 0;
}

static DcCode and_round(SetUnion *set, bool *more, DcError *err) {
  KeyMap *first = keymap_new(set->node->engine->budget), *common = NULL;
  set->map = first;
  set->among = NULL;
  DcCode code = set_pass(set, STEP_COUNT, 0, more, err);
  for (uint32_t input = 1; input < set->inputs && code == DC_OK && !*more; input++) {
    KeyMap *fewer = NULL;
    set->among = common ? common : first;
    code = count_fewer(set, input, &fewer, more, err);
    keymap_free(common);
    common = fewer;
  }
  if (code == DC_OK && !*more) {
    set->map = first;
    set->among = common ? common : first;
    code = set_pass(set, STEP_COMMON, 0, more, err);
    if (code == DC_OK && !*more) keep_first(set);
    set->surplus_count = 0;
  }
  keymap_free(common);
  keymap_free(first);
  return code;
}

static DcCode find_kept(SetUnion *set, DcError *err) {
  for (set->shares = 1;; set->shares *= 4) {
    bool more = false;
    if (set->shares > 4096) return dc_fail(err, "UNION XOR and UNION AND need more memory than --memory allows");
    if (set->shares == 4) DC_TRY(store_spill(set->all->store, err)); /* room for the tables */
    for (set->share = 0; set->share < set->shares && !more; set->share++)
      DC_TRY(set->node->kind == NODE_UNION_XOR ? xor_round(set, &more, err) : and_round(set, &more, err));
    if (!more) return DC_OK;
  }
}

static void choose_kept(void *self, Worker *worker, const Morsel *morsel, View *view, uint32_t at, uint8_t *keep) {
  SetUnion *set = self;
  (void)worker;
  for (uint32_t i = 0; i < view->n; i++) {
    uint64_t row = morsel->row + at + i;
    keep[i] = atomic_load_explicit(&set->kept[row >> 3], memory_order_relaxed) >> (row & 7) & 1;
  }
}

static DcCode keep_rows(SetUnion *set, DcError *err) {
  uint32_t count = set->node->partitions, *parts = dc_alloc(((size_t)count + 1) * sizeof *parts);
  for (uint32_t p = 0; p < count; p++) parts[p] = p; /* AND: those of the first input come first */
  Pass *pass = NULL;
  DcCode code = pass_open(set->all, parts, count, &pass, err);
  if (code == DC_OK) {
    Keeper keeper;
    keeper_init(&keeper, set->node, set->node->store, NULL);
    keeper.choose = choose_kept;
    keeper.choose_self = set;
    code = run_spilling(pass, &keeper.consumer, set->node->store, err);
    keeper_free(&keeper);
  }
  pass_close(pass);
  dc_free(parts);
  return code;
}

/* Puts a union of the inputs in their place, which input_stored() then stores; node->parts tells which partition is of
   which input, and behind them how many inputs there are. */
static void gather_inputs(Dataset *node) {
  if (node->input) return; /* tried before */
  uint32_t partitions = 0, at = 0;
  for (uint32_t i = 0; i < node->input_count; i++) partitions += node->inputs[i]->partitions;
  node->parts = arena_alloc(&node->arena, ((size_t)partitions + 1) * sizeof *node->parts);
  for (uint32_t i = 0; i < node->input_count; i++)
    for (uint32_t p = 0; p < node->inputs[i]->partitions; p++) node->parts[at++] = i;
  node->parts[partitions] = node->input_count;
  node->input = node_over(node->engine, NODE_UNION, node->inputs, node->input_count);
  node->input->partitions = partitions;
  node->input->keyed = node->keyed;
  node->input_count = 0;
}

DcCode compute_union_set(Dataset *node, DcError *err) {
  Engine *engine = node->engine;
  SetUnion set = {.consumer = {set_begin, set_rows, NULL, set_full, 0, true, NULL}, .node = node, .room = engine->options.memory / 6};
  gather_inputs(node);
  DC_TRY(input_stored(node, &set.all, err));
  set.input_of = node->parts;
  set.inputs = node->parts[set.all->partitions];
  set.at = dc_alloc((size_t)pool_threads(engine->pool) * sizeof *set.at);
  set.kept = dc_alloc(set.all->store->rows / 8 + 1);
  pthread_mutex_init(&set.lock, NULL);
  DcCode code = find_kept(&set, err);
  if (code == DC_OK) code = keep_rows(&set, err);
  pthread_mutex_destroy(&set.lock);
  dc_free(set.surplus);
  dc_free(set.kept);
  dc_free(set.at);
  return code;
}
