/* datetime_units.c - DT_ADD, DT_DIFF, DT_TRUNC. Days and longer units follow the calendar of a zone, shorter ones the time
 * line. A DATE stays one, and a time without zone stays without, unless a zone is asked for; a TIMESTAMP with an offset
 * keeps that. All else is reckoned in the option timezone and gives a TIMESTAMP.
 */
#include "pkg/datetime.h"
#include "pkg/operators.h"
#include "value/datetime_text.h"

#define NANOSECONDS INT64_C(1000000000)

typedef struct Unit {
  const char *name;
  int months, days;
  int64_t nanoseconds; /* one of the three is not 0 */
} Unit;

static const Unit units[] = {
  {"year", 12, 0, 0}, {"quarter", 3, 0, 0}, {"month", 1, 0, 0}, {"week", 0, 7, 0}, {"day", 0, 1, 0},
  {"hour", 0, 0, 3600 * NANOSECONDS}, {"minute", 0, 0, 60 * NANOSECONDS}, {"second", 0, 0, NANOSECONDS},
  {"millisecond", 0, 0, 1000000}, {"microsecond", 0, 0, 1000}, {"nanosecond", 0, 0, 1},
};

static DcCode find_unit(CallContext *cx, const char *function, Value value, const Unit **out) {
  Str name = value_to_str(cx->arena, value), singular = name;
  if (name.len && (name.data[name.len - 1] == 's' || name.data[name.len - 1] == 'S')) singular.len--;
  Speller speller = speller_start(name);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    Str unit = str_of(units[i].name);
    *out = &units[i];
    if (str_eq_nocase(name, unit) || str_eq_nocase(singular, unit)) return DC_OK;
    speller_try(&speller, unit);
  }
  Str near = speller_best(&speller);
  dc_fail(cx->err, "%s: unknown unit '%.*s'", function, name.len > 60 ? 60 : (int)name.len, name.data);
  if (near.len) dc_hint(cx->err, "did you mean '%.*s'?", STR_ARG(near));
  else dc_hint(cx->err, "units are year, quarter, month, week, day, hour, minute, second, millisecond, microsecond, nanosecond");
  return cx->err->code;
}

/* What days and months are counted by. */
typedef struct Frame {
  bool is_local; /* no zone at all: seconds are those of the local clock */
  bool is_day;   /* a DATE */
  Zone *zone;    /* NULL: offset holds */
  int offset;
} Frame;

static int64_t to_local(const Frame *frame, int64_t seconds) {
  return seconds + (frame->zone ? zone_offset(frame->zone, seconds) : frame->offset);
}

static int64_t from_local(const Frame *frame, int64_t local) {
  return frame->zone ? zone_from_local(frame->zone, local) : local - frame->offset;
}

/* zone_arg may be NULL. *moment is on the local clock when the frame is local. */
static DcCode read_in_frame(CallContext *cx, const char *function, Value value, const Value *zone_arg, Frame *frame, Moment *moment) {
  TimeArgument time;
  *frame = (Frame){.offset = 0};
  DC_TRY(time_read(cx, function, value, &time));
  frame->is_day = time.kind == TIME_DAY;
  frame->is_local = frame->is_day || (time.kind == TIME_LOCAL && !zone_arg);
  if (frame->is_local) {
    *moment = (Moment){time.seconds, time.nanoseconds};
    return check_range(cx, function, time.seconds);
  }
  if (zone_arg) DC_TRY(zone_get(cx, value_to_str(cx->arena, *zone_arg), &frame->zone));
  else if (time.kind == TIME_ZONED) frame->offset = time.offset;
  else DC_TRY(zone_default(cx, &frame->zone));
  return time_moment(cx, function, time, frame->zone, moment);
}

static DcCode make_result(CallContext *cx, const char *function, const Frame *frame, Moment moment, bool as_day, Value *result) {
  DC_TRY(check_range(cx, function, moment.seconds));
  if (as_day) *result = value_date(floor_quotient(moment.seconds, SECONDS_PER_DAY));
  else if (frame->is_local) *result = value_timestamp(moment.seconds, (uint32_t)moment.nanoseconds);
  else {
    int offset = frame->zone ? zone_offset(frame->zone, moment.seconds) : frame->offset;
    *result = value_timestamp_zoned(moment.seconds, (uint32_t)moment.nanoseconds, offset / 60);
  }
  return DC_OK;
}

