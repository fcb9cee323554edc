/* bind.c - rows of Arrow arrays as parameters of a statement, many rows at once where the driver takes them so. */
#include "odbc/odbc.h"

enum { FILL_BYTES = 8 << 20, SPELLED_BYTES = 32 };

static const struct {
  SqlKind kind;
  SQLSMALLINT c_type, sql_type;
  size_t width; /* 0: as long as the longest value */
  SQLULEN size;
  SQLSMALLINT digits;
} forms[] = {
    {SQL_KIND_BOOL, SQL_C_BIT, SQL_BIT, 1, 1, 0},
    {SQL_KIND_INT, SQL_C_SBIGINT, SQL_BIGINT, 8, 19, 0},
    {SQL_KIND_UINT, SQL_C_SBIGINT, SQL_BIGINT, 8, 19, 0},
    {SQL_KIND_FLOAT, SQL_C_CHAR, SQL_DOUBLE, 0, 17, 0},  /* as texts: some drivers write binary ones with 15 digits */
    {SQL_KIND_DOUBLE, SQL_C_CHAR, SQL_DOUBLE, 0, 17, 0},
    {SQL_KIND_DECIMAL, SQL_C_CHAR, SQL_DECIMAL, 0, 38, 0},
    {SQL_KIND_BYTES, SQL_C_BINARY, SQL_LONGVARBINARY, 0, 0, 0},
    {SQL_KIND_DATE, SQL_C_TYPE_DATE, SQL_TYPE_DATE, sizeof(SQL_DATE_STRUCT), 10, 0},
    {SQL_KIND_TIME, SQL_C_CHAR, SQL_VARCHAR, 0, 15, 0}, /* ODBC's own times have whole seconds */
    {SQL_KIND_STAMP, SQL_C_TYPE_TIMESTAMP, SQL_TYPE_TIMESTAMP, sizeof(SQL_TIMESTAMP_STRUCT), 26, 6},
};

/* How a column goes to the database: by its own type, and by the target's where that is a text for us. */
static void choose_form(OdbcParam *param, const OdbcColumn *target, bool utf8) {
  param->c_type = utf8 ? SQL_C_CHAR : SQL_C_WCHAR; /* texts, and what goes as a text: identifiers, nested ones as JSON */
  param->sql_type = utf8 ? SQL_VARCHAR : SQL_WVARCHAR;
  param->width = 0;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (forms[i].kind == param->type.kind) {
      param->c_type = forms[i].c_type;
      param->sql_type = forms[i].sql_type;
      param->width = forms[i].width;
      param->size = forms[i].size;
      param->digits = forms[i].digits;
    }
  if (param->type.kind == SQL_KIND_UINT && param->type.width == 8) {
    param->c_type = SQL_C_CHAR; /* beyond 63 bits drivers differ */
    param->sql_type = SQL_DECIMAL;
    param->size = 20;
    param->width = 0;
  }
  if (param->type.kind == SQL_KIND_DECIMAL) {
    param->size = (SQLULEN)param->type.precision;
    param->digits = (SQLSMALLINT)param->type.scale;
  }
  if (target && target->way == WAY_STAMP) param->digits = target->digits;
}

static void spell(OdbcParam *param) {
  if (param->type.kind != SQL_KIND_DATE && param->type.kind != SQL_KIND_STAMP) return;
  param->spelled = true;
  param->c_type = SQL_C_CHAR;
  param->sql_type = SQL_VARCHAR;
  param->width = SPELLED_BYTES;
}

/* The buffer is as wide as the longest value. */
static bool is_variable(const OdbcParam *param) {
  return !param->spelled && (param->c_type == SQL_C_WCHAR || param->c_type == SQL_C_CHAR || param->c_type == SQL_C_BINARY);
}

