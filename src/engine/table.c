/* table.c - tables of one worker each, and their parts put together. */
#include "engine/table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/spill.h"

enum { PART_BITS = 6, PARTS = 1 << PART_BITS, FEWEST_SLOTS = 256, BLOCK = 32 };

typedef struct Slot {
  uint64_t hash;
  TableRow *row; /* NULL: free */
} Slot;

typedef struct RowChunk RowChunk;
struct RowChunk {
  RowChunk *next;
  size_t used, cap;
  uint64_t data[];
};

/* The rows of one part. */
typedef struct Part {
  RowChunk *first, *last;
  size_t rows;
  Arena arena; /* what belongs to them */
} Part;

typedef struct Slots {
  Slot *slots;
  size_t cap, count;
} Slots;

typedef struct Local {
  Slots slots;
  Part parts[PARTS];
  size_t arenas; /* bytes that are counted */
} Local;

typedef struct Extent {
  uint64_t offset;
  size_t len;
} Extent;

/* What the file has of one part. */
typedef struct Spilled {
  Extent *extents;
  size_t count, cap;
  uint64_t bytes;
} Spilled;

struct Table {
  Engine *engine;
  TableOps ops;
  Local *locals;
  int threads;
  atomic_size_t memory;
  SpillFile file;
  Spilled spilled[PARTS];
  bool has_spilled;
  atomic_uint next;
  atomic_bool stop, paused;
  DcError *errors; /* of each worker */
};

size_t table_width(const Table *table) { return table->ops.width; }

Table *table_new(Engine *engine, const TableOps *ops) {
  Table *table = dc_alloc(sizeof *table);
  table->engine = engine;
  table->ops = *ops;
  table->threads = pool_threads(engine->pool);
  table->locals = dc_alloc((size_t)table->threads * sizeof *table->locals);
  table->errors = dc_alloc((size_t)table->threads * sizeof *table->errors);
  return table;
}

static void charge(Table *table, int64_t bytes) {
  atomic_fetch_add(&table->memory, (size_t)bytes);
  budget_charge(table->engine->budget, bytes);
}

static size_t free_part(Part *part) {
  size_t bytes = 0;
  for (RowChunk *chunk = part->first, *next; chunk; chunk = next) {
    next = chunk->next;
    bytes += chunk->cap;
    dc_free(chunk);
  }
  arena_free(&part->arena);
  memset(part, 0, sizeof *part);
  return bytes;
}

static void free_local(Table *table, Local *local) {
  size_t bytes = local->arenas + local->slots.cap * sizeof(Slot);
  for (int p = 0; p < PARTS; p++) bytes += free_part(&local->parts[p]);
  dc_free(local->slots.slots);
  memset(local, 0, sizeof *local);
  charge(table, -(int64_t)bytes);
}

void table_free(Table *table) {
  if (!table) return;
  for (int i = 0; i < table->threads; i++) free_local(table, &table->locals[i]);
  for (int p = 0; p < PARTS; p++) dc_free(table->spilled[p].extents);
  spill_close(&table->file);
  dc_free(table->locals);
  dc_free(table->errors);
  dc_free(table);
}

uint64_t table_hash(Str key) { return XXH3_64bits(key.data, key.len); }

static inline unsigned part_of(uint64_t hash) { return (unsigned)(hash >> (64 - PART_BITS)); }

size_t table_memory(const Table *table) { return atomic_load(&((Table *)(uintptr_t)table)->memory); }

bool table_spilled(const Table *table) { return table->has_spilled; }

Arena *table_arena(Table *table, int worker, const TableRow *row) { return &table->locals[worker].parts[part_of(row->hash)].arena; }

void table_count(Table *table, int worker) {
  Local *local = &table->locals[worker];
  size_t bytes = 0;
  for (int p = 0; p < PARTS; p++) bytes += local->parts[p].arena.total;
  if (bytes == local->arenas) return;
  charge(table, (int64_t)bytes - (int64_t)local->arenas);
  local->arenas = bytes;
}

