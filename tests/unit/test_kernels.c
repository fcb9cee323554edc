/* test_kernels.c - vector evaluation against the scalar evaluator, row by row: random expressions over columns of text,
 * numbers, booleans, mixed values and NULLs, in both layouts. The vector side may never have rules of its own. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/packages.h"
#include "engine/engine.h"
#include "engine/view.h"
#include "unit/evaluate.h"

enum { ROWS = 67, COLUMNS = 10, FIRST_TYPED = 6, MOST_TEXT = 4000 };
static const char *const column_names[COLUMNS] = {"i", "d", "h", "t", "m", "n", "I", "D", "B", "V"};

static uint64_t seed;
static uint32_t below(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

/* --- Data --- */

typedef struct Table {
  Value values[COLUMNS][ROWS];
  Arena arena;
} Table;

static const char *random_text(uint32_t column) {
  static const char *const ints[] = {"0", "1", "-1", "7", "007", "12", "-12", "99999", "4", "123456789012345678"};
  static const char *const doubles[] = {"1.5", "-2.25", "0.5", "1e3", "2.5", "-0.0", "1e300", "3.0"};
  static const char *const hexes[] = {"0x0", "0xff", "0XfF", "12", "0x10", "3"};
  static const char *const texts[] = {"a", "b", "abc", "", "äöü€", "x,y", "he said \"no\"", "two\nlines", " ", "A", "true", "null"};
  static const char *const mixed[] = {"1", "2.5", "x", "", " 5 ", "0x1F", "9223372036854775807", "9223372036854775808", "NaN", "Infinity", "-0", "+3", "1e2", "5L", "2d",
                                      "true", "FALSE", "-9223372036854775808", "9007199254740993", "1.0", "-", "0x", "12h", "٣", "0x7FFFFFFFFFFFFFFF", "1234567890123456789"};
  static const char *const numbers[] = {"5", "2.5", "0", "-3", "10"};
#define PICK(list) list[below(sizeof(list) / sizeof *(list))]
  switch (column) {
    case 0: return PICK(ints);
    case 1: return PICK(doubles);
    case 2: return PICK(hexes);
    case 3: return PICK(texts);
    case 4: return PICK(mixed);
    default: return PICK(numbers);
  }
}

static Value random_value(Arena *arena, uint32_t column) {
  static const int64_t ints[] = {0, 1, -1, 5, 10, 1000, INT64_MAX, INT64_MIN, 9007199254740993, -7};
  static const double doubles[] = {0.0, -0.0, 1.0, 2.5, -1.5, 1e18, 9007199254740992.0, 1e300, 0.1, 5.0};
  if (below(6) == 0) return value_null();
  if (column < FIRST_TYPED) return value_text(random_text(column));
  switch (column) {
    case 6: return value_int(PICK(ints));
    case 7: return below(20) == 0 ? value_double(0.0 / 1e-300 - (below(2) ? 1.0 / 0.0 : -1.0 / 0.0)) : value_double(PICK(doubles));
    case 8: return value_bool(below(2));
    default: break;
  }
  Value items[2] = {value_int(1), value_text("x")};
  switch (below(6)) {
    case 0: return value_text(random_text(4));
    case 1: return value_int(PICK(ints));
    case 2: return value_double(PICK(doubles));
    case 3: return value_bool(below(2));
    case 4: return value_array(arena, items, 2);
    default: return (Value){.type = TYPE_DATE, .as.i = below(20000)};
  }
}

/* A column without NULLs, now and then: kernels have a way for it. */
static void make_table(Table *table) {
  for (uint32_t c = 0; c < COLUMNS; c++) {
    bool whole = below(3) == 0;
    for (uint32_t row = 0; row < ROWS; row++) {
      do table->values[c][row] = random_value(&table->arena, c);
      while (whole && value_is_null(table->values[c][row]));
    }
  }
}

