/* write.c - rows into a table, in one transaction.
 *
 * The table is looked at first (target), made if it is missing (begin), and filled by INSERT with arrays of parameters. Replacing deletes
 * the rows in the same transaction. Upsert does without the dialect's own statement: UPDATE, and where there is no such row INSERT.
 */
#include "odbc/odbc.h"

enum { USUAL_ROWS = 1000 };

struct SystemWriter {
  System *system;
  Link *link;
  char *into, *table;         /* the name as given, and as SQL */
  SystemMode mode;
  uint32_t *keys;             /* columns of the dataset */
  uint32_t key_count;
  char **names;               /* of the dataset's columns */
  uint32_t count;
  OdbcColumn *there;          /* columns of the table */
  uint32_t there_count;
  const OdbcColumn **target;  /* for each column of the dataset; NULL: the table is missing */
  bool exists, made, open;
  const struct ArrowSchema *schema; /* lent by the caller of begin */
  OdbcBinding insert, update, probe;
  bool updates;               /* there are columns besides the keys */
  struct ArrowArray batch;
  uint64_t rows;              /* written so far */
};

/* --- Looking at the table --- */

static int look(SystemWriter *writer, TableError *error) {
  Bytes text = {0};
  SQLHSTMT statement = NULL;
  TableError first = {.text = ""};
  char *near = NULL;
  sql_putf(&text, "SELECT * FROM %s WHERE 1 = 0", writer->table);
  int status = sql_text(&text) ? odbc_statement(writer->link, &statement, error) : SQL_NO_MEMORY(error);
  if (status == 0) {
    writer->exists = odbc_prepare(writer->link, statement, (char *)text.data, &first) == 0 && odbc_execute(writer->link, statement, &first) == 0;
    if (writer->exists) status = odbc_describe(writer->link, statement, &writer->there, &writer->there_count, error);
  }
  odbc_statement_free(writer->link, &statement);
  bytes_free(&text);
  if (status != 0 || writer->exists) return status;
  bool found = false; /* there is such a table, but it cannot be read */
  if (!odbc_missing(writer->link)) status = odbc_find_table(writer->link, writer->into, &found, &near, error);
  free(near);
  if (status != 0 || !found) return status;
  *error = first;
  return -1;
}

static int match_columns(SystemWriter *writer, TableError *error) {
  writer->target = calloc((size_t)writer->count + 1, sizeof *writer->target);
  if (!writer->target) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < writer->count && writer->exists; i++) {
    uint32_t found = odbc_column_find(writer->there, writer->there_count, writer->names[i]);
    if (found == writer->there_count) return odbc_column_missing(writer->there, writer->there_count, writer->names[i], error);
    writer->target[i] = &writer->there[found];
  }
  return 0;
}

static int look_job(void *self, TableError *error) {
  SystemWriter *writer = self;
  if (look(writer, error) != 0) return -1;
  if (writer->exists && writer->mode == SYSTEM_ERROR) {
    MODULE_HINT(error, "@mode = 'append', 'replace', 'upsert' or 'ignore' says what to do with it");
    return MODULE_FAIL(error, "table '%s' is there already", writer->into);
  }
  return writer->exists && writer->mode == SYSTEM_IGNORE ? 0 : match_columns(writer, error);
}

static int copy_target(SystemWriter *writer, const SystemTarget *target, TableError *error) {
  Bytes table = {0};
  writer->into = strdup(target->into);
  writer->mode = target->mode;
  if (odbc_put_table(writer->system, &table, target->into, error) != 0) return bytes_free(&table), -1;
  writer->table = (char *)sql_text(&table);
  writer->names = calloc((size_t)target->column_count + 1, sizeof *writer->names);
  writer->keys = calloc((size_t)target->key_count + 1, sizeof *writer->keys);
  if (!writer->into || !writer->table || !writer->names || !writer->keys) return SQL_NO_MEMORY(error);
  for (; writer->count < target->column_count; writer->count++)
    if (!(writer->names[writer->count] = strdup(target->columns[writer->count]))) return SQL_NO_MEMORY(error);
  for (uint32_t k = 0; k < target->key_count && writer->count; k++) {
    uint32_t i = 0;
    while (i < writer->count && strcmp(writer->names[i], target->keys[k]) != 0) i++;
    if (i == writer->count) return MODULE_FAIL(error, "@key: the dataset has no column '%s'", target->keys[k]);
    writer->keys[writer->key_count++] = i;
  }
  writer->updates = writer->count > writer->key_count;
  return 0;
}

