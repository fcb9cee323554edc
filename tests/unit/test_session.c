/* test_session.c - whole scripts in one process: scopes, definitions, names of datasets and when they are given back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/packages.h"
#include "run/session.h"

static char *messages, *output; /* what went to the log and to the output */
static size_t message_len, output_len;
static Settings settings;
static DcError err;

/* Runs the texts as scripts of one run. */
static DcCode run_scripts(const char *const *texts, size_t count) {
  Source *sources[4];
  Unit *units[4];
  Diagnostics diagnostics = {0};
  Log log;
  FILE *log_file = open_memstream(&messages, &message_len), *out = open_memstream(&output, &output_len);
  int number = 1;
  packages_install();
  memset(&err, 0, sizeof err);
  log_init(&log, log_file);
  for (size_t i = 0; i < count; i++) {
    sources[i] = source_from_text("test", str_of(texts[i]));
    ck_assert_int_eq(parse_unit(sources[i], &number, &units[i], &diagnostics), DC_OK);
  }
  Session *session = session_new(&(SessionOptions){.log = &log, .out = out, .settings = &settings, .collect_stats = true, .progress = PROGRESS_NEVER});
  DcCode code = session_run(session, units, count, &err);
  Buf stats = {0};
  session_print_stats(session, &stats, false);
  session_print_stats(session, &stats, true);
  buf_free(&stats);
  session_free(session);
  for (size_t i = 0; i < count; i++) {
    unit_free(units[i]);
    source_free(sources[i]);
  }
  diagnostics_free(&diagnostics);
  log_deinit(&log);
  fclose(log_file);
  fclose(out);
  return code;
}

static DcCode run(const char *text) { return run_scripts(&text, 1); }

static void setup(void) {
  char folder[] = "/tmp/dcetl-session-XXXXXX";
  settings_init(&settings);
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(chdir(folder), 0);
  FILE *file = fopen("a.csv", "w");
  fputs("id,name\n1,ann\n2,bob\n3,cid\n", file);
  fclose(file);
}

static void teardown(void) {
  free(messages);
  free(output);
  messages = output = NULL;
  settings_deinit(&settings);
  ck_assert_int_eq(system("rm -rf \"$PWD\""), 0);
}

static bool said(const char *text) { return strstr(messages, text) != NULL; }
static bool printed(const char *text) { return strstr(output, text) != NULL; }

START_TEST(functions_and_procedures_may_stand_behind_their_use) {
  ck_assert_int_eq(run("RAISE INFO '{f(2)}'; CALL p(@a = 1);"
                       "CREATE FUNCTION f(@x) AS RETURN $x * 2;"
                       "CREATE PROCEDURE p(@a, @b = $a + 1) AS BEGIN RAISE INFO 'p {$a} {$b}'; END;"
                       "CREATE OR REPLACE FUNCTION f(@x) AS RETURN 'new'; RAISE INFO '{f(2)}'; DROP FUNCTION f, unknown;"), DC_OK);
  ck_assert(said("info: 4\n") && said("info: p 1 2\n") && said("info: new\n"));
}
END_TEST

START_TEST(a_second_definition_needs_replace) {
  ck_assert_int_eq(run("CREATE FUNCTION f() AS RETURN 1; CREATE FUNCTION f() AS RETURN 2;"), DC_FAIL);
  ck_assert_ptr_nonnull(strstr(err.hint, "OR REPLACE"));
}
END_TEST

START_TEST(break_continue_return) {
  ck_assert_int_eq(run("CREATE PROCEDURE p() AS BEGIN LOOP $i IN [1, 2] BEGIN RETURN; END; RAISE INFO 'never'; END;"
                       "LOOP $i IN RANGE[1, 9] BEGIN CALL p(); IF $i = 2 THEN CONTINUE; END; IF $i > 3 THEN BREAK; END; RAISE INFO 'i{$i}'; END;"
                       "LET $k = 0; WHILE $k < 3 BEGIN LET $k = $k + 1; END; RAISE INFO 'k{$k}';"), DC_OK);
  ck_assert(said("i1") && !said("i2") && said("i3") && !said("i4") && said("k3") && !said("never"));
}
END_TEST

START_TEST(try_catches_what_its_datasets_meet) {
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv';"
                       "TRY BEGIN SELECT INT \"name\" AS n FROM a INTO b; ON ERROR $e RAISE INFO 'caught {$e}'; END TRY;"
                       "SELECT 0 AS n FROM a INTO b; LET $v = SELECT n FROM b; RAISE INFO '{$v}';"), DC_OK);
  ck_assert(said("caught ") && said("ann") && said("[0, 0, 0]"));
}
END_TEST

START_TEST(a_failed_statement_makes_nothing) {
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv'; TRY BEGIN SELECT id FROM a INTO x FROM nowhere INTO y; ON ERROR END; SHOW DATASETS;"), DC_OK);
  ck_assert(printed("\na ") && !printed("\nx "));
}
END_TEST

START_TEST(names_that_exist) {
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv'; SELECT id FROM a INTO a;"), DC_FAIL);
  ck_assert_str_eq(err.message, "dataset 'a' exists already");
  free(messages), free(output);
  ck_assert_int_eq(run("LOAD abc csv FROM 'a.csv'; SELECT id FROM abd INTO a;"), DC_FAIL);
  ck_assert_str_eq(err.message, "unknown dataset 'abd'");
  ck_assert_str_eq(err.hint, "did you mean 'abc'?");
}
END_TEST

