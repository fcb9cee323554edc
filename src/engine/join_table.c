/* join_table.c - hashing keys, filling the table part by part, finding many keys at once, fetching columns of rows. */
#include "engine/join_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* --- Keys --- */

void join_hash(const Vector *keys, uint32_t n, uint64_t *out) {
  if (keys->kind == VEC_STR && !keys->constant) {
    for (uint32_t i = 0; i < n; i++)
      out[i] = keys->nulls && keys->nulls[i] ? 0 : XXH3_64bits(keys->as.strs[i].data, keys->as.strs[i].len); /* as value_hash64 */
    return;
  }
  for (uint32_t i = 0; i < n; i++) {
    Value key = vector_value(keys, i);
    out[i] = value_is_null(key) ? 0 : value_hash64(key);
  }
}

static unsigned class_bit(Type type) {
  switch (type) {
    case TYPE_INT:
    case TYPE_DOUBLE:
    case TYPE_DECIMAL: return 1u << TYPE_INT;
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP: return 1u << TYPE_DATE;
    case TYPE_NULL:
    case TYPE_COUNT: return 0;
    case TYPE_BOOL:
    case TYPE_STRING:
    case TYPE_BINARY:
    case TYPE_ARRAY:
    case TYPE_OBJECT: return 1u << type;
  }
  return 0;
}

unsigned join_classes(const Vector *keys, uint32_t n) {
  static const Type types[] = {[VEC_NULL] = TYPE_NULL, [VEC_BOOL] = TYPE_BOOL, [VEC_INT] = TYPE_INT, [VEC_DOUBLE] = TYPE_DOUBLE, [VEC_STR] = TYPE_STRING};
  unsigned classes = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (keys->kind == VEC_ANY) classes |= class_bit((Type)vector_value(keys, i).type);
    else if (!vector_is_null(keys, i)) return class_bit(types[keys->kind]);
  }
  return classes;
}

static bool same_key(Value a, Value b) {
  if ((a.flags & VALUE_DEFAULT_KEY) && (b.flags & VALUE_DEFAULT_KEY))
    return a.as.i == b.as.i && a.len == b.len && a.offset_minutes == b.offset_minutes;
  if (a.type == TYPE_STRING && b.type == TYPE_STRING) return str_eq(value_get_str(a), value_get_str(b));
  return value_total_order(a, b) == 0;
}

static inline Str column_str(const Column *column, uint32_t row) {
  uint32_t start = column->offsets[row];
  return str_make((const char *)column->values + start, column->offsets[row + 1] - start);
}

static inline const Column *key_column(const JoinTable *table, uint32_t piece) { return table->pieces[piece].batch->key; }

static Value entry_key(const JoinTable *table, uint32_t entry, Arena *arena) {
  const JoinEntry *at = &table->entries[entry];
  return column_value(key_column(table, at->piece), at->row, arena);
}

/* --- Filling --- */

static inline uint32_t tag_of(uint64_t hash) { return (uint32_t)(hash >> 24); }

static uint64_t slots_for(uint64_t rows) {
  uint64_t cap = 1;
  while (cap * 3 < rows * 4) cap *= 2;
  return cap; /* at least one stays free */
}

uint64_t join_table_size(uint64_t rows) { return rows * (sizeof(JoinEntry) + 2 * sizeof(uint64_t)); }

static void insert(JoinTable *table, const JoinPart *part, uint32_t entry, uint64_t hash, Arena *arena) {
  uint64_t *slots = table->slots + part->first_slot, at = hash & part->mask;
  Value key = entry_key(table, entry, arena);
  for (; slots[at]; at = (at + 1) & part->mask) {
    if ((uint32_t)(slots[at] >> 32) != tag_of(hash)) continue;
    uint32_t head = (uint32_t)slots[at] - 1;
    if (!same_key(entry_key(table, head, arena), key)) continue;
    table->entries[entry].next = head;
    break;
  }
  slots[at] = (uint64_t)tag_of(hash) << 32 | (entry + 1);
}

