/* vector.c - evaluates a bound expression for all rows of a view: kernels where there is one, else row by row through
 * the same scalar functions, so that both give the same. AND, OR and the like evaluate their right side only for the
 * rows that need it. */
#include "engine/kernels.h"
#include "engine/engine.h"
#include "value/spelling.h"

static DcCode eval_rows(Worker *worker, const Program *program, const Expr *expr, View *view, Vector *out);

/* --- Paths into objects --- */

/* The column as it lies in the batch, if its values are encoded there and nobody has fetched them. */
static const Column *encoded_column(const View *view, uint32_t number) {
  const ViewColumn *column = &view->columns[number];
  if (column->vector || column->batch_column < 0 || view->batch->layout != BATCH_COLUMNS) return NULL;
  const Column *found = &view->batch->columns[column->batch_column];
  return found->kind == COLUMN_VALUE ? found : NULL;
}

static Value value_by_path(Worker *worker, View *view, uint32_t number, const Path *path, uint32_t i) {
  Arena *arena = &worker->scratch;
  const Column *column = encoded_column(view, number);
  if (!column) return path_value(path, vector_value(view_column(worker, view, number), i), arena);
  uint32_t row = view_row(view, i);
  if (!column_valid(column, row)) return value_null();
  return path_encoded(path, (const char *)column->values + column->offsets[row], arena);
}

/* Does a value know more than a vector of its type would keep? */
static bool is_special(Value value) { return is_spelled(value) || (value.flags & (VALUE_NUMBER | VALUE_SINGLE)); }

Vector vector_typed(Arena *arena, const Value *values, uint32_t n) {
  Type type = TYPE_NULL;
  bool any_null = false;
  for (uint32_t i = 0; i < n; i++) {
    any_null = any_null || value_is_null(values[i]);
    if (value_is_null(values[i])) continue;
    if ((type != TYPE_NULL && type != values[i].type) || is_special(values[i])) return (Vector){.kind = VEC_ANY, .as.values = values};
    type = (Type)values[i].type;
  }
  uint8_t *nulls = any_null ? arena_raw(arena, n + 1) : NULL;
  for (uint32_t i = 0; any_null && i < n; i++) nulls[i] = value_is_null(values[i]);
  if (type == TYPE_STRING) {
    Str *strs = arena_raw(arena, (n + 1) * sizeof *strs);
    for (uint32_t i = 0; i < n; i++) strs[i] = value_get_str(values[i]);
    return (Vector){.kind = VEC_STR, .nulls = nulls, .as.strs = strs};
  }
  if (type == TYPE_INT) {
    int64_t *ints = arena_raw(arena, (n + 1) * sizeof *ints);
    for (uint32_t i = 0; i < n; i++) ints[i] = values[i].as.i;
    return (Vector){.kind = VEC_INT, .nulls = nulls, .as.ints = ints};
  }
  if (type == TYPE_DOUBLE) {
    double *doubles = arena_raw(arena, (n + 1) * sizeof *doubles);
    for (uint32_t i = 0; i < n; i++) doubles[i] = values[i].as.d;
    return (Vector){.kind = VEC_DOUBLE, .nulls = nulls, .as.doubles = doubles};
  }
  return (Vector){.kind = VEC_ANY, .as.values = values};
}

static Vector eval_path(Worker *worker, const Expr *expr, View *view) {
  Value *values = arena_raw(&worker->scratch, (view->n + 1) * sizeof *values);
  for (uint32_t i = 0; i < view->n; i++) values[i] = value_by_path(worker, view, (uint32_t)expr->column, expr->steps, i);
  return vector_typed(&worker->scratch, values, view->n);
}

/* --- Row by row: the scalar evaluator over a record view --- */

