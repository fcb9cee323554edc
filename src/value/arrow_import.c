/* arrow_import.c - Arrow arrays as batches. What our columns hold as Arrow does is copied whole; widening and moments
 * go by loops over plain buffers; nested values, decimals, dictionaries and views go value by value through a column
 * builder.
 */
#include "value/arrow_format.h"

#include "value/encoded.h"

/* A column on its way. */
typedef struct Import {
  ArrowField field;
  const struct ArrowArray *array;
  int64_t first;          /* number of the first row in the array's buffers: offsets are added */
  int64_t row;            /* the same as arrow_read counts */
  uint32_t rows;
  const uint8_t *valid;   /* the bitmap; NULL: no NULLs */
  bool absent;
  ColumnBuilder *builder; /* holds the values already; NULL: they are copied from the buffers */
} Import;

static const char *name_of(const Import *in) { return in->field.type->name ? in->field.type->name : ""; }

/* Errors in values get the column and the row before their message. */
static DcCode fail_row(const Import *in, uint64_t base, uint32_t row, const DcError *why, DcError *err) {
  dc_fail(err, "column \"%s\", row %llu: %s", name_of(in), (unsigned long long)(origin_offset(base) + row + 1),
          why->message);
  if (why->hint[0]) dc_hint(err, "%s", why->hint);
  return err->code;
}

/* --- NULLs --- */

static bool is_valid(const Import *in, uint32_t row) {
  int64_t at = in->first + row;
  return !in->valid || (in->valid[at >> 3] >> (at & 7) & 1);
}

/* Bits first … first + n of a bitmap, from bit 0 of out on; what is behind them in the last byte is 0. */
static void copy_bits(uint8_t *out, const uint8_t *bits, int64_t first, uint32_t n) {
  if (n == 0) return;
  size_t bytes = ((size_t)n + 7) / 8;
  unsigned shift = (unsigned)(first & 7);
  const uint8_t *from = bits + (first >> 3), *last = bits + ((first + n - 1) >> 3);
  for (size_t i = 0; i < bytes; i++) {
    unsigned low = from[i], high = shift && from + i < last ? from[i + 1] : 0u;
    out[i] = (uint8_t)(low >> shift | high << (8 - shift));
  }
  if (n & 7) out[bytes - 1] &= (uint8_t)((1u << (n & 7)) - 1);
}

static bool any_null(const uint8_t *bits, int64_t first, uint32_t n) {
  int64_t at = first, end = first + n;
  for (; at < end && (at & 7); at++)
    if (!(bits[at >> 3] >> (at & 7) & 1)) return true;
  for (; at + 8 <= end; at += 8)
    if (bits[at >> 3] != 0xFF) return true;
  for (; at < end; at++)
    if (!(bits[at >> 3] >> (at & 7) & 1)) return true;
  return false;
}

static void find_nulls(Import *in) {
  const struct ArrowArray *array = in->array;
  if (array->n_buffers == 0 || array->null_count == 0 || !array->buffers[0] || in->rows == 0) return;
  if (any_null(array->buffers[0], in->first, in->rows)) in->valid = array->buffers[0];
}

/* --- What becomes of a column --- */

/* COLUMN_ABSENT: it goes by a builder. */
static ColumnKind kind_of(const Import *in) {
  if (in->field.dictionary) return COLUMN_ABSENT;
  switch (in->field.format.kind) {
    case ARROW_BOOL: return COLUMN_BOOL;
    case ARROW_INT8: case ARROW_INT16: case ARROW_INT32: case ARROW_INT64: case ARROW_UINT8:
    case ARROW_UINT16: case ARROW_UINT32: case ARROW_UINT64:
    case ARROW_DURATION: return COLUMN_INT;
    case ARROW_FLOAT64: return COLUMN_DOUBLE;
    case ARROW_STRING: case ARROW_LARGE_STRING: return COLUMN_STRING;
    case ARROW_FLOAT16: case ARROW_FLOAT32: case ARROW_DATE32: case ARROW_DATE64: case ARROW_TIME32: case ARROW_TIME64:
    case ARROW_TIMESTAMP:
      return COLUMN_FLAT;
    case ARROW_DECIMAL: return COLUMN_VALUE;
    default: return COLUMN_ABSENT;
  }
}

static const void *values_of(const Import *in) { return in->array->buffers[1]; }

/* Numbers beyond 63 bits need decimals. */
static bool has_huge(const Import *in) {
  if (in->field.format.kind != ARROW_UINT64) return false;
  int64_t all = 0;
  for (uint32_t i = 0; i < in->rows; i++) all |= arrow_i64(values_of(in), in->first + i);
  for (uint32_t i = 0; all < 0 && i < in->rows; i++)
    if (is_valid(in, i) && arrow_i64(values_of(in), in->first + i) < 0) return true;
  return false;
}

