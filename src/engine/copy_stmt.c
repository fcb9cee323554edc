/* copy_stmt.c - COPY: which of its datasets can go from a shuffle straight to their files, which lie in a store, and
 * which are written as a pass delivers them. */
#include <stdlib.h>

#include "engine/copy.h"
#include "engine/in_order.h"
#include "engine/load.h"
#include "engine/system.h"
#include "engine/typed_format.h"

/* --- In the order of a pass --- */

/* What a morsel gave. */
typedef struct Sheet {
  InOrderItem item;
  uint32_t part;
  Buf text;
  TypedBlock *block;       /* typed columns; */
  struct ArrowArray array; /* the same, ready to be written */
} Sheet;

typedef struct Writer {
  Consumer consumer;
  Copy *copy;
  uint32_t first;
  InOrder order;
  Sheet **current; /* of each worker */
  uint32_t part;   /* of the last rows that were written */
} Writer;

static void drop_array(Sheet *sheet) {
  if (sheet->array.release) sheet->array.release(&sheet->array);
  sheet->array.release = NULL;
}

static DcCode writer_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  Writer *writer = (Writer *)self;
  Sheet *sheet = (Sheet *)in_order_get(&writer->order);
  if (!sheet) sheet = dc_alloc(sizeof *sheet);
  drop_array(sheet); /* of one that was dropped */
  sheet->item.seq = morsel->seq;
  sheet->part = morsel->part;
  sheet->text.len = 0;
  writer->current[worker->number] = sheet;
  return DC_OK;
}

/* The pen writes on the sheet; then it has its own again. */
static void swap(Pen *pen, Sheet *sheet) {
  Buf text = pen->text;
  TypedBlock *block = pen->block;
  pen->text = sheet->text;
  pen->block = sheet->block;
  sheet->text = text;
  sheet->block = block;
}

static Output *output_of(const Writer *writer, uint32_t part) { return &writer->copy->outputs[writer->first + (copy_one_file(writer->copy) ? 0 : part)]; }

static DcCode writer_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  const Writer *writer = (const Writer *)self;
  Pen *pen = &writer->copy->pens[worker->number];
  Sheet *sheet = writer->current[worker->number];
  const Output *output = output_of(writer, morsel->part);
  swap(pen, sheet);
  DcCode code = copy_encode(writer->copy, pen, output, view);
  swap(pen, sheet);
  if (code != DC_OK && worker->err.code == DC_OK) worker->err = pen->worker.err;
  return code;
}

static DcCode writer_end(Consumer *self, Worker *worker, const Morsel *morsel) {
  Writer *writer = (Writer *)self;
  Sheet *sheet = writer->current[worker->number];
  TypedBlock *block = sheet->block;
  sheet->item.bytes = sheet->text.len + (block ? block->bytes : 0);
  if (block && block->rows) DC_TRY(typed_export(writer->copy, output_of(writer, morsel->part), block, &sheet->array, &worker->err));
  writer->current[worker->number] = NULL;
  return in_order_put(&writer->order, worker->number, &sheet->item, &worker->err);
}

static DcCode write_sheet(void *self, int worker, InOrderItem *item, DcError *err) {
  Writer *writer = self;
  Copy *copy = writer->copy;
  Sheet *sheet = (Sheet *)item;
  Output *output = output_of(writer, sheet->part);
  if (copy->typed && !copy_one_file(copy) && sheet->part != writer->part) { /* few are open at a time */
    DC_TRY(typed_finish(copy, &copy->outputs[writer->first + writer->part], err));
    writer->part = sheet->part;
  }
  if (copy->typed) {
    struct ArrowArray array = sheet->array;
    sheet->array.release = NULL;
    return array.release ? typed_put(copy, output, &array, item->bytes, err) : DC_OK;
  }
  return sheet->text.len ? copy_write(copy, &copy->pens[worker], output, &sheet->text, err) : DC_OK;
}

