/* stage_recover.c - brings the commits of killed runs to their end. */
#include "io/stage_recover.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/folder.h"
#include "io/path.h"
#include "io/stage.h"
#include "io/stage_journal.h"

/* Is one of the two paths the other, or above it? */
static bool overlap(Str one, Str other) {
  Str less = one.len < other.len ? one : other, more = one.len < other.len ? other : one;
  return !less.len || (str_starts(more, less) && (more.len == less.len || more.data[less.len] == '/'));
}

static bool touches(const Journal *journal, Str about) {
  for (size_t i = 0; i < journal->count; i++)
    if (overlap(str_of(journal->moves[i].target), about)) return true;
  return journal->count == 0;
}

static DcCode end_commit(Journal *journal, bool forward, DcError *err) {
  journal->done = forward ? 0 : journal->count;
  if (forward) DC_TRY(journal_run(journal, err));
  else if (!journal_undo(journal)) return dc_fail_errno(err, errno, "cannot put back what %s holds", journal->folder);
  if (!journal_remove(journal)) return dc_fail_errno(err, errno, "cannot change folder %s", journal->folder);
  return DC_OK;
}

/* A stage folder whose owner is dead. */
static DcCode end_stage(StageLock *lock, const char *base, const char *folder, Str about, DcError *err) {
  Journal journal = {.base = base, .folder = folder};
  DcError cause = {0};
  bool found = false, forward = false;
  DcCode code = journal_load(&journal, &found, &forward, &cause);
  if (code == DC_OK && found && stage_lock_read_only(lock)) dc_fail_errno(&cause, EACCES, "cannot write to folder %s", base);
  else if (code == DC_OK && found) code = end_commit(&journal, forward, &cause);
  if (cause.code == DC_OK && !stage_lock_read_only(lock)) folder_remove(folder);
  if (folder_is(folder)) stage_lock_keep(lock);
  if (cause.code != DC_OK && touches(&journal, about)) {
    dc_fail(err, "a run was cut off while it put outputs below %s in place, and that cannot be completed: %s", base, cause.message);
    dc_hint(err, "%s", *cause.hint ? cause.hint : "any script that reads there completes it, run by a user who may write there");
  }
  journal_free(&journal);
  return err->code;
}

static bool is_stage_name(const char *name) { return strncmp(name, ".dcetl-", 7) == 0 && name[7] >= '0' && name[7] <= '9'; }

DcCode stage_recover(StageLock *lock, const char *base, Str about, DcError *err) {
  if (!stage_lock_works(lock)) return DC_OK;
  int error = 0;
  char **names = folder_list(base, &error);
  DcCode code = stage_lock_commit(lock, err); /* and so behind one that is on its way */
  for (size_t i = 0; names[i] && code == DC_OK; i++) {
    if (!is_stage_name(names[i]) || stage_lock_is_owned(lock, names[i])) continue;
    bool read_only = stage_lock_read_only(lock);
    if (!read_only && !stage_lock_own(lock, names[i])) continue;
    char *folder = path_join(base, str_of(names[i]));
    if (folder_is(folder)) code = end_stage(lock, base, folder, about, err);
    dc_free(folder);
    if (!read_only) stage_lock_forget(lock, names[i]);
  }
  stage_lock_committed(lock);
  folder_free_list(names);
  return code;
}

/* ---- above a path ---- */

static bool has_lock_file(const char *folder) {
  char *path = path_join(folder, str_of(STAGE_LOCK_NAME));
  bool there = access(path, F_OK) == 0;
  dc_free(path);
  return there;
}

char *stage_full_path(const char *path) {
  char *start = path_copy(str_of(path)), *full;
  size_t cut = strlen(start);
  while (!(full = realpath(start, NULL)) && (errno == ENOENT || errno == ENOTDIR) && strcmp(start, ".") != 0 && strcmp(start, "/") != 0) {
    Str folder = path_folder(str_of(start));
    cut = folder.data == start ? folder.len : 0;
    char *shorter = path_copy(folder);
    dc_free(start);
    start = shorter;
  }
  dc_free(start);
  if (!full) return NULL;
  while (path[cut] == '/') cut++;
  char *whole = path_join(full, str_of(path + cut));
  free(full);
  return whole;
}

DcCode stage_each_above(const char *full, bool with_self, DcCode (*look)(void *self, const char *folder, Str rest, DcError *err), void *self,
                        DcError *err) {
  size_t len = strlen(full);
  for (size_t i = 0; i <= len && err->code == DC_OK; i++) {
    if (i < len ? full[i] != '/' : !with_self || len == 1) continue;
    char *folder = path_copy(str_make(full, i ? i : 1));
    Str rest = i < len ? str_make(full + i + 1, len - i - 1) : str_make("", 0);
    if ((with_self || rest.len) && has_lock_file(folder)) look(self, folder, rest, err);
    dc_free(folder);
  }
  return err->code;
}

/* ---- for readers ---- */

DcCode stage_recover_in(void *unused, const char *folder, Str rest, DcError *err) {
  (void)unused;
  StageLock *lock;
  DC_TRY(stage_lock_open(folder, false, &lock, err));
  if (lock && stage_recover(lock, folder, rest, err) != DC_OK) dc_hint(err, "look at the folder %s", folder);
  stage_lock_close(lock);
  return err->code;
}

DcCode stage_settle(const char *path, DcError *err) {
  char *full = stage_full_path(path);
  DcCode code = full ? stage_each_above(full, true, stage_recover_in, NULL, err) : DC_OK;
  dc_free(full);
  return code;
}
