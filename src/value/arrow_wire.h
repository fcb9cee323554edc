/* arrow_wire.h - types and arrays of the Arrow C data interface as plain bytes without addresses, so that another process
 * can have them. Both sides are the same program: this is no format for files.
 */
#ifndef VALUE_ARROW_WIRE_H
#define VALUE_ARROW_WIRE_H

#include "base/mem.h"
#include "value/arrow.h"

/* Appends a type. What its dictionaries hold is left out: such arrays cannot be handed over. */
void arrow_wire_put_type(Buf *out, const struct ArrowSchema *type);
/* Reads one back from *at on, which is moved behind it. *out owns its memory until it is released. */
DcCode arrow_wire_take_type(const char **at, const char *end, struct ArrowSchema *out, DcError *err) DC_MUST_CHECK;

/* How many bytes an array of the type takes. Dictionaries, runs, views, unions and intervals are errors. */
DcCode arrow_wire_size(const struct ArrowSchema *type, const struct ArrowArray *array, uint64_t *out, DcError *err) DC_MUST_CHECK;
/* Writes so many bytes, 8-byte aligned ones: only the array's own rows, whatever its buffers hold around them. */
void arrow_wire_put(const struct ArrowSchema *type, const struct ArrowArray *array, char *out);
/* The array that these bytes are. Its buffers point into them, its parts are in the arena; it owns nothing, and releasing it
   does nothing. Sizes are checked, so that no buffer goes beyond the bytes; arrow_check looks at the rest. */
DcCode arrow_wire_take(const struct ArrowSchema *type, const char *data, uint64_t size, Arena *arena, struct ArrowArray *out, DcError *err) DC_MUST_CHECK;

#endif
