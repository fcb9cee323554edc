/* load.c - rows into a table: LOAD DATA LOCAL, whose "file" is our buffer, or INSERT where the server does not allow LOCAL.
 *
 * LOCAL makes warnings of errors, and goes on: values are cut, rows left out. So each warning is an error here. Some do not tell their row
 * ("Duplicate entry '5' for key 'PRIMARY'"): then the rows are put in again, fewer at a time, until it is found.
 */
#include "mysql.h"

enum { MOST_PARAMETERS = 60000, MOST_ROWS = 500 };

/* --- The file that the server asks for --- */

typedef struct Input {
  const char *at;
  size_t left;
} Input;

static int input_init(void **self, const char *name, void *data) {
  (void)name;
  *self = data;
  return 0;
}

static int input_read(void *self, char *out, unsigned size) {
  Input *in = self;
  size_t len = in->left < size ? in->left : size;
  memcpy(out, in->at, len);
  in->at += len;
  in->left -= len;
  return (int)len;
}

static void input_end(void *self) { (void)self; }

static int input_error(void *self, char *text, unsigned size) {
  (void)self;
  snprintf(text, size, "no more rows");
  return CR_UNKNOWN_ERROR;
}

/* --- Errors --- */

/* "Data too long for column 'x' at row 3" counts from the beginning of a statement of so many rows, whose first one was number `first`. */
static int fail_row(MyLoad *load, int64_t first, int64_t rows, const char *message, TableError *error) {
  const char *place = NULL;
  for (const char *at = message; (at = strstr(at, " at row ")); at++) place = at;
  load->placed = place || rows == 1;
  if (!place) return rows == 1 ? MODULE_FAIL(error, "row %lld: %s", (long long)first, message) : MODULE_FAIL(error, "%s", message);
  long long row = atoll(place + strlen(" at row "));
  return MODULE_FAIL(error, "row %lld: %.*s", row > 0 ? first + row - 1 : first, (int)(place - message), message);
}

static int check_warnings(MyLoad *load, int64_t first, int64_t rows, TableError *error) {
  if (!mysql_warning_count(load->connection)) return 0;
  MYSQL_RES *result = my_rows(load->system, load->connection, "SHOW WARNINGS LIMIT 1", error);
  if (!result) return -1;
  MYSQL_ROW row = mysql_fetch_row(result);
  int status = row ? fail_row(load, first, rows, row[2], error) : 0;
  mysql_free_result(result);
  return status;
}

/* --- LOAD DATA --- */

static bool is_expression(const MyField *field) { return field->form == MY_BYTES || field->form == MY_BIT; }

static void put_expression(Bytes *out, const MyField *field, const char *value) {
  if (field->form == MY_BYTES) sql_putf(out, "UNHEX(%s)", value);
  else if (field->form == MY_BIT) sql_putf(out, "CAST(%s AS UNSIGNED)", value);
  else sql_put(out, value);
}

static void put_load(const MyLoad *load, Bytes *out) {
  char variable[32];
  bool any = false;
  sql_putf(out, "LOAD DATA LOCAL INFILE 'rows' %sINTO TABLE %s CHARACTER SET utf8mb4 FIELDS TERMINATED BY X'09' ESCAPED BY X'5C' LINES TERMINATED BY X'0A' (",
           load->replace ? "REPLACE " : "", load->table);
  for (uint32_t i = 0; i < load->field_count; i++) {
    if (i) sql_put(out, ", ");
    if (is_expression(&load->fields[i])) sql_putf(out, "@dcetl%u", i);
    else sql_put_name(out, load->fields[i].name, '`');
  }
  sql_put(out, ")");
  for (uint32_t i = 0; i < load->field_count; i++) {
    if (!is_expression(&load->fields[i])) continue;
    sql_put(out, any ? ", " : " SET ");
    any = true;
    sql_put_name(out, load->fields[i].name, '`');
    sql_put(out, " = ");
    snprintf(variable, sizeof variable, "@dcetl%u", i);
    put_expression(out, &load->fields[i], variable);
  }
}

