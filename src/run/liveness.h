/* liveness.h - which dataset names the rest of a run can still mention.
 *
 * All scripts are parsed before the first runs, so one walk over their statements numbers them 1, 2, … in order of
 * execution and notes for each name where it is mentioned last. A name with interpolation is a mention of every name
 * that starts with its constant part, a wildcard of every longer name. The bodies of the procedures that a CALL reaches
 * count at the CALL, one position behind its inputs, so that an input is done with when the body runs. What a statement
 * makes (INTO, CREATE) is no mention, and neither are the hidden datasets of a CALL: names that begin with {$INPUT},
 * {$OUTPUT} or {$TEMP} in a procedure that was called with INPUT or OUTPUT. Read-only once made; borrows the units.
 */
#ifndef RUN_LIVENESS_H
#define RUN_LIVENESS_H

#include "lang/library.h"
#include "run/rounds.h"

typedef struct Liveness Liveness;

/* library (may be NULL) has the procedures that no unit defines; those that are named are read. */
Liveness *liveness_new(Unit *const *units, size_t count, Library *library);
void liveness_free(Liveness *liveness);

/* The position of a statement; 0 inside of procedures. */
uint32_t liveness_position(const Liveness *liveness, const Stmt *stmt);
/* The highest position there is. */
uint32_t liveness_end(const Liveness *liveness);
/* The position of the last statement that may mention the dataset; 0: none does. */
uint32_t liveness_last_mention(const Liveness *liveness, Str name);
/* Is it the name of a variable that a CALL with INPUT or OUTPUT sets: INPUT, "INPUT:alias", OUTPUT, "OUTPUT:alias", TEMP? */
bool is_call_variable(Str name);
/* The round that owns the dataset `name`, whose name the statement makes at `target`; NULL if other mentions may mean it. */
const LoopRound *liveness_round(const Liveness *liveness, Position target, Str name);
/* Can a statement at `from` or behind mention a name longer than prefix that starts with it, or list the names? */
bool liveness_family_mentioned(const Liveness *liveness, Str prefix, uint32_t from);

#endif
