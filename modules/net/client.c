/* client.c - requests over HTTP by libcurl: connections that are kept, redirects, attempts, pauses (AWS Architecture Blog,
 * "Exponential Backoff and Jitter": full jitter).
 *
 * A Transfer is an easy handle in a multi handle of its own, which keeps its connections; a thread has it for one request.
 */
#include <curl/curl.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "net.h"

enum {
  CONNECT_SECONDS = 10,
  URGENT_SECONDS = 10,
  URGENT_RETRIES = 2,
  URGENT_PAUSE_MS = 500,
  POLL_MS = 200, /* how often the wish to end is looked for */
  MOST_REDIRECTS = 10,
  MOST_PAUSE_MS = 20000,
  MOST_ASKED_PAUSE_MS = 120000, /* by Retry-After */
  MOST_HEADERS = 200,
  FRESH_START = 1 << 20, /* so many bytes more, and the attempts count from 0 again */
};

/* Why we ended a transfer ourselves. */
typedef enum End { END_NONE, END_ENOUGH, END_CHANGED, END_TOO_LONG, END_WRONG_RANGE, END_NO_MEMORY } End;

struct Transfer {
  CURL *easy;
  CURLM *multi;
  Transfer *next;
  Client *client;
  Request *request;
  Response *response;
  Bytes url;        /* that is asked: our own or where a redirect led */
  bool redirected;  /* url is not ours */
  bool foreign;     /* nor is its server, which gets no credentials */
  bool began;       /* the first byte of the body has come */
  uint64_t skip;    /* bytes of the body that we have already */
  uint64_t came;    /* bytes of the body so far */
  End end;
  char reason[CURL_ERROR_SIZE];
};

/* --- The pool --- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_state;
static void curl_start(void) { curl_state = curl_global_init(CURL_GLOBAL_DEFAULT); }

static const char *first_set(const char *const *names) {
  while (*names && !net_variable(*names)) names++;
  return *names ? net_variable(*names) : NULL;
}

int client_init(Client *client, const RemoteHost *host, const Settings *settings, RemoteError *error) {
  pthread_once(&curl_once, curl_start);
  if (curl_state != CURLE_OK) return net_fail(error, REMOTE_FAILED, "libcurl does not start: %s", curl_easy_strerror(curl_state));
  *client = (Client){.host = host, .timeout = settings->timeout, .retries = settings->retries, .connect_timeout = CONNECT_SECONDS};
  client->authorities = first_set((const char *const[]){"CURL_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", NULL});
  pthread_mutex_init(&client->lock, NULL);
  return 0;
}

int client_init_near(Client *client, const RemoteHost *host, RemoteError *error) {
  const Settings settings = {.timeout = 2, .retries = 0};
  if (client_init(client, host, &settings, error) != 0) return -1;
  client->connect_timeout = 1;
  client->direct = client->plain_only = true;
  return 0;
}

static void transfer_free(Transfer *transfer) {
  if (transfer->multi && transfer->easy) curl_multi_remove_handle(transfer->multi, transfer->easy);
  if (transfer->easy) curl_easy_cleanup(transfer->easy);
  if (transfer->multi) curl_multi_cleanup(transfer->multi);
  bytes_free(&transfer->url);
  free(transfer);
}

void client_deinit(Client *client) {
  while (client->idle) {
    Transfer *transfer = client->idle;
    client->idle = transfer->next;
    transfer_free(transfer);
  }
  pthread_mutex_destroy(&client->lock);
}

static Transfer *transfer_get(Client *client, RemoteError *error) {
  pthread_mutex_lock(&client->lock);
  Transfer *transfer = client->idle;
  if (transfer) client->idle = transfer->next;
  pthread_mutex_unlock(&client->lock);
  if (transfer) return transfer;
  transfer = calloc(1, sizeof *transfer);
  if (!transfer) {
    net_no_memory(error);
    return NULL;
  }
  transfer->client = client;
  transfer->easy = curl_easy_init();
  transfer->multi = curl_multi_init();
  if (transfer->easy && transfer->multi) {
    curl_multi_setopt(transfer->multi, CURLMOPT_MAXCONNECTS, 4L);
    return transfer;
  }
  transfer_free(transfer);
  net_no_memory(error);
  return NULL;
}

static void transfer_put(Transfer *transfer) {
  Client *client = transfer->client;
  transfer->request = NULL;
  transfer->response = NULL;
  pthread_mutex_lock(&client->lock);
  transfer->next = client->idle;
  client->idle = transfer;
  pthread_mutex_unlock(&client->lock);
}

/* --- What comes --- */

