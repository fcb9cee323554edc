/* webhdfs.c - files of HDFS by its REST interface ("WebHDFS REST API", Apache Hadoop): webhdfs://, and with TLS swebhdfs://.
 *
 * The name node redirects to the data nodes that have the bytes. A file is written under a hidden name beside its own, and renamed.
 */
#include <sys/random.h>
#include <yyjson.h>

#include "net.h"

enum { MOST_DEPTH = 100, LATE_TIMES = 5, LATE_MS = 200 };

typedef struct Upload {
  RemoteUpload base;
  char *path, *hidden; /* from the root on, without / at the beginning */
  uint64_t size;       /* that is written */
  bool begun, complete;
  bool unsure; /* a part failed, and may arrive nevertheless */
} Upload;

/* --- Requests --- */

static const char *who(const RemoteStore *store) {
  static const char *const names[] = {"HADOOP_USER_NAME", "USER", "LOGNAME"};
  if (store->settings.user) return store->settings.user;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (net_variable(names[i])) return net_variable(names[i]);
  return NULL;
}

/* A password is for a gateway, such as Knox. */
static int prepare(void *self, Request *request, Pairs *headers, RemoteError *error) {
  RemoteStore *store = self;
  (void)request;
  const Settings *settings = &store->settings;
  for (size_t i = 0; i < settings->headers.count; i++) pairs_put(headers, settings->headers.items[i].name, settings->headers.items[i].value);
  if (settings->user && settings->password) net_basic(store->host, headers, settings->user, settings->password);
  return headers->failed ? net_no_memory(error) : 0;
}

static const struct { const char *name; RemoteFailure kind; bool again; } exceptions[] = {
  {"FileNotFoundException", REMOTE_MISSING, false}, {"AccessControlException", REMOTE_DENIED, false}, {"SecurityException", REMOTE_DENIED, false},
  {"AuthorizationException", REMOTE_DENIED, false}, {"InvalidToken", REMOTE_DENIED, false}, {"StandbyException", REMOTE_FAILED, true},
  {"RetriableException", REMOTE_FAILED, true}, {"SafeModeException", REMOTE_FAILED, true}, {"RecoveryInProgressException", REMOTE_FAILED, true},
  {"AlreadyBeingCreatedException", REMOTE_FAILED, true}};

/* The text of an exception has a trace behind its first line, and perhaps the address. */
static Verdict judge(void *self, Request *request, const Response *response, RemoteError *error) {
  (void)self;
  if (response->status / 100 == 2 || response->status == 307 || (request->missing_fine && response->status == 404)) return VERDICT_FINE;
  yyjson_doc *doc = yyjson_read(text_of(&response->body), response->body.len, 0);
  yyjson_val *remote = yyjson_obj_get(yyjson_doc_get_root(doc), "RemoteException");
  const char *name = yyjson_get_str(yyjson_obj_get(remote, "exception")), *message = yyjson_get_str(yyjson_obj_get(remote, "message"));
  Verdict verdict = net_status_again(response->status) ? VERDICT_AGAIN : VERDICT_FAILED;
  RemoteFailure kind = net_status_kind(response->status);
  for (size_t i = 0; name && i < sizeof exceptions / sizeof *exceptions; i++) {
    if (strcmp(exceptions[i].name, name) != 0) continue;
    kind = exceptions[i].kind;
    if (exceptions[i].again) verdict = VERDICT_AGAIN;
  }
  if (name) {
    int len = message ? (int)strcspn(message, "\r\n") : 0;
    net_fail(error, kind, "%.*s (%.60s)", len < 400 ? len : 400, message ? message : "", name);
  } else {
    char status[80];
    response_status(response, status, sizeof status);
    net_fail(error, kind, "%s", status);
  }
  if (kind == REMOTE_DENIED) MODULE_HINT(error, "@user or HADOOP_USER_NAME says who asks; a secured cluster wants a delegation token: @token");
  yyjson_doc_free(doc);
  return verdict;
}

