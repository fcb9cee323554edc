/* repl.h - the shell: reads statements from standard input and runs them one after another in one session. */
#ifndef CLI_REPL_H
#define CLI_REPL_H

#include "run/session.h"

typedef struct ReplOptions {
  Session *session; /* made with goes_on */
  Log *log;
  Unit *const *units; /* checked units that the session has run already: their functions are known */
  size_t unit_count;
  Library *library;   /* of the session; NULL: none */
  int *next_number;   /* of the next statement */
} ReplOptions;

typedef struct Repl Repl;
Repl *repl_new(const ReplOptions *options);
/* Until the end of the input or \quit. Errors of statements are printed and do not end it; SIGTERM does. */
DcCode repl_run(Repl *repl, DcError *err) DC_MUST_CHECK;
/* Frees the texts and trees of what was run: only when the session is gone. */
void repl_free(Repl *repl);

#endif
