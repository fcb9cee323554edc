/* write.c - COPY into a table, in one transaction as far as the engine of the table has them: InnoDB has, MyISAM and Aria have not.
 *
 * CREATE TABLE is no part of a transaction. So a new table is made under another name and gets its own with its rows in it, at the end. The
 * other name is one for this table only, and a lock of the server goes with it: what a run that was killed has left is replaced by the next
 * one, and no run takes what another one makes. Who may not rename tables makes it at once; then it can be seen, empty, until the commit.
 * It is dropped again if the COPY fails.
 *
 * Replacing deletes the rows, so that who reads sees the old ones until the commit, and privileges, indexes, triggers and views stay.
 */
#include <strings.h>

#include "mysql.h"

enum { PIECE = 4 << 20, MOST_NAME = 64 };

struct SystemWriter {
  System *system;
  SqlTarget to;
  char *into;            /* quoted: the table, or while it is made what it is called until then */
  char *lock;            /* within quotes: what goes with that name; NULL: it has its own */
  char *waiting;         /* quoted: the table of rows which wait for the end of an upsert */
  bool exists, transactional, created, committed;
  MYSQL *connection;
  MyColumn *targets;     /* of the table that is there */
  MyField *fields;
  struct ArrowSchema schema;
  MyLoad load;
  int64_t rows;          /* in the buffer */
};

/* --- The target --- */

/* An expression. */
static void put_database(const SystemWriter *writer, Bytes *out) {
  const SqlName *table = &writer->to.table;
  if (table->count > 1) my_put_literal(writer->connection, out, table->parts[0], strlen(table->parts[0]));
  else sql_put(out, "DATABASE()");
}

static int find_table(SystemWriter *writer, TableError *error) {
  const SqlName *table = &writer->to.table;
  Bytes text = {0};
  if (table->count > 2) return MODULE_FAIL(error, "'%s.%s.…' has too many parts: write 'database.table'", table->parts[0], table->parts[1]);
  sql_put(&text, "SELECT t.ENGINE, e.TRANSACTIONS FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_SCHEMA = ");
  put_database(writer, &text);
  sql_put(&text, " AND t.TABLE_NAME = ");
  my_put_literal(writer->connection, &text, table->parts[table->count - 1], strlen(table->parts[table->count - 1]));
  const char *statement = sql_text(&text);
  MYSQL_RES *rows = statement ? my_rows(writer->system, writer->connection, statement, error) : NULL;
  bytes_free(&text);
  if (!rows) return statement ? -1 : SQL_NO_MEMORY(error);
  MYSQL_ROW row = mysql_fetch_row(rows);
  writer->exists = row != NULL;
  writer->transactional = !row || !row[0] || (row[1] && strcmp(row[1], "YES") == 0); /* a view has no engine */
  mysql_free_result(rows);
  return 0;
}

static int fail_column(const SystemWriter *writer, const char *name, MYSQL_RES *result, TableError *error) {
  uint32_t count = mysql_num_fields(result);
  const char **names = malloc((count + 1) * sizeof *names);
  for (uint32_t i = 0; names && i < count; i++) names[i] = mysql_fetch_field_direct(result, i)->name;
  sql_target_misses(&writer->to, name, names, count, error);
  free(names);
  return -1;
}

/* Names of columns are the same in any case. */
static const MYSQL_FIELD *find_field(MYSQL_RES *result, const char *name) {
  for (uint32_t i = 0; i < mysql_num_fields(result); i++)
    if (strcasecmp(mysql_fetch_field_direct(result, i)->name, name) == 0) return mysql_fetch_field_direct(result, i);
  return NULL;
}

static int find_types(SystemWriter *writer, struct ArrowSchema *types, TableError *error) {
  Bytes text = {0};
  sql_putf(&text, "SELECT * FROM %s", writer->to.name);
  const char *statement = sql_text(&text);
  MYSQL_STMT *prepared = statement ? my_prepare(writer->system, writer->connection, statement, error) : NULL;
  bytes_free(&text);
  if (!prepared) return statement ? -1 : SQL_NO_MEMORY(error);
  MYSQL_RES *result = mysql_stmt_result_metadata(prepared);
  int status = result ? 0 : SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < writer->to.column_count && status == 0; i++) {
    const MYSQL_FIELD *field = find_field(result, writer->to.columns[i]);
    if (!field) {
      status = fail_column(writer, writer->to.columns[i], result, error);
    } else {
      bool good = my_column(field, true, &writer->targets[i]) == 0 && sql_schema_field(types, i, writer->to.columns[i], writer->targets[i].format) == 0;
      status = good ? 0 : SQL_NO_MEMORY(error);
    }
  }
  mysql_free_result(result);
  my_finish(writer->system, writer->connection, prepared);
  return status;
}

