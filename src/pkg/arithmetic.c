/* arithmetic.c - arithmetic and bit operators. Integers are 64-bit and never wrap; `/` gives a double. */
#include <math.h>

#include "pkg/operators.h"
#include "value/decimal.h"

DcCode zero_divisor(CallContext *cx, const char *sign, Value *result) {
  *result = value_null();
  if (!cx->record_level) {
    dc_fail(cx->err, "division by zero in %s", sign);
    dc_hint(cx->err, "test the divisor first: y = 0 ? NULL : x / y");
    return cx->err->code;
  }
  cx->zero_divisions++;
  return DC_OK;
}

static DcCode fail_overflow(CallContext *cx, const Value *args, const char *sign, const char *type) {
  Str a = value_to_str(cx->arena, args[0]), b = value_to_str(cx->arena, args[1]);
  dc_fail(cx->err, "%.*s %s %.*s overflows %s", STR_ARG(a), sign, STR_ARG(b), type);
  if (!cx->record_level) dc_hint(cx->err, "a cast of an operand to %s can be larger", type[0] == 'D' ? "DOUBLE" : "DECIMAL or DOUBLE");
  return cx->err->code;
}

/* The three operators that keep the type of their operands. */
typedef struct Arithmetic {
  const char *sign;
  bool (*ints)(int64_t a, int64_t b, int64_t *out); /* true: overflow */
  double (*doubles)(double a, double b);
  bool (*decimals)(Decimal a, Decimal b, Decimal *out);
} Arithmetic;

static bool add_ints(int64_t a, int64_t b, int64_t *out) { return __builtin_add_overflow(a, b, out); }
static bool subtract_ints(int64_t a, int64_t b, int64_t *out) { return __builtin_sub_overflow(a, b, out); }
static bool multiply_ints(int64_t a, int64_t b, int64_t *out) { return __builtin_mul_overflow(a, b, out); }
static double add_doubles(double a, double b) { return a + b; }
static double subtract_doubles(double a, double b) { return a - b; }
static double multiply_doubles(double a, double b) { return a * b; }

static DcCode calculate(CallContext *cx, const Value *args, const Arithmetic *how, Value *result) {
  Value a, b;
  DC_TRY(need_number(cx, args[0], &a));
  DC_TRY(need_number(cx, args[1], &b));
  if (a.type == TYPE_INT && b.type == TYPE_INT) {
    int64_t i;
    if (how->ints(a.as.i, b.as.i, &i)) return fail_overflow(cx, args, how->sign, "64-bit integers");
    *result = value_int(i);
    return DC_OK;
  }
  if (a.type == TYPE_DOUBLE || b.type == TYPE_DOUBLE) {
    double x = 0, y = 0;
    value_to_double(a, &x);
    value_to_double(b, &y);
    *result = value_double(how->doubles(x, y));
    return DC_OK;
  }
  Decimal x, y, z;
  if (!decimal_of_value(a, &x) || !decimal_of_value(b, &y) || !how->decimals(x, y, &z)) return fail_overflow(cx, args, how->sign, "DECIMAL (38 digits)");
  *result = value_decimal(cx->arena, z);
  return DC_OK;
}

DcCode op_add(CallContext *cx, const Value *args, int count, Value *result) {
  static const Arithmetic how = {"+", add_ints, add_doubles, decimal_add};
  (void)count;
  return calculate(cx, args, &how, result);
}

DcCode op_subtract(CallContext *cx, const Value *args, int count, Value *result) {
  static const Arithmetic how = {"-", subtract_ints, subtract_doubles, decimal_subtract};
  (void)count;
  return calculate(cx, args, &how, result);
}

DcCode op_multiply(CallContext *cx, const Value *args, int count, Value *result) {
  static const Arithmetic how = {"*", multiply_ints, multiply_doubles, decimal_multiply};
  (void)count;
  return calculate(cx, args, &how, result);
}

static bool is_zero(Value number) {
  if (number.type == TYPE_DECIMAL) return number.as.decimal->unscaled == 0;
  return number.type == TYPE_INT ? number.as.i == 0 : number.as.d == 0;
}

static bool is_exact(Value a, Value b) { /* a decimal and no double */
  return a.type != TYPE_DOUBLE && b.type != TYPE_DOUBLE && (a.type == TYPE_DECIMAL || b.type == TYPE_DECIMAL);
}

DcCode op_divide(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Value a, b;
  DC_TRY(need_number(cx, args[0], &a));
  DC_TRY(need_number(cx, args[1], &b));
  if (is_zero(b)) return zero_divisor(cx, "/", result);
  if (is_exact(a, b)) {
    Decimal x, y, z;
    if (!decimal_of_value(a, &x) || !decimal_of_value(b, &y) || !decimal_divide(x, y, &z)) return fail_overflow(cx, args, "/", "DECIMAL (38 digits)");
    *result = value_decimal(cx->arena, z);
    return DC_OK;
  }
  double x = 0, y = 1;
  value_to_double(a, &x);
  value_to_double(b, &y);
  *result = value_double(x / y);
  return DC_OK;
}

