/* definitions.c - own functions and procedures by name. The definitions themselves belong to their units. */
#include "run/session_internal.h"

void definitions_deinit(Definitions *definitions) {
  name_map_free(&definitions->names);
  dc_free(definitions->entries);
}

static struct DefinitionEntry *entry_of(Definitions *definitions, Str name) {
  uint32_t index = name_map_add(&definitions->names, name);
  while (index >= definitions->cap) {
    uint32_t cap = definitions->cap ? definitions->cap * 2 : 16;
    definitions->entries = dc_realloc(definitions->entries, cap * sizeof *definitions->entries);
    memset(definitions->entries + definitions->cap, 0, (cap - definitions->cap) * sizeof *definitions->entries);
    definitions->cap = cap;
  }
  return &definitions->entries[index];
}

const Definition *definitions_get(const Definitions *definitions, Str name) {
  uint32_t index = name_map_find(&definitions->names, name);
  const struct DefinitionEntry *entry = index == NAME_NONE ? NULL : &definitions->entries[index];
  if (entry && (entry->now || entry->ahead)) return entry->now ? entry->now : entry->ahead;
  return library_find(definitions->library, definitions->kind, name);
}

void definitions_ahead(Definitions *definitions, const Definition *definition) {
  if (definition->record) return; /* refused where they are defined */
  struct DefinitionEntry *entry = entry_of(definitions, definition->name.text);
  if (!entry->ahead) entry->ahead = definition;
}

DcCode definitions_add(Definitions *definitions, const char *what, const Definition *definition, DcError *err) {
  struct DefinitionEntry *entry = entry_of(definitions, definition->name.text);
  if (entry->now && entry->now != definition && !definition->or_replace) {
    dc_fail_at(err, DC_FAIL, definition->name.pos, "%s '%.*s' is defined already", what, STR_ARG(definition->name.text));
    dc_hint(err, "CREATE OR REPLACE %s replaces it", what);
    return DC_FAIL;
  }
  entry->now = definition;
  return DC_OK;
}

void definitions_drop(Definitions *definitions, Str name) {
  uint32_t index = name_map_find(&definitions->names, name);
  if (index != NAME_NONE) definitions->entries[index] = (struct DefinitionEntry){0};
}

Str definitions_spell(const Definitions *definitions, Str wanted) {
  Speller speller = speller_start(wanted);
  for (uint32_t i = 0; i < definitions->names.count; i++)
    if (definitions->entries[i].now || definitions->entries[i].ahead) speller_try(&speller, definitions->names.names[i]);
  if (definitions->library) library_spell(definitions->kind, &speller);
  return speller_best(&speller);
}
