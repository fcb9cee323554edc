/* read.c - the rows of a partition as a stream of batches; each stream has a connection. While the program works on a batch, the next
 * one is fetched.
 */
#include "odbc/odbc.h"

enum { BLOCK_ROWS = 1000, FETCH_ROWS = 100, BLOCK_BYTES = 4 << 20, BATCH_BYTES = 8 << 20 };

typedef struct OdbcReader {
  SqlStream base;
  Link *link;
  SQLHSTMT statement;
  char *text;          /* NULL: it has been run */
  OdbcCell *cells;
  uint32_t *order;     /* the cells by their numbers in the result, as some drivers give values in that order only */
  uint32_t block;
  OdbcCursor cursor;
  bool by_row;         /* values are fetched one by one: the driver cannot give the rest of a long one within a block */
  bool prepared, ended, started;
  SQLULEN fetched;
  SQLUSMALLINT *row_status;
  uint64_t rows;       /* given so far */
  struct ArrowArray ready;
} OdbcReader;

/* --- The statement --- */

/* Appends "a, b", or 1 where no column is asked for. */
static void put_columns(const SystemPlan *plan, const OdbcReader *reader, Bytes *out) {
  for (uint32_t i = 0; i < reader->base.count; i++) {
    if (i) sql_put(out, ", ");
    odbc_put_name(plan->system, out, reader->cells[i].column.name);
  }
  if (!reader->base.count) sql_put(out, "1");
}

/* A query runs as it is; a table's columns are named; ranges stand around both. */
static char *make_text(const SystemPlan *plan, uint32_t partition, const OdbcReader *reader) {
  Bytes text = {0};
  if (!plan->query || plan->key) {
    sql_put(&text, "SELECT ");
    put_columns(plan, reader, &text);
    sql_put(&text, " FROM ");
    sql_putf(&text, plan->query ? "(%s) dcetl_rows" : "%s", plan->from);
  } else {
    sql_put(&text, plan->from);
  }
  const OdbcRange *range = plan->key ? &plan->ranges[partition] : NULL;
  if (range && range->none) sql_put(&text, " WHERE 1 = 0");
  if (range && range->from) sql_putf(&text, " WHERE %s >= %s", plan->key, range->from);
  if (range && range->to) sql_putf(&text, range->from ? " AND %s < %s" : " WHERE (%s < %s", plan->key, range->to);
  if (range && range->to && !range->from) sql_putf(&text, " OR %s IS NULL)", plan->key);
  return (char *)sql_text(&text);
}

/* Can the driver give the rest of a value that did not fit into its block? */
static bool gives_rest(const System *system) {
  const SQLUINTEGER wanted = SQL_GD_BLOCK | SQL_GD_BOUND;
  return !system->quirks->no_rest && (system->get_data & wanted) == wanted;
}

/* How many rows a block has, and whether there are blocks at all. */
static void size_block(OdbcReader *reader) {
  const System *system = reader->link->system;
  size_t row = 1, most = system->batch ? system->batch : BLOCK_ROWS;
  for (uint32_t i = 0; i < reader->base.count; i++) row += reader->cells[i].width + sizeof(SQLLEN);
  if (most > BLOCK_BYTES / row) most = BLOCK_BYTES / row ? BLOCK_BYTES / row : 1;
  if (most > reader->base.max_rows) most = reader->base.max_rows;
  reader->block = reader->by_row ? 1 : (uint32_t)most;
}

