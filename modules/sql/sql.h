/* sql.h - what the modules of SQL databases share: types (types.c), columns of what is read (fields.c) on their way to Arrow arrays
 * (columns.c) and streams of them (stream.c), what is written to (target.c), values of Arrow arrays as text (text.c), names, queries and parameters (names.c). Compiled
 * into each of these modules.
 */
#ifndef MODULES_SQL_SQL_H
#define MODULES_SQL_SQL_H

#include <pthread.h>

#include "module.h"
#include "value/system_module.h"

enum { SQL_FORMAT = 48, SQL_MOST_DECIMAL = 38 };

#define SQL_NO_MEMORY(error) MODULE_FAIL(error, "no memory left")

/* --- Options --- */

/* The last one of that name; NULL: not given. */
static inline const char *sql_option(const TableOption *options, uint32_t count, const char *name) {
  for (uint32_t i = count; i-- > 0;)
    if (strcmp(options[i].name, name) == 0) return options[i].value;
  return NULL;
}

/* A whole number of 1 to `most`; NULL gives `otherwise`. -1: it is none, and the error says so. */
int sql_option_count(const TableOption *options, uint32_t count, const char *name, int otherwise, int most, TableError *error);

/* --- Types: what an Arrow format means --- */

typedef enum SqlKind {
  SQL_KIND_UNKNOWN, SQL_KIND_NULL, SQL_KIND_BOOL, SQL_KIND_INT, SQL_KIND_UINT, SQL_KIND_FLOAT, SQL_KIND_DOUBLE, SQL_KIND_DECIMAL, SQL_KIND_TEXT,
  SQL_KIND_BYTES, SQL_KIND_UUID, SQL_KIND_DATE, SQL_KIND_TIME, SQL_KIND_STAMP, SQL_KIND_NESTED,
} SqlKind;

typedef struct SqlType {
  SqlKind kind;
  int width;            /* bytes of a value; of texts and bytes: of an offset, 4 or 8, or 0 with `fixed` set */
  int fixed;            /* bytes of a value of a binary type of one size */
  int precision, scale; /* of decimals */
  int64_t unit;         /* of times and stamps: how many of its units are a second. Dates: 0 counts days, else as stamps */
  bool zoned;           /* stamps that are moments, in UTC */
} SqlType;

/* SQL_KIND_UNKNOWN: no database can store it (or a text in views, which the program does not make). */
SqlType sql_type(const struct ArrowSchema *schema);

/* A struct type that the caller releases, its fields to be set by sql_schema_field. -1: no memory. */
int sql_schema(struct ArrowSchema *out, uint32_t fields);
/* Field i: one of Arrow's formats without children, or SQL_UUID. -1: no memory. */
int sql_schema_field(struct ArrowSchema *schema, uint32_t i, const char *name, const char *format);
#define SQL_UUID "w:16 uuid" /* 16 bytes with the extension type arrow.uuid */

/* --- Columns on their way to Arrow --- */

typedef struct SqlColumn {
  int width;       /* bytes of a value; 0: texts or bytes; -1: truth values */
  int64_t length, nulls;
  Bytes values, offsets, valid; /* valid: a byte each, made with the first NULL */
} SqlColumn;

/* By the Arrow format of a type without children: all that sql_schema_field takes. */
void sql_column_init(SqlColumn *column, const char *format);
void sql_column_free(SqlColumn *column);
void sql_column_null(SqlColumn *column);
void sql_column_text(SqlColumn *column, const void *data, size_t len);

/* A value of column->width bytes; truth values: one byte, 0 or 1. */
static inline void sql_column_fixed(SqlColumn *column, const void *value) {
  size_t width = column->width < 0 ? 1 : (size_t)column->width;
  if (column->nulls) bytes_put(&column->valid, "\1", 1);
  if (!bytes_reserve(&column->values, width)) return;
  memcpy(column->values.data + column->values.len, value, width);
  column->values.len += width;
  column->length++;
}

