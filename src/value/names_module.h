/* names_module.h - the interface of the module dcetl-icu.so (modules/icu/): names of months, days and zones in many
 * languages. All functions are thread-safe.
 */
#ifndef VALUE_NAMES_MODULE_H
#define VALUE_NAMES_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAMES_MODULE_VERSION = 1 };

/* Tables of names. Those with styles come three in a row: short, full, narrow. */
typedef enum NameTable {
  NAMES_MONTH,                 /* beside a day: 12 */
  NAMES_MONTH_ALONE = 3,
  NAMES_DAY = 6,               /* Monday first: 7 */
  NAMES_DAY_ALONE = 9,
  NAMES_QUARTER = 12,          /* 4 */
  NAMES_QUARTER_ALONE = 15,
  NAMES_ERA = 18,              /* before, after Christ */
  NAMES_AMPM = 21,             /* 2; the same in all styles */
  NAMES_PERIOD = 24,           /* 26: of each hour; then of noon and of midnight, exactly */
  NAMES_TABLES = 27,
} NameTable;

enum { NAMES_IN_TABLE = 26, PERIOD_NOON = 24, PERIOD_MIDNIGHT = 25 };

typedef struct NamesModule {
  uint32_t version;
  /* All names of a language (de, pt_BR, zh-Hant): put is called for each, with UTF-8 text. Day 1 is Monday. false: the
     language is unknown, or (*reason is set then) something failed. */
  bool (*names)(const char *language, void (*put)(void *self, int table, int index, const char *text, size_t len), void *self,
                int *first_day, int *least_days, const char **reason);
  /* The name of a zone at a time, by a pattern of z or v (z, zzzz, v, vvvv). Returns its length, 0 on failure. */
  size_t (*zone)(const char *language, const char *pattern, const char *zone, int64_t seconds, char *out, size_t size);
} NamesModule;

#endif
