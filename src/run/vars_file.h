/* vars_file.h - variables from a properties file (catalogue.md § 1.1) and from -v NAME=VALUE. */
#ifndef RUN_VARS_FILE_H
#define RUN_VARS_FILE_H

#include "value/value.h"

/* Called for each entry in order; the value lives in the arena of the call. */
typedef DcCode (*VarVisit)(void *self, Str name, Value value, DcError *err);

/* Java properties: # and ! comments, = or : or blanks behind the key, \ escapes and continuation lines, \uXXXX. */
DcCode vars_parse(Str text, Arena *arena, VarVisit visit, void *self, DcError *err) DC_MUST_CHECK;
/* The value of a plain text as the file has it: [1, 2], ['a', 'b'], 'text', "text", else the text itself. */
Value vars_value(Str text, Arena *arena);
/* -v: as vars_value, but a number where it prints back the same, and [ ] only where all of it reads as an array. */
Value vars_argument(Str text, Arena *arena);

#endif
