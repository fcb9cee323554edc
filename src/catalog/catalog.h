/* catalog.h - the rows that register operators, functions, adapters and options, and their lookup.
 *
 * One row says everything: parse, check, help, manual pages and completion all read it. Packages are listed in
 * cli/packages.c and handed in at start; after that the catalog is read-only and shared by all threads.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "value/value.h"

/* What functions may ask of the session; only in loose context. Set by run/. */
typedef struct SessionView {
  void *self;
  /* The names of all datasets longer than prefix that start with it, as an ARRAY. NULL: there is no session. */
  DcCode (*dataset_names)(void *self, Str prefix, Arena *arena, Value *out, DcError *err);
  /* The names of a dataset's attributes as an ARRAY. */
  DcCode (*attribute_names)(void *self, Str dataset, Arena *arena, Value *out, DcError *err);
} SessionView;

/* What a package keeps between calls in one context; its own struct begins with this. */
typedef struct PackageCache {
  void (*free)(struct PackageCache *self);
} PackageCache;

/* What a scalar implementation sees besides its arguments. One per worker; cheap to make. */
typedef struct CallContext {
  Arena *arena; /* results live here */
  DcError *err; /* set by call_fail */
  uint64_t seed, statement, origin; /* RANDOM: counter-based, see random_u64 in pkg */
  uint64_t random_calls; /* loose context: the counter in place of origin; transforms: beside it; else 0 */
  bool record_level;     /* a record is evaluated: x / 0 is NULL and counted, not an error */
  uint64_t zero_divisions;
  struct RegexCache *regexes; /* made on first use by base/regex.h, freed with the context */
  PackageCache *datetimes;      /* made on first use by the DT_ functions, freed with the context */
  const char *timezone;         /* zone of times that name none; NULL: UTC */
  int64_t now_seconds, now_nanoseconds; /* since 1970, UTC: when the statement began */
  const struct RecordView *record; /* REC_ functions; NULL outside of records */
  SessionView session;
} CallContext;

/* Frees what calls have left in the context. */
void call_context_deinit(CallContext *cx);

/* Evaluates for one row. args[0 … count-1]; the result goes to *result. A failure sets cx->err (dc_fail) and says what
   was wrong with the value; position and record are added by the caller. */
typedef DcCode (*ScalarFn)(CallContext *cx, const Value *args, int count, Value *result);

/* How the evaluator treats an operator or function that is not a plain call. */
typedef enum Special {
  SPECIAL_NONE = 0,
  SPECIAL_AND,     /* three-valued, short-circuit */
  SPECIAL_OR,
  SPECIAL_XOR,
  SPECIAL_NOT,
  SPECIAL_CHOICE,  /* cond ? a : b */
  SPECIAL_DEFAULT, /* a : b, a DEFAULT b; DEFAULT functions */
  SPECIAL_IS_NULL,
  SPECIAL_IS_NOT_NULL,
  SPECIAL_RANDOM,
  SPECIAL_COUNT_STAR, /* COUNT(*) and the other aggregates: needs GROUP BY or an ungrouped SELECT */
  SPECIAL_WINDOW,  /* ROW_NUMBER and the like: needs OVER */
  SPECIAL_PUT,     /* ARR_PUT: also sets the variable that is its first argument */
  SPECIAL_SET,     /* the variable that is its first argument gets the result */
} Special;

/* Vector implementations are numbered, so that rows need not know the engine. KERNEL_NONE: row by row. */
typedef enum Kernel {
  KERNEL_NONE = 0,
  KERNEL_INT, KERNEL_DOUBLE, KERNEL_STRING,
  KERNEL_ADD, KERNEL_SUB, KERNEL_MUL, KERNEL_DIV, KERNEL_MOD, KERNEL_NEG,
  KERNEL_EQ, KERNEL_NE, KERNEL_LT, KERNEL_LE, KERNEL_GT, KERNEL_GE,
  KERNEL_CONCAT, KERNEL_SLICE, KERNEL_IN, KERNEL_NOT_IN, KERNEL_LENGTH, KERNEL_STARTS,
} Kernel;

typedef enum Fixity { FIX_PREFIX, FIX_INFIX, FIX_POSTFIX, FIX_TERNARY } Fixity;

typedef struct Operator {
  const char *name;       /* "+", "AND", "IS NOT NULL", "BETWEEN" */
  const char *aliases;    /* separated by blanks: "&&"; NULL if none. Words in any case */
  Fixity fixity;
  int priority;           /* catalogue.md § 4: higher binds tighter */
  bool right_assoc;
  bool handles_null;      /* false: a NULL operand gives NULL without a call */
  bool boolean;           /* gives a boolean by form (the || rule of language.md § 3) */
  Special special;
  Kernel kernel;
  ScalarFn call;
  const char *doc, *example, *result; /* the example is an expression, result its text */
} Operator;

typedef struct Function {
  const char *name;
  const char *signature;  /* "text, from, to" */
  int min_args, max_args; /* max_args < 0: any number */
  bool handles_null;      /* false: a NULL argument gives NULL without a call */
  bool needs_record;
  bool aggregate;         /* with one argument an aggregate under GROUP BY (COUNT, MIN, SUM …) */
  Special special;
  Kernel kernel;
  ScalarFn call;
  const char *doc, *example, *result;
} Function;

typedef enum ParameterNeed {
  OPTIONAL,
  MANDATORY,
  SECRET, /* optional, and its value is never shown (base/secret.h) */
} ParameterNeed;

typedef struct Parameter {
  const char *name;
  Type type;              /* TYPE_NULL: any */
  const char *default_text; /* as shown in help; NULL: none */
  ParameterNeed need;
  const char *doc;
} Parameter;

typedef struct Package {
  const char *name, *doc;
  const Operator *operators;
  size_t operator_count;
  const Function *functions;
  size_t function_count;
} Package;

/* Make the packages known. Called once at start, before any thread. */
void catalog_init(const Package *const *packages, size_t count);
const Package *const *catalog_packages(size_t *count);

/* NULL if there is none. Function names are case-sensitive; operator words are not. */
const Function *catalog_function(Str name);
const Operator *catalog_operator(Str text, Fixity fixity);
/* The longest operator made of symbols at the start of text (len > 0), for the lexer; 0 if none. */
size_t catalog_operator_symbol(Str text);

/* "did you mean": the nearest of the candidates within a sensible edit distance, or an empty Str. */
typedef struct Speller {
  Str wanted, best;
  int distance;
} Speller;
Speller speller_start(Str wanted);
void speller_try(Speller *speller, Str candidate);
Str speller_best(const Speller *speller);
/* The nearest built-in function. */
Str catalog_spell_function(Str wanted);

#endif
