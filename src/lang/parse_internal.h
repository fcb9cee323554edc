/* parse_internal.h - shared by the files that make the AST; nobody outside of lang/ includes it.
 *
 * Parser: one per unit, with what nested runs share. Run: one token stream being parsed, a file or the inside of {…}.
 * Tokens and runs live on the heap while parsing; everything that is kept lives in the unit's arena.
 */
#ifndef LANG_PARSE_INTERNAL_H
#define LANG_PARSE_INTERNAL_H

#include "lang/lexer.h"
#include "lang/library.h"

enum {
  EXPR_MAX_DEPTH = 2000, /* of an expression's tree: everything that walks it may recurse */
  BLOCK_MAX_DEPTH = 500,
  TEXT_MAX_DEPTH = 32,   /* of {…} in texts in {…} */
  INCLUDE_MAX_DEPTH = 64,
  ERRORS_MAX = 50,
};

/* The words and symbols of the operator rows, so that names need no search through all of them. */
typedef struct OperatorIndex {
  struct { Str word; const Operator *prefix, *infix; } slots[512];
} OperatorIndex;
void operator_index_make(OperatorIndex *index);
const Operator *operator_find(const OperatorIndex *index, Str word, Fixity fixity);

typedef struct IncludeLink {
  const struct IncludeLink *outer;
  const char *path;
} IncludeLink;

typedef struct Parser {
  Arena *arena;
  Diagnostics *diag;
  OperatorIndex operators;
  const Operator *choice; /* "?:" */
  int next_number;
  int text_depth;
  const IncludeLink *includes; /* files being read, innermost first */
  int include_depth;
  bool is_library; /* names of the library get LIBRARY_PREFIX where they are called */
} Parser;

/* A block that is open: what its END closes. */
typedef struct OpenBlock {
  int kind; /* TK_IF, TK_LOOP, …, TK_CASE; TK_BEGIN for a bare block */
  const Token *opener;
} OpenBlock;

/* One element of the flat list that expr_parse.c climbs. */
typedef enum ItemKind { ITEM_OPERAND, ITEM_PREFIX, ITEM_INFIX, ITEM_POSTFIX, ITEM_QUESTION, ITEM_COLON } ItemKind;
typedef struct Item {
  ItemKind kind;
  bool cast; /* x::type */
  const Operator *op;
  const Expr *operand;
  Position pos;
} Item;

typedef struct Run {
  Parser *parser;
  Lexer lexer;
  Token *tokens; /* ends with LEX_END, twice, so that two tokens can be looked ahead */
  size_t token_count, at; /* at: the token being fed */
  bool expression; /* only an expression is read */
  bool skipping;   /* after a syntax error, until the next ';' */
  bool repeat;     /* tokens[at] is to be looked at once more */
  bool started;    /* tokens[at] has been looked at */
  bool quiet;      /* the lexer has reported the next syntax error already */
  bool failed;     /* a syntax error has been met */
  bool unclosed;   /* a block whose END the grammar did not take: the end of the script is no news */
  bool stopped;    /* nothing sensible can follow */
  size_t skip_depth; /* blocks open where the error was */
  OpenBlock *blocks;
  size_t block_count, block_cap;
  OpenBlock closed; /* by the last END */
  const Token *retried; /* the END that a failed statement was closed before, to look at it again only once */
  const Token *head;       /* first token of the statement being read */
  const Token *block_word; /* LOOP, WHILE, FUNCTION, … that the next BEGIN belongs to */
  bool select;             /* between SELECT and the end of its statement */
  int nesting;             /* of ( and [ */
  Item *items;
  size_t item_count, item_cap;
  void *states;      /* of the generated parser, see tdl.y */
  Block block;       /* result */
  const Expr *value; /* result, when expression is set */
} Run;

/* words.c: makes the raw kind of tokens[at] what the grammar wants, and keeps the books on blocks. */
void word_classify(Run *run, size_t at);
bool token_starts_operand(const Run *run, const Token *token);
bool token_ends_operand(const Token *token);
const char *block_name(int kind);

