/* decimal.h - exact decimal arithmetic with up to 38 digits, and exact comparison of numbers of any type.
 *
 * Every function returns false when the result does not fit (or, for division, when the divisor is zero).
 */
#ifndef VALUE_DECIMAL_H
#define VALUE_DECIMAL_H

#include "value/value.h"

enum { DECIMAL_DIGITS = 38 };

/* 10^exponent, exponent 0 … 38. */
unsigned __int128 decimal_power(int exponent);

Decimal decimal_of_int(int64_t i);
/* [+-]digits[.digits][e[+-]digits], blanks around allowed. Digits behind the 38th place are rounded. */
bool decimal_parse(Str text, Decimal *out);
/* The decimal that a double's shortest text means. */
bool decimal_of_double(double d, Decimal *out);
/* Any number or numeric text. */
bool decimal_of_value(Value value, Decimal *out);
/* out has 48 bytes; returns the length. Trailing zeros are kept: they are part of the scale. */
size_t decimal_print(Decimal d, char *out);
double decimal_to_double(Decimal d);
/* Without its fraction, which is cut off. */
bool decimal_to_int(Decimal d, int64_t *out);
/* True if there is no fraction. */
bool decimal_is_whole(Decimal d);
/* Without trailing zeros behind the point. */
Decimal decimal_normal(Decimal d);
bool decimal_add(Decimal a, Decimal b, Decimal *out);
bool decimal_subtract(Decimal a, Decimal b, Decimal *out);
bool decimal_multiply(Decimal a, Decimal b, Decimal *out);
/* Rounded half up to 20 places at most, without needless zeros. */
bool decimal_divide(Decimal a, Decimal b, Decimal *out);
/* Sign of the left side. */
bool decimal_remainder(Decimal a, Decimal b, Decimal *out);

Value value_decimal(Arena *arena, Decimal d);

static inline bool value_is_number(Value v) { return v.type == TYPE_INT || v.type == TYPE_DOUBLE || v.type == TYPE_DECIMAL; }
/* Exact order of two numbers of any type; NaN equals NaN and is last. */
int number_compare(Value a, Value b);

#endif
