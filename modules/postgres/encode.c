/* encode.c - Arrow arrays as rows of COPY … FROM STDIN: in its binary format where all columns have one that we know, else as text
 * ("COPY", File Formats, in PostgreSQL's manual).
 */
#include <endian.h>

#include "postgres.h"

PgWire pg_wire_of(const SqlType *type, char *name, size_t size) {
  static const struct {
    SqlKind kind;
    int width;
    PgWire wire;
    const char *name;
  } known[] = {
    {SQL_KIND_BOOL, 0, PG_WIRE_BOOL, "boolean"}, {SQL_KIND_INT, 1, PG_WIRE_INT2, "smallint"}, {SQL_KIND_INT, 2, PG_WIRE_INT2, "smallint"},
    {SQL_KIND_INT, 4, PG_WIRE_INT4, "integer"}, {SQL_KIND_INT, 8, PG_WIRE_INT8, "bigint"}, {SQL_KIND_UINT, 1, PG_WIRE_INT2, "smallint"},
    {SQL_KIND_UINT, 2, PG_WIRE_INT4, "integer"}, {SQL_KIND_UINT, 4, PG_WIRE_INT8, "bigint"}, {SQL_KIND_UINT, 8, PG_WIRE_NUMERIC, "numeric(20, 0)"},
    {SQL_KIND_FLOAT, 0, PG_WIRE_FLOAT4, "real"}, {SQL_KIND_DOUBLE, 0, PG_WIRE_FLOAT8, "double precision"}, {SQL_KIND_TEXT, 0, PG_WIRE_TEXT, "text"},
    {SQL_KIND_BYTES, 0, PG_WIRE_BYTEA, "bytea"}, {SQL_KIND_UUID, 0, PG_WIRE_UUID, "uuid"}, {SQL_KIND_DATE, 0, PG_WIRE_DATE, "date"},
    {SQL_KIND_TIME, 0, PG_WIRE_TIME, "time"}, {SQL_KIND_NESTED, 0, PG_WIRE_JSONB, "jsonb"}, {SQL_KIND_NULL, 0, PG_WIRE_TEXT, "text"}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (known[i].kind != type->kind || (known[i].width && known[i].width != type->width)) continue;
    snprintf(name, size, "%s", known[i].name);
    return known[i].wire;
  }
  name[0] = 0;
  if (type->kind == SQL_KIND_STAMP) {
    snprintf(name, size, "timestamp%s", type->zoned ? " with time zone" : "");
    return PG_WIRE_STAMP;
  }
  if (type->kind == SQL_KIND_DECIMAL) {
    snprintf(name, size, "numeric(%d, %d)", type->precision, type->scale);
    return PG_WIRE_NUMERIC;
  }
  return PG_WIRE_TEXT_ONLY;
}

bool pg_wire_takes(PgWire wire, const SqlType *type) {
  static const SqlKind kinds[] = {
    [PG_WIRE_BOOL] = SQL_KIND_BOOL, [PG_WIRE_INT2] = SQL_KIND_INT, [PG_WIRE_INT4] = SQL_KIND_INT, [PG_WIRE_INT8] = SQL_KIND_INT, [PG_WIRE_FLOAT4] = SQL_KIND_FLOAT,
    [PG_WIRE_FLOAT8] = SQL_KIND_DOUBLE, [PG_WIRE_NUMERIC] = SQL_KIND_DECIMAL, [PG_WIRE_TEXT] = SQL_KIND_TEXT, [PG_WIRE_BYTEA] = SQL_KIND_BYTES,
    [PG_WIRE_JSONB] = SQL_KIND_TEXT, [PG_WIRE_DATE] = SQL_KIND_DATE, [PG_WIRE_TIME] = SQL_KIND_TIME, [PG_WIRE_STAMP] = SQL_KIND_STAMP, [PG_WIRE_UUID] = SQL_KIND_UUID};
  int width = wire == PG_WIRE_INT2 ? 2 : wire == PG_WIRE_INT4 ? 4 : 8;
  bool integer = wire == PG_WIRE_INT2 || wire == PG_WIRE_INT4 || wire == PG_WIRE_INT8;
  if (wire == PG_WIRE_TEXT_ONLY) return false;
  if (type->kind == SQL_KIND_NULL || (wire == PG_WIRE_JSONB && type->kind == SQL_KIND_NESTED)) return true;
  if (integer && type->kind == SQL_KIND_UINT) return type->width < width;
  if (wire == PG_WIRE_NUMERIC && type->kind == SQL_KIND_UINT) return true;
  return type->kind == kinds[wire] && (!integer || type->width <= width);
}

/* --- Binary --- */

