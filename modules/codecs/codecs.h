/* codecs.h - the codecs of the module dcetl-codecs.so: one file each, one line in codecs.c. */
#ifndef MODULES_CODECS_H
#define MODULES_CODECS_H

#include "io/codec_backend.h"

extern const CodecBackend codec_bzip2, codec_xz, codec_lz4, codec_snappy, codec_sz;

/* An encoder that knows nothing but its level; freed by free(). NULL: no memory. */
void *level_new(int level);
static inline int level_of(const void *encoder) { return *(const int *)encoder; }

/* Blocks as Hadoop's BlockCompressorStream frames them: the size of the text of a block, then pieces until the block has so
 * many bytes: the size of the piece and the piece, compressed by itself. Sizes are 32 bits, big-endian. There is no
 * checksum; a block of size 0 is an empty file. */
typedef struct HadoopFrames {
  /* Decompresses a piece; false: it is corrupt. *len: room, then bytes. */
  bool (*unpack)(const char *data, size_t size, char *out, size_t *len);
  unsigned char size[4]; /* of the block or piece, as far as it has been read */
  size_t have;           /* bytes of size */
  bool in_block;
  uint64_t block_left;
  char *piece; /* compressed, as far as it has been read */
  size_t piece_size, piece_have, piece_room;
  char *text; /* decompressed, not given out yet from text_at on */
  size_t text_at, text_len, text_room;
} HadoopFrames;

DecodeResult hadoop_decode(HadoopFrames *frames, CodecBuffers *buffers);
void hadoop_free(HadoopFrames *frames); /* what it holds, not itself */

/* Takes bytes of the input until want are in to; true: they are. */
bool take_input(CodecBuffers *buffers, void *to, size_t *have, size_t want);
/* Gives out text that waits; false: there is more of it than room. */
bool give_output(CodecBuffers *buffers, const char *text, size_t *at, size_t len);
/* Grows a buffer; its content is lost. false: no memory. */
bool need_room(char **buffer, size_t *room, size_t wanted);

#endif
