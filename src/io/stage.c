/* stage.c - stages: opening, declaring datasets and files, committing, aborting.
 *
 * All live stages are in one list. Lock order: the list, then a stage, then the cache of open files.
 */
#include "io/stage_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static Stage *stages;

char *stage_target(const Stage *stage, const char *relative) { return path_join(stage->root, str_of(relative)); }

char *stage_path_of(const Stage *stage, uint32_t file) { return stage_target(stage, stage->files[file]->relative); }

char *stage_below(const Stage *stage, const char *relative) {
  return *stage->prefix ? path_join(stage->prefix, str_of(relative)) : path_copy(str_of(relative));
}

char *stage_path(const Stage *stage, const char *part, const char *relative) {
  char *base = path_join(stage->folder, str_of(part)), *path = path_join(base, str_of(relative));
  dc_free(base);
  return path;
}

/* ---- opening and declaring ---- */

/* The parts of rest, which is behind base in root, with one / between them. */
static DcCode set_prefix(Stage *stage, Str rest, DcError *err) {
  Buf prefix = {0};
  while (rest.len) {
    const char *slash = memchr(rest.data, '/', rest.len);
    Str part = str_make(rest.data, slash ? (size_t)(slash - rest.data) : rest.len);
    rest = str_make(rest.data + part.len + (slash != NULL), rest.len - part.len - (slash != NULL));
    if (str_is(part, "..")) dc_fail_errno(err, ENOENT, "cannot make folder %s", stage->root);
    if (!part.len || str_is(part, ".")) continue;
    if (prefix.len) buf_char(&prefix, '/');
    buf_str(&prefix, part);
  }
  stage->prefix = path_copy(str_make(prefix.data, prefix.len));
  buf_free(&prefix);
  return err->code;
}

/* The base: root, or the nearest folder above it that is there. What can be seen to fail is said now, not when all has
   been computed: it must be a folder and writable. */
static DcCode find_base(Stage *stage, DcError *err) {
  char *path = path_copy(str_of(stage->root));
  size_t cut = strlen(path);
  struct stat status;
  while (stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR) && strcmp(path, ".") != 0) {
    Str folder = path_folder(str_of(path));
    cut = folder.data == path ? folder.len : 0;
    char *parent = path_copy(folder);
    dc_free(path);
    path = parent;
  }
  stage->base = path;
  if (stat(path, &status) != 0) return dc_fail_errno(err, errno, "cannot write to folder %s", path);
  if (!S_ISDIR(status.st_mode)) {
    dc_fail(err, "\"%s\" is a file, not a folder", path);
    dc_hint(err, "INTO names a folder; the files in it are called by their datasets");
    return err->code;
  }
  if (stage->options.mode != STAGE_IGNORE && faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) != 0)
    return dc_fail_errno(err, errno, "cannot write to folder %s", path);
  return set_prefix(stage, str_of(stage->root + cut), err);
}

DcCode stage_open(Str root, const StageOptions *options, Stage **out, DcError *err) {
  DC_TRY(path_input(root, &root, err));
  Stage *stage = dc_alloc(sizeof *stage);
  stage->root = path_copy(root);
  stage->options = *options;
  pthread_rwlock_init(&stage->lock, NULL);
  pthread_mutex_init(&stage->setup, NULL);
  pthread_mutex_lock(&list_lock);
  stage->next = stages;
  stages = stage;
  pthread_mutex_unlock(&list_lock);
  DcCode code = checksum_prepare(options->manifest, err);
  if (code == DC_OK) code = remote_is(root) ? stage_store_open(stage, err) : find_base(stage, err);
  if (code != DC_OK) {
    stage_abort(stage);
    return code;
  }
  *out = stage;
  return DC_OK;
}

static DcCode check_name(Str name, DcError *err) {
  if (memchr(name.data, 0, name.len)) return dc_fail(err, "an output name holds a NUL character");
  for (size_t start = 0; start <= name.len;) {
    const char *slash = memchr(name.data + start, '/', name.len - start);
    size_t end = slash ? (size_t)(slash - name.data) : name.len;
    Str part = str_make(name.data + start, end - start);
    if (!part.len) return dc_fail(err, "output name \"%.*s\" has an empty part", STR_ARG(name));
    if (str_is(part, ".") || str_is(part, "..") || str_starts(part, str_of(".dcetl-")))
      return dc_fail(err, "output name \"%.*s\" holds \"%.*s\"", STR_ARG(name), STR_ARG(part));
    start = end + 1;
  }
  return DC_OK;
}

