/* window.h - window functions, from the plan to the columns; for the window_*.c files only.
 *
 * Calls with the same PARTITION BY and ORDER BY share one sort: of their arguments and the rows' numbers. The sorted rows
 * are kept (WindowRows), partitions of them are evaluated by all workers, and the results go by row number into buckets,
 * from where a last pass over the input takes them.
 */
#ifndef ENGINE_WINDOW_H
#define ENGINE_WINDOW_H

#include "engine/aggregate.h"
#include "engine/compute.h"

typedef enum WindowKind {
  WINDOW_ROW_NUMBER, WINDOW_RANK, WINDOW_DENSE_RANK, WINDOW_PERCENT_RANK, WINDOW_CUME_DIST, WINDOW_NTILE,
  WINDOW_LAG, WINDOW_LEAD, WINDOW_FIRST_VALUE, WINDOW_LAST_VALUE, WINDOW_NTH_VALUE, WINDOW_AGGREGATE,
} WindowKind;

typedef struct WindowFunction {
  const WindowCall *call;
  WindowKind kind;
  uint64_t from, to;  /* offsets of the frame */
  uint32_t column;    /* of its first argument in the sorted rows */
  uint32_t result;    /* its number among all calls of the node */
} WindowFunction;

/* Calls over the same order. */
typedef struct WindowSpec {
  const WindowCall *like;
  WindowFunction *functions;
  size_t count;
  const Expr **args; /* of all functions, one after another */
  uint32_t arg_count; /* the row's number is in the column behind them */
} WindowSpec;

/* --- window_rows.c: rows in the order of a spec --- */

typedef struct WindowPiece {
  uint64_t first, end;
  Batch *batch;         /* in memory: lent */
  const Run *run;       /* or on disk */
  const Extent *extent;
} WindowPiece;

typedef struct WindowRows {
  Engine *engine;
  Store *store;
  uint64_t count;
  uint64_t *partitions, *peers; /* a bit for each row: something begins with it */
  size_t words;
  WindowPiece *pieces;
  size_t piece_count;
} WindowRows;

/* The rows of input, numbered and sorted. */
DcCode window_rows_make(WindowRows *rows, Dataset *node, Dataset *input, const WindowSpec *spec, DcError *err) DC_MUST_CHECK;
void window_rows_free(WindowRows *rows);
/* The first row at or behind `row` whose bit is set; count if there is none. */
uint64_t window_next(const WindowRows *rows, const uint64_t *bits, uint64_t row);

/* A place in sorted rows that mostly moves forward. All-zero but for rows. */
typedef struct WindowCursor {
  const WindowRows *rows;
  Batch *batch;
  uint64_t first, end;
} WindowCursor;
/* The value of a column; text lives until the cursor moves or is closed, arrays and objects in arena. */
DcCode window_value(WindowCursor *cursor, uint32_t column, uint64_t row, Arena *arena, Value *out, DcError *err) DC_MUST_CHECK;
void window_cursor_close(WindowCursor *cursor);

/* --- window_eval.c: the functions over partitions --- */

typedef struct WindowState WindowState; /* of a function */
DcCode window_state_new(const WindowFunction *function, const WindowRows *rows, WindowState **out, DcError *err) DC_MUST_CHECK;
void window_state_free(WindowState *state); /* NULL is fine */
/* Results for rows [from, to), which begin where the last call ended or with a partition. */
DcCode window_state_run(WindowState *state, uint64_t from, uint64_t to, ColumnBuilder *out, DcError *err) DC_MUST_CHECK;

/* --- window_frame.c: values of sliding frames --- */

/* The least or greatest value of a frame whose ends move forward. All-zero but for greatest. */
typedef struct WindowExtreme {
  bool greatest;
  struct WindowCandidate *items;
  size_t first, count, cap;
} WindowExtreme;
void window_extreme_add(WindowExtreme *extreme, uint64_t row, Value value);
/* Forgets what lies before row; the value is lent until the next call. */
Value window_extreme_get(WindowExtreme *extreme, uint64_t row);
void window_extreme_reset(WindowExtreme *extreme);
void window_extreme_free(WindowExtreme *extreme);

#endif
