/* read.c - rows of a partition as a stream of Arrow arrays: COPY … TO STDOUT in its binary format ("COPY", File Formats, in PostgreSQL's
 * manual), which the server writes and we read faster than text. Statements such as SHOW give what they give as text.
 */
#include <endian.h>
#include <errno.h>

#include "postgres.h"

enum { MOST_BATCH_BYTES = 32 << 20 };

typedef struct Stream {
  SystemPlan *plan;
  PGconn *connection;
  PGresult *rows;         /* of a statement that is no query */
  int next_row;
  const PgColumn **types; /* of the columns asked for */
  SqlColumn *columns;
  uint32_t count, max_rows;
  struct ArrowSchema schema;
  bool begun, ended, failed;
  uint64_t row;           /* given so far */
  size_t bytes;           /* in the batch */
  TableError error;
  char message[sizeof(TableError) + 2];
} Stream;

/* --- Values --- */

static uint16_t get16(const char *at) {
  uint16_t number;
  memcpy(&number, at, 2);
  return be16toh(number);
}

static uint32_t get32(const char *at) {
  uint32_t number;
  memcpy(&number, at, 4);
  return be32toh(number);
}

static uint64_t get64(const char *at) {
  uint64_t number;
  memcpy(&number, at, 8);
  return be64toh(number);
}

static int fail_value(Stream *in, uint32_t i, const char *what) {
  const char *name = in->types[i]->name;
  MODULE_FAIL(&in->error, "row %llu, column \"%s\": %s", (unsigned long long)in->row + 1, name, what);
  return -1;
}

static int fail_infinite(Stream *in, uint32_t i, const char *what) {
  fail_value(in, i, what);
  MODULE_HINT(&in->error, "read it as text, \"%s\"::text, or as NULL by CASE WHEN isfinite(\"%s\") …, in a query", in->types[i]->name, in->types[i]->name);
  return -1;
}

static int fail_length(Stream *in, uint32_t i) {
  fail_value(in, i, "the server sent a value of another type");
  MODULE_HINT(&in->error, "the table was changed since the script looked at it: run it again");
  return -1;
}

