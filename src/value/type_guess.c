/* type_guess.c - the type of a column of values that nobody declared. */
#include <stdio.h>

#include "value/arrow_format.h"
#include "value/arrow_type.h"
#include "value/datetime_text.h"
#include "value/decimal.h"

enum {
  MET_BOOL = 1 << 0,
  MET_INT = 1 << 1,
  MET_SINGLE = 1 << 2,
  MET_DOUBLE = 1 << 3,
  MET_DECIMAL = 1 << 4,
  MET_STRING = 1 << 5,
  MET_BINARY = 1 << 6,
  MET_DATE = 1 << 7,
  MET_TIME = 1 << 8,
  MET_LOCAL = 1 << 9, /* TIMESTAMP without a zone */
  MET_ZONED = 1 << 10,
  MET_ARRAY = 1 << 11,
  MET_OBJECT = 1 << 12,
  MET_ODD = 1 << 13,  /* an object with two members of one name, or with a name that Arrow cannot hold */
};

typedef struct Member {
  Str name;
  TypeGuess *guess;
  uint64_t object; /* number of the last object that had it */
  uint32_t next;   /* of the same slot, + 1 */
} Member;

struct TypeGuess {
  unsigned met;
  uint64_t largest;         /* INT: without the sign */
  int digits, scale;        /* DECIMAL: most digits before the point, most behind it */
  int64_t earliest, latest; /* DATE, TIMESTAMP: seconds */
  bool fine;                /* finer than microseconds */
  TypeGuess *items;         /* ARRAY */
  Member *members;          /* OBJECT, in the order in which they were met */
  uint32_t member_count, member_cap;
  uint32_t *slots;          /* hash table of members, by name; + 1 */
  uint32_t slot_count;
  uint64_t objects;
};

TypeGuess *type_guess_new(void) { return dc_alloc(sizeof(TypeGuess)); }

void type_guess_free(TypeGuess *guess) {
  if (!guess) return;
  type_guess_free(guess->items);
  for (uint32_t i = 0; i < guess->member_count; i++) {
    dc_free((void *)(uintptr_t)guess->members[i].name.data);
    type_guess_free(guess->members[i].guess);
  }
  dc_free(guess->members);
  dc_free(guess->slots);
  dc_free(guess);
}

/* --- Members --- */

static uint32_t slot_of(const TypeGuess *guess, Str name) {
  return (uint32_t)value_hash64(value_str(name)) & (guess->slot_count - 1);
}

static void make_slots(TypeGuess *guess) {
  guess->slot_count = guess->slot_count ? guess->slot_count * 2 : 16;
  dc_free(guess->slots);
  guess->slots = dc_alloc(guess->slot_count * sizeof *guess->slots);
  for (uint32_t i = 0; i < guess->member_count; i++) {
    uint32_t slot = slot_of(guess, guess->members[i].name);
    guess->members[i].next = guess->slots[slot];
    guess->slots[slot] = i + 1;
  }
}

static Member *add_member(TypeGuess *guess, Str name) {
  if (guess->member_count == guess->slot_count) make_slots(guess);
  VEC_GROW(guess->members, guess->member_count, guess->member_cap);
  char *copy = dc_alloc(name.len + 1);
  if (name.len) memcpy(copy, name.data, name.len);
  Member *member = &guess->members[guess->member_count++];
  uint32_t slot = slot_of(guess, name);
  *member = (Member){str_make(copy, name.len), type_guess_new(), 0, guess->slots[slot]};
  guess->slots[slot] = guess->member_count;
  return member;
}

/* Objects of a column most often have the same members in one order: at is where this one should be. */
static Member *find_member(TypeGuess *guess, Str name, size_t at) {
  if (at < guess->member_count && str_eq(guess->members[at].name, name)) return &guess->members[at];
  for (uint32_t i = guess->slot_count ? guess->slots[slot_of(guess, name)] : 0; i; i = guess->members[i - 1].next)
    if (str_eq(guess->members[i - 1].name, name)) return &guess->members[i - 1];
  return add_member(guess, name);
}

