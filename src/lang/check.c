/* check.c - static checks over all scripts of a run: what parses but cannot work, found before anything runs.
 *
 * The tree is only read. Definitions of all units are collected first, so that functions may be defined after use.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lang/check_internal.h"
#include "lang/statements.h"

void check_error(Checker *checker, Position pos, const char *hint, const char *format, ...) {
  enum { ERRORS_MAX = 50 };
  if (checker->diag->errors >= ERRORS_MAX) return;
  DcError err = {.code = DC_CHECK, .pos = pos};
  va_list args;
  va_start(args, format);
  vsnprintf(err.message, sizeof err.message, format, args);
  va_end(args);
  if (hint && *hint) dc_hint(&err, "%s", hint);
  diagnostics_add(checker->diag, &err, false);
}

/* ---- own functions ---- */

static void collect(Checker *checker, const Block *block);

static void collect_stmt(Checker *checker, const Stmt *stmt) {
  switch (stmt->kind) {
    case STMT_FUNCTION:
      VEC_GROW(checker->own, checker->own_count, checker->own_cap);
      checker->own[checker->own_count++] = (OwnFunction){stmt->as.definition->name.text, stmt->as.definition};
      break;
    case STMT_PROCEDURE: collect(checker, &stmt->as.definition->body); break;
    case STMT_IF:
      for (size_t i = 0; i < stmt->as.branch.count; i++) collect(checker, &stmt->as.branch.blocks[i]);
      collect(checker, &stmt->as.branch.otherwise);
      break;
    case STMT_LOOP:
      collect(checker, &stmt->as.loop.body);
      collect(checker, &stmt->as.loop.otherwise);
      break;
    case STMT_WHILE: collect(checker, &stmt->as.while_loop.body); break;
    case STMT_TRY:
      collect(checker, &stmt->as.try_block.body);
      collect(checker, &stmt->as.try_block.handler);
      break;
    case STMT_BLOCK: collect(checker, &stmt->as.block); break;
    case STMT_INCLUDE: collect(checker, &stmt->as.include.body); break;
    default: break;
  }
}

static void collect(Checker *checker, const Block *block) {
  for (size_t i = 0; i < block->count; i++) collect_stmt(checker, block->stmts[i]);
}

static int by_name(const void *a, const void *b) {
  return str_compare(((const OwnFunction *)a)->name, ((const OwnFunction *)b)->name);
}

const OwnFunction *own_find(const Checker *checker, Str name, size_t *count) {
  OwnFunction wanted = {.name = name};
  const OwnFunction *found = checker->own_count ? bsearch(&wanted, checker->own, checker->own_count, sizeof wanted, by_name) : NULL;
  *count = 0;
  if (!found) return NULL;
  while (found > checker->own && str_eq(found[-1].name, name)) found--;
  const OwnFunction *end = checker->own + checker->own_count;
  while (found + *count < end && str_eq(found[*count].name, name)) ++*count;
  return found;
}

/* ---- definitions ---- */

static void check_block(Checker *checker, const Block *block);

static const char *definition_word(const Stmt *stmt) {
  return stmt->kind == STMT_FUNCTION ? "function" : stmt->kind == STMT_TRANSFORM ? "transform" : "procedure";
}

/* Are names attributes in the statements here? */
static NameUse names_here(const Checker *checker) {
  const Stmt *stmt = checker->definition;
  bool record = stmt && (stmt->kind == STMT_TRANSFORM || (stmt->kind == STMT_FUNCTION && stmt->as.definition->record));
  return record ? NAME_ATTRIBUTE : NAME_REFUSED;
}

