/* codec_gzip.c - gzip (RFC 1952): members are read by zlib and written by libdeflate.
 *
 * A block is written as members of at most 64 KiB that tell their compressed size: BGZF, section 4.1 of the SAM/BAM
 * specification. Every reader of gzip takes them, and those who know find the members and decompress them in parallel. An
 * empty member of 28 bytes ends the file, so one that was cut between two members is noticed (gzip_spans.c).
 */
#define ZLIB_CONST
#include <libdeflate.h>
#include <zlib.h>

#include "io/codec.h"

/* ---- reading ---- */

typedef struct GzipDecoder {
  z_stream z;
  bool ended; /* a member did: the next one starts over */
} GzipDecoder;

static void *decoder_new(void) {
  GzipDecoder *decoder = dc_alloc(sizeof *decoder);
  if (inflateInit2(&decoder->z, 15 + 16) == Z_OK) return decoder; /* + 16: with a gzip header */
  dc_free(decoder);
  return NULL;
}

static DecodeResult decode(void *self, CodecBuffers *buffers) {
  GzipDecoder *decoder = self;
  z_stream *z = &decoder->z;
  const size_t most = 1 << 30; /* zlib counts in 32 bits */
  if (decoder->ended && inflateReset(z) != Z_OK) return DECODE_NO_MEMORY;
  uInt in = (uInt)(buffers->in_size < most ? buffers->in_size : most), out = (uInt)(buffers->out_size < most ? buffers->out_size : most);
  z->next_in = (const Bytef *)buffers->in;
  z->avail_in = in;
  z->next_out = (Bytef *)buffers->out;
  z->avail_out = out;
  int result = inflate(z, Z_NO_FLUSH);
  buffers->in += in - z->avail_in;
  buffers->in_size -= in - z->avail_in;
  buffers->out += out - z->avail_out;
  buffers->out_size -= out - z->avail_out;
  decoder->ended = result == Z_STREAM_END;
  if (decoder->ended) return DECODE_END;
  if (result == Z_OK || result == Z_BUF_ERROR) return DECODE_MORE;
  if (result == Z_MEM_ERROR) return DECODE_NO_MEMORY;
  buffers->reason = z->msg ? z->msg : "no gzip data";
  return DECODE_CORRUPT;
}

static void decoder_free(void *self) {
  GzipDecoder *decoder = self;
  if (!decoder) return;
  inflateEnd(&decoder->z);
  dc_free(decoder);
}

/* ---- writing ---- */

/* HEADER: of a gzip member with BGZF's extra field; the last two bytes are the size of the member, less one. */
enum { PIECE = 0xff00, HEADER = 18, TRAILER = 8, MEMBER_MOST = 0x10000 };

typedef struct GzipEncoder {
  struct libdeflate_compressor *fast;
  struct libdeflate_compressor *stored; /* for pieces that cannot be compressed: their size has a bound */
} GzipEncoder;

static void encoder_free(void *self) {
  GzipEncoder *encoder = self;
  if (!encoder) return;
  libdeflate_free_compressor(encoder->fast);
  libdeflate_free_compressor(encoder->stored);
  dc_free(encoder);
}

static void *encoder_new(int level) {
  GzipEncoder *encoder = dc_alloc(sizeof *encoder);
  encoder->fast = libdeflate_alloc_compressor(level);
  encoder->stored = libdeflate_alloc_compressor(0);
  if (encoder->fast && encoder->stored) return encoder;
  encoder_free(encoder);
  return NULL;
}

static size_t bound(void *encoder, size_t len) {
  (void)encoder;
  return (len / PIECE + 1) * MEMBER_MOST;
}

static char *put_little_endian(char *out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; i++) *out++ = (char)(value >> (8 * i));
  return out;
}

/* One member; returns its size. */
static size_t encode_piece(GzipEncoder *encoder, const char *data, size_t len, char *out) {
  static const char header[] = "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0" "BC\x02\0";
  const size_t room = MEMBER_MOST - HEADER - TRAILER;
  size_t size = libdeflate_deflate_compress(encoder->fast, data, len, out + HEADER, room);
  if (!size) size = libdeflate_deflate_compress(encoder->stored, data, len, out + HEADER, room);
  memcpy(out, header, HEADER - 2);
  put_little_endian(out + HEADER - 2, (uint32_t)(size + HEADER + TRAILER - 1), 2);
  char *trailer = put_little_endian(out + HEADER + size, libdeflate_crc32(0, data, len), 4);
  put_little_endian(trailer, (uint32_t)len, 4);
  return size ? size + HEADER + TRAILER : 0;
}

static size_t encode(void *self, const char *data, size_t len, char *out, size_t room, const char **reason) {
  size_t at = 0, done = 0;
  (void)room; /* bound() has been asked */
  do {
    size_t piece = len - at < PIECE ? len - at : PIECE, size = encode_piece(self, data + at, piece, out + done);
    if (!size) {
      *reason = "libdeflate failed";
      return 0;
    }
    at += piece;
    done += size;
  } while (at < len);
  return done;
}

const CodecBackend codec_gzip = {
  .decoder_new = decoder_new, .decode = decode, .decoder_free = decoder_free,
  .encoder_new = encoder_new, .bound = bound, .encode = encode, .encoder_free = encoder_free,
  .mark = CODEC_GZIP_MARK, .mark_size = CODEC_GZIP_MARK_SIZE,
};
