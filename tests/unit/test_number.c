/* test_number.c - reading, printing and comparing numbers. */
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "value/datetime_text.h"
#include "value/decimal.h"

static const char *print(Value v) {
  static char text[4][64];
  static int next;
  char *out = text[next++ & 3];
  Buf buf = {0};
  value_print(&buf, v);
  snprintf(out, 64, "%.*s", (int)buf.len, buf.data);
  buf_free(&buf);
  return out;
}

typedef struct Reading {
  const char *text, *result; /* NULL: no number */
} Reading;

START_TEST(test_number_parse) {
  static const Reading cases[] = {
      {"0", "0"}, {"-0", "0"}, {"+5", "5"}, {" 5 ", "5"}, {"\t12\n", "12"}, {"42L", "42"}, {"-42l", "-42"}, {"5f", "5.0"}, {"5d", "5.0"}, {"5.D", "5.0"},
      {"1e2", "100.0"}, {"1E-2", "0.01"}, {".5", "0.5"}, {"5.", "5.0"}, {"0x10", "16"}, {"0XfF", "255"}, {"0xFFFFFFFFFFFFFFFF", "-1"}, {"1Fh", "31"},
      {"9223372036854775807", "9223372036854775807"}, {"-9223372036854775808", "-9223372036854775808"}, {"9223372036854775808", "9.223372036854776e+18"},
      {"00000000000000000000000007", "7"}, {"NaN", "NaN"}, {"Infinity", "Infinity"}, {"-Infinity", "-Infinity"}, {"1e400", "Infinity"}, {"1e-400", "0.0"},
      {"4.9e-324", "5e-324"}, {"2.2250738585072011e-308", "2.225073858507201e-308"}, {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"123456789012345678901234567890", "1.2345678901234568e+29"}, {"0.1234567890123456789012345678901234567890", "0.12345678901234568"},
      {"", NULL}, {" ", NULL}, {"-", NULL}, {"+", NULL}, {".", NULL}, {"e5", NULL}, {"1e", NULL}, {"1e+", NULL}, {"5x", NULL}, {"x5", NULL}, {"0x", NULL}, {"-0x1", NULL},
      {"0x1FFFFFFFFFFFFFFFF", NULL}, {"each", NULL}, {"h", NULL}, {"L", NULL}, {"d", NULL}, {"f", NULL}, {"1.5L", NULL}, {"infinity", NULL}, {"nan", NULL}, {"1 2", NULL}, {"1,5", NULL}, {"--1", NULL},
      {"1_000", NULL}, {"5ff", NULL}, {"NaNd", NULL}, {"1e5.5", NULL}, {"inf", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Value v;
    bool read = number_parse(str_of(cases[i].text), &v);
    ck_assert_msg(read == (cases[i].result != NULL), "'%s' read: %d", cases[i].text, read);
    if (read) ck_assert_msg(strcmp(print(v), cases[i].result) == 0, "'%s' gives %s, not %s", cases[i].text, print(v), cases[i].result);
  }
}
END_TEST

/* Many at once are read as each alone. */
START_TEST(test_many_numbers) {
  static const char *const marks[] = {"", "-", "+", " ", "--"}, *const tails[] = {"", ".", ".5", ".0625", ".12345678", ".1234567890123456", "e3", "L", "d", "x"};
  char text[80];
  for (size_t m = 0; m < sizeof marks / sizeof *marks; m++)
    for (size_t t = 0; t < sizeof tails / sizeof *tails; t++)
      for (int digits = 0; digits <= 24; digits++) {
        snprintf(text, sizeof text, "%s%.*s%s", marks[m], digits, "992337203685477580712345", tails[t]);
        Str texts[3] = {str_of("7"), str_of(text), str_of("")};
        static const uint8_t nulls[3] = {0, 0, 1};
        Value value = {0};
        bool read = number_parse(texts[1], &value), whole = read && value.type == TYPE_INT;
        bool exact = read && (!whole || llabs(value.as.i) < 1LL << 53);
        int64_t ints[3] = {1, 1, 1};
        double doubles[3] = {1, 1, 1}, want = whole ? (double)value.as.i : value.as.d;
        ck_assert_msg(numbers_to_ints(texts, nulls, 3, ints) == (whole ? 3 : 1) && ints[0] == 7, "'%s'", text);
        ck_assert_msg(!whole || (ints[1] == value.as.i && ints[2] == 0), "'%s' gives %lld", text, (long long)ints[1]);
        ck_assert_msg(numbers_to_doubles(texts, nulls, 3, doubles) == (exact ? 3 : 1) && doubles[0] == 7, "'%s'", text);
        ck_assert_msg(!exact || (!memcmp(&doubles[1], &want, sizeof want) && doubles[2] == 0), "'%s' gives %a, not %a", text, doubles[1], want);
      }
  ck_assert_uint_eq(numbers_to_ints((Str[]){{NULL, 0}}, NULL, 1, (int64_t[1]){0}), 0);
}
END_TEST

START_TEST(test_int_parse) {
  int64_t i;
  ck_assert(int_parse(str_of("-12"), &i) && i == -12);
  ck_assert(int_parse(str_of("12L"), &i) && i == 12);
  ck_assert(int_parse(str_of("0x1f"), &i) && i == 31);
  ck_assert(int_parse(str_of("-9223372036854775808"), &i) && i == INT64_MIN);
  const char *bad[] = {"", " 1", "1 ", "1.0", "9223372036854775808", "-9223372036854775809", "99999999999999999999999", "1d", "-", "L", "0x"};
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) ck_assert_msg(!int_parse(str_of(bad[k]), &i), "%s", bad[k]);
}
END_TEST

