/* stage_recover.h - outputs of runs that were killed in the middle of a commit.
 *
 * A stage folder whose owner does not live any more (stage_lock.h) is brought to an end: with a journal the commit is
 * completed, or taken back if that had begun; without one the folder is only removed. Paths that are looked up or
 * written to go through here first, so that a run never reads or extends half of an output.
 */
#ifndef IO_STAGE_RECOVER_H
#define IO_STAGE_RECOVER_H

#include "base/error.h"
#include "io/stage_lock.h"

/* Brings the commits of killed runs in a folder to their end, and removes what other killed runs left. about: the path
   below the folder that is of interest ("": all): what cannot be ended is an error only if it may touch that. */
DcCode stage_recover(StageLock *lock, const char *folder, Str about, DcError *err) DC_MUST_CHECK;

/* The same for the lock file in `folder`, with `rest` of interest, as stage_each_above calls it. */
DcCode stage_recover_in(void *unused, const char *folder, Str rest, DcError *err) DC_MUST_CHECK;

/* The absolute path of what exists of a path, without links, and behind that the parts that do not exist. On the heap;
   NULL: errno. */
char *stage_full_path(const char *path);
/* Calls look for each folder above a full path that has a lock file, and with the rest of the path below it; until one
   fails. with_self: also for path itself, where the rest is "". */
DcCode stage_each_above(const char *full, bool with_self, DcCode (*look)(void *self, const char *folder, Str rest, DcError *err), void *self,
                        DcError *err) DC_MUST_CHECK;

#endif
