/* encode.c - Arrow arrays as rows of LOAD DATA: tabs between fields, a line for each row, \ before what would end one, \N for NULL. */
#include <math.h>

#include "mysql.h"

static void put_byte(Bytes *out, char byte) {
  if (bytes_reserve(out, 1)) out->data[out->len++] = (uint8_t)byte;
}

static void put_escaped(Bytes *out, const char *text, size_t len) {
  static const char letters[256] = {['\\'] = '\\', ['\n'] = 'n', ['\t'] = 't', [0] = '0'};
  for (size_t i = 0; i < len;) {
    size_t plain = i;
    while (plain < len && !letters[(unsigned char)text[plain]]) plain++;
    bytes_put(out, text + i, plain - i);
    if (plain == len) break;
    put_byte(out, '\\');
    put_byte(out, letters[(unsigned char)text[plain]]);
    i = plain + 1;
  }
}

static void put_hex(Bytes *out, const char *bytes, size_t len) {
  static const char digits[] = "0123456789ABCDEF";
  if (!bytes_reserve(out, len * 2)) return;
  for (size_t i = 0; i < len; i++) {
    out->data[out->len++] = (uint8_t)digits[(unsigned char)bytes[i] >> 4];
    out->data[out->len++] = (uint8_t)digits[bytes[i] & 15];
  }
}

/* The server would round what it has no digits for. */
static bool has_finer(const MyField *field, int64_t value) {
  int64_t step = 1, micros;
  for (int i = field->digits; i < 6; i++) step *= 10;
  return !sql_micros(&field->type, value, &micros) || micros % step != 0;
}

/* What is wrong; NULL: nothing. */
static const char *put_value(const MyField *field, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row, Bytes *scratch, Bytes *out) {
  const SqlType *type = &field->type;
  SqlType plain = *type;
  size_t len;
  const char *bytes;
  switch (type->kind) {
    case SQL_KIND_BOOL: bytes_put(out, sql_int(type, array, row) ? "1" : "0", 1); return NULL;
    case SQL_KIND_INT: sql_put_int(out, sql_int(type, array, row)); return NULL;
    case SQL_KIND_FLOAT: case SQL_KIND_DOUBLE:
      if (!isfinite(sql_double(type, array, row))) return "NaN and Infinity are no numbers for MySQL";
      break;
    case SQL_KIND_TEXT:
      bytes = sql_bytes(type, array, row, &len);
      put_escaped(out, bytes, len);
      return NULL;
    case SQL_KIND_BYTES:
      bytes = sql_bytes(type, array, row, &len);
      if (field->form == MY_BYTES) put_hex(out, bytes, len);
      else put_escaped(out, bytes, len);
      return NULL;
    case SQL_KIND_STAMP: case SQL_KIND_TIME:
      if (has_finer(field, sql_int(type, array, row))) return "finer than the digits of a second that the column stores";
      plain.zoned = false; /* the session is in UTC */
      break;
    default: break;
  }
  bool plain_text = type->kind != SQL_KIND_NESTED; /* digits and the like need no escapes */
  scratch->len = 0;
  if (sql_put_text(plain_text ? out : scratch, schema, &plain, array, row) < 0) return "a value that MySQL cannot store";
  if (!plain_text) put_escaped(out, (const char *)scratch->data, scratch->len);
  return NULL;
}

int my_encode(const MyField *fields, const struct ArrowSchema *schema, const struct ArrowArray *batch, int64_t row, Bytes *out, TableError *error) {
  Bytes scratch = {0};
  const char *wrong = NULL;
  for (int64_t i = 0; i < batch->length && !wrong; i++) {
    for (int64_t k = 0; k < schema->n_children && !wrong; k++) {
      const struct ArrowArray *array = batch->children[k];
      int64_t at = batch->offset + i;
      if (k) put_byte(out, '\t');
      if (fields[k].type.kind == SQL_KIND_NULL || sql_is_null(array, at)) bytes_put(out, "\\N", 2);
      else wrong = put_value(&fields[k], schema->children[k], array, at, &scratch, out);
      if (!wrong) continue;
      MODULE_FAIL(error, "row %lld, column \"%s\": %s", (long long)(row + i), fields[k].name, wrong);
      if (strstr(wrong, "finer")) MODULE_HINT(error, "round it before, or store it as text");
      else if (strstr(wrong, "NaN")) MODULE_HINT(error, "write NULL in their place, or store them as text");
    }
    put_byte(out, '\n');
  }
  out->failed |= scratch.failed;
  bytes_free(&scratch);
  if (wrong) return -1;
  return out->failed ? SQL_NO_MEMORY(error) : 0;
}