/* All columns as an array of structs; they are empty then, and may be filled again. -1: no memory (or more than 2 GiB of text). */
int sql_columns_finish(SqlColumn *columns, uint32_t count, int64_t rows, struct ArrowArray *out);

/* --- Columns of what is read --- */

typedef struct SqlField {
  const char *name, *format; /* Arrow's; both lent by the plan */
} SqlField;

/* Those of a table or a query, and which of them the plan has. Freed by sql_fields_free. */
typedef struct SqlFields {
  SqlField *all;
  uint32_t count;
  uint32_t *chosen; /* in the plan's order */
  uint32_t chosen_count;
} SqlFields;

/* The column of that name, to the letter. -1: there is none, and the error has the nearest one. */
int sql_fields_find(const SqlFields *fields, const char *name, uint32_t *out, TableError *error);
/* Chooses the columns that the query names; all, if it names none. */
int sql_fields_choose(SqlFields *fields, const SystemQuery *query, TableError *error);
/* The schema of those chosen, which the caller releases. */
int sql_fields_schema(const SqlFields *fields, struct ArrowSchema *out, TableError *error);
void sql_fields_free(SqlFields *fields);
/* The condition of a partition: the rows between two of the bounds, those before the first one with the NULLs. Bounds and key are SQL; the
   key is freed. The caller frees *out. */
int sql_range(Bytes *key, char *const *bounds, uint32_t count, uint32_t partition, char **out, TableError *error);

/* What the partitions of a plan have in common (bounds, snapshots) is made when the first of them is read, so that a dataset that waits
   holds no connection and no transaction. What a module's own struct of it begins with; its lock is the module's, too. */
typedef struct SqlShared {
  pthread_mutex_t lock;
  bool made, failed;
  TableError error;
} SqlShared;
/* Makes it, if nobody has; with the lock held. If that failed it stays so. */
int sql_shared_make(SqlShared *shared, int (*make)(SystemPlan *plan, TableError *error), SystemPlan *plan, TableError *error);

/* --- Streams --- */

/* What a module's own stream begins with. */
typedef struct SqlStream SqlStream;
struct SqlStream {
  int (*fetch)(SqlStream *stream, struct ArrowArray *out); /* the next batch; none: the end. -1: `error` says why */
  void (*close)(SqlStream *stream);                        /* frees what the module has, then calls sql_stream_free */
  uint32_t max_rows;
  SqlColumn *columns; /* of those asked for */
  uint32_t *places;   /* their numbers among all fields */
  uint32_t count;
  struct ArrowSchema schema;
  bool failed;
  TableError error;
  char message[sizeof(TableError) + 2]; /* the error with its way out in a second line */
};

/* Makes columns and schema of those fields of the plan whose mark is set (marks NULL: all). */
int sql_stream_choose(SqlStream *stream, const SqlFields *fields, const uint8_t *marks, TableError *error);
void sql_stream_give(SqlStream *stream, struct ArrowArrayStream *out); /* which owns it from now on */
/* So many rows of the columns as a batch; none, if there are no rows. */
int sql_stream_finish(SqlStream *stream, uint32_t rows, struct ArrowArray *out);
void sql_stream_free(SqlStream *stream); /* the struct, too */

/* --- Values of Arrow arrays --- */

static inline bool sql_is_null(const struct ArrowArray *array, int64_t row) {
  if (array->n_buffers == 0) return true;
  if (array->null_count == 0 || !array->buffers[0]) return false;
  int64_t at = array->offset + row;
  return !(((const uint8_t *)array->buffers[0])[at >> 3] >> (at & 7) & 1);
}

/* Whole numbers, dates, times, stamps; truth values as 0 or 1. */
int64_t sql_int(const SqlType *type, const struct ArrowArray *array, int64_t row);
double sql_double(const SqlType *type, const struct ArrowArray *array, int64_t row);
__int128 sql_decimal(const SqlType *type, const struct ArrowArray *array, int64_t row);
const char *sql_bytes(const SqlType *type, const struct ArrowArray *array, int64_t row, size_t *len);
/* Times and stamps in microseconds, dates in days. false: it has finer digits, or is out of 64 bits. */
bool sql_micros(const SqlType *type, int64_t value, int64_t *out);
/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. */
int64_t sql_days(int64_t year, unsigned month, unsigned day);
void sql_civil(int64_t days, int64_t *year, unsigned *month, unsigned *day);

