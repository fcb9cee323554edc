/* batch.h - immutable, reference-counted runs of rows, in two layouts behind one interface.
 *
 * TEXT: the raw bytes of delimited rows and their offsets; fields are split out only when something asks for them.
 * COLUMNS: buffers as in the Arrow C Data Interface (validity bitmap, offsets, values).
 * Either may carry a key column and the rows' origins. A batch owns one Slab that holds all its buffers.
 */
#ifndef VALUE_BATCH_H
#define VALUE_BATCH_H

#include "base/budget.h"
#include "value/value.h"

typedef enum ColumnKind {
  COLUMN_BOOL,   /* values: one byte a row */
  COLUMN_INT,    /* int64_t */
  COLUMN_DOUBLE, /* double */
  COLUMN_STRING, /* offsets, UTF-8 bytes */
  COLUMN_VALUE,  /* offsets, values of mixed types as value_encode writes them */
  COLUMN_FLAT,   /* Values that point to nothing (value_is_flat): moments, numbers of mixed types; NULLs are in them */
  COLUMN_ABSENT, /* nothing: a column of a file that nobody asks for was not read */
} ColumnKind;

typedef struct Column {
  ColumnKind kind;
  const uint8_t *validity; /* bit set: not NULL; NULL pointer: no NULLs */
  const uint32_t *offsets; /* rows + 1; STRING and VALUE only */
  const void *values;
} Column;

typedef enum BatchLayout { BATCH_TEXT, BATCH_COLUMNS } BatchLayout;

/* An origin: source number in the high 20 bits, byte offset in the decompressed text in the low 44. */
enum { ORIGIN_OFFSET_BITS = 44 };
static inline uint64_t origin_make(uint64_t source, uint64_t offset) { return source << ORIGIN_OFFSET_BITS | offset; }
static inline uint64_t origin_source(uint64_t origin) { return origin >> ORIGIN_OFFSET_BITS; }
static inline uint64_t origin_offset(uint64_t origin) { return origin & ((UINT64_C(1) << ORIGIN_OFFSET_BITS) - 1); }

struct TextFormat; /* engine/text_format.h: dialect and which field is which column; outlives the batches */

typedef struct Batch {
  atomic_int refs;
  BatchLayout layout;
  uint32_t rows;
  Slab *slab;
  const char *text;          /* TEXT: row i is text[offsets[i] … offsets[i + 1]) with its line end */
  const uint32_t *offsets;
  const struct TextFormat *format;
  unsigned flags;            /* TEXT: ROWS_ of io/text_scan.h */
  Column *columns;           /* COLUMNS */
  uint32_t column_count;
  Column *key;               /* NULL: the default key, a hash of the record */
  const uint64_t *origins;   /* NULL: row i comes from origin_base + offsets[i] (TEXT), + i (COLUMNS) */
  uint64_t origin_base;
} Batch;

typedef struct BatchSlice {
  Batch *batch;
  uint32_t from, to;
} BatchSlice;

Batch *batch_ref(Batch *batch);
void batch_unref(Batch *batch); /* NULL is fine */
/* A batch without buffers, one reference; the caller fills it before it is shared. slab's reference goes to it. */
Batch *batch_new(BatchLayout layout, uint32_t rows, Slab *slab, uint32_t column_count, bool key);
static inline uint64_t batch_origin(const Batch *batch, uint32_t row) {
  if (batch->origins) return batch->origins[row];
  return batch->origin_base + (batch->layout == BATCH_TEXT ? batch->offsets[row] : row);
}
/* A compact COLUMNS batch to be filled in: buffers of the sizes asked for, writable until the batch is shared. */
typedef struct ColumnSize {
  ColumnKind kind;
  bool validity;
  uint64_t bytes; /* of values */
} ColumnSize;
DcCode batch_of_sizes(Budget *budget, const ColumnSize *sizes, uint32_t count, uint32_t rows, uint64_t origin_base, Batch **out, DcError *err) DC_MUST_CHECK;
/* Bytes of data in rows [from, to). */
uint64_t batch_bytes(const Batch *batch, uint32_t from, uint32_t to);
static inline size_t batch_memory(const Batch *batch) { return batch->slab ? batch->slab->size : 0; }

