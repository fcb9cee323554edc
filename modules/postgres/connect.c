/* connect.c - parameters, connections, results and errors of libpq; the module itself. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "postgres.h"

enum { WAIT_MS = 200, DEFAULT_TIMEOUT = 10, MOST_REFUSED = 5, FIRST_PAUSE_MS = 100 };

/* --- Parameters --- */

static int put_parameter(System *system, uint32_t *count, const char *name, const char *value) {
  char **names = realloc(system->names, (*count + 2) * sizeof *names);
  if (names) system->names = names;
  char **values = realloc(system->values, (*count + 2) * sizeof *values);
  if (values) system->values = values;
  if (!names || !values) return -1;
  names[*count] = strdup(name);
  values[*count] = strdup(value);
  names[*count + 1] = values[*count + 1] = NULL;
  ++*count;
  return names[*count - 1] && values[*count - 1] ? 0 : -1;
}

/* All that a URL says, so that its password can be kept secret. */
static int put_url(System *system, uint32_t *count, const char *url, TableError *error) {
  char *why = NULL;
  PQconninfoOption *parts = PQconninfoParse(url, &why);
  int status = 0;
  if (!parts) {
    /* libpq repeats the text, and so perhaps a password. */
    MODULE_FAIL(error, "the URL is not understood");
    MODULE_HINT(error, "write postgres://user@host:5432/database?sslmode=require; @ : / %% in names and passwords as %%40 %%3A %%2F %%25");
    status = -1;
  }
  for (PQconninfoOption *part = parts; status == 0 && part && part->keyword; part++) {
    if (!part->val) continue;
    if (strstr(part->keyword, "password")) system->host->secret(part->val);
    status = put_parameter(system, count, part->keyword, part->val) < 0 ? SQL_NO_MEMORY(error) : 0;
  }
  PQconninfoFree(parts);
  PQfreemem(why);
  return status;
}

static int read_options(System *system, const TableOption *options, uint32_t option_count, TableError *error) {
  static const struct {
    const char *option, *parameter;
  } known[] = {{"host", "host"}, {"port", "port"}, {"database", "dbname"}, {"user", "user"}, {"password", "password"}, {"sslmode", "sslmode"}, {"ssl_ca", "sslrootcert"}};
  uint32_t count = 0;
  const char *url = sql_option(options, option_count, "url"), *key = sql_option(options, option_count, "key");
  system->timeout = sql_option_count(options, option_count, "timeout", DEFAULT_TIMEOUT, 86400, error);
  if (system->timeout < 0 || (url && put_url(system, &count, url, error) < 0)) return -1;
  int status = 0;
  for (size_t i = 0; i < sizeof known / sizeof *known && status == 0; i++) {
    const char *value = sql_option(options, option_count, known[i].option);
    if (value) status = put_parameter(system, &count, known[i].parameter, value);
  }
  for (uint32_t i = 0; i < option_count && status == 0; i++) {
    const char *value = options[i].value, *equals = strcmp(options[i].name, "options") == 0 ? strchr(value, '=') : NULL;
    char name[64];
    if (!equals || (size_t)(equals - value) >= sizeof name) continue;
    snprintf(name, sizeof name, "%.*s", (int)(equals - value), value);
    if (strstr(name, "password")) system->host->secret(equals + 1);
    status = put_parameter(system, &count, name, equals + 1);
  }
  if (status == 0) status = put_parameter(system, &count, "client_encoding", "UTF8");
  if (status == 0 && !getenv("PGAPPNAME")) status = put_parameter(system, &count, "fallback_application_name", "dcetl");
  if (status == 0 && key) status = (system->key = strdup(key)) ? 0 : -1;
  return status < 0 ? SQL_NO_MEMORY(error) : 0;
}

/* --- Errors --- */

/* Messages without what stands around them: "FATAL:  28P01: ", more than the first line. *state: the five letters, "" if there are none. */
static void trim_message(const char *message, char *state, char *out, size_t size) {
  static const char *const heads[] = {"FATAL:  ", "ERROR:  ", "PANIC:  "};
  const char *at = message, *found = NULL;
  state[0] = 0;
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
    if ((found = strstr(message, heads[i]))) at = found + strlen(heads[i]);
  if (strlen(at) > 7 && strcspn(at, ": ") == 5 && at[5] == ':') {
    snprintf(state, 6, "%.5s", at);
    at += 7;
  }
  size_t len = strcspn(at, "\n");
  snprintf(out, size, "%.*s", (int)len, at);
}

static void hint_of_state(const char *state, TableError *error) {
  if (strcmp(state, "28P01") == 0 || strcmp(state, "28000") == 0)
    MODULE_HINT(error, "check user and password: @user and @password, the URL, PGUSER and PGPASSWORD, or ~/.pgpass");
  else if (strcmp(state, "3D000") == 0) MODULE_HINT(error, "@database, or the URL's last part, names it");
  else if (strcmp(state, "53300") == 0) MODULE_HINT(error, "fewer partitions need fewer connections: PARTITION 2");
  else if (strcmp(state, "42P10") == 0) MODULE_HINT(error, "upsert needs a unique index over exactly the columns of @key");
}