static DcCode row_attribute(void *self, int column, Str name, Value *out, DcError *err) {
  RowRecord *record = self;
  const Schema *schema = record->view->schema;
  (void)err;
  *out = value_null();
  if (column < 0 && schema && schema->type == DS_STRUCTURED) {
    *out = value_by_path(record->worker, record->view, 0, path_compile(&record->worker->scratch, name), record->row);
    return DC_OK;
  }
  if (column < 0 && schema) column = schema_column(schema, name);
  if (column >= 0) *out = vector_value(view_column(record->worker, record->view, (uint32_t)column), record->row);
  return DC_OK;
}

static DcCode row_at_path(void *self, int column, const Path *path, Value *out, DcError *err) {
  RowRecord *record = self;
  (void)err;
  *out = value_by_path(record->worker, record->view, (uint32_t)column, path, record->row);
  return DC_OK;
}

static DcCode row_names(void *self, Arena *arena, Value *out, DcError *err) {
  RowRecord *record = self;
  const Schema *schema = record->view->schema;
  (void)err;
  Value object = value_null();
  if (schema && schema->type == DS_STRUCTURED) object = view_object(record->worker, record->view, record->row);
  bool structured = object.type == TYPE_OBJECT;
  size_t count = structured ? object.as.object->count : schema ? schema->count : 0;
  const Str *names = structured ? object.as.object->names : schema ? schema->names : NULL;
  Value *items = arena_raw(arena, (count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++) items[i] = value_str(names[i]);
  *out = value_array(arena, items, count);
  return DC_OK;
}

static DcCode row_object(void *self, Arena *arena, Value *out, DcError *err) {
  RowRecord *record = self;
  (void)arena;
  (void)err;
  *out = view_object(record->worker, record->view, record->row);
  return DC_OK;
}

static DcCode row_key(void *self, Value *out, DcError *err) {
  RowRecord *record = self;
  (void)err;
  *out = view_key(record->worker, record->view, record->row);
  return DC_OK;
}

RecordView row_record(RowRecord *record) {
  return (RecordView){.self = record, .attribute = row_attribute, .at_path = row_at_path, .key = row_key, .names = row_names, .object = row_object};
}

static DcCode eval_rows(Worker *worker, const Program *program, const Expr *expr, View *view, Vector *out) {
  Value *values = arena_alloc(&worker->scratch, (view->n + 1) * sizeof *values);
  RowRecord record = {worker, view, 0};
  RecordView attributes = row_record(&record);
  view_fetch_for(worker, view, &expr, 1);
  program_enter(program, &worker->eval);
  worker->eval.call.record = &attributes;
  DcCode code = DC_OK;
  for (uint32_t i = 0; i < view->n && code == DC_OK; i++) {
    DcError err = {0};
    record.row = i;
    worker->eval.call.origin = view_origin(view, i);
    worker->eval.call.err = &err;
    if (eval(&worker->eval, expr, &values[i], &err) != DC_OK) {
      values[i] = value_null();
      dc_position(&err, expr->pos);
      if (view_bad_row(worker, expr, view, i, &err) != DC_OK) {
        worker->err = err;
        code = err.code;
      }
    }
  }
  worker->eval.call.record = NULL;
  worker->eval.call.err = NULL;
  *out = (Vector){.kind = VEC_ANY, .as.values = values};
  return code;
}

/* --- Calls with evaluated operands --- */

static DcCode call_rows(Worker *worker, const Program *program, const Expr *expr, View *view, const Vector *args, Vector *out) {
  ScalarFn call = expr->kind == EXPR_OP ? expr->op->call : expr->function->call;
  bool handles_null = expr->kind == EXPR_OP ? expr->op->handles_null : expr->function->handles_null;
  int count = (int)expr->count;
  Value *values = arena_alloc(&worker->scratch, (view->n + 1) * sizeof *values);
  Value *row = arena_alloc(&worker->scratch, ((size_t)count + 1) * sizeof *row);
  CallContext *cx = &worker->eval.call;
  program_enter(program, &worker->eval);
  for (uint32_t i = 0; i < view->n; i++) {
    DcError err = {0};
    bool null = false;
    for (int k = 0; k < count; k++) {
      row[k] = vector_value(&args[k], i);
      null = null || value_is_null(row[k]);
    }
    if (null && !handles_null) continue;
    cx->err = &err;
    cx->origin = view_origin(view, i);
    if (call(cx, row, count, &values[i]) == DC_OK) continue;
    values[i] = value_null();
    dc_position(&err, expr->pos);
    if (view_bad_row(worker, expr, view, i, &err) != DC_OK) {
      worker->err = err;
      return err.code;
    }
  }
  *out = (Vector){.kind = VEC_ANY, .as.values = values};
  return DC_OK;
}

/* --- Logic --- */

uint32_t vector_truth(const Vector *vector, uint32_t n, uint8_t *keep) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (vector->kind == VEC_BOOL) {
      uint32_t at = vector->constant ? 0 : i;
      keep[i] = vector->as.bools[at] && !(vector->nulls && vector->nulls[at]);
    } else {
      keep[i] = value_is_true(vector_value(vector, i));
    }
    kept += keep[i];
  }
  return kept;
}

