/* sort.c - ORDER BY. */
#include "engine/sort.h"

DcCode sort_open(Dataset *node, Generator **out, DcError *err) {
  *out = NULL;
  return dc_fail_at(err, DC_FAIL, node->pos, "ORDER BY is not in this version");
}
