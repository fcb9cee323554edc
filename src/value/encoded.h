/* encoded.h - values as bytes (value_encode of batch.h), read in place: what is not asked for is not decoded. */
#ifndef VALUE_ENCODED_H
#define VALUE_ENCODED_H

#include "value/value.h"

/* What value_encode writes for a DECIMAL and for a NULL; returns the bytes. out has ENCODED_DECIMAL of them. */
enum { ENCODED_DECIMAL = 1 + sizeof(Decimal), ENCODED_NULL = 1 };
static inline size_t encode_decimal(char *out, Decimal decimal) {
  *out = TYPE_DECIMAL;
  memcpy(out + 1, &decimal, sizeof decimal);
  return ENCODED_DECIMAL;
}
static inline size_t encode_null(char *out) {
  *out = TYPE_NULL;
  return ENCODED_NULL;
}

Type encoded_type(const char *bytes);
/* ARRAY: elements; OBJECT: members; else 0. */
size_t encoded_count(const char *bytes);
/* Element i of an ARRAY, i < encoded_count. */
const char *encoded_item(const char *bytes, size_t i);
/* The member of an OBJECT by name; NULL if there is none, or if it is no OBJECT. */
const char *encoded_member(const char *bytes, Str name);

#endif
