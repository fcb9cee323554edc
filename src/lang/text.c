/* text.c - names and texts: quotes, doubled quotes, and what stands in braces.
 *
 * First the end of the text is found (the lexer has done that), then its {…} are parsed. Where quotes were doubled the
 * inside is copied, with a map of offsets, so that positions in messages stay those of the script.
 */
#include "lang/parse_internal.h"

/* The inside of a quoted token, quotes undoubled. */
typedef struct Inside {
  Str text;
  const uint32_t *map; /* as in Lexer */
  Str behind;          /* dots and subscripts that follow a quoted name */
} Inside;

/* Where the closing quote of the quoted part of text stands; at > 0 is the place behind the opening one. */
static size_t closing_quote(Str text, size_t at, bool *doubled) {
  char quote = text.data[at - 1];
  for (; at < text.len; at++) {
    if (text.data[at] != quote) continue;
    if (at + 1 >= text.len || text.data[at + 1] != quote) break;
    *doubled = true;
    at++;
  }
  return at;
}

static Inside inside_of(Run *run, const Token *token) {
  Str text = token->text;
  Arena *arena = run->parser->arena;
  size_t start = text.data[0] == '$' || text.data[0] == '@' ? 2 : 1;
  bool doubled = false;
  size_t end = closing_quote(text, start, &doubled);
  const Lexer *lexer = &run->lexer;
  Inside inside = {.text = str_make(text.data + start, end - start)};
  if (end + 1 < text.len) inside.behind = str_make(text.data + end + 1, text.len - end - 1);
  if (!doubled) {
    inside.map = lexer->map ? lexer->map + (inside.text.data - lexer->text) : NULL;
    return inside;
  }
  char quote = text.data[start - 1], *copy = arena_raw(arena, inside.text.len + 1);
  uint32_t *map = arena_raw(arena, (inside.text.len + 1) * sizeof *map);
  size_t len = 0;
  for (size_t i = start; i < end; i++) {
    map[len] = lexer_offset(lexer, text.data + i);
    copy[len++] = text.data[i];
    if (text.data[i] == quote) i++;
  }
  map[len] = lexer_offset(lexer, text.data + end);
  copy[len] = 0;
  inside.text = str_make(copy, len);
  inside.map = map;
  return inside;
}

/* The '}' that ends what begins behind a '{' at text.data[at - 1]; text.len if there is none. Texts in it are skipped. */
static size_t closing_brace(Str text, size_t at) {
  for (; at < text.len; at++) {
    char c = text.data[at];
    if (c == '}') return at;
    if (c == '\'' || c == '"') {
      bool doubled;
      at = closing_quote(text, at + 1, &doubled);
    }
  }
  return text.len;
}

static bool is_blank(Str text) {
  for (size_t i = 0; i < text.len; i++)
    if (!memchr(" \t\r\n", text.data[i], 4)) return false;
  return true;
}

/* The expression in braces; NULL after an error. */
static const Expr *parse_part(Run *run, const Token *token, const Inside *inside, size_t from, size_t to) {
  Parser *parser = run->parser;
  if (parser->text_depth >= TEXT_MAX_DEPTH) {
    parse_error(run, token->pos, "texts in {…} in texts are nested too deeply");
    return NULL;
  }
  Run part = {.parser = parser, .expression = true, .select = true};
  Cursor cursor = {token->pos.offset, token->pos.line, token->pos.offset - (token->pos.column - 1)};
  lexer_start_part(&part.lexer, &run->lexer, str_make(inside->text.data + from, to - from), inside->map ? inside->map + from : NULL, cursor);
  parser->text_depth++;
  run_parse(&part);
  parser->text_depth--;
  return part.value;
}

enum { UNCLOSED_MAX = 1000 }; /* each is looked for to the end of the text */

typedef struct Parts {
  const Expr **items;
  size_t count;
  Buf text; /* constant text not yet in items */
  size_t last_brace; /* behind the last '}' */
  int unclosed;
  bool dynamic;
} Parts;

static void flush_text(Run *run, Parts *parts, Position pos) {
  if (!parts->text.len) return;
  Expr *expr = expr_new(run, EXPR_LITERAL, pos);
  expr->literal = value_str(arena_str(run->parser->arena, str_make(parts->text.data, parts->text.len)));
  const Expr *item = expr;
  ARENA_PUSH(run->parser->arena, parts->items, parts->count, item);
  parts->text.len = 0;
}

/* Where the part that begins with the '{' at i ends; the text's length if it has no end, and so is text. */
static size_t part_end(Run *run, const Token *token, Str text, size_t i, Parts *parts) {
  if (i >= parts->last_brace || parts->unclosed > UNCLOSED_MAX) return text.len;
  size_t end = closing_brace(text, i + 1);
  if (end == text.len && ++parts->unclosed > UNCLOSED_MAX)
    parse_error_hint(run, token->pos, "write \\{ for a brace", "more than %d braces { in this text have no end", UNCLOSED_MAX);
  return end;
}

