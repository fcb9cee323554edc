#include "catalog/random.h"

uint64_t random_u64(const CallContext *cx) {
  if (!cx->record_level) return random_mix(cx->seed, cx->statement, cx->random_calls);
  uint64_t calls = cx->random_calls ? random_step(cx->random_calls) : 0;
  return random_mix(cx->seed, cx->statement, cx->origin ^ calls);
}
