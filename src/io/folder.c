/* folder.c - making, listing and removing folders. */
#include "io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/path.h"

bool folder_is(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool folder_make(const char *path) {
  if (mkdir(path, 0777) == 0) return true;
  if (errno == EEXIST) {
    if (folder_is(path)) return true;
    errno = ENOTDIR;
    return false;
  }
  if (errno != ENOENT) return false;
  Str parent = path_folder(str_of(path));
  if (parent.len == strlen(path)) return false;
  char *copy = path_copy(parent);
  bool ok = folder_make(copy);
  dc_free(copy);
  if (!ok) return false;
  return mkdir(path, 0777) == 0 || errno == EEXIST; /* another thread or program may be faster */
}

char **folder_list(const char *path, int *error) {
  char **names = dc_alloc(sizeof *names);
  size_t count = 0, cap = 1;
  DIR *folder = opendir(path);
  if (!folder) {
    *error = errno;
    return names;
  }
  struct dirent *entry;
  while ((errno = 0, entry = readdir(folder))) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    VEC_GROW(names, count, cap);
    names[count++] = path_copy(str_of(entry->d_name));
  }
  *error = errno;
  closedir(folder);
  VEC_GROW(names, count, cap);
  names[count] = NULL;
  return names;
}

void folder_free_list(char **names) {
  for (size_t i = 0; names[i]; i++) dc_free(names[i]);
  dc_free(names);
}

/* At any depth one descriptor is enough: having no more may be the failure. */
void folder_remove(const char *path) {
  int error = 0;
  char **names = folder_list(path, &error);
  for (size_t i = 0; names[i]; i++) {
    char *child = path_join(path, str_of(names[i]));
    if (unlink(child) != 0) folder_remove(child);
    dc_free(child);
  }
  folder_free_list(names);
  if (rmdir(path) != 0) unlink(path);
}
