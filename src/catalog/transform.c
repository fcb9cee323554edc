/* transform.c - names of parameters. */
#include "catalog/transform.h"

#include <string.h>

bool parameter_matches(const Parameter *row, Str name) {
  size_t len = strlen(row->name);
  if (len == 0 || row->name[len - 1] != '*') return str_is(name, row->name);
  return name.len > len - 1 && str_starts(name, str_make(row->name, len - 1));
}
