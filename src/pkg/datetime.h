/* datetime.h - what the files behind the DT_ functions share. Private to this folder.
 *
 * A Moment is a point on the time line; a Clock is what calendar and clock show for it in a zone. Zones, compiled
 * patterns and names live in a cache of the CallContext, so of one thread, and are freed with it.
 */
#ifndef PKG_DATETIME_H
#define PKG_DATETIME_H

#include "catalog/catalog.h"
#include "value/names_module.h"
#include "value/zone_module.h"

typedef struct Zone Zone;
typedef struct DatetimeCache DatetimeCache;

typedef struct Moment {
  int64_t seconds; /* since 1970-01-01T00:00Z */
  int32_t nanoseconds;
} Moment;

typedef struct Clock {
  int64_t days; /* since 1970-01-01 */
  int year, month, day; /* 1 … 9999, 1 … 12, 1 … 31 */
  int second_of_day, nanoseconds;
  int offset; /* seconds east of UTC */
} Clock;

/* The limits of the calendar: years 1 to 9999 in UTC. */
#define MOMENT_FIRST INT64_C(-62135596800)
#define MOMENT_LAST INT64_C(253402300799)

static inline int64_t floor_quotient(int64_t a, int64_t b) { return a / b - (a % b < 0); }
static inline int64_t floor_rest(int64_t a, int64_t b) { return a % b < 0 ? a % b + b : a % b; } /* b > 0 */

/* The cache of the context; made on first use. */
DatetimeCache *datetime_cache(CallContext *cx);

/* --- datetime_zone.c --- */

/* A zone by its id: a name of the tz database, Z, UT, UTC, GMT, these with an offset (GMT+3), an offset, or a short id of
   Java (PST). An unknown one is an error. Valid until the context ends; a mere offset until the fourth next one. */
DcCode zone_get(CallContext *cx, Str id, Zone **out) DC_MUST_CHECK;
/* The zone of the option timezone. */
DcCode zone_default(CallContext *cx, Zone **out) DC_MUST_CHECK;
/* Like zone_get, but without a message: NULL when unknown; an error only when there are no zones at all. */
DcCode zone_find(CallContext *cx, Str id, Zone **out) DC_MUST_CHECK;
int zone_offset(Zone *zone, int64_t seconds);
/* Valid until the next call for the zone. */
const ZoneSpan *zone_span(Zone *zone, int64_t seconds);
/* Seconds since 1970 of a local clock's reading; in a gap moved on by its length, in an overlap the earlier. */
int64_t zone_from_local(Zone *zone, int64_t local_seconds);
/* The same for the start of a day, which in a gap is the gap's end. */
int64_t zone_from_local_start(Zone *zone, int64_t local_seconds);
/* The id as Java writes it: GMT+3 is GMT+03:00. */
Str zone_id(const Zone *zone);
/* The id is nothing but an offset. */
bool zone_is_offset(const Zone *zone);
/* "+05:30", "Z", with seconds where there are any; out has 16 bytes. Returns the length. */
size_t offset_print(int offset, char *out);
/* [+-]h, hh, hhmm, hh:mm, hhmmss, hh:mm:ss up to 18 hours, or Z. */
bool offset_parse(Str text, int *out);

/* --- datetime_read.c --- */

/* How an argument names a time. */
typedef enum TimeKind {
  TIME_MOMENT, /* a number, or text with a zone */
  TIME_ZONED,  /* a TIMESTAMP with a zone */
  TIME_LOCAL,  /* a TIMESTAMP without: of the default zone */
  TIME_DAY,    /* a DATE: its midnight, in the zone that is asked for */
} TimeKind;

typedef struct TimeArgument {
  TimeKind kind;
  int64_t seconds; /* TIME_LOCAL, TIME_DAY: of the local clock */
  int32_t nanoseconds;
  int offset; /* TIME_ZONED: its own, seconds east of UTC */
} TimeArgument;

