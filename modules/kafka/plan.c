/* plan.c - what a CREATE reads: fixed ranges of offsets, cut into units, which become the partitions of the dataset; and what is
 * stored for the group when the script is over.
 */
#include "kafka.h"

/* --- Columns --- */

static int choose_columns(SystemPlan *plan, const SystemQuery *query, TableError *error) {
  size_t count = query->column_count ? query->column_count : MESSAGE_COLUMNS;
  plan->columns = calloc(count, sizeof *plan->columns);
  if (!plan->columns) return MODULE_FAIL(error, "no memory left for the columns");
  for (size_t i = 0; i < count; i++) {
    size_t k = query->column_count ? 0 : i;
    while (query->column_count && k < MESSAGE_COLUMNS && strcmp(query->columns[i], column_names[k]) != 0) k++;
    if (k == MESSAGE_COLUMNS) {
      MODULE_HINT(error, "it has key, value, topic, partition, offset, timestamp and headers");
      return MODULE_FAIL(error, "a message has no column '%s'", query->columns[i]);
    }
    plan->columns[plan->column_count++] = (MessageColumn)k;
  }
  return 0;
}

/* --- Units --- */

static int add_segment(SystemPlan *plan, size_t *cap, Segment segment, TableError *error) {
  enum { MOST_SEGMENTS = 1 << 24 };
  void *room = module_room(plan->segments, plan->segment_count, cap, sizeof *plan->segments, MOST_SEGMENTS);
  if (!room) return MODULE_FAIL(error, "no memory left for the partitions");
  plan->segments = room;
  plan->segments[plan->segment_count++] = segment;
  return 0;
}

/* Each range is a unit, or all offsets in their order are cut into `wanted` equal ones. */
static int cut(SystemPlan *plan, uint32_t wanted, TableError *error) {
  const Ranges *ranges = &plan->ranges;
  size_t cap = 0, range = 0;
  int64_t total = 0, done = 0;
  plan->unit_count = wanted ? wanted : (uint32_t)ranges->count;
  plan->first = calloc((size_t)plan->unit_count + 1, sizeof *plan->first);
  plan->state = calloc(plan->unit_count, sizeof *plan->state);
  if (!plan->first || !plan->state) return MODULE_FAIL(error, "no memory left for the partitions");
  for (size_t i = 0; i < ranges->count; i++) total += ranges->items[i].end - ranges->items[i].start;
  int64_t at = ranges->items[0].start;
  for (uint32_t unit = 0; unit < plan->unit_count; unit++) {
    int64_t until = (int64_t)((__int128)total * (unit + 1) / plan->unit_count);
    plan->first[unit] = plan->segment_count;
    while (range < ranges->count && (wanted ? done < until : range == unit)) {
      const Range *source = &ranges->items[range];
      int64_t end = wanted && source->end - at > until - done ? at + (until - done) : source->end;
      if (end > at && add_segment(plan, &cap, (Segment){(uint32_t)range, at, end}, error) < 0) return -1;
      done += end - at;
      at = end;
      if (end == source->end && ++range < ranges->count) at = ranges->items[range].start;
    }
  }
  plan->first[plan->unit_count] = plan->segment_count;
  return 0;
}

int kafka_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error) {
  SystemPlan *plan = calloc(1, sizeof *plan);
  Client *client = plan ? system_take(system, error) : NULL;
  if (!plan) return MODULE_FAIL(error, "no memory left for a plan");
  plan->system = system;
  int status = client ? choose_columns(plan, query, error) : -1;
  if (status == 0) status = offsets_topics(client, query->list, query->list_count, &plan->ranges, error);
  if (status == 0) status = offsets_find(client, &plan->ranges, error);
  if (status == 0) status = cut(plan, query->partitions, error);
  if (status == 0) status = columns_schema(plan->columns, plan->column_count, system->settings.binary, schema, error);
  if (client) system_give(system, client);
  if (status < 0) {
    kafka_free_plan(plan);
    return -1;
  }
  *partitions = plan->unit_count;
  *out = plan;
  return 0;
}

void kafka_cut(SystemPlan *plan) { plan->cut = true; }

void kafka_free_plan(SystemPlan *plan) {
  for (size_t i = 0; i < plan->ranges.count; i++) free(plan->ranges.items[i].topic);
  free(plan->ranges.items);
  free(plan->columns);
  free(plan->segments);
  free(plan->first);
  free((void *)plan->state);
  free(plan);
}

/* --- The end of the script --- */

/* Only what was read to its end counts: a LIMIT, or a choice of partitions, leaves messages that would be lost otherwise. */
static bool is_read(const SystemPlan *plan) {
  uint32_t opened = 0, read = 0;
  char line[300];
  const Settings *settings = &plan->system->settings;
  for (uint32_t i = 0; i < plan->unit_count; i++) {
    opened += plan->state[i] != UNIT_NEW;
    read += plan->state[i] == UNIT_READ;
  }
  if (!plan->cut && read == plan->unit_count) return true;
  if (opened) {
    snprintf(line, sizeof line, "topic '%s' was not read to its end: the group '%s' keeps the offsets that it had", plan->ranges.items[0].topic,
             settings->group);
    settings->host->warn(settings->host, line);
  }
  return false;
}

bool plan_stores(const SystemPlan *plan) { return plan->system->settings.group && plan->system->settings.commit; }