static int64_t text_offset(const Import *in, int64_t row) {
  bool wide = in->field.format.kind == ARROW_LARGE_STRING;
  return wide ? arrow_i64(values_of(in), in->first + row) : arrow_i32(values_of(in), in->first + row);
}

/* NULLs that have bytes cannot be copied with the rest: nobody expects them. */
static bool has_null_text(const Import *in) {
  for (uint32_t i = 0; in->valid && i < in->rows; i++)
    if (!is_valid(in, i) && text_offset(in, i) != text_offset(in, i + 1)) return true;
  return false;
}

static uint64_t decimals_size(const Import *in) {
  uint64_t nulls = 0;
  for (uint32_t i = 0; in->valid && i < in->rows; i++) nulls += !is_valid(in, i);
  return (in->rows - nulls) * ENCODED_DECIMAL + nulls * ENCODED_NULL;
}

static DcCode build(Import *in, uint64_t base, Arena *arena, DcError *err) {
  in->builder = arena_alloc(arena, sizeof *in->builder);
  column_builder_init(in->builder);
  Arena scratch = {0};
  DcError why = {0};
  ArenaMark mark;
  arena_raw(&scratch, 1); /* so that there is something to go back to */
  mark = arena_mark(&scratch);
  DcCode code = DC_OK;
  for (uint32_t i = 0; i < in->rows && code == DC_OK; i++) {
    Value value;
    code = arrow_read(&in->field, in->array, in->row + i, &scratch, &value, &why);
    if (code == DC_OK) column_builder_add(in->builder, value);
    if (code == DC_OK && in->builder->values.len > UINT32_MAX)
      code = dc_fail(&why, "the values of %u rows are longer than 4 GiB", i + 1);
    if (code != DC_OK) fail_row(in, base, i, &why, err);
    arena_rewind(&scratch, mark);
  }
  arena_free(&scratch);
  return code;
}

static DcCode measure(Import *in, uint64_t base, Arena *arena, ColumnSize *out, DcError *err) {
  if (in->absent) {
    *out = (ColumnSize){COLUMN_ABSENT, false, 0};
    return DC_OK;
  }
  find_nulls(in);
  ColumnKind kind = kind_of(in);
  uint64_t bytes = (uint64_t)in->rows * (kind == COLUMN_BOOL ? 1 : kind == COLUMN_FLAT ? sizeof(Value) : 8);
  if (kind == COLUMN_VALUE) bytes = decimals_size(in); /* to the byte: batches are compact */
  if (kind == COLUMN_ABSENT || (kind == COLUMN_INT && has_huge(in)) || (kind == COLUMN_STRING && has_null_text(in))) {
    DC_TRY(build(in, base, arena, err));
    kind = in->builder->kind < 0 ? COLUMN_STRING : (ColumnKind)in->builder->kind;
    bytes = in->builder->values.len;
  } else if (kind == COLUMN_STRING) {
    bytes = in->rows ? (uint64_t)(text_offset(in, in->rows) - text_offset(in, 0)) : 0;
    if (bytes > UINT32_MAX)
      return dc_fail(err, "column \"%s\": the values of %u rows are longer than 4 GiB", name_of(in), in->rows);
  }
  *out = (ColumnSize){kind, in->valid || (in->builder && in->builder->any_null), bytes};
  return DC_OK;
}

/* --- Copying --- */

/* NULLs are 0: whoever computes with a column need not look. */
static void clear_nulls(const Import *in, int64_t *out) {
  if (!in->valid) return;
  for (uint32_t i = 0; i < in->rows; i++) out[i] &= -(int64_t)is_valid(in, i);
}

static void copy_ints(const Import *in, int64_t *out) {
  int width = in->field.format.width;
  const char *from = (const char *)values_of(in) + in->first * width;
  uint32_t n = in->rows;
  switch (in->field.format.kind) {
    case ARROW_INT8: for (uint32_t i = 0; i < n; i++) out[i] = (int8_t)from[i]; break;
    case ARROW_UINT8: for (uint32_t i = 0; i < n; i++) out[i] = (uint8_t)from[i]; break;
    case ARROW_INT16:
      for (uint32_t i = 0; i < n; i++) {
        int16_t number;
        memcpy(&number, from + (size_t)i * 2, 2);
        out[i] = number;
      }
      break;
    case ARROW_UINT16:
      for (uint32_t i = 0; i < n; i++) {
        uint16_t number;
        memcpy(&number, from + (size_t)i * 2, 2);
        out[i] = number;
      }
      break;
    case ARROW_INT32: for (uint32_t i = 0; i < n; i++) out[i] = arrow_i32(from, i); break;
    case ARROW_UINT32: for (uint32_t i = 0; i < n; i++) out[i] = (uint32_t)arrow_i32(from, i); break;
    default: if (n) memcpy(out, from, (size_t)n * 8); break;
  }
  clear_nulls(in, out);
}

