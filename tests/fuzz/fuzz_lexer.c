/* fuzz_lexer.c - cuts whatever comes into tokens and prints them. It must never crash, hang or leak. */
#include <stdint.h>

#include "cli/packages.h"
#include "lang/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool ready;
  if (!ready) packages_install();
  ready = true;
  Source *source = source_from_text("fuzz", str_make((const char *)data, size));
  Diagnostics diag = {0};
  Buf out = {0};
  tokens_print(&out, source, &diag);
  buf_free(&out);
  diagnostics_free(&diag);
  source_free(source);
  return 0;
}
