/* test_library.c - every definition of stdlib/ is checked, documented, found by its name, and its example is true. */
#include <stdlib.h>

#include "cli/packages.h"
#include "unit/evaluate.h"

static Library *library;

static const Definition *get_function(void *self, Str name) { return library_find(self, LIBRARY_FUNCTION, name); }

static void check_clean(const Diagnostics *diag, const char *what) {
  Buf text = {0};
  for (size_t i = 0; i < diag->count; i++) buf_printf(&text, "%s:%u: %s\n", what, diag->items[i].pos.line, diag->items[i].message);
  ck_assert_msg(!diag->count, "%.*s", (int)text.len, text.data);
  buf_free(&text);
}

/* All texts pass the checks of a script, names of each other included. */
START_TEST(test_texts) {
  for (size_t i = 0; i < library_file_count; i++) {
    Source *source = source_from_text(library_files[i].name, str_of(library_files[i].text));
    Diagnostics diag = {0};
    Unit *unit;
    int number = 1;
    DcCode code = parse_library(source, &number, &unit, &diag);
    if (code == DC_OK) code = check_units(&unit, 1, library, &diag);
    check_clean(&diag, library_files[i].name);
    ck_assert_int_eq(code, DC_OK);
    for (size_t k = 0; k < unit->body.count; k++) {
      StmtKind kind = unit->body.stmts[k]->kind;
      bool defines = kind == STMT_FUNCTION || kind == STMT_PROCEDURE || kind == STMT_TRANSFORM;
      ck_assert_msg(defines, "%s:%u: a library only defines", library_files[i].name, unit->body.stmts[k]->pos.line);
      ck_assert_msg(library_has(kind == STMT_FUNCTION ? LIBRARY_FUNCTION : kind == STMT_PROCEDURE ? LIBRARY_PROCEDURE : LIBRARY_TRANSFORM,
                                unit->body.stmts[k]->as.definition->name.text),
                    "%s:%u: not in the index; CREATE … has to start the line", library_files[i].name, unit->body.stmts[k]->pos.line);
    }
    ck_assert_uint_gt(library_title(&library_files[i]).len, 0);
    unit_free(unit);
    source_free(source);
    diagnostics_free(&diag);
  }
}
END_TEST

static void check_documented(const LibraryEntry *entry, const Definition *definition) {
  ck_assert_msg(definition->comment.len > 0, "%s has no COMMENT", entry->name);
  for (size_t k = 0; k < definition->param_count && entry->kind != LIBRARY_FUNCTION; k++)
    ck_assert_msg(definition->params[k].comment.len > 0, "%s: @%.*s has no COMMENT", entry->name, STR_ARG(definition->params[k].name.text));
}

/* The example of a procedure is a statement that passes the checks. */
static void check_statement(const char *name, const char *text) {
  Source *source = source_from_text(name, str_of(text));
  Diagnostics diag = {0};
  Unit *unit;
  int number = 1;
  if (parse_unit(source, &number, &unit, &diag) == DC_OK) (void)!check_units(&unit, 1, library, &diag);
  check_clean(&diag, name);
  unit_free(unit);
  source_free(source);
  diagnostics_free(&diag);
}

START_TEST(test_entries) {
  ck_assert_uint_gt(library_entry_count, 0);
  for (size_t i = 0; i < library_entry_count; i++) {
    const LibraryEntry *entry = &library_entries[i];
    Arena arena = {0};
    Str example, result;
    if (i) ck_assert_msg(strcmp(library_entries[i - 1].name, entry->name) < 0, "%s is not in order, or there twice", entry->name);
    ck_assert_msg(!catalog_function(str_of(entry->name)), "%s is built in", entry->name);
    const Definition *definition = library_find(library, entry->kind, str_of(entry->name));
    ck_assert_msg(definition != NULL, "%s is not found", entry->name);
    check_documented(entry, definition);
    ck_assert_msg(library_example(definition, &arena, &example, &result), "%s has no example", entry->name);
    if (entry->kind == LIBRARY_FUNCTION && !definition->record) {
      EvalContext cx = {.functions = {library, get_function}};
      const char *got = evaluate_in(&cx, example.data ? arena_copy(&arena, example.data, example.len) : "");
      ck_assert_msg(str_is(result, got), "%s: %.*s gives %s, not %.*s", entry->name, STR_ARG(example), got, STR_ARG(result));
      call_context_deinit(&cx.call);
    } else if (entry->kind == LIBRARY_PROCEDURE) {
      check_statement(entry->name, arena_copy(&arena, example.data, example.len));
    }
    arena_free(&arena);
  }
}
END_TEST

START_TEST(test_lookup) {
  ck_assert_ptr_nonnull(library_find(library, LIBRARY_FUNCTION, str_of("daysPerMonth")));
  ck_assert_ptr_eq(library_find(library, LIBRARY_FUNCTION, str_of("daysPerMonth")), library_find(library, LIBRARY_FUNCTION, str_of("library:daysPerMonth")));
  ck_assert_ptr_null(library_find(library, LIBRARY_PROCEDURE, str_of("daysPerMonth")));
  ck_assert_ptr_null(library_find(library, LIBRARY_FUNCTION, str_of("dayspermonth")));
  ck_assert_ptr_null(library_find(library, LIBRARY_FUNCTION, str_of("")));
  ck_assert_ptr_null(library_find(library, LIBRARY_FUNCTION, str_of("~")));
  ck_assert_ptr_null(library_find(NULL, LIBRARY_FUNCTION, str_of("daysPerMonth")));
  Speller speller = speller_start(str_of("daysPerMont"));
  library_spell(LIBRARY_FUNCTION, &speller);
  ck_assert(str_is(speller_best(&speller), "daysPerMonth"));
}
END_TEST

int main(void) {
  int number = 1;
  packages_install();
  library = library_new(&number);
  Suite *suite = suite_create("library");
  TCase *tc = tcase_create("all");
  tcase_add_test(tc, test_texts);
  tcase_add_test(tc, test_entries);
  tcase_add_test(tc, test_lookup);
  suite_add_tcase(suite, tc);
  int status = run_suite(suite);
  library_free(library);
  return status;
}
