/* typed_format.h - files of typed columns (Parquet, ORC, Arrow IPC, Avro), read and written by modules.
 *
 * typed_adapter.c: parameters, opening the module; typed_load.c: CREATE; typed_units.c: what to read of
 * many files; typed_reader.c: reading; typed_writer.c: COPY.
 */
#ifndef ENGINE_TYPED_FORMAT_H
#define ENGINE_TYPED_FORMAT_H

#include "base/module.h"
#include "engine/copy.h"
#include "engine/load.h"
#include "value/arrow.h"
#include "value/table_module.h"

struct TypedFormat {
  Module *module; /* exports a TableModule */
  DcCode (*reading)(const TableModule **out, DcError *err); /* what reads such files in its place; NULL: nothing does */
};

/* An item of @types. */
typedef struct WantedType {
  Str name, type;
} WantedType;

/* The parameters of an adapter, evaluated. */
typedef struct TypedOptions {
  const TypedFormat *format;
  bool structured;      /* reading: Structured in place of Columnar */
  TableOption *options; /* for the module, as texts */
  uint32_t count, cap;
  bool writing;
  WantedType *wanted;   /* writing: the columns that @types names */
  size_t wanted_count;
  bool auto_types;      /* writing: @types has 'auto' */
  Position types_pos;
} TypedOptions;

extern const Format parquet_format, parquet_structured_format, orc_format, ipc_file_format, ipc_stream_format, avro_format;

/* The module, opened on first use. Thread-safe. */
DcCode typed_module(const TypedFormat *format, const TableModule **out, DcError *err) DC_MUST_CHECK;
/* What reads such files: the module, or helpers that have it (typed_guard.h). */
DcCode typed_reading(const TypedFormat *format, const TableModule **out, DcError *err) DC_MUST_CHECK;
/* The error that a module gave, about a file or output. */
DcCode typed_failed(const char *path, const TableError *error, DcError *err);
/* What get_last_error of a stream says. */
TableError typed_stream_error(struct ArrowArrayStream *stream);
/* The result of arrow_import, whose failure gets the path before it. */
DcCode typed_imported(const char *path, DcCode code, const DcError *inner, DcError *err) DC_MUST_CHECK;
/* One parameter: @types, else an option for the module. */
DcCode typed_apply(const ParamValue *param, Arena *arena, void *own, DcError *err) DC_MUST_CHECK;

/* --- Reading --- */

/* One input file, opened by the module. */
typedef struct TypedInput TypedInput;
DcCode typed_input_open(Engine *engine, const LoadPlan *plan, uint32_t file, TypedInput **out, DcError *err) DC_MUST_CHECK;
/* The same, or the one that CREATE opened and kept, since it cannot be opened twice. One caller at a time. */
DcCode typed_input_take(Engine *engine, LoadPlan *plan, uint32_t file, TypedInput **out, DcError *err) DC_MUST_CHECK;
TypedInput *typed_input_ref(TypedInput *input); /* units of one file may be read at once */
void typed_input_close(TypedInput *input);      /* gives a reference back; NULL is fine */
const char *typed_input_path(const TypedInput *input);
const TableModule *typed_input_module(const TypedInput *input);
TableFile *typed_input_file(const TypedInput *input);
const struct ArrowSchema *typed_input_schema(const TypedInput *input); /* its columns: a struct */
/* The failure of a call to the module: what the source's own calls met, else what the module says. */
DcCode typed_input_failed(const TypedInput *input, const TableError *error, DcError *err);

/* Calls look with each of these files of a source, opened, by several workers at once; `at` is its place among them. It may
   keep the input (typed_input_ref). The error is that of the first file that fails. */
typedef DcCode (*TypedLook)(void *self, size_t at, TypedInput *input, DcError *err);
DcCode typed_each(Dataset *node, const uint32_t *files, size_t count, TypedLook look, void *self, DcError *err) DC_MUST_CHECK;

/* A unit to be read. */
typedef struct TypedWork {
  uint32_t segment, unit;
  uint64_t rows, first_row; /* in its file */
  uint64_t first_seq;       /* the reader's */
} TypedWork;
typedef struct TypedWorkList {
  TypedWork *list;
  size_t count, cap;
  TypedInput **inputs; /* of each segment: the file where it has been opened and kept, else NULL; NULL: none is */
  size_t input_count;
} TypedWorkList;
/* The units with rows that these segments have and the spec's filters may keep, in order. */
DcCode typed_list_work(Dataset *node, const ReadSpec *spec, const Segment *const *segments, size_t count, TypedWorkList *out, DcError *err) DC_MUST_CHECK;
void typed_work_free(TypedWorkList *work);

