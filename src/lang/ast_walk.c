/* ast_walk.c - one walk over all statements and expressions of a block, for those who look for uses of something. */
#include "lang/ast_walk.h"

typedef struct Walk {
  void (*visit)(void *self, const Expr *expr);      /* NULL: only statements */
  void (*visit_stmt)(void *self, const Stmt *stmt); /* NULL: only expressions */
  void *self;
} Walk;

static void walk_name(const Walk *walk, const Name *name);

static void walk_expr(const Walk *walk, const Expr *expr) {
  if (!expr || !walk->visit) return;
  walk->visit(walk->self, expr);
  walk_name(walk, &expr->name);
  for (size_t i = 0; i < expr->count; i++) walk_expr(walk, expr->items[i]);
  if (!expr->over) return;
  for (size_t i = 0; i < expr->over->partition_count; i++) walk_expr(walk, expr->over->partition_by[i]);
  for (size_t i = 0; i < expr->over->order_count; i++) walk_expr(walk, expr->over->order_by[i].expr);
  walk_expr(walk, expr->over->from_offset);
  walk_expr(walk, expr->over->to_offset);
}

static void walk_name(const Walk *walk, const Name *name) {
  if (name->parts) walk_expr(walk, name->parts);
}

static void walk_params(const Walk *walk, const Param *params, size_t count) {
  for (size_t i = 0; i < count; i++) {
    walk_name(walk, &params[i].name);
    walk_expr(walk, params[i].value);
  }
}

static void walk_levels(const Walk *walk, const LevelList *levels, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < levels[i].count; k++) walk_name(walk, &levels[i].names[k]);
    walk_expr(walk, levels[i].expr);
  }
}

static void walk_invocation(const Walk *walk, const Invocation *invocation) {
  walk_name(walk, &invocation->name);
  walk_params(walk, invocation->params, invocation->param_count);
  walk_levels(walk, invocation->levels, invocation->level_count);
}

static void walk_scope(const Walk *walk, const Scope *scope) {
  walk_name(walk, &scope->name);
  walk_name(walk, &scope->alias);
  walk_expr(walk, scope->parts);
  for (size_t i = 0; i < scope->input_count; i++) walk_scope(walk, &scope->inputs[i]);
}

static void walk_targets(const Walk *walk, const Target *targets, size_t count) {
  for (size_t i = 0; i < count; i++) {
    walk_name(walk, &targets[i].alias);
    walk_name(walk, &targets[i].name);
  }
}

static void walk_items(const Walk *walk, const SelectItem *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    walk_expr(walk, items[i].expr);
    walk_name(walk, &items[i].alias);
  }
}

static void walk_select(const Walk *walk, const Select *select) {
  walk_items(walk, select->items, select->item_count);
  for (size_t i = 0; i < select->from_count; i++) walk_scope(walk, &select->from[i]);
  walk_targets(walk, select->into, select->into_count);
  walk_expr(walk, select->where);
  for (size_t i = 0; i < select->group_count; i++) walk_expr(walk, select->group_by[i]);
  walk_expr(walk, select->having);
  for (size_t i = 0; i < select->order_count; i++) walk_expr(walk, select->order_by[i].expr);
  walk_expr(walk, select->limit);
}

static void walk_alter(const Walk *walk, const Stmt *stmt) {
  walk_name(walk, &stmt->as.alter.name);
  walk_expr(walk, stmt->as.alter.parts);
  for (size_t i = 0; i < stmt->as.alter.count; i++) {
    walk_invocation(walk, &stmt->as.alter.items[i].transform);
    walk_expr(walk, stmt->as.alter.items[i].expr);
  }
  if (stmt->as.alter.has_into) walk_targets(walk, &stmt->as.alter.into, 1);
}

static void walk_call(const Walk *walk, const Stmt *stmt) {
  walk_invocation(walk, &stmt->as.call.call);
  for (size_t i = 0; i < stmt->as.call.input_count; i++) {
    walk_name(walk, &stmt->as.call.input_aliases[i]);
    walk_scope(walk, &stmt->as.call.inputs[i]);
  }
  walk_targets(walk, stmt->as.call.outputs, stmt->as.call.output_count);
}

static void walk_copy(const Walk *walk, const Stmt *stmt) {
  for (size_t i = 0; i < stmt->as.copy.count; i++) walk_scope(walk, &stmt->as.copy.scopes[i]);
  walk_invocation(walk, &stmt->as.copy.adapter);
  walk_expr(walk, stmt->as.copy.path);
}

static void walk_create(const Walk *walk, const Stmt *stmt) {
  walk_name(walk, &stmt->as.create.name);
  walk_invocation(walk, &stmt->as.create.adapter);
  walk_expr(walk, stmt->as.create.path);
  walk_expr(walk, stmt->as.create.partitions);
}

static void walk_split(const Walk *walk, const Stmt *stmt) {
  walk_scope(walk, &stmt->as.split.from);
  walk_items(walk, stmt->as.split.by, stmt->as.split.by_count);
  walk_targets(walk, &stmt->as.split.into, 1);
  walk_expr(walk, stmt->as.split.partitions);
}

