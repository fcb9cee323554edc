/* stage_internal.h - shared by stage.c (stages), stage_write.c (open files), stage_commit.c (moving in place). */
#ifndef IO_STAGE_INTERNAL_H
#define IO_STAGE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "io/path.h"
#include "io/stage.h"

typedef struct StageFile StageFile;

/* One declared file. The cache fields belong to stage_write.c and its lock. */
struct StageFile {
  Stage *stage;
  char *relative;
  bool made; /* exists in the stage folder */
  int fd;    /* -1: not open */
  bool busy; /* a thread writes to fd now */
  int failed; /* errno of a close that failed */
  StageFile *newer, *older;
};

typedef struct StageDataset {
  char *name; /* with the suffix of a single file */
  bool single;
} StageDataset;

struct Stage {
  char *root;
  char *folder; /* hidden, below root; NULL until something is staged. folder/new holds outputs, folder/old what they replace */
  StageMode mode;
  StageFile **files;
  size_t file_count, file_cap;
  StageDataset *datasets;
  size_t dataset_count, dataset_cap;
  char **made; /* folders made for root, outermost first */
  size_t made_count, made_cap;
  _Atomic uint64_t bytes;
  /* Writers share it; commit and abort have it alone, so that no file comes back behind a removal. */
  pthread_rwlock_t lock;
  bool ended;            /* committed or aborted: nothing on disk is ours any more */
  pthread_mutex_t setup; /* guards folder and made */
  Stage *next;           /* the list of all stages */
};

/* stage.c */
DcCode stage_make_folder(Stage *stage, DcError *err) DC_MUST_CHECK; /* the hidden folder, once */
char *stage_target(const Stage *stage, const char *relative);       /* final path, on the heap */
char *stage_path(const Stage *stage, const char *part, const char *relative); /* part: "new" or "old" */
/* Makes the folder of path below its existing parents; each made one is passed to on_made when that is not NULL. */
bool make_folders(const char *path, void (*on_made)(void *context, const char *path), void *context);
void remove_tree(const char *path);
/* The names in a folder; NULL at its end. *error is set if it cannot be read. */
char **list_folder(const char *path, int *error);
void free_names(char **names);
bool is_hidden(const char *name);

/* stage_write.c */
DcCode stage_create(StageFile *file, DcError *err) DC_MUST_CHECK; /* an empty file, if there is none yet */
DcCode stage_close_files(Stage *stage, DcError *err);             /* err may be NULL */

/* stage_commit.c */
DcCode stage_move_in_place(Stage *stage, DcError *err) DC_MUST_CHECK;

#endif
