/* codec.c - the table of codecs, and the compressor for outputs. */
#include "io/codec.h"

#include <pthread.h>
#include <stdio.h>

#include "base/module.h"

typedef struct CodecRow {
  const char *name;
  const char *aliases[2];  /* suffixes without the dot are names, too */
  const char *suffixes[2]; /* the first one is written */
  const char *magics[2];   /* first bytes; ? any */
  unsigned padding;
  int least, most, normal; /* levels; most 0: it has none */
  const CodecBackend *backend; /* NULL: from the module */
} CodecRow;

static const CodecRow rows[] = {
  [CODEC_NONE] = {.name = "none"},
  [CODEC_GZIP] = {"gzip", {NULL}, {".gz"}, {"\x1f\x8b\x08"}, 1, 1, 12, 6, &codec_gzip},
  [CODEC_ZSTD] = {"zstd", {NULL}, {".zst", ".zstd"}, {"\x28\xb5\x2f\xfd"}, 0, 1, 22, 3, &codec_zstd},
  [CODEC_BZIP2] = {"bzip2", {"bzip"}, {".bz2", ".bz"}, {"BZh?1AY&SY", "BZh?\x17rE8P\x90"}, 0, 1, 9, 9, NULL},
  [CODEC_XZ] = {"xz", {NULL}, {".xz"}, {"\xfd" "7zXZ"}, 4, 0, 9, 6, NULL},
  [CODEC_LZ4] = {"lz4", {NULL}, {".lz4"}, {"\x04\x22\x4d\x18"}, 0, 1, 12, 1, NULL},
  [CODEC_SNAPPY] = {"snappy", {NULL}, {".snappy"}, {NULL}, 0, 0, 0, 0, NULL},
  [CODEC_SZ] = {"sz", {"snappy-framed"}, {".sz"}, {"\xff\x06??sNaPpY"}, 0, 0, 0, 0, NULL},
};
enum { ROWS = sizeof rows / sizeof *rows };

static bool is_name(const CodecRow *row, Str name) {
  if (str_eq_nocase(name, str_of(row->name))) return true;
  for (size_t i = 0; i < 2; i++) {
    if (row->aliases[i] && str_eq_nocase(name, str_of(row->aliases[i]))) return true;
    if (row->suffixes[i] && str_eq_nocase(name, str_of(row->suffixes[i] + 1))) return true;
  }
  return false;
}

const char *codec_names(void) { return "none, gzip (gz), zstd (zst), bzip2 (bz2), xz, lz4, snappy and sz"; }

DcCode codec_by_name(Str name, Codec *out, DcError *err) {
  for (int i = 0; i < ROWS; i++) {
    if (!is_name(&rows[i], name)) continue;
    *out = (Codec)i;
    return DC_OK;
  }
  dc_fail(err, "unknown codec \"%.*s\"", STR_ARG(name));
  dc_hint(err, "codecs are %s", codec_names());
  return err->code;
}

Codec codec_by_suffix(Str path) {
  for (int i = 0; i < ROWS; i++)
    for (size_t k = 0; k < 2; k++)
      if (rows[i].suffixes[k] && str_ends(path, str_of(rows[i].suffixes[k]))) return (Codec)i;
  return CODEC_NONE;
}

/* How much of the pattern the bytes have: false where one differs. */
static bool begins_like(const char *data, size_t len, const char *pattern, bool *whole) {
  size_t size = strlen(pattern);
  for (size_t i = 0; i < size && i < len; i++)
    if (pattern[i] != '?' && pattern[i] != data[i]) return false;
  *whole = len >= size;
  return true;
}

Codec codec_by_magic(const char *data, size_t len, bool *more) {
  bool whole, could = false;
  for (int i = 0; i < ROWS; i++) {
    for (size_t k = 0; k < 2; k++) {
      if (!rows[i].magics[k] || !begins_like(data, len, rows[i].magics[k], &whole)) continue;
      if (more) *more = false;
      if (whole) return (Codec)i;
      could = true;
    }
  }
  if (more) *more = could;
  return CODEC_NONE;
}

