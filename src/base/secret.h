/* secret.h - texts that no message may show: passwords, keys, tokens. All threads share them; they are kept to the end. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/mem.h"

/* From now on the text is masked. Texts of fewer than 3 bytes are not: masking them would hide everything else. */
void secret_note(Str text);
/* Puts *** in place of every secret in text[start …]. Everything that is shown and is not data goes through here: messages, EXPLAIN,
   DESCRIBE, --stats, traces. */
void secret_mask(Buf *text, size_t start);
/* The same for all of the text; *from and *to, bytes of it, become the place where what stood between them is now, with all of the ***
   that are a part of it. */
void secret_mask_place(Buf *text, size_t *from, size_t *to);

#endif
