/* transform_builtin.c - rows of the built-in transforms, their parameters, and making their plan nodes. */
#include "engine/transform_builtin.h"

#include "engine/reshape_text.h"
#include "engine/structured.h"

static const Parameter to_text_params[] = {
    {"delimiter", TYPE_STRING, "a tab", OPTIONAL, "one byte between fields"},
    {"null", TYPE_STRING, NULL, OPTIONAL, "text that stands for NULL; without it an empty field"},
};
static const Parameter from_text_params[] = {
    {"delimiter", TYPE_STRING, "a tab", OPTIONAL, "one byte between fields"},
    {"null", TYPE_STRING, NULL, OPTIONAL, "unquoted text that stands for NULL"},
    {"ragged", TYPE_STRING, "error", OPTIONAL, "lines with too few fields: error, null"},
};
static const Parameter template_params[] = {
    {"template", TYPE_STRING, NULL, MANDATORY, "JSON with marks: $name$ stands for the value of that attribute"},
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
     .doc = "Fills a JSON template: a mark alone becomes a JSON value, one inside of a text is put in as text.",
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

/* --- Checks --- */

/* All that a transform is called with. */
typedef struct Request {
  const TransformRow *row;
  Dataset *in;
  const ParamValue *params;
  size_t param_count;
  const Str *columns; /* NULL: no VALUE list */
  size_t column_count;
  Position pos; /* of the statement */
} Request;

static DcCode unknown_parameter(const TransformRow *row, const ParamValue *param, DcError *err) {
  Speller speller = speller_start(param->name);
  for (size_t i = 0; i < row->param_count; i++) speller_try(&speller, str_of(row->params[i].name));
  dc_fail_at(err, DC_FAIL, param->pos, "%s has no parameter @%.*s", row->name, STR_ARG(param->name));
  Str near = speller_best(&speller);
  if (near.len) dc_hint(err, "did you mean @%.*s?", STR_ARG(near));
  else dc_hint(err, "dcetl --transforms %s lists them", row->name);
  return err->code;
}

static const ParamValue *param(const Request *request, const char *name) {
  for (size_t i = 0; i < request->param_count; i++)
    if (str_is(request->params[i].name, name)) return &request->params[i];
  return NULL;
}

/* A row of the table, or one of the open names, with something behind their beginning. */
static bool has_parameter(const TransformRow *row, Str name) {
  for (size_t k = 0; k < row->param_count; k++)
    if (str_is(name, row->params[k].name)) return true;
  return row->open_params && name.len > strlen(row->open_params) && str_starts(name, str_of(row->open_params));
}

static DcCode check_params(const Request *request, DcError *err) {
  const TransformRow *row = request->row;
  for (size_t i = 0; i < request->param_count; i++) {
    if (!has_parameter(row, request->params[i].name)) return unknown_parameter(row, &request->params[i], err);
    if (request->params[i].value.type == TYPE_STRING) continue;
    return dc_fail_at(err, DC_FAIL, request->params[i].pos, "@%.*s has to be a text", STR_ARG(request->params[i].name));
  }
  for (size_t k = 0; k < row->param_count; k++)
    if (row->params[k].need == MANDATORY && !param(request, row->params[k].name)) {
      dc_fail(err, "%s needs @%s", row->name, row->params[k].name);
      dc_hint(err, "%s", row->params[k].doc);
      return err->code;
    }
  return DC_OK;
}

/* What leads from the type that is there to the one that is needed. */
static const TransformRow *way_to(const char *have, const char *wanted) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(rows[i].from, have) && !strcmp(rows[i].to, wanted)) return &rows[i];
  return NULL;
}

static DcCode check(const Request *request, DcError *err) {
  const TransformRow *row = request->row;
  const char *have = dataset_type_name(request->in->schema.type);
  if (strcmp(row->from, "any") != 0 && strcmp(row->from, have) != 0) {
    const TransformRow *way = way_to(have, row->from);
    dc_fail(err, "%s takes a %s dataset, this one is %s", row->name, row->from, have);
    if (way) dc_hint(err, "%s makes such a dataset of it", way->name);
    return err->code;
  }
  DC_TRY(check_params(request, err));
  if (row->columns_needed && !request->column_count) {
    dc_fail(err, "%s needs a VALUE list", row->name);
    dc_hint(err, "%s", row->example);
    return err->code;
  }
  for (size_t i = 0; i < request->column_count; i++)
    for (size_t k = 0; k < i; k++)
      if (str_eq(request->columns[i], request->columns[k]) && !str_is(request->columns[i], "_"))
        return dc_fail(err, "the VALUE list names \"%.*s\" twice", STR_ARG(request->columns[i]));
  return DC_OK;
}

/* --- The transforms --- */

static DcCode read_dialect(const Request *request, TextDialect *dialect, Str *null_text, DcError *err) {
  const ParamValue *delimiter = param(request, "delimiter"), *null = param(request, "null");
  *dialect = (TextDialect){.delimiter = '\t', .quote = '"'};
  *null_text = null ? value_get_str(null->value) : (Str){0};
  if (!delimiter) return DC_OK;
  Str text = value_get_str(delimiter->value);
  if (str_is(text, "\\t")) text = (Str){"\t", 1};
  if (text.len != 1 || memchr("\"\r\n", text.data[0], 3))
    return dc_fail_at(err, DC_FAIL, delimiter->pos, "@delimiter is one byte, no quote and no line end");
  dialect->delimiter = text.data[0];
  return DC_OK;
}

