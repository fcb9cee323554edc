/* s3.c - Amazon S3 and what speaks as it does (MinIO, Ceph, …): requests, errors, reading, listing. */
#include "s3.h"

/* --- A store --- */

int s3_start(RemoteStore *store, S3 *s3, const char *endpoint, const char *region, RemoteError *error) {
  store->own = s3;
  store->client.plain_only = true;
  pthread_mutex_init(&s3->lock, NULL);
  if (!*store->place) return net_fail(error, REMOTE_FAILED, "the address has no bucket: it is %s://bucket/name", store->scheme);
  s3->region = strdup(region);
  s3->host_style = !endpoint && !strchr(store->place, '.');
  if (store->settings.path_style >= 0) s3->host_style = !store->settings.path_style;
  if (!s3->region) return net_no_memory(error);
  if (endpoint) return net_endpoint(endpoint, &s3->endpoint, &s3->prefix, error);
  s3->prefix = strdup("");
  return s3->prefix ? 0 : net_no_memory(error);
}

static int open_s3(RemoteStore *store, RemoteError *error) {
  const Settings *settings = &store->settings;
  const char *region = settings->region, *endpoint = settings->endpoint;
  S3 *s3 = calloc(1, sizeof *s3);
  if (!s3) return net_no_memory(error);
  if (!region) region = net_variable("AWS_REGION");
  if (!region) region = net_variable("AWS_DEFAULT_REGION");
  if (!endpoint) endpoint = net_variable("AWS_ENDPOINT_URL_S3");
  if (!endpoint) endpoint = net_variable("AWS_ENDPOINT_URL");
  char *profile_region = region ? NULL : profile_value(settings, "region"), *profile_endpoint = endpoint ? NULL : profile_value(settings, "endpoint_url");
  if (!region) region = profile_region ? profile_region : "us-east-1";
  if (!endpoint) endpoint = profile_endpoint;
  int status = s3_start(store, s3, endpoint, region, error);
  free(profile_region);
  free(profile_endpoint);
  return status;
}

void s3_close(RemoteStore *store) {
  S3 *s3 = store->own;
  keys_free(&s3->keys);
  free(s3->region);
  free(s3->endpoint);
  free(s3->prefix);
  pthread_mutex_destroy(&s3->lock);
  free(s3);
}

/* --- Requests --- */

static void put_base(const RemoteStore *store, const S3 *s3, Bytes *base) {
  base->len = 0;
  if (s3->endpoint) {
    size_t scheme = (size_t)(strstr(s3->endpoint, "://") + 3 - s3->endpoint);
    if (s3->host_style)
      text_format(base, "%.*s%s.%s", (int)scheme, s3->endpoint, store->place, s3->endpoint + scheme);
    else
      text_put(base, s3->endpoint);
    return;
  }
  text_format(base, "https://%s%ss3.%s.amazonaws.com%s", s3->host_style ? store->place : "", s3->host_style ? "." : "", s3->region,
              text_begins(s3->region, "cn-") ? ".cn" : "");
}

static const char payload_of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void set_payload(Request *request) {
  if (request->payload[0]) return;
  if (!request->body_size) {
    memcpy(request->payload, payload_of_nothing, sizeof payload_of_nothing);
    return;
  }
  uint8_t hash[NET_SHA256];
  Bytes text = {.data = NULL};
  net_sha256(request->body, request->body_size, hash);
  text_hex(&text, hash, sizeof hash);
  snprintf(request->payload, sizeof request->payload, "%s", text_of(&text));
  bytes_free(&text);
}

/* With the lock: keys that are there, looked for at the first request and shortly before they expire. */
static int need_keys(RemoteStore *store, S3 *s3, RemoteError *error) {
  bool stale = s3->keys.expires && s3->keys.expires < time(NULL) + 60;
  if (s3->keys_number && !stale) return 0;
  Keys found;
  if (keys_find(store, &found, error) != 0) return -1;
  keys_free(&s3->keys);
  s3->keys = found;
  if (!s3->keys_number || stale) s3->keys_number++;
  return 0;
}

