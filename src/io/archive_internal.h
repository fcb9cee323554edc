/* archive_internal.h - shared by archive.c and archive_index.c: an archive that is open. */
#ifndef IO_ARCHIVE_INTERNAL_H
#define IO_ARCHIVE_INTERNAL_H

#include "io/archive.h"
#include "io/bytes.h"

struct InputStream;

/* Do not move it while it is open. */
typedef struct ArchiveHandle {
  const ArchiveBackend *backend;
  void *archive;              /* NULL: not open */
  struct InputStream *stream; /* of a compressed one, or a tar that lies elsewhere: its bytes */
  FileBytes *bytes;           /* of others that lie elsewhere */
  DcError err;                /* why that failed */
} ArchiveHandle;

/* Opens the module if need be. Thread-safe. */
DcCode archive_backend(Str path, const ArchiveBackend **out, DcError *err) DC_MUST_CHECK;
/* whole: see that the directory fits the entries, too. handle->backend is set. */
DcCode archive_open(ArchiveHandle *handle, const InputFile *file, bool whole, DcError *err) DC_MUST_CHECK;
/* Reads a compressed archive to its end, where checksums may stand that nobody has looked at. */
DcCode archive_drain(ArchiveHandle *handle, DcError *err) DC_MUST_CHECK;
uint64_t archive_taken(const ArchiveHandle *handle); /* bytes read from the disk */
void archive_close(ArchiveHandle *handle);
/* The failure of the archive or entry called path: that of its bytes, an interruption, or the reason. */
DcCode archive_fail(const ArchiveHandle *handle, Str path, const char *reason, DcError *err);

#endif