DcCode op_modulo(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Value a, b;
  DC_TRY(need_number(cx, args[0], &a));
  DC_TRY(need_number(cx, args[1], &b));
  if (is_zero(b)) return zero_divisor(cx, "%", result);
  if (a.type == TYPE_INT && b.type == TYPE_INT) {
    *result = value_int(b.as.i == -1 ? 0 : a.as.i % b.as.i); /* the smallest integer % -1 traps */
    return DC_OK;
  }
  if (is_exact(a, b)) {
    Decimal x, y, z;
    if (!decimal_of_value(a, &x) || !decimal_of_value(b, &y) || !decimal_remainder(x, y, &z)) return fail_overflow(cx, args, "%", "DECIMAL (38 digits)");
    *result = value_decimal(cx->arena, z);
    return DC_OK;
  }
  double x = 0, y = 1;
  value_to_double(a, &x);
  value_to_double(b, &y);
  *result = value_double(fmod(x, y));
  return DC_OK;
}

/* DIV(a, b): the integer quotient, cut off towards zero. */
DcCode fn_div(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Value a, b;
  DC_TRY(need_number(cx, args[0], &a));
  DC_TRY(need_number(cx, args[1], &b));
  if (is_zero(b)) return zero_divisor(cx, "DIV", result);
  if (a.type == TYPE_INT && b.type == TYPE_INT) {
    if (a.as.i == INT64_MIN && b.as.i == -1) return dc_fail(cx->err, "DIV(%lld, -1) overflows 64-bit integers", (long long)a.as.i);
    *result = value_int(a.as.i / b.as.i);
    return DC_OK;
  }
  Decimal x, y, z;
  Value quotient;
  if (is_exact(a, b) && decimal_of_value(a, &x) && decimal_of_value(b, &y) && decimal_remainder(x, y, &z) && decimal_subtract(x, z, &x) && decimal_divide(x, y, &z)) {
    quotient = value_decimal(cx->arena, z);
  } else {
    double p = 0, q = 1;
    value_to_double(a, &p);
    value_to_double(b, &q);
    quotient = value_double(trunc(p / q));
  }
  int64_t i;
  DC_TRY(need_int(cx, quotient, &i));
  *result = value_int(i);
  return DC_OK;
}

DcCode op_power(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  double x, y;
  DC_TRY(need_double(cx, args[0], &x));
  DC_TRY(need_double(cx, args[1], &y));
  *result = value_double(pow(x, y));
  return DC_OK;
}

DcCode op_negate(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Value a;
  DC_TRY(need_number(cx, args[0], &a));
  if (a.type == TYPE_DOUBLE) *result = value_double(-a.as.d);
  else if (a.type == TYPE_DECIMAL) *result = value_decimal(cx->arena, (Decimal){-a.as.decimal->unscaled, a.as.decimal->scale});
  else if (a.as.i == INT64_MIN) return dc_fail(cx->err, "-(%lld) overflows 64-bit integers", (long long)a.as.i);
  else *result = value_int(-a.as.i);
  return DC_OK;
}

DcCode op_plus(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  return need_number(cx, args[0], result);
}

/* --- Bits --- */

DcCode op_bit_not(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t a;
  DC_TRY(need_int(cx, args[0], &a));
  *result = value_int(~a);
  return DC_OK;
}

static DcCode two_ints(CallContext *cx, const Value *args, int64_t *a, int64_t *b) {
  DC_TRY(need_int(cx, args[0], a));
  return need_int(cx, args[1], b);
}

DcCode op_shift_left(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t a, b;
  DC_TRY(two_ints(cx, args, &a, &b));
  *result = value_int((int64_t)((uint64_t)a << (b & 63)));
  return DC_OK;
}

DcCode op_shift_right(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t a, b;
  DC_TRY(two_ints(cx, args, &a, &b));
  *result = value_int(a >> (b & 63));
  return DC_OK;
}

DcCode op_bit_and(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t a, b;
  DC_TRY(two_ints(cx, args, &a, &b));
  *result = value_int(a & b);
  return DC_OK;
}

DcCode op_bit_xor(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t a, b;
  DC_TRY(two_ints(cx, args, &a, &b));
  *result = value_int(a ^ b);
  return DC_OK;
}

DcCode op_bit_or(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t a, b;
  DC_TRY(two_ints(cx, args, &a, &b));
  *result = value_int(a | b);
  return DC_OK;
}
