/* archive_module.h - the interface of the module dcetl-archive.so (modules/archive/): what is in an archive, and the bytes
 * of its entries. A handle is used by one thread at a time.
 */
#ifndef IO_ARCHIVE_MODULE_H
#define IO_ARCHIVE_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARCHIVE_MODULE_VERSION = 2, ARCHIVE_REASON = 256 };

typedef enum EntryKind { ENTRY_FILE, ENTRY_FOLDER, ENTRY_LINK, ENTRY_SYMBOLIC, ENTRY_OTHER } EntryKind;

typedef struct ArchiveEntry {
  const char *name;   /* as the archive has it, in UTF-8; lent until the next call */
  const char *target; /* of a link: the name of an entry; of a symbolic one: seen from its folder */
  uint64_t number;    /* counted from 0 in the order of the archive */
  uint64_t size;      /* bytes: compressed if entries are compressed one by one, else not */
  EntryKind kind;
} ArchiveEntry;

typedef enum ArchiveStep { STEP_ENTRY, STEP_END, STEP_FAILED } ArchiveStep;

/* The bytes of an archive: decompressed on the way, or of one that lies elsewhere. */
typedef struct ArchiveSource {
  void *self;
  int64_t (*read)(void *self, char *data, size_t size); /* in order; 0: the end; -1: failed, and self knows why. NULL: by read_at alone */
  int64_t (*read_at)(void *self, uint64_t offset, char *data, size_t size); /* NULL: only in order */
  uint64_t size; /* read_at */
} ArchiveSource;

typedef struct ArchiveBackend {
  bool any_order; /* go() finds every entry at once; else it only goes forward, through all that lies between */
  /* Opens an archive: the file, or where source is not NULL what that gives. trouble is asked before each read
     of the file and gives 0 or the number of an error that ends all. whole: see that the directory fits the entries, too.
     NULL: reason says why. All functions fill reason (ARCHIVE_REASON bytes) when they fail. */
  void *(*open)(const char *path, const ArchiveSource *source, int (*trouble)(void), bool whole, char *reason);
  ArchiveStep (*next)(void *archive, ArchiveEntry *entry, char *reason);
  /* Goes to the content of a file; STEP_END: it lies behind already, or there is no such one. */
  ArchiveStep (*go)(void *archive, uint64_t number, char *reason);
  /* The next bytes of it; 0: its end, its checksum is right; -1: failed. */
  int64_t (*read)(void *archive, char *data, size_t size, char *reason);
  uint64_t (*taken)(void *archive); /* bytes read from the disk */
  void (*close)(void *archive);
} ArchiveBackend;

/* The constant dcetl_archive_module of the module. */
typedef struct ArchiveModule {
  uint32_t version;
  const ArchiveBackend *zip, *serial; /* serial: all others */
} ArchiveModule;

#endif
