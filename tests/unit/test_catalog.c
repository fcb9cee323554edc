/* test_catalog.c - every row is complete, found by its names, and its example gives its result. */
#include "cli/packages.h"
#include "engine/aggregate.h"
#include "engine/dataset.h"
#include "unit/evaluate.h"

static void check_text(const char *row, const char *what, const char *text) { ck_assert_msg(text && *text, "%s has no %s", row, what); }

/* The record that examples of REC_ functions stand at: a = 1, b = 'x', key 7. */
static const Str record_names[] = {{"a", 1}, {"b", 1}};
static const Value record_values[] = {{.type = TYPE_INT, .as.i = 1}, {.type = TYPE_STRING, .len = 1, .as.s = "x"}};

static DcCode record_object(void *self, Arena *arena, Value *out, DcError *err) {
  (void)self, (void)err;
  *out = value_object(arena, record_names, record_values, 2);
  out->flags = VALUE_RECORD;
  return DC_OK;
}

static DcCode record_attribute(void *self, int column, Str name, Value *out, DcError *err) {
  (void)self, (void)column, (void)err;
  *out = str_is(name, "a") ? record_values[0] : str_is(name, "b") ? record_values[1] : value_null();
  return DC_OK;
}

static DcCode record_key(void *self, Value *out, DcError *err) {
  (void)self, (void)err;
  *out = value_int(7);
  return DC_OK;
}

static DcCode record_list(void *self, Arena *arena, Value *out, DcError *err) {
  Value names[] = {value_str(record_names[0]), value_str(record_names[1])};
  (void)self, (void)err;
  *out = value_array(arena, names, 2);
  return DC_OK;
}

static const RecordView record = {.attribute = record_attribute, .key = record_key, .names = record_list, .object = record_object};

static void check_example(const char *row, const char *example, const char *expected) {
  EvalContext cx = {.names = NAMES_AS_RECORD};
  cx.call.record = &record;
  const char *result = evaluate_in(&cx, example);
  call_context_deinit(&cx.call);
  ck_assert_msg(strcmp(result, expected) == 0, "%s: %s gives %s, not %s", row, example, result, expected);
}

START_TEST(test_operators) {
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < packages[i]->operator_count; j++) {
      const Operator *op = &packages[i]->operators[j];
      check_text(op->name, "doc", op->doc);
      check_text(op->name, "example", op->example);
      check_text(op->name, "result", op->result);
      ck_assert_msg(op->call != NULL, "%s has no implementation", op->name);
      ck_assert_msg(catalog_operator(str_of(op->name), op->fixity) == op, "%s is there twice", op->name);
      check_example(op->name, op->example, op->result);
    }
}
END_TEST

static DcCode value_of_x(void *self, int column, Str name, Value *out, DcError *err) {
  (void)column, (void)err;
  *out = str_is(name, "x") ? *(const Value *)self : value_null();
  return DC_OK;
}

/* "SUM(x) over [1, 2]": the call takes the values of the array as those of x. */
static void check_aggregate(const char *row, const char *example, const char *expected) {
  Arena arena = {0};
  Diagnostics diag = {0};
  DcError err = {0};
  const Expr *call_expr = NULL, *array_expr = NULL;
  Value array, x, args[2], result = value_null();
  RecordView record = {.self = &x, .attribute = value_of_x};
  EvalContext cx = {.call.arena = &arena, .names = NAMES_AS_RECORD, .call.record = &record};
  const char *over = strstr(example, " over ");
  ck_assert_msg(over != NULL, "%s: no \" over \" in %s", row, example);
  Source *of_call = source_from_text("-e", str_make(example, (size_t)(over - example))), *of_array = source_from_text("-e", str_of(over + 6));
  ck_assert(parse_expr(of_call, &arena, &call_expr, &diag) == DC_OK && parse_expr(of_array, &arena, &array_expr, &diag) == DC_OK);
  AggregateCall call = {call_expr->function, call_expr->items, call_expr->count, call_expr->distinct, call_expr->pos};
  Accumulator *accumulator = NULL;
  ck_assert_msg(accumulator_new(&call, &accumulator, &err) == DC_OK && eval(&cx, array_expr, &array, &err) == DC_OK, "%s: %s", row, err.message);
  for (size_t i = 0; i < array.as.array->count; i++) {
    x = array.as.array->items[i];
    for (size_t k = 0; k < call.arg_count; k++) ck_assert(eval(&cx, call.args[k], &args[k], &err) == DC_OK);
    ck_assert_msg(accumulator_add(accumulator, args, &err) == DC_OK, "%s: %s", row, err.message);
  }
  ck_assert(accumulator_result(accumulator, &arena, &result, &err) == DC_OK);
  Str text = value_to_str(&arena, result);
  ck_assert_msg(str_is(text, expected), "%s: %s gives %.*s, not %s", row, example, STR_ARG(text), expected);
  accumulator_free(accumulator);
  source_free(of_call);
  source_free(of_array);
  diagnostics_free(&diag);
  arena_free(&arena);
}

