/* ranges.c - partitions by ranges of a key: its smallest and its largest value, and values in even steps between them.
 *
 * The first range has no lower bound and takes the NULLs too, the last one has no upper bound: whatever is in the table when a partition
 * is read lies in exactly one. Partitions are read by connections of their own, so they see the table at different moments.
 */
#include <math.h>

#include "odbc/odbc.h"

/* A key as a number: a whole one, days, microseconds, or a fraction. */
typedef struct Bound {
  bool null;
  int64_t whole;
  double number;
} Bound;

static int read_text(Link *link, SQLHSTMT statement, SQLUSMALLINT number, OdbcWay way, Bound *out, TableError *error) {
  char text[128], *end;
  SQLLEN len = 0;
  if (!SQL_SUCCEEDED(SQLGetData(statement, number, SQL_C_CHAR, text, sizeof text, &len))) return odbc_failed(link, SQL_HANDLE_STMT, statement, "@key: ", error);
  out->null = len == SQL_NULL_DATA;
  if (out->null) return 0;
  out->number = strtod(text, &end);
  out->whole = way == WAY_DOUBLE ? 0 : strtoll(text, NULL, 10);
  return *end ? MODULE_FAIL(error, "@key: '%s' is no number", text) : 0;
}

static int read_stamp(Link *link, SQLHSTMT statement, SQLUSMALLINT number, OdbcWay way, Bound *out, TableError *error) {
  SQL_TIMESTAMP_STRUCT stamp;
  SQLLEN len = 0;
  if (!SQL_SUCCEEDED(SQLGetData(statement, number, SQL_C_TYPE_TIMESTAMP, &stamp, sizeof stamp, &len))) return odbc_failed(link, SQL_HANDLE_STMT, statement, "@key: ", error);
  out->null = len == SQL_NULL_DATA;
  if (out->null) return 0;
  out->whole = sql_days(stamp.year, stamp.month, stamp.day);
  if (way == WAY_STAMP) out->whole = out->whole * INT64_C(86400000000) + ((stamp.hour * 60 + stamp.minute) * INT64_C(60) + stamp.second) * 1000000 + stamp.fraction / 1000;
  return 0;
}

static int read_bounds(Link *link, SQLHSTMT statement, OdbcWay way, Bound bounds[2], TableError *error) {
  SQLRETURN answer;
  if (odbc_fetch(link, statement, &answer, error) != 0) return -1;
  if (answer == SQL_NO_DATA) return bounds[0].null = bounds[1].null = true, 0;
  for (SQLUSMALLINT i = 0; i < 2; i++) {
    bool moment = way == WAY_DATE || way == WAY_STAMP;
    if ((moment ? read_stamp : read_text)(link, statement, i + 1, way, &bounds[i], error) != 0) return -1;
  }
  return 0;
}

static int ask_bounds(Link *link, const SystemPlan *plan, OdbcWay way, Bound bounds[2], TableError *error) {
  Bytes text = {0};
  SQLHSTMT statement = NULL;
  sql_putf(&text, "SELECT MIN(%s), MAX(%s) FROM ", plan->key, plan->key);
  sql_putf(&text, plan->query ? "(%s) dcetl_rows" : "%s", plan->from);
  int status = sql_text(&text) ? odbc_statement(link, &statement, error) : SQL_NO_MEMORY(error);
  if (status == 0) status = odbc_prepare(link, statement, (char *)text.data, error);
  if (status == 0) status = odbc_execute(link, statement, error);
  if (status == 0) status = read_bounds(link, statement, way, bounds, error);
  odbc_statement_free(link, &statement);
  bytes_free(&text);
  return status;
}

/* A value of the key as SQL: a number, or ODBC's {d '…'} and {ts '…'}, which drivers translate. */
static char *literal(OdbcWay way, int64_t whole, double number) {
  const int64_t day = INT64_C(86400000000);
  Bytes text = {0};
  int64_t year;
  unsigned month, of_month;
  if (way == WAY_DOUBLE) sql_putf(&text, "%.17g", number);
  else if (way != WAY_DATE && way != WAY_STAMP) sql_putf(&text, "%lld", (long long)whole);
  else {
    int64_t days = way == WAY_DATE ? whole : whole / day - (whole % day < 0), rest = way == WAY_DATE ? 0 : whole - days * day, seconds = rest / 1000000;
    sql_civil(days, &year, &month, &of_month);
    sql_putf(&text, "{%s '%04lld-%02u-%02u", way == WAY_DATE ? "d" : "ts", (long long)year, month, of_month);
    if (way == WAY_STAMP) sql_putf(&text, " %02d:%02d:%02d.%06d", (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60), (int)(rest % 1000000));
    sql_put(&text, "'}");
  }
  return (char *)sql_text(&text);
}

/* Where partition i of n begins. */
static char *step(OdbcWay way, const Bound bounds[2], uint32_t i, uint32_t n) {
  double number = bounds[0].number + (bounds[1].number - bounds[0].number) * i / n;
  __int128 width = (__int128)bounds[1].whole - bounds[0].whole + 1;
  return literal(way, (int64_t)(bounds[0].whole + width * i / n), number);
}

/* The way in which its key is taken apart; decimals that fit are whole numbers. */
static int key_way(const OdbcColumn *column, OdbcWay *way, TableError *error) {
  *way = column->way;
  if (column->way == WAY_DECIMAL && column->digits == 0 && column->size <= 18) *way = WAY_INT;
  else if (column->way == WAY_DECIMAL || column->way == WAY_FLOAT || column->any_number) *way = WAY_DOUBLE;
  if (*way == WAY_UINT) *way = strcmp(column->format, "L") == 0 ? WAY_DOUBLE : WAY_INT;
  if (*way == WAY_INT || *way == WAY_DOUBLE || *way == WAY_DATE || *way == WAY_STAMP) return 0;
  MODULE_HINT(error, "take a column of numbers, dates or time stamps, or read it as one partition, without @key");
  return MODULE_FAIL(error, "@key = '%s' cannot be split into ranges: it is of type %s", column->name, column->type_name[0] ? column->type_name : "text");
}

int odbc_ranges(Link *link, SystemPlan *plan, uint32_t partitions, TableError *error) {
  Bound bounds[2] = {{0}, {0}};
  OdbcWay way;
  uint32_t key = odbc_column_find(plan->columns, plan->count, plan->system->keys[0]);
  if (key_way(&plan->columns[key], &way, error) != 0 || ask_bounds(link, plan, way, bounds, error) != 0) return -1;
  if (way == WAY_DOUBLE && (!isfinite(bounds[0].number) || !isfinite(bounds[1].number))) return MODULE_FAIL(error, "@key: the smallest or the largest value is no finite number");
  plan->ranges = calloc(partitions, sizeof *plan->ranges);
  if (!plan->ranges) return SQL_NO_MEMORY(error);
  plan->partitions = partitions;
  bool empty = bounds[0].null || bounds[1].null;
  for (uint32_t i = 0; i < partitions; i++) {
    OdbcRange *range = &plan->ranges[i];
    range->none = empty && i;
    if (!empty && i && !(range->from = step(way, bounds, i, partitions))) return SQL_NO_MEMORY(error);
    if (!empty && i + 1 < partitions && !(range->to = step(way, bounds, i + 1, partitions))) return SQL_NO_MEMORY(error);
  }
  return 0;
}
