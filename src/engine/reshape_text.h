/* reshape_text.h - plan nodes between columns and lines of delimited text. */
#ifndef ENGINE_RESHAPE_TEXT_H
#define ENGINE_RESHAPE_TEXT_H

#include "engine/node.h"

/* Both take over the reference to the input. A null_text without data: NULL is an empty field, and no field is NULL. */

/* PlainText: the columns of each record, -1 for its key, as a line. */
Dataset *reshape_to_text(Dataset *in, const TextDialect *dialect, Str null_text, const int *columns, size_t count);
/* Columnar: the fields of each line by name, count > 0; "_" skips one. A line with too few is a bad record, or has NULLs. */
Dataset *reshape_from_text(Dataset *in, const TextDialect *dialect, Str null_text, bool ragged_null, Position pos, const Str *names, size_t count);

#endif