/* "RANK() OVER (ORDER BY x) over [7, 5]": an item over a dataset with the values of the array. */
static void check_window(const char *row, const char *example, const char *expected) {
  Arena arena = {0};
  Diagnostics diag = {0};
  DcError err = {0};
  Engine *engine;
  Unit *unit = NULL;
  Dataset *in, *out = NULL;
  Value array, result = value_null();
  EvalContext cx = {.call.arena = &arena};
  const Expr *array_expr = NULL;
  const Str name = {"x", 1};
  const char *over = strstr(example, " over ");
  int number = 1;
  ck_assert_msg(over != NULL, "%s: no \" over \" in %s", row, example);
  Source *of_array = source_from_text("-e", str_of(over + 6));
  Str text = arena_printf(&arena, "SELECT %.*s AS v FROM x INTO y;", (int)(over - example), example);
  Source *of_select = source_from_text("-e", text);
  ck_assert(parse_expr(of_array, &arena, &array_expr, &diag) == DC_OK && eval(&cx, array_expr, &array, &err) == DC_OK);
  ck_assert_msg(parse_unit(of_select, &number, &unit, &diag) == DC_OK, "%s: %s", row, diag.count ? diag.items[0].message : "");
  ck_assert(engine_new(&(EngineOptions){.threads = 2, .memory = 64 << 20}, &engine, &err) == DC_OK);
  ck_assert(dataset_of_values(engine, &name, 1, array.as.array->items, array.as.array->count, &in, &err) == DC_OK);
  ck_assert_msg(dataset_select(engine, in, &cx, unit->body.stmts[0]->as.select, NULL, &out, &err) == DC_OK, "%s: %s", row, err.message);
  dataset_unref(in);
  ck_assert_msg(dataset_values(engine, out, &arena, &result, &err) == DC_OK, "%s: %s", row, err.message);
  Str given = value_to_str(&arena, result);
  ck_assert_msg(str_is(given, expected), "%s: %s gives %.*s, not %s", row, example, STR_ARG(given), expected);
  dataset_unref(out);
  engine_free(engine);
  unit_free(unit);
  source_free(of_array);
  source_free(of_select);
  diagnostics_free(&diag);
  arena_free(&arena);
}

START_TEST(test_functions) {
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < packages[i]->function_count; j++) {
      const Function *function = &packages[i]->functions[j];
      check_text(function->name, "doc", function->doc);
      check_text(function->name, "example", function->example);
      check_text(function->name, "result", function->result);
      ck_assert_msg(function->signature && function->call, "%s is incomplete", function->name);
      ck_assert_msg(catalog_function(str_of(function->name)) == function, "%s is there twice", function->name);
      if (function->special == SPECIAL_COUNT_STAR && aggregate_known(function)) check_aggregate(function->name, function->example, function->result);
      else if (function->special == SPECIAL_WINDOW) check_window(function->name, function->example, function->result);
      else if (function->special != SPECIAL_COUNT_STAR) check_example(function->name, function->example, function->result);
    }
}
END_TEST

/* Any values, in any place: a result or an error, never a crash (sanitizers watch). */
static size_t all_values(Arena *arena, Value *out) {
  static const Decimal tiny = {1, 38}, huge = {((__int128)INT64_MAX << 62), 0};
  static const char *const texts[] = {"", "x", "-5", "1e400", "NaN", "0x7f", "(a", "$1", "%s%d", "%99999s", "ä€😀", "\xff\xfe", "2024-02-29T10:00:00Z", "%_", "/a/i", "MD5", "null", "true"};
  size_t count = 0;
  out[count++] = value_null();
  out[count++] = value_bool(true);
  const int64_t ints[] = {0, 1, -1, 2, 64, INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < sizeof ints / sizeof ints[0]; i++) out[count++] = value_int(ints[i]);
  const double doubles[] = {0.0, -0.0, 0.5, -1e300, 0x1p63, 1.0 / 0.0, 0.0 / 0.0, 5e-324};
  for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) out[count++] = value_double(doubles[i]);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) out[count++] = value_text(texts[i]);
  out[count++] = (Value){.type = TYPE_DECIMAL, .as.decimal = &tiny};
  out[count++] = (Value){.type = TYPE_DECIMAL, .as.decimal = &huge};
  out[count++] = (Value){.type = TYPE_BINARY, .len = 2, .as.s = "\0\1"};
  out[count++] = (Value){.type = TYPE_DATE, .as.i = 19782};
  out[count++] = (Value){.type = TYPE_TIME, .as.i = 86399999999999};
  out[count++] = (Value){.type = TYPE_TIMESTAMP, .flags = VALUE_ZONED, .offset_minutes = -90, .len = 5, .as.i = -1};
  out[count++] = value_array(arena, NULL, 0);
  out[count] = value_array(arena, out, count);
  return count + 1;
}

