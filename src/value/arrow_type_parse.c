/* arrow_type_parse.c - the names of types, as scripts write them:
 *   type  = name [ "(" number [ "," number ] ")" | "[" word [ "," zone ] "]" | "<" part { "," part } ">" [ "[" number "]" ] ]
 *           { "[" "]" }
 *   part  = [ name ":" ] type
 */
#include "value/arrow_format.h"
#include "value/arrow_type.h"

enum { MOST_LEVELS = 50, MOST_PARTS = 1000, LONGEST_NAME = 40 };

typedef struct Parser {
  const char *at, *end;
  Str whole;
  Arena *arena;
  int level;
  DcError *err;
} Parser;

typedef struct TypeWord {
  const char *name, *format;
} TypeWord;

/* The first ones are those that a message shows. */
static const TypeWord words[] = {
  {"bool", "b"}, {"int8", "c"}, {"int16", "s"}, {"int32", "i"}, {"int64", "l"}, {"uint8", "C"}, {"uint16", "S"},
  {"uint32", "I"}, {"uint64", "L"}, {"float16", "e"}, {"float32", "f"}, {"double", "g"}, {"string", "u"},
  {"binary", "z"}, {"date", "tdD"}, {"uuid", "w:16"}, {"null", "n"}, {"large_string", "U"}, {"string_view", "vu"},
  {"large_binary", "Z"}, {"binary_view", "vz"}, {"date32", "tdD"}, {"date64", "tdm"}, {"boolean", "b"},
  {"tinyint", "c"}, {"smallint", "s"}, {"int", "l"}, {"integer", "l"}, {"bigint", "l"}, {"long", "l"},
  {"utinyint", "C"}, {"usmallint", "S"}, {"uinteger", "I"}, {"ubigint", "L"}, {"halffloat", "e"}, {"half", "e"},
  {"float", "f"}, {"real", "f"}, {"float64", "g"}, {"double precision", "g"}, {"utf8", "u"}, {"text", "u"},
  {"varchar", "u"}, {"char", "u"}, {"json", "u"}, {"blob", "z"}, {"bytea", "z"}, {"varbinary", "z"}, {"bytes", "z"},
  {"time", "ttu"}, {"time32", "ttm"}, {"time64", "ttu"}, {"timestamp", "tsu:"}, {"datetime", "tsu:"},
  {"timestamp without time zone", "tsu:"}, {"timestamptz", "tsu:UTC"}, {"timestamp with time zone", "tsu:UTC"},
  {"timestamp_s", "tss:"}, {"timestamp_ms", "tsm:"}, {"timestamp_us", "tsu:"}, {"timestamp_ns", "tsn:"},
  {"duration", "tDu"},
};
enum { SHOWN_WORDS = 17 };

static void skip_blanks(Parser *p) {
  while (p->at < p->end && (unsigned char)*p->at <= ' ') p->at++;
}

static bool take(Parser *p, char c) {
  skip_blanks(p);
  if (p->at == p->end || *p->at != c) return false;
  p->at++;
  return true;
}

static DcCode fail_form(Parser *p, const char *why) {
  dc_fail(p->err, "'%.*s' is no type: %s", STR_ARG(p->whole), why);
  return p->err->code;
}

static DcCode fail_unknown(Parser *p, Str name) {
  Buf list = {0};
  for (size_t i = 0; i < SHOWN_WORDS; i++) buf_printf(&list, "%s, ", words[i].name);
  dc_fail(p->err, "unknown type '%.*s'", STR_ARG(name));
  dc_hint(p->err, "types are %.*sdecimal(10, 2), time64[us], timestamp[us], timestamp[us, UTC], duration[ms], "
          "fixed_size_binary[8], list<int64>, "
          "struct<a: string, b: double>, map<string, int64>", (int)list.len, list.data);
  buf_free(&list);
  return p->err->code;
}

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static Str take_word(Parser *p) {
  skip_blanks(p);
  const char *start = p->at;
  while (p->at < p->end && is_word(*p->at)) p->at++;
  return str_make(start, (size_t)(p->at - start));
}

/* Words with single blanks between them: "double precision". */
static Str take_words(Parser *p) {
  Buf text = {0};
  for (Str word = take_word(p); word.len; word = take_word(p)) {
    if (text.len) buf_char(&text, ' ');
    buf_str(&text, word);
  }
  Str copy = arena_str(p->arena, str_make(text.data, text.len));
  buf_free(&text);
  return copy;
}

static bool take_number(Parser *p, int *out) {
  int64_t number;
  bool negative = take(p, '-');
  Str word = take_word(p);
  if (word.len > 6 || !int_parse(word, &number)) return false;
  *out = negative ? -(int)number : (int)number;
  return true;
}

