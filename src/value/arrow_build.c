/* arrow_build.c - growing Arrow arrays. */
#include "value/arrow_build.h"

#include <math.h>

#include "value/datetime_text.h"

static int buffers_of(ArrowKind kind) {
  switch (kind) {
    case ARROW_NULL: return 0;
    case ARROW_STRUCT: case ARROW_FIXED_LIST: return 1;
    case ARROW_STRING: case ARROW_LARGE_STRING: case ARROW_BINARY: case ARROW_LARGE_BINARY:
    case ARROW_LIST_VIEW: case ARROW_LARGE_LIST_VIEW:
      return 3;
    case ARROW_STRING_VIEW: case ARROW_BINARY_VIEW: return 4; /* views, bytes, and how many of them */
    default: return 2;
  }
}

/* Bytes of an offset; 0: there are none. */
static size_t offset_width(ArrowKind kind) {
  switch (kind) {
    case ARROW_STRING: case ARROW_BINARY: case ARROW_LIST: case ARROW_MAP: return 4;
    case ARROW_LARGE_STRING: case ARROW_LARGE_BINARY: case ARROW_LARGE_LIST: return 8;
    default: return 0;
  }
}

DcCode arrow_build_init(ArrowBuild *build, const struct ArrowSchema *type, Arena *arena, DcError *err) {
  type = arrow_plain(type);
  *build = (ArrowBuild){.format = arrow_format(type), .type = type};
  ArrowKind kind = build->format.kind;
  if (kind == ARROW_UNKNOWN || kind == ARROW_UNION || kind == ARROW_INTERVAL || kind == ARROW_RUN_END) {
    Buf name = {0};
    arrow_type_print(&name, type);
    dc_fail(err, "column \"%s\": values of the type %.*s cannot be written", type->name ? type->name : "",
            (int)name.len, name.data);
    buf_free(&name);
    return err->code;
  }
  build->buffer_count = buffers_of(kind);
  build->child_count = type->n_children;
  if (build->child_count) build->children = arena_alloc(arena, (size_t)build->child_count * sizeof *build->children);
  int64_t zero = 0;
  buf_put(&build->buffers[1], &zero, offset_width(kind));
  for (int64_t i = 0; i < build->child_count; i++)
    DC_TRY(arrow_build_init(&build->children[i], type->children[i], arena, err));
  return DC_OK;
}

void arrow_build_free(ArrowBuild *build) {
  for (int i = 0; i < ARROW_MOST_BUFFERS; i++) buf_free(&build->buffers[i]);
  for (int64_t i = 0; i < build->child_count; i++)
    if (build->children) arrow_build_free(&build->children[i]);
}

void arrow_build_finish(ArrowBuild *build) {
  bool views = build->format.kind == ARROW_STRING_VIEW || build->format.kind == ARROW_BINARY_VIEW;
  int64_t size = (int64_t)build->buffers[2].len;
  if (views) buf_put(&build->buffers[3], &size, sizeof size);
  for (int64_t i = 0; i < build->child_count; i++) arrow_build_finish(&build->children[i]);
}

/* --- Buffers --- */

static void put_bit(Buf *bits, int64_t row, bool set) {
  if (row % 8 == 0) buf_char(bits, 0);
  if (set) bits->data[row >> 3] |= (char)(1 << (row & 7));
}

static void put_row(ArrowBuild *build, bool valid) {
  if (build->buffer_count) put_bit(&build->buffers[0], build->rows, valid);
  build->rows++;
  build->nulls += !valid;
}

static void put_zeros(Buf *buf, size_t count) {
  buf_reserve(buf, count);
  memset(buf->data + buf->len, 0, count);
  buf->len += count;
}

static DcCode put_offset(ArrowBuild *build, size_t end, DcError *err) {
  size_t width = offset_width(build->format.kind);
  int64_t wide = (int64_t)end;
  if (width == 4 && end > INT32_MAX)
    return dc_fail(err, "the values of %lld rows are longer than 2 GiB", (long long)build->rows);
  buf_put(&build->buffers[1], &wide, width); /* little endian */
  return DC_OK;
}

static DcCode put_null(ArrowBuild *build, DcError *err) {
  ArrowKind kind = build->format.kind;
  size_t width = offset_width(kind);
  if (kind == ARROW_BOOL) put_bit(&build->buffers[1], build->rows, false);
  put_row(build, false);
  if (width) {
    char last[8];
    memcpy(last, build->buffers[1].data + build->buffers[1].len - width, width);
    buf_put(&build->buffers[1], last, width);
  } else if (kind == ARROW_LIST_VIEW || kind == ARROW_LARGE_LIST_VIEW) {
    put_zeros(&build->buffers[1], kind == ARROW_LIST_VIEW ? 4 : 8);
    put_zeros(&build->buffers[2], kind == ARROW_LIST_VIEW ? 4 : 8);
  } else if (kind == ARROW_STRUCT || kind == ARROW_FIXED_LIST) {
    for (int64_t i = 0; i < build->child_count; i++)
      for (int k = 0; k < (kind == ARROW_STRUCT ? 1 : build->format.width); k++)
        DC_TRY(put_null(&build->children[i], err));
  } else if (kind != ARROW_BOOL && kind != ARROW_NULL) {
    put_zeros(&build->buffers[1], (size_t)build->format.width);
  }
  return DC_OK;
}

