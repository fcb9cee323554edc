/* offsets.c - which messages are read: topics, and the offsets where reading begins and ends. */
#include <fnmatch.h>

#include "kafka.h"

enum { MOST_PARTITIONS = 1 << 20 };

/* --- Topics --- */

static bool is_glob(const char *name) { return strpbrk(name, "*?[") != NULL; }

static int by_name(const void *a, const void *b) {
  const rd_kafka_metadata_topic_t *const *left = a, *const *right = b;
  return strcmp((*left)->topic, (*right)->topic);
}

static int by_partition(const void *a, const void *b) {
  const Range *left = a, *right = b;
  return left->partition < right->partition ? -1 : left->partition > right->partition;
}

static int add_topic(Ranges *ranges, const rd_kafka_metadata_topic_t *topic, TableError *error) {
  size_t first = ranges->count;
  for (size_t i = 0; i < first; i++)
    if (strcmp(ranges->items[i].topic, topic->topic) == 0) return 0; /* named twice */
  if (topic->err) return MODULE_FAIL(error, "topic '%s': %s", topic->topic, rd_kafka_err2str(topic->err));
  for (int i = 0; i < topic->partition_cnt; i++) {
    void *room = module_room(ranges->items, ranges->count, &ranges->cap, sizeof *ranges->items, MOST_PARTITIONS);
    if (room) ranges->items = room;
    char *name = room ? strdup(topic->topic) : NULL;
    if (!name) return MODULE_FAIL(error, "topic '%s' has too many partitions", topic->topic);
    ranges->items[ranges->count++] = (Range){.topic = name, .partition = topic->partitions[i].id, .stored = -1};
  }
  qsort(ranges->items + first, ranges->count - first, sizeof *ranges->items, by_partition);
  return 0;
}

/* "there are: a, b, c" */
static void hint_topics(const rd_kafka_metadata_topic_t **topics, size_t count, TableError *error) {
  char names[150] = "";
  size_t len = 0, shown = 0;
  for (; shown < count && len + strlen(topics[shown]->topic) + 4 < sizeof names; shown++)
    len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", shown ? ", " : "", topics[shown]->topic);
  if (!count) MODULE_HINT(error, "there is no topic at all");
  else if (shown) MODULE_HINT(error, "there are: %s%s", names, shown < count ? " …" : "");
}

/* One name or glob; those that begin with __ are Kafka's own, which a glob does not mean. */
static int add_named(const rd_kafka_metadata_topic_t **topics, size_t count, const char *name, const Client *client, Ranges *out, TableError *error) {
  bool glob = is_glob(name), found = false;
  for (size_t i = 0; i < count; i++) {
    const char *topic = topics[i]->topic;
    if (glob ? strncmp(topic, "__", 2) == 0 || fnmatch(name, topic, 0) != 0 : strcmp(topic, name) != 0) continue;
    found = true;
    if (add_topic(out, topics[i], error) < 0) return -1;
  }
  if (found) return 0;
  hint_topics(topics, count, error);
  return MODULE_FAIL(error, "%s has no topic '%s'", client->settings->brokers, name);
}

static int add_all(const rd_kafka_metadata_t *metadata, const char *const *names, size_t name_count, const Client *client, Ranges *out,
                   TableError *error) {
  size_t count = (size_t)metadata->topic_cnt;
  const rd_kafka_metadata_topic_t **topics = calloc(count + 1, sizeof *topics);
  if (!topics) return MODULE_FAIL(error, "no memory left for the topics");
  for (size_t i = 0; i < count; i++) topics[i] = &metadata->topics[i];
  qsort(topics, count, sizeof *topics, by_name);
  int status = 0;
  for (size_t i = 0; i < name_count && status == 0; i++) status = add_named(topics, count, names[i], client, out, error);
  free(topics);
  return status;
}

/* All topics are asked for: asking for one by name may make it. */
int offsets_topics(Client *client, const char *const *names, size_t count, Ranges *out, TableError *error) {
  enum { CONNECT_SECONDS = 10 };
  const Settings *settings = client->settings;
  const struct rd_kafka_metadata *metadata;
  Patience patience = patience_start(settings->patient ? settings->timeout : CONNECT_SECONDS);
  rd_kafka_resp_err_t code;
  int again;
  do {
    code = rd_kafka_metadata(client->handle, 1, NULL, &metadata, patience.slice);
  } while ((again = patience_again(&patience, client, code, error)) > 0);
  if (again < 0) {
    if (!code) rd_kafka_metadata_destroy(metadata);
    return -1;
  }
  if (code) return client_failed(client, "cannot look for topics", code, error);
  int status = add_all(metadata, names, count, client, out, error);
  rd_kafka_metadata_destroy(metadata);
  return status;
}

