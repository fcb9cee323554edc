/* dataset.c - making plan nodes: nothing here touches data. */
#include <math.h>
#include <stdlib.h>

#include "engine/load.h"
#include "engine/node.h"
#include "engine/pass.h"
#include "engine/prune.h"
#include "engine/structured.h"
#include "engine/store.h"
#include "value/arrow.h"

Dataset *node_new(Engine *engine, NodeKind kind, Dataset *input) {
  Dataset *node = dc_alloc(sizeof *node);
  atomic_init(&node->refs, 1);
  node->kind = kind;
  node->engine = engine;
  node->input = input;
  node->pos = engine->statement_pos;
  node->statement = engine->statement_number;
  node->op.share = -1;
  node->op.schema = &node->schema;
  if (input) {
    node_schema_like(node, &input->schema);
    node->partitions = input->partitions;
    node->keyed = input->keyed;
  }
  return node;
}

/* A type that not all inputs agree on is not known. */
static void common_types(Dataset *node) {
  const struct ArrowSchema **types = (const struct ArrowSchema **)(uintptr_t)node->schema.types;
  for (uint32_t i = 1; types && i < node->input_count; i++) {
    const Schema *other = &node->inputs[i]->schema;
    for (uint32_t c = 0; c < node->schema.count; c++)
      if (!types[c] || c >= other->count || !other->types || !other->types[c] || !arrow_type_equal(types[c], other->types[c])) types[c] = NULL;
  }
}

Dataset *node_over(Engine *engine, NodeKind kind, Dataset *const *inputs, uint32_t count) {
  Dataset *node = node_new(engine, kind, NULL);
  node->inputs = arena_alloc(&node->arena, (count + 1) * sizeof *node->inputs);
  for (uint32_t i = 0; i < count; i++) node->inputs[i] = inputs[i];
  node->input_count = count;
  node_schema_like(node, &inputs[0]->schema);
  common_types(node);
  node->partitions = inputs[0]->partitions;
  node->keyed = inputs[0]->keyed;
  return node;
}

void node_drop_inputs(Dataset *node) {
  dataset_unref(node->input);
  node->input = NULL;
  for (uint32_t i = 0; i < node->input_count; i++) dataset_unref(node->inputs[i]);
  node->input_count = 0;
}

void node_item_types(Dataset *node) {
  const Schema *below = &node->input->schema;
  if (!below->types) return;
  Arena arena = {0};
  const struct ArrowSchema **types = arena_alloc(&arena, (node->op.item_count + 1) * sizeof *types);
  for (size_t i = 0; i < node->op.item_count; i++) types[i] = node->op.items[i].column >= 0 ? below->types[node->op.items[i].column] : NULL;
  node_types(node, types);
  arena_free(&arena);
}

static const Str *copy_names(Dataset *node, const Str *names, size_t count) {
  Str *copy = arena_alloc(&node->arena, (count + 1) * sizeof *copy);
  for (size_t i = 0; i < count; i++) copy[i] = arena_str(&node->arena, names[i]);
  return copy;
}

void node_schema(Dataset *node, DatasetType type, const Str *names, size_t count) {
  node->schema = (Schema){.type = type, .count = (uint32_t)count, .names = copy_names(node, names, count)};
}

void node_types(Dataset *node, const struct ArrowSchema *const *types) {
  const struct ArrowSchema **copy = arena_alloc(&node->arena, (node->schema.count + 1) * sizeof *copy);
  for (uint32_t i = 0; i < node->schema.count; i++) copy[i] = types[i] ? arrow_type_copy(&node->arena, types[i]) : NULL;
  node->schema.types = copy;
}

void node_schema_like(Dataset *node, const Schema *schema) {
  node_schema(node, schema->type, schema->names, schema->count);
  if (schema->types) node_types(node, schema->types);
  node->schema.attribute_count = schema->attribute_count;
  node->schema.attributes = copy_names(node, schema->attributes, schema->attribute_count);
}

void node_structured(Dataset *node, const Str *attributes, size_t count) {
  static const Str value_name = {"_value", 6};
  node_schema(node, DS_STRUCTURED, &value_name, 1);
  node->schema.attribute_count = (uint32_t)count;
  node->schema.attributes = copy_names(node, attributes, count);
}

