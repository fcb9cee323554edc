/* select.c - plans a SELECT: all expressions are bound to the input first, then rewritten to the columns of what is put
 * above it: filter, GROUP BY, HAVING, window functions, ORDER BY, projection, DISTINCT, LIMIT. Nothing here touches data.
 */
#include <math.h>

#include "engine/pass.h"
#include "engine/structured.h"

typedef struct PlanItem {
  Str name;
  const Expr *expr;
  Position pos;
} PlanItem;

typedef struct Planner {
  Engine *engine;
  EvalContext *cx;
  const Select *select;
  DcError *err;
  const Schema *in;  /* of the input */
  Dataset *node;     /* what is planned so far: an owned reference */
  Program *program;  /* holds all expressions */
  Arena *arena;      /* of the program */
  PlanItem *items;
  size_t item_count;
  bool all;          /* the items are * alone: no projection */
  const Expr *where, *having;
  const Expr **groups;
  SortKey *order;
  bool grouped;
} Planner;

/* --- Expressions --- */

static bool same_value(Value a, Value b) { return a.type == b.type && value_total_order(a, b) == 0; }

bool same_expr(const Expr *a, const Expr *b) {
  if (!a || !b) return a == b;
  if (a->kind != b->kind || a->count != b->count || a->over || b->over || a->distinct != b->distinct) return false;
  if (a->kind == EXPR_LITERAL) return same_value(a->literal, b->literal);
  if (a->kind == EXPR_ATTR && (a->column != b->column || !a->steps != !b->steps)) return false;
  if (a->kind == EXPR_ATTR && a->steps && !str_eq(a->name.text, b->name.text)) return false;
  if (a->kind == EXPR_OP && (a->op != b->op || a->op->special == SPECIAL_RANDOM)) return false;
  if (a->kind == EXPR_CALL && (a->function != b->function || !str_eq(a->name.text, b->name.text))) return false;
  for (size_t i = 0; i < a->count; i++)
    if (!same_expr(a->items[i], b->items[i])) return false;
  return true;
}

/* COUNT, SUM: an aggregate wherever it stands. MIN(x), which also works on one record, is one beside others. */
static bool is_pure_aggregate(const Expr *expr) {
  return expr->kind == EXPR_CALL && !expr->over && expr->function && expr->function->aggregate && (expr->function->max_args >= 0 || expr->distinct);
}

static bool is_aggregate(const Expr *expr) {
  return is_pure_aggregate(expr) || (expr->kind == EXPR_CALL && !expr->over && expr->function && expr->function->aggregate && expr->count == 1);
}

static bool window_any(const Window *window, bool (*test)(const Expr *)) {
  for (size_t i = 0; i < window->partition_count; i++)
    if (test(window->partition_by[i])) return true;
  for (size_t i = 0; i < window->order_count; i++)
    if (test(window->order_by[i].expr)) return true;
  return false;
}

static bool has_aggregate(const Expr *expr) {
  if (!expr) return false;
  if (is_pure_aggregate(expr) || (expr->over && window_any(expr->over, has_aggregate))) return true;
  for (size_t i = 0; i < expr->count; i++)
    if (has_aggregate(expr->items[i])) return true;
  return false;
}

static bool has_window(const Expr *expr) {
  if (!expr) return false;
  if (expr->over) return true;
  for (size_t i = 0; i < expr->count; i++)
    if (has_window(expr->items[i])) return true;
  return false;
}

static const Expr *column_expr(Planner *planner, int column, const Expr *from, Str name) {
  Expr *made = arena_alloc(planner->arena, sizeof *made);
  made->kind = EXPR_ATTR;
  made->pos = from->pos;
  made->name = (Name){.text = name, .pos = from->pos};
  made->column = column;
  return made;
}

/* --- Rewriting expressions to the columns of a node above --- */

typedef struct Rewriter Rewriter;
struct Rewriter {
  Planner *planner;
  /* The column that stands for the whole expression, or -1. */
  int (*match)(Rewriter *self, const Expr *expr);
  /* An attribute that nothing stands for: NULL lets it be. */
  DcCode (*missing)(Rewriter *self, const Expr *expr);
  void *self;
};

