/* group_output.c - the groups in order of their first records, as rows of the node.
 *
 * Each part of the table gives a run in that order: rows of the table while all is in memory; when it was not, their
 * results, in a temporary file. The runs are merged by a heap.
 */
#include <stdlib.h>

#include "engine/group.h"

enum { BATCH_ROWS = 1 << 14, BATCH_BYTES = 4 << 20, WINDOW = 64 << 10, FEWEST_WINDOW = 4 << 10, FINISHED_HEAD = 16 };

static int by_first(const void *a, const void *b) {
  uint64_t x = (*(TableRow *const *)a)->first, y = (*(TableRow *const *)b)->first;
  return (x > y) - (x < y);
}

/* The values of a group: keys, then the results of the calls. */
static DcCode read_row(const Grouper *grouper, const TableRow *row, Arena *arena, Value *out, DcError *err) {
  const char *key = row_key(grouper->table, row), *original = row->original;
  for (size_t k = 0; k < grouper->plan->key_count; k++) {
    if (!row->original_len) {
      key = group_read_key(key, out++);
      continue;
    }
    uint32_t size;
    memcpy(&size, original, sizeof size);
    *out++ = value_decode(original + sizeof size, arena);
    original += sizeof size + size;
  }
  const char *state = (const char *)(row + 1);
  for (size_t c = 0; c < grouper->plan->call_count; c++)
    DC_TRY(aggregate_result(&grouper->calls[c].aggregate, state + grouper->calls[c].offset, arena, out++, err));
  return DC_OK;
}

/* First position, size; then size and bytes of each value. */
static DcCode put_finished(const Grouper *grouper, const TableRow *row, Arena *arena, Value *values, Buf *out, DcError *err) {
  size_t start = out->len, count = grouper->plan->key_count + grouper->plan->call_count;
  uint64_t size = 0;
  DC_TRY(read_row(grouper, row, arena, values, err));
  buf_put(out, &row->first, sizeof row->first);
  buf_put(out, &size, sizeof size);
  for (size_t i = 0; i < count; i++) {
    size_t at = out->len;
    uint64_t len = 0;
    buf_put(out, &len, sizeof len);
    value_encode(out, values[i]);
    len = out->len - at - sizeof len;
    memcpy(out->data + at, &len, sizeof len);
  }
  size = out->len - start - FINISHED_HEAD;
  memcpy(out->data + start + sizeof row->first, &size, sizeof size);
  return DC_OK;
}

/* A run has to lie in one piece, so that a share of a part is put together before it is written. */
static DcCode finish_rows(Grouper *grouper, TableRow **rows, size_t count, GroupRun *run, DcError *err) {
  Arena arena = {0};
  Buf bytes = {0};
  Value *values = dc_alloc((grouper->plan->key_count + grouper->plan->call_count + 1) * sizeof *values);
  DcCode code = DC_OK;
  for (size_t i = 0; i < count && code == DC_OK; i++) {
    code = put_finished(grouper, rows[i], &arena, values, &bytes, err);
    arena_reset(&arena);
  }
  run->len = bytes.len;
  if (code == DC_OK) code = spill_append(&grouper->finished, bytes.data, bytes.len, &run->offset, err);
  arena_free(&arena);
  buf_free(&bytes);
  dc_free(values);
  return code;
}

DcCode group_emit(void *self, int worker, TableRow **rows, size_t count, Arena *arena, DcError *err) {
  Grouper *grouper = self;
  GroupRun run = {.count = count};
  (void)worker, (void)arena;
  qsort(rows, count, sizeof *rows, by_first);
  if (table_spilled(grouper->table)) {
    DC_TRY(finish_rows(grouper, rows, count, &run, err));
  } else {
    run.rows = dc_alloc(count * sizeof *rows);
    memcpy(run.rows, rows, count * sizeof *rows);
  }
  pthread_mutex_lock(&grouper->lock);
  VEC_GROW(grouper->runs, grouper->run_count, grouper->run_cap);
  grouper->runs[grouper->run_count++] = run;
  pthread_mutex_unlock(&grouper->lock);
  return DC_OK;
}

/* --- Merging runs --- */

