/* syntax_error.c - says in words what is wrong: what was expected, what was found, and what was probably meant. */
#include <stdio.h>

#include "lang/parse_internal.h"

static const char *const kind_words[] = {
  [TK_SEMI] = "';'", [TK_COMMA] = "','", [TK_LP] = "'('", [TK_RP] = "')'", [TK_LB] = "'['", [TK_RB] = "']'",
  [TK_STAR] = "'*'", [TK_EQ] = "'='", [TK_PERCENT] = "'%'", [TK_QUESTION] = "'?'", [TK_COLON] = "':'", [TK_CAST_TO] = "'::'",
  [TK_NAME] = "a name", [TK_QNAME] = "a quoted name", [TK_STRING] = "a text", [TK_NUMBER] = "a number", [TK_VAR] = "a variable",
  [TK_ASSIGN] = "a variable", [TK_CAUGHT] = "a variable", [TK_PARAM] = "a @parameter", [TK_PREFIX] = "an operator",
  [TK_INFIX] = "an operator", [TK_PREFIX_SYMBOL] = "an operator", [TK_INFIX_SYMBOL] = "an operator", [TK_SIGN] = "a sign", [TK_BAD] = "a wrong character",
  [TK_ALTER] = "ALTER", [TK_ANALYZE] = "ANALYZE", [TK_ANTI] = "ANTI", [TK_ARRAY] = "ARRAY", [TK_AS] = "AS", [TK_ASC] = "ASC",
  [TK_AT] = "AT", [TK_BEGIN] = "BEGIN", [TK_BETWEEN] = "BETWEEN", [TK_BREAK] = "BREAK", [TK_BY] = "BY", [TK_CALL] = "CALL",
  [TK_CASE] = "CASE", [TK_CASE_ELSE] = "ELSE", [TK_CASE_END] = "END", [TK_CASE_THEN] = "THEN", [TK_CAST] = "CAST",
  [TK_COLUMNS] = "COLUMNS", [TK_COMMENT] = "COMMENT", [TK_CONTINUE] = "CONTINUE", [TK_COPY] = "COPY", [TK_CREATE] = "CREATE",
  [TK_CURRENT] = "CURRENT", [TK_DESC] = "DESC", [TK_DESCRIBE] = "DESCRIBE", [TK_DISTINCT] = "DISTINCT", [TK_DROP] = "DROP",
  [TK_DS] = "DS", [TK_ELSE] = "ELSE", [TK_ELSEIF] = "ELSEIF", [TK_END] = "END", [TK_END_WORD] = "the word of the block",
  [TK_EXPECT] = "EXPECT", [TK_EXPECT_ELSE] = "ELSE", [TK_EXPLAIN] = "EXPLAIN", [TK_FALSE] = "FALSE", [TK_FETCH] = "FETCH",
  [TK_FIRST] = "FIRST", [TK_FOLLOWING] = "FOLLOWING", [TK_FRAME_AND] = "AND", [TK_FROM] = "FROM", [TK_FUNCTION] = "FUNCTION",
  [TK_GROUP] = "GROUP", [TK_HAVING] = "HAVING", [TK_IF] = "IF", [TK_IN] = "IN", [TK_INCLUDE] = "INCLUDE", [TK_INPUT] = "INPUT",
  [TK_INTO] = "INTO", [TK_IS] = "IS", [TK_JOIN] = "JOIN", [TK_KEY] = "KEY", [TK_LAST] = "LAST", [TK_LEAST] = "LEAST",
  [TK_LET] = "LET", [TK_LEVEL] = "VALUE", [TK_LIMIT] = "LIMIT", [TK_LOAD] = "LOAD", [TK_LOOP] = "LOOP", [TK_NOT] = "NOT",
  [TK_NULL] = "NULL", [TK_NULLS] = "NULLS", [TK_ON] = "ON", [TK_OPTIONS] = "OPTIONS", [TK_OR] = "OR", [TK_ORDER] = "ORDER",
  [TK_OUTPUT] = "OUTPUT", [TK_OVER] = "OVER", [TK_PARTITION] = "PARTITION", [TK_PRECEDING] = "PRECEDING",
  [TK_PROCEDURE] = "PROCEDURE", [TK_RAISE] = "RAISE", [TK_RANGE] = "RANGE", [TK_RECORD] = "RECORD", [TK_RECORD_NAMES] = "RECORD",
  [TK_REPLACE] = "REPLACE", [TK_RETURN] = "RETURN", [TK_ROW] = "ROW", [TK_ROWS] = "ROWS", [TK_SAMPLE] = "SAMPLE",
  [TK_SELECT] = "SELECT", [TK_SET] = "SET", [TK_SET_LEVEL] = "SET", [TK_SEVERITY] = "ERROR", [TK_SHOW] = "SHOW",
  [TK_SIDE] = "LEFT", [TK_SPLIT] = "SPLIT", [TK_THEN] = "THEN", [TK_TRANSFORM] = "TRANSFORM", [TK_TRUE] = "TRUE",
  [TK_TRY] = "TRY", [TK_UNBOUNDED] = "UNBOUNDED", [TK_UNION] = "UNION", [TK_UNION_KIND] = "CAT", [TK_USING] = "USING", [TK_WHEN] = "WHEN",
  [TK_WHERE] = "WHERE", [TK_WHILE] = "WHILE", [TK_YIELD] = "YIELD", [TK_EXPRESSION] = "an expression",
};

