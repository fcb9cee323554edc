/* transform_builtin.h - the transforms of single records that the engine does itself (catalogue.md § 12.3): lines to
 * columns and back, JSON to Structured and back. */
#ifndef ENGINE_TRANSFORM_BUILTIN_H
#define ENGINE_TRANSFORM_BUILTIN_H

#include "engine/dataset.h"

/* What --transforms and SHOW TRANSFORMS print, and what a caller may check before. */
typedef struct TransformRow {
  const char *name;
  const char *from, *to;     /* types of datasets; "any"; several are separated by blanks */
  bool in_alter, in_call;
  bool columns_needed;       /* a VALUE list has to be there */
  const Parameter *params;
  size_t param_count;
  const char *open_params;   /* the beginning of further names: "column_" takes @column_<name>; NULL: none */
  const char *doc, *example;
} TransformRow;

/* The rows, in the order in which they are shown. */
const TransformRow *transform_rows(size_t *count);
/* Names are case-sensitive. */
bool transform_is_builtin(Str name);
/* A new dataset: `in` with every record transformed; touches no data. params are evaluated; columns is the VALUE list
   (NULL: none given). Keys, partitions and order of the records stay. Wrong types, unknown or missing parameters and
   columns are errors; a record that cannot be transformed is one when it is read, as OPTIONS @bad_records says. */
DcCode transform_builtin(Engine *engine, Dataset *in, Str name, const ParamValue *params, size_t param_count, const Str *columns,
                         size_t column_count, Dataset **out, DcError *err) DC_MUST_CHECK;

#endif
