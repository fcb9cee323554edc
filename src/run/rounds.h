/* rounds.h - names that are made and used within one round of a LOOP: LOOP $day … LOAD "in_{$day}" … COPY "in_{$day}".
 *
 * Such a name has an interpolation of the loop's variable, and nothing in the body changes what is in it, so every round
 * makes a name of its own. Its dataset may go when the round has mentioned it for the last time, unless a mention of
 * another form may mean it.
 */
#ifndef RUN_ROUNDS_H
#define RUN_ROUNDS_H

#include "lang/ast.h"

/* The LOOPs and WHILEs around a statement, innermost first. */
typedef struct LoopScope {
  const struct LoopScope *outer;
  const Stmt *stmt;
  uint32_t at; /* its position */
} LoopScope;

typedef struct LoopRound {
  const Stmt *loop;
  uint32_t outer;      /* position of the outermost loop around it */
  const Expr *pattern; /* what the name is put together of */
  uint32_t last;       /* position of the last mention; 0: none */
  bool repeated;       /* that one stands in a loop inside of `loop`: it comes again */
  const Stmt *pending; /* a loop inside of `loop` that is not walked to its end yet */
} LoopRound;

typedef struct RoundTarget {
  Position pos; /* of a name that a statement makes */
  uint32_t round;
} RoundTarget;

typedef struct Rounds {
  const Block **procedures; /* bodies that a CALL may run; borrowed */
  size_t procedure_count;
  LoopRound *rounds;
  uint32_t count, cap;
  RoundTarget *targets;
  uint32_t target_count, target_cap;
} Rounds;

void rounds_free(Rounds *rounds);
/* A name with interpolation is mentioned at a position; false: it is no name of this kind. */
bool rounds_mention(Rounds *rounds, const LoopScope *loops, const Expr *pattern, uint32_t at);
/* A statement makes a name. */
void rounds_target(Rounds *rounds, const LoopScope *loops, const Name *name);
/* The walk has left a loop; end is the last position in it. */
void rounds_leave(Rounds *rounds, const Stmt *loop, uint32_t end);
/* The round of the name that stands at pos; NULL if it is of no such kind. */
const LoopRound *rounds_of(const Rounds *rounds, Position pos);

#endif
