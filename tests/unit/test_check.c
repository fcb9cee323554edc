/* test_check.c - the static checks: what they refuse, in which words, and what they let pass. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/packages.h"
#include "lang/parse.h"

typedef struct Pair {
  const char *text, *want;
} Pair;

/* All messages and hints, one a line. */
static char *check_text(const char *text) {
  Source *source = source_from_text("s.tdl", str_of(text));
  Diagnostics diag = {0};
  Unit *unit;
  Buf out = {0};
  int next = 1;
  if (parse_unit(source, &next, &unit, &diag) == DC_OK) {
    DcCode code = check_units(&unit, 1, NULL, &diag);
    ck_assert_int_eq(code, diag.errors ? DC_CHECK : DC_OK);
  }
  for (size_t i = 0; i < diag.count; i++)
    buf_printf(&out, "%u:%u %s (%s)\n", diag.items[i].pos.line, diag.items[i].pos.column, diag.items[i].message, diag.items[i].hint);
  buf_char(&out, 0);
  unit_free(unit);
  diagnostics_free(&diag);
  source_free(source);
  return out.data;
}

START_TEST(refused) {
  static const Pair pairs[] = {
    {"LET $x = STR_LENGHT('a');", "1:10 unknown function STR_LENGHT (did you mean STR_LENGTH?)"},
    {"FUNCTION twice(@a) RETURN $a; LET $x = twise(1);", "unknown function twise (did you mean twice?)"},
    {"LET $x = STR_LENGTH();", "STR_LENGTH takes 1 argument, not 0"},
    {"LET $x = STR_LENGTH('a', 'b');", "STR_LENGTH takes 1 argument, not 2"},
    {"FUNCTION f(@a, @b = 1) RETURN 1; f(); f(1); f(1, 2); f(1, 2, 3);", "1:34 f takes 1 to 2 arguments, not 0 (f(@a, @b = …))\n1:54 f takes 1 to 2 arguments, not 3 (f(@a, @b = …))\n"},
    {"FUNCTION STR_LENGTH(@a) RETURN 1;", "1:10 the built-in function STR_LENGTH cannot be replaced"},
    {"IF day > 3 THEN END;", "1:4 the name day stands outside of a record: nothing has attributes here ($day is the variable, 'day' the text)"},
    {"SELECT a FROM b PARTITION p INTO c;", "the name p stands"},
    {"SELECT 'x{a}' FROM b INTO c;", "1:11 the name a stands"},
    {"FUNCTION f(@a) RETURN a;", "1:23 the name a stands"},
    {"RETURN 1;", "RETURN is only possible in a function or a transform"},
    {"PROCEDURE p BEGIN RETURN; END;", "RETURN is only possible"},
    {"FUNCTION f() BEGIN RETURN; END;", "RETURN needs a value"},
    {"TRANSFORM t FROM RAW INTO RAW BEGIN RETURN 1; END;", "RETURN takes no value in a transform"},
    {"FETCH;", "FETCH is only possible in a transform"},
    {"FUNCTION f() BEGIN YIELD 1, 2; RETURN 1; END;", "YIELD is only possible in a transform"},
    {"BREAK;", "BREAK is only possible in a LOOP or WHILE"},
    {"LOOP $i IN [1] BEGIN PROCEDURE p BEGIN CONTINUE; END; END;", "CONTINUE is only possible"},
    {"LOOP $i IN [1] BEGIN ELSE BREAK; END;", "BREAK is only possible"},
    {"FUNCTION f() BEGIN SELECT a FROM b INTO c; RETURN 1; END;", "this statement is not possible in a function"},
    {"FUNCTION f() BEGIN FUNCTION g() RETURN 1; RETURN 1; END;", "a function cannot be defined inside of a function"},
    {"FUNCTION f(@a) BEGIN IF $a THEN RETURN 1; END; END;", "1:10 function f has a path without RETURN"},
    {"FUNCTION f(@a) BEGIN LOOP $i IN $a BEGIN RETURN 1; END; END;", "path without RETURN"},
    {"FUNCTION f(@a) BEGIN LOOP $i IN $a BEGIN BREAK; RETURN 1; ELSE RETURN 2; END; END;", "path without RETURN"},
    {"FUNCTION f(@a) BEGIN WHILE TRUE BEGIN BREAK; END; END;", "path without RETURN"},
    {"FUNCTION f(@a) BEGIN RAISE INFO 'x'; END;", "path without RETURN"},
    {"FUNCTION f(@a, @a) RETURN 1;", "@a is given twice"},
    {"SELECT a INTO b;", "SELECT has no FROM"},
    {"SELECT a FROM b;", "SELECT has no INTO"},
    {"SELECT a FROM b INTO c INTO d;", "SELECT has 1 FROM and 2 INTO"},
    {"SELECT a FROM b * INTO c;", "FROM has a wildcard, so INTO needs one too"},
    {"SELECT a FROM b INTO c *;", "INTO has a wildcard, but its FROM has none"},
    {"ALTER a * KEY b INTO c;", "ALTER has a wildcard"},
    {"LET $x = SELECT a FROM b INTO c;", "has no INTO"},
    {"LET $x = SELECT a, b FROM c;", "takes one expression"},
    {"SELECT a FROM JOIN b INTO c;", "JOIN needs at least two datasets"},
    {"SPLIT a BY b INTO c;", "* is missing behind the name"},
    {"IF $a = $b || $c = $d THEN END;", "1:9 || joins texts here"},
    {"IF $a IN [1] || $b IN [2] THEN END;", "|| joins texts here"},
    {"IF $a IS NULL || $b IS NULL THEN END;", "|| joins texts here"},
    {"IF ($a = 1) || $b = 2 THEN END;", "|| joins texts here"},
    {"IF $a = 1 || ($b = 2) THEN END;", "|| joins texts here"},
    {"SELECT a FROM b INTO c WHERE COUNT(*) > 1;", "COUNT looks at many records: it can only stand in SELECT items, HAVING and ORDER BY (filter groups with HAVING)"},
    {"ALTER a KEY COUNT(b);", "COUNT looks at many records"},
    {"SELECT COUNT(COUNT(a)) FROM b INTO c;", "COUNT stands inside of another aggregate"},
    {"SELECT MAX(*) FROM b INTO c;", "only COUNT takes *"},
    {"SELECT STR_LENGTH(a) OVER () FROM b INTO c;", "OVER is for aggregates; STR_LENGTH is none"},
    {"FUNCTION f() RECORD RETURN a; LET $x = f();", "f is a RECORD function, and there is no record here"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char *text = check_text(pairs[i].text);
    ck_assert_msg(strstr(text, pairs[i].want) != NULL, "%s\n  says %s\n  not  %s", pairs[i].text, text, pairs[i].want);
    free(text);
  }
}
END_TEST

START_TEST(let_pass) {
  static const char *const scripts[] = {
    "LET $x = f(1); FUNCTION f(@a) RETURN $a;",
    "FUNCTION even(@n) BEGIN IF $n = 0 THEN RETURN TRUE; END; RETURN odd($n - 1); END; FUNCTION odd(@n) RETURN even($n - 1);",
    "LET $x = name; LET $y = [a, \"b\"]; CALL op(@a = x, @b = [y, z]); FUNCTION f(@a = name) RETURN $a;",
    "SELECT a, MAX(a, b), MAX(a) FROM b INTO c WHERE MAX(a) > 1 GROUP BY a HAVING COUNT(*) > 1 ORDER BY COUNT(*);",
    "FUNCTION f(@a) BEGIN IF $a THEN RETURN 1; ELSEIF $b THEN RAISE 'x'; ELSE RETURN 2; END; END;",
    "FUNCTION f(@a) BEGIN LOOP $i IN $a BEGIN RETURN 1; ELSE RETURN 2; END; END;",
    "FUNCTION f(@a) BEGIN WHILE TRUE BEGIN LOOP $i IN [1] BEGIN BREAK; END; END; END;",
    "FUNCTION f(@a) BEGIN TRY BEGIN RETURN 1; ON ERROR $e RETURN 2; END; END;",
    "FUNCTION f(@a) RECORD BEGIN IF a > 1 THEN RETURN b; END; RETURN c; END; SELECT f(a) FROM b INTO c;",
    "TRANSFORM t FROM RAW INTO COLUMNAR VALUE (a) BEGIN FETCH INTO @k, @o; IF $NOTFOUND THEN RETURN; END; LET $s = $s + v; YIELD a, b; END;",
    "SELECT COUNT(DISTINCT a), COUNT(*) OVER (PARTITION BY b ORDER BY c) FROM \"d\" INTO e;",
    "IF ($a = 1) || ($b = 2) && ($c = 3) THEN END; LET $x = 'a' || 'b' = 'ab'; LET $y = $a = 'x' || 'y';",
    "SELECT * FROM \"a/\" * INTO \"b/\" *; SELECT * FROM UNION \"a\" * INTO b; COPY \"b/\" * csv INTO 'x';",
    "LOOP $i IN [1] BEGIN IF $i THEN BREAK; END; TRY BEGIN CONTINUE; ON ERROR BREAK; END; END;",
  };
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
    char *text = check_text(scripts[i]);
    ck_assert_msg(!*text, "%s\n  says %s", scripts[i], text);
    free(text);
  }
}
END_TEST

int main(void) {
  packages_install();
  Suite *suite = suite_create("check");
  TCase *tests = tcase_create("check");
  tcase_add_test(tests, refused);
  tcase_add_test(tests, let_pass);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