static Batch *columns_batch(Engine *engine, const Table *table) {
  ColumnBuilder builders[COLUMNS];
  Batch *batch = NULL;
  DcError err = {0};
  for (int c = 0; c < COLUMNS; c++) {
    column_builder_init(&builders[c]);
    for (int row = 0; row < ROWS; row++) column_builder_add(&builders[c], table->values[c][row]);
  }
  ck_assert_int_eq(batch_from_builders(engine->budget, builders, COLUMNS, NULL, NULL, 1000, ROWS, &batch, &err), DC_OK);
  for (int c = 0; c < COLUMNS; c++) column_builder_free(&builders[c]);
  return batch;
}

/* The text columns as delimited rows; NULL is \N. The typed ones are left out (column_count is FIRST_TYPED). */
static Batch *text_batch(Engine *engine, const Table *table, TextFormat *format) {
  static int column_field[FIRST_TYPED] = {0, 1, 2, 3, 4, 5};
  TextDialect dialect = {.delimiter = ',', .quote = '"'};
  Buf text = {0};
  RowIndex index = {0};
  Slab *slab;
  DcError err = {0};
  format->dialect = dialect;
  format->field_count = format->column_count = FIRST_TYPED;
  format->column_field = column_field;
  format->identity = true;
  format->null_text = str_of("\\N");
  for (int row = 0; row < ROWS; row++)
    for (int c = 0; c < FIRST_TYPED; c++) {
      Value value = table->values[c][row];
      text_put_field(&text, value_is_null(value) ? str_of("\\N") : value_get_str(value), &dialect, !value_is_null(value) && below(8) == 0);
      buf_text(&text, c + 1 < FIRST_TYPED ? "," : row % 3 ? "\n" : "\r\n");
    }
  size_t len = text.len;
  ck_assert_int_eq(slab_new(engine->budget, len + 4 * (ROWS + 2), "test", &slab, &err), DC_OK);
  memcpy(slab->data, text.data, len);
  ck_assert(text_index_rows(slab->data, len, &dialect, FIRST_TYPED, &index));
  ck_assert_uint_eq(index.count, ROWS);
  Batch *batch = batch_new(BATCH_TEXT, ROWS, slab, 0, false);
  size_t at = (len + 3) & ~(size_t)3;
  memcpy(slab->data + at, index.offsets, 4 * (ROWS + 1));
  batch->text = slab->data;
  batch->offsets = (const uint32_t *)(const void *)(slab->data + at);
  batch->format = format;
  batch->flags = index.flags;
  dc_free(index.offsets);
  buf_free(&text);
  return batch;
}

/* --- Expressions --- */

static uint32_t columns_in_use;

static void put_expr(Buf *out, int depth);

static void put_leaf(Buf *out) {
  static const char *const literals[] = {"0", "1", "2", "-1", "5", "1.5", "0.0", "'5'", "'abc'", "''", "'x'", "NULL", "TRUE", "FALSE", "'true'", "9223372036854775807",
                                         "['a', 'b', '']", "[1, 2, 5]", "['5', NULL]", "[]", "'0x10'", "' 5 '", "10", "3", "'1.0'", "DATE '1999-01-01'", "DECIMAL '2.50'", "1e300"};
  if (below(3) == 0) buf_text(out, PICK(literals));
  else buf_printf(out, "\"%s\"", column_names[below(columns_in_use)]);
}

static void put_pair(Buf *out, const char *const *operators, uint32_t count, int depth) {
  buf_char(out, '(');
  put_expr(out, depth - 1);
  buf_printf(out, " %s ", operators[below(count)]);
  put_expr(out, depth - 1);
  buf_char(out, ')');
}

/* A form with # for operands. */
static void put_form(Buf *out, const char *form, int depth) {
  for (; *form; form++) {
    if (*form == '#') put_expr(out, depth - 1);
    else buf_char(out, *form);
  }
}

