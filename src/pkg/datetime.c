/* datetime.c - the DT_ functions: their rows, and the short ones. Every zone argument may be left out; then the option
 * timezone holds.
 */
#include "pkg/datetime.h"

#include <stdio.h>

#include "pkg/operators.h"
#include "pkg/packages.h"
#include "value/datetime_text.h"

/* The zone in args[0] when there are more than `rest` arguments, else the default; *args is moved to the rest. */
static DcCode take_zone(CallContext *cx, const Value **args, int count, int rest, Zone **zone) {
  if (count <= rest) return zone_default(cx, zone);
  DC_TRY(zone_get(cx, value_to_str(cx->arena, (*args)[0]), zone));
  ++*args;
  return DC_OK;
}

static DcCode take_clock(CallContext *cx, const char *function, const Value *args, int count, Clock *clock) {
  Zone *zone;
  Moment moment;
  DC_TRY(take_zone(cx, &args, count, 1, &zone));
  DC_TRY(moment_read(cx, function, args[0], zone, &moment));
  *clock = clock_of(zone, moment);
  return DC_OK;
}

/* --- Order and numbers --- */

static DcCode compare(CallContext *cx, const char *function, const Value *args, int *order) {
  Moment a, b;
  DC_TRY(moment_read(cx, function, args[0], NULL, &a));
  DC_TRY(moment_read(cx, function, args[1], NULL, &b));
  *order = a.seconds != b.seconds ? (a.seconds < b.seconds ? -1 : 1) : a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds;
  return DC_OK;
}

static DcCode fn_dt_before(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int order;
  DC_TRY(compare(cx, "DT_BEFORE", args, &order));
  *result = value_bool(order < 0);
  return DC_OK;
}

static DcCode fn_dt_after(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int order;
  DC_TRY(compare(cx, "DT_AFTER", args, &order));
  *result = value_bool(order > 0);
  return DC_OK;
}

static DcCode fn_dt_epoch(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Moment moment;
  DC_TRY(moment_read(cx, "DT_EPOCH", args[0], NULL, &moment));
  *result = value_int(moment.seconds);
  return DC_OK;
}

static DcCode fn_dt_millis(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Moment moment;
  DC_TRY(moment_read(cx, "DT_MILLIS", args[0], NULL, &moment));
  *result = value_int(moment.seconds * 1000 + moment.nanoseconds / 1000000);
  return DC_OK;
}

/* --- Parts --- */

/* Weeks as ISO 8601 has them. */
static const Names iso_weeks = {.first_day = 1, .least_days = 4};

static DcCode part(CallContext *cx, const char *function, Field field, const Value *args, int count, Value *result) {
  Clock clock;
  DC_TRY(take_clock(cx, function, args, count, &clock));
  *result = value_int(clock_field(&clock, &iso_weeks, field));
  return DC_OK;
}