/* --- DT_ADD --- */

static int month_length(int year, int month) {
  for (int day = 31; day > 28; day--)
    if (civil_is_valid(year, month, day)) return day;
  return 28;
}

/* A later month with the same day, or its last one. false: outside of the years 1 to 9999. */
static bool add_months(int64_t *local, int64_t months) {
  Clock clock = clock_of_local(*local, 0, 0);
  int64_t index;
  if (__builtin_add_overflow(clock.year * INT64_C(12) + clock.month - 1, months, &index) || index < 12 || index >= 120000) return false;
  int year = (int)(index / 12), month = (int)(index % 12) + 1, length = month_length(year, month);
  *local = days_of_civil(year, month, clock.day < length ? clock.day : length) * SECONDS_PER_DAY + clock.second_of_day;
  return true;
}

static bool add_units(const Frame *frame, const Unit *unit, int64_t n, Moment *moment) {
  if (unit->nanoseconds) {
    __int128 sum = (__int128)moment->seconds * NANOSECONDS + moment->nanoseconds + (__int128)n * unit->nanoseconds;
    if (sum < (__int128)MOMENT_FIRST * NANOSECONDS || sum >= ((__int128)MOMENT_LAST + 1) * NANOSECONDS) return false;
    __int128 seconds = sum / NANOSECONDS - (sum % NANOSECONDS < 0);
    *moment = (Moment){(int64_t)seconds, (int32_t)(sum - seconds * NANOSECONDS)};
    return true;
  }
  int64_t count, local = to_local(frame, moment->seconds);
  if (__builtin_mul_overflow(n, unit->months ? (int64_t)unit->months : (int64_t)unit->days * SECONDS_PER_DAY, &count)) return false;
  if (unit->months ? !add_months(&local, count) : __builtin_add_overflow(local, count, &local)) return false;
  if (local < MOMENT_FIRST || local > MOMENT_LAST) return false;
  moment->seconds = from_local(frame, local);
  return true;
}

DcCode fn_dt_add(CallContext *cx, const Value *args, int count, Value *result) {
  const Unit *unit;
  Frame frame;
  Moment moment;
  int64_t n;
  double exact;
  DC_TRY(find_unit(cx, "DT_ADD", args[0], &unit));
  DC_TRY(need_int(cx, args[1], &n));
  if (args[1].type != TYPE_INT && value_to_double(args[1], &exact) && exact != (double)n) {
    dc_hint(cx->err, "take a smaller unit, such as 12 hours for half a day");
    return dc_fail(cx->err, "DT_ADD: %.15g is not a whole number of units", exact);
  }
  DC_TRY(read_in_frame(cx, "DT_ADD", args[2], count == 4 ? &args[3] : NULL, &frame, &moment));
  if (!add_units(&frame, unit, n, &moment))
    return dc_fail(cx->err, "DT_ADD: %lld %ss later or earlier is outside of the years 1 to 9999", (long long)n, unit->name);
  return make_result(cx, "DT_ADD", &frame, moment, frame.is_day && !unit->nanoseconds, result);
}

/* --- DT_DIFF --- */

/* Whole days and months from a to b on the local clock, cut off towards zero (as java.time.LocalDateTime.until does). */
static int64_t calendar_distance(const Unit *unit, Moment a, Moment b) {
  Clock from = clock_of_local(a.seconds, a.nanoseconds, 0), to = clock_of_local(b.seconds, b.nanoseconds, 0);
  int64_t nano_from = clock_field(&from, NULL, FIELD_NANO_OF_DAY), nano_to = clock_field(&to, NULL, FIELD_NANO_OF_DAY);
  int64_t days = to.days;
  if (to.days > from.days && nano_to < nano_from) days--;
  else if (to.days < from.days && nano_to > nano_from) days++;
  if (unit->days) return (days - from.days) / unit->days;
  to = clock_of_local(days * SECONDS_PER_DAY, 0, 0);
  int64_t months = ((to.year * INT64_C(12) + to.month) * 32 + to.day - ((from.year * INT64_C(12) + from.month) * 32 + from.day)) / 32;
  return months / unit->months;
}

