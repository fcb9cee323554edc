/* kafka.h - the parts of the module dcetl-kafka.so: parameters (settings.c), connections (client.c), which messages are read
 * (plan.c, offsets.c), messages as Arrow arrays (read.c, columns.c), messages sent and transactions (write.c, producer.c).
 *
 * librdkafka does the protocol. Each of its handles belongs to one thread at a time, so that its callbacks need no lock.
 */
#ifndef MODULES_KAFKA_H
#define MODULES_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "module.h"
#include "value/system_module.h"

/* --- Parameters --- */

typedef enum StartKind { START_EARLIEST, START_LATEST, START_STORED, START_TIME, START_OFFSETS } StartKind;

typedef struct Settings {
  const SystemHost *host;
  char *brokers, *group, *transaction, *key; /* NULL: not given */
  char **names, **values;                    /* of librdkafka's configuration: what @options gives, user and password */
  size_t count, cap;
  StartKind start, reset;                    /* reset: where a group has stored nothing; START_STORED: an error */
  int64_t time;                              /* START_TIME, in milliseconds since 1970 */
  int64_t *offsets;                          /* START_OFFSETS: one, or one of each partition; negative: from the end */
  size_t offset_count, offset_cap;
  int64_t until;                             /* -1: now */
  int64_t most;                              /* @count; -1: all */
  double wait, timeout;                      /* seconds */
  bool patient;                              /* @timeout was given */
  bool binary, commit;
} Settings;

/* Reads the parameters; what it made is freed by settings_free, also after a failure. */
int settings_read(Settings *settings, const TableOption *options, uint32_t count, TableError *error);
void settings_free(Settings *settings);
/* Milliseconds since 1970 of "2024-05-01", "2024-05-01T12:30:00.5+02:00"; UTC unless it names a zone. false: it is none. */
bool settings_time(const char *text, int64_t *out);

/* --- Connections --- */

typedef struct Client {
  rd_kafka_t *handle;
  const Settings *settings;
  char cause[300];      /* what librdkafka last said about the brokers */
  bool refused;         /* logging in failed: trying again is of no use */
  bool committed;       /* an answer to client_commit came, with this result */
  rd_kafka_resp_err_t commit_result;
  uint64_t failed;      /* messages that were not delivered, */
  char failure[300];    /* and why the first of them was not */
  struct Client *next;  /* in the list of those that are free */
} Client;

typedef enum ClientKind { CLIENT_READS, CLIENT_WRITES } ClientKind;

/* A handle of librdkafka; it connects by itself, when something is asked of it. */
Client *client_new(const Settings *settings, ClientKind kind, TableError *error);
void client_free(Client *client); /* NULL is fine; what was not sent is dropped */
/* Serves callbacks. -1: the run is to end, or logging in failed. */
int client_serve(Client *client, TableError *error);
/* What a request failed of, with what is known about the brokers. Gives -1. */
int client_failed(const Client *client, const char *what, rd_kafka_resp_err_t code, TableError *error);

/* Requests that may take long are made in slices, between which the wish to end is seen: what times out is asked again, with
   more and more time, until the deadline. */
typedef struct Patience {
  double deadline; /* by patience_now */
  int slice;       /* of the next request, in milliseconds */
} Patience;
double patience_now(void); /* seconds of a clock that only goes forward */
Patience patience_start(double seconds);
/* After a request: 1: ask again, 0: it is done or failed for good, -1: the run is to end. */
int patience_again(Patience *patience, Client *client, rd_kafka_resp_err_t code, TableError *error);

/* --- Reading --- */

typedef enum MessageColumn {
  COLUMN_KEY, COLUMN_VALUE, COLUMN_TOPIC, COLUMN_PARTITION, COLUMN_OFFSET, COLUMN_TIMESTAMP, COLUMN_HEADERS,
  MESSAGE_COLUMNS,
} MessageColumn;
extern const char *const column_names[MESSAGE_COLUMNS];

/* Messages of one partition of a topic: offsets from start up to end, without it. */
typedef struct Range {
  char *topic;
  int32_t partition;
  int64_t start, end;
  int64_t low, high; /* what there is */
  int64_t stored;    /* by the group; -1: none */
} Range;

typedef struct Ranges {
  Range *items;
  size_t count, cap;
} Ranges;

