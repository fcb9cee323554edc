/* codec_gzip.c - gzip (RFC 1952): members are read by ISA-L and written by libdeflate, each several times as fast as zlib.
 *
 * A block is written as members of at most 64 KiB that tell their compressed size: BGZF, section 4.1 of the SAM/BAM
 * specification. Every reader of gzip takes them, and those who know find the members and decompress them in parallel. An
 * empty member of 28 bytes ends the file, so one that was cut between two members is noticed (gzip_spans.c).
 */
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>

#include "io/codec.h"

/* ---- reading ---- */

/* The parts of a header in their order, RFC 1952, section 2.3. ISA-L could read it, but fails (2.30) where a header with a
 * checksum comes in pieces. */
typedef enum HeaderPart { PART_FIXED, PART_EXTRA_SIZE, PART_EXTRA, PART_NAME, PART_COMMENT, PART_CHECKSUM, PART_DONE } HeaderPart;
enum { FIXED = 10, FLAG_CHECKSUM = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS = 31 };

typedef struct GzipDecoder {
  struct inflate_state z;
  HeaderPart part;
  unsigned flags, number; /* number: of PART_EXTRA_SIZE, PART_CHECKSUM, low byte first */
  size_t at;              /* bytes of the part that have been read */
  uint32_t crc;           /* of the header */
} GzipDecoder;

static void *decoder_new(void) {
  GzipDecoder *decoder = dc_alloc(sizeof *decoder);
  isal_inflate_init(&decoder->z);
  return decoder;
}

/* Is the byte the one that must stand at this place of the fixed part? */
static const char *fixed_byte(GzipDecoder *decoder, unsigned char byte) {
  if (decoder->at == 3) decoder->flags = byte;
  if ((decoder->at == 0 && byte != 0x1f) || (decoder->at == 1 && byte != 0x8b)) return "no gzip header";
  if (decoder->at == 2 && byte != 8) return "unknown method of gzip";
  return decoder->at == 3 && byte > FLAGS ? "unknown flags of gzip" : NULL;
}

/* Goes on to the next part that the flags say there is. */
static void next_part(GzipDecoder *decoder) {
  static const unsigned flag_of[] = {0, FLAG_EXTRA, FLAG_EXTRA, FLAG_NAME, FLAG_COMMENT, FLAG_CHECKSUM, 0};
  unsigned extra = decoder->part == PART_EXTRA_SIZE ? decoder->number : 0;
  do decoder->part++;
  while (decoder->part != PART_DONE && !(decoder->flags & flag_of[decoder->part]));
  if (decoder->part == PART_EXTRA && !extra) {
    next_part(decoder);
    return;
  }
  decoder->at = 0;
  if (decoder->part != PART_EXTRA) decoder->number = 0;
}

/* Takes one byte of a header; NULL: it is right. */
static const char *header_byte(GzipDecoder *decoder, unsigned char byte) {
  const char *reason = decoder->part == PART_FIXED ? fixed_byte(decoder, byte) : NULL;
  if (reason) return reason;
  size_t at = decoder->at++;
  bool ends = false;
  if (decoder->part == PART_EXTRA_SIZE || decoder->part == PART_CHECKSUM) decoder->number |= (unsigned)byte << 8 * at;
  if (decoder->part == PART_CHECKSUM && at == 1 && decoder->number != (decoder->crc & 0xffff)) return "wrong checksum of the header";
  if (decoder->part != PART_CHECKSUM) decoder->crc = libdeflate_crc32(decoder->crc, &byte, 1);
  switch (decoder->part) {
    case PART_FIXED: ends = at + 1 == FIXED; break;
    case PART_EXTRA_SIZE:
    case PART_CHECKSUM: ends = at == 1; break;
    case PART_EXTRA: ends = at + 1 == decoder->number; break;
    case PART_NAME:
    case PART_COMMENT: ends = byte == 0; break;
    case PART_DONE: break;
  }
  if (ends) next_part(decoder);
  return NULL;
}

/* The content of a member and its trailer, whose checksum and size are checked. */
static DecodeResult inflate_some(GzipDecoder *decoder, CodecBuffers *buffers) {
  struct inflate_state *z = &decoder->z;
  const size_t most = 1 << 30; /* it counts in 32 bits */
  uint32_t in = (uint32_t)(buffers->in_size < most ? buffers->in_size : most), out = (uint32_t)(buffers->out_size < most ? buffers->out_size : most);
  z->next_in = (uint8_t *)(uintptr_t)buffers->in; /* it is only read */
  z->avail_in = in;
  z->next_out = (uint8_t *)buffers->out;
  z->avail_out = out;
  int result = isal_inflate(z);
  buffers->in += in - z->avail_in;
  buffers->in_size -= in - z->avail_in;
  buffers->out += out - z->avail_out;
  buffers->out_size -= out - z->avail_out;
  if (result < 0 || result == ISAL_NEED_DICT) {
    buffers->reason = result == ISAL_INCORRECT_CHECKSUM ? "wrong checksum" : "bad gzip data";
    return DECODE_CORRUPT;
  }
  return z->block_state == ISAL_BLOCK_FINISH ? DECODE_END : DECODE_MORE;
}

static DecodeResult decode(void *self, CodecBuffers *buffers) {
  GzipDecoder *decoder = self;
  while (decoder->part != PART_DONE) {
    if (!buffers->in_size) return DECODE_MORE;
    buffers->reason = header_byte(decoder, (unsigned char)*buffers->in);
    if (buffers->reason) return DECODE_CORRUPT;
    buffers->in++;
    buffers->in_size--;
    if (decoder->part != PART_DONE) continue;
    isal_inflate_reset(&decoder->z);
    decoder->z.crc_flag = ISAL_GZIP_NO_HDR_VER;
  }
  DecodeResult result = inflate_some(decoder, buffers);
  if (result != DECODE_END) return result;
  decoder->part = PART_FIXED;
  decoder->at = decoder->crc = 0;
  return result;
}

static void decoder_free(void *decoder) { dc_free(decoder); }

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
