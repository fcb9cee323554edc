/* stage_plan.c - what has to be moved where, so that staged output replaces what is there.
 *
 * A folder that is missing at the target is placed whole. One that is overwritten, and in which nothing else is than
 * what is replaced, is swapped whole: that is one step for all readers. Else its files go one by one. Marker files
 * (_SUCCESS, manifests) go first and come last. A folder of the target that is a link is never moved itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "io/manifest.h"
#include "io/stage_internal.h"

enum { OVERLAY_FILE_SYSTEM = 0x794c7630 }; /* cannot move a folder of its lower layer */

/* The moves in the order in which they are made. */
typedef enum Turn { TURN_OLD_MARKERS, TURN_OLD, TURN_NEW, TURN_NEW_MARKERS, TURN_COUNT } Turn;

typedef struct Owned {
  char *path; /* below the base */
  bool single, group;
  bool swapped; /* with a folder at or above it */
} Owned;

typedef struct Plan {
  Stage *stage;
  Journal turns[TURN_COUNT];
  Owned *owned; /* the datasets, by path */
  size_t owned_count;
  size_t aside_count;
  bool swaps_folders;
} Plan;

/* ---- datasets ---- */

static int by_path(const void *a, const void *b) { return strcmp(((const Owned *)a)->path, ((const Owned *)b)->path); }

static void list_owned(Plan *plan) {
  const Stage *stage = plan->stage;
  plan->owned = dc_alloc((stage->dataset_count + 1) * sizeof *plan->owned);
  plan->owned_count = stage->dataset_count;
  for (size_t i = 0; i < stage->dataset_count; i++)
    plan->owned[i] = (Owned){stage_below(stage, stage->datasets[i].name), stage->datasets[i].single, stage->datasets[i].group, false};
  qsort(plan->owned, plan->owned_count, sizeof *plan->owned, by_path);
}

