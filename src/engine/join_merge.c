/* join_merge.c - the merge of what the parts of a spilled join gave. */
#include <stdlib.h>

#include "engine/join_spill.h"

enum { BLOCK_ROWS = 1 << 14 };

/* Where a unit is read. */
typedef struct Cursor {
  uint32_t unit;
  size_t run, piece;
  uint32_t extent; /* of the run */
  Batch *batch;    /* NULL: not begun, or at its end */
  uint32_t from, to;
  int64_t place;
} Cursor;

typedef struct Merge {
  Generator generator;
  Engine *engine;
  Store *store;
  uint32_t units, width, partitions;
  uint32_t first; /* 0, then units */
  pthread_mutex_t lock;
  Cursor **heap;  /* by place, then unit */
  Cursor *cursors;
  size_t heap_count;
  bool begun, failed;
  uint64_t seq;
  Piece *pieces;  /* batches that the block's rows are of */
  size_t piece_count, piece_cap;
  uint64_t *refs;
  uint32_t *parts, n;
  Batch *block;   /* what is left of it: rows from at on */
  uint32_t at;
} Merge;

static int64_t int_at(const Batch *batch, uint32_t column, uint32_t row) { return column_value(&batch->columns[column], row, NULL).as.i; }

static uint32_t part_at(const Merge *merge, const Cursor *cursor) {
  Value part = column_value(&cursor->batch->columns[merge->width + 1], cursor->from, NULL);
  if (!value_is_null(part)) return (uint32_t)part.as.i;
  Arena arena = {0}; /* a key that is an array */
  Value key = column_value(cursor->batch->key, cursor->from, &arena);
  uint32_t made = value_is_null(key) ? 0 : value_partition(key, merge->partitions);
  arena_free(&arena);
  return made;
}

/* The next batch of a cursor's unit: runs in order, then pieces; NULL at the end. */
static DcCode next_batch(Merge *merge, Cursor *cursor, DcError *err) {
  Store *store = merge->store;
  batch_unref(cursor->batch);
  cursor->batch = NULL;
  for (; cursor->run < store->run_count; cursor->run++, cursor->extent = 0) {
    const Run *run = &store->runs[cursor->run];
    uint32_t at = run->first[cursor->unit] + cursor->extent;
    if (at >= run->first[cursor->unit + 1]) continue;
    cursor->extent++;
    DC_TRY(store_read(store, run, &run->extents[at], &cursor->batch, err));
    cursor->from = 0;
    cursor->to = cursor->batch->rows;
    return DC_OK;
  }
  for (; cursor->piece < store->piece_count && !cursor->batch; cursor->piece++) {
    const Piece *piece = &store->pieces[cursor->piece];
    piece_range(piece, cursor->unit, &cursor->from, &cursor->to);
    if (cursor->from < cursor->to) cursor->batch = batch_ref(piece->batch);
  }
  return DC_OK;
}

static bool before(const Cursor *a, const Cursor *b) { return a->place != b->place ? a->place < b->place : a->unit < b->unit; }

static void sift_down(Merge *merge, size_t at) {
  Cursor **heap = merge->heap, *moved = heap[at];
  for (;;) {
    size_t child = at * 2 + 1;
    if (child >= merge->heap_count) break;
    if (child + 1 < merge->heap_count && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], moved)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = moved;
}

static DcCode begin(Merge *merge, DcError *err) {
  merge->heap_count = 0;
  for (uint32_t i = 0; i < merge->units; i++) {
    Cursor *cursor = &merge->cursors[i];
    *cursor = (Cursor){.unit = merge->first + i};
    DC_TRY(next_batch(merge, cursor, err));
    if (!cursor->batch) continue;
    cursor->place = int_at(cursor->batch, merge->width, cursor->from);
    merge->heap[merge->heap_count++] = cursor;
  }
  for (size_t i = merge->heap_count / 2; i-- > 0;) sift_down(merge, i);
  merge->begun = true;
  return DC_OK;
}

static void drop_pieces(Merge *merge) {
  for (size_t i = 0; i < merge->piece_count; i++) batch_unref(merge->pieces[i].batch);
  merge->piece_count = 0;
}

/* Number of a batch among those of the block. */
static uint32_t piece_of(Merge *merge, const Cursor *cursor, uint32_t *known) {
  if (known[cursor->unit - merge->first] < merge->piece_count && merge->pieces[known[cursor->unit - merge->first]].batch == cursor->batch)
    return known[cursor->unit - merge->first];
  VEC_GROW(merge->pieces, merge->piece_count, merge->piece_cap);
  merge->pieces[merge->piece_count] = (Piece){.batch = batch_ref(cursor->batch)};
  return known[cursor->unit - merge->first] = (uint32_t)merge->piece_count++;
}