static int check_mode(const SystemWriter *writer, TableError *error) {
  if (!writer->exists) return 0;
  if (writer->to.mode == SYSTEM_ERROR) return sql_target_exists(&writer->to, error);
  if (writer->transactional || writer->to.mode == SYSTEM_IGNORE) return 0;
  if (writer->to.mode == SYSTEM_APPEND) {
    writer->system->host->warn(writer->system->host, "the table's engine has no transactions: rows that are written stay, even if the COPY fails");
    return 0;
  }
  MODULE_FAIL(error, "the engine of %s has no transactions, so its rows cannot be replaced safely", writer->to.name);
  MODULE_HINT(error, "ALTER TABLE … ENGINE = InnoDB, by EXEC, or @mode = 'append'");
  return -1;
}

/* Another table of the same database. */
static void put_beside(const SystemWriter *writer, const char *name, Bytes *out) {
  if (writer->to.table.count > 1) {
    sql_put_name(out, writer->to.table.parts[0], '`');
    sql_put(out, ".");
  }
  sql_put_name(out, name, '`');
}

static int look(SystemWriter *writer, const SystemTarget *target, TableError *error) {
  Bytes waiting = {0};
  if (sql_target_copy(&writer->to, target, '`', error) < 0) return -1;
  writer->targets = calloc(target->column_count + 1, sizeof *writer->targets);
  put_beside(writer, "dcetl_rows", &waiting);
  writer->waiting = (char *)sql_text(&waiting);
  writer->into = strdup(writer->to.name);
  if (!writer->targets || !writer->waiting || !writer->into) return SQL_NO_MEMORY(error);
  writer->connection = my_begin(writer->system, error);
  return writer->connection ? find_table(writer, error) : -1;
}

int my_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error) {
  SystemWriter *writer = calloc(1, sizeof *writer);
  if (!writer) return SQL_NO_MEMORY(error);
  writer->system = system;
  int status = look(writer, target, error);
  if (status == 0) status = check_mode(writer, error);
  if (status == 0) status = sql_target_schema(&writer->to, types, error);
  if (status == 0 && writer->exists && (status = find_types(writer, types, error)) < 0) types->release(types);
  if (status < 0) {
    my_free_writer(writer);
    return -1;
  }
  *skip = writer->to.mode == SYSTEM_IGNORE && writer->exists;
  *out = writer;
  return 0;
}

/* --- The transaction --- */

