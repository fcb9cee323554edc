/* arrow_values.h - what the tests of Arrow's types and arrays share. */
#ifndef UNIT_ARROW_VALUES_H
#define UNIT_ARROW_VALUES_H

#include "unit/evaluate.h"
#include "value/arrow.h"

static Budget *budget;
static Arena arena;
static DcError err;

static inline const char *print(Value value) {
  Str text = value_to_str(&arena, value);
  return arena_copy(&arena, text.data, text.len);
}

static inline const struct ArrowSchema *type_of(const char *text) {
  const struct ArrowSchema *type;
  ck_assert_msg(arrow_type_parse(str_of(text), &arena, &type, &err) == DC_OK, "%s: %s", text, err.message);
  return type;
}

/* A type that arrow_type_parse has no text for. */
static inline struct ArrowSchema *format_of(const char *format, int64_t children) {
  struct ArrowSchema *type = arena_alloc(&arena, sizeof *type);
  *type = (struct ArrowSchema){.format = format, .name = "x", .flags = ARROW_FLAG_NULLABLE, .n_children = children};
  if (children) type->children = arena_alloc(&arena, (size_t)children * sizeof *type->children);
  return type;
}

static inline const char *column_text(const Column *column, uint32_t rows) {
  Buf text = {0};
  for (uint32_t i = 0; i < rows; i++) {
    if (i) buf_text(&text, " | ");
    value_print(&text, column_value(column, i, &arena));
  }
  const char *copy = arena_copy(&arena, text.data, text.len);
  buf_free(&text);
  return copy;
}

static inline void setup(void) {
  budget = budget_new(1 << 30);
  dc_error_clear(&err);
}

static inline void teardown(void) {
  ck_assert_uint_eq(budget_used(budget), 0);
  budget_free(budget);
  arena_free(&arena);
}

#endif
