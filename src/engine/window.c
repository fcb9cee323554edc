/* window.c - window functions. */
#include "engine/compute.h"

DcCode compute_window(Dataset *node, DcError *err) { return dc_fail_at(err, DC_FAIL, node->pos, "OVER is not in this version"); }