/* An operation on a path; the caller adds its parameters to the query. */
static int begin_request(RemoteStore *store, const char *method, const char *path, const char *operation, Pairs *query, Request *request, RemoteError *error) {
  const char *endpoint = store->settings.endpoint;
  bool safe = strcmp(store->scheme, "swebhdfs") == 0;
  if (!*store->place) return net_fail(error, REMOTE_FAILED, "the address has no host: it is %s://host:port/path", store->scheme);
  request->method = method;
  request->self = store;
  request->prepare = prepare;
  request->judge = judge;
  if (endpoint) {
    size_t len = strlen(endpoint);
    while (len && endpoint[len - 1] == '/') len--;
    text_put_len(&request->base, endpoint, len);
  } else {
    text_format(&request->base, "%s://%s%s", safe ? "https" : "http", store->place, strchr(store->place, ':') ? "" : safe ? ":9871" : ":9870");
  }
  text_put(&request->path, "/webhdfs/v1/");
  text_encode(&request->path, path, strlen(path), "/");
  pairs_put(query, "op", operation);
  if (store->settings.token)
    pairs_put(query, "delegation", store->settings.token);
  else if (who(store) && !store->settings.password)
    pairs_put(query, "user.name", who(store));
  return 0;
}

static int send_request(RemoteStore *store, Request *request, Pairs *query, Response *response, RemoteError *error) {
  pairs_query(query, &request->query);
  return client_send(&store->client, request, response, error);
}

/* The whole of an operation without bytes; its answer is JSON. */
static int operate(RemoteStore *store, const char *method, const char *path, const char *operation, const char *name, const char *value, bool urgent,
                   bool missing_fine, Response *response, RemoteError *error) {
  Request request = {.urgent = urgent, .missing_fine = missing_fine};
  Pairs query = {.items = NULL};
  int status = begin_request(store, method, path, operation, &query, &request, error);
  if (name) pairs_put(&query, name, value);
  if (name && strcmp(name, "destination") == 0) pairs_put(&query, "renameoptions", "OVERWRITE");
  if (status == 0) status = send_request(store, &request, &query, response, error);
  pairs_free(&query);
  request_free(&request);
  return status;
}

/* --- Reading --- */

static void read_status(yyjson_val *file, RemoteInfo *out) {
  const char *type = yyjson_get_str(yyjson_obj_get(file, "type"));
  *out = (RemoteInfo){.kind = type && strcmp(type, "DIRECTORY") == 0 ? REMOTE_FOLDER : REMOTE_FILE};
  if (out->kind == REMOTE_FOLDER) return;
  out->size = yyjson_get_uint(yyjson_obj_get(file, "length"));
  out->ranges = true;
  snprintf(out->version, sizeof out->version, "%llu-%llu", (unsigned long long)yyjson_get_uint(yyjson_obj_get(file, "modificationTime")), (unsigned long long)out->size);
}

static int look_path(RemoteStore *store, const char *path, RemoteInfo *out, RemoteError *error) {
  Response response = {.status = 0};
  int status = operate(store, "GET", path, "GETFILESTATUS", NULL, NULL, false, true, &response, error);
  if (status == 0 && response.status / 100 == 2) {
    yyjson_doc *doc = yyjson_read(text_of(&response.body), response.body.len, 0);
    yyjson_val *file = yyjson_obj_get(yyjson_doc_get_root(doc), "FileStatus");
    if (file)
      read_status(file, out);
    else
      status = net_fail(error, REMOTE_FAILED, "the server's answer is not that of WebHDFS");
    yyjson_doc_free(doc);
  }
  response_free(&response);
  return status;
}

static int look(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error) { return look_path(store, url_path(url), out, error); }

static int inspect(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error) {
  *out = (RemoteInfo){.kind = REMOTE_NONE};
  if (look(store, url, out, error) != 0) return -1;
  return out->kind == REMOTE_FILE ? 0 : net_fail(error, REMOTE_MISSING, "there is no such file");
}

