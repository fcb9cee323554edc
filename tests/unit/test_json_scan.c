/* test_json_scan.c - cutting JSON and fixed records: the same records wherever the text is cut into blocks. */
#include <check.h>
#include <stdlib.h>

#include "io/json_scan.h"
#include "io/text_scan_internal.h"

enum { PADDING = 64 };

/* All records of a text, which is given `block` bytes more at a time, each behind a "|", without blanks around; or the error
   behind a "!". Also checks that *used and the rows agree. */
static void cut_all(Cutter *cutter, Str text, size_t block, Buf *out) {
  RowIndex rows = {0};
  Buf hand = {0};
  size_t taken = 0;
  out->len = 0;
  for (bool going = true; going;) {
    size_t more = text.len - taken < block ? text.len - taken : block, used = 0;
    buf_put(&hand, text.data + taken, more);
    taken += more;
    bool ended = more == 0;
    buf_reserve(&hand, PADDING);
    memset(hand.data + hand.len, 0, PADDING);
    row_index_reserve(&rows, 1);
    rows.count = 0;
    DcError err = {0};
    DcCode code = cutter->ops->cut(cutter, hand.data, hand.len, ended, &rows, &used, &err);
    ck_assert(used <= hand.len);
    ck_assert(!rows.count || (code == DC_OK && rows.offsets[rows.count] == used));
    for (size_t i = 0; i < rows.count; i++) {
      size_t from = rows.offsets[i], to = rows.offsets[i + 1];
      while (to > from && memchr(" \n", hand.data[to - 1], 2)) to--;
      buf_char(out, '|');
      buf_put(out, hand.data + from, to - from);
    }
    if (code != DC_OK) buf_printf(out, "!%s", err.message);
    memmove(hand.data, hand.data + used, hand.len - used);
    hand.len -= used;
    going = code == DC_OK && !(ended && !rows.count);
    ck_assert(going || code != DC_OK || hand.len == 0);
  }
  buf_char(out, 0);
  buf_free(&hand);
  dc_free(rows.offsets);
}

static void check_cuts(JsonLayout layout, const Str *path, size_t steps, const char *text, const char *expected) {
  Buf out = {0};
  for (size_t block = 1; block <= strlen(text) + 1; block++) {
    Cutter *cutter = json_cutter(layout, path, steps);
    cut_all(cutter, str_of(text), block, &out);
    cutter->ops->free(cutter);
    ck_assert_msg(!strncmp(out.data, expected, strlen(expected)), "blocks of %zu: %s, not %s", block, out.data, expected);
    size_t len = strlen(expected);
    ck_assert((len && expected[len - 1] == '!') || strlen(out.data) == len);
  }
  buf_free(&out);
}

static const char long_element[] =
    "[{\"a\":\"0123456789012345678901234567890123456789012345678901234567890123456789\\\\\\\"]},\",\"b\":[[[[[[[[[[{}]]]]]]]]]]},1]";

