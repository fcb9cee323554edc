/* archive.h - the two halves of the module dcetl-archive.so. */
#ifndef MODULES_ARCHIVE_H
#define MODULES_ARCHIVE_H

#include "io/archive_module.h"

extern const ArchiveBackend zip_backend, serial_backend;

/* Keeps why something failed, without line ends. */
void put_reason(char *reason, const char *text);

#endif
