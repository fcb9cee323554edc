/* batch.c - making, taking, joining and packing batches. A compact batch is one block whose parts lie in a fixed order,
 * so that a spilled one is its header and the block's bytes. */
#include "value/batch.h"

#include <stdlib.h>

Batch *batch_ref(Batch *batch) {
  atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
  return batch;
}

void batch_unref(Batch *batch) {
  if (!batch || atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) != 1) return;
  slab_unref(batch->slab);
  dc_free(batch);
}

Batch *batch_new(BatchLayout layout, uint32_t rows, Slab *slab, uint32_t column_count, bool key) {
  Batch *batch = dc_alloc(sizeof *batch + (column_count + key) * sizeof(Column));
  atomic_init(&batch->refs, 1);
  batch->layout = layout;
  batch->rows = rows;
  batch->slab = slab;
  batch->columns = (Column *)(batch + 1);
  batch->column_count = column_count;
  batch->key = key ? batch->columns + column_count : NULL;
  return batch;
}

static uint64_t column_bytes(const Column *column, uint32_t from, uint32_t to) {
  switch (column->kind) {
    case COLUMN_BOOL: return to - from;
    case COLUMN_INT:
    case COLUMN_DOUBLE: return (uint64_t)(to - from) * 8;
    case COLUMN_FLAT: return (uint64_t)(to - from) * sizeof(Value);
    case COLUMN_STRING:
    case COLUMN_VALUE: return column->offsets[to] - column->offsets[from];
    case COLUMN_ABSENT: return 0;
  }
  return 0;
}

uint64_t batch_bytes(const Batch *batch, uint32_t from, uint32_t to) {
  if (from >= to) return 0;
  if (batch->layout == BATCH_TEXT) return batch->offsets[to] - batch->offsets[from];
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < batch->column_count; i++) bytes += column_bytes(&batch->columns[i], from, to);
  return bytes;
}

/* --- Compact batches --- */

/* Bytes of a value in columns without offsets. */
static size_t kind_width(ColumnKind kind) {
  switch (kind) {
    case COLUMN_BOOL: return 1;
    case COLUMN_FLAT: return sizeof(Value);
    case COLUMN_ABSENT: return 0;
    default: return 8;
  }
}

static bool has_offsets(ColumnKind kind) { return kind == COLUMN_STRING || kind == COLUMN_VALUE; }

/* A kind that holds the values of both. */
static ColumnKind common_kind(ColumnKind a, ColumnKind b) {
  if (a == b) return a;
  return has_offsets(a) || has_offsets(b) ? COLUMN_VALUE : COLUMN_FLAT;
}

typedef struct ColumnShape {
  uint32_t kind, validity;
  uint64_t bytes; /* of values */
} ColumnShape;

typedef struct Shape {
  uint32_t layout, rows, flags, column_count, key, origins;
  uint64_t text_bytes, origin_base;
  const struct TextFormat *format;
  ColumnShape columns[]; /* the key last */
} Shape;

static size_t shape_size(uint32_t columns, bool key) { return sizeof(Shape) + (columns + key) * sizeof(ColumnShape); }
static size_t align8(size_t n) { return (n + 7) & ~(size_t)7; }

typedef struct Cursor {
  char *base;
  size_t at;
} Cursor;

static void *cut(Cursor *cursor, size_t bytes) {
  void *part = cursor->base ? cursor->base + cursor->at : NULL;
  cursor->at += align8(bytes);
  return part;
}

