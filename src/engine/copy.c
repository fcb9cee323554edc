/* copy.c - outputs: declaring, encoding, writing; and the run from a shuffle straight into its outputs. */
#include "engine/copy.h"
#include "engine/system.h"
#include "engine/typed_format.h"

#include <stdio.h>
#include <sys/uio.h>

#include "io/path.h"
#include "io/standard.h"
#include "io/text_scan.h"

/* Where the rows go. */
static DcCode open_target(Copy *copy, const CopySpec *spec, DcError *err) {
  if (spec->path.type != TYPE_STRING || spec->path.len == 0) {
    bool system = copy->file.row->format->system != NULL;
    dc_fail_at(err, DC_FAIL, spec->path_pos, "the target of COPY is %s", system ? "a name" : "a path");
    dc_hint(err, system ? "INTO 'schema.table'" : "INTO 'out', or INTO '-' for standard output");
    return err->code;
  }
  Str path = value_get_str(spec->path);
  if (copy->file.row->format->system) {
    if (system_sink_open(copy, path, err) != DC_OK) return dc_position(err, spec->path_pos);
    return DC_OK;
  }
  if (str_is(path, "-") && (copy->file.stage.success || copy->file.stage.manifest)) {
    dc_fail_at(err, DC_FAIL, spec->path_pos, "standard output takes no @success and no @manifest");
    dc_hint(err, "they lie beside the files that COPY writes into a folder");
    return err->code;
  }
  copy->file.stage.temp_dir = copy->engine->temp_dir;
  if (!str_is(path, "-") && stage_open(path, &copy->file.stage, &copy->stage, err) != DC_OK) return dc_position(err, spec->path_pos);
  return DC_OK;
}

DcCode copy_open(Copy *copy, Engine *engine, const CopySpec *spec, DcError *err) {
  memset(copy, 0, sizeof *copy);
  copy->engine = engine;
  DC_TRY(file_options(spec->adapter, spec->adapter_pos, spec->params, spec->param_count, true, &copy->arena, &copy->file, err));
  copy->adapter_pos = spec->adapter_pos;
  copy->writer = copy->file.row->format->writer;
  copy->typed = copy->file.row->adapter.writes ? copy->file.row->format->typed : NULL;
  if (!copy->file.row->adapter.writes) {
    dc_fail_at(err, DC_FAIL, spec->adapter_pos, "\"%.*s\" reads and does not write", STR_ARG(spec->adapter));
    dc_hint(err, "dcetl --adapters lists what writes");
    return err->code;
  }
  if (copy->typed && copy->file.single && copy->file.stage.mode == STAGE_APPEND) {
    dc_fail_at(err, DC_FAIL, spec->adapter_pos, "nothing can be appended to a single file of \"%.*s\"", STR_ARG(spec->adapter));
    dc_hint(err, "without @single = TRUE a new part file is put beside the others");
    return err->code;
  }
  DC_TRY(open_target(copy, spec, err));
  size_t threads = (size_t)pool_threads(engine->pool);
  copy->pens = dc_alloc(threads * sizeof *copy->pens);
  for (size_t i = 0; i < threads; i++) worker_init(&copy->pens[i].worker, engine, (int)i);
  return DC_OK;
}

/* --- Outputs --- */

static Str made_text(Copy *copy, void (*make)(const Copy *, const Schema *, Buf *), const Schema *schema) {
  Buf text = {0};
  if (make) make(copy, schema, &text);
  Str made = arena_str(&copy->arena, str_make(text.data, text.len));
  buf_free(&text);
  return made;
}

static bool same_schema(const Schema *a, const Schema *b) {
  if (a->type != b->type || a->count != b->count) return false;
  for (uint32_t i = 0; i < a->count; i++)
    if (!str_eq(a->names[i], b->names[i])) return false;
  return true;
}

/* The number of a layout that is the same as the one behind the last: outputs of one kind come in a row. */
static size_t find_layout(const Copy *copy, const Layout *wanted) {
  for (size_t i = copy->layout_count; i-- > 0 && copy->layout_count - i < 4;) {
    const Layout *layout = &copy->layouts[i];
    if (!same_schema(&layout->schema, &wanted->schema)) continue;
    if (!copy->typed) return i;
    if (layout->record && wanted->record && arrow_type_equal(layout->record, wanted->record)) return i;
  }
  return copy->layout_count;
}