START_TEST(what_nothing_mentions_is_given_back) {
  const char *const scripts[] = {"LOAD a csv FROM 'a.csv'; SELECT id FROM a INTO b; COPY b csv INTO 'o'; SHOW DATASETS;"
                                 "TRY BEGIN SELECT 1 FROM a INTO b; ON ERROR $e RAISE INFO '{$e}'; END;",
                                 "SELECT * FROM a INTO later;"};
  ck_assert_int_eq(run_scripts(scripts, 2), DC_OK);
  ck_assert(printed("b     Columnar           1        given back"));
  ck_assert(!printed("a     Columnar           1        given back"));
  ck_assert(said("dataset 'b' exists already"));
}
END_TEST

START_TEST(in_a_loop_everything_may_come_again) {
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv'; LOOP $i IN [1, 2, 3] BEGIN"
                       " SELECT * FROM a INTO \"b{$i}\"; COPY \"b{$i}\" csv INTO 'o'; COPY a csv(@mode = 'overwrite') INTO 'o'; END;"), DC_OK);
}
END_TEST

START_TEST(split_is_listed_and_copied) {
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv'; SPLIT a BY \"name\" INTO \"p/\"; LET $n = DS_LIST('p/'); RAISE INFO '{$n}';"
                       "COPY \"p/\" * csv INTO 'o'; SPLIT a BY \"id\" INTO \"q/\"; COPY \"q/\" * csv INTO 'o';"), DC_OK);
  ck_assert(said("[p/ann, p/bob, p/cid]"));
  ck_assert_int_eq(access("o/p/bob/part-00000.csv", R_OK), 0);
  ck_assert_int_eq(access("o/q/3/part-00000.csv", R_OK), 0);
}
END_TEST

START_TEST(metrics_grow_with_each_analyze) {
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv'; ANALYZE a; ANALYZE a KEY \"id\" PARTITION; LET $n = SELECT \"_counter\" FROM \"_metrics\";"
                       "RAISE INFO '{$n}'; LET $p = SELECT \"_total\" FROM \"_metrics_a\"; RAISE INFO '{$p}';"), DC_OK);
  ck_assert(said("[REC_KEY(), \"id\"]") && said("[3]"));
}
END_TEST

START_TEST(expectations) {
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv'; EXPECT a WHERE \"id\" > 0; EXPECT a WHERE \"id\" > 1 AT LEAST 60%;"
                       "EXPECT a WHERE \"id\" > 2 ELSE RAISE WARNING 'few'; EXPECT a WHERE \"id\" > 2;"), DC_FAIL);
  ck_assert(said("warning: few"));
  ck_assert_ptr_nonnull(strstr(err.message, "only 1 of 3 rows"));
}
END_TEST

START_TEST(missing_partitions_warn_once_with_a_count) {
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv' PARTITION 1; LOOP $i IN RANGE[0, 9] BEGIN SELECT * FROM a PARTITION $i INTO \"b{$i}\"; END;"), DC_OK);
  ck_assert(said("9 partition numbers past the end"));
}
END_TEST

START_TEST(options_of_the_script_come_first) {
  ck_assert_int_eq(run("RAISE INFO '{$\"OPT:seed\"}'; OPTIONS @seed = 7;"), DC_OK);
  ck_assert(said("info: 7"));
  free(messages), free(output);
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv'; IF TRUE THEN OPTIONS @threads = 2; END;"), DC_FAIL);
}
END_TEST

START_TEST(loop_limits_of_the_old_dialect) {
  ck_assert_int_eq(run("OPTIONS @loop_iteration_limit = 2; LOOP $i IN [1, 2, 3] BEGIN LET $x = 1; END;"), DC_FAIL);
}
END_TEST

START_TEST(long_loops_do_not_grow) {
  ck_assert_int_eq(run("LET $t = ''; LET $a = []; LOOP $i IN RANGE[1, 100000] BEGIN LET $t = 'text {$i}'; LET $a = [$i, $t]; LET $local = $a; END; RAISE INFO '{$t}';"), DC_OK);
  ck_assert(said("text 100000"));
}
END_TEST

START_TEST(explain_describe) {
  ck_assert_int_eq(run("LOAD a csv FROM 'a.csv'; DESCRIBE a; EXPLAIN ALTER a KEY \"id\" PARTITION 4 INTO b; EXPLAIN COPY a csv INTO 'o'; EXPLAIN LET $x = 1; SHOW OPTIONS;"), DC_OK);
  ck_assert(printed("\"a\" Columnar, 1 partition") && printed("  name  string\n") && printed("shuffle") && printed("loop_nesting_limit"));
  ck_assert_int_ne(access("o", F_OK), 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("session");
  TCase *tests = tcase_create("all");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, functions_and_procedures_may_stand_behind_their_use);
  tcase_add_test(tests, a_second_definition_needs_replace);
  tcase_add_test(tests, break_continue_return);
  tcase_add_test(tests, try_catches_what_its_datasets_meet);
  tcase_add_test(tests, a_failed_statement_makes_nothing);
  tcase_add_test(tests, names_that_exist);
  tcase_add_test(tests, what_nothing_mentions_is_given_back);
  tcase_add_test(tests, in_a_loop_everything_may_come_again);
  tcase_add_test(tests, split_is_listed_and_copied);
  tcase_add_test(tests, metrics_grow_with_each_analyze);
  tcase_add_test(tests, expectations);
  tcase_add_test(tests, missing_partitions_warn_once_with_a_count);
  tcase_add_test(tests, options_of_the_script_come_first);
  tcase_add_test(tests, loop_limits_of_the_old_dialect);
  tcase_add_test(tests, long_loops_do_not_grow);
  tcase_add_test(tests, explain_describe);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