static size_t on_header(char *data, size_t size, size_t count, void *self) {
  Transfer *transfer = self;
  Response *response = transfer->response;
  size_t len = size * count;
  if (len > 5 && strncmp(data, "HTTP/", 5) == 0) { /* the last of several answers counts: 100 Continue, a proxy's */
    pairs_clear(&response->headers);
    return len;
  }
  const char *colon = memchr(data, ':', len);
  if (!colon || response->headers.count >= MOST_HEADERS) return len;
  const char *from = colon + 1, *to = data + len;
  while (from < to && (*from == ' ' || *from == '\t')) from++;
  while (from < to && (to[-1] == '\r' || to[-1] == '\n' || to[-1] == ' ' || to[-1] == '\t')) to--;
  char *name = text_copy(data, (size_t)(colon - data)), *value = text_copy(from, (size_t)(to - from));
  if (name && value) pairs_put(&response->headers, name, value);
  free(name);
  free(value);
  return len;
}

void response_version(const Response *response, char out[NET_VERSION]) {
  const char *tag = pairs_get(&response->headers, "ETag");
  if (!tag || !*tag || strlen(tag) >= NET_VERSION) tag = pairs_get(&response->headers, "Last-Modified");
  snprintf(out, NET_VERSION, "%s", tag && strlen(tag) < NET_VERSION ? tag : "");
}

/* "bytes 10-19/200": from and, unless it is *, the whole. */
static bool read_range(const Response *response, uint64_t *from, uint64_t *whole) {
  const char *range = pairs_get(&response->headers, "Content-Range");
  unsigned long long first = 0, last = 0, all = 0;
  if (!range || sscanf(range, "bytes %llu-%llu", &first, &last) != 2) return false;
  const char *slash = strchr(range, '/');
  *whole = slash && sscanf(slash, "/%llu", &all) == 1 ? all : UINT64_MAX;
  *from = first;
  return true;
}

void response_info(const Response *response, RemoteInfo *out) {
  *out = (RemoteInfo){.kind = REMOTE_FILE, .size = UINT64_MAX};
  response_version(response, out->version);
  uint64_t from;
  if (response->status == 206) {
    out->ranges = read_range(response, &from, &out->size);
    return;
  }
  const char *size = pairs_get(&response->headers, "Content-Length"), *ranges = pairs_get(&response->headers, "Accept-Ranges");
  if (size && !text_number(size, &out->size)) out->size = UINT64_MAX;
  out->ranges = ranges && text_same_case(ranges, "bytes") && out->size != UINT64_MAX;
}

/* The first byte of a file: is it the right version, and which byte is it? */
static void begin_file(Transfer *transfer) {
  Request *request = transfer->request;
  if (request->unranged) return;
  char version[NET_VERSION];
  response_version(transfer->response, version);
  if (request->version[0] && version[0] && strcmp(request->version, version) != 0) transfer->end = END_CHANGED;
  if (!request->version[0]) memcpy(request->version, version, sizeof version);
  uint64_t from = 0, whole, wanted = request->offset + request->got;
  if (transfer->response->status != 206)
    transfer->skip = wanted;
  else if (!read_range(transfer->response, &from, &whole) || from != wanted)
    transfer->end = END_WRONG_RANGE;
}

/* Nothing more comes: to end the transfer ourselves would cost the connection. */
static bool is_all(const Transfer *transfer) {
  curl_off_t length = -1;
  curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  return length >= 0 && transfer->came == (uint64_t)length;
}

/* false: it is to end. */
static bool take_file(Transfer *transfer, const char *data, size_t len) {
  Request *request = transfer->request;
  transfer->came += len;
  if (!transfer->began) begin_file(transfer);
  transfer->began = true;
  if (transfer->end) return false;
  uint64_t skip = transfer->skip < len ? transfer->skip : len;
  transfer->skip -= skip;
  data += skip;
  len -= (size_t)skip;
  uint64_t room = request->size == UINT64_MAX ? UINT64_MAX : request->size - request->got;
  size_t taken = len < room ? len : (size_t)room;
  bool more = true;
  if (request->into)
    memcpy(request->into + request->got, data, taken);
  else if (taken)
    more = request->take(request->take_self, data, taken);
  request->got += taken;
  if (taken == len && more) return true;
  transfer->end = END_ENOUGH;
  return is_all(transfer);
}

