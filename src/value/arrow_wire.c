/* arrow_wire.c - types and arrays as bytes. An array is a node, its buffers and its children, one behind the other, each padded
 * to 8 bytes. Bitmaps cannot begin within a byte, so up to 7 rows before the first one come along.
 */
#include "value/arrow_wire.h"

#include "value/arrow_format.h"

enum { MOST_LEVELS = 100 };
static const uint32_t NO_TEXT = UINT32_MAX;

/* --- Types --- */

static void put_u32(Buf *out, uint32_t number) { buf_put(out, &number, sizeof number); }
static void put_i64(Buf *out, int64_t number) { buf_put(out, &number, sizeof number); }

static void put_bytes(Buf *out, const char *data, size_t len) {
  put_u32(out, data ? (uint32_t)len : NO_TEXT);
  if (data) buf_put(out, data, len);
}

static void put_text(Buf *out, const char *text) { put_bytes(out, text, text ? strlen(text) : 0); }

/* Of names and values: their number, then each with its length before it. */
static size_t metadata_size(const char *metadata) {
  if (!metadata) return 0;
  const char *at = metadata + 4;
  for (int32_t texts = arrow_i32(metadata, 0); texts > 0; texts--)
    for (int i = 0; i < 2; i++) at += 4 + arrow_i32(at, 0);
  return (size_t)(at - metadata);
}

void arrow_wire_put_type(Buf *out, const struct ArrowSchema *type) {
  put_text(out, type->format);
  put_text(out, type->name);
  put_bytes(out, type->metadata, metadata_size(type->metadata));
  put_i64(out, type->flags);
  put_i64(out, type->n_children);
  for (int64_t i = 0; i < type->n_children; i++) arrow_wire_put_type(out, type->children[i]);
}

/* Bytes on their way in. */
typedef struct Incoming {
  const char *at, *end;
  Arena *arena;
  bool broken;
} Incoming;

static const void *take(Incoming *in, uint64_t len) {
  if (in->broken || len > (uint64_t)(in->end - in->at)) {
    in->broken = true;
    return NULL;
  }
  const char *found = in->at;
  in->at += len;
  return found;
}

static int64_t take_i64(Incoming *in) {
  const void *found = take(in, 8);
  return found ? arrow_i64(found, 0) : 0;
}

static const char *take_text(Incoming *in) {
  const void *size = take(in, 4);
  uint32_t len = size ? (uint32_t)arrow_i32(size, 0) : NO_TEXT;
  const char *text = len == NO_TEXT ? NULL : take(in, len);
  return text ? arena_copy(in->arena, text, len) : NULL;
}

static struct ArrowSchema *take_type(Incoming *in, int level) {
  struct ArrowSchema *type = arena_alloc(in->arena, sizeof *type);
  const char *format = take_text(in);
  type->format = format ? format : "";
  type->name = take_text(in);
  type->metadata = take_text(in);
  type->flags = take_i64(in);
  int64_t children = take_i64(in);
  if (level > MOST_LEVELS || children < 0 || children > in->end - in->at) in->broken = true; /* each has some bytes */
  if (in->broken) return type;
  type->n_children = children;
  type->children = arena_alloc(in->arena, ((size_t)children + 1) * sizeof(struct ArrowSchema *));
  for (int64_t i = 0; i < children; i++) type->children[i] = take_type(in, level + 1);
  return type;
}

static void release_type(struct ArrowSchema *type) {
  Arena *arena = type->private_data;
  type->release = NULL;
  arena_free(arena);
  dc_free(arena);
}

DcCode arrow_wire_take_type(const char **at, const char *end, struct ArrowSchema *out, DcError *err) {
  Arena *arena = dc_alloc(sizeof *arena);
  Incoming in = {.at = *at, .end = end, .arena = arena};
  *out = *take_type(&in, 0);
  out->release = release_type;
  out->private_data = arena;
  *at = in.at;
  if (!in.broken) return DC_OK;
  release_type(out);
  return dc_fail(err, "broken data: a type is cut short");
}

/* --- Arrays: the way out --- */

typedef struct Node {
  int64_t length;
  int32_t offset; /* rows that come along before the first one */
  int32_t nulls;  /* a bitmap follows */
} Node;

typedef struct Outgoing {
  char *out; /* NULL: only measured */
  uint64_t at;
  DcError *err;
} Outgoing;

static void put(Outgoing *to, const void *data, int64_t len) {
  if (to->out && len) memcpy(to->out + to->at, data, (size_t)len);
  to->at += ((uint64_t)len + 7) & ~UINT64_C(7);
}

static int64_t bitmap_bytes(int64_t rows) { return (rows + 7) / 8; }
static int64_t offset_at(const void *offsets, bool wide, int64_t i) { return wide ? arrow_i64(offsets, i) : arrow_i32(offsets, i); }

