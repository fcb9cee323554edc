/* book.c - a workbook: its sheets, and where its parts are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet.h"

enum { MOST_SHEETS = 10000, MOST_PATH = 1024 };

/* --- Relations between parts --- */

typedef struct Relations {
  Xml xml;
  const char *owner; /* the part that they belong to; "": the package */
  void (*found)(void *self, const char *id, const char *type, const char *part);
  void *self;
} Relations;

/* A target as the name of a part: relative ones begin in the owner's folder. */
static void resolve(const char *owner, const char *target, char *out) {
  char text[MOST_PATH * 2];
  const char *slash = strrchr(owner, '/');
  snprintf(text, sizeof text, "%.*s%.*s", *target == '/' || !slash ? 0 : (int)(slash - owner + 1), owner, MOST_PATH - 1, target);
  size_t len = 0;
  char *save = NULL;
  out[0] = 0;
  for (char *step = strtok_r(text, "/", &save); step; step = strtok_r(NULL, "/", &save)) {
    if (strcmp(step, ".") == 0) continue;
    if (strcmp(step, "..") == 0) {
      char *last = strrchr(out, '/');
      len = last ? (size_t)(last - out) : 0;
      out[len] = 0;
    } else if (len + strlen(step) + 2 < MOST_PATH * 2) {
      len += (size_t)snprintf(out + len, MOST_PATH * 2 - len, "%s%s", len ? "/" : "", step);
    }
  }
}

static void XMLCALL on_relation(void *self, const XML_Char *name, const XML_Char **attributes) {
  Relations *relations = self;
  if (strcmp(local_name(name), "Relationship") != 0) return;
  const char *id = attribute(attributes, "Id", false), *type = attribute(attributes, "Type", false), *target = attribute(attributes, "Target", false);
  const char *mode = attribute(attributes, "TargetMode", false);
  if (!id || !type || !target || (mode && strcmp(mode, "External") == 0)) return;
  char part[MOST_PATH * 2];
  resolve(relations->owner, target, part);
  const char *slash = strrchr(type, '/');
  relations->found(relations->self, id, slash ? slash + 1 : type, part);
}

static int relations_read(const Package *package, const char *owner, void (*found)(void *, const char *, const char *, const char *), void *self,
                          SheetError *error) {
  char part[MOST_PATH * 2 + 16];
  const char *slash = strrchr(owner, '/'), *base = slash ? slash + 1 : owner;
  snprintf(part, sizeof part, "%.*s_rels/%s.rels", (int)(base - owner), owner, base);
  Relations relations = {.owner = owner, .found = found, .self = self};
  return xml_read(&relations.xml, package, part, on_relation, NULL, NULL, &relations, error);
}

static void find_document(void *self, const char *id, const char *type, const char *part) {
  char *out = self;
  (void)id;
  if (strcmp(type, "officeDocument") == 0) snprintf(out, MOST_PATH * 2, "%s", part);
}

static void replace(char **out, const char *text) {
  free(*out);
  *out = strdup(text);
}

static void find_parts(void *self, const char *id, const char *type, const char *part) {
  SheetBook *book = self;
  if (strcmp(type, "styles") == 0) replace(&book->styles_part, part);
  if (strcmp(type, "sharedStrings") == 0) replace(&book->texts_part, part);
  for (size_t i = 0; i < book->count; i++) {
    Sheet *sheet = &book->sheets[i];
    if (!sheet->relation || strcmp(sheet->relation, id) != 0) continue;
    replace(&sheet->part, part);
    sheet->has_cells = strcmp(type, "worksheet") == 0;
  }
}

/* --- The workbook's own part --- */

typedef struct Reading {
  Xml xml;
  SheetBook *book;
} Reading;

static void add_sheet(Reading *reading, const char *name, const char *relation, const char *state) {
  SheetBook *book = reading->book;
  Sheet *sheets = module_room(book->sheets, book->count, &book->cap, sizeof *sheets, MOST_SHEETS);
  if (!sheets) {
    xml_fail(&reading->xml, "too many sheets");
    return;
  }
  book->sheets = sheets;
  sheets[book->count++] = (Sheet){.name = strdup(name), .relation = strdup(relation), .hidden = state && strcmp(state, "visible") != 0};
}

static void XMLCALL on_book(void *self, const XML_Char *name, const XML_Char **attributes) {
  Reading *reading = self;
  const char *local = local_name(name);
  if (strcmp(local, "workbookPr") == 0) reading->book->from_1904 = attribute_true(attributes, "date1904");
  if (strcmp(local, "sheet") != 0) return;
  const char *title = attribute(attributes, "name", false), *relation = attribute(attributes, "id", true);
  if (title && relation) add_sheet(reading, title, relation, attribute(attributes, "state", false));
  else xml_fail(&reading->xml, "a sheet without a name or a part");
}

static int need(int status, const char *part, SheetError *error) {
  if (status != 0) return status;
  MODULE_FAIL(error, "its part %s is missing", part);
  MODULE_HINT(error, "xlsx reads .xlsx and .xlsm; save others, such as .ods and .xlsb, as .xlsx");
  return -1;
}

static int read_book(SheetBook *book, SheetError *error) {
  char document[MOST_PATH * 2] = "xl/workbook.xml";
  Reading reading = {.book = book};
  if (relations_read(&book->package, "", find_document, document, error) < 0) return -1;
  if (need(xml_read(&reading.xml, &book->package, document, on_book, NULL, NULL, &reading, error), document, error) < 0) return -1;
  if (need(relations_read(&book->package, document, find_parts, book, error), "of the workbook's relations", error) < 0) return -1;
  for (size_t i = 0; i < book->count; i++) {
    if (!book->sheets[i].name || !book->sheets[i].relation) return sheet_no_memory(error);
    if (!book->sheets[i].part) return MODULE_FAIL(error, "its sheet \"%.100s\" has no part", book->sheets[i].name);
  }
  if (!book->count) return MODULE_FAIL(error, "it has no sheets");
  return book->styles_part ? need(styles_read(&book->package, book->styles_part, &book->styles, error), book->styles_part, error) : 0;
}

int book_open(const void *data, size_t size, uint64_t memory, SheetBook **out, SheetError *error) {
  SheetBook *book = calloc(1, sizeof *book);
  if (!book) return sheet_no_memory(error);
  book->package = (Package){data, size};
  book->memory = memory;
  if (read_book(book, error) < 0) {
    book_close(book);
    return -1;
  }
  *out = book;
  return 0;
}

void book_close(SheetBook *book) {
  if (!book) return;
  for (size_t i = 0; i < book->count; i++) {
    free(book->sheets[i].name);
    free(book->sheets[i].part);
    free(book->sheets[i].relation);
  }
  free(book->sheets);
  free(book->styles_part);
  free(book->texts_part);
  free(book->styles.formats);
  free(book->styles.looks);
  bytes_free(&book->texts.chars);
  free(book->texts.ends);
  free(book);
}

/* --- The interface --- */

static uint32_t sheets(const SheetBook *book) { return (uint32_t)book->count; }

static SheetInfo sheet(const SheetBook *book, uint32_t index) {
  const Sheet *found = &book->sheets[index];
  return (SheetInfo){found->name, found->hidden, found->has_cells};
}

static bool from_1904(const SheetBook *book) { return book->from_1904; }

extern const SheetModule dcetl_sheet_module;
MODULE_EXPORT const SheetModule dcetl_sheet_module = {
  SHEET_MODULE_VERSION, book_open, sheets, sheet, from_1904, book_close, rows_start, rows_next, rows_last_column, rows_close};