/* Which columns of a file are a node's columns: fields[i] is the field of the node's own column i. Missing and odd ones
   are errors that name the file. STRUCTURED: which of the fields belong to the objects, in *fields, *count of them. */
DcCode typed_fields(const Dataset *node, const TypedInput *input, Arena *arena, int **fields, uint32_t *count, DcError *err) DC_MUST_CHECK;

/* Gives the node the columns of a struct type, or those of its VALUE list, with their types. */
DcCode typed_columnar(Dataset *node, const char *path, const struct ArrowSchema *schema, Arena *arena, DcError *err) DC_MUST_CHECK;
/* The field for a column; a missing or odd one is an error. */
DcCode typed_place(const char *path, const struct ArrowSchema *schema, Str name, Arena *arena, int *out, DcError *err) DC_MUST_CHECK;

/* Rows of one unit, batch after batch. */
typedef struct TypedRows TypedRows;
/* needed: one byte for each of the node's own columns, NULL: all. */
DcCode typed_rows_open(const Dataset *node, TypedInput *input, uint32_t unit, const uint8_t *needed, TypedRows **out, DcError *err) DC_MUST_CHECK;
/* Exactly `want` rows, fewer only at the end; *out stays NULL: there are no more. */
DcCode typed_rows_next(TypedRows *rows, uint32_t want, uint64_t origin_base, Batch **out, DcError *err) DC_MUST_CHECK;
void typed_rows_close(TypedRows *rows); /* NULL is fine */

DcCode typed_reader_open(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err) DC_MUST_CHECK;
extern const SourceOps typed_source;

/* --- Writing --- */

/* Rows on their way to an output: column builders whose values are of the layout's types. */
struct TypedBlock {
  ColumnBuilder *columns;
  uint32_t count;
  size_t rows, bytes;
};
void typed_block_free(TypedBlock *block);

/* Finds out the layout's types by @types and the dataset's; layout->record stays NULL if some need a look at the values. */
DcCode typed_layout(Copy *copy, Layout *layout, const Schema *schema, DcError *err) DC_MUST_CHECK;
/* The types that are not known yet from all values of stored partitions parts[0 … count) (NO_PART: none); typed_decide follows. */
DcCode typed_guess(Copy *copy, Layout *layout, Dataset *stored, const uint32_t *parts, uint32_t count, DcError *err) DC_MUST_CHECK;
enum { TYPED_BLOCK_ROWS = 64 << 10, TYPED_BLOCK_BYTES = 8 << 20 };
static inline bool typed_block_full(const TypedBlock *block) { return block->rows >= TYPED_BLOCK_ROWS || block->bytes >= TYPED_BLOCK_BYTES; }
/* @types = 'auto': the types that the texts of the marked columns look like, by one pass over the dataset. */
DcCode typed_auto(Copy *copy, Layout *layout, Dataset *dataset, const uint8_t *columns, DcError *err) DC_MUST_CHECK;
bool typed_unknown(const Layout *layout); /* some types are not known yet */
void typed_set(Copy *copy, Layout *layout, uint32_t column, const struct ArrowSchema *type);
/* The layout's columns of text that 'auto' is about; NULL: there are none. Heap. */
uint8_t *typed_auto_columns(const Copy *copy, const Layout *layout);
/* All types are there: tries whether the module takes them and the parameters. */
DcCode typed_decide(Copy *copy, Layout *layout, DcError *err) DC_MUST_CHECK;
/* Appends a view's rows, converted; what does not fit is a bad record. An error is in pen->worker.err. */
DcCode typed_encode(Copy *copy, Pen *pen, const Layout *layout, View *view, TypedBlock *block) DC_MUST_CHECK;
/* The block's rows as an array, which the caller owns; the block is empty then. Any number of threads at once, each with its block. */
DcCode typed_export(const Copy *copy, const Output *output, TypedBlock *block, struct ArrowArray *out, DcError *err) DC_MUST_CHECK;
/* Writes such an array to an output, which is opened if need be; takes it over. bytes: about. */
DcCode typed_put(Copy *copy, Output *output, struct ArrowArray *array, uint64_t bytes, DcError *err) DC_MUST_CHECK;
/* Writes a block to an output, which is opened if need be, and empties it. */
DcCode typed_write(Copy *copy, Output *output, TypedBlock *block, DcError *err) DC_MUST_CHECK;
/* Completes an output; one that got no rows becomes an empty file. */
DcCode typed_finish(Copy *copy, Output *output, DcError *err) DC_MUST_CHECK;
void typed_drop(Output *output); /* what is left of an output that failed */

#endif
