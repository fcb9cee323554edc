/* program.h - an expression over records, bound to the schema and the variables of the moment its statement ran.
 *
 * Binding copies the AST: variables and texts with interpolation become literals, names get column numbers, operators
 * on literals are folded. Variables that own functions use are captured. A Program owns its copies and never changes,
 * so that workers share it.
 */
#ifndef ENGINE_PROGRAM_H
#define ENGINE_PROGRAM_H

#include <stdatomic.h>

#include "engine/dataset.h"

/* What a record has: names of columns. PlainText and Structured have one column, "_value": PlainText answers to any name
   with its text, Structured takes a name as a path into its object (value/path.h). */
typedef struct Schema {
  DatasetType type;
  uint32_t count;
  const Str *names;
  const struct ArrowSchema *const *types; /* what files say of the columns' values; an entry NULL, or all: not known. STRUCTURED: of
                                             the objects. Values keep to it as long as they are moved, not computed */
  uint32_t attribute_count;
  const Str *attributes; /* STRUCTURED: top-level names that were declared, for DESCRIBE; the objects may have others */
} Schema;

typedef struct Captured {
  Str name;
  Value value;
} Captured;

typedef struct Program {
  atomic_int refs;
  Arena arena;
  uint64_t seed, statement; /* RANDOM */
  const char *timezone;     /* as in CallContext */
  int64_t now_seconds, now_nanoseconds;
  Captured *variables;
  size_t variable_count, variable_cap;
  struct CapturedFunction { Str name; const Definition *definition; } *functions;
  size_t function_count, function_cap;
} Program;

Program *program_new(Engine *engine);
Program *program_ref(Program *program);
void program_unref(Program *program); /* NULL is fine */

/* A bound copy of expr, living in program's arena. Unknown attributes are NULL with one warning (--strict: an error). */
DcCode program_bind(Program *program, Engine *engine, const Schema *schema, EvalContext *cx, const Expr *expr, const Expr **out, DcError *err) DC_MUST_CHECK;
/* Captures what a transform's body reads: the variables of the moment, and own functions. Unknown attributes as above. */
DcCode program_capture(Program *program, Engine *engine, const Schema *schema, EvalContext *cx, const Block *body, DcError *err) DC_MUST_CHECK;
/* Expressions that are bound already, by names that stand for them where the schema has no such attribute. */
typedef struct NamedExpr {
  Str name;
  const Expr *expr;
} NamedExpr;
DcCode program_bind_named(Program *program, Engine *engine, const Schema *schema, const NamedExpr *aliases, size_t alias_count, EvalContext *cx,
                          const Expr *expr, const Expr **out, DcError *err) DC_MUST_CHECK;
/* Column number of a name, -1 if there is none. PlainText, Structured: 0 for any. */
int schema_column(const Schema *schema, Str name);
/* What a column of this expression is called that has no name of its own: the attribute's or the function's name. */
Str program_column_name(const Expr *expr);
/* Marks the columns that a bound expression names (one byte a column); false: it may look at any others, too. */
bool program_columns(const Expr *expr, uint8_t *columns);
/* Set up a worker's evaluation context for a program. */
void program_enter(const Program *program, EvalContext *cx);

#endif
