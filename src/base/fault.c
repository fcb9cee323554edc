/* fault.c - counts down to the failure that a test wants. */
#include "base/fault.h"

#include <stdatomic.h>

static atomic_int left;

void fault_after(int n) { atomic_store(&left, n); }

bool fault_due(void) {
  return atomic_load_explicit(&left, memory_order_relaxed) > 0 && atomic_fetch_sub(&left, 1) == 1;
}
