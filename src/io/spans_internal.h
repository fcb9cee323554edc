/* spans_internal.h - shared by spans*.c. */
#ifndef IO_SPANS_INTERNAL_H
#define IO_SPANS_INTERNAL_H

#include "io/bytes.h"
#include "io/spans.h"

/* A member is decompressed whole, into memory; larger ones are left to the reader in order. */
#define SPAN_MOST_CONTENT (UINT64_C(1) << 30)

static inline uint64_t spans_little_endian(const unsigned char *data, size_t n) {
  uint64_t value = 0;
  while (n) value = value << 8 | data[--n];
  return value;
}

/* Reads exactly size bytes; false: the file is shorter, or err is set. */
bool spans_read_at(FileBytes *bytes, void *data, size_t size, uint64_t offset, DcError *err);

/* How a codec finds and decompresses its members. */
typedef struct SpanKind {
  Codec codec;
  /* All members of a file of `size` bytes; NULL: it does not consist of such, or err is set. */
  FileSpan *(*list)(FileBytes *bytes, uint64_t size, size_t *count, DcError *err);
  void *(*decoder_new)(void); /* NULL: no memory */
  /* NULL: done; else why not. */
  const char *(*decode)(void *decoder, const char *packed, FileSpan span, char *data);
  void (*decoder_free)(void *decoder);
} SpanKind;

extern const SpanKind spans_gzip, spans_zstd;

#endif
