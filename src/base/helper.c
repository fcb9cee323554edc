/* helper.c - starting, watching and ending helpers.
 *
 * The helper has the socket and the memory as files 3 and 4. A thread of its own waits for the program's end of the
 * socket to close, which also happens when the program is killed.
 */
#include "base/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/mem.h"

enum { INSIDE_SOCKET = 3, INSIDE_MEMORY = 4, FIRST_OUTSIDE = 10, LOOK_EVERY = 100 /* ms */ };

struct Helper {
  pid_t pid; /* 0: this is the helper's side */
  int socket, memory;
  void *mapped;
  size_t size; /* of it */
  int64_t busy_limit, idle_limit;
  bool ended; /* and waited for */
  int status; /* how; -1: nobody knows */
};

/* --- Messages --- */

static void wait_for_end(Helper *helper) {
  pid_t found = 0;
  if (helper->ended) return;
  do found = waitpid(helper->pid, &helper->status, 0);
  while (found < 0 && errno == EINTR);
  if (found < 0) helper->status = -1; /* who started us ignores SIGCHLD */
  helper->ended = true;
}

/* The socket is closed, so the process is gone, or about to be. */
static DcCode fail_ended(Helper *helper, DcError *err) {
  if (!helper->pid) _exit(0);
  wait_for_end(helper);
  int status = helper->status;
  if (status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    dc_fail(err, "was killed");
    dc_hint(err, "the system does so when memory is short");
    return err->code;
  }
  if (status != -1 && WIFSIGNALED(status)) return dc_fail(err, "crashed (%s)", strsignal(WTERMSIG(status)));
  if (status != -1 && WIFEXITED(status)) return dc_fail(err, "ended with status %d", WEXITSTATUS(status));
  return dc_fail(err, "ended");
}

DcCode helper_send(Helper *helper, const HelperMessage *message, DcError *err) {
  for (;;) {
    ssize_t n = send(helper->socket, message, sizeof *message, MSG_NOSIGNAL);
    if (n == (ssize_t)sizeof *message) return DC_OK; /* so small a message goes as a whole */
    if (n >= 0 || errno != EINTR) return fail_ended(helper, err);
  }
}

/* The time that the helper has computed, in milliseconds; -1: the system does not tell. */
static int64_t computed(const Helper *helper) {
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(helper->pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return -1;
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static DcCode fail_late(Helper *helper, int64_t time, const char *how, DcError *err) {
  kill(helper->pid, SIGKILL);
  wait_for_end(helper);
  return dc_fail(err, "came to no end: %lld s %s", (long long)((time + 500) / 1000), how);
}

/* Waits until there is something to read. Time is counted in looks, so that it stands still while the program is stopped. */
static DcCode wait_for_answer(Helper *helper, DcError *err) {
  struct pollfd wanted = {.fd = helper->socket, .events = POLLIN};
  int64_t first = -1, last = -1, idle = 0;
  while (!interrupt_asked()) {
    int ready = poll(&wanted, 1, LOOK_EVERY);
    if (ready > 0 || (ready < 0 && errno != EINTR && errno != EAGAIN)) return DC_OK;
    if (ready < 0) continue;
    int64_t now = computed(helper);
    if (first < 0) first = now;
    idle = now == last ? idle + LOOK_EVERY : 0;
    last = now;
    if (now - first > helper->busy_limit) return fail_late(helper, now - first, "of computing gave nothing", err);
    if (idle > helper->idle_limit) return fail_late(helper, idle, "went by without it doing anything", err);
  }
  return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
}

DcCode helper_receive(Helper *helper, HelperMessage *out, DcError *err) {
  if (helper->pid) DC_TRY(wait_for_answer(helper, err));
  for (;;) {
    ssize_t n = recv(helper->socket, out, sizeof *out, MSG_WAITALL);
    if (n == (ssize_t)sizeof *out) return DC_OK;
    if (n >= 0 || errno != EINTR) return fail_ended(helper, err);
  }
}

/* --- Memory --- */

static DcCode map(Helper *helper, size_t size, DcError *err) {
  if (helper->mapped) munmap(helper->mapped, helper->size);
  helper->mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, helper->memory, 0);
  helper->size = size;
  if (helper->mapped != MAP_FAILED) return DC_OK;
  helper->mapped = NULL;
  helper->size = 0;
  return dc_fail_errno(err, errno, "no memory to share with a helper");
}

DcCode helper_memory(Helper *helper, uint64_t size, void **out, DcError *err) {
  if (size > helper->size) {
    struct stat status;
    uint64_t wanted = (size + size / 4 + HELPER_MEMORY - 1) / HELPER_MEMORY * HELPER_MEMORY;
    if (wanted < size || wanted > (uint64_t)INT64_MAX) return dc_fail(err, "no memory to share with a helper");
    if (!helper->pid && ftruncate(helper->memory, (off_t)wanted) != 0) return dc_fail_errno(err, errno, "no memory to share with a helper");
    if (fstat(helper->memory, &status) != 0) return dc_fail_errno(err, errno, "no memory to share with a helper");
    if ((uint64_t)status.st_size < size) return dc_fail(err, "tells of more than it gave"); /* touching it would be SIGBUS */
    DC_TRY(map(helper, (size_t)status.st_size, err));
  }
  *out = helper->mapped;
  return DC_OK;
}

/* --- Starting --- */

/* Both are far from the numbers that they get in the helper. */
static int outside(int fd) {
  int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OUTSIDE), number = errno;
  if (fd >= 0) close(fd);
  errno = number;
  return moved;
}

