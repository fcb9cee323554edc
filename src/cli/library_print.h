/* library_print.h - the library written in TDL as text, for --functions, --transforms and --operations. */
#ifndef CLI_LIBRARY_PRINT_H
#define CLI_LIBRARY_PRINT_H

#include "lang/library.h"

/* All definitions of a kind with doc, parameters and example, a heading before those of each file; with a name only the
   one of that name, without heading. Returns how many there were. */
size_t library_print(LibraryKind kind, const char *name, Buf *out);

#endif
