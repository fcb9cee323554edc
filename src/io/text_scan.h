/* text_scan.h - finds rows and fields in delimited text.
 *
 * Rules: RFC 4180. A quote opens a field only as its first byte; "" inside is one quote; a quote elsewhere is an
 * ordinary byte; after a closing quote that no delimiter or line end follows, the field goes on as libcsv has it (the
 * quote is kept and the field is still quoted). A row ends at LF; a CR before it is not part of the last field.
 * Blocks without quotes, and blocks whose quotes are all well-formed, take the SIMD path (64-byte masks, carry-less
 * multiply for the in-quote mask; Langdale & Lemire, "Parsing Gigabytes of JSON per Second", VLDB Journal 2019);
 * other blocks go byte by byte. Both agree with libcsv on every input (tests/).
 */
#ifndef IO_TEXT_SCAN_H
#define IO_TEXT_SCAN_H

#include "base/error.h"
#include "base/mem.h"

/* How delimited text is written. quote 0: no quoting at all. plain: whole lines, no fields. */
typedef struct TextDialect {
  char delimiter;
  char quote;
  char escape; /* 0: none */
  bool plain;  /* PlainText: a row is a line, quotes and delimiters mean nothing */
} TextDialect;

enum {
  ROWS_QUOTED = 1,  /* some quote character occurs: fields need the careful path */
  ROWS_RAGGED = 2,  /* some row has not exactly the expected number of fields */
  ROWS_CR = 4,      /* some row ends in CR LF */
};

/* The rows of a block. offsets has count + 1 entries: row i is text[offsets[i] … offsets[i + 1]) with its line end. */
typedef struct RowIndex {
  uint32_t *offsets;
  size_t count, cap; /* cap: entries in offsets */
  unsigned flags;    /* ROWS_ */
} RowIndex;

/* Index all rows of text, which starts at a row's first byte and ends behind a row's last one (the last line of a file
   may lack its newline). expected_fields: 0 = do not count fields. Grows index->offsets by dc_realloc (the caller
   frees it). len < 2^32. false: the text ends inside a quoted field; the last row is the one that is open. */
bool text_index_rows(const char *text, size_t len, const TextDialect *dialect, size_t expected_fields, RowIndex *index);

/* The end of the last complete row in text (which starts at a row's first byte): bytes [0, result) are whole rows.
   0: there is none. Faster than indexing: this is what cuts a file into blocks. */
size_t text_last_row_end(const char *text, size_t len, const TextDialect *dialect);

/* The first row start behind text + 0, where the state at text is unknown (the middle of a file): looks for evidence
   that tells quoted from unquoted (an opening or closing quote well placed; the file's end, if ends says that text goes
   so far; without quotes, lines with as many fields as rows have). Returns len if no row starts in text, if it has no evidence, or if it has escapes, which leave none. Right
   for well-formed text; a misplaced quote may mislead it, so a caller checks that the row before ends where this one
   starts. Deterministic: depends only on text [0, len). */
size_t text_find_row_start(const char *text, size_t len, bool ends, size_t fields, const TextDialect *dialect);

/* Number of fields of one row (without line end needed). */
size_t text_count_fields(const char *row, size_t len, const TextDialect *dialect);

/* The raw slices of wanted fields for rows [0, n): columns[] ascending field numbers; out[c][i] is the field of row
   rows[i] (rows NULL: row i), without quotes where the field is quoted and holds no "" ; a field with "" is unescaped
   into arena. A field that the row does not have gets data NULL. quoted, when not NULL, gets quoted[c][i] = field was
   quoted (for @null). flags: as found by text_index_rows; without ROWS_QUOTED the fast path is taken. 64 bytes behind
   the rows' text must be readable (their value does not matter). */
void text_fields(const char *text, const uint32_t *offsets, const uint32_t *rows, size_t n, const TextDialect *dialect,
                 unsigned flags, const int *columns, size_t column_count, Str *const *out, uint8_t *const *quoted, Arena *arena);

/* All fields of one row (its line end is not part of the last one), unescaped into arena where needed; returns their number, writes at most cap. */
size_t text_split_row(const char *row, size_t len, const TextDialect *dialect, Str *fields, size_t cap, Arena *arena);

/* Appends a field, quoted if it holds the delimiter, the quote, CR or LF (or always when force). With an escape
   in the dialect, escapes are escaped; without a quote in it, an escape is all that protects the field. */
void text_put_field(Buf *out, Str field, const TextDialect *dialect, bool force);

/* The row's bytes without LF or CR LF. */
static inline size_t text_row_trim(const char *row, size_t len) {
  if (len && row[len - 1] == '\n') len--;
  if (len && row[len - 1] == '\r') len--;
  return len;
}

#endif
