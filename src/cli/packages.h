/* packages.h - installs everything that is linked in. */
#ifndef CLI_PACKAGES_H
#define CLI_PACKAGES_H

/* Makes the catalog known; once at start, before any thread. */
void packages_install(void);

#endif
