/* ahead.h - small files elsewhere that are read one after another: while one is read, the next ones are fetched, so that not each
 * of them costs the wait for its server's answer.
 *
 * Rows, their order and errors are those of reading without: what fetching a file failed by is said when it is its turn.
 */
#ifndef ENGINE_AHEAD_H
#define ENGINE_AHEAD_H

#include "engine/load.h"

typedef struct Ahead Ahead;

/* For segments that are read in this order, whose files' streams are kept in plan->opened. Both are lent. */
Ahead *ahead_new(LoadPlan *plan, const Segment *const *segments, size_t count);
/* segments[at] is to be read now, later ones are not yet: if its file was fetched, its stream is in plan->opened. One caller at a time. */
DcCode ahead_take(Ahead *ahead, size_t at, DcError *err) DC_MUST_CHECK;
void ahead_free(Ahead *ahead); /* NULL is fine */

#endif
