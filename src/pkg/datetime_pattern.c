/* datetime_pattern.c - patterns of java.time.format.DateTimeFormatter, compiled to a list of items. What letters and
 * counts mean follows the documentation of DateTimeFormatter and DateTimeFormatterBuilder.appendPattern (Java 17).
 */
#include "base/utf8.h"
#include "pkg/datetime.h"

enum { WIDEST = 19, DEEPEST = 16 };

const OffsetShape offset_shapes[] = {
  {false, false, false, false}, /* +HH, +HHmm: X x */
  {false, true, false, false},  /* +HHMM: XX xx Z */
  {true, true, false, false},   /* +HH:MM: XXX xxx */
  {false, true, true, false},   /* +HHMMss: XXXX xxxx */
  {true, true, true, false},    /* +HH:MM:ss: XXXXX xxxxx ZZZZZ */
};

typedef struct Compiler {
  CallContext *cx;
  Pattern *pattern;
  size_t capacity;
  size_t open[DEEPEST]; /* the ITEM_OPTIONAL items of open brackets */
  size_t depth;
  int pad;
  long base; /* the number that following fixed numbers are counted to; -1: none */
} Compiler;

static DcCode bad(Compiler *compiler, const char *reason, Str part) {
  Str text = compiler->pattern->text;
  dc_fail(compiler->cx->err, "bad date pattern '%.*s': %s '%.*s'", text.len > 200 ? 200 : (int)text.len, text.data, reason, STR_ARG(part));
  dc_hint(compiler->cx->err, "patterns are those of java.time, such as 'yyyy-MM-dd HH:mm:ss'; plain text stands between two apostrophes");
  return compiler->cx->err->code;
}

static size_t add(Compiler *compiler, Item item) {
  Pattern *pattern = compiler->pattern;
  if (item.kind != ITEM_OPTIONAL) {
    item.pad = compiler->pad;
    compiler->pad = 0;
  }
  if (pattern->count == compiler->capacity) {
    size_t capacity = compiler->capacity ? compiler->capacity * 2 : 16;
    Item *items = arena_alloc(&pattern->arena, capacity * sizeof *items);
    if (pattern->count) memcpy(items, pattern->items, pattern->count * sizeof *items);
    pattern->items = items;
    compiler->capacity = capacity;
  }
  pattern->items[pattern->count] = item;
  compiler->base = -1;
  return pattern->count++;
}

/* Adjacent numbers: yyyyMMdd reads four digits, because MM and dd need the last four. */
static void add_number(Compiler *compiler, Item item) {
  long base = compiler->base;
  bool fixed = item.min == item.max && item.sign == SIGN_NEVER, padded = compiler->pad > 0;
  size_t index = add(compiler, item);
  if (base >= 0 && fixed && !padded) {
    compiler->pattern->items[base].subsequent += item.max;
    compiler->base = base;
  } else if (!padded) {
    compiler->base = (long)index;
  }
}

static void add_digits(Compiler *compiler, Field field, int min, int max, Sign sign) {
  add_number(compiler, (Item){.kind = ITEM_NUMBER, .field = field, .min = min, .max = max, .sign = sign});
}

static void add_text(Compiler *compiler, Field field, int table, int style) {
  add(compiler, (Item){.kind = ITEM_TEXT, .field = field, .table = table + style});
}

static void add_year(Compiler *compiler, Field field, int count) {
  if (count == 2) add_number(compiler, (Item){.kind = ITEM_REDUCED, .field = field, .min = 2, .max = 2, .sign = SIGN_NEVER});
  else add_digits(compiler, field, count, WIDEST, count < 4 ? SIGN_NORMAL : SIGN_EXCEEDS);
}

/* One or two digits as they come or exactly two. */
static bool short_number(Compiler *compiler, Field field, int count) {
  if (count > 2) return false;
  add_digits(compiler, field, count, count == 1 ? WIDEST : 2, count == 1 ? SIGN_NORMAL : SIGN_NEVER);
  return true;
}

/* 3: short, 4: full, 5: narrow. */
static bool styled_text(Compiler *compiler, Field field, int table, int count) {
  if (count < 3 || count > 5) return false;
  add_text(compiler, field, table, count - 3);
  return true;
}

static bool day_of_week_letter(Compiler *compiler, char letter, int count) {
  if (letter == 'E') return styled_text(compiler, FIELD_DAY_OF_WEEK, NAMES_DAY, count < 3 ? 3 : count);
  if (letter == 'c' && count == 2) return false;
  if (count > 2) return styled_text(compiler, FIELD_DAY_OF_WEEK, letter == 'c' ? NAMES_DAY_ALONE : NAMES_DAY, count);
  add_digits(compiler, FIELD_LOCAL_DAY, count, count, SIGN_NEVER);
  return true;
}

