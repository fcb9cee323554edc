/* number.c - numbers as text: reading and printing integers and doubles, exactly and without the process locale.
 *
 * Reading: Daniel Lemire, "Number Parsing at a Gigabyte per Second" (Software: Practice and Experience 51, 2021); what
 * that cannot decide goes to strtod_l in the C locale. Printing: Raffaello Giulietti, "The Schubfach way to render
 * doubles" (2020).
 */
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "value/powers_of_ten.h"
#include "value/value.h"

typedef unsigned __int128 Wide;

static const double small_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* --- Integers --- */

static inline bool is_digit(char c) { return (unsigned)(c - '0') < 10; }

static int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Up to 16 significant hex digits, as the unsigned 64-bit number they are. */
static bool hex_parse(const char *p, const char *end, int64_t *out) {
  if (p == end) return false;
  uint64_t value = 0;
  for (; p < end; p++) {
    int digit = hex_digit(*p);
    if (digit < 0 || value >> 60) return false;
    value = value << 4 | (uint64_t)digit;
  }
  *out = (int64_t)value;
  return true;
}

/* [+-]?digits only. 1: read, 0: not of this form, -1: it is, but does not fit. */
static int digits_parse(const char *p, const char *end, int64_t *out) {
  bool negative = false;
  if (p < end && (*p == '-' || *p == '+')) negative = *p++ == '-';
  if (p == end) return 0;
  uint64_t value = 0;
  const char *safe = end - p > 18 ? p + 18 : end; /* 18 digits always fit */
  for (; p < safe; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9) return 0;
    value = value * 10 + digit;
  }
  bool fits = true;
  for (; p < end; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9) return 0;
    if (__builtin_mul_overflow(value, (uint64_t)10, &value) || __builtin_add_overflow(value, (uint64_t)digit, &value)) fits = false;
  }
  if (!fits || value > (uint64_t)INT64_MAX + negative) return -1;
  *out = (int64_t)(negative ? 0 - value : value);
  return 1;
}

bool int_parse(Str text, int64_t *out) {
  const char *p = text.data, *end = p + text.len;
  if (text.len == 0) return false;
  if (text.len > 2 && p[0] == '0' && (p[1] | 32) == 'x') return hex_parse(p + 2, end, out);
  if (text.len > 1 && (end[-1] | 32) == 'l') end--;
  return digits_parse(p, end, out) == 1;
}

size_t int_print(int64_t i, char *out) {
  char digits[20];
  size_t count = 0, len = 0;
  uint64_t value = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  if (i < 0) out[len++] = '-';
  while (count) out[len++] = digits[--count];
  out[len] = 0;
  return len;
}

/* --- Reading doubles --- */

typedef struct Digits {
  uint64_t mantissa; /* the first 19 significant digits */
  int exponent;      /* of ten */
  bool cut;          /* digits other than 0 may have been left out */
} Digits;

/* digits[.digits][e[+-]digits] up to end exactly. */
static bool scan_decimal(const char *p, const char *end, Digits *out) {
  uint64_t mantissa = 0;
  int exponent = 0, significant = 0;
  bool any = false, point = false, cut = false;
  for (; p < end; p++) {
    if (*p == '.' && !point) {
      point = true;
      continue;
    }
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9) break;
    any = true;
    if (significant < 19) {
      mantissa = mantissa * 10 + digit;
      if (mantissa) significant++;
      exponent -= point;
    } else {
      cut |= digit != 0;
      exponent += !point;
    }
  }
  if (!any) return false;
  if (p < end && (*p | 32) == 'e') {
    p++;
    bool negative = false;
    if (p < end && (*p == '-' || *p == '+')) negative = *p++ == '-';
    if (p == end) return false;
    int written = 0;
    for (; p < end && is_digit(*p); p++)
      if (written < 100000) written = written * 10 + (*p - '0');
    exponent += negative ? -written : written;
  }
  *out = (Digits){mantissa, exponent, cut};
  return p == end;
}

/* Eisel and Lemire's step: mantissa * 10^exponent as a double, false when 128 bits do not decide. */
static bool decimal_to_double(uint64_t mantissa, int exponent, double *out) {
  if (exponent < -326 || exponent > 308) return false;
  int zeros = __builtin_clzll(mantissa);
  uint64_t w = mantissa << zeros;
  PowerOfTen power = power_of_ten(exponent);
  Wide product = (Wide)w * power.high;
  uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
  if ((high & 0x1FF) == 0x1FF) {
    uint64_t more = (uint64_t)((Wide)w * power.low >> 64);
    low += more;
    if (low < more) high++;
    if (low == UINT64_MAX && (exponent < -27 || exponent > 55)) return false;
  }
  int upper = (int)(high >> 63);
  uint64_t bits = high >> (upper + 9); /* 54 bits: one to round */
  int binary = ((217706 * exponent) >> 16) + 63 + upper - zeros + 1023;
  if (binary <= 0 || binary >= 2046) return false; /* subnormal, near overflow */
  if (low <= 1 && exponent >= -4 && exponent <= 23 && (bits & 3) == 1 && bits << (upper + 9) == high) bits &= ~(uint64_t)1;
  bits = (bits + (bits & 1)) >> 1;
  if (bits >> 53) {
    bits >>= 1;
    binary++;
  }
  uint64_t packed = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)binary << 52;
  memcpy(out, &packed, sizeof packed);
  return true;
}

