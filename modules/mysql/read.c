/* read.c - rows of a partition as a stream of Arrow arrays: a prepared statement, whose rows come in the binary protocol (numbers need no
 * text, and floats keep all their digits) one after another, not stored first.
 */
#include <errno.h>

#include "mysql.h"

enum { MOST_BATCH_BYTES = 32 << 20, FIRST_ROOM = 256 };

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
  SystemPlan *plan;
  MYSQL *connection;
  MYSQL_STMT *statement;
  MYSQL_BIND *binds;      /* of the result's fields */
  Cell *cells;
  uint32_t result_count;
  uint32_t *places;       /* of a column asked for, in the result */
  const MyColumn **types; /* of the columns asked for */
  SqlColumn *columns;
  uint32_t count, max_rows;
  struct ArrowSchema schema;
  bool ended, failed;
  uint64_t row;
  size_t bytes;
  TableError error;
  char message[sizeof(TableError) + 2];
} Stream;

/* --- Values --- */

static int fail_value(Stream *in, uint32_t i, const char *what, const char *hint) {
  MODULE_FAIL(&in->error, "row %llu, column \"%s\": %s", (unsigned long long)in->row + 1, in->types[i]->name, what);
  MODULE_HINT(&in->error, "%s, in a query", hint);
  return -1;
}

/* Days since 1970-01-01, by the algorithm of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
static int64_t days_of(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
  int64_t of_year = (153 * (int64_t)(month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int put_moment(Stream *in, uint32_t i, const MYSQL_TIME *at) {
  int64_t seconds = (int64_t)at->hour * 3600 + at->minute * 60 + at->second, micros = seconds * 1000000 + (int64_t)at->second_part;
  MyForm form = in->types[i]->form;
  if (form == MY_TIME) {
    if (at->neg || at->day || at->hour > 23) return fail_value(in, i, "no time of a day", "read it as text, CAST(… AS CHAR)");
    sql_column_fixed(&in->columns[i], &micros);
    return 0;
  }
  if (!at->month || !at->day) return fail_value(in, i, "0000-00-00 (or a part of it) is no date", "read it as text, CAST(… AS CHAR), or as NULL, NULLIF(…, 0)");
  int64_t days = days_of(at->year, at->month, at->day);
  int32_t date = (int32_t)days;
  micros += days * INT64_C(86400000000);
  if (form == MY_DATE) sql_column_fixed(&in->columns[i], &date);
  else sql_column_fixed(&in->columns[i], &micros);
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
  for (int k = behind < 0 ? 0 : behind; k < in->types[i]->scale; k++) number *= 10;
  if (negative) number = -number;
  sql_column_fixed(&in->columns[i], &number);
  return 0;
}

/* Bits come as bytes, the highest first. */
static void put_bits(Stream *in, uint32_t i, const unsigned char *bytes, size_t len) {
  uint64_t number = 0;
  for (size_t k = 0; k < len; k++) number = number << 8 | bytes[k];
  uint8_t truth = number != 0;
  if (in->columns[i].width < 0) sql_column_fixed(&in->columns[i], &truth);
  else sql_column_fixed(&in->columns[i], &number);
}

/* The rest of a text that had no room. */
static int fetch_text(Stream *in, uint32_t place) {
  Cell *cell = &in->cells[place];
  MYSQL_BIND *bind = &in->binds[place];
  cell->text.len = 0;
  if (!bytes_reserve(&cell->text, cell->len)) return MY_NO_MEMORY(&in->error);
  bind->buffer = cell->text.data;
  bind->buffer_length = cell->text.cap;
  if (mysql_stmt_fetch_column(in->statement, bind, place, 0) != 0) return my_fail_statement(in->plan->system, in->statement, &in->error);
  return mysql_stmt_bind_result(in->statement, in->binds) ? my_fail_statement(in->plan->system, in->statement, &in->error) : 0;
}

