/* copy_fan.c - several outputs of one pass: SELECT … WHERE a INTO x; SELECT … WHERE b INTO y; COPY x, y.
 *
 * Every chunk of rows goes through the operators of each job. What a morsel gives is put behind the outputs' earlier
 * text in the order of the morsels; when that is much, each output is written in one go, so that the files of many
 * outputs are opened seldom. All of it depends on the rows' order only, never on the number of workers.
 */
#include <stdlib.h>

#include "engine/copy.h"
#include "engine/in_order.h"

/* The text of one morsel for all jobs. */
typedef struct Sheet {
  InOrderItem item;
  uint32_t part;
  Buf texts[]; /* by job */
} Sheet;

typedef struct Fan {
  Consumer consumer;
  Copy *copy;
  CopyJob **jobs;
  size_t count;
  uint32_t **outputs; /* of each job: the output of each of the root's partitions, NO_PART: none */
  Sheet **current;    /* of each worker */
  InOrder order;
  Buf *pending;       /* of each output, from first on */
  uint32_t first, output_count;
  size_t bytes, room;
} Fan;

static void free_sheet(void *self, InOrderItem *item) {
  Sheet *sheet = (Sheet *)item;
  for (size_t i = 0; i < ((const Fan *)self)->count; i++) buf_free(&sheet->texts[i]);
  dc_free(sheet);
}

static DcCode fan_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  Fan *fan = (Fan *)self;
  Sheet *sheet = (Sheet *)in_order_get(&fan->order);
  if (!sheet) sheet = dc_alloc(sizeof *sheet + fan->count * sizeof *sheet->texts);
  sheet->item.seq = morsel->seq;
  sheet->part = morsel->part;
  fan->current[worker->number] = sheet;
  return DC_OK;
}

/* One job's share of a view, which stays as it is for the others. */
static DcCode fan_job(Fan *fan, const CopyJob *job, const Output *output, Worker *worker, const View *view, Buf *text) {
  Pen *pen = &fan->copy->pens[worker->number];
  View own = *view;
  own.columns = arena_raw(&worker->scratch, (view->column_count + 1) * sizeof *own.columns);
  memcpy(own.columns, view->columns, view->column_count * sizeof *own.columns);
  for (size_t i = 0; i < job->chain.op_count && own.n; i++) DC_TRY(narrow_apply(worker, job->chain.ops[i], &own, false));
  if (!own.n) return DC_OK;
  Buf saved = pen->text;
  pen->text = *text;
  DcCode code = copy_encode(fan->copy, pen, output, &own);
  *text = pen->text;
  pen->text = saved;
  return code;
}

static DcCode fan_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  Fan *fan = (Fan *)self;
  Buf *texts = fan->current[worker->number]->texts;
  for (size_t i = 0; i < fan->count; i++) /* columns of the filters are fetched once for all */
    if (fan->jobs[i]->chain.op_count) view_fetch_for(worker, view, &fan->jobs[i]->chain.ops[0]->where, 1);
  for (size_t i = 0; i < fan->count; i++) {
    uint32_t output = fan->outputs[i][morsel->part];
    if (output == NO_PART) continue;
    ArenaMark mark = arena_mark(&worker->scratch);
    DC_TRY(fan_job(fan, fan->jobs[i], &fan->copy->outputs[output], worker, view, &texts[i]));
    arena_rewind(&worker->scratch, mark);
  }
  return DC_OK;
}

/* Each output's text into its file. Nobody else is at it. */
static DcCode flush(Fan *fan, Pen *pen, DcError *err) {
  for (uint32_t i = 0; i < fan->output_count; i++) {
    if (!fan->pending[i].len) continue;
    DC_TRY(copy_write(fan->copy, pen, &fan->copy->outputs[fan->first + i], &fan->pending[i], err));
    buf_free(&fan->pending[i]);
  }
  budget_charge(fan->copy->engine->budget, -(int64_t)fan->bytes);
  fan->bytes = 0;
  return DC_OK;
}

/* Puts a morsel's texts behind those of the outputs. */
static DcCode put_sheet(void *self, int worker, InOrderItem *item, DcError *err) {
  Fan *fan = self;
  Sheet *sheet = (Sheet *)item;
  size_t before = fan->bytes;
  for (size_t i = 0; i < fan->count; i++) {
    if (!sheet->texts[i].len) continue;
    buf_put(&fan->pending[fan->outputs[i][sheet->part] - fan->first], sheet->texts[i].data, sheet->texts[i].len);
    fan->bytes += sheet->texts[i].len;
    sheet->texts[i].len = 0;
  }
  budget_charge(fan->copy->engine->budget, (int64_t)(fan->bytes - before));
  return fan->bytes >= fan->room ? flush(fan, &fan->copy->pens[worker], err) : DC_OK;
}

static DcCode fan_end(Consumer *self, Worker *worker, const Morsel *morsel) {
  Fan *fan = (Fan *)self;
  Sheet *sheet = fan->current[worker->number];
  (void)morsel;
  fan->current[worker->number] = NULL;
  sheet->item.bytes = 0;
  for (size_t i = 0; i < fan->count; i++) sheet->item.bytes += sheet->texts[i].len;
  return in_order_put(&fan->order, worker->number, &sheet->item, &worker->err);
}

