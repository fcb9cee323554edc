/* block.c - the codecs of blocks. */
#include <bzlib.h>
#include <lzma.h>
#include <snappy-c.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "avro.h"

static const struct { const char *name; int levels; } codecs[AVRO_CODECS] = {
  {"null", 0}, {"deflate", 9}, {"snappy", 0}, {"zstandard", 22}, {"bzip2", 9}, {"xz", 9}};

AvroCodec avro_codec(const char *name, size_t len) {
  AvroCodec codec = AVRO_PLAIN;
  while (codec < AVRO_CODECS && (strlen(codecs[codec].name) != len || memcmp(codecs[codec].name, name, len) != 0)) codec++;
  return codec;
}

const char *avro_codec_name(AvroCodec codec) { return codecs[codec].name; }
int avro_codec_levels(AvroCodec codec) { return codecs[codec].levels; }

/* --- Unpacking --- */

static int damaged(AvroCodec codec, TableError *error) { return MODULE_FAIL(error, "a block is damaged: it is no %s data", codecs[codec].name); }

/* Room for more output; -1: the block is too large. */
static int more_room(Bytes *out, TableError *error) {
  if (out->len >= AVRO_MOST_BLOCK) return MODULE_FAIL(error, "a block of more than 1 GiB");
  size_t step = out->len < 65536 ? 65536 : out->len;
  if (step > AVRO_MOST_BLOCK - out->len) step = AVRO_MOST_BLOCK - out->len;
  return bytes_reserve(out, step) ? 0 : MODULE_FAIL(error, "no memory left for a block");
}

static int inflate_all(const uint8_t *data, size_t len, Bytes *out, TableError *error) {
  z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
  if (inflateInit2(&z, -15) != Z_OK) return MODULE_FAIL(error, "no memory left for a block");
  int status = Z_OK;
  while (status == Z_OK && more_room(out, error) == 0) {
    z.next_out = out->data + out->len;
    z.avail_out = (uInt)(out->cap - out->len > AVRO_MOST_BLOCK ? AVRO_MOST_BLOCK : out->cap - out->len);
    status = inflate(&z, Z_NO_FLUSH);
    out->len = (size_t)(z.next_out - out->data);
  }
  bool whole = status == Z_STREAM_END && z.avail_in <= 4; /* some writers leave a part of zlib's checksum behind */
  inflateEnd(&z);
  return whole ? 0 : damaged(AVRO_DEFLATE, error);
}

static int unsnap(const uint8_t *data, size_t len, Bytes *out, TableError *error) {
  size_t size;
  if (len < 4 || snappy_uncompressed_length((const char *)data, len - 4, &size) != SNAPPY_OK || size > AVRO_MOST_BLOCK || size / 300 > len)
    return damaged(AVRO_SNAPPY, error);
  if (!bytes_reserve(out, size)) return MODULE_FAIL(error, "no memory left for a block");
  if (snappy_uncompress((const char *)data, len - 4, (char *)out->data, &size) != SNAPPY_OK) return damaged(AVRO_SNAPPY, error);
  const uint8_t *sum = data + len - 4;
  uint32_t wanted = (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];
  if (crc32(0, out->data, (uInt)size) != wanted) return MODULE_FAIL(error, "a block is damaged: its checksum is wrong");
  out->len = size;
  return 0;
}

static int unzstd(const uint8_t *data, size_t len, Bytes *out, TableError *error) {
  ZSTD_DStream *z = ZSTD_createDStream();
  if (!z) return MODULE_FAIL(error, "no memory left for a block");
  ZSTD_inBuffer in = {data, len, 0};
  size_t left = 1;
  while ((left || in.pos < in.size) && more_room(out, error) == 0) {
    ZSTD_outBuffer to = {out->data + out->len, out->cap - out->len, 0};
    size_t before = in.pos;
    left = ZSTD_decompressStream(z, &to, &in);
    out->len += to.pos;
    if (ZSTD_isError(left) || (in.pos == before && !to.pos)) break;
  }
  ZSTD_freeDStream(z);
  return left == 0 && in.pos == in.size && !error->text[0] ? 0 : damaged(AVRO_ZSTANDARD, error);
}

static int unbzip2(const uint8_t *data, size_t len, Bytes *out, TableError *error) {
  bz_stream z = {.next_in = (char *)data, .avail_in = (unsigned)len};
  if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK) return MODULE_FAIL(error, "no memory left for a block");
  int status = BZ_OK;
  while (status == BZ_OK && more_room(out, error) == 0) {
    z.next_out = (char *)out->data + out->len;
    z.avail_out = (unsigned)(out->cap - out->len);
    unsigned in_before = z.avail_in, out_before = z.avail_out;
    status = BZ2_bzDecompress(&z);
    out->len = (size_t)((uint8_t *)z.next_out - out->data);
    if (z.avail_in == in_before && z.avail_out == out_before) break;
  }
  bool whole = status == BZ_STREAM_END && z.avail_in == 0;
  BZ2_bzDecompressEnd(&z);
  return whole ? 0 : damaged(AVRO_BZIP2, error);
}

