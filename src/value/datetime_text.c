/* datetime_text.c - ISO 8601 text. Day arithmetic: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#include "value/datetime_text.h"

#include <stdio.h>

int64_t days_of_civil(int year, int month, int day) {
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = (y >= 0 ? y : y - 399) / 400, year_of_era = y - era * 400;
  int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void civil_of_days(int64_t days, int *year, int *month, int *day) {
  int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, day_of_era = z - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted = (5 * day_of_year + 2) / 153;
  *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
  *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
  *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

bool civil_is_valid(int64_t year, int month, int day) {
  static const char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= lengths[month - 1] + (month == 2 && leap);
}

Value value_date(int64_t days) { return (Value){.type = TYPE_DATE, .as.i = days}; }
Value value_time(int64_t nanoseconds) { return (Value){.type = TYPE_TIME, .as.i = nanoseconds}; }
Value value_timestamp(int64_t seconds, uint32_t nanoseconds) {
  return (Value){.type = TYPE_TIMESTAMP, .len = nanoseconds, .as.i = seconds};
}
Value value_timestamp_zoned(int64_t seconds, uint32_t nanoseconds, int offset_minutes) {
  return (Value){.type = TYPE_TIMESTAMP, .flags = VALUE_ZONED, .offset_minutes = (int16_t)offset_minutes, .len = nanoseconds, .as.i = seconds};
}

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int64_t local_seconds(Value t) { return t.flags & VALUE_ZONED ? t.as.i + t.offset_minutes * 60 : t.as.i; }

Value timestamp_date(Value t) { return value_date(floor_divide(local_seconds(t), SECONDS_PER_DAY)); }

Value timestamp_time(Value t) {
  int64_t seconds = local_seconds(t);
  return value_time((seconds - floor_divide(seconds, SECONDS_PER_DAY) * SECONDS_PER_DAY) * 1000000000 + t.len);
}

/* --- Reading --- */

typedef struct Scan {
  const char *p, *end;
} Scan;

static Scan scan_of(Str text) {
  Scan s = {text.data, text.data + text.len};
  while (s.p < s.end && (unsigned char)*s.p <= ' ') s.p++;
  while (s.end > s.p && (unsigned char)s.end[-1] <= ' ') s.end--;
  return s;
}

static bool digits(Scan *s, int count, int *out) {
  int value = 0;
  if (s->end - s->p < count) return false;
  for (int i = 0; i < count; i++) {
    unsigned digit = (unsigned)(*s->p++ - '0');
    if (digit > 9) return false;
    value = value * 10 + (int)digit;
  }
  *out = value;
  return true;
}

static bool skip(Scan *s, char c) {
  if (s->p == s->end || *s->p != c) return false;
  s->p++;
  return true;
}

static bool scan_date(Scan *s, int64_t *days) {
  int year, month, day;
  if (!digits(s, 4, &year) || !skip(s, '-') || !digits(s, 2, &month) || !skip(s, '-') || !digits(s, 2, &day)) return false;
  if (!civil_is_valid(year, month, day)) return false;
  *days = days_of_civil(year, month, day);
  return true;
}

static bool scan_time(Scan *s, int64_t *seconds, uint32_t *nanoseconds) {
  int hour, minute, second = 0;
  *nanoseconds = 0;
  if (!digits(s, 2, &hour) || !skip(s, ':') || !digits(s, 2, &minute)) return false;
  if (skip(s, ':')) {
    if (!digits(s, 2, &second)) return false;
    if (skip(s, '.') || skip(s, ',')) {
      uint32_t unit = 100000000;
      const char *start = s->p;
      for (; s->p < s->end && (unsigned)(*s->p - '0') < 10; s->p++, unit /= 10) *nanoseconds += unit * (uint32_t)(*s->p - '0');
      if (s->p == start || s->p - start > 9) return false;
    }
  }
  *seconds = hour * 3600 + minute * 60 + second;
  return hour < 24 && minute < 60 && second < 60;
}

/* Z or an offset; false: neither is there or it is wrong. */
static bool scan_zone(Scan *s, int *offset_minutes) {
  *offset_minutes = 0;
  if (skip(s, 'Z') || skip(s, 'z')) return true;
  bool negative = skip(s, '-');
  if (!negative && !skip(s, '+')) return false;
  int hours, minutes = 0;
  if (!digits(s, 2, &hours)) return false;
  if (s->p < s->end && (skip(s, ':'), !digits(s, 2, &minutes))) return false;
  if (minutes > 59 || hours * 60 + minutes > 18 * 60) return false;
  *offset_minutes = negative ? -(hours * 60 + minutes) : hours * 60 + minutes;
  return true;
}

bool timestamp_parse(Str text, Value *out) {
  Scan s = scan_of(text);
  int64_t days, seconds = 0;
  uint32_t nanoseconds = 0;
  int offset;
  if (!scan_date(&s, &days)) return false;
  if (s.p < s.end) {
    if (!skip(&s, 'T') && !skip(&s, 't') && !skip(&s, ' ')) return false;
    if (!scan_time(&s, &seconds, &nanoseconds)) return false;
  }
  seconds += days * SECONDS_PER_DAY;
  if (s.p == s.end) {
    *out = value_timestamp(seconds, nanoseconds);
    return true;
  }
  if (!scan_zone(&s, &offset) || s.p != s.end) return false;
  *out = value_timestamp_zoned(seconds - offset * 60, nanoseconds, offset);
  return true;
}

bool date_parse(Str text, Value *out) {
  Value timestamp;
  if (!timestamp_parse(text, &timestamp)) return false;
  *out = timestamp_date(timestamp);
  return true;
}

bool time_parse(Str text, Value *out) {
  Scan s = scan_of(text);
  int64_t seconds;
  uint32_t nanoseconds;
  if (!scan_time(&s, &seconds, &nanoseconds) || s.p != s.end) return false;
  *out = value_time(seconds * 1000000000 + nanoseconds);
  return true;
}

/* --- Printing --- */

static size_t put_date(char *out, int64_t days) {
  int year, month, day;
  civil_of_days(days, &year, &month, &day);
  return (size_t)snprintf(out, 32, "%04d-%02d-%02d", year, month, day);
}

static size_t put_time(char *out, int64_t nanoseconds) {
  int seconds = (int)(nanoseconds / 1000000000), fraction = (int)(nanoseconds % 1000000000);
  size_t len = (size_t)snprintf(out, 24, "%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (!fraction) return len;
  len += (size_t)snprintf(out + len, 16, ".%09d", fraction);
  while (out[len - 1] == '0') out[--len] = 0;
  return len;
}

size_t datetime_print(Value value, char *out) {
  if (value.type == TYPE_DATE) return put_date(out, value.as.i);
  if (value.type == TYPE_TIME) return put_time(out, value.as.i);
  size_t len = put_date(out, timestamp_date(value).as.i);
  out[len++] = 'T';
  len += put_time(out + len, timestamp_time(value).as.i);
  if (!(value.flags & VALUE_ZONED)) return len;
  if (value.offset_minutes == 0) {
    out[len++] = 'Z';
    out[len] = 0;
    return len;
  }
  int offset = value.offset_minutes < 0 ? -value.offset_minutes : value.offset_minutes;
  return len + (size_t)snprintf(out + len, 16, "%c%02d:%02d", value.offset_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
}
