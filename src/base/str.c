#include "base/str.h"

int str_compare(Str a, Str b) {
  size_t n = a.len < b.len ? a.len : b.len;
  int order = n ? memcmp(a.data, b.data, n) : 0;
  if (order) return order;
  return a.len < b.len ? -1 : a.len > b.len;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

bool str_eq_nocase(Str a, Str b) {
  if (a.len != b.len) return false;
  for (size_t i = 0; i < a.len; i++)
    if (lower(a.data[i]) != lower(b.data[i])) return false;
  return true;
}