DcCode fn_dt_diff(CallContext *cx, const Value *args, int count, Value *result) {
  const Unit *unit;
  Frame frame_a, frame_b;
  Moment a, b;
  const Value *zone = count == 4 ? &args[3] : NULL;
  DC_TRY(find_unit(cx, "DT_DIFF", args[0], &unit));
  DC_TRY(read_in_frame(cx, "DT_DIFF", args[1], zone, &frame_a, &a));
  DC_TRY(read_in_frame(cx, "DT_DIFF", args[2], zone, &frame_b, &b));
  if (frame_a.is_local != frame_b.is_local) { /* one has a zone: the other one is taken in it, or in the default */
    Frame *moved = frame_a.is_local ? &frame_a : &frame_b;
    Moment *moment = frame_a.is_local ? &a : &b;
    if (zone) DC_TRY(zone_get(cx, value_to_str(cx->arena, *zone), &moved->zone));
    else DC_TRY(zone_default(cx, &moved->zone));
    moved->is_local = false;
    moment->seconds = from_local(moved, moment->seconds);
  } else if (frame_a.is_local && zone && unit->nanoseconds) { /* days in a zone may have 23 or 25 hours */
    DC_TRY(zone_get(cx, value_to_str(cx->arena, *zone), &frame_a.zone));
    a.seconds = from_local(&frame_a, a.seconds);
    b.seconds = from_local(&frame_a, b.seconds);
  }
  if (unit->nanoseconds) {
    __int128 distance = ((__int128)b.seconds - a.seconds) * NANOSECONDS + b.nanoseconds - a.nanoseconds;
    distance /= unit->nanoseconds;
    if (distance > INT64_MAX || distance < INT64_MIN) return dc_fail(cx->err, "DT_DIFF: more %ss than an integer can count", unit->name);
    *result = value_int((int64_t)distance);
    return DC_OK;
  }
  if (!frame_a.is_local) { /* both on the clock of a */
    a.seconds = to_local(&frame_a, a.seconds);
    b.seconds = to_local(&frame_a, b.seconds);
  }
  *result = value_int(calendar_distance(unit, a, b));
  return DC_OK;
}

/* --- DT_TRUNC --- */

/* The first day of the month, quarter, year or week. */
static int64_t start_day(const Unit *unit, int64_t local) {
  Clock clock = clock_of_local(local, 0, 0);
  if (unit->days) return clock.days - (unit->days == 7 ? day_of_week(clock.days) - 1 : 0);
  return days_of_civil(clock.year, (clock.month - 1) / unit->months * unit->months + 1, 1);
}

DcCode fn_dt_trunc(CallContext *cx, const Value *args, int count, Value *result) {
  const Unit *unit;
  Frame frame;
  Moment moment;
  DC_TRY(find_unit(cx, "DT_TRUNC", args[0], &unit));
  DC_TRY(read_in_frame(cx, "DT_TRUNC", args[count - 1], count == 3 ? &args[1] : NULL, &frame, &moment));
  int64_t local = to_local(&frame, moment.seconds);
  if (unit->nanoseconds >= NANOSECONDS) {
    moment.seconds -= floor_rest(local, unit->nanoseconds / NANOSECONDS);
    moment.nanoseconds = 0;
  } else if (unit->nanoseconds) {
    moment.nanoseconds -= moment.nanoseconds % (int)unit->nanoseconds;
  } else {
    int64_t start = start_day(unit, local) * SECONDS_PER_DAY;
    moment = (Moment){frame.zone ? zone_from_local_start(frame.zone, start) : from_local(&frame, start), 0};
  }
  return make_result(cx, "DT_TRUNC", &frame, moment, frame.is_day, result);
}
