/* stmt_control.c - IF, LOOP, WHILE, TRY and CALL of procedures. */
#include "run/session_internal.h"

enum { CALL_DEPTH_MAX = 1000 };

DcCode run_if(Session *session, const Stmt *stmt, DcError *err) {
  for (size_t i = 0; i < stmt->as.branch.count; i++) {
    Value value;
    DC_TRY(session_eval(session, stmt->as.branch.conditions[i], NAMES_REFUSED, &value, err));
    if (value_is_true(value)) return session_block(session, &stmt->as.branch.blocks[i], err);
  }
  return session_block(session, &stmt->as.branch.otherwise, err);
}

/* The values of a LOOP in its own scratch arena: a variable they came from may change meanwhile. */
static DcCode loop_values(Session *session, const Stmt *stmt, Array *out, DcError *err) {
  Value value;
  DC_TRY(session_eval_maybe(session, stmt->as.loop.values, &value, err));
  if (stmt->as.loop.values->kind != EXPR_RANGE) value = value_copy(session->cx.call.arena, value);
  if (value.type == TYPE_ARRAY) {
    *out = *value.as.array;
    return DC_OK;
  }
  Value *one = arena_alloc(session->cx.call.arena, sizeof *one);
  *one = value;
  *out = (Array){value_is_null(value) ? 0 : 1, one};
  return DC_OK;
}

static DcCode check_limits(const Session *session, const Stmt *stmt, size_t count, DcError *err) {
  uint64_t iterations = session->settings->iteration_limit, nesting = session->settings->nesting_limit;
  if (iterations && count > iterations)
    return dc_fail_at(err, DC_FAIL, stmt->pos, "LOOP over %zu values, but loop_iteration_limit is %llu", count, (unsigned long long)iterations);
  if (nesting && session->loop_depth > nesting)
    return dc_fail_at(err, DC_FAIL, stmt->pos, "LOOP nested deeper than loop_nesting_limit (%llu)", (unsigned long long)nesting);
  return DC_OK;
}

/* One round of a body. *stop: BREAK or RETURN. */
static DcCode run_round(Session *session, const Block *body, bool *stop, DcError *err) {
  DcCode code = session_block(session, body, err);
  *stop = session->flow == FLOW_BREAK || session->flow == FLOW_RETURN;
  if (session->flow != FLOW_RETURN) session->flow = FLOW_NEXT;
  return code;
}

/* From here on the whole of this statement counts as still to come. Returns what to put back into session->outer. */
static uint32_t enclose(Session *session) {
  uint32_t before = session->outer;
  if (!session->outer) session->outer = session->position;
  return before;
}

DcCode run_loop(Session *session, const Stmt *stmt, DcError *err) {
  Array values;
  Str name;
  DC_TRY(session_name(session, &stmt->as.loop.variable, &name, err));
  DC_TRY(loop_values(session, stmt, &values, err));
  DC_TRY(check_limits(session, stmt, values.count, err));
  if (!values.count) return session_block(session, &stmt->as.loop.otherwise, err);
  uint32_t before = enclose(session);
  session->loop_depth++;
  variables_push(session->variables);
  DcCode code = DC_OK;
  bool stop = false;
  for (size_t i = 0; i < values.count && code == DC_OK && !stop; i++) {
    variables_define(session->variables, name, values.items[i]);
    code = run_round(session, &stmt->as.loop.body, &stop, err);
  }
  variables_pop(session->variables);
  session->loop_depth--;
  session->outer = before;
  return code;
}

/* The condition's temporaries go after each round. */
DcCode run_while(Session *session, const Stmt *stmt, DcError *err) {
  uint32_t before = enclose(session);
  variables_push(session->variables);
  DcCode code = DC_OK;
  bool stop = false;
  while (code == DC_OK && !stop) {
    Value value;
    arena_reset(session->cx.call.arena);
    code = engine_interrupted() ? dc_fail_at(err, DC_INTERRUPTED, stmt->pos, "interrupted")
                                : session_eval(session, stmt->as.while_loop.condition, NAMES_REFUSED, &value, err);
    if (code != DC_OK || !value_is_true(value)) break;
    code = run_round(session, &stmt->as.while_loop.body, &stop, err);
  }
  variables_pop(session->variables);
  session->outer = before;
  return code;
}

/* Computes what was made since, so that its errors are met here. Names that nothing mentions are never computed. */
static DcCode compute_made(Session *session, uint64_t touches, DcError *err) {
  DC_TRY(session_settle(session, (Str){0}, err));
  session_before_rows(session);
  for (uint32_t i = 0; i < session->datasets.names.count; i++) {
    DatasetEntry *entry = &session->datasets.entries[i];
    if (entry->touched <= touches || !entry->dataset || dataset_computed(entry->dataset)) continue;
    Str name = entry->name;
    int64_t rows;
    DcCode code = session_count_rows(session, dataset_ref(entry->dataset), NULL, &rows, err);
    if (code == DC_OK) continue;
    datasets_remove(&session->datasets, name);
    return code;
  }
  return DC_OK;
}

