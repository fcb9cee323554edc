/* listing.c - finds the input files that a path, pattern, folder or list stands for.
 *
 * Names in the listing live in the caller's arena. Folders are read once for each pattern; symbolic links are followed,
 * a folder that holds itself is entered once.
 */
#include "io/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "io/glob.h"
#include "io/path.h"
#include "io/stage.h"
#include "io/tree.h"

/* The folders that are being read, to notice links to one of them. */
typedef struct Trail {
  const struct Trail *up;
  dev_t device;
  ino_t inode;
} Trail;

typedef struct Search {
  Arena *arena;
  Listing *listing;
  Tree *tree;
  bool codec_named;
  Codec codec;
  DcError *err;
} Search;

static char *c_path(Search *search, Str path) { return arena_copy(search->arena, path.data, path.len); }

static Str join(Search *search, Str folder, Str name) {
  if (!folder.len) return arena_str(search->arena, name);
  bool slash = folder.data[folder.len - 1] != '/';
  return arena_printf(search->arena, "%.*s%s%.*s", STR_ARG(folder), slash ? "/" : "", STR_ARG(name));
}

/* What a path is; a failure is kept in search->err, and all else stops then. */
static DcCode look(Search *search, Str path, TreeNode *out) { return tree_look(search->tree, path, out, search->err); }

static DcCode read_names(Search *search, Str path, Str begins, bool all, StrList *names) {
  return tree_names(search->tree, path, begins, all, names, search->err);
}

static bool hidden(Str name) { return name.len && (name.data[0] == '.' || name.data[0] == '_'); }

/* ---- one file ---- */

static DcCode codec_of(Search *search, InputFile *file) {
  if (search->codec_named) {
    file->codec = search->codec;
    return DC_OK;
  }
  file->codec = codec_by_suffix(remote_name(file->path));
  if (file->codec != CODEC_NONE || !file->regular || !file->size || file->archive_len || file->remote) return DC_OK;
  if (str_ends(file->path, str_of(".lzo"))) {
    dc_fail(search->err, "%.*s: files compressed as .lzo cannot be read", STR_ARG(file->path));
    dc_hint(search->err, "pipe them in: FROM '-'; codecs are %s", codec_names());
    return search->err->code;
  }
  char head[CODEC_MAGIC];
  int fd = open(c_path(search, file->path), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return dc_fail_errno(search->err, errno, "cannot open %.*s", STR_ARG(file->path));
  ssize_t n = pread(fd, head, sizeof head, 0);
  if (n < 0) dc_fail_errno(search->err, errno, "cannot read %.*s", STR_ARG(file->path));
  else file->codec = codec_by_magic(head, (size_t)n, NULL);
  close(fd); /* only read */
  return search->err->code;
}

static DcCode add_file(Search *search, Str path, const TreeNode *node) {
  Listing *listing = search->listing;
  InputFile file = {.path = path, .codec_named = search->codec_named};
  if (node) {
    file.remote = node->remote;
    file.version = node->version;
    file.regular = node->kind == TREE_FILE && (!node->remote || node->archive_len || (node->ranges && node->size != UINT64_MAX));
    file.size = node->size == UINT64_MAX ? 0 : node->size;
    file.archive_len = node->archive_len;
    file.archive_size = node->archive_size;
    file.entry = node->entry;
  }
  if (file.archive_len && archive_is_name(path)) {
    dc_fail(search->err, "%.*s: an archive in an archive cannot be read", STR_ARG(path));
    dc_hint(search->err, "unpack the outer one, or name what is to be read of it");
    return search->err->code;
  }
  DC_TRY(codec_of(search, &file));
  VEC_GROW(listing->files, listing->count, listing->cap);
  listing->files[listing->count++] = file;
  return DC_OK;
}

/* ---- folders ---- */

static DcCode add_all(Search *search, Str path, const Trail *trail, bool explicit_name);

/* Is the folder one of those that we are in? Archives hold no links to folders, and there are none elsewhere. */
static bool is_on(const Trail *trail, const TreeNode *node) {
  for (; trail; trail = trail->up)
    if (!node->archive_len && !node->remote && trail->device == node->device && trail->inode == node->inode) return true;
  return false;
}

/* All files below a folder. */
static DcCode add_folder(Search *search, Str path, const TreeNode *node, const Trail *up) {
  if (is_on(up, node)) return DC_OK;
  Trail trail = {up, node->device, node->inode};
  StrList names = {0};
  DC_TRY(tree_expect_all(search->tree, path, search->err));
  DcCode code = read_names(search, path, str_of(""), false, &names);
  for (size_t i = 0; i < names.count && code == DC_OK; i++) code = add_all(search, join(search, path, names.items[i]), &trail, false);
  dc_free(names.items);
  return code;
}

/* A file, or all files below a folder. What is neither (a pipe, a device) is read only when it was asked for. */
static DcCode add_all(Search *search, Str path, const Trail *trail, bool explicit_name) {
  TreeNode node;
  DC_TRY(look(search, path, &node));
  if (node.kind == TREE_NONE) return dc_fail_errno(search->err, node.error, "cannot read %.*s", STR_ARG(path));
  if (node.kind == TREE_FOLDER) return add_folder(search, path, &node, trail);
  if (node.kind == TREE_OTHER && !explicit_name) return DC_OK;
  return add_file(search, path, &node);
}

/* ---- patterns ---- */

/* false, too, when looking fails: search->err says so, and listing_expand ends by it. */
static bool is_folder(Search *search, Str path) {
  TreeNode node;
  return look(search, path, &node) == DC_OK && node.kind == TREE_FOLDER;
}

static bool is_there(Search *search, Str path) {
  TreeNode node;
  return look(search, path, &node) == DC_OK && node.kind != TREE_NONE;
}

static Str unescaped(Search *search, Str text) {
  char *copy = arena_raw(search->arena, text.len + 1), *out = copy;
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] == '\\' && i + 1 < text.len) i++;
    *out++ = text.data[i];
  }
  return str_make(copy, (size_t)(out - copy));
}