static DcCode add_layout(Copy *copy, const Schema *schema, uint32_t *out, DcError *err) {
  VEC_GROW(copy->layouts, copy->layout_count, copy->layout_cap);
  Layout *layout = &copy->layouts[copy->layout_count];
  Str *names = arena_alloc(&copy->arena, (schema->count + 1) * sizeof *names);
  for (uint32_t i = 0; i < schema->count; i++) names[i] = arena_str(&copy->arena, schema->names[i]);
  *layout = (Layout){.schema = {.type = schema->type, .count = schema->count, .names = names}};
  if (copy->typed) DC_TRY(typed_layout(copy, layout, schema, err));
  *out = (uint32_t)find_layout(copy, layout);
  if (*out < copy->layout_count) return DC_OK;
  copy->layout_count++;
  if (copy->typed) return layout->record ? typed_decide(copy, layout, err) : DC_OK;
  layout->header = made_text(copy, copy->writer->header, &layout->schema);
  layout->footer = made_text(copy, copy->writer->footer, &layout->schema);
  return DC_OK;
}

/* File systems take 255 bytes for each part of a path; ours adds an extension. */
static DcCode check_name(Str name, DcError *err) {
  enum { MOST = 240 };
  for (size_t start = 0, i = 0; i <= name.len; i++) {
    if (i < name.len && name.data[i] != '/') continue;
    if (i - start > MOST) {
      dc_fail(err, "a part of the dataset's name has %zu bytes, too many for a file or folder: \"%.60s…\"", i - start, name.data + start);
      dc_hint(err, "SPLIT or SELECT … INTO with a shorter value, such as STR_SLICE(x, 0, 100)");
      return err->code;
    }
    start = i + 1;
  }
  return DC_OK;
}

DcCode copy_dataset(Copy *copy, Str name, const Schema *schema, uint32_t parts, uint32_t *first, bool *skip, DcError *err) {
  uint32_t layout, first_part = 0, count = copy->file.single && parts ? 1 : parts;
  DC_TRY(add_layout(copy, schema, &layout, err));
  Str suffix = arena_printf(&copy->arena, "%s%s", copy->file.row->extension, codec_suffix(copy->file.output_codec));
  *skip = false;
  *first = (uint32_t)copy->output_count;
  if (copy->stage) DC_TRY(check_name(name, err));
  if (!copy->stage) count = 1;
  if (copy->sink) DC_TRY(system_sink_skip(copy, skip, err));
  if (copy->stage) DC_TRY(stage_dataset(copy->stage, name, copy->file.single, suffix, skip, &first_part, err));
  if (*skip) return DC_OK;
  if (copy->file.single && first_part && copy->layouts[layout].footer.len) {
    dc_fail(err, "nothing can be put behind the end of a file that is there: %s has one", copy->file.row->adapter.name);
    dc_hint(err, "without @single new files are put beside it; @layout = 'lines' has no end");
    return err->code;
  }
  if (copy->stage) stage_columns(copy->stage, schema->names, schema->count);
  for (uint32_t i = 0; i < count; i++) {
    Output output = {.layout = layout, .started = copy->file.single && first_part}; /* one header is enough */
    char relative[4200];
    if (copy->stage) {
      int len = copy->file.single ? snprintf(relative, sizeof relative, "%.*s%s", STR_ARG(name), suffix.data)
                                     : snprintf(relative, sizeof relative, "%.*s/part-%05u%s", STR_ARG(name), first_part + i, suffix.data);
      if (len < 0 || (size_t)len >= sizeof relative) return dc_fail(err, "the dataset name \"%.60s…\" is too long for a path", relative);
      DC_TRY(stage_file(copy->stage, str_make(relative, (size_t)len), &output.file, err));
    }
    VEC_GROW(copy->outputs, copy->output_count, copy->output_cap);
    copy->outputs[copy->output_count++] = output;
  }
  return DC_OK;
}

DcCode copy_put_bytes(Copy *copy, const Output *output, const char *data, size_t len, DcError *err) {
  atomic_fetch_add(&copy->engine->bytes_written, len);
  return copy->stage ? stage_write(copy->stage, output->file, data, len, err) : standard_write(data, len, err);
}

static Compressor *compressor_of(const Copy *copy, Pen *pen) {
  if (!pen->compressor) pen->compressor = compressor_new(copy->file.output_codec, copy->file.level);
  return pen->compressor;
}

static DcCode pack(Copy *copy, Pen *pen, const char *data, size_t len, DcError *err) {
  return compressor_block(compressor_of(copy, pen), data, len, &pen->packed, err);
}

