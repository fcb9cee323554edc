/* login.c - from the parameters of the adapter to a connection string; what is particular to drivers. */
#include <ctype.h>
#include <strings.h>

#include "odbc/odbc.h"

/* OPTION of MariaDB's driver: rows are counted as found, not as changed (2); results are not gathered (1048576) and only read forward
   (2097152), which 3.1 does not heed. It opens a converter (iconv) for each text in UTF-16, so texts go as bytes. psqlodbc: truth values are no texts; a failure ends the transaction, without a savepoint for each statement. */
static const OdbcQuirks quirks[] = {
    {.driver = "psqlodbc",
     .pairs = {{"BoolsAsChar", "0"}, {"Protocol", "7.4-1"}, {"LFConversion", "0"}},
     .first = {"SET TIME ZONE 'UTC'"},
     .postgres = true,
     .cursor = true},
    {.driver = "maodbc",
     .pairs = {{"OPTION", "3145730"}, {"CHARSET", "utf8mb4"}},
     .first = {"SET time_zone = '+00:00'", "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"},
     .mysql = true,
     .times_leak = true,
     .utf8 = true,
     .no_rest = true},
    {.driver = NULL},
};

const OdbcQuirks *odbc_quirks(const char *driver) {
  const OdbcQuirks *at = quirks;
  while (at->driver && !strcasestr(driver, at->driver)) at++;
  return at;
}

/* --- Connection strings --- */

static void login_free(OdbcLogin *login) {
  for (uint32_t i = 0; i < login->count; i++) {
    free(login->pairs[i].key);
    free(login->pairs[i].value);
  }
  login->count = 0;
}

int odbc_login_put(OdbcLogin *login, const char *key, const char *value, bool replace) {
  uint32_t i = 0;
  while (i < login->count && strcasecmp(login->pairs[i].key, key) != 0) i++;
  if (i < login->count && !replace) return 0;
  char *copy = strdup(value);
  if (!copy || i == ODBC_MOST_PAIRS) return free(copy), -1;
  if (i < login->count) {
    free(login->pairs[i].value);
    login->pairs[i].value = copy;
    return 0;
  }
  login->pairs[i] = (OdbcPair){strdup(key), copy};
  login->count++;
  return login->pairs[i].key ? 0 : -1;
}

bool odbc_login_utf8(const OdbcLogin *login) {
  for (uint32_t i = 0; i < login->count; i++)
    if (strcasecmp(login->pairs[i].key, "CHARSET") == 0) return strcasecmp(login->pairs[i].value, "utf8mb4") == 0;
  return false;
}

/* The value that begins at `at`, within {} or up to a semicolon, appended; gives its end, NULL: no } ends it. */
static const char *take_value(const char *at, Bytes *out) {
  while (isspace((unsigned char)*at)) at++;
  if (*at != '{') {
    size_t len = strcspn(at, ";");
    bytes_put(out, at, len);
    return at + len;
  }
  for (at++; *at; at++) {
    if (*at == '}' && *++at != '}') return at + strcspn(at, ";");
    bytes_put(out, at, 1);
  }
  return NULL;
}

/* "Driver={PostgreSQL Unicode};Server=…" */
static int parse_text(OdbcLogin *login, const char *text, TableError *error) {
  for (const char *at = text; *at;) {
    Bytes key = {0}, value = {0};
    at += strspn(at, "; \t\r\n");
    if (!*at) break;
    size_t len = strcspn(at, "=;");
    const char *end = at[len] == '=' ? take_value(at + len + 1, &value) : NULL;
    while (len && isspace((unsigned char)at[len - 1])) len--;
    bytes_put(&key, at, len);
    bool good = end && len && sql_text(&key) && sql_text(&value) && odbc_login_put(login, (char *)key.data, (char *)value.data, false) == 0;
    bytes_free(&key);
    bytes_free(&value);
    if (!good) {
      MODULE_HINT(error, "keyword=value;keyword=value; a value with ; in it within {}, } doubled");
      return MODULE_FAIL(error, "the connection string is wrong at its keyword '%.*s'", (int)len, at);
    }
    at = end;
  }
  return 0;
}

static bool special(const char *value) {
  return !value[0] || strpbrk(value, "[]{}(),;?*=!@%+ \t") != NULL;
}

static void put_pair(Bytes *out, const OdbcPair *pair) {
  bool braces = special(pair->value);
  if (out->len) sql_put(out, ";");
  sql_put(out, pair->key);
  sql_put(out, braces ? "={" : "=");
  for (const char *at = pair->value; *at; at++) {
    bytes_put(out, at, 1);
    if (braces && *at == '}') bytes_put(out, at, 1);
  }
  if (braces) sql_put(out, "}");
}

SQLWCHAR *odbc_login_text(const OdbcLogin *login, SQLSMALLINT *len) {
  Bytes text = {0};
  size_t count = 0;
  for (uint32_t i = 0; i < login->count; i++) put_pair(&text, &login->pairs[i]);
  SQLWCHAR *wide = text.failed ? NULL : odbc_wide((const char *)text.data, text.len, &count);
  bytes_free(&text);
  *len = (SQLSMALLINT)count;
  if (wide && count <= INT16_MAX) return wide;
  free(wide);
  return NULL;
}