/* Lays the parts out at base; with batch == NULL it only measures. Returns the payload's size. */
static size_t map_shape(const Shape *shape, char *base, Batch *batch) {
  Cursor cursor = {base, 0};
  size_t rows = shape->rows;
  void *origins = shape->origins ? cut(&cursor, rows * 8) : NULL;
  void *offsets = shape->layout == BATCH_TEXT ? cut(&cursor, (rows + 1) * 4) : NULL;
  for (uint32_t i = 0; i < shape->column_count + shape->key; i++) {
    const ColumnShape *column = &shape->columns[i];
    bool variable = has_offsets((ColumnKind)column->kind);
    void *validity = column->validity ? cut(&cursor, (rows + 7) / 8) : NULL;
    void *ends = variable ? cut(&cursor, (rows + 1) * 4) : NULL;
    void *values = cut(&cursor, column->bytes);
    if (batch) batch->columns[i] = (Column){(ColumnKind)column->kind, validity, ends, values};
  }
  void *text = shape->layout == BATCH_TEXT ? cut(&cursor, shape->text_bytes) : NULL;
  if (batch) {
    batch->origins = origins;
    batch->offsets = offsets;
    batch->text = text;
  }
  return cursor.at;
}

static Batch *shape_batch(const Shape *shape, Slab *slab) {
  Batch *batch = batch_new((BatchLayout)shape->layout, shape->rows, slab, shape->column_count, shape->key);
  batch->flags = shape->flags;
  batch->format = shape->format;
  batch->origin_base = shape->origin_base;
  map_shape(shape, slab->data, batch);
  return batch;
}

static DcCode shape_new(Budget *budget, const Shape *shape, Batch **out, DcError *err) {
  Slab *slab;
  DC_TRY(slab_new(budget, map_shape(shape, NULL, NULL), "a batch of rows", &slab, err));
  *out = shape_batch(shape, slab);
  return DC_OK;
}

static void set_valid(uint8_t *bits, size_t row, bool valid) {
  if (valid) bits[row >> 3] |= (uint8_t)(1u << (row & 7));
}

DcCode batch_of_sizes(Budget *budget, const ColumnSize *sizes, uint32_t count, uint32_t rows, uint64_t origin_base, Batch **out, DcError *err) {
  Shape *shape = dc_alloc(shape_size(count, false));
  *shape = (Shape){.layout = BATCH_COLUMNS, .rows = rows, .column_count = count, .origin_base = origin_base};
  for (uint32_t i = 0; i < count; i++) shape->columns[i] = (ColumnShape){sizes[i].kind, sizes[i].validity, sizes[i].bytes};
  DcCode code = shape_new(budget, shape, out, err);
  dc_free(shape);
  return code;
}

/* --- Taking rows of one batch --- */

static void shape_column(ColumnShape *shape, const Column *column, const uint32_t *rows, uint32_t n) {
  shape->kind = column->kind;
  shape->validity = column->validity != NULL;
  if (has_offsets(column->kind)) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < n; i++) bytes += column->offsets[rows[i] + 1] - column->offsets[rows[i]];
    shape->bytes = bytes;
  } else {
    shape->bytes = n * kind_width(column->kind);
  }
}

static void take_validity(const Column *to, const Column *from, const uint32_t *rows, uint32_t n) {
  if (!to->validity) return;
  uint8_t *bits = (uint8_t *)(uintptr_t)to->validity;
  memset(bits, 0, (n + 7) / 8);
  for (uint32_t i = 0; i < n; i++) set_valid(bits, i, column_valid(from, rows[i]));
}

static void take_column(const Column *to, const Column *from, const uint32_t *rows, uint32_t n) {
  take_validity(to, from, rows, n);
  char *out = (char *)(uintptr_t)to->values;
  const char *in = from->values;
  if (has_offsets(to->kind)) {
    uint32_t *ends = (uint32_t *)(uintptr_t)to->offsets, at = 0;
    for (uint32_t i = 0; i < n; i++) {
      uint32_t start = from->offsets[rows[i]], len = from->offsets[rows[i] + 1] - start;
      ends[i] = at;
      memcpy(out + at, in + start, len);
      at += len;
    }
    ends[n] = at;
  } else if (to->kind == COLUMN_BOOL) {
    for (uint32_t i = 0; i < n; i++) out[i] = in[rows[i]];
  } else if (to->kind == COLUMN_FLAT) {
    for (uint32_t i = 0; i < n; i++) memcpy(out + i * sizeof(Value), in + rows[i] * sizeof(Value), sizeof(Value));
  } else if (to->kind != COLUMN_ABSENT) {
    for (uint32_t i = 0; i < n; i++) memcpy(out + (size_t)i * 8, in + (size_t)rows[i] * 8, 8);
  }
}

