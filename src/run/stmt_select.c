/* stmt_select.c - SELECT … FROM … INTO: pairs of inputs and outputs, matched from left to right. */
#include "run/session_internal.h"

/* The dataset of one input; the limit is evaluated once for all. */
static DcCode select_from(Session *session, const Select *select, Dataset *in, const Value *limit, Dataset **out, DcError *err) {
  Engine *engine;
  DC_TRY(session_engine(session, &engine, err));
  session->cx.names = NAMES_AS_RECORD;
  session->cx.call.err = err;
  return dataset_select(engine, in, &session->cx, select, limit, out, err);
}

static DcCode eval_limit(Session *session, const Select *select, Value *limit, const Value **out, DcError *err) {
  *out = NULL;
  if (!select->limit) return DC_OK;
  DC_TRY(session_eval(session, select->limit, NAMES_REFUSED, limit, err));
  if (value_is_null(*limit)) {
    dc_fail_at(err, DC_FAIL, select->limit->pos, "LIMIT is NULL");
    dc_hint(err, "a variable that was not set is NULL");
    return err->code;
  }
  *out = limit;
  return DC_OK;
}

/* One FROM with its INTO. */
static DcCode select_pair(Session *session, const Select *select, size_t index, const Value *limit, ChosenList *sources, Outputs *out, DcError *err) {
  const Scope *from = &select->from[index];
  const Target *into = &select->into[index];
  Str prefix = {0}, target;
  bool wildcard = from->kind == SCOPE_DATASET && from->wildcard;
  if (wildcard != into->wildcard)
    return dc_fail_at(err, DC_FAIL, into->name.pos, "a wildcard goes with a wildcard: %s needs *", wildcard ? "INTO" : "FROM");
  DC_TRY(session_name(session, &into->name, &target, err));
  if (!wildcard) DC_TRY(outputs_check(session, out, target, into->name.pos, err));
  DC_TRY(session_scope(session, from, sources, &prefix, err));
  for (size_t i = 0; i < sources->count; i++) {
    Str source = sources->items[i].name, name = target;
    Dataset *dataset;
    if (wildcard) name = arena_printf(session->cx.call.arena, "%.*s%.*s", STR_ARG(target), (int)(source.len - prefix.len), source.data + prefix.len);
    DC_TRY(outputs_check(session, out, name, into->name.pos, err));
    DC_TRY(select_from(session, select, sources->items[i].dataset, limit, &dataset, err));
    DC_TRY(outputs_add(session, out, name, into->name.pos, dataset, err));
  }
  return DC_OK;
}

DcCode select_build(Session *session, const Select *select, Outputs *out, DcError *err) {
  Value limit_value;
  const Value *limit;
  Position pos = session->stmt->pos;
  if (!select->from_count) return dc_fail_at(err, DC_FAIL, pos, "SELECT needs FROM");
  if (select->from_count != select->into_count)
    return dc_fail_at(err, DC_FAIL, pos, "SELECT has %zu FROM but %zu INTO", select->from_count, select->into_count);
  DC_TRY(eval_limit(session, select, &limit_value, &limit, err));
  for (size_t i = 0; i < select->from_count; i++) {
    ChosenList sources = {0};
    DcCode code = select_pair(session, select, i, limit, &sources, out, err);
    chosen_free(&sources);
    if (code != DC_OK) return code;
  }
  return DC_OK;
}

static DcCode select_one_of(Session *session, const Select *select, ChosenList *sources, Dataset **out, DcError *err) {
  Value limit_value;
  const Value *limit;
  Position pos = session->stmt->pos;
  if (select->from_count != 1 || select->into_count) return dc_fail_at(err, DC_FAIL, pos, "LET … = SELECT needs one FROM and no INTO");
  DC_TRY(eval_limit(session, select, &limit_value, &limit, err));
  DC_TRY(session_scope(session, &select->from[0], sources, NULL, err));
  if (sources->count != 1) return dc_fail_at(err, DC_FAIL, select->from[0].pos, "LET … = SELECT reads one dataset, not %zu", sources->count);
  return select_from(session, select, sources->items[0].dataset, limit, out, err);
}

DcCode select_one(Session *session, const Select *select, Dataset **out, DcError *err) {
  ChosenList sources = {0};
  DcCode code = select_one_of(session, select, &sources, out, err);
  chosen_free(&sources);
  return code;
}

DcCode run_select(Session *session, const Stmt *stmt, DcError *err) {
  Outputs outputs = {0};
  DcCode code = select_build(session, stmt->as.select, &outputs, err);
  if (code == DC_OK) outputs_commit(session, &outputs);
  else outputs_free(&outputs);
  return code;
}
