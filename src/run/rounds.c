/* rounds.c - which names with interpolation belong to one round of a LOOP. */
#include "run/rounds.h"

void rounds_free(Rounds *rounds) {
  dc_free(rounds->procedures);
  dc_free(rounds->rounds);
  dc_free(rounds->targets);
}

/* --- Patterns --- */

static bool same_pattern(const Expr *a, const Expr *b) {
  if (a->kind != b->kind || a->count != b->count || a->op != b->op || a->function != b->function) return false;
  if (a->kind == EXPR_LITERAL && (a->literal.type != b->literal.type || value_total_order(a->literal, b->literal) != 0)) return false;
  if (!str_eq(a->name.text, b->name.text) || !str_eq(a->path, b->path)) return false;
  for (size_t i = 0; i < a->count; i++)
    if (!a->items[i] || !b->items[i] || !same_pattern(a->items[i], b->items[i])) return false;
  return true;
}

/* Only literals, variables, operators and built-in functions, which give the same text as long as the variables stay. */
static bool is_plain(const Expr *expr) {
  if (!expr) return false;
  switch (expr->kind) {
    case EXPR_LITERAL: return true;
    case EXPR_VAR: return !expr->name.parts;
    case EXPR_OP:
      if (expr->op->special == SPECIAL_RANDOM) return false;
      break;
    case EXPR_CALL:
      if (!expr->function || expr->function->special != SPECIAL_NONE || !expr->count) return false;
      break;
    case EXPR_TEXT: break;
    case EXPR_ATTR: case EXPR_ARRAY: case EXPR_RANGE: case EXPR_CASE: case EXPR_STAR: return false;
  }
  for (size_t i = 0; i < expr->count; i++)
    if (!is_plain(expr->items[i])) return false;
  return true;
}

static bool uses(const Expr *expr, Str variable) {
  if (expr->kind == EXPR_VAR && str_eq(expr->name.text, variable)) return true;
  for (size_t i = 0; i < expr->count; i++)
    if (uses(expr->items[i], variable)) return true;
  return false;
}

/* --- What a body changes --- */

static bool may_be(const Name *name, const Expr *pattern) { return name->parts || (name->text.data && uses(pattern, name->text)); }

/* ARR_PUT changes the variable that is its first argument. */
static bool changes(const Expr *expr, const Expr *pattern) {
  if (!expr) return false;
  if (expr->kind == EXPR_CALL && expr->function && expr->function->special == SPECIAL_PUT && expr->items[0]->kind == EXPR_VAR &&
      may_be(&expr->items[0]->name, pattern))
    return true;
  for (size_t i = 0; i < expr->count; i++)
    if (changes(expr->items[i], pattern)) return true;
  return false;
}

static bool block_assigns(const Block *block, const Expr *pattern);

static bool stmt_assigns(const Stmt *stmt, const Expr *pattern) {
  switch (stmt->kind) {
    case STMT_LET: return may_be(&stmt->as.let.name, pattern) || changes(stmt->as.let.value, pattern);
    case STMT_EXPR: return changes(stmt->as.expr, pattern);
    case STMT_LET_SELECT: return may_be(&stmt->as.let_select.name, pattern);
    case STMT_EXEC: return may_be(&stmt->as.exec.into, pattern);
    case STMT_IF:
      for (size_t i = 0; i < stmt->as.branch.count; i++)
        if (block_assigns(&stmt->as.branch.blocks[i], pattern)) return true;
      return block_assigns(&stmt->as.branch.otherwise, pattern);
    case STMT_LOOP:
      return may_be(&stmt->as.loop.variable, pattern) || block_assigns(&stmt->as.loop.body, pattern) || block_assigns(&stmt->as.loop.otherwise, pattern);
    case STMT_WHILE: return block_assigns(&stmt->as.while_loop.body, pattern);
    case STMT_TRY:
      return may_be(&stmt->as.try_block.variable, pattern) || block_assigns(&stmt->as.try_block.body, pattern) || block_assigns(&stmt->as.try_block.handler, pattern);
    case STMT_BLOCK: return block_assigns(&stmt->as.block, pattern);
    case STMT_INCLUDE: return block_assigns(&stmt->as.include.body, pattern);
    default: return false;
  }
}

