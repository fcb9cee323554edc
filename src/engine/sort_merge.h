/* sort_merge.h - merging sorted runs, by all workers at once.
 *
 * The whole is cut into tasks by rows of the runs (samples), which say for every run where a task begins: behind all
 * rows that sort before the sample, dataset order deciding between equal keys. So tasks are of like size however often
 * a key repeats, and each knows the number of its first row without the others (P. J. Varman et al., "Merging Multiple
 * Lists on Hierarchical-Memory Multiprocessors", JPDC 1991). A task reads what it needs of all runs and sorts it;
 * finished tasks are handed out in order, chunk by chunk.
 */
#ifndef ENGINE_SORT_MERGE_H
#define ENGINE_SORT_MERGE_H

#include "engine/pass.h"
#include "engine/sort_entries.h"
#include "engine/sort_run.h"

typedef struct SortMerge SortMerge;
typedef struct SortTask SortTask;

/* Rows that follow each other in the result. */
typedef struct SortChunk {
  SortTask *task;
  uint32_t from, to;
  uint64_t seq;  /* counts up from 0 without a gap */
  uint64_t rank; /* number of its first row */
} SortChunk;

typedef struct SortMergeOptions {
  const Schema *schema; /* of the rows */
  uint32_t chunk_rows;  /* at most */
  uint64_t chunk_bytes; /* about */
  uint64_t limit;       /* only so many rows are wanted */
  uint64_t total;       /* rows by which partitions are cut; at least those of the runs */
  uint32_t partitions;  /* a chunk does not cross their bounds */
} SortMergeOptions;

/* The runs, in dataset order, are lent until sort_merge_free. */
SortMerge *sort_merge_new(Engine *engine, SortRun *runs, size_t count, const SortMergeOptions *options);
void sort_merge_free(SortMerge *merge); /* NULL is fine */
/* The next chunk, for several workers at once; *got = false at the end, also when another worker has failed. */
DcCode sort_merge_next(SortMerge *merge, SortChunk *out, bool *got, DcError *err) DC_MUST_CHECK;
/* The rows of a chunk as a batch; thread-safe. */
DcCode sort_merge_batch(SortMerge *merge, const SortChunk *chunk, Batch **out, DcError *err) DC_MUST_CHECK;
/* Key of a row of a chunk; lent until the chunk is given back. */
Str sort_merge_key(const SortChunk *chunk, uint32_t row);
/* Gives a chunk back. */
void sort_merge_done(SortMerge *merge, const SortChunk *chunk);
/* First row of a partition when total rows are cut into count. */
uint64_t sort_bound(uint64_t total, uint32_t partition, uint32_t count);
uint32_t sort_partition_of(uint64_t row, uint64_t total, uint32_t count);

#endif
