/* utf8.h - code points in UTF-8 text. A byte that belongs to no valid sequence counts as one code point, U+FFFD. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/mem.h"

/* Bytes taken from p (p < end), code point in *code. */
size_t utf8_decode(const char *p, const char *end, uint32_t *code);
/* Writes up to 4 bytes; returns how many. */
size_t utf8_encode(uint32_t code, char *out);
/* Code points in text. */
size_t utf8_length(Str text);
/* Byte offset of code point number index; text.len when there are no more than that. */
size_t utf8_offset(Str text, size_t index);
bool utf8_is_ascii(Str text);
bool utf8_is_valid(Str text);
/* Upper or lower case of every letter, locale-neutral. */
Str utf8_upper(Arena *arena, Str text);
Str utf8_lower(Arena *arena, Str text);

#endif
