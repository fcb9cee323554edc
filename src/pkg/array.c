/* array.c - functions on arrays. A scalar counts as an array of one, NULL as the empty array. */
#include "pkg/operators.h"
#include "pkg/packages.h"
#include "value/decimal.h"

enum { MOST_ELEMENTS = 100000000 };

typedef struct Items {
  const Value *items;
  size_t count;
} Items;

static Items items_of(const Value *value) {
  if (value->type == TYPE_NULL) return (Items){NULL, 0};
  if (value->type == TYPE_ARRAY) return (Items){value->as.array->items, value->as.array->count};
  return (Items){value, 1};
}

/* Takes items over, which live in the arena. */
static Value array_of(CallContext *cx, Value *items, size_t count) {
  Array *array = arena_raw(cx->arena, sizeof *array);
  *array = (Array){count, items};
  return (Value){.type = TYPE_ARRAY, .as.array = array};
}

/* A position or a count given by the user; NULL is no position. */
static DcCode need_position(CallContext *cx, const char *function, const char *what, Value value, int64_t *out) {
  Value number;
  if (value_to_number(value, &number)) {
    *out = number.type == TYPE_INT ? number.as.i : 0;
    if (number.type == TYPE_DOUBLE && number.as.d >= -0x1p63 && number.as.d < 0x1p63) *out = (int64_t)number.as.d;
    if (number.type == TYPE_DECIMAL && !decimal_to_int(*number.as.decimal, out)) *out = 0;
    if (number_compare(value_int(*out), number) == 0) return DC_OK; /* whole */
  }
  Str text = value_to_str(cx->arena, value);
  if (text.len > 100) text.len = 100;
  return dc_fail(cx->err, "%s: %s has to be an integer, not '%.*s'", function, what, STR_ARG(text));
}

static DcCode fn_arr_length(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = value_int((int64_t)items_of(&args[0]).count);
  return DC_OK;
}

static DcCode fn_arr_empty(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  *result = value_bool(items_of(&args[0]).count == 0);
  return DC_OK;
}

static DcCode fn_arr_item(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Items from = items_of(&args[0]);
  int64_t i;
  *result = value_null();
  if (value_is_null(args[1])) return DC_OK;
  DC_TRY(need_position(cx, "ARR_ITEM", "the position", args[1], &i));
  if (i < 0) i += (int64_t)from.count;
  if (i >= 0 && i < (int64_t)from.count) *result = from.items[i];
  return DC_OK;
}

static DcCode too_many(CallContext *cx, const char *function, uint64_t count) {
  return dc_fail(cx->err, "%s: %llu elements are more than the limit of %d", function, (unsigned long long)count, MOST_ELEMENTS);
}

/* from … to-1; beyond the end come NULLs; negative positions count from the end. */
static DcCode fn_arr_slice(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Items in = items_of(&args[0]);
  int64_t from, to, size = (int64_t)in.count;
  *result = value_null();
  if (value_is_null(args[1]) || value_is_null(args[2])) return DC_OK;
  DC_TRY(need_position(cx, "ARR_SLICE", "the first position", args[1], &from));
  DC_TRY(need_position(cx, "ARR_SLICE", "the end position", args[2], &to));
  if (from < 0) from = from + size < 0 ? 0 : from + size;
  if (to < 0) to += size;
  if (from >= size || to <= from) {
    *result = array_of(cx, NULL, 0);
    return DC_OK;
  }
  if (to - from > MOST_ELEMENTS) return too_many(cx, "ARR_SLICE", (uint64_t)(to - from));
  Value *items = arena_alloc(cx->arena, (size_t)(to - from) * sizeof *items);
  int64_t end = to < size ? to : size;
  memcpy(items, in.items + from, (size_t)(end - from) * sizeof *items);
  *result = array_of(cx, items, (size_t)(to - from));
  return DC_OK;
}

