/* stmt_copy.c - COPY, SAVE and SPLIT.
 *
 * The references of a COPY go over to the engine one by one, so that a dataset that nothing mentions any more is
 * streamed to its files and given back at once.
 */
#include "run/session_internal.h"

static DcCode copy_spec(Session *session, const Stmt *stmt, CopySpec *spec, DcError *err) {
  const Invocation *adapter = &stmt->as.copy.adapter;
  ParamValue *params;
  Str *columns;
  *spec = (CopySpec){.adapter_pos = adapter->pos, .param_count = adapter->param_count, .path_pos = stmt->as.copy.path->pos};
  DC_TRY(session_name(session, &adapter->name, &spec->adapter, err));
  DC_TRY(session_params(session, adapter, &params, err));
  DC_TRY(session_columns(session, adapter, &columns, &spec->column_count, err));
  spec->params = params;
  spec->columns = columns;
  DC_TRY(session_eval(session, stmt->as.copy.path, NAMES_REFUSED, &spec->path, err));
  if (value_is_null(spec->path)) {
    dc_fail_at(err, DC_FAIL, spec->path_pos, "the path is NULL");
    dc_hint(err, "a variable that was not set is NULL: -v NAME=VALUE or LET sets it");
    return err->code;
  }
  return DC_OK;
}

/* The pending family that this COPY writes and nothing else ever sees, or SIZE_MAX. */
static size_t own_family(const Session *session, Str prefix) {
  size_t found = SIZE_MAX;
  if (!session->liveness) return SIZE_MAX;
  for (size_t i = 0; i < session->family_count; i++) {
    Str family = session->families[i].prefix;
    if (!str_starts(family, prefix) && !str_starts(prefix, family)) continue;
    if (found != SIZE_MAX || !str_eq(family, prefix)) return SIZE_MAX;
    found = i;
  }
  const Datasets *datasets = &session->datasets;
  for (uint32_t i = 0; i < datasets->names.count && found != SIZE_MAX; i++)
    if (!datasets->entries[i].removed && str_starts(datasets->entries[i].name, prefix)) return SIZE_MAX;
  uint32_t behind = session->outer ? session->outer : session->position + 1;
  return found != SIZE_MAX && !liveness_family_mentioned(session->liveness, prefix, behind) ? found : SIZE_MAX;
}

/* COPY "prefix" * of a SPLIT. *done is false when it has to go the ordinary way. */
static DcCode copy_family(Session *session, const Stmt *stmt, bool *done, DcError *err) {
  const Scope *scope = &stmt->as.copy.scopes[0];
  Str prefix;
  CopySpec spec;
  Engine *engine;
  *done = false;
  if (!session->family_count || stmt->as.copy.count != 1 || scope->kind != SCOPE_DATASET || !scope->wildcard || scope->parts) return DC_OK;
  DC_TRY(session_name(session, &scope->name, &prefix, err));
  size_t index = own_family(session, prefix);
  if (index == SIZE_MAX) return DC_OK;
  DC_TRY(copy_spec(session, stmt, &spec, err));
  DC_TRY(session_engine(session, &engine, err));
  PendingFamily pending = session->families[index];
  session->family_count--;
  memmove(&session->families[index], &session->families[index + 1], (session->family_count - index) * sizeof pending);
  dc_free((void *)(uintptr_t)pending.prefix.data);
  *done = true;
  session_before_rows(session);
  return family_copy(engine, pending.family, &spec, err);
}

DcCode copy_build(Session *session, const Stmt *stmt, ChosenList *out, DcError *err) {
  for (size_t i = 0; i < stmt->as.copy.count; i++) DC_TRY(session_scope(session, &stmt->as.copy.scopes[i], out, NULL, err));
  return DC_OK;
}

static DcCode copy_chosen(Session *session, const Stmt *stmt, ChosenList *chosen, DcError *err) {
  CopySpec spec;
  Engine *engine;
  DC_TRY(copy_build(session, stmt, chosen, err));
  DC_TRY(copy_spec(session, stmt, &spec, err));
  DC_TRY(session_engine(session, &engine, err));
  size_t count = chosen->count;
  CopyItem *items = arena_alloc(session->cx.call.arena, (count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++) items[i] = (CopyItem){chosen->items[i].name, chosen->items[i].dataset};
  chosen->count = 0; /* the call takes them over */
  session_before_rows(session);
  return dataset_copy(engine, items, count, &spec, err);
}

DcCode run_copy(Session *session, const Stmt *stmt, DcError *err) {
  bool done;
  DC_TRY(copy_family(session, stmt, &done, err));
  if (done) return DC_OK;
  ChosenList chosen = {0};
  DcCode code = copy_chosen(session, stmt, &chosen, err);
  chosen_free(&chosen);
  return code;
}

DcCode run_split(Session *session, const Stmt *stmt, DcError *err) {
  Str prefix;
  Engine *engine;
  ChosenList sources = {0};
  Family *family = NULL;
  uint32_t partitions = 1;
  DC_TRY(session_name(session, &stmt->as.split.into.name, &prefix, err));
  if (!prefix.len) return dc_fail_at(err, DC_FAIL, stmt->as.split.into.name.pos, "SPLIT needs a prefix for its names, as in INTO \"by/\" *");
  if (stmt->as.split.partitions) DC_TRY(session_count(session, stmt->as.split.partitions, "PARTITION", 1, &partitions, err));
  DC_TRY(session_engine(session, &engine, err));
  DcCode code = session_scope(session, &stmt->as.split.from, &sources, NULL, err);
  if (code == DC_OK && sources.count != 1)
    code = dc_fail_at(err, DC_FAIL, stmt->as.split.from.pos, "SPLIT reads one dataset, not %zu", sources.count);
  if (code == DC_OK) {
    session->cx.names = NAMES_AS_RECORD;
    session->cx.call.err = err;
    code = dataset_split(engine, sources.items[0].dataset, &session->cx, stmt->as.split.by, stmt->as.split.by_count, prefix, partitions, &family, err);
  }
  chosen_free(&sources);
  if (code != DC_OK) return code;
  char *text = dc_alloc(prefix.len + 1);
  memcpy(text, prefix.data, prefix.len);
  VEC_GROW(session->families, session->family_count, session->family_cap);
  session->families[session->family_count++] = (PendingFamily){str_make(text, prefix.len), stmt->pos, family};
  return DC_OK;
}