int odbc_binding_new(Link *link, OdbcBinding *binding, const char *text, const struct ArrowSchema *schema, const OdbcColumn *const *target,
                     const uint32_t *columns, uint32_t count, uint32_t most, TableError *error) {
  *binding = (OdbcBinding){.most = most ? most : 1};
  binding->params = calloc((size_t)count + 1, sizeof *binding->params);
  if (!binding->params) return SQL_NO_MEMORY(error);
  binding->count = count;
  for (uint32_t i = 0; i < count; i++) {
    OdbcParam *param = &binding->params[i];
    uint32_t column = columns ? columns[i] : i;
    *param = (OdbcParam){.column = column, .schema = schema->children[column], .type = sql_type(schema->children[column])};
    if (param->type.kind == SQL_KIND_UNKNOWN) return MODULE_FAIL(error, "column '%s' is of a type that no database stores", param->schema->name);
    choose_form(param, target ? target[column] : NULL, link->system->utf8);
    if (link->system->quirks->times_leak && binding->most > 1) spell(param);
  }
  if (odbc_statement(link, &binding->statement, error) != 0) return -1;
  return odbc_prepare(link, binding->statement, text, error);
}

void odbc_binding_free(Link *link, OdbcBinding *binding) {
  odbc_statement_free(link, &binding->statement);
  for (uint32_t i = 0; i < binding->count; i++) {
    free(binding->params[i].buffer);
    free(binding->params[i].lengths);
  }
  free(binding->params);
  free(binding->status);
  *binding = (OdbcBinding){.params = NULL};
}

/* --- Room --- */

/* As many rows as the driver takes at once. */
static int set_rows(Link *link, OdbcBinding *binding, uint32_t rows, TableError *error) {
  SQLULEN set = 0;
  SQLHSTMT statement = binding->statement;
  if (rows == 1 && binding->most == 1) return 0;
  bool good = SQL_SUCCEEDED(SQLSetStmtAttr(statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(uintptr_t)rows, 0)) &&
              SQL_SUCCEEDED(SQLGetStmtAttr(statement, SQL_ATTR_PARAMSET_SIZE, &set, SQL_IS_UINTEGER, NULL)) && set == rows;
  if (good) return 0;
  if (rows == 1) return odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
  binding->most = 1;
  SQLSetStmtAttr(statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)1, 0);
  return 0;
}

static int bind_param(Link *link, OdbcBinding *binding, uint32_t i, TableError *error) {
  OdbcParam *param = &binding->params[i];
  SQLULEN size = param->size;
  if (!size) size = param->c_type == SQL_C_WCHAR ? param->width / sizeof(SQLWCHAR) : param->width;
  SQLRETURN answer = SQLBindParameter(binding->statement, (SQLUSMALLINT)(i + 1), SQL_PARAM_INPUT, param->c_type, param->sql_type, size ? size : 1, param->digits,
                                      param->buffer, (SQLLEN)param->width, param->lengths);
  return SQL_SUCCEEDED(answer) ? 0 : odbc_failed(link, SQL_HANDLE_STMT, binding->statement, "", error);
}

/* Room for `rows` rows with values of `widths` bytes. */
static int make_room(Link *link, OdbcBinding *binding, uint32_t rows, const size_t *widths, TableError *error) {
  bool more = rows > binding->rows;
  if (more) {
    free(binding->status);
    binding->status = calloc(rows, sizeof *binding->status);
    if (!binding->status) return MODULE_FAIL(error, "no memory left for rows");
    SQLSetStmtAttr(binding->statement, SQL_ATTR_PARAM_BIND_TYPE, (SQLPOINTER)SQL_PARAM_BIND_BY_COLUMN, 0);
    SQLSetStmtAttr(binding->statement, SQL_ATTR_PARAM_STATUS_PTR, binding->status, 0);
    SQLSetStmtAttr(binding->statement, SQL_ATTR_PARAMS_PROCESSED_PTR, &binding->processed, 0);
    binding->rows = rows;
  }
  for (uint32_t i = 0; i < binding->count; i++) {
    OdbcParam *param = &binding->params[i];
    bool wider = widths[i] > param->width;
    if (!more && !wider && param->buffer) continue;
    if (wider) param->width = widths[i];
    free(param->buffer);
    free(param->lengths);
    param->buffer = calloc(binding->rows, param->width);
    param->lengths = calloc(binding->rows, sizeof *param->lengths);
    if (!param->buffer || !param->lengths) return MODULE_FAIL(error, "no memory left for rows");
    if (bind_param(link, binding, i, error) != 0) return -1;
  }
  return 0;
}

/* --- Values --- */

static int misfit(const OdbcParam *param, uint64_t row, const char *what, TableError *error) {
  return MODULE_FAIL(error, "row %llu, column '%s': %s", (unsigned long long)row, param->schema->name, what);
}

