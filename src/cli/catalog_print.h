/* catalog_print.h - the built-in catalogue as text, for --functions, --adapters, --transforms, --operations. */
#ifndef CLI_CATALOG_PRINT_H
#define CLI_CATALOG_PRINT_H

#include "engine/dataset.h"

/* All rows, or the one of that name; an unknown name is DC_USAGE with a suggestion. */
DcCode print_functions(const char *name, Buf *out, DcError *err) DC_MUST_CHECK;
/* The operations are the procedures of the library. */
DcCode print_operations(const char *name, Buf *out, DcError *err) DC_MUST_CHECK;
DcCode print_transforms(const char *name, Buf *out, DcError *err) DC_MUST_CHECK;
DcCode print_adapters(const char *name, Buf *out, DcError *err) DC_MUST_CHECK;

#endif
