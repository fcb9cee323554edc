/* spans_gzip.c - the members of a gzip file in the BGZF format: the header of each tells its compressed size, its end the size
 * of the content. */
#include <libdeflate.h>

#include "io/spans_internal.h"

/* HEADER: of a member with BGZF's extra field; CONTENT_MOST: section 4.1 says that no member has more. */
enum { HEADER = 18, LEAST = 26, CONTENT_MOST = 65536 };

/* The size of the member with this header; 0: it is none of BGZF. */
static uint64_t member_size(const unsigned char *header) {
  bool bgzf = memcmp(header, "\x1f\x8b\x08\x04", 4) == 0 && memcmp(header + 10, "\x06\0" "BC\x02\0", 6) == 0;
  uint64_t size = bgzf ? spans_little_endian(header + 16, 2) + 1 : 0;
  return size >= LEAST ? size : 0;
}

/* The end of a member and the header of the next one lie side by side: one read for each member. */
static FileSpan *list_members(FileBytes *bytes, uint64_t size, size_t *count, DcError *err) {
  FileSpan *members = NULL;
  size_t n = 0, cap = 0;
  uint64_t offset = 0, length;
  unsigned char text[4 + HEADER];
  bool good = size >= LEAST && spans_read_at(bytes, text + 4, HEADER, 0, err);
  while (good && offset < size) {
    length = member_size(text + 4);
    uint64_t end = offset + length, ahead = end + HEADER <= size ? HEADER : 0;
    good = length && end <= size && (ahead || end == size) && spans_read_at(bytes, text, (size_t)(4 + ahead), end - 4, err);
    uint64_t content = spans_little_endian(text, 4);
    good = good && content <= CONTENT_MOST;
    if (!good) break;
    VEC_GROW(members, n, cap);
    members[n++] = (FileSpan){offset, length, content};
    offset = end;
  }
  if (good && offset == size && err->code == DC_OK) {
    *count = n;
    return members;
  }
  dc_free(members);
  return NULL;
}

static void *decoder_new(void) { return libdeflate_alloc_decompressor(); }

static const char *decode(void *decoder, const char *packed, FileSpan span, char *data) {
  char nothing[1];
  enum libdeflate_result result = libdeflate_gzip_decompress(decoder, packed, span.size, span.content ? data : nothing, span.content, NULL);
  return result == LIBDEFLATE_SUCCESS ? NULL : "bad gzip data or wrong checksum";
}

static void decoder_free(void *decoder) { libdeflate_free_decompressor(decoder); }

const SpanKind spans_gzip = {CODEC_GZIP, list_members, decoder_new, decode, decoder_free};
