/* test_text_scan.c - the text scanner against libcsv, on every set of kernels. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "csv_compare.h"

/* ---- texts ---- */
static size_t noise(char *text, size_t limit) {
  static const char *const PIECES[] = {"a", "b", ",", "\"", "\n", "\r\n", "\"\"", ",\"", "\",", "\"\n", "\n\"", "\"\r\n"};
  size_t len = 0, want = dice((unsigned)limit - 80);
  unsigned kinds = dice(3) ? 12 : 4 + dice(6), runs = dice(4) ? 40 : 6;
  while (len < want) {
    if (!dice(runs)) {
      size_t run = 20 + dice(55);
      memset(text + len, "ab,\""[dice(4)], run);
      len += run;
    } else {
      const char *piece = PIECES[dice(kinds)];
      memcpy(text + len, piece, strlen(piece));
      len += strlen(piece);
    }
  }
  return len;
}

/* Rows of `fields` fields; quoted ones begin and end with a letter. */
static size_t well_formed(char *text, size_t limit, unsigned fields, unsigned quoted) {
  size_t len = 0;
  while (len + fields * 40 + 4 < limit) {
    for (unsigned f = 0; f < fields; f++) {
      if (f) text[len++] = ',';
      bool quote = dice(100) < quoted;
      if (quote) text[len++] = '"', text[len++] = 'q';
      for (unsigned n = dice(12); n; n--) {
        unsigned kind = quote ? dice(9) : 9;
        if (kind == 0) text[len++] = '"', text[len++] = '"';
        else if (kind == 1) text[len++] = ',';
        else if (kind == 2) text[len++] = '\n';
        else text[len++] = (char)('a' + dice(26));
      }
      if (quote) text[len++] = 'e', text[len++] = '"';
    }
    if (!dice(3)) text[len++] = '\r';
    text[len++] = '\n';
  }
  return len;
}

START_TEST(agrees_with_libcsv_on_noise) {
  Oracle oracle = {0};
  char text[512];
  for (int round = 0; round < 20000; round++) csv_compare(&oracle, text, noise(text, 400), (size_t)round % 64);
  oracle_free(&oracle);
}
END_TEST

START_TEST(agrees_with_libcsv_on_rows) {
  Oracle oracle = {0};
  static char text[4096];
  for (int round = 0; round < 2000; round++)
    csv_compare(&oracle, text, well_formed(text, 200 + dice(2000), 1 + dice(5), dice(3) * 30), (size_t)round % 64);
  oracle_free(&oracle);
}
END_TEST

/* Also with lone CRs, of which libcsv thinks otherwise. */
START_TEST(agrees_with_the_exact_reader) {
  char text[512];
  for (int round = 0; round < 40000; round++) {
    size_t len = noise(text, 400);
    memset(text + len, '"', 64);
    for (size_t i = dice(20); i < len; i += 1 + dice(30)) text[i] = '\r';
    exact_compare(text, len);
  }
}
END_TEST

/* The first fields of rows are taken as each of them alone; rows lack some, and quotes come before and behind them. */
START_TEST(takes_first_fields) {
  enum { MOST = 7 };
  static char text[4096];
  for (int round = 0; round < 400; round++) {
    size_t len = well_formed(text, 200 + dice(2000), 1 + dice(MOST), dice(3) * 30);
    RowIndex index = {0};
    ck_assert(text_index_rows(text, len, &CSV, 0, &index));
    Arena arena = {0};
    Str *together[MOST], *alone[MOST];
    uint8_t *marks[MOST], *mark[MOST];
    int columns[MOST];
    for (int c = 0; c < MOST; c++) {
      columns[c] = c;
      together[c] = arena_alloc(&arena, (index.count + 1) * sizeof(Str));
      alone[c] = arena_alloc(&arena, (index.count + 1) * sizeof(Str));
      marks[c] = arena_alloc(&arena, index.count + 1);
      mark[c] = arena_alloc(&arena, index.count + 1);
    }
    size_t wanted = 1 + dice(MOST);
    text_fields(text, index.offsets, NULL, index.count, &CSV, index.flags, columns, wanted, together, marks, &arena);
    for (size_t c = 0; c < wanted; c++) {
      text_fields(text, index.offsets, NULL, index.count, &CSV, index.flags, &columns[c], 1, &alone[c], &mark[c], &arena);
      for (size_t i = 0; i < index.count; i++) {
        ck_assert_int_eq(!together[c][i].data, !alone[c][i].data);
        ck_assert_msg(str_eq(together[c][i], alone[c][i]) && marks[c][i] == mark[c][i], "field %zu of row %zu", c, i);
      }
    }
    free(index.offsets);
    arena_free(&arena);
  }
}
END_TEST

