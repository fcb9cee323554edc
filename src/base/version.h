/* version.h - the version of the program, for --version and for files that say what made them. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define DCETL_VERSION "0.1.0"

#endif