/* --- Rows --- */

static size_t row_size(const Table *table, size_t key_len) { return (sizeof(TableRow) + table->ops.width + key_len + 7) & ~(size_t)7; }

static TableRow *new_row(Table *table, Part *part, uint64_t hash, Str key, bool charged) {
  size_t size = row_size(table, key.len);
  if (!part->last || part->last->cap - part->last->used < size) {
    size_t cap = part->last ? part->last->cap * 2 : 512;
    if (cap > 256 << 10) cap = 256 << 10;
    if (cap < size) cap = size;
    RowChunk *chunk = dc_realloc(NULL, sizeof *chunk + cap);
    *chunk = (RowChunk){.cap = cap};
    if (part->last) part->last->next = chunk;
    else part->first = chunk;
    part->last = chunk;
    if (charged) charge(table, (int64_t)cap);
  }
  TableRow *row = (TableRow *)(void *)((char *)part->last->data + part->last->used);
  part->last->used += size;
  part->rows++;
  *row = (TableRow){.hash = hash, .first = UINT64_MAX, .key_len = (uint32_t)key.len};
  memset(row_state(row), 0, table->ops.width);
  memcpy((char *)(row + 1) + table->ops.width, key.data, key.len);
  return row;
}

static TableRow *next_row(const Table *table, TableRow *row) {
  return (TableRow *)(void *)((char *)row + row_size(table, row->key_len));
}

static void grow(Slots *slots, size_t cap) {
  Slot *more = dc_alloc(cap * sizeof *more);
  for (size_t i = 0; i < slots->cap; i++) {
    if (!slots->slots[i].row) continue;
    size_t at = slots->slots[i].hash & (cap - 1);
    while (more[at].row) at = (at + 1) & (cap - 1);
    more[at] = slots->slots[i];
  }
  dc_free(slots->slots);
  slots->slots = more;
  slots->cap = cap;
}

/* The slot of a key, or the free one where it belongs. */
static inline Slot *find_slot(const Table *table, const Slots *slots, uint64_t hash, Str key) {
  for (size_t at = hash & (slots->cap - 1);; at = (at + 1) & (slots->cap - 1)) {
    Slot *slot = &slots->slots[at];
    if (!slot->row) return slot;
    if (slot->hash == hash && slot->row->key_len == key.len && memcmp(row_key(table, slot->row), key.data, key.len) == 0) return slot;
  }
}

static void find_block(Table *table, Local *local, const TableBatch *batch, uint32_t from, uint32_t to) {
  Slots *slots = &local->slots;
  for (uint32_t i = from; i < to; i++) {
    const Slot *slot = &slots->slots[batch->hashes[i] & (slots->cap - 1)];
    if (slot->row) __builtin_prefetch(slot->row);
  }
  for (uint32_t i = from; i < to; i++) {
    Slot *slot = find_slot(table, slots, batch->hashes[i], batch->keys[i]);
    bool made = !slot->row;
    if (made) {
      slot->hash = batch->hashes[i];
      slot->row = new_row(table, &local->parts[part_of(slot->hash)], slot->hash, batch->keys[i], true);
      slot->row->first = batch->positions[i];
      slots->count++;
    }
    if (batch->made) batch->made[i] = made;
    batch->rows[i] = slot->row;
  }
}

void table_find(Table *table, int worker, const TableBatch *batch) {
  Local *local = &table->locals[worker];
  Slots *slots = &local->slots;
  for (uint32_t from = 0; from < batch->n; from += BLOCK) {
    uint32_t to = batch->n - from < BLOCK ? batch->n : from + BLOCK;
    if ((slots->count + BLOCK) * 2 > slots->cap) {
      size_t cap = slots->cap ? slots->cap * (slots->cap < 1 << 16 ? 4 : 2) : FEWEST_SLOTS;
      charge(table, (int64_t)((cap - slots->cap) * sizeof(Slot)));
      grow(slots, cap);
    }
    for (uint32_t i = to; i < to + BLOCK && i < batch->n; i++) __builtin_prefetch(&slots->slots[batch->hashes[i] & (slots->cap - 1)]);
    find_block(table, local, batch, from, to);
  }
}

