/* name_map.c - open addressing with linear probing; the table is at most half full. */
#include "run/name_map.h"

static uint64_t hash_name(Str name) { /* FNV-1a, then mixed so that low bits depend on all */
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < name.len; i++) hash = (hash ^ (unsigned char)name.data[i]) * 0x100000001b3u;
  return hash ^ (hash >> 29);
}

/* The slot of the name, or the free slot where it would go. */
static uint32_t slot_of(const NameMap *map, Str name) {
  uint32_t mask = map->slot_count - 1, slot = (uint32_t)hash_name(name) & mask;
  while (map->slots[slot] && !str_eq(map->names[map->slots[slot] - 1], name)) slot = (slot + 1) & mask;
  return slot;
}

uint32_t name_map_find(const NameMap *map, Str name) {
  if (!map->slot_count) return NAME_NONE;
  return map->slots[slot_of(map, name)] - 1; /* 0 - 1 is NAME_NONE */
}

static void grow(NameMap *map) {
  dc_free(map->slots);
  map->slot_count = map->slot_count ? map->slot_count * 2 : 32;
  map->slots = dc_alloc(map->slot_count * sizeof *map->slots);
  for (uint32_t i = 0; i < map->count; i++) map->slots[slot_of(map, map->names[i])] = i + 1;
}

uint32_t name_map_add(NameMap *map, Str name) {
  if ((map->count + 1) * 2 > map->slot_count) grow(map);
  uint32_t slot = slot_of(map, name);
  if (map->slots[slot]) return map->slots[slot] - 1;
  VEC_GROW(map->names, map->count, map->cap);
  map->names[map->count] = arena_str(&map->arena, name);
  map->slots[slot] = ++map->count;
  return map->count - 1;
}

void name_map_free(NameMap *map) {
  dc_free(map->slots);
  dc_free(map->names);
  arena_free(&map->arena);
  memset(map, 0, sizeof *map);
}
