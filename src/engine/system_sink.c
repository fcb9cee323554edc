/* system_sink.c - the target of a COPY that is no file: a table, a topic.
 *
 * All datasets of the statement go into it, one after another; rows are made ready by all workers and written by one at a time. The
 * transaction begins with the first rows, so that nothing is locked while they are computed, and ends with the statement.
 */
#include "engine/system.h"

struct SystemSink {
  SystemLink *link;
  SystemWriter *writer; /* NULL: not looked at yet */
  SystemTarget target;
  const char *name;     /* for messages */
  bool looked;          /* with the columns of a layout */
  bool begun, skip;
  struct ArrowSchema types;          /* of the target's columns, as the module has them; released here */
  const struct ArrowSchema *record;  /* of the rows; NULL: not known yet */
};

static DcCode failed(const SystemSink *sink, const TableError *error, DcError *err) {
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  return typed_failed(sink->name, error, err);
}

DcCode system_sink_open(Copy *copy, Str into, DcError *err) {
  const SystemOptions *options = copy->file.own;
  SystemSink *sink = copy->sink = arena_alloc(&copy->arena, sizeof *sink);
  DC_TRY(system_connect(copy->engine, options, &sink->link, err));
  sink->name = arena_printf(&copy->arena, "%s \"%.*s\"", sink->link->module->name, STR_ARG(into)).data;
  sink->target = (SystemTarget){.into = arena_str(&copy->arena, into).data, .mode = options->mode, .keys = options->keys, .key_count = options->key_count};
  if (!sink->link->module->target) return dc_fail(err, "%s can be read, not written", sink->link->module->name);
  return DC_OK;
}

/* --- The target's columns --- */

static void forget_writer(SystemSink *sink) {
  if (sink->writer) sink->link->module->free_writer(sink->writer);
  if (sink->types.release) sink->types.release(&sink->types);
  sink->writer = NULL;
  sink->types = (struct ArrowSchema){.release = NULL};
}

static DcCode ask_target(Copy *copy, DcError *err) {
  SystemSink *sink = copy->sink;
  TableError error = {0};
  forget_writer(sink);
  system_ends(sink->link->engine, sink->link->module, &copy->arena, &sink->target);
  if (sink->link->module->target(sink->link->system, &sink->target, &sink->writer, &sink->types, &sink->skip, &error) == 0) return DC_OK;
  sink->writer = NULL;
  sink->types.release = NULL;
  return failed(sink, &error, err);
}

static Str column_name(const Layout *layout, uint32_t column) {
  return layout->schema.type == DS_STRUCTURED ? str_of(layout->types[column]->name) : layout->schema.names[column];
}

static DcCode check_same(const SystemSink *sink, const Layout *layout, DcError *err) {
  const SystemTarget *target = &sink->target;
  bool same = target->column_count == layout->type_count;
  for (uint32_t c = 0; same && c < target->column_count; c++) same = str_eq(str_of(target->columns[c]), column_name(layout, c));
  if (same) return DC_OK;
  Buf first = {0}, other = {0};
  for (uint32_t c = 0; c < target->column_count; c++) buf_printf(&first, "%s%s", c ? ", " : "", target->columns[c]);
  for (uint32_t c = 0; c < layout->type_count; c++) buf_printf(&other, "%s%.*s", c ? ", " : "", STR_ARG(column_name(layout, c)));
  dc_fail(err, "%s: the datasets have different columns: (%.*s) and (%.*s)", sink->name, (int)first.len, first.data, (int)other.len, other.data);
  dc_hint(err, "a list of columns behind COPY's adapter, or SELECT … INTO, makes them alike");
  buf_free(&first);
  buf_free(&other);
  return err->code;
}

static DcCode check_keys(const SystemSink *sink, DcError *err) {
  const SystemTarget *target = &sink->target;
  for (uint32_t k = 0; k < target->key_count && target->mode == SYSTEM_UPSERT; k++) {
    Speller speller = speller_start(str_of(target->keys[k]));
    bool found = false;
    for (uint32_t c = 0; c < target->column_count; c++) {
      found = found || !strcmp(target->columns[c], target->keys[k]);
      speller_try(&speller, str_of(target->columns[c]));
    }
    if (found) continue;
    dc_fail(err, "%s: @key names \"%s\", which is no column of the dataset", sink->name, target->keys[k]);
    Str near = speller_best(&speller);
    if (near.len) dc_hint(err, "did you mean \"%.*s\"?", STR_ARG(near));
    return err->code;
  }
  return DC_OK;
}

