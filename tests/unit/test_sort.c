/* test_sort.c - sort keys against the total order of values, and the sort of entries against a stable reference. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/sort_entries.h"
#include "value/datetime_text.h"
#include "value/decimal.h"

static Arena arena;
static uint64_t seed = 1;

static uint32_t below(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

static Value decimal_of(const char *text) {
  Decimal d;
  ck_assert(decimal_parse(str_of(text), &d));
  return value_decimal(&arena, d);
}

static Value binary_of(const char *text, size_t len) {
  Value v = value_str(str_make(text, len));
  v.type = TYPE_BINARY;
  return v;
}

static Value object_of(size_t count, const char *const *names, const Value *values) {
  Object *object = arena_alloc(&arena, sizeof *object);
  Str *list = arena_alloc(&arena, count * sizeof *list);
  for (size_t i = 0; i < count; i++) list[i] = str_of(names[i]);
  *object = (Object){count, list, value_array(&arena, values, count).as.array->items};
  return (Value){.type = TYPE_OBJECT, .as.object = object};
}

/* Values at the places where forms of numbers, ends of texts and classes meet. */
static size_t all_values(Value *out) {
  static const double doubles[] = {-INFINITY, -1e300, -0x1p63, -0x1p53, -1.5, -1, -1e-300, -0.0, 0.0, 1e-300, 0.1, 1, 1.5, 0x1p53, 0x1p62, 0x1p63, 1e300, INFINITY, NAN, -NAN};
  static const int64_t ints[] = {INT64_MIN, INT64_MIN + 1, -9007199254740994, -9007199254740993, -9007199254740992, -1, 0, 1, 9007199254740992, 9007199254740993,
                                 9007199254740994, 4611686018427387903, 4611686018427387905, INT64_MAX - 1, INT64_MAX};
  static const char *const decimals[] = {"-99999999999999999999999999999999999999", "-9223372036854775808.5", "-1.5", "-0.1", "-0.00000000000000000000000000000000000001", "0", "0.1", "0.10",
                                         "0.1000000000000000055511151231257827021", "1", "1.5", "9007199254740992.5", "9007199254740993", "9223372036854775807", "9223372036854775808", "99999999999999999999999999999999999999"};
  static const char *const texts[] = {"", "\x01", "\x01\x01", "\x02", "a", "a\x01", "aa", "abcdefgh", "abcdefgh\x01", "abcdefghi", "é", "10", "9", "\xff"};
  size_t n = 0;
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) out[n++] = value_double(doubles[i]);
  for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) out[n++] = value_int(ints[i]);
  for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) out[n++] = decimal_of(decimals[i]);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) out[n++] = value_text(texts[i]);
  out[n++] = value_str(str_make("a\0b", 3));
  out[n++] = value_str(str_make("\0", 1));
  out[n++] = binary_of("a\0", 2);
  out[n++] = binary_of("a", 1);
  out[n++] = value_bool(false);
  out[n++] = value_bool(true);
  out[n++] = value_null();
  out[n++] = value_date(-1);
  out[n++] = value_date(0);
  out[n++] = value_timestamp(0, 0);
  out[n++] = value_timestamp(0, 999999999);
  out[n++] = value_timestamp_zoned(1, 0, 60);
  out[n++] = value_time(0);
  out[n++] = value_time(5);
  size_t scalars = n;
  for (int i = 0; i < 40; i++) {
    Value items[3] = {out[below((uint32_t)scalars)], out[below((uint32_t)n)], out[below((uint32_t)scalars)]};
    const char *names[][3] = {{"a", "b", "c"}, {"b", "a", "ab"}, {"", "a", "b"}};
    size_t count = below(4);
    out[n++] = below(2) ? value_array(&arena, items, count) : object_of(count, names[below(3)], items);
  }
  return n;
}

static int sign(int order) { return (order > 0) - (order < 0); }

