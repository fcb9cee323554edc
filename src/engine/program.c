/* program.c - binding expressions: what is known when the statement runs is put in, once. */
#include "engine/program.h"

#include "engine/engine.h"

Program *program_new(Engine *engine) {
  Program *program = dc_alloc(sizeof *program);
  atomic_init(&program->refs, 1);
  program->seed = engine->options.seed;
  program->statement = (uint64_t)engine->statement_number;
  return program;
}

Program *program_ref(Program *program) {
  atomic_fetch_add(&program->refs, 1);
  return program;
}

void program_unref(Program *program) {
  if (!program || atomic_fetch_sub(&program->refs, 1) != 1) return;
  dc_free(program->variables);
  dc_free(program->functions);
  arena_free(&program->arena);
  dc_free(program);
}

int schema_column(const Schema *schema, Str name) {
  if (schema->type == DS_PLAIN_TEXT || schema->type == DS_STRUCTURED) return 0;
  for (uint32_t i = 0; i < schema->count; i++)
    if (str_eq(schema->names[i], name)) return (int)i;
  return -1;
}

/* --- What own functions need: they and the variables they read are captured --- */

typedef struct Binder {
  Program *program;
  Engine *engine;
  const Schema *schema;
  const NamedExpr *aliases;
  size_t alias_count;
  EvalContext *cx;
  DcError *err;
  bool in_record; /* a RECORD function is captured */
} Binder;

static void capture_block(Binder *binder, const Block *block);

static void capture_variable(Binder *binder, Str name) {
  Program *program = binder->program;
  for (size_t i = 0; i < program->variable_count; i++)
    if (str_eq(program->variables[i].name, name)) return;
  Value value;
  if (!binder->cx->variables.get || !binder->cx->variables.get(binder->cx->variables.self, name, &value)) return;
  VEC_GROW(program->variables, program->variable_count, program->variable_cap);
  program->variables[program->variable_count++] =
      (Captured){arena_str(&program->arena, name), value_copy(&program->arena, value)};
}

static void capture_expr(Binder *binder, const Expr *expr);
static DcCode unknown_attribute(Binder *binder, Str name, const Expr *expr);

static void capture_function(Binder *binder, Str name) {
  Program *program = binder->program;
  for (size_t i = 0; i < program->function_count; i++)
    if (str_eq(program->functions[i].name, name)) return;
  FunctionView *view = &binder->cx->functions;
  const Definition *definition = view->get ? view->get(view->self, name) : NULL;
  if (!definition) return;
  VEC_GROW(program->functions, program->function_count, program->function_cap);
  program->functions[program->function_count].name = arena_str(&program->arena, name);
  program->functions[program->function_count++].definition = definition;
  bool outer = binder->in_record;
  binder->in_record = false;
  for (size_t i = 0; i < definition->param_count; i++) capture_expr(binder, definition->params[i].value);
  binder->in_record = definition->record;
  capture_expr(binder, definition->expr);
  capture_block(binder, &definition->body);
  binder->in_record = outer;
}

static void capture_expr(Binder *binder, const Expr *expr) {
  if (!expr) return;
  if (expr->kind == EXPR_VAR) capture_variable(binder, expr->name.text);
  if (expr->kind == EXPR_CALL && !expr->function) capture_function(binder, expr->name.text);
  if (expr->kind == EXPR_ATTR && binder->in_record && !expr->name.parts && schema_column(binder->schema, expr->name.text) < 0)
    (void)!unknown_attribute(binder, expr->name.text, expr); /* --strict: binder->err is set */
  if (expr->name.parts) capture_expr(binder, expr->name.parts);
  for (size_t i = 0; i < expr->count; i++) capture_expr(binder, expr->items[i]);
}

static void capture_stmt(Binder *binder, const Stmt *stmt) {
  switch (stmt->kind) {
    case STMT_LET: capture_expr(binder, stmt->as.let.value); break;
    case STMT_EXPR:
    case STMT_RETURN: capture_expr(binder, stmt->as.expr); break;
    case STMT_IF:
      for (size_t i = 0; i < stmt->as.branch.count; i++) {
        capture_expr(binder, stmt->as.branch.conditions[i]);
        capture_block(binder, &stmt->as.branch.blocks[i]);
      }
      capture_block(binder, &stmt->as.branch.otherwise);
      break;
    case STMT_LOOP:
      capture_expr(binder, stmt->as.loop.values);
      capture_block(binder, &stmt->as.loop.body);
      capture_block(binder, &stmt->as.loop.otherwise);
      break;
    case STMT_WHILE:
      capture_expr(binder, stmt->as.while_loop.condition);
      capture_block(binder, &stmt->as.while_loop.body);
      break;
    case STMT_RAISE: capture_expr(binder, stmt->as.raise.message); break;
    case STMT_YIELD:
      capture_expr(binder, stmt->as.yield.key);
      capture_expr(binder, stmt->as.yield.object);
      break;
    case STMT_TRY:
      capture_block(binder, &stmt->as.try_block.body);
      capture_block(binder, &stmt->as.try_block.handler);
      break;
    case STMT_BLOCK: capture_block(binder, &stmt->as.block); break;
    default: break; /* no other statement stands in a function or transform */
  }
}

