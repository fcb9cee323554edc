/* scopes.c - from names in a statement to datasets, pending families, and the outputs of a statement. */
#include "run/session_internal.h"

void chosen_add(ChosenList *list, Str name, Dataset *dataset, Position pos) {
  VEC_GROW(list->items, list->count, list->cap);
  list->items[list->count++] = (Chosen){.name = name, .dataset = dataset, .pos = pos};
}

void chosen_free(ChosenList *list) {
  for (size_t i = 0; i < list->count; i++) dataset_unref(list->items[i].dataset);
  dc_free(list->items);
  *list = (ChosenList){0};
}

/* --- Families: what SPLIT has promised. --- */

/* Names and datasets of a family become ordinary ones. The statement may still look up names of its own, so only those
   that died before it are dropped. */
static DcCode settle_family(Session *session, size_t index, DcError *err) {
  PendingFamily pending = session->families[index];
  session->family_count--;
  memmove(&session->families[index], &session->families[index + 1], (session->family_count - index) * sizeof pending);
  Engine *engine;
  Str *names;
  Dataset **datasets;
  size_t count = 0, taken = 0;
  datasets_sweep(&session->datasets, session->outer ? session->outer : session->position);
  DcCode code = session_engine(session, &engine, err);
  if (code == DC_OK) code = family_datasets(engine, pending.family, session->cx.call.arena, &names, &datasets, &count, err);
  else family_free(pending.family);
  for (; taken < count && code == DC_OK; taken++) {
    if (datasets_find(&session->datasets, names[taken]))
      code = dc_fail_at(err, DC_FAIL, pending.pos, "dataset '%.*s' exists already", STR_ARG(names[taken]));
    else datasets_put(&session->datasets, names[taken], datasets[taken]);
    if (code != DC_OK) break;
  }
  for (size_t i = taken; i < count; i++) dataset_unref(datasets[i]);
  dc_free((void *)(uintptr_t)pending.prefix.data);
  return code == DC_OK ? DC_OK : dc_position(err, pending.pos);
}

DcCode session_settle(Session *session, Str prefix, DcError *err) {
  for (size_t i = 0; i < session->family_count;) {
    Str family = session->families[i].prefix;
    if (str_starts(family, prefix) || str_starts(prefix, family)) DC_TRY(settle_family(session, i, err));
    else i++;
  }
  return DC_OK;
}

void session_drop_families(Session *session, Str prefix) {
  for (size_t i = session->family_count; i-- > 0;) {
    PendingFamily pending = session->families[i];
    if (!str_starts(pending.prefix, prefix)) continue;
    session->family_count--;
    memmove(&session->families[i], &session->families[i + 1], (session->family_count - i) * sizeof pending);
    family_free(pending.family);
    dc_free((void *)(uintptr_t)pending.prefix.data);
  }
}

static DcCode settle_name(Session *session, Str name, DcError *err) {
  for (size_t i = 0; i < session->family_count;) {
    if (str_starts(name, session->families[i].prefix)) DC_TRY(settle_family(session, i, err));
    else i++;
  }
  return DC_OK;
}

/* --- Names to datasets. --- */

static DcCode unknown_dataset(const Session *session, Str name, Position pos, DcError *err) {
  Str best = datasets_spell(&session->datasets, name);
  dc_fail_at(err, DC_FAIL, pos, "unknown dataset '%.*s'", STR_ARG(name));
  if (best.len) dc_hint(err, "did you mean '%.*s'?", STR_ARG(best));
  else if (session->datasets.names.count == 0) dc_hint(err, "CREATE makes one; there is none yet");
  else dc_hint(err, "SHOW DATASETS lists those that there are");
  return DC_FAIL;
}

/* Only reached if a mention was not foreseen: see liveness.h. */
static DcCode gone(Str name, Position pos, DcError *err) {
  return dc_fail_at(err, DC_FAIL, pos, "dataset '%.*s' was given back, because nothing behind it seemed to mention it", STR_ARG(name));
}

