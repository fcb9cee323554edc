/* write.c - COPY into a table, in one transaction: it is made, emptied or updated in it, so that others see all of it or nothing.
 *
 * Replacing deletes the rows and does not truncate: who reads goes on and sees the old rows until the commit, triggers, indexes,
 * privileges and views stay, and no more than the right to delete is needed. A lock keeps other writers out, not readers.
 */
#include "postgres.h"

enum { PIECE = 1 << 16, AT_ONCE = 1 << 18, MOST_NAME = 63 /* bytes; the server would cut the rest off */ };

struct SystemWriter {
  System *system;
  SqlTarget to;
  char *load;      /* quoted: what COPY fills, the table or a temporary one */
  bool exists, copying, binary;
  PGconn *connection;
  PgWire *wires;   /* of the table that is there */
  PgField *fields;
  struct ArrowSchema schema;
  int64_t row;     /* of the next one, from 1 on */
  int64_t copied;  /* rows of COPYs that have ended */
  bool said, suspect; /* the server said something while rows were sent; it was nothing that we know */
  uint64_t notices, notices_before;
  Bytes buffer;
};

/* --- The target --- */

static int fail_name(const char *name, TableError *error) { return MODULE_FAIL(error, "the name \"%s\" has %zu bytes: PostgreSQL takes %d", name, strlen(name), MOST_NAME); }

/* Is there such a table? -1: that could not be found out. */
static int find_table(SystemWriter *writer, TableError *error) {
  const SqlName *table = &writer->to.table;
  if (table->count > 2) return MODULE_FAIL(error, "'%s.%s.…' has too many parts: write 'schema.table'", table->parts[0], table->parts[1]);
  for (uint32_t i = 0; i < table->count; i++)
    if (strlen(table->parts[i]) > MOST_NAME) return fail_name(table->parts[i], error);
  const char *values[] = {table->parts[table->count - 1], table->count > 1 ? table->parts[0] : NULL};
  PGresult *result = pg_run(writer->system, writer->connection,
                            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                            " WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'f') AND CASE WHEN $2::text IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = $2::text END",
                            values, 2, error);
  if (!result) return -1;
  writer->exists = PQntuples(result) > 0;
  PQclear(result);
  return 0;
}

static void target_type(Oid type, int modifier, PgWire *wire, char *format) {
  static const struct {
    Oid type;
    PgWire wire;
    const char *format;
  } known[] = {
    {PG_BOOL, PG_WIRE_BOOL, "b"}, {PG_INT2, PG_WIRE_INT2, "s"}, {PG_INT4, PG_WIRE_INT4, "i"}, {PG_INT8, PG_WIRE_INT8, "l"}, {PG_FLOAT4, PG_WIRE_FLOAT4, "f"},
    {PG_FLOAT8, PG_WIRE_FLOAT8, "g"}, {PG_TEXT, PG_WIRE_TEXT, "u"}, {PG_VARCHAR, PG_WIRE_TEXT, "u"}, {PG_BPCHAR, PG_WIRE_TEXT, "u"}, {PG_NAME, PG_WIRE_TEXT, "u"},
    {PG_JSON, PG_WIRE_TEXT, "u"}, {PG_JSONB, PG_WIRE_JSONB, "u"}, {PG_BYTEA, PG_WIRE_BYTEA, "z"}, {PG_UUID, PG_WIRE_UUID, SQL_UUID}, {PG_DATE, PG_WIRE_DATE, "tdD"},
    {PG_TIME, PG_WIRE_TIME, "ttu"}, {PG_TIMESTAMP, PG_WIRE_STAMP, "tsu:"}, {PG_TIMESTAMPTZ, PG_WIRE_STAMP, "tsu:UTC"}};
  int precision = ((modifier - 4) >> 16) & 0xFFFF, scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024;
  *wire = PG_WIRE_TEXT_ONLY;
  snprintf(format, SQL_FORMAT, "u");
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (known[i].type != type) continue;
    *wire = known[i].wire;
    snprintf(format, SQL_FORMAT, "%s", known[i].format);
  }
  if (type != PG_NUMERIC || modifier < 4 || precision > SQL_MOST_DECIMAL || scale < 0 || scale > precision) return;
  *wire = PG_WIRE_NUMERIC;
  snprintf(format, SQL_FORMAT, "d:%d,%d", precision, scale);
}

