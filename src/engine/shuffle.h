/* shuffle.h - block-sorted shuffle: each morsel's rows are laid out partition by partition (one counting sort, one copy),
 * so that memory is the data's size, whatever the number of partitions. */
#ifndef ENGINE_SHUFFLE_H
#define ENGINE_SHUFFLE_H

#include "engine/pass.h"
#include "engine/store.h"

typedef struct Shuffler {
  Consumer consumer; /* first: the pass sees only this */
  Engine *engine;
  Store *store;
  uint32_t partitions; /* 0: found on the way (SPLIT) */
  int what;      /* GATHER_ of the batches made */
  size_t room;   /* memory of the store at which the pass pauses */
  Builder *builders;
  /* Partition of each row of a view; NULL: by the view's key. */
  DcCode (*place)(struct Shuffler *self, Worker *worker, View *view, uint32_t *parts);
  /* Told of each morsel's order, if not NULL. */
  void (*seen)(struct Shuffler *self, uint64_t seq, const uint32_t *order, const uint32_t *starts, uint32_t partitions);
  const NarrowOp *shown; /* a projection: what is kept of rows once place has seen them; NULL: all */
} Shuffler;

void shuffler_init(Shuffler *shuffler, Engine *engine, Store *store, int what, size_t room);
void shuffler_free(Shuffler *shuffler);
/* Order of rows by part, stable: order[] and starts[0 … partitions]. */
void counting_sort(const uint32_t *parts, uint32_t n, uint32_t partitions, uint32_t *order, uint32_t *starts);

#endif