DcCode system_sink_look(Copy *copy, const Layout *layout, DcError *err) {
  SystemSink *sink = copy->sink;
  if (!layout->types) return DC_OK; /* objects that nobody has looked at yet */
  if (sink->looked) return check_same(sink, layout, err);
  const char **names = arena_alloc(&copy->arena, ((size_t)layout->type_count + 1) * sizeof *names);
  for (uint32_t c = 0; c < layout->type_count; c++) names[c] = arena_str(&copy->arena, column_name(layout, c)).data;
  sink->target.columns = names;
  sink->target.column_count = layout->type_count;
  sink->looked = true;
  DC_TRY(check_keys(sink, err));
  DC_TRY(ask_target(copy, err));
  if (sink->types.n_children == layout->type_count) return DC_OK;
  return dc_fail(err, "%s: the module knows %lld columns of %u", sink->name, (long long)sink->types.n_children, layout->type_count);
}

const struct ArrowSchema *system_sink_type(const SystemSink *sink, uint32_t column) {
  if (sink->record) return sink->record->children[column];
  if (!sink->looked || !strcmp(sink->types.children[column]->format, "n")) return NULL;
  return sink->types.children[column];
}

DcCode system_sink_skip(Copy *copy, bool *skip, DcError *err) {
  if (!copy->sink->writer) DC_TRY(ask_target(copy, err));
  *skip = copy->sink->skip;
  return DC_OK;
}

DcCode system_sink_decide(Copy *copy, const struct ArrowSchema *record, DcError *err) {
  (void)err;
  if (!copy->sink->record) copy->sink->record = record;
  return DC_OK;
}

/* --- Reading and writing at once --- */

/* The same server and database, as far as the parameters tell. */
static bool same_place(const SystemOptions *a, const SystemOptions *b) {
  static const char *const names[] = {"url", "host", "port", "database", "brokers"};
  if (a->format != b->format) return false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *x = NULL, *y = NULL;
    for (uint32_t k = 0; k < a->typed.count; k++)
      if (!strcmp(a->typed.options[k].name, names[i])) x = a->typed.options[k].value;
    for (uint32_t k = 0; k < b->typed.count; k++)
      if (!strcmp(b->typed.options[k].name, names[i])) y = b->typed.options[k].value;
    if (x ? !y || strcmp(x, y) != 0 : y != NULL) return false;
  }
  return true;
}

bool system_sink_is_read(const Copy *copy, const Dataset *node) {
  if (copy->file.row->format->system->messages) return false; /* which messages are read is fixed before */
  if (dataset_computed(node)) return false;
  if (node->kind == NODE_SOURCE) return node->load->file.row->format->system && same_place(node->load->file.own, copy->file.own);
  if (node->input && system_sink_is_read(copy, node->input)) return true;
  for (uint32_t i = 0; i < node->input_count; i++)
    if (system_sink_is_read(copy, node->inputs[i])) return true;
  return false;
}

/* --- Rows --- */

static DcCode begin(SystemSink *sink, DcError *err) {
  TableError error = {0};
  if (sink->begun) return DC_OK;
  sink->begun = true;
  return sink->link->module->begin(sink->writer, sink->record, &error) == 0 ? DC_OK : failed(sink, &error, err);
}

DcCode system_sink_write(Copy *copy, struct ArrowArray *array, uint64_t bytes, DcError *err) {
  SystemSink *sink = copy->sink;
  TableError error = {0};
  DcCode code = begin(sink, err);
  if (code != DC_OK) {
    array->release(array);
    return code;
  }
  if (engine_interrupted()) {
    array->release(array);
    return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  }
  if (sink->link->module->write(sink->writer, array, &error) != 0) return failed(sink, &error, err);
  atomic_fetch_add(&copy->engine->bytes_written, bytes);
  return DC_OK;
}

DcCode system_sink_commit(Copy *copy, DcError *err) {
  SystemSink *sink = copy->sink;
  TableError error = {0};
  if (sink->skip || !sink->record) return DC_OK; /* it is to be left as it is, or there was no dataset */
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  DC_TRY(begin(sink, err));
  if (sink->link->module->commit(sink->writer, &error) != 0) return failed(sink, &error, err);
  if (!sink->link->module->waits || !sink->link->module->waits(sink->writer)) return DC_OK;
  system_keep_writer(copy->engine, sink->link, sink->writer, sink->name);
  sink->writer = NULL;
  sink->link = NULL;
  return DC_OK;
}

void system_sink_free(SystemSink *sink) {
  if (!sink) return;
  forget_writer(sink);
  system_close(sink->link);
}
