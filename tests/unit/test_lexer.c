/* test_lexer.c - tokens: kinds, texts and places. */
#include <check.h>
#include <stdlib.h>

#include "cli/packages.h"
#include "lang/lexer.h"

typedef struct Pair {
  const char *text, *want;
} Pair;

static char *tokens_of(const char *text, Diagnostics *diag) {
  Source *source = source_from_text("s.tdl", str_of(text));
  Buf out = {0};
  tokens_print(&out, source, diag);
  buf_char(&out, 0);
  source_free(source);
  return out.data;
}

START_TEST(tokens) {
  static const Pair pairs[] = {
    {"", ""},
    {"#!/bin/x ;\nlet", "2:1 LET let\n"},
    {"\xEF\xBB\xBF;", "1:4 ';' ;\n"},
    {"a--b\n/* c\n */d", "1:1 a name a\n3:4 a name d\n"},
    {"sElEcT \"x\"\"y\" 'it''s'", "1:1 SELECT sElEcT\n1:8 a quoted name \"x\"\"y\"\n1:15 a text 'it''s'\n"},
    {"a.b[0].c", "1:1 a name a.b[0].c\n"},
    {"a [0]", "1:1 a name a\n1:3 '[' [\n1:4 a number 0\n1:5 ']' ]\n"},
    {"IN[4]", "1:1 a name IN\n1:3 '[' [\n1:4 a number 4\n1:5 ']' ]\n"},
    {"array[1]", "1:1 ARRAY array\n1:6 '[' [\n1:7 a number 1\n1:8 ']' ]\n"},
    {"left.x left", "1:1 a name left.x\n1:8 LEFT left\n"},
    {"$a.b[1:] $\"x y\".z @p @\"q\"", "1:1 a variable $a.b[1:]\n1:10 a variable $\"x y\".z\n1:19 a @parameter @p\n1:22 a @parameter @\"q\"\n"},
    {"1.5e-3D 15. .5 0xfF 1Fh 42L", "1:1 a number 1.5e-3D\n1:9 a number 15.\n1:13 a number .5\n1:16 a number 0xfF\n1:21 a number 1Fh\n1:25 a number 42L\n"},
    {"a<=>b", "1:1 a name a\n1:2 a symbol <=>\n1:5 a name b\n"},
    {"a=~b", "1:1 a name a\n1:2 '=' =\n1:3 a symbol ~\n1:4 a name b\n"},
    {"1*-2", "1:1 a number 1\n1:2 '*' *\n1:3 a symbol -\n1:4 a number 2\n"},
    {"x::INT?1:2", "1:1 a name x\n1:2 '::' ::\n1:4 a name INT\n1:7 '?' ?\n1:8 a number 1\n1:9 ':' :\n1:10 a number 2\n"},
    {"'a\nb' c", "1:1 a text 'a\nb'\n2:4 a name c\n"},
    {"straße", "1:1 a name straße\n"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    Diagnostics diag = {0};
    char *text = tokens_of(pairs[i].text, &diag);
    ck_assert_str_eq(text, pairs[i].want);
    ck_assert_uint_eq(diag.count, 0);
    free(text);
  }
}
END_TEST

START_TEST(errors) {
  static const Pair pairs[] = {
    {"a 'bc", "the text that begins here has no end"}, {"\"bc", "the quoted name that begins here has no end"}, {"$\"bc", "has no end"},
    {"/* bc", "the comment that begins here has no end"}, {"a \\", "unexpected character '\\'"}, {"\x01", "unexpected character with code 1"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    Diagnostics diag = {0};
    free(tokens_of(pairs[i].text, &diag));
    ck_assert_uint_eq(diag.count, 1);
    ck_assert_msg(strstr(diag.items[0].message, pairs[i].want) != NULL, "%s", diag.items[0].message);
    ck_assert_uint_eq(diag.items[0].pos.line, 1);
    diagnostics_free(&diag);
  }
}
END_TEST

int main(void) {
  packages_install();
  Suite *suite = suite_create("lexer");
  TCase *tests = tcase_create("lexer");
  tcase_add_test(tests, tokens);
  tcase_add_test(tests, errors);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
