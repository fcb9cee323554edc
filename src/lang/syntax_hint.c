/* syntax_hint.c - what was probably meant where a token does not fit, and how the statement is written. */
#include "lang/parse_internal.h"
#include "lang/statements.h"

const char *did_you_mean(Run *run, const Token *token, Str best) {
  if (!best.len || str_eq_nocase(best, token->text)) return NULL;
  return arena_printf(run->parser->arena, "did you mean %.*s?", STR_ARG(best)).data;
}

static void try_operators(const Run *run, Speller *speller, Fixity fixity) {
  const OperatorIndex *index = &run->parser->operators;
  for (size_t i = 0; i < sizeof index->slots / sizeof *index->slots; i++)
    if (fixity == FIX_PREFIX ? index->slots[i].prefix : index->slots[i].infix) speller_try(speller, index->slots[i].word);
}

/* "did you mean FROM?" when a word that was found is nearly a keyword or an operator that would do. */
static const char *keyword_hint(Run *run, const Token *found, const unsigned char *expected, int kinds) {
  if (found->kind != TK_NAME || found->text.len < 2) return NULL;
  Speller speller = speller_start(type_upper(run, found->text));
  for (int kind = 1; kind < kinds; kind++)
    if (expected[kind] && token_is_keyword(kind)) speller_try(&speller, str_of(token_describe(kind)));
  if (expected[TK_INFIX] && expected[TK_QUESTION]) {
    try_operators(run, &speller, FIX_INFIX);
    speller_try(&speller, str_of("BETWEEN"));
  }
  return did_you_mean(run, found, speller_best(&speller));
}

/* The word before was taken as a name, and what was found cannot follow a name: ALTER a PARTITON 3; RAISE INFOO 'x'.
   A keyword is seldom misspelled in its first letter. */
