/* stmt_alter.c - ALTER: alterations from left to right, in place or INTO new datasets. */
#include "run/session_internal.h"

static DcCode apply_one(Session *session, Engine *engine, const Alteration *item, Dataset *in, Dataset **out, DcError *err) {
  uint32_t partitions = dataset_partitions(in);
  DcCode code = DC_OK;
  switch (item->kind) {
    case ALTER_TRANSFORM: return session_transform(session, &item->transform, in, TRANSFORM_IN_ALTER, out, err);
    case ALTER_KEY:
      session->cx.names = NAMES_AS_RECORD;
      session->cx.call.err = err;
      code = dataset_alter_key(engine, in, &session->cx, item->expr, out, err);
      break;
    case ALTER_PARTITION:
      if (item->expr && session_count(session, item->expr, "PARTITION", 1, &partitions, err) != DC_OK) {
        dc_hint(err, "here it is how many there are to be; SELECT * FROM … PARTITION … INTO … takes some of them");
        return err->code;
      }
      code = dataset_alter_partition(engine, in, partitions, out, err);
      break;
  }
  return code == DC_OK ? DC_OK : dc_position(err, item->pos);
}

/* Which alterations remain when a first PARTITION with others behind it selects partitions of the source. */
static const Expr *source_parts(const Stmt *stmt, size_t *first) {
  *first = 0;
  if (stmt->as.alter.parts) return stmt->as.alter.parts;
  const Alteration *item = stmt->as.alter.items;
  if (!stmt->as.alter.has_into || stmt->as.alter.count < 2 || item->kind != ALTER_PARTITION || !item->expr) return NULL;
  *first = 1;
  return item->expr;
}

/* Applies all alterations to an owned reference, in place. */
static DcCode alter_one(Session *session, const Stmt *stmt, Dataset **dataset, DcError *err) {
  size_t first;
  Engine *engine;
  DC_TRY(session_engine(session, &engine, err));
  DC_TRY(session_partition(session, source_parts(stmt, &first), dataset, err));
  for (size_t i = first; i < stmt->as.alter.count; i++) {
    Dataset *next = NULL;
    DC_TRY(apply_one(session, engine, &stmt->as.alter.items[i], *dataset, &next, err));
    dataset_unref(*dataset);
    *dataset = next;
  }
  return DC_OK;
}

/* The name of the result: the source's own, or with the target in place of the source's name or prefix. */
static DcCode result_name(Session *session, const Stmt *stmt, Str source, Str prefix, Str *out, DcError *err) {
  *out = source;
  if (!stmt->as.alter.has_into) return DC_OK;
  DC_TRY(session_name(session, &stmt->as.alter.into.name, out, err));
  if (!stmt->as.alter.wildcard) return DC_OK;
  *out = arena_printf(session->cx.call.arena, "%.*s%.*s", STR_ARG(*out), (int)(source.len - prefix.len), source.data + prefix.len);
  return DC_OK;
}

static DcCode check_form(const Stmt *stmt, Str name, DcError *err) {
  bool fixed = str_is(name, "dual") || str_starts(name, str_of("_metrics"));
  if (!stmt->as.alter.has_into && fixed)
    return dc_fail_at(err, DC_FAIL, stmt->as.alter.name.pos, "'%.*s' cannot be altered in place; use INTO", STR_ARG(name));
  if (stmt->as.alter.has_into && stmt->as.alter.wildcard != stmt->as.alter.into.wildcard)
    return dc_fail_at(err, DC_FAIL, stmt->as.alter.into.name.pos, "a wildcard goes with a wildcard: %s needs *", stmt->as.alter.wildcard ? "the target" : "the source");
  return DC_OK;
}

static DcCode alter_all(Session *session, const Stmt *stmt, ChosenList *sources, Outputs *out, DcError *err) {
  Str prefix;
  DC_TRY(session_name(session, &stmt->as.alter.name, &prefix, err));
  DC_TRY(check_form(stmt, prefix, err));
  if (stmt->as.alter.wildcard) {
    DC_TRY(session_wildcard(session, prefix, stmt->as.alter.name.pos, sources, err));
  } else {
    Dataset *dataset;
    DC_TRY(session_dataset(session, prefix, stmt->as.alter.name.pos, &dataset, err));
    chosen_add(sources, prefix, dataset, stmt->as.alter.name.pos);
  }
  for (size_t i = 0; i < sources->count; i++) {
    Chosen *source = &sources->items[i];
    Str name;
    DC_TRY(result_name(session, stmt, source->name, prefix, &name, err));
    if (stmt->as.alter.has_into) DC_TRY(outputs_check(session, out, name, stmt->as.alter.into.name.pos, err));
    DC_TRY(alter_one(session, stmt, &source->dataset, err));
    if (stmt->as.alter.has_into) DC_TRY(outputs_add(session, out, name, stmt->as.alter.into.name.pos, dataset_ref(source->dataset), err));
    else chosen_add(&out->list, name, dataset_ref(source->dataset), source->pos);
  }
  return DC_OK;
}

DcCode alter_build(Session *session, const Stmt *stmt, Outputs *out, DcError *err) {
  ChosenList sources = {0};
  DcCode code = alter_all(session, stmt, &sources, out, err);
  chosen_free(&sources);
  return code;
}

DcCode run_alter(Session *session, const Stmt *stmt, DcError *err) {
  Outputs outputs = {0};
  DcCode code = alter_build(session, stmt, &outputs, err);
  if (code == DC_OK) outputs_commit(session, &outputs);
  else outputs_free(&outputs);
  return code;
}
