/* test_datetime.c - patterns of dates and times. What is expected was made by java.time (Java 17, Locale.ENGLISH). */
#include "cli/packages.h"
#include "pkg/datetime.h"
#include "unit/evaluate.h"
#include "value/datetime_text.h"

#define FAILS INT64_MIN

static Arena arena;
static DcError error;
static CallContext context;

static void setup(void) {
  packages_install();
  memset(&context, 0, sizeof context);
  context.arena = &arena;
  context.err = &error;
}

static void teardown(void) {
  call_context_deinit(&context);
  arena_free(&arena);
}

/* NULL when it fails; then there is a message. */
static const char *format(const char *zone, const char *pattern, Value time) {
  Value args[] = {value_text(zone), value_text(pattern), time}, result;
  dc_error_clear(&error);
  if (catalog_function(str_of("DT_FORMAT"))->call(&context, args, 3, &result) != DC_OK) {
    ck_assert(error.message[0]);
    return NULL;
  }
  return arena_copy(&arena, result.as.s, result.len);
}

static int64_t parse_value(const char *zone, const char *pattern, Str text) {
  Value args[] = {value_text(zone), value_text(pattern), value_str(text)}, result;
  dc_error_clear(&error);
  if (catalog_function(str_of("DT_PARSE"))->call(&context, args, 3, &result) != DC_OK) {
    ck_assert(error.message[0]);
    return FAILS;
  }
  return result.as.i;
}

static void check_format(const char *zone, const char *pattern, const char *time, const char *expected) {
  const char *text = format(zone, pattern, value_text(time));
  bool same = expected && text ? strcmp(text, expected) == 0 : expected == text;
  ck_assert_msg(same, "%s of %s in %s gives %s (%s), not %s", pattern, time, zone, text ? text : "an error", error.message,
                expected ? expected : "an error");
}

/* Every letter and count, at one moment. */
static const struct { const char *pattern, *text; } letter_rows[] = { /* NULL: Java refuses the pattern */
  {"G", "AD"}, {"GG", "AD"}, {"GGGG", "Anno Domini"}, {"GGGGG", "A"}, {"GGGGGG", NULL}, {"u", "2024"}, {"uu", "24"},
  {"uuuu", "2024"}, {"uuuuu", "02024"}, {"y", "2024"}, {"yy", "24"}, {"yyy", "2024"}, {"yyyy", "2024"},
  {"yyyyy", "02024"}, {"D", "66"}, {"DD", "66"}, {"DDD", "066"}, {"DDDD", NULL}, {"M", "3"}, {"MM", "03"},
  {"MMM", "Mar"}, {"MMMM", "March"}, {"MMMMM", "M"}, {"MMMMMM", NULL}, {"L", "3"}, {"LL", "03"}, {"LLL", "Mar"},
  {"LLLL", "March"}, {"LLLLL", "M"}, {"d", "6"}, {"dd", "06"}, {"ddd", NULL}, {"g", "60375"}, {"gggggg", "060375"},
  {"Q", "1"}, {"QQ", "01"}, {"QQQ", "Q1"}, {"QQQQ", "1st quarter"}, {"QQQQQ", "1"}, {"q", "1"}, {"qqq", "Q1"},
  {"qqqq", "1st quarter"}, {"Y", "2024"}, {"YY", "24"}, {"YYYY", "2024"}, {"YYYYY", "02024"}, {"w", "10"},
  {"ww", "10"}, {"www", NULL}, {"W", "2"}, {"WW", NULL}, {"E", "Wed"}, {"EEE", "Wed"}, {"EEEE", "Wednesday"},
  {"EEEEE", "W"}, {"EEEEEE", NULL}, {"e", "4"}, {"ee", "04"}, {"eee", "Wed"}, {"eeee", "Wednesday"}, {"c", "4"},
  {"cc", NULL}, {"ccc", "Wed"}, {"cccc", "Wednesday"}, {"ccccc", "W"}, {"F", "6"}, {"FF", NULL}, {"a", "PM"},
  {"aa", NULL}, {"B", "in the afternoon"}, {"BB", NULL}, {"BBBB", "in the afternoon"},
  {"BBBBB", "in the afternoon"}, {"h", "1"}, {"hh", "01"}, {"hhh", NULL}, {"K", "1"}, {"KK", "01"}, {"k", "13"},
  {"kk", "13"}, {"H", "13"}, {"HH", "13"}, {"m", "7"}, {"mm", "07"}, {"s", "9"}, {"ss", "09"}, {"S", "1"},
  {"SSS", "123"}, {"SSSSSS", "123456"}, {"SSSSSSSSS", "123456789"}, {"SSSSSSSSSS", NULL}, {"A", "47229123"},
  {"AAAAAAAAAAAA", "000047229123"}, {"n", "123456789"}, {"nnnnnnnnnnnn", "000123456789"}, {"N", "47229123456789"},
  {"V", NULL}, {"VV", "Europe/Berlin"}, {"z", "CET"}, {"O", "GMT+1"}, {"OO", NULL},
  {"OOOO", "GMT+01:00"}, {"X", "+01"}, {"XX", "+0100"}, {"XXX", "+01:00"}, {"XXXX", "+0100"}, {"XXXXX", "+01:00"},
  {"XXXXXX", NULL}, {"x", "+01"}, {"xx", "+0100"}, {"xxx", "+01:00"}, {"xxxx", "+0100"}, {"xxxxx", "+01:00"},
  {"Z", "+0100"}, {"ZZZ", "+0100"}, {"ZZZZ", "GMT+01:00"}, {"ZZZZZ", "+01:00"}, {"ZZZZZZ", NULL}, {"pppH", " 13"},
  {"pH", NULL}, {"pp", NULL}, {"pppppMMM", "  Mar"}, {"i", NULL}, {"b", NULL}, {"{", NULL}, {"#", NULL},
  {"'x", NULL}, {"a]", NULL}, {"[yyyy", "2024"}, {"[yyyy[-MM]]", "2024-03"}, {"'a''b'", "a'b"}, {"''", "'"},
  {"''''", "'"}, {"é 年", "é 年"}, {"yyyyMMddHHmmssSSS", "20240306130709123"},
};

