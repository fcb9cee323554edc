/* window_eval.c - the values of one window function, row by row over sorted rows. All that is kept is where the row's
 * partition, peers and frame begin and end; values are read where they lie.
 */
#include "engine/window.h"

enum { SCRATCH_ROWS = 256 };

struct WindowState {
  const WindowFunction *function;
  const WindowRows *rows;
  WindowCursor current, adding, removing; /* current: of the row itself, and of what LAG and the like look at */
  uint64_t partition, partition_end;      /* of the row */
  uint64_t peers, peers_end;
  uint64_t rank, dense_rank;              /* of the peers, from 1 */
  uint64_t from, to;                      /* AGGREGATE: what the accumulator holds */
  bool fresh;                             /* AGGREGATE: result is that of from … to */
  Accumulator *accumulator;
  WindowExtreme extreme;
  bool sliding_extreme;                   /* MIN, MAX of frames whose begin moves */
  Value result;
  Arena results, scratch;
};

static bool frame_slides(const WindowCall *call) { return call->has_frame && call->from != FRAME_UNBOUNDED_PRECEDING; }

DcCode window_state_new(const WindowFunction *function, const WindowRows *rows, WindowState **out, DcError *err) {
  WindowState *state = dc_alloc(sizeof *state);
  state->function = function;
  state->rows = rows;
  state->current.rows = state->adding.rows = state->removing.rows = rows;
  const AggregateCall *call = &function->call->call;
  if (function->kind == WINDOW_AGGREGATE && accumulator_new(call, &state->accumulator, err) != DC_OK) {
    dc_free(state);
    return dc_position(err, call->pos);
  }
  bool least = !strcmp(call->function->name, "MIN"), greatest = !strcmp(call->function->name, "MAX");
  state->sliding_extreme = function->kind == WINDOW_AGGREGATE && (least || greatest) && frame_slides(function->call);
  state->extreme.greatest = greatest;
  *out = state;
  return DC_OK;
}

void window_state_free(WindowState *state) {
  if (!state) return;
  window_cursor_close(&state->current);
  window_cursor_close(&state->adding);
  window_cursor_close(&state->removing);
  accumulator_free(state->accumulator);
  window_extreme_free(&state->extreme);
  arena_free(&state->results);
  arena_free(&state->scratch);
  dc_free(state);
}

/* --- Partitions, peers, frames --- */

static void enter(WindowState *state, uint64_t row) {
  const WindowRows *rows = state->rows;
  if (row >= state->partition_end) {
    state->partition = row;
    state->partition_end = window_next(rows, rows->partitions, row + 1);
    state->peers_end = row;
    state->rank = state->dense_rank = 0;
    state->from = state->to = row;
    state->fresh = false;
    if (state->accumulator) accumulator_reset(state->accumulator);
    window_extreme_reset(&state->extreme);
  }
  if (row < state->peers_end) return;
  state->peers = row;
  state->peers_end = window_next(rows, rows->peers, row + 1);
  state->rank = row - state->partition + 1;
  state->dense_rank++;
}

/* The row that a bound of the frame stands for; may lie outside of the partition on the way, not in the result. */
static uint64_t bound_row(const WindowState *state, FrameBound bound, uint64_t offset, uint64_t row, uint64_t behind) {
  uint64_t least = state->partition, most = state->partition_end;
  switch (bound) {
    case FRAME_UNBOUNDED_PRECEDING: return least;
    case FRAME_UNBOUNDED_FOLLOWING: return most;
    case FRAME_CURRENT: return row + behind;
    case FRAME_PRECEDING: return row + behind - least < offset ? least : row + behind - offset;
    case FRAME_FOLLOWING: return most - row < offset + behind ? most : row + offset + behind;
  }
  return row;
}

/* The frame [*from, *to) of a row. Without ROWS it ends behind the row's peers, or with the partition if there is no order. */
static void frame_of(const WindowState *state, uint64_t row, uint64_t *from, uint64_t *to) {
  const WindowFunction *function = state->function;
  const WindowCall *call = function->call;
  *from = call->has_frame ? bound_row(state, call->from, function->from, row, 0) : state->partition;
  *to = call->has_frame ? bound_row(state, call->to, function->to, row, 1) : call->order_count ? state->peers_end : state->partition_end;
  if (*to < *from) *to = *from;
}