/* The partitions of the topics that the names and globs mean, in order. */
int offsets_topics(Client *client, const char *const *names, size_t count, Ranges *out, TableError *error);
/* Start and end of each. */
int offsets_find(Client *client, Ranges *ranges, TableError *error);
/* Asks what the group has stored: *out gets an item for each range. */
int offsets_stored(Client *client, const Ranges *ranges, int64_t *out, TableError *error);

/* Messages as they are put into arrays. */
typedef struct ColumnBuilder ColumnBuilder;
typedef struct MessageBatch {
  ColumnBuilder *columns;
  size_t count;
  int64_t rows;
  size_t bytes;
  bool binary;
} MessageBatch;

int columns_schema(const MessageColumn *columns, size_t count, bool binary, struct ArrowSchema *out, TableError *error);
int columns_start(MessageBatch *batch, const MessageColumn *columns, size_t count, bool binary, TableError *error);
int columns_add(MessageBatch *batch, const rd_kafka_message_t *message, const char *topic, TableError *error);
/* The rows as a struct array; the batch is empty then. */
int columns_finish(MessageBatch *batch, struct ArrowArray *out, TableError *error);
void columns_free(MessageBatch *batch);

typedef struct Segment { /* a part of a range that one stream reads */
  uint32_t range;
  int64_t start, end;
} Segment;

struct SystemPlan {
  System *system;
  Ranges ranges;
  MessageColumn *columns; /* of the VALUE list */
  size_t column_count;
  Segment *segments;      /* in order */
  size_t segment_count;
  size_t *first;          /* segment of each unit, and one more */
  _Atomic uint8_t *state; /* of each unit: UNIT_… */
  uint32_t unit_count;
  bool cut;               /* some rows were not taken */
};
enum { UNIT_NEW, UNIT_OPEN, UNIT_READ };

struct System {
  Settings settings;
  pthread_mutex_t lock; /* of the list */
  Client *idle;         /* handles that read and are free */
};

/* A handle that reads; given back by system_give. NULL: the error. */
Client *system_take(System *system, TableError *error);
void system_give(System *system, Client *client);
/* Do both talk to one cluster? */
bool system_same_cluster(System *a, System *b);

int kafka_plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error);
int kafka_read(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error);
int kafka_acknowledge(SystemPlan *const *plans, uint32_t plan_count, TableError *error);
void kafka_cut(SystemPlan *plan);
void kafka_free_plan(SystemPlan *plan);
/* Does its group want offsets to be stored? */
bool plan_stores(const SystemPlan *plan);
/* The offsets that acknowledging the plans stores, one list for each group, at the place of its first plan; NULL at others. All are
   looked at before any is stored: those of one group may have read the same topic. Freed by plans_free_offsets. */
int plans_offsets(SystemPlan *const *plans, uint32_t count, rd_kafka_topic_partition_list_t ***out, TableError *error);
void plans_free_offsets(rd_kafka_topic_partition_list_t **lists, uint32_t count);

/* --- Writing --- */

/* Messages on their way; all writers of one transaction have it in common, and the first of them owns it. */
typedef struct Producer {
  Client *client;
  bool transaction; /* is open */
  bool spoiled;     /* a writer was freed before all of its messages were in: no commit */
} Producer;

/* Logs in; with @transaction: waits until those before it are over, and begins one. */
int producer_open(const Settings *settings, Producer **out, TableError *error);
/* Waits until all messages are delivered. */
int producer_flush(Producer *producer, TableError *error);
/* Lets offsets become visible with the transaction's messages. */
int producer_send_offsets(Producer *producer, const rd_kafka_topic_partition_list_t *offsets, const char *group, TableError *error);
int producer_commit(Producer *producer, TableError *error);
void producer_close(Producer *producer); /* gives up a transaction that is open; NULL is fine */

int kafka_target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error);
int kafka_begin(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error);
int kafka_write(SystemWriter *writer, struct ArrowArray *batch, TableError *error);
int kafka_commit(SystemWriter *writer, TableError *error);
bool kafka_waits(const SystemWriter *writer);
int kafka_finish(SystemWriter *writer, SystemPlan *const *plans, uint8_t *acknowledged, uint32_t plan_count, TableError *error);
void kafka_free_writer(SystemWriter *writer);

#endif
