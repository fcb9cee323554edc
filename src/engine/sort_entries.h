/* sort_entries.h - sorting in memory: what stands for a row while rows are put in order. */
#ifndef ENGINE_SORT_ENTRIES_H
#define ENGINE_SORT_ENTRIES_H

#include "engine/sort_key.h"

typedef struct SortEntry {
  uint64_t prefix; /* scratch of the sort */
  uint32_t source; /* whose keys */
  uint32_t row;
} SortEntry;

/* Sorts by the keys of sources[entry.source]; stable. scratch: room for as many entries. */
void sort_entries(const SortKeys *sources, SortEntry *entries, SortEntry *scratch, size_t count);

#endif
