/* regex.h - PCRE2 patterns, compiled once per worker. */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include "base/error.h"
#include "base/mem.h"

typedef struct RegexCache RegexCache; /* of one worker; made on first use */
typedef struct Regex Regex;           /* belongs to the cache; valid until the next regex_get */

enum { REGEX_IGNORE_CASE = 1, REGEX_DOT_ALL = 2, REGEX_MULTILINE = 4, REGEX_EXTENDED = 8, REGEX_FULL = 16 /* the whole text must match */ };

DcCode regex_get(RegexCache **cache, Str pattern, unsigned flags, Regex **out, DcError *err) DC_MUST_CHECK;
void regex_cache_free(RegexCache *cache); /* NULL is fine */

/* Searches text from byte `from` on. *found tells the result; an error only when matching exceeds its limits. */
DcCode regex_match(Regex *regex, Str text, size_t from, bool *found, DcError *err) DC_MUST_CHECK;
/* After a match that was found: bounds of group (0: all); false when the group took no part or does not exist. */
bool regex_group(const Regex *regex, int group, size_t *start, size_t *end);
int regex_group_count(const Regex *regex);
/* Number of a named group, or -1. */
int regex_group_named(const Regex *regex, Str name);

#endif
