/* record_cutter.c - records of a fixed length without line ends. */
#include "io/cutter.h"
#include "io/text_scan_internal.h"

typedef struct RecordCutter {
  Cutter cutter;
  size_t length;
  bool characters;
} RecordCutter;

/* What editors and old systems leave at the end of a file. */
static bool is_filling(const char *text, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (!memchr("\r\n\x1a", text[i], 3)) return false;
  return true;
}

/* Where the record that begins at `at` ends; 0: not in this text. A character of UTF-8 ends where the next one begins. */
static size_t record_end(const RecordCutter *cutter, const char *text, size_t at, size_t len, bool ended) {
  if (!cutter->characters) return len - at >= cutter->length ? at + cutter->length : 0;
  size_t count = 0;
  for (; at < len; at++) {
    bool begins = ((unsigned char)text[at] & 0xC0) != 0x80;
    if (begins && count == cutter->length) return at;
    count += begins;
  }
  return ended && count == cutter->length ? len : 0;
}

static DcCode cut(Cutter *base, char *text, size_t len, bool ended, RowIndex *rows, size_t *used, DcError *err) {
  const RecordCutter *cutter = (const RecordCutter *)base;
  size_t at = 0;
  for (size_t end; (end = record_end(cutter, text, at, len, ended)); at = end) {
    row_index_reserve(rows, 1);
    rows->offsets[rows->count] = (uint32_t)at;
    rows->offsets[++rows->count] = (uint32_t)end;
  }
  *used = at;
  if (rows->count || !ended) return DC_OK;
  if (is_filling(text, len)) {
    *used = len;
    return DC_OK;
  }
  return dc_fail(err, "the last record, of %zu bytes, is cut short: records have %zu %s", len, cutter->length, cutter->characters ? "characters" : "bytes");
}

static void free_cutter(Cutter *cutter) { dc_free(cutter); }

Cutter *record_cutter(size_t length, bool characters) {
  static const CutterOps ops = {cut, free_cutter};
  RecordCutter *cutter = dc_alloc(sizeof *cutter);
  *cutter = (RecordCutter){{&ops}, length, characters};
  return &cutter->cutter;
}
