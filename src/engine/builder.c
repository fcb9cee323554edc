/* builder.c - rows of a morsel put together as a new batch. */
#include "engine/pass.h"

void builder_start(Builder *builder) {
  builder->started = false;
  builder->whole = true;
  builder->n = 0;
  builder->has_key = false;
  column_builder_reset(&builder->key);
  for (uint32_t c = 0; c < builder->column_count; c++) column_builder_reset(&builder->columns[c]);
}

static void reserve(Builder *builder, uint32_t more) {
  if (builder->n + more <= builder->cap) return;
  builder->cap = (builder->n + more) * 2;
  builder->rows = dc_realloc(builder->rows, builder->cap * sizeof *builder->rows);
  builder->parts = dc_realloc(builder->parts, builder->cap * sizeof *builder->parts);
  builder->origins = dc_realloc(builder->origins, builder->cap * sizeof *builder->origins);
}

static void add_vector(ColumnBuilder *column, const Vector *vector, uint32_t n) {
  if (vector->kind == VEC_INT && !vector->constant) column_builder_add_ints(column, vector->as.ints, vector->nulls, n);
  else if (vector->kind == VEC_DOUBLE && !vector->constant) column_builder_add_doubles(column, vector->as.doubles, vector->nulls, n);
  else if (vector->kind == VEC_STR && !vector->constant) column_builder_add_strs(column, vector->as.strs, vector->nulls, n);
  else
    for (uint32_t i = 0; i < n; i++) column_builder_add(column, vector_value(vector, i));
}

static void set_columns(Builder *builder, uint32_t count) {
  if (count > builder->column_count) {
    builder->columns = dc_realloc(builder->columns, count * sizeof *builder->columns);
    for (uint32_t c = builder->column_count; c < count; c++) column_builder_init(&builder->columns[c]);
    builder->column_count = count;
  }
}

static void add_key(Builder *builder, Worker *worker, View *view) {
  bool given = view->key_source == KEY_VECTOR;
  if (builder->drop_key) return;
  if (!builder->started) builder->has_key = given || (!view->whole && view->batch->key);
  if (!builder->has_key) return;
  if (given) {
    add_vector(&builder->key, view->key, view->n);
    return;
  }
  for (uint32_t i = 0; i < view->n; i++) column_builder_add(&builder->key, view_key(worker, view, i));
}

void builder_add(Builder *builder, Worker *worker, View *view) {
  reserve(builder, view->n);
  add_key(builder, worker, view);
  if (!builder->started) builder->whole = view->whole;
  builder->started = true;
  for (uint32_t i = 0; i < view->n; i++) builder->rows[builder->n + i] = view_row(view, i);
  if (!builder->whole) {
    set_columns(builder, view->column_count);
    for (uint32_t i = 0; i < view->n; i++) builder->origins[builder->n + i] = view_origin(view, i);
    for (uint32_t c = 0; c < view->column_count; c++) add_vector(&builder->columns[c], view_column(worker, view, c), view->n);
  }
  builder->n += view->n;
}

static DcCode finish_whole(Builder *builder, Engine *engine, const Batch *source, const uint32_t *order, uint32_t n, int what, Batch **out, DcError *err) {
  Arena arena = {0};
  uint32_t *rows = builder->rows;
  uint32_t *positions = NULL;
  Column key = {0};
  if (order) {
    rows = arena_raw(&arena, (n + 1) * sizeof *rows);
    for (uint32_t i = 0; i < n; i++) rows[i] = builder->rows[order[i]];
  }
  if (builder->has_key && (what & GATHER_KEY)) {
    key = column_builder_view(&builder->key, &arena);
    positions = arena_raw(&arena, (n + 1) * sizeof *positions);
    for (uint32_t i = 0; i < n; i++) positions[i] = order ? order[i] : i;
  }
  DcCode code = batch_take(engine->budget, source, rows, positions ? &key : NULL, positions, n, what, out, err);
  arena_free(&arena);
  return code;
}

DcCode builder_finish(Builder *builder, Engine *engine, const Batch *source, const uint32_t *order, int what, Batch **out, DcError *err) {
  return builder_finish_some(builder, engine, source, order, builder->n, what, out, err);
}

DcCode builder_finish_some(Builder *builder, Engine *engine, const Batch *source, const uint32_t *order, uint32_t count, int what, Batch **out, DcError *err) {
  DcCode code;
  if (builder->whole) {
    code = finish_whole(builder, engine, source, order, count, what, out, err);
  } else {
    Batch *dense;
    const ColumnBuilder *key = builder->has_key && (what & GATHER_KEY) ? &builder->key : NULL;
    code = batch_from_builders(engine->budget, builder->columns, builder->column_count, key, builder->origins, 0, builder->n, &dense, err);
    if (code == DC_OK && order) {
      code = batch_take(engine->budget, dense, order, NULL, NULL, count, what, out, err);
      batch_unref(dense);
    } else if (code == DC_OK) {
      *out = dense;
    }
  }
  if (code == DC_OK) atomic_fetch_add(&engine->rows_copied, (*out)->rows);
  builder_start(builder);
  return code;
}

void builder_free(Builder *builder) {
  for (uint32_t c = 0; c < builder->column_count; c++) column_builder_free(&builder->columns[c]);
  column_builder_free(&builder->key);
  dc_free(builder->columns);
  dc_free(builder->rows);
  dc_free(builder->parts);
  dc_free(builder->origins);
  memset(builder, 0, sizeof *builder);
}