static void walk_expect(const Walk *walk, const Stmt *stmt) {
  walk_scope(walk, &stmt->as.expect.from);
  walk_expr(walk, stmt->as.expect.where);
  walk_expr(walk, stmt->as.expect.at_least);
  walk_expr(walk, stmt->as.expect.message);
}

static void walk_exec(const Walk *walk, const Stmt *stmt) {
  walk_invocation(walk, &stmt->as.exec.system);
  walk_expr(walk, stmt->as.exec.statement);
  walk_expr(walk, stmt->as.exec.values);
  walk_name(walk, &stmt->as.exec.into);
}

static void walk_block(const Walk *walk, const Block *block);

static void walk_control(const Walk *walk, const Stmt *stmt) {
  switch (stmt->kind) {
    case STMT_IF:
      for (size_t i = 0; i < stmt->as.branch.count; i++) {
        walk_expr(walk, stmt->as.branch.conditions[i]);
        walk_block(walk, &stmt->as.branch.blocks[i]);
      }
      walk_block(walk, &stmt->as.branch.otherwise);
      break;
    case STMT_LOOP:
      walk_name(walk, &stmt->as.loop.variable);
      walk_expr(walk, stmt->as.loop.values);
      walk_block(walk, &stmt->as.loop.body);
      walk_block(walk, &stmt->as.loop.otherwise);
      break;
    case STMT_WHILE:
      walk_expr(walk, stmt->as.while_loop.condition);
      walk_block(walk, &stmt->as.while_loop.body);
      break;
    case STMT_TRY:
      walk_block(walk, &stmt->as.try_block.body);
      walk_name(walk, &stmt->as.try_block.variable);
      walk_block(walk, &stmt->as.try_block.handler);
      break;
    case STMT_BLOCK: walk_block(walk, &stmt->as.block); break;
    case STMT_INCLUDE: walk_block(walk, &stmt->as.include.body); break;
    default: break;
  }
}

static void walk_stmt(const Walk *walk, const Stmt *stmt) {
  if (walk->visit_stmt) walk->visit_stmt(walk->self, stmt);
  switch (stmt->kind) {
    case STMT_CREATE: walk_create(walk, stmt); break;
    case STMT_ALTER: walk_alter(walk, stmt); break;
    case STMT_SELECT: walk_select(walk, stmt->as.select); break;
    case STMT_COPY: walk_copy(walk, stmt); break;
    case STMT_SPLIT: walk_split(walk, stmt); break;
    case STMT_CALL: walk_call(walk, stmt); break;
    case STMT_ANALYZE:
      walk_name(walk, &stmt->as.analyze.name);
      walk_expr(walk, stmt->as.analyze.key);
      break;
    case STMT_LET:
      walk_name(walk, &stmt->as.let.name);
      walk_expr(walk, stmt->as.let.value);
      break;
    case STMT_LET_SELECT:
      walk_name(walk, &stmt->as.let_select.name);
      walk_select(walk, stmt->as.let_select.select);
      break;
    case STMT_EXPR: case STMT_RETURN: walk_expr(walk, stmt->as.expr); break;
    case STMT_RAISE: walk_expr(walk, stmt->as.raise.message); break;
    case STMT_YIELD:
      walk_expr(walk, stmt->as.yield.key);
      walk_expr(walk, stmt->as.yield.object);
      break;
    case STMT_OPTIONS: walk_params(walk, stmt->as.options.params, stmt->as.options.count); break;
    case STMT_EXPLAIN: walk_stmt(walk, stmt->as.explain); break;
    case STMT_DESCRIBE: walk_name(walk, &stmt->as.describe); break;
    case STMT_EXPECT: walk_expect(walk, stmt); break;
    case STMT_EXEC: walk_exec(walk, stmt); break;
    case STMT_DROP:
      for (size_t i = 0; i < stmt->as.drop.count; i++) walk_name(walk, &stmt->as.drop.names[i]);
      break;
    case STMT_IF: case STMT_LOOP: case STMT_WHILE: case STMT_TRY: case STMT_BLOCK: case STMT_INCLUDE:
      walk_control(walk, stmt);
      break;
    case STMT_BREAK: case STMT_CONTINUE: case STMT_FETCH: case STMT_SHOW: case STMT_FUNCTION: case STMT_PROCEDURE:
    case STMT_TRANSFORM:
      break;
  }
}

static void walk_block(const Walk *walk, const Block *block) {
  for (size_t i = 0; i < block->count; i++) walk_stmt(walk, block->stmts[i]);
}

void block_each_expr(const Block *block, void (*visit)(void *self, const Expr *expr), void *self) {
  walk_block(&(Walk){.visit = visit, .self = self}, block);
}

void block_each_stmt(const Block *block, void (*visit)(void *self, const Stmt *stmt), void *self) {
  walk_block(&(Walk){.visit_stmt = visit, .self = self}, block);
}