static int fail_column(const SystemWriter *writer, const char *name, const PGresult *columns, TableError *error) {
  int count = PQnfields(columns);
  const char **names = malloc(((size_t)count + 1) * sizeof *names);
  for (int i = 0; names && i < count; i++) names[i] = PQfname(columns, i);
  sql_target_misses(&writer->to, name, names, (uint32_t)count, error);
  free(names);
  return -1;
}

/* The types of the columns of a table that is there. */
static int find_types(SystemWriter *writer, struct ArrowSchema *types, TableError *error) {
  Bytes statement = {0};
  sql_putf(&statement, "SELECT * FROM %s", writer->to.name);
  const char *text = sql_text(&statement);
  PGresult *columns = text ? pg_describe(writer->system, writer->connection, text, error) : NULL;
  bytes_free(&statement);
  if (!columns) return text ? -1 : SQL_NO_MEMORY(error);
  int status = 0;
  for (uint32_t i = 0; i < writer->to.column_count && status == 0; i++) {
    char format[SQL_FORMAT];
    int field = 0, count = PQnfields(columns);
    while (field < count && strcmp(PQfname(columns, field), writer->to.columns[i]) != 0) field++;
    if (field == count) {
      status = fail_column(writer, writer->to.columns[i], columns, error);
    } else {
      target_type(PQftype(columns, field), PQfmod(columns, field), &writer->wires[i], format);
      status = sql_schema_field(types, i, writer->to.columns[i], format) < 0 ? SQL_NO_MEMORY(error) : 0;
    }
  }
  PQclear(columns);
  return status;
}

static int look(SystemWriter *writer, const SystemTarget *target, TableError *error) {
  if (sql_target_copy(&writer->to, target, '"', error) < 0) return -1;
  writer->wires = calloc(target->column_count + 1, sizeof *writer->wires);
  if (!writer->wires) return SQL_NO_MEMORY(error);
  writer->connection = pg_begin(writer->system, error);
  return writer->connection ? find_table(writer, error) : -1;
}

int pg_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error) {
  SystemWriter *writer = calloc(1, sizeof *writer);
  if (!writer) return SQL_NO_MEMORY(error);
  writer->system = system;
  writer->row = 1;
  int status = look(writer, target, error);
  if (status == 0 && writer->exists && writer->to.mode == SYSTEM_ERROR) status = sql_target_exists(&writer->to, error);
  if (status == 0) status = sql_target_schema(&writer->to, types, error);
  if (status == 0 && writer->exists && (status = find_types(writer, types, error)) < 0) types->release(types);
  if (status < 0) {
    pg_free_writer(writer);
    return -1;
  }
  *skip = writer->to.mode == SYSTEM_IGNORE && writer->exists;
  *out = writer;
  return 0;
}

/* --- The transaction --- */

static int run_text(SystemWriter *writer, Bytes *statement, TableError *error) {
  const char *text = sql_text(statement);
  int status = text ? pg_do(writer->system, writer->connection, text, error) : SQL_NO_MEMORY(error);
  bytes_free(statement);
  return status;
}

static int create_table(SystemWriter *writer, TableError *error) {
  Bytes statement = {0};
  sql_putf(&statement, "CREATE TABLE %s (", writer->to.name);
  for (uint32_t i = 0; i < writer->to.column_count; i++) {
    char type[64];
    writer->wires[i] = pg_wire_of(&writer->fields[i].type, type, sizeof type);
    if (strlen(writer->to.columns[i]) > MOST_NAME || !type[0]) {
      bytes_free(&statement);
      return type[0] ? fail_name(writer->to.columns[i], error) : MODULE_FAIL(error, "column \"%s\": PostgreSQL has no type for it", writer->to.columns[i]);
    }
    if (i) sql_put(&statement, ", ");
    sql_put_name(&statement, writer->to.columns[i], '"');
    sql_putf(&statement, " %s", type);
  }
  if (writer->to.key_count) {
    sql_put(&statement, ", PRIMARY KEY (");
    sql_put_list(&statement, (const char *const *)writer->to.keys, writer->to.key_count, '"');
    sql_put(&statement, ")");
  }
  sql_put(&statement, ")");
  return run_text(writer, &statement, error);
}

