/* plan.c - what is to be read: columns and their types; parts by ranges of a key, each with its connection and a snapshot of its own.
 *
 * Snapshots of several connections cannot be shared in MySQL. They are begun together, by the first reader, while the table is locked
 * against writers for that moment, so that all see the same rows; where the right to lock is missing, or where a query is read, they are
 * only begun one right after another. InnoDB has snapshots, other engines have not.
 */
#include "mysql.h"

enum { DEFAULT_PARTITIONS = 8, MOST_PARTITIONS = 64 };

typedef struct Shared {
  SqlShared base;
  MYSQL *connections[MOST_PARTITIONS];
  char *bounds[MOST_PARTITIONS]; /* texts within quotes; bound i ends partition i */
  uint32_t bound_count;
} Shared;

/* --- Columns --- */

static int find_columns(SystemPlan *plan, MYSQL *connection, TableError *error) {
  Bytes text = {0};
  if (plan->query) sql_put(&text, plan->query);
  else sql_putf(&text, "SELECT * FROM %s", plan->source);
  const char *statement = sql_text(&text);
  MYSQL_STMT *prepared = statement ? my_prepare(plan->system, connection, statement, error) : NULL;
  bytes_free(&text);
  if (!prepared) return statement ? -1 : SQL_NO_MEMORY(error);
  MYSQL_RES *result = mysql_stmt_result_metadata(prepared);
  int status = result ? 0 : MODULE_FAIL(error, "the statement gives no rows");
  uint32_t count = result ? mysql_num_fields(result) : 0;
  plan->columns = calloc(count + 1, sizeof *plan->columns);
  plan->fields.all = calloc(count + 1, sizeof *plan->fields.all);
  if (!plan->columns || !plan->fields.all) status = SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < count && status == 0; i++) {
    status = my_column(mysql_fetch_field_direct(result, i), false, &plan->columns[i]) == 0 ? 0 : SQL_NO_MEMORY(error);
    plan->fields.all[plan->fields.count++] = (SqlField){plan->columns[i].name, plan->columns[i].format};
  }
  mysql_free_result(result);
  my_finish(plan->system, connection, prepared);
  return status;
}

static int choose_columns(SystemPlan *plan, const SystemQuery *query, TableError *error) {
  if (sql_fields_choose(&plan->fields, query, error) < 0) return -1;
  plan->partitions = 1;
  if (!plan->system->key || query->partitions == 1) return 0;
  if (!plan->source) return MODULE_FAIL(error, "@key can only split tables and queries that begin with SELECT, WITH or VALUES");
  plan->partitions = query->partitions ? query->partitions : DEFAULT_PARTITIONS;
  if (plan->partitions > MOST_PARTITIONS)
    return MODULE_FAIL(error, "PARTITION %u: each takes a connection, so %d are possible", plan->partitions, MOST_PARTITIONS);
  return sql_fields_find(&plan->fields, plan->system->key, &plan->key, error);
}

static int name_source(SystemPlan *plan, const char *from, TableError *error) {
  Bytes source = {0};
  if (sql_is_query(from)) {
    plan->query = strndup(from, sql_query_length(from));
    if (!plan->query) return SQL_NO_MEMORY(error);
    if (!sql_can_nest(from)) return 0;
    sql_putf(&source, "(\n%s\n)", plan->query);
  } else {
    if (sql_name_parse(from, '`', &plan->table, error) < 0) return -1;
    sql_put_names(&source, &plan->table, '`');
  }
  plan->source = (char *)sql_text(&source);
  if (plan->source) return 0;
  bytes_free(&source);
  return SQL_NO_MEMORY(error);
}

int my_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error) {
  SystemPlan *plan = calloc(1, sizeof *plan);
  Shared *shared = calloc(1, sizeof *shared);
  if (!plan || !shared) {
    free(plan);
    free(shared);
    return SQL_NO_MEMORY(error);
  }
  plan->system = system;
  plan->shared = shared;
  pthread_mutex_init(&shared->base.lock, NULL);
  int status = name_source(plan, query->from, error);
  MYSQL *connection = status == 0 ? my_begin(system, error) : NULL;
  if (status == 0) status = connection ? find_columns(plan, connection, error) : -1;
  if (status < 0 && connection && plan->table.count) my_hint_table(system, connection, &plan->table, error);
  if (status == 0) status = choose_columns(plan, query, error);
  if (status == 0) status = sql_fields_schema(&plan->fields, schema, error);
  my_end(system, connection, false);
  if (status < 0) {
    my_free_plan(plan);
    return -1;
  }
  *partitions = plan->partitions;
  *out = plan;
  return 0;
}

void my_free_plan(SystemPlan *plan) {
  Shared *shared = plan->shared;
  for (uint32_t i = 0; i < MOST_PARTITIONS; i++) {
    my_end(plan->system, shared->connections[i], false);
    free(shared->bounds[i]);
  }
  pthread_mutex_destroy(&shared->base.lock);
  free(shared);
  for (uint32_t i = 0; i < plan->fields.count; i++) free(plan->columns[i].name);
  free(plan->columns);
  sql_fields_free(&plan->fields);
  free(plan->source);
  free(plan->query);
  sql_name_free(&plan->table);
  free(plan);
}

