/* fault.c - counts down to the failure that a test wants. */
#include "base/fault.h"

#include <signal.h>
#include <stdatomic.h>

static atomic_int left, left_to_live;

void fault_after(int n) { atomic_store(&left, n); }
void fault_kill_after(int n) { atomic_store(&left_to_live, n); }

static bool counts_down(atomic_int *count) { return atomic_load_explicit(count, memory_order_relaxed) > 0 && atomic_fetch_sub(count, 1) == 1; }

bool fault_due(void) {
  if (counts_down(&left_to_live)) raise(SIGKILL);
  return counts_down(&left);
}
