/* snappy.c - Snappy by libsnappy, in two frames: that of its own framing_format.txt (.sz), with a CRC-32C of each chunk, and
 * that of Hadoop's SnappyCodec (.snappy), without checksums. Readers take both under both names. Neither has an end mark:
 * a file cut behind a chunk or block is a complete one. */
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "codecs.h"

enum { CHUNK_TEXT = 65536, CHUNK_COMPRESSED = 0, CHUNK_PLAIN = 1, CHUNK_SKIPPABLE = 0x80, CHUNK_IDENTIFIER = 0xff };
#define IDENTIFIER "\xff\x06\x00\x00sNaPpY"

/* ---- CRC-32C (RFC 3720, appendix B.4), masked as the format asks for ---- */

static uint32_t table[256];

__attribute__((constructor)) static void make_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    table[i] = crc;
  }
}

static uint32_t crc_portable(uint32_t crc, const char *data, size_t len) {
  for (size_t i = 0; i < len; i++) crc = table[(crc ^ (unsigned char)data[i]) & 0xff] ^ crc >> 8;
  return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc_fast(uint32_t start, const char *data, size_t len) {
  uint64_t crc = start, word;
  for (; len >= sizeof word; data += sizeof word, len -= sizeof word) {
    memcpy(&word, data, sizeof word);
    crc = _mm_crc32_u64(crc, word);
  }
  return crc_portable((uint32_t)crc, data, len);
}
#endif

static uint32_t masked_crc(const char *data, size_t len) {
#if defined(__x86_64__)
  uint32_t crc = ~(__builtin_cpu_supports("sse4.2") ? crc_fast : crc_portable)(~UINT32_C(0), data, len);
#else
  uint32_t crc = ~crc_portable(~UINT32_C(0), data, len);
#endif
  return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

/* ---- reading ---- */

typedef struct SnappyDecoder {
  bool started, framed;
  char head[4]; /* type and size of a chunk; at the beginning of the file, whatever stands there */
  size_t head_have;
  char *chunk;
  size_t chunk_size, chunk_have, chunk_room;
  bool in_chunk;
  char *text;
  size_t text_at, text_len;
  HadoopFrames frames;
} SnappyDecoder;

static bool unpack(const char *data, size_t size, char *out, size_t *len) {
  size_t whole;
  if (snappy_uncompressed_length(data, size, &whole) != SNAPPY_OK || whole > *len) return false;
  *len = whole;
  return snappy_uncompress(data, size, out, len) == SNAPPY_OK;
}

static void decoder_free(void *self) {
  SnappyDecoder *decoder = self;
  if (!decoder) return;
  free(decoder->chunk);
  free(decoder->text);
  hadoop_free(&decoder->frames);
  free(decoder);
}

static void *decoder_new(void) {
  SnappyDecoder *decoder = calloc(1, sizeof *decoder);
  if (!decoder) return NULL;
  decoder->frames.unpack = unpack;
  decoder->text = malloc(CHUNK_TEXT);
  if (decoder->text) return decoder;
  decoder_free(decoder);
  return NULL;
}

static DecodeResult corrupt(CodecBuffers *buffers, const char *reason) {
  buffers->reason = reason;
  return DECODE_CORRUPT;
}

static uint32_t little_endian(const char *data, int bytes) {
  uint32_t value = 0;
  while (bytes--) value = value << 8 | (unsigned char)data[bytes];
  return value;
}

/* The text of the chunk that has been read. */
static DecodeResult finish_chunk(SnappyDecoder *decoder, CodecBuffers *buffers) {
  int type = (unsigned char)decoder->head[0];
  const char *data = decoder->chunk + 4;
  size_t size = decoder->chunk_size - 4, len = CHUNK_TEXT;
  decoder->text_at = decoder->text_len = 0;
  if (type == CHUNK_IDENTIFIER)
    return memcmp(decoder->chunk, &IDENTIFIER[4], 6) == 0 ? DECODE_END : corrupt(buffers, "no snappy data");
  if (type >= CHUNK_SKIPPABLE) return DECODE_END;
  if (type == CHUNK_COMPRESSED && !unpack(data, size, decoder->text, &len)) return corrupt(buffers, "a bad chunk");
  if (type == CHUNK_PLAIN) {
    len = size;
    memcpy(decoder->text, data, size);
  }
  if (masked_crc(decoder->text, len) != little_endian(decoder->chunk, 4)) return corrupt(buffers, "wrong checksum");
  decoder->text_len = len;
  return DECODE_END;
}

/* The size of a chunk must be one that its type can have. */
static bool right_size(int type, size_t size) {
  if (type == CHUNK_IDENTIFIER) return size == 6;
  if (type == CHUNK_COMPRESSED) return size >= 4 && size <= 4 + snappy_max_compressed_length(CHUNK_TEXT);
  return type >= CHUNK_SKIPPABLE || (type == CHUNK_PLAIN && size >= 4 && size <= 4 + CHUNK_TEXT);
}

static DecodeResult decode_framed(SnappyDecoder *decoder, CodecBuffers *buffers) {
  if (!decoder->in_chunk) {
    if (!take_input(buffers, decoder->head, &decoder->head_have, sizeof decoder->head)) return DECODE_MORE;
    decoder->chunk_size = little_endian(decoder->head + 1, 3);
    decoder->chunk_have = 0;
    decoder->in_chunk = true;
    if (!right_size((unsigned char)decoder->head[0], decoder->chunk_size)) return corrupt(buffers, "an unknown or wrong chunk");
    if (!need_room(&decoder->chunk, &decoder->chunk_room, decoder->chunk_size)) return DECODE_NO_MEMORY;
  }
  if (decoder->text_at == decoder->text_len) {
    if (!take_input(buffers, decoder->chunk, &decoder->chunk_have, decoder->chunk_size)) return DECODE_MORE;
    DecodeResult result = finish_chunk(decoder, buffers);
    if (result != DECODE_END) return result;
  }
  if (!give_output(buffers, decoder->text, &decoder->text_at, decoder->text_len)) return DECODE_MORE;
  decoder->in_chunk = false;
  decoder->head_have = 0;
  return DECODE_END;
}

static DecodeResult decode(void *self, CodecBuffers *buffers) {
  SnappyDecoder *decoder = self;
  if (decoder->started) return decoder->framed ? decode_framed(decoder, buffers) : hadoop_decode(&decoder->frames, buffers);
  if (!take_input(buffers, decoder->head, &decoder->head_have, sizeof decoder->head)) return DECODE_MORE;
  decoder->started = true;
  decoder->framed = memcmp(decoder->head, IDENTIFIER, 4) == 0;
  if (decoder->framed) return decode_framed(decoder, buffers);
  CodecBuffers first = *buffers;
  first.in = decoder->head;
  first.in_size = sizeof decoder->head;
  DecodeResult result = hadoop_decode(&decoder->frames, &first);
  return result == DECODE_MORE && buffers->in_size ? hadoop_decode(&decoder->frames, buffers) : result;
}

/* ---- writing ---- */

static size_t bound(void *encoder, size_t len) {
  (void)encoder;
  return sizeof IDENTIFIER + (len / CHUNK_TEXT + 1) * (8 + snappy_max_compressed_length(CHUNK_TEXT));
}

static char *put_bytes(char *out, uint32_t value, const int *shifts, int count) {
  for (int i = 0; i < count; i++) *out++ = (char)(value >> shifts[i]);
  return out;
}

static size_t encode_sz(void *encoder, const char *data, size_t len, char *out, size_t room, const char **reason) {
  static const int little[] = {0, 8, 16, 24};
  char *at = out;
  (void)encoder;
  memcpy(at, IDENTIFIER, sizeof IDENTIFIER - 1);
  at += sizeof IDENTIFIER - 1;
  for (size_t done = 0; done < len; done += CHUNK_TEXT) {
    size_t piece = len - done < CHUNK_TEXT ? len - done : CHUNK_TEXT, size = room - (size_t)(at - out) - 8;
    if (snappy_compress(data + done, piece, at + 8, &size) != SNAPPY_OK) {
      *reason = "libsnappy failed";
      return 0;
    }
    bool plain = size >= piece - piece / 8; /* not worth it */
    if (plain) memcpy(at + 8, data + done, size = piece);
    *at = plain ? CHUNK_PLAIN : CHUNK_COMPRESSED;
    put_bytes(at + 1, (uint32_t)size + 4, little, 3);
    put_bytes(at + 4, masked_crc(data + done, piece), little, 4);
    at += 8 + size;
  }
  return (size_t)(at - out);
}

/* Blocks of one piece, of a size that Hadoop's buffers take. */
static size_t encode_hadoop(void *encoder, const char *data, size_t len, char *out, size_t room, const char **reason) {
  static const int big[] = {24, 16, 8, 0};
  char *at = out;
  size_t done = 0;
  (void)encoder;
  do {
    size_t piece = len - done < CHUNK_TEXT ? len - done : CHUNK_TEXT, size = room - (size_t)(at - out) - 8;
    at = put_bytes(at, (uint32_t)piece, big, 4);
    if (!piece) break;
    if (snappy_compress(data + done, piece, at + 4, &size) != SNAPPY_OK) {
      *reason = "libsnappy failed";
      return 0;
    }
    at = put_bytes(at, (uint32_t)size, big, 4) + size;
    done += piece;
  } while (done < len);
  return (size_t)(at - out);
}

const CodecBackend codec_sz = {
  .decoder_new = decoder_new, .decode = decode, .decoder_free = decoder_free,
  .encoder_new = level_new, .bound = bound, .encode = encode_sz, .encoder_free = free,
};
const CodecBackend codec_snappy = {
  .decoder_new = decoder_new, .decode = decode, .decoder_free = decoder_free,
  .encoder_new = level_new, .bound = bound, .encode = encode_hadoop, .encoder_free = free,
};