START_TEST(test_keys) {
  Value values[256];
  size_t n = all_values(values);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      Buf a = {0}, b = {0};
      int expected = sign(value_total_order(values[i], values[j]));
      bool null = value_is_null(values[i]) != value_is_null(values[j]);
      for (int way = 0; way < 4; way++) { /* a second key decides only where the first ones are equal */
        bool descending = way & 1, first = way & 2;
        a.len = b.len = 0;
        sort_key_put(&a, values[i], descending, first);
        sort_key_put(&b, values[j], descending, first);
        sort_key_put(&a, value_int(1), false, false);
        sort_key_put(&b, value_int(2), false, false);
        int order = sign(sort_key_compare(str_make(a.data, a.len), str_make(b.data, b.len)));
        int wanted = !expected ? -1 : null ? (first ? -expected : expected) : descending ? -expected : expected;
        ck_assert_msg(order == wanted, "%zu %zu way %d: %d, not %d", i, j, way, order, wanted);
        if (!descending && !first) ck_assert_uint_eq(sort_key_length(a.data) + 10, a.len);
      }
      buf_free(&a);
      buf_free(&b);
    }
  }
  arena_free(&arena);
}
END_TEST

/* --- Entries --- */

static const SortKeys *reference_keys;

static int by_reference(const void *a, const void *b) {
  const SortEntry *x = a, *y = b;
  int order = sort_key_compare(sort_keys_at(&reference_keys[x->source], x->row), sort_keys_at(&reference_keys[y->source], y->row));
  if (order) return order;
  return x->row < y->row ? -1 : x->row > y->row;
}

/* Texts that begin alike, that differ early, that are equal, that contain each other. */
static void put_text(Buf *out, int shape, uint32_t i) {
  char text[400];
  int len = 0;
  switch (shape) {
    case 0: len = snprintf(text, sizeof text, "%u", below(1000000)); break;
    case 1: len = snprintf(text, sizeof text, "https://example.org/a/long/common/beginning/%u/%u", below(3), below(500)); break;
    case 2: len = snprintf(text, sizeof text, "%u", below(3)); break;
    case 3:
      len = (int)below(380);
      memset(text, 'x', (size_t)len);
      break;
    case 4: len = snprintf(text, sizeof text, "%010u", i); break;
    default: len = snprintf(text, sizeof text, "%08x", below(1u << 31)); break;
  }
  sort_key_put(out, value_str(str_make(text, (size_t)len)), false, false);
}

START_TEST(test_entries) {
  static const uint32_t sizes[] = {0, 1, 2, 23, 24, 25, 300, 5000, 70000};
  for (int shape = 0; shape < 6; shape++) {
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      uint32_t n = sizes[s], *offsets = dc_alloc(((size_t)n + 1) * sizeof *offsets);
      Buf bytes = {0};
      if (shape == 3 && n > 5000) n = 5000;
      for (uint32_t i = 0; i < n; i++) {
        offsets[i] = (uint32_t)bytes.len;
        put_text(&bytes, shape, i);
      }
      offsets[n] = (uint32_t)bytes.len;
      SortKeys keys = {n, offsets, bytes.data};
      SortEntry *entries = dc_alloc(((size_t)n + 1) * 3 * sizeof *entries), *expected = entries + n, *scratch = expected + n;
      for (uint32_t i = 0; i < n; i++) entries[i] = expected[i] = (SortEntry){0, 0, i};
      sort_entries(&keys, entries, scratch, n);
      reference_keys = &keys;
      if (n) qsort(expected, n, sizeof *expected, by_reference);
      for (uint32_t i = 0; i < n; i++) ck_assert_msg(entries[i].row == expected[i].row, "shape %d of %u at %u", shape, n, i);
      dc_free(entries);
      dc_free(offsets);
      buf_free(&bytes);
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sort");
  TCase *tcase = tcase_create("sort");
  tcase_set_timeout(tcase, 60);
  tcase_add_test(tcase, test_keys);
  tcase_add_test(tcase, test_entries);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
