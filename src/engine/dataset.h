/* dataset.h - datasets as the statements see them: lazy plans over immutable batches.
 *
 * A Dataset is a counted reference to a node: a source, a narrow operator, a shuffle, a choice of partitions, or stored
 * partitions. Making one is cheap and touches no data. The functions that need rows (write, count, analyze, values) run
 * the plan, only for the partitions they need. A node that somebody else still refers to when it runs keeps its result
 * (in memory, spilled past the budget); one that only the running statement can reach is streamed and given back. So:
 * drop references that the rest of the script cannot mention before you call a function that needs rows.
 */
#ifndef ENGINE_DATASET_H
#define ENGINE_DATASET_H

#include "engine/eval.h"

typedef struct Engine Engine;
typedef struct Dataset Dataset;

typedef enum DatasetType { DS_PLAIN_TEXT, DS_COLUMNAR, DS_STRUCTURED, DS_POINT, DS_TRACK, DS_POLYGON } DatasetType;
typedef enum BadRecords { BAD_FAIL, BAD_NULL, BAD_SKIP, BAD_CAPTURE } BadRecords;

typedef struct EngineOptions {
  int threads;           /* 0: all cores */
  uint64_t memory;       /* bytes; 0: 60 % of RAM or of the cgroup's limit */
  const char *temp_dir;  /* NULL: $TMPDIR or /tmp */
  uint64_t seed;
  BadRecords bad_records;
  const char *bad_records_path;  /* BAD_CAPTURE: file of JSON lines */
  uint64_t max_bad_records;      /* UINT64_MAX: no limit */
  double max_bad_share;          /* of rows, 0 … 1; 0: no limit of this kind */
  bool strict;
  bool split_folders;    /* SPLIT names its datasets name=value, as folders of Hive */
  size_t batch_rows;     /* 0: by size (a few MiB); else at most so many rows a batch (tests) */
  int fail_at;           /* tests: the Nth step that can fail does (base/fault.h); 0 never */
  int die_at;            /* tests: the program is killed at the Nth step that can fail; 0 never */
} EngineOptions;

/* Cost of one statement, filled by the engine while the statement is current. */
typedef struct StatementStats {
  uint64_t rows_in, rows_out, bytes_in, bytes_out; /* logical: rows read by and given by the statement */
  uint64_t partitions_read, partitions_of;
  uint64_t files_read, files_of; /* input files: those that WHERE left, of those in the partitions */
  uint64_t bytes_read, bytes_written;              /* on input and output files */
  uint64_t bytes_spilled;
  uint64_t rows_copied;
  uint64_t peak_memory;
  uint64_t outputs;      /* files written */
  double seconds, cpu_seconds;
  bool deferred;         /* nothing ran: its cost is booked on the statement that needs it */
} StatementStats;

/* How far a run is, for the progress bar: read from another thread. */
typedef struct Progress {
  uint64_t rows, bytes, total_bytes; /* total 0: unknown */
} Progress;

DcCode engine_new(const EngineOptions *options, Engine **out, DcError *err) DC_MUST_CHECK;
void engine_free(Engine *engine); /* removes its temporary files */
/* The statement whose cost is counted from now on; NULL: none. stats outlives the statement. */
void engine_begin_statement(Engine *engine, int number, Position pos, StatementStats *stats);
void engine_end_statement(Engine *engine);
/* All statements of the script have succeeded, and their outputs are complete: commits the transactions that have waited for this, and
   tells systems what has been read (offsets of a message log). Without it nothing of either remains. */
DcCode engine_complete(Engine *engine, DcError *err) DC_MUST_CHECK;
bool engine_has_open_transactions(const Engine *engine);
void engine_progress(const Engine *engine, Progress *out);
/* Is the run to end? Workers stop at the next morsel, and calls return DC_INTERRUPTED. */
bool engine_interrupted(void);
/* Warnings with counts go here once per statement (set by the session). */
void engine_on_warning(Engine *engine, void (*warn)(void *self, Position pos, const char *text), void *self);
void engine_warn(Engine *engine, Position pos, const char *format, ...) DC_PRINTF(3, 4);

