/* encoded.h - values as bytes (value_encode of batch.h), read in place: what is not asked for is not decoded. */
#ifndef VALUE_ENCODED_H
#define VALUE_ENCODED_H

#include "value/value.h"

Type encoded_type(const char *bytes);
/* ARRAY: elements; OBJECT: members; else 0. */
size_t encoded_count(const char *bytes);
/* Element i of an ARRAY, i < encoded_count. */
const char *encoded_item(const char *bytes, size_t i);
/* The member of an OBJECT by name; NULL if there is none, or if it is no OBJECT. */
const char *encoded_member(const char *bytes, Str name);

#endif
