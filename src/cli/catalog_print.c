/* catalog_print.c - rows as plain text, and what was probably meant by a name that is not there. */
#include "cli/catalog_print.h"

#include "catalog/catalog.h"

/* Sentences, cut at blanks into lines. */
static void put_sentences(Buf *out, Str text) {
  enum { WIDTH = 110 };
  while (text.len) {
    size_t len = text.len;
    if (len > WIDTH) {
      len = WIDTH;
      while (len && text.data[len] != ' ') len--;
      if (!len)
        while (len < text.len && text.data[len] != ' ') len++;
    }
    buf_printf(out, "    %.*s\n", (int)len, text.data);
    if (len < text.len) len++;
    text = str_make(text.data + len, text.len - len);
  }
}

static void put_lines(Buf *out, const char *indent, Str text) {
  while (text.len) {
    const char *end = memchr(text.data, '\n', text.len);
    size_t len = end ? (size_t)(end - text.data) : text.len;
    buf_printf(out, "%s%.*s\n", indent, (int)len, text.data);
    len += end != NULL;
    text = str_make(text.data + len, text.len - len);
  }
}

static void put_row(Buf *out, const Row *row) {
  put_lines(out, "", row->head);
  if (row->use.len || row->aliases.len) out->len--; /* in the same line */
  if (row->use.len) buf_printf(out, "  (%.*s)\n", STR_ARG(row->use));
  if (row->aliases.len) buf_printf(out, "  (also %.*s)\n", STR_ARG(row->aliases));
  put_sentences(out, row->doc);
  if (row->result.len) buf_printf(out, "    %.*s gives %.*s\n", STR_ARG(row->example), STR_ARG(row->result));
  else put_lines(out, "    ", row->example);
  for (size_t i = 0; i < row->param_count; i++) {
    const RowParam *param = &row->params[i];
    buf_printf(out, "    @%.*s", STR_ARG(param->name));
    if (param->default_text.data) buf_printf(out, " = %.*s", STR_ARG(param->default_text));
    buf_printf(out, "%s: %.*s\n", param->mandatory ? " (needed)" : "", STR_ARG(param->doc));
  }
}

typedef struct Print {
  Str wanted; /* data NULL: all */
  bool nocase;
  Buf *out;
  Buf group; /* the heading that was printed last */
  size_t found;
} Print;

static void print_row(void *self, const Row *row) {
  Print *print = self;
  if (print->wanted.data && !row_is_named(row, print->wanted, print->nocase)) return;
  if (!print->wanted.data && row->group.len && !str_eq(row->group, str_make(print->group.data, print->group.len))) {
    buf_printf(print->out, "%s# %.*s", print->found ? "\n" : "", STR_ARG(row->group));
    if (row->group_doc.len) buf_printf(print->out, ": %.*s", STR_ARG(row->group_doc));
    buf_text(print->out, "\n\n");
    print->group.len = 0;
    buf_str(&print->group, row->group);
  }
  put_row(print->out, row);
  print->found++;
}

static size_t print_found(RowKind kind, Str name, Buf *out) {
  Print print = {.wanted = name, .out = out};
  rows_each(kind, print_row, &print);
  print.nocase = true;
  if (!print.found && name.data) rows_each(kind, print_row, &print);
  buf_free(&print.group);
  return print.found;
}

/* --- Unknown names. --- */

enum { NEAR_MAX = 5 };
typedef struct Near {
  Str wanted, names[NEAR_MAX];
  size_t count;
  Speller speller;
  Arena arena; /* the names */
} Near;

static bool is_near(const Near *near, Str name) {
  for (size_t i = 0; i < near->count; i++)
    if (str_eq(near->names[i], name)) return true;
  return false;
}

static void try_spelling(void *self, const Row *row) {
  Near *near = self;
  if (!is_near(near, row->name)) speller_try(&near->speller, arena_str(&near->arena, row->name));
}

/* SPLIT for STR_SPLIT */
static void try_part(void *self, const Row *row) {
  Near *near = self;
  Str name = row->name;
  if (near->count == NEAR_MAX || is_near(near, name)) return;
  for (size_t i = 0; i + near->wanted.len <= name.len; i++)
    if (str_eq_nocase(str_make(name.data + i, near->wanted.len), near->wanted)) {
      near->names[near->count++] = arena_str(&near->arena, name);
      return;
    }
}

static DcCode unknown(const RowKind *searched, size_t count, Str name, DcError *err) {
  enum { PART_MIN = 3, SPELLED_MAX = 3 };
  Near near = {.wanted = name};
  Buf text = {0};
  const char *what = count == 1 ? rows_what(*searched) : "name";
  dc_fail_at(err, DC_USAGE, (Position){0}, "unknown %s '%.*s'", what, STR_ARG(name));
  while (near.count < SPELLED_MAX) {
    near.speller = speller_start(name);
    for (size_t i = 0; i < count; i++) rows_each(searched[i], try_spelling, &near);
    Str best = speller_best(&near.speller);
    if (!best.len) break;
    near.names[near.count++] = best;
  }
  for (size_t i = 0; i < count && name.len >= PART_MIN; i++) rows_each(searched[i], try_part, &near);
  for (size_t i = 0; i < near.count; i++)
    buf_printf(&text, "%s'%.*s'", !i ? "" : i + 1 == near.count ? " or " : ", ", STR_ARG(near.names[i]));
  if (near.count) dc_hint(err, "did you mean %.*s?", (int)text.len, text.data);
  else dc_hint(err, "without a name all are listed");
  buf_free(&text);
  arena_free(&near.arena);
  return DC_USAGE;
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
