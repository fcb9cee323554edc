/* decode.c - Avro's binary encoding to Arrow arrays. Each length is checked against the bytes that are left. */
#include <stdlib.h>
#include <string.h>

#include "avro.h"

struct AvroColumn {
  const AvroType *type;
  int64_t length, nulls;
  Bytes valid;     /* one byte a value */
  Bytes values;    /* fixed width; text of strings, bytes, enums; booleans one byte each */
  Bytes offsets;   /* int32_t: where each value begins, and the end of the last */
  AvroColumn *key; /* of a map: strings */
  AvroColumn **children;
  size_t count;
};

static const AvroType key_type = {.kind = AVRO_STRING, .format = "u"};

static bool has_offsets(const AvroType *type) {
  return (type->kind == AVRO_BYTES && !type->decimal) || type->kind == AVRO_STRING || type->kind == AVRO_ENUM || type->kind == AVRO_ARRAY || type->kind == AVRO_MAP;
}

static uint32_t width_of(const AvroType *type) {
  if (type->decimal) return 16;
  switch (type->kind) {
    case AVRO_BOOLEAN: return 1;
    case AVRO_INT:
    case AVRO_FLOAT: return 4;
    case AVRO_LONG:
    case AVRO_DOUBLE: return 8;
    case AVRO_FIXED: return (uint32_t)type->size;
    default: return 0;
  }
}

void avro_column_free(AvroColumn *column) {
  if (!column) return;
  bytes_free(&column->valid);
  bytes_free(&column->values);
  bytes_free(&column->offsets);
  avro_column_free(column->key);
  for (size_t i = 0; i < column->count; i++) avro_column_free(column->children[i]);
  free(column->children);
  free(column);
}

AvroColumn *avro_column_new(const AvroType *type) {
  AvroColumn *column = calloc(1, sizeof *column);
  bool good = column != NULL;
  if (!good) return NULL;
  column->type = type;
  if (has_offsets(type)) bytes_zeros(&column->offsets, 4);
  if (type->kind == AVRO_MAP) good = (column->key = avro_column_new(&key_type)) != NULL;
  size_t count = type->kind == AVRO_ENUM ? 0 : type->count;
  column->children = calloc(count + 1, sizeof *column->children);
  for (size_t i = 0; i < count && good && column->children; i++) {
    column->count = i + 1;
    if (type->children[i]) good = (column->children[i] = avro_column_new(type->children[i])) != NULL;
  }
  if (good && column->children && !column->offsets.failed) return column;
  avro_column_free(column);
  return NULL;
}

/* --- Numbers --- */

static void wrong(Cursor *in, const char *what) {
  if (!in->wrong) in->wrong = what;
  in->p = in->end;
}

int64_t cursor_long(Cursor *in) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in->p == in->end) return wrong(in, "a value is cut short"), 0;
    uint8_t byte = *in->p++;
    if (shift == 63 && byte > 1) break;
    value |= (uint64_t)(byte & 0x7F) << shift;
    if (!(byte & 0x80)) return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
  }
  return wrong(in, "a number is too long"), 0;
}

static int32_t cursor_int(Cursor *in) {
  int64_t value = cursor_long(in);
  if (value == (int32_t)value) return (int32_t)value;
  return wrong(in, "an int has more than 32 bits"), 0;
}

static const uint8_t *cursor_bytes(Cursor *in, uint64_t size) {
  if ((uint64_t)(in->end - in->p) < size) return wrong(in, "a value is cut short"), NULL;
  const uint8_t *at = in->p;
  in->p += size;
  return at;
}

/* The length that a text begins with. */
static const uint8_t *cursor_text(Cursor *in, size_t *len) {
  int64_t size = cursor_long(in);
  *len = 0;
  if (size < 0) return wrong(in, "a length is negative"), NULL;
  const uint8_t *at = cursor_bytes(in, (uint64_t)size);
  if (at) *len = (size_t)size;
  return at;
}

static const uint8_t *cursor_symbol(Cursor *in, const AvroType *type, size_t *len) {
  int64_t symbol = cursor_long(in);
  *len = 0;
  if (symbol < 0 || (uint64_t)symbol >= type->count) return wrong(in, "an enum has no such symbol"), NULL;
  *len = strlen(type->names[symbol]);
  return (const uint8_t *)type->names[symbol];
}