Dataset *dataset_ref(Dataset *dataset) {
  atomic_fetch_add(&dataset->refs, 1);
  return dataset;
}

void dataset_unref(Dataset *dataset) {
  while (dataset && atomic_fetch_sub(&dataset->refs, 1) == 1) { /* a loop: chains can be long */
    Dataset *input = dataset->input ? dataset->input : dataset->input_count ? dataset->inputs[0] : NULL;
    for (uint32_t i = 1; i < dataset->input_count; i++) dataset_unref(dataset->inputs[i]);
    load_plan_free(dataset->load);
    program_unref(dataset->op.program);
    store_free(dataset->store);
    dc_free(dataset->done);
    arena_free(&dataset->arena);
    dc_free(dataset);
    dataset = input;
  }
}

DatasetType dataset_type(const Dataset *dataset) { return dataset->schema.type; }

const char *dataset_type_name(DatasetType type) {
  static const char *const names[] = {"PlainText", "Columnar", "Structured", "Point", "Track", "Polygon"};
  return names[type];
}

uint32_t dataset_partitions(const Dataset *dataset) { return dataset->partitions; }

size_t dataset_columns(const Dataset *dataset) {
  const Schema *schema = &dataset->schema;
  return schema->type == DS_PLAIN_TEXT ? 0 : schema->type == DS_STRUCTURED ? schema->attribute_count : schema->count;
}

Str dataset_column(const Dataset *dataset, size_t index) {
  const Schema *schema = &dataset->schema;
  return schema->type == DS_STRUCTURED ? schema->attributes[index] : schema->names[index];
}

bool dataset_column_type(const Dataset *dataset, size_t index, Buf *out) {
  const Schema *schema = &dataset->schema;
  const struct ArrowSchema *type = NULL;
  if (schema->types && schema->type != DS_STRUCTURED) {
    type = schema->types[index];
  } else if (schema->types && schema->types[0]) {
    const struct ArrowSchema *record = schema->types[0];
    for (int64_t i = 0; i < record->n_children && !type; i++)
      if (str_eq(str_of(record->children[i]->name), schema->attributes[index])) type = record->children[i];
  }
  if (type) arrow_type_print(out, type);
  return type != NULL;
}

bool dataset_computed(const Dataset *dataset) {
  while (dataset->kind == NODE_CHOOSE) dataset = dataset->input;
  if (!dataset->store) return false;
  for (uint32_t i = 0; i < dataset->partitions; i++)
    if (!dataset->done[i]) return false;
  return true;
}

bool dataset_rows(const Dataset *dataset, uint64_t *rows) {
  if (!dataset_computed(dataset)) return false;
  if (dataset->kind != NODE_CHOOSE) {
    *rows = dataset->store->rows;
    return true;
  }
  *rows = 0;
  for (uint32_t i = 0; i < dataset->partitions; i++) {
    const Dataset *node = dataset;
    uint32_t part = i;
    while (node->kind == NODE_CHOOSE && part != NO_PART) {
      part = node->parts[part];
      node = node->input;
    }
    if (part != NO_PART) *rows += node->store->part_rows[part];
  }
  return true;
}

/* --- Rows that are made --- */

DcCode dataset_of_values(Engine *engine, const Str *columns, size_t column_count, const Value *values, size_t rows, Dataset **out, DcError *err) {
  Dataset *node = node_new(engine, NODE_STORED, NULL);
  node_schema(node, DS_COLUMNAR, columns, column_count);
  node->partitions = 1;
  node->store = store_new(engine, 1);
  node->done = dc_alloc(1);
  node->done[0] = 1;
  ColumnBuilder *builders = dc_alloc((column_count + 1) * sizeof *builders);
  for (size_t c = 0; c < column_count; c++) {
    column_builder_init(&builders[c]);
    for (size_t r = 0; r < rows; r++) column_builder_add(&builders[c], values[r * column_count + c]);
  }
  SourceInfo info = {.made = true};
  uint64_t base = origin_make(engine_source(engine, &info), 0);
  Batch *batch;
  DcCode code = DC_OK;
  if (rows) code = batch_from_builders(engine->budget, builders, column_count, NULL, NULL, base, rows, &batch, err);
  if (rows && code == DC_OK) store_add(node->store, (Piece){.batch = batch});
  for (size_t c = 0; c < column_count; c++) column_builder_free(&builders[c]);
  dc_free(builders);
  if (code == DC_OK) *out = node;
  else dataset_unref(node);
  return code;
}

