/* xml_rows.c - rows of XML: follows the parser's events, finds rows and in them columns. */
#include "io/xml_rows.h"

#include <stdio.h>

#include "base/module.h"
#include "io/xml_module.h"
#include "io/xml_object.h"

enum { MOST_DEPTH = 1000, ELEMENT_COST = 64 };

/* A step of a column's path. While an element is open that it leads to, it is active. */
typedef struct Node Node;
struct Node {
  const XmlStep *step; /* NULL: the row's element */
  const XmlPath *path;
  int column;          /* whose path this is */
  bool last;           /* of its path */
  uint32_t depth;      /* of its elements; the row's is 1 */
  uint32_t seen;       /* elements that fit in the one around them */
  size_t start;        /* of the text in it; valid while it is active and the column has no text yet */
  Node *next;          /* the following step; the row's node: none */
};

/* Where a column's text lies; or a NULL. */
typedef struct Cell {
  enum { CELL_NONE, CELL_TEXT, CELL_OWN, CELL_ATTRIBUTE } kind;
  size_t start, len;
} Cell;

/* Text with blanks between tags taken out. */
typedef struct Text {
  Buf buf;
  size_t run; /* where the text behind the last tag begins */
} Text;

struct XmlRows {
  const char *name;
  const XmlModule *module;
  XmlParser *parser;
  const XmlShape *shape;
  XmlRowFn row;
  void *self;
  DcError *err;
  Arena arena;   /* names of open elements, outside of rows */
  struct { const char *name; ArenaMark mark; } outer[MOST_DEPTH];
  const char *names[MOST_DEPTH];
  size_t outer_depth;
  uint32_t depth; /* in a row; 0: outside */
  uint64_t bytes; /* of this row */
  char other[200];
  XmlObject object;
  /* Columns: */
  Arena plan;
  Node **first;   /* of each column: its first step; NULL: none */
  Node **active;  /* those further in are behind */
  size_t active_count;
  Cell *cells;
  Value *values;
  size_t collecting; /* active nodes that want text */
  bool wants_own;    /* some column is "." */
  Text text, own;
  Buf attributes;
  bool has_elements[MOST_DEPTH + 2]; /* of the open elements of a row, by depth */
};

static void fail(XmlRows *rows, const char *what) {
  uint64_t line, column;
  rows->module->where(rows->parser, &line, &column);
  dc_fail(rows->err, "%s: line %llu, column %llu: %s", rows->name, (unsigned long long)line, (unsigned long long)column, what);
  rows->module->stop(rows->parser);
}

/* False: the row is too large, or something has failed. */
static bool count_bytes(XmlRows *rows, uint64_t more) {
  if (rows->err->code != DC_OK) return false;
  rows->bytes += more;
  if (rows->bytes <= rows->shape->most) return true;
  char what[120];
  snprintf(what, sizeof what, "a row has more than %llu bytes", (unsigned long long)rows->shape->most);
  fail(rows, what);
  dc_hint(rows->err, "@row leads to an element that holds too much, or --memory is small");
  return false;
}

/* --- Columns --- */

static bool wanted(const XmlRows *rows, size_t column) { return !rows->shape->needed || rows->shape->needed[column]; }

/* The nodes of each column's path, one for each step. */
static void plan_columns(XmlRows *rows) {
  size_t count = rows->shape->column_count, nodes = 0;
  rows->first = arena_alloc(&rows->plan, (count + 1) * sizeof *rows->first);
  rows->cells = arena_alloc(&rows->plan, (count + 1) * sizeof *rows->cells);
  rows->values = arena_alloc(&rows->plan, (count + 1) * sizeof *rows->values);
  for (size_t c = 0; c < count; c++) {
    const XmlPath *path = &rows->shape->columns[c];
    rows->wants_own = rows->wants_own || (!path->count && !path->attribute && wanted(rows, c));
    Node **link = &rows->first[c];
    for (size_t s = 0; s < path->count && wanted(rows, c); s++) {
      Node *node = arena_alloc(&rows->plan, sizeof *node);
      *node = (Node){.step = &path->steps[s], .path = path, .column = (int)c, .last = s + 1 == path->count, .depth = (uint32_t)s + 2};
      *link = node;
      link = &node->next;
      nodes++;
    }
  }
  rows->active = arena_alloc(&rows->plan, (nodes + 1) * sizeof *rows->active);
}

static void drop_blank_run(Text *text) {
  if (xml_is_blank(text->buf.data + text->run, text->buf.len - text->run)) text->buf.len = text->run;
}