static size_t on_body(char *data, size_t size, size_t count, void *self) {
  Transfer *transfer = self;
  Response *response = transfer->response;
  size_t len = size * count;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &response->status);
  if (transfer->request->file && response->status / 100 == 2) return take_file(transfer, data, len) ? len : len + 1;
  if (response->body.len + len > NET_MOST_BODY) {
    transfer->end = END_TOO_LONG;
    return len + 1;
  }
  text_put_len(&response->body, data, len);
  if (!response->body.failed) return len;
  transfer->end = END_NO_MEMORY;
  return len + 1;
}

/* --- One attempt --- */

static bool add_line(struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer) *list = longer;
  return longer;
}

static bool add_headers(struct curl_slist **list, const Pairs *headers) {
  bool fine = !headers->failed;
  for (size_t i = 0; fine && i < headers->count; i++) {
    Bytes line = {.data = NULL};
    const Pair *pair = &headers->items[i];
    text_format(&line, *pair->value ? "%s: %s" : "%s;", pair->name, pair->value);
    fine = !line.failed && add_line(list, text_of(&line));
    bytes_free(&line);
  }
  return fine;
}

/* All that is sent; libcurl's own Expect and Content-Type are not. */
static bool make_headers(const Request *request, const Pairs *more, struct curl_slist **out) {
  bool typed = pairs_get(&request->headers, "Content-Type") || pairs_get(more, "Content-Type");
  return add_headers(out, &request->headers) && add_headers(out, more) && add_line(out, "Expect:") && (typed || add_line(out, "Content-Type:"));
}

/* Which bytes, and that they have to be of the same version: RFC 9110, 13.1 and 14.2. */
static void add_range(const Request *request, Pairs *headers) {
  char text[64];
  uint64_t from = request->offset + request->got;
  if (request->size != UINT64_MAX)
    snprintf(text, sizeof text, "bytes=%llu-%llu", (unsigned long long)from, (unsigned long long)(request->offset + request->size - 1));
  else
    snprintf(text, sizeof text, "bytes=%llu-", (unsigned long long)from);
  if (from || request->size != UINT64_MAX) pairs_put(headers, "Range", text);
  if (request->version[0] == '"')
    pairs_put(headers, "If-Match", request->version);
  else if (request->version[0] && strncmp(request->version, "W/", 2) != 0)
    pairs_put(headers, "If-Unmodified-Since", request->version);
}

static void set_options(Transfer *transfer, struct curl_slist *headers) {
  CURL *easy = transfer->easy;
  const Client *client = transfer->client;
  const Request *request = transfer->request;
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, text_of(&transfer->url));
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->reason);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "dcetl");
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 512L * 1024);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)client->connect_timeout);
  if (request->urgent) curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)URGENT_SECONDS);
  if (client->direct) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)(client->plain_only ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
  if (client->authorities) curl_easy_setopt(easy, CURLOPT_CAINFO, client->authorities);
  if (net_variable("SSL_CERT_DIR")) curl_easy_setopt(easy, CURLOPT_CAPATH, net_variable("SSL_CERT_DIR"));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  if (strcmp(request->method, "HEAD") == 0) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body_size ? request->body : "");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
  }
  if (strcmp(request->method, "HEAD") != 0) curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

typedef struct Silence {
  curl_off_t moved; /* bytes, either way */
  double since;     /* when the last of them did */
} Silence;

/* Has no byte moved for @timeout seconds? (libcurl's limit of speed looks at the average of some seconds, and comes as much later.) Until
   the connection stands, its own limit holds. */
static bool is_silent(Transfer *transfer, Silence *silence) {
  curl_off_t up = 0, down = 0, ready = 0;
  long head = 0;
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  double now = (double)time.tv_sec + (double)time.tv_nsec / 1e9;
  curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
  curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &up);
  curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
  curl_easy_getinfo(transfer->easy, CURLINFO_HEADER_SIZE, &head);
  if (!ready || up + down + head != silence->moved) *silence = (Silence){up + down + head, now};
  if (now - silence->since < transfer->client->timeout) return false;
  snprintf(transfer->reason, sizeof transfer->reason, "the server is too slow: no byte came or went for %u s", transfer->client->timeout);
  return true;
}

