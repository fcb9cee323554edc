/* typed_load.c - CREATE of files of typed columns: the first file gives the columns and their types, all give their units. */
#include "engine/typed_format.h"

enum { MOST_OPENED = 64 }; /* files whose units are counted at CREATE; of more, each is one whole */

static Str field_name(const struct ArrowSchema *field) { return str_of(field->name ? field->name : ""); }

static Str *field_names(const struct ArrowSchema *schema, Arena *arena) {
  Str *names = arena_alloc(arena, ((size_t)schema->n_children + 1) * sizeof *names);
  for (int64_t i = 0; i < schema->n_children; i++) names[i] = field_name(schema->children[i]);
  return names;
}

static int find_field(const struct ArrowSchema *schema, Str name) {
  for (int64_t i = 0; i < schema->n_children; i++)
    if (str_eq(field_name(schema->children[i]), name)) return (int)i;
  return -1;
}

DcCode typed_place(const char *path, const struct ArrowSchema *schema, Str name, Arena *arena, int *out, DcError *err) {
  *out = find_field(schema, name);
  if (*out < 0) return load_missing_column(path, name, field_names(schema, arena), (size_t)schema->n_children, err);
  DcError inner = {0};
  if (arrow_readable(schema->children[*out], &inner) == DC_OK) return DC_OK;
  dc_fail(err, "%s: column \"%.*s\": %s", path, STR_ARG(name), inner.message);
  dc_hint(err, "name the columns to take without it: VALUE (a, b, …)");
  return err->code;
}

static DcCode place_field(const TypedInput *input, Str name, Arena *arena, int *out, DcError *err) {
  return typed_place(typed_input_path(input), typed_input_schema(input), name, arena, out, err);
}

/* STRUCTURED: the attributes that were named or, without such, all fields. */
static DcCode object_fields(const Dataset *node, const TypedInput *input, Arena *arena, int **fields, uint32_t *count, DcError *err) {
  const struct ArrowSchema *schema = typed_input_schema(input);
  const LoadPlan *plan = node->load;
  *count = plan->wanted_count ? (uint32_t)plan->wanted_count : (uint32_t)schema->n_children;
  *fields = arena_alloc(arena, ((size_t)*count + 1) * sizeof **fields);
  for (uint32_t i = 0; i < *count; i++) {
    Str name = plan->wanted_count ? plan->wanted[i] : field_name(schema->children[i]);
    DC_TRY(place_field(input, name, arena, &(*fields)[i], err));
  }
  return DC_OK;
}

DcCode typed_fields(const Dataset *node, const TypedInput *input, Arena *arena, int **fields, uint32_t *count, DcError *err) {
  const Schema *schema = &node->schema;
  const struct ArrowSchema *found = typed_input_schema(input);
  if (((const TypedOptions *)node->load->file.own)->structured) return object_fields(node, input, arena, fields, count, err);
  *count = load_own_columns(node);
  *fields = arena_alloc(arena, ((size_t)*count + 1) * sizeof **fields);
  for (uint32_t i = 0; i < *count; i++) DC_TRY(place_field(input, schema->names[i], arena, &(*fields)[i], err));
  for (int64_t i = 0; i < found->n_children && !node->load->wanted_count; i++) {
    if (schema_column(schema, field_name(found->children[i])) >= 0) continue;
    dc_fail(err, "%s: column \"%s\" is not in the first file", typed_input_path(input), found->children[i]->name);
    dc_hint(err, "name the columns to take: VALUE (a, b, …)");
    return err->code;
  }
  return DC_OK;
}

/* --- The dataset --- */

static DcCode check_twins(const char *path, const struct ArrowSchema *schema, DcError *err) {
  for (int64_t i = 0; i < schema->n_children; i++)
    if (find_field(schema, field_name(schema->children[i])) != i)
      return dc_fail(err, "%s: two columns are called \"%s\"", path, schema->children[i]->name);
  return DC_OK;
}

DcCode typed_columnar(Dataset *node, const char *path, const struct ArrowSchema *schema, Arena *arena, DcError *err) {
  const LoadPlan *plan = node->load;
  DC_TRY(check_twins(path, schema, err));
  Str *names = field_names(schema, arena);
  size_t count = (size_t)schema->n_children;
  if (plan->wanted_count) {
    names = arena_alloc(arena, plan->wanted_count * sizeof *names);
    count = 0;
    for (size_t i = 0; i < plan->wanted_count; i++)
      if (!str_is(plan->wanted[i], "_")) names[count++] = plan->wanted[i];
  }
  const struct ArrowSchema **types = arena_alloc(arena, (count + 1) * sizeof *types);
  for (size_t i = 0; i < count; i++) {
    int field;
    DC_TRY(typed_place(path, schema, names[i], arena, &field, err));
    types[i] = schema->children[field];
  }
  node_schema(node, DS_COLUMNAR, names, count);
  node_types(node, types);
  return DC_OK;
}