static DcCode unknown_column(const Schema *schema, Str name, DcError *err) {
  Speller speller = speller_start(name);
  for (uint32_t i = 0; i < schema->count; i++) speller_try(&speller, schema->names[i]);
  Str near = speller_best(&speller);
  dc_fail(err, "unknown attribute \"%.*s\"", STR_ARG(name));
  if (near.len) dc_hint(err, "did you mean \"%.*s\"?", STR_ARG(near));
  return err->code;
}

static DcCode columnar_to_text(const Request *request, Dataset **out, DcError *err) {
  const Schema *schema = &request->in->schema;
  TextDialect dialect;
  Str null_text;
  DC_TRY(read_dialect(request, &dialect, &null_text, err));
  size_t count = request->columns ? request->column_count : schema->count, n = 0;
  int *columns = dc_alloc((count + 1) * sizeof *columns);
  for (size_t i = 0; i < count && err->code == DC_OK; i++) {
    Str name = request->columns ? request->columns[i] : schema->names[i];
    if (request->columns && str_is(name, "_")) continue;
    int column = request->columns ? schema_column(schema, name) : (int)i;
    if (column < 0 && !str_is(name, "_key")) (void)!unknown_column(schema, name, err);
    columns[n++] = column;
  }
  if (err->code == DC_OK) *out = reshape_to_text(dataset_ref(request->in), &dialect, null_text, columns, n);
  dc_free(columns);
  return err->code;
}

static DcCode text_to_columnar(const Request *request, Dataset **out, DcError *err) {
  const ParamValue *ragged = param(request, "ragged");
  TextDialect dialect;
  Str null_text;
  DC_TRY(read_dialect(request, &dialect, &null_text, err));
  bool as_null = ragged && str_eq_nocase(value_get_str(ragged->value), str_of("null"));
  if (ragged && !as_null && !str_eq_nocase(value_get_str(ragged->value), str_of("error")))
    return dc_fail_at(err, DC_FAIL, ragged->pos, "@ragged is 'error' or 'null'");
  *out = reshape_from_text(dataset_ref(request->in), &dialect, null_text, as_null, request->pos, request->columns, request->column_count);
  return DC_OK;
}

static DcCode columnar_to_structured(const Request *request, Dataset **out, DcError *err) {
  const ParamValue *set = param(request, "template");
  Dataset *in = dataset_ref(request->in);
  DcCode code = structured_fill(in, value_get_str(set->value), set->pos, request->columns, request->column_count, out, err);
  if (code != DC_OK) dataset_unref(in);
  return code;
}

static bool is_listed(const Request *request, Str name) {
  for (size_t i = 0; i < request->column_count; i++)
    if (str_eq(request->columns[i], name)) return true;
  return false;
}

static DcCode structured_to_columnar(const Request *request, Dataset **out, DcError *err) {
  static const Str beginning = {"column_", 7};
  for (size_t i = 0; i < request->param_count; i++) {
    Str name = request->params[i].name;
    if (is_listed(request, str_make(name.data + beginning.len, name.len - beginning.len))) continue;
    dc_fail_at(err, DC_FAIL, request->params[i].pos, "@%.*s: the VALUE list has no such column", STR_ARG(name));
    return err->code;
  }
  Str *names = dc_alloc((request->column_count + 1) * sizeof *names), *paths = dc_alloc((request->column_count + 1) * sizeof *paths);
  size_t n = 0;
  for (size_t i = 0; i < request->column_count; i++) {
    Str name = request->columns[i];
    if (str_is(name, "_")) continue;
    names[n] = paths[n] = name;
    for (size_t k = 0; k < request->param_count; k++) {
      Str given = request->params[k].name;
      if (str_eq(str_make(given.data + beginning.len, given.len - beginning.len), name)) paths[n] = value_get_str(request->params[k].value);
    }
    n++;
  }
  *out = structured_columns(dataset_ref(request->in), names, paths, n);
  dc_free(names);
  dc_free(paths);
  return DC_OK;
}

static DcCode structured_to_json(const Request *request, Dataset **out, DcError *err) {
  Dataset *in = NULL;
  if (request->columns) DC_TRY(dataset_alter_columns(request->in->engine, request->in, request->columns, request->column_count, &in, err));
  *out = structured_print(in ? in : dataset_ref(request->in));
  return DC_OK;
}

static DcCode make(const Request *request, Dataset **out, DcError *err) {
  Str name = str_of(request->row->name);
  if (str_is(name, "columnarToText")) return columnar_to_text(request, out, err);
  if (str_is(name, "textToColumnar")) return text_to_columnar(request, out, err);
  if (str_is(name, "columnarToStructured")) return columnar_to_structured(request, out, err);
  if (str_is(name, "structuredToColumnar")) return structured_to_columnar(request, out, err);
  if (str_is(name, "structuredToJson")) return structured_to_json(request, out, err);
  if (str_is(name, "jsonToStructured")) {
    *out = structured_read(dataset_ref(request->in), request->pos, request->columns, request->column_count);
    return DC_OK;
  }
  if (request->columns) return dataset_alter_columns(request->in->engine, request->in, request->columns, request->column_count, out, err);
  *out = dataset_ref(request->in);
  return DC_OK;
}

DcCode transform_builtin(Engine *engine, Dataset *in, Str name, const ParamValue *params, size_t param_count, const Str *columns,
                         size_t column_count, Dataset **out, DcError *err) {
  const TransformRow *row = find(name);
  if (!row) return dc_fail(err, "unknown transform '%.*s'", STR_ARG(name));
  Request request = {row, in, params, param_count, columns, column_count, engine->statement_pos};
  DC_TRY(check(&request, err));
  return make(&request, out, err);
}
