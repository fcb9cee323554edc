/* arrow_format.h - what an ArrowSchema says, taken apart: formats, extension types, trees of fields. For the
   arrow_*.c files only. */
#ifndef VALUE_ARROW_FORMAT_H
#define VALUE_ARROW_FORMAT_H

#include "value/arrow.h"
#include "value/datetime_text.h"
#include "value/decimal.h"

typedef enum ArrowKind {
  ARROW_UNKNOWN,
  ARROW_NULL,
  ARROW_BOOL,
  ARROW_INT8, ARROW_INT16, ARROW_INT32, ARROW_INT64,
  ARROW_UINT8, ARROW_UINT16, ARROW_UINT32, ARROW_UINT64,
  ARROW_FLOAT16, ARROW_FLOAT32, ARROW_FLOAT64,
  ARROW_STRING, ARROW_LARGE_STRING, ARROW_STRING_VIEW,
  ARROW_BINARY, ARROW_LARGE_BINARY, ARROW_BINARY_VIEW,
  ARROW_FIXED_BINARY, /* width */
  ARROW_DECIMAL,      /* width in bytes, precision, scale */
  ARROW_DATE32,       /* days */
  ARROW_DATE64,       /* milliseconds */
  ARROW_TIME32, ARROW_TIME64, ARROW_TIMESTAMP, ARROW_DURATION, /* unit */
  ARROW_INTERVAL,
  ARROW_LIST, ARROW_LARGE_LIST, ARROW_LIST_VIEW, ARROW_LARGE_LIST_VIEW,
  ARROW_FIXED_LIST, /* width: elements */
  ARROW_STRUCT,
  ARROW_MAP,
  ARROW_RUN_END,
  ARROW_UNION,
} ArrowKind;

typedef struct ArrowFormat {
  ArrowKind kind;
  char unit;        /* s, m, u, n */
  bool uuid;        /* FIXED_BINARY of 16 bytes with the extension arrow.uuid: texts for us */
  int width;        /* bytes of a value; FIXED_LIST: elements */
  int precision, scale;
  const char *zone; /* TIMESTAMP: "" without a zone */
} ArrowFormat;

/* ARROW_UNKNOWN: the format is none that the specification knows. Does not look at the dictionary. */
ArrowFormat arrow_format(const struct ArrowSchema *type);
/* How many of a unit make up a second. */
int64_t arrow_unit(char unit);
/* Minutes of a zone like "+02:00"; 0 for names: what lies below pkg/ cannot ask for their rules. */
int arrow_zone_minutes(const char *zone);
static inline bool arrow_is_int(ArrowKind kind) { return kind >= ARROW_INT8 && kind <= ARROW_UINT64; }
static inline bool arrow_is_text(ArrowKind kind) { return kind >= ARROW_STRING && kind <= ARROW_STRING_VIEW; }
/* The type whose values a field has: behind dictionaries and run ends. */
const struct ArrowSchema *arrow_plain(const struct ArrowSchema *type);

/* A type with all that reading needs to know, checked. */
typedef struct ArrowField {
  ArrowFormat format;
  const struct ArrowSchema *type;
  struct ArrowField *children;   /* as many as type->n_children */
  struct ArrowField *dictionary; /* NULL: none; format is that of the indices then */
  int offset_minutes;            /* TIMESTAMP */
} ArrowField;

DcCode arrow_field(Arena *arena, const struct ArrowSchema *type, ArrowField *out, DcError *err) DC_MUST_CHECK;
/* Checks all of rows [from, from + count) of an array that can be checked without the sizes of its buffers, which the
   interface does not tell: afterwards these rows can be read. */
DcCode arrow_check(const ArrowField *field, const struct ArrowArray *array, int64_t from, int64_t count,
                   DcError *err) DC_MUST_CHECK;
/* Value number row of an array, one of those that were checked. Text and bytes point into the array. */
DcCode arrow_read(const ArrowField *field, const struct ArrowArray *array, int64_t row, Arena *arena, Value *out,
                  DcError *err) DC_MUST_CHECK;
/* True if value number row is not NULL, as the array's own bitmap says. */
bool arrow_valid(const struct ArrowArray *array, int64_t row);