DcCode run_try(Session *session, const Stmt *stmt, DcError *err) {
  DcError caught = {0};
  uint64_t touches = session->datasets.touches;
  DcCode code = session_block(session, &stmt->as.try_block.body, &caught);
  if (code == DC_OK) code = compute_made(session, touches, &caught);
  if (code == DC_OK) return DC_OK;
  if (code != DC_FAIL) {
    if (err->code == DC_OK) *err = caught;
    return code;
  }
  session->flow = FLOW_NEXT;
  variables_push(session->variables);
  if (stmt->as.try_block.variable.text.data)
    variables_define(session->variables, stmt->as.try_block.variable.text, value_text(caught.message));
  code = session_block(session, &stmt->as.try_block.handler, err);
  variables_pop(session->variables);
  return code;
}

/* --- CALL --- */

static DcCode unknown_call(const Session *session, const Stmt *stmt, Str name, DcError *err) {
  Str best = definitions_spell(&session->procedures, name);
  dc_fail_at(err, DC_FAIL, stmt->as.call.call.name.pos, "unknown procedure '%.*s'", STR_ARG(name));
  if (best.len) dc_hint(err, "did you mean '%.*s'?", STR_ARG(best));
  else dc_hint(err, "operations are not in this version");
  return DC_FAIL;
}

static DcCode check_arguments(const Definition *procedure, const ParamValue *given, size_t count, DcError *err) {
  for (size_t i = 0; i < count; i++) {
    bool known = false;
    Speller speller = speller_start(given[i].name);
    for (size_t k = 0; k < procedure->param_count; k++) {
      known = known || str_eq(procedure->params[k].name.text, given[i].name);
      speller_try(&speller, procedure->params[k].name.text);
    }
    if (known) continue;
    Str best = speller_best(&speller);
    dc_fail_at(err, DC_FAIL, given[i].pos, "procedure '%.*s' has no parameter @%.*s", STR_ARG(procedure->name.text), STR_ARG(given[i].name));
    if (best.len) dc_hint(err, "did you mean @%.*s?", STR_ARG(best));
    return DC_FAIL;
  }
  return DC_OK;
}

/* Parameters become variables of the body's scope, from left to right; a NULL takes the default. */
static DcCode bind_parameters(Session *session, const Stmt *stmt, const Definition *procedure, const ParamValue *given, size_t count, DcError *err) {
  for (size_t k = 0; k < procedure->param_count; k++) {
    const Param *param = &procedure->params[k];
    Value value = value_null();
    bool found = false;
    for (size_t i = 0; i < count; i++)
      if (str_eq(param->name.text, given[i].name)) {
        value = given[i].value;
        found = true;
      }
    if (value_is_null(value) && param->value) DC_TRY(session_eval(session, param->value, NAMES_AS_TEXT, &value, err));
    else if (!found)
      return dc_fail_at(err, DC_FAIL, stmt->pos, "procedure '%.*s' needs @%.*s", STR_ARG(procedure->name.text), STR_ARG(param->name.text));
    variables_define(session->variables, param->name.text, value);
  }
  return DC_OK;
}

DcCode run_call(Session *session, const Stmt *stmt, DcError *err) {
  const Invocation *call = &stmt->as.call.call;
  Str name;
  ParamValue *given;
  DC_TRY(session_name(session, &call->name, &name, err));
  const Definition *procedure = definitions_get(&session->procedures, name);
  if (!procedure) return unknown_call(session, stmt, name, err);
  if (stmt->as.call.input_count || stmt->as.call.output_count)
    return dc_fail_at(err, DC_FAIL, stmt->pos, "procedure '%.*s' takes no INPUT or OUTPUT", STR_ARG(name));
  if (session->call_depth == CALL_DEPTH_MAX)
    return dc_fail_at(err, DC_FAIL, stmt->pos, "procedures call each other more than %d deep", CALL_DEPTH_MAX);
  DC_TRY(session_params(session, call, &given, err));
  DC_TRY(check_arguments(procedure, given, call->param_count, err));
  uint32_t before = enclose(session);
  session->call_depth++;
  variables_push(session->variables);
  DcCode code = bind_parameters(session, stmt, procedure, given, call->param_count, err);
  if (code == DC_OK) code = session_block(session, &procedure->body, err);
  if (session->flow == FLOW_RETURN) session->flow = FLOW_NEXT;
  variables_pop(session->variables);
  session->call_depth--;
  session->outer = before;
  return code;
}
