/* view.c - fetching columns of views, filtering them, keys, and bad records. */
#include "engine/view.h"

#include "engine/bad.h"
#include "engine/engine.h"
#include "io/text_scan.h"

Value vector_value(const Vector *vector, uint32_t i) {
  if (vector->constant) i = 0;
  if (vector->kind == VEC_NULL || (vector->kind != VEC_ANY && vector->nulls && vector->nulls[i])) return value_null();
  switch (vector->kind) {
    case VEC_NULL: break;
    case VEC_BOOL: return value_bool(vector->as.bools[i] != 0);
    case VEC_INT: return value_int(vector->as.ints[i]);
    case VEC_DOUBLE: return value_double(vector->as.doubles[i]);
    case VEC_STR: return value_str(vector->as.strs[i]);
    case VEC_ANY: return vector->as.values[i];
  }
  return value_null();
}

void view_of_batch(Worker *worker, View *view, const Batch *batch, uint32_t first, uint32_t n, uint32_t column_count) {
  *view = (View){.batch = batch, .first = first, .n = n, .column_count = column_count, .whole = true};
  view->columns = arena_alloc(&worker->scratch, (column_count + 1) * sizeof *view->columns);
  for (uint32_t i = 0; i < column_count; i++) view->columns[i].batch_column = (int)i;
}

/* --- Fetching --- */

enum { MAX_FETCH = 64 };

/* Text that stands for NULL, and fields that a short row does not have. */
static const uint8_t *find_nulls(Worker *worker, const TextFormat *format, const Str *fields, const uint8_t *quoted, uint32_t n) {
  uint8_t *nulls = NULL;
  bool with_text = format->null_text.data != NULL;
  for (uint32_t i = 0; i < n; i++) {
    bool null = !fields[i].data || (with_text && str_eq(fields[i], format->null_text) && !quoted[i]);
    if (null && !nulls) nulls = arena_alloc(&worker->scratch, n);
    if (null) nulls[i] = 1;
  }
  return nulls;
}

typedef struct Wanted {
  int field;
  uint32_t column;
} Wanted;

static void fetch_text(Worker *worker, View *view, Wanted *wanted, size_t count) {
  const Batch *batch = view->batch;
  const TextFormat *format = batch->format;
  for (size_t i = 1; i < count; i++) /* ascending fields; few */
    for (size_t k = i; k > 0 && wanted[k].field < wanted[k - 1].field; k--) {
      Wanted swap = wanted[k];
      wanted[k] = wanted[k - 1];
      wanted[k - 1] = swap;
    }
  int fields[MAX_FETCH];
  Str *out[MAX_FETCH];
  uint8_t *quoted[MAX_FETCH];
  for (size_t i = 0; i < count; i++) {
    fields[i] = wanted[i].field;
    out[i] = arena_raw(&worker->scratch, view->n * sizeof(Str));
    quoted[i] = format->null_text.data ? arena_alloc(&worker->scratch, view->n) : NULL;
  }
  text_fields(batch->text, view->rows ? batch->offsets : batch->offsets + view->first, view->rows, view->n, &format->dialect,
              batch->flags, fields, count, out, format->null_text.data ? quoted : NULL, &worker->scratch);
  bool may_be_null = format->null_text.data || (batch->flags & ROWS_RAGGED);
  for (size_t i = 0; i < count; i++) {
    Vector *vector = arena_alloc(&worker->scratch, sizeof *vector);
    vector->kind = VEC_STR;
    vector->as.strs = out[i];
    if (may_be_null) vector->nulls = find_nulls(worker, format, out[i], quoted[i], view->n);
    view->columns[wanted[i].column].vector = vector;
  }
}

static const uint8_t *fetch_validity(Worker *worker, const View *view, const Column *column) {
  if (!column->validity) return NULL;
  uint8_t *nulls = arena_raw(&worker->scratch, view->n + 1);
  for (uint32_t i = 0; i < view->n; i++) nulls[i] = !column_valid(column, view_row(view, i));
  return nulls;
}