static void read_into(const char *path, char *text, size_t limit, size_t *len) {
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  *len = fread(text, 1, limit, file);
  ck_assert_int_eq(fclose(file), 0);
}

/* Lone CRs are ordinary bytes here and row ends for libcsv, so corpus files that have them are left out. */
START_TEST(agrees_with_libcsv_on_corpus) {
  Oracle oracle = {0};
  FILE *list = popen("ls tests/fuzz/corpus/csv/* 2>/dev/null", "r");
  ck_assert_ptr_nonnull(list);
  char path[512];
  static char text[8192];
  while (fgets(path, sizeof path, list)) {
    size_t len;
    path[strcspn(path, "\n")] = 0;
    read_into(path, text, sizeof text, &len);
    bool lone = false;
    for (size_t i = 0; i < len; i++) lone |= text[i] == '\r' && (i + 1 == len || text[i + 1] != '\n');
    for (size_t shift = 0; shift < 64 && !lone; shift += 7) csv_compare(&oracle, text, len, shift);
  }
  pclose(list);
  oracle_free(&oracle);
}
END_TEST

START_TEST(finds_row_starts) {
  static char text[8192];
  for (int round = 0; round < 60; round++) {
    size_t len = well_formed(text, sizeof text, 2 + dice(5), dice(4) * 20), next = 0;
    RowIndex index = {0};
    ck_assert(text_index_rows(text, len, &CSV, 0, &index));
    for (size_t at = 0; at < len; at++) {
      while (index.offsets[next] <= at) next++;
      ck_assert_uint_eq(at + text_find_row_start(text + at, len - at, true, 0, &CSV), index.offsets[next]);
    }
    free(index.offsets);
  }
}
END_TEST

static void split(const char *row, const TextDialect *dialect, const char *expected) {
  Arena arena = {0};
  Buf joined = {0};
  Str fields[16];
  size_t count = text_split_row(row, strlen(row), dialect, fields, 16, &arena);
  for (size_t i = 0; i < count; i++) {
    buf_char(&joined, '[');
    buf_str(&joined, fields[i]);
    buf_char(&joined, ']');
  }
  buf_char(&joined, 0);
  ck_assert_str_eq(joined.data, expected);
  buf_free(&joined);
  arena_free(&arena);
}

START_TEST(splits_rows) {
  static const TextDialect BACKSLASH = {.delimiter = ',', .quote = '"', .escape = '\\'};
  static const TextDialect UNQUOTED = {.delimiter = '\t'};
  static const TextDialect LINES = {.plain = true, .delimiter = ',', .quote = '"'};
  split("a,b\r\n", &CSV, "[a][b]");
  split("", &CSV, "[]");
  split("\n", &CSV, "[]");
  split(",", &CSV, "[][]");
  split("\"\",\"\"\"\"", &CSV, "[][\"]");
  split("\"a\"b,\"c\"", &CSV, "[a\"b,\"c]");
  split("a\"b\",c", &CSV, "[a\"b\"][c]");
  split("\"a\n\",\"b,\"\n", &CSV, "[a\n][b,]");
  split("a\\,b,\\\"c\\\"\n", &BACKSLASH, "[a,b][\"c\"]");
  split("\"a\\\"\",\\\\,x\\", &BACKSLASH, "[a\"][\\][x\\]");
  split("\"a\"\tb", &UNQUOTED, "[\"a\"][b]");
  split("\"a,b\n", &LINES, "[\"a,b]");
}
END_TEST

