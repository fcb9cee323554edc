/* statements.h - the statements and clauses of the language as rows: manual page, --statements and \help come from them.
 * The grammar (grammar/tdl.y) decides what is accepted; a test parses every example. */
#ifndef LANG_STATEMENTS_H
#define LANG_STATEMENTS_H

#include "base/str.h"

typedef struct StatementRow {
  const char *group;   /* the section it belongs to; rows of a group follow each other */
  const char *name;    /* "SELECT", "GROUP BY" */
  const char *syntax;  /* lines; words in capitals as they stand, the rest is to be filled in */
  const char *doc;     /* whole sentences */
  const char *example; /* whole statements, each with its ';' */
} StatementRow;

const StatementRow *statement_rows(size_t *count);
/* The row that a statement with this first word belongs to, in any case; NULL: there is none. */
const StatementRow *statement_find(Str word);

#endif