/* Header and text become one member, so that a small file is complete or does not decompress. */
static DcCode pack_with_header(Copy *copy, Pen *pen, Str header, const char *data, size_t len, DcError *err) {
  Buf joined = {0};
  if (!header.len) return len ? pack(copy, pen, data, len, err) : DC_OK;
  buf_str(&joined, header);
  buf_put(&joined, data, len);
  DcCode code = pack(copy, pen, joined.data, joined.len, err);
  buf_free(&joined);
  return code;
}

DcCode copy_write(Copy *copy, Pen *pen, Output *output, const Buf *text, DcError *err) {
  Str header = output->started ? (Str){NULL, 0} : copy->layouts[output->layout].header;
  size_t skip = output->filled || !text->len || !copy->writer->separator ? 0 : copy->writer->separator(copy);
  const char *data = text->data + skip;
  size_t len = text->len - skip;
  output->started = true;
  output->filled = output->filled || len;
  pen->bytes += len;
  if (copy->file.output_codec != CODEC_NONE) {
    pen->packed.len = 0;
    DC_TRY(pack_with_header(copy, pen, header, data, len, err));
    return copy_put_bytes(copy, output, pen->packed.data, pen->packed.len, err);
  }
  if (header.len) DC_TRY(copy_put_bytes(copy, output, header.data, header.len, err));
  return copy_put_bytes(copy, output, data, len, err);
}

char *copy_output_path(const Copy *copy, const Output *output) {
  return copy->stage ? stage_path_of(copy->stage, output->file) : path_copy(str_of("standard output"));
}

DcCode copy_finish(Copy *copy, Output *output, DcError *err) {
  if (copy->typed) return typed_finish(copy, output, err);
  Buf empty = {0};
  Pen *pen = &copy->pens[0];
  const Layout *layout = &copy->layouts[output->layout];
  if (output->finished) return DC_OK;
  output->finished = true;
  if (!output->started && layout->header.len) DC_TRY(copy_write(copy, pen, output, &empty, err));
  if (copy->file.output_codec == CODEC_NONE)
    return layout->footer.len ? copy_put_bytes(copy, output, layout->footer.data, layout->footer.len, err) : DC_OK;
  pen->packed.len = 0;
  if (layout->footer.len) DC_TRY(pack(copy, pen, layout->footer.data, layout->footer.len, err));
  DC_TRY(compressor_end(compressor_of(copy, pen), output->started || layout->footer.len, &pen->packed, err));
  return copy_put_bytes(copy, output, pen->packed.data, pen->packed.len, err);
}

DcCode copy_close(Copy *copy, DcCode code, DcError *err) {
  StatementStats *stats = copy->engine->stats;
  for (size_t i = 0; i < copy->output_count && code == DC_OK; i++) code = copy_finish(copy, &copy->outputs[i], err);
  size_t files = copy->output_count;
  for (size_t i = 0; i < files; i++) typed_drop(&copy->outputs[i]);
  if (copy->sink && code == DC_OK) code = system_sink_commit(copy, err);
  system_sink_free(copy->sink);
  if (copy->stage && code == DC_OK) code = stage_commit(copy->stage, err);
  else stage_abort(copy->stage);
  for (int i = 0; copy->pens && i < pool_threads(copy->engine->pool); i++) {
    Pen *pen = &copy->pens[i];
    if (stats) {
      stats->rows_out += pen->rows;
      stats->bytes_out += pen->bytes;
      stats->bytes_in += pen->worker.bytes_in;
    }
    worker_free(&pen->worker);
    buf_free(&pen->text);
    if (pen->block) typed_block_free(pen->block);
    dc_free(pen->block);
    buf_free(&pen->packed);
    compressor_free(pen->compressor);
    dc_free(pen->parts);
  }
  if (stats && code == DC_OK) stats->outputs += files;
  dc_free(copy->pens);
  dc_free(copy->outputs);
  dc_free(copy->layouts);
  arena_free(&copy->arena);
  return code;
}

/* --- Encoding --- */

bool copy_is_raw(const Copy *copy, const Batch *batch) { return copy->writer && copy->writer->raw && copy->writer->raw(copy, batch); }

static void put_raw(Pen *pen, const View *view) {
  const Batch *batch = view->batch;
  if (!view->rows) {
    uint32_t from = batch->offsets[view->first], to = batch->offsets[view->first + view->n];
    buf_put(&pen->text, batch->text + from, to - from);
    return;
  }
  for (uint32_t i = 0; i < view->n; i++) {
    uint32_t row = view->rows[i];
    buf_put(&pen->text, batch->text + batch->offsets[row], batch->offsets[row + 1] - batch->offsets[row]);
  }
}

