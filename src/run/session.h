/* session.h - runs scripts: variables, dataset names, options and the engine that belong to one run.
 *
 * One session runs its units one after another in one context, on one thread. It borrows the log, the output, the
 * library and the units (which must outlive it: functions and plans point into them) and owns everything else.
 */
#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include "lang/library.h"
#include "run/options.h"

typedef struct Session Session;

typedef enum ProgressMode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER } ProgressMode;

typedef struct SessionOptions {
  Log *log;
  FILE *out;          /* EXPLAIN, DESCRIBE, SHOW */
  Library *library;   /* NULL: none */
  Settings *settings; /* of environment and command line; OPTIONS add to them */
  bool collect_stats;
  ProgressMode progress;
  bool goes_on; /* more units come behind the first ones: nothing is given back as not mentioned any more */
} SessionOptions;

Session *session_new(const SessionOptions *options);
void session_free(Session *session); /* removes temporary files */

/* False: the name is read-only ($CWD, $"ENV:…", $"OPT:…"). */
bool session_set_variable(Session *session, Str name, Value value);
bool session_get_variable(Session *session, Str name, Value *out);

/* Applies the OPTIONS of all units, then runs them in order. Stops at the first error. A session that does not go on is
   complete then. */
DcCode session_run(Session *session, Unit *const *units, size_t count, DcError *err) DC_MUST_CHECK;

/* Runs one more unit, for a session that goes on. Variables, datasets and definitions of all units before are there,
   whatever became of those units. At its top level the value of a lone expression is printed, and so are the first rows
   of a SELECT without INTO. */
DcCode session_run_more(Session *session, const Unit *unit, DcError *err) DC_MUST_CHECK;

/* What was read from systems such as Kafka has arrived: they are told, and transactions that wait for this are committed. */
DcCode session_complete(Session *session, DcError *err) DC_MUST_CHECK;
/* Are there some that wait? */
bool session_has_open_transactions(const Session *session);

/* Calls visit for each name that a session knows. */
typedef enum SessionNames { SESSION_VARIABLES, SESSION_DATASETS, SESSION_FUNCTIONS, SESSION_PROCEDURES } SessionNames;
void session_names(const Session *session, SessionNames what, void (*visit)(void *self, Str name), void *self);

/* Has any COPY come to its end? */
bool session_has_written(const Session *session);

/* --stats: a table, or JSON. */
void session_print_stats(const Session *session, Buf *out, bool json);

/* DS_LIST, DS_ATTRS: built in, but only sessions know datasets. */
extern const Package session_package;

#endif
