/* plan.c - what is to be read: columns and their types; parts by ranges of a key, all on one snapshot of the database.
 */
#include "postgres.h"

enum { DEFAULT_PARTITIONS = 8 };

/* What the partitions share. The connection keeps the snapshot until the last partition has taken it over. */
typedef struct Shared {
  SqlShared base;
  PGconn *connection;
  char *snapshot;
  char **bounds;        /* texts within quotes; bound i ends partition i */
  uint32_t bound_count;
  uint32_t open;        /* partitions begun */
} Shared;

/* --- Columns --- */

static void set_column(PgColumn *column, const char *format, PgDecode decode) {
  snprintf(column->format, sizeof column->format, "%s", format);
  column->decode = decode;
}

/* Precision and scale are in the modifier, the scale with 11 bits and a sign. Others: text keeps every digit. */
static void set_numeric(PgColumn *column, int modifier) {
  int precision = ((modifier - 4) >> 16) & 0xFFFF, scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024;
  column->cast = modifier < 4 || precision > SQL_MOST_DECIMAL || scale < 0 || scale > precision;
  if (column->cast) return;
  char format[SQL_FORMAT];
  snprintf(format, sizeof format, "d:%d,%d", precision, scale);
  set_column(column, format, PG_AS_DECIMAL);
  column->scale = scale;
}

static void set_type(PgColumn *column, Oid type, int modifier) {
  set_column(column, "u", PG_AS_BYTES);
  switch (type) {
    case PG_BOOL: set_column(column, "b", PG_AS_BOOL); break;
    case PG_INT2: set_column(column, "s", PG_AS_INT); break;
    case PG_INT4: set_column(column, "i", PG_AS_INT); break;
    case PG_INT8: set_column(column, "l", PG_AS_INT); break;
    case PG_FLOAT4: set_column(column, "f", PG_AS_INT); break;
    case PG_FLOAT8: set_column(column, "g", PG_AS_INT); break;
    case PG_NUMERIC: set_numeric(column, modifier); break;
    case PG_BYTEA: set_column(column, "z", PG_AS_BYTES); break;
    case PG_DATE: set_column(column, "tdD", PG_AS_DATE); break;
    case PG_TIME: set_column(column, "ttu", PG_AS_TIME); break;
    case PG_TIMESTAMP: set_column(column, "tsu:", PG_AS_STAMP); break;
    case PG_TIMESTAMPTZ: set_column(column, "tsu:UTC", PG_AS_STAMP); break;
    case PG_UUID: set_column(column, SQL_UUID, PG_AS_UUID); break;
    case PG_TEXT: case PG_VARCHAR: case PG_BPCHAR: case PG_NAME: case PG_JSON: break;
    default: column->cast = true;
  }
}

static int find_columns(SystemPlan *plan, PGconn *connection, TableError *error) {
  Bytes statement = {0};
  if (plan->source) sql_putf(&statement, "SELECT * FROM %s AS q", plan->source);
  else sql_put(&statement, plan->statement);
  const char *text = sql_text(&statement);
  PGresult *result = text ? pg_describe(plan->system, connection, text, error) : NULL;
  bytes_free(&statement);
  if (!result) return text ? -1 : SQL_NO_MEMORY(error);
  int status = 0, count = PQnfields(result);
  plan->columns = calloc((size_t)count + 1, sizeof *plan->columns);
  plan->fields.all = calloc((size_t)count + 1, sizeof *plan->fields.all);
  if (!plan->columns || !plan->fields.all) status = SQL_NO_MEMORY(error);
  for (int i = 0; i < count && status == 0; i++) {
    PgColumn *column = &plan->columns[i];
    plan->fields.all[plan->fields.count++] = (SqlField){column->name = strdup(PQfname(result, i)), column->format};
    if (plan->source) set_type(column, PQftype(result, i), PQfmod(result, i));
    else set_column(column, "u", PG_AS_BYTES);
    status = column->name ? 0 : SQL_NO_MEMORY(error);
  }
  PQclear(result);
  if (status == 0 && !count) status = MODULE_FAIL(error, "the statement gives no rows");
  return status;
}