/* Any value as a time (catalogue.md § 11.5); function begins the message. */
DcCode time_read(CallContext *cx, const char *function, Value value, TimeArgument *out) DC_MUST_CHECK;
/* The moment that an argument means; zone is the one that is asked for, NULL the default. */
DcCode time_moment(CallContext *cx, const char *function, TimeArgument time, Zone *zone, Moment *out) DC_MUST_CHECK;
/* Both in one. */
DcCode moment_read(CallContext *cx, const char *function, Value value, Zone *zone, Moment *out) DC_MUST_CHECK;
Clock clock_of(Zone *zone, Moment moment);
Clock clock_of_local(int64_t local_seconds, int nanoseconds, int offset);
/* "DT_X: 12345… is outside of the years 1 to 9999". */
DcCode check_range(CallContext *cx, const char *function, int64_t seconds) DC_MUST_CHECK;
/* Monday 1 … Sunday 7. */
int day_of_week(int64_t days);
int day_of_year(const Clock *clock);
/* Week of the year whose weeks begin on first_day and whose first week has at least least_days days of it (ISO: 1, 4);
   *week_year is the year that the week belongs to. */
int week_of_year(int64_t days, int year, int first_day, int least_days, int *week_year);
/* The day on which week 1 of a year begins. */
int64_t first_week_start(int year, int first_day, int least_days);

/* --- datetime_names.c --- */

/* Names in a language. */
typedef struct Names {
  char *language; /* "" is English */
  Str tables[NAMES_TABLES][NAMES_IN_TABLE];
  int first_day, least_days; /* of a week */
  Arena arena;
} Names;

int names_count(int table);
/* Names of a language; "", "en", "root" are built in, others come from ICU. */
DcCode names_get(CallContext *cx, Str language, const Names **out) DC_MUST_CHECK;
/* A zone's name at a moment in a language: letter z (as daylight saving time is) or v (generic), style 0 short, 1 full. */
DcCode names_zone(CallContext *cx, const Names *names, Zone *zone, int64_t seconds, char letter, int style, Str *out) DC_MUST_CHECK;
/* The abbreviations that are read as zones (CET, PDT …): their offset; 0 when text begins with none, else its length. */
size_t names_read_abbreviation(Str text, int *offset);

/* --- datetime_pattern.c --- */

typedef enum Field {
  FIELD_YEAR, FIELD_YEAR_OF_ERA, FIELD_ERA, FIELD_MONTH, FIELD_DAY, FIELD_DAY_OF_YEAR, FIELD_MODIFIED_JULIAN, FIELD_QUARTER,
  FIELD_WEEK_YEAR, FIELD_WEEK, FIELD_WEEK_OF_MONTH, FIELD_DAY_OF_WEEK, FIELD_LOCAL_DAY, FIELD_ALIGNED_DAY,
  FIELD_AMPM, FIELD_PERIOD, FIELD_CLOCK_HOUR_12, FIELD_HOUR_12, FIELD_CLOCK_HOUR_24, FIELD_HOUR, FIELD_MINUTE, FIELD_SECOND,
  FIELD_NANO, FIELD_MILLI_OF_DAY, FIELD_NANO_OF_DAY,
  FIELD_COUNT,
} Field;

typedef enum ItemKind {
  ITEM_LITERAL, ITEM_NUMBER,
  ITEM_REDUCED,      /* the last two digits of a year, 2000 to 2099 */
  ITEM_FRACTION, ITEM_TEXT, ITEM_OFFSET,
  ITEM_LOCAL_OFFSET, /* GMT+8 */
  ITEM_ZONE_ID, ITEM_ZONE_NAME,
  ITEM_OPTIONAL,     /* the next `count` items are optional */
} ItemKind;

typedef enum Sign { SIGN_NORMAL, SIGN_NEVER, SIGN_EXCEEDS } Sign; /* EXCEEDS: + where a number is wider than it should */

