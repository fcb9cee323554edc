/* sort.h - ORDER BY: sorted runs in memory and on disk, merged on the way. */
#ifndef ENGINE_SORT_H
#define ENGINE_SORT_H

#include "engine/pass.h"

/* Sorts the input of a SORT node; *out gives its rows in order, cut into the node's partitions. Owned by the caller. */
DcCode sort_open(Dataset *node, Generator **out, DcError *err) DC_MUST_CHECK;

#endif