const char *token_describe(int kind) {
  if (kind == LEX_END) return "the end of the script";
  size_t count = sizeof kind_words / sizeof *kind_words;
  return kind > 0 && (size_t)kind < count && kind_words[kind] ? kind_words[kind] : "a symbol";
}

bool token_is_keyword(int kind) { return token_describe(kind)[0] >= 'A' && token_describe(kind)[0] <= 'Z'; }

void keywords_each(void (*visit)(void *self, Str word), void *self) {
  static const char *const others[] = {"ATTRIBUTES", "DEBUG", "EXCEPTION", "EXEC", "INFO", "INNER", "LOG", "NOTICE", "OUTER", "POINT",
                                       "POLYGON", "PROPERTIES", "RIGHT", "SAVE", "SEGMENT", "TRACK", "WARN", "WARNING"};
  for (size_t kind = 1; kind < sizeof kind_words / sizeof *kind_words; kind++) {
    bool again = kind == TK_CASE_ELSE || kind == TK_CASE_END || kind == TK_CASE_THEN || kind == TK_EXPECT_ELSE || kind == TK_FRAME_AND ||
                 kind == TK_SET_LEVEL || kind == TK_RECORD_NAMES;
    if (!again && kind_words[kind] && token_is_keyword((int)kind)) visit(self, str_of(kind_words[kind]));
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) visit(self, str_of(others[i]));
}

/* What a name would name behind this token. */
static const char *name_wanted(int before) {
  switch (before) {
    case TK_FROM: case TK_INTO: case TK_ALTER: case TK_COPY: case TK_CREATE: case TK_LOAD: case TK_DS: case TK_ANALYZE:
    case TK_UNION: case TK_UNION_KIND: case TK_JOIN: case TK_INPUT: case TK_OUTPUT: case TK_SPLIT: case TK_EXPECT: case TK_DESCRIBE:
      return "a dataset name";
    case TK_FUNCTION: return "a function name";
    case TK_PROCEDURE: return "a procedure name";
    case TK_TRANSFORM: return "a transform name";
    case TK_CALL: return "the name of an operation or a procedure";
    case TK_CAST_TO: return "a type";
    default: return "a name";
  }
}

typedef struct Wanted {
  const char *words[10];
  size_t count;
} Wanted;

static void want(Wanted *wanted, const char *word) {
  for (size_t i = 0; i < wanted->count; i++)
    if (!strcmp(wanted->words[i], word)) return;
  if (wanted->count < sizeof wanted->words / sizeof *wanted->words) wanted->words[wanted->count++] = word;
}

static bool part_of_expression(int kind) {
  switch (kind) {
    case TK_NUMBER: case TK_STRING: case TK_VAR: case TK_PARAM: case TK_NULL: case TK_TRUE: case TK_FALSE: case TK_NAME:
    case TK_QNAME: case TK_LP: case TK_LB: case TK_ARRAY: case TK_RANGE: case TK_CASE: case TK_CAST: case TK_PREFIX:
    case TK_PREFIX_SYMBOL: case TK_SIGN: case TK_NOT:
      return true;
    default:
      return false;
  }
}

