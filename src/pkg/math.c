/* math.c - functions on numbers; all calculate with doubles. MIN, MAX, MEAN, MEDIAN take any number of arguments and
   double as aggregates when they have one. */
#include <math.h>
#include <stdlib.h>

#include "pkg/operators.h"
#include "pkg/packages.h"

/* One argument in, one double out. */
static DcCode apply(CallContext *cx, const Value *args, double (*function)(double), Value *result) {
  double x;
  DC_TRY(need_double(cx, args[0], &x));
  *result = value_double(function(x));
  return DC_OK;
}

static double sign_of(double x) { return isnan(x) ? x : x > 0 ? 1 : x < 0 ? -1 : x; }
static double radians(double x) { return x / 180 * M_PI; }
static double degrees(double x) { return x * 180 / M_PI; }

static DcCode fn_abs(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, fabs, result); }
static DcCode fn_ceil(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, ceil, result); }
static DcCode fn_floor(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, floor, result); }
static DcCode fn_sign(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, sign_of, result); }
static DcCode fn_sin(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, sin, result); }
static DcCode fn_cos(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, cos, result); }
static DcCode fn_tan(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, tan, result); }
static DcCode fn_sinh(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, sinh, result); }
static DcCode fn_cosh(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, cosh, result); }
static DcCode fn_tanh(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, tanh, result); }
static DcCode fn_asin(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, asin, result); }
static DcCode fn_acos(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, acos, result); }
static DcCode fn_atan(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, atan, result); }
static DcCode fn_ln(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, log, result); }
static DcCode fn_lg(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, log10, result); }
static DcCode fn_rad(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, radians, result); }
static DcCode fn_deg(CallContext *cx, const Value *args, int count, Value *result) { (void)count; return apply(cx, args, degrees, result); }

static DcCode fn_round(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  double x;
  int64_t i;
  if (args[0].type == TYPE_INT) {
    *result = args[0];
    return DC_OK;
  }
  DC_TRY(need_double(cx, args[0], &x));
  double below = floor(x);
  DC_TRY(need_int(cx, value_double(x - below >= 0.5 ? below + 1 : below), &i));
  *result = value_int(i);
  return DC_OK;
}

static DcCode fn_log(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  double base, x;
  DC_TRY(need_double(cx, args[0], &base));
  DC_TRY(need_double(cx, args[1], &x));
  double value = base == 10 ? log10(x) : base == 2 ? log2(x) : log(x) / log(base);
  *result = value_double(value);
  return DC_OK;
}

static DcCode fn_atan2(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  double y, x;
  DC_TRY(need_double(cx, args[0], &y));
  DC_TRY(need_double(cx, args[1], &x));
  *result = value_double(atan2(y, x));
  return DC_OK;
}

static DcCode fn_e(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)args, (void)count;
  *result = value_double(M_E);
  return DC_OK;
}

static DcCode fn_pi(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)args, (void)count;
  *result = value_double(M_PI);
  return DC_OK;
}

/* --- Many numbers --- */

/* NaN where there is one, as IEEE has it. */
static DcCode extreme(CallContext *cx, const Value *args, int count, double sign, Value *result) {
  double best = 0, x;
  for (int i = 0; i < count; i++) {
    DC_TRY(need_double(cx, args[i], &x));
    if (i == 0 || isnan(x) || sign * x > sign * best) best = x;
    if (isnan(x)) break;
  }
  *result = count ? value_double(best) : value_null();
  return DC_OK;
}

static DcCode fn_max(CallContext *cx, const Value *args, int count, Value *result) { return extreme(cx, args, count, 1, result); }
static DcCode fn_min(CallContext *cx, const Value *args, int count, Value *result) { return extreme(cx, args, count, -1, result); }

