/* stage_internal.h - shared by stage.c (stages), stage_claim.c (other runs), stage_write.c (open files), stage_plan.c and
   stage_commit.c (moving in place). */
#ifndef IO_STAGE_INTERNAL_H
#define IO_STAGE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/mem.h"
#include "io/folder.h"
#include "io/path.h"
#include "io/stage.h"
#include "io/stage_journal.h"
#include "io/stage_lock.h"

typedef struct StageFile StageFile;
typedef struct StageStore StageStore;

/* One declared file. The cache fields belong to stage_write.c and its lock. */
struct StageFile {
  Stage *stage;
  char *relative;
  bool made; /* exists in the stage folder */
  int fd;    /* -1: not open */
  bool busy; /* a thread writes to fd now */
  int failed; /* errno of a close that failed */
  Checksum *sum; /* of what was written, for the manifest */
  uint64_t bytes; /* counted with sum */
  _Atomic uint64_t rows;
  StageFile *newer, *older;
  struct RemoteWriter *writer; /* of a target elsewhere, in place of fd */
};

typedef struct StageDataset {
  char *name; /* with the suffix of a single file */
  bool single;
  bool group;      /* stage_group: no files of its own */
  bool in_group;
  bool skip;       /* it is there and is left as it is */
  const char *columns; /* a JSON array, in the stage's arena; NULL: not told */
} StageDataset;

struct Stage {
  char *root;   /* as the user named it */
  StageStore *store; /* of a target elsewhere; NULL: a folder of this machine, and only then is there a base */
  char *base;   /* the folder that exists: root, or above it */
  char *prefix; /* from base to root; "" */
  char *full;   /* base, absolute and without links; NULL until claims is open */
  char *name;   /* of the stage folder; NULL until claims is open */
  char *folder; /* base/name; NULL until something is staged. folder/new holds outputs, folder/old what they replace */
  bool keep;    /* the stage folder holds what could not be put back */
  StageOptions options;
  StageFile **files;
  size_t file_count, file_cap;
  StageDataset *datasets;
  size_t dataset_count, dataset_cap;
  size_t group_count;
  Arena arena;
  _Atomic uint64_t bytes;
  StageLock *claims; /* the lock file of base; NULL until the first dataset or write, or if it is not needed */
  bool looked_for_all; /* above base, for other runs, as one that has claimed all of base */
  /* Writers share it; commit and abort have it alone, so that no file comes back behind a removal. */
  pthread_rwlock_t lock;
  bool ended;            /* committed or aborted: nothing on disk is ours any more */
  pthread_mutex_t setup; /* guards name, folder and claims */
  Stage *next;           /* the list of all stages */
};

/* stage.c */
char *stage_target(const Stage *stage, const char *relative); /* path for the user, on the heap; relative to root */
char *stage_below(const Stage *stage, const char *relative);  /* the same, below base; on the heap */
char *stage_path(const Stage *stage, const char *part, const char *relative); /* part: "new" or "old"; relative to base */

/* stage_target.c: what is there already. Paths are those of the target, for the user. */
typedef enum TargetKind { TARGET_NONE, TARGET_FILE, TARGET_FOLDER, TARGET_OTHER } TargetKind;
typedef struct StageTarget {
  TargetKind kind;
  uint64_t size; /* of files */
} StageTarget;
DcCode stage_look(Stage *stage, const char *path, StageTarget *out, DcError *err) DC_MUST_CHECK;
/* The names in a folder (of one that is not there none), as folder_list gives them, also on failure. */
DcCode stage_names(Stage *stage, const char *path, char ***out, DcError *err) DC_MUST_CHECK;
/* The checksum and size of a file's content. */
DcCode stage_sum(Stage *stage, const char *path, ChecksumKind kind, char out[CHECKSUM_HEX], uint64_t *bytes, DcError *err) DC_MUST_CHECK;
struct Manifest;
DcCode stage_manifest(Stage *stage, const char *path, struct Manifest *out, bool *found, DcError *err) DC_MUST_CHECK;

/* stage_store.c: the same, and the rest, for targets elsewhere. */
DcCode stage_store_open(Stage *stage, DcError *err) DC_MUST_CHECK;
DcCode stage_store_look(Stage *stage, const char *path, StageTarget *out, DcError *err) DC_MUST_CHECK;
DcCode stage_store_names(Stage *stage, const char *path, char ***out, DcError *err) DC_MUST_CHECK;
/* All bytes of a file, in order, as long as take wants them. */
DcCode stage_store_read(Stage *stage, const char *path, bool (*take)(void *self, const void *data, size_t len), void *self, DcError *err) DC_MUST_CHECK;
DcCode stage_store_write(StageFile *file, const struct iovec *parts, size_t count, DcError *err) DC_MUST_CHECK;
DcCode stage_store_marker(Stage *stage, const char *relative, Str text) DC_MUST_CHECK; /* kept until the commit */
DcCode stage_store_commit(Stage *stage, DcError *err) DC_MUST_CHECK;
void stage_store_clear(Stage *stage); /* nothing stays of what is not visible */
void stage_store_free(StageStore *store); /* NULL is fine */

/* stage_claim.c */
DcCode stage_open_claims(Stage *stage, DcError *err) DC_MUST_CHECK; /* the lock file, once */
DcCode stage_make_folder(Stage *stage, DcError *err) DC_MUST_CHECK; /* the hidden folder, once */
/* Claims the output `name` (relative to root). single: it is a file. */
DcCode stage_claim(Stage *stage, const char *name, bool single, DcError *err) DC_MUST_CHECK;

/* stage_write.c */
DcCode stage_create(StageFile *file, DcError *err) DC_MUST_CHECK; /* an empty file, if there is none yet */
DcCode stage_close_files(Stage *stage, DcError *err);             /* err may be NULL */
void stage_count(StageFile *file, const void *data, size_t len);  /* for the manifest: what was written */

/* stage_plan.c: the moves that replace what is there by what is staged. Nothing visible is changed. */
DcCode stage_plan(Stage *stage, Journal *journal, DcError *err) DC_MUST_CHECK;

/* stage_marker.c */
DcCode stage_check_manifest(Stage *stage, const char *name, bool single, DcError *err) DC_MUST_CHECK; /* of a dataset to be appended to */
DcCode stage_write_markers(Stage *stage, DcError *err) DC_MUST_CHECK; /* manifests and _SUCCESS, into the stage folder; all files are closed */

/* stage_commit.c */
DcCode stage_move_in_place(Stage *stage, DcError *err) DC_MUST_CHECK;

static inline bool stage_hides(const char *name) { return name[0] == '.' || name[0] == '_'; }

#endif
