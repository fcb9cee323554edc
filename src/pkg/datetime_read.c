/* datetime_read.c - values as times, and calendar and clock of a moment. */
#include "pkg/datetime.h"

#include <math.h>

#include "pkg/operators.h"
#include "value/datetime_text.h"
#include "value/decimal.h"

/* --- The cache --- */

static void cache_free(PackageCache *base) {
  DatetimeCache *cache = (DatetimeCache *)base;
  for (size_t i = 0; i < PATTERN_SLOTS; i++) pattern_free(cache->patterns[i]);
  zones_free(cache);
  names_free(cache);
  arena_free(&cache->arena);
  buf_free(&cache->zone_name);
  buf_free(&cache->text);
  dc_free(cache);
}

DatetimeCache *datetime_cache(CallContext *cx) {
  if (!cx->datetimes) {
    DatetimeCache *cache = dc_alloc(sizeof *cache);
    cache->base.free = cache_free;
    cx->datetimes = &cache->base;
  }
  return (DatetimeCache *)cx->datetimes;
}

/* --- Reading --- */

/* Numbers below 1e11 are seconds since 1970, from there on milliseconds; fractions are kept to the millisecond. */
static bool read_number(Value number, TimeArgument *out) {
  const int64_t first_millisecond = INT64_C(100000000000);
  double d;
  if (number.type == TYPE_INT) {
    bool is_seconds = number.as.i > -first_millisecond && number.as.i < first_millisecond;
    out->seconds = is_seconds ? number.as.i : floor_quotient(number.as.i, 1000);
    out->nanoseconds = is_seconds ? 0 : (int32_t)floor_rest(number.as.i, 1000) * 1000000;
    return true;
  }
  if (!value_to_double(number, &d) || !(fabs(d) < 1e18)) return false;
  double exact = fabs(d) < 1e11 ? d * 1000 : d, nearest = round(exact);
  double milliseconds = fabs(exact - nearest) < 0.02 ? nearest : floor(exact); /* .123 is a bit less than that in binary */
  double seconds = floor(milliseconds / 1000);
  out->seconds = (int64_t)seconds;
  out->nanoseconds = (int32_t)(milliseconds - seconds * 1000) * 1000000;
  return true;
}

static void read_typed(Value value, TimeArgument *out) {
  out->kind = value.flags & VALUE_ZONED ? TIME_ZONED : TIME_LOCAL;
  out->seconds = value.as.i;
  out->nanoseconds = (int32_t)value.len;
  out->offset = value.offset_minutes * 60;
}

static bool read_text(Str text, TimeArgument *out) {
  Value value;
  if (timestamp_parse(text, &value)) {
    read_typed(value, out);
    if (out->kind == TIME_LOCAL && !memchr(text.data, ':', text.len)) out->kind = TIME_DAY;
    return true;
  }
  return number_parse(text, &value) && read_number(value, out);
}

DcCode time_read(CallContext *cx, const char *function, Value value, TimeArgument *out) {
  *out = (TimeArgument){.kind = TIME_MOMENT};
  if (value.type == TYPE_TIMESTAMP) {
    read_typed(value, out);
    return DC_OK;
  }
  if (value.type == TYPE_DATE) {
    *out = (TimeArgument){.kind = TIME_DAY};
    if (__builtin_mul_overflow(value.as.i, (int64_t)SECONDS_PER_DAY, &out->seconds)) out->seconds = INT64_MAX; /* refused by check_range */
    return DC_OK;
  }
  if (value_is_number(value) && read_number(value, out)) return DC_OK;
  if (value.type == TYPE_STRING && read_text(value_get_str(value), out)) return DC_OK;
  Str text = value_to_str(cx->arena, value);
  dc_fail(cx->err, "%s: cannot read '%.*s%s' as a time", function, text.len > 100 ? 100 : (int)text.len, text.data, text.len > 100 ? "…" : "");
  if (value.type == TYPE_TIME) dc_hint(cx->err, "a TIME has no day; join it to one: CAST('2024-01-31 ' || x AS TIMESTAMP)");
  else dc_hint(cx->err, "seconds or milliseconds since 1970, or ISO 8601 such as 2024-01-31T12:00:00Z; DT_PARSE reads other forms");
  return cx->err->code;
}

DcCode check_range(CallContext *cx, const char *function, int64_t seconds) {
  if (seconds >= MOMENT_FIRST && seconds <= MOMENT_LAST) return DC_OK;
  dc_fail(cx->err, "%s: %lld seconds since 1970 are outside of the years 1 to 9999", function, (long long)seconds);
  dc_hint(cx->err, "numbers from 1e11 on are milliseconds; divide what counts microseconds by 1000");
  return cx->err->code;
}

DcCode time_moment(CallContext *cx, const char *function, TimeArgument time, Zone *zone, Moment *out) {
  DC_TRY(check_range(cx, function, time.seconds));
  if (time.kind == TIME_LOCAL || (time.kind == TIME_DAY && !zone)) DC_TRY(zone_default(cx, &zone));
  if (time.kind == TIME_LOCAL) time.seconds = zone_from_local(zone, time.seconds);
  if (time.kind == TIME_DAY) time.seconds = zone_from_local_start(zone, time.seconds);
  *out = (Moment){time.seconds, time.nanoseconds};
  return check_range(cx, function, time.seconds);
}

DcCode moment_read(CallContext *cx, const char *function, Value value, Zone *zone, Moment *out) {
  TimeArgument time;
  DC_TRY(time_read(cx, function, value, &time));
  return time_moment(cx, function, time, zone, out);
}

/* --- Calendar and clock --- */

Clock clock_of_local(int64_t local_seconds, int nanoseconds, int offset) {
  Clock clock = {.days = floor_quotient(local_seconds, SECONDS_PER_DAY), .nanoseconds = nanoseconds, .offset = offset};
  clock.second_of_day = (int)(local_seconds - clock.days * SECONDS_PER_DAY);
  civil_of_days(clock.days, &clock.year, &clock.month, &clock.day);
  return clock;
}

Clock clock_of(Zone *zone, Moment moment) {
  int offset = zone_offset(zone, moment.seconds);
  return clock_of_local(moment.seconds + offset, moment.nanoseconds, offset);
}

int day_of_week(int64_t days) { return (int)floor_rest(days + 3, 7) + 1; } /* 1970-01-01 was a Thursday */

int day_of_year(const Clock *clock) { return (int)(clock->days - days_of_civil(clock->year, 1, 1)) + 1; }

int64_t first_week_start(int year, int first_day, int least_days) {
  int64_t january_1 = days_of_civil(year, 1, 1);
  int into_week = (int)floor_rest(day_of_week(january_1) - first_day, 7);
  return january_1 - into_week + (7 - into_week < least_days ? 7 : 0);
}

int week_of_year(int64_t days, int year, int first_day, int least_days, int *week_year) {
  int64_t start = first_week_start(year, first_day, least_days);
  *week_year = year;
  if (days < start) {
    *week_year = year - 1;
    start = first_week_start(year - 1, first_day, least_days);
  } else if (days >= first_week_start(year + 1, first_day, least_days)) {
    *week_year = year + 1;
    start = first_week_start(year + 1, first_day, least_days);
  }
  return (int)((days - start) / 7) + 1;
}