/* Runs what is set; CURLE_ABORTED_BY_CALLBACK: the run is to end. */
static CURLcode run_transfer(Transfer *transfer) {
  if (curl_multi_add_handle(transfer->multi, transfer->easy) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
  CURLcode result = CURLE_ABORTED_BY_CALLBACK;
  Silence silence = {-1, 0};
  while (transfer->request->urgent || !transfer->client->host->stopped()) {
    int running = 0, left;
    CURLMcode code = curl_multi_perform(transfer->multi, &running);
    if (code == CURLM_OK && running) {
      code = curl_multi_poll(transfer->multi, NULL, 0, POLL_MS, NULL);
      if (code == CURLM_OK && !is_silent(transfer, &silence)) continue;
      if (code == CURLM_OK) {
        result = CURLE_OPERATION_TIMEDOUT;
        break;
      }
    }
    const CURLMsg *message = curl_multi_info_read(transfer->multi, &left);
    result = code != CURLM_OK ? CURLE_OUT_OF_MEMORY : message ? message->data.result : CURLE_FAILED_INIT;
    break;
  }
  curl_multi_remove_handle(transfer->multi, transfer->easy);
  return result;
}

/* The address without the values of parameters that are secrets; where a redirect led, nobody knows which are. */
static void put_shown_url(const Transfer *transfer, Bytes *out) {
  const char *url = text_of(&transfer->url), *query = strchr(url, '?');
  size_t len = query ? (size_t)(query - url) : strlen(url);
  text_put_len(out, url, len);
  if (!query) return;
  for (const char *sign = "?", *at = query + 1; sign; sign = *at ? "&" : NULL) {
    size_t whole = strcspn(at, "&"), name = strcspn(at, "=&");
    bool listing = strncmp(at, "continuation-token=", 19) == 0 || strncmp(at, "max-keys=", 9) == 0; /* only look like secrets */
    bool shown = name == whole || (!transfer->redirected && (listing || !transfer->client->host->secret_name(at, name)));
    text_put(out, sign);
    text_put_len(out, at, shown ? whole : name);
    if (!shown) text_put(out, "=***");
    at += whole;
    if (*at) at++;
  }
}

/* "GET http://host/path?query: 206, 65536 bytes, 12 ms" */
static void tell_exchange(const Transfer *transfer, CURLcode result) {
  curl_off_t sent = 0, received = 0, microseconds = 0;
  Bytes url = {.data = NULL};
  char outcome[CURL_ERROR_SIZE + 8];
  curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
  curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
  curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &microseconds);
  if (transfer->response->status)
    snprintf(outcome, sizeof outcome, "%ld", transfer->response->status);
  else
    snprintf(outcome, sizeof outcome, "%s", transfer->reason[0] ? transfer->reason : curl_easy_strerror(result));
  put_shown_url(transfer, &url);
  client_debug(transfer->client, "%s %.800s: %s, %s%lld bytes, %lld ms", transfer->request->method, text_of(&url), outcome, sent ? "sent " : "",
               (long long)(sent ? sent : received), (long long)microseconds / 1000);
  bytes_free(&url);
}

/* One exchange with one server. */
static int exchange(Transfer *transfer, CURLcode *result, RemoteError *error) {
  Request *request = transfer->request;
  Pairs more = {.items = NULL};
  struct curl_slist *headers = NULL;
  if (request->file && !request->unranged) add_range(request, &more);
  if (request->prepare && !transfer->foreign && request->prepare(request->self, request, &more, error) != 0) {
    pairs_free(&more);
    return -1;
  }
  if (!transfer->redirected) {
    transfer->url.len = 0;
    text_put(&transfer->url, text_of(&request->base));
    text_put(&transfer->url, text_of(&request->path));
    if (request->query.len) text_format(&transfer->url, "?%s", text_of(&request->query));
  }
  bool made = make_headers(request, &more, &headers) && !transfer->url.failed;
  pairs_free(&more);
  if (!made) {
    curl_slist_free_all(headers);
    return net_no_memory(error);
  }
  transfer->response->status = 0;
  transfer->response->body.len = 0;
  pairs_clear(&transfer->response->headers);
  transfer->began = false;
  transfer->skip = transfer->came = 0;
  transfer->end = END_NONE;
  transfer->reason[0] = 0;
  set_options(transfer, headers);
  *result = run_transfer(transfer);
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &transfer->response->status);
  curl_slist_free_all(headers);
  tell_exchange(transfer, *result);
  return 0;
}

/* --- Redirects --- */

