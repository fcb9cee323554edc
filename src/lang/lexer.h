/* lexer.h - from bytes to tokens. A token is a kind, a slice and a position; it owns nothing.
 *
 * The lexer (grammar/tdl.re) knows no context: it gives every word that is a keyword somewhere its own kind. words.c
 * then decides, token by token, where such a word is only a name.
 */
#ifndef LANG_LEXER_H
#define LANG_LEXER_H

#include "catalog/catalog.h"
#include "lang/parse.h"
#include "tdl.h"

/* Kinds are the TK_ codes of the grammar, 0 at the end, and these, which never reach the grammar. */
enum {
  LEX_END = 0,
  LEX_SYMBOL = 240, /* an operator made of symbols; words.c tells prefix from infix */
  LEX_FATAL,        /* an unterminated text or comment: reported, nothing sensible follows */
};

typedef struct Token {
  int kind;
  Str text;     /* with quotes and sigil */
  Position pos; /* always in the script itself, also inside of interpolated texts */
} Token;

/* A running line counter over the source; offsets only ever grow. */
typedef struct Cursor {
  uint32_t offset, line, line_start;
} Cursor;

typedef struct Lexer {
  const Source *source;
  const char *text, *next, *end; /* what is read: the source or, with a map, an unescaped copy of a part of it */
  const uint32_t *map;           /* copy: offset in the source of each byte and of the end; else NULL */
  Cursor cursor;
  Diagnostics *diag;
} Lexer;

/* Reads the whole source; skips a byte order mark and a #! line. */
void lexer_start(Lexer *lexer, const Source *source, Diagnostics *diag);
/* Reads text[0 … len-1], which is a slice of the source (map NULL) or a copy of one. from: a cursor before it. */
void lexer_start_part(Lexer *lexer, const Lexer *outer, Str text, const uint32_t *map, Cursor from);
/* The next token; LEX_END for ever at the end. Errors go to diag. */
Token lexer_next(Lexer *lexer);
/* The place of text[from … to-1]. */
Position lexer_position(Lexer *lexer, const char *from, const char *to);
/* The generated scanner: the kind of the token at lexer->next, which it moves behind it. */
int lexer_scan(Lexer *lexer, const char **start);
static inline bool lexer_is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || ((unsigned char)c & 0x80);
}
/* Offset in the source of a byte of the text being read. */
uint32_t lexer_offset(const Lexer *lexer, const char *at);

/* What a kind is called in messages and by --print-tokens: "a name", "';'", "FROM". */
const char *token_describe(int kind);

#endif
