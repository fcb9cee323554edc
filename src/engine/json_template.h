/* json_template.h - JSON with marks that stand for the values of columns: {"who": "$name$", "n": $count$}. */
#ifndef ENGINE_JSON_TEMPLATE_H
#define ENGINE_JSON_TEMPLATE_H

#include "engine/program.h"

typedef struct JsonTemplate JsonTemplate;

/* Lives in arena, never changes. Marks that name no column stay as text, with a warning where they look like a name. */
DcCode json_template_compile(Engine *engine, Arena *arena, Str text, const Schema *schema, Position pos, const JsonTemplate **out, DcError *err) DC_MUST_CHECK;
/* The names of its top level that are no marks. */
const Str *json_template_names(const JsonTemplate *set, Arena *arena, size_t *count);
/* The object for one record; row[c] is the value of column c. A mark inside of a text is put in as text (NULL as null); one
   that stands alone is a JSON value: a text that is JSON is read, any other is a JSON text. */
DcCode json_template_fill(const JsonTemplate *set, Arena *arena, const Value *row, Value *out, DcError *err) DC_MUST_CHECK;
/* 1 for each column that a mark names. */
const uint8_t *json_template_columns(const JsonTemplate *set);

#endif