static void copy_bools(const Import *in, uint8_t *out) {
  const uint8_t *bits = values_of(in);
  for (uint32_t i = 0; i < in->rows; i++) {
    int64_t at = in->first + i;
    out[i] = (bits[at >> 3] >> (at & 7) & 1) & is_valid(in, i);
  }
}

static void copy_text(const Import *in, const Column *to) {
  uint32_t *offsets = (uint32_t *)(uintptr_t)to->offsets;
  int64_t start = in->rows ? text_offset(in, 0) : 0;
  offsets[0] = 0;
  if (in->field.format.kind == ARROW_STRING)
    for (uint32_t i = 1; i <= in->rows; i++) offsets[i] = (uint32_t)(arrow_i32(values_of(in), in->first + i) - start);
  else
    for (uint32_t i = 1; i <= in->rows; i++) offsets[i] = (uint32_t)(arrow_i64(values_of(in), in->first + i) - start);
  if (offsets[in->rows])
    memcpy((char *)(uintptr_t)to->values, (const char *)in->array->buffers[2] + start, offsets[in->rows]);
}

/* Timestamps in a loop of their own for each unit; gives the number of the first one that is none, rows: all are. */
static inline uint32_t copy_stamps(const Import *in, const char *from, int64_t unit, Value *out) {
  bool zoned = *in->field.format.zone;
  int offset = in->field.offset_minutes;
  for (uint32_t i = 0; i < in->rows; i++) {
    if (!is_valid(in, i)) out[i] = value_null();
    else if (!arrow_timestamp(arrow_i64(from, i), unit, zoned, offset, &out[i])) return i;
  }
  return in->rows;
}

static uint32_t copy_dates(const Import *in, const char *from, Value *out) {
  for (uint32_t i = 0; i < in->rows; i++) {
    if (!is_valid(in, i)) out[i] = value_null();
    else if (!arrow_date(arrow_i32(from, i), false, &out[i])) return i;
  }
  return in->rows;
}

static void copy_singles(const Import *in, const char *from, Value *out) {
  for (uint32_t i = 0; i < in->rows; i++) {
    float single;
    memcpy(&single, from + (size_t)i * sizeof single, sizeof single);
    out[i] = is_valid(in, i) ? value_single(single) : value_null();
  }
}

static DcCode copy_flat(const Import *in, uint64_t base, Value *out, DcError *err) {
  const char *from = (const char *)values_of(in) + in->first * in->field.format.width;
  uint32_t i = 0;
  switch (in->field.format.kind) {
    case ARROW_DATE32: i = copy_dates(in, from, out); break;
    case ARROW_FLOAT32:
      copy_singles(in, from, out);
      return DC_OK;
    case ARROW_TIMESTAMP:
      switch (in->field.format.unit) {
        case 's': i = copy_stamps(in, from, 1, out); break;
        case 'm': i = copy_stamps(in, from, 1000, out); break;
        case 'u': i = copy_stamps(in, from, 1000000, out); break;
        default: i = copy_stamps(in, from, 1000000000, out); break;
      }
      break;
    default: break;
  }
  DcError why = {0}; /* the rest, or the message for the one that is none */
  for (; i < in->rows; i++)
    if (arrow_read(&in->field, in->array, in->row + i, NULL, &out[i], &why) != DC_OK)
      return fail_row(in, base, i, &why, err);
  return DC_OK;
}

static DcCode copy_decimals(const Import *in, uint64_t base, const Column *to, DcError *err) {
  uint32_t *offsets = (uint32_t *)(uintptr_t)to->offsets;
  char *start = (char *)(uintptr_t)to->values, *out = start;
  const char *from = (const char *)values_of(in) + in->first * in->field.format.width;
  for (uint32_t i = 0; i < in->rows; i++, from += in->field.format.width) {
    Decimal decimal;
    offsets[i] = (uint32_t)(out - start);
    if (!is_valid(in, i)) {
      out += encode_null(out);
    } else if (arrow_decimal(in->field.format, from, &decimal)) {
      out += encode_decimal(out, decimal);
    } else {
      DcError why = {0};
      arrow_fail_decimal(&why);
      return fail_row(in, base, i, &why, err);
    }
  }
  offsets[in->rows] = (uint32_t)(out - start);
  return DC_OK;
}

