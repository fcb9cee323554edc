/* stage_lock.c - locks on bytes of a folder's lock file.
 *
 * Open file description locks where the system has them (Linux): those of two stages of one process do not mix. The
 * file may be removed only by who is alone with it: each user has a shared lock on the byte PRESENT, the last one to
 * close turns that into an exclusive one, and who has opened a file that was removed meanwhile opens it again.
 */
#include "io/stage_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/interrupt.h"
#include "io/path.h"

#ifdef F_OFD_SETLK
enum { SET_LOCK = F_OFD_SETLK, GET_LOCK = F_OFD_GETLK };
#else
enum { SET_LOCK = F_SETLK, GET_LOCK = F_GETLK };
#endif

/* The bytes: of paths, of the file itself, of the owners of stage folders. */
#define PATHS ((off_t)1 << 61)
#define PRESENT ((off_t)1 << 62)
#define CLOSING (PRESENT + 1)
#define COMMITTING (PRESENT + 2)
#define OWNERS (PRESENT + ((off_t)1 << 32))

enum { MOST_PATHS = 1024, TABLE_SIZE = 4096, MOST_SIGNED = 1 << 16 };

struct StageLock {
  char *path;
  int fd;
  bool is_new, works, read_only, keep;
  bool whole;         /* all paths are ours */
  uint32_t count;     /* in held */
  uint64_t held[TABLE_SIZE]; /* the bytes of paths that we locked: hash * 2 + 1 if exclusively; by open addressing */
};

/* ---- bytes ---- */

/* type: F_RDLCK, F_WRLCK, F_UNLCK. Returns 0 or the errno. */
static int set_lock(int fd, int type, off_t start, off_t len) {
  struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
  int result;
  do result = fcntl(fd, SET_LOCK, &lock);
  while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno == EACCES ? EAGAIN : errno;
}

