/* glob.c - matching of file names. */
#include "io/glob.h"

#include "base/utf8.h"

enum { MOST_ALTERNATIVES = 10000 };

bool glob_is_pattern(Str text) {
  for (size_t i = 0; i < text.len; i++)
    if (memchr("*?[{\\", text.data[i], 5)) return true;
  return false;
}

/* The character at text[*at], which is moved behind it. */
static uint32_t next_character(Str text, size_t *at) {
  uint32_t c;
  *at += utf8_decode(text.data + *at, text.data + text.len, &c);
  return c;
}

/* The set that begins at pattern[*at] = '['. Moves *at behind its ]; false and *at as it was: there is no ]. */
static bool match_set(Str pattern, size_t *at, uint32_t c, bool *matched) {
  size_t i = *at + 1;
  bool negated = i < pattern.len && (pattern.data[i] == '!' || pattern.data[i] == '^'), found = false;
  i += negated;
  for (bool first = true; i < pattern.len && (first || pattern.data[i] != ']'); first = false) {
    if (pattern.data[i] == '\\' && i + 1 < pattern.len) i++;
    uint32_t low = next_character(pattern, &i), high = low;
    if (i + 1 < pattern.len && pattern.data[i] == '-' && pattern.data[i + 1] != ']') {
      i++;
      if (pattern.data[i] == '\\' && i + 1 < pattern.len) i++;
      high = next_character(pattern, &i);
    }
    found |= low <= c && c <= high;
  }
  if (i >= pattern.len) return false;
  *at = i + 1;
  *matched = found != negated;
  return true;
}

/* Matches what stands at pattern[*p], other than *, to the character at name[*n]. */
static bool match_one(Str pattern, size_t *p, Str name, size_t *n) {
  char head = pattern.data[*p];
  size_t behind = *n;
  uint32_t c = next_character(name, &behind);
  bool matched;
  if (head == '[' && match_set(pattern, p, c, &matched)) {
    *n = behind;
    return matched;
  }
  if (head == '?') {
    ++*p;
    *n = behind;
    return true;
  }
  if (head == '\\' && *p + 1 < pattern.len) head = pattern.data[++*p];
  if (head != name.data[*n]) return false;
  ++*p;
  ++*n;
  return true;
}

/* On a mismatch the last * takes one character more; earlier ones need not be tried again. */
bool glob_match(Str pattern, Str name) {
  size_t p = 0, n = 0, star = SIZE_MAX, star_name = 0;
  while (n < name.len) {
    if (p < pattern.len && pattern.data[p] == '*') {
      star = ++p;
      star_name = n;
      continue;
    }
    if (p < pattern.len && match_one(pattern, &p, name, &n)) continue;
    if (star == SIZE_MAX) return false;
    next_character(name, &star_name);
    p = star;
    n = star_name;
  }
  while (p < pattern.len && pattern.data[p] == '*') p++;
  return p == pattern.len;
}

/* The end of the {…} that opens at pattern[open], or pattern.len; commas[]: the first of them and the end. */
static size_t closing_brace(Str pattern, size_t open) {
  size_t depth = 0;
  for (size_t i = open; i < pattern.len; i++) {
    if (pattern.data[i] == '\\') i++;
    else if (pattern.data[i] == '{') depth++;
    else if (pattern.data[i] == '}' && --depth == 0) return i;
  }
  return pattern.len;
}

static size_t alternative_end(Str pattern, size_t at, size_t close) {
  for (size_t depth = 0; at < close; at++) {
    char c = pattern.data[at];
    if (c == '\\') at++;
    else if (c == '{') depth++;
    else if (c == '}') depth--;
    else if (c == ',' && !depth) break;
  }
  return at < close ? at : close;
}

DcCode glob_braces(Str pattern, Arena *arena, StrList *list, DcError *err) {
  size_t open = 0, close = pattern.len;
  for (; open < pattern.len; open++) {
    if (pattern.data[open] == '\\') {
      open++;
    } else if (pattern.data[open] == '{') {
      close = closing_brace(pattern, open);
      if (close < pattern.len) break;
    }
  }
  if (close >= pattern.len) {
    if (list->count >= MOST_ALTERNATIVES) return dc_fail(err, "a path pattern stands for more than %d paths", MOST_ALTERNATIVES);
    VEC_GROW(list->items, list->count, list->cap);
    list->items[list->count++] = pattern;
    return DC_OK;
  }
  for (size_t at = open + 1; at <= close;) {
    size_t end = alternative_end(pattern, at, close);
    Str one = arena_printf(arena, "%.*s%.*s%.*s", (int)open, pattern.data, (int)(end - at), pattern.data + at,
                           (int)(pattern.len - close - 1), pattern.data + close + 1);
    DC_TRY(glob_braces(one, arena, list, err));
    at = end + 1;
  }
  return DC_OK;
}
