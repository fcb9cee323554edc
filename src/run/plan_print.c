/* plan_print.c - what a run would do, without its data: one line a statement, what it holds indented below its head,
 * and behind -- which datasets it reads and makes. Names are matched as far as they are written out: where one is
 * computed, everything that begins like it counts, so that a remark "nothing reads it" is always true. */
#include "run/plan_print.h"

#include <stdio.h>

#include "run/stats.h"

/* A dataset that a statement reads or makes. */
typedef struct Use {
  const Stmt *stmt;
  Str prefix;  /* the name, or its beginning */
  bool open;   /* any name that begins with prefix */
  bool wildcard, makes;
  bool in_try; /* what is made there is computed at its end */
  Str shown;   /* as it is written */
} Use;

typedef struct Plan {
  Use *uses;
  size_t count, cap;
  int tries;
  Buf *out;
} Plan;

/* --- Collecting. --- */

static Str constant_part(const Name *name) {
  const Expr *parts = name->parts;
  if (!parts) return name->text;
  if (parts->kind == EXPR_TEXT && parts->count) parts = parts->items[0];
  return parts->kind == EXPR_LITERAL && parts->literal.type == TYPE_STRING ? value_get_str(parts->literal) : (Str){0};
}

static void add(Plan *plan, const Stmt *stmt, const Name *name, bool wildcard, bool makes) {
  Str shown = name->pos.source ? str_make(name->pos.source->text + name->pos.offset, name->pos.length) : name->text;
  VEC_GROW(plan->uses, plan->count, plan->cap);
  plan->uses[plan->count++] = (Use){.stmt = stmt, .prefix = constant_part(name), .open = wildcard || name->parts,
                                    .wildcard = wildcard, .makes = makes, .in_try = plan->tries > 0, .shown = shown};
}

static void add_scope(Plan *plan, const Stmt *stmt, const Scope *scope) {
  if (scope->kind == SCOPE_DATASET || scope->wildcard) add(plan, stmt, &scope->name, scope->wildcard, false);
  for (size_t i = 0; i < scope->input_count; i++) add_scope(plan, stmt, &scope->inputs[i]);
}

static void add_select(Plan *plan, const Stmt *stmt, const Select *select) {
  for (size_t i = 0; i < select->from_count; i++) add_scope(plan, stmt, &select->from[i]);
  for (size_t i = 0; i < select->into_count; i++)
    add(plan, stmt, &select->into[i].name, select->into[i].wildcard, true);
}

static void collect_block(Plan *plan, const Block *block);

static void collect_nested(Plan *plan, const Stmt *stmt) {
  switch (stmt->kind) {
    case STMT_IF:
      for (size_t i = 0; i < stmt->as.branch.count; i++) collect_block(plan, &stmt->as.branch.blocks[i]);
      collect_block(plan, &stmt->as.branch.otherwise);
      break;
    case STMT_LOOP:
      collect_block(plan, &stmt->as.loop.body);
      collect_block(plan, &stmt->as.loop.otherwise);
      break;
    case STMT_TRY:
      plan->tries++;
      collect_block(plan, &stmt->as.try_block.body);
      plan->tries--;
      collect_block(plan, &stmt->as.try_block.handler);
      break;
    case STMT_WHILE: collect_block(plan, &stmt->as.while_loop.body); break;
    case STMT_PROCEDURE: collect_block(plan, &stmt->as.definition->body); break;
    case STMT_BLOCK: collect_block(plan, &stmt->as.block); break;
    case STMT_INCLUDE: collect_block(plan, &stmt->as.include.body); break;
    default: break;
  }
}

static void collect(Plan *plan, const Stmt *stmt) {
  switch (stmt->kind) {
    case STMT_CREATE: add(plan, stmt, &stmt->as.create.name, stmt->as.create.wildcard, true); break;
    case STMT_ALTER:
      add(plan, stmt, &stmt->as.alter.name, stmt->as.alter.wildcard, false);
      if (stmt->as.alter.has_into) add(plan, stmt, &stmt->as.alter.into.name, stmt->as.alter.into.wildcard, true);
      break;
    case STMT_SELECT: add_select(plan, stmt, stmt->as.select); break;
    case STMT_LET_SELECT: add_select(plan, stmt, stmt->as.let_select.select); break;
    case STMT_COPY:
      for (size_t i = 0; i < stmt->as.copy.count; i++) add_scope(plan, stmt, &stmt->as.copy.scopes[i]);
      break;
    case STMT_SPLIT:
      add_scope(plan, stmt, &stmt->as.split.from);
      add(plan, stmt, &stmt->as.split.into.name, true, true);
      break;
    case STMT_CALL:
      for (size_t i = 0; i < stmt->as.call.input_count; i++) add_scope(plan, stmt, &stmt->as.call.inputs[i]);
      for (size_t i = 0; i < stmt->as.call.output_count; i++)
        add(plan, stmt, &stmt->as.call.outputs[i].name, stmt->as.call.outputs[i].wildcard, true);
      break;
    case STMT_ANALYZE: add(plan, stmt, &stmt->as.analyze.name, stmt->as.analyze.wildcard, false); break;
    case STMT_EXPECT: add_scope(plan, stmt, &stmt->as.expect.from); break;
    case STMT_DESCRIBE: add(plan, stmt, &stmt->as.describe, false, false); break;
    default: collect_nested(plan, stmt); break;
  }
}

static void collect_block(Plan *plan, const Block *block) {
  for (size_t i = 0; i < block->count; i++) collect(plan, block->stmts[i]);
}

/* --- What is known about a dataset. --- */

