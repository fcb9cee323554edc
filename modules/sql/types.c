/* types.c - Arrow's types as the modules of databases see them, and schemas for what they read. */
#include "schema.h"
#include "sql/sql.h"

int sql_option_count(const TableOption *options, uint32_t count, const char *name, int otherwise, int most, TableError *error) {
  const char *text = sql_option(options, count, name);
  if (!text) return otherwise;
  char *end;
  long number = strtol(text, &end, 10);
  if (end == text || *end || number < 1 || number > most) return MODULE_FAIL(error, "@%s = %s: it is a whole number from 1 to %d", name, text, most);
  return (int)number;
}

/* --- Formats --- */

static int64_t unit_of(char letter) { return letter == 's' ? 1 : letter == 'm' ? 1000 : letter == 'u' ? 1000000 : 1000000000; }

static bool has_uuid(const char *metadata) {
  int32_t pairs, len;
  if (!metadata) return false;
  memcpy(&pairs, metadata, 4);
  metadata += 4;
  for (int32_t i = 0; i < pairs * 2; i++) {
    memcpy(&len, metadata, 4);
    if (i % 2 && len == 10 && memcmp(metadata + 4, "arrow.uuid", 10) == 0) return true;
    metadata += 4 + len;
  }
  return false;
}

static SqlType moment_type(const char *format) {
  SqlType unknown = {.kind = SQL_KIND_UNKNOWN};
  char unit = format[1] ? format[2] : 0;
  switch (format[1]) {
    case 'd': return (SqlType){.kind = SQL_KIND_DATE, .width = unit == 'D' ? 4 : 8, .unit = unit == 'D' ? 0 : 1000};
    case 't': return (SqlType){.kind = SQL_KIND_TIME, .width = unit == 's' || unit == 'm' ? 4 : 8, .unit = unit_of(unit)};
    case 's': return (SqlType){.kind = SQL_KIND_STAMP, .width = 8, .unit = unit_of(unit), .zoned = format[3] == ':' && format[4]};
    case 'D': return (SqlType){.kind = SQL_KIND_INT, .width = 8};
    default: return unknown;
  }
}

static SqlType decimal_type(const char *format) {
  SqlType type = {.kind = SQL_KIND_DECIMAL, .width = 16};
  int bits = 128;
  if (sscanf(format, "d:%d,%d,%d", &type.precision, &type.scale, &bits) < 2 || bits > 128) type.kind = SQL_KIND_UNKNOWN;
  type.width = bits / 8;
  return type;
}

SqlType sql_type(const struct ArrowSchema *schema) {
  static const struct {
    char letter;
    SqlType type;
  } letters[] = {
    {'n', {.kind = SQL_KIND_NULL}}, {'b', {.kind = SQL_KIND_BOOL}},
    {'c', {.kind = SQL_KIND_INT, .width = 1}}, {'s', {.kind = SQL_KIND_INT, .width = 2}}, {'i', {.kind = SQL_KIND_INT, .width = 4}}, {'l', {.kind = SQL_KIND_INT, .width = 8}},
    {'C', {.kind = SQL_KIND_UINT, .width = 1}}, {'S', {.kind = SQL_KIND_UINT, .width = 2}}, {'I', {.kind = SQL_KIND_UINT, .width = 4}}, {'L', {.kind = SQL_KIND_UINT, .width = 8}},
    {'f', {.kind = SQL_KIND_FLOAT, .width = 4}}, {'g', {.kind = SQL_KIND_DOUBLE, .width = 8}},
    {'u', {.kind = SQL_KIND_TEXT, .width = 4}}, {'U', {.kind = SQL_KIND_TEXT, .width = 8}}, {'z', {.kind = SQL_KIND_BYTES, .width = 4}}, {'Z', {.kind = SQL_KIND_BYTES, .width = 8}}};
  const char *format = schema->format;
  if (format[0] == '+') {
    bool known = format[1] == 'l' || format[1] == 'L' || format[1] == 'w' || format[1] == 's' || format[1] == 'm';
    return (SqlType){.kind = known ? SQL_KIND_NESTED : SQL_KIND_UNKNOWN};
  }
  if (format[0] == 't') return moment_type(format);
  if (format[0] == 'd') return decimal_type(format);
  if (format[0] == 'w') {
    int fixed = atoi(format + 2);
    return (SqlType){.kind = fixed == 16 && has_uuid(schema->metadata) ? SQL_KIND_UUID : SQL_KIND_BYTES, .fixed = fixed};
  }
  for (size_t i = 0; i < sizeof letters / sizeof *letters && !format[1]; i++)
    if (letters[i].letter == format[0]) return letters[i].type;
  return (SqlType){.kind = SQL_KIND_UNKNOWN};
}

/* --- Schemas --- */

int sql_schema(struct ArrowSchema *out, uint32_t fields) { return schema_make(out, "+s", "", 0, fields) ? 0 : -1; }

/* ARROW:extension:name = arrow.uuid, as the interface lays out metadata: counts and lengths of 32 bits. */
static char *uuid_metadata(void) {
  static const char name[] = "ARROW:extension:name", value[] = "arrow.uuid";
  int32_t pairs = 1, name_len = sizeof name - 1, value_len = sizeof value - 1;
  char *out = malloc(12 + sizeof name + sizeof value);
  if (!out) return NULL;
  memcpy(out, &pairs, 4);
  memcpy(out + 4, &name_len, 4);
  memcpy(out + 8, name, sizeof name - 1);
  memcpy(out + 8 + name_len, &value_len, 4);
  memcpy(out + 12 + name_len, value, sizeof value - 1);
  return out;
}

int sql_schema_field(struct ArrowSchema *schema, uint32_t i, const char *name, const char *format) {
  bool uuid = strcmp(format, SQL_UUID) == 0;
  struct ArrowSchema *field = schema->children[i];
  if (field->release) field->release(field);
  if (!schema_make(field, uuid ? "w:16" : format, name, ARROW_FLAG_NULLABLE, 0)) return -1;
  if (uuid) field->metadata = uuid_metadata();
  return !uuid || field->metadata ? 0 : -1;
}
