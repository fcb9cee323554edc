/* join_table.h - the hash table of a join: from keys to rows of batches.
 *
 * Rows lie in pieces by the top bits of their keys' hashes, so that each part is filled by one worker without locks. A
 * slot (open addressing) holds 32 bits of the hash and the first entry of a key; entries of equal keys form a chain in the
 * order of the rows. Nothing of the rows is copied: an entry is a batch and a row of it.
 */
#ifndef ENGINE_JOIN_TABLE_H
#define ENGINE_JOIN_TABLE_H

#include "engine/store.h"

enum { JOIN_PARTS = 256 };
#define NO_ENTRY UINT32_MAX
#define NO_REF UINT64_MAX

typedef struct JoinEntry {
  uint32_t piece, row;
  uint32_t next; /* entry with the same key; NO_ENTRY: none */
} JoinEntry;

typedef struct JoinPart {
  uint64_t first_slot, mask;
  uint32_t first_entry, count;
} JoinPart;

typedef struct JoinTable {
  Engine *engine;
  const Piece *pieces; /* lent, also their batches, which have key columns */
  size_t piece_count;
  uint32_t part_from, part_count; /* JOIN_PARTS, or one alone */
  JoinPart *parts;
  Slab *entry_slab, *slot_slab;
  JoinEntry *entries;
  uint64_t *slots;   /* tag << 32 | entry + 1; 0: free */
  uint32_t rows;
  bool text_keys;    /* all of them are COLUMN_STRING */
  int *kinds;        /* ColumnKind of each column in all batches; -1: it differs */
  uint32_t column_count;
} JoinTable;

/* Room that a table over so many rows takes. */
uint64_t join_table_size(uint64_t rows);
/* A table over part (UINT32_MAX: all JOIN_PARTS of them) of the pieces, which stay as they are until it is freed; keys
   that are NULL are not found. Fills all parts on the pool's workers if pool is true, else on this thread. */
DcCode join_table_init(JoinTable *table, Engine *engine, const Piece *pieces, size_t count, uint32_t part, bool pool, DcError *err) DC_MUST_CHECK;
void join_table_free(JoinTable *table);

/* Hashes of keys: what value_total_order() calls equal has the same; NULLs have 0. */
void join_hash(const Vector *keys, uint32_t n, uint64_t *out);
static inline uint32_t join_part(uint64_t hash) { return (uint32_t)(hash >> 56); }
/* Bits of the classes that keys are of: what is of two classes never meets. */
unsigned join_classes(const Vector *keys, uint32_t n);

/* First entry for each key; NO_ENTRY: none. */
void join_table_find(const JoinTable *table, Worker *worker, const Vector *keys, const uint64_t *hashes, uint32_t n, uint32_t *out);
static inline uint64_t join_ref(const JoinTable *table, uint32_t entry) {
  return (uint64_t)table->entries[entry].piece << 32 | table->entries[entry].row;
}
/* The fetch of a Gather: self is the table, refs are join_ref() or NO_REF (NULL). */
void join_gather(Worker *worker, const Gather *gather, uint32_t column, uint32_t n, Vector *out);
/* The keys of rows; refs are none of them NO_REF. */
void join_gather_keys(Worker *worker, const JoinTable *table, const uint64_t *refs, uint32_t n, Value *out);
/* A table of nothing but the pieces, for gathering. */
void join_pieces_init(JoinTable *table, Engine *engine, const Piece *pieces, size_t count);
/* A batch of rows: column c is the pieces' column places[c], or NULL (-1). With their keys and origins. */
DcCode join_rows_batch(Worker *worker, const JoinTable *table, const int *places, uint32_t width, const uint64_t *refs, uint32_t n,
                       Batch **out, DcError *err) DC_MUST_CHECK;

#endif