static int sign(RemoteStore *store, S3 *s3, Request *request, Pairs *headers, RemoteError *error) {
  if (need_keys(store, s3, error) != 0) return -1;
  request->tag = s3->keys_number;
  if (s3->keys.anonymous) return 0;
  Bytes host = {.data = NULL};
  net_host(text_of(&request->base), &host);
  pairs_put(headers, "x-amz-content-sha256", request->payload);
  const SignKeys keys = {s3->keys.access_key, s3->keys.secret_key, s3->keys.session_token, s3->region, "s3"};
  sign_v4(&keys, request->method, text_of(&host), text_of(&request->path), text_of(&request->query), request->payload, time(NULL), headers);
  int status = headers->failed || host.failed ? net_no_memory(error) : 0;
  bytes_free(&host);
  return status;
}

static int prepare(void *self, Request *request, Pairs *headers, RemoteError *error) {
  RemoteStore *store = self;
  S3 *s3 = store->own;
  if (!s3->authorize) set_payload(request);
  pthread_mutex_lock(&s3->lock);
  put_base(store, s3, &request->base);
  int status = s3->authorize ? s3->authorize(store, request, headers, error) : sign(store, s3, request, headers, error);
  pthread_mutex_unlock(&s3->lock);
  return status == 0 && request->base.failed ? net_no_memory(error) : status;
}

int s3_request(RemoteStore *store, const char *method, const char *key, Pairs *query, Request *request, RemoteError *error) {
  const S3 *s3 = store->own;
  request->method = method;
  request->self = store;
  request->prepare = prepare;
  request->judge = s3_judge;
  text_put(&request->path, s3->prefix);
  text_put(&request->path, "/");
  if (!s3->host_style) {
    text_encode(&request->path, store->place, strlen(store->place), "");
    if (*key) text_put(&request->path, "/");
  }
  text_encode(&request->path, key, strlen(key), "/");
  if (query) {
    pairs_query(query, &request->query);
    pairs_free(query);
  }
  return request->path.failed || request->query.failed ? net_no_memory(error) : 0;
}

/* --- Errors --- */

static const struct { const char *code; RemoteFailure kind; const char *text, *hint; } codes[] = {
  {"AccessDenied", REMOTE_DENIED, "access is denied", "who asks has no right to that; without keys (anonymous) only public buckets can be read"},
  {"InvalidAccessKeyId", REMOTE_DENIED, "the access key is not known", "check @access_key, AWS_ACCESS_KEY_ID or the profile, and that the endpoint is the one that the key is for"},
  {"SignatureDoesNotMatch", REMOTE_DENIED, "the signature is not that of the secret key", "check @secret_key or AWS_SECRET_ACCESS_KEY, and the clock of this machine"},
  {"RequestTimeTooSkewed", REMOTE_DENIED, "the clock of this machine differs too much from the server's", "set the clock"},
  {"ExpiredToken", REMOTE_DENIED, "the credentials have expired", "get new ones (session token)"},
  {"InvalidToken", REMOTE_DENIED, "the session token is not valid", "check @session_token or AWS_SESSION_TOKEN: it belongs to one access key"},
  {"NoSuchBucket", REMOTE_MISSING, "there is no such bucket", "check the bucket's name, and the endpoint or region"},
  {"NoSuchKey", REMOTE_MISSING, "there is no such object", ""},
  {"NoSuchUpload", REMOTE_MISSING, "the upload is not there any more", "somebody ended it"},
  {"InvalidBucketName", REMOTE_FAILED, "no bucket can have this name", ""},
  {"PreconditionFailed", REMOTE_CHANGED, "it has changed while it was read", ""},
  {"PermanentRedirect", REMOTE_FAILED, "the bucket is in another region", "say it: @region, or AWS_REGION"},
  {"AuthorizationHeaderMalformed", REMOTE_FAILED, "the bucket is in another region", "say it: @region, or AWS_REGION"},
  {"InvalidObjectState", REMOTE_FAILED, "the object is archived", "it has to be restored before it can be read"},
  {"EntityTooLarge", REMOTE_FAILED, "the object is too large for the store", ""},
  {"XAmzContentSHA256Mismatch", REMOTE_FAILED, "the bytes were damaged on their way", ""},
  {"BadDigest", REMOTE_FAILED, "the bytes were damaged on their way", ""},
};