static int unxz(const uint8_t *data, size_t len, Bytes *out, TableError *error) {
  lzma_stream z = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&z, UINT64_C(256) << 20, 0) != LZMA_OK) return MODULE_FAIL(error, "no memory left for a block");
  z.next_in = data;
  z.avail_in = len;
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK && more_room(out, error) == 0) {
    z.next_out = out->data + out->len;
    z.avail_out = out->cap - out->len;
    status = lzma_code(&z, LZMA_FINISH);
    out->len = (size_t)(z.next_out - out->data);
  }
  bool whole = status == LZMA_STREAM_END && z.avail_in == 0;
  lzma_end(&z);
  return whole ? 0 : damaged(AVRO_XZ, error);
}

int avro_unpack(AvroCodec codec, const uint8_t *data, size_t len, Bytes *out, TableError *error) {
  out->len = 0;
  if (!bytes_reserve(out, 0)) return MODULE_FAIL(error, "no memory left for a block"); /* also an empty one has an address */
  switch (codec) {
    case AVRO_DEFLATE: return inflate_all(data, len, out, error);
    case AVRO_SNAPPY: return unsnap(data, len, out, error);
    case AVRO_ZSTANDARD: return unzstd(data, len, out, error);
    case AVRO_BZIP2: return unbzip2(data, len, out, error);
    case AVRO_XZ: return unxz(data, len, out, error);
    default: bytes_put(out, data, len); return out->failed ? MODULE_FAIL(error, "no memory left for a block") : 0;
  }
}

/* --- Packing --- */

static int pack_deflate(int level, const uint8_t *data, size_t len, Bytes *out) {
  z_stream z = {0};
  if (deflateInit2(&z, level ? level : 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) return -1;
  bool room = bytes_reserve(out, deflateBound(&z, len));
  z.next_in = (Bytef *)data;
  z.avail_in = (uInt)len;
  z.next_out = out->data;
  z.avail_out = (uInt)out->cap;
  int status = room ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
  out->len = z.total_out;
  deflateEnd(&z);
  return status == Z_STREAM_END ? 0 : -1;
}

static int pack_snappy(const uint8_t *data, size_t len, Bytes *out) {
  size_t size = snappy_max_compressed_length(len);
  if (!bytes_reserve(out, size + 4) || snappy_compress((const char *)data, len, (char *)out->data, &size) != SNAPPY_OK) return -1;
  uint32_t sum = (uint32_t)crc32(0, data, (uInt)len);
  const uint8_t tail[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8), (uint8_t)sum};
  out->len = size;
  bytes_put(out, tail, sizeof tail);
  return 0;
}

static int pack_zstd(int level, const uint8_t *data, size_t len, Bytes *out) {
  if (!bytes_reserve(out, ZSTD_compressBound(len))) return -1;
  size_t size = ZSTD_compress(out->data, out->cap, data, len, level ? level : 3);
  out->len = ZSTD_isError(size) ? 0 : size;
  return ZSTD_isError(size) ? -1 : 0;
}

static int pack_bzip2(int level, const uint8_t *data, size_t len, Bytes *out) {
  if (!bytes_reserve(out, len + len / 100 + 700)) return -1;
  unsigned size = (unsigned)out->cap;
  int status = BZ2_bzBuffToBuffCompress((char *)out->data, &size, (char *)data, (unsigned)len, level ? level : 9, 0, 0);
  out->len = size;
  return status == BZ_OK ? 0 : -1;
}

static int pack_xz(int level, const uint8_t *data, size_t len, Bytes *out) {
  size_t size = 0;
  if (!bytes_reserve(out, lzma_stream_buffer_bound(len))) return -1;
  lzma_ret status = lzma_easy_buffer_encode(level ? (uint32_t)level : 6, LZMA_CHECK_CRC64, NULL, data, len, out->data, &size, out->cap);
  out->len = size;
  return status == LZMA_OK ? 0 : -1;
}

int avro_pack(AvroCodec codec, int level, const uint8_t *data, size_t len, Bytes *out, TableError *error) {
  int status = 0;
  out->len = 0;
  switch (codec) {
    case AVRO_DEFLATE: status = pack_deflate(level, data, len, out); break;
    case AVRO_SNAPPY: status = pack_snappy(data, len, out); break;
    case AVRO_ZSTANDARD: status = pack_zstd(level, data, len, out); break;
    case AVRO_BZIP2: status = pack_bzip2(level, data, len, out); break;
    case AVRO_XZ: status = pack_xz(level, data, len, out); break;
    default: bytes_put(out, data, len); status = out->failed ? -1 : 0;
  }
  return status ? MODULE_FAIL(error, "a block cannot be compressed by %s", codecs[codec].name) : 0;
}