DcCode session_dataset(Session *session, Str name, Position pos, Dataset **out, DcError *err) {
  DC_TRY(settle_name(session, name, err));
  if (str_is(name, "dual")) {
    Engine *engine;
    DC_TRY(session_engine(session, &engine, err));
    if (!session->dual) DC_TRY(dataset_dual(engine, &session->dual, err));
    *out = dataset_ref(session->dual);
    return DC_OK;
  }
  if (session->metrics_stale && str_is(name, "_metrics")) DC_TRY(metrics_refresh(session, err));
  const DatasetEntry *entry = datasets_find(&session->datasets, name);
  if (!entry) return unknown_dataset(session, name, pos, err);
  if (!entry->dataset) return gone(name, pos, err);
  *out = dataset_ref(entry->dataset);
  return DC_OK;
}

DcCode session_wildcard(Session *session, Str prefix, Position pos, ChosenList *out, DcError *err) {
  size_t before = out->count;
  DC_TRY(session_settle(session, prefix, err));
  if (session->metrics_stale) DC_TRY(metrics_refresh(session, err));
  const Datasets *datasets = &session->datasets;
  for (uint32_t i = 0; i < datasets->names.count; i++) {
    const DatasetEntry *entry = &datasets->entries[i];
    if (entry->removed || entry->name.len <= prefix.len || !str_starts(entry->name, prefix) || datasets_is_hidden(entry->name, prefix)) continue;
    if (!entry->dataset) return gone(entry->name, pos, err);
    chosen_add(out, entry->name, dataset_ref(entry->dataset), pos);
  }
  if (out->count > before) return DC_OK;
  dc_fail_at(err, DC_FAIL, pos, "no dataset is named '%.*s…'", STR_ARG(prefix));
  dc_hint(err, "a wildcard stands for names longer than what is before the *");
  return DC_FAIL;
}

DcCode session_taken(Session *session, Str name, bool *taken, DcError *err) {
  DC_TRY(settle_name(session, name, err));
  *taken = str_is(name, "dual") || datasets_find(&session->datasets, name) || (session->metrics_stale && str_is(name, "_metrics"));
  return DC_OK;
}

DcCode session_partition(Session *session, const Expr *parts, Dataset **dataset, DcError *err) {
  if (!parts) return DC_OK;
  Value value;
  Engine *engine;
  Dataset *chosen = NULL;
  uint64_t missing = 0;
  DC_TRY(session_eval(session, parts, NAMES_REFUSED, &value, err));
  if (value_is_null(value)) {
    dc_fail_at(err, DC_FAIL, parts->pos, "PARTITION is NULL");
    dc_hint(err, "a variable that was not set is NULL");
    return err->code;
  }
  DC_TRY(session_engine(session, &engine, err));
  DC_TRY(dataset_choose(engine, *dataset, value, parts->pos, &missing, &chosen, err));
  if (missing && session->settings->engine.strict) {
    dc_fail_at(err, DC_FAIL, parts->pos, "%llu partition number%s past the end (there are %u)", (unsigned long long)missing,
               missing == 1 ? "" : "s", dataset_partitions(*dataset));
    dc_hint(err, "partitions are numbered from 0; without --strict such a number gives an empty one");
    dataset_unref(chosen);
    return DC_FAIL;
  }
  if (missing) session_count_place(session, PLACE_MISSING_PARTITION, parts->pos, missing);
  dataset_unref(*dataset);
  *dataset = chosen;
  return DC_OK;
}

/* UNION or JOIN of datasets: one dataset, called as its first input (RIGHT JOIN: as its last). */
static DcCode combine(Session *session, const Scope *scope, ChosenList *inputs, ChosenList *out, Str *prefix, DcError *err) {
  Engine *engine;
  Dataset *made = NULL;
  size_t count = inputs->count;
  bool is_join = scope->kind >= SCOPE_JOIN_INNER;
  bool last = scope->kind == SCOPE_JOIN_RIGHT || scope->kind == SCOPE_JOIN_RIGHT_ANTI;
  if (is_join && count < 2) return dc_fail_at(err, DC_FAIL, scope->pos, "JOIN needs at least two datasets, here is %zu", count);
  DC_TRY(session_engine(session, &engine, err));
  Dataset **datasets = arena_alloc(session->cx.call.arena, (count + 1) * sizeof *datasets);
  Str *names = arena_alloc(session->cx.call.arena, (count + 1) * sizeof *names);
  for (size_t i = 0; i < count; i++) {
    datasets[i] = inputs->items[i].dataset;
    names[i] = inputs->items[i].name;
  }
  DcCode code = is_join ? dataset_join(engine, scope->kind, datasets, names, count, &made, err)
                        : dataset_union(engine, scope->kind, datasets, names, count, &made, err);
  if (code != DC_OK) return dc_position(err, scope->pos);
  Str name = names[last ? count - 1 : 0];
  if (prefix) *prefix = name;
  chosen_add(out, name, made, scope->pos);
  return DC_OK;
}