enum { ARROW_FIRST_DAY = -719162, ARROW_LAST_DAY = 2932896 }; /* of the years 1 … 9999 */

static inline int64_t arrow_floor(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Moments of the years 1 to 9999; false: it is none. Inline, so that loops with a unit that is known divide by a
   constant. */
static inline bool arrow_date(int64_t count, bool milliseconds, Value *out) {
  int64_t days = milliseconds ? arrow_floor(count, SECONDS_PER_DAY * INT64_C(1000)) : count;
  *out = (Value){.type = TYPE_DATE, .as.i = days};
  return days >= ARROW_FIRST_DAY && days <= ARROW_LAST_DAY;
}
static inline bool arrow_timestamp(int64_t count, int64_t unit, bool zoned, int offset_minutes, Value *out) {
  int64_t seconds = arrow_floor(count, unit), rest = count % unit;
  uint32_t nanoseconds = (uint32_t)((rest < 0 ? rest + unit : rest) * (1000000000 / unit));
  *out = (Value){.type = TYPE_TIMESTAMP, .flags = zoned ? VALUE_ZONED : 0, .offset_minutes = (int16_t)offset_minutes,
                 .len = nanoseconds, .as.i = seconds};
  int64_t first = ARROW_FIRST_DAY * (int64_t)SECONDS_PER_DAY - offset_minutes * 60;
  return seconds >= first && seconds < first + (ARROW_LAST_DAY - ARROW_FIRST_DAY + 1) * (int64_t)SECONDS_PER_DAY;
}
DcCode arrow_fail_moment(const ArrowField *field, int64_t count, DcError *err);
DcCode arrow_fail_decimal(DcError *err);
/* A TIMESTAMP in parts of a second, unit to the second; false: it does not fit into 64 bits, or digits would be
   lost. */
static inline bool arrow_count(Value moment, int64_t unit, int64_t *out) {
  int64_t part = 1000000000 / unit, fraction = moment.len / part;
  if (moment.len % part) return false;
  if (!__builtin_mul_overflow(moment.as.i, unit, out)) return !__builtin_add_overflow(*out, fraction, out);
  /* the first second of the range of 64 bits begins before it */
  return !__builtin_mul_overflow(moment.as.i + 1, unit, out) && !__builtin_add_overflow(*out, fraction - unit, out);
}
/* A 16-bit number as a 32-bit one (IEEE 754 binary16), and back, rounded to the nearest. */
float arrow_half(uint16_t bits);
uint16_t arrow_to_half(double d);

/* The decimal times 10^scale as a two's complement number of 256 bits, lowest first. false: it has more digits than
   precision, or some behind the scale. */
bool arrow_decimal_limbs(Decimal decimal, int precision, int scale, uint64_t limbs[4]);
/* limbs / 10^scale as a decimal; false: it has more than 38 digits. */
bool arrow_limbs_decimal(const uint64_t limbs[4], int scale, Decimal *out);

/* Numbers of buffers, which need not be aligned. */
static inline int32_t arrow_i32(const void *buffer, int64_t i) {
  int32_t value;
  memcpy(&value, (const char *)buffer + i * 4, 4);
  return value;
}
static inline int64_t arrow_i64(const void *buffer, int64_t i) {
  int64_t value;
  memcpy(&value, (const char *)buffer + i * 8, 8);
  return value;
}

/* A decimal in the bytes of its array; false: it has more than 38 digits. */
static inline bool arrow_decimal(ArrowFormat format, const char *bytes, Decimal *out) {
  uint64_t limbs[4];
  int width = format.width, scale = format.scale;
  int64_t low = width == 4 ? arrow_i32(bytes, 0) : arrow_i64(bytes, 0);
  bool small = width <= 8 || (width == 16 && arrow_i64(bytes, 1) == low >> 63); /* as most are */
  if (small && scale >= 0 && scale <= DECIMAL_DIGITS) {
    *out = (Decimal){low, scale};
    return true;
  }
  memset(limbs, bytes[width - 1] & 0x80 ? 0xFF : 0, sizeof limbs);
  memcpy(limbs, bytes, (size_t)width); /* little endian, as the machines are that this is built for */
  return arrow_limbs_decimal(limbs, scale, out);
}

#endif
