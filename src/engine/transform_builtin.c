/* transform_builtin.c - rows of the built-in transforms, and making their plan nodes. */
#include "engine/transform_builtin.h"

#include "engine/node.h"

static const Parameter to_text_params[] = {
    {"delimiter", TYPE_STRING, "a tab", false, "one byte between fields"},
    {"null", TYPE_STRING, NULL, false, "text that stands for NULL; without it an empty field"},
};
static const Parameter from_text_params[] = {
    {"delimiter", TYPE_STRING, "a tab", false, "one byte between fields"},
    {"null", TYPE_STRING, NULL, false, "unquoted text that stands for NULL"},
    {"ragged", TYPE_STRING, "error", false, "lines with too few fields: error, null"},
};
static const Parameter template_params[] = {
    {"template", TYPE_STRING, NULL, true, "JSON with marks: $name$ stands for the value of that attribute"},
};

#define PARAMS(list) .params = list, .param_count = sizeof list / sizeof *list

static const TransformRow rows[] = {
    {.name = "passthru", .from = "any", .to = "any", .in_alter = true, .in_call = true,
     .doc = "Keeps records as they are; a VALUE list chooses and orders the attributes.",
     .example = "ALTER \"ds\" passthru VALUE (\"a\", \"b\");"},
    {.name = "columnarToText", .from = "Columnar", .to = "PlainText", .in_alter = true, .in_call = true, PARAMS(to_text_params),
     .doc = "One line of delimited text for each record; \"_key\" in the VALUE list writes the key.",
     .example = "ALTER \"ds\" columnarToText(@delimiter = ',') VALUE (\"_key\", \"a\");"},
    {.name = "textToColumnar", .from = "PlainText", .to = "Columnar", .in_alter = true, .in_call = true, .columns_needed = true, PARAMS(from_text_params),
     .doc = "Cuts lines of delimited text into columns; \"_\" skips a field.",
     .example = "ALTER \"lines\" textToColumnar(@delimiter = ',') VALUE (\"id\", \"_\", \"name\");"},
    {.name = "columnarToStructured", .from = "Columnar", .to = "Structured", .in_alter = true, .in_call = true, PARAMS(template_params),
     .doc = "Fills a JSON template; a mark alone is a JSON value, one in a text is put in as text.",
     .example = "ALTER \"ds\" columnarToStructured(@template = '\\{\"who\": \"$name$\", \"n\": $n$\\}');"},
    {.name = "structuredToColumnar", .from = "Structured", .to = "Columnar", .in_alter = true, .in_call = true, .columns_needed = true, .open_params = "column_",
     .doc = "One column for each name of the VALUE list, found by @column_<name>, or by the name itself.",
     .example = "ALTER \"s\" structuredToColumnar(@column_lat = 'geometry.coordinates[1]') VALUE (\"name\", \"lat\");"},
    {.name = "jsonToStructured", .from = "PlainText", .to = "Structured", .in_alter = true, .in_call = true,
     .doc = "Reads one JSON value from each line; the VALUE list declares names. Blank lines are left out.",
     .example = "ALTER \"lines\" jsonToStructured VALUE (\"properties\", \"geometry\");"},
    {.name = "structuredToJson", .from = "Structured", .to = "PlainText", .in_alter = true, .in_call = true,
     .doc = "One line of compact JSON for each record; a VALUE list chooses the top-level names.",
     .example = "ALTER \"s\" structuredToJson;"},
};

const TransformRow *transform_rows(size_t *count) {
  *count = sizeof rows / sizeof *rows;
  return rows;
}

static const TransformRow *find(Str name) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (str_is(name, rows[i].name)) return &rows[i];
  return NULL;
}

bool transform_is_builtin(Str name) { return find(name) != NULL; }

DcCode transform_builtin(Engine *engine, Dataset *in, Str name, const ParamValue *params, size_t param_count, const Str *columns,
                         size_t column_count, Dataset **out, DcError *err) {
  const TransformRow *row = find(name);
  (void)params;
  if (!row || row != &rows[0]) return dc_fail(err, "the transform %.*s is not in this version", STR_ARG(name));
  if (param_count) return dc_fail_at(err, DC_FAIL, params[0].pos, "%s has no parameter @%.*s", row->name, STR_ARG(params[0].name));
  if (columns) return dataset_alter_columns(engine, in, columns, column_count, out, err);
  *out = dataset_ref(in);
  return DC_OK;
}