static bool is_any(const char *code, const char *const *names) {
  while (*names && strcmp(*names, code) != 0) names++;
  return *names;
}

/* Another region that the answer names, for Amazon's own endpoint; true: it is one we did not know. */
static bool learn_region(RemoteStore *store, const Response *response, const XmlNode *root) {
  S3 *s3 = store->own;
  const char *region = pairs_get(&response->headers, "x-amz-bucket-region");
  if (!region || !*region) region = xml_text(root, "Region");
  if (s3->endpoint || !*region || strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(region)) return false;
  pthread_mutex_lock(&s3->lock);
  bool other = strcmp(region, s3->region) != 0;
  char *copy = other ? strdup(region) : NULL;
  if (copy) {
    free(s3->region);
    s3->region = copy;
  }
  pthread_mutex_unlock(&s3->lock);
  return copy;
}

/* Keys that were looked for again; true: there are others than those that signed the request. */
static bool renew_keys(RemoteStore *store, const Request *request) {
  S3 *s3 = store->own;
  RemoteError ignored = {.kind = REMOTE_FAILED};
  Keys found = {.access_key = NULL};
  pthread_mutex_lock(&s3->lock);
  bool renewed = s3->keys_number != request->tag; /* another thread did */
  if (!renewed && !s3->authorize && !s3->keys.fixed && !s3->keys.anonymous && keys_find(store, &found, &ignored) == 0) {
    renewed = found.access_key && (strcmp(found.access_key, s3->keys.access_key) != 0 || !found.session_token || !s3->keys.session_token ||
                                   strcmp(found.session_token, s3->keys.session_token) != 0);
    if (renewed) {
      keys_free(&s3->keys);
      s3->keys = found;
      s3->keys_number++;
    } else {
      keys_free(&found);
    }
  }
  pthread_mutex_unlock(&s3->lock);
  return renewed;
}

static void explain(const Response *response, const char *code, const char *message, RemoteError *error) {
  char status[80];
  response_status(response, status, sizeof status);
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    if (strcmp(codes[i].code, code) != 0) continue;
    net_fail(error, codes[i].kind, codes[i].kind == REMOTE_CHANGED ? "%s" : "%s (%s, %s)", codes[i].text, code, status);
    if (*codes[i].hint) MODULE_HINT(error, "%s", codes[i].hint);
    return;
  }
  if (*code)
    net_fail(error, net_status_kind(response->status), "%s: %.200s (%.100s)", status, *message ? message : "the store refuses it", code);
  else
    net_fail(error, net_status_kind(response->status), "%s", response->status == 412 ? "it has changed while it was read" : status);
}

Verdict s3_judge_error(RemoteStore *store, Request *request, const Response *response, RemoteError *error) {
  static const char *const later[] = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted", "Throttling", "RequestLimitExceeded",
                                      "XAmzContentSHA256Mismatch", "BadDigest", NULL};
  static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired", NULL};
  static const char *const elsewhere[] = {"PermanentRedirect", "AuthorizationHeaderMalformed", "TemporaryRedirect", "IllegalLocationConstraintException", NULL};
  XmlNode *root = xml_read(text_of(&response->body), response->body.len);
  bool is_error = root && strcmp(root->name, "Error") == 0;
  const char *code = is_error ? xml_text(root, "Code") : "", *message = is_error ? xml_text(root, "Message") : "";
  Verdict verdict = VERDICT_FAILED;
  bool moved = is_any(code, elsewhere) || response->status / 100 == 3 || (!*code && response->status == 400);
  if (moved && learn_region(store, response, root)) {
    client_debug(&store->client, "the bucket is in another region than was said");
    verdict = VERDICT_AGAIN_CHANGED;
  } else if (is_any(code, expired) && renew_keys(store, request)) {
    client_debug(&store->client, "the credentials have expired: new ones were found");
    verdict = VERDICT_AGAIN_CHANGED;
  } else if (net_status_again(response->status) || is_any(code, later)) {
    verdict = VERDICT_AGAIN;
  }
  explain(response, is_any(code, expired) ? "ExpiredToken" : code, message, error);
  xml_free(root);
  return verdict;
}

Verdict s3_judge(void *self, Request *request, const Response *response, RemoteError *error) {
  if (response->status / 100 == 2 || (request->missing_fine && response->status == 404)) return VERDICT_FINE;
  return s3_judge_error(self, request, response, error);
}

