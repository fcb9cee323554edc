/* budget.c - accounting, and a cache of freed blocks by size class. */
#include "base/budget.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "base/mem.h"

enum {
  CLASSES = 200,
  SLACK = 64,          /* readable bytes behind a block, for wide loads and copies */
  MAPPED = 256 << 10,  /* blocks from here on are mapped, so that freeing gives them back to the system */
};

struct Budget {
  uint64_t limit;
  atomic_llong used, peak, cached;
  atomic_int fail_after;
  pthread_mutex_t lock;
  Slab *free[CLASSES];
};

Budget *budget_new(uint64_t limit) {
  Budget *budget = dc_alloc(sizeof *budget);
  budget->limit = limit;
  pthread_mutex_init(&budget->lock, NULL);
  return budget;
}

/* Four classes to each power of two, from 256 bytes on. */
static int size_class(size_t size, size_t *rounded) {
  size_t base = 256;
  int class = 0;
  while (base * 2 < size) {
    base *= 2;
    class += 4;
  }
  for (int quarter = 4; quarter <= 8; quarter++) {
    size_t step = base / 4 * (size_t)quarter;
    if (size <= step) {
      *rounded = step;
      return class + quarter - 4;
    }
  }
  *rounded = base * 2;
  return class + 4;
}

static void release(Slab *block) {
  size_t bytes = block->size + SLACK;
  if (bytes >= MAPPED) munmap(block->data, bytes);
  else free(block->data);
  free(block);
}

static void trim(Budget *budget) {
  for (int i = 0; i < CLASSES; i++) {
    while (budget->free[i]) {
      Slab *block = budget->free[i];
      budget->free[i] = block->next_free;
      atomic_fetch_sub(&budget->cached, (long long)block->size);
      release(block);
    }
  }
}

void budget_free(Budget *budget) {
  if (!budget) return;
  trim(budget);
  pthread_mutex_destroy(&budget->lock);
  free(budget);
}

uint64_t budget_limit(const Budget *budget) { return budget->limit; }
uint64_t budget_used(const Budget *budget) { return (uint64_t)atomic_load(&budget->used); }
uint64_t budget_peak(const Budget *budget) { return (uint64_t)atomic_load(&budget->peak); }
void budget_reset_peak(Budget *budget) { atomic_store(&budget->peak, atomic_load(&budget->used)); }
void budget_fail_after(Budget *budget, int n) { atomic_store(&budget->fail_after, n); }

void budget_charge(Budget *budget, int64_t change) {
  long long now = atomic_fetch_add(&budget->used, change) + change;
  long long peak = atomic_load(&budget->peak);
  while (now > peak && !atomic_compare_exchange_weak(&budget->peak, &peak, now)) continue;
}

static Slab *reuse(Budget *budget, int class, size_t size) {
  pthread_mutex_lock(&budget->lock);
  Slab *block = budget->free[class];
  if (block) {
    budget->free[class] = block->next_free;
    atomic_fetch_sub(&budget->cached, (long long)block->size);
  } else if (atomic_load(&budget->used) + atomic_load(&budget->cached) + (long long)size > (long long)budget->limit) {
    trim(budget); /* what is kept must not push the process over the limit */
  }
  pthread_mutex_unlock(&budget->lock);
  return block;
}

DcCode slab_new(Budget *budget, size_t size, const char *what, Slab **out, DcError *err) {
  size_t rounded;
  int class = size_class(size ? size : 1, &rounded);
  int left = atomic_load(&budget->fail_after);
  if ((left && atomic_fetch_sub(&budget->fail_after, 1) == 1) || fault_due()) return dc_fail(err, "out of memory: %s", what);
  Slab *block = reuse(budget, class, rounded);
  if (!block) {
    size_t bytes = rounded + SLACK;
    char *data = NULL;
    block = malloc(sizeof *block);
    if (block && bytes >= MAPPED) {
      data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (data == MAP_FAILED) data = NULL;
    } else if (block) {
      data = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    }
    if (!data) {
      free(block);
      dc_fail(err, "out of memory: %s needs %zu bytes", what, size);
      dc_hint(err, "lower --memory, so that data is spilled to disk earlier");
      return err->code;
    }
    block->size = rounded;
    block->budget = budget;
    block->data = data;
  }
  atomic_init(&block->refs, 1);
  budget_charge(budget, (int64_t)rounded);
  *out = block;
  return DC_OK;
}

Slab *slab_ref(Slab *block) {
  atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
  return block;
}

void slab_unref(Slab *block) {
  if (!block || atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) != 1) return;
  Budget *budget = block->budget;
  size_t size = block->size, rounded;
  budget_charge(budget, -(int64_t)size);
  int class = size_class(size, &rounded);
  pthread_mutex_lock(&budget->lock);
  long long all = atomic_load(&budget->used) + atomic_load(&budget->cached) + (long long)size;
  bool keep = size >= (32 << 10) && all <= (long long)budget->limit;
  if (keep) {
    block->next_free = budget->free[class];
    budget->free[class] = block;
    atomic_fetch_add(&budget->cached, (long long)size);
  }
  pthread_mutex_unlock(&budget->lock);
  if (!keep) release(block);
}