static int bind_cells(OdbcReader *reader, TableError *error) {
  SQLHSTMT statement = reader->statement;
  Link *link = reader->link;
  reader->row_status = calloc(reader->block, sizeof *reader->row_status);
  bool good = reader->row_status != NULL;
  for (uint32_t i = 0; i < reader->base.count && good; i++) {
    OdbcCell *cell = &reader->cells[i];
    cell->buffer = calloc(reader->block, cell->width);
    cell->lengths = calloc(reader->block, sizeof *cell->lengths);
    good = cell->buffer && cell->lengths;
  }
  if (!good) return MODULE_FAIL(error, "no memory left for rows");
  if (reader->by_row) return 0;
  SQLSetStmtAttr(statement, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)SQL_BIND_BY_COLUMN, 0);
  if (!SQL_SUCCEEDED(SQLSetStmtAttr(statement, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)(uintptr_t)reader->block, 0)) ||
      !SQL_SUCCEEDED(SQLSetStmtAttr(statement, SQL_ATTR_ROWS_FETCHED_PTR, &reader->fetched, 0)) ||
      !SQL_SUCCEEDED(SQLSetStmtAttr(statement, SQL_ATTR_ROW_STATUS_PTR, reader->row_status, 0)))
    return odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
  for (uint32_t i = 0; i < reader->base.count; i++) {
    OdbcCell *cell = &reader->cells[i];
    if (!SQL_SUCCEEDED(SQLBindCol(statement, cell->number, cell->c_type, cell->buffer, (SQLLEN)cell->width, cell->lengths)))
      return odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
  }
  return 0;
}

static int start(OdbcReader *reader, TableError *error) {
  reader->prepared = true;
  size_block(reader);
  if (!reader->statement) {
    if (odbc_statement(reader->link, &reader->statement, error) != 0) return -1;
    SQLSetStmtAttr(reader->statement, SQL_ATTR_CURSOR_TYPE, (SQLPOINTER)SQL_CURSOR_FORWARD_ONLY, 0);
    SQLSetStmtAttr(reader->statement, SQL_ATTR_CONCURRENCY, (SQLPOINTER)SQL_CONCUR_READ_ONLY, 0);
    if (reader->link->system->quirks->cursor) {
      uint32_t most = reader->block > FETCH_ROWS ? reader->block : FETCH_ROWS;
      return bind_cells(reader, error) != 0 ? -1 : odbc_cursor_open(reader->link, reader->statement, reader->text, most, &reader->cursor, error);
    }
    if (odbc_prepare(reader->link, reader->statement, reader->text, error) != 0 || bind_cells(reader, error) != 0) return -1;
    return odbc_execute(reader->link, reader->statement, error);
  }
  return bind_cells(reader, error);
}

/* --- Rows --- */

static int take_row(OdbcReader *reader, SQLULEN row, TableError *error) {
  if (!reader->by_row && reader->row_status[row] == SQL_ROW_ERROR) return odbc_failed(reader->link, SQL_HANDLE_STMT, reader->statement, "", error);
  for (uint32_t i = 0; i < reader->base.count; i++) {
    TableError one = {.text = ""};
    OdbcCell *cell = &reader->cells[reader->order[i]];
    if (odbc_cell_take(reader->link, reader->statement, cell, row, reader->by_row, &one) == 0) continue;
    if (one.hint[0]) MODULE_HINT(error, "%s", one.hint);
    return MODULE_FAIL(error, "row %llu, column '%s': %s", (unsigned long long)reader->rows + 1, cell->column.name, one.text);
  }
  reader->rows++;
  return 0;
}

static size_t bytes_so_far(const OdbcReader *reader) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < reader->base.count; i++) bytes += reader->base.columns[i].values.len;
  return bytes;
}

/* The next block; *rows: how many it had. */
static int next_block(OdbcReader *reader, SQLULEN *rows, TableError *error) {
  SQLRETURN answer;
  *rows = 0;
  if (odbc_fetch(reader->link, reader->statement, &answer, error) != 0) return -1;
  if (answer == SQL_NO_DATA) {
    bool more = false;
    if (odbc_cursor_next(reader->link, reader->statement, &reader->cursor, &more, error) != 0) return -1;
    reader->ended = !more;
    return 0;
  }
  *rows = reader->by_row ? 1 : reader->fetched;
  reader->cursor.rows += *rows;
  for (SQLULEN i = 0; i < *rows; i++)
    if (take_row(reader, i, error) != 0) return -1;
  return 0;
}