DcCode dataset_dual(Engine *engine, Dataset **out, DcError *err) {
  static const Str name = {"_value", 6};
  Value x = value_text("x");
  DC_TRY(dataset_of_values(engine, &name, 1, &x, 1, out, err));
  (*out)->schema.type = DS_PLAIN_TEXT;
  return DC_OK;
}

/* --- Alterations --- */

static Dataset *narrow(Engine *engine, Dataset *in) {
  Dataset *node = node_new(engine, NODE_NARROW, dataset_ref(in));
  node->op.program = program_new(engine);
  return node;
}

DcCode dataset_alter_key(Engine *engine, Dataset *in, EvalContext *cx, const Expr *key, Dataset **out, DcError *err) {
  Dataset *node = narrow(engine, in);
  DcCode code = program_bind(node->op.program, engine, &in->schema, cx, key, &node->op.key, err);
  node->keyed = true;
  if (code == DC_OK) *out = node;
  else dataset_unref(node);
  return code;
}

DcCode dataset_alter_partition(Engine *engine, Dataset *in, uint32_t partitions, Dataset **out, DcError *err) {
  if (!partitions) return dc_fail(err, "a dataset has at least one partition");
  if (partitions > MAX_PARTITIONS) return dc_fail(err, "a dataset has at most %u partitions", MAX_PARTITIONS);
  Dataset *node = node_new(engine, in->keyed ? NODE_SHUFFLE : NODE_RECUT, dataset_ref(in));
  node->partitions = partitions;
  *out = node;
  return DC_OK;
}

static DcCode unknown_column(const Schema *schema, Str name, DcError *err) {
  Speller speller = speller_start(name);
  for (uint32_t i = 0; i < schema->count; i++) speller_try(&speller, schema->names[i]);
  dc_fail(err, "unknown attribute \"%.*s\"", STR_ARG(name));
  Str near = speller_best(&speller);
  if (near.len) dc_hint(err, "did you mean \"%.*s\"?", STR_ARG(near));
  else dc_hint(err, "DESCRIBE lists the attributes of a dataset");
  return err->code;
}

DcCode dataset_alter_columns(Engine *engine, Dataset *in, const Str *columns, size_t count, Dataset **out, DcError *err) {
  if (in->schema.type == DS_PLAIN_TEXT || in->schema.type == DS_STRUCTURED) { /* lines have nothing to choose from */
    Str *kept = dc_alloc((count + 1) * sizeof *kept);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
      if (!str_is(columns[i], "_")) kept[n++] = columns[i];
    *out = in->schema.type == DS_PLAIN_TEXT ? dataset_ref(in) : structured_keep(dataset_ref(in), kept, n);
    dc_free(kept);
    return DC_OK;
  }
  Dataset *node = narrow(engine, in);
  ProjectItem *items = arena_alloc(&node->arena, (count + 1) * sizeof *items);
  Str *names = arena_alloc(&node->arena, (count + 1) * sizeof *names);
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    if (str_is(columns[i], "_")) continue;
    int column = schema_column(&in->schema, columns[i]);
    if (column < 0) {
      dataset_unref(node);
      return unknown_column(&in->schema, columns[i], err);
    }
    names[n] = columns[i];
    items[n++].column = column;
  }
  node_schema(node, in->schema.type, names, n);
  node->op.items = items;
  node->op.item_count = n;
  node->op.project = true;
  node_item_types(node);
  *out = node;
  return DC_OK;
}

/* --- Choosing partitions --- */