static void capture_block(Binder *binder, const Block *block) {
  for (size_t i = 0; i < block->count; i++) capture_stmt(binder, block->stmts[i]);
}

/* The zone and the time of the statement. */
static void capture_moment(Program *program, const CallContext *call) {
  program->timezone = call->timezone;
  program->now_seconds = call->now_seconds;
  program->now_nanoseconds = call->now_nanoseconds;
}

DcCode program_capture(Program *program, Engine *engine, const Schema *schema, EvalContext *cx, const Block *body, DcError *err) {
  Binder binder = {.program = program, .engine = engine, .schema = schema, .cx = cx, .err = err, .in_record = true};
  capture_moment(program, &cx->call);
  capture_block(&binder, body);
  return err->code;
}

static bool get_captured(void *self, Str name, Value *out) {
  const Program *program = self;
  for (size_t i = 0; i < program->variable_count; i++) {
    if (!str_eq(program->variables[i].name, name)) continue;
    *out = program->variables[i].value;
    return true;
  }
  return false;
}

static const Definition *get_function(void *self, Str name) {
  const Program *program = self;
  for (size_t i = 0; i < program->function_count; i++)
    if (str_eq(program->functions[i].name, name)) return program->functions[i].definition;
  return NULL;
}

void program_enter(const Program *program, EvalContext *cx) {
  void *self = (void *)(uintptr_t)program;
  cx->variables = (VariableView){.self = self, .get = get_captured};
  cx->functions = (FunctionView){self, get_function};
  cx->names = NAMES_AS_RECORD;
  cx->call.seed = program->seed;
  cx->call.statement = program->statement;
  cx->call.timezone = program->timezone;
  cx->call.now_seconds = program->now_seconds;
  cx->call.now_nanoseconds = program->now_nanoseconds;
  cx->call.record_level = true;
  cx->unknown_variable = NULL;
}

/* --- Binding --- */

static Expr *literal(Binder *binder, const Expr *expr, Value value) {
  Expr *made = arena_alloc(&binder->program->arena, sizeof *made);
  made->kind = EXPR_LITERAL;
  made->pos = expr->pos;
  made->parenthesised = expr->parenthesised;
  made->literal = value_copy(&binder->program->arena, value);
  return made;
}

static DcCode bind_value(Binder *binder, const Expr *expr, const Expr **out) {
  Value value;
  DC_TRY(eval(binder->cx, expr, &value, binder->err));
  *out = literal(binder, expr, value);
  return DC_OK;
}

static DcCode unknown_attribute(Binder *binder, Str name, const Expr *expr) {
  Speller speller = speller_start(name);
  for (uint32_t i = 0; i < binder->schema->count; i++) speller_try(&speller, binder->schema->names[i]);
  Str near = speller_best(&speller);
  if (binder->engine->options.strict) {
    dc_fail_at(binder->err, DC_FAIL, expr->pos, "unknown attribute \"%.*s\"", STR_ARG(name));
    if (near.len) dc_hint(binder->err, "did you mean \"%.*s\"?", STR_ARG(near));
    return binder->err->code;
  }
  if (near.len)
    engine_warn(binder->engine, expr->pos, "unknown attribute \"%.*s\" is NULL; did you mean \"%.*s\"?", STR_ARG(name), STR_ARG(near));
  else
    engine_warn(binder->engine, expr->pos, "unknown attribute \"%.*s\" is NULL", STR_ARG(name));
  return DC_OK;
}

static const Expr *find_alias(const Binder *binder, Str name) {
  for (size_t i = 0; i < binder->alias_count; i++)
    if (str_eq(binder->aliases[i].name, name)) return binder->aliases[i].expr;
  return NULL;
}

static DcCode bind_attribute(Binder *binder, const Expr *expr, const Expr **out) {
  Str name;
  DC_TRY(eval_name(binder->cx, &expr->name, &name, binder->err));
  Expr *made = arena_alloc(&binder->program->arena, sizeof *made);
  *made = *expr;
  made->name = (Name){arena_str(&binder->program->arena, name), NULL, expr->name.pos};
  made->column = schema_column(binder->schema, name);
  const Expr *alias = find_alias(binder, name);
  if (alias && (made->column < 0 || binder->schema->type != DS_COLUMNAR)) { /* there any name is an attribute */
    *out = alias;
    return DC_OK;
  }
  if (binder->schema->type == DS_STRUCTURED) made->steps = path_compile(&binder->program->arena, name);
  if (made->column < 0) {
    DC_TRY(unknown_attribute(binder, name, expr));
    made = literal(binder, expr, value_null());
  }
  *out = made;
  return DC_OK;
}

