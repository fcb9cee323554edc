/* test_operators.c - every operator and core function through the parser and the evaluator. */
#include "cli/packages.h"
#include "unit/evaluate.h"

START_TEST(test_verified) { /* catalogue.md § 4.5, as § 0 keeps it */
  static const Expectation list[] = {
      {"7 / 2", "3.5"}, {"6 / 3", "2.0"}, {"7 % 4", "3"}, {"-7 % 3", "-1"}, {"2 ^ 3 ^ 2", "512.0"}, {"-2 ^ 2", "4.0"}, {"2147483647 + 1", "2147483648"},
      {"1 + 2 || 'a'", "3a"}, {"'a' || 1 + 2", "error: cannot read 'a1' as a number"}, {"1 + 2 << 1", "6"}, {"1 | 6 & 3", "3"}, {"1 << 2 << 3", "65536"}, {"~ 5 + 1", "-5"},
      {"NOT 1 = 2", "true"}, {"TRUE ? NULL : 'n'", "n"}, {"FALSE ? 1 : FALSE ? 2 : 3", "3"}, {"HASHCODE 'a' || 'b'", "97b"}, {"-16 >> 2", "-4"}, {"1 << 65", "2"}, {"'b' > 'a'", "true"}, {"'10' > '9'", "true"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_casts) {
  static const Expectation list[] = {
      {"INT '12'", "12"}, {"INT 'x12'", "error: cannot read 'x12' as INT"}, {"INT ' 7 '", "7"}, {"INT 2.9", "2"}, {"INT -2.9", "-2"}, {"INT '0x1F'", "31"}, {"INT TRUE", "1"}, {"INT NULL", "null"}, {"INT ''", "error: cannot read '' as INT"},
      {"INT 1e30", "error: cannot read '1e+30' as INT…"}, {"INT '9223372036854775808'", "error: cannot read '9223372036854775808' as INT…"}, {"LONG '9223372036854775807'", "9223372036854775807"}, {"INT [1]", "error: cannot read '[1]' as INT"},
      {"DOUBLE 5", "5.0"}, {"DOUBLE 'NaN'", "NaN"}, {"DOUBLE 'z'", "error: cannot read 'z' as DOUBLE"}, {"STRING 1.0", "1.0"}, {"STRING TRUE", "true"}, {"STRING [1, NULL, 'x']", "[1, null, x]"},
      {"BOOL 'TRUE'", "true"}, {"BOOL 1", "false"}, {"BOOL 'no'", "false"}, {"BOOL NULL", "null"}, {"DECIMAL '1.10'", "1.10"}, {"DECIMAL 0.1", "0.1"}, {"DECIMAL 'x'", "error: cannot read 'x' as DECIMAL…"},
      {"DECIMAL '99999999999999999999' * DECIMAL '99999999999999999999'", "error: 99999999999999999999 * 99999999999999999999 overflows DECIMAL…"}, {"DECIMAL '0.1' + 0.2", "0.30000000000000004"}, {"DECIMAL '0.1' * 3", "0.3"}, {"DECIMAL '1' / 3", "0.33333333333333333333"},
      {"DATE '2024-02-30'", "error: cannot read '2024-02-30' as DATE"}, {"DATE TIMESTAMP '2024-02-29T23:00:00-05:00'", "2024-02-29"}, {"TIME '2024-01-01T10:20:30'", "10:20:30"}, {"TIMESTAMP DATE '2024-01-01'", "2024-01-01T00:00:00"},
      {"TIMESTAMP 0", "1970-01-01T00:00:00Z"}, {"TIMESTAMP 1700000000500", "2023-11-14T22:13:20.5Z"}, {"TIMESTAMP '2024-01-01T00:00:00Z' = TIMESTAMP '2024-01-01T01:00:00+01:00'", "true"}, {"TIMESTAMP (-0.5)", "1969-12-31T23:59:59.5Z"},
      {"BINARY 'abc'", "616263"}, {"CAST('12' AS INT) + 1", "13"}, {"'12'::INT + 1", "13"}, {"INT '5' - 1", "4"}, {"INT ('5' || '1')", "51"}, {"int '5'", "5"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_arithmetic) {
  static const Expectation list[] = {
      {"9223372036854775807 + 1", "error: 9223372036854775807 + 1 overflows 64-bit integers"}, {"9223372036854775807 * 2", "error: …"}, {"-9223372036854775807 - 2", "error: …"}, {"-9223372036854775807 - 1", "-9223372036854775808"},
      {"-(-9223372036854775807 - 1)", "error: -(-9223372036854775808) overflows…"}, {"(-9223372036854775807 - 1) % -1", "0"}, {"DIV(-9223372036854775807 - 1, -1)", "error: DIV(-9223372036854775808, -1) overflows…"},
      {"1 / 0", "error: division by zero in /"}, {"1 % 0", "error: division by zero in %"}, {"1.5 % 0.0", "error: division…"}, {"DIV(7, 0)", "error: division…"}, {"DIV(7, 2)", "3"}, {"DIV(-7, 2)", "-3"}, {"DIV(7.5, 2)", "3"}, {"DIV(DECIMAL '7.5', 2)", "3"},
      {"7.5 % 2", "1.5"}, {"-7.5 % 2", "-1.5"}, {"1 + NULL", "null"}, {"NULL / 0", "null"}, {"'5' + '6'", "11"}, {"'1.5' * 2", "3.0"}, {"'' + 1", "error: cannot read '' as a number"}, {"TRUE + 1", "error: cannot read 'true' as a number"},
      {"1+2", "3"}, {"3 -1", "2"}, {"3-1", "2"}, {"3 *-2", "-6"}, {"- (5)", "-5"}, {"+ '5'", "5"}, {"-'5.5'", "-5.5"}, {"2 ^ 0.5", "1.4142135623730951"}, {"0.1 + 0.2", "0.30000000000000004"}, {"1e308 * 10", "Infinity"},
      {"~ 0", "-1"}, {"6 # 3", "5"}, {"5 & 3.9", "1"}, {"1 << 63", "-9223372036854775808"}, {"'a' & 1", "error: cannot read 'a' as INT"}, {"1 & 1e20", "error: …"}, {"9007199254740993 + 0", "9007199254740993"},
      {"RANDOM 0", "0"}, {"RANDOM 1", "0"}, {"RANDOM -1", "0"}, {"RANDOM 10 BETWEEN 0 AND 9", "true"}, {"RANDOM -10 BETWEEN -9 AND 0", "true"}, {"RAND NULL", "null"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_comparison) {
  static const Expectation list[] = {
      {"5 = '5'", "true"}, {"'5' = 5", "true"}, {"'5.0' = 5", "true"}, {"'5.0' = '5'", "false"}, {"1 = 1.0", "true"}, {"1 = 'x'", "false"}, {"'x' = 1", "false"}, {"TRUE = 'true'", "true"}, {"'False' = FALSE", "true"}, {"TRUE = 1", "false"},
      {"1 = NULL", "null"}, {"NULL != NULL", "null"}, {"1 <> 2", "true"}, {"1 == 1", "true"}, {"NULL <=> NULL", "true"}, {"1 <=> NULL", "false"}, {"1 <=> '1'", "true"}, {"['1'] = '1'", "true"}, {"[1, 2] = [1.0, '2']", "true"}, {"[1, NULL] = [1, NULL]", "true"},
      {"9007199254740993 = 9007199254740992.0", "false"}, {"9007199254740993 > 9007199254740992.0", "true"}, {"DECIMAL '0.1' < 0.1", "true"}, {"'abc' < 'abd'", "true"}, {"'9' < '10'", "true"}, {"'9' < 'x'", "true"}, {"9 < 'x'", "null"}, {"'NaN' > 'Infinity'", "false"},
      {"'a' < NULL", "null"}, {"DATE '2024-01-02' > '2024-01-01'", "true"}, {"DATE '2024-01-02' = '2024-01-02'", "true"}, {"DATE '2024-01-02' > 'x'", "null"}, {"TIME '10:00' < '10:01'", "true"}, {"TRUE > FALSE", "true"}, {"'é' > 'z'", "true"},
      {"5 BETWEEN 1 AND 10", "true"}, {"5 NOT BETWEEN 1 AND 10", "false"}, {"'5' BETWEEN 1 AND 10", "true"}, {"NULL BETWEEN 1 AND 2", "null"}, {"NULL NOT BETWEEN 1 AND 2", "null"}, {"5 BETWEEN 6 AND NULL", "false"}, {"5 BETWEEN 1 AND NULL", "null"}, {"5 BETWEEN 2 + 2 AND 3 + 3 AND TRUE", "true"},
      {"'10' IN [10]", "true"}, {"10 IN ['10', 'x']", "true"}, {"1 NOT IN [2, 3]", "true"}, {"1 IN []", "false"}, {"NULL IN [NULL]", "null"}, {"1 IN NULL", "null"}, {"1 IN 1", "true"}, {"1 IN [2, NULL]", "false"}, {"'a' IN RANGE[1, 3]", "false"}, {"2 in [1, 2]", "true"},
      {"NULL IS NULL", "true"}, {"1 IS NOT NULL", "true"}, {"1 + NULL IS NULL", "true"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_logic) {
  static const Expectation list[] = {
      {"TRUE AND NULL", "null"}, {"FALSE AND NULL", "false"}, {"NULL AND FALSE", "false"}, {"NULL OR TRUE", "true"}, {"NULL OR FALSE", "null"}, {"FALSE OR FALSE", "false"}, {"TRUE XOR TRUE", "false"}, {"TRUE XOR NULL", "null"}, {"NOT NULL", "null"},
      {"!TRUE", "false"}, {"TRUE && 'true'", "true"}, {"1 AND TRUE", "false"}, {"FALSE AND 1 / 0 = 1", "false"}, {"TRUE OR 1 / 0 = 1", "true"}, {"TRUE ? 1 : 1 / 0", "1"}, {"FALSE ? 1 / 0 : 2", "2"}, {"NULL ? 1 : 2", "2"},
      {"5 DEFAULT 1 / 0", "5"}, {"NULL : 7", "7"}, {"NULL DEFAULT NULL DEFAULT 3", "3"}, {"(1 = 1) || (1 = 2)", "true"}, {"(1 = 2) || (NULL = 1)", "null"}, {"'a' || NULL", "null"}, {"1 || TRUE", "1true"},
      {"CASE WHEN 1 = 2 THEN 'a' WHEN 2 = 2 THEN 'b' ELSE 1 / 0 END", "b"}, {"CASE 3 WHEN 1 THEN 'one' WHEN '3' THEN 'three' END", "three"}, {"CASE 3 WHEN 1 THEN 'one' END", "null"}, {"CASE WHEN NULL THEN 1 ELSE 2 END", "2"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_patterns) {
  static const Expectation list[] = {
      {"'abc' LIKE 'a%'", "true"}, {"'abc' LIKE '_b_'", "true"}, {"'äbc' LIKE '_b_'", "true"}, {"'abc' LIKE '%'", "true"}, {"'abc' LIKE '%c%b%'", "false"}, {"'aXbXc' LIKE 'a%b%c'", "true"}, {"'' LIKE '%'", "true"}, {"'a%' LIKE 'a%'", "true"},
      {"'abc' LIKE 'abc'", "true"}, {"'abc' LIKE 'ab'", "false"}, {"'xnony' LIKE '.+?non.*'", "true"}, {"'abc' LIKE 'A.C'", "false"}, {"'abc' LIKE '/A.C/i'", "true"}, {"'/data/x' LIKE '/data/%'", "true"}, {"'abc' LIKE '/x'", "error: pattern '/x' starts with / but has no second /"},
      {"'abc' MATCH 'a.c'", "true"}, {"'abc' REGEX 'b'", "false"}, {"'abc' REGEXP '[a-c]+'", "true"}, {"'abc' NOT MATCH 'b'", "true"}, {"'abc' NOT REGEXP '[a-c]+'", "false"}, {"'abc' SEARCH 'b'", "true"}, {"'abc' NOT SEARCH 'x'", "true"}, {"'abc' NOT LIKE 'a%'", "false"},
      {"'abc' MATCH '('", "error: bad regular expression '(': …"}, {"NULL LIKE 'a'", "null"}, {"12 LIKE '1_'", "true"}, {"'a b' MATCH '/a \\s b/x'", "true"}, {"'abc' MATCH '/abc/q'", "error: pattern '/abc/q': flags…"}, {"'ÄB' MATCH '/äb/i'", "true"},
      {"'a' || STR_DECODE64('Cg==') || 'b' MATCH 'a.b'", "false"}, {"'a' || STR_DECODE64('Cg==') || 'b' MATCH '/a.b/s'", "true"}, {"('a' || STR_DECODE64('Cg==') || 'b') SEARCH '^b$'", "true"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_digest) {
  static const Expectation list[] = {
      {"'abc' DIGEST 'MD5'", "900150983cd24fb0d6963f7d28e17f72"}, {"'abc' HASH 'SHA1'", "a9993e364706816aba3e25717850c26c9cd0d89d"}, {"'abc' DIGEST 'SHA-1'", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {"'abc' DIGEST 'SUN MD5'", "900150983cd24fb0d6963f7d28e17f72"}, {"'abc' DIGEST 'sha-256'", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}, {"STR_LENGTH('abc' DIGEST 'SHA-512')", "128"}, {"STR_LENGTH('' DIGEST 'SHA3-256')", "64"},
      {"'abc' DIGEST 'NOPE'", "error: DIGEST: unknown algorithm 'NOPE'"}, {"NULL DIGEST 'MD5'", "null"}, {"('abc' DIGEST 'MD5') = '900150983CD24FB0D6963F7D28E17F72'", "true"}, {"'x' || ('abc' DIGEST 'MD5')", "x900150983cd24fb0d6963f7d28e17f72"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_strings) {
  static const Expectation list[] = {
      {"STR_SPLIT('0123456789abcdef', '', 16)", "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f]"}, {"STR_SPLIT('boo:and:foo', ':', 2)", "[boo, and:foo]"}, {"STR_SPLIT('boo:and:foo', ':', 5)", "[boo, and, foo]"}, {"STR_SPLIT('boo:and:foo', ':', -2)", "[boo, and, foo]"},
      {"STR_SPLIT('boo:and:foo', 'o', 5)", "[b, , :and:f, , ]"}, {"STR_SPLIT('boo:and:foo', 'o', -2)", "[b, , :and:f, , ]"}, {"STR_SPLIT('boo:and:foo', 'o', 0)", "[b, , :and:f]"}, {"STR_SPLIT('', ',', 0)", "[]"}, {"ARR_LENGTH(STR_SPLIT('', ',', 0))", "1"}, {"ARR_LENGTH(STR_SPLIT(',', ',', 0))", "0"},
      {"STR_SPLIT('abc', '', 0)", "[a, b, c]"}, {"STR_SPLIT('äöü', '', 0)", "[ä, ö, ü]"}, {"STR_SPLIT('a,b', ',', 1)", "[a,b]"}, {"STR_SPLIT(NULL, ',', 0)", "null"}, {"STR_SPLIT(',a', ',', 0)", "[, a]"}, {"STR_SPLIT('a1b22c', '\\d+', 0)", "[a, b, c]"},
      {"STR_SLICE('abcdef', 0, 1)", "a"}, {"STR_SLICE('äöüß', 1, 3)", "öü"}, {"STR_SLICE('abc', 1, 100)", "bc"}, {"STR_SLICE('abc', -2, 100)", "bc"}, {"STR_SLICE('abc', 0, -1)", "ab"}, {"STR_SLICE('abc', 5, 9)", ""}, {"STR_SLICE('abc', 2, 1)", ""}, {"STR_SLICE('abc', -9, 2)", "ab"}, {"STR_SLICE(NULL, 0, 1)", "null"},
      {"STR_SLICE('abc', 'x', 1)", "error: STR_SLICE: the first position has to be an integer, not 'x'"}, {"STR_LENGTH('a😀')", "2"}, {"STR_LENGTH(NULL)", "null"}, {"STR_LENGTH(123)", "3"}, {"STR_UPPER('aäß')", "AÄSS"}, {"STR_LOWER('ÀΣ')", "àσ"}, {"STR_CONTAINS('abc', '')", "true"}, {"STR_STARTS('a', 'ab')", "false"},
      {"STR_REPLACE('a1b2', '(\\d)', '<$1>')", "a<1>b<2>"}, {"STR_REPLACE('abc', '', '-')", "-a-b-c-"}, {"STR_REPLACE('abc', 'b', '\\$')", "a$c"}, {"STR_REPLACE('abc', 'b', '$1')", "error: STR_REPLACE: a $ in the replacement '$1' names no group"}, {"STR_REPLACE('ab', '(?<x>a)', '$\\{x\\}$0')", "aab"},
      {"STR_BASE64('a')", "YQ=="}, {"STR_BASE64('')", ""}, {"STR_BASE64('abc')", "YWJj"}, {"STR_DECODE64('YQ')", "a"}, {"STR_DECODE64('!')", "error: STR_DECODE64: '!' is no Base64"}, {"STR_BASE64('abc' DIGEST 'MD5')", "kAFQmDzST7DWlj99KOF/cg=="}, {"STR_DECODE64('kAFQmDzST7DWlj99KOF/cg==')", "900150983cd24fb0d6963f7d28e17f72"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_format) {
  static const Expectation list[] = {
      {"STR_FORMAT('%d %s', 5, 'x')", "5 x"}, {"STR_FORMAT('%2$s %1$s', 'a', 'b')", "b a"}, {"STR_FORMAT('%s %<s', 'a')", "a a"}, {"STR_FORMAT('%05d|%-5d|%+d|% d|%(d|%,d', -42, 42, 42, 42, -42, 1234567)", "-0042|42   |+42| 42|(42)|1,234,567"},
      {"STR_FORMAT('%x %X %#x %o', 255, 255, 255, 8)", "ff FF 0xff 10"}, {"STR_FORMAT('%.2f|%8.3f|%-8.1f|%08.2f', 1.005, 3.14159, 2.25, -1.5)", "1.01|   3.142|2.3     |-0001.50"}, {"STR_FORMAT('%f', 1)", "1.000000"}, {"STR_FORMAT('%,.2f', 1234567.891)", "1,234,567.89"},
      {"STR_FORMAT('%.0f', 0.5)", "1"}, {"STR_FORMAT('%.1f', 0.25)", "0.3"}, {"STR_FORMAT('%e', 12345.678)", "1.234568e+04"}, {"STR_FORMAT('%.3e', 0)", "0.000e+00"}, {"STR_FORMAT('%b %B', TRUE, FALSE)", "true FALSE"}, {"STR_FORMAT('%c%c', 'x', 65)", "xA"}, {"STR_FORMAT('%%%n')", "%\n"},
      {"STR_FORMAT('%10s|%-10s|%.2s', 'äb', 'cd', 'efg')", "        äb|cd        |ef"}, {"STR_FORMAT('%S', 'abc')", "ABC"}, {"STR_FORMAT('%d', 'x')", "error: STR_FORMAT: %d needs an integer, not 'x'"}, {"STR_FORMAT('%d', 1.5)", "error: STR_FORMAT: %d needs an integer, not '1.5'"}, {"STR_FORMAT('%d', '12')", "12"},
      {"STR_FORMAT('%d')", "error: STR_FORMAT: no value for '%d'; there are 0"}, {"STR_FORMAT('%q', 1)", "error: STR_FORMAT: cannot understand '%q'"}, {"STR_FORMAT('%')", "error: STR_FORMAT: cannot understand '%'"}, {"STR_FORMAT('%f', NULL)", "null"}, {"STR_FORMAT('%f', 1e300 * 1e300)", "Infinity"}, {"STR_FORMAT('%g', 0.0001)", "0.000100000"},
      {"STR_FORMAT('%g', 123456.789)", "123457"}, {"STR_FORMAT('%d', 9223372036854775807)", "9223372036854775807"}, {"STR_FORMAT('%f', DECIMAL '0.125')", "0.125000"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_arrays) {
  static const Expectation list[] = {
      {"[1, 'a', NULL, [2]]", "[1, a, null, [2]]"}, {"[]", "[]"}, {"ARRAY[1 + 1]", "[2]"}, {"RANGE[1, 3]", "[1, 2, 3]"}, {"RANGE[2, 0]", "[2, 1, 0]"}, {"RANGE[1, 1e9]", "error: RANGE[1, 1000000000] has more than…"}, {"RANGE[1, 'x']", "error: a bound of RANGE…"}, {"RANGE[NULL, 2]", "null"},
      {"ARR_SLICE([1, 2, 3], 1, 5)", "[2, 3, null, null]"}, {"ARR_SLICE([1, 2, 3], -2, 3)", "[2, 3]"}, {"ARR_SLICE([1, 2, 3], 4, 6)", "[]"}, {"ARR_SLICE([1, 2, 3], 2, 1)", "[]"}, {"ARR_SLICE([1], 0, 1000000000)", "error: ARR_SLICE: …"}, {"ARR_ITEM([1, 2], 2)", "null"}, {"ARR_ITEM([1, 2], -1)", "2"}, {"ARR_ITEM(5, 0)", "5"},
      {"ARR_ITEM([1], 'x')", "error: ARR_ITEM: the position has to be an integer, not 'x'"}, {"ARR_ITEM([1], 0.5)", "error: ARR_ITEM…"}, {"ARR_LENGTH(NULL)", "0"}, {"ARR_LENGTH('x')", "1"}, {"ARR_JOIN([1, 2.5, TRUE], ', ')", "1, 2.5, true"}, {"ARR_MAKE()", "[]"}, {"ARR_RANGE(1, 3)", "[1, 2, 3]"}, {"ARR_RANGE(1, 1e12)", "error: ARR_RANGE: …"},
      {"ARR_INSERT([1, 2], 2, 3)", "[1, 2, 3]"}, {"ARR_INSERT([1, 2], 3, 3)", "error: ARR_INSERT: position 3 is outside of an array of 2"}, {"ARR_ADD(NULL, 1)", "[1]"}, {"ARR_FILL(3, 0)", "[0, 0, 0]"}, {"ARR_FILL(-1, 0)", "error: ARR_FILL: the count is negative: -1"}, {"ARR_EMPTY(NULL)", "true"}, {"ARR_EMPTY([1])", "false"},
      {"ARR_CONTAINS([1, 2], '2')", "true"}, {"ARR_CONTAINS([1, NULL], NULL)", "true"}, {"ARR_CONTAINS([1], NULL)", "false"}, {"ARR_MEAN([1, 2, 6])", "3.0"}, {"ARR_MEDIAN([])", "null"}, {"HASHCODE [1, 'a']", "1089"}, {"ARR_MEAN([1, 'x'])", "error: cannot read 'x' as a number"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_math) {
  static const Expectation list[] = {
      {"ROUND(2.5)", "3"}, {"ROUND(-2.5)", "-2"}, {"ROUND(0.49999999999999994)", "0"}, {"ROUND('1e30')", "error: cannot read…"}, {"MAX()", "null"}, {"MAX(1, NULL)", "null"}, {"MAX(1, 'x')", "error: cannot read 'x' as a number"}, {"MIN('3', 2)", "2.0"}, {"MEDIAN(3)", "3.0"}, {"MEAN(1, 2, 3)", "2.0"},
      {"ABS('x')", "error: cannot read 'x' as a number"}, {"ABS(NULL)", "null"}, {"LN(-1)", "NaN"}, {"\"LOG\"(10, 1000)", "3.0"}, {"COUNT(1)", "error: …"}, {"SIGN(-0.5)", "-1.0"}, {"NOSUCH(1)", "error: unknown function NOSUCH"}, {"ABS(1, 2)", "error: …"}, {"FLOOR(-1.5)", "-2.0"},
  };
  EXPECT_ALL(list);
}
END_TEST

START_TEST(test_zero_division_in_records) {
  EvalContext cx = {.call.record_level = true};
  ck_assert_str_eq(evaluate_in(&cx, "[1 / 0, 1 % 0, DIV(1, 0), 1 / 2]"), "[null, null, null, 0.5]");
  ck_assert_uint_eq(cx.call.zero_divisions, 3);
}
END_TEST

START_TEST(test_random) {
  EvalContext cx = {.call.seed = 7, .call.statement = 3};
  int counts[10] = {0};
  char first[32];
  snprintf(first, sizeof first, "%s", evaluate_in(&cx, "RANDOM 1000000000"));
  ck_assert_str_ne(first, evaluate_in(&cx, "RANDOM 1000000000")); /* the counter goes on */
  cx.call.random_calls = 0;
  ck_assert_str_eq(first, evaluate_in(&cx, "RANDOM 1000000000"));
  cx.call.record_level = true;
  for (cx.call.origin = 0; cx.call.origin < 2000; cx.call.origin++) counts[evaluate_in(&cx, "RANDOM 10")[0] - '0']++;
  for (int i = 0; i < 10; i++) ck_assert_msg(counts[i] > 150 && counts[i] < 250, "%d: %d", i, counts[i]);
}
END_TEST

int main(void) {
  packages_install();
  Suite *suite = suite_create("operators");
  TCase *tests = tcase_create("operators");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, test_verified);
  tcase_add_test(tests, test_casts);
  tcase_add_test(tests, test_arithmetic);
  tcase_add_test(tests, test_comparison);
  tcase_add_test(tests, test_logic);
  tcase_add_test(tests, test_patterns);
  tcase_add_test(tests, test_digest);
  tcase_add_test(tests, test_strings);
  tcase_add_test(tests, test_format);
  tcase_add_test(tests, test_arrays);
  tcase_add_test(tests, test_math);
  tcase_add_test(tests, test_zero_division_in_records);
  tcase_add_test(tests, test_random);
  return run_suite(suite);
}
