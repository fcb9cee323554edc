/* odbc_stub.c - an ODBC driver that lets nobody in: its error is the connection string that it was given. */
#include <sql.h>
#include <sqlext.h>
#include <string.h>

static SQLWCHAR said[2000];
static int len;

SQLRETURN SQLAllocHandle(SQLSMALLINT type, SQLHANDLE from, SQLHANDLE *out) {
  (void)type;
  (void)from;
  *out = said;
  return SQL_SUCCESS;
}

SQLRETURN SQLFreeHandle(SQLSMALLINT type, SQLHANDLE handle) { return (void)type, (void)handle, SQL_SUCCESS; }
SQLRETURN SQLSetEnvAttr(SQLHENV env, SQLINTEGER name, SQLPOINTER value, SQLINTEGER size) { return (void)env, (void)name, (void)value, (void)size, SQL_SUCCESS; }

SQLRETURN SQLDriverConnectW(SQLHDBC dbc, SQLHWND window, SQLWCHAR *text, SQLSMALLINT size, SQLWCHAR *out, SQLSMALLINT room, SQLSMALLINT *out_len,
                            SQLUSMALLINT completion) {
  (void)dbc, (void)window, (void)out, (void)room, (void)out_len, (void)completion;
  for (len = 0; len < 1999 && text[len] && (size == SQL_NTS || len < size); len++) said[len] = text[len];
  said[len] = 0;
  return SQL_ERROR;
}

SQLRETURN SQLGetDiagRecW(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number, SQLWCHAR *state, SQLINTEGER *native, SQLWCHAR *text, SQLSMALLINT room,
                         SQLSMALLINT *text_len) {
  static const char code[] = "42000";
  (void)type, (void)handle;
  if (number > 1) return SQL_NO_DATA;
  for (int i = 0; i < 6; i++) state[i] = (SQLWCHAR)code[i];
  if (native) *native = 1;
  if (text_len) *text_len = (SQLSMALLINT)len;
  if (text && room > len) memcpy(text, said, ((size_t)len + 1) * sizeof *said);
  return SQL_SUCCESS;
}
