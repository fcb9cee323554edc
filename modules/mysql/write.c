/* write.c - COPY into a table, in one transaction as far as the engine of the table has them: InnoDB has, MyISAM and Aria have not.
 *
 * CREATE TABLE is no part of a transaction, so a table that was made for a COPY that fails is dropped again. Replacing deletes the rows,
 * so that who reads sees the old ones until the commit, and privileges, indexes, triggers and views stay.
 */
#include <strings.h>

#include "mysql.h"

enum { PIECE = 8 << 20, MOST_NAME = 64 };

struct SystemWriter {
  System *system;
  SystemMode mode;
  SqlName table;
  char *name, *waiting;  /* quoted: the table, and that of rows which wait for the end of an upsert */
  bool exists, transactional, created, committed;
  MYSQL *connection;
  char **columns, **keys;
  uint32_t column_count, key_count;
  MyColumn *targets;     /* of the table that is there */
  MyField *fields;
  struct ArrowSchema schema;
  MyLoad load;
  int64_t rows;          /* in the buffer */
};

/* --- The target --- */

static char **copy_names(const char *const *names, uint32_t count) {
  char **out = calloc(count + 1, sizeof *out);
  for (uint32_t i = 0; out && i < count; i++)
    if (!(out[i] = strdup(names[i]))) return out;
  return out;
}

static int find_table(SystemWriter *writer, TableError *error) {
  const SqlName *table = &writer->table;
  Bytes text = {0};
  if (table->count > 2) return MODULE_FAIL(error, "'%s.%s.…' has too many parts: write 'database.table'", table->parts[0], table->parts[1]);
  sql_put(&text, "SELECT t.ENGINE, e.TRANSACTIONS FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_SCHEMA = ");
  if (table->count > 1) my_put_literal(writer->connection, &text, table->parts[0], strlen(table->parts[0]));
  else sql_put(&text, "DATABASE()");
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
  const char *near = names ? sql_nearest(name, names, count) : NULL;
  MODULE_FAIL(error, "the table %s has no column \"%s\"", writer->name, name);
  if (near) MODULE_HINT(error, "did you mean \"%s\"? SELECT \"%s\" AS \"%s\" renames it", near, name, near);
  else MODULE_HINT(error, "SELECT only columns that the table has, or add it: ALTER TABLE … ADD COLUMN by EXEC");
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
  sql_putf(&text, "SELECT * FROM %s", writer->name);
  const char *statement = sql_text(&text);
  MYSQL_STMT *prepared = statement ? my_prepare(writer->system, writer->connection, statement, error) : NULL;
  bytes_free(&text);
  if (!prepared) return statement ? -1 : SQL_NO_MEMORY(error);
  MYSQL_RES *result = mysql_stmt_result_metadata(prepared);
  int status = result ? 0 : SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < writer->column_count && status == 0; i++) {
    const MYSQL_FIELD *field = find_field(result, writer->columns[i]);
    if (!field) {
      status = fail_column(writer, writer->columns[i], result, error);
    } else {
      bool good = my_column(field, true, &writer->targets[i]) == 0 && sql_schema_field(types, i, writer->columns[i], writer->targets[i].format) == 0;
      status = good ? 0 : SQL_NO_MEMORY(error);
    }
  }
  mysql_free_result(result);
  my_finish(writer->system, writer->connection, prepared);
  return status;
}

static int make_types(SystemWriter *writer, struct ArrowSchema *types, TableError *error) {
  if (sql_schema(types, writer->column_count) < 0) return SQL_NO_MEMORY(error);
  int status = writer->exists ? find_types(writer, types, error) : 0;
  for (uint32_t i = 0; !writer->exists && i < writer->column_count && status == 0; i++)
    status = sql_schema_field(types, i, writer->columns[i], "n") < 0 ? SQL_NO_MEMORY(error) : 0;
  if (status < 0) types->release(types);
  return status;
}

static int check_mode(const SystemWriter *writer, TableError *error) {
  if (!writer->exists) return 0;
  if (writer->mode == SYSTEM_ERROR) {
    MODULE_FAIL(error, "the table %s exists already", writer->name);
    MODULE_HINT(error, "@mode = 'append' adds to it, 'replace' replaces its rows, 'upsert' those with the same key, 'ignore' leaves it as it is");
    return -1;
  }
  if (writer->transactional || writer->mode == SYSTEM_IGNORE) return 0;
  if (writer->mode == SYSTEM_APPEND) {
    writer->system->host->warn(writer->system->host, "the table's engine has no transactions: rows that are written stay, even if the COPY fails");
    return 0;
  }
  MODULE_FAIL(error, "the engine of %s has no transactions, so its rows cannot be replaced safely", writer->name);
  MODULE_HINT(error, "ALTER TABLE … ENGINE = InnoDB, by EXEC, or @mode = 'append'");
  return -1;
}

