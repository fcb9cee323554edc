/* odbc.h - the parts of the module dcetl-odbc.so: logging in and connections (login.c, link.c), names and errors (text.c),
 * types (types.c), reading (plan.c, ranges.c, read.c, cursor.c, cells.c), writing (write.c, bind.c, create.c), statements (execute.c). Written against
 * the ODBC 3 interface, as unixODBC and iODBC have it; what is particular to a driver stands in one table (login.c).
 *
 * A driver may wait for its server as long as it likes. So each connection has a thread of its own, which alone calls the driver; the
 * program's threads give it something to do and wait, no longer than the run goes on.
 */
#ifndef MODULES_ODBC_H
#define MODULES_ODBC_H

#include <pthread.h>
#include <sql.h>
#include <sqlext.h>

#include "sql/sql.h"

enum { ODBC_MOST_IDLE = 8, ODBC_MOST_KEYS = 32, ODBC_MOST_PAIRS = 64 };

/* --- Logging in --- */

/* Keyword and value of a connection string. */
typedef struct OdbcPair {
  char *key, *value;
} OdbcPair;

typedef struct OdbcLogin {
  OdbcPair pairs[ODBC_MOST_PAIRS];
  uint32_t count;
} OdbcLogin;

/* What is particular to a driver. */
typedef struct OdbcQuirks {
  const char *driver;        /* part of its name; NULL: all others */
  const char *pairs[8][2];   /* keywords that it gets unless the user gives them */
  const char *first[4];      /* statements that begin a session */
  bool postgres;             /* numeric(28, 6) is what it says of any numeric; timestamptz are moments */
  bool mysql;                /* timestamp columns are moments, in UTC by `first` */
  bool no_rest;              /* gives nothing of the rest of a value that did not fit into its block, whatever it says */
  bool times_leak;           /* keeps each date and each time stamp of an array of parameters for good, unless they are texts */
  bool utf8;                 /* texts as bytes are UTF-8, if CHARSET says so; UTF-16 costs it far more */
  bool cursor;               /* results come by a cursor of the server that the module declares itself (cursor.c) */
} OdbcQuirks;

typedef struct Link Link;

struct System {
  const SystemHost *host;
  OdbcLogin login;
  const OdbcQuirks *quirks; /* NULL: before the first connection */
  int timeout;              /* of logging in, seconds */
  uint32_t batch;           /* rows; 0: not given */
  const char *keys[ODBC_MOST_KEYS]; /* @key; copies */
  uint32_t key_count;
  char dbms[64];
  bool utf8;                /* texts come and go as UTF-8, else as UTF-16 */
  char quote;               /* around names; a blank: there is none */
  SQLUINTEGER get_data;     /* SQL_GETDATA_EXTENSIONS */
  SQLUSMALLINT transactions; /* SQL_TXN_CAPABLE */
  pthread_mutex_t lock;
  Link *idle[ODBC_MOST_IDLE]; /* under the lock */
  uint32_t idle_count;
  bool lost;                /* a thread that nobody waits for still uses this: it is not freed */
};

const OdbcQuirks *odbc_quirks(const char *driver); /* by the name that the driver gives itself */
int odbc_connect(const SystemHost *host, const TableOption *options, uint32_t count, System **out, TableError *error);
void odbc_close(System *system);
/* The connection string, in UTF-16; the caller frees it. NULL: no memory. */
SQLWCHAR *odbc_login_text(const OdbcLogin *login, SQLSMALLINT *len);
/* Puts a pair there unless there is one of that key (or puts its value in place of the other one's). -1: too many, no memory. */
int odbc_login_put(OdbcLogin *login, const char *key, const char *value, bool replace);
bool odbc_login_utf8(const OdbcLogin *login); /* CHARSET is UTF-8 */

/* --- Connections --- */

typedef int (*LinkJob)(void *self, TableError *error);

/* A connection and its thread. */
struct Link {
  System *system;
  SQLHENV env;
  SQLHDBC dbc;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  LinkJob job;        /* from here to `cancelling` under the lock */
  void *self;
  TableError error;   /* of the job */
  int status;
  bool busy;          /* a job is to be done, or is being done */
  bool quit, ended;   /* the thread is to end; it has */
  bool lost;          /* nobody waits any more: the thread frees the link when its driver lets it go */
  SQLHSTMT running;   /* what SQLCancel may end */
  bool cancelled, cancelling; /* the job is to end; a thread calls SQLCancel */
  pthread_t canceller;
  char state[6];      /* SQLSTATE of the last failure; this and the rest belong to the thread */
  SQLINTEGER native;
  bool manual;        /* transactions are ended by odbc_end */
};