/* For the manifest. */
static void count_rows(Copy *copy, const Output *output, uint64_t rows) {
  if (copy->file.stage.manifest && copy->stage) stage_rows(copy->stage, output->file, rows);
}

static DcCode encode_typed(Copy *copy, Pen *pen, const Output *output, View *view) {
  ArenaMark mark = arena_mark(&pen->worker.scratch);
  uint64_t before = pen->rows;
  if (!pen->block) pen->block = dc_alloc(sizeof *pen->block);
  DcCode code = typed_encode(copy, pen, &copy->layouts[output->layout], view, pen->block);
  count_rows(copy, output, pen->rows - before);
  arena_rewind(&pen->worker.scratch, mark);
  return code;
}

DcCode copy_encode(Copy *copy, Pen *pen, const Output *output, View *view) {
  if (copy->typed) return encode_typed(copy, pen, output, view);
  pen->rows += view->n;
  count_rows(copy, output, view->n);
  if (view->whole && copy_is_raw(copy, view->batch)) {
    put_raw(pen, view);
    return DC_OK;
  }
  Worker *worker = &pen->worker;
  ArenaMark mark = arena_mark(&worker->scratch);
  uint32_t count = view->column_count;
  int *numbers = arena_alloc(&worker->scratch, (count + 1) * sizeof *numbers);
  const Vector **columns = arena_alloc(&worker->scratch, (count + 1) * sizeof *columns);
  for (uint32_t c = 0; c < count; c++) numbers[c] = (int)c;
  view_fetch(worker, view, numbers, count);
  for (uint32_t c = 0; c < count; c++) columns[c] = view_column(worker, view, c);
  DcCode code = copy->writer->put(copy, pen, &copy->layouts[output->layout], view, columns);
  arena_rewind(&worker->scratch, mark);
  return code;
}

/* Columns of a stored batch that no chain describes. */
static uint32_t stored_columns(const Batch *batch) {
  return batch->layout == BATCH_TEXT ? batch->format->column_count : batch->column_count;
}

static DcCode encode_chunk(Copy *copy, Pen *pen, const Output *output, View *view) {
  const Chain *chain = output->chain;
  for (size_t i = 0; chain && i < chain->op_count && view->n; i++) DC_TRY(narrow_apply(&pen->worker, chain->ops[i], view, false));
  return view->n ? copy_encode(copy, pen, output, view) : DC_OK;
}

DcCode copy_slice(Copy *copy, Pen *pen, Output *output, const Batch *batch, uint32_t from, uint32_t to, DcError *err) {
  enum { TEXT_BYTES = 4 << 20 };
  const Chain *chain = output->chain;
  pen->worker.bytes_in += batch_bytes(batch, from, to);
  for (uint32_t row = from; row < to; row += CHUNK_ROWS) {
    View view;
    view_of_batch(&pen->worker, &view, batch, row, to - row < CHUNK_ROWS ? to - row : CHUNK_ROWS, chain ? chain->schema->count : stored_columns(batch));
    view.schema = chain ? chain->schema : NULL;
    DcCode code = encode_chunk(copy, pen, output, &view);
    arena_reset(&pen->worker.scratch);
    if (code != DC_OK) {
      *err = pen->worker.err;
      return code;
    }
    if (pen->block && typed_block_full(pen->block)) DC_TRY(typed_write(copy, output, pen->block, err));
    while (pen->text.len >= TEXT_BYTES) { /* exactly so much: frames do not depend on how the rows were stored */
      Buf first = {pen->text.data, TEXT_BYTES, TEXT_BYTES};
      DC_TRY(copy_write(copy, pen, output, &first, err));
      pen->text.len -= TEXT_BYTES;
      memmove(pen->text.data, pen->text.data + TEXT_BYTES, pen->text.len);
    }
  }
  return DC_OK;
}

/* --- From a shuffle straight into outputs --- */

typedef struct Flush {
  Copy *copy;
  Store *store;
  Targets targets;
  atomic_uint next;
  atomic_bool failed;
  DcError *errors;
} Flush;

static void add_part(Pen *pen, size_t *count, const char *data, size_t len) {
  VEC_GROW(pen->parts, *count, pen->part_cap);
  pen->parts[(*count)++] = (struct iovec){(void *)(uintptr_t)data, len};
}

/* All slices as they lie, by one gathering write. */
static DcCode write_slices(Copy *copy, Pen *pen, Output *output, size_t count, DcError *err) {
  size_t bytes = 0;
  for (size_t i = 0; i < count; i++) bytes += pen->parts[i].iov_len;
  if (!bytes) return DC_OK;
  output->started = true;
  atomic_fetch_add(&copy->engine->bytes_written, bytes);
  return stage_writev(copy->stage, output->file, pen->parts, count, err);
}

