/* column.c - column builders, and single values of columns. */
#include <assert.h>
#include <stdlib.h>

#include "value/batch.h"
#include "value/spelling.h"

void column_builder_init(ColumnBuilder *builder) {
  memset(builder, 0, sizeof *builder);
  builder->kind = -1;
}

void column_builder_reset(ColumnBuilder *builder) {
  builder->kind = -1;
  builder->rows = 0;
  builder->any_null = false;
  builder->valid.len = builder->offsets.len = builder->values.len = 0;
}

void column_builder_free(ColumnBuilder *builder) {
  buf_free(&builder->valid);
  buf_free(&builder->offsets);
  buf_free(&builder->values);
}

static int kind_of(Value value) {
  if (value.flags & VALUE_DEFAULT_KEY) return COLUMN_FLAT; /* keeps all of it */
  switch ((Type)value.type) {
    case TYPE_BOOL: return COLUMN_BOOL;
    case TYPE_INT: return COLUMN_INT;
    case TYPE_DOUBLE: return is_spelled(value) || (value.flags & VALUE_SINGLE) ? COLUMN_FLAT : COLUMN_DOUBLE;
    case TYPE_STRING: return value.flags & VALUE_NUMBER ? COLUMN_VALUE : COLUMN_STRING;
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP: return COLUMN_FLAT;
    default: return COLUMN_VALUE;
  }
}

static void end_row(ColumnBuilder *builder) {
  uint32_t end = (uint32_t)builder->values.len;
  buf_put(&builder->offsets, &end, sizeof end);
}

static void put_null(ColumnBuilder *builder) {
  int64_t zero = 0;
  switch (builder->kind) {
    case COLUMN_BOOL: buf_put(&builder->values, &zero, 1); break;
    case COLUMN_INT:
    case COLUMN_DOUBLE: buf_put(&builder->values, &zero, 8); break;
    case COLUMN_STRING: end_row(builder); break;
    case COLUMN_FLAT: buf_put(&builder->values, &(Value){0}, sizeof(Value)); break;
    case COLUMN_VALUE:
      value_encode(&builder->values, value_null());
      end_row(builder);
      break;
    default: break; /* only NULLs so far */
  }
}

static void put_value(ColumnBuilder *builder, Value value) {
  uint8_t byte;
  switch ((ColumnKind)builder->kind) {
    case COLUMN_BOOL:
      byte = value.as.b;
      buf_put(&builder->values, &byte, 1);
      break;
    case COLUMN_INT: buf_put(&builder->values, &value.as.i, 8); break;
    case COLUMN_DOUBLE: buf_put(&builder->values, &value.as.d, 8); break;
    case COLUMN_STRING:
      buf_put(&builder->values, value.as.s, value.len);
      end_row(builder);
      break;
    case COLUMN_FLAT: buf_put(&builder->values, &value, sizeof value); break;
    case COLUMN_VALUE:
      value_encode(&builder->values, value);
      end_row(builder);
      break;
    case COLUMN_ABSENT: break; /* no builder is that */
  }
}

/* A typed builder met another type: all its values are put anew. */
static void widen(ColumnBuilder *builder, ColumnKind kind) {
  ColumnBuilder old = *builder;
  Column column = {(ColumnKind)old.kind, NULL, NULL, old.values.data};
  column_builder_init(builder);
  builder->kind = (int)kind;
  builder->rows = old.rows;
  builder->any_null = old.any_null;
  builder->valid = old.valid;
  uint32_t start = 0;
  const uint32_t *ends = (const uint32_t *)(const void *)old.offsets.data;
  for (size_t i = 0; i < old.rows; i++) {
    Value value = value_null();
    if (old.valid.data[i] && old.kind == COLUMN_STRING) value = value_str(str_make(old.values.data + start, ends[i] - start));
    else if (old.valid.data[i]) value = column_value(&column, (uint32_t)i, NULL);
    if (old.kind == COLUMN_STRING) start = ends[i];
    put_value(builder, value);
  }
  buf_free(&old.offsets);
  buf_free(&old.values);
}

/* The first value that is not NULL decides the kind; the NULLs before it get their places. */
static void settle(ColumnBuilder *builder, int kind) {
  builder->kind = kind;
  for (size_t i = 0; i < builder->rows; i++) put_null(builder);
}

static bool is_flat(int kind) { return kind != COLUMN_STRING && kind != COLUMN_VALUE; }

/* A builder of one kind can take values of the other. */
static bool holds(int kind, int other) { return kind == COLUMN_VALUE || (kind == COLUMN_FLAT && is_flat(other)); }