/* 1: LOCAL is not allowed. */
static int load_data(MyLoad *load, int64_t rows, TableError *error) {
  static const unsigned refused[] = {ER_NOT_ALLOWED_COMMAND, 3948, 4166, 2068};
  unsigned yes = 1, no = 0;
  Input input = {(const char *)load->sending.data, load->sending.len};
  Bytes statement = {0};
  TableError why = {{0}, {0}};
  mysql_options(load->connection, MYSQL_OPT_LOCAL_INFILE, &yes);
  mysql_set_local_infile_handler(load->connection, input_init, input_read, input_end, input_error, &input);
  put_load(load, &statement);
  int status = my_run(load->system, load->connection, &statement, &why);
  mysql_options(load->connection, MYSQL_OPT_LOCAL_INFILE, &no);
  load->code = status < 0 ? mysql_errno(load->connection) : 0;
  if (status == 0) return check_warnings(load, load->first, rows, error);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    if (load->code == refused[i]) return 1;
  fail_row(load, load->first, rows, why.text, error);
  if (why.hint[0]) MODULE_HINT(error, "%s", why.hint);
  return -1;
}

/* --- INSERT --- */

/* The next field, its escapes undone in place. */
static char *next_field(char *at, MYSQL_BIND *bind, unsigned long *len, my_bool *null) {
  char *to = at, *from = at;
  *null = at[0] == '\\' && at[1] == 'N';
  for (; *from != '\t' && *from != '\n'; from++) {
    if (*from == '\\') {
      from++;
      *to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from == '0' ? 0 : *from;
    } else {
      *to++ = *from;
    }
  }
  *len = (unsigned long)(to - at);
  *bind = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = at, .buffer_length = *len, .length = len, .is_null = null};
  return from + 1;
}

static void put_insert(const MyLoad *load, uint32_t rows, Bytes *out) {
  sql_putf(out, "%s INTO %s (", load->replace ? "REPLACE" : "INSERT", load->table);
  for (uint32_t i = 0; i < load->field_count; i++) {
    if (i) sql_put(out, ", ");
    sql_put_name(out, load->fields[i].name, '`');
  }
  sql_put(out, ") VALUES ");
  for (uint32_t row = 0; row < rows; row++) {
    sql_put(out, row ? ", (" : "(");
    for (uint32_t i = 0; i < load->field_count; i++) {
      if (i) sql_put(out, ", ");
      put_expression(out, &load->fields[i], "?");
    }
    sql_put(out, ")");
  }
}

/* Inserts the next rows; *at goes on. */
static int insert(MyLoad *load, char **at, uint32_t rows, int64_t first, TableError *error) {
  size_t count = (size_t)rows * load->field_count;
  MYSQL_BIND *binds = calloc(count + 1, sizeof *binds);
  unsigned long *lens = calloc(count + 1, sizeof *lens);
  my_bool *nulls = calloc(count + 1, sizeof *nulls);
  Bytes text = {0};
  TableError why = {{0}, {0}};
  put_insert(load, rows, &text);
  const char *statement = sql_text(&text);
  int status = binds && lens && nulls && statement ? 0 : SQL_NO_MEMORY(&why);
  for (size_t i = 0; i < count && status == 0; i++) *at = next_field(*at, &binds[i], &lens[i], &nulls[i]);
  MYSQL_STMT *prepared = status == 0 ? my_prepare(load->system, load->connection, statement, &why) : NULL;
  if (status == 0) status = prepared ? 0 : -1;
  if (status == 0 && mysql_stmt_bind_param(prepared, binds)) status = my_fail_statement(load->system, prepared, &why);
  if (status == 0) status = my_execute_prepared(load->system, load->connection, prepared, &why);
  load->code = status < 0 && prepared ? mysql_stmt_errno(prepared) : 0;
  if (status < 0) fail_row(load, first, rows, why.text, error);
  if (why.hint[0]) MODULE_HINT(error, "%s", why.hint);
  if (status == 0) status = check_warnings(load, first, rows, error);
  my_finish(load->system, load->connection, prepared);
  bytes_free(&text);
  free(binds);
  free(lens);
  free(nulls);
  return status;
}

