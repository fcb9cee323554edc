/* test_arrow.c - Arrow's arrays and types: every format by hand-made arrays, types as texts, conversions, round trips, broken arrays. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/evaluate.h"
#include "value/arrow.h"
#include "value/datetime_text.h"
#include "value/decimal.h"
#include "value/json.h"

static Budget *budget;
static Arena arena;
static DcError err;

static const char *print(Value value) {
  Str text = value_to_str(&arena, value);
  return arena_copy(&arena, text.data, text.len);
}

static const struct ArrowSchema *type_of(const char *text) {
  const struct ArrowSchema *type;
  ck_assert_msg(arrow_type_parse(str_of(text), &arena, &type, &err) == DC_OK, "%s: %s", text, err.message);
  return type;
}

/* A type that arrow_type_parse has no text for. */
static struct ArrowSchema *format_of(const char *format, int64_t children) {
  struct ArrowSchema *type = arena_alloc(&arena, sizeof *type);
  *type = (struct ArrowSchema){.format = format, .name = "x", .flags = ARROW_FLAG_NULLABLE, .n_children = children};
  if (children) type->children = arena_alloc(&arena, (size_t)children * sizeof *type->children);
  return type;
}

static struct ArrowArray *array_of(int64_t length, int64_t offset, int64_t n_buffers, const void *b0, const void *b1, const void *b2) {
  struct ArrowArray *array = arena_alloc(&arena, sizeof *array);
  const void **buffers = arena_alloc(&arena, 3 * sizeof *buffers);
  buffers[0] = b0, buffers[1] = b1, buffers[2] = b2;
  *array = (struct ArrowArray){.length = length, .null_count = b0 ? -1 : 0, .offset = offset, .n_buffers = n_buffers, .buffers = buffers};
  return array;
}

static struct ArrowArray *with_children(struct ArrowArray *array, struct ArrowArray *a, struct ArrowArray *b) {
  array->children = arena_alloc(&arena, 2 * sizeof *array->children);
  array->children[0] = a, array->children[1] = b;
  array->n_children = 1 + (b != NULL);
  return array;
}

/* A batch of one column; NULL: it failed, the error is in err. */
static Batch *import(const struct ArrowSchema *type, struct ArrowArray *column, int64_t rows, int64_t offset) {
  static const int fields[] = {0, -1};
  const struct ArrowSchema *record = arrow_type_record(&arena, &type, 1);
  struct ArrowArray *batch = with_children(array_of(rows, offset, 1, NULL, NULL, NULL), column, NULL);
  Batch *out = NULL;
  dc_error_clear(&err);
  if (arrow_import(budget, record, batch, fields, 2, origin_make(3, 100), &out, &err) != DC_OK) return NULL;
  ck_assert_uint_eq(out->rows, rows);
  ck_assert_int_eq(out->columns[1].kind, COLUMN_ABSENT);
  return out;
}

static const char *column_text(const Column *column, uint32_t rows) {
  Buf text = {0};
  for (uint32_t i = 0; i < rows; i++) {
    if (i) buf_text(&text, " | ");
    value_print(&text, column_value(column, i, &arena));
  }
  const char *copy = arena_copy(&arena, text.data, text.len);
  buf_free(&text);
  return copy;
}

/* All values of an array's slice [offset, offset + rows), as a column and one by one. */
static void check_values(const struct ArrowSchema *type, struct ArrowArray *array, int64_t rows, int64_t offset, const char *want) {
  Batch *batch = import(type, array, rows, offset);
  ck_assert_msg(batch != NULL, "%s: %s", type->format, err.message);
  ck_assert_str_eq(column_text(&batch->columns[0], batch->rows), want);
  for (uint32_t i = 0; i < batch->rows; i++) {
    Value value;
    ck_assert_int_eq(arrow_value(type, array, offset + i, &arena, &value, &err), DC_OK);
    ck_assert_str_eq(print(value), print(column_value(&batch->columns[0], i, &arena)));
  }
  batch_unref(batch);
}

static void check_fails(const struct ArrowSchema *type, struct ArrowArray *array, int64_t rows, const char *want) {
  Batch *batch = import(type, array, rows, 0);
  ck_assert_msg(batch == NULL, "%s: no error '%s'", type->format, want);
  ck_assert_msg(strstr(err.message, want), "'%s', not '%s'", err.message, want);
}

static const uint8_t odd[] = {0xB5, 0xAA}; /* 1 0 1 0 1 1 0 1  0 1 0 1 0 1 0 1 */

/* --- Reading: each format --- */

START_TEST(read_numbers) {
  static const int8_t i8[] = {0, 1, -128, 127, -1, 7, 8, 9};
  static const int16_t i16[] = {0, -32768, 32767, 5};
  static const int32_t i32[] = {0, INT32_MIN, INT32_MAX, 5};
  static const int64_t i64[] = {0, INT64_MIN, INT64_MAX, 5};
  static const uint64_t u64[] = {1, UINT64_MAX, 3, UINT64_C(1) << 63, 5, 6, UINT64_MAX, 8};
  check_values(type_of("int8"), array_of(8, 0, 2, NULL, i8, NULL), 8, 0, "0 | 1 | -128 | 127 | -1 | 7 | 8 | 9");
  check_values(type_of("int8"), array_of(5, 2, 2, odd, i8, NULL), 3, 1, "null | -1 | 7"); /* buffer rows 3, 4, 5 */
  check_values(type_of("uint8"), array_of(5, 0, 2, NULL, i8, NULL), 5, 0, "0 | 1 | 128 | 127 | 255");
  check_values(type_of("int16"), array_of(3, 1, 2, NULL, i16, NULL), 3, 0, "-32768 | 32767 | 5");
  check_values(type_of("uint16"), array_of(4, 0, 2, NULL, i16, NULL), 4, 0, "0 | 32768 | 32767 | 5");
  check_values(type_of("int32"), array_of(4, 0, 2, NULL, i32, NULL), 4, 0, "0 | -2147483648 | 2147483647 | 5");
  check_values(type_of("uint32"), array_of(4, 0, 2, NULL, i32, NULL), 4, 0, "0 | 2147483648 | 2147483647 | 5");
  check_values(type_of("int64"), array_of(4, 0, 2, odd, i64, NULL), 4, 0, "0 | null | 9223372036854775807 | null");
  check_values(type_of("duration[ms]"), array_of(4, 0, 2, NULL, i64, NULL), 2, 2, "9223372036854775807 | 5");
  check_values(type_of("uint64"), array_of(4, 0, 2, NULL, u64, NULL), 4, 0, "1 | 18446744073709551615 | 3 | 9223372036854775808");
  Batch *batch = import(type_of("uint64"), array_of(4, 0, 2, odd, u64, NULL), 4, 0); /* the large ones are NULL */
  ck_assert_int_eq(batch->columns[0].kind, COLUMN_INT);
  ck_assert_str_eq(column_text(&batch->columns[0], 4), "1 | null | 3 | null");
  ck_assert_int_eq(((const int64_t *)batch->columns[0].values)[1], 0); /* nothing is left of them */
  ck_assert_uint_eq(batch_origin(batch, 2), origin_make(3, 102));
  batch_unref(batch);
  batch = import(type_of("int64"), array_of(4, 0, 2, odd, i64, NULL), 1, 2);
  ck_assert_ptr_null(batch->columns[0].validity); /* the only row is not NULL */
  batch_unref(batch);
}
END_TEST

