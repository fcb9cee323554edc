/* archive_index.c - what is in an archive. */
#include <stdlib.h>

#include "io/archive_internal.h"
#include "io/path.h"

/* A name with one / between its parts, without "." parts and without / at its ends. */
static Str plain_name(Arena *arena, Str name) {
  char *out = arena_raw(arena, name.len + 1);
  size_t len = 0;
  for (size_t at = 0; at < name.len;) {
    size_t end = at;
    while (end < name.len && name.data[end] != '/') end++;
    Str part = str_make(name.data + at, end - at);
    at = end + 1;
    if (!part.len || str_is(part, ".")) continue;
    if (len) out[len++] = '/';
    memcpy(out + len, part.data, part.len);
    len += part.len;
  }
  out[len] = 0;
  return str_make(out, len);
}

/* Where a symbolic link in a folder leads to; data NULL: out of the archive. */
static Str link_target(Arena *arena, Str link, Str target) {
  if (target.len && target.data[0] == '/') return (Str){NULL, 0};
  Str folder = path_folder(link);
  Str whole = folder.data == link.data ? plain_name(arena, arena_printf(arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(target))) : plain_name(arena, target);
  char *out = arena_raw(arena, whole.len + 1);
  size_t len = 0;
  for (size_t at = 0; at < whole.len;) {
    size_t end = at;
    while (end < whole.len && whole.data[end] != '/') end++;
    Str part = str_make(whole.data + at, end - at);
    at = end + 1;
    if (str_is(part, "..")) {
      if (!len) return (Str){NULL, 0};
      while (len && out[--len] != '/') continue;
      continue;
    }
    if (len) out[len++] = '/';
    memcpy(out + len, part.data, part.len);
    len += part.len;
  }
  return str_make(out, len);
}

typedef struct Found {
  IndexEntry entry;
  Str target; /* of links: a name in the archive; data NULL: none */
} Found;

static int by_name(const void *a, const void *b) {
  const Found *left = a, *right = b;
  int order = str_compare(left->entry.name, right->entry.name);
  return order ? order : (left->entry.number > right->entry.number) - (left->entry.number < right->entry.number);
}

typedef struct FoundList {
  Found *items;
  size_t count, cap;
} FoundList;

static DcCode read_entries(ArchiveHandle *handle, Str path, Arena *arena, FoundList *list, DcError *err) {
  char reason[ARCHIVE_REASON] = "";
  for (;;) {
    ArchiveEntry entry;
    ArchiveStep step = handle->backend->next(handle->archive, &entry, reason);
    if (step == STEP_END) return archive_drain(handle, err);
    if (step == STEP_FAILED) return archive_fail(handle, path, reason, err);
    Found found = {.entry = {plain_name(arena, str_of(entry.name)), entry.number, entry.size, entry.kind}};
    if (entry.kind == ENTRY_OTHER || !found.entry.name.len) continue;
    if (entry.kind == ENTRY_LINK) found.target = plain_name(arena, str_of(entry.target ? entry.target : ""));
    if (entry.kind == ENTRY_SYMBOLIC) found.target = link_target(arena, found.entry.name, str_of(entry.target ? entry.target : ""));
    VEC_GROW(list->items, list->count, list->cap);
    list->items[list->count++] = found;
  }
}

/* Of several entries with one name the last one counts. */
static void sort_entries(FoundList *list) {
  if (list->count) qsort(list->items, list->count, sizeof *list->items, by_name);
  size_t kept = 0;
  for (size_t i = 0; i < list->count; i++) {
    if (kept && str_eq(list->items[kept - 1].entry.name, list->items[i].entry.name)) kept--;
    list->items[kept++] = list->items[i];
  }
  list->count = kept;
}

static const Found *find(const FoundList *list, Str name) {
  Found key = {.entry = {.name = name}};
  size_t low = 0, high = list->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = str_compare(list->items[middle].entry.name, key.entry.name);
    if (order == 0) return &list->items[middle];
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return NULL;
}

/* A link to a file becomes this file; others stay, and fail when they are read. */
static void follow_link(const FoundList *list, Found *link) {
  enum { MOST_STEPS = 16 };
  const Found *at = link;
  for (int step = 0; step < MOST_STEPS && at && at->target.data; step++) at = find(list, at->target);
  bool file = at && at->entry.kind == ENTRY_FILE;
  link->entry.kind = file ? ENTRY_FILE : ENTRY_SYMBOLIC;
  if (!file) return;
  link->entry.number = at->entry.number;
  link->entry.size = at->entry.size;
}

/* Entries of a compressed tar are as large in it, on average, as the archive is to all of them. */
static void scale_sizes(ArchiveIndex *index, uint64_t archive_size) {
  double total = 0;
  for (size_t i = 0; i < index->count; i++) total += (double)index->entries[i].size;
  if (total <= (double)archive_size) return;
  for (size_t i = 0; i < index->count; i++) index->entries[i].size = (uint64_t)((double)index->entries[i].size / total * (double)archive_size) + 1;
}

static void make_index(FoundList *list, Arena *arena, ArchiveIndex *out) {
  sort_entries(list);
  out->entries = arena_alloc(arena, (list->count + 1) * sizeof *out->entries);
  out->count = list->count;
  for (size_t i = 0; i < list->count; i++) {
    EntryKind kind = list->items[i].entry.kind;
    Found entry = list->items[i];
    if (kind == ENTRY_LINK || kind == ENTRY_SYMBOLIC) follow_link(list, &entry);
    out->entries[i] = entry.entry;
  }
}

DcCode archive_index(const InputFile *archive, Arena *arena, ArchiveIndex *out, DcError *err) {
  ArchiveHandle handle = {.backend = NULL};
  FoundList list = {0};
  *out = (ArchiveIndex){.path = arena_str(arena, archive->path)};
  DcCode code = archive_open(&handle, archive, true, err);
  if (code == DC_OK) code = read_entries(&handle, archive->path, arena, &list, err);
  if (code == DC_OK) {
    make_index(&list, arena, out);
    if (!handle.backend->any_order) scale_sizes(out, archive->size);
  }
  archive_close(&handle);
  dc_free(list.items);
  return code;
}

/* ---- looking things up ---- */

/* The first entry whose name is not before this one. */
static size_t lower_bound(const ArchiveIndex *index, Str name) {
  size_t low = 0, high = index->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (str_compare(index->entries[middle].name, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const IndexEntry *archive_find(const ArchiveIndex *index, Str name) {
  size_t at = lower_bound(index, name);
  return at < index->count && str_eq(index->entries[at].name, name) ? &index->entries[at] : NULL;
}

size_t archive_first_in(const ArchiveIndex *index, Str folder) {
  if (!folder.len) return 0;
  Buf prefix = {0};
  buf_str(&prefix, folder);
  buf_char(&prefix, '/');
  size_t at = lower_bound(index, str_make(prefix.data, prefix.len));
  bool in = at < index->count && str_starts(index->entries[at].name, str_make(prefix.data, prefix.len));
  buf_free(&prefix);
  return in ? at : index->count;
}

bool archive_has_folder(const ArchiveIndex *index, Str name) {
  const IndexEntry *entry = name.len ? archive_find(index, name) : NULL;
  return !name.len || (entry && entry->kind == ENTRY_FOLDER) || archive_first_in(index, name) < index->count;
}
