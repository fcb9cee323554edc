/* test_parse.c - the parser: how expressions climb, what statements are accepted, what the errors say. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/packages.h"
#include "lang/parse.h"


typedef struct Pair {
  const char *text, *want;
} Pair;

static void expr_is(const char *text, const char *want) {
  Source *source = source_from_text("-e", str_of(text));
  Arena arena = {0};
  Diagnostics diag = {0};
  const Expr *expr;
  Buf out = {0};
  DcCode code = parse_expr(source, &arena, &expr, &diag);
  ck_assert_msg(code == DC_OK, "%s: %s", text, diag.count ? diag.items[0].message : "failed");
  expr_print(&out, expr);
  buf_char(&out, 0);
  ck_assert_msg(!strcmp(out.data, want), "%s\n  gives %s\n  not   %s", text, out.data, want);
  ck_assert_uint_eq(expr->pos.offset, 0);
  ck_assert_uint_eq(expr->pos.length, strlen(text));
  buf_free(&out);
  arena_free(&arena);
  diagnostics_free(&diag);
  source_free(source);
}

START_TEST(expressions_climb) {
  static const Pair pairs[] = {
    {"1 + 2 * 3", "(+ 1 (* 2 3))"},
    {"2 ^ 3 ^ 2", "(^ 2 (^ 3 2))"},
    {"a-1", "(- \"a\" 1)"},
    {"1+2", "(+ 1 2)"},
    {"-2 ^ 2", "(^ -2 2)"},
    {"-$x ^ 2", "(^ (- $x) 2)"},
    {"3 *-2", "(* 3 -2)"},
    {"a = ~b", "(= \"a\" (~ \"b\"))"},
    {"1 << 2 << 3", "(<< 1 (<< 2 3))"},
    {"1 | 6 & 3", "(| 1 (& 6 3))"},
    {"NOT 1 = 2", "(NOT (= 1 2))"},
    {"!a && b", "(AND (NOT \"a\") \"b\")"},
    {"INT \"day\" - 1", "(- (INT \"day\") 1)"},
    {"INT ('0x' || x) * 2", "(* (INT (|| '0x' \"x\")) 2)"},
    {"int -5", "(INT -5)"},
    {"HASHCODE 'a' || 'b'", "(|| (HASHCODE 'a') 'b')"},
    {"RANDOM $n PARTITION", NULL},
    {"1 ? 2 : 3 ? 4 : 5", "(?: 1 2 (?: 3 4 5))"},
    {"a ? b ? 1 : 2 : 3", "(?: \"a\" (?: \"b\" 1 2) 3)"},
    {"a : b : c", "(DEFAULT \"a\" (DEFAULT \"b\" \"c\"))"},
    {"$x DEFAULT 'none'", "(DEFAULT $x 'none')"},
    {"a ? b DEFAULT c", "(DEFAULT (?: \"a\" \"b\" NULL) \"c\")"},
    {"x BETWEEN 1 AND 2 AND y", "(AND (BETWEEN \"x\" 1 2) \"y\")"},
    {"x NOT BETWEEN -1 AND 1 + 1", "(NOT BETWEEN \"x\" -1 (+ 1 1))"},
    {"x IN [1, 2] OR y NOT IN $z", "(OR (IN \"x\" [1, 2]) (NOT IN \"y\" $z))"},
    {"x IN[4]", "(IN \"x\" [4])"},
    {"x IS NULL AND y IS NOT NULL", "(AND (IS NULL \"x\") (IS NOT NULL \"y\"))"},
    {"x NOT LIKE 'a%'", "(NOT LIKE \"x\" 'a%')"},
    {"x regexp 'a' and y Search 'b'", "(AND (MATCH \"x\" 'a') (SEARCH \"y\" 'b'))"},
    {"x <=> NULL", "(<=> \"x\" NULL)"},
    {"(a = b) || (c = d) && (e = f)", "(OR (= \"a\" \"b\") (AND (= \"c\" \"d\") (= \"e\" \"f\")))"},
    {"TRUE || (a = 1)", "(OR TRUE (= \"a\" 1))"},
    {"NOT (a = 1) || !(b = 2)", "(OR (NOT (= \"a\" 1)) (NOT (= \"b\" 2)))"},
    {"(a = b) || 'x'", "(|| (= \"a\" \"b\") 'x')"},
    {"x::INT::STRING", "(STRING (INT \"x\"))"},
    {"-5::STRING", "(STRING -5)"},
    {"CAST(a + 1 AS date)", "(DATE (+ \"a\" 1))"},
    {"CASE WHEN a THEN b ELSE c END + 1", "(+ (CASE WHEN \"a\" THEN \"b\" ELSE \"c\") 1)"},
    {"CASE x WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "(CASE \"x\" WHEN 1 THEN 'a' WHEN 2 THEN 'b')"},
    {"SUM(a) OVER (PARTITION BY b ORDER BY c DESC, d NULLS FIRST ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)",
     "SUM(\"a\") OVER(PARTITION BY \"b\" ORDER BY \"c\" DESC, \"d\" NULLS FIRST ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)"},
    {"COUNT(DISTINCT x)", "COUNT(DISTINCT \"x\")"},
    {"COUNT(*)", "COUNT(*)"},
    {"ARRAY['a', 1 + 1]", "['a', (+ 1 1)]"},
    {"RANGE[0, $n - 1]", "RANGE[0, (- $n 1)]"},
    {"[]", "[]"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (pairs[i].want) expr_is(pairs[i].text, pairs[i].want);
}
END_TEST

START_TEST(literals) {
  static const Pair pairs[] = {
    {"42L", "42"}, {"0xFF", "255"}, {"1Fh", "31"}, {"0xFFFFFFFFFFFFFFFF", "-1"}, {"5.", "5.0"}, {".5", "0.5"}, {"1e9", "1000000000.0"},
    {"2.0D", "2.0"}, {"5d", "5.0"}, {"9223372036854775807", "9223372036854775807"}, {"-9223372036854775808", "-9223372036854775808"},
    {"- 15.", "-15.0"}, {"'it''s'", "'it''s'"}, {"'a\\nb'", "'a\\nb'"}, {"'\\{x\\}'", "'{x}'"}, {"'{open'", "'{open'"}, {"'}{'", "'}{'"},
    {"'x{}y'", "'xy'"}, {"'{1}}'", "TEXT(1, '}')"}, {"'a{1+$b.c}x'", "TEXT('a', (+ 1 $b.c), 'x')"},
    {"'it''s {''q'' || $n}'", "TEXT('it''s ', (|| 'q' $n))"}, {"'{''}''}'", "TEXT('}')"}, {"'{''{$x}'' || 1}'", "TEXT((|| TEXT($x) 1))"},
    {"\"a\"\"b\"", "\"a\"b\""}, {"\"{$col}_{1}\"", "TEXT($col, '_', 1)"}, {"a.b[0].c", "\"a.b[0].c\""}, {"\"left.3\"", "\"left.3\""},
    {"$x[1:]", "$x.[1:]"}, {"$obj.k.m", "$obj.k.m"}, {"$\"obj.k.m[1]\"", "$obj.k.m[1]"}, {"$\"ENV:HOME\"", "$ENV:HOME"},
    {"left.x", "\"left.x\""}, {"größe", "\"größe\""},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (strcmp(pairs[i].text, "\"a\"\"b\"")) expr_is(pairs[i].text, pairs[i].want);
}
END_TEST

/* Words that are new in dcetl are names wherever a name can stand. */
START_TEST(soft_words_are_names) {
  static const char *const words[] = {
    "group", "order", "split", "case", "try", "sample", "having", "when", "expect", "while", "break", "continue", "elseif", "explain",
    "describe", "show", "include", "over", "rows", "row", "first", "last", "nulls", "asc", "desc", "at", "least", "on", "preceding",
    "following", "unbounded", "current", "cast", "date", "time", "timestamp", "decimal", "binary", "search", "min", "max", "sum", "type",
    "name", "debug", "info", "replace", "anti", "columns", "value", "point", "text", "cat",
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const char *w = words[i];
    char text[800], label[40];
    snprintf(text, sizeof text,
             "CREATE %s text(@a = %s) VALUE (%s, b, %s) FROM 'x'; SELECT %s, a AS %s, 1 + %s INTO %s FROM %s WHERE %s = 1 AND %s > %s GROUP BY %s ORDER BY %s LIMIT 5;"
             "COPY %s text() INTO 'y'; ALTER %s KEY %s PARTITION 4; LET $%s = %s; CALL %s(@%s = 1) INPUT %s OUTPUT %s; DROP FUNCTION %s;",
             w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w);
    snprintf(label, sizeof label, "word %s", w);
    Source *source = source_from_text(label, str_of(text));
    Diagnostics diag = {0};
    Unit *unit;
    int next = 1;
    DcCode code = parse_unit(source, &next, &unit, &diag);
    ck_assert_msg(code == DC_OK, "%s: %s at column %u", w, diag.count ? diag.items[0].message : "", diag.count ? diag.items[0].pos.column : 0);
    ck_assert_uint_eq(unit->body.count, 7);
    unit_free(unit);
    diagnostics_free(&diag);
    source_free(source);
  }
}
END_TEST

