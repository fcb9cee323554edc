/* tree.c - looks at paths on the disk, elsewhere, and in archives. */
#include "io/tree.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "io/stage.h"
#include "io/stage_lock.h"

void tree_free(Tree *tree) {
  dc_free(tree->archives);
  remote_tree_free(&tree->remote);
  *tree = (Tree){0};
}

static char *c_path(Tree *tree, Str path) {
  if (!path.len) path = str_of(".");
  return arena_copy(tree->arena, path.data, path.len);
}

static bool hidden(Str name) { return name.len && (name.data[0] == '.' || name.data[0] == '_'); }

/* ---- archives ---- */

/* The archive that a path is or leads into, of its path; out->path.len 0: none. */
static DcCode archive_in(Tree *tree, Str path, InputFile *out, DcError *err) {
  *out = (InputFile){.regular = true};
  for (size_t len = path.len; len; len--) {
    Str prefix = str_make(path.data, len);
    struct stat status;
    if ((len < path.len && path.data[len] != '/') || path.data[len - 1] == '/' || !archive_is_name(prefix)) continue;
    if (remote_is(path)) {
      RemoteEntry entry;
      DC_TRY(remote_tree_look(&tree->remote, prefix, &out->remote, &entry, err));
      out->size = entry.size;
      out->version = entry.version;
      out->regular = entry.ranges && entry.size != UINT64_MAX;
      if (entry.kind == REMOTE_FILE) out->path = prefix;
    } else if (stat(c_path(tree, prefix), &status) == 0 && S_ISREG(status.st_mode)) {
      out->path = prefix;
      out->size = (uint64_t)status.st_size;
    }
    if (out->path.len) return DC_OK;
  }
  return DC_OK;
}

/* The index of an archive, read once. It is valid until the next one is asked for. */
static DcCode index_of(Tree *tree, const InputFile *archive, const ArchiveIndex **out, DcError *err) {
  for (size_t i = 0; i < tree->count; i++) {
    if (!str_eq(tree->archives[i].path, archive->path)) continue;
    *out = &tree->archives[i];
    return DC_OK;
  }
  VEC_GROW(tree->archives, tree->count, tree->cap);
  DC_TRY(archive_index(archive, tree->arena, &tree->archives[tree->count], err));
  *out = &tree->archives[tree->count++];
  return DC_OK;
}

/* What stands behind the archive in a path, as names in an index are. */
static Str inner_name(Tree *tree, Str path, size_t archive_len) {
  char *out = arena_raw(tree->arena, path.len + 1);
  size_t len = 0;
  for (size_t i = archive_len; i < path.len; i++) {
    bool slash = path.data[i] == '/';
    if (slash && (!len || out[len - 1] == '/')) continue;
    out[len++] = path.data[i];
  }
  if (len && out[len - 1] == '/') len--;
  return str_make(out, len);
}

static TreeNode node_in(const InputFile *archive, TreeKind kind) {
  return (TreeNode){.kind = kind, .error = ENOENT, .archive_len = archive->path.len, .archive_size = archive->size, .remote = archive->remote, .version = archive->version};
}

static DcCode look_inside(Tree *tree, Str path, const InputFile *archive, TreeNode *out, DcError *err) {
  const ArchiveIndex *index;
  DC_TRY(index_of(tree, archive, &index, err));
  Str name = inner_name(tree, path, archive->path.len);
  const IndexEntry *entry = archive_find(index, name);
  *out = node_in(archive, TREE_NONE);
  if (entry && entry->kind == ENTRY_SYMBOLIC) {
    dc_fail(err, "%.*s: a link that leads to no file in the archive", STR_ARG(path));
    dc_hint(err, "unpack the archive, or name what is to be read of it");
    return err->code;
  }
  if (entry && entry->kind == ENTRY_FILE) {
    out->kind = TREE_FILE;
    out->size = entry->size;
    out->entry = entry->number;
  } else if (archive_has_folder(index, name)) {
    out->kind = TREE_FOLDER;
  }
  return DC_OK;
}

static DcCode names_inside(Tree *tree, Str path, const InputFile *archive, bool all, StrList *names, DcError *err) {
  const ArchiveIndex *index;
  DC_TRY(index_of(tree, archive, &index, err));
  Str folder = inner_name(tree, path, archive->path.len), last = {NULL, 0};
  size_t behind = folder.len ? folder.len + 1 : 0;
  for (size_t i = archive_first_in(index, folder); i < index->count; i++) {
    Str whole = index->entries[i].name;
    if (behind && !(whole.len > behind && str_starts(whole, folder) && whole.data[behind - 1] == '/')) break;
    Str name = str_make(whole.data + behind, whole.len - behind);
    const char *slash = memchr(name.data, '/', name.len);
    if (slash) name.len = (size_t)(slash - name.data);
    if (str_eq(name, last) || (!all && hidden(name))) continue;
    last = name;
    VEC_GROW(names->items, names->count, names->cap);
    names->items[names->count++] = name;
  }
  return DC_OK;
}