static void put_expr(Buf *out, int depth) {
  static const char *const sums[] = {"+", "-", "*", "/", "%", "+", "-", "*"};
  static const char *const comparisons[] = {"=", "!=", "<", "<=", ">", ">=", "<=>", "==", "<>"};
  static const char *const logic[] = {"AND", "OR", "XOR", "AND", "OR"};
  static const char *const forms[] = {
      "INT #", "INT #", "DOUBLE #", "STRING #", "BOOL #", "(- #)", "(NOT #)", "(# IS NULL)", "(# IS NOT NULL)", "(# DEFAULT #)", "(# ? # : #)", "HASHCODE #", "DECIMAL #",
      "(# IN ['a', 'b', 'x'])", "(# NOT IN ['1', 'abc'])", "(# IN [1, 2, 5])", "(# IN #)", "(# NOT IN ['1', NULL])", "(# BETWEEN # AND #)", "(# NOT BETWEEN 1 AND 10)",
      "(# LIKE 'a%')", "(# NOT LIKE '_')", "CASE WHEN # THEN # ELSE # END", "CASE # WHEN # THEN # END", "STR_SLICE(#, 0, 1)", "STR_SLICE(#, 1, 3)", "STR_SLICE(STRING #, -2, 9)",
      "STR_SLICE(#, #, #)", "STR_LENGTH(#)", "STR_UPPER(#)", "RANDOM 16", "RANDOM -3", "(RANDOM 1000 % 7)", "RANDOM #", "MAX(#, #)", "[#, #]", "(# ^ 2)", "(# & 3)", "DIV(#, #)", "ABS(#)"};
  if (depth == 0 || below(6) == 0) {
    put_leaf(out);
    return;
  }
  switch (below(8)) {
    case 0: case 1: put_pair(out, sums, 8, depth); break;
    case 2: case 3: put_pair(out, comparisons, 9, depth); break;
    case 4: put_pair(out, logic, 5, depth); break;
    case 5:
      buf_char(out, '(');
      put_leaf(out);
      buf_text(out, " || ");
      put_leaf(out);
      buf_char(out, ')');
      break;
    default: put_form(out, PICK(forms), depth); break;
  }
}

/* --- Comparing --- */

typedef struct Row {
  const Table *table;
  uint32_t row;
} Row;

static DcCode row_attribute(void *self, int column, Str name, Value *out, DcError *err) {
  Row *row = self;
  (void)name;
  (void)err;
  *out = row->table->values[column][row->row];
  return DC_OK;
}

static DcCode row_key(void *self, Value *out, DcError *err) {
  (void)self;
  (void)err;
  *out = value_null();
  return DC_OK;
}

typedef struct Case {
  Engine *engine;
  const Table *table;
  const Batch *batch;
  const char *text;
  Program *program;
  const Expr *expr;
  uint32_t rows[ROWS]; /* in the batch */
  uint32_t n;
  Worker scalar, vector;
} Case;

/* Types may differ in nothing either: 1 and 1.0 print and hash apart. */
static void check_row(Case *test, const Vector *vector, uint32_t i, Value want) {
  Value got = vector_value(vector, i);
  Buf a = {0}, b = {0};
  value_print(&a, want);
  value_print(&b, got);
  ck_assert_msg(got.type == want.type && a.len == b.len && (!a.len || memcmp(a.data, b.data, a.len) == 0), "%s: row %u (layout %d): vector %s %.*s, scalar %s %.*s", test->text, test->rows[i],
                (int)test->batch->layout, type_name((Type)got.type), (int)b.len, b.data, type_name((Type)want.type), (int)a.len, a.data);
  buf_free(&a);
  buf_free(&b);
}

static DcCode scalar_row(Case *test, uint32_t row, Value *out) {
  Row at = {test->table, row};
  RecordView record = {.self = &at, .attribute = row_attribute, .key = row_key};
  EvalContext *cx = &test->scalar.eval;
  DcError err = {0};
  program_enter(test->program, cx);
  cx->call.record = &record;
  cx->call.origin = batch_origin(test->batch, row);
  cx->call.err = &err;
  return eval(cx, test->expr, out, &err);
}

