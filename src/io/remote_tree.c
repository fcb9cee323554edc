/* remote_tree.c - files and folders elsewhere, found by path. Object stores have no folders: what stands before a / in the
 * names of objects is one here. */
#include "io/remote_tree.h"

#include <pthread.h>
#include <xxhash.h>

#include "io/path.h"

void remote_tree_free(RemoteTree *tree) {
  dc_free(tree->entries);
  dc_free(tree->table);
  *tree = (RemoteTree){.arena = NULL};
}

/* ---- finding ---- */

static size_t place_of(const RemoteTree *tree, Str path) {
  size_t at = (size_t)XXH3_64bits(path.data, path.len) & (tree->table_size - 1);
  while (tree->table[at] && !str_eq(tree->entries[tree->table[at] - 1].path, path)) at = (at + 1) & (tree->table_size - 1);
  return at;
}

static RemoteEntry *find(const RemoteTree *tree, Str path) {
  uint32_t number = tree->table_size ? tree->table[place_of(tree, path)] : 0;
  return number ? &tree->entries[number - 1] : NULL;
}

static void grow_table(RemoteTree *tree) {
  dc_free(tree->table);
  tree->table_size = tree->table_size ? tree->table_size * 2 : 256;
  tree->table = dc_alloc(tree->table_size * sizeof *tree->table);
  for (size_t i = 0; i < tree->count; i++) tree->table[place_of(tree, tree->entries[i].path)] = (uint32_t)i + 1;
}

/* The number of the entry of a path, which is made if need be. */
static uint32_t add(RemoteTree *tree, Str path) {
  if (tree->count * 2 >= tree->table_size) grow_table(tree);
  size_t place = place_of(tree, path);
  if (tree->table[place]) return tree->table[place] - 1;
  VEC_GROW(tree->entries, tree->count, tree->cap);
  tree->entries[tree->count] = (RemoteEntry){.path = arena_str(tree->arena, path), .version = ""};
  tree->table[place] = (uint32_t)++tree->count;
  return (uint32_t)tree->count - 1;
}

static void fill(RemoteTree *tree, uint32_t number, const RemoteInfo *info) {
  RemoteEntry *entry = &tree->entries[number];
  entry->kind = info->kind;
  entry->size = info->kind == REMOTE_FILE ? info->size : 0;
  entry->ranges = info->ranges;
  if (info->kind == REMOTE_FILE && info->version[0]) entry->version = arena_copy(tree->arena, info->version, strlen(info->version));
}

/* ---- looking ---- */

DcCode remote_tree_look(RemoteTree *tree, Str path, Remote **remote, RemoteEntry *out, DcError *err) {
  RemoteInfo info;
  DC_TRY(remote_open(path, tree->options, remote, err));
  RemoteEntry *known = find(tree, path);
  if (!known) {
    const RemoteEntry *folder = find(tree, path_folder(path));
    if (folder && folder->listed) {
      *out = (RemoteEntry){.path = path, .version = ""};
      return DC_OK;
    }
    DC_TRY(remote_look(*remote, path, &info, err));
    uint32_t number = add(tree, path);
    fill(tree, number, &info);
    known = &tree->entries[number];
  }
  *out = *known;
  return DC_OK;
}

/* ---- looking ahead ---- */

/* Paths that several threads look at; the tree is not theirs. */
typedef struct Looks {
  pthread_mutex_t lock;
  pthread_cond_t done;
  Remote **remotes; /* NULL: not to be looked at */
  const Str *paths;
  RemoteInfo *infos;
  bool *known;
  size_t count, next, running;
  bool failed;
} Looks;

static void look_at_some(void *self) {
  Looks *looks = self;
  pthread_mutex_lock(&looks->lock);
  while (looks->next < looks->count && !looks->failed) {
    size_t at = looks->next++;
    if (!looks->remotes[at]) continue;
    DcError err = {0};
    pthread_mutex_unlock(&looks->lock);
    bool fine = remote_look(looks->remotes[at], looks->paths[at], &looks->infos[at], &err) == DC_OK;
    pthread_mutex_lock(&looks->lock);
    looks->known[at] = fine;
    looks->failed = looks->failed || !fine;
  }
  looks->running--;
  pthread_cond_signal(&looks->done);
  pthread_mutex_unlock(&looks->lock);
}

/* The first one is looked at alone: where its server does not answer, one attempt after the other tells. */
static size_t choose(RemoteTree *tree, Looks *looks) {
  DcError err = {0};
  RemoteEntry entry;
  size_t wanted = 0;
  for (size_t i = 0; i < looks->count && err.code == DC_OK; i++) {
    Remote *remote = NULL;
    if (!remote_is(looks->paths[i]) || find(tree, looks->paths[i])) continue;
    if (wanted == 0 && remote_tree_look(tree, looks->paths[i], &remote, &entry, &err) != DC_OK) return 0;
    if (wanted > 0 && remote_open(looks->paths[i], tree->options, &remote, &err) == DC_OK) looks->remotes[i] = remote;
    wanted++;
  }
  return err.code == DC_OK && wanted > 1 ? wanted - 1 : 0;
}

