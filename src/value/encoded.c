/* encoded.c - values as bytes: written, read whole, and read in part. */
#include "value/encoded.h"

#include "value/batch.h"

/* Encoded: the 8 bytes before the union of Value, then what the type needs. Nested values follow with their sizes. */
typedef struct Head {
  uint8_t type, flags;
  int16_t offset_minutes;
  uint32_t len;
} Head;

static void encode_sized(Buf *out, Value value) {
  size_t at = out->len;
  uint32_t size = 0;
  buf_put(out, &size, sizeof size);
  value_encode(out, value);
  size = (uint32_t)(out->len - at - sizeof size);
  memcpy(out->data + at, &size, sizeof size);
}

void value_encode(Buf *out, Value value) {
  Head head = {value.type, value.flags, value.offset_minutes, value.len};
  uint64_t count;
  buf_put(out, &head, sizeof head);
  switch ((Type)value.type) {
    case TYPE_NULL: break;
    case TYPE_STRING:
    case TYPE_BINARY: buf_put(out, value.as.s, value.len); break;
    case TYPE_DECIMAL: buf_put(out, value.as.decimal, sizeof *value.as.decimal); break;
    case TYPE_ARRAY:
      count = value.as.array->count;
      buf_put(out, &count, sizeof count);
      for (size_t i = 0; i < count; i++) encode_sized(out, value.as.array->items[i]);
      break;
    case TYPE_OBJECT:
      count = value.as.object->count;
      buf_put(out, &count, sizeof count);
      for (size_t i = 0; i < count; i++) {
        encode_sized(out, value_str(value.as.object->names[i]));
        encode_sized(out, value.as.object->values[i]);
      }
      break;
    default: buf_put(out, &value.as, sizeof value.as); break;
  }
}

static const char *decode_sized(const char *at, Arena *arena, Value *out) {
  uint32_t size;
  memcpy(&size, at, sizeof size);
  *out = value_decode(at + sizeof size, arena);
  return at + sizeof size + size;
}

static Value decode_array(const char *at, Arena *arena) {
  uint64_t count;
  memcpy(&count, at, sizeof count);
  at += sizeof count;
  Value *items = arena_raw(arena, (count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++) at = decode_sized(at, arena, &items[i]);
  Array *array = arena_raw(arena, sizeof *array);
  *array = (Array){count, items};
  return (Value){.type = TYPE_ARRAY, .as.array = array};
}

static Value decode_object(const char *at, uint8_t flags, Arena *arena) {
  uint64_t count;
  memcpy(&count, at, sizeof count);
  at += sizeof count;
  Str *names = arena_raw(arena, (count + 1) * sizeof *names);
  Value *values = arena_raw(arena, (count + 1) * sizeof *values);
  for (size_t i = 0; i < count; i++) {
    Value name;
    at = decode_sized(at, arena, &name);
    names[i] = value_get_str(name);
    at = decode_sized(at, arena, &values[i]);
  }
  Value value = value_object(arena, names, values, count);
  value.flags = flags;
  return value;
}

Value value_decode(const char *bytes, Arena *arena) {
  Head head;
  memcpy(&head, bytes, sizeof head);
  bytes += sizeof head;
  Value value = {.type = head.type, .flags = head.flags, .offset_minutes = head.offset_minutes, .len = head.len};
  switch ((Type)head.type) {
    case TYPE_NULL: break;
    case TYPE_STRING:
    case TYPE_BINARY: value.as.s = bytes; break;
    case TYPE_DECIMAL: {
      Decimal *decimal = arena_raw(arena, sizeof *decimal);
      memcpy(decimal, bytes, sizeof *decimal);
      value.as.decimal = decimal;
      break;
    }
    case TYPE_ARRAY: return decode_array(bytes, arena);
    case TYPE_OBJECT: return decode_object(bytes, head.flags, arena);
    default: memcpy(&value.as, bytes, sizeof value.as); break;
  }
  return value;
}

/* --- In place --- */

Type encoded_type(const char *bytes) { return (Type)(uint8_t)bytes[0]; }

size_t encoded_count(const char *bytes) {
  uint64_t count = 0;
  Type type = encoded_type(bytes);
  if (type == TYPE_ARRAY || type == TYPE_OBJECT) memcpy(&count, bytes + sizeof(Head), sizeof count);
  return (size_t)count;
}

static uint32_t size_at(const char *at) {
  uint32_t size;
  memcpy(&size, at, sizeof size);
  return size;
}

const char *encoded_item(const char *bytes, size_t i) {
  const char *at = bytes + sizeof(Head) + sizeof(uint64_t);
  while (i--) at += sizeof(uint32_t) + size_at(at);
  return at + sizeof(uint32_t);
}

const char *encoded_member(const char *bytes, Str name) {
  if (encoded_type(bytes) != TYPE_OBJECT) return NULL;
  size_t count = encoded_count(bytes);
  const char *at = bytes + sizeof(Head) + sizeof(uint64_t);
  for (size_t i = 0; i < count; i++) {
    uint32_t size = size_at(at);
    at += sizeof size;
    bool found = str_eq(str_make(at + sizeof(Head), size - sizeof(Head)), name);
    at += size;
    if (found) return at + sizeof size;
    at += sizeof size + size_at(at);
  }
  return NULL;
}
