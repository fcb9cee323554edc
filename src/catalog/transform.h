/* transform.h - the rows that register transforms: what ALTER and CALL do to one dataset by name. Help, SHOW, the
 * checks of parameters and the hints about spelling all read them. */
#ifndef CATALOG_TRANSFORM_H
#define CATALOG_TRANSFORM_H

#include "catalog/catalog.h"

/* Types of datasets as bits, in the order of DatasetType (engine/dataset.h). */
enum {
  TAKES_PLAIN_TEXT = 1 << 0,
  TAKES_COLUMNAR = 1 << 1,
  TAKES_STRUCTURED = 1 << 2,
  TAKES_POINT = 1 << 3,
  TAKES_TRACK = 1 << 4,
  TAKES_POLYGON = 1 << 5,
  TAKES_ANY = (1 << 6) - 1,
};

enum { GIVES_SAME = -1 }; /* the type of the input */

typedef struct TransformRow {
  const char *name;
  unsigned from;          /* TAKES_ bits */
  int into;               /* DatasetType of the result, or GIVES_SAME */
  bool in_alter, in_call; /* where it can be used */
  bool needs_columns;     /* a VALUE list has to be given */
  const Parameter *params; /* a name that ends in * stands for every name with that beginning: "column_*" */
  size_t param_count;
  const char *doc, *example;
} TransformRow;

/* Does a parameter's row stand for this name? */
bool parameter_matches(const Parameter *row, Str name);

#endif
