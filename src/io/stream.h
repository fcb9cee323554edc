/* stream.h - reads the decompressed bytes of one input file in order. */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include "io/listing.h"

typedef struct InputStream InputStream;

/* Opens file for reading from byte `from` (only for CODEC_NONE and regular files; else 0) up to `to` (UINT64_MAX: end). */
DcCode stream_open(const InputFile *file, uint64_t from, uint64_t to, InputStream **out, DcError *err) DC_MUST_CHECK;
/* Reads up to size bytes, fewer only at the end; *got = 0: the end. Errors name the file; a truncated or corrupt
   compressed file is one. Concatenated members (frames, streams) are read through. */
DcCode stream_read(InputStream *stream, char *data, size_t size, size_t *got, DcError *err) DC_MUST_CHECK;
/* A small file elsewhere, opened a moment ago: gets all of it now, before anybody reads; any other, or with no memory for it: does nothing. */
DcCode stream_fetch(InputStream *stream, DcError *err);
/* Bytes taken from the disk so far (compressed size where compressed). */
uint64_t stream_bytes(const InputStream *stream);
void stream_close(InputStream *stream); /* NULL is fine */

#endif
