/* types.c - types of MySQL's columns as Arrow's, and back. */
#include "mysql.h"

static void set(MyColumn *out, const char *format, MyForm form) {
  snprintf(out->format, sizeof out->format, "%s", format);
  out->form = form;
}

/* Whole numbers: signed, then unsigned. */
static void set_int(MyColumn *out, char sign, char no_sign) {
  char format[2] = {out->is_unsigned ? no_sign : sign, 0};
  set(out, format, MY_INT);
}

/* The length counts the digits, the point and the sign. More than 38 digits: text, which keeps them. */
static void set_decimal(const MYSQL_FIELD *field, MyColumn *out) {
  char format[SQL_FORMAT];
  int scale = (int)field->decimals, precision = (int)field->length - (scale > 0) - !out->is_unsigned;
  if (precision < 1 || precision > SQL_MOST_DECIMAL || scale > precision) return;
  snprintf(format, sizeof format, "d:%d,%d", precision, scale);
  set(out, format, MY_DECIMAL);
  out->scale = scale;
}

int my_column(const MYSQL_FIELD *field, bool writing, MyColumn *out) {
  *out = (MyColumn){.name = strdup(field->name), .type = field->type, .is_unsigned = field->flags & UNSIGNED_FLAG, .digits = field->decimals > 6 ? 0 : (int)field->decimals};
  const char *unit = !writing || out->digits > 3 ? "u" : out->digits ? "m" : "s";
  char stamp[SQL_FORMAT];
  snprintf(stamp, sizeof stamp, "ts%s:%s", unit, field->type == MYSQL_TYPE_TIMESTAMP ? "UTC" : "");
  set(out, "u", MY_TEXT);
  switch (field->type) {
    case MYSQL_TYPE_TINY: set_int(out, 'c', 'C'); break;
    case MYSQL_TYPE_SHORT: set_int(out, 's', 'S'); break;
    case MYSQL_TYPE_YEAR: set(out, "S", MY_INT); break;
    case MYSQL_TYPE_INT24: case MYSQL_TYPE_LONG: set_int(out, 'i', 'I'); break;
    case MYSQL_TYPE_LONGLONG: set_int(out, 'l', 'L'); break;
    case MYSQL_TYPE_FLOAT: set(out, "f", MY_FLOATING); break;
    case MYSQL_TYPE_DOUBLE: set(out, "g", MY_FLOATING); break;
    case MYSQL_TYPE_DECIMAL: case MYSQL_TYPE_NEWDECIMAL: set_decimal(field, out); break;
    case MYSQL_TYPE_BIT: set(out, field->length == 1 ? "b" : "L", MY_BIT); break;
    case MYSQL_TYPE_DATE: case MYSQL_TYPE_NEWDATE: set(out, "tdD", MY_DATE); break;
    case MYSQL_TYPE_TIME: case MYSQL_TYPE_TIME2:
      if (!writing) set(out, "ttu", MY_TIME);
      break;
    case MYSQL_TYPE_DATETIME: case MYSQL_TYPE_DATETIME2: case MYSQL_TYPE_TIMESTAMP: case MYSQL_TYPE_TIMESTAMP2: set(out, stamp, MY_STAMP); break;
    case MYSQL_TYPE_GEOMETRY: set(out, "z", MY_BYTES); break;
    default:
      if (field->charsetnr == MY_BINARY && field->type != MYSQL_TYPE_JSON && field->type != MYSQL_TYPE_NULL) set(out, "z", MY_BYTES);
  }
  return out->name ? 0 : -1;
}

bool my_create_type(const SqlType *type, bool key, char *name, size_t size, MyForm *form) {
  static const char *const ints[] = {[1] = "TINYINT", [2] = "SMALLINT", [4] = "INT", [8] = "BIGINT"};
  enum { MOST_SCALE = 30 };
  *form = MY_TEXT;
  switch (type->kind) {
    case SQL_KIND_BOOL: snprintf(name, size, "BOOLEAN"); *form = MY_INT; return true;
    case SQL_KIND_INT: case SQL_KIND_UINT:
      snprintf(name, size, "%s%s", ints[type->width], type->kind == SQL_KIND_UINT ? " UNSIGNED" : "");
      *form = MY_INT;
      return true;
    case SQL_KIND_FLOAT: snprintf(name, size, "FLOAT"); *form = MY_FLOATING; return true;
    case SQL_KIND_DOUBLE: snprintf(name, size, "DOUBLE"); *form = MY_FLOATING; return true;
    case SQL_KIND_DECIMAL:
      snprintf(name, size, "DECIMAL(%d, %d)", type->precision, type->scale < 0 ? 0 : type->scale);
      *form = MY_DECIMAL;
      return type->scale <= MOST_SCALE;
    case SQL_KIND_TEXT: case SQL_KIND_NULL: snprintf(name, size, key ? "VARCHAR(255)" : "LONGTEXT"); return true;
    case SQL_KIND_BYTES: snprintf(name, size, key ? "VARBINARY(255)" : "LONGBLOB"); *form = MY_BYTES; return true;
    case SQL_KIND_UUID: snprintf(name, size, "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin"); return true;
    case SQL_KIND_DATE: snprintf(name, size, "DATE"); *form = MY_DATE; return true;
    case SQL_KIND_TIME: snprintf(name, size, "TIME(6)"); return true;
    case SQL_KIND_STAMP: snprintf(name, size, type->zoned ? "TIMESTAMP(6)" : "DATETIME(6)"); *form = MY_STAMP; return true;
    case SQL_KIND_NESTED: snprintf(name, size, "JSON"); return true;
    case SQL_KIND_UNKNOWN: break;
  }
  return false;
}