/* A connection that has logged in: an idle one or a new one; link_done gives it back, link_close ends it. cleaning: also when the run is
   to end. */
int link_open(System *system, bool cleaning, Link **out, TableError *error);
/* Has the job done by the connection's thread. -1: it failed, or nobody waits any more since the run is to end (link->lost):
   then what the job uses must not be freed. */
int link_run(Link *link, LinkJob job, void *self, TableError *error);
void link_start(Link *link, LinkJob job, void *self);
int link_wait(Link *link, TableError *error);
/* The same for what cleans up: also when the run is to end, and for some seconds only. */
int link_clean(Link *link, LinkJob job, void *self);
/* Ends the job that is under way. false: it does not end (link->lost). */
bool link_stop(Link *link);
void link_done(Link *link);  /* it has no open statement and no transaction */
void link_close(Link *link); /* rolls back */

/* The rest is for jobs alone. */
int odbc_statement(Link *link, SQLHSTMT *out, TableError *error);
void odbc_statement_free(Link *link, SQLHSTMT *statement); /* NULL is fine */
int odbc_prepare(Link *link, SQLHSTMT statement, const char *text, TableError *error);
int odbc_execute(Link *link, SQLHSTMT statement, TableError *error);
/* Prepares and runs it at once. */
int odbc_execute_text(Link *link, SQLHSTMT statement, const char *text, TableError *error);
/* Runs a statement that gives no rows and has no parameters. */
int odbc_run(Link *link, const char *text, TableError *error);
/* SQLFetch; *out: SQL_SUCCESS, SQL_SUCCESS_WITH_INFO or SQL_NO_DATA. */
int odbc_fetch(Link *link, SQLHSTMT statement, SQLRETURN *out, TableError *error);
int odbc_transactions(Link *link, bool manual, TableError *error);
int odbc_end(Link *link, bool commit, TableError *error);

/* --- Texts and errors --- */

/* UTF-16 of a text, with a 0 behind; the caller frees it. NULL: no memory. */
SQLWCHAR *odbc_wide(const char *text, size_t len, size_t *count);
/* How many units of UTF-16; out: where to put them, NULL: only counted. What is no UTF-8 becomes U+FFFD. */
size_t odbc_widen(const char *text, size_t len, SQLWCHAR *out);
/* Appends UTF-8; a half of a pair becomes U+FFFD. */
void odbc_narrow(Bytes *out, const SQLWCHAR *text, size_t count);
/* What the driver says about a handle as an error with `before` in front (may be ""), and a way out where one is known. -1. */
int odbc_failed(Link *link, SQLSMALLINT type, SQLHANDLE handle, const char *before, TableError *error);
/* The last failure was that there is no such table, as far as the driver tells that apart. */
bool odbc_missing(const Link *link);
void odbc_put_name(const System *system, Bytes *out, const char *name);
int odbc_put_table(const System *system, Bytes *out, const char *text, TableError *error);
/* Is there such a table or view? *near: the nearest name of those that are, to be freed; NULL: none is near. */
int odbc_find_table(Link *link, const char *text, bool *found, char **near, TableError *error);

/* --- Types --- */

/* How values of a column are fetched. */
typedef enum OdbcWay {
  WAY_BOOL, WAY_INT, WAY_UINT, WAY_FLOAT, WAY_DOUBLE, WAY_DECIMAL, WAY_TEXT, WAY_BYTES, WAY_DATE, WAY_TIME, WAY_STAMP, WAY_GUID,
} OdbcWay;

typedef struct OdbcColumn {
  char *name;
  SQLSMALLINT type;     /* SQL_VARCHAR … */
  SQLULEN size;
  SQLSMALLINT digits;
  char type_name[64];
  char format[SQL_FORMAT]; /* Arrow's */
  OdbcWay way;
  bool any_number;      /* a decimal without a precision */
} OdbcColumn;

/* The columns of a prepared or executed statement; a list that odbc_columns_free frees. */
int odbc_describe(Link *link, SQLHSTMT statement, OdbcColumn **out, uint32_t *count, TableError *error);
void odbc_columns_free(OdbcColumn *columns, uint32_t count);
/* The column of a name: to the letter, else in any case if there is only one; count: none. */
uint32_t odbc_column_find(const OdbcColumn *columns, uint32_t count, const char *name);
/* "column x is not there", with the nearest. */
int odbc_column_missing(const OdbcColumn *columns, uint32_t count, const char *name, TableError *error);

/* --- Reading --- */

