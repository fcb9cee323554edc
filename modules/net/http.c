/* http.c - files of web servers, to be read: http://, https://. */
#include "net.h"

/* The authority of the URL: what is before and behind the @. */
static void split_authority(const char *url, const char **user, size_t *user_len, const char **host, size_t *host_len) {
  const char *from = strstr(url, "://") + 3;
  size_t len = strcspn(from, "/?#");
  *user = *host = from;
  *user_len = 0;
  for (size_t i = 0; i < len; i++) {
    if (from[i] != '@') continue;
    *user_len = i;
    *host = from + i + 1;
  }
  *host_len = len - (size_t)(*host - from);
}

/* Bytes that no URL has are encoded; all others stay as they are, % among them. */
static void put_url(Bytes *out, const char *text, size_t len) { text_encode(out, text, len, "%!$&'()*+,;=:@/?[]"); }

void net_basic(const RemoteHost *host, Pairs *headers, const char *user, const char *password) {
  Bytes plain = {.data = NULL}, line = {.data = NULL};
  text_format(&plain, "%s:%s", user, password);
  text_put(&line, "Basic ");
  text_base64(&line, text_of(&plain), plain.len, false);
  if (line.len > 8) host->secret(text_of(&line) + 6);
  pairs_put(headers, "Authorization", text_of(&line));
  if (plain.failed || line.failed) headers->failed = true;
  bytes_free(&plain);
  bytes_free(&line);
}

/* Credentials in the URL go before those of the parameters. */
static int prepare(void *self, Request *request, Pairs *headers, RemoteError *error) {
  RemoteStore *store = self;
  const Settings *settings = &store->settings;
  for (size_t i = 0; i < settings->headers.count; i++) pairs_put(headers, settings->headers.items[i].name, settings->headers.items[i].value);
  if (request->user.len) {
    const char *colon = strchr(text_of(&request->user), ':');
    Bytes user = {.data = NULL}, password = {.data = NULL};
    text_decode(&user, text_of(&request->user), colon ? (size_t)(colon - text_of(&request->user)) : request->user.len);
    if (colon) text_decode(&password, colon + 1, strlen(colon + 1));
    if (password.len) store->host->secret(text_of(&password));
    net_basic(store->host, headers, text_of(&user), text_of(&password));
    bytes_free(&user);
    bytes_free(&password);
  } else if (settings->user || settings->password) {
    net_basic(store->host, headers, settings->user ? settings->user : "", settings->password ? settings->password : "");
  } else if (settings->token) {
    Bytes line = {.data = NULL};
    text_format(&line, "Bearer %s", settings->token);
    pairs_put(headers, "Authorization", text_of(&line));
    bytes_free(&line);
  }
  return headers->failed ? net_no_memory(error) : 0;
}

static Verdict judge(void *self, Request *request, const Response *response, RemoteError *error) {
  (void)self;
  Verdict verdict = net_judge(request, response, error);
  if (response->status == 401)
    MODULE_HINT(error, "@user and @password, @token, or @headers = ['Authorization: …'] say who asks");
  else if (response->status == 403)
    MODULE_HINT(error, "who asks may not read it, or a signed address has expired");
  return verdict;
}

static int aim(RemoteStore *store, const char *url, Request *request, RemoteError *error) {
  const char *user, *host;
  size_t user_len, host_len;
  split_authority(url, &user, &user_len, &host, &host_len);
  if (!host_len) return net_fail(error, REMOTE_FAILED, "the address has no host");
  text_put_len(&request->user, user, user_len);
  text_format(&request->base, "%s://", store->scheme);
  put_url(&request->base, host, host_len);
  const char *path = host + host_len;
  size_t path_len = strcspn(path, "?#");
  if (!path_len) text_put(&request->path, "/");
  put_url(&request->path, path, path_len);
  if (path[path_len] == '?') put_url(&request->query, path + path_len + 1, strcspn(path + path_len + 1, "#"));
  pairs_put(&request->headers, "Accept-Encoding", "identity");
  request->follow = true;
  request->self = store;
  request->prepare = prepare;
  request->judge = judge;
  return 0;
}

/* The first byte, for servers that do not answer HEAD (addresses signed for GET, for instance) or do not tell whether they have ranges. */
static int look_at_byte(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error) {
  char byte;
  Request request = {.method = "GET", .missing_fine = true, .file = true, .size = 1, .into = &byte};
  Response response = {.status = 0};
  int status = aim(store, url, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  if (status == 0 && response.status / 100 == 2) response_info(&response, out);
  if (status == 0 && response.status == 416) *out = (RemoteInfo){.kind = REMOTE_FILE, .size = 0};
  if (response.status != 206) out->ranges = false;
  response_free(&response);
  request_free(&request);
  return status;
}

static int look(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error) {
  Request request = {.method = "HEAD", .missing_fine = true};
  Response response = {.status = 0};
  int status = aim(store, url, &request, error);
  if (status == 0) {
    RemoteError found = {.kind = REMOTE_FAILED};
    status = client_send(&store->client, &request, &response, &found);
    if (status == 0 && response.status / 100 == 2) response_info(&response, out);
    bool refused = status != 0 && (response.status / 100 == 4 || response.status == 501);
    if (refused || (status == 0 && response.status != 404 && !out->ranges && out->size != 0))
      status = look_at_byte(store, url, out, error);
    else if (status != 0 && !error->text[0])
      *error = found;
  }
  response_free(&response);
  request_free(&request);
  return status;
}

static const char *const schemes[] = {"http", "https", NULL};

const Backend http_backend = {.schemes = schemes, .look = look, .aim = aim};
