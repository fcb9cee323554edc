/* words.c - where a word is a keyword and where it is only a name.
 *
 * The lexer gives every word that is a keyword somewhere its own kind. Here each token is looked at once, with its
 * neighbours, before the grammar gets it: words that cannot be keywords where they stand become names, and a few
 * tokens get a more precise kind, so that the grammar needs one token to decide. Blocks that are open are kept here
 * too, because their END must be known even when a statement inside does not parse.
 */
#include "lang/parse_internal.h"

/* Kinds that are keywords of 5.5 wherever they stand, unless they stand alone between separators. */
static bool always_keyword(int kind) {
  switch (kind) {
    case TK_AS: case TK_BEGIN: case TK_BY: case TK_DISTINCT: case TK_ELSE: case TK_END: case TK_FROM: case TK_FUNCTION:
    case TK_IF: case TK_INPUT: case TK_INTO: case TK_IS: case TK_JOIN: case TK_KEY: case TK_LIMIT: case TK_LOOP:
    case TK_NOT: case TK_NULL: case TK_TRUE: case TK_FALSE: case TK_OUTPUT: case TK_PARTITION: case TK_PROCEDURE:
    case TK_RETURN: case TK_SELECT: case TK_SET: case TK_THEN: case TK_TRANSFORM: case TK_WHERE:
      return true;
    default:
      return false;
  }
}

static bool is_value(int kind) {
  return kind == TK_NAME || kind == TK_QNAME || kind == TK_STRING || kind == TK_NUMBER || kind == TK_VAR ||
         kind == TK_PARAM || kind == TK_ASSIGN;
}

/* A word or a quoted name: what can be a dataset, an attribute or a function. */
static bool is_namelike(const Token *token) {
  return token->kind == TK_QNAME || (token->text.len && lexer_is_letter(token->text.data[0]));
}

static bool is_name(const Token *token) { return is_namelike(token) && !always_keyword(token->kind); }

static bool word_is(const Token *token, const char *word) { return str_eq_nocase(token->text, str_of(word)); }

/* Raw kinds of what follows may still be keywords that will turn out to be names: those count as no operand. */
bool token_starts_operand(const Run *run, const Token *token) {
  if (token->kind == TK_NAME) {
    Str word = token->text;
    return operator_find(&run->parser->operators, word, FIX_PREFIX) || !operator_find(&run->parser->operators, word, FIX_INFIX);
  }
  switch (token->kind) {
    case TK_LP: case TK_LB: case TK_NOT: case TK_NULL: case TK_TRUE: case TK_FALSE: case TK_CASE: case TK_CAST:
    case TK_ARRAY: case TK_RANGE:
      return true;
    case LEX_SYMBOL:
      return operator_find(&run->parser->operators, token->text, FIX_PREFIX) != NULL;
    default:
      return is_value(token->kind);
  }
}

/* The same, but a word that is a keyword in few places counts as the name it most likely is. */
static bool may_start_operand(const Run *run, const Token *token) {
  if ((token->kind == TK_GROUP || token->kind == TK_ORDER) && token[1].kind == TK_BY) return false;
  if (token->kind == TK_NAME) return token_starts_operand(run, token);
  return token_starts_operand(run, token) || is_name(token);
}

bool token_ends_operand(const Token *token) {
  switch (token->kind) {
    case TK_RP: case TK_RB: case TK_NULL: case TK_TRUE: case TK_FALSE: case TK_END: case TK_STAR: case TK_PERCENT:
    case TK_ASC: case TK_DESC: case TK_FIRST: case TK_LAST:
      return true;
    default:
      return is_value(token->kind);
  }
}

const char *block_name(int kind) { return kind == TK_BEGIN ? "BEGIN" : token_describe(kind); }

static int open_kind(const Run *run) { return run->block_count ? run->blocks[run->block_count - 1].kind : 0; }

static void open_block(Run *run, int kind, const Token *opener) {
  VEC_GROW(run->blocks, run->block_count, run->block_cap);
  run->blocks[run->block_count++] = (OpenBlock){kind, opener};
}

static const Token *token_before(const Run *run, size_t at, size_t back) {
  static const Token none = {.kind = TK_SEMI};
  return at >= back ? &run->tokens[at - back] : &none;
}

