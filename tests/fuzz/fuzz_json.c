/* fuzz_json.c - a path in the first line, JSON behind it: what is read prints as JSON that reads back as the same value,
 * and a path finds the same in the value and in its encoded bytes. */
#include <stdlib.h>

#include "value/batch.h"
#include "value/json.h"
#include "value/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

static Str print(Arena *arena, Value value) {
  Buf text = {0};
  value_print(&text, value);
  Str copy = arena_str(arena, str_make(text.data, text.len));
  buf_free(&text);
  return copy;
}

static void check_value(Arena *arena, Value value, const Path *path) {
  Str why = {0}, text = print(arena, value);
  Value again;
  Buf bytes = {0};
  check(json_read(arena, text, &again, &why));
  check(value_total_order(json_wrap(arena, again), value) == 0);
  value_encode(&bytes, value);
  check(str_eq(print(arena, value_decode(bytes.data, arena)), text));
  check(str_eq(print(arena, path_value(path, value, arena)), print(arena, path_encoded(path, bytes.data, arena))));
  buf_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 1 << 16 || !size) return 0;
  Arena arena = {0};
  const uint8_t *end = memchr(data, '\n', size);
  size_t first = end ? (size_t)(end - data) : 0, start = end ? first + 1 : 0;
  const Path *path = path_compile(&arena, str_make((const char *)data, first));
  Str why = {0};
  Value value;
  if (json_read(&arena, str_make((const char *)data + start, size - start), &value, &why)) {
    value = json_wrap(&arena, value);
    if (!(value.flags & VALUE_WRAPPED)) check_value(&arena, value, path);
    else check(value_total_order(path_value(path_compile(&arena, (Str){0}), value, &arena), value.as.object->values[0]) == 0);
  } else {
    check(why.len > 0);
  }
  arena_free(&arena);
  return 0;
}
