/* module.c - what the program sees of the module. */
#include "kafka.h"

static int kafka_connect(const SystemHost *host, const TableOption *options, uint32_t option_count, System **out, TableError *error) {
  System *system = calloc(1, sizeof *system);
  if (!system) return MODULE_FAIL(error, "no memory left for a connection");
  system->settings.host = host;
  Client *client = settings_read(&system->settings, options, option_count, error) == 0 ? client_new(&system->settings, CLIENT_READS, error) : NULL;
  if (!client) {
    settings_free(&system->settings);
    free(system);
    return -1;
  }
  pthread_mutex_init(&system->lock, NULL);
  system->idle = client;
  *out = system;
  return 0;
}

static void kafka_close(System *system) {
  while (system->idle) {
    Client *client = system->idle;
    system->idle = client->next;
    client_free(client);
  }
  pthread_mutex_destroy(&system->lock);
  settings_free(&system->settings);
  free(system);
}

Client *system_take(System *system, TableError *error) {
  pthread_mutex_lock(&system->lock);
  Client *client = system->idle;
  if (client) system->idle = client->next;
  pthread_mutex_unlock(&system->lock);
  return client ? client : client_new(&system->settings, CLIENT_READS, error);
}

void system_give(System *system, Client *client) {
  pthread_mutex_lock(&system->lock);
  client->next = system->idle;
  system->idle = client;
  pthread_mutex_unlock(&system->lock);
}

bool system_same_cluster(System *a, System *b) {
  enum { ASK_MILLISECONDS = 1000 };
  TableError ignored = {.text = ""};
  if (a == b || strcmp(a->settings.brokers, b->settings.brokers) == 0) return true;
  Client *left = system_take(a, &ignored), *right = system_take(b, &ignored);
  char *x = left ? rd_kafka_clusterid(left->handle, ASK_MILLISECONDS) : NULL, *y = right ? rd_kafka_clusterid(right->handle, ASK_MILLISECONDS) : NULL;
  bool same = x && y && strcmp(x, y) == 0;
  rd_kafka_mem_free(NULL, x);
  rd_kafka_mem_free(NULL, y);
  if (left) system_give(a, left);
  if (right) system_give(b, right);
  return same;
}

extern const SystemModule dcetl_kafka_module;
MODULE_EXPORT const SystemModule dcetl_kafka_module = {
  .version = SYSTEM_MODULE_VERSION, .name = "Kafka", .lists = true, .connect = kafka_connect, .close = kafka_close,
  .plan = kafka_plan, .read = kafka_read,
  .acknowledge = kafka_acknowledge, .cut = kafka_cut, .free_plan = kafka_free_plan, .target = kafka_target, .begin = kafka_begin, .write = kafka_write,
  .commit = kafka_commit, .waits = kafka_waits, .finish = kafka_finish, .free_writer = kafka_free_writer};
