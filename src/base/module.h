/* module.h - parts of the program that are opened when a script first needs them: dcetl-<name>.so.
 *
 * A module exports one constant, a struct of functions that begins with a version number. It lies beside the program
 * (in the build folder), or in ../lib/dcetl/ of it (installed). It is never closed.
 */
#ifndef BASE_MODULE_H
#define BASE_MODULE_H

#include "base/error.h"

/* Opens dcetl-<name>.so and gives the address of its symbol; *version is the first member of that. what names the user's
   wish ("time zones"), package the library behind it, both for the message when something is missing. Thread-safe. */
DcCode module_open(const char *name, const char *symbol, uint32_t version, const char *what, const char *package, const void **out, DcError *err) DC_MUST_CHECK;

#endif
