/* read.c - the messages of a unit as batches. Each stream has a handle of its own while it reads. */
#include <errno.h>

#include "kafka.h"

enum { BATCH_BYTES = 16 << 20, MESSAGES_AT_ONCE = 1000 };

typedef struct Stream {
  SystemPlan *plan;
  uint32_t unit;
  size_t segment;          /* that is read, or comes next */
  Client *client;          /* NULL: not yet */
  rd_kafka_topic_t *topic; /* of the segment that is read; NULL: none */
  int64_t next;            /* offset from which on messages are still to come */
  double heard;            /* when the last one came */
  MessageColumn *columns;  /* those that are wanted */
  size_t column_count;
  uint32_t max_rows;
  MessageBatch batch;
  rd_kafka_message_t *waiting[MESSAGES_AT_ONCE]; /* taken from librdkafka, not yet looked at */
  size_t waiting_count, waiting_next;
  TableError error;
  char both[sizeof(TableError)];
} Stream;

static const Segment *segment_of(const Stream *stream) { return &stream->plan->segments[stream->segment]; }
static const Range *range_of(const Stream *stream) { return &stream->plan->ranges.items[segment_of(stream)->range]; }

/* --- One segment after another --- */

static void drop_waiting(Stream *stream) {
  while (stream->waiting_next < stream->waiting_count) rd_kafka_message_destroy(stream->waiting[stream->waiting_next++]);
  stream->waiting_next = stream->waiting_count = 0;
}

static void stop_segment(Stream *stream) {
  drop_waiting(stream);
  if (!stream->topic) return;
  rd_kafka_consume_stop(stream->topic, range_of(stream)->partition);
  rd_kafka_topic_destroy(stream->topic);
  stream->topic = NULL;
}

static int start_segment(Stream *stream) {
  SystemPlan *plan = stream->plan;
  const Segment *segment = segment_of(stream);
  const Range *range = range_of(stream);
  if (!stream->client && !(stream->client = system_take(plan->system, &stream->error))) return -1;
  rd_kafka_topic_t *topic = rd_kafka_topic_new(stream->client->handle, range->topic, NULL);
  if (!topic || rd_kafka_consume_start(topic, range->partition, segment->start) < 0) {
    rd_kafka_resp_err_t code = rd_kafka_last_error();
    if (topic) rd_kafka_topic_destroy(topic);
    return client_failed(stream->client, "cannot read", code, &stream->error);
  }
  stream->topic = topic;
  stream->next = segment->start;
  stream->heard = patience_now();
  return 0;
}

static void end_segment(Stream *stream) {
  stop_segment(stream);
  stream->segment++;
}

/* --- Messages --- */

static int failed(Stream *stream, const rd_kafka_message_t *message) {
  const Range *range = range_of(stream);
  TableError *error = &stream->error;
  rd_kafka_resp_err_t code = message->err;
  if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    MODULE_HINT(error, "@from = 'earliest' begins with the first message that is there");
    return MODULE_FAIL(error, "topic '%s', partition %d: messages from offset %lld on are gone since CREATE looked at them", range->topic, range->partition,
                       (long long)stream->next);
  }
  MODULE_FAIL(error, "topic '%s', partition %d, offset %lld: %s", range->topic, range->partition, (long long)stream->next,
              rd_kafka_message_errstr(message));
  return -1;
}

/* Waits for the next messages. */
static int fetch(Stream *stream) {
  enum { SLICE = 100 };
  const Settings *settings = &stream->plan->system->settings;
  const Range *range = range_of(stream);
  stream->waiting_next = stream->waiting_count = 0;
  rd_kafka_message_t *first = rd_kafka_consume(stream->topic, range->partition, SLICE);
  if (client_serve(stream->client, &stream->error) < 0) {
    if (first) rd_kafka_message_destroy(first);
    return -1;
  }
  if (first) {
    stream->waiting[stream->waiting_count++] = first;
    ssize_t more = rd_kafka_consume_batch(stream->topic, range->partition, 0, stream->waiting + 1, MESSAGES_AT_ONCE - 1);
    if (more > 0) stream->waiting_count += (size_t)more;
    stream->heard = patience_now();
    return 0;
  }
  if (patience_now() - stream->heard < settings->timeout) return 0;
  char what[400];
  snprintf(what, sizeof what, "topic '%.250s', partition %d: no message came for %g s after offset %lld", range->topic, range->partition,
           settings->timeout, (long long)stream->next);
  return client_failed(stream->client, what, RD_KAFKA_RESP_ERR__TIMED_OUT, &stream->error);
}

