/* join_spill.h - JOIN of inputs that do not fit into memory. */
#ifndef ENGINE_JOIN_SPILL_H
#define ENGINE_JOIN_SPILL_H

#include "engine/join_side.h"

/* Goes on where side, which is full, has to stop: pass is what it reads. Gives all rows of the result. */
DcCode join_spill_open(const JoinShape *shape, JoinSide *side, Pass *pass, const uint8_t *needed, Generator **out, DcError *err) DC_MUST_CHECK;

#endif