static DcCode argument(WindowState *state, WindowCursor *cursor, uint32_t number, uint64_t row, Value *out, DcError *err) {
  return window_value(cursor, state->function->column + number, row, &state->scratch, out, err);
}

/* --- Aggregates --- */

static DcCode arguments(WindowState *state, WindowCursor *cursor, uint64_t row, Value *out, DcError *err) {
  for (uint32_t i = 0; i < state->function->call->call.arg_count; i++) DC_TRY(argument(state, cursor, i, row, &out[i], err));
  return DC_OK;
}

static DcCode add_rows(WindowState *state, uint64_t to, DcError *err) {
  Value args[4];
  for (; state->to < to; state->to++) {
    DC_TRY(arguments(state, &state->adding, state->to, args, err));
    if (state->sliding_extreme) window_extreme_add(&state->extreme, state->to, args[0]);
    else DC_TRY(accumulator_add(state->accumulator, args, err));
    state->fresh = false;
    if (state->to % SCRATCH_ROWS == 0) arena_reset(&state->scratch);
    if (state->to % (SCRATCH_ROWS * 64) == 0 && engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  }
  return DC_OK;
}

static DcCode remove_rows(WindowState *state, uint64_t from, DcError *err) {
  Value args[4];
  bool again = !accumulator_removable(state->accumulator) || from >= state->to;
  if (from == state->from) return DC_OK;
  state->fresh = false;
  if (state->sliding_extreme) {
    state->from = from;
    if (state->to < from) state->to = from;
    return DC_OK;
  }
  if (again) { /* what cannot be taken out is put together anew */
    accumulator_reset(state->accumulator);
    state->from = state->to = from;
    return DC_OK;
  }
  for (; state->from < from; state->from++) {
    DC_TRY(arguments(state, &state->removing, state->from, args, err));
    DC_TRY(accumulator_remove(state->accumulator, args, err));
  }
  return DC_OK;
}

static DcCode aggregate_value(WindowState *state, uint64_t row, Value *out, DcError *err) {
  uint64_t from, to;
  frame_of(state, row, &from, &to);
  DC_TRY(remove_rows(state, from, err));
  DC_TRY(add_rows(state, to, err));
  if (!state->fresh) {
    arena_reset(&state->results);
    if (state->sliding_extreme) state->result = window_extreme_get(&state->extreme, from);
    else DC_TRY(accumulator_result(state->accumulator, &state->results, &state->result, err));
    state->fresh = true;
  }
  *out = state->result;
  return DC_OK;
}

/* --- The others --- */

/* A whole number, the function's second argument or NTILE's first; *known = false: NULL. */
static DcCode whole_number(WindowState *state, uint32_t number, uint64_t row, int64_t *out, bool *known, DcError *err) {
  Value value, converted;
  const AggregateCall *call = &state->function->call->call;
  DC_TRY(argument(state, &state->current, number, row, &value, err));
  *known = !value_is_null(value);
  if (!*known) return DC_OK;
  if (value_to_number(value, &converted) && converted.type == TYPE_INT) {
    *out = converted.as.i;
    return DC_OK;
  }
  Str text = value_to_str(&state->scratch, value);
  return dc_fail_at(err, DC_FAIL, call->pos, "%s needs a whole number, not '%.*s'", call->function->name, (int)(text.len < 80 ? text.len : 80), text.data);
}

static DcCode tile_value(WindowState *state, uint64_t row, Value *out, DcError *err) {
  int64_t tiles = 0;
  bool known;
  DC_TRY(whole_number(state, 0, row, &tiles, &known, err));
  if (!known) return DC_OK;
  if (tiles <= 0) {
    dc_fail_at(err, DC_FAIL, state->function->call->call.pos, "NTILE needs a number of tiles from 1 on, not %lld", (long long)tiles);
    return err->code;
  }
  uint64_t rows = state->partition_end - state->partition, count = (uint64_t)tiles, at = row - state->partition;
  uint64_t size = rows / count, longer = rows % count; /* the first tiles have a row more */
  bool in_longer = at < longer * (size + 1);
  *out = value_int((int64_t)(in_longer ? at / (size + 1) : longer + (at - longer * (size + 1)) / size) + 1);
  return DC_OK;
}

/* LAG and LEAD: a row so many before or behind, else the default. */
static DcCode neighbour_value(WindowState *state, uint64_t row, bool ahead, Value *out, DcError *err) {
  size_t count = state->function->call->call.arg_count;
  int64_t distance = 1;
  bool known = true;
  if (count > 1) DC_TRY(whole_number(state, 1, row, &distance, &known, err));
  if (!known) return DC_OK;
  uint64_t steps = distance < 0 ? 0 - (uint64_t)distance : (uint64_t)distance;
  if (ahead == (distance < 0)) {
    if (steps <= row - state->partition) return argument(state, &state->removing, 0, row - steps, out, err);
  } else if (steps < state->partition_end - row) {
    return argument(state, &state->adding, 0, row + steps, out, err);
  }
  return count > 2 ? argument(state, &state->current, 2, row, out, err) : DC_OK;
}

static DcCode nth_value(WindowState *state, uint64_t row, Value *out, DcError *err) {
  int64_t number = 0;
  uint64_t from, to;
  bool known;
  DC_TRY(whole_number(state, 1, row, &number, &known, err));
  if (!known) return DC_OK;
  if (number <= 0) {
    dc_fail_at(err, DC_FAIL, state->function->call->call.pos, "NTH_VALUE counts from 1, not from %lld", (long long)number);
    return err->code;
  }
  frame_of(state, row, &from, &to);
  return (uint64_t)number <= to - from ? argument(state, &state->adding, 0, from + (uint64_t)number - 1, out, err) : DC_OK;
}

static DcCode end_value(WindowState *state, uint64_t row, bool first, Value *out, DcError *err) {
  uint64_t from, to;
  frame_of(state, row, &from, &to);
  return from < to ? argument(state, &state->adding, 0, first ? from : to - 1, out, err) : DC_OK;
}

static double share(uint64_t part, uint64_t all) { return (double)part / (double)all; }

static DcCode value_of(WindowState *state, uint64_t row, Value *out, DcError *err) {
  uint64_t rows = state->partition_end - state->partition;
  *out = value_null();
  switch (state->function->kind) {
    case WINDOW_ROW_NUMBER: *out = value_int((int64_t)(row - state->partition) + 1); break;
    case WINDOW_RANK: *out = value_int((int64_t)state->rank); break;
    case WINDOW_DENSE_RANK: *out = value_int((int64_t)state->dense_rank); break;
    case WINDOW_PERCENT_RANK: *out = value_double(rows > 1 ? share(state->rank - 1, rows - 1) : 0); break;
    case WINDOW_CUME_DIST: *out = value_double(share(state->peers_end - state->partition, rows)); break;
    case WINDOW_NTILE: return tile_value(state, row, out, err);
    case WINDOW_LAG: return neighbour_value(state, row, false, out, err);
    case WINDOW_LEAD: return neighbour_value(state, row, true, out, err);
    case WINDOW_FIRST_VALUE: return end_value(state, row, true, out, err);
    case WINDOW_LAST_VALUE: return end_value(state, row, false, out, err);
    case WINDOW_NTH_VALUE: return nth_value(state, row, out, err);
    case WINDOW_AGGREGATE: return aggregate_value(state, row, out, err);
  }
  return DC_OK;
}

DcCode window_state_run(WindowState *state, uint64_t from, uint64_t to, ColumnBuilder *out, DcError *err) {
  for (uint64_t row = from; row < to; row++) {
    Value value;
    enter(state, row);
    if (value_of(state, row, &value, err) != DC_OK) return dc_position(err, state->function->call->call.pos);
    column_builder_add(out, value);
    arena_reset(&state->scratch);
  }
  return DC_OK;
}
