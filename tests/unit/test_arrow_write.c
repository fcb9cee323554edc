/* test_arrow_write.c - Arrow's types as texts, conversions, values written and read again, guesses of types. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/arrow_values.h"
#include "value/datetime_text.h"
#include "value/decimal.h"
#include "value/json.h"

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
  for (uint32_t i = 0; i < count; i++) { /* what fits is not changed by conversions */
    Value again;
    ck_assert_int_eq(arrow_convert(converted[i], type, &arena, &again, &err), DC_OK);
    ck_assert_str_eq(print(again), print(converted[i]));
    if (arrow_values_fit(&values[i], 1, type)) ck_assert_str_eq(print(values[i]), print(converted[i]));
  }
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
  {"struct<a: int8>", "{\"a\": 1, \"b\": 2}", "does not fit into struct<a: int8>"}, {"struct<a: list<int8>>", "{\"a\": [0, 0, 300]}", "\"a\": element 3: 300 does not fit"},
  {"map<string, int8>", "{\"k\": 300}", "\"k\": 300 does not fit"}, {"map<int8, int8>", "{\"k\": 3}", "'k' does not fit into int8"}, {"list<int8>", "oops", "'oops' does not fit"},
};

START_TEST(misfit_values) {
  const Misfit *misfit = &misfits[_i];
  const struct ArrowSchema *type = type_of(misfit->type), *record = arrow_type_record(&arena, &type, 1);
  Value values[2] = {value_null(), value_of(str_of(misfit->in))}, out;
  ColumnBuilder builder;
  struct ArrowArray array;
  ck_assert(!arrow_values_fit(values, 2, type));
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

START_TEST(fitting_values) {
  static const char *const types[] = {"int8", "int16", "int32", "uint8", "uint16", "uint32", "int64", "uint64", "double"};
  static const int64_t values[][2] = {{-129, 128}, {-32769, 32768}, {INT64_C(-2147483649), INT64_C(2147483648)}, {-1, 256}, {-1, 65536}, {-1, INT64_C(4294967296)}};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    const struct ArrowSchema *type = type_of(types[i]);
    int64_t inside[] = {values[i][0] + 1, values[i][1] - 1, values[i][1]};
    ck_assert(arrow_ints_fit(inside, NULL, 2, type));
    ck_assert(!arrow_ints_fit(inside, NULL, 3, type));
    ck_assert(arrow_ints_fit(inside, (uint8_t[]){0, 0, 1}, 3, type)); /* it is NULL */
    ck_assert(!arrow_ints_fit(values[i], NULL, 1, type));
  }
  ck_assert(arrow_ints_fit((int64_t[]){INT64_MIN, INT64_MAX}, NULL, 2, type_of("int64")));
  ck_assert(!arrow_ints_fit((int64_t[]){-1}, NULL, 1, type_of("uint64")));
  ck_assert(!arrow_ints_fit((int64_t[]){1}, NULL, 1, type_of("double")));
  Value stamp, zoned;
  ck_assert(timestamp_parse(str_of("2024-01-01T00:00:00.001"), &stamp) && timestamp_parse(str_of("2024-01-01T00:00:00+01:00"), &zoned));
  ck_assert(arrow_values_fit((Value[]){stamp, value_null()}, 2, type_of("timestamp[ms]")));
  ck_assert(!arrow_values_fit(&stamp, 1, type_of("timestamp[s]")));
  ck_assert(!arrow_values_fit(&stamp, 1, type_of("timestamp[ms, UTC]")));
  ck_assert(arrow_values_fit(&zoned, 1, type_of("timestamp[ms, +01:00]")));
  ck_assert(!arrow_values_fit(&zoned, 1, type_of("timestamp[ms, UTC]")));
  ck_assert(arrow_values_fit((Value[]){value_date(5), value_null()}, 2, type_of("date")));
  ck_assert(!arrow_values_fit((Value[]){value_date(5), stamp}, 2, type_of("date")));
  ck_assert(arrow_values_fit((Value[]){value_single(1)}, 1, type_of("float32")));
  ck_assert(!arrow_values_fit((Value[]){value_double(1)}, 1, type_of("float32")));
  Value decimal = value_decimal(&arena, (Decimal){12345, 2});
  ck_assert(arrow_values_fit(&decimal, 1, type_of("decimal(5, 2)")));
  ck_assert(!arrow_values_fit(&decimal, 1, type_of("decimal(4, 2)")));
  ck_assert(!arrow_values_fit(&decimal, 1, type_of("decimal(6, 3)")));
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

int main(void) {
  Suite *suite = suite_create("arrow_write");
  TCase *tcase = tcase_create("arrow_write");
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_test(tcase, type_texts);
  tcase_add_test(tcase, type_mistakes);
  tcase_add_test(tcase, type_written);
  tcase_add_loop_test(tcase, round_trips, 0, sizeof trips / sizeof *trips);
  tcase_add_loop_test(tcase, misfit_values, 0, sizeof misfits / sizeof *misfits);
  tcase_add_test(tcase, fitting_values);
  tcase_add_test(tcase, moved_children);
  tcase_add_loop_test(tcase, random_trips, 0, 12);
  tcase_add_test(tcase, guess_types);
  tcase_add_test(tcase, guess_wide);
  tcase_add_test(tcase, single_texts);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