/* OPEN has its own way to say which bytes; behind the end is an error to it. */
static int prepare_open(void *self, Request *request, Pairs *headers, RemoteError *error) {
  RemoteStore *store = self;
  Pairs query = {.items = NULL};
  Request again = {.method = NULL};
  int status = begin_request(store, "GET", "", "OPEN", &query, &again, error);
  char text[32];
  snprintf(text, sizeof text, "%llu", (unsigned long long)(request->offset + request->got));
  pairs_put(&query, "offset", text);
  snprintf(text, sizeof text, "%llu", (unsigned long long)(request->size - request->got));
  if (request->size != UINT64_MAX) pairs_put(&query, "length", text);
  request->query.len = 0;
  pairs_query(&query, &request->query);
  request_free(&again);
  pairs_free(&query);
  return status == 0 ? prepare(self, request, headers, error) : -1;
}

static Verdict judge_open(void *self, Request *request, const Response *response, RemoteError *error) {
  if (response->status / 100 != 2 && strstr(text_of(&response->body), "out of the range")) return VERDICT_FINE;
  return judge(self, request, response, error);
}

static int aim(RemoteStore *store, const char *url, Request *request, RemoteError *error) {
  Pairs query = {.items = NULL};
  int status = begin_request(store, "GET", url_path(url), "OPEN", &query, request, error);
  pairs_free(&query);
  request->follow = request->unranged = true;
  request->prepare = prepare_open;
  request->judge = judge_open;
  return status;
}

/* --- Listing --- */

typedef struct Walk {
  RemoteStore *store;
  bool deep, stopped;
  bool (*found)(void *self, const char *name, const RemoteInfo *info);
  void *self;
  RemoteError *error;
} Walk;

static int list_path(Walk *walk, const char *path, const char *relative, int depth);

static int tell_entry(Walk *walk, const char *path, const char *relative, yyjson_val *file, int depth) {
  const char *name = yyjson_get_str(yyjson_obj_get(file, "pathSuffix"));
  if (!name || !*name) return 0; /* the path is a file itself */
  RemoteInfo info;
  read_status(file, &info);
  Bytes below = {.data = NULL}, inner = {.data = NULL};
  text_format(&below, "%s%s%s", relative, *relative ? "/" : "", name);
  int status = 0;
  if (walk->deep && info.kind == REMOTE_FOLDER) {
    text_format(&inner, "%s%s%s", path, *path && path[strlen(path) - 1] != '/' ? "/" : "", name);
    status = inner.failed || below.failed ? net_no_memory(walk->error) : list_path(walk, text_of(&inner), text_of(&below), depth + 1);
  } else if (!walk->found(walk->self, text_of(&below), &info)) {
    walk->stopped = true;
  }
  bytes_free(&below);
  bytes_free(&inner);
  return status;
}

static int list_path(Walk *walk, const char *path, const char *relative, int depth) {
  if (depth > MOST_DEPTH) return net_fail(walk->error, REMOTE_FAILED, "folders are nested deeper than %d", MOST_DEPTH);
  Response response = {.status = 0};
  int status = operate(walk->store, "GET", path, "LISTSTATUS", NULL, NULL, false, true, &response, walk->error);
  bool there = status == 0 && response.status / 100 == 2;
  yyjson_doc *doc = there ? yyjson_read(text_of(&response.body), response.body.len, 0) : NULL;
  response_free(&response);
  yyjson_val *files = yyjson_obj_get(yyjson_obj_get(yyjson_doc_get_root(doc), "FileStatuses"), "FileStatus"), *file;
  if (there && !yyjson_is_arr(files)) status = net_fail(walk->error, REMOTE_FAILED, "the server's answer is not that of WebHDFS");
  size_t index, count;
  yyjson_arr_foreach(files, index, count, file) {
    if (status == 0 && !walk->stopped) status = tell_entry(walk, path, relative, file, depth);
  }
  yyjson_doc_free(doc);
  return status;
}

static int list(RemoteStore *store, const char *url, const char *begins, bool deep, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self,
                RemoteError *error) {
  (void)begins; /* it gives whole folders */
  Walk walk = {.store = store, .deep = deep, .found = found, .self = self, .error = error};
  return list_path(&walk, url_path(url), "", 0);
}

