/* sheet_reader.c - the rows of spreadsheets, file after file. */
#include <stdio.h>

#include "engine/row_queue.h"
#include "engine/serial_reader.h"
#include "engine/sheet_adapter.h"

enum { MOST_EMPTY_CELLS = 50000000 }; /* between two rows */

typedef struct SheetReader {
  Dataset *node;
  SheetFile *file;
  SheetRows *rows;
  RowQueue queue;
  uint32_t *column_of; /* of the dataset, for each column of the sheet; NO_PART: nobody wants it */
  Value *cells;
  uint32_t column_count; /* of the dataset, those of the files */
  uint32_t at;         /* the last row that was handed on */
  bool lenient;        /* what lies beside the columns is left out */
  bool ended, told;
  uint64_t errors, missing; /* cells that are NULL for that */
  DcError *err;
} SheetReader;

/* --- Columns of a file --- */

static DcCode map_by_name(SheetReader *reader, const uint8_t *needed, DcError *err) {
  const Schema *schema = &reader->node->schema;
  const SheetFile *file = reader->file;
  bool all = !reader->node->load->wanted_count;
  for (uint32_t c = 0; c < reader->column_count; c++) {
    uint32_t k = 0;
    while (k < file->width && !str_eq(file->names[k], schema->names[c])) k++;
    if (k == file->width) return load_missing_column(file->input->path.data, schema->names[c], file->names, file->width, err);
    if (!needed || needed[c]) reader->column_of[k] = c;
  }
  for (uint32_t k = 0; all && k < file->width; k++) {
    uint32_t c = 0;
    while (c < reader->column_count && !str_eq(file->names[k], schema->names[c])) c++;
    if (c < reader->column_count) continue;
    dc_fail(err, "%s: column \"%.*s\" is not in the first file", file->input->path.data, STR_ARG(file->names[k]));
    dc_hint(err, "name the columns to take: VALUE (a, b, …)");
    return err->code;
  }
  return DC_OK;
}

static DcCode map_by_position(SheetReader *reader, const uint8_t *needed, DcError *err) {
  const LoadPlan *plan = reader->node->load;
  const SheetFile *file = reader->file;
  size_t count = plan->wanted_count ? plan->wanted_count : reader->column_count;
  if (count != file->width) {
    dc_fail(err, "%s: the sheet has %u columns, not %zu", file->input->path.data, file->width, count);
    dc_hint(err, "say which: @range = 'A:C', and VALUE (a, _, b) for their names");
    return err->code;
  }
  for (uint32_t i = 0, c = 0; i < count; i++) {
    if (plan->wanted_count && str_is(plan->wanted[i], "_")) continue;
    if (!needed || needed[c]) reader->column_of[i] = c;
    c++;
  }
  return DC_OK;
}

/* --- Rows --- */

static void tell_place(char *out, size_t size, uint32_t row, uint32_t column) {
  char letters[8];
  sheet_column_name(column, letters);
  snprintf(out, size, "%s%u", letters, row);
}

static bool fail_at_cell(SheetReader *reader, uint32_t row, const SheetCell *cell, const char *what) {
  char place[32];
  tell_place(place, sizeof place, row, cell->column);
  int shown = cell->len < 60 ? (int)cell->len : 60;
  dc_fail(reader->err, "%s: cell %s, '%.*s': %s", reader->file->input->path.data, place, shown, cell->text, what);
  return false;
}

static bool put_cell(SheetReader *reader, uint32_t row, const SheetCell *cell, bool *any) {
  const SheetFile *file = reader->file;
  const SheetRange *range = &file->options->range;
  if (cell->column < range->first_column || cell->column > range->last_column) return true;
  if (cell->column < file->first_column || cell->column >= file->first_column + file->width) {
    if (reader->lenient) return true;
    (void)fail_at_cell(reader, row, cell, "it lies beside the columns");
    dc_hint(reader->err, "say where the table lies: @range = 'A:C'");
    return false;
  }
  *any = true;
  uint32_t column = reader->column_of[cell->column - file->first_column];
  if (column == NO_PART) return true;
  if (!sheet_value(cell, file->from_1904, &reader->cells[column])) return fail_at_cell(reader, row, cell, "it is not of its cell's type");
  reader->errors += cell->kind == SHEET_ERROR;
  reader->missing += cell->kind == SHEET_MISSING;
  return true;
}

