/* engine.h - the engine's shared state; for files of engine/ only. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/budget.h"
#include "base/pool.h"
#include "engine/dataset.h"
#include "engine/text_format.h"
#include "io/listing.h"
#include "value/batch.h"

/* An input file (or made rows): what an origin's source number stands for. */
typedef struct SourceInfo {
  InputFile file;
  TextDialect dialect;
  bool made; /* rows that no file holds */
  bool rows; /* offsets are numbers of rows */
} SourceInfo;

struct Engine {
  EngineOptions options;
  char *temp_dir;
  Budget *budget;
  Pool *pool;
  Arena arena; /* formats, source paths; guarded by lock */
  pthread_mutex_t lock;
  SourceInfo *sources;
  size_t source_count, source_cap;
  TextFormat *formats; /* freed with the engine */
  StatementStats *stats; /* of the current statement; NULL: none */
  int statement_number;
  Position statement_pos;
  const Dataset *counted_base; /* of the current statement, for partitions_of */
  double started, cpu_started;
  atomic_ullong bytes_read, bytes_written, bytes_spilled, rows_copied; /* since the statement began */
  atomic_ullong rows_seen;
  atomic_ullong progress_rows, progress_bytes, progress_total;
  atomic_ullong bad_records, zero_divisions, null_keys, extra_fields;
  atomic_ullong bad_total; /* of the run, for max_bad_records */
  int bad_fd;              /* BAD_CAPTURE file; -1: not open */
  void (*warn)(void *self, Position pos, const char *text);
  void *warn_self;
  struct SystemEnds *ends; /* what waits for the end of the script; NULL: nothing (system_end.c) */
};

/* Number of a new source; thread-safe. */
uint64_t engine_source(Engine *engine, const SourceInfo *info);
/* "data.csv line 12" for an origin: the file is read again up to the place. "data.parquet row 12" where rows are counted. */
void engine_describe_origin(Engine *engine, uint64_t origin, char *out, size_t size);
/* A file in temp_dir that has no name any more. */
DcCode engine_temp_file(Engine *engine, int *fd, DcError *err) DC_MUST_CHECK;
/* A worker for evaluation; free gives its memory back. */
struct Worker;
void worker_init(struct Worker *worker, Engine *engine, int number);
void worker_free(struct Worker *worker);
/* Bytes that a text block has: smaller under a small budget. */
size_t engine_block_size(const Engine *engine);

#endif
