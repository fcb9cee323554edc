/* test_net.c - the module dcetl-net.so, its sources linked in: stores against the servers of tests/systems. */
#include <check.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../modules/net/net.h"

extern const RemoteModule dcetl_net_module;
static const RemoteModule *const net = &dcetl_net_module;

/* --- What the program would give --- */

static _Atomic bool stop;
static Bytes secrets, lines;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool stopped(void) { return stop; }
static void note(Bytes *to, const char *text) {
  pthread_mutex_lock(&lock);
  text_format(to, "%s\n", text);
  pthread_mutex_unlock(&lock);
}
static void secret(const char *text) { note(&secrets, text); }
static void debug(const char *text) { note(&lines, text); }
static bool hides(const char *name, size_t len) { return memmem(name, len, "auth", 4) || memmem(name, len, "sig", 3) || memmem(name, len, "token", 5); }
static const RemoteHost host = {stopped, secret, hides, debug};

static size_t lines_with(const char *part) {
  size_t count = 0;
  pthread_mutex_lock(&lock);
  for (const char *at = text_of(&lines); (at = strstr(at, part)); at += strlen(part)) count++;
  pthread_mutex_unlock(&lock);
  return count;
}

/* --- Servers --- */

enum { WEB, OBJECTS, HDFS, SAFE_WEB, SERVERS };
static pid_t pids[SERVERS];
static int ports[SERVERS];
static char folder[] = "/tmp/dcetl-net-XXXXXX", data[100001];
static bool no_python;
static char certificate[60]; /* "": there is no openssl to make it */