static __int128 power10(int exponent) {
  __int128 power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

/* Digits to the base of 10,000: count, weight of the first one, sign, digits behind the point, then they. */
static int put_numeric(Stream *in, uint32_t i, const char *at, uint32_t len) {
  int count = len >= 8 ? (int)get16(at) : -1, weight = len >= 8 ? (int16_t)get16(at + 2) : 0, sign = len >= 8 ? get16(at + 4) : 0;
  if (count < 0 || len != 8 + (uint32_t)count * 2) return fail_length(in, i);
  if (sign == 0xC000) {
    fail_value(in, i, "NaN is no decimal");
    MODULE_HINT(&in->error, "read it as double, \"%s\"::float8, or as NULL, NULLIF(\"%s\", 'NaN'), in a query", in->types[i]->name, in->types[i]->name);
    return -1;
  }
  __int128 number = 0;
  int exponent = (weight - count + 1) * 4 + in->types[i]->scale; /* of the last digit, in the units of the scale */
  for (int k = 0; k < count; k++) {
    int digit = get16(at + 8 + k * 2);
    if (k < count - 1 || exponent >= 0) number = number * 10000 + digit;
    else number = number * power10(4 + exponent) + digit / (int)power10(-exponent);
  }
  if (exponent <= -4 || (count && exponent > SQL_MOST_DECIMAL)) return fail_length(in, i);
  if (exponent > 0 && count) number *= power10(exponent);
  if (sign == 0x4000) number = -number;
  sql_column_fixed(&in->columns[i], &number);
  return 0;
}

static int put_moment(Stream *in, uint32_t i, const char *at, uint32_t len) {
  PgDecode decode = in->types[i]->decode;
  if (len != (decode == PG_AS_DATE ? 4 : 8)) return fail_length(in, i);
  if (decode == PG_AS_DATE) {
    int32_t days = (int32_t)get32(at);
    if (days == INT32_MAX || days == INT32_MIN) return fail_infinite(in, i, "an infinite date is no date");
    days += PG_EPOCH_DAYS;
    sql_column_fixed(&in->columns[i], &days);
    return 0;
  }
  int64_t micros = (int64_t)get64(at);
  if (decode == PG_AS_TIME && micros >= INT64_C(86400000000)) {
    fail_value(in, i, "24:00:00 is no time of a day");
    MODULE_HINT(&in->error, "read it as text, \"%s\"::text, in a query", in->types[i]->name);
    return -1;
  }
  if (decode == PG_AS_STAMP) {
    if (micros == INT64_MAX || micros == INT64_MIN) return fail_infinite(in, i, "an infinite timestamp is no moment");
    if (__builtin_add_overflow(micros, PG_EPOCH_MICROS, &micros)) return fail_value(in, i, "a timestamp too far away");
  }
  sql_column_fixed(&in->columns[i], &micros);
  return 0;
}

static int put_int(Stream *in, uint32_t i, const char *at, uint32_t len) {
  SqlColumn *column = &in->columns[i];
  if ((int)len != column->width) return fail_length(in, i);
  union {
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
  } number;
  if (len == 8) number.u64 = get64(at);
  else if (len == 4) number.u32 = get32(at);
  else number.u16 = get16(at);
  sql_column_fixed(column, &number);
  return 0;
}

static int put_value(Stream *in, uint32_t i, const char *at, uint32_t len) {
  switch (in->types[i]->decode) {
    case PG_AS_INT: return put_int(in, i, at, len);
    case PG_AS_BYTES: sql_column_text(&in->columns[i], at, len); return 0;
    case PG_AS_DECIMAL: return put_numeric(in, i, at, len);
    case PG_AS_BOOL: case PG_AS_UUID:
      if (len != (in->types[i]->decode == PG_AS_BOOL ? 1 : 16)) return fail_length(in, i);
      sql_column_fixed(&in->columns[i], at);
      return 0;
    case PG_AS_DATE: case PG_AS_TIME: case PG_AS_STAMP: break;
  }
  return put_moment(in, i, at, len);
}

/* --- Rows --- */

static int broken(Stream *in) { return MODULE_FAIL(&in->error, "the server's COPY data is cut short after row %llu", (unsigned long long)in->row); }

/* What a message holds: the head of all, a row, the end of all. The server sends a row as a whole. */
static int take_message(Stream *in, const char *at, size_t size, uint32_t *rows) {
  const char *end = at + size;
  if (!in->begun) {
    if (size < 19 || memcmp(at, "PGCOPY\n\377\r\n", 11) != 0 || get32(at + 15) > size - 19) return broken(in);
    at += 19 + get32(at + 15);
    in->begun = true;
  }
  if (at == end) return 0;
  if (end - at < 2) return broken(in);
  int fields = (int16_t)get16(at);
  at += 2;
  if (fields == -1) return 0;
  if (fields != (int)in->count) return broken(in);
  for (uint32_t i = 0; i < in->count; i++) {
    if (end - at < 4) return broken(in);
    int32_t len = (int32_t)get32(at);
    at += 4;
    if (len == -1) {
      sql_column_null(&in->columns[i]);
      continue;
    }
    if (len < 0 || len > end - at) return broken(in);
    if (put_value(in, i, at, (uint32_t)len) < 0) return -1;
    at += len;
  }
  in->row++;
  ++*rows;
  return at == end ? 0 : broken(in);
}

/* The end of COPY: was all sent? */
static int end_copy(Stream *in) {
  bool was_stopped;
  PGresult *result = pg_result(in->plan->system, in->connection, &was_stopped, &in->error);
  if (was_stopped) return -1;
  int status = result && PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : pg_fail(in->connection, result, &in->error);
  PQclear(result);
  while (status == 0 && (result = pg_result(in->plan->system, in->connection, &was_stopped, &in->error))) PQclear(result);
  in->ended = true;
  if (status == 0) {
    PQfinish(in->connection);
    in->connection = NULL;
  }
  return status;
}

static int copy_rows(Stream *in, uint32_t *rows) {
  char *message;
  while (*rows < in->max_rows && in->bytes < MOST_BATCH_BYTES && !in->ended) {
    int size = PQgetCopyData(in->connection, &message, 1);
    if (size > 0) {
      int status = take_message(in, message, (size_t)size, rows);
      in->bytes += (size_t)size;
      PQfreemem(message);
      if (status < 0) return -1;
    } else if (size == 0) {
      if (pg_wait(in->plan->system, in->connection, false, &in->error) < 0) return -1;
    } else if (size == -1) {
      if (end_copy(in) < 0) return -1;
    } else {
      return pg_fail(in->connection, NULL, &in->error);
    }
  }
  return 0;
}

static void result_rows(Stream *in, uint32_t *rows) {
  for (; *rows < in->max_rows && in->next_row < PQntuples(in->rows); in->next_row++, ++*rows) {
    for (uint32_t i = 0; i < in->count; i++) {
      int field = (int)(in->types[i] - in->plan->columns);
      if (PQgetisnull(in->rows, in->next_row, field)) sql_column_null(&in->columns[i]);
      else sql_column_text(&in->columns[i], PQgetvalue(in->rows, in->next_row, field), (size_t)PQgetlength(in->rows, in->next_row, field));
    }
  }
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
  if (in->rows) result_rows(in, &rows);
  else in->failed = copy_rows(in, &rows) < 0;
  if (!in->failed && rows && sql_columns_finish(in->columns, in->count, rows, out) < 0) {
    PG_NO_MEMORY(&in->error);
    in->failed = true;
  }
  return in->failed ? EIO : 0;
}

static void release_stream(struct ArrowArrayStream *stream) {
  Stream *in = stream->private_data;
  pg_end(in->connection);
  PQclear(in->rows);
  if (in->schema.release) in->schema.release(&in->schema);
  for (uint32_t i = 0; in->columns && i < in->count; i++) sql_column_free(&in->columns[i]);
  free(in->columns);
  free(in->types);
  free(in);
  stream->release = NULL;
}

static int choose(Stream *in, const uint8_t *marks, TableError *error) {
  const SystemPlan *plan = in->plan;
  in->types = calloc(plan->field_count + 1, sizeof *in->types);
  in->columns = calloc(plan->field_count + 1, sizeof *in->columns);
  if (!in->types || !in->columns) return PG_NO_MEMORY(error);
  for (uint32_t i = 0; i < plan->field_count; i++)
    if (!marks || marks[i]) in->types[in->count++] = &plan->columns[plan->fields[i]];
  if (sql_schema(&in->schema, in->count) < 0) return PG_NO_MEMORY(error);
  for (uint32_t i = 0; i < in->count; i++) {
    sql_column_init(&in->columns[i], in->types[i]->format);
    if (sql_schema_field(&in->schema, i, in->types[i]->name, in->types[i]->format) < 0) return PG_NO_MEMORY(error);
  }
  return 0;
}

static void put_copy(const Stream *in, const char *where, Bytes *out) {
  const SystemPlan *plan = in->plan;
  sql_put(out, "COPY (SELECT ");
  for (uint32_t i = 0; i < in->count; i++)
    sql_putf(out, "%sq.c%u%s", i ? ", " : "", (uint32_t)(in->types[i] - plan->columns), in->types[i]->cast ? "::text" : "");
  sql_putf(out, " FROM %s AS q(", plan->source);
  for (uint32_t i = 0; i < plan->source_columns; i++) sql_putf(out, "%sc%u", i ? ", " : "", i);
  sql_putf(out, ")%s%s) TO STDOUT (FORMAT binary)", where ? " WHERE " : "", where ? where : "");
}

static int begin_rows(Stream *in, const char *where, TableError *error) {
  Bytes statement = {0};
  if (in->plan->source) put_copy(in, where, &statement);
  else sql_put(&statement, in->plan->statement);
  const char *text = sql_text(&statement);
  PGresult *result = text ? pg_run(in->plan->system, in->connection, text, NULL, 0, error) : NULL;
  bytes_free(&statement);
  if (!text) return PG_NO_MEMORY(error);
  if (in->plan->source) PQclear(result);
  else in->rows = result;
  return result ? 0 : -1;
}

int pg_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  Stream *in = calloc(1, sizeof *in);
  char *where = NULL;
  if (!in) return PG_NO_MEMORY(error);
  *out = (struct ArrowArrayStream){.get_schema = get_schema, .get_next = get_next, .get_last_error = last_error, .release = release_stream, .private_data = in};
  in->plan = plan;
  in->max_rows = max_rows;
  int status = choose(in, columns, error);
  if (status == 0) status = (in->connection = pg_open_partition(plan, partition, &where, error)) ? 0 : -1;
  if (status == 0) status = begin_rows(in, where, error);
  free(where);
  if (status < 0) release_stream(out);
  return status;
}
