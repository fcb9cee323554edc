/* arrow_export.c - columns as Arrow arrays. Columns that lie as Arrow wants them are copied whole; others go value by
 * value into growing buffers. In the end all buffers of a batch are one block of the budget, which every array of the
 * tree has a reference to: children may be moved away and outlive the rest, as the interface allows.
 */
#include <math.h>

#include "value/arrow_build.h"
#include "value/arrow_format.h"

enum { ALIGNMENT = 64 };

/* --- Arrays --- */

/* What an array owns. */
typedef struct Owned {
  Slab *slab;
  const void *buffers[ARROW_MOST_BUFFERS];
  struct ArrowArray **children;
  struct ArrowArray *storage; /* where the children lie, unless they were moved */
} Owned;

static void release(struct ArrowArray *array) {
  Owned *owned = array->private_data;
  for (int64_t i = 0; i < array->n_children; i++)
    if (array->children[i]->release) array->children[i]->release(array->children[i]);
  slab_unref(owned->slab);
  dc_free(owned->children);
  dc_free(owned->storage);
  dc_free(owned);
  array->release = NULL;
}

static Owned *make_array(struct ArrowArray *out, Slab *slab, int64_t rows, int64_t nulls, int64_t buffers,
                         int64_t children) {
  Owned *owned = dc_alloc(sizeof *owned);
  owned->slab = slab_ref(slab);
  if (children) {
    owned->storage = dc_alloc((size_t)children * sizeof *owned->storage);
    owned->children = dc_alloc((size_t)children * sizeof *owned->children);
    for (int64_t i = 0; i < children; i++) owned->children[i] = &owned->storage[i];
  }
  *out = (struct ArrowArray){.length = rows, .null_count = nulls, .n_buffers = buffers, .n_children = children,
                             .buffers = owned->buffers, .children = owned->children, .release = release,
                             .private_data = owned};
  return owned;
}

/* The next part of the block; what lies behind its bytes up to the next one is 0. */
static char *cut(Slab *slab, size_t *at, size_t bytes) {
  char *part = slab->data + *at;
  size_t whole = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  memset(part + bytes, 0, whole - bytes);
  *at += whole;
  return part;
}

static size_t padded(size_t bytes) { return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1); }

static size_t built_size(const ArrowBuild *build) {
  size_t size = 0;
  for (int i = 0; i < build->buffer_count; i++) size += padded(build->buffers[i].len);
  for (int64_t i = 0; i < build->child_count; i++) size += built_size(&build->children[i]);
  return size;
}

static void give_built(const ArrowBuild *build, Slab *slab, size_t *at, struct ArrowArray *out) {
  Owned *owned = make_array(out, slab, build->rows, build->nulls, build->buffer_count, build->child_count);
  for (int i = 0; i < build->buffer_count; i++) {
    const Buf *from = &build->buffers[i];
    char *to = cut(slab, at, from->len);
    if (from->len) memcpy(to, from->data, from->len);
    if (i > 0 || build->nulls) owned->buffers[i] = to;
  }
  for (int64_t i = 0; i < build->child_count; i++) give_built(&build->children[i], slab, at, out->children[i]);
}

/* --- Columns that are copied --- */

typedef struct Export {
  const Column *column;
  const char *name;
  const struct ArrowSchema *type;
  ArrowFormat format;
  uint32_t rows;
  bool copied;      /* else build has the values */
  ArrowBuild build;
} Export;

/* Only those that are out of range have to be looked at one by one. */
static bool ints_fit(const Export *e) {
  const int64_t *values = e->column->values;
  if (arrow_ints_fit(values, NULL, e->rows, e->type)) return true;
  for (uint32_t i = 0; i < e->rows; i++)
    if (column_valid(e->column, i) && !arrow_ints_fit(&values[i], NULL, 1, e->type)) return false;
  return true;
}

/* An encoded value: a DECIMAL in *out, or NULL (false). */
static inline bool encoded_decimal(const Column *column, uint32_t row, Decimal *out) {
  const char *bytes = (const char *)column->values + column->offsets[row];
  if (!column_valid(column, row) || *bytes != TYPE_DECIMAL) return false;
  memcpy(out, bytes + 1, sizeof *out);
  return true;
}

static bool decimals_fit(const Export *e) {
  Decimal decimal;
  __int128 limit = (__int128)decimal_power(e->format.precision);
  for (uint32_t i = 0; i < e->rows; i++) {
    const char *bytes = (const char *)e->column->values + e->column->offsets[i];
    if (!encoded_decimal(e->column, i, &decimal)) {
      if (column_valid(e->column, i) && *bytes != TYPE_NULL) return false;
    } else if (decimal.scale != e->format.scale || decimal.unscaled >= limit || decimal.unscaled <= -limit) {
      return false;
    }
  }
  return true;
}

