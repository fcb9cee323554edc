/* adapter_params.h - reading the values of adapters' parameters. Each gives an error that names the parameter, the value and
 * what was expected. */
#ifndef ENGINE_ADAPTER_PARAMS_H
#define ENGINE_ADAPTER_PARAMS_H

#include "engine/dataset.h"

/* The error "@name cannot be 'value': expected …". */
DcCode param_wrong(const ParamValue *param, const char *expected, DcError *err);
/* A text of one byte ("\\t" is a tab), no line end; empty: 0, where that is allowed. */
DcCode param_byte(const ParamValue *param, bool empty, char *out, DcError *err) DC_MUST_CHECK;
DcCode param_truth(const ParamValue *param, bool *out, DcError *err) DC_MUST_CHECK;
typedef struct ParamChoice {
  const char *name; /* NULL: the end of the list */
  int value;
} ParamChoice;
DcCode param_choose(const ParamValue *param, const ParamChoice *choices, const char *expected, int *out, DcError *err) DC_MUST_CHECK;
/* 0 … most */
DcCode param_whole_number(const ParamValue *param, int64_t most, int64_t *out, DcError *err) DC_MUST_CHECK;
/* Any value but NULL as text, copied to the arena. */
DcCode param_text(const ParamValue *param, Arena *arena, Str *out, DcError *err) DC_MUST_CHECK;

#endif