/* Two runs at once with one group read the same messages: the second one to end says so, and moves nothing back. */
static int check_stored(Client *client, const SystemPlan *plan, TableError *error) {
  const Ranges *ranges = &plan->ranges;
  int64_t *now = calloc(ranges->count + 1, sizeof *now);
  int status = now ? offsets_stored(client, ranges, now, error) : MODULE_FAIL(error, "no memory left for the offsets");
  for (size_t i = 0; i < ranges->count && status == 0; i++) {
    const Range *range = &ranges->items[i];
    if (now[i] == range->stored) continue;
    MODULE_HINT(error, "both runs have read the same messages; a group is for one run at a time");
    status = MODULE_FAIL(error, "another run has stored offsets of the group '%s' meanwhile: %lld for topic '%s', partition %d", client->settings->group,
                         (long long)now[i], range->topic, range->partition);
  }
  free(now);
  return status;
}

/* The offsets that acknowledging the plan stores; *out NULL: none (nothing was read, or it was read in part, which is warned of). An
   error: another run has stored some meanwhile. */
static int offsets_of(SystemPlan *plan, rd_kafka_topic_partition_list_t **out, TableError *error) {
  const Ranges *ranges = &plan->ranges;
  bool news = false;
  *out = NULL;
  if (!plan_stores(plan) || !is_read(plan)) return 0;
  for (size_t i = 0; i < ranges->count && !news; i++) news = ranges->items[i].end != ranges->items[i].stored;
  if (!news) return 0;
  Client *client = system_take(plan->system, error);
  int status = client ? check_stored(client, plan, error) : -1;
  if (client) system_give(plan->system, client);
  if (status < 0) return -1;
  *out = rd_kafka_topic_partition_list_new((int)ranges->count);
  for (size_t i = 0; i < ranges->count; i++)
    rd_kafka_topic_partition_list_add(*out, ranges->items[i].topic, ranges->items[i].partition)->offset = ranges->items[i].end;
  return 0;
}

/* Of a partition that both have, the later offset counts. */
static void unite(rd_kafka_topic_partition_list_t *into, const rd_kafka_topic_partition_list_t *more) {
  for (int i = 0; i < more->cnt; i++) {
    const rd_kafka_topic_partition_t *item = &more->elems[i];
    rd_kafka_topic_partition_t *there = rd_kafka_topic_partition_list_find(into, item->topic, item->partition);
    if (!there) rd_kafka_topic_partition_list_add(into, item->topic, item->partition)->offset = item->offset;
    else if (there->offset < item->offset) there->offset = item->offset;
  }
}

void plans_free_offsets(rd_kafka_topic_partition_list_t **lists, uint32_t count) {
  for (uint32_t i = 0; lists && i < count; i++)
    if (lists[i]) rd_kafka_topic_partition_list_destroy(lists[i]);
  free(lists);
}

int plans_offsets(SystemPlan *const *plans, uint32_t count, rd_kafka_topic_partition_list_t ***out, TableError *error) {
  rd_kafka_topic_partition_list_t **lists = calloc((size_t)count + 1, sizeof *lists);
  int status = lists ? 0 : MODULE_FAIL(error, "no memory left for the offsets");
  for (uint32_t i = 0; i < count && status == 0; i++) {
    status = offsets_of(plans[i], &lists[i], error);
    for (uint32_t k = 0; k < i && lists[i]; k++) {
      if (!lists[k] || strcmp(plans[k]->system->settings.group, plans[i]->system->settings.group) != 0) continue;
      if (!system_same_cluster(plans[k]->system, plans[i]->system)) continue;
      unite(lists[k], lists[i]);
      rd_kafka_topic_partition_list_destroy(lists[i]);
      lists[i] = NULL;
    }
  }
  if (status == 0) *out = lists;
  else plans_free_offsets(lists, count);
  return status;
}

static void on_commit(rd_kafka_t *handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *offsets, void *opaque) {
  Client *client = opaque;
  (void)handle;
  for (int i = 0; offsets && i < offsets->cnt && !code; i++) code = offsets->elems[i].err;
  client->commit_result = code;
  client->committed = true;
}

static int commit(Client *client, const rd_kafka_topic_partition_list_t *list, TableError *error) {
  enum { SLICE = 200 };
  Patience patience = patience_start(client->settings->timeout);
  rd_kafka_resp_err_t code;
  int again;
  do {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client->handle);
    client->committed = false;
    code = rd_kafka_commit_queue(client->handle, list, queue, on_commit, client);
    while (!code && !client->committed && patience_now() < patience.deadline && !client->settings->host->stopped())
      rd_kafka_queue_poll_callback(queue, SLICE);
    if (!code) code = client->committed ? client->commit_result : RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_queue_destroy(queue);
  } while ((again = patience_again(&patience, client, code, error)) > 0);
  if (again < 0) return -1;
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION) {
    MODULE_HINT(error, "a group serves one program: give this script one of its own");
    return MODULE_FAIL(error, "the group '%s' has other members now, so that its offsets cannot be stored", client->settings->group);
  }
  return code ? client_failed(client, "cannot store the group's offsets", code, error) : 0;
}

int kafka_acknowledge(SystemPlan *const *plans, uint32_t plan_count, TableError *error) {
  rd_kafka_topic_partition_list_t **lists;
  if (plans_offsets(plans, plan_count, &lists, error) < 0) return -1;
  int status = 0;
  for (uint32_t i = 0; i < plan_count && status == 0; i++) {
    if (!lists[i]) continue;
    Client *client = system_take(plans[i]->system, error);
    status = client ? commit(client, lists[i], error) : -1;
    if (client) system_give(plans[i]->system, client);
  }
  plans_free_offsets(lists, plan_count);
  return status;
}