/* Texts are compared byte by byte, so that what differs for us differs in keys, too. */
static int create_table(SystemWriter *writer, TableError *error) {
  Bytes statement = {0};
  sql_putf(&statement, "CREATE TABLE %s (", writer->into);
  for (uint32_t i = 0; i < writer->to.column_count; i++) {
    char type[80] = "";
    MyField *field = &writer->fields[i];
    bool key = sql_target_has_key(&writer->to, i, strcasecmp), known = my_create_type(&field->type, key, type, sizeof type, &field->form);
    if (!known || strlen(field->name) > MOST_NAME * 4) {
      bytes_free(&statement);
      return MODULE_FAIL(error, "column \"%s\": MySQL has no type for it", field->name);
    }
    field->digits = 6;
    if (i) sql_put(&statement, ", ");
    sql_put_name(&statement, field->name, '`');
    sql_putf(&statement, " %s %s", type, key ? "NOT NULL" : "NULL");
  }
  if (writer->to.key_count) {
    sql_put(&statement, ", PRIMARY KEY (");
    sql_put_list(&statement, (const char *const *)writer->to.keys, writer->to.key_count, '`');
    sql_put(&statement, ")");
  }
  sql_put(&statement, ") ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
  int status = my_run(writer->system, writer->connection, &statement, error);
  writer->created = status == 0;
  return status;
}

/* The other name, and its lock, for which it waits as long as for a connection: who held it may just have been killed. */
static int take_other_name(SystemWriter *writer, TableError *error) {
  const char *table = writer->to.table.parts[writer->to.table.count - 1];
  Bytes text = {0}, name = {0}, lock = {0};
  sql_put(&text, "SELECT n, GET_LOCK(n, ");
  sql_putf(&text, "%d) FROM (SELECT CONCAT('dcetl_', MD5(CONCAT(", writer->system->timeout);
  put_database(writer, &text);
  sql_put(&text, ", '.', ");
  my_put_literal(writer->connection, &text, table, strlen(table));
  sql_put(&text, "))) AS n) AS s");
  const char *statement = sql_text(&text);
  MYSQL_RES *rows = statement ? my_rows(writer->system, writer->connection, statement, error) : NULL;
  bytes_free(&text);
  if (!rows) return statement ? -1 : SQL_NO_MEMORY(error);
  MYSQL_ROW row = mysql_fetch_row(rows);
  int status = row && row[0] && row[1] && row[1][0] == '1' ? 0 : MODULE_FAIL(error, "another run is making the table %s", writer->to.name);
  if (status == 0) {
    put_beside(writer, row[0], &name);
    my_put_literal(writer->connection, &lock, row[0], strlen(row[0]));
    free(writer->into);
    writer->into = (char *)sql_text(&name);
    writer->lock = (char *)sql_text(&lock);
    if (!writer->into || !writer->lock) status = SQL_NO_MEMORY(error);
  }
  mysql_free_result(rows);
  return status;
}

/* "DROP TABLE …", "RENAME TABLE … TO …" of the other name. */
static int run_other(SystemWriter *writer, const char *verb, const char *rest, TableError *error) {
  Bytes statement = {0};
  sql_putf(&statement, "%s %s%s%s", verb, writer->into, rest, *rest ? writer->to.name : "");
  return my_run(writer->system, writer->connection, &statement, error);
}

static bool is_denied(SystemWriter *writer) {
  unsigned code = mysql_errno(writer->connection);
  return code == ER_TABLEACCESS_DENIED_ERROR || code == ER_DBACCESS_DENIED_ERROR;
}

/* Renaming what is not there yet tells whether it is allowed. */
static int make_table(SystemWriter *writer, TableError *error) {
  TableError ignored = {{0}, {0}}, why = {{0}, {0}};
  if (take_other_name(writer, error) < 0) return -1;
  bool denied = run_other(writer, "DROP TABLE IF EXISTS", "", &ignored) < 0 && is_denied(writer);
  denied = denied || (run_other(writer, "RENAME TABLE", " TO ", &ignored) < 0 && is_denied(writer));
  if (!denied && create_table(writer, &why) == 0) return 0;
  if (!denied && !is_denied(writer)) {
    *error = why;
    return -1;
  }
  free(writer->into);
  free(writer->lock);
  writer->lock = NULL;
  writer->into = strdup(writer->to.name);
  return writer->into ? create_table(writer, error) : SQL_NO_MEMORY(error);
}

/* Of rows with one key the last counts: the temporary table has them as its unique index. */
static int make_waiting(SystemWriter *writer, TableError *error) {
  Bytes statement = {0};
  sql_putf(&statement, "CREATE TEMPORARY TABLE %s (UNIQUE KEY (", writer->waiting);
  sql_put_list(&statement, (const char *const *)writer->to.keys, writer->to.key_count, '`');
  sql_put(&statement, ")) ENGINE = InnoDB SELECT ");
  sql_put_list(&statement, (const char *const *)writer->to.columns, writer->to.column_count, '`');
  sql_putf(&statement, " FROM %s WHERE FALSE", writer->into);
  return my_run(writer->system, writer->connection, &statement, error);
}

static int copy_schema(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  if ((uint32_t)schema->n_children != writer->to.column_count) return MODULE_FAIL(error, "%lld columns are written, but %u were named", (long long)schema->n_children, writer->to.column_count);
  writer->fields = calloc(writer->to.column_count + 1, sizeof *writer->fields);
  if (!writer->fields) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < writer->to.column_count; i++)
    writer->fields[i] = (MyField){.name = writer->to.columns[i], .type = sql_type(schema->children[i]), .form = writer->targets[i].form, .digits = writer->targets[i].digits};
  return 0;
}

int my_start(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  System *system = writer->system;
  MYSQL *connection = writer->connection;
  Bytes empty = {0};
  int status = copy_schema(writer, schema, error);
  writer->schema = *schema;
  /* 0 is a value as any other, also for AUTO_INCREMENT. */
  if (status == 0) status = my_do(system, connection, "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')", error);
  if (status == 0 && !writer->exists) status = make_table(writer, error);
  if (status == 0 && writer->to.mode == SYSTEM_UPSERT) status = make_waiting(writer, error);
  if (status == 0) status = my_do(system, connection, "START TRANSACTION", error);
  if (status == 0 && writer->exists && writer->to.mode == SYSTEM_REPLACE) {
    sql_putf(&empty, "DELETE FROM %s", writer->to.name);
    status = my_run(system, connection, &empty, error);
  }
  bool waits = writer->to.mode == SYSTEM_UPSERT;
  writer->load = (MyLoad){.system = system, .connection = connection, .table = waits ? writer->waiting : writer->into, .fields = writer->fields,
                          .field_count = writer->to.column_count, .replace = waits, .transactional = writer->transactional, .row = 1};
  return status;
}

