/* test_liveness.c - which names the rest of a script may mention. */
#include <check.h>
#include <stdlib.h>

#include "cli/packages.h"
#include "run/liveness.h"

typedef struct Script {
  Source *source;
  Unit *unit;
  Liveness *liveness;
} Script;

static Script script;

static void setup(const char *text) {
  int number = 1;
  Diagnostics diagnostics = {0};
  packages_install();
  script.source = source_from_text("test", str_of(text));
  ck_assert_int_eq(parse_unit(script.source, &number, &script.unit, &diagnostics), DC_OK);
  diagnostics_free(&diagnostics);
  script.liveness = liveness_new(&script.unit, 1, NULL);
}

static void teardown(void) {
  liveness_free(script.liveness);
  unit_free(script.unit);
  source_free(script.source);
}

static uint32_t last(const char *name) { return liveness_last_mention(script.liveness, str_of(name)); }

START_TEST(straight_line) {
  setup("LOAD a csv FROM 'x'; SELECT * FROM a INTO b; COPY b csv INTO 'o';");
  ck_assert_uint_eq(last("a"), 2);
  ck_assert_uint_eq(last("b"), 3);
  ck_assert_uint_eq(last("c"), 0);
  ck_assert_uint_eq(liveness_end(script.liveness), 3);
  ck_assert_uint_eq(liveness_position(script.liveness, script.unit->body.stmts[1]), 2);
}
END_TEST

START_TEST(targets_are_no_mentions) {
  setup("LOAD \"p/x\" csv FROM 'x'; SELECT * FROM q INTO \"p/{1}\"; ALTER q KEY a INTO \"p/x\";");
  ck_assert_uint_eq(last("p/x"), 0);
  ck_assert_uint_eq(last("q"), 3);
}
END_TEST

START_TEST(wildcards_are_longer_names) {
  setup("COPY \"joined\" * csv INTO 'o'; LET $x = 1;");
  ck_assert_uint_eq(last("joined"), 0);
  ck_assert_uint_eq(last("joined/1"), 1);
  ck_assert_uint_eq(last("join"), 0);
}
END_TEST

START_TEST(interpolation_counts_as_its_prefix) {
  setup("COPY \"a{$x}b\" csv INTO 'o'; COPY \"z\" csv INTO 'o';");
  ck_assert_uint_eq(last("a"), 1);
  ck_assert_uint_eq(last("anything"), 1);
  ck_assert_uint_eq(last("b"), 0);
}
END_TEST

START_TEST(interpolation_at_the_start_is_any_name) {
  setup("COPY \"{$x}b\" csv INTO 'o';");
  ck_assert_uint_eq(last("whatever"), 1);
}
END_TEST

START_TEST(nested_statements_count_in_order) {
  setup("LOOP $i IN [1] BEGIN COPY a csv INTO 'o'; IF TRUE THEN COPY b csv INTO 'o'; ELSE COPY c csv INTO 'o'; END; END; COPY d csv INTO 'o';");
  ck_assert_uint_eq(last("a"), 2);
  ck_assert_uint_eq(last("b"), 4);
  ck_assert_uint_eq(last("c"), 5);
  ck_assert_uint_eq(last("d"), 6);
}
END_TEST

START_TEST(procedures_count_where_they_are_called) {
  setup("CREATE PROCEDURE p() AS BEGIN COPY a csv INTO 'o'; CALL q(); END; CREATE PROCEDURE q() AS BEGIN COPY b csv INTO 'o'; CALL p(); END;"
        "LET $x = 1; CALL p(); LET $y = 2;");
  ck_assert_uint_eq(last("a"), 5); /* one position behind the inputs of the CALL, which is 4 */
  ck_assert_uint_eq(last("b"), 5);
}
END_TEST

START_TEST(inputs_are_done_with_before_the_body) {
  setup("PROCEDURE p() BEGIN COPY \"{$INPUT}\" csv INTO 'o'; SELECT * FROM \"{$TEMP}x\" INTO \"{$OUTPUT}\"; COPY b csv INTO 'o'; END;"
        "CALL p() INPUT a OUTPUT u; ALTER d p();");
  ck_assert_uint_eq(last("a"), 2);
  ck_assert_uint_eq(last("d"), 4);
  ck_assert_uint_eq(last("b"), 4);
  ck_assert_uint_eq(last("other"), 0); /* hidden names are no other ones */
}
END_TEST

START_TEST(call_variables_hide_only_where_they_are_set) {
  setup("PROCEDURE p() BEGIN COPY \"{$INPUT}\" csv INTO 'o'; END; CALL p();");
  ck_assert_uint_eq(last("other"), 3);
}
END_TEST

