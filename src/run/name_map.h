/* name_map.h - a hash table from names to dense numbers 0, 1, 2 … in order of their first addition.
 *
 * It owns copies of the names. Names are never removed; the caller keeps an array by number beside it.
 */
#ifndef RUN_NAME_MAP_H
#define RUN_NAME_MAP_H

#include "base/mem.h"

enum { NAME_NONE = UINT32_MAX };

typedef struct NameMap {
  uint32_t *slots; /* number + 1; 0: free */
  uint32_t slot_count;
  Str *names; /* by number; each has a NUL behind */
  uint32_t count, cap;
  Arena arena;
} NameMap;

/* An all-zero NameMap is empty. */
uint32_t name_map_find(const NameMap *map, Str name); /* NAME_NONE: not there */
uint32_t name_map_add(NameMap *map, Str name);        /* its number, new or not */
void name_map_free(NameMap *map);

#endif
