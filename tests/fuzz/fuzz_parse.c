/* fuzz_parse.c - parses, checks and prints whatever comes. It must never crash, hang or leak. */
#include <stdint.h>

#include "cli/packages.h"
#include "lang/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void format_all(const Diagnostics *diag) {
  char text[4096];
  for (size_t i = 0; i < diag->count; i++) dc_error_format(&diag->items[i], "error", text, sizeof text);
}

static void parse_script(const Source *source) {
  Diagnostics diag = {0};
  Unit *unit;
  Buf out = {0};
  int number = 1;
  if (parse_unit(source, &number, &unit, &diag) == DC_OK) (void)!check_units(&unit, 1, NULL, &diag);
  ast_print(&out, &unit->body);
  format_all(&diag);
  buf_free(&out);
  unit_free(unit);
  diagnostics_free(&diag);
}

static void parse_alone(const Source *source) {
  Diagnostics diag = {0};
  Arena arena = {0};
  const Expr *expr = NULL;
  Buf out = {0};
  if (parse_expr(source, &arena, &expr, &diag) == DC_OK) expr_print(&out, expr);
  tokens_print(&out, source, &diag);
  format_all(&diag);
  buf_free(&out);
  arena_free(&arena);
  diagnostics_free(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int ready;
  if (!ready++) packages_install();
  Source *source = source_from_text("fuzz", str_make((const char *)data, size));
  parse_script(source);
  parse_alone(source);
  source_free(source);
  return 0;
}