static void check_definition(Checker *checker, const Stmt *stmt) {
  const Definition *definition = stmt->as.definition;
  Checker outer = *checker;
  if (definition->name.parts) check_error(checker, definition->name.pos, NULL, "the name of a %s cannot have {…} in it", definition_word(stmt));
  if (stmt->kind == STMT_FUNCTION && catalog_function(definition->name.text))
    check_error(checker, definition->name.pos, "choose another name", "the built-in function %.*s cannot be replaced", STR_ARG(definition->name.text));
  if (checker->definition && checker->definition->kind != STMT_PROCEDURE)
    check_error(checker, stmt->pos, NULL, "a %s cannot be defined inside of a %s", definition_word(stmt), definition_word(checker->definition));
  check_params(checker, definition->params, definition->param_count);
  checker->definition = stmt;
  checker->loops = 0;
  check_expr(checker, definition->expr, names_here(checker));
  for (size_t i = 0; i < definition->level_count; i++)
    for (size_t k = 0; k < definition->levels[i].count; k++) check_name(checker, &definition->levels[i].names[k]);
  check_block(checker, &definition->body);
  checker->definition = outer.definition;
  checker->loops = outer.loops;
  if (stmt->kind == STMT_TRANSFORM && !block_can_stop(&definition->body))
    check_error(checker, definition->name.pos, "its body runs again and again: FETCH reads its records, RETURN ends it",
                "transform %.*s has neither FETCH nor RETURN, so it would never end", STR_ARG(definition->name.text));
  if (stmt->kind == STMT_FUNCTION && !definition->expr && !block_ends(&definition->body))
    check_error(checker, definition->name.pos, "add a RETURN at the end", "function %.*s has a path without RETURN", STR_ARG(definition->name.text));
}

/* ---- statements in their places ---- */

static bool fits_function(StmtKind kind) {
  switch (kind) {
    case STMT_LET: case STMT_EXPR: case STMT_IF: case STMT_LOOP: case STMT_WHILE: case STMT_BREAK: case STMT_CONTINUE:
    case STMT_RAISE: case STMT_RETURN: case STMT_TRY: case STMT_BLOCK:
      return true;
    case STMT_FETCH: case STMT_YIELD:               /* reported by check_place */
    case STMT_FUNCTION: case STMT_PROCEDURE: case STMT_TRANSFORM: /* and by check_definition */
      return true;
    default:
      return false;
  }
}

static void check_return(Checker *checker, const Stmt *stmt) {
  const Stmt *definition = checker->definition;
  if (!definition || definition->kind == STMT_PROCEDURE)
    check_error(checker, stmt->pos, NULL, "RETURN is only possible in a function or a transform");
  else if (definition->kind == STMT_FUNCTION && !stmt->as.expr)
    check_error(checker, stmt->pos, NULL, "RETURN needs a value in a function");
  else if (definition->kind == STMT_TRANSFORM && stmt->as.expr)
    check_error(checker, stmt->as.expr->pos, "records come out by YIELD", "RETURN takes no value in a transform: it ends the partition");
}

static void check_place(Checker *checker, const Stmt *stmt) {
  const Stmt *definition = checker->definition;
  if (stmt->kind == STMT_RETURN) check_return(checker, stmt);
  if ((stmt->kind == STMT_FETCH || stmt->kind == STMT_YIELD) && (!definition || definition->kind != STMT_TRANSFORM))
    check_error(checker, stmt->pos, NULL, "%s is only possible in a transform", stmt->kind == STMT_FETCH ? "FETCH" : "YIELD");
  if ((stmt->kind == STMT_BREAK || stmt->kind == STMT_CONTINUE) && !checker->loops)
    check_error(checker, stmt->pos, NULL, "%s is only possible in a LOOP or WHILE", stmt->kind == STMT_BREAK ? "BREAK" : "CONTINUE");
  if (definition && definition->kind != STMT_PROCEDURE && !fits_function(stmt->kind))
    check_error(checker, stmt->pos, NULL, "this statement is not possible in a %s: only variables, control flow and RAISE are", definition_word(definition));
}

static void check_loop_body(Checker *checker, const Block *body) {
  checker->loops++;
  check_block(checker, body);
  checker->loops--;
}

/* "SHOW;" is read as a name, but nobody means a name that is evaluated for nothing. */
static void check_lone_expr(Checker *checker, const Expr *expr, NameUse names) {
  if (expr->kind == EXPR_ATTR && !expr->name.parts) {
    const StatementRow *row = statement_find(expr->name.text);
    check_error(checker, expr->pos, row ? row->syntax : "a variable is $name, a function name(), a procedure runs by CALL",
                "'%.*s' alone is no statement", STR_ARG(expr->name.text));
  } else {
    check_expr(checker, expr, names);
  }
}