static int put_stamp(const OdbcParam *param, int64_t value, uint8_t *at, uint64_t row, TableError *error) {
  static const int64_t steps[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
  const int64_t day = INT64_C(86400000000);
  int64_t micros, year;
  unsigned month, of_month;
  if (!sql_micros(&param->type, value, &micros)) return misfit(param, row, "a time stamp has finer digits than microseconds", error);
  if (param->digits >= 0 && param->digits < 6 && micros % steps[param->digits] != 0) {
    MODULE_HINT(error, "a column of texts takes it; a new one is made by @types = '%.100s string'", param->schema->name);
    return misfit(param, row, "the column takes fewer digits of a second", error);
  }
  int64_t days = micros / day - (micros % day < 0), rest = micros - days * day, seconds = rest / 1000000;
  sql_civil(days, &year, &month, &of_month);
  if (year < 1 || year > 9999) return misfit(param, row, "a date lies outside of the years 1 to 9999", error);
  SQL_TIMESTAMP_STRUCT stamp = {(SQLSMALLINT)year, (SQLUSMALLINT)month, (SQLUSMALLINT)of_month, (SQLUSMALLINT)(seconds / 3600),
                                (SQLUSMALLINT)(seconds / 60 % 60), (SQLUSMALLINT)(seconds % 60), (SQLUINTEGER)(rest % 1000000 * 1000)};
  memcpy(at, &stamp, sizeof stamp);
  return 0;
}

static int put_date(const OdbcParam *param, int64_t value, uint8_t *at, uint64_t row, TableError *error) {
  int64_t days, year;
  unsigned month, day;
  if (!sql_micros(&param->type, value, &days)) return misfit(param, row, "a date has a time of the day", error);
  sql_civil(days, &year, &month, &day);
  if (year < 1 || year > 9999) return misfit(param, row, "a date lies outside of the years 1 to 9999", error);
  SQL_DATE_STRUCT date = {(SQLSMALLINT)year, (SQLUSMALLINT)month, (SQLUSMALLINT)day};
  memcpy(at, &date, sizeof date);
  return 0;
}

/* A value whose size is that of its type. */
static int put_fixed(const OdbcParam *param, const struct ArrowArray *array, int64_t row, uint8_t *at, uint64_t number, TableError *error) {
  int64_t value = sql_int(&param->type, array, row);
  if (param->type.kind == SQL_KIND_STAMP) return put_stamp(param, value, at, number, error);
  if (param->type.kind == SQL_KIND_DATE) return put_date(param, value, at, number, error);
  if (param->type.kind == SQL_KIND_BOOL) *at = value != 0;
  else memcpy(at, &value, sizeof value);
  return 0;
}

/* 2024-02-29 12:30:00.000001, or without the time of the day. */
static int put_spelled(const OdbcParam *param, const struct ArrowArray *array, int64_t row, uint8_t *at, SQLLEN *len, uint64_t number, TableError *error) {
  SQL_TIMESTAMP_STRUCT stamp;
  SQL_DATE_STRUCT date;
  bool whole = param->type.kind == SQL_KIND_DATE;
  if (put_fixed(param, array, row, whole ? (uint8_t *)&date : (uint8_t *)&stamp, number, error) != 0) return -1;
  if (whole) *len = snprintf((char *)at, SPELLED_BYTES, "%04d-%02u-%02u", date.year, date.month, date.day);
  else *len = snprintf((char *)at, SPELLED_BYTES, "%04d-%02u-%02u %02u:%02u:%02u.%06u", stamp.year, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second, (unsigned)(stamp.fraction / 1000));
  return 0;
}

/* A value of any size: its bytes, lent (of the array, or of `room`). */
static int get_bytes(const OdbcParam *param, const struct ArrowArray *array, int64_t row, Bytes *room, const char **out, size_t *len, uint64_t number, TableError *error) {
  bool plain = param->type.kind == SQL_KIND_TEXT || param->type.kind == SQL_KIND_BYTES;
  if (plain) {
    *out = sql_bytes(&param->type, array, row, len);
    if (param->type.kind == SQL_KIND_BYTES || !memchr(*out, 0, *len)) return 0;
    return misfit(param, number, "a text has a NUL in it, which most databases cannot store", error);
  }
  room->len = 0;
  if (sql_put_text(room, param->schema, &param->type, array, row) != 0) return misfit(param, number, "the value has finer digits than microseconds", error);
  if (!sql_text(room)) return SQL_NO_MEMORY(error);
  *out = (const char *)room->data;
  *len = room->len;
  return 0;
}

/* How many bytes the longest value of some rows takes in its buffer. */
static int measure(const OdbcParam *param, const struct ArrowArray *array, int64_t row, uint32_t rows, Bytes *room, uint64_t before, size_t *out, TableError *error) {
  const char *text;
  size_t len, most = param->c_type == SQL_C_WCHAR ? sizeof(SQLWCHAR) : 1;
  for (uint32_t i = 0; i < rows; i++) {
    if (sql_is_null(array, row + i)) continue;
    if (get_bytes(param, array, row + i, room, &text, &len, before + i + 1, error) != 0) return -1;
    size_t width = param->c_type == SQL_C_WCHAR ? (odbc_widen(text, len, NULL) + 1) * sizeof(SQLWCHAR) : len + 1;
    if (width > most) most = width;
  }
  *out = most;
  return 0;
}

static int put_value(const OdbcParam *param, const struct ArrowArray *array, int64_t row, uint32_t i, Bytes *room, uint64_t number, TableError *error) {
  uint8_t *at = param->buffer + (size_t)i * param->width;
  const char *text;
  size_t len;
  param->lengths[i] = SQL_NULL_DATA;
  if (sql_is_null(array, row)) return 0;
  if (param->spelled) return put_spelled(param, array, row, at, &param->lengths[i], number, error);
  if (!is_variable(param)) {
    param->lengths[i] = (SQLLEN)param->width;
    return put_fixed(param, array, row, at, number, error);
  }
  if (get_bytes(param, array, row, room, &text, &len, number, error) != 0) return -1;
  if (param->c_type == SQL_C_WCHAR) {
    size_t units = odbc_widen(text, len, (SQLWCHAR *)at);
    ((SQLWCHAR *)at)[units] = 0;
    len = units * sizeof(SQLWCHAR);
  } else {
    memcpy(at, text, len);
    if (param->c_type == SQL_C_CHAR) at[len] = 0;
  }
  param->lengths[i] = (SQLLEN)len;
  return 0;
}

/* Rows from `row` on that fit into some megabytes; widths gets what their values take. */
static int choose_rows(OdbcBinding *binding, const struct ArrowArray *batch, int64_t row, uint64_t before, uint32_t *rows, size_t *widths, Bytes *room, TableError *error) {
  for (;;) {
    size_t all = 0;
    for (uint32_t i = 0; i < binding->count; i++) {
      const OdbcParam *param = &binding->params[i];
      widths[i] = param->width;
      if (is_variable(param) && measure(param, batch->children[param->column], row + batch->offset, *rows, room, before, &widths[i], error) != 0) return -1;
      all += widths[i] * *rows;
    }
    if (all <= FILL_BYTES || *rows == 1) return 0;
    *rows = (*rows + 1) / 2;
  }
}

int odbc_binding_fill(Link *link, OdbcBinding *binding, const struct ArrowArray *batch, int64_t row, uint64_t before, uint32_t *taken, TableError *error) {
  Bytes room = {0};
  size_t *widths = calloc((size_t)binding->count + 1, sizeof *widths);
  int64_t left = batch->length - row;
  uint32_t rows = left < binding->most ? (uint32_t)left : binding->most;
  int status = widths ? 0 : SQL_NO_MEMORY(error);
  if (status == 0) status = set_rows(link, binding, rows, error);
  if (status == 0 && rows > binding->most) rows = binding->most;
  uint32_t set = rows;
  if (status == 0) status = choose_rows(binding, batch, row, before, &rows, widths, &room, error);
  if (status == 0 && rows != set) status = set_rows(link, binding, rows, error);
  if (status == 0) status = make_room(link, binding, rows, widths, error);
  for (uint32_t i = 0; i < binding->count && status == 0; i++) {
    const OdbcParam *param = &binding->params[i];
    for (uint32_t k = 0; k < rows && status == 0; k++)
      status = put_value(param, batch->children[param->column], row + batch->offset + k, k, &room, before + k + 1, error);
  }
  bytes_free(&room);
  free(widths);
  *taken = rows;
  return status;
}