static void take_parts(Run *run, const Token *token, const Inside *inside, Parts *parts) {
  Str text = inside->text;
  for (parts->last_brace = text.len; parts->last_brace > 0 && text.data[parts->last_brace - 1] != '}';) parts->last_brace--;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    if (c == '\\' && i + 1 < text.len && (text.data[i + 1] == '{' || text.data[i + 1] == '}')) {
      buf_char(&parts->text, text.data[++i]);
      continue;
    }
    size_t end = c == '{' ? part_end(run, token, text, i, parts) : text.len;
    if (end == text.len) {
      buf_char(&parts->text, c);
      continue;
    }
    if (!is_blank(str_make(text.data + i + 1, end - i - 1))) {
      const Expr *part = parse_part(run, token, inside, i + 1, end);
      flush_text(run, parts, token->pos);
      if (part) ARENA_PUSH(run->parser->arena, parts->items, parts->count, part);
      parts->dynamic = true;
    }
    i = end;
  }
}

/* Constant text in *text, or an EXPR_TEXT. */
static Expr *interpolate(Run *run, const Token *token, Str *text) {
  Inside inside = inside_of(run, token);
  *text = inside.text;
  if (inside.text.len && (memchr(inside.text.data, '{', inside.text.len) || memchr(inside.text.data, '\\', inside.text.len))) {
    Parts parts = {0};
    take_parts(run, token, &inside, &parts);
    Expr *expr = NULL;
    buf_str(&parts.text, inside.behind);
    if (parts.dynamic) {
      flush_text(run, &parts, token->pos);
      expr = expr_new(run, EXPR_TEXT, token->pos);
      expr->items = parts.items;
      expr->count = parts.count;
      expr_set_depth(run, expr);
    } else {
      *text = arena_str(run->parser->arena, str_make(parts.text.data, parts.text.len));
    }
    buf_free(&parts.text);
    return expr;
  }
  if (inside.behind.len) *text = arena_printf(run->parser->arena, "%.*s%.*s", STR_ARG(inside.text), STR_ARG(inside.behind));
  return NULL;
}

Name name_make(Run *run, const Token *token) {
  Name name = {.text = token->text, .pos = token->pos};
  size_t sigil = name.text.data[0] == '$' || name.text.data[0] == '@' ? 1 : 0;
  if (name.text.len > sigil && name.text.data[sigil] == '"') {
    name.parts = interpolate(run, token, &name.text);
    if (name.parts) name.text = str_make("", 0);
  } else {
    name.text = str_make(name.text.data + sigil, name.text.len - sigil);
  }
  return name;
}

Expr *text_expr(Run *run, const Token *token) {
  Str text;
  Expr *expr = interpolate(run, token, &text);
  if (expr) return expr;
  expr = expr_new(run, EXPR_LITERAL, token->pos);
  expr->literal = value_str(text);
  return expr;
}

Str text_plain(Run *run, const Token *token) {
  Str text;
  if (interpolate(run, token, &text)) parse_error(run, token->pos, "this text must be plain, without {…}");
  return arena_str(run->parser->arena, text);
}

Str text_comment(Run *run, const Token *token) {
  Str text = text_plain(run, token);
  char *out = arena_raw(run->parser->arena, text.len + 1);
  size_t len = 0;
  for (size_t i = 0; i < text.len; i++) {
    bool ends = text.data[i] == '\n' || text.data[i] == '\r';
    if (!ends) {
      out[len++] = text.data[i];
      continue;
    }
    while (len && out[len - 1] == ' ') len--;
    while (i + 1 < text.len && memchr(" \t\r\n", text.data[i + 1], 4)) i++;
    out[len++] = ' ';
  }
  return str_make(out, len);
}

Str text_own(Run *run, Position pos) {
  const char *at = pos.source->text + pos.offset, *end = at + pos.length;
  char *copy = arena_raw(run->parser->arena, pos.length + 1), *out = copy;
  while (at < end) {
    if (memchr(" \t\r\n\f\v", *at, 6)) {
      at++;
    } else if (*at == '-' && at + 1 < end && at[1] == '-') {
      while (at < end && *at != '\n') at++;
    } else if (*at == '/' && at + 1 < end && at[1] == '*') {
      for (at += 2; at + 1 < end && (at[0] != '*' || at[1] != '/'); at++) {}
      at = at + 2 < end ? at + 2 : end;
    } else if (*at == '\'' || *at == '"') {
      char quote = *at;
      do *out++ = *at++;
      while (at < end && *at != quote);
      if (at < end) *out++ = *at++;
    } else {
      *out++ = *at++;
    }
  }
  *out = 0;
  return str_make(copy, (size_t)(out - copy));
}