static bool part_of_operator(int kind) {
  return kind == TK_INFIX || kind == TK_INFIX_SYMBOL || kind == TK_SIGN || kind == TK_QUESTION || kind == TK_COLON || kind == TK_CAST_TO || kind == TK_IS ||
         kind == TK_NOT || kind == TK_EQ;
}

/* Groups of kinds get one word: an expression, an operator, a statement. */
static void collect(const unsigned char *expected, int kinds, int before, Wanted *wanted) {
  bool statement = expected[TK_ALTER] && expected[TK_LET], expression = expected[TK_NUMBER] && !statement;
  bool operators = expected[TK_INFIX] && expected[TK_QUESTION];
  if (statement) want(wanted, "a statement");
  if (expression) want(wanted, "an expression");
  if (expected[TK_NAME] && !expected[TK_NUMBER] && !statement) want(wanted, name_wanted(before));
  for (int kind = 1; kind < kinds; kind++) {
    if (!expected[kind] || kind == TK_BAD) continue;
    if (statement && kind != TK_END && kind != TK_ELSE && kind != TK_ON && kind != TK_ELSEIF) continue;
    if (expression && part_of_expression(kind)) continue;
    if (operators && (part_of_operator(kind) || kind == TK_STAR || kind == TK_LP || kind == TK_PERCENT)) continue;
    if (!expression && (kind == TK_NAME || kind == TK_QNAME || kind == TK_PREFIX || (kind == TK_INFIX && expected[TK_NAME]))) continue;
    want(wanted, token_describe(kind));
  }
  if (operators) want(wanted, "an operator");
}

static Str join_words(Run *run, const Wanted *wanted) {
  Buf text = {0};
  for (size_t i = 0; i < wanted->count; i++) {
    if (i) buf_text(&text, i + 1 == wanted->count ? " or " : ", ");
    buf_text(&text, wanted->words[i]);
  }
  Str joined = arena_str(run->parser->arena, str_make(text.data, text.len));
  buf_free(&text);
  return joined;
}

static const int statement_kinds[] = {
  TK_ALTER, TK_ANALYZE, TK_BEGIN, TK_BREAK, TK_CALL, TK_CONTINUE, TK_COPY, TK_CREATE, TK_DESCRIBE, TK_DROP, TK_EXPECT, TK_EXPLAIN,
  TK_FETCH, TK_FUNCTION, TK_IF, TK_INCLUDE, TK_LET, TK_LOAD, TK_LOOP, TK_OPTIONS, TK_PROCEDURE, TK_RAISE, TK_RETURN, TK_SELECT,
  TK_SHOW, TK_SPLIT, TK_TRANSFORM, TK_TRY, TK_WHILE, TK_YIELD, TK_END,
};

/* A statement that begins with a plain word which is no statement: SELCT * FROM …; */
static bool report_unknown_statement(Run *run) {
  const Token *head = run->head;
  if (!head || head->kind != TK_NAME || head[1].kind == TK_LP) return false;
  Speller speller = speller_start(type_upper(run, head->text));
  for (size_t i = 0; i < sizeof statement_kinds / sizeof *statement_kinds; i++)
    speller_try(&speller, str_of(token_describe(statement_kinds[i])));
  speller_try(&speller, str_of("SAVE"));
  speller_try(&speller, str_of("EXEC"));
  Str best = speller_best(&speller);
  if (str_eq_nocase(best, head->text)) return false; /* BREAK 3; */
  if (!best.len && head != &run->tokens[run->at] && head + 1 != &run->tokens[run->at]) return false;
  const char *hint = best.len ? arena_printf(run->parser->arena, "did you mean %.*s?", STR_ARG(best)).data : NULL;
  parse_error_hint(run, head->pos, hint, "unknown statement '%.*s'", STR_ARG(head->text));
  return true;
}

/* An END where every block is closed already. Behind another error its opener is probably what was wrong. */
static bool report_lone_end(Run *run, const Token *found) {
  if (found->kind != TK_END || run->closed.opener) return false;
  if (!run->failed)
    parse_error_hint(run, found->pos, "blocks are opened by IF … THEN, LOOP … BEGIN, WHILE … BEGIN, TRY BEGIN, BEGIN",
                     "no block is open that this END could close");
  return true;
}