static int put_value(Stream *in, uint32_t i) {
  uint32_t place = in->places[i];
  Cell *cell = &in->cells[place];
  if (cell->null) {
    sql_column_null(&in->columns[i]);
    return 0;
  }
  MyForm form = in->types[i]->form;
  if (form == MY_INT || form == MY_FLOATING) {
    sql_column_fixed(&in->columns[i], cell->as.number);
    return 0;
  }
  if (form == MY_DATE || form == MY_TIME || form == MY_STAMP) return put_moment(in, i, &cell->as.moment);
  if (cell->len > cell->text.cap && fetch_text(in, place) < 0) return -1;
  in->bytes += cell->len;
  if (form == MY_DECIMAL) return put_decimal(in, i, (const char *)cell->text.data, cell->len);
  if (form == MY_BIT) put_bits(in, i, cell->text.data, cell->len);
  else sql_column_text(&in->columns[i], cell->text.data, cell->len);
  return 0;
}

/* --- Rows --- */

static int fetch_rows(Stream *in, uint32_t *rows) {
  while (*rows < in->max_rows && in->bytes < MOST_BATCH_BYTES && !in->ended) {
    int got = 1, status = mysql_stmt_fetch_start(&got, in->statement);
    while (status) status = mysql_stmt_fetch_cont(&got, in->statement, my_wait(in->plan->system, in->connection, status));
    if (got == 1) return my_fail_statement(in->plan->system, in->statement, &in->error);
    in->ended = got == MYSQL_NO_DATA;
    if (in->ended) break;
    for (uint32_t i = 0; i < in->count; i++)
      if (put_value(in, i) < 0) return -1;
    in->bytes += (size_t)in->count * 8;
    in->row++;
    ++*rows;
    if (*rows % 1024 == 0 && in->plan->system->host->stopped()) return MODULE_FAIL(&in->error, "interrupted");
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
  if (!in->binds || !in->cells) return MY_NO_MEMORY(error);
  for (uint32_t k = 0; k < in->result_count; k++) {
    in->binds[k] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = in->cells[k].as.number, .length = &in->cells[k].len, .is_null = &in->cells[k].null, .error = &in->cells[k].cut};
  }
  for (uint32_t i = 0; i < in->count; i++) {
    MYSQL_BIND *bind = &in->binds[in->places[i]];
    Cell *cell = &in->cells[in->places[i]];
    bind->buffer_type = bound_type(in->types[i]);
    bind->is_unsigned = in->types[i]->is_unsigned || in->types[i]->type == MYSQL_TYPE_YEAR;
    if (bind->buffer_type != MYSQL_TYPE_STRING) {
      bind->buffer = &cell->as;
      bind->buffer_length = sizeof cell->as;
    } else {
      if (!bytes_reserve(&cell->text, FIRST_ROOM)) return MY_NO_MEMORY(error);
      bind->buffer = cell->text.data;
      bind->buffer_length = cell->text.cap;
    }
  }
  return mysql_stmt_bind_result(in->statement, in->binds) ? my_fail_statement(in->plan->system, in->statement, error) : 0;
}

/* --- The stream --- */

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  Stream *in = stream->private_data;
  if (!in->schema.release) return EINVAL;
  *out = in->schema;
  in->schema.release = NULL;
  return 0;
}

static const char *last_error(struct ArrowArrayStream *stream) {
  Stream *in = stream->private_data;
  snprintf(in->message, sizeof in->message, "%s%s%s", in->error.text, in->error.hint[0] ? "\n" : "", in->error.hint);
  return in->message;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  Stream *in = stream->private_data;
  uint32_t rows = 0;
  *out = (struct ArrowArray){.release = NULL};
  in->bytes = 0;
  if (in->failed) return EIO;
  in->failed = fetch_rows(in, &rows) < 0;
  if (!in->failed && rows && sql_columns_finish(in->columns, in->count, rows, out) < 0) {
    MY_NO_MEMORY(&in->error);
    in->failed = true;
  }
  return in->failed ? EIO : 0;
}

