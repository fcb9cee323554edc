/* text_scan.c - finds rows: choice of kernels, indexing, cutting blocks, row starts in the middle of a file.
 *
 * The kernels do well-formed text; a row with a misplaced quote is read by text_exact_row, after which the kernels go
 * on behind it. That keeps the work linear: a kernel stops at most once for each row, and has then recorded all rows
 * before the block in which it stopped.
 */
#include <stdatomic.h>

#include "io/text_scan_internal.h"

static _Atomic(const ScanKernels *) chosen;

static const ScanKernels *best_kernels(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt"))
    return &scan_avx2;
#endif
  return &scan_portable;
}

/* Two threads may both look the processor up; they find the same. */
const ScanKernels *text_scan_kernels(void) {
  const ScanKernels *set = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (__builtin_expect(set == NULL, 0)) {
    set = best_kernels();
    atomic_store_explicit(&chosen, set, memory_order_relaxed);
  }
  return set;
}

bool text_scan_choose(const char *name) {
  const ScanKernels *best = best_kernels();
  const ScanKernels *set = !name || !strcmp(name, best->name) ? best : !strcmp(name, scan_portable.name) ? &scan_portable : NULL;
  if (!set) return false;
  atomic_store(&chosen, set);
  return true;
}

/* The dialect as far as it matters for this text: an escape that does not occur, or is the quote, is none. */
static TextDialect effective(const TextDialect *dialect, const char *text, size_t len) {
  TextDialect used = *dialect;
  if (used.plain) used = (TextDialect){.plain = true};
  if (used.escape && (used.escape == used.quote || !memchr(text, used.escape, len))) used.escape = 0;
  return used;
}

void row_index_reserve(RowIndex *index, size_t more) {
  if (index->cap - index->count > more) return;
  size_t cap = index->cap ? index->cap * 2 : 4096;
  while (cap - index->count <= more) cap *= 2;
  index->offsets = dc_realloc(index->offsets, cap * sizeof *index->offsets);
  index->cap = cap;
}

bool text_index_rows(const char *text, size_t len, const TextDialect *dialect, size_t expected_fields, RowIndex *index) {
  index->count = 0;
  index->flags = 0;
  row_index_reserve(index, 1);
  index->offsets[0] = 0;
  if (!len) return true;
  TextDialect used = effective(dialect, text, len);
  size_t expected = used.plain ? 0 : expected_fields;
  if (used.plain && expected_fields > 1) index->flags |= ROWS_RAGGED;
  const ScanKernels *scan = text_scan_kernels();
  bool open = false;
  size_t at = 0;
  while (at < len) {
    if (!used.escape) at = scan->rows(text, len, &used, expected, index, &open);
    if (at == len) break;
    ExactRow row = text_exact_row(text, at, len, &used);
    row_index_reserve(index, 1);
    index->offsets[++index->count] = (uint32_t)row.end;
    index->flags |= ROWS_QUOTED;
    if (expected && row.fields != expected) index->flags |= ROWS_RAGGED;
    size_t width = row.end - at;
    if (text_row_trim(text + at, width) + row.complete < width) index->flags |= ROWS_CR;
    open = row.open;
    at = row.end;
  }
  return !open;
}

size_t text_last_row_end(const char *text, size_t len, const TextDialect *dialect) {
  TextDialect used = effective(dialect, text, len);
  if (!used.escape && (!used.quote || !memchr(text, used.quote, len))) {
    const char *newline = len ? memrchr(text, '\n', len) : NULL;
    return newline ? (size_t)(newline - text) + 1 : 0;
  }
  size_t end = 0;
  while (end < len) {
    if (!used.escape && text_scan_kernels()->last_end(text, len, &used, &end)) break;
    ExactRow row = text_exact_row(text, end, len, &used);
    if (!row.complete) break;
    end = row.end;
  }
  return end;
}

/* What a run of quotes says about the state before it. In well-formed text an odd run toggles the state, and it opens
   a field only behind a separator and closes one only before a separator. */
typedef enum Evidence { UNDECIDED, OUTSIDE, INSIDE } Evidence;

static bool is_separator(char c, const TextDialect *dialect) { return c == dialect->delimiter || c == '\n' || c == '\r'; }

static Evidence run_evidence(const char *text, size_t len, size_t start, size_t end, const TextDialect *dialect) {
  if ((end - start) % 2 == 0 || start == 0 || end == len) return UNDECIDED;
  bool before = is_separator(text[start - 1], dialect), behind = is_separator(text[end], dialect);
  if (before && !behind) return OUTSIDE;
  if (!before && behind) return INSIDE;
  return UNDECIDED;
}

/* Does a whole line of the text, a few at most are looked at, have as many fields as a row? */
static bool has_row(const char *text, size_t len, size_t fields, const TextDialect *dialect) {
  const char *at = memchr(text, '\n', len), *end = text + len, *next;
  for (int lines = 0; at && lines < 16; at = next, lines++) {
    size_t found = 1;
    next = memchr(at + 1, '\n', (size_t)(end - at - 1));
    for (const char *p = at + 1; next && p < next; p++) found += *p == dialect->delimiter;
    if (next && found >= fields) return true;
  }
  return false;
}

/* Is text + 0 inside of a quoted field? The first evidence decides, led back by the parity of the quotes before it
   (Ge et al., "Speculative Distributed CSV Data Parsing for Big Data Analytics", SIGMOD 2019). Without any, the end of
   the file is evidence: it lies outside. Text without quotes may be the middle of a long field: it has to look like
   rows, or to be longer than fields are. */
static Evidence state_at_start(const char *text, size_t len, bool ends, size_t fields, const TextDialect *dialect) {
  enum { LONG = 4 << 20 };
  bool toggled = false, quotes = false;
  const char *end = text + len;
  for (const char *at = text; (at = memchr(at, dialect->quote, (size_t)(end - at)));) {
    const char *run = at;
    while (at < end && *at == dialect->quote) at++;
    Evidence evidence = run_evidence(text, len, (size_t)(run - text), (size_t)(at - text), dialect);
    if (evidence != UNDECIDED) return (evidence == INSIDE) != toggled ? INSIDE : OUTSIDE;
    toggled ^= (at - run) % 2;
    quotes = true;
  }
  if (ends) return toggled ? INSIDE : OUTSIDE;
  if (quotes) return UNDECIDED;
  return len >= LONG || fields < 2 || has_row(text, len, fields, dialect) ? OUTSIDE : UNDECIDED;
}

size_t text_find_row_start(const char *text, size_t len, bool ends, size_t fields, const TextDialect *dialect) {
  if (!len) return 0;
  TextDialect used = effective(dialect, text, len);
  if (used.escape) return len; /* whether a quote or an escape is itself escaped cannot be told from here */
  Evidence state = used.quote ? state_at_start(text, len, ends, fields, &used) : OUTSIDE;
  if (state == UNDECIDED) return len;
  bool inside = state == INSIDE;
  for (size_t i = 0; i < len; i++) {
    if (used.quote && text[i] == used.quote) inside = !inside;
    if (text[i] == '\n' && !inside) return i + 1;
  }
  return len;
}
