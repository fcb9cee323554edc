/* eval.c - walks an expression for one value.
 *
 * Results live in cx->call.arena, in variables, or in the AST. The C stack holds: when an evaluation has used much of
 * it (deep recursion, very long chains of operators), it goes on in a helper thread with a stack of its own while this
 * thread waits.
 */
#include "engine/eval_internal.h"

#include <pthread.h>

enum { FEW = 3, MOST_ELEMENTS = 100000000 };
static const size_t helper_stack = 32 << 20, stack_reserve = 192 << 10, stack_guess = 256 << 10;

/* --- Room on the stack --- */

typedef struct Errand {
  EvalContext *cx;
  const Expr *expr;
  Value *out;
  DcError *err;
  DcCode code;
} Errand;

static void *run_errand(void *argument) {
  Errand *errand = argument;
  errand->code = eval(errand->cx, errand->expr, errand->out, errand->err);
  return NULL;
}

static __attribute__((noinline)) DcCode eval_elsewhere(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Errand errand = {cx, expr, out, err, DC_FAIL};
  pthread_attr_t attributes;
  pthread_t thread;
  int number = pthread_attr_init(&attributes);
  if (!number) number = pthread_attr_setstacksize(&attributes, helper_stack);
  if (!number) number = pthread_create(&thread, &attributes, run_errand, &errand);
  pthread_attr_destroy(&attributes);
  if (number) return dc_fail_errno(err, number, "the expression nests too deep");
  pthread_join(thread, NULL);
  return errand.code;
}

/* The address below which only the reserve of this thread's stack is left (stacks grow down). */
static __attribute__((noinline)) uintptr_t find_stack_end(uintptr_t here) {
  pthread_attr_t attributes;
  void *lowest;
  size_t size;
  if (pthread_getattr_np(pthread_self(), &attributes)) return here - stack_guess;
  int number = pthread_attr_getstack(&attributes, &lowest, &size);
  pthread_attr_destroy(&attributes);
  return number ? here - stack_guess : (uintptr_t)lowest + stack_reserve;
}

static bool stack_is_short(void) {
  static _Thread_local uintptr_t end; /* found once for a thread */
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  if (!end) end = find_stack_end(here);
  return here < end;
}

/* --- Names and texts --- */

static DcCode eval_text(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Str *parts = arena_raw(cx->call.arena, (expr->count + 1) * sizeof *parts);
  size_t len = 0;
  for (size_t i = 0; i < expr->count; i++) {
    Value part;
    DC_TRY(eval(cx, expr->items[i], &part, err));
    parts[i] = value_to_str(cx->call.arena, part);
    len += parts[i].len;
  }
  if (len > UINT32_MAX) return dc_fail(err, "a text of %zu bytes is too long", len);
  char *text = arena_raw(cx->call.arena, len + 1);
  len = 0;
  for (size_t i = 0; i < expr->count; i++) {
    if (parts[i].len) memcpy(text + len, parts[i].data, parts[i].len);
    len += parts[i].len;
  }
  *out = value_str(str_make(text, len));
  return DC_OK;
}

DcCode eval_name(EvalContext *cx, const Name *name, Str *out, DcError *err) {
  if (!name->parts) {
    *out = name->text;
    return DC_OK;
  }
  Value text;
  DC_TRY(eval(cx, name->parts, &text, err));
  *out = value_to_str(cx->call.arena, text);
  return DC_OK;
}

static DcCode eval_variable(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Str name;
  DC_TRY(eval_name(cx, &expr->name, &name, err));
  if (!cx->variables.get || !cx->variables.get(cx->variables.self, name, out)) {
    *out = value_null();
    return cx->unknown_variable ? cx->unknown_variable(cx->unknown_self, name, expr->pos, err) : DC_OK;
  }
  if (expr->path.len) *out = value_at_path(cx->call.arena, *out, expr->path);
  return DC_OK;
}

