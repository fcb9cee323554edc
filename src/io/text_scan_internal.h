/* text_scan_internal.h - what the files of the text scanner share: the table of kernels and the exact row reader.
 *
 * A kernel set is one build of text_kernel.inc: AVX2 where the processor has it, plain C elsewhere. Kernels know neither
 * escapes nor text that is not well-formed; they say where they stopped and text_scan.c reads that row byte by byte.
 */
#ifndef IO_TEXT_SCAN_INTERNAL_H
#define IO_TEXT_SCAN_INTERNAL_H

#include "io/text_scan.h"

/* One call of text_fields. */
typedef struct FieldsJob {
  const char *text;
  const uint32_t *offsets, *rows;
  size_t n;
  const TextDialect *dialect;
  const int *columns;
  size_t column_count;
  Str *const *out;
  uint8_t *const *quoted; /* or NULL */
  Arena *arena;
} FieldsJob;

typedef struct ScanKernels {
  const char *name;
  /* Appends the rows that start at offsets[count] to index. Returns len when all is done, else the start of the first
     row not appended, which holds a misplaced quote. *open: the text ends in a quoted field. */
  size_t (*rows)(const char *text, size_t len, const TextDialect *dialect, size_t expected_fields, RowIndex *index, bool *open);
  /* Moves *end from one row's start behind the last row that ends in LF. false: the row at *end holds a misplaced quote. */
  bool (*last_end)(const char *text, size_t len, const TextDialect *dialect, size_t *end);
  void (*fields)(const FieldsJob *job, bool with_quotes);
  /* The end of the JSON object or array that begins at text[start]; 0: it is not complete in text[0, len). */
  size_t (*json_end)(const char *text, size_t start, size_t len);
} ScanKernels;

extern const ScanKernels scan_portable;
#if defined(__x86_64__)
extern const ScanKernels scan_avx2;
#endif

/* Those in use. */
const ScanKernels *text_scan_kernels(void);
/* For tests: choose the kernels by name ("avx2", "portable"; NULL: the best one). false: this machine lacks them. */
bool text_scan_choose(const char *name);

/* A row read byte by byte, as libcsv has it. */
typedef struct ExactRow {
  size_t end, fields;
  bool complete; /* ended by LF */
  bool open;     /* the text ends in a quoted field */
} ExactRow;
ExactRow text_exact_row(const char *text, size_t start, size_t len, const TextDialect *dialect);

/* Reads the field that starts at `at` of a row without its line end; returns the position of the delimiter behind it,
   or len. */
size_t text_exact_field(const char *row, size_t at, size_t len, const TextDialect *dialect, Str *field, bool *quoted, Arena *arena);
/* The wanted fields of row number i of the job, with text_exact_field. */
void text_exact_fields(const FieldsJob *job, size_t i);

void row_index_reserve(RowIndex *index, size_t more);

#endif
