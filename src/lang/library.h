/* library.h - the library written in TDL: texts that are linked in, each parsed when a name of it is first needed.
 *
 * The build makes the two tables from stdlib/. A run that uses no name of the library parses none of it. What a library
 * text calls is looked up in the library first, so that a script's own function of the same name changes no procedure.
 */
#ifndef LANG_LIBRARY_H
#define LANG_LIBRARY_H

#include "lang/parse.h"

typedef enum LibraryKind { LIBRARY_FUNCTION, LIBRARY_PROCEDURE, LIBRARY_TRANSFORM } LibraryKind;

typedef struct LibraryFile {
  const char *name, *text;
} LibraryFile;

/* What a file defines. */
typedef struct LibraryEntry {
  const char *name;
  LibraryKind kind;
  uint32_t file; /* index into library_files */
} LibraryEntry;

/* Generated from stdlib/ by stdlib/embed.awk; entries are sorted by name. */
extern const LibraryFile library_files[];
extern const size_t library_file_count;
extern const LibraryEntry library_entries[];
extern const size_t library_entry_count;

/* Statements of the library get numbers from *next_number on, which has to live as long as the library. */
Library *library_new(int *next_number);
void library_free(Library *library);

/* The definition of that name, its file parsed if that was not done yet; NULL: there is none. It lives as long as the
   library. library may be NULL. Not for several threads at once. */
const Definition *library_find(Library *library, LibraryKind kind, Str name);
/* Tries the names of a kind. */
void library_spell(LibraryKind kind, Speller *speller);
/* Is there such a name? Parses nothing. */
bool library_has(LibraryKind kind, Str name);

/* The example in the comments above a definition, "-- example: CALL [gives RESULT]"; false: there is none. The texts
   live in arena; *result is empty where nothing is given. */
bool library_example(const Definition *definition, Arena *arena, Str *example, Str *result);
/* What the first comment of a file says it is about, without its name. */
Str library_title(const LibraryFile *file);

#endif
