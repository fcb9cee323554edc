/* group.c - GROUP BY: records into the table of groups. DISTINCT and MODE go a way round: a second table has each value
 * of a group once, and is poured into the first when all records are in.
 */
#include "engine/group.h"

#include <math.h>
#include <stdlib.h>

#include "engine/keymap.h"
#include "value/spelling.h"

/* --- Keys as bytes, in the form of key_bytes --- */

static void put_text(Buf *out, Str text) {
  uint32_t len = (uint32_t)text.len;
  buf_reserve(out, text.len + 5);
  char *at = out->data + out->len;
  *at = 's';
  memcpy(at + 1, &len, sizeof len);
  if (len) memcpy(at + 5, text.data, len);
  out->len += len + 5;
}

void group_put_key(Buf *out, const Vector *keys, size_t count, uint32_t i) {
  for (size_t k = 0; k < count; k++) {
    const Vector *key = &keys[k];
    if (key->kind == VEC_STR && !key->constant && !(key->nulls && key->nulls[i])) put_text(out, key->as.strs[i]);
    else key_bytes(out, vector_value(key, i));
  }
}

static bool is_whole(double d) { return d == floor(d) && d >= -0x1p63 && d < 0x1p63; }

bool group_key_tells(Value value) {
  switch ((Type)value.type) {
    case TYPE_NULL: case TYPE_BOOL: case TYPE_INT: case TYPE_STRING: return true;
    case TYPE_DOUBLE: return !is_whole(value.as.d) && !(value.flags & VALUE_SINGLE) && !is_spelled(value);
    default: return false;
  }
}

const char *group_read_key(const char *bytes, Value *out) {
  char class = *bytes++;
  uint32_t len;
  *out = class == 't' || class == 'f' ? value_bool(class == 't') : value_null();
  if (class != 's' && class != 'i' && class != 'd') return bytes;
  memcpy(&len, bytes, sizeof len);
  bytes += sizeof len;
  if (class == 's') {
    *out = value_str(str_make(bytes, len));
  } else {
    out->type = class == 'i' ? TYPE_INT : TYPE_DOUBLE;
    memcpy(&out->as, bytes, sizeof out->as);
  }
  return bytes + len;
}

/* The values of row i as they were, for a group whose key's bytes do not tell them. */
static void put_original(TableRow *row, const Vector *keys, size_t count, uint32_t i, Arena *arena) {
  Buf bytes = {0};
  bool told = true;
  for (size_t k = 0; k < count && told; k++) told = group_key_tells(vector_value(&keys[k], i));
  if (told) return;
  for (size_t k = 0; k < count; k++) {
    size_t at = bytes.len;
    uint32_t size = 0;
    buf_put(&bytes, &size, sizeof size);
    value_encode(&bytes, vector_value(&keys[k], i));
    size = (uint32_t)(bytes.len - at - sizeof size);
    memcpy(bytes.data + at, &size, sizeof size);
  }
  row->original = arena_copy(arena, bytes.data, bytes.len);
  row->original_len = (uint32_t)bytes.len;
  buf_free(&bytes);
}

static bool always_told(const Vector *keys, size_t count) {
  bool told = true;
  for (size_t k = 0; k < count; k++) told = told && keys[k].kind != VEC_ANY && keys[k].kind != VEC_DOUBLE;
  return told;
}

/* --- Arguments --- */

/* Numbers in place of values; what is none is a bad record. */
static DcCode read_numbers(Worker *worker, const GroupInput *input, View *view, const Vector *in, Vector *out) {
  *out = *in;
  if (in->kind == VEC_INT || in->kind == VEC_DOUBLE || in->kind == VEC_NULL) return DC_OK;
  Value *values = arena_raw(&worker->scratch, (view->n + 1) * sizeof *values);
  for (uint32_t i = 0; i < view->n; i++) {
    if (in->kind == VEC_STR && !in->constant && !(in->nulls && in->nulls[i]) && number_parse(in->as.strs[i], &values[i])) continue;
    DcError err = {0};
    values[i] = vector_value(in, i);
    if (value_is_null(values[i]) || aggregate_number(input->reader, values[i], &values[i], &err) == DC_OK) continue;
    values[i] = value_null();
    dc_position(&err, input->expr->pos);
    if (view_bad_row(worker, input->expr, view, i, &err) != DC_OK) {
      worker->err = err;
      return err.code;
    }
  }
  *out = (Vector){.kind = VEC_ANY, .as.values = values};
  return DC_OK;
}