static void free_sheet(void *self, InOrderItem *item) {
  Sheet *sheet = (Sheet *)item;
  (void)self;
  drop_array(sheet);
  buf_free(&sheet->text);
  if (sheet->block) typed_block_free(sheet->block);
  dc_free(sheet->block);
  dc_free(sheet);
}

static DcCode write_pass(Copy *copy, const CopyJob *item, DcError *err) {
  Pass *pass;
  DC_TRY(pass_open(item->copy.dataset, NULL, 0, &pass, err));
  size_t threads = (size_t)pool_threads(copy->engine->pool);
  Writer writer = {.consumer = {.begin = writer_begin, .rows = writer_rows, .end = writer_end}, .copy = copy, .first = item->first};
  writer.current = dc_alloc(threads * sizeof *writer.current);
  in_order_init(&writer.order, copy->engine, copy_room(copy->engine) / 2, write_sheet, &writer);
  DcCode code = pass_run(pass, &writer.consumer, NULL, err);
  for (size_t i = 0; i < threads; i++)
    if (writer.current[i]) free_sheet(NULL, &writer.current[i]->item);
  in_order_deinit(&writer.order, free_sheet);
  dc_free(writer.current);
  pass_close(pass);
  return code;
}

/* --- From stores: one worker an output --- */

typedef struct Task {
  CopyJob *item;
  uint32_t part, output; /* part NO_PART: all parts of the item, into one file */
} Task;

typedef struct Tasks {
  Copy *copy;
  Task *tasks;
  size_t count, cap;
  atomic_size_t next;
  atomic_bool failed;
  DcError *errors;
} Tasks;

/* Rows of one partition in pieces of a store, put together, since each piece has only few of them. */
typedef struct Joined {
  BatchSlice *slices;
  size_t count, cap;
  uint32_t rows;
} Joined;

static DcCode write_joined(Copy *copy, Pen *pen, Output *output, Joined *joined, DcError *err) {
  enum { LEAST_ROWS = 512 }; /* of a slice that is worth a look on its own */
  if (!joined->count) return DC_OK;
  const BatchSlice *one = &joined->slices[0];
  Batch *batch = NULL;
  DcCode code = DC_OK;
  if (joined->count == 1 || joined->rows / joined->count >= LEAST_ROWS) {
    for (size_t i = 0; i < joined->count && code == DC_OK; i++) code = copy_slice(copy, pen, output, one[i].batch, one[i].from, one[i].to, err);
  } else {
    code = batch_concat(copy->engine->budget, one, joined->count, GATHER_KEY | GATHER_ORIGINS, &batch, err);
    if (code == DC_OK) code = copy_slice(copy, pen, output, batch, 0, batch->rows, err);
    batch_unref(batch);
  }
  joined->count = joined->rows = 0;
  return code;
}

static DcCode pieces_out(Copy *copy, Pen *pen, Output *output, const Store *store, uint32_t number, DcError *err) {
  enum { JOINED_ROWS = 4 * CHUNK_ROWS };
  Joined joined = {0};
  DcCode code = DC_OK;
  for (size_t k = 0; k < store->piece_count && code == DC_OK; k++) {
    Batch *batch = store->pieces[k].batch;
    uint32_t from, to;
    piece_range(&store->pieces[k], number, &from, &to);
    if (from == to) continue;
    if (copy_is_raw(copy, batch)) {
      code = copy_slice(copy, pen, output, batch, from, to, err);
      continue;
    }
    if (joined.rows >= JOINED_ROWS || (joined.count && !batch_alike(joined.slices[0].batch, batch))) code = write_joined(copy, pen, output, &joined, err);
    VEC_GROW(joined.slices, joined.count, joined.cap);
    joined.slices[joined.count++] = (BatchSlice){batch, from, to};
    joined.rows += to - from;
  }
  if (code == DC_OK) code = write_joined(copy, pen, output, &joined, err);
  dc_free(joined.slices);
  return code;
}