/* --- Values of one width --- */

static bool int_bytes(ArrowKind kind, Value value, char *out) {
  static const struct {
    int64_t least, most;
  } ranges[] = {[ARROW_INT8] = {INT8_MIN, INT8_MAX}, [ARROW_INT16] = {INT16_MIN, INT16_MAX},
                [ARROW_INT32] = {INT32_MIN, INT32_MAX}, [ARROW_INT64] = {INT64_MIN, INT64_MAX},
                [ARROW_UINT8] = {0, UINT8_MAX}, [ARROW_UINT16] = {0, UINT16_MAX}, [ARROW_UINT32] = {0, UINT32_MAX},
                [ARROW_UINT64] = {0, INT64_MAX}};
  int64_t i = value.as.i;
  if (value.type == TYPE_DECIMAL && kind == ARROW_UINT64) {
    const Decimal *decimal = value.as.decimal;
    if (decimal->scale || decimal->unscaled < 0 || decimal->unscaled > UINT64_MAX) return false;
    i = (int64_t)(uint64_t)decimal->unscaled;
  } else if (value.type != TYPE_INT || i < ranges[kind].least || i > ranges[kind].most) {
    return false;
  }
  memcpy(out, &i, sizeof i); /* little endian: the low bytes come first */
  return true;
}

static bool float_bytes(ArrowKind kind, Value value, char *out) {
  if (value.type != TYPE_DOUBLE) return false;
  float single = (float)value.as.d;
  uint16_t half = arrow_to_half(value.as.d);
  bool fits = isinf(value.as.d);
  if (kind == ARROW_FLOAT64) memcpy(out, &value.as.d, sizeof value.as.d);
  else if (kind == ARROW_FLOAT32) memcpy(out, &single, sizeof single);
  else memcpy(out, &half, sizeof half);
  return fits || kind == ARROW_FLOAT64 || (kind == ARROW_FLOAT32 ? !isinf(single) : (half & 0x7FFF) != 0x7C00);
}

static bool moment_bytes(ArrowFormat format, Value value, char *out) {
  int64_t count = value.as.i, part = 1000000000 / (format.unit ? arrow_unit(format.unit) : 1);
  switch (format.kind) {
    case ARROW_DATE32: if (value.type != TYPE_DATE) return false; break;
    case ARROW_DATE64:
      if (value.type != TYPE_DATE) return false;
      count *= SECONDS_PER_DAY * INT64_C(1000);
      break;
    case ARROW_TIME32: case ARROW_TIME64:
      if (value.type != TYPE_TIME || count % part) return false;
      count /= part;
      break;
    case ARROW_TIMESTAMP:
      if (value.type != TYPE_TIMESTAMP || (!*format.zone && (value.flags & VALUE_ZONED))) return false;
      if (!arrow_count(value, arrow_unit(format.unit), &count)) return false;
      break;
    default: if (value.type != TYPE_INT) return false; break; /* DURATION */
  }
  memcpy(out, &count, sizeof count);
  return true;
}

/* The bytes of a value that is of the type; out has 32. */
static bool fixed_bytes(const ArrowBuild *build, Value value, char *out) {
  ArrowFormat format = build->format;
  if (arrow_is_int(format.kind)) return int_bytes(format.kind, value, out);
  switch (format.kind) {
    case ARROW_FLOAT16: case ARROW_FLOAT32: case ARROW_FLOAT64: return float_bytes(format.kind, value, out);
    case ARROW_DECIMAL: {
      uint64_t limbs[4];
      if (value.type != TYPE_DECIMAL || !arrow_decimal_limbs(*value.as.decimal, format.precision, format.scale, limbs))
        return false;
      memcpy(out, limbs, sizeof limbs);
      return true;
    }
    default: return moment_bytes(format, value, out);
  }
}

/* --- Any value --- */

static DcCode put_bytes(ArrowBuild *build, Str bytes, DcError *err) {
  buf_str(&build->buffers[2], bytes);
  return put_offset(build, build->buffers[2].len, err);
}

