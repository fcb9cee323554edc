/* text_adapter.h - delimited text and lines: parameters, evaluated. */
#ifndef ENGINE_TEXT_ADAPTER_H
#define ENGINE_TEXT_ADAPTER_H

#include "engine/adapter.h"

typedef enum OnMismatch { MISMATCH_ERROR, MISMATCH_NULL, MISMATCH_IGNORE } OnMismatch;

/* How text is cut into rows and fields. */
typedef struct TextOptions {
  TextDialect dialect;
  bool header;        /* reading: the first row names the columns; writing: it is written */
  Str null_text;      /* data NULL: none */
  OnMismatch ragged;  /* rows with too few fields: ERROR or NULL */
  OnMismatch extra;   /* rows with too many: ERROR or IGNORE */
  char comment;       /* lines that start with it are left out; 0: none */
  uint64_t skip;      /* lines before the header */
  Str encoding;       /* data NULL: UTF-8 */
  bool plain;         /* PlainText adapter */
} TextOptions;

extern const Format text_format;
extern const RecordWriter text_writer; /* needs TextOptions as the format's own options */

#endif
