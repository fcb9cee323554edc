/* join.c - JOIN: a table over one input, which the rows of the other probe on their way through a pass. */
#include "engine/join.h"

#include "engine/join_side.h"
#include "engine/join_spill.h"

typedef struct Probe {
  Expander expander;
  JoinShape shape;
  JoinSide side; /* the other input */
  JoinTable table;
  int *places;
  Slab *matched_slab; /* OUTER: one byte for the first entry of each key that found a partner */
  atomic_uchar *matched;
  atomic_uint classes; /* of the kept side's keys */
} Probe;

static void mark(Probe *probe, uint32_t entry) {
  if (!atomic_load_explicit(&probe->matched[entry], memory_order_relaxed))
    atomic_store_explicit(&probe->matched[entry], 1, memory_order_relaxed);
}

static DcCode emit_pairs(Probe *probe, JoinEmit *emit, const uint32_t *heads) {
  const JoinTable *table = &probe->table;
  join_emit_start(emit);
  for (uint32_t i = 0; i < emit->view->n; i++) {
    if (heads[i] == NO_ENTRY) {
      if (probe->shape.left) DC_TRY(join_emit_add(emit, i, NO_REF));
      continue;
    }
    if (probe->matched) mark(probe, heads[i]);
    for (uint32_t entry = heads[i]; entry != NO_ENTRY; entry = table->entries[entry].next)
      DC_TRY(join_emit_add(emit, i, join_ref(table, entry)));
  }
  return join_emit_flush(emit);
}

static DcCode probe_expand(Expander *self, Worker *worker, View *view, uint32_t part, EmitFn emit, void *emit_self) {
  Probe *probe = (Probe *)self;
  (void)part;
  uint64_t *hashes = arena_raw(&worker->scratch, (view->n + 1) * sizeof *hashes);
  uint32_t *heads = arena_raw(&worker->scratch, (view->n + 1) * sizeof *heads);
  const Vector *keys = view_keys(worker, view);
  unsigned classes = join_classes(keys, view->n);
  if (classes & ~atomic_load_explicit(&probe->classes, memory_order_relaxed)) atomic_fetch_or(&probe->classes, classes);
  join_hash(keys, view->n, hashes);
  join_table_find(&probe->table, worker, keys, hashes, view->n, heads);
  if (probe->shape.anti) {
    uint8_t *keep = arena_raw(&worker->scratch, view->n + 1);
    for (uint32_t i = 0; i < view->n; i++) keep[i] = heads[i] == NO_ENTRY;
    view_filter(worker, view, keep);
    return view->n ? emit(emit_self, view) : DC_OK;
  }
  view->key = keys; /* the default key is of the record as it was */
  view->key_source = KEY_VECTOR;
  view->before = NULL;
  JoinEmit out = {.shape = &probe->shape, .table = &probe->table, .places = probe->places, .worker = worker, .view = view, .emit = emit, .self = emit_self};
  return emit_pairs(probe, &out, heads);
}

/* The other side's rows that found nobody: whole chains whose first entry is not marked, and rows without a key. */
static DcCode probe_rest(Expander *self, Generator **out, DcError *err) {
  Probe *probe = (Probe *)self;
  JoinTable *table = &probe->table;
  (void)err;
  *out = NULL;
  size_t count = 0;
  uint8_t *chained = dc_alloc((size_t)table->rows + 1); /* reached from a first entry that is marked */
  for (uint32_t head = 0; head < table->rows; head++)
    if (atomic_load_explicit(&probe->matched[head], memory_order_relaxed))
      for (uint32_t entry = head; entry != NO_ENTRY; entry = table->entries[entry].next) chained[entry] = 1;
  for (uint32_t entry = 0; entry < table->rows; entry++) count += !chained[entry];
  JoinRest *rows = dc_alloc((count + 1) * sizeof *rows);
  count = 0;
  for (uint32_t entry = 0; entry < table->rows; entry++) {
    if (chained[entry]) continue;
    const JoinEntry *at = &table->entries[entry];
    const Column *places = &table->pieces[at->piece].batch->columns[probe->side.column_count];
    rows[count++] = (JoinRest){.place = (uint64_t)column_value(places, at->row, NULL).as.i, .ref = join_ref(table, entry)};
  }
  dc_free(chained);
  if (count) *out = join_rest_new(&probe->shape, table, probe->places, rows, count);
  else dc_free(rows);
  return DC_OK;
}

static void probe_close(Expander *self) {
  Probe *probe = (Probe *)self;
  join_warn_classes(&probe->shape, atomic_load(&probe->classes), atomic_load(&probe->side.classes));
  join_table_free(&probe->table);
  join_side_free(&probe->side);
  slab_unref(probe->matched_slab);
  dc_free(probe->places);
  dc_free(probe);
}

static DcCode build_table(Probe *probe, DcError *err) {
  Store *store = probe->side.store;
  Engine *engine = store->engine;
  store_sort(store);
  DC_TRY(join_table_init(&probe->table, engine, store->pieces, store->piece_count, UINT32_MAX, true, err));
  if (!probe->shape.outer) return DC_OK;
  DC_TRY(slab_new(engine->budget, (size_t)probe->table.rows + 1, "the table of a JOIN", &probe->matched_slab, err));
  memset(probe->matched_slab->data, 0, (size_t)probe->table.rows + 1);
  probe->matched = (atomic_uchar *)(void *)probe->matched_slab->data;
  return DC_OK;
}

DcCode join_open(Dataset *node, const uint32_t *parts, uint32_t count, const uint8_t *needed, Expander **expander, Generator **generator, DcError *err) {
  Probe *probe = dc_alloc(sizeof *probe);
  *expander = NULL;
  *generator = NULL;
  probe->shape = join_shape(node, parts, count);
  uint32_t other = !probe->shape.kept_side;
  Dataset *input = node->inputs[other];
  uint8_t *none = dc_alloc((size_t)input->schema.count + 1);
  bool outer = probe->shape.outer;
  join_side_init(&probe->side, input, join_needed(&probe->shape, other, needed, none), outer, outer, outer ? GATHER_ORIGINS : 0);
  if (input->keyed && needed) probe->side.shuffler.consumer.columns = join_needed(&probe->shape, other, needed, none);
  probe->places = join_side_places(&probe->side, probe->shape.other_count);
  probe->expander = (Expander){probe_expand, outer ? probe_rest : NULL, probe_close, probe->shape.kept_first, probe->shape.width, !node->inputs[probe->shape.kept_side]->keyed};
  Pass *pass = NULL;
  bool more = false;
  DcCode code = pass_open(input, NULL, 0, &pass, err);
  if (code == DC_OK) code = pass_run(pass, &probe->side.shuffler.consumer, &more, err);
  if (code == DC_OK && more) {
    code = join_spill_open(&probe->shape, &probe->side, pass, needed, generator, err);
  } else if (code == DC_OK) {
    code = build_table(probe, err);
    if (code == DC_OK) *expander = &probe->expander;
  }
  dc_free(none);
  pass_close(pass);
  if (!*expander) probe_close(&probe->expander);
  return code;
}
