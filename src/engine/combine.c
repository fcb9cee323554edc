/* combine.c - makes the nodes over several inputs: UNION and JOIN. */
#include "engine/join.h"
#include "engine/structured.h"

static DcCode differ(const Schema *first, const Schema *other, Str first_name, Str name, DcError *err) {
  if (other->type != first->type)
    return dc_fail(err, "UNION: \"%.*s\" is %s, but \"%.*s\" is %s", STR_ARG(first_name), dataset_type_name(first->type),
                   STR_ARG(name), dataset_type_name(other->type));
  if (first->type != DS_COLUMNAR) return DC_OK;
  for (uint32_t i = 0; i < first->count; i++)
    if (schema_column(other, first->names[i]) < 0)
      return dc_fail(err, "UNION: \"%.*s\" has no attribute \"%.*s\", \"%.*s\" has", STR_ARG(name), STR_ARG(first->names[i]), STR_ARG(first_name));
  for (uint32_t i = 0; i < other->count; i++)
    if (schema_column(first, other->names[i]) < 0)
      return dc_fail(err, "UNION: \"%.*s\" has no attribute \"%.*s\", \"%.*s\" has", STR_ARG(first_name), STR_ARG(other->names[i]), STR_ARG(name));
  return DC_OK;
}

/* The input with its columns in the order of the first; an owned reference. */
static DcCode in_order(Engine *engine, const Schema *first, Dataset *input, Dataset **out, DcError *err) {
  bool same = first->type != DS_COLUMNAR || first->count == input->schema.count;
  for (uint32_t i = 0; first->type == DS_COLUMNAR && i < first->count && same; i++) same = str_eq(first->names[i], input->schema.names[i]);
  if (!same) return dataset_alter_columns(engine, input, first->names, first->count, out, err);
  *out = dataset_ref(input);
  return DC_OK;
}

DcCode dataset_union(Engine *engine, ScopeKind kind, Dataset *const *inputs, const Str *names, size_t count, Dataset **out, DcError *err) {
  const Schema *first = &inputs[0]->schema;
  for (size_t i = 1; i < count; i++) {
    if (differ(first, &inputs[i]->schema, names[0], names[i], err) == DC_OK) continue;
    dc_hint(err, "all inputs of a UNION have the same type and the same attributes; SELECT … AS … INTO … makes them alike");
    return err->code;
  }
  Dataset **ordered = dc_alloc((count + 1) * sizeof *ordered);
  DcCode code = DC_OK;
  uint64_t partitions = 0;
  bool keyed = false;
  size_t made = 0;
  for (; made < count && code == DC_OK; made++) {
    code = in_order(engine, first, inputs[made], &ordered[made], err);
    if (code != DC_OK) break;
    partitions += inputs[made]->partitions;
    keyed = keyed || inputs[made]->keyed;
  }
  if (code == DC_OK && partitions > MAX_PARTITIONS) code = dc_fail(err, "a dataset has at most %u partitions", MAX_PARTITIONS);
  if (code == DC_OK) {
    NodeKind node_kind = kind == SCOPE_UNION_XOR ? NODE_UNION_XOR : kind == SCOPE_UNION_AND ? NODE_UNION_AND : NODE_UNION;
    *out = node_over(engine, node_kind, ordered, (uint32_t)count);
    if (kind != SCOPE_UNION_AND) (*out)->partitions = (uint32_t)partitions;
    (*out)->keyed = keyed;
  } else {
    for (size_t i = 0; i < made; i++) dataset_unref(ordered[i]);
  }
  dc_free(ordered);
  return code;
}

/* --- JOIN --- */

/* The names of an input's attributes in a result: with the dataset's name before them; an object has that name alone. */
static void add_names(Arena *arena, const Dataset *input, Str prefix, Str *names, uint32_t *count) {
  if (prefix.data && input->schema.type == DS_STRUCTURED) {
    names[(*count)++] = prefix;
    return;
  }
  for (uint32_t i = 0; i < input->schema.count; i++)
    names[(*count)++] = prefix.data ? arena_printf(arena, "%.*s.%.*s", STR_ARG(prefix), STR_ARG(input->schema.names[i])) : input->schema.names[i];
}

