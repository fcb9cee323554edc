/* stage_write.c - writes to the files of stages, with a bounded number of them open.
 *
 * Open files are in one list for all stages, the newest first. A file that a thread writes to is busy and stays open;
 * when the bound is reached the oldest of the others is closed, and opened for appending when it is needed again.
 * The lock is held to look into the list and to close, never to open or write.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/fault.h"
#include "io/stage_internal.h"

enum { MOST_OPEN = 512, LEAST_OPEN = 8, LEFT_FOR_OTHERS = 64 };

static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static StageFile *newest, *oldest;
static size_t open_count, open_limit;

static _Atomic int writes_to_failure;

void io_fail_after(int n) { atomic_store(&writes_to_failure, n); }

static bool write_must_fail(void) {
  if (fault_due()) return true;
  return atomic_load_explicit(&writes_to_failure, memory_order_relaxed) > 0 && atomic_fetch_sub(&writes_to_failure, 1) == 1;
}

/* How many files may be open; raises the soft limit first. */
static size_t find_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return LEAST_OPEN;
  if (limit.rlim_cur < limit.rlim_max) {
    struct rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > MOST_OPEN + LEFT_FOR_OTHERS) return MOST_OPEN;
  return limit.rlim_cur > LEAST_OPEN + LEFT_FOR_OTHERS ? (size_t)limit.rlim_cur - LEFT_FOR_OTHERS : LEAST_OPEN;
}

/* ---- the list; the lock is held ---- */

static void unlink_file(StageFile *file) {
  *(file->newer ? &file->newer->older : &newest) = file->older;
  *(file->older ? &file->older->newer : &oldest) = file->newer;
  file->newer = file->older = NULL;
}

static void link_newest(StageFile *file) {
  file->older = newest;
  *(newest ? &newest->newer : &oldest) = file;
  newest = file;
}

/* Closes a file. That the last of it could not be written is noted in it, for its next write or its commit. */
static void close_file(StageFile *file) {
  if (close(file->fd) != 0 && errno != EINTR) file->failed = errno;
  file->fd = -1;
  unlink_file(file);
  open_count--;
}

/* Closes the oldest file that is not busy; false: all are. */
static bool close_oldest(void) {
  for (StageFile *file = oldest; file; file = file->newer) {
    if (file->busy) continue;
    close_file(file);
    return true;
  }
  return false;
}

/* ---- opening ---- */

static DcCode write_failed(const StageFile *file, int error, DcError *err) {
  char *target = stage_target(file->stage, file->relative);
  dc_fail_errno(err, error, "cannot write %s", target);
  dc_free(target);
  return err->code;
}

static int open_path(const char *path, bool first) {
  return open(path, O_WRONLY | O_APPEND | O_CLOEXEC | (first ? O_CREAT | O_EXCL : 0), 0666);
}

void stage_count(StageFile *file, const void *data, size_t len) {
  if (!file->sum) return;
  checksum_add(file->sum, data, len);
  file->bytes += len;
}

/* Copies what the target holds into a file that is to be appended to. */
static DcCode copy_existing(StageFile *file, int to, DcError *err) {
  char *target = stage_target(file->stage, file->relative), *buffer = NULL;
  enum { BLOCK = 1 << 20 };
  int from = open(target, O_RDONLY | O_CLOEXEC);
  if (from < 0 && errno != ENOENT && errno != ENOTDIR) dc_fail_errno(err, errno, "cannot read %s", target);
  if (from >= 0) buffer = dc_realloc(NULL, BLOCK);
  while (from >= 0 && err->code == DC_OK) {
    ssize_t got = read(from, buffer, BLOCK);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) dc_fail_errno(err, errno, "cannot read %s", target);
    if (got <= 0) break;
    stage_count(file, buffer, (size_t)got);
    for (ssize_t done = 0, n; done < got; done += n) {
      n = write(to, buffer + done, (size_t)(got - done));
      if (n < 0 && errno != EINTR) {
        write_failed(file, errno, err);
        break;
      }
      if (n < 0) n = 0;
    }
  }
  if (from >= 0) close(from); /* only read */
  dc_free(buffer);
  dc_free(target);
  return err->code;
}

/* Opens the file in the stage folder; on its first time makes it and its folders. */
static int open_staged(StageFile *file) {
  char *below = stage_below(file->stage, file->relative), *path = stage_path(file->stage, "new", below);
  dc_free(below);
  int fd = open_path(path, !file->made);
  if (fd < 0 && errno == ENOENT && !file->made) {
    char *folder = path_copy(path_folder(str_of(path)));
    if (folder_make(folder)) fd = open_path(path, true);
    dc_free(folder);
  }
  dc_free(path);
  return fd;
}

