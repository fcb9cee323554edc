/* load.h - reading files: what CREATE was told, and the readers that hand out their rows. */
#ifndef ENGINE_LOAD_H
#define ENGINE_LOAD_H

#include <time.h>

#include "engine/adapter.h"
#include "engine/hive.h"
#include "engine/node.h"
#include "engine/pass.h"
#include "engine/text_adapter.h"
#include "io/cutter.h"

/* One part of one file that belongs to one partition. */
typedef struct Segment {
  uint32_t file, partition;
  uint64_t from, to; /* bytes: the rows that start in [from, to); or units (row groups). Whole files: 0, UINT64_MAX */
} Segment;

/* A part of a file that is read as a whole: a row group. */
typedef struct FileUnit {
  uint32_t file, number;
  uint64_t rows, bytes;
} FileUnit;

/* Opened for its header, and kept: what cannot be opened twice, and files elsewhere for a moment, to spare a request. */
typedef struct Opened {
  struct InputStream *stream;
  Buf ahead; /* bytes read from it already */
  time_t since;
  bool taken; /* a file elsewhere: its stream is somebody's, it is opened anew for others */
} Opened;
enum { KEPT_SECONDS = 10 }; /* of files elsewhere: servers drop connections that nobody uses */

typedef struct Reader Reader;

/* A condition on rows: op->where, whose columns are those of a projection, perhaps. */
typedef struct ReadFilter {
  const NarrowOp *op;
  const int *columns; /* for each column that it may name the source's column, -1: none; NULL: the same one */
  bool members;       /* what it names are members of objects, among them the attributes that folders give */
} ReadFilter;

/* What a pass asks of a source. */
typedef struct ReadSpec {
  const uint32_t *parts; /* partitions of the source, in this order; NO_PART: none */
  uint32_t count;
  const uint8_t *files;  /* one byte a file: it may have rows that the filters keep; NULL: all of them */
  const uint8_t *needed; /* one byte a column: somebody looks at it; NULL: all. Others may be left out (COLUMN_ABSENT) */
  const ReadFilter *filters; /* are put to all rows: what cannot fulfil all may be left out (engine/prune.h) */
  size_t filter_count; /* valid during the call only, as parts and needed are; what filters refer to lives as long as the reader */
} ReadSpec;

/* How the files of a format are read. */
struct SourceOps {
  /* Before files are looked for: does the statement make sense? May be NULL. */
  DcCode (*check)(const LoadPlan *plan, const LoadSpec *spec, DcError *err);
  /* In place of the files that a path means: fills plan->files and plan->units with what stands for them. NULL: files are looked for. */
  DcCode (*list)(Engine *engine, LoadPlan *plan, const LoadSpec *spec, DcError *err);
  /* Gives the node its columns (node_schema); a format whose files consist of units lists them in plan->units. */
  DcCode (*schema)(Dataset *node, DcError *err);
  bool (*cuttable)(const LoadPlan *plan); /* regular files without compression may be cut at any byte; NULL: never */
  /* What lies over the files' own rows (lines that are parsed): takes the node over, also on failure. May be NULL. */
  DcCode (*finish)(Dataset *node, const LoadSpec *spec, Dataset **out, DcError *err);
  void (*free)(LoadPlan *plan); /* the format's own; may be NULL */
  DcCode (*open)(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err);
};

/* Hands out the rows of files to several workers. */
typedef struct ReaderOps {
  /* The next morsel, of rows of one file (out->file): *got = false at the end. Its batch stays valid until this worker's next call, or is given as *owned, which
     the caller drops. *seq: its number, also when reading it fails. */
  DcCode (*next)(Reader *reader, int worker, Morsel *out, Batch **owned, bool *got, uint64_t *seq, DcError *err);
  /* Hand out so many morsels more and then say there is none (0: no limit). */
  void (*set_quota)(Reader *reader, uint64_t morsels);
  bool (*ended)(Reader *reader); /* all is handed out; asked when no worker is at it */
  void (*close)(Reader *reader);
} ReaderOps;
struct Reader {
  const ReaderOps *ops;
};

struct LoadPlan {
  atomic_int refs;
  Arena arena;
  FileOptions file;
  Listing files;
  const Str *wanted;       /* columns as CREATE names them, "_" included; count 0: those of the file */
  size_t wanted_count;
  const size_t *wanted_at; /* their places in the VALUE list, where folders give some of it; NULL: 0, 1, … */
  Segment *segments;       /* in order of partitions */
  size_t segment_count;
  FileUnit *units;             /* of all files in order; NULL: the format has none */
  size_t unit_count, unit_cap;
  HiveColumns hive;            /* attributes that folders give */
  uint32_t constant_count;     /* of the node's columns, the last ones: those of them that the files do not have */
  uint64_t *sources;       /* engine's number of each file, + 1; 0: none yet */
  void *own;               /* the format's */
  /* Of text: */
  const TextOptions *text;
  const TextFormat **formats; /* of each file, once its header is read */
  uint64_t *starts;        /* where the data of each file starts, behind BOM, skipped lines and header */
  Opened *opened;          /* of each file that cannot be opened twice: standard input, a named pipe */
  bool heads_only;         /* while heads of many files are read, none of those elsewhere stays open */
  Cutter *(*cutter)(const LoadPlan *plan, uint32_t file); /* a new one; its result NULL, or NULL itself: records are lines */
};
void load_plan_free(LoadPlan *plan);
/* For the spec of a pass: its files. Tells the statistics how many there are; on the heap. */
uint8_t *load_choose_files(const Dataset *node, const ReadSpec *spec);
/* The segments of the wanted partitions in order; parts[i] of the result: which of spec->parts it is for. All on the heap. */
size_t load_segments(const LoadPlan *plan, const ReadSpec *spec, const Segment ***segments, uint32_t **parts);
/* Says how many bytes the segments have, for the progress bar. */
void load_progress(const Dataset *node, const Segment *const *segments, size_t count);
/* How many of a source's columns its files have: the first ones of the schema. */
static inline uint32_t load_own_columns(const Dataset *node) { return node->schema.count - node->load->constant_count; }
/* All of its files can be read again. */
bool load_regular(const LoadPlan *plan);
/* The engine's number of a file; one caller at a time. rows: its offsets are numbers of rows. */
uint64_t load_source(Dataset *node, uint32_t file, bool rows);
/* The error that a column of the VALUE list is not among those of a file, with the nearest name. */
DcCode load_missing_column(const char *path, Str column, const Str *names, size_t count, DcError *err);

/* The error that the VALUE list names a column twice; "_" may be there any number of times. */
DcCode load_check_twice(const LoadSpec *spec, DcError *err) DC_MUST_CHECK;

/* --- Text --- */
extern const SourceOps text_source;
/* Reads the head of file `number` once: its format, where its data starts, its source number. One caller at a time. */
DcCode load_prepare(Dataset *node, uint32_t number, DcError *err) DC_MUST_CHECK;
/* The first bytes of a file, `want` unless it is shorter. What is no regular file is kept open for the reader. */
DcCode load_head(LoadPlan *plan, uint32_t number, size_t want, Buf *out, bool *ended, DcError *err) DC_MUST_CHECK;
/* For formats whose rows are texts that come by this reader. */
void text_load_free(LoadPlan *plan);
DcCode text_reader_open(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err) DC_MUST_CHECK;

#endif
