/* random.h - the numbers of RANDOM, for packages. The engine shares them: they live below it, in catalog/random.h. */
#ifndef PKG_RANDOM_H
#define PKG_RANDOM_H

#include "catalog/random.h"

#endif
