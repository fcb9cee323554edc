/* spans_zstd.c - the frames of a zstd file.
 *
 * Only headers are read here (RFC 8878, sections 3.1.1 and 3.1.2). What does not look right, or has a frame without its
 * content size, is left to the reader in order, which says what is wrong with it.
 */
#include <zstd.h>

#include "io/spans_internal.h"

/* The header of a frame at *offset, which is moved behind it. false: no plain frame with its content size. */
static bool frame_header(FileBytes *bytes, uint64_t *offset, uint64_t *content, bool *checksum, DcError *err) {
  unsigned char head[14] = {0};
  if (!spans_read_at(bytes, head, 5, *offset, err)) return false;
  unsigned descriptor = head[4], single = descriptor >> 5 & 1, size_code = descriptor >> 6;
  size_t size_bytes = size_code ? (size_t)1 << size_code : single, window = !single;
  if ((descriptor & 3) || !size_bytes) return false; /* a dictionary, or no size */
  if (!spans_read_at(bytes, head + 5, window + size_bytes, *offset + 5, err)) return false;
  *content = spans_little_endian(head + 5 + window, size_bytes) + (size_bytes == 2 ? 256 : 0);
  *checksum = descriptor >> 2 & 1;
  *offset += 5 + window + size_bytes;
  return true;
}

/* Moves *offset behind the frame that starts there. */
static bool skip_frame(FileBytes *bytes, uint64_t *offset, uint64_t *content, DcError *err) {
  bool checksum, last = false;
  if (!frame_header(bytes, offset, content, &checksum, err)) return false;
  while (!last) {
    unsigned char head[3];
    if (!spans_read_at(bytes, head, 3, *offset, err)) return false;
    uint64_t block = spans_little_endian(head, 3), type = block >> 1 & 3;
    last = block & 1;
    if (type == 3) return false;
    *offset += 3 + (type == 1 ? 1 : block >> 3); /* 1: one byte, repeated */
  }
  if (checksum) *offset += 4;
  return true;
}

static FileSpan *list_frames(FileBytes *bytes, uint64_t size, size_t *count, DcError *err) {
  FileSpan *frames = NULL;
  size_t n = 0, cap = 0;
  uint64_t offset = 0;
  while (offset < size) {
    unsigned char magic[8];
    uint64_t start = offset, content = 0;
    if (size - offset < 8 || !spans_read_at(bytes, magic, 8, offset, err)) break;
    uint64_t number = spans_little_endian(magic, 4);
    if (number >= 0x184D2A50 && number <= 0x184D2A5F) { /* a skippable frame */
      offset += 8 + spans_little_endian(magic + 4, 4);
      continue;
    }
    if (number != 0xFD2FB528 || !skip_frame(bytes, &offset, &content, err) || content > SPAN_MOST_CONTENT) break;
    VEC_GROW(frames, n, cap);
    frames[n++] = (FileSpan){start, offset - start, content};
  }
  if (offset == size && err->code == DC_OK) {
    *count = n;
    return frames;
  }
  dc_free(frames);
  return NULL;
}

static void *decoder_new(void) { return ZSTD_createDCtx(); }

static const char *decode(void *decoder, const char *packed, FileSpan span, char *data) {
  size_t size = ZSTD_decompressDCtx(decoder, data, span.content, packed, span.size);
  if (ZSTD_isError(size)) return ZSTD_getErrorName(size);
  return size == span.content ? NULL : "wrong content size";
}

static void decoder_free(void *decoder) { ZSTD_freeDCtx(decoder); }

const SpanKind spans_zstd = {CODEC_ZSTD, list_frames, decoder_new, decode, decoder_free};