/* ---- elsewhere ---- */

static DcCode look_elsewhere(Tree *tree, Str path, TreeNode *out, DcError *err) {
  RemoteEntry entry;
  InputFile archive;
  Remote *remote;
  DC_TRY(remote_tree_look(&tree->remote, path, &remote, &entry, err));
  *out = (TreeNode){.kind = TREE_NONE, .error = ENOENT, .remote = remote};
  if (entry.kind == REMOTE_NONE) {
    DC_TRY(archive_in(tree, path, &archive, err));
    return archive.path.len ? look_inside(tree, path, &archive, out, err) : DC_OK;
  }
  out->version = entry.version;
  out->size = entry.size;
  out->ranges = entry.ranges;
  out->kind = entry.kind == REMOTE_FOLDER ? TREE_FOLDER : TREE_FILE;
  if (out->kind == TREE_FOLDER || !archive_is_name(remote_name(path))) return DC_OK;
  out->kind = TREE_FOLDER;
  out->archive_len = path.len;
  out->archive_size = entry.size;
  return DC_OK;
}

static DcCode names_elsewhere(Tree *tree, Str path, Str begins, bool all, StrList *names, DcError *err) {
  InputFile archive;
  DC_TRY(archive_in(tree, path, &archive, err));
  if (archive.path.len) return names_inside(tree, path, &archive, all, names, err);
  size_t kept = names->count;
  DC_TRY(remote_tree_list_some(&tree->remote, path, begins, err));
  remote_tree_names(&tree->remote, path, names);
  for (size_t i = kept; i < names->count; i++)
    if (all || !hidden(names->items[i])) names->items[kept++] = names->items[i];
  names->count = kept;
  return DC_OK;
}

DcCode tree_expect_all(Tree *tree, Str path, DcError *err) {
  InputFile archive;
  if (!remote_is(path)) return DC_OK;
  DC_TRY(archive_in(tree, path, &archive, err));
  return archive.path.len ? DC_OK : remote_tree_list(&tree->remote, path, true, err);
}

/* ---- all ---- */

DcCode tree_look(Tree *tree, Str path, TreeNode *out, DcError *err) {
  struct stat status;
  *out = (TreeNode){.kind = TREE_NONE};
  if (remote_is(path)) return look_elsewhere(tree, path, out, err);
  if (stat(c_path(tree, path), &status) != 0) {
    InputFile archive = {.regular = true};
    out->error = errno;
    if (out->error == ENOTDIR) DC_TRY(archive_in(tree, path, &archive, err));
    return archive.path.len ? look_inside(tree, path, &archive, out, err) : DC_OK;
  }
  if (S_ISDIR(status.st_mode)) *out = (TreeNode){.kind = TREE_FOLDER, .device = status.st_dev, .inode = status.st_ino};
  else if (!S_ISREG(status.st_mode)) out->kind = TREE_OTHER;
  else if (archive_is_name(path)) *out = (TreeNode){.kind = TREE_FOLDER, .archive_len = path.len, .archive_size = (uint64_t)status.st_size};
  else *out = (TreeNode){.kind = TREE_FILE, .size = (uint64_t)status.st_size};
  return DC_OK;
}

/* *locked: runs write below the folder, or were killed at it. */
static DcCode names_on_disk(Tree *tree, Str path, bool all, StrList *names, bool *locked, DcError *err) {
  DIR *folder = opendir(c_path(tree, path));
  if (!folder) {
    int error = errno;
    InputFile archive = {.regular = true};
    if (error == ENOTDIR) DC_TRY(archive_in(tree, path, &archive, err));
    if (archive.path.len) return names_inside(tree, path, &archive, all, names, err);
    return dc_fail_errno(err, error, "cannot read folder %.*s", STR_ARG(path));
  }
  struct dirent *entry;
  while ((errno = 0, entry = readdir(folder))) {
    Str name = str_of(entry->d_name);
    *locked |= str_is(name, STAGE_LOCK_NAME);
    if (str_is(name, ".") || str_is(name, "..") || (!all && hidden(name))) continue;
    VEC_GROW(names->items, names->count, names->cap);
    names->items[names->count++] = arena_str(tree->arena, name);
  }
  if (errno) dc_fail_errno(err, errno, "cannot read folder %.*s", STR_ARG(path));
  closedir(folder);
  return err->code;
}

DcCode tree_names(Tree *tree, Str path, Str begins, bool all, StrList *names, DcError *err) {
  size_t before = names->count;
  bool locked = false;
  if (remote_is(path)) return names_elsewhere(tree, path, begins, all, names, err);
  DC_TRY(names_on_disk(tree, path, all, names, &locked, err));
  if (!locked) return DC_OK;
  DC_TRY(stage_settle(c_path(tree, path), err)); /* behind it other names may be there */
  names->count = before;
  return names_on_disk(tree, path, all, names, &locked, err);
}
