/* system_end.c - what waits for the end of the script: plans whose system is told that their rows have arrived (offsets of a message
 * log), and writers whose transaction is still open. Only the thread of the script is here.
 */
#include "engine/system.h"

typedef struct SystemEnds {
  SystemSource **sources; /* references */
  size_t source_count, source_cap;
  struct SystemWaiting { SystemLink *link; SystemWriter *writer; const char *name; } *waiting;
  size_t waiting_count, waiting_cap;
  Arena arena; /* names */
} SystemEnds;

static SystemEnds *ends_of(Engine *engine) {
  if (!engine->ends) engine->ends = dc_alloc(sizeof *engine->ends);
  return engine->ends;
}

void system_keep_source(Engine *engine, SystemSource *source) {
  if (!source->link->module->acknowledge) return;
  SystemEnds *ends = ends_of(engine);
  VEC_GROW(ends->sources, ends->source_count, ends->source_cap);
  ends->sources[ends->source_count++] = system_source_ref(source);
}

void system_keep_writer(Engine *engine, SystemLink *link, SystemWriter *writer, const char *name) {
  SystemEnds *ends = ends_of(engine);
  VEC_GROW(ends->waiting, ends->waiting_count, ends->waiting_cap);
  ends->waiting[ends->waiting_count++] = (struct SystemWaiting){link, writer, arena_str(&ends->arena, str_of(name)).data};
}

void system_cut(const Dataset *node) {
  if (dataset_computed(node)) return;
  if (node->kind == NODE_SOURCE && node->load->file.row->format->system) {
    const SystemSource *source = node->load->own;
    if (source->link->module->cut) source->link->module->cut(source->plan);
  }
  if (node->kind != NODE_NARROW && node->kind != NODE_CHOOSE && node->kind != NODE_UNION) return; /* others read all of it */
  if (node->input) system_cut(node->input);
  for (uint32_t i = 0; i < node->input_count; i++) system_cut(node->inputs[i]);
}

/* --- By module --- */

static SystemPlan **plans_of(const SystemEnds *ends, const SystemModule *module, Arena *arena, uint32_t *count) {
  SystemPlan **plans = arena_alloc(arena, (ends->source_count + 1) * sizeof *plans);
  *count = 0;
  for (size_t i = 0; i < ends->source_count; i++)
    if (ends->sources[i]->link->module == module) plans[(*count)++] = ends->sources[i]->plan;
  return plans;
}

void system_ends(Engine *engine, const SystemModule *module, Arena *arena, SystemTarget *target) {
  const SystemEnds *ends = ends_of(engine);
  SystemWriter **writers = arena_alloc(arena, (ends->waiting_count + 1) * sizeof *writers);
  target->waiting_count = 0;
  for (size_t i = 0; i < ends->waiting_count; i++)
    if (ends->waiting[i].link->module == module) writers[target->waiting_count++] = ends->waiting[i].writer;
  target->waiting = writers;
  target->plans = plans_of(ends, module, arena, &target->plan_count);
}

/* --- The end --- */

static void forget_sources(SystemEnds *ends) {
  for (size_t i = 0; i < ends->source_count; i++) system_source_unref(ends->sources[i]);
  ends->source_count = 0;
}

/* The last one first: it may have joined the transaction of one before. */
static void forget_waiting(SystemEnds *ends) {
  while (ends->waiting_count) {
    struct SystemWaiting *waiting = &ends->waiting[--ends->waiting_count];
    waiting->link->module->free_writer(waiting->writer);
    system_close(waiting->link);
  }
}

void system_ends_free(Engine *engine) {
  SystemEnds *ends = engine->ends;
  if (!ends) return;
  forget_waiting(ends);
  forget_sources(ends);
  dc_free(ends->sources);
  dc_free(ends->waiting);
  arena_free(&ends->arena);
  dc_free(ends);
  engine->ends = NULL;
}

static DcCode failed(const char *name, const TableError *error, DcError *err) {
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  return typed_failed(name, error, err);
}

/* Ends one transaction, and forgets the plans that it took along. */
static DcCode finish(SystemEnds *ends, const struct SystemWaiting *waiting, DcError *err) {
  const SystemModule *module = waiting->link->module;
  TableError error = {0};
  Arena arena = {0};
  uint32_t count;
  SystemPlan **plans = plans_of(ends, module, &arena, &count);
  uint8_t *taken = arena_alloc(&arena, count + 1);
  int status = module->finish(waiting->writer, plans, taken, count, &error);
  size_t kept = 0;
  for (size_t i = 0, plan = 0; i < ends->source_count && status == 0; i++) {
    SystemSource *source = ends->sources[i];
    bool gone = source->link->module == module && taken[plan];
    plan += source->link->module == module;
    if (gone) system_source_unref(source);
    else ends->sources[kept++] = source;
  }
  if (status == 0) ends->source_count = kept;
  arena_free(&arena);
  return status == 0 ? DC_OK : failed(waiting->name, &error, err);
}

/* The plans of the module that has the source, unless a source before has told them. */
static DcCode acknowledge(const SystemEnds *ends, size_t at, DcError *err) {
  const SystemModule *module = ends->sources[at]->link->module;
  for (size_t i = 0; i < at; i++)
    if (ends->sources[i]->link->module == module) return DC_OK;
  TableError error = {0};
  Arena arena = {0};
  uint32_t count;
  SystemPlan **plans = plans_of(ends, module, &arena, &count);
  int status = module->acknowledge(plans, count, &error);
  arena_free(&arena);
  return status == 0 ? DC_OK : failed(module->name, &error, err);
}

bool engine_has_open_transactions(const Engine *engine) { return engine->ends && engine->ends->waiting_count; }

DcCode engine_complete(Engine *engine, DcError *err) {
  SystemEnds *ends = engine->ends;
  if (!ends) return DC_OK;
  DcCode code = DC_OK;
  for (size_t i = 0; i < ends->waiting_count && code == DC_OK; i++) code = finish(ends, &ends->waiting[i], err);
  for (size_t i = 0; i < ends->source_count && code == DC_OK; i++) code = acknowledge(ends, i, err);
  if (code == DC_OK) {
    forget_waiting(ends);
    forget_sources(ends);
  }
  return code;
}
