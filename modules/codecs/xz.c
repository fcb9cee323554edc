/* xz.c - xz by liblzma: streams with a CRC-64, which is what xz(1) writes. */
#include <lzma.h>
#include <stdlib.h>

#include "codecs.h"

typedef struct XzDecoder {
  lzma_stream z;
  bool open; /* z is in a stream */
} XzDecoder;

static void *decoder_new(void) { return calloc(1, sizeof(XzDecoder)); }

static void decoder_free(void *self) {
  XzDecoder *decoder = self;
  if (decoder) lzma_end(&decoder->z);
  free(decoder);
}

static const char *reason_of(lzma_ret result) {
  switch (result) {
    case LZMA_FORMAT_ERROR: return "no xz data";
    case LZMA_OPTIONS_ERROR: return "unknown options of xz";
    case LZMA_UNSUPPORTED_CHECK: return "unknown kind of checksum";
    case LZMA_BUF_ERROR: return "it does not go on";
    default: return "wrong checksum or bad xz data";
  }
}

static DecodeResult decode(void *self, CodecBuffers *buffers) {
  XzDecoder *decoder = self;
  lzma_stream *z = &decoder->z;
  /* A checksum that this liblzma cannot check is an error, not passed over. */
  if (!decoder->open && lzma_stream_decoder(z, UINT64_MAX, LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK) return DECODE_NO_MEMORY;
  decoder->open = true;
  z->next_in = (const uint8_t *)buffers->in;
  z->avail_in = buffers->in_size;
  z->next_out = (uint8_t *)buffers->out;
  z->avail_out = buffers->out_size;
  lzma_ret result = lzma_code(z, LZMA_RUN);
  buffers->in += buffers->in_size - z->avail_in;
  buffers->in_size = z->avail_in;
  buffers->out += buffers->out_size - z->avail_out;
  buffers->out_size = z->avail_out;
  if (result == LZMA_OK || result == LZMA_BUF_ERROR) return DECODE_MORE;
  if (result == LZMA_MEM_ERROR) return DECODE_NO_MEMORY;
  if (result == LZMA_STREAM_END) {
    decoder->open = false; /* lzma_stream_decoder starts over with the same memory */
    return DECODE_END;
  }
  buffers->reason = reason_of(result);
  return DECODE_CORRUPT;
}

static size_t bound(void *encoder, size_t len) {
  (void)encoder;
  return lzma_stream_buffer_bound(len);
}

static size_t encode(void *encoder, const char *data, size_t len, char *out, size_t room, const char **reason) {
  size_t size = 0;
  lzma_options_lzma options;
  if (lzma_lzma_preset(&options, (uint32_t)level_of(encoder))) {
    *reason = "unknown level";
    return 0;
  }
  while (options.dict_size / 2 >= len && options.dict_size > LZMA_DICT_SIZE_MIN * 2) options.dict_size /= 2; /* more gains nothing */
  lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
  lzma_ret result = lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC64, NULL, (const uint8_t *)data, len, (uint8_t *)out, &size, room);
  if (result == LZMA_OK) return size;
  *reason = result == LZMA_MEM_ERROR ? "no memory" : "liblzma failed";
  return 0;
}

const CodecBackend codec_xz = {
  .decoder_new = decoder_new, .decode = decode, .decoder_free = decoder_free,
  .encoder_new = level_new, .bound = bound, .encode = encode, .encoder_free = free,
};
