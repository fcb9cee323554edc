/* test_value.c - text forms, the total order, hash codes and placement of values; UTF-8 and paths. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "value/batch.h"
#include "value/datetime_text.h"
#include "value/decimal.h"
#include "value/encoded.h"
#include "value/json.h"
#include "value/path.h"

static Arena arena;

static Value array_of_two(Value a, Value b) { return value_array(&arena, (Value[]){a, b}, 2); }

static Value object_of(size_t count, const char *const *names, const Value *values) {
  Object *object = arena_alloc(&arena, sizeof *object);
  Str *list = arena_alloc(&arena, count * sizeof *list);
  for (size_t i = 0; i < count; i++) list[i] = str_of(names[i]);
  *object = (Object){count, list, value_array(&arena, values, count).as.array->items, NULL};
  return (Value){.type = TYPE_OBJECT, .as.object = object};
}

static Value decimal_of(const char *text) {
  Decimal d;
  ck_assert(decimal_parse(str_of(text), &d));
  return value_decimal(&arena, d);
}

static Value binary_of(const char *text) {
  Value v = value_text(text);
  v.type = TYPE_BINARY;
  return v;
}

static void ck_text(Value v, const char *text) {
  Str s = value_to_str(&arena, v);
  ck_assert_msg(str_is(s, text), "%.*s, not %s", STR_ARG(s), text);
  Str copy = value_to_str(&arena, value_copy(&arena, v));
  ck_assert_msg(str_is(copy, text), "copy: %.*s, not %s", STR_ARG(copy), text);
}

START_TEST(test_text_forms) {
  ck_text(value_null(), "null");
  ck_text(value_bool(true), "true");
  ck_text(value_int(INT64_MIN), "-9223372036854775808");
  ck_text(value_text("x"), "x");
  ck_text(binary_of("\x01\xff"), "01ff");
  ck_text(array_of_two(value_int(1), array_of_two(value_null(), value_text("x"))), "[1, [null, x]]");
  const char *names[] = {"a", "b\"\n", "c", "d"};
  Value values[] = {value_int(1), value_text("q\"\\\t\x01"), array_of_two(value_double(NAN), value_text("é")), value_date(0)};
  ck_text(object_of(4, names, values), "{\"a\":1,\"b\\\"\\n\":\"q\\\"\\\\\\t\\u0001\",\"c\":[null,\"é\"],\"d\":\"1970-01-01\"}");
  ck_text(array_of_two(object_of(0, NULL, NULL), value_timestamp_zoned(0, 1, 60)), "[{}, 1970-01-01T01:00:00.000000001+01:00]");
}
END_TEST

START_TEST(test_total_order) {
  const char *ab[] = {"a", "b"}, *ba[] = {"b", "a"};
  Value one_two[] = {value_int(1), value_int(2)}, two_one[] = {value_int(2), value_int(1)};
  /* Groups of equal values, in order. */
  const Value groups[][4] = {
      {value_bool(false)}, {value_bool(true)}, {value_double(-INFINITY)}, {value_int(INT64_MIN), value_double(-0x1p63)}, {value_double(-1.5), decimal_of("-1.50")},
      {value_int(0), value_double(0), value_double(-0.0), decimal_of("0.00")}, {decimal_of("0.1")}, {value_double(0.1)}, {value_int(1), value_double(1), decimal_of("1"), decimal_of("1.000")},
      {value_int((int64_t)1 << 53), value_double(0x1p53)}, {value_int(((int64_t)1 << 53) + 1)}, {value_int(INT64_MAX)}, {value_double(0x1p63), decimal_of("9223372036854775808")}, {decimal_of("9223372036854775809")}, {value_double(1e300)}, {value_double(INFINITY)}, {value_double(NAN), value_double(-NAN)},
      {value_text("")}, {value_text("10")}, {value_text("9")}, {value_text("a")}, {value_text("ab")}, {value_text("é")},
      {value_timestamp(-1, 5)}, {value_date(0), value_timestamp(0, 0), value_timestamp_zoned(0, 0, 60)}, {value_timestamp(0, 1)}, {value_date(1)}, {value_time(0)}, {value_time(1)},
      {binary_of("a")}, {array_of_two(value_int(1), value_int(2)), array_of_two(value_double(1), value_int(2))}, {array_of_two(value_int(1), value_null())}, {value_array(&arena, one_two + 1, 1)},
      {object_of(0, NULL, NULL)}, {object_of(2, ab, one_two), object_of(2, ba, two_one)}, {object_of(2, ab, two_one)}, {value_null()},
  };
  size_t count = sizeof groups / sizeof groups[0];
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count; j++)
      for (size_t a = 0; a < 4; a++)
        for (size_t b = 0; b < 4; b++) {
          Value x = groups[i][a], y = groups[j][b];
          if ((a && value_is_null(x)) || (b && value_is_null(y))) continue;
          int order = value_total_order(x, y), expected = i < j ? -1 : i > j;
          ck_assert_msg((order > 0) - (order < 0) == expected, "groups %zu.%zu %zu.%zu: %d", i, a, j, b, order);
          if (i == j) ck_assert_msg(value_hash64(x) == value_hash64(y), "hash64 of groups %zu.%zu %zu.%zu", i, a, j, b);
          if (i == j) ck_assert_msg(value_partition(x, 97) == value_partition(y, 97), "partition of groups %zu.%zu %zu.%zu", i, a, j, b);
          if (i != j) ck_assert_msg(value_hash64(x) != value_hash64(y), "hash64 of groups %zu %zu", i, j);
        }
}
END_TEST

