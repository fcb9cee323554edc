/* codec.c - names of the codecs, and the compressor for outputs. */
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "io/stream.h"

DcCode codec_by_name(Str name, Codec *out, DcError *err) {
  static const struct {
    const char *name;
    Codec codec;
  } NAMES[] = {{"none", CODEC_NONE}, {"gz", CODEC_GZIP}, {"gzip", CODEC_GZIP}, {"zst", CODEC_ZSTD}, {"zstd", CODEC_ZSTD}};
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    if (!str_eq_nocase(name, str_of(NAMES[i].name))) continue;
    *out = NAMES[i].codec;
    return DC_OK;
  }
  dc_fail(err, "unknown codec \"%.*s\"", STR_ARG(name));
  dc_hint(err, "codecs are none, gzip (gz) and zstd (zst)");
  return err->code;
}

Codec codec_by_magic(const char *data, size_t len) {
  if (len >= 3 && memcmp(data, "\x1f\x8b\x08", 3) == 0) return CODEC_GZIP;
  if (len >= 4 && memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0) return CODEC_ZSTD;
  return CODEC_NONE;
}

const char *codec_suffix(Codec codec) {
  switch (codec) {
    case CODEC_NONE: return "";
    case CODEC_GZIP: return ".gz";
    case CODEC_ZSTD: return ".zst";
  }
  return "";
}

struct Compressor {
  Codec codec;
  bool failed; /* the library refused to start */
  z_stream gzip;
  ZSTD_CCtx *zstd;
};

Compressor *compressor_new(Codec codec, int level) {
  Compressor *compressor = dc_alloc(sizeof *compressor);
  compressor->codec = codec;
  if (codec == CODEC_GZIP) {
    int window = 15 + 16; /* + 16: with a gzip header */
    compressor->failed = deflateInit2(&compressor->gzip, level > 9 ? 9 : level ? level : 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK;
  } else if (codec == CODEC_ZSTD) {
    compressor->zstd = ZSTD_createCCtx();
    compressor->failed = !compressor->zstd ||
                         ZSTD_isError(ZSTD_CCtx_setParameter(compressor->zstd, ZSTD_c_compressionLevel, level ? level : 3)) ||
                         ZSTD_isError(ZSTD_CCtx_setParameter(compressor->zstd, ZSTD_c_checksumFlag, 1)) ||
                         ZSTD_isError(ZSTD_CCtx_setParameter(compressor->zstd, ZSTD_c_contentSizeFlag, 1));
  }
  return compressor;
}

/* zlib counts in 32 bits, so long blocks go in pieces. */
static DcCode gzip_block(z_stream *z, const char *data, size_t len, Buf *out, DcError *err) {
  enum { PIECE = 1 << 30 };
  if (deflateReset(z) != Z_OK) return dc_fail(err, "cannot compress: zlib cannot start over");
  int result = Z_OK;
  z->next_in = (const Bytef *)data;
  while (result != Z_STREAM_END) {
    if (!z->avail_in) {
      z->avail_in = len > PIECE ? PIECE : (uInt)len;
      len -= z->avail_in;
    }
    size_t bound = deflateBound(z, z->avail_in) + 64;
    buf_reserve(out, bound);
    z->next_out = (Bytef *)out->data + out->len;
    z->avail_out = (uInt)bound;
    result = deflate(z, len ? Z_NO_FLUSH : Z_FINISH);
    out->len += bound - z->avail_out;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      return dc_fail(err, "cannot compress: %s", z->msg ? z->msg : "zlib failed");
  }
  return DC_OK;
}

static DcCode zstd_block(ZSTD_CCtx *context, const char *data, size_t len, Buf *out, DcError *err) {
  size_t bound = ZSTD_compressBound(len);
  buf_reserve(out, bound);
  size_t size = ZSTD_compress2(context, out->data + out->len, bound, data, len);
  if (ZSTD_isError(size)) return dc_fail(err, "cannot compress: %s", ZSTD_getErrorName(size));
  out->len += size;
  return DC_OK;
}

DcCode compressor_block(Compressor *compressor, const char *data, size_t len, Buf *out, DcError *err) {
  if (compressor->failed) return dc_fail(err, "cannot compress: no memory for the compressor, or an unknown level");
  switch (compressor->codec) {
    case CODEC_NONE: buf_put(out, data, len); return DC_OK;
    case CODEC_GZIP: return gzip_block(&compressor->gzip, data, len, out, err);
    case CODEC_ZSTD: return zstd_block(compressor->zstd, data, len, out, err);
  }
  return DC_OK;
}

void compressor_free(Compressor *compressor) {
  if (!compressor) return;
  if (compressor->codec == CODEC_GZIP && !compressor->failed) deflateEnd(&compressor->gzip);
  ZSTD_freeCCtx(compressor->zstd);
  dc_free(compressor);
}