/* What all names that match begin with. */
static Str glob_prefix(Search *search, Str pattern) {
  size_t len = 0;
  while (len < pattern.len && !strchr("*?[{", pattern.data[len])) len += pattern.data[len] == '\\' ? 2 : 1;
  return unescaped(search, str_make(pattern.data, len < pattern.len ? len : pattern.len));
}

static DcCode match_below(Search *search, Str folder, Str pattern);

/* ** : the rest of the pattern in this folder and in all below. */
static DcCode match_deep(Search *search, Str folder, Str rest, const Trail *up) {
  TreeNode node;
  DC_TRY(look(search, folder, &node));
  if (node.kind == TREE_NONE || is_on(up, &node)) return DC_OK; /* gone meanwhile */
  Trail trail = {up, node.device, node.inode};
  if (node.kind == TREE_FOLDER) DC_TRY(tree_expect_all(search->tree, folder, search->err));
  DC_TRY(match_below(search, folder, rest));
  StrList names = {0};
  DcCode code = read_names(search, folder, str_of(""), false, &names);
  for (size_t i = 0; i < names.count && code == DC_OK; i++) {
    Str path = join(search, folder, names.items[i]);
    if (is_folder(search, path)) code = match_deep(search, path, rest, &trail);
  }
  dc_free(names.items);
  return code;
}

/* Matches the first part of the pattern to the names in a folder, and the others below. */
static DcCode match_below(Search *search, Str folder, Str pattern) {
  while (pattern.len && pattern.data[0] == '/') pattern.data++, pattern.len--;
  const char *slash = pattern.len ? memchr(pattern.data, '/', pattern.len) : NULL;
  Str part = slash ? str_make(pattern.data, (size_t)(slash - pattern.data)) : pattern;
  Str rest = slash ? str_make(slash + 1, pattern.len - part.len - 1) : str_make("", 0);
  if (str_is(part, "**") && !is_folder(search, folder)) return DC_OK;
  if (str_is(part, "**") && !rest.len) return add_all(search, folder.len ? folder : str_of("."), NULL, false);
  if (str_is(part, "**")) return match_deep(search, folder, rest, NULL);
  if (!glob_is_pattern(part)) {
    Str path = join(search, folder, part);
    if (rest.len) return is_folder(search, path) ? match_below(search, path, rest) : DC_OK;
    return is_there(search, path) ? add_all(search, path, NULL, true) : search->err->code;
  }
  if (!is_folder(search, folder)) return DC_OK;
  StrList names = {0};
  DcCode code = read_names(search, folder, glob_prefix(search, part), hidden(unescaped(search, part)), &names);
  for (size_t i = 0; i < names.count && code == DC_OK; i++) {
    if (!glob_match(part, names.items[i])) continue;
    Str path = join(search, folder, names.items[i]);
    if (!rest.len) code = add_all(search, path, NULL, true);
    else if (is_folder(search, path)) code = match_below(search, path, rest);
  }
  dc_free(names.items);
  return code;
}