static void all_cuts(void) {
  static const Str path[] = {{"d", 1}, {"i", 1}};
  check_cuts(JSON_ARRAY, NULL, 0, " [ ] ", "");
  check_cuts(JSON_ARRAY, NULL, 0, "[1, 22 ,\"a]\\\"\",{\"x\":[{}]}\n, null]\n", "|1|22|\"a]\\\"\"|{\"x\":[{}]}|null");
  check_cuts(JSON_ARRAY, NULL, 0, long_element,
             "|{\"a\":\"0123456789012345678901234567890123456789012345678901234567890123456789\\\\\\\"]},\",\"b\":[[[[[[[[[[{}]]]]]]]]]]}|1");
  check_cuts(JSON_ARRAY, NULL, 0, "", "!");
  check_cuts(JSON_ARRAY, NULL, 0, "[", "!");
  check_cuts(JSON_ARRAY, NULL, 0, "[1,2", "|1|2!");
  check_cuts(JSON_ARRAY, NULL, 0, "[1,]", "|1!");
  check_cuts(JSON_ARRAY, NULL, 0, "[,]", "!");
  check_cuts(JSON_ARRAY, NULL, 0, "[1 2]", "|1!");
  check_cuts(JSON_ARRAY, NULL, 0, "[{},{\"a\"", "|{}!");
  check_cuts(JSON_ARRAY, NULL, 0, "[1]]", "|1!");
  check_cuts(JSON_ARRAY, NULL, 0, "{}", "!");
  check_cuts(JSON_ARRAY, NULL, 0, "\xEF\xBB\xBF [1]", "|1");
  check_cuts(JSON_DOCUMENTS, NULL, 0, "\xEF\xBB\xBF{}", "|{}");
  check_cuts(JSON_DOCUMENTS, NULL, 0, "{}\xEF\xBB\xBF{}", "|{}!");
  check_cuts(JSON_DOCUMENTS, NULL, 0, "", "");
  check_cuts(JSON_DOCUMENTS, NULL, 0, "{}{\"a\":\"}\"} [1,\n2]\n", "|{}|{\"a\":\"}\"}|[1,\n2]");
  check_cuts(JSON_DOCUMENTS, NULL, 0, "\x1e{}\n\x1e" "12\n\x1e\"s\"\n", "|{}|12|\"s\"");
  check_cuts(JSON_DOCUMENTS, NULL, 0, "{} 1", "|{}!");
  check_cuts(JSON_DOCUMENTS, NULL, 0, "{},{}", "|{}!");
  check_cuts(JSON_DOCUMENTS, NULL, 0, "{}{\"a\":", "|{}!");
  check_cuts(JSON_ARRAY, path, 2, "{\"x\":[1,\"i\"],\"d\":{\"j\":{},\"i\":[1, {\"i\":[2]}],\"k\":3},\"y\":\"\"} ", "|1|{\"i\":[2]}");
  check_cuts(JSON_ARRAY, path, 2, "{\"d\":{\"i\":[]}}", "");
  check_cuts(JSON_ARRAY, path, 2, "{\"d\":{\"i\":[1]}", "|1!");
  check_cuts(JSON_ARRAY, path, 2, "{\"d\":{\"i\":[1]}}}", "|1!");
  check_cuts(JSON_ARRAY, path, 2, "{\"d\":{\"j\":[1]}}", "!");
  check_cuts(JSON_ARRAY, path, 2, "{\"d\":[]}", "!");
  check_cuts(JSON_ARRAY, path, 2, "[]", "!");
}

START_TEST(same_records_for_all_cuts) {
  all_cuts();
  ck_assert(text_scan_choose("portable"));
  all_cuts();
  ck_assert(text_scan_choose(NULL));
}
END_TEST

static JsonLayout layout_of(const char *text, bool ended) {
  Buf padded = {0};
  buf_text(&padded, text);
  buf_reserve(&padded, PADDING);
  JsonLayout layout = json_layout(padded.data, padded.len, ended);
  buf_free(&padded);
  return layout;
}

START_TEST(layouts) {
  static const struct { const char *text; bool ended; JsonLayout layout; } rows[] = {
      {" \n", true, JSON_LINES},           {"{}\n{}", true, JSON_LINES},     {"{\"a\":1} \r\n{", false, JSON_LINES}, {"{}{}", true, JSON_DOCUMENTS},
      {"{\n}", true, JSON_DOCUMENTS},      {"{\"a\":", false, JSON_DOCUMENTS}, {"[1]", true, JSON_ARRAY},          {"[1]\n[2]\n", true, JSON_LINES},
      {"[\n1]\n", true, JSON_ARRAY},       {"[{},", false, JSON_ARRAY},      {"12\n13", true, JSON_LINES},         {"\x1e{}", true, JSON_DOCUMENTS},
      {"\xEF\xBB\xBF[1]", true, JSON_ARRAY}, {"\"a", true, JSON_LINES},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    ck_assert_msg(layout_of(rows[i].text, rows[i].ended) == rows[i].layout, "%s", rows[i].text);
}
END_TEST

START_TEST(fixed_records) {
  static const struct { const char *text, *expected; } rows[] = {
      {"", ""}, {"abcdef", "|abc|def"}, {"abcdef\r\n", "|abc|def"}, {"abcdef\x1a", "|abc|def"}, {"abcde", "|abc!the last record, of 2 bytes, is cut short: records have 3 bytes"}};
  Buf out = {0};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (size_t block = 1; block < 8; block++) {
      Cutter *cutter = record_cutter(3, false);
      cut_all(cutter, str_of(rows[i].text), block, &out);
      cutter->ops->free(cutter);
      ck_assert_str_eq(out.data, rows[i].expected);
      cutter = record_cutter(3, true);
      cut_all(cutter, str_of("aä€bcd"), block, &out);
      cutter->ops->free(cutter);
      ck_assert_str_eq(out.data, "|aä€|bcd");
    }
  buf_free(&out);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("json_scan");
  TCase *cases = tcase_create("all");
  tcase_add_test(cases, same_records_for_all_cuts);
  tcase_add_test(cases, layouts);
  tcase_add_test(cases, fixed_records);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
