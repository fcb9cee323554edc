/* join_spill.h - JOIN of inputs that do not fit into memory.
 *
 * Grace hash join (Kitsuregawa, Tanaka, Moto-oka, 1983): both inputs lie on disk by the top bits of their keys' hashes; each
 * part is joined alone, with a table over the other side's rows, or over as many at a time as fit (a unit). What a unit
 * gives is in the order of the kept side, so a merge of all units by the rows' places brings that order back.
 */
#ifndef ENGINE_JOIN_SPILL_H
#define ENGINE_JOIN_SPILL_H

#include "engine/join_side.h"

/* Goes on where side, which is full, has to stop: pass is what it reads. Gives all rows of the result. */
DcCode join_spill_open(const JoinShape *shape, JoinSide *side, Pass *pass, const uint8_t *needed, Generator **out, DcError *err) DC_MUST_CHECK;

/* join_merge.c: the rows of a store's partitions [0, units), each of which is ordered by place, merged by place; then in
   the same way those of [units, 2 * units). Columns width and width + 1 are place and partition; where that is NULL, it is the one that the key
   belongs to. Takes the store over. */
Generator *join_merge_new(Engine *engine, Store *store, uint32_t units, uint32_t width, uint32_t partitions);

#endif
