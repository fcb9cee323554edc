/* typed_writer.c - outputs of typed columns: which types, converting, handing over to the module.
 *
 * A column's type is that of @types, else the one that its dataset brings along from its files, else the narrowest one
 * that holds all of its values; for that the rows are stored first.
 */
#include "engine/typed_format.h"

#include "engine/store.h"
#include "engine/system.h"

struct TypedOutput {
  Copy *copy;
  Output *output;
  const TableModule *module;
  TableSink sink;
  TableWriter *writer;
  DcError failure; /* of the sink */
};

static const TypedOptions *options_of(const Copy *copy) { return copy->file.own; }

/* --- Types --- */

/* The same type, called name, that may be NULL and has no dictionary. */
static const struct ArrowSchema *column_type(Arena *arena, const struct ArrowSchema *type, Str name) {
  return arrow_type_named(arena, arrow_type_written(arena, type), name);
}

static bool is_objects(const Layout *layout) { return layout->schema.type == DS_STRUCTURED; }

bool typed_unknown(const Layout *layout) {
  for (uint32_t c = 0; c < layout->type_count; c++)
    if (!layout->types[c]) return true;
  return !layout->types;
}

void typed_set(Copy *copy, Layout *layout, uint32_t column, const struct ArrowSchema *type) {
  layout->types[column] = column_type(&copy->arena, type, layout->schema.names[column]);
}

static DcCode check_type_names(const TypedOptions *options, const Layout *layout, DcError *err) {
  for (size_t i = 0; i < options->wanted_count; i++) {
    Str name = options->wanted[i].name;
    bool found = false;
    for (uint32_t c = 0; c < layout->type_count; c++) found = found || str_eq(name, str_of(layout->types[c]->name));
    if (found) continue;
    Speller speller = speller_start(name);
    for (uint32_t c = 0; c < layout->type_count; c++) speller_try(&speller, str_of(layout->types[c]->name));
    dc_fail_at(err, DC_FAIL, options->types_pos, "@types names \"%.*s\", which is no column", STR_ARG(name));
    Str near = speller_best(&speller);
    if (near.len) dc_hint(err, "did you mean \"%.*s\"?", STR_ARG(near));
    return err->code;
  }
  return DC_OK;
}

/* The type that @types has for a column; NULL: none. */
static const WantedType *find_wanted(const TypedOptions *options, Str name) {
  for (size_t i = 0; i < options->wanted_count; i++)
    if (str_eq(options->wanted[i].name, name)) return &options->wanted[i];
  return NULL;
}

uint8_t *typed_auto_columns(const Copy *copy, const Layout *layout) {
  const TypedOptions *options = options_of(copy);
  if (is_objects(layout) || layout->schema.type == DS_PLAIN_TEXT || !options->auto_types) return NULL;
  uint8_t *columns = dc_alloc((size_t)layout->type_count + 1);
  bool any = false;
  for (uint32_t c = 0; c < layout->type_count; c++) {
    bool given = find_wanted(options, layout->schema.names[c]) || (copy->sink && system_sink_type(copy->sink, c));
    columns[c] = !given && layout->types[c] && !strcmp(layout->types[c]->format, "u");
    any = any || columns[c];
  }
  if (any) return columns;
  dc_free(columns);
  return NULL;
}

static int discard(void *self, const void *data, uint64_t size, TableError *error) {
  (void)self;
  (void)data;
  (void)size;
  (void)error;
  return 0;
}

DcCode typed_decide(Copy *copy, Layout *layout, DcError *err) {
  const TypedOptions *options = options_of(copy);
  const TableModule *module;
  if (!layout->record) layout->record = arrow_type_record(&copy->arena, layout->types, layout->type_count);
  layout->decided = true;
  if (copy->sink) return system_sink_decide(copy, layout->record, err);
  DC_TRY(typed_module(options->format, &module, err));
  TableSink nowhere = {.write = discard};
  TableWriter *writer = NULL;
  TableError error = {0};
  if (module->create(&nowhere, layout->record, options->options, options->count, &writer, &error) != 0) {
    dc_fail_at(err, DC_FAIL, copy->adapter_pos, "%s", error.text);
    if (error.hint[0]) dc_hint(err, "%s", error.hint);
    return err->code;
  }
  module->free_writer(writer);
  return DC_OK;
}

