/* load.h - reading delimited text: what CREATE was told, and the reader that hands out blocks of rows. */
#ifndef ENGINE_LOAD_H
#define ENGINE_LOAD_H

#include "engine/adapter.h"
#include "engine/node.h"
#include "engine/pass.h"

/* One part of one file that belongs to one partition. */
typedef struct Segment {
  uint32_t file, partition;
  uint64_t from, to; /* bytes; the rows that start in [from, to) */
} Segment;

/* Opened for its header, and kept. */
typedef struct Opened {
  struct InputStream *stream;
  Buf ahead; /* bytes read from it already */
} Opened;

struct LoadPlan {
  atomic_int refs;
  Arena arena;
  TextOptions options;
  Listing files;
  const Str *wanted;       /* columns as CREATE names them, "_" included; count 0: from the header */
  size_t wanted_count;
  Segment *segments;       /* in order of partitions */
  size_t segment_count;
  uint64_t *sources;       /* engine's number of each file, + 1; 0: none yet */
  const TextFormat **formats; /* of each file, once its header is read */
  uint64_t *starts;        /* where the data of each file starts, behind BOM, skipped lines and header */
  Opened *opened;          /* of each file that cannot be opened twice: standard input, a named pipe */
};
void load_plan_free(LoadPlan *plan);
/* Reads the head of file `number` once: its format, where its data starts, its source number. One caller at a time. */
DcCode load_prepare(Dataset *node, uint32_t number, DcError *err) DC_MUST_CHECK;

/* Hands out blocks of whole rows in order, to several workers. */
typedef struct Reader Reader;
DcCode reader_open(Dataset *node, const uint32_t *parts, uint32_t count, Reader **out, DcError *err) DC_MUST_CHECK;
/* The next block: *got = false at the end. The batch, its text and offsets stay valid until this worker's next call. */
DcCode reader_next(Reader *reader, int worker, Morsel *out, bool *got, uint64_t *seq, DcError *err) DC_MUST_CHECK;
/* Hand out so many blocks more and then say there is none (0: no limit); paused: that is why there was none. */
void reader_set_quota(Reader *reader, uint64_t blocks);
bool reader_paused(Reader *reader);
void reader_close(Reader *reader);

#endif