static void copy_built(const Import *in, const Column *to) {
  Arena scratch = {0};
  Column from = column_builder_view(in->builder, &scratch);
  size_t rows = in->rows;
  if (to->validity) memcpy((char *)(uintptr_t)to->validity, from.validity, (rows + 7) / 8);
  if (to->offsets) memcpy((char *)(uintptr_t)to->offsets, from.offsets, (rows + 1) * sizeof *from.offsets);
  if (in->builder->values.len) memcpy((char *)(uintptr_t)to->values, from.values, in->builder->values.len);
  arena_free(&scratch);
}

static DcCode copy_column(const Import *in, uint64_t base, const Column *to, DcError *err) {
  if (in->absent) return DC_OK;
  if (in->builder) {
    copy_built(in, to);
    return DC_OK;
  }
  if (to->validity) copy_bits((uint8_t *)(uintptr_t)to->validity, in->valid, in->first, in->rows);
  void *values = (void *)(uintptr_t)to->values;
  switch (to->kind) {
    case COLUMN_BOOL: copy_bools(in, values); break;
    case COLUMN_INT: case COLUMN_DOUBLE: copy_ints(in, values); break;
    case COLUMN_STRING: copy_text(in, to); break;
    case COLUMN_FLAT: return copy_flat(in, base, values, err);
    case COLUMN_VALUE: return copy_decimals(in, base, to, err);
    case COLUMN_ABSENT: break;
  }
  return DC_OK;
}

/* --- The batch --- */

static DcCode import_all(Budget *budget, Import *columns, uint32_t count, uint32_t rows, uint64_t base, Arena *arena,
                         Batch **out, DcError *err) {
  ColumnSize *sizes = arena_alloc(arena, (count + (size_t)1) * sizeof *sizes);
  for (uint32_t i = 0; i < count; i++) DC_TRY(measure(&columns[i], base, arena, &sizes[i], err));
  Batch *batch;
  DC_TRY(batch_of_sizes(budget, sizes, count, rows, base, &batch, err));
  DcCode code = DC_OK;
  for (uint32_t i = 0; i < count && code == DC_OK; i++) code = copy_column(&columns[i], base, &batch->columns[i], err);
  if (code == DC_OK) *out = batch;
  else batch_unref(batch);
  return code;
}

static DcCode open_columns(const struct ArrowSchema *type, const struct ArrowArray *array, const int *fields,
                           uint32_t count, Import *columns, Arena *arena, DcError *err) {
  int64_t end;
  if (arrow_format(type).kind != ARROW_STRUCT || array->n_children != type->n_children ||
      (array->n_children && !array->children))
    return dc_fail(err, "broken data: the columns of a batch are not those of its type");
  if (array->length < 0 || array->offset < 0 || array->length > UINT32_MAX ||
      __builtin_add_overflow(array->offset, array->length, &end))
    return dc_fail(err, "broken data: a batch of %lld rows", (long long)array->length);
  if (array->n_buffers > 0 && array->buffers && array->buffers[0] && array->null_count &&
      any_null(array->buffers[0], array->offset, (uint32_t)array->length))
    return dc_fail(err, "broken data: a batch with rows that are NULL");
  for (uint32_t i = 0; i < count; i++) {
    Import *in = &columns[i];
    in->rows = (uint32_t)array->length;
    in->absent = fields[i] < 0;
    if (in->absent) continue;
    in->array = fields[i] < array->n_children ? array->children[fields[i]] : NULL;
    if (!in->array) return dc_fail(err, "broken data: column %d is missing", fields[i] + 1);
    DC_TRY(arrow_field(arena, type->children[fields[i]], &in->field, err));
    DC_TRY(arrow_check(&in->field, in->array, array->offset, in->rows, err));
    in->row = array->offset;
    in->first = array->offset + in->array->offset;
  }
  return DC_OK;
}

DcCode arrow_import(Budget *budget, const struct ArrowSchema *type, const struct ArrowArray *array, const int *fields,
                    uint32_t count, uint64_t origin_base, Batch **out, DcError *err) {
  Arena arena = {0};
  Import *columns = arena_alloc(&arena, (count + (size_t)1) * sizeof *columns);
  DcCode code = open_columns(type, array, fields, count, columns, &arena, err);
  if (code == DC_OK) code = import_all(budget, columns, count, (uint32_t)array->length, origin_base, &arena, out, err);
  for (uint32_t i = 0; i < count; i++)
    if (columns[i].builder) column_builder_free(columns[i].builder);
  arena_free(&arena);
  return code;
}
