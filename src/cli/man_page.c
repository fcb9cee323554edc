/* man_page.c - rows as mdoc, put into the template of a page.
 *
 * Texts are never left to be read as macros: they stand in quotes on macro lines, and begin with a zero-width \& in
 * running text where they could be taken for a request.
 */
#include "cli/generate.h"

#include <stdlib.h>

#include "cli/rows.h"
#include "lang/parse.h"
#include "run/options.h"

/* In quotes on a macro line. */
static void put_word(Buf *out, Str text) {
  buf_text(out, "\"\\&");
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] == '"') buf_text(out, "\\(dq");
    else if (text.data[i] == '\\') buf_text(out, "\\e");
    else buf_char(out, text.data[i]);
  }
  buf_char(out, '"');
}

/* A line that is no request. */
static void put_line(Buf *out, Str line) {
  if (line.len && (line.data[0] == '.' || line.data[0] == '\'')) buf_text(out, "\\&");
  for (size_t i = 0; i < line.len; i++) {
    if (line.data[i] == '\\') buf_text(out, "\\e");
    else buf_char(out, line.data[i]);
  }
  buf_char(out, '\n');
}

/* Does a sentence end before text[at]? */
static bool at_sentence(Str text, size_t at) {
  if (at < 2 || at >= text.len || text.data[at] < 'A' || text.data[at] > 'Z') return false;
  return text.data[at - 1] == ' ' && memchr(".:", text.data[at - 2], 2);
}

/* Running text, each sentence in a line of its own. */
static void put_text(Buf *out, Str text) {
  size_t from = 0;
  for (size_t i = 1; i <= text.len; i++) {
    bool ends = at_sentence(text, i);
    if (!ends && i < text.len) continue;
    put_line(out, str_make(text.data + from, i - from - ends));
    from = i;
  }
}

/* Characters of the line that can be shown without a break. */
static size_t fitting(Str line, size_t width) {
  if (line.len <= width) return line.len;
  size_t end = width;
  while (end && line.data[end] != ' ') end--;
  while (end && line.data[end - 1] == ' ') end--;
  return end ? end : line.len;
}

/* As it stands; lines that are too long for a page go on in the next one. */
static void put_literal(Buf *out, Str text) {
  enum { WIDTH = 70 };
  if (!text.len) return;
  buf_text(out, ".Bd -literal -offset 2n -compact\n");
  while (text.len) {
    const char *end = memchr(text.data, '\n', text.len);
    Str line = str_make(text.data, end ? (size_t)(end - text.data) : text.len);
    text = str_make(line.data + line.len + (end != NULL), text.len - line.len - (end != NULL));
    for (bool first = true; line.len || first; first = false) {
      size_t len = fitting(line, first ? WIDTH : WIDTH - 4);
      buf_text(out, first ? "" : "    ");
      put_line(out, str_make(line.data, len));
      while (len < line.len && line.data[len] == ' ') len++;
      line = str_make(line.data + len, line.len - len);
    }
  }
  buf_text(out, ".Ed\n");
}

static void put_example(Buf *out, const Row *row) {
  Buf text = {0};
  buf_str(&text, row->example);
  if (row->result.len) buf_printf(&text, " gives %.*s", STR_ARG(row->result));
  put_literal(out, str_make(text.data, text.len));
  buf_free(&text);
}

static void put_params(Buf *out, const RowParam *params, size_t count) {
  if (!count) return;
  buf_text(out, ".Bl -tag -width 4n -compact\n");
  for (size_t i = 0; i < count; i++) {
    buf_text(out, ".It Li ");
    Buf head = {0};
    buf_printf(&head, "@%.*s", STR_ARG(params[i].name));
    if (params[i].default_text.data) buf_printf(&head, " = %.*s", STR_ARG(params[i].default_text));
    put_word(out, str_make(head.data, head.len));
    buf_free(&head);
    buf_text(out, params[i].mandatory ? "\nNeeded:\n" : "\n");
    put_text(out, params[i].doc);
  }
  buf_text(out, ".El\n");
}

typedef struct Page {
  Buf *out;
  Buf group;
  bool open;       /* a list was begun */
  bool in_library; /* which functions are wanted */
  Arena arena;
  Row *rows; /* operators, to be sorted */
  size_t count, cap;
} Page;

static void end_list(Page *page) {
  if (page->open) buf_text(page->out, ".El\n");
  page->open = false;
}

/* The heading of a row's group, and a new list below it. */
static void begin_group(Page *page, const Row *row) {
  if (page->open && str_eq(row->group, str_make(page->group.data, page->group.len))) return;
  end_list(page);
  page->group.len = 0;
  buf_str(&page->group, row->group);
  if (row->group.len) {
    buf_text(page->out, ".Ss ");
    const char *colon = row->group_doc.len ? ": " : "";
    Str title = arena_printf(&page->arena, "%.*s%s%.*s", STR_ARG(row->group), colon, STR_ARG(row->group_doc));
    while (title.len && title.data[title.len - 1] == '.') title.len--;
    put_word(page->out, title);
    buf_char(page->out, '\n');
  }
  buf_text(page->out, ".Bl -tag -width 4n\n");
  page->open = true;
}

