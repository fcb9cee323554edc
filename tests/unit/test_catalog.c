/* test_catalog.c - every row is complete, found by its names, and its example gives its result. */
#include "cli/packages.h"
#include "unit/evaluate.h"

static void check_text(const char *row, const char *what, const char *text) { ck_assert_msg(text && *text, "%s has no %s", row, what); }

static void check_example(const char *row, const char *example, const char *expected) {
  const char *result = evaluate(example);
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
      if (function->special != SPECIAL_COUNT_STAR && !function->needs_record) check_example(function->name, function->example, function->result);
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
  tcase_add_test(tests, test_operators);
  tcase_add_test(tests, test_functions);
  tcase_add_test(tests, test_lookup);
  tcase_add_test(tests, test_spelling);
  return run_suite(suite);
}
