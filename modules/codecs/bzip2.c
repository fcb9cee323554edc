/* bzip2.c - bzip2 by libbz2: streams with a checksum of each block and of all. */
#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>

#include "codecs.h"

enum { MOST = 1 << 30 }; /* libbz2 counts in 32 bits */

typedef struct Bzip2Decoder {
  bz_stream z;
  bool open; /* z is in a stream */
} Bzip2Decoder;

static void *decoder_new(void) { return calloc(1, sizeof(Bzip2Decoder)); }

static void decoder_free(void *self) {
  Bzip2Decoder *decoder = self;
  if (decoder && decoder->open) BZ2_bzDecompressEnd(&decoder->z);
  free(decoder);
}

static DecodeResult decode(void *self, CodecBuffers *buffers) {
  Bzip2Decoder *decoder = self;
  bz_stream *z = &decoder->z;
  if (!decoder->open && BZ2_bzDecompressInit(z, 0, 0) != BZ_OK) return DECODE_NO_MEMORY;
  decoder->open = true;
  unsigned in = (unsigned)(buffers->in_size < MOST ? buffers->in_size : MOST), out = (unsigned)(buffers->out_size < MOST ? buffers->out_size : MOST);
  z->next_in = (char *)(uintptr_t)buffers->in; /* it is only read */
  z->avail_in = in;
  z->next_out = buffers->out;
  z->avail_out = out;
  int result = BZ2_bzDecompress(z);
  buffers->in += in - z->avail_in;
  buffers->in_size -= in - z->avail_in;
  buffers->out += out - z->avail_out;
  buffers->out_size -= out - z->avail_out;
  if (result == BZ_OK) return DECODE_MORE;
  if (result == BZ_MEM_ERROR) return DECODE_NO_MEMORY;
  if (result == BZ_STREAM_END) {
    BZ2_bzDecompressEnd(z);
    *decoder = (Bzip2Decoder){.open = false};
    return DECODE_END;
  }
  buffers->reason = result == BZ_DATA_ERROR_MAGIC ? "no bzip2 data" : "wrong checksum or bad bzip2 data";
  return DECODE_CORRUPT;
}

/* "1% larger than the original data, plus 600 bytes", says the manual of libbz2. */
static size_t bound(void *encoder, size_t len) {
  (void)encoder;
  return len + len / 100 + 601;
}

static size_t encode(void *encoder, const char *data, size_t len, char *out, size_t room, const char **reason) {
  bz_stream z = {0};
  size_t left = len, free_bytes = room;
  int result = BZ2_bzCompressInit(&z, level_of(encoder), 0, 0);
  if (result != BZ_OK) {
    *reason = "no memory";
    return 0;
  }
  z.next_in = (char *)(uintptr_t)data;
  z.next_out = out;
  do {
    if (!z.avail_in) left -= z.avail_in = (unsigned)(left < MOST ? left : MOST);
    if (!z.avail_out) free_bytes -= z.avail_out = (unsigned)(free_bytes < MOST ? free_bytes : MOST);
    result = BZ2_bzCompress(&z, left ? BZ_RUN : BZ_FINISH);
  } while (result == BZ_RUN_OK || result == BZ_FINISH_OK);
  BZ2_bzCompressEnd(&z);
  if (result == BZ_STREAM_END) return (size_t)(z.next_out - out);
  *reason = "libbz2 failed";
  return 0;
}

const CodecBackend codec_bzip2 = {
  .decoder_new = decoder_new, .decode = decode, .decoder_free = decoder_free,
  .encoder_new = level_new, .bound = bound, .encode = encode, .encoder_free = free,
};