static DcCode override_types(Copy *copy, Layout *layout, bool *all, DcError *err) {
  const TypedOptions *options = options_of(copy);
  *all = true;
  if (copy->sink) DC_TRY(system_sink_look(copy, layout, err));
  for (uint32_t c = 0; c < layout->type_count; c++) {
    Str name = is_objects(layout) ? str_of(layout->types[c]->name) : layout->schema.names[c];
    const WantedType *wanted = find_wanted(options, name);
    if (wanted && arrow_type_parse(wanted->type, &copy->arena, &layout->types[c], err) != DC_OK) return dc_position(err, options->types_pos);
    const struct ArrowSchema *own = copy->sink ? system_sink_type(copy->sink, c) : NULL; /* the table's */
    if (own) layout->types[c] = own;
    if (layout->types[c]) layout->types[c] = column_type(&copy->arena, layout->types[c], name);
    else *all = false;
  }
  return *all ? check_type_names(options, layout, err) : DC_OK;
}

static void take_members(Copy *copy, Layout *layout, const struct ArrowSchema *record) {
  layout->type_count = (uint32_t)record->n_children;
  layout->types = arena_alloc(&copy->arena, ((size_t)layout->type_count + 1) * sizeof *layout->types);
  for (uint32_t c = 0; c < layout->type_count; c++) layout->types[c] = record->children[c];
}

DcCode typed_layout(Copy *copy, Layout *layout, const Schema *schema, DcError *err) {
  static const struct ArrowSchema text = {.format = "u", .name = "", .flags = ARROW_FLAG_NULLABLE};
  bool all;
  if (is_objects(layout)) {
    if (!schema->types || !schema->types[0] || strcmp(schema->types[0]->format, "+s") != 0) return DC_OK;
    take_members(copy, layout, schema->types[0]);
  } else {
    layout->type_count = schema->count;
    layout->types = arena_alloc(&copy->arena, ((size_t)schema->count + 1) * sizeof *layout->types);
    for (uint32_t c = 0; c < schema->count; c++) layout->types[c] = schema->type == DS_PLAIN_TEXT ? &text : schema->types ? schema->types[c] : NULL;
  }
  DC_TRY(override_types(copy, layout, &all, err));
  uint8_t *texts = typed_auto_columns(copy, layout);
  if (all && !texts) layout->record = arrow_type_record(&copy->arena, layout->types, layout->type_count);
  dc_free(texts);
  return DC_OK;
}

/* --- Guessing --- */

typedef struct Guesses {
  TypeGuess **columns;
  uint32_t count;
} Guesses;

static void show_batch(const Guesses *guesses, const Batch *batch, uint32_t from, uint32_t to, Arena *arena) {
  for (uint32_t c = 0; c < guesses->count && batch->layout == BATCH_COLUMNS; c++) {
    if (!guesses->columns[c]) continue;
    if (from == 0 && to == batch->rows) {
      type_guess_column(guesses->columns[c], &batch->columns[c], batch->rows);
      continue;
    }
    for (uint32_t row = from; row < to; row++) {
      type_guess_value(guesses->columns[c], column_value(&batch->columns[c], row, arena));
      arena_reset(arena);
    }
  }
}

static DcCode show_partition(const Guesses *guesses, Store *store, uint32_t part, Arena *arena, DcError *err) {
  for (size_t r = 0; r < store->run_count; r++) {
    const Run *run = &store->runs[r];
    for (uint32_t e = part < run->partitions ? run->first[part] : 0; part < run->partitions && e < run->first[part + 1]; e++) {
      Batch *batch;
      DC_TRY(store_read(store, run, &run->extents[e], &batch, err));
      show_batch(guesses, batch, 0, batch->rows, arena);
      batch_unref(batch);
    }
  }
  for (size_t k = 0; k < store->piece_count; k++) {
    uint32_t from, to;
    piece_range(&store->pieces[k], part, &from, &to);
    show_batch(guesses, store->pieces[k].batch, from, to, arena);
  }
  return DC_OK;
}