/* Offsets of rows base … base + n, as if the first one were 0; where it is and what lies between it and the last one. */
static DcCode put_offsets(Outgoing *to, const void *offsets, bool wide, int64_t base, int64_t n, int64_t *first, int64_t *bytes) {
  const int64_t zero = 0, width = wide ? 8 : 4;
  *first = n ? offset_at(offsets, wide, base) : 0;
  *bytes = n ? offset_at(offsets, wide, base + n) - *first : 0;
  if (*first < 0 || *bytes < 0) return dc_fail(to->err, "broken data: its offsets go back");
  if (n && to->out && *first) {
    char *out = to->out + to->at;
    for (int64_t i = 0; i <= n; i++) {
      int64_t offset = offset_at(offsets, wide, base + i) - *first;
      memcpy(out + i * width, &offset, (size_t)width); /* little endian */
    }
    to->at += (uint64_t)((n + 1) * width + 7) & ~UINT64_C(7);
  } else {
    put(to, n ? (const char *)offsets + base * width : (const void *)&zero, (n + 1) * width);
  }
  return DC_OK;
}

static DcCode put_array(Outgoing *to, const struct ArrowSchema *type, const struct ArrowArray *array, int64_t from, int64_t count);

static DcCode put_text_values(Outgoing *to, const struct ArrowArray *array, bool wide, int64_t base, int64_t n) {
  int64_t first, bytes;
  DC_TRY(put_offsets(to, array->buffers[1], wide, base, n, &first, &bytes));
  put(to, bytes ? (const char *)array->buffers[2] + first : NULL, bytes);
  return DC_OK;
}

static DcCode put_list(Outgoing *to, const struct ArrowSchema *type, const struct ArrowArray *array, bool wide, int64_t base, int64_t n) {
  int64_t first, count;
  DC_TRY(put_offsets(to, array->buffers[1], wide, base, n, &first, &count));
  return put_array(to, type->children[0], array->children[0], first, count);
}

/* Rows base … base + n of the buffers and children, where the bitmap is done. */
static DcCode put_values(Outgoing *to, const struct ArrowSchema *type, const struct ArrowArray *array, int64_t base, int64_t n) {
  ArrowFormat format = arrow_format(type);
  ArrowKind kind = type->dictionary ? ARROW_UNKNOWN : format.kind;
  switch (kind) {
    case ARROW_NULL: return DC_OK;
    case ARROW_BOOL: put(to, n ? (const char *)array->buffers[1] + base / 8 : NULL, bitmap_bytes(n)); return DC_OK;
    case ARROW_STRING: case ARROW_BINARY: return put_text_values(to, array, false, base, n);
    case ARROW_LARGE_STRING: case ARROW_LARGE_BINARY: return put_text_values(to, array, true, base, n);
    case ARROW_LIST: case ARROW_MAP: return put_list(to, type, array, false, base, n);
    case ARROW_LARGE_LIST: return put_list(to, type, array, true, base, n);
    case ARROW_FIXED_LIST: return put_array(to, type->children[0], array->children[0], base * format.width, n * format.width);
    case ARROW_STRUCT:
      for (int64_t i = 0; i < type->n_children; i++) DC_TRY(put_array(to, type->children[i], array->children[i], base, n));
      return DC_OK;
    case ARROW_UNKNOWN: case ARROW_STRING_VIEW: case ARROW_BINARY_VIEW: case ARROW_INTERVAL: case ARROW_LIST_VIEW: case ARROW_LARGE_LIST_VIEW:
    case ARROW_RUN_END: case ARROW_UNION:
      return dc_fail(to->err, "arrays of the type %s cannot be handed over", type->format ? type->format : "?");
    default: put(to, n ? (const char *)array->buffers[1] + base * format.width : NULL, n * format.width); return DC_OK;
  }
}

/* Rows from … from + count, counted from the array's own offset on. */
static DcCode put_array(Outgoing *to, const struct ArrowSchema *type, const struct ArrowArray *array, int64_t from, int64_t count) {
  int64_t start = array->offset + from, lead = count ? start & 7 : 0, base = start - lead, n = count + lead;
  bool nulls = count && array->null_count && array->n_buffers && array->buffers[0];
  Node node = {count, (int32_t)lead, nulls};
  put(to, &node, sizeof node);
  if (nulls) put(to, (const char *)array->buffers[0] + base / 8, bitmap_bytes(n));
  return put_values(to, type, array, base, n);
}

DcCode arrow_wire_size(const struct ArrowSchema *type, const struct ArrowArray *array, uint64_t *out, DcError *err) {
  Outgoing to = {.err = err};
  DC_TRY(put_array(&to, type, array, 0, array->length));
  *out = to.at;
  return DC_OK;
}

