/* fuzz_csv.c - the text scanner against libcsv and its own exact reader on any text. */
#include "csv_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 1 << 16) return 0;
  char *text = malloc(size + 64);
  if (!text) return 0;
  if (size) memcpy(text, data, size);
  memset(text + size, '"', 64);
  exact_compare(text, size);
  for (size_t i = 0; i < size; i++) { /* see csv_compare.h */
    bool lone = data[i] == '\r' && (i + 1 == size || data[i + 1] != '\n');
    text[i] = lone ? 'c' : (char)data[i];
  }
  Oracle oracle = {0};
  csv_compare(&oracle, text, size, size % 64);
  oracle_free(&oracle);
  free(text);
  return 0;
}
