/* test_batch.c - taking, joining, packing batches: both layouts, all kinds of columns, NULLs, keys, origins. */
#include <check.h>

#include "unit/evaluate.h"
#include "value/batch.h"

enum { ROWS = 40, COLUMNS = 6 }; /* BOOL, INT, DOUBLE, STRING, VALUE, NULLs only */

static Budget *budget;
static Arena arena;
static DcError err;

static Value cell(uint32_t row, uint32_t column) {
  Value items[2] = {value_int(row), value_text("x")};
  if (column < 5 && row % 7 == column) return value_null();
  switch (column) {
    case 0: return value_bool(row % 2);
    case 1: return value_int((int64_t)row * 1000003 - 5);
    case 2: return value_double(row / 4.0);
    case 3: return value_str(arena_printf(&arena, "%.*s", (int)(row % 5), "abcd"));
    case 4: return row % 3 == 0 ? value_int(row) : row % 3 == 1 ? value_text("mixed") : value_array(&arena, items, 2);
    default: return value_null();
  }
}

static Value key_of(uint32_t row) { return row % 5 ? value_int((int64_t)row) : value_null(); }

/* Rows first … first + n - 1; with columns turned by shift, so that kinds differ. */
static Batch *make(uint32_t first, uint32_t n, uint32_t shift, bool key, bool origins) {
  ColumnBuilder builders[COLUMNS], keys;
  uint64_t from[ROWS];
  Batch *batch;
  column_builder_init(&keys);
  for (uint32_t c = 0; c < COLUMNS; c++) {
    column_builder_init(&builders[c]);
    for (uint32_t i = 0; i < n; i++) column_builder_add(&builders[c], cell(first + i, (c + shift) % COLUMNS));
  }
  for (uint32_t i = 0; i < n; i++) {
    column_builder_add(&keys, key_of(first + i));
    from[i] = origin_make(9, first + i);
  }
  ck_assert_int_eq(batch_from_builders(budget, builders, COLUMNS, key ? &keys : NULL, origins ? from : NULL, origin_make(9, first), n, &batch, &err), DC_OK);
  for (uint32_t c = 0; c < COLUMNS; c++) column_builder_free(&builders[c]);
  column_builder_free(&keys);
  return batch;
}

static void same_value(Value got, Value want, uint32_t row, uint32_t column) {
  ck_assert_msg(got.type == want.type && value_total_order(got, want) == 0, "row %u column %u: %.*s, not %.*s", row, column, STR_ARG(value_to_str(&arena, got)), STR_ARG(value_to_str(&arena, want)));
}

/* Row i of batch is row `row` as it was made. */
static void check_row(const Batch *batch, uint32_t i, uint32_t row, uint32_t shift, bool origins) {
  for (uint32_t c = 0; c < COLUMNS; c++) same_value(column_value(&batch->columns[c], i, &arena), cell(row, (c + shift) % COLUMNS), row, c);
  if (batch->key) same_value(column_value(batch->key, i, &arena), key_of(row), row, COLUMNS);
  if (origins) ck_assert_uint_eq(batch_origin(batch, i), origin_make(9, row));
}

/* A copy by way of its packed form. */
static Batch *round_trip(Batch *batch) {
  Buf header = {0};
  Slab *payload;
  batch_pack(&header, batch);
  size_t size = batch_payload(batch);
  ck_assert_uint_eq(packed_payload(header.data), size);
  ck_assert_int_eq(slab_new(budget, size, "test", &payload, &err), DC_OK);
  memcpy(payload->data, batch->slab->data, size);
  batch_unref(batch);
  Batch *copy = batch_unpack(header.data, payload);
  buf_free(&header);
  return copy;
}

