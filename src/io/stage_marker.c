/* stage_marker.c - manifests and _SUCCESS of a stage's datasets.
 *
 * They are written into the stage folder like outputs. The manifest of a dataset that is appended to keeps the entries
 * of the files that were there, which must still be there and as long; files that no manifest knew are read for theirs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/manifest.h"
#include "io/stage_internal.h"

/* The manifest of a dataset, relative to root; on the heap. */
static char *manifest_path(const char *name, bool single) {
  if (single) return manifest_of_file(name);
  return *name ? path_join(name, str_of(MANIFEST_NAME)) : path_copy(str_of(MANIFEST_NAME));
}

DcCode stage_check_manifest(Stage *stage, const char *name, bool single, DcError *err) {
  if (stage->options.manifest) return DC_OK;
  char *relative = manifest_path(name, single), *target = stage_target(stage, relative);
  StageTarget there;
  if (stage_look(stage, target, &there, err) == DC_OK && there.kind != TARGET_NONE) {
    dc_fail(err, "\"%s\" would not know what is written", target);
    dc_hint(err, "write with @manifest = TRUE, or remove the manifest");
  }
  dc_free(relative);
  dc_free(target);
  return err->code;
}

/* ---- small files ---- */

static bool write_text(const char *path, Str text) {
  char *folder = path_copy(path_folder(str_of(path)));
  bool ok = folder_make(folder);
  dc_free(folder);
  int fd = !ok ? -1 : fault_due() ? (errno = ENOSPC, -1) : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return false;
  int error = 0;
  for (size_t done = 0; done < text.len && !error;) {
    ssize_t n = write(fd, text.data + done, text.len - done);
    if (n >= 0) done += (size_t)n;
    else if (errno != EINTR) error = errno;
  }
  if (close(fd) != 0 && !error) error = errno;
  errno = error;
  return !error;
}

static DcCode write_marker(Stage *stage, const char *relative, Str text, DcError *err) {
  if (stage->store) return stage_store_marker(stage, relative, text);
  DC_TRY(stage_make_folder(stage, err));
  char *below = stage_below(stage, relative), *path = stage_path(stage, "new", below), *target = stage_target(stage, relative);
  if (!write_text(path, text)) dc_fail_errno(err, errno, "cannot write %s", target);
  dc_free(below);
  dc_free(path);
  dc_free(target);
  return err->code;
}

/* ---- which files are of which dataset ---- */

static int by_name(const void *a, const void *b) { return strcmp((*(StageDataset *const *)a)->name, (*(StageDataset *const *)b)->name); }

/* The datasets by name. */
static StageDataset **sort_datasets(const Stage *stage) {
  StageDataset **sorted = dc_alloc((stage->dataset_count + 1) * sizeof *sorted);
  for (size_t i = 0; i < stage->dataset_count; i++) sorted[i] = &stage->datasets[i];
  qsort(sorted, stage->dataset_count, sizeof *sorted, by_name);
  return sorted;
}

static StageDataset *find_dataset(const Stage *stage, StageDataset **sorted, char *name) {
  StageDataset key = {.name = name}, *wanted = &key, **found = bsearch(&wanted, sorted, stage->dataset_count, sizeof *sorted, by_name);
  return found ? *found : NULL;
}

/* The number of the dataset whose markers tell of a file: it is the file, or its folder or the nearest above; of one in
   a group the group. */
static size_t owner(const Stage *stage, StageDataset **sorted, const char *relative) {
  char *path = path_copy(str_of(relative));
  StageDataset *found = find_dataset(stage, sorted, path);
  while ((!found || found->in_group) && *path) {
    char *slash = strrchr(path, '/');
    *(slash ? slash : path) = 0;
    found = find_dataset(stage, sorted, path);
  }
  dc_free(path);
  return found && !found->in_group ? (size_t)(found - stage->datasets) : stage->dataset_count;
}

typedef struct Member {
  size_t dataset; /* its number; that of no dataset: none was declared for the file */
  StageFile *file;
} Member;

static int by_dataset(const void *a, const void *b) {
  const Member *one = a, *other = b;
  if (one->dataset != other->dataset) return one->dataset < other->dataset ? -1 : 1;
  return strcmp(one->file->relative, other->file->relative);
}

