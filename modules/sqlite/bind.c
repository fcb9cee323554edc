/* bind.c - values of Arrow arrays as values of SQLite. */
#include <math.h>

#include "sqlite.h"

enum { EXACT_DIGITS = 15 }; /* more of a decimal may be lost in a column with NUMERIC affinity */

static int no_such_value(const char *shown, const char *why, const char *hint, TableError *error) {
  MODULE_FAIL(error, "%s %s", shown, why);
  MODULE_HINT(error, "%s", hint);
  return -1;
}

/* Digits of a decimal without zeros at its ends. */
static int significant_digits(const Bytes *text) {
  int digits = 0, zeros = 0;
  for (size_t i = 0; i < text->len; i++) {
    char c = (char)text->data[i];
    if (c < '0' || c > '9' || (c == '0' && !digits)) continue;
    zeros = c == '0' ? zeros + 1 : 0;
    digits++;
  }
  return digits - zeros;
}

static int bind_decimal(sqlite3_stmt *statement, int at, const Bound *bound, const struct ArrowArray *array, int64_t row, Bytes *scratch, TableError *error) {
  scratch->len = 0;
  sql_put_decimal(scratch, sql_decimal(&bound->type, array, row), bound->type.scale);
  bool whole = bound->type.scale == 0 && scratch->len <= 18;
  if (!bound->keeps_text && !whole && significant_digits(scratch) > EXACT_DIGITS) {
    const char *text = sql_text(scratch);
    return no_such_value(text ? text : "", "has more digits than a column of this declared type keeps in SQLite (15)", "declare the column as DECIMAL_TEXT(38, 10), or TEXT", error);
  }
  return sqlite3_bind_text(statement, at, (const char *)scratch->data, (int)scratch->len, SQLITE_TRANSIENT);
}

static int bind_number(sqlite3_stmt *statement, int at, const Bound *bound, const struct ArrowArray *array, int64_t row, TableError *error) {
  if (bound->type.kind == SQL_KIND_DOUBLE || bound->type.kind == SQL_KIND_FLOAT) {
    double number = sql_double(&bound->type, array, row);
    if (isnan(number)) return no_such_value("NaN", "cannot be kept: SQLite makes NULL of it", "NULL, or a text, says it as well: @types = 'x string'", error);
    return sqlite3_bind_double(statement, at, number);
  }
  int64_t number = sql_int(&bound->type, array, row);
  if (bound->type.kind == SQL_KIND_UINT && bound->type.width == 8 && number < 0)
    return no_such_value("the number", "is beyond the integers of SQLite, which have 64 bits with a sign", "@types = 'x decimal(20)' keeps it", error);
  return sqlite3_bind_int64(statement, at, number);
}

int bind_value(sqlite3_stmt *statement, int at, const Bound *bound, const struct ArrowArray *array, int64_t row, Bytes *scratch, TableError *error) {
  int result;
  size_t len;
  const char *bytes;
  if (bound->type.kind == SQL_KIND_NULL || sql_is_null(array, row)) return sqlite3_bind_null(statement, at) == SQLITE_OK ? 0 : -1;
  switch (bound->type.kind) {
    case SQL_KIND_BOOL: case SQL_KIND_INT: case SQL_KIND_UINT: case SQL_KIND_FLOAT: case SQL_KIND_DOUBLE:
      result = bind_number(statement, at, bound, array, row, error);
      break;
    case SQL_KIND_DECIMAL: result = bind_decimal(statement, at, bound, array, row, scratch, error); break;
    case SQL_KIND_TEXT:
      bytes = sql_bytes(&bound->type, array, row, &len);
      result = sqlite3_bind_text64(statement, at, bytes ? bytes : "", len, SQLITE_STATIC, SQLITE_UTF8);
      break;
    case SQL_KIND_BYTES:
      bytes = sql_bytes(&bound->type, array, row, &len);
      result = len ? sqlite3_bind_blob64(statement, at, bytes, len, SQLITE_STATIC) : sqlite3_bind_zeroblob(statement, at, 0);
      break;
    default:
      scratch->len = 0;
      if (sql_put_text(scratch, bound->schema, &bound->type, array, row) != 0)
        return no_such_value("the value", "has finer digits than microseconds", "@types = 'x timestamp[us]' rounds nothing: SELECT … cuts them", error);
      result = sqlite3_bind_text64(statement, at, (const char *)scratch->data, scratch->len, SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  if (result == SQLITE_OK) return 0;
  return MODULE_FAIL(error, "the value cannot be bound: %s", sqlite3_errstr(result));
}
