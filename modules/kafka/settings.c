/* settings.c - the parameters of the adapter. */
#include <ctype.h>
#include <errno.h>
#include <time.h>

#include "kafka.h"

static char *copy(const char *text, TableError *error) {
  char *made = strdup(text);
  if (!made) MODULE_FAIL(error, "no memory left for the parameters");
  return made;
}

static int set_text(char **at, const char *value, TableError *error) {
  free(*at);
  *at = copy(value, error);
  return *at ? 0 : -1;
}

/* --- Numbers and times --- */

static bool whole(const char *text, int64_t *out) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  *out = value;
  return end != text && !*end && !errno && !isspace((unsigned char)*text);
}

/* So many digits as a number; moves *p. */
static bool digits(const char **p, int count, int *out) {
  *out = 0;
  for (int i = 0; i < count; i++, (*p)++) {
    if (!isdigit((unsigned char)**p)) return false;
    *out = *out * 10 + (**p - '0');
  }
  return true;
}

static bool skip(const char **p, char c) {
  if (**p != c) return false;
  ++*p;
  return true;
}

/* "Z", "+02:00", "" as seconds. */
static bool zone_of(const char *p, int64_t *seconds) {
  int hours, minutes = 0;
  *seconds = 0;
  if (!*p || strcmp(p, "Z") == 0 || strcmp(p, "z") == 0) return true;
  bool west = *p == '-';
  if (*p != '-' && *p != '+') return false;
  p++;
  if (!digits(&p, 2, &hours)) return false;
  if (*p == ':') p++;
  if (*p && !digits(&p, 2, &minutes)) return false;
  if (*p || hours > 18 || minutes > 59) return false;
  *seconds = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

bool settings_time(const char *p, int64_t *out) {
  struct tm tm = {0};
  int64_t milliseconds = 0, zone;
  if (!digits(&p, 4, &tm.tm_year) || !skip(&p, '-') || !digits(&p, 2, &tm.tm_mon) || !skip(&p, '-') || !digits(&p, 2, &tm.tm_mday)) return false;
  if (*p == 'T' || *p == ' ') {
    p++;
    if (!digits(&p, 2, &tm.tm_hour) || !skip(&p, ':') || !digits(&p, 2, &tm.tm_min)) return false;
    if (skip(&p, ':') && !digits(&p, 2, &tm.tm_sec)) return false;
    if (skip(&p, '.'))
      for (int64_t scale = 100; isdigit((unsigned char)*p); scale /= 10) milliseconds += (*p++ - '0') * scale;
  }
  if (!zone_of(p, &zone)) return false;
  if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60) return false;
  tm.tm_year -= 1900;
  tm.tm_mon--;
  int day = tm.tm_mday;
  time_t seconds = timegm(&tm);
  if (tm.tm_mday != day && !tm.tm_hour) return false; /* the 31st of April */
  *out = ((int64_t)seconds - zone) * 1000 + milliseconds;
  return true;
}

/* --- Where reading begins and ends --- */

static int add_offset(Settings *settings, int64_t offset, TableError *error) {
  enum { MOST_OFFSETS = 1 << 20 };
  void *room = module_room(settings->offsets, settings->offset_count, &settings->offset_cap, sizeof *settings->offsets, MOST_OFFSETS);
  if (!room) return MODULE_FAIL(error, "@from has too many offsets");
  settings->offsets = room;
  settings->offsets[settings->offset_count++] = offset;
  return 0;
}

static int set_from(Settings *settings, const char *value, TableError *error) {
  int64_t offset;
  if (strcmp(value, "stored") == 0) settings->start = START_STORED;
  else if (strcmp(value, "earliest") == 0) settings->start = START_EARLIEST;
  else if (strcmp(value, "latest") == 0) settings->start = START_LATEST;
  else if (settings_time(value, &settings->time)) settings->start = START_TIME;
  else if (whole(value, &offset)) {
    settings->start = START_OFFSETS;
    return add_offset(settings, offset, error);
  } else {
    MODULE_HINT(error, "'stored', 'earliest', 'latest', a time such as '2024-05-01T12:00:00Z', an offset, or an array of one for each partition");
    return MODULE_FAIL(error, "@from does not know '%s'", value);
  }
  return 0;
}

static int set_reset(Settings *settings, const char *value, TableError *error) {
  if (strcmp(value, "earliest") == 0) settings->reset = START_EARLIEST;
  else if (strcmp(value, "latest") == 0) settings->reset = START_LATEST;
  else if (strcmp(value, "error") == 0) settings->reset = START_STORED;
  else {
    MODULE_HINT(error, "'earliest', 'latest' or 'error'");
    return MODULE_FAIL(error, "@reset does not know '%s'", value);
  }
  return 0;
}

static int set_until(Settings *settings, const char *value, TableError *error) {
  if (strcmp(value, "now") == 0 || settings_time(value, &settings->until)) return 0;
  MODULE_HINT(error, "'now', or a time such as '2024-05-01T12:00:00Z'");
  return MODULE_FAIL(error, "@until does not know '%s'", value);
}

static int set_count(Settings *settings, const char *value, TableError *error) {
  if (whole(value, &settings->most) && settings->most > 0) return 0;
  return MODULE_FAIL(error, "@count is a number of messages from 1 on, not '%s'", value);
}

static int set_seconds(const char *name, double *at, double least, const char *value, TableError *error) {
  char *end;
  *at = strtod(value, &end);
  if (end != value && !*end && *at >= least && *at <= 86400) return 0;
  return MODULE_FAIL(error, "@%s is a number of seconds from %g to 86400, not '%s'", name, least, value);
}

/* --- librdkafka's own --- */

