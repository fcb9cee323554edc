/* read.c - rows of a partition as a stream of Arrow arrays: a prepared statement, whose rows come in the binary protocol (numbers need no
 * text, and floats keep all their digits) one after another, not stored first.
 */
#include "mysql.h"

enum { MOST_BATCH_BYTES = 4 << 20, FIRST_ROOM = 256 };

/* Where a value lands. */
typedef struct Cell {
  union {
    char number[8];
    MYSQL_TIME moment;
  } as;
  Bytes text;
  unsigned long len;
  my_bool null, cut;
} Cell;

typedef struct Stream {
  SqlStream base;
  SystemPlan *plan;
  MYSQL *connection;
  MYSQL_STMT *statement;
  MYSQL_BIND *binds;      /* of the result's fields */
  Cell *cells;
  uint32_t result_count;
  bool ended;
  uint64_t row;
  size_t bytes;
} Stream;

static const MyColumn *type_of(const Stream *in, uint32_t i) { return &in->plan->columns[in->base.places[i]]; }

/* Of a column asked for, in the result. */
static uint32_t place_of(const Stream *in, uint32_t i) { return in->plan->query ? in->base.places[i] : i; }

/* --- Values --- */

static int fail_value(Stream *in, uint32_t i, const char *what, const char *hint) {
  MODULE_FAIL(&in->base.error, "row %llu, column \"%s\": %s", (unsigned long long)in->row + 1, type_of(in, i)->name, what);
  MODULE_HINT(&in->base.error, "%s, in a query", hint);
  return -1;
}

static int put_moment(Stream *in, uint32_t i, const MYSQL_TIME *at) {
  int64_t seconds = (int64_t)at->hour * 3600 + at->minute * 60 + at->second, micros = seconds * 1000000 + (int64_t)at->second_part;
  MyForm form = type_of(in, i)->form;
  if (form == MY_TIME) {
    if (at->neg || at->day || at->hour > 23) return fail_value(in, i, "no time of a day", "read it as text, CAST(… AS CHAR)");
    sql_column_fixed(&in->base.columns[i], &micros);
    return 0;
  }
  if (!at->month || !at->day) return fail_value(in, i, "0000-00-00 (or a part of it) is no date", "read it as text, CAST(… AS CHAR), or as NULL, NULLIF(…, 0)");
  int64_t days = sql_days(at->year, at->month, at->day);
  int32_t date = (int32_t)days;
  micros += days * INT64_C(86400000000);
  if (form == MY_DATE) sql_column_fixed(&in->base.columns[i], &date);
  else sql_column_fixed(&in->base.columns[i], &micros);
  return 0;
}

/* Digits with a point: the scale of the type is that of the text. */
static int put_decimal(Stream *in, uint32_t i, const char *text, size_t len) {
  __int128 number = 0;
  int behind = -1;
  bool negative = len && *text == '-';
  for (size_t k = negative; k < len; k++) {
    if (text[k] == '.') behind = 0;
    else number = number * 10 + (text[k] - '0');
    behind += behind >= 0 && text[k] != '.';
  }
  for (int k = behind < 0 ? 0 : behind; k < type_of(in, i)->scale; k++) number *= 10;
  if (negative) number = -number;
  sql_column_fixed(&in->base.columns[i], &number);
  return 0;
}

/* Bits come as bytes, the highest first. */
static void put_bits(Stream *in, uint32_t i, const unsigned char *bytes, size_t len) {
  uint64_t number = 0;
  for (size_t k = 0; k < len; k++) number = number << 8 | bytes[k];
  uint8_t truth = number != 0;
  if (in->base.columns[i].width < 0) sql_column_fixed(&in->base.columns[i], &truth);
  else sql_column_fixed(&in->base.columns[i], &number);
}

