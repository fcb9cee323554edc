/* archive.h - archives (.zip, .tar and its compressed kinds, .7z) as folders of files: what is in one, and the bytes of its
 * entries. Nothing is unpacked to the disk; names of entries are names only, so "../x" leads nowhere.
 *
 * Those of zip are found at once. The others can only be read from the beginning to the end: their entries come in the order
 * of the archive, and readers that are done wait on a shelf for whoever wants an entry behind theirs.
 */
#ifndef IO_ARCHIVE_H
#define IO_ARCHIVE_H

#include "io/archive_module.h"
#include "io/listing.h"

/* Does a name end as those of archives do (in any case)? */
bool archive_is_name(Str path);
/* Do the entries of an archive of this name have to be read in its order? */
bool archive_is_serial(Str path);

/* What a name in an archive stands for. */
typedef struct IndexEntry {
  Str name; /* parts with one / between */
  uint64_t number, size;
  EntryKind kind; /* FILE, FOLDER, or SYMBOLIC: a link that leads to none of the files */
} IndexEntry;

/* All entries of an archive, in order of names; of several with one name the last, as when it is unpacked. Links to files
   are these files. size: bytes that the entry takes in the archive, about. */
typedef struct ArchiveIndex {
  Str path;
  IndexEntry *entries;
  size_t count;
} ArchiveIndex;

/* Reads through the archive, of zip only its directory. All lives in arena. */
DcCode archive_index(const InputFile *archive, Arena *arena, ArchiveIndex *out, DcError *err) DC_MUST_CHECK;
/* The place of a name, NULL: not there. Folders need no entry of their own: see archive_has_folder. */
const IndexEntry *archive_find(const ArchiveIndex *index, Str name);
/* "" is the whole archive. */
bool archive_has_folder(const ArchiveIndex *index, Str name);
/* The first entry in a folder; the others in it and below follow. index->count: none. */
size_t archive_first_in(const ArchiveIndex *index, Str folder);

/* The bytes of one entry. */
typedef struct EntryReader EntryReader;
DcCode entry_open(const InputFile *file, EntryReader **out, DcError *err) DC_MUST_CHECK;
/* Up to size bytes; *got = 0: the end. */
DcCode entry_read(EntryReader *reader, char *data, size_t size, size_t *got, DcError *err) DC_MUST_CHECK;
uint64_t entry_taken(const EntryReader *reader); /* bytes read from the disk for it */
void entry_close(EntryReader *reader);           /* NULL is fine */
/* Ends the readers that wait for others to want them: what they hold is charged to the budget of an engine that ends. */
void entry_clear_shelf(void);

#endif
