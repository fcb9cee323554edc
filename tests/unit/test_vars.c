/* test_vars.c - scopes of variables, properties files, -v values. */
#include <check.h>
#include <stdlib.h>

#include "run/variables.h"
#include "run/vars_file.h"

static Arena arena;

static const char *get(Variables *variables, const char *name) {
  Value value;
  if (!variables_get(variables, str_of(name), &value)) return NULL;
  return value_to_str(&arena, value).data;
}

static void set(Variables *variables, const char *name, const char *text) {
  variables_set(variables, str_of(name), text ? value_text(text) : value_null());
}

START_TEST(assignment_reaches_the_outermost) {
  Variables *variables = variables_new();
  set(variables, "a", "1");
  variables_push(variables);
  set(variables, "a", "2");
  set(variables, "b", "3");
  ck_assert_str_eq(get(variables, "b"), "3");
  variables_pop(variables);
  ck_assert_str_eq(get(variables, "a"), "2");
  ck_assert_ptr_null(get(variables, "b"));
  set(variables, "a", NULL);
  ck_assert_ptr_null(get(variables, "a"));
  set(variables, "never", NULL);
  variables_free(variables);
}
END_TEST

START_TEST(loop_variable_hides_even_when_null) {
  Variables *variables = variables_new();
  set(variables, "i", "out");
  variables_push(variables);
  variables_define(variables, str_of("i"), value_text("in"));
  ck_assert_str_eq(get(variables, "i"), "in");
  variables_define(variables, str_of("i"), value_null());
  ck_assert_str_eq(get(variables, "i"), "null");
  set(variables, "i", "again");
  ck_assert_str_eq(get(variables, "i"), "again");
  variables_pop(variables);
  ck_assert_str_eq(get(variables, "i"), "out");
  variables_free(variables);
}
END_TEST

START_TEST(a_closed_scope_neither_sees_nor_changes_outer_ones) {
  Variables *variables = variables_new();
  set(variables, "a", "out");
  variables_push_closed(variables);
  ck_assert_ptr_null(get(variables, "a"));
  set(variables, "a", "in");
  variables_push(variables); /* an ordinary scope sees as far as the one around it */
  ck_assert_str_eq(get(variables, "a"), "in");
  set(variables, "a", NULL);
  ck_assert_ptr_null(get(variables, "a"));
  set(variables, "a", NULL);
  variables_pop(variables);
  variables_pop(variables);
  ck_assert_str_eq(get(variables, "a"), "out");
  variables_free(variables);
}
END_TEST

START_TEST(a_value_may_come_from_its_own_old_value) {
  Variables *variables = variables_new();
  Value items[] = {value_text("left"), value_text("right")}, value;
  variables_set(variables, str_of("a"), value_array(&arena, items, 2));
  ck_assert(variables_get(variables, str_of("a"), &value));
  variables_set(variables, str_of("a"), value.as.array->items[1]);
  ck_assert_str_eq(get(variables, "a"), "right");
  ck_assert(variables_get(variables, str_of("a"), &value));
  variables_set(variables, str_of("a"), value_str(str_make(value.as.s + 1, 2)));
  ck_assert_str_eq(value_to_str(&arena, value_text("ig")).data, "ig");
  ck_assert(variables_get(variables, str_of("a"), &value));
  ck_assert_uint_eq(value.len, 2);
  ck_assert_int_eq(memcmp(value.as.s, "ig", 2), 0);
  variables_free(variables);
}
END_TEST

typedef struct Seen {
  Variables *variables;
} Seen;

static DcCode keep(void *self, Str name, Value value, DcError *err) {
  (void)err;
  variables_set(((Seen *)self)->variables, name, value);
  return DC_OK;
}

static Variables *parsed(const char *text) {
  Seen seen = {variables_new()};
  DcError err = {0};
  ck_assert_int_eq(vars_parse(str_of(text), &arena, keep, &seen, &err), DC_OK);
  return seen.variables;
}

