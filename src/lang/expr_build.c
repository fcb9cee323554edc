/* expr_build.c - makes the operands of expressions for the grammar. */
#include <math.h>
#include <errno.h>
#include <stdlib.h>

#include "lang/parse_internal.h"

Expr *expr_new(Run *run, ExprKind kind, Position pos) {
  Expr *expr = arena_alloc(run->parser->arena, sizeof *expr);
  expr->kind = kind;
  expr->pos = pos;
  expr->column = -1;
  expr->depth = 1;
  return expr;
}

static void deepen(Expr *expr, const Expr *child) {
  if (child && child->depth >= expr->depth) expr->depth = (uint16_t)(child->depth + 1);
}

void expr_set_depth(Run *run, Expr *expr) {
  expr->depth = 1;
  for (size_t i = 0; i < expr->count; i++) deepen(expr, expr->items[i]);
  if (expr->name.parts) deepen(expr, expr->name.parts);
  if (expr->over) {
    for (size_t i = 0; i < expr->over->partition_count; i++) deepen(expr, expr->over->partition_by[i]);
    for (size_t i = 0; i < expr->over->order_count; i++) deepen(expr, expr->over->order_by[i].expr);
    deepen(expr, expr->over->from_offset);
    deepen(expr, expr->over->to_offset);
  }
  if (expr->depth <= EXPR_MAX_DEPTH) return;
  if (!run->stopped)
    parse_error(run, expr->pos, "this expression is nested too deeply: more than %d levels", EXPR_MAX_DEPTH);
  run->stopped = true;
  expr->items = NULL; /* cut, so that nobody recurses into it */
  expr->count = 0;
  expr->kind = EXPR_LITERAL;
  expr->depth = 1;
}

static const Expr *expr_items(Run *run, Expr *expr, const List *items) {
  if (items) {
    expr->items = items->items;
    expr->count = items->count;
  }
  expr_set_depth(run, expr);
  return expr;
}

/* ---- numbers ---- */

static bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

