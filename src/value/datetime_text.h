/* datetime_text.h - dates, times and timestamps as ISO 8601 text: proleptic Gregorian, years 1 to 9999, nanoseconds. */
#ifndef VALUE_DATETIME_TEXT_H
#define VALUE_DATETIME_TEXT_H

#include "value/value.h"

enum { SECONDS_PER_DAY = 86400 };

/* Days since 1970-01-01 of a day that exists, and back. */
int64_t days_of_civil(int year, int month, int day);
void civil_of_days(int64_t days, int *year, int *month, int *day);
bool civil_is_valid(int64_t year, int month, int day);

/* YYYY-MM-DD; a timestamp's text gives its day. */
bool date_parse(Str text, Value *out);
/* HH:MM[:SS[.fraction]] */
bool time_parse(Str text, Value *out);
/* date[(T| )time[Z|+HH[:MM]|-HH[:MM]]]; a date alone is its midnight. */
bool timestamp_parse(Str text, Value *out);
/* out has 48 bytes; any of the three types. Returns the length. */
size_t datetime_print(Value value, char *out);

/* seconds count from the epoch: of UTC when zoned, else of the local clock. */
Value value_date(int64_t days);
Value value_time(int64_t nanoseconds);
Value value_timestamp(int64_t seconds, uint32_t nanoseconds);
Value value_timestamp_zoned(int64_t seconds, uint32_t nanoseconds, int offset_minutes);
/* The date and the time of day on the clock of the timestamp's own offset. */
Value timestamp_date(Value timestamp);
Value timestamp_time(Value timestamp);

#endif