static DcCode parse_type(Parser *p, struct ArrowSchema **out);

/* --- Types with parts --- */

/* A name before a colon: a word or a quoted text; empty if there is none. */
static const char *take_name(Parser *p) {
  const char *before = p->at;
  Buf text = {0};
  if (take(p, '"')) {
    for (; p->at < p->end && (*p->at != '"' || (p->at + 1 < p->end && p->at[1] == '"')); p->at++) {
      if (*p->at == '"') p->at++;
      buf_char(&text, *p->at);
    }
    if (p->at < p->end) p->at++;
  } else {
    buf_str(&text, take_word(p));
  }
  const char *name = arena_copy(p->arena, text.data, text.len);
  buf_free(&text);
  if (take(p, ':')) return name;
  p->at = before;
  return NULL;
}

static DcCode parse_parts(Parser *p, struct ArrowSchema **parts, int64_t *count) {
  *count = 0;
  if (!take(p, '<')) return fail_form(p, "the types of its parts are missing: list<int64>");
  if (take(p, '>')) return DC_OK;
  do {
    const char *name = take_name(p);
    if (*count == MOST_PARTS) return fail_form(p, "there are too many parts");
    DC_TRY(parse_type(p, &parts[*count]));
    parts[(*count)++]->name = name;
  } while (take(p, ','));
  return take(p, '>') ? DC_OK : fail_form(p, "a '>' is missing");
}

static DcCode parse_struct(Parser *p, struct ArrowSchema **parts, int64_t count, struct ArrowSchema **out) {
  *out = arrow_type_new(p->arena, "+s", "", count);
  for (int64_t i = 0; i < count; i++) {
    if (!parts[i]->name) return fail_form(p, "the parts of a struct have names: struct<a: int64>");
    (*out)->children[i] = parts[i];
  }
  return DC_OK;
}

static DcCode parse_nested(Parser *p, Str name, struct ArrowSchema **out) {
  static const TypeWord lists[] = {{"list", "+l"}, {"array", "+l"}, {"large_list", "+L"}, {"list_view", "+vl"},
                                   {"large_list_view", "+vL"}, {"fixed_size_list", "+w"}};
  struct ArrowSchema **parts = arena_alloc(p->arena, MOST_PARTS * sizeof(struct ArrowSchema *));
  int64_t count;
  int width;
  DC_TRY(parse_parts(p, parts, &count));
  if (str_eq_nocase(name, str_of("struct"))) return parse_struct(p, parts, count, out);
  if (str_eq_nocase(name, str_of("map"))) {
    if (count != 2) return fail_form(p, "a map has two types: map<string, int64>");
    *out = arrow_type_map(p->arena, parts[0], parts[1]);
    return DC_OK;
  }
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    if (!str_eq_nocase(name, str_of(lists[i].name))) continue;
    if (count != 1) return fail_form(p, "a list has one type: list<int64>");
    *out = arrow_type_list(p->arena, parts[0]);
    (*out)->format = lists[i].format;
    if (strcmp(lists[i].format, "+w") != 0) return DC_OK;
    if (!take(p, '[') || !take_number(p, &width) || width < 0 || !take(p, ']'))
      return fail_form(p, "its size is missing: fixed_size_list<int64>[3]");
    (*out)->format = arena_printf(p->arena, "+w:%d", width).data;
    return DC_OK;
  }
  return fail_unknown(p, name);
}

/* --- Types with numbers --- */

static DcCode parse_decimal(Parser *p, int bits, const char **format) {
  int precision, scale = 0;
  if (!take(p, '(') || !take_number(p, &precision) || (take(p, ',') && !take_number(p, &scale)) || !take(p, ')'))
    return fail_form(p, "its digits are missing: decimal(10, 2)");
  if (bits == 0) bits = precision > 38 ? 256 : 128;
  *format = arena_printf(p->arena, "d:%d,%d,%d", precision, scale, bits).data;
  struct ArrowSchema made = {.format = *format};
  if (arrow_format(&made).kind == ARROW_DECIMAL) return DC_OK;
  return fail_form(p, "it can have 1 to 38 digits, with 256 bits 76");
}

/* s, ms, us, ns */
static char take_unit(Parser *p) {
  static const TypeWord units[] = {{"s", "s"}, {"ms", "m"}, {"us", "u"}, {"ns", "n"}};
  Str word = take_word(p);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (str_eq_nocase(word, str_of(units[i].name))) return units[i].format[0];
  return 0;
}

