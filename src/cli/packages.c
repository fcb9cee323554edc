/* packages.c - the one list of the packages that are linked in. */
#include "cli/packages.h"

#include "pkg/packages.h"
#include "run/session.h"

static const Package *const packages[] = {
  &operators_package,
  &math_package,
  &string_package,
  &array_package,
  &record_package,
  &structured_package,
  &aggregate_package,
  &window_package,
  &datetime_package,
  &session_package,
};

void packages_install(void) { catalog_init(packages, sizeof packages / sizeof packages[0]); }