static DcCode eval_attribute(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Str name;
  DC_TRY(eval_name(cx, &expr->name, &name, err));
  if (cx->names == NAMES_AS_TEXT) {
    *out = value_str(name);
    return DC_OK;
  }
  const RecordView *record = cx->call.record;
  if (cx->names == NAMES_REFUSED || !record) return dc_fail(err, "\"%.*s\" is the name of an attribute, but there is no record here", STR_ARG(name));
  if (expr->steps && record->at_path && !cx->depth) return record->at_path(record->self, expr->column, expr->steps, out, err);
  if (expr->steps && !cx->depth) {
    DC_TRY(record->attribute(record->self, expr->column, name, out, err));
    *out = path_value(expr->steps, *out, cx->call.arena);
    return DC_OK;
  }
  /* The bodies of functions are shared by all datasets, so their names are not bound to columns. */
  return record->attribute(record->self, cx->depth ? -1 : expr->column, name, out, err);
}

/* --- Operators --- */

/* What decides AND and OR alone is FALSE and TRUE. The right side is evaluated only when the left one does not. */
static DcCode eval_short(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Value left, right;
  bool decisive = expr->op->special == SPECIAL_OR;
  DC_TRY(eval(cx, expr->items[0], &left, err));
  if (!value_is_null(left) && value_is_true(left) == decisive) {
    *out = value_bool(decisive);
    return DC_OK;
  }
  DC_TRY(eval(cx, expr->items[1], &right, err));
  if (!value_is_null(right) && value_is_true(right) == decisive) *out = value_bool(decisive);
  else *out = value_is_null(left) || value_is_null(right) ? value_null() : value_bool(!decisive);
  return DC_OK;
}

static DcCode eval_choice(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Value condition;
  DC_TRY(eval(cx, expr->items[0], &condition, err));
  if (value_is_true(condition)) {
    DC_TRY(eval(cx, expr->items[1], out, err));
    if (!value_is_null(*out)) return DC_OK;
  }
  return eval(cx, expr->items[2], out, err);
}

/* A lone variable whose absence is asked for: to be unknown is no mistake. */
static DcCode eval_maybe(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  DcCode (*unknown)(void *, Str, Position, DcError *) = cx->unknown_variable;
  if (expr->kind == EXPR_VAR) cx->unknown_variable = NULL;
  DcCode code = eval(cx, expr, out, err);
  cx->unknown_variable = unknown;
  return code;
}

static DcCode eval_default(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  DC_TRY(eval_maybe(cx, expr->items[0], out, err));
  return value_is_null(*out) ? eval(cx, expr->items[1], out, err) : DC_OK;
}

/* Calls a row's implementation; a NULL among the arguments of one that does not handle it gives NULL. */
static DcCode call_row(EvalContext *cx, ScalarFn call, bool handles_null, const Value *args, size_t count, Value *out, DcError *err) {
  for (size_t i = 0; i < count && !handles_null; i++) {
    if (!value_is_null(args[i])) continue;
    *out = value_null();
    return DC_OK;
  }
  cx->call.err = err;
  return call(&cx->call, args, (int)count, out);
}

static DcCode eval_is_null(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Value value;
  DC_TRY(eval_maybe(cx, expr->items[0], &value, err));
  *out = value_bool(value_is_null(value) == (expr->op->special == SPECIAL_IS_NULL));
  return DC_OK;
}

static DcCode eval_operator(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  switch (expr->op->special) {
    case SPECIAL_AND: case SPECIAL_OR: return eval_short(cx, expr, out, err);
    case SPECIAL_CHOICE: return eval_choice(cx, expr, out, err);
    case SPECIAL_DEFAULT: return eval_default(cx, expr, out, err);
    case SPECIAL_IS_NULL: case SPECIAL_IS_NOT_NULL: return eval_is_null(cx, expr, out, err);
    case SPECIAL_NONE: case SPECIAL_XOR: case SPECIAL_NOT: case SPECIAL_RANDOM:
    case SPECIAL_COUNT_STAR: case SPECIAL_WINDOW: case SPECIAL_PUT: case SPECIAL_SET: break;
  }
  Value args[FEW];
  if (expr->count > FEW) return dc_fail(err, "operator %s has %zu operands", expr->op->name, expr->count);
  for (size_t i = 0; i < expr->count; i++) {
    DC_TRY(eval(cx, expr->items[i], &args[i], err));
    if (value_is_null(args[i]) && !expr->op->handles_null && i + 1 < expr->count) {
      *out = value_null(); /* the rest cannot matter, but its errors do */
      for (i++; i < expr->count; i++) DC_TRY(eval(cx, expr->items[i], &args[i], err));
      return DC_OK;
    }
  }
  return call_row(cx, expr->op->call, expr->op->handles_null, args, expr->count, out, err);
}