/* "[us]", "[us, UTC]", "[us, tz=UTC]" behind timestamp, time32, time64, duration; "(6)" as SQL has it. */
static DcCode parse_unit(Parser *p, const char **format) {
  Str zone = str_of((*format)[1] == 's' ? *format + 4 : "");
  char unit = 0, close = ']';
  int digits;
  if (take(p, '[')) {
    unit = take_unit(p);
    if (unit && (*format)[1] == 's' && take(p, ',')) {
      skip_blanks(p);
      if (p->end - p->at > 3 && str_eq_nocase(str_make(p->at, 3), str_of("tz="))) p->at += 3;
      const char *start = p->at;
      while (p->at < p->end && *p->at != ']') p->at++;
      zone = str_make(start, (size_t)(p->at - start));
    }
  } else if (take(p, '(')) {
    close = ')';
    if (take_number(p, &digits) && digits >= 0 && digits <= 9)
      unit = digits > 6 ? 'n' : digits > 3 ? 'u' : digits ? 'm' : 's';
  } else {
    return DC_OK;
  }
  if (!unit || !take(p, close)) return fail_form(p, "its unit is s, ms, us or ns: timestamp[us]");
  if ((*format)[1] == 's') *format = arena_printf(p->arena, "ts%c:%.*s", unit, STR_ARG(zone)).data;
  else *format = arena_printf(p->arena, "t%c%c", (*format)[1], unit).data;
  return DC_OK;
}

/* One pair of texts, with their lengths, low bytes first. */
static const char uuid_metadata[] = "\1\0\0\0" "\24\0\0\0" "ARROW:extension:name" "\12\0\0\0" "arrow.uuid";

static DcCode parse_plain(Parser *p, Str name, struct ArrowSchema **out) {
  static const TypeWord decimals[] = {{"decimal", ""}, {"numeric", ""}, {"decimal32", "32"}, {"decimal64", "64"},
                                      {"decimal128", "128"}, {"decimal256", "256"}};
  const char *format = NULL;
  int width;
  for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) {
    int64_t bits = 0;
    if (!str_eq_nocase(name, str_of(decimals[i].name))) continue;
    if (*decimals[i].format && !int_parse(str_of(decimals[i].format), &bits)) bits = 0;
    DC_TRY(parse_decimal(p, (int)bits, &format));
  }
  if (str_eq_nocase(name, str_of("fixed_size_binary"))) {
    if (!take(p, '[') || !take_number(p, &width) || width < 0 || !take(p, ']'))
      return fail_form(p, "its size is missing: fixed_size_binary[16]");
    format = arena_printf(p->arena, "w:%d", width).data;
  }
  for (size_t i = 0; i < sizeof words / sizeof *words && !format; i++)
    if (str_eq_nocase(name, str_of(words[i].name))) format = words[i].format;
  if (!format) return fail_unknown(p, name);
  if (format[0] == 't' && format[1] != 'd') DC_TRY(parse_unit(p, &format));
  if (format[0] == 'u' && take(p, '(') && (!take_number(p, &width) || !take(p, ')')))
    return fail_form(p, "a ')' is missing");
  *out = arrow_type_new(p->arena, format, "", 0);
  if (str_eq_nocase(name, str_of("uuid"))) (*out)->metadata = uuid_metadata;
  ArrowKind kind = arrow_format(*out).kind;
  bool short_time = str_eq_nocase(name, str_of("time32")), long_time = str_eq_nocase(name, str_of("time64"));
  bool good = kind != ARROW_UNKNOWN && !(short_time && kind != ARROW_TIME32) && !(long_time && kind != ARROW_TIME64);
  return good ? DC_OK : fail_form(p, "time32 is in s or ms, time64 in us or ns");
}

static DcCode parse_type(Parser *p, struct ArrowSchema **out) {
  if (p->level >= MOST_LEVELS) return fail_form(p, "it has too many levels");
  Str name = take_words(p);
  if (name.len == 0) return fail_form(p, "a name is missing");
  if (name.len > LONGEST_NAME) return fail_unknown(p, name);
  p->level++;
  skip_blanks(p);
  DC_TRY(p->at < p->end && *p->at == '<' ? parse_nested(p, name, out) : parse_plain(p, name, out));
  while (take(p, '[')) {
    if (!take(p, ']')) return fail_form(p, "a ']' is missing");
    *out = arrow_type_list(p->arena, *out);
  }
  p->level--;
  return DC_OK;
}

DcCode arrow_type_parse(Str text, Arena *arena, const struct ArrowSchema **out, DcError *err) {
  Parser p = {text.data, text.data + text.len, text, arena, 0, err};
  struct ArrowSchema *type;
  DC_TRY(parse_type(&p, &type));
  skip_blanks(&p);
  if (p.at != p.end) return fail_form(&p, "there is something behind its end");
  *out = type;
  return DC_OK;
}
