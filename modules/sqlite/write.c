/* write.c - rows into a table: one transaction, one prepared statement. */
#include <strings.h>

#include "sqlite.h"

enum { LOOK_EVERY = 4096 }; /* rows between two looks whether the run is to end */

struct SystemWriter {
  const System *system;
  SqlTarget to;
  bool file_was_there, table_is_there;
  char **declarations; /* of the table's columns; NULL: it is not there */
  Connection *connection;
  sqlite3_stmt *insert;
  Bound *bound;
  Bytes scratch;
  int64_t rows;
};

/* --- Looking at the target --- */

static const char *schema_of(const SqlName *name) { return name->count > 1 ? name->parts[0] : "main"; }
static const char *table_of(const SqlName *name) { return name->parts[name->count - 1]; }

/* 1: it is there, 0: it is not, -1: an error. */
static int find_table(Connection *connection, const SqlName *name, TableError *error) {
  Bytes text = {0};
  sqlite3_stmt *row;
  sql_put(&text, "SELECT 1 FROM ");
  sql_put_name(&text, schema_of(name), '"');
  sql_put(&text, ".sqlite_master WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE");
  if (connection_prepare(connection, &text, &row, error) != 0) return -1;
  sqlite3_bind_text(row, 1, table_of(name), -1, SQLITE_STATIC);
  int step = sqlite3_step(row), result = step == SQLITE_ROW ? 1 : step == SQLITE_DONE ? 0 : connection_failed(connection, error);
  sqlite3_finalize(row);
  return result;
}

static int no_column(const SystemWriter *writer, const char *name, sqlite3_stmt *rows, TableError *error) {
  int count = sqlite3_column_count(rows);
  const char **names = calloc((size_t)count + 1, sizeof *names);
  if (!names) return SQL_NO_MEMORY(error);
  for (int i = 0; i < count; i++) names[i] = sqlite3_column_name(rows, i);
  const char *near = sql_nearest(name, names, (uint32_t)count);
  MODULE_FAIL(error, "the table \"%s\" has no column \"%s\"", table_of(&writer->to.table), name);
  if (near) MODULE_HINT(error, "did you mean \"%s\"? A list of columns behind COPY's adapter chooses", near);
  else MODULE_HINT(error, "EXEC sqlite(…) 'ALTER TABLE … ADD COLUMN …' adds it");
  free(names);
  return -1;
}

/* Each of the dataset's columns in the table, by its name in any case. */
static int match_columns(SystemWriter *writer, sqlite3_stmt *rows, const SystemTarget *target, struct ArrowSchema *types, TableError *error) {
  for (uint32_t c = 0; c < target->column_count; c++) {
    int found = -1;
    for (int i = 0; i < sqlite3_column_count(rows) && found < 0; i++)
      if (strcasecmp(sqlite3_column_name(rows, i), target->columns[c]) == 0) found = i;
    if (found < 0) return no_column(writer, target->columns[c], rows, error);
    const char *declaration = sqlite3_column_decltype(rows, found);
    Declared type = declared_type(declaration);
    writer->declarations[c] = strdup(declaration ? declaration : "");
    if (!writer->declarations[c] || sql_schema_field(types, c, target->columns[c], type.format) != 0) return SQL_NO_MEMORY(error);
  }
  return 0;
}

static int look_at_table(SystemWriter *writer, Connection *connection, const SystemTarget *target, struct ArrowSchema *types, TableError *error) {
  Bytes text = {0};
  sqlite3_stmt *rows;
  sql_putf(&text, "SELECT * FROM %s", writer->to.name);
  if (connection_prepare(connection, &text, &rows, error) != 0) return -1;
  int result = match_columns(writer, rows, target, types, error);
  sqlite3_finalize(rows);
  return result;
}

static int look(SystemWriter *writer, const SystemTarget *target, struct ArrowSchema *types, TableError *error) {
  Connection *connection = NULL;
  if (!writer->file_was_there) return 0;
  int result = connection_open(writer->system, SQLITE_OPEN_READONLY, &connection, error);
  int found = result == 0 ? find_table(connection, &writer->to.table, error) : -1;
  if (found < 0) result = -1;
  writer->table_is_there = found > 0;
  if (found > 0 && writer->to.mode == SYSTEM_ERROR) {
    MODULE_HINT(error, "@mode = 'append', 'replace', 'upsert' or 'ignore' says what is to happen to it");
    result = MODULE_FAIL(error, "%s has a table \"%s\" already", writer->system->path, table_of(&writer->to.table));
  }
  if (result == 0 && found > 0 && writer->to.mode != SYSTEM_IGNORE && target->column_count) result = look_at_table(writer, connection, target, types, error);
  connection_close(connection);
  return result;
}

