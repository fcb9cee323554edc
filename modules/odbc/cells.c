/* cells.c - values as the driver gives them, to Arrow. Long ones are fetched in pieces. */
#include <ctype.h>

#include "odbc/odbc.h"

enum { MOST_INLINE = 256, MOST_WHOLE = 8000 }; /* characters or bytes of a value that come with its block */

bool odbc_cell_init(OdbcCell *cell, const OdbcColumn *column, bool rest, bool utf8) {
  static const struct {
    SQLSMALLINT c_type;
    size_t width;
  } ways[] = {
      [WAY_BOOL] = {SQL_C_BIT, 1},
      [WAY_INT] = {SQL_C_SBIGINT, 8},
      [WAY_UINT] = {SQL_C_UBIGINT, 8},
      [WAY_FLOAT] = {SQL_C_DOUBLE, 8},
      [WAY_DOUBLE] = {SQL_C_DOUBLE, 8},
      [WAY_DECIMAL] = {SQL_C_CHAR, 80},
      [WAY_TEXT] = {SQL_C_WCHAR, 0},
      [WAY_BYTES] = {SQL_C_BINARY, 0},
      [WAY_DATE] = {SQL_C_TYPE_DATE, sizeof(SQL_DATE_STRUCT)},
      [WAY_TIME] = {SQL_C_CHAR, 40},
      [WAY_STAMP] = {SQL_C_TYPE_TIMESTAMP, sizeof(SQL_TIMESTAMP_STRUCT)},
      [WAY_GUID] = {SQL_C_GUID, sizeof(SQLGUID)},
  };
  bool text = column->way == WAY_TEXT, variable = text || column->way == WAY_BYTES, known = column->size && column->size <= MOST_WHOLE;
  size_t size = rest && !(column->size && column->size < MOST_INLINE) ? MOST_INLINE : known ? column->size : 0;
  if (column->any_number) size += 3; /* sign, point, a digit before it */
  cell->column = *column;
  cell->column.name = NULL;
  cell->rest = rest;
  cell->c_type = ways[column->way].c_type;
  cell->width = ways[column->way].width;
  if (text && utf8) cell->c_type = SQL_C_CHAR;
  if (text && utf8) cell->width = size * (rest ? 1 : 4) + 1; /* a character may take four bytes */
  else if (text) cell->width = (size * (rest ? 1 : 2) + 1) * sizeof(SQLWCHAR); /* or two units */
  else if (variable) cell->width = (size + 7) & ~(size_t)7;
  return !variable || rest || known;
}

/* --- Values that are texts for the driver --- */

static int wrong(const char *text, const char *what, TableError *error) {
  MODULE_HINT(error, "read it as text, by a query with a CAST");
  return MODULE_FAIL(error, "'%.*s' %s", sql_shown(text, strlen(text)), text, what);
}

/* "-12.50" with the column's scale. */
static int take_decimal(OdbcCell *cell, const char *text, TableError *error) {
  const char *at = text + (*text == '-' || *text == '+');
  unsigned __int128 value = 0;
  int digits = 0, places = -1;
  for (; *at; at++) {
    if (*at == '.' && places < 0) {
      places = 0;
      continue;
    }
    if (!isdigit((unsigned char)*at)) return wrong(text, "is no decimal number", error);
    if (places >= cell->column.digits && *at != '0') return wrong(text, "has more digits behind the point than its column", error);
    if (places >= cell->column.digits) continue;
    if (places >= 0) places++;
    value = value * 10 + (unsigned)(*at - '0');
    if (value && ++digits > SQL_MOST_DECIMAL) return wrong(text, "has more than 38 digits", error);
  }
  for (int i = places < 0 ? 0 : places; i < cell->column.digits; i++) {
    value *= 10;
    if (value && ++digits > SQL_MOST_DECIMAL) return wrong(text, "has more than 38 digits", error);
  }
  __int128 signed_value = *text == '-' ? -(__int128)value : (__int128)value;
  sql_column_fixed(cell->out, &signed_value);
  return 0;
}

/* "12:30:00.000001" */
static int take_time(OdbcCell *cell, const char *text, TableError *error) {
  unsigned hour, minute, second;
  int len = 0;
  int64_t fraction = 0, unit = 100000;
  if (sscanf(text, "%2u:%2u:%2u%n", &hour, &minute, &second, &len) != 3 || hour > 23 || minute > 59 || second > 59 || !isdigit((unsigned char)*text))
    return wrong(text, "is no time of a day", error);
  const char *at = text + len;
  if (*at == '.')
    for (at++; isdigit((unsigned char)*at); at++, unit /= 10) {
      if (!unit && *at != '0') return wrong(text, "has finer digits than microseconds", error);
      fraction += unit * (*at - '0');
    }
  while (*at == ' ') at++;
  if (*at) return wrong(text, "is no time of a day", error);
  int64_t micros = ((int64_t)(hour * 60 + minute) * 60 + second) * 1000000 + fraction;
  sql_column_fixed(cell->out, &micros);
  return 0;
}

