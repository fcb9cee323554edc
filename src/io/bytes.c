/* bytes.c - the bytes of a file at any place. */
#include "io/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/path.h"

/* WINDOW: what a small read of a remote file takes along. Footers, directories and heads of blocks lie together. */
enum { WINDOW = 64 << 10, WINDOWS = 4 };

typedef struct Window {
  char *data; /* NULL: none */
  uint64_t offset, size;
} Window;

struct FileBytes {
  char *path;
  int fd; /* -1: remote */
  Remote *remote;
  char *version;
  uint64_t size; /* of a remote one */
  atomic_ullong taken;
  pthread_mutex_t lock; /* of the windows */
  Window windows[WINDOWS];
  size_t next;
};

static FileBytes *new_bytes(int fd, Str path) {
  FileBytes *bytes = dc_alloc(sizeof *bytes);
  bytes->fd = fd;
  bytes->path = path_copy(path);
  pthread_mutex_init(&bytes->lock, NULL);
  return bytes;
}

FileBytes *bytes_of_fd(int fd, const char *name) { return new_bytes(fd, str_of(name)); }

DcCode bytes_open(const InputFile *file, FileBytes **out, DcError *err) {
  FileBytes *bytes = new_bytes(-1, file->path);
  if (file->remote) {
    bytes->remote = file->remote;
    bytes->version = path_copy(str_of(file->version));
    bytes->size = file->size;
  } else {
    do bytes->fd = open(bytes->path, O_RDONLY | O_CLOEXEC);
    while (bytes->fd < 0 && errno == EINTR);
    if (bytes->fd < 0) dc_fail_errno(err, errno, "cannot open %s", bytes->path);
  }
  if (err->code == DC_OK) *out = bytes;
  else bytes_close(bytes);
  return err->code;
}

static DcCode read_disk(FileBytes *bytes, uint64_t offset, char *data, uint64_t size, uint64_t *got, DcError *err) {
  while (*got < size) {
    ssize_t n = fault_due() ? (errno = EIO, -1) : pread(bytes->fd, data + *got, (size_t)(size - *got), (off_t)(offset + *got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return dc_fail_errno(err, errno, "cannot read %s", bytes->path);
    if (n == 0) break;
    *got += (uint64_t)n;
  }
  atomic_fetch_add_explicit(&bytes->taken, *got, memory_order_relaxed);
  return DC_OK;
}

static DcCode read_remote(FileBytes *bytes, uint64_t offset, void *data, uint64_t size, uint64_t *got, DcError *err) {
  uint64_t end = offset + size < bytes->size ? offset + size : bytes->size;
  if (offset >= end) return DC_OK;
  DC_TRY(remote_read_at(bytes->remote, str_of(bytes->path), bytes->version, offset, data, end - offset, got, err));
  atomic_fetch_add_explicit(&bytes->taken, *got, memory_order_relaxed);
  if (*got < end - offset) return dc_fail(err, "cannot read %s: it ends at byte %llu, before its end", bytes->path, (unsigned long long)(offset + *got));
  return DC_OK;
}

static bool from_window(const FileBytes *bytes, uint64_t offset, void *data, uint64_t size, uint64_t *got) {
  uint64_t end = offset + size < bytes->size ? offset + size : bytes->size;
  for (size_t i = 0; i < WINDOWS; i++) {
    const Window *window = &bytes->windows[i];
    if (!window->data || offset < window->offset || end > window->offset + window->size) continue;
    *got = end > offset ? end - offset : 0;
    if (*got) memcpy(data, window->data + (offset - window->offset), (size_t)*got);
    return true;
  }
  return false;
}

/* A window begins with the bytes that are asked for; the last one ends with the file, where footers are read backwards. */
static DcCode read_small(FileBytes *bytes, uint64_t offset, void *data, uint64_t size, uint64_t *got, DcError *err) {
  pthread_mutex_lock(&bytes->lock);
  if (!from_window(bytes, offset, data, size, got)) {
    Window *window = &bytes->windows[bytes->next++ % WINDOWS];
    if (!window->data) window->data = dc_realloc(NULL, WINDOW);
    window->offset = offset + WINDOW <= bytes->size ? offset : bytes->size > WINDOW ? bytes->size - WINDOW : 0;
    window->size = 0;
    if (read_remote(bytes, window->offset, window->data, WINDOW, &window->size, err) != DC_OK) window->size = 0;
    else (void)from_window(bytes, offset, data, size, got);
  }
  pthread_mutex_unlock(&bytes->lock);
  return err->code;
}

DcCode bytes_read_at(FileBytes *bytes, uint64_t offset, void *data, uint64_t size, uint64_t *got, DcError *err) {
  *got = 0;
  if (bytes->fd >= 0) return read_disk(bytes, offset, data, size, got, err);
  return size < WINDOW ? read_small(bytes, offset, data, size, got, err) : read_remote(bytes, offset, data, size, got, err);
}

DcCode bytes_size(FileBytes *bytes, uint64_t *out, DcError *err) {
  *out = bytes->size;
  if (bytes->fd < 0) return DC_OK;
  off_t size = lseek(bytes->fd, 0, SEEK_END);
  if (size < 0) return dc_fail_errno(err, errno, "cannot read %s", bytes->path);
  *out = (uint64_t)size;
  return DC_OK;
}

bool bytes_are_remote(const FileBytes *bytes) { return bytes->fd < 0; }
uint64_t bytes_taken(const FileBytes *bytes) { return atomic_load_explicit(&bytes->taken, memory_order_relaxed); }

void bytes_close(FileBytes *bytes) {
  if (!bytes) return;
  if (bytes->fd >= 0) close(bytes->fd); /* nothing of worth was written */
  for (size_t i = 0; i < WINDOWS; i++) dc_free(bytes->windows[i].data);
  pthread_mutex_destroy(&bytes->lock);
  dc_free(bytes->version);
  dc_free(bytes->path);
  dc_free(bytes);
}
