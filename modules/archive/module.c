/* module.c - the module dcetl-archive.so: archives on input, zip by libzip, which finds entries by the directory of the
 * archive, and others by libarchive, which reads them from the beginning to the end. */
#include <stdio.h>
#include <string.h>

#include "module.h"
#include "archive.h"

void put_reason(char *reason, const char *text) {
  snprintf(reason, ARCHIVE_REASON, "%s", text && *text ? text : "no reason given");
  for (char *c = reason; *c; c++)
    if (*c == '\n' || *c == '\r') *c = ' ';
}

MODULE_EXPORT const ArchiveModule dcetl_archive_module = {ARCHIVE_MODULE_VERSION, &zip_backend, &serial_backend};
