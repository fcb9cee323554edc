/* types.c - columns of results: what the driver says of them, and which Arrow type that is. */
#include <strings.h>

#include "odbc/odbc.h"

enum { SQL_SERVER_TIME = -154, SQL_SERVER_STAMP_OFFSET = -155 };

static void put_format(OdbcColumn *column, OdbcWay way, const char *format) {
  column->way = way;
  snprintf(column->format, sizeof column->format, "%s", format);
}

static void decimal_format(const System *system, OdbcColumn *column) {
  bool unknown = system->quirks->postgres && column->size == 28; /* or a result of arithmetic, or one declared as numeric(28, n) */
  if (!unknown && column->size >= 1 && column->size <= SQL_MOST_DECIMAL && column->digits >= 0 && (SQLULEN)column->digits <= column->size) {
    column->way = WAY_DECIMAL;
    snprintf(column->format, sizeof column->format, "d:%lu,%d", (unsigned long)column->size, column->digits);
    return;
  }
  put_format(column, WAY_TEXT, "u");
  column->any_number = true;
}

static void stamp_format(const System *system, OdbcColumn *column) {
  if (column->digits > 6) put_format(column, WAY_TEXT, "u"); /* nanoseconds in 64 bits reach to 2262 only */
  else if (system->quirks->postgres && strcmp(column->type_name, "timestamptz") == 0) put_format(column, WAY_STAMP, "tsu:UTC");
  else if (system->quirks->mysql && strcasecmp(column->type_name, "timestamp") == 0) put_format(column, WAY_STAMP, "tsu:UTC");
  else put_format(column, WAY_STAMP, "tsu:");
}

static void choose_format(const System *system, OdbcColumn *column, bool is_unsigned) {
  OdbcWay whole = is_unsigned ? WAY_UINT : WAY_INT;
  switch (column->type) {
    case SQL_BIT: put_format(column, WAY_BOOL, "b"); break;
    case SQL_TINYINT: put_format(column, whole, is_unsigned ? "C" : "c"); break;
    case SQL_SMALLINT: put_format(column, whole, is_unsigned ? "S" : "s"); break;
    case SQL_INTEGER: put_format(column, whole, is_unsigned ? "I" : "i"); break;
    case SQL_BIGINT: put_format(column, whole, is_unsigned ? "L" : "l"); break;
    case SQL_REAL: put_format(column, WAY_FLOAT, "f"); break;
    case SQL_FLOAT:
    case SQL_DOUBLE: put_format(column, WAY_DOUBLE, "g"); break;
    case SQL_DECIMAL:
    case SQL_NUMERIC: decimal_format(system, column); break;
    case SQL_BINARY:
    case SQL_VARBINARY:
    case SQL_LONGVARBINARY: put_format(column, WAY_BYTES, "z"); break;
    case SQL_GUID: put_format(column, WAY_GUID, SQL_UUID); break;
    case SQL_TYPE_DATE: put_format(column, WAY_DATE, "tdD"); break;
    case SQL_SERVER_TIME:
    case SQL_TYPE_TIME: put_format(column, WAY_TIME, "ttu"); break;
    case SQL_TYPE_TIMESTAMP: stamp_format(system, column); break;
    default: put_format(column, WAY_TEXT, "u"); break;
  }
}

/* --- Asking the driver --- */

static int describe_one(Link *link, SQLHSTMT statement, SQLUSMALLINT number, OdbcColumn *out, TableError *error) {
  enum { MOST_NAME = 1024 };
  SQLWCHAR name[MOST_NAME], type_name[64];
  SQLSMALLINT len = 0, nullable;
  SQLLEN is_unsigned = SQL_FALSE;
  Bytes text = {0}, type_text = {0};
  if (!SQL_SUCCEEDED(SQLDescribeColW(statement, number, name, MOST_NAME, &len, &out->type, &out->size, &out->digits, &nullable)))
    return odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
  odbc_narrow(&text, name, len < MOST_NAME ? (size_t)len : MOST_NAME - 1);
  out->name = (char *)sql_text(&text);
  if (!out->name) return SQL_NO_MEMORY(error);
  SQLColAttributeW(statement, number, SQL_DESC_UNSIGNED, NULL, 0, NULL, &is_unsigned);
  len = 0;
  if (SQL_SUCCEEDED(SQLColAttributeW(statement, number, SQL_DESC_TYPE_NAME, type_name, sizeof type_name, &len, NULL))) {
    odbc_narrow(&type_text, type_name, (size_t)len < sizeof type_name ? (size_t)len / 2 : 63);
    if (sql_text(&type_text)) snprintf(out->type_name, sizeof out->type_name, "%s", (char *)type_text.data);
    bytes_free(&type_text);
  }
  choose_format(link->system, out, is_unsigned == SQL_TRUE);
  return 0;
}

int odbc_describe(Link *link, SQLHSTMT statement, OdbcColumn **out, uint32_t *count, TableError *error) {
  SQLSMALLINT columns = 0;
  *out = NULL;
  *count = 0;
  if (!SQL_SUCCEEDED(SQLNumResultCols(statement, &columns))) return odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
  *out = calloc((size_t)columns + 1, sizeof **out);
  if (!*out) return SQL_NO_MEMORY(error);
  for (; *count < (uint32_t)columns; (*count)++)
    if (describe_one(link, statement, (SQLUSMALLINT)(*count + 1), &(*out)[*count], error) != 0) {
      odbc_columns_free(*out, *count);
      *out = NULL;
      return -1;
    }
  return 0;
}

void odbc_columns_free(OdbcColumn *columns, uint32_t count) {
  for (uint32_t i = 0; i < count && columns; i++) free(columns[i].name);
  free(columns);
}

/* --- Finding columns --- */

uint32_t odbc_column_find(const OdbcColumn *columns, uint32_t count, const char *name) {
  uint32_t found = count, matches = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (strcmp(columns[i].name, name) == 0) return i;
    if (strcasecmp(columns[i].name, name) == 0) found = i, matches++;
  }
  return matches == 1 ? found : count;
}

int odbc_column_missing(const OdbcColumn *columns, uint32_t count, const char *name, TableError *error) {
  const char **names = calloc((size_t)count + 1, sizeof *names);
  for (uint32_t i = 0; i < count && names; i++) names[i] = columns[i].name;
  const char *near = names ? sql_nearest(name, names, count) : NULL;
  if (near) MODULE_HINT(error, "did you mean '%s'?", near);
  free(names);
  return MODULE_FAIL(error, "there is no column '%s'", name);
}