void remote_tree_look_ahead(RemoteTree *tree, const Str *paths, size_t count) {
  enum { AT_ONCE = 16 };
  Looks looks = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER, .paths = paths, .count = count};
  looks.remotes = dc_alloc((count + 1) * sizeof(Remote *));
  looks.infos = dc_alloc((count + 1) * sizeof *looks.infos);
  looks.known = dc_alloc((count + 1) * sizeof *looks.known);
  size_t wanted = choose(tree, &looks);
  looks.running = wanted < AT_ONCE ? wanted : AT_ONCE;
  for (size_t i = looks.running; i > 0; i--) remote_background(look_at_some, &looks);
  pthread_mutex_lock(&looks.lock);
  while (looks.running) pthread_cond_wait(&looks.done, &looks.lock);
  pthread_mutex_unlock(&looks.lock);
  for (size_t i = 0; i < count; i++)
    if (looks.known[i] && !find(tree, paths[i])) fill(tree, add(tree, paths[i]), &looks.infos[i]);
  pthread_mutex_destroy(&looks.lock);
  pthread_cond_destroy(&looks.done);
  dc_free(looks.remotes);
  dc_free(looks.infos);
  dc_free(looks.known);
}

/* ---- listing ---- */

typedef struct Finder {
  RemoteTree *tree;
  Str folder;
  Buf path;
  DcError *err;
} Finder;

/* A name that is both is an error, but for the empty objects that some tools make for folders. */
static bool set_kind(Finder *finder, uint32_t number, const RemoteInfo *info) {
  RemoteEntry *entry = &finder->tree->entries[number];
  bool linked = entry->linked, conflict = linked && entry->kind != info->kind, empty = (entry->kind == REMOTE_FILE ? entry->size : info->size) == 0;
  if (conflict && empty) {
    entry->kind = REMOTE_FOLDER;
    return true;
  }
  if (conflict) {
    dc_fail(finder->err, "%.*s is an object, and others lie below it as in a folder", STR_ARG(entry->path));
    dc_hint(finder->err, "name the objects that are meant, or patterns that leave it out");
    return false;
  }
  if (!linked || info->kind == REMOTE_FILE) fill(finder->tree, number, info);
  return true;
}

/* Puts the path in finder->path, known to be of this kind, among the children of its folder (its first `folder` bytes). */
static bool link_child(Finder *finder, size_t folder, const RemoteInfo *info) {
  RemoteTree *tree = finder->tree;
  uint32_t parent = add(tree, str_make(finder->path.data, folder)), number = add(tree, str_make(finder->path.data, finder->path.len));
  if (!set_kind(finder, number, info)) return false;
  RemoteEntry *entry = &tree->entries[number];
  if (entry->linked) return true;
  entry->linked = true;
  entry->sibling = tree->entries[parent].child;
  tree->entries[parent].child = number + 1;
  return true;
}

static bool found(void *self, const char *name, const RemoteInfo *info) {
  static const RemoteInfo folder = {.kind = REMOTE_FOLDER};
  Finder *finder = self;
  size_t len = strlen(name);
  bool marker = len && name[len - 1] == '/';
  while (len && name[len - 1] == '/') len--;
  if (!len) return true; /* the folder itself */
  if (name[0] == '/' || memmem(name, len, "//", 2)) {
    dc_fail(finder->err, "the name of an object below %.*s has an empty part: \"%s\"", STR_ARG(finder->folder), name);
    dc_hint(finder->err, "it can only be read by its whole name");
    return false;
  }
  finder->path.len = 0;
  buf_str(&finder->path, finder->folder);
  for (size_t at = 0; at < len;) { /* the folders on the way to it, and itself */
    const char *slash = memchr(name + at, '/', len - at);
    size_t end = slash ? (size_t)(slash - name) : len;
    size_t parent = finder->path.len;
    buf_char(&finder->path, '/');
    buf_put(&finder->path, name + at, end - at);
    if (!link_child(finder, parent, slash || marker ? &folder : info)) return false;
    at = end + 1;
  }
  return true;
}

/* Everything below a folder that was listed deeply is known. */
static void mark_listed(RemoteTree *tree, uint32_t number) {
  tree->entries[number].listed = true;
  for (uint32_t child = tree->entries[number].child; child; child = tree->entries[child - 1].sibling)
    if (tree->entries[child - 1].kind == REMOTE_FOLDER) mark_listed(tree, child - 1);
}

static DcCode list(RemoteTree *tree, Str path, Str begins, bool deep, DcError *err) {
  Remote *remote;
  const RemoteEntry *known = find(tree, path);
  if (known && known->listed) return DC_OK;
  DC_TRY(remote_open(path, tree->options, &remote, err));
  Finder finder = {.tree = tree, .folder = path, .err = err};
  DcCode code = remote_list(remote, path, arena_copy(tree->arena, begins.data, begins.len), deep, found, &finder, err);
  buf_free(&finder.path);
  if (code != DC_OK || err->code != DC_OK) return err->code;
  uint32_t number = add(tree, path);
  tree->entries[number].kind = REMOTE_FOLDER;
  if (deep) mark_listed(tree, number);
  else if (!begins.len) tree->entries[number].listed = true;
  return DC_OK;
}

DcCode remote_tree_list(RemoteTree *tree, Str path, bool deep, DcError *err) { return list(tree, path, str_of(""), deep, err); }

DcCode remote_tree_list_some(RemoteTree *tree, Str path, Str begins, DcError *err) { return list(tree, path, begins, false, err); }

void remote_tree_names(const RemoteTree *tree, Str path, StrList *names) {
  const RemoteEntry *folder = find(tree, path);
  for (uint32_t child = folder ? folder->child : 0; child; child = tree->entries[child - 1].sibling) {
    VEC_GROW(names->items, names->count, names->cap);
    names->items[names->count++] = path_base(tree->entries[child - 1].path);
  }
}