/* The C library in the C locale, for what the fast ways leave. The text is known to be of decimal form. */
static double slow_parse(const char *p, const char *end) {
  static locale_t c_locale; /* made once; losing a race makes one too many, which is freed */
  locale_t locale = __atomic_load_n(&c_locale, __ATOMIC_ACQUIRE);
  if (!locale) {
    locale_t made = newlocale(LC_ALL_MASK, "C", (locale_t)0), none = (locale_t)0;
    if (__atomic_compare_exchange_n(&c_locale, &none, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) locale = made;
    else freelocale(made), locale = none;
  }
  size_t len = (size_t)(end - p);
  char small[128], *text = len < sizeof small ? small : dc_alloc(len + 1);
  memcpy(text, p, len);
  text[len] = 0;
  double value = strtod_l(text, NULL, locale);
  if (text != small) dc_free(text);
  return value;
}

static bool double_parse(const char *p, const char *end, double *out) {
  bool negative = false;
  const char *start = p;
  if (p < end && (*p == '-' || *p == '+')) negative = *p++ == '-';
  Digits digits;
  double value;
  if (scan_decimal(p, end, &digits)) {
    if (digits.mantissa == 0 && !digits.cut) value = 0;
    else if (!digits.cut && digits.mantissa < (uint64_t)1 << 53 && digits.exponent >= -22 && digits.exponent <= 22)
      value = digits.exponent < 0 ? (double)digits.mantissa / small_powers[-digits.exponent] : (double)digits.mantissa * small_powers[digits.exponent];
    else if (digits.cut || !decimal_to_double(digits.mantissa, digits.exponent, &value)) {
      *out = slow_parse(start, end);
      return true;
    }
  } else {
    Str word = {p, (size_t)(end - p)};
    if (str_is(word, "NaN")) value = NAN, negative = false;
    else if (str_is(word, "Infinity")) value = INFINITY;
    else return false;
  }
  *out = negative ? -value : value;
  return true;
}

bool number_parse(Str text, Value *out) {
  const char *p = text.data, *end = p + text.len;
  while (p < end && (unsigned char)*p <= ' ') p++;
  while (end > p && (unsigned char)end[-1] <= ' ') end--;
  if (p == end) return false;
  int64_t i;
  int digits = digits_parse(p, end, &i);
  if (digits == 1) {
    *out = value_int(i);
    return true;
  }
  char last = (char)(end[-1] | 32);
  bool hex = end - p > 2 && p[0] == '0' && (p[1] | 32) == 'x';
  if (digits == 0 && (hex || (last == 'h' && is_digit(*p)))) {
    if (!hex_parse(hex ? p + 2 : p, hex ? end : end - 1, &i)) return false;
    *out = value_int(i);
    return true;
  }
  if (digits == 0 && last == 'l') {
    digits = digits_parse(p, --end, &i);
    if (digits == 0) return false;
    if (digits == 1) {
      *out = value_int(i);
      return true;
    }
  } else if (digits == 0 && (last == 'd' || last == 'f') && end - p > 1 && (is_digit(end[-2]) || end[-2] == '.')) {
    end--;
  }
  double d;
  if (!double_parse(p, end, &d)) return false;
  *out = value_double(d);
  return true;
}

/* --- Reading many numbers --- */

/* Eight digits at once, as halves of a word: Lemire's paper, § 3.3. false: they are not all digits. */
static inline bool eight_digits(const char *p, uint64_t *out) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  if (((word & 0xF0F0F0F0F0F0F0F0) | ((word + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4) != 0x3333333333333333) return false;
  word = (word & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8;
  word = (word & 0x00FF00FF00FF00FF) * 6553601 >> 16;
  *out = (word & 0x0000FFFF0000FFFF) * 42949672960001 >> 32;
  return true;
}

/* Digits from p on are taken in; gives where they end. */
static inline const char *take_digits(const char *p, const char *end, uint64_t *mantissa) {
  uint64_t value = *mantissa, eight;
  while (end - p >= 8 && eight_digits(p, &eight)) {
    value = value * 100000000 + eight;
    p += 8;
  }
  for (; p < end && is_digit(*p); p++) value = value * 10 + (uint64_t)(*p - '0');
  *mantissa = value;
  return p;
}

enum { PLAIN_DIGITS = 18 }; /* always fit into 64 bits */

/* -?digits, as nearly all are. */
static inline bool plain_int(Str text, int64_t *out) {
  const char *p = text.data, *end = p + text.len;
  uint64_t value = 0;
  bool negative = p < end && *p == '-';
  p += negative;
  if (p == end || end - p > PLAIN_DIGITS || take_digits(p, end, &value) != end) return false;
  *out = negative ? -(int64_t)value : (int64_t)value;
  return true;
}

/* Seven digits with a point somewhere among them; gives how many are behind it, -1: the eight bytes are something else. */
static inline int seven_digits(const char *p, uint64_t *out) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  uint64_t points = word ^ 0x2E2E2E2E2E2E2E2E; /* 0: a point; the lowest such byte is found right */
  points = (points - 0x0101010101010101) & ~points & 0x8080808080808080;
  if (!points) return -1;
  int before = __builtin_ctzll(points) / 8;
  uint64_t low = ((uint64_t)1 << before * 8) - 1, high = ~(low << 8 | 0xFF);
  word = (word & high) | (word & low) << 8 | '0';
  return eight_digits((const char *)&word, out) ? 7 - before : -1;
}

/* -?digits.digits with a mantissa that a double has, so that one division rounds right. */
static inline bool plain_double(Str text, double *out) {
  const char *p = text.data, *end = p + text.len;
  uint64_t mantissa = 0, last = 0;
  int decimals = -1;
  bool negative = p < end && *p == '-';
  p += negative;
  if (end - p < 2 || end - p > PLAIN_DIGITS + 1) return false;
  const char *tail = end - p > 8 ? end - 8 : p; /* so there is a digit before the point */
  if (end - p > 8) decimals = seven_digits(tail, &last);
  if (decimals < 0) tail = end;
  for (; p < tail; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (digit <= 9) {
      mantissa = mantissa * 10 + digit;
    } else {
      if (*p != '.' || decimals >= 0 || p == text.data + negative) return false;
      decimals = (int)(end - p - 1);
    }
  }
  if (tail < end) mantissa = mantissa * 10000000 + last;
  if (decimals <= 0 || mantissa >> 53) return false;
  double value = (double)mantissa / small_powers[decimals];
  *out = negative ? -value : value;
  return true;
}

size_t numbers_to_ints(const Str *texts, const uint8_t *nulls, size_t n, int64_t *out) {
  for (size_t i = 0; i < n; i++) {
    Value number = {0};
    if (!(nulls && nulls[i]) && plain_int(texts[i], &out[i])) continue;
    if (!(nulls && nulls[i]) && (!number_parse(texts[i], &number) || number.type != TYPE_INT)) return i;
    out[i] = number.as.i;
  }
  return n;
}

size_t numbers_to_doubles(const Str *texts, const uint8_t *nulls, size_t n, double *out) {
  for (size_t i = 0; i < n; i++) {
    Value number = {0};
    if (!(nulls && nulls[i]) && plain_double(texts[i], &out[i])) continue;
    if (!(nulls && nulls[i]) && !number_parse(texts[i], &number)) return i;
    if (number.type == TYPE_INT && (number.as.i <= -(INT64_C(1) << 53) || number.as.i >= INT64_C(1) << 53)) return i;
    out[i] = number.type == TYPE_DOUBLE ? number.as.d : (double)number.as.i;
  }
  return n;
}

/* --- Printing doubles --- */

static int floor_log10_pow2(int e) { return (e * 1262611) >> 22; }
static int floor_log10_three_quarters_pow2(int e) { return (e * 1262611 - 524031) >> 22; }
static int floor_log2_pow10(int e) { return (e * 1741647) >> 19; }

static uint64_t round_to_odd(PowerOfTen g, uint64_t cp) {
  uint64_t x = (uint64_t)((Wide)g.low * cp >> 64);
  Wide y = (Wide)g.high * cp + x;
  return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* A finite positive number c * 2^q as its format has it. */
typedef struct Binary {
  uint64_t c;
  int q;
  bool closer; /* the lower neighbour is nearer */
} Binary;

static Binary double_parts(double d) {
  uint64_t bits;
  memcpy(&bits, &d, sizeof bits);
  uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
  int biased = (int)(bits >> 52 & 0x7FF);
  return (Binary){biased ? fraction | (uint64_t)1 << 52 : fraction, (biased ? biased : 1) - 1075, fraction == 0 && biased > 1};
}

static Binary single_parts(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  uint32_t fraction = bits & (((uint32_t)1 << 23) - 1);
  int biased = (int)(bits >> 23 & 0xFF);
  return (Binary){biased ? fraction | (uint32_t)1 << 23 : fraction, (biased ? biased : 1) - 150, fraction == 0 && biased > 1};
}

/* The shortest decimal digits * 10^exponent that reads back as that number. */
static void shortest(Binary number, uint64_t *digits, int *exponent) {
  uint64_t c = number.c, odd = c & 1;
  int q = number.q;
  bool closer = number.closer;
  int k = closer ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
  int h = q + floor_log2_pow10(-k) + 1;
  PowerOfTen g = power_of_ten(-k);
  if (-k > 55 && ++g.low == 0) g.high++; /* the table cuts there; rounding up is needed */
  uint64_t lower = round_to_odd(g, (4 * c - 2 + closer) << h) + odd;
  uint64_t middle = round_to_odd(g, (4 * c) << h);
  uint64_t upper = round_to_odd(g, (4 * c + 2) << h) - odd;
  uint64_t s = middle / 4;
  *exponent = k;
  if (s >= 10) {
    uint64_t tens = s / 10;
    bool below = lower <= 40 * tens, above = 40 * tens + 40 <= upper;
    if (below != above) {
      *digits = tens + above;
      *exponent = k + 1;
      return;
    }
  }
  bool below = lower <= 4 * s, above = 4 * s + 4 <= upper;
  if (below != above) *digits = s + above;
  else *digits = s + (middle > 4 * s + 2 || (middle == 4 * s + 2 && (s & 1)));
}

static size_t put_exponent(char *out, const char *digits, int count, int power) {
  size_t len = 0;
  out[len++] = digits[0];
  if (count > 1) {
    out[len++] = '.';
    memcpy(out + len, digits + 1, (size_t)count - 1);
    len += (size_t)count - 1;
  }
  out[len++] = 'e';
  out[len++] = power < 0 ? '-' : '+';
  if (power < 0) power = -power;
  if (power < 10) out[len++] = '0';
  return len + int_print(power, out + len);
}

/* digits (count of them) with the decimal point behind the first `point` of them. */
static size_t put_plain(char *out, const char *digits, int count, int point) {
  size_t len = 0;
  if (point <= 0) {
    out[len++] = '0';
    out[len++] = '.';
    for (int i = point; i < 0; i++) out[len++] = '0';
    memcpy(out + len, digits, (size_t)count);
    return len + (size_t)count;
  }
  for (int i = 0; i < point; i++) out[len++] = i < count ? digits[i] : '0';
  out[len++] = '.';
  if (count <= point) out[len++] = '0';
  for (int i = point; i < count; i++) out[len++] = digits[i];
  return len;
}

/* Sign and what is no plain number; true: that is all. The rest is positive and finite. */
static bool put_odd(double d, char *out, size_t *len) {
  *len = 0;
  if (isnan(d)) {
    *len = strlen(strcpy(out, "NaN"));
    return true;
  }
  if (signbit(d)) out[(*len)++] = '-';
  if (!isinf(d)) return false;
  *len += strlen(strcpy(out + *len, "Infinity"));
  return true;
}

static size_t put_whole(double d, char *out) {
  size_t len = int_print((int64_t)d, out);
  memcpy(out + len, ".0", 3);
  return len + 2;
}

static size_t put_shortest(Binary number, char *out) {
  uint64_t mantissa;
  int exponent;
  shortest(number, &mantissa, &exponent);
  while (mantissa % 10 == 0) mantissa /= 10, exponent++;
  char digits[24];
  int count = (int)int_print((int64_t)mantissa, digits);
  int point = count + exponent;
  size_t len = point < -3 || point > 16 ? put_exponent(out, digits, count, point - 1) : put_plain(out, digits, count, point);
  out[len] = 0;
  return len;
}

size_t double_print(double d, char *out) {
  size_t len;
  if (put_odd(d, out, &len)) return len;
  d = fabs(d);
  bool whole = d < 1e15 && d == (double)(int64_t)d;
  return len + (whole ? put_whole(d, out + len) : put_shortest(double_parts(d), out + len));
}

size_t single_print(double d, char *out) {
  size_t len;
  if (put_odd(d, out, &len)) return len;
  d = fabs(d);
  bool whole = d < 0x1p24 && d == (double)(int64_t)d; /* all digits of larger ones are not needed */
  float single = (float)d;
  if (isinf(single) || (single == 0 && d > 0)) return len + double_print(d, out + len); /* it was none */
  return len + (whole ? put_whole(d, out + len) : put_shortest(single_parts(single), out + len));
}