/* A counted reference: ref gives one more, unref drops one. */
Dataset *dataset_ref(Dataset *dataset);
void dataset_unref(Dataset *dataset); /* NULL is fine */

DatasetType dataset_type(const Dataset *dataset);
const char *dataset_type_name(DatasetType type); /* "PlainText", "Columnar" … */
uint32_t dataset_partitions(const Dataset *dataset);
size_t dataset_columns(const Dataset *dataset);             /* PlainText: 0; Structured: the names that were declared */
Str dataset_column(const Dataset *dataset, size_t index);
/* What files said of the column's values, as text in *out ("decimal(10, 2)"); false: nothing is known. */
bool dataset_column_type(const Dataset *dataset, size_t index, Buf *out);
bool dataset_computed(const Dataset *dataset);
/* Rows if they are known without running; false otherwise. */
bool dataset_rows(const Dataset *dataset, uint64_t *rows);

/* --- Making datasets. Expressions are bound (bind.h: variables read, names resolved) when the call is made. --- */

/* Values of @parameters, evaluated; names are exact. */
typedef struct ParamValue {
  Str name;
  Value value;
  Position pos;
} ParamValue;

typedef struct LoadSpec {
  Str adapter;
  Position adapter_pos;
  const ParamValue *params;
  size_t param_count;
  const Str *columns; /* NULL: none given; "_" skips */
  size_t column_count;
  Value path;
  Position path_pos;
  uint32_t partitions; /* 0: by size */
  LoadBy by;
} LoadSpec;

/* CREATE. For a wildcard there is one dataset per group; names[i] is the group's name. All arrays live in arena. */
DcCode dataset_load(Engine *engine, const LoadSpec *spec, Dataset **out, DcError *err) DC_MUST_CHECK;
DcCode dataset_load_groups(Engine *engine, const LoadSpec *spec, Arena *arena, Dataset ***out, Str **names, size_t *count, DcError *err) DC_MUST_CHECK;
/* "dual": one PlainText record x with key x. */
DcCode dataset_dual(Engine *engine, Dataset **out, DcError *err) DC_MUST_CHECK;
/* A Columnar dataset of rows × columns values, one partition ("_metrics"). */
DcCode dataset_of_values(Engine *engine, const Str *columns, size_t column_count, const Value *values, size_t rows, Dataset **out, DcError *err) DC_MUST_CHECK;

/* Everything an expression over records may need; cx gives variables and functions as they are now. */
DcCode dataset_alter_key(Engine *engine, Dataset *in, EvalContext *cx, const Expr *key, Dataset **out, DcError *err) DC_MUST_CHECK;
/* PARTITION n: shuffles by the key if one was set by KEY, else re-cuts in order. */
DcCode dataset_alter_partition(Engine *engine, Dataset *in, uint32_t partitions, Dataset **out, DcError *err) DC_MUST_CHECK;
/* Keep and order columns (passthru with a VALUE list; level lists). */
DcCode dataset_alter_columns(Engine *engine, Dataset *in, const Str *columns, size_t count, Dataset **out, DcError *err) DC_MUST_CHECK;
/* Partitions by number, in that order, repeats allowed. Numbers past the end give empty partitions and are counted in
   *missing; a negative or fractional one is an error. parts: INT, numeric text, or ARRAY. A reference: copies nothing. */
DcCode dataset_choose(Engine *engine, Dataset *in, Value parts, Position pos, uint64_t *missing, Dataset **out, DcError *err) DC_MUST_CHECK;
/* Inputs of a statement put together; they are lent. names[i] stands before the attributes of input i ("a.x"). */
DcCode dataset_union(Engine *engine, ScopeKind kind, Dataset *const *inputs, const Str *names, size_t count, Dataset **out, DcError *err) DC_MUST_CHECK;
DcCode dataset_join(Engine *engine, ScopeKind kind, Dataset *const *inputs, const Str *names, size_t count, Dataset **out, DcError *err) DC_MUST_CHECK;