START_TEST(test_hashcodes) { /* known from Java */
  ck_assert_int_eq(value_hashcode(value_text("hello")), 99162322);
  ck_assert_int_eq(value_hashcode(value_text("")), 0);
  ck_assert_int_eq(value_hashcode(value_text("polygenelubricants")), INT32_MIN);
  ck_assert_int_eq(value_hashcode(value_text("é")), 233);
  ck_assert_int_eq(value_hashcode(value_text("😀")), 1772899); /* D83D DE00 */
  ck_assert_int_eq(value_hashcode(value_int(-1)), -1);
  ck_assert_int_eq(value_hashcode(value_int(4294967296)), 1);
  ck_assert_int_eq(value_hashcode(value_int(INT64_MIN)), INT32_MIN);
  ck_assert_int_eq(value_hashcode(value_double(1)), 1072693248);
  ck_assert_int_eq(value_hashcode(value_double(0.5)), 1071644672);
  ck_assert_int_eq(value_hashcode(value_double(NAN)), 2146959360);
  ck_assert_int_eq(value_hashcode(value_bool(true)), 1231);
  ck_assert_int_eq(value_hashcode(value_bool(false)), 1237);
  ck_assert_int_eq(value_hashcode(value_null()), 0);
  ck_assert_int_eq(value_hashcode(array_of_two(value_int(1), value_int(2))), 994);
  const char *names[] = {"a"};
  ck_assert_int_eq(value_hashcode(object_of(1, names, (Value[]){value_int(1)})), 97 ^ 1);
  ck_assert_int_eq(value_hashcode(binary_of("\xff")), 30);
}
END_TEST

START_TEST(test_partitions) {
  ck_assert_uint_eq(value_partition(value_int(7), 4), 3);
  ck_assert_uint_eq(value_partition(value_int(-1), 4), 3);
  ck_assert_uint_eq(value_partition(value_int(INT64_MIN), 3), 1); /* -2^63 mod 3 */
  ck_assert_uint_eq(value_partition(value_int(5000000000), 7), 5000000000 % 7);
  ck_assert_uint_eq(value_partition(value_double(-3), 4), 1);
  ck_assert_uint_eq(value_partition(value_double(0.5), 4), 1071644672 % 4);
  ck_assert_uint_eq(value_partition(value_double(INFINITY), 5), value_partition(value_double(INFINITY), 5));
  ck_assert_uint_eq(value_partition(value_null(), 9), 0);
  ck_assert_uint_eq(value_partition(value_text("hello"), 10), 2);
  ck_assert_uint_eq(value_partition(value_text("polygenelubricants"), 10), 2); /* -2147483648 mod 10 */
  ck_assert_uint_eq(value_partition(value_text("x"), UINT32_MAX), 120);
}
END_TEST

START_TEST(test_truth) {
  ck_assert(value_is_true(value_bool(true)) && value_is_true(value_text("tRue")));
  ck_assert(!value_is_true(value_int(1)) && !value_is_true(value_text("yes")) && !value_is_true(value_null()));
}
END_TEST

