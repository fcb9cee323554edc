/* stage_store.c - stages whose target is no folder of this machine: an object store, a file system behind a server.
 *
 * Nothing is visible before the commit: large files are uploads that are completed then, small ones are put then. Names are not
 * exchanged as a whole as on a disk: while it commits, another may see some of the files. The order keeps what promises
 * completeness honest: old markers go first, then files come, then those go that nothing replaces, and new markers are last.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/manifest.h"
#include "io/remote_tree.h"
#include "io/remote_write.h"
#include "io/stage_internal.h"

enum { FEW_LOOKS = 4 }; /* outputs that are looked for one by one; of more, their folders are listed */

/* _SUCCESS or a manifest, which waits for the end. */
typedef struct Marker {
  char *url;
  Buf text;
} Marker;

struct StageStore {
  Remote *remote;
  RemoteSet *set;
  Arena arena;     /* of the tree */
  RemoteTree tree; /* what was there when it was looked at last */
  size_t looks;
  Marker *markers;
  size_t marker_count, marker_cap;
};

/* ---- opening ---- */

DcCode stage_store_open(Stage *stage, DcError *err) {
  Remote *remote;
  Str root = str_of(stage->root);
  DC_TRY(remote_open(root, &stage->options.remote, &remote, err));
  if (!remote_can_write(remote)) {
    dc_fail(err, "cannot write to %s: %s", stage->root, remote_is_web(root) ? "web servers are only read" : "such paths are only read");
    return err->code;
  }
  StageStore *store = stage->store = dc_alloc(sizeof *store);
  store->remote = remote;
  store->set = remote_set_new(remote, stage->options.temp_dir);
  store->tree = (RemoteTree){.arena = &store->arena, .options = &stage->options.remote};
  return DC_OK;
}

static RemoteWriter **writers_of(const Stage *stage, size_t *count) {
  RemoteWriter **writers = dc_alloc((stage->file_count + 1) * sizeof *writers);
  *count = 0;
  for (size_t i = 0; i < stage->file_count; i++)
    if (stage->files[i]->writer) writers[(*count)++] = stage->files[i]->writer;
  return writers;
}

void stage_store_clear(Stage *stage) {
  StageStore *store = stage->store;
  size_t count;
  RemoteWriter **writers = writers_of(stage, &count);
  remote_set_abort(store->set, writers, count);
  dc_free(writers);
  for (size_t i = 0; i < stage->file_count; i++) {
    remote_writer_free(stage->files[i]->writer);
    stage->files[i]->writer = NULL;
  }
}

void stage_store_free(StageStore *store) {
  if (!store) return;
  for (size_t i = 0; i < store->marker_count; i++) {
    dc_free(store->markers[i].url);
    buf_free(&store->markers[i].text);
  }
  dc_free(store->markers);
  remote_tree_free(&store->tree);
  arena_free(&store->arena);
  remote_set_free(store->set);
  dc_free(store);
}

/* ---- what is there ---- */

/* Forgets what was known. */
static void look_anew(Stage *stage) {
  StageStore *store = stage->store;
  remote_tree_free(&store->tree);
  arena_free(&store->arena);
  store->tree = (RemoteTree){.arena = &store->arena, .options = &stage->options.remote};
}

/* What is at a URL, which is the root or below it. */
static DcCode look(Stage *stage, Str url, RemoteEntry *out, DcError *err) {
  StageStore *store = stage->store;
  Remote *remote;
  size_t root = strlen(stage->root);
  if (url.len > root) {
    RemoteEntry above;
    bool many = store->looks++ >= FEW_LOOKS;
    DC_TRY(look(stage, many ? path_folder(url) : str_make(url.data, root), &above, err));
    *out = (RemoteEntry){.path = url, .version = ""};
    if (above.kind != REMOTE_FOLDER) return DC_OK;
    if (many) DC_TRY(remote_tree_list(&store->tree, path_folder(url), false, err));
  }
  return remote_tree_look(&store->tree, url, &remote, out, err);
}

