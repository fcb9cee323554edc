/* codec_zstd.c - Zstandard (RFC 8878) by libzstd: frames with content size and checksum. */
#include <zstd.h>
#include <zstd_errors.h>

#include "io/codec.h"

static void *decoder_new(void) {
  ZSTD_DCtx *context = ZSTD_createDCtx();
  /* Files made with zstd --long need up to 2^31; the window is allocated only as far as a file uses it. */
  if (context && !ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, sizeof(size_t) == 8 ? 31 : 30))) return context;
  ZSTD_freeDCtx(context);
  return NULL;
}

static DecodeResult decode(void *decoder, CodecBuffers *buffers) {
  ZSTD_inBuffer in = {buffers->in, buffers->in_size, 0};
  ZSTD_outBuffer out = {buffers->out, buffers->out_size, 0};
  size_t result = ZSTD_decompressStream(decoder, &out, &in);
  buffers->in += in.pos;
  buffers->in_size -= in.pos;
  buffers->out += out.pos;
  buffers->out_size -= out.pos;
  if (!ZSTD_isError(result)) return result ? DECODE_MORE : DECODE_END;
  buffers->reason = ZSTD_getErrorName(result);
  return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ? DECODE_NO_MEMORY : DECODE_CORRUPT;
}

static void decoder_free(void *decoder) { ZSTD_freeDCtx(decoder); }

static void *encoder_new(int level) {
  ZSTD_CCtx *context = ZSTD_createCCtx();
  if (context && !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)) &&
      !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)) &&
      !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1)))
    return context;
  ZSTD_freeCCtx(context);
  return NULL;
}

static size_t bound(void *encoder, size_t len) {
  (void)encoder;
  return ZSTD_compressBound(len);
}

static size_t encode(void *encoder, const char *data, size_t len, char *out, size_t room, const char **reason) {
  size_t size = ZSTD_compress2(encoder, out, room, data, len);
  if (!ZSTD_isError(size)) return size;
  *reason = ZSTD_getErrorName(size);
  return 0;
}

static void encoder_free(void *encoder) { ZSTD_freeCCtx(encoder); }

const CodecBackend codec_zstd = {
  .decoder_new = decoder_new, .decode = decode, .decoder_free = decoder_free,
  .encoder_new = encoder_new, .bound = bound, .encode = encode, .encoder_free = encoder_free,
};
