/* budget.h - the one account of large memory, and the blocks taken from it.
 *
 * Data lives in Slabs: reference-counted pieces of memory that are counted against a Budget. Freed blocks are kept for
 * reuse (fresh pages cost more than the copy into them) and still count until they are trimmed. Thread-safe.
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <stdatomic.h>

#include "base/error.h"

typedef struct Budget Budget;

typedef struct Slab {
  atomic_int refs;
  size_t size; /* usable bytes at data; 64 more are readable and writable */
  Budget *budget;
  struct Slab *next_free;
  char *data; /* 64-byte aligned */
} Slab;

Budget *budget_new(uint64_t limit);
void budget_free(Budget *budget); /* all blocks must be gone */
uint64_t budget_limit(const Budget *budget);
uint64_t budget_used(const Budget *budget); /* without free blocks kept for reuse */
uint64_t budget_peak(const Budget *budget); /* since the last reset */
void budget_reset_peak(Budget *budget);
/* Tests: let the Nth following allocation fail; 0: none. */
void budget_fail_after(Budget *budget, int n);

/* A block of at least size bytes with one reference. The budget is a goal that consumers steer by (they spill before
   it is reached); a single block may pass it, so only the system's refusal is an error. what is named in it. */
DcCode slab_new(Budget *budget, size_t size, const char *what, Slab **out, DcError *err) DC_MUST_CHECK;
Slab *slab_ref(Slab *block);
void slab_unref(Slab *block); /* NULL is fine */

/* Count memory that does not live in blocks (hash tables); give back with a negative change. */
void budget_charge(Budget *budget, int64_t change);

#endif
