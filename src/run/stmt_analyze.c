/* stmt_analyze.c - ANALYZE with its "_metrics" datasets, and EXPECT.
 *
 * The rows of "_metrics" are kept here as values; the dataset is made from them when something asks for it.
 */
#include "run/session_internal.h"

enum { METRICS_COLUMNS = 8, PART_COLUMNS = 6 };

static void add_metric(Session *session, Value value) {
  VEC_GROW(session->metrics, session->metrics_count, session->metrics_cap);
  session->metrics[session->metrics_count++] = value_copy(&session->metrics_arena, value);
}

DcCode metrics_refresh(Session *session, DcError *err) {
  static const Str columns[METRICS_COLUMNS] = {{"_name", 5}, {"_type", 5}, {"_parts", 6}, {"_counter", 8}, {"_total", 6}, {"_unique", 7}, {"_average", 8}, {"_median", 7}};
  Dataset *dataset;
  DC_TRY(dataset_of_values(session->engine, columns, METRICS_COLUMNS, session->metrics, session->metrics_count / METRICS_COLUMNS, &dataset, err));
  session->metrics_stale = false;
  datasets_put(&session->datasets, str_of("_metrics"), dataset);
  return DC_OK;
}

static DcCode put_parts(Session *session, Str name, Value counter, const Analysis *parts, uint32_t count, DcError *err) {
  static const Str columns[PART_COLUMNS] = {{"_part", 5}, {"_counter", 8}, {"_total", 6}, {"_unique", 7}, {"_average", 8}, {"_median", 7}};
  Arena *arena = session->cx.call.arena;
  Value *values = arena_alloc(arena, ((size_t)count + 1) * PART_COLUMNS * sizeof *values), *at = values;
  for (uint32_t i = 0; i < count; i++) {
    *at++ = value_int(i);
    *at++ = counter;
    *at++ = value_int((int64_t)parts[i].total);
    *at++ = value_int((int64_t)parts[i].unique);
    *at++ = value_double(parts[i].average);
    *at++ = value_double(parts[i].median);
  }
  Str full = arena_printf(arena, "_metrics_%.*s", STR_ARG(name));
  Dataset *dataset;
  DC_TRY(dataset_of_values(session->engine, columns, PART_COLUMNS, values, count, &dataset, err));
  datasets_put(&session->datasets, full, dataset);
  return DC_OK;
}

static DcCode analyze_one(Session *session, const Stmt *stmt, const Chosen *chosen, DcError *err) {
  Analysis all = {0}, *parts = NULL;
  Engine *engine;
  uint32_t count = dataset_partitions(chosen->dataset);
  const char *type = dataset_type_name(dataset_type(chosen->dataset));
  DC_TRY(session_engine(session, &engine, err));
  session->cx.names = NAMES_AS_RECORD;
  session->cx.call.err = err;
  DC_TRY(dataset_analyze(engine, chosen->dataset, &session->cx, stmt->as.analyze.key, session->cx.call.arena, &all,
                         stmt->as.analyze.partition ? &parts : NULL, err));
  Value counter = stmt->as.analyze.key ? value_str(stmt->as.analyze.key_text) : value_text("REC_KEY()");
  add_metric(session, value_str(chosen->name));
  add_metric(session, value_text(type));
  add_metric(session, value_int(count));
  add_metric(session, counter);
  add_metric(session, value_int((int64_t)all.total));
  add_metric(session, value_int((int64_t)all.unique));
  add_metric(session, value_double(all.average));
  add_metric(session, value_double(all.median));
  session->metrics_stale = true;
  return parts ? put_parts(session, chosen->name, counter, parts, count, err) : DC_OK;
}

static DcCode analyze_all(Session *session, const Stmt *stmt, ChosenList *chosen, DcError *err) {
  Str name;
  DC_TRY(session_name(session, &stmt->as.analyze.name, &name, err));
  if (stmt->as.analyze.wildcard) {
    DC_TRY(session_wildcard(session, name, stmt->as.analyze.name.pos, chosen, err));
  } else {
    Dataset *dataset;
    DC_TRY(session_dataset(session, name, stmt->as.analyze.name.pos, &dataset, err));
    chosen_add(chosen, name, dataset, stmt->as.analyze.name.pos);
  }
  session_before_rows(session);
  for (size_t i = 0; i < chosen->count; i++) { /* each is given back as soon as it is done */
    DcCode code = analyze_one(session, stmt, &chosen->items[i], err);
    dataset_unref(chosen->items[i].dataset);
    chosen->items[i].dataset = NULL;
    if (code != DC_OK) return code;
  }
  return DC_OK;
}

DcCode run_analyze(Session *session, const Stmt *stmt, DcError *err) {
  ChosenList chosen = {0};
  size_t before = session->metrics_count;
  DcCode code = analyze_all(session, stmt, &chosen, err);
  if (code != DC_OK) session->metrics_count = before;
  chosen_free(&chosen);
  return code;
}