int pg_fail(PGconn *connection, const PGresult *result, TableError *error) {
  char state[8], text[400];
  if (!result || !PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)) {
    trim_message(result ? PQresultErrorMessage(result) : PQerrorMessage(connection), state, text, sizeof text);
    MODULE_FAIL(error, "%s", text[0] ? text : "the server has closed the connection");
    hint_of_state(state, error);
    return -1;
  }
  const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL), *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
  const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  MODULE_FAIL(error, "%s%s%s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), detail ? ": " : "", detail ? detail : "");
  if (hint) MODULE_HINT(error, "%s", hint);
  hint_of_state(code ? code : "", error);
  return -1;
}

void pg_hint_table(System *system, PGconn *connection, const SqlName *name, TableError *error) {
  static const char list[] = "SELECT n.nspname, c.relname, pg_table_is_visible(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                             " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_toast' ORDER BY c.oid DESC LIMIT 10000";
  TableError ignored = {{0}, {0}};
  PGresult *result = pg_run(system, connection, list, NULL, 0, &ignored);
  if (!result) return;
  uint32_t rows = (uint32_t)PQntuples(result), count = 0;
  const char **names = malloc((rows + 1) * sizeof *names), *wanted = name->parts[name->count - 1];
  for (uint32_t i = 0; names && i < rows; i++) {
    bool same_schema = name->count > 1 && strcmp(PQgetvalue(result, (int)i, 0), name->parts[name->count - 2]) == 0;
    if (same_schema || (name->count == 1 && PQgetvalue(result, (int)i, 2)[0] == 't')) names[count++] = PQgetvalue(result, (int)i, 1);
  }
  const char *near = names ? sql_nearest(wanted, names, count) : NULL;
  for (uint32_t i = 0; !near && names && i < rows; i++) {
    if (strcmp(PQgetvalue(result, (int)i, 1), wanted) != 0) continue;
    MODULE_HINT(error, "there is '%s.%s'", PQgetvalue(result, (int)i, 0), wanted);
  }
  if (near) MODULE_HINT(error, "did you mean '%s%s%s'?", name->count > 1 ? name->parts[name->count - 2] : "", name->count > 1 ? "." : "", near);
  free(names);
  PQclear(result);
}

/* --- Waiting --- */

static int stopped(TableError *error) { return MODULE_FAIL(error, "interrupted"); }

int pg_wait(System *system, PGconn *connection, bool write, bool *said, TableError *error) {
  struct pollfd fd = {.fd = PQsocket(connection), .events = (short)(POLLIN | (write ? POLLOUT : 0))};
  for (;;) {
    if (system->host->stopped()) return stopped(error);
    int ready = fd.fd < 0 ? -1 : poll(&fd, 1, WAIT_MS);
    if (ready < 0 && (fd.fd < 0 || errno != EINTR)) return pg_fail(connection, NULL, error);
    if (ready <= 0) continue;
    bool in = fd.revents & (POLLIN | POLLERR | POLLHUP);
    if (in && said) *said = true;
    if (in && !PQconsumeInput(connection)) return pg_fail(connection, NULL, error);
    return 0;
  }
}

PGresult *pg_result(System *system, PGconn *connection, bool *was_stopped, TableError *error) {
  *was_stopped = false;
  while (PQisBusy(connection)) {
    if (PQflush(connection) < 0) break; /* the result says what is wrong */
    struct pollfd fd = {.fd = PQsocket(connection), .events = POLLIN};
    if (system->host->stopped()) {
      *was_stopped = true;
      stopped(error);
      return NULL;
    }
    if (fd.fd < 0 || (poll(&fd, 1, WAIT_MS) > 0 && !PQconsumeInput(connection))) break;
  }
  return PQgetResult(connection);
}

/* The only result of a statement; what comes behind it is dropped. */
static PGresult *only_result(System *system, PGconn *connection, TableError *error) {
  bool was_stopped;
  PGresult *first = pg_result(system, connection, &was_stopped, error), *more;
  if (was_stopped) return NULL;
  ExecStatusType status = PQresultStatus(first);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_COPY_IN && status != PGRES_COPY_OUT) {
    pg_fail(connection, first, error);
    PQclear(first);
    first = NULL;
  }
  if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) return first;
  while ((more = pg_result(system, connection, &was_stopped, error))) PQclear(more);
  if (!was_stopped) return first;
  PQclear(first);
  return NULL;
}

PGresult *pg_run(System *system, PGconn *connection, const char *statement, const char *const *values, int count, TableError *error) {
  if (!PQsendQueryParams(connection, statement, count, NULL, values, NULL, NULL, 0)) return pg_fail(connection, NULL, error), NULL;
  return only_result(system, connection, error);
}

int pg_do(System *system, PGconn *connection, const char *statement, TableError *error) {
  PGresult *result = pg_run(system, connection, statement, NULL, 0, error);
  PQclear(result);
  return result ? 0 : -1;
}