static DcCode eval_inputs(Grouper *grouper, Worker *worker, View *view, Vector *keys, Vector *inputs) {
  const Program *program = grouper->node->op.program;
  size_t key_count = grouper->plan->key_count, count = 0;
  const Expr **exprs = arena_alloc(&worker->scratch, (key_count + grouper->input_count + 1) * sizeof *exprs);
  for (size_t k = 0; k < key_count; k++) exprs[count++] = grouper->plan->keys[k];
  for (size_t k = 0; k < grouper->input_count; k++) exprs[count++] = grouper->inputs[k].expr;
  view_fetch_for(worker, view, exprs, count);
  for (size_t k = 0; k < key_count; k++) DC_TRY(vector_eval(worker, program, grouper->plan->keys[k], view, &keys[k]));
  for (size_t k = 0; k < grouper->input_count; k++) {
    Vector values;
    const GroupInput *input = &grouper->inputs[k];
    DC_TRY(vector_eval(worker, program, input->expr, view, &values));
    if (input->reader) DC_TRY(read_numbers(worker, input, view, &values, &inputs[k]));
    else inputs[k] = values;
  }
  return DC_OK;
}

/* MIN and MAX of texts that all look like numbers deserve a hint. */
static void look_at_texts(GroupCall *call, const Vector *vector, const uint32_t *live, uint32_t n) {
  if (atomic_load_explicit(&call->other_texts, memory_order_relaxed)) return;
  Value number;
  bool texts = false, others = false;
  for (uint32_t k = 0; k < n && !others; k++) {
    Value value = vector_value(vector, live[k]);
    if (value.type != TYPE_STRING) continue;
    texts = true;
    others = !number_parse(value_get_str(value), &number);
  }
  if (texts) atomic_store_explicit(&call->texts, true, memory_order_relaxed);
  if (others) atomic_store_explicit(&call->other_texts, true, memory_order_relaxed);
}

/* --- Into the tables --- */

/* The rows of a view that count, and where they go. */
typedef struct Chunk {
  Grouper *grouper;
  Worker *worker;
  const Vector *keys, *inputs;
  uint32_t n;
  uint32_t *live; /* their numbers in the view */
  uint64_t *positions, *hashes;
  Str *key_bytes;
  TableRow **rows;
} Chunk;

static DcCode update_values(Chunk *chunk, const GroupCall *call) {
  const Aggregate *aggregate = &call->aggregate;
  for (uint32_t k = 0; k < chunk->n; k++) {
    Value args[2] = {value_null(), value_null()};
    for (size_t a = 0; a < aggregate->value_args; a++) args[a] = vector_value(&chunk->inputs[call->inputs[a]], chunk->live[k]);
    TableRow *row = chunk->rows[k];
    Arena *arena = table_arena(chunk->grouper->table, chunk->worker->number, row);
    DC_TRY(aggregate_add(aggregate, (char *)row_state(row) + call->offset, arena, args, chunk->positions[k], &chunk->worker->err));
  }
  return DC_OK;
}

static void update_numbers(Chunk *chunk, const GroupCall *call) {
  const Vector *vector = &chunk->inputs[call->inputs[0]];
  for (uint32_t k = 0; k < chunk->n; k++) {
    uint32_t i = vector->constant ? 0 : chunk->live[k];
    TableRow *row = chunk->rows[k];
    if (vector->nulls && vector->nulls[i]) continue;
    void *state = (char *)row_state(row) + call->offset;
    Arena *arena = table_arena(chunk->grouper->table, chunk->worker->number, row);
    if (vector->kind == VEC_INT) aggregate_add_int(&call->aggregate, state, vector->as.ints[i], arena);
    else aggregate_add_double(&call->aggregate, state, vector->as.doubles[i], arena);
  }
}