static bool may_be_same(const Use *a, const Use *b) {
  if (!a->open && !b->open) return str_eq(a->prefix, b->prefix);
  if (!a->open) return str_starts(a->prefix, b->prefix);
  if (!b->open) return str_starts(b->prefix, a->prefix);
  return str_starts(a->prefix, b->prefix) || str_starts(b->prefix, a->prefix);
}

/* The statements that may make what is read; nothing that is always there is missed. */
static void put_makers(const Plan *plan, const Use *read, Buf *out) {
  enum { SHOWN = 3 };
  size_t found = 0;
  bool always = str_is(read->prefix, "dual") || str_starts(read->prefix, str_of("_metrics")) || read->open;
  for (size_t i = 0; i < plan->count; i++) {
    const Use *use = &plan->uses[i];
    if (!use->makes || !may_be_same(use, read)) continue;
    if (found++ < SHOWN) buf_printf(out, "%s%u", found == 1 ? " (line " : ", ", use->stmt->pos.line);
  }
  if (found) buf_text(out, found > SHOWN ? ", …)" : ")");
  else if (!always) buf_text(out, ", which nothing here makes");
}

static bool is_read(const Plan *plan, const Use *made) {
  for (size_t i = 0; i < plan->count; i++) {
    const Use *use = &plan->uses[i];
    bool looks_only = use->stmt->kind == STMT_DESCRIBE || use->stmt->kind == STMT_ALTER;
    bool alters = use->stmt->kind == STMT_ALTER && use->stmt->as.alter.has_into;
    if (!use->makes && (!looks_only || alters) && may_be_same(use, made)) return true;
  }
  return false;
}

static void put_uses(const Plan *plan, const Stmt *stmt, int depth) {
  Buf line = {0};
  for (size_t i = 0; i < plan->count; i++) {
    const Use *use = &plan->uses[i];
    if (use->stmt != stmt) continue;
    if (line.len) buf_text(&line, "; ");
    bool in_place = stmt->kind == STMT_ALTER && !stmt->as.alter.has_into;
    const char *verb = use->makes ? "makes" : in_place ? "changes" : "reads";
    buf_printf(&line, "%s %.*s%s", verb, STR_ARG(use->shown), use->wildcard ? " *" : "");
    if (!use->makes) put_makers(plan, use, &line);
    else if (!use->in_try && !is_read(plan, use)) buf_text(&line, ", which nothing reads: it is never computed");
  }
  if (line.len) buf_printf(plan->out, "%*s-- %.*s\n", 29 + 2 * depth, "", (int)line.len, line.data);
  buf_free(&line);
}

/* --- Printing. --- */

static void print_block(const Plan *plan, const Block *block, int depth);

static void print_line(const Plan *plan, const Stmt *stmt, int depth, const char *head, size_t width) {
  char place[96];
  snprintf(place, sizeof place, "%s:%u", stmt->pos.source ? stmt->pos.source->name : "", stmt->pos.line);
  buf_printf(plan->out, "%-24s %*s", place, 2 * depth, "");
  if (head) buf_text(plan->out, head);
  else stmt_text(stmt, width, plan->out);
  buf_char(plan->out, '\n');
}

static void print_named(const Plan *plan, const Stmt *stmt, const Block *block, int depth, const char *head) {
  if (!block->count) return;
  print_line(plan, stmt, depth, head, 0);
  print_block(plan, block, depth + 1);
}

/* The head of a statement that holds others is its text cut short. */
static void print_stmt(const Plan *plan, const Stmt *stmt, int depth) {
  bool holds = stmt->kind == STMT_IF || stmt->kind == STMT_LOOP || stmt->kind == STMT_WHILE || stmt->kind == STMT_TRY ||
               stmt->kind == STMT_PROCEDURE;
  print_line(plan, stmt, depth, stmt->kind == STMT_BLOCK ? "BEGIN" : NULL, holds ? 40 : 100);
  put_uses(plan, stmt, depth);
  if (stmt->kind == STMT_IF) {
    for (size_t i = 0; i < stmt->as.branch.count; i++)
      print_named(plan, stmt, &stmt->as.branch.blocks[i], depth, "THEN");
    print_named(plan, stmt, &stmt->as.branch.otherwise, depth, "ELSE");
  } else if (stmt->kind == STMT_LOOP) {
    print_block(plan, &stmt->as.loop.body, depth + 1);
    print_named(plan, stmt, &stmt->as.loop.otherwise, depth, "ELSE");
  } else if (stmt->kind == STMT_WHILE) {
    print_block(plan, &stmt->as.while_loop.body, depth + 1);
  } else if (stmt->kind == STMT_TRY) {
    print_block(plan, &stmt->as.try_block.body, depth + 1);
    print_named(plan, stmt, &stmt->as.try_block.handler, depth, "ON ERROR");
  } else if (stmt->kind == STMT_PROCEDURE) {
    print_block(plan, &stmt->as.definition->body, depth + 1);
  } else if (stmt->kind == STMT_BLOCK) {
    print_block(plan, &stmt->as.block, depth + 1);
  } else if (stmt->kind == STMT_INCLUDE) {
    print_block(plan, &stmt->as.include.body, depth + 1);
  }
}

static void print_block(const Plan *plan, const Block *block, int depth) {
  for (size_t i = 0; i < block->count; i++) print_stmt(plan, block->stmts[i], depth);
}

void plan_print(Unit *const *units, size_t count, Buf *out) {
  Plan plan = {.out = out};
  for (size_t i = 0; i < count; i++) collect_block(&plan, &units[i]->body);
  for (size_t i = 0; i < count; i++) print_block(&plan, &units[i]->body, 0);
  dc_free(plan.uses);
}
