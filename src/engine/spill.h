/* spill.h - a temporary file that several workers write blocks to, and read them from. */
#ifndef ENGINE_SPILL_H
#define ENGINE_SPILL_H

#include "engine/engine.h"

typedef struct SpillFile {
  Engine *engine; /* NULL: not made yet */
  int fd;
  atomic_ullong end;
} SpillFile;

/* Makes the file, if it is not there. One caller at a time. */
DcCode spill_open(SpillFile *file, Engine *engine, DcError *err) DC_MUST_CHECK;
void spill_close(SpillFile *file); /* an all-zero one is fine */
/* Writes a block behind all others; *offset says where. Thread-safe. Counts the bytes as spilled. */
DcCode spill_append(SpillFile *file, const void *data, size_t len, uint64_t *offset, DcError *err) DC_MUST_CHECK;
DcCode spill_read(SpillFile *file, uint64_t offset, void *data, size_t len, DcError *err) DC_MUST_CHECK;

#endif
