/* lexer.c - tokens with positions around the generated scanner. Reads, allocates nothing. */
#include "lang/lexer.h"

void lexer_start(Lexer *lexer, const Source *source, Diagnostics *diag) {
  *lexer = (Lexer){.source = source, .text = source->text, .end = source->text + source->len, .diag = diag};
  lexer->cursor = (Cursor){0, source->first_line ? source->first_line : 1, 0};
  lexer->next = source->text;
  if (str_starts(str_make(source->text, source->len), str_of("\xEF\xBB\xBF"))) lexer->next += 3;
  if (lexer->end - lexer->next >= 2 && lexer->next[0] == '#' && lexer->next[1] == '!')
    while (lexer->next < lexer->end && *lexer->next != '\n') lexer->next++;
}

void lexer_start_part(Lexer *lexer, const Lexer *outer, Str text, const uint32_t *map, Cursor from) {
  *lexer = (Lexer){.source = outer->source, .text = text.data, .next = text.data, .end = text.data + text.len,
                   .map = map, .cursor = from, .diag = outer->diag};
}

uint32_t lexer_offset(const Lexer *lexer, const char *at) {
  return lexer->map ? lexer->map[at - lexer->text] : (uint32_t)(at - lexer->source->text);
}

Position lexer_position(Lexer *lexer, const char *from, const char *to) {
  uint32_t offset = lexer_offset(lexer, from), behind = lexer_offset(lexer, to);
  Cursor *cursor = &lexer->cursor;
  const char *text = lexer->source->text;
  while (cursor->offset < offset) {
    const char *line_end = memchr(text + cursor->offset, '\n', offset - cursor->offset);
    if (!line_end) {
      cursor->offset = offset;
      break;
    }
    cursor->offset = cursor->line_start = (uint32_t)(line_end - text) + 1;
    cursor->line++;
  }
  return (Position){.source = lexer->source, .line = cursor->line, .column = offset - cursor->line_start + 1,
                    .length = behind - offset, .offset = offset};
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Length of "[0]", "[1:]", "[-2:-1]", "[*]", "[]" at the start of text; 0 if there is none. */
static size_t subscript_length(const char *text, const char *end) {
  if (text >= end || *text != '[') return 0;
  for (const char *at = text + 1; at < end; at++) {
    if (*at == ']') return (size_t)(at - text) + 1;
    if (!is_digit(*at) && !memchr("-:* ", *at, 4)) return 0;
  }
  return 0;
}

/* Length of the dots and subscripts that follow a name without a blank. */
static size_t path_length(const char *text, const char *end) {
  const char *at = text;
  while (at < end) {
    size_t length = subscript_length(at, end);
    if (length) {
      at += length;
    } else if (*at == '.' && at + 1 < end && lexer_is_letter(at[1])) {
      for (at++; at < end && (lexer_is_letter(*at) || is_digit(*at)); at++) {}
    } else {
      break;
    }
  }
  return (size_t)(at - text);
}

/* "x IN[4]" has an operator in front of an array, not a name with a subscript. */
static bool takes_path(int kind, Str word) {
  if (kind == TK_QNAME || kind == TK_VAR) return true;
  return kind == TK_NAME && !catalog_operator(word, FIX_INFIX) && !catalog_operator(word, FIX_PREFIX);
}

static void report(Lexer *lexer, const Token *token, const char *message) {
  DcError err = {0};
  dc_fail_at(&err, DC_CHECK, token->pos, "%s", message);
  diagnostics_add(lexer->diag, &err, false);
}

/* An unterminated text reaches to the end of the file; the error shows where it began, and no more than its line. */
static void report_unterminated(Lexer *lexer, Token *token) {
  const char *text = token->text.data;
  const char *line_end = memchr(text, '\n', token->text.len);
  Token first = *token;
  if (line_end) first.pos.length = (uint32_t)(line_end - text);
  report(lexer, &first,
         text[0] == '/' ? "the comment that begins here has no end: */ is missing"
         : text[0] == '\'' ? "the text that begins here has no end: ' is missing"
                           : "the quoted name that begins here has no end: \" is missing");
}

static void report_bad_character(Lexer *lexer, const Token *token) {
  DcError err = {0};
  unsigned char c = (unsigned char)token->text.data[0];
  if (c == '`') dc_hint(&err, "names stand in double quotes, texts in single ones");
  else if (c == '$' || c == '@') dc_hint(&err, "a name follows it without a blank: %cname", c);
  else if (c == '{' || c == '}') dc_hint(&err, "braces belong into texts and quoted names; blocks are BEGIN … END");
  else dc_hint(&err, "it can only stand in texts, quoted names and comments");
  if (c > ' ' && c < 127) dc_fail_at(&err, DC_CHECK, token->pos, "unexpected character '%c'", c);
  else dc_fail_at(&err, DC_CHECK, token->pos, "unexpected character with code %u", c);
  diagnostics_add(lexer->diag, &err, false);
}

/* Takes everything that hangs on to a number: "12abc" is one wrong number, not a number and a name. */
static void finish_number(Lexer *lexer, Token *token) {
  const char *at = lexer->next;
  if (at >= lexer->end || !lexer_is_letter(*at)) return;
  while (at < lexer->end && (lexer_is_letter(*at) || is_digit(*at))) at++;
  lexer->next = at;
  token->text.len = (size_t)(at - token->text.data);
}

/* Only where two symbols meet has the catalog to be asked where the operator ends. */
static size_t symbol_length(const char *start, const char *end) {
  if (end - start < 2 || !memchr("-+*/%^~&|#<>=!", start[1], 14)) return 1;
  return catalog_operator_symbol(str_make(start, (size_t)(end - start)));
}

Token lexer_next(Lexer *lexer) {
  const char *start;
  Token token = {.kind = lexer_scan(lexer, &start)};
  token.text = str_make(start, (size_t)(lexer->next - start));
  if (token.kind == LEX_SYMBOL) {
    size_t length = symbol_length(start, lexer->end);
    if (length) lexer->next = start + length;
    else token.kind = TK_BAD;
  } else if (token.kind == TK_NUMBER) {
    finish_number(lexer, &token);
  } else if (lexer->next < lexer->end && (*lexer->next == '[' || *lexer->next == '.') &&
             takes_path(token.kind, token.text)) {
    lexer->next += path_length(lexer->next, lexer->end);
  }
  token.text.len = (size_t)(lexer->next - start);
  if (token.kind == LEX_SYMBOL && token.text.len == 1) {
    if (*start == '*') token.kind = TK_STAR;
    else if (*start == '=') token.kind = TK_EQ;
  }
  token.pos = lexer_position(lexer, start, lexer->next);
  if (token.kind == LEX_FATAL) report_unterminated(lexer, &token);
  else if (token.kind == TK_BAD) report_bad_character(lexer, &token);
  return token;
}

void tokens_print(Buf *out, const Source *source, Diagnostics *diag) {
  Lexer lexer;
  lexer_start(&lexer, source, diag);
  for (Token token = lexer_next(&lexer); token.kind != LEX_END && token.kind != LEX_FATAL; token = lexer_next(&lexer))
    buf_printf(out, "%u:%u %s %.*s\n", token.pos.line, token.pos.column, token_describe(token.kind), STR_ARG(token.text));
}