static bool all(Str text, bool (*fits)(char)) {
  for (size_t i = 0; i < text.len; i++)
    if (!fits(text.data[i])) return false;
  return text.len > 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits in a base into 64 bits; false: too many. */
static bool digits_value(Str digits, uint64_t base, uint64_t *out) {
  uint64_t value = 0;
  for (size_t i = 0; i < digits.len; i++) {
    char c = digits.data[i];
    uint64_t digit = is_digit(c) ? (uint64_t)(c - '0') : (uint64_t)((c | 32) - 'a') + 10;
    if (value > (UINT64_MAX - digit) / base) return false;
    value = value * base + digit;
  }
  *out = value;
  return true;
}

/* A minus right before the literal: only then 9223372036854775808 has a place. */
static bool is_negated(const Run *run) {
  const Item *last = run->item_count ? &run->items[run->item_count - 1] : NULL;
  return last && last->kind == ITEM_PREFIX && last->op && !strcmp(last->op->name, "-");
}

static bool integer_literal(Run *run, const Token *token, Value *out) {
  Str text = token->text;
  char last = (char)(text.data[text.len - 1] | 32);
  Str hex = {0};
  if (text.len > 2 && text.data[0] == '0' && (text.data[1] | 32) == 'x') hex = str_make(text.data + 2, text.len - 2);
  else if (last == 'h') hex = str_make(text.data, text.len - 1);
  uint64_t value = 0;
  bool fits;
  if (hex.len && all(hex, is_hex)) {
    fits = digits_value(hex, 16, &value);
  } else {
    Str digits = last == 'l' ? str_make(text.data, text.len - 1) : text;
    if (!all(digits, is_digit)) return false;
    fits = digits_value(digits, 10, &value) && value <= (uint64_t)INT64_MAX + (is_negated(run) ? 1 : 0);
  }
  if (!fits) parse_error_hint(run, token->pos, "a DOUBLE or a DECIMAL can be larger: 1e20, DECIMAL '100000000000000000000'", "the integer %.*s does not fit in 64 bits", STR_ARG(text));
  *out = value_int((int64_t)(fits ? value : 0));
  return true;
}

static bool double_literal(Str text, Value *out) {
  char copy[400];
  if (text.len && (text.data[text.len - 1] | 32) == 'd') text.len--;
  for (size_t i = 0; i < text.len; i++)
    if (!is_digit(text.data[i]) && !memchr(".eE+-", text.data[i], 5)) return false;
  if (text.len >= sizeof copy) return false;
  memcpy(copy, text.data, text.len);
  copy[text.len] = 0;
  char *end;
  *out = value_double(strtod(copy, &end));
  return *end == 0;
}

const Expr *expr_number(Run *run, const Token *token) {
  Expr *expr = expr_new(run, EXPR_LITERAL, token->pos);
  if (!integer_literal(run, token, &expr->literal) && !double_literal(token->text, &expr->literal))
    parse_error_hint(run, token->pos, "a name that begins with a digit stands in double quotes", "'%.*s' is not a number", STR_ARG(token->text));
  else if (expr->literal.type == TYPE_DOUBLE && isinf(expr->literal.as.d))
    parse_error_hint(run, token->pos, "the largest is about 1.8e308; DOUBLE 'Infinity' is infinite", "the number %.*s does not fit in a DOUBLE", STR_ARG(token->text));
  return expr;
}

/* ---- names and constants ---- */

const Expr *expr_constant(Run *run, const Token *token, Value value) {
  Expr *expr = expr_new(run, EXPR_LITERAL, token->pos);
  expr->literal = value;
  return expr;
}

const Expr *expr_star(Run *run, const Token *star) { return expr_new(run, EXPR_STAR, star->pos); }

const Expr *expr_word(Run *run, const Token *token) {
  Expr *expr = expr_new(run, EXPR_ATTR, token->pos);
  expr->name = name_make(run, token);
  expr_set_depth(run, expr);
  return expr;
}

/* The first dot, or a subscript, starts the path. */
const Expr *expr_variable(Run *run, const Token *token) {
  Expr *expr = expr_new(run, EXPR_VAR, token->pos);
  expr->name = name_make(run, token);
  Str *name = &expr->name.text;
  bool quoted = token->text.len > 1 && token->text.data[1] == '"';
  for (size_t i = 0; i < name->len && !expr->name.parts; i++) {
    char c = name->data[i];
    if (c != '.' && (c != '[' || quoted)) continue;
    size_t skip = c == '.' ? i + 1 : i;
    expr->path = str_make(name->data + skip, name->len - skip);
    name->len = i;
    break;
  }
  expr_set_depth(run, expr);
  return expr;
}

/* @name in the default of a parameter means the value of that parameter: $name. */
const Expr *expr_parameter(Run *run, const Token *token) {
  Expr *expr = expr_new(run, EXPR_VAR, token->pos);
  expr->name = name_make(run, token);
  expr_set_depth(run, expr);
  return expr;
}

/* ---- what has parts ---- */

const Expr *expr_group(Run *run, const Token *open, const Expr *inner, const Token *close) {
  Expr *expr = expr_new(run, inner->kind, inner->pos);
  *expr = *inner;
  expr->parenthesised = true;
  expr->pos = pos_span(open->pos, close->pos);
  return expr;
}

Name library_name(Run *run, LibraryKind kind, Name name) {
  if (run->parser->is_library && !name.parts && library_has(kind, name.text))
    name.text = arena_printf(run->parser->arena, LIBRARY_PREFIX "%.*s", STR_ARG(name.text));
  return name;
}

const Expr *expr_call(Run *run, const Token *name, bool distinct, List *args, const Token *close) {
  Expr *expr = expr_new(run, EXPR_CALL, pos_span(name->pos, close->pos));
  expr->name = name_make(run, name);
  expr->distinct = distinct;
  if (expr->name.parts) parse_error(run, name->pos, "the name of a function cannot have {…} in it");
  else expr->function = catalog_function(expr->name.text);
  if (!expr->function) expr->name = library_name(run, LIBRARY_FUNCTION, expr->name);
  return expr_items(run, expr, args);
}

const Expr *expr_over(Run *run, const Expr *call, Window *window, const Token *close) {
  Expr *expr = expr_new(run, EXPR_CALL, call->pos);
  *expr = *call;
  expr->over = window;
  expr->pos = pos_span(call->pos, close->pos);
  expr_set_depth(run, expr);
  return expr;
}

const Expr *expr_array(Run *run, const Token *open, List *items, const Token *close) {
  return expr_items(run, expr_new(run, EXPR_ARRAY, pos_span(open->pos, close->pos)), items);
}

static List *two(Run *run, const Expr *first, const Expr *second) {
  List *list = arena_alloc(run->parser->arena, sizeof *list);
  const Expr **items = arena_alloc(run->parser->arena, 2 * sizeof *items);
  items[0] = first;
  items[1] = second;
  *list = (List){items, 2};
  return list;
}

const Expr *expr_range(Run *run, const Token *open, const Expr *from, const Expr *to, const Token *close) {
  return expr_items(run, expr_new(run, EXPR_RANGE, pos_span(open->pos, close->pos)), two(run, from, to));
}

const Expr *expr_case(Run *run, const Token *open, const Expr *operand, List *whens, const Expr *otherwise, const Token *close) {
  Expr *expr = expr_new(run, EXPR_CASE, pos_span(open->pos, close->pos));
  expr->count = whens->count + 2;
  const Expr **items = arena_alloc(run->parser->arena, expr->count * sizeof *items);
  items[0] = operand;
  memcpy(items + 1, whens->items, whens->count * sizeof *items);
  items[expr->count - 1] = otherwise;
  expr->items = items;
  expr_set_depth(run, expr);
  return expr;
}

const Operator *cast_operator(Run *run, const Token *type) {
  enum { CAST_PRIORITY = 150 };
  const Operator *op = operator_find(&run->parser->operators, type->text, FIX_PREFIX);
  if (op && op->priority >= CAST_PRIORITY) return op;
  Speller speller = speller_start(type_upper(run, type->text));
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < packages[i]->operator_count; k++) {
      const Operator *row = &packages[i]->operators[k];
      if (row->fixity == FIX_PREFIX && row->priority >= CAST_PRIORITY) speller_try(&speller, str_of(row->name));
    }
  Str best = speller_best(&speller);
  Str hint = best.len ? arena_printf(run->parser->arena, "did you mean %.*s?", STR_ARG(best)) : str_of("types are BOOL, INT, DOUBLE, DECIMAL, STRING, DATE, TIME, TIMESTAMP, BINARY, STRUCT, RAW");
  parse_error_hint(run, type->pos, hint.data, "unknown type '%.*s'", STR_ARG(type->text));
  return NULL;
}

const Expr *expr_cast(Run *run, const Token *open, const Expr *inner, const Token *type, const Token *close) {
  const Operator *op = cast_operator(run, type);
  if (!op) return inner;
  Expr *expr = expr_new(run, EXPR_OP, pos_span(open->pos, close->pos));
  expr->op = op;
  List *items = two(run, inner, NULL);
  items->count = 1;
  return expr_items(run, expr, items);
}