static bool is_copied(const Export *e) {
  ArrowKind kind = e->format.kind;
  switch (e->column->kind) {
    case COLUMN_BOOL: return kind == ARROW_BOOL;
    case COLUMN_INT: return (arrow_is_int(kind) || kind == ARROW_DURATION) && ints_fit(e);
    case COLUMN_DOUBLE: return kind == ARROW_FLOAT64;
    case COLUMN_STRING:
      if (kind == ARROW_LARGE_STRING || kind == ARROW_LARGE_BINARY) return true;
      return (kind == ARROW_STRING || kind == ARROW_BINARY) &&
             e->column->offsets[e->rows] - e->column->offsets[0] <= INT32_MAX;
    case COLUMN_FLAT:
      return (kind == ARROW_DATE32 || kind == ARROW_TIMESTAMP || kind == ARROW_FLOAT32) &&
             arrow_values_fit(e->column->values, e->rows, e->type);
    case COLUMN_VALUE: return kind == ARROW_DECIMAL && e->format.width == 16 && decimals_fit(e);
    case COLUMN_ABSENT: break;
  }
  return false;
}

static bool is_text(const Export *e) { return e->column->kind == COLUMN_STRING; }

/* Values that say themselves whether they are NULL. */
static bool has_inner_nulls(const Export *e) {
  return e->column->kind == COLUMN_FLAT || e->column->kind == COLUMN_VALUE;
}

static size_t values_size(const Export *e) {
  if (is_text(e)) return ((size_t)e->rows + 1) * (size_t)e->format.width;
  return e->format.kind == ARROW_BOOL ? ((size_t)e->rows + 7) / 8 : (size_t)e->rows * (size_t)e->format.width;
}

static size_t export_size(const Export *e) {
  if (!e->copied) return built_size(&e->build);
  size_t size = padded(values_size(e));
  if (e->column->validity || has_inner_nulls(e)) size += padded(((size_t)e->rows + 7) / 8);
  return is_text(e) ? size + padded(e->column->offsets[e->rows] - e->column->offsets[0]) : size;
}

static bool inner_valid(const Export *e, uint32_t row) {
  Decimal ignored;
  if (e->column->kind == COLUMN_VALUE) return encoded_decimal(e->column, row, &ignored);
  return ((const Value *)e->column->values)[row].type != TYPE_NULL;
}

/* The bitmap, without bits behind the last row; gives the number of NULLs. */
static int64_t copy_validity(const Export *e, char *to) {
  size_t bytes = ((size_t)e->rows + 7) / 8;
  int64_t valid = 0;
  if (has_inner_nulls(e)) {
    memset(to, 0, bytes);
    for (uint32_t i = 0; i < e->rows; i++) to[i >> 3] |= (char)(inner_valid(e, i) << (i & 7));
  } else {
    memcpy(to, e->column->validity, bytes);
  }
  if (e->rows & 7) to[bytes - 1] &= (char)((1u << (e->rows & 7)) - 1);
  for (size_t i = 0; i < bytes; i++) valid += __builtin_popcount((unsigned char)to[i]);
  return e->rows - valid;
}

static void copy_bools(const Export *e, char *to) {
  const uint8_t *from = e->column->values;
  memset(to, 0, ((size_t)e->rows + 7) / 8);
  for (uint32_t i = 0; i < e->rows; i++) to[i >> 3] |= (char)((from[i] != 0) << (i & 7));
}

static void copy_ints(const Export *e, char *to) {
  const int64_t *from = e->column->values;
  switch (e->format.width) {
    case 1: for (uint32_t i = 0; i < e->rows; i++) to[i] = (char)from[i]; break;
    case 2: {
      int16_t *out = (int16_t *)(void *)to;
      for (uint32_t i = 0; i < e->rows; i++) out[i] = (int16_t)from[i];
      break;
    }
    case 4: {
      int32_t *out = (int32_t *)(void *)to;
      for (uint32_t i = 0; i < e->rows; i++) out[i] = (int32_t)from[i];
      break;
    }
    default: if (e->rows) memcpy(to, from, (size_t)e->rows * 8);
  }
}

static void copy_decimals(const Export *e, char *to) {
  for (uint32_t i = 0; i < e->rows; i++) {
    Decimal decimal = {0};
    (void)encoded_decimal(e->column, i, &decimal);
    memcpy(to + (size_t)i * sizeof decimal.unscaled, &decimal.unscaled, sizeof decimal.unscaled);
  }
}

/* In a loop of their own for each unit, so that it divides by a constant. NULLs are 0. */
static inline void copy_stamps(const Value *from, uint32_t rows, int64_t unit, int64_t *out) {
  for (uint32_t i = 0; i < rows; i++) {
    out[i] = 0;
    if (from[i].type == TYPE_TIMESTAMP) (void)arrow_count(from[i], unit, &out[i]);
  }
}

static void copy_flat(const Export *e, void *to) {
  const Value *from = e->column->values;
  int32_t *days = to;
  float *singles = to;
  switch (e->format.kind) {
    case ARROW_DATE32: for (uint32_t i = 0; i < e->rows; i++) days[i] = (int32_t)from[i].as.i; break;
    case ARROW_FLOAT32: for (uint32_t i = 0; i < e->rows; i++) singles[i] = (float)from[i].as.d; break;
    default:
      switch (e->format.unit) {
        case 's': copy_stamps(from, e->rows, 1, to); break;
        case 'm': copy_stamps(from, e->rows, 1000, to); break;
        case 'u': copy_stamps(from, e->rows, 1000000, to); break;
        default: copy_stamps(from, e->rows, 1000000000, to); break;
      }
  }
}

