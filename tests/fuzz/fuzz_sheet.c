/* fuzz_sheet.c - spreadsheets of any bytes: the module gives rows in order, whose cells are values, or an error. The first byte
 * chooses what the rest is: a whole file, or one part of a workbook that is sound otherwise. Without the module nothing is tested.
 */
#include <libdeflate.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/module.h"
#include "io/sheet_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS = 6, MEMORY = 1 << 20, MOST_ROWS = 2000 };

#define RELATIONS "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
#define TYPE "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
static const char *const parts[PARTS][2] = {
  {"xl/worksheets/s1.xml", "<worksheet><sheetData><row><c><v>1</v></c><c t=\"s\"><v>0</v></c><c s=\"1\"><v>45292.5</v></c></row></sheetData></worksheet>"},
  {"xl/sharedStrings.xml", "<sst><si><t>shared</t></si></sst>"},
  {"xl/styles.xml", "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"},
  {"xl/workbook.xml", "<workbook xmlns:r=\"" TYPE "\"><sheets><sheet name=\"Data\" sheetId=\"1\" r:id=\"s1\"/></sheets></workbook>"},
  {"xl/_rels/workbook.xml.rels", RELATIONS "<Relationship Id=\"s1\" Type=\"" TYPE "worksheet\" Target=\"worksheets/s1.xml\"/>"
   "<Relationship Id=\"t\" Type=\"" TYPE "sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"y\" Type=\"" TYPE "styles\" Target=\"styles.xml\"/></Relationships>"},
  {"_rels/.rels", RELATIONS "<Relationship Id=\"r1\" Type=\"" TYPE "officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"},
};

/* --- A zip archive (APPNOTE.TXT 4.3) of parts that are stored as they are --- */

static void put_number(Buf *out, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; i++) buf_char(out, (char)(number >> 8 * i));
}

/* What the head of an entry and its line in the directory share: version to name length. */
static void put_entry(Buf *out, const char *name, Str content) {
  put_number(out, 20, 2);
  put_number(out, 0, 2 + 2 + 4); /* flags, method, time */
  put_number(out, libdeflate_crc32(0, content.data, content.len), 4);
  put_number(out, (uint32_t)content.len, 4);
  put_number(out, (uint32_t)content.len, 4);
  put_number(out, (uint32_t)strlen(name), 2);
}

/* The workbook, one of whose parts has other content. */
static void put_package(Buf *out, size_t changed, Str content) {
  Buf directory = {0};
  for (size_t i = 0; i < PARTS; i++) {
    Str part = i == changed ? content : str_of(parts[i][1]);
    uint32_t offset = (uint32_t)out->len;
    put_number(out, 0x04034b50, 4);
    put_entry(out, parts[i][0], part);
    put_number(out, 0, 2);
    buf_text(out, parts[i][0]);
    buf_str(out, part);
    put_number(&directory, 0x02014b50, 4);
    put_number(&directory, 20, 2);
    put_entry(&directory, parts[i][0], part);
    put_number(&directory, 0, 2 + 2 + 2 + 2); /* extra, comment, disk, kind */
    put_number(&directory, 0, 4);
    put_number(&directory, offset, 4);
    buf_text(&directory, parts[i][0]);
  }
  uint32_t start = (uint32_t)out->len;
  buf_put(out, directory.data, directory.len);
  put_number(out, 0x06054b50, 4);
  put_number(out, 0, 4);
  put_number(out, PARTS, 2);
  put_number(out, PARTS, 2);
  put_number(out, (uint32_t)directory.len, 4);
  put_number(out, start, 4);
  put_number(out, 0, 2);
  buf_free(&directory);
}

/* --- Reading --- */

typedef struct Seen {
  bool from_1904;
  uint32_t last_row, rows;
  Buf text;
} Seen;

static bool take_row(void *self, uint32_t row, const SheetCell *cells, uint32_t count) {
  Seen *seen = self;
  if (row <= seen->last_row || row > SHEET_MOST_ROWS || !count) abort();
  seen->last_row = row;
  for (uint32_t i = 0; i < count; i++) {
    Value value;
    char name[8];
    if (cells[i].column >= SHEET_MOST_COLUMNS || (i && cells[i].column <= cells[i - 1].column)) abort();
    sheet_column_name(cells[i].column, name);
    seen->text.len = 0;
    buf_put(&seen->text, cells[i].text, cells[i].len); /* all of it is there */
    if (sheet_value(&cells[i], seen->from_1904, &value)) value_print(&seen->text, value);
  }
  return ++seen->rows < MOST_ROWS;
}

static void read_book(const SheetModule *module, const void *data, size_t size) {
  SheetError error = {.text = ""};
  SheetBook *book;
  if (module->open(data, size, MEMORY, &book, &error) < 0) {
    if (!error.text[0]) abort();
    return;
  }
  for (uint32_t i = 0; i < module->sheets(book) && i < 3; i++) {
    Seen seen = {.from_1904 = module->from_1904(book)};
    SheetRows *rows = NULL;
    error = (SheetError){.text = ""};
    if (!module->sheet(book, i).name) abort();
    int status = module->start(book, i, take_row, &seen, &rows, &error);
    if (status == 0) {
      while ((status = module->next(rows, &error)) == 1) continue;
      (void)module->last_column(rows);
      module->close(rows);
    }
    if (status < 0 && !error.text[0]) abort();
    buf_free(&seen.text);
  }
  module->close_book(book);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Module wanted = {.name = "sheet", .symbol = "dcetl_sheet_module", .version = SHEET_MODULE_VERSION, .what = "spreadsheets", .package = "dcetl"};
  const void *module;
  DcError err = {0};
  if (size < 1 || size > 1 << 16 || module_need(&wanted, &module, &err) != DC_OK) return 0;
  Buf file = {0};
  Str rest = str_make((const char *)data + 1, size - 1);
  if (data[0] % (PARTS + 1) == 0) buf_str(&file, rest);
  else put_package(&file, data[0] % (PARTS + 1) - 1, rest);
  read_book(module, file.data ? file.data : "", file.len);
  buf_free(&file);
  return 0;
}