static DcCode structured(Dataset *node, const TypedInput *input, Arena *arena, DcError *err) {
  const struct ArrowSchema *schema = typed_input_schema(input);
  int *fields;
  uint32_t count;
  DC_TRY(check_twins(typed_input_path(input), schema, err));
  DC_TRY(object_fields(node, input, arena, &fields, &count, err));
  Str *names = arena_alloc(arena, ((size_t)count + 1) * sizeof *names);
  const struct ArrowSchema **members = arena_alloc(arena, ((size_t)count + 1) * sizeof *members);
  for (uint32_t i = 0; i < count; i++) {
    members[i] = schema->children[fields[i]];
    names[i] = field_name(members[i]);
  }
  node_structured(node, names, count);
  const struct ArrowSchema *record = arrow_type_record(arena, members, count);
  node_types(node, &record);
  return DC_OK;
}

/* The units of a file. */
typedef struct FoundUnits {
  FileUnit *list;
  size_t count, cap;
} FoundUnits;

typedef struct Counting {
  Dataset *node;
  const uint32_t *files;
  FoundUnits *found; /* of each of them */
} Counting;

static void find_units(FoundUnits *out, uint32_t file, const TypedInput *input) {
  const TableModule *module = typed_input_module(input);
  uint32_t count = module->units(typed_input_file(input));
  for (uint32_t i = 0; i < count; i++) {
    TableUnit unit = {0};
    module->unit(typed_input_file(input), i, &unit);
    VEC_GROW(out->list, out->count, out->cap);
    out->list[out->count++] = (FileUnit){file, i, unit.rows, unit.bytes};
  }
}

/* Other files may have other columns, which shows at once as far as they are opened here. */
static DcCode count_one(void *self, size_t at, TypedInput *input, DcError *err) {
  const Counting *counting = self;
  Arena arena = {0};
  int *fields;
  uint32_t count;
  DcCode code = typed_fields(counting->node, input, &arena, &fields, &count, err);
  if (code == DC_OK) find_units(&counting->found[at], counting->files[at], input);
  arena_free(&arena);
  return code;
}

static void take_units(LoadPlan *plan, FoundUnits *found) {
  for (size_t i = 0; i < found->count; i++) {
    VEC_GROW(plan->units, plan->unit_count, plan->unit_cap);
    plan->units[plan->unit_count++] = found->list[i];
  }
  dc_free(found->list);
}

static DcCode count_units(Dataset *node, TypedInput *first, DcError *err) {
  uint32_t files[MOST_OPENED], count = 0;
  FoundUnits found[MOST_OPENED] = {{0}}, own = {0};
  find_units(&own, 0, first);
  take_units(node->load, &own);
  for (uint32_t f = 1; f < node->load->files.count; f++) files[count++] = f;
  Counting counting = {node, files, found};
  DcCode code = typed_each(node, files, count, count_one, &counting, err);
  for (uint32_t i = 0; i < count; i++) take_units(node->load, &found[i]);
  return code;
}

static DcCode describe(Dataset *node, TypedInput *input, Arena *arena, DcError *err) {
  const LoadPlan *plan = node->load;
  const TypedOptions *options = plan->file.own;
  DC_TRY(options->structured ? structured(node, input, arena, err) : typed_columnar(node, typed_input_path(input), typed_input_schema(input), arena, err));
  bool few = plan->files.count <= MOST_OPENED && !typed_input_module(input)->in_order && !plan->hive.count; /* there WHERE may leave files out */
  bool again = plan->files.count == 1 || load_regular(plan); /* a pipe is opened once only */
  return few && again ? count_units(node, input, err) : DC_OK;
}

static DcCode typed_schema(Dataset *node, DcError *err) {
  LoadPlan *plan = node->load;
  TypedInput *input = NULL;
  if (!plan->files.count) return DC_OK;
  DcCode code = typed_input_open(node->engine, plan, 0, &input, err);
  for (uint32_t f = 1; code != DC_OK && plan->hive.count && f < plan->files.count; f++) { /* it may well be that those before are never read */
    dc_error_clear(err);
    code = typed_input_open(node->engine, plan, f, &input, err);
  }
  DC_TRY(code);
  Arena arena = {0};
  code = describe(node, input, &arena, err);
  arena_free(&arena);
  if (code == DC_OK && !plan->files.files[0].regular) plan->own = input; /* it cannot be opened twice */
  else typed_input_close(input);
  return code;
}

static void free_typed(LoadPlan *plan) { typed_input_close(plan->own); }

const SourceOps typed_source = {.schema = typed_schema, .free = free_typed, .open = typed_reader_open};
