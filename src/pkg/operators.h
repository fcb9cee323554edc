/* operators.h - what the files behind the operator rows share. Private to this folder. */
#ifndef PKG_OPERATORS_H
#define PKG_OPERATORS_H

#include "catalog/catalog.h"

/* "cannot read 'x12' as INT"; the value is shown in quotes and cut when long. */
DcCode fail_read(CallContext *cx, Value value, const char *wanted);
/* The same with a hint at what went wrong: "'99…9' does not fit INT (64 bits)". */
DcCode fail_fit(CallContext *cx, Value value, const char *wanted);
/* A number of any type, or an error. */
DcCode need_number(CallContext *cx, Value value, Value *out);
DcCode need_double(CallContext *cx, Value value, double *out);
/* A 64-bit integer; a fraction is cut off. */
DcCode need_int(CallContext *cx, Value value, int64_t *out);
/* Division by zero: an error in loose context, NULL and a count for a record. */
DcCode zero_divisor(CallContext *cx, const char *sign, Value *result);
/* The digest by libcrypto into out (64 bytes). */
DcCode digest_compute(CallContext *cx, Str data, Str algorithm, char *out, size_t *len);

/* cast.c */
DcCode op_int(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_double(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_string(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_bool(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_decimal(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_date(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_time(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_timestamp(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_binary(CallContext *cx, const Value *args, int count, Value *result);
/* json_cast.c */
DcCode op_json(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_hashcode(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_random(CallContext *cx, const Value *args, int count, Value *result);
/* arithmetic.c */
DcCode op_bit_not(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_negate(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_plus(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_power(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_multiply(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_divide(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_modulo(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_add(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_subtract(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_shift_left(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_shift_right(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_bit_and(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_bit_xor(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_bit_or(CallContext *cx, const Value *args, int count, Value *result);
DcCode fn_div(CallContext *cx, const Value *args, int count, Value *result);
/* logic.c */
DcCode op_concat(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_equal(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_not_equal(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_same(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_less(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_less_equal(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_greater(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_greater_equal(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_in(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_not_in(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_is_null(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_is_not_null(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_between(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_not_between(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_not(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_and(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_or(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_xor(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_choice(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_default(CallContext *cx, const Value *args, int count, Value *result);
/* pattern.c */
DcCode op_like(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_not_like(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_match(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_not_match(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_search(CallContext *cx, const Value *args, int count, Value *result);
DcCode op_not_search(CallContext *cx, const Value *args, int count, Value *result);
/* digest.c */
DcCode op_digest(CallContext *cx, const Value *args, int count, Value *result);

#endif
