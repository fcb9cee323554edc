/* stream.c - reads one input file in order, decompressing on the way.
 *
 * Files are read, never mapped: a mapped file that shrinks or a disk that fails would end the program with SIGBUS.
 */
#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "io/archive.h"
#include "io/path.h"
#include "io/spans.h"

enum { INPUT_BYTES = 256 << 10 };

struct InputStream {
  char *path;
  int fd;
  EntryReader *entry; /* of an archive, in place of fd */
  RemoteReader *remote; /* of a file elsewhere, in place of fd */
  bool waits; /* not a regular file: a read may take for ever */
  Codec codec, other; /* other: by the first bytes */
  bool ended;      /* read gave 0, or `to` is reached */
  bool in_member;  /* inside of a gzip member, zstd frame, … */
  bool any_member; /* at least one began: an empty file is no compressed one */
  uint64_t padding; /* zeros behind the last member */
  uint64_t left;   /* bytes still to be read from the disk */
  uint64_t taken;
  char *input; /* bytes read ahead: compressed ones, or the first ones of a pipe */
  size_t at, end;
  const CodecBackend *backend; /* NULL: CODEC_NONE */
  void *decoder;
};

/* Reads once from the disk; *got = 0: the end. Whatever may keep us waiting (pipe, terminal) is asked first. */
static DcCode read_some(InputStream *stream, char *data, size_t size, size_t *got, DcError *err) {
  *got = 0;
  if (size > stream->left) size = (size_t)stream->left;
  if (!size || stream->ended) return DC_OK;
  if (stream->entry) {
    DC_TRY(entry_read(stream->entry, data, size, got, err));
    stream->ended = *got == 0;
    return DC_OK;
  }
  if (stream->remote) {
    DC_TRY(remote_reader_read(stream->remote, data, size, got, err));
    stream->ended = *got == 0;
    stream->left -= *got;
    stream->taken += *got;
    return DC_OK;
  }
  ssize_t n;
  do {
    if (stream->waits && !interrupt_wait(stream->fd, POLLIN)) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    n = fault_due() ? (errno = EIO, -1) : read(stream->fd, data, size);
  } while (n < 0 && (errno == EINTR || (errno == EAGAIN && stream->waits)));
  if (n < 0) return dc_fail_errno(err, errno, "cannot read %s", stream->path);
  if (n == 0) stream->ended = true;
  *got = (size_t)n;
  stream->left -= (uint64_t)n;
  stream->taken += (uint64_t)n;
  return DC_OK;
}

static DcCode refill(InputStream *stream, DcError *err) {
  if (stream->at < stream->end || stream->ended) return DC_OK;
  stream->at = stream->end = 0;
  return read_some(stream, stream->input, INPUT_BYTES, &stream->end, err);
}

/* The codec of a pipe, which cannot be looked at beforehand: by the magic number of its first bytes, which stay in
   stream->input. */
static DcCode peek(InputStream *stream, DcError *err) {
  bool more = true;
  while (more && stream->end < CODEC_MAGIC && !stream->ended) {
    size_t got;
    DC_TRY(read_some(stream, stream->input + stream->end, INPUT_BYTES - stream->end, &got, err));
    stream->end += got;
    stream->codec = codec_by_magic(stream->input, stream->end, &more);
  }
  return DC_OK;
}

static DcCode start_codec(InputStream *stream, DcError *err) {
  DC_TRY(codec_backend(stream->codec, &stream->backend, err));
  if (stream->backend) stream->decoder = stream->backend->decoder_new();
  return stream->decoder || !stream->backend ? DC_OK : dc_fail(err, "%s: no memory to decompress", stream->path);
}

