/* catalog_print.h - the built-in catalogue as text: --functions and its like, and \help. */
#ifndef CLI_CATALOG_PRINT_H
#define CLI_CATALOG_PRINT_H

#include "base/error.h"
#include "cli/rows.h"

/* All rows (name.data NULL), or those of that name, whatever its case if there is none exactly so. An unknown name is
   DC_USAGE with the nearest ones. */
DcCode print_rows(RowKind kind, Str name, Buf *out, DcError *err) DC_MUST_CHECK;
/* The rows of that name of every kind. */
DcCode print_anything(Str name, Buf *out, DcError *err) DC_MUST_CHECK;

#endif
