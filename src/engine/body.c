/* body.c - runs own functions and transforms: parameters, local variables, and the statements of a body.
 *
 * A Frame holds the local variables of one call, or of a transform's way through one partition. A local owns its value: a
 * text in a buffer that is used again, anything else in an arena of its own. Temporaries live in the frame's scratch arena, which is emptied after every statement,
 * so that a long loop needs no more memory than one round. Storage that an assignment replaces may still be in use by
 * the statement that assigns; it is retired and freed when that statement ends.
 */
#include "engine/eval_internal.h"

enum { DEFAULT_MAX_DEPTH = 1000 };

typedef enum Lazy { LAZY_NOT, LAZY_KEY, LAZY_OBJECT } Lazy;

typedef struct Local {
  Str name;
  Lazy lazy;   /* not made yet: what of the record it is going to be */
  Value value; /* may be borrowed: an argument, an element of a LOOP's values */
  char *text;  /* buffer of texts */
  size_t cap;
  Arena arena; /* of arrays and other values that are not flat */
} Local;

typedef enum Flow { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE, FLOW_RETURN } Flow;

typedef struct Frame {
  EvalContext *cx;
  const Definition *function;
  VariableView outer;
  Local *locals;
  size_t count, cap;
  Arena scratch;
  Arena *retired;
  size_t retired_count, retired_cap;
  Arena *result_arena; /* the caller's */
  Value *result;
  const RecordStream *stream; /* of a transform; NULL in a function */
  bool at_end;                /* FETCH has found no more records */
} Frame;

/* --- Local variables --- */

static Local *find_local(Frame *frame, Str name) {
  for (size_t i = frame->count; i-- > 0;)
    if (str_eq(frame->locals[i].name, name)) return &frame->locals[i];
  return NULL;
}

static Local *add_local(Frame *frame, Str name) {
  VEC_GROW(frame->locals, frame->count, frame->cap);
  Local *local = &frame->locals[frame->count++];
  memset(local, 0, sizeof *local);
  local->name = name;
  return local;
}

static void retire(Frame *frame, Arena *arena) {
  if (!arena->head) return;
  VEC_GROW(frame->retired, frame->retired_count, frame->retired_cap);
  frame->retired[frame->retired_count++] = *arena;
  memset(arena, 0, sizeof *arena);
}

/* The value may lie in the local's own storage ($a = STR_SLICE($a, 1, 2)). */
static void assign(Frame *frame, Local *local, Value value) {
  if (value.type == TYPE_STRING || value.type == TYPE_BINARY) {
    if (value.len > local->cap) {
      size_t cap = value.len < 32 ? 64 : (size_t)value.len * 2;
      local->text = dc_realloc(local->text, cap); /* a longer text cannot lie in the buffer */
      local->cap = cap;
    }
    if (value.len) memmove(local->text, value.as.s, value.len);
    value.as.s = local->text ? local->text : "";
    retire(frame, &local->arena);
  } else if (value.type == TYPE_ARRAY || value.type == TYPE_OBJECT || value.type == TYPE_DECIMAL) {
    Arena fresh = {0};
    value = value_copy(&fresh, value);
    retire(frame, &local->arena);
    local->arena = fresh;
  }
  local->value = value;
  local->lazy = LAZY_NOT;
}

/* Ends the scope of the locals from mark on. */
static void drop_locals(Frame *frame, size_t mark) {
  while (frame->count > mark) {
    Local *local = &frame->locals[--frame->count];
    dc_free(local->text);
    arena_free(&local->arena);
  }
}

static void end_statement(Frame *frame) {
  while (frame->retired_count) arena_free(&frame->retired[--frame->retired_count]);
  arena_reset(&frame->scratch);
}

/* $key and $object of a RECORD function are made when they are first asked for. */
static void fill(Frame *frame, Local *local) {
  const RecordView *record = frame->cx->call.record;
  Lazy what = local->lazy;
  DcError failed = {0};
  local->lazy = LAZY_NOT;
  if (what == LAZY_KEY && record->key(record->self, &local->value, &failed) == DC_OK) {
    if (local->value.flags & VALUE_DEFAULT_KEY) local->value = value_int(local->value.as.i);
    return;
  }
  if (what == LAZY_OBJECT && record->object(record->self, frame->result_arena, &local->value, &failed) == DC_OK) return;
  local->value = value_null();
}

/* A parameter of the same name hides it. */
static void add_lazy(Frame *frame, Str name, Lazy what) {
  if (name.len && !find_local(frame, name)) add_local(frame, name)->lazy = what;
}

