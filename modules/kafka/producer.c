/* producer.c - sending messages: delivery, transactions. */
#include "kafka.h"

/* --- Calls that give an error object --- */

typedef rd_kafka_error_t *(*StepFn)(Producer *producer, int timeout, const void *argument);

static int step_failed(const Producer *producer, const char *what, rd_kafka_error_t *failure, TableError *error) {
  rd_kafka_resp_err_t code = rd_kafka_error_code(failure);
  const Settings *settings = producer->client->settings;
  int status;
  if (code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED) {
    MODULE_HINT(error, "runs at the same time need different @transaction names");
    status = MODULE_FAIL(error, "%s: another run has begun the transaction '%s'", what, settings->transaction);
  } else if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT) {
    status = client_failed(producer->client, what, code, error);
  } else {
    status = MODULE_FAIL(error, "%s: %s", what, rd_kafka_error_string(failure));
  }
  rd_kafka_error_destroy(failure);
  return status;
}

/* Tries a step until it succeeds, fails for good, or takes too long. */
static int take_step(Producer *producer, StepFn fn, const void *argument, const char *what, TableError *error) {
  Patience patience = patience_start(producer->client->settings->timeout);
  for (;;) {
    rd_kafka_error_t *failure = fn(producer, patience.slice, argument);
    if (client_serve(producer->client, error) < 0) {
      if (failure) rd_kafka_error_destroy(failure);
      return -1;
    }
    if (!failure) return 0;
    rd_kafka_resp_err_t code = rd_kafka_error_is_retriable(failure) ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_error_code(failure);
    int again = rd_kafka_error_is_retriable(failure) ? patience_again(&patience, producer->client, code, error) : 0;
    if (again <= 0) {
      if (again == 0) return step_failed(producer, what, failure, error);
      rd_kafka_error_destroy(failure);
      return -1;
    }
    rd_kafka_error_destroy(failure);
  }
}

static rd_kafka_error_t *initialise(Producer *producer, int timeout, const void *argument) {
  (void)argument;
  return rd_kafka_init_transactions(producer->client->handle, timeout);
}

static rd_kafka_error_t *begin(Producer *producer, int timeout, const void *argument) {
  (void)timeout;
  (void)argument;
  return rd_kafka_begin_transaction(producer->client->handle);
}

static rd_kafka_error_t *commit(Producer *producer, int timeout, const void *argument) {
  (void)argument;
  return rd_kafka_commit_transaction(producer->client->handle, timeout);
}

typedef struct Offsets {
  const rd_kafka_topic_partition_list_t *list;
  const rd_kafka_consumer_group_metadata_t *group;
} Offsets;

static rd_kafka_error_t *send_offsets(Producer *producer, int timeout, const void *argument) {
  const Offsets *offsets = argument;
  return rd_kafka_send_offsets_to_transaction(producer->client->handle, offsets->list, offsets->group, timeout);
}

/* --- The producer --- */

int producer_open(const Settings *settings, Producer **out, TableError *error) {
  Producer *producer = calloc(1, sizeof *producer);
  if (!producer) return MODULE_FAIL(error, "no memory left for a connection");
  producer->client = client_new(settings, CLIENT_WRITES, error);
  int status = producer->client ? 0 : -1;
  if (status == 0 && settings->transaction) {
    status = take_step(producer, initialise, NULL, "cannot begin a transaction", error);
    if (status == 0) status = take_step(producer, begin, NULL, "cannot begin a transaction", error);
    producer->transaction = status == 0;
  }
  if (status == 0) *out = producer;
  else producer_close(producer);
  return status;
}

static int not_delivered(const Producer *producer, TableError *error) {
  const Client *client = producer->client;
  if (!client->settings->transaction) MODULE_HINT(error, "those that were delivered stay in the topic; with @transaction = 'name' all appear or none");
  const char *were = client->failed == 1 ? " was" : "s were", *colon = client->cause[0] ? ": " : "";
  return MODULE_FAIL(error, "%llu message%s not delivered: %s%s%s", (unsigned long long)client->failed, were, client->failure, colon, client->cause);
}

/* Each message has a time limit of its own (message.timeout.ms), so that this ends. */
int producer_flush(Producer *producer, TableError *error) {
  enum { SLICE = 200 };
  for (;;) {
    rd_kafka_resp_err_t code = rd_kafka_flush(producer->client->handle, SLICE);
    if (client_serve(producer->client, error) < 0) return -1;
    if (producer->client->failed) return not_delivered(producer, error);
    if (!code) return 0;
    if (code != RD_KAFKA_RESP_ERR__TIMED_OUT) return client_failed(producer->client, "cannot send messages", code, error);
  }
}

int producer_send_offsets(Producer *producer, const rd_kafka_topic_partition_list_t *list, const char *group, TableError *error) {
  rd_kafka_consumer_group_metadata_t *metadata = rd_kafka_consumer_group_metadata_new(group);
  const Offsets offsets = {list, metadata};
  int status = take_step(producer, send_offsets, &offsets, "cannot store the group's offsets", error);
  rd_kafka_consumer_group_metadata_destroy(metadata);
  return status;
}

int producer_commit(Producer *producer, TableError *error) {
  if (take_step(producer, commit, NULL, "cannot commit the transaction", error) < 0) return -1;
  producer->transaction = false;
  return 0;
}

/* Brokers give a transaction up by themselves after a time; told so, they do it at once. */
void producer_close(Producer *producer) {
  enum { ABORT_MILLISECONDS = 5000 };
  if (!producer) return;
  if (producer->transaction) {
    rd_kafka_error_t *failure = rd_kafka_abort_transaction(producer->client->handle, ABORT_MILLISECONDS);
    if (failure) rd_kafka_error_destroy(failure);
  }
  client_free(producer->client);
  free(producer);
}
