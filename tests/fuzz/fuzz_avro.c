/* fuzz_avro.c - Avro files of any bytes: the module gives rows that can be read as values, or an error; and as many of them
 * whether the bytes come at once or a few at a time. Without the module nothing is tested.
 */
#include <stdlib.h>

#include "base/module.h"
#include "value/arrow.h"
#include "value/table_module.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_BATCHES = 50 };

typedef struct Bytes {
  const uint8_t *data;
  size_t size, at, step;
} Bytes;

static int read_next(void *self, void *data, uint64_t size, uint64_t *got, TableError *error) {
  Bytes *bytes = self;
  (void)error;
  *got = bytes->size - bytes->at;
  if (*got > size) *got = size;
  if (*got > bytes->step) *got = bytes->step;
  if (*got) memcpy(data, bytes->data + bytes->at, (size_t)*got);
  bytes->at += (size_t)*got;
  return 0;
}

/* All columns that dcetl can read go through the import; what it refuses is an error like any other. */
static void import(const struct ArrowSchema *type, const struct ArrowArray *array) {
  Budget *budget = budget_new(UINT64_C(1) << 30);
  int *fields = dc_alloc(((size_t)type->n_children + 1) * sizeof *fields);
  uint32_t count = 0;
  for (int i = 0; i < (int)type->n_children; i++) {
    DcError err = {0};
    if (arrow_readable(type->children[i], &err) == DC_OK) fields[count++] = i;
  }
  Batch *batch;
  DcError err = {0};
  if (arrow_import(budget, type, array, fields, count, 0, &batch, &err) == DC_OK) batch_unref(batch);
  else if (!err.message[0]) abort();
  dc_free(fields);
  budget_free(budget);
}

/* Rows, -1: an error, -2: there are more than are worth it. */
static int64_t read_all(const TableModule *module, Bytes *bytes, uint32_t most) {
  TableSource source = {.self = bytes, .size = UINT64_MAX, .read_next = read_next};
  TableError error = {.text = ""};
  TableFile *file;
  struct ArrowSchema columns, type;
  struct ArrowArrayStream rows;
  int64_t total = -1;
  if (module->open(&source, NULL, 0, &file, &columns, &error) != 0) return error.text[0] ? -1 : (abort(), 0);
  if (module->read(file, 0, NULL, most, &rows, &error) == 0) {
    if (rows.get_schema(&rows, &type) != 0) abort();
    total = 0;
    for (int i = 0; total >= 0; i++) {
      struct ArrowArray array;
      int status = rows.get_next(&rows, &array);
      if (status != 0 && !rows.get_last_error(&rows)) abort();
      if (status != 0) total = -1;
      if (status != 0 || !array.release) break;
      if (array.length > (int64_t)most) abort();
      total = i < MOST_BATCHES ? total + array.length : -2;
      import(&type, &array);
      array.release(&array);
    }
    type.release(&type);
    rows.release(&rows);
  }
  columns.release(&columns);
  module->close(file);
  return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Module wanted = {.name = "avro", .symbol = "dcetl_avro_module", .version = TABLE_MODULE_VERSION, .what = "Avro files", .package = "dcetl"};
  const void *module;
  DcError err = {0};
  if (size > 1 << 16 || module_need(&wanted, &module, &err) != DC_OK) return 0;
  Bytes whole = {data, size, 0, size}, pieces = {data, size, 0, 7};
  int64_t rows = read_all(module, &whole, 1000), again = read_all(module, &pieces, 10);
  if (rows != again && rows != -2 && again != -2) abort();
  return 0;
}