/* The rest of a text that had no room. */
static int fetch_text(Stream *in, uint32_t place) {
  Cell *cell = &in->cells[place];
  MYSQL_BIND *bind = &in->binds[place];
  cell->text.len = 0;
  if (!bytes_reserve(&cell->text, cell->len)) return SQL_NO_MEMORY(&in->base.error);
  bind->buffer = cell->text.data;
  bind->buffer_length = cell->text.cap;
  if (mysql_stmt_fetch_column(in->statement, bind, place, 0) != 0) return my_fail_statement(in->plan->system, in->statement, &in->base.error);
  return mysql_stmt_bind_result(in->statement, in->binds) ? my_fail_statement(in->plan->system, in->statement, &in->base.error) : 0;
}

static int put_value(Stream *in, uint32_t i) {
  uint32_t place = place_of(in, i);
  Cell *cell = &in->cells[place];
  if (cell->null) {
    sql_column_null(&in->base.columns[i]);
    return 0;
  }
  MyForm form = type_of(in, i)->form;
  if (form == MY_INT || form == MY_FLOATING) {
    sql_column_fixed(&in->base.columns[i], cell->as.number);
    return 0;
  }
  if (form == MY_DATE || form == MY_TIME || form == MY_STAMP) return put_moment(in, i, &cell->as.moment);
  if (cell->len > cell->text.cap && fetch_text(in, place) < 0) return -1;
  in->bytes += cell->len;
  if (form == MY_DECIMAL) return put_decimal(in, i, (const char *)cell->text.data, cell->len);
  if (form == MY_BIT) put_bits(in, i, cell->text.data, cell->len);
  else sql_column_text(&in->base.columns[i], cell->text.data, cell->len);
  return 0;
}

/* --- Rows --- */

static int fetch_rows(Stream *in, uint32_t *rows) {
  while (*rows < in->base.max_rows && in->bytes < MOST_BATCH_BYTES && !in->ended) {
    int got = 1, status = mysql_stmt_fetch_start(&got, in->statement);
    while (status) status = mysql_stmt_fetch_cont(&got, in->statement, my_wait(in->plan->system, in->connection, status));
    if (got == 1) return my_fail_statement(in->plan->system, in->statement, &in->base.error);
    in->ended = got == MYSQL_NO_DATA;
    if (in->ended) break;
    for (uint32_t i = 0; i < in->base.count; i++)
      if (put_value(in, i) < 0) return -1;
    in->bytes += (size_t)in->base.count * 8;
    in->row++;
    ++*rows;
    if (*rows % 1024 == 0 && in->plan->system->host->stopped()) return MODULE_FAIL(&in->base.error, "interrupted");
  }
  return 0;
}

static enum enum_field_types bound_type(const MyColumn *column) {
  switch (column->form) {
    case MY_INT: case MY_FLOATING:
      if (column->type == MYSQL_TYPE_INT24) return MYSQL_TYPE_LONG;
      return column->type == MYSQL_TYPE_YEAR ? MYSQL_TYPE_SHORT : column->type;
    case MY_DATE: case MY_TIME: case MY_STAMP: return MYSQL_TYPE_DATETIME;
    case MY_TEXT: case MY_BYTES: case MY_DECIMAL: case MY_BIT: break;
  }
  return MYSQL_TYPE_STRING;
}

/* Columns of the result that nobody asked for have no room, and so are not copied. */
static int bind_result(Stream *in, TableError *error) {
  in->binds = calloc(in->result_count + 1, sizeof *in->binds);
  in->cells = calloc(in->result_count + 1, sizeof *in->cells);
  if (!in->binds || !in->cells) return SQL_NO_MEMORY(error);
  for (uint32_t k = 0; k < in->result_count; k++) {
    in->binds[k] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = in->cells[k].as.number, .length = &in->cells[k].len, .is_null = &in->cells[k].null, .error = &in->cells[k].cut};
  }
  for (uint32_t i = 0; i < in->base.count; i++) {
    MYSQL_BIND *bind = &in->binds[place_of(in, i)];
    Cell *cell = &in->cells[place_of(in, i)];
    bind->buffer_type = bound_type(type_of(in, i));
    bind->is_unsigned = type_of(in, i)->is_unsigned || type_of(in, i)->type == MYSQL_TYPE_YEAR;
    if (bind->buffer_type != MYSQL_TYPE_STRING) {
      bind->buffer = &cell->as;
      bind->buffer_length = sizeof cell->as;
    } else {
      if (!bytes_reserve(&cell->text, FIRST_ROOM)) return SQL_NO_MEMORY(error);
      bind->buffer = cell->text.data;
      bind->buffer_length = cell->text.cap;
    }
  }
  return mysql_stmt_bind_result(in->statement, in->binds) ? my_fail_statement(in->plan->system, in->statement, error) : 0;
}