/* Gives the element that stands there. The variable itself is changed by the evaluator. */
static DcCode fn_arr_put(CallContext *cx, const Value *args, int count, Value *result) { return fn_arr_item(cx, args, count - 1, result); }

static DcCode fn_arr_join(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Items in = items_of(&args[0]);
  Str delimiter = value_is_null(args[1]) ? (Str){0} : value_to_str(cx->arena, args[1]);
  Buf text = {0};
  for (size_t i = 0; i < in.count; i++) {
    if (i) buf_str(&text, delimiter);
    value_print(&text, in.items[i]);
  }
  if (text.len <= UINT32_MAX) *result = value_str(arena_str(cx->arena, (Str){text.data, text.len}));
  else dc_fail(cx->err, "ARR_JOIN: a text of %zu bytes is too long", text.len);
  buf_free(&text);
  return cx->err->code;
}

static DcCode fn_arr_make(CallContext *cx, const Value *args, int count, Value *result) {
  *result = value_array(cx->arena, args, (size_t)count);
  return DC_OK;
}

static DcCode fn_arr_range(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t from, to;
  DC_TRY(need_position(cx, "ARR_RANGE", "the first bound", args[0], &from));
  DC_TRY(need_position(cx, "ARR_RANGE", "the last bound", args[1], &to));
  uint64_t size = from <= to ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
  if (size >= MOST_ELEMENTS) return too_many(cx, "ARR_RANGE", size);
  Value *items = arena_raw(cx->arena, (size_t)(size + 1) * sizeof *items);
  for (size_t i = 0; i <= size; i++) items[i] = value_int(from <= to ? from + (int64_t)i : from - (int64_t)i);
  *result = array_of(cx, items, (size_t)size + 1);
  return DC_OK;
}

static Value insert_at(CallContext *cx, Items in, size_t position, Value value) {
  Value *items = arena_raw(cx->arena, (in.count + 1) * sizeof *items);
  if (position) memcpy(items, in.items, position * sizeof *items);
  items[position] = value;
  if (in.count > position) memcpy(items + position + 1, in.items + position, (in.count - position) * sizeof *items);
  return array_of(cx, items, in.count + 1);
}

static DcCode fn_arr_insert(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Items in = items_of(&args[0]);
  int64_t i;
  DC_TRY(need_position(cx, "ARR_INSERT", "the position", args[1], &i));
  int64_t position = i < 0 ? i + (int64_t)in.count : i;
  if (position < 0 || position > (int64_t)in.count) return dc_fail(cx->err, "ARR_INSERT: position %lld is outside of an array of %zu", (long long)i, in.count);
  *result = insert_at(cx, in, (size_t)position, args[2]);
  return DC_OK;
}

static DcCode fn_arr_add(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Items in = items_of(&args[0]);
  *result = insert_at(cx, in, in.count, args[1]);
  return DC_OK;
}

static DcCode fn_arr_fill(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t n;
  DC_TRY(need_position(cx, "ARR_FILL", "the count", args[0], &n));
  if (n < 0) return dc_fail(cx->err, "ARR_FILL: the count is negative: %lld", (long long)n);
  if (n > MOST_ELEMENTS) return too_many(cx, "ARR_FILL", (uint64_t)n);
  Value *items = arena_raw(cx->arena, (size_t)(n + 1) * sizeof *items);
  for (int64_t i = 0; i < n; i++) items[i] = args[1];
  *result = array_of(cx, items, (size_t)n);
  return DC_OK;
}

static DcCode fn_arr_contains(CallContext *cx, const Value *args, int count, Value *result) {
  (void)cx, (void)count;
  Items in = items_of(&args[0]);
  bool found = false;
  for (size_t i = 0; i < in.count && !found; i++)
    found = value_is_null(args[1]) ? value_is_null(in.items[i]) : value_equal(in.items[i], args[1]) == 1;
  *result = value_bool(found);
  return DC_OK;
}