enum {
  GATHER_ORIGINS = 1, /* keep origins (rows may be evaluated again) */
  GATHER_KEY = 2,     /* keep the key column */
};

/* A new batch of rows[0 … n) of one batch, in that order. key, if not NULL, stands in for the batch's key column: row i
   gets its entry key_rows[i]. */
DcCode batch_take(Budget *budget, const Batch *batch, const uint32_t *rows, const Column *key, const uint32_t *key_rows, uint32_t n,
                  int what, Batch **out, DcError *err) DC_MUST_CHECK;
typedef struct BatchPick {
  uint32_t batch, row;
} BatchPick;
/* A new batch of rows of several batches, which are alike, in the order of picks[0 … n). */
DcCode batch_pick(Budget *budget, Batch *const *batches, const BatchPick *picks, uint32_t n, int what, Batch **out, DcError *err) DC_MUST_CHECK;
/* True if two batches can be put into one (same layout, format, column count, both keyed or not). */
bool batch_alike(const Batch *a, const Batch *b);
/* A new batch of all slices in order; their batches are alike. The sum of bytes stays below 4 GiB. */
DcCode batch_concat(Budget *budget, const BatchSlice *slices, size_t count, int what, Batch **out, DcError *err) DC_MUST_CHECK;

/* One value of a column; text points into the batch, arrays and objects go to arena. */
Value column_value(const Column *column, uint32_t row, Arena *arena);
static inline bool column_valid(const Column *column, uint32_t row) {
  return !column->validity || (column->validity[row >> 3] >> (row & 7) & 1);
}

/* Collects values of any types into a column: typed while all are of one type, else COLUMN_FLAT where that holds them, else
   COLUMN_VALUE. */
typedef struct ColumnBuilder {
  int kind; /* ColumnKind; -1: only NULLs so far */
  size_t rows;
  bool any_null;
  Buf valid;   /* one byte a row */
  Buf offsets; /* uint32_t a row: where it ends */
  Buf values;
} ColumnBuilder;
void column_builder_init(ColumnBuilder *builder);
void column_builder_add(ColumnBuilder *builder, Value value);
/* n values at once; nulls: one byte a value, 1 = NULL; NULL pointer: none. */
void column_builder_add_ints(ColumnBuilder *builder, const int64_t *values, const uint8_t *nulls, size_t n);
void column_builder_add_doubles(ColumnBuilder *builder, const double *values, const uint8_t *nulls, size_t n);
void column_builder_add_strs(ColumnBuilder *builder, const Str *values, const uint8_t *nulls, size_t n);
void column_builder_reset(ColumnBuilder *builder); /* empty, keeps its memory */
void column_builder_free(ColumnBuilder *builder);
/* The builder's rows as a column that borrows its memory (valid until it changes). scratch gives the bitmap. */
Column column_builder_view(const ColumnBuilder *builder, Arena *scratch);
/* A COLUMNS batch of the builders' rows (all of one length); key may be NULL; origins may be NULL (then base + i). */
DcCode batch_from_builders(Budget *budget, const ColumnBuilder *builders, size_t count, const ColumnBuilder *key,
                           const uint64_t *origins, uint64_t origin_base, size_t rows, Batch **out, DcError *err) DC_MUST_CHECK;

/* Self-contained bytes of a value, for COLUMN_VALUE and hash tables. */
void value_encode(Buf *out, Value value);
Value value_decode(const char *bytes, Arena *arena);

/* Spill format: a header and the payload of a compact batch, private to this process. */
void batch_pack(Buf *header, const Batch *compact); /* compact: made by batch_take or batch_concat or batch_from_builders */
size_t batch_payload(const Batch *compact);         /* bytes at compact->slab->data */
/* Size of the payload that a header asks for; header as batch_pack wrote it. */
size_t packed_payload(const char *header);
Batch *batch_unpack(const char *header, Slab *payload); /* takes the block's reference */

#endif