/* Three-valued truth of each row: 0 false, 1 true, 2 NULL. */
static void logic_of(const Vector *vector, uint32_t n, uint8_t *out) {
  for (uint32_t i = 0; i < n; i++) out[i] = vector_is_null(vector, i) ? 2 : (uint8_t)value_is_true(vector_value(vector, i));
}

static Vector logic_vector(Arena *arena, const uint8_t *logic, uint32_t n) {
  uint8_t *nulls = NULL, *bools = arena_raw(arena, n + 1);
  for (uint32_t i = 0; i < n; i++) {
    bools[i] = logic[i] == 1;
    if (logic[i] == 2 && !nulls) nulls = arena_alloc(arena, n + 1);
    if (logic[i] == 2) nulls[i] = 1;
  }
  return (Vector){.kind = VEC_BOOL, .nulls = nulls, .as.bools = bools};
}

/* Evaluates expr for the rows with need[i] only; out[i] gets their three-valued truth. */
static DcCode logic_where(Worker *worker, const Program *program, const Expr *expr, View *view, const uint8_t *need, uint8_t *out) {
  View part = *view;
  part.bad = NULL;
  part.columns = (ViewColumn *)arena_copy(&worker->scratch, view->columns, view->column_count * sizeof *view->columns);
  view_filter(worker, &part, need);
  Vector vector;
  DC_TRY(vector_eval(worker, program, expr, &part, &vector));
  uint8_t *logic = arena_raw(&worker->scratch, part.n + 1);
  logic_of(&vector, part.n, logic);
  for (uint32_t i = 0, k = 0; i < view->n; i++) {
    if (!need[i]) continue;
    if (part.bad && part.bad[k]) {
      if (!view->bad) view->bad = arena_alloc(&worker->scratch, view->n);
      view->bad[i] = 1;
    }
    out[i] = logic[k++];
  }
  return DC_OK;
}

static DcCode eval_logic(Worker *worker, const Program *program, const Expr *expr, View *view, Vector *out) {
  bool is_and = expr->op->special == SPECIAL_AND;
  uint8_t decided = is_and ? 0 : 1; /* FALSE AND x, TRUE OR x */
  uint32_t n = view->n, open = 0;
  Arena *arena = &worker->scratch;
  Vector left;
  DC_TRY(vector_eval(worker, program, expr->items[0], view, &left));
  uint8_t *a = arena_raw(arena, n + 1), *b = arena_alloc(arena, n + 1), *need = arena_raw(arena, n + 1);
  logic_of(&left, n, a);
  for (uint32_t i = 0; i < n; i++) {
    need[i] = a[i] != decided;
    open += need[i];
  }
  if (open) DC_TRY(logic_where(worker, program, expr->items[1], view, need, b));
  for (uint32_t i = 0; i < n; i++) {
    if (!need[i]) continue;
    if (b[i] == decided) a[i] = decided;
    else if (b[i] == 2) a[i] = 2;
    else if (a[i] != 2) a[i] = (uint8_t)!decided;
  }
  *out = logic_vector(arena, a, n);
  return DC_OK;
}

