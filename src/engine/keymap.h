/* keymap.h - a hash table from byte strings to numbers, used by several workers at once (sharded locks). Its memory is
 * counted against the budget. */
#ifndef ENGINE_KEYMAP_H
#define ENGINE_KEYMAP_H

#include "base/budget.h"
#include "value/value.h"

typedef struct KeyMap KeyMap;
KeyMap *keymap_new(Budget *budget);
void keymap_free(KeyMap *map); /* NULL is fine */
uint64_t keymap_hash(Str key);
typedef enum KeyMapUpdate { KEYMAP_COUNT, KEYMAP_MIN, KEYMAP_NUMBER, KEYMAP_SAME } KeyMapUpdate;
/* Adds key with value, or updates it: COUNT adds value; MIN keeps the smaller one; NUMBER gives new keys 0, 1, … and
   leaves known ones; SAME makes it UINT64_MAX if it was another. Returns the value that is there afterwards. */
uint64_t keymap_put(KeyMap *map, Str key, uint64_t hash, KeyMapUpdate update, uint64_t value);
/* The map's own copy of the key, and its value; NULL: it is not there. Nobody may add meanwhile. */
const char *keymap_find(const KeyMap *map, Str key, uint64_t hash, uint64_t *value);
size_t keymap_memory(const KeyMap *map);
size_t keymap_count(const KeyMap *map);
/* Calls visit for every entry, in no order. Nobody may add meanwhile. */
void keymap_visit(const KeyMap *map, void (*visit)(void *self, Str key, uint64_t value), void *self);
/* Bytes that are equal exactly when the values are equal in the total order of language.md § 1. */
void key_bytes(Buf *out, Value value);

#endif
