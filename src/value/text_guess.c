/* text_guess.c - what texts look like. */
#include "value/text_guess.h"

#include "value/datetime_text.h"

enum { GUESS_BOOL = 1, GUESS_INT = 2, GUESS_DOUBLE = 4, GUESS_DATE = 8, GUESS_MOMENT = 16, GUESS_ZONED = 32, GUESS_ALL = 63 };

void text_guess_start(TextGuess *guess) { *guess = (TextGuess){.possible = GUESS_ALL}; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?; whole numbers of more than 64 bits are text, too. */
static unsigned number_bits(Str text) {
  size_t at = text.data[0] == '-', digits = at;
  while (at < text.len && is_digit(text.data[at])) at++;
  size_t count = at - digits;
  if (!count || (count > 1 && text.data[digits] == '0')) return 0;
  int64_t whole;
  if (at == text.len) return int_parse(text, &whole) ? GUESS_INT | GUESS_DOUBLE : 0;
  if (text.data[at] == '.') {
    size_t from = ++at;
    while (at < text.len && is_digit(text.data[at])) at++;
    if (at == from) return 0;
  }
  if (at < text.len && (text.data[at] == 'e' || text.data[at] == 'E')) {
    if (++at < text.len && (text.data[at] == '+' || text.data[at] == '-')) at++;
    size_t from = at;
    while (at < text.len && is_digit(text.data[at])) at++;
    if (at == from) return 0;
  }
  return at == text.len ? GUESS_DOUBLE : 0;
}

static unsigned moment_bits(Str text) {
  Value value;
  if (text.len < 8 || !is_digit(text.data[0])) return 0;
  if (text.len == 10) return date_parse(text, &value) ? GUESS_DATE : 0;
  if (text.len < 16 || !timestamp_parse(text, &value)) return 0;
  return value.len % 1000 ? 0 : value.flags & VALUE_ZONED ? GUESS_ZONED : GUESS_MOMENT;
}

void text_guess_add(TextGuess *guess, Str text) {
  guess->any = true;
  if (!guess->possible) return;
  unsigned bits = 0;
  if (text.len && (guess->possible & (GUESS_INT | GUESS_DOUBLE))) bits |= number_bits(text);
  if (text.len && (guess->possible & GUESS_BOOL) && (str_eq_nocase(text, str_of("true")) || str_eq_nocase(text, str_of("false")))) bits |= GUESS_BOOL;
  if (text.len && (guess->possible & (GUESS_DATE | GUESS_MOMENT | GUESS_ZONED))) bits |= moment_bits(text);
  guess->possible &= bits;
}

void text_guess_merge(TextGuess *guess, const TextGuess *other) {
  guess->possible &= other->possible;
  guess->any = guess->any || other->any;
}

const struct ArrowSchema *text_guess_type(const TextGuess *guess) {
  static const struct ArrowSchema types[] = {
    {.format = "b", .name = ""}, {.format = "l", .name = ""}, {.format = "g", .name = ""},
    {.format = "tdD", .name = ""}, {.format = "tsu:", .name = ""}, {.format = "tsu:UTC", .name = ""}, {.format = "u", .name = ""},
  };
  unsigned bit = 0;
  while (guess->any && bit < 6 && !(guess->possible & 1u << bit)) bit++;
  return &types[guess->any ? bit : 6];
}
