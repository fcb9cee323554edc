/* session_internal.h - what the files of run/ share about a session. Nothing outside of run/ includes it. */
#ifndef RUN_SESSION_INTERNAL_H
#define RUN_SESSION_INTERNAL_H

#include "lang/library.h"
#include "run/hook.h"
#include "run/datasets.h"
#include "run/progress.h"
#include "run/session.h"
#include "run/stats.h"
#include "run/variables.h"

/* What a statement asks the statements around it to do. */
typedef enum Flow { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE, FLOW_RETURN } Flow;

/* Own functions, procedures or transforms, by name. `ahead` is the first definition of the scripts, usable before it is run. What
   no script defines is looked up in the library. */
typedef struct Definitions {
  Library *library; /* may be NULL */
  LibraryKind kind;
  NameMap names;
  struct DefinitionEntry {
    const Definition *now, *ahead;
  } *entries; /* by number of the name */
  uint32_t cap;
} Definitions;

/* A SPLIT whose datasets nobody has asked for yet. */
typedef struct PendingFamily {
  Str prefix; /* heap */
  Position pos;
  Family *family;
} PendingFamily;

/* The hidden datasets of the innermost running CALL with INPUT or OUTPUT (stmt_call.c). */
typedef struct HiddenCall {
  Str prefix;        /* of their names */
  uint32_t first;    /* number of the first that may be one */
  uint32_t depth;    /* call_depth of its body */
  const Block *body;
} HiddenCall;

/* Warnings that are given once for a place in the script. */
typedef enum PlaceKind { PLACE_UNKNOWN_VARIABLE, PLACE_MISSING_PARTITION, PLACE_READ_ONLY } PlaceKind;
typedef struct Place {
  PlaceKind kind;
  Position pos;
  uint64_t count, shown;
} Place;

struct Session {
  Log *log;
  FILE *out;
  Settings *settings;
  bool collect_stats, goes_on;
  ProgressMode progress_mode;
  ProgressBar *progress_bar;
  Engine *engine; /* made when a statement first needs it */
  Arena arena;    /* what lives as long as the session */

  Variables *variables;
  Str cwd;
  Definitions functions, procedures, transforms;
  EvalContext cx; /* arena and err are those of the running statement */

  Datasets datasets;
  Dataset *dual;
  Liveness *liveness;
  PendingFamily *families;
  size_t family_count, family_cap;

  /* The running statement. */
  Arena **scratch; /* one for each level of nested statements */
  uint32_t depth, scratch_cap;
  const Stmt *stmt;
  const Stmt *shown; /* the one whose result is printed; NULL: none */
  uint32_t position; /* of the statement in the liveness order */
  uint32_t outer;    /* of the outermost running LOOP, WHILE or CALL; 0: none */
  uint32_t loop_depth, call_depth;
  struct RoundDataset { Str name; const LoopRound *round; } *round_datasets; /* made in the rounds that run */
  size_t round_count, round_cap;
  const HiddenCall *hidden; /* NULL: none */
  uint64_t calls;    /* rounds of CALL so far: each has hidden names of its own */
  bool begun; /* engine_begin_statement was called for it */
  StatementStats *stats_now;
  Flow flow;
  bool has_written;

  NameMap place_names; /* bytes of kind, source and offset */
  Place *places;
  uint32_t place_cap;
  bool places_pending;

  Arena metrics_arena; /* rows of "_metrics" */
  Value *metrics;
  size_t metrics_count, metrics_cap; /* values */
  bool metrics_stale;

  const Stmt **options_done; /* OPTIONS applied before the first statement */
  size_t options_count, options_cap;

  Stats stats;
};

