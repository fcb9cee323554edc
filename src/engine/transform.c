/* transform.c - transforms written in TDL as plans: their types and attributes, and what their bodies read of the moment. */
#include "engine/transform.h"

#include "engine/node.h"
#include "lang/ast_walk.h"

/* --- Types and attributes --- */

bool transform_type(Str word, DatasetType *out, bool *any) {
  static const struct { const char *word; DatasetType type; } words[] = {
      {"COLUMNAR", DS_COLUMNAR}, {"STRUCTURED", DS_STRUCTURED}, {"STRUCT", DS_STRUCTURED}, {"JSON", DS_STRUCTURED},
      {"RAW", DS_PLAIN_TEXT}, {"PLAIN", DS_PLAIN_TEXT}, {"TEXT", DS_PLAIN_TEXT}, {"PLAINTEXT", DS_PLAIN_TEXT},
      {"POINT", DS_POINT}, {"POI", DS_POINT}, {"POLYGON", DS_POLYGON}, {"TRACK", DS_TRACK}, {"SEGMENTEDTRACK", DS_TRACK},
  };
  static const char *const all[] = {"PASSTHRU", "PASSTHROUGH", "EVERY", "ANY"};
  *any = false;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) *any = *any || str_eq_nocase(word, str_of(all[i]));
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!str_eq_nocase(word, str_of(words[i].word))) continue;
    *out = words[i].type;
    return true;
  }
  return *any;
}

static DcCode check_source(const Definition *definition, const Dataset *in, Position pos, DcError *err) {
  Buf wanted = {0};
  bool fits = false;
  for (size_t i = 0; i < definition->from_count; i++) {
    DatasetType type = DS_COLUMNAR;
    bool any;
    bool known = transform_type(definition->from_types[i], &type, &any);
    fits = fits || any || (known && type == in->schema.type);
    buf_printf(&wanted, "%s%.*s", i ? ", " : "", STR_ARG(definition->from_types[i]));
  }
  if (!fits) {
    dc_fail_at(err, DC_FAIL, pos, "transform '%.*s' takes %.*s, but the dataset is %s", STR_ARG(definition->name.text), (int)wanted.len,
               wanted.data, dataset_type_name(in->schema.type));
    dc_hint(err, "its FROM names the types that it takes");
  }
  buf_free(&wanted);
  return err->code;
}

/* The attributes that are asked for: at the call or in the definition, else those of the source. */
static const Str *asked_names(const Dataset *in, const TransformSpec *spec, size_t *count) {
  const Schema *schema = &in->schema;
  *count = spec->columns ? spec->column_count : dataset_columns(in);
  if (spec->columns) return spec->columns;
  return schema->type == DS_STRUCTURED ? schema->attributes : schema->names;
}

static DcCode check_twice(const Str *names, size_t count, Position pos, DcError *err) {
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < i; k++)
      if (str_eq(names[i], names[k])) return dc_fail_at(err, DC_FAIL, pos, "the attribute \"%.*s\" is named twice", STR_ARG(names[i]));
  return DC_OK;
}

/* The type and attributes of the result. */
static DcCode plan_schema(Dataset *node, const Dataset *in, const TransformSpec *spec, DcError *err) {
  static const Str value_name = {"_value", 6};
  const Definition *definition = spec->definition;
  DatasetType type = in->schema.type;
  bool any;
  size_t count;
  Str name = definition->name.text;
  const Str *names = asked_names(in, spec, &count);
  transform_type(definition->into_type, &type, &any);
  if (any) type = in->schema.type;
  if (type == DS_POINT || type == DS_TRACK || type == DS_POLYGON)
    return dc_fail_at(err, DC_FAIL, spec->pos, "transform '%.*s' makes %s, which is not in this version", STR_ARG(name), dataset_type_name(type));
  if (spec->columns) DC_TRY(check_twice(names, count, spec->pos, err));
  if (type == DS_PLAIN_TEXT) node_schema(node, type, &value_name, 1);
  else if (type == DS_STRUCTURED) node_structured(node, names, count);
  else node_schema(node, type, names, count);
  if (type != DS_COLUMNAR || spec->columns || in->schema.type == DS_COLUMNAR) return DC_OK;
  dc_fail_at(err, DC_FAIL, spec->pos, "nothing names the attributes that transform '%.*s' makes", STR_ARG(name));
  dc_hint(err, "%.*s(…) VALUE (\"a\", \"b\"), or INTO COLUMNAR VALUE (\"a\", \"b\") in its definition", STR_ARG(name));
  return DC_FAIL;
}

/* --- Variables that nothing sets --- */

typedef struct Settings {
  Str *names;
  size_t count, cap;
  bool any; /* the name of one is computed */
} Settings;

static void add_set(Settings *set, const Name *name) {
  set->any = set->any || name->parts;
  VEC_GROW(set->names, set->count, set->cap);
  set->names[set->count++] = name->text;
}

static void see_set(void *self, const Stmt *stmt) {
  if (stmt->kind == STMT_LET) add_set(self, &stmt->as.let.name);
  if (stmt->kind == STMT_LOOP) add_set(self, &stmt->as.loop.variable);
  if (stmt->kind == STMT_TRY) add_set(self, &stmt->as.try_block.variable);
  if (stmt->kind != STMT_FETCH) return;
  add_set(self, &(Name){.text = stmt->as.fetch.key_name});
  add_set(self, &(Name){.text = stmt->as.fetch.object_name});
}