/* --- Snapshots --- */

static int begin_snapshots(SystemPlan *plan, Shared *shared, TableError *error) {
  for (uint32_t i = 0; i < plan->partitions; i++)
    if (!(shared->connections[i] = my_begin(plan->system, error))) return -1;
  MYSQL *locker = NULL;
  Bytes lock = {0};
  TableError ignored = {{0}, {0}};
  if (plan->table.count) {
    if (!(locker = my_begin(plan->system, error))) return -1;
    sql_putf(&lock, "LOCK TABLES %s READ", plan->source);
    if (my_run(plan->system, locker, &lock, &ignored) < 0)
      plan->system->host->warn(plan->system->host, "the table could not be locked for a moment, so the partitions may see rows that were written between their beginnings");
  }
  int status = 0;
  for (uint32_t i = 0; i < plan->partitions && status == 0; i++)
    status = my_do(plan->system, shared->connections[i], "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", error);
  my_end(plan->system, locker, false); /* the lock ends with it */
  return status;
}

/* --- Bounds --- */

/* A statement that gives the bounds in order, one a row. Numbers and moments are cut into equal steps; for others the server counts
   rows, in the key's order. The bounds are in the order in which they are compared, which for ENUM and SET is another one. */
static void put_bounds(const SystemPlan *plan, Bytes *out) {
  const MyColumn *key = &plan->columns[plan->key];
  uint32_t n = plan->partitions;
  Bytes name = {0};
  sql_put_name(&name, key->name, '`');
  const char *k = sql_text(&name);
  if (!k) {
    out->failed = true;
    return;
  }
  if (key->form == MY_INT || key->form == MY_DATE || key->form == MY_STAMP) {
    sql_putf(out, "WITH RECURSIVE steps (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM steps WHERE i < %u) SELECT ", n - 1);
    if (key->form == MY_INT) sql_putf(out, "CAST(lo AS DECIMAL(30)) + FLOOR((CAST(hi AS DECIMAL(30)) - lo) * i / %u)", n);
    else if (key->form == MY_DATE) sql_putf(out, "lo + INTERVAL DATEDIFF(hi, lo) * i DIV %u DAY", n);
    else sql_putf(out, "lo + INTERVAL TIMESTAMPDIFF(MICROSECOND, lo, hi) DIV %u * i MICROSECOND", n);
    sql_putf(out, " FROM (SELECT MIN(%s) AS lo, MAX(%s) AS hi FROM %s AS q) AS s, steps WHERE lo IS NOT NULL ORDER BY i", k, k, plan->source);
  } else {
    sql_putf(out, "SELECT MIN(dcetl_k) FROM (SELECT q.%s AS dcetl_k, NTILE(%u) OVER (ORDER BY q.%s) AS dcetl_t FROM %s AS q WHERE q.%s IS NOT NULL) AS s"
                  " WHERE dcetl_t > 1 GROUP BY dcetl_t ORDER BY 1", k, n, k, plan->source, k);
  }
  bytes_free(&name);
}

static int find_bounds(SystemPlan *plan, Shared *shared, TableError *error) {
  Bytes statement = {0};
  MYSQL *connection = shared->connections[0];
  put_bounds(plan, &statement);
  const char *text = sql_text(&statement);
  MYSQL_RES *rows = text ? my_rows(plan->system, connection, text, error) : NULL;
  bytes_free(&statement);
  if (!rows) return text ? -1 : SQL_NO_MEMORY(error);
  int status = 0;
  for (MYSQL_ROW row; status == 0 && shared->bound_count < plan->partitions - 1 && (row = mysql_fetch_row(rows));) {
    Bytes literal = {0};
    my_put_literal(connection, &literal, row[0], mysql_fetch_lengths(rows)[0]);
    if (sql_text(&literal)) shared->bounds[shared->bound_count++] = (char *)literal.data;
    else status = SQL_NO_MEMORY(error);
  }
  mysql_free_result(rows);
  return status;
}

static int make_shared(SystemPlan *plan, TableError *error) { return begin_snapshots(plan, plan->shared, error) < 0 ? -1 : find_bounds(plan, plan->shared, error); }

/* With the lock held. */
static MYSQL *take_connection(SystemPlan *plan, uint32_t partition, char **where, TableError *error) {
  Shared *shared = plan->shared;
  Bytes key = {0};
  if (sql_shared_make(&shared->base, make_shared, plan, error) < 0) return NULL;
  sql_put_name(&key, plan->columns[plan->key].name, '`');
  if (sql_range(&key, shared->bounds, shared->bound_count, partition, where, error) < 0) return NULL;
  MYSQL *connection = shared->connections[partition];
  shared->connections[partition] = NULL;
  if (!connection) MODULE_FAIL(error, "partition %u is read twice", partition);
  return connection;
}

MYSQL *my_open_partition(SystemPlan *plan, uint32_t partition, char **where, TableError *error) {
  Shared *shared = plan->shared;
  *where = NULL;
  if (plan->partitions == 1) return my_begin(plan->system, error);
  pthread_mutex_lock(&shared->base.lock);
  MYSQL *connection = take_connection(plan, partition, where, error);
  pthread_mutex_unlock(&shared->base.lock);
  return connection;
}
