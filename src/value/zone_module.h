/* zone_module.h - the interface of the module dcetl-tz.so (modules/tz.cc): time zones of the system's tz database.
 *
 * All functions are thread-safe. Read by C and C++.
 */
#ifndef VALUE_ZONE_MODULE_H
#define VALUE_ZONE_MODULE_H

#include <stdbool.h>
#include <stdint.h>

enum { ZONE_MODULE_VERSION = 1 };

/* A time during which a zone's clock keeps its distance to UTC: from ≤ t < until, in seconds since 1970 (UTC). */
typedef struct ZoneSpan {
  int64_t from, until;
  int32_t offset; /* seconds east of UTC */
  bool daylight;
  char abbreviation[15]; /* "CET", "+04" */
} ZoneSpan;

typedef struct ZoneModule {
  uint32_t version;
  /* A zone by its name in the database; lives as long as the program. NULL: there is none. */
  const void *(*find)(const char *name);
  void (*span)(const void *zone, int64_t seconds, ZoneSpan *out);
  /* What a local clock's reading means, as seconds since 1970: in a gap it is moved on by the gap's length, in an
     overlap it is the earlier one. *gap_end: in a gap the end of the gap, else the result. */
  int64_t (*from_local)(const void *zone, int64_t local_seconds, int64_t *gap_end);
} ZoneModule;

#endif
