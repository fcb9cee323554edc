/* record.h - the record that an expression stands at, as REC_ functions and RECORD functions see it. */
#ifndef CATALOG_RECORD_H
#define CATALOG_RECORD_H

#include "value/path.h"

/* What asks for it owns nothing: values live in the arena of the call or in the record's batch. */
typedef struct RecordView {
  void *self;
  /* Value of an attribute by column number (bound) or, with column < 0, by name; over Structured the name is a path.
     NULL when there is none. */
  DcCode (*attribute)(void *self, int column, Str name, Value *out, DcError *err);
  /* What a path finds in a column of objects. NULL: attribute() and path_value do. */
  DcCode (*at_path)(void *self, int column, const Path *path, Value *out, DcError *err);
  DcCode (*key)(void *self, Value *out, DcError *err);
  /* The names of the record's attributes, in order: an ARRAY. */
  DcCode (*names)(void *self, Arena *arena, Value *out, DcError *err);
  /* The record itself: PlainText its text, Columnar an OBJECT flagged VALUE_RECORD, Structured an OBJECT. */
  DcCode (*object)(void *self, Arena *arena, Value *out, DcError *err);
} RecordView;

#endif
