/* view.h - rows on their way through a fused pass: a run of a batch's rows, which of its columns they show, and columns
 * that were computed. A view lives in its worker's scratch arena until the next chunk; it owns nothing. */
#ifndef ENGINE_VIEW_H
#define ENGINE_VIEW_H

#include "engine/program.h"
#include "value/batch.h"

enum { CHUNK_ROWS = 2048 }; /* rows evaluated at a time: their text and vectors stay in the inner caches */

typedef enum VectorKind { VEC_NULL, VEC_BOOL, VEC_INT, VEC_DOUBLE, VEC_STR, VEC_ANY } VectorKind;

/* One value a row. constant: one value for all rows (arrays have one entry). */
typedef struct Vector {
  VectorKind kind;
  bool constant;
  const uint8_t *nulls; /* one byte a row, 1 = NULL; NULL pointer: no NULLs. Not used by VEC_NULL, VEC_ANY */
  union {
    const uint8_t *bools;
    const int64_t *ints;
    const double *doubles;
    const Str *strs;
    const Value *values;
  } as;
} Vector;

static inline bool vector_is_null(const Vector *vector, uint32_t i) {
  if (vector->constant) i = 0;
  if (vector->kind == VEC_NULL) return true;
  if (vector->kind == VEC_ANY) return vector->as.values[i].type == TYPE_NULL;
  return vector->nulls && vector->nulls[i];
}
Value vector_value(const Vector *vector, uint32_t i);
/* Values, of one type if they can be told as such: for those there are kernels. The values are borrowed. */
Vector vector_typed(Arena *arena, const Value *values, uint32_t n);

struct Worker;

/* Columns of other rows than the view's own, such as a join's partners; fetched when something asks for them. */
typedef struct Gather {
  void (*fetch)(struct Worker *worker, const struct Gather *gather, uint32_t column, uint32_t n, Vector *out);
  const void *self;
  const uint64_t *refs; /* which row, for each row of the view; what they mean is fetch's business */
} Gather;

typedef struct ViewColumn {
  int batch_column;     /* -1: vector, or column gather_column of gather */
  const Vector *vector; /* computed, or fetched from the batch already; NULL: not yet */
  const Gather *gather;
  uint32_t gather_column;
} ViewColumn;

typedef enum KeySource { KEY_OF_BATCH, KEY_VECTOR } KeySource;

typedef struct View View;
struct View {
  const Batch *batch;
  const uint32_t *rows; /* NULL: first … first + n - 1 */
  uint32_t first, n;
  ViewColumn *columns;
  uint32_t column_count;
  const Schema *schema; /* of the records as they are now; NULL: nobody asks for names */
  struct View *before;   /* the view before its first projection, for the default key; NULL: this one */
  bool whole;           /* the columns are all of the batch's, in order: rows can be moved as they are */
  KeySource key_source; /* KEY_OF_BATCH: the batch's key column, or the default key if it has none */
  const Vector *key;
  uint8_t *bad;         /* rows to drop (bad records skipped or captured); NULL: none */
};

static inline uint32_t view_row(const View *view, uint32_t i) { return view->rows ? view->rows[i] : view->first + i; }
static inline uint64_t view_origin(const View *view, uint32_t i) { return batch_origin(view->batch, view_row(view, i)); }

/* A worker's state for evaluation. */
typedef struct Worker {
  struct Engine *engine;
  int number;
  Arena scratch; /* reset after each chunk */
  EvalContext eval;
  DcError err;
  uint64_t error_seq; /* morsel that failed */
  uint64_t rows_in, bytes_in;
} Worker;

/* The rows [first, first + n) of a batch with all its columns. */
void view_of_batch(Worker *worker, View *view, const Batch *batch, uint32_t first, uint32_t n, uint32_t column_count);
/* Keep only rows with keep[i] != 0; vectors are compacted. */
void view_filter(Worker *worker, View *view, const uint8_t *keep);
/* Rows picked[0 … n) of the view, in that order, repeats allowed. */
void view_pick(Worker *worker, View *view, const uint32_t *picked, uint32_t n);
/* The vector of a column, fetched from the batch when needed. */
const Vector *view_column(Worker *worker, View *view, uint32_t column);
/* Fetch several columns at once (ascending or not): cheaper for text. */
void view_fetch(Worker *worker, View *view, const int *columns, size_t count);
/* Fetch what bound expressions are going to need; NULL expressions are passed over. */
void view_fetch_for(Worker *worker, View *view, const Expr *const *exprs, size_t count);
/* The keys of all rows, as view_key gives them. */
const Vector *view_keys(Worker *worker, View *view);
/* The record of row i as a value: PlainText its text, Columnar an OBJECT flagged VALUE_RECORD, Structured an OBJECT. */
Value view_object(Worker *worker, View *view, uint32_t i);
/* Value of the key of row i: given, or the default key (hash of the record). */
Value view_key(Worker *worker, View *view, uint32_t i);

/* The record of one row of a view, as functions see it. */
typedef struct RowRecord {
  Worker *worker;
  View *view;
  uint32_t row;
} RowRecord;
RecordView row_record(RowRecord *record);

/* Evaluate a bound expression for all rows of the view. Bad records are handled by the engine's policy. */
DcCode vector_eval(Worker *worker, const Program *program, const Expr *expr, View *view, Vector *out) DC_MUST_CHECK;
/* Rows where the vector is TRUE (or the text true): keep[i] = 0 or 1; returns how many. */
uint32_t vector_truth(const Vector *vector, uint32_t n, uint8_t *keep);

/* A record could not be evaluated: err says why. By policy: DC_OK (the caller puts NULL; the row may be marked for
   dropping), or the failure with its record position, in worker->err. Clears err when it is forgiven. */
DcCode view_bad_row(Worker *worker, const Expr *expr, View *view, uint32_t i, DcError *err) DC_MUST_CHECK;

#endif
