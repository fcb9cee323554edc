/* spelling.h - numbers of JSON that print as they were written.
 *
 * A DOUBLE keeps in the spare fields of its Value how its text differed from the shortest one (1.10, 1e5, 6.02E+23): digits
 * before and behind the point, exponent. What is computed from it has no such memory. A Value whose double was exchanged,
 * so that its digits do not fit, prints as any other.
 */
#ifndef VALUE_SPELLING_H
#define VALUE_SPELLING_H

#include "value/value.h"

/* A number of JSON (its grammar is not checked) as INT, DOUBLE or DECIMAL, whichever holds its digits and prints its text;
   if none does, its text as a STRING with VALUE_NUMBER. Texts point to text, which has to live as long. */
Value number_of_json(Arena *arena, Str text);

static inline bool is_spelled(Value number) { return number.type == TYPE_DOUBLE && number.len != 0; }
/* The text of a DOUBLE that is_spelled; out has 64 bytes. Returns the length. */
size_t spelling_print(Value number, char *out);

#endif
