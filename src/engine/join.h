/* join.h - JOIN by keys: a hash table over one side, which the other side's rows probe. */
#ifndef ENGINE_JOIN_H
#define ENGINE_JOIN_H

#include "engine/pass.h"

/* Prepares a JOIN node for the output partitions parts[0 … count) (those of the side that is kept): gives the probe that
   the kept side's rows go through, or, where no table fits into memory, a generator of all result rows. One of the two
   is set; owned by the caller. needed: one byte for each column of the result, 0 if nothing asks for it (it may be NULL
   then); NULL: all are needed. */
DcCode join_open(Dataset *node, const uint32_t *parts, uint32_t count, const uint8_t *needed, Expander **expander, Generator **generator,
                 DcError *err) DC_MUST_CHECK;

#endif