/* --- To disk --- */

enum { WRITE_BYTES = 1 << 20, RECORD_HEAD = 8 + 8 + 8 + 4 + 4 };

/* Size, hash, first, lengths; key, original, state. */
static void save_row(const Table *table, TableRow *row, Buf *out) {
  size_t start = out->len;
  uint64_t size = 0;
  buf_put(out, &size, sizeof size);
  buf_put(out, &row->hash, sizeof row->hash);
  buf_put(out, &row->first, sizeof row->first);
  buf_put(out, &row->key_len, sizeof row->key_len);
  buf_put(out, &row->original_len, sizeof row->original_len);
  buf_put(out, row_key(table, row), row->key_len);
  buf_put(out, row->original, row->original_len);
  if (table->ops.save) table->ops.save(table->ops.self, row_state(row), out);
  else buf_put(out, row_state(row), table->ops.width);
  size = out->len - start;
  memcpy(out->data + start, &size, sizeof size);
}

static DcCode flush(Table *table, Spilled *spilled, Buf *bytes, DcError *err) {
  if (!bytes->len) return DC_OK;
  VEC_GROW(spilled->extents, spilled->count, spilled->cap);
  Extent *extent = &spilled->extents[spilled->count++];
  extent->len = bytes->len;
  spilled->bytes += bytes->len;
  bytes->len = 0;
  return spill_append(&table->file, bytes->data, extent->len, &extent->offset, err);
}

static DcCode spill_part(Table *table, unsigned p, Buf *bytes, DcError *err) {
  Spilled *spilled = &table->spilled[p];
  for (int i = 0; i < table->threads; i++) {
    Part *part = &table->locals[i].parts[p];
    for (RowChunk *chunk = part->first; chunk; chunk = chunk->next) {
      TableRow *row = (TableRow *)(void *)chunk->data, *end = (TableRow *)(void *)((char *)chunk->data + chunk->used);
      for (; row < end; row = next_row(table, row)) {
        save_row(table, row, bytes);
        if (bytes->len >= WRITE_BYTES) DC_TRY(flush(table, spilled, bytes, err));
      }
    }
  }
  return flush(table, spilled, bytes, err);
}

/* Runs one step for each part that is left, on all workers; the first error in order of workers. */
static DcCode run_parts(Table *table, void (*work)(void *, int), DcError *err) {
  for (int i = 0; i < table->threads; i++) dc_error_clear(&table->errors[i]);
  atomic_store(&table->stop, false);
  atomic_store(&table->paused, false);
  pool_run(table->engine->pool, 0, work, table);
  for (int i = 0; i < table->threads; i++) {
    if (table->errors[i].code == DC_OK) continue;
    *err = table->errors[i];
    return err->code;
  }
  return DC_OK;
}

static bool next_part(Table *table, unsigned *part, DcError *err) {
  if (atomic_load(&table->stop) || atomic_load(&table->paused)) return false;
  if (engine_interrupted()) {
    dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    atomic_store(&table->stop, true);
    return false;
  }
  *part = atomic_fetch_add(&table->next, 1);
  return *part < PARTS;
}

static void spill_work(void *self, int worker) {
  Table *table = self;
  Buf bytes = {0};
  DcError *err = &table->errors[worker];
  for (unsigned part; next_part(table, &part, err);)
    if (spill_part(table, part, &bytes, err) != DC_OK) atomic_store(&table->stop, true);
  buf_free(&bytes);
}