START_TEST(test_utf8) {
  Str text = str_of("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xff\xc3");
  ck_assert_uint_eq(utf8_length(text), 6);
  ck_assert_uint_eq(utf8_offset(text, 3), 6);
  ck_assert_uint_eq(utf8_offset(text, 99), text.len);
  ck_assert(!utf8_is_valid(text) && utf8_is_valid(str_of("aä€😀")));
  ck_assert(!utf8_is_valid(str_of("\xc0\x80")) && !utf8_is_valid(str_of("\xed\xa0\x80"))); /* overlong, surrogate */
  for (uint32_t code = 1; code < 0x110000; code += code < 0x1000 ? 1 : 997) {
    char bytes[4];
    uint32_t back;
    if (code >= 0xD800 && code < 0xE000) continue;
    size_t len = utf8_encode(code, bytes);
    ck_assert(utf8_decode(bytes, bytes + len, &back) == len && back == code);
  }
}
END_TEST

START_TEST(test_paths) {
  const char *names[] = {"k", "m"}, *inner_names[] = {"x"};
  Value numbers = value_array(&arena, (Value[]){value_int(10), value_int(20), value_int(30)}, 3);
  Value inner = object_of(1, inner_names, (Value[]){numbers});
  Value value = object_of(2, names, (Value[]){inner, value_text("s")});
  static const struct { const char *path, *result; } cases[] = {
      {"m", "s"}, {"k.x", "[10, 20, 30]"}, {"k.x[1]", "20"}, {"k.x[-1]", "30"}, {"k.x[3]", "null"}, {"k.x[-4]", "null"}, {"k.x[1:]", "[20, 30]"}, {"k.x[:2]", "[10, 20]"}, {"k.x[-2:]", "[20, 30]"}, {"k.x[1:5]", "[20, 30, null, null]"},
      {"k.x[2:1]", "[]"}, {"k.x[5:9]", "[]"}, {"k.x[*]", "[10, 20, 30]"}, {"k.x[]", "[10, 20, 30]"}, {"m[0]", "s"}, {"m[*]", "[s]"}, {"m.z", "null"}, {"nope.x[0]", "null"}, {"k.x[a]", "null"}, {"k.x[0", "null"}, {"k.x[0].y", "null"}, {"", "{\"k\":{\"x\":[10,20,30]},\"m\":\"s\"}"},
  };
  Buf bytes = {0};
  value_encode(&bytes, value);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ck_text(value_at_path(&arena, value, str_of(cases[i].path)), cases[i].result);
    ck_text(path_encoded(path_compile(&arena, str_of(cases[i].path)), bytes.data, &arena), cases[i].result);
  }
  buf_free(&bytes);
  ck_text(value_at_path(&arena, numbers, str_of("[0]")), "10");
}
END_TEST

/* A member that is called like the whole path comes first; a [ at the beginning looks under the empty name. */
START_TEST(test_path_names) {
  const char *names[] = {"a.b", "a", "x[", ""};
  const char *inner[] = {"b"};
  Value list = value_array(&arena, (Value[]){value_int(7), value_int(8)}, 2);
  Value value = object_of(4, names, (Value[]){value_int(1), object_of(1, inner, (Value[]){value_int(2)}), value_int(3), list});
  static const struct { const char *path, *result; } cases[] = {
      {"a.b", "1"}, {"a.b[0]", "2"}, {"x[", "3"}, {"[1]", "8"}, {"[-3]", "null"}, {"[]", "[7, 8]"}, {"", "[7, 8]"}, {"a[0].b", "2"}, {"a.b.", "2"}, {"[x]", "null"},
  };
  Buf bytes = {0};
  value_encode(&bytes, value);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ck_text(value_at_path(&arena, value, str_of(cases[i].path)), cases[i].result);
    ck_text(path_encoded(path_compile(&arena, str_of(cases[i].path)), bytes.data, &arena), cases[i].result);
  }
  buf_free(&bytes);
}
END_TEST

/* More members than are looked at one by one, some names twice: the first one counts. */
START_TEST(test_large_objects) {
  enum { COUNT = 1000 };
  Str names[COUNT];
  Value values[COUNT];
  for (int i = 0; i < COUNT; i++) {
    names[i] = arena_printf(&arena, "n%d", i % 700);
    values[i] = value_int(i);
  }
  Object object = {COUNT, names, values, NULL};
  object_sort(&arena, &object);
  ck_assert_ptr_nonnull(object.sorted);
  for (int i = 0; i < 700; i++) ck_assert_uint_eq(object_find(&object, names[i]), (size_t)i);
  ck_assert_uint_eq(object_find(&object, str_of("n700")), COUNT);
  ck_assert_uint_eq(object_find(&object, str_of("")), COUNT);
}
END_TEST

