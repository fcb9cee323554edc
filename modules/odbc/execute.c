/* execute.c - one statement with bound parameters, in a transaction of its own. */
#include "odbc/odbc.h"

typedef struct Execution {
  Link *link;
  const char *statement;            /* this and the next two: lent by a caller who waits */
  const struct ArrowSchema *types;
  const struct ArrowArray *row;
  int64_t affected;
} Execution;

static int check_count(const OdbcBinding *binding, TableError *error) {
  SQLSMALLINT wanted = 0;
  if (!SQL_SUCCEEDED(SQLNumParams(binding->statement, &wanted)) || (uint32_t)wanted == binding->count) return 0;
  MODULE_HINT(error, "USING [$a, $b] gives a value for each ? in order");
  return MODULE_FAIL(error, "the statement has %d parameter%s, and USING gives %u", wanted, wanted == 1 ? "" : "s", binding->count);
}

/* Later results of a batch of statements may be failures. */
static int pass_results(Execution *execution, SQLHSTMT statement, TableError *error) {
  SQLLEN rows = -1;
  execution->affected = SQL_SUCCEEDED(SQLRowCount(statement, &rows)) ? rows : -1;
  for (;;) {
    SQLRETURN answer = SQLMoreResults(statement);
    if (answer == SQL_NO_DATA) return 0;
    if (!SQL_SUCCEEDED(answer)) return odbc_failed(execution->link, SQL_HANDLE_STMT, statement, "", error);
  }
}

static int execute_job(void *self, TableError *error) {
  Execution *execution = self;
  OdbcBinding binding = {.params = NULL};
  uint32_t taken, count = (uint32_t)execution->types->n_children;
  if (odbc_transactions(execution->link, false, error) != 0) return -1;
  int status = odbc_binding_new(execution->link, &binding, execution->statement, execution->types, NULL, NULL, count, 1, error);
  if (status == 0) status = check_count(&binding, error);
  if (status == 0 && count) status = odbc_binding_fill(execution->link, &binding, execution->row, 0, 0, &taken, error);
  if (status == 0) status = odbc_execute(execution->link, binding.statement, error);
  if (status == 0) status = pass_results(execution, binding.statement, error);
  odbc_binding_free(execution->link, &binding);
  return status;
}

int odbc_execute_one(System *system, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error) {
  Execution *execution = calloc(1, sizeof *execution);
  if (!execution) return SQL_NO_MEMORY(error);
  *execution = (Execution){.statement = statement, .types = types, .row = row, .affected = -1};
  int status = link_open(system, false, &execution->link, error);
  if (status == 0) {
    status = link_run(execution->link, execute_job, execution, error);
    if (execution->link->lost) return -1; /* its thread still uses the execution */
    if (status == 0) link_done(execution->link);
    else link_close(execution->link);
  }
  *affected = execution->affected;
  free(execution);
  return status;
}
