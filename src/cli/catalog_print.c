/* catalog_print.c - rows with doc and example, one kind after the other.
 *
 * A kind is a name and one function that goes over its rows: it prints those that are wanted, or only names them.
 */
#include "cli/catalog_print.h"

#include "cli/library_print.h"
#include "engine/transform_builtin.h"
#include "lang/statements.h"

/* What to do with the rows, and what came of it. */
typedef struct Walk {
  Str wanted;  /* data NULL: all */
  bool nocase;
  Buf *out;    /* NULL: nothing is printed */
  size_t found;
  void (*visit)(void *self, Str name); /* NULL: none */
  void *self;
} Walk;

static bool same_name(const Walk *walk, Str name) {
  return walk->nocase ? str_eq_nocase(walk->wanted, name) : str_eq(walk->wanted, name);
}

/* Is this row to be printed? */
static bool wants(Walk *walk, const char *name) {
  if (walk->visit) walk->visit(walk->self, str_of(name));
  if (!walk->out || (walk->wanted.data && !same_name(walk, str_of(name)))) return false;
  walk->found++;
  return true;
}

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
  bool prefix = row->fixity == FIX_PREFIX, postfix = row->fixity == FIX_POSTFIX;
  buf_printf(out, "%s%s%s", prefix ? "" : "x ", row->name, prefix ? " x" : postfix ? "" : " y");
  if (row->aliases) buf_printf(out, "  (also %s)", row->aliases);
  buf_char(out, '\n');
  put_row(out, row->doc, row->example, row->result);
}

/* Words of operators are the same in any case, and so are their aliases. */
static bool wants_operator(Walk *walk, const Operator *row) {
  if (wants(walk, row->name)) return true;
  if (!walk->out || catalog_operator(walk->wanted, row->fixity) != row) return false;
  walk->found++;
  return true;
}

/* What the library defines; a heading stands before each file when all are printed. */
static void walk_library(Walk *walk, LibraryKind kind) {
  for (size_t i = 0; i < library_entry_count; i++) {
    const LibraryEntry *entry = &library_entries[i];
    if (entry->kind != kind) continue;
    if (walk->visit) walk->visit(walk->self, str_of(entry->name));
    if (walk->out && walk->wanted.data && same_name(walk, str_of(entry->name))) walk->found += library_print(kind, entry->name, walk->out);
  }
  if (walk->out && !walk->wanted.data) walk->found += library_print(kind, NULL, walk->out);
}

static void walk_functions(Walk *walk) {
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++) {
    if (walk->out && !walk->wanted.data)
      buf_printf(walk->out, "%s# %s: %s\n\n", i ? "\n" : "", packages[i]->name, packages[i]->doc);
    for (size_t k = 0; k < packages[i]->operator_count; k++)
      if (wants_operator(walk, &packages[i]->operators[k])) put_operator(walk->out, &packages[i]->operators[k]);
    for (size_t k = 0; k < packages[i]->function_count; k++)
      if (wants(walk, packages[i]->functions[k].name)) put_function(walk->out, &packages[i]->functions[k]);
  }
  walk_library(walk, LIBRARY_FUNCTION);
}

static void put_parameters(Buf *out, const Parameter *params, size_t count) {
  for (size_t i = 0; i < count; i++) {
    buf_printf(out, "    @%s", params[i].name);
    if (params[i].default_text) buf_printf(out, " = %s", params[i].default_text);
    buf_printf(out, "%s: %s\n", params[i].mandatory ? " (needed)" : "", params[i].doc ? params[i].doc : "");
  }
}

static void walk_adapters(Walk *walk) {
  size_t count;
  const Adapter *rows = adapters(&count);
  for (size_t i = 0; i < count; i++) {
    if (!wants(walk, rows[i].name)) continue;
    const char *use = rows[i].reads && rows[i].writes ? "reads and writes" : rows[i].reads ? "reads" : "writes";
    buf_printf(walk->out, "%s  (%s)\n", rows[i].name, use);
    put_row(walk->out, rows[i].doc, rows[i].example, NULL);
    put_parameters(walk->out, rows[i].params, rows[i].param_count);
  }
}

static void walk_transforms(Walk *walk) {
  size_t count;
  const TransformRow *rows = transform_rows(&count);
  for (size_t i = 0; i < count; i++) {
    if (!wants(walk, rows[i].name)) continue;
    const char *use = rows[i].in_alter && rows[i].in_call ? "ALTER and CALL" : rows[i].in_alter ? "ALTER" : "CALL";
    buf_printf(walk->out, "%s  (%s to %s, in %s)\n", rows[i].name, rows[i].from, rows[i].to, use);
    put_row(walk->out, rows[i].doc, rows[i].example, NULL);
    put_parameters(walk->out, rows[i].params, rows[i].param_count);
    if (rows[i].open_params) buf_printf(walk->out, "    @%s<name>: for each name of the VALUE list\n", rows[i].open_params);
  }
  walk_library(walk, LIBRARY_TRANSFORM);
}

static void walk_operations(Walk *walk) { walk_library(walk, LIBRARY_PROCEDURE); }