static DcCode partition_out(Copy *copy, Pen *pen, Output *output, const CopyJob *item, uint32_t part, DcError *err) {
  Store *store = item->root->store;
  uint32_t number = item->parts[part];
  if (number == NO_PART) return DC_OK;
  for (size_t r = 0; r < store->run_count; r++) {
    const Run *run = &store->runs[r];
    for (uint32_t e = number < run->partitions ? run->first[number] : 0; number < run->partitions && e < run->first[number + 1]; e++) {
      Batch *batch;
      DC_TRY(store_read(store, run, &run->extents[e], &batch, err));
      DcCode code = copy_slice(copy, pen, output, batch, 0, batch->rows, err);
      batch_unref(batch);
      if (code != DC_OK) return code;
    }
  }
  return pieces_out(copy, pen, output, store, number, err);
}

static DcCode run_task(Copy *copy, Pen *pen, const Task *task, DcError *err) {
  Output *output = &copy->outputs[task->output];
  pen->text.len = 0;
  if (task->part != NO_PART) DC_TRY(partition_out(copy, pen, output, task->item, task->part, err));
  for (uint32_t p = 0; task->part == NO_PART && p < task->item->copy.dataset->partitions; p++)
    DC_TRY(partition_out(copy, pen, output, task->item, p, err));
  if (pen->block) DC_TRY(typed_write(copy, output, pen->block, err));
  if (copy->typed) return typed_finish(copy, output, err);
  return pen->text.len ? copy_write(copy, pen, output, &pen->text, err) : DC_OK;
}

static void tasks_work(void *argument, int number) {
  Tasks *tasks = argument;
  while (!atomic_load(&tasks->failed)) {
    size_t at = atomic_fetch_add(&tasks->next, 1);
    DcError *err = &tasks->errors[number];
    if (at >= tasks->count) break;
    if (engine_interrupted()) dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    if (err->code != DC_OK || run_task(tasks->copy, &tasks->copy->pens[number], &tasks->tasks[at], err) != DC_OK) atomic_store(&tasks->failed, true);
  }
}

static void add_tasks(Tasks *tasks, CopyJob *item) {
  bool one = copy_one_file(tasks->copy);
  StatementStats *stats = tasks->copy->engine->stats;
  for (uint32_t p = 0; p < (one ? 1 : item->copy.dataset->partitions); p++) {
    VEC_GROW(tasks->tasks, tasks->count, tasks->cap);
    tasks->tasks[tasks->count++] = (Task){item, one ? NO_PART : p, item->first + p};
  }
  for (uint32_t p = 0; stats && p < item->copy.dataset->partitions; p++)
    if (item->parts[p] != NO_PART) stats->rows_in += item->root->store->part_rows[item->parts[p]];
  pass_count(item->root, item->parts, item->copy.dataset->partitions);
}

static DcCode run_tasks(Tasks *tasks, DcError *err) {
  int threads = pool_threads(tasks->copy->engine->pool);
  tasks->errors = dc_alloc((size_t)threads * sizeof *tasks->errors);
  pool_run(tasks->copy->engine->pool, tasks->copy->stage ? 0 : 1, tasks_work, tasks);
  for (int i = 0; i < threads && err->code == DC_OK; i++)
    if (tasks->errors[i].code != DC_OK) *err = tasks->errors[i];
  dc_free(tasks->errors);
  return err->code;
}

/* --- Straight from a shuffle --- */

typedef struct Straight {
  CopyJob **items;
  size_t count;
  Targets targets;
} Straight;

static DcCode straight_targets(void *self, Targets *out, DcError *err) {
  (void)err;
  *out = ((Straight *)self)->targets;
  return DC_OK;
}

static void make_targets(Straight *straight, uint32_t partitions) {
  Targets *targets = &straight->targets;
  targets->first = dc_alloc(((size_t)partitions + 2) * sizeof *targets->first);
  for (size_t i = 0; i < straight->count; i++)
    for (uint32_t p = 0; p < straight->items[i]->copy.dataset->partitions; p++)
      if (straight->items[i]->parts[p] != NO_PART) targets->first[straight->items[i]->parts[p] + 1]++;
  for (uint32_t p = 0; p < partitions; p++) targets->first[p + 1] += targets->first[p];
  targets->output = dc_alloc(((size_t)targets->first[partitions] + 1) * sizeof *targets->output);
  uint32_t *at = dc_alloc(((size_t)partitions + 1) * sizeof *at);
  for (size_t i = 0; i < straight->count; i++) {
    const CopyJob *item = straight->items[i];
    for (uint32_t p = 0; p < item->copy.dataset->partitions; p++) {
      uint32_t part = item->parts[p];
      if (part != NO_PART) targets->output[targets->first[part] + at[part]++] = item->first + p;
    }
  }
  dc_free(at);
}

