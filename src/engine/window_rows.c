/* window_rows.c - numbers the rows of the input, sorts them with the arguments of a spec's functions, and keeps them. */
#include <stdlib.h>

#include "engine/sorter.h"
#include "engine/window.h"

/* --- Into the sorter --- */

typedef struct Numberer {
  Consumer consumer;
  Sorter *sorter;
  const WindowSpec *spec;
  const Program *program;
  uint64_t *at; /* of each worker: the number of the next row */
} Numberer;

static DcCode number_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  Numberer *numberer = (Numberer *)self;
  numberer->at[worker->number] = morsel->row;
  sorter_begin(numberer->sorter, worker);
  return DC_OK;
}

/* The view that is sorted: the arguments and the row's number. */
static DcCode number_view(Numberer *numberer, Worker *worker, const View *view, uint64_t first, View *out, Vector *args) {
  const WindowSpec *spec = numberer->spec;
  ViewColumn *columns = arena_alloc(&worker->scratch, ((size_t)spec->arg_count + 1) * sizeof *columns);
  int64_t *numbers = arena_raw(&worker->scratch, ((size_t)view->n + 1) * sizeof *numbers);
  for (uint32_t i = 0; i < view->n; i++) numbers[i] = (int64_t)(first + i);
  args[spec->arg_count] = (Vector){.kind = VEC_INT, .as.ints = numbers};
  for (uint32_t i = 0; i <= spec->arg_count; i++) columns[i] = (ViewColumn){.batch_column = -1, .vector = &args[i]};
  *out = *view;
  out->columns = columns;
  out->column_count = spec->arg_count + 1;
  out->whole = false;
  out->schema = NULL;
  return DC_OK;
}

static DcCode number_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Numberer *numberer = (Numberer *)self;
  const WindowSpec *spec = numberer->spec;
  const WindowCall *like = spec->like;
  size_t key_count = like->partition_count + like->order_count;
  uint64_t first = numberer->at[worker->number];
  (void)morsel;
  numberer->at[worker->number] += view->n;
  const Expr **exprs = arena_alloc(&worker->scratch, (key_count + spec->arg_count + 1) * sizeof *exprs);
  Vector *keys = arena_alloc(&worker->scratch, (key_count + 1) * sizeof *keys);
  Vector *args = arena_alloc(&worker->scratch, ((size_t)spec->arg_count + 1) * sizeof *args);
  for (size_t k = 0; k < key_count; k++)
    exprs[k] = k < like->partition_count ? like->partition_by[k] : like->order_by[k - like->partition_count].expr;
  for (uint32_t i = 0; i < spec->arg_count; i++) exprs[key_count + i] = spec->args[i];
  view_fetch_for(worker, view, exprs, key_count + spec->arg_count);
  for (size_t k = 0; k < key_count; k++) DC_TRY(vector_eval(worker, numberer->program, exprs[k], view, &keys[k]));
  for (uint32_t i = 0; i < spec->arg_count; i++) DC_TRY(vector_eval(worker, numberer->program, spec->args[i], view, &args[i]));
  View sorted;
  DC_TRY(number_view(numberer, worker, view, first, &sorted, args));
  return sorter_add(numberer->sorter, worker, &sorted, keys);
}

static DcCode number_end(Consumer *self, Worker *worker, const Morsel *morsel) { return sorter_end(((Numberer *)self)->sorter, worker, morsel); }

static bool number_full(Consumer *self) { return sorter_full(((Numberer *)self)->sorter); }

static DcCode collect(Sorter *sorter, Dataset *node, Dataset *input, const WindowSpec *spec, DcError *err) {
  Pass *pass;
  DC_TRY(pass_open(input, NULL, 0, &pass, err));
  Numberer numberer = {{number_begin, number_rows, number_end, number_full, 0, false, NULL}, sorter, spec, node->op.program, NULL};
  numberer.at = dc_alloc((size_t)pool_threads(node->engine->pool) * sizeof *numberer.at);
  DcCode code = DC_OK;
  for (bool more = true; more && code == DC_OK;) {
    code = pass_run(pass, &numberer.consumer, &more, err);
    if (code == DC_OK && more) code = sorter_make_room(sorter, err);
  }
  dc_free(numberer.at);
  pass_close(pass);
  return code;
}