/* Copies len bytes in steps of 32; up to 31 bytes behind both are touched (blocks have 64 spare ones). */
static inline void copy_over(char *to, const char *from, size_t len) {
  typedef char Chunk __attribute__((vector_size(32), aligned(1)));
  for (size_t i = 0; i < len; i += 32) *(Chunk *)(to + i) = *(const Chunk *)(from + i);
}

/* Rows are fetched ahead: a block's rows lie in the outer cache by the time they are taken. */
static void take_text(const Batch *to, const Batch *from, const uint32_t *rows, uint32_t n) {
  uint32_t *offsets = (uint32_t *)(uintptr_t)to->offsets, at = 0;
  char *out = (char *)(uintptr_t)to->text;
  for (uint32_t i = 0; i < n; i++) {
    if (i + 8 < n) {
      const char *ahead = from->text + from->offsets[rows[i + 8]];
      __builtin_prefetch(ahead);
      __builtin_prefetch(ahead + 64);
    }
    uint32_t start = from->offsets[rows[i]], len = from->offsets[rows[i] + 1] - start;
    offsets[i] = at;
    copy_over(out + at, from->text + start, len);
    at += len;
  }
  offsets[n] = at;
}

static Shape *shape_alloc(const Batch *like, uint32_t rows, bool key, bool origins) {
  Shape *shape = dc_alloc(shape_size(like->column_count, key));
  shape->layout = like->layout;
  shape->rows = rows;
  shape->flags = like->flags;
  shape->column_count = like->column_count;
  shape->key = key;
  shape->origins = origins;
  shape->format = like->format;
  return shape;
}

static const Column *column_of(const Batch *batch, uint32_t index) {
  return index < batch->column_count ? &batch->columns[index] : batch->key;
}

DcCode batch_take(Budget *budget, const Batch *batch, const uint32_t *rows, const Column *key, const uint32_t *key_rows, uint32_t n,
                  int what, Batch **out, DcError *err) {
  if (!key) {
    key = batch->key;
    key_rows = rows;
  }
  bool keyed = key && (what & GATHER_KEY);
  Shape *shape = shape_alloc(batch, n, keyed, (what & GATHER_ORIGINS) != 0);
  uint32_t columns = batch->column_count;
  if (batch->layout == BATCH_TEXT)
    for (uint32_t i = 0; i < n; i++) shape->text_bytes += batch->offsets[rows[i] + 1] - batch->offsets[rows[i]];
  for (uint32_t c = 0; c < columns; c++) shape_column(&shape->columns[c], &batch->columns[c], rows, n);
  if (keyed) shape_column(&shape->columns[columns], key, key_rows, n);
  DcCode code = shape_new(budget, shape, out, err);
  if (code == DC_OK) {
    Batch *made = *out;
    if (batch->layout == BATCH_TEXT) take_text(made, batch, rows, n);
    for (uint32_t c = 0; c < columns; c++) take_column(&made->columns[c], &batch->columns[c], rows, n);
    if (keyed) take_column(made->key, key, key_rows, n);
    uint64_t *origins = (uint64_t *)(uintptr_t)made->origins;
    for (uint32_t i = 0; origins && i < n; i++) origins[i] = batch_origin(batch, rows[i]);
  }
  dc_free(shape);
  return code;
}

/* --- Joining slices --- */

bool batch_alike(const Batch *a, const Batch *b) {
  return a->layout == b->layout && a->format == b->format && a->column_count == b->column_count && !a->key == !b->key;
}

