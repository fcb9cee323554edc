/* table.h - a text table with columns as wide as they need, for SHOW and --stats. */
#ifndef RUN_TABLE_H
#define RUN_TABLE_H

#include "base/mem.h"

typedef struct Table {
  size_t columns;
  const char *const *heads;
  Str *cells; /* row after row, in arena */
  size_t count, cap;
  Arena arena;
} Table;

/* Heads outlive the table; one that starts with '>' is set to the right. */
void table_start(Table *table, const char *const *heads, size_t columns);
/* The next cell. */
void table_put(Table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_str(Table *table, Str text);
/* Appends head and rows, then frees the table. */
void table_print(Table *table, Buf *out);

#endif