static DcCode match_pattern(Search *search, Str pattern) {
  StrList patterns = {0};
  DcCode code = glob_braces(pattern, search->arena, &patterns, search->err);
  for (size_t i = 0; i < patterns.count && code == DC_OK; i++) {
    Str one = patterns.items[i], root = str_make("", 0);
    if (one.len && one.data[0] == '/') root = str_of("/");
    if (remote_is(one)) {
      root = remote_root(one);
      one = str_make(one.data + root.len, one.len - root.len);
    }
    code = match_below(search, root, one);
  }
  dc_free(patterns.items);
  return code;
}

/* ---- names that are not there ---- */

static int by_name(const void *a, const void *b) { return str_compare(*(const Str *)a, *(const Str *)b); }

/* Hints at the name most like the first part of path that does not exist. */
static void hint_nearest(Search *search, Str path) {
  Str folder = path_folder(path), name = path_base(path);
  size_t least = remote_is(path) ? remote_root(path).len : 1;
  while (folder.len > least && !is_folder(search, folder)) {
    name = path_base(folder);
    folder = path_folder(folder);
  }
  if (folder.len < least) return; /* there is no such bucket */
  DcError quiet = {0};
  Search looking = *search;
  looking.err = &quiet;
  StrList names = {0};
  Speller speller = speller_start(name);
  if (read_names(&looking, folder, str_of(""), false, &names) == DC_OK) {
    if (names.count) qsort(names.items, names.count, sizeof *names.items, by_name); /* of equals the first: always the same */
    for (size_t i = 0; i < names.count; i++) speller_try(&speller, names.items[i]);
  }
  dc_free(names.items);
  Str best = speller_best(&speller);
  if (!best.data) return;
  bool here = name.data == path.data; /* a path without a folder */
  Str whole = here ? best : join(search, folder, best);
  dc_hint(search->err, "did you mean \"%.*s\"?", STR_ARG(whole));
}

/* All files and folders whose names begin with that of path. */
static DcCode match_prefix(Search *search, Str path) {
  Str folder = path_folder(path), prefix = path_base(path);
  if (remote_is(path) && folder.len < remote_root(path).len) return DC_OK;
  if (!is_folder(search, folder)) return DC_OK;
  StrList names = {0};
  DcCode code = read_names(search, folder, prefix, hidden(prefix), &names);
  for (size_t i = 0; i < names.count && code == DC_OK; i++) {
    if (!str_starts(names.items[i], prefix)) continue;
    Str found = prefix.data == path.data ? names.items[i] : join(search, folder, names.items[i]);
    code = add_all(search, found, NULL, true);
  }
  dc_free(names.items);
  return code;
}

/* ---- one element of the list ---- */

static int by_path(const void *a, const void *b) {
  return str_compare(((const InputFile *)a)->path, ((const InputFile *)b)->path);
}

/* Sorts the files from `first` on; a file that several alternatives of a pattern found is taken once. */
static void sort_files(Listing *listing, size_t first) {
  if (listing->count - first < 2) return;
  qsort(listing->files + first, listing->count - first, sizeof *listing->files, by_path);
  size_t kept = first + 1;
  for (size_t i = kept; i < listing->count; i++)
    if (!str_eq(listing->files[i].path, listing->files[kept - 1].path)) listing->files[kept++] = listing->files[i];
  listing->count = kept;
}

/* The path behind its first `parts` parts. */
static Str behind_parts(Str path, size_t parts) {
  size_t at = 0;
  for (; parts || (at < path.len && path.data[at] == '/'); parts--) {
    while (at < path.len && path.data[at] == '/') at++;
    if (!parts) break;
    while (at < path.len && path.data[at] != '/') at++;
  }
  return str_make(path.data + at, path.len - at);
}