static const char *name_before_hint(Run *run, const Token *before, int kinds) {
  static const char *const severities[] = {"DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "EXCEPTION"};
  if (before->kind != TK_NAME || before->text.len < 4) return NULL;
  if (str_eq_nocase(before->text, str_of("COLUMNAR"))) return NULL; /* a type, as near as it is to COLUMNS */
  Str word = type_upper(run, before->text);
  Speller speller = speller_start(word);
  bool raised = before > run->tokens && before[-1].kind == TK_RAISE;
  for (size_t i = 0; i < sizeof severities / sizeof *severities && raised; i++)
    speller_try(&speller, str_of(severities[i]));
  if (!raised) try_operators(run, &speller, FIX_PREFIX);
  for (int kind = 1; kind < kinds && !raised; kind++)
    if (token_is_keyword(kind)) speller_try(&speller, str_of(token_describe(kind)));
  Str best = speller_best(&speller);
  if (!best.len || str_eq(best, word) || best.data[0] != word.data[0]) return NULL;
  return arena_printf(run->parser->arena, "did you mean %.*s in place of %.*s?", STR_ARG(best), STR_ARG(before->text)).data;
}

/* Words that go on with the statement: before them something is missing, they are meant as names by nobody. */
static bool goes_on(int kind) {
  switch (kind) {
    case TK_FROM: case TK_INTO: case TK_WHERE: case TK_AS: case TK_BY: case TK_BEGIN: case TK_THEN: case TK_ELSE: case TK_END:
    case TK_PARTITION: case TK_FUNCTION: case TK_PROCEDURE: case TK_TRANSFORM:
      return true;
    default:
      return false;
  }
}

/* A word that has its meaning in the language where a name is wanted. At the end of a statement nothing goes on. */
static const char *quote_hint(Run *run, const Token *found, const unsigned char *expected) {
  bool is_word = found->kind != TK_NAME && token_is_keyword(found->kind);
  if (!expected[TK_QNAME] || expected[TK_LET] || !is_word || (goes_on(found->kind) && found[1].kind != TK_SEMI)) return NULL;
  return arena_printf(run->parser->arena, "a name that is a word of the language stands in quotes: \"%.*s\"", STR_ARG(found->text)).data;
}

/* A name without the sign that says what it is the name of. */
static const char *sign_hint(Run *run, const Token *found, const unsigned char *expected) {
  Arena *arena = run->parser->arena;
  bool expression = expected[TK_NUMBER] != 0;
  if (expression) return NULL;
  if (found->kind == TK_NAME && expected[TK_PARAM])
    return arena_printf(arena, "parameters begin with @: @%.*s", STR_ARG(found->text)).data;
  if (found->kind == TK_NAME && expected[TK_VAR] && !expected[TK_QNAME])
    return arena_printf(arena, "variables begin with $: $%.*s", STR_ARG(found->text)).data;
  if (found->kind != TK_STRING || !expected[TK_QNAME] || found->text.len < 2) return NULL;
  Str inside = str_make(found->text.data + 1, found->text.len - 2);
  return arena_printf(arena, "'…' is a text; a name stands in double quotes: \"%.*s\"", STR_ARG(inside)).data;
}

static bool begins_statement(int kind) {
  switch (kind) {
    case TK_ALTER: case TK_ANALYZE: case TK_BREAK: case TK_CALL: case TK_CONTINUE: case TK_COPY: case TK_CREATE: case TK_DROP:
    case TK_FETCH: case TK_IF: case TK_LET: case TK_LOAD: case TK_LOOP: case TK_OPTIONS: case TK_RAISE: case TK_RETURN:
    case TK_SELECT: case TK_YIELD: case TK_END: case TK_ASSIGN:
      return true;
    default:
      return false;
  }
}

/* The statement could have ended before this token. */
static const char *semicolon_hint(const Run *run, const Token *found, const unsigned char *expected) {
  if (!expected[TK_SEMI] || expected[TK_LET]) return NULL;
  if (found->kind == LEX_END) return "every statement ends with ';'";
  if (found->kind == TK_RP) return "no '(' is open here";
  if (found->kind == TK_RB) return "no '[' is open here";
  bool begins = begins_statement(found->kind) || (found->kind == TK_NAME && statement_find(found->text));
  if (begins) return "a ';' is missing before it";
  bool is_let = run->head && (run->head->kind == TK_LET || run->head->kind == TK_ASSIGN);
  return is_let && expected[TK_INFIX] && token_starts_operand(run, found) ? "an operator or a ';' is missing before it" : NULL;
}

/* GROUP and ORDER are names where no BY follows. */
static const char *by_hint(const Token *found, const unsigned char *expected) {
  if (found->kind != TK_NAME) return NULL;
  if (expected[TK_GROUP] && str_eq_nocase(found->text, str_of("GROUP"))) return "write GROUP BY";
  return expected[TK_ORDER] && str_eq_nocase(found->text, str_of("ORDER")) ? "write ORDER BY" : NULL;
}

/* How the statement is written, in one line. */
static const char *statement_hint(Run *run, const Token *before, const Token *found, const unsigned char *expected) {
  const Token *head = run->head;
  const StatementRow *row = NULL;
  bool in_case = run->block_count && run->blocks[run->block_count - 1].kind == TK_CASE;
  in_case = in_case || (before->kind == TK_NAME && str_eq_nocase(before->text, str_of("CASE")));
  if (found->kind == TK_END && expected[TK_ON]) row = statement_find(str_of("TRY"));
  else if (in_case) row = statement_find(str_of("CASE"));
  else if (head && head->kind == TK_CREATE && run->block_word) row = statement_find(run->block_word->text);
  else if (head && head->kind != TK_LET && head->kind != TK_ASSIGN) row = statement_find(head->text);
  if (!row) return NULL;
  Str line = arena_str(run->parser->arena, str_of(row->syntax));
  char *text = (char *)(uintptr_t)line.data;
  size_t len = 0;
  for (size_t i = 0; i < line.len; i++) {
    char c = text[i] == '\n' ? ' ' : text[i];
    if (c != ' ' || !len || text[len - 1] != ' ') text[len++] = c;
  }
  text[len] = 0;
  return text;
}

const char *syntax_hint(Run *run, const Token *before, const Token *found, const unsigned char *expected, int kinds) {
  bool in_brackets = (expected[TK_RP] || expected[TK_RB]) && expected[TK_INFIX];
  bool expression = in_brackets || (expected[TK_NUMBER] && !expected[TK_LET]);
  const char *hint = by_hint(found, expected);
  if (!hint) hint = keyword_hint(run, found, expected, kinds);
  if (!hint) hint = name_before_hint(run, before, kinds);
  if (!hint) hint = quote_hint(run, found, expected);
  if (!hint) hint = sign_hint(run, found, expected);
  if (!hint) hint = semicolon_hint(run, found, expected);
  return hint || (expression && before->kind != TK_RAISE) ? hint : statement_hint(run, before, found, expected);
}
