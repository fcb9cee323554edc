/* columns.c - values of a result, row by row, as Arrow arrays. */
#include "sql/sql.h"

static int width_of(const char *format) {
  switch (format[0]) {
    case 'b': return -1;
    case 'c': case 'C': return 1;
    case 's': case 'S': return 2;
    case 'i': case 'I': case 'f': return 4;
    case 'l': case 'L': case 'g': return 8;
    case 'd': return 16;
    case 'w': return atoi(format + 2);
    case 't': return strcmp(format, "tdD") == 0 || strcmp(format, "tts") == 0 || strcmp(format, "ttm") == 0 ? 4 : 8;
    default: return 0;
  }
}

void sql_column_init(SqlColumn *column, const char *format) { *column = (SqlColumn){.width = width_of(format)}; }

void sql_column_free(SqlColumn *column) {
  bytes_free(&column->values);
  bytes_free(&column->offsets);
  bytes_free(&column->valid);
}

static void put_offset(SqlColumn *column) {
  int32_t end = (int32_t)column->values.len;
  if (column->length == 0) bytes_zeros(&column->offsets, 4);
  if (column->values.len > INT32_MAX) column->offsets.failed = true;
  bytes_put(&column->offsets, &end, sizeof end);
}

void sql_column_null(SqlColumn *column) {
  if (!column->nulls && column->length && bytes_reserve(&column->valid, (size_t)column->length)) {
    memset(column->valid.data, 1, (size_t)column->length);
    column->valid.len = (size_t)column->length;
  }
  bytes_zeros(&column->valid, 1);
  column->nulls++;
  if (column->width == 0) put_offset(column);
  else bytes_zeros(&column->values, column->width < 0 ? 1 : (size_t)column->width);
  column->length++;
}

void sql_column_text(SqlColumn *column, const void *data, size_t len) {
  if (column->nulls) bytes_put(&column->valid, "\1", 1);
  bytes_put(&column->values, data, len);
  put_offset(column);
  column->length++;
}

/* --- Arrays --- */

typedef struct Owned {
  const void *buffers[3];
  struct ArrowArray **children;
} Owned;

static void release_array(struct ArrowArray *array) {
  Owned *owned = array->private_data;
  for (int64_t i = 0; i < array->n_children; i++) {
    if (array->children[i] && array->children[i]->release) array->children[i]->release(array->children[i]);
    free(array->children[i]);
  }
  for (int i = 0; i < 3; i++) free((void *)owned->buffers[i]);
  free(owned->children);
  free(owned);
  array->release = NULL;
}

/* Bytes that are 0 or 1 as bits. */
static uint8_t *pack_bits(const uint8_t *bytes, int64_t count) {
  uint8_t *bits = calloc((size_t)count / 8 + 1, 1);
  for (int64_t i = 0; bits && i < count; i++) bits[i >> 3] |= (uint8_t)((bytes[i] & 1) << (i & 7));
  return bits;
}

/* The bytes, not owned by it any more; not NULL, even where there are none. */
static void *take(Bytes *bytes) {
  void *data = bytes->data ? bytes->data : calloc(1, 8);
  *bytes = (Bytes){.data = NULL};
  return data;
}

static int finish_column(SqlColumn *column, struct ArrowArray *out) {
  bool text = column->width == 0;
  Owned *owned = calloc(1, sizeof *owned);
  if (!owned) return -1;
  bool failed = column->values.failed || column->offsets.failed || column->valid.failed;
  *out = (struct ArrowArray){.length = column->length, .null_count = column->nulls, .n_buffers = text ? 3 : 2,
                             .buffers = owned->buffers, .release = release_array, .private_data = owned};
  if (column->nulls && !failed) failed = !(owned->buffers[0] = pack_bits(column->valid.data, column->length));
  if (text) {
    owned->buffers[1] = take(&column->offsets);
    owned->buffers[2] = take(&column->values);
  } else if (column->width < 0 && !failed) {
    owned->buffers[1] = pack_bits(column->values.data, column->length);
  } else {
    owned->buffers[1] = take(&column->values);
  }
  column->valid.len = column->values.len = 0;
  column->length = column->nulls = 0;
  return failed || !owned->buffers[1] || (text && !owned->buffers[2]) ? -1 : 0;
}

int sql_columns_finish(SqlColumn *columns, uint32_t count, int64_t rows, struct ArrowArray *out) {
  Owned *owned = calloc(1, sizeof *owned);
  if (!owned) return -1;
  *out = (struct ArrowArray){.length = rows, .n_buffers = 1, .buffers = owned->buffers, .release = release_array, .private_data = owned};
  owned->children = out->children = calloc(count + 1, sizeof *out->children);
  bool good = out->children != NULL;
  for (uint32_t i = 0; i < count && good; i++) {
    out->children[i] = calloc(1, sizeof *out->children[i]);
    good = out->children[i] != NULL;
    out->n_children += good;
    if (good) good = finish_column(&columns[i], out->children[i]) == 0;
  }
  if (good) return 0;
  release_array(out);
  return -1;
}