/* The vector over rows of the batch: all of them in a run, or those that the scalar evaluator can do. */
static DcCode vector_rows(Case *test, const uint8_t *keep, Vector *out) {
  View view;
  view_of_batch(&test->vector, &view, test->batch, 0, ROWS, columns_in_use);
  if (below(2)) view_column(&test->vector, &view, below(columns_in_use)); /* fetched before the filter: it is compacted */
  view_filter(&test->vector, &view, keep);
  ck_assert_uint_eq(view.n, test->n);
  if (!view.n) return DC_OK;
  return vector_eval(&test->vector, test->program, test->expr, &view, out);
}

static bool check_expr(Case *test) {
  Value want[ROWS];
  uint8_t keep[ROWS], all[ROWS];
  Vector vector;
  bool fails = false;
  test->n = 0;
  for (uint32_t row = 0; row < ROWS; row++) {
    all[row] = 1;
    keep[row] = scalar_row(test, row, &want[test->n]) == DC_OK;
    if (keep[row]) test->rows[test->n++] = row;
    else fails = true;
  }
  uint32_t good = test->n;
  DcCode code = vector_rows(test, keep, &vector);
  ck_assert_msg(code == DC_OK, "%s: vector fails where scalar does not: %s", test->text, test->vector.err.message);
  ck_assert_msg(test->vector.eval.call.zero_divisions == test->scalar.eval.call.zero_divisions || fails, "%s: %llu zero divisions are counted, not %llu", test->text,
                (unsigned long long)test->vector.eval.call.zero_divisions, (unsigned long long)test->scalar.eval.call.zero_divisions);
  for (uint32_t i = 0; i < good; i++) check_row(test, &vector, i, want[i]);
  if (fails) {
    test->n = ROWS;
    ck_assert_msg(vector_rows(test, all, &vector) != DC_OK, "%s: scalar fails for some row, vector for none", test->text);
    dc_error_clear(&test->vector.err);
  }
  return good > 0;
}

static bool run_expr(Engine *engine, const Table *table, const Batch *batch, const char *text) {
  Case *test = dc_alloc(sizeof *test);
  Arena arena = {0};
  Diagnostics diag = {0};
  DcError err = {0};
  EvalContext cx = {.call = {.arena = &arena, .err = &err}};
  const Expr *expr;
  Str names[COLUMNS];
  Schema schema = {DS_COLUMNAR, columns_in_use, names};
  for (int c = 0; c < COLUMNS; c++) names[c] = str_of(column_names[c]);
  Source *source = source_from_text("-e", str_of(text));
  bool parsed = parse_expr(source, &arena, &expr, &diag) == DC_OK, some = false;
  ck_assert_msg(parsed || diag.count, "%s: no reason", text);
  if (parsed) {
    *test = (Case){.engine = engine, .table = table, .batch = batch, .text = text, .program = program_new(engine)};
    worker_init(&test->scalar, engine, 0);
    worker_init(&test->vector, engine, 0);
    if (program_bind(test->program, engine, &schema, &cx, expr, &test->expr, &err) == DC_OK) some = check_expr(test);
    worker_free(&test->scalar);
    worker_free(&test->vector);
    program_unref(test->program);
  }
  call_context_deinit(&cx.call);
  diagnostics_free(&diag);
  source_free(source);
  arena_free(&arena);
  dc_free(test);
  return some;
}

static Engine *new_engine(void) {
  EngineOptions options = {.threads = 1, .memory = 64 << 20, .max_bad_records = UINT64_MAX, .seed = 42};
  Engine *engine;
  DcError err = {0};
  ck_assert_int_eq(engine_new(&options, &engine, &err), DC_OK);
  return engine;
}

