/* json.h - JSON text to values. */
#ifndef VALUE_JSON_H
#define VALUE_JSON_H

#include "value/value.h"

/* Reads one JSON value (RFC 8259) that fills the text. Objects become OBJECTs with their names in order; integers are
   exact: INT, beyond 64 bits DECIMAL. false: the text is none, or a name occurs twice in an object, or a number has no
   exact place; why gets the reason and the place (a text in arena). The value lives in arena. */
bool json_read(Arena *arena, Str text, Value *out, Str *why);
/* A value that is no OBJECT is kept under the empty name (catalogue.md § 4), marked as such. */
Value json_wrap(Arena *arena, Value value);

#endif
