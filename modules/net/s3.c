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
  {"AccessDenied", REMOTE_DENIED, "access is denied", "who asks has no right to that, or there is nothing of that name and no right to list; without keys only public buckets can be read"},
  {"InvalidAccessKeyId", REMOTE_DENIED, "the access key is not known", "check @access_key, AWS_ACCESS_KEY_ID or the profile, and that the endpoint is the one that the key is for"},
  {"SignatureDoesNotMatch", REMOTE_DENIED, "the signature is not that of the secret key", "check @secret_key or AWS_SECRET_ACCESS_KEY, and the clock of this machine"},
  {"RequestTimeTooSkewed", REMOTE_DENIED, "the clock of this machine differs too much from the server's", "set the clock (date -u tells what it says)"},
  {"ExpiredToken", REMOTE_DENIED, "the credentials have expired", "get new ones for @session_token, AWS_SESSION_TOKEN or the profile, and run the script again"},
  {"InvalidToken", REMOTE_DENIED, "the session token is not valid", "check @session_token or AWS_SESSION_TOKEN: it belongs to one access key"},
  {"NoSuchBucket", REMOTE_MISSING, "there is no such bucket", "check the bucket's name, and the endpoint or region"},
  {"NoSuchKey", REMOTE_MISSING, "there is no such object", ""},
  {"NoSuchUpload", REMOTE_MISSING, "the upload is not there any more", "somebody ended it"},
  {"InvalidBucketName", REMOTE_FAILED, "no bucket can have this name", ""},
  {"PreconditionFailed", REMOTE_CHANGED, "it has changed while it was read", ""},
  {"InvalidObjectState", REMOTE_FAILED, "the object is archived", "it has to be restored before it can be read"},
  {"EntityTooLarge", REMOTE_FAILED, "the object is too large for the store", ""},
  {"XAmzContentSHA256Mismatch", REMOTE_FAILED, "the bytes were damaged on their way", ""},
  {"BadDigest", REMOTE_FAILED, "the bytes were damaged on their way", ""},
};

static bool is_any(const char *code, const char *const *names) {
  while (*names && strcmp(*names, code) != 0) names++;
  return *names;
}

/* The region that an answer names; "": none. */
static const char *told_region(const Response *response, const XmlNode *root) {
  const char *region = pairs_get(&response->headers, "x-amz-bucket-region");
  if (!region || !*region) region = xml_text(root, "Region");
  return strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(region) && strlen(region) < 60 ? region : "";
}

