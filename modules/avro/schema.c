/* schema.c - schemas as JSON, as trees, and as Arrow types. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "avro.h"

struct AvroSchema {
  yyjson_doc *doc;
  AvroType *root;
  void **owned; /* all that is allocated for the tree */
  size_t count, cap;
};

/* A type that has a name. */
typedef struct Named {
  char full[300];
  char space[300];
  yyjson_val *definition;
  bool open; /* being read: a reference to it now is a recursion */
} Named;

typedef struct Reader {
  AvroSchema *schema;
  Named *named;
  size_t named_count, named_cap;
  size_t types;
  TableError *error;
} Reader;

static void *own(Reader *reader, size_t size) {
  AvroSchema *schema = reader->schema;
  void **owned = module_room(schema->owned, schema->count, &schema->cap, sizeof *owned, SIZE_MAX);
  if (owned) schema->owned = owned;
  void *made = owned ? calloc(1, size + 1) : NULL;
  if (!made) return MODULE_FAIL(reader->error, "no memory left for its schema"), NULL;
  return schema->owned[schema->count++] = made;
}

static char *own_text(Reader *reader, const char *text) {
  char *made = own(reader, strlen(text));
  return made ? strcpy(made, text) : NULL;
}

static const char *text_in(yyjson_val *object, const char *name) {
  const char *text = yyjson_get_str(yyjson_obj_get(object, name));
  return text ? text : "";
}

/* --- Names --- */

static void full_name(const char *name, const char *space, char *out, size_t size) {
  if (strchr(name, '.') || !*space) snprintf(out, size, "%s", name);
  else snprintf(out, size, "%s.%s", space, name);
}

static Named *find_named(Reader *reader, const char *name, const char *space) {
  char full[300];
  full_name(name, space, full, sizeof full);
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < reader->named_count; i++)
      if (strcmp(reader->named[i].full, round ? name : full) == 0) return &reader->named[i];
  return NULL;
}

/* The number of a definition's entry, which is made; -1: the error is set. */
static long add_named(Reader *reader, yyjson_val *definition, const char *space) {
  const char *name = text_in(definition, "name"), *own_space = text_in(definition, "namespace");
  if (!*name) return MODULE_FAIL(reader->error, "its schema has a type without a name");
  Named *all = module_room(reader->named, reader->named_count, &reader->named_cap, sizeof *all, SIZE_MAX);
  if (!all) return MODULE_FAIL(reader->error, "no memory left for its schema");
  reader->named = all;
  Named *named = &all[reader->named_count];
  memset(named, 0, sizeof *named);
  named->definition = definition;
  full_name(name, *own_space ? own_space : space, named->full, sizeof named->full);
  snprintf(named->space, sizeof named->space, "%s", named->full);
  char *dot = strrchr(named->space, '.');
  if (dot) *dot = 0;
  else named->space[0] = 0;
  return (long)reader->named_count++;
}

/* --- Types --- */

static AvroType *read_type(Reader *reader, yyjson_val *json, const char *space, int depth);

static const struct { const char *name; AvroKind kind; const char *format; } primitives[] = {
  {"null", AVRO_NULL, "n"}, {"boolean", AVRO_BOOLEAN, "b"}, {"int", AVRO_INT, "i"}, {"long", AVRO_LONG, "l"}, {"float", AVRO_FLOAT, "f"},
  {"double", AVRO_DOUBLE, "g"}, {"bytes", AVRO_BYTES, "z"}, {"string", AVRO_STRING, "u"}};

static AvroType *new_type(Reader *reader, AvroKind kind, const char *format) {
  if (++reader->types > AVRO_MOST_TYPES) return MODULE_FAIL(reader->error, "its schema has more than %d types", AVRO_MOST_TYPES), NULL;
  AvroType *type = own(reader, sizeof *type);
  if (!type) return NULL;
  type->kind = kind;
  snprintf(type->format, sizeof type->format, "%s", format);
  return type;
}

/* What a primitive or fixed stands for; an unknown meaning, or one that does not fit, counts as none (as the format asks for). */
static void read_meaning(AvroType *type, yyjson_val *json) {
  static const struct { const char *name; AvroKind kind; const char *format; } meanings[] = {
    {"date", AVRO_INT, "tdD"}, {"time-millis", AVRO_INT, "ttm"}, {"time-micros", AVRO_LONG, "ttu"},
    {"timestamp-millis", AVRO_LONG, "tsm:UTC"}, {"timestamp-micros", AVRO_LONG, "tsu:UTC"}, {"timestamp-nanos", AVRO_LONG, "tsn:UTC"},
    {"local-timestamp-millis", AVRO_LONG, "tsm:"}, {"local-timestamp-micros", AVRO_LONG, "tsu:"}, {"local-timestamp-nanos", AVRO_LONG, "tsn:"}};
  const char *meaning = text_in(json, "logicalType");
  for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
    if (type->kind == meanings[i].kind && strcmp(meaning, meanings[i].name) == 0) snprintf(type->format, sizeof type->format, "%s", meanings[i].format);
  if (strcmp(meaning, "decimal") != 0 || (type->kind != AVRO_BYTES && type->kind != AVRO_FIXED)) return;
  int64_t precision = yyjson_get_sint(yyjson_obj_get(json, "precision")), scale = yyjson_get_sint(yyjson_obj_get(json, "scale"));
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) return;
  type->decimal = true;
  snprintf(type->format, sizeof type->format, "d:%d,%d", (int)precision, (int)scale);
}