/* Text batches hold text: a guess that was shown nothing says so. */
static void take_guesses(Copy *copy, Layout *layout, const Guesses *guesses) {
  if (is_objects(layout)) {
    const struct ArrowSchema *record = type_guess_type(guesses->columns[0], str_of(""), &copy->arena);
    if (strcmp(record->format, "+s") != 0) record = arrow_type_record(&copy->arena, &record, 1); /* values that are no objects */
    take_members(copy, layout, record);
    return;
  }
  for (uint32_t c = 0; c < layout->type_count; c++)
    if (!layout->types[c]) layout->types[c] = type_guess_type(guesses->columns[c], layout->schema.names[c], &copy->arena);
}

DcCode typed_guess(Copy *copy, Layout *layout, Dataset *stored, const uint32_t *parts, uint32_t count, DcError *err) {
  Guesses guesses = {.count = is_objects(layout) ? 1 : layout->type_count};
  guesses.columns = dc_alloc(((size_t)guesses.count + 1) * sizeof *guesses.columns);
  for (uint32_t c = 0; c < guesses.count; c++)
    if (is_objects(layout) || !layout->types[c]) guesses.columns[c] = type_guess_new();
  Arena arena = {0};
  DcCode code = DC_OK;
  for (uint32_t i = 0; i < count && code == DC_OK; i++) {
    if (engine_interrupted()) code = dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    else if (parts[i] != NO_PART) code = show_partition(&guesses, stored->store, parts[i], &arena, err);
  }
  arena_free(&arena);
  if (code == DC_OK) take_guesses(copy, layout, &guesses);
  for (uint32_t c = 0; c < guesses.count; c++) type_guess_free(guesses.columns[c]);
  dc_free(guesses.columns);
  bool all;
  return code == DC_OK ? override_types(copy, layout, &all, err) : code;
}

/* --- Blocks --- */

void typed_block_free(TypedBlock *block) {
  for (uint32_t c = 0; c < block->count; c++) column_builder_free(&block->columns[c]);
  dc_free(block->columns);
  *block = (TypedBlock){0};
}

static void block_start(TypedBlock *block, uint32_t count) {
  if (block->columns) return;
  block->columns = dc_alloc(((size_t)count + 1) * sizeof *block->columns);
  block->count = count;
  for (uint32_t c = 0; c < count; c++) column_builder_init(&block->columns[c]);
}

static bool is_natural(const Vector *vector, uint32_t n, const struct ArrowSchema *type) {
  if (vector->constant) return false;
  switch (vector->kind) {
    case VEC_NULL: return true;
    case VEC_BOOL: return arrow_natural(COLUMN_BOOL, type);
    case VEC_INT: return arrow_ints_fit(vector->as.ints, vector->nulls, n, type);
    case VEC_DOUBLE: return arrow_natural(COLUMN_DOUBLE, type);
    case VEC_STR: return arrow_natural(COLUMN_STRING, type);
    case VEC_ANY: return arrow_values_fit(vector->as.values, n, type);
  }
  return false;
}

static DcCode misfit(Worker *worker, View *view, uint32_t i, const struct ArrowSchema *type, Value value, const DcError *why) {
  DcError err = {0};
  dc_fail(&err, "column \"%s\": %s", type->name, why->message);
  if (value.type == TYPE_STRING && value.len == 0) dc_hint(&err, "@null = '' where it is loaded reads empty fields as NULL");
  else dc_hint(&err, "%s", why->hint[0] ? why->hint : "@types gives a column another type");
  DcCode code = view_bad_row(worker, NULL, view, i, &err);
  if (code != DC_OK) worker->err = err;
  return code;
}

