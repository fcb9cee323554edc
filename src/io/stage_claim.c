/* stage_claim.c - a stage among other runs: its lock file, its hidden folder, the outputs that it claims.
 *
 * Claims lie in the lock file of the base. Runs with another base may write the same outputs: one with a base above
 * finds our lock file on its way down, and we find those on the way up and down, after our own claim is made: of two
 * that start at the same time at least one sees the other.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "io/stage_internal.h"
#include "io/stage_recover.h"

static _Atomic unsigned stage_number;

/* ---- the lock file and the folder ---- */

/* A name that no folder has and no live run owns: one with our number may be left, or lie on another machine. */
static void choose_name(Stage *stage) {
  for (;;) {
    char name[64];
    snprintf(name, sizeof name, ".dcetl-%ld-%u", (long)getpid(), atomic_fetch_add(&stage_number, 1));
    char *folder = path_join(stage->base, str_of(name));
    struct stat status;
    bool owned = !stage->claims || stage_lock_own(stage->claims, name);
    bool is_new = owned && lstat(folder, &status) != 0;
    dc_free(folder);
    if (is_new) {
      stage->name = path_copy(str_of(name));
      if (stage->claims) stage_lock_sign(stage->claims, name);
      return;
    }
    if (owned && stage->claims) stage_lock_forget(stage->claims, name);
  }
}

static DcCode open_claims(Stage *stage, DcError *err) {
  if (stage->name) return DC_OK;
  bool may_only_look = stage->options.mode == STAGE_IGNORE && access(stage->base, W_OK) != 0;
  if (!may_only_look) {
    DC_TRY(stage_lock_open(stage->base, true, &stage->claims, err));
    if (!stage_lock_is_new(stage->claims)) DC_TRY(stage_recover(stage->claims, stage->base, str_of(stage->prefix), err));
  }
  stage->full = stage_full_path(stage->base);
  if (!stage->full) return dc_fail_errno(err, errno, "cannot write to folder %s", stage->base);
  DC_TRY(stage_each_above(stage->full, false, stage_recover_in, NULL, err));
  choose_name(stage);
  return DC_OK;
}

DcCode stage_open_claims(Stage *stage, DcError *err) {
  pthread_mutex_lock(&stage->setup);
  DcCode code = open_claims(stage, err);
  pthread_mutex_unlock(&stage->setup);
  return code;
}

static DcCode make_hidden(Stage *stage, DcError *err) {
  DC_TRY(open_claims(stage, err));
  char *folder = path_join(stage->base, str_of(stage->name)), *staged = path_join(folder, str_of("new"));
  if (mkdir(folder, 0777) != 0) {
    dc_fail_errno(err, errno, "cannot write to folder %s", stage->base);
    dc_free(folder);
  } else {
    stage->folder = folder;
    if (mkdir(staged, 0777) != 0) dc_fail_errno(err, errno, "cannot write to folder %s", stage->base);
  }
  dc_free(staged);
  return err->code;
}

DcCode stage_make_folder(Stage *stage, DcError *err) {
  DcCode code = DC_OK;
  pthread_mutex_lock(&stage->setup);
  if (!stage->folder) code = make_hidden(stage, err);
  pthread_mutex_unlock(&stage->setup);
  return code;
}

/* ---- outputs ---- */

typedef struct Look {
  const char *output; /* path below the base; "": all of it */
  const char *shown;
} Look;

/* Another run's lock file above the base. rest: from there to the base. */
static DcCode look_above(void *self, const char *folder, Str rest, DcError *err) {
  const Look *look = self;
  StageLock *lock;
  DC_TRY(stage_lock_open(folder, false, &lock, err));
  if (!lock) return DC_OK;
  char *base = path_copy(rest), *path = path_join(base, str_of(look->output));
  DcCode code = stage_lock_check(lock, str_of(path), look->shown, err);
  dc_free(base);
  dc_free(path);
  stage_lock_close(lock);
  return code;
}

/* Another run's lock file in a folder between the base and an output, or in that. rest: from there to the output. */
static DcCode look_at(Stage *stage, const char *below, const char *rest, const char *shown, DcError *err) {
  char *folder = path_join(stage->base, str_of(below));
  StageLock *lock;
  DcCode code = stage_lock_open(folder, false, &lock, err);
  if (code == DC_OK && lock) code = stage_recover(lock, folder, str_of(rest), err);
  if (code == DC_OK && lock) code = stage_lock_check(lock, str_of(rest), shown, err);
  stage_lock_close(lock);
  dc_free(folder);
  return code;
}

static DcCode look_below(Stage *stage, const char *output, bool single, const char *shown, DcError *err) {
  for (const char *slash = strchr(output, '/'); slash && err->code == DC_OK; slash = strchr(slash + 1, '/')) {
    char *folder = path_copy(str_make(output, (size_t)(slash - output)));
    look_at(stage, folder, slash + 1, shown, err);
    dc_free(folder);
  }
  return !single && *output && err->code == DC_OK ? look_at(stage, output, "", shown, err) : err->code;
}

/* A run that has claimed all of the base looks above once. */
static DcCode look_around(Stage *stage, const char *output, bool single, const char *shown, DcError *err) {
  Look look = {stage_lock_is_whole(stage->claims) ? "" : output, shown};
  if (!stage->looked_for_all) DC_TRY(stage_each_above(stage->full, false, look_above, &look, err));
  stage->looked_for_all = stage_lock_is_whole(stage->claims);
  return look_below(stage, output, single, shown, err);
}

DcCode stage_claim(Stage *stage, const char *name, bool single, DcError *err) {
  if (stage->ended) return dc_fail(err, "cannot write to %s: the run was stopped", stage->root);
  if (stage->store) return DC_OK; /* nothing there can be claimed */
  DC_TRY(stage_open_claims(stage, err));
  if (!stage->claims) return DC_OK;
  char *below = stage_below(stage, name), *shown = stage_target(stage, name);
  DcCode code = DC_OK;
  if (stage_lock_covers(stage->claims, str_of(below)) && !stage_lock_is_whole(stage->claims)) {
    code = look_below(stage, below, single, shown, err);
  } else {
    code = stage_lock_claim(stage->claims, str_of(below), shown, err);
    if (code == DC_OK) code = look_around(stage, below, single, shown, err);
  }
  dc_free(below);
  dc_free(shown);
  return code;
}