static int target_types(const SystemWriter *writer, struct ArrowSchema *types, TableError *error) {
  if (sql_schema(types, writer->count) != 0) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < writer->count; i++) {
    const OdbcColumn *column = writer->target ? writer->target[i] : NULL;
    const char *format = !column || column->any_number ? "n" : column->format;
    if (sql_schema_field(types, i, writer->names[i], format) == 0) continue;
    types->release(types);
    return SQL_NO_MEMORY(error);
  }
  return 0;
}

int odbc_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error) {
  SystemWriter *writer = calloc(1, sizeof *writer);
  if (!writer) return SQL_NO_MEMORY(error);
  writer->system = system;
  int status = copy_target(writer, target, error);
  if (status == 0) status = link_open(system, false, &writer->link, error);
  if (status == 0) status = link_run(writer->link, look_job, writer, error);
  *skip = status == 0 && writer->exists && writer->mode == SYSTEM_IGNORE;
  if (status == 0) status = target_types(writer, types, error);
  if (status == 0) *out = writer;
  else odbc_free_writer(writer);
  return status;
}

/* --- Statements --- */

static int create_table(SystemWriter *writer, TableError *error) {
  Bytes text = {0};
  int status = 0;
  sql_putf(&text, "CREATE TABLE %s (", writer->table);
  for (uint32_t i = 0; i < writer->count && status == 0; i++) {
    SqlType type = sql_type(writer->schema->children[i]);
    if (i) sql_put(&text, ", ");
    odbc_put_name(writer->system, &text, writer->names[i]);
    sql_put(&text, " ");
    status = odbc_put_type(writer->link, &text, &type, writer->names[i], error);
  }
  sql_put(&text, writer->system->quirks->mysql ? ") CHARACTER SET utf8mb4" : ")");
  if (status == 0) status = sql_text(&text) ? odbc_run(writer->link, (char *)text.data, error) : SQL_NO_MEMORY(error);
  bytes_free(&text);
  writer->made = status == 0;
  return status;
}

/* The columns of the new table may take less than their types were meant to: fewer digits of a second. */
static int look_at_made(SystemWriter *writer, TableError *error) {
  if (look(writer, error) != 0) return -1;
  free(writer->target);
  int status = match_columns(writer, error);
  writer->exists = false;
  return status;
}

static const char *column_name(const SystemWriter *writer, uint32_t i) { return writer->target[i] ? writer->target[i]->name : writer->names[i]; }

/* "a" = ?, "b" = ? */
static void put_pairs(const SystemWriter *writer, Bytes *out, const uint32_t *columns, uint32_t count, const char *between) {
  for (uint32_t i = 0; i < count; i++) {
    if (i) sql_put(out, between);
    odbc_put_name(writer->system, out, column_name(writer, columns[i]));
    sql_put(out, " = ?");
  }
}

static void put_insert(const SystemWriter *writer, Bytes *out) {
  sql_putf(out, "INSERT INTO %s (", writer->table);
  for (uint32_t i = 0; i < writer->count; i++) {
    if (i) sql_put(out, ", ");
    odbc_put_name(writer->system, out, column_name(writer, i));
  }
  sql_put(out, ") VALUES (");
  for (uint32_t i = 0; i < writer->count; i++) sql_put(out, i ? ", ?" : "?");
  sql_put(out, ")");
}

static int bind(SystemWriter *writer, OdbcBinding *binding, Bytes *text, const uint32_t *columns, uint32_t count, uint32_t most, TableError *error) {
  const char *statement = sql_text(text);
  int status = statement ? odbc_binding_new(writer->link, binding, statement, writer->schema, writer->target, columns, count, most, error)
                         : SQL_NO_MEMORY(error);
  bytes_free(text);
  return status;
}

static bool is_key(const SystemWriter *writer, uint32_t column) {
  for (uint32_t k = 0; k < writer->key_count; k++)
    if (writer->keys[k] == column) return true;
  return false;
}

static int prepare_upsert(SystemWriter *writer, TableError *error) {
  Bytes update = {0}, probe = {0};
  uint32_t *order = calloc((size_t)writer->count + 1, sizeof *order), rest = 0;
  if (!order) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < writer->count; i++)
    if (!is_key(writer, i)) order[rest++] = i;
  for (uint32_t k = 0; k < writer->key_count; k++) order[rest + k] = writer->keys[k];
  sql_putf(&update, "UPDATE %s SET ", writer->table);
  put_pairs(writer, &update, order, rest, ", ");
  sql_put(&update, " WHERE ");
  put_pairs(writer, &update, writer->keys, writer->key_count, " AND ");
  sql_putf(&probe, "SELECT 1 FROM %s WHERE ", writer->table);
  put_pairs(writer, &probe, writer->keys, writer->key_count, " AND ");
  int status = 0;
  if (rest) status = bind(writer, &writer->update, &update, order, rest + writer->key_count, 1, error);
  if (status == 0) status = bind(writer, &writer->probe, &probe, writer->keys, writer->key_count, 1, error);
  bytes_free(&update);
  bytes_free(&probe);
  free(order);
  return status;
}

