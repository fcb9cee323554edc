/* select_build.c - makes SELECT, and the windows of its functions, for the grammar. Clauses come in any order. */
#include "lang/stmt_build.h"

SelectItem *item_new(Run *run, const Expr *expr, const Token *level, const Token *alias) {
  SelectItem *item = arena_alloc(run->parser->arena, sizeof *item);
  item->expr = expr;
  item->level = level_of(level);
  if (alias) item->alias = name_make(run, alias);
  bool name = expr->kind == EXPR_ATTR && !expr->name.parts && !expr->parenthesised;
  item->own_text = name ? expr->name.text : text_own(run, expr->pos);
  return item;
}

/* NULLs are last unless NULLS FIRST says otherwise. */
SortItem *sort_new(Run *run, const Expr *expr, const Token *direction, const Token *nulls) {
  SortItem *item = arena_alloc(run->parser->arena, sizeof *item);
  item->expr = expr;
  item->descending = direction && direction->kind == TK_DESC;
  item->nulls_first = nulls && nulls->kind == TK_FIRST;
  return item;
}

SelectBuild *select_new(Run *run, const Token *first, int distinct, const List *items) {
  Arena *arena = run->parser->arena;
  SelectBuild *build = arena_alloc(arena, sizeof *build);
  build->select = arena_alloc(arena, sizeof *build->select);
  build->first = first;
  build->select->distinct = distinct > 0;
  build->select->distinct_key = distinct == 2;
  build->select->items = items->items;
  build->select->item_count = items->count;
  return build;
}

void select_from(Run *run, SelectBuild *build, const Scope *scope) {
  ARENA_PUSH(run->parser->arena, build->select->from, build->select->from_count, *scope);
}

void select_into(Run *run, SelectBuild *build, const Target *target) {
  ARENA_PUSH(run->parser->arena, build->select->into, build->select->into_count, *target);
}

static void refuse_twice(Run *run, const Token *word, bool given) {
  if (given) parse_error(run, word->pos, "%s is given twice in one SELECT", token_describe(word->kind));
}

void select_where(Run *run, SelectBuild *build, const Token *word, const Token *level, const Expr *where) {
  refuse_twice(run, word, build->select->where);
  build->select->where = where;
  build->select->where_level = level_of(level);
}

void select_group(Run *run, SelectBuild *build, const Token *word, const List *exprs) {
  refuse_twice(run, word, build->select->group_by);
  build->select->group_by = exprs->items;
  build->select->group_count = exprs->count;
}

void select_having(Run *run, SelectBuild *build, const Token *word, const Expr *having) {
  refuse_twice(run, word, build->select->having);
  build->select->having = having;
}

void select_order(Run *run, SelectBuild *build, const Token *word, const List *sorts) {
  refuse_twice(run, word, build->select->order_by);
  build->select->order_by = sorts->items;
  build->select->order_count = sorts->count;
}

/* The operand of n% is one operand, so that "5 * 2 %" cannot be misread. */
void select_limit(Run *run, SelectBuild *build, const Token *word, const Expr *limit, const Token *percent) {
  Select *select = build->select;
  if (select->limit) parse_error(run, word->pos, "only one LIMIT or SAMPLE is possible in one SELECT");
  select->limit = limit;
  bool sample = word->kind == TK_SAMPLE;
  select->limit_kind = percent ? (sample ? SAMPLE_PERCENT : LIMIT_PERCENT) : (sample ? SAMPLE_ROWS : LIMIT_ROWS);
  if (percent && limit->kind == EXPR_OP && !limit->parenthesised)
    parse_error_hint(run, limit->pos, "write (a + b)%", "before %% stands a number, a variable, or an expression in parentheses");
}

Stmt *stmt_select(Run *run, const SelectBuild *build) {
  Stmt *stmt = stmt_new(run, STMT_SELECT, build->first);
  stmt->as.select = build->select;
  return stmt;
}

Window *window_new(Run *run, const List *partition_by, const List *order_by) {
  Window *window = arena_alloc(run->parser->arena, sizeof *window);
  if (partition_by) {
    window->partition_by = partition_by->items;
    window->partition_count = partition_by->count;
  }
  if (order_by) {
    window->order_by = order_by->items;
    window->order_count = order_by->count;
  }
  return window;
}

/* ROWS x alone means from x to the current row. */
Window *window_frame(Run *run, Window *window, const Bound *from, const Bound *to) {
  (void)run;
  window->has_frame = true;
  window->from = from->kind;
  window->from_offset = from->offset;
  window->to = to ? to->kind : FRAME_CURRENT;
  window->to_offset = to ? to->offset : NULL;
  return window;
}

Bound *bound_new(Run *run, FrameBound kind, const Expr *offset) {
  Bound *bound = arena_alloc(run->parser->arena, sizeof *bound);
  *bound = (Bound){kind, offset};
  return bound;
}