START_TEST(families) {
  setup("SPLIT a BY d INTO \"p/\"; COPY \"p/\" * csv INTO 'o'; COPY \"other\" csv INTO 'o'; LET $n = DS_LIST('x');");
  ck_assert(liveness_family_mentioned(script.liveness, str_of("p/"), 2));
  ck_assert(liveness_family_mentioned(script.liveness, str_of("p/"), 3)); /* DS_LIST wants the names */
  ck_assert(!liveness_family_mentioned(script.liveness, str_of("p/"), 5));
}
END_TEST

START_TEST(families_that_only_a_copy_mentions) {
  setup("SPLIT a BY d INTO \"p/\"; COPY \"p/\" * csv INTO 'o'; COPY p csv INTO 'o'; LET $n = 1;");
  ck_assert(!liveness_family_mentioned(script.liveness, str_of("p/"), 3));
  ck_assert(!liveness_family_mentioned(script.liveness, str_of("q/"), 1));
}
END_TEST

START_TEST(functions_may_list) {
  setup("CREATE FUNCTION f() AS BEGIN IF TRUE THEN RETURN DS_LIST('p'); END; RETURN NULL; END; LET $n = 1;");
  ck_assert(liveness_family_mentioned(script.liveness, str_of("p/"), 3));
}
END_TEST

/* The round that owns the name that statement `index` of the first LOOP makes (SELECT with one INTO). */
static const LoopRound *round_of(size_t index, const char *name) {
  const Stmt *loop = script.unit->body.stmts[0];
  const Name *target = &loop->as.loop.body.stmts[index]->as.select->into[0].name;
  return liveness_round(script.liveness, target->pos, str_of(name));
}

START_TEST(names_of_a_round) {
  setup("LOOP $i IN $days BEGIN SELECT * FROM a INTO \"x{$i}\"; COPY \"x{$i}\" csv INTO 'o'; SELECT * FROM b INTO \"y{$i}\"; END;"
        "COPY y3 csv INTO 'o';");
  const LoopRound *round = round_of(0, "x3");
  ck_assert_ptr_nonnull(round);
  ck_assert_uint_eq(round->last, 3);
  ck_assert(!round->repeated);
  ck_assert_ptr_null(round_of(2, "y3")); /* mentioned behind the loop */
  ck_assert_ptr_nonnull(round_of(2, "y4"));
  ck_assert_uint_eq(last("x3"), 3);
}
END_TEST

START_TEST(names_of_a_round_in_an_inner_loop) {
  setup("LOOP $i IN $days BEGIN SELECT * FROM a INTO \"x{$i}\"; WHILE TRUE BEGIN COPY \"x{$i}\" csv INTO 'o'; LET $z = 1; END; END;");
  const LoopRound *round = round_of(0, "x3");
  ck_assert_ptr_nonnull(round);
  ck_assert_uint_eq(round->last, 5);
  ck_assert(round->repeated);
}
END_TEST

START_TEST(names_that_may_change_in_a_round) {
  setup("LOOP $i IN $days BEGIN SELECT * FROM a INTO \"x{$i}\"; LET $i = 3; COPY \"x{$i}\" csv INTO 'o'; END;");
  ck_assert_ptr_null(round_of(0, "x3"));
}
END_TEST

START_TEST(names_that_a_procedure_may_change) {
  setup("LOOP $i IN $days BEGIN SELECT * FROM a INTO \"x{$i}\"; CALL p; COPY \"x{$i}\" csv INTO 'o'; END;"
        "PROCEDURE p BEGIN LET $i = 3; END;");
  ck_assert_ptr_null(round_of(0, "x3"));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("liveness");
  TCase *tests = tcase_create("all");
  tcase_add_checked_fixture(tests, NULL, teardown);
  tcase_add_test(tests, straight_line);
  tcase_add_test(tests, targets_are_no_mentions);
  tcase_add_test(tests, wildcards_are_longer_names);
  tcase_add_test(tests, interpolation_counts_as_its_prefix);
  tcase_add_test(tests, interpolation_at_the_start_is_any_name);
  tcase_add_test(tests, nested_statements_count_in_order);
  tcase_add_test(tests, procedures_count_where_they_are_called);
  tcase_add_test(tests, inputs_are_done_with_before_the_body);
  tcase_add_test(tests, call_variables_hide_only_where_they_are_set);
  tcase_add_test(tests, families);
  tcase_add_test(tests, families_that_only_a_copy_mentions);
  tcase_add_test(tests, functions_may_list);
  tcase_add_test(tests, names_of_a_round);
  tcase_add_test(tests, names_of_a_round_in_an_inner_loop);
  tcase_add_test(tests, names_that_may_change_in_a_round);
  tcase_add_test(tests, names_that_a_procedure_may_change);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