DcCode table_spill(Table *table, DcError *err) {
  DC_TRY(spill_open(&table->file, table->engine, err));
  table->has_spilled = true;
  atomic_store(&table->next, 0);
  DC_TRY(run_parts(table, spill_work, err));
  for (int i = 0; i < table->threads; i++) free_local(table, &table->locals[i]);
  atomic_store(&table->next, 0);
  return DC_OK;
}

/* --- Putting parts together --- */

/* One part on its way to be finished. */
typedef struct Union {
  Table *table;
  int worker;
  Slots slots;
  Part part;      /* rows that were read */
  Arena *arena;   /* for what merging makes */
  TableRow **rows;
  size_t count, room;
  size_t charged;
} Union;

static void merge_rows(Union *all, TableRow *into, TableRow *from) {
  bool earlier = from->first < into->first;
  all->table->ops.merge(all->table->ops.self, all->worker, into, from, earlier, all->arena);
  if (!earlier) return;
  into->first = from->first;
  into->original = from->original;
  into->original_len = from->original_len;
}

/* Room for so many rows. */
static void reserve_rows(Union *all, size_t rows) {
  size_t cap = FEWEST_SLOTS;
  while (cap < rows * 2) cap *= 2;
  grow(&all->slots, cap);
  all->room = cap / 2;
  all->rows = dc_realloc(all->rows, all->room * sizeof *all->rows);
  size_t bytes = cap * sizeof(Slot) + all->room * sizeof *all->rows;
  charge(all->table, (int64_t)bytes - (int64_t)all->charged);
  all->charged = bytes;
}

static void add_row(Union *all, Slot *slot, TableRow *row) {
  *slot = (Slot){row->hash, row};
  all->rows[all->count++] = row;
  if (all->count == all->room) reserve_rows(all, all->room * 2);
}

static void put_row(Union *all, TableRow *row) {
  Slot *slot = find_slot(all->table, &all->slots, row->hash, str_make(row_key(all->table, row), row->key_len));
  if (slot->row) merge_rows(all, slot->row, row);
  else add_row(all, slot, row);
}

static void close_union(Union *all) {
  charge(all->table, -(int64_t)all->charged);
  dc_free(all->slots.slots);
  dc_free(all->rows);
  (void)free_part(&all->part);
}

/* Nothing was spilled: the rows of all workers; when only one has any, they are all different. */
static DcCode finish_memory(Table *table, unsigned p, int worker, DcError *err) {
  size_t rows = 0, sources = 0;
  for (int i = 0; i < table->threads; i++) {
    rows += table->locals[i].parts[p].rows;
    sources += table->locals[i].parts[p].rows != 0;
  }
  if (!rows) return DC_OK;
  Union all = {.table = table, .worker = worker, .arena = &table->locals[0].parts[p].arena};
  reserve_rows(&all, rows + 1);
  for (int i = 0; i < table->threads; i++)
    for (RowChunk *chunk = table->locals[i].parts[p].first; chunk; chunk = chunk->next) {
      TableRow *row = (TableRow *)(void *)chunk->data, *end = (TableRow *)(void *)((char *)chunk->data + chunk->used);
      for (; row < end; row = next_row(table, row)) {
        if (sources > 1) put_row(&all, row);
        else all.rows[all.count++] = row;
      }
    }
  DcCode code = table->ops.emit(table->ops.self, worker, all.rows, all.count, all.arena, err);
  close_union(&all);
  return code;
}

/* A row from its bytes; its original stays in them until it is copied. */
static TableRow *load_row(Union *all, Part *part, const char *bytes) {
  uint64_t hash, first;
  uint32_t key_len, original_len;
  Table *table = all->table;
  memcpy(&hash, bytes + 8, sizeof hash);
  memcpy(&first, bytes + 16, sizeof first);
  memcpy(&key_len, bytes + 24, sizeof key_len);
  memcpy(&original_len, bytes + 28, sizeof original_len);
  bytes += RECORD_HEAD;
  TableRow *row = new_row(table, part, hash, str_make(bytes, key_len), false);
  row->first = first;
  row->original_len = original_len;
  if (original_len) row->original = arena_copy(all->arena, bytes + key_len, original_len);
  bytes += key_len + original_len;
  if (table->ops.load) (void)table->ops.load(table->ops.self, row_state(row), bytes, all->arena);
  else memcpy(row_state(row), bytes, table->ops.width);
  return row;
}