static int choose_columns(SystemPlan *plan, const SystemQuery *query, TableError *error) {
  if (sql_fields_choose(&plan->fields, query, error) < 0) return -1;
  plan->partitions = 1;
  if (!plan->system->key || query->partitions == 1) return 0;
  if (!plan->source) return MODULE_FAIL(error, "@key can only split tables and queries that begin with SELECT, WITH, VALUES or TABLE");
  plan->partitions = query->partitions ? query->partitions : DEFAULT_PARTITIONS;
  return sql_fields_find(&plan->fields, plan->system->key, &plan->key, error);
}

/* --- Sources --- */

static int name_source(SystemPlan *plan, const char *from, SqlName *table, TableError *error) {
  Bytes source = {0};
  if (sql_can_nest(from)) sql_putf(&source, "(\n%.*s\n)", (int)sql_query_length(from), from);
  else if (sql_is_query(from)) plan->statement = strdup(from);
  else if (sql_name_parse(from, '"', table, error) < 0) return -1;
  else sql_put_names(&source, table, '"');
  if (plan->statement) return 0;
  plan->source = (char *)sql_text(&source);
  if (plan->source) return 0;
  bytes_free(&source);
  return SQL_NO_MEMORY(error);
}

int pg_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error) {
  SqlName table = {.count = 0};
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
  int status = name_source(plan, query->from, &table, error);
  PGconn *connection = status == 0 ? pg_begin(system, error) : NULL;
  if (status == 0) status = connection ? find_columns(plan, connection, error) : -1;
  if (status < 0 && connection && table.count) pg_hint_table(system, connection, &table, error);
  if (status == 0) status = choose_columns(plan, query, error);
  if (status == 0) status = sql_fields_schema(&plan->fields, schema, error);
  pg_end(connection);
  sql_name_free(&table);
  if (status < 0) {
    pg_free_plan(plan);
    return -1;
  }
  *partitions = plan->partitions;
  *out = plan;
  return 0;
}

void pg_free_plan(SystemPlan *plan) {
  Shared *shared = plan->shared;
  pg_end(shared->connection);
  for (uint32_t i = 0; i < shared->bound_count; i++) PQfreemem(shared->bounds[i]);
  free(shared->bounds);
  PQfreemem(shared->snapshot);
  pthread_mutex_destroy(&shared->base.lock);
  free(shared);
  for (uint32_t i = 0; i < plan->fields.count; i++) free(plan->columns[i].name);
  free(plan->columns);
  sql_fields_free(&plan->fields);
  free(plan->source);
  free(plan->statement);
  free(plan);
}

/* --- Partitions --- */

static void put_source(const SystemPlan *plan, Bytes *out) {
  sql_putf(out, "%s AS q(", plan->source);
  for (uint32_t i = 0; i < plan->fields.count; i++) sql_putf(out, "%sc%u", i ? ", " : "", i);
  sql_put(out, ")");
}

/* A statement that gives the bounds in order, one a row. Numbers and moments are cut into equal steps; for others the server counts
   rows, in the key's order. */
static void put_bounds(const SystemPlan *plan, Bytes *out) {
  const PgColumn *key = &plan->columns[plan->key];
  uint32_t k = plan->key, n = plan->partitions;
  bool moment = key->decode == PG_AS_DATE || key->decode == PG_AS_STAMP;
  if (moment || (key->decode == PG_AS_INT && strchr("sil", key->format[0]))) {
    if (!moment) sql_putf(out, "SELECT (lo + trunc((hi::numeric - lo) * i / %u))", n);
    else if (key->decode == PG_AS_DATE) sql_putf(out, "SELECT (lo + ((hi - lo)::int8 * i / %u)::int4)", n);
    else sql_putf(out, "SELECT (lo + (hi - lo) * (i / %u.0))", n);
    sql_putf(out, "::text FROM (SELECT min(q.c%u) AS lo, max(q.c%u) AS hi FROM ", k, k);
    put_source(plan, out);
    if (moment) sql_putf(out, " WHERE isfinite(q.c%u)", k);
    sql_putf(out, ") s, generate_series(1, %u) i WHERE lo IS NOT NULL ORDER BY i", n - 1);
    return;
  }
  sql_putf(out, "SELECT k::text FROM (SELECT DISTINCT ON (t) t, k FROM (SELECT q.c%u AS k, ntile(%u) OVER (ORDER BY q.c%u) AS t FROM ", k, n, k);
  put_source(plan, out);
  sql_putf(out, " WHERE q.c%u IS NOT NULL) r ORDER BY t, k) s WHERE t > 1 ORDER BY t", k);
}

