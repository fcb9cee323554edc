/* postgres.h - the parts of the module dcetl-postgres.so, over libpq: connections (connect.c), plans (plan.c) and rows (read.c) of what is
 * read, targets (write.c) and rows (encode.c) of what is written, statements (execute.c).
 *
 * All connections are used without blocking, so that a run that is to end need not wait for the server.
 */
#ifndef MODULES_POSTGRES_H
#define MODULES_POSTGRES_H

#include <libpq-fe.h>

#include "sql/sql.h"

/* Types by their numbers in pg_type, which never change. */
enum {
  PG_BOOL = 16, PG_BYTEA = 17, PG_CHAR = 18, PG_NAME = 19, PG_INT8 = 20, PG_INT2 = 21, PG_INT4 = 23, PG_TEXT = 25, PG_JSON = 114, PG_FLOAT4 = 700,
  PG_FLOAT8 = 701, PG_BPCHAR = 1042, PG_VARCHAR = 1043, PG_DATE = 1082, PG_TIME = 1083, PG_TIMESTAMP = 1114, PG_TIMESTAMPTZ = 1184, PG_NUMERIC = 1700,
  PG_UUID = 2950, PG_JSONB = 3802,
};

/* Moments are counted from 2000-01-01 on. */
enum { PG_EPOCH_DAYS = 10957 };
#define PG_EPOCH_MICROS INT64_C(946684800000000)

struct System {
  const SystemHost *host;
  char **names, **values; /* parameters of libpq, ended by NULL */
  int timeout;            /* seconds until a server that cannot be reached is an error */
  char *key;              /* the column that splits what is read; NULL: none */
  PGconn *idle;           /* logged in by connect, until something needs it */
};

/* --- connect.c --- */
int pg_connect(const SystemHost *host, const TableOption *options, uint32_t option_count, System **out, TableError *error);
void pg_close(System *system);
/* A connection that is used by nobody else; pg_end ends it. */
PGconn *pg_begin(System *system, TableError *error);
/* Ends it, and what the server still does for it. NULL is fine. */
void pg_end(PGconn *connection);
/* Waits until the server has something to say (*said is set then, unless it is NULL), or can take more (write). -1: the run is to end, or the
   connection is lost. */
int pg_wait(System *system, PGconn *connection, bool write, bool *said, TableError *error);
/* The next result, waited for; NULL: there is none any more. Failed ones are results, too; *stopped: the run is to end. */
PGresult *pg_result(System *system, PGconn *connection, bool *stopped, TableError *error);
/* Runs one statement (parameters as text; types NULL: the server finds them). NULL: it failed. */
PGresult *pg_run(System *system, PGconn *connection, const char *statement, const char *const *values, int count, TableError *error);
/* The same without a result. */
int pg_do(System *system, PGconn *connection, const char *statement, TableError *error);
/* What a statement would give, without running it: names and types of columns. */
PGresult *pg_describe(System *system, PGconn *connection, const char *statement, TableError *error);
/* Sets the error to what the server said (result NULL: what libpq says of the connection). Gives -1. */
int pg_fail(PGconn *connection, const PGresult *result, TableError *error);
/* Puts names of tables near to this one into the hint. */
void pg_hint_table(System *system, PGconn *connection, const SqlName *name, TableError *error);

/* --- plan.c, read.c --- */

/* How a column comes by COPY in its binary format. */
typedef enum PgDecode {
  PG_AS_BOOL, PG_AS_INT, /* of the column's width, also floats: bytes the other way around */
  PG_AS_BYTES, PG_AS_DECIMAL, PG_AS_DATE, PG_AS_TIME, PG_AS_STAMP, PG_AS_UUID,
} PgDecode;

typedef struct PgColumn {
  char *name, *type; /* the server's name of the type */
  char format[SQL_FORMAT];
  PgDecode decode;
  int scale;
  bool cast;         /* to text, by the server */
} PgColumn;

struct SystemPlan {
  System *system;
  char *source;       /* what stands behind FROM: a quoted table, a query in parentheses; NULL: a statement such as SHOW */
  char *statement;    /* that one */
  PgColumn *columns;  /* all of the source */
  SqlFields fields;
  uint32_t partitions, key; /* the key's column */
  void *shared;       /* bounds and snapshot, made by the first reader: plan.c */
};

int pg_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error);
void pg_free_plan(SystemPlan *plan);
/* A connection which sees what all partitions see; *where: the condition of the partition, NULL: none, freed by the caller. */
PGconn *pg_open_partition(SystemPlan *plan, uint32_t partition, char **where, TableError *error);
int pg_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error);

/* --- write.c, encode.c --- */

typedef enum PgWire {
  PG_WIRE_TEXT_ONLY, /* no binary form that we know: COPY goes by text */
  PG_WIRE_BOOL, PG_WIRE_INT2, PG_WIRE_INT4, PG_WIRE_INT8, PG_WIRE_FLOAT4, PG_WIRE_FLOAT8, PG_WIRE_NUMERIC, PG_WIRE_TEXT, PG_WIRE_BYTEA,
  PG_WIRE_JSONB, PG_WIRE_DATE, PG_WIRE_TIME, PG_WIRE_STAMP, PG_WIRE_UUID,
} PgWire;

typedef struct PgField {
  const char *name; /* the writer's */
  SqlType type;
  PgWire wire;
} PgField;

/* The wire format of what CREATE TABLE makes of a type, and the name of it. */
PgWire pg_wire_of(const SqlType *type, char *name, size_t size);
/* false: the type's values do not come in that format as they are. */
bool pg_wire_takes(PgWire wire, const SqlType *type);
/* Appends a batch; row: the number of its first row, from 1 on, for the error. */
int pg_encode(const PgField *fields, const struct ArrowSchema *schema, const struct ArrowArray *batch, bool binary, int64_t row, Bytes *out, TableError *error);

int pg_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error);
int pg_start(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error);
int pg_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error);
int pg_commit(SystemWriter *writer, TableError *error);
void pg_free_writer(SystemWriter *writer);

/* --- execute.c --- */
int pg_execute(System *system, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error);

#endif
