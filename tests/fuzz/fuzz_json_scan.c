/* fuzz_json_scan.c - JSON is cut into the same records whether it comes at once or byte by byte; and what is read as JSON as
 * a whole gives as many records as its array has elements. First byte: layout; second one: bytes at a time. */
#include <stdlib.h>

#include "io/json_scan.h"
#include "value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

/* Appends the records, each behind a byte 1; an error is a byte 2. Returns the number of records. */
static size_t cut_all(JsonLayout layout, const Str *path, size_t steps, Str text, size_t block, Buf *out) {
  Cutter *cutter = json_cutter(layout, path, steps);
  RowIndex rows = {dc_alloc((text.len + 2) * sizeof(uint32_t)), 0, text.len + 2, 0};
  Buf hand = {0};
  size_t taken = 0, count = 0;
  for (bool going = true; going;) {
    size_t more = text.len - taken < block ? text.len - taken : block, used = 0;
    buf_put(&hand, text.data + taken, more);
    taken += more;
    buf_reserve(&hand, 64);
    rows.count = 0;
    DcError err = {0};
    DcCode code = cutter->ops->cut(cutter, hand.data, hand.len, !more, &rows, &used, &err);
    check(used <= hand.len && !(rows.count && code != DC_OK));
    for (size_t i = 0; i < rows.count; i++) {
      size_t from = rows.offsets[i], to = rows.offsets[i + 1];
      check(from <= to && to <= used);
      while (to > from && memchr(" \n\r\t", hand.data[to - 1], 4)) to--;
      buf_char(out, 1);
      buf_put(out, hand.data + from, to - from);
    }
    count += rows.count;
    if (code != DC_OK) buf_char(out, 2);
    memmove(hand.data, hand.data + used, hand.len - used);
    hand.len -= used;
    going = code == DC_OK && (more || rows.count);
  }
  buf_free(&hand);
  dc_free(rows.offsets);
  cutter->ops->free(cutter);
  return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const Str path[] = {{"a", 1}, {"b", 1}};
  if (size < 2 || size > 1 << 14) return 0;
  JsonLayout layout = data[0] & 1 ? JSON_DOCUMENTS : JSON_ARRAY;
  size_t steps = layout == JSON_ARRAY && (data[0] & 2) ? 2 : 0, block = 1 + data[1] % 80;
  Str text = str_make((const char *)data + 2, size - 2);
  Buf all = {0}, pieces = {0}, padded = {0};
  size_t count = cut_all(layout, path, steps, text, size, &all);
  cut_all(layout, path, steps, text, block, &pieces);
  check(all.len == pieces.len && (!all.len || memcmp(all.data, pieces.data, all.len) == 0));
  buf_put(&padded, text.data, text.len);
  buf_reserve(&padded, 64);
  (void)json_layout(padded.data, padded.len, data[1] & 1);
  Arena arena = {0};
  Value value;
  Str why;
  if (layout == JSON_ARRAY && !steps && json_read_as(&arena, text, JSON_TWICE_LAST, &value, &why) && value.type == TYPE_ARRAY)
    check(count == value.as.array->count && (!all.len || all.data[all.len - 1] != 2));
  arena_free(&arena);
  buf_free(&all);
  buf_free(&pieces);
  buf_free(&padded);
  return 0;
}
