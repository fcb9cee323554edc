/* adapter.c - rows of the text adapters, and reading their parameters. */
#include "engine/adapter.h"

#include <ctype.h>
#include <stdio.h>

#define COMMON                                                                                                             \
  {"codec", TYPE_STRING, NULL, false, "none, gzip or zstd; without it the file's suffix decides"}
static const Parameter columnar_params[] = {
    {"delimiter", TYPE_STRING, NULL, false, "one byte between fields"},
    {"header", TYPE_BOOL, NULL, false, "the first row names the columns"},
    {"schema_from_file", TYPE_BOOL, "FALSE", false, "as header, the name of 5.5 (reading)"},
    {"quote", TYPE_STRING, "\"", false, "one byte, or empty for no quoting"},
    {"escape", TYPE_STRING, NULL, false, "one byte that takes the next byte as it is"},
    {"null", TYPE_STRING, NULL, false, "unquoted text that stands for NULL"},
    {"ragged", TYPE_STRING, "error", false, "rows with too few fields: error, null (reading)"},
    {"extra", TYPE_STRING, NULL, false, "rows with too many fields: error, ignore (reading)"},
    {"comment", TYPE_STRING, NULL, false, "lines that begin with this byte are left out (reading)"},
    {"skip", TYPE_INT, "0", false, "lines to leave out before the header (reading)"},
    {"encoding", TYPE_STRING, "UTF-8", false, "UTF-8 or another name that iconv knows (reading)"},
    COMMON,
    {"level", TYPE_INT, NULL, false, "of compression (writing)"},
    {"mode", TYPE_STRING, "error", false, "what an existing target means: error, overwrite, append, ignore (writing)"},
    {"single", TYPE_BOOL, "FALSE", false, "one file for each dataset (writing)"},
};
static const Parameter plain_params[] = {
    {"delimiter", TYPE_STRING, NULL, false, "one byte between fields of a Columnar dataset (writing)"},
    COMMON,
    {"encoding", TYPE_STRING, "UTF-8", false, "UTF-8 or another name that iconv knows (reading)"},
    {"skip", TYPE_INT, "0", false, "lines to leave out (reading)"},
    {"comment", TYPE_STRING, NULL, false, "lines that begin with this byte are left out (reading)"},
    {"null", TYPE_STRING, NULL, false, "text that stands for NULL (writing)"},
    {"level", TYPE_INT, NULL, false, "of compression (writing)"},
    {"mode", TYPE_STRING, "error", false, "what an existing target means: error, overwrite, append, ignore (writing)"},
    {"single", TYPE_BOOL, "FALSE", false, "one file for each dataset (writing)"},
};
#undef COMMON

#define COLUMNAR .reads = true, .writes = true, .params = columnar_params, .param_count = sizeof columnar_params / sizeof *columnar_params
#define PLAIN .reads = true, .writes = true, .params = plain_params, .param_count = sizeof plain_params / sizeof *plain_params

static const Adapter rows[] = {
    {"csv", "Comma separated text with a header line (RFC 4180).", "CREATE \"flights\" csv(@null = 'NA') FROM 'flights.csv.gz';", COLUMNAR},
    {"tsv", "Tab separated text with a header line.", "CREATE \"t\" tsv FROM 'data/*.tsv';", COLUMNAR},
    {"textColumnar", "Delimited text, tab by default, no header: columns by a VALUE list (name of 5.5).",
     "CREATE t textColumnar(@delimiter = ',') VALUE (id, _, name) FROM 'data.csv';", COLUMNAR},
    {"text", "Lines of text, opaque (PlainText).", "CREATE \"log\" text FROM 'log/*.txt.zst';", PLAIN},
    {"hadoopText", "Lines of text; writes Columnar too, tab separated (name of 5.5).", "COPY signals hadoopText() INTO 'out';", PLAIN},
};

const Adapter *adapters(size_t *count) {
  *count = sizeof rows / sizeof *rows;
  return rows;
}

