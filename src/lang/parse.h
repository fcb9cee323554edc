/* parse.h - from text to a checked AST. */
#ifndef LANG_PARSE_H
#define LANG_PARSE_H

#include "lang/ast.h"

typedef struct Library Library; /* lang/library.h */

/* Errors and warnings found on the way; there can be several. */
typedef struct Diagnostics {
  DcError *items;
  bool *warnings; /* warnings[i]: items[i] is a warning */
  size_t count, cap, errors;
} Diagnostics;
void diagnostics_add(Diagnostics *list, const DcError *item, bool warning);
void diagnostics_free(Diagnostics *list);

/* Reads the file at path ("-": standard input) as a Source; the caller frees it by source_free. */
DcCode source_read(const char *path, Source **out, DcError *err) DC_MUST_CHECK;
Source *source_from_text(const char *name, Str text);
void source_free(Source *source);

/* Parses source, and the files it INCLUDEs (relative to the file that names them), into a new unit, freed by
   unit_free. Goes on after an error at the next ';', so diag may hold several. DC_CHECK if there was any error; the
   unit is made in any case. Statement numbers go on from *next_number. */
DcCode parse_unit(const Source *source, int *next_number, Unit **out, Diagnostics *diag) DC_MUST_CHECK;
void unit_free(Unit *unit);
/* The same for a text of the library (library.h): where it calls functions and procedures of the library, their names
   get LIBRARY_PREFIX, so that they mean those of the library whatever a script defines. */
#define LIBRARY_PREFIX "library:"
DcCode parse_library(const Source *source, int *next_number, Unit **out, Diagnostics *diag) DC_MUST_CHECK;

/* Does the text end where a statement ends, outside of texts, comments and blocks? True for a text of nothing but
   blanks and comments too. */
bool text_is_complete(Str text);

/* One expression, for interpolation, --var and tests. Lives in arena. */
DcCode parse_expr(const Source *source, Arena *arena, const Expr **out, Diagnostics *diag) DC_MUST_CHECK;

/* Static checks over all units of a run together (functions may be defined after use): unknown functions and wrong
   counts of arguments, own ones included; a function path without RETURN; a name used outside a record context;
   RETURN, FETCH, YIELD, BREAK, CONTINUE out of place; a definition that replaces a built-in; the || rule;
   misplaced aggregates. Functions that no unit defines are looked up in the library, which may be NULL. */
DcCode check_units(Unit *const *units, size_t count, Library *library, Diagnostics *diag) DC_MUST_CHECK;
/* The same for the last unit alone, which may use what those before it define. A SELECT without INTO is fine at its top
   level: the session shows the rows. */
DcCode check_added(Unit *const *units, size_t count, Library *library, Diagnostics *diag) DC_MUST_CHECK;

/* Calls visit for every word of the language, in capitals. */
void keywords_each(void (*visit)(void *self, Str word), void *self);

/* --print-tokens */
void tokens_print(Buf *out, const Source *source, Diagnostics *diag);

#endif