/* A row was refused, and which one can be found out. */
static bool was_refused(const MyLoad *load) { return load->transactional && !load->placed && !my_is_own(load->code); }

/* Behind so many rows. Line ends within a field are escaped. */
static char *behind_rows(char *at, uint32_t rows) {
  while (rows)
    if (*at++ == '\n') rows--;
  return at;
}

/* Some rows; if one is refused, which one. Fields lose their escapes on the way, so the rows are kept for that. */
static int insert_some(MyLoad *load, char **at, uint32_t rows, int64_t first, TableError *error) {
  TableError why = {{0}, {0}}, single = {{0}, {0}};
  Bytes kept = {0};
  bytes_put(&kept, *at, (size_t)(behind_rows(*at, rows) - *at));
  int status = kept.failed ? SQL_NO_MEMORY(&why) : insert(load, at, rows, first, &why);
  bool look = status < 0 && was_refused(load) && load->code; /* the statement is undone */
  char *again = (char *)kept.data;
  for (uint32_t i = 0; look && i < rows; i++) look = insert(load, &again, 1, first + i, &single) == 0;
  if (status < 0) *error = single.text[0] ? single : why;
  bytes_free(&kept);
  return status;
}

static int insert_all(MyLoad *load, int64_t rows, TableError *error) {
  char *at = (char *)load->sending.data;
  uint32_t most = MOST_PARAMETERS / (load->field_count ? load->field_count : 1);
  int status = 0;
  if (most > MOST_ROWS) most = MOST_ROWS;
  for (int64_t done = 0; done < rows && status == 0; done += most)
    status = insert_some(load, &at, rows - done < most ? (uint32_t)(rows - done) : most, load->first + done, error);
  return status;
}

/* --- Both --- */

#define SAVEPOINT_NAME "dcetl_rows"

/* Which row was refused by LOAD DATA. If none is now, the first error stays. */
static int find_row(MyLoad *load, int64_t rows, TableError *error) {
  TableError why = {{0}, {0}};
  if (my_do(load->system, load->connection, "ROLLBACK TO SAVEPOINT " SAVEPOINT_NAME, &why) == 0 && insert_all(load, rows, &why) < 0) *error = why;
  return -1;
}

static int send_rows(MyLoad *load, int64_t rows, TableError *error) {
  int status = 0;
  if (!load->by_insert) {
    if (load->transactional) status = my_do(load->system, load->connection, "SAVEPOINT " SAVEPOINT_NAME, error);
    if (status == 0) status = load_data(load, rows, error);
    load->by_insert = status == 1;
    if (status < 0 && was_refused(load)) status = find_row(load, rows, error);
  }
  return load->by_insert ? insert_all(load, rows, error) : status;
}

static void *send_beside(void *argument) {
  MyLoad *load = argument;
  load->status = send_rows(load, load->sending_rows, &load->error);
  return NULL;
}

int my_load_wait(MyLoad *load, TableError *error) {
  if (load->running) pthread_join(load->thread, NULL);
  load->running = false;
  if (load->status < 0) *error = load->error;
  return load->status;
}

int my_load(MyLoad *load, int64_t rows, TableError *error) {
  if (load->buffer.failed) return SQL_NO_MEMORY(error);
  if (my_load_wait(load, error) < 0 || !rows) return load->status;
  Bytes sent = load->sending;
  load->sending = load->buffer;
  load->sending_rows = rows;
  load->first = load->row;
  load->buffer = sent;
  load->buffer.len = 0;
  load->row += rows;
  load->running = pthread_create(&load->thread, NULL, send_beside, load) == 0;
  if (load->running) return 0;
  send_beside(load);
  return my_load_wait(load, error);
}
