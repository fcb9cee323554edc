/* connect.c - parameters, connections and errors; the module itself. */
#include <ctype.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "mysql.h"

enum { WAIT_MS = 200, DEFAULT_TIMEOUT = 10, MOST_REFUSED = 5, FIRST_PAUSE_MS = 100, STACK = 256 << 10 };

/* --- Parameters --- */

static int set_text(char **out, const char *text, size_t len) {
  free(*out);
  return (*out = strndup(text, len)) ? 0 : -1;
}

static int hex_digit(char c) { return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1; }

/* A part of a URL with %40 for @ and so on. -1: no memory. */
static int set_decoded(char **out, const char *text, size_t len) {
  if (set_text(out, text, len) < 0) return -1;
  char *to = *out;
  for (const char *from = *out; *from; from++) {
    int high = *from == '%' ? hex_digit(from[1]) : -1, low = high >= 0 ? hex_digit(from[2]) : -1;
    if (low >= 0) from += 2;
    *to++ = low >= 0 ? (char)(high * 16 + low) : *from;
  }
  *to = 0;
  return 0;
}

/* A parameter by its name in URLs and in @options. 1: there is no such one. */
static int set_named(System *system, const char *name, size_t name_len, const char *value, size_t len) {
  const struct {
    const char *name;
    char **out;
  } known[] = {{"sslmode", &system->ssl_mode}, {"ssl-mode", &system->ssl_mode}, {"ssl_mode", &system->ssl_mode}, {"sslrootcert", &system->ssl_ca}, {"ssl-ca", &system->ssl_ca},
               {"ssl_ca", &system->ssl_ca}, {"sslcert", &system->ssl_cert}, {"ssl-cert", &system->ssl_cert}, {"sslkey", &system->ssl_key}, {"ssl-key", &system->ssl_key},
               {"socket", &system->socket}, {"user", &system->user}, {"password", &system->password}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strlen(known[i].name) == name_len && strncmp(known[i].name, name, name_len) == 0) return set_decoded(known[i].out, value, len);
  return 1;
}

static int wrong_url(TableError *error) {
  MODULE_FAIL(error, "the URL is not understood");
  MODULE_HINT(error, "write mariadb://user@host:3306/database?sslmode=require; @ : / %% in names and passwords as %%40 %%3A %%2F %%25");
  return -1;
}

static int read_settings(System *system, const char *at, TableError *error) {
  while (*at) {
    size_t len = strcspn(at, "&"), name = strcspn(at, "=&");
    if (name == len) return wrong_url(error);
    int status = set_named(system, at, name, at + name + 1, len - name - 1);
    if (status < 0) return SQL_NO_MEMORY(error);
    if (status > 0) {
      MODULE_FAIL(error, "the URL has the setting \"%.*s\", which is not known", sql_shown(at, name), at);
      MODULE_HINT(error, "sslmode, sslrootcert, sslcert, sslkey, socket");
      return -1;
    }
    at += len + (at[len] == '&');
  }
  return 0;
}

/* mysql://user:password@host:port/database?name=value&… */
static int read_url(System *system, const char *url, TableError *error) {
  const char *at = strstr(url, "://");
  if (!at || (strncmp(url, "mysql:", 6) != 0 && strncmp(url, "mariadb:", 8) != 0)) return wrong_url(error);
  at += 3;
  size_t len = strcspn(at, "/?");
  const char *end = at + len, *host = at, *login = memchr(at, '@', len);
  for (const char *next = login; next && (next = memchr(next + 1, '@', (size_t)(end - next - 1)));) login = next;
  if (login) {
    const char *colon = memchr(at, ':', (size_t)(login - at));
    if (set_decoded(&system->user, at, (size_t)((colon ? colon : login) - at)) < 0) return SQL_NO_MEMORY(error);
    if (colon && set_decoded(&system->password, colon + 1, (size_t)(login - colon - 1)) < 0) return SQL_NO_MEMORY(error);
    host = login + 1;
  }
  const char *host_end = *host == '[' ? memchr(host, ']', (size_t)(end - host)) : host + strcspn(host, ":/?");
  if (!host_end) return wrong_url(error);
  if (*host == '[') host++;
  if (host_end > host && set_decoded(&system->server, host, (size_t)(host_end - host)) < 0) return SQL_NO_MEMORY(error);
  host_end += *host_end == ']';
  if (*host_end == ':') {
    char *rest;
    unsigned long port = strtoul(host_end + 1, &rest, 10);
    if (rest != end || port < 1 || port > 65535) return wrong_url(error);
    system->port = (unsigned)port;
  }
  if (*end == '/') {
    size_t name = strcspn(end + 1, "?");
    if (name && set_decoded(&system->database, end + 1, name) < 0) return SQL_NO_MEMORY(error);
    end += 1 + name;
  }
  return *end == '?' ? read_settings(system, end + 1, error) : 0;
}

