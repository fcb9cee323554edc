/* interrupt.c - one flag, looked at while waiting. Workers block signals, so no call of theirs ends early by one. */
#include "base/interrupt.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "set in signal handlers");

static atomic_bool asked;

void interrupt_set(void) { atomic_store_explicit(&asked, true, memory_order_relaxed); }
void interrupt_clear(void) { atomic_store_explicit(&asked, false, memory_order_relaxed); }
bool interrupt_asked(void) { return atomic_load_explicit(&asked, memory_order_relaxed); }

bool interrupt_wait(int fd, short events) {
  enum { LOOK_EVERY = 100 /* ms */ };
  struct pollfd wanted = {.fd = fd, .events = events};
  while (!interrupt_asked()) {
    int ready = poll(&wanted, 1, LOOK_EVERY);
    if (ready > 0 || (ready < 0 && errno != EINTR && errno != EAGAIN)) return true;
  }
  return false;
}
