/* arrow_build.h - an Arrow array of any type, put together value by value. For arrow_export.c only. */
#ifndef VALUE_ARROW_BUILD_H
#define VALUE_ARROW_BUILD_H

#include "value/arrow_format.h"

enum { ARROW_MOST_BUFFERS = 4 };

typedef struct ArrowBuild {
  ArrowFormat format;
  const struct ArrowSchema *type; /* no dictionary, no runs */
  int64_t rows, nulls;
  int buffer_count;
  Buf buffers[ARROW_MOST_BUFFERS]; /* in Arrow's order: the first one says what is NULL */
  struct ArrowBuild *children;     /* in the arena */
  int64_t child_count;
} ArrowBuild;

/* type lives as long as the arena. A type that cannot be written is an error. */
DcCode arrow_build_init(ArrowBuild *build, const struct ArrowSchema *type, Arena *arena, DcError *err) DC_MUST_CHECK;
/* One more value; what is not of the type is converted by arrow_convert, with its errors. After an error the array
   is of no use. */
DcCode arrow_build_add(ArrowBuild *build, Value value, Arena *scratch, DcError *err) DC_MUST_CHECK;
/* After the last value. */
void arrow_build_finish(ArrowBuild *build);
void arrow_build_free(ArrowBuild *build);

#endif