/* The first dataset whose path is not before the given one. */
static size_t first_owned(const Plan *plan, const char *path) {
  size_t low = 0, high = plan->owned_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (strcmp(plan->owned[middle].path, path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

static bool is_owned(const Plan *plan, const char *path, bool single) {
  for (size_t i = first_owned(plan, path); i < plan->owned_count && strcmp(plan->owned[i].path, path) == 0; i++)
    if (plan->owned[i].single == single && !plan->owned[i].group) return true;
  return false;
}

static bool is_group(const Plan *plan, const char *path) {
  for (size_t i = first_owned(plan, path); i < plan->owned_count && strcmp(plan->owned[i].path, path) == 0; i++)
    if (plan->owned[i].group) return true;
  return false;
}

/* Marks what a swap of a folder has dealt with. */
static void mark_swapped(Plan *plan, const char *path) {
  for (size_t i = first_owned(plan, path); i < plan->owned_count && strcmp(plan->owned[i].path, path) == 0; i++) plan->owned[i].swapped = true;
  Buf inside = {0};
  buf_printf(&inside, "%s/", path);
  for (size_t i = first_owned(plan, inside.data); i < plan->owned_count && strncmp(plan->owned[i].path, inside.data, inside.len) == 0; i++)
    plan->owned[i].swapped = true;
  buf_free(&inside);
}

/* ---- moves ---- */

static bool is_marker(const char *name) { return strcmp(name, "_SUCCESS") == 0 || manifest_is_name(name); }

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static char *staged_path(const Plan *plan, const char *path) { return stage_path(plan->stage, "new", path); }

/* How messages call a path below the base. */
static char *shown_path(const Plan *plan, const char *path) {
  return strcmp(plan->stage->base, ".") == 0 ? path_copy(str_of(path)) : path_join(plan->stage->base, str_of(path));
}

static void add_staged(Plan *plan, Turn turn, MoveKind kind, const char *path, uint64_t inode) {
  char *staged = path_join("new", str_of(path));
  journal_add(&plan->turns[turn], kind, staged, path, inode);
  dc_free(staged);
}

/* Names in different folders may be equal, so what is put aside gets a number. */
static void add_aside(Plan *plan, const char *path) {
  char name[32];
  snprintf(name, sizeof name, "old/%zu", plan->aside_count++);
  journal_add(&plan->turns[is_marker(last_part(path)) ? TURN_OLD_MARKERS : TURN_OLD], MOVE_ASIDE, name, path, 0);
}

/* ---- swapping whole folders ---- */

/* Attributes that a new folder would not have: access lists, those of users. Security labels come by themselves. */
static bool has_attributes(const char *path) {
  char names[4096];
  ssize_t len = listxattr(path, names, sizeof names);
  if (len < 0) return errno != ENOTSUP;
  for (const char *name = names; name < names + len; name += strlen(name) + 1)
    if (strncmp(name, "security.", 9) != 0) return true;
  return false;
}

/* May the staged folder stand for the one at the target? It gets its mode. */
static bool alike(const char *target, const char *staged) {
  struct stat old, new;
  if (lstat(target, &old) != 0 || lstat(staged, &new) != 0 || !S_ISDIR(old.st_mode) || !S_ISDIR(new.st_mode)) return false;
  if (old.st_uid != new.st_uid || old.st_gid != new.st_gid || old.st_dev != new.st_dev || has_attributes(target)) return false;
  return (old.st_mode & 07777) == (new.st_mode & 07777) || chmod(staged, old.st_mode & 07777) == 0;
}

static bool only_replaced(const Plan *plan, const char *path);

/* "_x.csv.manifest.json" goes with the single file "x.csv". */
static bool is_owned_file(const Plan *plan, const char *folder, const char *name) {
  Str rest = str_of(name), end = str_of(MANIFEST_SINGLE_END);
  if (name[0] == '_' && str_ends(rest, end)) rest = str_make(name + 1, rest.len - 1 - end.len);
  char *path = path_join(folder, rest);
  bool owned = is_owned(plan, path, true);
  dc_free(path);
  return owned;
}

static bool is_replaced(const Plan *plan, const char *folder, const char *name) {
  char *path = path_join(folder, str_of(name)), *target = path_join(plan->stage->base, str_of(path));
  struct stat status;
  bool replaced = false, ours = !stage_hides(name) || is_marker(name);
  if (lstat(target, &status) != 0) replaced = false;
  else if (S_ISDIR(status.st_mode)) replaced = !stage_hides(name) && only_replaced(plan, path);
  else if (S_ISREG(status.st_mode))
    replaced = ours && (is_owned(plan, folder, false) || is_owned_file(plan, folder, name) || (is_marker(name) && is_group(plan, folder)));
  dc_free(path);
  dc_free(target);
  return replaced;
}

/* Is nothing in a folder of the target but what the staged one replaces? */
static bool only_replaced(const Plan *plan, const char *path) {
  char *target = path_join(plan->stage->base, str_of(path)), *staged = staged_path(plan, path);
  bool replaced = alike(target, staged);
  int error = 0;
  char **names = replaced ? folder_list(target, &error) : NULL;
  for (size_t i = 0; replaced && names[i]; i++) replaced = is_replaced(plan, path, names[i]);
  if (names) folder_free_list(names);
  dc_free(target);
  dc_free(staged);
  return replaced && !error;
}

/* No other run may come to write inside while that is found out, so the whole folder is claimed. */
static bool may_swap(const Plan *plan, const char *path) {
  const Stage *stage = plan->stage;
  if (!plan->swaps_folders || !stage_lock_works(stage->claims)) return false;
  return (stage_lock_covers(stage->claims, str_of(path)) || stage_lock_try(stage->claims, str_of(path))) && only_replaced(plan, path);
}

/* ---- what is staged ---- */

static DcCode place_folder(Plan *plan, const char *path, DcError *err);

static DcCode place_file(Plan *plan, const char *path, uint64_t inode, const struct stat *there, DcError *err) {
  bool marker = is_marker(last_part(path));
  StageMode mode = plan->stage->options.mode;
  if (there && (S_ISDIR(there->st_mode) || (!marker && (mode == STAGE_ERROR || mode == STAGE_IGNORE)))) {
    char *shown = shown_path(plan, path);
    dc_fail(err, S_ISDIR(there->st_mode) ? "\"%s\" is a folder, not a file" : "\"%s\" exists already", shown);
    dc_free(shown);
    return err->code;
  }
  if (there && marker) add_aside(plan, path);
  add_staged(plan, marker ? TURN_NEW_MARKERS : TURN_NEW, there && !marker ? MOVE_SWAP : MOVE_PLACE, path, inode);
  return DC_OK;
}

static DcCode place(Plan *plan, const char *path, DcError *err) {
  char *staged = staged_path(plan, path), *target = path_join(plan->stage->base, str_of(path)), *shown = shown_path(plan, path);
  struct stat new, old;
  bool there = lstat(target, &old) == 0;
  if (!there && errno != ENOENT) dc_fail_errno(err, errno, "cannot put %s in place", shown);
  else if (lstat(staged, &new) != 0) dc_fail_errno(err, errno, "cannot put %s in place", shown);
  else if (!S_ISDIR(new.st_mode)) place_file(plan, path, new.st_ino, there ? &old : NULL, err);
  else if (!there) add_staged(plan, TURN_NEW, MOVE_PLACE, path, new.st_ino);
  else if (!folder_is(target)) dc_fail(err, "\"%s\" is a file, not a folder", shown);
  else if (plan->stage->options.mode == STAGE_OVERWRITE && may_swap(plan, path)) {
    add_staged(plan, TURN_NEW, MOVE_SWAP, path, new.st_ino);
    mark_swapped(plan, path);
  } else place_folder(plan, path, err);
  dc_free(staged);
  dc_free(target);
  dc_free(shown);
  return err->code;
}

static DcCode place_folder(Plan *plan, const char *path, DcError *err) {
  char *staged = staged_path(plan, path);
  int error = 0;
  char **names = folder_list(staged, &error);
  if (error) dc_fail_errno(err, error, "cannot read folder %s", staged);
  for (size_t i = 0; names[i] && err->code == DC_OK; i++) {
    char *child = *path ? path_join(path, str_of(names[i])) : path_copy(str_of(names[i]));
    place(plan, child, err);
    dc_free(child);
  }
  folder_free_list(names);
  dc_free(staged);
  return err->code;
}

/* ---- what is replaced by nothing of its name ---- */

static bool is_staged(const Plan *plan, const char *path) {
  struct stat status;
  if (!plan->stage->folder) return false;
  char *staged = staged_path(plan, path);
  bool there = lstat(staged, &status) == 0;
  dc_free(staged);
  return there;
}

/* One name in the folder of a dataset that is overwritten. */
static void clear_name(Plan *plan, const char *folder, const char *name, bool group) {
  char *path = *folder ? path_join(folder, str_of(name)) : path_copy(str_of(name)), *target = path_join(plan->stage->base, str_of(path));
  struct stat status;
  bool ours = (!group && !stage_hides(name)) || is_marker(name);
  if (ours && stat(target, &status) == 0 && S_ISREG(status.st_mode) && !is_staged(plan, path)) add_aside(plan, path);
  dc_free(path);
  dc_free(target);
}

static DcCode clear_dataset(Plan *plan, const Owned *dataset, DcError *err) {
  char *target = path_join(plan->stage->base, str_of(dataset->path));
  struct stat status;
  int error = 0;
  if (dataset->single) {
    char *manifest = manifest_of_file(dataset->path), *beside = path_join(plan->stage->base, str_of(manifest));
    if (lstat(target, &status) == 0 && !is_staged(plan, dataset->path)) add_aside(plan, dataset->path);
    if (lstat(beside, &status) == 0 && !is_staged(plan, manifest)) add_aside(plan, manifest);
    dc_free(manifest);
    dc_free(beside);
  } else {
    char **names = folder_list(target, &error);
    if (error && error != ENOENT) dc_fail_errno(err, error, "cannot read folder %s", target);
    for (size_t i = 0; names[i] && err->code == DC_OK; i++) clear_name(plan, dataset->path, names[i], dataset->group);
    folder_free_list(names);
  }
  dc_free(target);
  return err->code;
}

/* ---- the plan ---- */

static void plan_free(Plan *plan) {
  for (int turn = 0; turn < TURN_COUNT; turn++) journal_free(&plan->turns[turn]);
  for (size_t i = 0; i < plan->owned_count; i++) dc_free(plan->owned[i].path);
  dc_free(plan->owned);
}

DcCode stage_plan(Stage *stage, Journal *journal, DcError *err) {
  struct statfs system;
  Plan plan = {.stage = stage, .swaps_folders = statfs(stage->base, &system) == 0 && system.f_type != OVERLAY_FILE_SYSTEM};
  list_owned(&plan);
  if (stage->folder) place_folder(&plan, "", err);
  for (size_t i = 0; i < plan.owned_count && stage->options.mode == STAGE_OVERWRITE && err->code == DC_OK; i++)
    if (!plan.owned[i].swapped) clear_dataset(&plan, &plan.owned[i], err);
  for (int turn = 0; turn < TURN_COUNT && err->code == DC_OK; turn++)
    for (size_t i = 0; i < plan.turns[turn].count; i++) {
      const Move *move = &plan.turns[turn].moves[i];
      journal_add(journal, move->kind, move->staged, move->target, move->inode);
    }
  plan_free(&plan);
  return err->code;
}