static int take_bounds(Shared *shared, const PGresult *result, TableError *error) {
  int rows = PQntuples(result);
  shared->bounds = calloc((size_t)rows + 1, sizeof *shared->bounds);
  for (int i = 0; shared->bounds && i < rows; i++) {
    const char *text = PQgetvalue(result, i, 0);
    shared->bounds[i] = PQescapeLiteral(shared->connection, text, strlen(text));
    if (!shared->bounds[i]) return pg_fail(shared->connection, NULL, error);
    shared->bound_count++;
  }
  return shared->bounds ? 0 : SQL_NO_MEMORY(error);
}

static int make_shared(SystemPlan *plan, TableError *error) {
  Shared *shared = plan->shared;
  Bytes statement = {0};
  put_bounds(plan, &statement);
  const char *text = sql_text(&statement);
  int status = text ? 0 : SQL_NO_MEMORY(error);
  if (status == 0) status = (shared->connection = pg_begin(plan->system, error)) ? 0 : -1;
  if (status == 0) status = pg_do(plan->system, shared->connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
  PGresult *bounds = status == 0 ? pg_run(plan->system, shared->connection, text, NULL, 0, error) : NULL;
  status = bounds ? take_bounds(shared, bounds, error) : -1;
  PGresult *snapshot = status == 0 ? pg_run(plan->system, shared->connection, "SELECT pg_export_snapshot()", NULL, 0, error) : NULL;
  if (status == 0) status = snapshot && (shared->snapshot = PQescapeLiteral(shared->connection, PQgetvalue(snapshot, 0, 0), strlen(PQgetvalue(snapshot, 0, 0)))) ? 0 : -1;
  PQclear(bounds);
  PQclear(snapshot);
  bytes_free(&statement);
  return status;
}

/* A transaction that sees the snapshot. */
static PGconn *join_snapshot(SystemPlan *plan, const Shared *shared, TableError *error) {
  Bytes statement = {0};
  PGconn *connection = pg_begin(plan->system, error);
  if (!connection) return NULL;
  sql_putf(&statement, "SET TRANSACTION SNAPSHOT %s", shared->snapshot);
  const char *text = sql_text(&statement);
  int status = text ? pg_do(plan->system, connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error) : SQL_NO_MEMORY(error);
  if (status == 0) status = pg_do(plan->system, connection, text, error);
  bytes_free(&statement);
  if (status == 0) return connection;
  pg_end(connection);
  return NULL;
}

PGconn *pg_open_partition(SystemPlan *plan, uint32_t partition, char **where, TableError *error) {
  Shared *shared = plan->shared;
  PGconn *connection = NULL;
  Bytes key = {0};
  *where = NULL;
  if (plan->partitions == 1) return pg_begin(plan->system, error);
  pthread_mutex_lock(&shared->base.lock);
  int status = sql_shared_make(&shared->base, make_shared, plan, error);
  pthread_mutex_unlock(&shared->base.lock);
  if (status < 0) return NULL;
  sql_putf(&key, "q.c%u", plan->key);
  if (sql_range(&key, shared->bounds, shared->bound_count, partition, where, error) == 0) connection = join_snapshot(plan, shared, error);
  if (!connection) {
    free(*where);
    *where = NULL;
    return NULL;
  }
  pthread_mutex_lock(&shared->base.lock);
  if (++shared->open == plan->partitions) {
    pg_end(shared->connection);
    shared->connection = NULL;
  }
  pthread_mutex_unlock(&shared->base.lock);
  return connection;
}
