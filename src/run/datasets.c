/* datasets.c - entries by number of their name; lists of the entries that die at a position. */
#include "run/datasets.h"

void datasets_deinit(Datasets *datasets) {
  for (uint32_t i = 0; i < datasets->names.count; i++) dataset_unref(datasets->entries[i].dataset);
  dc_free(datasets->entries);
  dc_free(datasets->dying);
  name_map_free(&datasets->names);
  memset(datasets, 0, sizeof *datasets);
}

DatasetEntry *datasets_find(const Datasets *datasets, Str name) {
  uint32_t index = name_map_find(&datasets->names, name);
  if (index == NAME_NONE || datasets->entries[index].removed) return NULL;
  return &datasets->entries[index];
}

/* Puts the entry into the list of the position behind which it is dead, but never into one that is done. */
static void enlist(Datasets *datasets, uint32_t index) {
  DatasetEntry *entry = &datasets->entries[index];
  if (!datasets->liveness || entry->listed) return;
  uint32_t position = entry->last_mention > datasets->swept ? entry->last_mention : datasets->swept;
  if (position >= datasets->dying_count) return;
  entry->listed = true;
  entry->next_dying = datasets->dying[position];
  datasets->dying[position] = index + 1;
}

bool datasets_is_hidden(Str name, Str prefix) { return str_starts(name, str_of(HIDDEN_PREFIX)) && !str_starts(prefix, str_of(HIDDEN_PREFIX)); }

/* The last position that may mention the name: hidden ones never die by themselves. */
static uint32_t last_mention(const Datasets *datasets, Str name) {
  if (!datasets->liveness) return 0;
  return datasets_is_hidden(name, (Str){0}) ? UINT32_MAX : liveness_last_mention(datasets->liveness, name);
}

void datasets_follow(Datasets *datasets, const Liveness *liveness) {
  datasets->liveness = liveness;
  dc_free(datasets->dying);
  datasets->dying_count = liveness_end(liveness) + 2;
  datasets->dying = dc_alloc(datasets->dying_count * sizeof *datasets->dying);
  datasets->swept = 0;
  for (uint32_t i = 0; i < datasets->names.count; i++) {
    datasets->entries[i].listed = false;
    datasets->entries[i].last_mention = last_mention(datasets, datasets->entries[i].name);
    if (datasets->entries[i].dataset) enlist(datasets, i);
  }
}

void datasets_put(Datasets *datasets, Str name, Dataset *dataset) {
  uint32_t before = datasets->names.count, index = name_map_add(&datasets->names, name);
  while (datasets->names.count > datasets->cap) {
    datasets->cap = datasets->cap ? datasets->cap * 2 : 32;
    datasets->entries = dc_realloc(datasets->entries, datasets->cap * sizeof *datasets->entries);
  }
  DatasetEntry *entry = &datasets->entries[index];
  if (index == before) {
    *entry = (DatasetEntry){.name = datasets->names.names[index]};
    entry->last_mention = last_mention(datasets, name);
  }
  dataset_unref(entry->dataset);
  entry->dataset = dataset;
  entry->type = dataset_type(dataset);
  entry->partitions = dataset_partitions(dataset);
  entry->removed = false;
  entry->touched = ++datasets->touches;
  enlist(datasets, index);
}

void datasets_drop(Datasets *datasets, Str name) {
  DatasetEntry *entry = datasets_find(datasets, name);
  if (!entry) return;
  dataset_unref(entry->dataset);
  entry->dataset = NULL;
}

void datasets_remove(Datasets *datasets, Str name) {
  DatasetEntry *entry = datasets_find(datasets, name);
  if (!entry) return;
  dataset_unref(entry->dataset);
  entry->dataset = NULL;
  entry->removed = true;
}

void datasets_remove_from(Datasets *datasets, uint32_t first, Str prefix) {
  for (uint32_t i = first; i < datasets->names.count; i++)
    if (str_starts(datasets->entries[i].name, prefix)) datasets_remove(datasets, datasets->entries[i].name);
}

void datasets_sweep(Datasets *datasets, uint32_t position) {
  if (!datasets->liveness) return;
  if (position >= datasets->dying_count) position = datasets->dying_count - 1;
  for (uint32_t at = datasets->swept; at < position || at == datasets->swept; at++) {
    uint32_t next = datasets->dying[at];
    datasets->dying[at] = 0;
    while (next) {
      uint32_t index = next - 1;
      DatasetEntry *entry = &datasets->entries[index];
      next = entry->next_dying;
      entry->listed = false;
      if (entry->last_mention >= position) {
        enlist(datasets, index); /* it was put in while this position was the lowest that is not done */
        continue;
      }
      dataset_unref(entry->dataset);
      entry->dataset = NULL;
    }
  }
  if (position > datasets->swept) datasets->swept = position;
}

Str datasets_spell(const Datasets *datasets, Str wanted) {
  Speller speller = speller_start(wanted);
  for (uint32_t i = 0; i < datasets->names.count; i++)
    if (!datasets->entries[i].removed && !datasets_is_hidden(datasets->entries[i].name, (Str){0})) speller_try(&speller, datasets->entries[i].name);
  return speller_best(&speller);
}