START_TEST(read_floats) {
  static const uint16_t half[] = {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0x8000, 0x2E66};
  static const float single[] = {0.1f, -0.0f, 1e-45f, 3.4028235e38f, INFINITY, -INFINITY, 16777216.0f, 123456789.0f, 1e10f};
  static const double wide[] = {0.1, -0.0, 5e-324, 1.7976931348623157e308, INFINITY, -INFINITY, 1e22};
  check_values(type_of("float16"), array_of(9, 0, 2, NULL, half, NULL), 9, 0, "1.0 | -2.0 | 5.9604645e-08 | 65504.0 | Infinity | -Infinity | NaN | -0.0 | 0.099975586");
  check_values(type_of("float32"), array_of(9, 0, 2, NULL, single, NULL), 9, 0,
               "0.1 | -0.0 | 1e-45 | 3.4028235e+38 | Infinity | -Infinity | 16777216.0 | 123456790.0 | 10000000000.0");
  check_values(type_of("double"), array_of(7, 0, 2, NULL, wide, NULL), 7, 0, "0.1 | -0.0 | 5e-324 | 1.7976931348623157e+308 | Infinity | -Infinity | 1e+22");
  Batch *batch = import(type_of("float32"), array_of(9, 0, 2, odd, single, NULL), 3, 0);
  Value value = column_value(&batch->columns[0], 0, &arena);
  ck_assert_int_eq(value.flags, VALUE_SINGLE);
  ck_assert_double_eq(value.as.d, (double)0.1f);
  ck_assert_int_eq(column_value(&batch->columns[0], 1, &arena).type, TYPE_NULL);
  batch_unref(batch);
}
END_TEST

START_TEST(read_text) {
  static const int32_t ends[] = {0, 1, 1, 3, 6, 6, 8};
  static const int64_t long_ends[] = {0, 1, 1, 3, 6, 6, 8};
  static const char bytes[] = "aäöxyz";
  static const uint8_t bits[] = {1}; /* 1 0 1 … */
  check_values(type_of("string"), array_of(6, 0, 3, NULL, ends, bytes), 6, 0, "a |  | ä | öx |  | yz");
  check_values(type_of("string"), array_of(4, 2, 3, odd, ends, bytes), 4, 0, "ä | null |  | yz");
  check_values(type_of("string"), array_of(6, 0, 3, odd, ends, bytes), 2, 3, "null | ");
  check_values(type_of("large_string"), array_of(6, 0, 3, NULL, long_ends, bytes), 3, 2, "ä | öx | ");
  check_values(type_of("binary"), array_of(6, 0, 3, odd, ends, bytes), 6, 0, "61 | null | c3a4 | null |  | 797a");
  check_values(type_of("large_binary"), array_of(3, 1, 3, NULL, long_ends, bytes), 3, 0, " | c3a4 | c3b678");
  check_values(type_of("fixed_size_binary[2]"), array_of(3, 1, 2, bits, bytes, NULL), 2, 0, "null | null");
  check_values(type_of("fixed_size_binary[2]"), array_of(3, 1, 2, NULL, bytes, NULL), 2, 0, "a4c3 | b678");
  check_values(type_of("uuid"), array_of(1, 0, 2, NULL, "\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x14\x17\x40\x00", NULL), 1, 0,
               "123e4567-e89b-12d3-a456-426614174000");
  check_values(type_of("string"), array_of(0, 0, 3, NULL, NULL, NULL), 0, 0, "");
  check_values(type_of("null"), array_of(3, 0, 0, NULL, NULL, NULL), 3, 0, "null | null | null");
  check_values(type_of("string"), array_of(2, 0, 3, NULL, (int32_t[]){0, 2, 4}, "\xFF\xFE\xC3"), 1, 0, "\xFF\xFE"); /* no UTF-8: kept */
}
END_TEST

START_TEST(read_views) {
  static const char heap[] = "a text that is long enough, and one more";
  int32_t views[4][4] = {{3, 0, 0, 0}, {26, 0, 0, 0}, {12, 0, 0, 0}, {13, 0, 0, 27}};
  int64_t sizes[] = {sizeof heap - 1};
  memcpy(&views[0][1], "abc", 3);
  memcpy(&views[2][1], "twelve bytes", 12);
  struct ArrowArray *array = array_of(4, 0, 4, NULL, views, heap);
  const void *buffers[] = {NULL, views, heap, sizes};
  array->buffers = buffers;
  check_values(type_of("string_view"), array, 4, 0, "abc | a text that is long enough | twelve bytes |  and one more");
  check_values(type_of("binary_view"), array, 1, 0, "616263");
  views[3][3] = 28;
  check_fails(type_of("string_view"), array, 4, "a view goes beyond its buffer");
  views[3][2] = 1;
  check_fails(type_of("string_view"), array, 4, "a view points nowhere");
}
END_TEST

START_TEST(read_bools) {
  static const uint8_t bits[] = {0x0F, 0x01};
  check_values(type_of("bool"), array_of(9, 0, 2, NULL, bits, NULL), 9, 0, "true | true | true | true | false | false | false | false | true");
  check_values(type_of("bool"), array_of(6, 3, 2, odd, bits, NULL), 6, 0, "null | false | false | null | false | null");
}
END_TEST

START_TEST(read_decimals) {
  static const __int128 wide[] = {0, -1, 12345};
  static const int32_t d32[] = {-999999999, 5};
  static const int64_t d64[] = {999999999999999999, -5};
  static const uint64_t d256[][4] = {{15, 0, 0, 0}, {(uint64_t)-15, UINT64_MAX, UINT64_MAX, UINT64_MAX}, {0, 0, 1, 0}};
  __int128 most = 1;
  for (int i = 0; i < 38; i++) most *= 10;
  __int128 extreme[] = {most - 1, 1 - most};
  check_values(type_of("decimal(10, 2)"), array_of(3, 0, 2, odd, wide, NULL), 3, 0, "0.00 | null | 123.45");
  check_values(type_of("decimal(38, 38)"), array_of(2, 0, 2, NULL, extreme, NULL), 2, 0,
               "0.99999999999999999999999999999999999999 | -0.99999999999999999999999999999999999999");
  check_values(type_of("decimal(38, 0)"), array_of(2, 0, 2, NULL, extreme, NULL), 2, 0,
               "99999999999999999999999999999999999999 | -99999999999999999999999999999999999999");
  check_values(type_of("decimal(5, -2)"), array_of(3, 0, 2, NULL, wide, NULL), 3, 0, "0 | -100 | 1234500");
  check_values(type_of("decimal32(9, 3)"), array_of(2, 0, 2, NULL, d32, NULL), 2, 0, "-999999.999 | 0.005");
  check_values(type_of("decimal64(18, 0)"), array_of(2, 0, 2, NULL, d64, NULL), 2, 0, "999999999999999999 | -5");
  check_values(type_of("decimal(76, 1)"), array_of(2, 0, 2, NULL, d256, NULL), 2, 0, "1.5 | -1.5");
  check_fails(type_of("decimal(76, 1)"), array_of(3, 0, 2, NULL, d256, NULL), 3, "column \"\", row 103: a decimal number has more than 38 digits");
  __int128 over[] = {most};
  check_fails(type_of("decimal(38, 0)"), array_of(1, 0, 2, NULL, over, NULL), 1, "more than 38 digits");
}
END_TEST

