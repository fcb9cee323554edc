/* keymap.c - open addressing, 64 shards by the hash's top bits. */
#include "engine/keymap.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <xxhash.h>

#include "value/decimal.h"

enum { SHARDS = 64 };

typedef struct Entry {
  uint64_t hash, value;
  const char *key; /* NULL: free */
  size_t len;
} Entry;

typedef struct Shard {
  pthread_mutex_t lock;
  Arena arena;
  Entry *entries;
  size_t count, cap; /* cap: a power of two, or 0 */
} Shard;

struct KeyMap {
  Budget *budget;
  atomic_llong memory;
  atomic_ullong next_number;
  Shard shards[SHARDS];
};

KeyMap *keymap_new(Budget *budget) {
  KeyMap *map = dc_alloc(sizeof *map);
  map->budget = budget;
  for (int i = 0; i < SHARDS; i++) pthread_mutex_init(&map->shards[i].lock, NULL);
  return map;
}

void keymap_free(KeyMap *map) {
  if (!map) return;
  for (int i = 0; i < SHARDS; i++) {
    arena_free(&map->shards[i].arena);
    dc_free(map->shards[i].entries);
    pthread_mutex_destroy(&map->shards[i].lock);
  }
  budget_charge(map->budget, -(int64_t)atomic_load(&map->memory));
  dc_free(map);
}

uint64_t keymap_hash(Str key) { return XXH3_64bits(key.data, key.len); }

static void charge(KeyMap *map, size_t bytes) {
  atomic_fetch_add(&map->memory, (long long)bytes);
  budget_charge(map->budget, (int64_t)bytes);
}

static Entry *slot(Entry *entries, size_t cap, Str key, uint64_t hash) {
  size_t at = hash & (cap - 1);
  while (entries[at].key && (entries[at].hash != hash || !str_eq(str_make(entries[at].key, entries[at].len), key))) at = (at + 1) & (cap - 1);
  return &entries[at];
}

static void grow(KeyMap *map, Shard *shard) {
  size_t cap = shard->cap ? shard->cap * 2 : 64;
  Entry *entries = dc_alloc(cap * sizeof *entries);
  for (size_t i = 0; i < shard->cap; i++) {
    Entry *old = &shard->entries[i];
    if (old->key) *slot(entries, cap, str_make(old->key, old->len), old->hash) = *old;
  }
  charge(map, (cap - shard->cap) * sizeof *entries);
  dc_free(shard->entries);
  shard->entries = entries;
  shard->cap = cap;
}

uint64_t keymap_put(KeyMap *map, Str key, uint64_t hash, KeyMapUpdate update, uint64_t value) {
  Shard *shard = &map->shards[hash >> 58];
  pthread_mutex_lock(&shard->lock);
  if (shard->count * 4 >= shard->cap * 3) grow(map, shard);
  Entry *entry = slot(shard->entries, shard->cap, key, hash);
  if (!entry->key) {
    size_t before = shard->arena.total;
    *entry = (Entry){hash, update == KEYMAP_NUMBER ? atomic_fetch_add(&map->next_number, 1) : value, arena_copy(&shard->arena, key.data, key.len), key.len};
    shard->count++;
    if (shard->arena.total != before) charge(map, shard->arena.total - before);
  } else if (update == KEYMAP_COUNT) {
    entry->value += value;
  } else if (update == KEYMAP_MIN && value < entry->value) {
    entry->value = value;
  } else if (update == KEYMAP_SAME && value != entry->value) {
    entry->value = UINT64_MAX;
  }
  uint64_t result = entry->value;
  pthread_mutex_unlock(&shard->lock);
  return result;
}

const char *keymap_find(const KeyMap *map, Str key, uint64_t hash, uint64_t *value) {
  const Shard *shard = &map->shards[hash >> 58];
  if (!shard->count) return NULL;
  const Entry *entry = slot(shard->entries, shard->cap, key, hash);
  if (entry->key) *value = entry->value;
  return entry->key;
}

size_t keymap_memory(const KeyMap *map) { return (size_t)atomic_load(&map->memory); }