static bool date_letter(Compiler *compiler, char letter, int count) {
  switch (letter) {
    case 'G': return styled_text(compiler, FIELD_ERA, NAMES_ERA, count < 3 ? 3 : count);
    case 'u': add_year(compiler, FIELD_YEAR, count); return true;
    case 'y': add_year(compiler, FIELD_YEAR_OF_ERA, count); return true;
    case 'Y': add_year(compiler, FIELD_WEEK_YEAR, count); return true;
    case 'M': case 'L':
      if (count <= 2) return short_number(compiler, FIELD_MONTH, count);
      return styled_text(compiler, FIELD_MONTH, letter == 'M' ? NAMES_MONTH : NAMES_MONTH_ALONE, count);
    case 'Q': case 'q':
      if (count <= 2) return short_number(compiler, FIELD_QUARTER, count);
      return styled_text(compiler, FIELD_QUARTER, letter == 'Q' ? NAMES_QUARTER : NAMES_QUARTER_ALONE, count);
    case 'd': return short_number(compiler, FIELD_DAY, count);
    case 'D':
      if (count > 3) return false;
      if (count == 1) add_digits(compiler, FIELD_DAY_OF_YEAR, 1, WIDEST, SIGN_NORMAL);
      else add_digits(compiler, FIELD_DAY_OF_YEAR, count, 3, SIGN_NEVER);
      return true;
    case 'g': add_digits(compiler, FIELD_MODIFIED_JULIAN, count, WIDEST, SIGN_NORMAL); return count <= WIDEST;
    case 'w': add_digits(compiler, FIELD_WEEK, count, 2, SIGN_NEVER); return count <= 2;
    case 'W': add_digits(compiler, FIELD_WEEK_OF_MONTH, 1, 1, SIGN_NEVER); return count == 1;
    case 'F': add_digits(compiler, FIELD_ALIGNED_DAY, 1, WIDEST, SIGN_NORMAL); return count == 1;
    default: return day_of_week_letter(compiler, letter, count); /* E e c */
  }
}

static bool time_letter(Compiler *compiler, char letter, int count) {
  switch (letter) {
    case 'a': add_text(compiler, FIELD_AMPM, NAMES_AMPM, 0); return count == 1;
    case 'B': return (count == 1 || count == 4 || count == 5) && styled_text(compiler, FIELD_PERIOD, NAMES_PERIOD, count == 1 ? 3 : count);
    case 'h': return short_number(compiler, FIELD_CLOCK_HOUR_12, count);
    case 'K': return short_number(compiler, FIELD_HOUR_12, count);
    case 'k': return short_number(compiler, FIELD_CLOCK_HOUR_24, count);
    case 'H': return short_number(compiler, FIELD_HOUR, count);
    case 'm': return short_number(compiler, FIELD_MINUTE, count);
    case 's': return short_number(compiler, FIELD_SECOND, count);
    case 'S':
      add_number(compiler, (Item){.kind = ITEM_FRACTION, .field = FIELD_NANO, .min = count, .max = count, .sign = SIGN_NEVER});
      return count <= 9;
    case 'A': add_digits(compiler, FIELD_MILLI_OF_DAY, count, WIDEST, SIGN_NEVER); break;
    case 'n': add_digits(compiler, FIELD_NANO, count, WIDEST, SIGN_NEVER); break;
    default: add_digits(compiler, FIELD_NANO_OF_DAY, count, WIDEST, SIGN_NEVER); break; /* N */
  }
  return count <= WIDEST;
}

static void add_offset(Compiler *compiler, int shape, const char *zero) {
  add(compiler, (Item){.kind = ITEM_OFFSET, .min = shape, .literal = str_of(zero)});
}

static bool zone_letter(Compiler *compiler, char letter, int count) {
  switch (letter) {
    case 'V': add(compiler, (Item){.kind = ITEM_ZONE_ID}); return count == 2;
    case 'z': add(compiler, (Item){.kind = ITEM_ZONE_NAME, .letter = letter, .table = count == 4}); return count <= 4;
    case 'v': add(compiler, (Item){.kind = ITEM_ZONE_NAME, .letter = letter, .table = count == 4}); return count == 1 || count == 4;
    case 'O': add(compiler, (Item){.kind = ITEM_LOCAL_OFFSET, .table = count == 4}); return count == 1 || count == 4;
    case 'Z':
      if (count < 4) add_offset(compiler, 1, "+0000");
      else if (count == 4) add(compiler, (Item){.kind = ITEM_LOCAL_OFFSET, .table = 1});
      else add_offset(compiler, 4, "Z");
      return count <= 5;
    default: /* X x */
      if (count > 5) return false;
      add_offset(compiler, count - 1, letter == 'X' ? "Z" : count == 1 ? "+00" : count % 2 == 0 ? "+0000" : "+00:00");
      return true;
  }
}

static DcCode letters(Compiler *compiler, Str run) {
  char letter = run.data[0];
  int count = run.len > 1000 ? 1000 : (int)run.len;
  bool fits;
  if (strchr("GuyYMLQqdDgwWFEec", letter)) fits = date_letter(compiler, letter, count);
  else if (strchr("aBhKkHmsSAnN", letter)) fits = time_letter(compiler, letter, count);
  else if (strchr("VvzOXxZ", letter)) fits = zone_letter(compiler, letter, count);
  else return bad(compiler, "there is no letter", run);
  return fits ? DC_OK : bad(compiler, "wrong number of letters in", run);
}

