/* sort_run.h - sorted runs: rows in order with their keys, in memory or in a temporary file.
 *
 * A run is cut into extents. One in memory is a single extent that is there; one on disk has many small ones, of which
 * only the first key is kept. Runs are kept in dataset order, which decides between equal keys.
 */
#ifndef ENGINE_SORT_RUN_H
#define ENGINE_SORT_RUN_H

#include "engine/engine.h"
#include "engine/sort_key.h"

enum { SORT_EXTENT_BYTES = 64 << 10 };

typedef struct SortExtent {
  uint64_t first; /* row of the run */
  uint32_t rows;
  uint32_t header, key_bytes; /* on disk: bytes of the batch's header; of the keys, with their offsets */
  uint64_t offset, payload;
  Str key;        /* on disk: its first one; heap */
  Batch *batch;   /* while it is in memory */
  Slab *slab;     /* of the keys */
  SortKeys keys;
  uint32_t users; /* tasks of a merge that are going to need it */
  bool loading;
} SortExtent;

/* A temporary file that several runs share. */
typedef struct SortFile {
  atomic_int refs;
  int fd;
  atomic_ullong end;
} SortFile;

/* What a run's batches are like: only those of one shape can be put together. */
typedef struct SortShape {
  BatchLayout layout;
  bool keyed;
  uint32_t columns;
  const struct TextFormat *format;
} SortShape;

typedef struct SortRun {
  uint64_t epoch, order; /* place among the runs: by epoch, then by order */
  uint64_t rows, bytes;
  SortShape shape;
  SortExtent *extents;
  size_t count;
  SortFile *file; /* NULL: in memory */
} SortRun;

/* A run in memory of a sorted batch (its reference is taken over) and its keys, which are copied. */
DcCode sort_run_memory(Engine *engine, Batch *batch, const SortKeys *keys, SortRun *out, DcError *err) DC_MUST_CHECK;
SortShape sort_shape_of(const Batch *batch);
bool sort_shape_same(const SortShape *a, const SortShape *b);
void sort_run_free(SortRun *run);
DcCode sort_file_new(Engine *engine, SortFile **out, DcError *err) DC_MUST_CHECK;
void sort_file_unref(SortFile *file); /* NULL is fine */
/* Writes an extent; batch is a compact one. Thread-safe. */
DcCode sort_extent_write(SortFile *file, const Batch *batch, const SortKeys *keys, SortExtent *out, DcError *err) DC_MUST_CHECK;
/* Reads an extent that is not in memory. */
DcCode sort_extent_read(Engine *engine, const SortFile *file, SortExtent *extent, DcError *err) DC_MUST_CHECK;
/* Forgets what is in memory. */
void sort_extent_drop(SortExtent *extent);

#endif