static DcCode put_view(ArrowBuild *build, Str bytes, DcError *err) {
  int32_t view[4] = {(int32_t)bytes.len, 0, 0, 0};
  Buf *heap = &build->buffers[2];
  if (heap->len + bytes.len > INT32_MAX)
    return dc_fail(err, "the values of %lld rows are longer than 2 GiB", (long long)build->rows);
  if (bytes.len <= 12) {
    if (bytes.len) memcpy(&view[1], bytes.data, bytes.len);
  } else {
    memcpy(&view[1], bytes.data, 4);
    view[3] = (int32_t)heap->len;
    buf_str(heap, bytes);
  }
  buf_put(&build->buffers[1], view, sizeof view);
  return DC_OK;
}

static DcCode put_items(ArrowBuild *build, Value value, Arena *scratch, DcError *err) {
  const Array *array = value.as.array;
  ArrowBuild *items = &build->children[0];
  int64_t start = items->rows, count = (int64_t)array->count;
  for (size_t i = 0; i < array->count; i++) DC_TRY(arrow_build_add(items, array->items[i], scratch, err));
  if (build->format.kind == ARROW_FIXED_LIST) return DC_OK;
  if (offset_width(build->format.kind)) return put_offset(build, (size_t)items->rows, err);
  size_t width = build->format.kind == ARROW_LIST_VIEW ? 4 : 8;
  if (width == 4 && items->rows > INT32_MAX)
    return dc_fail(err, "the lists of %lld rows have more than 2^31 elements", (long long)build->rows);
  buf_put(&build->buffers[1], &start, width);
  buf_put(&build->buffers[2], &count, width);
  return DC_OK;
}

/* An object that arrow_convert made: its members are the type's, in order. */
static DcCode put_members(ArrowBuild *build, Value value, Arena *scratch, DcError *err) {
  for (int64_t i = 0; i < build->child_count; i++)
    DC_TRY(arrow_build_add(&build->children[i], value.as.object->values[i], scratch, err));
  return DC_OK;
}

static DcCode put_entries(ArrowBuild *build, Value value, Arena *scratch, DcError *err) {
  ArrowBuild *entries = &build->children[0];
  size_t count = value.type == TYPE_OBJECT ? value.as.object->count : value.as.array->count;
  for (size_t i = 0; i < count; i++) {
    const Object *object = value.type == TYPE_OBJECT ? value.as.object : value.as.array->items[i].as.object;
    bool whole = value.type == TYPE_OBJECT;
    put_row(entries, true);
    DC_TRY(arrow_build_add(&entries->children[0], whole ? value_str(object->names[i]) : object->values[0], scratch,
                           err));
    DC_TRY(arrow_build_add(&entries->children[1], object->values[whole ? i : 1], scratch, err));
  }
  return put_offset(build, (size_t)entries->rows, err);
}

/* Values of kinds without a fixed width, as arrow_convert gives them. */
static DcCode put_converted(ArrowBuild *build, Value value, Arena *scratch, DcError *err) {
  Str bytes = value.type == TYPE_STRING || value.type == TYPE_BINARY ? value_get_str(value) : (Str){0};
  switch (build->format.kind) {
    case ARROW_BOOL: put_bit(&build->buffers[1], build->rows - 1, value.as.b); return DC_OK;
    case ARROW_STRING: case ARROW_LARGE_STRING: case ARROW_BINARY: case ARROW_LARGE_BINARY:
      return put_bytes(build, bytes, err);
    case ARROW_STRING_VIEW: case ARROW_BINARY_VIEW: return put_view(build, bytes, err);
    case ARROW_FIXED_BINARY: buf_str(&build->buffers[1], bytes); return DC_OK;
    case ARROW_STRUCT: return put_members(build, value, scratch, err);
    case ARROW_MAP: return put_entries(build, value, scratch, err);
    default: return put_items(build, value, scratch, err);
  }
}

static bool has_width(ArrowKind kind) {
  return (kind >= ARROW_INT8 && kind <= ARROW_FLOAT64) || (kind >= ARROW_DECIMAL && kind <= ARROW_DURATION);
}

DcCode arrow_build_add(ArrowBuild *build, Value value, Arena *scratch, DcError *err) {
  char bytes[32];
  Value made = value;
  if (value_is_null(value)) return put_null(build, err);
  bool fixed = has_width(build->format.kind);
  if (!fixed || !fixed_bytes(build, value, bytes)) DC_TRY(arrow_convert(value, build->type, scratch, &made, err));
  if (value_is_null(made)) return put_null(build, err); /* the JSON text null */
  put_row(build, true);
  if (!fixed) return put_converted(build, made, scratch, err);
  if (!fixed_bytes(build, made, bytes)) return dc_fail(err, "a value was converted to another type"); /* our mistake */
  buf_put(&build->buffers[1], bytes, (size_t)build->format.width);
  return DC_OK;
}
