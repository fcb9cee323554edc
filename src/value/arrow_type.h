/* arrow_type.h - making types in an arena. For those who know their parts; texts become types by arrow_type_parse. */
#ifndef VALUE_ARROW_TYPE_H
#define VALUE_ARROW_TYPE_H

#include "value/arrow.h"

/* A type that may be NULL; format and name live as long as the arena, children are to be set. */
struct ArrowSchema *arrow_type_new(Arena *arena, const char *format, const char *name, int64_t children);
/* Take over their parts and give them their names. */
struct ArrowSchema *arrow_type_list(Arena *arena, struct ArrowSchema *item);
struct ArrowSchema *arrow_type_map(Arena *arena, struct ArrowSchema *key, struct ArrowSchema *value);

#endif