size_t keymap_count(const KeyMap *map) {
  size_t count = 0;
  for (int i = 0; i < SHARDS; i++) count += map->shards[i].count;
  return count;
}

void keymap_visit(const KeyMap *map, void (*visit)(void *, Str, uint64_t), void *self) {
  for (int i = 0; i < SHARDS; i++) {
    const Shard *shard = &map->shards[i];
    for (size_t k = 0; k < shard->cap; k++)
      if (shard->entries[k].key) visit(self, str_make(shard->entries[k].key, shard->entries[k].len), shard->entries[k].value);
  }
}

static void put_sized(Buf *out, char class, const char *data, size_t len) {
  uint32_t size = (uint32_t)len;
  buf_char(out, class);
  buf_put(out, &size, sizeof size);
  buf_put(out, data, len);
}

static void put_array(Buf *out, const Array *array) {
  uint32_t count = (uint32_t)array->count;
  buf_char(out, 'a');
  buf_put(out, &count, sizeof count);
  for (size_t i = 0; i < array->count; i++) key_bytes(out, array->items[i]);
}

/* Whole doubles are written as the integer they equal. */
static void put_double(Buf *out, double d) {
  if (d == floor(d) && d >= -9223372036854775808.0 && d < 9223372036854775808.0) {
    int64_t i = (int64_t)d;
    put_sized(out, 'i', (const char *)&i, sizeof i);
    return;
  }
  if (isnan(d)) d = (double)NAN;
  put_sized(out, 'd', (const char *)&d, sizeof d);
}

/* As the integer or the double that it equals, if there is one. */
static void put_decimal(Buf *out, Value value) {
  Decimal d = decimal_normal(*value.as.decimal);
  int64_t whole;
  double near = decimal_to_double(d);
  if (decimal_is_whole(d) && decimal_to_int(d, &whole)) {
    put_sized(out, 'i', (const char *)&whole, sizeof whole);
  } else if (value_total_order(value, value_double(near)) == 0) {
    put_double(out, near);
  } else {
    buf_char(out, 'e');
    buf_put(out, &d.unscaled, sizeof d.unscaled);
    buf_put(out, &d.scale, sizeof d.scale);
  }
}

/* Dates and timestamps by instant, whatever their zones; times of day apart. */
static void put_moment(Buf *out, Value value) {
  int64_t seconds = value.type == TYPE_DATE ? value.as.i * 86400 : value.as.i;
  uint32_t nanoseconds = value.type == TYPE_TIMESTAMP ? value.len : 0;
  buf_char(out, value.type == TYPE_TIME ? 'c' : 'm');
  buf_put(out, &seconds, sizeof seconds);
  buf_put(out, &nanoseconds, sizeof nanoseconds);
}

/* Names in order of their bytes: the order in which they were written does not matter. */
static void put_object(Buf *out, const Object *object) {
  uint32_t count = (uint32_t)object->count;
  buf_char(out, 'o');
  buf_put(out, &count, sizeof count);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < count; k++) {
      size_t smaller = 0;
      for (size_t j = 0; j < count; j++) smaller += str_compare(object->names[j], object->names[k]) < 0;
      if (smaller != i) continue;
      put_sized(out, 'k', object->names[k].data, object->names[k].len);
      key_bytes(out, object->values[k]);
    }
}

void key_bytes(Buf *out, Value value) {
  switch ((Type)value.type) {
    case TYPE_NULL: buf_char(out, 'n'); break;
    case TYPE_BOOL: buf_char(out, value.as.b ? 't' : 'f'); break;
    case TYPE_INT: put_sized(out, 'i', (const char *)&value.as.i, sizeof value.as.i); break;
    case TYPE_DOUBLE: put_double(out, value.as.d); break;
    case TYPE_STRING: put_sized(out, 's', value.as.s, value.len); break;
    case TYPE_ARRAY: put_array(out, value.as.array); break;
    case TYPE_DECIMAL: put_decimal(out, value); break;
    case TYPE_BINARY: put_sized(out, 'b', value.as.s, value.len); break;
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP: put_moment(out, value); break;
    case TYPE_OBJECT: put_object(out, value.as.object); break;
    case TYPE_COUNT: break;
  }
}
