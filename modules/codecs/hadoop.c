/* hadoop.c - reads the blocks of Hadoop's codecs (codecs.h), whatever they are compressed by. */
#include <stdlib.h>

#include "codecs.h"

/* Larger sizes are no data of such a codec: Hadoop's pieces have 256 KiB unless configured otherwise. */
#define MOST_PIECE (UINT32_C(64) << 20)

static uint32_t big_endian(const unsigned char *data) {
  return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static DecodeResult corrupt(CodecBuffers *buffers, const char *reason) {
  buffers->reason = reason;
  return DECODE_CORRUPT;
}

/* The text of the piece that has been read. */
static DecodeResult unpack(HadoopFrames *frames, CodecBuffers *buffers) {
  /* Nothing tells how long one piece is, only what is left of the block; pieces are small. */
  size_t len = frames->block_left < MOST_PIECE ? (size_t)frames->block_left : MOST_PIECE;
  size_t likely = frames->piece_size * 255 + 64; /* no codec that is framed so packs more into a byte */
  if (len > likely) len = likely;
  if (!need_room(&frames->text, &frames->text_room, len)) return DECODE_NO_MEMORY;
  if (!frames->unpack(frames->piece, frames->piece_size, frames->text, &len)) return corrupt(buffers, "a bad piece of a block");
  if (len > frames->block_left || (!len && frames->block_left)) return corrupt(buffers, "a piece that does not fit its block");
  frames->block_left -= len;
  frames->text_at = 0;
  frames->text_len = len;
  frames->piece_size = frames->piece_have = 0;
  return DECODE_MORE;
}

DecodeResult hadoop_decode(HadoopFrames *frames, CodecBuffers *buffers) {
  for (;;) {
    if (!give_output(buffers, frames->text, &frames->text_at, frames->text_len)) return DECODE_MORE;
    if (frames->in_block && !frames->block_left) {
      frames->in_block = false;
      return DECODE_END;
    }
    if (!frames->piece_size) {
      if (!take_input(buffers, frames->size, &frames->have, sizeof frames->size)) return DECODE_MORE;
      frames->have = 0;
      uint32_t size = big_endian(frames->size);
      if (!frames->in_block) {
        frames->in_block = true;
        frames->block_left = size;
        continue;
      }
      if (!size || size > MOST_PIECE) return corrupt(buffers, "no blocks as Hadoop writes them");
      frames->piece_size = size;
      if (!need_room(&frames->piece, &frames->piece_room, size)) return DECODE_NO_MEMORY;
    }
    if (!take_input(buffers, frames->piece, &frames->piece_have, frames->piece_size)) return DECODE_MORE;
    DecodeResult result = unpack(frames, buffers);
    if (result != DECODE_MORE) return result;
  }
}

void hadoop_free(HadoopFrames *frames) {
  free(frames->piece);
  free(frames->text);
}
