/* sorter.h - puts records in order, whatever their number: sorted runs of morsels in memory, merged into runs on disk when
 * memory is short. What ORDER BY and the window functions are made of.
 */
#ifndef ENGINE_SORTER_H
#define ENGINE_SORTER_H

#include "engine/sort_merge.h"

typedef struct Sorter Sorter;

/* How the texts of a key look, over all its values that are not NULL. */
typedef struct SortLook {
  bool any, other; /* some value; one that is no number in text form */
  bool varied;     /* not all are digits only and equally long: then numbers would sort in another way */
  size_t len;
} SortLook;

/* schema of the rows (lent) and directions of the keys (copied; their expressions are the caller's business). Only the
   first limit rows are wanted. looks: whether sorter_look is going to be asked. */
Sorter *sorter_new(Engine *engine, const Schema *schema, const SortKey *keys, size_t key_count, uint64_t limit, bool looks);
void sorter_free(Sorter *sorter); /* NULL is fine */
/* The keys of the records are not wanted behind it. */
void sorter_drop_keys(Sorter *sorter);

/* For a consumer: its three calls and full(); keys are evaluated for view, whose bad rows are left out. */
void sorter_begin(Sorter *sorter, Worker *worker);
DcCode sorter_add(Sorter *sorter, Worker *worker, View *view, const Vector *keys) DC_MUST_CHECK;
DcCode sorter_end(Sorter *sorter, Worker *worker, const Morsel *morsel) DC_MUST_CHECK;
bool sorter_full(Sorter *sorter);
/* When it is full and nobody is at work: sorts out what is not wanted, or writes to disk. */
DcCode sorter_make_room(Sorter *sorter, DcError *err) DC_MUST_CHECK;

/* All rows are there: the merge that gives them in order, to be freed before the sorter. */
DcCode sorter_merge(Sorter *sorter, uint32_t partitions, SortMerge **out, DcError *err) DC_MUST_CHECK;
uint64_t sorter_rows(const Sorter *sorter); /* that were added, wanted or not */
SortLook sorter_look(const Sorter *sorter, size_t key);

#endif
