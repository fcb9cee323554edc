/* serial_reader.h - a reader for formats whose files can only be read from their beginning, some rows after the other.
 *
 * One worker at a time reads; what is done with the rows is done by all. Files are opened in the order of their
 * partitions, one at a time.
 */
#ifndef ENGINE_SERIAL_READER_H
#define ENGINE_SERIAL_READER_H

#include "engine/load.h"

/* All calls for one file come one after another, from any thread. */
typedef struct SerialOps {
  /* spec->parts, needed and filters are valid during the call only. On failure *state stays NULL. */
  DcCode (*open)(Dataset *node, const ReadSpec *spec, uint32_t file, void **state, DcError *err);
  /* Some rows as a COLUMNS batch of all of the node's own columns (≤ 64 K rows), whose origins begin at origin_base; *out stays
     NULL: the end. *bytes is raised by what was taken from the disk. */
  DcCode (*next)(void *state, uint64_t origin_base, Batch **out, uint64_t *bytes, DcError *err);
  void (*close)(void *state);
} SerialOps;

DcCode serial_reader_open(Dataset *node, const ReadSpec *spec, const SerialOps *ops, Reader **out, DcError *err) DC_MUST_CHECK;

#endif
