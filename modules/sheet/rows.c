/* rows.c - the rows of a sheet, cell by cell (ECMA-376, part 1: 18.3.1 worksheets). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet.h"

enum { MOST_ROW_TEXT = 64 << 20 };
enum { NO_OFFSET = -1 };

struct SheetRows {
  Xml xml;
  SheetBook *book;
  SheetRowFn row;
  void *self;
  int32_t last_column;
  uint32_t number;  /* of the row */
  SheetCell *cells; /* of the row; text is set at its end */
  int64_t *starts;  /* of their texts in chars; NO_OFFSET: text is set already */
  uint32_t count, cap;
  uint32_t next_column;
  Bytes chars;
  /* The cell that is open: */
  bool in_data, in_cell, in_value, in_text, has_value, has_formula;
  int phonetic;
  char type[12];
  int64_t style;
  size_t from;
};

/* "AB12": column from 0, row from 1; 0: there is none. false: it is no such name. */
static bool read_place(const char *text, uint32_t *column, uint32_t *row) {
  uint64_t letters = 0, digits = 0;
  while (*text >= 'A' && *text <= 'Z' && letters < SHEET_MOST_COLUMNS) letters = letters * 26 + (uint64_t)(*text++ - 'A' + 1);
  while (*text >= '0' && *text <= '9' && digits <= SHEET_MOST_ROWS) digits = digits * 10 + (uint64_t)(*text++ - '0');
  *column = (uint32_t)letters - 1;
  *row = (uint32_t)digits;
  return !*text && letters && letters <= SHEET_MOST_COLUMNS && digits <= SHEET_MOST_ROWS;
}

static void start_row(SheetRows *rows, const XML_Char **attributes) {
  const char *text = attribute(attributes, "r", false);
  char *end = NULL;
  unsigned long number = text ? strtoul(text, &end, 10) : rows->number + 1;
  if (number <= rows->number || number > SHEET_MOST_ROWS || (text && *end)) {
    xml_fail(&rows->xml, "a row has a wrong number");
    return;
  }
  rows->number = (uint32_t)number;
  rows->count = rows->next_column = 0;
  rows->chars.len = 0;
}

static void start_cell(SheetRows *rows, const XML_Char **attributes) {
  const char *place = attribute(attributes, "r", false), *type = attribute(attributes, "t", false), *style = attribute(attributes, "s", false);
  uint32_t column = rows->next_column, row = rows->number;
  if ((place && !read_place(place, &column, &row)) || row != rows->number || column < rows->next_column || column >= SHEET_MOST_COLUMNS) {
    xml_fail(&rows->xml, "a cell has a wrong place");
    return;
  }
  rows->next_column = column + 1;
  rows->in_cell = true;
  rows->has_value = rows->has_formula = false;
  rows->style = style ? atol(style) : 0;
  snprintf(rows->type, sizeof rows->type, "%s", type ? type : "n");
  rows->from = rows->chars.len;
}

static void XMLCALL on_start(void *self, const XML_Char *name, const XML_Char **attributes) {
  SheetRows *rows = self;
  const char *local = local_name(name);
  if (rows->xml.failed || rows->xml.stopped) return;
  if (!rows->in_data) {
    const char *range = strcmp(local, "dimension") == 0 ? attribute(attributes, "ref", false) : NULL, *colon = range ? strchr(range, ':') : NULL;
    uint32_t column, row;
    if (range && read_place(colon ? colon + 1 : range, &column, &row)) rows->last_column = (int32_t)column;
    rows->in_data = strcmp(local, "sheetData") == 0;
  } else if (!rows->in_cell) {
    if (strcmp(local, "row") == 0) start_row(rows, attributes);
    else if (strcmp(local, "c") == 0 && rows->number) start_cell(rows, attributes);
  } else if (strcmp(local, "v") == 0) {
    rows->in_value = rows->has_value = true;
    rows->chars.len = rows->from;
  } else if (strcmp(local, "f") == 0) {
    rows->has_formula = true;
  } else if (strcmp(local, "is") == 0) {
    rows->has_value = true;
  } else if (strcmp(local, "rPh") == 0) {
    rows->phonetic++;
  } else if (strcmp(local, "t") == 0) {
    rows->in_text = !rows->phonetic;
  }
}

static void XMLCALL on_text(void *self, const XML_Char *data, int len) {
  SheetRows *rows = self;
  if (!(rows->in_value || rows->in_text) || rows->xml.failed) return;
  if (rows->chars.len + (size_t)len > MOST_ROW_TEXT) xml_fail(&rows->xml, "a row has more than 64 MiB of text");
  else xml_text(&rows->xml, &rows->chars, data, len);
}

static bool add_cell(SheetRows *rows, SheetCell cell, int64_t start) {
  if (rows->count == rows->cap) {
    uint32_t cap = rows->cap ? rows->cap * 2 : 64;
    SheetCell *cells = realloc(rows->cells, cap * sizeof *cells);
    if (cells) rows->cells = cells;
    int64_t *starts = cells ? realloc(rows->starts, cap * sizeof *starts) : NULL;
    if (!starts) {
      xml_fail(&rows->xml, "no memory left to read it");
      return false;
    }
    rows->starts = starts;
    rows->cap = cap;
  }
  rows->starts[rows->count] = start;
  rows->cells[rows->count++] = cell;
  return true;
}