static int copy_target(SystemWriter *writer, const SystemTarget *target, TableError *error) {
  if (sql_target_copy(&writer->to, target, '"', error) != 0) return -1;
  writer->declarations = calloc((size_t)target->column_count + 1, sizeof *writer->declarations);
  if (!writer->declarations) return SQL_NO_MEMORY(error);
  for (uint32_t c = 0; c < target->column_count; c++)
    for (uint32_t other = 0; other < c; other++)
      if (strcasecmp(target->columns[c], target->columns[other]) == 0)
        return MODULE_FAIL(error, "the columns \"%s\" and \"%s\" are one for SQLite", target->columns[other], target->columns[c]);
  return 0;
}

int sqlite_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error) {
  SystemWriter *writer = calloc(1, sizeof *writer);
  if (!writer) return SQL_NO_MEMORY(error);
  writer->system = system;
  writer->file_was_there = file_is_there(system->path);
  types->release = NULL;
  int result = copy_target(writer, target, error);
  if (result == 0) result = sql_target_schema(&writer->to, types, error);
  if (result == 0) result = look(writer, target, types, error);
  if (result == 0) {
    *skip = writer->table_is_there && writer->to.mode == SYSTEM_IGNORE;
    *out = writer;
    return 0;
  }
  if (types->release) types->release(types);
  sqlite_free_writer(writer);
  return -1;
}

/* --- The transaction --- */

static int make_table(SystemWriter *writer, TableError *error) {
  Bytes text = {0};
  bool keyed = writer->to.mode == SYSTEM_UPSERT;
  sql_putf(&text, "CREATE TABLE %s (", writer->to.name);
  for (uint32_t c = 0; c < writer->to.column_count; c++) {
    if (c) sql_put(&text, ", ");
    sql_put_name(&text, writer->to.columns[c], '"');
    sql_put(&text, " ");
    declaration_for(&writer->bound[c].type, &text);
    if (keyed && sql_target_has_key(&writer->to, c, strcmp)) sql_put(&text, " NOT NULL");
  }
  if (keyed) {
    sql_put(&text, ", PRIMARY KEY (");
    sql_put_list(&text, (const char *const *)writer->to.keys, writer->to.key_count, '"');
    sql_put(&text, ")");
  }
  sql_put(&text, ")");
  const char *statement = sql_text(&text);
  int result = statement ? connection_run(writer->connection, statement, error) : SQL_NO_MEMORY(error);
  bytes_free(&text);
  return result;
}

static int empty_table(SystemWriter *writer, TableError *error) {
  Bytes text = {0};
  sql_putf(&text, "DELETE FROM %s", writer->to.name);
  const char *statement = sql_text(&text);
  int result = statement ? connection_run(writer->connection, statement, error) : SQL_NO_MEMORY(error);
  bytes_free(&text);
  return result;
}

static void put_conflict(const SystemWriter *writer, Bytes *text) {
  bool any = false;
  sql_put(text, " ON CONFLICT (");
  sql_put_list(text, (const char *const *)writer->to.keys, writer->to.key_count, '"');
  sql_put(text, ") DO ");
  for (uint32_t c = 0; c < writer->to.column_count; c++) {
    if (sql_target_has_key(&writer->to, c, strcmp)) continue;
    sql_put(text, any ? ", " : "UPDATE SET ");
    sql_put_name(text, writer->to.columns[c], '"');
    sql_put(text, " = excluded.");
    sql_put_name(text, writer->to.columns[c], '"');
    any = true;
  }
  if (!any) sql_put(text, "NOTHING");
}

static int prepare_insert(SystemWriter *writer, TableError *error) {
  Bytes text = {0};
  sql_putf(&text, "INSERT INTO %s (", writer->to.name);
  sql_put_list(&text, (const char *const *)writer->to.columns, writer->to.column_count, '"');
  sql_put(&text, ") VALUES (");
  for (uint32_t c = 0; c < writer->to.column_count; c++) sql_put(&text, c ? ", ?" : "?");
  sql_put(&text, ")");
  if (writer->to.mode == SYSTEM_UPSERT) put_conflict(writer, &text);
  if (connection_prepare(writer->connection, &text, &writer->insert, error) == 0) return 0;
  if (writer->to.mode == SYSTEM_UPSERT && strstr(error->text, "ON CONFLICT")) {
    error->text[0] = error->hint[0] = 0;
    MODULE_FAIL(error, "the table \"%s\" has no unique index over the columns of @key", table_of(&writer->to.table));
    MODULE_HINT(error, "EXEC sqlite(…) 'CREATE UNIQUE INDEX i ON t (id)' makes one");
  }
  return -1;
}

