/* sync.c - forcing files and folders to the disk. */
#include "io/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/folder.h"
#include "io/path.h"

bool sync_path(const char *path) {
  if (fault_due()) return errno = EIO, false;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat status;
  int error = fsync(fd) == 0 ? 0 : errno;
  if (error == EINVAL && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) error = 0; /* a file system that keeps names by itself */
  close(fd); /* nothing was written through it */
  errno = error;
  return error == 0;
}

bool sync_tree(const char *folder) {
  int error = 0;
  char **names = folder_list(folder, &error);
  for (size_t i = 0; names[i] && !error; i++) {
    char *child = path_join(folder, str_of(names[i]));
    struct stat status;
    bool ok = lstat(child, &status) == 0 && (S_ISDIR(status.st_mode) ? sync_tree(child) : !S_ISREG(status.st_mode) || sync_path(child));
    if (!ok) error = errno;
    dc_free(child);
  }
  folder_free_list(names);
  errno = error;
  return !error && sync_path(folder);
}
