/* options.h - the options of language.md § 9: one row each, and the settings they make.
 *
 * Values come from the environment, OPTIONS statements and the command line; the stronger source wins whatever the
 * order (environment < script < command line). Settings own their texts.
 */
#ifndef RUN_OPTIONS_H
#define RUN_OPTIONS_H

#include "base/log.h"
#include "engine/dataset.h"

typedef enum SettingRank { RANK_DEFAULT, RANK_ENVIRONMENT, RANK_SCRIPT, RANK_COMMAND_LINE } SettingRank;

enum { OPTIONS_MAX = 32 };

typedef struct Settings {
  EngineOptions engine;
  LogLevel log_level;
  const char *raise_hook;   /* NULL: none */
  LogLevel raise_hook_level;
  uint64_t raise_hook_timeout; /* seconds; 0: none */
  const char *timezone;     /* NULL: UTC */
  uint64_t iteration_limit; /* of LOOP; 0: none */
  uint64_t nesting_limit;   /* of LOOPs in each other; 0: none */
  SettingRank ranks[OPTIONS_MAX]; /* by row */
  Str texts[OPTIONS_MAX];         /* as given; data NULL: the default */
  Arena arena;
} Settings;

typedef struct OptionRow OptionRow;
struct OptionRow {
  const char *name;
  const char *value; /* its words with '|' between them, or what stands for it: "N", "FILE" */
  const char *default_text, *doc, *example;
  bool late;   /* may change while the script runs */
  bool unused; /* accepted for scripts of TDL 5.5, does nothing */
  bool hidden; /* for tests: not listed */
  DcCode (*apply)(Settings *settings, Str text, DcError *err);
};
const OptionRow *option_rows(size_t *count);

void settings_init(Settings *settings);
void settings_deinit(Settings *settings);
/* An unknown name or a bad value is an error; a weaker rank than the present one is checked and then left alone. */
DcCode settings_set(Settings *settings, Str name, Str text, SettingRank rank, DcError *err) DC_MUST_CHECK;
/* Takes DCETL_<NAME> for every option. */
DcCode settings_environment(Settings *settings, DcError *err) DC_MUST_CHECK;
/* The text of an option, its default where it was not set; data NULL: there is no such option. */
Str settings_get(const Settings *settings, Str name);
const OptionRow *option_find(Str name);

/* 4096, 512K, 512M, 2G, 1T, or 60% of the machine's memory. */
DcCode parse_memory(Str text, uint64_t *out, DcError *err) DC_MUST_CHECK;

#endif
