/* spans.c - the members of compressed files, whatever the codec. */
#include "io/spans.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "io/path.h"
#include "io/spans_internal.h"

bool spans_read_at(int fd, void *data, size_t size, uint64_t offset, int *error) {
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

static const SpanKind *kind_of(const InputFile *file) {
  static const SpanKind *const kinds[] = {&spans_gzip, &spans_zstd};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (file->codec == kinds[i]->codec && file->regular && !file->archive_len) return kinds[i];
  return NULL;
}

static int open_input(Str path, DcError *err) {
  char *name = path_copy(path);
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) dc_fail_errno(err, errno, "cannot open %s", name);
  dc_free(name);
  return fd;
}

DcCode spans_list(const InputFile *file, FileSpan **out, size_t *count, DcError *err) {
  const SpanKind *kind = kind_of(file);
  int error = 0;
  *out = NULL;
  *count = 0;
  if (!kind) return DC_OK;
  int fd = open_input(file->path, err);
  if (fd < 0) return err->code;
  *out = kind->list(fd, file->size, count, &error);
  if (error) dc_fail_errno(err, error, "cannot read %.*s", STR_ARG(file->path));
  else (void)!spans_check_end(file, fd, err);
  close(fd); /* only read */
  if (*count > 1 && err->code == DC_OK) return DC_OK;
  dc_free(*out);
  *out = NULL;
  *count = 0;
  return err->code;
}

static DcCode truncated(const InputFile *file, DcError *err) {
  return dc_fail(err, "%.*s: the compressed data ends early (truncated?)", STR_ARG(file->path));
}

DcCode spans_check_end(const InputFile *file, int fd, DcError *err) {
  char tail[CODEC_GZIP_MARK_SIZE];
  int error = 0;
  size_t count = 0;
  if (file->codec != CODEC_GZIP || kind_of(file) != &spans_gzip || file->size < sizeof tail) return DC_OK;
  if (spans_read_at(fd, tail, sizeof tail, file->size - sizeof tail, &error) && memcmp(tail, CODEC_GZIP_MARK, sizeof tail) == 0) return DC_OK;
  FileSpan *members = error ? NULL : spans_gzip.list(fd, file->size, &count, &error);
  dc_free(members);
  if (error) return dc_fail_errno(err, error, "cannot read %.*s", STR_ARG(file->path));
  if (!members) return DC_OK; /* not all of it is BGZF, or it ends within a member: reading shows it */
  truncated(file, err);
  dc_hint(err, "its last member is no end mark of BGZF; gzip -dc reads what is there");
  return err->code;
}

/* One member after another; packed has room for the largest. */
static DcCode read_spans(const SpanKind *kind, const InputFile *file, int fd, const FileSpan *spans, size_t count, char *packed, char *data, DcError *err) {
  void *decoder = kind->decoder_new();
  if (!decoder) dc_fail(err, "%.*s: no memory to decompress", STR_ARG(file->path));
  for (size_t i = 0; i < count && err->code == DC_OK; i++) {
    int error = 0;
    if (!spans_read_at(fd, packed, spans[i].size, spans[i].offset, &error)) {
      if (error) dc_fail_errno(err, error, "cannot read %.*s", STR_ARG(file->path));
      else truncated(file, err);
      break;
    }
    const char *reason = kind->decode(decoder, packed, spans[i], data);
    if (reason) {
      dc_fail(err, "%.*s: the compressed data is corrupt (%s)", STR_ARG(file->path), reason);
      dc_hint(err, "@codec = 'none' reads the bytes as they are");
    }
    data += spans[i].content;
  }
  if (decoder) kind->decoder_free(decoder);
  return err->code;
}

DcCode spans_read(const InputFile *file, const FileSpan *spans, size_t count, char *data, DcError *err) {
  uint64_t largest = 1;
  int fd = open_input(file->path, err);
  if (fd < 0) return err->code;
  for (size_t i = 0; i < count; i++)
    if (spans[i].size > largest) largest = spans[i].size;
  char *packed = dc_realloc(NULL, largest);
  DcCode code = read_spans(kind_of(file), file, fd, spans, count, packed, data, err);
  dc_free(packed);
  close(fd); /* only read */
  return code;
}
