/* text_guess.h - the type that all texts of a column look like: for outputs that shall be typed though their input is text. */
#ifndef VALUE_TEXT_GUESS_H
#define VALUE_TEXT_GUESS_H

#include "value/arrow_abi.h"
#include "value/value.h"

typedef struct TextGuess {
  unsigned possible; /* types that all texts so far are of, one bit each */
  bool any;          /* there was a text */
} TextGuess;

void text_guess_start(TextGuess *guess);
/* NULLs need not be shown. An empty text is of no type but text. */
void text_guess_add(TextGuess *guess, Str text);
/* What both have seen. */
void text_guess_merge(TextGuess *guess, const TextGuess *other);
/* bool (true, false), int64, double (as written without a leading zero, "+" or blanks), date, timestamp[us] without or with a zone, else string;
   static. A number with a leading zero is text: it is a code. */
const struct ArrowSchema *text_guess_type(const TextGuess *guess);

#endif