/* The names that the function gives to the record, else $key and $object. */
static void add_record(Frame *frame) {
  const Definition *function = frame->function;
  const RecordView *record = frame->cx->call.record;
  bool named = function->key_name.len || function->object_name.len;
  if (!function->record || !record || !record->key || !record->object) return;
  add_lazy(frame, named ? function->key_name : str_of("key"), LAZY_KEY);
  add_lazy(frame, named ? function->object_name : str_of("object"), LAZY_OBJECT);
}

static void frame_free(Frame *frame) {
  drop_locals(frame, 0);
  dc_free(frame->locals);
  end_statement(frame);
  dc_free(frame->retired);
  arena_free(&frame->scratch);
}

static bool frame_get(void *self, Str name, Value *out) {
  Frame *frame = self;
  Local *local = find_local(frame, name);
  if (local && local->lazy) fill(frame, local);
  if (local) {
    *out = local->value;
    return true;
  }
  return frame->outer.get && frame->outer.get(frame->outer.self, name, out);
}

/* ARR_PUT; what is not local cannot be changed from a function. */
static void frame_set(void *self, Str name, Value value) {
  Local *local = find_local(self, name);
  if (local) assign(self, local, value);
}

/* --- Statements --- */

static DcCode run_block(Frame *frame, const Block *block, Flow *flow, DcError *err);

/* A block with its own scope. */
static DcCode run_scope(Frame *frame, const Block *block, Flow *flow, DcError *err) {
  size_t mark = frame->count;
  DcCode code = run_block(frame, block, flow, err);
  drop_locals(frame, mark);
  return code;
}

static DcCode run_let(Frame *frame, const Stmt *stmt, DcError *err) {
  Value value;
  Str name;
  DC_TRY(eval_name(frame->cx, &stmt->as.let.name, &name, err));
  NameMode names = frame->cx->names;
  if (names == NAMES_REFUSED) frame->cx->names = NAMES_AS_TEXT; /* LET $cols = ["a", "b"] */
  DcCode code = eval(frame->cx, stmt->as.let.value, &value, err);
  frame->cx->names = names;
  DC_TRY(code);
  Local *local = find_local(frame, name);
  if (!local) {
    /* An interpolated name lives in scratch: the function's own arena of names is the caller's. */
    local = add_local(frame, stmt->as.let.name.parts ? arena_str(frame->result_arena, name) : name);
  }
  assign(frame, local, value);
  return DC_OK;
}

static DcCode run_if(Frame *frame, const Stmt *stmt, Flow *flow, DcError *err) {
  for (size_t i = 0; i < stmt->as.branch.count; i++) {
    Value condition;
    DC_TRY(eval(frame->cx, stmt->as.branch.conditions[i], &condition, err));
    bool taken = value_is_true(condition);
    end_statement(frame);
    if (taken) return run_block(frame, &stmt->as.branch.blocks[i], flow, err);
  }
  return stmt->as.branch.has_else ? run_block(frame, &stmt->as.branch.otherwise, flow, err) : DC_OK;
}

static DcCode interrupted(const EvalContext *cx, DcError *err) {
  if (!cx->interrupted || !cx->interrupted()) return DC_OK;
  return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
}

/* True when the loop goes on. */
static bool goes_on(Flow *flow) {
  if (*flow == FLOW_RETURN) return false;
  bool on = *flow != FLOW_BREAK;
  *flow = FLOW_NEXT;
  return on;
}

/* What a LOOP runs over: an array, or the numbers of a RANGE, which are not made. */
typedef struct Rounds {
  Arena arena;
  const Value *items; /* NULL: numbers */
  uint64_t count;
  int64_t from;
  int step;
  Value single;
} Rounds;

static DcCode read_rounds(Frame *frame, const Expr *values, Rounds *rounds, DcError *err) {
  if (values->kind == EXPR_RANGE) {
    int64_t to = 0;
    bool known;
    DC_TRY(eval_range_bounds(frame->cx, values, &rounds->from, &to, &known, err));
    rounds->step = to < rounds->from ? -1 : 1;
    if (known) rounds->count = (to < rounds->from ? (uint64_t)rounds->from - (uint64_t)to : (uint64_t)to - (uint64_t)rounds->from) + 1;
    return DC_OK;
  }
  Value value;
  DC_TRY(eval(frame->cx, values, &value, err));
  rounds->single = value_copy(&rounds->arena, value); /* the body may assign what it came from */
  if (value.type == TYPE_ARRAY) {
    rounds->items = rounds->single.as.array->items;
    rounds->count = rounds->single.as.array->count;
  } else if (value.type != TYPE_NULL) {
    rounds->items = &rounds->single;
    rounds->count = 1;
  }
  return DC_OK;
}