START_TEST(test_letters) {
  for (size_t i = 0; i < sizeof letter_rows / sizeof *letter_rows; i++)
    check_format("Europe/Berlin", letter_rows[i].pattern, "2024-03-06T12:07:09.123456789Z", letter_rows[i].text);
}
END_TEST

static const struct { const char *zone, *pattern, *time, *text; } format_rows[] = {
  {"America/St_Johns", "yyyy-MM-dd HH:mm:ss.SSS XXX", "2023-12-31T23:59:59.5Z", "2023-12-31 20:29:59.500 -03:30"},
  {"America/St_Johns", "X", "2023-12-31T23:59:59.5Z", "-0330"},
  {"America/St_Johns", "x", "2023-12-31T23:59:59.5Z", "-0330"},
  {"America/St_Johns", "O", "2023-12-31T23:59:59.5Z", "GMT-3:30"},
  {"America/St_Johns", "OOOO", "2023-12-31T23:59:59.5Z", "GMT-03:30"},
  {"America/St_Johns", "Y w W e c F D", "2023-12-31T23:59:59.5Z", "2024 1 6 1 1 3 365"},
  {"America/St_Johns", "B", "2023-12-31T23:59:59.5Z", "in the evening"},
  {"America/St_Johns", "h a K k", "2023-12-31T23:59:59.5Z", "8 PM 8 20"},
  {"America/St_Johns", "ZZZZ", "2023-12-31T23:59:59.5Z", "GMT-03:30"},
  {"UTC", "X XX XXX XXXX XXXXX", "1970-01-01T00:00:00Z", "Z Z Z Z Z"},
  {"UTC", "x xx xxx xxxx xxxxx", "1970-01-01T00:00:00Z", "+00 +0000 +00:00 +0000 +00:00"},
  {"UTC", "Z ZZZZ ZZZZZ", "1970-01-01T00:00:00Z", "+0000 GMT Z"},
  {"UTC", "O OOOO", "1970-01-01T00:00:00Z", "GMT GMT"},
  {"UTC", "VV z zzzz", "1970-01-01T00:00:00Z", "UTC UTC Coordinated Universal Time"},
  {"UTC", "B BBBB BBBBB", "1970-01-01T00:00:00Z", "midnight midnight mi"},
  {"UTC", "h K k H a", "1970-01-01T00:00:00Z", "12 0 24 0 AM"},
  {"UTC", "A n N g", "1970-01-01T00:00:00Z", "0 0 0 40587"}, {"GMT+3", "B BBBBB", "1970-01-01T09:00:59Z", "noon n"},
  {"GMT+3", "VV XXX", "1970-01-01T09:00:59Z", "GMT+03:00 +03:00"},
  {"GMT+3", "z", "1970-01-01T09:00:59Z", "GMT+03:00"},
  {"GMT+3", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX'['VV']'", "1970-01-01T09:00:59Z", "1970-01-01T12:00:59.000+03:00[GMT+03:00]"},
  {"Europe/Berlin", "X XX XXX XXXX XXXXX", "1880-01-01T00:00:00Z", "+0053 +0053 +00:53 +005328 +00:53:28"},
  {"Europe/Berlin", "x xx xxx xxxx xxxxx", "1880-01-01T00:00:00Z", "+0053 +0053 +00:53 +005328 +00:53:28"},
  {"Europe/Berlin", "Z ZZZZ ZZZZZ", "1880-01-01T00:00:00Z", "+0053 GMT+00:53:28 +00:53:28"},
  {"Europe/Berlin", "O OOOO", "1880-01-01T00:00:00Z", "GMT+0:53:28 GMT+00:53:28"},
  {"UTC", "y yy yyy yyyy yyyyy", "0007-02-03T00:00:00Z", "7 07 007 0007 00007"},
  {"UTC", "u uu uuuu", "0007-02-03T00:00:00Z", "7 07 0007"},
  {"UTC", "yyyy-MM-dd HH:mm:ss.SSSSSSSSS", "9999-12-31T23:59:59.999999999Z", "9999-12-31 23:59:59.999999999"},
  {"UTC", "YYYY YYYYY w", "9999-12-31T23:59:59.999999999Z", "+10000 10000 1"},
  {"UTC", "SSS", "9999-12-31T23:59:59.999999999Z", "999"}, {"UTC", "yyy", "9999-12-31T23:59:59.999999999Z", "9999"},
  {"Asia/Kathmandu", "yyyy-MM-dd HH:mm xxxxx EEEE, d MMMM", "2100-06-30T00:00:00Z", "2100-06-30 05:45 +05:45 Wednesday, 30 June"},
  {"Europe/London", "yyyy-MM-dd HH:mm XXX", "2471-07-01T00:00:00Z", "2471-07-01 01:00 +01:00"},
};

START_TEST(test_format) {
  for (size_t i = 0; i < sizeof format_rows / sizeof *format_rows; i++) check_format(format_rows[i].zone, format_rows[i].pattern, format_rows[i].time, format_rows[i].text);
}
END_TEST

static const struct { const char *zone, *pattern, *text; int64_t seconds; } parse_rows[] = {
  {"UTC", "yyyyMMdd", "20240229", INT64_C(1709164800)},
  {"UTC", "yyyyMMddHHmmssSSS", "20240229010203456", INT64_C(1709168523)},
  {"UTC", "yyMMdd", "240229", INT64_C(1709164800)}, {"UTC", "yyMMdd", "990228", INT64_C(4075920000)},
  {"UTC", "uu-MM-dd", "99-02-28", INT64_C(4075920000)}, {"UTC", "yyyy-MM-dd", "2024-02-32", FAILS},
  {"UTC", "yyyy-MM-dd", "2024-13-01", FAILS}, {"UTC", "yyyy-MM-dd HH:mm", "2024-02-28 24:00", INT64_C(1709164800)},
  {"UTC", "yyyy-MM-dd HH:mm", "2024-02-28 24:01", FAILS},
  {"UTC", "yyyy-MM-dd H:m", "2024-02-28 5:3", INT64_C(1709096580)},
  {"UTC", "yyyy-MM-dd HH:mm", "2024-02-28 5:03", FAILS}, {"UTC", "y-M-d", "2024-2-28", INT64_C(1709078400)},
  {"UTC", "y-M-d", "+2024-2-28", FAILS}, {"UTC", "y-M-d", "-2024-2-28", FAILS},
  {"UTC", "yyyy-M-d", "12024-2-28", FAILS}, {"UTC", "yyyy-DDD", "2024-060", INT64_C(1709164800)},
  {"UTC", "yyyy-D", "2023-366", FAILS}, {"UTC", "YYYY-ww-e", "2024-10-3", INT64_C(1709596800)},
  {"UTC", "YYYY-'W'ww-E", "2024-W10-Wed", INT64_C(1709683200)}, {"UTC", "YYYY-ww", "2024-10", FAILS},
  {"UTC", "yyyy-MM-W-e", "2024-03-2-4", INT64_C(1709683200)}, {"UTC", "E yyyy-MM-dd", "Thu 2024-03-06", FAILS},
  {"UTC", "E yyyy-MM-dd", "Wed 2024-03-06", INT64_C(1709683200)}, {"UTC", "QQQ yyyy-MM-dd", "Q2 2024-03-06", FAILS},
  {"UTC", "yyyy-MM-dd h:mm a", "2024-03-06 1:07 PM", INT64_C(1709730420)},
  {"UTC", "yyyy-MM-dd h:mm a", "2024-03-06 12:07 AM", INT64_C(1709683620)},
  {"UTC", "yyyy-MM-dd h B", "2024-03-06 1 in the afternoon", INT64_C(1709730000)},
  {"UTC", "yyyy-MM-dd h B", "2024-03-06 1 at night", INT64_C(1709686800)},
  {"UTC", "yyyy-MM-dd H B", "2024-03-06 13 at night", FAILS},
  {"UTC", "yyyy-MM-dd[ HH:mm[:ss]]", "2024-03-06", INT64_C(1709683200)},
  {"UTC", "yyyy-MM-dd[ HH:mm[:ss]]", "2024-03-06 10:20", INT64_C(1709720400)},
  {"UTC", "yyyy-MM-dd[ HH:mm[:ss]]", "2024-03-06 10:20:30", INT64_C(1709720430)},
  {"UTC", "yyyy-MM-dd[ HH:mm[:ss]]", "2024-03-06 10:2", FAILS},
  {"UTC", "yyyy-MM-dd HH:mm X", "2024-03-06 10:20 +03:00", FAILS},
  {"UTC", "yyyy-MM-dd HH:mm X", "2024-03-06 10:20 +0330", INT64_C(1709707800)},
  {"UTC", "yyyy-MM-dd HH:mm XXX", "2024-03-06 10:20 Z", INT64_C(1709720400)},
  {"UTC", "yyyy-MM-dd HH:mm XXX", "2024-03-06 10:20 -02:30", INT64_C(1709729400)},
  {"UTC", "yyyy-MM-dd HH:mm Z", "2024-03-06 10:20 Z", FAILS},
  {"UTC", "yyyy-MM-dd HH:mm Z", "2024-03-06 10:20 -0230", INT64_C(1709729400)},
  {"UTC", "yyyy-MM-dd HH:mm ZZZZ", "2024-03-06 10:20 GMT+03:00", INT64_C(1709709600)},
  {"UTC", "yyyy-MM-dd HH:mm O", "2024-03-06 10:20 GMT+3", INT64_C(1709709600)},
  {"UTC", "yyyy-MM-dd HH:mm z", "2024-03-06 10:20 CET", INT64_C(1709716800)},
  {"UTC", "yyyy-MM-dd HH:mm z", "2024-07-06 10:20 Europe/Berlin", INT64_C(1720254000)},
  {"UTC", "yyyy-MM-dd HH:mm VV", "2024-07-06 10:20 Europe/Berlin", INT64_C(1720254000)},
  {"UTC", "yyyy-MM-dd HH:mm VV XXX", "2024-07-06 10:20 Europe/Berlin +05:00", INT64_C(1720243200)},
  {"UTC", "yyyy-MM-dd HH", "2024-07-06 10", INT64_C(1720260000)},
  {"UTC", "yyyy-MM-dd N", "2024-07-06 1000000000", INT64_C(1720224001)},
  {"UTC", "yyyy-MM-dd A", "2024-07-06 1000", INT64_C(1720224001)},
  {"UTC", "yyyy-MM-dd HH:mm:ss n", "2024-07-06 10:00:00 1000", INT64_C(1720260000)},
  {"UTC", "yyyy-MM-dd HH:mm:ss.SSS", "2024-07-06 10:00:00.12", FAILS},
  {"UTC", "yyyy-MM-dd HH:mm:ss.SSS", "2024-07-06 10:00:00.1234", FAILS},
  {"UTC", "yyyy-MM-dd HH:mm:ss.SSS", "1969-12-31 23:59:59.999", INT64_C(-1)},
  {"UTC", "yyyy-MM-dd ppH", "2024-07-06  9", INT64_C(1720256400)}, {"UTC", "yyyy-MM-dd ppH", "2024-07-06 9", FAILS},
  {"UTC", "g", "60375", INT64_C(1709683200)}, {"UTC", "yyyy-MM", "2024-07", FAILS},
  {"UTC", "yyyy-MM-dd", "2024-07-06 ", FAILS}, {"UTC", "yyyy-MM-dd", "", FAILS},
  {"UTC", "yyyy yyyy-MM-dd", "2023 2024-07-06", FAILS},
  {"UTC", "uuuu-yyyy-MM-dd", "2024-2024-07-06", INT64_C(1720224000)},
  {"UTC", "yyyy-MM-dd kk:mm", "2024-07-06 24:10", INT64_C(1720224600)},
  {"UTC", "yyyy-MM-dd KK:mm a", "2024-07-06 00:10 PM", INT64_C(1720267800)},
  {"UTC", "yyyy-MM-dd HH:mm a", "2024-07-06 13:10 AM", FAILS}, {"UTC", "dMyyyy", "1122024", FAILS},
  {"UTC", "HHmmss yyyyMMdd", "235960 20240101", FAILS},
  {"UTC", "MMMM d, yyyy", "March 6, 2024", INT64_C(1709683200)}, {"UTC", "MMM d, yyyy", "March 6, 2024", FAILS},
  {"UTC", "d/M/yyyy", "6/3/2024", INT64_C(1709683200)},
  {"Europe/Berlin", "yyyy-MM-dd HH:mm:ss", "2024-03-31 02:30:00", INT64_C(1711848600)},
  {"Europe/Berlin", "yyyy-MM-dd HH:mm:ss", "2024-10-27 02:30:00", INT64_C(1729989000)},
  {"Europe/Berlin", "yyyy-MM-dd HH:mm:ss", "2500-07-01 12:00:00", INT64_C(16740900000)},
  {"Europe/Berlin", "yyyy-MM-dd", "1850-01-01", INT64_C(-3786828808)},
  {"Pacific/Apia", "yyyy-MM-dd HH:mm", "2011-12-30 10:00", INT64_C(1325275200)},
  {"America/Sao_Paulo", "yyyy-MM-dd", "2018-11-04", INT64_C(1541300400)},
  {"Australia/Lord_Howe", "yyyy-MM-dd HH:mm", "2024-04-07 01:45", INT64_C(1712414700)},
  {"UTC", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSXXXXX", "2024-07-06T10:20:30.123456789+01:02:03", INT64_C(1720257507)},
  {"UTC", "yyyy-MM-dd", "0001-01-01", INT64_C(-62135596800)},
  {"UTC", "yyyy-MM-dd HH:mm:ss", "9999-12-31 23:59:59", INT64_C(253402300799)},
  {"UTC", "'d' d'.'M'.'yyyy", "d 6.3.2024", INT64_C(1709683200)},
  {"UTC", "yyyy年M月d日", "2024年3月6日", INT64_C(1709683200)},
  /* Stricter than Java: days that a month does not have, narrow names of several months, a part of the day alone. */
  {"UTC", "yyyy-MM-dd", "2024-02-30", FAILS}, {"UTC", "yyyy-MM-dd", "2023-02-29", FAILS},
  {"UTC", "MMMMM d yyyy", "J 1 2024", FAILS}, {"UTC", "yyyy-MM-dd B", "2024-03-06 at night", FAILS},
  {"UTC", "yyyy-MM-dd h:mm", "2024-03-06 1:07", FAILS}, {"UTC", "HH:mm", "10:20", FAILS},
  {"UTC", "G yyyy-MM-dd", "BC 0005-07-06", FAILS}, {"UTC", "yyyy-MM-dd HH ss", "2024-07-06 10 05", FAILS},
  /* Laxer: the case of letters in names. */
  {"UTC", "EEE, d MMM yyyy h a", "wed, 6 MAR 2024 1 pm", INT64_C(1709730000)},
  /* An abbreviation means its offset, also in summer. */
  {"UTC", "yyyy-MM-dd HH:mm z", "2024-07-06 10:20 EST", INT64_C(1720279200)},
};

START_TEST(test_parse) {
  for (size_t i = 0; i < sizeof parse_rows / sizeof *parse_rows; i++) {
    int64_t seconds = parse_value(parse_rows[i].zone, parse_rows[i].pattern, str_of(parse_rows[i].text));
    ck_assert_msg(seconds == parse_rows[i].seconds, "%s as %s in %s gives %lld (%s), not %lld", parse_rows[i].text, parse_rows[i].pattern, parse_rows[i].zone,
                  (long long)seconds, error.hint, (long long)parse_rows[i].seconds);
  }
}
END_TEST

static uint64_t random_state;
static uint32_t random_below(uint32_t n) {
  random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
  return (uint32_t)(random_state >> 33) % n;
}

/* What is written with a whole date, a time and an offset is read as the same moment, whatever else stands there. */
START_TEST(test_round_trip) {
  static const char *const dates[] = {"yyyy-MM-dd", "yyyyMMdd", "d.M.u", "EEEE, MMMM d, yyyy", "y D", "YYYY-'W'ww-e", "g",
                                      "G yyyy MM W E", "dd LLL uuuu QQQQ F"};
  static const char *const times[] = {"HH:mm:ss", "HHmmssSSS", "k:m:s n", "h:mm:ss a", "KK'h'mm ss a", "N", "A", "h:mm:ss B", "H:mm[:ss[.SSSSSSSSS]]"};
  static const char *const offsets[] = {"XXXXX", "xxxxx", "XXXX", "ZZZZZ", "ZZZZ", "O", "XXXXX VV"};
  static const char *const zones[] = {"UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "+01:02:03", "GMT-7", "Asia/Kathmandu"};
  for (int i = 0; i < 20000; i++) {
    char pattern[128];
    const char *zone = zones[random_below(8)];
    snprintf(pattern, sizeof pattern, "%s'T'%s%s%s", dates[random_below(9)], times[random_below(9)], random_below(2) ? " " : "'|'", offsets[random_below(7)]);
    int64_t seconds = INT64_C(-60000000000) + (int64_t)random_below(310000) * 1000000 + random_below(1000000);
    const char *text = format(zone, pattern, value_timestamp_zoned(seconds, random_below(2) ? 0 : random_below(1000000000), 0));
    ck_assert_msg(text != NULL, "%s of %lld: %s", pattern, (long long)seconds, error.message);
    int64_t back = parse_value(zone, pattern, str_of(text));
    ck_assert_msg(back == seconds, "%s in %s: %s was %lld, is read as %lld (%s)", pattern, zone, text, (long long)seconds, (long long)back, error.hint);
    if (i % 100 == 0) arena_reset(&arena);
  }
}
END_TEST

/* Any pattern and any text give a result or an error (sanitizers watch). */
START_TEST(test_any_pattern) {
  static const char letters[] = "GuyMLQqdDgYwWEecFaBhKkHmsSAnNVOXxZp'[]{}# -:/.0\xc3\xa9";
  static const char texts[] = "0123456789 -+:/.ZTGMAPJFbcde\xc3\xa9";
  for (int i = 0; i < 50000; i++) {
    char pattern[24], text[24];
    size_t len = random_below(16), text_len = random_below(20);
    for (size_t k = 0; k < len; k++) pattern[k] = k && random_below(2) ? pattern[k - 1] : letters[random_below(sizeof letters - 1)];
    pattern[len] = 0;
    for (size_t k = 0; k < text_len; k++) text[k] = texts[random_below(sizeof texts - 1)];
    const char *made = format("Europe/Berlin", pattern, value_int((int64_t)random_below(2000000000)));
    if (made) parse_value("UTC", pattern, str_of(made));
    parse_value("UTC", pattern, str_make(text, text_len));
    if (i % 100 == 0) arena_reset(&arena);
  }
}
END_TEST

START_TEST(test_offsets) {
  static const struct { const char *text; int offset; } rows[] = { /* the first nine are offsets */
    {"Z", 0}, {"+3", 10800}, {"+03", 10800}, {"-0330", -12600}, {"+03:30", 12600}, {"+3:30", 12600}, {"+010203", 3723}, {"-01:02:03", -3723}, {"+18:00", 64800},
    {"", 0}, {"3", 0}, {"+", 0}, {"+19", 0}, {"+18:01", 0}, {"+1:2", 0}, {"+12:3", 0}, {"+12:60", 0}, {"+123", 0}, {"+12:30:", 0}, {"+12:3045", 0}, {"+12x30", 0}, {"z", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int offset = 0;
    bool good = offset_parse(str_of(rows[i].text), &offset);
    ck_assert_msg(good == (i < 9) && (!good || offset == rows[i].offset), "%s is %d", rows[i].text, offset);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("datetime");
  TCase *tests = tcase_create("datetime");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, test_letters);
  tcase_add_test(tests, test_format);
  tcase_add_test(tests, test_parse);
  tcase_add_test(tests, test_round_trip);
  tcase_add_test(tests, test_any_pattern);
  tcase_add_test(tests, test_offsets);
  tcase_set_timeout(tests, 60);
  suite_add_tcase(suite, tests);
  return run_suite(suite);
}
