/* vars_file.c - Java properties and the value forms of catalogue.md § 1.1. */
#include "run/vars_file.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }
static bool is_end(char c) { return c == '\n' || c == '\r'; }

static Str trim(Str text) {
  while (text.len && (is_blank(text.data[0]) || is_end(text.data[0]))) text.data++, text.len--;
  while (text.len && (is_blank(text.data[text.len - 1]) || is_end(text.data[text.len - 1]))) text.len--;
  return text;
}

static bool hex4(const char *text, size_t left, uint32_t *out) {
  if (left < 4) return false;
  *out = 0;
  for (int i = 0; i < 4; i++) {
    char c = text[i];
    uint32_t digit;
    if (c >= '0' && c <= '9') digit = (uint32_t)(c - '0');
    else if (c >= 'a' && c <= 'f') digit = (uint32_t)(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F') digit = (uint32_t)(c - 'A' + 10);
    else return false;
    *out = *out * 16 + digit;
  }
  return true;
}

static void put_utf8(Buf *out, uint32_t point) {
  if (point < 0x80) {
    buf_char(out, (char)point);
  } else if (point < 0x800) {
    buf_char(out, (char)(0xC0 | point >> 6));
    buf_char(out, (char)(0x80 | (point & 0x3F)));
  } else if (point < 0x10000) {
    buf_char(out, (char)(0xE0 | point >> 12));
    buf_char(out, (char)(0x80 | (point >> 6 & 0x3F)));
    buf_char(out, (char)(0x80 | (point & 0x3F)));
  } else {
    buf_char(out, (char)(0xF0 | point >> 18));
    buf_char(out, (char)(0x80 | (point >> 12 & 0x3F)));
    buf_char(out, (char)(0x80 | (point >> 6 & 0x3F)));
    buf_char(out, (char)(0x80 | (point & 0x3F)));
  }
}

/* \uXXXX, with a following low surrogate where the first is a high one. *at stands behind the u. */
static DcCode put_unicode(Buf *out, Str text, size_t *at, uint32_t line, DcError *err) {
  uint32_t point, low;
  if (!hex4(text.data + *at, text.len - *at, &point)) return dc_fail(err, "line %u: \\u needs four hex digits", line);
  *at += 4;
  bool high = point >= 0xD800 && point < 0xDC00;
  if (high && text.len - *at >= 6 && text.data[*at] == '\\' && text.data[*at + 1] == 'u' &&
      hex4(text.data + *at + 2, text.len - *at - 2, &low) && low >= 0xDC00 && low < 0xE000) {
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    *at += 6;
  } else if (point >= 0xD800 && point < 0xE000) {
    point = 0xFFFD;
  }
  put_utf8(out, point);
  return DC_OK;
}

typedef struct Reader {
  Str text;
  size_t at;
  uint32_t line;
} Reader;

static bool at_end(const Reader *reader) { return reader->at >= reader->text.len; }
static char peek(const Reader *reader) { return reader->text.data[reader->at]; }

static void skip_line_end(Reader *reader) {
  if (at_end(reader)) return;
  if (peek(reader) == '\r') reader->at++;
  if (!at_end(reader) && peek(reader) == '\n') reader->at++;
  reader->line++;
}

static void skip_blanks(Reader *reader) {
  while (!at_end(reader) && is_blank(peek(reader))) reader->at++;
}

/* One escape; the backslash is read. A line end continues the line without its leading blanks. */
static DcCode read_escape(Reader *reader, Buf *out, DcError *err) {
  if (at_end(reader)) return DC_OK;
  char c = peek(reader);
  if (is_end(c)) {
    skip_line_end(reader);
    skip_blanks(reader);
    return DC_OK;
  }
  reader->at++;
  if (c == 'u') return put_unicode(out, reader->text, &reader->at, reader->line, err);
  buf_char(out, c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 'f' ? '\f' : c);
  return DC_OK;
}

static DcCode read_key(Reader *reader, Buf *out, DcError *err) {
  while (!at_end(reader)) {
    char c = peek(reader);
    if (is_end(c) || is_blank(c) || c == '=' || c == ':') break;
    reader->at++;
    if (c == '\\') DC_TRY(read_escape(reader, out, err));
    else buf_char(out, c);
  }
  skip_blanks(reader);
  if (!at_end(reader) && (peek(reader) == '=' || peek(reader) == ':')) {
    reader->at++;
    skip_blanks(reader);
  }
  return DC_OK;
}

static DcCode read_rest(Reader *reader, Buf *out, DcError *err) {
  while (!at_end(reader) && !is_end(peek(reader))) {
    char c = reader->text.data[reader->at++];
    if (c == '\\') DC_TRY(read_escape(reader, out, err));
    else buf_char(out, c);
  }
  skip_line_end(reader);
  return DC_OK;
}

static void skip_comment(Reader *reader) {
  while (!at_end(reader) && !is_end(peek(reader))) reader->at++;
  skip_line_end(reader);
}

DcCode vars_parse(Str text, Arena *arena, VarVisit visit, void *self, DcError *err) {
  Reader reader = {text, 0, 1};
  if (str_starts(text, str_of("\xEF\xBB\xBF"))) reader.at = 3;
  Buf key = {0}, rest = {0};
  DcCode code = DC_OK;
  while (code == DC_OK) {
    skip_blanks(&reader);
    if (at_end(&reader)) break;
    if (is_end(peek(&reader))) {
      skip_line_end(&reader);
      continue;
    }
    if (peek(&reader) == '#' || peek(&reader) == '!') {
      skip_comment(&reader);
      continue;
    }
    key.len = rest.len = 0;
    code = read_key(&reader, &key, err);
    if (code == DC_OK) code = read_rest(&reader, &rest, err);
    if (code != DC_OK) break;
    Value value = vars_value(arena_str(arena, str_make(rest.data, rest.len)), arena);
    code = visit(self, arena_str(arena, str_make(key.data, key.len)), value, err);
  }
  buf_free(&key);
  buf_free(&rest);
  return code;
}

typedef struct Items {
  Value *items;
  size_t count, cap;
} Items;

static void add_item(Items *items, Value value) {
  VEC_GROW(items->items, items->count, items->cap);
  items->items[items->count++] = value;
}

/* Quoted texts with anything between them. false: a quote is not closed. */
static bool read_texts(Str inside, Arena *arena, Items *out, bool *clean) {
  char quote = inside.data[0];
  *clean = true;
  for (size_t i = 0; i < inside.len;) {
    if (inside.data[i] != quote) {
      if (inside.data[i] != ',' && !is_blank(inside.data[i])) *clean = false;
      i++;
      continue;
    }
    Buf text = {0};
    bool closed = false;
    for (i++; i < inside.len && !closed;) {
      char c = inside.data[i++];
      if (c != quote) buf_char(&text, c);
      else if (i < inside.len && inside.data[i] == quote) buf_char(&text, quote), i++;
      else closed = true;
    }
    add_item(out, value_str(arena_str(arena, str_make(text.data, text.len))));
    buf_free(&text);
    if (!closed) return *clean = false;
  }
  return true;
}

static void read_numbers(Str inside, Items *out, bool *clean) {
  *clean = true;
  for (size_t start = 0; start <= inside.len;) {
    const char *comma = memchr(inside.data + start, ',', inside.len - start);
    size_t end = comma ? (size_t)(comma - inside.data) : inside.len;
    Value number = value_null();
    if (!number_parse(trim(str_make(inside.data + start, end - start)), &number)) {
      number = value_null();
      *clean = false;
    }
    add_item(out, number);
    start = end + 1;
  }
}

static bool is_bracketed(Str text) { return text.len >= 2 && text.data[0] == '[' && text.data[text.len - 1] == ']'; }

static Value read_array(Str text, Arena *arena, bool *clean) {
  Str inside = trim(str_make(text.data + 1, text.len - 2));
  Items items = {0};
  *clean = true;
  if (inside.len && (inside.data[0] == '\'' || inside.data[0] == '"')) read_texts(inside, arena, &items, clean);
  else if (inside.len) read_numbers(inside, &items, clean);
  Value array = value_array(arena, items.items, items.count);
  dc_free(items.items);
  return array;
}

static bool is_quoted(Str text) {
  return text.len >= 2 && (text.data[0] == '\'' || text.data[0] == '"') && text.data[text.len - 1] == text.data[0];
}

Value vars_value(Str text, Arena *arena) {
  Str trimmed = trim(text);
  bool clean;
  if (is_bracketed(trimmed)) return read_array(trimmed, arena, &clean);
  if (is_quoted(trimmed)) return value_str(arena_str(arena, str_make(trimmed.data + 1, trimmed.len - 2)));
  return value_str(arena_str(arena, text));
}

Value vars_argument(Str text, Arena *arena) {
  Str trimmed = trim(text);
  bool clean = false;
  Value value;
  if (is_bracketed(trimmed)) {
    value = read_array(trimmed, arena, &clean);
    return clean ? value : value_str(arena_str(arena, text));
  }
  bool starts = text.len && (text.data[0] == '-' || (text.data[0] >= '0' && text.data[0] <= '9')); /* not NaN */
  if (starts && number_parse(text, &value) && str_eq(value_to_str(arena, value), text)) return value;
  return vars_value(text, arena);
}
