/* row_queue.h - rows as they come, some at a time or many, made into batches of a fair size: for readers whose parser
 * pushes. */
#ifndef ENGINE_ROW_QUEUE_H
#define ENGINE_ROW_QUEUE_H

#include "engine/engine.h"

typedef struct RowQueue {
  Engine *engine;
  ColumnBuilder *columns;
  uint32_t column_count;
  size_t rows, bytes; /* in columns */
  size_t most_rows;
  uint64_t origin;    /* of the first row in columns */
  Batch **ready;      /* in order, from `first` */
  size_t first, count, cap;
} RowQueue;

void row_queue_init(RowQueue *queue, Engine *engine, uint32_t column_count);
/* One row, whose texts are copied; origins count up from the first row's. */
DcCode row_queue_add(RowQueue *queue, const Value *cells, DcError *err) DC_MUST_CHECK;
/* The next batch; NULL: not enough rows yet. flush: however few there are. */
DcCode row_queue_take(RowQueue *queue, bool flush, Batch **out, DcError *err) DC_MUST_CHECK;
void row_queue_free(RowQueue *queue);

#endif
