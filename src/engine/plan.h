/* plan.h - what the wide nodes do: grouping, sorting, windows, joins, transforms. Made by select.c and the makers of the nodes, read
 * by the files that compute them. Everything lives in the node's arena; expressions are bound to the input's schema and
 * are held by the node's op.program.
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include "engine/eval.h"

/* An aggregate (or ranking function) as a query calls it. */
typedef struct AggregateCall {
  const Function *function;
  const Expr *const *args; /* COUNT(*): none */
  size_t arg_count;
  bool distinct;
  Position pos;
} AggregateCall;

/* GROUP BY. The result has a column for each key, then one for each call; one partition; groups in order of their first
   record; the key of its records is the group's value, an ARRAY of them if there are several. Without keys there is one
   group, also without records, and no key is set. */
typedef struct GroupPlan {
  const Expr **keys;
  size_t key_count;
  AggregateCall *calls;
  size_t call_count;
} GroupPlan;

typedef struct SortKey {
  const Expr *expr;
  bool descending, nulls_first;
} SortKey;

/* ORDER BY: all records, stable, by value_total_order (NULLs last unless said otherwise, whatever the direction); re-cut
   into as many partitions, in order. Records keep key and origin. */
typedef struct SortPlan {
  SortKey *keys;
  size_t key_count;
  uint64_t limit; /* only the first rows are going to be asked for; UINT64_MAX: all */
} SortPlan;

typedef struct WindowCall {
  AggregateCall call;
  const Expr **partition_by;
  size_t partition_count;
  SortKey *order_by;
  size_t order_count;
  bool has_frame; /* ROWS BETWEEN from AND to */
  FrameBound from, to;
  const Expr *from_offset, *to_offset; /* literals or other constants */
} WindowCall;

/* Do two bound expressions give the same value for every record? RANDOM and own functions with a state do not count. */
bool same_expr(const Expr *a, const Expr *b);

/* Window functions: the input's columns, then one for each call; partitions, order, keys and origins stay. */
typedef struct WindowPlan {
  WindowCall *calls;
  size_t call_count;
} WindowPlan;

/* JOIN of the node's two inputs. The result has the columns of the first, then of the second; anti joins only those of
   the side that is kept. It keeps partitions, order and keys of the first input (RIGHT and RIGHT ANTI: of the second);
   OUTER adds the rest of the second behind the last row of each record's partition by key. */
typedef struct JoinPlan {
  ScopeKind kind;
} JoinPlan;

/* A transform written in TDL. */
typedef struct TransformPlan {
  const Definition *definition;
  BodyVariable *variables; /* parameters and "ATTRS:Value", in the node's arena */
  size_t variable_count;
  Str *read;               /* names of the variables that the body reads */
  size_t read_count, read_cap;
  bool reads_any;          /* the name of one is computed */
  void (*raise)(void *self, RaiseLevel level, Str message);
  void *raise_self;
} TransformPlan;

#endif