static DcCode fn_arr_concat(CallContext *cx, const Value *args, int count, Value *result) {
  uint64_t size = 0;
  for (int i = 0; i < count; i++) size += items_of(&args[i]).count;
  if (size > MOST_ELEMENTS) return too_many(cx, "ARR_CONCAT", size);
  Value *items = arena_raw(cx->arena, (size_t)(size + 1) * sizeof *items);
  size_t at = 0;
  for (int i = 0; i < count; i++) {
    Items in = items_of(&args[i]);
    if (in.count) memcpy(items + at, in.items, in.count * sizeof *items);
    at += in.count;
  }
  *result = array_of(cx, items, at);
  return DC_OK;
}

static bool comes_before(const Value *values, uint32_t a, uint32_t b) { return value_total_order(values[a], values[b]) <= 0; }

/* Merges runs of order[from … middle-1] and [middle … to-1], stable; by way of spare. */
static void merge_runs(const Value *values, uint32_t *order, uint32_t *spare, size_t from, size_t middle, size_t to) {
  size_t left = from, right = middle;
  for (size_t i = from; i < to; i++) {
    bool take_left = left < middle && (right == to || comes_before(values, order[left], order[right]));
    spare[i] = take_left ? order[left++] : order[right++];
  }
  memcpy(order + from, spare + from, (to - from) * sizeof *order);
}

/* The positions of the elements in their total order, equal ones as they stand: bottom-up merge sort (Knuth, TAOCP 3, 5.2.4). */
static uint32_t *sorted_positions(CallContext *cx, Items in) {
  uint32_t *order = arena_raw(cx->arena, (in.count + 1) * 2 * sizeof *order), *spare = order + in.count;
  for (size_t i = 0; i < in.count; i++) order[i] = (uint32_t)i;
  for (size_t width = 1; width < in.count; width *= 2)
    for (size_t from = 0; from + width < in.count; from += 2 * width)
      merge_runs(in.items, order, spare, from, from + width, from + 2 * width < in.count ? from + 2 * width : in.count);
  return order;
}

static DcCode fn_arr_sort(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Items in = items_of(&args[0]);
  const uint32_t *order = sorted_positions(cx, in);
  Value *items = arena_raw(cx->arena, (in.count + 1) * sizeof *items);
  for (size_t i = 0; i < in.count; i++) items[i] = in.items[order[i]];
  *result = array_of(cx, items, in.count);
  return DC_OK;
}

/* Of equal elements the first stays, because the sort is stable. */
static DcCode fn_arr_distinct(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Items in = items_of(&args[0]);
  const uint32_t *order = sorted_positions(cx, in);
  bool *again = arena_alloc(cx->arena, in.count + 1);
  Value *items = arena_raw(cx->arena, (in.count + 1) * sizeof *items);
  size_t kept = 0;
  for (size_t i = 1; i < in.count; i++) again[order[i]] = value_total_order(in.items[order[i - 1]], in.items[order[i]]) == 0;
  for (size_t i = 0; i < in.count; i++)
    if (!again[i]) items[kept++] = in.items[i];
  *result = array_of(cx, items, kept);
  return DC_OK;
}