static void check_control(Checker *checker, const Stmt *stmt) {
  NameUse names = names_here(checker);
  switch (stmt->kind) {
    case STMT_IF:
      for (size_t i = 0; i < stmt->as.branch.count; i++) {
        check_expr(checker, stmt->as.branch.conditions[i], names);
        check_block(checker, &stmt->as.branch.blocks[i]);
      }
      check_block(checker, &stmt->as.branch.otherwise);
      break;
    case STMT_LOOP:
      check_name(checker, &stmt->as.loop.variable);
      check_expr(checker, stmt->as.loop.values, names);
      check_loop_body(checker, &stmt->as.loop.body);
      check_block(checker, &stmt->as.loop.otherwise);
      break;
    case STMT_WHILE:
      check_expr(checker, stmt->as.while_loop.condition, names);
      check_loop_body(checker, &stmt->as.while_loop.body);
      break;
    case STMT_TRY:
      check_block(checker, &stmt->as.try_block.body);
      check_name(checker, &stmt->as.try_block.variable);
      check_block(checker, &stmt->as.try_block.handler);
      break;
    case STMT_BLOCK: check_block(checker, &stmt->as.block); break;
    case STMT_RAISE: check_expr(checker, stmt->as.raise.message, names); break;
    case STMT_EXPR: check_lone_expr(checker, stmt->as.expr, names); break;
    case STMT_RETURN: check_expr(checker, stmt->as.expr, names); break;
    case STMT_YIELD:
      check_expr(checker, stmt->as.yield.key, names);
      check_expr(checker, stmt->as.yield.object, names);
      break;
    default: break;
  }
}

static void check_stmt(Checker *checker, const Stmt *stmt) {
  check_place(checker, stmt);
  switch (stmt->kind) {
    case STMT_CREATE: case STMT_ALTER: case STMT_SELECT: case STMT_COPY: case STMT_SPLIT: case STMT_CALL: case STMT_ANALYZE:
    case STMT_EXPECT: case STMT_DESCRIBE: case STMT_EXEC:
      check_dataset_stmt(checker, stmt);
      break;
    case STMT_LET:
      check_name(checker, &stmt->as.let.name);
      check_expr(checker, stmt->as.let.value, names_here(checker) == NAME_ATTRIBUTE ? NAME_ATTRIBUTE : NAME_TEXT);
      break;
    case STMT_LET_SELECT:
      check_name(checker, &stmt->as.let_select.name);
      check_select(checker, stmt->as.let_select.select, stmt->pos, true);
      break;
    case STMT_IF: case STMT_LOOP: case STMT_WHILE: case STMT_TRY: case STMT_BLOCK: case STMT_RAISE: case STMT_EXPR:
    case STMT_RETURN: case STMT_YIELD:
      check_control(checker, stmt);
      break;
    case STMT_FUNCTION: case STMT_PROCEDURE: case STMT_TRANSFORM: check_definition(checker, stmt); break;
    case STMT_OPTIONS: check_params(checker, stmt->as.options.params, stmt->as.options.count); break;
    case STMT_INCLUDE: check_block(checker, &stmt->as.include.body); break;
    case STMT_EXPLAIN: check_stmt(checker, stmt->as.explain); break;
    case STMT_DROP:
      for (size_t i = 0; i < stmt->as.drop.count; i++) check_name(checker, &stmt->as.drop.names[i]);
      break;
    case STMT_BREAK: case STMT_CONTINUE: case STMT_FETCH: case STMT_SHOW: break;
  }
}

static void check_block(Checker *checker, const Block *block) {
  for (size_t i = 0; i < block->count; i++) check_stmt(checker, block->stmts[i]);
}

static void collect_all(Checker *checker, Unit *const *units, size_t count) {
  for (size_t i = 0; i < count; i++) collect(checker, &units[i]->body);
  if (checker->own_count) qsort(checker->own, checker->own_count, sizeof *checker->own, by_name);
}

DcCode check_units(Unit *const *units, size_t count, Library *library, Diagnostics *diag) {
  Checker checker = {.diag = diag, .library = library};
  size_t errors = diag->errors;
  collect_all(&checker, units, count);
  for (size_t i = 0; i < count; i++) check_block(&checker, &units[i]->body);
  dc_free(checker.own);
  return diag->errors > errors ? DC_CHECK : DC_OK;
}

DcCode check_added(Unit *const *units, size_t count, Library *library, Diagnostics *diag) {
  Checker checker = {.diag = diag, .library = library};
  size_t errors = diag->errors;
  const Block *body = &units[count - 1]->body;
  collect_all(&checker, units, count);
  for (size_t i = 0; i < body->count; i++) {
    checker.shown = body->stmts[i]->kind == STMT_SELECT ? body->stmts[i]->as.select : NULL;
    check_stmt(&checker, body->stmts[i]);
  }
  dc_free(checker.own);
  return diag->errors > errors ? DC_CHECK : DC_OK;
}
