/* module.c - the module dcetl-net.so: finds the kind of store for a URL, and reads files of all of them by ranges. */
#include <ctype.h>
#include <strings.h>

#include "net.h"

static const Backend *const backends[] = {&http_backend, &s3_backend, &webhdfs_backend, &az_backend, &gs_backend};
enum { BACKENDS = sizeof backends / sizeof *backends };

static const Backend *find_backend(const char *url) {
  const char *end = strstr(url, "://");
  if (!end) return NULL;
  size_t len = (size_t)(end - url);
  for (size_t i = 0; i < BACKENDS; i++)
    for (const char *const *scheme = backends[i]->schemes; *scheme; scheme++)
      if (strlen(*scheme) == len && strncasecmp(*scheme, url, len) == 0) return backends[i];
  return NULL;
}

static bool can_write(const char *url) {
  const Backend *backend = find_backend(url);
  return backend && backend->put;
}

/* --- Parameters --- */

static int read_seconds(const char *name, const char *value, uint32_t most, uint32_t *out, RemoteError *error) {
  uint64_t number;
  if (!text_number(value, &number) || number > most) return net_fail(error, REMOTE_FAILED, "@%s is '%s', which is no number from 0 to %u", name, value, most);
  *out = (uint32_t)number;
  return 0;
}

/* "Name: value", one or several lines. */
static int read_headers(const RemoteHost *host, Settings *settings, const char *text, RemoteError *error) {
  while (*text) {
    size_t len = strcspn(text, "\r\n");
    const char *colon = memchr(text, ':', len);
    if (len && (!colon || colon == text || memchr(text, ' ', (size_t)(colon - text)))) {
      MODULE_HINT(error, "for instance @headers = ['Authorization: Bearer …']");
      return net_fail(error, REMOTE_FAILED, "@headers has a line that is no 'Name: value'");
    }
    if (len) {
      const char *value = colon + 1;
      while (*value == ' ') value++;
      char *name = text_copy(text, (size_t)(colon - text)), *copy = text_copy(value, (size_t)(text + len - value));
      if (name && copy) {
        pairs_put(&settings->headers, name, copy);
        if (*copy) host->secret(copy);
        if (strchr(copy, ' ')) host->secret(strrchr(copy, ' ') + 1);
      }
      settings->headers.failed |= !name || !copy;
      free(name);
      free(copy);
    }
    text += len;
    text += strspn(text, "\r\n");
  }
  return 0;
}

static int read_options(RemoteStore *store, const RemoteOption *options, uint32_t count, RemoteError *error) {
  Settings *settings = &store->settings;
  const struct { const char *name; char **to; bool secret; } texts[] = {
    {"access_key", &settings->access_key, false}, {"secret_key", &settings->secret_key, true}, {"session_token", &settings->session_token, true},
    {"endpoint", &settings->endpoint, false}, {"region", &settings->region, false}, {"profile", &settings->profile, false},
    {"token", &settings->token, true}, {"user", &settings->user, false}, {"password", &settings->password, true}};
  *settings = (Settings){.path_style = -1, .timeout = 60, .retries = 5};
  for (uint32_t i = 0; i < count; i++) {
    const char *name = options[i].name, *value = options[i].value;
    int status = 0;
    if (strcmp(name, "timeout") == 0) status = read_seconds(name, value, 86400, &settings->timeout, error);
    if (strcmp(name, "retries") == 0) status = read_seconds(name, value, 100, &settings->retries, error);
    if (strcmp(name, "headers") == 0) status = read_headers(store->host, settings, value, error);
    if (strcmp(name, "path_style") == 0) settings->path_style = text_same_case(value, "true") || strcmp(value, "1") == 0;
    if (status != 0) return -1;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
      if (strcmp(name, texts[k].name) != 0) continue;
      free(*texts[k].to);
      *texts[k].to = strdup(value);
      if (!*texts[k].to) return net_no_memory(error);
      if (texts[k].secret && *value) store->host->secret(value);
    }
  }
  return settings->headers.failed ? net_no_memory(error) : 0;
}