/* --- Writing --- */

static void limits(RemoteStore *store, RemoteLimits *out) {
  (void)store;
  *out = (RemoteLimits){.part_min = 1, .part_max = UINT64_C(1) << 40, .parts = UINT32_MAX, .in_order = true};
}

/* Asks the name node where to send bytes, and sends them there. */
static int send_bytes(RemoteStore *store, const char *method, const char *path, const char *operation, const void *data, uint64_t size, RemoteError *error) {
  Request ask = {.method = NULL}, give = {.method = method, .body = data, .body_size = size, .self = store, .judge = judge};
  Response where = {.status = 0}, response = {.status = 0};
  Pairs query = {.items = NULL};
  bool append = strcmp(operation, "APPEND") == 0;
  int status = begin_request(store, method, path, operation, &query, &ask, error);
  if (!append) pairs_put(&query, "overwrite", "true");
  if (status == 0) status = send_request(store, &ask, &query, &where, error);
  const char *location = pairs_get(&where.headers, "Location");
  if (status == 0 && (where.status != 307 || !location || (!text_begins(location, "http://") && !text_begins(location, "https://"))))
    status = net_fail(error, REMOTE_FAILED, "the server does not say where bytes are to be sent");
  if (status == 0) {
    text_put(&give.base, location);
    pairs_put(&give.headers, "Content-Type", "application/octet-stream");
    give.once = append;
    status = client_send(&store->client, &give, &response, error);
  }
  pairs_free(&query);
  request_free(&ask);
  request_free(&give);
  response_free(&where);
  response_free(&response);
  return status;
}

/* More bytes at the end. When the connection is lost, the file's length tells whether they have arrived. */
static int append(Upload *upload, const void *data, uint64_t size, RemoteError *error) {
  RemoteStore *store = upload->base.store;
  for (uint32_t attempt = 0;; attempt++) {
    RemoteError found = {.kind = REMOTE_FAILED}, ignored = {.kind = REMOTE_FAILED};
    if (send_bytes(store, "POST", upload->hidden, "APPEND", data, size, &found) == 0) return 0;
    RemoteInfo info = {.size = UINT64_MAX};
    bool known = found.kind == REMOTE_FAILED && look_path(store, upload->hidden, &info, &ignored) == 0;
    if (known && info.size == upload->size + size) return 0;
    bool again = known && info.size == upload->size && attempt < store->client.retries && client_pause(&store->client, 500u << (attempt < 5 ? attempt : 5));
    if (again) continue;
    if (!error->text[0]) *error = found;
    return -1;
  }
}

static char *hidden_name(const char *path) {
  uint64_t chance = 0;
  if (getrandom(&chance, sizeof chance, 0) != sizeof chance) chance = (uint64_t)(uintptr_t)path;
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  Bytes text = {.data = NULL};
  text_format(&text, "%.*s.%.180s.%016llx.part", (int)(name - path), path, name, (unsigned long long)chance);
  if (!text.failed) return (char *)text.data;
  bytes_free(&text);
  return NULL;
}

static int begin(RemoteStore *store, const char *url, const char *content_type, RemoteUpload **out, RemoteError *error) {
  (void)content_type; /* HDFS keeps none */
  Upload *upload = calloc(1, sizeof *upload);
  if (!upload) return net_no_memory(error);
  upload->base.store = store;
  upload->path = strdup(url_path(url));
  upload->hidden = hidden_name(url_path(url));
  if (upload->path && upload->hidden) {
    *out = &upload->base;
    return 0;
  }
  free(upload->path);
  free(upload->hidden);
  free(upload);
  return net_no_memory(error);
}

static int part(RemoteUpload *base, uint32_t number, const void *data, uint64_t size, RemoteError *error) {
  Upload *upload = (Upload *)base;
  (void)number;
  bool first = !upload->begun;
  upload->begun = true;
  int status = first ? send_bytes(base->store, "PUT", upload->hidden, "CREATE", data, size, error) : append(upload, data, size, error);
  if (status == 0) upload->size += size;
  upload->unsure = status != 0;
  return status;
}

