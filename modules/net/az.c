/* az.c - Azure Blob Storage, az://container/name: requests, errors, reading, listing. */
#include "az.h"
#include "az_account.h"

#define API_VERSION "2021-08-06"

/* --- The store --- */

static int open_az(RemoteStore *store, RemoteError *error) {
  AzAccount *account = calloc(1, sizeof *account);
  if (!account) return net_no_memory(error);
  store->own = account;
  store->client.plain_only = true;
  pthread_mutex_init(&account->lock, NULL);
  if (!*store->place) return net_fail(error, REMOTE_FAILED, "the address has no container: it is az://container/name");
  return az_account_open(store, account, error);
}

static void close_az(RemoteStore *store) {
  az_account_free(store->own);
  free(store->own);
}

static int prepare(void *self, Request *request, Pairs *headers, RemoteError *error) {
  RemoteStore *store = self;
  AzAccount *account = store->own;
  char moment[64];
  time_t now = time(NULL);
  struct tm parts;
  static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  gmtime_r(&now, &parts);
  snprintf(moment, sizeof moment, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
           parts.tm_min, parts.tm_sec);
  pairs_put(headers, "x-ms-date", moment);
  pairs_put(headers, "x-ms-version", API_VERSION);
  for (size_t i = 0; i < request->signed_headers.count; i++) pairs_put(headers, request->signed_headers.items[i].name, request->signed_headers.items[i].value);
  if (account->key) {
    const char *type = pairs_get(&request->headers, "Content-Type");
    if (!sign_shared_key(account->name, account->key, request->method, text_of(&request->path), text_of(&request->query), type ? type : "", request->body_size, headers))
      return net_fail(error, REMOTE_DENIED, "the account's key is not in base64");
    return headers->failed ? net_no_memory(error) : 0;
  }
  Bytes line = {.data = NULL};
  pthread_mutex_lock(&account->lock);
  int status = az_account_token(store, account, error);
  if (status == 0 && account->token.text) text_format(&line, "Bearer %s", account->token.text);
  pthread_mutex_unlock(&account->lock);
  if (line.len) pairs_put(headers, "Authorization", text_of(&line));
  if (status == 0 && (headers->failed || line.failed)) status = net_no_memory(error);
  bytes_free(&line);
  return status;
}

static const struct { const char *code; RemoteFailure kind; const char *text, *hint; } codes[] = {
  {"AuthenticationFailed", REMOTE_DENIED, "the credentials are not accepted", "check @access_key (the account), @secret_key or @token, whether a signature has expired, and the clock of this machine"},
  {"AuthorizationFailure", REMOTE_DENIED, "the credentials are not accepted", "check @access_key (the account), @secret_key or @token; the account may also let only some networks in"},
  {"AuthorizationPermissionMismatch", REMOTE_DENIED, "who asks has no right to that", "the role 'Storage Blob Data Reader' or 'Contributor', or a signature with more rights"},
  {"AuthorizationProtocolMismatch", REMOTE_DENIED, "the signature is for https only", ""},
  {"InvalidAuthenticationInfo", REMOTE_DENIED, "the token is not valid or has expired", "get a new one"},
  {"NoAuthenticationInformation", REMOTE_DENIED, "nobody may read that without credentials", "say who asks: @secret_key, @token, AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN"},
  {"PublicAccessNotPermitted", REMOTE_DENIED, "nobody may read that without credentials", "say who asks: @secret_key, @token, AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN"},
  {"ResourceNotFound", REMOTE_MISSING, "it is not there, or nobody may read it without credentials", ""},
  {"ContainerNotFound", REMOTE_MISSING, "there is no such container", "check the container's name and the account"},
  {"ContainerBeingDeleted", REMOTE_MISSING, "the container is being deleted", ""},
  {"BlobNotFound", REMOTE_MISSING, "there is no such blob", ""},
  {"BlobArchived", REMOTE_FAILED, "the blob is archived", "it has to be made online before it can be read"},
  {"LeaseIdMissing", REMOTE_FAILED, "somebody has a lease on the blob", ""},
  {"ConditionNotMet", REMOTE_CHANGED, "it has changed while it was read", ""},
};