static bool has_nul(Str name) { return name.len && memchr(name.data, 0, name.len); }

static void met_object(TypeGuess *guess, const Object *object) {
  guess->met |= MET_OBJECT;
  guess->objects++;
  for (size_t i = 0; i < object->count; i++) {
    Member *member = find_member(guess, object->names[i], i);
    if (member->object == guess->objects || has_nul(object->names[i])) guess->met |= MET_ODD;
    member->object = guess->objects;
    type_guess_value(member->guess, object->values[i]);
  }
}

/* --- Values --- */

static void met_decimal(TypeGuess *guess, Decimal decimal) {
  char text[48];
  int digits = (int)decimal_print(decimal, text) - (decimal.unscaled < 0) - (decimal.scale ? decimal.scale + 1 : 0);
  guess->met |= MET_DECIMAL;
  if (digits > guess->digits) guess->digits = digits;
  if (decimal.scale > guess->scale) guess->scale = decimal.scale;
}

static void met_int(TypeGuess *guess, int64_t i) {
  uint64_t size = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  guess->met |= MET_INT;
  if (size > guess->largest) guess->largest = size;
}

static void met_moment(TypeGuess *guess, Value value) {
  bool date = value.type == TYPE_DATE, first = !(guess->met & (MET_DATE | MET_LOCAL | MET_ZONED));
  int64_t seconds = date ? value.as.i * SECONDS_PER_DAY : value.as.i;
  guess->met |= date ? MET_DATE : value.flags & VALUE_ZONED ? MET_ZONED : MET_LOCAL;
  if (first || seconds < guess->earliest) guess->earliest = seconds;
  if (first || seconds > guess->latest) guess->latest = seconds;
  guess->fine = guess->fine || (!date && value.len % 1000);
}

void type_guess_value(TypeGuess *guess, Value value) {
  switch ((Type)value.type) {
    case TYPE_NULL: case TYPE_COUNT: break;
    case TYPE_BOOL: guess->met |= MET_BOOL; break;
    case TYPE_INT: met_int(guess, value.as.i); break;
    case TYPE_DOUBLE: guess->met |= value.flags & VALUE_SINGLE ? MET_SINGLE : MET_DOUBLE; break;
    case TYPE_DECIMAL: met_decimal(guess, *value.as.decimal); break;
    case TYPE_STRING: guess->met |= MET_STRING; break;
    case TYPE_BINARY: guess->met |= MET_BINARY; break;
    case TYPE_TIME: guess->met |= MET_TIME; break;
    case TYPE_DATE: case TYPE_TIMESTAMP: met_moment(guess, value); break;
    case TYPE_ARRAY:
      guess->met |= MET_ARRAY;
      if (!guess->items) guess->items = type_guess_new();
      for (size_t i = 0; i < value.as.array->count; i++) type_guess_value(guess->items, value.as.array->items[i]);
      break;
    case TYPE_OBJECT:
      if (value.flags & VALUE_WRAPPED) type_guess_value(guess, value.as.object->values[0]);
      else met_object(guess, value.as.object);
      break;
  }
}

static bool any_valid(const Column *column, uint32_t rows) {
  if (!column->validity) return rows > 0;
  for (uint32_t i = 0; i < rows; i++)
    if (column_valid(column, i)) return true;
  return false;
}

static void met_ints(TypeGuess *guess, const Column *column, uint32_t rows) {
  const int64_t *values = column->values;
  for (uint32_t i = 0; i < rows; i++)
    if (column_valid(column, i)) met_int(guess, values[i]);
}

