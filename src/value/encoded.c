/* encoded.c - values as bytes: written, read whole, and read in part.
 *
 * A byte with the type and HAS_EXTRA; with that, the flags, offset_minutes and len of the Value (7 bytes). Then
 *   BOOL              one byte
 *   INT               zigzag, 7 bits a byte, low ones first, as in Protocol Buffers
 *   STRING, BINARY    the length in that form, bytes
 *   ARRAY             bytes behind this number (uint32_t), the count, elements
 *   OBJECT            the same with members: length of the name, name, value
 *   others            as they lie in memory
 * What a value needs it says itself, so a reader can pass over it.
 */
#include "value/encoded.h"

#include "value/batch.h"

enum { TYPE_BITS = 0x7F, HAS_EXTRA = 0x80, EXTRA_BYTES = 7, MOST_DIGITS = 10 };

/* --- Numbers --- */

static size_t put_number(char *out, uint64_t number) {
  size_t len = 0;
  while (number >= 0x80) {
    out[len++] = (char)(number | 0x80);
    number >>= 7;
  }
  out[len++] = (char)number;
  return len;
}

static void add_number(Buf *out, uint64_t number) {
  buf_reserve(out, MOST_DIGITS);
  out->len += put_number(out->data + out->len, number);
}

static uint64_t take_number(const char **at) {
  const unsigned char *p = (const unsigned char *)*at;
  uint64_t number = *p & 0x7F;
  for (unsigned shift = 7; *p++ & 0x80; shift += 7) number |= (uint64_t)(*p & 0x7F) << shift;
  *at = (const char *)p;
  return number;
}

static uint64_t zigzag(int64_t i) { return (uint64_t)i << 1 ^ (uint64_t)(i >> 63); }
static int64_t unzigzag(uint64_t u) { return (int64_t)(u >> 1 ^ (0 - (u & 1))); }

static uint32_t take_size(const char **at) {
  uint32_t size;
  memcpy(&size, *at, sizeof size);
  *at += sizeof size;
  return size;
}

/* --- Writing --- */

static void encode_head(Buf *out, Value value) {
  bool text = value.type == TYPE_STRING || value.type == TYPE_BINARY; /* their len is written anyway */
  bool extra = value.flags || value.offset_minutes || (value.len && !text);
  buf_char(out, (char)(value.type | (extra ? HAS_EXTRA : 0)));
  if (!extra) return;
  buf_put(out, &value.flags, sizeof value.flags);
  buf_put(out, &value.offset_minutes, sizeof value.offset_minutes);
  buf_put(out, &value.len, sizeof value.len);
}

static void encode_parts(Buf *out, Value value) {
  size_t at = out->len;
  uint32_t size = 0;
  buf_put(out, &size, sizeof size);
  if (value.type == TYPE_ARRAY) {
    const Array *array = value.as.array;
    add_number(out, array->count);
    for (size_t i = 0; i < array->count; i++) value_encode(out, array->items[i]);
  } else {
    const Object *object = value.as.object;
    add_number(out, object->count);
    for (size_t i = 0; i < object->count; i++) {
      add_number(out, object->names[i].len);
      buf_str(out, object->names[i]);
      value_encode(out, object->values[i]);
    }
  }
  size = (uint32_t)(out->len - at - sizeof size);
  memcpy(out->data + at, &size, sizeof size);
}

void value_encode(Buf *out, Value value) {
  encode_head(out, value);
  switch ((Type)value.type) {
    case TYPE_NULL: case TYPE_COUNT: break;
    case TYPE_BOOL: buf_char(out, value.as.b); break;
    case TYPE_INT: add_number(out, zigzag(value.as.i)); break;
    case TYPE_STRING: case TYPE_BINARY:
      add_number(out, value.len);
      buf_put(out, value.as.s, value.len);
      break;
    case TYPE_DECIMAL: buf_put(out, value.as.decimal, sizeof *value.as.decimal); break;
    case TYPE_ARRAY: case TYPE_OBJECT: encode_parts(out, value); break;
    case TYPE_DOUBLE: case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP: buf_put(out, &value.as, sizeof value.as); break;
  }
}

/* --- Reading --- */

