/* text.c - values of Arrow arrays, and as text. Dates by the proleptic Gregorian calendar: the algorithms of Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms".
 */
#include <math.h>

#include "sql/sql.h"

/* --- Values --- */

int64_t sql_int(const SqlType *type, const struct ArrowArray *array, int64_t row) {
  int64_t at = array->offset + row;
  const void *values = array->buffers[1];
  if (type->kind == SQL_KIND_BOOL) return ((const uint8_t *)values)[at >> 3] >> (at & 7) & 1;
  bool sign = type->kind != SQL_KIND_UINT;
  switch (type->width) {
    case 1: return sign ? ((const int8_t *)values)[at] : ((const uint8_t *)values)[at];
    case 2: return sign ? ((const int16_t *)values)[at] : ((const uint16_t *)values)[at];
    case 4: return sign ? (int64_t)((const int32_t *)values)[at] : (int64_t)((const uint32_t *)values)[at];
    default: return ((const int64_t *)values)[at];
  }
}

double sql_double(const SqlType *type, const struct ArrowArray *array, int64_t row) {
  int64_t at = array->offset + row;
  return type->width == 4 ? (double)((const float *)array->buffers[1])[at] : ((const double *)array->buffers[1])[at];
}

__int128 sql_decimal(const SqlType *type, const struct ArrowArray *array, int64_t row) {
  const char *at = (const char *)array->buffers[1] + (array->offset + row) * type->width;
  __int128 wide;
  int64_t narrow;
  int32_t small;
  if (type->width == 16) return memcpy(&wide, at, 16), wide;
  if (type->width == 8) return memcpy(&narrow, at, 8), narrow;
  return memcpy(&small, at, 4), small;
}

const char *sql_bytes(const SqlType *type, const struct ArrowArray *array, int64_t row, size_t *len) {
  int64_t at = array->offset + row, from, to;
  if (type->fixed) {
    *len = (size_t)type->fixed;
    return (const char *)array->buffers[1] + at * type->fixed;
  }
  if (type->width == 8) {
    from = ((const int64_t *)array->buffers[1])[at];
    to = ((const int64_t *)array->buffers[1])[at + 1];
  } else {
    from = ((const int32_t *)array->buffers[1])[at];
    to = ((const int32_t *)array->buffers[1])[at + 1];
  }
  *len = (size_t)(to - from);
  return *len ? (const char *)array->buffers[2] + from : "";
}

bool sql_micros(const SqlType *type, int64_t value, int64_t *out) {
  *out = value;
  if (type->unit == 0) return true;
  if (type->kind == SQL_KIND_DATE) {
    int64_t day = type->unit * 86400;
    *out = value / day - (value % day < 0);
    return value % day == 0;
  }
  if (type->unit > 1000000) {
    int64_t step = type->unit / 1000000;
    *out = value / step;
    return value % step == 0;
  }
  return !__builtin_mul_overflow(value, 1000000 / type->unit, out);
}

/* --- Numbers as text --- */

void sql_put_int(Bytes *out, int64_t number) {
  char digits[24], *at = digits + sizeof digits;
  uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  do *--at = (char)('0' + rest % 10);
  while (rest /= 10);
  if (number < 0) *--at = '-';
  bytes_put(out, at, (size_t)(digits + sizeof digits - at));
}

/* Of at most 18 digits, which most have. */
static void put_small(Bytes *out, int64_t unscaled, int scale) {
  char digits[32], *at = digits + sizeof digits;
  uint64_t rest = unscaled < 0 ? (uint64_t)-unscaled : (uint64_t)unscaled;
  for (int count = 0; rest || count <= scale; count++, rest /= 10) {
    if (count == scale && scale > 0) *--at = '.';
    *--at = (char)('0' + (int)(rest % 10));
  }
  if (unscaled < 0) *--at = '-';
  bytes_put(out, at, (size_t)(digits + sizeof digits - at));
}

void sql_put_decimal(Bytes *out, __int128 unscaled, int scale) {
  char digits[96], *at = digits + sizeof digits;
  const int64_t most = INT64_C(1000000000000000000);
  if (scale >= 0 && scale <= 18 && unscaled > -most && unscaled < most) {
    put_small(out, (int64_t)unscaled, scale);
    return;
  }
  unsigned __int128 rest = unscaled < 0 ? 0 - (unsigned __int128)unscaled : (unsigned __int128)unscaled;
  int count = 0;
  for (; scale < 0 && count < 40 && rest; scale++, count++) *--at = '0';
  for (count = 0; rest || count <= scale; count++, rest /= 10) {
    if (count == scale && scale > 0) *--at = '.';
    *--at = (char)('0' + (int)(rest % 10));
  }
  if (at == digits + sizeof digits) *--at = '0';
  if (unscaled < 0) *--at = '-';
  bytes_put(out, at, (size_t)(digits + sizeof digits - at));
}

