/* typed_auto.c - @types = 'auto': all texts of the columns are looked at before they are written, and get the type that all of
 * them look like. Costs one more pass over the input. */
#include "engine/pass.h"
#include "engine/typed_format.h"
#include "value/text_guess.h"

typedef struct AutoPass {
  Consumer consumer;
  uint32_t count;
  const uint8_t *columns; /* one byte each: it is looked at */
  TextGuess **guesses;    /* of each worker */
} AutoPass;

static void add_vector(TextGuess *guess, const Vector *vector, uint32_t n, Arena *scratch) {
  for (uint32_t i = 0; i < n && guess->possible; i++) {
    if (vector_is_null(vector, i)) continue;
    if (vector->kind == VEC_STR) text_guess_add(guess, vector->as.strs[vector->constant ? 0 : i]);
    else text_guess_add(guess, value_to_str(scratch, vector_value(vector, i)));
  }
}

static DcCode auto_rows(Consumer *self, Worker *worker, const Morsel *morsel, View *view) {
  const AutoPass *pass = (const AutoPass *)self;
  TextGuess *guesses = pass->guesses[worker->number];
  (void)morsel;
  for (uint32_t c = 0; c < pass->count; c++)
    if (pass->columns[c] && guesses[c].possible) add_vector(&guesses[c], view_column(worker, view, c), view->n, &worker->scratch);
  return DC_OK;
}

DcCode typed_auto(Copy *copy, Layout *layout, Dataset *dataset, const uint8_t *columns, DcError *err) {
  uint32_t count = layout->type_count;
  Pass *rows = NULL;
  DC_TRY(pass_open(dataset, NULL, 0, &rows, err));
  size_t threads = (size_t)pool_threads(dataset->engine->pool);
  AutoPass pass = {.consumer = {.rows = auto_rows, .columns = columns}, .count = count, .columns = columns};
  pass.guesses = dc_alloc(threads * sizeof *pass.guesses);
  for (size_t i = 0; i < threads; i++) {
    pass.guesses[i] = dc_alloc(((size_t)count + 1) * sizeof **pass.guesses);
    for (uint32_t c = 0; c < count; c++) text_guess_start(&pass.guesses[i][c]);
  }
  DcCode code = pass_run(rows, &pass.consumer, NULL, err);
  pass_close(rows);
  for (size_t i = 0; i < threads; i++) {
    for (uint32_t c = 0; c < count && i; c++) text_guess_merge(&pass.guesses[0][c], &pass.guesses[i][c]);
    if (i) dc_free(pass.guesses[i]);
  }
  for (uint32_t c = 0; c < count; c++)
    if (code == DC_OK && columns[c]) typed_set(copy, layout, c, text_guess_type(&pass.guesses[0][c]));
  dc_free(pass.guesses[0]);
  dc_free(pass.guesses);
  return code;
}
