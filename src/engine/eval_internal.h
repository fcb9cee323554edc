/* eval_internal.h - shared by eval.c and body.c only. */
#ifndef ENGINE_EVAL_INTERNAL_H
#define ENGINE_EVAL_INTERNAL_H

#include "engine/eval.h"

/* The bounds of an EXPR_RANGE; *known is false when one is NULL. */
DcCode eval_range_bounds(EvalContext *cx, const Expr *expr, int64_t *from, int64_t *to, bool *known, DcError *err) DC_MUST_CHECK;

#endif