/* From the last row to the first, so that a chain begins with the first one. */
static void fill_part(JoinTable *table, uint32_t index, Arena *arena) {
  const JoinPart *part = &table->parts[index];
  memset(table->slots + part->first_slot, 0, (part->mask + 1) * sizeof *table->slots);
  uint32_t entry = part->first_entry + part->count;
  for (size_t p = table->piece_count; p-- > 0;) {
    uint32_t from, to;
    piece_range(&table->pieces[p], table->part_from + index, &from, &to);
    const Column *keys = table->pieces[p].batch->key;
    for (uint32_t row = to; row-- > from;) {
      table->entries[--entry] = (JoinEntry){(uint32_t)p, row, NO_ENTRY};
      Value key = column_value(keys, row, arena);
      if (!value_is_null(key)) insert(table, part, entry, value_hash64(key), arena);
      arena_reset(arena);
    }
  }
}

typedef struct Fill {
  JoinTable *table;
  atomic_uint next;
} Fill;

static void fill_work(void *argument, int worker) {
  Fill *fill = argument;
  Arena arena = {0};
  (void)worker;
  for (;;) {
    uint32_t index = atomic_fetch_add(&fill->next, 1);
    if (index >= fill->table->part_count || engine_interrupted()) break;
    fill_part(fill->table, index, &arena);
  }
  arena_free(&arena);
}

/* What all batches have in common. */
static void describe(JoinTable *table) {
  table->text_keys = true;
  for (size_t p = 0; p < table->piece_count; p++) {
    const Batch *batch = table->pieces[p].batch;
    if (!p) {
      table->column_count = batch->column_count;
      table->kinds = dc_alloc((batch->column_count + 1) * sizeof *table->kinds);
      for (uint32_t c = 0; c < batch->column_count; c++) table->kinds[c] = (int)batch->columns[c].kind;
    }
    table->text_keys = table->text_keys && batch->key->kind == COLUMN_STRING;
    for (uint32_t c = 0; c < table->column_count; c++)
      if (table->kinds[c] != (int)batch->columns[c].kind) table->kinds[c] = -1;
  }
}

/* Entries and slots of each part; how many of both there are. */
static uint64_t lay_out(JoinTable *table, uint64_t *slots) {
  uint64_t rows = 0;
  *slots = 0;
  for (uint32_t i = 0; i < table->part_count; i++) {
    uint64_t count = 0;
    for (size_t p = 0; p < table->piece_count; p++) {
      uint32_t from, to;
      piece_range(&table->pieces[p], table->part_from + i, &from, &to);
      count += to - from;
    }
    table->parts[i] = (JoinPart){*slots, slots_for(count) - 1, (uint32_t)rows, (uint32_t)count};
    rows += count;
    *slots += slots_for(count);
  }
  return rows;
}

void join_pieces_init(JoinTable *table, Engine *engine, const Piece *pieces, size_t count) {
  *table = (JoinTable){.engine = engine, .pieces = pieces, .piece_count = count};
  describe(table);
}

DcCode join_table_init(JoinTable *table, Engine *engine, const Piece *pieces, size_t count, uint32_t part, bool pool, DcError *err) {
  bool all = part == UINT32_MAX;
  *table = (JoinTable){.engine = engine, .pieces = pieces, .piece_count = count, .part_from = all ? 0 : part, .part_count = all ? JOIN_PARTS : 1};
  table->parts = dc_alloc(table->part_count * sizeof *table->parts);
  uint64_t slots, rows = lay_out(table, &slots);
  if (rows >= NO_ENTRY) return dc_fail(err, "a JOIN holds at most %u rows in memory at a time", NO_ENTRY);
  table->rows = (uint32_t)rows;
  DC_TRY(slab_new(engine->budget, rows * sizeof *table->entries, "the table of a JOIN", &table->entry_slab, err));
  DC_TRY(slab_new(engine->budget, slots * sizeof *table->slots, "the table of a JOIN", &table->slot_slab, err));
  table->entries = (JoinEntry *)(void *)table->entry_slab->data;
  table->slots = (uint64_t *)(void *)table->slot_slab->data;
  describe(table);
  Fill fill = {.table = table};
  if (pool) pool_run(engine->pool, 0, fill_work, &fill);
  else fill_work(&fill, 0);
  return engine_interrupted() ? dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted") : DC_OK;
}

void join_table_free(JoinTable *table) {
  slab_unref(table->entry_slab);
  slab_unref(table->slot_slab);
  dc_free(table->parts);
  dc_free(table->kinds);
  *table = (JoinTable){0};
}

/* --- Finding --- */

