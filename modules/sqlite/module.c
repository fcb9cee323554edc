/* module.c - parameters, and what the program sees of the module. */
#include <ctype.h>
#include <strings.h>

#include "sqlite.h"

enum { WAIT_SECONDS = 30, MOST_WAIT = 24 * 3600 };

/* 'data.db', 'sqlite:data.db', 'sqlite:///folder/data.db' */
static const char *path_of(const char *url) {
  if (strncasecmp(url, "sqlite:", 7) != 0) return url;
  url += 7;
  return strncmp(url, "//", 2) == 0 ? url + 2 : url;
}

/* 'name=value' as a PRAGMA; only what cannot be anything else. */
static int add_pragma(System *system, const char *option, TableError *error) {
  const char *sign = strchr(option, '=');
  bool good = sign && sign > option && sign[1];
  for (const char *at = option; good && *at; at++) good = at == sign || isalnum((unsigned char)*at) || *at == '_' || (at > sign && *at == '-');
  if (!good) {
    MODULE_HINT(error, "@options = ['journal_mode=WAL', 'foreign_keys=ON'] sets PRAGMAs");
    return MODULE_FAIL(error, "@options has '%s', which is not name=value", option);
  }
  char **more = realloc(system->pragmas, ((size_t)system->pragma_count + 1) * sizeof *more);
  if (!more) return SQL_NO_MEMORY(error);
  system->pragmas = more;
  size_t size = strlen(option) + 20;
  if (!(more[system->pragma_count] = malloc(size))) return SQL_NO_MEMORY(error);
  snprintf(more[system->pragma_count++], size, "PRAGMA %.*s = %s", (int)(sign - option), option, sign + 1);
  return 0;
}

static void close_system(System *system) {
  for (uint32_t i = 0; i < system->pragma_count; i++) free(system->pragmas[i]);
  free(system->pragmas);
  free(system->path);
  free(system->key);
  free(system);
}

static int take_options(System *system, const TableOption *options, uint32_t count, TableError *error) {
  const char *url = sql_option(options, count, "url"), *key = sql_option(options, count, "key");
  if (!url || !*path_of(url)) {
    MODULE_HINT(error, "@url = 'data.db', or 'sqlite:data.db'");
    return MODULE_FAIL(error, "@url says which file it is, and is missing");
  }
  if (strcmp(path_of(url), ":memory:") == 0) return MODULE_FAIL(error, "a database in memory would be gone after each statement");
  int wait = sql_option_count(options, count, "timeout", WAIT_SECONDS, MOST_WAIT, error);
  if (wait < 0) return -1;
  system->wait = wait * INT64_C(1000);
  system->path = strdup(path_of(url));
  system->key = key ? strdup(key) : NULL;
  if (!system->path || (key && !system->key)) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < count; i++)
    if (strcmp(options[i].name, "options") == 0 && add_pragma(system, options[i].value, error) != 0) return -1;
  return 0;
}

static int connect(const SystemHost *host, const TableOption *options, uint32_t count, System **out, TableError *error) {
  System *system = calloc(1, sizeof *system);
  if (!system) return SQL_NO_MEMORY(error);
  system->host = host;
  if (take_options(system, options, count, error) != 0) {
    close_system(system);
    return -1;
  }
  *out = system;
  return 0;
}

MODULE_EXPORT extern const SystemModule dcetl_sqlite_module;
const SystemModule dcetl_sqlite_module = {
  .version = SYSTEM_MODULE_VERSION,
  .name = "SQLite",
  .connect = connect,
  .close = close_system,
  .plan = sqlite_plan,
  .read = sqlite_read,
  .free_plan = sqlite_free_plan,
  .target = sqlite_target,
  .begin = sqlite_begin,
  .write = sqlite_write,
  .commit = sqlite_commit,
  .free_writer = sqlite_free_writer,
  .execute = sqlite_execute,
};