static void put16(Bytes *out, uint16_t number) {
  uint16_t big = htobe16(number);
  bytes_put(out, &big, 2);
}

static void put32(Bytes *out, uint32_t number) {
  uint32_t big = htobe32(number);
  bytes_put(out, &big, 4);
}

static void put64(Bytes *out, uint64_t number) {
  uint64_t big = htobe64(number);
  bytes_put(out, &big, 8);
}

/* A value of `width` bytes with its length before it. */
static void put_number(Bytes *out, uint64_t number, uint32_t width) {
  put32(out, width);
  if (width == 8) put64(out, number);
  else if (width == 4) put32(out, (uint32_t)number);
  else if (width == 2) put16(out, (uint16_t)number);
  else bytes_put(out, &(uint8_t){(uint8_t)number}, 1);
}

/* Digits to the base of 10,000, aligned at the point. */
static void put_numeric(Bytes *out, __int128 unscaled, int scale) {
  uint16_t digits[24];
  int count = 0, pad = (4 - scale % 4) % 4, fraction = (scale + 3) / 4; /* so many digits are behind the point */
  unsigned __int128 rest = unscaled < 0 ? 0 - (unsigned __int128)unscaled : (unsigned __int128)unscaled;
  static const unsigned tens[] = {1, 10, 100, 1000};
  if (scale < 0) pad = fraction = 0;
  for (int i = scale; i < 0; i++) rest *= 10;
  if (pad) { /* the last group is short: it is filled up with zeros */
    unsigned part = tens[4 - pad];
    digits[count++] = (uint16_t)((unsigned)(rest % part) * tens[pad]);
    rest /= part;
  }
  for (; rest; rest /= 10000) digits[count++] = (uint16_t)(rest % 10000);
  int weight = count - fraction - 1, first = 0;
  while (count && digits[count - 1] == 0) count--, weight--;
  while (first < count && digits[first] == 0) first++;
  put32(out, (uint32_t)(8 + (count - first) * 2));
  put16(out, (uint16_t)(count - first));
  put16(out, (uint16_t)(count > first ? weight : 0));
  put16(out, unscaled < 0 ? 0x4000 : 0);
  put16(out, (uint16_t)(scale < 0 ? 0 : scale));
  for (int i = count; i-- > first;) put16(out, digits[i]);
}

/* What is wrong; NULL: nothing. */
static const char *put_moment(const PgField *field, int64_t value, Bytes *out) {
  int64_t count;
  if (!sql_micros(&field->type, value, &count)) return "finer than microseconds, which is all that PostgreSQL stores";
  if (field->wire == PG_WIRE_DATE) {
    count -= PG_EPOCH_DAYS;
    if (count >= INT32_MAX || count <= INT32_MIN) return "a date too far away";
    put_number(out, (uint64_t)count, 4);
    return NULL;
  }
  if (field->wire == PG_WIRE_STAMP && (__builtin_sub_overflow(count, PG_EPOCH_MICROS, &count) || count == INT64_MAX || count == INT64_MIN)) return "a timestamp too far away";
  put_number(out, (uint64_t)count, 8);
  return NULL;
}

static const char *put_bytes(const PgField *field, const char *bytes, size_t len, Bytes *out) {
  bool version = field->wire == PG_WIRE_JSONB;
  if (len > 1 << 30) return "a value of more than 1 GiB, which is all that PostgreSQL stores";
  if (field->wire != PG_WIRE_BYTEA && memchr(bytes, 0, len)) return "a NUL character, which PostgreSQL cannot store in text";
  put32(out, (uint32_t)len + version);
  if (version) bytes_put(out, "\1", 1);
  bytes_put(out, bytes, len);
  return NULL;
}

static const char *put_nested(const PgField *field, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row, Bytes *out) {
  Bytes json = {0};
  const char *wrong = sql_put_text(&json, schema, &field->type, array, row) < 0 ? "a value in it that JSON cannot hold" : NULL;
  if (!wrong) wrong = put_bytes(field, sql_text(&json) ? (const char *)json.data : "", json.len, out);
  out->failed |= json.failed;
  bytes_free(&json);
  return wrong;
}

