/* group.c - GROUP BY. */
#include "engine/compute.h"

DcCode compute_group(Dataset *node, DcError *err) { return dc_fail_at(err, DC_FAIL, node->pos, "GROUP BY is not in this version"); }