static bool make_children(Reader *reader, AvroType *type, size_t count) {
  type->children = own(reader, count * sizeof *type->children);
  type->names = own(reader, count * sizeof *type->names);
  type->count = count;
  return type->children && type->names;
}

/* The name of a field: the one that it was written by, where that is no name of Avro. */
static const char *field_name(yyjson_val *field) {
  const char *original = text_in(field, "dcetl.name");
  return *original ? original : text_in(field, "name");
}

static AvroType *read_record(Reader *reader, yyjson_val *json, const char *space, int depth) {
  yyjson_val *fields = yyjson_obj_get(json, "fields"), *field;
  size_t i, count;
  AvroType *type = new_type(reader, AVRO_RECORD, "+s");
  if (!yyjson_is_arr(fields)) return MODULE_FAIL(reader->error, "its schema has a record without fields"), NULL;
  if (!type || !make_children(reader, type, yyjson_arr_size(fields))) return NULL;
  yyjson_arr_foreach(fields, i, count, field) {
    if (!*text_in(field, "name")) return MODULE_FAIL(reader->error, "its schema has a field without a name"), NULL;
    type->names[i] = own_text(reader, field_name(field));
    type->children[i] = read_type(reader, yyjson_obj_get(field, "type"), space, depth + 1);
    if (!type->children[i] || !type->names[i]) return NULL;
  }
  return type;
}

static AvroType *read_enum(Reader *reader, yyjson_val *json) {
  yyjson_val *symbols = yyjson_obj_get(json, "symbols"), *symbol;
  size_t i, count;
  AvroType *type = new_type(reader, AVRO_ENUM, "u");
  if (!type || !make_children(reader, type, yyjson_arr_size(symbols))) return NULL;
  yyjson_arr_foreach(symbols, i, count, symbol) {
    const char *text = yyjson_get_str(symbol);
    type->names[i] = own_text(reader, text ? text : "");
    if (!type->names[i]) return NULL;
  }
  return type;
}

static AvroType *read_fixed(Reader *reader, yyjson_val *json) {
  int64_t size = yyjson_get_sint(yyjson_obj_get(json, "size"));
  AvroType *type = new_type(reader, AVRO_FIXED, "");
  if (!type) return NULL;
  if (size < 0 || size > 1 << 20) return MODULE_FAIL(reader->error, "its schema has a fixed type of %lld bytes", (long long)size), NULL;
  type->size = (uint64_t)size;
  snprintf(type->format, sizeof type->format, "w:%d", (int)size);
  read_meaning(type, json);
  return type;
}

/* The definition of a named type, read anew for each place where it is used. */
static AvroType *read_named(Reader *reader, long number, int depth) {
  Named named = reader->named[number]; /* the list may move */
  const char *kind = text_in(named.definition, "type");
  if (named.open) {
    MODULE_FAIL(reader->error, "its type \"%s\" holds itself, which columns cannot", named.full);
    return NULL;
  }
  reader->named[number].open = true;
  AvroType *type = strcmp(kind, "enum") == 0    ? read_enum(reader, named.definition)
                   : strcmp(kind, "fixed") == 0 ? read_fixed(reader, named.definition)
                                                : read_record(reader, named.definition, named.space, depth);
  reader->named[number].open = false;
  return type;
}

static AvroType *read_container(Reader *reader, yyjson_val *json, bool map, const char *space, int depth) {
  AvroType *type = new_type(reader, map ? AVRO_MAP : AVRO_ARRAY, map ? "+m" : "+l");
  if (!type || !make_children(reader, type, 1)) return NULL;
  type->children[0] = read_type(reader, yyjson_obj_get(json, map ? "values" : "items"), space, depth + 1);
  return type->children[0] ? type : NULL;
}

static const char *branch_name(yyjson_val *branch) {
  if (yyjson_is_str(branch)) return yyjson_get_str(branch);
  const char *name = text_in(branch, "name");
  return *name ? name : text_in(branch, "type");
}

