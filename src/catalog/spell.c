/* spell.c - "did you mean": the nearest candidate by edit distance, letters compared without case. */
#include "catalog/catalog.h"

enum { LONGEST = 64 };

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* Insertions, deletions, changes, and swaps of neighbours (optimal string alignment). */
static int edit_distance(Str a, Str b) {
  int rows[3][LONGEST + 1];
  int *before = rows[0], *last = rows[1], *now = rows[2];
  for (size_t j = 0; j <= b.len; j++) last[j] = (int)j;
  for (size_t i = 1; i <= a.len; i++) {
    now[0] = (int)i;
    for (size_t j = 1; j <= b.len; j++) {
      char x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);
      int best = last[j - 1] + (x != y);
      if (last[j] + 1 < best) best = last[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      bool swapped = i > 1 && j > 1 && x == lower(b.data[j - 2]) && y == lower(a.data[i - 2]);
      if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
      now[j] = best;
    }
    int *old = before;
    before = last;
    last = now;
    now = old;
  }
  return last[b.len];
}

Speller speller_start(Str wanted) {
  /* A third of the letters may be wrong. */
  return (Speller){.wanted = wanted, .distance = 1 + (int)(wanted.len < 3 ? 1 : (wanted.len + 2) / 3)};
}

void speller_try(Speller *speller, Str candidate) {
  if (speller->wanted.len > LONGEST || candidate.len > LONGEST || !candidate.len) return;
  int longer = (int)candidate.len - (int)speller->wanted.len;
  if (longer >= speller->distance || -longer >= speller->distance) return; /* it is at least that far */
  int distance = edit_distance(speller->wanted, candidate);
  if (distance >= speller->distance || distance >= (int)candidate.len) return;
  speller->distance = distance;
  speller->best = candidate;
}

Str speller_best(const Speller *speller) { return speller->best; }

/* STR_UPPER for UPPER, HASHCODE for HASH. */
static bool is_part(Str name, Str part) {
  if (name.len <= part.len || part.len < 3) return false;
  if (str_eq_nocase(str_make(name.data, part.len), part)) return true;
  return name.data[name.len - part.len - 1] == '_' && str_eq_nocase(str_make(name.data + name.len - part.len, part.len), part);
}

/* The shortest name that the wanted one is a part of, by which it is called like a function. */
static void try_part(Str *whole, Str name, Str wanted) {
  if (is_part(name, wanted) && (!whole->len || name.len < whole->len)) *whole = name;
}

Str catalog_spell_function(Str wanted) {
  Speller speller = speller_start(wanted);
  Str whole = {0};
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++) {
    const Package *package = packages[i];
    for (size_t j = 0; j < package->function_count; j++) speller_try(&speller, str_of(package->functions[j].name));
    for (size_t j = 0; j < package->function_count; j++) try_part(&whole, str_of(package->functions[j].name), wanted);
    for (size_t j = 0; j < package->operator_count; j++) try_part(&whole, str_of(package->operators[j].name), wanted);
  }
  return whole.len && speller.distance > 1 ? whole : speller_best(&speller);
}
