/* ast_walk.h - every expression or statement of a block, from the outside in: for those who look for uses of something. */
#ifndef LANG_AST_WALK_H
#define LANG_AST_WALK_H

#include "lang/ast.h"

/* Calls visit for all expressions in the statements of a block and in the statements inside of them; the parts of texts
   and names count. Definitions (FUNCTION, PROCEDURE, TRANSFORM) in the block are not entered. */
void block_each_expr(const Block *block, void (*visit)(void *self, const Expr *expr), void *self);
/* Calls visit for all statements of a block and those inside of them; definitions are visited but not entered. */
void block_each_stmt(const Block *block, void (*visit)(void *self, const Stmt *stmt), void *self);

#endif
