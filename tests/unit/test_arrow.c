/* test_arrow.c - Arrow's arrays as columns and values: every format by hand-made arrays, slices, broken arrays. */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "unit/arrow_values.h"
#include "value/arrow_wire.h"

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

/* The same slice as bytes and back; types that cannot be handed over are left out. Bytes that are missing are noticed. */
static void check_wire(const struct ArrowSchema *type, const struct ArrowArray *array, int64_t rows, int64_t offset, const char *want) {
  struct ArrowArray slice = *array, found = {0};
  struct ArrowSchema same;
  DcError why = {0};
  Buf bytes = {0};
  uint64_t size;
  slice.offset += offset;
  slice.length = rows;
  if (slice.null_count) slice.null_count = -1;
  arrow_wire_put_type(&bytes, type);
  for (size_t cut = 0; cut < bytes.len; cut++) {
    const char *at = bytes.data;
    DcError ignored = {0};
    ck_assert_int_eq(arrow_wire_take_type(&at, bytes.data + cut, &same, &ignored), DC_FAIL);
  }
  const char *at = bytes.data;
  ck_assert_int_eq(arrow_wire_take_type(&at, bytes.data + bytes.len, &same, &err), DC_OK);
  ck_assert_ptr_eq(at, bytes.data + bytes.len);
  buf_free(&bytes);
  if (arrow_wire_size(type, &slice, &size, &why) == DC_OK) {
    ck_assert(arrow_type_equal(type, &same));
    char *data = dc_alloc(size);
    arrow_wire_put(type, &slice, data);
    for (uint64_t cut = 0; cut < size; cut++) {
      dc_error_clear(&why);
      ck_assert_int_eq(arrow_wire_take(&same, data, cut, &arena, &found, &why), DC_FAIL);
    }
    ck_assert_int_eq(arrow_wire_take(&same, data, size, &arena, &found, &err), DC_OK);
    ck_assert_int_eq(found.length, rows);
    Batch *batch = import(&same, &found, rows, 0);
    ck_assert_msg(batch != NULL, "%s: %s", type->format, err.message);
    ck_assert_str_eq(column_text(&batch->columns[0], batch->rows), want);
    batch_unref(batch);
    dc_free(data);
  }
  same.release(&same);
}

/* All values of an array's slice [offset, offset + rows), as a column and one by one. */
static void check_values(const struct ArrowSchema *type, struct ArrowArray *array, int64_t rows, int64_t offset, const char *want) {
  Batch *batch = import(type, array, rows, offset);
  ck_assert_msg(batch != NULL, "%s: %s", type->format, err.message);
  ck_assert_str_eq(column_text(&batch->columns[0], batch->rows), want);
  const Column *column = &batch->columns[0]; /* a compact batch has no gaps */
  if (column->offsets) ck_assert_ptr_eq((const char *)column->values + ((column->offsets[rows] + 7u) & ~7u), batch->slab->data + batch_payload(batch));
  for (uint32_t i = 0; i < batch->rows; i++) {
    Value value;
    ck_assert_int_eq(arrow_value(type, array, offset + i, &arena, &value, &err), DC_OK);
    ck_assert_str_eq(print(value), print(column_value(&batch->columns[0], i, &arena)));
  }
  check_wire(type, array, rows, offset, want);
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
  check_fails(type_of("list<int32>"), with_children(array_of(4, 0, 2, NULL, ends, NULL), shifted, NULL), 4, "there are too few values");
  check_fails(type_of("list_view<int32>"), with_children(array_of(3, 0, 3, NULL, at, sizes), shifted, NULL), 3, "a list goes beyond its elements");
  check_fails(type_of("fixed_size_list<int32>[2]"), with_children(array_of(3, 1, 1, NULL, NULL, NULL), numbers, NULL), 3, "there are too few values");
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
  check_fails(type_of("struct<a: string, b: int32>"), with_children(array_of(4, 1, 1, NULL, NULL, NULL), keys, numbers), 4, "there are too few values");
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
  check_fails(type_of("int32"), array_of(2, 0, 2, NULL, items, NULL), 3, "there are too few values");
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
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