static void settings_free(Settings *settings) {
  char *texts[] = {settings->access_key, settings->secret_key, settings->session_token, settings->endpoint, settings->region,
                   settings->profile, settings->token, settings->user, settings->password};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) free(texts[i]);
  pairs_free(&settings->headers);
}

/* --- Stores --- */

static void close_store(RemoteStore *store) {
  if (!store) return;
  if (store->own) store->backend->close(store);
  if (store->client.host) client_deinit(&store->client);
  settings_free(&store->settings);
  free(store->scheme);
  free(store->place);
  free(store);
}

static int fill_store(RemoteStore *store, const char *url, const RemoteOption *options, uint32_t count, RemoteError *error) {
  const char *place = strstr(url, "://") + 3;
  store->scheme = text_copy(url, (size_t)(place - 3 - url));
  store->place = text_copy(place, strcspn(place, "/"));
  if (!store->scheme || !store->place) return net_no_memory(error);
  for (char *c = store->scheme; *c; c++) *c = (char)tolower((unsigned char)*c);
  if (read_options(store, options, count, error) != 0 || client_init(&store->client, store->host, &store->settings, error) != 0) return -1;
  return store->backend->open ? store->backend->open(store, error) : 0;
}

static int open_store(const RemoteHost *host, const char *url, const RemoteOption *options, uint32_t count, RemoteStore **out, RemoteError *error) {
  *out = NULL;
  const Backend *backend = find_backend(url);
  if (!backend) return net_fail(error, REMOTE_FAILED, "this scheme is not known");
  RemoteStore *store = calloc(1, sizeof *store);
  if (!store) return net_no_memory(error);
  store->backend = backend;
  store->host = host;
  if (fill_store(store, url, options, count, error) != 0) {
    close_store(store);
    return -1;
  }
  *out = store;
  return 0;
}

/* --- Reading --- */

/* For stores that tell size and version by a request of its own: it is still the version that was asked for, and nothing is missing. */
static int inspect(RemoteStore *store, const char *url, Request *request, RemoteInfo *found, RemoteError *error) {
  if (store->backend->inspect(store, url, found, error) != 0) return -1;
  if (!request->version[0]) memcpy(request->version, found->version, sizeof request->version);
  if (strcmp(request->version, found->version) == 0) return 0;
  return net_fail(error, REMOTE_CHANGED, "it has changed while it was read");
}

/* A server may send less than it was asked for. */
static bool is_short(const Request *request, const RemoteInfo *info) {
  return request->into && request->got < request->size && info->size != UINT64_MAX && request->offset + request->got < info->size;
}

static int read_file(RemoteStore *store, const char *url, Request *request, RemoteInfo *info, RemoteError *error) {
  Response response = {.status = 0};
  request->method = "GET";
  request->file = true;
  bool apart = store->backend->inspect;
  RemoteInfo found = {.size = 0};
  int status = store->backend->aim(store, url, request, error);
  if (status == 0 && apart && !request->version[0]) status = inspect(store, url, request, &found, error);
  uint64_t before;
  do {
    before = request->got;
    if (status == 0) status = client_send(&store->client, request, &response, error);
    if (status == 0 && apart) status = inspect(store, url, request, &found, error);
    if (status == 0 && !apart) response_info(&response, &found);
  } while (status == 0 && (apart || response.status == 206) && request->got > before && is_short(request, &found));
  if (status == 0 && apart && is_short(request, &found)) status = net_fail(error, REMOTE_FAILED, "the server ends the file early");
  if (info) *info = found;
  response_free(&response);
  return status;
}

static int read_at(RemoteStore *store, const char *url, const char *version, uint64_t offset, void *data, uint64_t size, uint64_t *got, RemoteInfo *info,
                   RemoteError *error) {
  *got = 0;
  if (info) *info = (RemoteInfo){.kind = REMOTE_FILE, .size = UINT64_MAX};
  if (!size) return 0;
  Request request = {.offset = offset, .size = size, .into = data};
  snprintf(request.version, sizeof request.version, "%s", version ? version : "");
  int status = read_file(store, url, &request, info, error);
  *got = request.got;
  request_free(&request);
  return status;
}