static DcCode flush_output(Flush *flush, Pen *pen, uint32_t part, Output *output, DcError *err) {
  Copy *copy = flush->copy;
  Store *store = flush->store;
  bool gather = copy->stage && copy->file.output_codec == CODEC_NONE && !output->chain;
  size_t count = 0;
  for (size_t i = 0; gather && i < store->piece_count; i++) gather = copy_is_raw(copy, store->pieces[i].batch);
  Str header = copy->layouts[output->layout].header;
  if (gather && !output->started && header.len) add_part(pen, &count, header.data, header.len);
  size_t headers = count;
  pen->text.len = 0;
  for (size_t i = 0; i < store->piece_count; i++) {
    const Piece *piece = &store->pieces[i];
    uint32_t from, to;
    piece_range(piece, part, &from, &to);
    if (from == to) continue;
    if (!gather) {
      DC_TRY(copy_slice(copy, pen, output, piece->batch, from, to, err));
      continue;
    }
    const Batch *batch = piece->batch;
    size_t bytes = batch->offsets[to] - batch->offsets[from];
    add_part(pen, &count, batch->text + batch->offsets[from], bytes);
    pen->rows += to - from;
    count_rows(copy, output, to - from);
    pen->bytes += bytes;
  }
  if (gather) return count > headers ? write_slices(copy, pen, output, count, err) : DC_OK;
  return pen->text.len ? copy_write(copy, pen, output, &pen->text, err) : DC_OK;
}

static void flush_work(void *argument, int number) {
  Flush *flush = argument;
  Copy *copy = flush->copy;
  enum { STEP = 8 };
  for (;;) {
    uint32_t part = atomic_fetch_add(&flush->next, STEP), end = part + STEP;
    if (end > flush->store->partitions) end = flush->store->partitions;
    if (part >= end || atomic_load(&flush->failed) || engine_interrupted()) break;
    for (; part < end; part++) {
      for (uint32_t t = flush->targets.first[part]; t < flush->targets.first[part + 1]; t++) {
        Output *output = &copy->outputs[flush->targets.output[t]];
        if (flush_output(flush, &copy->pens[number], part, output, &flush->errors[number]) == DC_OK) continue;
        atomic_store(&flush->failed, true);
        return;
      }
    }
  }
}

static DcCode flush_all(Copy *copy, Store *store, Targets targets, DcError *err) {
  int threads = pool_threads(copy->engine->pool);
  Flush flush = {.copy = copy, .store = store, .targets = targets};
  flush.errors = dc_alloc((size_t)threads * sizeof *flush.errors);
  store_sort(store);
  pool_run(copy->engine->pool, copy->stage ? 0 : 1, flush_work, &flush);
  for (int i = 0; i < threads && err->code == DC_OK; i++)
    if (flush.errors[i].code != DC_OK) *err = flush.errors[i];
  dc_free(flush.errors);
  store_drop_pieces(store);
  if (err->code == DC_OK && engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  return err->code;
}

bool copy_follows_blocks(const Copy *copy, const Dataset *node) {
  if (copy->file.output_codec == CODEC_NONE) return true;
  while (node->kind == NODE_NARROW && !node->store && atomic_load(&node->refs) == 1) node = node->input;
  return node->kind == NODE_SOURCE && !node->store && atomic_load(&node->refs) == 1;
}

size_t copy_room(const Engine *engine) {
  size_t room = engine->options.memory / 8 * 5, most = 192u << 20; /* more gains nothing: writes are long as it is */
  return room < most ? room : most;
}

DcCode copy_shuffled(Copy *copy, Pass *pass, Shuffler *shuffler, DcCode (*targets)(void *, Targets *, DcError *), void *self, DcError *err) {
  /* Runs of a fixed number of blocks: where they end must not depend on the workers. */
  shuffler->consumer.quota = shuffler->room / (engine_block_size(copy->engine) * 5 / 4 + (size_t)shuffler->partitions * sizeof(uint32_t)) + 1;
  shuffler->room += shuffler->room / 4; /* only for what no such count foresees: very many partitions */
  for (bool more = true; more;) {
    DC_TRY(pass_run(pass, &shuffler->consumer, &more, err));
    Targets to;
    DC_TRY(targets(self, &to, err));
    DC_TRY(flush_all(copy, shuffler->store, to, err));
  }
  return DC_OK;
}
