/* remote.h - files on object stores and web servers: s3://, gs://, az://, http(s)://, webhdfs:// (module dcetl-net.so).
 *
 * A path with such a scheme is called a URL here. What is opened stays open to the end of the program, so a Remote is never
 * freed. All functions are thread-safe. Errors name the URL; passwords and signatures within URLs are noted as secrets.
 */
#ifndef IO_REMOTE_H
#define IO_REMOTE_H

#include <stdatomic.h>

#include "base/budget.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/remote_module.h"

/* The parameters that a script gave, all of them as texts. Lent. */
typedef struct RemoteOptions {
  const RemoteOption *items;
  uint32_t count;
} RemoteOptions;

/* A bucket or server, with the credentials for it. */
typedef struct Remote Remote;

/* Has the path one of our schemes? The module is not opened for that. */
bool remote_is(Str path);
/* http(s): whole URLs only, which nobody can list. */
bool remote_is_web(Str path);
/* Of a URL: scheme and place, "s3://bucket"; all but the query of http(s), by whose end the kind of a file is known. */
Str remote_root(Str url);
Str remote_name(Str url);

/* Opens the store of a URL, or finds one that was opened with the same options (NULL: none). */
DcCode remote_open(Str url, const RemoteOptions *options, Remote **out, DcError *err) DC_MUST_CHECK;
bool remote_can_write(const Remote *remote);

/* Nothing there is REMOTE_NONE. */
DcCode remote_look(Remote *remote, Str url, RemoteInfo *out, DcError *err) DC_MUST_CHECK;
/* Names below a folder, in any order, as RemoteModule.list gives them. */
DcCode remote_list(Remote *remote, Str url, const char *begins, bool deep, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self,
                   DcError *err) DC_MUST_CHECK;
/* Bytes [offset, offset + size), fewer only at the end. version: of the file, it must not have changed since; NULL or "": any. */
DcCode remote_read_at(Remote *remote, Str url, const char *version, uint64_t offset, void *data, uint64_t size, uint64_t *got, DcError *err) DC_MUST_CHECK;
/* Calls that stopped() ends when the flag is set, from this thread, until it is called again; NULL: only by a signal. */
void remote_give_up(const atomic_bool *flag);
/* Calls of this thread are not ended by a signal: it clears up. */
void remote_insist(bool on);

/* What all of a store's writing goes through; see RemoteModule. */
const RemoteModule *remote_module(const Remote *remote);
RemoteStore *remote_store(const Remote *remote);
/* The error that a call to the module gave. what: "read", "write", … */
DcCode remote_failed(const char *what, Str url, const RemoteError *error, DcError *err);

/* --- Reading in order --- */

/* A file from its beginning or any byte on. Parts of it are read ahead, at once; the more, the longer the reader goes on. */
typedef struct RemoteReader RemoteReader;
/* [from, to) of a file of `size` bytes; of one without ranges or size (regular false) all of it. */
DcCode remote_reader_open(Remote *remote, Str url, const char *version, bool regular, uint64_t from, uint64_t to, RemoteReader **out, DcError *err) DC_MUST_CHECK;
/* All of it by one request, before the first read, if the server has ranges and there is room for it. */
DcCode remote_reader_fetch(RemoteReader *reader, DcError *err);
/* Up to size bytes; *got = 0: the end. */
DcCode remote_reader_read(RemoteReader *reader, void *data, size_t size, size_t *got, DcError *err) DC_MUST_CHECK;
void remote_reader_close(RemoteReader *reader); /* NULL is fine */

/* --- Memory and threads --- */

/* Which account buffers are counted in, from now on; NULL: one of our own. A budget goes only when no reader or stage uses it any more. */
void remote_use_budget(Budget *budget);
Budget *remote_budget(void);
/* How many bytes all buffers together may have. */
uint64_t remote_room(void);
/* Runs work on one of some threads that wait for networks; work must not wait for other such work. */
void remote_background(void (*work)(void *self), void *self);

/* Where requests are told of, at level debug, from now on; NULL: nowhere. It must outlive them. */
void remote_use_log(Log *log);

/* For tests: this module in place of dcetl-net.so. */
void remote_use_module(const RemoteModule *module);

#endif
