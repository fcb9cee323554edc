/* sort.c - ORDER BY: evaluates the keys, lets a Sorter order the rows, and hands them out as the merge makes them. */
#include "engine/sort.h"

#include "engine/sorter.h"

typedef struct SortConsumer {
  Consumer consumer;
  Sorter *sorter;
  const SortPlan *plan;
  const Program *program;
} SortConsumer;

static DcCode sort_begin(Consumer *self, Worker *worker, const Morsel *morsel) {
  (void)morsel;
  sorter_begin(((SortConsumer *)self)->sorter, worker);
  return DC_OK;
}

static DcCode sort_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  SortConsumer *consumer = (SortConsumer *)self;
  const SortPlan *plan = consumer->plan;
  (void)morsel;
  Vector *keys = arena_alloc(&worker->scratch, (plan->key_count + 1) * sizeof *keys);
  const Expr **exprs = arena_alloc(&worker->scratch, (plan->key_count + 1) * sizeof *exprs);
  for (size_t k = 0; k < plan->key_count; k++) exprs[k] = plan->keys[k].expr;
  view_fetch_for(worker, view, exprs, plan->key_count);
  for (size_t k = 0; k < plan->key_count; k++) DC_TRY(vector_eval(worker, consumer->program, exprs[k], view, &keys[k]));
  return sorter_add(consumer->sorter, worker, view, keys);
}

static DcCode sort_end(Consumer *self, Worker *worker, const Morsel *morsel) { return sorter_end(((SortConsumer *)self)->sorter, worker, morsel); }

static bool sort_full(Consumer *self) { return sorter_full(((SortConsumer *)self)->sorter); }

static DcCode collect(Dataset *node, Sorter *sorter, DcError *err) {
  Pass *pass;
  SortConsumer consumer = {{.begin = sort_begin, .rows = sort_rows, .end = sort_end, .full = sort_full, .needs_keys = !node->keyless}, sorter, node->sort, node->op.program};
  DC_TRY(pass_open(node->input, NULL, 0, &pass, err));
  DcCode code = DC_OK;
  for (bool more = true; more && code == DC_OK;) {
    code = pass_run(pass, &consumer.consumer, &more, err);
    if (code == DC_OK && more) code = sorter_make_room(sorter, err);
  }
  pass_close(pass);
  return code;
}

/* Text is text; where all of it looks like numbers, that may not be what was meant. */
static void hint_at_numbers(Dataset *node, const Sorter *sorter) {
  for (size_t k = 0; k < node->sort->key_count; k++) {
    SortLook look = sorter_look(sorter, k);
    const Expr *expr = node->sort->keys[k].expr;
    if (!look.any || look.other || !look.varied) continue;
    Buf text = {0};
    expr_print(&text, expr);
    while (text.len && text.data[text.len - 1] == '\n') text.len--;
    engine_warn(node->engine, expr->pos, "ORDER BY took %.*s as text, but all its values look like numbers; DOUBLE %.*s sorts by their value",
                (int)text.len, text.data, (int)text.len, text.data);
    buf_free(&text);
  }
}

/* --- The rows in order --- */

typedef struct SortOutput {
  Generator generator;
  Sorter *sorter;
  SortMerge *merge;
  uint64_t total;
  uint32_t partitions;
} SortOutput;

static DcCode next_morsel(Generator *self, int worker, Morsel *morsel, Batch **owned, bool *got, DcError *err) {
  SortOutput *output = (SortOutput *)self;
  SortChunk chunk;
  (void)worker;
  DC_TRY(sort_merge_next(output->merge, &chunk, got, err));
  if (!*got) return DC_OK;
  DcCode code = sort_merge_batch(output->merge, &chunk, owned, err);
  sort_merge_done(output->merge, &chunk);
  if (code != DC_OK) return code;
  *morsel = (Morsel){.seq = chunk.seq, .part = sort_partition_of(chunk.rank, output->total, output->partitions), .row = chunk.rank,
                     .batch = *owned, .to = (*owned)->rows};
  return DC_OK;
}

static void close_output(Generator *self) {
  SortOutput *output = (SortOutput *)self;
  sort_merge_free(output->merge);
  sorter_free(output->sorter);
  dc_free(output);
}

DcCode sort_open(Dataset *node, Generator **out, DcError *err) {
  SortOutput *output = dc_alloc(sizeof *output);
  const SortPlan *plan = node->sort;
  output->generator = (Generator){next_morsel, close_output};
  output->partitions = node->partitions;
  output->sorter = sorter_new(node->engine, &node->input->schema, plan->keys, plan->key_count, plan->limit, true);
  if (node->keyless) sorter_drop_keys(output->sorter);
  DcCode code = collect(node, output->sorter, err);
  if (code == DC_OK) code = sorter_merge(output->sorter, node->partitions, &output->merge, err);
  if (code != DC_OK) {
    close_output(&output->generator);
    return code;
  }
  hint_at_numbers(node, output->sorter);
  output->total = sorter_rows(output->sorter);
  *out = &output->generator;
  return DC_OK;
}