static DcCode write_straight(Copy *copy, Straight *straight, DcError *err) {
  Dataset *shuffle = straight->items[0]->root;
  Pass *pass;
  DC_TRY(pass_open(shuffle->input, NULL, 0, &pass, err));
  make_targets(straight, shuffle->partitions);
  Store *store = store_new(copy->engine, shuffle->partitions);
  Shuffler shuffler;
  int what = 0; /* keys and origins only where operators follow */
  for (size_t i = 0; i < straight->count; i++)
    if (straight->items[i]->chain.op_count) what = GATHER_KEY | GATHER_ORIGINS;
  shuffler_init(&shuffler, copy->engine, store, what, copy_room(copy->engine));
  DcCode code = copy_shuffled(copy, pass, &shuffler, straight_targets, straight, err);
  shuffler_free(&shuffler);
  store_free(store);
  pass_close(pass);
  dc_free(straight->targets.first);
  dc_free(straight->targets.output);
  return code;
}

/* An item that alone leads to its shuffle by choices that nobody else refers to. */
static bool may_go_straight(const Copy *copy, const CopyJob *item) {
  if (item->root->kind != NODE_SHUFFLE || item->root->store || item->outer_shared || item->skip) return false;
  if (copy->typed || !copy_follows_blocks(copy, item->root->input)) return false;
  return !(copy_one_file(copy) && item->copy.dataset->partitions > 1);
}

/* All that refers to the shuffle are these items: then nobody needs its rows again. */
static DcCode write_all_straight(Copy *copy, CopyJob *items, size_t count, DcError *err) {
  Straight straight = {.items = dc_alloc((count + 1) * sizeof *straight.items)};
  DcCode code = DC_OK;
  for (size_t i = 0; i < count && code == DC_OK; i++) {
    if (items[i].done || !may_go_straight(copy, &items[i])) continue;
    Dataset *root = items[i].root;
    straight.count = 0;
    for (size_t k = i; k < count; k++)
      if (items[k].root == root && may_go_straight(copy, &items[k])) straight.items[straight.count++] = &items[k];
    if ((size_t)atomic_load(&root->refs) != straight.count) continue;
    code = write_straight(copy, &straight, err);
    for (size_t k = 0; k < straight.count; k++) straight.items[k]->done = true;
  }
  dc_free(straight.items);
  return code;
}

/* --- The statement --- */

/* Goes down from an item's dataset to what it rests on: choices of partitions are followed, operators that nobody else
   refers to are collected. */
static void resolve(CopyJob *item) {
  Dataset *node = item->copy.dataset;
  uint32_t count = node->partitions;
  size_t cap = 0;
  item->parts = dc_alloc(((size_t)count + 1) * sizeof *item->parts);
  for (uint32_t p = 0; p < count; p++) item->parts[p] = p;
  while (!node->store && (node->kind == NODE_CHOOSE || (node->kind == NODE_NARROW && atomic_load(&node->refs) == 1))) {
    item->outer_shared = item->outer_shared || atomic_load(&node->refs) > 1;
    for (uint32_t p = 0; node->kind == NODE_CHOOSE && p < count; p++)
      if (item->parts[p] != NO_PART) item->parts[p] = node->parts[item->parts[p]];
    if (node->kind == NODE_NARROW) {
      VEC_GROW(item->chain.ops, item->chain.op_count, cap);
      item->chain.ops[item->chain.op_count++] = &node->op;
    }
    node = node->input;
  }
  for (size_t i = 0; i + 1 < item->chain.op_count - i; i++) { /* from the root up */
    const NarrowOp *swap = item->chain.ops[i];
    item->chain.ops[i] = item->chain.ops[item->chain.op_count - 1 - i];
    item->chain.ops[item->chain.op_count - 1 - i] = swap;
  }
  item->root = node;
  item->chain.schema = &node->schema;
}

