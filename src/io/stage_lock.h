/* stage_lock.h - the lock file of a folder: which outputs below it are being written, and by which runs.
 *
 * A run that writes below a folder holds .dcetl-lock in it open. Locks on bytes of that file, which the kernel gives up
 * when a process ends in any way, say what the run does; the file's content only names the runs, for messages. A path
 * has a byte by its hash: the output itself is locked exclusively, the folders between shared. So two runs may write
 * different outputs, but neither the same one, nor one within the other. Beyond 1,024 bytes a run locks all paths.
 * Where a file system has no locks all calls succeed and stage_lock_works says so. The last run removes the file.
 */
#ifndef IO_STAGE_LOCK_H
#define IO_STAGE_LOCK_H

#include "base/error.h"
#include "base/mem.h"

#define STAGE_LOCK_NAME ".dcetl-lock"

typedef struct StageLock StageLock;

/* Opens the lock file of a folder. make: it is made where there is none; else *out = NULL then, and also where it cannot
   be written to and so says nothing that could be changed. Closed by stage_lock_close. */
DcCode stage_lock_open(const char *folder, bool make, StageLock **out, DcError *err) DC_MUST_CHECK;
/* NULL is fine. Gives up all that was locked. */
void stage_lock_close(StageLock *lock);
/* The file is not removed when the lock is closed: stage folders are left that others have to look after. */
void stage_lock_keep(StageLock *lock);
/* Was it made by stage_lock_open? Then no run was there before. */
bool stage_lock_is_new(const StageLock *lock);
bool stage_lock_works(const StageLock *lock);
/* Is the lock file one that this process may only read? Then nothing can be locked. */
bool stage_lock_read_only(const StageLock *lock);

/* Stands for the owner of the stage folder `name` until the lock is closed or stage_lock_forget; false: another does. */
bool stage_lock_own(StageLock *lock, const char *name);
void stage_lock_forget(StageLock *lock, const char *name);
/* Writes the name of an own stage folder where other runs look for the process that is in their way. */
void stage_lock_sign(StageLock *lock, const char *name);
/* Does the owner of a stage folder live (or did nobody get to know, for want of locks)? Asked by others. */
bool stage_lock_is_owned(StageLock *lock, const char *name);

/* Claims the output at path (below the folder, without / at its ends; "": all of the folder). On a conflict the error
   says that `shown` is being written by another run. */
DcCode stage_lock_claim(StageLock *lock, Str path, const char *shown, DcError *err) DC_MUST_CHECK;
/* Has this run claimed path, or a folder above it? */
bool stage_lock_covers(StageLock *lock, Str path);
/* Does this run claim all paths of the folder? */
bool stage_lock_is_whole(const StageLock *lock);
/* As stage_lock_claim, but quietly: false: somebody else is there. */
bool stage_lock_try(StageLock *lock, Str path);
/* Fails as stage_lock_claim if another run claims path, something above it or something below it ("": anything). */
DcCode stage_lock_check(StageLock *lock, Str path, const char *shown, DcError *err) DC_MUST_CHECK;

/* One commit at a time: waits until nobody else of this folder commits; an interrupt ends that with DC_INTERRUPTED. */
DcCode stage_lock_commit(StageLock *lock, DcError *err) DC_MUST_CHECK;
void stage_lock_committed(StageLock *lock);

#endif