/* --- Out of it --- */

static void set_bit(uint64_t *bits, uint64_t row) { bits[row >> 6] |= UINT64_C(1) << (row & 63); }

static void need_bits(WindowRows *rows, uint64_t count) {
  size_t words = (size_t)(count / 64 + 1), old = rows->words;
  if (words <= old) return;
  words += words / 2;
  rows->partitions = dc_realloc(rows->partitions, words * sizeof(uint64_t));
  rows->peers = dc_realloc(rows->peers, words * sizeof(uint64_t));
  memset(rows->partitions + old, 0, (words - old) * sizeof(uint64_t));
  memset(rows->peers + old, 0, (words - old) * sizeof(uint64_t));
  budget_charge(rows->engine->budget, (int64_t)((words - old) * 2 * sizeof(uint64_t)));
  rows->words = words;
}

/* Marks where partitions and peers begin. last: the key of the row before. */
static void mark(WindowRows *rows, const SortChunk *chunk, size_t keys, Buf *last) {
  for (uint32_t i = 0; i < chunk->to - chunk->from; i++, rows->count++) {
    Str key = sort_merge_key(chunk, i);
    Str before = i ? sort_merge_key(chunk, i - 1) : str_make(last->data, last->len);
    size_t partition = 0;
    for (size_t k = 0; k < keys; k++) partition += sort_key_length(key.data + partition);
    bool first = rows->count == 0;
    if (!first && sort_key_compare(key, before) == 0) continue;
    set_bit(rows->peers, rows->count);
    if (first || before.len < partition || memcmp(key.data, before.data, partition) != 0) set_bit(rows->partitions, rows->count);
  }
  Str key = sort_merge_key(chunk, chunk->to - chunk->from - 1);
  Buf copy = {0};
  buf_reserve(&copy, key.len + 1);
  buf_str(&copy, key);
  buf_free(last);
  *last = copy;
}

static DcCode take_chunk(WindowRows *rows, SortMerge *merge, const SortChunk *chunk, size_t keys, Buf *last, DcError *err) {
  Batch *batch = NULL;
  DC_TRY(sort_merge_batch(merge, chunk, &batch, err));
  need_bits(rows, rows->count + batch->rows);
  mark(rows, chunk, keys, last);
  store_add(rows->store, (Piece){.seq = chunk->seq, .batch = batch});
  return DC_OK;
}

static DcCode take_all(WindowRows *rows, SortMerge *merge, size_t keys, DcError *err) {
  Buf last = {0};
  DcCode code = DC_OK;
  buf_reserve(&last, 1);
  for (bool got = true; got && code == DC_OK;) {
    SortChunk chunk;
    if (engine_interrupted()) code = dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    if (code == DC_OK) code = sort_merge_next(merge, &chunk, &got, err);
    if (code != DC_OK || !got) break;
    code = take_chunk(rows, merge, &chunk, keys, &last, err);
    sort_merge_done(merge, &chunk);
    if (code == DC_OK && rows->store->memory > rows->engine->options.memory / 4) code = store_spill(rows->store, err);
  }
  buf_free(&last);
  return code;
}

static void add_piece(WindowRows *rows, size_t *cap, WindowPiece piece, uint32_t count) {
  VEC_GROW(rows->pieces, rows->piece_count, *cap);
  piece.first = rows->piece_count ? rows->pieces[rows->piece_count - 1].end : 0;
  piece.end = piece.first + count;
  rows->pieces[rows->piece_count++] = piece;
}

