/* create.c - the types of a new table: the driver is asked which ones its database has. */
#include <strings.h>

#include "odbc/odbc.h"

/* What the driver's list gets wrong, or where its first choice would lose something. */
static const struct {
  const char *dbms; /* part of its name */
  SqlKind kind;
  int zoned;        /* of stamps: 0, 1 */
  const char *type;
} better[] = {
    {"PostgreSQL", SQL_KIND_STAMP, 0, "timestamp"},
    {"PostgreSQL", SQL_KIND_STAMP, 1, "timestamptz"},
    {"MariaDB", SQL_KIND_STAMP, 0, "DATETIME(6)"},
    {"MariaDB", SQL_KIND_STAMP, 1, "DATETIME(6)"},
    {"MariaDB", SQL_KIND_TIME, 0, "TIME(6)"},
    {"MySQL", SQL_KIND_STAMP, 0, "DATETIME(6)"},
    {"MySQL", SQL_KIND_STAMP, 1, "DATETIME(6)"},
    {"MySQL", SQL_KIND_TIME, 0, "TIME(6)"},
    {"Microsoft SQL Server", SQL_KIND_STAMP, 0, "datetime2"},
    {"Microsoft SQL Server", SQL_KIND_STAMP, 1, "datetimeoffset"},
    {"Microsoft SQL Server", SQL_KIND_TEXT, 0, "nvarchar(max)"},
    {"Microsoft SQL Server", SQL_KIND_BYTES, 0, "varbinary(max)"},
};

static const char *better_type(const System *system, const SqlType *type) {
  for (size_t i = 0; i < sizeof better / sizeof *better; i++)
    if (better[i].kind == type->kind && better[i].zoned == (type->kind == SQL_KIND_STAMP && type->zoned) && strcasestr(system->dbms, better[i].dbms)) return better[i].type;
  return NULL;
}

/* Types of ODBC that hold a kind, best first; a list ends with 0. */
static const SQLSMALLINT *choices(const SqlType *type) {
  static const SQLSMALLINT truth[] = {SQL_BIT, SQL_SMALLINT, SQL_INTEGER, 0}, tiny[] = {SQL_TINYINT, SQL_SMALLINT, SQL_INTEGER, SQL_BIGINT, SQL_DECIMAL, SQL_NUMERIC, 0},
                           numbers[] = {SQL_DECIMAL, SQL_NUMERIC, SQL_VARCHAR, 0}, doubles[] = {SQL_DOUBLE, SQL_FLOAT, 0}, floats[] = {SQL_REAL, SQL_FLOAT, SQL_DOUBLE, 0},
                           dates[] = {SQL_TYPE_DATE, SQL_TYPE_TIMESTAMP, 0}, times[] = {SQL_TYPE_TIME, SQL_VARCHAR, 0}, stamps[] = {SQL_TYPE_TIMESTAMP, 0},
                           blobs[] = {SQL_LONGVARBINARY, SQL_VARBINARY, 0}, texts[] = {SQL_WLONGVARCHAR, SQL_LONGVARCHAR, SQL_WVARCHAR, SQL_VARCHAR, 0};
  switch (type->kind) {
    case SQL_KIND_BOOL: return truth;
    case SQL_KIND_INT: return type->width == 1 ? tiny : type->width == 2 ? tiny + 1 : type->width == 4 ? tiny + 2 : tiny + 3;
    case SQL_KIND_UINT: return type->width == 1 ? tiny + 1 : type->width == 2 ? tiny + 2 : type->width == 4 ? tiny + 3 : numbers;
    case SQL_KIND_FLOAT: return floats;
    case SQL_KIND_DOUBLE: return doubles;
    case SQL_KIND_DECIMAL: return numbers;
    case SQL_KIND_BYTES: return blobs;
    case SQL_KIND_DATE: return dates;
    case SQL_KIND_TIME: return times;
    case SQL_KIND_STAMP: return stamps;
    case SQL_KIND_TEXT:
    case SQL_KIND_UUID:
    case SQL_KIND_NESTED:
    case SQL_KIND_NULL:
    case SQL_KIND_UNKNOWN: break;
  }
  return texts;
}

/* A row of SQLGetTypeInfo. */
typedef struct Offer {
  char name[128], params[128];
  SQLINTEGER size;
  bool is_unsigned, found;
} Offer;

static void read_offer(SQLHSTMT statement, Offer *out) {
  SQLLEN len = 0;
  SQLSMALLINT is_unsigned = 0;
  *out = (Offer){.found = true};
  SQLGetData(statement, 1, SQL_C_CHAR, out->name, sizeof out->name, &len);
  SQLGetData(statement, 3, SQL_C_SLONG, &out->size, sizeof out->size, &len);
  if (len == SQL_NULL_DATA) out->size = 0;
  SQLGetData(statement, 6, SQL_C_CHAR, out->params, sizeof out->params, &len);
  if (len == SQL_NULL_DATA) out->params[0] = 0;
  SQLGetData(statement, 10, SQL_C_SSHORT, &is_unsigned, sizeof is_unsigned, &len);
  out->is_unsigned = len != SQL_NULL_DATA && is_unsigned == SQL_TRUE;
}

/* The first offer of a type that has a sign; of long texts and bytes the longest one. */
static int ask(Link *link, SQLSMALLINT type, Offer *out, TableError *error) {
  bool longest = type == SQL_LONGVARCHAR || type == SQL_WLONGVARCHAR || type == SQL_LONGVARBINARY;
  SQLHSTMT statement;
  SQLRETURN answer = SQL_NO_DATA;
  *out = (Offer){.found = false};
  if (odbc_statement(link, &statement, error) != 0) return -1;
  int status = 0;
  bool known = SQL_SUCCEEDED(SQLGetTypeInfo(statement, type)); /* some drivers refuse types that they have not */
  while (known && status == 0 && (status = odbc_fetch(link, statement, &answer, error)) == 0 && answer != SQL_NO_DATA) {
    Offer offer;
    read_offer(statement, &offer);
    if (!offer.is_unsigned && (!out->found || (longest && offer.size > out->size))) *out = offer;
  }
  odbc_statement_free(link, &statement);
  return status;
}

int odbc_put_type(Link *link, Bytes *out, const SqlType *type, const char *column, TableError *error) {
  const char *known = better_type(link->system, type);
  if (known) {
    sql_put(out, known);
    return 0;
  }
  Offer offer = {.found = false};
  const SQLSMALLINT *at = choices(type);
  for (; *at && !offer.found; at++)
    if (ask(link, *at, &offer, error) != 0) return -1;
  if (!offer.found) {
    MODULE_HINT(error, "make the table by EXEC odbc(…) 'CREATE TABLE …', and write with @mode = 'append'");
    return MODULE_FAIL(error, "the database has no type for column '%s'", column);
  }
  sql_put(out, offer.name);
  SQLSMALLINT chosen = at[-1];
  bool decimal = chosen == SQL_DECIMAL || chosen == SQL_NUMERIC, variable = chosen == SQL_VARCHAR || chosen == SQL_WVARCHAR || chosen == SQL_VARBINARY;
  if (decimal && offer.params[0]) sql_putf(out, "(%d, %d)", type->kind == SQL_KIND_DECIMAL ? type->precision : 20, type->kind == SQL_KIND_DECIMAL ? type->scale : 0);
  if (variable && offer.params[0] && offer.size > 0) sql_putf(out, "(%d)", (int)offer.size);
  return 0;
}
