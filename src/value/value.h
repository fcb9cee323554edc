/* value.h - one value of any type, 16 bytes, passed by copy.
 *
 * A Value owns nothing: text, arrays and objects live in an arena (or a batch) that outlives it. value_copy makes a
 * deep copy into another arena.
 */
#ifndef VALUE_VALUE_H
#define VALUE_VALUE_H

#include "base/error.h"
#include "base/mem.h"

typedef enum Type {
  TYPE_NULL,
  TYPE_BOOL,
  TYPE_INT,       /* 64 bits */
  TYPE_DOUBLE,
  TYPE_DECIMAL,   /* up to 38 digits: unscaled 128-bit integer and scale */
  TYPE_STRING,    /* UTF-8 */
  TYPE_BINARY,
  TYPE_DATE,      /* days since 1970-01-01 */
  TYPE_TIME,      /* nanoseconds since midnight */
  TYPE_TIMESTAMP, /* seconds since 1970-01-01T00:00 (UTC if zoned), nanoseconds */
  TYPE_ARRAY,
  TYPE_OBJECT,    /* names and values in order, JSON-like */
  TYPE_COUNT,
} Type;

typedef struct Value Value;

typedef struct Decimal {
  __int128 unscaled;
  int scale; /* digits behind the point, 0 … 38 */
} Decimal;

typedef struct Array {
  size_t count;
  const Value *items;
} Array;

typedef struct Object {
  size_t count;
  const Str *names;
  const Value *values;
  const uint32_t *sorted; /* the members in order of their names, for many of them; NULL: not made */
} Object;

enum {
  VALUE_ZONED = 1,       /* TIMESTAMP: it has a zone; offset_minutes is how it is printed */
  VALUE_RECORD = 2,      /* OBJECT: a record of a Columnar dataset, printed as [a: 1, b: 2] */
  VALUE_WRAPPED = 4,     /* OBJECT: a JSON value that is none, kept under the empty name; printed as that value */
  VALUE_DEFAULT_KEY = 8, /* INT: the key of a record that no KEY was set for. The number is the record's hash;
                            len and offset_minutes hold 48 bits more, which tell records apart whose hashes collide */
  VALUE_SINGLE = 16,     /* DOUBLE: it came from 32 bits (or fewer) and is printed as such; what is computed from it is not */
  VALUE_NUMBER = 32,     /* STRING: a number of JSON that no type holds; printed there without quotes */
};

struct Value {
  uint8_t type; /* Type */
  uint8_t flags;
  int16_t offset_minutes; /* TIMESTAMP; DOUBLE: as len */
  uint32_t len;           /* STRING, BINARY: bytes; TIMESTAMP: nanoseconds; DOUBLE: how it was written (value/spelling.h), 0: not known */
  union {
    bool b;
    int64_t i; /* INT, DATE, TIME, TIMESTAMP (seconds) */
    double d;
    const char *s; /* STRING, BINARY */
    const Decimal *decimal;
    const Array *array;
    const Object *object;
  } as;
};

static inline Value value_null(void) { return (Value){0}; }
static inline Value value_bool(bool b) { return (Value){.type = TYPE_BOOL, .as.b = b}; }
static inline Value value_int(int64_t i) { return (Value){.type = TYPE_INT, .as.i = i}; }
static inline Value value_double(double d) { return (Value){.type = TYPE_DOUBLE, .as.d = d}; }
static inline Value value_single(float f) { return (Value){.type = TYPE_DOUBLE, .flags = VALUE_SINGLE, .as.d = (double)f}; }
static inline Value value_str(Str s) { return (Value){.type = TYPE_STRING, .len = (uint32_t)s.len, .as.s = s.data}; }
static inline Value value_text(const char *s) { return value_str(str_of(s)); }
static inline bool value_is_null(Value v) { return v.type == TYPE_NULL; }
static inline Str value_get_str(Value v) { return (Str){v.as.s, v.len}; } /* STRING and BINARY only */

/* An array of count items, which are copied (not deeply) into the arena. */
Value value_array(Arena *arena, const Value *items, size_t count);
/* An object over names and values that live as long as the arena (nothing is copied). */
Value value_object(Arena *arena, const Str *names, const Value *values, size_t count);
/* Number of the first member of that name; the count if there is none. */
size_t object_find(const Object *object, Str name);
/* Make the index that finds members of large objects by halving. */
void object_sort(Arena *arena, Object *object);
/* Deep copy into arena. */
Value value_copy(Arena *arena, Value value);
/* "INT", "STRING", … */
const char *type_name(Type type);

/* Text form as language.md § 1 and catalogue.md § 0 say (shortest doubles, ISO 8601, hex, [a, b], compact JSON).
   NULL is appended as "null". */
void value_print(Buf *out, Value value);
/* Text form as a slice: a STRING's own bytes, else made in arena. NULL gives "null". */
Str value_to_str(Arena *arena, Value value);

/* Text to number (catalogue.md § 3): INT or DOUBLE in *out; false: the text is no number. 64-bit digits that do not
   fit become a DOUBLE. Blanks around, L, D, F suffixes, 0x…, NaN, Infinity as there. */
bool number_parse(Str text, Value *out);
/* n texts as number_parse reads them, into out[0 … n); what is marked in nulls (NULL: none) becomes 0. Gives the number of
   the first text that is no such number, n if there is none. Ints: none but INT; doubles: no INT that has no exact double. */
size_t numbers_to_ints(const Str *texts, const uint8_t *nulls, size_t n, int64_t *out);
size_t numbers_to_doubles(const Str *texts, const uint8_t *nulls, size_t n, double *out);
/* Exactly [+-]?digits or 0x… or …L within 64 bits. */
bool int_parse(Str text, int64_t *out);
/* A number for arithmetic: numbers as they are, texts parsed; false for what is no number (also NULL). */
bool value_to_number(Value value, Value *out);
bool value_to_double(Value value, double *out);
/* TRUE and the text true in any case; all else false (language: IF, WHERE). */
bool value_is_true(Value value);
/* Shortest text that reads back to the same double; out has 32 bytes. Returns the length. */
size_t double_print(double d, char *out);
/* The same for the 32-bit number nearest to it. */
size_t single_print(double d, char *out);
size_t int_print(int64_t i, char *out);

/* Equality of = and IN (catalogue.md § 0): 1 equal, 0 not, -1 unknown (a NULL). */
int value_equal(Value a, Value b);
/* IN: 1, 0, or -1 when a side is NULL. A scalar list counts as one element; a NULL in the list equals nothing. */
int value_in(Value value, Value list);
enum { VALUE_UNORDERED = 2 }; /* beside NaN: not less, not equal, not greater */
/* Order of <, > (catalogue.md § 0). Returns false when the result is NULL; else -1, 0, 1 or VALUE_UNORDERED in *order. */
bool value_less_order(Value a, Value b, int *order);
/* The total order of language.md § 1 (ORDER BY, GROUP BY, DISTINCT, keys): <0, 0, >0. */
int value_total_order(Value a, Value b);
/* HASHCODE of catalogue.md § 3: equals 5.5's. */
int32_t value_hashcode(Value value);
/* Partition of a key (language.md § 1); count > 0. */
uint32_t value_partition(Value key, uint32_t count);
/* A 64-bit hash for hash tables that agrees with value_total_order() == 0. */
uint64_t value_hash64(Value value);

#endif