static int begin_job(void *self, TableError *error) {
  SystemWriter *writer = self;
  Bytes text = {0};
  bool whole = writer->system->transactions == SQL_TC_ALL; /* tables may be made within a transaction */
  if (whole && odbc_transactions(writer->link, true, error) != 0) return -1;
  if (!writer->exists && (create_table(writer, error) != 0 || look_at_made(writer, error) != 0)) return -1;
  if (!whole && writer->system->transactions != SQL_TC_NONE && odbc_transactions(writer->link, true, error) != 0) return -1;
  writer->open = true;
  if (writer->mode == SYSTEM_REPLACE && writer->exists) {
    sql_putf(&text, "DELETE FROM %s", writer->table);
    int status = sql_text(&text) ? odbc_run(writer->link, (char *)text.data, error) : SQL_NO_MEMORY(error);
    bytes_free(&text);
    if (status != 0) return -1;
  }
  if (writer->mode == SYSTEM_UPSERT && prepare_upsert(writer, error) != 0) return -1;
  put_insert(writer, &text);
  uint32_t most = writer->mode == SYSTEM_UPSERT ? 1 : writer->system->batch ? writer->system->batch : USUAL_ROWS;
  return bind(writer, &writer->insert, &text, NULL, writer->count, most, error);
}

int odbc_begin(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  writer->schema = schema;
  bool keeps = writer->exists && (writer->mode == SYSTEM_REPLACE || writer->mode == SYSTEM_UPSERT);
  if (keeps && writer->system->transactions == SQL_TC_NONE) return MODULE_FAIL(error, "the database has no transactions, so rows cannot be replaced without a risk for those that are there");
  if (writer->exists && writer->mode == SYSTEM_APPEND && writer->system->transactions == SQL_TC_NONE)
    writer->system->host->warn(writer->system->host, "the database has no transactions: if this fails, rows that were written remain");
  return link_run(writer->link, begin_job, writer, error);
}

/* --- Rows --- */

/* The driver's message with the number of the row that it refused. */
static int row_failed(SystemWriter *writer, const OdbcBinding *binding, uint32_t rows, TableError *error) {
  char before[64];
  uint32_t bad = 0;
  while (bad < rows && binding->status && binding->status[bad] != SQL_PARAM_ERROR) bad++;
  if (bad == rows) bad = 0;
  bool known = rows == 1 || bad || (binding->status && binding->status[0] == SQL_PARAM_ERROR);
  if (known) snprintf(before, sizeof before, "row %llu: ", (unsigned long long)(writer->rows + bad + 1));
  else snprintf(before, sizeof before, "rows %llu to %llu: ", (unsigned long long)writer->rows + 1, (unsigned long long)writer->rows + rows);
  return odbc_failed(writer->link, SQL_HANDLE_STMT, binding->statement, before, error);
}

/* Runs a statement with the rows of its parameters. */
static int run_rows(SystemWriter *writer, OdbcBinding *binding, uint32_t rows, TableError *error) {
  TableError first = {.text = ""};
  for (uint32_t i = 0; i < rows && binding->status; i++) binding->status[i] = SQL_PARAM_UNUSED;
  int status = odbc_execute(writer->link, binding->statement, &first);
  bool refused = false;
  for (uint32_t i = 0; i < rows && status == 0 && rows > 1; i++) refused = refused || binding->status[i] == SQL_PARAM_ERROR;
  if (status == 0 && !refused) return 0;
  if (strcmp(first.text, "interrupted") == 0) return *error = first, -1;
  return row_failed(writer, binding, rows, error);
}

static int insert_rows(SystemWriter *writer, TableError *error) {
  uint32_t taken;
  for (int64_t row = 0; row < writer->batch.length; row += taken) {
    if (odbc_binding_fill(writer->link, &writer->insert, &writer->batch, row, writer->rows, &taken, error) != 0) return -1;
    if (run_rows(writer, &writer->insert, taken, error) != 0) return -1;
    writer->rows += taken;
  }
  return 0;
}

/* Is there a row with the keys of this one? */
static int find_row(SystemWriter *writer, int64_t row, bool *found, TableError *error) {
  uint32_t taken;
  SQLRETURN answer;
  if (odbc_binding_fill(writer->link, &writer->probe, &writer->batch, row, writer->rows, &taken, error) != 0) return -1;
  if (run_rows(writer, &writer->probe, 1, error) != 0 || odbc_fetch(writer->link, writer->probe.statement, &answer, error) != 0) return -1;
  *found = answer != SQL_NO_DATA;
  SQLFreeStmt(writer->probe.statement, SQL_CLOSE);
  return 0;
}