static DcCode part_number(Value value, Position pos, uint32_t partitions, uint32_t *out, DcError *err) {
  Value number;
  if (!value_to_number(value, &number) || (number.type == TYPE_DOUBLE && number.as.d != floor(number.as.d)) ||
      (number.type != TYPE_INT && number.type != TYPE_DOUBLE)) {
    Buf text = {0};
    value_print(&text, value);
    dc_fail_at(err, DC_FAIL, pos, "'%.*s' is no partition number", (int)text.len, text.data);
    dc_hint(err, "partitions are numbered from 0; an array takes several");
    buf_free(&text);
    return err->code;
  }
  double d = number.type == TYPE_DOUBLE ? number.as.d : (double)number.as.i;
  if (d < 0) {
    dc_fail_at(err, DC_FAIL, pos, "partition numbers are not negative: %.0f", d);
    dc_hint(err, "partitions are numbered from 0");
    return err->code;
  }
  *out = d < partitions ? (uint32_t)d : NO_PART;
  return DC_OK;
}

DcCode dataset_choose(Engine *engine, Dataset *in, Value parts, Position pos, uint64_t *missing, Dataset **out, DcError *err) {
  const Value *items = &parts;
  size_t count = 1;
  if (parts.type == TYPE_ARRAY) {
    items = parts.as.array->items;
    count = parts.as.array->count;
  } else if (parts.type == TYPE_NULL) {
    count = 0;
  }
  Dataset *node = node_new(engine, NODE_CHOOSE, dataset_ref(in));
  node->partitions = (uint32_t)count;
  node->parts = arena_alloc(&node->arena, (count + 1) * sizeof *node->parts);
  for (size_t i = 0; i < count; i++) {
    DcCode code = part_number(items[i], pos, in->partitions, &node->parts[i], err);
    if (code != DC_OK) {
      dataset_unref(node);
      return code;
    }
    *missing += node->parts[i] == NO_PART;
  }
  pass_count(in, node->parts, node->partitions);
  *out = node;
  return DC_OK;
}

/* --- EXPLAIN --- */

static const char *join_name(ScopeKind kind) {
  switch (kind) {
    case SCOPE_JOIN_LEFT: return "left join";
    case SCOPE_JOIN_RIGHT: return "right join";
    case SCOPE_JOIN_OUTER: return "outer join";
    case SCOPE_JOIN_LEFT_ANTI: return "left anti join";
    case SCOPE_JOIN_RIGHT_ANTI: return "right anti join";
    default: return "inner join";
  }
}

static const char *kind_name(const Dataset *node) {
  switch (node->kind) {
    case NODE_SOURCE: return node->load->file.row->format->system ? "scan" : "scan files";
    case NODE_NARROW: return node->op.key || node->op.random_key ? "key" : node->op.project ? "project" : node->op.share >= 0 ? "sample" : "filter";
    case NODE_CHOOSE: return "choose partitions";
    case NODE_SHUFFLE: return "shuffle by key";
    case NODE_RECUT: return "re-cut in order";
    case NODE_DISTINCT: return "distinct";
    case NODE_LIMIT: return node->limit_kind == SAMPLE_ROWS ? "sample rows" : "limit";
    case NODE_COUNT: return "count";
    case NODE_STORED: return "stored";
    case NODE_UNION: return "union";
    case NODE_UNION_XOR: return "union xor";
    case NODE_UNION_AND: return "union and";
    case NODE_JOIN: return join_name(node->join->kind);
    case NODE_GROUP: return "group";
    case NODE_SORT: return "sort";
    case NODE_WINDOW: return "window functions";
    case NODE_TRANSFORM: return "transform";
  }
  return "";
}

static void explain_expr(const Expr *expr, Buf *out) {
  expr_print(out, expr);
  while (out->len && out->data[out->len - 1] == '\n') out->len--;
}

static void explain_order(const SortKey *keys, size_t count, Buf *out) {
  for (size_t i = 0; i < count; i++) {
    buf_text(out, i ? ", " : ", by ");
    explain_expr(keys[i].expr, out);
    if (keys[i].descending) buf_text(out, " DESC");
    if (keys[i].nulls_first) buf_text(out, " NULLS FIRST");
  }
}

