/* sheet_file.c - one spreadsheet: its bytes, which sheet is meant, and the columns of that. */
#include "base/module.h"
#include "engine/sheet_adapter.h"
#include "io/stream.h"

#define MOST_BYTES ((uint64_t)1 << 30)

DcCode sheet_file_fail(const SheetFile *file, const SheetError *error, DcError *err) {
  dc_fail(err, "%s: %s", file->input->path.data, error->text);
  if (error->hint[0]) dc_hint(err, "%s", error->hint);
  return err->code;
}

void sheet_file_close(SheetFile *file) {
  if (!file) return;
  if (file->module) file->module->close_book(file->book);
  slab_unref(file->slab);
  arena_free(&file->arena);
  dc_free(file);
}

/* --- Bytes --- */

static DcCode grow(Engine *engine, SheetFile *file, size_t room, DcError *err) {
  Slab *slab;
  DC_TRY(slab_new(engine->budget, room, "a spreadsheet", &slab, err));
  if (file->slab) memcpy(slab->data, file->slab->data, file->size);
  slab_unref(file->slab);
  file->slab = slab;
  return DC_OK;
}

static DcCode read_all(Engine *engine, SheetFile *file, InputStream *stream, DcError *err) {
  uint64_t limit = budget_limit(engine->budget);
  if (limit > MOST_BYTES) limit = MOST_BYTES;
  for (;;) {
    size_t got, room = file->slab ? file->slab->size : 0;
    if (file->size == room) {
      if (room >= limit) {
        dc_fail(err, "%s: a spreadsheet of more than %llu bytes", file->input->path.data, (unsigned long long)limit);
        dc_hint(err, "it is held in memory: give more by --memory, at most 1 GiB is read");
        return err->code;
      }
      size_t wanted = room ? room * 2 : file->input->regular ? file->input->size + 1 : 1 << 20;
      DC_TRY(grow(engine, file, wanted < limit ? wanted : limit, err));
      continue;
    }
    DC_TRY(stream_read(stream, file->slab->data + file->size, room - file->size, &got, err));
    if (!got) return DC_OK;
    file->size += got;
  }
}

static DcCode load_bytes(Engine *engine, SheetFile *file, DcError *err) {
  InputStream *stream;
  DC_TRY(stream_open(file->input, 0, UINT64_MAX, &stream, err));
  DcCode code = read_all(engine, file, stream, err);
  file->disk_bytes = stream_bytes(stream);
  stream_close(stream);
  return code;
}

/* --- The sheet --- */

static DcCode no_sheet(const SheetFile *file, DcError *err) {
  const SheetOptions *options = file->options;
  Speller speller = speller_start(options->sheet);
  Buf list = {0};
  uint32_t count = file->module->sheets(file->book);
  for (uint32_t i = 0; i < count; i++) {
    const char *name = file->module->sheet(file->book, i).name;
    speller_try(&speller, str_of(name));
    if (list.len < 200) buf_printf(&list, "%s\"%s\"", i ? ", " : "", name);
  }
  if (options->number) dc_fail(err, "%s: there is no sheet %lld", file->input->path.data, (long long)options->number);
  else dc_fail(err, "%s: there is no sheet \"%.*s\"", file->input->path.data, STR_ARG(options->sheet));
  Str near = options->number ? (Str){0} : speller_best(&speller);
  if (near.len) dc_hint(err, "did you mean \"%.*s\"? It has: %.*s", STR_ARG(near), (int)list.len, list.data);
  else dc_hint(err, "it has: %.*s", (int)list.len, list.data);
  buf_free(&list);
  return err->code;
}

/* By name (exactly, else in any case), by number, or the first that is visible and has cells. */
static DcCode find_sheet(SheetFile *file, DcError *err) {
  const SheetOptions *options = file->options;
  uint32_t count = file->module->sheets(file->book), found = count;
  for (int round = 0; round < 2; round++)
    for (uint32_t i = 0; i < count && found == count; i++) {
      SheetInfo info = file->module->sheet(file->book, i);
      Str name = str_of(info.name);
      bool fits = options->number ? i + 1 == options->number : options->sheet.data ? round ? str_eq_nocase(name, options->sheet) : str_eq(name, options->sheet)
                                                                                   : info.has_cells && (round || !info.hidden);
      if (fits) found = i;
    }
  if (found == count) return no_sheet(file, err);
  SheetInfo info = file->module->sheet(file->book, found);
  if (!info.has_cells) return dc_fail(err, "%s: the sheet \"%s\" has no cells: it is a chart, or a macro", file->input->path.data, info.name);
  file->sheet = found;
  return DC_OK;
}