/* ELSE, ELSEIF or ON where a statement would begin. */
static bool report_lone_part(Run *run, const Token *found, const unsigned char *expected) {
  bool is_else = found->kind == TK_ELSE || str_eq_nocase(found->text, str_of("ELSEIF"));
  bool is_on = str_eq_nocase(found->text, str_of("ON")) && str_eq_nocase(found[1].text, str_of("ERROR"));
  const Token *head = run->head;
  if (head && head + 1 == found && head->kind == TK_NAME) { /* taken as a name at first */
    is_else = str_eq_nocase(head->text, str_of("ELSEIF"));
    is_on = str_eq_nocase(head->text, str_of("ON")) && str_eq_nocase(found->text, str_of("ERROR"));
    found = is_else || is_on ? head : found;
  } else if (!expected[TK_LET]) {
    return false;
  }
  if (is_else)
    parse_error_hint(run, found->pos, "IF condition THEN … ELSEIF condition THEN … ELSE … END IF;",
                     "no IF or LOOP is open here that this %.*s could belong to", STR_ARG(found->text));
  else if (is_on)
    parse_error_hint(run, found->pos, "TRY BEGIN … ON ERROR $message … END TRY;",
                     "no TRY is open here that this ON ERROR could belong to");
  return is_else || is_on;
}

/* The innermost block that is open at the end of the script. */
static bool report_open_block(Run *run) {
  if (!run->block_count) return false;
  const OpenBlock *block = &run->blocks[run->block_count - 1];
  const char *hint = "END; closes it";
  if (block->kind != TK_BEGIN) hint = arena_printf(run->parser->arena, "END %s; closes it", block_name(block->kind)).data;
  parse_error_hint(run, block->opener->pos, hint, "the %s that begins here has no END", block_name(block->kind));
  return true;
}

static void report_found(Run *run, const Token *found, const unsigned char *expected, int kinds) {
  Wanted wanted = {0};
  static const Token none = {.kind = TK_SEMI};
  const Token *before = run->at ? found - 1 : &none;
  collect(expected, kinds, before->kind, &wanted);
  Str words = join_words(run, &wanted);
  const char *hint = syntax_hint(run, before, found, expected, kinds);
  int shown = found->text.len > 40 ? 40 : (int)found->text.len;
  if (found->kind == LEX_END) {
    Position pos = found->pos;
    if (!run->expression && run->at) pos = before->pos;
    parse_error_hint(run, pos, hint, "expected %.*s, found the end of %s", STR_ARG(words), run->expression ? "the expression" : "the script");
  } else {
    const char *quote = found->text.data[0] == '\'' || found->text.data[0] == '"' ? "" : "'";
    parse_error_hint(run, found->pos, hint, "expected %.*s, found %s%.*s%s", STR_ARG(words), quote, shown, found->text.data, quote);
  }
}

void parse_unexpected(Run *run, const unsigned char *expected, int kinds) {
  const Token *found = &run->tokens[run->at];
  bool quiet = run->quiet;
  run->quiet = false;
  if (run->skipping) return;
  if (run->retried == found) run->unclosed = true; /* the same END once more: its block stays open for the grammar */
  if (run->unclosed && (run->retried == found || found->kind == LEX_END)) quiet = true;
  if (!quiet && !(found->kind == LEX_END && report_open_block(run)) && !report_lone_end(run, found) &&
      !report_lone_part(run, found, expected) && !report_unknown_statement(run))
    report_found(run, found, expected, kinds);
  run->failed = true;
  if (found->kind == TK_SEMI) return; /* the parser takes it as the end of the statement that failed */
  run->skipping = true;
  run->skip_depth = run->block_count;
  bool closes = found->kind == TK_END && run->closed.opener && run->retried != found;
  if (closes) run->retried = found;
  if (closes) run->skip_depth++;
  if (found->kind == TK_BEGIN || found->kind == TK_THEN || found->kind == TK_CASE) run->skip_depth--;
  while (run->skip_depth && run->skip_depth <= run->block_count && run->blocks[run->skip_depth - 1].kind == TK_CASE) run->skip_depth--;
  run->repeat = closes;
}