/* Does a statement begin at tokens[at]? */
static bool at_start(const Run *run, size_t at) {
  const Token *before = token_before(run, at, 1);
  if (run->expression) return false;
  switch (before->kind) {
    case TK_SEMI: case TK_BEGIN: case TK_EXPLAIN: case TK_CAUGHT:
      return true;
    case TK_THEN: case TK_ELSE:
      return open_kind(run) != TK_CASE;
    case TK_SEVERITY:
      return token_before(run, at, 2)->kind == TK_ON;
    default:
      return false;
  }
}

/* A statement word is one only where a statement can begin, and not when it is called like a function. */
static bool starts_statement(const Run *run, size_t at, bool start) {
  const Token *token = &run->tokens[at], *next = token + 1;
  switch (token->kind) {
    case TK_BREAK: case TK_CONTINUE:
      return start && next->kind == TK_SEMI;
    case TK_TRY:
      return (start && next->kind == TK_BEGIN) || token_before(run, at, 1)->kind == TK_END;
    case TK_WHILE:
      return (start && (may_start_operand(run, next) || next->kind == TK_BEGIN)) || token_before(run, at, 1)->kind == TK_END;
    case TK_ELSEIF:
      return start && open_kind(run) == TK_IF;
    case TK_INCLUDE:
      return start && (next->kind == TK_STRING || next->kind == TK_VAR || next->kind == TK_QNAME || next->kind == TK_NUMBER);
    case TK_SHOW: case TK_SPLIT: case TK_DESCRIBE: case TK_EXPECT: case TK_EXPLAIN:
      return start && (is_namelike(next) || (token->kind == TK_EXPLAIN && next->kind == TK_VAR));
    case TK_FETCH:
      return start || token_before(run, at, 1)->kind == TK_RECORD || token_before(run, at, 1)->kind == TK_RECORD_NAMES;
    case TK_COPY:
      if (next->kind == TK_LP) return start && (next[1].kind == TK_UNION || next[1].kind == TK_JOIN || next[1].kind == TK_SIDE);
      return start;
    case TK_LOAD: case TK_CALL: case TK_ANALYZE:
      return start && next->kind != TK_LP;
    default:
      return start;
  }
}

static bool is_window_bound(const Token *before) {
  return before->kind == TK_ROWS || before->kind == TK_BETWEEN || before->kind == TK_FRAME_AND;
}

static bool takes_ds(int kind) {
  return kind == TK_CREATE || kind == TK_LOAD || kind == TK_ALTER || kind == TK_COPY || kind == TK_ANALYZE ||
         kind == TK_DESCRIBE || kind == TK_SPLIT || kind == TK_EXPECT;
}

/* CASE, if a WHEN follows in the statement and an operand may stand here. */
static bool is_case(const Run *run, size_t at) {
  enum { FAR = 300 };
  const Token *token = &run->tokens[at];
  if (token_ends_operand(token_before(run, at, 1)) && token_before(run, at, 1)->kind != TK_STAR) return false;
  for (int i = 1; i < FAR && token[i].kind != TK_SEMI && token[i].kind != LEX_END; i++)
    if (token[i].kind == TK_WHEN) return i == 1 || may_start_operand(run, token + 1);
  return false;
}

