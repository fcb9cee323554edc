/* frames.h - one compressed file decompressed by several workers: its members are independent where they tell their sizes
 * (io/spans.h), so groups of them are decompressed ahead by whoever comes by, and read in order. */
#ifndef ENGINE_FRAMES_H
#define ENGINE_FRAMES_H

#include "engine/engine.h"

typedef struct Frames Frames;

/* *out = NULL: the file cannot be read so (one member, unknown sizes, too large for the budget). */
DcCode frames_open(Engine *engine, const InputFile *file, Frames **out, DcError *err) DC_MUST_CHECK;
/* A reference for a worker that is going to help. */
void frames_ref(Frames *frames);
void frames_unref(Frames *frames); /* NULL is fine */
/* Decompress one group that nobody has taken yet, if not too far ahead of the reading. Errors wait for the reader. */
void frames_help(Frames *frames);
/* The next bytes in order; *got = 0: the end. One reader at a time. */
DcCode frames_read(Frames *frames, char *data, size_t size, size_t *got, DcError *err) DC_MUST_CHECK;
uint64_t frames_bytes(const Frames *frames); /* taken from the disk for what was read */

#endif
