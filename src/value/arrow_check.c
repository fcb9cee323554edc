/* arrow_check.c - arrays of other programs: are they what the Arrow C data interface says? Sizes of buffers are not
 * told by it, so a buffer that is too short cannot be found; all numbers that lead from one place to another are looked
 * at.
 */
#include "value/arrow_format.h"

static DcCode fail_broken(const ArrowField *field, const char *why, DcError *err) {
  return dc_fail(err, "broken data in \"%s\": %s", field->type->name ? field->type->name : "", why);
}

/* --- Offsets --- */

/* Offsets of 32 bits first … first + n, from 0 on and never back; *last is the last one. */
static bool offsets32_rise(const void *offsets, int64_t first, int64_t n, int64_t *last) {
  bool back = arrow_i32(offsets, first) < 0;
  for (int64_t i = first; i < first + n; i++) back |= arrow_i32(offsets, i) > arrow_i32(offsets, i + 1);
  *last = arrow_i32(offsets, first + n);
  return !back;
}

static bool offsets64_rise(const void *offsets, int64_t first, int64_t n, int64_t *last) {
  bool back = arrow_i64(offsets, first) < 0;
  for (int64_t i = first; i < first + n; i++) back |= arrow_i64(offsets, i) > arrow_i64(offsets, i + 1);
  *last = arrow_i64(offsets, first + n);
  return !back;
}

/* Rows [from, from + count) of an array that are to be read. */
typedef struct Rows {
  int64_t from, count;
} Rows;

/* Strings, lists, maps: buffer 1 has the offsets. What they lead to: elements [*first, *last). */
static DcCode check_offsets(const ArrowField *field, const struct ArrowArray *array, Rows rows, bool wide,
                            int64_t *first, int64_t *last, DcError *err) {
  *first = *last = 0;
  if (rows.count == 0) return DC_OK;
  const void *offsets = array->buffers[1];
  int64_t at = array->offset + rows.from;
  if (!offsets) return fail_broken(field, "there are no offsets", err);
  *first = wide ? arrow_i64(offsets, at) : arrow_i32(offsets, at);
  bool rise = wide ? offsets64_rise(offsets, at, rows.count, last) : offsets32_rise(offsets, at, rows.count, last);
  return rise ? DC_OK : fail_broken(field, "offsets go back", err);
}

static DcCode check_text(const ArrowField *field, const struct ArrowArray *array, Rows rows, bool wide, DcError *err) {
  int64_t first, last;
  DC_TRY(check_offsets(field, array, rows, wide, &first, &last, err));
  return last && !array->buffers[2] ? fail_broken(field, "there are no bytes", err) : DC_OK;
}

static DcCode check_list(const ArrowField *field, const struct ArrowArray *array, Rows rows, bool wide, DcError *err) {
  int64_t first, last;
  DC_TRY(check_offsets(field, array, rows, wide, &first, &last, err));
  return arrow_check(&field->children[0], array->children[0], first, last - first, err);
}

/* Views: 16 bytes a value; more than 12 bytes lie in one of the buffers behind, whose sizes are in the last buffer. */
static DcCode check_views(const ArrowField *field, const struct ArrowArray *array, Rows rows, DcError *err) {
  int64_t heaps = array->n_buffers - 3;
  const void *sizes = array->buffers[array->n_buffers - 1];
  if (rows.count && !array->buffers[1]) return fail_broken(field, "there are no views", err);
  if (heaps && !sizes) return fail_broken(field, "sizes of buffers are missing", err);
  for (int64_t row = rows.from; row < rows.from + rows.count; row++) {
    const char *view = (const char *)array->buffers[1] + (array->offset + row) * 16;
    int32_t len = arrow_i32(view, 0), heap = arrow_i32(view, 2), at = arrow_i32(view, 3);
    if (!arrow_valid(array, row) || (len >= 0 && len <= 12)) continue;
    if (len < 0 || heap < 0 || heap >= heaps || at < 0) return fail_broken(field, "a view points nowhere", err);
    if (!array->buffers[2 + heap] || (int64_t)at + len > arrow_i64(sizes, heap))
      return fail_broken(field, "a view goes beyond its buffer", err);
  }
  return DC_OK;
}

static DcCode check_list_views(const ArrowField *field, const struct ArrowArray *array, Rows rows, bool wide,
                               DcError *err) {
  const void *offsets = array->buffers[1], *sizes = array->buffers[2];
  if (rows.count && (!offsets || !sizes)) return fail_broken(field, "there are no offsets", err);
  int64_t length = array->children[0]->length, first = length, last = 0, start = array->offset + rows.from;
  for (int64_t i = start; i < start + rows.count; i++) {
    int64_t at = wide ? arrow_i64(offsets, i) : arrow_i32(offsets, i);
    int64_t size = wide ? arrow_i64(sizes, i) : arrow_i32(sizes, i);
    if (at < 0 || size < 0 || at > length || size > length - at)
      return fail_broken(field, "a list goes beyond its elements", err);
    if (at < first) first = at;
    if (at + size > last) last = at + size;
  }
  return arrow_check(&field->children[0], array->children[0], first, last > first ? last - first : 0, err);
}

static DcCode check_fixed_list(const ArrowField *field, const struct ArrowArray *array, Rows rows, DcError *err) {
  int64_t width = field->format.width, end;
  if (__builtin_mul_overflow(array->offset + array->length, width, &end))
    return fail_broken(field, "its length is wrong", err);
  int64_t first = (array->offset + rows.from) * width;
  return arrow_check(&field->children[0], array->children[0], first, rows.count * width, err);
}

/* --- Other kinds --- */

