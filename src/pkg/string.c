/* string.c - functions on texts. NULL gives NULL; lengths and positions count code points. */
#include "base/regex.h"
#include "base/utf8.h"
#include "pkg/format.h"
#include "pkg/operators.h"
#include "pkg/packages.h"

static Str text_of(CallContext *cx, Value value) { return value_to_str(cx->arena, value); }

static DcCode need_count(CallContext *cx, const char *function, const char *what, Value value, int64_t *out) {
  Value number;
  if (value_to_number(value, &number) && need_int(cx, number, out) == DC_OK) return DC_OK;
  Str text = text_of(cx, value);
  if (text.len > 100) text.len = 100;
  return dc_fail(cx->err, "%s: %s has to be an integer, not '%.*s'", function, what, STR_ARG(text));
}

static DcCode fn_str_length(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  *result = value_int((int64_t)utf8_length(text_of(cx, args[0])));
  return DC_OK;
}

static DcCode fn_str_lower(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  *result = value_str(utf8_lower(cx->arena, text_of(cx, args[0])));
  return DC_OK;
}

static DcCode fn_str_upper(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  *result = value_str(utf8_upper(cx->arena, text_of(cx, args[0])));
  return DC_OK;
}

static DcCode fn_str_starts(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  *result = value_bool(str_starts(text_of(cx, args[0]), text_of(cx, args[1])));
  return DC_OK;
}

static DcCode fn_str_ends(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  *result = value_bool(str_ends(text_of(cx, args[0]), text_of(cx, args[1])));
  return DC_OK;
}

static DcCode fn_str_contains(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Str text = text_of(cx, args[0]), part = text_of(cx, args[1]);
  *result = value_bool(part.len == 0 || (text.len >= part.len && memmem(text.data, text.len, part.data, part.len)));
  return DC_OK;
}

/* Code points from … to-1, cut to what is there; negative positions count from the end. */
static DcCode fn_str_slice(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Str text = text_of(cx, args[0]);
  int64_t from, to;
  DC_TRY(need_count(cx, "STR_SLICE", "the first position", args[1], &from));
  DC_TRY(need_count(cx, "STR_SLICE", "the end position", args[2], &to));
  if (from < 0 || to < 0) {
    int64_t length = (int64_t)utf8_length(text);
    if (from < 0) from = from + length < 0 ? 0 : from + length;
    if (to < 0) to += length;
  }
  if (to <= from) {
    *result = value_text("");
    return DC_OK;
  }
  size_t start = utf8_offset(text, (size_t)from);
  Str rest = str_make(text.data + start, text.len - start);
  *result = value_str(str_make(rest.data, utf8_offset(rest, (size_t)(to - from))));
  return DC_OK;
}

/* --- Regular expressions --- */

typedef struct Finder {
  Regex *regex;
  Str text;
  size_t next;        /* where the next search starts */
  size_t start, end;  /* of the match */
  bool done;
} Finder;

static DcCode find_next(CallContext *cx, Finder *finder, bool *found) {
  *found = false;
  if (finder->done || finder->next > finder->text.len) return DC_OK;
  DC_TRY(regex_match(finder->regex, finder->text, finder->next, found, cx->err));
  if (!*found) return DC_OK;
  regex_group(finder->regex, 0, &finder->start, &finder->end);
  finder->next = finder->end;
  if (finder->start == finder->end) { /* empty: go on behind the next character */
    uint32_t code;
    if (finder->end >= finder->text.len) finder->done = true;
    else finder->next += utf8_decode(finder->text.data + finder->end, finder->text.data + finder->text.len, &code);
  }
  return DC_OK;
}

typedef struct Parts {
  Value *items;
  size_t count, cap;
} Parts;

static void add_part(Parts *parts, Str text, size_t from, size_t to) {
  VEC_GROW(parts->items, parts->count, parts->cap);
  parts->items[parts->count++] = value_str(str_make(text.data + from, to - from));
}

/* java.lang.String.split: no empty part before an empty match at the start; limit 0 drops empty parts at the end. */
static DcCode split(CallContext *cx, Finder *finder, int64_t limit, Parts *parts) {
  size_t index = 0;
  bool found;
  while (limit <= 0 || (int64_t)parts->count < limit - 1) {
    DC_TRY(find_next(cx, finder, &found));
    if (!found) break;
    if (index == 0 && finder->end == 0) continue;
    add_part(parts, finder->text, index, finder->start);
    index = finder->end;
  }
  add_part(parts, finder->text, index, finder->text.len);
  if (index == 0 && parts->count == 1) return DC_OK; /* no match: the text itself, even when it is empty */
  while (limit == 0 && parts->count && parts->items[parts->count - 1].len == 0) parts->count--;
  return DC_OK;
}

