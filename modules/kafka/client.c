/* client.c - handles of librdkafka: their configuration, what they say, and waiting for brokers. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "kafka.h"

/* --- What librdkafka says --- */

/* Without "(after 0ms in state CONNECT)" and the like. */
static void keep_cause(Client *client, const char *text) {
  snprintf(client->cause, sizeof client->cause, "%s", text);
  char *rest = strstr(client->cause, " (after ");
  if (rest) *rest = 0;
}

static void on_error(rd_kafka_t *handle, int code, const char *reason, void *opaque) {
  Client *client = opaque;
  (void)handle;
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && client->cause[0]) return;
  keep_cause(client, reason);
  if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL) client->refused = true;
}

static bool has_property(const Settings *settings, const char *name) {
  for (size_t i = 0; i < settings->count; i++)
    if (strcmp(settings->names[i], name) == 0) return true;
  return false;
}

/* Log lines come by way of the handle's queue, so in the thread that has it. What is tried again is no warning yet: if
   that does not help, the error tells it. */
static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *text) {
  Client *client = rd_kafka_opaque(handle);
  char line[700];
  enum { LEVEL_WARNING = 4 };
  if (strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0 || strstr(text, ": retrying")) {
    if (!client->cause[0]) keep_cause(client, text);
    return;
  }
  /* One list of options may serve for reading and writing, and one of the properties set here is of old. */
  bool harmless = strstr(text, "is a consumer property") || strstr(text, "is a producer property") || strstr(text, "auto.commit.enable");
  if (harmless && strcmp(facility, "CONFWARN") == 0) return;
  if (level > LEVEL_WARNING && !has_property(client->settings, "debug")) return;
  snprintf(line, sizeof line, "kafka: %s", text);
  client->settings->host->warn(client->settings->host, line);
}

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque) {
  Client *client = opaque;
  (void)handle;
  if (!message->err || client->failed++) return;
  snprintf(client->failure, sizeof client->failure, "%s", rd_kafka_err2str(message->err));
}

/* --- Configuration --- */

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, TableError *error) {
  char reason[300];
  if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) == RD_KAFKA_CONF_OK) return 0;
  MODULE_HINT(error, "CONFIGURATION.md of librdkafka lists the properties and their values");
  return MODULE_FAIL(error, "@options: %s", reason);
}

typedef struct Property {
  const char *name, *value;
} Property;

static int set_all(rd_kafka_conf_t *conf, const Property *list, size_t count, TableError *error) {
  for (size_t i = 0; i < count; i++)
    if (list[i].value && set(conf, list[i].name, list[i].value, error) < 0) return -1;
  return 0;
}

static int set_reading(rd_kafka_conf_t *conf, const Settings *settings, TableError *error) {
  const Property list[] = {{"group.id", settings->group}, {"enable.auto.commit", "false"}, {"auto.commit.enable", "false"},
                           {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "error"}, {"enable.partition.eof", "true"}};
  return set_all(conf, list, sizeof list / sizeof *list, error);
}

static int set_writing(rd_kafka_conf_t *conf, const Settings *settings, TableError *error) {
  const Property list[] = {{"enable.idempotence", "true"}, {"transactional.id", settings->transaction}};
  return set_all(conf, list, sizeof list / sizeof *list, error);
}

/* What @options may say otherwise. Keys go to the partitions that Java's clients choose. */
static int set_defaults(rd_kafka_conf_t *conf, const Settings *settings, ClientKind kind, TableError *error) {
  enum { TRANSACTION_SECONDS = 900 }; /* what brokers allow by default */
  char milliseconds[32];
  snprintf(milliseconds, sizeof milliseconds, "%.0f", (settings->timeout < TRANSACTION_SECONDS ? settings->timeout : TRANSACTION_SECONDS) * 1000);
  const Property reading[] = {{"isolation.level", "read_committed"}, {"queued.max.messages.kbytes", "32768"}, {"fetch.wait.max.ms", "100"}};
  const Property writing[] = {{"linger.ms", "20"}, {"queue.buffering.max.kbytes", "65536"}, {"partitioner", "murmur2_random"},
                              {"message.timeout.ms", milliseconds}, {"transaction.timeout.ms", "900000"}};
  const Property both[] = {{"bootstrap.servers", settings->brokers}, {"reconnect.backoff.max.ms", "1000"},
                           {"client.id", "dcetl"}, {"log.queue", "true"}};
  if (set_all(conf, both, sizeof both / sizeof *both, error) < 0) return -1;
  if (kind == CLIENT_READS) return set_all(conf, reading, sizeof reading / sizeof *reading, error);
  return set_all(conf, writing, sizeof writing / sizeof *writing, error);
}