/* 1: done, 0: the server says false, which it does when the target is there and it does not know the option to replace it. */
static int rename_once(RemoteStore *store, const char *from, const char *to, RemoteError *error) {
  Response response = {.status = 0};
  int status = operate(store, "PUT", from, "RENAME", "destination", to, false, false, &response, error);
  bool refused = status == 0 && strstr(text_of(&response.body), "false");
  response_free(&response);
  return status != 0 ? -1 : !refused;
}

static int complete(RemoteUpload *base, RemoteError *error) {
  Upload *upload = (Upload *)base;
  RemoteStore *store = base->store;
  if (!upload->begun && part(base, 1, "", 0, error) != 0) return -1;
  Bytes target = {.data = NULL};
  Response response = {.status = 0};
  text_format(&target, "/%s", upload->path);
  RemoteError found = {.kind = REMOTE_FAILED};
  int status = target.failed ? net_no_memory(&found) : rename_once(store, upload->hidden, text_of(&target), &found);
  if (status == 0 && operate(store, "DELETE", upload->path, "DELETE", "recursive", "false", false, true, &response, &found) == 0)
    status = rename_once(store, upload->hidden, text_of(&target), &found);
  RemoteInfo info = {.size = UINT64_MAX};
  if (status < 0 && found.kind == REMOTE_MISSING && look_path(store, upload->path, &info, error) == 0 && info.size == upload->size) status = 1; /* the first answer was lost */
  if (status == 0) net_fail(&found, REMOTE_FAILED, "the server does not rename the file that was written to its name");
  if (status <= 0 && !error->text[0]) *error = found;
  upload->complete = status > 0;
  bytes_free(&target);
  response_free(&response);
  return status > 0 ? 0 : -1;
}

/* A part that was broken off may make the file only after it was deleted: then it is looked for again. */
static void remove_hidden(Upload *upload) {
  const RemoteStore *store = upload->base.store;
  const struct timespec pause = {.tv_nsec = LATE_MS * 1000000L};
  for (int left = upload->unsure ? LATE_TIMES : 1; left; left--) {
    RemoteError found = {.kind = REMOTE_FAILED};
    Response response = {.status = 0};
    bool asked = operate(upload->base.store, "DELETE", upload->hidden, "DELETE", "recursive", "false", true, true, &response, &found) == 0;
    bool gone = asked && strstr(text_of(&response.body), "true");
    response_free(&response);
    if (!asked) client_debug(&store->client, "an unfinished file could not be removed: %s", found.text);
    if (!asked || gone) return;
    if (left > 1) nanosleep(&pause, NULL);
  }
}

static void free_upload(RemoteUpload *base) {
  Upload *upload = (Upload *)base;
  if (upload->begun && !upload->complete) remove_hidden(upload);
  free(upload->path);
  free(upload->hidden);
  free(upload);
}

static int put(RemoteStore *store, const char *url, const char *content_type, const void *data, uint64_t size, RemoteError *error) {
  RemoteUpload *upload;
  if (begin(store, url, content_type, &upload, error) != 0) return -1;
  int status = part(upload, 1, data, size, error) == 0 ? complete(upload, error) : -1;
  free_upload(upload);
  return status;
}

static int remove_file(RemoteStore *store, const char *url, RemoteError *error) {
  Response response = {.status = 0};
  int status = operate(store, "DELETE", url_path(url), "DELETE", "recursive", "false", false, true, &response, error);
  response_free(&response);
  return status;
}

static const char *const schemes[] = {"webhdfs", "swebhdfs", NULL};

const Backend webhdfs_backend = {
  .schemes = schemes, .look = look, .list = list, .aim = aim, .inspect = inspect, .limits = limits, .put = put, .begin = begin,
  .part = part, .complete = complete, .free_upload = free_upload, .remove = remove_file};