static DcCode session_combined(Session *session, const Scope *scope, ChosenList *out, Str *prefix, DcError *err) {
  ChosenList inputs = {0};
  DcCode code = DC_OK;
  for (size_t i = 0; i < scope->input_count && code == DC_OK; i++) {
    const Scope *input = &scope->inputs[i];
    size_t before = inputs.count;
    code = session_scope(session, input, &inputs, NULL, err);
    bool named = input->alias.text.data || input->alias.parts;
    if (code == DC_OK && named && inputs.count != before + 1)
      code = dc_fail_at(err, DC_FAIL, input->alias.pos, "AS names one dataset, not the %zu of a wildcard", inputs.count - before);
    if (code == DC_OK && named) code = session_name(session, &input->alias, &inputs.items[before].name, err);
  }
  if (code == DC_OK) code = combine(session, scope, &inputs, out, prefix, err);
  chosen_free(&inputs);
  return code;
}

DcCode session_scope(Session *session, const Scope *scope, ChosenList *out, Str *prefix, DcError *err) {
  if (scope->kind != SCOPE_DATASET) return session_combined(session, scope, out, prefix, err);
  Str name;
  size_t before = out->count;
  DC_TRY(session_name(session, &scope->name, &name, err));
  if (prefix) *prefix = name;
  if (scope->wildcard) {
    DC_TRY(session_wildcard(session, name, scope->name.pos, out, err));
  } else {
    Dataset *dataset;
    DC_TRY(session_dataset(session, name, scope->name.pos, &dataset, err));
    chosen_add(out, name, dataset, scope->name.pos);
  }
  for (size_t i = before; i < out->count; i++) DC_TRY(session_partition(session, scope->parts, &out->items[i].dataset, err));
  return DC_OK;
}

/* --- Outputs. --- */

DcCode outputs_check(Session *session, const Outputs *outputs, Str name, Position pos, DcError *err) {
  bool taken;
  if (!name.len) return dc_fail_at(err, DC_FAIL, pos, "the name of a dataset is empty");
  if (!session->call_depth && datasets_is_hidden(name, (Str){0}))
    return dc_fail_at(err, DC_FAIL, pos, "names that begin with %s are kept for what happens inside of a CALL", HIDDEN_PREFIX);
  DC_TRY(session_taken(session, name, &taken, err));
  if (!taken && name_map_find(&outputs->names, name) == NAME_NONE) return DC_OK;
  dc_fail_at(err, DC_FAIL, pos, "dataset '%.*s' exists already", STR_ARG(name));
  dc_hint(err, "choose another name; ALTER changes a dataset under its own");
  return err->code;
}

DcCode outputs_add(Session *session, Outputs *outputs, Str name, Position pos, Dataset *dataset, DcError *err) {
  DcCode code = outputs_check(session, outputs, name, pos, err);
  if (code != DC_OK) {
    dataset_unref(dataset);
    return code;
  }
  uint32_t index = name_map_add(&outputs->names, name);
  chosen_add(&outputs->list, outputs->names.names[index], dataset, pos);
  return DC_OK;
}

void outputs_commit(Session *session, Outputs *outputs) {
  for (size_t i = 0; i < outputs->list.count; i++) {
    const Chosen *made = &outputs->list.items[i];
    datasets_put(&session->datasets, made->name, made->dataset);
    session_made(session, made->name, made->pos);
  }
  outputs->list.count = 0; /* the references have gone over */
  outputs_free(outputs);
}

void outputs_free(Outputs *outputs) {
  chosen_free(&outputs->list);
  name_map_free(&outputs->names);
}
