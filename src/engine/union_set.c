/* union_set.c - UNION XOR and UNION AND. */
#include "engine/compute.h"

DcCode compute_union_set(Dataset *node, DcError *err) {
  return dc_fail_at(err, DC_FAIL, node->pos, "UNION XOR and UNION AND are not in this version");
}