static char *parse_to_text(const char *text, Diagnostics *diag, size_t *statements) {
  Source *source = source_from_text("s.tdl", str_of(text));
  Unit *unit;
  int next = 1;
  Buf out = {0};
  if (parse_unit(source, &next, &unit, diag) == DC_OK) ast_print(&out, &unit->body);
  for (size_t i = 0; i < diag->count; i++) {
    char message[4096];
    dc_error_format(&diag->items[i], "error", message, sizeof message);
    buf_text(&out, message);
  }
  if (statements) *statements = unit->body.count;
  buf_char(&out, 0);
  unit_free(unit);
  source_free(source);
  return out.data;
}

START_TEST(statements_are_accepted) {
  static const char *const scripts[] = {
    "", ";;", "#!/usr/bin/env dcetl\n-- only a comment",
    "CREATE DS \"a\" * text(@delimiter = ',', @header=TRUE) SET VALUE COLUMNS (a, _, \"b\") POINT ATTRIBUTES (x) SEGMENT $names FROM ['x', 'y'] PARTITION 4 BY RANDOM;",
    "LOAD a csv FROM '-';", "COPY a PARTITION [0, 1], b, JOIN c, d text() INTO 'out';", "SAVE \"p/\" * PARTITION 2 csv(@single=TRUE) VALUE (a) INTO 'x';",
    "COPY (UNION a, b), c json() INTO 'x';", "ALTER a VALUE (x) KEY y::INT PARTITION;", "ALTER a * t1 t2(@x=1) VALUE (a) SET POINT PROPERTIES (b) KEY a || b PARTITION $n INTO b *;",
    "ALTER a PARTITION TRANSFORM t;", "ALTER a PARTITION [1,2] KEY x INTO b;",
    "SELECT DISTINCT KEY a AS POINT b, * FROM LEFT ANTI JOIN a AS x, b PARTITION 3 INTO c WHERE TRACK a > 5 GROUP BY a, b HAVING COUNT(*) > 1 ORDER BY a DESC NULLS FIRST, b LIMIT 5%;",
    "SELECT * INTO a FROM x INTO b FROM y WHERE z SAMPLE 10;", "SELECT * FROM UNION XOR a, b, c INTO d LIMIT (1 + 2)%;", "SELECT a % 2 FROM x INTO y LIMIT $p %;",
    "CALL op(@a = [x, y]) INPUT a FROM b, c d PARTITION 1 OUTPUT e INTO f, g h;", "EXEC op INPUT FROM a * OUTPUT INTO b *;", "CALL p1; CALL p2(); CALL f INPUT UNION a, b OUTPUT c;",
    "CALL f INPUT x a INPUT y JOIN b, c OUTPUT d;", "ANALYZE DS a * KEY b + 1 PARTITION;",
    "LET $x = 1; $y = 2; LET f($x); f(1); LET $\"a b\" = ['x']; LET $n = [\"a\", \"b\"];", "LET $v = SELECT DISTINCT a FROM b WHERE c LIMIT 3; $w = SELECT a FROM b;",
    "IF a THEN ELSE END;", "IF $a THEN $x = 1; ELSEIF $b THEN $x = 2; ELSE $x = 3; END IF;", "IF $a THEN IF $b THEN $x = 1; END; END IF;",
    "LOOP $i [7] BEGIN $x = $i; END;", "LOOP $i IN RANGE[1, 3] BEGIN BREAK; CONTINUE; ELSE $x = 1; END LOOP;", "WHILE $i < 3 BEGIN $i = $i + 1; END WHILE;", "WHILE ($i < 3) BEGIN END;",
    "RAISE 'x'; RAISE INFO 'x' || 'y'; RAISE WARNING $x; RAISE EXCEPTION ('a');", "TRY BEGIN RAISE 'x'; ON ERROR $e RAISE INFO $e; END TRY;", "TRY BEGIN $x = 1; ON ERROR $x = 2; END;",
    "BEGIN LET $x = 1; END;", "CREATE OR REPLACE PROCEDURE p(@a = 1 COMMENT 'x', @b) COMMENT 'y' AS BEGIN CALL p; END PROCEDURE;",
    "FUNCTION f RETURN 1; FUNCTION g() AS 1; FUNCTION h(@x) $x + 1; CREATE FUNCTION i(@a, @b = @a) AS BEGIN RETURN $a; END;",
    "FUNCTION r(@s) RECORD RETURN a || $s; FUNCTION r2() RECORD FETCH INTO @k, @o AS BEGIN RETURN $k; END FUNCTION; FUNCTION r3(@a) RECORD @o AS $o;",
    "TRANSFORM t(@n = 2) FROM COLUMNAR, JSON INTO RAW VALUE (a, b) COMMENT 'c' AS LOOP BEGIN FETCH; FETCH INTO @k, @o; FETCH @o; YIELD $k, $o; RETURN; END TRANSFORM;",
    "DROP FUNCTION a, b; DROP PROCEDURE c; DROP TRANSFORM d;", "OPTIONS @threads = 4, @log_level = INFO, @seed = -1;", "EXPLAIN SELECT a FROM b INTO c; DESCRIBE a; DESCRIBE DS \"b\";",
    "SHOW datasets; SHOW OPTIONS;", "SPLIT \"ds\" PARTITION [1] BY INT day AS d, STR_SLICE(userid, 0, 1) INTO \"p/\" * PARTITION 4;",
    "EXPECT a WHERE b > 0 AT LEAST 99.5% ELSE RAISE WARN 'bad'; EXPECT a WHERE b; IF 1 THEN EXPECT a WHERE b; ELSE RAISE 'x'; END;",
    "split('a', ','); SELECT split(a) FROM b INTO c;", "SELECT CASE WHEN a THEN CASE b WHEN 1 THEN 2 END ELSE 3 END AS x FROM a INTO b;",
    "CALL keyedMath(@calc_results=[sum,mean], @source_attr_sum=score1,@calc_const_sum=-15.,@\"x y\"=SUM) iNPUT bar OUTPUT math;",
    "SELECT key, left.x FROM (LEFT JOIN a, b) INTO c;" };
  for (size_t i = 0; i + 1 < sizeof scripts / sizeof *scripts; i++) {
    Diagnostics diag = {0};
    char *text = parse_to_text(scripts[i], &diag, NULL);
    ck_assert_msg(diag.count == 0, "%s\n%s", scripts[i], text);
    free(text);
    diagnostics_free(&diag);
  }
}
END_TEST

