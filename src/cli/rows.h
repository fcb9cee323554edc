/* rows.h - the rows of the catalogue in one shape: what --functions and its like, \help, the manual pages and the
 * completion of shells are made of. A new kind of rows is one more function in rows.c. */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "base/mem.h"

typedef enum RowKind { ROWS_FUNCTIONS, ROWS_STATEMENTS, ROWS_ADAPTERS, ROWS_TRANSFORMS, ROWS_OPERATIONS, ROW_KINDS } RowKind;

typedef struct RowParam {
  Str name, default_text, doc; /* default_text.data NULL: none */
  bool mandatory;
} RowParam;

/* Empty texts: there is none. Everything lives until visit returns. */
typedef struct Row {
  Str group;       /* the heading it stands under; rows of a group follow each other */
  Str group_doc;
  Str name;
  Str aliases;     /* other names, separated by blanks */
  Str head;        /* how it is written: "STR_SLICE(text, from, to)", "x LIKE y"; may have several lines */
  Str use;         /* "reads and writes" */
  Str doc, example, result;
  const RowParam *params;
  size_t param_count;
  bool is_operator; /* its name is the same in any case */
  int priority;     /* of operators: higher binds tighter */
  bool in_library;
} Row;

/* "function or operator", "statement", … */
const char *rows_what(RowKind kind);
/* Calls visit for every row, in the order in which they are shown. */
void rows_each(RowKind kind, void (*visit)(void *self, const Row *row), void *self);
/* Is this one of the row's names? */
bool row_is_named(const Row *row, Str name, bool nocase);

#endif
