/* json_adapter.h - JSON: parameters, evaluated; what reading and writing have for each other. */
#ifndef ENGINE_JSON_ADAPTER_H
#define ENGINE_JSON_ADAPTER_H

#include "engine/node.h"
#include "engine/text_adapter.h"
#include "io/json_scan.h"
#include "value/json.h"

typedef struct JsonOptions {
  TextOptions text; /* files are read as lines of text, or cut into what counts as such */
  JsonLayout layout;
  const Str *array; /* names of members that lead to the array; array_count 0: it is the document */
  size_t array_count;
  const Str *paths; /* of the columns; path_count 0: their names */
  size_t path_count;
  JsonTwice twice;
  bool omit_null;   /* writing: members that are NULL are left out */
  bool numbers;     /* writing: texts that are numbers of JSON are written as such */
} JsonOptions;

extern const Format json_format;
extern const RecordWriter json_writer;

/* A node over one of texts (taken over): each is JSON. count 0: Structured; else Columnar, a path for each name. */
Dataset *json_rows(Dataset *in, Position pos, const Str *names, const Str *paths, size_t count, JsonTwice twice);

/* What stands before the value of each column in an object: ,"name": (the first one without its comma). In arena. */
const Str *json_member_names(Arena *arena, const Schema *schema);

#endif
