/* stage.h - output that appears whole or not at all.
 *
 * A stage is a hidden folder .dcetl-<pid>-<n> in the target, or in the nearest folder above it that exists. Files are
 * written there under their final relative names; stage_commit moves them in place, whole folders by one rename or one
 * exchange where nothing else is in them, else file by file; stage_abort removes everything. Moves of more than one
 * step are written down first, so that a commit that is cut off by a kill is completed by whoever comes next: a stage
 * on the same target, or stage_settle before reading. What a reader of another program may see between a kill and that
 * is a state between two moves. With options.force all of this holds for a power cut, too.
 *
 * Each dataset or single file is claimed when it is declared (stage_lock.h): a second run that names it, or something
 * within it, fails at once. All live stages are known to the module, so that a signal or a failure removes them
 * (stage_abort_all). At most a bounded number of files is open at a time, whatever the number of outputs: a stage
 * reopens files for appending as needed. But for the lock file nothing is on disk before the first write or the commit.
 *
 * A target elsewhere (io/remote.h) has uploads in place of the hidden folder, and no claims: see stage_store.c.
 */
#ifndef IO_STAGE_H
#define IO_STAGE_H

#include "io/checksum.h"
#include "io/remote.h"

typedef enum StageMode { STAGE_ERROR, STAGE_OVERWRITE, STAGE_APPEND, STAGE_IGNORE } StageMode;

typedef struct StageOptions {
  StageMode mode;
  bool force;   /* files, folders and moves are forced to the disk (fsync) before stage_commit returns */
  bool success; /* an empty file _SUCCESS in the folder of each dataset, the last to appear */
  RemoteOptions remote; /* how to reach a target elsewhere */
  Str content_type;     /* of its objects; data NULL: by their suffix */
  const char *temp_dir; /* for what does not fit into memory on its way there; lent */
  ChecksumKind manifest; /* a manifest (io/manifest.h) with such sums for each dataset; CHECKSUM_NONE: none */
} StageOptions;

typedef struct Stage Stage;

/* Prepare output below folder root (made if missing). */
DcCode stage_open(Str root, const StageOptions *options, Stage **out, DcError *err) DC_MUST_CHECK;
/* Declare one output dataset: folder `name` (may hold /; "" = root itself) with part files, or, if single, the one file
   `name` + suffix. STAGE_ERROR: fails if it exists already (the folder holds a visible file; the file exists).
   STAGE_IGNORE: *skip = true if it exists. STAGE_APPEND: *first_part = number behind the highest part-NNNNN there;
   a single file is appended to by copying, and *first_part = 1 says that it holds something (it needs no header line). Names are
   checked: no "..", no NUL, no empty component. Fails if another run writes it, or something above or within it. */
DcCode stage_dataset(Stage *stage, Str name, bool single, Str suffix, bool *skip, uint32_t *first_part, DcError *err) DC_MUST_CHECK;
/* Declare, before its datasets, that all datasets below folder `name` are parts of one output, and may come to be known
   later: all of the folder is claimed, and it has one manifest and one _SUCCESS in place of theirs. */
DcCode stage_group(Stage *stage, Str name, DcError *err) DC_MUST_CHECK;
/* Declare a file with its path relative to root; returns its number in *file. It is created empty at commit even if
   nothing is written. Not thread-safe: no other call may use the stage meanwhile. */
DcCode stage_file(Stage *stage, Str relative, uint32_t *file, DcError *err) DC_MUST_CHECK;
/* For manifests: the columns of the dataset declared last; rows that were written to a file (more are added, by any
   thread). */
void stage_columns(Stage *stage, const Str *names, size_t count);
void stage_rows(Stage *stage, uint32_t file, uint64_t rows);
/* Append to file number `file`. Thread-safe for different files at once; one thread at a time for one file. Errors name
   the final path ("cannot write out/a/part-00000.csv: No space left on device"). */
DcCode stage_write(Stage *stage, uint32_t file, const void *data, size_t len, DcError *err) DC_MUST_CHECK;
struct iovec;
DcCode stage_writev(Stage *stage, uint32_t file, struct iovec *parts, size_t count, DcError *err) DC_MUST_CHECK; /* any count; parts is scratch */
/* Make everything visible and free the stage (also on failure); on failure everything is taken back as far as the system
   allows. STAGE_OVERWRITE: the visible files of each declared dataset's folder, or its single file, are replaced. */
DcCode stage_commit(Stage *stage, DcError *err) DC_MUST_CHECK;
void stage_abort(Stage *stage); /* NULL is fine */
/* Remove all live stages from the disk; for the end of a failed or interrupted run. Waits for writes that are on; later
   ones fail. The stages stay valid until their owners call stage_abort or stage_commit. Not for signal handlers. */
void stage_abort_all(void);
/* A sentence for the user about what the file system cannot give, or NULL. */
const char *stage_warning(const Stage *stage);
/* Before path (a file, folder or what is to be one) is read: completes the commits of killed runs that may touch it, and
   waits for one that is on its way. Costs a look for a lock file in each folder above when all is well. */
DcCode stage_settle(const char *path, DcError *err) DC_MUST_CHECK;
/* Where a file will be, for messages; on the heap. */
char *stage_path_of(const Stage *stage, uint32_t file);
uint64_t stage_bytes(const Stage *stage); /* written so far */
size_t stage_files(const Stage *stage);

#endif