/* Numbers of few digits behind the point, which are most: number = whole / 10^places exactly if the quotient of the two is it again, since
   a quotient of exact doubles is rounded as a text is that has these digits. */
static bool put_short(Bytes *out, double number) {
  static const double powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
  if (!(fabs(number) < 1e9) || (number == 0 && signbit(number))) return false;
  for (int places = 0; places < 7; places++) {
    double whole = nearbyint(number * powers[places]);
    if (whole / powers[places] != number) continue;
    sql_put_decimal(out, (int64_t)whole, places);
    return true;
  }
  return false;
}

void sql_put_double(Bytes *out, double number, bool single) {
  char text[40];
  if (isnan(number) || isinf(number)) {
    sql_put(out, isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity");
    return;
  }
  if (!single && put_short(out, number)) return;
  for (int digits = single ? 6 : 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, number);
    if (single ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number) break;
  }
  sql_put(out, text);
}

/* --- Moments as text --- */

static void put_digits(Bytes *out, int64_t number, int digits) {
  char text[24], *at = text + sizeof text;
  uint64_t rest = number < 0 ? (uint64_t)-number : (uint64_t)number;
  for (int count = 0; rest || count < digits; count++, rest /= 10) *--at = (char)('0' + rest % 10);
  if (number < 0) *--at = '-';
  bytes_put(out, at, (size_t)(text + sizeof text - at));
}

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

int64_t sql_days(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  unsigned of_era = (unsigned)(year - era * 400), of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + (int64_t)(of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

void sql_civil(int64_t days, int64_t *year, unsigned *month, unsigned *day) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  unsigned of_era = (unsigned)(days - era * 146097);
  unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365, of_year = of_era - (365 * y + y / 4 - y / 100);
  unsigned m = (5 * of_year + 2) / 153;
  *day = of_year - (153 * m + 2) / 5 + 1;
  *month = m < 10 ? m + 3 : m - 9;
  *year = (int64_t)y + era * 400 + (*month <= 2);
}

static void put_date(Bytes *out, int64_t days) {
  int64_t year;
  unsigned month, day;
  sql_civil(days, &year, &month, &day);
  put_digits(out, year, 4);
  bytes_put(out, "-", 1);
  put_digits(out, month, 2);
  bytes_put(out, "-", 1);
  put_digits(out, day, 2);
}

static void put_time(Bytes *out, int64_t micros) {
  int64_t seconds = micros / 1000000, fraction = micros % 1000000;
  put_digits(out, seconds / 3600, 2);
  bytes_put(out, ":", 1);
  put_digits(out, seconds / 60 % 60, 2);
  bytes_put(out, ":", 1);
  put_digits(out, seconds % 60, 2);
  if (!fraction) return;
  bytes_put(out, ".", 1);
  put_digits(out, fraction, 6);
}

static int put_moment(Bytes *out, const SqlType *type, int64_t value) {
  enum { MOST_DAYS = 1000000000 };
  const int64_t day = INT64_C(86400) * 1000000;
  int64_t count;
  if (!sql_micros(type, value, &count)) return -1;
  if (type->kind == SQL_KIND_DATE) {
    if (count > MOST_DAYS || count < -MOST_DAYS) return -1;
    put_date(out, count);
  } else if (type->kind == SQL_KIND_TIME) {
    put_time(out, count);
  } else {
    int64_t days = floor_divide(count, day);
    put_date(out, days);
    bytes_put(out, " ", 1);
    put_time(out, count - days * day);
    if (type->zoned) sql_put(out, "+00");
  }
  return 0;
}

/* --- Nested values as JSON --- */

static int put_json(Bytes *out, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row);

static void put_json_text(Bytes *out, const char *text, size_t len) {
  char escaped[8];
  bytes_put(out, "\"", 1);
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '"' || c == '\\') snprintf(escaped, sizeof escaped, "\\%c", c);
    else if (c < 0x20) snprintf(escaped, sizeof escaped, "\\u%04x", c);
    else snprintf(escaped, sizeof escaped, "%c", c);
    sql_put(out, escaped);
  }
  bytes_put(out, "\"", 1);
}

