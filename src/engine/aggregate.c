/* aggregate.c - the states of aggregates: numbers and counts, values that are kept, lists, sketches. */
#include "engine/aggregate.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "engine/sketch.h"
#include "value/batch.h"
#include "value/decimal.h"

typedef struct CountState { uint64_t count; } CountState;
typedef struct TruthState { uint64_t yes, no; } TruthState;

/* Decimals apart, in units of 10^-38, in two's complement. */
enum { DECIMAL_LIMBS = 5 };
typedef struct DecimalSum {
  uint64_t limbs[DECIMAL_LIMBS];
  uint64_t count;
  int64_t scale; /* the greatest */
} DecimalSum;

typedef struct SumState {
  uint64_t count, doubles;
  ExactSum sum; /* of integers and doubles */
  DecimalSum *decimals;
} SumState;

typedef struct SpreadState {
  uint64_t count;
  ExactSum sum, squares;
} SpreadState;

/* A value, with its own room for text. */
typedef struct Kept {
  Value value;
  char *room;
  uint64_t cap;
} Kept;

typedef struct KeptState {
  uint64_t set, position;
  Kept value, by; /* by: what ARG_MIN compares; how often MODE's came */
} KeptState;

typedef struct ListChunk ListChunk;
struct ListChunk {
  ListChunk *next;
  size_t used, cap;
  _Alignas(8) char data[];
};

/* QUANTILE: doubles. Others: position, size and bytes of each value. */
typedef struct ListState {
  uint64_t count;
  ListChunk *first, *last;
} ListState;

/* --- The functions --- */

typedef struct Known {
  const char *name;
  AggregateKind kind;
  bool distinct;
} Known;

static const Known known[] = {
    {"COUNT", AGG_COUNT, false}, {"COUNT_IF", AGG_COUNT_IF, false}, {"SUM", AGG_SUM, false}, {"AVG", AGG_AVG, false}, {"MEAN", AGG_AVG, false},
    {"VARIANCE", AGG_VARIANCE, false}, {"VAR_SAMP", AGG_VARIANCE, false}, {"VAR_POP", AGG_VAR_POP, false}, {"STDDEV", AGG_STDDEV, false},
    {"STDDEV_SAMP", AGG_STDDEV, false}, {"STDDEV_POP", AGG_STDDEV_POP, false}, {"MIN", AGG_MIN, false}, {"MAX", AGG_MAX, false},
    {"FIRST", AGG_FIRST, false}, {"LAST", AGG_LAST, false}, {"ANY_VALUE", AGG_ANY_VALUE, false}, {"ARG_MIN", AGG_ARG_MIN, false},
    {"ARG_MAX", AGG_ARG_MAX, false}, {"MEDIAN", AGG_QUANTILE, false}, {"QUANTILE", AGG_QUANTILE, false}, {"ARRAY_AGG", AGG_ARRAY, false},
    {"STRING_AGG", AGG_STRING, false}, {"BOOL_AND", AGG_BOOL_AND, false}, {"BOOL_OR", AGG_BOOL_OR, false}, {"MODE", AGG_MODE, false},
    {"COUNT_DISTINCT", AGG_COUNT, true}, {"APPROX_DISTINCT", AGG_APPROX_DISTINCT, false},
};

static const Known *find_known(const Function *function) {
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, function->name) == 0) return &known[i];
  return NULL;
}

bool aggregate_known(const Function *function) { return find_known(function) != NULL; }

static size_t state_width(AggregateKind kind) {
  switch (kind) {
    case AGG_COUNT: case AGG_COUNT_IF: return sizeof(CountState);
    case AGG_BOOL_AND: case AGG_BOOL_OR: return sizeof(TruthState);
    case AGG_SUM: case AGG_AVG: return sizeof(SumState);
    case AGG_VARIANCE: case AGG_VAR_POP: case AGG_STDDEV: case AGG_STDDEV_POP: return sizeof(SpreadState);
    case AGG_MIN: case AGG_MAX: case AGG_FIRST: case AGG_LAST: case AGG_ANY_VALUE:
    case AGG_ARG_MIN: case AGG_ARG_MAX: case AGG_MODE: return sizeof(KeptState);
    case AGG_QUANTILE: case AGG_ARRAY: case AGG_STRING: return sizeof(ListState);
    case AGG_APPROX_DISTINCT: return sizeof(Sketch);
  }
  return 0;
}

