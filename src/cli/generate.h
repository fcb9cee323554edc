/* generate.h - manual pages and completion made from the rows, for the build (dcetl --generate). */
#ifndef CLI_GENERATE_H
#define CLI_GENERATE_H

#include "base/error.h"
#include "base/mem.h"

/* what: "bash", "zsh", "fish", or the path of a template of a manual page, in which every line "@kind@" is replaced by
   rows in mdoc (man_page.c lists the kinds). */
DcCode generate(const char *what, Buf *out, DcError *err) DC_MUST_CHECK;

/* man_page.c, completion.c */
DcCode man_page(const char *path, Buf *out, DcError *err) DC_MUST_CHECK;
void completion_bash(Buf *out);
void completion_zsh(Buf *out);
void completion_fish(Buf *out);

#endif
