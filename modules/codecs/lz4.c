/* lz4.c - LZ4 by liblz4: frames with the size and a checksum of the content. Files that begin with no frame are read as
 * Hadoop's Lz4Codec frames them; it writes .lz4, too. */
#include <lz4.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>

#include "codecs.h"

typedef struct Lz4Decoder {
  LZ4F_dctx *context;
  bool started, hadoop;
  unsigned char magic[4];
  size_t magic_have, magic_given;
  HadoopFrames frames;
} Lz4Decoder;

static bool unpack(const char *data, size_t size, char *out, size_t *len) {
  int result = LZ4_decompress_safe(data, out, (int)size, (int)*len);
  *len = result < 0 ? 0 : (size_t)result;
  return result >= 0;
}

static void decoder_free(void *self) {
  Lz4Decoder *decoder = self;
  if (!decoder) return;
  LZ4F_freeDecompressionContext(decoder->context);
  hadoop_free(&decoder->frames);
  free(decoder);
}

static void *decoder_new(void) {
  Lz4Decoder *decoder = calloc(1, sizeof *decoder);
  if (!decoder) return NULL;
  decoder->frames.unpack = unpack;
  if (!LZ4F_isError(LZ4F_createDecompressionContext(&decoder->context, LZ4F_VERSION))) return decoder;
  decoder->context = NULL;
  decoder_free(decoder);
  return NULL;
}

/* A frame, a skippable one, or the old format, which is no frame of ours either. */
static bool is_frame(const unsigned char *magic) {
  bool skippable = (magic[0] & 0xf0) == 0x50 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0;
  return skippable || memcmp(magic, "\x04\x22\x4d\x18", 4) == 0 || memcmp(magic, "\x02\x21\x4c\x18", 4) == 0;
}

static DecodeResult decode_frames(LZ4F_dctx *context, CodecBuffers *buffers) {
  size_t in = buffers->in_size, out = buffers->out_size;
  size_t result = LZ4F_decompress(context, buffers->out, &out, buffers->in, &in, NULL);
  if (LZ4F_isError(result)) {
    buffers->reason = LZ4F_getErrorName(result);
    LZ4F_resetDecompressionContext(context);
    return strcmp(buffers->reason, "ERROR_allocation_failed") == 0 ? DECODE_NO_MEMORY : DECODE_CORRUPT;
  }
  buffers->in += in;
  buffers->in_size -= in;
  buffers->out += out;
  buffers->out_size -= out;
  return result ? DECODE_MORE : DECODE_END;
}

/* The first bytes of the file tell which of the two formats it has; they are given to its decoder first. */
static DecodeResult decode(void *self, CodecBuffers *buffers) {
  Lz4Decoder *decoder = self;
  if (!decoder->started) {
    if (!take_input(buffers, decoder->magic, &decoder->magic_have, sizeof decoder->magic)) return DECODE_MORE;
    decoder->started = true;
    decoder->hadoop = !is_frame(decoder->magic);
    CodecBuffers first = *buffers;
    first.in = (const char *)decoder->magic;
    first.in_size = sizeof decoder->magic;
    DecodeResult result = decoder->hadoop ? hadoop_decode(&decoder->frames, &first) : decode_frames(decoder->context, &first);
    buffers->reason = first.reason;
    if (result != DECODE_MORE || !buffers->in_size) return result;
  }
  return decoder->hadoop ? hadoop_decode(&decoder->frames, buffers) : decode_frames(decoder->context, buffers);
}

static void *encoder_new(int level) {
  LZ4F_preferences_t *preferences = calloc(1, sizeof *preferences);
  if (!preferences) return NULL;
  preferences->compressionLevel = level;
  preferences->frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  preferences->frameInfo.blockSizeID = LZ4F_max4MB;
  return preferences;
}

static size_t bound(void *encoder, size_t len) { return LZ4F_compressFrameBound(len, encoder); }

static size_t encode(void *encoder, const char *data, size_t len, char *out, size_t room, const char **reason) {
  LZ4F_preferences_t *preferences = encoder;
  preferences->frameInfo.contentSize = len;
  size_t size = LZ4F_compressFrame(out, room, data, len, preferences);
  if (!LZ4F_isError(size)) return size;
  *reason = LZ4F_getErrorName(size);
  return 0;
}

const CodecBackend codec_lz4 = {
  .decoder_new = decoder_new, .decode = decode, .decoder_free = decoder_free,
  .encoder_new = encoder_new, .bound = bound, .encode = encode, .encoder_free = free,
};
