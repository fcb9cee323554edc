/* Unit tests for modules/sql: numbers and moments as text, names, queries, parameters, columns, ranges. */
#include <check.h>
#include <math.h>

#include "sql/fields.c"
#include "sql/names.c"
#include "sql/text.c"
#include "sql/types.c"

static const char *text_of(Bytes *bytes) {
  const char *text = sql_text(bytes);
  bytes->len = 0;
  return text;
}

START_TEST(doubles_come_back) {
  static const double numbers[] = {0, -0.0, 0.1, 123.4567, 1e9, 1e22, 5e-324, 1.7976931348623157e308, 0.30000000000000004, -999999999.999999, 1e-7, 4503599627370497.5};
  Bytes out = {0};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    sql_put_double(&out, numbers[i], false);
    double back = strtod(text_of(&out), NULL);
    ck_assert(back == numbers[i] && signbit(back) == signbit(numbers[i]));
  }
  sql_put_double(&out, 123.4567, false);
  ck_assert_str_eq(text_of(&out), "123.4567");
  sql_put_double(&out, (double)0.1f, true);
  ck_assert_str_eq(text_of(&out), "0.1");
  sql_put_double(&out, NAN, false);
  ck_assert_str_eq(text_of(&out), "NaN");
  sql_put_double(&out, -INFINITY, false);
  ck_assert_str_eq(text_of(&out), "-Infinity");
  bytes_free(&out);
}
END_TEST

START_TEST(whole_and_decimal_numbers) {
  Bytes out = {0};
  __int128 wide = (__int128)1000000000000000000 * 10000000000000000000u;
  sql_put_int(&out, INT64_MIN);
  ck_assert_str_eq(text_of(&out), "-9223372036854775808");
  sql_put_decimal(&out, -5, 3);
  ck_assert_str_eq(text_of(&out), "-0.005");
  sql_put_decimal(&out, 0, 2);
  ck_assert_str_eq(text_of(&out), "0.00");
  sql_put_decimal(&out, wide, 38);
  ck_assert_str_eq(text_of(&out), "0.10000000000000000000000000000000000000");
  sql_put_decimal(&out, 12, -3);
  ck_assert_str_eq(text_of(&out), "12000");
  bytes_free(&out);
}
END_TEST

START_TEST(moments) {
  static const struct {
    const char *format;
    int64_t value;
    const char *text; /* NULL: it does not fit */
  } cases[] = {{"tdD", -719162, "0001-01-01"}, {"tdD", 2932896, "9999-12-31"}, {"tdD", 11016, "2000-02-29"}, {"tdm", -86400000, "1969-12-31"}, {"tdm", 1, NULL},
               {"ttu", 86399999999, "23:59:59.999999"}, {"ttn", 1, NULL}, {"tsu:", -1, "1969-12-31 23:59:59.999999"}, {"tss:UTC", 0, "1970-01-01 00:00:00+00"}, {"tss:", INT64_MAX, NULL}};
  Bytes out = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int32_t small = (int32_t)cases[i].value;
    struct ArrowSchema schema = {.format = cases[i].format};
    SqlType type = sql_type(&schema);
    const void *buffers[] = {NULL, type.width == 4 ? (const void *)&small : (const void *)&cases[i].value};
    struct ArrowArray array = {.length = 1, .n_buffers = 2, .buffers = buffers};
    int status = sql_put_text(&out, &schema, &type, &array, 0);
    ck_assert_int_eq(status, cases[i].text ? 0 : -1);
    if (cases[i].text) ck_assert_str_eq(text_of(&out), cases[i].text);
    out.len = 0;
  }
  bytes_free(&out);
}
END_TEST

