/* pass.h - one fused pass: morsels of a base (files or stored partitions) through narrow operators into a consumer. */
#ifndef ENGINE_PASS_H
#define ENGINE_PASS_H

#include "engine/node.h"

/* A piece of input that one worker takes: rows [from, to) of a batch, for output partition `part`. seq counts up in
   dataset order, whatever the number of workers. */
typedef struct Morsel {
  uint64_t seq;
  uint32_t part;
  uint64_t row; /* number of its first row in the order of the base; stored bases only */
  const Batch *batch;
  uint32_t from, to;
  uint32_t file;  /* of the source's files; morsels of readers only */
} Morsel;

typedef struct Pass Pass;
typedef struct Consumer Consumer;

/* Where rows go. state[worker] is the consumer's own. All calls but full() may run in several threads at once. */
struct Consumer {
  DcCode (*begin)(Consumer *self, Worker *worker, const Morsel *morsel);           /* may be NULL */
  DcCode (*rows)(Consumer *self, Worker *worker, const Morsel *morsel, View *view);
  DcCode (*end)(Consumer *self, Worker *worker, const Morsel *morsel);             /* may be NULL */
  bool (*full)(Consumer *self); /* pause: pass_run returns with *more = true; may be NULL */
  uint64_t quota;               /* pause after so many morsels, whatever the workers; 0: no limit */
  bool needs_keys;              /* the default key has to outlive a projection */
  const uint8_t *columns;       /* one byte a column of the records: it looks at it; NULL: at any. Used when pass_run begins */
};

/* Rows that are made on the way: a sorted merge, what a join has left over. */
typedef struct Generator Generator;
struct Generator {
  /* The next morsel for a worker, called by several at once; seq counts up from 0 in dataset order without a gap, part is
     a partition of the node. *owned is a reference that the pass drops afterwards, or NULL. */
  DcCode (*next)(Generator *self, int worker, Morsel *morsel, Batch **owned, bool *got, DcError *err);
  void (*close)(Generator *self);
};

/* An operator that turns one view into any number of views: the probe of a join. */
typedef struct Expander Expander;
typedef DcCode (*EmitFn)(void *self, View *view);
struct Expander {
  /* Gives the views for one view; each of at most CHUNK_ROWS rows, living in worker->scratch, which it may rewind
     (arena_mark) behind each emit. part: the partition of the node's first input. An error is in worker->err. */
  DcCode (*expand)(Expander *self, Worker *worker, View *view, uint32_t part, EmitFn emit, void *emit_self);
  /* What comes behind the last row of the input (the rest of an outer join); *out stays NULL if there is nothing. */
  DcCode (*rest)(Expander *self, Generator **out, DcError *err);
  void (*close)(Expander *self);
  uint32_t first, columns; /* the input's columns are first, first + 1 … of so many */
  bool any; /* it looks at any column of the input itself: at whole records, or at default keys */
};

/* The base of node `top` for output partitions wanted[0 … count) (NULL: all), computing what has to be computed first:
   breakers, and nodes that somebody else refers to. */
DcCode pass_open(Dataset *top, const uint32_t *wanted, uint32_t count, Pass **out, DcError *err) DC_MUST_CHECK;
/* The same for what lies below node: its operator over its input, or its files; node itself is not computed. */
DcCode pass_open_below(Dataset *node, const uint32_t *wanted, uint32_t count, Pass **out, DcError *err) DC_MUST_CHECK;
/* True if some files that the rows of a node come from need not be read for what these operators over it (the lowest first)
   let through. Then a pass reads the others for itself, though somebody else may ask for the node: computing it for all would need every file. */
bool pass_leaves_out_files(const Dataset *node, const NarrowOp *const *above, size_t above_count);
/* Run until the end or until the consumer is full (*more). On failure the error of the earliest morsel. */
DcCode pass_run(Pass *pass, Consumer *consumer, bool *more, DcError *err) DC_MUST_CHECK;
void pass_close(Pass *pass); /* NULL is fine */
/* A narrow operator over a view; an error is in worker->err. */
DcCode narrow_apply(Worker *worker, const NarrowOp *op, View *view, bool needs_keys) DC_MUST_CHECK;
/* Book partitions of base as read, for --stats. */
void pass_count(Dataset *base, const uint32_t *parts, uint32_t count);

/* Collects a morsel's rows into a new batch: by row numbers while rows are moved as they are, else column by column. */
typedef struct Builder {
  bool started, whole;
  uint32_t *rows;      /* whole: row numbers in the batch */
  uint32_t *parts;     /* where each row goes, if the caller says so */
  uint64_t *origins;
  uint32_t n, cap;
  ColumnBuilder *columns;
  uint32_t column_count;
  bool drop_key;       /* keys are not wanted */
  bool has_key;        /* key holds the keys; else the batch's own key column, if any, is taken */
  ColumnBuilder key;
} Builder;
void builder_start(Builder *builder);
void builder_add(Builder *builder, Worker *worker, View *view);
/* The batch of rows order[0 … n) (NULL: all, as they came). Resets the builder. */
DcCode builder_finish(Builder *builder, Engine *engine, const Batch *source, const uint32_t *order, int what, Batch **out, DcError *err) DC_MUST_CHECK;
/* The same for only count of the rows, those that order names. */
DcCode builder_finish_some(Builder *builder, Engine *engine, const Batch *source, const uint32_t *order, uint32_t count, int what, Batch **out, DcError *err) DC_MUST_CHECK;
void builder_free(Builder *builder);

#endif