/* A statement that still gives rows would be read to its end by the library: its connection is cut first. */
static void release_stream(struct ArrowArrayStream *stream) {
  Stream *in = stream->private_data;
  bool busy = in->statement && !in->ended;
  if (busy) {
    my_end(in->plan->system, in->connection, true);
    mysql_stmt_close(in->statement);
  } else {
    my_finish(in->plan->system, in->connection, in->statement);
    my_end(in->plan->system, in->connection, false);
  }
  if (in->schema.release) in->schema.release(&in->schema);
  for (uint32_t i = 0; in->columns && i < in->count; i++) sql_column_free(&in->columns[i]);
  for (uint32_t k = 0; in->cells && k < in->result_count; k++) bytes_free(&in->cells[k].text);
  free(in->columns);
  free(in->types);
  free(in->places);
  free(in->binds);
  free(in->cells);
  free(in);
  stream->release = NULL;
}

/* A table is asked for the columns that are needed only; a query runs as it is. */
static void put_statement(const Stream *in, const char *where, Bytes *out) {
  const SystemPlan *plan = in->plan;
  if (plan->query && !where) {
    sql_put(out, plan->query);
    return;
  }
  sql_put(out, "SELECT ");
  for (uint32_t i = 0; i < in->count && !plan->query; i++) {
    if (i) sql_put(out, ", ");
    sql_put_name(out, in->types[i]->name, '`');
  }
  if (plan->query) sql_put(out, "*");
  else if (!in->count) sql_put(out, "1");
  sql_putf(out, " FROM %s AS q%s%s", plan->source, where ? " WHERE " : "", where ? where : "");
}

static int choose(Stream *in, const uint8_t *marks, TableError *error) {
  const SystemPlan *plan = in->plan;
  in->types = calloc(plan->field_count + 1, sizeof *in->types);
  in->columns = calloc(plan->field_count + 1, sizeof *in->columns);
  in->places = calloc(plan->field_count + 1, sizeof *in->places);
  if (!in->types || !in->columns || !in->places) return MY_NO_MEMORY(error);
  for (uint32_t i = 0; i < plan->field_count; i++) {
    if (marks && !marks[i]) continue;
    in->places[in->count] = plan->query ? plan->fields[i] : in->count;
    in->types[in->count++] = &plan->columns[plan->fields[i]];
  }
  if (sql_schema(&in->schema, in->count) < 0) return MY_NO_MEMORY(error);
  for (uint32_t i = 0; i < in->count; i++) {
    sql_column_init(&in->columns[i], in->types[i]->format);
    if (sql_schema_field(&in->schema, i, in->types[i]->name, in->types[i]->format) < 0) return MY_NO_MEMORY(error);
  }
  return 0;
}

static int begin_rows(Stream *in, const char *where, TableError *error) {
  Bytes text = {0};
  put_statement(in, where, &text);
  const char *statement = sql_text(&text);
  if (statement) in->statement = my_prepare(in->plan->system, in->connection, statement, error);
  bytes_free(&text);
  if (!in->statement) return statement ? -1 : MY_NO_MEMORY(error);
  in->result_count = mysql_stmt_field_count(in->statement);
  uint32_t wanted = in->plan->query ? in->plan->source_columns : in->count ? in->count : 1;
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
  if (!in) return MY_NO_MEMORY(error);
  *out = (struct ArrowArrayStream){.get_schema = get_schema, .get_next = get_next, .get_last_error = last_error, .release = release_stream, .private_data = in};
  in->plan = plan;
  in->max_rows = max_rows;
  int status = choose(in, columns, error);
  if (status == 0) status = (in->connection = my_open_partition(plan, partition, &where, error)) ? 0 : -1;
  if (status == 0) status = begin_rows(in, where, error);
  free(where);
  if (status < 0) release_stream(out);
  return status;
}