static int look(SystemWriter *writer, const SystemTarget *target, TableError *error) {
  Bytes name = {0}, waiting = {0};
  writer->columns = copy_names(target->columns, target->column_count);
  writer->keys = copy_names(target->keys, target->key_count);
  writer->targets = calloc(target->column_count + 1, sizeof *writer->targets);
  if (!writer->columns || !writer->keys || !writer->targets) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < target->column_count; i++)
    if (!writer->columns[i]) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < target->key_count; i++)
    if (!writer->keys[i]) return SQL_NO_MEMORY(error);
  if (sql_name_parse(target->into, '`', &writer->table, error) < 0) return -1;
  sql_put_names(&name, &writer->table, '`');
  if (writer->table.count > 1) sql_put_name(&waiting, writer->table.parts[0], '`');
  sql_putf(&waiting, "%sdcetl_rows", writer->table.count > 1 ? "." : "");
  writer->name = (char *)sql_text(&name);
  writer->waiting = (char *)sql_text(&waiting);
  if (!writer->name || !writer->waiting) return SQL_NO_MEMORY(error);
  writer->connection = my_begin(writer->system, error);
  return writer->connection ? find_table(writer, error) : -1;
}

int my_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error) {
  SystemWriter *writer = calloc(1, sizeof *writer);
  if (!writer) return SQL_NO_MEMORY(error);
  writer->system = system;
  writer->mode = target->mode;
  writer->column_count = target->column_count;
  writer->key_count = target->key_count;
  int status = look(writer, target, error);
  if (status == 0) status = check_mode(writer, error);
  if (status == 0) status = make_types(writer, types, error);
  if (status < 0) {
    my_free_writer(writer);
    return -1;
  }
  *skip = writer->mode == SYSTEM_IGNORE && writer->exists;
  *out = writer;
  return 0;
}

/* --- The transaction --- */

static bool is_key(const SystemWriter *writer, uint32_t column) {
  for (uint32_t i = 0; i < writer->key_count; i++)
    if (strcasecmp(writer->keys[i], writer->columns[column]) == 0) return true;
  return false;
}

/* Texts are compared byte by byte, so that what differs for us differs in keys, too. */
static int create_table(SystemWriter *writer, TableError *error) {
  Bytes statement = {0};
  sql_putf(&statement, "CREATE TABLE %s (", writer->name);
  for (uint32_t i = 0; i < writer->column_count; i++) {
    char type[80] = "";
    MyField *field = &writer->fields[i];
    bool key = is_key(writer, i), known = my_create_type(&field->type, key, type, sizeof type, &field->form);
    if (!known || strlen(field->name) > MOST_NAME * 4) {
      bytes_free(&statement);
      return MODULE_FAIL(error, "column \"%s\": MySQL has no type for it", field->name);
    }
    field->digits = 6;
    if (i) sql_put(&statement, ", ");
    sql_put_name(&statement, field->name, '`');
    sql_putf(&statement, " %s %s", type, key ? "NOT NULL" : "NULL");
  }
  if (writer->key_count) {
    sql_put(&statement, ", PRIMARY KEY (");
    sql_put_list(&statement, (const char *const *)writer->keys, writer->key_count, '`');
    sql_put(&statement, ")");
  }
  sql_put(&statement, ") ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
  int status = my_run(writer->system, writer->connection, &statement, error);
  writer->created = status == 0;
  return status;
}

/* Of rows with one key the last counts: the temporary table has them as its unique index. */
static int make_waiting(SystemWriter *writer, TableError *error) {
  Bytes statement = {0};
  sql_putf(&statement, "CREATE TEMPORARY TABLE %s (UNIQUE KEY (", writer->waiting);
  sql_put_list(&statement, (const char *const *)writer->keys, writer->key_count, '`');
  sql_put(&statement, ")) ENGINE = InnoDB SELECT ");
  sql_put_list(&statement, (const char *const *)writer->columns, writer->column_count, '`');
  sql_putf(&statement, " FROM %s WHERE FALSE", writer->name);
  return my_run(writer->system, writer->connection, &statement, error);
}

static int copy_schema(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  if ((uint32_t)schema->n_children != writer->column_count) return MODULE_FAIL(error, "%lld columns are written, but %u were named", (long long)schema->n_children, writer->column_count);
  writer->fields = calloc(writer->column_count + 1, sizeof *writer->fields);
  if (!writer->fields) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < writer->column_count; i++)
    writer->fields[i] = (MyField){.name = writer->columns[i], .type = sql_type(schema->children[i]), .form = writer->targets[i].form, .digits = writer->targets[i].digits};
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
  if (status == 0 && !writer->exists) status = create_table(writer, error);
  if (status == 0 && writer->mode == SYSTEM_UPSERT) status = make_waiting(writer, error);
  if (status == 0) status = my_do(system, connection, "START TRANSACTION", error);
  if (status == 0 && writer->exists && writer->mode == SYSTEM_REPLACE) {
    sql_putf(&empty, "DELETE FROM %s", writer->name);
    status = my_run(system, connection, &empty, error);
  }
  bool waits = writer->mode == SYSTEM_UPSERT;
  writer->load = (MyLoad){.system = system, .connection = connection, .table = waits ? writer->waiting : writer->name, .fields = writer->fields,
                          .field_count = writer->column_count, .replace = waits, .row = 1};
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
  for (uint32_t i = 0; i < writer->key_count; i++) {
    sql_put(out, i ? " AND t." : "t.");
    sql_put_name(out, writer->keys[i], '`');
    sql_put(out, " = r.");
    sql_put_name(out, writer->keys[i], '`');
  }
}

