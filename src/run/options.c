/* options.c - the table of options and how each value is read. */
#include "run/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pkg/packages.h"

/* Memory the process may use: physical memory or the limit of its cgroup, whichever is less. */
static uint64_t system_memory(void) {
  static const char *const limits[] = {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
  uint64_t total = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGE_SIZE);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    FILE *file = fopen(limits[i], "re");
    if (!file) continue;
    char line[64] = "";
    char *read = fgets(line, sizeof line, file);
    fclose(file);
    char *end;
    unsigned long long limit = read ? strtoull(line, &end, 10) : 0;
    if (limit > 0 && limit < total) total = limit;
  }
  return total;
}

static bool parse_count(Str text, uint64_t *out) {
  int64_t number;
  if (!int_parse(text, &number) || number < 0) return false;
  *out = (uint64_t)number;
  return true;
}

/* "12.5%" as 0.125. */
static bool parse_share(Str text, double *out) {
  Value number;
  double percent;
  if (!text.len || text.data[text.len - 1] != '%') return false;
  if (!number_parse(str_make(text.data, text.len - 1), &number) || !value_to_double(number, &percent)) return false;
  if (!(percent >= 0 && percent <= 100)) return false;
  *out = percent / 100;
  return true;
}

DcCode parse_memory(Str text, uint64_t *out, DcError *err) {
  static const char suffixes[] = "KMGT";
  double share;
  if (parse_share(text, &share) && share > 0) {
    *out = (uint64_t)((double)system_memory() * share);
    return DC_OK;
  }
  Str digits = text;
  unsigned shift = 0;
  if (digits.len && (digits.data[digits.len - 1] == 'B' || digits.data[digits.len - 1] == 'b')) digits.len--;
  if (digits.len) {
    char last = digits.data[digits.len - 1];
    for (unsigned i = 0; suffixes[i]; i++)
      if (last == suffixes[i] || last == suffixes[i] + ('a' - 'A')) shift = 10 * (i + 1);
    if (shift) digits.len--;
  }
  uint64_t number;
  if (!parse_count(digits, &number) || number == 0 || number > (UINT64_MAX >> shift)) {
    dc_fail(err, "'%.*s' is not a size of memory", STR_ARG(text));
    dc_hint(err, "bytes, 512M, 2G, or a share such as 60%%");
    return DC_FAIL;
  }
  *out = number << shift;
  return DC_OK;
}

static DcCode bad_value(DcError *err, Str text, const char *wanted) {
  return dc_fail(err, "'%.*s' is not %s", STR_ARG(text), wanted);
}

static DcCode parse_switch(Str text, bool *out, DcError *err) {
  static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (str_eq_nocase(text, str_of(words[i]))) {
      *out = i % 2;
      return DC_OK;
    }
  return bad_value(err, text, "TRUE or FALSE");
}

static DcCode apply_threads(Settings *settings, Str text, DcError *err) {
  uint64_t number;
  if (!parse_count(text, &number) || number > 4096) return bad_value(err, text, "a number of threads, 0 to 4096");
  settings->engine.threads = (int)number;
  return DC_OK;
}

static DcCode apply_memory(Settings *settings, Str text, DcError *err) {
  return parse_memory(text, &settings->engine.memory, err);
}

static DcCode apply_temp_dir(Settings *settings, Str text, DcError *err) {
  if (!text.len || memchr(text.data, 0, text.len)) return bad_value(err, text, "a folder");
  settings->engine.temp_dir = arena_copy(&settings->arena, text.data, text.len);
  return DC_OK;
}

static DcCode apply_seed(Settings *settings, Str text, DcError *err) {
  int64_t number;
  if (!int_parse(text, &number)) return bad_value(err, text, "a whole number");
  settings->engine.seed = (uint64_t)number;
  return DC_OK;
}

static DcCode apply_bad_records(Settings *settings, Str text, DcError *err) {
  static const char *const words[] = {"fail", "null", "skip", "capture"}; /* as in BadRecords */
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (str_eq_nocase(text, str_of(words[i]))) {
      settings->engine.bad_records = (BadRecords)i;
      return DC_OK;
    }
  return bad_value(err, text, "'fail', 'null', 'skip' or 'capture'");
}