/* Values that were read from text: integers and doubles mixed, rarely decimals. */
static DcCode update_mixed(Chunk *chunk, const GroupCall *call) {
  const Value *values = chunk->inputs[call->inputs[0]].as.values;
  for (uint32_t k = 0; k < chunk->n; k++) {
    Value value = values[chunk->live[k]];
    TableRow *row = chunk->rows[k];
    void *state = (char *)row_state(row) + call->offset;
    Arena *arena = table_arena(chunk->grouper->table, chunk->worker->number, row);
    if (value.type == TYPE_DOUBLE) aggregate_add_double(&call->aggregate, state, value.as.d, arena);
    else if (value.type == TYPE_INT) aggregate_add_int(&call->aggregate, state, value.as.i, arena);
    else if (!value_is_null(value)) DC_TRY(aggregate_add(&call->aggregate, state, arena, &value, chunk->positions[k], &chunk->worker->err));
  }
  return DC_OK;
}

static DcCode update_call(Chunk *chunk, GroupCall *call) {
  const Aggregate *aggregate = &call->aggregate;
  if (call->shared || call->pairs >= 0) return DC_OK;
  if (aggregate->kind == AGG_COUNT && !aggregate->value_args) {
    for (uint32_t k = 0; k < chunk->n; k++) ++*(uint64_t *)(void *)((char *)row_state(chunk->rows[k]) + call->offset);
    return DC_OK;
  }
  const Vector *vector = aggregate->value_args ? &chunk->inputs[call->inputs[0]] : NULL;
  if (vector && (aggregate->kind == AGG_MIN || aggregate->kind == AGG_MAX)) look_at_texts(call, vector, chunk->live, chunk->n);
  if (!aggregate_is_numeric(aggregate) || aggregate->kind == AGG_QUANTILE) return update_values(chunk, call);
  if (vector->kind == VEC_INT || vector->kind == VEC_DOUBLE) update_numbers(chunk, call);
  else if (vector->kind == VEC_ANY && !vector->constant) return update_mixed(chunk, call);
  else return update_values(chunk, call);
  return DC_OK;
}

/* Group and value as one key: size of the group's bytes, those, the value's. */
static void put_pairs(Chunk *chunk, const GroupPairs *pairs) {
  const Vector *vector = &chunk->inputs[pairs->input];
  Arena *scratch = &chunk->worker->scratch;
  Buf *buf = &chunk->grouper->pair_buffers[chunk->worker->number];
  size_t *ends = arena_raw(scratch, (chunk->n + 1) * sizeof *ends);
  uint32_t *live = arena_raw(scratch, (chunk->n + 1) * sizeof *live), n = 0;
  uint64_t *positions = arena_raw(scratch, (chunk->n + 1) * sizeof *positions), *hashes = arena_raw(scratch, (chunk->n + 1) * sizeof *hashes);
  Str *keys = arena_raw(scratch, (chunk->n + 1) * sizeof *keys);
  TableRow **rows = arena_raw(scratch, (chunk->n + 1) * sizeof *rows);
  uint8_t *made = arena_raw(scratch, chunk->n + 1);
  buf->len = 0;
  for (uint32_t k = 0; k < chunk->n; k++) {
    if (vector_is_null(vector, chunk->live[k])) continue;
    uint32_t len = (uint32_t)chunk->key_bytes[k].len;
    buf_put(buf, &len, sizeof len);
    buf_str(buf, chunk->key_bytes[k]);
    group_put_key(buf, vector, 1, chunk->live[k]);
    positions[n] = chunk->positions[k];
    live[n] = chunk->live[k];
    ends[n++] = buf->len;
  }
  for (uint32_t k = 0; k < n; k++) {
    size_t start = k ? ends[k - 1] : 0;
    keys[k] = str_make(buf->data + start, ends[k] - start);
    hashes[k] = table_hash(keys[k]);
  }
  TableBatch batch = {n, keys, hashes, positions, rows, made};
  table_find(pairs->table, chunk->worker->number, &batch);
  bool told = always_told(vector, 1);
  for (uint32_t k = 0; k < n; k++) {
    ++*(uint64_t *)row_state(rows[k]);
    if (made[k] && !told) put_original(rows[k], vector, 1, live[k], table_arena(pairs->table, chunk->worker->number, rows[k]));
  }
}