START_TEST(properties) {
  Variables *variables = parsed("# comment\n! another\n a = 1 \nb:two\nc three words\nlong=one \\\n   two\r\nempty=\n"
                                "uni=\\u00e9\\ud83d\\ude00\nes\\=c=tab\\tq\\q\nquoted='it is'\nlast=end");
  ck_assert_str_eq(get(variables, "a"), "1 ");
  ck_assert_str_eq(get(variables, "b"), "two");
  ck_assert_str_eq(get(variables, "c"), "three words");
  ck_assert_str_eq(get(variables, "long"), "one two");
  ck_assert_str_eq(get(variables, "empty"), "");
  ck_assert_str_eq(get(variables, "uni"), "é😀");
  ck_assert_str_eq(get(variables, "es=c"), "tab\tqq");
  ck_assert_str_eq(get(variables, "quoted"), "it is");
  ck_assert_str_eq(get(variables, "last"), "end");
  variables_free(variables);
}
END_TEST

START_TEST(arrays_in_properties) {
  Variables *variables = parsed("n=[1, 2.5,x]\nt=['a','it''s'  \"b\"]\nd=[\"p\" \"q\"]\nnone=[]\n");
  ck_assert_str_eq(get(variables, "n"), "[1, 2.5, null]");
  Value value;
  ck_assert(variables_get(variables, str_of("t"), &value));
  ck_assert_uint_eq(value.as.array->count, 2);
  ck_assert_int_eq(memcmp(value.as.array->items[1].as.s, "it's", 4), 0);
  ck_assert(variables_get(variables, str_of("d"), &value));
  ck_assert_uint_eq(value.as.array->count, 2);
  ck_assert(variables_get(variables, str_of("none"), &value));
  ck_assert_uint_eq(value.as.array->count, 0);
  variables_free(variables);
}
END_TEST

START_TEST(numbers_in_properties_stay_text) {
  Variables *variables = parsed("n=41\nb=true\n");
  Value value;
  ck_assert(variables_get(variables, str_of("n"), &value));
  ck_assert_int_eq(value.type, TYPE_STRING);
  variables_free(variables);
}
END_TEST

START_TEST(a_bad_escape_names_its_line) {
  DcError err = {0};
  Seen seen = {variables_new()};
  ck_assert_int_eq(vars_parse(str_of("a=1\nb=\\u12\n"), &arena, keep, &seen, &err), DC_FAIL);
  ck_assert_ptr_nonnull(strstr(err.message, "line 2"));
  variables_free(seen.variables);
}
END_TEST

START_TEST(arguments_are_numbers_if_they_print_back) {
  static const struct { const char *text; Type type; } cases[] = {
    {"31", TYPE_INT}, {"02", TYPE_STRING}, {"-7", TYPE_INT}, {"1.5", TYPE_DOUBLE}, {"1.50", TYPE_STRING}, {"+1", TYPE_STRING},
    {"true", TYPE_STRING}, {"", TYPE_STRING}, {"NaN", TYPE_STRING}, {"[1, 2]", TYPE_ARRAY}, {"['a']", TYPE_ARRAY},
    {"[ab]*.csv", TYPE_STRING}, {"[ab]", TYPE_STRING}, {"'5'", TYPE_STRING}, {"0x10", TYPE_STRING}, {"99999999999999999999", TYPE_STRING},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(vars_argument(str_of(cases[i].text), &arena).type == cases[i].type, "%s", cases[i].text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("vars");
  TCase *tests = tcase_create("all");
  tcase_add_test(tests, assignment_reaches_the_outermost);
  tcase_add_test(tests, loop_variable_hides_even_when_null);
  tcase_add_test(tests, a_closed_scope_neither_sees_nor_changes_outer_ones);
  tcase_add_test(tests, a_value_may_come_from_its_own_old_value);
  tcase_add_test(tests, properties);
  tcase_add_test(tests, arrays_in_properties);
  tcase_add_test(tests, numbers_in_properties_stay_text);
  tcase_add_test(tests, a_bad_escape_names_its_line);
  tcase_add_test(tests, arguments_are_numbers_if_they_print_back);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  arena_free(&arena);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
