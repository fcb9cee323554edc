/* codec_backend.h - what a codec must be able to do: one CodecBackend each. Those of io/codec_*.c are part of the program,
 * others come from the module dcetl-codecs.so (modules/codecs/), which sees nothing of the program but this header.
 */
#ifndef IO_CODEC_BACKEND_H
#define IO_CODEC_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum DecodeResult {
  DECODE_MORE,     /* call again, with more input or more room */
  DECODE_END,      /* a member (frame, stream, chunk) is complete: the file may end here; another may follow */
  DECODE_CORRUPT,  /* reason is set */
  DECODE_NO_MEMORY
} DecodeResult;

/* Bytes on their way; a decoder moves in and out forward by what it used. */
typedef struct CodecBuffers {
  const char *in;
  size_t in_size;
  char *out;
  size_t out_size; /* at least 1 */
  const char *reason;
} CodecBuffers;

typedef struct CodecBackend {
  /* A decoder of one file; NULL: no memory. Behind DECODE_END it takes the next member. It checks every checksum that the
     format has. */
  void *(*decoder_new)(void);
  DecodeResult (*decode)(void *decoder, CodecBuffers *buffers);
  void (*decoder_free)(void *decoder); /* NULL is fine */
  /* An encoder for many blocks; NULL: no memory. */
  void *(*encoder_new)(int level);
  size_t (*bound)(void *encoder, size_t len); /* most that a block of len bytes becomes */
  /* Makes one complete member of a block, with the checksums that the format has. Returns its size; 0: *reason is set. */
  size_t (*encode)(void *encoder, const char *data, size_t len, char *out, size_t room, const char **reason);
  void (*encoder_free)(void *encoder); /* NULL is fine */
  const char *mark; /* a member without content that ends every file; NULL: there is none */
  size_t mark_size;
} CodecBackend;

enum { CODECS_MODULE_VERSION = 1 };

/* The constant dcetl_codecs_module of the module. */
typedef struct CodecsModule {
  uint32_t version;
  const CodecBackend *(*find)(const char *name); /* by the name of the row in io/codec.c; NULL: unknown */
} CodecsModule;

#endif
