/* stage_commit.c - moves staged output in place, and back if that fails half-way.
 *
 * Every rename is noted in a journal; on a failure the journal is undone from its end. Output that is replaced is moved
 * into the stage's folder "old" first, and removed with it when all is in place. A program that is killed meanwhile
 * leaves it there: nothing is lost.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/fault.h"
#include "io/stage_internal.h"

typedef struct Move {
  char *from, *to;
} Move;

typedef struct Journal {
  Stage *stage;
  Move *moves;
  size_t count, cap;
} Journal;

static _Atomic int renames_to_failure;

void io_fail_rename_after(int n) { atomic_store(&renames_to_failure, n); }

static bool rename_must_fail(void) {
  if (fault_due()) return true;
  return atomic_load_explicit(&renames_to_failure, memory_order_relaxed) > 0 && atomic_fetch_sub(&renames_to_failure, 1) == 1;
}

/* named: the path that the user knows. */
static DcCode move(Journal *journal, const char *from, const char *to, const char *named, DcError *err) {
  int result = rename_must_fail() ? (errno = EIO, -1) : rename(from, to);
  if (result != 0) return dc_fail_errno(err, errno, "cannot put %s in place", named);
  VEC_GROW(journal->moves, journal->count, journal->cap);
  journal->moves[journal->count++] = (Move){path_copy(str_of(from)), path_copy(str_of(to))};
  return DC_OK;
}

/* A move that cannot be undone leaves its file where it is; the failure that led here is what is reported. */
static void undo(Journal *journal) {
  for (size_t i = journal->count; i-- > 0;)
    if (rename(journal->moves[i].to, journal->moves[i].from) != 0) continue;
}

static void free_journal(Journal *journal) {
  for (size_t i = 0; i < journal->count; i++) {
    dc_free(journal->moves[i].from);
    dc_free(journal->moves[i].to);
  }
  dc_free(journal->moves);
}

/* Moves the file at target out of the way, under a number: names in different folders may be equal. */
static DcCode put_aside(Journal *journal, const char *target, DcError *err) {
  char number[32];
  snprintf(number, sizeof number, "%zu", journal->count);
  DC_TRY(stage_make_folder(journal->stage, err));
  char *old = stage_path(journal->stage, "old", number), *folder = path_copy(path_folder(str_of(old)));
  if (!make_folders(folder, NULL, NULL)) dc_fail_errno(err, errno, "cannot replace %s", target);
  else move(journal, target, old, target, err);
  dc_free(folder);
  dc_free(old);
  return err->code;
}

/* The visible files of a dataset that is overwritten. */
static DcCode clear_dataset(Journal *journal, const StageDataset *dataset, DcError *err) {
  char *target = stage_target(journal->stage, dataset->name);
  struct stat status;
  if (dataset->single) {
    if (lstat(target, &status) == 0) put_aside(journal, target, err);
    dc_free(target);
    return err->code;
  }
  int error = 0;
  char **names = list_folder(target, &error);
  if (error && error != ENOENT) dc_fail_errno(err, error, "cannot read folder %s", target);
  for (size_t i = 0; names[i] && err->code == DC_OK; i++) {
    char *child = path_join(target, str_of(names[i]));
    if (!is_hidden(names[i]) && stat(child, &status) == 0 && S_ISREG(status.st_mode)) put_aside(journal, child, err);
    dc_free(child);
  }
  free_names(names);
  dc_free(target);
  return err->code;
}

static DcCode place_folder(Journal *journal, const char *from, const char *to, DcError *err);

/* Moves one file or folder of the stage to its target. */
static DcCode place(Journal *journal, const char *from, const char *to, DcError *err) {
  struct stat staged, status;
  if (lstat(from, &staged) != 0) return dc_fail_errno(err, errno, "cannot put %s in place", to);
  if (lstat(to, &status) != 0) {
    if (errno != ENOENT) return dc_fail_errno(err, errno, "cannot put %s in place", to);
    return move(journal, from, to, to, err);
  }
  if (S_ISDIR(staged.st_mode)) {
    if (stat(to, &status) == 0 && S_ISDIR(status.st_mode)) return place_folder(journal, from, to, err);
    return dc_fail(err, "\"%s\" is a file, not a folder", to);
  }
  if (S_ISDIR(status.st_mode)) return dc_fail(err, "\"%s\" is a folder, not a file", to);
  if (journal->stage->mode == STAGE_ERROR || journal->stage->mode == STAGE_IGNORE) return dc_fail(err, "\"%s\" exists already", to);
  DC_TRY(put_aside(journal, to, err));
  return move(journal, from, to, to, err);
}

static DcCode place_folder(Journal *journal, const char *from, const char *to, DcError *err) {
  int error = 0;
  char **names = list_folder(from, &error);
  if (error) dc_fail_errno(err, error, "cannot put %s in place", to);
  for (size_t i = 0; names[i] && err->code == DC_OK; i++) {
    char *source = path_join(from, str_of(names[i])), *target = path_join(to, str_of(names[i]));
    place(journal, source, target, err);
    dc_free(source);
    dc_free(target);
  }
  free_names(names);
  return err->code;
}

DcCode stage_move_in_place(Stage *stage, DcError *err) {
  Journal journal = {.stage = stage};
  for (size_t i = 0; i < stage->dataset_count && stage->mode == STAGE_OVERWRITE && err->code == DC_OK; i++)
    clear_dataset(&journal, &stage->datasets[i], err);
  if (err->code == DC_OK && stage->folder) {
    char *staged = stage_path(stage, "new", "");
    place_folder(&journal, staged, stage->root, err);
    dc_free(staged);
  }
  if (err->code != DC_OK) undo(&journal);
  free_journal(&journal);
  return err->code;
}