START_TEST(names) {
  SqlName name;
  TableError error = {{0}, {0}};
  Bytes out = {0};
  ck_assert_int_eq(sql_name_parse("my schema.\"a.\"\"b\"\"\"", '"', &name, &error), 0);
  ck_assert_uint_eq(name.count, 2);
  ck_assert_str_eq(name.parts[1], "a.\"b\"");
  sql_put_names(&out, &name, '"');
  ck_assert_str_eq(text_of(&out), "\"my schema\".\"a.\"\"b\"\"\"");
  sql_name_free(&name);
  static const char *const wrong[] = {"", ".", "a.", ".a", "a..b", "\"a", "\"a\"b", "a.b.c.d.e", "\"\""};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) ck_assert_int_eq(sql_name_parse(wrong[i], '"', &name, &error), -1);
  static const char *const tables[] = {"orders", "customers"};
  ck_assert_str_eq(sql_nearest("Order", tables, 2), "orders");
  ck_assert_ptr_null(sql_nearest("something", tables, 2));
  bytes_free(&out);
}
END_TEST

START_TEST(queries) {
  ck_assert(sql_is_query("select 1") && sql_is_query(" -- why\n/* so */ WITH x AS (SELECT 1) SELECT * FROM x") && sql_is_query("(SELECT 1)") && sql_is_query("SHOW TABLES"));
  ck_assert(!sql_is_query("selection") && !sql_is_query("select") && !sql_is_query("with.table") && !sql_is_query(""));
  ck_assert(sql_can_nest("VALUES (1)") && !sql_can_nest("CALL p()"));
  ck_assert_uint_eq(sql_query_length("SELECT 1 ; \n;"), strlen("SELECT 1"));
}
END_TEST

START_TEST(parameters) {
  Bytes out = {0};
  ck_assert_uint_eq(sql_number_parameters("UPDATE t SET a = ?, \"b?\" = 'it''s ?' /* ? */ WHERE c ??| $x$ ? $x$ AND d = ? -- ?", &out), 2);
  ck_assert_str_eq(text_of(&out), "UPDATE t SET a = $1, \"b?\" = 'it''s ?' /* ? */ WHERE c ?| $x$ ? $x$ AND d = $2 -- ?");
  ck_assert_uint_eq(sql_number_parameters("SELECT $1 + 1", &out), 0);
  ck_assert_str_eq(text_of(&out), "SELECT $1 + 1");
  bytes_free(&out);
}
END_TEST

START_TEST(columns_and_ranges) {
  static const char *const wanted[] = {"word", "id"}, *const wrong[] = {"wrod"};
  static char *const bounds[] = {"10", "20"};
  static const char *const conditions[] = {"k < 10 OR k IS NULL", "k >= 10 AND k < 20", "k >= 20", "FALSE"};
  SqlField all[] = {{"id", "l"}, {"word", "u"}};
  SqlFields fields = {.all = all, .count = 2};
  struct ArrowSchema schema;
  TableError error = {{0}, {0}};
  ck_assert_int_eq(sql_fields_choose(&fields, &(SystemQuery){.columns = wanted, .column_count = 2}, &error), 0);
  ck_assert_int_eq(sql_fields_schema(&fields, &schema, &error), 0);
  ck_assert_str_eq(schema.children[0]->name, "word");
  ck_assert_str_eq(schema.children[1]->format, "l");
  schema.release(&schema);
  free(fields.chosen);
  ck_assert_int_eq(sql_fields_choose(&fields, &(SystemQuery){.columns = wrong, .column_count = 1}, &error), -1);
  ck_assert_str_eq(error.hint, "did you mean \"word\"?");
  free(fields.chosen);
  for (uint32_t i = 0; i < 4; i++) {
    Bytes key = {0};
    char *where;
    sql_put(&key, "k");
    ck_assert_int_eq(sql_range(&key, bounds, 2, i, &where, &error), 0);
    ck_assert_str_eq(where, conditions[i]);
    free(where);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sql");
  TCase *tests = tcase_create("sql");
  tcase_add_test(tests, doubles_come_back);
  tcase_add_test(tests, whole_and_decimal_numbers);
  tcase_add_test(tests, moments);
  tcase_add_test(tests, names);
  tcase_add_test(tests, queries);
  tcase_add_test(tests, parameters);
  tcase_add_test(tests, columns_and_ranges);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? 1 : 0;
}