static void fetch_typed(Worker *worker, const View *view, const Column *column, Vector *vector) {
  Arena *arena = &worker->scratch;
  uint32_t n = view->n;
  vector->nulls = fetch_validity(worker, view, column);
  if (column->kind == COLUMN_BOOL) {
    uint8_t *out = arena_raw(arena, n + 1);
    for (uint32_t i = 0; i < n; i++) out[i] = ((const uint8_t *)column->values)[view_row(view, i)];
    vector->kind = VEC_BOOL;
    vector->as.bools = out;
    return;
  }
  char *out = arena_raw(arena, n * sizeof(int64_t) + 8);
  for (uint32_t i = 0; i < n; i++) memcpy(out + (size_t)i * 8, (const char *)column->values + (size_t)view_row(view, i) * 8, 8);
  vector->kind = column->kind == COLUMN_INT ? VEC_INT : VEC_DOUBLE;
  if (column->kind == COLUMN_INT) vector->as.ints = (const int64_t *)(const void *)out;
  else vector->as.doubles = (const double *)(const void *)out;
}

static const Vector *fetch_column(Worker *worker, const View *view, const Column *column) {
  Vector *vector = arena_alloc(&worker->scratch, sizeof *vector);
  uint32_t n = view->n;
  if (column->kind == COLUMN_STRING) {
    Str *out = arena_raw(&worker->scratch, n * sizeof *out + 16);
    for (uint32_t i = 0; i < n; i++) {
      uint32_t row = view_row(view, i), start = column->offsets[row];
      out[i] = str_make((const char *)column->values + start, column->offsets[row + 1] - start);
    }
    vector->kind = VEC_STR;
    vector->nulls = fetch_validity(worker, view, column);
    vector->as.strs = out;
  } else if (column->kind == COLUMN_FLAT && !view->rows) {
    vector->kind = VEC_ANY;
    vector->as.values = (const Value *)column->values + view->first;
  } else if (column->kind == COLUMN_VALUE || column->kind == COLUMN_FLAT || column->kind == COLUMN_ABSENT) {
    Value *out = arena_raw(&worker->scratch, n * sizeof *out + 16);
    for (uint32_t i = 0; i < n; i++) out[i] = column_value(column, view_row(view, i), &worker->scratch);
    vector->kind = VEC_ANY;
    vector->as.values = out;
  } else {
    fetch_typed(worker, view, column, vector);
  }
  return vector;
}

void view_fetch(Worker *worker, View *view, const int *columns, size_t count) {
  Wanted wanted[MAX_FETCH];
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    ViewColumn *column = &view->columns[columns[i]];
    if (!column->vector && column->gather) {
      Vector *vector = arena_alloc(&worker->scratch, sizeof *vector);
      column->gather->fetch(worker, column->gather, column->gather_column, view->n, vector);
      column->vector = vector;
    }
    if (column->vector || column->batch_column < 0) continue;
    if (view->batch->layout == BATCH_COLUMNS) {
      column->vector = fetch_column(worker, view, &view->batch->columns[column->batch_column]);
      continue;
    }
    if (n == MAX_FETCH) {
      fetch_text(worker, view, wanted, n);
      n = 0;
    }
    bool twice = false;
    for (size_t k = 0; k < n; k++) twice = twice || wanted[k].column == (uint32_t)columns[i];
    if (!twice) wanted[n++] = (Wanted){view->batch->format->column_field[column->batch_column], (uint32_t)columns[i]};
  }
  if (n) fetch_text(worker, view, wanted, n);
}

void view_fetch_for(Worker *worker, View *view, const Expr *const *exprs, size_t count) {
  if (view->schema && view->schema->type == DS_STRUCTURED) return; /* paths look into what is encoded */
  uint8_t *used = arena_alloc(&worker->scratch, view->column_count + 1);
  int *columns = arena_alloc(&worker->scratch, (view->column_count + 1) * sizeof *columns);
  size_t n = 0;
  for (size_t i = 0; i < count; i++) program_columns(exprs[i], used);
  for (uint32_t c = 0; c < view->column_count; c++)
    if (used[c]) columns[n++] = (int)c;
  view_fetch(worker, view, columns, n);
}

const Vector *view_column(Worker *worker, View *view, uint32_t column) {
  if (!view->columns[column].vector) {
    int number = (int)column;
    view_fetch(worker, view, &number, 1);
  }
  return view->columns[column].vector;
}

/* --- Filtering --- */

static void *compact(Arena *arena, const void *data, size_t width, const uint32_t *picked, uint32_t n) {
  char *out = arena_raw(arena, n * width + 16);
  for (uint32_t i = 0; i < n; i++) memcpy(out + i * width, (const char *)data + picked[i] * width, width);
  return out;
}