static DcCode apply_split_names(Settings *settings, Str text, DcError *err) {
  settings->engine.split_folders = str_eq_nocase(text, str_of("hive"));
  if (settings->engine.split_folders || str_eq_nocase(text, str_of("values"))) return DC_OK;
  return bad_value(err, text, "'values' or 'hive'");
}

static DcCode apply_bad_records_path(Settings *settings, Str text, DcError *err) {
  if (!text.len || memchr(text.data, 0, text.len)) return bad_value(err, text, "a path");
  settings->engine.bad_records_path = arena_copy(&settings->arena, text.data, text.len);
  return DC_OK;
}

static DcCode apply_max_bad_records(Settings *settings, Str text, DcError *err) {
  settings->engine.max_bad_share = 0;
  settings->engine.max_bad_records = UINT64_MAX;
  if (parse_share(text, &settings->engine.max_bad_share)) return DC_OK;
  if (parse_count(text, &settings->engine.max_bad_records)) return DC_OK;
  return bad_value(err, text, "a number of records or a share such as '1%'");
}

static DcCode apply_log_level(Settings *settings, Str text, DcError *err) {
  if (log_level_parse(text, &settings->log_level)) return DC_OK;
  return bad_value(err, text, "'debug', 'info', 'notice', 'warning' or 'error'");
}

static DcCode apply_raise_hook(Settings *settings, Str text, DcError *err) {
  if (memchr(text.data ? text.data : "", 0, text.len)) return bad_value(err, text, "a command");
  settings->raise_hook = text.len ? arena_copy(&settings->arena, text.data, text.len) : NULL;
  return DC_OK;
}

static DcCode apply_raise_hook_level(Settings *settings, Str text, DcError *err) {
  if (log_level_parse(text, &settings->raise_hook_level)) return DC_OK;
  return bad_value(err, text, "'debug', 'info', 'notice', 'warning' or 'error'");
}

static DcCode apply_raise_hook_timeout(Settings *settings, Str text, DcError *err) {
  uint64_t seconds;
  if (!parse_count(text, &seconds) || seconds > 86400) return bad_value(err, text, "a number of seconds, 0 to 86400");
  settings->raise_hook_timeout = seconds;
  return DC_OK;
}

static DcCode apply_strict(Settings *settings, Str text, DcError *err) {
  return parse_switch(text, &settings->engine.strict, err);
}

static DcCode apply_batch_rows(Settings *settings, Str text, DcError *err) {
  uint64_t number;
  if (!parse_count(text, &number)) return bad_value(err, text, "a number of rows");
  settings->engine.batch_rows = (size_t)number;
  return DC_OK;
}

static DcCode apply_timezone(Settings *settings, Str text, DcError *err) {
  if (!text.len || memchr(text.data, 0, text.len)) return bad_value(err, text, "a time zone");
  settings->timezone = arena_copy(&settings->arena, text.data, text.len);
  return zone_check(settings->timezone, err);
}

static DcCode apply_iteration_limit(Settings *settings, Str text, DcError *err) {
  return parse_count(text, &settings->iteration_limit) ? DC_OK : bad_value(err, text, "a number of rounds");
}

static DcCode apply_nesting_limit(Settings *settings, Str text, DcError *err) {
  return parse_count(text, &settings->nesting_limit) ? DC_OK : bad_value(err, text, "a number of loops");
}

static DcCode apply_fail_at(Settings *settings, Str text, DcError *err) {
  uint64_t number;
  if (!parse_count(text, &number) || number > INT32_MAX) return bad_value(err, text, "a number");
  settings->engine.fail_at = (int)number;
  return DC_OK;
}

static DcCode apply_die_at(Settings *settings, Str text, DcError *err) {
  uint64_t number;
  if (!parse_count(text, &number) || number > INT32_MAX) return bad_value(err, text, "a number");
  settings->engine.die_at = (int)number;
  return DC_OK;
}

static DcCode apply_nothing(Settings *settings, Str text, DcError *err) {
  (void)settings, (void)text, (void)err;
  return DC_OK;
}

