/* parse.c - drives lexer, words and grammar: a token stream in, a block or an expression out. */
#include <stdarg.h>
#include <stdio.h>

#include "lang/parse_internal.h"
#include "lang/secrets.h"

enum { NESTING_MAX = 1000 }; /* of ( and [: bounds the stack of the generated parser */

static void add_error(Run *run, Position pos, const char *hint, const char *format, va_list args) DC_PRINTF(4, 0);
static void add_error(Run *run, Position pos, const char *hint, const char *format, va_list args) {
  DcError err = {.code = DC_CHECK, .pos = pos};
  vsnprintf(err.message, sizeof err.message, format, args);
  if (hint) dc_hint(&err, "%s", hint);
  diagnostics_add(run->parser->diag, &err, false);
  if (run->parser->diag->errors >= ERRORS_MAX) run->stopped = true;
}

void parse_error(Run *run, Position pos, const char *format, ...) {
  va_list args;
  va_start(args, format);
  add_error(run, pos, NULL, format, args);
  va_end(args);
}

void parse_error_hint(Run *run, Position pos, const char *hint, const char *format, ...) {
  va_list args;
  va_start(args, format);
  add_error(run, pos, hint, format, args);
  va_end(args);
}

static void read_tokens(Run *run) {
  size_t cap = 0;
  Token token;
  do {
    VEC_GROW(run->tokens, run->token_count, cap);
    token = lexer_next(&run->lexer);
    run->tokens[run->token_count++] = token;
  } while (token.kind != LEX_END && token.kind != LEX_FATAL);
  VEC_GROW(run->tokens, run->token_count, cap);
  token.kind = LEX_END;
  run->tokens[run->token_count++] = token;
}

static void count_nesting(Run *run, const Token *token) {
  if (token->kind == TK_LP || token->kind == TK_LB) run->nesting++;
  if (token->kind == TK_RP || token->kind == TK_RB) run->nesting--;
  if (token->kind == TK_SEMI) run->nesting = 0;
  if (run->nesting <= NESTING_MAX && run->block_count <= BLOCK_MAX_DEPTH) return;
  parse_error(run, token->pos, "this script is nested too deeply here");
  run->stopped = true;
}

/* Makes the next token the current one, once. */
static const Token *next_token(Run *run) {
  if (run->repeat) {
    run->repeat = false;
  } else {
    if (run->started) run->at++;
    run->started = true;
    word_classify(run, run->at);
    count_nesting(run, &run->tokens[run->at]);
  }
  return &run->tokens[run->at];
}

/* To the ';' of the statement that failed. An END that closes the block around it gets a ';' put before it. */
static const Token *skip_statement(Run *run) {
  static const Token semicolon = {.kind = TK_SEMI};
  for (;;) {
    const Token *token = next_token(run);
    if (token->kind == LEX_END || token->kind == LEX_FATAL) return token;
    bool closes = token->kind == TK_END && run->block_count < run->skip_depth;
    if (!closes && (token->kind != TK_SEMI || run->block_count > run->skip_depth)) continue;
    run->skipping = false;
    run->repeat = closes;
    return closes ? &semicolon : token;
  }
}

const Token *run_token(Run *run) {
  if (run->stopped) return NULL;
  const Token *token = run->skipping ? skip_statement(run) : next_token(run);
  bool stop = run->stopped || token->kind == LEX_FATAL || (token->kind == TK_BAD && !run->skipping);
  if (!stop) return token;
  if (token->kind != TK_BAD || run->stopped) return NULL;
  /* The lexer has reported it: leave the statement out without another message. */
  run->quiet = true;
  return token;
}

void run_parse(Run *run) {
  read_tokens(run);
  tdl_parser_run(run);
  dc_free(run->tokens);
  dc_free(run->blocks);
  dc_free(run->items);
  run->tokens = NULL;
}

static void parser_start(Parser *parser, Arena *arena, Diagnostics *diag) {
  *parser = (Parser){.arena = arena, .diag = diag, .choice = catalog_operator(str_of("?:"), FIX_TERNARY)};
  operator_index_make(&parser->operators);
}

static DcCode parse_text(const Source *source, bool is_library, int *next_number, Unit **out, Diagnostics *diag) {
  Unit *unit = dc_alloc(sizeof *unit);
  size_t errors = diag->errors;
  Parser parser;
  parser_start(&parser, &unit->arena, diag);
  if (!is_library) secrets_note_text(str_make(source->text, source->len));
  parser.next_number = *next_number;
  parser.is_library = is_library;
  IncludeLink link = {NULL, source->name};
  parser.includes = &link;
  unit->source = source;
  Run run = {.parser = &parser};
  lexer_start(&run.lexer, source, diag);
  run_parse(&run);
  unit->body = run.block;
  *next_number = parser.next_number;
  *out = unit;
  return diag->errors > errors ? DC_CHECK : DC_OK;
}

DcCode parse_unit(const Source *source, int *next_number, Unit **out, Diagnostics *diag) {
  return parse_text(source, false, next_number, out, diag);
}

DcCode parse_library(const Source *source, int *next_number, Unit **out, Diagnostics *diag) {
  return parse_text(source, true, next_number, out, diag);
}

void unit_free(Unit *unit) {
  if (!unit) return;
  arena_free(&unit->arena);
  dc_free(unit);
}

DcCode parse_expr(const Source *source, Arena *arena, const Expr **out, Diagnostics *diag) {
  size_t errors = diag->errors;
  Parser parser;
  parser_start(&parser, arena, diag);
  Run run = {.parser = &parser, .expression = true, .select = true};
  lexer_start(&run.lexer, source, diag);
  run_parse(&run);
  *out = run.value;
  return diag->errors > errors ? DC_CHECK : DC_OK;
}

/* The books on blocks need no grammar. What stands behind the last ';' is a statement that goes on. */
bool text_is_complete(Str text) {
  Arena arena = {0};
  Diagnostics ignored = {0};
  Parser parser;
  Source source = {"", text.data ? text.data : "", text.len, 1};
  parser_start(&parser, &arena, &ignored);
  Run run = {.parser = &parser};
  lexer_start(&run.lexer, &source, &ignored);
  read_tokens(&run);
  size_t count = run.token_count - 2; /* without the ends */
  for (size_t i = 0; i < count; i++) word_classify(&run, i);
  bool cut = run.tokens[count].kind == LEX_FATAL; /* in the middle of a text or comment */
  bool complete = !cut && !run.block_count && (!count || run.tokens[count - 1].kind == TK_SEMI);
  dc_free(run.tokens);
  dc_free(run.blocks);
  diagnostics_free(&ignored);
  arena_free(&arena);
  return complete;
}