static DcCode init_second(Aggregate *aggregate, DcError *err) {
  const AggregateCall *call = aggregate->call;
  const Expr *second = call->arg_count > 1 ? call->args[1] : NULL;
  if (aggregate->kind == AGG_STRING) aggregate->separator = str_of(",");
  if (!second || (aggregate->kind != AGG_QUANTILE && aggregate->kind != AGG_STRING)) return DC_OK;
  aggregate->value_args = 1;
  if (second->kind != EXPR_LITERAL) return dc_fail_at(err, DC_FAIL, second->pos, "the second argument of %s has to be the same for all records", call->function->name);
  if (aggregate->kind == AGG_STRING) {
    if (second->literal.type != TYPE_STRING) return dc_fail_at(err, DC_FAIL, second->pos, "STRING_AGG needs a text to put between the values");
    aggregate->separator = value_get_str(second->literal);
  } else if (!value_to_double(second->literal, &aggregate->quantile) || !(aggregate->quantile >= 0 && aggregate->quantile <= 1)) {
    return dc_fail_at(err, DC_FAIL, second->pos, "QUANTILE needs a number from 0 to 1, such as 0.9");
  }
  return DC_OK;
}

DcCode aggregate_init(Aggregate *aggregate, const AggregateCall *call, DcError *err) {
  const Known *row = find_known(call->function);
  if (!row) {
    dc_fail_at(err, DC_FAIL, call->pos, "%s needs OVER (…)", call->function->name);
    return err->code;
  }
  *aggregate = (Aggregate){.call = call, .kind = row->kind, .quantile = 0.5, .value_args = call->arg_count};
  aggregate->distinct = (call->distinct || row->distinct) && call->arg_count;
  if (aggregate->distinct && (row->kind == AGG_ARG_MIN || row->kind == AGG_ARG_MAX))
    return dc_fail_at(err, DC_FAIL, call->pos, "%s has no use for DISTINCT", row->name);
  if (row->kind == AGG_MIN || row->kind == AGG_MAX || row->kind == AGG_MODE || row->kind == AGG_APPROX_DISTINCT) aggregate->distinct = false;
  aggregate->counted = row->kind == AGG_MODE;
  aggregate->width = state_width(row->kind);
  aggregate->removable = !aggregate->distinct && row->kind <= AGG_STDDEV_POP;
  aggregate->removable |= row->kind == AGG_BOOL_AND || row->kind == AGG_BOOL_OR;
  return init_second(aggregate, err);
}

/* --- Numbers --- */

static DcCode no_number(const Aggregate *aggregate, Value value, DcError *err) {
  Buf text = {0};
  value_print(&text, value);
  size_t len = text.len > 40 ? 40 : text.len;
  while (len < text.len && len && ((unsigned char)text.data[len] & 0xC0) == 0x80) len--;
  dc_fail(err, "%s: cannot read '%.*s%s' as a number", aggregate->call->function->name, (int)len, text.data, len < text.len ? "…" : "");
  buf_free(&text);
  return err->code;
}

DcCode aggregate_number(const Aggregate *aggregate, Value value, Value *out, DcError *err) {
  if (value.type == TYPE_BOOL) *out = value_int(value.as.b);
  else if (!value_to_number(value, out)) return no_number(aggregate, value, err);
  return DC_OK;
}

static void add_limbs(uint64_t *into, const uint64_t *from) {
  uint64_t carry = 0;
  for (int i = 0; i < DECIMAL_LIMBS; i++) {
    unsigned __int128 sum = (unsigned __int128)into[i] + from[i] + carry;
    into[i] = (uint64_t)sum;
    carry = (uint64_t)(sum >> 64);
  }
}

static void negate_limbs(uint64_t *limbs) {
  uint64_t carry = 1;
  for (int i = 0; i < DECIMAL_LIMBS; i++) {
    limbs[i] = ~limbs[i] + carry;
    carry = carry && !limbs[i];
  }
}

static void multiply_limbs(uint64_t *limbs, uint64_t factor) {
  uint64_t carry = 0;
  for (int i = 0; i < DECIMAL_LIMBS; i++) {
    unsigned __int128 product = (unsigned __int128)limbs[i] * factor + carry;
    limbs[i] = (uint64_t)product;
    carry = (uint64_t)(product >> 64);
  }
}

static void divide_limbs(uint64_t *limbs, uint64_t divisor) {
  uint64_t rest = 0;
  for (int i = DECIMAL_LIMBS - 1; i >= 0; i--) {
    unsigned __int128 part = (unsigned __int128)rest << 64 | limbs[i];
    limbs[i] = (uint64_t)(part / divisor);
    rest = (uint64_t)(part % divisor);
  }
}