/* Words that are keywords in one place only. */
static bool fits_place(const Run *run, size_t at) {
  const Token *token = &run->tokens[at], *next = token + 1, *before = token_before(run, at, 1);
  bool after_operand = token_ends_operand(before), operand_next = may_start_operand(run, next);
  switch (token->kind) {
    case TK_GROUP: case TK_ORDER: return next->kind == TK_BY && (after_operand || before->kind == TK_LP);
    case TK_HAVING: case TK_SAMPLE: return run->select && after_operand && operand_next;
    case TK_ASC: case TK_DESC: return run->select && after_operand;
    case TK_NULLS: return run->select && (next->kind == TK_FIRST || next->kind == TK_LAST);
    case TK_FIRST: case TK_LAST: return before->kind == TK_NULLS;
    case TK_CASE: return is_case(run, at);
    case TK_WHEN: return open_kind(run) == TK_CASE;
    case TK_CAST: return next->kind == TK_LP && next[1].kind != TK_RP && !(next[1].kind == TK_PARAM && next[2].kind == TK_EQ);
    case TK_OVER: return before->kind == TK_RP && next->kind == TK_LP;
    case TK_ROWS: return run->select && (after_operand || before->kind == TK_LP) &&
                         (word_is(next, "BETWEEN") || next->kind == TK_UNBOUNDED || next->kind == TK_CURRENT || next->kind == TK_NUMBER || next->kind == TK_VAR);
    case TK_UNBOUNDED: case TK_CURRENT: return is_window_bound(before);
    case TK_ROW: return before->kind == TK_CURRENT;
    case TK_PRECEDING: case TK_FOLLOWING: return run->select && (after_operand || before->kind == TK_UNBOUNDED);
    case TK_USING: return run->head && run->head->kind == TK_CALL && after_operand && operand_next;
    case TK_AT: return after_operand && next->kind == TK_LEAST;
    case TK_LEAST: return before->kind == TK_AT;
    case TK_ON: return open_kind(run) == TK_TRY && at_start(run, at) && word_is(next, "ERROR");
    case TK_ARRAY: case TK_RANGE: return next->kind == TK_LB;
    case TK_REPLACE: return before->kind == TK_OR;
    case TK_SIDE: return next->kind == TK_JOIN || next->kind == TK_ANTI;
    case TK_ANTI: return before->kind == TK_SIDE && next->kind == TK_JOIN;
    case TK_UNION: return is_name(next) || next->kind == TK_LP;
    case TK_UNION_KIND: return before->kind == TK_UNION && is_namelike(next);
    case TK_COLUMNS: return before->kind == TK_LEVEL && (next->kind == TK_LP || next->kind == TK_VAR);
    case TK_COMMENT: return next->kind == TK_STRING;
    case TK_RECORD: return run->block_word && run->block_word->kind == TK_FUNCTION &&
                           (before->kind == TK_RP || token_before(run, at, 2)->kind == TK_FUNCTION);
    case TK_DS: return takes_ds(before->kind) && is_name(next);
    case TK_SEVERITY: return before->kind == TK_ON || (before->kind == TK_RAISE && (operand_next || next->kind == TK_LEVEL));
    default: return true;
  }
}

/* VALUE, POINT, … before a list of columns, an alias, or the condition of WHERE. */
static bool is_level(const Run *run, size_t at) {
  const Token *token = &run->tokens[at], *next = token + 1, *before = token_before(run, at, 1);
  if (before->kind == TK_WHERE) return may_start_operand(run, next);
  if (before->kind == TK_AS) return is_name(next) && !((next->kind == TK_GROUP || next->kind == TK_ORDER) && next[1].kind == TK_BY);
  if (before->kind == TK_SET || before->kind == TK_SET_LEVEL) return true;
  if (next->kind == TK_LP && (next[1].kind == TK_PARAM || next[1].kind == TK_RP)) return false; /* a call */
  return next->kind == TK_LP || next->kind == TK_VAR || (next->kind == TK_COLUMNS && (next[1].kind == TK_LP || next[1].kind == TK_VAR));
}

/* "(key, text)", "@mode = append)": between separators a word can only be a name. */
static bool stands_alone(const Run *run, size_t at) {
  int before = token_before(run, at, 1)->kind, next = run->tokens[at + 1].kind, kind = run->tokens[at].kind;
  if (kind == TK_NULL || kind == TK_TRUE || kind == TK_FALSE) return false;
  return (before == TK_LP || before == TK_LB || before == TK_COMMA || (before == TK_EQ && next != TK_SEMI)) &&
         (next == TK_COMMA || next == TK_RP || next == TK_RB);
}