static void find_groups(Chunk *chunk) {
  Grouper *grouper = chunk->grouper;
  int number = chunk->worker->number;
  Arena *scratch = &chunk->worker->scratch;
  size_t key_count = grouper->plan->key_count;
  uint32_t n = key_count ? chunk->n : 1;
  Buf *buf = &grouper->buffers[number];
  size_t *ends = arena_raw(scratch, (chunk->n + 1) * sizeof *ends);
  uint8_t *made = arena_raw(scratch, chunk->n + 1);
  buf->len = 0;
  for (uint32_t k = 0; k < n; k++) {
    group_put_key(buf, chunk->keys, key_count, chunk->live[k]);
    ends[k] = buf->len;
  }
  for (uint32_t k = 0; k < n; k++) {
    size_t start = k ? ends[k - 1] : 0;
    chunk->key_bytes[k] = buf->len ? str_make(buf->data + start, ends[k] - start) : str_of("");
    chunk->hashes[k] = table_hash(chunk->key_bytes[k]);
  }
  TableBatch batch = {n, chunk->key_bytes, chunk->hashes, chunk->positions, chunk->rows, made};
  table_find(grouper->table, number, &batch);
  for (uint32_t k = n; k < chunk->n; k++) {
    chunk->rows[k] = chunk->rows[0];
    chunk->key_bytes[k] = chunk->key_bytes[0];
  }
  if (always_told(chunk->keys, key_count)) return;
  for (uint32_t k = 0; k < n; k++)
    if (made[k]) put_original(chunk->rows[k], chunk->keys, key_count, chunk->live[k], table_arena(grouper->table, number, chunk->rows[k]));
}

static DcCode grouper_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  (void)morsel;
  ((Grouper *)self)->at[worker->number] = 0;
  return DC_OK;
}

static DcCode grouper_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Grouper *grouper = (Grouper *)self;
  Arena *scratch = &worker->scratch;
  size_t room = view->n + 1;
  Vector *keys = arena_raw(scratch, (grouper->plan->key_count + 1) * sizeof *keys);
  Vector *inputs = arena_raw(scratch, (grouper->input_count + 1) * sizeof *inputs);
  DC_TRY(eval_inputs(grouper, worker, view, keys, inputs));
  Chunk chunk = {.grouper = grouper, .worker = worker, .keys = keys, .inputs = inputs};
  chunk.live = arena_raw(scratch, room * sizeof *chunk.live);
  chunk.positions = arena_raw(scratch, room * sizeof *chunk.positions);
  chunk.hashes = arena_raw(scratch, room * sizeof *chunk.hashes);
  chunk.key_bytes = arena_raw(scratch, room * sizeof *chunk.key_bytes);
  chunk.rows = arena_raw(scratch, room * sizeof *chunk.rows);
  for (uint32_t i = 0; i < view->n; i++) {
    if (view->bad && view->bad[i]) continue;
    chunk.live[chunk.n] = i;
    chunk.positions[chunk.n++] = position_of(morsel->seq, grouper->at[worker->number] + i);
  }
  grouper->at[worker->number] += view->n;
  if (!chunk.n) return DC_OK;
  find_groups(&chunk);
  for (size_t c = 0; c < grouper->plan->call_count; c++) DC_TRY(update_call(&chunk, &grouper->calls[c]));
  for (size_t p = 0; p < grouper->pair_count; p++) put_pairs(&chunk, &grouper->pairs[p]);
  return DC_OK;
}