static int read_options(System *system, const TableOption *options, uint32_t count, TableError *error) {
  const struct {
    const char *name;
    char **out;
  } known[] = {{"host", &system->server}, {"database", &system->database}, {"user", &system->user}, {"password", &system->password}, {"sslmode", &system->ssl_mode}, {"key", &system->key}};
  const char *url = sql_option(options, count, "url");
  system->timeout = sql_option_count(options, count, "timeout", DEFAULT_TIMEOUT, 86400, error);
  if (system->timeout < 0 || (url && read_url(system, url, error) < 0)) return -1;
  int port = sql_option_count(options, count, "port", (int)system->port, 65535, error);
  if (port < 0) return -1;
  system->port = (unsigned)port;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const char *value = sql_option(options, count, known[i].name);
    if (value && set_text(known[i].out, value, strlen(value)) < 0) return SQL_NO_MEMORY(error);
  }
  for (uint32_t i = 0; i < count; i++) {
    const char *value = options[i].value, *equals = strcmp(options[i].name, "options") == 0 ? strchr(value, '=') : NULL;
    if (!equals) continue;
    int status = set_named(system, value, (size_t)(equals - value), equals + 1, strlen(equals + 1));
    if (status < 0) return SQL_NO_MEMORY(error);
    if (status > 0) return MODULE_FAIL(error, "@options has \"%.*s\", which is not known: sslrootcert, sslcert, sslkey, socket", (int)(equals - value), value);
  }
  if (system->password) system->host->secret(system->password);
  static const char *const modes[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};
  bool found = !system->ssl_mode;
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) found = found || strcmp(system->ssl_mode, modes[i]) == 0;
  return found ? 0 : MODULE_FAIL(error, "sslmode '%s': it is one of disable, prefer, require, verify-ca, verify-full", system->ssl_mode);
}

/* --- Errors --- */

static int fail_code(System *system, unsigned code, const char *message, TableError *error) {
  if (system->host->stopped()) return MODULE_FAIL(error, "interrupted");
  MODULE_FAIL(error, "%s", message[0] ? message : "the server has closed the connection");
  switch (code) {
    case ER_ACCESS_DENIED_ERROR: case 1698:
      MODULE_HINT(error, "check user and password: @user and @password, the URL, or ~/.my.cnf");
      break;
    case ER_BAD_DB_ERROR: case ER_NO_DB_ERROR: MODULE_HINT(error, "@database, or the URL's last part, names it"); break;
    case CR_CONNECTION_ERROR: case CR_CONN_HOST_ERROR: MODULE_HINT(error, "does the server run? check @host and @port"); break;
    case CR_SSL_CONNECTION_ERROR: MODULE_HINT(error, "sslrootcert names the file of the authority's certificate; sslmode=require does not verify it"); break;
    default: break;
  }
  return -1;
}

int my_fail(System *system, MYSQL *connection, TableError *error) { return fail_code(system, mysql_errno(connection), mysql_error(connection), error); }

int my_fail_statement(System *system, MYSQL_STMT *statement, TableError *error) {
  return fail_code(system, mysql_stmt_errno(statement), mysql_stmt_error(statement), error);
}

void my_put_literal(MYSQL *connection, Bytes *out, const char *text, size_t len) {
  if (!bytes_reserve(out, len * 2 + 3)) return;
  bytes_put(out, "'", 1);
  out->len += mysql_real_escape_string(connection, (char *)out->data + out->len, text, len);
  bytes_put(out, "'", 1);
}