typedef struct OdbcRange {
  char *from, *to; /* literals; NULL: no bound */
  bool none;       /* no row at all */
} OdbcRange;

struct SystemPlan {
  System *system;
  char *from;          /* a table's name as SQL, or a query */
  bool query;
  OdbcColumn *columns; /* of the result */
  uint32_t count;
  SqlFields fields;    /* of them */
  char *key;           /* as SQL; NULL: one partition */
  OdbcRange *ranges;
  uint32_t partitions;
  Link *held;          /* a statement that had to be run to know its columns: for the first one who reads; NULL: none */
  SQLHSTMT held_statement;
};

int odbc_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error);
void odbc_free_plan(SystemPlan *plan);
int odbc_ranges(Link *link, SystemPlan *plan, uint32_t partitions, TableError *error);
int odbc_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error);

/* A cursor of the server, whose rows FETCH gives so many at a time. */
typedef struct OdbcCursor {
  char fetch[64];  /* the statement; "": there is none, the result comes as the driver gives it */
  uint32_t most;   /* rows that FETCH asks for */
  uint64_t rows;   /* that the last one gave so far */
} OdbcCursor;
/* Runs the query by a cursor; the statement has the first rows then. Where no cursor can be declared for it, it runs as it is. */
int odbc_cursor_open(Link *link, SQLHSTMT statement, const char *query, uint32_t most, OdbcCursor *out, TableError *error);
/* The last rows have been taken: *more: the statement has others. */
int odbc_cursor_next(Link *link, SQLHSTMT statement, OdbcCursor *cursor, bool *more, TableError *error);
/* After the last row; without it, the link is to be closed. */
int odbc_cursor_close(Link *link, OdbcCursor *cursor, TableError *error);

/* Columns bound to a statement, block by block. */
typedef struct OdbcCell {
  OdbcColumn column;   /* its name is the cell's own */
  SQLUSMALLINT number; /* of the result */
  SQLSMALLINT c_type;
  size_t width;        /* bytes of a value in the buffer */
  uint8_t *buffer;
  SQLLEN *lengths;
  bool rest;           /* of a long value: can be fetched */
  SqlColumn *out;
} OdbcCell;
/* Appends the value of row `row` of the block. -1: it cannot be taken over. */
int odbc_cell_take(Link *link, SQLHSTMT statement, OdbcCell *cell, SQLULEN row, bool by_row, TableError *error);
/* How its values come (c_type, width). rest: the rest of long ones can be fetched from within a block; else the width is that of the
   longest value. utf8: texts come so. false: then that is too much for a block. */
bool odbc_cell_init(OdbcCell *cell, const OdbcColumn *column, bool rest, bool utf8);

/* --- Writing --- */

/* Parameters of a statement, filled from rows of Arrow arrays. */
typedef struct OdbcParam {
  uint32_t column;    /* of the batch */
  SqlType type;
  const struct ArrowSchema *schema;
  SQLSMALLINT c_type, sql_type, digits;
  SQLULEN size;
  bool spelled;       /* a date or time stamp as a text */
  size_t width;       /* bytes of a value in the buffer */
  uint8_t *buffer;
  SQLLEN *lengths;
} OdbcParam;

typedef struct OdbcBinding {
  SQLHSTMT statement;
  OdbcParam *params;
  uint32_t count;
  uint32_t rows;      /* room for so many; 0: nothing is bound yet */
  uint32_t most;      /* as many as the driver takes */
  SQLULEN processed;
  SQLUSMALLINT *status;
} OdbcBinding;

/* Parameters in order are those columns of the schema; target: what the database has for them (NULL: not known). */
int odbc_binding_new(Link *link, OdbcBinding *binding, const char *text, const struct ArrowSchema *schema, const OdbcColumn *const *target,
                     const uint32_t *columns, uint32_t count, uint32_t most, TableError *error);
void odbc_binding_free(Link *link, OdbcBinding *binding);
/* Takes as many rows from `row` on as go at once (*taken) into the buffers. `before`: rows that were written before the batch, for messages. */
int odbc_binding_fill(Link *link, OdbcBinding *binding, const struct ArrowArray *batch, int64_t row, uint64_t before, uint32_t *taken, TableError *error);

int odbc_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error);
int odbc_begin(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error);
int odbc_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error);
int odbc_commit(SystemWriter *writer, TableError *error);
void odbc_free_writer(SystemWriter *writer);
/* Appends the name of a type of the database for a column: "numeric(10, 2)". */
int odbc_put_type(Link *link, Bytes *out, const SqlType *type, const char *column, TableError *error);

int odbc_execute_one(System *system, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error);

#endif
