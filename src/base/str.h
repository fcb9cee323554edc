/* str.h - a slice of bytes that somebody else owns. Text is UTF-8 and not NUL-terminated. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Str {
  const char *data; /* may be NULL when len is 0 */
  size_t len;
} Str;

/* For printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).len, (s).data

static inline Str str_of(const char *text) { return (Str){text, text ? strlen(text) : 0}; }
static inline Str str_make(const char *data, size_t len) { return (Str){data, len}; }
/* Without the blanks around it. */
static inline Str str_trim(Str s) {
  while (s.len && s.data[0] == ' ') s.data++, s.len--;
  while (s.len && s.data[s.len - 1] == ' ') s.len--;
  return s;
}
static inline bool str_eq(Str a, Str b) { return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0); }
static inline bool str_is(Str a, const char *text) { return str_eq(a, str_of(text)); }
static inline bool str_starts(Str s, Str prefix) {
  return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.data, prefix.data, prefix.len) == 0);
}
static inline bool str_ends(Str s, Str suffix) {
  return s.len >= suffix.len && (suffix.len == 0 || memcmp(s.data + s.len - suffix.len, suffix.data, suffix.len) == 0);
}

/* Order by bytes: <0, 0, >0. */
int str_compare(Str a, Str b);
/* Equal when ASCII letters are compared without case. */
bool str_eq_nocase(Str a, Str b);

#endif
