/* regex.c - a small cache of compiled PCRE2 patterns. JIT code is made for patterns that are used again. */
#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { SLOTS = 128, PROBES = 4, JIT_AFTER = 4 };

struct Regex {
  char *pattern;
  size_t len;
  unsigned flags;
  uint32_t uses;
  int groups;
  pcre2_code *code;
  pcre2_match_data *match;
};

struct RegexCache {
  Regex slots[SLOTS];
  Regex *last;
  unsigned next_victim;
};

static void forget(Regex *regex) {
  pcre2_match_data_free(regex->match);
  pcre2_code_free(regex->code);
  dc_free(regex->pattern);
  memset(regex, 0, sizeof *regex);
}

static bool is_same(const Regex *regex, Str pattern, unsigned flags) {
  return regex->code && regex->flags == flags && str_eq((Str){regex->pattern, regex->len}, pattern);
}

static DcCode compile(Regex *slot, Str pattern, unsigned flags, DcError *err) {
  uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
  if (flags & REGEX_IGNORE_CASE) options |= PCRE2_CASELESS;
  if (flags & REGEX_DOT_ALL) options |= PCRE2_DOTALL;
  if (flags & REGEX_MULTILINE) options |= PCRE2_MULTILINE;
  if (flags & REGEX_EXTENDED) options |= PCRE2_EXTENDED;
  if (flags & REGEX_FULL) options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
  int number;
  PCRE2_SIZE offset;
  pcre2_compile_context *context = pcre2_compile_context_create(NULL);
  if (context) pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF); /* as Java: a dot matches no CR either */
  pcre2_code *code = pcre2_compile((PCRE2_SPTR)(pattern.len ? pattern.data : ""), pattern.len, options, &number, &offset, context);
  pcre2_compile_context_free(context);
  if (!code) {
    PCRE2_UCHAR reason[160];
    pcre2_get_error_message(number, reason, sizeof reason);
    dc_fail(err, "bad regular expression '%.*s': %s at offset %zu", STR_ARG(pattern), (char *)reason, (size_t)offset);
    dc_hint(err, "a backslash takes the character behind it as it is: \\(");
    return err->code;
  }
  uint32_t groups = 0;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
  *slot = (Regex){.len = pattern.len, .flags = flags, .groups = (int)groups, .code = code};
  slot->pattern = dc_alloc(pattern.len + 1);
  if (pattern.len) memcpy(slot->pattern, pattern.data, pattern.len);
  slot->match = pcre2_match_data_create_from_pattern(code, NULL);
  if (slot->match) return DC_OK;
  forget(slot);
  return dc_fail(err, "out of memory for a regular expression");
}

DcCode regex_get(RegexCache **cache, Str pattern, unsigned flags, Regex **out, DcError *err) {
  if (!*cache) *cache = dc_alloc(sizeof **cache);
  RegexCache *self = *cache;
  if (self->last && is_same(self->last, pattern, flags)) {
    *out = self->last;
    return DC_OK;
  }
  uint32_t hash = 2166136261u ^ flags; /* FNV-1a */
  for (size_t i = 0; i < pattern.len; i++) hash = (hash ^ (unsigned char)pattern.data[i]) * 16777619u;
  Regex *slot = NULL;
  for (unsigned i = 0; i < PROBES; i++) {
    Regex *candidate = &self->slots[(hash + i) % SLOTS];
    if (is_same(candidate, pattern, flags)) {
      *out = self->last = candidate;
      return DC_OK;
    }
    if (!slot && !candidate->code) slot = candidate;
  }
  if (!slot) {
    slot = &self->slots[(hash + self->next_victim++ % PROBES) % SLOTS];
    forget(slot);
  }
  self->last = NULL;
  DC_TRY(compile(slot, pattern, flags, err));
  *out = self->last = slot;
  return DC_OK;
}

void regex_cache_free(RegexCache *cache) {
  if (!cache) return;
  for (int i = 0; i < SLOTS; i++) forget(&cache->slots[i]);
  dc_free(cache);
}

DcCode regex_match(Regex *regex, Str text, size_t from, bool *found, DcError *err) {
  if (++regex->uses == JIT_AFTER) pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE); /* without JIT it just runs slower */
  PCRE2_SPTR subject = (PCRE2_SPTR)(text.len ? text.data : "");
  int count = pcre2_match(regex->code, subject, text.len, from, 0, regex->match, NULL);
  if (count == PCRE2_ERROR_JIT_STACKLIMIT) /* the interpreter keeps its stack on the heap */
    count = pcre2_match(regex->code, subject, text.len, from, PCRE2_NO_JIT, regex->match, NULL);
  *found = count >= 0;
  if (count >= 0 || count == PCRE2_ERROR_NOMATCH) return DC_OK;
  PCRE2_UCHAR reason[160];
  pcre2_get_error_message(count, reason, sizeof reason);
  return dc_fail(err, "matching the regular expression '%.*s' failed: %s", (int)regex->len, regex->pattern, (char *)reason);
}

bool regex_group(const Regex *regex, int group, size_t *start, size_t *end) {
  if (group < 0 || group > regex->groups) return false;
  const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(regex->match);
  if (bounds[2 * group] == PCRE2_UNSET) return false;
  *start = bounds[2 * group];
  *end = bounds[2 * group + 1];
  return true;
}

int regex_group_count(const Regex *regex) { return regex->groups; }

int regex_group_named(const Regex *regex, Str name) {
  char text[64];
  if (name.len >= sizeof text) return -1;
  memcpy(text, name.data, name.len);
  text[name.len] = 0;
  int number = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)text);
  return number > 0 ? number : -1;
}
