/* message.c - records as the values of messages, for systems that hold messages: a JSON object or a line of CSV for each.
 *
 * What has a column "value" is a message already, unless @format asks for whole records.
 */
#include "base/utf8.h"
#include "engine/json_adapter.h"
#include "engine/structured.h"
#include "engine/system.h"
#include "io/text_scan.h"
#include "value/json.h"
#include "value/path.h"

typedef struct ToMessage {
  Reshape reshape;
  bool csv, objects;
  const Str *names; /* of the input's columns, as they stand in JSON: ,"name": */
  const Str *plain;
  uint32_t count;
  int key;          /* the input's column; -1: none, or a path of objects */
  const Path *path; /* NULL: none */
} ToMessage;

static const TextDialect comma = {.delimiter = ',', .quote = '"'};

/* JSON is UTF-8. */
static DcCode bad_text(const ToMessage *to, Worker *worker, View *view, uint32_t i, uint32_t column) {
  DcError err = {0};
  dc_fail(&err, "\"%.*s\" is no UTF-8 and cannot be written as JSON", STR_ARG(to->plain[column]));
  dc_hint(&err, "@encoding says what a text file is written in when it is read");
  DcCode code = view_bad_row(worker, NULL, view, i, &err);
  if (code != DC_OK) worker->err = err;
  return code;
}

static DcCode put_json(const ToMessage *to, Worker *worker, View *view, const Vector *const *vectors, uint32_t i, Buf *out) {
  buf_char(out, '{');
  for (uint32_t c = 0; c < to->count; c++) {
    Value value = vector_value(vectors[c], i);
    buf_put(out, to->names[c].data + !c, to->names[c].len - !c);
    if (value.type != TYPE_STRING) json_put_value(out, value);
    else if (value.flags & VALUE_NUMBER) buf_str(out, value_get_str(value));
    else if (utf8_is_valid(value_get_str(value))) json_put_text(out, value_get_str(value));
    else DC_TRY(bad_text(to, worker, view, i, c));
  }
  buf_char(out, '}');
  return DC_OK;
}

static void put_csv(const ToMessage *to, Worker *worker, const Vector *const *vectors, uint32_t i, Buf *out) {
  for (uint32_t c = 0; c < to->count; c++) {
    Value value = vector_value(vectors[c], i);
    if (c) buf_char(out, comma.delimiter);
    if (!value_is_null(value)) text_put_field(out, value_to_str(&worker->scratch, value), &comma, false);
  }
}

static const Vector **fetch(const ToMessage *to, Worker *worker, View *view) {
  Arena *arena = &worker->scratch;
  const Vector **vectors = arena_alloc(arena, ((size_t)to->count + 1) * sizeof *vectors);
  int *numbers = arena_alloc(arena, ((size_t)to->count + 1) * sizeof *numbers);
  for (uint32_t c = 0; c < to->count; c++) numbers[c] = (int)c;
  view_fetch(worker, view, numbers, to->count);
  for (uint32_t c = 0; c < to->count; c++) vectors[c] = view_column(worker, view, c);
  return vectors;
}

static Value key_of(const ToMessage *to, Arena *arena, const Vector *const *vectors, uint32_t i) {
  Value value = to->path ? path_value(to->path, vector_value(vectors[0], i), arena) : vector_value(vectors[to->key], i);
  return value_is_null(value) ? value : value_str(value_to_str(arena, value));
}

static DcCode apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  const ToMessage *to = (const ToMessage *)self;
  Arena *arena = &worker->scratch;
  const Vector **vectors = fetch(to, worker, view);
  Str *texts = arena_alloc(arena, ((size_t)view->n + 1) * sizeof *texts);
  Value *keys = self->column_count > 1 ? arena_alloc(arena, ((size_t)view->n + 1) * sizeof *keys) : NULL;
  DcCode code = DC_OK;
  Buf text = {0};
  for (uint32_t i = 0; i < view->n && code == DC_OK; i++) {
    text.len = 0;
    if (to->objects) json_put_value(&text, vector_value(vectors[0], i));
    else if (to->csv) put_csv(to, worker, vectors, i, &text);
    else code = put_json(to, worker, view, vectors, i, &text);
    texts[i] = arena_str(arena, str_make(text.data, text.len));
    if (keys) keys[i] = key_of(to, arena, vectors, i);
  }
  buf_free(&text);
  columns[0] = (Vector){.kind = VEC_STR, .as.strs = texts};
  if (keys) columns[1] = (Vector){.kind = VEC_ANY, .as.values = keys};
  return code;
}

/* --- The node --- */

/* A line is the value as it is. */
static Dataset *line_node(Dataset *in) {
  static const Str value = {"value", 5};
  Dataset *node = node_new(in->engine, NODE_NARROW, in);
  node->op.program = program_new(in->engine);
  node->op.items = arena_alloc(&node->arena, sizeof *node->op.items);
  node->op.item_count = 1;
  node->op.project = true;
  node_schema(node, DS_COLUMNAR, &value, 1);
  return node;
}

static DcCode record_node(const SystemOptions *options, Dataset *in, Dataset **out, DcError *err) {
  static const Str names[] = {{"value", 5}, {"key", 3}};
  const Schema *schema = &in->schema;
  bool objects = schema->type == DS_STRUCTURED;
  const char *key = options->key_count ? options->keys[0] : NULL;
  int column = key && !objects ? schema_column(schema, str_of(key)) : -1;
  if (key && !objects && column < 0) return dc_fail(err, "@key names \"%s\", which is no column of the dataset", key);
  if (objects && options->message == MESSAGE_CSV) {
    dc_fail(err, "@format = 'csv' takes columns, and this dataset is Structured");
    dc_hint(err, "structuredToColumnar makes columns of it");
    return err->code;
  }
  Dataset *node = reshape_node(dataset_ref(in));
  ToMessage *to = reshape_new(node, sizeof *to, key ? 2 : 1, (Position){0});
  to->reshape.apply = apply;
  to->csv = options->message == MESSAGE_CSV;
  to->objects = objects;
  to->key = column;
  to->path = key && objects ? path_compile(&node->arena, str_of(key)) : NULL;
  to->count = objects ? 1 : schema->count;
  if (!objects) to->names = json_member_names(&node->arena, schema);
  to->plain = in->schema.names;
  node_schema(node, DS_COLUMNAR, names, key ? 2 : 1);
  *out = node;
  return DC_OK;
}

DcCode system_messages(Copy *copy, Dataset **dataset, DcError *err) {
  const SystemOptions *options = copy->file.own;
  const Schema *schema = &(*dataset)->schema;
  Dataset *made = NULL;
  if (!options->format->messages) return DC_OK;
  if (schema->type == DS_COLUMNAR && options->message == MESSAGE_AUTO && schema_column(schema, str_of("value")) >= 0) return DC_OK;
  if (schema->type == DS_PLAIN_TEXT) made = line_node(dataset_ref(*dataset));
  else DC_TRY(record_node(options, *dataset, &made, err));
  dataset_unref(*dataset);
  *dataset = made;
  return DC_OK;
}