/* The common kind of a column over all slices. */
static void shape_joined(ColumnShape *shape, const BatchSlice *slices, size_t count, uint32_t index) {
  shape->kind = column_of(slices[0].batch, index)->kind;
  for (size_t i = 0; i < count; i++) {
    const Column *column = column_of(slices[i].batch, index);
    shape->kind = common_kind((ColumnKind)shape->kind, column->kind);
    if (column->validity) shape->validity = 1;
  }
  Buf scratch = {0};
  Arena arena = {0};
  for (size_t i = 0; i < count; i++) {
    const Column *column = column_of(slices[i].batch, index);
    if (shape->kind == COLUMN_FLAT) {
      shape->bytes += (slices[i].to - slices[i].from) * sizeof(Value);
    } else if (column->kind == (ColumnKind)shape->kind) {
      shape->bytes += column_bytes(column, slices[i].from, slices[i].to);
    } else {
      for (uint32_t row = slices[i].from; row < slices[i].to; row++) {
        scratch.len = 0;
        value_encode(&scratch, column_value(column, row, &arena));
        shape->bytes += scratch.len;
      }
      arena_reset(&arena);
    }
  }
  buf_free(&scratch);
  arena_free(&arena);
}

/* Appends a slice's values to a joined column of another kind: row by row, encoded. */
static uint32_t join_encoded(const Column *to, uint32_t row_at, uint32_t at, const Column *from, BatchSlice slice) {
  uint32_t *ends = (uint32_t *)(uintptr_t)to->offsets;
  char *out = (char *)(uintptr_t)to->values;
  Buf scratch = {0};
  Arena arena = {0};
  for (uint32_t row = slice.from; row < slice.to; row++) {
    scratch.len = 0;
    value_encode(&scratch, column_value(from, row, &arena));
    memcpy(out + at, scratch.data, scratch.len);
    ends[row_at++] = at;
    at += (uint32_t)scratch.len;
    arena_reset(&arena);
  }
  buf_free(&scratch);
  arena_free(&arena);
  return at;
}

/* A value that points to nothing, as it is. */
static void put_flat(char *values, uint32_t at, const Column *from, uint32_t row) {
  Value value = column_value(from, row, NULL);
  memcpy(values + at * sizeof value, &value, sizeof value);
}

static void join_column(const Column *to, const BatchSlice *slices, size_t count, uint32_t index, uint32_t rows) {
  uint8_t *bits = (uint8_t *)(uintptr_t)to->validity;
  if (bits) memset(bits, 0, (rows + 7) / 8);
  uint32_t *ends = (uint32_t *)(uintptr_t)to->offsets;
  char *out = (char *)(uintptr_t)to->values;
  uint32_t row_at = 0, at = 0;
  for (size_t i = 0; i < count; i++) {
    const Column *from = column_of(slices[i].batch, index);
    uint32_t first = slices[i].from, n = slices[i].to - first;
    for (uint32_t k = 0; bits && k < n; k++) set_valid(bits, row_at + k, column_valid(from, first + k));
    if (from->kind != to->kind && to->kind == COLUMN_FLAT) {
      for (uint32_t k = 0; k < n; k++) put_flat(out, row_at + k, from, first + k);
    } else if (from->kind != to->kind) {
      at = join_encoded(to, row_at, at, from, slices[i]);
    } else if (ends) {
      uint32_t start = from->offsets[first], len = from->offsets[first + n] - start;
      for (uint32_t k = 0; k < n; k++) ends[row_at + k] = at + from->offsets[first + k] - start;
      memcpy(out + at, (const char *)from->values + start, len);
      at += len;
    } else {
      size_t width = kind_width(to->kind);
      if (width) memcpy(out + row_at * width, (const char *)from->values + first * width, n * width);
    }
    row_at += n;
  }
  if (ends) ends[rows] = at;
}

static void join_text(const Batch *to, const BatchSlice *slices, size_t count) {
  uint32_t *offsets = (uint32_t *)(uintptr_t)to->offsets, row_at = 0, at = 0;
  char *out = (char *)(uintptr_t)to->text;
  for (size_t i = 0; i < count; i++) {
    const Batch *from = slices[i].batch;
    uint32_t start = from->offsets[slices[i].from], len = from->offsets[slices[i].to] - start;
    for (uint32_t row = slices[i].from; row < slices[i].to; row++) offsets[row_at++] = at + from->offsets[row] - start;
    memcpy(out + at, from->text + start, len);
    at += len;
  }
  offsets[row_at] = at;
}

