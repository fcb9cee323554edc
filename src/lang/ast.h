/* ast.h - the program: expressions and statements.
 *
 * Everything lives in the unit arena of its script and is immutable after check.c, so all threads share it.
 * The interpreter walks expressions for one value, the vector evaluator walks the same trees for a batch of rows.
 */
#ifndef LANG_AST_H
#define LANG_AST_H

#include "catalog/catalog.h"

typedef struct Expr Expr;
typedef struct Stmt Stmt;
typedef struct Select Select;

/* A name: constant text, or interpolated (parts != NULL: an EXPR_TEXT evaluated once per statement). */
typedef struct Name {
  Str text;
  const Expr *parts;
  Position pos;
} Name;

typedef enum ExprKind {
  EXPR_LITERAL, /* number, string without interpolation, TRUE, FALSE, NULL */
  EXPR_TEXT,    /* string with interpolation: parts are put together as text (NULL as null) */
  EXPR_VAR,     /* $name, $name.path; @name in default expressions is read as $name */
  EXPR_ATTR,    /* a bare or quoted name: attribute of the record; in a parameter context its own text */
  EXPR_OP,      /* an operator row with 1 to 3 operands */
  EXPR_CALL,    /* built-in or own function */
  EXPR_ARRAY,   /* [a, b], ARRAY[…] */
  EXPR_RANGE,   /* RANGE[a, b]: items[0], items[1] */
  EXPR_CASE,    /* CASE [operand] WHEN … THEN … [ELSE …] END */
  EXPR_STAR,    /* * as the argument of COUNT, or as a SELECT item */
} ExprKind;

typedef struct SortItem {
  const Expr *expr;
  bool descending, nulls_first;
} SortItem;

/* OVER (PARTITION BY … ORDER BY … ROWS BETWEEN … AND …) */
typedef enum FrameBound { FRAME_UNBOUNDED_PRECEDING, FRAME_PRECEDING, FRAME_CURRENT, FRAME_FOLLOWING, FRAME_UNBOUNDED_FOLLOWING } FrameBound;
typedef struct Window {
  const Expr **partition_by;
  size_t partition_count;
  SortItem *order_by;
  size_t order_count;
  bool has_frame;
  FrameBound from, to;
  const Expr *from_offset, *to_offset;
} Window;

struct Expr {
  ExprKind kind;
  bool parenthesised; /* stood in ( ) */
  Position pos;       /* whole expression: length covers its text */
  Value literal;      /* LITERAL */
  Name name;          /* VAR, ATTR, CALL */
  Str path;           /* VAR: behind the first dot, "k.m[1]"; empty if none */
  const Operator *op; /* OP */
  const Function *function; /* CALL of a built-in; NULL: own function, found by name when it runs */
  const Expr **items; /* TEXT parts, OP operands, CALL arguments, ARRAY, RANGE; CASE: [operand or NULL, when, then, when, then, …, else or NULL] */
  size_t count;
  bool distinct;      /* CALL: COUNT(DISTINCT x) */
  const Window *over; /* CALL */
  const struct Path *steps; /* ATTR in a bound copy: where in the object of the column it is (value/path.h); NULL: the column itself */
  int column;         /* ATTR in a bound copy (engine/bind.h): index in the schema, -1: not there */
  uint16_t depth;     /* of this tree; the parser bounds it, so that everything may recurse over it */
};

/* Levels of attributes: language.md § 1. */
typedef enum Level { LEVEL_NONE, LEVEL_VALUE, LEVEL_POINT, LEVEL_POLYGON, LEVEL_TRACK, LEVEL_SEGMENT } Level;

/* [SET] level [COLUMNS] (names) or level $names */
typedef struct LevelList {
  Level level;
  Name *names;
  size_t count;
  const Expr *expr; /* in place of names */
  Position pos;
} LevelList;

/* @name = value */
typedef struct Param {
  Name name;
  const Expr *value; /* NULL in a declaration without default */
  Str comment;
  Position pos;
} Param;

/* adapter(params), transform(params), operation(params) */
typedef struct Invocation {
  Name name;
  Param *params;
  size_t param_count;
  LevelList *levels;
  size_t level_count;
  Position pos;
} Invocation;

typedef enum ScopeKind { SCOPE_DATASET, SCOPE_UNION_CAT, SCOPE_UNION_XOR, SCOPE_UNION_AND, SCOPE_JOIN_INNER, SCOPE_JOIN_LEFT, SCOPE_JOIN_LEFT_ANTI, SCOPE_JOIN_RIGHT, SCOPE_JOIN_RIGHT_ANTI, SCOPE_JOIN_OUTER } ScopeKind;

/* "ds" [PARTITION parts], "prefix" * [PARTITION parts], UNION …, JOIN … */
typedef struct Scope Scope;
struct Scope {
  ScopeKind kind;
  Name name;
  bool wildcard;
  const Expr *parts; /* NULL: all */
  Name alias;        /* AS "alias" in JOIN; text.data NULL if none */
  Scope *inputs;     /* UNION, JOIN */
  size_t input_count;
  Position pos;
};

/* INTO "name" [*]; alias for named INPUT and OUTPUT of CALL */
typedef struct Target {
  Name alias; /* text.data NULL if none */
  Name name;
  bool wildcard;
} Target;

typedef struct SelectItem {
  const Expr *expr; /* EXPR_STAR: everything */
  Level level;
  Name alias;       /* text.data NULL: the name is the expression's own text without blanks */
  Str own_text;     /* that text */
} SelectItem;

typedef enum LimitKind { LIMIT_NONE, LIMIT_ROWS, LIMIT_PERCENT, SAMPLE_ROWS, SAMPLE_PERCENT } LimitKind;

