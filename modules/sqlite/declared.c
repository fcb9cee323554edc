/* declared.c - what the declared type of a column means, and values as ones of it.
 *
 * SQLite keeps with each value its own type, whatever is declared. A declaration is believed while values agree with it.
 */
#include <ctype.h>
#include <math.h>

#include "sqlite.h"

/* --- Declarations --- */

static void upper(const char *text, char *out, size_t size) {
  size_t n = 0;
  for (; text[n] && n + 1 < size; n++) out[n] = (char)toupper((unsigned char)text[n]);
  out[n] = 0;
}

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* A word as a whole: DATE, but not DATES. */
static bool is_word(const char *text, const char *word) {
  char next = starts(text, word) ? text[strlen(word)] : 'x';
  return !next || next == ' ' || next == '(';
}

void declared_set(Declared *type, Kind kind) {
  static const char *const formats[] = {[KIND_UNKNOWN] = "n", [KIND_BOOL] = "b", [KIND_INT] = "l", [KIND_REAL] = "g", [KIND_DECIMAL] = "d",
    [KIND_TEXT] = "u", [KIND_BLOB] = "z", [KIND_DATE] = "tdD", [KIND_TIME] = "ttu", [KIND_STAMP] = "tsu:", [KIND_STAMP_ZONED] = "tsu:UTC"};
  type->kind = kind;
  if (kind == KIND_DECIMAL) snprintf(type->format, sizeof type->format, "d:%d,%d", type->precision, type->scale);
  else snprintf(type->format, sizeof type->format, "%s", formats[kind]);
}

/* DECIMAL(p, s); without digits nothing is known. */
static Kind decimal_kind(const char *text, Declared *out) {
  const char *open = strchr(text, '(');
  out->scale = 0;
  if (!open || sscanf(open, "( %d , %d", &out->precision, &out->scale) < 1) return KIND_UNKNOWN;
  bool good = out->precision >= 1 && out->precision <= SQL_MOST_DECIMAL && out->scale >= 0 && out->scale <= out->precision;
  return good ? KIND_DECIMAL : KIND_UNKNOWN;
}

/* By the words that SQLite's rules of affinity know, after those that it does not. */
static Kind kind_of(const char *text, Declared *out) {
  if (starts(text, "BOOL")) return KIND_BOOL;
  if (starts(text, "DECIMAL") || starts(text, "NUMERIC")) return decimal_kind(text, out);
  if (is_word(text, "TIMESTAMPTZ") || strstr(text, "WITH TIME ZONE")) return KIND_STAMP_ZONED;
  if (is_word(text, "TIMESTAMP") || is_word(text, "DATETIME")) return KIND_STAMP;
  if (is_word(text, "DATE")) return KIND_DATE;
  if (is_word(text, "TIME")) return KIND_TIME;
  if (strstr(text, "INT")) return KIND_INT;
  if (strstr(text, "CHAR") || strstr(text, "CLOB") || strstr(text, "TEXT") || starts(text, "JSON") || starts(text, "UUID")) return KIND_TEXT;
  if (strstr(text, "BLOB") || strstr(text, "BINARY")) return KIND_BLOB;
  if (strstr(text, "REAL") || strstr(text, "FLOA") || strstr(text, "DOUB")) return KIND_REAL;
  return KIND_UNKNOWN;
}

Declared declared_type(const char *declaration) {
  Declared type = {.kind = KIND_UNKNOWN};
  char text[100];
  upper(declaration ? declaration : "", text, sizeof text);
  declared_set(&type, kind_of(text, &type));
  return type;
}

bool declared_keeps_text(const char *declaration) {
  char text[100];
  upper(declaration ? declaration : "", text, sizeof text);
  if (strstr(text, "INT")) return false;
  return !text[0] || strstr(text, "CHAR") || strstr(text, "CLOB") || strstr(text, "TEXT") || strstr(text, "BLOB");
}