static void join_origins(const Batch *to, const BatchSlice *slices, size_t count) {
  uint64_t *origins = (uint64_t *)(uintptr_t)to->origins;
  for (size_t i = 0; i < count; i++)
    for (uint32_t row = slices[i].from; row < slices[i].to; row++) *origins++ = batch_origin(slices[i].batch, row);
}

DcCode batch_concat(Budget *budget, const BatchSlice *slices, size_t count, int what, Batch **out, DcError *err) {
  uint32_t rows = 0;
  for (size_t i = 0; i < count; i++) rows += slices[i].to - slices[i].from;
  const Batch *first = slices[0].batch;
  Shape *shape = shape_alloc(first, rows, first->key && (what & GATHER_KEY), (what & GATHER_ORIGINS) != 0);
  shape->flags = 0;
  for (size_t i = 0; i < count; i++) {
    shape->flags |= slices[i].batch->flags;
    if (shape->layout == BATCH_TEXT) shape->text_bytes += batch_bytes(slices[i].batch, slices[i].from, slices[i].to);
  }
  for (uint32_t c = 0; c < shape->column_count + shape->key; c++) shape_joined(&shape->columns[c], slices, count, c);
  DcCode code = shape_new(budget, shape, out, err);
  if (code == DC_OK) {
    if (shape->layout == BATCH_TEXT) join_text(*out, slices, count);
    if (shape->origins) join_origins(*out, slices, count);
    for (uint32_t c = 0; c < shape->column_count + shape->key; c++) join_column(&(*out)->columns[c], slices, count, c, rows);
  }
  dc_free(shape);
  return code;
}

/* --- Picking rows of several --- */

static uint32_t cell_bytes(const Column *column, uint32_t row) { return column->offsets[row + 1] - column->offsets[row]; }

/* The common kind of a column over all picks. */
static void shape_picked(ColumnShape *shape, Batch *const *batches, const BatchPick *picks, uint32_t n, uint32_t index) {
  shape->kind = column_of(batches[picks[0].batch], index)->kind;
  for (uint32_t i = 0; i < n; i++) {
    const Column *column = column_of(batches[picks[i].batch], index);
    shape->kind = common_kind((ColumnKind)shape->kind, column->kind);
    if (column->validity) shape->validity = 1;
  }
  if (!has_offsets((ColumnKind)shape->kind)) {
    shape->bytes = n * kind_width((ColumnKind)shape->kind);
    return;
  }
  Buf scratch = {0};
  Arena arena = {0};
  for (uint32_t i = 0; i < n; i++) {
    const Column *column = column_of(batches[picks[i].batch], index);
    if (column->kind == (ColumnKind)shape->kind) {
      shape->bytes += cell_bytes(column, picks[i].row);
      continue;
    }
    scratch.len = 0;
    value_encode(&scratch, column_value(column, picks[i].row, &arena));
    shape->bytes += scratch.len;
    arena_reset(&arena);
  }
  buf_free(&scratch);
  arena_free(&arena);
}

