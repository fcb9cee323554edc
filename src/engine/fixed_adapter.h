/* fixed_adapter.h - text of fixed width: parameters, evaluated; what reading and writing have for each other. */
#ifndef ENGINE_FIXED_ADAPTER_H
#define ENGINE_FIXED_ADAPTER_H

#include "engine/node.h"
#include "engine/text_adapter.h"

typedef enum FixedTrim { TRIM_NONE = 0, TRIM_LEFT = 1, TRIM_RIGHT = 2, TRIM_BOTH = 3 } FixedTrim;

typedef struct FixedOptions {
  TextOptions text; /* files are read as lines of text, or cut into what counts as such */
  Position pos;
  const uint32_t *widths; /* of all fields, in order */
  size_t count;
  uint32_t total;
  bool bytes;       /* widths count bytes, not characters */
  uint32_t record;  /* length of a record without line end, in the same unit; 0: records are lines */
  FixedTrim trim;   /* reading: blanks that are no part of a field */
  char pad;         /* writing: fills fields up */
  const bool *right; /* writing: fields that are filled up on their left side; right_count 1: all as the first */
  size_t right_count;
  bool cut;         /* writing: values that are too long are cut */
} FixedOptions;

extern const Format fixed_format;
extern const RecordWriter fixed_writer;

/* Width of a text in the options' unit, and where the first `width` of it end (its length where it has no more). */
size_t fixed_width(const FixedOptions *options, Str text);
size_t fixed_offset(const FixedOptions *options, Str text, size_t width);

/* A node over one of lines (taken over): the fields of each by name, one for each width; "_" is left out. */
Dataset *fixed_rows(Dataset *in, const FixedOptions *options, Position pos, const Str *names);

#endif