/* Values of all types and flags come back from their bytes, also behind others that are passed over. */
START_TEST(test_encoded) {
  Value key = value_int(-5);
  key.flags = VALUE_DEFAULT_KEY;
  key.len = 0xFEDCBA98;
  key.offset_minutes = -3;
  Value record = value_object(&arena, (Str[]){{"n", 1}}, (Value[]){value_null()}, 1);
  record.flags = VALUE_RECORD;
  Value binary = value_text("\x01\xff");
  binary.type = TYPE_BINARY;
  Buf text = {0};
  for (int i = 0; i < 1000; i++) buf_char(&text, 'x');
  Value items[] = {value_null(), value_bool(true), value_bool(false), value_int(0), value_int(INT64_MIN), value_int(INT64_MAX), value_int(-64), value_int(64), key,
                   value_double(-0.0), value_double(INFINITY), value_decimal(&arena, (Decimal){.unscaled = -12345, .scale = 38}), value_text(""),
                   value_str(str_make(text.data, text.len)), binary, value_date(-1), value_time(86399999999999), value_timestamp(-1, 999999999),
                   value_timestamp_zoned(5, 1, -720), record, value_array(&arena, NULL, 0)};
  size_t count = sizeof items / sizeof items[0];
  Value all = value_array(&arena, items, count);
  Buf bytes = {0};
  value_encode(&bytes, all);
  ck_assert_uint_eq(encoded_count(bytes.data), count);
  for (size_t i = 0; i < count; i++) {
    Value whole = value_decode(bytes.data, &arena).as.array->items[i], part = value_decode(encoded_item(bytes.data, i), &arena);
    Value pair[] = {whole, part};
    for (int k = 0; k < 2; k++) {
      ck_assert_msg(pair[k].type == items[i].type && pair[k].flags == items[i].flags && pair[k].offset_minutes == items[i].offset_minutes && pair[k].len == items[i].len, "%zu", i);
      ck_assert(str_eq(value_to_str(&arena, pair[k]), value_to_str(&arena, items[i])));
    }
  }
  buf_free(&bytes);
  buf_free(&text);
}
END_TEST

START_TEST(test_json) {
  static const struct { const char *text, *result; } cases[] = {
      {"{\"b\":1,\"a\":[true,null,\"\\u00e4\\n\"]}", "{\"b\":1,\"a\":[true,null,\"ä\\n\"]}"},
      {"9223372036854775807", "9223372036854775807"}, {"-9223372036854775808", "-9223372036854775808"}, {"18446744073709551615", "18446744073709551615"},
      {"99999999999999999999999999999999999999", "99999999999999999999999999999999999999"}, {"1.5e3", "1.5e3"}, {" 7 ", "7"}, {"\"\"", ""},
      {"-0", "-0"}, {"1.10", "1.10"}, {"0.1", "0.1"}, {"1E-007", "1E-007"}, {"0.00e+2", "0.00e+2"}, {"12345678901234567.25", "12345678901234567.25"},
      {"[999999999999999999999999999999999999999,1e999]", "[999999999999999999999999999999999999999, 1e999]"}, {"{\"a\":1,\"a\":2}", NULL}, {"", NULL}, {"{", NULL}, {"[1,]", NULL}, {"NaN", NULL}, {"'a'", NULL}, {"1 2", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Value value;
    Str why = {0};
    bool read = json_read(&arena, str_of(cases[i].text), &value, &why);
    ck_assert_msg(read == (cases[i].result != NULL), "%s", cases[i].text);
    if (read) ck_text(value, cases[i].result);
    else ck_assert_uint_gt(why.len, 0);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("value");
  TCase *tests = tcase_create("value");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, test_text_forms);
  tcase_add_test(tests, test_total_order);
  tcase_add_test(tests, test_hashcodes);
  tcase_add_test(tests, test_partitions);
  tcase_add_test(tests, test_truth);
  tcase_add_test(tests, test_utf8);
  tcase_add_test(tests, test_paths);
  tcase_add_test(tests, test_path_names);
  tcase_add_test(tests, test_large_objects);
  tcase_add_test(tests, test_json);
  tcase_add_test(tests, test_encoded);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  arena_free(&arena);
  return failed != 0;
}