/* Operators and pure functions of literals are evaluated now; one that fails is left, so that it fails (or not) only
   where a record needs it. */
static const Expr *fold(Binder *binder, Expr *expr) {
  if (expr->kind == EXPR_OP && expr->op->special == SPECIAL_RANDOM) return expr;
  if (expr->kind == EXPR_CALL && (!expr->function || expr->function->needs_record || expr->function->aggregate)) return expr;
  if (expr->count == 0 && expr->kind == EXPR_CALL) return expr;
  for (size_t i = 0; i < expr->count; i++)
    if (expr->items[i] && expr->items[i]->kind != EXPR_LITERAL) return expr;
  Value value;
  DcError ignored = {0};
  DcError *saved = binder->cx->call.err;
  DcCode code = eval(binder->cx, expr, &value, &ignored);
  binder->cx->call.err = saved;
  return code == DC_OK ? literal(binder, expr, value) : expr;
}

static DcCode bind(Binder *binder, const Expr *expr, const Expr **out);

static DcCode bind_list(Binder *binder, const Expr *const *from, size_t count, const Expr ***out) {
  const Expr **items = arena_alloc(&binder->program->arena, (count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++)
    if (from[i]) DC_TRY(bind(binder, from[i], &items[i]));
  *out = items;
  return DC_OK;
}

static DcCode bind_window(Binder *binder, const Window *from, const Window **out) {
  Arena *arena = &binder->program->arena;
  Window *window = arena_alloc(arena, sizeof *window);
  *window = *from;
  DC_TRY(bind_list(binder, from->partition_by, from->partition_count, &window->partition_by));
  window->order_by = arena_alloc(arena, (from->order_count + 1) * sizeof *window->order_by);
  for (size_t i = 0; i < from->order_count; i++) {
    window->order_by[i] = from->order_by[i];
    DC_TRY(bind(binder, from->order_by[i].expr, &window->order_by[i].expr));
  }
  if (from->from_offset) DC_TRY(bind(binder, from->from_offset, &window->from_offset));
  if (from->to_offset) DC_TRY(bind(binder, from->to_offset, &window->to_offset));
  *out = window;
  return DC_OK;
}

static DcCode bind(Binder *binder, const Expr *expr, const Expr **out) {
  switch (expr->kind) {
    case EXPR_LITERAL: *out = literal(binder, expr, expr->literal); return DC_OK;
    case EXPR_TEXT:
    case EXPR_VAR: return bind_value(binder, expr, out);
    case EXPR_ATTR: return bind_attribute(binder, expr, out);
    default: break;
  }
  Arena *arena = &binder->program->arena;
  Expr *made = arena_alloc(arena, sizeof *made);
  *made = *expr;
  if (expr->kind == EXPR_CALL && !expr->function) {
    capture_function(binder, expr->name.text);
    DC_TRY(binder->err->code);
  }
  DC_TRY(bind_list(binder, expr->items, expr->count, &made->items));
  if (expr->over) DC_TRY(bind_window(binder, expr->over, &made->over));
  *out = fold(binder, made);
  return DC_OK;
}

DcCode program_bind(Program *program, Engine *engine, const Schema *schema, EvalContext *cx, const Expr *expr, const Expr **out, DcError *err) {
  return program_bind_named(program, engine, schema, NULL, 0, cx, expr, out, err);
}

DcCode program_bind_named(Program *program, Engine *engine, const Schema *schema, const NamedExpr *aliases, size_t alias_count, EvalContext *cx,
                          const Expr *expr, const Expr **out, DcError *err) {
  Binder binder = {.program = program, .engine = engine, .schema = schema, .aliases = aliases, .alias_count = alias_count, .cx = cx, .err = err};
  capture_moment(program, &cx->call);
  NameMode names = cx->names;
  cx->names = NAMES_REFUSED;
  DcCode code = bind(&binder, expr, out);
  cx->names = names;
  return code;
}

bool program_columns(const Expr *expr, uint8_t *columns) {
  if (!expr) return true;
  bool known = expr->kind != EXPR_CALL || (expr->function && !expr->function->needs_record);
  if (expr->kind == EXPR_ATTR && expr->column >= 0) columns[expr->column] = 1;
  for (size_t i = 0; i < expr->count; i++) known = program_columns(expr->items[i], columns) && known;
  return known;
}

Str program_column_name(const Expr *expr) {
  if (expr->kind == EXPR_ATTR) return expr->name.text;
  return expr->kind == EXPR_CALL && expr->function ? str_of(expr->function->name) : str_of("expression");
}