static DcCode grouper_end(Consumer *self, Worker *worker, const Morsel *morsel) {
  Grouper *grouper = (Grouper *)self;
  (void)morsel;
  table_count(grouper->table, worker->number);
  for (size_t p = 0; p < grouper->pair_count; p++) table_count(grouper->pairs[p].table, worker->number);
  return DC_OK;
}

static size_t memory_of(const Grouper *grouper) {
  size_t memory = table_memory(grouper->table);
  for (size_t p = 0; p < grouper->pair_count; p++) memory += table_memory(grouper->pairs[p].table);
  return memory;
}

static bool grouper_full(Consumer *self) {
  const Grouper *grouper = (const Grouper *)self;
  const Engine *engine = grouper->node->engine;
  size_t memory = memory_of(grouper);
  return memory > grouper->room || (memory > 1 << 20 && budget_used(engine->budget) > engine->options.memory);
}

/* --- Setting up --- */

static void merge_groups(void *self, int worker, TableRow *into, TableRow *from, bool earlier, Arena *arena) {
  const Grouper *grouper = self;
  (void)worker;
  (void)earlier;
  for (size_t c = 0; c < grouper->plan->call_count; c++) {
    const GroupCall *call = &grouper->calls[c];
    if (!call->shared) aggregate_merge(&call->aggregate, (char *)row_state(into) + call->offset, (char *)row_state(from) + call->offset, arena);
  }
}

static void save_group(void *self, const void *state, Buf *out) {
  const Grouper *grouper = self;
  for (size_t c = 0; c < grouper->plan->call_count; c++)
    if (!grouper->calls[c].shared) aggregate_save(&grouper->calls[c].aggregate, (const char *)state + grouper->calls[c].offset, out);
}

static const char *load_group(void *self, void *state, const char *bytes, Arena *arena) {
  const Grouper *grouper = self;
  for (size_t c = 0; c < grouper->plan->call_count; c++)
    if (!grouper->calls[c].shared) bytes = aggregate_load(&grouper->calls[c].aggregate, (char *)state + grouper->calls[c].offset, bytes, arena);
  return bytes;
}

static void merge_pairs(void *self, int worker, TableRow *into, TableRow *from, bool earlier, Arena *arena) {
  (void)self, (void)worker, (void)earlier, (void)arena;
  *(uint64_t *)row_state(into) += *(uint64_t *)row_state(from);
}

/* A value of a group, once: into the states of the calls that take it so. */
static DcCode feed_pair(Grouper *grouper, int worker, TableRow *pair, DcError *err) {
  uint32_t len;
  const char *key = row_key(grouper->feeding->table, pair);
  memcpy(&len, key, sizeof len);
  Str group = str_make(key + sizeof len, len);
  uint64_t hash = table_hash(group), never = UINT64_MAX;
  TableRow *row;
  TableBatch batch = {1, &group, &hash, &never, &row, NULL};
  table_find(grouper->table, worker, &batch);
  Arena *arena = table_arena(grouper->table, worker, row);
  Value args[2] = {value_null(), value_int(*(const int64_t *)row_state(pair))};
  if (pair->original_len) args[0] = value_decode(pair->original + sizeof(uint32_t), arena);
  else (void)group_read_key(group.data + group.len, &args[0]);
  for (size_t c = 0; c < grouper->plan->call_count; c++) {
    const GroupCall *call = &grouper->calls[c];
    if (call->pairs < 0 || call->shared || &grouper->pairs[call->pairs] != grouper->feeding) continue;
    DC_TRY(aggregate_add(&call->aggregate, (char *)row_state(row) + call->offset, arena, args, pair->first, err));
  }
  return DC_OK;
}

static DcCode emit_pairs(void *self, int worker, TableRow **rows, size_t count, Arena *arena, DcError *err) {
  (void)arena;
  for (size_t i = 0; i < count; i++) DC_TRY(feed_pair(self, worker, rows[i], err));
  table_count(((Grouper *)self)->table, worker);
  return DC_OK;
}

static bool pause_feeding(void *self) { return table_memory(((Grouper *)self)->table) > ((Grouper *)self)->room; }

