/* system_load.c - CREATE of a table, a query or a topic: columns and partitions are found out, rows are read later. */
#include "engine/system.h"

/* The texts of FROM; count 0: it is no text and no list of them. */
static const char **from_texts(Value from, Arena *arena, uint32_t *count) {
  const Array one = {1, &from}, *list = from.type == TYPE_ARRAY ? from.as.array : &one;
  const char **texts = arena_alloc(arena, (list->count + 1) * sizeof *texts);
  *count = 0;
  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i].type != TYPE_STRING || !list->items[i].len) {
      *count = 0;
      break;
    }
    texts[(*count)++] = arena_str(arena, value_get_str(list->items[i])).data;
  }
  return texts;
}

/* One line of at most some bytes, for messages. */
static Str short_text(Arena *arena, const char *text) {
  enum { MOST = 60 };
  size_t len = strlen(text), at = len < MOST ? len : MOST;
  while (at < len && at && ((unsigned char)text[at] & 0xC0) == 0x80) at--; /* not within a character */
  Str cut = arena_printf(arena, "%.*s%s", (int)at, text, at < len ? "…" : "");
  char *copy = arena_copy(arena, cut.data, cut.len + 1);
  for (size_t i = 0; i < cut.len; i++)
    if (copy[i] == '\n' || copy[i] == '\r' || copy[i] == '\t') copy[i] = ' ';
  return str_make(copy, cut.len);
}

/* A partition is what a file is elsewhere; errors and origins call it by this name. */
static void add_partitions(LoadPlan *plan, const SystemSource *source, const char *from, uint32_t count) {
  Str name = short_text(&plan->arena, from);
  plan->files.files = dc_alloc(((size_t)count + 1) * sizeof *plan->files.files);
  for (uint32_t p = 0; p < count; p++) {
    Str path = count > 1 ? arena_printf(&plan->arena, "%s \"%.*s\" partition %u", source->link->module->name, STR_ARG(name), p)
                         : arena_printf(&plan->arena, "%s \"%.*s\"", source->link->module->name, STR_ARG(name));
    plan->files.files[plan->files.count++] = (InputFile){.path = path};
    VEC_GROW(plan->units, plan->unit_count, plan->unit_cap);
    plan->units[plan->unit_count++] = (FileUnit){.file = p, .rows = UINT64_MAX, .bytes = 1}; /* all count the same */
  }
  plan->files.cap = plan->files.count;
}

static DcCode plan_failed(const SystemSource *source, LoadPlan *plan, const char *from, const TableError *error, DcError *err) {
  const char *system = source->link->module->name;
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  Str name = short_text(&plan->arena, from);
  return typed_failed(arena_printf(&plan->arena, "%s \"%.*s\"", system, STR_ARG(name)).data, error, err);
}

/* A plan for each part of a query with two ?; none: it has no ?. */
static DcCode plan_parts(SystemSource *source, LoadPlan *plan, SystemQuery query, DcError *err) {
  uint32_t count = query.partitions ? query.partitions : 1;
  const char *from = query.from;
  TableError error = {0};
  DC_TRY(system_part_query(&plan->arena, from, 0, count, &query.from, err));
  if (!query.from) return DC_OK;
  source->parts = arena_alloc(&plan->arena, ((size_t)count + 1) * sizeof(SystemPlan *));
  query.list = &query.from;
  query.partitions = 1;
  while (source->part_count < count) {
    struct ArrowSchema schema = {.release = NULL};
    uint32_t partitions;
    DC_TRY(system_part_query(&plan->arena, from, source->part_count, count, &query.from, err));
    if (source->link->module->plan(source->link->system, &query, &source->parts[source->part_count], &schema, &partitions, &error) != 0)
      return plan_failed(source, plan, from, &error, err);
    if (source->part_count++ == 0) source->schema = schema;
    else schema.release(&schema);
  }
  add_partitions(plan, source, from, count);
  return DC_OK;
}

static DcCode make_plan(SystemSource *source, LoadPlan *plan, const LoadSpec *spec, const char *const *from, uint32_t count, DcError *err) {
  const SystemModule *module = source->link->module;
  const char **columns = arena_alloc(&plan->arena, (spec->column_count + 1) * sizeof *columns);
  SystemQuery query = {.from = from[0], .list = from, .list_count = count, .columns = columns};
  for (size_t i = 0; i < spec->column_count; i++)
    if (!str_is(spec->columns[i], "_")) columns[query.column_count++] = arena_str(&plan->arena, spec->columns[i]).data;
  query.partitions = spec->by == BY_RANDOM ? 0 : spec->partitions;
  if (((const SystemOptions *)plan->file.own)->parts) {
    DC_TRY(plan_parts(source, plan, query, err));
    if (source->part_count) return DC_OK;
  }
  TableError error = {0};
  uint32_t partitions = 1;
  if (module->plan(source->link->system, &query, &source->plan, &source->schema, &partitions, &error) != 0) {
    source->plan = NULL;
    return plan_failed(source, plan, from[0], &error, err);
  }
  if (partitions > MAX_PARTITIONS) return dc_fail(err, "a dataset has at most %u partitions", MAX_PARTITIONS);
  add_partitions(plan, source, from[0], partitions ? partitions : 1);
  return DC_OK;
}

static DcCode list(Engine *engine, LoadPlan *plan, const LoadSpec *spec, DcError *err) {
  uint32_t count;
  const char **from = from_texts(spec->path, &plan->arena, &count);
  plan->file.hive = HIVE_OFF;
  if (!count) {
    dc_fail(err, "FROM names no table: it is %s", spec->path.type == TYPE_NULL ? "NULL" : "no text");
    dc_hint(err, "FROM 'schema.table', or FROM 'SELECT …'");
    return err->code;
  }
  SystemSource *source = dc_alloc(sizeof *source);
  source->refs = 1;
  plan->own = source;
  DC_TRY(system_connect(engine, plan->file.own, &source->link, err));
  const SystemModule *module = source->link->module;
  if (!module->plan) {
    dc_fail(err, "%s can be written, not read", module->name);
    return err->code;
  }
  if (count > 1 && !module->lists) {
    dc_fail(err, "%s: FROM takes one table or query, not a list", module->name);
    dc_hint(err, "UNION puts datasets together");
    return err->code;
  }
  DC_TRY(make_plan(source, plan, spec, from, count, err));
  system_keep_source(engine, source);
  return DC_OK;
}

static DcCode schema(Dataset *node, DcError *err) {
  const SystemSource *source = node->load->own;
  Arena arena = {0};
  DcCode code = typed_columnar(node, node->load->files.files[0].path.data, &source->schema, &arena, err);
  arena_free(&arena);
  return code;
}

SystemSource *system_source_ref(SystemSource *source) {
  source->refs++;
  return source;
}

void system_source_unref(SystemSource *source) {
  if (!source || --source->refs) return;
  if (source->schema.release) source->schema.release(&source->schema);
  if (source->plan) source->link->module->free_plan(source->plan);
  for (uint32_t i = 0; i < source->part_count; i++) source->link->module->free_plan(source->parts[i]);
  system_close(source->link);
  dc_free(source);
}

static void free_source(LoadPlan *plan) { system_source_unref(plan->own); }

const SourceOps system_source = {.list = list, .schema = schema, .free = free_source, .open = system_reader_open};