/* Sentences, cut at blanks into lines of at most 100 characters. */
static void put_sentences(Buf *out, const char *text) {
  enum { WIDTH = 96 };
  while (*text) {
    size_t len = strlen(text);
    if (len > WIDTH) {
      len = WIDTH;
      while (len && text[len] != ' ') len--;
      if (!len) len = strcspn(text, " ");
    }
    buf_printf(out, "    %.*s\n", (int)len, text);
    text += len + (text[len] == ' ');
  }
}

/* The syntax may take several lines. */
static void put_lines(Buf *out, const char *indent, const char *text) {
  while (*text) {
    size_t len = strcspn(text, "\n");
    buf_printf(out, "%s%.*s\n", indent, (int)len, text);
    text += len + (text[len] == '\n');
  }
}

static void walk_statements(Walk *walk) {
  size_t count;
  const char *group = "";
  const StatementRow *rows = statement_rows(&count);
  for (size_t i = 0; i < count; i++) {
    if (walk->out && !walk->wanted.data && strcmp(group, rows[i].group) != 0) {
      buf_printf(walk->out, "%s# %s\n\n", i ? "\n" : "", rows[i].group);
      group = rows[i].group;
    }
    if (!wants(walk, rows[i].name)) continue;
    put_lines(walk->out, "", rows[i].syntax);
    put_sentences(walk->out, rows[i].doc);
    put_lines(walk->out, "    ", rows[i].example);
  }
}

static const struct {
  const char *what;
  void (*walk)(Walk *walk);
} kinds[ROW_KINDS] = {
  [ROWS_FUNCTIONS] = {"function or operator", walk_functions}, [ROWS_STATEMENTS] = {"statement", walk_statements},
  [ROWS_ADAPTERS] = {"adapter", walk_adapters}, [ROWS_TRANSFORMS] = {"transform", walk_transforms},
  [ROWS_OPERATIONS] = {"operation", walk_operations},
};

void rows_each(RowKind kind, void (*visit)(void *self, Str name), void *self) {
  Walk walk = {.visit = visit, .self = self};
  kinds[kind].walk(&walk);
}

/* --- Unknown names. --- */

enum { NEAR_MAX = 5 };
typedef struct Near {
  Str wanted, names[NEAR_MAX];
  size_t count;
  Speller speller;
} Near;

static bool is_near(const Near *near, Str name) {
  for (size_t i = 0; i < near->count; i++)
    if (str_eq(near->names[i], name)) return true;
  return false;
}

static void try_spelling(void *self, Str name) {
  Near *near = self;
  if (!is_near(near, name)) speller_try(&near->speller, name);
}

/* SPLIT for STR_SPLIT */
static void try_part(void *self, Str name) {
  Near *near = self;
  if (near->count == NEAR_MAX || is_near(near, name)) return;
  for (size_t i = 0; i + near->wanted.len <= name.len; i++)
    if (str_eq_nocase(str_make(name.data + i, near->wanted.len), near->wanted)) {
      near->names[near->count++] = name;
      return;
    }
}

static DcCode unknown(const RowKind *searched, size_t count, Str name, DcError *err) {
  enum { PART_MIN = 3, SPELLED_MAX = 3 };
  Near near = {.wanted = name};
  const char *what = count == 1 ? kinds[*searched].what : "name";
  dc_fail_at(err, DC_USAGE, (Position){0}, "unknown %s '%.*s'", what, STR_ARG(name));
  while (near.count < SPELLED_MAX) {
    near.speller = speller_start(name);
    for (size_t i = 0; i < count; i++) rows_each(searched[i], try_spelling, &near);
    Str best = speller_best(&near.speller);
    if (!best.len) break;
    near.names[near.count++] = best;
  }
  for (size_t i = 0; i < count && name.len >= PART_MIN; i++) rows_each(searched[i], try_part, &near);
  Buf text = {0};
  for (size_t i = 0; i < near.count; i++)
    buf_printf(&text, "%s'%.*s'", !i ? "" : i + 1 == near.count ? " or " : ", ", STR_ARG(near.names[i]));
  if (near.count) dc_hint(err, "did you mean %.*s?", (int)text.len, text.data);
  else dc_hint(err, "without a name all are listed");
  buf_free(&text);
  return DC_USAGE;
}

static size_t print_found(RowKind kind, Str name, Buf *out) {
  Walk walk = {.wanted = name, .out = out};
  kinds[kind].walk(&walk);
  walk.nocase = true;
  if (!walk.found && name.data) kinds[kind].walk(&walk);
  return walk.found;
}

DcCode print_rows(RowKind kind, Str name, Buf *out, DcError *err) {
  return print_found(kind, name, out) || !name.data ? DC_OK : unknown(&kind, 1, name, err);
}

DcCode print_anything(Str name, Buf *out, DcError *err) {
  RowKind all[ROW_KINDS];
  size_t found = 0;
  for (size_t i = 0; i < ROW_KINDS; i++) {
    all[i] = (RowKind)i;
    found += print_found(all[i], name, out);
  }
  return found ? DC_OK : unknown(all, ROW_KINDS, name, err);
}