static const OptionRow rows[] = {
  {.name = "threads", .value = "N", .default_text = "0", .apply = apply_threads, .example = "@threads = 4",
   .doc = "Worker threads; 0: as many as the machine has cores."},
  {.name = "memory", .value = "SIZE", .default_text = "60%", .apply = apply_memory, .example = "@memory = '2G'",
   .doc = "Memory for data, in bytes, as 512M, 2G, or a share of the machine's as 60%; more than that goes to disk."},
  {.name = "temp_dir", .value = "FOLDER", .default_text = "", .apply = apply_temp_dir, .example = "@temp_dir = '/var/tmp'",
   .doc = "Folder of temporary files; by default $TMPDIR or /tmp."},
  {.name = "seed", .value = "N", .default_text = "0", .apply = apply_seed, .example = "@seed = 42",
   .doc = "Start of RANDOM, SAMPLE and LIMIT n%; the same seed gives the same result."},
  {.name = "bad_records", .value = "fail|null|skip|capture", .default_text = "fail", .apply = apply_bad_records, .example = "@bad_records = 'skip'",
   .doc = "A value that cannot be converted: 'fail' stops, 'null' puts NULL, 'skip' leaves the record out, 'capture' also writes it to bad_records_path."},
  {.name = "bad_records_path", .value = "FILE", .default_text = "bad-records.jsonl", .apply = apply_bad_records_path, .example = "@bad_records_path = 'bad.jsonl'",
   .doc = "File for bad_records = 'capture', which adds lines to it."},
  {.name = "max_bad_records", .value = "N|N%", .default_text = "", .apply = apply_max_bad_records, .example = "@max_bad_records = '1%'",
   .doc = "With 'null', 'skip' and 'capture': stop when there are more bad records than this."},
  {.name = "log_level", .value = "debug|info|notice|warning|error", .default_text = "info", .late = true, .apply = apply_log_level, .example = "@log_level = 'debug'",
   .doc = "Messages below this level are dropped: debug, info, notice, warning, error."},
  {.name = "raise_hook", .value = "COMMAND", .default_text = "", .late = true, .apply = apply_raise_hook, .example = "@raise_hook = './alert.sh'",
   .doc = "A command of the shell that is run for what RAISE says and for the error that ends a run: the text is its standard input and DCETL_HOOK_MESSAGE, beside DCETL_HOOK_LEVEL and DCETL_HOOK_PLACE."},
  {.name = "raise_hook_level", .value = "debug|info|notice|warning|error", .default_text = "warning", .late = true, .apply = apply_raise_hook_level,
   .example = "@raise_hook_level = 'error'", .doc = "raise_hook is run for this level and those above."},
  {.name = "raise_hook_timeout", .value = "SECONDS", .default_text = "60", .late = true, .apply = apply_raise_hook_timeout,
   .example = "@raise_hook_timeout = 10", .doc = "A raise_hook that takes longer is ended, with a warning; 0: no limit."},
  {.name = "strict", .value = "true|false", .default_text = "false", .apply = apply_strict, .example = "@strict = TRUE",
   .doc = "Unknown variables, attributes and partitions are errors in place of warnings."},
  {.name = "batch_rows", .value = "N", .default_text = "0", .apply = apply_batch_rows, .example = "@batch_rows = 10000",
   .doc = "At most so many rows in a batch; 0: by size."},
  {.name = "timezone", .value = "ZONE", .default_text = "UTC", .apply = apply_timezone, .example = "@timezone = 'Europe/Berlin'",
   .doc = "Zone of times that name none."},
  {.name = "split_names", .value = "values|hive", .default_text = "values", .apply = apply_split_names, .example = "@split_names = 'hive'",
   .doc = "What SPLIT calls its datasets: 'values' a/1, 'hive' letter=a/number=1, by AS or the attribute."},
  {.name = "loop_iteration_limit", .value = "N", .default_text = "0", .late = true, .apply = apply_iteration_limit,
   .example = "@loop_iteration_limit = 32", .doc = "LOOP over more values is an error; 0: no limit."},
  {.name = "loop_nesting_limit", .value = "N", .default_text = "0", .late = true, .apply = apply_nesting_limit,
   .example = "@loop_nesting_limit = 3", .doc = "LOOPs nested deeper than one more than this are an error; 0: no limit."},
  {.name = "storage_level", .value = "TEXT", .default_text = "MEMORY_AND_DISK", .unused = true, .apply = apply_nothing,
   .example = "@storage_level = 'MEMORY_ONLY'", .doc = "Accepted for TDL 5.5; does nothing."},
  {.name = "usage_threshold", .value = "N", .default_text = "2", .unused = true, .apply = apply_nothing,
   .example = "@usage_threshold = 2", .doc = "Accepted for TDL 5.5; does nothing."},
  {.name = "batch_verbose", .value = "true|false", .default_text = "false", .unused = true, .apply = apply_nothing,
   .example = "@batch_verbose = TRUE", .doc = "Accepted for TDL 5.5; does nothing."},
  {.name = "fail_at", .value = "N", .default_text = "0", .hidden = true, .apply = apply_fail_at,
   .example = "@fail_at = 3", .doc = "Tests: let the Nth write or allocation of data fail."},
  {.name = "die_at", .value = "N", .default_text = "0", .hidden = true, .apply = apply_die_at,
   .example = "@die_at = 3", .doc = "Tests: end by SIGKILL at the Nth write or allocation of data."},
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };
_Static_assert((int)ROW_COUNT <= (int)OPTIONS_MAX, "Settings has room for every option");

