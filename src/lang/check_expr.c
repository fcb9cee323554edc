/* check_expr.c - static checks of expressions: names, functions, aggregates, the || rule. */
#include <stdio.h>

#include "lang/check_internal.h"
#include "lang/lexer.h"

void check_name(Checker *checker, const Name *name) {
  if (name->parts) check_expr(checker, name->parts, checker->names);
}

/* ---- functions ---- */

/* Aggregates that make no sense for one record; MIN(a, b) does. */
static bool is_pure_aggregate(const Function *function) { return function->aggregate && function->max_args >= 0; }

/* f(@a, @b = …) */
static void own_signature(const Checker *checker, Str name, char *out, size_t size) {
  size_t count;
  const OwnFunction *own = own_find(checker, name, &count);
  if (!own) return;
  Buf text = {0};
  buf_printf(&text, "%.*s(", STR_ARG(name));
  for (size_t i = 0; i < own->definition->param_count; i++) {
    const Param *param = &own->definition->params[i];
    buf_printf(&text, "%s@%.*s%s", i ? ", " : "", STR_ARG(param->name.text), param->value ? " = …" : "");
  }
  snprintf(out, size, "%.*s)", (int)text.len, text.data);
  buf_free(&text);
}

static void report_count(Checker *checker, const Expr *call, int least, int most) {
  char wanted[64];
  const char *plural = most == 1 ? "" : "s";
  if (most < 0) snprintf(wanted, sizeof wanted, "at least %d argument%s", least, least == 1 ? "" : "s");
  else if (least == most) snprintf(wanted, sizeof wanted, "%d argument%s", least, plural);
  else snprintf(wanted, sizeof wanted, "%d to %d arguments", least, most);
  char hint[320] = "";
  if (call->function && call->function->signature)
    snprintf(hint, sizeof hint, "%s(%s)", call->function->name, call->function->signature);
  else if (!call->function) own_signature(checker, call->name.text, hint, sizeof hint);
  check_error(checker, call->pos, hint, "%.*s takes %s, not %zu", STR_ARG(call->name.text), wanted, call->count);
}

/* Only COUNT(*) counts records; SUM(*) means nothing. */
static void check_star(Checker *checker, const Expr *call) {
  if (call->count == 1 && call->items[0]->kind == EXPR_STAR && !str_is(call->name.text, "COUNT"))
    check_error(checker, call->items[0]->pos, NULL, "only COUNT takes *");
}

/* Where a call with OVER, or one that wants it, cannot stand. */
static void check_over(Checker *checker, const Expr *call) {
  const char *name = call->function->name;
  if (!call->over) {
    char hint[320];
    snprintf(hint, sizeof hint, "%s(…) OVER (PARTITION BY … ORDER BY …)", name);
    if (call->function->special == SPECIAL_WINDOW) check_error(checker, call->pos, hint, "%s looks at the records around one: OVER is missing", name);
  } else if (checker->in_window) {
    check_error(checker, call->pos, "compute it in a SELECT of its own, before this one", "%s OVER (…) stands inside of another window function", name);
  } else if (checker->in_aggregate) {
    check_error(checker, call->pos, "compute it in a SELECT of its own, before this one", "%s OVER (…) stands inside of an aggregate", name);
  } else if (checker->names == NAME_ATTRIBUTE && !checker->windows) {
    check_error(checker, call->pos, "name it in a SELECT of its own, and filter or group in a further SELECT",
                "%s OVER (…) can only stand in SELECT items and ORDER BY: it looks at what the other clauses leave", name);
  }
}

static void check_builtin(Checker *checker, const Expr *call) {
  const Function *function = call->function;
  int count = (int)call->count;
  if (count < function->min_args || (function->max_args >= 0 && count > function->max_args))
    report_count(checker, call, function->min_args, function->max_args);
  if (function->needs_record && checker->names != NAME_ATTRIBUTE)
    check_error(checker, call->pos, "it works in SELECT items, WHERE, KEY, RECORD functions and TRANSFORM bodies",
                "%s needs a record, and there is none here", function->name);
  if (call->distinct && !function->aggregate) check_error(checker, call->pos, NULL, "DISTINCT is for aggregates; %s is none", function->name);
  if (call->over && !function->aggregate) check_error(checker, call->pos, NULL, "OVER is for aggregates; %s is none", function->name);
  bool aggregates = is_pure_aggregate(function) || call->over || call->distinct;
  if (!aggregates) return;
  if (function->aggregate) check_over(checker, call);
  if (function->special == SPECIAL_WINDOW && !call->over) return;
  if (call->over && checker->names == NAME_ATTRIBUTE && !checker->windows) return;
  if (!checker->aggregates)
    check_error(checker, call->pos, checker->names == NAME_ATTRIBUTE ? "filter groups with HAVING" : "LET $v = SELECT … FROM … gives its value to a variable",
                "%s looks at many records: it can only stand in SELECT items, HAVING and ORDER BY", function->name);
  else if (checker->in_aggregate && !call->over)
    check_error(checker, call->pos, "SELECT the inner one INTO a dataset, then aggregate that",
                "%s stands inside of another aggregate", function->name);
}

