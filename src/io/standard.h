/* standard.h - writing to standard output so that a signal ends it, even when nobody reads the pipe. */
#ifndef IO_STANDARD_H
#define IO_STANDARD_H

#include "base/error.h"

/* Writes everything, from any thread, one at a time. DC_INTERRUPTED when the run is asked to end while it waits. */
DcCode standard_write(const char *data, size_t len, DcError *err) DC_MUST_CHECK;

#endif
