/* execute.c - one statement with bound parameters. */
#include "mysql.h"

typedef struct Parameters {
  uint32_t count;
  Bytes *texts;
  unsigned long *lens;
  my_bool *nulls;
  MYSQL_BIND *binds;
} Parameters;

static void free_parameters(Parameters *parameters) {
  for (uint32_t i = 0; parameters->texts && i < parameters->count; i++) bytes_free(&parameters->texts[i]);
  free(parameters->texts);
  free(parameters->lens);
  free(parameters->nulls);
  free(parameters->binds);
}

/* Whole numbers as such (LIMIT takes no text); all others as text, which the server turns into what it needs. */
static int bind_one(Parameters *out, uint32_t i, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row, TableError *error) {
  SqlType type = sql_type(schema);
  Bytes *text = &out->texts[i];
  MYSQL_BIND *bind = &out->binds[i];
  out->nulls[i] = type.kind == SQL_KIND_NULL || sql_is_null(array, row);
  *bind = (MYSQL_BIND){.buffer_type = out->nulls[i] ? MYSQL_TYPE_NULL : MYSQL_TYPE_STRING, .is_null = &out->nulls[i], .length = &out->lens[i]};
  if (out->nulls[i]) return 0;
  bool whole = type.kind == SQL_KIND_INT || type.kind == SQL_KIND_UINT || type.kind == SQL_KIND_BOOL;
  bool real = type.kind == SQL_KIND_FLOAT || type.kind == SQL_KIND_DOUBLE;
  if (whole) {
    int64_t number = sql_int(&type, array, row);
    bytes_put(text, &number, sizeof number);
    bind->buffer_type = MYSQL_TYPE_LONGLONG;
    bind->is_unsigned = type.kind == SQL_KIND_UINT;
  } else if (real) {
    double number = sql_double(&type, array, row);
    bytes_put(text, &number, sizeof number);
    bind->buffer_type = MYSQL_TYPE_DOUBLE;
  } else {
    type.zoned = false;
    if (type.kind == SQL_KIND_BYTES) bind->buffer_type = MYSQL_TYPE_BLOB;
    if (sql_put_text(text, schema, &type, array, row) < 0) return MODULE_FAIL(error, "parameter %u: MySQL has no such value", i + 1);
  }
  if (!sql_text(text)) return SQL_NO_MEMORY(error);
  bind->buffer = text->data;
  bind->buffer_length = out->lens[i] = text->len;
  return 0;
}

static int bind_all(Parameters *out, const struct ArrowSchema *types, const struct ArrowArray *row, TableError *error) {
  out->count = types ? (uint32_t)types->n_children : 0;
  out->texts = calloc(out->count + 1, sizeof *out->texts);
  out->lens = calloc(out->count + 1, sizeof *out->lens);
  out->nulls = calloc(out->count + 1, sizeof *out->nulls);
  out->binds = calloc(out->count + 1, sizeof *out->binds);
  if (!out->texts || !out->lens || !out->nulls || !out->binds) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < out->count; i++)
    if (bind_one(out, i, types->children[i], row->children[i], row->offset, error) < 0) return -1;
  return 0;
}

/* Statements that cannot be prepared (LOCK TABLES …) run as text, if they have no parameters. */
static int run(System *system, MYSQL *connection, const char *statement, Parameters *parameters, int64_t *affected, TableError *error) {
  enum { CANNOT_PREPARE = 1295 };
  MYSQL_STMT *prepared = my_prepare(system, connection, statement, error);
  if (!prepared && !parameters->count && mysql_errno(connection) == CANNOT_PREPARE) {
    *error = (TableError){{0}, {0}};
    return my_do(system, connection, statement, error);
  }
  if (!prepared) return -1;
  int status = 0;
  if (mysql_stmt_param_count(prepared) != parameters->count) {
    status = MODULE_FAIL(error, "the statement has %lu parameters, but %u are given", mysql_stmt_param_count(prepared), parameters->count);
    MODULE_HINT(error, "? stands for each of USING");
  }
  if (status == 0 && parameters->count && mysql_stmt_bind_param(prepared, parameters->binds)) status = my_fail_statement(system, prepared, error);
  if (status == 0) status = my_execute_prepared(system, connection, prepared, error);
  if (status == 0 && mysql_stmt_field_count(prepared)) {
    int got = 0;
    int64_t rows = 0;
    for (; got == 0 || got == MYSQL_DATA_TRUNCATED; rows += got != MYSQL_NO_DATA) {
      int wait = mysql_stmt_fetch_start(&got, prepared);
      while (wait) wait = mysql_stmt_fetch_cont(&got, prepared, my_wait(system, connection, wait));
    }
    if (got != MYSQL_NO_DATA) status = my_fail_statement(system, prepared, error);
    *affected = rows;
  } else if (status == 0) {
    *affected = (int64_t)mysql_stmt_affected_rows(prepared);
  }
  my_finish(system, connection, prepared);
  return status;
}

int my_execute(System *system, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error) {
  Parameters parameters = {.count = 0};
  MYSQL *connection = NULL;
  *affected = -1;
  int status = bind_all(&parameters, types, row, error);
  if (status == 0) status = (connection = my_begin(system, error)) ? 0 : -1;
  if (status == 0) status = run(system, connection, statement, &parameters, affected, error);
  my_end(system, connection, status < 0 && system->host->stopped());
  free_parameters(&parameters);
  return status;
}