static DcCode open_file(StageFile *file, int *out, DcError *err) {
  DC_TRY(stage_make_folder(file->stage, err));
  int fd = open_staged(file);
  while (fd < 0 && (errno == EMFILE || errno == ENFILE)) { /* others took what we counted on */
    int error = errno;
    pthread_mutex_lock(&cache_lock);
    bool closed = close_oldest();
    pthread_mutex_unlock(&cache_lock);
    if (!closed) return write_failed(file, error, err);
    fd = open_staged(file);
  }
  if (fd < 0 && errno == EEXIST) {
    char *target = stage_target(file->stage, file->relative);
    dc_fail(err, "\"%s\" would be written twice", target);
    dc_hint(err, "name each dataset once");
    dc_free(target);
    return err->code;
  }
  if (fd < 0) return write_failed(file, errno, err);
  if (!file->made && file->stage->options.manifest) file->sum = checksum_new(file->stage->options.manifest);
  if (!file->made && file->stage->options.mode == STAGE_APPEND && copy_existing(file, fd, err) != DC_OK) {
    close(fd); /* the failure is known already */
    return err->code;
  }
  file->made = true;
  *out = fd;
  return DC_OK;
}

/* Makes file open and busy. */
static DcCode acquire(StageFile *file, DcError *err) {
  pthread_mutex_lock(&cache_lock);
  file->busy = true;
  bool is_open = file->fd >= 0;
  if (!open_limit) open_limit = find_limit();
  if (!is_open && open_count >= open_limit) close_oldest();
  if (is_open && newest != file) {
    unlink_file(file);
    link_newest(file);
  }
  pthread_mutex_unlock(&cache_lock);
  if (is_open) return DC_OK;
  int fd = -1;
  DcCode code = file->failed ? write_failed(file, file->failed, err) : open_file(file, &fd, err);
  pthread_mutex_lock(&cache_lock);
  if (code == DC_OK) {
    file->fd = fd;
    open_count++;
    link_newest(file);
  } else {
    file->busy = false;
  }
  pthread_mutex_unlock(&cache_lock);
  return code;
}

static void release(StageFile *file) {
  pthread_mutex_lock(&cache_lock);
  file->busy = false;
  pthread_mutex_unlock(&cache_lock);
}

/* ---- writing ---- */

static DcCode write_all(StageFile *file, struct iovec *parts, size_t count, DcError *err) {
  while (count) {
    if (!parts->iov_len) {
      parts++, count--;
      continue;
    }
    ssize_t n = write_must_fail() ? (errno = ENOSPC, -1) : writev(file->fd, parts, count < IOV_MAX ? (int)count : IOV_MAX);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return write_failed(file, errno, err);
    atomic_fetch_add_explicit(&file->stage->bytes, (uint64_t)n, memory_order_relaxed);
    for (size_t left = (size_t)n; left;) {
      size_t step = left < parts->iov_len ? left : parts->iov_len;
      stage_count(file, parts->iov_base, step);
      parts->iov_base = (char *)parts->iov_base + step;
      parts->iov_len -= step;
      left -= step;
      if (!parts->iov_len) parts++, count--;
    }
  }
  return DC_OK;
}

DcCode stage_writev(Stage *stage, uint32_t number, struct iovec *parts, size_t count, DcError *err) {
  StageFile *file = stage->files[number];
  pthread_rwlock_rdlock(&stage->lock);
  DcCode code = stage->ended ? dc_fail(err, "cannot write to %s: the run was stopped", stage->root) : DC_OK;
  if (stage->store && code == DC_OK) {
    code = stage_store_write(file, parts, count, err);
    pthread_rwlock_unlock(&stage->lock);
    return code;
  }
  if (code == DC_OK) code = acquire(file, err);
  if (code == DC_OK) {
    code = write_all(file, parts, count, err);
    release(file);
  }
  pthread_rwlock_unlock(&stage->lock);
  return code;
}

DcCode stage_write(Stage *stage, uint32_t number, const void *data, size_t len, DcError *err) {
  struct iovec part = {(void *)(uintptr_t)data, len};
  return stage_writev(stage, number, &part, 1, err);
}

DcCode stage_create(StageFile *file, DcError *err) {
  if (file->made) return DC_OK;
  DC_TRY(acquire(file, err));
  release(file);
  return DC_OK;
}

DcCode stage_close_files(Stage *stage, DcError *err) {
  pthread_mutex_lock(&cache_lock);
  for (size_t i = 0; i < stage->file_count; i++)
    if (stage->files[i]->fd >= 0) close_file(stage->files[i]);
  pthread_mutex_unlock(&cache_lock);
  for (size_t i = 0; i < stage->file_count && err; i++)
    if (stage->files[i]->failed) return write_failed(stage->files[i], stage->files[i]->failed, err);
  return DC_OK;
}
