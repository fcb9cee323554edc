/* check_query.c - static checks of the statements that work on data sets. */
#include <stdlib.h>

#include "lang/check_internal.h"

static bool has_name(const Name *name) { return name->parts || name->text.data; }

void check_scope(Checker *checker, const Scope *scope) {
  check_name(checker, &scope->name);
  check_name(checker, &scope->alias);
  check_expr(checker, scope->parts, NAME_REFUSED);
  bool wildcard = false;
  for (size_t i = 0; i < scope->input_count; i++) {
    check_scope(checker, &scope->inputs[i]);
    wildcard |= scope->inputs[i].wildcard;
  }
  if (scope->kind >= SCOPE_JOIN_INNER && scope->input_count < 2 && !wildcard)
    check_error(checker, scope->pos, NULL, "JOIN needs at least two datasets");
}

static void check_target(Checker *checker, const Target *target) {
  check_name(checker, &target->name);
  check_name(checker, &target->alias);
}

/* By name, and where they are equal by place. */
static int by_name(const void *a, const void *b) {
  const Param *left = *(const Param *const *)a, *right = *(const Param *const *)b;
  int order = str_compare(left->name.text, right->name.text);
  return order ? order : left < right ? -1 : 1;
}

static void check_twice(Checker *checker, const Param *params, size_t count) {
  const Param **sorted = dc_alloc(count * sizeof *sorted);
  for (size_t i = 0; i < count; i++) sorted[i] = &params[i];
  qsort(sorted, count, sizeof *sorted, by_name);
  for (size_t i = 1; i < count; i++)
    if (!sorted[i]->name.parts && !sorted[i - 1]->name.parts && str_eq(sorted[i]->name.text, sorted[i - 1]->name.text))
      check_error(checker, sorted[i]->pos, NULL, "@%.*s is given twice", STR_ARG(sorted[i]->name.text));
  dc_free(sorted);
}

void check_params(Checker *checker, const Param *params, size_t count) {
  for (size_t i = 0; i < count; i++) {
    check_name(checker, &params[i].name);
    check_expr(checker, params[i].value, NAME_TEXT);
  }
  if (count > 1) check_twice(checker, params, count);
}

static void check_levels(Checker *checker, const LevelList *levels, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < levels[i].count; k++) check_name(checker, &levels[i].names[k]);
    check_expr(checker, levels[i].expr, NAME_REFUSED);
  }
}

void check_invocation(Checker *checker, const Invocation *invocation) {
  check_name(checker, &invocation->name);
  check_params(checker, invocation->params, invocation->param_count);
  check_levels(checker, invocation->levels, invocation->level_count);
}

/* ---- SELECT ---- */

static void check_item(Checker *checker, const SelectItem *item) {
  check_expr(checker, item->expr, NAME_ATTRIBUTE);
  check_name(checker, &item->alias);
}

static void check_pairs(Checker *checker, const Select *select, Position pos) {
  if (!select->into_count) {
    if (select == checker->shown) return;
    check_error(checker, pos, "INTO \"name\" makes a dataset; LET $v = SELECT … gives the values to a variable", "SELECT has no INTO");
    return;
  }
  if (select->from_count != select->into_count) {
    check_error(checker, pos, NULL, "SELECT has %zu FROM and %zu INTO: they belong together in pairs", select->from_count, select->into_count);
    return;
  }
  for (size_t i = 0; i < select->from_count; i++) {
    const Scope *from = &select->from[i];
    bool wildcard = from->kind == SCOPE_DATASET && from->wildcard;
    if (wildcard == select->into[i].wildcard) continue;
    if (wildcard) check_error(checker, select->into[i].name.pos, "write INTO \"prefix\" *", "FROM has a wildcard, so INTO needs one too");
    else check_error(checker, select->into[i].name.pos, "write FROM \"prefix\" *, or leave the * out", "INTO has a wildcard, but its FROM has none");
  }
}

static void check_subquery(Checker *checker, const Select *select, Position pos) {
  if (select->into_count) check_error(checker, select->into[0].name.pos, NULL, "a SELECT whose values go to a variable has no INTO");
  if (select->from_count > 1) check_error(checker, select->from[1].pos, NULL, "a SELECT whose values go to a variable has one FROM");
  if (select->item_count != 1 || select->items[0].expr->kind == EXPR_STAR)
    check_error(checker, pos, NULL, "a SELECT whose values go to a variable takes one expression");
}