typedef struct Cursor {
  const GroupRun *run;
  uint64_t first; /* of the row it stands at */
  size_t at;      /* its number (memory), or how many bytes of the run lie before the window */
  Buf window;     /* bytes from there on */
  size_t from;    /* where the row begins in the window */
} Cursor;

typedef struct Merge {
  Grouper *grouper;
  Cursor *cursors;
  Cursor **heap; /* the one with the smallest first is on top */
  size_t count;
  size_t window;
  ColumnBuilder *builders; /* keys, calls */
  ColumnBuilder key;
  size_t rows, bytes;
  uint64_t seq, origin;
  Arena arena;
  Value *values;
} Merge;

/* The window holds at least so many bytes from the cursor's row on. */
static DcCode fill(Merge *merge, Cursor *cursor, size_t need, DcError *err) {
  if (cursor->window.len - cursor->from >= need) return DC_OK;
  Buf *window = &cursor->window;
  memmove(window->data, window->data + cursor->from, window->len - cursor->from);
  cursor->at += cursor->from;
  window->len -= cursor->from;
  cursor->from = 0;
  size_t left = (size_t)cursor->run->len - cursor->at - window->len, more = need > merge->window ? need : merge->window;
  if (more > left) more = left;
  buf_reserve(window, more);
  DC_TRY(spill_read(&merge->grouper->finished, cursor->run->offset + cursor->at + window->len, window->data + window->len, more, err));
  window->len += more;
  return DC_OK;
}

/* Goes to the next row (the first: size 0); *got: there is one. */
static DcCode advance(Merge *merge, Cursor *cursor, bool begin, bool *got, DcError *err) {
  const GroupRun *run = cursor->run;
  if (run->rows) {
    cursor->at += !begin;
    *got = cursor->at < run->count;
    if (*got) cursor->first = run->rows[cursor->at]->first;
    return DC_OK;
  }
  uint64_t size;
  if (!begin) {
    memcpy(&size, cursor->window.data + cursor->from + 8, sizeof size);
    cursor->from += FINISHED_HEAD + (size_t)size;
  }
  *got = cursor->at + cursor->from < run->len;
  if (!*got) return DC_OK;
  if (begin) buf_reserve(&cursor->window, merge->window);
  DC_TRY(fill(merge, cursor, FINISHED_HEAD, err));
  memcpy(&cursor->first, cursor->window.data + cursor->from, sizeof cursor->first);
  memcpy(&size, cursor->window.data + cursor->from + 8, sizeof size);
  return fill(merge, cursor, FINISHED_HEAD + (size_t)size, err);
}

static DcCode cursor_values(Merge *merge, const Cursor *cursor, DcError *err) {
  const Grouper *grouper = merge->grouper;
  if (cursor->run->rows) return read_row(grouper, cursor->run->rows[cursor->at], &merge->arena, merge->values, err);
  const char *at = cursor->window.data + cursor->from + FINISHED_HEAD;
  for (size_t i = 0; i < grouper->plan->key_count + grouper->plan->call_count; i++) {
    uint64_t len;
    memcpy(&len, at, sizeof len);
    merge->values[i] = value_decode(at + sizeof len, &merge->arena);
    at += sizeof len + len;
  }
  return DC_OK;
}

static void sift(Merge *merge, size_t at) {
  Cursor *cursor = merge->heap[at];
  for (;;) {
    size_t child = at * 2 + 1;
    if (child >= merge->count) break;
    if (child + 1 < merge->count && merge->heap[child + 1]->first < merge->heap[child]->first) child++;
    if (merge->heap[child]->first >= cursor->first) break;
    merge->heap[at] = merge->heap[child];
    at = child;
  }
  merge->heap[at] = cursor;
}