/* The numbers of values in the arena; *any_null tells that one is NULL. */
static DcCode read_numbers(CallContext *cx, const Value *values, size_t count, double **out, bool *any_null) {
  *out = arena_raw(cx->arena, (count + 1) * sizeof **out);
  *any_null = false;
  for (size_t i = 0; i < count; i++) {
    if (value_is_null(values[i])) *any_null = true;
    else DC_TRY(need_double(cx, values[i], &(*out)[i]));
  }
  return DC_OK;
}

static DcCode mean_of(CallContext *cx, const Value *values, size_t count, Value *result) {
  double *numbers, sum = 0;
  bool any_null;
  DC_TRY(read_numbers(cx, values, count, &numbers, &any_null));
  *result = value_null();
  if (any_null || !count) return DC_OK;
  for (size_t i = 0; i < count; i++) sum += numbers[i];
  *result = value_double(sum / (double)count);
  return DC_OK;
}

static int by_size(const void *a, const void *b) {
  return value_total_order(value_double(*(const double *)a), value_double(*(const double *)b));
}

static DcCode median_of(CallContext *cx, const Value *values, size_t count, Value *result) {
  double *numbers;
  bool any_null;
  DC_TRY(read_numbers(cx, values, count, &numbers, &any_null));
  *result = value_null();
  if (any_null || !count) return DC_OK;
  qsort(numbers, count, sizeof *numbers, by_size);
  double middle = numbers[count / 2];
  *result = value_double(count % 2 ? middle : (numbers[count / 2 - 1] + middle) / 2);
  return DC_OK;
}

static DcCode fn_mean(CallContext *cx, const Value *args, int count, Value *result) { return mean_of(cx, args, (size_t)count, result); }
static DcCode fn_median(CallContext *cx, const Value *args, int count, Value *result) { return median_of(cx, args, (size_t)count, result); }

static DcCode fn_arr_mean(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type != TYPE_ARRAY) return mean_of(cx, args, 1, result);
  return mean_of(cx, args[0].as.array->items, args[0].as.array->count, result);
}

static DcCode fn_arr_median(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  if (args[0].type != TYPE_ARRAY) return median_of(cx, args, 1, result);
  return median_of(cx, args[0].as.array->items, args[0].as.array->count, result);
}