static void pick_column(const Column *to, Batch *const *batches, const BatchPick *picks, uint32_t n, uint32_t index) {
  uint8_t *bits = (uint8_t *)(uintptr_t)to->validity;
  uint32_t *ends = (uint32_t *)(uintptr_t)to->offsets, at = 0;
  char *out = (char *)(uintptr_t)to->values;
  size_t width = kind_width(to->kind);
  Buf scratch = {0};
  Arena arena = {0};
  if (bits) memset(bits, 0, (n + 7) / 8);
  for (uint32_t i = 0; i < n; i++) {
    const Column *from = column_of(batches[picks[i].batch], index);
    uint32_t row = picks[i].row;
    if (bits) set_valid(bits, i, column_valid(from, row));
    if (!ends) {
      if (from->kind != to->kind) put_flat(out, i, from, row);
      else if (width) memcpy(out + i * width, (const char *)from->values + row * width, width);
      continue;
    }
    const char *data = (const char *)from->values;
    uint32_t len;
    if (from->kind == to->kind) {
      data += from->offsets[row];
      len = cell_bytes(from, row);
    } else {
      scratch.len = 0;
      value_encode(&scratch, column_value(from, row, &arena));
      data = scratch.data;
      len = (uint32_t)scratch.len;
      arena_reset(&arena);
    }
    ends[i] = at;
    if (len) memcpy(out + at, data, len);
    at += len;
  }
  if (ends) ends[n] = at;
  buf_free(&scratch);
  arena_free(&arena);
}

static void pick_text(const Batch *to, Batch *const *batches, const BatchPick *picks, uint32_t n) {
  uint32_t *offsets = (uint32_t *)(uintptr_t)to->offsets, at = 0;
  char *out = (char *)(uintptr_t)to->text;
  for (uint32_t i = 0; i < n; i++) {
    if (i + 8 < n) {
      const Batch *ahead = batches[picks[i + 8].batch];
      __builtin_prefetch(ahead->text + ahead->offsets[picks[i + 8].row]);
    }
    const Batch *from = batches[picks[i].batch];
    uint32_t start = from->offsets[picks[i].row], len = from->offsets[picks[i].row + 1] - start;
    offsets[i] = at;
    copy_over(out + at, from->text + start, len);
    at += len;
  }
  offsets[n] = at;
}

DcCode batch_pick(Budget *budget, Batch *const *batches, const BatchPick *picks, uint32_t n, int what, Batch **out, DcError *err) {
  const Batch *first = batches[picks[0].batch];
  Shape *shape = shape_alloc(first, n, first->key && (what & GATHER_KEY), (what & GATHER_ORIGINS) != 0);
  shape->flags = 0;
  for (uint32_t i = 0; i < n; i++) {
    const Batch *batch = batches[picks[i].batch];
    shape->flags |= batch->flags;
    if (shape->layout == BATCH_TEXT) shape->text_bytes += batch->offsets[picks[i].row + 1] - batch->offsets[picks[i].row];
  }
  bool fits = shape->text_bytes <= UINT32_MAX;
  for (uint32_t c = 0; c < shape->column_count + shape->key; c++) {
    shape_picked(&shape->columns[c], batches, picks, n, c);
    fits = fits && shape->columns[c].bytes <= UINT32_MAX;
  }
  DcCode code = fits ? shape_new(budget, shape, out, err) : dc_fail(err, "%u rows that follow each other are longer than 4 GiB", n);
  if (code == DC_OK) {
    uint64_t *origins = (uint64_t *)(uintptr_t)(*out)->origins;
    if (shape->layout == BATCH_TEXT) pick_text(*out, batches, picks, n);
    for (uint32_t i = 0; origins && i < n; i++) origins[i] = batch_origin(batches[picks[i].batch], picks[i].row);
    for (uint32_t c = 0; c < shape->column_count + shape->key; c++) pick_column(&(*out)->columns[c], batches, picks, n, c);
  }
  dc_free(shape);
  return code;
}

/* --- Packing --- */

static Shape *shape_of(const Batch *batch) {
  Shape *shape = dc_alloc(shape_size(batch->column_count, batch->key != NULL));
  shape->layout = batch->layout;
  shape->rows = batch->rows;
  shape->flags = batch->flags;
  shape->column_count = batch->column_count;
  shape->key = batch->key != NULL;
  shape->origins = batch->origins != NULL;
  shape->text_bytes = batch->layout == BATCH_TEXT ? batch->offsets[batch->rows] : 0;
  shape->origin_base = batch->origin_base;
  shape->format = batch->format;
  for (uint32_t i = 0; i < shape->column_count + shape->key; i++) {
    const Column *column = column_of(batch, i);
    bool variable = has_offsets((ColumnKind)column->kind);
    uint64_t bytes = variable ? column->offsets[batch->rows] : column_bytes(column, 0, batch->rows);
    shape->columns[i] = (ColumnShape){column->kind, column->validity != NULL, bytes};
  }
  return shape;
}

