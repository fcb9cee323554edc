/* eval.h - evaluates an expression for one value.
 *
 * Used for loose and parameter contexts, for function bodies, and, row by row, for what has no vector kernel.
 */
#ifndef ENGINE_EVAL_H
#define ENGINE_EVAL_H

#include "catalog/record.h"
#include "lang/ast.h"
#include "value/path.h"

/* Variables, seen from where the expression stands. */
typedef struct VariableView {
  void *self;
  /* false: unknown. The value stays valid until the next assignment. */
  bool (*get)(void *self, Str name, Value *out);
  /* Gives a variable that exists a new value, which is copied (ARR_PUT). NULL where nothing can be assigned. */
  void (*set)(void *self, Str name, Value value);
} VariableView;

/* Own functions, by name. NULL when unknown. Definitions outlive every plan that captured them. */
typedef struct FunctionView {
  void *self;
  const Definition *(*get)(void *self, Str name);
} FunctionView;

typedef enum NameMode {
  NAMES_REFUSED,   /* loose context: check.c has refused them already */
  NAMES_AS_TEXT,   /* parameter context: a bare name is its own text */
  NAMES_AS_RECORD, /* attribute of cx->call.record */
} NameMode;

typedef struct EvalContext {
  CallContext call;
  VariableView variables;
  FunctionView functions;
  NameMode names;
  int depth, max_depth; /* of own functions; default 1,000 */
  /* Called for a variable that is unknown, once or more; may be NULL. An error return fails the evaluation (--strict). */
  DcCode (*unknown_variable)(void *self, Str name, Position pos, DcError *err);
  void *unknown_self;
  /* RAISE of a level below ERROR in a function body; may be NULL. */
  void (*raise)(void *self, RaiseLevel level, Str message);
  void *raise_self;
  bool (*interrupted)(void); /* asked in every round of a loop in a body: engine_interrupted; may be NULL */
  VariableView globals; /* body.c: what the outermost call saw as variables */
} EvalContext;

/* The value lives in cx->call.arena (or in the AST). The error has the position of the innermost expression. */
DcCode eval(EvalContext *cx, const Expr *expr, Value *out, DcError *err) DC_MUST_CHECK;
/* The text of a name, interpolated if it has parts; lives in cx->call.arena. */
DcCode eval_name(EvalContext *cx, const Name *name, Str *out, DcError *err) DC_MUST_CHECK;
/* Calls an own function: binds args to its parameters (defaults from the right; a NULL argument takes its default)
   and runs its body (LET, IF, LOOP, WHILE, BREAK, CONTINUE, RAISE, RETURN, blocks, TRY). engine/body.c. */
DcCode eval_call_own(EvalContext *cx, const Definition *function, const Value *args, size_t count, Position pos, Value *out, DcError *err) DC_MUST_CHECK;
/* A variable that a body begins with. */
typedef struct BodyVariable {
  Str name;
  Value value; /* borrowed */
} BodyVariable;

/* The records that a transform's body goes over and makes. */
typedef struct RecordStream {
  void *self;
  /* FETCH: moves cx->call.record to the next record; *found is false at the end. */
  DcCode (*fetch)(void *self, bool *found, DcError *err);
  DcCode (*yield)(void *self, Value key, Value object, DcError *err);
  /* Does the body read a variable of that name? If not, FETCH need not make it. */
  bool (*reads)(void *self, Str name);
  /* A round has failed: DC_OK when the body may begin again with the next record. */
  DcCode (*forgive)(void *self, DcError *err);
} RecordStream;

/* Runs a transform's body over one partition, again and again until it RETURNs, or comes to its end when FETCH has found
   no more records. Variables live as long as the partition; $NOTFOUND is one. cx->call.record has to be set. */
DcCode eval_transform(EvalContext *cx, const Definition *transform, const BodyVariable *variables, size_t count, const RecordStream *stream, DcError *err) DC_MUST_CHECK;

#endif