/* --- Fixed ones --- */

static int take_int(OdbcCell *cell, const uint8_t *at, TableError *error) {
  int64_t value;
  memcpy(&value, at, sizeof value);
  int bits = cell->out->width * 8;
  bool fits = bits == 64 || (cell->column.way == WAY_UINT ? (uint64_t)value >> bits == 0 : value >= -(INT64_C(1) << (bits - 1)) && value < INT64_C(1) << (bits - 1));
  if (!fits) return MODULE_FAIL(error, "%lld does not fit into the %d bits that its column has by its type", (long long)value, bits);
  sql_column_fixed(cell->out, &value); /* little-endian */
  return 0;
}

static void take_float(OdbcCell *cell, const uint8_t *at) {
  double wide;
  memcpy(&wide, at, sizeof wide);
  float value = (float)wide;
  sql_column_fixed(cell->out, &value);
}

static int day_of(int64_t year, unsigned month, unsigned day, int64_t *out, TableError *error) {
  static const unsigned lengths[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (month < 1 || month > 12 || day < 1 || day > lengths[month] || (month == 2 && day == 29 && !leap)) {
    MODULE_HINT(error, "NULLIF or a CAST to text in a query takes it over");
    return MODULE_FAIL(error, "%04lld-%02u-%02u is no date", (long long)year, month, day);
  }
  *out = sql_days(year, month, day);
  return 0;
}

static int take_date(OdbcCell *cell, const uint8_t *at, TableError *error) {
  SQL_DATE_STRUCT date;
  int64_t days;
  memcpy(&date, at, sizeof date);
  if (day_of(date.year, date.month, date.day, &days, error) != 0) return -1;
  int32_t value = (int32_t)days;
  sql_column_fixed(cell->out, &value);
  return 0;
}

static int take_stamp(OdbcCell *cell, const uint8_t *at, TableError *error) {
  SQL_TIMESTAMP_STRUCT stamp;
  int64_t days;
  memcpy(&stamp, at, sizeof stamp);
  if (day_of(stamp.year, stamp.month, stamp.day, &days, error) != 0) return -1;
  if (stamp.hour > 23 || stamp.minute > 59 || stamp.second > 59) return MODULE_FAIL(error, "%02u:%02u:%02u is no time of a day", stamp.hour, stamp.minute, stamp.second);
  if (stamp.fraction % 1000) return MODULE_FAIL(error, "a time stamp has finer digits than microseconds");
  int64_t micros = days * INT64_C(86400000000) + ((stamp.hour * 60 + stamp.minute) * INT64_C(60) + stamp.second) * 1000000 + stamp.fraction / 1000;
  sql_column_fixed(cell->out, &micros);
  return 0;
}

/* Its first three parts are numbers of the machine, the bytes of an identifier are as it is written. */
static void take_guid(OdbcCell *cell, const uint8_t *at) {
  SQLGUID guid;
  uint8_t bytes[16];
  memcpy(&guid, at, sizeof guid);
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(guid.Data1 >> (24 - 8 * i));
  for (int i = 0; i < 2; i++) {
    bytes[4 + i] = (uint8_t)(guid.Data2 >> (8 - 8 * i));
    bytes[6 + i] = (uint8_t)(guid.Data3 >> (8 - 8 * i));
  }
  memcpy(bytes + 8, guid.Data4, 8);
  sql_column_fixed(cell->out, bytes);
}

/* --- Long ones --- */

/* The whole value of the current row, in pieces. *null: there is none. */
static int get_long(Link *link, SQLHSTMT statement, OdbcCell *cell, Bytes *out, bool *null, TableError *error) {
  enum { PIECE = 32 << 10 };
  static const size_t most = INT32_MAX;
  size_t behind = cell->c_type == SQL_C_WCHAR ? sizeof(SQLWCHAR) : cell->c_type == SQL_C_CHAR ? 1 : 0;
  for (bool first = true;; first = false) {
    SQLLEN len = 0;
    if (!bytes_reserve(out, PIECE) || out->len > most) return MODULE_FAIL(error, "no memory left for a value, or it is longer than 2 GiB");
    SQLRETURN answer = SQLGetData(statement, cell->number, cell->c_type, out->data + out->len, PIECE, &len);
    *null = answer != SQL_NO_DATA && len == SQL_NULL_DATA;
    if (answer == SQL_NO_DATA && !first) return 0;
    if (!SQL_SUCCEEDED(answer)) return odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
    if (*null) return 0;
    bool whole = len != SQL_NO_TOTAL && (size_t)len <= PIECE - behind;
    out->len += whole ? (size_t)len : PIECE - behind;
    if (whole) return 0;
  }
}

static int put_long(OdbcCell *cell, const Bytes *bytes, TableError *error) {
  Bytes text = {0};
  if (cell->c_type != SQL_C_WCHAR) {
    sql_column_text(cell->out, bytes->data, bytes->len);
    return 0;
  }
  odbc_narrow(&text, (const SQLWCHAR *)bytes->data, bytes->len / sizeof(SQLWCHAR));
  if (!text.failed) sql_column_text(cell->out, text.data, text.len);
  bool failed = text.failed;
  bytes_free(&text);
  return failed ? MODULE_FAIL(error, "no memory left for a value") : 0;
}

static int take_fixed(OdbcCell *cell, const uint8_t *at, TableError *error) {
  uint8_t truth = *at != 0;
  switch (cell->column.way) {
    case WAY_BOOL: sql_column_fixed(cell->out, &truth); return 0;
    case WAY_INT:
    case WAY_UINT: return take_int(cell, at, error);
    case WAY_DECIMAL: return take_decimal(cell, (const char *)at, error);
    case WAY_DATE: return take_date(cell, at, error);
    case WAY_TIME: return take_time(cell, (const char *)at, error);
    case WAY_STAMP: return take_stamp(cell, at, error);
    case WAY_GUID: take_guid(cell, at); return 0;
    case WAY_FLOAT: take_float(cell, at); return 0;
    case WAY_DOUBLE:
    case WAY_TEXT:
    case WAY_BYTES: break;
  }
  sql_column_fixed(cell->out, at);
  return 0;
}

/* The value of the row where the cursor stands, which is not in a buffer, or not all of it. */
static int take_alone(Link *link, SQLHSTMT statement, OdbcCell *cell, TableError *error) {
  bool null = false, fixed = cell->column.way != WAY_TEXT && cell->column.way != WAY_BYTES;
  Bytes value = {0};
  SQLLEN len = 0;
  int status = 0;
  if (fixed) {
    if (!SQL_SUCCEEDED(SQLGetData(statement, cell->number, cell->c_type, cell->buffer, (SQLLEN)cell->width, &len))) return odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
    if (len != SQL_NULL_DATA) return take_fixed(cell, cell->buffer, error);
    null = true;
  } else {
    status = get_long(link, statement, cell, &value, &null, error);
  }
  if (status == 0 && null) sql_column_null(cell->out);
  else if (status == 0) status = put_long(cell, &value, error);
  bytes_free(&value);
  return status;
}

static void take_short_text(OdbcCell *cell, const uint8_t *at, size_t len) {
  Bytes text = {0};
  uint8_t room[MOST_INLINE];
  const SQLWCHAR *units = (const SQLWCHAR *)at;
  size_t count = len / sizeof *units, i = 0;
  while (i < count && i < sizeof room && units[i] < 0x80) room[i] = (uint8_t)units[i], i++;
  if (i == count) {
    sql_column_text(cell->out, room, count);
    return;
  }
  odbc_narrow(&text, units, count);
  sql_column_text(cell->out, text.data, text.len);
  cell->out->values.failed = cell->out->values.failed || text.failed;
  bytes_free(&text);
}

int odbc_cell_take(Link *link, SQLHSTMT statement, OdbcCell *cell, SQLULEN row, bool by_row, TableError *error) {
  if (by_row) return take_alone(link, statement, cell, error);
  SQLLEN len = cell->lengths[row];
  const uint8_t *at = cell->buffer + row * cell->width;
  if (len == SQL_NULL_DATA) {
    sql_column_null(cell->out);
    return 0;
  }
  bool text = cell->column.way == WAY_TEXT, wide = cell->c_type == SQL_C_WCHAR;
  if (!text && cell->column.way != WAY_BYTES) {
    bool cut = cell->c_type == SQL_C_CHAR && (len < 0 || (size_t)len >= cell->width);
    return cut ? MODULE_FAIL(error, "a number or time is longer than the driver says") : take_fixed(cell, at, error);
  }
  if (len >= 0 && (size_t)len <= cell->width - (wide ? sizeof(SQLWCHAR) : text)) {
    if (wide) take_short_text(cell, at, (size_t)len);
    else sql_column_text(cell->out, at, (size_t)len);
    return 0;
  }
  if (!cell->rest) return MODULE_FAIL(error, "a value is longer than its column says");
  if (!SQL_SUCCEEDED(SQLSetPos(statement, row + 1, SQL_POSITION, SQL_LOCK_NO_CHANGE))) return odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
  return take_alone(link, statement, cell, error);
}