START_TEST(read_moments) {
  static const int32_t days[] = {0, -719162, 2932896, 19782, 2932897};
  static const int64_t milliseconds[] = {0, -1, 86400000};
  static const int32_t seconds[] = {0, 86399, 45296};
  static const int64_t nanoseconds[] = {1, 86399999999999, 86400000000000};
  static const int64_t stamps[] = {0, -1, -62135596800, 253402300799, 253402300800};
  static const int64_t fine[] = {1, -1, INT64_MIN, INT64_MAX};
  check_values(type_of("date"), array_of(4, 0, 2, NULL, days, NULL), 4, 0, "1970-01-01 | 0001-01-01 | 9999-12-31 | 2024-02-29");
  check_values(type_of("date64"), array_of(3, 0, 2, NULL, milliseconds, NULL), 3, 0, "1970-01-01 | 1969-12-31 | 1970-01-02");
  check_values(type_of("time32[s]"), array_of(3, 0, 2, odd, seconds, NULL), 3, 0, "00:00:00 | null | 12:34:56");
  check_values(type_of("time32[ms]"), array_of(2, 1, 2, NULL, seconds, NULL), 2, 0, "00:01:26.399 | 00:00:45.296");
  check_values(type_of("time64[ns]"), array_of(2, 0, 2, NULL, nanoseconds, NULL), 2, 0, "00:00:00.000000001 | 23:59:59.999999999");
  check_values(type_of("timestamp[s]"), array_of(4, 0, 2, NULL, stamps, NULL), 4, 0, "1970-01-01T00:00:00 | 1969-12-31T23:59:59 | 0001-01-01T00:00:00 | 9999-12-31T23:59:59");
  check_values(type_of("timestamp[s, UTC]"), array_of(2, 1, 2, NULL, stamps, NULL), 1, 1, "0001-01-01T00:00:00Z");
  check_values(type_of("timestamp[s, Europe/Berlin]"), array_of(1, 0, 2, NULL, stamps, NULL), 1, 0, "1970-01-01T00:00:00Z");
  check_values(type_of("timestamp[s, +05:30]"), array_of(1, 0, 2, NULL, stamps, NULL), 1, 0, "1970-01-01T05:30:00+05:30");
  check_values(type_of("timestamp[s, -02:00]"), array_of(1, 0, 2, NULL, stamps, NULL), 1, 0, "1969-12-31T22:00:00-02:00");
  check_values(type_of("timestamp[ns]"), array_of(4, 0, 2, NULL, fine, NULL), 4, 0,
               "1970-01-01T00:00:00.000000001 | 1969-12-31T23:59:59.999999999 | 1677-09-21T00:12:43.145224192 | 2262-04-11T23:47:16.854775807");
  check_values(type_of("timestamp[us]"), array_of(2, 0, 2, NULL, fine, NULL), 2, 0, "1970-01-01T00:00:00.000001 | 1969-12-31T23:59:59.999999");
  check_values(type_of("timestamp[ms]"), array_of(2, 0, 2, NULL, fine, NULL), 2, 0, "1970-01-01T00:00:00.001 | 1969-12-31T23:59:59.999");
  check_fails(type_of("date"), array_of(5, 0, 2, NULL, days, NULL), 5, "column \"\", row 105: 2932897 days from 1970-01-01 lie outside of the years 1 to 9999");
  check_fails(type_of("timestamp[s]"), array_of(5, 0, 2, NULL, stamps, NULL), 5, "row 105: 253402300800 s from 1970-01-01 lie outside");
  check_fails(type_of("timestamp[us]"), array_of(3, 0, 2, NULL, fine, NULL), 3, "row 103: -9223372036854775808 us from 1970-01-01 lie outside");
  check_fails(type_of("timestamp[s, +01:00]"), array_of(4, 0, 2, NULL, stamps, NULL), 4, "row 104"); /* 10000-01-01T00:59:59+01:00 */
  check_fails(type_of("time64[ns]"), array_of(3, 0, 2, NULL, nanoseconds, NULL), 3, "86400000000000 ns are no time of a day");
}
END_TEST

START_TEST(read_lists) {
  static const int32_t items[] = {1, 2, 3, 4, 5, 6}, ends[] = {0, 2, 2, 3, 6}, at[] = {4, 0, 3}, sizes[] = {2, 0, 1};
  static const int64_t long_ends[] = {0, 2, 2, 3, 6};
  struct ArrowArray *numbers = array_of(6, 0, 2, NULL, items, NULL), *shifted = array_of(5, 1, 2, odd, items, NULL);
  check_values(type_of("list<int32>"), with_children(array_of(4, 0, 2, odd, ends, NULL), numbers, NULL), 4, 0, "[1, 2] | null | [3] | null");
  check_values(type_of("list<int32>"), with_children(array_of(3, 1, 2, NULL, ends, NULL), numbers, NULL), 2, 1, "[3] | [4, 5, 6]");
  check_values(type_of("large_list<int32>"), with_children(array_of(3, 0, 2, NULL, long_ends, NULL), shifted, NULL), 3, 0, "[null, 3] | [] | [null]");
  check_values(type_of("fixed_size_list<int32>[2]"), with_children(array_of(2, 1, 1, NULL, NULL, NULL), numbers, NULL), 2, 0, "[3, 4] | [5, 6]");
  check_values(type_of("list_view<int32>"), with_children(array_of(3, 0, 3, NULL, at, sizes), numbers, NULL), 3, 0, "[5, 6] | [] | [4]");
  check_fails(type_of("list<int32>"), with_children(array_of(4, 0, 2, NULL, ends, NULL), shifted, NULL), 4, "parts are too short");
  check_fails(type_of("list_view<int32>"), with_children(array_of(3, 0, 3, NULL, at, sizes), shifted, NULL), 3, "a list goes beyond its elements");
  check_fails(type_of("fixed_size_list<int32>[2]"), with_children(array_of(3, 1, 1, NULL, NULL, NULL), numbers, NULL), 3, "parts are too short");
}
END_TEST

START_TEST(read_nested) {
  static const int32_t items[] = {1, 2, 3, 4, 5, 6}, ends[] = {0, 2, 3}, text_ends[] = {0, 1, 2, 3, 4};
  struct ArrowArray *keys = array_of(4, 0, 3, NULL, text_ends, "abab"), *numbers = array_of(4, 0, 2, odd, items, NULL);
  struct ArrowArray *entries = with_children(array_of(3, 1, 1, NULL, NULL, NULL), keys, numbers); /* b: null, a: 3, b: null */
  check_values(type_of("map<string, int32>"), with_children(array_of(2, 0, 2, NULL, ends, NULL), entries, NULL), 2, 0, "{\"b\":null,\"a\":3} | {\"b\":null}");
  check_values(type_of("map<int32, string>"),
               with_children(array_of(2, 0, 2, NULL, ends, NULL), with_children(array_of(3, 0, 1, NULL, NULL, NULL), array_of(4, 0, 2, NULL, items, NULL), keys), NULL),
               1, 1, "[{\"key\":3,\"value\":\"a\"}]");
  check_values(type_of("struct<a: string, b: int32>"), with_children(array_of(3, 1, 1, odd, NULL, NULL), keys, numbers), 3, 0,
               "null | {\"a\":\"a\",\"b\":3} | null");
  /* list<struct<p: list<string>, n: int32>> */
  struct ArrowArray *inner = with_children(array_of(2, 0, 2, NULL, ends, NULL), keys, NULL);
  struct ArrowArray *pairs = with_children(array_of(2, 0, 1, NULL, NULL, NULL), inner, numbers);
  check_values(type_of("list<struct<p: list<string>, n: int32>>"), with_children(array_of(1, 0, 2, NULL, (int32_t[]){0, 2}, NULL), pairs, NULL), 1, 0,
               "[{\"p\":[\"a\",\"b\"],\"n\":1}, {\"p\":[\"a\"],\"n\":null}]");
  check_fails(type_of("map<string, int32>"),
              with_children(array_of(2, 0, 2, NULL, ends, NULL), with_children(array_of(3, 0, 1, NULL, NULL, NULL), array_of(4, 0, 3, odd, text_ends, "abab"), numbers), NULL),
              2, "row 101: a map has a key that is NULL");
  check_fails(type_of("struct<a: string, b: int32>"), with_children(array_of(4, 1, 1, NULL, NULL, NULL), keys, numbers), 4, "parts are too short");
}
END_TEST