static DcCode rewrite(Rewriter *rewriter, const Expr *expr, const Expr **out);

static DcCode rewrite_list(Rewriter *rewriter, const Expr *const *from, size_t count, const Expr ***out) {
  const Expr **items = arena_alloc(rewriter->planner->arena, (count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++)
    if (from[i]) DC_TRY(rewrite(rewriter, from[i], &items[i]));
  *out = items;
  return DC_OK;
}

static DcCode rewrite_window(Rewriter *rewriter, const Window *from, const Window **out) {
  Window *window = arena_alloc(rewriter->planner->arena, sizeof *window);
  *window = *from;
  DC_TRY(rewrite_list(rewriter, from->partition_by, from->partition_count, &window->partition_by));
  window->order_by = arena_alloc(rewriter->planner->arena, (from->order_count + 1) * sizeof *window->order_by);
  for (size_t i = 0; i < from->order_count; i++) {
    window->order_by[i] = from->order_by[i];
    DC_TRY(rewrite(rewriter, from->order_by[i].expr, &window->order_by[i].expr));
  }
  *out = window;
  return DC_OK;
}


static DcCode rewrite(Rewriter *rewriter, const Expr *expr, const Expr **out) {
  Planner *planner = rewriter->planner;
  int column = rewriter->match(rewriter, expr);
  if (column >= 0) {
    *out = column_expr(planner, column, expr, program_column_name(expr));
    return DC_OK;
  }
  if (expr->kind == EXPR_ATTR && rewriter->missing) return rewriter->missing(rewriter, expr);
  Expr *made = arena_alloc(planner->arena, sizeof *made);
  *made = *expr;
  DC_TRY(rewrite_list(rewriter, expr->items, expr->count, &made->items));
  if (expr->over) DC_TRY(rewrite_window(rewriter, expr->over, &made->over));
  *out = made;
  return DC_OK;
}

/* All that is evaluated above the node that the rewriter knows. */
static DcCode rewrite_rest(Rewriter *rewriter) {
  Planner *planner = rewriter->planner;
  for (size_t i = 0; i < planner->item_count; i++) DC_TRY(rewrite(rewriter, planner->items[i].expr, &planner->items[i].expr));
  if (planner->having) DC_TRY(rewrite(rewriter, planner->having, &planner->having));
  for (size_t i = 0; i < planner->select->order_count; i++) DC_TRY(rewrite(rewriter, planner->order[i].expr, &planner->order[i].expr));
  return DC_OK;
}

/* --- Binding --- */

static DcCode item_name(Planner *planner, const SelectItem *item, Str *out) {
  if (item->alias.text.data || item->alias.parts) DC_TRY(eval_name(planner->cx, &item->alias, out, planner->err));
  else if (item->expr->kind == EXPR_ATTR) DC_TRY(eval_name(planner->cx, &item->expr->name, out, planner->err));
  else *out = item->own_text;
  *out = arena_str(planner->arena, *out);
  return DC_OK;
}

static DcCode bind(Planner *planner, const Expr *expr, const Expr **out) {
  return program_bind(planner->program, planner->engine, planner->in, planner->cx, expr, out, planner->err);
}

/* The same where the names of the items may stand, too: GROUP BY, HAVING, ORDER BY. */
static DcCode bind_named(Planner *planner, const Expr *expr, const Expr **out) {
  NamedExpr *aliases = arena_alloc(planner->arena, (planner->item_count + 1) * sizeof *aliases);
  for (size_t i = 0; i < planner->item_count; i++) aliases[i] = (NamedExpr){planner->items[i].name, planner->items[i].expr};
  return program_bind_named(planner->program, planner->engine, planner->in, aliases, planner->item_count, planner->cx, expr, out, planner->err);
}

static DcCode check_twice(Planner *planner) {
  const PlanItem *last = &planner->items[planner->item_count - 1];
  for (size_t k = 0; k + 1 < planner->item_count; k++)
    if (str_eq(planner->items[k].name, last->name))
      return dc_fail_at(planner->err, DC_FAIL, last->pos, "two items are called \"%.*s\"; give one another name with AS", STR_ARG(last->name));
  return DC_OK;
}

/* Attributes pass as they are, * is all of them, the others are bound. */
static DcCode bind_items(Planner *planner) {
  const Select *select = planner->select;
  const Schema *in = planner->in;
  size_t most = select->item_count + in->count * select->item_count;
  planner->items = arena_alloc(planner->arena, (most + 1) * sizeof *planner->items);
  planner->all = select->item_count == 1 && select->items[0].expr->kind == EXPR_STAR;
  for (size_t i = 0; i < select->item_count; i++) {
    const SelectItem *item = &select->items[i];
    if (item->expr->kind == EXPR_STAR) {
      for (uint32_t c = 0; c < in->count; c++)
        planner->items[planner->item_count++] = (PlanItem){in->names[c], column_expr(planner, (int)c, item->expr, in->names[c]), item->expr->pos};
      continue;
    }
    PlanItem *made = &planner->items[planner->item_count++];
    made->pos = item->expr->pos;
    DC_TRY(item_name(planner, item, &made->name));
    DC_TRY(check_twice(planner));
    DC_TRY(bind(planner, item->expr, &made->expr));
  }
  return DC_OK;
}

/* A number or a name of an item in GROUP BY and ORDER BY. */
static const PlanItem *named_item(Planner *planner, const Expr *expr, const char *clause, DcCode *code) {
  *code = DC_OK;
  if (expr->kind == EXPR_LITERAL && expr->literal.type == TYPE_INT) {
    int64_t number = expr->literal.as.i;
    if (number >= 1 && (uint64_t)number <= planner->item_count) return &planner->items[number - 1];
    *code = dc_fail_at(planner->err, DC_FAIL, expr->pos, "%s %lld: there are %zu items", clause, (long long)number, planner->item_count);
    dc_hint(planner->err, "a number in %s is the number of an item", clause);
    return NULL;
  }
  if (expr->kind != EXPR_ATTR) return NULL;
  Str name;
  *code = eval_name(planner->cx, &expr->name, &name, planner->err);
  for (size_t i = 0; *code == DC_OK && i < planner->item_count; i++)
    if (str_eq(planner->items[i].name, name)) return &planner->items[i];
  return NULL;
}

/* An attribute of the input comes before the name of an item. */
static DcCode bind_group(Planner *planner, const Expr *expr, const Expr **out) {
  DcCode code;
  const PlanItem *item = named_item(planner, expr, "GROUP BY", &code);
  if (code != DC_OK) return code;
  if (item && expr->kind == EXPR_ATTR) {
    Str name;
    DC_TRY(eval_name(planner->cx, &expr->name, &name, planner->err));
    bool any = planner->in->type == DS_PLAIN_TEXT || planner->in->type == DS_STRUCTURED; /* they take any name for theirs */
    if (!any && schema_column(planner->in, name) >= 0) item = NULL;
  }
  if (!item) DC_TRY(bind_named(planner, expr, out));
  else *out = item->expr;
  if (!has_aggregate(*out) && !has_window(*out)) return DC_OK;
  return dc_fail_at(planner->err, DC_FAIL, expr->pos, "GROUP BY cannot use an aggregate: it says what the groups are");
}

static DcCode bind_order(Planner *planner, const SortItem *item, SortKey *out) {
  DcCode code;
  const PlanItem *named = named_item(planner, item->expr, "ORDER BY", &code);
  if (code != DC_OK) return code;
  *out = (SortKey){NULL, item->descending, item->nulls_first};
  if (!named) return bind_named(planner, item->expr, &out->expr);
  out->expr = named->expr;
  return DC_OK;
}

static DcCode bind_all(Planner *planner) {
  const Select *select = planner->select;
  if (select->where) DC_TRY(bind(planner, select->where, &planner->where));
  DC_TRY(bind_items(planner));
  planner->groups = arena_alloc(planner->arena, (select->group_count + 1) * sizeof *planner->groups);
  for (size_t i = 0; i < select->group_count; i++) DC_TRY(bind_group(planner, select->group_by[i], &planner->groups[i]));
  if (select->having) DC_TRY(bind_named(planner, select->having, &planner->having));
  planner->order = arena_alloc(planner->arena, (select->order_count + 1) * sizeof *planner->order);
  for (size_t i = 0; i < select->order_count; i++) DC_TRY(bind_order(planner, &select->order_by[i], &planner->order[i]));
  planner->grouped = select->group_count || select->having;
  for (size_t i = 0; i < planner->item_count && !planner->grouped; i++) planner->grouped = has_aggregate(planner->items[i].expr);
  for (size_t i = 0; i < select->order_count && !planner->grouped; i++) planner->grouped = has_aggregate(planner->order[i].expr);
  return DC_OK;
}

/* --- Nodes --- */

/* Puts a node over what is planned so far. */
static Dataset *put_node(Planner *planner, NodeKind kind) {
  Dataset *node = node_new(planner->engine, kind, planner->node);
  node->op.program = program_ref(planner->program);
  planner->node = node;
  return node;
}

static bool is_count_star(const Planner *planner) {
  const Expr *expr = planner->item_count == 1 ? planner->items[0].expr : NULL;
  return expr && !planner->select->group_count && !planner->having && !planner->select->order_count && is_pure_aggregate(expr) &&
         expr->function->special == SPECIAL_COUNT_STAR && expr->count == 1 && expr->items[0]->kind == EXPR_STAR;
}

typedef struct Grouping {
  GroupPlan *plan;
  size_t cap;
} Grouping;

static bool same_call(const AggregateCall *call, const Expr *expr) {
  size_t count = expr->count && expr->items[0]->kind == EXPR_STAR ? 0 : expr->count;
  if (call->function != expr->function || call->distinct != expr->distinct || call->arg_count != count) return false;
  for (size_t i = 0; i < count; i++)
    if (!same_expr(call->args[i], expr->items[i])) return false;
  return true;
}

static AggregateCall call_of(const Expr *expr) {
  bool star = expr->count && expr->items[0]->kind == EXPR_STAR;
  return (AggregateCall){expr->function, expr->items, star ? 0 : expr->count, expr->distinct, expr->pos};
}

static int match_group(Rewriter *rewriter, const Expr *expr) {
  Grouping *grouping = rewriter->self;
  GroupPlan *plan = grouping->plan;
  for (size_t i = 0; i < plan->key_count; i++)
    if (same_expr(plan->keys[i], expr)) return (int)i;
  if (!is_aggregate(expr)) return -1;
  for (size_t i = 0; i < plan->call_count; i++)
    if (same_call(&plan->calls[i], expr)) return (int)(plan->key_count + i);
  if (plan->call_count == grouping->cap) {
    grouping->cap = grouping->cap ? grouping->cap * 2 : 8;
    AggregateCall *more = arena_alloc(rewriter->planner->arena, grouping->cap * sizeof *more);
    if (plan->call_count) memcpy(more, plan->calls, plan->call_count * sizeof *more);
    plan->calls = more;
  }
  plan->calls[plan->call_count++] = call_of(expr);
  return (int)(plan->key_count + plan->call_count - 1);
}

static DcCode not_grouped(Rewriter *rewriter, const Expr *expr) {
  DcError *err = rewriter->planner->err;
  dc_fail_at(err, DC_FAIL, expr->pos, "\"%.*s\" is neither in GROUP BY nor in an aggregate: a group has many values of it", STR_ARG(expr->name.text));
  dc_hint(err, "FIRST(\"%.*s\") takes that of its first record", STR_ARG(expr->name.text));
  return err->code;
}

static DcCode plan_group(Planner *planner) {
  const Select *select = planner->select;
  for (size_t i = 0; i < select->item_count; i++)
    if (select->items[i].expr->kind == EXPR_STAR)
      return dc_fail_at(planner->err, DC_FAIL, select->items[i].expr->pos, "* has no meaning for groups; name what GROUP BY names, and aggregates");
  Grouping grouping = {.plan = arena_alloc(planner->arena, sizeof *grouping.plan)};
  grouping.plan->keys = planner->groups;
  grouping.plan->key_count = select->group_count;
  Rewriter rewriter = {planner, match_group, not_grouped, &grouping};
  DC_TRY(rewrite_rest(&rewriter));
  Dataset *node = put_node(planner, NODE_GROUP);
  node->group = grouping.plan;
  node->partitions = 1;
  node->keyed = select->group_count > 0;
  size_t count = select->group_count + grouping.plan->call_count;
  Str *names = arena_alloc(planner->arena, (count + 1) * sizeof *names);
  for (size_t i = 0; i < count; i++)
    names[i] = i < select->group_count ? program_column_name(planner->groups[i]) : str_of(grouping.plan->calls[i - select->group_count].function->name);
  const struct ArrowSchema *const *below = planner->node->input->schema.types;
  const struct ArrowSchema **types = arena_alloc(planner->arena, (count + 1) * sizeof *types);
  for (size_t i = 0; below && i < select->group_count; i++)
    if (planner->groups[i]->kind == EXPR_ATTR && !planner->groups[i]->steps && planner->groups[i]->column >= 0) types[i] = below[planner->groups[i]->column];
  node_schema(node, DS_COLUMNAR, names, count);
  node_types(node, types);
  if (planner->having) put_node(planner, NODE_NARROW)->op.where = planner->having;
  return DC_OK;
}

typedef struct Windowing {
  WindowPlan *plan;
  size_t cap;
  uint32_t base; /* columns of the input */
} Windowing;

static int match_window(Rewriter *rewriter, const Expr *expr) {
  Windowing *windowing = rewriter->self;
  Planner *planner = rewriter->planner;
  const Window *over = expr->over;
  if (!over) return -1;
  WindowPlan *plan = windowing->plan;
  if (plan->call_count == windowing->cap) {
    windowing->cap = windowing->cap ? windowing->cap * 2 : 8;
    WindowCall *more = arena_alloc(planner->arena, windowing->cap * sizeof *more);
    if (plan->call_count) memcpy(more, plan->calls, plan->call_count * sizeof *more);
    plan->calls = more;
  }
  WindowCall *call = &plan->calls[plan->call_count++];
  *call = (WindowCall){.call = call_of(expr), .partition_by = over->partition_by, .partition_count = over->partition_count,
                       .order_count = over->order_count, .has_frame = over->has_frame, .from = over->from, .to = over->to,
                       .from_offset = over->from_offset, .to_offset = over->to_offset};
  call->order_by = arena_alloc(planner->arena, (over->order_count + 1) * sizeof *call->order_by);
  for (size_t i = 0; i < over->order_count; i++)
    call->order_by[i] = (SortKey){over->order_by[i].expr, over->order_by[i].descending, over->order_by[i].nulls_first};
  return (int)(windowing->base + plan->call_count - 1);
}

static DcCode plan_windows(Planner *planner) {
  bool any = false;
  for (size_t i = 0; i < planner->item_count; i++) any = any || has_window(planner->items[i].expr);
  for (size_t i = 0; i < planner->select->order_count; i++) any = any || has_window(planner->order[i].expr);
  if (!any) return DC_OK;
  uint32_t base = planner->node->schema.count;
  Windowing windowing = {.plan = arena_alloc(planner->arena, sizeof *windowing.plan), .base = base};
  Rewriter rewriter = {planner, match_window, NULL, &windowing};
  planner->having = NULL; /* is planned below */
  DC_TRY(rewrite_rest(&rewriter));
  size_t count = windowing.plan->call_count;
  Str *names = arena_alloc(planner->arena, (base + count + 1) * sizeof *names);
  for (uint32_t i = 0; i < base; i++) names[i] = planner->node->schema.names[i];
  for (size_t i = 0; i < count; i++) names[base + i] = str_of(windowing.plan->calls[i].call.function->name);
  Dataset *node = put_node(planner, NODE_WINDOW);
  node->window = windowing.plan;
  const struct ArrowSchema **types = arena_alloc(planner->arena, (base + count + 1) * sizeof *types);
  for (uint32_t i = 0; node->input->schema.types && i < base; i++) types[i] = node->input->schema.types[i];
  node_schema(node, DS_COLUMNAR, names, base + count);
  node_types(node, types);
  return DC_OK;
}

/* --- Projection and order --- */

/* The filter, if it is still to be put, and the items go into one node. */
static void plan_projection(Planner *planner, bool filter) {
  if (planner->all && !filter) return;
  Dataset *node = put_node(planner, NODE_NARROW);
  if (filter) node->op.where = planner->where;
  if (planner->all) return;
  ProjectItem *items = arena_alloc(&node->arena, (planner->item_count + 1) * sizeof *items);
  Str *names = arena_alloc(&node->arena, (planner->item_count + 1) * sizeof *names);
  for (size_t i = 0; i < planner->item_count; i++) {
    const Expr *expr = planner->items[i].expr;
    names[i] = planner->items[i].name;
    items[i] = (ProjectItem){expr->kind == EXPR_ATTR && !expr->steps ? expr->column : -1, expr};
  }
  node->op.items = items;
  node->op.item_count = planner->item_count;
  node->op.project = true;
  bool plain = planner->in->type == DS_PLAIN_TEXT && !planner->grouped, text = plain && planner->item_count == 1;
  static const Str value_name = {"_value", 6};
  bool columns = plain || planner->grouped || planner->in->type == DS_STRUCTURED; /* plan_objects makes objects of them */
  DatasetType type = text ? DS_PLAIN_TEXT : columns ? DS_COLUMNAR : planner->in->type;
  node_schema(node, type, text ? &value_name : names, planner->item_count);
  node_item_types(node);
}

static void add_once(Str *names, size_t *count, Str name) {
  for (size_t i = 0; i < *count; i++)
    if (str_eq(names[i], name)) return;
  names[(*count)++] = name;
}

/* SELECT on Structured gives Structured: what was planned as columns becomes one object a record; * gives all members of
   the source's object. The array of LET … = SELECT is of the values themselves. */
static void plan_objects(Planner *planner) {
  const Schema *in = planner->in;
  if (in->type != DS_STRUCTURED || planner->grouped || planner->all || !planner->select->into_count) return;
  size_t most = planner->item_count * (in->attribute_count + 1), known = 0;
  Str *names = arena_alloc(planner->arena, (planner->item_count + 1) * sizeof *names);
  Str *attributes = arena_alloc(planner->arena, (most + 1) * sizeof *attributes);
  for (size_t i = 0; i < planner->item_count; i++) {
    const Expr *expr = planner->items[i].expr;
    bool star = expr->kind == EXPR_ATTR && !expr->steps && str_eq(planner->items[i].name, in->names[0]);
    if (!star) add_once(attributes, &known, names[i] = planner->items[i].name);
    for (uint32_t k = 0; star && k < in->attribute_count; k++) add_once(attributes, &known, in->attributes[k]);
  }
  planner->node = structured_wrap(planner->node, names, planner->item_count, attributes, known);
}

static int match_output(Rewriter *rewriter, const Expr *expr) {
  const Planner *planner = rewriter->planner;
  for (size_t i = 0; i < planner->item_count; i++)
    if (same_expr(planner->items[i].expr, expr)) return (int)i;
  return -1;
}

static DcCode not_in_output(Rewriter *rewriter, const Expr *expr) {
  (void)expr;
  *(bool *)rewriter->self = false;
  return DC_FAIL;
}

/* The order in terms of the items; false: it needs something that they do not have. */
static bool order_of_output(Planner *planner, SortKey *out) {
  bool possible = true;
  Rewriter rewriter = {planner, match_output, not_in_output, &possible};
  for (size_t i = 0; i < planner->select->order_count && possible; i++) {
    out[i] = planner->order[i];
    (void)!rewrite(&rewriter, planner->order[i].expr, &out[i].expr);
  }
  return possible;
}

static void plan_sort(Planner *planner, SortKey *keys, const Value *limit, bool last) {
  Dataset *node = put_node(planner, NODE_SORT);
  node->sort = arena_alloc(planner->arena, sizeof *node->sort);
  *node->sort = (SortPlan){keys, planner->select->order_count, UINT64_MAX};
  Value number;
  if (last && limit && planner->select->limit_kind == LIMIT_ROWS && value_to_number(*limit, &number) && number.type == TYPE_INT && number.as.i >= 0)
    node->sort->limit = (uint64_t)number.as.i;
}

static void plan_distinct(Planner *planner) {
  if (!planner->select->distinct && !planner->select->distinct_key) return;
  put_node(planner, NODE_DISTINCT)->distinct_key = planner->select->distinct_key;
}

/* Sorting comes last where the items have all that the order needs; else before the projection. */
static DcCode plan_items(Planner *planner, const Value *limit, bool filter) {
  const Select *select = planner->select;
  bool distinct = select->distinct || select->distinct_key;
  if (!select->order_count) {
    plan_projection(planner, filter);
    plan_distinct(planner);
    return DC_OK;
  }
  SortKey *keys = arena_alloc(planner->arena, (select->order_count + 1) * sizeof *keys);
  bool plain = planner->all || order_of_output(planner, keys);
  if (planner->all) memcpy(keys, planner->order, select->order_count * sizeof *keys);
  if (!plain && distinct) {
    dc_fail_at(planner->err, DC_FAIL, select->order_by[0].expr->pos, "with DISTINCT, ORDER BY can use only what is selected");
    dc_hint(planner->err, "select it, too, or sort in a further SELECT");
    return planner->err->code;
  }
  if (!plain && filter) put_node(planner, NODE_NARROW)->op.where = planner->where;
  if (!plain) plan_sort(planner, planner->order, limit, false);
  plan_projection(planner, filter && plain);
  plan_distinct(planner);
  if (plain) plan_sort(planner, keys, limit, true);
  return DC_OK;
}

/* --- LIMIT, SAMPLE --- */

static DcCode limit_number(const Value *limit, Position pos, bool share, double *out, DcError *err) {
  Value number;
  if (!limit || !value_to_number(*limit, &number) || !value_to_double(number, out) || !(*out >= 0) ||
      (!share && *out != floor(*out)) || (share && *out > 100)) {
    Buf text = {0};
    value_print(&text, limit ? *limit : value_null());
    dc_fail_at(err, DC_FAIL, pos, "LIMIT needs a %s, not %.*s", share ? "percentage from 0 to 100" : "whole number of rows", (int)text.len, text.data);
    buf_free(&text);
    return err->code;
  }
  return DC_OK;
}

static DcCode plan_limit(Planner *planner, const Value *limit) {
  const Select *select = planner->select;
  bool share = select->limit_kind == LIMIT_PERCENT || select->limit_kind == SAMPLE_PERCENT;
  double number = 0;
  if (select->limit_kind == LIMIT_NONE) return DC_OK;
  DC_TRY(limit_number(limit, select->limit->pos, share, &number, planner->err));
  Dataset *node = put_node(planner, share ? NODE_NARROW : NODE_LIMIT);
  if (share) {
    node->op.share = number / 100;
  } else {
    node->limit_kind = select->limit_kind;
    node->limit = (uint64_t)number;
  }
  return DC_OK;
}

/* --- All clauses --- */

static DcCode plan_select(Planner *planner, const Value *limit) {
  DC_TRY(bind_all(planner));
  bool filter = planner->where != NULL;
  if (is_count_star(planner)) {
    if (filter) put_node(planner, NODE_NARROW)->op.where = planner->where;
    Dataset *node = put_node(planner, NODE_COUNT);
    node->partitions = 1;
    node->keyed = false;
    node_schema(node, DS_COLUMNAR, &planner->items[0].name, 1);
    return plan_limit(planner, limit);
  }
  bool wide = planner->grouped;
  for (size_t i = 0; i < planner->item_count; i++) wide = wide || has_window(planner->items[i].expr);
  for (size_t i = 0; i < planner->select->order_count; i++) wide = wide || has_window(planner->order[i].expr);
  if (wide && filter) {
    put_node(planner, NODE_NARROW)->op.where = planner->where;
    filter = false;
  }
  if (planner->grouped) DC_TRY(plan_group(planner));
  DC_TRY(plan_windows(planner));
  DC_TRY(plan_items(planner, limit, filter));
  plan_objects(planner);
  return plan_limit(planner, limit);
}

DcCode dataset_select(Engine *engine, Dataset *in, EvalContext *cx, const Select *select, const Value *limit, Dataset **out, DcError *err) {
  Planner planner = {.engine = engine, .cx = cx, .select = select, .err = err, .in = &in->schema, .node = dataset_ref(in)};
  planner.program = program_new(engine);
  planner.arena = &planner.program->arena;
  DcCode code = plan_select(&planner, limit);
  program_unref(planner.program);
  if (code == DC_OK) *out = planner.node;
  else dataset_unref(planner.node);
  return code;
}