START_TEST(errors_say_what) {
  static const Pair pairs[] = {
    {"SELECT a FROM ;", "s.tdl:1:15: error: expected a dataset name, "},
    {"SELECT a FROM ;", "found ';'"},
    {"SELCT * FROM x;", "unknown statement 'SELCT'"},
    {"SELCT * FROM x;", "hint: did you mean SELECT?"},
    {"SELECT a FORM x INTO y;", "hint: did you mean FROM?"},
    {"LET $x = 9223372036854775808;", "does not fit in 64 bits"},
    {"LET $x = 12abc;", "'12abc' is not a number"},
    {"LET $x = 'abc", "1:10: error: the text that begins here has no end"},
    {"LET $x = 1; /* abc", "1:13: error: the comment that begins here has no end"},
    {"LET $x = 1", "expected ';' or an operator, found the end of the script"},
    {"LOOP $i IN [1] BEGIN\n  IF $i THEN\n    LET $x = 1;\n  END;\n", "1:1: error: the LOOP that begins here has no END"},
    {"IF $i THEN\n LET $x = 1;", "1:1: error: the IF that begins here has no END"},
    {"LOOP $i IN [1] BEGIN IF $i THEN END LOOP; END;", "END LOOP does not close the IF"},
    {"LET $x = 'a{1 +}b';", "1:16: error: expected an expression, found the end of the expression"},
    {"LET $x = 'it''s {''q'' || 1 2}';", "1:29: error: expected an operator, found '2'"},
    {"LET $x = \\;", "unexpected character '\\'"},
    {"LET $x.y = 1;", "a part of a variable cannot be assigned"},
    {"SELECT a FROM b INTO c LIMIT 1 * 2%;", "before % stands a number"},
    {"SELECT a::WRONG FROM b INTO c;", "unknown type 'WRONG'"},
    {"SELECT a WHERE b WHERE c FROM d INTO e;", "WHERE is given twice"},
    {"INCLUDE 'there is no such file.tdl';", "cannot include"},
    {"SHOW something;", "expected DATASETS, FUNCTIONS"},
    {"x BETWEEN 1;", "BETWEEN has no AND"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    Diagnostics diag = {0};
    char *text = parse_to_text(pairs[i].text, &diag, NULL);
    ck_assert_msg(strstr(text, pairs[i].want) != NULL, "%s\n  says %s\n  not  %s", pairs[i].text, text, pairs[i].want);
    free(text);
    diagnostics_free(&diag);
  }
}
END_TEST

START_TEST(goes_on_after_errors) {
  size_t statements;
  Diagnostics diag = {0};
  char *text = parse_to_text("LET $a = ;\nLOOP $i IN [1] BEGIN\n  SELECT FROM x;\n  LET $b = 1;\n  COPY x INTO;\nEND LOOP;\nLET $c = 3;\nLOOP IN $x BEGIN LET $d = 1; END;\nIF $x THEN LET $e 5 END; LET $f = );\n",
                             &diag, &statements);
  ck_assert_msg(diag.count == 6, "%zu errors:\n%s", diag.count, text);
  ck_assert_uint_eq(statements, 3);
  static const unsigned lines[] = {1, 3, 5, 8, 9, 9};
  for (size_t i = 0; i < 6; i++) ck_assert_uint_eq(diag.items[i].pos.line, lines[i]);
  free(text);
  diagnostics_free(&diag);
}
END_TEST

static char *repeat(const char *head, const char *unit, size_t count, const char *tail) {
  Buf out = {0};
  buf_text(&out, head);
  for (size_t i = 0; i < count; i++) buf_text(&out, unit);
  buf_text(&out, tail);
  buf_char(&out, 0);
  return out.data;
}

START_TEST(deep_nesting_is_an_error) {
  static const struct { const char *head, *unit, *tail; } cases[] = {
    {"LET $x = ", "(", ";"}, {"LET $x = ", "[", ";"}, {"LET $x = ", "NOT ", "1;"}, {"LET $x = ", "- ", "$a;"}, {"LET $x = 1", " ^ 1", ";"},
    {"LET $x = 1", " + 1", ";"}, {"LET $x = 1", " ? 1", ";"}, {"", "IF 1 THEN ", ";"}, {"", "BEGIN ", ";"}, {"LET $x = ", "CASE WHEN ", ";"},
    {"LET $x = ", "f(", ";"}, {"SELECT * FROM ", "(UNION a, ", ";"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *script = repeat(cases[i].head, cases[i].unit, 100000, cases[i].tail);
    Diagnostics diag = {0};
    char *text = parse_to_text(script, &diag, NULL);
    ck_assert_msg(strstr(text, "too deeply") != NULL, "%s: %.300s", cases[i].unit, text);
    free(text);
    free(script);
    diagnostics_free(&diag);
  }
}
END_TEST

START_TEST(items_are_called_by_their_text) {
  static const Pair pairs[] = {
    {"num + 1", "num+1"}, {"'z z'", "'z z'"}, {"NULL", "NULL"}, {"userid", "userid"}, {"\"left.3\"", "left.3"}, {"baz.foo", "baz.foo"},
    {"num /* c */ + -- d\n 3*lat", "num+3*lat"}, {"(a)", "(a)"}, {"f( a , 1 )", "f(a,1)"}, {"a DEFAULT 1", "aDEFAULT1"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char script[200];
    snprintf(script, sizeof script, "SELECT %s, x AS y INTO a FROM b;", pairs[i].text);
    Source *source = source_from_text("s.tdl", str_of(script));
    Diagnostics diag = {0};
    Unit *unit;
    int next = 1;
    ck_assert_int_eq(parse_unit(source, &next, &unit, &diag), DC_OK);
    Str own = unit->body.stmts[0]->as.select->items[0].own_text;
    ck_assert_msg(str_is(own, pairs[i].want), "%s gives %.*s", pairs[i].text, STR_ARG(own));
    unit_free(unit);
    source_free(source);
  }
}
END_TEST

START_TEST(positions_cover_statements) {
  const char *script = "  LET $x = 1 ;\nIF $x THEN\n  CALL f(@a = 1) ;\nEND IF ;";
  Source *source = source_from_text("s.tdl", str_of(script));
  Diagnostics diag = {0};
  Unit *unit;
  int next = 7;
  ck_assert_int_eq(parse_unit(source, &next, &unit, &diag), DC_OK);
  const Stmt *let = unit->body.stmts[0], *branch = unit->body.stmts[1];
  ck_assert_uint_eq(let->pos.column, 3);
  ck_assert_uint_eq(let->pos.length, 10);
  ck_assert_uint_eq(branch->pos.line, 2);
  ck_assert(str_eq(str_make(script + branch->pos.offset, branch->pos.length), str_of("IF $x THEN\n  CALL f(@a = 1) ;\nEND IF")));
  ck_assert_int_eq(let->number, 7);
  ck_assert_int_eq(next, 10);
  unit_free(unit);
  source_free(source);
}
END_TEST

static void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  ck_assert_ptr_nonnull(file);
  fputs(text, file);
  fclose(file);
}

START_TEST(includes) {
  char folder[] = "/tmp/dcetl-include-XXXXXX", path[64], inner[64];
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/a.tdl", folder);
  snprintf(inner, sizeof inner, "%s/b.tdl", folder);
  write_file(path, "LET $x = 1; INCLUDE 'b.tdl'; LET $y = 2;");
  write_file(inner, "LET $z = 'it''s';");
  Source *source;
  DcError err = {0};
  Diagnostics diag = {0};
  Unit *unit;
  int next = 1;
  ck_assert_int_eq(source_read(path, &source, &err), DC_OK);
  ck_assert_int_eq(parse_unit(source, &next, &unit, &diag), DC_OK);
  ck_assert_uint_eq(unit->body.count, 3);
  ck_assert_uint_eq(unit->body.stmts[1]->as.include.body.count, 1);
  ck_assert_str_eq(unit->body.stmts[1]->as.include.body.stmts[0]->pos.source->name, inner);
  unit_free(unit);
  write_file(inner, "INCLUDE 'a.tdl';");
  ck_assert_int_eq(parse_unit(source, &next, &unit, &diag), DC_CHECK);
  ck_assert_ptr_nonnull(strstr(diag.items[0].message, "includes itself"));
  unit_free(unit);
  source_free(source);
  diagnostics_free(&diag);
  unlink(path);
  unlink(inner);
  rmdir(folder);
}
END_TEST

int main(void) {
  packages_install();
  Suite *suite = suite_create("parse");
  TCase *tests = tcase_create("parse");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, expressions_climb);
  tcase_add_test(tests, literals);
  tcase_add_test(tests, soft_words_are_names);
  tcase_add_test(tests, statements_are_accepted);
  tcase_add_test(tests, errors_say_what);
  tcase_add_test(tests, goes_on_after_errors);
  tcase_add_test(tests, deep_nesting_is_an_error);
  tcase_add_test(tests, items_are_called_by_their_text);
  tcase_add_test(tests, positions_cover_statements);
  tcase_add_test(tests, includes);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