static void take_attribute(XmlRows *rows, const XmlPath *path, int column, const char *const *attributes) {
  Cell *cell = &rows->cells[column];
  for (; *attributes && cell->kind == CELL_NONE; attributes += 2) {
    if (!xml_name_matches(path->name, attributes[0])) continue;
    size_t len = strlen(attributes[1]);
    *cell = (Cell){CELL_ATTRIBUTE, rows->attributes.len, len};
    if (count_bytes(rows, len)) buf_put(&rows->attributes, attributes[1], len);
  }
}

/* An element that the step leads to, if it is the one that is asked for. */
static void enter_node(XmlRows *rows, Node *node, const char *name, const char *const *attributes) {
  if (!xml_name_matches(node->step->name, name)) return;
  node->seen++;
  if (node->step->number && node->seen != node->step->number) return;
  rows->active[rows->active_count++] = node;
  if (node->next) node->next->seen = 0;
  if (!node->last || rows->cells[node->column].kind != CELL_NONE) return;
  if (node->path->attribute) {
    take_attribute(rows, node->path, node->column, attributes);
  } else {
    node->start = rows->text.buf.len;
    rows->collecting++;
  }
}

static void columns_start(XmlRows *rows, const char *name, const char *const *attributes) {
  size_t count = rows->shape->column_count, active = rows->active_count;
  if (rows->depth == 1) {
    for (size_t c = 0; c < count; c++) {
      const XmlPath *path = &rows->shape->columns[c];
      rows->cells[c] = (Cell){0};
      if (rows->first[c]) rows->first[c]->seen = 0;
      else if (path->attribute && wanted(rows, c) && !path->count) take_attribute(rows, path, (int)c, attributes);
    }
    return;
  }
  drop_blank_run(&rows->text);
  rows->text.run = rows->text.buf.len;
  if (rows->depth == 2) {
    drop_blank_run(&rows->own);
    for (size_t c = 0; c < count; c++)
      if (rows->first[c]) enter_node(rows, rows->first[c], name, attributes);
    return;
  }
  for (size_t i = active; i > 0 && rows->active[i - 1]->depth == rows->depth - 1; i--)
    if (rows->active[i - 1]->next) enter_node(rows, rows->active[i - 1]->next, name, attributes);
}

static void columns_text(XmlRows *rows, const char *data, size_t len) {
  bool own = rows->wants_own && rows->depth == 1;
  if ((!rows->collecting && !own) || !count_bytes(rows, len)) return;
  if (rows->collecting) buf_put(&rows->text.buf, data, len);
  if (own) buf_put(&rows->own.buf, data, len);
}

static void leave_nodes(XmlRows *rows) {
  while (rows->active_count && rows->active[rows->active_count - 1]->depth == rows->depth) {
    Node *node = rows->active[--rows->active_count];
    Cell *cell = &rows->cells[node->column];
    if (!node->last || node->path->attribute || cell->kind != CELL_NONE) continue;
    *cell = (Cell){CELL_TEXT, node->start, rows->text.buf.len - node->start};
    rows->collecting--;
  }
}

static void columns_end_row(XmlRows *rows) {
  for (size_t c = 0; c < rows->shape->column_count; c++) {
    const XmlPath *path = &rows->shape->columns[c];
    Cell *cell = &rows->cells[c];
    if (!path->count && !path->attribute && wanted(rows, c)) *cell = (Cell){CELL_OWN, 0, rows->own.buf.len};
    const Buf *buf = cell->kind == CELL_TEXT ? &rows->text.buf : cell->kind == CELL_OWN ? &rows->own.buf : &rows->attributes;
    const char *from = buf->data ? buf->data + cell->start : "";
    rows->values[c] = cell->kind == CELL_NONE ? value_null() : value_str(str_make(from, cell->len));
  }
  if (rows->row(rows->self, rows->values, rows->err) != DC_OK) rows->module->stop(rows->parser);
  rows->text = (Text){.buf = {rows->text.buf.data, 0, rows->text.buf.cap}};
  rows->own = (Text){.buf = {rows->own.buf.data, 0, rows->own.buf.cap}};
  rows->attributes.len = 0;
}

static void columns_end(XmlRows *rows) {
  if (rows->has_elements[rows->depth]) {
    drop_blank_run(&rows->text);
    if (rows->depth == 1) drop_blank_run(&rows->own);
  }
  leave_nodes(rows);
  rows->text.run = rows->text.buf.len;
  if (rows->depth == 2) rows->own.run = rows->own.buf.len;
  if (rows->depth == 1) columns_end_row(rows);
}

/* --- Events --- */

static void object_end(XmlRows *rows) {
  Value value;
  if (!xml_object_end(&rows->object, &value)) return;
  if (rows->row(rows->self, &value, rows->err) != DC_OK) rows->module->stop(rows->parser);
  xml_object_clear(&rows->object);
}