START_TEST(take_columns) {
  static const uint32_t rows[] = {3, 3, 39, 0, 17, 8, 9, 10, 11, 12, 30};
  enum { N = sizeof rows / sizeof *rows };
  for (int key = 0; key < 2; key++) {
    Batch *batch = make(0, ROWS, 0, key, false), *taken;
    ck_assert_int_eq(batch_take(budget, batch, rows, NULL, NULL, N, GATHER_KEY | GATHER_ORIGINS, &taken, &err), DC_OK);
    taken = round_trip(taken);
    ck_assert_uint_eq(taken->rows, N);
    ck_assert_int_eq(taken->key != NULL, key);
    for (uint32_t i = 0; i < N; i++) check_row(taken, i, rows[i], 0, true);
    batch_unref(taken);
    ck_assert_int_eq(batch_take(budget, batch, rows, NULL, NULL, 0, 0, &taken, &err), DC_OK);
    ck_assert_uint_eq(taken->rows, 0);
    ck_assert_ptr_null(taken->key);
    batch_unref(taken);
    batch_unref(batch);
  }
}
END_TEST

START_TEST(take_with_another_key) {
  static const uint32_t rows[] = {5, 1, 2}, key_rows[] = {2, 0, 1};
  Batch *batch = make(0, ROWS, 0, true, true), *taken;
  ColumnBuilder builder;
  column_builder_init(&builder);
  column_builder_add(&builder, value_text("zero"));
  column_builder_add(&builder, value_null());
  column_builder_add(&builder, value_text("two"));
  Column key = column_builder_view(&builder, &arena);
  ck_assert_int_eq(batch_take(budget, batch, rows, &key, key_rows, 3, GATHER_KEY, &taken, &err), DC_OK);
  same_value(column_value(taken->key, 0, &arena), value_text("two"), 0, 0);
  same_value(column_value(taken->key, 1, &arena), value_text("zero"), 1, 0);
  same_value(column_value(taken->key, 2, &arena), value_null(), 2, 0);
  ck_assert_ptr_null(taken->origins);
  column_builder_free(&builder);
  batch_unref(taken);
  batch_unref(batch);
}
END_TEST

/* Kinds that differ widen to COLUMN_VALUE; the values stay what they were. */
START_TEST(concat_columns) {
  for (uint32_t shift = 0; shift < COLUMNS; shift++) {
    Batch *a = make(0, 20, 0, true, true), *b = make(20, 20, shift, true, false), *joined;
    BatchSlice slices[] = {{b, 3, 9}, {a, 0, 20}, {b, 0, 0}, {b, 19, 20}};
    ck_assert(batch_alike(a, b));
    ck_assert_int_eq(batch_concat(budget, slices, 4, GATHER_KEY | GATHER_ORIGINS, &joined, &err), DC_OK);
    joined = round_trip(joined);
    ck_assert_uint_eq(joined->rows, 27);
    for (uint32_t i = 0; i < 6; i++) check_row(joined, i, 23 + i, shift, true);
    for (uint32_t i = 0; i < 20; i++) check_row(joined, 6 + i, i, 0, true);
    check_row(joined, 26, 39, shift, true);
    if (shift == 1) ck_assert_int_eq(joined->columns[1].kind, COLUMN_FLAT);
    if (shift == 0) ck_assert_int_eq(joined->columns[1].kind, COLUMN_INT);
    batch_unref(joined);
    batch_unref(b);
    batch_unref(a);
  }
}
END_TEST

static Batch *make_text(const char *const *rows, uint32_t n, uint64_t base) {
  Buf text = {0};
  uint32_t offsets[ROWS + 1] = {0};
  Slab *slab;
  for (uint32_t i = 0; i < n; i++) {
    buf_text(&text, rows[i]);
    offsets[i + 1] = (uint32_t)text.len;
  }
  size_t at = (text.len + 7) & ~(size_t)7;
  ck_assert_int_eq(slab_new(budget, at + sizeof offsets, "test", &slab, &err), DC_OK);
  memcpy(slab->data, text.data, text.len);
  memcpy(slab->data + at, offsets, sizeof offsets);
  Batch *batch = batch_new(BATCH_TEXT, n, slab, 0, false);
  batch->text = slab->data;
  batch->offsets = (const uint32_t *)(const void *)(slab->data + at);
  batch->origin_base = base;
  buf_free(&text);
  return batch;
}