static DcCode check_struct(const ArrowField *field, const struct ArrowArray *array, Rows rows, DcError *err) {
  for (int64_t i = 0; i < array->n_children; i++)
    DC_TRY(arrow_check(&field->children[i], array->children[i], array->offset + rows.from, rows.count, err));
  return DC_OK;
}

static int64_t run_end(const ArrowField *field, const struct ArrowArray *ends, int64_t i) {
  Value end = value_null();
  DcError ignored = {0};
  if (arrow_read(field, ends, i, NULL, &end, &ignored) != DC_OK || end.type != TYPE_INT) return -1;
  return end.as.i;
}

static DcCode check_runs(const ArrowField *field, const struct ArrowArray *array, DcError *err) {
  const struct ArrowArray *ends = array->children[0], *values = array->children[1];
  int64_t last = 0;
  DC_TRY(arrow_check(&field->children[0], ends, 0, ends->length, err));
  DC_TRY(arrow_check(&field->children[1], values, 0, values->length, err));
  if (ends->length > values->length) return fail_broken(field, "there are fewer values than runs", err);
  for (int64_t i = 0; i < ends->length; i++) {
    int64_t end = run_end(&field->children[0], ends, i);
    if (end <= last) return fail_broken(field, "the ends of runs go back", err);
    last = end;
  }
  return last < array->offset + array->length ? fail_broken(field, "the last run ends too early", err) : DC_OK;
}

static DcCode check_indices(const ArrowField *field, const struct ArrowArray *array, Rows rows, DcError *err) {
  if (!array->dictionary) return fail_broken(field, "its dictionary is missing", err);
  DC_TRY(arrow_check(field->dictionary, array->dictionary, 0, array->dictionary->length, err));
  ArrowField plain = *field;
  plain.dictionary = NULL;
  for (int64_t row = rows.from; row < rows.from + rows.count; row++) {
    Value index;
    DC_TRY(arrow_read(&plain, array, row, NULL, &index, err));
    if (index.type == TYPE_NULL) continue;
    if (index.as.i < 0 || index.as.i >= array->dictionary->length)
      return fail_broken(field, "a number beyond its dictionary", err);
  }
  return DC_OK;
}

/* Fewest buffers of an array of this kind. */
static int64_t buffers_of(ArrowKind kind) {
  switch (kind) {
    case ARROW_UNKNOWN: case ARROW_NULL: case ARROW_RUN_END: case ARROW_UNION: case ARROW_INTERVAL: return 0;
    case ARROW_STRUCT: case ARROW_FIXED_LIST: return 1;
    case ARROW_STRING: case ARROW_LARGE_STRING: case ARROW_STRING_VIEW: case ARROW_BINARY: case ARROW_LARGE_BINARY:
    case ARROW_BINARY_VIEW:
    case ARROW_LIST_VIEW: case ARROW_LARGE_LIST_VIEW: return 3;
    default: return 2;
  }
}

static DcCode check_head(const ArrowField *field, const struct ArrowArray *array, Rows rows, DcError *err) {
  int64_t buffers = buffers_of(field->format.kind), end;
  if (array->length < 0 || array->offset < 0 || __builtin_add_overflow(array->length, array->offset, &end) ||
      end > INT64_MAX / 64)
    return fail_broken(field, "its length is wrong", err);
  if (array->n_buffers < buffers || (buffers && !array->buffers)) return fail_broken(field, "buffers are missing", err);
  if (array->n_children != field->type->n_children || (array->n_children && !array->children))
    return fail_broken(field, "parts are missing", err);
  for (int64_t i = 0; i < array->n_children; i++)
    if (!array->children[i]) return fail_broken(field, "parts are missing", err);
  if (buffers && array->null_count > 0 && array->length && !array->buffers[0])
    return fail_broken(field, "nothing says what is NULL", err);
  if (rows.from < 0 || rows.count < 0 || rows.from > array->length || rows.count > array->length - rows.from)
    return fail_broken(field, "there are too few values", err);
  return DC_OK;
}

DcCode arrow_check(const ArrowField *field, const struct ArrowArray *array, int64_t from, int64_t count, DcError *err) {
  ArrowKind kind = field->format.kind;
  Rows rows = {from, count};
  DC_TRY(check_head(field, array, rows, err));
  switch (kind) {
    case ARROW_UNKNOWN: case ARROW_NULL: case ARROW_UNION: case ARROW_INTERVAL: return DC_OK;
    case ARROW_STRING: case ARROW_BINARY: return check_text(field, array, rows, false, err);
    case ARROW_LARGE_STRING: case ARROW_LARGE_BINARY: return check_text(field, array, rows, true, err);
    case ARROW_STRING_VIEW: case ARROW_BINARY_VIEW: return check_views(field, array, rows, err);
    case ARROW_LIST_VIEW: return check_list_views(field, array, rows, false, err);
    case ARROW_LARGE_LIST_VIEW: return check_list_views(field, array, rows, true, err);
    case ARROW_RUN_END: return check_runs(field, array, err);
    case ARROW_STRUCT: return check_struct(field, array, rows, err);
    case ARROW_LIST: case ARROW_MAP: return check_list(field, array, rows, false, err);
    case ARROW_LARGE_LIST: return check_list(field, array, rows, true, err);
    case ARROW_FIXED_LIST: return check_fixed_list(field, array, rows, err);
    default: break;
  }
  bool bytes = count && (kind != ARROW_FIXED_BINARY || field->format.width);
  if (bytes && !array->buffers[1]) return fail_broken(field, "there are no values", err);
  return field->dictionary ? check_indices(field, array, rows, err) : DC_OK;
}
