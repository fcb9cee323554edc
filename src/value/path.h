/* path.h - places inside of OBJECTs and ARRAYs: a.b[0].c, p[1:], [-1], k[*] (catalogue.md § 9).
 *
 * Positions count from 0, negative ones from the end; a position outside is NULL. [l:r] is a slice: NULLs beyond the
 * end, empty where it starts there or is reversed. [*] and [] are the whole array. A scalar counts as an array of one.
 * A [ at the beginning reaches the array that is kept under the empty name. A member whose name is the whole text of
 * the path is found before its steps are tried; a text that is no path is such a name only.
 */
#ifndef VALUE_PATH_H
#define VALUE_PATH_H

#include "value/value.h"

typedef struct Path Path;

/* Lives in arena with a copy of text. Immutable. */
const Path *path_compile(Arena *arena, Str text);
/* The value there; NULL when there is none. New arrays live in arena. */
Value path_value(const Path *path, Value value, Arena *arena);
/* The same in an encoded value (value/batch.h); decodes only what is found. */
Value path_encoded(const Path *path, const char *bytes, Arena *arena);
/* Compiles and looks, for a path that is used once. */
Value value_at_path(Arena *arena, Value value, Str path);

#endif
