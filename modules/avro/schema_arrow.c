/* schema_arrow.c - schemas to Arrow types and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro.h"
#include "schema.h"

/* --- To Arrow --- */

static bool to_arrow(const AvroType *type, const char *name, bool nullable, struct ArrowSchema *out) {
  size_t children = 0;
  for (size_t i = 0; i < type->count && type->kind != AVRO_ENUM; i++) children += type->children[i] != NULL;
  nullable = nullable || type->branches == 2 || type->kind == AVRO_NULL || (type->kind == AVRO_UNION && type->null_branch >= 0);
  if (!schema_make(out, type->format, name, nullable ? ARROW_FLAG_NULLABLE : 0, type->kind == AVRO_ENUM ? 0 : children)) return false;
  bool good = true;
  if (type->kind == AVRO_ARRAY) {
    good = to_arrow(type->children[0], "item", false, out->children[0]);
  } else if (type->kind == AVRO_MAP) {
    struct ArrowSchema *entries = out->children[0];
    good = schema_make(entries, "+s", "entries", 0, 2) && schema_make(entries->children[0], "u", "key", 0, 0) &&
           to_arrow(type->children[0], "value", false, entries->children[1]);
  } else if (type->kind != AVRO_ENUM) {
    for (size_t i = 0, k = 0; i < type->count && good; i++)
      if (type->children[i]) good = to_arrow(type->children[i], type->names[i], type->kind == AVRO_UNION, out->children[k++]);
  }
  if (!good) schema_release(out);
  return good;
}

int avro_schema_arrow(const AvroType *root, const uint8_t *marks, struct ArrowSchema *out, TableError *error) {
  size_t count = 0, made = 0;
  for (size_t i = 0; i < root->count; i++) count += !marks || marks[i];
  bool good = schema_make(out, "+s", "", 0, count);
  for (size_t i = 0; i < root->count && good; i++) {
    if (marks && !marks[i]) continue;
    good = to_arrow(root->children[i], root->names[i], false, out->children[made++]);
    if (!good) schema_release(out);
  }
  return good ? 0 : MODULE_FAIL(error, "no memory left for its schema");
}

/* --- From Arrow --- */

static void put_text(Bytes *out, const char *text) { bytes_put(out, text, strlen(text)); }

static void put_json(Bytes *out, const char *text) {
  put_text(out, "\"");
  for (const char *p = text; *p; p++) {
    char escaped[8];
    if (*p == '"' || *p == '\\') snprintf(escaped, sizeof escaped, "\\%c", *p);
    else if ((unsigned char)*p < 0x20) snprintf(escaped, sizeof escaped, "\\u%04x", *p);
    else snprintf(escaped, sizeof escaped, "%c", *p);
    put_text(out, escaped);
  }
  put_text(out, "\"");
}

static bool is_name_byte(char c, bool first) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/* A name as Avro allows it: other bytes as _x and two digits. */
static void valid_name(const char *name, Bytes *out) {
  out->len = 0;
  for (const char *p = name; *p; p++) {
    char escaped[8];
    if (is_name_byte(*p, p == name)) snprintf(escaped, sizeof escaped, "%c", *p);
    else snprintf(escaped, sizeof escaped, "_x%02X", (unsigned char)*p);
    put_text(out, escaped);
  }
  if (!*name) put_text(out, "_");
  bytes_zeros(out, 1);
}

typedef struct Printer {
  Bytes *out;
  TableError *error;
  int records; /* made so far: each has a name of its own */
  int depth;
} Printer;

static int put_type(Printer *printer, const struct ArrowSchema *type);

static int put_field(Printer *printer, const struct ArrowSchema *field, const struct ArrowSchema *parent, int64_t number) {
  Bytes name = {0}, other = {0};
  int status = 0;
  valid_name(field->name ? field->name : "", &name);
  for (int64_t i = 0; i < number && status == 0 && !name.failed; i++) {
    valid_name(parent->children[i]->name ? parent->children[i]->name : "", &other);
    if (!other.failed && strcmp((char *)name.data, (char *)other.data) == 0)
      status = MODULE_FAIL(printer->error, "two columns would be called \"%s\"", (char *)name.data);
  }
  if (name.failed || other.failed) status = MODULE_FAIL(printer->error, "no memory left for its schema");
  if (status == 0) {
    put_text(printer->out, "{\"name\":");
    put_json(printer->out, (char *)name.data);
    if (field->name && strcmp(field->name, (char *)name.data) != 0) {
      put_text(printer->out, ",\"dcetl.name\":");
      put_json(printer->out, field->name);
    }
    put_text(printer->out, ",\"type\":");
    status = put_type(printer, field);
    put_text(printer->out, "}");
  }
  bytes_free(&name);
  bytes_free(&other);
  return status;
}