/* Arguments that have to be given: all up to the last one without a default. */
static int required_args(const Definition *definition) {
  size_t count = definition->param_count;
  while (count > 0 && definition->params[count - 1].value) count--;
  return (int)count;
}

/* Functions of the language that come with a later version: nobody has misspelled them. */
static bool is_absent(Str name) {
  static const char *const names[] = {
    "H3", "REC_H3", "STRUCT_FROM_GEO",
  };
  static const char *const prefixes[] = {"GEO_", "POINT_", "POI_", "POLY_", "TRK_"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (str_is(name, names[i])) return true;
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (str_starts(name, str_of(prefixes[i]))) return true;
  return false;
}

/* What other dialects call it; NULL: nothing. */
static const char *said_here(Str name) {
  static const struct { const char *name, *here; } others[] = {
    {"COALESCE", "x DEFAULT y is the first that is not NULL"}, {"IFNULL", "x DEFAULT y is the first that is not NULL"},
    {"NVL", "x DEFAULT y is the first that is not NULL"}, {"CONCAT", "x || y joins texts"}, {"SUBSTR", "STR_SLICE gives a part of a text"},
    {"SUBSTRING", "STR_SLICE gives a part of a text"}, {"NOW", "DT_NOW() is the moment"},
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (str_eq_nocase(name, str_of(others[i].name))) return others[i].here;
  return NULL;
}

static void unknown_function(Checker *checker, const Expr *call) {
  if (is_absent(call->name.text)) {
    check_error(checker, call->name.pos, NULL, "%.*s is not in this version", STR_ARG(call->name.text));
    return;
  }
  Str built_in = catalog_spell_function(call->name.text);
  Speller speller = speller_start(call->name.text);
  if (built_in.len) speller_try(&speller, built_in);
  for (size_t i = 0; i < checker->own_count; i++) speller_try(&speller, checker->own[i].name);
  library_spell(LIBRARY_FUNCTION, &speller);
  Str best = speller_best(&speller);
  if (!best.len) best = built_in;
  char hint[320] = "SHOW FUNCTIONS lists those that there are";
  const char *here = said_here(call->name.text);
  if (here) snprintf(hint, sizeof hint, "%s", here);
  else if (best.len) snprintf(hint, sizeof hint, "did you mean %.*s?", STR_ARG(best));
  check_error(checker, call->name.pos, hint, "unknown function %.*s", STR_ARG(call->name.text));
}

static void check_own(Checker *checker, const Expr *call) {
  size_t count;
  const OwnFunction *own = own_find(checker, call->name.text, &count);
  OwnFunction of_library = {call->name.text, own ? NULL : library_find(checker->library, LIBRARY_FUNCTION, call->name.text)};
  if (of_library.definition) own = &of_library, count = 1;
  if (!own) {
    unknown_function(checker, call);
    return;
  }
  bool fits = false, record = true;
  for (size_t i = 0; i < count; i++) {
    const Definition *definition = own[i].definition;
    fits |= (int)call->count >= required_args(definition) && call->count <= definition->param_count;
    record &= definition->record;
  }
  if (!fits) report_count(checker, call, required_args(own->definition), (int)own->definition->param_count);
  if (record && checker->names != NAME_ATTRIBUTE)
    check_error(checker, call->pos, "it works in SELECT items, WHERE, KEY, RECORD functions and TRANSFORM bodies",
                "%.*s is a RECORD function, and there is no record here", STR_ARG(call->name.text));
  if (call->distinct || call->over) check_error(checker, call->pos, NULL, "%.*s is no aggregate", STR_ARG(call->name.text));
}

static void check_window(Checker *checker, const Expr *call) {
  const Window *window = call->over;
  if (window->has_frame && window->from == FRAME_UNBOUNDED_FOLLOWING)
    check_error(checker, call->pos, "ROWS BETWEEN UNBOUNDED PRECEDING AND …", "a frame cannot begin with UNBOUNDED FOLLOWING");
  if (window->has_frame && window->to == FRAME_UNBOUNDED_PRECEDING)
    check_error(checker, call->pos, "ROWS BETWEEN … AND UNBOUNDED FOLLOWING", "a frame cannot end with UNBOUNDED PRECEDING");
  for (size_t i = 0; i < window->partition_count; i++) check_expr(checker, window->partition_by[i], checker->names);
  for (size_t i = 0; i < window->order_count; i++) check_expr(checker, window->order_by[i].expr, checker->names);
  check_expr(checker, window->from_offset, NAME_REFUSED);
  check_expr(checker, window->to_offset, NAME_REFUSED);
}

static void check_call(Checker *checker, const Expr *call) {
  check_star(checker, call);
  if (call->function) check_builtin(checker, call);
  else if (!call->name.parts) check_own(checker, call);
  bool outer = checker->in_aggregate, window = checker->in_window;
  if (call->over) checker->in_window = true;
  if (call->function && is_pure_aggregate(call->function) && !call->over) checker->in_aggregate = true;
  for (size_t i = 0; i < call->count; i++)
    if (call->items[i]->kind != EXPR_STAR) check_expr(checker, call->items[i], checker->names);
  checker->in_aggregate = outer;
  if (call->over) check_window(checker, call);
  checker->in_window = window;
}

/* ---- operators: || is OR only between conditions that look like conditions ---- */

static bool is_open_concat(const Expr *expr) { return expr->kind == EXPR_OP && !expr->parenthesised && !strcmp(expr->op->name, "||"); }

static bool is_condition(const Expr *expr) { return expr->kind == EXPR_OP && expr->op->boolean; }

static bool is_open_condition(const Expr *expr) { return is_condition(expr) && !expr->parenthesised; }

static bool is_comparison(const Expr *expr) { return is_condition(expr) && expr->op->special == SPECIAL_NONE && expr->count >= 2; }

/* "a = b || c = d" climbs to (a = (b || c)) = d, or with operators that bind to the right to a IN ((b || c) IN d). */
static const Expr *doubtful_concat(const Expr *expr) {
  const Expr *first = expr->items[0], *last = expr->items[expr->count - 1];
  if (is_open_concat(expr) && (is_open_condition(first) || is_open_condition(last))) return expr;
  if (!is_comparison(expr)) return NULL;
  if (is_comparison(first) && !first->parenthesised && is_open_concat(first->items[first->count - 1])) return first->items[first->count - 1];
  if (is_comparison(last) && !last->parenthesised && is_open_concat(last->items[0])) return last->items[0];
  if (is_open_concat(first) && is_condition(first->items[0])) return first;
  if (is_open_concat(last) && is_condition(last->items[1])) return last;
  return NULL;
}

static void check_operator(Checker *checker, const Expr *expr) {
  const Expr *concat = doubtful_concat(expr);
  if (concat)
    check_error(checker, concat->pos, "put each comparison in parentheses, (a = b) || (c = d), or write OR",
                "|| joins texts here, between comparisons it is not OR");
  for (size_t i = 0; i < expr->count; i++) check_expr(checker, expr->items[i], checker->names);
}

/* ---- all kinds ---- */

static void check_attribute(Checker *checker, const Expr *expr) {
  if (checker->names == NAME_REFUSED && !expr->name.parts) {
    char hint[320];
    Str name = expr->name.text;
    bool plain = name.len && lexer_is_letter(name.data[0]);
    for (size_t i = 0; i < name.len; i++) plain &= lexer_is_letter(name.data[i]) || (name.data[i] >= '0' && name.data[i] <= '9');
    if (plain) snprintf(hint, sizeof hint, "$%.*s is the variable, '%.*s' the text", STR_ARG(name), STR_ARG(name));
    else snprintf(hint, sizeof hint, "a text is written in '…', a variable $\"…\"");
    check_error(checker, expr->pos, hint, "the name %.*s stands outside of a record: nothing has attributes here", STR_ARG(expr->name.text));
  } else if (checker->names == NAME_REFUSED) {
    check_error(checker, expr->pos, "a text is written in '…'", "a quoted name stands outside of a record: nothing has attributes here");
  }
  check_name(checker, &expr->name);
}

static void check_items(Checker *checker, const Expr *expr) {
  for (size_t i = 0; i < expr->count; i++)
    if (expr->items[i]) check_expr(checker, expr->items[i], checker->names);
}

static void check_kind(Checker *checker, const Expr *expr) {
  switch (expr->kind) {
    case EXPR_LITERAL: case EXPR_STAR: break;
    case EXPR_TEXT: /* {…} is evaluated once for the statement, so it sees no record and no aggregate */
      checker->names = NAME_REFUSED;
      checker->aggregates = checker->windows = false;
      check_items(checker, expr);
      break;
    case EXPR_VAR: check_name(checker, &expr->name); break;
    case EXPR_ATTR: check_attribute(checker, expr); break;
    case EXPR_OP: check_operator(checker, expr); break;
    case EXPR_CALL: check_call(checker, expr); break;
    case EXPR_ARRAY: case EXPR_RANGE: case EXPR_CASE: check_items(checker, expr); break;
  }
}

void check_expr(Checker *checker, const Expr *expr, NameUse names) {
  if (!expr) return;
  NameUse outer = checker->names;
  bool aggregates = checker->aggregates, windows = checker->windows;
  checker->names = names;
  check_kind(checker, expr);
  checker->names = outer;
  checker->aggregates = aggregates;
  checker->windows = windows;
}
