/* glob.h - file name patterns: * ? [abc] [!a] {a,b} within a folder, ** across folders, \ before a character. */
#ifndef IO_GLOB_H
#define IO_GLOB_H

#include "base/error.h"
#include "base/mem.h"

/* Does text hold a character that makes it a pattern? */
bool glob_is_pattern(Str text);
/* Does a name (without /) match a pattern without {} and /? ? and [] take whole UTF-8 characters. */
bool glob_match(Str pattern, Str name);

typedef struct StrList {
  Str *items; /* of an arena */
  size_t count, cap;
} StrList;

/* All patterns that {a,b} stand for, nested ones too; more than a bound is an error. list->items: dc_free. */
DcCode glob_braces(Str pattern, Arena *arena, StrList *list, DcError *err) DC_MUST_CHECK;

#endif
