/* tree.h - files and folders as listing.c sees them: those on the disk, those elsewhere, and archives as folders. */
#ifndef IO_TREE_H
#define IO_TREE_H

#include <sys/types.h>

#include "io/archive.h"
#include "io/glob.h"
#include "io/listing.h"
#include "io/remote_tree.h"

typedef enum TreeKind { TREE_NONE, TREE_FILE, TREE_FOLDER, TREE_OTHER } TreeKind;

/* What a path is. */
typedef struct TreeNode {
  TreeKind kind;
  int error;         /* TREE_NONE: why, as errno says it */
  uint64_t size;     /* of files: bytes on the disk; UINT64_MAX: the server does not say */
  dev_t device;      /* of folders on the disk; else 0 */
  ino_t inode;
  size_t archive_len; /* it is this archive, or in it: bytes of the archive's path; 0: no archive */
  uint64_t entry;     /* of files in archives */
  uint64_t archive_size;
  Remote *remote;      /* NULL: on the disk */
  const char *version; /* of remote files, and of archives there */
  bool ranges;         /* parts of a remote file can be read */
} TreeNode;

typedef struct Tree {
  Arena *arena;
  ArchiveIndex *archives; /* those that were looked into */
  size_t count, cap;
  RemoteTree remote; /* its options are the caller's */
} Tree;

void tree_free(Tree *tree); /* not the arena */
/* Fails only where an archive cannot be read, or a link in it leads nowhere; a path that is not there is TREE_NONE. "" is ".". */
DcCode tree_look(Tree *tree, Str path, TreeNode *out, DcError *err) DC_MUST_CHECK;
/* Adds the names in a folder, in any order; those that begin with . or _ only when all is set. Of a folder elsewhere those that begin with `begins` are
   enough, which spares its listing. */
DcCode tree_names(Tree *tree, Str path, Str begins, bool all, StrList *names, DcError *err) DC_MUST_CHECK;
/* All below a folder will be asked for: of a remote one it is listed at once. */
DcCode tree_expect_all(Tree *tree, Str path, DcError *err) DC_MUST_CHECK;

#endif