/* The next block of an array or map: how many items; 0: the end. */
static int64_t cursor_items(Cursor *in, bool may_be_empty) {
  enum { MOST_EMPTY = 1 << 24 };
  int64_t count = cursor_long(in);
  if (count < 0) {
    int64_t size = cursor_long(in);
    if (count == INT64_MIN || size < 0 || size > in->end - in->p) return wrong(in, "an array has a wrong length"), 0;
    count = -count;
  }
  if (in->wrong || count > (may_be_empty ? MOST_EMPTY : in->end - in->p)) return wrong(in, "an array has a wrong length"), 0;
  return count;
}

static bool may_be_empty(const AvroType *type, int depth) {
  if (type->branches || type->kind == AVRO_UNION || depth > AVRO_MOST_DEPTH) return false;
  if (type->kind == AVRO_NULL || (type->kind == AVRO_FIXED && !type->size)) return true;
  if (type->kind != AVRO_RECORD) return false;
  for (size_t i = 0; i < type->count; i++)
    if (!may_be_empty(type->children[i], depth + 1)) return false;
  return true;
}

bool avro_may_be_empty(const AvroType *type) { return may_be_empty(type, 0); }

/* --- Values --- */

static void end_value(AvroColumn *column, int64_t end) {
  if (!has_offsets(column->type)) return;
  int32_t offset = (int32_t)end;
  if (end > INT32_MAX) column->offsets.failed = true;
  bytes_put(&column->offsets, &offset, sizeof offset);
}

static int64_t items_so_far(const AvroColumn *column) {
  return column->type->kind == AVRO_MAP ? column->key->length : column->type->kind == AVRO_ARRAY ? column->children[0]->length : (int64_t)column->values.len;
}

static void put_null(AvroColumn *column) {
  bytes_zeros(&column->valid, 1);
  column->nulls++;
  column->length++;
  bytes_zeros(&column->values, width_of(column->type));
  end_value(column, items_so_far(column));
  if (column->type->kind != AVRO_RECORD && column->type->kind != AVRO_UNION) return;
  for (size_t i = 0; i < column->count; i++)
    if (column->children[i]) put_null(column->children[i]);
}

/* Big-endian two's complement of any length as 16 bytes, the lowest first. */
static void put_decimal(AvroColumn *column, Cursor *in, const uint8_t *data, size_t len) {
  uint8_t out[16];
  uint8_t sign = len && data[0] & 0x80 ? 0xFF : 0;
  for (; len > 16; len--, data++)
    if (*data != sign) wrong(in, "a decimal has more than 38 digits");
  memset(out, sign, sizeof out);
  for (size_t i = 0; i < len; i++) out[i] = data[len - 1 - i];
  if (len == 16 && ((out[15] ^ sign) & 0x80)) wrong(in, "a decimal has more than 38 digits");
  bytes_put(&column->values, out, sizeof out);
}

static void read_items(AvroColumn *column, Cursor *in) {
  enum { MOST_BYTES = 1 << 30 };
  const AvroType *type = column->type;
  bool empty = type->kind == AVRO_ARRAY && avro_may_be_empty(type->children[0]);
  for (int64_t count; (count = cursor_items(in, empty)) > 0;)
    for (; count > 0 && !in->wrong; count--) {
      if (column->key) avro_column_read(column->key, in);
      avro_column_read(column->children[0], in);
      bool large = (count & 1023) == 0 && avro_column_bytes(column) > MOST_BYTES; /* a byte of the file may make many here */
      if (large || items_so_far(column) > INT32_MAX / 2) wrong(in, "an array is too large");
    }
}

static void read_branch(AvroColumn *column, Cursor *in, int64_t branch) {
  if (branch < 0 || (size_t)branch >= column->count) {
    wrong(in, "a union has no such branch");
    branch = column->type->null_branch;
  }
  for (size_t i = 0; i < column->count; i++) {
    if (!column->children[i]) continue;
    if ((int64_t)i == branch) avro_column_read(column->children[i], in);
    else put_null(column->children[i]);
  }
}

