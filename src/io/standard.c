/* standard.c - standard output may be a pipe whose reader sleeps, a terminal that is stopped, a socket. */
#include "io/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/interrupt.h"

/* A second way into a pipe that does not block: standard output itself may be shared with other programs. -1: none. */
static int open_again(const struct stat *status) {
  return S_ISFIFO(status->st_mode) ? open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1;
}

DcCode standard_write(const char *data, size_t len, DcError *err) {
  struct stat status;
  if (fstat(STDOUT_FILENO, &status) != 0) return dc_fail_errno(err, errno, "cannot write standard output");
  bool waits = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(STDOUT_FILENO); /* not files, /dev/null */
  int own = open_again(&status), fd = own < 0 ? STDOUT_FILENO : own;
  size_t most = waits && own < 0 ? PIPE_BUF : len; /* for so much poll promises that write does not block */
  while (len) {
    if (waits && !interrupt_wait(fd, POLLOUT)) {
      dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
      break;
    }
    ssize_t put = fault_due() ? (errno = ENOSPC, -1) : write(fd, data, len < most ? len : most);
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (put < 0) {
      dc_fail_errno(err, errno, "cannot write standard output");
      break;
    }
    data += put;
    len -= (size_t)put;
  }
  if (own >= 0) close(own); /* standard output is still open */
  return err->code;
}