static Verdict judge(void *self, Request *request, const Response *response, RemoteError *error) {
  (void)self;
  if (response->status / 100 == 2) return VERDICT_FINE;
  XmlNode *root = xml_read(text_of(&response->body), response->body.len);
  const char *code = pairs_get(&response->headers, "x-ms-error-code"), *message = xml_text(root, "Message");
  if (!code) code = xml_text(root, "Code");
  Verdict verdict = net_status_again(response->status) ? VERDICT_AGAIN : VERDICT_FAILED;
  char status[80];
  int len = (int)strcspn(message, "\r\n");
  response_status(response, status, sizeof status);
  if (request->missing_fine && response->status == 404 && strcmp(code, "ContainerNotFound") != 0) verdict = VERDICT_FINE;
  for (size_t i = 0; i < sizeof codes / sizeof *codes && verdict != VERDICT_FINE && !error->text[0]; i++) {
    if (strcmp(codes[i].code, code) != 0) continue;
    if (codes[i].kind == REMOTE_CHANGED)
      net_fail(error, codes[i].kind, "%s", codes[i].text);
    else
      net_fail(error, codes[i].kind, "%s (%s, %s)", codes[i].text, code, status);
    if (*codes[i].hint) MODULE_HINT(error, "%s", codes[i].hint);
  }
  if (verdict != VERDICT_FINE && *code)
    net_fail(error, net_status_kind(response->status), "%s: %.*s (%.100s)", status, len < 300 ? len : 300, message, code);
  if (verdict != VERDICT_FINE) net_fail(error, net_status_kind(response->status), "%s", response->status == 412 ? "it has changed while it was read" : status);
  xml_free(root);
  return verdict;
}

int az_request(RemoteStore *store, const char *method, const char *name, Pairs *query, Request *request, RemoteError *error) {
  const AzAccount *account = store->own;
  request->method = method;
  request->self = store;
  request->prepare = prepare;
  request->judge = judge;
  text_put(&request->base, account->endpoint);
  text_put(&request->path, account->prefix);
  text_put(&request->path, "/");
  text_encode(&request->path, store->place, strlen(store->place), "$");
  if (*name) text_put(&request->path, "/");
  text_encode(&request->path, name, strlen(name), "/");
  if (query) {
    pairs_query(query, &request->query);
    pairs_free(query);
  }
  if (account->signature) text_format(&request->query, "%s%s", request->query.len ? "&" : "", account->signature);
  return request->path.failed || request->query.failed ? net_no_memory(error) : 0;
}

/* --- Reading --- */

static int aim(RemoteStore *store, const char *url, Request *request, RemoteError *error) { return az_request(store, "GET", url_path(url), NULL, request, error); }

static void tell_entry(Listing *listing, const XmlNode *node) {
  const char *tag = xml_text(node, "Properties/Etag");
  bool folder = strcmp(node->name, "BlobPrefix") == 0;
  if (!folder && strcmp(xml_text(node, "Properties/ResourceType"), "directory") == 0) return;
  RemoteInfo info = {.kind = folder ? REMOTE_FOLDER : REMOTE_FILE, .size = UINT64_MAX, .ranges = !folder};
  if (!text_number(xml_text(node, "Properties/Content-Length"), &info.size)) info.size = UINT64_MAX;
  if (*tag && strlen(tag) + 3 < sizeof info.version) snprintf(info.version, sizeof info.version, *tag == '"' ? "%s" : "\"%s\"", tag);
  listing_tell(listing, xml_text(node, "Name"), &info);
}