START_TEST(read_encoded) {
  static const int8_t indices[] = {1, 0, 1, 2};
  static const int32_t ends[] = {0, 1, 3, 3}, runs[] = {2, 5, 6}, items[] = {7, 8, 9};
  struct ArrowSchema *words = format_of("c", 0), *run_ends = format_of("+r", 2);
  words->dictionary = format_of("u", 0);
  struct ArrowArray *array = array_of(4, 0, 2, odd, indices, NULL);
  array->dictionary = array_of(3, 0, 3, NULL, ends, "abc");
  check_values(words, array, 4, 0, "bc | null | bc | null");
  Batch *batch = import(words, array, 3, 0);
  ck_assert_int_eq(batch->columns[0].kind, COLUMN_STRING);
  batch_unref(batch);
  array->dictionary = array_of(1, 0, 3, NULL, ends, "abc");
  check_fails(words, array, 4, "a number beyond its dictionary");
  run_ends->children[0] = format_of("i", 0);
  run_ends->children[1] = format_of("i", 0);
  struct ArrowArray *values = array_of(3, 0, 2, odd, items, NULL);
  check_values(run_ends, with_children(array_of(5, 1, 0, NULL, NULL, NULL), array_of(3, 0, 2, NULL, runs, NULL), values), 5, 0, "7 | null | null | null | 9");
  check_fails(run_ends, with_children(array_of(6, 1, 0, NULL, NULL, NULL), array_of(3, 0, 2, NULL, runs, NULL), values), 6, "the last run ends too early");
}
END_TEST

START_TEST(broken_arrays) {
  static const int32_t back[] = {0, 3, 1, 4}, below[] = {-1, 3}, items[] = {1, 2, 3};
  check_fails(type_of("string"), array_of(3, 0, 3, NULL, back, "abcd"), 3, "offsets go back");
  check_fails(type_of("string"), array_of(1, 0, 3, NULL, below, "abcd"), 1, "offsets go back");
  check_fails(type_of("string"), array_of(1, 0, 3, NULL, NULL, "abcd"), 1, "there are no offsets");
  check_fails(type_of("string"), array_of(1, 0, 3, NULL, back, NULL), 1, "there are no bytes");
  check_fails(type_of("string"), array_of(1, 0, 2, NULL, back, NULL), 1, "buffers are missing");
  check_fails(type_of("int32"), array_of(1, 0, 2, NULL, NULL, NULL), 1, "there are no values");
  check_fails(type_of("int32"), array_of(-1, 0, 2, NULL, items, NULL), 0, "its length is wrong");
  check_fails(type_of("int32"), array_of(1, -1, 2, NULL, items, NULL), 1, "its length is wrong");
  check_fails(type_of("int32"), array_of(INT64_MAX, 1, 2, NULL, items, NULL), 1, "its length is wrong");
  check_fails(type_of("int32"), array_of(2, 0, 2, NULL, items, NULL), 3, "too few rows");
  check_fails(type_of("list<int32>"), array_of(1, 0, 2, NULL, back, NULL), 1, "parts are missing");
  struct ArrowArray *nulls = array_of(2, 0, 2, NULL, items, NULL);
  nulls->null_count = 1;
  check_fails(type_of("int32"), nulls, 2, "nothing says what is NULL");
  check_fails(format_of("tiM", 0), array_of(1, 0, 2, NULL, items, NULL), 1, "values of the type month_interval cannot be read");
  check_fails(format_of("+ud:0,1", 0), array_of(1, 0, 2, NULL, items, NULL), 1, "values of the type union<> cannot be read");
  check_fails(format_of("?", 0), array_of(1, 0, 2, NULL, items, NULL), 1, "values of the type '?' cannot be read");
  check_fails(format_of("", 0), array_of(1, 0, 2, NULL, items, NULL), 1, "values of the type '' cannot be read");
  check_fails(format_of("+l", 0), array_of(1, 0, 2, NULL, items, NULL), 1, "values of the type list<> cannot be read");
  struct ArrowSchema *deep = format_of("i", 0);
  for (int i = 0; i < 200; i++) {
    struct ArrowSchema *list = format_of("+l", 1);
    list->children[0] = deep;
    deep = list;
  }
  ck_assert_int_eq(arrow_readable(deep, &err), DC_FAIL);
  ck_assert_int_eq(arrow_readable(type_of("list<struct<a: map<string, decimal(3, 1)>>>"), &(DcError){0}), DC_OK);
}
END_TEST

/* --- Types --- */

typedef struct TypeCase {
  const char *text, *printed, *format;
} TypeCase;