/* The casts of 5.5 are reserved words: what follows them is their operand if it can be one. */
static bool is_reserved_cast(Str word) {
  static const char *const words[] = {"INT", "INTEGER", "LONG", "DOUBLE", "STRING", "BOOL", "BOOLEAN", "STRUCT", "JSON", "RAW", "PLAINTEXT", "HASHCODE", "RANDOM", "RAND"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (str_eq_nocase(word, str_of(words[i]))) return true;
  return false;
}

/* An operator word is a name where no operand follows, or where an operand is wanted: "DATE 'x'", but "date - 1". */
static int operator_word(const Run *run, size_t at) {
  const Token *token = &run->tokens[at], *next = token + 1, *before = token_before(run, at, 1);
  if (before->kind == TK_CAST_TO) return TK_NAME;
  bool after_operand = token_ends_operand(before) && before->kind != TK_STAR;
  if ((after_operand || before->kind == TK_NOT) && operator_find(&run->parser->operators, token->text, FIX_INFIX)) {
    bool loop = before->kind == TK_VAR && token_before(run, at, 2)->kind == TK_LOOP;
    return loop && word_is(token, "IN") ? TK_IN : TK_INFIX;
  }
  if (!operator_find(&run->parser->operators, token->text, FIX_PREFIX)) return TK_NAME;
  if (is_reserved_cast(token->text)) return may_start_operand(run, next) ? TK_PREFIX : TK_NAME;
  bool sign = next->kind == LEX_SYMBOL || next->kind == TK_NOT || next->kind == TK_LB;
  return token_starts_operand(run, next) && !sign ? TK_PREFIX : TK_NAME;
}

static int classify_name(const Run *run, size_t at) {
  const Token *token = &run->tokens[at], *before = token_before(run, at, 1);
  if (stands_alone(run, at)) return TK_NAME;
  if (before->kind == TK_UNION && (word_is(token, "XOR") || word_is(token, "AND")) && is_namelike(token + 1)) return TK_UNION_KIND;
  if (before->kind == TK_CREATE && word_is(token, "OR") && token[1].kind == TK_REPLACE) return TK_OR;
  if (before->kind == TK_ROWS && word_is(token, "BETWEEN")) return TK_BETWEEN;
  if ((before->kind == TK_PRECEDING || before->kind == TK_FOLLOWING || before->kind == TK_ROW) && word_is(token, "AND")) return TK_FRAME_AND;
  return operator_word(run, at);
}

/* "%" behind LIMIT 5 and AT LEAST 99 is no modulo: no operand follows. */
static int classify_symbol(const Run *run, size_t at) {
  const Token *token = &run->tokens[at], *next = token + 1;
  const OperatorIndex *operators = &run->parser->operators;
  bool prefix = operator_find(operators, token->text, FIX_PREFIX) != NULL, infix = operator_find(operators, token->text, FIX_INFIX) != NULL;
  if (str_is(token->text, "%")) {
    return may_start_operand(run, next) ? TK_INFIX_SYMBOL : TK_PERCENT;
  }
  if (prefix && infix) return TK_SIGN;
  return prefix ? TK_PREFIX_SYMBOL : TK_INFIX_SYMBOL;
}

static int classify_variable(const Run *run, size_t at) {
  const Token *token = &run->tokens[at], *before = token_before(run, at, 1);
  bool assigned = token[1].kind == TK_EQ;
  if (assigned && (before->kind == TK_LET || at_start(run, at))) return TK_ASSIGN;
  if (!assigned && before->kind == TK_SEVERITY && token_before(run, at, 2)->kind == TK_ON) return TK_CAUGHT;
  return TK_VAR;
}

static bool is_statement_word(int kind) {
  switch (kind) {
    case TK_ALTER: case TK_ANALYZE: case TK_BREAK: case TK_CALL: case TK_CONTINUE: case TK_COPY: case TK_CREATE:
    case TK_DESCRIBE: case TK_DROP: case TK_ELSEIF: case TK_EXPECT: case TK_EXPLAIN: case TK_FETCH: case TK_INCLUDE:
    case TK_LET: case TK_LOAD: case TK_OPTIONS: case TK_RAISE: case TK_SHOW: case TK_SPLIT: case TK_TRY: case TK_WHILE:
    case TK_YIELD:
      return true;
    default:
      return false;
  }
}

static int classify_keyword(const Run *run, size_t at, bool start) {
  const Token *token = &run->tokens[at], *before = token_before(run, at, 1);
  int kind = token->kind;
  if (stands_alone(run, at)) return TK_NAME;
  if (kind == TK_LEVEL) return is_level(run, at) ? TK_LEVEL : TK_NAME;
  if (kind == TK_SET && token[1].kind == TK_LEVEL) return TK_SET_LEVEL;
  if (kind == TK_ELSE && open_kind(run) == TK_CASE) return TK_CASE_ELSE;
  if (kind == TK_ELSE && !start && run->head && run->head->kind == TK_EXPECT && token[1].kind == TK_RAISE) return TK_EXPECT_ELSE;
  if (kind == TK_THEN && open_kind(run) == TK_CASE) return TK_CASE_THEN;
  if (kind == TK_END && open_kind(run) == TK_CASE) return TK_CASE_END;
  if (before->kind == TK_END && (kind == TK_IF || kind == TK_LOOP || kind == TK_FUNCTION || kind == TK_PROCEDURE ||
                                 kind == TK_TRANSFORM || kind == TK_TRY || kind == TK_WHILE))
    return TK_END_WORD;
  if (kind == TK_RAISE && before->kind == TK_EXPECT_ELSE) return kind;
  if (kind == TK_RECORD && fits_place(run, at))
    return token[1].kind == TK_PARAM || token[1].kind == TK_FETCH || token[1].kind == TK_INTO ? TK_RECORD_NAMES : kind;
  if (is_statement_word(kind)) return starts_statement(run, at, start) ? kind : TK_NAME;
  return fits_place(run, at) ? kind : TK_NAME;
}

/* "END LOOP" must close a LOOP. */
static void check_end_word(Run *run, const Token *word) {
  const OpenBlock *closed = &run->closed;
  if (!closed->opener || str_eq_nocase(word->text, str_of(block_name(closed->kind)))) return;
  if (closed->kind == TK_BEGIN) return;
  parse_error(run, word->pos, "END %.*s does not close the %s that begins in line %u", STR_ARG(word->text),
              block_name(closed->kind), closed->opener->pos.line);
}

/* Keeps run->blocks, run->head, run->select. */
static void track_blocks(Run *run, size_t at, bool start) {
  const Token *token = &run->tokens[at];
  if (start) {
    run->head = token;
    run->select = false;
    run->block_word = NULL;
  }
  switch (token->kind) {
    case TK_SELECT: run->select = true; break;
    case TK_LOOP: case TK_WHILE: case TK_FUNCTION: case TK_PROCEDURE: case TK_TRANSFORM: case TK_TRY:
      if (!run->block_word) run->block_word = token;
      break;
    case TK_THEN:
      if (run->head && run->head->kind != TK_ELSEIF) open_block(run, TK_IF, run->head);
      break;
    case TK_BEGIN: open_block(run, run->block_word ? run->block_word->kind : TK_BEGIN, run->block_word ? run->block_word : token); break;
    case TK_CASE: open_block(run, TK_CASE, token); break;
    case TK_CASE_END: run->block_count--; break;
    case TK_END:
      run->closed = (OpenBlock){0};
      if (run->block_count) run->closed = run->blocks[--run->block_count];
      break;
    case TK_END_WORD: check_end_word(run, token); break;
    case TK_SEMI:
      run->select = false;
      while (open_kind(run) == TK_CASE) run->block_count--;
      break;
    default: break;
  }
}

void word_classify(Run *run, size_t at) {
  Token *token = &run->tokens[at];
  bool start = at_start(run, at);
  switch (token->kind) {
    case LEX_END: case LEX_FATAL: case TK_SEMI: case TK_COMMA: case TK_LP: case TK_RP: case TK_LB: case TK_RB:
    case TK_STAR: case TK_EQ: case TK_QNAME: case TK_STRING: case TK_NUMBER: case TK_PARAM: case TK_QUESTION: case TK_COLON:
    case TK_CAST_TO: case TK_BAD:
      break;
    case LEX_SYMBOL: token->kind = classify_symbol(run, at); break;
    case TK_VAR: token->kind = classify_variable(run, at); break;
    case TK_NAME: token->kind = classify_name(run, at); break;
    default: token->kind = classify_keyword(run, at, start); break;
  }
  track_blocks(run, at, start);
}
