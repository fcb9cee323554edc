/* datetime_names.c - names of months, days, halves of the day and zones. English is built in, as Java's Locale.ENGLISH has
 * it; other languages and the full names of zones come from the module dcetl-icu.so.
 */
#include <stdio.h>

#include "base/module.h"
#include "base/utf8.h"
#include "pkg/datetime.h"

/* --- The module --- */

static _Atomic(const NamesModule *) module;

static DcCode need_module(DcError *err) {
  static Module icu = {.name = "icu", .symbol = "dcetl_names_module", .version = NAMES_MODULE_VERSION,
                       .what = "names in other languages and full names of zones", .package = "ICU (Debian: libicu72, Fedora: libicu)"};
  const void *found;
  DC_TRY(module_need(&icu, &found, err));
  module = found;
  return DC_OK;
}

/* --- English --- */

int names_count(int table) {
  if (table < NAMES_DAY) return 12;
  if (table < NAMES_QUARTER) return 7;
  if (table < NAMES_ERA) return 4;
  return table < NAMES_PERIOD ? 2 : NAMES_IN_TABLE;
}

static void fill(Names *names, int table, const char *const *texts) {
  for (int i = 0; i < names_count(table); i++) names->tables[table][i] = str_of(texts[i]);
}

static void fill_initials(Names *names, int table) { /* the narrow style is the first letter of the full one */
  for (int i = 0; i < names_count(table); i++) names->tables[table][i] = str_make(names->tables[table - 1][i].data, 1);
}

static void fill_short(Names *names, int table) { /* the short style is the first three letters */
  for (int i = 0; i < names_count(table); i++) names->tables[table][i] = str_make(names->tables[table + 1][i].data, 3);
}

static void fill_periods(Names *names) {
  for (int style = 0; style < 3; style++) {
    Str *table = names->tables[NAMES_PERIOD + style];
    for (int hour = 0; hour < 24; hour++)
      table[hour] = str_of(hour < 6 || hour >= 21 ? "at night" : hour < 12 ? "in the morning" : hour < 18 ? "in the afternoon" : "in the evening");
    table[PERIOD_NOON] = str_of(style == 2 ? "n" : "noon");
    table[PERIOD_MIDNIGHT] = str_of(style == 2 ? "mi" : "midnight");
  }
}

static void fill_english(Names *names) {
  static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
  static const char *const days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  static const char *const quarters[] = {"Q1", "Q2", "Q3", "Q4", "1st quarter", "2nd quarter", "3rd quarter", "4th quarter", "1", "2", "3", "4"};
  static const char *const eras[] = {"BC", "AD", "Before Christ", "Anno Domini", "B", "A"};
  static const char *const halves[] = {"AM", "PM"};
  for (int alone = 0; alone < 6; alone += 3) {
    fill(names, NAMES_MONTH + alone + 1, months);
    fill_short(names, NAMES_MONTH + alone);
    fill_initials(names, NAMES_MONTH + alone + 2);
    fill(names, NAMES_DAY + alone + 1, days);
    fill_short(names, NAMES_DAY + alone);
    fill_initials(names, NAMES_DAY + alone + 2);
    for (int style = 0; style < 3; style++) fill(names, NAMES_QUARTER + alone + style, quarters + 4 * style);
  }
  for (int style = 0; style < 3; style++) {
    fill(names, NAMES_ERA + style, eras + 2 * style);
    fill(names, NAMES_AMPM + style, halves);
  }
  fill_periods(names);
  names->first_day = 7; /* Locale.ENGLISH: Sunday, and 1 January is in week 1 */
  names->least_days = 1;
}

/* --- Other languages --- */

static void put_name(void *self, int table, int index, const char *text, size_t len) {
  Names *names = self;
  names->tables[table][index] = arena_str(&names->arena, str_make(text, len));
}

static DcCode fill_language(Names *names, DcError *err) {
  const char *reason;
  DC_TRY(need_module(err));
  if (module->names(names->language, put_name, names, &names->first_day, &names->least_days, &reason)) return DC_OK;
  if (reason) return dc_fail(err, "the names of the language '%s' cannot be read: %s", names->language, reason);
  dc_fail(err, "unknown language '%s'", names->language);
  dc_hint(err, "languages are written like 'de', 'pt_BR' or 'zh-Hant'");
  return err->code;
}

static void free_names(Names *names) {
  arena_free(&names->arena);
  dc_free(names->language);
  dc_free(names);
}

