/* datetime_resolve.c - from the fields that were read to a moment. Every field has to agree with the result, so that a
 * wrong day of the week or a thirtieth of February is an error and never changed silently.
 */
#include <stdio.h>

#include "pkg/datetime.h"
#include "value/datetime_text.h"

typedef struct Resolver {
  const Parsed *parsed;
  const Names *names;
  const char *reason; /* why it fails */
} Resolver;

static bool wrong(Resolver *resolver, const char *reason) {
  resolver->reason = reason;
  return false;
}

/* The usual fields: when no other ones were read, there is nothing that could disagree. */
#define BIT(field) (UINT32_C(1) << (field))
static const uint32_t usual_date = BIT(FIELD_YEAR_OF_ERA) | BIT(FIELD_MONTH) | BIT(FIELD_DAY);
static const uint32_t usual_time = BIT(FIELD_HOUR) | BIT(FIELD_MINUTE) | BIT(FIELD_SECOND) | BIT(FIELD_NANO);
static const uint32_t all_time = BIT(FIELD_COUNT) - BIT(FIELD_AMPM); /* AMPM is the first field of the time */

static bool has(const Resolver *resolver, Field field) { return parsed_has(resolver->parsed, field); }
static int64_t value(const Resolver *resolver, Field field) { return resolver->parsed->values[field]; }

