/* zstd_frames.c - the frames of a zstd file, so that several threads can decompress it.
 *
 * Only headers are read here (RFC 8878, sections 3.1.1 and 3.1.2). What does not look right, or has a frame without its
 * content size, is left to the reader in order, which says what is wrong with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include "io/path.h"
#include "io/stream.h"

/* A frame is decompressed whole, into memory; larger ones are left to the reader in order. */
#define MOST_CONTENT (UINT64_C(1) << 30)

static uint64_t little_endian(const unsigned char *data, size_t n) {
  uint64_t value = 0;
  while (n) value = value << 8 | data[--n];
  return value;
}

/* Reads exactly size bytes; false: the file is shorter, or *error is set. */
static bool read_at(int fd, void *data, size_t size, uint64_t offset, int *error) {
  char *to = data;
  while (size) {
    ssize_t n = pread(fd, to, size, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) *error = errno;
    if (n <= 0) return false;
    to += n;
    size -= (size_t)n;
    offset += (uint64_t)n;
  }
  return true;
}

/* The header of a frame at *offset, which is moved behind it. false: no plain frame with its content size. */
static bool frame_header(int fd, uint64_t *offset, uint64_t *content, bool *checksum, int *error) {
  unsigned char head[14] = {0};
  if (!read_at(fd, head, 5, *offset, error)) return false;
  unsigned descriptor = head[4], single = descriptor >> 5 & 1, size_code = descriptor >> 6;
  size_t size_bytes = size_code ? (size_t)1 << size_code : single, window = !single;
  if ((descriptor & 3) || !size_bytes) return false; /* a dictionary, or no size */
  if (!read_at(fd, head + 5, window + size_bytes, *offset + 5, error)) return false;
  *content = little_endian(head + 5 + window, size_bytes) + (size_bytes == 2 ? 256 : 0);
  *checksum = descriptor >> 2 & 1;
  *offset += 5 + window + size_bytes;
  return true;
}

/* Moves *offset behind the frame that starts there. */
static bool skip_frame(int fd, uint64_t *offset, uint64_t *content, int *error) {
  bool checksum, last = false;
  if (!frame_header(fd, offset, content, &checksum, error)) return false;
  while (!last) {
    unsigned char head[3];
    if (!read_at(fd, head, 3, *offset, error)) return false;
    uint64_t block = little_endian(head, 3), type = block >> 1 & 3;
    last = block & 1;
    if (type == 3) return false;
    *offset += 3 + (type == 1 ? 1 : block >> 3); /* 1: one byte, repeated */
  }
  if (checksum) *offset += 4;
  return true;
}

static FrameSpan *list_frames(int fd, uint64_t size, size_t *count, int *error) {
  FrameSpan *frames = NULL;
  size_t n = 0, cap = 0;
  uint64_t offset = 0;
  while (offset < size) {
    unsigned char magic[8];
    uint64_t start = offset, content = 0;
    if (size - offset < 8 || !read_at(fd, magic, 8, offset, error)) break;
    uint64_t number = little_endian(magic, 4);
    if (number >= 0x184D2A50 && number <= 0x184D2A5F) { /* a skippable frame */
      offset += 8 + little_endian(magic + 4, 4);
      continue;
    }
    if (number != 0xFD2FB528 || !skip_frame(fd, &offset, &content, error) || content > MOST_CONTENT) break;
    VEC_GROW(frames, n, cap);
    frames[n++] = (FrameSpan){start, offset - start, content};
  }
  if (offset == size && n > 1 && !*error) {
    *count = n;
    return frames;
  }
  dc_free(frames);
  return NULL;
}

static int open_input(const char *path, DcError *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) dc_fail_errno(err, errno, "cannot open %s", path);
  return fd;
}

DcCode zstd_frames(const InputFile *file, FrameSpan **out, size_t *count, DcError *err) {
  *out = NULL;
  *count = 0;
  if (file->codec != CODEC_ZSTD || !file->regular || file->archive_len) return DC_OK;
  char *path = path_copy(file->path);
  int error = 0, fd = open_input(path, err);
  if (fd >= 0) {
    *out = list_frames(fd, file->size, count, &error);
    close(fd);
    if (error) dc_fail_errno(err, error, "cannot read %s", path);
  }
  dc_free(path);
  return err->code;
}

static void decompress(const char *path, const char *packed, FrameSpan span, char *data, DcError *err) {
  size_t size = ZSTD_decompress(data, span.content, packed, span.size);
  if (ZSTD_isError(size)) {
    dc_fail(err, "%s: the compressed data is corrupt (%s)", path, ZSTD_getErrorName(size));
    dc_hint(err, "@codec = 'none' reads the bytes as they are");
  }
  else if (size != span.content) dc_fail(err, "%s: the compressed data is corrupt (wrong content size)", path);
}

DcCode zstd_read_frame(const InputFile *file, FrameSpan span, char *data, DcError *err) {
  char *path = path_copy(file->path), *packed = dc_realloc(NULL, span.size);
  int error = 0, fd = open_input(path, err);
  if (fd >= 0) {
    if (read_at(fd, packed, span.size, span.offset, &error)) decompress(path, packed, span, data, err);
    else if (error) dc_fail_errno(err, error, "cannot read %s", path);
    else dc_fail(err, "%s: the compressed data ends early (truncated?)", path);
    close(fd);
  }
  dc_free(packed);
  dc_free(path);
  return err->code;
}