static int put_json_list(Bytes *out, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row) {
  int64_t at = array->offset + row, width = schema->format[1] == 'w' ? atoi(schema->format + 3) : 0, from = at * width, to = from + width;
  if (schema->format[1] == 'L') {
    from = ((const int64_t *)array->buffers[1])[at];
    to = ((const int64_t *)array->buffers[1])[at + 1];
  } else if (schema->format[1] != 'w') {
    from = ((const int32_t *)array->buffers[1])[at];
    to = ((const int32_t *)array->buffers[1])[at + 1];
  }
  const struct ArrowSchema *item = schema->children[0];
  bool map = schema->format[1] == 'm' && sql_type(item->children[0]).kind == SQL_KIND_TEXT;
  bytes_put(out, map ? "{" : "[", 1);
  for (int64_t i = from; i < to; i++) {
    const struct ArrowArray *items = array->children[0];
    if (i > from) bytes_put(out, ",", 1);
    if (map) {
      if (put_json(out, item->children[0], items->children[0], items->offset + i) < 0) return -1;
      bytes_put(out, ":", 1);
      if (put_json(out, item->children[1], items->children[1], items->offset + i) < 0) return -1;
    } else if (put_json(out, item, items, i) < 0) {
      return -1;
    }
  }
  bytes_put(out, map ? "}" : "]", 1);
  return 0;
}

static int put_json_struct(Bytes *out, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row) {
  bytes_put(out, "{", 1);
  for (int64_t i = 0; i < schema->n_children; i++) {
    const char *name = schema->children[i]->name ? schema->children[i]->name : "";
    if (i) bytes_put(out, ",", 1);
    put_json_text(out, name, strlen(name));
    bytes_put(out, ":", 1);
    if (put_json(out, schema->children[i], array->children[i], array->offset + row) < 0) return -1;
  }
  bytes_put(out, "}", 1);
  return 0;
}

static int put_json(Bytes *out, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row) {
  SqlType type = sql_type(schema);
  if (type.kind == SQL_KIND_NULL || sql_is_null(array, row)) return sql_put(out, "null"), 0;
  if (type.kind == SQL_KIND_NESTED) return strcmp(schema->format, "+s") == 0 ? put_json_struct(out, schema, array, row) : put_json_list(out, schema, array, row);
  Bytes text = {0};
  int status = sql_put_text(&text, schema, &type, array, row);
  bool number = type.kind == SQL_KIND_BOOL || type.kind == SQL_KIND_INT || type.kind == SQL_KIND_UINT || type.kind == SQL_KIND_DECIMAL;
  if (type.kind == SQL_KIND_FLOAT || type.kind == SQL_KIND_DOUBLE) number = isfinite(sql_double(&type, array, row));
  if (status == 0 && number) bytes_put(out, text.data, text.len);
  else if (status == 0) put_json_text(out, (const char *)text.data, text.len);
  out->failed |= text.failed;
  bytes_free(&text);
  return status;
}

/* --- Any value --- */

static void put_uuid(Bytes *out, const char *bytes) {
  char text[4];
  for (int i = 0; i < 16; i++) {
    snprintf(text, sizeof text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", (unsigned char)bytes[i]);
    sql_put(out, text);
  }
}

int sql_put_text(Bytes *out, const struct ArrowSchema *schema, const SqlType *type, const struct ArrowArray *array, int64_t row) {
  size_t len;
  const char *bytes;
  switch (type->kind) {
    case SQL_KIND_BOOL: sql_put(out, sql_int(type, array, row) ? "true" : "false"); return 0;
    case SQL_KIND_UINT:
      if (type->width == 8) sql_put_decimal(out, (__int128)(uint64_t)sql_int(type, array, row), 0);
      else sql_put_int(out, sql_int(type, array, row));
      return 0;
    case SQL_KIND_INT: sql_put_int(out, sql_int(type, array, row)); return 0;
    case SQL_KIND_FLOAT: case SQL_KIND_DOUBLE: sql_put_double(out, sql_double(type, array, row), type->kind == SQL_KIND_FLOAT); return 0;
    case SQL_KIND_DECIMAL: sql_put_decimal(out, sql_decimal(type, array, row), type->scale); return 0;
    case SQL_KIND_TEXT: case SQL_KIND_BYTES:
      bytes = sql_bytes(type, array, row, &len);
      bytes_put(out, bytes, len);
      return 0;
    case SQL_KIND_UUID: put_uuid(out, sql_bytes(type, array, row, &len)); return 0;
    case SQL_KIND_DATE: case SQL_KIND_TIME: case SQL_KIND_STAMP: return put_moment(out, type, sql_int(type, array, row));
    case SQL_KIND_NESTED: return put_json(out, schema, array, row);
    case SQL_KIND_UNKNOWN: case SQL_KIND_NULL: break;
  }
  return -1;
}

int sql_shown(const char *text, size_t len) {
  enum { SHOWN = 60 };
  if (len <= SHOWN) return (int)len;
  for (len = SHOWN; len && ((unsigned char)text[len] & 0xC0) == 0x80;) len--;
  return (int)len;
}
