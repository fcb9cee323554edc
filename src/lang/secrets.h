/* secrets.h - secrets in the text of a script or in what stands on the command line, found before anything else is done with it, so
 * that not even an error of syntax shows them. What such texts become when they are evaluated is noted by the adapters. */
#ifndef LANG_SECRETS_H
#define LANG_SECRETS_H

#include "base/secret.h"

/* Notes (base/secret.h) literals behind @password =, @secret_key =, $…password = and the like, and passwords in URLs. */
void secrets_note_text(Str text);
/* Does the name of a variable say that its value is a secret? */
bool secrets_is_name(Str name);

#endif