static DcCode project(Engine *engine, CopyJob *item, const CopySpec *spec, DcError *err) {
  Dataset *narrowed;
  DC_TRY(dataset_alter_columns(engine, item->copy.dataset, spec->columns, spec->column_count, &narrowed, err));
  dataset_unref(item->copy.dataset);
  item->copy.dataset = narrowed;
  return DC_OK;
}

static DcCode declare(Copy *copy, CopyJob *items, size_t count, const CopySpec *spec, DcError *err) {
  for (size_t i = 0; i < count; i++) {
    if (spec->columns) DC_TRY(project(copy->engine, &items[i], spec, err));
    if (copy->sink) DC_TRY(system_messages(copy, &items[i].copy.dataset, err));
    Dataset *dataset = items[i].copy.dataset;
    DcCode code = copy_dataset(copy, items[i].copy.name, &dataset->schema, dataset->partitions, &items[i].first, &items[i].skip, err);
    if (code != DC_OK) return dc_position(err, spec->path_pos);
    resolve(&items[i]);
    size_t outputs = copy->output_count - items[i].first;
    for (size_t k = 0; items[i].chain.op_count && k < outputs; k++) copy->outputs[items[i].first + k].chain = &items[i].chain;
  }
  const char *warning = copy->stage ? stage_warning(copy->stage) : NULL;
  if (warning) engine_warn(copy->engine, spec->path_pos, "%s", warning);
  return DC_OK;
}

/* What the job computes is stored, too, as its root. */
static void store_computed(Copy *copy, CopyJob *item) {
  uint32_t count = item->copy.dataset->partitions;
  for (uint32_t p = 0; p < count; p++) item->parts[p] = p;
  item->root = item->copy.dataset;
  item->chain = (Chain){.schema = &item->root->schema, .ops = item->chain.ops};
  for (uint32_t k = 0; k < (copy_one_file(copy) ? 1 : count); k++) copy->outputs[item->first + k].chain = NULL;
}

static DcCode guess_all(Copy *copy, Layout *layout, Dataset *root, DcError *err) {
  uint32_t *all = dc_alloc(((size_t)root->partitions + 1) * sizeof *all);
  for (uint32_t p = 0; p < root->partitions; p++) all[p] = p;
  DcCode code = typed_guess(copy, layout, root, all, root->partitions, err);
  dc_free(all);
  return code;
}

/* Its rows can be had twice without being stored. */
static bool is_cheap_again(const Dataset *root) {
  while (root->kind == NODE_NARROW && !root->store) root = root->input;
  return root->store || (root->kind == NODE_SOURCE && load_regular(root->load));
}

/* @types = 'auto': one more pass. Types that nobody knows: the rows are stored and looked through. Jobs that show the
   same stored rows have the types in common. */
static DcCode guess_types(Copy *copy, CopyJob *item, const CopyJob *before, DcError *err) {
  Layout *layout = &copy->layouts[copy->outputs[item->first].layout];
  if (!copy->typed || layout->decided) return DC_OK;
  bool unknown = typed_unknown(layout);
  if (item->chain.op_count && (unknown || !is_cheap_again(item->root))) store_computed(copy, item);
  Dataset *root = item->root, *seen = item->chain.op_count ? item->copy.dataset : root;
  root->keyless = root->keyless || (atomic_load(&root->refs) == 1 && root == item->copy.dataset);
  if (unknown || !is_cheap_again(root)) DC_TRY(node_compute(root, NULL, root->partitions, err));
  if (before && before->root == root && !item->chain.op_count && !before->chain.op_count) {
    const Layout *known = &copy->layouts[copy->outputs[before->first].layout];
    layout->types = known->types;
    layout->type_count = known->type_count;
    layout->record = known->record;
    layout->decided = known->decided;
    return DC_OK;
  }
  if (unknown) DC_TRY(guess_all(copy, layout, root, err));
  uint8_t *texts = typed_auto_columns(copy, layout);
  DcCode code = texts ? typed_auto(copy, layout, seen, texts, err) : DC_OK;
  dc_free(texts);
  return code == DC_OK ? typed_decide(copy, layout, err) : code;
}