/* --- Calls --- */

static DcCode unknown_function(Str name, DcError *err) {
  Str near = catalog_spell_function(name);
  if (near.len) dc_hint(err, "did you mean %.*s?", STR_ARG(near));
  return dc_fail(err, "unknown function %.*s", STR_ARG(name));
}

/* ARR_PUT: the array in the variable gets the new element, the call gives the old one. */
static DcCode put_element(EvalContext *cx, const Expr *expr, const Value *args, Value *out, DcError *err) {
  const Expr *target = expr->items[0];
  DC_TRY(call_row(cx, expr->function->call, true, args, expr->count, out, err));
  if (target->kind != EXPR_VAR || target->path.len || !cx->variables.set || value_is_null(args[0])) return DC_OK;
  size_t count = args[0].type == TYPE_ARRAY ? args[0].as.array->count : 1;
  Value number;
  int64_t position = -1;
  if (value_to_number(args[1], &number) && number.type == TYPE_INT) position = number.as.i < 0 ? number.as.i + (int64_t)count : number.as.i;
  if (position < 0 || position >= (int64_t)count) {
    Str text = value_to_str(cx->call.arena, args[1]);
    return dc_fail(err, "ARR_PUT: position %.*s is outside of an array of %zu", STR_ARG(text), count);
  }
  Value *items = arena_raw(cx->call.arena, count * sizeof *items);
  memcpy(items, args[0].type == TYPE_ARRAY ? args[0].as.array->items : args, count * sizeof *items);
  items[position] = args[2];
  *out = value_copy(cx->call.arena, *out);
  Str name;
  DC_TRY(eval_name(cx, &target->name, &name, err));
  cx->variables.set(cx->variables.self, name, value_array(cx->call.arena, items, count));
  return DC_OK;
}

/* ATTR_PUT, ATTR_REMOVE: the variable holds the changed record, too. */
static DcCode set_variable(EvalContext *cx, const Expr *expr, Value *value, DcError *err) {
  const Expr *target = expr->items[0];
  if (target->kind != EXPR_VAR || target->path.len || !cx->variables.set || value_is_null(*value)) return DC_OK;
  *value = value_copy(cx->call.arena, *value); /* it shares parts with what the variable holds until now */
  Str name;
  DC_TRY(eval_name(cx, &target->name, &name, err));
  cx->variables.set(cx->variables.self, name, *value);
  return DC_OK;
}

static DcCode eval_call(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Value few[FEW], *args = expr->count > FEW ? arena_raw(cx->call.arena, expr->count * sizeof *args) : few;
  const Function *function = expr->function;
  if (function && function->needs_record && !cx->call.record) return dc_fail(err, "%s needs a record: it works in SELECT, WHERE and KEY", function->name);
  if (function && function->special == SPECIAL_COUNT_STAR) return dc_fail(err, "%s counts the records of a dataset: it needs a SELECT", function->name);
  for (size_t i = 0; i < expr->count; i++) DC_TRY(eval(cx, expr->items[i], &args[i], err));
  if (function) {
    if ((int)expr->count < function->min_args || (function->max_args >= 0 && (int)expr->count > function->max_args))
      return dc_fail(err, "%s(%s) cannot be called with %zu arguments", function->name, function->signature, expr->count);
    if (function->special == SPECIAL_PUT) return put_element(cx, expr, args, out, err);
    DC_TRY(call_row(cx, function->call, function->handles_null, args, expr->count, out, err));
    return function->special == SPECIAL_SET ? set_variable(cx, expr, out, err) : DC_OK;
  }
  Str name;
  DC_TRY(eval_name(cx, &expr->name, &name, err));
  const Definition *own = cx->functions.get ? cx->functions.get(cx->functions.self, name) : NULL;
  if (!own) return unknown_function(name, err);
  return eval_call_own(cx, own, args, expr->count, expr->pos, out, err);
}

/* --- Arrays and CASE --- */

