/* sheet_value.c - cells of spreadsheets as values. */
#include "io/sheet_value.h"

#include <math.h>

#include "value/datetime_text.h"

enum { DAYS_1900 = 25569, DAYS_1904 = 24107, FALSE_LEAP_DAY = 60, MILLISECONDS_PER_DAY = 86400000 };
#define LAST_DAY INT64_C(2932896) /* 9999-12-31 */

static bool all_digits(Str text) {
  size_t i = text.len && (text.data[0] == '-' || text.data[0] == '+');
  if (i == text.len) return false;
  for (; i < text.len; i++)
    if (text.data[i] < '0' || text.data[i] > '9') return false;
  return true;
}

static bool read_number(Str text, Value *out) {
  int64_t whole;
  if (all_digits(text) && int_parse(text, &whole)) {
    *out = value_int(whole);
    return true;
  }
  for (size_t i = 0; i < text.len; i++)
    if (!memchr("0123456789+-.eE", text.data[i], 15)) return false;
  if (!number_parse(text, out)) return false;
  if (out->type == TYPE_DOUBLE && out->as.d == floor(out->as.d) && fabs(out->as.d) < 9e15) *out = value_int((int64_t)out->as.d);
  return true;
}

/* A number of days as the moment that it is shown as; out keeps the number where it is none. */
static void read_moment(double days, SheetLook look, bool from_1904, Value *out) {
  if (!(days >= 0) || days > 2958466) return;
  int64_t whole = (int64_t)floor(days), milliseconds = llround((days - floor(days)) * MILLISECONDS_PER_DAY);
  if (milliseconds == MILLISECONDS_PER_DAY) {
    whole++;
    milliseconds = 0;
  }
  bool time_alone = whole == 0 && (look == LOOK_TIME || (!from_1904 && (milliseconds || look == LOOK_BOTH)));
  int64_t day = from_1904 ? whole - DAYS_1904 : whole - DAYS_1900 + (whole < FALSE_LEAP_DAY);
  if (day > LAST_DAY) return;
  if (time_alone) *out = value_time(milliseconds * 1000000);
  else if (look == LOOK_DATE && !milliseconds) *out = value_date(day);
  else *out = value_timestamp(day * SECONDS_PER_DAY + milliseconds / 1000, (uint32_t)(milliseconds % 1000) * 1000000);
}

bool sheet_value(const SheetCell *cell, bool from_1904, Value *out) {
  Str text = str_make(cell->text, cell->len);
  double days;
  *out = value_null();
  switch (cell->kind) {
    case SHEET_TEXT: *out = value_str(text); return true;
    case SHEET_BOOL:
      *out = value_bool(str_is(text, "1") || str_is(text, "true"));
      return str_is(text, "1") || str_is(text, "0") || str_is(text, "true") || str_is(text, "false");
    case SHEET_MOMENT:
      if (text.len == 10) return date_parse(text, out);
      return time_parse(text, out) || timestamp_parse(text, out);
    case SHEET_NUMBER:
      if (!read_number(text, out)) return false;
      if (cell->look != LOOK_NUMBER && cell->look != LOOK_ELAPSED && value_to_double(*out, &days)) read_moment(days, cell->look, from_1904, out);
      return true;
    default: return true;
  }
}

void sheet_column_name(uint32_t column, char *out) {
  char letters[8];
  size_t count = 0;
  for (uint64_t left = (uint64_t)column + 1; left; left = (left - 1) / 26) letters[count++] = (char)('A' + (left - 1) % 26);
  for (size_t i = 0; i < count; i++) out[i] = letters[count - 1 - i];
  out[count] = 0;
}

/* "B3", "B" or "3" at *p; 0: that part is not there. */
static bool read_corner(const char **p, const char *end, uint64_t *column, uint64_t *row) {
  *column = *row = 0;
  if (*p < end && **p == '$') ++*p;
  for (; *p < end && ((**p | 32) >= 'a' && (**p | 32) <= 'z') && *column <= SHEET_MOST_COLUMNS; ++*p) *column = *column * 26 + (uint64_t)((**p | 32) - 'a' + 1);
  if (*column && *p < end && **p == '$') ++*p;
  const char *digits = *p;
  for (; *p < end && **p >= '0' && **p <= '9' && *row <= SHEET_MOST_ROWS; ++*p) *row = *row * 10 + (uint64_t)(**p - '0');
  return (*column || *row) && *column <= SHEET_MOST_COLUMNS && *row <= SHEET_MOST_ROWS && (*p == digits || *row);
}

bool sheet_range(Str text, SheetRange *out) {
  const char *p = text.data, *end = text.data + text.len;
  uint64_t column, row, last_column = 0, last_row = 0;
  if (!text.len || !read_corner(&p, end, &column, &row)) return false;
  if (p < end && (*p++ != ':' || !read_corner(&p, end, &last_column, &last_row) || p != end)) return false;
  *out = (SheetRange){.first_column = column ? (uint32_t)column - 1 : 0, .first_row = row ? (uint32_t)row : 1, .last_column = SHEET_MOST_COLUMNS - 1,
                      .last_row = SHEET_MOST_ROWS, .bounded = last_column != 0};
  if (last_column) out->last_column = (uint32_t)last_column - 1;
  if (last_row) out->last_row = (uint32_t)last_row;
  return out->first_column <= out->last_column && out->first_row <= out->last_row;
}
