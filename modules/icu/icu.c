/* icu.c - the module dcetl-icu.so: names in many languages by ICU. */
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "module.h"
#include "value/names_module.h"

enum { TEXT = 160 };

typedef void (*PutFn)(void *self, int table, int index, const char *text, size_t len);

/* One kind of ICU's symbols and the table it goes to. */
typedef struct SymbolRow {
  UDateFormatSymbolType type;
  int table, first, count; /* first: index of our first name in ICU's list */
} SymbolRow;

static const SymbolRow symbol_rows[] = {
  {UDAT_SHORT_MONTHS, NAMES_MONTH, 0, 12}, {UDAT_MONTHS, NAMES_MONTH + 1, 0, 12}, {UDAT_NARROW_MONTHS, NAMES_MONTH + 2, 0, 12},
  {UDAT_STANDALONE_SHORT_MONTHS, NAMES_MONTH_ALONE, 0, 12}, {UDAT_STANDALONE_MONTHS, NAMES_MONTH_ALONE + 1, 0, 12},
  {UDAT_STANDALONE_NARROW_MONTHS, NAMES_MONTH_ALONE + 2, 0, 12},
  {UDAT_SHORT_WEEKDAYS, NAMES_DAY, 1, 7}, {UDAT_WEEKDAYS, NAMES_DAY + 1, 1, 7}, {UDAT_NARROW_WEEKDAYS, NAMES_DAY + 2, 1, 7},
  {UDAT_STANDALONE_SHORT_WEEKDAYS, NAMES_DAY_ALONE, 1, 7}, {UDAT_STANDALONE_WEEKDAYS, NAMES_DAY_ALONE + 1, 1, 7},
  {UDAT_STANDALONE_NARROW_WEEKDAYS, NAMES_DAY_ALONE + 2, 1, 7},
  {UDAT_SHORT_QUARTERS, NAMES_QUARTER, 0, 4}, {UDAT_QUARTERS, NAMES_QUARTER + 1, 0, 4},
  {UDAT_STANDALONE_SHORT_QUARTERS, NAMES_QUARTER_ALONE, 0, 4}, {UDAT_STANDALONE_QUARTERS, NAMES_QUARTER_ALONE + 1, 0, 4},
  {UDAT_ERAS, NAMES_ERA, 0, 2}, {UDAT_ERA_NAMES, NAMES_ERA + 1, 0, 2},
  {UDAT_AM_PMS, NAMES_AMPM, 0, 2}, {UDAT_AM_PMS, NAMES_AMPM + 1, 0, 2}, {UDAT_AM_PMS, NAMES_AMPM + 2, 0, 2},
};

static void put_text(PutFn put, void *self, int table, int index, const UChar *text, int32_t len, UErrorCode *status) {
  char utf8[TEXT];
  int32_t bytes = 0;
  u_strToUTF8(utf8, TEXT, &bytes, text, len, status);
  if (U_SUCCESS(*status)) put(self, table, index, utf8, (size_t)bytes);
}

static void put_symbols(const UDateFormat *format, PutFn put, void *self, UErrorCode *status) {
  UChar text[TEXT];
  for (size_t i = 0; i < sizeof symbol_rows / sizeof *symbol_rows; i++)
    for (int k = 0; k < symbol_rows[i].count; k++) {
      const SymbolRow *row = &symbol_rows[i];
      int32_t len = udat_getSymbols(format, row->type, row->first + k, text, TEXT, status);
      if (U_FAILURE(*status)) return;
      bool days = row->count == 7; /* ICU's weeks begin on Sunday */
      put_text(put, self, row->table, days ? (k + 6) % 7 : k, text, len, status);
    }
}

static UDateFormat *open_format(const char *language, const char *zone, const char *pattern, UErrorCode *status) {
  UChar zone_text[TEXT], pattern_text[TEXT];
  u_strFromUTF8(zone_text, TEXT, NULL, zone, -1, status);
  u_strFromUTF8(pattern_text, TEXT, NULL, pattern, -1, status);
  return U_FAILURE(*status) ? NULL : udat_open(UDAT_PATTERN, UDAT_PATTERN, language, zone_text, -1, pattern_text, -1, status);
}