static size_t vector_width(VectorKind kind) {
  switch (kind) {
    case VEC_NULL: return 0;
    case VEC_BOOL: return 1;
    case VEC_INT:
    case VEC_DOUBLE: return 8;
    case VEC_STR: return sizeof(Str);
    case VEC_ANY: return sizeof(Value);
  }
  return 0;
}

static const Vector *vector_pick(Arena *arena, const Vector *vector, const uint32_t *picked, uint32_t n) {
  if (!vector || vector->constant || vector->kind == VEC_NULL) return vector;
  Vector *made = arena_alloc(arena, sizeof *made);
  *made = *vector;
  if (vector->nulls) made->nulls = compact(arena, vector->nulls, 1, picked, n);
  made->as.values = compact(arena, vector->as.values, vector_width(vector->kind), picked, n);
  return made;
}

static const Gather *gather_pick(Arena *arena, const Gather *gather, const uint32_t *picked, uint32_t n) {
  Gather *made = arena_alloc(arena, sizeof *made);
  *made = *gather;
  made->refs = compact(arena, gather->refs, sizeof *gather->refs, picked, n);
  return made;
}

static void pick_columns(Arena *arena, View *view, const uint32_t *picked, uint32_t n) {
  const Gather *from = NULL, *to = NULL; /* columns of one join lie side by side */
  for (uint32_t c = 0; c < view->column_count; c++) {
    ViewColumn *column = &view->columns[c];
    column->vector = vector_pick(arena, column->vector, picked, n);
    if (!column->gather) continue;
    if (column->gather != from) to = gather_pick(arena, column->gather, picked, n);
    from = column->gather;
    column->gather = to;
  }
}

void view_pick(Worker *worker, View *view, const uint32_t *picked, uint32_t n) {
  Arena *arena = &worker->scratch;
  uint32_t *rows = arena_raw(arena, (n + 1) * sizeof *rows);
  for (uint32_t i = 0; i < n; i++) rows[i] = view_row(view, picked[i]);
  if (view->before) {
    View *before = (View *)(void *)arena_copy(arena, view->before, sizeof *before);
    before->columns = (ViewColumn *)(void *)arena_copy(arena, before->columns, before->column_count * sizeof *before->columns);
    view_pick(worker, before, picked, n);
    view->before = before;
  }
  pick_columns(arena, view, picked, n);
  view->key = vector_pick(arena, view->key, picked, n);
  if (view->bad) view->bad = compact(arena, view->bad, 1, picked, n);
  view->rows = rows;
  view->n = n;
}

void view_filter(Worker *worker, View *view, const uint8_t *keep) {
  uint32_t *picked = arena_raw(&worker->scratch, (view->n + 1) * sizeof *picked), n = 0;
  for (uint32_t i = 0; i < view->n; i++) {
    picked[n] = i;
    n += keep[i] != 0;
  }
  if (n < view->n) view_pick(worker, view, picked, n);
}

/* --- Keys --- */

/* The default key: catalogue.md § 3. PlainText: 31 * h + byte (signed) from 1; else the sum over attributes of
   hash(name) xor hash(value). */
static Value default_key(Worker *worker, View *view, uint32_t i) {
  const Batch *batch = view->batch;
  if (batch->layout == BATCH_TEXT && batch->format->dialect.plain && (!view->schema || view->schema->type == DS_PLAIN_TEXT)) {
    uint32_t row = view_row(view, i), hash = 1;
    size_t len = text_row_trim(batch->text + batch->offsets[row], batch->offsets[row + 1] - batch->offsets[row]);
    for (size_t k = 0; k < len; k++) {
      int byte = (signed char)batch->text[batch->offsets[row] + k];
      hash = hash * 31u + (uint32_t)byte;
    }
    return value_int((int32_t)hash);
  }
  if (view->schema && view->schema->type == DS_PLAIN_TEXT) {
    Value text = value_str(value_to_str(&worker->scratch, vector_value(view_column(worker, view, 0), i)));
    text.type = TYPE_BINARY;
    return value_int(value_hashcode(text));
  }
  if (view->schema && view->schema->type == DS_STRUCTURED) return value_int(value_hashcode(vector_value(view_column(worker, view, 0), i)));
  uint32_t hash = 0;
  for (uint32_t c = 0; c < view->column_count; c++)
    hash += (uint32_t)value_hashcode(view->schema ? value_str(view->schema->names[c]) : value_null()) ^
            (uint32_t)value_hashcode(vector_value(view_column(worker, view, c), i));
  return value_int((int32_t)hash);
}