static void read_value(AvroColumn *column, Cursor *in) {
  const AvroType *type = column->type;
  size_t len = 0;
  const uint8_t *data = NULL;
  switch (type->kind) {
    case AVRO_BOOLEAN:
      data = cursor_bytes(in, 1);
      if (data && *data > 1) wrong(in, "a boolean is neither 0 nor 1");
      bytes_put(&column->values, data ? data : (const uint8_t *)"", 1);
      break;
    case AVRO_INT: bytes_put(&column->values, &(int32_t){cursor_int(in)}, 4); break;
    case AVRO_LONG: bytes_put(&column->values, &(int64_t){cursor_long(in)}, 8); break;
    case AVRO_BYTES:
    case AVRO_STRING:
    case AVRO_ENUM:
      data = type->kind == AVRO_ENUM ? cursor_symbol(in, type, &len) : cursor_text(in, &len);
      if (type->decimal) put_decimal(column, in, data, len);
      else bytes_put(&column->values, data, len);
      break;
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
    case AVRO_FIXED:
      len = type->kind == AVRO_FIXED ? type->size : width_of(type);
      data = cursor_bytes(in, len);
      if (type->decimal) put_decimal(column, in, data, data ? len : 0);
      else if (data) bytes_put(&column->values, data, len);
      break;
    case AVRO_RECORD:
      for (size_t i = 0; i < column->count; i++) avro_column_read(column->children[i], in);
      break;
    case AVRO_ARRAY:
    case AVRO_MAP: read_items(column, in); break;
    default: break;
  }
}

void avro_column_read(AvroColumn *column, Cursor *in) {
  const AvroType *type = column->type;
  if (type->branches) {
    int64_t branch = cursor_long(in);
    if (branch < 0 || branch >= type->branches) wrong(in, "a union has no such branch");
    if (branch == type->null_branch) {
      put_null(column);
      return;
    }
  }
  if (type->kind == AVRO_NULL) {
    put_null(column);
    return;
  }
  if (type->kind == AVRO_UNION) {
    int64_t branch = cursor_long(in);
    if (branch == type->null_branch) {
      put_null(column);
      return;
    }
    read_branch(column, in, branch);
  } else {
    read_value(column, in);
  }
  bytes_put(&column->valid, "\1", 1);
  column->length++;
  end_value(column, items_so_far(column));
}

/* --- What nobody asks for --- */

void avro_skip(const AvroType *type, Cursor *in) {
  size_t len;
  if (type->branches && cursor_long(in) == type->null_branch) return;
  if (in->wrong) return;
  switch (type->kind) {
    case AVRO_BOOLEAN: (void)cursor_bytes(in, 1); break;
    case AVRO_INT:
    case AVRO_LONG:
    case AVRO_ENUM: (void)cursor_long(in); break;
    case AVRO_FLOAT: (void)cursor_bytes(in, 4); break;
    case AVRO_DOUBLE: (void)cursor_bytes(in, 8); break;
    case AVRO_FIXED: (void)cursor_bytes(in, type->size); break;
    case AVRO_BYTES:
    case AVRO_STRING: (void)cursor_text(in, &len); break;
    case AVRO_RECORD:
      for (size_t i = 0; i < type->count; i++) avro_skip(type->children[i], in);
      break;
    case AVRO_ARRAY:
    case AVRO_MAP:
      for (int64_t count; (count = cursor_items(in, avro_may_be_empty(type->children[0]))) > 0;)
        for (; count > 0 && !in->wrong; count--) {
          if (type->kind == AVRO_MAP) (void)cursor_text(in, &len);
          avro_skip(type->children[0], in);
        }
      break;
    case AVRO_UNION: {
      int64_t branch = cursor_long(in);
      if (branch < 0 || (size_t)branch >= type->count) wrong(in, "a union has no such branch");
      else if (type->children[branch]) avro_skip(type->children[branch], in);
      break;
    }
    default: break;
  }
}

/* --- To Arrow --- */

size_t avro_column_bytes(const AvroColumn *column) {
  size_t bytes = column->valid.len + column->values.len + column->offsets.len + (column->key ? avro_column_bytes(column->key) : 0);
  for (size_t i = 0; i < column->count; i++) bytes += column->children[i] ? avro_column_bytes(column->children[i]) : 0;
  return bytes;
}

