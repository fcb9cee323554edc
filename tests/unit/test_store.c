/* test_store.c - keeping partitions: pieces in any order, spilling in between, reading back in order, partitions that
 * come up on the way. */
#include "cli/packages.h"
#include "engine/engine.h"
#include "engine/store.h"
#include "unit/evaluate.h"

enum { ROWS = 100, MOST_PARTS = 40, WIDE = 2000 };

static Engine *engine;

static uint32_t place(uint64_t row, uint32_t parts) { return (uint32_t)(row * 7 / 3 % parts); }

/* Piece number seq: rows seq * ROWS … in order of their partitions, or all in one. wide: long texts. */
static Piece make_piece(uint64_t seq, uint32_t parts, bool one, bool wide) {
  ColumnBuilder columns[2];
  uint32_t *starts = one ? NULL : dc_alloc((parts + 1) * sizeof *starts), n = 0;
  Batch *batch;
  DcError err = {0};
  char *text = dc_alloc(WIDE + 1);
  memset(text, 'x', WIDE);
  for (int c = 0; c < 2; c++) column_builder_init(&columns[c]);
  for (uint32_t p = 0; p < parts; p++) {
    for (uint64_t row = seq * ROWS; row < (seq + 1) * ROWS; row++) {
      if (one ? p > 0 : place(row, parts) != p) continue;
      column_builder_add(&columns[0], value_int((int64_t)row));
      column_builder_add(&columns[1], value_str(str_make(text, wide ? WIDE : row % 9)));
      n++;
    }
    if (starts) starts[p + 1] = n;
  }
  ck_assert_int_eq(batch_from_builders(engine->budget, columns, 2, NULL, NULL, seq * ROWS, ROWS, &batch, &err), DC_OK);
  for (int c = 0; c < 2; c++) column_builder_free(&columns[c]);
  dc_free(text);
  return (Piece){.seq = seq, .batch = batch, .starts = starts, .count = one ? 0 : parts, .part = one ? (uint32_t)(seq % parts) : 0};
}

typedef struct Seen {
  int64_t last;
  uint64_t rows;
} Seen;

/* Rows of a batch come in rising order, each of them whole. */
static void see(Seen *seen, const Batch *batch, uint32_t from, uint32_t to, bool wide) {
  for (uint32_t i = from; i < to; i++) {
    Value number = column_value(&batch->columns[0], i, NULL), text = column_value(&batch->columns[1], i, NULL);
    ck_assert_int_gt(number.as.i, seen->last);
    ck_assert_uint_eq(text.len, wide ? WIDE : (uint64_t)number.as.i % 9);
    seen->last = number.as.i;
    seen->rows++;
  }
}

static uint64_t read_part(Store *store, uint32_t part, bool wide) {
  Seen seen = {-1, 0};
  for (size_t r = 0; r < store->run_count; r++) {
    const Run *run = &store->runs[r];
    for (uint32_t e = part < run->partitions ? run->first[part] : 0; part < run->partitions && e < run->first[part + 1]; e++) {
      Batch *batch;
      DcError err = {0};
      ck_assert_int_eq(store_read(store, run, &run->extents[e], &batch, &err), DC_OK);
      ck_assert_uint_eq(batch->rows, run->extents[e].rows);
      see(&seen, batch, 0, batch->rows, wide);
      batch_unref(batch);
    }
  }
  for (size_t i = 0; i < store->piece_count; i++) {
    uint32_t from, to;
    piece_range(&store->pieces[i], part, &from, &to);
    see(&seen, store->pieces[i].batch, from, to, wide);
  }
  ck_assert_uint_eq(seen.rows, store->part_rows[part]);
  return seen.rows;
}

/* Pieces in groups of `group`, backwards in each, as workers may finish them; a spill behind each group but the last. */
static void run_store(uint32_t parts, uint64_t pieces, uint64_t group, bool spill, bool one, bool wide) {
  Store *store = store_new(engine, parts);
  DcError err = {0};
  uint64_t rows = 0;
  for (uint64_t first = 0; first < pieces; first += group) {
    for (uint64_t i = group; i-- > 0;) store_add(store, make_piece(first + i, parts, one, wide));
    if (spill && first + group < pieces) {
      ck_assert_int_eq(store_spill(store, &err), DC_OK);
      ck_assert_uint_eq(store->piece_count, 0);
      ck_assert_uint_eq(store->memory, 0);
      ck_assert_uint_eq(budget_used(engine->budget), 0);
    }
  }
  store_sort(store);
  for (uint32_t p = 0; p < parts; p++) rows += read_part(store, p, wide);
  ck_assert_uint_eq(rows, pieces * ROWS);
  ck_assert_uint_eq(store->rows, rows);
  store_free(store);
  ck_assert_uint_eq(budget_used(engine->budget), 0);
}

START_TEST(pieces_in_memory) {
  run_store(1, 4, 4, false, false, false);
  run_store(7, 12, 4, false, false, false);
  run_store(MOST_PARTS, 5, 5, false, true, false);
}
END_TEST

