/* write.c - rows as messages of a topic. */
#include "kafka.h"

enum { NO_COLUMN = -1 };

struct SystemWriter {
  System *system;
  char *topic;
  rd_kafka_topic_t *handle;
  Producer *producer; /* NULL: not yet */
  bool owns;          /* the producer */
  bool waits, sent;   /* sent: all messages are in */
  SystemWriter *join; /* whose transaction this one is part of */
  int columns[MESSAGE_COLUMNS]; /* of the rows; NO_COLUMN */
};

/* --- The target --- */

/* The column that a name is; MESSAGE_COLUMNS: none. */
static int place_of(const char *name, const char *key) {
  if (strcmp(name, key) == 0) return COLUMN_KEY;
  for (int k = 0; k < MESSAGE_COLUMNS; k++)
    if (k != COLUMN_KEY && k != COLUMN_TOPIC && k != COLUMN_OFFSET && strcmp(name, column_names[k]) == 0) return k;
  return MESSAGE_COLUMNS;
}

static int find_columns(SystemWriter *writer, const SystemTarget *target, TableError *error) {
  const char *key = writer->system->settings.key; /* records that became values have theirs as "key" */
  bool found = false;
  for (uint32_t i = 0; i < target->column_count && key; i++) found = found || strcmp(target->columns[i], key) == 0;
  if (!found) key = column_names[COLUMN_KEY];
  for (uint32_t i = 0; i < target->column_count; i++) {
    int place = place_of(target->columns[i], key);
    if (place == MESSAGE_COLUMNS) {
      MODULE_HINT(error, "it has value, key, headers, timestamp and partition; @format = 'json' puts whole records into the value");
      return MODULE_FAIL(error, "a message has no place for the column \"%s\"", target->columns[i]);
    }
    writer->columns[place] = (int)i;
  }
  if (writer->system->settings.key && target->column_count && writer->columns[COLUMN_KEY] == NO_COLUMN)
    return MODULE_FAIL(error, "@key names \"%s\", which is no column of the dataset", writer->system->settings.key);
  return 0;
}

/* The types in the order of the dataset's columns. */
static int target_types(const SystemWriter *writer, const SystemTarget *target, struct ArrowSchema *types, TableError *error) {
  MessageColumn *order = calloc((size_t)target->column_count + 1, sizeof *order);
  if (!order) return MODULE_FAIL(error, "no memory left for the columns");
  for (int k = 0; k < MESSAGE_COLUMNS; k++)
    if (writer->columns[k] != NO_COLUMN) order[writer->columns[k]] = (MessageColumn)k;
  int status = columns_schema(order, target->column_count, writer->system->settings.binary, types, error);
  free(order);
  return status;
}

/* A transaction is kept open to the end of the script if offsets are to become visible with it, or if it is open already. */
static void join(SystemWriter *writer, const SystemTarget *target) {
  const Settings *settings = &writer->system->settings;
  if (!settings->transaction) return;
  for (uint32_t i = 0; i < target->plan_count && !writer->waits; i++)
    writer->waits = plan_stores(target->plans[i]) && system_same_cluster(writer->system, target->plans[i]->system);
  for (uint32_t i = 0; i < target->waiting_count && !writer->join; i++) {
    SystemWriter *other = target->waiting[i];
    if (strcmp(other->system->settings.transaction, settings->transaction) == 0 && system_same_cluster(writer->system, other->system)) writer->join = other;
  }
  writer->waits = writer->waits || writer->join;
}

int kafka_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error) {
  SystemWriter *writer = calloc(1, sizeof *writer);
  char *topic = writer ? strdup(target->into) : NULL;
  *skip = false;
  if (!topic) {
    free(writer);
    return MODULE_FAIL(error, "no memory left for a topic");
  }
  writer->system = system;
  writer->topic = topic;
  for (int k = 0; k < MESSAGE_COLUMNS; k++) writer->columns[k] = NO_COLUMN;
  int status = 0;
  if (topic[strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] || strlen(topic) > 249) {
    MODULE_HINT(error, "letters of ASCII, digits, dots, _ and -, at most 249");
    status = MODULE_FAIL(error, "this is no name of a topic");
  }
  if (status == 0) status = find_columns(writer, target, error);
  if (status == 0) status = target_types(writer, target, types, error);
  if (status == 0) join(writer, target);
  if (status == 0) *out = writer;
  else kafka_free_writer(writer);
  return status;
}

/* --- Beginning --- */