/* The number of a part file, or -1: part-00012.csv.gz is 12. */
static int64_t part_number(const char *name) {
  if (strncmp(name, "part-", 5) != 0 || name[5] < '0' || name[5] > '9') return -1;
  int64_t number = 0;
  for (const char *digit = name + 5; *digit >= '0' && *digit <= '9' && number < UINT32_MAX; digit++) number = number * 10 + (*digit - '0');
  return number < UINT32_MAX ? number : -1;
}

/* Is there a visible file in the folder? *next: behind the highest part number. A folder that is missing is empty. */
static DcCode look_into(Stage *stage, const char *path, bool *used, uint32_t *next, DcError *err) {
  char **names;
  (void)!stage_names(stage, path, &names, err);
  for (size_t i = 0; names[i] && err->code == DC_OK; i++) {
    if (stage_hides(names[i])) continue;
    char *child = path_join(path, str_of(names[i]));
    StageTarget target;
    if (stage_look(stage, child, &target, err) == DC_OK && target.kind == TARGET_FILE) {
      *used = true;
      int64_t number = part_number(names[i]);
      if (number >= *next) *next = (uint32_t)number + 1;
    }
    dc_free(child);
  }
  folder_free_list(names);
  return err->code;
}

static DcCode look_at_file(Stage *stage, const char *path, bool *used, uint32_t *next, DcError *err) {
  StageTarget target;
  DC_TRY(stage_look(stage, path, &target, err));
  if (target.kind == TARGET_NONE) return DC_OK;
  if (target.kind == TARGET_FOLDER) return dc_fail(err, "\"%s\" is a folder, not a file", path);
  *used = true;
  *next = target.size > 0;
  return DC_OK;
}

/* Groups are few. */
static bool in_group(const Stage *stage, const char *name) {
  size_t left = stage->group_count;
  for (size_t i = 0; i < stage->dataset_count && left; i++) {
    const StageDataset *dataset = &stage->datasets[i];
    size_t len = strlen(dataset->name);
    if (dataset->group && strncmp(name, dataset->name, len) == 0 && name[len] == '/') return true;
    left -= dataset->group;
  }
  return false;
}

DcCode stage_dataset(Stage *stage, Str name, bool single, Str suffix, bool *skip, uint32_t *first_part, DcError *err) {
  *skip = false;
  *first_part = 0;
  if (name.len || single) DC_TRY(check_name(name, err));
  Buf full = {0};
  buf_str(&full, name);
  if (single) buf_str(&full, suffix);
  buf_char(&full, 0);
  char *target = stage_target(stage, full.data);
  bool used = false;
  uint32_t next = 0;
  if (stage_claim(stage, full.data, single, err) != DC_OK) used = false;
  else if (single) look_at_file(stage, target, &used, &next, err);
  else look_into(stage, target, &used, &next, err);
  if (err->code == DC_OK && used && stage->options.mode == STAGE_ERROR) {
    dc_fail(err, "\"%s\" exists already", target);
    dc_hint(err, "use @mode = 'overwrite', 'append' or 'ignore'");
  }
  dc_free(target);
  if (err->code != DC_OK || (used && stage->options.mode == STAGE_APPEND && !in_group(stage, full.data) && stage_check_manifest(stage, full.data, single, err) != DC_OK)) {
    buf_free(&full);
    return err->code;
  }
  *skip = used && stage->options.mode == STAGE_IGNORE;
  if (stage->options.mode == STAGE_APPEND) *first_part = next;
  VEC_GROW(stage->datasets, stage->dataset_count, stage->dataset_cap);
  stage->datasets[stage->dataset_count++] = (StageDataset){.name = full.data, .single = single, .skip = *skip, .in_group = in_group(stage, full.data)};
  return DC_OK;
}

DcCode stage_group(Stage *stage, Str name, DcError *err) {
  DC_TRY(check_name(name, err));
  char *copy = path_copy(name);
  if (stage_claim(stage, copy, false, err) != DC_OK || stage_check_manifest(stage, copy, false, err) != DC_OK) {
    dc_free(copy);
    return err->code;
  }
  VEC_GROW(stage->datasets, stage->dataset_count, stage->dataset_cap);
  stage->datasets[stage->dataset_count++] = (StageDataset){.name = copy, .group = true};
  stage->group_count++;
  return DC_OK;
}

DcCode stage_file(Stage *stage, Str relative, uint32_t *number, DcError *err) {
  DC_TRY(check_name(relative, err));
  StageFile *file = dc_alloc(sizeof *file);
  file->stage = stage;
  file->relative = path_copy(relative);
  file->fd = -1;
  VEC_GROW(stage->files, stage->file_count, stage->file_cap);
  *number = (uint32_t)stage->file_count;
  stage->files[stage->file_count++] = file;
  return DC_OK;
}

