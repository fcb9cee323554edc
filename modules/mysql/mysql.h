/* mysql.h - the parts of the module dcetl-mysql.so, for MySQL and MariaDB over MariaDB's Connector/C: connections (connect.c), plans (plan.c)
 * and rows (read.c) of what is read, types (types.c), targets (write.c) and rows (encode.c) of what is written, statements (execute.c).
 *
 * All that may wait for the server goes by the non-blocking calls of the library, so that a run that is to end need not wait for it.
 */
#ifndef MODULES_MYSQL_H
#define MODULES_MYSQL_H

#include <mysql.h>
#include <pthread.h>
#include <errmsg.h>
#include <mysqld_error.h>

#include "sql/sql.h"

enum { MY_BINARY = 63 }; /* the character set of bytes that are no text */

struct System {
  const SystemHost *host;
  char *server, *user, *password, *database, *socket, *key;
  char *ssl_mode, *ssl_ca, *ssl_cert, *ssl_key;
  unsigned port;
  int timeout;           /* seconds until a server that cannot be reached is an error */
  MYSQL *idle;           /* logged in by connect, until something needs it */
};

/* --- connect.c --- */
int my_connect(const SystemHost *host, const TableOption *options, uint32_t option_count, System **out, TableError *error);
void my_close(System *system);
/* A connection that is used by nobody else: UTF-8, strict, UTC. my_end ends it. */
MYSQL *my_begin(System *system, TableError *error);
/* busy: the server still works for it and is told to stop. NULL is fine. */
void my_end(System *system, MYSQL *connection, bool busy);
/* Runs a statement by a connection of its own, also when the run is to end: clearing up; only if `first` succeeds there, unless it is NULL.
   What goes wrong is of no interest. */
void my_aside(const System *system, const char *first, const char *statement);
/* Waits for what a call of the library waits for (MYSQL_WAIT_…), and gives what has come. A run that is to end cuts the connection, so that the call ends. */
int my_wait(System *system, MYSQL *connection, int status);
/* Runs one statement that gives no rows. */
int my_do(System *system, MYSQL *connection, const char *statement, TableError *error);
int my_run(System *system, MYSQL *connection, Bytes *statement, TableError *error); /* the same, and frees it */
/* All rows of one that does, freed by mysql_free_result. NULL: it failed. */
MYSQL_RES *my_rows(System *system, MYSQL *connection, const char *statement, TableError *error);
MYSQL_STMT *my_prepare(System *system, MYSQL *connection, const char *statement, TableError *error);
int my_execute_prepared(System *system, MYSQL *connection, MYSQL_STMT *statement, TableError *error);
void my_finish(System *system, MYSQL *connection, MYSQL_STMT *statement); /* closes it; NULL is fine */
/* Sets the error to what the server said; -1. */
int my_fail(System *system, MYSQL *connection, TableError *error);
int my_fail_statement(System *system, MYSQL_STMT *statement, TableError *error);
/* The nearest name of a table as the hint. */
void my_hint_table(System *system, MYSQL *connection, const SqlName *name, TableError *error);
/* A text within quotes, its special characters as the server wants them. */
void my_put_literal(MYSQL *connection, Bytes *out, const char *text, size_t len);

/* An error of the client library's own, such as a lost connection; the server's have other numbers. */
static inline bool my_is_own(unsigned code) { return code >= CR_MIN_ERROR && code <= CR_MAX_ERROR; }

/* --- types.c --- */

/* How values of a column come from the server, and go to it. */
typedef enum MyForm {
  MY_INT, MY_FLOATING, /* of 1 to 8 bytes */
  MY_TEXT,             /* texts, and all that goes as such */
  MY_BYTES, MY_DECIMAL, MY_BIT, MY_DATE, MY_TIME, MY_STAMP,
} MyForm;

typedef struct MyColumn {
  char *name;
  char format[SQL_FORMAT];
  MyForm form;
  enum enum_field_types type;
  bool is_unsigned;
  int scale;
  int digits;          /* of a second, that the server stores */
} MyColumn;

/* writing: as a target wants it. -1: no memory. */
int my_column(const MYSQL_FIELD *field, bool writing, MyColumn *out);
/* What CREATE TABLE makes of a type; false: it has none. key: the column is part of the primary key. */
bool my_create_type(const SqlType *type, bool key, char *name, size_t size, MyForm *form);

/* --- plan.c, read.c --- */
struct SystemPlan {
  System *system;
  char *source;        /* what stands behind FROM: a quoted table, a query in parentheses; NULL: a statement such as SHOW */
  char *query;         /* a query as it is; NULL: a table */
  SqlName table;
  MyColumn *columns;   /* all of the source */
  SqlFields fields;
  uint32_t partitions, key;
  void *shared;        /* bounds and snapshots, made by the first reader: plan.c */
};
int my_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error);
void my_free_plan(SystemPlan *plan);
/* The connection of a partition; *where: its condition, NULL: none, freed by the caller. */
MYSQL *my_open_partition(SystemPlan *plan, uint32_t partition, char **where, TableError *error);
int my_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error);

/* --- write.c, encode.c --- */
typedef struct MyField {
  const char *name; /* the writer's */
  SqlType type;
  MyForm form;
  int digits;       /* of a second, that the column stores */
} MyField;

/* Appends rows as LOAD DATA reads them: tabs between, \N for NULL, bytes in hex. row: the number of the first one, from 1 on, for the error. */
int my_encode(const MyField *fields, const struct ArrowSchema *schema, const struct ArrowArray *batch, int64_t row, Bytes *out, TableError *error);

int my_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error);
int my_start(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error);
int my_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error);
int my_commit(SystemWriter *writer, TableError *error);
void my_free_writer(SystemWriter *writer);

/* load.c: rows that my_encode made, into a table, by LOAD DATA LOCAL where the server allows it, else by INSERT. While the server takes
   some, the next ones are made. */
typedef struct MyLoad {
  System *system;
  MYSQL *connection;
  const char *table;       /* quoted */
  const MyField *fields;
  uint32_t field_count;
  bool replace;            /* rows with a key that is there already */
  bool by_insert;          /* LOCAL is not allowed */
  bool transactional;      /* what a statement that failed has done can be undone */
  bool placed;             /* the error tells the row */
  unsigned code;           /* of the server's last error; 0: it was only warnings */
  int64_t row;             /* of the first one in the buffer, from 1 on */
  Bytes buffer;
  /* What is on its way: nobody else uses the connection while the thread runs. */
  pthread_t thread;
  bool running;
  Bytes sending;
  int64_t first, sending_rows; /* the number of its first row */
  int status;
  TableError error;
} MyLoad;
/* Sends so many rows, which are the buffer, once those before have arrived; it has only begun with them when it returns. */
int my_load(MyLoad *load, int64_t rows, TableError *error);
/* Until all have arrived. -1: they could not, and the error says why. */
int my_load_wait(MyLoad *load, TableError *error);

/* --- execute.c --- */
int my_execute(System *system, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error);

#endif
