/* sort_key.h - sort keys as bytes: memcmp of two keys gives the order of their records.
 *
 * Each value becomes a byte for its class and bytes that end themselves, so that no key is the beginning of another one
 * and keys can be put one behind the other. Equal in value_total_order means equal bytes.
 */
#ifndef ENGINE_SORT_KEY_H
#define ENGINE_SORT_KEY_H

#include "engine/view.h"

/* The keys of some rows, one behind the other: key i is bytes[offsets[i] … offsets[i + 1]). Borrows its memory. */
typedef struct SortKeys {
  uint32_t rows;
  const uint32_t *offsets;
  const char *bytes;
} SortKeys;

static inline Str sort_keys_at(const SortKeys *keys, uint32_t row) {
  return str_make(keys->bytes + keys->offsets[row], keys->offsets[row + 1] - keys->offsets[row]);
}

/* Appends one value. NULL comes last, or first if the key says so, whatever the direction. */
void sort_key_put(Buf *out, Value value, bool descending, bool nulls_first);
/* The same for entry i of a vector. */
void sort_key_put_vector(Buf *out, const Vector *vector, uint32_t i, bool descending, bool nulls_first);
/* Bytes of the first value in an ascending key. */
size_t sort_key_length(const char *key);
/* Order of two whole keys: <0, 0, >0. */
int sort_key_compare(Str a, Str b);
/* Bytes [depth, depth + 8) as a number that compares as they do; zeros behind the end. */
uint64_t sort_key_prefix(Str key, size_t depth);

#endif