static DcCode open_file(InputStream *stream, const InputFile *file, uint64_t from, uint64_t to, DcError *err) {
  bool standard = str_is(file->path, "-");
  if (file->archive_len) return entry_open(file, &stream->entry, err);
  if (file->remote) {
    if (file->codec == CODEC_GZIP) DC_TRY(spans_check_end(file, err));
    if (file->regular && to > file->size) to = file->size;
    return remote_reader_open(file->remote, file->path, file->version, file->regular, from, to, &stream->remote, err);
  }
  /* Not blocking: a named pipe is opened before anyone writes to it. For a regular file it means nothing. */
  if (!standard) stream->fd = open(stream->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (stream->fd < 0) return dc_fail_errno(err, errno, "cannot open %s", stream->path);
  struct stat status;
  if (fstat(stream->fd, &status) != 0) return dc_fail_errno(err, errno, "cannot read %s", stream->path);
  stream->waits = !S_ISREG(status.st_mode);
  if (standard) return DC_OK;
  if (S_ISDIR(status.st_mode)) return dc_fail(err, "cannot read %s: it is a folder", stream->path);
  if (file->codec == CODEC_GZIP) DC_TRY(spans_check_end(file, err));
  if (from && lseek(stream->fd, (off_t)from, SEEK_SET) < 0) return dc_fail_errno(err, errno, "cannot read %s", stream->path);
  /* Only advice: a file system that does not take it reads as well. */
  (void)posix_fadvise(stream->fd, (off_t)from, to == UINT64_MAX ? 0 : (off_t)(to - from), POSIX_FADV_SEQUENTIAL);
  return DC_OK;
}

DcCode stream_open(const InputFile *file, uint64_t from, uint64_t to, InputStream **out, DcError *err) {
  InputStream *stream = dc_alloc(sizeof *stream);
  bool standard = str_is(file->path, "-");
  stream->path = path_copy(standard ? str_of("standard input") : file->path);
  stream->codec = file->codec;
  stream->left = to > from ? to - from : 0;
  DcCode code = open_file(stream, file, from, to, err);
  bool look = (!file->regular || file->archive_len) && !file->codec_named && file->codec == CODEC_NONE;
  if (code == DC_OK && (look || stream->codec != CODEC_NONE)) stream->input = dc_realloc(NULL, INPUT_BYTES);
  if (code == DC_OK && look) code = peek(stream, err);
  if (code == DC_OK) code = start_codec(stream, err);
  if (code != DC_OK) {
    stream_close(stream);
    return code;
  }
  *out = stream;
  return DC_OK;
}

static DcCode truncated(const InputStream *stream, DcError *err) {
  return dc_fail(err, "%s: the compressed data ends early (truncated?)", stream->path);
}

static DcCode corrupt(const InputStream *stream, const char *reason, DcError *err) {
  dc_fail(err, "%s: the compressed data is corrupt (%s)", stream->path, reason);
  if (stream->other != CODEC_NONE && stream->other != stream->codec)
    dc_hint(err, "its first bytes are those of %s: @codec = '%s'", codec_name(stream->other), codec_name(stream->other));
  else dc_hint(err, "@codec = 'none' reads the bytes as they are");
  return err->code;
}

/* Behind a member: zeros that fill up a tape block; then another one, or the end. */
static DcCode skip_padding(InputStream *stream, DcError *err) {
  unsigned padding = codec_padding(stream->codec);
  if (stream->in_member || !stream->any_member || !padding) return DC_OK;
  for (;;) {
    DC_TRY(refill(stream, err));
    if (stream->at == stream->end || stream->input[stream->at] != 0) break;
    stream->at++;
    stream->padding++;
  }
  if (stream->padding % padding) return corrupt(stream, "odd padding", err);
  stream->padding = 0;
  return DC_OK;
}

static DcCode decode(InputStream *stream, char *data, size_t size, size_t *got, DcError *err) {
  size_t input = stream->end - stream->at;
  CodecBuffers buffers = {stream->input + stream->at, input, data, size, "unknown reason"};
  DecodeResult result = stream->backend->decode(stream->decoder, &buffers);
  *got = size - buffers.out_size;
  stream->at = stream->end - buffers.in_size;
  stream->any_member = true;
  stream->in_member = result != DECODE_END;
  if (result == DECODE_NO_MEMORY) return dc_fail(err, "%s: no memory to decompress", stream->path);
  if (result == DECODE_CORRUPT) return corrupt(stream, buffers.reason, err);
  bool idle = result == DECODE_MORE && !*got && buffers.in_size == input;
  if (idle && !input) return truncated(stream, err);
  return idle ? corrupt(stream, "it does not go on", err) : DC_OK;
}

static DcCode read_packed(InputStream *stream, char *data, size_t size, size_t *got, DcError *err) {
  while (*got < size) {
    size_t more;
    DC_TRY(skip_padding(stream, err));
    DC_TRY(refill(stream, err));
    if (stream->at == stream->end && !stream->in_member) return stream->any_member ? DC_OK : truncated(stream, err);
    if (!stream->any_member) stream->other = codec_by_magic(stream->input, stream->end, NULL);
    DC_TRY(decode(stream, data + *got, size - *got, &more, err));
    *got += more;
  }
  return DC_OK;
}

static DcCode read_plain(InputStream *stream, char *data, size_t size, size_t *got, DcError *err) {
  size_t ahead = stream->end - stream->at;
  if (ahead) {
    *got = ahead < size ? ahead : size;
    memcpy(data, stream->input + stream->at, *got);
    stream->at += *got;
  }
  while (*got < size) {
    size_t n;
    DC_TRY(read_some(stream, data + *got, size - *got, &n, err));
    if (!n) break;
    *got += n;
  }
  return DC_OK;
}

DcCode stream_read(InputStream *stream, char *data, size_t size, size_t *got, DcError *err) {
  *got = 0;
  return stream->backend ? read_packed(stream, data, size, got, err) : read_plain(stream, data, size, got, err);
}

DcCode stream_fetch(InputStream *stream, DcError *err) { return stream->remote ? remote_reader_fetch(stream->remote, err) : DC_OK; }

uint64_t stream_bytes(const InputStream *stream) { return stream->entry ? entry_taken(stream->entry) : stream->taken; }

void stream_close(InputStream *stream) {
  if (!stream) return;
  if (stream->fd > 0) close(stream->fd); /* nothing was written: there is nothing to lose */
  entry_close(stream->entry);
  remote_reader_close(stream->remote);
  if (stream->backend) stream->backend->decoder_free(stream->decoder);
  dc_free(stream->input);
  dc_free(stream->path);
  dc_free(stream);
}