static void release_array(struct ArrowArray *array) {
  for (int64_t i = 0; i < array->n_children; i++) {
    if (array->children[i] && array->children[i]->release) array->children[i]->release(array->children[i]);
    free(array->children[i]);
  }
  for (int64_t i = 0; i < 3; i++) free((void *)array->buffers[i]);
  free(array->children);
  free(array->buffers);
  array->release = NULL;
}

static bool make_array(struct ArrowArray *out, int64_t length, int64_t nulls, int64_t buffers, size_t children) {
  *out = (struct ArrowArray){.length = length, .null_count = nulls, .n_buffers = buffers};
  out->buffers = calloc(3, sizeof *out->buffers);
  out->children = calloc(children + 1, sizeof *out->children);
  for (size_t i = 0; i < children && out->children; i++) {
    out->children[i] = calloc(1, sizeof *out->children[i]);
    if (out->children[i]) out->n_children++;
  }
  if (out->buffers && out->children && (size_t)out->n_children == children) {
    out->release = release_array;
    return true;
  }
  for (int64_t i = 0; i < out->n_children; i++) free(out->children[i]);
  free(out->children);
  free(out->buffers);
  return false;
}

/* One bit for each byte. */
static void *pack_bits(const uint8_t *bytes, int64_t count) {
  uint8_t *bits = calloc(1, (size_t)count / 8 + 1);
  for (int64_t i = 0; bits && i < count; i++) bits[i >> 3] |= (uint8_t)((bytes[i] & 1) << (i & 7));
  return bits;
}

static void *take(Bytes *bytes) {
  void *data = bytes->data ? bytes->data : calloc(1, 8);
  *bytes = (Bytes){0};
  return data;
}

static bool any_failed(const AvroColumn *column) { return column->valid.failed || column->values.failed || column->offsets.failed; }

static int finish_children(AvroColumn *column, struct ArrowArray *out) {
  size_t made = 0;
  for (size_t i = 0; i < column->count; i++)
    if (column->children[i] && avro_column_finish(column->children[i], out->children[made++]) < 0) return -1;
  return 0;
}

static int finish_map(AvroColumn *column, struct ArrowArray *out) {
  struct ArrowArray *entries = out->children[0];
  if (!make_array(entries, column->key->length, 0, 1, 2)) return -1;
  return avro_column_finish(column->key, entries->children[0]) < 0 || avro_column_finish(column->children[0], entries->children[1]) < 0 ? -1 : 0;
}

int avro_column_finish(AvroColumn *column, struct ArrowArray *out) {
  const AvroType *type = column->type;
  bool text = has_offsets(type) && type->kind != AVRO_ARRAY && type->kind != AVRO_MAP;
  bool fixed = width_of(type) || type->kind == AVRO_FIXED;
  size_t children = 0;
  for (size_t i = 0; i < column->count; i++) children += column->children[i] != NULL;
  if (any_failed(column) || !make_array(out, column->length, column->nulls, type->kind == AVRO_NULL ? 0 : text ? 3 : has_offsets(type) || fixed ? 2 : 1, children))
    return -1;
  int status = 0;
  if (type->kind != AVRO_NULL && column->nulls) out->buffers[0] = pack_bits(column->valid.data, column->length);
  if (type->kind != AVRO_NULL && column->nulls && !out->buffers[0]) status = -1;
  column->valid.len = 0;
  if (has_offsets(type)) out->buffers[1] = take(&column->offsets);
  if (text) out->buffers[2] = take(&column->values);
  else if (type->kind == AVRO_BOOLEAN) out->buffers[1] = pack_bits(column->values.data, column->length);
  else if (fixed) out->buffers[1] = take(&column->values);
  column->values.len = 0;
  if (has_offsets(type)) bytes_zeros(&column->offsets, 4);
  if (status == 0) status = type->kind == AVRO_MAP ? finish_map(column, out) : finish_children(column, out);
  column->length = column->nulls = 0;
  if (status < 0) out->release(out);
  return status;
}

int avro_struct(struct ArrowArray *children, size_t count, int64_t rows, struct ArrowArray *out) {
  if (!make_array(out, rows, 0, 1, count)) return -1;
  for (size_t i = 0; i < count; i++) {
    *out->children[i] = children[i];
    children[i].release = NULL;
  }
  return 0;
}