/* The types live as long as the writer. */
static int keep_types(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  writer->bound = calloc((size_t)writer->to.column_count + 1, sizeof *writer->bound);
  if (!writer->bound) return SQL_NO_MEMORY(error);
  for (uint32_t c = 0; c < writer->to.column_count; c++) {
    SqlType type = sql_type(schema->children[c]);
    Bytes made = {0};
    if (type.kind == SQL_KIND_UNKNOWN) return MODULE_FAIL(error, "column \"%s\": SQLite has nothing for values of this type", writer->to.columns[c]);
    if (!writer->table_is_there) declaration_for(&type, &made);
    const char *declaration = writer->table_is_there ? writer->declarations[c] : sql_text(&made);
    writer->bound[c] = (Bound){schema->children[c], type, declaration && declared_keeps_text(declaration)};
    bytes_free(&made);
  }
  return 0;
}

int sqlite_begin(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  if (keep_types(writer, schema, error) != 0) return -1;
  if (connection_open(writer->system, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &writer->connection, error) != 0) return -1;
  if (connection_run(writer->connection, "BEGIN IMMEDIATE", error) != 0) return -1;
  if (!writer->table_is_there && make_table(writer, error) != 0) return -1;
  if (writer->to.mode == SYSTEM_REPLACE && writer->table_is_there && empty_table(writer, error) != 0) return -1;
  return prepare_insert(writer, error);
}

/* --- Rows --- */

static int row_failed(SystemWriter *writer, TableError *error) {
  int code = sqlite3_errcode(writer->connection->db) & 0xFF;
  const char *why = sqlite3_errmsg(writer->connection->db);
  if (code == SQLITE_CONSTRAINT && strstr(why, "UNIQUE")) MODULE_HINT(error, "@mode = 'upsert' with @key replaces the row that is there");
  if (code != SQLITE_CONSTRAINT) return connection_failed(writer->connection, error);
  return MODULE_FAIL(error, "row %lld: %s", (long long)writer->rows + 1, why);
}

static int write_row(SystemWriter *writer, const struct ArrowArray *batch, int64_t row, TableError *error) {
  for (uint32_t c = 0; c < writer->to.column_count; c++) {
    TableError inner = {.text = ""};
    if (bind_value(writer->insert, (int)c + 1, &writer->bound[c], batch->children[c], row, &writer->scratch, &inner) == 0) continue;
    MODULE_FAIL(error, "row %lld, column \"%s\": %s", (long long)writer->rows + 1, writer->to.columns[c], inner.text);
    MODULE_HINT(error, "%s", inner.hint);
    return -1;
  }
  int step = sqlite3_step(writer->insert);
  if (step != SQLITE_DONE) row_failed(writer, error);
  sqlite3_reset(writer->insert);
  writer->rows++;
  return step == SQLITE_DONE ? 0 : -1;
}

int sqlite_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error) {
  int result = 0;
  for (int64_t row = 0; row < batch->length && result == 0; row++) {
    if (row % LOOK_EVERY == 0 && writer->system->host->stopped()) result = MODULE_FAIL(error, "interrupted");
    else result = write_row(writer, batch, row, error);
  }
  batch->release(batch);
  return result;
}

int sqlite_commit(SystemWriter *writer, TableError *error) {
  sqlite3_finalize(writer->insert);
  writer->insert = NULL;
  if (connection_run(writer->connection, "COMMIT", error) != 0) return -1;
  connection_close(writer->connection);
  writer->connection = NULL;
  return 0;
}

void sqlite_free_writer(SystemWriter *writer) {
  sqlite3_finalize(writer->insert);
  bool open = writer->connection != NULL;
  if (open) sqlite3_progress_handler(writer->connection->db, 0, NULL, NULL);
  if (open) (void)sqlite3_exec(writer->connection->db, "ROLLBACK", NULL, NULL, NULL);
  connection_close(writer->connection);
  if (open && !writer->file_was_there) remove_empty(writer->system->path);
  for (uint32_t c = 0; writer->declarations && c < writer->to.column_count; c++) free(writer->declarations[c]);
  free(writer->declarations);
  sql_target_free(&writer->to);
  bytes_free(&writer->scratch);
  free(writer->bound);
  free(writer);
}