struct Select {
  bool distinct, distinct_key;
  SelectItem *items;
  size_t item_count;
  Scope *from;
  size_t from_count;
  Target *into; /* none in LET … = SELECT */
  size_t into_count;
  Level where_level;
  const Expr *where; /* NULL: none */
  const Expr **group_by;
  size_t group_count;
  const Expr *having;
  SortItem *order_by;
  size_t order_count;
  LimitKind limit_kind;
  const Expr *limit;
};

typedef enum AlterationKind { ALTER_TRANSFORM, ALTER_KEY, ALTER_PARTITION } AlterationKind;
typedef struct Alteration {
  AlterationKind kind;
  Invocation transform; /* name.text empty: passthru with level lists only */
  const Expr *expr;     /* KEY expression, PARTITION count (NULL: keep the number) */
  Position pos;
} Alteration;

typedef enum LoadBy { BY_HASHCODE, BY_SOURCE, BY_RANDOM } LoadBy;
typedef enum RaiseLevel { RAISE_DEBUG, RAISE_INFO, RAISE_LOG, RAISE_NOTICE, RAISE_WARNING, RAISE_ERROR } RaiseLevel;
typedef enum DropKind { DROP_PROCEDURE, DROP_FUNCTION, DROP_TRANSFORM } DropKind;
typedef enum ShowKind { SHOW_DATASETS, SHOW_FUNCTIONS, SHOW_TRANSFORMS, SHOW_ADAPTERS, SHOW_OPTIONS } ShowKind;

typedef struct Block {
  Stmt **stmts;
  size_t count;
} Block;

/* PROCEDURE, FUNCTION, TRANSFORM */
typedef struct Definition {
  Name name;
  bool or_replace, has_create;
  Param *params;
  size_t param_count;
  Str comment;
  bool record;          /* FUNCTION … RECORD */
  Str key_name, object_name; /* FUNCTION … RECORD @key, @object */
  const Expr *expr;     /* FUNCTION … RETURN expr; else body */
  Block body;
  Str *from_types;      /* TRANSFORM: type names as written, upper case */
  size_t from_count;
  Str into_type;
  LevelList *levels;
  size_t level_count;
} Definition;

typedef enum StmtKind {
  STMT_CREATE, STMT_ALTER, STMT_SELECT, STMT_COPY, STMT_SPLIT, STMT_CALL, STMT_ANALYZE,
  STMT_LET, STMT_LET_SELECT, STMT_EXPR, STMT_IF, STMT_LOOP, STMT_WHILE, STMT_BREAK, STMT_CONTINUE, STMT_RAISE,
  STMT_RETURN, STMT_FETCH, STMT_YIELD, STMT_FUNCTION, STMT_PROCEDURE, STMT_TRANSFORM, STMT_DROP,
  STMT_OPTIONS, STMT_INCLUDE, STMT_EXPLAIN, STMT_DESCRIBE, STMT_SHOW, STMT_EXPECT, STMT_TRY, STMT_BLOCK, STMT_EXEC,
} StmtKind;

struct Stmt {
  StmtKind kind;
  Position pos; /* from its first to its last token, without ';' */
  int number;   /* 1 … in order of parsing, for --stats and RANDOM */
  union {
    struct { Name name; bool wildcard; Invocation adapter; const Expr *path; const Expr *partitions; LoadBy by; bool has_by; } create;
    struct { Name name; bool wildcard; const Expr *parts; Alteration *items; size_t count; Target into; bool has_into; } alter;
    Select *select;
    struct { Scope *scopes; size_t count; Invocation adapter; const Expr *path; } copy; /* COPY "p" * is one wildcard scope */
    struct { Scope from; SelectItem *by; size_t by_count; Target into; const Expr *partitions; } split;
    struct { Invocation call; Name *input_aliases; Scope *inputs; size_t input_count; Target *outputs; size_t output_count; } call; /* alias text.data NULL: anonymous */
    struct { Invocation system; const Expr *statement, *values; Name into; } exec; /* values may be NULL; into.text.data NULL if none */
    struct { Name name; bool wildcard; const Expr *key; Str key_text; bool partition; } analyze;
    struct { Name name; const Expr *value; } let;
    struct { Name name; Select *select; } let_select;
    const Expr *expr; /* EXPR; RETURN (may be NULL) */
    struct { const Expr **conditions; Block *blocks; size_t count; Block otherwise; bool has_else; } branch; /* IF, ELSEIF, ELSE */
    struct { Name variable; const Expr *values; Block body, otherwise; bool has_else; } loop;
    struct { const Expr *condition; Block body; } while_loop;
    struct { RaiseLevel level; const Expr *message; } raise;
    struct { Str key_name, object_name; } fetch;
    struct { const Expr *key, *object; } yield;
    Definition *definition; /* FUNCTION, PROCEDURE, TRANSFORM */
    struct { DropKind kind; Name *names; size_t count; } drop;
    struct { Param *params; size_t count; } options;
    struct { Str path; Block body; } include; /* body: filled by parse_unit, which reads the file */
    Stmt *explain;
    Name describe;
    ShowKind show;
    struct { Scope from; const Expr *where; const Expr *at_least; bool has_raise; RaiseLevel level; const Expr *message; } expect;
    struct { Block body, handler; Name variable; } try_block; /* variable text.data NULL if none */
    Block block;
  } as;
};

/* One parsed script with everything it needs. */
typedef struct Unit {
  Arena arena;
  const Source *source;
  Block body;
} Unit;

/* Prints the tree for --print-ast, one node a line, indented. */
void ast_print(Buf *out, const Block *body);
void expr_print(Buf *out, const Expr *expr);

#endif