const OptionRow *option_rows(size_t *count) {
  *count = ROW_COUNT;
  return rows;
}

const OptionRow *option_find(Str name) {
  for (size_t i = 0; i < ROW_COUNT; i++)
    if (str_is(name, rows[i].name)) return &rows[i];
  return NULL;
}

void settings_init(Settings *settings) {
  memset(settings, 0, sizeof *settings);
  settings->engine.max_bad_records = UINT64_MAX;
  settings->log_level = LOG_LEVEL_INFO;
  settings->raise_hook_level = LOG_LEVEL_WARNING;
  settings->raise_hook_timeout = 60;
}

void settings_deinit(Settings *settings) { arena_free(&settings->arena); }

static DcCode unknown_option(Str name, DcError *err) {
  Speller speller = speller_start(name);
  for (size_t i = 0; i < ROW_COUNT; i++)
    if (!rows[i].hidden) speller_try(&speller, str_of(rows[i].name));
  Str best = speller_best(&speller);
  dc_fail(err, "unknown option '%.*s'", STR_ARG(name));
  if (best.len) dc_hint(err, "did you mean '%.*s'?", STR_ARG(best));
  else dc_hint(err, "SHOW OPTIONS lists them");
  return DC_FAIL;
}

/* Weaker values are read into a copy that is thrown away: they are still checked. */
DcCode settings_set(Settings *settings, Str name, Str text, SettingRank rank, DcError *err) {
  const OptionRow *row = option_find(name);
  if (!row) return unknown_option(name, err);
  size_t index = (size_t)(row - rows);
  Settings checked = {.arena = {0}};
  bool wins = rank >= settings->ranks[index];
  DcError cause = {0};
  DcCode code = row->apply(wins ? settings : &checked, text, &cause);
  settings_deinit(&checked);
  if (code != DC_OK) {
    dc_fail(err, "option '%s': %s", row->name, cause.message);
    if (cause.hint[0]) dc_hint(err, "%s", cause.hint);
    return code;
  }
  if (!wins) return DC_OK;
  settings->ranks[index] = rank;
  settings->texts[index] = arena_str(&settings->arena, text);
  return DC_OK;
}

DcCode settings_environment(Settings *settings, DcError *err) {
  for (size_t i = 0; i < ROW_COUNT; i++) {
    char name[64] = "DCETL_";
    size_t len = strlen(name);
    for (const char *from = rows[i].name; *from; from++)
      name[len++] = *from >= 'a' && *from <= 'z' ? (char)(*from - 'a' + 'A') : *from;
    name[len] = 0;
    const char *text = getenv(name);
    if (!text || !*text) continue;
    DcError cause = {0};
    DcCode code = settings_set(settings, str_of(rows[i].name), str_of(text), RANK_ENVIRONMENT, &cause);
    if (code == DC_OK) continue;
    dc_fail(err, "environment variable %s: %s", name, cause.message);
    dc_hint(err, "%s", cause.hint);
    return code;
  }
  return DC_OK;
}

Str settings_get(const Settings *settings, Str name) {
  const OptionRow *row = option_find(name);
  if (!row) return (Str){0};
  Str text = settings->texts[row - rows];
  return text.data ? text : str_of(row->default_text);
}
