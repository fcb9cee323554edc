/* transform.c - transforms written in TDL. */
#include "engine/compute.h"

DcCode compute_transform(Dataset *node, DcError *err) { return dc_fail_at(err, DC_FAIL, node->pos, "TRANSFORM is not in this version"); }