/* --- Its columns --- */

typedef struct Head {
  SheetFile *file;
  SheetRows *rows;
  DcError *err;
} Head;

static void name_columns(SheetFile *file, const SheetCell *cells, uint32_t count) {
  file->names = arena_alloc(&file->arena, (file->width + 1) * sizeof *file->names);
  for (uint32_t i = 0; i < count && file->options->header; i++) {
    if (cells[i].column < file->first_column || cells[i].column >= file->first_column + file->width) continue;
    Value value;
    if (!sheet_value(&cells[i], file->from_1904, &value) || value_is_null(value)) continue;
    file->names[cells[i].column - file->first_column] = arena_str(&file->arena, value_to_str(&file->arena, value));
  }
  for (uint32_t i = 0; i < file->width; i++) {
    char letters[8];
    sheet_column_name(file->first_column + i, letters);
    if (!file->names[i].len) file->names[i] = arena_str(&file->arena, str_of(letters));
  }
}

/* The first row that counts is the header, or shows how wide the sheet is. */
static bool take_head(void *self, uint32_t row, const SheetCell *cells, uint32_t count) {
  Head *head = self;
  SheetFile *file = head->file;
  const SheetOptions *options = file->options;
  const SheetRange *range = &options->range;
  if (row < range->first_row || row <= options->skip) return true;
  if (row > range->last_row) return false;
  uint32_t first = 0, last = count;
  while (first < count && cells[first].column < range->first_column) first++;
  while (last > first && cells[last - 1].column > range->last_column) last--;
  if (first == last) return true;
  int32_t stated = file->module->last_column(head->rows);
  uint32_t end = cells[last - 1].column;
  if (range->bounded) end = range->last_column;
  else if (!options->header && stated > (int32_t)end) end = (uint32_t)stated;
  file->first_column = options->header && !options->ranged ? cells[first].column : range->first_column;
  file->width = end - file->first_column + 1;
  file->above = options->header ? row : row - 1;
  file->has_rows = true;
  name_columns(file, cells, count);
  return false;
}

static DcCode read_head(SheetFile *file, DcError *err) {
  Head head = {.file = file, .err = err};
  SheetError error = {0};
  int status = file->module->start(file->book, file->sheet, take_head, &head, &head.rows, &error);
  if (status == 0)
    while ((status = file->module->next(head.rows, &error)) == 1 && !file->has_rows) continue;
  file->module->close(head.rows);
  return status < 0 && !file->has_rows ? sheet_file_fail(file, &error, err) : DC_OK;
}

DcCode sheet_file_open(Engine *engine, const InputFile *input, const SheetOptions *options, SheetFile **out, DcError *err) {
  static Module sheet = {.name = "sheet", .symbol = "dcetl_sheet_module", .version = SHEET_MODULE_VERSION, .what = "spreadsheets",
                         .package = "libarchive and libexpat (Debian: libarchive13, libexpat1)"};
  const void *module;
  DC_TRY(module_need(&sheet, &module, err));
  SheetFile *file = dc_alloc(sizeof *file);
  file->input = input;
  file->options = options;
  file->module = module;
  SheetError error = {0};
  DcCode code = load_bytes(engine, file, err);
  uint64_t limit = budget_limit(engine->budget);
  if (code == DC_OK && file->module->open(file->slab->data, file->size, limit < MOST_BYTES ? limit : MOST_BYTES, &file->book, &error) < 0)
    code = sheet_file_fail(file, &error, err);
  if (code == DC_OK) {
    file->from_1904 = file->module->from_1904(file->book);
    code = find_sheet(file, err);
  }
  if (code == DC_OK) code = read_head(file, err);
  if (code == DC_OK) *out = file;
  else sheet_file_close(file);
  return code;
}