static DcCode find(Str name, Position pos, const Adapter **out, DcError *err) {
  Speller speller = speller_start(name);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    *out = &rows[i];
    if (str_is(name, rows[i].name)) return DC_OK;
    speller_try(&speller, str_of(rows[i].name));
  }
  dc_fail_at(err, DC_FAIL, pos, "unknown adapter \"%.*s\"", STR_ARG(name));
  Str near = speller_best(&speller);
  if (near.len) dc_hint(err, "did you mean %.*s?", STR_ARG(near));
  else dc_hint(err, "SHOW ADAPTERS lists them");
  return err->code;
}

static bool known(const Adapter *adapter, Str name) {
  for (size_t i = 0; i < adapter->param_count; i++)
    if (str_is(name, adapter->params[i].name)) return true;
  return false;
}

static DcCode unknown_parameter(const Adapter *adapter, const ParamValue *param, DcError *err) {
  Speller speller = speller_start(param->name);
  for (size_t i = 0; i < adapter->param_count; i++) speller_try(&speller, str_of(adapter->params[i].name));
  dc_fail_at(err, DC_FAIL, param->pos, "%s has no parameter @%.*s", adapter->name, STR_ARG(param->name));
  Str near = speller_best(&speller);
  if (near.len) dc_hint(err, "did you mean @%.*s?", STR_ARG(near));
  else dc_hint(err, "dcetl --adapters %s lists them", adapter->name);
  return err->code;
}

static DcCode wrong(const ParamValue *param, const char *expected, DcError *err) {
  Buf text = {0};
  value_print(&text, param->value);
  dc_fail_at(err, DC_FAIL, param->pos, "@%.*s cannot be '%.*s': expected %s", STR_ARG(param->name), (int)text.len, text.data, expected);
  buf_free(&text);
  return err->code;
}

static DcCode one_byte(const ParamValue *param, bool empty, char *out, DcError *err) {
  Str text = param->value.type == TYPE_STRING ? value_get_str(param->value) : (Str){"", 0};
  if (param->value.type == TYPE_NULL && empty) text = (Str){"", 0};
  else if (param->value.type != TYPE_STRING) return wrong(param, "a text of one byte", err);
  if (str_is(text, "\\t")) text = (Str){"\t", 1};
  if (text.len > 1 || (text.len == 0 && !empty)) return wrong(param, "a text of one byte", err);
  if (text.len && (text.data[0] == '\n' || text.data[0] == '\r')) return wrong(param, "no line end", err);
  *out = text.len ? text.data[0] : 0;
  return DC_OK;
}

static DcCode truth(const ParamValue *param, bool *out, DcError *err) {
  Value value = param->value;
  bool text = value.type == TYPE_STRING && (str_eq_nocase(value_get_str(value), str_of("true")) || str_eq_nocase(value_get_str(value), str_of("false")));
  if (value.type != TYPE_BOOL && !text) return wrong(param, "TRUE or FALSE", err);
  *out = value_is_true(value);
  return DC_OK;
}

typedef struct Choice {
  const char *name;
  int value;
} Choice;

static DcCode choose(const ParamValue *param, const Choice *choices, const char *expected, int *out, DcError *err) {
  if (param->value.type == TYPE_STRING)
    for (; choices->name; choices++) {
      *out = choices->value;
      if (str_eq_nocase(value_get_str(param->value), str_of(choices->name))) return DC_OK;
    }
  return wrong(param, expected, err);
}

static DcCode whole_number(const ParamValue *param, int64_t most, int64_t *out, DcError *err) {
  Value number;
  if (!value_to_number(param->value, &number) || number.type != TYPE_INT || number.as.i < 0 || number.as.i > most)
    return wrong(param, "a whole number, not negative", err);
  *out = number.as.i;
  return DC_OK;
}

static DcCode text_value(const ParamValue *param, Arena *arena, Str *out, DcError *err) {
  if (param->value.type == TYPE_NULL) return wrong(param, "a text", err);
  *out = value_to_str(arena, param->value);
  *out = arena_str(arena, *out);
  return DC_OK;
}