/* The number of parts of a path; of a pattern: of those before the first that matches several names. */
static size_t count_parts(Str path, bool pattern) {
  size_t parts = 0;
  for (size_t at = 0; at < path.len;) {
    while (at < path.len && path.data[at] == '/') at++;
    size_t start = at;
    while (at < path.len && path.data[at] != '/') at++;
    if (pattern && (at == path.len || glob_is_pattern(str_make(path.data + start, at - start)))) break;
    parts += at > start;
  }
  return parts;
}

/* Names the dataset of each file: the part of its path behind the folder. in_folder: the files of one folder, where
   those beside sub-folders belong to none of them and are left out. */
static void set_groups(Listing *listing, size_t first, size_t parts, bool in_folder) {
  bool nested = false;
  for (size_t i = first; i < listing->count; i++) {
    Str rest = behind_parts(listing->files[i].path, parts);
    const char *slash = rest.len ? memchr(rest.data, '/', rest.len) : NULL;
    listing->files[i].group = slash ? str_make(rest.data, (size_t)(slash - rest.data)) : rest;
    nested |= slash != NULL;
  }
  if (!in_folder || !nested) return;
  size_t kept = first;
  for (size_t i = first; i < listing->count; i++)
    if (listing->files[i].group.data + listing->files[i].group.len != listing->files[i].path.data + listing->files[i].path.len)
      listing->files[kept++] = listing->files[i];
  listing->count = kept;
}

/* Are two neighbours entries of one archive that can only be read in its order, and of one dataset? */
static bool in_one_archive(const InputFile *a, const InputFile *b, bool grouped) {
  Str archive = str_make(a->path.data, a->archive_len);
  return a->archive_len && a->archive_len == b->archive_len && str_starts(b->path, archive) && archive_is_serial(archive) &&
         (!grouped || str_eq(a->group, b->group));
}

static int by_entry(const void *a, const void *b) {
  uint64_t left = ((const InputFile *)a)->entry, right = ((const InputFile *)b)->entry;
  return left != right ? (left > right) - (left < right) : by_path(a, b);
}

/* Puts entries of such archives into the order in which they are read. */
static void order_archives(Listing *listing, size_t first, bool grouped) {
  for (size_t i = first, end; i < listing->count; i = end) {
    for (end = i + 1; end < listing->count && in_one_archive(&listing->files[end - 1], &listing->files[end], grouped); end++) continue;
    if (end - i > 1) qsort(listing->files + i, end - i, sizeof *listing->files, by_entry);
  }
}

static DcCode expand_missing(Search *search, Str path, bool grouped) {
  size_t first = search->listing->count;
  bool pattern = glob_is_pattern(path);
  DC_TRY(pattern ? match_pattern(search, path) : match_prefix(search, path));
  sort_files(search->listing, first);
  if (grouped) set_groups(search->listing, first, count_parts(path, true), false);
  order_archives(search->listing, first, grouped);
  if (search->listing->count > first || search->err->code != DC_OK) return search->err->code;
  if (pattern) {
    dc_fail(search->err, "no file matches \"%.*s\"", STR_ARG(path));
    dc_hint(search->err, "* stays within a folder, ** goes into all of them; names that begin with . or _ are left out");
    return search->err->code;
  }
  dc_fail(search->err, "no such file or folder: \"%.*s\"", STR_ARG(path));
  hint_nearest(search, path);
  if (remote_is(path)) dc_hint(search->err, "names are compared byte by byte, and no folder is called so, either");
  else dc_hint(search->err, "relative paths begin in the working directory, $CWD"); /* if nothing is near */
  return search->err->code;
}

/* Web servers have no folders to look into: only whole names, in which {a,b} may stand. */
static DcCode expand_web(Search *search, Str text, bool grouped) {
  StrList names = {0};
  size_t first = search->listing->count;
  DcCode code = glob_braces(arena_str(search->arena, text), search->arena, &names, search->err);
  for (size_t i = 0; i < names.count && code == DC_OK; i++) {
    TreeNode node;
    code = look(search, names.items[i], &node);
    if (code == DC_OK && node.kind == TREE_NONE) {
      code = dc_fail(search->err, "no such file: \"%.*s\"", STR_ARG(names.items[i]));
      bool star = memchr(names.items[i].data, '*', remote_name(names.items[i]).len);
      if (star) dc_hint(search->err, "web servers do not tell which files there are: * is for folders, buckets and archives; here {a,b} and lists name them");
    }
    if (code == DC_OK) code = add_all(search, names.items[i], NULL, true);
  }
  dc_free(names.items);
  if (grouped && code == DC_OK) set_groups(search->listing, first, count_parts(text, true), false);
  order_archives(search->listing, first, grouped);
  return code;
}

