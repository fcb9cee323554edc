/* window_frame.c - MIN and MAX of sliding frames: the candidates that may still become the extreme, in order (D. Lemire,
 * "Streaming maximum-minimum filter using no more than three comparisons per element", 2006).
 */
#include "engine/window.h"

typedef struct WindowCandidate {
  uint64_t row;
  Value value;
  char *text;   /* STRING, BINARY: its own copy */
  Arena *arena; /* what is not flat */
} WindowCandidate;

static void drop(WindowCandidate *candidate) {
  dc_free(candidate->text);
  if (candidate->arena) arena_free(candidate->arena);
  dc_free(candidate->arena);
}

static void own(WindowCandidate *candidate, Value value) {
  candidate->value = value;
  switch ((Type)value.type) {
    case TYPE_STRING:
    case TYPE_BINARY:
      candidate->text = dc_alloc((size_t)value.len + 1);
      if (value.len) memcpy(candidate->text, value.as.s, value.len);
      candidate->value.as.s = candidate->text;
      break;
    case TYPE_DECIMAL:
    case TYPE_ARRAY:
    case TYPE_OBJECT:
      candidate->arena = dc_alloc(sizeof *candidate->arena);
      candidate->value = value_copy(candidate->arena, value);
      break;
    default: break;
  }
}

void window_extreme_add(WindowExtreme *extreme, uint64_t row, Value value) {
  if (value_is_null(value)) return;
  while (extreme->count > extreme->first) { /* what comes later and is better outlives the others; of equals the first stays */
    int order = value_total_order(extreme->items[extreme->count - 1].value, value);
    if (extreme->greatest ? order >= 0 : order <= 0) break;
    drop(&extreme->items[--extreme->count]);
  }
  if (extreme->count == extreme->cap && extreme->first) {
    extreme->count -= extreme->first;
    memmove(extreme->items, extreme->items + extreme->first, extreme->count * sizeof *extreme->items);
    extreme->first = 0;
  }
  VEC_GROW(extreme->items, extreme->count, extreme->cap);
  WindowCandidate *candidate = &extreme->items[extreme->count++];
  *candidate = (WindowCandidate){.row = row};
  own(candidate, value);
}

Value window_extreme_get(WindowExtreme *extreme, uint64_t row) {
  while (extreme->first < extreme->count && extreme->items[extreme->first].row < row) drop(&extreme->items[extreme->first++]);
  return extreme->first < extreme->count ? extreme->items[extreme->first].value : value_null();
}

void window_extreme_reset(WindowExtreme *extreme) {
  for (size_t i = extreme->first; i < extreme->count; i++) drop(&extreme->items[i]);
  extreme->first = extreme->count = 0;
}

void window_extreme_free(WindowExtreme *extreme) {
  window_extreme_reset(extreme);
  dc_free(extreme->items);
}
