/* test_statements.c - the rows about statements, and where a text is a whole statement. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/packages.h"
#include "lang/parse.h"
#include "lang/statements.h"

static void parse_example(const char *example) {
  int number = 1;
  Diagnostics diagnostics = {0};
  Unit *unit;
  Source *source = source_from_text("example", str_of(example));
  DcCode code = parse_unit(source, &number, &unit, &diagnostics);
  const char *message = diagnostics.count ? diagnostics.items[0].message : "";
  ck_assert_msg(code == DC_OK, "%s: %s", example, message);
  unit_free(unit);
  source_free(source);
  diagnostics_free(&diagnostics);
}

START_TEST(rows_are_whole) {
  size_t count;
  const StatementRow *rows = statement_rows(&count);
  packages_install();
  for (size_t i = 0; i < count; i++) {
    ck_assert_ptr_nonnull(rows[i].group);
    ck_assert_msg(rows[i].doc[strlen(rows[i].doc) - 1] == '.', "%s: the doc is no sentence", rows[i].name);
    ck_assert_msg(text_is_complete(str_of(rows[i].example)), "%s: the example is cut off", rows[i].name);
    for (size_t k = 0; k < i; k++) ck_assert_str_ne(rows[i].name, rows[k].name);
    for (size_t k = 0; k < i; k++) /* groups are not torn */
      if (strcmp(rows[k].group, rows[i].group) == 0) ck_assert_str_eq(rows[i - 1].group, rows[i].group);
    parse_example(rows[i].example);
  }
}
END_TEST

/* Every word that can begin a statement is told about. */
START_TEST(every_statement_has_a_row) {
  static const char *const words[] = {
    "ALTER", "ANALYZE", "BEGIN", "BREAK", "CALL", "CONTINUE", "COPY", "DESCRIBE", "DROP", "EXPECT", "EXPLAIN", "FETCH",
    "FUNCTION", "IF", "INCLUDE", "LET", "LOAD", "LOOP", "OPTIONS", "PROCEDURE", "RAISE", "RETURN", "SELECT", "SHOW",
    "SPLIT", "TRANSFORM", "TRY", "WHILE", "YIELD",
  };
  size_t count;
  const StatementRow *rows = statement_rows(&count);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    bool found = false;
    for (size_t k = 0; k < count; k++) found |= strcmp(rows[k].name, words[i]) == 0;
    ck_assert_msg(found, "no row for %s", words[i]);
  }
}
END_TEST

START_TEST(whole_statements) {
  static const struct {
    const char *text;
    bool complete;
  } cases[] = {
    {"", true}, {"  \n", true}, {"-- note\n", true}, {"/* note */", true}, {"/* note", false}, {";", true},
    {"1;", true}, {"1", false}, {"1; 2", false}, {"1; -- two\n", true},
    {"'a;", false}, {"'a;';", true}, {"'it''s;", false}, {"\"a;", false}, {"\"a;\";", true}, {"'{f('';'')};", false},
    {"IF TRUE THEN 1;", false}, {"IF TRUE THEN 1; END;", true}, {"IF TRUE THEN 1; END", false},
    {"IF TRUE THEN 1; END IF;", true},
    {"IF a THEN 1; ELSEIF b THEN 2; ELSE 3;", false}, {"IF a THEN 1; ELSEIF b THEN 2; ELSE 3; END IF;", true},
    {"LOOP $i IN [1] BEGIN 1; 2;", false}, {"LOOP $i IN [1] BEGIN 1; 2; END LOOP;", true}, {"WHILE a BEGIN b;", false},
    {"CREATE FUNCTION f(@a) AS BEGIN RETURN 1;", false},
    {"CREATE FUNCTION f(@a) AS BEGIN RETURN 1; END FUNCTION;", true},
    {"CREATE FUNCTION f(@a) AS RETURN 1;", true},
    {"LET $a = CASE WHEN b THEN c END;", true}, {"LET $a = CASE WHEN b THEN c END", false},
    {"TRY BEGIN 1; ON ERROR $e 2;", false}, {"TRY BEGIN 1; ON ERROR $e 2; END TRY;", true},
    {"END;", true}, {"EXPECT a WHERE b ELSE RAISE 'c';", true}, {"BEGIN BEGIN 1; END;", false},
    {"$begin; \"begin\";", true},
  };
  packages_install();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(text_is_complete(str_of(cases[i].text)) == cases[i].complete, "%s", cases[i].text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("statements");
  TCase *tests = tcase_create("all");
  tcase_add_test(tests, rows_are_whole);
  tcase_add_test(tests, every_statement_has_a_row);
  tcase_add_test(tests, whole_statements);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
