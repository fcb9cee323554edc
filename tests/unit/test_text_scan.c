/* test_text_scan.c - the text scanner against libcsv, on every set of kernels. */
#include <check.h>
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/text_scan_internal.h"

static const TextDialect CSV = {.delimiter = ',', .quote = '"'};

static const char *const KERNELS[] = {"portable", "avx2"};

/* ---- random numbers: the same on every run ---- */
static uint64_t random_state = 88172645463325252U;
static unsigned dice(unsigned sides) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (unsigned)(random_state >> 33) % sides;
}

/* ---- libcsv as the oracle ---- */
typedef struct Oracle {
  Str fields[4096];
  size_t field_count;
  size_t row_end[2048]; /* number of fields behind row i */
  size_t row_count;
  bool after_cr;
  Arena arena;
} Oracle;

static void on_field(void *data, size_t len, void *context) {
  Oracle *oracle = context;
  ck_assert_uint_lt(oracle->field_count, 4096);
  oracle->fields[oracle->field_count++] = (Str){arena_copy(&oracle->arena, data, len), len};
  oracle->after_cr = false;
}

static void on_row(int c, void *context) {
  Oracle *oracle = context;
  size_t before = oracle->row_count ? oracle->row_end[oracle->row_count - 1] : 0;
  if (oracle->after_cr && c == '\n' && before == oracle->field_count) {
    oracle->after_cr = false; /* the LF of a CR LF */
    return;
  }
  bool empty_line = before == oracle->field_count;
  if (empty_line) on_field("", 0, oracle);
  ck_assert_uint_lt(oracle->row_count, 2048);
  oracle->row_end[oracle->row_count++] = oracle->field_count;
  oracle->after_cr = c == '\r';
}

static int no_space(unsigned char c) {
  (void)c;
  return 0;
}

static void oracle_run(Oracle *oracle, const char *text, size_t len) {
  oracle->field_count = oracle->row_count = 0;
  oracle->after_cr = false;
  arena_reset(&oracle->arena);
  struct csv_parser parser;
  ck_assert_int_eq(csv_init(&parser, CSV_REPALL_NL), 0);
  csv_set_space_func(&parser, no_space);
  ck_assert_uint_eq(csv_parse(&parser, text, len, on_field, on_row, oracle), len);
  csv_fini(&parser, on_field, on_row, oracle);
  csv_free(&parser);
}

/* ---- comparison ---- */
static void show(const char *text, size_t len) {
  fprintf(stderr, "kernels %s, text: ", text_scan_kernels()->name);
  for (size_t i = 0; i < len; i++) fprintf(stderr, text[i] == '\n' ? "\\n" : text[i] == '\r' ? "\\r" : "%c", text[i]);
  fprintf(stderr, "\n");
}

