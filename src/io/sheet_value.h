/* sheet_value.h - cells of spreadsheets as values, and places in sheets as text. */
#ifndef IO_SHEET_VALUE_H
#define IO_SHEET_VALUE_H

#include "io/sheet_module.h"
#include "value/value.h"

/* Numbers are INT where they are whole and below 2^63, else DOUBLE. What the format of its cell shows as a date or a time is a
   DATE without a time of day, else a TIMESTAMP, below one day a TIME; to the millisecond, as Excel counts; durations
   ([h]:mm) and days that Excel cannot show (negative, beyond 9999) stay numbers. Day 60 of the 1900 system, 1900-02-29,
   was none: the day before. Errors and missing results are NULL. Texts are lent. false: the text is no such value. */
bool sheet_value(const SheetCell *cell, bool from_1904, Value *out);

/* "C" for 2. out has 8 bytes. */
void sheet_column_name(uint32_t column, char *out);

/* A part of a sheet; columns from 0, rows from 1, ends included. */
typedef struct SheetRange {
  uint32_t first_column, last_column, first_row, last_row;
  bool bounded; /* its last column is given */
} SheetRange;
/* "B3:F100", "B:F", "3:100", "B3" (from there on), in any case, "$" where it may stand. */
bool sheet_range(Str text, SheetRange *out);

#endif
