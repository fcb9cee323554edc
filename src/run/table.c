/* table.c - collects cells, then prints them with widths counted in characters. */
#include "run/table.h"

#include <stdarg.h>
#include <stdio.h>

void table_start(Table *table, const char *const *heads, size_t columns) {
  memset(table, 0, sizeof *table);
  table->heads = heads;
  table->columns = columns;
}

void table_str(Table *table, Str text) {
  VEC_GROW(table->cells, table->count, table->cap);
  table->cells[table->count++] = arena_str(&table->arena, text);
}

void table_put(Table *table, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  size_t used = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
  table_str(table, str_make(text, used));
}

static size_t width_of(Str text) {
  size_t width = 0;
  for (size_t i = 0; i < text.len; i++) width += ((unsigned char)text.data[i] & 0xC0) != 0x80;
  return width;
}

static void put_cell(Buf *out, Str text, size_t width, bool right, bool last) {
  size_t pad = width - width_of(text);
  for (size_t i = 0; right && i < pad; i++) buf_char(out, ' ');
  buf_str(out, text);
  for (size_t i = 0; !right && !last && i < pad; i++) buf_char(out, ' ');
  if (!last) buf_text(out, "  ");
}

void table_print(Table *table, Buf *out) {
  size_t columns = table->columns, *widths = arena_alloc(&table->arena, columns * sizeof *widths);
  for (size_t i = 0; i < columns; i++) widths[i] = width_of(str_of(table->heads[i] + (*table->heads[i] == '>')));
  for (size_t i = 0; i < table->count; i++) {
    size_t width = width_of(table->cells[i]);
    if (width > widths[i % columns]) widths[i % columns] = width;
  }
  for (size_t i = 0; i < columns; i++) {
    bool right = *table->heads[i] == '>';
    put_cell(out, str_of(table->heads[i] + right), widths[i], right, i + 1 == columns);
  }
  buf_char(out, '\n');
  for (size_t i = 0; i < table->count; i++) {
    size_t column = i % columns;
    put_cell(out, table->cells[i], widths[column], *table->heads[column] == '>', column + 1 == columns);
    if (column + 1 == columns) buf_char(out, '\n');
  }
  dc_free(table->cells);
  arena_free(&table->arena);
}
