/* datasets.h - the names of datasets in order of creation, and which of them are still needed.
 *
 * An entry owns one reference to its dataset until nothing can mention the name any more; what stays is a tombstone
 * with name, type and number of partitions, so that the name is still taken and can be listed. The hidden names of a
 * running CALL (stmt_call.c) stand in no list and live until the CALL removes them.
 */
#ifndef RUN_DATASETS_H
#define RUN_DATASETS_H

#include "engine/dataset.h"
#include "run/liveness.h"
#include "run/name_map.h"

typedef struct DatasetEntry {
  Str name;
  Dataset *dataset; /* NULL: a tombstone */
  DatasetType type;
  uint32_t partitions;
  uint32_t last_mention; /* see liveness.h */
  uint32_t next_dying;   /* index + 1 of the next entry in the same list of dying */
  bool removed;          /* the name is free again */
  bool listed;           /* it stands in a list of dying */
  uint64_t touched;      /* counts assignments, over all datasets */
} DatasetEntry;

typedef struct Datasets {
  NameMap names;
  DatasetEntry *entries; /* by number of the name */
  uint32_t cap;
  uint64_t touches;
  const Liveness *liveness; /* NULL: everything may be mentioned */
  uint32_t *dying;          /* by position of the last mention: index + 1 of the first entry */
  uint32_t dying_count, swept; /* all positions below swept are done */
} Datasets;

void datasets_deinit(Datasets *datasets);
/* From now on names die as liveness says. */
void datasets_follow(Datasets *datasets, const Liveness *liveness);
/* The entry of a name, a tombstone too; NULL: no such dataset. Valid until the next datasets_put. */
DatasetEntry *datasets_find(const Datasets *datasets, Str name);
/* Gives the name a dataset, takes the reference over. */
void datasets_put(Datasets *datasets, Str name, Dataset *dataset);
/* Drop the reference of a name; a tombstone stays. */
void datasets_drop(Datasets *datasets, Str name);
/* Forget the name. */
void datasets_remove(Datasets *datasets, Str name);
/* Forget all names that start with prefix and have come up since names.count was first. */
void datasets_remove_from(Datasets *datasets, uint32_t first, Str prefix);
/* How hidden names begin. */
#define HIDDEN_PREFIX "#call"
/* Is it left out where all names that start with prefix are meant? */
bool datasets_is_hidden(Str name, Str prefix);
/* Drop the references of all names that are mentioned only before position. Positions never go down. */
void datasets_sweep(Datasets *datasets, uint32_t position);
/* The nearest known name, or empty. */
Str datasets_spell(const Datasets *datasets, Str wanted);

#endif