static const Function rows[] = {
    {.name = "ABS", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_abs, .doc = "The size without the sign.", .example = "ABS(-2)", .result = "2.0"},
    {.name = "CEIL", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_ceil, .doc = "The nearest whole number that is not less.", .example = "CEIL(1.2)", .result = "2.0"},
    {.name = "FLOOR", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_floor, .doc = "The nearest whole number that is not greater.", .example = "FLOOR(-1.2)", .result = "-2.0"},
    {.name = "ROUND", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_round, .doc = "The nearest integer; halves go up.", .example = "ROUND(2.5)", .result = "3"},
    {.name = "SIGN", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_sign, .doc = "-1, 0 or 1, by the sign.", .example = "SIGN(-7)", .result = "-1.0"},
    {.name = "SIN", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_sin, .doc = "Sine of an angle in radians.", .example = "SIN(0)", .result = "0.0"},
    {.name = "COS", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_cos, .doc = "Cosine of an angle in radians.", .example = "COS(0)", .result = "1.0"},
    {.name = "TAN", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_tan, .doc = "Tangent of an angle in radians.", .example = "TAN(0)", .result = "0.0"},
    {.name = "SINH", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_sinh, .doc = "Hyperbolic sine.", .example = "SINH(0)", .result = "0.0"},
    {.name = "COSH", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_cosh, .doc = "Hyperbolic cosine.", .example = "COSH(0)", .result = "1.0"},
    {.name = "TANH", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_tanh, .doc = "Hyperbolic tangent.", .example = "TANH(0)", .result = "0.0"},
    {.name = "ASIN", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_asin, .doc = "Arc sine, in radians.", .example = "ASIN(0)", .result = "0.0"},
    {.name = "ACOS", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_acos, .doc = "Arc cosine, in radians.", .example = "ACOS(1)", .result = "0.0"},
    {.name = "ATAN", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_atan, .doc = "Arc tangent, in radians.", .example = "ATAN(0)", .result = "0.0"},
    {.name = "ATAN2", .signature = "y, x", .min_args = 2, .max_args = 2, .call = fn_atan2, .doc = "The angle of the point (x, y), in radians.", .example = "ATAN2(0, 1)", .result = "0.0"},
    {.name = "LN", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_ln, .doc = "Natural logarithm.", .example = "LN(1)", .result = "0.0"},
    {.name = "LG", .signature = "x", .min_args = 1, .max_args = 1, .call = fn_lg, .doc = "Logarithm to base 10.", .example = "LG(1000)", .result = "3.0"},
    {.name = "LOG", .signature = "base, x", .min_args = 2, .max_args = 2, .call = fn_log, .doc = "Logarithm to a base. LOG is a keyword of RAISE, so \"LOG\" in quotes works everywhere.", .example = "\"LOG\"(2, 8)", .result = "3.0"},
    {.name = "RAD", .signature = "degrees", .min_args = 1, .max_args = 1, .call = fn_rad, .doc = "Degrees as radians.", .example = "RAD(180)", .result = "3.141592653589793"},
    {.name = "DEG", .signature = "radians", .min_args = 1, .max_args = 1, .call = fn_deg, .doc = "Radians as degrees.", .example = "DEG(PI())", .result = "180.0"},
    {.name = "E", .signature = "", .min_args = 0, .max_args = 0, .call = fn_e, .doc = "Euler's number.", .example = "E()", .result = "2.718281828459045"},
    {.name = "PI", .signature = "", .min_args = 0, .max_args = 0, .call = fn_pi, .doc = "The ratio of a circle's circumference to its diameter.", .example = "PI()", .result = "3.141592653589793"},
    {.name = "DIV", .signature = "a, b", .min_args = 2, .max_args = 2, .call = fn_div, .doc = "Integer quotient, cut off towards zero.", .example = "DIV(-7, 2)", .result = "-3"},
    {.name = "MAX", .signature = "x, …", .min_args = 0, .max_args = -1, .aggregate = true, .call = fn_max, .doc = "The greatest of its arguments; with one argument, of all records in the group.", .example = "MAX(1, 3, 2)", .result = "3.0"},
    {.name = "MIN", .signature = "x, …", .min_args = 0, .max_args = -1, .aggregate = true, .call = fn_min, .doc = "The least of its arguments; with one argument, of all records in the group.", .example = "MIN(3, '1', 2)", .result = "1.0"},
    {.name = "MEAN", .signature = "x, …", .min_args = 0, .max_args = -1, .aggregate = true, .call = fn_mean, .doc = "The mean of its arguments; with one argument, of all records in the group.", .example = "MEAN(1, 2)", .result = "1.5"},
    {.name = "MEDIAN", .signature = "x, …", .min_args = 0, .max_args = -1, .aggregate = true, .call = fn_median, .doc = "The middle of its arguments, or the mean of the middle two; with one argument, of all records in the group.", .example = "MEDIAN(5, 1, 2, 3)", .result = "2.5"},
    {.name = "ARR_MEAN", .signature = "array", .min_args = 1, .max_args = 1, .call = fn_arr_mean, .doc = "The mean of the elements.", .example = "ARR_MEAN([1, 2])", .result = "1.5"},
    {.name = "ARR_MEDIAN", .signature = "array", .min_args = 1, .max_args = 1, .call = fn_arr_median, .doc = "The middle element by size, or the mean of the middle two.", .example = "ARR_MEDIAN([3, 1, 2])", .result = "2.0"},
};

const Package math_package = {
    .name = "math",
    .doc = "Numbers.",
    .functions = rows,
    .function_count = sizeof rows / sizeof rows[0],
};