static int empty_table(SystemWriter *writer, TableError *error) {
  Bytes lock = {0}, empty = {0};
  sql_putf(&lock, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", writer->to.name);
  sql_putf(&empty, "DELETE FROM %s", writer->to.name);
  int status = run_text(writer, &lock, error);
  if (status == 0) return run_text(writer, &empty, error);
  bytes_free(&empty);
  return status;
}

/* Rows that are to be put in or to replace others wait in a temporary table, with their numbers: of several with one key the last counts. */
static int make_waiting(SystemWriter *writer, TableError *error) {
  Bytes statement = {0};
  free(writer->load);
  writer->load = strdup("pg_temp.dcetl_rows");
  if (!writer->load) return SQL_NO_MEMORY(error);
  sql_put(&statement, "CREATE TEMPORARY TABLE dcetl_rows ON COMMIT DROP AS SELECT ");
  sql_put_list(&statement, (const char *const *)writer->to.columns, writer->to.column_count, '"');
  sql_putf(&statement, ", 0::int8 AS \"dcetl row number\" FROM %s WITH NO DATA", writer->to.name);
  if (run_text(writer, &statement, error) < 0) return -1;
  return pg_do(writer->system, writer->connection, "ALTER TABLE pg_temp.dcetl_rows ALTER COLUMN \"dcetl row number\" SET NOT NULL, ALTER COLUMN \"dcetl row number\" ADD GENERATED ALWAYS AS IDENTITY", error);
}

static void count_notice(void *self, const PGresult *result) {
  SystemWriter *writer = self;
  (void)result;
  writer->notices++;
}

static int start_copy(SystemWriter *writer, TableError *error) {
  static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* with the 0 behind it: no flags, no extension */
  Bytes statement = {0};
  sql_putf(&statement, "COPY %s (", writer->load);
  sql_put_list(&statement, (const char *const *)writer->to.columns, writer->to.column_count, '"');
  sql_putf(&statement, ") FROM STDIN%s", writer->binary ? " (FORMAT binary)" : "");
  if (run_text(writer, &statement, error) < 0) return -1;
  PQsetNoticeReceiver(writer->connection, count_notice, writer);
  writer->copying = true;
  if (writer->binary) bytes_put(&writer->buffer, head, sizeof head);
  return 0;
}

static int copy_schema(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  if ((uint32_t)schema->n_children != writer->to.column_count) return MODULE_FAIL(error, "%lld columns are written, but %u were named", (long long)schema->n_children, writer->to.column_count);
  writer->fields = calloc(writer->to.column_count + 1, sizeof *writer->fields);
  if (!writer->fields) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < writer->to.column_count; i++)
    writer->fields[i] = (PgField){.name = writer->to.columns[i], .type = sql_type(schema->children[i]), .wire = PG_WIRE_TEXT_ONLY};
  return 0;
}

int pg_start(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  int status = copy_schema(writer, schema, error);
  writer->schema = *schema;
  if (status == 0) status = (writer->load = strdup(writer->to.name)) ? 0 : SQL_NO_MEMORY(error);
  if (status == 0) status = pg_do(writer->system, writer->connection, "BEGIN", error);
  if (status == 0 && !writer->exists) status = create_table(writer, error);
  else if (status == 0 && writer->to.mode == SYSTEM_REPLACE) status = empty_table(writer, error);
  if (status == 0 && writer->to.mode == SYSTEM_UPSERT) status = make_waiting(writer, error);
  writer->binary = true;
  for (uint32_t i = 0; status == 0 && i < writer->to.column_count; i++) {
    writer->fields[i].wire = writer->wires[i];
    writer->binary = writer->binary && pg_wire_takes(writer->wires[i], &writer->fields[i].type);
  }
  return status == 0 ? start_copy(writer, error) : status;
}