START_TEST(test_double_print) {
  static const struct { double d; const char *text; } cases[] = {
      {0, "0.0"}, {-0.0, "-0.0"}, {1, "1.0"}, {-2.5, "-2.5"}, {0.1, "0.1"}, {1e-4, "0.0001"}, {0.00012345, "0.00012345"}, {9.9e-5, "9.9e-05"}, {1e15, "1000000000000000.0"},
      {9007199254740993, "9007199254740992.0"}, {9999999999999998, "9999999999999998.0"}, {1e16, "1e+16"}, {1.5e16, "1.5e+16"}, {123456789.125, "123456789.125"}, {1.0 / 3, "0.3333333333333333"},
      {5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"}, {1e21, "1e+21"}, {1e22, "1e+22"}, {1e23, "1e+23"}, {2e-44, "2e-44"}, {NAN, "NaN"}, {INFINITY, "Infinity"}, {-INFINITY, "-Infinity"},
      {4.35, "4.35"}, {0.3, "0.3"}, {0.1 + 0.2, "0.30000000000000004"}, {1e100, "1e+100"}, {2.2250738585072014e-308, "2.2250738585072014e-308"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char out[32];
    size_t len = double_print(cases[i].d, out);
    ck_assert_uint_eq(len, strlen(out));
    ck_assert_str_eq(out, cases[i].text);
  }
}
END_TEST

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}

/* Every finite double reads back as itself, and no text of fewer digits does. */
START_TEST(test_round_trip) {
  uint64_t state = 88172645463325252;
  for (int i = 0; i < 300000; i++) {
    uint64_t bits = next_random(&state);
    double d;
    if (i % 3 == 1) d = (double)(int64_t)(bits >> 20) / 1000;
    else if (i % 3 == 2) d = (double)(bits >> 40) * pow(10, (int)(bits % 40) - 20);
    else memcpy(&d, &bits, sizeof d);
    if (!isfinite(d)) continue;
    char text[32], shorter[40];
    size_t len = double_print(d, text);
    ck_assert(len < 32);
    ck_assert_msg(strtod(text, NULL) == d, "%s is not %a", text, d);
    Value v;
    ck_assert(number_parse(str_make(text, len), &v) && v.type == TYPE_DOUBLE);
    ck_assert_msg(memcmp(&v.as.d, &d, sizeof d) == 0, "%s reads back as %a, not %a", text, v.as.d, d);
    int digits = 0, zeros = 0;
    for (const char *p = text; *p && *p != 'e'; p++) {
      if (*p < '0' || *p > '9' || (*p == '0' && !digits)) continue;
      digits += 1 + (*p != '0' ? zeros : 0);
      if (*p == '0') digits--, zeros++;
      else zeros = 0;
    }
    if (digits > 1) {
      snprintf(shorter, sizeof shorter, "%.*e", digits - 2, d);
      ck_assert_msg(strtod(shorter, NULL) != d, "%s is shorter than %s", shorter, text);
    }
  }
}
END_TEST

/* Against strtod: random digits and exponents, with and without a point. */
START_TEST(test_against_strtod) {
  uint64_t state = 1234567;
  for (int i = 0; i < 300000; i++) {
    char text[64];
    uint64_t digits = next_random(&state) >> (next_random(&state) % 64);
    int exponent = (int)(next_random(&state) % 680) - 350;
    if (i % 2) exponent = (int)(next_random(&state) % 60) - 30;
    if (i % 4 == 3) snprintf(text, sizeof text, "%llu.%03llue%d", (unsigned long long)digits, (unsigned long long)(next_random(&state) % 1000), exponent);
    else snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, exponent);
    Value v;
    ck_assert(number_parse(str_of(text), &v) && v.type == TYPE_DOUBLE);
    double d = strtod(text, NULL);
    ck_assert_msg(memcmp(&d, &v.as.d, sizeof d) == 0, "%s: %a, not %a", text, v.as.d, d);
  }
}
END_TEST