/* session.c */
DcCode session_block(Session *session, const Block *block, DcError *err) DC_MUST_CHECK;
DcCode session_stmt(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
/* The engine, made on first use, with the running statement begun. */
DcCode session_engine(Session *session, Engine **out, DcError *err) DC_MUST_CHECK;
/* A dataset was made: if it belongs to a round of a running LOOP, it goes with its last mention there. */
void session_made(Session *session, Str name, Position pos);
/* A round of the loop is over. */
void session_end_round(Session *session, const Stmt *loop);
/* Call before anything that needs rows: drops the datasets that nothing can mention behind this statement. */
void session_before_rows(Session *session);

/* definitions.c */
void definitions_deinit(Definitions *definitions);
const Definition *definitions_get(const Definitions *definitions, Str name);
void definitions_ahead(Definitions *definitions, const Definition *definition);
DcCode definitions_add(Definitions *definitions, const char *what, const Definition *definition, DcError *err) DC_MUST_CHECK;
void definitions_drop(Definitions *definitions, Str name);
Str definitions_spell(const Definitions *definitions, Str wanted);

/* session_eval.c: values and names in the running statement; results live in its scratch arena. */
void session_context_init(Session *session);
DcCode session_eval(Session *session, const Expr *expr, NameMode names, Value *out, DcError *err) DC_MUST_CHECK;
/* The same in loose context, where a lone unknown variable is nothing to warn about. */
DcCode session_eval_maybe(Session *session, const Expr *expr, Value *out, DcError *err) DC_MUST_CHECK;
DcCode session_name(Session *session, const Name *name, Str *out, DcError *err) DC_MUST_CHECK;
/* A whole number from min on; what names it in errors. */
DcCode session_count(Session *session, const Expr *expr, const char *what, uint32_t min, uint32_t *out, DcError *err) DC_MUST_CHECK;
DcCode session_params(Session *session, const Invocation *invocation, ParamValue **out, DcError *err) DC_MUST_CHECK;
/* The names of all VALUE lists; *out NULL when there is none. */
DcCode session_columns(Session *session, const Invocation *invocation, Str **out, size_t *count, DcError *err) DC_MUST_CHECK;
/* Assigns unless the name is read-only. */
bool is_read_only(Str name); /* $CWD, $"ENV:…", $"OPT:…" */
void session_assign(Session *session, Str name, Position pos, Value value);
/* Counts an event at a place; the warning is given at the end of the outermost statement. */
void session_count_place(Session *session, PlaceKind kind, Position pos, uint64_t count);
/* true the first time for this place. */
bool session_first_time(Session *session, PlaceKind kind, Position pos);
void session_flush_places(Session *session);
/* RAISE below ERROR. */
void session_raise(Session *session, RaiseLevel level, Position pos, Str message);

/* scopes.c */
typedef struct Chosen {
  Str name;         /* of the dataset */
  Dataset *dataset; /* an owned reference */
  uint32_t group;   /* number of the FROM or INTO it came from */
  Position pos;
} Chosen;
typedef struct ChosenList {
  Chosen *items;
  size_t count, cap;
} ChosenList;
void chosen_add(ChosenList *list, Str name, Dataset *dataset, Position pos);
void chosen_free(ChosenList *list); /* drops the references */
/* One more reference to the dataset of that name. */
DcCode session_dataset(Session *session, Str name, Position pos, Dataset **out, DcError *err) DC_MUST_CHECK;
/* All datasets with names longer than prefix; none is an error. */
DcCode session_wildcard(Session *session, Str prefix, Position pos, ChosenList *out, DcError *err) DC_MUST_CHECK;
/* Is the name in use, as "dual", a dataset, or a tombstone? */
DcCode session_taken(Session *session, Str name, bool *taken, DcError *err) DC_MUST_CHECK;
/* Appends the datasets of a scope, its PARTITION applied; *prefix (may be NULL) gets the name or wildcard prefix. */
DcCode session_scope(Session *session, const Scope *scope, ChosenList *out, Str *prefix, DcError *err) DC_MUST_CHECK;
/* Applies PARTITION parts to an owned reference, in place. */
DcCode session_partition(Session *session, const Expr *parts, Dataset **dataset, DcError *err) DC_MUST_CHECK;
/* Runs all pending families that start with prefix or that prefix may belong to, so that their names are known. */
DcCode session_settle(Session *session, Str prefix, DcError *err) DC_MUST_CHECK;
/* Forgets the pending families whose prefixes start with prefix. */
void session_drop_families(Session *session, Str prefix);

/* transforms.c */
/* @parameters of a definition: each has to be one of its own. what is "procedure" or "transform". */
DcCode session_check_arguments(const char *what, const Definition *definition, const ParamValue *given, size_t count, DcError *err) DC_MUST_CHECK;
/* Makes them variables of the innermost scope, from left to right; a NULL takes the default. */
DcCode session_bind_arguments(Session *session, const char *what, const Definition *definition, const ParamValue *given, size_t count, Position pos, DcError *err) DC_MUST_CHECK;
/* PROCEDURE, TRANSFORM: makes it known. */
DcCode define_procedure(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode define_transform(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
typedef enum TransformUse { TRANSFORM_IN_ALTER, TRANSFORM_IN_CALL } TransformUse;
/* Applies a transform, or an operation with one input and one output; *out is an owned reference. */
DcCode session_transform(Session *session, const Invocation *invocation, Dataset *in, TransformUse use, Dataset **out, DcError *err) DC_MUST_CHECK;
/* Is there a transform, built in or own, of that name? */
bool session_is_transform(const Session *session, Str name);
void session_spell_transform(const Session *session, Speller *speller);

/* Outputs of a statement, registered together when all of it has worked. */
typedef struct Outputs {
  ChosenList list;
  NameMap names;
} Outputs;
/* Fails if the name exists or is made twice; takes the dataset over in any case. */
DcCode outputs_add(Session *session, Outputs *outputs, Str name, Position pos, Dataset *dataset, DcError *err) DC_MUST_CHECK;
DcCode outputs_check(Session *session, const Outputs *outputs, Str name, Position pos, DcError *err) DC_MUST_CHECK;
void outputs_commit(Session *session, Outputs *outputs);
void outputs_free(Outputs *outputs);

/* The statements, one file per group. The …_build functions make datasets and touch no name: EXPLAIN uses them too. */
DcCode run_create(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode create_build(Session *session, const Stmt *stmt, Outputs *out, DcError *err) DC_MUST_CHECK;
DcCode run_alter(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode alter_build(Session *session, const Stmt *stmt, Outputs *out, DcError *err) DC_MUST_CHECK;
DcCode run_select(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode select_build(Session *session, const Select *select, Outputs *out, DcError *err) DC_MUST_CHECK;
/* The one dataset of a LET … = SELECT; an owned reference. */
DcCode select_one(Session *session, const Select *select, Dataset **out, DcError *err) DC_MUST_CHECK;
DcCode run_copy(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode copy_build(Session *session, const Stmt *stmt, ChosenList *out, DcError *err) DC_MUST_CHECK;
DcCode run_split(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_analyze(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode metrics_refresh(Session *session, DcError *err) DC_MUST_CHECK;
DcCode run_expect(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
/* Rows of a dataset (an owned reference, taken over) where the condition holds; NULL: all. */
DcCode session_count_rows(Session *session, Dataset *dataset, const Expr *where, int64_t *out, DcError *err) DC_MUST_CHECK;
DcCode run_exec(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_let(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_let_select(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_if(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_loop(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_while(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_try(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
/* From here on the whole of this statement counts as still to come. Returns what to put back into session->outer. */
uint32_t session_enclose(Session *session);
DcCode run_raise(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_call(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
/* A procedure with one input and one output as a transform: runs its body over in; *out is an owned reference. */
DcCode session_operation(Session *session, const Invocation *invocation, const Definition *procedure, Dataset *in, Dataset **out, DcError *err) DC_MUST_CHECK;
/* Does its body read $INPUT and make $OUTPUT, and no other datasets of a CALL? */
bool procedure_alters(const Definition *procedure);
/* The inputs and outputs that its body mentions, "signals, target"; one without an alias is called "any". */
void procedure_slots(const Definition *procedure, Buf *inputs, Buf *outputs);
/* hidden.c: drops the hidden datasets that nothing in the running body can mention behind this statement. */
void session_release_hidden(Session *session);
/* show_transforms.c */
void show_transforms(const Session *session, Buf *out);
DcCode run_drop(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_options(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode options_apply(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_explain(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_describe(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
DcCode run_show(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;
/* Prints text on the session's output at once, and frees it. */
DcCode session_emit(Session *session, Buf *text, DcError *err) DC_MUST_CHECK;
/* stmt_shown.c: an expression or a SELECT without INTO whose result is printed. */
DcCode run_shown(Session *session, const Stmt *stmt, DcError *err) DC_MUST_CHECK;

#endif
