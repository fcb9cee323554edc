/* sync.h - forcing files and folders to the disk. */
#ifndef IO_SYNC_H
#define IO_SYNC_H

#include <stdbool.h>

/* Forces a file's content, or a folder's list of names. false: errno. */
bool sync_path(const char *path);
/* All files and folders below a folder, then the folder itself. false: errno. */
bool sync_tree(const char *folder);

#endif