DcCode stage_store_look(Stage *stage, const char *path, StageTarget *out, DcError *err) {
  RemoteEntry entry;
  *out = (StageTarget){.kind = TARGET_NONE};
  DC_TRY(look(stage, str_of(path), &entry, err));
  if (entry.kind == REMOTE_FILE) *out = (StageTarget){TARGET_FILE, entry.size};
  if (entry.kind == REMOTE_FOLDER) out->kind = TARGET_FOLDER;
  return DC_OK;
}

DcCode stage_store_names(Stage *stage, const char *path, char ***out, DcError *err) {
  RemoteEntry entry;
  StrList names = {0};
  *out = dc_alloc(sizeof **out);
  DC_TRY(look(stage, str_of(path), &entry, err));
  if (entry.kind != REMOTE_FOLDER) return DC_OK;
  DC_TRY(remote_tree_list(&stage->store->tree, str_of(path), false, err));
  remote_tree_names(&stage->store->tree, str_of(path), &names);
  *out = dc_realloc(*out, (names.count + 1) * sizeof **out);
  for (size_t i = 0; i < names.count; i++) (*out)[i] = path_copy(names.items[i]);
  (*out)[names.count] = NULL;
  dc_free(names.items);
  return DC_OK;
}

DcCode stage_store_read(Stage *stage, const char *path, bool (*take)(void *self, const void *data, size_t len), void *self, DcError *err) {
  enum { STEP = 256 << 10 };
  RemoteEntry entry;
  RemoteReader *reader;
  DC_TRY(look(stage, str_of(path), &entry, err));
  if (entry.kind != REMOTE_FILE) return DC_OK;
  DC_TRY(remote_reader_open(stage->store->remote, str_of(path), entry.version, entry.ranges, 0, entry.size, &reader, err));
  char *data = dc_realloc(NULL, STEP);
  DcCode code = DC_OK;
  for (size_t got = 1; got && code == DC_OK;) {
    code = remote_reader_read(reader, data, STEP, &got, err);
    if (code == DC_OK && got && !take(self, data, got)) break;
  }
  dc_free(data);
  remote_reader_close(reader);
  return code;
}

/* ---- writing ---- */

/* The kind of an object by its name, for those who ask the store. */
static const char *content_type(const Stage *stage, const char *name) {
  static const struct { const char *suffix, *type; } types[] = {
      {".csv", "text/csv"}, {".tsv", "text/tab-separated-values"}, {".txt", "text/plain; charset=utf-8"}, {".json", "application/json"},
      {".parquet", "application/vnd.apache.parquet"}, {".arrow", "application/vnd.apache.arrow.file"}, {".arrows", "application/vnd.apache.arrow.stream"},
      {".avro", "application/avro"}, {".gz", "application/gzip"}, {".zst", "application/zstd"}, {".bz2", "application/x-bzip2"}, {".xz", "application/x-xz"}};
  if (stage->options.content_type.data) return stage->options.content_type.data;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (str_ends(str_of(name), str_of(types[i].suffix))) return types[i].type;
  return "application/octet-stream";
}

typedef struct Copying {
  StageFile *file;
  DcError *err;
} Copying;

static bool copy_bytes(void *self, const void *data, size_t len) {
  Copying *copying = self;
  stage_count(copying->file, data, len);
  return remote_writer_write(copying->file->writer, data, len, copying->err) == DC_OK;
}

/* What is appended to is written anew: objects do not grow. */
static DcCode start_file(StageFile *file, DcError *err) {
  Stage *stage = file->stage;
  char *url = stage_target(stage, file->relative);
  file->made = true;
  file->writer = remote_writer_new(stage->store->set, str_of(url), content_type(stage, file->relative));
  if (stage->options.manifest) file->sum = checksum_new(stage->options.manifest);
  if (stage->options.mode == STAGE_APPEND) {
    Copying copying = {file, err};
    pthread_mutex_lock(&stage->setup); /* the tree is for one thread at a time */
    (void)!stage_store_read(stage, url, copy_bytes, &copying, err);
    pthread_mutex_unlock(&stage->setup);
  }
  dc_free(url);
  return err->code;
}

