/* stmt_let.c - LET, RAISE, OPTIONS, DROP: statements about values and settings. */
#include "run/session_internal.h"

DcCode run_let(Session *session, const Stmt *stmt, DcError *err) {
  Str name;
  Value value;
  DC_TRY(session_name(session, &stmt->as.let.name, &name, err));
  DC_TRY(session_eval(session, stmt->as.let.value, NAMES_AS_TEXT, &value, err));
  session_assign(session, name, stmt->as.let.name.pos, value);
  return DC_OK;
}

DcCode run_let_select(Session *session, const Stmt *stmt, DcError *err) {
  Str name;
  Value values;
  Engine *engine;
  Dataset *dataset;
  DC_TRY(session_name(session, &stmt->as.let_select.name, &name, err));
  DC_TRY(session_engine(session, &engine, err));
  DC_TRY(select_one(session, stmt->as.let_select.select, &dataset, err));
  session_before_rows(session);
  DcCode code = dataset_values(engine, dataset, session->cx.call.arena, &values, err);
  dataset_unref(dataset);
  if (code == DC_OK) session_assign(session, name, stmt->as.let_select.name.pos, values);
  return code;
}

DcCode run_raise(Session *session, const Stmt *stmt, DcError *err) {
  Value value;
  DC_TRY(session_eval(session, stmt->as.raise.message, NAMES_REFUSED, &value, err));
  Str message = value_to_str(session->cx.call.arena, value);
  if (stmt->as.raise.level == RAISE_ERROR) return dc_fail_at(err, DC_FAIL, stmt->pos, "%.*s", STR_ARG(message));
  session_raise(session, stmt->as.raise.level, (Position){0}, message);
  return DC_OK;
}

DcCode run_drop(Session *session, const Stmt *stmt, DcError *err) {
  for (size_t i = 0; i < stmt->as.drop.count; i++) {
    Str name;
    DC_TRY(session_name(session, &stmt->as.drop.names[i], &name, err));
    if (stmt->as.drop.kind == DROP_FUNCTION) definitions_drop(&session->functions, name);
    if (stmt->as.drop.kind == DROP_PROCEDURE) definitions_drop(&session->procedures, name);
    if (stmt->as.drop.kind == DROP_TRANSFORM) definitions_drop(&session->transforms, name);
  }
  return DC_OK;
}

static DcCode apply_option(Session *session, const Param *param, DcError *err) {
  Str name;
  Value value = value_null();
  DC_TRY(session_name(session, &param->name, &name, err));
  if (param->value) DC_TRY(session_eval(session, param->value, NAMES_AS_TEXT, &value, err));
  if (value_is_null(value)) {
    dc_fail_at(err, DC_FAIL, param->pos, "option '%.*s' is NULL", STR_ARG(name));
    dc_hint(err, "leave it out to have its default");
    return err->code;
  }
  const OptionRow *row = option_find(name);
  if (row && !row->late && !row->unused && session->engine)
    return dc_fail_at(err, DC_FAIL, param->pos, "option '%s' has to be set outside of blocks: work has begun", row->name);
  DcCode code = settings_set(session->settings, name, value_to_str(session->cx.call.arena, value), RANK_SCRIPT, err);
  if (code != DC_OK) return dc_position(err, param->pos);
  session->log->level = session->settings->log_level;
  return DC_OK;
}

static DcCode apply_options(Session *session, const Stmt *stmt, DcError *err) {
  for (size_t i = 0; i < stmt->as.options.count; i++) DC_TRY(apply_option(session, &stmt->as.options.params[i], err));
  return DC_OK;
}

DcCode options_apply(Session *session, const Stmt *stmt, DcError *err) {
  session->stmt = stmt;
  session->cx.call.arena = &session->arena;
  DcCode code = apply_options(session, stmt, err);
  session->cx.call.arena = NULL;
  session->stmt = NULL;
  VEC_GROW(session->options_done, session->options_count, session->options_cap);
  session->options_done[session->options_count++] = stmt;
  return code;
}

/* Those of the top level were applied before the first statement. */
DcCode run_options(Session *session, const Stmt *stmt, DcError *err) {
  for (size_t i = 0; i < session->options_count; i++)
    if (session->options_done[i] == stmt) return DC_OK;
  return apply_options(session, stmt, err);
}