void my_hint_table(System *system, MYSQL *connection, const SqlName *name, TableError *error) {
  Bytes statement = {0};
  TableError ignored = {{0}, {0}};
  sql_put(&statement, "SHOW TABLES");
  if (name->count > 1) {
    sql_put(&statement, " FROM ");
    sql_put_name(&statement, name->parts[0], '`');
  }
  const char *text = sql_text(&statement);
  MYSQL_RES *rows = text ? my_rows(system, connection, text, &ignored) : NULL;
  bytes_free(&statement);
  if (!rows) return;
  size_t room = (size_t)mysql_num_rows(rows);
  const char **names = malloc((room + 1) * sizeof *names);
  uint32_t count = 0;
  for (MYSQL_ROW row; names && count < room && (row = mysql_fetch_row(rows));) names[count++] = row[0];
  const char *near = names ? sql_nearest(name->parts[name->count - 1], names, count) : NULL;
  if (near) MODULE_HINT(error, "did you mean '%s%s%s'?", name->count > 1 ? name->parts[0] : "", name->count > 1 ? "." : "", near);
  free(names);
  mysql_free_result(rows);
}

/* --- Waiting --- */

int my_wait(System *system, MYSQL *connection, int status) {
  struct pollfd fd = {.fd = mysql_get_socket(connection)};
  if (status & MYSQL_WAIT_READ) fd.events |= POLLIN;
  if (status & MYSQL_WAIT_WRITE) fd.events |= POLLOUT;
  if (status & MYSQL_WAIT_EXCEPT) fd.events |= POLLPRI;
  unsigned left = status & MYSQL_WAIT_TIMEOUT ? mysql_get_timeout_value_ms(connection) : 0;
  for (;;) {
    if (system->host->stopped()) {
      shutdown(fd.fd, SHUT_RDWR);
      return status & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE);
    }
    int ready = poll(&fd, 1, left && left < WAIT_MS ? (int)left : WAIT_MS);
    if (ready > 0) {
      int in = fd.revents & (POLLIN | POLLERR | POLLHUP), out = fd.revents & (POLLOUT | POLLERR | POLLHUP);
      return (in ? MYSQL_WAIT_READ : 0) | (out ? MYSQL_WAIT_WRITE & status : 0) | (fd.revents & POLLPRI ? MYSQL_WAIT_EXCEPT : 0);
    }
    if (ready == 0 && left) {
      if (left <= WAIT_MS) return MYSQL_WAIT_TIMEOUT;
      left -= WAIT_MS;
    }
  }
}

static int query(System *system, MYSQL *connection, const char *statement, TableError *error) {
  int failed = 1, status = mysql_real_query_start(&failed, connection, statement, strlen(statement));
  while (status) status = mysql_real_query_cont(&failed, connection, my_wait(system, connection, status));
  return failed ? my_fail(system, connection, error) : 0;
}

MYSQL_RES *my_rows(System *system, MYSQL *connection, const char *statement, TableError *error) {
  MYSQL_RES *rows = NULL;
  if (query(system, connection, statement, error) < 0) return NULL;
  int status = mysql_store_result_start(&rows, connection);
  while (status) status = mysql_store_result_cont(&rows, connection, my_wait(system, connection, status));
  if (!rows) my_fail(system, connection, error);
  return rows;
}

int my_do(System *system, MYSQL *connection, const char *statement, TableError *error) {
  if (query(system, connection, statement, error) < 0) return -1;
  if (mysql_field_count(connection)) mysql_free_result(mysql_use_result(connection));
  return 0;
}

int my_run(System *system, MYSQL *connection, Bytes *statement, TableError *error) {
  const char *text = sql_text(statement);
  int status = text ? my_do(system, connection, text, error) : SQL_NO_MEMORY(error);
  bytes_free(statement);
  return status;
}