static DcCode feed(Grouper *grouper, DcError *err) {
  for (size_t p = 0; p < grouper->pair_count; p++) {
    grouper->feeding = &grouper->pairs[p];
    for (bool more = true; more;) {
      DC_TRY(table_finish(grouper->pairs[p].table, &more, err));
      if (pause_feeding(grouper)) DC_TRY(table_spill(grouper->table, err));
    }
    table_free(grouper->pairs[p].table);
    grouper->pairs[p].table = NULL;
  }
  return DC_OK;
}

static bool same_input(const Expr *a, const Expr *b) { return a == b || (a->kind == EXPR_ATTR && b->kind == EXPR_ATTR && a->column == b->column); }

static int add_input(Grouper *grouper, const Expr *expr, const Aggregate *reader) {
  for (size_t i = 0; i < grouper->input_count; i++)
    if (same_input(grouper->inputs[i].expr, expr) && !grouper->inputs[i].reader == !reader) return (int)i;
  grouper->inputs[grouper->input_count] = (GroupInput){expr, reader};
  return (int)grouper->input_count++;
}

static int add_pairs(Grouper *grouper, int input) {
  static const TableOps pair_ops = {.width = sizeof(uint64_t), .merge = merge_pairs, .emit = emit_pairs, .pause = pause_feeding};
  for (size_t p = 0; p < grouper->pair_count; p++)
    if (grouper->pairs[p].input == input) return (int)p;
  TableOps ops = pair_ops;
  ops.self = grouper;
  grouper->pairs[grouper->pair_count] = (GroupPairs){table_new(grouper->node->engine, &ops), input};
  return (int)grouper->pair_count++;
}

static bool same_kind(AggregateKind a, AggregateKind b) {
  bool sums = (a == AGG_SUM || a == AGG_AVG) && (b == AGG_SUM || b == AGG_AVG);
  bool spreads = a >= AGG_VARIANCE && a <= AGG_STDDEV_POP && b >= AGG_VARIANCE && b <= AGG_STDDEV_POP;
  return sums || spreads || (a == AGG_QUANTILE && b == AGG_QUANTILE);
}

static DcCode set_up_call(Grouper *grouper, size_t c, size_t *width, DcError *err) {
  GroupCall *call = &grouper->calls[c];
  const AggregateCall *plan = &grouper->plan->calls[c];
  DC_TRY(aggregate_init(&call->aggregate, plan, err));
  Aggregate *aggregate = &call->aggregate;
  for (size_t a = 0; a < aggregate->value_args && a < 2; a++)
    call->inputs[a] = add_input(grouper, plan->args[a], aggregate_is_numeric(aggregate) ? aggregate : NULL);
  call->pairs = aggregate->distinct || aggregate->counted ? add_pairs(grouper, call->inputs[0]) : -1;
  call->offset = *width;
  for (size_t k = 0; k < c && !call->shared; k++) {
    const GroupCall *other = &grouper->calls[k];
    call->shared = same_kind(aggregate->kind, other->aggregate.kind) && call->inputs[0] == other->inputs[0] && call->pairs == other->pairs;
    if (call->shared) call->offset = other->offset;
  }
  if (!call->shared) *width += aggregate->width;
  return DC_OK;
}

/* The columns of the input that keys and arguments name; NULL: any may be looked at. */
static const uint8_t *columns_of(Dataset *node) {
  const GroupPlan *plan = node->group;
  uint8_t *columns = arena_alloc(&node->arena, (size_t)node->input->schema.count + 1);
  bool known = true;
  for (size_t i = 0; i < plan->key_count; i++) known = program_columns(plan->keys[i], columns) && known;
  for (size_t c = 0; c < plan->call_count; c++)
    for (size_t a = 0; a < plan->calls[c].arg_count; a++) known = program_columns(plan->calls[c].args[a], columns) && known;
  return known ? columns : NULL;
}