static void load_extent(Union *all, const char *bytes, size_t len, uint64_t shares, uint64_t share) {
  Part loose = {0}; /* a row whose key is there already is needed only until it is merged */
  for (uint64_t size; len; bytes += size, len -= size) {
    uint64_t hash;
    uint32_t key_len;
    memcpy(&size, bytes, sizeof size);
    memcpy(&hash, bytes + 8, sizeof hash);
    memcpy(&key_len, bytes + 24, sizeof key_len);
    if (shares > 1 && (hash >> 24 & 0xFFFFFF) % shares != share) continue;
    Slot *slot = find_slot(all->table, &all->slots, hash, str_make(bytes + RECORD_HEAD, key_len));
    if (slot->row) {
      merge_rows(all, slot->row, load_row(all, &loose, bytes));
      loose.last->used = 0;
    } else {
      add_row(all, slot, load_row(all, &all->part, bytes));
    }
  }
  (void)free_part(&loose);
}

static DcCode finish_share(Table *table, unsigned p, int worker, uint64_t shares, uint64_t share, DcError *err) {
  const Spilled *spilled = &table->spilled[p];
  Union all = {.table = table, .worker = worker};
  all.arena = &all.part.arena;
  Buf bytes = {0};
  DcCode code = DC_OK;
  reserve_rows(&all, 1);
  for (size_t i = 0; i < spilled->count && code == DC_OK; i++) {
    bytes.len = 0;
    buf_reserve(&bytes, spilled->extents[i].len);
    code = spill_read(&table->file, spilled->extents[i].offset, bytes.data, spilled->extents[i].len, err);
    if (code == DC_OK) load_extent(&all, bytes.data, spilled->extents[i].len, shares, share);
  }
  buf_free(&bytes);
  size_t memory = all.part.arena.total;
  for (const RowChunk *chunk = all.part.first; chunk; chunk = chunk->next) memory += chunk->cap;
  charge(table, (int64_t)memory);
  if (code == DC_OK && all.count) code = table->ops.emit(table->ops.self, worker, all.rows, all.count, all.arena, err);
  charge(table, -(int64_t)memory);
  close_union(&all);
  return code;
}

/* A third of the budget is for the parts that are put together at a time. */
static DcCode finish_disk(Table *table, unsigned p, int worker, DcError *err) {
  const Spilled *spilled = &table->spilled[p];
  uint64_t room = table->engine->options.memory / 3 / (uint64_t)table->threads;
  uint64_t shares = (spilled->bytes + spilled->bytes / 2) / (room + 1) + 1;
  for (uint64_t share = 0; share < shares; share++) DC_TRY(finish_share(table, p, worker, shares, share, err));
  return DC_OK;
}

static void finish_work(void *self, int worker) {
  Table *table = self;
  DcError *err = &table->errors[worker];
  for (unsigned part; next_part(table, &part, err);) {
    DcCode code = table->has_spilled ? finish_disk(table, part, worker, err) : finish_memory(table, part, worker, err);
    if (code != DC_OK) atomic_store(&table->stop, true);
    if (table->ops.pause && table->ops.pause(table->ops.self)) atomic_store(&table->paused, true);
  }
}

DcCode table_finish(Table *table, bool *more, DcError *err) {
  if (table->has_spilled && table_memory(table)) DC_TRY(table_spill(table, err));
  DC_TRY(run_parts(table, finish_work, err));
  *more = atomic_load(&table->next) < PARTS;
  return DC_OK;
}
