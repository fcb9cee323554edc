/* join_spill.c - JOIN of inputs that do not fit into memory. */
#include "engine/join_spill.h"

DcCode join_spill_open(const JoinShape *shape, JoinSide *side, Pass *pass, const uint8_t *needed, Generator **out, DcError *err) {
  (void)side;
  (void)pass;
  (void)needed;
  (void)out;
  return dc_fail_at(err, DC_FAIL, shape->node->pos, "JOIN of inputs that do not fit into memory is not in this version");
}