void column_builder_add(ColumnBuilder *builder, Value value) {
  if (value_is_null(value)) {
    buf_char(&builder->valid, 0);
    builder->any_null = true;
    put_null(builder);
  } else {
    int kind = kind_of(value);
    if (builder->kind < 0) settle(builder, kind);
    else if (builder->kind != kind && !holds(builder->kind, kind)) widen(builder, is_flat(kind) && is_flat(builder->kind) ? COLUMN_FLAT : COLUMN_VALUE);
    buf_char(&builder->valid, 1);
    put_value(builder, value);
  }
  builder->rows++;
}

static void add_valid(ColumnBuilder *builder, const uint8_t *nulls, size_t n) {
  buf_reserve(&builder->valid, n);
  char *valid = builder->valid.data + builder->valid.len;
  for (size_t i = 0; i < n; i++) valid[i] = !(nulls && nulls[i]);
  for (size_t i = 0; nulls && !builder->any_null && i < n; i++) builder->any_null = nulls[i];
  builder->valid.len += n;
  builder->rows += n;
}

static void add_words(ColumnBuilder *builder, int kind, const void *values, const uint8_t *nulls, size_t n) {
  if (builder->kind < 0) settle(builder, kind);
  buf_put(&builder->values, values, n * 8);
  add_valid(builder, nulls, n);
}

void column_builder_add_ints(ColumnBuilder *builder, const int64_t *values, const uint8_t *nulls, size_t n) {
  if (n && (builder->kind < 0 || builder->kind == COLUMN_INT)) {
    add_words(builder, COLUMN_INT, values, nulls, n);
    return;
  }
  for (size_t i = 0; i < n; i++) column_builder_add(builder, nulls && nulls[i] ? value_null() : value_int(values[i]));
}

void column_builder_add_doubles(ColumnBuilder *builder, const double *values, const uint8_t *nulls, size_t n) {
  if (n && (builder->kind < 0 || builder->kind == COLUMN_DOUBLE)) {
    add_words(builder, COLUMN_DOUBLE, values, nulls, n);
    return;
  }
  for (size_t i = 0; i < n; i++) column_builder_add(builder, nulls && nulls[i] ? value_null() : value_double(values[i]));
}

void column_builder_add_strs(ColumnBuilder *builder, const Str *values, const uint8_t *nulls, size_t n) {
  if (builder->kind >= 0 && builder->kind != COLUMN_STRING) {
    for (size_t i = 0; i < n; i++) column_builder_add(builder, nulls && nulls[i] ? value_null() : value_str(values[i]));
    return;
  }
  if (n && builder->kind < 0) settle(builder, COLUMN_STRING);
  size_t bytes = 0;
  for (size_t i = 0; i < n; i++) bytes += nulls && nulls[i] ? 0 : values[i].len;
  buf_reserve(&builder->values, bytes);
  buf_reserve(&builder->offsets, n * sizeof(uint32_t));
  char *out = builder->values.data;
  uint32_t *ends = (uint32_t *)(void *)(builder->offsets.data + builder->offsets.len);
  size_t at = builder->values.len;
  for (size_t i = 0; i < n; i++) {
    size_t len = nulls && nulls[i] ? 0 : values[i].len;
    if (len) memcpy(out + at, values[i].data, len);
    at += len;
    ends[i] = (uint32_t)at;
  }
  builder->values.len = at;
  builder->offsets.len += n * sizeof(uint32_t);
  add_valid(builder, nulls, n);
}

Value column_value(const Column *column, uint32_t row, Arena *arena) {
  if (!column_valid(column, row)) return value_null();
  int64_t i;
  double d;
  switch (column->kind) {
    case COLUMN_BOOL: return value_bool(((const uint8_t *)column->values)[row] != 0);
    case COLUMN_INT: memcpy(&i, (const char *)column->values + (size_t)row * 8, 8); return value_int(i);
    case COLUMN_DOUBLE: memcpy(&d, (const char *)column->values + (size_t)row * 8, 8); return value_double(d);
    case COLUMN_STRING: {
      uint32_t start = column->offsets[row];
      return value_str(str_make((const char *)column->values + start, column->offsets[row + 1] - start));
    }
    case COLUMN_FLAT: {
      Value value;
      memcpy(&value, (const char *)column->values + row * sizeof value, sizeof value);
      return value;
    }
    case COLUMN_VALUE: return value_decode((const char *)column->values + column->offsets[row], arena);
    case COLUMN_ABSENT: assert(column->kind != COLUMN_ABSENT); break; /* it was not read */
  }
  return value_null();
}