/* The head of a value; *at goes behind it. */
static Value take_head(const char **at) {
  unsigned char first = (unsigned char)*(*at)++;
  Value value = {.type = first & TYPE_BITS};
  if (!(first & HAS_EXTRA)) return value;
  memcpy(&value.flags, *at, sizeof value.flags);
  memcpy(&value.offset_minutes, *at + 1, sizeof value.offset_minutes);
  memcpy(&value.len, *at + 3, sizeof value.len);
  *at += EXTRA_BYTES;
  return value;
}

static Value take_value(const char **at, Arena *arena);

static void take_array(const char **at, Value *value, Arena *arena) {
  (void)take_size(at);
  size_t count = (size_t)take_number(at);
  Value *items = arena_raw(arena, (count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++) items[i] = take_value(at, arena);
  Array *array = arena_raw(arena, sizeof *array);
  *array = (Array){count, items};
  value->as.array = array;
}

static void take_object(const char **at, Value *value, Arena *arena) {
  (void)take_size(at);
  size_t count = (size_t)take_number(at);
  Str *names = arena_raw(arena, (count + 1) * sizeof *names);
  Value *values = arena_raw(arena, (count + 1) * sizeof *values);
  for (size_t i = 0; i < count; i++) {
    size_t len = (size_t)take_number(at);
    names[i] = str_make(*at, len);
    *at += len;
    values[i] = take_value(at, arena);
  }
  value->as = value_object(arena, names, values, count).as;
}

static Value take_value(const char **at, Arena *arena) {
  Value value = take_head(at);
  switch ((Type)value.type) {
    case TYPE_NULL: case TYPE_COUNT: break;
    case TYPE_BOOL: value.as.b = *(*at)++ != 0; break;
    case TYPE_INT: value.as.i = unzigzag(take_number(at)); break;
    case TYPE_STRING: case TYPE_BINARY:
      value.len = (uint32_t)take_number(at);
      value.as.s = *at;
      *at += value.len;
      break;
    case TYPE_DECIMAL: {
      Decimal *decimal = arena_raw(arena, sizeof *decimal);
      memcpy(decimal, *at, sizeof *decimal);
      *at += sizeof *decimal;
      value.as.decimal = decimal;
      break;
    }
    case TYPE_ARRAY: take_array(at, &value, arena); break;
    case TYPE_OBJECT: take_object(at, &value, arena); break;
    case TYPE_DOUBLE: case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP:
      memcpy(&value.as, *at, sizeof value.as);
      *at += sizeof value.as;
      break;
  }
  return value;
}

Value value_decode(const char *bytes, Arena *arena) { return take_value(&bytes, arena); }

/* --- In place --- */

static void pass_over(const char **at) {
  Value value = take_head(at);
  switch ((Type)value.type) {
    case TYPE_NULL: case TYPE_COUNT: break;
    case TYPE_BOOL: ++*at; break;
    case TYPE_INT: (void)take_number(at); break;
    case TYPE_STRING: case TYPE_BINARY: case TYPE_ARRAY: case TYPE_OBJECT: {
      bool text = value.type == TYPE_STRING || value.type == TYPE_BINARY;
      size_t size = text ? (size_t)take_number(at) : take_size(at);
      *at += size;
      break;
    }
    case TYPE_DECIMAL: *at += sizeof(Decimal); break;
    case TYPE_DOUBLE: case TYPE_DATE: case TYPE_TIME: case TYPE_TIMESTAMP: *at += sizeof value.as; break;
  }
}

/* Goes to the first element or member; gives how many there are. */
static size_t enter(const char **at) {
  (void)take_head(at);
  (void)take_size(at);
  return (size_t)take_number(at);
}

Type encoded_type(const char *bytes) { return (Type)((unsigned char)*bytes & TYPE_BITS); }

size_t encoded_count(const char *bytes) {
  Type type = encoded_type(bytes);
  return type == TYPE_ARRAY || type == TYPE_OBJECT ? enter(&bytes) : 0;
}

const char *encoded_item(const char *bytes, size_t i) {
  (void)enter(&bytes);
  while (i--) pass_over(&bytes);
  return bytes;
}

const char *encoded_member(const char *bytes, Str name) {
  if (encoded_type(bytes) != TYPE_OBJECT) return NULL;
  for (size_t count = enter(&bytes); count; count--) {
    size_t len = (size_t)take_number(&bytes);
    bool found = str_eq(str_make(bytes, len), name);
    bytes += len;
    if (found) return bytes;
    pass_over(&bytes);
  }
  return NULL;
}