static const char *put_binary(const PgField *field, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row, Bytes *out) {
  const SqlType *type = &field->type;
  double number;
  float single;
  uint64_t bits = 0;
  size_t len;
  const char *bytes;
  switch (field->wire) {
    case PG_WIRE_BOOL: put_number(out, (uint64_t)sql_int(type, array, row), 1); return NULL;
    case PG_WIRE_INT2: put_number(out, (uint64_t)sql_int(type, array, row), 2); return NULL;
    case PG_WIRE_INT4: put_number(out, (uint64_t)sql_int(type, array, row), 4); return NULL;
    case PG_WIRE_INT8: put_number(out, (uint64_t)sql_int(type, array, row), 8); return NULL;
    case PG_WIRE_FLOAT4:
      single = (float)sql_double(type, array, row);
      memcpy(&bits, &single, 4);
      put_number(out, bits, 4);
      return NULL;
    case PG_WIRE_FLOAT8:
      number = sql_double(type, array, row);
      memcpy(&bits, &number, 8);
      put_number(out, bits, 8);
      return NULL;
    case PG_WIRE_NUMERIC:
      if (type->kind == SQL_KIND_UINT) put_numeric(out, type->width == 8 ? (__int128)(uint64_t)sql_int(type, array, row) : sql_int(type, array, row), 0);
      else put_numeric(out, sql_decimal(type, array, row), type->scale);
      return NULL;
    case PG_WIRE_DATE: case PG_WIRE_TIME: case PG_WIRE_STAMP: return put_moment(field, sql_int(type, array, row), out);
    case PG_WIRE_UUID:
      put32(out, 16);
      bytes_put(out, sql_bytes(type, array, row, &len), 16);
      return NULL;
    case PG_WIRE_TEXT: case PG_WIRE_BYTEA: case PG_WIRE_JSONB: case PG_WIRE_TEXT_ONLY: break;
  }
  if (type->kind == SQL_KIND_NESTED) return put_nested(field, schema, array, row, out);
  bytes = sql_bytes(type, array, row, &len);
  return put_bytes(field, bytes, len, out);
}

/* --- Text --- */

static void put_escaped(Bytes *out, const char *text, size_t len) {
  for (size_t i = 0; i < len;) {
    size_t plain = i;
    while (plain < len && text[plain] != '\\' && text[plain] != '\n' && text[plain] != '\r' && text[plain] != '\t') plain++;
    bytes_put(out, text + i, plain - i);
    if (plain == len) break;
    char letter = text[plain];
    char escaped[2] = {'\\', letter == '\n' ? 'n' : letter == '\r' ? 'r' : letter == '\t' ? 't' : '\\'};
    bytes_put(out, escaped, 2);
    i = plain + 1;
  }
}

static const char *put_text(const PgField *field, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row, Bytes *scratch, Bytes *out) {
  scratch->len = 0;
  if (sql_put_text(scratch, schema, &field->type, array, row) < 0) return "finer than microseconds, which is all that PostgreSQL stores";
  const char *text = (const char *)scratch->data;
  if (field->type.kind == SQL_KIND_BYTES) {
    sql_put(out, "\\\\x");
    for (size_t i = 0; i < scratch->len; i++) sql_putf(out, "%02x", (unsigned char)text[i]);
    return NULL;
  }
  if (scratch->len && memchr(text, 0, scratch->len)) return "a NUL character, which PostgreSQL cannot store in text";
  if (scratch->len) put_escaped(out, text, scratch->len);
  return NULL;
}

/* --- Rows --- */

static int fail_value(const PgField *field, int64_t row, const char *wrong, TableError *error) {
  MODULE_FAIL(error, "row %lld, column \"%s\": %s", (long long)row, field->name, wrong);
  if (strstr(wrong, "NUL")) MODULE_HINT(error, "store it as bytea, or take it out by STR_REPLACE");
  else if (strstr(wrong, "finer")) MODULE_HINT(error, "round it before, or store it as text");
  return -1;
}

int pg_encode(const PgField *fields, const struct ArrowSchema *schema, const struct ArrowArray *batch, bool binary, int64_t row, Bytes *out, TableError *error) {
  Bytes scratch = {0};
  const char *wrong = NULL;
  int64_t i = 0, count = schema->n_children;
  for (; i < batch->length && !wrong; i++) {
    if (binary) put16(out, (uint16_t)count);
    for (int64_t k = 0; k < count && !wrong; k++) {
      const struct ArrowArray *array = batch->children[k];
      int64_t at = batch->offset + i;
      bool null = fields[k].type.kind == SQL_KIND_NULL || sql_is_null(array, at);
      if (binary && null) put32(out, UINT32_MAX);
      else if (binary) wrong = put_binary(&fields[k], schema->children[k], array, at, out);
      else {
        if (k) bytes_put(out, "\t", 1);
        if (null) bytes_put(out, "\\N", 2);
        else wrong = put_text(&fields[k], schema->children[k], array, at, &scratch, out);
      }
      if (wrong) fail_value(&fields[k], row + i, wrong, error);
    }
    if (!binary) bytes_put(out, "\n", 1);
  }
  out->failed |= scratch.failed;
  bytes_free(&scratch);
  if (wrong) return -1;
  return out->failed ? SQL_NO_MEMORY(error) : 0;
}
