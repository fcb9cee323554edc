/* packages.h - the function packages of the core. cli/packages.c hands them to the catalog. */
#ifndef PKG_PACKAGES_H
#define PKG_PACKAGES_H

#include "catalog/catalog.h"

extern const Package operators_package, math_package, string_package, array_package, record_package, structured_package, aggregate_package, window_package;
extern const Package datetime_package;

/* Whether a time zone is known (the option timezone). */
DcCode zone_check(const char *id, DcError *err) DC_MUST_CHECK;

#endif