static int read_from(RemoteStore *store, const char *url, const char *version, uint64_t offset, bool (*take)(void *self, const void *data, size_t size), void *self,
                     RemoteError *error) {
  Request request = {.offset = offset, .size = UINT64_MAX, .take = take, .take_self = self};
  snprintf(request.version, sizeof request.version, "%s", version ? version : "");
  int status = read_file(store, url, &request, NULL, error);
  request_free(&request);
  return status;
}

/* --- Listings of prefixes --- */

Listing listing_begin(const char *path, const char *begins, Bytes *prefix, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self) {
  text_put(prefix, path);
  if (*path && path[strlen(path) - 1] != '/') text_put(prefix, "/");
  size_t len = prefix->len;
  text_put(prefix, begins);
  return (Listing){.begins = text_of(prefix), .prefix = len, .found = found, .self = self};
}

void listing_tell(Listing *listing, const char *name, const RemoteInfo *info) {
  size_t len = strlen(name);
  bool slash = len && name[len - 1] == '/';
  if (slash && info->kind == REMOTE_FOLDER) len--;
  if (len <= listing->prefix || (slash && info->kind == REMOTE_FILE) || !text_begins(name, listing->begins)) return;
  char *below = text_copy(name + listing->prefix, len - listing->prefix);
  if (!below) listing->failed = true;
  if (!below || !listing->found(listing->self, below, info)) listing->stopped = true;
  free(below);
}

/* --- The rest is the backend's --- */

static int look(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error) {
  *out = (RemoteInfo){.kind = REMOTE_NONE, .size = UINT64_MAX};
  return store->backend->look(store, url, out, error);
}

static int cannot(RemoteStore *store, const char *what, RemoteError *error) {
  return net_fail(error, REMOTE_FAILED, "%s:// cannot %s", store->scheme, what);
}

static int list(RemoteStore *store, const char *url, const char *begins, bool deep, bool (*found)(void *, const char *, const RemoteInfo *), void *self,
                RemoteError *error) {
  return store->backend->list ? store->backend->list(store, url, begins, deep, found, self, error) : cannot(store, "be listed", error);
}

static void limits(RemoteStore *store, RemoteLimits *out) {
  *out = (RemoteLimits){.part_min = 5 << 20, .part_max = UINT64_C(5) << 30, .parts = 10000};
  if (store->backend->limits) store->backend->limits(store, out);
}

static int put(RemoteStore *store, const char *url, const char *content_type, const void *data, uint64_t size, RemoteError *error) {
  return store->backend->put ? store->backend->put(store, url, content_type, data, size, error) : cannot(store, "be written", error);
}

static int begin(RemoteStore *store, const char *url, const char *content_type, RemoteUpload **out, RemoteError *error) {
  *out = NULL;
  return store->backend->begin ? store->backend->begin(store, url, content_type, out, error) : cannot(store, "be written", error);
}

static int part(RemoteUpload *upload, uint32_t number, const void *data, uint64_t size, RemoteError *error) {
  return upload->store->backend->part(upload, number, data, size, error);
}

static int complete(RemoteUpload *upload, RemoteError *error) { return upload->store->backend->complete(upload, error); }

static void free_upload(RemoteUpload *upload) {
  if (upload) upload->store->backend->free_upload(upload);
}

static int remove_file(RemoteStore *store, const char *url, RemoteError *error) {
  return store->backend->remove ? store->backend->remove(store, url, error) : cannot(store, "be written", error);
}

static const char *const schemes[] = {"http", "https", "s3", "s3a", "s3n", "webhdfs", "swebhdfs", "az", "gs", NULL};

extern const RemoteModule dcetl_net_module;
MODULE_EXPORT const RemoteModule dcetl_net_module = {
  REMOTE_MODULE_VERSION, schemes, can_write, open_store, close_store, look, list, read_at, read_from,
  limits, put, begin, part, complete, free_upload, remove_file};
