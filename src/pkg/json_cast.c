/* json_cast.c - the casts JSON and STRUCT: a JSON text becomes a Structured value. */
#include "pkg/operators.h"
#include "value/json.h"

/* A record of a Columnar dataset becomes a Structured value with the same names. */
static Value without_record(Value object) {
  object.flags &= (uint8_t)~VALUE_RECORD;
  return object;
}

DcCode op_json(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type == TYPE_OBJECT) {
    *result = without_record(args[0]);
    return DC_OK;
  }
  if (args[0].type != TYPE_ARRAY) {
    Str why = {0}, text = value_to_str(cx->arena, args[0]);
    if (!json_read(cx->arena, text, result, &why)) {
      fail_read(cx, args[0], "JSON");
      dc_hint(cx->err, "%.*s", STR_ARG(why));
      return cx->err->code;
    }
    *result = json_wrap(cx->arena, *result);
  } else {
    *result = json_wrap(cx->arena, args[0]);
  }
  return DC_OK;
}
