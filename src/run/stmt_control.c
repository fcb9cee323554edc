/* stmt_control.c - IF, LOOP, WHILE and TRY. */
#include "run/session_internal.h"

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

uint32_t session_enclose(Session *session) {
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
  uint32_t before = session_enclose(session);
  session->loop_depth++;
  variables_push(session->variables);
  DcCode code = DC_OK;
  bool stop = false;
  for (size_t i = 0; i < values.count && code == DC_OK && !stop; i++) {
    variables_define(session->variables, name, values.items[i]);
    code = run_round(session, &stmt->as.loop.body, &stop, err);
    session_end_round(session, stmt);
  }
  variables_pop(session->variables);
  session->loop_depth--;
  session->outer = before;
  return code;
}

/* The condition's temporaries go after each round. */
DcCode run_while(Session *session, const Stmt *stmt, DcError *err) {
  uint32_t before = session_enclose(session);
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
