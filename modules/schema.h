/* schema.h - Arrow's schemas as modules make them: nodes that own their texts and their children. All is inline, as in module.h. */
#ifndef MODULES_SCHEMA_H
#define MODULES_SCHEMA_H

#include "module.h"
#include "value/table_module.h"

static inline void schema_release(struct ArrowSchema *schema) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
    free(schema->children[i]);
  }
  free(schema->children);
  free((void *)schema->format);
  free((void *)schema->name);
  free((void *)schema->metadata);
  schema->release = NULL;
}

/* A node with copies of the texts and room for children, each zeroed: made by this function in turn. false: no memory, nothing is left. */
static inline bool schema_make(struct ArrowSchema *out, const char *format, const char *name, int64_t flags, size_t children) {
  *out = (struct ArrowSchema){.format = strdup(format), .name = strdup(name), .flags = flags, .release = schema_release};
  out->children = calloc(children + 1, sizeof *out->children);
  bool good = out->format && out->name && out->children;
  for (size_t i = 0; i < children && good; i++) {
    out->children[i] = calloc(1, sizeof **out->children);
    good = out->children[i] != NULL;
    out->n_children += good;
  }
  if (!good) schema_release(out);
  return good;
}

#endif