static DcCode fn_str_split(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  int64_t limit;
  Finder finder = {.text = text_of(cx, args[0])};
  DC_TRY(need_count(cx, "STR_SPLIT", "the limit", args[2], &limit));
  DC_TRY(regex_get(&cx->regexes, text_of(cx, args[1]), 0, &finder.regex, cx->err));
  Parts parts = {0};
  DcCode code = split(cx, &finder, limit, &parts);
  if (code == DC_OK) *result = value_array(cx->arena, parts.items, parts.count);
  dc_free(parts.items);
  return code;
}

static DcCode bad_group(CallContext *cx, Str replacement) {
  return dc_fail(cx->err, "STR_REPLACE: a $ in the replacement '%.*s' names no group", STR_ARG(replacement));
}

static void put_group(Buf *out, const Finder *finder, int group) {
  size_t start, end;
  if (regex_group(finder->regex, group, &start, &end)) buf_put(out, finder->text.data + start, end - start);
}

/* Matcher.appendReplacement: $1 (as many digits as make a group), ${name}, \ takes the next character as it is. */
static DcCode put_replacement(CallContext *cx, Buf *out, const Finder *finder, Str replacement) {
  for (size_t i = 0; i < replacement.len; i++) {
    char c = replacement.data[i];
    if (c == '\\') {
      if (++i == replacement.len) return dc_fail(cx->err, "STR_REPLACE: nothing behind the last \\ in the replacement '%.*s'", STR_ARG(replacement));
      buf_char(out, replacement.data[i]);
    } else if (c != '$') {
      buf_char(out, c);
    } else if (++i < replacement.len && replacement.data[i] == '{') {
      const char *name = replacement.data + i + 1, *close = memchr(name, '}', replacement.len - i - 1);
      int group = close ? regex_group_named(finder->regex, str_make(name, (size_t)(close - name))) : -1;
      if (group < 0) return bad_group(cx, replacement);
      put_group(out, finder, group);
      i = (size_t)(close - replacement.data);
    } else {
      if (i >= replacement.len || (unsigned)(replacement.data[i] - '0') > 9) return bad_group(cx, replacement);
      int group = replacement.data[i] - '0';
      if (group > regex_group_count(finder->regex)) return bad_group(cx, replacement);
      while (i + 1 < replacement.len && (unsigned)(replacement.data[i + 1] - '0') <= 9) {
        int longer = group * 10 + (replacement.data[i + 1] - '0');
        if (longer > regex_group_count(finder->regex)) break;
        group = longer;
        i++;
      }
      put_group(out, finder, group);
    }
  }
  return DC_OK;
}

static DcCode replace(CallContext *cx, Finder *finder, Str replacement, Buf *out) {
  size_t copied = 0;
  bool found;
  for (;;) {
    DC_TRY(find_next(cx, finder, &found));
    if (!found) break;
    buf_put(out, finder->text.data + copied, finder->start - copied);
    DC_TRY(put_replacement(cx, out, finder, replacement));
    copied = finder->end;
  }
  buf_put(out, finder->text.data + copied, finder->text.len - copied);
  return DC_OK;
}

static DcCode fn_str_replace(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Finder finder = {.text = text_of(cx, args[0])};
  DC_TRY(regex_get(&cx->regexes, text_of(cx, args[1]), 0, &finder.regex, cx->err));
  Buf text = {0};
  DcCode code = replace(cx, &finder, text_of(cx, args[2]), &text);
  if (code == DC_OK && text.len > UINT32_MAX) code = dc_fail(cx->err, "STR_REPLACE: a text of %zu bytes is too long", text.len);
  if (code == DC_OK) *result = value_str(arena_str(cx->arena, (Str){text.data, text.len}));
  buf_free(&text);
  return code;
}

/* --- Base64 --- */

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static DcCode fn_str_base64(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Str in = args[0].type == TYPE_BINARY ? value_get_str(args[0]) : text_of(cx, args[0]);
  char *out = arena_raw(cx->arena, (in.len + 2) / 3 * 4 + 1);
  size_t len = 0;
  for (size_t i = 0; i < in.len; i += 3) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; j++) bits = bits << 8 | (i + j < in.len ? (unsigned char)in.data[i + j] : 0u);
    for (size_t j = 0; j < 4; j++) out[len++] = i + j > in.len ? '=' : base64_digits[bits >> (18 - 6 * j) & 63];
  }
  *result = value_str(str_make(out, len));
  return DC_OK;
}

static int base64_value(char c) {
  const char *found = c ? strchr(base64_digits, c) : NULL;
  return found ? (int)(found - base64_digits) : -1;
}