static Value decimal(Arena *arena, const char *text) {
  Decimal d;
  ck_assert_msg(decimal_parse(str_of(text), &d), "%s", text);
  return value_decimal(arena, d);
}

START_TEST(test_decimal) {
  Arena arena = {0};
  Decimal a, b, c;
  char text[48];
  static const struct { const char *a; char op; const char *b, *result; } cases[] = {
      {"0.1", '+', "0.2", "0.3"}, {"1.10", '+', "2", "3.10"}, {"1", '-', "1.001", "-0.001"}, {"1.5", '*', "-1.5", "-2.25"}, {"1", '/', "3", "0.33333333333333333333"}, {"2", '/', "3", "0.66666666666666666667"},
      {"10", '/', "4", "2.5"}, {"1", '/', "0.001", "1000"}, {"-7", '%', "3", "-1"}, {"7.5", '%', "-2", "1.5"}, {"99999999999999999999999999999999999999", '+', "1", NULL},
      {"99999999999999999999999999999999999999", '*', "10", NULL}, {"1", '/', "0", NULL}, {"12345678901234567890", '*', "1234567890", "15241578751714678875019052100"}, {"0", '-', "0.00", "0.00"},
      {"99999999999999999999", '*', "0.5", "49999999999999999999.5"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ck_assert(decimal_parse(str_of(cases[i].a), &a) && decimal_parse(str_of(cases[i].b), &b));
    bool fine = cases[i].op == '+' ? decimal_add(a, b, &c) : cases[i].op == '-' ? decimal_subtract(a, b, &c) : cases[i].op == '*' ? decimal_multiply(a, b, &c) : cases[i].op == '/' ? decimal_divide(a, b, &c) : decimal_remainder(a, b, &c);
    ck_assert_msg(fine == (cases[i].result != NULL), "%s %c %s", cases[i].a, cases[i].op, cases[i].b);
    if (!fine) continue;
    decimal_print(c, text);
    ck_assert_str_eq(text, cases[i].result);
  }
  ck_assert(!decimal_parse(str_of("x"), &a) && !decimal_parse(str_of(""), &a) && !decimal_parse(str_of("1e99"), &a) && !decimal_parse(str_of("123456789012345678901234567890123456789"), &a));
  ck_assert_str_eq(print(decimal(&arena, " 1.50 ")), "1.50");
  ck_assert_str_eq(print(decimal(&arena, "1e3")), "1000");
  ck_assert_str_eq(print(decimal(&arena, "-1.5e-3")), "-0.0015");
  ck_assert_str_eq(print(decimal(&arena, "0.123456789012345678901234567890123456789")), "0.12345678901234567890123456789012345679");
  arena_free(&arena);
}
END_TEST

START_TEST(test_compare) {
  Arena arena = {0};
  Value two53 = value_double(0x1p53), int53 = value_int((int64_t)1 << 53), above = value_int(((int64_t)1 << 53) + 1);
  ck_assert_int_eq(number_compare(int53, two53), 0);
  ck_assert_int_eq(number_compare(above, two53), 1);
  ck_assert_int_eq(number_compare(two53, above), -1);
  ck_assert_int_eq(number_compare(value_int(INT64_MAX), value_double(0x1p63)), -1);
  ck_assert_int_eq(number_compare(value_int(INT64_MIN), value_double(-0x1p63)), 0);
  ck_assert_int_eq(number_compare(value_int(INT64_MIN), value_double(-INFINITY)), 1);
  ck_assert_int_eq(number_compare(value_int(3), value_double(3.5)), -1);
  ck_assert_int_eq(number_compare(value_int(-3), value_double(-3.5)), 1);
  ck_assert_int_eq(number_compare(value_double(NAN), value_double(INFINITY)), 1);
  ck_assert_int_eq(number_compare(value_double(NAN), value_double(NAN)), 0);
  ck_assert_int_eq(number_compare(value_int(1), value_double(NAN)), -1);
  ck_assert_int_eq(number_compare(value_double(-0.0), value_double(0.0)), 0);
  ck_assert_int_eq(number_compare(decimal(&arena, "0.1"), value_double(0.1)), -1); /* the double is a little more */
  ck_assert_int_eq(number_compare(decimal(&arena, "0.5"), value_double(0.5)), 0);
  ck_assert_int_eq(number_compare(decimal(&arena, "1.00"), value_int(1)), 0);
  ck_assert_int_eq(number_compare(decimal(&arena, "0.1000000000000000055511151231257827021"), value_double(0.1)), -1);
  ck_assert_int_eq(number_compare(decimal(&arena, "0.10000000000000000555111512312578270212"), value_double(0.1)), 1);
  ck_assert_int_eq(number_compare(decimal(&arena, "99999999999999999999999999999999999999"), value_double(1e38)), 1);
  ck_assert_int_eq(number_compare(decimal(&arena, "-5"), value_double(-1e300)), 1);
  ck_assert_int_eq(number_compare(decimal(&arena, "0"), value_double(5e-324)), -1);
  ck_assert_int_eq(number_compare(decimal(&arena, "0.00000000000000000000000000000000000001"), value_double(5e-324)), 1);
  arena_free(&arena);
}
END_TEST

START_TEST(test_locale) {
  /* A comma locale must not matter; where none is installed this checks nothing. */
  locale_t comma = newlocale(LC_ALL_MASK, "de_DE.UTF-8", (locale_t)0);
  locale_t old = comma ? uselocale(comma) : (locale_t)0;
  Value v;
  ck_assert(number_parse(str_of("1234567890123456789.123456789e-5"), &v));
  ck_assert_str_eq(print(v), "12345678901234.568");
  if (comma) {
    uselocale(old);
    freelocale(comma);
  }
}
END_TEST

START_TEST(test_datetime) {
  static const struct { char kind; const char *text, *result; } cases[] = {
      {'d', "2024-02-29", "2024-02-29"}, {'d', "0001-01-01", "0001-01-01"}, {'d', "9999-12-31", "9999-12-31"}, {'d', "2023-02-29", NULL}, {'d', "2024-13-01", NULL}, {'d', "2024-1-1", NULL}, {'d', "0000-01-01", NULL},
      {'d', "1900-02-29", NULL}, {'d', "2000-02-29", "2000-02-29"}, {'d', "2024-02-29T23:59:59Z", "2024-02-29"}, {'d', "2024-02-29x", NULL},
      {'t', "00:00", "00:00:00"}, {'t', "23:59:59.999999999", "23:59:59.999999999"}, {'t', "12:30:00.500", "12:30:00.5"}, {'t', "24:00", NULL}, {'t', "12:60", NULL}, {'t', "12:00:00.", NULL}, {'t', "12:00:00.1234567890", NULL},
      {'s', "2024-01-01", "2024-01-01T00:00:00"}, {'s', "2024-01-01 10:20", "2024-01-01T10:20:00"}, {'s', "2024-01-01T10:20:30.25Z", "2024-01-01T10:20:30.25Z"}, {'s', "2024-01-01T00:30:00+05:30", "2024-01-01T00:30:00+05:30"},
      {'s', "2024-01-01T00:30:00-0100", "2024-01-01T00:30:00-01:00"}, {'s', "1969-12-31T23:59:59.5", "1969-12-31T23:59:59.5"}, {'s', "2024-01-01T00:30:00+19:00", NULL}, {'s', "2024-01-01T", NULL}, {'s', "2024-01-01T10:20:30+", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Value v;
    Str text = str_of(cases[i].text);
    bool read = cases[i].kind == 'd' ? date_parse(text, &v) : cases[i].kind == 't' ? time_parse(text, &v) : timestamp_parse(text, &v);
    ck_assert_msg(read == (cases[i].result != NULL), "%s", cases[i].text);
    if (read) ck_assert_str_eq(print(v), cases[i].result);
  }
  for (int64_t days = days_of_civil(1, 1, 1); days <= days_of_civil(9999, 12, 31); days += 17) {
    int year, month, day;
    civil_of_days(days, &year, &month, &day);
    ck_assert(civil_is_valid(year, month, day));
    ck_assert_int_eq(days_of_civil(year, month, day), days);
  }
  ck_assert_int_eq(days_of_civil(1970, 1, 1), 0);
  ck_assert_int_eq(days_of_civil(2000, 3, 1), 11017);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("number");
  TCase *tests = tcase_create("number");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, test_number_parse);
  tcase_add_test(tests, test_many_numbers);
  tcase_add_test(tests, test_int_parse);
  tcase_add_test(tests, test_double_print);
  tcase_add_test(tests, test_round_trip);
  tcase_add_test(tests, test_against_strtod);
  tcase_add_test(tests, test_decimal);
  tcase_add_test(tests, test_compare);
  tcase_add_test(tests, test_locale);
  tcase_add_test(tests, test_datetime);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
