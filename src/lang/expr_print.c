/* expr_print.c - prints expressions for --print-ast and tests: one line, every operator with its parentheses. */
#include "lang/ast.h"

static void print_quoted(Buf *out, Str text, char quote) {
  buf_char(out, quote);
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] == quote) buf_char(out, quote);
    buf_char(out, text.data[i]);
  }
  buf_char(out, quote);
}

static void print_list(Buf *out, const Expr *const *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (i) buf_text(out, ", ");
    expr_print(out, items[i]);
  }
}

static void print_text(Buf *out, const Expr *expr) {
  buf_text(out, "TEXT(");
  print_list(out, expr->items, expr->count);
  buf_char(out, ')');
}

static void print_name(Buf *out, const Name *name, char quote) {
  if (name->parts) print_text(out, name->parts);
  else if (quote) print_quoted(out, name->text, quote);
  else buf_str(out, name->text);
}

static void print_literal(Buf *out, Value value) {
  if (value.type == TYPE_STRING) print_quoted(out, value_get_str(value), '\'');
  else if (value.type == TYPE_BOOL) buf_text(out, value.as.b ? "TRUE" : "FALSE");
  else if (value.type == TYPE_NULL) buf_text(out, "NULL");
  else value_print(out, value);
}

static void print_operator(Buf *out, const Expr *expr) {
  buf_char(out, '(');
  buf_text(out, expr->op->name);
  for (size_t i = 0; i < expr->count; i++) {
    buf_char(out, ' ');
    expr_print(out, expr->items[i]);
  }
  buf_char(out, ')');
}

static void print_case(Buf *out, const Expr *expr) {
  buf_text(out, "(CASE");
  if (expr->items[0]) {
    buf_char(out, ' ');
    expr_print(out, expr->items[0]);
  }
  for (size_t i = 1; i + 1 < expr->count; i += 2) {
    buf_text(out, " WHEN ");
    expr_print(out, expr->items[i]);
    buf_text(out, " THEN ");
    expr_print(out, expr->items[i + 1]);
  }
  if (expr->items[expr->count - 1]) {
    buf_text(out, " ELSE ");
    expr_print(out, expr->items[expr->count - 1]);
  }
  buf_char(out, ')');
}

static void print_bound(Buf *out, FrameBound bound, const Expr *offset) {
  static const char *const words[] = {
    [FRAME_UNBOUNDED_PRECEDING] = "UNBOUNDED PRECEDING", [FRAME_PRECEDING] = " PRECEDING", [FRAME_CURRENT] = "CURRENT ROW",
    [FRAME_FOLLOWING] = " FOLLOWING", [FRAME_UNBOUNDED_FOLLOWING] = "UNBOUNDED FOLLOWING"};
  if (offset) expr_print(out, offset);
  buf_text(out, words[bound]);
}

static void print_window(Buf *out, const Window *window) {
  buf_text(out, " OVER(");
  if (window->partition_count) {
    buf_text(out, "PARTITION BY ");
    print_list(out, window->partition_by, window->partition_count);
  }
  for (size_t i = 0; i < window->order_count; i++) {
    buf_text(out, i ? ", " : window->partition_count ? " ORDER BY " : "ORDER BY ");
    expr_print(out, window->order_by[i].expr);
    if (window->order_by[i].descending) buf_text(out, " DESC");
    if (window->order_by[i].nulls_first) buf_text(out, " NULLS FIRST");
  }
  if (window->has_frame) {
    buf_text(out, " ROWS BETWEEN ");
    print_bound(out, window->from, window->from_offset);
    buf_text(out, " AND ");
    print_bound(out, window->to, window->to_offset);
  }
  buf_char(out, ')');
}

static void print_call(Buf *out, const Expr *expr) {
  print_name(out, &expr->name, 0);
  buf_text(out, expr->distinct ? "(DISTINCT " : "(");
  print_list(out, expr->items, expr->count);
  buf_char(out, ')');
  if (expr->over) print_window(out, expr->over);
}

void expr_print(Buf *out, const Expr *expr) {
  switch (expr->kind) {
    case EXPR_LITERAL: print_literal(out, expr->literal); break;
    case EXPR_TEXT: print_text(out, expr); break;
    case EXPR_VAR:
      buf_char(out, '$');
      print_name(out, &expr->name, 0);
      if (expr->path.len) buf_printf(out, ".%.*s", STR_ARG(expr->path));
      break;
    case EXPR_ATTR: print_name(out, &expr->name, '"'); break;
    case EXPR_OP: print_operator(out, expr); break;
    case EXPR_CALL: print_call(out, expr); break;
    case EXPR_ARRAY: case EXPR_RANGE:
      buf_text(out, expr->kind == EXPR_RANGE ? "RANGE[" : "[");
      print_list(out, expr->items, expr->count);
      buf_char(out, ']');
      break;
    case EXPR_CASE: print_case(out, expr); break;
    case EXPR_STAR: buf_char(out, '*'); break;
  }
}
