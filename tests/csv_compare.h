/* csv_compare.h - holds the text scanner against libcsv: for the unit test and the fuzz target.
 *
 * Each set of kernels reads the text; rows, fields, flags and cuts must be those of libcsv. A difference is shown and
 * ends the program. Lone CRs, which are ordinary bytes here and row ends for libcsv, must not be in the text; a second
 * comparison, with the exact reader, takes them too.
 */
#ifndef TESTS_CSV_COMPARE_H
#define TESTS_CSV_COMPARE_H

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/text_scan_internal.h"

static const TextDialect CSV = {.delimiter = ',', .quote = '"'};

static const char *const KERNELS[] = {"portable", "avx2"};

/* Random numbers that are the same on every run. */
static uint64_t random_state = 88172645463325252U;
static unsigned dice(unsigned sides) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (unsigned)(random_state >> 33) % sides;
}

/* ---- libcsv as the oracle ---- */
typedef struct Oracle {
  Str *fields;
  size_t field_count, field_cap;
  size_t *row_end; /* number of fields behind row i */
  size_t row_count, row_cap;
  bool after_cr;
  Arena arena;
} Oracle;

static void on_field(void *data, size_t len, void *context) {
  Oracle *oracle = context;
  VEC_GROW(oracle->fields, oracle->field_count, oracle->field_cap);
  oracle->fields[oracle->field_count++] = (Str){arena_copy(&oracle->arena, data, len), len};
  oracle->after_cr = false;
}

/* libcsv reports a line end that follows another one as a row without fields. */
static void on_row(int c, void *context) {
  Oracle *oracle = context;
  size_t before = oracle->row_count ? oracle->row_end[oracle->row_count - 1] : 0;
  if (oracle->after_cr && c == '\n' && before == oracle->field_count) {
    oracle->after_cr = false; /* the LF of a CR LF */
    return;
  }
  bool empty_line = before == oracle->field_count;
  if (empty_line) on_field("", 0, oracle);
  VEC_GROW(oracle->row_end, oracle->row_count, oracle->row_cap);
  oracle->row_end[oracle->row_count++] = oracle->field_count;
  oracle->after_cr = c == '\r';
}

static int no_space(unsigned char c) {
  (void)c;
  return 0;
}

static void oracle_free(Oracle *oracle) {
  free(oracle->fields);
  free(oracle->row_end);
  arena_free(&oracle->arena);
}

static void oracle_run(Oracle *oracle, const char *text, size_t len) {
  oracle->field_count = oracle->row_count = 0;
  oracle->after_cr = false;
  arena_reset(&oracle->arena);
  struct csv_parser parser;
  if (csv_init(&parser, CSV_REPALL_NL) != 0) abort();
  csv_set_space_func(&parser, no_space);
  if (csv_parse(&parser, text, len, on_field, on_row, oracle) != len) abort();
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
      fprintf(stderr, "row %zu: not %s\n", i, #condition);    \
      abort();                                                \
    }                                                         \
  } while (0)

static void compare_row(const Oracle *oracle, const RowIndex *index, size_t i, const char *text, size_t len, Arena *arena) {
  size_t first = i ? oracle->row_end[i - 1] : 0, count = oracle->row_end[i] - first;
  Str *fields = arena_raw(arena, (count + 1) * sizeof *fields);
  size_t at = index->offsets[i], width = index->offsets[i + 1] - at;
  SAME(text_split_row(text + at, width, &CSV, fields, count + 1, arena) == count);
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

/* shift: distance of the text from an aligned address. */
static void csv_compare(Oracle *oracle, const char *source, size_t len, size_t shift) {
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

static void same_as_exact(const char *text, size_t len) {
  static const int COLUMNS[] = {0, 1, 3};
  RowIndex index = {0};
  Arena arena = {0};
  size_t start = 0, expected = dice(3), end = 0, i = 0;
  bool open = !text_index_rows(text, len, &CSV, expected, &index), ragged = false;
  for (; start < len; i++) {
    ExactRow row = text_exact_row(text, start, len, &CSV);
    SAME(i < index.count && index.offsets[i] == start && index.offsets[i + 1] == row.end);
    SAME(row.end < len || row.open == open);
    ragged |= expected && row.fields != expected;
    start = row.end;
    if (row.complete) end = start;
  }
  SAME(i == index.count && ragged == ((index.flags & ROWS_RAGGED) != 0));
  SAME(text_last_row_end(text, len, &CSV) == end);
  size_t rows = index.count;
  Str *out[3];
  for (size_t c = 0; c < 3; c++) out[c] = arena_raw(&arena, rows * sizeof(Str));
  text_fields(text, index.offsets, NULL, rows, &CSV, index.flags, COLUMNS, 3, out, NULL, &arena);
  for (i = 0; i < rows; i++) {
    Str fields[4];
    size_t at = index.offsets[i], count = text_split_row(text + at, index.offsets[i + 1] - at, &CSV, fields, 4, &arena);
    for (size_t c = 0; c < 3; c++) {
      SAME((out[c][i].data != NULL) == ((size_t)COLUMNS[c] < count));
      SAME(!out[c][i].data || str_eq(out[c][i], fields[COLUMNS[c]]));
    }
  }
  arena_free(&arena);
  free(index.offsets);
}

/* The kernels against the exact reader, on any text; 64 bytes behind it must be readable. */
static void exact_compare(const char *text, size_t len) {
  for (size_t k = 0; k < 2; k++)
    if (text_scan_choose(KERNELS[k])) same_as_exact(text, len);
  text_scan_choose(NULL);
}

#endif