static char *url_part(CURLU *url, CURLUPart part) {
  char *text = NULL;
  return curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK ? text : NULL;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part) {
  char *of_a = url_part(a, part), *of_b = url_part(b, part);
  bool same = of_a && of_b && text_same_case(of_a, of_b);
  curl_free(of_a);
  curl_free(of_b);
  return same;
}

/* Points the transfer to where the answer says. */
static int redirect(Transfer *transfer, RemoteError *error) {
  const char *to = pairs_get(&transfer->response->headers, "Location");
  CURLU *from = curl_url(), *url = curl_url();
  int status = -1;
  if (!from || !url) {
    net_no_memory(error);
  } else if (curl_url_set(from, CURLUPART_URL, text_of(&transfer->url), 0) != CURLUE_OK || curl_url_set(url, CURLUPART_URL, text_of(&transfer->url), 0) != CURLUE_OK ||
             !to || curl_url_set(url, CURLUPART_URL, to, 0) != CURLUE_OK) {
    net_fail(error, REMOTE_FAILED, "the server redirects to no address that can be read");
  } else {
    char *scheme = url_part(url, CURLUPART_SCHEME), *host = url_part(url, CURLUPART_HOST), *all = url_part(url, CURLUPART_URL);
    bool was_safe = text_begins(text_of(&transfer->url), "https:");
    if (!scheme || !host || !all || (!text_same_case(scheme, "https") && (was_safe || !text_same_case(scheme, "http")))) {
      net_fail(error, REMOTE_FAILED, "the server redirects from %s to %s, which is not followed", was_safe ? "https" : "http", scheme ? scheme : "nowhere");
    } else {
      if (!same_part(from, url, CURLUPART_HOST) || !same_part(from, url, CURLUPART_PORT) || !same_part(from, url, CURLUPART_SCHEME)) transfer->foreign = true;
      transfer->redirected = true;
      if (transfer->foreign) client_debug(transfer->client, "%ld: redirected to %s", transfer->response->status, host);
      transfer->url.len = 0;
      text_put(&transfer->url, all);
      status = 0;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(all);
  }
  curl_url_cleanup(from);
  curl_url_cleanup(url);
  return status;
}

/* --- Failures --- */

/* What ended the transfer, as an error; true: another attempt may go better. */
static bool explain_result(const Transfer *transfer, CURLcode result, RemoteError *error) {
  const char *reason = transfer->reason[0] ? transfer->reason : curl_easy_strerror(result);
  switch (result) {
  case CURLE_ABORTED_BY_CALLBACK: net_fail(error, REMOTE_STOPPED, "interrupted"); return false;
  case CURLE_OUT_OF_MEMORY: net_no_memory(error); return false;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
    net_fail(error, REMOTE_FAILED, "the server's certificate is not trusted: %.400s", reason);
    MODULE_HINT(error, "an authority that this system does not know is named by CURL_CA_BUNDLE or SSL_CERT_FILE, a file of certificates");
    return false;
  case CURLE_URL_MALFORMAT:
  case CURLE_UNSUPPORTED_PROTOCOL: net_fail(error, REMOTE_FAILED, "no address that can be read: %.400s", reason); return false;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT:
    net_fail(error, REMOTE_FAILED, "%.400s", reason);
    MODULE_HINT(error, "check the name and port; a proxy is set by https_proxy, http_proxy and no_proxy");
    return true;
  case CURLE_OPERATION_TIMEDOUT:
    net_fail(error, REMOTE_FAILED, "%.400s", reason);
    MODULE_HINT(error, "@timeout = N waits so many seconds for the next byte");
    return true;
  case CURLE_SSL_CONNECT_ERROR:
    if (strstr(reason, "wrong version number")) {
      net_fail(error, REMOTE_FAILED, "the server does not speak TLS: %.400s", reason);
      MODULE_HINT(error, "perhaps its address begins with http:// in place of https://");
      return false;
    }
    net_fail(error, REMOTE_FAILED, "the connection was lost: %.400s", reason);
    return true;
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_PARTIAL_FILE:
  case CURLE_GOT_NOTHING:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM: net_fail(error, REMOTE_FAILED, "the connection was lost: %.400s", reason); return true;
  default: net_fail(error, REMOTE_FAILED, "%.400s", reason); return false;
  }
}

/* We ended it; 0: and all is well. */
static int explain_end(const Transfer *transfer, RemoteError *error) {
  switch (transfer->end) {
  case END_NONE:
  case END_ENOUGH: return 0;
  case END_CHANGED: return net_fail(error, REMOTE_CHANGED, "it has changed while it was read");
  case END_TOO_LONG: return net_fail(error, REMOTE_FAILED, "the server's answer has more than %d MiB", NET_MOST_BODY >> 20);
  case END_WRONG_RANGE: return net_fail(error, REMOTE_FAILED, "the server sent other bytes of the file than it was asked for");
  case END_NO_MEMORY: break;
  }
  return net_no_memory(error);
}

static const struct { long status; const char *name; } statuses[] = {
  {300, "Multiple Choices"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"}, {307, "Temporary Redirect"},
  {308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
  {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {407, "Proxy Authentication Required"}, {408, "Request Timeout"}, {409, "Conflict"},
  {410, "Gone"}, {411, "Length Required"}, {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"},
  {416, "Range Not Satisfiable"}, {429, "Too Many Requests"}, {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
  {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {507, "Insufficient Storage"}};

void response_status(const Response *response, char *out, size_t size) {
  const char *name = "";
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if (statuses[i].status == response->status) name = statuses[i].name;
  snprintf(out, size, "%ld%s%s", response->status, *name ? " " : "", name);
}

bool net_status_again(long status) { return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504; }

RemoteFailure net_status_kind(long status) {
  switch (status) {
  case 401:
  case 403:
  case 407: return REMOTE_DENIED;
  case 404:
  case 410: return REMOTE_MISSING;
  case 412: return REMOTE_CHANGED;
  default: return REMOTE_FAILED;
  }
}

Verdict net_judge(const Request *request, const Response *response, RemoteError *error) {
  if (response->status / 100 == 2 || (request->missing_fine && response->status == 404)) return VERDICT_FINE;
  char status[80];
  response_status(response, status, sizeof status);
  RemoteFailure kind = net_status_kind(response->status);
  if (kind == REMOTE_CHANGED)
    net_fail(error, kind, "it has changed while it was read");
  else
    net_fail(error, kind, "%s", status);
  return net_status_again(response->status) ? VERDICT_AGAIN : VERDICT_FAILED;
}

void response_free(Response *response) {
  pairs_free(&response->headers);
  bytes_free(&response->body);
}

void request_free(Request *request) {
  bytes_free(&request->base);
  bytes_free(&request->path);
  bytes_free(&request->query);
  bytes_free(&request->user);
  pairs_free(&request->headers);
  pairs_free(&request->signed_headers);
}

/* --- Attempts --- */

void client_debug(const Client *client, const char *format, ...) {
  char text[1200];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  client->host->debug(text);
}

static bool pause_for(const Client *client, uint32_t milliseconds, bool urgent) {
  for (uint32_t left = milliseconds; left && (urgent || !client->host->stopped());) {
    uint32_t step = left < POLL_MS ? left : POLL_MS;
    struct timespec time = {.tv_sec = 0, .tv_nsec = (long)step * 1000000};
    nanosleep(&time, NULL);
    left -= step;
  }
  return urgent || !client->host->stopped();
}

bool client_pause(const Client *client, uint32_t milliseconds) { return pause_for(client, milliseconds, false); }

/* Retry-After as seconds or a date (RFC 9110, 10.2.3), in milliseconds. */
static uint32_t asked_pause(const Response *response) {
  const char *after = pairs_get(&response->headers, "Retry-After");
  uint64_t seconds = 0;
  if (!after) return 0;
  if (!text_number(after, &seconds)) {
    time_t moment = curl_getdate(after, NULL), now = time(NULL);
    seconds = moment > now ? (uint64_t)(moment - now) : 0;
  }
  return seconds > MOST_ASKED_PAUSE_MS / 1000 ? MOST_ASKED_PAUSE_MS : (uint32_t)seconds * 1000;
}

static uint32_t next_pause(const Response *response, uint32_t attempt) {
  uint32_t most = attempt > 6 ? MOST_PAUSE_MS : 200u << attempt, chance = 0;
  if (most > MOST_PAUSE_MS) most = MOST_PAUSE_MS;
  if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != sizeof chance) chance = (uint32_t)time(NULL) * 2654435761u;
  uint32_t asked = asked_pause(response);
  return asked + chance % (most + 1);
}

/* 416: there is nothing from there on. "bytes *" "/200" says where it ends. */
static Verdict end_of_file(const Request *request, const Response *response, RemoteError *error) {
  char version[NET_VERSION];
  response_version(response, version);
  const char *range = pairs_get(&response->headers, "Content-Range");
  uint64_t whole = UINT64_MAX, from = request->offset + request->got;
  if (range && text_begins(range, "bytes */") && !text_number(range + 8, &whole)) whole = UINT64_MAX;
  if (request->version[0] && version[0] && strcmp(version, request->version) != 0)
    net_fail(error, REMOTE_CHANGED, "it has changed while it was read");
  else if (request->got && whole != UINT64_MAX && whole != from)
    net_fail(error, REMOTE_FAILED, "the server tells another length of the file than before");
  else
    return VERDICT_FINE;
  return VERDICT_FAILED;
}

/* One attempt with the redirects it meets. */
static Verdict attempt_once(Transfer *transfer, RemoteError *error) {
  Request *request = transfer->request;
  Response *response = transfer->response;
  transfer->foreign = transfer->redirected = false;
  for (int hops = 0;; hops++) {
    CURLcode result = CURLE_OK;
    if (exchange(transfer, &result, error) != 0) return VERDICT_FAILED;
    if (transfer->end) return explain_end(transfer, error) == 0 ? VERDICT_FINE : VERDICT_FAILED;
    if (result != CURLE_OK) {
      bool again = explain_result(transfer, result, error);
      if (again && request->once && result != CURLE_COULDNT_RESOLVE_HOST && result != CURLE_COULDNT_CONNECT) again = false;
      return again ? VERDICT_AGAIN : VERDICT_FAILED;
    }
    if (request->file && response->status == 416) return end_of_file(request, response, error);
    bool redirected = response->status / 100 == 3 && response->status != 304 && pairs_get(&response->headers, "Location");
    if (!redirected || !request->follow) break;
    if (hops >= MOST_REDIRECTS) {
      net_fail(error, REMOTE_FAILED, "more than %d redirects", MOST_REDIRECTS);
      return VERDICT_FAILED;
    }
    if (redirect(transfer, error) != 0) return VERDICT_FAILED;
  }
  Verdict verdict = request->judge ? request->judge(request->self, request, response, error) : net_judge(request, response, error);
  bool refused = response->status == 429 || response->status == 503; /* it did nothing */
  return verdict == VERDICT_AGAIN && request->once && !refused ? VERDICT_FAILED : verdict;
}

/* May a file go on behind the bytes that have come? */
static bool can_go_on(const Request *request, RemoteError *error) {
  if (!request->file || !request->got || request->version[0] || request->unranged) return true;
  net_fail(error, REMOTE_FAILED, "the connection was lost");
  MODULE_HINT(error, "the server tells no version of the file (ETag, Last-Modified), so reading cannot go on where it ended");
  return false;
}

int client_send(Client *client, Request *request, Response *response, RemoteError *error) {
  if (request->base.failed || request->path.failed || request->query.failed || request->headers.failed || request->signed_headers.failed) return net_no_memory(error);
  Transfer *transfer = transfer_get(client, error);
  if (!transfer) return -1;
  transfer->request = request;
  transfer->response = response;
  Verdict verdict;
  uint64_t got = request->got;
  for (uint32_t attempt = 0, changes = 0;;) {
    RemoteError found = {.kind = REMOTE_FAILED};
    verdict = attempt_once(transfer, &found);
    if (verdict == VERDICT_AGAIN_CHANGED && changes++ < 3) continue;
    if (request->got - got >= FRESH_START) {
      attempt = 0;
      got = request->got;
    }
    uint32_t most = request->urgent && client->retries > URGENT_RETRIES ? URGENT_RETRIES : client->retries;
    bool again = verdict == VERDICT_AGAIN && attempt < most && can_go_on(request, &found);
    if (!again) {
      if (verdict != VERDICT_FINE && !error->text[0]) *error = found;
      break;
    }
    uint32_t pause = next_pause(response, attempt++);
    client_debug(client, "%s %.300s: %s; again in %u ms (%u of %u)", request->method, text_of(&request->path), found.text, pause, attempt, most);
    if (request->urgent && pause > URGENT_PAUSE_MS) pause = URGENT_PAUSE_MS;
    if (pause_for(client, pause, request->urgent)) continue;
    net_fail(error, REMOTE_STOPPED, "interrupted");
    break;
  }
  transfer_put(transfer);
  return verdict == VERDICT_FINE ? 0 : -1;
}