static Member *list_members(const Stage *stage, StageDataset **sorted) {
  Member *members = dc_alloc((stage->file_count + 1) * sizeof *members);
  for (size_t i = 0; i < stage->file_count; i++) members[i] = (Member){owner(stage, sorted, stage->files[i]->relative), stage->files[i]};
  qsort(members, stage->file_count, sizeof *members, by_dataset);
  return members;
}

/* ---- manifests ---- */

/* What is kept in a manifest of the files that were there. */
typedef struct Keeper {
  Stage *stage;
  const StageDataset *dataset;
  StageDataset **sorted;
  Manifest *manifest;
  const Manifest *old;
  const char *folder; /* of the manifest */
  DcError *err;
} Keeper;

/* Is the file in a folder of a group that is overwritten? */
static bool is_rewritten(const Keeper *keeper, const char *name) {
  const char *slash = strrchr(name, '/');
  if (!keeper->dataset->group || keeper->stage->options.mode != STAGE_OVERWRITE || !slash) return false;
  char *path = path_join(keeper->dataset->name, str_make(name, (size_t)(slash - name)));
  const StageDataset *dataset = find_dataset(keeper->stage, keeper->sorted, path);
  dc_free(path);
  return dataset && !dataset->skip;
}

/* A file that was there before: its entry, checked, or one that is made from its content. */
static DcCode keep_file(const Keeper *keeper, const char *name) {
  char *path = path_join(keeper->folder, str_of(name));
  const ManifestFile *known = manifest_find(keeper->old, name);
  ManifestFile file = {.kind = keeper->stage->options.manifest, .rows = MANIFEST_ROWS_UNKNOWN};
  StageTarget there;
  DcError *err = keeper->err;
  if (!known && stage_sum(keeper->stage, path, file.kind, file.sum, &file.bytes, err) != DC_OK) {
    dc_free(path);
    return err->code;
  }
  if (known && stage_look(keeper->stage, path, &there, err) == DC_OK && there.kind != TARGET_FILE) {
    dc_fail_errno(err, ENOENT, "\"%s\" is in the manifest, but cannot be read", path);
  } else if (known && err->code == DC_OK) {
    file = *known;
    if (there.size != known->bytes)
      dc_fail(err, "\"%s\" has %llu bytes, not %llu as in the manifest", path, (unsigned long long)there.size, (unsigned long long)known->bytes);
  }
  if (err->code == DC_OK) {
    file.path = path_copy(str_of(name));
    manifest_add(keeper->manifest, file);
  } else {
    dc_hint(err, "the output was changed since; @mode = 'overwrite' replaces it, or remove the manifest");
  }
  dc_free(path);
  return err->code;
}

/* Files that the old manifest does not list, in a folder below that of the manifest; of a group also further below. */
static DcCode keep_unlisted(const Keeper *keeper, const char *below) {
  char *folder = path_join(keeper->folder, str_of(below));
  StageTarget there;
  char **names = NULL;
  if (stage_look(keeper->stage, folder, &there, keeper->err) == DC_OK && there.kind == TARGET_FOLDER) (void)!stage_names(keeper->stage, folder, &names, keeper->err);
  for (size_t i = 0; names && names[i] && keeper->err->code == DC_OK; i++) {
    char *path = path_join(folder, str_of(names[i])), *name = *below ? path_join(below, str_of(names[i])) : path_copy(str_of(names[i]));
    bool visible = !stage_hides(names[i]) && stage_look(keeper->stage, path, &there, keeper->err) == DC_OK, file = visible && there.kind == TARGET_FILE;
    if (visible && there.kind == TARGET_FOLDER && keeper->dataset->group) visible = keep_unlisted(keeper, name) == DC_OK;
    if (file && !manifest_find(keeper->old, name) && !is_rewritten(keeper, name)) visible = keep_file(keeper, name) == DC_OK;
    dc_free(path);
    dc_free(name);
  }
  if (names) folder_free_list(names);
  dc_free(folder);
  return keeper->err->code;
}

/* All files of a dataset or group that stay. */
static DcCode keep_files(const Keeper *keeper) {
  for (size_t i = 0; i < keeper->old->count; i++)
    if (!is_rewritten(keeper, keeper->old->files[i].path)) DC_TRY(keep_file(keeper, keeper->old->files[i].path));
  return keep_unlisted(keeper, "");
}

