/* check_internal.h - shared by the files of the static check. */
#ifndef LANG_CHECK_INTERNAL_H
#define LANG_CHECK_INTERNAL_H

#include "lang/library.h"

/* What a bare name means where an expression stands. */
typedef enum NameUse {
  NAME_REFUSED, /* loose: there is no record */
  NAME_TEXT,    /* LET, values of parameters: its own text */
  NAME_ATTRIBUTE,
} NameUse;

/* An own function, as it was defined somewhere in the run. */
typedef struct OwnFunction {
  Str name;
  const Definition *definition;
} OwnFunction;

typedef struct Checker {
  Diagnostics *diag;
  Library *library; /* NULL: none */
  OwnFunction *own; /* sorted by name */
  size_t own_count, own_cap;
  const Select *shown;    /* a SELECT that needs no INTO; NULL: none */
  /* Where the statement stands. */
  const Stmt *definition; /* the FUNCTION, TRANSFORM or PROCEDURE around it; NULL outside */
  int loops;              /* LOOP and WHILE around it, inside of the definition */
  /* Where the expression stands. */
  NameUse names;
  bool aggregates;  /* SUM(x), COUNT(*) are possible here */
  bool in_aggregate;
  bool windows;     /* OVER (…) is possible here */
  bool in_window;   /* inside of a call with OVER, or of its OVER */
} Checker;

void check_error(Checker *checker, Position pos, const char *hint, const char *format, ...) DC_PRINTF(4, 5);
/* NULL is fine. */
void check_expr(Checker *checker, const Expr *expr, NameUse names);
void check_name(Checker *checker, const Name *name);
/* Any definition of that name, and how many there are; NULL: none. */
const OwnFunction *own_find(const Checker *checker, Str name, size_t *count);

/* check_flow.c: does every way through the block end in RETURN or RAISE ERROR? */
bool block_ends(const Block *block);
/* Is there a FETCH, RETURN or RAISE ERROR in it? */
bool block_can_stop(const Block *block);

/* check_query.c */
void check_select(Checker *checker, const Select *select, Position pos, bool into_variable);
void check_scope(Checker *checker, const Scope *scope);
void check_params(Checker *checker, const Param *params, size_t count);
void check_invocation(Checker *checker, const Invocation *invocation);
void check_dataset_stmt(Checker *checker, const Stmt *stmt);

#endif