void type_guess_column(TypeGuess *guess, const Column *column, uint32_t rows) {
  static const unsigned typed[] = {[COLUMN_BOOL] = MET_BOOL, [COLUMN_DOUBLE] = MET_DOUBLE,
                                   [COLUMN_STRING] = MET_STRING};
  if (column->kind == COLUMN_ABSENT) return;
  if (column->kind != COLUMN_FLAT && column->kind != COLUMN_VALUE) {
    if (column->kind == COLUMN_INT) met_ints(guess, column, rows);
    else if (!(guess->met & typed[column->kind]) && any_valid(column, rows)) guess->met |= typed[column->kind];
    return;
  }
  Arena scratch = {0};
  arena_raw(&scratch, 1); /* so that there is something to go back to */
  ArenaMark mark = arena_mark(&scratch);
  for (uint32_t i = 0; i < rows; i++) {
    type_guess_value(guess, column_value(column, i, &scratch));
    arena_rewind(&scratch, mark);
  }
  arena_free(&scratch);
}

/* --- The type --- */

static struct ArrowSchema *guessed(const TypeGuess *guess, Arena *arena);

/* NULL: no such number type holds all. */
static const char *number_format(const TypeGuess *guess, Arena *arena) {
  char text[32];
  unsigned met = guess->met;
  if (met & MET_DOUBLE || (met & MET_SINGLE && met != MET_SINGLE)) return "g";
  if (met == MET_SINGLE) return "f";
  if (met == MET_INT) return "l";
  int digits = snprintf(text, sizeof text, "%llu", (unsigned long long)guess->largest);
  if (digits < guess->digits) digits = guess->digits;
  if (digits + guess->scale > DECIMAL_DIGITS) return NULL;
  return arena_printf(arena, "d:%d,%d", DECIMAL_DIGITS, guess->scale).data;
}

static const char *moment_format(const TypeGuess *guess) {
  if (guess->met == MET_DATE) return "tdD";
  bool zoned = guess->met & MET_ZONED;
  if (zoned && guess->met != MET_ZONED) return NULL; /* what is the zone of the others? */
  if (!guess->fine) return zoned ? "tsu:UTC" : "tsu:";
  int64_t limit = INT64_MAX / 1000000000 - 1;
  bool fits = guess->earliest >= -limit && guess->latest <= limit;
  return !fits ? NULL : zoned ? "tsn:UTC" : "tsn:";
}

static struct ArrowSchema *guessed_struct(const TypeGuess *guess, Arena *arena) {
  struct ArrowSchema *type = arrow_type_new(arena, "+s", "", guess->member_count);
  for (uint32_t i = 0; i < guess->member_count; i++) {
    type->children[i] = guessed(guess->members[i].guess, arena);
    type->children[i]->name = arena_copy(arena, guess->members[i].name.data, guess->members[i].name.len);
  }
  return type;
}

static struct ArrowSchema *guessed(const TypeGuess *guess, Arena *arena) {
  enum { NUMBERS = MET_INT | MET_SINGLE | MET_DOUBLE | MET_DECIMAL, MOMENTS = MET_DATE | MET_LOCAL | MET_ZONED };
  const char *format = NULL;
  unsigned met = guess->met;
  if (met == MET_BOOL) format = "b";
  else if (met && !(met & ~(unsigned)NUMBERS)) format = number_format(guess, arena);
  else if (met == MET_BINARY) format = "z";
  else if (met == MET_TIME) format = "ttn";
  else if (met && !(met & ~(unsigned)MOMENTS)) format = moment_format(guess);
  else if (met == MET_ARRAY) return arrow_type_list(arena, guessed(guess->items, arena));
  else if (met == MET_OBJECT && guess->member_count) return guessed_struct(guess, arena);
  return arrow_type_new(arena, format ? format : "u", "", 0);
}

const struct ArrowSchema *type_guess_type(const TypeGuess *guess, Str name, Arena *arena) {
  struct ArrowSchema *type = guessed(guess, arena);
  type->name = arena_copy(arena, name.data, name.len);
  return type;
}