static bool is_key(const JoinTable *table, const Vector *keys, uint32_t i, uint32_t entry, Arena *arena) {
  const JoinEntry *at = &table->entries[entry];
  if (table->text_keys && keys->kind == VEC_STR) return str_eq(column_str(key_column(table, at->piece), at->row), keys->as.strs[keys->constant ? 0 : i]);
  return same_key(entry_key(table, entry, arena), vector_value(keys, i));
}

/* The entry in the first slot from *at on with the hash's tag; NO_ENTRY at a free slot. */
static inline uint32_t next_candidate(const JoinTable *table, const JoinPart *part, uint64_t hash, uint64_t *at) {
  const uint64_t *slots = table->slots + part->first_slot;
  for (;; *at = (*at + 1) & part->mask) {
    if (!slots[*at]) return NO_ENTRY;
    if ((uint32_t)(slots[*at] >> 32) == tag_of(hash)) return (uint32_t)slots[*at] - 1;
  }
}

static inline const JoinPart *part_of(const JoinTable *table, uint64_t hash) {
  return &table->parts[table->part_count > 1 ? join_part(hash) : 0];
}

/* Step by step for all keys, so that the memory that a step needs is on its way while the others are at work. */
static void prefetch_keys(const JoinTable *table, const uint32_t *entries, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (entries[i] != NO_ENTRY) __builtin_prefetch(&table->entries[entries[i]]);
  if (!table->text_keys) return;
  for (uint32_t i = 0; i < n; i++)
    if (entries[i] != NO_ENTRY) __builtin_prefetch(key_column(table, table->entries[entries[i]].piece)->offsets + table->entries[entries[i]].row);
  for (uint32_t i = 0; i < n; i++) {
    if (entries[i] == NO_ENTRY) continue;
    const Column *column = key_column(table, table->entries[entries[i]].piece);
    __builtin_prefetch((const char *)column->values + column->offsets[table->entries[entries[i]].row]);
  }
}

void join_table_find(const JoinTable *table, Worker *worker, const Vector *keys, const uint64_t *hashes, uint32_t n, uint32_t *out) {
  for (uint32_t i = 0; i < n && table->rows; i++) {
    const JoinPart *part = part_of(table, hashes[i]);
    __builtin_prefetch(table->slots + part->first_slot + (hashes[i] & part->mask));
  }
  for (uint32_t i = 0; i < n; i++) {
    const JoinPart *part = part_of(table, hashes[i]);
    uint64_t at = hashes[i] & part->mask;
    out[i] = table->rows && !vector_is_null(keys, i) ? next_candidate(table, part, hashes[i], &at) : NO_ENTRY;
  }
  prefetch_keys(table, out, n);
  for (uint32_t i = 0; i < n; i++) {
    if (out[i] == NO_ENTRY || is_key(table, keys, i, out[i], &worker->scratch)) continue;
    const JoinPart *part = part_of(table, hashes[i]);
    uint64_t at = hashes[i] & part->mask;
    for (;; at = (at + 1) & part->mask) { /* rare: equal tags of other keys */
      out[i] = next_candidate(table, part, hashes[i], &at);
      if (out[i] == NO_ENTRY || is_key(table, keys, i, out[i], &worker->scratch)) break;
    }
  }
}

/* --- Fetching --- */

static inline const Column *ref_column(const JoinTable *table, uint64_t ref, uint32_t column) {
  return &table->pieces[ref >> 32].batch->columns[column];
}

static uint8_t *no_nulls(Worker *worker, uint8_t *nulls, uint32_t n) { return nulls ? nulls : arena_alloc(&worker->scratch, n + 1); }

static void gather_strs(Worker *worker, const JoinTable *table, const uint64_t *refs, uint32_t column, uint32_t n, Vector *out) {
  Str *strs = arena_raw(&worker->scratch, (n + 1) * sizeof *strs);
  uint8_t *nulls = NULL;
  for (uint32_t i = 0; i < n; i++) {
    const Column *from = refs[i] == NO_REF ? NULL : ref_column(table, refs[i], column);
    if (!from || !column_valid(from, (uint32_t)refs[i])) {
      nulls = no_nulls(worker, nulls, n);
      nulls[i] = 1;
      strs[i] = (Str){0};
      continue;
    }
    strs[i] = column_str(from, (uint32_t)refs[i]);
  }
  *out = (Vector){.kind = VEC_STR, .nulls = nulls, .as.strs = strs};
}