void declaration_for(const SqlType *type, Bytes *out) {
  enum { EXACT = 15 }; /* digits that NUMERIC keeps */
  switch (type->kind) {
    case SQL_KIND_BOOL: sql_put(out, "BOOLEAN"); break;
    case SQL_KIND_INT: case SQL_KIND_UINT: sql_put(out, "INTEGER"); break;
    case SQL_KIND_FLOAT: case SQL_KIND_DOUBLE: sql_put(out, "REAL"); break;
    case SQL_KIND_DECIMAL: sql_putf(out, "%s(%d, %d)", type->precision > EXACT ? "DECIMAL_TEXT" : "DECIMAL", type->precision, type->scale); break;
    case SQL_KIND_BYTES: sql_put(out, "BLOB"); break;
    case SQL_KIND_DATE: sql_put(out, "DATE"); break;
    case SQL_KIND_TIME: sql_put(out, "TIME"); break;
    case SQL_KIND_STAMP: sql_put(out, type->zoned ? "TIMESTAMPTZ" : "TIMESTAMP"); break;
    case SQL_KIND_NESTED: sql_put(out, "JSON"); break;
    default: sql_put(out, "TEXT"); break;
  }
}

/* --- Decimals --- */

/* "-12.50", "1e3" as a number times 10^scale; false: it has other digits, or too many. */
static bool parse_decimal(const char *text, size_t len, int precision, int scale, __int128 *out) {
  size_t at = 0, digits = 0;
  bool negative = len && text[0] == '-', point = false;
  int behind = 0, exponent = 0;
  __int128 number = 0;
  at += len && (text[0] == '-' || text[0] == '+');
  for (; at < len && (isdigit((unsigned char)text[at]) || (text[at] == '.' && !point)); at++) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    if (number > ((__int128)1 << 126) / 10) return false;
    number = number * 10 + (text[at] - '0');
    behind += point;
    digits++;
  }
  if (at < len && (text[at] == 'e' || text[at] == 'E')) {
    int used = 0;
    if (sscanf(text + at, "%*[eE]%d%n", &exponent, &used) != 1 || exponent < -400 || exponent > 400) return false;
    at += (size_t)used;
  }
  if (!digits || at != len) return false;
  int shift = scale - behind + exponent;
  for (; shift < 0 && number; shift++) {
    if (number % 10) return false;
    number /= 10;
  }
  __int128 most = 1;
  for (int i = 0; i < precision; i++) most *= 10;
  for (; shift > 0 && number; shift--) {
    if (number >= most) return false;
    number *= 10;
  }
  *out = negative ? -number : number;
  return number < most;
}

static bool decimal_value(const Declared *type, sqlite3_stmt *row, int i, __int128 *out) {
  char text[64];
  if (sqlite3_column_type(row, i) != SQLITE_FLOAT)
    return parse_decimal((const char *)sqlite3_column_text(row, i), (size_t)sqlite3_column_bytes(row, i), type->precision, type->scale, out);
  Bytes shortest = {0};
  sql_put_double(&shortest, sqlite3_column_double(row, i), false);
  bool good = parse_decimal((const char *)shortest.data, shortest.len, type->precision, type->scale, out);
  bytes_free(&shortest);
  if (good) return true;
  int len = snprintf(text, sizeof text, "%.15g", sqlite3_column_double(row, i)); /* as SQLite itself shows it */
  return parse_decimal(text, (size_t)len, type->precision, type->scale, out);
}

/* --- Dates and times --- */

