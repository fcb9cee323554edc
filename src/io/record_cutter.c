/* record_cutter.c - records of a fixed number of bytes without line ends. */
#include "io/cutter.h"
#include "io/text_scan_internal.h"

typedef struct RecordCutter {
  Cutter cutter;
  size_t bytes;
} RecordCutter;

/* What editors and old systems leave at the end of a file. */
static bool is_filling(const char *text, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (!memchr("\r\n\x1a", text[i], 3)) return false;
  return true;
}

static DcCode cut(Cutter *base, char *text, size_t len, bool ended, RowIndex *rows, size_t *used, DcError *err) {
  size_t bytes = ((RecordCutter *)base)->bytes, count = len / bytes, rest = len % bytes;
  row_index_reserve(rows, count + 1);
  for (size_t i = 0; i <= count; i++) rows->offsets[i] = (uint32_t)(i * bytes);
  rows->count = count;
  *used = count * bytes;
  if (count || !ended) return DC_OK;
  if (is_filling(text, rest)) {
    *used = len;
    return DC_OK;
  }
  return dc_fail(err, "the last record has %zu byte%s in place of %zu", rest, rest == 1 ? "" : "s", bytes);
}

static void free_cutter(Cutter *cutter) { dc_free(cutter); }

Cutter *record_cutter(size_t bytes) {
  static const CutterOps ops = {cut, free_cutter};
  RecordCutter *cutter = dc_alloc(sizeof *cutter);
  *cutter = (RecordCutter){{&ops}, bytes};
  return &cutter->cutter;
}
