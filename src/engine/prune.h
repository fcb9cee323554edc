/* prune.h - leaves out parts of the input (files, row groups) where no row can fulfil a pass's conditions, by what is known
 * of their values without reading them.
 *
 * The answer is on the safe side: what is not known may match. Rows that are left out are not looked at at all, so what
 * would have failed there does not fail. */
#ifndef ENGINE_PRUNE_H
#define ENGINE_PRUNE_H

#include "engine/load.h"

/* What is known of a column in a part of the input. */
typedef struct ColumnBounds {
  bool nulls;  /* there may be NULLs */
  bool values; /* there may be something else than NULLs */
  /* Each value that is neither NULL nor NaN lies in min … max (value_total_order) and has their type; both need not occur. Both of
     type NULL: nothing is known. */
  Value min, max;
} ColumnBounds;

typedef struct PartBounds {
  void *self;
  /* What is known of a column of the source's own; false: nothing. Values live in the arena, or longer. */
  bool (*column)(void *self, uint32_t column, Arena *arena, ColumnBounds *out);
} PartBounds;

/* The conditions among operators over a source, the lowest first, that decide which of its rows are looked at: those before
   anything but filters and plain projections. They live in arena. */
const ReadFilter *prune_filters(const Dataset *source, const NarrowOp *const *ops, size_t op_count, Arena *arena, size_t *count);
/* How many files may have rows that the conditions keep, by the attributes that their folders give. */
size_t prune_counts(const LoadPlan *plan, const ReadFilter *filters, size_t count);
/* False if no row of this part of a file fulfils all of spec->filters: the part need not be read. own: bounds of the file's own
   columns; NULL: none. The attributes that folders give are known in any case. Thread-safe. */
bool prune_may_match(const LoadPlan *plan, uint32_t file, const ReadSpec *spec, const PartBounds *own);

#endif
