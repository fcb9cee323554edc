/* datetime_format.c - a moment as text, by a compiled pattern. */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "pkg/datetime.h"
#include "value/datetime_text.h"

enum { MODIFIED_JULIAN_1970 = 40587 };

static int64_t week_field(const Clock *clock, const Names *names, Field field) {
  int week_year, week = week_of_year(clock->days, clock->year, names->first_day, names->least_days, &week_year);
  if (field == FIELD_WEEK) return week;
  if (field == FIELD_WEEK_YEAR) return week_year;
  int64_t month_start = clock->days - clock->day + 1;
  int into_week = (int)floor_rest(day_of_week(month_start) - names->first_day, 7);
  int first_counts = 7 - into_week >= names->least_days; /* else the days before the first whole week are week 0 */
  return (clock->day - 1 + into_week) / 7 + first_counts;
}

static int64_t date_field(const Clock *clock, const Names *names, Field field) {
  switch (field) {
    case FIELD_YEAR: return clock->year;
    case FIELD_YEAR_OF_ERA: return clock->year > 0 ? clock->year : 1 - clock->year;
    case FIELD_ERA: return clock->year > 0;
    case FIELD_MONTH: return clock->month;
    case FIELD_DAY: return clock->day;
    case FIELD_DAY_OF_YEAR: return day_of_year(clock);
    case FIELD_MODIFIED_JULIAN: return clock->days + MODIFIED_JULIAN_1970;
    case FIELD_QUARTER: return (clock->month + 2) / 3;
    case FIELD_WEEK: case FIELD_WEEK_YEAR: case FIELD_WEEK_OF_MONTH: return week_field(clock, names, field);
    case FIELD_DAY_OF_WEEK: return day_of_week(clock->days);
    case FIELD_LOCAL_DAY: return floor_rest(day_of_week(clock->days) - names->first_day, 7) + 1;
    default: return (clock->day - 1) % 7 + 1; /* FIELD_ALIGNED_DAY */
  }
}

int64_t clock_field(const Clock *clock, const Names *names, Field field) {
  int hour = clock->second_of_day / 3600;
  switch (field) {
    case FIELD_AMPM: return hour / 12;
    case FIELD_PERIOD: return hour;
    case FIELD_CLOCK_HOUR_12: return hour % 12 ? hour % 12 : 12;
    case FIELD_HOUR_12: return hour % 12;
    case FIELD_CLOCK_HOUR_24: return hour ? hour : 24;
    case FIELD_HOUR: return hour;
    case FIELD_MINUTE: return clock->second_of_day / 60 % 60;
    case FIELD_SECOND: return clock->second_of_day % 60;
    case FIELD_NANO: return clock->nanoseconds;
    case FIELD_MILLI_OF_DAY: return clock->second_of_day * INT64_C(1000) + clock->nanoseconds / 1000000;
    case FIELD_NANO_OF_DAY: return clock->second_of_day * INT64_C(1000000000) + clock->nanoseconds;
    default: return date_field(clock, names, field);
  }
}

int clock_name_index(const Clock *clock, Field field) {
  if (field == FIELD_PERIOD) {
    bool exact = clock->second_of_day % 3600 < 60; /* to the minute, as in Java */
    int hour = clock->second_of_day / 3600;
    return exact && hour == 12 ? PERIOD_NOON : exact && hour == 0 ? PERIOD_MIDNIGHT : hour;
  }
  int value = (int)clock_field(clock, NULL, field);
  return field == FIELD_ERA || field == FIELD_AMPM ? value : value - 1;
}

/* size ≥ 0 with at least `least` digits. */
static void put_digits(Buf *out, uint64_t size, int least) {
  char digits[24];
  int len = 0;
  do {
    digits[sizeof digits - 1 - (size_t)len++] = (char)('0' + size % 10);
    size /= 10;
  } while (size || len < least);
  buf_put(out, digits + sizeof digits - (size_t)len, (size_t)len);
}

static DcCode put_number(CallContext *cx, const Item *item, int64_t value, Buf *out) {
  int64_t limit = 1; /* the first value that is too wide: 10^max, or for EXCEEDS 10^min */
  int digits = item->sign == SIGN_EXCEEDS ? item->min : item->max;
  for (int i = 0; i < digits && i < 18; i++) limit *= 10;
  bool wide = digits <= 18 && (value >= limit || value <= -limit);
  if (item->sign != SIGN_EXCEEDS && wide)
    return dc_fail(cx->err, "DT_FORMAT: the value %lld is wider than the %d digits of the pattern", (long long)value, item->max);
  if (value < 0) buf_char(out, '-');
  else if (item->sign == SIGN_EXCEEDS && wide) buf_char(out, '+');
  put_digits(out, (uint64_t)llabs(value), item->min);
  return DC_OK;
}