void stage_rows(Stage *stage, uint32_t file, uint64_t rows) { atomic_fetch_add_explicit(&stage->files[file]->rows, rows, memory_order_relaxed); }

/* Datasets of a COPY often have the same columns: their text is kept once. */
void stage_columns(Stage *stage, const Str *names, size_t count) {
  if (!stage->options.manifest || !stage->dataset_count) return;
  StageDataset *dataset = &stage->datasets[stage->dataset_count - 1];
  Buf text = {0};
  for (size_t i = 0; i < count; i++) {
    buf_text(&text, i ? ", " : "[");
    json_put(&text, names[i]);
  }
  buf_text(&text, count ? "]" : "[]");
  const char *last = stage->dataset_count > 1 ? dataset[-1].columns : NULL;
  dataset->columns = last && str_is(str_make(text.data, text.len), last) ? last : arena_copy(&stage->arena, text.data, text.len);
  buf_free(&text);
}

uint64_t stage_bytes(const Stage *stage) { return atomic_load(&stage->bytes); }
size_t stage_files(const Stage *stage) { return stage->file_count; }

/* ---- the end ---- */

const char *stage_warning(const Stage *stage) {
  bool unlocked = stage->claims && !stage_lock_works(stage->claims);
  return unlocked ? "the file system of the target has no locks: another run that writes there at the same time is not noticed" : NULL;
}

/* Takes the stage off the disk, and lets go of what it claimed. */
static void clear_disk(Stage *stage) {
  if (stage->store) stage_store_clear(stage);
  if (stage->folder && !stage->keep) folder_remove(stage->folder);
  stage_lock_close(stage->claims);
  stage->claims = NULL;
  stage->ended = true;
}

static void free_stage(Stage *stage) {
  pthread_mutex_lock(&list_lock);
  Stage **link = &stages;
  while (*link != stage) link = &(*link)->next;
  *link = stage->next;
  pthread_mutex_unlock(&list_lock);
  for (size_t i = 0; i < stage->file_count; i++) {
    dc_free(stage->files[i]->relative);
    checksum_free(stage->files[i]->sum);
    dc_free(stage->files[i]);
  }
  for (size_t i = 0; i < stage->dataset_count; i++) dc_free(stage->datasets[i].name);
  stage_store_free(stage->store);
  dc_free(stage->files);
  dc_free(stage->datasets);
  arena_free(&stage->arena);
  dc_free(stage->folder);
  dc_free(stage->name);
  dc_free(stage->full);
  dc_free(stage->base);
  dc_free(stage->prefix);
  dc_free(stage->root);
  pthread_rwlock_destroy(&stage->lock);
  pthread_mutex_destroy(&stage->setup);
  dc_free(stage);
}

static void abort_stage(Stage *stage) {
  pthread_rwlock_wrlock(&stage->lock);
  if (!stage->ended) {
    stage_close_files(stage, NULL);
    clear_disk(stage);
  }
  pthread_rwlock_unlock(&stage->lock);
}

void stage_abort(Stage *stage) {
  if (!stage) return;
  abort_stage(stage);
  free_stage(stage);
}

/* Their owners may still hold them, so they are only marked, and freed by stage_abort or stage_commit. */
void stage_abort_all(void) {
  pthread_mutex_lock(&list_lock);
  for (Stage *stage = stages; stage; stage = stage->next) abort_stage(stage);
  pthread_mutex_unlock(&list_lock);
}

static DcCode commit(Stage *stage, DcError *err) {
  if (stage->ended) return dc_fail(err, "cannot write to %s: the run was stopped", stage->root);
  if (stage->store) return stage_store_commit(stage, err);
  for (size_t i = 0; i < stage->file_count; i++) DC_TRY(stage_create(stage->files[i], err));
  DC_TRY(stage_close_files(stage, err));
  DC_TRY(stage_write_markers(stage, err));
  return stage->folder || stage->options.mode == STAGE_OVERWRITE ? stage_move_in_place(stage, err) : DC_OK;
}

DcCode stage_commit(Stage *stage, DcError *err) {
  pthread_rwlock_wrlock(&stage->lock);
  DcCode code = commit(stage, err);
  if (code != DC_OK) stage_close_files(stage, NULL);
  if (!stage->ended) clear_disk(stage);
  pthread_rwlock_unlock(&stage->lock);
  free_stage(stage);
  return code;
}