START_TEST(pieces_on_disk) {
  run_store(1, 12, 3, true, false, false);
  run_store(MOST_PARTS, 12, 4, true, false, false);
  run_store(3, 12, 4, true, true, false);
}
END_TEST

/* What is older than what stays in memory, more of it with each run. */
START_TEST(oldest_pieces_on_disk) {
  Store *store = store_new(engine, 1);
  DcError err = {0};
  uint64_t seq = 0;
  for (int runs = 1; runs <= 5; runs++) {
    for (uint64_t end = seq + 200; seq < end; seq++) store_add(store, make_piece(seq, 1, false, true));
    size_t before = store->piece_count, memory = store->memory;
    ck_assert_int_eq(store_spill_some(store, &err), DC_OK);
    ck_assert_uint_eq(store->run_count, runs);
    size_t share = runs > 3 ? before : before >> (4 - runs), left = before - store->piece_count;
    ck_assert(left >= share && left <= share + 1);
    ck_assert_uint_eq(store->memory * before, memory * store->piece_count);
    if (store->piece_count) ck_assert_uint_eq(store->pieces[0].seq, seq - store->piece_count);
  }
  ck_assert_uint_eq(store->piece_count, 0);
  ck_assert_uint_eq(read_part(store, 0, true), seq * ROWS);
  store_free(store);
}
END_TEST

/* A partition of more than one extent. */
START_TEST(long_partitions) { run_store(2, 120, 60, true, false, true); }
END_TEST

/* SPLIT: later pieces know more partitions than earlier ones, across a spill. */
START_TEST(partitions_on_the_way) {
  Store *store = store_new(engine, 0);
  DcError err = {0};
  uint64_t rows = 0, pieces = 9;
  for (uint64_t seq = 0; seq < pieces; seq++) {
    store_add(store, make_piece(seq, 1 + (uint32_t)seq * 4, false, false));
    if (seq % 4 == 2) ck_assert_int_eq(store_spill(store, &err), DC_OK);
  }
  ck_assert_uint_eq(store->partitions, 1 + (pieces - 1) * 4);
  store_extend(store, 1000);
  store_sort(store);
  for (uint32_t p = 0; p < store->partitions; p++) rows += read_part(store, p, false);
  ck_assert_uint_eq(rows, pieces * ROWS);
  ck_assert_uint_eq(store->part_rows[999], 0);
  store_free(store);
}
END_TEST

START_TEST(nothing_to_spill) {
  Store *store = store_new(engine, 3);
  DcError err = {0};
  ck_assert_int_eq(store_spill(store, &err), DC_OK);
  ck_assert_uint_eq(store->run_count, 0);
  store_add(store, make_piece(0, 3, false, false));
  store_drop_pieces(store);
  ck_assert_uint_eq(budget_used(engine->budget), 0);
  store_free(store);
  store_free(NULL);
}
END_TEST

/* Three workers, each with partitions of its own, that spill while the others add. */
typedef struct Adders {
  Store *store;
  DcError errors[3];
} Adders;

enum { ADD_PARTS = 6, ADD_PIECES = 90 };

static void add_and_spill(void *self, int number) {
  Adders *adders = self;
  for (uint64_t seq = 0; seq < ADD_PIECES; seq++) {
    if ((int)(seq % ADD_PARTS % 3) != number) continue;
    store_add(adders->store, make_piece(seq, ADD_PARTS, true, false));
    ck_assert_int_eq(store_spill_here(adders->store, 4000, &adders->errors[number]), DC_OK);
  }
}

START_TEST(spilling_while_others_add) {
  Adders adders = {.store = store_new(engine, ADD_PARTS)};
  uint64_t rows = 0;
  pool_run(engine->pool, 3, add_and_spill, &adders);
  store_sort(adders.store);
  ck_assert_uint_gt(adders.store->run_count, 0);
  ck_assert_uint_le(adders.store->memory, 4000);
  for (size_t r = 0; r < adders.store->run_count; r++) ck_assert_uint_le(adders.store->runs[r].first[ADD_PARTS], ADD_PARTS); /* whole extents */
  for (uint32_t p = 0; p < ADD_PARTS; p++) rows += read_part(adders.store, p, false);
  ck_assert_uint_eq(rows, ADD_PIECES * ROWS);
  store_free(adders.store);
  ck_assert_uint_eq(budget_used(engine->budget), 0);
}
END_TEST

static void set_up(void) {
  EngineOptions options = {.threads = 3, .memory = 8 << 20, .max_bad_records = UINT64_MAX};
  DcError err = {0};
  ck_assert_int_eq(engine_new(&options, &engine, &err), DC_OK);
}

static void tear_down(void) { engine_free(engine); }

int main(void) {
  packages_install();
  Suite *suite = suite_create("store");
  TCase *tests = tcase_create("store");
  suite_add_tcase(suite, tests);
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, pieces_in_memory);
  tcase_add_test(tests, pieces_on_disk);
  tcase_add_test(tests, oldest_pieces_on_disk);
  tcase_add_test(tests, long_partitions);
  tcase_add_test(tests, partitions_on_the_way);
  tcase_add_test(tests, nothing_to_spill);
  tcase_add_test(tests, spilling_while_others_add);
  return run_suite(suite);
}
