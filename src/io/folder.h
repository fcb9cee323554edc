/* folder.h - making, listing and removing folders. */
#ifndef IO_FOLDER_H
#define IO_FOLDER_H

#include <stdbool.h>

/* Makes a folder and those above it; true if it is there at the end. false: errno. */
bool folder_make(const char *path);
/* Removes a file or a folder with all in it, as far as that can be done: it clears up behind what has been reported. */
void folder_remove(const char *path);
/* The names in a folder without . and .., in no order, and NULL at the end; never NULL itself. *error is set to the
   errno if it cannot be read. Freed by folder_free_list. */
char **folder_list(const char *path, int *error);
void folder_free_list(char **names);
bool folder_is(const char *path); /* links are followed */

#endif