/* [null, T] is T with NULLs; others are structs with a member for each branch, of which one is set. */
static AvroType *read_union(Reader *reader, yyjson_val *json, const char *space, int depth) {
  size_t count = yyjson_arr_size(json), i, n;
  int null_branch = -1;
  yyjson_val *branch;
  yyjson_arr_foreach(json, i, n, branch)
    if (yyjson_is_str(branch) && yyjson_equals_str(branch, "null")) null_branch = (int)i;
  if (!count) return MODULE_FAIL(reader->error, "its schema has an empty union"), NULL;
  if (count == 1 || (count == 2 && null_branch >= 0)) {
    AvroType *type = read_type(reader, yyjson_arr_get(json, count == 2 && null_branch == 0 ? 1 : 0), space, depth + 1);
    if (!type) return NULL;
    if (type->branches || type->kind == AVRO_UNION) return MODULE_FAIL(reader->error, "its schema has a union in a union"), NULL;
    type->branches = (int)count;
    type->null_branch = null_branch;
    return type;
  }
  AvroType *type = new_type(reader, AVRO_UNION, "+s");
  if (!type || !make_children(reader, type, count)) return NULL;
  type->null_branch = null_branch;
  yyjson_arr_foreach(json, i, n, branch) {
    if ((int)i == null_branch) continue;
    type->names[i] = own_text(reader, branch_name(branch));
    type->children[i] = read_type(reader, branch, space, depth + 1);
    if (!type->children[i] || !type->names[i]) return NULL;
    if (type->children[i]->branches || type->children[i]->kind == AVRO_UNION) return MODULE_FAIL(reader->error, "its schema has a union in a union"), NULL;
  }
  return type;
}

static AvroType *read_name(Reader *reader, const char *name, yyjson_val *json, const char *space, int depth) {
  for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++) {
    if (strcmp(name, primitives[i].name) != 0) continue;
    AvroType *type = new_type(reader, primitives[i].kind, primitives[i].format);
    if (type && json) read_meaning(type, json);
    return type;
  }
  Named *named = find_named(reader, name, space);
  if (named) return read_named(reader, named - reader->named, depth);
  MODULE_FAIL(reader->error, "its schema has the unknown type \"%.200s\"", name);
  return NULL;
}

static AvroType *read_type(Reader *reader, yyjson_val *json, const char *space, int depth) {
  if (depth > AVRO_MOST_DEPTH) return MODULE_FAIL(reader->error, "its schema has types more than %d deep", AVRO_MOST_DEPTH), NULL;
  if (yyjson_is_str(json)) return read_name(reader, yyjson_get_str(json), NULL, space, depth);
  if (yyjson_is_arr(json)) return read_union(reader, json, space, depth);
  yyjson_val *inner = yyjson_obj_get(json, "type");
  if (!inner) return MODULE_FAIL(reader->error, "its schema has something that is no type"), NULL;
  if (!yyjson_is_str(inner)) return read_type(reader, inner, space, depth + 1);
  const char *kind = yyjson_get_str(inner);
  if (strcmp(kind, "array") == 0 || strcmp(kind, "map") == 0) return read_container(reader, json, kind[0] == 'm', space, depth);
  if (strcmp(kind, "record") != 0 && strcmp(kind, "error") != 0 && strcmp(kind, "enum") != 0 && strcmp(kind, "fixed") != 0)
    return read_name(reader, kind, json, space, depth);
  long number = add_named(reader, json, space);
  return number < 0 ? NULL : read_named(reader, number, depth);
}

static bool wrap_root(Reader *reader) {
  AvroSchema *schema = reader->schema;
  if (schema->root->kind == AVRO_RECORD && !schema->root->branches) return true;
  AvroType *root = new_type(reader, AVRO_RECORD, "+s");
  if (!root || !make_children(reader, root, 1)) return false;
  root->children[0] = schema->root;
  root->names[0] = own_text(reader, "value");
  schema->root = root;
  return root->names[0];
}

int avro_schema_read(const char *json, size_t len, AvroSchema **out, TableError *error) {
  AvroSchema *schema = calloc(1, sizeof *schema);
  if (!schema) return MODULE_FAIL(error, "no memory left for its schema");
  Reader reader = {.schema = schema, .error = error};
  schema->doc = yyjson_read(json, len, 0);
  if (schema->doc) schema->root = read_type(&reader, yyjson_doc_get_root(schema->doc), "", 0);
  else MODULE_FAIL(error, "its schema is no JSON");
  bool good = schema->root && wrap_root(&reader);
  free(reader.named);
  if (good) *out = schema;
  else avro_schema_free(schema);
  return good ? 0 : MODULE_FAIL(error, "its schema cannot be read");
}

const AvroType *avro_schema_root(const AvroSchema *schema) { return schema->root; }

void avro_schema_free(AvroSchema *schema) {
  if (!schema) return;
  for (size_t i = 0; i < schema->count; i++) free(schema->owned[i]);
  free(schema->owned);
  yyjson_doc_free(schema->doc);
  free(schema);
}
