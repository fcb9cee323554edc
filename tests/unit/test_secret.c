/* test_secret.c - masking of passwords in messages. */
#include <check.h>

#include "base/secret.h"

static const char *masked(const char *text) {
  static Buf buf;
  buf.len = 0;
  buf_text(&buf, text);
  secret_mask(&buf, 0);
  buf_char(&buf, 0);
  return buf.data;
}

START_TEST(masks_every_occurrence) {
  secret_note(str_of("hunter2"));
  secret_note(str_of("hunter22"));
  secret_note(str_of("hunter2"));
  ck_assert_str_eq(masked("a hunter2 b hunter22hunter2"), "a *** b ******");
  ck_assert_str_eq(masked("hunter"), "hunter");
  ck_assert_str_eq(masked(""), "");
}
END_TEST

START_TEST(leaves_short_texts) {
  secret_note(str_of("ab"));
  secret_note(str_of(""));
  ck_assert_str_eq(masked("abc"), "abc");
}
END_TEST

START_TEST(a_secret_of_three_ends) {
  secret_note(str_of("***"));
  secret_note(str_of("xyz"));
  ck_assert_str_eq(masked("xyz***xyz"), "*********");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("secret");
  TCase *tests = tcase_create("secret");
  tcase_add_test(tests, masks_every_occurrence);
  tcase_add_test(tests, leaves_short_texts);
  tcase_add_test(tests, a_secret_of_three_ends);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
