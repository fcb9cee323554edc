/* structured.h - plan nodes that make and change objects: what SELECT, VALUE lists and transforms do to Structured. */
#ifndef ENGINE_STRUCTURED_H
#define ENGINE_STRUCTURED_H

#include "engine/node.h"

/* Each takes over the reference to its input and gives a new node; keys, partitions and order stay. */

/* Puts the input's columns into one object each; a column without a name (data NULL) is an object whose members are spread
   there. What is set later wins and keeps the place of what it replaces. attributes: the names known of the result. */
Dataset *structured_wrap(Dataset *in, const Str *names, size_t count, const Str *attributes, size_t attribute_count);
/* Keeps the top-level names that are listed, in that order. */
Dataset *structured_keep(Dataset *in, const Str *names, size_t count);
/* Lines of JSON to objects and back; attributes as above. A blank line is left out. */
Dataset *structured_read(Dataset *in, Position pos, const Str *attributes, size_t count);
Dataset *structured_print(Dataset *in);
/* Row i has a text that is no JSON, why says more: a bad record. DC_OK: it was forgiven, and counts as NULL. */
DcCode structured_bad_json(const Reshape *self, Worker *worker, View *view, uint32_t i, Str text, Str why) DC_MUST_CHECK;
/* Fills a JSON template from columns: $name$ (json_template.c). Takes the input over only when it does not fail. */
DcCode structured_fill(Dataset *in, Str text, Position pos, const Str *attributes, size_t count, Dataset **out, DcError *err) DC_MUST_CHECK;
/* A column for each name: the path of the same number. */
Dataset *structured_columns(Dataset *in, const Str *names, const Str *paths, size_t count);

/* A NARROW node over the input (taken over) whose op does what reshape says; reshape lives in the node's arena (copied by
   the caller with reshape_new). */
Dataset *reshape_node(Dataset *in);
/* Room for a reshape of some size in the node's arena, zeroed, put into its op. */
void *reshape_new(Dataset *node, size_t size, uint32_t columns, Position pos);

#endif