/* Text as numbers of the type, if it is one of integers or doubles and all of the text is of it. */
static bool parse_numbers(Worker *worker, const View *view, const Vector *vector, const struct ArrowSchema *type, Vector *out) {
  bool doubles = arrow_natural(COLUMN_DOUBLE, type);
  if (vector->kind != VEC_STR || vector->constant || !(doubles || arrow_ints_fit(NULL, NULL, 0, type))) return false;
  void *words = arena_raw(&worker->scratch, ((size_t)view->n + 1) * sizeof(int64_t));
  *out = (Vector){.kind = doubles ? VEC_DOUBLE : VEC_INT, .nulls = vector->nulls};
  if (doubles) {
    out->as.doubles = words;
    return numbers_to_doubles(vector->as.strs, vector->nulls, view->n, words) == view->n;
  }
  out->as.ints = words;
  return numbers_to_ints(vector->as.strs, vector->nulls, view->n, words) == view->n && arrow_ints_fit(words, vector->nulls, view->n, type);
}

/* The column's values as ones of the type. */
static DcCode convert(Worker *worker, View *view, const Vector *vector, const struct ArrowSchema *type, Vector *out) {
  if (parse_numbers(worker, view, vector, type, out)) return DC_OK;
  Value *values = arena_raw(&worker->scratch, ((size_t)view->n + 1) * sizeof *values);
  DcError why = {0};
  for (uint32_t i = 0; i < view->n; i++) {
    Value value = vector_value(vector, i);
    if (arrow_convert(value, type, &worker->scratch, &values[i], &why) == DC_OK) continue;
    values[i] = value_null();
    DC_TRY(misfit(worker, view, i, type, value, &why));
    why = (DcError){0};
  }
  *out = (Vector){.kind = VEC_ANY, .as.values = values};
  return DC_OK;
}

static void append(ColumnBuilder *builder, const Vector *vector, const uint8_t *bad, uint32_t n) {
  if (!bad && !vector->constant && vector->kind == VEC_STR) column_builder_add_strs(builder, vector->as.strs, vector->nulls, n);
  else if (!bad && !vector->constant && vector->kind == VEC_INT) column_builder_add_ints(builder, vector->as.ints, vector->nulls, n);
  else if (!bad && !vector->constant && vector->kind == VEC_DOUBLE) column_builder_add_doubles(builder, vector->as.doubles, vector->nulls, n);
  else
    for (uint32_t i = 0; i < n; i++)
      if (!bad || !bad[i]) column_builder_add(builder, vector_value(vector, i));
}

/* One member of the view's objects. */
static const Vector *member(Worker *worker, const View *view, const Vector *objects, Str name) {
  Vector *out = arena_alloc(&worker->scratch, sizeof *out);
  Value *values = arena_raw(&worker->scratch, ((size_t)view->n + 1) * sizeof *values);
  for (uint32_t i = 0; i < view->n; i++) {
    Value value = vector_value(objects, i);
    size_t at = value.type == TYPE_OBJECT ? object_find(value.as.object, name) : 0;
    values[i] = value.type == TYPE_OBJECT && at < value.as.object->count ? value.as.object->values[at] : value_null();
  }
  *out = (Vector){.kind = VEC_ANY, .as.values = values};
  return out;
}

/* All columns at once: the rows of text are cut into fields but once. */
static void fetch_all(Worker *worker, View *view) {
  int *numbers = arena_raw(&worker->scratch, ((size_t)view->column_count + 1) * sizeof *numbers);
  for (uint32_t c = 0; c < view->column_count; c++) numbers[c] = (int)c;
  view_fetch(worker, view, numbers, view->column_count);
}

DcCode typed_encode(Copy *copy, Pen *pen, const Layout *layout, View *view, TypedBlock *block) {
  Worker *worker = &pen->worker;
  uint32_t count = layout->type_count;
  Vector *vectors = arena_alloc(&worker->scratch, ((size_t)count + 1) * sizeof *vectors);
  const Vector *objects = is_objects(layout) ? view_column(worker, view, 0) : NULL;
  (void)copy;
  block_start(block, count);
  if (!objects) fetch_all(worker, view);
  for (uint32_t c = 0; c < count; c++) {
    const struct ArrowSchema *type = layout->types[c];
    const Vector *vector = objects ? member(worker, view, objects, str_of(type->name)) : view_column(worker, view, c);
    if (is_natural(vector, view->n, type)) vectors[c] = *vector;
    else DC_TRY(convert(worker, view, vector, type, &vectors[c]));
  }
  for (uint32_t c = 0; c < count; c++) append(&block->columns[c], &vectors[c], view->bad, view->n);
  size_t before = block->rows;
  for (uint32_t i = 0; i < view->n; i++) block->rows += !view->bad || !view->bad[i];
  block->bytes = 0;
  for (uint32_t c = 0; c < count; c++) block->bytes += block->columns[c].values.len + block->columns[c].offsets.len;
  pen->rows += block->rows - before;
  view->bad = NULL;
  return DC_OK;
}