/* --- Rows --- */

/* Gives the server all that is in the buffer. It waits before each piece, since libpq would not tell that it has read something. */
static int flush(SystemWriter *writer, TableError *error) {
  size_t sent = 0;
  while (sent < writer->buffer.len) {
    size_t size = writer->buffer.len - sent < PIECE ? writer->buffer.len - sent : PIECE;
    if (pg_wait(writer->system, writer->connection, true, &writer->said, error) < 0) return -1;
    int taken = PQputCopyData(writer->connection, (const char *)writer->buffer.data + sent, (int)size);
    if (taken < 0) return pg_fail(writer->connection, NULL, error);
    if (taken) sent += size;
    for (int left; (left = PQflush(writer->connection)) != 0;) {
      if (left < 0) return pg_fail(writer->connection, NULL, error);
      if (pg_wait(writer->system, writer->connection, true, &writer->said, error) < 0) return -1;
    }
  }
  writer->buffer.len = 0;
  return 0;
}

/* --- The end of COPY --- */

/* Where COPY was, from the server's words, which may be in any language: COPY table, line 3, column x: "value". */
static void find_place(const SystemWriter *writer, const PGresult *result, TableError *error) {
  const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT), *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char *table = writer->to.mode == SYSTEM_UPSERT ? "dcetl_rows" : writer->to.table.parts[writer->to.table.count - 1];
  const char *at = context ? strstr(context, "COPY ") : NULL, *column = NULL;
  if (!at || strncmp(at + 5, table, strlen(table)) != 0) return;
  at += 5 + strlen(table);
  at += strcspn(at, "0123456789\n");
  long long line = atoll(at);
  at += strspn(at, "0123456789");
  for (uint32_t i = 0; i < writer->to.column_count; i++) {
    size_t len = strlen(writer->to.columns[i]);
    const char *name = strncmp(at, ", ", 2) == 0 ? strchr(at + 2, ' ') : NULL;
    if (name && strncmp(name + 1, writer->to.columns[i], len) == 0 && strchr(":\n", name[1 + len])) column = writer->to.columns[i];
  }
  if (line <= 0) return;
  line += writer->copied;
  const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  MODULE_FAIL(error, "row %lld%s%s%s: %s%s%s", line, column ? ", column \"" : "", column ? column : "", column ? "\"" : "", message, detail ? ": " : "", detail ? detail : "");
}

static int end_copy(SystemWriter *writer, TableError *error) {
  bool was_stopped;
  int ended = 0;
  while ((ended = PQputCopyEnd(writer->connection, NULL)) == 0)
    if (pg_wait(writer->system, writer->connection, true, NULL, error) < 0) return -1;
  if (ended < 0) return pg_fail(writer->connection, NULL, error);
  for (int left; (left = PQflush(writer->connection)) != 0;) {
    if (left < 0) return pg_fail(writer->connection, NULL, error);
    if (pg_wait(writer->system, writer->connection, true, NULL, error) < 0) return -1;
  }
  PGresult *result = pg_result(writer->system, writer->connection, &was_stopped, error);
  int status = result && PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : -1;
  if (status < 0 && !was_stopped) {
    if (result) find_place(writer, result, error);
    pg_fail(writer->connection, result, error);
  }
  PQclear(result);
  while (!was_stopped && (result = pg_result(writer->system, writer->connection, &was_stopped, error))) PQclear(result);
  writer->copying = false;
  writer->copied = writer->row - 1;
  return was_stopped ? -1 : status;
}

/* While rows are sent the server says that it refuses one, and then the others need not be sent, or notices of triggers. So what is no
   notice, nor the first half of one, since that would be whole by the next time, is a reason to end COPY and to hear why; if it was
   something else, what was sent is in the table, and the others follow by another COPY. */