static void gather_values(Worker *worker, const JoinTable *table, const uint64_t *refs, uint32_t column, uint32_t n, Vector *out) {
  Value *values = arena_raw(&worker->scratch, (n + 1) * sizeof *values);
  for (uint32_t i = 0; i < n; i++)
    values[i] = refs[i] == NO_REF ? value_null() : column_value(ref_column(table, refs[i], column), (uint32_t)refs[i], &worker->scratch);
  *out = (Vector){.kind = VEC_ANY, .as.values = values};
}

/* Columns of 8 bytes a row. */
static void gather_words(Worker *worker, const JoinTable *table, const uint64_t *refs, uint32_t column, uint32_t n, Vector *out) {
  int64_t *words = arena_raw(&worker->scratch, (n + 1) * sizeof *words);
  uint8_t *nulls = NULL;
  for (uint32_t i = 0; i < n; i++) {
    const Column *from = refs[i] == NO_REF ? NULL : ref_column(table, refs[i], column);
    words[i] = 0;
    if (from && column_valid(from, (uint32_t)refs[i])) {
      memcpy(&words[i], (const char *)from->values + (size_t)(uint32_t)refs[i] * 8, 8);
      continue;
    }
    nulls = no_nulls(worker, nulls, n);
    nulls[i] = 1;
  }
  *out = (Vector){.nulls = nulls, .as.ints = words};
  out->kind = table->kinds[column] == COLUMN_INT ? VEC_INT : VEC_DOUBLE;
  if (out->kind == VEC_DOUBLE) out->as.doubles = (const double *)(const void *)words;
}

void join_gather(Worker *worker, const Gather *gather, uint32_t column, uint32_t n, Vector *out) {
  const JoinTable *table = gather->self;
  int kind = table->piece_count ? table->kinds[column] : -1;
  if (kind == COLUMN_STRING) gather_strs(worker, table, gather->refs, column, n, out);
  else if (kind == COLUMN_INT || kind == COLUMN_DOUBLE) gather_words(worker, table, gather->refs, column, n, out);
  else gather_values(worker, table, gather->refs, column, n, out);
}

void join_gather_keys(Worker *worker, const JoinTable *table, const uint64_t *refs, uint32_t n, Value *out) {
  for (uint32_t i = 0; i < n; i++) out[i] = column_value(key_column(table, (uint32_t)(refs[i] >> 32)), (uint32_t)refs[i], &worker->scratch);
}

static void add_vector(ColumnBuilder *builder, const Vector *vector, uint32_t n) {
  if (vector->kind == VEC_STR) column_builder_add_strs(builder, vector->as.strs, vector->nulls, n);
  else if (vector->kind == VEC_INT) column_builder_add_ints(builder, vector->as.ints, vector->nulls, n);
  else
    for (uint32_t i = 0; i < n; i++) column_builder_add(builder, vector_value(vector, i));
}

DcCode join_rows_batch(Worker *worker, const JoinTable *table, const int *places, uint32_t width, const uint64_t *refs, uint32_t n,
                       Batch **out, DcError *err) {
  Arena *arena = &worker->scratch;
  Gather gather = {join_gather, table, refs};
  Value *keys = arena_raw(arena, (n + 1) * sizeof *keys);
  uint64_t *origins = arena_raw(arena, (n + 1) * sizeof *origins);
  ColumnBuilder *builders = dc_alloc(((size_t)width + 1) * sizeof *builders);
  for (uint32_t i = 0; i < n; i++) origins[i] = batch_origin(table->pieces[refs[i] >> 32].batch, (uint32_t)refs[i]);
  join_gather_keys(worker, table, refs, n, keys);
  for (uint32_t c = 0; c <= width; c++) {
    Vector vector = {.kind = VEC_NULL};
    if (c == width) vector = (Vector){.kind = VEC_ANY, .as.values = keys};
    else if (places[c] >= 0) join_gather(worker, &gather, (uint32_t)places[c], n, &vector);
    column_builder_init(&builders[c]);
    add_vector(&builders[c], &vector, n);
  }
  DcCode code = batch_from_builders(table->engine->budget, builders, width, &builders[width], origins, 0, n, out, err);
  for (uint32_t c = 0; c <= width; c++) column_builder_free(&builders[c]);
  dc_free(builders);
  return code;
}
