/* read.c - the rows of a partition as a stream of Arrow arrays. */
#include <errno.h>
#include <pthread.h>

#include "sqlite.h"

enum { MOST_BYTES = 4 << 20 };

typedef struct Rows {
  const SystemPlan *plan;
  Connection *connection;
  sqlite3_stmt *rows;
  const PlanColumn **chosen;
  SqlColumn *columns;
  uint32_t count, most_rows;
  int64_t row;
  bool ended;
  Bytes scratch;
  TableError error;
  char text[sizeof(TableError) + 2]; /* the error with its way out in a second line */
} Rows;

/* --- Connections --- */

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

/* All partitions' transactions begin one right after the other: no commit of another program falls between, as each keeps a lock
   (in WAL mode it may, within these milliseconds). */
static int begin_all(SystemPlan *plan, TableError *error) {
  int result = 0;
  plan->readers = calloc(plan->partitions, sizeof *plan->readers);
  if (!plan->readers) return no_memory(error);
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

static void free_rows(Rows *rows) {
  sqlite3_finalize(rows->rows);
  connection_close(rows->connection);
  for (uint32_t i = 0; rows->columns && i < rows->count; i++) sql_column_free(&rows->columns[i]);
  free(rows->columns);
  free(rows->chosen);
  bytes_free(&rows->scratch);
  free(rows);
}

static int misfit(Rows *rows, uint32_t i) {
  const PlanColumn *column = rows->chosen[i];
  Bytes shown = {0};
  value_shown(rows->rows, (int)i, &shown);
  const char *text = sql_text(&shown);
  MODULE_FAIL(&rows->error, "row %lld, column \"%s\": %s is not what %s%s", (long long)rows->row + 1, column->name, text ? text : "the value",
              column->declaration[0] ? "the column is declared as: " : "the rows before it have", column->declaration);
  MODULE_HINT(&rows->error, "a query reads it as text: FROM 'SELECT CAST(\"%s\" AS TEXT) AS \"%s\" … FROM …'", column->name, column->name);
  bytes_free(&shown);
  return -1;
}

static int put_row(Rows *rows, size_t *bytes) {
  for (uint32_t i = 0; i < rows->count; i++) {
    SqlColumn *column = &rows->columns[i];
    if (!declared_put(&rows->chosen[i]->type, rows->rows, (int)i, column, &rows->scratch)) return misfit(rows, i);
    if (column->width == 0) *bytes += (size_t)sqlite3_column_bytes(rows->rows, (int)i);
  }
  rows->row++;
  return 0;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  Rows *rows = stream->private_data;
  if (sql_schema(out, rows->count) != 0) return ENOMEM;
  for (uint32_t i = 0; i < rows->count; i++) {
    if (sql_schema_field(out, i, rows->chosen[i]->name, rows->chosen[i]->type.format) == 0) continue;
    out->release(out);
    return ENOMEM;
  }
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  Rows *rows = stream->private_data;
  size_t bytes = 0;
  uint32_t count = 0;
  *out = (struct ArrowArray){.release = NULL};
  while (!rows->ended && count < rows->most_rows && bytes < MOST_BYTES) {
    int step = sqlite3_step(rows->rows);
    if (step == SQLITE_ROW && put_row(rows, &bytes) != 0) return EINVAL;
    if (step == SQLITE_ROW) count++;
    else if (step == SQLITE_DONE) rows->ended = true;
    else {
      connection_failed(rows->connection, &rows->error);
      return EIO;
    }
  }
  if (!count) return 0;
  if (sql_columns_finish(rows->columns, rows->count, count, out) == 0) return 0;
  no_memory(&rows->error);
  return ENOMEM;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  Rows *rows = stream->private_data;
  snprintf(rows->text, sizeof rows->text, "%s%s%s", rows->error.text, rows->error.hint[0] ? "\n" : "", rows->error.hint);
  return rows->text;
}

static void release(struct ArrowArrayStream *stream) {
  free_rows(stream->private_data);
  stream->release = NULL;
}

/* --- Opening --- */

static int choose(Rows *rows, const uint8_t *marks, TableError *error) {
  const SystemPlan *plan = rows->plan;
  rows->chosen = calloc((size_t)plan->count + 1, sizeof *rows->chosen);
  rows->columns = calloc((size_t)plan->count + 1, sizeof *rows->columns);
  if (!rows->chosen || !rows->columns) return no_memory(error);
  for (uint32_t i = 0; i < plan->count; i++) {
    if (marks && !marks[i]) continue;
    sql_column_init(&rows->columns[rows->count], plan->columns[i].type.format);
    rows->chosen[rows->count++] = &plan->columns[i];
  }
  return 0;
}

static int select_rows(Rows *rows, uint32_t partition, TableError *error) {
  const SystemPlan *plan = rows->plan;
  Bytes text = {0};
  sql_put(&text, "SELECT ");
  for (uint32_t i = 0; i < rows->count; i++) {
    if (i) sql_put(&text, ", ");
    sql_put_name(&text, rows->chosen[i]->name, '"');
  }
  sql_put(&text, " FROM ");
  bytes_put(&text, plan->source.data, plan->source.len);
  put_range(plan, partition, &text);
  if (connection_prepare(rows->connection, &text, &rows->rows, error) != 0) return -1;
  return bind_range(plan, partition, rows->rows) == SQLITE_OK ? 0 : connection_failed(rows->connection, error);
}

int sqlite_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  Rows *rows = calloc(1, sizeof *rows);
  if (!rows) return no_memory(error);
  rows->plan = plan;
  rows->most_rows = max_rows;
  int result = take_connection(plan, partition, &rows->connection, error);
  if (result == 0) result = choose(rows, columns, error);
  if (result == 0) result = select_rows(rows, partition, error);
  if (result == 0) *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release, rows};
  else free_rows(rows);
  return result;
}
