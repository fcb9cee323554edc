#include "catalog/random.h"

uint64_t random_u64(const CallContext *cx) {
  return random_mix(cx->seed, cx->statement, cx->record_level ? cx->origin : cx->random_calls);
}