static int hear(SystemWriter *writer, TableError *error) {
  if (!writer->said) return 0;
  (void)PQisBusy(writer->connection); /* takes notices, and nothing else meanwhile */
  bool known = writer->notices != writer->notices_before;
  writer->notices_before = writer->notices;
  if (known) writer->said = writer->suspect = false;
  if (known || !writer->suspect) {
    writer->suspect = !known;
    return 0;
  }
  writer->said = writer->suspect = false;
  return end_copy(writer, error) < 0 ? -1 : start_copy(writer, error);
}

int pg_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error) {
  int status = pg_encode(writer->fields, &writer->schema, batch, writer->binary, writer->row, &writer->buffer, error);
  writer->row += batch->length;
  batch->release(batch);
  if (status < 0 || writer->buffer.len < AT_ONCE) return status;
  return flush(writer, error) < 0 ? -1 : hear(writer, error);
}

/* --- The end --- */


/* INSERT … ON CONFLICT. Rows with NULL in a key are never the same as others, here as for the index. The values of GENERATED ALWAYS AS
   IDENTITY are ours, as they are for COPY. */
static int upsert(SystemWriter *writer, TableError *error) {
  const char *const *columns = (const char *const *)writer->to.columns, *const *keys = (const char *const *)writer->to.keys;
  Bytes statement = {0};
  bool any = false;
  sql_putf(&statement, "INSERT INTO %s (", writer->to.name);
  sql_put_list(&statement, columns, writer->to.column_count, '"');
  sql_put(&statement, ") OVERRIDING SYSTEM VALUE SELECT DISTINCT ON (");
  sql_put_list(&statement, keys, writer->to.key_count, '"');
  for (int pass = 0; pass < 2; pass++) {
    sql_put(&statement, ", CASE WHEN ");
    for (uint32_t i = 0; i < writer->to.key_count; i++) {
      if (i) sql_put(&statement, " OR ");
      sql_put_name(&statement, keys[i], '"');
      sql_put(&statement, " IS NULL");
    }
    sql_put(&statement, " THEN \"dcetl row number\" END");
    if (pass) break;
    sql_put(&statement, ") ");
    sql_put_list(&statement, columns, writer->to.column_count, '"');
    sql_putf(&statement, " FROM %s ORDER BY ", writer->load);
    sql_put_list(&statement, keys, writer->to.key_count, '"');
  }
  sql_put(&statement, ", \"dcetl row number\" DESC ON CONFLICT (");
  sql_put_list(&statement, keys, writer->to.key_count, '"');
  sql_put(&statement, ") DO ");
  for (uint32_t i = 0; i < writer->to.column_count; i++) {
    if (sql_target_has_key(&writer->to, i, strcmp)) continue;
    sql_put(&statement, any ? ", " : "UPDATE SET ");
    any = true;
    sql_put_name(&statement, columns[i], '"');
    sql_put(&statement, " = EXCLUDED.");
    sql_put_name(&statement, columns[i], '"');
  }
  if (!any) sql_put(&statement, "NOTHING");
  return run_text(writer, &statement, error);
}

int pg_commit(SystemWriter *writer, TableError *error) {
  if (writer->binary) bytes_put(&writer->buffer, "\377\377", 2);
  int status = writer->buffer.failed ? SQL_NO_MEMORY(error) : flush(writer, error);
  if (status == 0) status = end_copy(writer, error);
  if (status == 0 && writer->to.mode == SYSTEM_UPSERT) status = upsert(writer, error);
  if (status < 0) return -1;
  if (pg_do(writer->system, writer->connection, "COMMIT", error) == 0) return 0;
  if (PQstatus(writer->connection) != CONNECTION_OK) MODULE_HINT(error, "the connection was lost at the very end: look whether the rows are in %s", writer->to.name);
  return -1;
}

/* The end of the connection ends its transaction. */
void pg_free_writer(SystemWriter *writer) {
  if (writer->copying) PQfinish(writer->connection);
  else pg_end(writer->connection);
  sql_target_free(&writer->to);
  free(writer->load);
  free(writer->wires);
  free(writer->fields);
  bytes_free(&writer->buffer);
  free(writer);
}
