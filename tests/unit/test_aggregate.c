/* test_aggregate.c - aggregates do not depend on the order of values, on merging, on saving; sums are exact. */
#include <math.h>
#include <stdlib.h>

#include "cli/packages.h"
#include "engine/aggregate.h"
#include "engine/sketch.h"
#include "unit/evaluate.h"

static double sum_of(const double *values, size_t count) {
  Arena arena = {0};
  ExactSum sum = {0};
  for (size_t i = 0; i < count; i++) exact_add_double(&sum, values[i], false, &arena);
  double result = exact_double(&sum);
  arena_free(&arena);
  return result;
}

#define SUM_OF(...) sum_of((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

/* Expected values are those of Python's math.fsum. */
START_TEST(test_exact_sum) {
  ck_assert(SUM_OF(0.1, 0.2, 0.3, -0.6) == 2.7755575615628914e-17);
  ck_assert(SUM_OF(1e100, 1, -1e100, 1e-100) == 1);
  ck_assert(SUM_OF(1e308, 1e308, -1e308) == 1e308);
  ck_assert(isinf(SUM_OF(1e308, 1e308)));
  ck_assert(SUM_OF(5e-324, 5e-324) == 1e-323);
  ck_assert(SUM_OF(9007199254740992, 1) == 9007199254740992);
  ck_assert(SUM_OF(9007199254740992, 1, 1e-300) == 9007199254740994);
  ck_assert(SUM_OF(-1e-10, -2.5) == -2.5000000001);
  ck_assert(isnan(SUM_OF(1, NAN)) && isnan(SUM_OF(INFINITY, -INFINITY)) && SUM_OF(1, -INFINITY) == -INFINITY);
  ck_assert(SUM_OF(-0.0) == 0 && SUM_OF(1e-200, -1e-200) == 0);
}
END_TEST

START_TEST(test_remove) {
  Arena arena = {0};
  ExactSum sum = {0};
  const double values[] = {1e300, 0.1, NAN, -7e-250, INFINITY, 3};
  for (int i = 0; i < 6; i++) exact_add_double(&sum, values[i], false, &arena);
  for (int i = 0; i < 6; i++)
    if (i != 1) exact_add_double(&sum, values[i], true, &arena);
  ck_assert(exact_double(&sum) == 0.1);
  exact_add_int(&sum, INT64_MIN, false);
  exact_add_int(&sum, INT64_MIN, true);
  ck_assert(exact_double(&sum) == 0.1);
  arena_free(&arena);
}
END_TEST

START_TEST(test_variance) {
  Arena arena = {0};
  const double scales[] = {1, 1e-120, 1e120, 1e12};
  for (int s = 0; s < 4; s++) {
    ExactSum sum = {0}, squares = {0};
    for (int i = 1; i <= 4; i++) {
      exact_add_double(&sum, i * scales[s], false, &arena);
      exact_add_square(&squares, i * scales[s], false, &arena);
    }
    double got = exact_variance(&sum, &squares, 4, 4) / scales[s] / scales[s];
    ck_assert_msg(fabs(got - 1.25) < 1e-14, "%.17g", got);
  }
  ExactSum sum = {0}, squares = {0}; /* a great mean and a small spread: the textbook formula with doubles gives 0 */
  for (int i = 0; i < 3; i++) {
    exact_add_double(&sum, 1e9 + i, false, &arena);
    exact_add_square(&squares, 1e9 + i, false, &arena);
  }
  ck_assert(exact_variance(&sum, &squares, 3, 2) == 1);
  arena_free(&arena);
}
END_TEST

/* Registers of any order and of merged halves are the same; the estimate is within 5 standard errors. */
START_TEST(test_sketch) {
  const uint64_t sizes[] = {0, 1, 5, 100, 300, 5000, 200000};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    Arena arena = {0};
    Sketch whole = {0}, left = {0}, right = {0}, read;
    for (uint64_t i = 0; i < sizes[s]; i++) {
      sketch_add(&whole, value_hash64(value_int((int64_t)i)), &arena);
      sketch_add(i % 3 ? &left : &right, value_hash64(value_int((int64_t)(sizes[s] - 1 - i))), &arena);
    }
    Buf bytes = {0};
    sketch_save(&right, &bytes);
    ck_assert(sketch_load(&read, bytes.data, &arena) == bytes.data + bytes.len);
    sketch_merge(&left, &read, &arena);
    ck_assert_uint_eq(sketch_estimate(&left), sketch_estimate(&whole));
    double error = fabs((double)sketch_estimate(&whole) - (double)sizes[s]);
    ck_assert_msg(error <= 0.5 + 0.08 * (double)sizes[s], "%lu: %lu", (unsigned long)sizes[s], (unsigned long)sketch_estimate(&whole));
    buf_free(&bytes);
    arena_free(&arena);
  }
}
END_TEST