static DcCode run_rounds(Frame *frame, const Stmt *stmt, const Rounds *rounds, Flow *flow, DcError *err) {
  Str name;
  DC_TRY(eval_name(frame->cx, &stmt->as.loop.variable, &name, err));
  size_t mark = frame->count;
  add_local(frame, stmt->as.loop.variable.parts ? arena_str(frame->result_arena, name) : name);
  DcCode code = DC_OK;
  for (uint64_t i = 0; i < rounds->count && code == DC_OK; i++) {
    uint64_t number = rounds->step < 0 ? (uint64_t)rounds->from - i : (uint64_t)rounds->from + i;
    frame->locals[mark].value = rounds->items ? rounds->items[i] : value_int((int64_t)number);
    code = interrupted(frame->cx, err);
    if (code == DC_OK) code = run_block(frame, &stmt->as.loop.body, flow, err);
    if (!goes_on(flow)) break;
  }
  drop_locals(frame, mark);
  return code;
}

static DcCode run_loop(Frame *frame, const Stmt *stmt, Flow *flow, DcError *err) {
  Rounds rounds = {0};
  DcCode code = read_rounds(frame, stmt->as.loop.values, &rounds, err);
  end_statement(frame);
  if (code == DC_OK && rounds.count) code = run_rounds(frame, stmt, &rounds, flow, err);
  else if (code == DC_OK && stmt->as.loop.has_else) code = run_scope(frame, &stmt->as.loop.otherwise, flow, err);
  arena_free(&rounds.arena);
  return code;
}

static DcCode run_while(Frame *frame, const Stmt *stmt, Flow *flow, DcError *err) {
  size_t mark = frame->count;
  DcCode code;
  for (;;) {
    Value condition;
    code = eval(frame->cx, stmt->as.while_loop.condition, &condition, err);
    if (code != DC_OK || !value_is_true(condition)) break;
    end_statement(frame);
    code = interrupted(frame->cx, err);
    if (code == DC_OK) code = run_block(frame, &stmt->as.while_loop.body, flow, err);
    if (code != DC_OK || !goes_on(flow)) break;
  }
  drop_locals(frame, mark);
  return code;
}

static DcCode run_raise(Frame *frame, const Stmt *stmt, DcError *err) {
  Value message;
  DC_TRY(eval(frame->cx, stmt->as.raise.message, &message, err));
  Str text = value_to_str(frame->cx->call.arena, message);
  if (stmt->as.raise.level == RAISE_ERROR) {
    err->stop = true;
    return dc_fail_at(err, DC_FAIL, stmt->pos, "%.*s", STR_ARG(text));
  }
  if (frame->cx->raise) frame->cx->raise(frame->cx->raise_self, stmt->as.raise.level, text);
  return DC_OK;
}

static DcCode run_return(Frame *frame, const Stmt *stmt, Flow *flow, DcError *err) {
  Value value = value_null();
  if (stmt->as.expr) DC_TRY(eval(frame->cx, stmt->as.expr, &value, err));
  *frame->result = value_copy(frame->result_arena, value);
  *flow = FLOW_RETURN;
  return DC_OK;
}

/* An interruption is no error that a script may catch. */
static DcCode run_try(Frame *frame, const Stmt *stmt, Flow *flow, DcError *err) {
  size_t mark = frame->count;
  DcCode code = run_scope(frame, &stmt->as.try_block.body, flow, err);
  if (code != DC_FAIL) return code;
  end_statement(frame);
  Name variable = stmt->as.try_block.variable;
  if (variable.text.data || variable.parts) {
    Str message = arena_str(&frame->scratch, str_of(err->message)), name;
    dc_error_clear(err);
    DC_TRY(eval_name(frame->cx, &variable, &name, err));
    Local *local = add_local(frame, variable.parts ? arena_str(frame->result_arena, name) : name);
    assign(frame, local, value_str(message));
  }
  dc_error_clear(err);
  *flow = FLOW_NEXT;
  code = run_block(frame, &stmt->as.try_block.handler, flow, err);
  drop_locals(frame, mark);
  return code;
}

/* Gives a name of FETCH its value; a variable that nobody reads is not made. */
static void set_fetched(Frame *frame, Str name, Value value) {
  Local *local = find_local(frame, name);
  assign(frame, local ? local : add_local(frame, name), value);
}

