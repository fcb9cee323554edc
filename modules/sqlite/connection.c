/* connection.c - opening files, waiting for locks, what went wrong. */
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sqlite.h"

int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

bool file_is_there(const char *path) {
  struct stat info;
  return stat(path, &info) == 0;
}

/* What a full disk cuts off is undone by who opens the file next. */
static void undo(const char *path) {
  sqlite3 *db = NULL;
  if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) (void)sqlite3_exec(db, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL);
  sqlite3_close(db);
}

void remove_empty(const char *path) {
  struct stat info;
  if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) undo(path);
  if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0) (void)unlink(path);
}

/* Another program, or another statement, holds a lock. */
static int wait_for_lock(void *self, int times) {
  Connection *connection = self;
  struct timespec pause = {0, (times < 10 ? 2 : 50) * 1000000L};
  if (times == 0) connection->waiting_since = milliseconds();
  if (connection->system->host->stopped() || milliseconds() - connection->waiting_since >= connection->system->wait) return 0;
  nanosleep(&pause, NULL);
  return 1;
}

static int is_stopped(void *self) { return ((const Connection *)self)->system->host->stopped(); }

int connection_failed(const Connection *connection, TableError *error) {
  int code = connection->db ? sqlite3_errcode(connection->db) : SQLITE_NOMEM;
  const char *path = connection->system->path;
  MODULE_FAIL(error, "%s: %s", path, connection->db ? sqlite3_errmsg(connection->db) : "there is not enough memory");
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) MODULE_HINT(error, "another program holds a lock on it; @timeout = 60 waits for a minute");
  if (code == SQLITE_NOTADB) MODULE_HINT(error, "it is no file of SQLite, or it is encrypted");
  if (code == SQLITE_CORRUPT) MODULE_HINT(error, "sqlite3 %s .recover saves what can be saved", path);
  if (code == SQLITE_CANTOPEN) MODULE_HINT(error, file_is_there(path) ? "is it a file that may be read and written, in such a folder?" : "no such file");
  return -1;
}

int connection_run(Connection *connection, const char *statement, TableError *error) {
  return sqlite3_exec(connection->db, statement, NULL, NULL, NULL) == SQLITE_OK ? 0 : connection_failed(connection, error);
}

int connection_prepare(Connection *connection, Bytes *text, sqlite3_stmt **out, TableError *error) {
  const char *statement = sql_text(text);
  int result = statement ? 0 : SQL_NO_MEMORY(error);
  *out = NULL;
  if (result == 0 && sqlite3_prepare_v2(connection->db, statement, -1, out, NULL) != SQLITE_OK) result = connection_failed(connection, error);
  bytes_free(text);
  return result;
}

int connection_open(const System *system, int flags, Connection **out, TableError *error) {
  Connection *connection = calloc(1, sizeof *connection);
  if (!connection) return SQL_NO_MEMORY(error);
  connection->system = system;
  int result = 0;
  if (sqlite3_open_v2(system->path, &connection->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK) result = connection_failed(connection, error);
  if (result == 0) {
    sqlite3_extended_result_codes(connection->db, 0);
    sqlite3_busy_handler(connection->db, wait_for_lock, connection);
    sqlite3_progress_handler(connection->db, 10000, is_stopped, connection);
  }
  for (uint32_t i = 0; i < system->pragma_count && result == 0; i++) result = connection_run(connection, system->pragmas[i], error);
  if (result == 0) *out = connection;
  else connection_close(connection);
  return result;
}

void connection_close(Connection *connection) {
  if (!connection) return;
  if (connection->db) sqlite3_progress_handler(connection->db, 0, NULL, NULL); /* a rollback is not to be stopped */
  sqlite3_close(connection->db);
  free(connection);
}
