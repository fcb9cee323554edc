/* execute.c - one statement with bound parameters. */
#include <ctype.h>
#include <strings.h>

#include "sqlite.h"

/* Blanks, semicolons and comments only. */
static bool is_blank(const char *text) {
  for (; *text; text++) {
    if (text[0] == '-' && text[1] == '-') {
      text += strcspn(text, "\n");
      if (!*text) break;
    } else if (!isspace((unsigned char)*text) && *text != ';') {
      return false;
    }
  }
  return true;
}

static bool changes_rows(const char *statement) {
  static const char *const words[] = {"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"};
  while (isspace((unsigned char)*statement)) statement++;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strncasecmp(statement, words[i], strlen(words[i])) == 0) return true;
  return false;
}

static int bind_all(sqlite3_stmt *run, const struct ArrowSchema *types, const struct ArrowArray *row, TableError *error) {
  int wanted = sqlite3_bind_parameter_count(run);
  Bytes scratch = {0};
  if (wanted != row->n_children) {
    MODULE_HINT(error, "each ? of the statement takes one value");
    return MODULE_FAIL(error, "the statement has %d parameters, and USING gives %lld", wanted, (long long)row->n_children);
  }
  int result = 0;
  for (int i = 0; i < wanted && result == 0; i++) {
    Bound bound = {types->children[i], sql_type(types->children[i]), true};
    result = bind_value(run, i + 1, &bound, row->children[i], 0, &scratch, error);
  }
  bytes_free(&scratch);
  return result;
}

static int run_all(Connection *connection, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error) {
  sqlite3_stmt *run = NULL;
  const char *rest = "";
  if (sqlite3_prepare_v2(connection->db, statement, -1, &run, &rest) != SQLITE_OK) return connection_failed(connection, error);
  if (!run || !is_blank(rest)) {
    sqlite3_finalize(run);
    MODULE_HINT(error, "write an EXEC for each");
    return MODULE_FAIL(error, run ? "EXEC runs one statement, and here are more" : "the statement is empty");
  }
  int result = bind_all(run, types, row, error), step = SQLITE_ROW;
  while (result == 0 && step == SQLITE_ROW) step = sqlite3_step(run);
  if (result == 0 && step != SQLITE_DONE) result = connection_failed(connection, error);
  *affected = result == 0 && changes_rows(statement) && !sqlite3_stmt_readonly(run) ? sqlite3_changes64(connection->db) : -1;
  sqlite3_finalize(run);
  return result;
}

int sqlite_execute(System *system, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error) {
  Connection *connection = NULL;
  bool there = file_is_there(system->path);
  *affected = -1;
  int result = connection_open(system, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &connection, error);
  if (result == 0) result = run_all(connection, statement, types, row, affected, error);
  connection_close(connection);
  if (!there) remove_empty(system->path);
  return result;
}