/* The shared text that the open cell names. */
static void add_shared(SheetRows *rows, SheetCell cell) {
  const Texts *texts = &rows->book->texts;
  char digits[24], *end;
  snprintf(digits, sizeof digits, "%.*s", cell.len < 20 ? (int)cell.len : 20, cell.len ? (char *)rows->chars.data + rows->from : "");
  unsigned long index = strtoul(digits, &end, 10);
  if (!cell.len || *end || digits[0] == '-' || index >= texts->count) {
    xml_fail(&rows->xml, "a cell names a shared text that is not there");
    return;
  }
  size_t from = index ? texts->ends[index - 1] : 0;
  cell.text = texts->chars.data ? (char *)texts->chars.data + from : "";
  cell.len = texts->ends[index] - from;
  if (add_cell(rows, cell, NO_OFFSET)) rows->chars.len = rows->from;
}

static void end_cell(SheetRows *rows) {
  static const struct { const char *type; SheetKind kind; } kinds[] = {
    {"n", SHEET_NUMBER}, {"s", SHEET_TEXT}, {"str", SHEET_TEXT}, {"inlineStr", SHEET_TEXT}, {"b", SHEET_BOOL}, {"e", SHEET_ERROR}, {"d", SHEET_MOMENT}};
  size_t kind = 0, count = sizeof kinds / sizeof *kinds;
  rows->in_cell = false;
  while (kind < count && strcmp(kinds[kind].type, rows->type) != 0) kind++;
  if (kind == count) {
    xml_fail(&rows->xml, "a cell has an unknown type");
    return;
  }
  SheetCell cell = {.column = rows->next_column - 1, .kind = kinds[kind].kind};
  bool own_text = cell.kind == SHEET_TEXT && rows->type[1], missing = rows->has_formula && !own_text;
  if (own_text) unescape_text(&rows->chars, rows->from);
  cell.len = rows->chars.len - rows->from;
  if (!rows->has_value || (!cell.len && !own_text)) {
    if (!rows->has_formula) return;
    cell.kind = missing ? SHEET_MISSING : cell.kind;
    add_cell(rows, cell, (int64_t)rows->from);
    return;
  }
  if (cell.kind == SHEET_TEXT && !own_text) {
    add_shared(rows, cell);
    return;
  }
  const Styles *styles = &rows->book->styles;
  if (cell.kind == SHEET_NUMBER && rows->style >= 0 && (size_t)rows->style < styles->count) cell.look = styles->looks[rows->style];
  add_cell(rows, cell, (int64_t)rows->from);
}

static void end_row(SheetRows *rows) {
  for (uint32_t i = 0; i < rows->count; i++)
    if (rows->starts[i] != NO_OFFSET) rows->cells[i].text = rows->chars.data ? (char *)rows->chars.data + rows->starts[i] : "";
  if (rows->count && !rows->row(rows->self, rows->number, rows->cells, rows->count)) xml_stop(&rows->xml);
  rows->count = 0;
}

static void XMLCALL on_end(void *self, const XML_Char *name) {
  SheetRows *rows = self;
  const char *local = local_name(name);
  if (!rows->in_data || rows->xml.failed || rows->xml.stopped) return;
  if (rows->in_cell) {
    if (strcmp(local, "c") == 0) end_cell(rows);
    else if (strcmp(local, "v") == 0) rows->in_value = false;
    else if (strcmp(local, "t") == 0) rows->in_text = false;
    else if (strcmp(local, "rPh") == 0) rows->phonetic--;
  } else if (strcmp(local, "row") == 0) {
    end_row(rows);
  } else if (strcmp(local, "sheetData") == 0) {
    rows->in_data = false;
  }
}

int rows_start(SheetBook *book, uint32_t sheet, SheetRowFn row, void *self, SheetRows **out, SheetError *error) {
  const char *part = book->sheets[sheet].part;
  if (!book->texts_known && book->texts_part) {
    int status = texts_read(&book->package, book->texts_part, book->memory, &book->texts, error);
    if (status != 1) return status < 0 ? -1 : MODULE_FAIL(error, "its part %s is missing", book->texts_part);
  }
  book->texts_known = true;
  SheetRows *rows = calloc(1, sizeof *rows);
  if (!rows) return sheet_no_memory(error);
  *rows = (SheetRows){.book = book, .row = row, .self = self, .last_column = -1};
  int status = xml_open(&rows->xml, &book->package, part, on_start, on_end, on_text, rows, error);
  if (status == 1) {
    *out = rows;
    return 0;
  }
  rows_close(rows);
  return status < 0 ? -1 : MODULE_FAIL(error, "its part %s is missing", part);
}

int rows_next(SheetRows *rows, SheetError *error) { return xml_next(&rows->xml, error); }

int32_t rows_last_column(const SheetRows *rows) { return rows->last_column; }

void rows_close(SheetRows *rows) {
  if (!rows) return;
  xml_close(&rows->xml);
  free(rows->cells);
  free(rows->starts);
  bytes_free(&rows->chars);
  free(rows);
}