typedef struct VariableCheck {
  EvalContext *cx;
  Settings set;
  const Expr **asked; /* variables whose absence is asked for: that they are unknown is no mistake */
  size_t asked_count, asked_cap;
  DcError *err;
} VariableCheck;

static bool is_set(const VariableCheck *check, const Expr *variable) {
  for (size_t i = 0; i < check->asked_count; i++)
    if (check->asked[i] == variable) return true;
  for (size_t i = 0; i < check->set.count; i++)
    if (str_eq(check->set.names[i], variable->name.text)) return true;
  Value ignored;
  return check->cx->variables.get && check->cx->variables.get(check->cx->variables.self, variable->name.text, &ignored);
}

static void check_variable(void *self, const Expr *expr) {
  VariableCheck *check = self;
  Special special = expr->kind == EXPR_OP ? expr->op->special : SPECIAL_NONE;
  if (special == SPECIAL_IS_NULL || special == SPECIAL_IS_NOT_NULL || special == SPECIAL_DEFAULT) {
    VEC_GROW(check->asked, check->asked_count, check->asked_cap);
    check->asked[check->asked_count++] = expr->items[0];
  }
  if (expr->kind != EXPR_VAR || expr->name.parts || check->err->code != DC_OK || is_set(check, expr)) return;
  (void)!check->cx->unknown_variable(check->cx->unknown_self, expr->name.text, expr->pos, check->err);
}

/* A variable that is not there now and that the body never sets is warned about, as it would be outside. */
static DcCode check_variables(EvalContext *cx, const TransformSpec *spec, DcError *err) {
  static const Name given[] = {{.text = {"NOTFOUND", 8}}, {.text = {"PARTITION", 9}}, {.text = {"ATTRS:Value", 11}}};
  VariableCheck check = {.cx = cx, .err = err};
  const Block *body = &spec->definition->body;
  if (!cx->unknown_variable) return DC_OK;
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) add_set(&check.set, &given[i]);
  for (size_t i = 0; i < spec->param_count; i++) add_set(&check.set, &(Name){.text = spec->params[i].name});
  block_each_stmt(body, see_set, &check.set);
  if (!check.set.any) block_each_expr(body, check_variable, &check);
  dc_free(check.set.names);
  dc_free(check.asked);
  return err->code;
}

/* --- The plan --- */

static void see_variable(void *self, const Expr *expr) {
  TransformPlan *plan = self;
  if (expr->kind != EXPR_VAR) return;
  plan->reads_any = plan->reads_any || expr->name.parts;
  VEC_GROW(plan->read, plan->read_count, plan->read_cap);
  plan->read[plan->read_count++] = expr->name.text;
}

/* "ATTRS:Value" */
static Value attribute_names(Dataset *node, const TransformSpec *spec) {
  size_t count;
  const Str *names = asked_names(node->input, spec, &count);
  Value *items = arena_alloc(&node->arena, (count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++) items[i] = value_str(arena_str(&node->arena, names[i]));
  return value_array(&node->arena, items, count);
}

static DcCode plan_body(Dataset *node, EvalContext *cx, const TransformSpec *spec, DcError *err) {
  TransformPlan *plan = arena_alloc(&node->arena, sizeof *plan);
  plan->definition = spec->definition;
  plan->raise = cx->raise;
  plan->raise_self = cx->raise_self;
  plan->variables = arena_alloc(&node->arena, (spec->param_count + 1) * sizeof *plan->variables);
  for (size_t i = 0; i < spec->param_count; i++)
    plan->variables[i] = (BodyVariable){spec->params[i].name, value_copy(&node->arena, spec->params[i].value)};
  plan->variables[spec->param_count] = (BodyVariable){str_of("ATTRS:Value"), attribute_names(node, spec)};
  plan->variable_count = spec->param_count + 1;
  TransformPlan seen = {0};
  block_each_expr(&spec->definition->body, see_variable, &seen);
  plan->read = (Str *)arena_copy(&node->arena, seen.read, seen.read_count * sizeof *seen.read);
  plan->read_count = seen.read_count;
  plan->reads_any = seen.reads_any;
  dc_free(seen.read);
  node->op.program = program_new(node->engine);
  node->transform = plan;
  return program_capture(node->op.program, node->engine, &node->input->schema, cx, &spec->definition->body, err);
}

DcCode dataset_transform(Engine *engine, Dataset *in, EvalContext *cx, const TransformSpec *spec, Dataset **out, DcError *err) {
  DC_TRY(check_source(spec->definition, in, spec->pos, err));
  Dataset *node = node_new(engine, NODE_TRANSFORM, dataset_ref(in));
  node->keyed = true;
  DcCode code = plan_schema(node, in, spec, err);
  if (code == DC_OK) code = check_variables(cx, spec, err);
  if (code == DC_OK) code = plan_body(node, cx, spec, err);
  if (code == DC_OK) *out = node;
  else dataset_unref(node);
  return code;
}
