/* join.c - JOIN, UNION XOR, UNION AND. */
#include "engine/join.h"

#include "engine/compute.h"

DcCode join_open(Dataset *node, const uint32_t *parts, uint32_t count, Expander **expander, Generator **generator, DcError *err) {
  (void)parts;
  (void)count;
  *expander = NULL;
  *generator = NULL;
  return dc_fail_at(err, DC_FAIL, node->pos, "JOIN is not in this version");
}

DcCode compute_union_set(Dataset *node, DcError *err) {
  return dc_fail_at(err, DC_FAIL, node->pos, "UNION XOR and UNION AND are not in this version");
}