/* One page behind *after, which becomes the mark of the next one: "" at the end. *count: what it has. most: "" or of a page. */
static int list_page(RemoteStore *store, const char *prefix, bool deep, const char *most, Bytes *after, Listing *listing, size_t *count, RemoteError *error) {
  Pairs query = {.items = NULL};
  Request request = {.method = NULL};
  Response response = {.status = 0};
  pairs_put(&query, "comp", "list");
  pairs_put(&query, "restype", "container");
  if (*prefix) pairs_put(&query, "prefix", prefix);
  if (*most) pairs_put(&query, "maxresults", most);
  if (!deep) pairs_put(&query, "delimiter", "/");
  if (after->len) pairs_put(&query, "marker", text_of(after));
  after->len = 0;
  int status = az_request(store, "GET", "", &query, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  XmlNode *root = status == 0 ? xml_read(text_of(&response.body), response.body.len) : NULL;
  const XmlNode *blobs = xml_at(root, "Blobs");
  if (status == 0 && !root) status = net_fail(error, REMOTE_FAILED, "the store's answer is no listing");
  for (const XmlNode *node = blobs ? blobs->first : NULL; node && !listing->stopped; node = node->next, ++*count)
    if (listing->found) tell_entry(listing, node);
  if (root) text_put(after, xml_text(root, "NextMarker"));
  xml_free(root);
  request_free(&request);
  response_free(&response);
  return status;
}

static int list(RemoteStore *store, const char *url, const char *begins, bool deep, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self,
                RemoteError *error) {
  Bytes prefix = {.data = NULL}, after = {.data = NULL};
  Listing listing = listing_begin(url_path(url), begins, &prefix, found, self);
  size_t count = 0;
  int status;
  do {
    status = list_page(store, text_of(&prefix), deep, "", &after, &listing, &count, error);
  } while (status == 0 && after.len && !listing.stopped);
  if (status == 0 && (listing.failed || after.failed)) status = net_no_memory(error);
  bytes_free(&prefix);
  bytes_free(&after);
  return status;
}

/* Is there anything below it? The container has to be there. */
static int look_below(RemoteStore *store, const char *path, RemoteInfo *out, RemoteError *error) {
  Bytes prefix = {.data = NULL}, after = {.data = NULL};
  Listing listing = listing_begin(path, "", &prefix, NULL, NULL);
  size_t count = 0;
  int status;
  do { /* a page may be empty */
    status = list_page(store, text_of(&prefix), true, "1", &after, &listing, &count, error);
  } while (status == 0 && after.len && !count);
  if (status == 0 && (!*path || count)) out->kind = REMOTE_FOLDER;
  bytes_free(&prefix);
  bytes_free(&after);
  return status;
}

static int look(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error) {
  const char *path = url_path(url);
  if (!*path || path[strlen(path) - 1] == '/') return look_below(store, path, out, error);
  Request request = {.missing_fine = true};
  Response response = {.status = 0};
  int status = az_request(store, "HEAD", path, NULL, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  if (status == 0 && response.status == 404) {
    status = look_below(store, path, out, error);
  } else if (status == 0) {
    const char *folder = pairs_get(&response.headers, "x-ms-meta-hdi_isfolder");
    response_info(&response, out);
    out->ranges = out->size != UINT64_MAX;
    if (folder && strcmp(folder, "true") == 0) *out = (RemoteInfo){.kind = REMOTE_FOLDER};
  }
  request_free(&request);
  response_free(&response);
  return status;
}

static void limits(RemoteStore *store, RemoteLimits *out) {
  (void)store;
  *out = (RemoteLimits){.part_min = 1, .part_max = UINT64_C(4000) << 20, .parts = 50000};
}

static const char *const schemes[] = {"az", NULL};

const Backend az_backend = {
  .schemes = schemes, .open = open_az, .close = close_az, .look = look, .list = list, .aim = aim, .limits = limits, .put = az_put, .begin = az_begin,
  .part = az_part, .complete = az_complete, .free_upload = az_free_upload, .remove = az_remove};