static int upsert_row(SystemWriter *writer, int64_t row, TableError *error) {
  uint32_t taken;
  SQLLEN changed = 0;
  if (writer->updates) {
    if (odbc_binding_fill(writer->link, &writer->update, &writer->batch, row, writer->rows, &taken, error) != 0) return -1;
    if (run_rows(writer, &writer->update, 1, error) != 0) return -1;
    SQLRowCount(writer->update.statement, &changed);
  }
  bool found = changed > 0;
  if (!found && find_row(writer, row, &found, error) != 0) return -1; /* some count only rows that are other than before */
  if (!found && odbc_binding_fill(writer->link, &writer->insert, &writer->batch, row, writer->rows, &taken, error) != 0) return -1;
  if (!found && run_rows(writer, &writer->insert, 1, error) != 0) return -1;
  writer->rows++;
  return 0;
}

static int write_job(void *self, TableError *error) {
  SystemWriter *writer = self;
  if (writer->mode != SYSTEM_UPSERT) return insert_rows(writer, error);
  for (int64_t row = 0; row < writer->batch.length; row++)
    if (upsert_row(writer, row, error) != 0) return -1;
  return 0;
}

int odbc_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error) {
  writer->batch = *batch;
  batch->release = NULL;
  int status = link_run(writer->link, write_job, writer, error);
  if (writer->link->lost) return -1; /* its thread still reads the batch */
  if (writer->batch.release) writer->batch.release(&writer->batch);
  writer->batch.release = NULL;
  return status;
}

/* --- The end --- */

static void free_bindings(SystemWriter *writer) {
  odbc_binding_free(writer->link, &writer->insert);
  odbc_binding_free(writer->link, &writer->update);
  odbc_binding_free(writer->link, &writer->probe);
}

static int commit_job(void *self, TableError *error) {
  SystemWriter *writer = self;
  free_bindings(writer);
  if (writer->link->manual && (odbc_end(writer->link, true, error) != 0 || odbc_transactions(writer->link, false, error) != 0)) return -1;
  writer->made = writer->open = false;
  return 0;
}

int odbc_commit(SystemWriter *writer, TableError *error) { return link_run(writer->link, commit_job, writer, error); }

static int drop_made(SystemWriter *writer) {
  Bytes text = {0};
  TableError error = {.text = ""};
  sql_putf(&text, "DROP TABLE %s", writer->table);
  int status = sql_text(&text) ? odbc_run(writer->link, (char *)text.data, &error) : -1;
  bytes_free(&text);
  return status;
}

/* Takes everything back; a table that was made goes with the transaction, or is dropped where those are made outside of it. */
static int undo_job(void *self, TableError *error) {
  SystemWriter *writer = self;
  free_bindings(writer);
  int status = 0;
  if (writer->link->manual) status = odbc_end(writer->link, false, error);
  if (status == 0) status = odbc_transactions(writer->link, false, error);
  if (writer->made && writer->system->transactions != SQL_TC_ALL) status = drop_made(writer);
  if (status == 0) writer->made = false;
  return status;
}

static int drop_job(void *self, TableError *error) {
  (void)error;
  return drop_made(self);
}

/* The connection that made the table is lost: another one drops it. */
static void drop_by_other(SystemWriter *writer) {
  TableError error = {.text = ""};
  Link *lost = writer->link;
  if (link_open(writer->system, true, &writer->link, &error) != 0) return;
  int status = link_clean(writer->link, drop_job, writer);
  if (writer->link->lost) return;
  if (status != 0) writer->system->host->warn(writer->system->host, "a table that was made could not be dropped again");
  link_close(writer->link);
  writer->link = lost;
}

void odbc_free_writer(SystemWriter *writer) {
  Link *link = writer->link;
  bool undo = writer->open || writer->made || (link && !link->lost && link->manual);
  if (undo && link && !link->lost) link_clean(link, undo_job, writer);
  if (writer->made && writer->system->transactions != SQL_TC_ALL) drop_by_other(writer);
  if (link && link->lost) return; /* its thread still uses the writer */
  if (link && writer->made) link_close(link);
  else if (link) link_done(link);
  for (uint32_t i = 0; i < writer->count; i++) free(writer->names[i]);
  odbc_columns_free(writer->there, writer->there_count);
  free(writer->target);
  free(writer->names);
  free(writer->keys);
  free(writer->table);
  free(writer->into);
  free(writer);
}