/* --- Offsets --- */

static rd_kafka_topic_partition_list_t *list_of(const Ranges *ranges, int64_t offset) {
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)ranges->count);
  for (size_t i = 0; i < ranges->count; i++) {
    const Range *range = &ranges->items[i];
    rd_kafka_topic_partition_list_add(list, range->topic, range->partition)->offset = offset;
  }
  return list;
}

typedef rd_kafka_resp_err_t (*AskFn)(rd_kafka_t *handle, rd_kafka_topic_partition_list_t *list, int timeout);

/* Asks something of all partitions: `offset` goes with each, *out gets what comes back. */
static int ask(Client *client, const Ranges *ranges, AskFn fn, int64_t offset, const char *what, int64_t *out, TableError *error) {
  Patience patience = patience_start(client->settings->timeout);
  rd_kafka_topic_partition_list_t *list;
  rd_kafka_resp_err_t code;
  int again;
  for (;;) {
    list = list_of(ranges, offset);
    code = fn(client->handle, list, patience.slice);
    for (int i = 0; i < list->cnt && !code; i++) code = list->elems[i].err;
    again = patience_again(&patience, client, code, error);
    if (again <= 0) break;
    rd_kafka_topic_partition_list_destroy(list);
  }
  for (int i = 0; i < list->cnt; i++) out[i] = list->elems[i].offset;
  rd_kafka_topic_partition_list_destroy(list);
  if (again < 0) return -1;
  return code ? client_failed(client, what, code, error) : 0;
}

int offsets_stored(Client *client, const Ranges *ranges, int64_t *out, TableError *error) {
  if (ask(client, ranges, rd_kafka_committed, RD_KAFKA_OFFSET_INVALID, "cannot ask for the group's offsets", out, error) < 0) return -1;
  for (size_t i = 0; i < ranges->count; i++)
    if (out[i] < 0) out[i] = -1;
  return 0;
}

static int of_time(Client *client, const Ranges *ranges, int64_t time, int64_t *out, TableError *error) {
  return ask(client, ranges, rd_kafka_offsets_for_times, time, "cannot ask for offsets", out, error);
}

static int find_ends(Client *client, Ranges *ranges, int64_t *buffer, TableError *error) {
  const Settings *settings = client->settings;
  if (of_time(client, ranges, RD_KAFKA_OFFSET_END, buffer, error) < 0) return -1;
  for (size_t i = 0; i < ranges->count; i++) ranges->items[i].high = ranges->items[i].end = buffer[i];
  if (settings->until < 0) return 0;
  if (of_time(client, ranges, settings->until, buffer, error) < 0) return -1;
  for (size_t i = 0; i < ranges->count; i++)
    if (buffer[i] >= 0 && buffer[i] < ranges->items[i].end) ranges->items[i].end = buffer[i];
  return 0;
}

/* --- Where reading begins --- */

/* Messages between what is wanted and what is there are gone, or never were. */
static int check_start(const Range *range, const char *whose, TableError *error) {
  if (range->start < range->low) {
    MODULE_HINT(error, "@from = 'earliest' begins with the first message that is there");
    return MODULE_FAIL(error, "topic '%s', partition %d: %lld messages are gone: %s %lld, and the first one that is there has %lld", range->topic,
                       range->partition, (long long)(range->low - range->start), whose, (long long)range->start, (long long)range->low);
  }
  if (range->start <= range->high) return 0;
  MODULE_HINT(error, "was the topic made anew? @from = 'earliest' begins with the first message that is there");
  return MODULE_FAIL(error, "topic '%s', partition %d: %s %lld, and the messages end before %lld", range->topic, range->partition, whose,
                     (long long)range->start, (long long)range->high);
}

static int start_stored(const Settings *settings, Range *range, TableError *error) {
  if (range->stored >= 0) {
    range->start = range->stored;
    return check_start(range, "the group stored offset", error);
  }
  range->start = settings->reset == START_LATEST ? range->high : range->low;
  if (settings->reset != START_STORED) return 0;
  MODULE_HINT(error, "@reset = 'earliest' or 'latest' begins there");
  return MODULE_FAIL(error, "the group '%s' has stored no offset for topic '%s', partition %d", settings->group, range->topic, range->partition);
}

