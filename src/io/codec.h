/* codec.h - the codecs by which files are compressed, and the compressor for outputs.
 *
 * Outputs are made block by block, each a complete member of its format, so that they are compressed in parallel; readers
 * take concatenated members. A codec is one row in codec.c and one CodecBackend (io/codec_backend.h).
 */
#ifndef IO_CODEC_H
#define IO_CODEC_H

#include "base/error.h"
#include "base/mem.h"
#include "io/codec_backend.h"

typedef enum Codec {
  CODEC_NONE,
  CODEC_GZIP,
  CODEC_ZSTD,
  CODEC_BZIP2,
  CODEC_XZ,
  CODEC_LZ4,
  CODEC_SNAPPY, /* blocks as Hadoop frames them, .snappy */
  CODEC_SZ,     /* the framing format of snappy, .sz */
} Codec;

enum { CODEC_MAGIC = 10, CODEC_LEVEL_DEFAULT = -1 };

/* By a name or suffix without the dot, in any case ("gzip", "GZ"); an unknown name is an error with the known ones. */
DcCode codec_by_name(Str name, Codec *out, DcError *err) DC_MUST_CHECK;
/* By the end of a file's name; CODEC_NONE: it says nothing. */
Codec codec_by_suffix(Str path);
/* By the first bytes of a file; CODEC_NONE: they say nothing. *more (may be NULL): up to CODEC_MAGIC bytes could tell. */
Codec codec_by_magic(const char *data, size_t len, bool *more);
const char *codec_name(Codec codec);   /* "none", "gzip", … */
const char *codec_suffix(Codec codec); /* "", ".gz", … */
/* "none, gzip (gz), …" for messages and manual pages. */
const char *codec_names(void);
/* Zeros that may stand between members: 0 none, else their number is a multiple of this. */
unsigned codec_padding(Codec codec);
/* Fails when the codec does not take this level, with those that it takes. */
DcCode codec_check_level(Codec codec, int64_t level, DcError *err) DC_MUST_CHECK;
/* The implementation, not of CODEC_NONE; opens the module if need be. what: the file, for the message. Thread-safe. */
DcCode codec_backend(Codec codec, const CodecBackend **out, DcError *err) DC_MUST_CHECK;

/* A reusable compressor, one per worker. level: as codec_check_level allows, or CODEC_LEVEL_DEFAULT. */
typedef struct Compressor Compressor;
Compressor *compressor_new(Codec codec, int level);
/* Appends the block as one complete member, with checksum and size where the format has them. */
DcCode compressor_block(Compressor *compressor, const char *data, size_t len, Buf *out, DcError *err) DC_MUST_CHECK;
/* Appends what a file ends with: a mark where the codec has one; where nothing was written, an empty member at least. */
DcCode compressor_end(Compressor *compressor, bool written, Buf *out, DcError *err) DC_MUST_CHECK;
void compressor_free(Compressor *compressor); /* NULL is fine */

extern const CodecBackend codec_gzip, codec_zstd;

/* The end mark of BGZF: section 4.1.2 of the SAM/BAM specification. */
#define CODEC_GZIP_MARK "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0" "BC\x02\0\x1b\0\x03\0\0\0\0\0\0\0\0\0"
enum { CODEC_GZIP_MARK_SIZE = 28 };

#endif