static DcCode fn_dt_year(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_YEAR", FIELD_YEAR, args, count, result); }
static DcCode fn_dt_quarter(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_QUARTER", FIELD_QUARTER, args, count, result); }
static DcCode fn_dt_month(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_MONTH", FIELD_MONTH, args, count, result); }
static DcCode fn_dt_week(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_WEEK", FIELD_WEEK, args, count, result); }
static DcCode fn_dt_week_year(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_WEEK_YEAR", FIELD_WEEK_YEAR, args, count, result); }
static DcCode fn_dt_day(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_DAY", FIELD_DAY, args, count, result); }
static DcCode fn_dt_doy(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_DOY", FIELD_DAY_OF_YEAR, args, count, result); }
static DcCode fn_dt_dow(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_DOW", FIELD_DAY_OF_WEEK, args, count, result); }
static DcCode fn_dt_hour(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_HOUR", FIELD_HOUR, args, count, result); }
static DcCode fn_dt_minute(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_MINUTE", FIELD_MINUTE, args, count, result); }
static DcCode fn_dt_second(CallContext *cx, const Value *args, int count, Value *result) { return part(cx, "DT_SECOND", FIELD_SECOND, args, count, result); }

/* --- Values with a type --- */

static DcCode fn_dt_date(CallContext *cx, const Value *args, int count, Value *result) {
  Clock clock;
  DC_TRY(take_clock(cx, "DT_DATE", args, count, &clock));
  *result = value_date(clock.days);
  return DC_OK;
}

static DcCode fn_dt_time(CallContext *cx, const Value *args, int count, Value *result) {
  Clock clock;
  DC_TRY(take_clock(cx, "DT_TIME", args, count, &clock));
  *result = value_time(clock.second_of_day * INT64_C(1000000000) + clock.nanoseconds);
  return DC_OK;
}

static DcCode fn_dt_timestamp(CallContext *cx, const Value *args, int count, Value *result) {
  Zone *zone;
  Moment moment;
  DC_TRY(take_zone(cx, &args, count, 1, &zone));
  DC_TRY(moment_read(cx, "DT_TIMESTAMP", args[0], zone, &moment));
  *result = value_timestamp_zoned(moment.seconds, (uint32_t)moment.nanoseconds, zone_offset(zone, moment.seconds) / 60);
  return DC_OK;
}

static DcCode fn_dt_now(CallContext *cx, const Value *args, int count, Value *result) {
  (void)args, (void)count;
  *result = value_timestamp_zoned(cx->now_seconds, (uint32_t)cx->now_nanoseconds, 0);
  return DC_OK;
}

/* --- Text --- */

/* java.time.ZonedDateTime.toString: no seconds when they are 0, the fraction in threes, the zone unless it is an offset. */
static DcCode fn_dt_tz(CallContext *cx, const Value *args, int count, Value *result) {
  Zone *zone;
  Moment moment;
  char text[96], offset[16];
  DC_TRY(take_zone(cx, &args, count, 1, &zone));
  DC_TRY(moment_read(cx, "DT_TZ", args[0], zone, &moment));
  Clock clock = clock_of(zone, moment);
  int second = clock.second_of_day % 60, nano = clock.nanoseconds;
  size_t len = (size_t)snprintf(text, sizeof text, "%s%04d-%02d-%02dT%02d:%02d", clock.year > 9999 ? "+" : "", clock.year, clock.month, clock.day,
                                clock.second_of_day / 3600, clock.second_of_day / 60 % 60);
  if (second || nano) len += (size_t)snprintf(text + len, sizeof text - len, ":%02d", second);
  if (nano % 1000) len += (size_t)snprintf(text + len, sizeof text - len, ".%09d", nano);
  else if (nano % 1000000) len += (size_t)snprintf(text + len, sizeof text - len, ".%06d", nano / 1000);
  else if (nano) len += (size_t)snprintf(text + len, sizeof text - len, ".%03d", nano / 1000000);
  offset_print(clock.offset, offset);
  len += (size_t)snprintf(text + len, sizeof text - len, "%s", offset);
  Str id = zone_id(zone);
  if (!zone_is_offset(zone)) len += (size_t)snprintf(text + len, sizeof text - len, "[%.*s]", STR_ARG(id));
  *result = value_str(str_make(arena_copy(cx->arena, text, len), len));
  return DC_OK;
}

/* [zone,] pattern, x[, language]: *args then begins at the pattern. English without a language. */
static DcCode take_pattern(CallContext *cx, const Value **args, int count, Zone **zone, const Pattern **pattern) {
  Str language = count == 4 ? value_to_str(cx->arena, (*args)[3]) : (Str){0};
  DC_TRY(take_zone(cx, args, count, 2, zone));
  return pattern_get(cx, value_to_str(cx->arena, (*args)[0]), language, pattern);
}

static DcCode fn_dt_format(CallContext *cx, const Value *args, int count, Value *result) {
  Zone *zone;
  Moment moment;
  const Pattern *pattern;
  DC_TRY(take_pattern(cx, &args, count, &zone, &pattern));
  DC_TRY(moment_read(cx, "DT_FORMAT", args[1], zone, &moment));
  Buf *out = &datetime_cache(cx)->text;
  out->len = 0;
  DC_TRY(datetime_format(cx, pattern, zone, moment, out));
  *result = value_str(str_make(arena_copy(cx->arena, out->data ? out->data : "", out->len), out->len));
  return DC_OK;
}

static DcCode fn_dt_parse(CallContext *cx, const Value *args, int count, Value *result) {
  Zone *zone;
  Moment moment;
  const Pattern *pattern;
  DC_TRY(take_pattern(cx, &args, count, &zone, &pattern));
  DC_TRY(datetime_parse(cx, pattern, zone, value_to_str(cx->arena, args[1]), &moment));
  *result = value_int(moment.seconds);
  return DC_OK;
}

/* --- Rows --- */

static const Function rows[] = {
    {.name = "DT_BEFORE", .signature = "a, b", .min_args = 2, .max_args = 2, .call = fn_dt_before, .doc = "TRUE if time a is earlier than time b.", .example = "DT_BEFORE('2020-01-01T00:00:00Z', 1577836801)", .result = "true"},
    {.name = "DT_AFTER", .signature = "a, b", .min_args = 2, .max_args = 2, .call = fn_dt_after, .doc = "TRUE if time a is later than time b.", .example = "DT_AFTER('2024-03-01', '2024-02-29')", .result = "true"},
    {.name = "DT_YEAR", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_year, .doc = "The year of a time in a zone.", .example = "DT_YEAR('Europe/Berlin', '2023-12-31T23:30:00Z')", .result = "2024"},
    {.name = "DT_QUARTER", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_quarter, .doc = "The quarter of the year, 1 to 4.", .example = "DT_QUARTER('2024-05-01')", .result = "2"},
    {.name = "DT_MONTH", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_month, .doc = "The month, 1 to 12.", .example = "DT_MONTH('GMT', 1455212042)", .result = "2"},
    {.name = "DT_WEEK", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_week, .doc = "The week of ISO 8601, 1 to 53; DT_WEEK_YEAR is its year.", .example = "DT_WEEK('2024-12-31')", .result = "1"},
    {.name = "DT_WEEK_YEAR", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_week_year, .doc = "The year that the ISO week belongs to.", .example = "DT_WEEK_YEAR('2024-12-31')", .result = "2025"},
    {.name = "DT_DAY", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_day, .doc = "The day of the month, 1 to 31.", .example = "DT_DAY('+03:00', '2024-02-28T22:00:00Z')", .result = "29"},
    {.name = "DT_DOY", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_doy, .doc = "The day of the year, 1 to 366.", .example = "DT_DOY('2024-12-31')", .result = "366"},
    {.name = "DT_DOW", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_dow, .doc = "The day of the week, Monday 1 to Sunday 7.", .example = "DT_DOW('UTC', 0)", .result = "4"},
    {.name = "DT_HOUR", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_hour, .doc = "The hour, 0 to 23.", .example = "DT_HOUR('Asia/Kolkata', 0)", .result = "5"},
    {.name = "DT_MINUTE", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_minute, .doc = "The minute, 0 to 59.", .example = "DT_MINUTE('Asia/Kolkata', 0)", .result = "30"},
    {.name = "DT_SECOND", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_second, .doc = "The second, 0 to 59.", .example = "DT_SECOND('UTC', -1)", .result = "59"},
    {.name = "DT_DATE", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_date, .doc = "The day as a DATE.", .example = "DT_DATE('America/New_York', 0)", .result = "1969-12-31"},
    {.name = "DT_TIME", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_time, .doc = "The time of the day as a TIME.", .example = "DT_TIME('America/New_York', 0.5)", .result = "19:00:00.5"},
    {.name = "DT_TIMESTAMP", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_timestamp, .doc = "The time as a TIMESTAMP with the offset of the zone.", .example = "DT_TIMESTAMP('Europe/Berlin', '2024-07-01')", .result = "2024-07-01T00:00:00+02:00"},
    {.name = "DT_TZ", .signature = "[zone,] t", .min_args = 1, .max_args = 2, .call = fn_dt_tz, .doc = "ISO 8601 text with offset and zone; seconds are left out when they are 0.", .example = "DT_TZ('Europe/London', 1467331200.5)", .result = "2016-07-01T01:00:00.500+01:00[Europe/London]"},
    {.name = "DT_EPOCH", .signature = "t", .min_args = 1, .max_args = 1, .call = fn_dt_epoch, .doc = "Whole seconds since 1970-01-01T00:00Z.", .example = "DT_EPOCH(1455212042000)", .result = "1455212042"},
    {.name = "DT_MILLIS", .signature = "t", .min_args = 1, .max_args = 1, .call = fn_dt_millis, .doc = "Whole milliseconds since 1970-01-01T00:00Z.", .example = "DT_MILLIS('2020-02-29T12:00:00.123Z')", .result = "1582977600123"},
    {.name = "DT_PARSE", .signature = "[zone,] pattern, text[, language]", .min_args = 2, .max_args = 4, .call = fn_dt_parse, .doc = "Seconds since 1970 of a text by a pattern of java.time; a zone in the text wins, a date alone is its midnight.", .example = "DT_PARSE('UTC', 'd MMM yyyy HH:mm', '29 Feb 2024 12:30')", .result = "1709209800"},
    {.name = "DT_FORMAT", .signature = "[zone,] pattern, t[, language]", .min_args = 2, .max_args = 4, .call = fn_dt_format, .doc = "Text of a time by a pattern of java.time; names are English unless a language is given.", .example = "DT_FORMAT('GMT+3', 'EEE dd.MM.yyyy HH:mm XXX', 0)", .result = "Thu 01.01.1970 03:00 +03:00"},
    {.name = "DT_ADD", .signature = "unit, n, t[, zone]", .min_args = 3, .max_args = 4, .call = fn_dt_add, .doc = "A time n units later: 'year', 'quarter', 'month', 'week', 'day' by the calendar, 'hour' … 'nanosecond' exactly.", .example = "DT_ADD('month', 1, '2024-01-31')", .result = "2024-02-29"},
    {.name = "DT_DIFF", .signature = "unit, a, b[, zone]", .min_args = 3, .max_args = 4, .call = fn_dt_diff, .doc = "How many whole units lie between a and b; negative when b is earlier.", .example = "DT_DIFF('month', '2024-01-31', '2024-03-30')", .result = "1"},
    {.name = "DT_TRUNC", .signature = "unit, [zone,] t", .min_args = 2, .max_args = 3, .call = fn_dt_trunc, .doc = "The start of the unit that a time lies in; weeks begin on Monday.", .example = "DT_TRUNC('hour', 'Asia/Kolkata', 0)", .result = "1970-01-01T05:00:00+05:30"},
    {.name = "DT_NOW", .signature = "", .min_args = 0, .max_args = 0, .call = fn_dt_now, .doc = "When the statement began: one moment for all of its records.", .example = "DT_NOW() = DT_NOW()", .result = "true"},
};

const Package datetime_package = {
    .name = "datetime",
    .doc = "Dates and times.",
    .functions = rows,
    .function_count = sizeof rows / sizeof rows[0],
};