/* --- Parameters --- */

static const struct {
  const char *name, *key;
} logins[] = {{"host", "Server"}, {"port", "Port"}, {"database", "Database"}, {"user", "UID"}, {"password", "PWD"}};

/* 'Keyword=value' of @options. */
static int put_option(OdbcLogin *login, const char *text, TableError *error) {
  const char *equals = strchr(text, '=');
  char *key = equals && equals > text ? strndup(text, (size_t)(equals - text)) : NULL;
  int status = key ? odbc_login_put(login, key, equals + 1, true) : -1;
  free(key);
  if (status == 0) return 0;
  MODULE_HINT(error, "@options = ['Encrypt=yes'], keywords of the driver's connection string");
  return MODULE_FAIL(error, "@options has '%s', which is no keyword=value", text);
}

static int put_url(OdbcLogin *login, const char *url, TableError *error) {
  if (strncasecmp(url, "odbc:", 5) == 0) url += 5;
  if (!strchr(url, '=')) return odbc_login_put(login, "DSN", url, true);
  return parse_text(login, url, error);
}

/* As it is, and as it stands in a connection string, which drivers may show. */
static void note_secret(const System *system, const char *value) {
  Bytes text = {0};
  system->host->secret(value);
  for (const char *at = value; *at; at++) {
    bytes_put(&text, at, 1);
    if (*at == '}') bytes_put(&text, at, 1);
  }
  if (strchr(value, '}') && sql_text(&text)) system->host->secret((const char *)text.data);
  bytes_free(&text);
}

static void note_secrets(const System *system) {
  static const char *const keys[] = {"PWD", "PASSWORD", "AccessToken", "Token", "ClientSecret", "SSLKeyPassword"};
  for (uint32_t i = 0; i < system->login.count; i++)
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
      if (strcasecmp(system->login.pairs[i].key, keys[k]) == 0) note_secret(system, system->login.pairs[i].value);
}

static int read_options(System *system, const TableOption *options, uint32_t count, TableError *error) {
  const char *url = sql_option(options, count, "url");
  if (url && put_url(&system->login, url, error) != 0) return -1;
  for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
    const char *value = sql_option(options, count, logins[i].name);
    if (value && odbc_login_put(&system->login, logins[i].key, value, true) != 0) return MODULE_FAIL(error, "there are too many keywords");
  }
  for (uint32_t i = 0; i < count; i++) {
    if (strcmp(options[i].name, "options") == 0 && put_option(&system->login, options[i].value, error) != 0) return -1;
    if (strcmp(options[i].name, "key") == 0 && system->key_count < ODBC_MOST_KEYS) system->keys[system->key_count++] = strdup(options[i].value);
  }
  system->timeout = sql_option_count(options, count, "timeout", 30, 86400, error);
  int batch = sql_option_count(options, count, "batch", 0, 1 << 20, error);
  if (system->timeout < 0 || batch < 0) return -1;
  system->batch = (uint32_t)batch;
  note_secrets(system);
  if (system->login.count) return 0;
  MODULE_HINT(error, "@url = 'odbc:DSN=name' or 'odbc:Driver={name};Server=…;Database=…'");
  return MODULE_FAIL(error, "no @url says which data source is meant");
}

int odbc_connect(const SystemHost *host, const TableOption *options, uint32_t count, System **out, TableError *error) {
  Link *link = NULL;
  System *system = calloc(1, sizeof *system);
  if (!system) return SQL_NO_MEMORY(error);
  system->host = host;
  system->quote = '"';
  pthread_mutex_init(&system->lock, NULL);
  int status = read_options(system, options, count, error);
  if (status == 0) status = link_open(system, false, &link, error);
  if (status == 0) {
    link_done(link);
    *out = system;
    return 0;
  }
  odbc_close(system);
  return -1;
}

void odbc_close(System *system) {
  while (system->idle_count) link_close(system->idle[--system->idle_count]);
  if (system->lost) return;
  login_free(&system->login);
  for (uint32_t i = 0; i < system->key_count; i++) free((void *)system->keys[i]);
  pthread_mutex_destroy(&system->lock);
  free(system);
}

/* --- The module --- */

MODULE_EXPORT extern const SystemModule dcetl_odbc_module;
const SystemModule dcetl_odbc_module = {
    .version = SYSTEM_MODULE_VERSION,
    .name = "ODBC",
    .connect = odbc_connect,
    .close = odbc_close,
    .plan = odbc_plan,
    .read = odbc_read,
    .free_plan = odbc_free_plan,
    .target = odbc_target,
    .begin = odbc_begin,
    .write = odbc_write,
    .commit = odbc_commit,
    .free_writer = odbc_free_writer,
    .execute = odbc_execute_one,
};