/* A single file that is appended to has the rows of before, too: known by its manifest alone. */
static uint64_t all_rows(Stage *stage, const StageDataset *dataset, const Manifest *old, uint64_t rows) {
  StageTarget before;
  DcError ignored = {0};
  if (stage->options.mode != STAGE_APPEND || !dataset->single) return rows;
  char *target = stage_target(stage, dataset->name);
  bool there = stage_look(stage, target, &before, &ignored) == DC_OK && before.kind != TARGET_NONE;
  dc_free(target);
  if (!there) return rows;
  return old->count == 1 && old->files[0].rows != MANIFEST_ROWS_UNKNOWN && old->files[0].bytes == before.size ? rows + old->files[0].rows
                                                                                                                      : MANIFEST_ROWS_UNKNOWN;
}

/* A group has the columns of its first dataset. */
static Str columns_of(const Stage *stage, const StageDataset *dataset) {
  const char *columns = dataset->columns;
  for (size_t i = 0; dataset->group && !columns && i < stage->dataset_count; i++)
    if (stage->datasets[i].in_group && strncmp(stage->datasets[i].name, dataset->name, strlen(dataset->name)) == 0) columns = stage->datasets[i].columns;
  return str_of(columns ? columns : "[]");
}

static DcCode write_manifest(Stage *stage, const StageDataset *dataset, StageDataset **sorted, const Member *members, size_t count, DcError *err) {
  char *relative = manifest_path(dataset->name, dataset->single), *target = stage_target(stage, relative), *folder = path_copy(path_folder(str_of(target)));
  size_t skip = dataset->single ? (size_t)(path_base(str_of(dataset->name)).data - dataset->name) : strlen(dataset->name) + (*dataset->name != 0);
  Manifest manifest = {0}, old = {0};
  bool found, keeps = stage->options.mode == STAGE_APPEND || dataset->group;
  DcCode code = keeps ? stage_manifest(stage, target, &old, &found, err) : DC_OK;
  Keeper keeper = {stage, dataset, sorted, &manifest, &old, folder, err};
  if (code == DC_OK && keeps && !dataset->single) code = keep_files(&keeper);
  for (size_t i = 0; i < count; i++) {
    StageFile *staged = members[i].file;
    ManifestFile file = {.bytes = staged->bytes, .kind = stage->options.manifest};
    file.rows = all_rows(stage, dataset, &old, atomic_load(&staged->rows));
    file.path = path_copy(str_of(staged->relative + skip));
    checksum_end(staged->sum, file.sum);
    manifest_add(&manifest, file);
  }
  manifest_sort(&manifest);
  Buf text = {0};
  if (code == DC_OK) {
    manifest_print(&manifest, columns_of(stage, dataset), &text);
    code = write_marker(stage, relative, str_make(text.data, text.len), err);
  }
  buf_free(&text);
  manifest_free(&manifest);
  manifest_free(&old);
  dc_free(relative);
  dc_free(target);
  dc_free(folder);
  return code;
}

static DcCode write_success(Stage *stage, const StageDataset *dataset, DcError *err) {
  char *relative = *dataset->name ? path_join(dataset->name, str_of("_SUCCESS")) : path_copy(str_of("_SUCCESS"));
  DcCode code = write_marker(stage, relative, str_make("", 0), err);
  dc_free(relative);
  return code;
}

DcCode stage_write_markers(Stage *stage, DcError *err) {
  StageDataset **sorted = stage->options.manifest ? sort_datasets(stage) : NULL;
  Member *members = stage->options.manifest ? list_members(stage, sorted) : NULL;
  size_t at = 0;
  for (size_t i = 0; i < stage->dataset_count && err->code == DC_OK; i++) {
    const StageDataset *dataset = &stage->datasets[i];
    size_t first = at;
    while (members && at < stage->file_count && members[at].dataset == i) at++;
    if (dataset->skip || dataset->in_group) continue;
    if (members) write_manifest(stage, dataset, sorted, members + first, at - first, err);
    if (stage->options.success && !dataset->single && err->code == DC_OK) write_success(stage, dataset, err);
  }
  dc_free(members);
  dc_free(sorted);
  return err->code;
}