static void list_pieces(WindowRows *rows) {
  Store *store = rows->store;
  size_t cap = 0;
  store_sort(store);
  for (size_t r = 0; r < store->run_count; r++)
    for (uint32_t e = 0; e < store->runs[r].first[1]; e++)
      add_piece(rows, &cap, (WindowPiece){.run = &store->runs[r], .extent = &store->runs[r].extents[e]}, store->runs[r].extents[e].rows);
  for (size_t i = 0; i < store->piece_count; i++) add_piece(rows, &cap, (WindowPiece){.batch = store->pieces[i].batch}, store->pieces[i].batch->rows);
}

DcCode window_rows_make(WindowRows *rows, Dataset *node, Dataset *input, const WindowSpec *spec, DcError *err) {
  const WindowCall *like = spec->like;
  size_t key_count = like->partition_count + like->order_count;
  *rows = (WindowRows){.engine = node->engine, .store = store_new(node->engine, 1)};
  SortKey *keys = dc_alloc((key_count + 1) * sizeof *keys);
  for (size_t k = 0; k < like->order_count; k++) keys[like->partition_count + k] = like->order_by[k];
  Schema schema = {.type = DS_COLUMNAR, .count = spec->arg_count + 1};
  Sorter *sorter = sorter_new(node->engine, &schema, keys, key_count, UINT64_MAX, false);
  SortMerge *merge = NULL;
  sorter_drop_keys(sorter);
  DcCode code = collect(sorter, node, input, spec, err);
  if (code == DC_OK) code = sorter_merge(sorter, 1, &merge, err);
  if (code == DC_OK) code = take_all(rows, merge, like->partition_count, err);
  sort_merge_free(merge);
  sorter_free(sorter);
  dc_free(keys);
  if (code == DC_OK) list_pieces(rows);
  return code;
}

void window_rows_free(WindowRows *rows) {
  if (!rows->engine) return;
  budget_charge(rows->engine->budget, -(int64_t)(rows->words * 2 * sizeof(uint64_t)));
  store_free(rows->store);
  dc_free(rows->partitions);
  dc_free(rows->peers);
  dc_free(rows->pieces);
  *rows = (WindowRows){0};
}

uint64_t window_next(const WindowRows *rows, const uint64_t *bits, uint64_t row) {
  if (row >= rows->count) return rows->count;
  size_t word = (size_t)(row >> 6), last = (size_t)((rows->count - 1) >> 6);
  uint64_t rest = bits[word] & ~UINT64_C(0) << (row & 63);
  while (!rest && word < last) rest = bits[++word];
  return rest ? (uint64_t)word * 64 + (uint64_t)__builtin_ctzll(rest) : rows->count;
}

/* --- Cursors --- */

static DcCode load(WindowCursor *cursor, uint64_t row, DcError *err) {
  const WindowRows *rows = cursor->rows;
  size_t low = 0, high = rows->piece_count;
  while (low + 1 < high) {
    size_t middle = (low + high) / 2;
    if (rows->pieces[middle].first <= row) low = middle;
    else high = middle;
  }
  const WindowPiece *piece = &rows->pieces[low];
  window_cursor_close(cursor);
  if (piece->batch) cursor->batch = batch_ref(piece->batch);
  else DC_TRY(store_read(rows->store, piece->run, piece->extent, &cursor->batch, err));
  cursor->first = piece->first;
  cursor->end = piece->end;
  return DC_OK;
}

DcCode window_value(WindowCursor *cursor, uint32_t column, uint64_t row, Arena *arena, Value *out, DcError *err) {
  if (!cursor->batch || row < cursor->first || row >= cursor->end) DC_TRY(load(cursor, row, err));
  *out = column_value(&cursor->batch->columns[column], (uint32_t)(row - cursor->first), arena);
  return DC_OK;
}

void window_cursor_close(WindowCursor *cursor) {
  batch_unref(cursor->batch);
  cursor->batch = NULL;
  cursor->first = cursor->end = 0;
}