/* What each field may be, and what is said otherwise. Fields with names are always in their range. */
static bool check_ranges(Resolver *resolver) {
  static const struct { Field field; int64_t first, last; const char *reason; } rows[] = {
    {FIELD_YEAR, 1, 9999, "the year has to be 1 to 9999"},
    {FIELD_YEAR_OF_ERA, 1, 9999, "the year has to be 1 to 9999"},
    {FIELD_WEEK_YEAR, 1, 9999, "the year has to be 1 to 9999"},
    {FIELD_MONTH, 1, 12, "the month has to be 1 to 12"},
    {FIELD_DAY, 1, 31, "the day has to be 1 to 31"},
    {FIELD_DAY_OF_YEAR, 1, 366, "the day of the year has to be 1 to 366"},
    {FIELD_MODIFIED_JULIAN, -678575, 2973483, "the day is outside of the years 1 to 9999"},
    {FIELD_QUARTER, 1, 4, "the quarter has to be 1 to 4"},
    {FIELD_WEEK, 1, 53, "the week has to be 1 to 53"},
    {FIELD_WEEK_OF_MONTH, 0, 6, "the week of the month has to be 0 to 6"},
    {FIELD_LOCAL_DAY, 1, 7, "the day of the week has to be 1 to 7"},
    {FIELD_ALIGNED_DAY, 1, 7, "F has to be 1 to 7"},
    {FIELD_CLOCK_HOUR_12, 0, 12, "h has to be 1 to 12"},
    {FIELD_HOUR_12, 0, 11, "K has to be 0 to 11"},
    {FIELD_CLOCK_HOUR_24, 0, 24, "k has to be 1 to 24"},
    {FIELD_HOUR, 0, 24, "the hour has to be 0 to 23 (24 only as 24:00)"},
    {FIELD_MINUTE, 0, 59, "the minute has to be 0 to 59"},
    {FIELD_SECOND, 0, 59, "the second has to be 0 to 59"},
    {FIELD_NANO, 0, 999999999, "the nanosecond has to be 0 to 999999999"},
    {FIELD_MILLI_OF_DAY, 0, 86399999, "the millisecond of the day has to be 0 to 86399999"},
    {FIELD_NANO_OF_DAY, 0, INT64_C(86399999999999), "the nanosecond of the day has to be 0 to 86399999999999"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (has(resolver, rows[i].field) && (value(resolver, rows[i].field) < rows[i].first || value(resolver, rows[i].field) > rows[i].last))
      return wrong(resolver, rows[i].reason);
  return true;
}

/* --- Date --- */

static bool find_year(Resolver *resolver, int *year) {
  if (has(resolver, FIELD_YEAR)) *year = (int)value(resolver, FIELD_YEAR);
  else if (has(resolver, FIELD_YEAR_OF_ERA)) *year = (int)value(resolver, FIELD_YEAR_OF_ERA);
  else return false;
  return true;
}

/* E, e or c as Monday 1 … Sunday 7. */
static bool find_day_of_week(const Resolver *resolver, int *day) {
  if (has(resolver, FIELD_DAY_OF_WEEK)) *day = (int)value(resolver, FIELD_DAY_OF_WEEK);
  else if (has(resolver, FIELD_LOCAL_DAY)) *day = (int)floor_rest(value(resolver, FIELD_LOCAL_DAY) - 1 + resolver->names->first_day - 1, 7) + 1;
  else return false;
  return true;
}

static int64_t into_week(const Resolver *resolver, int day_of_the_week) { return floor_rest(day_of_the_week - resolver->names->first_day, 7); }

static bool date_from_week(const Resolver *resolver, int64_t *days) {
  int day;
  const Names *names = resolver->names;
  if (!has(resolver, FIELD_WEEK_YEAR) || !has(resolver, FIELD_WEEK) || !find_day_of_week(resolver, &day)) return false;
  int64_t start = first_week_start((int)value(resolver, FIELD_WEEK_YEAR), names->first_day, names->least_days);
  *days = start + (value(resolver, FIELD_WEEK) - 1) * 7 + into_week(resolver, day);
  return true;
}

static bool date_from_week_of_month(const Resolver *resolver, int year, int64_t *days) {
  int day;
  if (!has(resolver, FIELD_MONTH) || !has(resolver, FIELD_WEEK_OF_MONTH) || !find_day_of_week(resolver, &day)) return false;
  int64_t first = days_of_civil(year, (int)value(resolver, FIELD_MONTH), 1);
  int64_t before = into_week(resolver, day_of_week(first));
  bool first_counts = 7 - before >= resolver->names->least_days;
  *days = first - before + (value(resolver, FIELD_WEEK_OF_MONTH) - first_counts) * 7 + into_week(resolver, day);
  return true;
}

static bool find_date(Resolver *resolver, int64_t *days) {
  int year = 0;
  bool has_year = find_year(resolver, &year);
  if (has(resolver, FIELD_MODIFIED_JULIAN)) {
    *days = value(resolver, FIELD_MODIFIED_JULIAN) - 40587;
    return true;
  }
  if (has_year && has(resolver, FIELD_MONTH) && has(resolver, FIELD_DAY)) {
    if (!civil_is_valid(year, (int)value(resolver, FIELD_MONTH), (int)value(resolver, FIELD_DAY)))
      return wrong(resolver, "the month does not have this day");
    *days = days_of_civil(year, (int)value(resolver, FIELD_MONTH), (int)value(resolver, FIELD_DAY));
    return true;
  }
  if (has_year && has(resolver, FIELD_DAY_OF_YEAR)) {
    *days = days_of_civil(year, 1, 1) + value(resolver, FIELD_DAY_OF_YEAR) - 1;
    return true;
  }
  if (has_year && date_from_week_of_month(resolver, year, days)) return true;
  if (date_from_week(resolver, days)) return true;
  return wrong(resolver, "the pattern gives no whole date: it needs a year, a month and a day, or a year and its day (D), or Y, w and e");
}

/* Whatever else was read has to be true of the day. */
static bool check_date(Resolver *resolver, int64_t days) {
  static const Field fields[] = {FIELD_YEAR, FIELD_YEAR_OF_ERA, FIELD_ERA, FIELD_MONTH, FIELD_DAY, FIELD_DAY_OF_YEAR, FIELD_QUARTER,
                                 FIELD_WEEK_YEAR, FIELD_WEEK, FIELD_WEEK_OF_MONTH, FIELD_DAY_OF_WEEK, FIELD_LOCAL_DAY, FIELD_ALIGNED_DAY};
  if (!(resolver->parsed->set & ~(usual_date | all_time))) return true;
  Clock clock = clock_of_local(days * SECONDS_PER_DAY, 0, 0);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    if (!has(resolver, fields[i]) || value(resolver, fields[i]) == clock_field(&clock, resolver->names, fields[i])) continue;
    if (fields[i] == FIELD_ERA) return wrong(resolver, "the year has to be 1 to 9999 of our era");
    if (fields[i] == FIELD_DAY_OF_WEEK || fields[i] == FIELD_LOCAL_DAY) return wrong(resolver, "the day of the week is another one");
    return wrong(resolver, "its parts name different days");
  }
  return true;
}

/* --- Time of day --- */

/* The hour 0 … 24 from what there is; -1: none. */
static bool find_hour(Resolver *resolver, int *hour) {
  *hour = -1;
  if (has(resolver, FIELD_HOUR)) *hour = (int)value(resolver, FIELD_HOUR);
  else if (has(resolver, FIELD_CLOCK_HOUR_24)) *hour = (int)value(resolver, FIELD_CLOCK_HOUR_24) % 24;
  if (*hour >= 0) return true;
  int half_hour = -1;
  if (has(resolver, FIELD_CLOCK_HOUR_12)) half_hour = (int)value(resolver, FIELD_CLOCK_HOUR_12) % 12;
  else if (has(resolver, FIELD_HOUR_12)) half_hour = (int)value(resolver, FIELD_HOUR_12);
  if (half_hour < 0) return !has(resolver, FIELD_AMPM) && !has(resolver, FIELD_PERIOD) ? true : wrong(resolver, "half of the day, but no hour");
  if (has(resolver, FIELD_AMPM)) {
    *hour = half_hour + (value(resolver, FIELD_AMPM) ? 12 : 0);
    return true;
  }
  if (!has(resolver, FIELD_PERIOD)) return wrong(resolver, "an hour of h or K needs AM or PM (a); H is the hour from 0 to 23");
  const Str *periods = resolver->names->tables[NAMES_PERIOD];
  Str period = periods[value(resolver, FIELD_PERIOD)];
  bool exact = value(resolver, FIELD_PERIOD) >= PERIOD_NOON;
  if (exact) *hour = value(resolver, FIELD_PERIOD) == PERIOD_NOON ? 12 : 0;
  else if (str_eq(periods[half_hour], period)) *hour = half_hour;
  else if (str_eq(periods[half_hour + 12], period)) *hour = half_hour + 12;
  if (*hour < 0 || *hour % 12 != half_hour) return wrong(resolver, "the hour does not lie in this part of the day");
  return true;
}

/* From N or A; false: there is neither. A leaves what is below the millisecond to n or S. */
static bool time_of_count(const Resolver *resolver, int64_t *seconds, int32_t *nanoseconds) {
  if (has(resolver, FIELD_NANO_OF_DAY)) {
    *seconds = value(resolver, FIELD_NANO_OF_DAY) / 1000000000;
    *nanoseconds = (int32_t)(value(resolver, FIELD_NANO_OF_DAY) % 1000000000);
    return true;
  }
  if (!has(resolver, FIELD_MILLI_OF_DAY)) return false;
  *seconds = value(resolver, FIELD_MILLI_OF_DAY) / 1000;
  *nanoseconds = has(resolver, FIELD_NANO) ? (int32_t)value(resolver, FIELD_NANO) : (int32_t)(value(resolver, FIELD_MILLI_OF_DAY) % 1000) * 1000000;
  return true;
}

/* Seconds of the day, 86400 for 24:00; nanoseconds. No time at all is midnight. */
static bool find_time(Resolver *resolver, int64_t *seconds, int32_t *nanoseconds) {
  if (time_of_count(resolver, seconds, nanoseconds)) return true;
  bool has_minute = has(resolver, FIELD_MINUTE), has_second = has(resolver, FIELD_SECOND), has_nano = has(resolver, FIELD_NANO);
  int hour;
  if (!find_hour(resolver, &hour)) return false;
  if (hour < 0 && (has_minute || has_second || has_nano)) return wrong(resolver, "minutes or seconds, but no hour");
  if ((has_second && !has_minute) || (has_nano && !has_second)) return wrong(resolver, "between hour and second something is missing");
  *seconds = (hour < 0 ? 0 : hour * 3600) + (has_minute ? value(resolver, FIELD_MINUTE) * 60 : 0) + (has_second ? value(resolver, FIELD_SECOND) : 0);
  *nanoseconds = has_nano ? (int32_t)value(resolver, FIELD_NANO) : 0;
  if (*seconds < SECONDS_PER_DAY || (*seconds == SECONDS_PER_DAY && !*nanoseconds)) return true;
  return wrong(resolver, "the hour has to be 0 to 23 (24 only as 24:00)");
}

/* Whatever else was read has to be true of the time. */
static bool check_time(Resolver *resolver, int64_t seconds, int32_t nanoseconds) {
  static const Field fields[] = {FIELD_AMPM, FIELD_HOUR_12, FIELD_HOUR, FIELD_MINUTE, FIELD_SECOND, FIELD_NANO,
                                 FIELD_MILLI_OF_DAY, FIELD_NANO_OF_DAY};
  if (seconds == SECONDS_PER_DAY || !(resolver->parsed->set & all_time & ~usual_time)) return true;
  Clock clock = clock_of_local(seconds, nanoseconds, 0);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (has(resolver, fields[i]) && value(resolver, fields[i]) != clock_field(&clock, resolver->names, fields[i]))
      return wrong(resolver, "its parts name different times of the day");
  if (has(resolver, FIELD_CLOCK_HOUR_12) && value(resolver, FIELD_CLOCK_HOUR_12) % 12 != seconds / 3600 % 12)
    return wrong(resolver, "its parts name different times of the day");
  if (has(resolver, FIELD_CLOCK_HOUR_24) && value(resolver, FIELD_CLOCK_HOUR_24) % 24 != seconds / 3600)
    return wrong(resolver, "its parts name different times of the day");
  if (!has(resolver, FIELD_PERIOD)) return true;
  const Str *periods = resolver->names->tables[NAMES_PERIOD];
  int64_t period = value(resolver, FIELD_PERIOD);
  bool fits = period >= PERIOD_NOON ? period == clock_name_index(&clock, FIELD_PERIOD) : str_eq(periods[period], periods[seconds / 3600]);
  return fits ? true : wrong(resolver, "the hour does not lie in this part of the day");
}

bool datetime_resolve(const Parsed *parsed, const Names *names, Zone *zone, Moment *out, const char **reason) {
  Resolver resolver = {.parsed = parsed, .names = names};
  int64_t days, seconds;
  bool found = check_ranges(&resolver) && find_date(&resolver, &days) && check_date(&resolver, days) &&
               find_time(&resolver, &seconds, &out->nanoseconds) && check_time(&resolver, seconds, out->nanoseconds);
  *reason = resolver.reason;
  if (!found) return false;
  int64_t local = days * SECONDS_PER_DAY + seconds;
  if (parsed->has_zone) zone = parsed->zone;
  out->seconds = parsed->has_offset ? local - parsed->offset : zone_from_local(zone, local);
  return true;
}
