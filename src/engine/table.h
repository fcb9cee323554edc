/* table.h - a hash table from keys to states, for grouping: filled by all workers without locks, merged at the end.
 *
 * Each worker has a table of its own; its rows lie by the top bits of their hashes in 64 parts. When memory is short, the
 * rows of all workers are written part by part to a temporary file and the tables start again. At the end each part is
 * put together by one worker: rows of equal keys are merged into one. A part that does not fit is read several times, and
 * each time only a share of its hashes is taken.
 */
#ifndef ENGINE_TABLE_H
#define ENGINE_TABLE_H

#include "engine/engine.h"

/* State (as wide as the table says) and key lie behind it. */
typedef struct TableRow {
  uint64_t hash;
  uint64_t first;    /* the smallest position that came with the key */
  char *original;    /* what came with that one: bytes for the caller, may be NULL */
  uint32_t original_len, key_len;
} TableRow;

typedef struct Table Table;

/* What the table does not know about states. self is the caller's. Any may be called by several workers at once. */
typedef struct TableOps {
  void *self;
  size_t width; /* of a state, a multiple of 8; new ones are zeroed */
  /* Puts from's state into into's. earlier: from->first is smaller (the table takes over first and original itself). */
  void (*merge)(void *self, int worker, TableRow *into, TableRow *from, bool earlier, Arena *arena);
  /* NULL: the state's own bytes are all there is to it. */
  void (*save)(void *self, const void *state, Buf *out);
  const char *(*load)(void *self, void *state, const char *bytes, Arena *arena);
  /* The rows of a part, each key once, in no order. They stay until the table is freed (or, if it has spilled, until
     the call returns). */
  DcCode (*emit)(void *self, int worker, TableRow **rows, size_t count, Arena *arena, DcError *err);
  /* Asked behind each part: come back before there are more results? May be NULL. */
  bool (*pause)(void *self);
} TableOps;

Table *table_new(Engine *engine, const TableOps *ops);
void table_free(Table *table); /* NULL is fine */
static inline void *row_state(TableRow *row) { return row + 1; }
static inline const char *row_key(const Table *table, const TableRow *row);

/* A run of keys to look up. */
typedef struct TableBatch {
  uint32_t n;
  const Str *keys;
  const uint64_t *hashes;
  const uint64_t *positions; /* for one worker they go up */
  TableRow **rows;           /* out */
  uint8_t *made;             /* out: 1 where the row is new; may be NULL */
} TableBatch;

uint64_t table_hash(Str key);
void table_find(Table *table, int worker, const TableBatch *batch);
/* Where the worker keeps what belongs to a row that it found. */
Arena *table_arena(Table *table, int worker, const TableRow *row);
/* Bytes in memory. Arenas are counted when table_count was called by their worker (behind a morsel). */
void table_count(Table *table, int worker);
size_t table_memory(const Table *table);
bool table_spilled(const Table *table);
/* Writes everything to disk. Nobody else may use the table. */
DcCode table_spill(Table *table, DcError *err) DC_MUST_CHECK;
/* Gives all rows to emit, until pause says so (*more) or all are through. Nothing may be added once it has begun. */
DcCode table_finish(Table *table, bool *more, DcError *err) DC_MUST_CHECK;

size_t table_width(const Table *table);
static inline const char *row_key(const Table *table, const TableRow *row) { return (const char *)(row + 1) + table_width(table); }

#endif
