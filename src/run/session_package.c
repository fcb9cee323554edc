/* session_package.c - functions that ask the session. */
#include "run/session.h"

static DcCode fn_ds_list(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (cx->record_level) return dc_fail(cx->err, "DS_LIST cannot be asked for each record; LET takes it once");
  if (!cx->session.dataset_names) { /* no session, no datasets */
    *result = value_array(cx->arena, NULL, 0);
    return DC_OK;
  }
  return cx->session.dataset_names(cx->session.self, value_to_str(cx->arena, args[0]), cx->arena, result, cx->err);
}

static DcCode fn_ds_attrs(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (cx->record_level) return dc_fail(cx->err, "DS_ATTRS cannot be asked for each record; LET takes it once");
  if (!cx->session.attribute_names) {
    *result = value_array(cx->arena, NULL, 0);
    return DC_OK;
  }
  return cx->session.attribute_names(cx->session.self, value_to_str(cx->arena, args[0]), cx->arena, result, cx->err);
}

static const Function session_functions[] = {
  {.name = "DS_LIST", .signature = "prefix", .min_args = 1, .max_args = 1, .call = fn_ds_list,
   .doc = "The names of the datasets that start with prefix and are longer, in order of creation.",
   .example = "DS_LIST('no such prefix')", .result = "[]"},
  {.name = "DS_ATTRS", .signature = "dataset", .min_args = 1, .max_args = 1, .call = fn_ds_attrs,
   .doc = "The names of the attributes of a dataset, in order; none for plain text.",
   .example = "DS_ATTRS('dual')", .result = "[]"},
};

const Package session_package = {
  .name = "session", .doc = "What the running script knows about itself.",
  .functions = session_functions, .function_count = sizeof session_functions / sizeof *session_functions,
};
