/* stmt_exec.c - EXEC: one statement that a database runs. */
#include "run/session_internal.h"

static void take_values(Value given, ExecSpec *spec, Arena *arena) {
  bool list = given.type == TYPE_ARRAY;
  Value *values = arena_alloc(arena, ((list ? given.as.array->count : 1) + 1) * sizeof *values);
  spec->value_count = list ? given.as.array->count : 1;
  for (size_t i = 0; i < spec->value_count; i++) values[i] = list ? given.as.array->items[i] : given;
  spec->values = values;
}

DcCode run_exec(Session *session, const Stmt *stmt, DcError *err) {
  const Invocation *system = &stmt->as.exec.system;
  const Expr *values = stmt->as.exec.values;
  ExecSpec spec = {.adapter_pos = system->pos, .param_count = system->param_count, .statement_pos = stmt->as.exec.statement->pos};
  ParamValue *params;
  Engine *engine;
  Value given;
  Str into;
  int64_t affected = -1;
  DC_TRY(session_name(session, &system->name, &spec.adapter, err));
  DC_TRY(session_params(session, system, &params, err));
  spec.params = params;
  DC_TRY(session_eval(session, stmt->as.exec.statement, NAMES_REFUSED, &spec.statement, err));
  if (values) {
    DC_TRY(session_eval(session, values, NAMES_REFUSED, &given, err));
    spec.values_pos = values->pos;
    take_values(given, &spec, session->cx.call.arena);
  }
  DC_TRY(session_engine(session, &engine, err));
  DC_TRY(system_execute(engine, &spec, &affected, err));
  if (!stmt->as.exec.into.text.data) return DC_OK;
  DC_TRY(session_name(session, &stmt->as.exec.into, &into, err));
  session_assign(session, into, stmt->as.exec.into.pos, affected < 0 ? value_null() : value_int(affected));
  return DC_OK;
}
