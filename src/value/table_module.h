/* table_module.h - the interface of modules that read and write files of typed columns: dcetl-arrow.so (Parquet, ORC,
 * Arrow IPC), dcetl-avro.so. Data goes both ways by the Arrow C data interface. Read by C and C++.
 *
 * A module exports one TableModule per kind of file. It never sees paths, only bytes; it throws nothing, keeps no state
 * outside of its handles, and says what is wrong in a TableError, without the file's name, which the program puts before it.
 * All functions return 0, or -1 with the error set, unless they say otherwise.
 */
#ifndef VALUE_TABLE_MODULE_H
#define VALUE_TABLE_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "value/arrow_abi.h"

enum { TABLE_MODULE_VERSION = 1 };

typedef struct TableError {
  char text[600]; /* what is wrong: "the footer is cut short" */
  char hint[200]; /* the way out, if there is one */
} TableError;

/* The bytes of one input, lent until the handle is closed. */
typedef struct TableSource {
  void *self;
  uint64_t size; /* UINT64_MAX: not known, and only read_next may be used (a pipe) */
  bool slow;     /* each read_at costs a way to a server and back: few large ones are better than many */
  /* Reads size bytes at offset, fewer only at the end of the file. Thread-safe. *got: how many. */
  int (*read_at)(void *self, uint64_t offset, void *data, uint64_t size, uint64_t *got, TableError *error);
  /* The next bytes in order; *got = 0: the end. */
  int (*read_next)(void *self, void *data, uint64_t size, uint64_t *got, TableError *error);
  bool (*stopped)(void *self); /* the run was interrupted: give up with any error */
} TableSource;

/* Where output goes, in order; lent until the writer is freed. */
typedef struct TableSink {
  void *self;
  int (*write)(void *self, const void *data, uint64_t size, TableError *error);
} TableSink;

/* A parameter of the adapter as the script gave it: numbers and truth as text ("3", "true"). Lists come as one option per
   element, objects as name=value texts. */
typedef struct TableOption {
  const char *name, *value;
} TableOption;

typedef struct TableFile TableFile;     /* the module's, opened for reading */
typedef struct TableWriter TableWriter; /* the module's */

/* A part of a file that can be read without the others: a row group, a stripe, a record batch. */
typedef struct TableUnit {
  uint64_t rows;  /* in_order: UINT64_MAX, not known */
  uint64_t bytes; /* on disk */
} TableUnit;

typedef struct TableModule {
  uint32_t version;   /* TABLE_MODULE_VERSION */
  const char *format; /* "parquet" */
  bool in_order;      /* units cannot be counted before they are read (IPC stream, Avro): the file is one unit, and read_next serves */

  /* --- Reading --- */
  /* Checks the head (and the footer, where there is one) and gives the columns as a struct type; the caller releases it. */
  int (*open)(const TableSource *source, const TableOption *options, uint32_t option_count, TableFile **file, struct ArrowSchema *schema, TableError *error);
  uint32_t (*units)(TableFile *file);
  void (*unit)(TableFile *file, uint32_t unit, TableUnit *out);
  /* What statistics say of a top-level column in a unit: *bounds gets an array of its type with two values, the smallest and the
     largest one (wider bounds are fine), *nulls how many NULLs there are, -1 if that is not known. false: nothing is known; two NULLs: only the number of NULLs.
     Only bounds that can be trusted (deprecated or truncated ones that are not bounds count as unknown). NULL: never known. */
  bool (*bounds)(TableFile *file, uint32_t unit, uint32_t column, struct ArrowArray *bounds, int64_t *nulls);
  /* The rows of a unit in batches of at most max_rows, only the top-level columns whose mark is set (columns NULL: all); the
     batches have these alone, in the file's order. *out is released before the file is closed. Several threads may read
     different units of one file at once, each with its stream. A count of rows that is not the unit's is an error.
     A second line of what get_last_error says is the way out. */
  int (*read)(TableFile *file, uint32_t unit, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error);
  void (*close)(TableFile *file);

  /* --- Writing; NULL: not possible --- */
  /* Options are checked here (an unknown codec, a level out of range). schema is lent. One writer is used by one thread at a
     time; it may be any. */
  int (*create)(const TableSink *sink, const struct ArrowSchema *schema, const TableOption *options, uint32_t option_count, TableWriter **out, TableError *error);
  int (*write)(TableWriter *writer, struct ArrowArray *batch, TableError *error); /* takes the batch over, also on failure */
  /* Rows per row group, as the options say: the program hands out batches of at most so many, and where it can of exactly so many. */
  uint64_t (*group_rows)(const TableWriter *writer);
  int (*finish)(TableWriter *writer, TableError *error); /* all is given to the sink: footer */
  void (*free_writer)(TableWriter *writer);              /* also without finish: nothing more is written */
} TableModule;

#endif
