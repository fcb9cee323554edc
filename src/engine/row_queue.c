/* row_queue.c - rows put together as batches. */
#include "engine/row_queue.h"

enum { MOST_ROWS = 16384, MOST_BYTES = 4 << 20 };

void row_queue_init(RowQueue *queue, Engine *engine, uint32_t column_count) {
  *queue = (RowQueue){.engine = engine, .column_count = column_count, .most_rows = MOST_ROWS};
  if (engine->options.batch_rows && engine->options.batch_rows < MOST_ROWS) queue->most_rows = engine->options.batch_rows;
  queue->columns = dc_alloc((column_count + 1) * sizeof *queue->columns);
  for (uint32_t c = 0; c < column_count; c++) column_builder_init(&queue->columns[c]);
}

static DcCode finish_batch(RowQueue *queue, DcError *err) {
  Batch *batch;
  DC_TRY(batch_from_builders(queue->engine->budget, queue->columns, queue->column_count, NULL, NULL, queue->origin, queue->rows, &batch, err));
  VEC_GROW(queue->ready, queue->count, queue->cap);
  queue->ready[queue->count++] = batch;
  for (uint32_t c = 0; c < queue->column_count; c++) {
    column_builder_reset(&queue->columns[c]);
    if (queue->bytes > 4 * MOST_BYTES) { /* a huge row should not keep its memory */
      column_builder_free(&queue->columns[c]);
      column_builder_init(&queue->columns[c]);
    }
  }
  queue->origin += queue->rows;
  queue->rows = queue->bytes = 0;
  return DC_OK;
}

DcCode row_queue_add(RowQueue *queue, const Value *cells, DcError *err) {
  for (uint32_t c = 0; c < queue->column_count; c++) {
    size_t before = queue->columns[c].values.len;
    column_builder_add(&queue->columns[c], cells[c]);
    queue->bytes += queue->columns[c].values.len - before;
  }
  queue->rows++;
  return queue->rows >= queue->most_rows || queue->bytes >= MOST_BYTES ? finish_batch(queue, err) : DC_OK;
}

DcCode row_queue_take(RowQueue *queue, bool flush, Batch **out, DcError *err) {
  if (flush && queue->first == queue->count && queue->rows) DC_TRY(finish_batch(queue, err));
  if (queue->first == queue->count) queue->first = queue->count = 0;
  *out = queue->count ? queue->ready[queue->first++] : NULL;
  return DC_OK;
}

void row_queue_free(RowQueue *queue) {
  for (size_t i = queue->first; i < queue->count; i++) batch_unref(queue->ready[i]);
  for (uint32_t c = 0; queue->columns && c < queue->column_count; c++) column_builder_free(&queue->columns[c]);
  dc_free(queue->columns);
  dc_free(queue->ready);
}
