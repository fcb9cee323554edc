/* bytes.h - the bytes of a file at any place, wherever it lies: on the disk or on remote storage. */
#ifndef IO_BYTES_H
#define IO_BYTES_H

#include "io/listing.h"

typedef struct FileBytes FileBytes;

/* Opens a regular file (not an entry of an archive). */
DcCode bytes_open(const InputFile *file, FileBytes **out, DcError *err) DC_MUST_CHECK;
/* The same for an open file, which is taken over. name: in messages. */
FileBytes *bytes_of_fd(int fd, const char *name);
/* Bytes [offset, offset + size), fewer only at the end. Thread-safe. Small reads of remote files take their neighbourhood along. */
DcCode bytes_read_at(FileBytes *bytes, uint64_t offset, void *data, uint64_t size, uint64_t *got, DcError *err) DC_MUST_CHECK;
DcCode bytes_size(FileBytes *bytes, uint64_t *out, DcError *err) DC_MUST_CHECK;
bool bytes_are_remote(const FileBytes *bytes);
/* How many came from the disk or server, more than were asked for by small reads, perhaps. */
uint64_t bytes_taken(const FileBytes *bytes);
void bytes_close(FileBytes *bytes); /* NULL is fine */

#endif
