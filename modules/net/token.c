/* token.c - tokens that say who asks (OAuth 2.0): in exchange for a signed statement or a secret, or from a metadata service. */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <yyjson.h>

#include "net.h"

void token_free(Token *token) {
  free(token->text);
  *token = (Token){.text = NULL};
}

static int read_token(const RemoteStore *store, const Response *response, Token *out, RemoteError *error) {
  yyjson_doc *doc = yyjson_read(text_of(&response->body), response->body.len, 0);
  yyjson_val *root = yyjson_doc_get_root(doc), *left = yyjson_obj_get(root, "expires_in");
  const char *text = yyjson_get_str(yyjson_obj_get(root, "access_token"));
  uint64_t seconds = yyjson_get_uint(left);
  if (yyjson_is_str(left) && !text_number(yyjson_get_str(left), &seconds)) seconds = 0;
  if (text) {
    token_free(out);
    out->text = strdup(text);
    out->expires = seconds ? time(NULL) + (time_t)seconds : 0;
    store->host->secret(text);
  }
  yyjson_doc_free(doc);
  return out->text ? 0 : net_fail(error, REMOTE_DENIED, "the token service gives no token");
}

int token_ask(RemoteStore *store, const char *url, const Pairs *form, const char *header, const char *value, Token *out, RemoteError *error) {
  Request request = {.method = form ? "POST" : "GET"};
  Response response = {.status = 0};
  Bytes body = {.data = NULL};
  Pairs sorted = {.items = NULL};
  RemoteError found = {.kind = REMOTE_FAILED};
  text_put(&request.base, url);
  for (size_t i = 0; form && i < form->count; i++) pairs_put(&sorted, form->items[i].name, form->items[i].value);
  if (form) pairs_query(&sorted, &body);
  if (form) pairs_put(&request.headers, "Content-Type", "application/x-www-form-urlencoded");
  if (header) pairs_put(&request.headers, header, value);
  request.body = text_of(&body);
  request.body_size = body.len;
  int status = body.failed ? net_no_memory(&found) : client_send(&store->client, &request, &response, &found);
  if (status == 0) status = read_token(store, &response, out, &found);
  if (status != 0 && !error->text[0]) {
    net_fail(error, found.kind, "no token is given for the credentials: %.500s", found.text);
    if (found.kind != REMOTE_STOPPED && response.status / 100 == 4) error->kind = REMOTE_DENIED;
  }
  pairs_free(&sorted);
  bytes_free(&body);
  request_free(&request);
  response_free(&response);
  return status;
}

bool token_ask_near(const RemoteHost *host, const char *url, const char *header, const char *value, Token *out) {
  RemoteStore service = {.host = host};
  RemoteError ignored = {.kind = REMOTE_FAILED};
  if (client_init_near(&service.client, host, &ignored) != 0) return false;
  bool found = token_ask(&service, url, NULL, header, value, out, &ignored) == 0;
  client_deinit(&service.client);
  return found;
}

static bool sign_text(EVP_PKEY *key, const Bytes *text, Bytes *out) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  size_t len = 0;
  bool fine = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 && EVP_DigestSign(context, NULL, &len, text->data, text->len) == 1;
  uint8_t *signature = fine ? malloc(len) : NULL;
  fine = signature && EVP_DigestSign(context, signature, &len, text->data, text->len) == 1;
  if (fine) text_base64(out, signature, len, true);
  free(signature);
  EVP_MD_CTX_free(context);
  return fine;
}

char *token_jwt(const char *header, const char *claims, const char *pem, RemoteError *error) {
  BIO *bio = BIO_new_mem_buf(pem, -1);
  EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
  BIO_free(bio);
  Bytes text = {.data = NULL}, signature = {.data = NULL};
  text_base64(&text, header, strlen(header), true);
  text_put(&text, ".");
  text_base64(&text, claims, strlen(claims), true);
  bool fine = key && !text.failed && sign_text(key, &text, &signature);
  EVP_PKEY_free(key);
  text_put(&text, ".");
  text_put(&text, text_of(&signature));
  fine = fine && !text.failed && !signature.failed;
  bytes_free(&signature);
  if (fine) return (char *)text.data;
  bytes_free(&text);
  net_fail(error, REMOTE_DENIED, "the private key of the credentials cannot be used");
  return NULL;
}