/* Waits until the topic is known. A cluster that makes topics by itself makes it now. */
static int find_topic(SystemWriter *writer, TableError *error) {
  enum { MAKE_SECONDS = 5, CONNECT_SECONDS = 10 };
  Client *client = writer->producer->client;
  Patience patience = patience_start(client->settings->patient ? client->settings->timeout : CONNECT_SECONDS), making = patience_start(MAKE_SECONDS);
  rd_kafka_resp_err_t code;
  int again;
  bool unknown;
  do {
    const struct rd_kafka_metadata *metadata;
    code = rd_kafka_metadata(client->handle, 0, writer->handle, &metadata, patience.slice);
    unknown = false;
    if (code) continue;
    code = metadata->topic_cnt != 1 ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : metadata->topics[0].err;
    if (!code && !metadata->topics[0].partition_cnt) code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    rd_kafka_metadata_destroy(metadata);
    unknown = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    if (unknown && patience_now() < making.deadline) code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE; /* that it is being made is not said */
  } while ((again = patience_again(&patience, client, code, error)) > 0);
  if (again < 0) return -1;
  if (unknown) {
    MODULE_HINT(error, "the brokers make no topics by themselves (auto.create.topics.enable): kafka-topics.sh --create makes one");
    return MODULE_FAIL(error, "there is no such topic");
  }
  return code ? client_failed(client, "cannot look for the topic", code, error) : 0;
}

/* The types have to be those that the target gave. */
static int check_types(const SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  for (int k = 0; k < MESSAGE_COLUMNS; k++) {
    if (writer->columns[k] == NO_COLUMN) continue;
    const struct ArrowSchema *type = schema->children[writer->columns[k]];
    const char *text = writer->system->settings.binary ? "z" : "u";
    const char *wanted = k == COLUMN_PARTITION ? "i" : k == COLUMN_TIMESTAMP ? "tsm:" : k == COLUMN_HEADERS ? "+m" : text;
    if (strncmp(type->format, wanted, strlen(wanted)) != 0)
      return MODULE_FAIL(error, "the column \"%s\" has the Arrow type %s, which is not %s", type->name ? type->name : "", type->format, wanted);
  }
  return 0;
}

int kafka_begin(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  if (writer->columns[COLUMN_VALUE] == NO_COLUMN) {
    MODULE_HINT(error, "SELECT … AS \"value\"; without it and without @format a record becomes JSON");
    return MODULE_FAIL(error, "a message needs a column \"value\"");
  }
  if (check_types(writer, schema, error) < 0) return -1;
  if (writer->join) writer->producer = writer->join->producer;
  else if (producer_open(&writer->system->settings, &writer->producer, error) < 0) return -1;
  writer->owns = !writer->join;
  writer->handle = rd_kafka_topic_new(writer->producer->client->handle, writer->topic, NULL);
  if (!writer->handle) return client_failed(writer->producer->client, "cannot write", rd_kafka_last_error(), error);
  return find_topic(writer, error);
}

/* --- Messages --- */

static bool is_valid(const struct ArrowArray *array, int64_t row) {
  const uint8_t *bits = array->buffers[0];
  int64_t i = array->offset + row;
  return !bits || (bits[i / 8] >> i % 8 & 1);
}

/* NULL: the value is NULL. */
static const char *bytes_at(const struct ArrowArray *array, int64_t row, size_t *len) {
  const int32_t *offsets = (const int32_t *)array->buffers[1] + array->offset + row;
  *len = 0;
  if (!is_valid(array, row)) return NULL;
  *len = (size_t)(offsets[1] - offsets[0]);
  return *len ? (const char *)array->buffers[2] + offsets[0] : "";
}

/* The headers of a row; NULL: none. The message takes them over. */
static rd_kafka_headers_t *headers_at(const struct ArrowArray *array, int64_t row) {
  if (!is_valid(array, row)) return NULL;
  const int32_t *offsets = (const int32_t *)array->buffers[1] + array->offset + row;
  const struct ArrowArray *entries = array->children[0];
  rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)(offsets[1] - offsets[0]));
  for (int64_t i = offsets[0]; i < offsets[1]; i++) {
    size_t name_len, len;
    const char *name = bytes_at(entries->children[0], entries->offset + i, &name_len), *value = bytes_at(entries->children[1], entries->offset + i, &len);
    rd_kafka_header_add(headers, name, (ssize_t)name_len, value, (ssize_t)len);
  }
  return headers;
}

typedef struct Message {
  const char *key, *value;
  size_t key_len, value_len;
  int32_t partition;
  int64_t timestamp; /* 0: now */
  rd_kafka_headers_t *headers;
} Message;

static const struct ArrowArray *column_of(const SystemWriter *writer, const struct ArrowArray *batch, MessageColumn column) {
  return writer->columns[column] == NO_COLUMN ? NULL : batch->children[writer->columns[column]];
}

static void message_at(const SystemWriter *writer, const struct ArrowArray *batch, int64_t row, Message *out) {
  const struct ArrowArray *key = column_of(writer, batch, COLUMN_KEY), *partition = column_of(writer, batch, COLUMN_PARTITION);
  const struct ArrowArray *timestamp = column_of(writer, batch, COLUMN_TIMESTAMP), *headers = column_of(writer, batch, COLUMN_HEADERS);
  row += batch->offset;
  *out = (Message){.partition = RD_KAFKA_PARTITION_UA};
  out->value = bytes_at(column_of(writer, batch, COLUMN_VALUE), row, &out->value_len);
  if (key) out->key = bytes_at(key, row, &out->key_len);
  if (partition && is_valid(partition, row)) out->partition = ((const int32_t *)partition->buffers[1])[partition->offset + row];
  if (timestamp && is_valid(timestamp, row)) out->timestamp = ((const int64_t *)timestamp->buffers[1])[timestamp->offset + row];
  if (headers) out->headers = headers_at(headers, row);
}