static void put_formatted(const char *language, const char *pattern, double milliseconds, int table, int index, PutFn put, void *self, UErrorCode *status) {
  UChar text[TEXT];
  UDateFormat *format = open_format(language, "UTC", pattern, status);
  if (!format) return;
  int32_t len = udat_format(format, milliseconds, text, TEXT, NULL, status);
  if (U_SUCCESS(*status)) put_text(put, self, table, index, text, len, status);
  udat_close(format);
}

static void put_periods(const char *language, PutFn put, void *self, UErrorCode *status) {
  static const char *const patterns[] = {"B", "BBBB", "BBBBB"};
  const double hour = 3600e3;
  for (int style = 0; style < 3; style++) {
    for (int h = 0; h < 24; h++)
      put_formatted(language, patterns[style], h * hour + hour / 2, NAMES_PERIOD + style, h, put, self, status);
    put_formatted(language, patterns[style], 12 * hour, NAMES_PERIOD + style, PERIOD_NOON, put, self, status);
    put_formatted(language, patterns[style], 0, NAMES_PERIOD + style, PERIOD_MIDNIGHT, put, self, status);
  }
}

/* What ICU's symbols do not have in every version. */
static void put_narrow(const char *language, PutFn put, void *self, UErrorCode *status) {
  const double day = 86400e3;
  put_formatted(language, "GGGGG", -719528.0 * day - day, NAMES_ERA + 2, 0, put, self, status);
  put_formatted(language, "GGGGG", 0, NAMES_ERA + 2, 1, put, self, status);
  for (int i = 0; i < 4; i++) {
    char digit = (char)('1' + i);
    put(self, NAMES_QUARTER + 2, i, &digit, 1);
    put(self, NAMES_QUARTER_ALONE + 2, i, &digit, 1);
  }
}

static bool is_available(const char *language) {
  char wanted[ULOC_FULLNAME_CAPACITY], known[ULOC_FULLNAME_CAPACITY];
  UErrorCode status = U_ZERO_ERROR;
  uloc_getLanguage(language, wanted, sizeof wanted, &status);
  for (int32_t i = 0, n = uloc_countAvailable(); U_SUCCESS(status) && i < n; i++) {
    uloc_getLanguage(uloc_getAvailable(i), known, sizeof known, &status);
    if (strcmp(wanted, known) == 0) return true;
  }
  return false;
}

static bool names(const char *language, PutFn put, void *self, int *first_day, int *least_days, const char **reason) {
  char id[ULOC_FULLNAME_CAPACITY];
  UErrorCode status = U_ZERO_ERROR;
  *reason = NULL;
  uloc_canonicalize(language, id, sizeof id, &status);
  if (U_FAILURE(status) || !is_available(id)) return false;
  UDateFormat *format = open_format(id, "UTC", "y", &status);
  if (format) {
    put_symbols(format, put, self, &status);
    const UCalendar *calendar = udat_getCalendar(format);
    *first_day = (ucal_getAttribute(calendar, UCAL_FIRST_DAY_OF_WEEK) + 5) % 7 + 1;
    *least_days = ucal_getAttribute(calendar, UCAL_MINIMAL_DAYS_IN_FIRST_WEEK);
    udat_close(format);
  }
  if (U_SUCCESS(status)) put_periods(id, put, self, &status);
  if (U_SUCCESS(status)) put_narrow(id, put, self, &status);
  if (U_FAILURE(status)) *reason = u_errorName(status);
  return U_SUCCESS(status);
}

static size_t zone_name(const char *language, const char *pattern, const char *zone, int64_t seconds, char *out, size_t size) {
  UErrorCode status = U_ZERO_ERROR;
  UChar text[TEXT];
  int32_t bytes = 0;
  UDateFormat *format = open_format(language, zone, pattern, &status);
  if (!format) return 0;
  int32_t len = udat_format(format, (double)seconds * 1000, text, TEXT, NULL, &status);
  udat_close(format);
  u_strToUTF8(out, (int32_t)size, &bytes, text, len, &status);
  return U_SUCCESS(status) ? (size_t)bytes : 0;
}

extern const NamesModule dcetl_names_module;
MODULE_EXPORT const NamesModule dcetl_names_module = {NAMES_MODULE_VERSION, names, zone_name};
