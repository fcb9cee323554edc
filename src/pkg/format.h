/* format.h - STR_FORMAT: java.util.Formatter with the root locale. */
#ifndef PKG_FORMAT_H
#define PKG_FORMAT_H

#include "catalog/catalog.h"

/* args[0] is the format, the others are its values. */
DcCode fn_str_format(CallContext *cx, const Value *args, int count, Value *result);

#endif