static int put_record(Printer *printer, const struct ArrowSchema *type) {
  char head[80];
  snprintf(head, sizeof head, "{\"type\":\"record\",\"name\":\"record%d\",\"fields\":[", printer->records);
  if (!printer->records++) snprintf(head, sizeof head, "{\"type\":\"record\",\"name\":\"record\",\"fields\":[");
  put_text(printer->out, head);
  for (int64_t i = 0; i < type->n_children; i++) {
    if (i) put_text(printer->out, ",");
    if (put_field(printer, type->children[i], type, i) < 0) return -1;
  }
  put_text(printer->out, "]}");
  return 0;
}

static int put_container(Printer *printer, const struct ArrowSchema *type, const char *kind, const char *member, const struct ArrowSchema *inner) {
  char head[60];
  (void)type;
  snprintf(head, sizeof head, "{\"type\":\"%s\",\"%s\":", kind, member);
  put_text(printer->out, head);
  if (put_type(printer, inner) < 0) return -1;
  put_text(printer->out, "}");
  return 0;
}

/* Types without others inside. "": none of these. */
static void flat_type(Printer *printer, const char *format, char *out, size_t size) {
  static const struct { const char *format, *json; } flat[] = {
    {"n", "\"null\""}, {"b", "\"boolean\""}, {"c", "\"int\""}, {"C", "\"int\""}, {"s", "\"int\""}, {"S", "\"int\""}, {"i", "\"int\""}, {"I", "\"long\""},
    {"l", "\"long\""}, {"L", "\"long\""}, {"f", "\"float\""}, {"g", "\"double\""}, {"u", "\"string\""}, {"U", "\"string\""}, {"z", "\"bytes\""}, {"Z", "\"bytes\""},
    {"tdD", "{\"type\":\"int\",\"logicalType\":\"date\"}"}, {"tdm", "{\"type\":\"int\",\"logicalType\":\"date\"}"},
    {"tts", "{\"type\":\"int\",\"logicalType\":\"time-millis\"}"}, {"ttm", "{\"type\":\"int\",\"logicalType\":\"time-millis\"}"},
    {"ttu", "{\"type\":\"long\",\"logicalType\":\"time-micros\"}"}, {"ttn", "{\"type\":\"long\",\"logicalType\":\"time-micros\"}"},
    {"tDs", "\"long\""}, {"tDm", "\"long\""}, {"tDu", "\"long\""}, {"tDn", "\"long\""}};
  int precision, scale = 0, bits = 128, bytes;
  out[0] = 0;
  for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
    if (strcmp(format, flat[i].format) == 0) snprintf(out, size, "%s", flat[i].json);
  if (strncmp(format, "ts", 2) == 0 && format[2] && format[3] == ':') {
    const char *unit = format[2] == 'u' ? "micros" : format[2] == 'n' ? "nanos" : "millis";
    snprintf(out, size, "{\"type\":\"long\",\"logicalType\":\"%stimestamp-%s\"}", format[4] ? "" : "local-", unit);
  } else if (sscanf(format, "d:%d,%d,%d", &precision, &scale, &bits) >= 2 && bits == 128 && scale >= 0) {
    snprintf(out, size, "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":%d,\"scale\":%d}", precision, scale);
  } else if (sscanf(format, "w:%d", &bytes) == 1) {
    snprintf(out, size, "{\"type\":\"fixed\",\"name\":\"fixed%d\",\"size\":%d}", ++printer->records, bytes);
  }
}

static int put_type(Printer *printer, const struct ArrowSchema *type) {
  const char *format = type->format;
  char flat[160];
  int status = 0;
  bool nullable = (type->flags & ARROW_FLAG_NULLABLE) && strcmp(format, "n") != 0;
  if (++printer->depth > AVRO_MOST_DEPTH) return MODULE_FAIL(printer->error, "columns more than %d deep", AVRO_MOST_DEPTH);
  if (nullable) put_text(printer->out, "[\"null\",");
  flat_type(printer, format, flat, sizeof flat);
  if (flat[0]) put_text(printer->out, flat);
  else if (strcmp(format, "+s") == 0) status = put_record(printer, type);
  else if (strcmp(format, "+l") == 0 || strcmp(format, "+L") == 0 || strncmp(format, "+w:", 3) == 0) status = put_container(printer, type, "array", "items", type->children[0]);
  else if (strcmp(format, "+m") == 0) status = put_container(printer, type, "map", "values", type->children[0]->children[1]);
  else status = MODULE_FAIL(printer->error, "the column \"%s\" has the Arrow type %s, which Avro has not", type->name ? type->name : "", format);
  if (nullable) put_text(printer->out, "]");
  printer->depth--;
  return status;
}

int avro_schema_write(const struct ArrowSchema *type, Bytes *out, TableError *error) {
  Printer printer = {.out = out, .error = error};
  if (put_record(&printer, type) < 0) return -1;
  return out->failed ? MODULE_FAIL(error, "no memory left for its schema") : 0;
}