/* --- The stream --- */

static int fetch(SqlStream *stream, struct ArrowArray *out) {
  Stream *in = (Stream *)stream;
  uint32_t rows = 0;
  in->bytes = 0;
  return fetch_rows(in, &rows) < 0 ? -1 : sql_stream_finish(stream, rows, out);
}

/* A statement that still gives rows would be read to its end by the library: its connection is cut first. */
static void close_stream(SqlStream *stream) {
  Stream *in = (Stream *)stream;
  bool busy = in->statement && !in->ended;
  if (busy) {
    my_end(in->plan->system, in->connection, true);
    mysql_stmt_close(in->statement);
  } else {
    my_finish(in->plan->system, in->connection, in->statement);
    my_end(in->plan->system, in->connection, false);
  }
  for (uint32_t k = 0; in->cells && k < in->result_count; k++) bytes_free(&in->cells[k].text);
  free(in->binds);
  free(in->cells);
  sql_stream_free(stream);
}

/* A table is asked for the columns that are needed only; a query runs as it is. */
static void put_statement(const Stream *in, const char *where, Bytes *out) {
  const SystemPlan *plan = in->plan;
  if (plan->query && !where) {
    sql_put(out, plan->query);
    return;
  }
  sql_put(out, "SELECT ");
  for (uint32_t i = 0; i < in->base.count && !plan->query; i++) {
    if (i) sql_put(out, ", ");
    sql_put_name(out, type_of(in, i)->name, '`');
  }
  if (plan->query) sql_put(out, "*");
  else if (!in->base.count) sql_put(out, "1");
  sql_putf(out, " FROM %s AS q%s%s", plan->source, where ? " WHERE " : "", where ? where : "");
}

static int begin_rows(Stream *in, const char *where, TableError *error) {
  Bytes text = {0};
  put_statement(in, where, &text);
  const char *statement = sql_text(&text);
  if (statement) in->statement = my_prepare(in->plan->system, in->connection, statement, error);
  bytes_free(&text);
  if (!in->statement) return statement ? -1 : SQL_NO_MEMORY(error);
  in->result_count = mysql_stmt_field_count(in->statement);
  uint32_t wanted = in->plan->query ? in->plan->fields.count : in->base.count ? in->base.count : 1;
  in->ended = true; /* there is nothing to cut off yet */
  if (in->result_count != wanted) return MODULE_FAIL(error, "the columns have changed since the script looked at them: run it again");
  in->ended = false;
  if (my_execute_prepared(in->plan->system, in->connection, in->statement, error) < 0) {
    in->ended = !in->plan->system->host->stopped(); /* what the server refused is at its end */
    return -1;
  }
  return bind_result(in, error);
}

int my_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  Stream *in = calloc(1, sizeof *in);
  char *where = NULL;
  if (!in) return SQL_NO_MEMORY(error);
  *in = (Stream){.base = {.fetch = fetch, .close = close_stream, .max_rows = max_rows}, .plan = plan};
  int status = sql_stream_choose(&in->base, &plan->fields, columns, error);
  if (status == 0) status = (in->connection = my_open_partition(plan, partition, &where, error)) ? 0 : -1;
  if (status == 0) status = begin_rows(in, where, error);
  free(where);
  if (status < 0) close_stream(&in->base);
  else sql_stream_give(&in->base, out);
  return status;
}
