/* fuzz_packed.c - decoders and archives on any bytes. The first byte chooses: a codec, whose result must not depend on how the
 * bytes are dealt out, or an archive, whose entries are all read. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 20 };

typedef struct Decoded {
  char *text;
  size_t len;
  bool complete; /* the input ended behind a member, and nothing was wrong */
  bool full;     /* there was more than MOST */
} Decoded;

/* Gives the decoder `in` bytes at a time, and room for `out`. */
static Decoded decode_all(const CodecBackend *backend, const char *data, size_t size, size_t in, size_t out) {
  Decoded decoded = {.text = malloc(MOST)};
  void *decoder = backend->decoder_new();
  DecodeResult result = DECODE_MORE;
  size_t at = 0;
  for (;;) {
    size_t want = size - at < in ? size - at : in, room = MOST - decoded.len < out ? MOST - decoded.len : out;
    if ((decoded.full = !room) || (!want && result == DECODE_END)) break;
    CodecBuffers buffers = {data + at, want, decoded.text + decoded.len, room, ""};
    result = backend->decode(decoder, &buffers);
    bool idle = want == buffers.in_size && room == buffers.out_size && result == DECODE_MORE;
    at += want - buffers.in_size;
    decoded.len += room - buffers.out_size;
    if (result == DECODE_CORRUPT || result == DECODE_NO_MEMORY || (idle && !want)) break;
  }
  decoded.complete = result == DECODE_END && at == size;
  backend->decoder_free(decoder);
  return decoded;
}

static void fuzz_codec(Codec codec, const char *data, size_t size) {
  const CodecBackend *backend;
  DcError err = {0};
  if (codec_backend(codec, &backend, &err) != DC_OK) return;
  Decoded whole = decode_all(backend, data, size, size, MOST), pieces = decode_all(backend, data, size, 1, 7);
  bool same = whole.full || pieces.full || (whole.complete == pieces.complete && (!whole.complete || whole.len == pieces.len));
  if (!same || memcmp(whole.text, pieces.text, whole.len < pieces.len ? whole.len : pieces.len) != 0) abort();
  free(whole.text);
  free(pieces.text);
}

static void read_entries(const Listing *listing) {
  char text[4096];
  for (size_t i = 0; i < listing->count && i < 20; i++) {
    DcError err = {0};
    InputStream *stream;
    if (stream_open(&listing->files[i], 0, UINT64_MAX, &stream, &err) != DC_OK) continue;
    size_t got = 1;
    for (int step = 0; step < 256 && got; step++)
      if (stream_read(stream, text, sizeof text, &got, &err) != DC_OK) break;
    stream_close(stream);
  }
}

static void fuzz_archive(const char *suffix, const char *data, size_t size) {
  char path[64];
  Arena arena = {0};
  Listing listing;
  DcError err = {0};
  snprintf(path, sizeof path, "/tmp/dcetl-fuzz-%d%s", (int)getpid(), suffix);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
  close(fd);
  if (listing_expand(value_text(path), false, NULL, NULL, &arena, &listing, &err) == DC_OK) {
    read_entries(&listing);
    listing_free(&listing);
  }
  arena_free(&arena);
  unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const SUFFIXES[] = {".zip", ".tar", ".7z", ".tar.gz"};
  if (size < 1 || size > 1 << 16) return 0;
  char *copy = malloc(size);
  memcpy(copy, data + 1, size - 1);
  unsigned kind = data[0] % 11;
  if (kind < 7) fuzz_codec((Codec)(kind + CODEC_GZIP), copy, size - 1);
  else fuzz_archive(SUFFIXES[kind - 7], copy, size - 1);
  free(copy);
  return 0;
}
