/* plan_print.h - the statements of scripts in order, for --dry-run. Touches no file. */
#ifndef RUN_PLAN_PRINT_H
#define RUN_PLAN_PRINT_H

#include "lang/parse.h"

void plan_print(Unit *const *units, size_t count, Buf *out);

#endif