static DcCode check_names(const Str *names, uint32_t count, DcError *err) {
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t k = 0; k < i; k++)
      if (str_eq(names[i], names[k])) {
        dc_fail(err, "the JOIN has two attributes \"%.*s\"", STR_ARG(names[i]));
        dc_hint(err, "give one of the datasets another name: JOIN \"a\", \"a\" AS \"b\"");
        return err->code;
      }
  return DC_OK;
}

/* Two inputs, whose references are taken over. A prefix without data: the names are there already. */
static DcCode join_two(Engine *engine, ScopeKind kind, Dataset *left, Dataset *right, Str left_name, Str right_name, Dataset **out, DcError *err) {
  Dataset *inputs[2] = {left, right};
  Dataset *node = node_over(engine, NODE_JOIN, inputs, 2);
  node->join = arena_alloc(&node->arena, sizeof *node->join);
  node->join->kind = kind;
  node->keyed = left->keyed || right->keyed;
  node->partitions = kind == SCOPE_JOIN_RIGHT ? right->partitions : left->partitions;
  *out = node;
  if (kind == SCOPE_JOIN_LEFT_ANTI) {
    node_schema_like(node, &left->schema);
    return DC_OK;
  }
  uint32_t count = 0;
  Str *names = arena_alloc(&node->arena, ((size_t)left->schema.count + right->schema.count + 1) * sizeof *names);
  add_names(&node->arena, left, left_name, names, &count);
  add_names(&node->arena, right, right_name, names, &count);
  DcCode code = check_names(names, count, err);
  if (code != DC_OK) {
    dataset_unref(node);
    return code;
  }
  const struct ArrowSchema **types = arena_alloc(&node->arena, ((size_t)count + 1) * sizeof *types);
  for (uint32_t i = 0; i < count; i++) {
    const Schema *side = i < left->schema.count ? &left->schema : &right->schema;
    types[i] = side->types ? side->types[i < left->schema.count ? i : i - left->schema.count] : NULL;
  }
  node_schema(node, DS_COLUMNAR, names, count);
  node_types(node, types);
  return DC_OK;
}

static DcCode join_all(Engine *engine, ScopeKind kind, Dataset *const *inputs, const Str *names, size_t count, Dataset **out, DcError *err) {
  bool right_anti = kind == SCOPE_JOIN_RIGHT_ANTI; /* what the last input keeps against all others */
  if (right_anti) kind = SCOPE_JOIN_LEFT_ANTI;
  Dataset *node = dataset_ref(right_anti ? inputs[count - 1] : inputs[0]);
  Str name = names[0];
  for (size_t i = 1; i < count; i++) {
    size_t other = right_anti ? i - 1 : i;
    DC_TRY(join_two(engine, kind, node, dataset_ref(inputs[other]), name, names[other], &node, err));
    name = (Str){0};
  }
  *out = node;
  return DC_OK;
}

static Dataset *as_objects(Dataset *input) {
  const Schema *schema = &input->schema;
  if (schema->type == DS_STRUCTURED) return dataset_ref(input);
  return structured_wrap(dataset_ref(input), schema->names, schema->count, schema->names, schema->count);
}

/* With a Structured dataset among the inputs the result is Structured, too: an object of the inputs' records under the
   datasets' names, so that "a.x" is a path as it is a name elsewhere. */
DcCode dataset_join(Engine *engine, ScopeKind kind, Dataset *const *inputs, const Str *names, size_t count, Dataset **out, DcError *err) {
  bool anti = kind == SCOPE_JOIN_LEFT_ANTI || kind == SCOPE_JOIN_RIGHT_ANTI, objects = false;
  for (size_t i = 0; i < count; i++) objects = objects || inputs[i]->schema.type == DS_STRUCTURED;
  if (anti || !objects) return join_all(engine, kind, inputs, names, count, out, err);
  Dataset **made = dc_alloc((count + 1) * sizeof *made), *joined = NULL;
  for (size_t i = 0; i < count; i++) made[i] = as_objects(inputs[i]);
  DcCode code = join_all(engine, kind, made, names, count, &joined, err);
  for (size_t i = 0; i < count; i++) dataset_unref(made[i]);
  dc_free(made);
  if (code == DC_OK) *out = structured_wrap(joined, joined->schema.names, joined->schema.count, joined->schema.names, joined->schema.count);
  return code;
}
