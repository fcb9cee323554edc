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
#include <zlib.h>
#include <zstd.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "io/path.h"

enum { INPUT_BYTES = 256 << 10 };

struct InputStream {
  char *path;
  int fd;
  bool waits; /* not a regular file: a read may take for ever */
  Codec codec;
  bool ended;      /* read gave 0, or `to` is reached */
  bool in_member;  /* inside of a gzip member or zstd frame */
  bool any_member; /* at least one began: an empty file is no compressed one */
  uint64_t left;   /* bytes still to be read from the disk */
  uint64_t taken;
  char *input; /* bytes read ahead: compressed ones, or the first ones of a pipe */
  size_t at, end;
  z_stream gzip;
  ZSTD_DCtx *zstd;
};

/* Reads once from the disk; *got = 0: the end. Whatever may keep us waiting (pipe, terminal) is asked first. */
static DcCode read_some(InputStream *stream, char *data, size_t size, size_t *got, DcError *err) {
  *got = 0;
  if (size > stream->left) size = (size_t)stream->left;
  if (!size || stream->ended) return DC_OK;
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
  while (stream->end < 4 && !stream->ended) {
    size_t got;
    DC_TRY(read_some(stream, stream->input + stream->end, INPUT_BYTES - stream->end, &got, err));
    stream->end += got;
  }
  stream->codec = codec_by_magic(stream->input, stream->end);
  return DC_OK;
}

static DcCode start_codec(InputStream *stream, DcError *err) {
  bool ok = true;
  if (stream->codec == CODEC_GZIP) ok = inflateInit2(&stream->gzip, 15 + 16) == Z_OK;
  if (stream->codec == CODEC_ZSTD) {
    stream->zstd = ZSTD_createDCtx();
    /* Files made with zstd --long need up to 2^31; the window is allocated only as far as a file uses it. */
    ok = stream->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(stream->zstd, ZSTD_d_windowLogMax, sizeof(size_t) == 8 ? 31 : 30));
  }
  return ok ? DC_OK : dc_fail(err, "%s: no memory to decompress", stream->path);
}

static DcCode open_file(InputStream *stream, const InputFile *file, uint64_t from, uint64_t to, DcError *err) {
  bool standard = str_is(file->path, "-");
  /* Not blocking: a named pipe is opened before anyone writes to it. For a regular file it means nothing. */
  if (!standard) stream->fd = open(stream->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (stream->fd < 0) return dc_fail_errno(err, errno, "cannot open %s", stream->path);
  struct stat status;
  if (fstat(stream->fd, &status) != 0) return dc_fail_errno(err, errno, "cannot read %s", stream->path);
  stream->waits = !S_ISREG(status.st_mode);
  if (standard) return DC_OK;
  if (S_ISDIR(status.st_mode)) return dc_fail(err, "cannot read %s: it is a folder", stream->path);
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
  bool look = !file->regular && !file->codec_named && file->codec == CODEC_NONE;
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
  dc_hint(err, "@codec = 'none' reads the bytes as they are");
  return err->code;
}

/* Behind a member: another one, zeros that fill up a tape block, or the end. */
static DcCode next_member(InputStream *stream, DcError *err) {
  while (!stream->in_member) {
    DC_TRY(refill(stream, err));
    if (stream->at == stream->end) return stream->any_member ? DC_OK : truncated(stream, err);
    if (stream->any_member && stream->input[stream->at] == 0) {
      stream->at++;
      continue;
    }
    if (inflateReset(&stream->gzip) != Z_OK) return corrupt(stream, "zlib cannot start over", err);
    stream->in_member = stream->any_member = true;
  }
  return DC_OK;
}

static DcCode read_gzip(InputStream *stream, char *data, size_t size, size_t *got, DcError *err) {
  z_stream *z = &stream->gzip;
  while (*got < size) {
    DC_TRY(next_member(stream, err));
    if (!stream->in_member) break;
    DC_TRY(refill(stream, err));
    size_t room = size - *got < (1U << 30) ? size - *got : (1U << 30), input = stream->end - stream->at;
    z->next_in = (Bytef *)stream->input + stream->at;
    z->avail_in = (uInt)input;
    z->next_out = (Bytef *)data + *got;
    z->avail_out = (uInt)room;
    int result = inflate(z, Z_NO_FLUSH);
    stream->at = stream->end - z->avail_in;
    *got += room - z->avail_out;
    if (result == Z_STREAM_END) stream->in_member = false;
    else if (result == Z_BUF_ERROR && input == 0) return truncated(stream, err);
    else if (result == Z_MEM_ERROR) return dc_fail(err, "%s: no memory to decompress", stream->path);
    else if (result != Z_OK && result != Z_BUF_ERROR) return corrupt(stream, z->msg ? z->msg : "no gzip data", err);
  }
  return DC_OK;
}

static DcCode read_zstd(InputStream *stream, char *data, size_t size, size_t *got, DcError *err) {
  while (*got < size) {
    DC_TRY(refill(stream, err));
    bool no_input = stream->at == stream->end;
    if (no_input && !stream->in_member) return stream->any_member ? DC_OK : truncated(stream, err);
    ZSTD_inBuffer in = {stream->input + stream->at, stream->end - stream->at, 0};
    ZSTD_outBuffer out = {data + *got, size - *got, 0};
    size_t result = ZSTD_decompressStream(stream->zstd, &out, &in);
    if (ZSTD_isError(result)) return corrupt(stream, ZSTD_getErrorName(result), err);
    stream->any_member = true;
    stream->in_member = result != 0;
    stream->at += in.pos;
    *got += out.pos;
    if (no_input && !out.pos && result != 0) return truncated(stream, err);
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
  switch (stream->codec) {
    case CODEC_NONE: return read_plain(stream, data, size, got, err);
    case CODEC_GZIP: return read_gzip(stream, data, size, got, err);
    case CODEC_ZSTD: return read_zstd(stream, data, size, got, err);
  }
  return DC_OK;
}

uint64_t stream_bytes(const InputStream *stream) { return stream->taken; }

void stream_close(InputStream *stream) {
  if (!stream) return;
  if (stream->fd > 0) close(stream->fd); /* nothing was written: there is nothing to lose */
  if (stream->codec == CODEC_GZIP) inflateEnd(&stream->gzip);
  ZSTD_freeDCtx(stream->zstd);
  dc_free(stream->input);
  dc_free(stream->path);
  dc_free(stream);
}