static DcCode expand(Search *search, Str text, bool grouped) {
  Listing *listing = search->listing;
  size_t first = listing->count;
  Str path;
  if (str_is(text, "-")) {
    DC_TRY(add_file(search, text, NULL));
    listing->files[first].group = text;
    return DC_OK;
  }
  DC_TRY(path_input(text, &path, search->err));
  path = arena_str(search->arena, path);
  if (remote_is_web(path)) return expand_web(search, path, grouped);
  if (!remote_is(path)) DC_TRY(stage_settle(path.data, search->err));
  TreeNode node;
  DC_TRY(look(search, path, &node));
  if (node.kind == TREE_NONE) {
    if (node.error != ENOENT && node.error != ENOTDIR) return dc_fail_errno(search->err, node.error, "cannot read %s", path.data);
    return expand_missing(search, path, grouped);
  }
  DC_TRY(add_all(search, path, NULL, true));
  sort_files(listing, first);
  bool folder = node.kind == TREE_FOLDER;
  size_t parts = count_parts(path, false);
  if (grouped) set_groups(listing, first, folder ? parts : parts - 1, folder);
  order_archives(listing, first, grouped);
  if (listing->count == first) {
    dc_fail(search->err, node.archive_len ? "archive \"%s\" holds no file" : "folder \"%s\" holds no file", path.data);
    dc_hint(search->err, "folders are read with all below them, but for names that begin with . or _");
    return search->err->code;
  }
  return DC_OK;
}

/* ---- the list ---- */

/* The next element of a text with commas outside of {}; moves *text behind it. */
static Str next_element(Str *text) {
  size_t depth = 0, i = 0;
  for (; i < text->len; i++) {
    char c = text->data[i];
    if (c == '\\') i++;
    else if (c == '{') depth++;
    else if (c == '}' && depth) depth--;
    else if (c == ',' && !depth) break;
  }
  if (i > text->len) i = text->len;
  Str element = str_make(text->data, i);
  size_t used = i < text->len ? i + 1 : i;
  *text = str_make(text->data + used, text->len - used);
  return str_trim(element);
}

static bool exists(Search *search, Str text) {
  DcError quiet = {0};
  Str path;
  TreeNode node;
  const char *scheme = remote_is(text) ? memmem(text.data, text.len, "://", 3) + 3 : NULL;
  if (scheme && memmem(scheme, (size_t)(text.data + text.len - scheme), "://", 3)) return false; /* surely a list */
  return path_input(text, &path, &quiet) == DC_OK && tree_look(search->tree, path, &node, &quiet) == DC_OK && node.kind != TREE_NONE;
}

static DcCode expand_text(Search *search, Str text, bool grouped) {
  if (!memchr(text.data ? text.data : "", ',', text.len) || exists(search, text)) return expand(search, text, grouped);
  while (text.len) {
    Str element = next_element(&text);
    if (element.len) DC_TRY(expand(search, element, grouped));
  }
  return DC_OK;
}

/* Files elsewhere are looked at many at once; what is wrong with one is said when it is its turn. */
static void look_ahead(Search *search, const Array *list) {
  Str *paths = dc_alloc((list->count + 1) * sizeof *paths);
  size_t count = 0;
  for (size_t i = 0; i < list->count; i++) {
    DcError ignored = {0};
    Str text = list->items[i].type == TYPE_STRING ? value_get_str(list->items[i]) : (Str){0};
    if (!remote_is(text) || (remote_is_web(text) && memchr(text.data, '{', text.len))) continue;
    if (path_input(text, &paths[count], &ignored) != DC_OK) continue;
    paths[count] = arena_str(search->arena, paths[count]);
    count++;
  }
  if (count > 2) remote_tree_look_ahead(&search->tree->remote, paths, count);
  dc_free(paths);
}