static void run_random(uint64_t start, int tables, int expressions, bool text_layout) {
  Engine *engine = new_engine();
  int good = 0;
  seed = start;
  for (int t = 0; t < tables; t++) {
    Table *table = dc_alloc(sizeof *table);
    TextFormat format = {0};
    make_table(table);
    columns_in_use = text_layout ? FIRST_TYPED : COLUMNS;
    Batch *batch = text_layout ? text_batch(engine, table, &format) : columns_batch(engine, table);
    for (int e = 0; e < expressions; e++) {
      Buf text = {0};
      put_expr(&text, 1 + (int)below(3));
      buf_char(&text, 0);
      if (text.len < MOST_TEXT) good += run_expr(engine, table, batch, text.data);
      buf_free(&text);
    }
    batch_unref(batch);
    arena_free(&table->arena);
    dc_free(table);
  }
  ck_assert_msg(good > tables * expressions / 2, "only %d of %d expressions can be evaluated", good, tables * expressions);
  engine_free(engine);
}

START_TEST(test_columns) { run_random(1, 40, 150, false); }
END_TEST

START_TEST(test_text_rows) { run_random(2, 40, 150, true); }
END_TEST

/* Other expressions in every run. */
START_TEST(test_new_ones) {
  uint64_t start = getenv("CI") ? 4711 : (uint64_t)time(NULL) * 1000 + (uint64_t)getpid() % 1000; /* CI repeats itself */
  const char *given = getenv("DCETL_TEST_SEED");
  if (given) start = strtoull(given, NULL, 10);
  fprintf(stderr, "test_kernels: DCETL_TEST_SEED=%llu\n", (unsigned long long)start);
  run_random(start, 20, 100, false);
  run_random(start + 1, 20, 100, true);
}
END_TEST

/* What kernels treat apart, said by hand. */
START_TEST(test_chosen) {
  static const char *const list[] = {
      "RANDOM 16", "\"i\" + 1", "\"I\" * \"I\"", "\"i\" % -1", "\"I\" % -1", "\"I\" % 0", "\"I\" / 0", "\"i\" / \"n\"", "- \"I\"", "- \"D\"", "- \"i\"", "\"I\" = \"D\"", "\"I\" < 9007199254740992.0",
      "\"t\" || \"i\"", "\"I\" || \"D\"", "\"I\" || \"I\"", "\"t\" IN ['a', '']", "NOT (\"B\")", "NOT \"V\"", "\"B\" AND 1 / 0 = 1", "\"t\" = 'a' OR INT \"t\" = 1", "INT \"h\"", "INT \"D\"", "INT \"i\" - 1",
      "STR_SLICE(\"t\", 0, 1)", "STR_SLICE(\"t\", 2, 1)", "NULL + \"i\"", "\"t\" = NULL", "\"m\" < \"m\"", "\"m\" = \"V\"", "\"B\" = 'true'", "\"D\" * 0", "\"h\" + \"h\"", "\"m\" + 0",
      "CASE WHEN TRUE THEN RANDOM 16 END", "5", "NULL", "'a' || 'b'", "[\"i\", \"t\"]", "\"i\" IN \"V\"", "(\"n\" / 0) IS NULL", "TRUE AND NULL", "\"t\" IS NULL",
  };
  Engine *engine = new_engine();
  Table *table = dc_alloc(sizeof *table);
  seed = 7;
  columns_in_use = COLUMNS;
  make_table(table);
  Batch *batch = columns_batch(engine, table);
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) run_expr(engine, table, batch, list[i]);
  batch_unref(batch);
  arena_free(&table->arena);
  dc_free(table);
  engine_free(engine);
}
END_TEST

int main(void) {
  packages_install();
  Suite *suite = suite_create("kernels");
  TCase *tests = tcase_create("kernels");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, test_chosen);
  tcase_add_test(tests, test_columns);
  tcase_add_test(tests, test_text_rows);
  tcase_add_test(tests, test_new_ones);
  return run_suite(suite);
}