/* parse.c. Reads all tokens of what run->lexer was set up for, and parses them into run->block or run->value. */
void run_parse(Run *run);
/* The next token for the grammar, which becomes tokens[at]; NULL: stop. After an error it skips to the end of the statement. */
const Token *run_token(Run *run);
void parse_error(Run *run, Position pos, const char *format, ...) DC_PRINTF(3, 4);
void parse_error_hint(Run *run, Position pos, const char *hint, const char *format, ...) DC_PRINTF(4, 5);
/* "expected …, found …" at tokens[at]; expected[kind]: it would do. syntax_error.c */
void parse_unexpected(Run *run, const unsigned char *expected, int kinds);

/* The way out of a syntax error, for its message; NULL: none is known. syntax_hint.c */
const char *syntax_hint(Run *run, const Token *before, const Token *found, const unsigned char *expected, int kinds);
/* "did you mean NAME?", unless it is what stands there; NULL if best is empty. */
const char *did_you_mean(Run *run, const Token *token, Str best);
bool token_is_keyword(int kind);

static inline Position pos_span(Position from, Position to) {
  from.length = to.offset + to.length - from.offset;
  return from;
}

/* A growing array in an arena: room for one more when count is 0 or a power of two. */
void *arena_room(Arena *arena, void *items, size_t count, size_t size);
#define ARENA_PUSH(arena, items, count, item)                              \
  do {                                                                     \
    (items) = arena_room((arena), (void *)(items), (count), sizeof *(items)); \
    (items)[(count)++] = (item);                                           \
  } while (0)

/* The lists of the grammar; what they hold is known by who takes them apart. */
typedef struct List {
  void *items;
  size_t count;
} List;

/* text.c: names and texts, with what is in braces. */
Name name_make(Run *run, const Token *token);
Expr *text_expr(Run *run, const Token *token);
Str text_plain(Run *run, const Token *token); /* no interpolation wanted: INCLUDE */
Str text_comment(Run *run, const Token *token); /* of a COMMENT, with one blank for each line end and what is around it */
Str text_own(Run *run, Position pos);         /* the source text without blanks and comments */

/* expr_build.c: operands. Every function returns a node in the arena. */
Expr *expr_new(Run *run, ExprKind kind, Position pos);
const Expr *expr_number(Run *run, const Token *token);
const Expr *expr_word(Run *run, const Token *token);
const Expr *expr_variable(Run *run, const Token *token);
const Expr *expr_parameter(Run *run, const Token *token);
const Expr *expr_constant(Run *run, const Token *token, Value value);
const Expr *expr_group(Run *run, const Token *open, const Expr *inner, const Token *close);
/* A name that a library text calls: with LIBRARY_PREFIX if the library has it. */
Name library_name(Run *run, LibraryKind kind, Name name);
const Expr *expr_call(Run *run, const Token *name, bool distinct, List *args, const Token *close);
const Expr *expr_over(Run *run, const Expr *call, Window *window, const Token *close);
const Expr *expr_array(Run *run, const Token *open, List *items, const Token *close);
const Expr *expr_range(Run *run, const Token *open, const Expr *from, const Expr *to, const Token *close);
const Expr *expr_case(Run *run, const Token *open, const Expr *operand, List *whens, const Expr *otherwise, const Token *close);
const Expr *expr_cast(Run *run, const Token *open, const Expr *inner, const Token *type, const Token *close);
const Expr *expr_star(Run *run, const Token *star);
/* The operand's depth is that of the deepest child plus one; too deep is reported once and cut. */
void expr_set_depth(Run *run, Expr *expr);

/* expr_parse.c: the flat list of operands and operators, and its climbing. start: index of a list's first item. */
size_t items_operand(Run *run, const Expr *operand);
size_t items_operator(Run *run, ItemKind kind, const Token *token);
void items_infix_not(Run *run, const Token *not_word, const Token *token);
void items_is_null(Run *run, const Token *from, const Token *not_word, const Token *to);
void items_cast(Run *run, const Token *sign, const Token *type);
const Expr *items_climb(Run *run, size_t start);
const Operator *cast_operator(Run *run, const Token *type);
Str type_upper(Run *run, Str text);

/* The generated grammar (grammar/tdl.y). */
void tdl_parser_run(Run *run);

#endif