START_TEST(type_texts) {
  static const TypeCase cases[] = {
    {"int8", "int8", "c"}, {"BIGINT", "int64", "l"}, {"Integer", "int64", "l"}, {"int", "int64", "l"}, {"smallint", "int16", "s"}, {"uint64", "uint64", "L"},
    {"double precision", "double", "g"}, {"FLOAT", "float32", "f"}, {"float16", "float16", "e"}, {"varchar(20)", "string", "u"}, {"TEXT", "string", "u"},
    {"bytea", "binary", "z"}, {"boolean", "bool", "b"}, {"date", "date", "tdD"}, {"date64", "date64", "tdm"}, {"time", "time64[us]", "ttu"},
    {"time64[ns]", "time64[ns]", "ttn"}, {"time32[s]", "time32[s]", "tts"}, {"timestamp", "timestamp[us]", "tsu:"}, {"timestamp(3)", "timestamp[ms]", "tsm:"},
    {"TIMESTAMPTZ", "timestamp[us, UTC]", "tsu:UTC"}, {"timestamp with time zone", "timestamp[us, UTC]", "tsu:UTC"},
    {"timestamp[ns, Europe/Berlin]", "timestamp[ns, Europe/Berlin]", "tsn:Europe/Berlin"}, {"timestamp[ms, tz=+02:00]", "timestamp[ms, +02:00]", "tsm:+02:00"},
    {"duration[s]", "duration[s]", "tDs"}, {"decimal(10,2)", "decimal(10, 2)", "d:10,2,128"}, {"NUMERIC(5)", "decimal(5, 0)", "d:5,0,128"},
    {"decimal(50, 10)", "decimal256(50, 10)", "d:50,10,256"}, {"decimal32(9, 0)", "decimal32(9, 0)", "d:9,0,32"},
    {"fixed_size_binary[16]", "fixed_size_binary[16]", "w:16"}, {"uuid", "uuid", "w:16"}, {"list<item: int32>", "list<int32>", "+l"},
    {"int32[]", "list<int32>", "+l"}, {"list<int64>[]", "list<list<int64>>", "+l"}, {"fixed_size_list<double>[3]", "fixed_size_list<double>[3]", "+w:3"},
    {"struct<a: string, \"b c\": list<double>>", "struct<a: string, \"b c\": list<double>>", "+s"}, {"struct<\"x\"\"y\": int8>", "struct<\"x\"\"y\": int8>", "+s"},
    {"struct<>", "struct<>", "+s"}, {"map<string, map<int32, bool>>", "map<string, map<int32, bool>>", "+m"}, {" list < int8 > ", "list<int8>", "+l"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Buf text = {0};
    const struct ArrowSchema *type = type_of(cases[i].text);
    arrow_type_print(&text, type);
    ck_assert_str_eq(arena_copy(&arena, text.data, text.len), cases[i].printed);
    ck_assert_str_eq(type->format, cases[i].format);
    ck_assert(arrow_type_equal(type, type_of(cases[i].printed)));
    ck_assert(arrow_type_equal(type, arrow_type_named(&arena, type, str_of("other"))));
    ck_assert(arrow_type_equal(type, arrow_type_written(&arena, type)));
    buf_free(&text);
  }
}
END_TEST

START_TEST(type_mistakes) {
  static const char *const cases[][2] = {
    {"", "a name is missing"}, {"foo", "unknown type 'foo'"}, {"list", "unknown type 'list'"}, {"list<", "a name is missing"}, {"list<int32", "a '>' is missing"},
    {"list<int32, int8>", "a list has one type"}, {"map<string>", "a map has two types"}, {"struct<int32>", "the parts of a struct have names"},
    {"decimal", "its digits are missing"}, {"decimal(39, 0, 1)", "its digits are missing"}, {"decimal(80, 0)", "1 to 38 digits"}, {"decimal(0)", "1 to 38 digits"},
    {"timestamp[h]", "its unit is"}, {"time32[ns]", "time32 is in s or ms"}, {"int32 x", "unknown type 'int32 x'"}, {"int32)", "something behind its end"},
    {"foo<int32>", "unknown type 'foo'"}, {"fixed_size_binary", "its size is missing"}, {"int32[3]", "a ']' is missing"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct ArrowSchema *type;
    dc_error_clear(&err);
    ck_assert_int_eq(arrow_type_parse(str_of(cases[i][0]), &arena, &type, &err), DC_FAIL);
    ck_assert_msg(strstr(err.message, cases[i][1]), "%s: %s", cases[i][0], err.message);
  }
  ck_assert(!arrow_type_equal(type_of("int8"), type_of("int16")));
  ck_assert(!arrow_type_equal(type_of("struct<a: int8>"), type_of("struct<b: int8>")));
  ck_assert(!arrow_type_equal(type_of("timestamp[us]"), type_of("timestamp[us, UTC]")));
  ck_assert(!arrow_type_equal(type_of("uuid"), type_of("fixed_size_binary[16]")));
  ck_assert(!arrow_type_equal(type_of("decimal(10, 2)"), type_of("decimal(10, 3)")));
}
END_TEST

START_TEST(type_written) {
  struct ArrowSchema *words = format_of("c", 0), *list = format_of("+l", 1);
  Buf text = {0};
  words->flags = 0;
  words->dictionary = format_of("u", 0);
  list->children[0] = words;
  const struct ArrowSchema *written = arrow_type_written(&arena, list);
  arrow_type_print(&text, list);
  buf_char(&text, ' ');
  arrow_type_print(&text, written);
  ck_assert_str_eq(arena_copy(&arena, text.data, text.len), "list<dictionary<string, int8>> list<string>");
  ck_assert_str_eq(written->name, "x");
  ck_assert_int_eq(written->children[0]->flags & ARROW_FLAG_NULLABLE, ARROW_FLAG_NULLABLE);
  const struct ArrowSchema *map = arrow_type_written(&arena, type_of("map<string, int8>"));
  ck_assert_int_eq(map->children[0]->flags, 0);
  ck_assert_int_eq(map->children[0]->children[0]->flags, 0);
  ck_assert_int_eq(map->children[0]->children[1]->flags, ARROW_FLAG_NULLABLE);
  buf_free(&text);
}
END_TEST

/* --- Converting and writing --- */

/* The text null is NULL, what begins with [, { or " is JSON, true and false are BOOL, what begins with # is a number, else STRING. */
static Value value_of(Str text) {
  Value value;
  Str why;
  if (str_is(text, "null")) return value_null();
  if (str_is(text, "true") || str_is(text, "false")) return value_bool(text.data[0] == 't');
  if (text.len && text.data[0] == '#') {
    ck_assert(number_parse(str_make(text.data + 1, text.len - 1), &value));
    return value;
  }
  if (!text.len || !strchr("[{\"", text.data[0])) return value_str(text);
  ck_assert_msg(json_read(&arena, text, &value, &why), "%.*s: %.*s", STR_ARG(text), STR_ARG(why));
  return value;
}

/* Values that are parted by " | ". */
static uint32_t values_of(const char *text, Value *out) {
  uint32_t count = 0;
  for (const char *end; text; text = end ? end + 3 : NULL) {
    end = strstr(text, " | ");
    out[count++] = value_of(str_make(text, end ? (size_t)(end - text) : strlen(text)));
  }
  return count;
}

static Column column_of(ColumnBuilder *builder, const Value *values, uint32_t count) {
  column_builder_init(builder);
  for (uint32_t i = 0; i < count; i++) column_builder_add(builder, values[i]);
  return column_builder_view(builder, &arena);
}

/* Writes the column as that type and reads it again. */
static const char *there_and_back(const Column *column, uint32_t rows, const struct ArrowSchema *type) {
  struct ArrowArray array;
  Batch *batch;
  const int field = 0;
  const struct ArrowSchema *record = arrow_type_record(&arena, &type, 1);
  ck_assert_msg(arrow_export(budget, column, 1, rows, record, &array, &err) == DC_OK, "%s", err.message);
  for (int64_t i = 0; i < array.children[0]->n_buffers; i++) ck_assert_uint_eq((uintptr_t)array.children[0]->buffers[i] % 64, 0);
  ck_assert_msg(arrow_import(budget, record, &array, &field, 1, 0, &batch, &err) == DC_OK, "%s", err.message);
  array.release(&array);
  ck_assert_ptr_null((void *)(uintptr_t)array.release);
  const char *text = column_text(&batch->columns[0], rows);
  batch_unref(batch);
  return text;
}

typedef struct Trip {
  const char *type, *in, *out; /* out NULL: as in */
} Trip;

static const Trip trips[] = {
  {"bool", "true | null | false | TRUE | #1 | #0.0", "true | null | false | true | true | false"},
  {"int8", "-128 | 127 | null | #0 | true", "-128 | 127 | null | 0 | 1"},
  {"int16", "#-32768 | #32767 | #5.0", "-32768 | 32767 | 5"},
  {"int32", "#-2147483648 | null | #2147483647", "-2147483648 | null | 2147483647"},
  {"int64", "#-9223372036854775808 | 9223372036854775807 | 0x10 | 1e3", "-9223372036854775808 | 9223372036854775807 | 16 | 1000"},
  {"uint8", "0 | 255", NULL},
  {"uint16", "#0 | #65535", "0 | 65535"},
  {"uint32", "#0 | #4294967295", "0 | 4294967295"},
  {"uint64", "0 | 18446744073709551615 | #5 | null", "0 | 18446744073709551615 | 5 | null"},
  {"duration[ns]", "#5 | -7", "5 | -7"},
  {"float16", "#1 | #65504 | NaN | #1e-8 | #0.1 | -Infinity | #-0.0", "1.0 | 65504.0 | NaN | 0.0 | 0.099975586 | -Infinity | -0.0"},
  {"float32", "#0.1 | #1e10 | #16777217 | null | NaN | #-0.0 | 0.3", "0.1 | 10000000000.0 | 16777216.0 | null | NaN | -0.0 | 0.3"},
  {"double", "#0.1 | #5e-324 | null | 9223372036854775807 | NaN | #-0.0", "0.1 | 5e-324 | null | 9.223372036854776e+18 | NaN | -0.0"},
  {"double", "#0.1 | #5e-324 | #NaN | #-Infinity", "0.1 | 5e-324 | NaN | -Infinity"},
  {"decimal(5, 2)", "1.5 | #-999.99 | null | #3 | 1e2 | 2.500", "1.50 | -999.99 | null | 3.00 | 100.00 | 2.50"},
  {"decimal(38, 0)", "99999999999999999999999999999999999999 | -99999999999999999999999999999999999999", NULL},
  {"decimal(38, 38)", "0.99999999999999999999999999999999999999 | -0.00000000000000000000000000000000000001", NULL},
  {"decimal32(9, 4)", "99999.9999 | -0.0001", NULL},
  {"decimal64(18, 0)", "999999999999999999 | -999999999999999999", NULL},
  {"decimal256(76, 38)", "1.5 | 0.5", "1.5000000000000000000000000000000000000 | 0.50000000000000000000000000000000000000"},
  {"decimal256(60, 50)", "0.5 | -123456789", "0.50000000000000000000000000000000000000 | -123456789.00000000000000000000000000000"},
  {"decimal(3, -2)", "12300 | -100", NULL},
  {"string", "a |  | null | äöü€😀 | #1.5 | true | [1, \"a\"]", "a |  | null | äöü€😀 | 1.5 | true | [1, a]"},
  {"string", "a |  | null | a text of some length", NULL},
  {"large_string", "a |  | null | a text of some length", NULL},
  {"string_view", "a |  | null | twelve bytes | thirteen byte | a text of some length", NULL},
  {"binary", "a | null | xyz", "61 | null | 78797a"},
  {"large_binary", "a | null | xyz", "61 | null | 78797a"},
  {"binary_view", "a | null | more than twelve", "61 | null | 6d6f7265207468616e207477656c7665"},
  {"fixed_size_binary[2]", "ab | null | cd", "6162 | null | 6364"},
  {"uuid", "123e4567-e89b-12d3-a456-426614174000 | null | 123E4567E89B12D3A456426614174001", "123e4567-e89b-12d3-a456-426614174000 | null | 123e4567-e89b-12d3-a456-426614174001"},
  {"date", "0001-01-01 | 9999-12-31 | null | 2024-02-29T00:00:00", "0001-01-01 | 9999-12-31 | null | 2024-02-29"},
  {"date64", "0001-01-01 | 9999-12-31 | null", NULL},
  {"time32[s]", "00:00:00 | 23:59:59", NULL},
  {"time32[ms]", "00:00:00.001 | null", NULL},
  {"time64[us]", "23:59:59.999999", NULL},
  {"time64[ns]", "23:59:59.999999999 | null", NULL},
  {"timestamp[s]", "0001-01-01T00:00:00 | 9999-12-31T23:59:59 | 2024-02-29", "0001-01-01T00:00:00 | 9999-12-31T23:59:59 | 2024-02-29T00:00:00"},
  {"timestamp[us]", "0001-01-01T00:00:00.000001 | 9999-12-31T23:59:59.999999 | null", NULL},
  {"timestamp[ns]", "1677-09-21T00:12:43.145224192 | 2262-04-11T23:47:16.854775807 | 1969-12-31T23:59:59.999999999", NULL},
  {"timestamp[us, UTC]", "2024-01-01T02:00:00+02:00 | 2024-01-01T00:00:00 | null", "2024-01-01T00:00:00Z | 2024-01-01T00:00:00Z | null"},
  {"timestamp[ms, +02:00]", "2024-01-01T02:00:00+02:00 | 2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00 | 2024-01-01T02:00:00+02:00"},
  {"null", "null | null", NULL},
  {"list<int8>", "[1, null, 3] | null | [] | [\"5\"] | [7]", "[1, null, 3] | null | [] | [5] | [7]"},
  {"large_list<string>", "[\"a\", null] | [1.5]", "[a, null] | [1.5]"},
  {"list_view<int64>", "[1, 2] | null | [3]", NULL},
  {"large_list_view<int64>", "[1, 2] | null | [3]", NULL},
  {"fixed_size_list<double>[2]", "[1, 2] | null | [0.5, null]", "[1.0, 2.0] | null | [0.5, null]"},
  {"struct<a: int8, b: string>", "{\"b\": \"x\", \"a\": 1} | null | {} | {\"a\": null, \"b\": \"y\"}",
   "{\"a\":1,\"b\":\"x\"} | null | {\"a\":null,\"b\":null} | {\"a\":null,\"b\":\"y\"}"},
  {"map<string, int32>", "{\"x\": 1, \"y\": null} | null | {} | {\"z\": 3}", "{\"x\":1,\"y\":null} | null | {} | {\"z\":3}"},
  {"map<int32, string>", "{\"1\": \"a\"} | [{\"key\": 2, \"value\": \"b\"}]", "[{\"key\":1,\"value\":\"a\"}] | [{\"key\":2,\"value\":\"b\"}]"},
  {"list<struct<a: list<map<string, decimal(3, 1)>>>>", "[{\"a\": [{\"k\": 1.5}, null]}, null] | []", "[{\"a\":[{\"k\":1.5},null]}, null] | []"},
  {"fixed_size_list<struct<a: int8, l: list<string>>>[1]", "null | [{\"a\": 1, \"l\": [\"x\", \"y\"]}] | [null]", "null | [{\"a\":1,\"l\":[\"x\",\"y\"]}] | [null]"},
};

START_TEST(round_trips) {
  const Trip *trip = &trips[_i];
  const struct ArrowSchema *type = type_of(trip->type);
  Value values[32], converted[32];
  uint32_t count = values_of(trip->in, values);
  ColumnBuilder builder;
  const char *want = trip->out ? trip->out : trip->in;
  for (uint32_t i = 0; i < count; i++)
    ck_assert_msg(arrow_convert(values[i], type, &arena, &converted[i], &err) == DC_OK, "%s: %s", trip->type, err.message);
  for (int way = 0; way < 2; way++) { /* as they are, and converted before */
    Column column = column_of(&builder, way ? converted : values, count);
    ck_assert_str_eq(there_and_back(&column, count, type), want);
    column_builder_free(&builder);
  }
}
END_TEST

typedef struct Misfit {
  const char *type, *in, *error;
} Misfit;

static const Misfit misfits[] = {
  {"int8", "#300", "300 does not fit into int8"}, {"int8", "-129", "'-129' does not fit into int8"}, {"int64", "#1.5", "1.5 does not fit into int64"},
  {"int64", "1.5", "'1.5' does not fit"}, {"int64", "abc", "'abc' does not fit into int64"}, {"int64", "", "'' does not fit"}, {"int64", "9223372036854775808", "does not fit"},
  {"int64", "#9.3e18", "does not fit"}, {"int64", "NaN", "does not fit"}, {"uint64", "-1", "does not fit"}, {"uint64", "18446744073709551616", "does not fit"},
  {"uint8", "#-1", "-1 does not fit into uint8"}, {"float32", "#1e39", "1e+39 does not fit into float32"}, {"float16", "#65520", "does not fit"}, {"double", "x", "does not fit"},
  {"double", "[1]", "[1] does not fit into double"}, {"bool", "#2", "2 does not fit into bool"}, {"bool", "yes", "does not fit"},
  {"decimal(3, 1)", "99.95", "does not fit into decimal(3, 1)"}, {"decimal(3, 1)", "100", "does not fit"}, {"decimal(3, 1)", "#NaN", "does not fit"},
  {"decimal(3, -2)", "#150", "does not fit"}, {"date", "2024-02-30", "does not fit into date"}, {"date", "2024-01-01T00:00:01", "does not fit into date"},
  {"date", "#5", "does not fit"}, {"time32[s]", "00:00:00.5", "does not fit into time32[s]"}, {"timestamp[ms]", "2024-01-01T00:00:00.000001", "does not fit"},
  {"timestamp[ns]", "1600-01-01", "does not fit into timestamp[ns]"}, {"timestamp[us]", "2024-01-01T00:00:00Z", "does not fit into timestamp[us]"},
  {"timestamp[us]", "#5", "does not fit"}, {"fixed_size_binary[2]", "abc", "does not fit"}, {"binary", "#5", "does not fit"}, {"uuid", "123", "does not fit into uuid"},
  {"null", "#1", "1 does not fit into null"}, {"list<int8>", "#1", "does not fit into list<int8>"}, {"list<int8>", "[1, 300]", "element 2: 300 does not fit into int8"},
  {"fixed_size_list<int8>[2]", "[1]", "does not fit"}, {"struct<a: int8>", "{\"a\": \"x\"}", "\"a\": 'x' does not fit into int8"},
  {"struct<a: int8>", "{\"a\": 1, \"b\": 2}", "does not fit into struct<a: int8>"}, {"struct<a: list<int8>>", "{\"a\": [0, 0, 1e9]}", "\"a\": element 3: 1000000000.0 does not fit"},
  {"map<string, int8>", "{\"k\": 300}", "\"k\": 300 does not fit"}, {"map<int8, int8>", "{\"k\": 3}", "'k' does not fit into int8"}, {"list<int8>", "oops", "'oops' does not fit"},
};

START_TEST(misfit_values) {
  const Misfit *misfit = &misfits[_i];
  const struct ArrowSchema *type = type_of(misfit->type), *record = arrow_type_record(&arena, &type, 1);
  Value values[2] = {value_null(), value_of(str_of(misfit->in))}, out;
  ColumnBuilder builder;
  struct ArrowArray array;
  ck_assert_int_eq(arrow_convert(values[1], type, &arena, &out, &err), DC_FAIL);
  ck_assert_msg(strstr(err.message, misfit->error), "%s", err.message);
  Column column = column_of(&builder, values, 2);
  dc_error_clear(&err);
  ck_assert_int_eq(arrow_export(budget, &column, 1, 2, record, &array, &err), DC_FAIL);
  ck_assert_msg(strstr(err.message, misfit->error) && str_starts(str_of(err.message), str_of("column \"\", row 2: ")), "%s", err.message);
  column_builder_free(&builder);
  dc_error_clear(&err);
}
END_TEST

/* A child that was moved away lives on when its parent is gone; the budget gets all back in the end. */
START_TEST(moved_children) {
  const struct ArrowSchema *types[] = {type_of("list<string>"), type_of("int64")}, *record = arrow_type_record(&arena, types, 2);
  Value values[2] = {value_of(str_of("[\"a\", \"b\"]")), value_of(str_of("[\"c\"]"))}, out;
  ColumnBuilder builders[2];
  uint64_t before = budget_used(budget);
  Column columns[2] = {column_of(&builders[0], values, 2), column_of(&builders[1], (Value[]){value_int(1), value_null()}, 2)};
  struct ArrowArray array;
  ck_assert_int_eq(arrow_export(budget, columns, 2, 2, record, &array, &err), DC_OK);
  ck_assert(budget_used(budget) > before);
  struct ArrowArray moved = *array.children[0]->children[0];
  array.children[0]->children[0]->release = NULL;
  array.release(&array);
  ck_assert(budget_used(budget) > before);
  ck_assert_int_eq(arrow_value(type_of("string"), &moved, 2, &arena, &out, &err), DC_OK);
  ck_assert_str_eq(print(out), "c");
  moved.release(&moved);
  ck_assert_uint_eq(budget_used(budget), before);
  column_builder_free(&builders[0]);
  column_builder_free(&builders[1]);
}
END_TEST

/* --- Random round trips --- */

static uint64_t state = 88172645463325252u;

static uint64_t random_bits(void) { /* xorshift64 (Marsaglia, 2003) */
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static Value random_value(int kind, int level) {
  static const char letters[] = "abcäöü€xyz 0123456789";
  uint64_t bits = random_bits();
  if (bits % 7 == 0) return value_null();
  Value items[4];
  size_t count = bits % 4;
  switch (kind) {
    case 0: return value_bool(bits >> 20 & 1);
    case 1: return value_int((int64_t)random_bits() >> (bits % 64));
    case 2: return value_double((double)(int64_t)random_bits() / 1024);
    case 3: return value_str(str_make(arena_copy(&arena, letters, bits % 3), bits % 3));
    case 4: return value_date((int64_t)(bits % 3652059) - 719162);
    case 5: return value_timestamp((int64_t)(bits % 315537897600) - 62135596800, (uint32_t)(random_bits() % 1000000) * 1000);
    case 6: return value_decimal(&arena, (Decimal){(__int128)(int64_t)random_bits() * 1000003, 5});
    case 7: return value_time((int64_t)(bits % 86400000000000));
    default: break;
  }
  if (level > 2) return value_null();
  for (size_t i = 0; i < count; i++) items[i] = random_value(kind - 8, level + 1);
  return value_array(&arena, items, count);
}

START_TEST(random_trips) {
  enum { ROWS = 300 };
  Value values[ROWS];
  for (int round = 0; round < 5; round++) {
    ColumnBuilder builder;
    TypeGuess *guess = type_guess_new();
    for (int i = 0; i < ROWS; i++) values[i] = random_value(_i, 0);
    Column column = column_of(&builder, values, ROWS);
    type_guess_column(guess, &column, ROWS);
    const struct ArrowSchema *type = type_guess_type(guess, str_of("x"), &arena);
    ck_assert_str_eq(there_and_back(&column, ROWS, type), column_text(&column, ROWS));
    column_builder_free(&builder);
    type_guess_free(guess);
  }
}
END_TEST

/* --- Guesses --- */

static const Trip guesses[] = {
  {"string", "null", NULL}, {"int64", "#1 | null | #2", NULL}, {"double", "#1 | #1.5", NULL}, {"bool", "true | false", NULL}, {"string", "true | #1", NULL},
  {"string", "a | #1", NULL}, {"list<int64>", "[1, 2] | []", NULL}, {"list<string>", "[] | null", NULL}, {"string", "[1] | #1", NULL}, {"string", "{}", NULL},
  {"struct<a: int64, b: string, c: double>", "{\"a\": 1} | {\"b\": \"x\", \"a\": 2} | {\"c\": 1.5, \"b\": null}", NULL},
  {"list<struct<a: list<double>>>", "[{\"a\": [1]}, {\"a\": [1.5]}]", NULL}, {"decimal(38, 0)", "[12345678901234567890] | null", "list<decimal(38, 0)>"},
};

static const char *guessed(const Value *values, uint32_t count) {
  Buf text = {0};
  TypeGuess *guess = type_guess_new();
  for (uint32_t i = 0; i < count; i++) type_guess_value(guess, values[i]);
  arrow_type_print(&text, type_guess_type(guess, str_of("x"), &arena));
  type_guess_free(guess);
  const char *copy = arena_copy(&arena, text.data, text.len);
  buf_free(&text);
  return copy;
}

static Value parsed(bool (*parse)(Str text, Value *out), const char *text) {
  Value value;
  ck_assert_msg(parse(str_of(text), &value), "%s", text);
  return value;
}

static Value decimal(const char *text) {
  Decimal d;
  ck_assert(decimal_parse(str_of(text), &d));
  return value_decimal(&arena, d);
}

START_TEST(guess_types) {
  Value values[32];
  for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++) {
    uint32_t count = values_of(guesses[i].in, values);
    ck_assert_str_eq(guessed(values, count), guesses[i].out ? guesses[i].out : guesses[i].type);
  }
  Value day = parsed(date_parse, "2024-02-29"), local = parsed(timestamp_parse, "2024-02-29T12:00:00"), zoned = parsed(timestamp_parse, "2024-02-29T12:00:00+02:00");
  Value fine = parsed(timestamp_parse, "2024-02-29T12:00:00.000000001"), early = parsed(timestamp_parse, "0001-01-01T00:00:00");
  ck_assert_str_eq(guessed(&day, 1), "date");
  ck_assert_str_eq(guessed((Value[]){parsed(time_parse, "12:00")}, 1), "time64[ns]");
  ck_assert_str_eq(guessed((Value[]){day, local}, 2), "timestamp[us]");
  ck_assert_str_eq(guessed((Value[]){zoned, zoned}, 2), "timestamp[us, UTC]");
  ck_assert_str_eq(guessed((Value[]){zoned, local}, 2), "string");
  ck_assert_str_eq(guessed((Value[]){fine, local}, 2), "timestamp[ns]");
  ck_assert_str_eq(guessed((Value[]){fine, early}, 2), "string");
  ck_assert_str_eq(guessed((Value[]){day, value_text("x")}, 2), "string");
  ck_assert_str_eq(guessed((Value[]){decimal("1.25"), decimal("12345.5")}, 2), "decimal(38, 2)");
  ck_assert_str_eq(guessed((Value[]){decimal("1.25"), value_int(INT64_MAX)}, 2), "decimal(38, 2)");
  ck_assert_str_eq(guessed((Value[]){decimal("1.25"), value_double(1)}, 2), "double");
  ck_assert_str_eq(guessed((Value[]){decimal("1e30"), decimal("1e-30")}, 2), "string");
  ck_assert_str_eq(guessed((Value[]){value_single(1), value_null()}, 2), "float32");
  ck_assert_str_eq(guessed((Value[]){value_single(1), value_int(3)}, 2), "double");
  Value twice = value_object(&arena, (Str[]){str_of("a"), str_of("a")}, (Value[]){value_int(1), value_int(2)}, 2);
  ck_assert_str_eq(guessed(&twice, 1), "string");
}
END_TEST

/* An object with more members than are searched one by one. */
START_TEST(guess_wide) {
  enum { MEMBERS = 1000 };
  Str names[MEMBERS];
  Value values[MEMBERS];
  TypeGuess *guess = type_guess_new();
  for (int i = 0; i < MEMBERS; i++) {
    names[i] = arena_printf(&arena, "m%d", i);
    values[i] = value_int(i);
  }
  type_guess_value(guess, value_object(&arena, names, values, MEMBERS));
  for (int i = 0; i < MEMBERS; i++) type_guess_value(guess, value_object(&arena, &names[MEMBERS - 1 - i], &values[i], 1));
  const struct ArrowSchema *type = type_guess_type(guess, str_of("x"), &arena);
  ck_assert_int_eq(type->n_children, MEMBERS);
  ck_assert_str_eq(type->children[999]->name, "m999");
  type_guess_free(guess);
}
END_TEST

/* --- Single numbers as text --- */

START_TEST(single_texts) {
  char text[32];
  for (int i = 0; i < 200000; i++) {
    uint32_t bits = (uint32_t)random_bits();
    float single;
    memcpy(&single, &bits, sizeof bits);
    if (isnan(single) || isinf(single)) continue;
    text[single_print((double)single, text)] = 0;
    ck_assert_msg(strtof(text, NULL) == single, "%s is not %.9g", text, (double)single);
    char shorter[32]; /* no text with fewer digits reads back */
    int digits = 0;
    for (const char *at = text; *at && *at != 'e'; at++) digits += (*at >= '0' && *at <= '9') && (digits || *at != '0');
    if (digits < 2 || !strchr(text, 'e')) continue;
    snprintf(shorter, sizeof shorter, "%.*e", digits - 2, (double)single);
    ck_assert_msg(strtof(shorter, NULL) != single, "%s could be %s", text, shorter);
  }
}
END_TEST

static void setup(void) {
  budget = budget_new(1 << 30);
  dc_error_clear(&err);
}

static void teardown(void) {
  ck_assert_uint_eq(budget_used(budget), 0);
  budget_free(budget);
  arena_free(&arena);
}

int main(void) {
  Suite *suite = suite_create("arrow");
  TCase *tcase = tcase_create("arrow");
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_test(tcase, read_numbers);
  tcase_add_test(tcase, read_floats);
  tcase_add_test(tcase, read_text);
  tcase_add_test(tcase, read_views);
  tcase_add_test(tcase, read_bools);
  tcase_add_test(tcase, read_decimals);
  tcase_add_test(tcase, read_moments);
  tcase_add_test(tcase, read_lists);
  tcase_add_test(tcase, read_nested);
  tcase_add_test(tcase, read_encoded);
  tcase_add_test(tcase, broken_arrays);
  tcase_add_test(tcase, type_texts);
  tcase_add_test(tcase, type_mistakes);
  tcase_add_test(tcase, type_written);
  tcase_add_loop_test(tcase, round_trips, 0, sizeof trips / sizeof *trips);
  tcase_add_loop_test(tcase, misfit_values, 0, sizeof misfits / sizeof *misfits);
  tcase_add_test(tcase, moved_children);
  tcase_add_loop_test(tcase, random_trips, 0, 12);
  tcase_add_test(tcase, guess_types);
  tcase_add_test(tcase, guess_wide);
  tcase_add_test(tcase, single_texts);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
