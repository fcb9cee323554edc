/* test_keymap.c - bytes of keys are equal exactly when the values are in the total order; the table under threads. */
#include "base/pool.h"
#include "cli/packages.h"
#include "engine/keymap.h"
#include "unit/evaluate.h"

/* Values are made by expressions, so that all types come in. */
static const char *const expressions[] = {
    "NULL", "TRUE", "FALSE", "0", "1", "-1", "1.0", "-0.0", "0.5", "9007199254740992", "9007199254740993", "9007199254740992.0", "9223372036854775807", "9223372036854775807.0", "1e300", "-1e300",
    "DOUBLE 'NaN'", "- DOUBLE 'NaN'", "DOUBLE 'Infinity'", "- DOUBLE 'Infinity'", "'1'", "'1.0'", "''", "'a'", "'A'", "'true'", "DECIMAL '1'", "DECIMAL '1.00'", "DECIMAL '0.5'", "DECIMAL '0.50'",
    "DECIMAL '0.1'", "DECIMAL '0.10'", "0.1", "DECIMAL '9007199254740993'", "DECIMAL '9007199254740993.0'", "DECIMAL '12345678901234567890123456789'", "DECIMAL '1e20'", "1e20", "BINARY 'a'", "BINARY ''",
    "DATE '2024-01-01'", "TIMESTAMP '2024-01-01T00:00:00'", "TIMESTAMP '2024-01-01T00:00:00Z'", "TIMESTAMP '2024-01-01T01:00:00+01:00'", "TIMESTAMP '2024-01-01T00:00:00.5Z'", "TIME '00:00:00'", "TIME '10:00'",
    "DATE '1970-01-01'", "[]", "[1]", "[1.0]", "['1']", "[NULL]", "[1, 2]", "[[1], 2]", "[[1, 2]]", "['a', 'b']", "['ab']", "['a', '']",
};
enum { COUNT = sizeof expressions / sizeof *expressions, THREADS = 4, ROUNDS = 20000, KEYS = 701 };

START_TEST(bytes_follow_the_total_order) {
  Arena arena = {0};
  Value values[COUNT];
  Buf bytes[COUNT];
  memset(bytes, 0, sizeof bytes);
  for (int i = 0; i < COUNT; i++) {
    DcError err = {0};
    EvalContext cx = {.call = {.arena = &arena, .err = &err}};
    Diagnostics diag = {0};
    const Expr *expr;
    Source *source = source_from_text("-e", str_of(expressions[i]));
    ck_assert_msg(parse_expr(source, &arena, &expr, &diag) == DC_OK, "%s: syntax", expressions[i]);
    ck_assert_msg(eval(&cx, expr, &values[i], &err) == DC_OK, "%s: %s", expressions[i], err.message);
    values[i] = value_copy(&arena, values[i]);
    key_bytes(&bytes[i], values[i]);
    source_free(source);
    diagnostics_free(&diag);
  }
  for (int i = 0; i < COUNT; i++)
    for (int k = 0; k < COUNT; k++) {
      bool equal = value_total_order(values[i], values[k]) == 0, same = str_eq(str_make(bytes[i].data, bytes[i].len), str_make(bytes[k].data, bytes[k].len));
      ck_assert_msg(equal == same, "%s and %s: the order says %d, bytes say %d", expressions[i], expressions[k], equal, same);
      ck_assert_msg(!equal || value_hash64(values[i]) == value_hash64(values[k]), "%s and %s: equal, with other hashes", expressions[i], expressions[k]);
    }
  for (int i = 0; i < COUNT; i++) buf_free(&bytes[i]);
  arena_free(&arena);
}
END_TEST

START_TEST(names_of_objects_have_no_order) {
  Str ab[] = {str_of("a"), str_of("b")}, ba[] = {str_of("b"), str_of("a")};
  Value one_two[] = {value_int(1), value_int(2)}, two_one[] = {value_int(2), value_int(1)};
  Object first = {2, ab, one_two}, second = {2, ba, two_one}, third = {2, ab, two_one};
  Object *objects[] = {&first, &second, &third};
  Buf bytes[3] = {{0}, {0}, {0}};
  for (int i = 0; i < 3; i++) key_bytes(&bytes[i], (Value){.type = TYPE_OBJECT, .as.object = objects[i]});
  ck_assert(str_eq(str_make(bytes[0].data, bytes[0].len), str_make(bytes[1].data, bytes[1].len)));
  ck_assert(!str_eq(str_make(bytes[0].data, bytes[0].len), str_make(bytes[2].data, bytes[2].len)));
  for (int i = 0; i < 3; i++) buf_free(&bytes[i]);
}
END_TEST

typedef struct Counting {
  KeyMap *counts, *least, *numbers;
  uint64_t sum;
} Counting;

static Str key_of(char *text, int k) { return str_make(text, (size_t)snprintf(text, 32, "key %d", k)); }

static void count(void *self, int worker) {
  Counting *counting = self;
  char text[32];
  for (int i = 0; i < ROUNDS; i++) {
    Str key = key_of(text, (i * 7 + worker) % KEYS);
    uint64_t hash = keymap_hash(key);
    keymap_put(counting->counts, key, hash, KEYMAP_COUNT, 1);
    keymap_put(counting->least, key, hash, KEYMAP_MIN, (uint64_t)(i + worker));
    keymap_put(counting->numbers, key, hash, KEYMAP_NUMBER, 0);
  }
}

static void add_up(void *self, Str key, uint64_t value) {
  (void)key;
  ((Counting *)self)->sum += value;
}

START_TEST(threads_count_together) {
  Budget *budget = budget_new(64 << 20);
  Pool *pool = pool_new(THREADS);
  Counting counting = {keymap_new(budget), keymap_new(budget), keymap_new(budget), 0};
  pool_run(pool, 0, count, &counting);
  ck_assert_uint_eq(keymap_count(counting.counts), KEYS);
  ck_assert_uint_gt(budget_used(budget), 0);
  keymap_visit(counting.counts, add_up, &counting);
  ck_assert_uint_eq(counting.sum, (uint64_t)ROUNDS * THREADS);
  counting.sum = 0;
  keymap_visit(counting.numbers, add_up, &counting);
  ck_assert_uint_eq(counting.sum, (uint64_t)KEYS * (KEYS - 1) / 2);
  for (int k = 0; k < KEYS; k++) {
    char text[32];
    Str key = key_of(text, k);
    uint64_t least = UINT64_MAX;
    for (int w = 0; w < THREADS; w++)
      for (int i = 0; i < KEYS; i++)
        if ((i * 7 + w) % KEYS == k && (uint64_t)(i + w) < least) least = (uint64_t)(i + w);
    ck_assert_uint_eq(keymap_put(counting.least, key, keymap_hash(key), KEYMAP_MIN, UINT64_MAX), least);
  }
  keymap_free(counting.counts);
  keymap_free(counting.least);
  keymap_free(counting.numbers);
  ck_assert_uint_eq(budget_used(budget), 0);
  pool_free(pool);
  budget_free(budget);
}
END_TEST

int main(void) {
  packages_install();
  Suite *suite = suite_create("keymap");
  TCase *tests = tcase_create("keymap");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, bytes_follow_the_total_order);
  tcase_add_test(tests, names_of_objects_have_no_order);
  tcase_add_test(tests, threads_count_together);
  return run_suite(suite);
}