DcCode stage_store_write(StageFile *file, const struct iovec *parts, size_t count, DcError *err) {
  if (!file->made) DC_TRY(start_file(file, err));
  for (size_t i = 0; i < count; i++) {
    DC_TRY(remote_writer_write(file->writer, parts[i].iov_base, parts[i].iov_len, err));
    stage_count(file, parts[i].iov_base, parts[i].iov_len);
    atomic_fetch_add_explicit(&file->stage->bytes, parts[i].iov_len, memory_order_relaxed);
  }
  return DC_OK;
}

DcCode stage_store_marker(Stage *stage, const char *relative, Str text) {
  StageStore *store = stage->store;
  VEC_GROW(store->markers, store->marker_count, store->marker_cap);
  Marker *marker = &store->markers[store->marker_count++];
  *marker = (Marker){.url = stage_target(stage, relative)};
  buf_str(&marker->text, text);
  return DC_OK;
}

/* ---- the commit ---- */

typedef struct UrlList {
  Str *items;
  size_t count, cap;
} UrlList;

typedef struct Commit {
  Stage *stage;
  char **written; /* URLs of files, sorted, to find them */
  UrlList old_markers, stale;
  Arena arena;
} Commit;

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool is_written(const Commit *commit, const char *url) {
  return bsearch(&url, commit->written, commit->stage->file_count, sizeof *commit->written, by_text) != NULL;
}

static void add_url(Commit *commit, UrlList *list, const char *url) {
  VEC_GROW(list->items, list->count, list->cap);
  list->items[list->count++] = arena_str(&commit->arena, str_of(url));
}

static DcCode list_written(Commit *commit, DcError *err) {
  Stage *stage = commit->stage;
  commit->written = dc_alloc((stage->file_count + 1) * sizeof *commit->written);
  for (size_t i = 0; i < stage->file_count; i++) commit->written[i] = stage_target(stage, stage->files[i]->relative);
  qsort(commit->written, stage->file_count, sizeof *commit->written, by_text);
  for (size_t i = 1; i < stage->file_count; i++) {
    if (strcmp(commit->written[i], commit->written[i - 1]) != 0) continue;
    dc_fail(err, "\"%s\" would be written twice", commit->written[i]);
    dc_hint(err, "name each dataset once");
    return err->code;
  }
  return DC_OK;
}

/* Is there a new one in the place of an old marker? */
static bool is_renewed(const Stage *stage, const char *url) {
  for (size_t i = 0; i < stage->store->marker_count; i++)
    if (strcmp(stage->store->markers[i].url, url) == 0) return true;
  return false;
}

static DcCode check_name(Commit *commit, const StageDataset *dataset, const char *url, const char *name, DcError *err) {
  StageMode mode = commit->stage->options.mode;
  bool marker = strcmp(name, "_SUCCESS") == 0 || manifest_is_name(name), visible = !stage_hides(name) && !dataset->group;
  StageTarget target;
  DC_TRY(stage_store_look(commit->stage, url, &target, err));
  if (target.kind != TARGET_FILE) return DC_OK;
  if (marker && (mode == STAGE_OVERWRITE || is_renewed(commit->stage, url))) add_url(commit, &commit->old_markers, url);
  else if (marker) return DC_OK;
  else if (visible && mode == STAGE_OVERWRITE && !is_written(commit, url)) add_url(commit, &commit->stale, url);
  else if (is_written(commit, url) && (mode == STAGE_ERROR || mode == STAGE_IGNORE || (mode == STAGE_APPEND && !dataset->single))) {
    dc_fail(err, "\"%s\" exists already: another run made it meanwhile", url);
    return err->code;
  }
  return DC_OK;
}

