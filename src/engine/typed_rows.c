/* typed_rows.c - the rows of one unit as batches of the node's columns.
 *
 * The module gives record batches as it likes; they are cut and put together so that every batch but the last has exactly
 * as many rows as were asked for: the numbers of morsels are known before anything is read.
 */
#include <stdio.h>

#include "engine/typed_format.h"

struct TypedRows {
  const Dataset *node;
  TypedInput *input;
  Arena arena;
  struct ArrowSchema schema;   /* of what the stream gives: only the columns that were asked for */
  struct ArrowSchema parent;   /* STRUCTURED: a struct with that as its only field */
  struct ArrowSchema *child;
  int *fields;                 /* of the stream's columns, for the node's; -1: absent */
  uint32_t count;
  struct ArrowArrayStream stream;
  struct ArrowArray array;     /* the rest of it, from `at` on, is still to be given */
  int64_t at;
};

TableError typed_stream_error(struct ArrowArrayStream *stream) {
  TableError error = {0};
  const char *text = stream->get_last_error ? stream->get_last_error(stream) : NULL;
  const char *hint = text ? strchr(text, '\n') : NULL; /* a second line is the way out */
  if (text) snprintf(error.text, sizeof error.text, "%.*s", hint ? (int)(hint - text) : (int)sizeof error.text - 1, text);
  if (hint) snprintf(error.hint, sizeof error.hint, "%s", hint + 1);
  return error;
}

static DcCode stream_failed(TypedRows *rows, DcError *err) {
  TableError error = typed_stream_error(&rows->stream);
  return typed_input_failed(rows->input, &error, err);
}

/* The rows are objects (to which folders may add members). */
static bool gives_objects(const TypedRows *rows) { return ((const TypedOptions *)rows->node->load->file.own)->structured; }

/* Which fields of the file are wanted; their places among those that the stream gives. */
static uint8_t *mark_fields(TypedRows *rows, const int *fields, uint32_t count, const uint8_t *needed) {
  const struct ArrowSchema *schema = typed_input_schema(rows->input);
  bool objects = gives_objects(rows);
  uint8_t *marks = arena_alloc(&rows->arena, (size_t)schema->n_children + 1);
  for (uint32_t i = 0; i < count; i++)
    if (objects || !needed || needed[i]) marks[fields[i]] = 1;
  int *places = arena_alloc(&rows->arena, ((size_t)schema->n_children + 1) * sizeof *places), place = 0;
  for (int64_t f = 0; f < schema->n_children; f++) places[f] = marks[f] ? place++ : -1;
  rows->fields = arena_alloc(&rows->arena, ((size_t)count + 1) * sizeof *rows->fields);
  for (uint32_t i = 0; i < count; i++) rows->fields[i] = objects ? 0 : places[fields[i]];
  rows->count = objects ? 1 : count;
  return marks;
}

DcCode typed_rows_open(const Dataset *node, TypedInput *input, uint32_t unit, const uint8_t *needed, TypedRows **out, DcError *err) {
  enum { MOST_ROWS = 64 << 10 };
  TypedRows *rows = dc_alloc(sizeof *rows);
  const TableModule *module = typed_input_module(input);
  int *fields;
  uint32_t count;
  TableError error = {0};
  rows->node = node;
  rows->input = input;
  DcCode code = typed_fields(node, input, &rows->arena, &fields, &count, err);
  if (code == DC_OK && module->read(typed_input_file(input), unit, mark_fields(rows, fields, count, needed), MOST_ROWS, &rows->stream, &error) != 0)
    code = typed_input_failed(input, &error, err);
  if (code == DC_OK && rows->stream.get_schema(&rows->stream, &rows->schema) != 0) code = stream_failed(rows, err);
  rows->child = &rows->schema;
  rows->parent = (struct ArrowSchema){.format = "+s", .name = "", .n_children = 1, .children = &rows->child};
  if (code == DC_OK) *out = rows;
  else typed_rows_close(rows);
  return code;
}

void typed_rows_close(TypedRows *rows) {
  if (!rows) return;
  if (rows->array.release) rows->array.release(&rows->array);
  if (rows->schema.release) rows->schema.release(&rows->schema);
  if (rows->stream.release) rows->stream.release(&rows->stream);
  arena_free(&rows->arena);
  dc_free(rows);
}

/* The next record batch that has rows; none is left: rows->array.release stays NULL. */
static DcCode fetch(TypedRows *rows, DcError *err) {
  while (!rows->array.release) {
    if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    if (rows->stream.get_next(&rows->stream, &rows->array) != 0) return stream_failed(rows, err);
    rows->at = 0;
    if (!rows->array.release || rows->array.length > 0) break;
    rows->array.release(&rows->array);
    rows->array.release = NULL;
  }
  return DC_OK;
}

DcCode typed_imported(const char *path, DcCode code, const DcError *inner, DcError *err) {
  if (code == DC_OK) return DC_OK;
  if (code != DC_FAIL) {
    *err = *inner;
    return code;
  }
  dc_fail(err, "%s: %s", path, inner->message);
  if (inner->hint[0]) dc_hint(err, "%s", inner->hint);
  return err->code;
}

static DcCode import(TypedRows *rows, int64_t count, uint64_t origin, Batch **out, DcError *err) {
  Budget *budget = rows->node->engine->budget;
  struct ArrowArray slice = rows->array;
  DcError inner = {0};
  slice.offset += rows->at;
  slice.length = count;
  slice.null_count = -1;
  DcCode code;
  if (gives_objects(rows)) {
    struct ArrowArray *child = &slice;
    const void *no_validity = NULL;
    struct ArrowArray parent = {.length = count, .n_buffers = 1, .buffers = &no_validity, .n_children = 1, .children = &child};
    code = arrow_import(budget, &rows->parent, &parent, rows->fields, rows->count, origin, out, &inner);
  } else {
    code = arrow_import(budget, &rows->schema, &slice, rows->fields, rows->count, origin, out, &inner);
  }
  return typed_imported(typed_input_path(rows->input), code, &inner, err);
}

static void pass_over(TypedRows *rows, int64_t count) {
  rows->at += count;
  if (rows->at < rows->array.length) return;
  rows->array.release(&rows->array);
  rows->array.release = NULL;
}

DcCode typed_rows_next(TypedRows *rows, uint32_t want, uint64_t origin, Batch **out, DcError *err) {
  BatchSlice *slices = NULL;
  size_t count = 0, cap = 0;
  uint32_t got = 0;
  DcCode code = DC_OK;
  while (got < want && code == DC_OK) {
    code = fetch(rows, err);
    if (code != DC_OK || !rows->array.release) break;
    int64_t left = rows->array.length - rows->at, n = left < want - got ? left : want - got;
    Batch *batch = NULL;
    code = import(rows, n, origin + got, &batch, err);
    if (code != DC_OK) break;
    VEC_GROW(slices, count, cap);
    slices[count++] = (BatchSlice){batch, 0, (uint32_t)n};
    got += (uint32_t)n;
    pass_over(rows, n);
  }
  if (code == DC_OK && count == 1) *out = batch_ref(slices[0].batch);
  else if (code == DC_OK && count) code = batch_concat(rows->node->engine->budget, slices, count, GATHER_ORIGINS, out, err);
  for (size_t i = 0; i < count; i++) batch_unref(slices[i].batch);
  dc_free(slices);
  return code;
}