static void explain_group(const GroupPlan *plan, Buf *out) {
  for (size_t i = 0; i < plan->key_count; i++) {
    buf_text(out, i ? ", " : ", by ");
    explain_expr(plan->keys[i], out);
  }
  for (size_t i = 0; i < plan->call_count; i++) {
    const AggregateCall *call = &plan->calls[i];
    buf_printf(out, "%s%s(%s%s", i ? ", " : "; ", call->function->name, call->distinct ? "DISTINCT " : "", call->arg_count ? "" : "*");
    for (size_t a = 0; a < call->arg_count; a++) {
      if (a) buf_text(out, ", ");
      explain_expr(call->args[a], out);
    }
    buf_char(out, ')');
  }
}

static void explain_details(const Dataset *node, Buf *out) {
  if (node->op.where) {
    buf_text(out, ", where ");
    explain_expr(node->op.where, out);
  }
  if (node->kind == NODE_SORT) {
    explain_order(node->sort->keys, node->sort->key_count, out);
    if (node->sort->limit != UINT64_MAX) buf_printf(out, ", the first %llu", (unsigned long long)node->sort->limit);
  }
  if (node->kind == NODE_GROUP) explain_group(node->group, out);
  if (node->kind == NODE_JOIN && node->input_count) {
    bool right = node->join->kind == SCOPE_JOIN_RIGHT || node->join->kind == SCOPE_JOIN_RIGHT_ANTI;
    buf_printf(out, ", on %s, table over the %s input", node->keyed ? "keys" : "whole records", right ? "first" : "second");
  }
  if (node->kind == NODE_LIMIT) buf_printf(out, " %llu", (unsigned long long)node->limit);
}

/* above: the operators that lead to it, the highest first. */
static void explain_source(const Dataset *node, const NarrowOp *const *above, size_t count, Buf *out) {
  const LoadPlan *plan = node->load;
  if (plan->file.row->format->system) {
    buf_printf(out, ", %s", plan->file.row->adapter.name);
    return;
  }
  Arena arena = {0};
  ReadSpec spec = {0};
  uint64_t bytes = 0;
  size_t files = 0;
  const NarrowOp **ops = arena_alloc(&arena, (count + 1) * sizeof *ops);
  for (size_t i = 0; i < count; i++) ops[i] = above[count - 1 - i];
  spec.filters = prune_filters(node, ops, count, &arena, &spec.filter_count);
  for (uint32_t f = 0; f < plan->files.count; f++) {
    if (plan->hive.count && !prune_may_match(plan, f, &spec, NULL)) continue;
    bytes += plan->files.files[f].size;
    files++;
  }
  if (files < plan->files.count) buf_printf(out, ", %zu of %zu files", files, plan->files.count);
  else buf_printf(out, ", %zu files", files);
  buf_printf(out, ", %llu bytes, %s", (unsigned long long)bytes, plan->file.row->adapter.name);
  arena_free(&arena);
}

static void explain_node(const Dataset *node, int depth, Buf *out) {
  const NarrowOp **above = NULL;
  size_t count = 0, cap = 0;
  for (; node; node = node->input, depth++) {
    buf_printf(out, "%*s%s: %u partition%s", depth * 2, "", kind_name(node), node->partitions, node->partitions == 1 ? "" : "s");
    if (node->schema.type == DS_STRUCTURED) buf_text(out, ", objects");
    else if (node->schema.type != DS_PLAIN_TEXT) buf_printf(out, ", %u columns", node->schema.count);
    explain_details(node, out);
    if (node->kind == NODE_SOURCE) explain_source(node, above, count, out);
    if (node->kind == NODE_NARROW) {
      VEC_GROW(above, count, cap);
      above[count++] = &node->op;
    } else if (node->kind != NODE_CHOOSE) {
      count = 0; /* what comes below is not what they see */
    }
    if (dataset_computed(node)) buf_text(out, ", computed");
    buf_text(out, "\n");
    for (uint32_t i = 0; i < node->input_count; i++) explain_node(node->inputs[i], depth + 1, out);
  }
  dc_free(above);
}

void dataset_explain(const Dataset *dataset, Buf *out) { explain_node(dataset, 0, out); }