/* Another region that the answer names: at Amazon another endpoint, elsewhere only another word in signatures. true: it is one we did not know. */
static bool learn_region(RemoteStore *store, const Response *response, const XmlNode *root) {
  S3 *s3 = store->own;
  const char *region = told_region(response, root);
  if (!*region || (s3->endpoint && response->status / 100 == 3)) return false;
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

/* The bucket is where we do not ask. */
static void explain_region(RemoteStore *store, const char *region, const char *code, const char *status, RemoteError *error) {
  S3 *s3 = store->own;
  pthread_mutex_lock(&s3->lock);
  net_fail(error, REMOTE_FAILED, "the bucket is in region %s, not %s (%s%s%s)", *region ? region : "another", s3->region, code, *code ? ", " : "", status);
  pthread_mutex_unlock(&s3->lock);
  MODULE_HINT(error, "say it: @region = '%s', or AWS_REGION%s", *region ? region : "…", s3->endpoint ? "; and the endpoint of that region" : "");
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
  if (error->kind == REMOTE_DENIED && !error->hint[0]) MODULE_HINT(error, "check the keys, and that the endpoint is the one that they are for");
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
  char status[80];
  response_status(response, status, sizeof status);
  if (is_any(code, elsewhere) || (response->status / 100 == 3 && *told_region(response, root)))
    explain_region(store, told_region(response, root), code, status, error);
  else
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

/* A listing's name, perhaps encoded as that of a form is: a space is +. */
static Bytes entry_name(const XmlNode *root, const char *text) {
  Bytes name = {.data = NULL};
  bool encoded = strcmp(xml_text(root, "EncodingType"), "url") == 0;
  for (const char *plus; encoded && (plus = strchr(text, '+')); text = plus + 1) {
    text_decode(&name, text, (size_t)(plus - text));
    text_put(&name, " ");
  }
  if (encoded)
    text_decode(&name, text, strlen(text));
  else
    text_put(&name, text);
  return name;
}

static void entry_info(const XmlNode *entry, RemoteInfo *out) {
  const char *tag = xml_text(entry, "ETag");
  *out = (RemoteInfo){.kind = REMOTE_FILE, .size = UINT64_MAX, .ranges = true};
  if (!text_number(xml_text(entry, "Size"), &out->size)) out->size = UINT64_MAX;
  if (strlen(tag) < sizeof out->version) memcpy(out->version, tag, strlen(tag) + 1);
}

/* Which part of a listing is wanted. */
typedef struct Ask {
  const char *prefix, *delimiter, *after, *most; /* NULL: none */
} Ask;

static int ask_once(RemoteStore *store, const Ask *ask, bool encoded, XmlNode **out, RemoteError *error) {
  const struct { const char *name, *value; } given[] = {{"list-type", "2"}, {"prefix", ask->prefix}, {"delimiter", ask->delimiter},
    {"continuation-token", ask->after}, {"max-keys", ask->most}, {"encoding-type", encoded ? "url" : NULL}};
  Pairs query = {.items = NULL};
  Request request = {.method = NULL};
  Response response = {.status = 0};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++)
    if (given[i].value) pairs_put(&query, given[i].name, given[i].value);
  int status = s3_request(store, "GET", "", &query, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  *out = status == 0 ? xml_read(text_of(&response.body), response.body.len) : NULL;
  request_free(&request);
  response_free(&response);
  return status;
}

/* Names are asked for as they are, since some stores say that they encode them, and do not; those that XML cannot have make the store encode all. */
static int ask_list(RemoteStore *store, const Ask *ask, XmlNode **out, RemoteError *error) {
  if (ask_once(store, ask, false, out, error) != 0 || (!*out && ask_once(store, ask, true, out, error) != 0)) return -1;
  return *out ? 0 : net_fail(error, REMOTE_FAILED, "the store's answer is no listing");
}

/* The first name, in order of their bytes, that begins with the prefix; "": there is none. The bucket has to be there. */
static int first_name(RemoteStore *store, const char *prefix, Bytes *name, RemoteInfo *info, RemoteError *error) {
  const Ask ask = {.prefix = prefix, .most = "1"};
  XmlNode *root;
  if (ask_list(store, &ask, &root, error) != 0) return -1;
  const XmlNode *entry = xml_at(root, "Contents");
  if (entry) entry_info(entry, info);
  *name = entry_name(root, xml_text(entry, "Key"));
  xml_free(root);
  return name->failed ? net_no_memory(error) : 0;
}

/* Is there anything below it? */
static int look_below(RemoteStore *store, const char *path, RemoteInfo *out, RemoteError *error) {
  Bytes prefix = {.data = NULL}, name = {.data = NULL};
  RemoteInfo ignored;
  listing_begin(path, "", &prefix, NULL, NULL);
  int status = first_name(store, text_of(&prefix), &name, &ignored, error);
  if (status == 0 && (!*path || name.len)) out->kind = REMOTE_FOLDER;
  bytes_free(&prefix);
  bytes_free(&name);
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

/* The object by HEAD. */
static int head(RemoteStore *store, const char *url, RemoteInfo *out, bool *there, RemoteError *error) {
  Request request = {.missing_fine = true};
  Response response = {.status = 0};
  RemoteError found = {.kind = REMOTE_FAILED};
  int status = s3_request(store, "HEAD", url_path(url), NULL, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, &found);
  *there = status == 0 && response.status / 100 == 2;
  if (*there) {
    response_info(&response, out);
    out->ranges = out->size != UINT64_MAX;
  }
  if (status != 0 && (response.status / 100 != 4 || ask_why(store, url, error) == 0) && !error->text[0]) *error = found;
  request_free(&request);
  response_free(&response);
  return status;
}

/* The object or folder of that name by a listing, whose first entry tells: cheaper than HEAD where a store computes something of the whole
   object for that. Names in order of their bytes: "a", "a-b", "a/b", "ab". */
static int look_listed(RemoteStore *store, const char *path, RemoteInfo *out, RemoteError *error) {
  Bytes name = {.data = NULL};
  RemoteInfo info = {.kind = REMOTE_NONE};
  if (first_name(store, path, &name, &info, error) != 0) return -1;
  size_t len = strlen(path);
  unsigned char next = name.len > len ? name.data[len] : 0;
  int status = 0;
  if (name.len == len && info.size != UINT64_MAX)
    *out = info;
  else if (next == '/')
    out->kind = REMOTE_FOLDER;
  else if (next && next < '/')
    status = look_below(store, path, out, error);
  bytes_free(&name);
  return status;
}

int s3_look(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error) {
  const char *path = url_path(url);
  RemoteError found = {.kind = REMOTE_FAILED};
  if (!*path || path[strlen(path) - 1] == '/') return look_below(store, path, out, error);
  if (look_listed(store, path, out, &found) == 0) return 0;
  bool there = false; /* who may not list may read all the same */
  if (found.kind == REMOTE_DENIED && head(store, url, out, &there, error) != 0) return -1;
  if (!there && !error->text[0]) *error = found;
  return there ? 0 : -1;
}

/* --- Listing --- */

static void tell_page(Listing *listing, const XmlNode *root) {
  for (const XmlNode *node = root->first; node && !listing->stopped; node = node->next) {
    bool file = strcmp(node->name, "Contents") == 0;
    if (!file && strcmp(node->name, "CommonPrefixes") != 0) continue;
    RemoteInfo info = {.kind = REMOTE_FOLDER};
    if (file) entry_info(node, &info);
    Bytes name = entry_name(root, xml_text(node, file ? "Key" : "Prefix"));
    if (name.failed) listing->failed = listing->stopped = true;
    else listing_tell(listing, text_of(&name), &info);
    bytes_free(&name);
  }
}

/* One page behind *after, which becomes the mark of the next one: "" at the end. */
static int list_page(RemoteStore *store, const char *prefix, bool deep, Bytes *after, Listing *listing, RemoteError *error) {
  const Ask ask = {.prefix = prefix, .delimiter = deep ? NULL : "/", .after = after->len ? text_of(after) : NULL};
  XmlNode *root;
  if (ask_list(store, &ask, &root, error) != 0) return -1;
  after->len = 0;
  tell_page(listing, root);
  bool more = strcmp(xml_text(root, "IsTruncated"), "true") == 0;
  if (more) text_put(after, xml_text(root, "NextContinuationToken"));
  xml_free(root);
  return more && !after->len ? net_fail(error, REMOTE_FAILED, "the store does not say how its listing goes on") : 0;
}

int s3_list(RemoteStore *store, const char *url, const char *begins, bool deep, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self,
            RemoteError *error) {
  Bytes prefix = {.data = NULL}, after = {.data = NULL};
  Listing listing = listing_begin(url_path(url), begins, &prefix, found, self);
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