static DcCode run_fetch(Frame *frame, const Stmt *stmt, DcError *err) {
  const RecordStream *stream = frame->stream;
  const RecordView *record = frame->cx->call.record;
  Str key = stmt->as.fetch.key_name, object = stmt->as.fetch.object_name;
  bool found;
  Value value = value_null();
  DC_TRY(stream->fetch(stream->self, &found, err));
  frame->at_end = !found;
  set_fetched(frame, str_of("NOTFOUND"), value_bool(!found));
  if (key.data && stream->reads(stream->self, key)) {
    if (found) DC_TRY(record->key(record->self, &value, err));
    if (value.flags & VALUE_DEFAULT_KEY) value = value_int(value.as.i);
    set_fetched(frame, key, value);
  }
  value = value_null();
  if (object.data && stream->reads(stream->self, object)) {
    if (found) DC_TRY(record->object(record->self, &frame->scratch, &value, err));
    set_fetched(frame, object, value);
  }
  return DC_OK;
}

static DcCode run_yield(Frame *frame, const Stmt *stmt, DcError *err) {
  Value key, object;
  DC_TRY(eval(frame->cx, stmt->as.yield.key, &key, err));
  DC_TRY(eval(frame->cx, stmt->as.yield.object, &object, err));
  DcCode code = frame->stream->yield(frame->stream->self, key, object, err);
  return code == DC_OK ? DC_OK : dc_position(err, stmt->as.yield.object->pos);
}

static DcCode run_stmt(Frame *frame, const Stmt *stmt, Flow *flow, DcError *err) {
  Value ignored;
  switch (stmt->kind) {
    case STMT_LET: return run_let(frame, stmt, err);
    case STMT_EXPR: return eval(frame->cx, stmt->as.expr, &ignored, err);
    case STMT_IF: return run_if(frame, stmt, flow, err);
    case STMT_LOOP: return run_loop(frame, stmt, flow, err);
    case STMT_WHILE: return run_while(frame, stmt, flow, err);
    case STMT_RAISE: return run_raise(frame, stmt, err);
    case STMT_RETURN: return run_return(frame, stmt, flow, err);
    case STMT_TRY: return run_try(frame, stmt, flow, err);
    case STMT_BLOCK: return run_scope(frame, &stmt->as.block, flow, err);
    case STMT_INCLUDE: return run_block(frame, &stmt->as.include.body, flow, err);
    case STMT_BREAK: *flow = FLOW_BREAK; return DC_OK;
    case STMT_CONTINUE: *flow = FLOW_CONTINUE; return DC_OK;
    case STMT_FETCH: if (frame->stream) return run_fetch(frame, stmt, err); break;
    case STMT_YIELD: if (frame->stream) return run_yield(frame, stmt, err); break;
    case STMT_CREATE: case STMT_ALTER: case STMT_SELECT: case STMT_COPY: case STMT_SPLIT: case STMT_CALL: case STMT_ANALYZE:
    case STMT_LET_SELECT: case STMT_FUNCTION: case STMT_PROCEDURE: case STMT_TRANSFORM:
    case STMT_DROP: case STMT_OPTIONS: case STMT_EXPLAIN: case STMT_DESCRIBE: case STMT_SHOW: case STMT_EXPECT: case STMT_EXEC: break;
  }
  return dc_fail(err, "this statement cannot stand in the body of a function");
}

static DcCode run_block(Frame *frame, const Block *block, Flow *flow, DcError *err) {
  for (size_t i = 0; i < block->count && *flow == FLOW_NEXT; i++) {
    DcCode code = run_stmt(frame, block->stmts[i], flow, err);
    if (code != DC_OK) return dc_position(err, block->stmts[i]->pos);
    end_statement(frame);
  }
  return DC_OK;
}

/* --- Calls --- */

static DcCode bind_parameters(Frame *frame, const Value *args, size_t count, DcError *err) {
  EvalContext *cx = frame->cx;
  const Definition *function = frame->function;
  NameMode names = cx->names;
  for (size_t i = 0; i < function->param_count; i++) {
    Value value = i < count ? args[i] : value_null();
    const Param *param = &function->params[i];
    Str name;
    DC_TRY(eval_name(cx, &param->name, &name, err));
    if (i >= count && !param->value) {
      Str own = function->name.text;
      return dc_fail(err, "%.*s: argument %zu (@%.*s) is missing", STR_ARG(own), i + 1, STR_ARG(name));
    }
    if (value_is_null(value) && param->value) {
      cx->names = NAMES_AS_TEXT;
      DcCode code = eval(cx, param->value, &value, err);
      cx->names = names;
      DC_TRY(code);
    }
    add_local(frame, name)->value = value; /* borrowed: it lives as long as the call */
  }
  add_record(frame);
  return DC_OK;
}

