/* spelling.c - numbers of JSON that print as they were written. */
#include "value/spelling.h"

#include <math.h>

#include "value/decimal.h"

enum { MOST_TEXT = 60, EXACT_DIGITS = 15 };

/* How a number is written: [-]whole[.fraction][e[sign]exponent]. Digits count. */
typedef struct Spelling {
  unsigned whole, fraction;
  unsigned width; /* digits of the exponent; 0: it has none */
  bool upper;     /* E */
  char sign;      /* of the exponent; 0: none */
  int exponent;
} Spelling;

/* --- In a Value --- */

enum { SPELLED = 1u << 20, FRACTION_AT = 6, WIDTH_AT = 12, UPPER = 1 << 16, PLUS = 1 << 17, MINUS = 1 << 18, SIX_BITS = 63, FOUR_BITS = 15 };

static void put_spelling(Spelling s, Value *number) {
  unsigned sign = s.sign == '+' ? PLUS : s.sign == '-' ? MINUS : 0;
  number->len = (uint32_t)(SPELLED | s.whole | s.fraction << FRACTION_AT | s.width << WIDTH_AT | (s.upper ? UPPER : 0u) | sign);
  number->offset_minutes = (int16_t)s.exponent;
}

static Spelling get_spelling(Value number) {
  uint32_t bits = number.len;
  return (Spelling){.whole = bits & SIX_BITS, .fraction = bits >> FRACTION_AT & SIX_BITS, .width = bits >> WIDTH_AT & FOUR_BITS, .upper = bits & UPPER,
                    .sign = bits & PLUS ? '+' : bits & MINUS ? '-' : 0, .exponent = number.offset_minutes};
}

/* --- Printing --- */

/* The digits of a text as double_print writes it, without zeros at either end; value = digits * 10^*power. */
static size_t take_digits(const char *text, size_t len, char *digits, int *power) {
  size_t count = 0, i = 0;
  bool behind = false;
  *power = 0;
  for (; i < len && text[i] != 'e'; i++) {
    if (text[i] == '.') {
      behind = true;
      continue;
    }
    if (count || text[i] != '0') digits[count++] = text[i];
    *power -= behind;
  }
  int64_t exponent;
  if (i < len && int_parse(str_make(text + i + 1, len - i - 1), &exponent)) *power += (int)exponent;
  for (; count && digits[count - 1] == '0'; count--) ++*power;
  return count;
}

static size_t put_exponent(Spelling s, char *out) {
  size_t len = 0;
  unsigned rest = (unsigned)(s.exponent < 0 ? -s.exponent : s.exponent);
  out[len++] = s.upper ? 'E' : 'e';
  if (s.sign) out[len++] = s.sign;
  for (unsigned i = s.width; i > 0; rest /= 10) out[len + --i] = (char)('0' + rest % 10);
  return len + s.width;
}

size_t spelling_print(Value number, char *out) {
  Spelling s = get_spelling(number);
  char plain[32], digits[32];
  int power;
  size_t plain_len = double_print(fabs(number.as.d), plain), total = s.whole + s.fraction, len = 0;
  size_t count = isfinite(number.as.d) ? take_digits(plain, plain_len, digits, &power) : total + 1;
  long zeros = count && count <= total ? (long)power - s.exponent + (long)s.fraction : 0; /* behind the digits */
  if (zeros < 0 || count + (size_t)zeros > total) return double_print(number.as.d, out);
  char mantissa[2 * SIX_BITS + 2];
  memset(mantissa, '0', total);
  memcpy(mantissa + total - (size_t)zeros - count, digits, count);
  if (signbit(number.as.d)) out[len++] = '-';
  memcpy(out + len, mantissa, s.whole);
  len += s.whole;
  if (s.fraction) {
    out[len++] = '.';
    memcpy(out + len, mantissa + s.whole, s.fraction);
    len += s.fraction;
  }
  if (s.width) len += put_exponent(s, out + len);
  out[len] = 0;
  return len;
}

/* --- Reading --- */

static unsigned count_digits(const char *p, const char *end) {
  const char *start = p;
  while (p < end && *p >= '0' && *p <= '9') p++;
  return (unsigned)(p - start);
}

static bool read_spelling(Str text, Spelling *s) {
  const char *p = text.data, *end = p + text.len;
  *s = (Spelling){0};
  if (p < end && *p == '-') p++;
  s->whole = count_digits(p, end);
  p += s->whole;
  if (p < end && *p == '.') {
    s->fraction = count_digits(++p, end);
    p += s->fraction;
  }
  if (p == end) return true;
  s->upper = *p++ == 'E';
  if (p < end && (*p == '+' || *p == '-')) s->sign = *p++;
  s->width = count_digits(p, end);
  int64_t exponent;
  if (!s->width || s->width > FOUR_BITS || !int_parse(str_make(p, s->width), &exponent) || exponent > 1000) return false;
  s->exponent = (int)(s->sign == '-' ? -exponent : exponent);
  return true;
}

/* True if double_print certainly writes the same text: that many digits come back from every double. */
static bool is_shortest(Str text, const Spelling *s, double d) {
  double size = fabs(d);
  return !s->width && s->fraction && s->whole + s->fraction <= EXACT_DIGITS && size >= 1e-3 && (s->fraction == 1 || text.data[text.len - 1] != '0');
}

static bool as_double(Str text, Value *out) {
  Spelling s;
  double d;
  char again[64];
  if (text.len > MOST_TEXT || !read_spelling(text, &s) || !value_to_double(value_str(text), &d) || !isfinite(d)) return false;
  if (d == 0 && text.data[0] == '-') d = -0.0;
  *out = value_double(d);
  if (is_shortest(text, &s, d)) return true;
  if (str_eq(str_make(again, double_print(d, again)), text)) return true;
  put_spelling(s, out);
  return str_eq(str_make(again, spelling_print(*out, again)), text);
}

Value number_of_json(Arena *arena, Str text) {
  int64_t i;
  Value number;
  Decimal decimal;
  char printed[48];
  bool whole = !memchr(text.data, '.', text.len) && !memchr(text.data, 'e', text.len) && !memchr(text.data, 'E', text.len);
  if (whole && int_parse(text, &i) && !(i == 0 && text.len > 1)) return value_int(i);
  if (!(whole && text.len > 2) && as_double(text, &number)) return number;
  if (decimal_parse(text, &decimal) && str_eq(str_make(printed, decimal_print(decimal, printed)), text)) return value_decimal(arena, decimal);
  number = value_str(text);
  number.flags = VALUE_NUMBER;
  return number;
}