/* Would another's lock be in the way of one of this type? */
static bool in_the_way(int fd, int type, off_t start, off_t len) {
  struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
  return fcntl(fd, GET_LOCK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Waits for a byte that others hold only for moments. */
static bool wait_for_lock(int fd, off_t at, bool heed_interrupt) {
  int error;
  while ((error = set_lock(fd, F_WRLCK, at, 1)) == EAGAIN) {
    if (heed_interrupt && interrupt_asked()) return false;
    struct timespec pause = {.tv_nsec = 2000000};
    nanosleep(&pause, NULL);
  }
  return error == 0;
}

static off_t byte_of(Str path) { return (off_t)(XXH3_64bits(path.len ? path.data : "", path.len) & ((uint64_t)PATHS - 1)); }

static off_t owner_byte(const char *name) { return OWNERS + (off_t)(XXH3_64bits(name, strlen(name)) >> 32); }

/* ---- opening and closing ---- */

/* Who may write in the folder may lock. A wish: where it fails others get an error that says so. */
static void open_to_users(int fd, const char *path) {
  struct stat status;
  char *folder = path_copy(path_folder(str_of(path)));
  if (stat(folder, &status) != 0 || fchmod(fd, status.st_mode & 0666) != 0) errno = 0;
  dc_free(folder);
}

/* *is_new: the file was made. Returns -1 with errno. Without O_CREAT where it exists: in folders as /tmp that is refused
   for the files of others. */
static int open_path(const char *path, bool make, bool *is_new, bool *read_only) {
  for (;;) {
    int fd = make ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    *is_new = fd >= 0;
    *read_only = false;
    if (*is_new) open_to_users(fd, path);
    if (fd >= 0 || (make && errno != EEXIST)) return fd;
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && !make && (errno == EACCES || errno == EROFS || errno == EPERM)) {
      fd = open(path, O_RDONLY | O_CLOEXEC);
      *read_only = fd >= 0;
    }
    if (fd >= 0 || !make || errno != ENOENT) return fd; /* else it went away between the two */
  }
}

/* Does the path still lead to the open file? */
static bool is_current(int fd, const char *path) {
  struct stat here, there;
  return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

DcCode stage_lock_open(const char *folder, bool make, StageLock **out, DcError *err) {
  char *path = path_join(folder, str_of(STAGE_LOCK_NAME));
  bool is_new = false, read_only = false;
  int fd, error;
  *out = NULL;
  for (;;) {
    fd = open_path(path, make, &is_new, &read_only);
    if (fd < 0 && (make || (errno != ENOENT && errno != ENOTDIR && errno != EACCES))) dc_fail_errno(err, errno, "cannot write to folder %s", folder);
    if (fd < 0) break;
    while ((error = set_lock(fd, F_RDLCK, PRESENT, 1)) == EAGAIN && is_current(fd, path)) { /* it is about to go */
      struct timespec pause = {.tv_nsec = 1000000};
      nanosleep(&pause, NULL);
    }
    if (error != EAGAIN && is_current(fd, path)) break;
    close(fd); /* nothing was written */
  }
  if (fd < 0) {
    dc_free(path);
    return err->code;
  }
  StageLock *lock = dc_alloc(sizeof *lock);
  *lock = (StageLock){.path = path, .fd = fd, .is_new = is_new, .works = error == 0, .read_only = read_only};
  *out = lock;
  return DC_OK;
}

void stage_lock_close(StageLock *lock) {
  if (!lock) return;
  bool alone = !lock->read_only && !lock->keep && (!lock->works || (wait_for_lock(lock->fd, CLOSING, false) && set_lock(lock->fd, F_WRLCK, PRESENT, 1) == 0));
  if (alone && unlink(lock->path) != 0) errno = 0; /* in a folder of others; it does no harm */
  close(lock->fd); /* it holds nothing that matters */
  dc_free(lock->path);
  dc_free(lock);
}

void stage_lock_keep(StageLock *lock) { lock->keep = true; }
bool stage_lock_is_new(const StageLock *lock) { return lock->is_new; }
bool stage_lock_works(const StageLock *lock) { return lock->works; }
bool stage_lock_read_only(const StageLock *lock) { return lock->read_only; }

/* ---- owners of stage folders ---- */

bool stage_lock_own(StageLock *lock, const char *name) {
  return !lock->works || (!lock->read_only && set_lock(lock->fd, F_WRLCK, owner_byte(name), 1) == 0);
}

void stage_lock_forget(StageLock *lock, const char *name) {
  if (lock->works && set_lock(lock->fd, F_UNLCK, owner_byte(name), 1) != 0) lock->works = false;
}

bool stage_lock_is_owned(StageLock *lock, const char *name) {
  return !lock->works || in_the_way(lock->fd, F_WRLCK, owner_byte(name), 1);
}

void stage_lock_sign(StageLock *lock, const char *name) {
  char line[80];
  int len = snprintf(line, sizeof line, "%s\n", name);
  struct stat status;
  if (!lock->works || !wait_for_lock(lock->fd, CLOSING, false)) return;
  if (fstat(lock->fd, &status) == 0 && status.st_size < MOST_SIGNED && pwrite(lock->fd, line, (size_t)len, status.st_size) != len)
    errno = 0; /* a message will not name us, that is all */
  if (set_lock(lock->fd, F_UNLCK, CLOSING, 1) != 0) lock->works = false;
}

/* " (process 12)" or nothing: the runs that have signed and live, but for this stage's own. */
static void put_others(StageLock *lock, Buf *out) {
  char *text = dc_alloc(MOST_SIGNED + 1), *rest = NULL;
  ssize_t len = pread(lock->fd, text, MOST_SIGNED, 0);
  unsigned count = 0;
  text[len > 0 ? len : 0] = 0;
  for (char *name = strtok_r(text, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
    long process = strncmp(name, ".dcetl-", 7) == 0 ? strtol(name + 7, NULL, 10) : 0;
    if (process > 0 && in_the_way(lock->fd, F_WRLCK, owner_byte(name), 1)) buf_printf(out, "%s%ld", count++ ? ", " : " (process ", process);
  }
  if (count) buf_char(out, ')');
  dc_free(text);
}

/* ---- paths ---- */

static DcCode fail_taken(StageLock *lock, const char *shown, DcError *err) {
  Buf others = {0};
  put_others(lock, &others);
  dc_fail(err, "\"%s\" is being written by another run%.*s", shown, (int)others.len, others.len ? others.data : "");
  dc_hint(err, "start again when that has ended, or write to another folder");
  buf_free(&others);
  return err->code;
}

/* The place of a byte in the table: its own, or a free one. */
static uint64_t *find_held(StageLock *lock, off_t byte) {
  size_t at = (size_t)byte % TABLE_SIZE;
  while (lock->held[at] && lock->held[at] >> 1 != (uint64_t)byte) at = (at + 1) % TABLE_SIZE;
  return &lock->held[at];
}

/* What we hold exclusively is not weakened. Returns 0 or the errno. */
static int lock_path(StageLock *lock, Str path, bool exclusive) {
  off_t byte = byte_of(path);
  uint64_t *held = find_held(lock, byte);
  if (lock->whole || (*held && (!exclusive || *held & 1))) return 0;
  if (lock->count >= MOST_PATHS) {
    int error = set_lock(lock->fd, F_WRLCK, 0, PATHS);
    lock->whole = error == 0;
    return error;
  }
  int error = set_lock(lock->fd, exclusive ? F_WRLCK : F_RDLCK, byte, 1);
  if (error) return error;
  lock->count += !*held;
  *held = (uint64_t)byte << 1 | exclusive;
  return 0;
}

static bool is_ours(StageLock *lock, Str path) { return lock->whole || *find_held(lock, byte_of(path)) & 1; }

bool stage_lock_covers(StageLock *lock, Str path) {
  bool covered = is_ours(lock, path);
  for (size_t i = 0; i < path.len && !covered; i++)
    if (path.data[i] == '/') covered = is_ours(lock, str_make(path.data, i));
  return covered;
}

/* Calls lock_path for the folders above path and for path. */
static int lock_way(StageLock *lock, Str path) {
  int error = 0;
  if (!path.len) {
    error = set_lock(lock->fd, F_WRLCK, 0, PATHS);
    lock->whole = error == 0;
    return error;
  }
  for (size_t i = 0; i < path.len && !error; i++)
    if (path.data[i] == '/') error = lock_path(lock, str_make(path.data, i), false);
  return error ? error : lock_path(lock, path, true);
}

DcCode stage_lock_claim(StageLock *lock, Str path, const char *shown, DcError *err) {
  if (!lock->works) return DC_OK;
  int error = lock_way(lock, path);
  if (error == EAGAIN) return fail_taken(lock, shown, err);
  if (error) lock->works = false; /* the file system has none, after all */
  return DC_OK;
}

bool stage_lock_is_whole(const StageLock *lock) { return lock->whole; }

bool stage_lock_try(StageLock *lock, Str path) { return lock->works && lock_way(lock, path) == 0; }

DcCode stage_lock_check(StageLock *lock, Str path, const char *shown, DcError *err) {
  if (!lock->works) return DC_OK;
  bool taken = path.len ? in_the_way(lock->fd, F_WRLCK, byte_of(path), 1) : in_the_way(lock->fd, F_WRLCK, 0, PATHS);
  for (size_t i = 0; i < path.len && !taken; i++)
    if (path.data[i] == '/') taken = in_the_way(lock->fd, F_RDLCK, byte_of(str_make(path.data, i)), 1);
  return taken ? fail_taken(lock, shown, err) : DC_OK;
}

DcCode stage_lock_commit(StageLock *lock, DcError *err) {
  if (!lock->works || lock->read_only) return DC_OK;
  if (wait_for_lock(lock->fd, COMMITTING, true) || !interrupt_asked()) return DC_OK;
  return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
}

void stage_lock_committed(StageLock *lock) {
  if (lock->works && !lock->read_only && set_lock(lock->fd, F_UNLCK, COMMITTING, 1) != 0) lock->works = false;
}