static void put_fraction(Buf *out, int nanoseconds, int digits) {
  int unit = 1;
  for (int i = digits; i < 9; i++) unit *= 10;
  put_digits(out, (uint64_t)(nanoseconds / unit), digits);
}

static void put_offset(Buf *out, const Item *item, int offset) {
  const OffsetShape *shape = &offset_shapes[item->min];
  int size = offset < 0 ? -offset : offset, hours = size / 3600, minutes = size / 60 % 60, seconds = size % 60;
  bool with_seconds = shape->seconds && seconds, with_minutes = shape->minutes_always || minutes || with_seconds;
  if (!hours && !(with_minutes && minutes) && !with_seconds) {
    buf_str(out, item->literal);
    return;
  }
  buf_char(out, offset < 0 ? '-' : '+');
  put_digits(out, (uint64_t)hours, 2);
  if (with_minutes && shape->colon) buf_char(out, ':');
  if (with_minutes) put_digits(out, (uint64_t)minutes, 2);
  if (with_seconds && shape->colon) buf_char(out, ':');
  if (with_seconds) put_digits(out, (uint64_t)seconds, 2);
}

static void put_local_offset(Buf *out, bool full, int offset) {
  int size = offset < 0 ? -offset : offset;
  buf_text(out, "GMT");
  if (!size) return;
  buf_char(out, offset < 0 ? '-' : '+');
  put_digits(out, (uint64_t)size / 3600, full ? 2 : 1);
  if (full || size % 3600) {
    buf_char(out, ':');
    put_digits(out, (uint64_t)size / 60 % 60, 2);
  }
  if (size % 60) {
    buf_char(out, ':');
    put_digits(out, (uint64_t)size % 60, 2);
  }
}

static DcCode put_item(CallContext *cx, const Pattern *pattern, const Item *item, Zone *zone, Moment moment, const Clock *clock, Buf *out) {
  const Names *names = pattern->names;
  Str name;
  switch (item->kind) {
    case ITEM_LITERAL: buf_str(out, item->literal); break;
    case ITEM_NUMBER: return put_number(cx, item, clock_field(clock, names, item->field), out);
    case ITEM_REDUCED: put_digits(out, (uint64_t)llabs(clock_field(clock, names, item->field)) % 100, 2); break;
    case ITEM_FRACTION: put_fraction(out, clock->nanoseconds, item->max); break;
    case ITEM_TEXT: buf_str(out, names->tables[item->table][clock_name_index(clock, item->field)]); break;
    case ITEM_OFFSET: put_offset(out, item, clock->offset); break;
    case ITEM_LOCAL_OFFSET: put_local_offset(out, item->table, clock->offset); break;
    case ITEM_ZONE_ID: buf_str(out, zone_id(zone)); break;
    case ITEM_ZONE_NAME:
      DC_TRY(names_zone(cx, names, zone, moment.seconds, item->letter, item->table, &name));
      buf_str(out, name);
      break;
    case ITEM_OPTIONAL: break; /* a moment in a zone has all fields */
  }
  return DC_OK;
}

static DcCode put_padding(CallContext *cx, const Item *item, size_t start, Buf *out) {
  size_t length = utf8_length(str_make(out->data + start, out->len - start)), width = (size_t)item->pad;
  if (length > width)
    return dc_fail(cx->err, "DT_FORMAT: '%.*s' is longer than the %zu characters that p leaves for it", (int)(out->len - start), out->data + start, width);
  size_t blanks = width - length, bytes = out->len - start;
  for (size_t i = 0; i < blanks; i++) buf_char(out, ' ');
  memmove(out->data + start + blanks, out->data + start, bytes);
  memset(out->data + start, ' ', blanks);
  return DC_OK;
}

DcCode datetime_format(CallContext *cx, const Pattern *pattern, Zone *zone, Moment moment, Buf *out) {
  Clock clock = clock_of(zone, moment);
  for (size_t i = 0; i < pattern->count; i++) {
    const Item *item = &pattern->items[i];
    size_t start = out->len;
    DC_TRY(put_item(cx, pattern, item, zone, moment, &clock, out));
    if (item->pad) DC_TRY(put_padding(cx, item, start, out));
  }
  return DC_OK;
}