/* A job: fetches the next batch. */
static int fill(void *self, TableError *error) {
  OdbcReader *reader = self;
  SQLULEN rows = 0, got;
  if (!reader->prepared && start(reader, error) != 0) return -1;
  while (!reader->ended && rows + reader->block <= reader->base.max_rows && bytes_so_far(reader) < BATCH_BYTES) {
    if (next_block(reader, &got, error) != 0) return -1;
    rows += got;
  }
  if (!rows) return 0;
  return sql_columns_finish(reader->base.columns, reader->base.count, (int64_t)rows, &reader->ready) == 0 ? 0 : MODULE_FAIL(error, "no memory left for rows");
}

/* A job: nothing is left open. */
static int finish(void *self, TableError *error) {
  OdbcReader *reader = self;
  odbc_statement_free(reader->link, &reader->statement);
  return odbc_cursor_close(reader->link, &reader->cursor, error);
}

/* --- The stream --- */

static int fetch(SqlStream *base, struct ArrowArray *out) {
  OdbcReader *reader = (OdbcReader *)base;
  if (!reader->link) return 0;
  if (!reader->started) link_start(reader->link, fill, reader);
  reader->started = true;
  if (link_wait(reader->link, &base->error) != 0) {
    if (reader->link->lost) return -1; /* its thread still uses the reader */
    link_close(reader->link);
    reader->link = NULL;
    return -1;
  }
  *out = reader->ready;
  reader->ready.release = NULL;
  if (out->release) {
    link_start(reader->link, fill, reader);
    return 0;
  }
  if (link_run(reader->link, finish, reader, &base->error) != 0) return -1;
  link_done(reader->link);
  reader->link = NULL;
  return 0;
}

static void close_stream(SqlStream *base) {
  OdbcReader *reader = (OdbcReader *)base;
  if (reader->link && reader->link->lost) return; /* its thread still uses the reader */
  if (reader->link && !link_stop(reader->link)) return;
  link_close(reader->link);
  for (uint32_t i = 0; reader->cells && i < reader->base.count; i++) {
    OdbcCell *cell = &reader->cells[i];
    free(cell->column.name);
    free(cell->buffer);
    free(cell->lengths);
  }
  if (reader->ready.release) reader->ready.release(&reader->ready);
  free(reader->cells);
  free(reader->order);
  free(reader->row_status);
  free(reader->text);
  sql_stream_free(base);
}

static int add_cell(OdbcReader *reader, const SystemPlan *plan, uint32_t at) {
  const OdbcColumn *column = &plan->columns[reader->base.places[at]];
  uint32_t place = at;
  OdbcCell *cell = &reader->cells[at];
  if (!odbc_cell_init(cell, column, gives_rest(plan->system), plan->system->utf8)) reader->by_row = true;
  cell->column.name = strdup(column->name);
  cell->number = (SQLUSMALLINT)((!plan->query || plan->key ? at : reader->base.places[at]) + 1);
  cell->out = &reader->base.columns[at];
  for (; place && reader->cells[reader->order[place - 1]].number > cell->number; place--) reader->order[place] = reader->order[place - 1];
  reader->order[place] = at;
  return cell->column.name ? 0 : -1;
}

int odbc_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  OdbcReader *reader = calloc(1, sizeof *reader);
  if (!reader) return SQL_NO_MEMORY(error);
  reader->base = (SqlStream){.fetch = fetch, .close = close_stream, .max_rows = max_rows ? max_rows : 1};
  int status = sql_stream_choose(&reader->base, &plan->fields, columns, error);
  reader->cells = calloc((size_t)reader->base.count + 1, sizeof *reader->cells);
  reader->order = calloc((size_t)reader->base.count + 1, sizeof *reader->order);
  if (!reader->cells || !reader->order) status = -1;
  for (uint32_t i = 0; i < reader->base.count && status == 0; i++) status = add_cell(reader, plan, i);
  if (status == 0) status = (reader->text = make_text(plan, partition, reader)) ? 0 : -1;
  if (status != 0) SQL_NO_MEMORY(error);
  if (status == 0 && plan->held) {
    reader->link = plan->held;
    reader->statement = plan->held_statement;
    plan->held = NULL;
  } else if (status == 0) {
    status = link_open(plan->system, false, &reader->link, error);
  }
  if (status == 0) sql_stream_give(&reader->base, out);
  else close_stream(&reader->base);
  return status;
}
