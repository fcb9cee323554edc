/* module.h - parts of the program that are opened when a script first needs them: dcetl-<name>.so.
 *
 * A module exports one constant, a struct of functions that begins with a version number. It lies beside the program
 * (in the build folder), or in ../lib/dcetl/ of it (installed). It is never closed.
 */
#ifndef BASE_MODULE_H
#define BASE_MODULE_H

#include <stdatomic.h>

#include "base/error.h"

typedef struct Module {
  const char *name, *symbol;  /* dcetl-<name>.so exports <symbol> */
  uint32_t version;           /* as the first member of that has it */
  const char *what, *package; /* the user's wish ("time zones") and the library behind it, for the message when something is missing */
  _Atomic(const void *) found;
} Module;

/* Opens the module, once, and gives the address of its symbol. Thread-safe; one that cannot be opened is tried again. */
DcCode module_need(Module *module, const void **out, DcError *err) DC_MUST_CHECK;

/* Opens the first of these libraries (their list ends with NULL) and finds its functions; false: there is none, or it lacks
   one of them. It is never closed. Call it once (pthread_once). */
bool library_open(const char *const *libraries, const char *const *functions, size_t count, void **found);

#endif
