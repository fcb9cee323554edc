/* catalog_print.c - rows with doc and example. */
#include "cli/catalog_print.h"

#include "cli/library_print.h"

static void put_row(Buf *out, const char *doc, const char *example, const char *result) {
  if (doc) buf_printf(out, "    %s\n", doc);
  if (example && result) buf_printf(out, "    %s gives %s\n", example, result);
  else if (example) buf_printf(out, "    %s\n", example);
}

static void put_function(Buf *out, const Function *row) {
  buf_printf(out, "%s(%s)\n", row->name, row->signature ? row->signature : "");
  put_row(out, row->doc, row->example, row->result);
}

static void put_operator(Buf *out, const Operator *row) {
  static const char *const blanks[] = {[FIX_PREFIX] = "", [FIX_INFIX] = "x ", [FIX_POSTFIX] = "x ", [FIX_TERNARY] = "x "};
  buf_printf(out, "%s%s%s", blanks[row->fixity], row->name, row->fixity == FIX_PREFIX ? " x" : row->fixity == FIX_POSTFIX ? "" : " y");
  if (row->aliases) buf_printf(out, "  (also %s)", row->aliases);
  buf_char(out, '\n');
  put_row(out, row->doc, row->example, row->result);
}

static DcCode unknown(const char *what, const char *name, const Speller *speller, DcError *err) {
  Str best = speller_best(speller);
  dc_fail_at(err, DC_USAGE, (Position){0}, "unknown %s '%s'", what, name);
  if (best.len) dc_hint(err, "did you mean '%.*s'?", STR_ARG(best));
  return DC_USAGE;
}

DcCode print_functions(const char *name, Buf *out, DcError *err) {
  size_t count, found = 0;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++) {
    if (!name) buf_printf(out, "%s# %s: %s\n\n", i ? "\n" : "", packages[i]->name, packages[i]->doc);
    for (size_t k = 0; k < packages[i]->operator_count; k++)
      if (!name || catalog_operator(str_of(name), packages[i]->operators[k].fixity) == &packages[i]->operators[k]) put_operator(out, &packages[i]->operators[k]), found++;
    for (size_t k = 0; k < packages[i]->function_count; k++)
      if (!name || strcmp(name, packages[i]->functions[k].name) == 0) put_function(out, &packages[i]->functions[k]), found++;
  }
  if (!name || !found) found += library_print(LIBRARY_FUNCTION, name, out);
  if (!name || found) return DC_OK;
  Speller speller = speller_start(str_of(name));
  speller_try(&speller, catalog_spell_function(str_of(name)));
  library_spell(LIBRARY_FUNCTION, &speller);
  return unknown("function", name, &speller, err);
}

static void put_adapter(Buf *out, const Adapter *row) {
  buf_printf(out, "%s  (%s)\n", row->name, row->reads && row->writes ? "reads and writes" : row->reads ? "reads" : "writes");
  put_row(out, row->doc, row->example, NULL);
  for (size_t i = 0; i < row->param_count; i++) {
    const Parameter *param = &row->params[i];
    buf_printf(out, "    @%s", param->name);
    if (param->default_text) buf_printf(out, " = %s", param->default_text);
    buf_printf(out, "%s: %s\n", param->mandatory ? " (needed)" : "", param->doc ? param->doc : "");
  }
}

DcCode print_adapters(const char *name, Buf *out, DcError *err) {
  size_t count, found = 0;
  const Adapter *rows = adapters(&count);
  Speller speller = speller_start(str_of(name));
  for (size_t i = 0; i < count; i++) {
    speller_try(&speller, str_of(rows[i].name));
    if (!name || strcmp(name, rows[i].name) == 0) put_adapter(out, &rows[i]), found++;
  }
  if (!name || found) return DC_OK;
  return unknown("adapter", name, &speller, err);
}

DcCode print_operations(const char *name, Buf *out, DcError *err) {
  if (library_print(LIBRARY_PROCEDURE, name, out) || !name) return DC_OK;
  Speller speller = speller_start(str_of(name));
  library_spell(LIBRARY_PROCEDURE, &speller);
  return unknown("operation", name, &speller, err);
}

/* passthru is what ALTER does with a list of columns; there are no others yet. */
DcCode print_transforms(const char *name, Buf *out, DcError *err) {
  if (name && strcmp(name, "passthru") != 0) return dc_fail_at(err, DC_USAGE, (Position){0}, "unknown transform '%s'", name);
  buf_text(out, "passthru\n");
  put_row(out, "Keeps records as they are; a VALUE list chooses and orders the columns.", "ALTER \"ds\" passthru VALUE (\"a\", \"b\");", NULL);
  return DC_OK;
}