static void check_text(const Batch *batch, uint32_t i, const char *want, uint64_t origin) {
  Str got = str_make(batch->text + batch->offsets[i], batch->offsets[i + 1] - batch->offsets[i]);
  ck_assert_msg(str_is(got, want), "row %u: %.*s, not %s", i, STR_ARG(got), want);
  ck_assert_uint_eq(batch_origin(batch, i), origin);
}

START_TEST(text_rows) {
  static const char *const rows[] = {"a,1\n", "\"two\nlines\",2\r\n", "\n", "a row of more than thirty-two bytes, so that copies take several steps\n"};
  static const uint32_t order[] = {3, 1, 1, 0, 2};
  Batch *a = make_text(rows, 4, origin_make(1, 100)), *b = make_text(rows, 2, origin_make(2, 0)), *taken, *joined;
  ck_assert_int_eq(batch_take(budget, a, order, NULL, NULL, 5, GATHER_ORIGINS, &taken, &err), DC_OK);
  for (uint32_t i = 0; i < 5; i++) check_text(taken, i, rows[order[i]], origin_make(1, 100 + a->offsets[order[i]]));
  ck_assert_uint_eq(batch_bytes(taken, 1, 3), 2 * strlen(rows[1]));
  BatchSlice slices[] = {{taken, 1, 4}, {b, 1, 2}, {a, 2, 4}};
  ck_assert_int_eq(batch_concat(budget, slices, 3, GATHER_ORIGINS, &joined, &err), DC_OK);
  joined = round_trip(joined);
  ck_assert_uint_eq(joined->rows, 6);
  check_text(joined, 1, rows[1], origin_make(1, 104));
  check_text(joined, 2, rows[0], origin_make(1, 100));
  check_text(joined, 3, rows[1], origin_make(2, 4));
  check_text(joined, 5, rows[3], origin_make(1, 100 + a->offsets[3]));
  batch_unref(joined);
  batch_unref(taken);
  batch_unref(b);
  batch_unref(a);
}
END_TEST

/* A builder takes values in any order of types; reset empties it. */
START_TEST(builders_widen) {
  Value values[] = {value_null(), value_int(1), value_null(), value_text("a"), value_double(0.5), value_bool(true), value_null()};
  enum { N = sizeof values / sizeof *values };
  ColumnBuilder builder;
  column_builder_init(&builder);
  for (int round = 0; round < 3; round++) {
    column_builder_reset(&builder);
    for (uint32_t n = 0; n < N; n++) {
      column_builder_add(&builder, values[(n + (uint32_t)round) % N]);
      Column column = column_builder_view(&builder, &arena);
      for (uint32_t i = 0; i <= n; i++) same_value(column_value(&column, i, &arena), values[(i + (uint32_t)round) % N], i, n);
    }
  }
  static const int64_t ints[] = {1, 2, 3};
  static const uint8_t nulls[] = {0, 1, 0};
  column_builder_reset(&builder);
  column_builder_add(&builder, value_null());
  column_builder_add_ints(&builder, ints, NULL, 3);
  column_builder_add_ints(&builder, ints, nulls, 3);
  Column column = column_builder_view(&builder, &arena);
  same_value(column_value(&column, 0, &arena), value_null(), 0, 0);
  for (uint32_t i = 0; i < 6; i++) same_value(column_value(&column, i + 1, &arena), i == 4 ? value_null() : value_int(ints[i % 3]), i + 1, 0);
  column_builder_free(&builder);
}
END_TEST

static void set_up(void) {
  budget = budget_new(64 << 20);
  memset(&err, 0, sizeof err);
}

static void tear_down(void) { /* every block was given back */
  ck_assert_uint_eq(budget_used(budget), 0);
  budget_free(budget);
  arena_free(&arena);
}

int main(void) {
  Suite *suite = suite_create("batch");
  TCase *tests = tcase_create("batch");
  suite_add_tcase(suite, tests);
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, take_columns);
  tcase_add_test(tests, take_with_another_key);
  tcase_add_test(tests, concat_columns);
  tcase_add_test(tests, text_rows);
  tcase_add_test(tests, builders_widen);
  return run_suite(suite);
}
