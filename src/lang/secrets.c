/* secrets.c - finding secrets in the text of scripts. A look at bytes is enough: it may find too much, in comments and texts. */
#include "lang/secrets.h"

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }
static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Parameters of adapters that are SECRET. */
static bool is_parameter(Str name) {
  static const char *const names[] = {"password", "secret_key", "session_token", "token", "headers"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (str_is(name, names[i])) return true;
  return false;
}

bool secrets_is_name(Str name) {
  static const char *const parts[] = {"password", "passwd", "secret", "token", "api_key", "apikey"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    size_t len = strlen(parts[i]);
    for (size_t at = 0; at + len <= name.len; at++)
      if (str_eq_nocase(str_make(name.data + at, len), str_of(parts[i]))) return true;
  }
  return false;
}

static size_t skip_blanks(Str text, size_t at) {
  while (at < text.len && is_blank(text.data[at])) at++;
  return at;
}

/* The '…' that begins at text[at], which is noted unless its value is made of others. Gives the place behind it. */
static size_t note_literal(Str text, size_t at) {
  size_t end = at + 1;
  while (end < text.len && text.data[end] != '\'' && text.data[end] != '\n') end += text.data[end] == '\\' && end + 1 < text.len ? 2 : 1;
  if (end > text.len) end = text.len;
  Str value = str_make(text.data + at + 1, end - at - 1);
  const char *colon = value.len ? memchr(value.data, ':', value.len) : NULL;
  bool made = value.len && memchr(value.data, '{', value.len);
  if (!made) secret_note(value);
  if (!made && colon) secret_note(str_trim(str_make(colon + 1, (size_t)(value.data + value.len - colon - 1)))); /* of a header */
  return end < text.len ? end + 1 : end;
}

/* What is assigned to the name that ends before text[at]: a literal, or an array of them. */
static void note_assigned(Str text, size_t at) {
  at = skip_blanks(text, at);
  if (at >= text.len || text.data[at] != '=') return;
  at = skip_blanks(text, at + 1);
  bool list = at < text.len && text.data[at] == '[';
  if (!list && at < text.len && text.data[at] == '\'') note_literal(text, at);
  for (at++; list && at < text.len && text.data[at] != ']';) at = text.data[at] == '\'' ? note_literal(text, at) : at + 1;
}

/* user:password@ behind the :// that ends before text[at]. */
static void note_url(Str text, size_t at) {
  size_t colon = 0, end = at;
  for (; end < text.len && !is_blank(text.data[end]) && !memchr("/'\"@", text.data[end], 4); end++)
    if (text.data[end] == ':' && !colon) colon = end;
  if (colon && end < text.len && text.data[end] == '@') secret_note(str_make(text.data + colon + 1, end - colon - 1));
}

void secrets_note_text(Str text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    if (c == ':' && i + 3 < text.len && text.data[i + 1] == '/' && text.data[i + 2] == '/') note_url(text, i + 3);
    if (c != '@' && c != '$') continue;
    size_t end = i + 1;
    while (end < text.len && is_letter(text.data[end])) end++;
    Str name = str_make(text.data + i + 1, end - i - 1);
    if (c == '@' ? is_parameter(name) : secrets_is_name(name)) note_assigned(text, end);
    i = end - 1;
  }
}
