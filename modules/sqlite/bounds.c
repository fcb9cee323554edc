/* bounds.c - a table or query cut into ranges of a key: of even width for integers, of even counts of rows for others. */
#include "sqlite.h"

enum { MOST_PARTITIONS = 64 }; /* each is a connection */

/* The first row of a statement that is put together; NULL: an error, or no row. */
static sqlite3_stmt *first_row(const SystemPlan *plan, Connection *connection, const char *what, const char *behind, TableError *error) {
  Bytes text = {0};
  sqlite3_stmt *row;
  sql_putf(&text, "SELECT %s FROM ", what);
  bytes_put(&text, plan->source.data, plan->source.len);
  sql_putf(&text, " %s", behind);
  if (connection_prepare(connection, &text, &row, error) != 0) return NULL;
  int step = sqlite3_step(row);
  if (step == SQLITE_ROW) return row;
  if (step != SQLITE_DONE) connection_failed(connection, error);
  sqlite3_finalize(row);
  return NULL;
}

static int keep_bound(SystemPlan *plan, uint32_t i, sqlite3_value *value, TableError *error) {
  plan->bounds[i] = sqlite3_value_dup(value);
  return plan->bounds[i] ? 0 : SQL_NO_MEMORY(error);
}

static int even_widths(SystemPlan *plan, Connection *connection, int64_t low, int64_t high, TableError *error) {
  Bytes text = {0};
  sqlite3_stmt *row;
  sql_put(&text, "SELECT ?1");
  if (connection_prepare(connection, &text, &row, error) != 0) return -1;
  int result = 0;
  for (uint32_t i = 1; i < plan->partitions && result == 0; i++) {
    __int128 width = (__int128)high - low + 1;
    sqlite3_bind_int64(row, 1, (int64_t)(low + width * i / plan->partitions));
    if (sqlite3_step(row) != SQLITE_ROW) result = connection_failed(connection, error);
    else result = keep_bound(plan, i - 1, sqlite3_column_value(row, 0), error);
    sqlite3_reset(row);
  }
  sqlite3_finalize(row);
  return result;
}

static int even_counts(SystemPlan *plan, Connection *connection, int64_t rows, TableError *error) {
  for (uint32_t i = 1; i < plan->partitions; i++) {
    Bytes behind = {0};
    sql_putf(&behind, "WHERE %s IS NOT NULL ORDER BY 1 LIMIT 1 OFFSET %lld", plan->key, (long long)((__int128)rows * i / plan->partitions));
    const char *text = sql_text(&behind);
    sqlite3_stmt *row = text ? first_row(plan, connection, plan->key, text, error) : NULL;
    bytes_free(&behind);
    if (!row) return error->text[0] ? -1 : SQL_NO_MEMORY(error);
    int result = keep_bound(plan, i - 1, sqlite3_column_value(row, 0), error);
    sqlite3_finalize(row);
    if (result != 0) return result;
  }
  return 0;
}

/* @key, quoted, or the rowid of a table that has one; NULL: neither. */
static char *find_key(const SystemPlan *plan, Connection *connection) {
  Bytes quoted = {0};
  if (plan->system->key) {
    sql_put_name(&quoted, plan->system->key, '"');
    return (char *)sql_text(&quoted);
  }
  TableError ignored = {.text = ""};
  sqlite3_stmt *row = plan->table ? first_row(plan, connection, "rowid", "LIMIT 1", &ignored) : NULL;
  bool has = row && sqlite3_column_type(row, 0) == SQLITE_INTEGER;
  sqlite3_finalize(row);
  return has ? strdup("rowid") : NULL;
}

int find_bounds(SystemPlan *plan, Connection *connection, uint32_t wanted, TableError *error) {
  Bytes what = {0};
  plan->key = find_key(plan, connection);
  if (!plan->key) return 0;
  sql_putf(&what, "min(%s), max(%s), count(%s)", plan->key, plan->key, plan->key);
  const char *text = sql_text(&what);
  sqlite3_stmt *row = text ? first_row(plan, connection, text, "", error) : NULL;
  bytes_free(&what);
  if (!row) return error->text[0] ? -1 : SQL_NO_MEMORY(error);
  int64_t rows = sqlite3_column_int64(row, 2), low = sqlite3_column_int64(row, 0), high = sqlite3_column_int64(row, 1);
  bool integers = sqlite3_column_type(row, 0) == SQLITE_INTEGER && sqlite3_column_type(row, 1) == SQLITE_INTEGER;
  sqlite3_finalize(row);
  if (rows == 0) return 0;
  plan->partitions = wanted < MOST_PARTITIONS ? wanted : MOST_PARTITIONS;
  plan->bounds = calloc(plan->partitions, sizeof *plan->bounds);
  if (!plan->bounds) return SQL_NO_MEMORY(error);
  return integers ? even_widths(plan, connection, low, high, error) : even_counts(plan, connection, rows, error);
}

void put_range(const SystemPlan *plan, uint32_t partition, Bytes *out) {
  bool first = partition == 0, last = partition + 1 == plan->partitions;
  if (plan->partitions == 1) return;
  if (first) sql_putf(out, " WHERE %s < ?2 OR %s IS NULL", plan->key, plan->key);
  else if (last) sql_putf(out, " WHERE %s >= ?1", plan->key);
  else sql_putf(out, " WHERE %s >= ?1 AND %s < ?2", plan->key, plan->key);
}

int bind_range(const SystemPlan *plan, uint32_t partition, sqlite3_stmt *statement) {
  int result = SQLITE_OK;
  if (plan->partitions == 1) return result;
  if (partition > 0) result = sqlite3_bind_value(statement, 1, plan->bounds[partition - 1]);
  if (result == SQLITE_OK && partition + 1 < plan->partitions) result = sqlite3_bind_value(statement, 2, plan->bounds[partition]);
  return result;
}
