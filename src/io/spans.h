/* spans.h - the members of a compressed file that tell their sizes, so that several threads can decompress it: frames of zstd
 * (RFC 8878), members of gzip in the BGZF format (SAM/BAM specification, section 4.1).
 */
#ifndef IO_SPANS_H
#define IO_SPANS_H

#include "io/listing.h"

typedef struct FileSpan {
  uint64_t offset, size, content; /* in the file; bytes there, and decompressed */
} FileSpan;

/* The members of a file in order. *count = 0: it cannot be split so (one member, sizes unknown, another codec, a member above
   1 GiB, a damaged one: the reader in order says what is wrong). Freed by dc_free. */
DcCode spans_list(const InputFile *file, FileSpan **out, size_t *count, DcError *err) DC_MUST_CHECK;
/* Decompresses members one behind the other into data, which has room for their content. */
DcCode spans_read(const InputFile *file, const FileSpan *spans, size_t count, char *data, DcError *err) DC_MUST_CHECK;
/* A BGZF file ends in a mark: fails when all its members are there but the mark. */
DcCode spans_check_end(const InputFile *file, DcError *err) DC_MUST_CHECK;

#endif
