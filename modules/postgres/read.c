/* read.c - rows of a partition as a stream of Arrow arrays: COPY … TO STDOUT in its binary format ("COPY", File Formats, in PostgreSQL's
 * manual), which the server writes and we read faster than text. Statements such as SHOW give what they give as text.
 */
#include <endian.h>

#include "postgres.h"

enum { MOST_BATCH_BYTES = 4 << 20 };

typedef struct Stream {
  SqlStream base;
  SystemPlan *plan;
  PGconn *connection;
  PGresult *rows;         /* of a statement that is no query */
  int next_row;
  bool begun, ended;
  uint64_t row;           /* given so far */
  size_t bytes;           /* in the batch */
} Stream;

static const PgColumn *type_of(const Stream *in, uint32_t i) { return &in->plan->columns[in->base.places[i]]; }

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
  const char *name = type_of(in, i)->name;
  MODULE_FAIL(&in->base.error, "row %llu, column \"%s\": %s", (unsigned long long)in->row + 1, name, what);
  return -1;
}

static int fail_infinite(Stream *in, uint32_t i, const char *what) {
  fail_value(in, i, what);
  MODULE_HINT(&in->base.error, "read it as text, \"%s\"::text, or as NULL by CASE WHEN isfinite(\"%s\") …, in a query", type_of(in, i)->name, type_of(in, i)->name);
  return -1;
}

static int fail_length(Stream *in, uint32_t i) {
  fail_value(in, i, "the server sent a value of another type");
  MODULE_HINT(&in->base.error, "the table was changed since the script looked at it: run it again");
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
    MODULE_HINT(&in->base.error, "read it as double, \"%s\"::float8, or as NULL, NULLIF(\"%s\", 'NaN'), in a query", type_of(in, i)->name, type_of(in, i)->name);
    return -1;
  }
  __int128 number = 0;
  int exponent = (weight - count + 1) * 4 + type_of(in, i)->scale; /* of the last digit, in the units of the scale */
  for (int k = 0; k < count; k++) {
    int digit = get16(at + 8 + k * 2);
    if (k < count - 1 || exponent >= 0) number = number * 10000 + digit;
    else number = number * power10(4 + exponent) + digit / (int)power10(-exponent);
  }
  if (exponent <= -4 || (count && exponent > SQL_MOST_DECIMAL)) return fail_length(in, i);
  if (exponent > 0 && count) number *= power10(exponent);
  if (sign == 0x4000) number = -number;
  sql_column_fixed(&in->base.columns[i], &number);
  return 0;
}

/* Years that have no four digits. */
static int fail_far(Stream *in, uint32_t i, int64_t days) {
  char what[100];
  int64_t year;
  unsigned month, day;
  sql_civil(days, &year, &month, &day);
  bool before = year < 1; /* the year 0 is 1 BC */
  snprintf(what, sizeof what, "%04lld-%02u-%02u%s lies outside of the years 1 to 9999", (long long)(before ? 1 - year : year), month, day, before ? " BC" : "");
  fail_value(in, i, what);
  MODULE_HINT(&in->base.error, "read it as text, \"%s\"::text, in a query", type_of(in, i)->name);
  return -1;
}

static int put_moment(Stream *in, uint32_t i, const char *at, uint32_t len) {
  enum { FIRST_DAY = -719162, LAST_DAY = 2932896 }; /* 0001-01-01, 9999-12-31 */
  const int64_t day = INT64_C(86400000000);
  PgDecode decode = type_of(in, i)->decode;
  if (len != (decode == PG_AS_DATE ? 4 : 8)) return fail_length(in, i);
  if (decode == PG_AS_DATE) {
    int32_t days = (int32_t)get32(at);
    if (days == INT32_MAX || days == INT32_MIN) return fail_infinite(in, i, "an infinite date is no date");
    if (days < FIRST_DAY - PG_EPOCH_DAYS || days > LAST_DAY - PG_EPOCH_DAYS) return fail_far(in, i, (int64_t)days + PG_EPOCH_DAYS);
    days += PG_EPOCH_DAYS;
    sql_column_fixed(&in->base.columns[i], &days);
    return 0;
  }
  int64_t micros = (int64_t)get64(at);
  if (decode == PG_AS_TIME && micros >= day) {
    fail_value(in, i, "24:00:00 is no time of a day");
    MODULE_HINT(&in->base.error, "read it as text, \"%s\"::text, in a query", type_of(in, i)->name);
    return -1;
  }
  if (decode == PG_AS_STAMP) {
    if (micros == INT64_MAX || micros == INT64_MIN) return fail_infinite(in, i, "an infinite timestamp is no moment");
    int64_t days = micros / day - (micros % day < 0) + PG_EPOCH_DAYS;
    if (days < FIRST_DAY || days > LAST_DAY) return fail_far(in, i, days);
    micros += PG_EPOCH_MICROS;
  }
  sql_column_fixed(&in->base.columns[i], &micros);
  return 0;
}