/* SELECT COUNT(*) FROM dataset WHERE condition, as a tree made by hand. */
static DcCode count_select(Session *session, Dataset *dataset, const Expr *where, Dataset **out, DcError *err) {
  static const Expr star = {.kind = EXPR_STAR};
  static const Expr *arguments[] = {&star};
  Engine *engine;
  Arena *arena = session->cx.call.arena;
  Expr *call = arena_alloc(arena, sizeof *call);
  SelectItem *item = arena_alloc(arena, sizeof *item);
  Select *select = arena_alloc(arena, sizeof *select);
  *call = (Expr){.kind = EXPR_CALL, .name = {.text = str_of("COUNT")}, .function = catalog_function(str_of("COUNT")), .items = arguments, .count = 1};
  if (!call->function) return dc_fail(err, "COUNT is not in this version");
  *item = (SelectItem){.expr = call, .own_text = str_of("COUNT(*)")};
  *select = (Select){.items = item, .item_count = 1, .where = where};
  DC_TRY(session_engine(session, &engine, err));
  session->cx.names = NAMES_AS_RECORD;
  session->cx.call.err = err;
  return dataset_select(engine, dataset, &session->cx, select, NULL, out, err);
}

DcCode session_count_rows(Session *session, Dataset *dataset, const Expr *where, int64_t *out, DcError *err) {
  Dataset *count;
  Value values;
  DcCode code = count_select(session, dataset, where, &count, err);
  dataset_unref(dataset);
  if (code != DC_OK) return code;
  code = dataset_values(session->engine, count, session->cx.call.arena, &values, err);
  dataset_unref(count);
  if (code != DC_OK) return code;
  *out = values.type == TYPE_ARRAY && values.as.array->count ? values.as.array->items[0].as.i : 0;
  return DC_OK;
}

/* The share of rows that is asked for, 0 … 1. */
static DcCode wanted_share(Session *session, const Stmt *stmt, double *out, DcError *err) {
  Value value, number;
  const Expr *at_least = stmt->as.expect.at_least;
  *out = 1;
  if (!at_least) return DC_OK;
  DC_TRY(session_eval(session, at_least, NAMES_REFUSED, &value, err));
  if (!value_to_number(value, &number) || !value_to_double(number, out) || !(*out >= 0 && *out <= 100))
    return dc_fail_at(err, DC_FAIL, at_least->pos, "AT LEAST needs a number from 0 to 100");
  *out /= 100;
  return DC_OK;
}

static DcCode expectation_failed(Session *session, const Stmt *stmt, Str name, int64_t good, int64_t all, DcError *err) {
  if (!stmt->as.expect.has_raise) {
    dc_fail_at(err, DC_FAIL, stmt->pos, "EXPECT: only %lld of %lld rows of '%.*s' meet the condition", (long long)good, (long long)all, STR_ARG(name));
    dc_hint(err, "AT LEAST p%% allows some, ELSE RAISE WARN goes on");
    return err->code;
  }
  Value value = value_null();
  if (stmt->as.expect.message) DC_TRY(session_eval(session, stmt->as.expect.message, NAMES_REFUSED, &value, err));
  Str message = value_to_str(session->cx.call.arena, value);
  if (stmt->as.expect.level == RAISE_ERROR) {
    dc_fail_at(err, DC_FAIL, stmt->pos, "%.*s", STR_ARG(message));
    dc_hint(err, "%lld of %lld rows of '%.*s' meet the condition", (long long)good, (long long)all, STR_ARG(name));
    return DC_FAIL;
  }
  session_raise(session, stmt->as.expect.level, (Position){0}, message);
  return DC_OK;
}

static DcCode expect_of(Session *session, const Stmt *stmt, ChosenList *chosen, DcError *err) {
  double share;
  int64_t good, all;
  DC_TRY(wanted_share(session, stmt, &share, err));
  DC_TRY(session_scope(session, &stmt->as.expect.from, chosen, NULL, err));
  session_before_rows(session);
  for (size_t i = 0; i < chosen->count; i++) {
    Chosen *one = &chosen->items[i];
    DC_TRY(session_count_rows(session, dataset_ref(one->dataset), NULL, &all, err));
    DC_TRY(session_count_rows(session, dataset_ref(one->dataset), stmt->as.expect.where, &good, err));
    log_printf(session->log, LOG_LEVEL_DEBUG, stmt->pos, "%lld of %lld rows of '%.*s' meet the condition", (long long)good, (long long)all, STR_ARG(one->name));
    if ((double)good < share * (double)all) DC_TRY(expectation_failed(session, stmt, one->name, good, all, err));
  }
  return DC_OK;
}

DcCode run_expect(Session *session, const Stmt *stmt, DcError *err) {
  ChosenList chosen = {0};
  DcCode code = expect_of(session, stmt, &chosen, err);
  chosen_free(&chosen);
  return code;
}
