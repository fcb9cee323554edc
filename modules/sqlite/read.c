/* read.c - the rows of a partition as a stream of Arrow arrays. */
#include <pthread.h>

#include "sqlite.h"

enum { MOST_BYTES = 4 << 20 };

typedef struct Rows {
  SqlStream base;
  const SystemPlan *plan;
  Connection *connection;
  sqlite3_stmt *rows;
  int64_t row;
  bool ended;
  Bytes scratch;
} Rows;

/* --- Connections --- */

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

/* All partitions' transactions begin one right after the other: no commit of another program falls between, as each keeps a lock
   (in WAL mode it may, within these milliseconds). */
static int begin_all(SystemPlan *plan, TableError *error) {
  int result = 0;
  plan->readers = calloc(plan->partitions, sizeof *plan->readers);
  if (!plan->readers) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < plan->partitions && result == 0; i++) {
    result = connection_open(plan->system, SQLITE_OPEN_READONLY, &plan->readers[i], error);
    if (result == 0) result = connection_run(plan->readers[i], "BEGIN; SELECT 1 FROM sqlite_master LIMIT 1", error);
  }
  return result;
}

static int take_connection(SystemPlan *plan, uint32_t partition, Connection **out, TableError *error) {
  if (plan->partitions == 1) return connection_open(plan->system, SQLITE_OPEN_READONLY, out, error);
  pthread_mutex_lock(&opening);
  int result = plan->readers ? 0 : begin_all(plan, error);
  if (result == 0 && plan->readers[partition]) {
    *out = plan->readers[partition];
    plan->readers[partition] = NULL;
  } else if (result == 0) {
    result = connection_open(plan->system, SQLITE_OPEN_READONLY, out, error);
  }
  pthread_mutex_unlock(&opening);
  return result;
}

/* --- The stream --- */

static void close_stream(SqlStream *stream) {
  Rows *rows = (Rows *)stream;
  sqlite3_finalize(rows->rows);
  connection_close(rows->connection);
  bytes_free(&rows->scratch);
  sql_stream_free(stream);
}

static const PlanColumn *column_of(const Rows *rows, uint32_t i) { return &rows->plan->columns[rows->base.places[i]]; }

static int misfit(Rows *rows, uint32_t i) {
  const PlanColumn *column = column_of(rows, i);
  Bytes shown = {0};
  value_shown(rows->rows, (int)i, &shown);
  const char *text = sql_text(&shown);
  MODULE_FAIL(&rows->base.error, "row %lld, column \"%s\": %s is not what %s%s", (long long)rows->row + 1, column->name, text ? text : "the value",
              column->declaration[0] ? "the column is declared as: " : "the rows before it have", column->declaration);
  MODULE_HINT(&rows->base.error, "a query reads it as text: FROM 'SELECT CAST(\"%s\" AS TEXT) AS \"%s\" … FROM …'", column->name, column->name);
  bytes_free(&shown);
  return -1;
}

static int put_row(Rows *rows, size_t *bytes) {
  for (uint32_t i = 0; i < rows->base.count; i++) {
    SqlColumn *column = &rows->base.columns[i];
    if (!declared_put(&column_of(rows, i)->type, rows->rows, (int)i, column, &rows->scratch)) return misfit(rows, i);
    if (column->width == 0) *bytes += (size_t)sqlite3_column_bytes(rows->rows, (int)i);
  }
  rows->row++;
  return 0;
}

static int fetch(SqlStream *stream, struct ArrowArray *out) {
  Rows *rows = (Rows *)stream;
  size_t bytes = 0;
  uint32_t count = 0;
  while (!rows->ended && count < stream->max_rows && bytes < MOST_BYTES) {
    int step = sqlite3_step(rows->rows);
    if (step == SQLITE_ROW && put_row(rows, &bytes) != 0) return -1;
    if (step == SQLITE_ROW) count++;
    else if (step == SQLITE_DONE) rows->ended = true;
    else return connection_failed(rows->connection, &stream->error);
  }
  return sql_stream_finish(stream, count, out);
}

/* --- Opening --- */

static int select_rows(Rows *rows, uint32_t partition, TableError *error) {
  const SystemPlan *plan = rows->plan;
  Bytes text = {0};
  sql_put(&text, "SELECT ");
  for (uint32_t i = 0; i < rows->base.count; i++) {
    if (i) sql_put(&text, ", ");
    sql_put_name(&text, column_of(rows, i)->name, '"');
  }
  sql_put(&text, " FROM ");
  bytes_put(&text, plan->source.data, plan->source.len);
  put_range(plan, partition, &text);
  if (connection_prepare(rows->connection, &text, &rows->rows, error) != 0) return -1;
  return bind_range(plan, partition, rows->rows) == SQLITE_OK ? 0 : connection_failed(rows->connection, error);
}

int sqlite_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  Rows *rows = calloc(1, sizeof *rows);
  if (!rows) return SQL_NO_MEMORY(error);
  *rows = (Rows){.base = {.fetch = fetch, .close = close_stream, .max_rows = max_rows}, .plan = plan};
  int result = take_connection(plan, partition, &rows->connection, error);
  if (result == 0) result = sql_stream_choose(&rows->base, &plan->fields, columns, error);
  if (result == 0) result = select_rows(rows, partition, error);
  if (result == 0) sql_stream_give(&rows->base, out);
  else close_stream(&rows->base);
  return result;
}