static DcCode grouper_init(Grouper *grouper, Dataset *node, DcError *err) {
  size_t threads = (size_t)pool_threads(node->engine->pool), count = node->group->call_count, width = 0;
  *grouper = (Grouper){.consumer = {grouper_begin, grouper_rows, grouper_end, grouper_full, 0, false, columns_of(node)}, .node = node, .plan = node->group};
  pthread_mutex_init(&grouper->lock, NULL);
  grouper->room = store_room(node->engine) / 3 * 2;
  grouper->inputs = dc_alloc((count * 2 + 1) * sizeof *grouper->inputs);
  grouper->calls = dc_alloc((count + 1) * sizeof *grouper->calls);
  grouper->pairs = dc_alloc((count + 1) * sizeof *grouper->pairs);
  grouper->buffers = dc_alloc(threads * sizeof *grouper->buffers);
  grouper->pair_buffers = dc_alloc(threads * sizeof *grouper->pair_buffers);
  grouper->at = dc_alloc(threads * sizeof *grouper->at);
  for (size_t c = 0; c < count; c++) DC_TRY(set_up_call(grouper, c, &width, err));
  TableOps ops = {grouper, width, merge_groups, save_group, load_group, group_emit, NULL};
  grouper->table = table_new(node->engine, &ops);
  return DC_OK;
}

static void grouper_free(Grouper *grouper) {
  table_free(grouper->table);
  for (size_t p = 0; p < grouper->pair_count; p++) table_free(grouper->pairs[p].table);
  for (int i = 0; i < pool_threads(grouper->node->engine->pool); i++) {
    buf_free(&grouper->buffers[i]);
    buf_free(&grouper->pair_buffers[i]);
  }
  for (size_t r = 0; r < grouper->run_count; r++) dc_free(grouper->runs[r].rows);
  spill_close(&grouper->finished);
  pthread_mutex_destroy(&grouper->lock);
  dc_free(grouper->runs);
  dc_free(grouper->buffers);
  dc_free(grouper->pair_buffers);
  dc_free(grouper->at);
  dc_free(grouper->inputs);
  dc_free(grouper->calls);
  dc_free(grouper->pairs);
}

static void give_hints(const Grouper *grouper) {
  for (size_t c = 0; c < grouper->plan->call_count; c++) {
    const GroupCall *call = &grouper->calls[c];
    if (!atomic_load(&call->texts) || atomic_load(&call->other_texts)) continue;
    const char *name = call->aggregate.call->function->name;
    engine_warn(grouper->node->engine, call->aggregate.call->pos,
                "%s compares texts, as all values are, and all look like numbers: %s(DOUBLE …) or %s(INT …) compares numbers", name, name, name);
    return;
  }
}

static DcCode spill_all(Grouper *grouper, DcError *err) {
  DC_TRY(table_spill(grouper->table, err));
  for (size_t p = 0; p < grouper->pair_count; p++) DC_TRY(table_spill(grouper->pairs[p].table, err));
  return DC_OK;
}

static DcCode take_records(Grouper *grouper, DcError *err) {
  Pass *pass;
  DC_TRY(pass_open(grouper->node->input, NULL, 0, &pass, err));
  DcCode code = DC_OK;
  for (bool more = true; more && code == DC_OK;) {
    code = pass_run(pass, &grouper->consumer, &more, err);
    if (code == DC_OK && more) code = spill_all(grouper, err);
  }
  pass_close(pass);
  return code;
}

/* Without keys there is a group also where there is no record. */
static void need_group(Grouper *grouper) {
  Str key = str_of("");
  uint64_t hash = table_hash(key), never = UINT64_MAX;
  TableRow *row;
  TableBatch batch = {1, &key, &hash, &never, &row, NULL};
  if (!grouper->plan->key_count) table_find(grouper->table, 0, &batch);
}

DcCode compute_group(Dataset *node, DcError *err) {
  Grouper grouper;
  DcCode code = grouper_init(&grouper, node, err);
  if (code == DC_OK) code = take_records(&grouper, err);
  if (code == DC_OK) give_hints(&grouper);
  if (code == DC_OK) code = feed(&grouper, err);
  if (code == DC_OK) {
    need_group(&grouper);
    code = group_output(&grouper, err);
  }
  grouper_free(&grouper);
  return code;
}