void arrow_wire_put(const struct ArrowSchema *type, const struct ArrowArray *array, char *out) {
  DcError err = {0};
  Outgoing to = {.out = out, .err = &err};
  (void)put_array(&to, type, array, 0, array->length); /* arrow_wire_size has found no fault */
}

/* --- Arrays: the way in --- */

static void release_nothing(struct ArrowArray *array) { array->release = NULL; }

static const void *take_padded(Incoming *in, int64_t count, int64_t width) {
  int64_t len = 0;
  if (count < 0 || __builtin_mul_overflow(count, width, &len) || len > INT64_MAX - 7) in->broken = true;
  return take(in, ((uint64_t)len + 7) & ~UINT64_C(7));
}

static void take_array(Incoming *in, const struct ArrowSchema *type, struct ArrowArray *out);

static void take_children(Incoming *in, const struct ArrowSchema *type, struct ArrowArray *out) {
  out->n_children = type->n_children;
  out->children = arena_alloc(in->arena, ((size_t)type->n_children + 1) * sizeof *out->children);
  for (int64_t i = 0; i < type->n_children; i++) {
    out->children[i] = arena_alloc(in->arena, sizeof **out->children);
    take_array(in, type->children[i], out->children[i]);
  }
}

/* Offsets, and the number of what they are offsets of. */
static const void *take_offsets(Incoming *in, bool wide, int64_t n, int64_t *count) {
  const void *offsets = take_padded(in, n + 1, wide ? 8 : 4);
  *count = offsets ? offset_at(offsets, wide, n) : 0;
  if (*count < 0) in->broken = true;
  return offsets;
}

static void take_list(Incoming *in, const struct ArrowSchema *type, bool wide, int64_t n, const void **buffers, struct ArrowArray *out) {
  int64_t count;
  out->n_buffers = 2;
  buffers[1] = take_offsets(in, wide, n, &count);
  take_children(in, type, out);
  if (out->n_children != 1 || out->children[0]->length < count) in->broken = true;
}

static void take_values(Incoming *in, const struct ArrowSchema *type, int64_t n, const void **buffers, struct ArrowArray *out) {
  ArrowFormat format = arrow_format(type);
  int64_t count;
  bool wide = format.kind == ARROW_LARGE_STRING || format.kind == ARROW_LARGE_BINARY || format.kind == ARROW_LARGE_LIST;
  switch (format.kind) {
    case ARROW_NULL: out->n_buffers = 0; break;
    case ARROW_BOOL: buffers[1] = take_padded(in, bitmap_bytes(n), 1); break;
    case ARROW_STRING: case ARROW_BINARY: case ARROW_LARGE_STRING: case ARROW_LARGE_BINARY:
      out->n_buffers = 3;
      buffers[1] = take_offsets(in, wide, n, &count);
      buffers[2] = take_padded(in, count, 1);
      break;
    case ARROW_LIST: case ARROW_MAP: case ARROW_LARGE_LIST: take_list(in, type, wide, n, buffers, out); break;
    case ARROW_FIXED_LIST: case ARROW_STRUCT:
      out->n_buffers = 1;
      take_children(in, type, out);
      break;
    case ARROW_UNKNOWN: case ARROW_STRING_VIEW: case ARROW_BINARY_VIEW: case ARROW_INTERVAL: case ARROW_LIST_VIEW: case ARROW_LARGE_LIST_VIEW:
    case ARROW_RUN_END: case ARROW_UNION: in->broken = true; break;
    default: buffers[1] = take_padded(in, n, format.width); break;
  }
}

static void take_array(Incoming *in, const struct ArrowSchema *type, struct ArrowArray *out) {
  Node node = {0};
  const void *found = take(in, sizeof node);
  if (found) memcpy(&node, found, sizeof node);
  if (node.length < 0 || node.length > INT64_MAX / 64 || node.offset < 0 || node.offset > 7) in->broken = true;
  if (in->broken) return;
  int64_t n = node.length + node.offset;
  const void **buffers = arena_alloc(in->arena, 3 * sizeof *buffers);
  *out = (struct ArrowArray){.length = node.length, .offset = node.offset, .null_count = node.nulls ? -1 : 0, .n_buffers = 2,
                             .buffers = buffers, .release = release_nothing};
  if (node.nulls) buffers[0] = take_padded(in, bitmap_bytes(n), 1);
  take_values(in, type, n, buffers, out);
}

DcCode arrow_wire_take(const struct ArrowSchema *type, const char *data, uint64_t size, Arena *arena, struct ArrowArray *out, DcError *err) {
  Incoming in = {.at = data, .end = data + size, .arena = arena};
  take_array(&in, type, out);
  return in.broken ? dc_fail(err, "broken data: a batch is cut short") : DC_OK;
}