/* --- Values as text --- */

/* As SQL writes it, without quotes: 12, 1.5, true, 2024-02-29, 12:30:00.000001, 2024-02-29 12:30:00+00; nested ones as JSON, bytes as they are.
   Numbers that are none: NaN, Infinity, -Infinity. Not for NULL. -1: it has finer digits than microseconds or no such type. */
int sql_put_text(Bytes *out, const struct ArrowSchema *schema, const SqlType *type, const struct ArrowArray *array, int64_t row);
void sql_put_double(Bytes *out, double number, bool single);
void sql_put_int(Bytes *out, int64_t number);
void sql_put_decimal(Bytes *out, __int128 unscaled, int scale);
/* How long a text is that a message shows in place of a whole value: at most 60 bytes, whole characters. */
int sql_shown(const char *text, size_t len);

/* --- Names, queries, statements --- */

enum { SQL_MOST_PARTS = 4 };

/* A name with dots, each part as it is or within quotes (the database's or ", doubled inside): parts, which the caller frees by sql_name_free. Names are taken
   to the letter, whether in quotes or not. */
typedef struct SqlName {
  char *parts[SQL_MOST_PARTS];
  uint32_t count;
} SqlName;
int sql_name_parse(const char *text, char quote, SqlName *out, TableError *error);
void sql_name_free(SqlName *name);
void sql_put_name(Bytes *out, const char *name, char quote); /* within quotes */
void sql_put_names(Bytes *out, const SqlName *name, char quote);
/* "a", "b" */
void sql_put_list(Bytes *out, const char *const *names, uint32_t count, char quote);

void sql_put(Bytes *out, const char *text);
void sql_putf(Bytes *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The bytes as a text that ends with 0; NULL: there was no memory. */
const char *sql_text(Bytes *bytes);

/* Begins with SELECT, WITH, VALUES, TABLE, SHOW, CALL, EXEC, EXPLAIN, DESCRIBE or a parenthesis: no table, but a query. */
bool sql_is_query(const char *text);
/* SELECT, WITH, VALUES, TABLE or a parenthesis: may stand in another query. */
bool sql_can_nest(const char *text);
/* How much of it there is without what ends it: blanks and semicolons. */
size_t sql_query_length(const char *text);
/* The candidate nearest to a name, in any case; NULL: none is near. */
const char *sql_nearest(const char *name, const char *const *candidates, uint32_t count);

/* ? outside of texts, names and comments becomes $1, $2 …; ?? becomes ?. Gives how many there were. */
uint32_t sql_number_parameters(const char *statement, Bytes *out);

/* --- Targets --- */

/* A copy of what is written to; sql_target_free frees it, also when it could not be made. */
typedef struct SqlTarget {
  SystemMode mode;
  SqlName table;
  char *name; /* the table's, quoted */
  char **columns, **keys;
  uint32_t column_count, key_count;
} SqlTarget;

int sql_target_copy(SqlTarget *out, const SystemTarget *target, char quote, TableError *error);
void sql_target_free(SqlTarget *target);
/* Is the column part of the key? compare: strcmp, or strcasecmp where names are the same in any case. */
bool sql_target_has_key(const SqlTarget *target, uint32_t column, int (*compare)(const char *a, const char *b));
/* Errors; -1. There is such a table; it has no such column, only those (NULL: not known). */
int sql_target_exists(const SqlTarget *target, TableError *error);
int sql_target_misses(const SqlTarget *target, const char *name, const char *const *there, uint32_t count, TableError *error);
/* The columns, of types that are not known; the caller releases it. */
int sql_target_schema(const SqlTarget *target, struct ArrowSchema *out, TableError *error);

#endif