static DcCode flush(Merge *merge, DcError *err) {
  Dataset *node = merge->grouper->node;
  const GroupPlan *plan = merge->grouper->plan;
  size_t count = plan->key_count + plan->call_count;
  Batch *batch;
  if (!merge->rows) return DC_OK;
  DC_TRY(batch_from_builders(node->engine->budget, merge->builders, count, plan->key_count ? &merge->key : NULL, NULL, merge->origin, merge->rows, &batch, err));
  store_add(node->store, (Piece){.seq = merge->seq++, .batch = batch});
  for (size_t i = 0; i < count; i++) column_builder_reset(&merge->builders[i]);
  column_builder_reset(&merge->key);
  merge->origin += merge->rows;
  merge->rows = merge->bytes = 0;
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  if (node->store->memory < store_room(node->engine) / 4) return DC_OK;
  return store_spill(node->store, err);
}

static DcCode put_row(Merge *merge, DcError *err) {
  const GroupPlan *plan = merge->grouper->plan;
  size_t count = plan->key_count + plan->call_count;
  for (size_t i = 0; i < count; i++) {
    column_builder_add(&merge->builders[i], merge->values[i]);
    merge->bytes += 16 + (merge->values[i].type == TYPE_STRING ? merge->values[i].len : 0);
    if (merge->values[i].type == TYPE_ARRAY) merge->bytes += merge->values[i].as.array->count * 16;
  }
  if (plan->key_count == 1) column_builder_add(&merge->key, merge->values[0]);
  else if (plan->key_count) column_builder_add(&merge->key, value_array(&merge->arena, merge->values, plan->key_count));
  merge->rows++;
  arena_reset(&merge->arena);
  return merge->rows >= BATCH_ROWS || merge->bytes >= BATCH_BYTES ? flush(merge, err) : DC_OK;
}

static DcCode merge_runs(Merge *merge, DcError *err) {
  for (size_t r = 0; r < merge->grouper->run_count; r++) {
    bool got;
    Cursor *cursor = &merge->cursors[r];
    cursor->run = &merge->grouper->runs[r];
    DC_TRY(advance(merge, cursor, true, &got, err));
    if (got) merge->heap[merge->count++] = cursor;
  }
  for (size_t i = merge->count / 2; i-- > 0;) sift(merge, i);
  while (merge->count) {
    bool got;
    Cursor *top = merge->heap[0];
    DC_TRY(cursor_values(merge, top, err));
    DC_TRY(put_row(merge, err));
    DC_TRY(advance(merge, top, false, &got, err));
    if (!got) merge->heap[0] = merge->heap[--merge->count];
    if (merge->count) sift(merge, 0);
  }
  return flush(merge, err);
}

static void merge_free(Merge *merge) {
  size_t count = merge->grouper->plan->key_count + merge->grouper->plan->call_count;
  for (size_t i = 0; i < count; i++) column_builder_free(&merge->builders[i]);
  column_builder_free(&merge->key);
  for (size_t r = 0; r < merge->grouper->run_count; r++) buf_free(&merge->cursors[r].window);
  arena_free(&merge->arena);
  dc_free(merge->builders);
  dc_free(merge->values);
  dc_free(merge->cursors);
  dc_free(merge->heap);
}

DcCode group_output(Grouper *grouper, DcError *err) {
  Engine *engine = grouper->node->engine;
  bool more;
  if (table_spilled(grouper->table)) DC_TRY(spill_open(&grouper->finished, engine, err));
  DC_TRY(table_finish(grouper->table, &more, err));
  size_t count = grouper->plan->key_count + grouper->plan->call_count;
  SourceInfo info = {.made = true};
  Merge merge = {.grouper = grouper, .origin = origin_make(engine_source(engine, &info), 0)};
  merge.builders = dc_alloc((count + 1) * sizeof *merge.builders);
  for (size_t i = 0; i < count; i++) column_builder_init(&merge.builders[i]);
  column_builder_init(&merge.key);
  merge.values = dc_alloc((count + 1) * sizeof *merge.values);
  merge.cursors = dc_alloc((grouper->run_count + 1) * sizeof *merge.cursors);
  merge.heap = dc_alloc((grouper->run_count + 1) * sizeof *merge.heap);
  merge.window = (size_t)(engine->options.memory / 8 / (grouper->run_count + 1));
  if (merge.window > WINDOW) merge.window = WINDOW;
  if (merge.window < FEWEST_WINDOW) merge.window = FEWEST_WINDOW;
  DcCode code = merge_runs(&merge, err);
  merge_free(&merge);
  return code;
}