static DcCode apply_written(const ParamValue *param, Arena *arena, TextOptions *out, DcError *err) {
  static const Choice modes[] = {{"error", STAGE_ERROR}, {"overwrite", STAGE_OVERWRITE}, {"append", STAGE_APPEND}, {"ignore", STAGE_IGNORE}, {NULL, 0}};
  int choice = 0;
  int64_t number = 0;
  Str name;
  if (str_is(param->name, "mode")) {
    DC_TRY(choose(param, modes, "'error', 'overwrite', 'append' or 'ignore'", &choice, err));
    out->mode = (StageMode)choice;
  } else if (str_is(param->name, "single")) {
    DC_TRY(truth(param, &out->single, err));
  } else if (str_is(param->name, "level")) {
    DC_TRY(whole_number(param, 22, &number, err));
    out->level = (int)number;
  } else {
    DC_TRY(text_value(param, arena, &name, err));
    if (codec_by_name(name, &out->output_codec, err) != DC_OK) return dc_position(err, param->pos);
    out->codec = name.data;
  }
  return DC_OK;
}

static DcCode apply(const ParamValue *param, Arena *arena, TextOptions *out, DcError *err) {
  static const Choice ragged[] = {{"error", MISMATCH_ERROR}, {"null", MISMATCH_NULL}, {NULL, 0}};
  static const Choice extra[] = {{"error", MISMATCH_ERROR}, {"ignore", MISMATCH_IGNORE}, {NULL, 0}};
  Str name = param->name;
  int choice = 0;
  int64_t number = 0;
  if (str_is(name, "delimiter")) return one_byte(param, false, &out->dialect.delimiter, err);
  if (str_is(name, "quote")) return one_byte(param, true, &out->dialect.quote, err);
  if (str_is(name, "escape")) return one_byte(param, true, &out->dialect.escape, err);
  if (str_is(name, "comment")) return one_byte(param, true, &out->comment, err);
  if (str_is(name, "header") || str_is(name, "schema_from_file")) return truth(param, &out->header, err);
  if (str_is(name, "null")) return text_value(param, arena, &out->null_text, err);
  if (str_is(name, "encoding")) return text_value(param, arena, &out->encoding, err);
  if (str_is(name, "ragged")) {
    DC_TRY(choose(param, ragged, "'error' or 'null'", &choice, err));
    out->ragged = (OnMismatch)choice;
    return DC_OK;
  }
  if (str_is(name, "extra")) {
    DC_TRY(choose(param, extra, "'error' or 'ignore'", &choice, err));
    out->extra = (OnMismatch)choice;
    return DC_OK;
  }
  if (str_is(name, "skip")) {
    DC_TRY(whole_number(param, INT64_MAX, &number, err));
    out->skip = (uint64_t)number;
    return DC_OK;
  }
  return apply_written(param, arena, out, err);
}

static DcCode same_bytes(Position pos, DcError *err) {
  dc_fail_at(err, DC_FAIL, pos, "delimiter and quote are the same byte");
  dc_hint(err, "@quote = '' is for text without quotes");
  return err->code;
}

DcCode text_options(Str adapter, Position pos, const ParamValue *params, size_t count, bool writing, Arena *arena, TextOptions *out, DcError *err) {
  memset(out, 0, sizeof *out);
  DC_TRY(find(adapter, pos, &out->adapter, err));
  bool csv = str_is(adapter, "csv"), tsv = str_is(adapter, "tsv"), text = str_is(adapter, "text");
  out->plain = text || str_is(adapter, "hadoopText");
  out->header = csv || tsv;
  out->dialect = (TextDialect){.delimiter = csv ? ',' : '\t', .quote = '"'};
  out->dialect.plain = out->plain && !writing;
  out->extra = csv || tsv ? MISMATCH_ERROR : MISMATCH_IGNORE;
  out->extension = csv ? ".csv" : tsv ? ".tsv" : text ? ".txt" : "";
  for (size_t i = 0; i < count; i++) {
    if (!known(out->adapter, params[i].name)) return unknown_parameter(out->adapter, &params[i], err);
    DC_TRY(apply(&params[i], arena, out, err));
  }
  if (out->dialect.quote && out->dialect.quote == out->dialect.delimiter)
    return same_bytes(pos, err);
  return DC_OK;
}
