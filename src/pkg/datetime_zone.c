/* datetime_zone.c - time zones by id. UTC and offsets are made here; names of the tz database come from the module
 * dcetl-tz.so. A zone keeps the spans that were asked for last, so that most rows cost a comparison.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/module.h"
#include "pkg/datetime.h"
#include "pkg/packages.h"

enum { NAME_SIZE = 48, SPAN_SLOTS = 64, SPAN_SHIFT = 22 /* a slot for every 48 days */, MOST_OFFSET = 18 * 3600, DAY_AND_MORE = 90000 /* more than any change of a clock */ };

struct Zone {
  char name[NAME_SIZE]; /* as it was asked for */
  char id[NAME_SIZE];   /* as it is shown */
  const void *handle;   /* of the module; NULL: offset holds always */
  int offset;
  bool is_offset;
  ZoneSpan spans[SPAN_SLOTS];
};

/* --- The module --- */

static _Atomic(const ZoneModule *) module;

static DcCode need_module(DcError *err) {
  static Module tz = {.name = "tz", .symbol = "dcetl_zone_module", .version = ZONE_MODULE_VERSION, .what = "time zones", .package = "libcctz (Debian: libcctz2)"};
  const void *found;
  DC_TRY(module_need(&tz, &found, err));
  module = found;
  return DC_OK;
}

/* --- Offsets --- */

size_t offset_print(int offset, char *out) {
  int size = offset < 0 ? -offset : offset;
  if (!size) return (size_t)snprintf(out, 16, "Z");
  int len = snprintf(out, 16, "%c%02d:%02d", offset < 0 ? '-' : '+', size / 3600 % 100, size / 60 % 60);
  if (size % 60) len += snprintf(out + len, 16 - (size_t)len, ":%02d", size % 60);
  return (size_t)len;
}

bool offset_parse(Str text, int *out) {
  if (str_is(text, "Z")) {
    *out = 0;
    return true;
  }
  if (text.len < 2 || (text.data[0] != '+' && text.data[0] != '-')) return false;
  bool colons = memchr(text.data, ':', text.len) != NULL;
  int parts[3] = {0}, count = 0;
  size_t at = 1;
  if (text.len == 2) { /* +3 */
    if ((unsigned)(text.data[1] - '0') > 9) return false;
    parts[0] = text.data[1] - '0';
    at = 2;
  }
  for (; at < text.len && count < 3; count++) {
    if (count && colons && text.data[at++] != ':') return false;
    bool lone = count == 0 && colons && at + 1 < text.len && text.data[at + 1] == ':'; /* +3:00 */
    for (int digits = lone ? 1 : 2; digits; digits--, at++) {
      if (at >= text.len || (unsigned)(text.data[at] - '0') > 9) return false;
      parts[count] = parts[count] * 10 + (text.data[at] - '0');
    }
  }
  int size = parts[0] * 3600 + parts[1] * 60 + parts[2];
  if (at != text.len || parts[1] > 59 || parts[2] > 59 || size > MOST_OFFSET) return false;
  *out = text.data[0] == '-' ? -size : size;
  return true;
}

/* --- Ids --- */

/* Java's java.time.ZoneId.SHORT_IDS, those that the tz database does not have itself. */
static const char *short_id(Str id) {
  static const char *const ids[][2] = {
    {"ACT", "Australia/Darwin"}, {"AET", "Australia/Sydney"}, {"AGT", "America/Argentina/Buenos_Aires"}, {"ART", "Africa/Cairo"},
    {"AST", "America/Anchorage"}, {"BET", "America/Sao_Paulo"}, {"BST", "Asia/Dhaka"}, {"CAT", "Africa/Harare"},
    {"CNT", "America/St_Johns"}, {"CST", "America/Chicago"}, {"CTT", "Asia/Shanghai"}, {"EAT", "Africa/Addis_Ababa"},
    {"ECT", "Europe/Paris"}, {"IET", "America/Indiana/Indianapolis"}, {"IST", "Asia/Kolkata"}, {"JST", "Asia/Tokyo"},
    {"MIT", "Pacific/Apia"}, {"NET", "Asia/Yerevan"}, {"NST", "Pacific/Auckland"}, {"PLT", "Asia/Karachi"},
    {"PNT", "America/Phoenix"}, {"PRT", "America/Puerto_Rico"}, {"PST", "America/Los_Angeles"}, {"SST", "Pacific/Guadalcanal"},
    {"VST", "Asia/Ho_Chi_Minh"},
  };
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
    if (str_is(id, ids[i][0])) return ids[i][1];
  return NULL;
}