/* Two states of any values, merged after one was saved and read, give what one state of all values gives. */
static void check_merge(const Function *function, const Value *values, size_t count) {
  Arena arena = {0};
  DcError err = {0};
  Expr half = {.kind = EXPR_LITERAL, .literal = value_double(0.25)}, comma = {.kind = EXPR_LITERAL, .literal = value_text("-")};
  bool text = strcmp(function->name, "STRING_AGG") == 0;
  const Expr *args[2] = {text ? &comma : &half, text ? &comma : &half};
  AggregateCall call = {function, args, (size_t)(function->max_args < 0 ? 1 : function->max_args), false, {0}};
  Aggregate aggregate;
  ck_assert_msg(aggregate_init(&aggregate, &call, &err) == DC_OK, "%s: %s", function->name, err.message);
  void *whole = arena_alloc(&arena, aggregate.width), *left = arena_alloc(&arena, aggregate.width);
  void *right = arena_alloc(&arena, aggregate.width), *read = arena_alloc(&arena, aggregate.width);
  for (size_t i = 0; i < count; i++) {
    Value pair[2] = {values[i], values[(i * 7) % count]};
    DcError one = {0}, other = {0};
    DcCode code = aggregate_add(&aggregate, whole, &arena, pair, i, &one);
    ck_assert(code == aggregate_add(&aggregate, i * 5 % 3 ? left : right, &arena, pair, i, &other));
    ck_assert(code == DC_OK || one.message[0]);
  }
  Buf bytes = {0};
  aggregate_save(&aggregate, right, &bytes);
  ck_assert(aggregate_load(&aggregate, read, bytes.data, &arena) == bytes.data + bytes.len);
  aggregate_merge(&aggregate, left, read, &arena);
  Value a = value_null(), b = value_null();
  ck_assert(aggregate_result(&aggregate, whole, &arena, &a, &err) == aggregate_result(&aggregate, left, &arena, &b, &err));
  Str x = value_to_str(&arena, a), y = value_to_str(&arena, b);
  ck_assert_msg(str_eq(x, y), "%s: %.*s, %.*s", function->name, STR_ARG(x), STR_ARG(y));
  buf_free(&bytes);
  arena_free(&arena);
}

START_TEST(test_merge) {
  static const Decimal tiny = {1, 38}, some = {-12345, 2};
  Value item = value_int(1);
  Array array = {1, &item};
  const Value values[] = {value_int(5), value_null(), value_double(0.1), value_text("7"), value_text("x"), value_text("1e300"), value_double(-1e-200),
                          value_bool(true), value_text(""), {.type = TYPE_DECIMAL, .as.decimal = &tiny}, {.type = TYPE_DECIMAL, .as.decimal = &some},
                          {.type = TYPE_ARRAY, .as.array = &array}, value_int(INT64_MAX), value_double(NAN), value_text("longer than any room so far"), value_int(5), value_double(5)};
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < packages[i]->function_count; j++) {
      const Function *function = &packages[i]->functions[j];
      if (!function->aggregate || !aggregate_known(function)) continue;
      for (size_t n = 0; n <= sizeof values / sizeof *values; n++) check_merge(function, values, n);
      for (size_t n = 2; n < 12; n += 3) check_merge(function, values, n);
    }
}
END_TEST

int main(void) {
  packages_install();
  Suite *suite = suite_create("aggregate");
  TCase *tests = tcase_create("aggregate");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, test_exact_sum);
  tcase_add_test(tests, test_remove);
  tcase_add_test(tests, test_variance);
  tcase_add_test(tests, test_sketch);
  tcase_add_test(tests, test_merge);
  return run_suite(suite);
}
