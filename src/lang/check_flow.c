/* check_flow.c - does every way through a function's body end in RETURN? Can a transform's body come to an end at all? */
#include "lang/ast_walk.h"
#include "lang/check_internal.h"

static bool leaves_loop(const Block *block);

/* BREAK or CONTINUE of the loop around stmt. */
static bool stmt_leaves_loop(const Stmt *stmt) {
  switch (stmt->kind) {
    case STMT_BREAK: case STMT_CONTINUE: return true;
    case STMT_IF:
      for (size_t i = 0; i < stmt->as.branch.count; i++)
        if (leaves_loop(&stmt->as.branch.blocks[i])) return true;
      return leaves_loop(&stmt->as.branch.otherwise);
    case STMT_LOOP: return leaves_loop(&stmt->as.loop.otherwise);
    case STMT_TRY: return leaves_loop(&stmt->as.try_block.body) || leaves_loop(&stmt->as.try_block.handler);
    case STMT_BLOCK: return leaves_loop(&stmt->as.block);
    default: return false;
  }
}

static bool leaves_loop(const Block *block) {
  for (size_t i = 0; i < block->count; i++)
    if (stmt_leaves_loop(block->stmts[i])) return true;
  return false;
}

static bool branches_end(const Stmt *stmt) {
  if (!stmt->as.branch.has_else) return false;
  for (size_t i = 0; i < stmt->as.branch.count; i++)
    if (!block_ends(&stmt->as.branch.blocks[i])) return false;
  return block_ends(&stmt->as.branch.otherwise);
}

static bool is_true(const Expr *expr) {
  return expr->kind == EXPR_LITERAL && expr->literal.type == TYPE_BOOL && expr->literal.as.b;
}

static bool stmt_ends(const Stmt *stmt) {
  switch (stmt->kind) {
    case STMT_RETURN: return true;
    case STMT_RAISE: return stmt->as.raise.level == RAISE_ERROR;
    case STMT_IF: return branches_end(stmt);
    case STMT_BLOCK: return block_ends(&stmt->as.block);
    case STMT_TRY: return block_ends(&stmt->as.try_block.body) && block_ends(&stmt->as.try_block.handler);
    case STMT_LOOP: /* ELSE runs where the body does not run at all */
      return stmt->as.loop.has_else && block_ends(&stmt->as.loop.otherwise) && block_ends(&stmt->as.loop.body) && !leaves_loop(&stmt->as.loop.body);
    case STMT_WHILE: return is_true(stmt->as.while_loop.condition) && !leaves_loop(&stmt->as.while_loop.body);
    default: return false;
  }
}

bool block_ends(const Block *block) {
  for (size_t i = 0; i < block->count; i++)
    if (stmt_ends(block->stmts[i])) return true;
  return false;
}

static void see_stop(void *self, const Stmt *stmt) {
  bool raises = stmt->kind == STMT_RAISE && stmt->as.raise.level == RAISE_ERROR;
  if (stmt->kind == STMT_FETCH || stmt->kind == STMT_RETURN || raises) *(bool *)self = true;
}

bool block_can_stop(const Block *block) {
  bool stops = false;
  block_each_stmt(block, see_stop, &stops);
  return stops;
}