/* True: this element, which lies outside of rows, is one. */
static bool begins_row(XmlRows *rows, const char *name) {
  const XmlPath *path = &rows->shape->row;
  rows->names[rows->outer_depth] = name;
  return xml_name_matches(path->steps[path->count - 1].name, name) && xml_path_leads_to(path, rows->names, rows->outer_depth + 1);
}

static void enter_outer(XmlRows *rows, const char *name) {
  ArenaMark mark = arena_mark(&rows->arena);
  const char *copy = arena_copy(&rows->arena, name, strlen(name));
  rows->outer[rows->outer_depth].name = copy;
  rows->outer[rows->outer_depth].mark = mark;
  rows->names[rows->outer_depth++] = copy;
  if (rows->outer_depth > 2 || rows->other[0]) return;
  if (rows->outer_depth == 2) snprintf(rows->other, sizeof rows->other, "%s/%s", rows->names[0], rows->names[1]);
}

static void on_start(void *self, const char *name, const char *const *attributes) {
  XmlRows *rows = self;
  if (rows->err->code != DC_OK) return;
  if (rows->outer_depth + rows->depth >= MOST_DEPTH) {
    fail(rows, "more than 1000 elements inside of each other");
    return;
  }
  if (!rows->depth && !begins_row(rows, name)) {
    enter_outer(rows, name);
    return;
  }
  rows->has_elements[rows->depth++] = true;
  rows->has_elements[rows->depth] = false;
  size_t cost = ELEMENT_COST;
  if (rows->shape->column_count) {
    columns_start(rows, name, attributes);
    return;
  }
  for (const char *const *a = attributes; *a; a++) cost += strlen(*a) + ELEMENT_COST;
  if (count_bytes(rows, cost)) xml_object_start(&rows->object, name, attributes);
}

static void on_text(void *self, const char *data, size_t len) {
  XmlRows *rows = self;
  if (!rows->depth || rows->err->code != DC_OK) return;
  if (rows->shape->column_count) columns_text(rows, data, len);
  else if (count_bytes(rows, len)) xml_object_text(&rows->object, data, len);
}

static void on_end(void *self, const char *name) {
  XmlRows *rows = self;
  (void)name;
  if (rows->err->code != DC_OK) return;
  if (!rows->depth) {
    arena_rewind(&rows->arena, rows->outer[--rows->outer_depth].mark);
    return;
  }
  if (rows->shape->column_count) columns_end(rows);
  else object_end(rows);
  if (--rows->depth == 0) rows->bytes = 0;
}

/* --- The interface --- */

DcCode xml_rows_new(const char *name, const XmlShape *shape, XmlRowFn row, void *self, XmlRows **out, DcError *err) {
  static Module xml = {.name = "xml", .symbol = "dcetl_xml_module", .version = XML_MODULE_VERSION, .what = "XML files", .package = "libexpat (Debian: libexpat1)"};
  const void *module;
  DC_TRY(module_need(&xml, &module, err));
  XmlRows *rows = dc_alloc(sizeof *rows);
  rows->name = name;
  rows->module = module;
  rows->shape = shape;
  rows->row = row;
  rows->self = self;
  plan_columns(rows);
  rows->parser = rows->module->create(&(XmlEvents){rows, on_start, on_end, on_text}, shape->encoding);
  if (!rows->parser) {
    xml_rows_free(rows);
    return dc_fail(err, "%s: no memory to read XML", name);
  }
  *out = rows;
  return DC_OK;
}

DcCode xml_rows_parse(XmlRows *rows, const char *data, size_t size, bool last, DcError *err) {
  rows->err = err;
  if (!rows->module->parse(rows->parser, data, size, last) && err->code == DC_OK) {
    uint64_t line, column;
    const char *reason = rows->module->where(rows->parser, &line, &column);
    dc_fail(err, "%s: line %llu, column %llu: %s", rows->name, (unsigned long long)line, (unsigned long long)column, reason);
  }
  rows->err = NULL;
  return err->code;
}

uint64_t xml_rows_position(const XmlRows *rows) { return rows->module->position(rows->parser); }

const char *xml_rows_other(const XmlRows *rows) { return rows->other; }

void xml_rows_free(XmlRows *rows) {
  if (!rows) return;
  if (rows->parser) rows->module->free(rows->parser);
  xml_object_free(&rows->object);
  arena_free(&rows->arena);
  arena_free(&rows->plan);
  buf_free(&rows->text.buf);
  buf_free(&rows->own.buf);
  buf_free(&rows->attributes);
  dc_free(rows);
}