/* A name of the tz database, not of another file in or outside of its folder. */
static bool is_name(Str id) {
  static const char *const others[] = {"localtime", "posixrules", "Factory"};
  static const char *const folders[] = {"posix/", "right/", "Fixed/"};
  if (!id.len || id.len >= NAME_SIZE) return false;
  for (size_t i = 0; i < id.len; i++) {
    char c = id.data[i];
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    bool other = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
    if (!letter && (i == 0 || !other)) return false;
  }
  for (size_t i = 0; i < 3; i++)
    if (str_is(id, others[i]) || str_starts(id, str_of(folders[i]))) return false;
  return true;
}

/* Z, +03:00, UTC, GMT+3. */
static bool find_fixed(Str id, Zone *zone) {
  static const char *const prefixes[] = {"UTC", "GMT", "UT"};
  if (offset_parse(id, &zone->offset)) {
    zone->is_offset = true;
    offset_print(zone->offset, zone->id);
    return true;
  }
  for (size_t i = 0; i < 3; i++) {
    size_t len = strlen(prefixes[i]);
    if (!str_starts(id, str_of(prefixes[i]))) continue;
    Str rest = str_make(id.data + len, id.len - len);
    if (rest.len && (rest.data[0] == 'Z' || !offset_parse(rest, &zone->offset))) continue;
    char offset[16] = "";
    if (zone->offset) offset_print(zone->offset, offset);
    snprintf(zone->id, sizeof zone->id, "%s%s", prefixes[i], offset);
    return true;
  }
  return false;
}

/* --- The cache --- */

static Zone *new_zone(Str id, const Zone *found) {
  Zone *zone = dc_alloc(sizeof *zone);
  *zone = *found;
  memcpy(zone->name, id.data, id.len);
  zone->name[id.len] = 0;
  return zone;
}

static uint32_t hash_id(Str id) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < id.len; i++) hash = (hash ^ (unsigned char)id.data[i]) * 16777619u;
  return hash;
}

static size_t slot_of(DatetimeCache *cache, Str id) {
  size_t slot = hash_id(id) % ZONE_SLOTS;
  while (cache->zones[slot] && !str_is(id, cache->zones[slot]->name)) slot = (slot + 1) % ZONE_SLOTS;
  return slot;
}

static Zone *keep_fixed(DatetimeCache *cache, Str id, const Zone *found) {
  for (size_t i = 0; i < FIXED_ZONES; i++)
    if (cache->fixed[i] && str_is(id, cache->fixed[i]->name)) return cache->fixed[i];
  Zone **slot = &cache->fixed[cache->next_fixed++ % FIXED_ZONES];
  if (cache->last_zone == *slot) cache->last_zone = NULL;
  if (cache->default_zone == *slot) cache->default_zone = NULL;
  dc_free(*slot);
  return *slot = new_zone(id, found);
}

DcCode zone_find(CallContext *cx, Str id, Zone **out) {
  DatetimeCache *cache = datetime_cache(cx);
  *out = cache->last_zone;
  if (cache->last_zone && str_is(id, cache->last_zone->name)) return DC_OK;
  *out = NULL;
  if (!id.len || id.len >= NAME_SIZE) return DC_OK;
  Zone found = {.handle = NULL};
  if (find_fixed(id, &found)) {
    *out = cache->last_zone = keep_fixed(cache, id, &found);
    return DC_OK;
  }
  size_t slot = slot_of(cache, id);
  if (!cache->zones[slot]) {
    if (!is_name(id)) return DC_OK;
    DC_TRY(need_module(cx->err));
    const char *longer = NULL;
    memcpy(found.id, id.data, id.len);
    found.handle = module->find(found.id);
    if (!found.handle && (longer = short_id(id)) != NULL) {
      snprintf(found.id, sizeof found.id, "%s", longer);
      found.handle = module->find(longer);
    }
    if (!found.handle) return DC_OK;
    cache->zones[slot] = new_zone(id, &found);
  }
  *out = cache->last_zone = cache->zones[slot];
  return DC_OK;
}

/* The names in the tz database's own list, if the system has it. */
static void read_names(DatetimeCache *cache) {
  char path[512], line[512];
  size_t capacity = 0;
  const char *folder = getenv("TZDIR");
  snprintf(path, sizeof path, "%s/tzdata.zi", folder ? folder : "/usr/share/zoneinfo");
  cache->zone_names_read = true;
  FILE *file = fopen(path, "re");
  if (!file) return;
  while (fgets(line, sizeof line, file)) { /* "Z Europe/Berlin …", "L Europe/Berlin Arctic/Longyearbyen" */
    if ((line[0] != 'Z' && line[0] != 'L') || line[1] != ' ') continue;
    char *name = line + 2, *alias = line[0] == 'L' ? strchr(name, ' ') : NULL;
    if (alias) name = alias + 1;
    VEC_GROW(cache->zone_names, cache->zone_name_count, capacity);
    cache->zone_names[cache->zone_name_count++] = arena_str(&cache->arena, str_make(name, strcspn(name, " \n")));
  }
  fclose(file);
}

