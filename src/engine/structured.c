/* structured.c - plan nodes that make and change objects. */
#include "engine/structured.h"

#include "engine/json_template.h"
#include "value/json.h"

static const Str value_name = {"_value", 6};

Dataset *reshape_node(Dataset *in) {
  Dataset *node = node_new(in->engine, NODE_NARROW, in);
  node->op.program = program_new(in->engine);
  node->op.project = true;
  return node;
}

void *reshape_new(Dataset *node, size_t size, uint32_t columns, Position pos) {
  Reshape *reshape = arena_alloc(&node->arena, size);
  reshape->column_count = columns;
  reshape->pos = pos;
  node->op.reshape = reshape;
  return reshape;
}

static void put_values(Worker *worker, const View *view, Vector *out, Value **values) {
  *values = arena_alloc(&worker->scratch, (view->n + 1) * sizeof **values);
  *out = (Vector){.kind = VEC_ANY, .as.values = *values};
}

/* --- Columns to objects --- */

typedef struct Wrap {
  Reshape reshape;
  const Str *names; /* data NULL: spread */
  size_t count;
  bool spreads;
} Wrap;

static void set_member(Str *names, Value *values, size_t *count, Str name, Value value) {
  size_t i = 0;
  while (i < *count && !str_eq(names[i], name)) i++;
  names[i] = name;
  values[i] = value;
  *count += i == *count;
}

/* An object of one row where some columns are objects that are spread. */
static Value spread(const Wrap *wrap, Arena *arena, const Value *row) {
  size_t most = wrap->count, count = 0;
  for (size_t c = 0; c < wrap->count; c++)
    if (!wrap->names[c].data && row[c].type == TYPE_OBJECT) most += row[c].as.object->count;
  Str *names = arena_raw(arena, (most + 1) * sizeof *names);
  Value *values = arena_raw(arena, (most + 1) * sizeof *values);
  for (size_t c = 0; c < wrap->count; c++) {
    const Object *object = row[c].type == TYPE_OBJECT ? row[c].as.object : NULL;
    if (wrap->names[c].data) set_member(names, values, &count, wrap->names[c], row[c]);
    for (size_t i = 0; !wrap->names[c].data && object && i < object->count; i++) {
      if (count) set_member(names, values, &count, object->names[i], object->values[i]);
      else memcpy(names, object->names, object->count * sizeof *names), memcpy(values, object->values, object->count * sizeof *values), count = i = object->count;
    }
  }
  return value_object(arena, names, values, count);
}

static DcCode wrap_apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  const Wrap *wrap = (const Wrap *)self;
  Arena *arena = &worker->scratch;
  const Vector **vectors = arena_alloc(arena, (wrap->count + 1) * sizeof *vectors);
  int *numbers = arena_alloc(arena, (wrap->count + 1) * sizeof *numbers);
  Value *values;
  put_values(worker, view, &columns[0], &values);
  for (size_t c = 0; c < wrap->count; c++) numbers[c] = (int)c;
  view_fetch(worker, view, numbers, wrap->count);
  for (size_t c = 0; c < wrap->count; c++) vectors[c] = view_column(worker, view, (uint32_t)c);
  for (uint32_t i = 0; i < view->n; i++) {
    Value *row = arena_raw(arena, (wrap->count + 1) * sizeof *row);
    for (size_t c = 0; c < wrap->count; c++) row[c] = vector_value(vectors[c], i);
    values[i] = wrap->spreads ? spread(wrap, arena, row) : value_object(arena, wrap->names, row, wrap->count);
  }
  return DC_OK;
}

Dataset *structured_wrap(Dataset *in, const Str *names, size_t count, const Str *attributes, size_t attribute_count) {
  Dataset *node = reshape_node(in);
  Wrap *wrap = reshape_new(node, sizeof *wrap, 1, (Position){0});
  Str *copy = arena_alloc(&node->arena, (count + 1) * sizeof *copy);
  for (size_t i = 0; i < count; i++) {
    if (names[i].data) copy[i] = arena_str(&node->arena, names[i]);
    else wrap->spreads = true;
  }
  wrap->reshape.apply = wrap_apply;
  wrap->names = copy;
  wrap->count = count;
  node_structured(node, attributes, attribute_count);
  return node;
}

/* --- Fewer names --- */

typedef struct Keep {
  Reshape reshape;
  const Str *names;
  size_t count;
} Keep;

static Value keep_names(const Keep *keep, Arena *arena, Value value) {
  if (value.type != TYPE_OBJECT) return value;
  Str *names = arena_raw(arena, (keep->count + 1) * sizeof *names);
  Value *values = arena_raw(arena, (keep->count + 1) * sizeof *values);
  size_t n = 0;
  for (size_t i = 0; i < keep->count; i++) {
    size_t at = object_find(value.as.object, keep->names[i]);
    if (at == value.as.object->count) continue;
    names[n] = keep->names[i];
    values[n++] = value.as.object->values[at];
  }
  Value made = value_object(arena, names, values, n);
  if (n == 1 && value.as.object->count == 1) made.flags = value.flags;
  return made;
}

static DcCode keep_apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  const Vector *vector = view_column(worker, view, 0);
  Value *values;
  put_values(worker, view, &columns[0], &values);
  for (uint32_t i = 0; i < view->n; i++) values[i] = keep_names((const Keep *)self, &worker->scratch, vector_value(vector, i));
  return DC_OK;
}

Dataset *structured_keep(Dataset *in, const Str *names, size_t count) {
  Dataset *node = reshape_node(in);
  Keep *keep = reshape_new(node, sizeof *keep, 1, (Position){0});
  keep->reshape.apply = keep_apply;
  node_structured(node, names, count);
  keep->names = node->schema.attributes;
  keep->count = count;
  return node;
}

