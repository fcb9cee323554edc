/* execute.c - one statement with bound parameters. */
#include "postgres.h"

/* The types that parameters have by themselves, for statements that do not tell what they take. */
static Oid type_of(const SqlType *type) {
  switch (type->kind) {
    case SQL_KIND_BOOL: return PG_BOOL;
    case SQL_KIND_INT: case SQL_KIND_UINT: return type->kind == SQL_KIND_UINT && type->width == 8 ? PG_NUMERIC : PG_INT8;
    case SQL_KIND_FLOAT: case SQL_KIND_DOUBLE: return PG_FLOAT8;
    case SQL_KIND_DECIMAL: return PG_NUMERIC;
    case SQL_KIND_BYTES: return PG_BYTEA;
    case SQL_KIND_UUID: return PG_UUID;
    case SQL_KIND_DATE: return PG_DATE;
    case SQL_KIND_TIME: return PG_TIME;
    case SQL_KIND_STAMP: return type->zoned ? PG_TIMESTAMPTZ : PG_TIMESTAMP;
    case SQL_KIND_NESTED: return PG_JSONB;
    case SQL_KIND_TEXT: case SQL_KIND_UNKNOWN: case SQL_KIND_NULL: break;
  }
  return PG_TEXT;
}

typedef struct Parameters {
  int count;
  Bytes *texts;
  const char **values; /* NULL: NULL */
  int *lengths, *formats;
  Oid *types;
} Parameters;

static void free_parameters(Parameters *parameters) {
  for (int i = 0; parameters->texts && i < parameters->count; i++) bytes_free(&parameters->texts[i]);
  free(parameters->texts);
  free(parameters->values);
  free(parameters->lengths);
  free(parameters->formats);
  free(parameters->types);
}

static int bind(Parameters *out, const struct ArrowSchema *types, const struct ArrowArray *row, TableError *error) {
  size_t room = (size_t)(out->count = types ? (int)types->n_children : 0) + 1;
  out->texts = calloc(room, sizeof *out->texts);
  out->values = calloc(room, sizeof *out->values);
  out->lengths = calloc(room, sizeof *out->lengths);
  out->formats = calloc(room, sizeof *out->formats);
  out->types = calloc(room, sizeof *out->types);
  if (!out->texts || !out->values || !out->lengths || !out->formats || !out->types) return SQL_NO_MEMORY(error);
  for (int i = 0; i < out->count; i++) {
    SqlType type = sql_type(types->children[i]);
    out->types[i] = type_of(&type);
    if (type.kind == SQL_KIND_NULL || sql_is_null(row->children[i], row->offset)) continue;
    if (sql_put_text(&out->texts[i], types->children[i], &type, row->children[i], row->offset) < 0)
      return MODULE_FAIL(error, "parameter %d: PostgreSQL has no such value", i + 1);
    out->values[i] = sql_text(&out->texts[i]);
    if (!out->values[i]) return SQL_NO_MEMORY(error);
    out->lengths[i] = (int)out->texts[i].len;
    out->formats[i] = type.kind == SQL_KIND_BYTES;
    if (!out->formats[i] && strlen(out->values[i]) != out->texts[i].len) return MODULE_FAIL(error, "parameter %d: a NUL character, which PostgreSQL cannot store in text", i + 1);
  }
  return 0;
}

/* Lets the server find the types, which fits all columns; where it cannot tell them, they are those of the values. */
static int prepare(System *system, PGconn *connection, const char *statement, const Parameters *parameters, TableError *error) {
  Oid *none = calloc((size_t)parameters->count + 1, sizeof *none);
  TableError first = {{0}, {0}};
  int status = none ? -1 : SQL_NO_MEMORY(error);
  for (int typed = 0; none && typed < 2 && status < 0; typed++) {
    TableError again = {{0}, {0}};
    bool was_stopped;
    for (int i = 0; i < parameters->count; i++) none[i] = parameters->formats[i] ? PG_BYTEA : 0;
    if (!PQsendPrepare(connection, "", statement, parameters->count, typed ? parameters->types : none)) {
      pg_fail(connection, NULL, &first);
      break;
    }
    PGresult *result = pg_result(system, connection, &was_stopped, &first), *more;
    status = result && PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : pg_fail(connection, result, typed ? &again : &first);
    const char *state = result && status < 0 ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    bool unclear = state && (strcmp(state, "42P18") == 0 || strcmp(state, "42725") == 0 || strcmp(state, "42P38") == 0 || strcmp(state, "42804") == 0);
    PQclear(result);
    while (!was_stopped && (more = pg_result(system, connection, &was_stopped, &first))) PQclear(more);
    if (!unclear) break;
  }
  free(none);
  if (status < 0) *error = first;
  return status;
}

static int run(System *system, PGconn *connection, const char *statement, const Parameters *parameters, int64_t *affected, TableError *error) {
  bool was_stopped;
  if (prepare(system, connection, statement, parameters, error) < 0) return -1;
  if (!PQsendQueryPrepared(connection, "", parameters->count, parameters->values, parameters->lengths, parameters->formats, 0)) return pg_fail(connection, NULL, error);
  PGresult *result = pg_result(system, connection, &was_stopped, error), *more;
  if (was_stopped) return -1;
  ExecStatusType state = PQresultStatus(result);
  int status = state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK ? 0 : -1;
  if (state == PGRES_COPY_IN || state == PGRES_COPY_OUT) MODULE_FAIL(error, "COPY with the client's own data is no statement for EXEC: use CREATE or COPY of the script");
  else if (status < 0) pg_fail(connection, result, error);
  const char *count = PQcmdTuples(result);
  *affected = *count ? atoll(count) : -1;
  PQclear(result);
  if (state == PGRES_COPY_IN || state == PGRES_COPY_OUT) return -1;
  while ((more = pg_result(system, connection, &was_stopped, error))) PQclear(more);
  return was_stopped ? -1 : status;
}

int pg_execute(System *system, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error) {
  Parameters parameters = {.count = 0};
  Bytes numbered = {0};
  PGconn *connection = NULL;
  *affected = -1;
  int status = bind(&parameters, types, row, error);
  uint32_t marks = 0;
  if (parameters.count) marks = sql_number_parameters(statement, &numbered);
  if (marks) statement = sql_text(&numbered);
  if (status == 0 && !statement) status = SQL_NO_MEMORY(error);
  if (status == 0 && marks && marks != (uint32_t)parameters.count) {
    status = MODULE_FAIL(error, "the statement has %u parameters, but %d are given", marks, parameters.count);
    MODULE_HINT(error, "? stands for each of USING, ?? for the operator ?");
  }
  if (status == 0) status = (connection = pg_begin(system, error)) ? 0 : -1;
  if (status == 0) status = run(system, connection, statement, &parameters, affected, error);
  pg_end(connection);
  bytes_free(&numbered);
  free_parameters(&parameters);
  return status;
}