static void put_entry(Page *page, const Row *row) {
  buf_text(page->out, ".It Ic ");
  put_word(page->out, row->head);
  if (row->use.len) buf_printf(page->out, " Pq \"\\&%.*s\"", STR_ARG(row->use));
  buf_char(page->out, '\n');
  put_text(page->out, row->doc);
  if (row->aliases.len) {
    buf_text(page->out, "Also written\n.Li ");
    put_word(page->out, row->aliases);
    buf_text(page->out, " .\n");
  }
  put_example(page->out, row);
  put_params(page->out, row->params, row->param_count);
}

static void visit_function(void *self, const Row *row) {
  Page *page = self;
  if (row->is_operator || row->in_library != page->in_library) return;
  begin_group(page, row);
  put_entry(page, row);
}

static void visit_entry(void *self, const Row *row) {
  begin_group(self, row);
  put_entry(self, row);
}

static void visit_statement(void *self, const Row *row) {
  Page *page = self;
  begin_group(page, row);
  buf_text(page->out, ".It Ic ");
  put_word(page->out, row->name);
  buf_char(page->out, '\n');
  put_literal(page->out, row->head);
  put_text(page->out, row->doc);
  put_literal(page->out, row->example);
}

/* --- Operators, from the one that binds tightest. --- */

static void visit_operator(void *self, const Row *row) {
  Page *page = self;
  if (!row->is_operator) return;
  VEC_GROW(page->rows, page->count, page->cap);
  page->rows[page->count] = *row;
  page->rows[page->count++].head = arena_str(&page->arena, row->head);
}

static int by_priority(const void *a, const void *b) {
  const Row *left = a, *right = b;
  if (left->priority != right->priority) return right->priority - left->priority;
  int order = str_compare(left->name, right->name);
  return order ? order : str_compare(left->head, right->head);
}

static void put_operators(Page *page) {
  rows_each(ROWS_FUNCTIONS, visit_operator, page);
  if (page->count) qsort(page->rows, page->count, sizeof *page->rows, by_priority);
  for (size_t i = 0; i < page->count; i++) {
    page->rows[i].group = arena_printf(&page->arena, "Priority %d", page->rows[i].priority);
    page->rows[i].group_doc = (Str){0};
    begin_group(page, &page->rows[i]);
    put_entry(page, &page->rows[i]);
  }
}

static void put_options(Page *page) {
  size_t count;
  const OptionRow *rows = option_rows(&count);
  for (size_t i = 0; i < count; i++) {
    if (rows[i].hidden) continue;
    Row row = {.name = str_of(rows[i].name), .doc = str_of(rows[i].doc)};
    row.head = arena_printf(&page->arena, "@%s = %s", rows[i].name, rows[i].value);
    row.example = arena_printf(&page->arena, "OPTIONS %s;", rows[i].example);
    begin_group(page, &row);
    put_entry(page, &row);
  }
}

static bool put_kind(Page *page, Str kind) {
  if (str_is(kind, "@operators@")) put_operators(page);
  else if (str_is(kind, "@functions@")) rows_each(ROWS_FUNCTIONS, visit_function, page);
  else if (str_is(kind, "@library@")) page->in_library = true, rows_each(ROWS_FUNCTIONS, visit_function, page);
  else if (str_is(kind, "@statements@")) rows_each(ROWS_STATEMENTS, visit_statement, page);
  else if (str_is(kind, "@adapters@")) rows_each(ROWS_ADAPTERS, visit_entry, page);
  else if (str_is(kind, "@transforms@")) rows_each(ROWS_TRANSFORMS, visit_entry, page);
  else if (str_is(kind, "@operations@")) rows_each(ROWS_OPERATIONS, visit_entry, page);
  else if (str_is(kind, "@options@")) put_options(page);
  else return false;
  end_list(page);
  return true;
}

DcCode man_page(const char *path, Buf *out, DcError *err) {
  Source *source;
  DC_TRY(source_read(path, &source, err));
  for (size_t at = 0; at < source->len;) {
    const char *line = source->text + at, *end = memchr(line, '\n', source->len - at);
    size_t len = end ? (size_t)(end - line) : source->len - at;
    Page page = {.out = out};
    bool is_kind = len > 2 && line[0] == '@' && put_kind(&page, str_make(line, len));
    if (!is_kind) buf_printf(out, "%.*s\n", (int)len, line);
    arena_free(&page.arena);
    buf_free(&page.group);
    dc_free(page.rows);
    at += len + 1;
  }
  source_free(source);
  return DC_OK;
}