PGresult *pg_describe(System *system, PGconn *connection, const char *statement, TableError *error) {
  if (!PQsendPrepare(connection, "", statement, 0, NULL)) return pg_fail(connection, NULL, error), NULL;
  PGresult *result = only_result(system, connection, error);
  if (!result) return NULL;
  PQclear(result);
  if (!PQsendDescribePrepared(connection, "")) return pg_fail(connection, NULL, error), NULL;
  return only_result(system, connection, error);
}

/* --- Connections --- */

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void no_notice(void *self, const PGresult *result) { (void)self, (void)result; }

/* One try; CONNECTION_BAD: it failed, *timed_out: because nothing came until then. */
static PGconn *try_connect(System *system, int64_t deadline, bool *timed_out) {
  PGconn *connection = PQconnectStartParams((const char *const *)system->names, (const char *const *)system->values, 0);
  if (!connection || PQstatus(connection) == CONNECTION_BAD) return connection;
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE); /* so that failures tell their codes, whatever the server's language */
  PQsetNoticeReceiver(connection, no_notice, NULL);
  for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED;) {
    struct pollfd fd = {.fd = PQsocket(connection), .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
    int ready = poll(&fd, 1, WAIT_MS);
    *timed_out = now_ms() > deadline;
    if (system->host->stopped() || *timed_out || (ready < 0 && errno != EINTR)) break;
    if (ready > 0) state = PQconnectPoll(connection);
  }
  return connection;
}

static void pause_ms(System *system, int64_t ms) {
  for (int64_t end = now_ms() + ms; now_ms() < end && !system->host->stopped();) poll(NULL, 0, (int)(ms < WAIT_MS ? ms : WAIT_MS));
}

/* What may be better a moment later: nobody listens (a few times), the server starts or has no place left. */
static bool try_again(PGconn *connection, int tries) {
  char state[8], text[400];
  trim_message(PQerrorMessage(connection), state, text, sizeof text);
  if (strcmp(state, "57P03") == 0 || strcmp(state, "53300") == 0) return true;
  return !state[0] && tries < MOST_REFUSED && (strstr(text, "refused") || strstr(text, "No such file"));
}

PGconn *pg_begin(System *system, TableError *error) {
  int64_t deadline = now_ms() + (int64_t)system->timeout * 1000, pause = FIRST_PAUSE_MS;
  PGconn *connection = system->idle;
  if (connection) {
    system->idle = NULL;
    return connection;
  }
  for (int tries = 1;; tries++, pause *= 2) {
    bool timed_out = false;
    connection = try_connect(system, deadline, &timed_out);
    if (!connection) return SQL_NO_MEMORY(error), NULL;
    if (PQstatus(connection) == CONNECTION_OK) {
      if (PQsetnonblocking(connection, 1) == 0) return connection;
      break;
    }
    if (system->host->stopped()) {
      stopped(error);
    } else if (timed_out) {
      MODULE_FAIL(error, "the server %s did not answer within %d seconds", PQhost(connection) ? PQhost(connection) : "", system->timeout);
      MODULE_HINT(error, "@timeout = 60 waits longer; check @host and @port, and whether a firewall lies between");
    } else if (try_again(connection, tries) && now_ms() + pause < deadline) {
      PQfinish(connection);
      pause_ms(system, pause);
      continue;
    }
    break;
  }
  pg_fail(connection, NULL, error);
  if (strstr(error->text, "refused")) MODULE_HINT(error, "does the server run? check @host and @port");
  PQfinish(connection);
  return NULL;
}

void pg_end(PGconn *connection) {
  if (!connection) return;
  if (PQtransactionStatus(connection) == PQTRANS_ACTIVE) {
    char ignored[256];
    PGcancel *cancel = PQgetCancel(connection);
    if (cancel) (void)PQcancel(cancel, ignored, sizeof ignored);
    PQfreeCancel(cancel);
  }
  PQfinish(connection);
}

int pg_connect(const SystemHost *host, const TableOption *options, uint32_t option_count, System **out, TableError *error) {
  System *system = calloc(1, sizeof *system);
  if (!system) return SQL_NO_MEMORY(error);
  system->host = host;
  if (read_options(system, options, option_count, error) == 0 && (system->idle = pg_begin(system, error))) {
    *out = system;
    return 0;
  }
  pg_close(system);
  return -1;
}

void pg_close(System *system) {
  pg_end(system->idle);
  for (char **name = system->names; name && *name; name++) free(*name);
  for (char **value = system->values; value && *value; value++) free(*value);
  free(system->names);
  free(system->values);
  free(system->key);
  free(system);
}

MODULE_EXPORT extern const SystemModule dcetl_postgres_module;
const SystemModule dcetl_postgres_module = {
  .version = SYSTEM_MODULE_VERSION, .name = "PostgreSQL", .connect = pg_connect, .close = pg_close, .plan = pg_plan, .read = pg_read, .free_plan = pg_free_plan,
  .target = pg_target, .begin = pg_start, .write = pg_write, .commit = pg_commit, .free_writer = pg_free_writer, .execute = pg_execute};