static int digits_of(const char *text, size_t len, int count) {
  int number = 0;
  if (len < (size_t)count) return -1;
  for (int i = 0; i < count; i++) {
    if (!isdigit((unsigned char)text[i])) return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

/* Takes YYYY-MM-DD from the front. */
static bool take_date(const char **text, size_t *len, int32_t *out) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const char *t = *text;
  if (*len < 10 || t[4] != '-' || t[7] != '-') return false;
  int year = digits_of(t, 4, 4), month = digits_of(t + 5, 2, 2), day = digits_of(t + 8, 2, 2);
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (day > days[month - 1] + leap) return false;
  *out = (int32_t)sql_days(year, (unsigned)month, (unsigned)day);
  *text += 10;
  *len -= 10;
  return true;
}

/* HH:MM, HH:MM:SS, HH:MM:SS.ffffff */
static bool take_time(const char **text, size_t *len, int64_t *out) {
  const char *t = *text;
  int hour = digits_of(t, *len, 2), minute = *len >= 5 && t[2] == ':' ? digits_of(t + 3, 2, 2) : -1, second = 0;
  size_t at = 5;
  int64_t micros = 0;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return false;
  if (*len >= 8 && t[5] == ':') {
    second = digits_of(t + 6, 2, 2);
    at = 8;
    if (second < 0 || second > 59) return false;
  }
  if (at == 8 && *len > 9 && t[8] == '.') {
    int digits = 0;
    for (at = 9; at < *len && isdigit((unsigned char)t[at]); at++, digits++) {
      if (digits >= 6 && t[at] != '0') return false; /* finer than can be kept */
      if (digits < 6) micros = micros * 10 + (t[at] - '0');
    }
    if (!digits) return false;
    for (; digits < 6; digits++) micros *= 10;
  }
  *out = ((hour * 60 + minute) * INT64_C(60) + second) * 1000000 + micros;
  *text += at;
  *len -= at;
  return true;
}

/* Z, +HH, +HH:MM, +HHMM in minutes, or nothing. */
static bool take_zone(const char *text, size_t len, int *minutes) {
  *minutes = 0;
  if (len == 0 || (len == 1 && (text[0] == 'Z' || text[0] == 'z'))) return true;
  if (text[0] != '+' && text[0] != '-') return false;
  int hour = digits_of(text + 1, len - 1, 2), minute = 0;
  if (len == 6 && text[3] == ':') minute = digits_of(text + 4, 2, 2);
  else if (len == 5) minute = digits_of(text + 3, 2, 2);
  else if (len != 3) return false;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return false;
  *minutes = (hour * 60 + minute) * (text[0] == '-' ? -1 : 1);
  return true;
}

static bool moment_value(const Declared *type, sqlite3_stmt *row, int i, int64_t *out) {
  const char *text = (const char *)sqlite3_column_text(row, i);
  size_t len = (size_t)sqlite3_column_bytes(row, i);
  int32_t day = 0;
  int minutes = 0;
  *out = 0;
  if (!text || sqlite3_column_type(row, i) != SQLITE_TEXT) return false;
  if (type->kind == KIND_TIME) return take_time(&text, &len, out) && len == 0;
  if (!take_date(&text, &len, &day)) return false;
  if (type->kind == KIND_DATE) {
    *out = day;
    return len == 0;
  }
  if (len && (text[0] == ' ' || text[0] == 'T')) {
    text++;
    len--;
    if (!take_time(&text, &len, out)) return false;
  } else if (len) {
    return false;
  }
  while (len && text[0] == ' ') text++, len--;
  if (type->kind == KIND_STAMP ? len != 0 : !take_zone(text, len, &minutes)) return false;
  *out += (day * INT64_C(86400) - minutes * INT64_C(60)) * 1000000;
  return true;
}

/* --- Values --- */

static bool put_text(sqlite3_stmt *row, int i, SqlColumn *column, Bytes *scratch) {
  if (sqlite3_column_type(row, i) == SQLITE_FLOAT) {
    scratch->len = 0;
    sql_put_double(scratch, sqlite3_column_double(row, i), false);
    sql_column_text(column, scratch->data, scratch->len);
    return true;
  }
  const void *text = sqlite3_column_type(row, i) == SQLITE_BLOB ? sqlite3_column_blob(row, i) : sqlite3_column_text(row, i);
  sql_column_text(column, text, (size_t)sqlite3_column_bytes(row, i));
  return true;
}

static bool int_value(const Declared *type, sqlite3_stmt *row, int i, int64_t *out) {
  *out = sqlite3_column_int64(row, i);
  if (sqlite3_column_type(row, i) != SQLITE_INTEGER) return false;
  return type->kind == KIND_INT || *out == 0 || *out == 1;
}

static bool real_value(sqlite3_stmt *row, int i, double *out) {
  *out = sqlite3_column_double(row, i);
  if (sqlite3_column_type(row, i) == SQLITE_FLOAT) return true;
  return sqlite3_column_type(row, i) == SQLITE_INTEGER && llabs(sqlite3_column_int64(row, i)) <= INT64_C(1) << 53;
}

bool declared_put(const Declared *type, sqlite3_stmt *row, int i, SqlColumn *column, Bytes *scratch) {
  int64_t number;
  double real;
  __int128 decimal;
  uint8_t truth;
  int32_t day;
  if (sqlite3_column_type(row, i) == SQLITE_NULL) {
    sql_column_null(column);
    return true;
  }
  switch (type->kind) {
    case KIND_BOOL:
      if (!int_value(type, row, i, &number)) return false;
      truth = (uint8_t)number;
      sql_column_fixed(column, &truth);
      return true;
    case KIND_INT:
      if (!int_value(type, row, i, &number)) return false;
      sql_column_fixed(column, &number);
      return true;
    case KIND_REAL:
      if (!real_value(row, i, &real)) return false;
      sql_column_fixed(column, &real);
      return true;
    case KIND_DECIMAL:
      if (!decimal_value(type, row, i, &decimal)) return false;
      sql_column_fixed(column, &decimal);
      return true;
    case KIND_BLOB:
      if (sqlite3_column_type(row, i) != SQLITE_BLOB) return false;
      sql_column_text(column, sqlite3_column_blob(row, i), (size_t)sqlite3_column_bytes(row, i));
      return true;
    case KIND_DATE:
      if (!moment_value(type, row, i, &number)) return false;
      day = (int32_t)number;
      sql_column_fixed(column, &day);
      return true;
    case KIND_TIME: case KIND_STAMP: case KIND_STAMP_ZONED:
      if (!moment_value(type, row, i, &number)) return false;
      sql_column_fixed(column, &number);
      return true;
    case KIND_TEXT: case KIND_UNKNOWN: break;
  }
  return put_text(row, i, column, scratch);
}

bool declared_fits(const Declared *type, sqlite3_stmt *row, int i) {
  int64_t number;
  double real;
  __int128 decimal;
  int own = sqlite3_column_type(row, i);
  if (own == SQLITE_NULL) return true;
  switch (type->kind) {
    case KIND_BOOL: case KIND_INT: return int_value(type, row, i, &number);
    case KIND_REAL: return real_value(row, i, &real);
    case KIND_DECIMAL: return own != SQLITE_BLOB && decimal_value(type, row, i, &decimal);
    case KIND_BLOB: return own == SQLITE_BLOB;
    case KIND_TEXT: return own != SQLITE_BLOB;
    case KIND_UNKNOWN: return true;
    default: return moment_value(type, row, i, &number);
  }
}

void value_shown(sqlite3_stmt *row, int i, Bytes *out) {
  static const char *const names[] = {[SQLITE_INTEGER] = "integer", [SQLITE_FLOAT] = "number", [SQLITE_TEXT] = "text", [SQLITE_BLOB] = "blob"};
  int type = sqlite3_column_type(row, i);
  if (type == SQLITE_BLOB) {
    sql_putf(out, "a blob of %d bytes", sqlite3_column_bytes(row, i));
    return;
  }
  const char *text = (const char *)sqlite3_column_text(row, i);
  int len = text ? sql_shown(text, (size_t)sqlite3_column_bytes(row, i)) : 0;
  sql_putf(out, "the %s '%.*s'", names[type < SQLITE_NULL ? type : SQLITE_TEXT], len, text ? text : "");
}
