/* store.h - computed partitions: pieces in memory, and runs on disk.
 *
 * A piece is a batch whose rows lie partition by partition (starts), or belong to one partition. When memory is short all
 * pieces are merged into one run: a temporary file, partition by partition, in extents of a few MiB. Pieces and runs are
 * kept in dataset order, so a partition reads back in input order.
 */
#ifndef ENGINE_STORE_H
#define ENGINE_STORE_H

#include "engine/node.h"

typedef struct Piece {
  uint64_t seq;
  Batch *batch;
  uint32_t *starts; /* count + 1 row numbers; NULL: all rows are of `part` */
  uint32_t count;   /* partitions that starts knows; higher ones have no rows here */
  uint32_t part;
} Piece;

typedef struct Extent {
  uint64_t offset;
  uint32_t header, rows; /* bytes of the header */
  uint64_t payload, bytes;
} Extent;

typedef struct Run {
  int fd;
  Extent *extents;
  uint32_t *first; /* partitions + 1 */
  uint32_t partitions; /* that were known when it was written */
} Run;

struct Store {
  Engine *engine;
  uint32_t partitions;
  pthread_mutex_t lock;
  pthread_mutex_t spilling; /* store_spill_here: one at a time */
  Piece *pieces;
  size_t piece_count, piece_cap;
  size_t memory;
  size_t extent_bytes; /* most that an extent of a run has */
  Run *runs;
  size_t run_count, run_cap;
  uint64_t *part_rows; /* rows of each partition */
  uint32_t part_cap;
  uint64_t rows;
};

Store *store_new(Engine *engine, uint32_t partitions);
void store_free(Store *store); /* NULL is fine */
/* Takes over the piece's batch and starts. Thread-safe. */
void store_add(Store *store, Piece piece);
/* Make room for more partitions (SPLIT finds them on the way). Nobody else may use the store. */
void store_extend(Store *store, uint32_t partitions);
/* Forget all pieces in memory. */
void store_drop_pieces(Store *store);
/* Order of pieces by seq: call before reading, when nobody adds. */
void store_sort(Store *store);
/* Write what is in memory to disk. Nobody else may use the store. */
DcCode store_spill(Store *store, DcError *err) DC_MUST_CHECK;
/* The same with the oldest part of it only, for a store that goes on to grow. */
DcCode store_spill_some(Store *store, DcError *err) DC_MUST_CHECK;
/* All of it, while others add, by the calling thread alone, if there is more in memory than room. For stores where the pieces
   of a partition are added in order. */
DcCode store_spill_here(Store *store, size_t room, DcError *err) DC_MUST_CHECK;
/* Rows [*from, *to) of a piece that belong to a partition. */
static inline void piece_range(const Piece *piece, uint32_t part, uint32_t *from, uint32_t *to) {
  *from = *to = 0;
  if (!piece->starts) {
    if (piece->part == part) *to = piece->batch->rows;
  } else if (part < piece->count) {
    *from = piece->starts[part];
    *to = piece->starts[part + 1];
  }
}
/* Reads one extent; *out has one reference. Counts the bytes as read. */
DcCode store_read(Store *store, const Run *run, const Extent *extent, Batch **out, DcError *err) DC_MUST_CHECK;
/* Memory that a store may fill before it has to spill. */
size_t store_room(const Engine *engine);

#endif