#define SAME(condition)                                       \
  do {                                                        \
    if (!(condition)) {                                       \
      show(text, len);                                        \
      ck_abort_msg("row %zu: %s", i, #condition);             \
    }                                                         \
  } while (0)

static void compare_row(const Oracle *oracle, const RowIndex *index, size_t i, const char *text, size_t len, Arena *arena) {
  Str fields[512];
  size_t first = i ? oracle->row_end[i - 1] : 0, count = oracle->row_end[i] - first;
  size_t at = index->offsets[i], width = index->offsets[i + 1] - at;
  SAME(text_split_row(text + at, width, &CSV, fields, 512, arena) == count);
  SAME(text_count_fields(text + at, width, &CSV) == count);
  for (size_t f = 0; f < count; f++) SAME(str_eq(fields[f], oracle->fields[first + f]));
}

/* text has 64 readable bytes behind it. */
static void compare_fields(const Oracle *oracle, const RowIndex *index, size_t rows, const char *text, size_t len, Arena *arena) {
  static const int COLUMNS[][4] = {{0, 1, 2, 3}, {0, 5}, {2}, {1, 40}};
  static const size_t COUNTS[] = {4, 2, 1, 2};
  if (!rows) return;
  uint32_t *picks = malloc(rows * sizeof *picks);
  for (size_t i = 0; i < rows; i++) picks[i] = dice((unsigned)rows);
  for (int set = 0; set < 8; set++) {
    const uint32_t *chosen = set >= 4 ? picks : NULL;
    Str *out[4];
    uint8_t *quoted[4];
    for (int c = 0; c < 4; c++) out[c] = malloc(rows * sizeof(Str)), quoted[c] = malloc(rows);
    text_fields(text, index->offsets, chosen, rows, &CSV, index->flags, COLUMNS[set % 4], COUNTS[set % 4], out, quoted, arena);
    for (size_t i = 0; i < rows; i++) {
      size_t r = chosen ? chosen[i] : i, first = r ? oracle->row_end[r - 1] : 0;
      for (size_t c = 0; c < COUNTS[set % 4]; c++) {
        size_t wanted = first + (size_t)COLUMNS[set % 4][c];
        SAME((out[c][i].data != NULL) == (wanted < oracle->row_end[r]));
        if (!out[c][i].data) continue;
        SAME(str_eq(out[c][i], oracle->fields[wanted]));
        bool at_quote = out[c][i].data > text && out[c][i].data <= text + len && out[c][i].data[-1] == '"';
        if (at_quote) SAME(quoted[c][i]);
      }
    }
    for (int c = 0; c < 4; c++) free(out[c]), free(quoted[c]);
  }
  free(picks);
}

static void compare_flags(const RowIndex *index, const char *text, size_t len, size_t expected) {
  bool ragged = false, cr = false;
  for (size_t i = 0; i < index->count; i++) {
    size_t at = index->offsets[i], width = index->offsets[i + 1] - at;
    ragged |= text_count_fields(text + at, width, &CSV) != expected;
    cr |= width >= 2 && text[at + width - 2] == '\r' && text[at + width - 1] == '\n';
  }
  size_t i = 0;
  SAME(((index->flags & ROWS_RAGGED) != 0) == ragged);
  SAME(!cr || (index->flags & ROWS_CR));
  SAME(((index->flags & ROWS_QUOTED) != 0) == (len && memchr(text, '"', len)));
}

/* The last row end of each prefix: the last row end of the whole text in it, as far as the rows do not depend on what
   comes behind. */
static void compare_cut(const RowIndex *index, const char *text, size_t len, size_t cut) {
  size_t end = text_last_row_end(text, cut, &CSV), expected = 0, i = 0;
  for (i = 0; i < index->count; i++)
    if (index->offsets[i + 1] <= cut && text[index->offsets[i + 1] - 1] == '\n') expected = index->offsets[i + 1];
  SAME(end == expected);
}

static void compare(Oracle *oracle, const char *source, size_t len, size_t shift) {
  char *memory = malloc(len + shift + 64), *text = memory + shift;
  char *tight = malloc(len + shift + 1);
  memset(text + len, dice(2) ? ',' : '"', 64);
  if (len) memcpy(text, source, len), memcpy(tight + shift + 1, source, len);
  oracle_run(oracle, text, len);
  Arena arena = {0};
  for (size_t k = 0; k < 2; k++) {
    if (!text_scan_choose(KERNELS[k])) continue;
    RowIndex index = {0};
    size_t expected = dice(4), i = 0;
    bool closed = text_index_rows(tight + shift + 1, len, &CSV, expected, &index);
    SAME(index.count == oracle->row_count);
    SAME(index.offsets[0] == 0 && index.offsets[index.count] == len);
    if (expected && closed) compare_flags(&index, text, len, expected);
    size_t rows = index.count - !closed; /* an open row has no end to trim */
    for (i = 0; i < rows; i++) compare_row(oracle, &index, i, text, len, &arena);
    compare_fields(oracle, &index, rows, text, len, &arena);
    if (closed) compare_cut(&index, text, len, len);
    if (closed) compare_cut(&index, text, len, dice((unsigned)len + 1));
    free(index.offsets);
  }
  text_scan_choose(NULL);
  arena_free(&arena);
  free(memory);
  free(tight);
}

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
  Oracle *oracle = calloc(1, sizeof *oracle);
  char text[512];
  for (int round = 0; round < 20000; round++) compare(oracle, text, noise(text, 400), (size_t)round % 64);
  arena_free(&oracle->arena);
  free(oracle);
}
END_TEST

START_TEST(agrees_with_libcsv_on_rows) {
  Oracle *oracle = calloc(1, sizeof *oracle);
  static char text[4096];
  for (int round = 0; round < 2000; round++)
    compare(oracle, text, well_formed(text, 200 + dice(2000), 1 + dice(5), dice(3) * 30), (size_t)round % 64);
  arena_free(&oracle->arena);
  free(oracle);
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
  Oracle *oracle = calloc(1, sizeof *oracle);
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
    for (size_t shift = 0; shift < 64 && !lone; shift += 7) compare(oracle, text, len, shift);
  }
  pclose(list);
  arena_free(&oracle->arena);
  free(oracle);
}
END_TEST

START_TEST(finds_row_starts) {
  static char text[8192];
  for (int round = 0; round < 60; round++) {
    size_t len = well_formed(text, sizeof text, 2 + dice(5), dice(4) * 20), next = 0;
    RowIndex index = {0};
    ck_assert(text_index_rows(text, len, &CSV, 0, &index));
    for (size_t at = 0; at < len / 2; at++) {
      while (index.offsets[next] <= at) next++;
      ck_assert_uint_eq(at + text_find_row_start(text + at, len - at, &CSV), index.offsets[next]);
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
