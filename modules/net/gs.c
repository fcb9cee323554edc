/* gs.c - Google Cloud Storage by its XML API, which is S3's: gs://bucket/name. Who asks: HMAC keys (@access_key, @secret_key), a token, a file
 * of credentials, the machine's own account, or nobody.
 */
#include <yyjson.h>

#include "s3.h"

#define TOKEN_URL "https://oauth2.googleapis.com/token"
#define SCOPE "https://www.googleapis.com/auth/devstorage.read_write"

typedef struct Google {
  S3 s3; /* first: s3.c sees this */
  Token token;
  bool looked, anonymous;
} Google;

/* --- Tokens --- */

static const char *member(yyjson_val *root, const char *name) {
  const char *text = yyjson_get_str(yyjson_obj_get(root, name));
  return text ? text : "";
}

/* RFC 7523: a statement signed by the account's key. */
static int token_of_account(RemoteStore *store, yyjson_val *root, Token *out, RemoteError *error) {
  const char *url = *member(root, "token_uri") ? member(root, "token_uri") : TOKEN_URL;
  time_t now = time(NULL);
  yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
  yyjson_mut_val *claims = yyjson_mut_obj(doc);
  yyjson_mut_doc_set_root(doc, claims);
  yyjson_mut_obj_add_str(doc, claims, "iss", member(root, "client_email"));
  yyjson_mut_obj_add_str(doc, claims, "scope", SCOPE);
  yyjson_mut_obj_add_str(doc, claims, "aud", url);
  yyjson_mut_obj_add_int(doc, claims, "iat", (int64_t)now);
  yyjson_mut_obj_add_int(doc, claims, "exp", (int64_t)now + 3600);
  char *text = yyjson_mut_write(doc, 0, NULL);
  yyjson_mut_doc_free(doc);
  char *jwt = text ? token_jwt("{\"alg\":\"RS256\",\"typ\":\"JWT\"}", text, member(root, "private_key"), error) : NULL;
  free(text);
  if (!jwt) return net_no_memory(error);
  Pairs form = {.items = NULL};
  pairs_put(&form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
  pairs_put(&form, "assertion", jwt);
  int status = token_ask(store, url, &form, NULL, NULL, out, error);
  pairs_free(&form);
  free(jwt);
  return status;
}

/* What "gcloud auth application-default login" leaves behind. */
static int token_of_user(RemoteStore *store, yyjson_val *root, Token *out, RemoteError *error) {
  Pairs form = {.items = NULL};
  pairs_put(&form, "grant_type", "refresh_token");
  pairs_put(&form, "client_id", member(root, "client_id"));
  pairs_put(&form, "client_secret", member(root, "client_secret"));
  pairs_put(&form, "refresh_token", member(root, "refresh_token"));
  int status = token_ask(store, *member(root, "token_uri") ? member(root, "token_uri") : TOKEN_URL, &form, NULL, NULL, out, error);
  pairs_free(&form);
  return status;
}

/* 1: a token, 0: there is no such file. */
static int token_of_file(RemoteStore *store, Token *out, RemoteError *error) {
  const char *named = net_variable("GOOGLE_APPLICATION_CREDENTIALS"), *home = net_variable("HOME");
  Bytes path = {.data = NULL}, text = {.data = NULL};
  if (named)
    text_put(&path, named);
  else if (home)
    text_format(&path, "%s/.config/gcloud/application_default_credentials.json", home);
  bool there = path.len && net_file(text_of(&path), &text);
  bytes_free(&path);
  if (!there) {
    bytes_free(&text);
    return named ? net_fail(error, REMOTE_DENIED, "the file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read") : 0;
  }
  yyjson_doc *doc = yyjson_read(text_of(&text), text.len, 0);
  yyjson_val *root = yyjson_doc_get_root(doc);
  static const char *const secrets[] = {"private_key", "client_secret", "refresh_token"};
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
    if (*member(root, secrets[i])) store->host->secret(member(root, secrets[i]));
  int status;
  if (strcmp(member(root, "type"), "service_account") == 0)
    status = token_of_account(store, root, out, error);
  else if (strcmp(member(root, "type"), "authorized_user") == 0)
    status = token_of_user(store, root, out, error);
  else
    status = net_fail(error, REMOTE_DENIED, "the file of Google's credentials is of no kind that is known here (service_account, authorized_user)");
  yyjson_doc_free(doc);
  bytes_free(&text);
  return status == 0 ? 1 : -1;
}

/* The account of a machine of Google's. */
static bool token_of_machine(RemoteStore *store, Token *out) {
  const char *host = net_variable("GCE_METADATA_HOST");
  if (net_variable("NO_GCE_CHECK")) return false;
  Bytes url = {.data = NULL};
  text_format(&url, "http://%s/computeMetadata/v1/instance/service-accounts/default/token", host ? host : "169.254.169.254");
  bool found = token_ask_near(store->host, text_of(&url), "Metadata-Flavor", "Google", out);
  bytes_free(&url);
  return found;
}

/* With the lock. */
static int need_token(RemoteStore *store, Google *google, RemoteError *error) {
  if (google->anonymous || (google->looked && (!google->token.expires || google->token.expires > time(NULL) + 60))) return 0;
  const char *given = store->settings.token ? store->settings.token : net_variable("GOOGLE_OAUTH_ACCESS_TOKEN");
  int status = 1;
  if (given) {
    google->token.text = strdup(given);
    store->host->secret(given);
    if (!google->token.text) return net_no_memory(error);
  } else {
    status = token_of_file(store, &google->token, error);
    if (status == 0) google->anonymous = !token_of_machine(store, &google->token);
  }
  google->looked = status >= 0;
  return status < 0 ? -1 : 0;
}

static int authorize(RemoteStore *store, Request *request, Pairs *headers, RemoteError *error) {
  Google *google = store->own;
  (void)request;
  if (need_token(store, google, error) != 0) return -1;
  if (google->anonymous) return 0;
  Bytes line = {.data = NULL};
  text_format(&line, "Bearer %s", google->token.text);
  pairs_put(headers, "Authorization", text_of(&line));
  int status = line.failed || headers->failed ? net_no_memory(error) : 0;
  bytes_free(&line);
  return status;
}

/* --- The store --- */

static int open_gs(RemoteStore *store, RemoteError *error) {
  const Settings *settings = &store->settings;
  Google *google = calloc(1, sizeof *google);
  if (!google) return net_no_memory(error);
  const char *endpoint = settings->endpoint ? settings->endpoint : net_variable("STORAGE_EMULATOR_HOST");
  if (s3_start(store, &google->s3, endpoint ? endpoint : "https://storage.googleapis.com", settings->region ? settings->region : "auto", error) != 0) return -1;
  if (!settings->access_key || settings->token) google->s3.authorize = authorize;
  return 0;
}

static void close_gs(RemoteStore *store) {
  Google *google = store->own;
  token_free(&google->token);
  s3_close(store);
}

/* Without this, the store would unpack what was stored as gzip. */
static int aim_gs(RemoteStore *store, const char *url, Request *request, RemoteError *error) {
  pairs_put(&request->headers, "Accept-Encoding", "gzip");
  return s3_aim(store, url, request, error);
}

static const char *const schemes[] = {"gs", NULL};

const Backend gs_backend = {
  .schemes = schemes, .open = open_gs, .close = close_gs, .look = s3_look, .list = s3_list, .aim = aim_gs, .put = s3_put, .begin = s3_begin,
  .part = s3_part, .complete = s3_complete, .free_upload = s3_free_upload, .remove = s3_remove};
