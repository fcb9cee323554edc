/* kafka_mock.c - a Kafka cluster for tests: librdkafka's mock brokers on loopback ports. It prints their addresses, obeys
 * commands on standard input, answers each with "ok" or what is wrong, and ends with its input.
 *
 *   kafka_mock [BROKERS]
 *   topic NAME PARTITIONS     down BROKER     up BROKER     rtt BROKER MILLISECONDS
 *   leader NAME PARTITION BROKER              fail REQUEST [CODE…]   (numbers as in Kafka's protocol; without codes: no more)
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rd_kafka_resp_err_t fail_requests(rd_kafka_mock_cluster_t *cluster, char *rest) {
  rd_kafka_resp_err_t codes[100];
  size_t count = 0;
  char *end;
  long request = strtol(rest, &end, 10);
  for (rest = end; count < 100; rest = end) {
    long code = strtol(rest, &end, 10);
    if (end == rest) break;
    codes[count++] = (rd_kafka_resp_err_t)code;
  }
  rd_kafka_mock_clear_request_errors(cluster, (int16_t)request);
  if (count) rd_kafka_mock_push_request_errors_array(cluster, (int16_t)request, count, codes);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t obey(rd_kafka_mock_cluster_t *cluster, char *line) {
  char name[250];
  int a, b;
  if (sscanf(line, "topic %249s %d", name, &a) == 2) return rd_kafka_mock_topic_create(cluster, name, a, 1);
  if (sscanf(line, "down %d", &a) == 1) return rd_kafka_mock_broker_set_down(cluster, a);
  if (sscanf(line, "up %d", &a) == 1) return rd_kafka_mock_broker_set_up(cluster, a);
  if (sscanf(line, "rtt %d %d", &a, &b) == 2) return rd_kafka_mock_broker_set_rtt(cluster, a, b);
  if (sscanf(line, "leader %249s %d %d", name, &a, &b) == 3) return rd_kafka_mock_partition_set_leader(cluster, name, a, b);
  if (strncmp(line, "fail ", 5) == 0) return fail_requests(cluster, line + 5);
  return RD_KAFKA_RESP_ERR__INVALID_ARG;
}

/* What the brokers tell of each connection is of no interest. */
static void silent(const rd_kafka_t *handle, int level, const char *facility, const char *text) {
  (void)handle;
  (void)level;
  (void)facility;
  (void)text;
}

int main(int argc, char **argv) {
  char reason[300], line[1000];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, silent);
  rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  rd_kafka_mock_cluster_t *cluster = handle ? rd_kafka_mock_cluster_new(handle, argc > 1 ? atoi(argv[1]) : 1) : NULL;
  if (!cluster) {
    fprintf(stderr, "kafka_mock: no cluster: %s\n", handle ? "" : reason);
    return 1;
  }
  printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    rd_kafka_resp_err_t code = obey(cluster, line);
    printf("%s\n", code ? rd_kafka_err2str(code) : "ok");
    fflush(stdout);
  }
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(handle);
  return 0;
}