static rd_kafka_error_t *produce(const SystemWriter *writer, const Message *message) {
  rd_kafka_vu_t parts[7] = {
    {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = writer->handle},
    {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = message->partition},
    {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
    {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)message->value, message->value_len}},
    {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)message->key, message->key_len}},
    {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = message->timestamp}};
  size_t count = 6;
  if (message->headers) parts[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = message->headers};
  return rd_kafka_produceva(writer->producer->client->handle, parts, count);
}

static int refused(const SystemWriter *writer, const Message *message, rd_kafka_resp_err_t code, TableError *error) {
  const Client *client = writer->producer->client;
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    MODULE_HINT(error, "@options = ['message.max.bytes=…'] allows more, as far as the brokers and the topic (max.message.bytes) do");
    return MODULE_FAIL(error, "a message of %zu bytes is too large", message->value_len + message->key_len);
  }
  if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) return MODULE_FAIL(error, "the topic has no partition %d", message->partition);
  return client_failed(client, "cannot send a message", code, error);
}

/* While librdkafka's queue is full, it waits for deliveries. */
static int send_message(const SystemWriter *writer, Message *message, TableError *error) {
  enum { PAUSE = 50 };
  Client *client = writer->producer->client;
  for (;;) {
    rd_kafka_error_t *failure = produce(writer, message);
    if (!failure) return 0;
    rd_kafka_resp_err_t code = rd_kafka_error_code(failure);
    rd_kafka_error_destroy(failure);
    int status = code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 0 : refused(writer, message, code, error);
    if (status == 0) rd_kafka_poll(client->handle, PAUSE);
    if (status == 0) status = client_serve(client, error);
    if (status == 0 && client->failed) status = producer_flush(writer->producer, error);
    if (status < 0) {
      if (message->headers) rd_kafka_headers_destroy(message->headers);
      return -1;
    }
  }
}

int kafka_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error) {
  enum { SERVE_EVERY = 4096 };
  Client *client = writer->producer->client;
  int status = 0;
  for (int64_t row = 0; row < batch->length && status == 0; row++) {
    Message message;
    message_at(writer, batch, row, &message);
    status = send_message(writer, &message, error);
    if (status == 0 && row % SERVE_EVERY == 0) status = client_serve(client, error);
    if (status == 0 && client->failed) status = producer_flush(writer->producer, error);
  }
  batch->release(batch);
  return status;
}

/* --- The end --- */

int kafka_commit(SystemWriter *writer, TableError *error) {
  if (producer_flush(writer->producer, error) < 0) return -1;
  if (writer->producer->transaction && !writer->waits && producer_commit(writer->producer, error) < 0) return -1;
  writer->sent = true;
  return 0;
}

bool kafka_waits(const SystemWriter *writer) { return writer->waits; }

/* The transaction takes along the plans of its cluster that store offsets: their marks are set. */
static int send_offsets(SystemWriter *writer, SystemPlan *const *plans, uint8_t *acknowledged, uint32_t plan_count, TableError *error) {
  SystemPlan **taken = calloc((size_t)plan_count + 1, sizeof *taken);
  if (!taken) return MODULE_FAIL(error, "no memory left for the offsets");
  uint32_t count = 0;
  for (uint32_t i = 0; i < plan_count; i++) {
    acknowledged[i] = plan_stores(plans[i]) && system_same_cluster(writer->system, plans[i]->system);
    if (acknowledged[i]) taken[count++] = plans[i];
  }
  rd_kafka_topic_partition_list_t **lists = NULL;
  int status = plans_offsets(taken, count, &lists, error);
  for (uint32_t i = 0; i < count && status == 0; i++)
    if (lists[i]) status = producer_send_offsets(writer->producer, lists[i], taken[i]->system->settings.group, error);
  plans_free_offsets(lists, count);
  free(taken);
  return status;
}

/* The first writer of a transaction ends it for all. */
int kafka_finish(SystemWriter *writer, SystemPlan *const *plans, uint8_t *acknowledged, uint32_t plan_count, TableError *error) {
  Producer *producer = writer->producer;
  if (!producer->transaction) return 0;
  const char *name = writer->system->settings.transaction;
  if (producer->spoiled) return MODULE_FAIL(error, "the transaction '%s' was given up, since a COPY into it failed", name);
  if (send_offsets(writer, plans, acknowledged, plan_count, error) < 0) return -1;
  return producer_commit(producer, error);
}

void kafka_free_writer(SystemWriter *writer) {
  if (writer->producer && !writer->sent) writer->producer->spoiled = true;
  if (writer->handle) rd_kafka_topic_destroy(writer->handle);
  if (writer->owns) producer_close(writer->producer);
  free(writer->topic);
  free(writer);
}
