/* adapter_params.c - reading the values of adapters' parameters. */
#include "engine/adapter_params.h"

DcCode param_wrong(const ParamValue *param, const char *expected, DcError *err) {
  Buf text = {0};
  value_print(&text, param->value);
  dc_fail_at(err, DC_FAIL, param->pos, "@%.*s cannot be '%.*s': expected %s", STR_ARG(param->name), (int)text.len, text.data, expected);
  buf_free(&text);
  return err->code;
}

DcCode param_byte(const ParamValue *param, bool empty, char *out, DcError *err) {
  Str text = param->value.type == TYPE_STRING ? value_get_str(param->value) : (Str){"", 0};
  if (param->value.type == TYPE_NULL && empty) text = (Str){"", 0};
  else if (param->value.type != TYPE_STRING) return param_wrong(param, "a text of one byte", err);
  if (str_is(text, "\\t")) text = (Str){"\t", 1};
  if (text.len > 1 || (text.len == 0 && !empty)) return param_wrong(param, "a text of one byte", err);
  if (text.len && (text.data[0] == '\n' || text.data[0] == '\r')) return param_wrong(param, "no line end", err);
  *out = text.len ? text.data[0] : 0;
  return DC_OK;
}

DcCode param_truth(const ParamValue *param, bool *out, DcError *err) {
  Value value = param->value;
  bool text = value.type == TYPE_STRING && (str_eq_nocase(value_get_str(value), str_of("true")) || str_eq_nocase(value_get_str(value), str_of("false")));
  if (value.type != TYPE_BOOL && !text) return param_wrong(param, "TRUE or FALSE", err);
  *out = value_is_true(value);
  return DC_OK;
}

DcCode param_choose(const ParamValue *param, const ParamChoice *choices, const char *expected, int *out, DcError *err) {
  if (param->value.type == TYPE_STRING)
    for (; choices->name; choices++) {
      *out = choices->value;
      if (str_eq_nocase(value_get_str(param->value), str_of(choices->name))) return DC_OK;
    }
  return param_wrong(param, expected, err);
}

DcCode param_whole_number(const ParamValue *param, int64_t most, int64_t *out, DcError *err) {
  Value number;
  if (!value_to_number(param->value, &number) || number.type != TYPE_INT || number.as.i < 0 || number.as.i > most)
    return param_wrong(param, "a whole number, not negative", err);
  *out = number.as.i;
  return DC_OK;
}

DcCode param_text(const ParamValue *param, Arena *arena, Str *out, DcError *err) {
  if (param->value.type == TYPE_NULL) return param_wrong(param, "a text", err);
  *out = value_to_str(arena, param->value);
  *out = arena_str(arena, *out);
  return DC_OK;
}