static void copy_offsets(const Export *e, char *to) {
  const uint32_t *from = e->column->offsets;
  if (e->format.width == 8) {
    int64_t *out = (int64_t *)(void *)to;
    for (uint32_t i = 0; i <= e->rows; i++) out[i] = from[i] - from[0];
  } else {
    uint32_t *out = (uint32_t *)(void *)to;
    for (uint32_t i = 0; i <= e->rows; i++) out[i] = from[i] - from[0];
  }
}

static void give_copied(const Export *e, Slab *slab, size_t *at, struct ArrowArray *out) {
  Owned *owned = make_array(out, slab, e->rows, 0, is_text(e) ? 3 : 2, 0);
  if (e->column->validity || has_inner_nulls(e)) {
    char *bits = cut(slab, at, ((size_t)e->rows + 7) / 8);
    out->null_count = copy_validity(e, bits);
    if (out->null_count) owned->buffers[0] = bits;
  }
  char *values = cut(slab, at, values_size(e));
  owned->buffers[1] = values;
  if (e->format.kind == ARROW_BOOL) copy_bools(e, values);
  else if (e->column->kind == COLUMN_FLAT) copy_flat(e, values);
  else if (e->column->kind == COLUMN_VALUE) copy_decimals(e, values);
  else if (!is_text(e)) copy_ints(e, values);
  if (!is_text(e)) return;
  copy_offsets(e, values);
  size_t len = e->column->offsets[e->rows] - e->column->offsets[0];
  char *bytes = cut(slab, at, len);
  owned->buffers[2] = bytes;
  if (len) memcpy(bytes, (const char *)e->column->values + e->column->offsets[0], len);
}

/* --- The batch --- */

static DcCode fail_row(const Export *e, uint32_t row, const DcError *why, DcError *err) {
  dc_fail(err, "column \"%s\", row %u: %s", e->name, row + 1, why->message);
  if (why->hint[0]) dc_hint(err, "%s", why->hint);
  return err->code;
}

static DcCode build_column(Export *e, Arena *arena, DcError *err) {
  DC_TRY(arrow_build_init(&e->build, e->type, arena, err));
  Arena scratch = {0};
  DcError why = {0};
  arena_raw(&scratch, 1); /* so that there is something to go back to */
  ArenaMark mark = arena_mark(&scratch);
  DcCode code = DC_OK;
  for (uint32_t i = 0; i < e->rows && code == DC_OK; i++) {
    Value value = e->column->kind == COLUMN_ABSENT ? value_null() : column_value(e->column, i, &scratch);
    code = arrow_build_add(&e->build, value, &scratch, &why);
    if (code != DC_OK) fail_row(e, i, &why, err);
    arena_rewind(&scratch, mark);
  }
  arrow_build_finish(&e->build);
  arena_free(&scratch);
  return code;
}

static DcCode export_all(Budget *budget, Export *exports, uint32_t count, uint32_t rows, Arena *arena,
                         struct ArrowArray *out, DcError *err) {
  size_t size = 0, at = 0;
  for (uint32_t i = 0; i < count; i++) {
    exports[i].copied = is_copied(&exports[i]);
    if (!exports[i].copied) DC_TRY(build_column(&exports[i], arena, err));
    size += export_size(&exports[i]);
  }
  Slab *slab;
  DC_TRY(slab_new(budget, size, "a batch of rows to be written", &slab, err));
  make_array(out, slab, rows, 0, 1, count);
  for (uint32_t i = 0; i < count; i++) {
    if (exports[i].copied) give_copied(&exports[i], slab, &at, out->children[i]);
    else give_built(&exports[i].build, slab, &at, out->children[i]);
  }
  slab_unref(slab);
  return DC_OK;
}

DcCode arrow_export(Budget *budget, const Column *columns, uint32_t count, uint32_t rows,
                    const struct ArrowSchema *type, struct ArrowArray *out, DcError *err) {
  if (arrow_format(type).kind != ARROW_STRUCT || type->n_children != count)
    return dc_fail(err, "%u columns cannot be written as %lld", count, (long long)type->n_children);
  Arena arena = {0};
  Export *exports = arena_alloc(&arena, (count + (size_t)1) * sizeof *exports);
  for (uint32_t i = 0; i < count; i++) {
    const struct ArrowSchema *plain = arrow_plain(type->children[i]);
    const char *name = type->children[i]->name ? type->children[i]->name : "";
    exports[i] = (Export){.column = &columns[i], .name = name, .type = plain, .format = arrow_format(plain),
                          .rows = rows};
  }
  DcCode code = export_all(budget, exports, count, rows, &arena, out, err);
  for (uint32_t i = 0; i < count; i++) arrow_build_free(&exports[i].build);
  arena_free(&arena);
  return code;
}