/* The output of each of the root's partitions; false: one is asked for twice. */
static bool invert(const Copy *copy, const CopyJob *job, uint32_t *outputs) {
  bool one = copy_one_file(copy);
  for (uint32_t p = 0; p < job->root->partitions; p++) outputs[p] = NO_PART;
  for (uint32_t p = 0; p < job->copy.dataset->partitions; p++) {
    uint32_t part = job->parts[p];
    if (part == NO_PART) continue;
    if (outputs[part] != NO_PART || (one && p && job->parts[p - 1] > part)) return false;
    outputs[part] = job->first + (one ? 0 : p);
  }
  return true;
}

static DcCode run_fan(Fan *fan, DcError *err) {
  Copy *copy = fan->copy;
  Dataset *root = fan->jobs[0]->root;
  uint32_t *wanted = dc_alloc(((size_t)root->partitions + 1) * sizeof *wanted);
  for (uint32_t p = 0; p < root->partitions; p++) {
    wanted[p] = NO_PART;
    for (size_t i = 0; i < fan->count; i++)
      if (fan->outputs[i][p] != NO_PART) wanted[p] = p;
  }
  Pass *pass = NULL;
  DcCode code = pass_open_below(root, wanted, root->partitions, &pass, err);
  if (code == DC_OK) code = pass_run(pass, &fan->consumer, NULL, err);
  if (code == DC_OK) code = flush(fan, &copy->pens[0], err);
  pass_close(pass);
  dc_free(wanted);
  return code;
}

static void fan_free(Fan *fan) {
  size_t threads = (size_t)pool_threads(fan->copy->engine->pool);
  for (size_t i = 0; i < threads; i++)
    if (fan->current[i]) free_sheet(fan, &fan->current[i]->item);
  in_order_deinit(&fan->order, free_sheet);
  for (uint32_t i = 0; i < fan->output_count; i++) buf_free(&fan->pending[i]);
  for (size_t i = 0; i < fan->count; i++) dc_free(fan->outputs[i]);
  budget_charge(fan->copy->engine->budget, -(int64_t)fan->bytes);
  dc_free(fan->current);
  dc_free(fan->pending);
  dc_free(fan->outputs);
}

/* fan->jobs is set; *done = false: these jobs have to go another way. */
static DcCode write_fan(Fan *fan, bool *done, DcError *err) {
  Copy *copy = fan->copy;
  fan->consumer = (Consumer){.begin = fan_begin, .rows = fan_rows, .end = fan_end};
  fan->room = copy_room(copy->engine) / 2;
  fan->current = dc_alloc((size_t)pool_threads(copy->engine->pool) * sizeof *fan->current);
  fan->outputs = dc_alloc(fan->count * sizeof *fan->outputs);
  in_order_init(&fan->order, copy->engine, fan->room, put_sheet, fan);
  fan->first = UINT32_MAX;
  uint32_t end = 0;
  bool fits = true;
  for (size_t i = 0; i < fan->count; i++) {
    const CopyJob *job = fan->jobs[i];
    uint32_t outputs = copy_one_file(copy) ? 1 : job->copy.dataset->partitions;
    fan->outputs[i] = dc_alloc(((size_t)job->root->partitions + 1) * sizeof **fan->outputs);
    fits = fits && invert(copy, job, fan->outputs[i]);
    if (job->first < fan->first) fan->first = job->first;
    if (job->first + outputs > end) end = job->first + outputs;
  }
  fan->output_count = end - fan->first;
  fan->pending = dc_alloc(((size_t)fan->output_count + 1) * sizeof *fan->pending);
  DcCode code = fits ? run_fan(fan, err) : DC_OK;
  *done = fits;
  fan_free(fan);
  return code;
}

/* Compressed outputs need rows that come in the same morsels in every run. */
static bool comes_alike(const Copy *copy, const Dataset *root) {
  if (copy->file.output_codec == CODEC_NONE || root->kind == NODE_SOURCE) return true;
  return root->kind == NODE_NARROW && root->input && copy_follows_blocks(copy, root->input);
}

static bool may_fan(const Copy *copy, const CopyJob *job) {
  const Dataset *root = job->root;
  if (copy->typed || !comes_alike(copy, root) || pass_leaves_out_files(root, job->chain.ops, job->chain.op_count)) return false;
  return !job->done && !job->skip && !job->outer_shared && !root->store && !node_is_breaker(root) && root->kind != NODE_STORED;
}

DcCode copy_fans(Copy *copy, CopyJob *jobs, size_t count, DcError *err) {
  CopyJob **together = dc_alloc((count + 1) * sizeof *together);
  DcCode code = DC_OK;
  for (size_t i = 0; i < count && code == DC_OK && copy->stage; i++) {
    if (!may_fan(copy, &jobs[i])) continue;
    size_t n = 0;
    for (size_t k = i; k < count; k++)
      if (jobs[k].root == jobs[i].root && may_fan(copy, &jobs[k])) together[n++] = &jobs[k];
    if (n < 2 || (size_t)atomic_load(&jobs[i].root->refs) != n) continue;
    Fan fan = {.copy = copy, .jobs = together, .count = n};
    bool done;
    code = write_fan(&fan, &done, err);
    for (size_t k = 0; k < n; k++) together[k]->done = done;
  }
  dc_free(together);
  return code;
}
