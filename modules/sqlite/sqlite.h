/* sqlite.h - the module dcetl-sqlite.so: tables of SQLite files, by SQLite's library.
 *
 * connection.c: files, locks, errors; declared.c: declared types and values as ones of them; read.c; bounds.c: ranges of a key;
 * write.c; execute.c; module.c: what the program sees.
 */
#ifndef MODULES_SQLITE_SQLITE_H
#define MODULES_SQLITE_SQLITE_H

#include <sqlite3.h>

#include "sql/sql.h"

struct System {
  const SystemHost *host;
  char *path;
  char *key;            /* @key for reading; NULL: none */
  char **pragmas;       /* "PRAGMA name = value" */
  uint32_t pragma_count;
  int64_t wait;         /* milliseconds to wait for a lock */
};

/* A connection, used by one thread at a time. */
typedef struct Connection {
  const System *system;
  sqlite3 *db;
  int64_t waiting_since;
} Connection;

int64_t milliseconds(void);
/* flags: SQLITE_OPEN_READONLY and the like. */
int connection_open(const System *system, int flags, Connection **out, TableError *error);
void connection_close(Connection *connection); /* NULL is fine; what is not committed is rolled back */
/* -1, with what SQLite says and the way out. */
int connection_failed(const Connection *connection, TableError *error);
int connection_run(Connection *connection, const char *statement, TableError *error);
/* Takes the text over; there must be one statement, no more. */
int connection_prepare(Connection *connection, Bytes *text, sqlite3_stmt **out, TableError *error);
bool file_is_there(const char *path);
/* A file that was made and holds nothing is removed again; first what a full disk may have left in it is undone. */
void remove_empty(const char *path);

/* --- Types --- */

typedef enum Kind { KIND_UNKNOWN, KIND_BOOL, KIND_INT, KIND_REAL, KIND_DECIMAL, KIND_TEXT, KIND_BLOB, KIND_DATE, KIND_TIME, KIND_STAMP, KIND_STAMP_ZONED } Kind;

typedef struct Declared {
  Kind kind;
  int precision, scale; /* of decimals */
  char format[16];      /* Arrow's; "n" for KIND_UNKNOWN */
} Declared;

/* What a declaration means; NULL: there is none. */
Declared declared_type(const char *declaration);
void declared_set(Declared *type, Kind kind); /* another kind, with its format */
/* The same declaration keeps texts as they are (TEXT affinity); others turn those that look like numbers into numbers. */
bool declared_keeps_text(const char *declaration);
/* What a new table declares for a column of an Arrow type. */
void declaration_for(const SqlType *type, Bytes *out);
/* Appends column `i` of the statement's row; false: the value is not of the type. */
bool declared_put(const Declared *type, sqlite3_stmt *row, int i, SqlColumn *column, Bytes *scratch);
/* The same without keeping it. */
bool declared_fits(const Declared *type, sqlite3_stmt *row, int i);
/* "the text 'abc'" for messages. */
void value_shown(sqlite3_stmt *row, int i, Bytes *out);

/* --- Reading --- */

typedef struct PlanColumn {
  char *name;
  Declared type;
  char *declaration; /* "" where there is none */
} PlanColumn;

struct SystemPlan {
  const System *system;
  Bytes source; /* what stands behind FROM */
  bool table;
  PlanColumn *columns;
  SqlFields fields;
  uint32_t partitions;
  char *key;              /* quoted; NULL: one partition */
  sqlite3_value **bounds; /* partitions - 1 of them */
  Connection **readers;   /* of all partitions, once the first is read: their transactions begin together */
};

int sqlite_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error);
void sqlite_free_plan(SystemPlan *plan);
int sqlite_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error);
/* Cuts the plan into as many partitions; those of a table go by @key, else by its rowid. */
int find_bounds(SystemPlan *plan, Connection *connection, uint32_t wanted, TableError *error);
/* " WHERE …" of a partition; its parameters are bound by bind_range. */
void put_range(const SystemPlan *plan, uint32_t partition, Bytes *out);
int bind_range(const SystemPlan *plan, uint32_t partition, sqlite3_stmt *statement);
/* The error that a table is not there, with the nearest name; or what SQLite said. */
int table_failed(Connection *connection, const SqlName *name, TableError *error);

/* --- Writing --- */

int sqlite_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error);
int sqlite_begin(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error);
int sqlite_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error);
int sqlite_commit(SystemWriter *writer, TableError *error);
void sqlite_free_writer(SystemWriter *writer);
int sqlite_execute(System *system, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error);

/* A column whose values are bound. */
typedef struct Bound {
  const struct ArrowSchema *schema;
  SqlType type;
  bool keeps_text; /* by its affinity; else a decimal of many digits would become a floating point number */
} Bound;
/* Binds a value to parameter `at`, from 1. -1: SQLite has no such value, and the error says so, without the place. */
int bind_value(sqlite3_stmt *statement, int at, const Bound *bound, const struct ArrowArray *array, int64_t row, Bytes *scratch, TableError *error);

#endif