/* One message, or that there is none before an offset (a transaction's mark, compaction). */
static int take(Stream *stream, rd_kafka_message_t *message) {
  const Segment *segment = segment_of(stream);
  int status = 0;
  bool ends = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  if (message->err && !ends) {
    bool passing = message->err == RD_KAFKA_RESP_ERR__TRANSPORT || message->err == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                   message->err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    if (!passing) status = failed(stream, message);
  } else if (!ends && message->offset >= stream->next && message->offset < segment->end) {
    status = columns_add(&stream->batch, message, range_of(stream)->topic, &stream->error);
    stream->next = message->offset + 1;
  } else if (message->offset > stream->next) {
    stream->next = message->offset;
  }
  rd_kafka_message_destroy(message);
  return status;
}

static bool is_full(const Stream *stream) { return stream->batch.rows >= stream->max_rows || stream->batch.bytes >= BATCH_BYTES; }

/* Reads until the batch is full or the unit is over. */
static int fill(Stream *stream) {
  size_t end = stream->plan->first[stream->unit + 1];
  while (stream->segment < end && !is_full(stream)) {
    if (!stream->topic && start_segment(stream) < 0) return -1;
    if (stream->waiting_next == stream->waiting_count && fetch(stream) < 0) return -1;
    while (stream->waiting_next < stream->waiting_count && !is_full(stream) && stream->next < segment_of(stream)->end)
      if (take(stream, stream->waiting[stream->waiting_next++]) < 0) return -1;
    if (stream->next >= segment_of(stream)->end) end_segment(stream);
  }
  if (stream->segment == end) stream->plan->state[stream->unit] = UNIT_READ;
  return 0;
}

/* --- The stream --- */

static int get_next(struct ArrowArrayStream *base, struct ArrowArray *out) {
  Stream *stream = base->private_data;
  out->release = NULL;
  if (fill(stream) < 0) return EIO;
  return !stream->batch.rows || columns_finish(&stream->batch, out, &stream->error) == 0 ? 0 : ENOMEM;
}

static int get_schema(struct ArrowArrayStream *base, struct ArrowSchema *out) {
  Stream *stream = base->private_data;
  return columns_schema(stream->columns, stream->column_count, stream->batch.binary, out, &stream->error) < 0 ? ENOMEM : 0;
}

static const char *last_error(struct ArrowArrayStream *base) {
  Stream *stream = base->private_data;
  if (!stream->error.text[0]) return NULL;
  snprintf(stream->both, sizeof stream->both, "%s%s%s", stream->error.text, stream->error.hint[0] ? "\n" : "", stream->error.hint);
  return stream->both;
}

static void release(struct ArrowArrayStream *base) {
  Stream *stream = base->private_data;
  stop_segment(stream);
  if (stream->client) system_give(stream->plan->system, stream->client);
  columns_free(&stream->batch);
  free(stream->columns);
  free(stream);
  base->release = NULL;
}

int kafka_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  Stream *stream = calloc(1, sizeof *stream);
  if (!stream) return MODULE_FAIL(error, "no memory left for messages");
  *out = (struct ArrowArrayStream){get_schema, get_next, last_error, release, stream};
  stream->plan = plan;
  stream->unit = partition;
  stream->segment = plan->first[partition];
  stream->max_rows = max_rows ? max_rows : 1;
  stream->columns = calloc(plan->column_count + 1, sizeof *stream->columns);
  for (size_t i = 0; stream->columns && i < plan->column_count; i++)
    if (!columns || columns[i]) stream->columns[stream->column_count++] = plan->columns[i];
  if (stream->columns && columns_start(&stream->batch, stream->columns, stream->column_count, plan->system->settings.binary, error) == 0) {
    plan->state[partition] = UNIT_OPEN;
    return 0;
  }
  release(out);
  return MODULE_FAIL(error, "no memory left for messages");
}