/* --- Outputs --- */

static int put(void *self, const void *data, uint64_t size, TableError *error) {
  TypedOutput *table = self;
  if (table->failure.code == DC_OK && copy_put_bytes(table->copy, table->output, data, (size_t)size, &table->failure) == DC_OK) return 0;
  *error = (TableError){.text = "the output cannot be written"};
  return -1;
}

static DcCode output_failed(TypedOutput *table, const TableError *error, DcError *err) {
  if (table->failure.code != DC_OK) {
    *err = table->failure;
    return err->code;
  }
  char *path = copy_output_path(table->copy, table->output);
  DcCode code = typed_failed(path, error, err);
  dc_free(path);
  return code;
}

static DcCode open_output(Copy *copy, Output *output, DcError *err) {
  const TypedOptions *options = options_of(copy);
  const Layout *layout = &copy->layouts[output->layout];
  TableError error = {0};
  if (output->typed) return DC_OK;
  TypedOutput *table = output->typed = dc_alloc(sizeof *table);
  table->copy = copy;
  table->output = output;
  table->sink = (TableSink){table, put};
  output->started = true;
  DC_TRY(typed_module(options->format, &table->module, err));
  if (table->module->create(&table->sink, layout->record, options->options, options->count, &table->writer, &error) != 0) return output_failed(table, &error, err);
  return DC_OK;
}

DcCode typed_export(const Copy *copy, const Output *output, TypedBlock *block, struct ArrowArray *out, DcError *err) {
  const Layout *layout = &copy->layouts[output->layout];
  Arena arena = {0};
  Column *columns = arena_alloc(&arena, ((size_t)block->count + 1) * sizeof *columns);
  for (uint32_t c = 0; c < block->count; c++) columns[c] = column_builder_view(&block->columns[c], &arena);
  DcCode code = arrow_export(copy->engine->budget, columns, block->count, (uint32_t)block->rows, layout->record, out, err);
  arena_free(&arena);
  for (uint32_t c = 0; c < block->count; c++) column_builder_reset(&block->columns[c]);
  block->rows = block->bytes = 0;
  return code;
}

DcCode typed_put(Copy *copy, Output *output, struct ArrowArray *array, uint64_t bytes, DcError *err) {
  TableError error = {0};
  if (copy->sink) return system_sink_write(copy, array, bytes, err);
  DcCode code = open_output(copy, output, err);
  if (code != DC_OK) {
    array->release(array);
    return code;
  }
  TypedOutput *table = output->typed;
  return table->module->write(table->writer, array, &error) == 0 ? DC_OK : output_failed(table, &error, err);
}

DcCode typed_write(Copy *copy, Output *output, TypedBlock *block, DcError *err) {
  struct ArrowArray array = {0};
  uint64_t bytes = block->bytes;
  if (!block->rows) return DC_OK;
  DC_TRY(typed_export(copy, output, block, &array, err));
  return typed_put(copy, output, &array, bytes, err);
}

void typed_drop(Output *output) {
  TypedOutput *table = output->typed;
  if (!table) return;
  if (table->writer) table->module->free_writer(table->writer);
  dc_free(table);
  output->typed = NULL;
}

DcCode typed_finish(Copy *copy, Output *output, DcError *err) {
  if (output->finished) return DC_OK;
  output->finished = true;
  if (copy->sink) return DC_OK;
  TableError error = {0};
  DcCode code = open_output(copy, output, err);
  if (code == DC_OK && output->typed->module->finish(output->typed->writer, &error) != 0) code = output_failed(output->typed, &error, err);
  typed_drop(output);
  return code;
}
