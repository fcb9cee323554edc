/* az_account.c - the account of Azure and its credentials: parameters, the variables of Azure's command line, of its libraries
 * (AZURE_TENANT_ID, AZURE_CLIENT_ID …), the identity of the machine; else nobody.
 */
#include "az_account.h"

#define RESOURCE "https://storage.azure.com/"
#define IDENTITY "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F"

void az_account_free(AzAccount *account) {
  free(account->name);
  free(account->key);
  free(account->signature);
  free(account->endpoint);
  free(account->prefix);
  token_free(&account->token);
  pthread_mutex_destroy(&account->lock);
}

/* A member of "Name=Value;Name=Value". To be freed; NULL: it is not there. */
static char *connection_value(const char *text, const char *name) {
  size_t name_len = strlen(name);
  while (text && *text) {
    size_t len = strcspn(text, ";");
    if (len > name_len && strncmp(text, name, name_len) == 0 && text[name_len] == '=') return text_copy(text + name_len + 1, len - name_len - 1);
    text += len;
    if (*text) text++;
  }
  return NULL;
}

/* Takes the first text that is there, as a copy. */
static void take(char **to, const char *a, const char *b) {
  const char *from = a ? a : b;
  if (!*to && from && *from) *to = strdup(from);
}

static int set_endpoint(AzAccount *account, const char *endpoint, const char *suffix, RemoteError *error) {
  Bytes usual = {.data = NULL};
  if (!endpoint) text_format(&usual, "https://%s.blob.%s", account->name, suffix ? suffix : "core.windows.net");
  int status = usual.failed ? net_no_memory(error) : net_endpoint(endpoint ? endpoint : text_of(&usual), &account->endpoint, &account->prefix, error);
  bytes_free(&usual);
  return status;
}

/* The signature itself is what must not be seen. */
static void note_signature(const RemoteStore *store, const char *text) {
  const char *sig = strstr(text, "sig=");
  if (!sig) return;
  Bytes encoded = {.data = NULL}, plain = {.data = NULL};
  text_put_len(&encoded, sig + 4, strcspn(sig + 4, "&"));
  text_decode(&plain, text_of(&encoded), encoded.len);
  if (encoded.len) store->host->secret(text_of(&encoded));
  if (plain.len) store->host->secret(text_of(&plain));
  bytes_free(&encoded);
  bytes_free(&plain);
}

int az_account_open(RemoteStore *store, AzAccount *account, RemoteError *error) {
  const Settings *settings = &store->settings;
  const char *all = settings->access_key ? NULL : net_variable("AZURE_STORAGE_CONNECTION_STRING");
  char *name = connection_value(all, "AccountName"), *key = connection_value(all, "AccountKey"), *signature = connection_value(all, "SharedAccessSignature");
  char *endpoint = connection_value(all, "BlobEndpoint"), *suffix = connection_value(all, "EndpointSuffix");
  take(&account->name, settings->access_key, name);
  take(&account->name, net_variable("AZURE_STORAGE_ACCOUNT"), NULL);
  bool nobody = (settings->access_key && !*settings->access_key) || (settings->secret_key && !*settings->secret_key);
  if (nobody) {
    account->fixed = true;
  } else if (settings->token && strstr(settings->token, "sig=")) {
    take(&account->signature, settings->token, NULL);
  } else if (settings->token) {
    account->token.text = strdup(settings->token);
    account->fixed = true;
  } else {
    take(&account->key, settings->secret_key, key);
    if (!account->key) take(&account->signature, signature, NULL);
    if (!account->signature && !settings->access_key) take(&account->key, net_variable("AZURE_STORAGE_KEY"), NULL);
    if (!account->key) take(&account->signature, net_variable("AZURE_STORAGE_SAS_TOKEN"), NULL);
  }
  int status = 0;
  if (!account->name && !endpoint && !settings->endpoint) {
    MODULE_HINT(error, "say it by @access_key (with @secret_key or @token), AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING");
    status = net_fail(error, REMOTE_DENIED, "whose storage account it is is not known");
  } else if (account->key && !account->name) {
    status = net_fail(error, REMOTE_DENIED, "there is a key, but no account (@access_key, AZURE_STORAGE_ACCOUNT)");
  } else {
    status = set_endpoint(account, settings->endpoint ? settings->endpoint : endpoint, suffix, error);
  }
  if (account->key) store->host->secret(account->key);
  if (account->signature && *account->signature == '?') memmove(account->signature, account->signature + 1, strlen(account->signature));
  if (account->signature) note_signature(store, account->signature);
  char *texts[] = {name, key, signature, endpoint, suffix};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) free(texts[i]);
  return status;
}

/* --- Tokens of Entra ID --- */

/* An application with its secret, or with a statement of the cluster that it runs in. 1: a token, 0: no application is named. */
static int token_of_application(RemoteStore *store, Token *out, RemoteError *error) {
  const char *tenant = net_variable("AZURE_TENANT_ID"), *client = net_variable("AZURE_CLIENT_ID"), *secret = net_variable("AZURE_CLIENT_SECRET");
  const char *file = net_variable("AZURE_FEDERATED_TOKEN_FILE"), *authority = net_variable("AZURE_AUTHORITY_HOST");
  if (!tenant || !client || (!secret && !file)) return 0;
  Pairs form = {.items = NULL};
  Bytes url = {.data = NULL}, statement = {.data = NULL};
  int status = 0;
  pairs_put(&form, "grant_type", "client_credentials");
  pairs_put(&form, "client_id", client);
  pairs_put(&form, "scope", RESOURCE ".default");
  if (secret) {
    store->host->secret(secret);
    pairs_put(&form, "client_secret", secret);
  } else if (net_file(file, &statement)) {
    store->host->secret(text_of(&statement));
    pairs_put(&form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    pairs_put(&form, "client_assertion", text_of(&statement));
  } else {
    status = net_fail(error, REMOTE_DENIED, "the file that AZURE_FEDERATED_TOKEN_FILE names cannot be read");
  }
  text_put(&url, authority ? authority : "https://login.microsoftonline.com");
  while (url.len && url.data[url.len - 1] == '/') url.data[--url.len] = 0;
  text_format(&url, "/%s/oauth2/v2.0/token", tenant);
  if (status == 0) status = token_ask(store, text_of(&url), &form, NULL, NULL, out, error);
  pairs_free(&form);
  bytes_free(&url);
  bytes_free(&statement);
  return status == 0 ? 1 : -1;
}

int az_account_token(RemoteStore *store, AzAccount *account, RemoteError *error) {
  bool fresh = account->looked && (!account->token.expires || account->token.expires > time(NULL) + 60);
  if (account->key || account->signature || account->fixed || fresh) return 0;
  int status = token_of_application(store, &account->token, error);
  if (status == 0) token_ask_near(store->host, IDENTITY, "Metadata", "true", &account->token);
  account->looked = status >= 0;
  return status < 0 ? -1 : 0;
}
