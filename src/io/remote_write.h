/* remote_write.h - objects on their way to a store: written in order, uploaded in parts by background threads, visible at the end.
 *
 * All objects of a set share memory: buffers that do not fit into remote_room() lie in one temporary file. What is small becomes
 * one object by one request; the parts of others are uploaded as they are filled, several at once.
 */
#ifndef IO_REMOTE_WRITE_H
#define IO_REMOTE_WRITE_H

#include "io/remote.h"

typedef struct RemoteSet RemoteSet;
typedef struct RemoteWriter RemoteWriter; /* an object; used by one thread at a time */

/* temp_dir: for the temporary file; lent. */
RemoteSet *remote_set_new(Remote *remote, const char *temp_dir);
/* Nothing of it has been made visible: all uploads are given up. The writers go first. */
void remote_set_free(RemoteSet *set);

/* content_type: lent; may be NULL. */
RemoteWriter *remote_writer_new(RemoteSet *set, Str url, const char *content_type);
/* Errors of what is uploaded in the background come with a later call, of any writer of the set. */
DcCode remote_writer_write(RemoteWriter *writer, const void *data, size_t len, DcError *err) DC_MUST_CHECK;
void remote_writer_free(RemoteWriter *writer);

/* All data of these writers is given: uploads what is left of those in parts. Nothing is visible yet. */
DcCode remote_set_finish(RemoteSet *set, RemoteWriter *const *writers, size_t count, DcError *err) DC_MUST_CHECK;
/* Makes them visible. On failure made[i] tells which of them are. */
DcCode remote_set_publish(RemoteSet *set, RemoteWriter *const *writers, size_t count, bool *made, DcError *err) DC_MUST_CHECK;
/* Removes objects; the failure of one does not keep the others. */
DcCode remote_set_remove(RemoteSet *set, const Str *urls, size_t count, DcError *err) DC_MUST_CHECK;
/* Ends what is on its way, and gives up the uploads of these writers on the server. */
void remote_set_abort(RemoteSet *set, RemoteWriter *const *writers, size_t count);

#endif