DcCode names_get(CallContext *cx, Str language, const Names **out) {
  DatetimeCache *cache = datetime_cache(cx);
  if (str_is(language, "en") || str_is(language, "root")) language.len = 0;
  for (size_t i = 0; i < cache->names_count; i++)
    if (str_is(language, cache->names[i]->language)) {
      *out = cache->names[i];
      return DC_OK;
    }
  Names *names = dc_alloc(sizeof *names);
  names->language = dc_alloc(language.len + 1);
  if (language.len) memcpy(names->language, language.data, language.len);
  DcCode code = DC_OK;
  if (language.len > 60 || (language.len && memchr(language.data, 0, language.len)))
    code = dc_fail(cx->err, "unknown language '%.*s'", language.len > 60 ? 60 : (int)language.len, language.data);
  else if (language.len) code = fill_language(names, cx->err);
  else fill_english(names);
  if (code != DC_OK) {
    free_names(names);
    return code;
  }
  VEC_GROW(cache->names, cache->names_count, cache->names_cap);
  cache->names[cache->names_count++] = names;
  *out = names;
  return DC_OK;
}

void names_free(DatetimeCache *cache) {
  for (size_t i = 0; i < cache->names_count; i++) free_names(cache->names[i]);
  dc_free(cache->names);
}

/* --- Zones --- */

/* A name of ICU, kept while the same is asked for again. */
static DcCode long_name(CallContext *cx, const Names *names, Zone *zone, int64_t seconds, char letter, int style, Str *out) {
  DatetimeCache *cache = datetime_cache(cx);
  const ZoneSpan *span = zone_span(zone, seconds);
  bool same = cache->named_zone == zone && cache->named_names == names && cache->named_letter == letter && cache->named_style == style &&
              cache->named_offset == span->offset && cache->named_daylight == span->daylight;
  if (!same) {
    DC_TRY(need_module(cx->err));
    char pattern[5] = {letter, 0}, text[192], id[64];
    if (style) memset(pattern, letter, 4);
    Str name = zone_id(zone);
    snprintf(id, sizeof id, "%.*s", STR_ARG(name));
    size_t len = module->zone(names->language[0] ? names->language : "en", pattern, id, seconds, text, sizeof text);
    if (!len) return dc_fail(cx->err, "ICU has no name for the time zone '%s'", id);
    cache->zone_name.len = 0;
    buf_put(&cache->zone_name, text, len);
    cache->named_zone = zone;
    cache->named_names = names;
    cache->named_letter = letter;
    cache->named_style = style;
    cache->named_offset = span->offset;
    cache->named_daylight = span->daylight;
  }
  *out = str_make(cache->zone_name.data, cache->zone_name.len);
  return DC_OK;
}

DcCode names_zone(CallContext *cx, const Names *names, Zone *zone, int64_t seconds, char letter, int style, Str *out) {
  const ZoneSpan *span = zone_span(zone, seconds);
  Str id = zone_id(zone);
  *out = id;
  if (zone_is_offset(zone)) return DC_OK;
  if (str_starts(id, str_of("GMT")) || str_starts(id, str_of("UT"))) {
    bool plain = id.len <= 3;
    if (plain && style) *out = str_of(str_is(id, "GMT") ? "Greenwich Mean Time" : "Coordinated Universal Time");
    if (!plain || !style || !names->language[0]) return DC_OK;
  }
  bool has_letters = span->abbreviation[0] != '+' && span->abbreviation[0] != '-';
  if (letter == 'z' && !style && has_letters) {
    *out = str_of(span->abbreviation);
    return DC_OK;
  }
  return long_name(cx, names, zone, seconds, letter, style, out);
}

size_t names_read_abbreviation(Str text, int *offset) {
  static const struct { const char *name; int minutes; } rows[] = {
    {"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"PST", -480}, {"PDT", -420}, {"MST", -420}, {"MDT", -360}, {"CST", -360}, {"CDT", -300},
    {"EST", -300}, {"EDT", -240}, {"AST", -240}, {"ADT", -180}, {"NST", -210}, {"NDT", -150}, {"WET", 0}, {"WEST", 60}, {"BST", 60},
    {"CET", 60}, {"CEST", 120}, {"EET", 120}, {"EEST", 180}, {"MSK", 180}, {"SAST", 120}, {"PKT", 300}, {"IST", 330}, {"HKT", 480},
    {"AWST", 480}, {"JST", 540}, {"KST", 540}, {"ACST", 570}, {"ACDT", 630}, {"AEST", 600}, {"AEDT", 660}, {"NZST", 720}, {"NZDT", 780},
  };
  size_t best = 0;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    size_t len = strlen(rows[i].name);
    if (len <= best || !str_starts(text, str_of(rows[i].name))) continue;
    best = len;
    *offset = rows[i].minutes * 60;
  }
  return best;
}