static int add_property(Settings *settings, const char *name, size_t name_len, const char *value, TableError *error) {
  enum { MOST_PROPERTIES = 1000 };
  size_t cap = settings->cap;
  void *names = module_room(settings->names, settings->count, &cap, sizeof *settings->names, MOST_PROPERTIES);
  if (names) settings->names = names;
  void *values = names ? module_room(settings->values, settings->count, &settings->cap, sizeof *settings->values, MOST_PROPERTIES) : NULL;
  if (values) settings->values = values;
  if (!values) return MODULE_FAIL(error, "@options has too many properties");
  char *own = strndup(name, name_len), *text = strdup(value);
  if (!own || !text) {
    free(own);
    free(text);
    return MODULE_FAIL(error, "no memory left for the parameters");
  }
  settings->names[settings->count] = own;
  settings->values[settings->count++] = text;
  return 0;
}

/* What the promises of this module depend on is no matter of @options. */
static int check_property(const char *name, TableError *error) {
  static const struct { const char *name, *instead; } ours[] = {
    {"bootstrap.servers", "@brokers"}, {"metadata.broker.list", "@brokers"}, {"group.id", "@group"}, {"transactional.id", "@transaction"},
    {"enable.auto.commit", "@commit"}, {"auto.commit.enable", "@commit"}, {"auto.offset.reset", "@reset"}, {"enable.auto.offset.store", NULL},
    {"enable.partition.eof", NULL}, {"enable.idempotence", NULL}, {"acks", NULL}, {"request.required.acks", NULL}, {"log.queue", NULL}, {"opaque", NULL}};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
    if (strcmp(name, ours[i].name) != 0) continue;
    if (ours[i].instead) MODULE_HINT(error, "%s says it", ours[i].instead);
    return MODULE_FAIL(error, "@options cannot set %s", name);
  }
  return 0;
}

static bool is_secret(const char *name) {
  static const char *const secret[] = {"password", "secret", "ssl.key.pem", "sasl.oauthbearer.config", "sasl.jaas"};
  for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
    if (strstr(name, secret[i])) return true;
  return false;
}

static int set_property(Settings *settings, const char *value, TableError *error) {
  const char *equals = strchr(value, '=');
  if (!equals || equals == value) {
    MODULE_HINT(error, "as in @options = ['security.protocol=SASL_SSL', 'client.id=etl']");
    return MODULE_FAIL(error, "@options has 'name=value' texts, and one is none");
  }
  if (add_property(settings, value, (size_t)(equals - value), equals + 1, error) < 0) return -1;
  const char *name = settings->names[settings->count - 1];
  if (is_secret(name)) settings->host->secret(equals + 1);
  return check_property(name, error);
}

/* --- All --- */

static int set_option(Settings *settings, const char *name, const char *value, TableError *error) {
  if (strcmp(name, "brokers") == 0) return set_text(&settings->brokers, value, error);
  if (strcmp(name, "group") == 0) return set_text(&settings->group, value, error);
  if (strcmp(name, "transaction") == 0) return set_text(&settings->transaction, value, error);
  if (strcmp(name, "key") == 0) return set_text(&settings->key, value, error);
  if (strcmp(name, "from") == 0) return set_from(settings, value, error);
  if (strcmp(name, "reset") == 0) return set_reset(settings, value, error);
  if (strcmp(name, "until") == 0) return set_until(settings, value, error);
  if (strcmp(name, "count") == 0) return set_count(settings, value, error);
  if (strcmp(name, "wait") == 0) return set_seconds(name, &settings->wait, 0, value, error);
  if (strcmp(name, "timeout") == 0) return settings->patient = true, set_seconds(name, &settings->timeout, 0.1, value, error);
  if (strcmp(name, "binary") == 0) return settings->binary = strcmp(value, "true") == 0, 0;
  if (strcmp(name, "commit") == 0) return settings->commit = strcmp(value, "true") == 0, 0;
  if (strcmp(name, "options") == 0) return set_property(settings, value, error);
  if (strcmp(name, "user") == 0) return add_property(settings, "sasl.username", strlen("sasl.username"), value, error);
  if (strcmp(name, "password") == 0) return settings->host->secret(value), add_property(settings, "sasl.password", strlen("sasl.password"), value, error);
  return 0; /* the program's own */
}

int settings_read(Settings *settings, const TableOption *options, uint32_t count, TableError *error) {
  enum { TIMEOUT = 60 };
  bool has_start = false;
  settings->reset = START_EARLIEST;
  settings->until = settings->most = -1;
  settings->timeout = TIMEOUT;
  settings->commit = true;
  for (uint32_t i = 0; i < count; i++) {
    if (!options[i].value) continue;
    if (set_option(settings, options[i].name, options[i].value, error) < 0) return -1;
    has_start = has_start || strcmp(options[i].name, "from") == 0;
  }
  if (!has_start) settings->start = settings->group ? START_STORED : START_EARLIEST;
  if (!settings->brokers || !*settings->brokers) {
    MODULE_HINT(error, "as in @brokers = 'host:9092,other:9092'");
    return MODULE_FAIL(error, "@brokers is missing");
  }
  if (settings->start == START_STORED && !settings->group) {
    MODULE_HINT(error, "@group = 'name' names the group; @from = 'earliest' needs none");
    return MODULE_FAIL(error, "@from = 'stored' needs the group that has stored offsets");
  }
  if (settings->offset_count > 1 && settings->start != START_OFFSETS) return MODULE_FAIL(error, "an array in @from has offsets only");
  return 0;
}

void settings_free(Settings *settings) {
  for (size_t i = 0; i < settings->count; i++) {
    free(settings->names[i]);
    free(settings->values[i]);
  }
  free(settings->names);
  free(settings->values);
  free(settings->offsets);
  free(settings->brokers);
  free(settings->group);
  free(settings->transaction);
  free(settings->key);
}