/* Rows that are there get the new values, the others are put in. ON DUPLICATE KEY would also take rows for the same that agree in some
   other unique index. */
static int upsert(SystemWriter *writer, TableError *error) {
  Bytes update = {0}, insert = {0};
  bool any = false;
  sql_putf(&update, "UPDATE %s AS t JOIN %s AS r ON ", writer->name, writer->waiting);
  put_join(writer, &update);
  for (uint32_t i = 0; i < writer->column_count; i++) {
    if (is_key(writer, i)) continue;
    sql_put(&update, any ? ", t." : " SET t.");
    any = true;
    sql_put_name(&update, writer->columns[i], '`');
    sql_put(&update, " = r.");
    sql_put_name(&update, writer->columns[i], '`');
  }
  sql_putf(&insert, "INSERT INTO %s (", writer->name);
  sql_put_list(&insert, (const char *const *)writer->columns, writer->column_count, '`');
  sql_put(&insert, ") SELECT ");
  sql_put_list(&insert, (const char *const *)writer->columns, writer->column_count, '`');
  sql_putf(&insert, " FROM %s AS r WHERE NOT EXISTS (SELECT 1 FROM %s AS t WHERE ", writer->waiting, writer->name);
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
  if (status == 0 && writer->mode == SYSTEM_UPSERT) status = upsert(writer, error);
  if (status < 0) return -1;
  writer->committed = my_do(writer->system, writer->connection, "COMMIT", error) == 0;
  if (writer->committed) return 0;
  writer->created = false; /* nobody knows what has become of it */
  MODULE_HINT(error, "the connection was lost at the very end: look whether the rows are in %s", writer->name);
  return -1;
}

static void free_names(char **names, uint32_t count) {
  for (uint32_t i = 0; names && i < count; i++) free(names[i]);
  free(names);
}

/* The end of the connection ends its transaction; a table that it made is dropped. */
void my_free_writer(SystemWriter *writer) {
  bool undone = writer->created && !writer->committed;
  Bytes drop = {0};
  if (undone) sql_putf(&drop, "DROP TABLE IF EXISTS %s", writer->name);
  my_end(writer->system, writer->connection, writer->connection && !writer->committed && writer->system->host->stopped());
  if (undone && sql_text(&drop)) my_aside(writer->system, (const char *)drop.data);
  bytes_free(&drop);
  sql_name_free(&writer->table);
  for (uint32_t i = 0; writer->targets && i < writer->column_count; i++) free(writer->targets[i].name);
  free(writer->targets);
  free_names(writer->columns, writer->column_count);
  free_names(writer->keys, writer->key_count);
  free(writer->name);
  free(writer->waiting);
  free(writer->fields);
  bytes_free(&writer->load.buffer);
  free(writer);
}