void check_select(Checker *checker, const Select *select, Position pos, bool into_variable) {
  checker->aggregates = checker->windows = true;
  for (size_t i = 0; i < select->item_count; i++) check_item(checker, &select->items[i]);
  checker->windows = false;
  check_expr(checker, select->having, NAME_ATTRIBUTE);
  checker->windows = true;
  for (size_t i = 0; i < select->order_count; i++) check_expr(checker, select->order_by[i].expr, NAME_ATTRIBUTE);
  checker->aggregates = checker->windows = false;
  check_expr(checker, select->where, NAME_ATTRIBUTE);
  for (size_t i = 0; i < select->group_count; i++) check_expr(checker, select->group_by[i], NAME_ATTRIBUTE);
  check_expr(checker, select->limit, NAME_REFUSED);
  for (size_t i = 0; i < select->from_count; i++) check_scope(checker, &select->from[i]);
  for (size_t i = 0; i < select->into_count; i++) check_target(checker, &select->into[i]);
  if (!select->from_count) check_error(checker, pos, "FROM \"dual\" has one record", "SELECT has no FROM");
  else if (into_variable) check_subquery(checker, select, pos);
  else check_pairs(checker, select, pos);
}

/* ---- the others ---- */

static void check_alter(Checker *checker, const Stmt *stmt) {
  check_name(checker, &stmt->as.alter.name);
  check_expr(checker, stmt->as.alter.parts, NAME_REFUSED);
  for (size_t i = 0; i < stmt->as.alter.count; i++) {
    const Alteration *item = &stmt->as.alter.items[i];
    switch (item->kind) {
      case ALTER_TRANSFORM: check_invocation(checker, &item->transform); break;
      case ALTER_KEY: check_expr(checker, item->expr, NAME_ATTRIBUTE); break;
      case ALTER_PARTITION: check_expr(checker, item->expr, NAME_REFUSED); break;
    }
  }
  if (!stmt->as.alter.has_into) return;
  check_target(checker, &stmt->as.alter.into);
  if (stmt->as.alter.wildcard != stmt->as.alter.into.wildcard)
    check_error(checker, stmt->as.alter.into.name.pos, NULL,
                stmt->as.alter.wildcard ? "ALTER has a wildcard, so INTO needs one too" : "INTO has a wildcard, but ALTER has none");
}

static void check_split(Checker *checker, const Stmt *stmt) {
  check_scope(checker, &stmt->as.split.from);
  for (size_t i = 0; i < stmt->as.split.by_count; i++) {
    const SelectItem *item = &stmt->as.split.by[i];
    if (item->expr->kind == EXPR_STAR) check_error(checker, item->expr->pos, NULL, "SPLIT goes BY expressions, not by *");
    check_item(checker, item);
  }
  check_target(checker, &stmt->as.split.into);
  if (!stmt->as.split.into.wildcard)
    check_error(checker, stmt->as.split.into.name.pos, "write INTO \"prefix\" *", "SPLIT makes many datasets: * is missing behind the name");
  check_expr(checker, stmt->as.split.partitions, NAME_REFUSED);
}

static void check_call(Checker *checker, const Stmt *stmt) {
  check_invocation(checker, &stmt->as.call.call);
  for (size_t i = 0; i < stmt->as.call.input_count; i++) {
    if (has_name(&stmt->as.call.input_aliases[i])) check_name(checker, &stmt->as.call.input_aliases[i]);
    check_scope(checker, &stmt->as.call.inputs[i]);
  }
  for (size_t i = 0; i < stmt->as.call.output_count; i++) check_target(checker, &stmt->as.call.outputs[i]);
}

void check_dataset_stmt(Checker *checker, const Stmt *stmt) {
  switch (stmt->kind) {
    case STMT_CREATE:
      check_name(checker, &stmt->as.create.name);
      check_invocation(checker, &stmt->as.create.adapter);
      check_expr(checker, stmt->as.create.path, NAME_REFUSED);
      check_expr(checker, stmt->as.create.partitions, NAME_REFUSED);
      break;
    case STMT_ALTER: check_alter(checker, stmt); break;
    case STMT_SELECT: check_select(checker, stmt->as.select, stmt->pos, false); break;
    case STMT_COPY:
      for (size_t i = 0; i < stmt->as.copy.count; i++) check_scope(checker, &stmt->as.copy.scopes[i]);
      check_invocation(checker, &stmt->as.copy.adapter);
      check_expr(checker, stmt->as.copy.path, NAME_REFUSED);
      break;
    case STMT_SPLIT: check_split(checker, stmt); break;
    case STMT_CALL: check_call(checker, stmt); break;
    case STMT_ANALYZE:
      check_name(checker, &stmt->as.analyze.name);
      check_expr(checker, stmt->as.analyze.key, NAME_ATTRIBUTE);
      break;
    case STMT_EXPECT:
      check_scope(checker, &stmt->as.expect.from);
      check_expr(checker, stmt->as.expect.where, NAME_ATTRIBUTE);
      check_expr(checker, stmt->as.expect.at_least, NAME_REFUSED);
      check_expr(checker, stmt->as.expect.message, NAME_REFUSED);
      break;
    case STMT_EXEC:
      check_invocation(checker, &stmt->as.exec.system);
      check_expr(checker, stmt->as.exec.statement, NAME_REFUSED);
      check_expr(checker, stmt->as.exec.values, NAME_REFUSED);
      break;
    case STMT_DESCRIBE: check_name(checker, &stmt->as.describe); break;
    default: break;
  }
}
