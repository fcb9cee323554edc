/* text_format.h - how a text batch is to be read: its dialect, and which field is which column. */
#ifndef ENGINE_TEXT_FORMAT_H
#define ENGINE_TEXT_FORMAT_H

#include "io/text_scan.h"

typedef struct TextFormat {
  TextDialect dialect;
  uint32_t field_count;  /* fields of a row in the file */
  uint32_t column_count;
  int *column_field;     /* for each column its field */
  bool identity;         /* columns are the fields, in order */
  Str null_text;         /* a field of this text, unquoted, is NULL; data NULL: none */
  struct TextFormat *next;
} TextFormat;

#endif
