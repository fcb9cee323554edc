/* cursor.c - results by a cursor of the server, where the driver's own ways are no good.
 *
 * psqlodbc holds a whole result in memory, or fetches it by a cursor of its own (UseDeclareFetch). If the connection is lost while
 * that gets further rows, it reads the error by a pointer that is NULL there (CC_from_PGresult in its connection.c, in 13.02 as in 18.00),
 * and the program is gone. So the cursor is declared here, and each FETCH is a statement like any other, whose failure is told.
 */
#include "odbc/odbc.h"

#define NAME "dcetl_rows"

/* Not all that gives rows may be declared: SHOW, INSERT … RETURNING within WITH. */
static bool no_cursor(const Link *link) { return strcmp(link->state, "42601") == 0 || strcmp(link->state, "0A000") == 0; }

static int declare(Link *link, const char *query, bool *declared, TableError *error) {
  Bytes text = {0};
  TableError first = {.text = ""};
  if (odbc_transactions(link, true, error) != 0) return -1;
  sql_putf(&text, "DECLARE " NAME " NO SCROLL CURSOR FOR %s", query);
  int status = sql_text(&text) ? odbc_run(link, (const char *)text.data, &first) : SQL_NO_MEMORY(&first);
  bytes_free(&text);
  *declared = status == 0;
  if (status == 0) return 0;
  if (!no_cursor(link)) return *error = first, -1;
  if (odbc_end(link, false, error) != 0) return -1;
  return odbc_transactions(link, false, error);
}

int odbc_cursor_open(Link *link, SQLHSTMT statement, const char *query, uint32_t most, OdbcCursor *out, TableError *error) {
  bool declared = false;
  *out = (OdbcCursor){.most = most};
  if (sql_can_nest(query) && declare(link, query, &declared, error) != 0) return -1;
  if (declared) snprintf(out->fetch, sizeof out->fetch, "FETCH FORWARD %u FROM " NAME, most);
  return odbc_execute_text(link, statement, declared ? out->fetch : query, error);
}

int odbc_cursor_next(Link *link, SQLHSTMT statement, OdbcCursor *cursor, bool *more, TableError *error) {
  *more = cursor->fetch[0] && cursor->rows >= cursor->most;
  if (!*more) return 0;
  cursor->rows = 0;
  SQLFreeStmt(statement, SQL_CLOSE);
  return odbc_execute_text(link, statement, cursor->fetch, error);
}

int odbc_cursor_close(Link *link, OdbcCursor *cursor, TableError *error) {
  if (!cursor->fetch[0]) return 0;
  cursor->fetch[0] = 0;
  if (odbc_end(link, true, error) != 0) return -1; /* what the query may have changed stays, as it does without a cursor */
  return odbc_transactions(link, false, error);
}