static int put_int(Stream *in, uint32_t i, const char *at, uint32_t len) {
  SqlColumn *column = &in->base.columns[i];
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
  switch (type_of(in, i)->decode) {
    case PG_AS_INT: return put_int(in, i, at, len);
    case PG_AS_BYTES: sql_column_text(&in->base.columns[i], at, len); return 0;
    case PG_AS_DECIMAL: return put_numeric(in, i, at, len);
    case PG_AS_BOOL: case PG_AS_UUID:
      if (len != (type_of(in, i)->decode == PG_AS_BOOL ? 1 : 16)) return fail_length(in, i);
      sql_column_fixed(&in->base.columns[i], at);
      return 0;
    case PG_AS_DATE: case PG_AS_TIME: case PG_AS_STAMP: break;
  }
  return put_moment(in, i, at, len);
}

/* --- Rows --- */

static int broken(Stream *in) { return MODULE_FAIL(&in->base.error, "the server's COPY data is cut short after row %llu", (unsigned long long)in->row); }

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
  if (fields != (int)in->base.count) return broken(in);
  for (uint32_t i = 0; i < in->base.count; i++) {
    if (end - at < 4) return broken(in);
    int32_t len = (int32_t)get32(at);
    at += 4;
    if (len == -1) {
      sql_column_null(&in->base.columns[i]);
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
  PGresult *result = pg_result(in->plan->system, in->connection, &was_stopped, &in->base.error);
  if (was_stopped) return -1;
  int status = result && PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : pg_fail(in->connection, result, &in->base.error);
  PQclear(result);
  while (status == 0 && (result = pg_result(in->plan->system, in->connection, &was_stopped, &in->base.error))) PQclear(result);
  in->ended = true;
  if (status == 0) {
    PQfinish(in->connection);
    in->connection = NULL;
  }
  return status;
}

static int copy_rows(Stream *in, uint32_t *rows) {
  char *message;
  while (*rows < in->base.max_rows && in->bytes < MOST_BATCH_BYTES && !in->ended) {
    int size = PQgetCopyData(in->connection, &message, 1);
    if (size > 0) {
      int status = take_message(in, message, (size_t)size, rows);
      in->bytes += (size_t)size;
      PQfreemem(message);
      if (status < 0) return -1;
    } else if (size == 0) {
      if (pg_wait(in->plan->system, in->connection, false, NULL, &in->base.error) < 0) return -1;
    } else if (size == -1) {
      if (end_copy(in) < 0) return -1;
    } else {
      return pg_fail(in->connection, NULL, &in->base.error);
    }
  }
  return 0;
}

static void result_rows(Stream *in, uint32_t *rows) {
  for (; *rows < in->base.max_rows && in->next_row < PQntuples(in->rows); in->next_row++, ++*rows) {
    for (uint32_t i = 0; i < in->base.count; i++) {
      int field = (int)in->base.places[i];
      if (PQgetisnull(in->rows, in->next_row, field)) sql_column_null(&in->base.columns[i]);
      else sql_column_text(&in->base.columns[i], PQgetvalue(in->rows, in->next_row, field), (size_t)PQgetlength(in->rows, in->next_row, field));
    }
  }
}

/* --- The stream --- */

static int fetch(SqlStream *stream, struct ArrowArray *out) {
  Stream *in = (Stream *)stream;
  uint32_t rows = 0;
  in->bytes = 0;
  if (in->rows) result_rows(in, &rows);
  else if (copy_rows(in, &rows) < 0) return -1;
  return sql_stream_finish(stream, rows, out);
}

static void close_stream(SqlStream *stream) {
  Stream *in = (Stream *)stream;
  pg_end(in->connection);
  PQclear(in->rows);
  sql_stream_free(stream);
}

static void put_copy(const Stream *in, const char *where, Bytes *out) {
  const SystemPlan *plan = in->plan;
  sql_put(out, "COPY (SELECT ");
  for (uint32_t i = 0; i < in->base.count; i++)
    sql_putf(out, "%sq.c%u%s", i ? ", " : "", in->base.places[i], type_of(in, i)->cast ? "::text" : "");
  sql_putf(out, " FROM %s AS q(", plan->source);
  for (uint32_t i = 0; i < plan->fields.count; i++) sql_putf(out, "%sc%u", i ? ", " : "", i);
  sql_putf(out, ")%s%s) TO STDOUT (FORMAT binary)", where ? " WHERE " : "", where ? where : "");
}

static int begin_rows(Stream *in, const char *where, TableError *error) {
  Bytes statement = {0};
  if (in->plan->source) put_copy(in, where, &statement);
  else sql_put(&statement, in->plan->statement);
  const char *text = sql_text(&statement);
  PGresult *result = text ? pg_run(in->plan->system, in->connection, text, NULL, 0, error) : NULL;
  bytes_free(&statement);
  if (!text) return SQL_NO_MEMORY(error);
  if (in->plan->source) PQclear(result);
  else in->rows = result;
  return result ? 0 : -1;
}

int pg_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  Stream *in = calloc(1, sizeof *in);
  char *where = NULL;
  if (!in) return SQL_NO_MEMORY(error);
  *in = (Stream){.base = {.fetch = fetch, .close = close_stream, .max_rows = max_rows}, .plan = plan};
  int status = sql_stream_choose(&in->base, &plan->fields, columns, error);
  if (status == 0) status = (in->connection = pg_open_partition(plan, partition, &where, error)) ? 0 : -1;
  if (status == 0) status = begin_rows(in, where, error);
  free(where);
  if (status < 0) close_stream(&in->base);
  else sql_stream_give(&in->base, out);
  return status;
}