static int start_given(const Settings *settings, const Ranges *ranges, size_t i, TableError *error) {
  Range *range = &ranges->items[i];
  if (settings->offset_count > 1 && settings->offset_count != ranges->count)
    return MODULE_FAIL(error, "@from has %zu offsets, and there are %zu partitions", settings->offset_count, ranges->count);
  int64_t offset = settings->offsets[settings->offset_count > 1 ? i : 0];
  range->start = offset;
  if (offset >= 0) return check_start(range, "@from says offset", error);
  range->start = range->high + offset < range->low ? range->low : range->high + offset;
  return 0;
}

static int find_starts(Client *client, Ranges *ranges, int64_t *buffer, TableError *error) {
  const Settings *settings = client->settings;
  if (settings->group) {
    if (offsets_stored(client, ranges, buffer, error) < 0) return -1;
    for (size_t i = 0; i < ranges->count; i++) ranges->items[i].stored = buffer[i];
  }
  if (of_time(client, ranges, RD_KAFKA_OFFSET_BEGINNING, buffer, error) < 0) return -1;
  for (size_t i = 0; i < ranges->count; i++) ranges->items[i].low = buffer[i];
  if (settings->start == START_TIME && of_time(client, ranges, settings->time, buffer, error) < 0) return -1;
  for (size_t i = 0; i < ranges->count; i++) {
    Range *range = &ranges->items[i];
    int status = 0;
    switch (settings->start) {
      case START_EARLIEST: range->start = range->low; break;
      case START_LATEST: range->start = range->high; break;
      case START_TIME: range->start = buffer[i] >= 0 ? buffer[i] : range->high; break;
      case START_STORED: status = start_stored(settings, range, error); break;
      case START_OFFSETS: status = start_given(settings, ranges, i, error); break;
    }
    if (status < 0) return -1;
  }
  return 0;
}

/* --- How many --- */

static int64_t total_of(const Ranges *ranges) {
  int64_t total = 0;
  for (size_t i = 0; i < ranges->count; i++)
    if (ranges->items[i].end > ranges->items[i].start) total += ranges->items[i].end - ranges->items[i].start;
  return total;
}

static int64_t taken(const Ranges *ranges, int64_t level) {
  int64_t total = 0;
  for (size_t i = 0; i < ranges->count; i++) {
    int64_t there = ranges->items[i].end - ranges->items[i].start;
    total += there < level ? there : level;
  }
  return total;
}

/* At most so many, from each partition the same number as far as it has them, so that none is left behind run after run. */
static void limit(Ranges *ranges, int64_t most) {
  int64_t low = 0, high = most;
  while (low < high) { /* the highest level that takes no more than that */
    int64_t middle = low + (high - low - 1) / 2 + 1;
    if (taken(ranges, middle) <= most) low = middle;
    else high = middle - 1;
  }
  int64_t rest = most - taken(ranges, low);
  for (size_t i = 0; i < ranges->count; i++) {
    Range *range = &ranges->items[i];
    if (range->end - range->start <= low) continue;
    range->end = range->start + low + (rest > 0);
    rest -= rest > 0;
  }
}

/* Waits until as many are there as @count wants (or one, without it), for @wait seconds at most. */
static int wait_for(Client *client, Ranges *ranges, int64_t *buffer, TableError *error) {
  enum { PAUSE = 200 };
  double deadline = patience_now() + client->settings->wait;
  int64_t wanted = client->settings->most > 0 ? client->settings->most : 1;
  while (total_of(ranges) < wanted && patience_now() < deadline) {
    rd_kafka_poll(client->handle, PAUSE);
    if (client_serve(client, error) < 0 || find_ends(client, ranges, buffer, error) < 0) return -1;
  }
  return 0;
}

int offsets_find(Client *client, Ranges *ranges, TableError *error) {
  int64_t *buffer = calloc(ranges->count + 1, sizeof *buffer);
  int status = buffer ? find_ends(client, ranges, buffer, error) : MODULE_FAIL(error, "no memory left for the offsets");
  if (status == 0) status = find_starts(client, ranges, buffer, error);
  if (status == 0 && client->settings->wait > 0) status = wait_for(client, ranges, buffer, error);
  free(buffer);
  for (size_t i = 0; i < ranges->count && status == 0; i++)
    if (ranges->items[i].end < ranges->items[i].start) ranges->items[i].end = ranges->items[i].start;
  if (status == 0 && client->settings->most > 0) limit(ranges, client->settings->most);
  return status;
}