typedef struct Item {
  ItemKind kind;
  Field field;
  Sign sign;
  int min, max;   /* digits; ITEM_OFFSET: min is the row of offset shapes */
  int subsequent; /* digits of the fixed numbers that follow directly */
  int pad;        /* width to which blanks are put before; 0: none */
  int table;      /* ITEM_TEXT: NameTable with its style; ITEM_ZONE_NAME, ITEM_LOCAL_OFFSET: style 0 short, 1 full */
  char letter;
  size_t count;
  Str literal;    /* ITEM_OFFSET: the text of offset zero */
} Item;

typedef struct Pattern {
  Str text;
  const Names *names;
  Item *items;
  size_t count;
  Arena arena;
} Pattern;

/* How an offset of a pattern is written: "+HH", minutes and seconds if any or always, with colons. */
typedef struct OffsetShape {
  bool colon, minutes_always, seconds, seconds_always;
} OffsetShape;
extern const OffsetShape offset_shapes[];

/* Compiled once, kept in the cache. */
DcCode pattern_get(CallContext *cx, Str text, Str language, const Pattern **out) DC_MUST_CHECK;
DcCode pattern_compile(CallContext *cx, Pattern *pattern) DC_MUST_CHECK; /* text and names are set */
void pattern_free(Pattern *pattern);

/* --- datetime_format.c, datetime_parse.c, datetime_resolve.c --- */

/* The text of a moment in a zone, appended to out. */
DcCode datetime_format(CallContext *cx, const Pattern *pattern, Zone *zone, Moment moment, Buf *out) DC_MUST_CHECK;
/* The value of a field of a clock. */
int64_t clock_field(const Clock *clock, const Names *names, Field field);
/* The name that a field's value has at index; period: by hour, noon and midnight. */
int clock_name_index(const Clock *clock, Field field);

/* What was read from a text. */
typedef struct Parsed {
  uint32_t set; /* bits by Field */
  int64_t values[FIELD_COUNT];
  bool has_offset, has_zone;
  int offset;
  Zone *zone;
} Parsed;

static inline bool parsed_has(const Parsed *parsed, Field field) { return parsed->set >> field & 1; }

/* Reads text by the pattern; zone holds where the text names none. */
DcCode datetime_parse(CallContext *cx, const Pattern *pattern, Zone *zone, Str text, Moment *out) DC_MUST_CHECK;
/* Fields to a moment. On failure the reason (a static text) and DC_FAIL without a message. */
bool datetime_resolve(const Parsed *parsed, const Names *names, Zone *zone, Moment *out, const char **reason);

/* --- datetime_units.c --- */

DcCode fn_dt_add(CallContext *cx, const Value *args, int count, Value *result);
DcCode fn_dt_diff(CallContext *cx, const Value *args, int count, Value *result);
DcCode fn_dt_trunc(CallContext *cx, const Value *args, int count, Value *result);

/* --- the cache --- */

enum { ZONE_SLOTS = 1024, FIXED_ZONES = 4, UNKNOWN_ZONES = 64, PATTERN_SLOTS = 64 };

typedef struct UnknownZone {
  bool used;
  char id[64], near[64];
} UnknownZone;

struct DatetimeCache {
  PackageCache base; /* first */
  Zone *zones[ZONE_SLOTS]; /* open hash of names; there are some 600 */
  Zone *last_zone, *default_zone;
  const char *default_name; /* of default_zone */
  Zone *fixed[FIXED_ZONES];
  unsigned next_fixed;
  Str *zone_names; /* of the tz database, for hints; in the arena */
  size_t zone_name_count;
  bool zone_names_read;
  UnknownZone unknown_zones[UNKNOWN_ZONES];
  Arena arena;
  Pattern *patterns[PATTERN_SLOTS];
  Pattern *last_pattern;
  unsigned next_pattern;
  Names **names;
  size_t names_count, names_cap;
  Buf zone_name; /* the last name of a zone, and for what: */
  const Zone *named_zone;
  const Names *named_names;
  char named_letter;
  int named_style, named_offset;
  bool named_daylight;
  Buf text; /* the formatted text, before it goes to the arena */
};
void zones_free(DatetimeCache *cache);
void names_free(DatetimeCache *cache);

#endif
