/* utf8.c - code points in UTF-8 text. */
#include "base/utf8.h"

#include <locale.h>
#include <wctype.h>

size_t utf8_decode(const char *text, const char *end, uint32_t *code) {
  const unsigned char *p = (const unsigned char *)text;
  size_t left = (size_t)(end - text), need;
  uint32_t value, least;
  if (p[0] < 0x80) {
    *code = p[0];
    return 1;
  }
  *code = 0xFFFD;
  if ((p[0] & 0xE0) == 0xC0) value = p[0] & 0x1F, need = 2, least = 0x80;
  else if ((p[0] & 0xF0) == 0xE0) value = p[0] & 0x0F, need = 3, least = 0x800;
  else if ((p[0] & 0xF8) == 0xF0) value = p[0] & 0x07, need = 4, least = 0x10000;
  else return 1;
  if (left < need) return 1;
  for (size_t i = 1; i < need; i++) {
    if ((p[i] & 0xC0) != 0x80) return 1;
    value = value << 6 | (p[i] & 0x3F);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return 1;
  *code = value;
  return need;
}

size_t utf8_encode(uint32_t code, char *out) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xC0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char)(0xE0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3F));
    out[2] = (char)(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = (char)(0xF0 | code >> 18);
  out[1] = (char)(0x80 | (code >> 12 & 0x3F));
  out[2] = (char)(0x80 | (code >> 6 & 0x3F));
  out[3] = (char)(0x80 | (code & 0x3F));
  return 4;
}

bool utf8_is_ascii(Str text) {
  size_t i = 0;
  for (; i + 8 <= text.len; i += 8) {
    uint64_t word;
    memcpy(&word, text.data + i, 8);
    if (word & 0x8080808080808080) return false;
  }
  for (; i < text.len; i++)
    if ((unsigned char)text.data[i] & 0x80) return false;
  return true;
}

bool utf8_is_valid(Str text) {
  const char *p = text.data, *end = p + text.len;
  while (p < end) {
    uint32_t code;
    size_t taken = utf8_decode(p, end, &code);
    if (taken == 1 && (unsigned char)*p >= 0x80) return false;
    p += taken;
  }
  return true;
}

size_t utf8_length(Str text) {
  if (utf8_is_ascii(text)) return text.len;
  size_t count = 0;
  uint32_t code;
  for (const char *p = text.data, *end = p + text.len; p < end; p += utf8_decode(p, end, &code)) count++;
  return count;
}

size_t utf8_offset(Str text, size_t index) {
  const char *p = text.data, *end = p + text.len;
  uint32_t code;
  for (; p < end && index; index--) p += (unsigned char)*p < 0x80 ? 1 : utf8_decode(p, end, &code);
  return (size_t)(p - text.data);
}

/* The C.UTF-8 locale as a value: the process locale is neither used nor changed. */
static locale_t case_locale(void) {
  static locale_t cached;
  locale_t locale = __atomic_load_n(&cached, __ATOMIC_ACQUIRE);
  if (locale) return locale;
  locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), none = (locale_t)0;
  if (!made) made = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
  if (__atomic_compare_exchange_n(&cached, &none, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return made;
  freelocale(made);
  return none;
}

static Str change_case(Arena *arena, Str text, bool upper) {
  char first = upper ? 'a' : 'A';
  if (utf8_is_ascii(text)) {
    char *out = arena_copy(arena, text.data, text.len);
    for (size_t i = 0; i < text.len; i++)
      if ((unsigned)(out[i] - first) < 26) out[i] ^= 32;
    return (Str){out, text.len};
  }
  locale_t locale = case_locale();
  char *out = arena_raw(arena, text.len * 2 + 1); /* a letter of one byte never becomes one of more than two */
  size_t len = 0;
  for (const char *p = text.data, *end = p + text.len; p < end;) {
    uint32_t code;
    size_t taken = utf8_decode(p, end, &code);
    if (taken == 1 && (unsigned char)*p >= 0x80) out[len++] = *p; /* not UTF-8: kept */
    else if (code == 0xDF && upper) out[len++] = 'S', out[len++] = 'S';
    else len += utf8_encode((uint32_t)(upper ? towupper_l((wint_t)code, locale) : towlower_l((wint_t)code, locale)), out + len);
    p += taken;
  }
  out[len] = 0;
  return (Str){out, len};
}

Str utf8_upper(Arena *arena, Str text) { return change_case(arena, text, true); }
Str utf8_lower(Arena *arena, Str text) { return change_case(arena, text, false); }