/* SELECT of one input, all its clauses. The limit is evaluated by the caller. */
DcCode dataset_select(Engine *engine, Dataset *in, EvalContext *cx, const Select *select, const Value *limit, Dataset **out, DcError *err) DC_MUST_CHECK;

/* --- Needing rows. --- */

/* LET $v = SELECT …: the first item's values of all rows, in order, as an ARRAY in arena. */
DcCode dataset_values(Engine *engine, Dataset *in, Arena *arena, Value *out, DcError *err) DC_MUST_CHECK;

/* The first `most` rows (fewer if there are fewer): cells row after row in arena, one for each column, or one for a dataset
   whose records have none (dataset_columns 0). */
DcCode dataset_first(Engine *engine, Dataset *in, size_t most, Arena *arena, Value **cells, size_t *rows, DcError *err) DC_MUST_CHECK;

typedef struct Analysis {
  uint64_t total, unique;
  double average, median;
} Analysis;
/* ANALYZE: counts by key (NULL: the records' own key). per_partition, if not NULL, gets dataset_partitions() entries in
   arena. */
DcCode dataset_analyze(Engine *engine, Dataset *in, EvalContext *cx, const Expr *key, Arena *arena, Analysis *out, Analysis **per_partition, DcError *err) DC_MUST_CHECK;

/* COPY: all outputs of the statement together, so that those over one shuffle are written in one pass. */
typedef struct CopyItem {
  Str name;
  Dataset *dataset; /* a reference that the call takes over (and drops as soon as it is written) */
} CopyItem;
typedef struct CopySpec {
  Str adapter;
  Position adapter_pos;
  const ParamValue *params;
  size_t param_count;
  const Str *columns; /* NULL: all */
  size_t column_count;
  Value path;
  Position path_pos;
} CopySpec;
DcCode dataset_copy(Engine *engine, CopyItem *items, size_t count, const CopySpec *spec, DcError *err) DC_MUST_CHECK;

/* EXEC: one statement that a database runs. */
typedef struct ExecSpec {
  Str adapter;
  Position adapter_pos;
  const ParamValue *params;
  size_t param_count;
  Value statement;
  Position statement_pos;
  const Value *values; /* bound to its parameters, in order */
  size_t value_count;
  Position values_pos;
} ExecSpec;
/* *affected: how many rows it has changed, -1: nobody knows. */
DcCode system_execute(Engine *engine, const ExecSpec *spec, int64_t *affected, DcError *err) DC_MUST_CHECK;

/* SPLIT: a family of datasets, one for every combination of values that occurs, known only after a run. The session
   keeps the family until something mentions one of its names; family_copy writes it in one pass without storing it. */
typedef struct Family Family;
DcCode dataset_split(Engine *engine, Dataset *in, EvalContext *cx, const SelectItem *by, size_t by_count, Str prefix, uint32_t partitions, Family **out, DcError *err) DC_MUST_CHECK;
/* COPY "prefix" * of exactly this family and nothing else; takes the family over. */
DcCode family_copy(Engine *engine, Family *family, const CopySpec *spec, DcError *err) DC_MUST_CHECK;
/* Run it: names (prefix + value1/value2/…, made safe for paths) and datasets, in order of first occurrence. Takes the
   family over. */
DcCode family_datasets(Engine *engine, Family *family, Arena *arena, Str **names, Dataset ***datasets, size_t *count, DcError *err) DC_MUST_CHECK;
void family_free(Family *family);

/* EXPLAIN: the plan of a dataset, one node a line. */
void dataset_explain(const Dataset *dataset, Buf *out);

/* The adapters, for --adapters, SHOW and check: catalog-like rows. */
typedef struct Adapter {
  const char *name;
  const char *doc, *example;
  bool reads, writes;
  const Parameter *params; /* its own */
  size_t param_count;
} Adapter;
size_t adapter_count(void);
const Adapter *adapter_at(size_t index);
/* The parameters that it has in common with other adapters of files. */
const Parameter *adapter_shared(const Adapter *adapter, size_t *count);
/* Of paths elsewhere (io/remote.h): the same for all adapters of files. */
const Parameter *adapter_remote(const Adapter *adapter, size_t *count);

#endif