/* Takes the next rows in order into refs and parts. */
static DcCode collect(Merge *merge, DcError *err) {
  uint32_t *known = dc_alloc(((size_t)merge->units + 1) * sizeof *known);
  DcCode code = DC_OK;
  merge->n = 0;
  while (merge->n < BLOCK_ROWS && merge->heap_count && code == DC_OK) {
    Cursor *cursor = merge->heap[0];
    merge->refs[merge->n] = (uint64_t)piece_of(merge, cursor, known) << 32 | cursor->from;
    merge->parts[merge->n++] = part_at(merge, cursor);
    if (++cursor->from == cursor->to) code = next_batch(merge, cursor, err);
    if (cursor->batch) cursor->place = int_at(cursor->batch, merge->width, cursor->from);
    else merge->heap[0] = merge->heap[--merge->heap_count];
    if (merge->heap_count) sift_down(merge, 0);
  }
  dc_free(known);
  return code;
}

typedef struct Placed {
  uint32_t part, at;
} Placed;

static int by_part(const void *a, const void *b) {
  const Placed *x = a, *y = b;
  if (x->part != y->part) return x->part < y->part ? -1 : 1;
  return x->at < y->at ? -1 : 1;
}

/* The rows of a block lie partition by partition: those of one are a morsel. */
static void sort_block(Merge *merge) {
  Placed *placed = dc_alloc((merge->n + 1) * sizeof *placed);
  uint64_t *refs = dc_alloc((merge->n + 1) * sizeof *refs);
  for (uint32_t i = 0; i < merge->n; i++) placed[i] = (Placed){merge->parts[i], i};
  qsort(placed, merge->n, sizeof *placed, by_part);
  for (uint32_t i = 0; i < merge->n; i++) {
    refs[i] = merge->refs[placed[i].at];
    merge->parts[i] = placed[i].part;
  }
  memcpy(merge->refs, refs, merge->n * sizeof *refs);
  dc_free(refs);
  dc_free(placed);
}

/* The next block; stays NULL at the end. */
static DcCode next_block(Merge *merge, DcError *err) {
  if (!merge->begun) DC_TRY(begin(merge, err));
  if (!merge->heap_count && merge->first == 0) {
    merge->first = merge->units;
    DC_TRY(begin(merge, err));
  }
  DC_TRY(collect(merge, err));
  if (!merge->n) return DC_OK;
  sort_block(merge);
  Worker worker;
  JoinTable table;
  int *places = dc_alloc(((size_t)merge->width + 1) * sizeof *places);
  for (uint32_t c = 0; c < merge->width; c++) places[c] = (int)c;
  worker_init(&worker, merge->engine, 0);
  join_pieces_init(&table, merge->engine, merge->pieces, merge->piece_count);
  DcCode code = join_rows_batch(&worker, &table, places, merge->width, merge->refs, merge->n, &merge->block, err);
  join_table_free(&table);
  worker_free(&worker);
  dc_free(places);
  drop_pieces(merge);
  merge->at = 0;
  return code;
}

static DcCode give(Merge *merge, Morsel *morsel, Batch **owned, bool *got, DcError *err) {
  if (!merge->block) DC_TRY(next_block(merge, err));
  *got = merge->block != NULL;
  if (!*got) return DC_OK;
  uint32_t to = merge->at;
  while (to < merge->n && merge->parts[to] == merge->parts[merge->at]) to++;
  *owned = batch_ref(merge->block);
  *morsel = (Morsel){.seq = merge->seq++, .part = merge->parts[merge->at], .batch = merge->block, .from = merge->at, .to = to};
  merge->at = to;
  if (to < merge->n) return DC_OK;
  batch_unref(merge->block);
  merge->block = NULL;
  return DC_OK;
}

static DcCode merge_next(Generator *self, int worker, Morsel *morsel, Batch **owned, bool *got, DcError *err) {
  Merge *merge = (Merge *)self;
  (void)worker;
  *got = false;
  pthread_mutex_lock(&merge->lock);
  DcCode code = merge->failed ? DC_OK : give(merge, morsel, owned, got, err);
  merge->failed = merge->failed || code != DC_OK;
  pthread_mutex_unlock(&merge->lock);
  return code;
}

static void merge_close(Generator *self) {
  Merge *merge = (Merge *)self;
  for (uint32_t i = 0; i < merge->units; i++) batch_unref(merge->cursors[i].batch);
  drop_pieces(merge);
  batch_unref(merge->block);
  store_free(merge->store);
  pthread_mutex_destroy(&merge->lock);
  dc_free(merge->pieces);
  dc_free(merge->cursors);
  dc_free(merge->heap);
  dc_free(merge->refs);
  dc_free(merge->parts);
  dc_free(merge);
}

Generator *join_merge_new(Engine *engine, Store *store, uint32_t units, uint32_t width, uint32_t partitions) {
  Merge *merge = dc_alloc(sizeof *merge);
  merge->generator = (Generator){merge_next, merge_close};
  merge->engine = engine;
  merge->store = store;
  merge->units = units;
  merge->width = width;
  merge->partitions = partitions;
  pthread_mutex_init(&merge->lock, NULL);
  merge->cursors = dc_alloc(((size_t)units + 1) * sizeof *merge->cursors);
  merge->heap = dc_alloc(((size_t)units + 1) * sizeof *merge->heap);
  merge->refs = dc_alloc(BLOCK_ROWS * sizeof *merge->refs);
  merge->parts = dc_alloc(BLOCK_ROWS * sizeof *merge->parts);
  store_sort(store);
  return &merge->generator;
}
