/* remote_tree.h - what is known of files and folders elsewhere: each folder is listed once. */
#ifndef IO_REMOTE_TREE_H
#define IO_REMOTE_TREE_H

#include "io/glob.h"
#include "io/remote.h"

typedef struct RemoteEntry {
  Str path;
  RemoteKind kind;
  uint64_t size;
  const char *version;
  bool ranges;
  bool listed; /* of a folder: its children are known */
  bool linked; /* it is among the children of its folder */
  uint32_t child, sibling; /* numbers + 1; 0: none */
} RemoteEntry;

typedef struct RemoteTree {
  Arena *arena; /* of the caller: paths and versions */
  const RemoteOptions *options;
  RemoteEntry *entries;
  size_t count, cap;
  uint32_t *table; /* numbers + 1 by the hash of the path */
  size_t table_size;
} RemoteTree;

void remote_tree_free(RemoteTree *tree); /* not the arena */
/* What a URL is. *out is valid until the next call. */
DcCode remote_tree_look(RemoteTree *tree, Str path, Remote **remote, RemoteEntry *out, DcError *err) DC_MUST_CHECK;
/* Looks at many paths at once, so that later looks at them need not wait. A failure is not kept: whoever looks then meets it. */
void remote_tree_look_ahead(RemoteTree *tree, const Str *paths, size_t count);
/* Lists a folder, deep: and all below it, by one listing. */
DcCode remote_tree_list(RemoteTree *tree, Str path, bool deep, DcError *err) DC_MUST_CHECK;
/* Those that begin with a text are enough. */
DcCode remote_tree_list_some(RemoteTree *tree, Str path, Str begins, DcError *err) DC_MUST_CHECK;
/* The names in a folder that was listed, appended. */
void remote_tree_names(const RemoteTree *tree, Str path, StrList *names);

#endif