/* A default key with the bits that tell records with equal hashes apart; the order of attributes does not matter. */
static Value full_key(Worker *worker, View *view, uint32_t i) {
  Value key = default_key(worker, view, i);
  uint64_t bits = 0;
  for (uint32_t c = 0; c < view->column_count; c++) {
    uint64_t name = view->schema ? value_hash64(value_str(view->schema->names[c])) : 0;
    bits += (name ^ value_hash64(vector_value(view_column(worker, view, c), i)) * 0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93;
  }
  uint16_t high = (uint16_t)(bits >> 32);
  key.flags |= VALUE_DEFAULT_KEY;
  key.len = (uint32_t)bits;
  memcpy(&key.offset_minutes, &high, sizeof high);
  return key;
}

Value view_object(Worker *worker, View *view, uint32_t i) {
  const Schema *schema = view->schema;
  if (!schema || schema->type == DS_PLAIN_TEXT || schema->type == DS_STRUCTURED) return vector_value(view_column(worker, view, 0), i);
  int *all = arena_raw(&worker->scratch, (view->column_count + 1) * sizeof *all);
  Value *values = arena_raw(&worker->scratch, (view->column_count + 1) * sizeof *values);
  for (uint32_t c = 0; c < view->column_count; c++) all[c] = (int)c;
  view_fetch(worker, view, all, view->column_count);
  for (uint32_t c = 0; c < view->column_count; c++) values[c] = vector_value(view_column(worker, view, c), i);
  Value object = value_object(&worker->scratch, schema->names, values, view->column_count);
  object.flags = VALUE_RECORD;
  return object;
}

Value view_key(Worker *worker, View *view, uint32_t i) {
  if (view->key_source == KEY_VECTOR) return vector_value(view->key, i);
  if (view->before && !view->batch->key) return full_key(worker, view->before, i);
  if (view->batch->key) return column_value(view->batch->key, view_row(view, i), &worker->scratch);
  return full_key(worker, view, i);
}

const Vector *view_keys(Worker *worker, View *view) {
  if (view->key_source == KEY_VECTOR) return view->key;
  if (view->before && !view->batch->key) return view_keys(worker, view->before);
  if (view->batch->key) return fetch_column(worker, view, view->batch->key);
  int *all = arena_raw(&worker->scratch, (view->column_count + 1) * sizeof *all);
  for (uint32_t c = 0; c < view->column_count; c++) all[c] = (int)c;
  view_fetch(worker, view, all, view->column_count);
  Value *keys = arena_raw(&worker->scratch, (view->n + 1) * sizeof *keys);
  Vector *vector = arena_alloc(&worker->scratch, sizeof *vector);
  for (uint32_t i = 0; i < view->n; i++) keys[i] = full_key(worker, view, i);
  *vector = (Vector){.kind = VEC_ANY, .as.values = keys};
  return vector;
}

/* --- Bad records --- */

static const Expr *first_attribute(const Expr *expr) {
  if (!expr || (expr->kind == EXPR_ATTR && expr->column >= 0)) return expr;
  for (size_t i = 0; i < expr->count; i++) {
    const Expr *found = first_attribute(expr->items[i]);
    if (found && found->kind == EXPR_ATTR) return found;
  }
  return NULL;
}

DcCode view_bad_row(Worker *worker, const Expr *expr, View *view, uint32_t i, DcError *err) {
  if (err->code != DC_FAIL) return err->code;
  Engine *engine = worker->engine;
  const Batch *batch = view->batch;
  uint32_t row = view_row(view, i);
  Str text = {0};
  if (batch->layout == BATCH_TEXT) text = str_make(batch->text + batch->offsets[row], batch->offsets[row + 1] - batch->offsets[row]);
  const Expr *attribute = first_attribute(expr);
  DC_TRY(bad_record(engine, view_origin(view, i), text, attribute ? attribute->name.text : (Str){0}, err));
  if (engine->options.bad_records != BAD_NULL) {
    if (!view->bad) view->bad = arena_alloc(&worker->scratch, view->n);
    view->bad[i] = 1;
  }
  return DC_OK;
}