static uint64_t power_of_ten(int exponent) {
  uint64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

static void add_decimal(SumState *state, Decimal decimal, bool remove, Arena *arena) {
  if (!state->decimals) state->decimals = arena_alloc(arena, sizeof *state->decimals);
  DecimalSum *sum = state->decimals;
  bool negative = decimal.unscaled < 0;
  unsigned __int128 magnitude = negative ? 0 - (unsigned __int128)decimal.unscaled : (unsigned __int128)decimal.unscaled;
  uint64_t limbs[DECIMAL_LIMBS] = {(uint64_t)magnitude, (uint64_t)(magnitude >> 64)};
  int up = DECIMAL_DIGITS - decimal.scale;
  multiply_limbs(limbs, power_of_ten(up > 19 ? 19 : up));
  if (up > 19) multiply_limbs(limbs, power_of_ten(up - 19));
  if (negative != remove) negate_limbs(limbs);
  add_limbs(sum->limbs, limbs);
  sum->count += remove ? UINT64_MAX : 1;
  if (decimal.scale > sum->scale) sum->scale = decimal.scale;
}

/* false: more than 38 digits. */
static bool decimal_total(const DecimalSum *sum, Decimal *out) {
  uint64_t limbs[DECIMAL_LIMBS];
  memcpy(limbs, sum->limbs, sizeof limbs);
  bool negative = limbs[DECIMAL_LIMBS - 1] >> 63;
  if (negative) negate_limbs(limbs);
  int down = DECIMAL_DIGITS - (int)sum->scale;
  divide_limbs(limbs, power_of_ten(down > 19 ? 19 : down));
  if (down > 19) divide_limbs(limbs, power_of_ten(down - 19));
  if (limbs[4] | limbs[3] | limbs[2] | limbs[1] >> 63) return false;
  __int128 unscaled = (__int128)((unsigned __int128)limbs[1] << 64 | limbs[0]);
  *out = (Decimal){negative ? -unscaled : unscaled, (int)sum->scale};
  return decimal_add(*out, (Decimal){0, 0}, out) || out->unscaled == 0;
}

static void sum_value(SumState *state, Value number, bool remove, Arena *arena) {
  uint64_t step = remove ? UINT64_MAX : 1;
  state->count += step;
  if (number.type == TYPE_INT) {
    exact_add_int(&state->sum, number.as.i, remove);
  } else if (number.type == TYPE_DOUBLE) {
    state->doubles += step;
    exact_add_double(&state->sum, number.as.d, remove, arena);
  } else {
    add_decimal(state, *number.as.decimal, remove, arena);
  }
}

static void spread_value(SpreadState *state, Value number, bool remove, Arena *arena) {
  double d = 0;
  (void)value_to_double(number, &d);
  state->count += remove ? UINT64_MAX : 1;
  exact_add_double(&state->sum, d, remove, arena);
  exact_add_square(&state->squares, d, remove, arena);
}

void aggregate_add_int(const Aggregate *aggregate, void *state, int64_t value, Arena *arena) {
  if (aggregate->kind == AGG_SUM || aggregate->kind == AGG_AVG) sum_value(state, value_int(value), false, arena);
  else spread_value(state, value_int(value), false, arena);
}

void aggregate_add_double(const Aggregate *aggregate, void *state, double value, Arena *arena) {
  if (aggregate->kind == AGG_SUM || aggregate->kind == AGG_AVG) sum_value(state, value_double(value), false, arena);
  else spread_value(state, value_double(value), false, arena);
}

/* The sum as a double, whatever was added. */
static double sum_double(const SumState *state, Arena *arena) {
  ExactSum sum = {0};
  Decimal total;
  if (!state->decimals || !state->decimals->count) return exact_double(&state->sum);
  exact_merge(&sum, &state->sum, arena);
  if (decimal_total(state->decimals, &total)) exact_add_double(&sum, decimal_to_double(total), false, arena);
  else return (double)NAN;
  return exact_double(&sum);
}

static DcCode sum_result(const Aggregate *aggregate, const SumState *state, Arena *arena, Value *out, DcError *err) {
  Position pos = aggregate->call->pos;
  if (state->doubles) {
    *out = value_double(sum_double(state, arena));
    return DC_OK;
  }
  __int128 whole = exact_int(&state->sum);
  if (state->decimals && state->decimals->count) {
    Decimal total, ints = {whole, 0};
    if (!decimal_total(state->decimals, &total) || !decimal_add(total, ints, &total))
      return dc_fail_at(err, DC_FAIL, pos, "%s: the sum has more than 38 digits", aggregate->call->function->name);
    *out = value_decimal(arena, total);
    return DC_OK;
  }
  if (whole > INT64_MAX || whole < INT64_MIN) {
    dc_fail_at(err, DC_FAIL, pos, "%s: the sum does not fit 64 bits", aggregate->call->function->name);
    dc_hint(err, "SUM(DECIMAL x) has 38 digits, SUM(DOUBLE x) is rounded");
    return err->code;
  }
  *out = value_int((int64_t)whole);
  return DC_OK;
}

static void spread_result(const Aggregate *aggregate, const SpreadState *state, Value *out) {
  bool sample = aggregate->kind == AGG_VARIANCE || aggregate->kind == AGG_STDDEV;
  uint64_t n = state->count;
  if (n < (sample ? 2 : 1)) return;
  double variance = exact_variance(&state->sum, &state->squares, n, sample ? n - 1 : n);
  bool root = aggregate->kind == AGG_STDDEV || aggregate->kind == AGG_STDDEV_POP;
  *out = value_double(root ? sqrt(variance) : variance);
}

/* --- Values that are kept --- */

static void keep(Kept *kept, Value value, Arena *arena) {
  if (value.type == TYPE_STRING || value.type == TYPE_BINARY) {
    if (value.len > kept->cap) {
      kept->cap = value.len < 16 ? 16 : (uint64_t)value.len * 2;
      kept->room = arena_raw(arena, kept->cap);
    }
    if (value.len) memcpy(kept->room, value.as.s, value.len);
    value.as.s = kept->room;
  } else if (value.type == TYPE_DECIMAL || value.type == TYPE_ARRAY || value.type == TYPE_OBJECT) {
    value = value_copy(arena, value);
  }
  kept->value = value;
}

/* Does a value at a position take the place of what a state has? */
static bool is_better(const Aggregate *aggregate, const KeptState *state, Value value, Value by, uint64_t position) {
  if (!state->set) return true;
  int order = 0;
  switch (aggregate->kind) {
    case AGG_LAST: return position >= state->position;
    case AGG_MIN: order = value_total_order(value, state->value.value); break;
    case AGG_MAX: order = value_total_order(state->value.value, value); break;
    case AGG_ARG_MIN: order = value_total_order(by, state->by.value); break;
    case AGG_ARG_MAX:
    case AGG_MODE: order = value_total_order(state->by.value, by); break;
    default: break;
  }
  return order < 0 || (order == 0 && position < state->position);
}

static void offer(const Aggregate *aggregate, KeptState *state, Value value, Value by, uint64_t position, Arena *arena) {
  if (!is_better(aggregate, state, value, by, position)) return;
  state->set = 1;
  state->position = position;
  keep(&state->value, value, arena);
  keep(&state->by, by, arena);
}

static DcCode add_kept(const Aggregate *aggregate, KeptState *state, Arena *arena, const Value *args, uint64_t position) {
  bool with_null = aggregate->kind == AGG_FIRST || aggregate->kind == AGG_LAST;
  bool two = aggregate->kind == AGG_ARG_MIN || aggregate->kind == AGG_ARG_MAX || aggregate->kind == AGG_MODE;
  if ((!with_null && value_is_null(args[0])) || (two && value_is_null(args[1]))) return DC_OK;
  offer(aggregate, state, args[0], two ? args[1] : value_null(), position, arena);
  return DC_OK;
}

/* --- Lists --- */

static void list_put(ListState *list, const void *head, size_t head_size, const void *data, size_t size, Arena *arena) {
  size_t need = head_size + size;
  if (!list->last || list->last->cap - list->last->used < need) {
    size_t cap = list->last ? list->last->cap * 2 : 48;
    if (cap > 64 << 10) cap = 64 << 10;
    if (cap < need) cap = need;
    ListChunk *chunk = arena_raw(arena, sizeof *chunk + cap);
    *chunk = (ListChunk){.cap = cap};
    if (list->last) list->last->next = chunk;
    else list->first = chunk;
    list->last = chunk;
  }
  char *at = list->last->data + list->last->used;
  memcpy(at, head, head_size);
  if (size) memcpy(at + head_size, data, size);
  list->last->used += need;
  list->count++;
}

enum { HEAD = sizeof(uint64_t) + sizeof(uint32_t) }; /* position, size */

static void list_value(ListState *list, Value value, uint64_t position, Arena *arena) {
  Buf bytes = {0};
  char head[HEAD];
  value_encode(&bytes, value);
  uint32_t size = (uint32_t)bytes.len;
  memcpy(head, &position, sizeof position);
  memcpy(head + sizeof position, &size, sizeof size);
  list_put(list, head, HEAD, bytes.data, size, arena);
  buf_free(&bytes);
}

/* Doubles as integers in the same order, NaN last. */
static uint64_t order_of(double d) {
  uint64_t bits;
  if (isnan(d)) return UINT64_MAX;
  if (d == 0) d = 0; /* no negative zero */
  memcpy(&bits, &d, sizeof bits);
  return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double of_order(uint64_t order) {
  if (order == UINT64_MAX) return (double)NAN;
  uint64_t bits = order >> 63 ? order & ~(UINT64_C(1) << 63) : ~order;
  double d;
  memcpy(&d, &bits, sizeof d);
  return d;
}

static DcCode add_list(const Aggregate *aggregate, ListState *list, Arena *arena, Value value, uint64_t position, DcError *err) {
  Value number;
  double d = 0;
  if (aggregate->kind != AGG_QUANTILE) {
    if (aggregate->kind == AGG_ARRAY || !value_is_null(value)) list_value(list, value, position, arena);
    return DC_OK;
  }
  if (value_is_null(value)) return DC_OK;
  DC_TRY(aggregate_number(aggregate, value, &number, err));
  (void)value_to_double(number, &d);
  uint64_t order = order_of(d);
  list_put(list, &order, sizeof order, NULL, 0, arena);
  return DC_OK;
}

/* The items that begin with a prefix of 64 - shift bits: how many have each next byte; the items themselves go to out. */
typedef struct Selection {
  uint64_t *items;
  size_t count;
} Selection;

static void count_bytes(const uint64_t *items, size_t count, unsigned shift, uint64_t *counts) {
  for (size_t i = 0; i < count; i++) counts[items[i] >> shift & 0xFF]++;
}

static unsigned find_byte(const uint64_t *counts, uint64_t *rank) {
  unsigned byte = 0;
  while (*rank >= counts[byte]) *rank -= counts[byte++];
  return byte;
}

/* The item of a rank (from 0), by its bytes from the highest on: each round keeps those that have the right byte. */
static double list_rank(const ListState *list, uint64_t rank) {
  uint64_t counts[256] = {0};
  for (const ListChunk *chunk = list->first; chunk; chunk = chunk->next)
    count_bytes((const uint64_t *)(const void *)chunk->data, chunk->used / 8, 56, counts);
  unsigned byte = find_byte(counts, &rank);
  Selection left = {dc_alloc((counts[byte] + 1) * sizeof(uint64_t)), 0};
  for (const ListChunk *chunk = list->first; chunk; chunk = chunk->next)
    for (size_t i = 0; i < chunk->used / 8; i++) {
      uint64_t item = ((const uint64_t *)(const void *)chunk->data)[i];
      if (item >> 56 == byte) left.items[left.count++] = item;
    }
  for (unsigned shift = 56; shift && left.count > 1;) {
    shift -= 8;
    memset(counts, 0, sizeof counts);
    count_bytes(left.items, left.count, shift, counts);
    byte = find_byte(counts, &rank);
    size_t kept = 0;
    for (size_t i = 0; i < left.count; i++)
      if ((left.items[i] >> shift & 0xFF) == byte) left.items[kept++] = left.items[i];
    left.count = kept;
  }
  double found = of_order(left.items[0]);
  dc_free(left.items);
  return found;
}

/* Linear interpolation between the two nearest ranks: quantile_cont. */
static Value quantile_result(const Aggregate *aggregate, const ListState *list) {
  if (!list->count) return value_null();
  double place = (double)(list->count - 1) * aggregate->quantile, below = floor(place);
  double low = list_rank(list, (uint64_t)below);
  if (place == below) return value_double(low);
  double high = list_rank(list, (uint64_t)below + 1);
  return value_double(low == high ? low : low + (high - low) * (place - below));
}

typedef struct Item {
  uint64_t position;
  const char *bytes;
} Item;

static int by_position(const void *a, const void *b) {
  uint64_t x = ((const Item *)a)->position, y = ((const Item *)b)->position;
  return (x > y) - (x < y);
}

static Item *sorted_items(const ListState *list) {
  Item *items = dc_alloc((list->count + 1) * sizeof *items);
  size_t n = 0;
  bool sorted = true;
  for (const ListChunk *chunk = list->first; chunk; chunk = chunk->next)
    for (size_t at = 0; at < chunk->used;) {
      uint32_t size;
      memcpy(&items[n].position, chunk->data + at, sizeof items[n].position);
      memcpy(&size, chunk->data + at + sizeof items[n].position, sizeof size);
      items[n].bytes = chunk->data + at + HEAD;
      if (n && items[n].position < items[n - 1].position) sorted = false;
      at += HEAD + size;
      n++;
    }
  if (!sorted) qsort(items, n, sizeof *items, by_position);
  return items;
}

static DcCode list_result(const Aggregate *aggregate, const ListState *list, Arena *arena, Value *out, DcError *err) {
  if (!list->count) return DC_OK;
  Item *items = sorted_items(list);
  if (aggregate->kind == AGG_ARRAY) {
    Value *values = arena_raw(arena, list->count * sizeof *values);
    for (size_t i = 0; i < list->count; i++) values[i] = value_decode(items[i].bytes, arena);
    for (size_t i = 0; i < list->count; i++) values[i] = value_copy(arena, values[i]);
    *out = value_array(arena, values, list->count);
    dc_free(items);
    return DC_OK;
  }
  Buf text = {0};
  for (size_t i = 0; i < list->count; i++) {
    if (i) buf_str(&text, aggregate->separator);
    value_print(&text, value_decode(items[i].bytes, arena));
  }
  dc_free(items);
  if (text.len < UINT32_MAX) *out = value_str(str_make(arena_copy(arena, text.data, text.len), text.len));
  else dc_fail_at(err, DC_FAIL, aggregate->call->pos, "STRING_AGG: a text of %zu bytes is too long", text.len);
  buf_free(&text);
  return err->code;
}

/* --- All kinds --- */

static DcCode change(const Aggregate *aggregate, void *state, Arena *arena, const Value *args, uint64_t position, bool remove, DcError *err) {
  uint64_t step = remove ? UINT64_MAX : 1;
  Value number, value = aggregate->value_args ? args[0] : value_bool(true);
  bool null = value_is_null(value);
  switch (aggregate->kind) {
    case AGG_COUNT: ((CountState *)state)->count += null ? 0 : step; break;
    case AGG_COUNT_IF: ((CountState *)state)->count += value_is_true(value) ? step : 0; break;
    case AGG_BOOL_AND:
    case AGG_BOOL_OR:
      if (null) break;
      *(value_is_true(value) ? &((TruthState *)state)->yes : &((TruthState *)state)->no) += step;
      break;
    case AGG_SUM:
    case AGG_AVG:
      if (null) break;
      DC_TRY(aggregate_number(aggregate, value, &number, err));
      sum_value(state, number, remove, arena);
      break;
    case AGG_VARIANCE: case AGG_VAR_POP: case AGG_STDDEV: case AGG_STDDEV_POP:
      if (null) break;
      DC_TRY(aggregate_number(aggregate, value, &number, err));
      spread_value(state, number, remove, arena);
      break;
    case AGG_MIN: case AGG_MAX: case AGG_FIRST: case AGG_LAST: case AGG_ANY_VALUE: case AGG_ARG_MIN: case AGG_ARG_MAX: case AGG_MODE:
      return add_kept(aggregate, state, arena, args, position);
    case AGG_QUANTILE: case AGG_ARRAY: case AGG_STRING: return add_list(aggregate, state, arena, value, position, err);
    case AGG_APPROX_DISTINCT:
      if (!null) sketch_add(state, value_hash64(value), arena);
      break;
  }
  return DC_OK;
}

DcCode aggregate_add(const Aggregate *aggregate, void *state, Arena *arena, const Value *args, uint64_t position, DcError *err) {
  return change(aggregate, state, arena, args, position, false, err);
}

DcCode aggregate_remove(const Aggregate *aggregate, void *state, Arena *arena, const Value *args, DcError *err) {
  return change(aggregate, state, arena, args, 0, true, err);
}

static void merge_sums(SumState *into, const SumState *from, Arena *arena) {
  into->count += from->count;
  into->doubles += from->doubles;
  exact_merge(&into->sum, &from->sum, arena);
  if (!from->decimals) return;
  if (!into->decimals) into->decimals = arena_alloc(arena, sizeof *into->decimals);
  add_limbs(into->decimals->limbs, from->decimals->limbs);
  into->decimals->count += from->decimals->count;
  if (from->decimals->scale > into->decimals->scale) into->decimals->scale = from->decimals->scale;
}

static void merge_spreads(SpreadState *into, const SpreadState *from, Arena *arena) {
  into->count += from->count;
  exact_merge(&into->sum, &from->sum, arena);
  exact_merge(&into->squares, &from->squares, arena);
}

static void merge_lists(ListState *into, const ListState *from) {
  if (!from->count) return;
  if (into->last) into->last->next = from->first;
  else into->first = from->first;
  into->last = from->last;
  into->count += from->count;
}

void aggregate_merge(const Aggregate *aggregate, void *into, void *from, Arena *arena) {
  const KeptState *kept = from;
  switch (aggregate->kind) {
    case AGG_COUNT: case AGG_COUNT_IF: ((CountState *)into)->count += ((const CountState *)from)->count; break;
    case AGG_BOOL_AND: case AGG_BOOL_OR:
      ((TruthState *)into)->yes += ((const TruthState *)from)->yes;
      ((TruthState *)into)->no += ((const TruthState *)from)->no;
      break;
    case AGG_SUM: case AGG_AVG: merge_sums(into, from, arena); break;
    case AGG_VARIANCE: case AGG_VAR_POP: case AGG_STDDEV: case AGG_STDDEV_POP: merge_spreads(into, from, arena); break;
    case AGG_MIN: case AGG_MAX: case AGG_FIRST: case AGG_LAST: case AGG_ANY_VALUE: case AGG_ARG_MIN: case AGG_ARG_MAX: case AGG_MODE:
      if (kept->set) offer(aggregate, into, kept->value.value, kept->by.value, kept->position, arena);
      break;
    case AGG_QUANTILE: case AGG_ARRAY: case AGG_STRING: merge_lists(into, from); break;
    case AGG_APPROX_DISTINCT: sketch_merge(into, from, arena); break;
  }
}

/* --- Bytes --- */

static void save_kept(const Kept *kept, Buf *out) {
  Buf bytes = {0};
  value_encode(&bytes, kept->value);
  uint64_t size = bytes.len;
  buf_put(out, &size, sizeof size);
  buf_put(out, bytes.data, bytes.len);
  buf_free(&bytes);
}

/* The value stays in the bytes that were read only until keep has copied it. */
static const char *load_kept(Kept *kept, const char *bytes, Arena *arena) {
  uint64_t size;
  memcpy(&size, bytes, sizeof size);
  bytes += sizeof size;
  keep(kept, value_decode(bytes, arena), arena);
  return bytes + size;
}

static void save_list(const ListState *list, Buf *out) {
  uint64_t size = 0;
  for (const ListChunk *chunk = list->first; chunk; chunk = chunk->next) size += chunk->used;
  buf_put(out, &list->count, sizeof list->count);
  buf_put(out, &size, sizeof size);
  for (const ListChunk *chunk = list->first; chunk; chunk = chunk->next) buf_put(out, chunk->data, chunk->used);
}

static const char *load_list(ListState *list, const char *bytes, Arena *arena) {
  uint64_t size;
  *list = (ListState){0};
  memcpy(&list->count, bytes, sizeof list->count);
  memcpy(&size, bytes + sizeof list->count, sizeof size);
  bytes += sizeof list->count + sizeof size;
  if (!size) return bytes;
  list->first = list->last = arena_raw(arena, sizeof *list->first + size);
  *list->first = (ListChunk){.used = size, .cap = size};
  memcpy(list->first->data, bytes, size);
  return bytes + size;
}

static void save_sum(const SumState *state, Buf *out) {
  buf_put(out, state, offsetof(SumState, sum));
  exact_save(&state->sum, out);
  buf_char(out, state->decimals != NULL);
  if (state->decimals) buf_put(out, state->decimals, sizeof *state->decimals);
}

static const char *load_sum(SumState *state, const char *bytes, Arena *arena) {
  memcpy(state, bytes, offsetof(SumState, sum));
  bytes = exact_load(&state->sum, bytes + offsetof(SumState, sum), arena);
  state->decimals = NULL;
  if (!*bytes++) return bytes;
  state->decimals = arena_raw(arena, sizeof *state->decimals);
  memcpy(state->decimals, bytes, sizeof *state->decimals);
  return bytes + sizeof *state->decimals;
}

void aggregate_save(const Aggregate *aggregate, const void *state, Buf *out) {
  const SpreadState *spread = state;
  const KeptState *kept = state;
  switch (aggregate->kind) {
    case AGG_COUNT: case AGG_COUNT_IF: case AGG_BOOL_AND: case AGG_BOOL_OR: buf_put(out, state, aggregate->width); break;
    case AGG_SUM: case AGG_AVG: save_sum(state, out); break;
    case AGG_VARIANCE: case AGG_VAR_POP: case AGG_STDDEV: case AGG_STDDEV_POP:
      buf_put(out, &spread->count, sizeof spread->count);
      exact_save(&spread->sum, out);
      exact_save(&spread->squares, out);
      break;
    case AGG_MIN: case AGG_MAX: case AGG_FIRST: case AGG_LAST: case AGG_ANY_VALUE: case AGG_ARG_MIN: case AGG_ARG_MAX: case AGG_MODE:
      buf_put(out, state, offsetof(KeptState, value));
      save_kept(&kept->value, out);
      save_kept(&kept->by, out);
      break;
    case AGG_QUANTILE: case AGG_ARRAY: case AGG_STRING: save_list(state, out); break;
    case AGG_APPROX_DISTINCT: sketch_save(state, out); break;
  }
}

const char *aggregate_load(const Aggregate *aggregate, void *state, const char *bytes, Arena *arena) {
  SpreadState *spread = state;
  KeptState *kept = state;
  memset(state, 0, aggregate->width);
  switch (aggregate->kind) {
    case AGG_COUNT: case AGG_COUNT_IF: case AGG_BOOL_AND: case AGG_BOOL_OR: memcpy(state, bytes, aggregate->width); return bytes + aggregate->width;
    case AGG_SUM: case AGG_AVG: return load_sum(state, bytes, arena);
    case AGG_VARIANCE: case AGG_VAR_POP: case AGG_STDDEV: case AGG_STDDEV_POP:
      memcpy(&spread->count, bytes, sizeof spread->count);
      return exact_load(&spread->squares, exact_load(&spread->sum, bytes + sizeof spread->count, arena), arena);
    case AGG_MIN: case AGG_MAX: case AGG_FIRST: case AGG_LAST: case AGG_ANY_VALUE: case AGG_ARG_MIN: case AGG_ARG_MAX: case AGG_MODE:
      memcpy(state, bytes, offsetof(KeptState, value));
      return load_kept(&kept->by, load_kept(&kept->value, bytes + offsetof(KeptState, value), arena), arena);
    case AGG_QUANTILE: case AGG_ARRAY: case AGG_STRING: return load_list(state, bytes, arena);
    case AGG_APPROX_DISTINCT: return sketch_load(state, bytes, arena);
  }
  return bytes;
}

/* --- Results --- */

DcCode aggregate_result(const Aggregate *aggregate, const void *state, Arena *arena, Value *out, DcError *err) {
  const SumState *sum = state;
  const TruthState *truth = state;
  const KeptState *kept = state;
  *out = value_null();
  switch (aggregate->kind) {
    case AGG_COUNT: case AGG_COUNT_IF: *out = value_int((int64_t)((const CountState *)state)->count); break;
    case AGG_BOOL_AND: if (truth->yes + truth->no) *out = value_bool(!truth->no); break;
    case AGG_BOOL_OR: if (truth->yes + truth->no) *out = value_bool(truth->yes); break;
    case AGG_SUM: return sum->count ? sum_result(aggregate, sum, arena, out, err) : DC_OK;
    case AGG_AVG: if (sum->count) *out = value_double(sum_double(sum, arena) / (double)sum->count); break;
    case AGG_VARIANCE: case AGG_VAR_POP: case AGG_STDDEV: case AGG_STDDEV_POP: spread_result(aggregate, state, out); break;
    case AGG_MIN: case AGG_MAX: case AGG_FIRST: case AGG_LAST: case AGG_ANY_VALUE: case AGG_ARG_MIN: case AGG_ARG_MAX: case AGG_MODE:
      if (kept->set) *out = value_copy(arena, kept->value.value);
      break;
    case AGG_QUANTILE: *out = quantile_result(aggregate, state); break;
    case AGG_ARRAY: case AGG_STRING: return list_result(aggregate, state, arena, out, err);
    case AGG_APPROX_DISTINCT: *out = value_int((int64_t)sketch_estimate(state)); break;
  }
  return DC_OK;
}