void batch_pack(Buf *header, const Batch *compact) {
  Shape *shape = shape_of(compact);
  buf_put(header, shape, shape_size(shape->column_count, shape->key));
  dc_free(shape);
}

size_t batch_payload(const Batch *compact) {
  Shape *shape = shape_of(compact);
  size_t size = map_shape(shape, NULL, NULL);
  dc_free(shape);
  return size;
}

size_t packed_payload(const char *header) { return map_shape((const Shape *)(const void *)header, NULL, NULL); }
Batch *batch_unpack(const char *header, Slab *payload) { return shape_batch((const Shape *)(const void *)header, payload); }

/* --- From builders --- */

static void shape_builder(ColumnShape *shape, const ColumnBuilder *builder) {
  shape->kind = builder->kind < 0 ? COLUMN_STRING : (uint32_t)builder->kind;
  shape->validity = builder->any_null;
  shape->bytes = builder->values.len;
}

static void fill_builder(const Column *to, const ColumnBuilder *builder) {
  size_t rows = builder->rows;
  if (to->validity) {
    uint8_t *bits = (uint8_t *)(uintptr_t)to->validity;
    memset(bits, 0, (rows + 7) / 8);
    for (size_t i = 0; i < rows; i++) set_valid(bits, i, builder->valid.data[i]);
  }
  if (to->offsets) {
    uint32_t *ends = (uint32_t *)(uintptr_t)to->offsets;
    ends[0] = 0;
    if (builder->kind < 0) memset(ends, 0, (rows + 1) * 4);
    else if (rows) memcpy(ends + 1, builder->offsets.data, rows * 4);
  }
  if (builder->values.len) memcpy((char *)(uintptr_t)to->values, builder->values.data, builder->values.len);
}

Column column_builder_view(const ColumnBuilder *builder, Arena *scratch) {
  Column column = {builder->kind < 0 ? COLUMN_STRING : (ColumnKind)builder->kind, NULL, NULL, builder->values.data};
  if (builder->any_null) {
    uint8_t *bits = arena_alloc(scratch, (builder->rows + 7) / 8 + 1);
    for (size_t i = 0; i < builder->rows; i++) set_valid(bits, i, builder->valid.data[i]);
    column.validity = bits;
  }
  if (has_offsets(column.kind)) {
    uint32_t *ends = arena_alloc(scratch, (builder->rows + 1) * sizeof *ends);
    if (builder->kind >= 0 && builder->rows) memcpy(ends + 1, builder->offsets.data, builder->rows * 4);
    column.offsets = ends;
  }
  return column;
}

DcCode batch_from_builders(Budget *budget, const ColumnBuilder *builders, size_t count, const ColumnBuilder *key,
                           const uint64_t *origins, uint64_t origin_base, size_t rows, Batch **out, DcError *err) {
  Shape *shape = dc_alloc(shape_size((uint32_t)count, key != NULL));
  *shape = (Shape){.layout = BATCH_COLUMNS, .rows = (uint32_t)rows, .column_count = (uint32_t)count,
                   .key = key != NULL, .origins = origins != NULL, .origin_base = origin_base};
  for (size_t i = 0; i < count; i++) shape_builder(&shape->columns[i], &builders[i]);
  if (key) shape_builder(&shape->columns[count], key);
  DcCode code = shape_new(budget, shape, out, err);
  if (code == DC_OK) {
    for (size_t i = 0; i < count; i++) fill_builder(&(*out)->columns[i], &builders[i]);
    if (key) fill_builder(&(*out)->columns[count], key);
    if (origins && rows) memcpy((char *)(uintptr_t)(*out)->origins, origins, rows * 8);
  }
  dc_free(shape);
  return code;
}