static const Function rows[] = {
    {.name = "ARR_SLICE", .signature = "array, from, to", .min_args = 3, .max_args = 3, .handles_null = true, .call = fn_arr_slice,
     .doc = "Elements from … to-1. Beyond the end come NULLs; negative positions count from the end.", .example = "ARR_SLICE([1, 2, 3], 1, 3)", .result = "[2, 3]"},
    {.name = "ARR_ITEM", .signature = "array, position", .min_args = 2, .max_args = 2, .handles_null = true, .call = fn_arr_item,
     .doc = "The element at a position, from 0; negative ones count from the end; NULL outside.", .example = "ARR_ITEM(['a', 'b', 'c'], -1)", .result = "c"},
    {.name = "ARR_PUT", .signature = "array, position, value", .min_args = 3, .max_args = 3, .handles_null = true, .special = SPECIAL_PUT, .call = fn_arr_put,
     .doc = "Sets an element of the array in a variable and gives the old one.", .example = "ARR_PUT([1, 2], 0, 5)", .result = "1"},
    {.name = "ARR_LENGTH", .signature = "array", .min_args = 1, .max_args = 1, .handles_null = true, .call = fn_arr_length,
     .doc = "How many elements there are: 0 for NULL, 1 for a single value.", .example = "ARR_LENGTH([7, 8])", .result = "2"},
    {.name = "ARR_JOIN", .signature = "array, delimiter", .min_args = 2, .max_args = 2, .handles_null = true, .call = fn_arr_join,
     .doc = "The text forms of the elements, joined.", .example = "ARR_JOIN([1, NULL, 'x'], '-')", .result = "1-null-x"},
    {.name = "ARR_MAKE", .signature = "value, …", .min_args = 0, .max_args = -1, .handles_null = true, .call = fn_arr_make,
     .doc = "An array of the arguments.", .example = "ARR_MAKE(1, 'a')", .result = "[1, a]"},
    {.name = "ARR_RANGE", .signature = "from, to", .min_args = 2, .max_args = 2, .call = fn_arr_range,
     .doc = "The integers between two bounds, both included, up or down.", .example = "ARR_RANGE(3, 1)", .result = "[3, 2, 1]"},
    {.name = "ARR_INSERT", .signature = "array, position, value", .min_args = 3, .max_args = 3, .handles_null = true, .call = fn_arr_insert,
     .doc = "A new array with a value put in before a position.", .example = "ARR_INSERT([1, 3], 1, 2)", .result = "[1, 2, 3]"},
    {.name = "ARR_ADD", .signature = "array, value", .min_args = 2, .max_args = 2, .handles_null = true, .call = fn_arr_add,
     .doc = "A new array with a value at the end.", .example = "ARR_ADD([1], 2)", .result = "[1, 2]"},
    {.name = "ARR_FILL", .signature = "count, value", .min_args = 2, .max_args = 2, .handles_null = true, .call = fn_arr_fill,
     .doc = "The value that many times.", .example = "ARR_FILL(2, 'x')", .result = "[x, x]"},
    {.name = "ARR_EMPTY", .signature = "array", .min_args = 1, .max_args = 1, .handles_null = true, .call = fn_arr_empty,
     .doc = "TRUE for an array without elements and for NULL.", .example = "ARR_EMPTY([])", .result = "true"},
    {.name = "ARR_CONTAINS", .signature = "array, value", .min_args = 2, .max_args = 2, .handles_null = true, .call = fn_arr_contains,
     .doc = "TRUE if an element equals the value as = has it; NULL is found too.", .example = "ARR_CONTAINS(['a', 'b'], 'b')", .result = "true"},
    {.name = "ARR_CONCAT", .signature = "array, …", .min_args = 0, .max_args = -1, .handles_null = true, .call = fn_arr_concat,
     .doc = "One array of the elements of all.", .example = "ARR_CONCAT([1, 2], 3, NULL, [4])", .result = "[1, 2, 3, 4]"},
    {.name = "ARR_SORT", .signature = "array", .min_args = 1, .max_args = 1, .handles_null = true, .call = fn_arr_sort,
     .doc = "The elements in the order of ORDER BY: booleans, numbers, text by bytes, moments, the rest, NULL.", .example = "ARR_SORT([3, 1, NULL, 2])", .result = "[1, 2, 3, null]"},
    {.name = "ARR_DISTINCT", .signature = "array", .min_args = 1, .max_args = 1, .handles_null = true, .call = fn_arr_distinct,
     .doc = "Each element once, where it stands first; 1 and 1.0 are one, 1 and '1' are two.", .example = "ARR_DISTINCT([2, 1, 2, NULL, NULL])", .result = "[2, 1, null]"},
};

const Package array_package = {
    .name = "array",
    .doc = "Arrays.",
    .functions = rows,
    .function_count = sizeof rows / sizeof rows[0],
};
