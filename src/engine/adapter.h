/* adapter.h - adapters: one row each, and the format behind it, which reads and writes its files.
 *
 * A format is one file of engine/ that exports a Format; several adapters (names of 5.5 and our own) may share one. What
 * is common to all files (paths, codecs, modes, partitions, commit) is done here, in load.c and in copy.c.
 */
#ifndef ENGINE_ADAPTER_H
#define ENGINE_ADAPTER_H

#include "engine/engine.h"
#include "engine/hive.h"
#include "io/remote.h"
#include "io/stage.h"

typedef struct AdapterRow AdapterRow;
typedef struct SourceOps SourceOps;       /* engine/load.h */
typedef struct RecordWriter RecordWriter; /* engine/copy.h */
typedef struct TypedFormat TypedFormat; /* engine/typed_format.h */
typedef struct SystemFormat SystemFormat; /* engine/system.h */

typedef struct Format {
  size_t options_size; /* of its own parameters, evaluated */
  void (*defaults)(const AdapterRow *row, bool writing, void *own);
  DcCode (*apply)(const ParamValue *param, Arena *arena, void *own, DcError *err);      /* one parameter of the row */
  DcCode (*check)(void *own, Position pos, bool writing, DcError *err);                 /* all of them; may be NULL */
  const SourceOps *source;    /* reading; NULL: not */
  const RecordWriter *writer; /* writing record after record; NULL: not so */
  const TypedFormat *typed;   /* files of typed columns; NULL: not so */
  const SystemFormat *system; /* no files, but a database or the like; NULL: not so */
} Format;

struct AdapterRow {
  Adapter adapter;
  const Format *format;
  const char *extension; /* ".csv"; "" for the names of 5.5 */
};

/* What all adapters of files have in common, and the format's own. */
typedef struct FileOptions {
  const AdapterRow *row;
  const char *codec; /* NULL: by suffix (reading), none (writing) */
  Codec output_codec;
  int level;         /* CODEC_LEVEL_DEFAULT: none was given */
  Position level_pos;
  StageOptions stage;
  Position success_pos;
  bool single;       /* one file for each dataset */
  const Str *folders; /* writing: attributes that become folders name=value; count 0: none */
  size_t folder_count;
  bool keeps_folders; /* they stay in the data as well */
  Position folders_pos;
  RemoteOptions remote; /* how to reach files elsewhere */
  HiveMode hive;     /* do folders called name=value give attributes? */
  const void *own;   /* of the format's type */
} FileOptions;

/* Looks the adapter up ("did you mean") and reads its parameters; writing tells which of the two uses. */
DcCode file_options(Str adapter, Position pos, const ParamValue *params, size_t count, bool writing, Arena *arena, FileOptions *out, DcError *err) DC_MUST_CHECK;

#endif
