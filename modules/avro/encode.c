/* encode.c - Arrow arrays to Avro's binary encoding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro.h"

void avro_put_long(Bytes *out, int64_t value) {
  uint64_t left = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
  uint8_t bytes[10];
  size_t len = 0;
  for (; left > 0x7F; left >>= 7) bytes[len++] = (uint8_t)(left | 0x80);
  bytes[len++] = (uint8_t)left;
  bytes_put(out, bytes, len);
}

static bool is_valid(const struct ArrowArray *array, int64_t row) {
  const uint8_t *bits = array->n_buffers ? array->buffers[0] : NULL;
  return !bits || !array->null_count || (bits[row >> 3] >> (row & 7) & 1);
}

/* A whole number of any width; false: this format is none. */
static bool read_whole(char format, const void *data, int64_t row, int64_t *out, bool *too_large) {
  switch (format) {
    case 'c': *out = ((const int8_t *)data)[row]; return true;
    case 'C': *out = ((const uint8_t *)data)[row]; return true;
    case 's': *out = ((const int16_t *)data)[row]; return true;
    case 'S': *out = ((const uint16_t *)data)[row]; return true;
    case 'i': *out = ((const int32_t *)data)[row]; return true;
    case 'I': *out = ((const uint32_t *)data)[row]; return true;
    case 'l': *out = ((const int64_t *)data)[row]; return true;
    case 'L':
      *out = ((const int64_t *)data)[row];
      *too_large = *out < 0;
      return true;
    default: return false;
  }
}

static int does_not_fit(const struct ArrowSchema *type, const char *what, const char *hint, TableError *error) {
  if (!error->text[0]) MODULE_HINT(error, "%s", hint);
  return MODULE_FAIL(error, "the column \"%s\": %s", type->name ? type->name : "", what);
}

/* Dates, times, time stamps, durations. */
static int encode_moment(const struct ArrowSchema *type, const void *data, int64_t row, Bytes *out, TableError *error) {
  const char *format = type->format;
  bool narrow = strcmp(format, "tdD") == 0 || strcmp(format, "tts") == 0 || strcmp(format, "ttm") == 0;
  int64_t value = narrow ? ((const int32_t *)data)[row] : ((const int64_t *)data)[row];
  if (strcmp(format, "tdm") == 0) {
    value = value / 86400000 - (value % 86400000 < 0);
  } else if (strcmp(format, "tts") == 0 || strncmp(format, "tss", 3) == 0) {
    if (__builtin_mul_overflow(value, 1000, &value)) return does_not_fit(type, "a time stamp is too large for milliseconds", "", error);
  } else if (strcmp(format, "ttn") == 0) {
    if (value % 1000) return does_not_fit(type, "Avro has times to the microsecond only", "cut them before: DT_TRUNC, or write text", error);
    value /= 1000;
  }
  avro_put_long(out, value);
  return 0;
}

/* As few bytes as hold it, the highest first. */
static void encode_decimal(const uint8_t *data, Bytes *out) {
  int len = 16;
  uint8_t bytes[16], sign = data[15] & 0x80 ? 0xFF : 0;
  while (len > 1 && data[len - 1] == sign && ((data[len - 2] ^ sign) & 0x80) == 0) len--;
  for (int i = 0; i < len; i++) bytes[i] = data[len - 1 - i];
  avro_put_long(out, len);
  bytes_put(out, bytes, (size_t)len);
}

static void encode_text(char format, const struct ArrowArray *array, int64_t row, Bytes *out) {
  bool large = format == 'U' || format == 'Z';
  const int32_t *small_offsets = array->buffers[1];
  const int64_t *large_offsets = array->buffers[1];
  int64_t from = large ? large_offsets[row] : small_offsets[row], to = large ? large_offsets[row + 1] : small_offsets[row + 1];
  avro_put_long(out, to - from);
  if (to > from) bytes_put(out, (const uint8_t *)array->buffers[2] + from, (size_t)(to - from));
}

static int encode_record(const struct ArrowSchema *type, const struct ArrowArray *array, int64_t row, Bytes *out, TableError *error) {
  for (int64_t i = 0; i < type->n_children; i++)
    if (avro_encode(type->children[i], array->children[i], row, out, error) < 0) return -1;
  return 0;
}

static int encode_items(const struct ArrowSchema *type, const struct ArrowArray *array, int64_t row, Bytes *out, TableError *error) {
  const char *format = type->format;
  const struct ArrowSchema *item = type->children[0];
  const struct ArrowArray *items = array->children[0];
  int64_t from, to;
  if (format[1] == 'w') {
    long size = atol(format + 3);
    from = row * size;
    to = from + size;
  } else if (format[1] == 'L') {
    from = ((const int64_t *)array->buffers[1])[row];
    to = ((const int64_t *)array->buffers[1])[row + 1];
  } else {
    from = ((const int32_t *)array->buffers[1])[row];
    to = ((const int32_t *)array->buffers[1])[row + 1];
  }
  if (to > from) avro_put_long(out, to - from);
  for (int64_t i = from; i < to; i++) {
    if (format[1] == 'm') {
      const struct ArrowArray *keys = items->children[0];
      if (!is_valid(keys, i + items->offset + keys->offset)) return does_not_fit(type, "a key of a map is NULL", "", error);
      encode_text(item->children[0]->format[0], keys, i + items->offset + keys->offset, out);
      if (avro_encode(item->children[1], items->children[1], i + items->offset, out, error) < 0) return -1;
    } else if (avro_encode(item, items, i, out, error) < 0) {
      return -1;
    }
  }
  avro_put_long(out, 0);
  return 0;
}

static int encode_value(const struct ArrowSchema *type, const struct ArrowArray *array, int64_t row, Bytes *out, TableError *error) {
  const char *format = type->format;
  const void *data = array->n_buffers > 1 ? array->buffers[1] : NULL;
  int64_t whole;
  bool too_large = false;
  uint8_t bit;
  if (!format[1] && read_whole(format[0], data, row, &whole, &too_large)) {
    if (too_large) return does_not_fit(type, "a number of more than 63 bits", "write it as decimal: @types", error);
    avro_put_long(out, whole);
    return 0;
  }
  switch (format[0]) {
    case 'b':
      bit = ((const uint8_t *)data)[row >> 3] >> (row & 7) & 1;
      bytes_put(out, &bit, 1);
      return 0;
    case 'f': bytes_put(out, (const float *)data + row, 4); return 0;
    case 'g': bytes_put(out, (const double *)data + row, 8); return 0;
    case 'u':
    case 'U':
    case 'z':
    case 'Z': encode_text(format[0], array, row, out); return 0;
    case 'd': encode_decimal((const uint8_t *)data + row * 16, out); return 0;
    case 't': return encode_moment(type, data, row, out, error);
    case 'w': bytes_put(out, (const uint8_t *)data + row * atol(format + 2), (size_t)atol(format + 2)); return 0;
    case '+': return format[1] == 's' ? encode_record(type, array, row, out, error) : encode_items(type, array, row, out, error);
    default: return 0; /* n */
  }
}

int avro_encode(const struct ArrowSchema *type, const struct ArrowArray *array, int64_t row, Bytes *out, TableError *error) {
  bool nullable = type->flags & ARROW_FLAG_NULLABLE && strcmp(type->format, "n") != 0, valid = is_valid(array, row + array->offset);
  if (strcmp(type->format, "n") == 0) return 0;
  if (nullable) avro_put_long(out, valid);
  if (!valid) return nullable ? 0 : does_not_fit(type, "a NULL where its type allows none", "", error);
  return encode_value(type, array, row + array->offset, out, error);
}