static void call_with_all(const char *name, ScalarFn call, bool handles_null, int args_wanted) {
  Arena arena = {0}, scratch = {0};
  Value values[64], args[3], result;
  CallContext cx = {.arena = &scratch};
  size_t count = all_values(&arena, values), calls = 1;
  for (int i = 0; i < args_wanted; i++) calls *= count;
  for (size_t i = 0; i < calls; i++) {
    DcError err = {0};
    bool any_null = false;
    size_t rest = i;
    for (int k = 0; k < args_wanted; k++, rest /= count) {
      args[k] = values[rest % count];
      any_null |= value_is_null(args[k]);
    }
    if (any_null && !handles_null) continue;
    cx.err = &err;
    cx.record_level = i % 2;
    DcCode code = call(&cx, args, args_wanted, &result);
    ck_assert_msg(code == err.code && (code == DC_OK || err.message[0]), "%s: call %zu", name, i);
    if (code == DC_OK) ck_assert(result.type < TYPE_COUNT && value_to_str(&scratch, result).len < 1000000);
    arena_reset(&scratch);
  }
  call_context_deinit(&cx);
  arena_free(&arena);
  arena_free(&scratch);
}

START_TEST(test_any_values) {
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < packages[i]->operator_count; j++) {
      const Operator *op = &packages[i]->operators[j];
      bool three = op->fixity == FIX_TERNARY || strstr(op->name, "BETWEEN");
      call_with_all(op->name, op->call, op->handles_null, three ? 3 : op->fixity == FIX_INFIX ? 2 : 1);
    }
    for (size_t j = 0; j < packages[i]->function_count; j++) {
      const Function *function = &packages[i]->functions[j];
      if (function->needs_record || function->special == SPECIAL_COUNT_STAR) continue;
      int most = function->max_args < 0 ? function->min_args + 1 : function->max_args;
      for (int args = function->min_args; args <= most && args <= 3; args++) call_with_all(function->name, function->call, function->handles_null, args);
    }
  }
}
END_TEST

START_TEST(test_lookup) {
  ck_assert(catalog_operator(str_of("&&"), FIX_INFIX) == catalog_operator(str_of("and"), FIX_INFIX));
  ck_assert(catalog_operator(str_of("is not null"), FIX_POSTFIX) != NULL);
  ck_assert(catalog_operator(str_of("-"), FIX_PREFIX) != catalog_operator(str_of("-"), FIX_INFIX));
  ck_assert(catalog_operator(str_of("nope"), FIX_INFIX) == NULL);
  ck_assert(catalog_function(str_of("abs")) == NULL && catalog_function(str_of("ABS")) != NULL);
  ck_assert_uint_eq(catalog_operator_symbol(str_of("<=>1")), 3);
  ck_assert_uint_eq(catalog_operator_symbol(str_of("<=1")), 2);
  ck_assert_uint_eq(catalog_operator_symbol(str_of("=~b")), 1);
  ck_assert_uint_eq(catalog_operator_symbol(str_of("?1")), 1);
  ck_assert_uint_eq(catalog_operator_symbol(str_of("?:")), 1);
  ck_assert_uint_eq(catalog_operator_symbol(str_of(":1")), 1);
  ck_assert_uint_eq(catalog_operator_symbol(str_of("||")), 2);
  ck_assert_uint_eq(catalog_operator_symbol(str_of("AND")), 0);
  ck_assert_uint_eq(catalog_operator_symbol(str_of("")), 0);
}
END_TEST

START_TEST(test_spelling) {
  ck_assert(str_is(catalog_spell_function(str_of("STR_LENGHT")), "STR_LENGTH"));
  ck_assert(str_is(catalog_spell_function(str_of("str_slice")), "STR_SLICE"));
  ck_assert(catalog_spell_function(str_of("completely_else")).len == 0);
  Speller speller = speller_start(str_of("usrid"));
  speller_try(&speller, str_of("userid"));
  speller_try(&speller, str_of("day"));
  ck_assert(str_is(speller_best(&speller), "userid"));
}
END_TEST

int main(void) {
  packages_install();
  Suite *suite = suite_create("catalog");
  TCase *tests = tcase_create("catalog");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, test_operators);
  tcase_add_test(tests, test_functions);
  tcase_add_test(tests, test_any_values);
  tcase_add_test(tests, test_lookup);
  tcase_add_test(tests, test_spelling);
  return run_suite(suite);
}