MYSQL_STMT *my_prepare(System *system, MYSQL *connection, const char *statement, TableError *error) {
  MYSQL_STMT *prepared = mysql_stmt_init(connection);
  if (!prepared) return SQL_NO_MEMORY(error), NULL;
  int failed = 1, status = mysql_stmt_prepare_start(&failed, prepared, statement, strlen(statement));
  while (status) status = mysql_stmt_prepare_cont(&failed, prepared, my_wait(system, connection, status));
  if (!failed) return prepared;
  my_fail_statement(system, prepared, error);
  my_finish(system, connection, prepared);
  return NULL;
}

int my_execute_prepared(System *system, MYSQL *connection, MYSQL_STMT *statement, TableError *error) {
  int failed = 1, status = mysql_stmt_execute_start(&failed, statement);
  while (status) status = mysql_stmt_execute_cont(&failed, statement, my_wait(system, connection, status));
  return failed ? my_fail_statement(system, statement, error) : 0;
}

void my_finish(System *system, MYSQL *connection, MYSQL_STMT *statement) {
  my_bool failed;
  if (!statement) return;
  int status = mysql_stmt_close_start(&failed, statement);
  while (status) status = mysql_stmt_close_cont(&failed, statement, my_wait(system, connection, status));
}

/* --- Connections --- */

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *mode_of(const System *system) { return system->ssl_mode ? system->ssl_mode : "prefer"; }

static bool needs_tls(const System *system) { return strcmp(mode_of(system), "require") == 0 || strncmp(mode_of(system), "verify", 6) == 0; }

