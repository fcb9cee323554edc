/* plan.c - what FROM means: a table or a query, its columns and their types. */
#include <strings.h>

#include "sqlite.h"

enum { LOOKED_AT = 1000 }; /* rows */

/* --- Tables that are not there --- */

/* The names of tables and views; *count of them, freed by the caller. */
static char **table_names(Connection *connection, uint32_t *count) {
  Bytes text = {0};
  sqlite3_stmt *rows;
  TableError ignored = {.text = ""};
  char **names = NULL;
  size_t cap = 0;
  *count = 0;
  sql_put(&text, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name");
  if (connection_prepare(connection, &text, &rows, &ignored) != 0) return NULL;
  while (sqlite3_step(rows) == SQLITE_ROW) {
    char **more = module_room(names, *count, &cap, sizeof *names, 10000);
    if (!more) break;
    names = more;
    names[*count] = strdup((const char *)sqlite3_column_text(rows, 0));
    *count += names[*count] != NULL;
  }
  sqlite3_finalize(rows);
  return names;
}

int table_failed(Connection *connection, const SqlName *name, TableError *error) {
  uint32_t count;
  connection_failed(connection, error);
  if (!strstr(error->text, "no such table")) return -1;
  char **names = table_names(connection, &count);
  const char *near = count ? sql_nearest(name->parts[name->count - 1], (const char *const *)names, count) : NULL;
  error->text[0] = 0;
  MODULE_FAIL(error, "%s has no table \"%s\"", connection->system->path, name->parts[name->count - 1]);
  if (near) MODULE_HINT(error, "did you mean \"%s\"?", near);
  else if (!count) MODULE_HINT(error, "it has no tables");
  for (uint32_t i = 0; i < count; i++) free(names[i]);
  free(names);
  return -1;
}

/* --- Columns --- */

static int add_columns(SystemPlan *plan, sqlite3_stmt *rows, TableError *error) {
  int count = sqlite3_column_count(rows);
  plan->columns = calloc((size_t)count + 1, sizeof *plan->columns);
  plan->fields.all = calloc((size_t)count + 1, sizeof *plan->fields.all);
  if (!plan->columns || !plan->fields.all) return SQL_NO_MEMORY(error);
  for (int i = 0; i < count; i++) {
    PlanColumn *column = &plan->columns[i];
    const char *declaration = sqlite3_column_decltype(rows, i);
    column->name = strdup(sqlite3_column_name(rows, i));
    plan->fields.all[plan->fields.count++] = (SqlField){column->name, column->type.format};
    column->declaration = strdup(declaration ? declaration : "");
    if (!column->name || !column->declaration) return SQL_NO_MEMORY(error);
    column->type = declared_type(declaration);
  }
  return 0;
}

/* What the values of a column are. */
typedef struct Seen {
  bool misfit;
  bool own[SQLITE_NULL + 1]; /* by SQLite's types */
} Seen;

static Kind kind_seen(const Seen *seen) {
  bool numbers = seen->own[SQLITE_INTEGER] || seen->own[SQLITE_FLOAT];
  if (seen->own[SQLITE_BLOB]) return numbers || seen->own[SQLITE_TEXT] ? KIND_TEXT : KIND_BLOB;
  if (seen->own[SQLITE_TEXT] || !numbers) return KIND_TEXT;
  return seen->own[SQLITE_FLOAT] ? KIND_REAL : KIND_INT;
}

/* Columns without a type, and those whose first values are of another one, go by the values. */
static int look_at_rows(SystemPlan *plan, sqlite3_stmt *rows, Connection *connection, TableError *error) {
  Seen *seen = calloc((size_t)plan->fields.count + 1, sizeof *seen);
  int step = SQLITE_ROW;
  if (!seen) return SQL_NO_MEMORY(error);
  for (int row = 0; row < LOOKED_AT && (step = sqlite3_step(rows)) == SQLITE_ROW; row++) {
    for (uint32_t i = 0; i < plan->fields.count; i++) {
      int own = sqlite3_column_type(rows, (int)i); /* before anything converts it */
      seen[i].own[own] = true;
      seen[i].misfit = seen[i].misfit || !declared_fits(&plan->columns[i].type, rows, (int)i);
    }
  }
  for (uint32_t i = 0; i < plan->fields.count; i++) {
    Declared *type = &plan->columns[i].type;
    if (type->kind == KIND_UNKNOWN) declared_set(type, kind_seen(&seen[i]));
    else if (seen[i].misfit) declared_set(type, type->kind == KIND_INT && !seen[i].own[SQLITE_TEXT] && !seen[i].own[SQLITE_BLOB] ? KIND_REAL : KIND_TEXT);
  }
  free(seen);
  return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : connection_failed(connection, error);
}

/* --- The plan --- */

/* A table's name, or a query in parentheses. */
static int put_source(SystemPlan *plan, const char *from, SqlName *name, TableError *error) {
  plan->table = !sql_is_query(from);
  if (plan->table) {
    if (sql_name_parse(from, '"', name, error) != 0) return -1;
    sql_put_names(&plan->source, name, '"');
    return 0;
  }
  if (!sql_can_nest(from)) {
    MODULE_FAIL(error, "FROM takes a table, or a query that begins with SELECT, WITH or VALUES");
    MODULE_HINT(error, "what PRAGMA shows is a table, too: SELECT * FROM pragma_table_info('t')");
    return -1;
  }
  sql_put(&plan->source, "(");
  bytes_put(&plan->source, from, sql_query_length(from));
  sql_put(&plan->source, "\n)"); /* it may end with a comment */
  return 0;
}

/* SQLite takes a name in quotes that is no column for a text. */
static int check_key(const SystemPlan *plan, TableError *error) {
  static const char *const hidden[] = {"rowid", "oid", "_rowid_"};
  const char *key = plan->system->key;
  uint32_t ignored;
  for (uint32_t i = 0; key && i < plan->fields.count; i++)
    if (strcasecmp(key, plan->fields.all[i].name) == 0) return 0;
  for (size_t i = 0; key && plan->table && i < sizeof hidden / sizeof *hidden; i++)
    if (strcasecmp(key, hidden[i]) == 0) return 0;
  return key ? sql_fields_find(&plan->fields, key, &ignored, error) : 0;
}

static int describe(SystemPlan *plan, Connection *connection, const SystemQuery *query, const SqlName *name, TableError *error) {
  Bytes text = {0};
  sqlite3_stmt *rows;
  sql_put(&text, "SELECT * FROM ");
  bytes_put(&text, plan->source.data, plan->source.len);
  if (connection_prepare(connection, &text, &rows, error) != 0) {
    if (!plan->table) return -1;
    error->text[0] = error->hint[0] = 0;
    return table_failed(connection, name, error);
  }
  int result = add_columns(plan, rows, error);
  if (result == 0) result = sql_fields_choose(&plan->fields, query, error);
  if (result == 0) result = check_key(plan, error);
  if (result == 0) result = look_at_rows(plan, rows, connection, error);
  sqlite3_finalize(rows);
  return result;
}

int sqlite_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error) {
  SystemPlan *plan = calloc(1, sizeof *plan);
  SqlName name = {.count = 0};
  Connection *connection = NULL;
  if (!plan) return SQL_NO_MEMORY(error);
  plan->system = system;
  plan->partitions = 1;
  int result = put_source(plan, query->from, &name, error);
  if (result == 0) result = connection_open(system, SQLITE_OPEN_READONLY, &connection, error);
  if (result == 0) result = describe(plan, connection, query, &name, error);
  if (result == 0 && query->partitions > 1) result = find_bounds(plan, connection, query->partitions, error);
  if (result == 0) result = sql_fields_schema(&plan->fields, schema, error);
  connection_close(connection);
  sql_name_free(&name);
  if (result == 0) {
    *out = plan;
    *partitions = plan->partitions;
  } else {
    sqlite_free_plan(plan);
  }
  return result;
}

void sqlite_free_plan(SystemPlan *plan) {
  if (!plan) return;
  for (uint32_t i = 0; plan->columns && i < plan->fields.count; i++) {
    free(plan->columns[i].name);
    free(plan->columns[i].declaration);
  }
  for (uint32_t i = 0; plan->bounds && i + 1 < plan->partitions; i++) sqlite3_value_free(plan->bounds[i]);
  for (uint32_t i = 0; plan->readers && i < plan->partitions; i++) connection_close(plan->readers[i]);
  bytes_free(&plan->source);
  free(plan->columns);
  sql_fields_free(&plan->fields);
  free(plan->bounds);
  free(plan->readers);
  free(plan->key);
  free(plan);
}
