/* listing.h - from a path, glob, folder or list to files, in a fixed order.
 *
 * Globs: * ? [abc] [!a] {a,b} within a folder, ** across folders. Folders are read recursively; files and folders whose
 * names begin with . or _ are skipped. "file:" and "file://" are dropped; "-" is standard input; files elsewhere have URLs
 * (io/remote.h), which are the same but that web servers have no folders; a scheme that is not known is an error that names it. A list is an array, or text with commas outside {} (only when no file has that name).
 * The order is by bytes of the path for each element of the list. A path without any file is an error that says so.
 * A path that is neither there nor a pattern is tried as the beginning of a name (data/tree/p: data/tree/part1.csv).
 * In folders only regular files are read; a pipe or device only when it is named. Links to folders are followed.
 * Archives (io/archive.h) are folders: data.zip/2024/a.csv. Files in those that can only be read from the beginning to the end
 * come in the order of the archive.
 */
#ifndef IO_LISTING_H
#define IO_LISTING_H

#include "io/codec.h"
#include "io/remote.h"
#include "value/value.h"

typedef struct InputFile {
  Str path;      /* "-": standard input */
  uint64_t size; /* bytes on disk; 0 for pipes, and where a server does not tell */
  bool regular;  /* can be read again */
  size_t archive_len; /* it is an entry of an archive: so many bytes of path are that of the archive; 0: it is a file */
  uint64_t entry;     /* number of the entry */
  uint64_t archive_size; /* bytes of the archive */
  Codec codec;   /* by name, suffix or magic number at the start */
  bool codec_named; /* the codec was given: do not look for a magic number */
  Remote *remote;      /* where path, a URL, leads to; NULL: the disk */
  const char *version; /* of a remote file, when it was listed; "" or NULL: not known */
  Str group;     /* CREATE "p" *: the sub-folder or, where there are none, the file: name of its dataset; files beside
                    sub-folders are left out. Of a pattern: the first part behind its fixed folders */
} InputFile;

/* Can it be read from any byte on? */
static inline bool input_seekable(const InputFile *file) { return file->regular && !file->archive_len && file->codec == CODEC_NONE; }

typedef struct Listing {
  InputFile *files;
  size_t count, cap;
} Listing;

/* path: a STRING or an ARRAY of them. Strings live in arena; listing->files is freed by listing_free. grouped fills
   group. codec_name: NULL by suffix, else a name that codec_by_name knows, for all. remote: how to reach files elsewhere; may be NULL. */
DcCode listing_expand(Value path, bool grouped, const char *codec_name, const RemoteOptions *remote, Arena *arena, Listing *out, DcError *err) DC_MUST_CHECK;
void listing_free(Listing *listing);
/* A file whose texts live in an arena of the caller. */
InputFile input_copy(const InputFile *file, Arena *arena);
/* The archive that an entry lies in, as a file: of its path. */
static inline InputFile input_archive(const InputFile *entry) {
  return (InputFile){.path = str_make(entry->path.data, entry->archive_len), .size = entry->archive_size, .regular = true, .remote = entry->remote, .version = entry->version};
}

#endif