static void start(int which, const char *script, const char *certificate) {
  int ends[2];
  char text[16] = "";
  ck_assert_int_eq(pipe(ends), 0);
  pids[which] = fork();
  if (pids[which] == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execlp("python3", "python3", script, "0", folder, certificate, (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  FILE *in = fdopen(ends[0], "r");
  if (!fgets(text, sizeof text, in)) no_python = true;
  fclose(in);
  ports[which] = atoi(text);
}

static void setup(void) {
  for (size_t i = 0; i + 1 < sizeof data; i++) data[i] = (char)('a' + i * i % 23);
  ck_assert_ptr_nonnull(mkdtemp(folder));
  Bytes path = {.data = NULL};
  text_format(&path, "%s/f.txt", folder);
  FILE *file = fopen(text_of(&path), "w");
  ck_assert(fwrite(data, 1, sizeof data - 1, file) == sizeof data - 1 && fclose(file) == 0);
  bytes_free(&path);
  static const char *const names[] = {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_REGION", "http_proxy", "AZURE_STORAGE_KEY", "AZURE_STORAGE_CONNECTION_STRING",
                                      "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_SAS_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unsetenv(names[i]);
  setenv("HOME", folder, 1);
  setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  setenv("NO_GCE_CHECK", "1", 1);
  start(WEB, "tests/systems/http_server.py", NULL);
  start(OBJECTS, "tests/systems/object_server.py", NULL);
  start(HDFS, "tests/systems/webhdfs_server.py", NULL);
  char command[300];
  snprintf(certificate, sizeof certificate, "%s/tls.pem", folder);
  snprintf(command, sizeof command, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9 -subj /CN=test -addext subjectAltName=IP:127.0.0.1 "
           "-keyout %s -out %s.crt 2>/dev/null && cat %s.crt >>%s", certificate, certificate, certificate, certificate);
  if (no_python || system(command) != 0) *certificate = 0;
  if (*certificate) start(SAFE_WEB, "tests/systems/http_server.py", certificate);
}

static void teardown(void) {
  for (int i = 0; i < SERVERS; i++) {
    if (!pids[i]) continue;
    kill(pids[i], SIGKILL);
    waitpid(pids[i], NULL, 0);
  }
  char command[100];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
}

/* A store and the last error of it. */
typedef struct Case {
  RemoteStore *store;
  RemoteError error;
  char url[400];
} Case;

static void open_case(Case *it, const RemoteOption *options, const char *url) {
  *it = (Case){.store = NULL};
  uint32_t count = 0;
  while (options && options[count].name) count++;
  snprintf(it->url, sizeof it->url, "%s", url);
  ck_assert_msg(net->open(&host, url, options, count, &it->store, &it->error) == 0, "%s", it->error.text);
}

static void web(Case *it, const char *path, const char *retries) {
  char url[300];
  snprintf(url, sizeof url, "http://127.0.0.1:%d/%s", ports[WEB], path);
  open_case(it, (const RemoteOption[]){{"retries", retries}, {"timeout", "1"}, {NULL, NULL}}, url);
}

static const char *objects(const char *below) {
  static char text[100];
  snprintf(text, sizeof text, "http://127.0.0.1:%d/%s", ports[OBJECTS], below);
  return text;
}

static bool take(void *self, const void *bytes, size_t size) {
  bytes_put(self, bytes, size);
  return true;
}

static int read_whole(Case *it, Bytes *out) {
  it->error = (RemoteError){.kind = REMOTE_FAILED};
  return net->read_from(it->store, it->url, NULL, 0, take, out, &it->error);
}

static int read_part(Case *it, const char *version, uint64_t from, uint64_t size, uint64_t *got) {
  static char part[sizeof data];
  it->error = (RemoteError){.kind = REMOTE_FAILED};
  int status = net->read_at(it->store, it->url, version, from, part, size, got, NULL, &it->error);
  if (status == 0) ck_assert_int_eq(memcmp(part, data + from, *got), 0);
  return status;
}

/* --- Web servers --- */

START_TEST(web_reads) {
  /* How it goes wrong, and that all bytes come nevertheless. */
  static const char *const ways[] = {"", "?ranges=no", "?chunked=1", "?reset=1000&times=3", "?reset=50000&times=3&ranges=no", "?fail=503&times=2", "?fail=429&times=1&after=0",
                                     "?fail=500&times=1", "?redirect=/f.txt", "?longer=10", "?etag=weak&reset=10&times=1", "?etag=none", "?head=405", "?head=403&ranges=no"};
  for (size_t i = 0; !no_python && i < sizeof ways / sizeof *ways; i++) {
    char path[100];
    snprintf(path, sizeof path, "f.txt%s", ways[i]);
    Case it;
    Bytes out = {.data = NULL};
    RemoteInfo info;
    uint64_t got;
    web(&it, path, "5");
    ck_assert_msg(read_whole(&it, &out) == 0 && out.len == sizeof data - 1 && memcmp(out.data, data, out.len) == 0, "%s: %s", ways[i], it.error.text);
    ck_assert_msg(read_part(&it, NULL, 99990, 100, &got) == 0 && got == 10, "%s: %s", ways[i], it.error.text);
    ck_assert_int_eq(net->look(it.store, it.url, &info, &it.error), 0);
    ck_assert_int_eq(info.kind, REMOTE_FILE);
    ck_assert_int_eq(info.ranges, !strstr(ways[i], "ranges=no") && !strstr(ways[i], "chunked"));
    bytes_free(&out);
    net->close(it.store);
  }
}
END_TEST

START_TEST(web_failures) {
  static const struct { const char *path, *retries, *text; RemoteFailure kind; } cases[] = {
    {"nothing", "5", "404 Not Found", REMOTE_MISSING},
    {"f.txt?auth=u:p", "5", "401 Unauthorized", REMOTE_DENIED},
    {"f.txt?fail=403", "5", "403 Forbidden", REMOTE_DENIED},
    {"f.txt?fail=503", "1", "503 Service Unavailable", REMOTE_FAILED},
    {"f.txt?reset=1000&times=1&etag=changing", "5", "changed", REMOTE_CHANGED},
    {"f.txt?reset=1000&times=1&etag=none", "5", "the connection was lost", REMOTE_FAILED},
    {"f.txt?reset=1000", "1", "the connection was lost", REMOTE_FAILED},
    {"f.txt?stall=10", "0", "too slow", REMOTE_FAILED},
    {"f.txt?redirect=ftp://x/", "5", "redirects", REMOTE_FAILED},
    {"f.txt?redirect=/f.txt%3Fredirect=/f.txt", "5", "", REMOTE_FAILED}};
  for (size_t i = 0; !no_python && i + 1 < sizeof cases / sizeof *cases; i++) {
    Case it;
    Bytes out = {.data = NULL};
    web(&it, cases[i].path, cases[i].retries);
    time_t start = time(NULL);
    ck_assert_int_ne(read_whole(&it, &out), 0);
    ck_assert_msg(time(NULL) - start < 5, "%s: @timeout is 1 second", cases[i].path);
    ck_assert_msg(strstr(it.error.text, cases[i].text) != NULL, "%s: %s", cases[i].path, it.error.text);
    ck_assert_msg(it.error.kind == cases[i].kind, "%s: %d", cases[i].path, it.error.kind);
    bytes_free(&out);
    net->close(it.store);
  }
}
END_TEST

START_TEST(web_versions) {
  if (no_python) return;
  Case it;
  uint64_t got;
  web(&it, "f.txt", "0");
  ck_assert_int_ne(read_part(&it, "\"another\"", 0, 10, &got), 0);
  ck_assert_int_eq(it.error.kind, REMOTE_CHANGED);
  ck_assert_int_eq(read_part(&it, "", 200000, 10, &got), 0);
  ck_assert_uint_eq(got, 0);
  net->close(it.store);
}
END_TEST

/* Credentials and own headers do not go to another host; nothing secret is in the lines for debugging. */
START_TEST(web_secrets) {
  if (no_python) return;
  char url[300];
  snprintf(url, sizeof url, "http://anna:pass-4711@127.0.0.1:%d/f.txt?redirect=http://localhost:%d/f.txt&token=q-4711", ports[WEB], ports[WEB]);
  Case it;
  Bytes out = {.data = NULL};
  open_case(&it, (const RemoteOption[]){{"headers", "X-Test: head-4711\nX-Other: 1"}, {NULL, NULL}}, url);
  ck_assert_msg(read_whole(&it, &out) == 0, "%s", it.error.text);
  net->close(it.store);
  web(&it, "-/log", "0");
  out.len = 0;
  ck_assert_int_eq(read_whole(&it, &out), 0);
  net->close(it.store);
  text_put(&out, "");
  char *line = strstr(text_of(&out), "q-4711");
  ck_assert_ptr_nonnull(line);
  ck_assert(strstr(line, "Basic YW5uYTpwYXNzLTQ3MTE=\thead-4711\nGET\t/f.txt\t\t\t\n") != NULL);
  ck_assert(strstr(text_of(&secrets), "pass-4711\n") && strstr(text_of(&secrets), "head-4711\n"));
  ck_assert(!strstr(text_of(&lines), "4711"));
  ck_assert(lines_with("/f.txt?redirect=http://localhost:") == 1 && lines_with("&token=***: 302, 0 bytes, ") == 1 && lines_with("/f.txt: 200, 100000 bytes, ") == 1);
  bytes_free(&out);
}
END_TEST

/* Certificates are looked at, and their names; a redirect from a safe address to one that is not is refused. */
START_TEST(web_certificates) {
  if (!*certificate) return;
  const struct { const char *host, *path, *text; bool known; } cases[] = {
    {"127.0.0.1", "f.txt", "certificate is not trusted", false}, {"127.0.0.1", "f.txt", NULL, true}, {"localhost", "f.txt", "certificate", true},
    {"127.0.0.1", "f.txt?redirect=http://127.0.0.1/f.txt", "redirects from https to http", true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char url[200];
    Case it;
    Bytes out = {.data = NULL};
    snprintf(url, sizeof url, "https://%s:%d/%s", cases[i].host, ports[SAFE_WEB], cases[i].path);
    unsetenv("CURL_CA_BUNDLE");
    if (cases[i].known) setenv("CURL_CA_BUNDLE", certificate, 1);
    open_case(&it, NULL, url);
    ck_assert_msg((read_whole(&it, &out) == 0) == !cases[i].text, "%s", it.error.text);
    ck_assert_msg(!cases[i].text || strstr(it.error.text, cases[i].text), "%s", it.error.text);
    bytes_free(&out);
    net->close(it.store);
  }
}
END_TEST

static void *stop_soon(void *unused) {
  (void)unused;
  usleep(300000);
  stop = true;
  return NULL;
}

START_TEST(web_stops) {
  if (no_python) return;
  static const char *const ways[] = {"f.txt?slow=20", "f.txt?fail=503&after=20"};
  for (int i = 0; i < 2; i++) {
    stop = false;
    Case it;
    Bytes out = {.data = NULL};
    pthread_t thread;
    web(&it, ways[i], "5");
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pthread_create(&thread, NULL, stop_soon, NULL);
    ck_assert_int_ne(read_whole(&it, &out), 0);
    clock_gettime(CLOCK_MONOTONIC, &to);
    pthread_join(thread, NULL);
    ck_assert_int_eq(it.error.kind, REMOTE_STOPPED);
    ck_assert_int_lt(to.tv_sec - from.tv_sec, 3);
    bytes_free(&out);
    net->close(it.store);
  }
}
END_TEST

/* --- Stores that are written --- */

static bool found_name(void *self, const char *name, const RemoteInfo *info) {
  text_format(self, "%s%s ", name, info->kind == REMOTE_FOLDER ? "/" : "");
  return true;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The names in order, as one text. */
static void check_some(Case *it, const char *url, const char *begins, bool deep, const char *expected) {
  Bytes names = {.data = NULL}, sorted = {.data = NULL};
  ck_assert_msg(net->list(it->store, url, begins, deep, found_name, &names, &it->error) == 0, "%s", it->error.text);
  char *all[20];
  size_t count = 0;
  text_put(&names, "");
  for (char *name = strtok((char *)names.data, " "); name && count < 20; name = strtok(NULL, " ")) all[count++] = name;
  if (count) qsort(all, count, sizeof *all, by_name);
  for (size_t i = 0; i < count; i++) text_format(&sorted, "%s%s", i ? " " : "", all[i]);
  ck_assert_str_eq(text_of(&sorted), expected);
  bytes_free(&names);
  bytes_free(&sorted);
}

static void check_list(Case *it, const char *url, bool deep, const char *expected) { check_some(it, url, "", deep, expected); }

static RemoteKind kind_of(Case *it, const char *url) {
  RemoteInfo info;
  ck_assert_msg(net->look(it->store, url, &info, &it->error) == 0, "%s", it->error.text);
  return info.kind;
}

static void write_parts(Case *it, uint64_t size, bool complete) {
  RemoteUpload *upload;
  it->error = (RemoteError){.kind = REMOTE_FAILED};
  ck_assert_msg(net->upload_begin(it->store, it->url, "text/csv", &upload, &it->error) == 0, "%s", it->error.text);
  uint32_t number = 0;
  for (uint64_t at = 0; at < sizeof data - 1; at += size) {
    uint64_t left = sizeof data - 1 - at;
    ck_assert_msg(net->upload_part(upload, ++number, data + at, left < size ? left : size, &it->error) == 0, "%s", it->error.text);
  }
  if (complete) ck_assert_msg(net->upload_complete(upload, &it->error) == 0, "%s", it->error.text);
  net->upload_free(upload);
}

/* The whole life of files; the place is "s3://test". */
static void live(const char *place, const RemoteOption *options) {
  static const char odd[] = "dir/b+%25#?&='\"<x>\xc3\xbc~!*().csv";
  static const char *const names[] = {"a.csv", "dir/c.csv", odd, "dir/sub/d.csv", "dir.csv"};
  char urls[5][200], below[200];
  Case it;
  uint64_t got;
  RemoteInfo info;
  open_case(&it, options, place);
  for (int i = 0; i < 5; i++) {
    snprintf(urls[i], sizeof urls[i], "%s/%s", place, names[i]);
    ck_assert_msg(net->put(it.store, urls[i], NULL, data, i == 1 ? 0 : 100, &it.error) == 0, "%s: %s", urls[i], it.error.text);
  }
  check_list(&it, place, false, "a.csv dir.csv dir/");
  snprintf(below, sizeof below, "%s/dir", place);
  check_list(&it, below, false, "b+%25#?&='\"<x>\xc3\xbc~!*().csv c.csv sub/");
  check_list(&it, place, true, "a.csv dir.csv dir/b+%25#?&='\"<x>\xc3\xbc~!*().csv dir/c.csv dir/sub/d.csv");
  ck_assert_int_eq(kind_of(&it, below), REMOTE_FOLDER);
  strcat(below, "/");
  ck_assert_int_eq(kind_of(&it, below), REMOTE_FOLDER);
  strcat(below, "nothing");
  ck_assert_int_eq(kind_of(&it, below), REMOTE_NONE);
  ck_assert_int_eq(kind_of(&it, urls[2]), REMOTE_FILE);
  strcpy(it.url, urls[1]);
  ck_assert_msg(read_part(&it, NULL, 0, 10, &got) == 0 && got == 0, "%s", it.error.text);
  strcpy(it.url, urls[2]);
  write_parts(&it, 30000, true);
  ck_assert_int_eq(net->look(it.store, it.url, &info, &it.error), 0);
  ck_assert_uint_eq(info.size, sizeof data - 1);
  ck_assert_msg(read_part(&it, info.version, 10, 99000, &got) == 0 && got == 99000, "%s", it.error.text);
  ck_assert_int_eq(net->put(it.store, it.url, NULL, data, 200, &it.error), 0);
  ck_assert_int_ne(read_part(&it, info.version, 10, 100, &got), 0);
  ck_assert_int_eq(it.error.kind, REMOTE_CHANGED);
  strcpy(it.url, urls[3]);
  write_parts(&it, 30000, false);
  ck_assert_msg(read_part(&it, NULL, 0, 1000, &got) == 0 && got == 100, "%s", it.error.text);
  stop = true; /* what was begun is removed nevertheless */
  RemoteUpload *upload = NULL;
  stop = false;
  ck_assert_int_eq(net->upload_begin(it.store, it.url, NULL, &upload, &it.error), 0);
  ck_assert_int_eq(net->upload_part(upload, 1, data, 100, &it.error), 0);
  stop = true;
  net->upload_free(upload);
  stop = false;
  check_list(&it, place, true, "a.csv dir.csv dir/b+%25#?&='\"<x>\xc3\xbc~!*().csv dir/c.csv dir/sub/d.csv");
  for (int i = 0; i < 5; i++) ck_assert_msg(net->remove(it.store, urls[i], &it.error) == 0 && net->remove(it.store, urls[i], &it.error) == 0, "%s", it.error.text);
  ck_assert_int_ne(read_part(&it, NULL, 0, 10, &got), 0);
  ck_assert_int_eq(it.error.kind, REMOTE_MISSING);
  net->close(it.store);
}

static void check_no_uploads(void) {
  Case it;
  Bytes out = {.data = NULL};
  open_case(&it, NULL, objects("-/uploads"));
  ck_assert_int_eq(read_whole(&it, &out), 0);
  ck_assert(out.len == 1 && *out.data == '0');
  bytes_free(&out);
  net->close(it.store);
}

START_TEST(s3_lives) {
  if (no_python) return;
  live("s3://test", (const RemoteOption[]){{"endpoint", objects("s3")}, {"access_key", "AKTEST"}, {"secret_key", "SKTEST"}, {NULL, NULL}});
  live("s3://slow", (const RemoteOption[]){{"endpoint", objects("s3")}, {"access_key", "AKSESSION"}, {"secret_key", "SKSESSION"}, {"session_token", "new"}, {NULL, NULL}});
  check_no_uploads();
}
END_TEST

static long connections(void) {
  Case it;
  Bytes out = {.data = NULL};
  open_case(&it, NULL, objects("-/connections"));
  ck_assert_int_eq(read_whole(&it, &out), 0);
  text_put(&out, "");
  long count = strtol(text_of(&out), NULL, 10);
  bytes_free(&out);
  net->close(it.store);
  return count;
}

static bool take_all_but_say_enough(void *self, const void *bytes, size_t size) {
  bytes_put(self, bytes, size);
  return ((Bytes *)self)->len < sizeof data - 1;
}

/* Who has all bytes of a file keeps the connection, also if no more are wanted. */
START_TEST(s3_keeps_connections) {
  if (no_python) return;
  Case it;
  open_case(&it, (const RemoteOption[]){{"endpoint", objects("s3")}, {"access_key", "AKTEST"}, {"secret_key", "SKTEST"}, {NULL, NULL}}, "s3://kept/x");
  ck_assert_int_eq(net->put(it.store, it.url, NULL, data, sizeof data - 1, &it.error), 0);
  long before = connections();
  for (int i = 0; i < 5; i++) {
    Bytes out = {.data = NULL};
    ck_assert_msg(net->read_from(it.store, it.url, NULL, 0, take_all_but_say_enough, &out, &it.error) == 0, "%s", it.error.text);
    ck_assert_uint_eq(out.len, sizeof data - 1);
    bytes_free(&out);
  }
  ck_assert_int_eq(connections() - before, 1); /* that of the question itself */
  net->close(it.store);
}
END_TEST

START_TEST(s3_ends_of_uploads) {
  if (no_python) return;
  static const char *const urls[] = {"s3://late/x", "s3://lost/x"};
  for (int i = 0; i < 2; i++) {
    Case it;
    Bytes out = {.data = NULL};
    open_case(&it, (const RemoteOption[]){{"endpoint", objects("s3")}, {"access_key", "AKTEST"}, {"secret_key", "SKTEST"}, {NULL, NULL}}, urls[i]);
    write_parts(&it, 40000, true);
    ck_assert_int_eq(read_whole(&it, &out), 0);
    ck_assert_uint_eq(out.len, sizeof data - 1);
    bytes_free(&out);
    net->close(it.store);
  }
  check_no_uploads();
}
END_TEST

/* Parts of one upload, and of one file, by several threads at once. */
enum { THREADS = 4, PARTS = 20, PART = (sizeof data - 1) / PARTS };
static Case *shared;
static RemoteUpload *shared_upload;

static void *write_some(void *from) {
  for (uint32_t i = (uint32_t)(uintptr_t)from; i < PARTS; i += THREADS) {
    RemoteError error = {.kind = REMOTE_FAILED};
    if (net->upload_part(shared_upload, i + 1, data + i * PART, PART, &error) != 0) return "failed";
  }
  return NULL;
}

static void *read_some(void *from) {
  char part[PART];
  for (uint32_t i = (uint32_t)(uintptr_t)from; i < PARTS; i += THREADS) {
    RemoteError error = {.kind = REMOTE_FAILED};
    uint64_t got;
    if (net->read_at(shared->store, shared->url, NULL, i * PART, part, PART, &got, NULL, &error) != 0 || got != PART || memcmp(part, data + i * PART, PART) != 0) return "failed";
  }
  return NULL;
}

static void in_threads(void *(*work)(void *)) {
  pthread_t threads[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, work, (void *)i), 0);
  for (int i = 0; i < THREADS; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    ck_assert_ptr_null(failed);
  }
}

START_TEST(s3_in_threads) {
  if (no_python) return;
  Case it;
  shared = &it;
  open_case(&it, (const RemoteOption[]){{"endpoint", objects("s3")}, {"access_key", "AKTEST"}, {"secret_key", "SKTEST"}, {NULL, NULL}}, "s3://threads/x");
  ck_assert_int_eq(net->upload_begin(it.store, it.url, NULL, &shared_upload, &it.error), 0);
  in_threads(write_some);
  ck_assert_msg(net->upload_complete(shared_upload, &it.error) == 0, "%s", it.error.text);
  net->upload_free(shared_upload);
  in_threads(read_some);
  net->close(it.store);
}
END_TEST

START_TEST(s3_denied) {
  if (no_python) return;
  const struct { const char *url, *access_key, *secret_key, *text; RemoteFailure kind; } cases[] = {
    {"s3://test/x", "AKTEST", "wrong", "SignatureDoesNotMatch", REMOTE_DENIED}, {"s3://test/x", "AKNO", "wrong", "InvalidAccessKeyId", REMOTE_DENIED},
    {"s3://test/x", "", "", "AccessDenied", REMOTE_DENIED},                     {"s3://nothing/x", "AKTEST", "SKTEST", "no such bucket", REMOTE_MISSING}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Case it;
    RemoteInfo info;
    open_case(&it, (const RemoteOption[]){{"endpoint", objects("s3")}, {"access_key", cases[i].access_key}, {"secret_key", cases[i].secret_key}, {NULL, NULL}}, cases[i].url);
    ck_assert_int_ne(net->look(it.store, it.url, &info, &it.error), 0);
    ck_assert_msg(strstr(it.error.text, cases[i].text) != NULL && it.error.kind == cases[i].kind, "%s", it.error.text);
    ck_assert_str_ne(it.error.hint, "");
    net->close(it.store);
  }
}
END_TEST

static const RemoteOption *with_keys(const char *region) {
  static RemoteOption options[6];
  const RemoteOption made[] = {{"endpoint", objects("s3")}, {"access_key", "AKTEST"}, {"secret_key", "SKTEST"}, {"region", region}, {"retries", "1"}, {NULL, NULL}};
  memcpy(options, made, sizeof options);
  return options;
}

/* What a name is, is told by one listing, or two where names with bytes before / come between; and by no listing to those who may not list. */
START_TEST(s3_looks) {
  if (no_python) return;
  static const char *const names[] = {"a-b", "a/b", "ab/c", "b c+%.csv", "d\x01\x7f/e f", "e+f/g"};
  const struct { const char *name; RemoteKind kind; size_t requests; } cases[] = {
    {"a-b", REMOTE_FILE, 1}, {"a", REMOTE_FOLDER, 2}, {"ab", REMOTE_FOLDER, 1}, {"a-", REMOTE_NONE, 1}, {"ab/", REMOTE_FOLDER, 1}, {"x", REMOTE_NONE, 1}, {"", REMOTE_FOLDER, 1},
    {"b c+%.csv", REMOTE_FILE, 1}, {"b c+%", REMOTE_NONE, 2}, {"d\x01\x7f", REMOTE_FOLDER, 2}, {"d\x01\x7f/e f", REMOTE_FILE, 2}, {"e+f", REMOTE_FOLDER, 1}};
  static const char *const places[] = {"s3://looks", "s3://unlisted"};
  for (int p = 0; p < 2; p++) {
    Case it;
    char url[200];
    open_case(&it, with_keys("us-east-1"), places[p]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      snprintf(url, sizeof url, "%s/%s", places[p], names[i]);
      ck_assert_msg(net->put(it.store, url, NULL, data, 10, &it.error) == 0, "%s", it.error.text);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      RemoteInfo info;
      size_t before = lines_with("GET ") + lines_with("HEAD ");
      snprintf(url, sizeof url, "%s/%s", places[p], cases[i].name);
      it.error = (RemoteError){.kind = REMOTE_FAILED};
      int status = net->look(it.store, url, &info, &it.error);
      if (p == 0 || cases[i].kind == REMOTE_FILE) ck_assert_msg(status == 0 && info.kind == cases[i].kind, "%s: %d %d %s", url, status, (int)info.kind, it.error.text);
      if (p == 0) ck_assert_msg(lines_with("GET ") + lines_with("HEAD ") - before == cases[i].requests, "%s: %zu", url, lines_with("GET ") + lines_with("HEAD ") - before);
      if (p == 1 && cases[i].kind != REMOTE_FILE) ck_assert_msg(status != 0 && it.error.kind == REMOTE_DENIED && strstr(it.error.hint, "no right to list"), "%s", url);
    }
    if (p == 0) check_list(&it, places[p], true, "a-b a/b ab/c b c+%.csv d\x01\x7f/e e+f/g f"); /* blanks part words, which are sorted */
    if (p == 0) check_some(&it, places[p], "a", false, "a-b a/ ab/");
    net->close(it.store);
  }
}
END_TEST

/* A bucket in another region is found where that is only a word, and else named. */
START_TEST(s3_elsewhere) {
  if (no_python) return;
  const struct { const char *url, *text, *hint; } cases[] = {
    {"s3://moved/x", "the bucket is in region eu-west-3, not us-east-1 (PermanentRedirect, 301 Moved Permanently)", "@region = 'eu-west-3'"},
    {"s3://skewed/x", "the clock of this machine", "set the clock"}, {"s3://zone/x", "", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Case it;
    RemoteInfo info;
    open_case(&it, with_keys("us-east-1"), cases[i].url);
    ck_assert_int_eq(net->look(it.store, it.url, &info, &it.error) == 0, !*cases[i].text);
    ck_assert_msg(strstr(it.error.text, cases[i].text) && strstr(it.error.hint, cases[i].hint), "%s (%s)", it.error.text, it.error.hint);
    net->close(it.store);
  }
}
END_TEST

static void put_file(const char *name, const char *text) {
  char path[100];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
  setenv("TEST_FILE", path, 1);
}

static void check_keys(const char *url, const RemoteOption *options) {
  Case it;
  Bytes out = {.data = NULL};
  open_case(&it, options, url);
  ck_assert_msg(net->put(it.store, it.url, NULL, data, 10, &it.error) == 0, "%s", it.error.text);
  ck_assert_int_eq(read_whole(&it, &out), 0);
  bytes_free(&out);
  net->close(it.store);
}

/* Every place where keys are looked for. */
START_TEST(s3_keys) {
  if (no_python) return;
  setenv("AWS_ENDPOINT_URL", objects("s3"), 1);
  setenv("AWS_ACCESS_KEY_ID", "AKTEST", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "SKTEST", 1);
  check_keys("s3://keys/env", NULL);
  unsetenv("AWS_ACCESS_KEY_ID");
  put_file("credentials", "[p]\naws_access_key_id = AKSESSION\naws_secret_access_key = SKSESSION\naws_session_token = new\n");
  setenv("AWS_SHARED_CREDENTIALS_FILE", getenv("TEST_FILE"), 1);
  check_keys("s3://keys/file", (const RemoteOption[]){{"profile", "p"}, {NULL, NULL}});
  put_file("config", "[profile q]\ncredential_process = printf '{\"Version\":1,\"AccessKeyId\":\"AKTEST\",\"SecretAccessKey\":\"SKTEST\"}'\n");
  setenv("AWS_CONFIG_FILE", getenv("TEST_FILE"), 1);
  setenv("AWS_PROFILE", "q", 1);
  check_keys("s3://keys/process", NULL);
  unsetenv("AWS_PROFILE");
  setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", objects("keys"), 1);
  setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-4711", 1);
  check_keys("s3://keys/container", NULL);
  unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  unsetenv("AWS_EC2_METADATA_DISABLED");
  setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", objects(""), 1);
  check_keys("s3://keys/instance", NULL);
  ck_assert(strstr(text_of(&secrets), "SKMETA\n") && strstr(text_of(&secrets), "metatoken\n"));
}
END_TEST

/* A token that has expired is looked for once more; here its file has a new one by then. */
START_TEST(s3_expired) {
  if (no_python) return;
  static const char keys[] = "[default]\naws_access_key_id = AKSESSION\naws_secret_access_key = SKSESSION\naws_session_token = ";
  char text[200];
  Case it;
  snprintf(text, sizeof text, "%sold\n", keys);
  put_file("credentials", text);
  setenv("AWS_SHARED_CREDENTIALS_FILE", getenv("TEST_FILE"), 1);
  open_case(&it, (const RemoteOption[]){{"endpoint", objects("s3")}, {NULL, NULL}}, "s3://expired/x");
  ck_assert_int_ne(net->put(it.store, it.url, NULL, data, 10, &it.error), 0);
  ck_assert_msg(strstr(it.error.text, "expired") != NULL, "%s", it.error.text);
  snprintf(text, sizeof text, "%snew\n", keys);
  put_file("credentials", text);
  it.error = (RemoteError){.kind = REMOTE_FAILED};
  ck_assert_msg(net->put(it.store, it.url, NULL, data, 10, &it.error) == 0, "%s", it.error.text);
  net->close(it.store);
}
END_TEST

static void check_azure_prefix(const RemoteOption *options) {
  static const char *const urls[] = {"az://test/p/a1", "az://test/p/a/2", "az://test/p/b1"};
  Case it;
  open_case(&it, options, urls[0]);
  for (int i = 0; i < 3; i++) ck_assert_int_eq(net->put(it.store, urls[i], NULL, data, 10, &it.error), 0);
  check_some(&it, "az://test/p", "a", false, "a/ a1");
  for (int i = 0; i < 3; i++) ck_assert_int_eq(net->remove(it.store, urls[i], &it.error), 0);
  net->close(it.store);
}

START_TEST(azure_lives) {
  if (no_python) return;
  const RemoteOption options[] = {{"endpoint", objects("az/devacc")}, {"access_key", "devacc"}, {"secret_key", "YXp1cmUgdGVzdCBrZXkgNDcxMQ=="}, {NULL, NULL}};
  live("az://test", options);
  check_azure_prefix(options);
  live("az://test", (const RemoteOption[]){{"endpoint", objects("az/devacc")}, {"token", "?sv=1&sig=good"}, {NULL, NULL}});
  Case it;
  RemoteInfo info;
  open_case(&it, options, "az://nothing/x");
  ck_assert_int_ne(net->look(it.store, it.url, &info, &it.error), 0);
  ck_assert_msg(strstr(it.error.text, "no such container") != NULL, "%s", it.error.text);
  net->close(it.store);
}
END_TEST

START_TEST(google_lives) {
  if (no_python) return;
  live("gs://test", (const RemoteOption[]){{"endpoint", objects("gs")}, {"token", "tok-4711"}, {NULL, NULL}});
  live("gs://test", (const RemoteOption[]){{"endpoint", objects("s3")}, {"access_key", "AKTEST"}, {"secret_key", "SKTEST"}, {NULL, NULL}});
  char *pem = NULL;
  BIO *bio = BIO_new(BIO_s_mem());
  EVP_PKEY *key = EVP_RSA_gen(2048);
  ck_assert(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
  long len = BIO_get_mem_data(bio, &pem);
  Bytes text = {.data = NULL};
  text_format(&text, "{\"type\":\"service_account\",\"client_email\":\"a@b\",\"token_uri\":\"%s\",\"private_key\":\"", objects("token"));
  for (long i = 0; i < len; i++) text_put_len(&text, pem[i] == '\n' ? "\\n" : pem + i, pem[i] == '\n' ? 2 : 1);
  text_put(&text, "\"}");
  put_file("account.json", text_of(&text));
  setenv("GOOGLE_APPLICATION_CREDENTIALS", getenv("TEST_FILE"), 1);
  check_keys("gs://test/account", (const RemoteOption[]){{"endpoint", objects("gs")}, {NULL, NULL}});
  text.len = 0;
  text_format(&text, "{\"type\":\"authorized_user\",\"refresh_token\":\"refresh-4711\",\"token_uri\":\"%s\"}", objects("token"));
  put_file("account.json", text_of(&text));
  check_keys("gs://test/user", (const RemoteOption[]){{"endpoint", objects("gs")}, {NULL, NULL}});
  ck_assert(strstr(text_of(&secrets), "refresh-4711\n") && strstr(text_of(&secrets), "tok-4711\n"));
  bytes_free(&text);
  BIO_free(bio);
  EVP_PKEY_free(key);
}
END_TEST

START_TEST(hdfs_lives) {
  if (no_python) return;
  char place[100];
  snprintf(place, sizeof place, "webhdfs://127.0.0.1:%d/top", ports[HDFS]);
  live(place, (const RemoteOption[]){{"user", "anna"}, {NULL, NULL}});
}
END_TEST

/* What is broken off arrives nevertheless, and late: it is removed, too. */
START_TEST(hdfs_late) {
  if (no_python) return;
  Case it;
  char url[100];
  pthread_t thread;
  RemoteUpload *upload;
  snprintf(url, sizeof url, "webhdfs://127.0.0.1:%d/late/slow", ports[HDFS]);
  open_case(&it, (const RemoteOption[]){{"user", "anna"}, {NULL, NULL}}, url);
  ck_assert_int_eq(net->upload_begin(it.store, it.url, NULL, &upload, &it.error), 0);
  pthread_create(&thread, NULL, stop_soon, NULL);
  ck_assert_int_ne(net->upload_part(upload, 1, data, 100, &it.error), 0);
  pthread_join(thread, NULL);
  net->upload_free(upload);
  stop = false;
  usleep(600000);
  check_list(&it, "webhdfs://x/late", true, "");
  net->close(it.store);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("net");
  TCase *servers = tcase_create("servers");
  tcase_add_test(servers, web_reads);
  tcase_add_test(servers, web_failures);
  tcase_add_test(servers, web_versions);
  tcase_add_test(servers, web_secrets);
  tcase_add_test(servers, web_certificates);
  tcase_add_test(servers, web_stops);
  tcase_add_test(servers, s3_lives);
  tcase_add_test(servers, s3_keeps_connections);
  tcase_add_test(servers, s3_ends_of_uploads);
  tcase_add_test(servers, s3_in_threads);
  tcase_add_test(servers, s3_denied);
  tcase_add_test(servers, s3_looks);
  tcase_add_test(servers, s3_elsewhere);
  tcase_add_test(servers, s3_keys);
  tcase_add_test(servers, s3_expired);
  tcase_add_test(servers, azure_lives);
  tcase_add_test(servers, google_lives);
  tcase_add_test(servers, hdfs_lives);
  tcase_add_test(servers, hdfs_late);
  tcase_add_unchecked_fixture(servers, setup, teardown);
  tcase_set_timeout(servers, 60);
  suite_add_tcase(suite, servers);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
