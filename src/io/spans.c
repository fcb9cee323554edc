/* spans.c - the members of compressed files, whatever the codec. */
#include "io/spans.h"

#include "io/spans_internal.h"

bool spans_read_at(FileBytes *bytes, void *data, size_t size, uint64_t offset, DcError *err) {
  uint64_t got = 0;
  return bytes_read_at(bytes, offset, data, size, &got, err) == DC_OK && got == size;
}

static const SpanKind *kind_of(const InputFile *file) {
  static const SpanKind *const kinds[] = {&spans_gzip, &spans_zstd};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (file->codec == kinds[i]->codec && file->regular && !file->archive_len) return kinds[i];
  return NULL;
}

static DcCode truncated(const InputFile *file, DcError *err) {
  return dc_fail(err, "%.*s: the compressed data ends early (truncated?)", STR_ARG(file->path));
}

static DcCode check_end(const InputFile *file, FileBytes *bytes, DcError *err) {
  char tail[CODEC_GZIP_MARK_SIZE];
  size_t count = 0;
  if (spans_read_at(bytes, tail, sizeof tail, file->size - sizeof tail, err) && memcmp(tail, CODEC_GZIP_MARK, sizeof tail) == 0) return DC_OK;
  FileSpan *members = err->code == DC_OK ? spans_gzip.list(bytes, file->size, &count, err) : NULL;
  bool all = members != NULL;
  dc_free(members);
  if (!all) return err->code; /* not all of it is BGZF, or it ends within a member: reading shows it */
  truncated(file, err);
  dc_hint(err, "its last member is no end mark of BGZF; gzip -dc reads what is there");
  return err->code;
}

DcCode spans_check_end(const InputFile *file, DcError *err) {
  FileBytes *bytes;
  if (kind_of(file) != &spans_gzip || file->size < CODEC_GZIP_MARK_SIZE) return DC_OK;
  DC_TRY(bytes_open(file, &bytes, err));
  DcCode code = check_end(file, bytes, err);
  bytes_close(bytes);
  return code;
}

DcCode spans_list(const InputFile *file, FileSpan **out, size_t *count, DcError *err) {
  const SpanKind *kind = kind_of(file);
  FileBytes *bytes;
  *out = NULL;
  *count = 0;
  if (!kind || file->remote) return DC_OK; /* headers lie all over the file: to read them from a server would take as long as the file */
  DC_TRY(bytes_open(file, &bytes, err));
  *out = kind->list(bytes, file->size, count, err);
  if (err->code == DC_OK && kind == &spans_gzip && file->size >= CODEC_GZIP_MARK_SIZE) (void)!check_end(file, bytes, err);
  bytes_close(bytes);
  if (*count > 1 && err->code == DC_OK) return DC_OK;
  dc_free(*out);
  *out = NULL;
  *count = 0;
  return err->code;
}

/* One member after another; packed has room for the largest. */
static DcCode read_spans(const SpanKind *kind, const InputFile *file, FileBytes *bytes, const FileSpan *spans, size_t count, char *packed, char *data, DcError *err) {
  void *decoder = kind->decoder_new();
  if (!decoder) dc_fail(err, "%.*s: no memory to decompress", STR_ARG(file->path));
  for (size_t i = 0; i < count && err->code == DC_OK; i++) {
    if (!spans_read_at(bytes, packed, spans[i].size, spans[i].offset, err)) {
      truncated(file, err); /* if that is not said already */
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
  FileBytes *bytes;
  DC_TRY(bytes_open(file, &bytes, err));
  for (size_t i = 0; i < count; i++)
    if (spans[i].size > largest) largest = spans[i].size;
  char *packed = dc_realloc(NULL, largest);
  DcCode code = read_spans(kind_of(file), file, bytes, spans, count, packed, data, err);
  dc_free(packed);
  bytes_close(bytes);
  return code;
}