const char *codec_name(Codec codec) { return rows[codec].name; }

const char *codec_suffix(Codec codec) { return rows[codec].suffixes[0] ? rows[codec].suffixes[0] : ""; }

unsigned codec_padding(Codec codec) { return rows[codec].padding; }

DcCode codec_check_level(Codec codec, int64_t level, DcError *err) {
  const CodecRow *row = &rows[codec];
  if (row->most && level >= row->least && level <= row->most) return DC_OK;
  if (row->most) {
    dc_fail(err, "%s has no level %lld", row->name, (long long)level);
    dc_hint(err, "its levels are %d (fast) to %d (small); without @level it is %d", row->least, row->most, row->normal);
  } else {
    dc_fail(err, codec == CODEC_NONE ? "@level needs a @codec" : "%s has no levels", row->name);
    dc_hint(err, "@codec = 'zstd' has levels 1 to 22, 'gzip' 1 to 12");
  }
  return err->code;
}

static DcCode module_backend(const CodecRow *row, const CodecBackend **out, DcError *err) {
  static Module codecs = {.name = "codecs", .symbol = "dcetl_codecs_module", .version = CODECS_MODULE_VERSION, .what = "files compressed by bzip2, xz, lz4 and snappy",
                          .package = "libbz2, liblzma, liblz4 and libsnappy (Debian: libbz2-1.0, liblzma5, liblz4-1, libsnappy1v5)"};
  const void *found;
  DC_TRY(module_need(&codecs, &found, err));
  *out = ((const CodecsModule *)found)->find(row->name);
  return *out ? DC_OK : dc_fail(err, "the module dcetl-codecs.so does not know %s", row->name);
}

DcCode codec_backend(Codec codec, const CodecBackend **out, DcError *err) {
  *out = rows[codec].backend;
  return *out || codec == CODEC_NONE ? DC_OK : module_backend(&rows[codec], out, err);
}

/* ---- the compressor ---- */

struct Compressor {
  Codec codec;
  int level;
  const CodecBackend *backend; /* NULL: not opened yet */
  void *encoder;
};

Compressor *compressor_new(Codec codec, int level) {
  Compressor *compressor = dc_alloc(sizeof *compressor);
  *compressor = (Compressor){.codec = codec, .level = level == CODEC_LEVEL_DEFAULT ? rows[codec].normal : level};
  return compressor;
}

static DcCode start(Compressor *compressor, DcError *err) {
  if (compressor->encoder) return DC_OK;
  DC_TRY(codec_backend(compressor->codec, &compressor->backend, err));
  compressor->encoder = compressor->backend->encoder_new(compressor->level);
  if (compressor->encoder) return DC_OK;
  return dc_fail(err, "cannot compress: no memory for %s at level %d", codec_name(compressor->codec), compressor->level);
}

DcCode compressor_block(Compressor *compressor, const char *data, size_t len, Buf *out, DcError *err) {
  const char *reason = "no reason given";
  if (compressor->codec == CODEC_NONE) {
    buf_put(out, data, len);
    return DC_OK;
  }
  DC_TRY(start(compressor, err));
  size_t bound = compressor->backend->bound(compressor->encoder, len);
  buf_reserve(out, bound);
  size_t size = compressor->backend->encode(compressor->encoder, data, len, out->data + out->len, bound, &reason);
  if (!size) return dc_fail(err, "cannot compress by %s: %s", codec_name(compressor->codec), reason);
  out->len += size;
  return DC_OK;
}

DcCode compressor_end(Compressor *compressor, bool written, Buf *out, DcError *err) {
  if (compressor->codec == CODEC_NONE) return DC_OK;
  DC_TRY(start(compressor, err));
  const CodecBackend *backend = compressor->backend;
  if (!backend->mark) return written ? DC_OK : compressor_block(compressor, "", 0, out, err);
  buf_put(out, backend->mark, backend->mark_size);
  return DC_OK;
}

void compressor_free(Compressor *compressor) {
  if (!compressor) return;
  if (compressor->encoder) compressor->backend->encoder_free(compressor->encoder);
  dc_free(compressor);
}