/* The nearest name; "" if none is near. Many records may have the same few wrong zones, so hints are kept. */
static const char *find_near(DatetimeCache *cache, const char *id, uint32_t hash) {
  UnknownZone *slot = NULL;
  for (uint32_t i = 0; i < 8; i++) {
    slot = &cache->unknown_zones[(hash + i) % UNKNOWN_ZONES];
    if (!slot->used || strcmp(slot->id, id) == 0) break;
  }
  if (slot->used && strcmp(slot->id, id) == 0) return slot->near;
  slot->used = true;
  if (!cache->zone_names_read) read_names(cache);
  Speller speller = speller_start(str_of(id));
  for (size_t i = 0; i < cache->zone_name_count; i++) speller_try(&speller, cache->zone_names[i]);
  Str best = speller_best(&speller);
  snprintf(slot->id, sizeof slot->id, "%s", id);
  snprintf(slot->near, sizeof slot->near, "%.*s", STR_ARG(best));
  return slot->near;
}

DcCode zone_get(CallContext *cx, Str id, Zone **out) {
  DC_TRY(zone_find(cx, id, out));
  if (*out) return DC_OK;
  char text[64];
  snprintf(text, sizeof text, "%.*s", id.len > 60 ? 60 : (int)id.len, id.len ? id.data : "");
  const char *near = find_near(datetime_cache(cx), text, hash_id(id));
  dc_fail(cx->err, "unknown time zone '%s'", text);
  if (*near) dc_hint(cx->err, "did you mean '%s'?", near);
  else dc_hint(cx->err, "zones are named like 'Europe/Berlin', 'UTC', 'GMT+3' or '+03:00'");
  return cx->err->code;
}

DcCode zone_default(CallContext *cx, Zone **out) {
  DatetimeCache *cache = datetime_cache(cx);
  const char *name = cx->timezone ? cx->timezone : "UTC";
  if (!cache->default_zone || cache->default_name != name) {
    DC_TRY(zone_get(cx, str_of(name), &cache->default_zone));
    cache->default_name = name;
  }
  *out = cache->default_zone;
  return DC_OK;
}

void zones_free(DatetimeCache *cache) {
  for (size_t i = 0; i < ZONE_SLOTS; i++) dc_free(cache->zones[i]);
  for (size_t i = 0; i < FIXED_ZONES; i++) dc_free(cache->fixed[i]);
  dc_free(cache->zone_names);
}

DcCode zone_check(const char *id, DcError *err) {
  CallContext cx = {.err = err};
  Zone *zone;
  DcCode code = zone_get(&cx, str_of(id), &zone);
  call_context_deinit(&cx);
  return code;
}

/* --- Looking up --- */

const ZoneSpan *zone_span(Zone *zone, int64_t seconds) {
  ZoneSpan *span = &zone->spans[(uint64_t)seconds >> SPAN_SHIFT & (SPAN_SLOTS - 1)];
  if (seconds >= span->from && seconds < span->until) return span;
  if (zone->handle) module->span(zone->handle, seconds, span);
  else *span = (ZoneSpan){.from = INT64_MIN, .until = INT64_MAX, .offset = zone->offset};
  return span;
}

int zone_offset(Zone *zone, int64_t seconds) { return zone->handle ? zone_span(zone, seconds)->offset : zone->offset; }

int64_t zone_from_local(Zone *zone, int64_t local_seconds) {
  if (!zone->handle) return local_seconds - zone->offset;
  const ZoneSpan *span = zone_span(zone, local_seconds);
  int64_t seconds = local_seconds - span->offset, gap_end;
  if (seconds - DAY_AND_MORE >= span->from && seconds + DAY_AND_MORE < span->until) return seconds;
  return module->from_local(zone->handle, local_seconds, &gap_end);
}

int64_t zone_from_local_start(Zone *zone, int64_t local_seconds) {
  if (!zone->handle) return local_seconds - zone->offset;
  int64_t start;
  module->from_local(zone->handle, local_seconds, &start);
  return start;
}

Str zone_id(const Zone *zone) { return str_of(zone->id); }
bool zone_is_offset(const Zone *zone) { return zone->is_offset; }