/* Looks again at what is in a dataset's place, as hours may have passed. */
static DcCode check_dataset(Commit *commit, const StageDataset *dataset, DcError *err) {
  char *url = stage_target(commit->stage, dataset->name), **names = NULL;
  if (dataset->single) {
    char *manifest = manifest_of_file(dataset->name), *beside = stage_target(commit->stage, manifest);
    check_name(commit, dataset, url, path_base(str_of(url)).data, err);
    if (err->code == DC_OK) check_name(commit, dataset, beside, path_base(str_of(beside)).data, err);
    dc_free(manifest);
    dc_free(beside);
  } else {
    (void)!stage_store_names(commit->stage, url, &names, err);
    for (size_t i = 0; names[i] && err->code == DC_OK; i++) {
      char *child = path_join(url, str_of(names[i]));
      check_name(commit, dataset, child, names[i], err);
      dc_free(child);
    }
    folder_free_list(names);
  }
  dc_free(url);
  return err->code;
}

/* Takes back what has become visible, unless it stands where something was before. */
static void take_back(Commit *commit, const bool *made, DcError *err) {
  Stage *stage = commit->stage;
  UrlList urls = {0};
  size_t replaced = 0;
  DcError ignored = {0};
  for (size_t i = 0; i < stage->file_count; i++) {
    StageTarget target = {.kind = TARGET_NONE};
    char *url = stage_target(stage, stage->files[i]->relative);
    bool known = made[i] && stage_store_look(stage, url, &target, &ignored) == DC_OK;
    dc_error_clear(&ignored);
    if (known && target.kind == TARGET_NONE) add_url(commit, &urls, url);
    else replaced += made[i];
    dc_free(url);
  }
  if (remote_set_remove(stage->store->set, urls.items, urls.count, &ignored) != DC_OK) dc_hint(err, "some of the new objects could not be removed again: %.200s", ignored.message);
  else if (replaced) dc_hint(err, "%zu objects were replaced already; run the script again to replace all of them", replaced);
  dc_free(urls.items);
}

/* Manifests, then _SUCCESS. */
static DcCode put_markers(Stage *stage, DcError *err) {
  const StageStore *store = stage->store;
  for (int last = 0; last < 2; last++)
    for (size_t i = 0; i < store->marker_count && err->code == DC_OK; i++) {
      const Marker *marker = &store->markers[i];
      bool success = str_is(path_base(str_of(marker->url)), "_SUCCESS"), made = false;
      if (success != (last == 1)) continue;
      RemoteWriter *writer = remote_writer_new(store->set, str_of(marker->url), success ? "text/plain" : "application/json");
      if (remote_writer_write(writer, marker->text.data, marker->text.len, err) == DC_OK) (void)!remote_set_publish(store->set, &writer, 1, &made, err);
      remote_writer_free(writer);
    }
  return err->code;
}

static DcCode publish(Commit *commit, DcError *err) {
  Stage *stage = commit->stage;
  RemoteSet *set = stage->store->set;
  size_t count;
  RemoteWriter **writers = writers_of(stage, &count);
  bool *made = dc_alloc(count + 1);
  DcCode code = remote_set_finish(set, writers, count, err);
  if (code == DC_OK) code = list_written(commit, err);
  look_anew(stage);
  for (size_t i = 0; i < stage->dataset_count && code == DC_OK; i++)
    if (!stage->datasets[i].skip) code = check_dataset(commit, &stage->datasets[i], err);
  if (code == DC_OK) code = remote_set_remove(set, commit->old_markers.items, commit->old_markers.count, err);
  if (code == DC_OK) {
    code = remote_set_publish(set, writers, count, made, err);
    if (code != DC_OK) take_back(commit, made, err);
  }
  if (code == DC_OK) code = remote_set_remove(set, commit->stale.items, commit->stale.count, err);
  if (code == DC_OK) code = put_markers(stage, err);
  dc_free(writers);
  dc_free(made);
  return code;
}

DcCode stage_store_commit(Stage *stage, DcError *err) {
  Commit commit = {.stage = stage};
  for (size_t i = 0; i < stage->file_count; i++)
    if (!stage->files[i]->made) DC_TRY(start_file(stage->files[i], err));
  DC_TRY(stage_write_markers(stage, err));
  DcCode code = publish(&commit, err);
  for (size_t i = 0; commit.written && i < stage->file_count; i++) dc_free(commit.written[i]);
  dc_free(commit.written);
  dc_free(commit.old_markers.items);
  dc_free(commit.stale.items);
  arena_free(&commit.arena);
  return code;
}