static int make_memory(void) {
  int fd = outside(memfd_create("dcetl", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (fd < 0) return -1;
  if (ftruncate(fd, HELPER_MEMORY) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0) return fd;
  int number = errno;
  close(fd);
  errno = number;
  return -1;
}

static int spawn_with(Helper *helper, int theirs, const char *work, posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes) {
  char *arguments[] = {(char *)(uintptr_t)"dcetl", (char *)(uintptr_t)"--helper", (char *)(uintptr_t)work, NULL};
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGHUP);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGQUIT);
  sigaddset(&blocked, SIGTERM); /* the program gets it, too, and says when it is over */
  int failed = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  if (!failed) failed = posix_spawn_file_actions_adddup2(files, STDIN_FILENO, STDOUT_FILENO);
  if (!failed) failed = posix_spawn_file_actions_adddup2(files, STDIN_FILENO, STDERR_FILENO);
  if (!failed) failed = posix_spawn_file_actions_adddup2(files, theirs, INSIDE_SOCKET);
  if (!failed) failed = posix_spawn_file_actions_adddup2(files, helper->memory, INSIDE_MEMORY);
  if (!failed) failed = posix_spawnattr_setsigmask(attributes, &blocked);
  if (!failed) failed = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
  return failed ? failed : posix_spawn(&helper->pid, "/proc/self/exe", files, attributes, arguments, environ);
}

/* 0, or an errno value. */
static int spawn(Helper *helper, int theirs, const char *work) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  int failed = posix_spawn_file_actions_init(&files);
  if (failed) return failed;
  failed = posix_spawnattr_init(&attributes);
  if (!failed) {
    failed = spawn_with(helper, theirs, work, &files, &attributes);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&files);
  return failed;
}

DcCode helper_start(const char *work, Helper **out, DcError *err) {
  int pair[2] = {-1, -1};
  Helper *helper = dc_alloc(sizeof *helper);
  *helper = (Helper){.socket = -1, .memory = -1, .busy_limit = HELPER_BUSY, .idle_limit = HELPER_IDLE};
  int failed = fault_due() ? EIO : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 ? errno : 0;
  helper->socket = pair[0];
  int theirs = failed ? -1 : outside(pair[1]);
  if (!failed && theirs < 0) failed = errno;
  if (!failed && (helper->memory = make_memory()) < 0) failed = errno;
  if (!failed) failed = spawn(helper, theirs, work);
  if (theirs >= 0) close(theirs);
  DcCode code = failed ? dc_fail_errno(err, failed, "cannot start a second process") : map(helper, HELPER_MEMORY, err);
  if (code == DC_OK) *out = helper;
  else helper_stop(helper);
  return code;
}

void helper_set_limits(Helper *helper, int64_t busy, int64_t idle) {
  helper->busy_limit = busy;
  helper->idle_limit = idle;
}

void helper_stop(Helper *helper) {
  if (!helper) return;
  if (helper->pid > 0 && !helper->ended) {
    kill(helper->pid, SIGKILL); /* it owns nothing of worth */
    wait_for_end(helper);
  }
  if (helper->mapped) munmap(helper->mapped, helper->size);
  if (helper->socket >= 0) close(helper->socket);
  if (helper->memory >= 0) close(helper->memory);
  dc_free(helper);
}

/* --- The helper's side --- */

static void *end_with_program(void *self) {
  struct pollfd end = {.fd = ((const Helper *)self)->socket};
  while (poll(&end, 1, -1) < 0 || !(end.revents & (POLLHUP | POLLERR | POLLNVAL))) {
  }
  _exit(0);
}

DcCode helper_inside(Helper **out, DcError *err) {
  struct stat status;
  pthread_t thread;
  if (fstat(INSIDE_SOCKET, &status) != 0 || !S_ISSOCK(status.st_mode) || fstat(INSIDE_MEMORY, &status) != 0)
    return dc_fail_at(err, DC_USAGE, (Position){0}, "--helper is for the program itself");
  Helper *helper = dc_alloc(sizeof *helper);
  *helper = (Helper){.socket = INSIDE_SOCKET, .memory = INSIDE_MEMORY};
  const struct rlimit none = {0, 0};
  (void)setrlimit(RLIMIT_CORE, &none); /* a core file is a nuisance, not a fault */
  DcCode code = map(helper, (size_t)status.st_size, err);
  int failed = code == DC_OK ? pthread_create(&thread, NULL, end_with_program, helper) : 0;
  if (failed) code = dc_fail_errno(err, failed, "cannot start a thread");
  if (code == DC_OK) *out = helper;
  else dc_free(helper);
  return code;
}
