/* adapter.h - the text adapters and their parameters, evaluated. */
#ifndef ENGINE_ADAPTER_H
#define ENGINE_ADAPTER_H

#include "engine/engine.h"
#include "io/stage.h"

typedef enum OnMismatch { MISMATCH_ERROR, MISMATCH_NULL, MISMATCH_IGNORE } OnMismatch;

typedef struct TextOptions {
  const Adapter *adapter;
  TextDialect dialect;
  bool header;        /* reading: the first row names the columns; writing: it is written */
  Str null_text;      /* data NULL: none */
  OnMismatch ragged;  /* rows with too few fields: ERROR or NULL */
  OnMismatch extra;   /* rows with too many: ERROR or IGNORE */
  char comment;       /* lines that start with it are left out; 0: none */
  uint64_t skip;      /* lines before the header */
  Str encoding;       /* data NULL: UTF-8 */
  const char *codec;  /* NULL: by suffix (reading), none (writing) */
  Codec output_codec;
  int level;
  StageMode mode;
  bool single;        /* one file for each dataset */
  bool plain;         /* PlainText adapter */
  const char *extension; /* ".csv"; "" for the names of 5.5 */
} TextOptions;

/* Looks the adapter up ("did you mean") and reads its parameters; writing tells which of the two uses. */
DcCode text_options(Str adapter, Position pos, const ParamValue *params, size_t count, bool writing, Arena *arena, TextOptions *out, DcError *err) DC_MUST_CHECK;

#endif