static DcCode eval_array(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Value *items = arena_raw(cx->call.arena, (expr->count + 1) * sizeof *items);
  for (size_t i = 0; i < expr->count; i++) DC_TRY(eval(cx, expr->items[i], &items[i], err));
  *out = value_array(cx->call.arena, items, expr->count);
  return DC_OK;
}

DcCode eval_range_bounds(EvalContext *cx, const Expr *expr, int64_t *from, int64_t *to, bool *known, DcError *err) {
  int64_t *bounds[2] = {from, to};
  *known = true;
  for (int i = 0; i < 2; i++) {
    Value value, number;
    DC_TRY(eval(cx, expr->items[i], &value, err));
    if (value_is_null(value)) {
      *known = false;
      continue;
    }
    bool whole = value_to_number(value, &number);
    if (whole && number.type == TYPE_INT) *bounds[i] = number.as.i;
    else if (whole && number.type == TYPE_DOUBLE && number.as.d >= -0x1p53 && number.as.d <= 0x1p53 && (double)(int64_t)number.as.d == number.as.d) *bounds[i] = (int64_t)number.as.d;
    else {
      Str text = value_to_str(cx->call.arena, value);
      dc_fail(err, "a bound of RANGE has to be an integer, not '%.*s'", (int)(text.len < 100 ? text.len : 100), text.data);
      return dc_position(err, expr->items[i]->pos);
    }
  }
  return DC_OK;
}

static DcCode eval_range(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  int64_t from = 0, to = 0;
  bool known;
  DC_TRY(eval_range_bounds(cx, expr, &from, &to, &known, err));
  if (!known) {
    *out = value_null();
    return DC_OK;
  }
  uint64_t last = from <= to ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
  if (last >= MOST_ELEMENTS) return dc_fail(err, "RANGE[%lld, %lld] has more than %d elements", (long long)from, (long long)to, MOST_ELEMENTS);
  Array *array = arena_raw(cx->call.arena, sizeof *array);
  Value *items = arena_raw(cx->call.arena, (size_t)(last + 1) * sizeof *items);
  for (uint64_t i = 0; i <= last; i++) items[i] = value_int(from <= to ? from + (int64_t)i : from - (int64_t)i);
  *array = (Array){(size_t)last + 1, items};
  *out = (Value){.type = TYPE_ARRAY, .as.array = array};
  return DC_OK;
}

static DcCode eval_case(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  Value operand, when;
  if (expr->items[0]) DC_TRY(eval(cx, expr->items[0], &operand, err));
  for (size_t i = 1; i + 2 < expr->count; i += 2) {
    DC_TRY(eval(cx, expr->items[i], &when, err));
    bool taken = expr->items[0] ? value_equal(operand, when) == 1 : value_is_true(when);
    if (taken) return eval(cx, expr->items[i + 1], out, err);
  }
  const Expr *otherwise = expr->items[expr->count - 1];
  *out = value_null();
  return otherwise ? eval(cx, otherwise, out, err) : DC_OK;
}

static DcCode eval_kind(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  switch (expr->kind) {
    case EXPR_LITERAL: *out = expr->literal; return DC_OK;
    case EXPR_TEXT: return eval_text(cx, expr, out, err);
    case EXPR_VAR: return eval_variable(cx, expr, out, err);
    case EXPR_ATTR: return eval_attribute(cx, expr, out, err);
    case EXPR_OP: return eval_operator(cx, expr, out, err);
    case EXPR_CALL: return eval_call(cx, expr, out, err);
    case EXPR_ARRAY: return eval_array(cx, expr, out, err);
    case EXPR_RANGE: return eval_range(cx, expr, out, err);
    case EXPR_CASE: return eval_case(cx, expr, out, err);
    case EXPR_STAR: break;
  }
  return dc_fail(err, "* has no value here");
}

DcCode eval(EvalContext *cx, const Expr *expr, Value *out, DcError *err) {
  if (expr->kind == EXPR_LITERAL) {
    *out = expr->literal;
    return DC_OK;
  }
  DcCode code = stack_is_short() ? eval_elsewhere(cx, expr, out, err) : eval_kind(cx, expr, out, err);
  return code == DC_OK ? DC_OK : dc_position(err, expr->pos);
}
