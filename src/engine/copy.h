/* copy.h - writing outputs; shared by COPY and SPLIT. */
#ifndef ENGINE_COPY_H
#define ENGINE_COPY_H

#include "engine/adapter.h"
#include "engine/shuffle.h"
#include "io/stream.h"

/* What is done to the rows of stored partitions on their way into an output. */
typedef struct Chain {
  const Schema *schema; /* of the stored rows */
  const NarrowOp **ops; /* from the stored rows up */
  size_t op_count;
} Chain;

typedef struct Copy Copy;
typedef struct Pen Pen;
typedef struct TypedBlock TypedBlock; /* engine/typed_format.h */
typedef struct SystemSink SystemSink; /* engine/system.h */

/* What outputs of one dataset have in common. */
typedef struct Layout {
  Schema schema;      /* copied, without types */
  Str header, footer; /* what a file begins and ends with, as the format's writer gave them */
  /* Of files of typed columns (typed_writer.c): */
  bool decided;       /* all types are known */
  const struct ArrowSchema **types; /* of the files' columns; an entry NULL: not known yet */
  uint32_t type_count;
  const struct ArrowSchema *record; /* all of them as a struct */
} Layout;

typedef struct TypedOutput TypedOutput;

/* A part file. */
typedef struct Output {
  const Chain *chain; /* NULL: rows are written as they are stored */
  uint32_t file;   /* of the stage */
  uint32_t layout; /* index into Copy.layouts */
  bool started, filled, finished; /* its header is written; a record; its footer */
  TypedOutput *typed;     /* typed columns: the module's writer */
} Output;

/* How a format writes records, one after another. */
struct RecordWriter {
  void (*header)(const Copy *copy, const Schema *schema, Buf *out); /* may be NULL: nothing */
  void (*footer)(const Copy *copy, const Schema *schema, Buf *out); /* may be NULL: nothing */
  /* Appends the rows of a view to pen->text. columns: its columns, fetched. An error is in pen->worker.err. */
  DcCode (*put)(const Copy *copy, Pen *pen, const Layout *layout, View *view, const Vector *const *columns);
  size_t (*separator)(const Copy *copy); /* every record begins with so many bytes, which the first one of a file lacks; NULL: none */
  bool (*raw)(const Copy *copy, const Batch *batch); /* its rows can be copied as they are; NULL: never */
};

/* True if a pass over node reads files from their first to their last block: only then compressed outputs may follow the
   blocks (stored rows lie as memory and workers had it). */
bool copy_follows_blocks(const Copy *copy, const Dataset *node);

/* What one worker writes with. */
struct Pen {
  Worker worker;
  Buf text, packed;
  Compressor *compressor;
  struct iovec *parts;
  size_t part_cap;
  uint64_t rows, bytes;
  TypedBlock *block; /* rows of typed columns, in place of the text */
};

struct Copy {
  Engine *engine;
  Arena arena;
  FileOptions file;
  Position adapter_pos;
  const RecordWriter *writer; /* one of the two */
  const TypedFormat *typed;
  Stage *stage;     /* files; */
  SystemSink *sink; /* or a table or the like, which gets all rows in order; neither: standard output, which does so, too */
  Output *outputs;
  size_t output_count, output_cap;
  Layout *layouts;
  size_t layout_count, layout_cap;
  Pen *pens;
};

DcCode copy_open(Copy *copy, Engine *engine, const CopySpec *spec, DcError *err) DC_MUST_CHECK;
/* Declare the outputs of a dataset: *first = the number of its first output, *skip if it is there and to be left. */
DcCode copy_dataset(Copy *copy, Str name, const Schema *schema, uint32_t parts, uint32_t *first, bool *skip, DcError *err) DC_MUST_CHECK;
/* Commit, or abort when code says so; frees everything. */
DcCode copy_close(Copy *copy, DcCode code, DcError *err) DC_MUST_CHECK;
/* Bytes for an output as they are. */
DcCode copy_put_bytes(Copy *copy, const Output *output, const char *data, size_t len, DcError *err) DC_MUST_CHECK;
/* The path of an output for messages; on the heap. */
char *copy_output_path(const Copy *copy, const Output *output);
/* Rows of the batch can be written as they lie. */
bool copy_is_raw(const Copy *copy, const Batch *batch);
/* What an output still lacks when all of its rows are written: header, footer. */
DcCode copy_finish(Copy *copy, Output *output, DcError *err) DC_MUST_CHECK;
/* One output gets all partitions of a dataset. */
static inline bool copy_one_file(const Copy *copy) { return copy->file.single || !copy->stage; }
/* Append text to an output (its header first), compressed if asked for. Thread-safe for different outputs. */
DcCode copy_write(Copy *copy, Pen *pen, Output *output, const Buf *text, DcError *err) DC_MUST_CHECK;
/* Appends a view's rows to pen->text, as the output has them; the view is of no use any more. */
DcCode copy_encode(Copy *copy, Pen *pen, const Output *output, View *view) DC_MUST_CHECK;
/* Rows [from, to) of a stored batch through an output's chain, appended to pen->text, which is written to the output
   whenever it holds a good deal. */
DcCode copy_slice(Copy *copy, Pen *pen, Output *output, const Batch *batch, uint32_t from, uint32_t to, DcError *err) DC_MUST_CHECK;

/* A dataset of a COPY on its way to its outputs. */
typedef struct CopyJob {
  CopyItem copy;
  Dataset *root;    /* below all choices of partitions and operators that only this one needs */
  Chain chain;
  uint32_t *parts;  /* the root's partition of each part */
  uint32_t first;   /* output */
  bool skip, done, outer_shared;
} CopyJob;
/* Jobs that rest on one dataset, which nothing else needs and which is not computed: its rows are read once and go to the
   outputs of all of them. Marks what is written as done. */
DcCode copy_fans(Copy *copy, CopyJob *jobs, size_t count, DcError *err) DC_MUST_CHECK;

/* COPY with @partition_by: what can go straight to its folders is written; the rest is given as pieces, one for each
   folder (heap; names live in the copy's arena). The references of items are taken over. */
DcCode copy_split(Copy *copy, CopyItem *items, size_t count, const CopySpec *spec, CopyItem **pieces, size_t *piece_count, DcError *err) DC_MUST_CHECK;

/* Which outputs a partition goes to. */
typedef struct Targets {
  uint32_t *first;  /* partitions + 1 */
  uint32_t *output; /* numbers of outputs */
} Targets;
/* Memory of a run that goes straight into outputs: by the budget alone, so that runs end at the same rows whatever the
   number of workers. */
size_t copy_room(const Engine *engine);
/* A pass through a shuffle straight into outputs: as often as memory is full, the store's pieces are appended to the
   outputs partition by partition and forgotten. targets is asked for before each such flush. */
DcCode copy_shuffled(Copy *copy, Pass *pass, Shuffler *shuffler, DcCode (*targets)(void *self, Targets *out, DcError *err), void *self, DcError *err) DC_MUST_CHECK;

#endif