static int configure(rd_kafka_conf_t *conf, const Settings *settings, ClientKind kind, TableError *error) {
  if (set_defaults(conf, settings, kind, error) < 0) return -1;
  for (size_t i = 0; i < settings->count; i++)
    if (set(conf, settings->names[i], settings->values[i], error) < 0) return -1;
  return kind == CLIENT_READS ? set_reading(conf, settings, error) : set_writing(conf, settings, error);
}

/* The library does not say which file it could not read. */
static void hint_file(const Settings *settings, TableError *error) {
  for (size_t i = 0; i < settings->count; i++) {
    const char *dot = strrchr(settings->names[i], '.');
    if (!dot || strcmp(dot, ".location") != 0 || access(settings->values[i], R_OK) == 0) continue;
    MODULE_HINT(error, "%s names '%s', which cannot be read: %s", settings->names[i], settings->values[i], strerror(errno));
    return;
  }
}

Client *client_new(const Settings *settings, ClientKind kind, TableError *error) {
  char reason[300];
  Client *client = calloc(1, sizeof *client);
  rd_kafka_conf_t *conf = client ? rd_kafka_conf_new() : NULL;
  if (!conf || configure(conf, settings, kind, error) < 0) {
    if (conf) rd_kafka_conf_destroy(conf);
    free(client);
    MODULE_FAIL(error, "no memory left for a connection");
    return NULL;
  }
  client->settings = settings;
  rd_kafka_conf_set_opaque(conf, client);
  rd_kafka_conf_set_error_cb(conf, on_error);
  rd_kafka_conf_set_log_cb(conf, on_log);
  if (kind == CLIENT_WRITES) rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  client->handle = rd_kafka_new(kind == CLIENT_READS ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (!client->handle) {
    rd_kafka_conf_destroy(conf);
    free(client);
    hint_file(settings, error);
    MODULE_FAIL(error, "%s", reason);
    return NULL;
  }
  rd_kafka_set_log_queue(client->handle, NULL);
  return client;
}

void client_free(Client *client) {
  if (!client) return;
  if (rd_kafka_type(client->handle) == RD_KAFKA_PRODUCER) rd_kafka_purge(client->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_destroy(client->handle);
  free(client);
}

/* --- Waiting --- */

int client_serve(Client *client, TableError *error) {
  rd_kafka_poll(client->handle, 0);
  if (client->settings->host->stopped()) return MODULE_FAIL(error, "interrupted");
  if (!client->refused) return 0;
  MODULE_HINT(error, "@user, @password and @options (security.protocol, sasl.mechanism, ssl.ca.location …) say how to log in");
  return MODULE_FAIL(error, "%s does not let us in: %s", client->settings->brokers, client->cause);
}

int client_failed(const Client *client, const char *what, rd_kafka_resp_err_t code, TableError *error) {
  bool silent = code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  const char *colon = client->cause[0] ? ": " : "";
  if (!silent) return MODULE_FAIL(error, "%s: %s", what, rd_kafka_err2str(code));
  MODULE_HINT(error, "is it up, and are its advertised listeners reachable from here? @timeout = seconds waits longer");
  return MODULE_FAIL(error, "%s: no answer from %s%s%s", what, client->settings->brokers, colon, client->cause);
}

double patience_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

Patience patience_start(double seconds) { return (Patience){patience_now() + seconds, 400}; }

static bool is_passing(rd_kafka_resp_err_t code) {
  switch ((int)code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT: case RD_KAFKA_RESP_ERR__TRANSPORT: case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE: case RD_KAFKA_RESP_ERR__WAIT_CACHE: case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION: case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT: case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE: case RD_KAFKA_RESP_ERR_NOT_COORDINATOR: case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
      return true;
    default: return false;
  }
}

int patience_again(Patience *patience, Client *client, rd_kafka_resp_err_t code, TableError *error) {
  enum { PAUSE = 50, MOST_SLICE = 10000 };
  if (client_serve(client, error) < 0) return -1;
  if (!is_passing(code) || patience_now() >= patience->deadline) return 0;
  if (code != RD_KAFKA_RESP_ERR__TIMED_OUT) rd_kafka_poll(client->handle, PAUSE); /* it came back at once */
  if (patience->slice < MOST_SLICE) patience->slice += patience->slice / 2;
  int left = (int)((patience->deadline - patience_now()) * 1000);
  if (patience->slice > left) patience->slice = left > 1 ? left : 1;
  return 1;
}
