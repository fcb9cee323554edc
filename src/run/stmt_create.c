/* stmt_create.c - CREATE and LOAD: datasets from files. */
#include "run/session_internal.h"

static DcCode load_one(Session *session, const Stmt *stmt, const LoadSpec *spec, Str name, Outputs *out, DcError *err) {
  Engine *engine;
  Dataset *dataset;
  Position pos = stmt->as.create.name.pos;
  DC_TRY(outputs_check(session, out, name, pos, err));
  DC_TRY(session_engine(session, &engine, err));
  DC_TRY(dataset_load(engine, spec, &dataset, err));
  return outputs_add(session, out, name, pos, dataset, err);
}

/* One dataset per source: prefix/source, without a second slash. */
static DcCode load_groups(Session *session, const Stmt *stmt, const LoadSpec *spec, Str prefix, Outputs *out, DcError *err) {
  Engine *engine;
  Dataset **datasets;
  Str *names;
  size_t count = 0, used = 0;
  Arena *arena = session->cx.call.arena;
  DC_TRY(session_engine(session, &engine, err));
  DC_TRY(dataset_load_groups(engine, spec, arena, &datasets, &names, &count, err));
  const char *slash = prefix.len && prefix.data[prefix.len - 1] == '/' ? "" : "/";
  DcCode code = DC_OK;
  for (; used < count && code == DC_OK; used++) {
    Str name = arena_printf(arena, "%.*s%s%.*s", STR_ARG(prefix), slash, STR_ARG(names[used]));
    code = outputs_add(session, out, name, stmt->as.create.name.pos, datasets[used], err);
  }
  for (size_t i = used; i < count; i++) dataset_unref(datasets[i]);
  return code;
}

DcCode create_build(Session *session, const Stmt *stmt, Outputs *out, DcError *err) {
  const Invocation *adapter = &stmt->as.create.adapter;
  ParamValue *params;
  Str *columns, name;
  LoadSpec spec = {.adapter_pos = adapter->pos, .param_count = adapter->param_count, .by = stmt->as.create.by};
  DC_TRY(session_name(session, &stmt->as.create.name, &name, err));
  DC_TRY(session_name(session, &adapter->name, &spec.adapter, err));
  DC_TRY(session_params(session, adapter, &params, err));
  DC_TRY(session_columns(session, adapter, &columns, &spec.column_count, err));
  spec.params = params;
  spec.columns = columns;
  DC_TRY(session_eval(session, stmt->as.create.path, NAMES_REFUSED, &spec.path, err));
  spec.path_pos = stmt->as.create.path->pos;
  if (value_is_null(spec.path)) {
    dc_fail_at(err, DC_FAIL, spec.path_pos, "the path is NULL");
    dc_hint(err, "a variable that was not set is NULL: -v NAME=VALUE or LET sets it");
    return err->code;
  }
  if (stmt->as.create.partitions)
    DC_TRY(session_count(session, stmt->as.create.partitions, "PARTITION", 1, &spec.partitions, err));
  if (stmt->as.create.wildcard) return load_groups(session, stmt, &spec, name, out, err);
  return load_one(session, stmt, &spec, name, out, err);
}

DcCode run_create(Session *session, const Stmt *stmt, DcError *err) {
  Outputs outputs = {0};
  DcCode code = create_build(session, stmt, &outputs, err);
  if (code == DC_OK) outputs_commit(session, &outputs);
  else outputs_free(&outputs);
  return code;
}