/* Without a password of ours the library takes the one of ~/.my.cnf. */
static MYSQL *new_connection(System *system, int64_t deadline, bool tls) {
  MYSQL *connection = mysql_init(NULL);
  my_bool yes = 1;
  int64_t left = deadline - now_ms();
  unsigned seconds = left < 1000 ? 1 : (unsigned)((left + 999) / 1000), local = 1;
  if (!connection) return NULL;
  mysql_options(connection, MYSQL_OPT_NONBLOCK, &(size_t){STACK});
  mysql_options(connection, MYSQL_READ_DEFAULT_GROUP, "dcetl");
  mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(connection, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  mysql_options(connection, MYSQL_OPT_LOCAL_INFILE, &local);
  mysql_options4(connection, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "dcetl");
  if (system->ssl_ca) mysql_options(connection, MYSQL_OPT_SSL_CA, system->ssl_ca);
  if (system->ssl_cert) mysql_options(connection, MYSQL_OPT_SSL_CERT, system->ssl_cert);
  if (system->ssl_key) mysql_options(connection, MYSQL_OPT_SSL_KEY, system->ssl_key);
  if (system->port && !system->socket) mysql_options(connection, MYSQL_OPT_PROTOCOL, &(unsigned){MYSQL_PROTOCOL_TCP}); /* also to localhost */
  if (tls) mysql_options(connection, MYSQL_OPT_SSL_ENFORCE, &yes);
  if (strncmp(mode_of(system), "verify", 6) == 0) mysql_options(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
  return connection;
}

/* An UPDATE counts the rows that it found, as elsewhere, also those that had the values already. */
static bool try_connect(System *system, MYSQL *connection) {
  MYSQL *connected = NULL;
  int status = mysql_real_connect_start(&connected, connection, system->server, system->user, system->password, system->database, system->port, system->socket, CLIENT_FOUND_ROWS);
  while (status) status = mysql_real_connect_cont(&connected, connection, my_wait(system, connection, status));
  unsigned local = 0; /* until a writer has rows, the server may ask for no file: we would refuse */
  if (connected) mysql_options(connection, MYSQL_OPT_LOCAL_INFILE, &local);
  return connected != NULL;
}

/* Moments in UTC; nothing is cut or guessed. */
static int set_up(System *system, MYSQL *connection, TableError *error) {
  if (my_do(system, connection, "SET SESSION time_zone = '+00:00', character_set_results = utf8mb4, "
                                "sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION')", error) < 0)
    return -1;
  return my_do(system, connection, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", error);
}

/* The library goes on in the clear where a server has no TLS. */
static int check_tls(System *system, MYSQL *connection, TableError *error) {
  if (!needs_tls(system) || mysql_get_ssl_cipher(connection)) return 0;
  MODULE_FAIL(error, "the server has no TLS, but sslmode = %s asks for it", mode_of(system));
  MODULE_HINT(error, "sslmode = prefer takes TLS only where the server has it");
  return -1;
}

static bool try_again(unsigned code, int tries) {
  bool refused = code == CR_CONNECTION_ERROR || code == CR_CONN_HOST_ERROR;
  return code == ER_CON_COUNT_ERROR || (refused && tries < MOST_REFUSED);
}

MYSQL *my_begin(System *system, TableError *error) {
  int64_t deadline = now_ms() + (int64_t)system->timeout * 1000, pause = FIRST_PAUSE_MS;
  bool tls = strcmp(mode_of(system), "disable") != 0;
  MYSQL *connection = system->idle;
  if (connection) {
    system->idle = NULL;
    return connection;
  }
  for (int tries = 1;; tries++, pause *= 2) {
    connection = new_connection(system, deadline, tls);
    if (!connection) return SQL_NO_MEMORY(error), NULL;
    if (try_connect(system, connection)) {
      if (check_tls(system, connection, error) == 0 && set_up(system, connection, error) == 0) return connection;
      break;
    }
    bool without = tls && !needs_tls(system) && mysql_errno(connection) == CR_SSL_CONNECTION_ERROR;
    if (system->host->stopped() || (!without && !try_again(mysql_errno(connection), tries)) || now_ms() + pause >= deadline) break;
    mysql_close(connection);
    tls = tls && !without;
    for (int64_t end = now_ms() + pause; now_ms() < end && !system->host->stopped();) poll(NULL, 0, (int)(pause < WAIT_MS ? pause : WAIT_MS));
  }
  if (now_ms() >= deadline && !system->host->stopped()) {
    MODULE_FAIL(error, "the server %s did not answer within %d seconds", system->server ? system->server : "", system->timeout);
    MODULE_HINT(error, "@timeout = 60 waits longer; check @host and @port, and whether a firewall lies between");
  }
  my_fail(system, connection, error);
  mysql_close(connection);
  return NULL;
}

static bool never_stopped(void) { return false; }

void my_aside(const System *system, const char *first, const char *statement) {
  static const SystemHost patient = {.stopped = never_stopped};
  enum { PATIENCE_MS = 5000 };
  System own = *system;
  TableError ignored = {{0}, {0}};
  own.host = &patient;
  MYSQL *other = new_connection(&own, now_ms() + PATIENCE_MS, needs_tls(system));
  bool ready = other && try_connect(&own, other) && my_do(&own, other, "SET SESSION lock_wait_timeout = 10", &ignored) == 0;
  if (ready && (!first || my_do(&own, other, first, &ignored) == 0)) (void)my_do(&own, other, statement, &ignored);
  mysql_close(other);
}

void my_end(System *system, MYSQL *connection, bool busy) {
  if (!connection) return;
  if (busy) {
    char kill[64];
    snprintf(kill, sizeof kill, "KILL %lu", mysql_thread_id(connection));
    my_aside(system, NULL, kill);
    shutdown(mysql_get_socket(connection), SHUT_RDWR);
  }
  mysql_close(connection);
}

int my_connect(const SystemHost *host, const TableOption *options, uint32_t option_count, System **out, TableError *error) {
  System *system = calloc(1, sizeof *system);
  if (!system) return SQL_NO_MEMORY(error);
  system->host = host;
  if (read_options(system, options, option_count, error) == 0 && (system->idle = my_begin(system, error))) {
    *out = system;
    return 0;
  }
  my_close(system);
  return -1;
}

void my_close(System *system) {
  char *texts[] = {system->server, system->user, system->password, system->database, system->socket, system->key, system->ssl_mode, system->ssl_ca, system->ssl_cert, system->ssl_key};
  my_end(system, system->idle, false);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) free(texts[i]);
  free(system);
}

MODULE_EXPORT extern const SystemModule dcetl_mysql_module;
const SystemModule dcetl_mysql_module = {
  .version = SYSTEM_MODULE_VERSION, .name = "MySQL", .connect = my_connect, .close = my_close, .plan = my_plan, .read = my_read, .free_plan = my_free_plan,
  .target = my_target, .begin = my_start, .write = my_write, .commit = my_commit, .free_writer = my_free_writer, .execute = my_execute};
