/* hive.h - folders called name=value, as Hive lays tables out: attributes of all rows of the files below them.
 *
 * Reading: year=2024/month=02/ gives year and month, texts behind the files' own columns. Each file of a source has one value
 * for each; a pass shows it as a constant column, and whole files are left out where it tells that WHERE keeps no row
 * (engine/prune.h). Names are escaped as org.apache.hadoop.hive.common.FileUtils.escapePathName does. */
#ifndef ENGINE_HIVE_H
#define ENGINE_HIVE_H

#include "engine/node.h"

typedef enum HiveMode { HIVE_AUTO, HIVE_ON, HIVE_OFF } HiveMode;

/* The attributes that folders give to the files of a source. */
typedef struct HiveColumns {
  uint32_t count;
  const Str *names;
  uint32_t *columns;       /* of the source; one that the files have as well is hidden */
  const Vector *vectors;   /* constants: of file f those from f * count on */
  bool objects;            /* the source's rows are objects */
  const Reshape *wrap;     /* puts them into the objects of a Structured dataset; NULL: nothing does */
} HiveColumns;

/* Finds the attributes in the paths of the plan's files (by @hive), and takes them from the list of columns that the files
   are asked for. */
DcCode hive_find(Engine *engine, LoadPlan *plan, const LoadSpec *spec, DcError *err) DC_MUST_CHECK;
/* Puts them behind the columns that the format gave to the source. */
void hive_add_columns(Dataset *source);
/* Brings them through what the format has put over its source, in the order that spec asks for; takes top over. */
DcCode hive_finish(Dataset *source, Dataset *top, const LoadSpec *spec, Dataset **out, DcError *err) DC_MUST_CHECK;

/* Appends name=value, escaped; NULL and empty values as __HIVE_DEFAULT_PARTITION__. */
void hive_put_folder(Buf *out, Str name, Str value, bool null);

#endif