static DcCode expand_value(Search *search, Value path, bool grouped) {
  if (path.type == TYPE_STRING) {
    if (path.len) DC_TRY(expand_text(search, value_get_str(path), grouped));
  } else if (path.type == TYPE_ARRAY) {
    look_ahead(search, path.as.array);
    for (size_t i = 0; i < path.as.array->count; i++) {
      Value item = path.as.array->items[i];
      if (item.type != TYPE_STRING || !item.len) return dc_fail(search->err, "a list of paths holds what is no path");
      DC_TRY(expand(search, value_get_str(item), grouped));
    }
  } else {
    return dc_fail(search->err, "a path must be a text or a list of texts");
  }
  if (search->listing->count) return DC_OK;
  dc_fail(search->err, "the path is empty");
  dc_hint(search->err, "it is a file, a glob, a folder, a list of these, or '-'");
  return search->err->code;
}

/* ---- first bytes of files elsewhere ---- */

/* Files whose names do not tell what they are compressed by are looked into, many at once. */
typedef struct Peek {
  pthread_mutex_t lock;
  pthread_cond_t done;
  Listing *listing;
  size_t next, running;
  DcError err;
} Peek;

/* Names that tell that it is not compressed. */
static bool tells_plain(Str name) {
  static const char *const suffixes[] = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xml", ".log", ".parquet", ".orc", ".avro", ".arrow", ".arrows", ".feather", ".xlsx", ".xlsm"};
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (name.len > strlen(suffixes[i]) && str_eq_nocase(str_make(name.data + name.len - strlen(suffixes[i]), strlen(suffixes[i])), str_of(suffixes[i]))) return true;
  return false;
}

static bool wants_peek(const InputFile *file) {
  return file->remote && file->regular && file->size && !file->codec_named && !file->archive_len && file->codec == CODEC_NONE && !tells_plain(remote_name(file->path));
}

static void peek(void *self) {
  Peek *all = self;
  pthread_mutex_lock(&all->lock);
  while (all->next < all->listing->count && all->err.code == DC_OK) {
    InputFile *file = &all->listing->files[all->next++];
    if (!wants_peek(file)) continue;
    char head[CODEC_MAGIC];
    uint64_t got;
    DcError err = {0};
    pthread_mutex_unlock(&all->lock);
    if (remote_read_at(file->remote, file->path, file->version, 0, head, sizeof head, &got, &err) == DC_OK) file->codec = codec_by_magic(head, (size_t)got, NULL);
    pthread_mutex_lock(&all->lock);
    if (all->err.code == DC_OK) all->err = err;
  }
  all->running--;
  pthread_cond_signal(&all->done);
  pthread_mutex_unlock(&all->lock);
}

static DcCode peek_all(Listing *listing, DcError *err) {
  enum { AT_ONCE = 8 };
  size_t wanted = 0;
  for (size_t i = 0; i < listing->count; i++) wanted += wants_peek(&listing->files[i]);
  if (!wanted) return DC_OK;
  Peek all = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER, .listing = listing, .running = wanted < AT_ONCE ? wanted : AT_ONCE};
  for (size_t i = all.running; i > 0; i--) remote_background(peek, &all);
  pthread_mutex_lock(&all.lock);
  while (all.running) pthread_cond_wait(&all.done, &all.lock);
  pthread_mutex_unlock(&all.lock);
  pthread_mutex_destroy(&all.lock);
  pthread_cond_destroy(&all.done);
  if (all.err.code != DC_OK) *err = all.err;
  return err->code;
}

/* ---- all ---- */

DcCode listing_expand(Value path, bool grouped, const char *codec_name, const RemoteOptions *remote, Arena *arena, Listing *out, DcError *err) {
  *out = (Listing){0};
  Tree tree = {.arena = arena, .remote = {.arena = arena, .options = remote}};
  Search search = {.arena = arena, .listing = out, .tree = &tree, .codec_named = codec_name != NULL, .err = err};
  if (codec_name) DC_TRY(codec_by_name(str_of(codec_name), &search.codec, err));
  DcCode code = expand_value(&search, path, grouped);
  if (code == DC_OK) code = peek_all(out, err);
  tree_free(&tree);
  if (code != DC_OK) listing_free(out);
  return code;
}

InputFile input_copy(const InputFile *file, Arena *arena) {
  InputFile copy = *file;
  copy.path = arena_str(arena, file->path);
  if (file->version) copy.version = arena_copy(arena, file->version, strlen(file->version));
  return copy;
}

void listing_free(Listing *listing) {
  dc_free(listing->files);
  *listing = (Listing){0};
}
