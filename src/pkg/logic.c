/* logic.c - comparison, membership, three-valued logic, choice, and joining of texts.
 *
 * The evaluator short-circuits AND, OR, XOR, the choice and DEFAULT by their Special; the calls here get all operands
 * and agree with it.
 */
#include "pkg/operators.h"

DcCode op_concat(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Str a = value_to_str(cx->arena, args[0]), b = value_to_str(cx->arena, args[1]);
  if (a.len + b.len > UINT32_MAX) return dc_fail(cx->err, "a text of %zu bytes is too long", a.len + b.len);
  char *text = arena_raw(cx->arena, a.len + b.len + 1);
  if (a.len) memcpy(text, a.data, a.len);
  if (b.len) memcpy(text + a.len, b.data, b.len);
  *result = value_str((Str){text, a.len + b.len});
  return DC_OK;
}

static Value truth(int known) { return known < 0 ? value_null() : value_bool(known != 0); }
static Value negated(Value v) { return value_is_null(v) ? v : value_bool(!v.as.b); }

/* 1, 0, or -1 for unknown. What is no boolean and not the text true counts as FALSE. */
static int truth_of(Value v) { return value_is_null(v) ? -1 : value_is_true(v); }

DcCode op_equal(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = truth(value_equal(args[0], args[1]));
  return DC_OK;
}

DcCode op_not_equal(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = negated(truth(value_equal(args[0], args[1])));
  return DC_OK;
}

DcCode op_same(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  bool a = value_is_null(args[0]), b = value_is_null(args[1]);
  *result = value_bool(a || b ? a && b : value_equal(args[0], args[1]) == 1);
  return DC_OK;
}

DcCode op_less(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  int order;
  *result = value_less_order(args[0], args[1], &order) ? value_bool(order < 0) : value_null();
  return DC_OK;
}

DcCode op_less_equal(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  int order;
  *result = value_less_order(args[0], args[1], &order) ? value_bool(order <= 0) : value_null();
  return DC_OK;
}

DcCode op_greater(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  int order;
  *result = value_less_order(args[0], args[1], &order) ? value_bool(order == 1) : value_null();
  return DC_OK;
}

DcCode op_greater_equal(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  int order;
  *result = value_less_order(args[0], args[1], &order) ? value_bool(order == 0 || order == 1) : value_null();
  return DC_OK;
}

DcCode op_in(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = truth(value_in(args[0], args[1]));
  return DC_OK;
}

DcCode op_not_in(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = negated(truth(value_in(args[0], args[1])));
  return DC_OK;
}

DcCode op_is_null(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = value_bool(value_is_null(args[0]));
  return DC_OK;
}

DcCode op_is_not_null(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = value_bool(!value_is_null(args[0]));
  return DC_OK;
}

static int both(int a, int b) { return a == 0 || b == 0 ? 0 : a < 0 || b < 0 ? -1 : 1; }
static int either(int a, int b) { return a == 1 || b == 1 ? 1 : a < 0 || b < 0 ? -1 : 0; }

/* x >= low AND x <= high */
static int between(const Value *args) {
  int order, above = -1, below = -1;
  if (value_less_order(args[0], args[1], &order)) above = order == 0 || order == 1;
  if (value_less_order(args[0], args[2], &order)) below = order <= 0;
  return both(above, below);
}

DcCode op_between(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = truth(between(args));
  return DC_OK;
}

DcCode op_not_between(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = negated(truth(between(args)));
  return DC_OK;
}

DcCode op_not(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = negated(truth(truth_of(args[0])));
  return DC_OK;
}

DcCode op_and(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = truth(both(truth_of(args[0]), truth_of(args[1])));
  return DC_OK;
}

DcCode op_or(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = truth(either(truth_of(args[0]), truth_of(args[1])));
  return DC_OK;
}

DcCode op_xor(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  int a = truth_of(args[0]), b = truth_of(args[1]);
  *result = truth(a < 0 || b < 0 ? -1 : a != b);
  return DC_OK;
}

DcCode op_choice(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = value_is_true(args[0]) && !value_is_null(args[1]) ? args[1] : args[2];
  return DC_OK;
}

DcCode op_default(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = value_is_null(args[0]) ? args[1] : args[0];
  return DC_OK;
}
