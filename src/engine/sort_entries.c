/* sort_entries.c - a stable sort by byte keys: radix sort on the leading bits that differ, then on what follows.
 *
 * Eight bytes of each key are kept beside the entry. A range of entries is sorted by the highest of their bits that
 * differ (least significant digit first, as many digits as the number of entries is worth); runs that are still equal
 * are ranges of their own, with the next eight bytes when these are used up. Small ranges are sorted by insertion. So
 * the time is near to linear also where all keys begin alike. After a fixed depth a merge sort bounds the recursion.
 */
#include "engine/sort_entries.h"

enum { DIGIT = 11, SLOTS = 1 << DIGIT, SMALL = 24, MOST_DEPTH = 48 };

typedef struct Ordering {
  const SortKeys *sources;
  SortEntry *scratch;
  uint32_t counts[SLOTS];
} Ordering;

static inline Str key_of(const Ordering *ordering, const SortEntry *entry) {
  return sort_keys_at(&ordering->sources[entry->source], entry->row);
}

static bool is_after(const Ordering *ordering, const SortEntry *a, const SortEntry *b, size_t depth) {
  if (a->prefix != b->prefix) return a->prefix > b->prefix;
  Str left = key_of(ordering, a), right = key_of(ordering, b);
  if (left.len <= depth + 8 || right.len <= depth + 8) return left.len > right.len;
  left.data += depth + 8, left.len -= depth + 8;
  right.data += depth + 8, right.len -= depth + 8;
  return sort_key_compare(left, right) > 0;
}

static void insertion_sort(const Ordering *ordering, SortEntry *entries, size_t count, size_t depth) {
  for (size_t i = 1; i < count; i++) {
    SortEntry entry = entries[i];
    size_t k = i;
    for (; k > 0 && is_after(ordering, &entries[k - 1], &entry, depth); k--) entries[k] = entries[k - 1];
    entries[k] = entry;
  }
}

static void merge_sort(const Ordering *ordering, SortEntry *entries, size_t count, size_t depth) {
  SortEntry *from = entries, *to = ordering->scratch;
  for (size_t at = 0; at < count; at += SMALL) insertion_sort(ordering, entries + at, count - at < SMALL ? count - at : SMALL, depth);
  for (size_t width = SMALL; width < count; width *= 2) {
    for (size_t start = 0; start < count; start += 2 * width) {
      size_t middle = start + width < count ? start + width : count, end = start + 2 * width < count ? start + 2 * width : count;
      size_t left = start, right = middle;
      for (size_t at = start; at < end; at++)
        to[at] = right >= end || (left < middle && !is_after(ordering, &from[left], &from[right], depth)) ? from[left++] : from[right++];
    }
    SortEntry *swap = from;
    from = to;
    to = swap;
  }
  if (from != entries) memcpy(entries, from, count * sizeof *entries);
}

static void load_prefixes(const Ordering *ordering, SortEntry *entries, size_t count, size_t depth) {
  for (size_t i = 0; i < count; i++) entries[i].prefix = sort_key_prefix(key_of(ordering, &entries[i]), depth);
}

static void bounds(const SortEntry *entries, size_t count, uint64_t *least, uint64_t *most) {
  *least = *most = entries[0].prefix;
  for (size_t i = 1; i < count; i++) {
    if (entries[i].prefix < *least) *least = entries[i].prefix;
    if (entries[i].prefix > *most) *most = entries[i].prefix;
  }
}

static void digit_pass(Ordering *ordering, const SortEntry *from, SortEntry *to, size_t count, uint64_t least, int shift, int width) {
  uint64_t mask = (UINT64_C(1) << width) - 1;
  uint32_t *counts = ordering->counts, sum = 0;
  memset(counts, 0, (mask + 1) * sizeof *counts);
  for (size_t i = 0; i < count; i++) counts[(from[i].prefix - least) >> shift & mask]++;
  for (size_t slot = 0; slot <= mask; slot++) {
    uint32_t n = counts[slot];
    counts[slot] = sum;
    sum += n;
  }
  for (size_t i = 0; i < count; i++) to[counts[(from[i].prefix - least) >> shift & mask]++] = from[i];
}

/* Sorts by the highest bits in which prefixes differ; returns how many low bits were left out. */
static int radix_sort(Ordering *ordering, SortEntry *entries, size_t count, uint64_t least, uint64_t most) {
  int bits = 64 - __builtin_clzll(most - least), width = count < SLOTS ? 8 : DIGIT;
  int digits = count < SLOTS ? 1 : count < 1 << 16 ? 2 : 3;
  int used = bits < digits * width ? bits : digits * width, shift = bits - used;
  SortEntry *from = entries, *to = ordering->scratch;
  for (int done = 0; done < used; done += width) {
    digit_pass(ordering, from, to, count, least, shift + done, used - done < width ? used - done : width);
    SortEntry *swap = from;
    from = to;
    to = swap;
  }
  if (from != entries) memcpy(entries, from, count * sizeof *entries);
  return shift;
}

/* Entries whose keys agree in [0, depth) and whose prefixes are loaded from there. */
static void sort_range(Ordering *ordering, SortEntry *entries, size_t count, size_t depth, int level) {
  uint64_t least, most;
  if (count < 2) return;
  if (count <= SMALL) {
    insertion_sort(ordering, entries, count, depth);
    return;
  }
  for (bounds(entries, count, &least, &most); least == most; bounds(entries, count, &least, &most)) {
    depth += sizeof least;
    if (key_of(ordering, entries).len <= depth) return; /* keys end themselves: all are equal */
    load_prefixes(ordering, entries, count, depth);
  }
  if (level >= MOST_DEPTH) {
    merge_sort(ordering, entries, count, depth);
    return;
  }
  int shift = radix_sort(ordering, entries, count, least, most);
  for (size_t start = 0, end; start < count; start = end) {
    uint64_t group = (entries[start].prefix - least) >> shift;
    for (end = start + 1; end < count && (entries[end].prefix - least) >> shift == group;) end++;
    sort_range(ordering, entries + start, end - start, depth, level + 1);
  }
}

void sort_entries(const SortKeys *sources, SortEntry *entries, SortEntry *scratch, size_t count) {
  Ordering ordering = {.sources = sources, .scratch = scratch};
  load_prefixes(&ordering, entries, count, 0);
  sort_range(&ordering, entries, count, 0, 0);
}