/* --- JSON --- */

static bool is_blank(Str text) {
  for (size_t i = 0; i < text.len; i++)
    if (!memchr(" \t\r\n", text.data[i], 4)) return false;
  return true;
}

DcCode structured_bad_json(const Reshape *self, Worker *worker, View *view, uint32_t i, Str text, Str why) {
  DcError err = {0};
  enum { SHOWN = 60 };
  const char *line_end = memchr(text.data, '\n', text.len);
  size_t len = line_end ? (size_t)(line_end - text.data) : text.len;
  bool more = line_end || len > SHOWN;
  dc_fail(&err, "cannot read '%.*s%s' as JSON", (int)(len < SHOWN ? len : SHOWN), text.data, more ? "…" : "");
  dc_hint(&err, "%.*s", STR_ARG(why));
  dc_position(&err, self->pos);
  DcCode code = view_bad_row(worker, NULL, view, i, &err);
  if (code != DC_OK) worker->err = err;
  return code;
}

static DcCode read_apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  Arena *arena = &worker->scratch;
  const Vector *vector = view_column(worker, view, 0);
  Value *values;
  put_values(worker, view, &columns[0], &values);
  for (uint32_t i = 0; i < view->n; i++) {
    Value value = vector_value(vector, i);
    Str why = {0}, text = value.type == TYPE_OBJECT || value_is_null(value) ? (Str){0} : value_to_str(arena, value);
    if (value.type == TYPE_OBJECT) {
      values[i] = value;
      values[i].flags &= (uint8_t)~VALUE_RECORD;
    } else if (is_blank(text)) {
      if (!view->bad) view->bad = arena_alloc(arena, view->n);
      view->bad[i] = 1;
    } else if (json_read(arena, text, &values[i], &why)) {
      values[i] = json_wrap(arena, values[i]);
    } else {
      values[i] = value_null();
      DC_TRY(structured_bad_json(self, worker, view, i, text, why));
    }
  }
  return DC_OK;
}

Dataset *structured_read(Dataset *in, Position pos, const Str *attributes, size_t count) {
  Dataset *node = reshape_node(in);
  Reshape *reshape = reshape_new(node, sizeof *reshape, 1, pos);
  reshape->apply = read_apply;
  node_structured(node, attributes, count);
  return node;
}

static DcCode print_apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  const Vector *vector = view_column(worker, view, 0);
  Value *values;
  (void)self;
  put_values(worker, view, &columns[0], &values);
  for (uint32_t i = 0; i < view->n; i++) {
    Value value = vector_value(vector, i);
    values[i] = value_is_null(value) ? value : value_str(value_to_str(&worker->scratch, value));
  }
  return DC_OK;
}

Dataset *structured_print(Dataset *in) {
  Dataset *node = reshape_node(in);
  Reshape *reshape = reshape_new(node, sizeof *reshape, 1, (Position){0});
  reshape->apply = print_apply;
  node_schema(node, DS_PLAIN_TEXT, &value_name, 1);
  return node;
}

/* --- Templates --- */

typedef struct Fill {
  Reshape reshape;
  const JsonTemplate *set;
} Fill;

static DcCode fill_apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  const Fill *fill = (const Fill *)self;
  Arena *arena = &worker->scratch;
  const uint8_t *used = json_template_columns(fill->set);
  int *numbers = arena_alloc(arena, (view->column_count + 1) * sizeof *numbers);
  Value *values, *row = arena_alloc(arena, (view->column_count + 1) * sizeof *row);
  size_t count = 0;
  put_values(worker, view, &columns[0], &values);
  for (uint32_t c = 0; c < view->column_count; c++)
    if (used[c]) numbers[count++] = (int)c;
  view_fetch(worker, view, numbers, count);
  for (uint32_t i = 0; i < view->n; i++) {
    DcError err = {0};
    for (size_t k = 0; k < count; k++) row[numbers[k]] = vector_value(view_column(worker, view, (uint32_t)numbers[k]), i);
    if (json_template_fill(fill->set, arena, row, &values[i], &err) == DC_OK) continue;
    values[i] = value_null();
    dc_position(&err, self->pos);
    if (view_bad_row(worker, NULL, view, i, &err) != DC_OK) {
      worker->err = err;
      return err.code;
    }
  }
  return DC_OK;
}

DcCode structured_fill(Dataset *in, Str text, Position pos, const Str *attributes, size_t count, Dataset **out, DcError *err) {
  Dataset *node = reshape_node(dataset_ref(in)); /* until nothing can fail */
  Fill *fill = reshape_new(node, sizeof *fill, 1, pos);
  fill->reshape.apply = fill_apply;
  DcCode code = json_template_compile(in->engine, &node->arena, text, &in->schema, pos, &fill->set, err);
  if (code != DC_OK) {
    dataset_unref(node);
    return code;
  }
  if (!count) attributes = json_template_names(fill->set, &node->arena, &count);
  node_structured(node, attributes, count);
  dataset_unref(in);
  *out = node;
  return DC_OK;
}

/* --- Objects to columns --- */

Dataset *structured_columns(Dataset *in, const Str *names, const Str *paths, size_t count) {
  Dataset *node = reshape_node(in);
  Arena *arena = &node->op.program->arena;
  node->op.items = arena_alloc(&node->arena, (count + 1) * sizeof *node->op.items);
  node->op.item_count = count;
  for (size_t i = 0; i < count; i++) {
    Expr *place = arena_alloc(arena, sizeof *place);
    place->kind = EXPR_ATTR;
    place->name.text = arena_str(arena, paths[i]);
    place->steps = path_compile(arena, paths[i]);
    node->op.items[i] = (ProjectItem){-1, place};
  }
  node_schema(node, DS_COLUMNAR, names, count);
  return node;
}
