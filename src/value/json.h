/* json.h - JSON text to values. */
#ifndef VALUE_JSON_H
#define VALUE_JSON_H

#include "value/path.h"

/* What an object is where a name occurs twice in it. */
typedef enum JsonTwice { JSON_TWICE_ERROR, JSON_TWICE_LAST } JsonTwice;

/* Reads one JSON value (RFC 8259) that fills the text. Objects become OBJECTs with their names in order; numbers keep their
   text (value/spelling.h). false: the text is none, or a name occurs twice in an object; why gets the reason and the place
   (a text in arena). The value lives in arena. */
bool json_read(Arena *arena, Str text, Value *out, Str *why);
bool json_read_as(Arena *arena, Str text, JsonTwice twice, Value *out, Str *why);

/* One place to be read (value/path.h); a plan of several is made once. */
typedef struct JsonPick {
  const Path *path;
  Str whole;        /* its text: a member of that name comes first */
  Str first;        /* its first name; data NULL: it begins with [ */
  const Path *rest; /* behind that; NULL: nothing */
} JsonPick;
JsonPick json_pick_of(Arena *arena, Str path);
/* out[i] = the value at picks[i] of the JSON value that fills the text, NULL if there is none; nothing else is made of it. */
bool json_read_picks(Arena *arena, Str text, const JsonPick *picks, size_t count, JsonTwice twice, Value *out, Str *why);

/* Appends a text as a string of JSON, and a value as compact JSON: what JSON has no form for is a string, a number that is
   not finite is null. */
void json_put_text(Buf *out, Str text);
void json_put_value(Buf *out, Value value);
/* A value that is no OBJECT is kept under the empty name (catalogue.md § 4), marked as such. */
Value json_wrap(Arena *arena, Value value);

#endif