static void add_literal(Compiler *compiler, Str plain) {
  add(compiler, (Item){.kind = ITEM_LITERAL, .literal = arena_str(&compiler->pattern->arena, plain)});
}

/* From an apostrophe on; *at is moved behind the closing one. */
static DcCode quoted(Compiler *compiler, size_t *at) {
  Str pattern = compiler->pattern->text;
  size_t start = *at, i = start + 1;
  Buf plain = {0};
  bool closed = false;
  for (; i < pattern.len; i++) {
    if (pattern.data[i] != '\'') {
      buf_char(&plain, pattern.data[i]);
    } else if (i + 1 < pattern.len && pattern.data[i + 1] == '\'') {
      buf_char(&plain, '\'');
      i++;
    } else {
      closed = true;
      break;
    }
  }
  if (closed) add_literal(compiler, plain.len ? str_make(plain.data, plain.len) : str_of("'"));
  buf_free(&plain);
  *at = i + 1;
  return closed ? DC_OK : bad(compiler, "no apostrophe closes", str_make(pattern.data + start, pattern.len - start));
}

static DcCode bracket(Compiler *compiler, Str rest) {
  if (rest.data[0] == '[') {
    if (compiler->depth == DEEPEST) return bad(compiler, "too many brackets in each other at", rest);
    compiler->open[compiler->depth++] = add(compiler, (Item){.kind = ITEM_OPTIONAL});
    return DC_OK;
  }
  if (!compiler->depth) return bad(compiler, "no [ before", rest);
  size_t opened = compiler->open[--compiler->depth];
  compiler->pattern->items[opened].count = compiler->pattern->count - opened - 1;
  compiler->base = -1;
  return DC_OK;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static size_t run_length(Str text_left) {
  size_t len = 1;
  while (len < text_left.len && text_left.data[len] == text_left.data[0]) len++;
  return len;
}

/* One piece of the pattern from *at on. */
static DcCode piece(Compiler *compiler, size_t *at) {
  Str rest = str_make(compiler->pattern->text.data + *at, compiler->pattern->text.len - *at);
  char c = rest.data[0];
  if (is_letter(c)) {
    size_t len = run_length(rest);
    if (c == 'p') {
      if (len == rest.len || !is_letter(rest.data[len]) || len > 64) return bad(compiler, "no letters to pad behind", str_make(rest.data, len));
      compiler->pad = (int)len;
      *at += len;
      rest = str_make(rest.data + len, rest.len - len);
      len = run_length(rest);
    }
    *at += len;
    return letters(compiler, str_make(rest.data, len));
  }
  if (c == '\'') return quoted(compiler, at);
  if (c == '{' || c == '}' || c == '#') return bad(compiler, "reserved is", str_make(rest.data, 1));
  if (c == '[' || c == ']') {
    ++*at;
    return bracket(compiler, rest);
  }
  uint32_t code;
  size_t len = utf8_decode(rest.data, rest.data + rest.len, &code);
  add_literal(compiler, str_make(rest.data, len));
  *at += len;
  return DC_OK;
}

DcCode pattern_compile(CallContext *cx, Pattern *pattern) {
  Compiler compiler = {.cx = cx, .pattern = pattern, .base = -1};
  size_t at = 0;
  while (at < pattern->text.len) DC_TRY(piece(&compiler, &at));
  while (compiler.depth) DC_TRY(bracket(&compiler, str_of("]"))); /* [ without ] reaches to the end */
  return DC_OK;
}

void pattern_free(Pattern *pattern) {
  if (!pattern) return;
  arena_free(&pattern->arena);
  dc_free(pattern);
}

DcCode pattern_get(CallContext *cx, Str text, Str language, const Pattern **out) {
  DatetimeCache *cache = datetime_cache(cx);
  const Names *names;
  DC_TRY(names_get(cx, language, &names));
  Pattern *found = cache->last_pattern;
  if (!found || found->names != names || !str_eq(found->text, text)) {
    found = NULL;
    for (size_t i = 0; i < PATTERN_SLOTS && cache->patterns[i] && !found; i++)
      if (cache->patterns[i]->names == names && str_eq(cache->patterns[i]->text, text)) found = cache->patterns[i];
  }
  if (!found) {
    found = dc_alloc(sizeof *found);
    found->text = arena_str(&found->arena, text);
    found->names = names;
    DcCode code = pattern_compile(cx, found);
    if (code != DC_OK) {
      pattern_free(found);
      return code;
    }
    Pattern **slot = &cache->patterns[cache->next_pattern++ % PATTERN_SLOTS];
    pattern_free(*slot);
    *slot = found;
  }
  *out = cache->last_pattern = found;
  return DC_OK;
}
