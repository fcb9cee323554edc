/* text_adapter.c - parameters of the adapters of delimited text and of lines. */
#include "engine/text_adapter.h"

#include "engine/adapter_params.h"
#include "engine/load.h"

static void defaults(const AdapterRow *row, bool writing, void *own) {
  TextOptions *out = own;
  Str name = str_of(row->adapter.name);
  bool csv = str_is(name, "csv"), tsv = str_is(name, "tsv");
  out->plain = str_is(name, "text") || str_is(name, "hadoopText") || str_is(name, "s3directText");
  out->header = csv || tsv || str_is(name, "s3directColumnar");
  out->dialect = (TextDialect){.delimiter = csv ? ',' : '\t', .quote = '"'};
  out->dialect.plain = out->plain && !writing;
  out->extra = csv || tsv ? MISMATCH_ERROR : MISMATCH_IGNORE;
}

static DcCode apply(const ParamValue *param, Arena *arena, void *own, DcError *err) {
  static const ParamChoice ragged[] = {{"error", MISMATCH_ERROR}, {"null", MISMATCH_NULL}, {NULL, 0}};
  static const ParamChoice extra[] = {{"error", MISMATCH_ERROR}, {"ignore", MISMATCH_IGNORE}, {NULL, 0}};
  TextOptions *out = own;
  Str name = param->name;
  int choice = 0;
  int64_t number = 0;
  if (str_is(name, "delimiter")) return param_byte(param, false, &out->dialect.delimiter, err);
  if (str_is(name, "quote")) return param_byte(param, true, &out->dialect.quote, err);
  if (str_is(name, "escape")) return param_byte(param, true, &out->dialect.escape, err);
  if (str_is(name, "comment")) return param_byte(param, true, &out->comment, err);
  if (str_is(name, "header") || str_is(name, "schema_from_file")) return param_truth(param, &out->header, err);
  if (str_is(name, "null")) return param_text(param, arena, &out->null_text, err);
  if (str_is(name, "encoding")) return param_text(param, arena, &out->encoding, err);
  if (str_is(name, "ragged")) {
    DC_TRY(param_choose(param, ragged, "'error' or 'null'", &choice, err));
    out->ragged = (OnMismatch)choice;
    return DC_OK;
  }
  if (str_is(name, "extra")) {
    DC_TRY(param_choose(param, extra, "'error' or 'ignore'", &choice, err));
    out->extra = (OnMismatch)choice;
    return DC_OK;
  }
  DC_TRY(param_whole_number(param, INT64_MAX, &number, err)); /* @skip */
  out->skip = (uint64_t)number;
  return DC_OK;
}

static DcCode check(void *own, Position pos, bool writing, DcError *err) {
  const TextOptions *options = own;
  (void)writing;
  if (!options->dialect.quote || options->dialect.quote != options->dialect.delimiter) return DC_OK;
  dc_fail_at(err, DC_FAIL, pos, "delimiter and quote are the same byte");
  dc_hint(err, "@quote = '' is for text without quotes");
  return err->code;
}

const Format text_format = {.options_size = sizeof(TextOptions), .defaults = defaults, .apply = apply, .check = check,
                            .source = &text_source, .writer = &text_writer};
