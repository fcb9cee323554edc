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

static void check_place(const char *text, size_t from, size_t to, const char *masked_text, size_t new_from, size_t new_to) {
  Buf buf = {0};
  buf_text(&buf, text);
  secret_mask_place(&buf, &from, &to);
  ck_assert(str_eq(str_make(buf.data, buf.len), str_of(masked_text)));
  ck_assert_uint_eq(from, new_from);
  ck_assert_uint_eq(to, new_to);
  buf_free(&buf);
}

START_TEST(a_place_moves_with_its_text) {
  secret_note(str_of("hunter2"));
  secret_note(str_of("xyz"));
  check_place("a hunter2 b", 0, 1, "a *** b", 0, 1);
  check_place("a hunter2 b", 10, 11, "a *** b", 6, 7);
  check_place("hunter2 hunter2 xyz b", 20, 21, "*** *** *** b", 12, 13);
  check_place("a hunter2 b", 2, 9, "a *** b", 2, 5); /* is the secret, */
  check_place("a hunter2 b", 4, 6, "a *** b", 2, 5); /* is in it, */
  check_place("a hunter2 b", 0, 11, "a *** b", 0, 7); /* around it */
  check_place("a", 1, 1, "a", 1, 1);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("secret");
  TCase *tests = tcase_create("secret");
  tcase_add_test(tests, masks_every_occurrence);
  tcase_add_test(tests, leaves_short_texts);
  tcase_add_test(tests, a_secret_of_three_ends);
  tcase_add_test(tests, a_place_moves_with_its_text);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