static bool block_assigns(const Block *block, const Expr *pattern) {
  for (size_t i = 0; i < block->count; i++)
    if (stmt_assigns(block->stmts[i], pattern)) return true;
  return false;
}

/* A procedure that the body may call assigns variables that are outside of it, too. */
static bool body_assigns(const Rounds *rounds, const Block *body, const Expr *pattern) {
  enum { LONG = 1000 }; /* it would take long to find out */
  if (body->count > LONG || block_assigns(body, pattern)) return true;
  for (size_t i = 0; i < rounds->procedure_count; i++)
    if (block_assigns(rounds->procedures[i], pattern)) return true;
  return false;
}

/* --- Rounds --- */

/* The innermost LOOP whose variable is in the pattern, if nothing in its body changes the pattern's variables. */
static const LoopScope *loop_of(const Rounds *rounds, const LoopScope *loops, const Expr *pattern) {
  if (!loops || !is_plain(pattern)) return NULL;
  for (const LoopScope *scope = loops; scope; scope = scope->outer) {
    const Stmt *stmt = scope->stmt;
    if (stmt->kind != STMT_LOOP || stmt->as.loop.variable.parts || !uses(pattern, stmt->as.loop.variable.text)) continue;
    return body_assigns(rounds, &stmt->as.loop.body, pattern) ? NULL : scope;
  }
  return NULL;
}

static uint32_t find_round(Rounds *rounds, const LoopScope *scope, const Expr *pattern) {
  for (uint32_t i = 0; i < rounds->count; i++)
    if (rounds->rounds[i].loop == scope->stmt && same_pattern(rounds->rounds[i].pattern, pattern)) return i;
  uint32_t outer = scope->at;
  for (const LoopScope *around = scope; around; around = around->outer) outer = around->at;
  VEC_GROW(rounds->rounds, rounds->count, rounds->cap);
  rounds->rounds[rounds->count] = (LoopRound){.loop = scope->stmt, .outer = outer, .pattern = pattern};
  return rounds->count++;
}

bool rounds_mention(Rounds *rounds, const LoopScope *loops, const Expr *pattern, uint32_t at) {
  const LoopScope *scope = loop_of(rounds, loops, pattern);
  if (!scope) return false;
  LoopRound *round = &rounds->rounds[find_round(rounds, scope, pattern)];
  round->last = at;
  round->repeated = false;
  for (const LoopScope *inner = loops; inner != scope; inner = inner->outer) round->pending = inner->stmt;
  return true;
}

void rounds_target(Rounds *rounds, const LoopScope *loops, const Name *name) {
  const LoopScope *scope = name->parts ? loop_of(rounds, loops, name->parts) : NULL;
  if (!scope) return;
  uint32_t round = find_round(rounds, scope, name->parts);
  VEC_GROW(rounds->targets, rounds->target_count, rounds->target_cap);
  rounds->targets[rounds->target_count++] = (RoundTarget){name->pos, round};
}

void rounds_leave(Rounds *rounds, const Stmt *loop, uint32_t end) {
  for (uint32_t i = 0; i < rounds->count; i++) {
    LoopRound *round = &rounds->rounds[i];
    if (round->pending != loop) continue;
    round->pending = NULL;
    round->last = end;
    round->repeated = true;
  }
}

const LoopRound *rounds_of(const Rounds *rounds, Position pos) {
  for (uint32_t i = 0; i < rounds->target_count; i++)
    if (rounds->targets[i].pos.source == pos.source && rounds->targets[i].pos.offset == pos.offset) return &rounds->rounds[rounds->targets[i].round];
  return NULL;
}