/* The bytes as a text, or as BINARY where they are no UTF-8. */
static DcCode fn_str_decode64(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  Str in = text_of(cx, args[0]), whole = in;
  for (int i = 0; i < 2 && in.len && in.data[in.len - 1] == '='; i++) in.len--;
  char *out = arena_raw(cx->arena, in.len / 4 * 3 + 4);
  size_t len = 0;
  uint32_t bits = 0;
  bool bad = in.len % 4 == 1;
  for (size_t i = 0; i < in.len && !bad; i++) {
    int value = base64_value(in.data[i]);
    bad = value < 0;
    bits = bits << 6 | ((uint32_t)value & 63);
    if (i % 4) out[len++] = (char)(bits >> (6 - 2 * (i % 4)));
  }
  if (bad) {
    dc_fail(cx->err, "STR_DECODE64: '%.*s' is no Base64", (int)(whole.len < 100 ? whole.len : 100), whole.data);
    dc_hint(cx->err, "Base64 is letters, digits, + and /, and = at its end");
    return cx->err->code;
  }
  *result = value_str(str_make(out, len));
  if (!utf8_is_valid(str_make(out, len))) result->type = TYPE_BINARY;
  return DC_OK;
}

static const Function rows[] = {
    {.name = "STR_REPLACE", .signature = "text, regex, replacement", .min_args = 3, .max_args = 3, .call = fn_str_replace,
     .doc = "Every match of the regular expression replaced; $1 in the replacement is its first group.", .example = "STR_REPLACE('2024-02', '(\\d+)-(\\d+)', '$2/$1')", .result = "02/2024"},
    {.name = "STR_SLICE", .signature = "text, from, to", .min_args = 3, .max_args = 3, .kernel = KERNEL_SLICE, .call = fn_str_slice,
     .doc = "Characters from … to-1, from 0; negative positions count from the end; cut to what is there.", .example = "STR_SLICE('abcdef', 1, 3)", .result = "bc"},
    {.name = "STR_SPLIT", .signature = "text, regex, limit", .min_args = 3, .max_args = 3, .call = fn_str_split,
     .doc = "The parts between matches; limit n: at most n parts, 0: without empty ones at the end, negative: all.", .example = "STR_SPLIT('a,b,,', ',', 0)", .result = "[a, b]"},
    {.name = "STR_LENGTH", .signature = "text", .min_args = 1, .max_args = 1, .kernel = KERNEL_LENGTH, .call = fn_str_length,
     .doc = "How many characters (code points) there are.", .example = "STR_LENGTH('naïve')", .result = "5"},
    {.name = "STR_LOWER", .signature = "text", .min_args = 1, .max_args = 1, .call = fn_str_lower, .doc = "In lower case.", .example = "STR_LOWER('ÄB')", .result = "äb"},
    {.name = "STR_UPPER", .signature = "text", .min_args = 1, .max_args = 1, .call = fn_str_upper, .doc = "In upper case.", .example = "STR_UPPER('straße')", .result = "STRASSE"},
    {.name = "STR_STARTS", .signature = "text, start", .min_args = 2, .max_args = 2, .kernel = KERNEL_STARTS, .call = fn_str_starts,
     .doc = "TRUE if the text begins with start.", .example = "STR_STARTS('abc', 'ab')", .result = "true"},
    {.name = "STR_ENDS", .signature = "text, end", .min_args = 2, .max_args = 2, .call = fn_str_ends, .doc = "TRUE if the text ends with end.", .example = "STR_ENDS('abc', 'bc')", .result = "true"},
    {.name = "STR_CONTAINS", .signature = "text, part", .min_args = 2, .max_args = 2, .call = fn_str_contains, .doc = "TRUE if part occurs in the text.", .example = "STR_CONTAINS('abc', 'b')", .result = "true"},
    {.name = "STR_FORMAT", .signature = "format, value, …", .min_args = 1, .max_args = -1, .call = fn_str_format,
     .doc = "Values put into a format as Java's Formatter does it: %s %d %x %f %e %b %c %n %%, with width, precision, flags, 1$.", .example = "STR_FORMAT('%05d|%-4s|%,.2f', 42, 'ab', 1234.5)", .result = "00042|ab  |1,234.50"},
    {.name = "STR_BASE64", .signature = "value", .min_args = 1, .max_args = 1, .call = fn_str_base64, .doc = "The UTF-8 text or the bytes as Base64.", .example = "STR_BASE64('abcd')", .result = "YWJjZA=="},
    {.name = "STR_DECODE64", .signature = "text", .min_args = 1, .max_args = 1, .call = fn_str_decode64, .doc = "The text that Base64 stands for (BINARY where it is no UTF-8).", .example = "STR_DECODE64('YWJjZA==')", .result = "abcd"},
};

const Package string_package = {
    .name = "string",
    .doc = "Texts.",
    .functions = rows,
    .function_count = sizeof rows / sizeof rows[0],
};