START_TEST(indexes_other_dialects) {
  static const TextDialect BACKSLASH = {.delimiter = ',', .quote = '"', .escape = '\\'};
  static const TextDialect LINES = {.plain = true};
  static const char text[] = "a\\\nb,c\n\"x\\\"\n\",y\n\nlast";
  RowIndex index = {0};
  ck_assert(text_index_rows(text, strlen(text), &BACKSLASH, 2, &index));
  ck_assert_uint_eq(index.count, 4);
  ck_assert_uint_eq(index.offsets[1], 7);
  ck_assert_uint_eq(index.offsets[2], 16);
  ck_assert(index.flags & ROWS_RAGGED);
  ck_assert_uint_eq(text_last_row_end(text, strlen(text), &BACKSLASH), 17);
  ck_assert(text_index_rows(text, strlen(text), &LINES, 1, &index));
  ck_assert_uint_eq(index.count, 6);
  ck_assert_uint_eq(index.flags, 0);
  ck_assert(!text_index_rows("a,\"b\n", 5, &CSV, 0, &index));
  ck_assert(text_index_rows(NULL, 0, &CSV, 0, &index));
  ck_assert_uint_eq(index.count, 0);
  free(index.offsets);
}
END_TEST

START_TEST(takes_lines_and_escapes) {
  static const TextDialect LINES = {.plain = true}, BACKSLASH = {.delimiter = ',', .quote = '"', .escape = '\\'};
  char text[128] = "a\\,b,c\r\nd,e\n";
  static const uint32_t offsets[] = {0, 8, 12};
  static const int columns[] = {0, 1};
  Str a[2], b[2], *out[] = {a, b};
  Arena arena = {0};
  text_fields(text, offsets, NULL, 2, &LINES, 0, columns, 2, out, NULL, &arena);
  ck_assert(str_is(a[0], "a\\,b,c") && str_is(a[1], "d,e") && !b[0].data);
  text_fields(text, offsets, NULL, 2, &BACKSLASH, 0, columns, 2, out, NULL, &arena);
  ck_assert(str_is(a[0], "a,b") && str_is(b[0], "c") && str_is(a[1], "d") && str_is(b[1], "e"));
  arena_free(&arena);
}
END_TEST

static void put(const char *field, const TextDialect *dialect, bool force, const char *expected) {
  Buf out = {0};
  text_put_field(&out, str_of(field), dialect, force);
  buf_char(&out, 0);
  ck_assert_str_eq(out.data, expected);
  buf_free(&out);
}

START_TEST(puts_fields) {
  static const TextDialect BACKSLASH = {.delimiter = ',', .quote = '"', .escape = '\\'};
  static const TextDialect ESCAPE_ONLY = {.delimiter = '\t', .escape = '\\'};
  put("abc", &CSV, false, "abc");
  put("abc", &CSV, true, "\"abc\"");
  put("", &CSV, true, "\"\"");
  put("a,b", &CSV, false, "\"a,b\"");
  put("a\"b", &CSV, false, "\"a\"\"b\"");
  put("a\r", &CSV, false, "\"a\r\"");
  put("a\\b", &CSV, false, "a\\b");
  put("a\\b", &BACKSLASH, false, "a\\\\b");
  put("a\tb\\", &ESCAPE_ONLY, false, "a\\\tb\\\\");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("text_scan");
  TCase *cases = tcase_create("all");
  tcase_set_timeout(cases, 300);
  tcase_add_test(cases, agrees_with_libcsv_on_noise);
  tcase_add_test(cases, agrees_with_libcsv_on_rows);
  tcase_add_test(cases, agrees_with_libcsv_on_corpus);
  tcase_add_test(cases, agrees_with_the_exact_reader);
  tcase_add_test(cases, takes_first_fields);
  tcase_add_test(cases, finds_row_starts);
  tcase_add_test(cases, splits_rows);
  tcase_add_test(cases, indexes_other_dialects);
  tcase_add_test(cases, takes_lines_and_escapes);
  tcase_add_test(cases, puts_fields);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