/* --- Reading --- */

int s3_aim(RemoteStore *store, const char *url, Request *request, RemoteError *error) {
  return s3_request(store, "GET", url_path(url), NULL, request, error);
}

/* Is there anything below it? The bucket has to be there. */
static int look_below(RemoteStore *store, const char *path, RemoteInfo *out, RemoteError *error) {
  Pairs query = {.items = NULL};
  Request request = {.method = NULL};
  Response response = {.status = 0};
  Bytes prefix = {.data = NULL};
  listing_begin(path, &prefix, NULL, NULL);
  pairs_put(&query, "list-type", "2");
  pairs_put(&query, "max-keys", "1");
  pairs_put(&query, "prefix", text_of(&prefix));
  int status = s3_request(store, "GET", "", &query, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  XmlNode *root = status == 0 ? xml_read(text_of(&response.body), response.body.len) : NULL;
  if (status == 0 && !root) status = net_fail(error, REMOTE_FAILED, "the store's answer is no listing");
  if (status == 0 && (!*path || xml_at(root, "Contents"))) out->kind = REMOTE_FOLDER;
  xml_free(root);
  bytes_free(&prefix);
  request_free(&request);
  response_free(&response);
  return status;
}

/* Why HEAD failed: its answer has no text, that of GET has. */
static int ask_why(RemoteStore *store, const char *url, RemoteError *error) {
  char byte;
  Request request = {.file = true, .size = 1, .into = &byte};
  Response response = {.status = 0};
  int status = s3_aim(store, url, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  request_free(&request);
  response_free(&response);
  return status;
}

/* 500 may mean a folder: some stores that keep objects as files answer so. */
static Verdict judge_head(void *self, Request *request, const Response *response, RemoteError *error) {
  return response->status == 500 ? VERDICT_FINE : s3_judge(self, request, response, error);
}

static int head(RemoteStore *store, const char *url, bool patient, long *answer, RemoteInfo *out, RemoteError *error) {
  Request request = {.missing_fine = true};
  Response response = {.status = 0};
  RemoteError found = {.kind = REMOTE_FAILED};
  int status = s3_request(store, "HEAD", url_path(url), NULL, &request, error);
  if (!patient) request.judge = judge_head;
  if (status == 0) status = client_send(&store->client, &request, &response, &found);
  if (status == 0 && response.status / 100 == 2) {
    response_info(&response, out);
    out->ranges = out->size != UINT64_MAX;
  }
  *answer = response.status;
  if (status != 0 && (response.status / 100 != 4 || ask_why(store, url, error) == 0) && !error->text[0]) *error = found;
  request_free(&request);
  response_free(&response);
  return status;
}

/* The object of that name by a listing, whose first entry it is: cheaper than HEAD where a store computes something of the whole object
   for that, and of use for folders, too. false: it may be there all the same, for those who may not list. */
static bool look_listed(RemoteStore *store, const char *path, RemoteInfo *out) {
  Pairs query = {.items = NULL};
  Request request = {.method = NULL};
  Response response = {.status = 0};
  RemoteError ignored = {.kind = REMOTE_FAILED};
  pairs_put(&query, "list-type", "2");
  pairs_put(&query, "max-keys", "1");
  pairs_put(&query, "prefix", path);
  XmlNode *root = NULL;
  if (s3_request(store, "GET", "", &query, &request, &ignored) == 0 && client_send(&store->client, &request, &response, &ignored) == 0)
    root = xml_read(text_of(&response.body), response.body.len);
  const XmlNode *entry = xml_at(root, "Contents");
  const char *tag = xml_text(entry, "ETag");
  bool found = entry && strcmp(xml_text(entry, "Key"), path) == 0 && text_number(xml_text(entry, "Size"), &out->size);
  if (found) out->kind = REMOTE_FILE;
  if (found) out->ranges = true;
  if (found && strlen(tag) < sizeof out->version) memcpy(out->version, tag, strlen(tag) + 1);
  xml_free(root);
  request_free(&request);
  response_free(&response);
  return found;
}

int s3_look(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error) {
  const char *path = url_path(url);
  if (!*path || path[strlen(path) - 1] == '/') return look_below(store, path, out, error);
  if (look_listed(store, path, out)) return 0;
  long answer = 0;
  if (head(store, url, false, &answer, out, error) != 0) return -1;
  if (answer / 100 == 2) return 0;
  if (look_below(store, path, out, error) != 0) return -1;
  return answer == 404 || out->kind != REMOTE_NONE ? 0 : head(store, url, true, &answer, out, error);
}

/* --- Listing --- */

static void tell_entry(Listing *listing, const char *encoded_or_not, bool encoded, const RemoteInfo *info) {
  Bytes name = {.data = NULL};
  if (encoded) text_decode(&name, encoded_or_not, strlen(encoded_or_not));
  if (name.failed) listing->failed = listing->stopped = true;
  if (!name.failed) listing_tell(listing, encoded ? text_of(&name) : encoded_or_not, info);
  bytes_free(&name);
}

static void tell_page(Listing *listing, const XmlNode *root) {
  bool encoded = strcmp(xml_text(root, "EncodingType"), "url") == 0;
  for (const XmlNode *node = root->first; node && !listing->stopped; node = node->next) {
    RemoteInfo info = {.kind = REMOTE_FILE, .size = UINT64_MAX, .ranges = true};
    if (strcmp(node->name, "Contents") == 0) {
      const char *tag = xml_text(node, "ETag");
      if (!text_number(xml_text(node, "Size"), &info.size)) info.size = UINT64_MAX;
      if (strlen(tag) < sizeof info.version) memcpy(info.version, tag, strlen(tag) + 1);
      tell_entry(listing, xml_text(node, "Key"), encoded, &info);
    } else if (strcmp(node->name, "CommonPrefixes") == 0) {
      tell_entry(listing, xml_text(node, "Prefix"), encoded, &(RemoteInfo){.kind = REMOTE_FOLDER});
    }
  }
}

/* One page behind *after, which becomes the mark of the next one: "" at the end. */
static int list_page(RemoteStore *store, const char *prefix, bool deep, Bytes *after, Listing *listing, RemoteError *error) {
  Pairs query = {.items = NULL};
  Request request = {.method = NULL};
  Response response = {.status = 0};
  pairs_put(&query, "list-type", "2");
  pairs_put(&query, "encoding-type", "url");
  pairs_put(&query, "prefix", prefix);
  if (!deep) pairs_put(&query, "delimiter", "/");
  if (after->len) pairs_put(&query, "continuation-token", text_of(after));
  after->len = 0;
  int status = s3_request(store, "GET", "", &query, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  XmlNode *root = status == 0 ? xml_read(text_of(&response.body), response.body.len) : NULL;
  if (root) {
    tell_page(listing, root);
    if (strcmp(xml_text(root, "IsTruncated"), "true") == 0) text_put(after, xml_text(root, "NextContinuationToken"));
    if (strcmp(xml_text(root, "IsTruncated"), "true") == 0 && !after->len) status = net_fail(error, REMOTE_FAILED, "the store does not say how its listing goes on");
  } else if (status == 0) {
    status = net_fail(error, REMOTE_FAILED, "the store's answer is no listing");
  }
  xml_free(root);
  request_free(&request);
  response_free(&response);
  return status;
}

int s3_list(RemoteStore *store, const char *url, bool deep, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self, RemoteError *error) {
  Bytes prefix = {.data = NULL}, after = {.data = NULL};
  Listing listing = listing_begin(url_path(url), &prefix, found, self);
  int status;
  do {
    status = list_page(store, text_of(&prefix), deep, &after, &listing, error);
  } while (status == 0 && after.len && !listing.stopped);
  if (status == 0 && (listing.failed || after.failed)) status = net_no_memory(error);
  bytes_free(&prefix);
  bytes_free(&after);
  return status;
}

static const char *const schemes[] = {"s3", "s3a", "s3n", NULL};

const Backend s3_backend = {
  .schemes = schemes, .open = open_s3, .close = s3_close, .look = s3_look, .list = s3_list, .aim = s3_aim, .put = s3_put, .begin = s3_begin,
  .part = s3_part, .complete = s3_complete, .free_upload = s3_free_upload, .remove = s3_remove};