static DcCode write_items(Copy *copy, CopyJob *items, size_t count, DcError *err) {
  bool in_order = !copy->stage; /* standard output gets one after another */
  if (!in_order || count == 1) DC_TRY(write_all_straight(copy, items, count, err));
  DC_TRY(copy_fans(copy, items, count, err));
  Tasks tasks = {.copy = copy};
  const CopyJob *guessed = NULL;
  DcCode code = DC_OK;
  for (size_t i = 0; i < count && code == DC_OK; i++) {
    CopyJob *item = &items[i];
    if (item->done || item->skip) continue;
    code = guess_types(copy, item, guessed, err);
    if (code != DC_OK) break;
    guessed = item;
    bool sorted = item->root->kind == NODE_SORT && atomic_load(&item->root->refs) == 1; /* merged on its way into the files */
    bool stored = (node_is_breaker(item->root) && !sorted) || dataset_computed(item->root) || !copy_follows_blocks(copy, item->root);
    if (pass_leaves_out_files(item->root, item->chain.ops, item->chain.op_count)) stored = false; /* it follows the blocks of those that it reads */
    if (copy->sink) stored = false;
    if (copy->sink && system_sink_is_read(copy, item->root)) code = node_compute(item->root, NULL, item->root->partitions, err);
    if (code != DC_OK) break;
    if (!stored) {
      item->root->keyless = sorted && item->root == item->copy.dataset; /* so they need not be computed */
      code = write_pass(copy, item, err);
      if (code == DC_OK && in_order) code = copy_finish(copy, &copy->outputs[item->first], err);
      dataset_unref(item->copy.dataset); /* its memory is not needed any more */
      item->copy.dataset = NULL;
      continue;
    }
    code = node_compute(item->root, NULL, item->root->partitions, err);
    if (code == DC_OK) add_tasks(&tasks, item);
    if (code == DC_OK && in_order) {
      code = run_tasks(&tasks, err);
      if (code == DC_OK) code = copy_finish(copy, &copy->outputs[item->first], err);
      tasks.count = 0;
      atomic_store(&tasks.next, 0);
    }
  }
  if (code == DC_OK && tasks.count) code = run_tasks(&tasks, err);
  dc_free(tasks.tasks);
  return code;
}

DcCode dataset_copy(Engine *engine, CopyItem *copies, size_t count, const CopySpec *given, DcError *err) {
  Copy copy;
  CopySpec inner = *given;
  const CopySpec *spec = given;
  CopyItem *pieces = NULL;
  DcCode code = copy_open(&copy, engine, spec, err);
  if (copy.file.folder_count) {
    size_t piece_count = 0;
    if (code == DC_OK) code = copy_split(&copy, copies, count, spec, &pieces, &piece_count, err);
    else for (size_t i = 0; i < count; i++) dataset_unref(copies[i].dataset);
    copies = pieces;
    count = piece_count;
    inner.columns = NULL; /* pieces have those that are asked for */
    spec = &inner;
  }
  CopyJob *items = dc_alloc((count + 1) * sizeof *items);
  for (size_t i = 0; i < count; i++) items[i].copy = copies[i];
  dc_free(pieces);
  if (code == DC_OK) code = declare(&copy, items, count, spec, err);
  if (code == DC_OK) code = write_items(&copy, items, count, err);
  code = copy_close(&copy, code, err);
  for (size_t i = 0; i < count; i++) {
    dataset_unref(items[i].copy.dataset);
    dc_free(items[i].parts);
    dc_free(items[i].chain.ops);
  }
  dc_free(items);
  return code;
}