static DcCode eval_not(Worker *worker, const Program *program, const Expr *expr, View *view, Vector *out) {
  Vector operand;
  DC_TRY(vector_eval(worker, program, expr->items[0], view, &operand));
  uint8_t *logic = arena_raw(&worker->scratch, view->n + 1);
  logic_of(&operand, view->n, logic);
  for (uint32_t i = 0; i < view->n; i++)
    if (logic[i] != 2) logic[i] = !logic[i];
  *out = logic_vector(&worker->scratch, logic, view->n);
  return DC_OK;
}

static DcCode eval_is_null(Worker *worker, const Program *program, const Expr *expr, View *view, Vector *out) {
  Vector operand;
  DC_TRY(vector_eval(worker, program, expr->items[0], view, &operand));
  bool wanted = expr->op->special == SPECIAL_IS_NULL;
  uint8_t *bools = arena_raw(&worker->scratch, view->n + 1);
  for (uint32_t i = 0; i < view->n; i++) bools[i] = vector_is_null(&operand, i) == wanted;
  *out = (Vector){.kind = VEC_BOOL, .as.bools = bools};
  return DC_OK;
}

/* --- Dispatch --- */

static DcCode eval_call(Worker *worker, const Program *program, const Expr *expr, View *view, Vector *out) {
  Kernel kernel = expr->kind == EXPR_OP ? expr->op->kernel : expr->function->kernel;
  Vector *args = arena_alloc(&worker->scratch, (expr->count + 1) * sizeof *args);
  for (size_t i = 0; i < expr->count; i++) DC_TRY(vector_eval(worker, program, expr->items[i], view, &args[i]));
  if (kernel != KERNEL_NONE) {
    bool done = false;
    DC_TRY(kernel_run(worker, kernel, expr, view, args, out, &done));
    if (done) return DC_OK;
  }
  return call_rows(worker, program, expr, view, args, out);
}

static DcCode eval_op(Worker *worker, const Program *program, const Expr *expr, View *view, Vector *out) {
  switch (expr->op->special) {
    case SPECIAL_AND:
    case SPECIAL_OR: return eval_logic(worker, program, expr, view, out);
    case SPECIAL_NOT: return eval_not(worker, program, expr, view, out);
    case SPECIAL_IS_NULL:
    case SPECIAL_IS_NOT_NULL: return eval_is_null(worker, program, expr, view, out);
    case SPECIAL_RANDOM:
      if (kernel_random(worker, program, expr, view, out)) return DC_OK;
      return eval_rows(worker, program, expr, view, out);
    case SPECIAL_NONE: return expr->op->call ? eval_call(worker, program, expr, view, out) : eval_rows(worker, program, expr, view, out);
    default: return eval_rows(worker, program, expr, view, out);
  }
}

DcCode vector_eval(Worker *worker, const Program *program, const Expr *expr, View *view, Vector *out) {
  switch (expr->kind) {
    case EXPR_LITERAL: *out = kernel_literal(worker, expr->literal); return DC_OK;
    case EXPR_ATTR:
      if (expr->steps) *out = eval_path(worker, expr, view);
      else *out = *view_column(worker, view, (uint32_t)expr->column);
      return DC_OK;
    case EXPR_OP: return eval_op(worker, program, expr, view, out);
    case EXPR_CALL:
      if (expr->function && expr->function->special == SPECIAL_NONE && expr->function->call && !expr->function->needs_record)
        return eval_call(worker, program, expr, view, out);
      return eval_rows(worker, program, expr, view, out);
    default: return eval_rows(worker, program, expr, view, out);
  }
}