int my_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error) {
  MyLoad *load = &writer->load;
  int status = my_encode(writer->fields, &writer->schema, batch, load->row + writer->rows, &load->buffer, error);
  writer->rows += batch->length;
  batch->release(batch);
  if (status < 0 || load->buffer.len < PIECE) return status;
  int64_t rows = writer->rows;
  writer->rows = 0;
  return my_load(load, rows, error);
}

static void put_join(const SystemWriter *writer, Bytes *out) {
  for (uint32_t i = 0; i < writer->to.key_count; i++) {
    sql_put(out, i ? " AND t." : "t.");
    sql_put_name(out, writer->to.keys[i], '`');
    sql_put(out, " = r.");
    sql_put_name(out, writer->to.keys[i], '`');
  }
}

/* Rows that are there get the new values, the others are put in. ON DUPLICATE KEY would also take rows for the same that agree in some
   other unique index. */
static int upsert(SystemWriter *writer, TableError *error) {
  Bytes update = {0}, insert = {0};
  bool any = false;
  sql_putf(&update, "UPDATE %s AS t JOIN %s AS r ON ", writer->into, writer->waiting);
  put_join(writer, &update);
  for (uint32_t i = 0; i < writer->to.column_count; i++) {
    if (sql_target_has_key(&writer->to, i, strcasecmp)) continue;
    sql_put(&update, any ? ", t." : " SET t.");
    any = true;
    sql_put_name(&update, writer->to.columns[i], '`');
    sql_put(&update, " = r.");
    sql_put_name(&update, writer->to.columns[i], '`');
  }
  sql_putf(&insert, "INSERT INTO %s (", writer->into);
  sql_put_list(&insert, (const char *const *)writer->to.columns, writer->to.column_count, '`');
  sql_put(&insert, ") SELECT ");
  sql_put_list(&insert, (const char *const *)writer->to.columns, writer->to.column_count, '`');
  sql_putf(&insert, " FROM %s AS r WHERE NOT EXISTS (SELECT 1 FROM %s AS t WHERE ", writer->waiting, writer->into);
  put_join(writer, &insert);
  sql_put(&insert, ")");
  int status = any ? my_run(writer->system, writer->connection, &update, error) : 0;
  if (status == 0) return my_run(writer->system, writer->connection, &insert, error);
  bytes_free(&insert);
  return status;
}

int my_commit(SystemWriter *writer, TableError *error) {
  int status = my_load(&writer->load, writer->rows, error);
  writer->rows = 0;
  if (status == 0) status = my_load_wait(&writer->load, error);
  if (status == 0 && writer->to.mode == SYSTEM_UPSERT) status = upsert(writer, error);
  if (status < 0) return -1;
  bool visible = my_do(writer->system, writer->connection, "COMMIT", error) == 0;
  if (visible && writer->lock) visible = run_other(writer, "RENAME TABLE", " TO ", error) == 0;
  writer->committed = visible;
  if (visible) return 0;
  if (!writer->lock) writer->created = false; /* nobody knows what has become of it */
  if (my_is_own(mysql_errno(writer->connection))) MODULE_HINT(error, "the connection was lost at the very end: look whether the rows are in %s", writer->to.name);
  return -1;
}

/* The end of the connection ends its transaction; a table that it made is dropped, unless another run has that name by now. */
void my_free_writer(SystemWriter *writer) {
  bool undone = writer->created && !writer->committed;
  Bytes drop = {0}, lock = {0};
  TableError ignored;
  (void)my_load_wait(&writer->load, &ignored);
  if (undone) sql_putf(&drop, "DROP TABLE IF EXISTS %s", writer->into);
  if (undone && writer->lock) sql_putf(&lock, "DO IF(GET_LOCK(%s, 5), 1, (SELECT 1 UNION SELECT 2))", writer->lock);
  my_end(writer->system, writer->connection, writer->connection && !writer->committed && writer->system->host->stopped());
  if (undone && sql_text(&drop) && sql_text(&lock)) my_aside(writer->system, lock.len ? (const char *)lock.data : NULL, (const char *)drop.data);
  bytes_free(&drop);
  bytes_free(&lock);
  for (uint32_t i = 0; writer->targets && i < writer->to.column_count; i++) free(writer->targets[i].name);
  free(writer->targets);
  sql_target_free(&writer->to);
  free(writer->into);
  free(writer->lock);
  free(writer->waiting);
  free(writer->fields);
  bytes_free(&writer->load.buffer);
  bytes_free(&writer->load.sending);
  free(writer);
}