/* Rows of NULLs for those up to row: they lie between others. */
static bool put_empty_rows(SheetReader *reader, uint32_t row) {
  const SheetFile *file = reader->file;
  const Value *empty = reader->cells + reader->column_count + 1;
  if ((uint64_t)(row - reader->at - 1) * file->width > MOST_EMPTY_CELLS) {
    char first[32], last[32];
    tell_place(first, sizeof first, file->above ? file->above : 1, file->first_column);
    tell_place(last, sizeof last, reader->at, file->first_column + file->width - 1);
    dc_fail(reader->err, "%s: the rows %u to %u are empty", file->input->path.data, reader->at + 1, row - 1);
    dc_hint(reader->err, "say where the table ends: @range = '%s:%s'", first, last);
    return false;
  }
  for (; reader->at + 1 < row; reader->at++)
    if (row_queue_add(&reader->queue, empty, reader->err) != DC_OK) return false;
  return true;
}

static bool take_row(void *self, uint32_t row, const SheetCell *cells, uint32_t count) {
  SheetReader *reader = self;
  bool any = false;
  if (row <= reader->file->above) return true;
  if (row > reader->file->options->range.last_row) return false;
  memset(reader->cells, 0, (reader->column_count + 1) * sizeof *reader->cells);
  for (uint32_t i = 0; i < count; i++)
    if (!put_cell(reader, row, &cells[i], &any)) return false;
  if (!any) return true;
  if (!put_empty_rows(reader, row)) return false;
  reader->at = row;
  return row_queue_add(&reader->queue, reader->cells, reader->err) == DC_OK;
}

/* --- Files --- */

static void close_file(void *state) {
  SheetReader *reader = state;
  if (reader->rows) reader->file->module->close(reader->rows);
  sheet_file_close(reader->file);
  row_queue_free(&reader->queue);
  dc_free(reader->column_of);
  dc_free(reader->cells);
  dc_free(reader);
}

static DcCode start_rows(SheetReader *reader, const uint8_t *needed, DcError *err) {
  SheetFile *file = reader->file;
  if (!file->has_rows) {
    reader->ended = true;
    return DC_OK;
  }
  reader->column_of = dc_alloc((file->width + 1) * sizeof *reader->column_of);
  for (uint32_t i = 0; i < file->width; i++) reader->column_of[i] = NO_PART;
  DC_TRY(file->options->header ? map_by_name(reader, needed, err) : map_by_position(reader, needed, err));
  SheetError error = {0};
  if (file->module->start(file->book, file->sheet, take_row, reader, &reader->rows, &error) < 0) return sheet_file_fail(file, &error, err);
  return DC_OK;
}

static DcCode open_file(Dataset *node, const ReadSpec *spec, uint32_t number, void **state, DcError *err) {
  LoadPlan *plan = node->load;
  const SheetOptions *options = plan->file.own;
  SheetReader *reader = dc_alloc(sizeof *reader);
  reader->node = node;
  reader->column_count = load_own_columns(node);
  reader->lenient = plan->wanted_count && options->header;
  reader->cells = dc_alloc(2 * ((size_t)reader->column_count + 1) * sizeof *reader->cells); /* a row, and an empty one */
  row_queue_init(&reader->queue, node->engine, reader->column_count);
  reader->file = number == 0 ? sheet_take_kept(plan) : NULL;
  DcCode code = reader->file ? DC_OK : sheet_file_open(node->engine, &plan->files.files[number], options, &reader->file, err);
  if (code == DC_OK) {
    reader->at = reader->file->above;
    code = start_rows(reader, spec->needed, err);
  }
  if (code == DC_OK) *state = reader;
  else close_file(reader);
  return code;
}

static void warn(const SheetReader *reader) {
  const char *path = reader->file->input->path.data;
  Dataset *node = reader->node;
  if (reader->errors) engine_warn(node->engine, node->pos, "%s: %llu cells show an error such as #N/A and are NULL", path, (unsigned long long)reader->errors);
  if (reader->missing)
    engine_warn(node->engine, node->pos, "%s: %llu formulas have no stored result and are NULL; open and save the file where it was made", path,
                (unsigned long long)reader->missing);
}

static DcCode next_rows(void *state, uint64_t origin_base, Batch **out, uint64_t *bytes, DcError *err) {
  SheetReader *reader = state;
  SheetFile *file = reader->file;
  *bytes += file->disk_bytes;
  file->disk_bytes = 0;
  reader->err = err;
  for (;;) {
    if (!reader->queue.rows && reader->queue.first == reader->queue.count) reader->queue.origin = origin_base;
    DC_TRY(row_queue_take(&reader->queue, reader->ended, out, err));
    if (*out) return DC_OK;
    if (reader->ended) break;
    SheetError error = {0};
    int status = file->module->next(reader->rows, &error);
    if (err->code != DC_OK) return err->code;
    if (status < 0) return sheet_file_fail(file, &error, err);
    reader->ended = status == 0;
  }
  if (!reader->told) warn(reader);
  reader->told = true;
  return DC_OK;
}

static const SerialOps file_ops = {open_file, next_rows, close_file};

DcCode sheet_reader_open(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err) {
  return serial_reader_open(node, spec, &file_ops, out, err);
}