static DcCode run_body(Frame *frame, const Value *args, size_t count, DcError *err) {
  EvalContext *cx = frame->cx;
  const Definition *function = frame->function;
  Flow flow = FLOW_NEXT;
  DC_TRY(bind_parameters(frame, args, count, err)); /* in the caller's arena: defaults outlive the statements */
  if (function->expr) {
    DC_TRY(eval(cx, function->expr, frame->result, err));
    for (size_t i = 0; i < frame->count; i++) /* ARR_PUT gave a parameter storage of its own */
      if (frame->locals[i].arena.head) *frame->result = value_copy(frame->result_arena, *frame->result);
    return DC_OK;
  }
  cx->call.arena = &frame->scratch;
  DC_TRY(run_block(frame, &function->body, &flow, err));
  if (flow == FLOW_RETURN) return DC_OK;
  return dc_fail(err, "function %.*s ended without RETURN", STR_ARG(function->name.text));
}

DcCode eval_call_own(EvalContext *cx, const Definition *function, const Value *args, size_t count, Position pos, Value *out, DcError *err) {
  int max_depth = cx->max_depth ? cx->max_depth : DEFAULT_MAX_DEPTH;
  Str name = function->name.text;
  DC_TRY(interrupted(cx, err)); /* recursion may take as long as a loop */
  if (cx->depth >= max_depth) {
    err->stop = true;
    dc_fail_at(err, DC_FAIL, pos, "%.*s: functions call each other more than %d deep", STR_ARG(name), max_depth);
    dc_hint(err, "is there a way through it that ends without a call?");
    return err->code;
  }
  if (count > function->param_count) return dc_fail_at(err, DC_FAIL, pos, "%.*s takes %zu arguments, not %zu", STR_ARG(name), function->param_count, count);
  if (function->record && !cx->call.record) return dc_fail_at(err, DC_FAIL, pos, "%.*s needs a record: it works in SELECT, WHERE and KEY", STR_ARG(name));
  if (cx->depth == 0) cx->globals = cx->variables;
  /* The caller's locals are not visible. */
  Frame frame = {.cx = cx, .function = function, .outer = cx->globals, .result_arena = cx->call.arena, .result = out};
  NameMode names = cx->names;
  VariableView caller = cx->variables;
  cx->variables = (VariableView){&frame, frame_get, frame_set};
  cx->names = function->record ? NAMES_AS_RECORD : NAMES_REFUSED;
  cx->depth++;
  DcCode code = run_body(&frame, args, count, err);
  cx->depth--;
  cx->names = names;
  cx->variables = caller;
  cx->call.arena = frame.result_arena;
  frame_free(&frame);
  return code == DC_OK ? DC_OK : dc_position(err, pos);
}

/* --- Transforms --- */

/* Rounds of the body, until one RETURNs, or ends behind the last record. */
static DcCode run_rounds_of_body(Frame *frame, DcError *err) {
  const RecordStream *stream = frame->stream;
  for (;;) {
    Flow flow = FLOW_NEXT;
    DC_TRY(interrupted(frame->cx, err));
    DcCode code = run_block(frame, &frame->function->body, &flow, err);
    end_statement(frame);
    if (code == DC_FAIL && !err->stop) {
      DC_TRY(stream->forgive(stream->self, err));
      continue;
    }
    if (code != DC_OK || flow == FLOW_RETURN || frame->at_end) return code;
  }
}

DcCode eval_transform(EvalContext *cx, const Definition *transform, const BodyVariable *variables, size_t count, const RecordStream *stream, DcError *err) {
  EvalContext outer = *cx;
  Value result = value_null();
  Arena names = {0};
  Frame frame = {.cx = cx, .function = transform, .outer = cx->variables, .result_arena = &names, .result = &result, .stream = stream};
  add_local(&frame, str_of("NOTFOUND"))->value = value_bool(false);
  for (size_t i = 0; i < count; i++) add_local(&frame, variables[i].name)->value = variables[i].value;
  cx->globals = cx->variables;
  cx->variables = (VariableView){&frame, frame_get, frame_set};
  cx->names = NAMES_AS_RECORD;
  cx->depth = 1; /* the names of attributes are not bound to columns here */
  cx->call.arena = &frame.scratch;
  DcCode code = run_rounds_of_body(&frame, err);
  cx->variables = outer.variables;
  cx->globals = outer.globals;
  cx->names = outer.names;
  cx->depth = outer.depth;
  cx->call.arena = outer.call.arena;
  frame_free(&frame);
  arena_free(&names);
  return code;
}
