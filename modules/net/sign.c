/* sign.c - signatures of requests: AWS Signature Version 4 ("Signing and authenticating REST requests", Amazon S3 API Reference). */
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "net.h"

void net_sha256(const void *data, size_t len, uint8_t out[NET_SHA256]) {
  if (!EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL)) memset(out, 0, NET_SHA256);
}

void net_hmac(const void *key, size_t key_len, const char *text, size_t len, uint8_t out[NET_SHA256]) {
  unsigned got = NET_SHA256;
  if (!HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, len, out, &got)) memset(out, 0, NET_SHA256);
}

void net_host(const char *base, Bytes *out) {
  const char *host = strstr(base, "://");
  host = host ? host + 3 : base;
  size_t len = strcspn(host, "/");
  const char *usual = text_begins(base, "https:") ? ":443" : ":80";
  size_t end = strlen(usual);
  if (len > end && strncmp(host + len - end, usual, end) == 0) len -= end;
  text_put_len(out, host, len);
}

static int by_lower_name(const void *a, const void *b) { return strcmp(((const Pair *)a)->name, ((const Pair *)b)->name); }

/* "name:value\n…" in order of the names, which end up in `names`, "a;b". */
static void canonical_headers(const Pairs *headers, const char *host, Bytes *out, Bytes *names) {
  Pairs sorted = {.items = NULL};
  pairs_put(&sorted, "host", host);
  for (size_t i = 0; i < headers->count; i++) {
    pairs_put(&sorted, headers->items[i].name, headers->items[i].value);
    for (char *c = sorted.count > i + 1 ? sorted.items[i + 1].name : ""; *c; c++) *c = (char)tolower((unsigned char)*c);
  }
  if (sorted.failed) out->failed = true;
  if (sorted.count) qsort(sorted.items, sorted.count, sizeof *sorted.items, by_lower_name);
  for (size_t i = 0; i < sorted.count; i++) {
    text_format(out, "%s:%s\n", sorted.items[i].name, sorted.items[i].value);
    text_format(names, "%s%s", i ? ";" : "", sorted.items[i].name);
  }
  pairs_free(&sorted);
}

static void signing_key(const SignKeys *keys, const char *day, uint8_t out[NET_SHA256]) {
  Bytes secret = {.data = NULL};
  text_format(&secret, "AWS4%s", keys->secret_key);
  net_hmac(text_of(&secret), secret.len, day, strlen(day), out);
  net_hmac(out, NET_SHA256, keys->region, strlen(keys->region), out);
  net_hmac(out, NET_SHA256, keys->service, strlen(keys->service), out);
  net_hmac(out, NET_SHA256, "aws4_request", 12, out);
  bytes_free(&secret);
}

void sign_v4(const SignKeys *keys, const char *method, const char *host, const char *path, const char *query, const char *payload, time_t now, Pairs *headers) {
  struct tm parts;
  char moment[32], day[16];
  gmtime_r(&now, &parts);
  strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ", &parts);
  strftime(day, sizeof day, "%Y%m%d", &parts);
  pairs_put(headers, "x-amz-date", moment);
  if (keys->session_token && *keys->session_token) pairs_put(headers, "x-amz-security-token", keys->session_token);
  Bytes request = {.data = NULL}, names = {.data = NULL}, text = {.data = NULL}, line = {.data = NULL};
  uint8_t hash[NET_SHA256], key[NET_SHA256];
  text_format(&request, "%s\n%s\n%s\n", method, path, query);
  canonical_headers(headers, host, &request, &names);
  text_format(&request, "\n%s\n%s", text_of(&names), payload);
  net_sha256(text_of(&request), request.len, hash);
  text_format(&text, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n", moment, day, keys->region, keys->service);
  text_hex(&text, hash, sizeof hash);
  signing_key(keys, day, key);
  net_hmac(key, sizeof key, text_of(&text), text.len, hash);
  text_format(&line, "AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=%s, Signature=", keys->access_key, day, keys->region, keys->service, text_of(&names));
  text_hex(&line, hash, sizeof hash);
  pairs_put(headers, "Authorization", text_of(&line));
  if (request.failed || names.failed || text.failed || line.failed) headers->failed = true;
  bytes_free(&request);
  bytes_free(&names);
  bytes_free(&text);
  bytes_free(&line);
}

/* --- Azure: "Authorize with Shared Key" (Azure Storage REST API Reference) --- */

/* "\nname:value" of each parameter; those of an encoded query are in order already. */
static void canonical_query(const char *query, Bytes *out) {
  while (*query) {
    size_t len = strcspn(query, "&"), name_len = strcspn(query, "=&");
    text_put(out, "\n");
    text_decode(out, query, name_len);
    text_put(out, ":");
    if (name_len < len) text_decode(out, query + name_len + 1, len - name_len - 1);
    query += len;
    if (*query) query++;
  }
}

static const char *value_of(const Pairs *headers, const char *name) {
  const char *value = pairs_get(headers, name);
  return value ? value : "";
}

bool sign_shared_key(const char *account, const char *key, const char *method, const char *path, const char *query, const char *content_type, uint64_t size,
                     Pairs *headers) {
  static const char *const names[] = {"Content-MD5", NULL, "Date", "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"};
  Bytes text = {.data = NULL}, secret = {.data = NULL}, line = {.data = NULL};
  Pairs own = {.items = NULL};
  uint8_t hash[NET_SHA256];
  text_format(&text, "%s\n\n\n", method); /* Content-Encoding, Content-Language */
  if (size) text_format(&text, "%llu", (unsigned long long)size);
  text_put(&text, "\n");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) text_format(&text, "%s\n", names[i] ? value_of(headers, names[i]) : content_type);
  for (size_t i = 0; i < headers->count; i++)
    if (text_begins(headers->items[i].name, "x-ms-")) pairs_put(&own, headers->items[i].name, headers->items[i].value);
  if (own.count) qsort(own.items, own.count, sizeof *own.items, by_lower_name);
  for (size_t i = 0; i < own.count; i++) text_format(&text, "%s:%s\n", own.items[i].name, own.items[i].value);
  text_format(&text, "/%s%s", account, path);
  canonical_query(query, &text);
  bool fine = text_unbase64(&secret, key);
  net_hmac(text_of(&secret), secret.len, text_of(&text), text.len, hash);
  text_format(&line, "SharedKey %s:", account);
  text_base64(&line, hash, sizeof hash, false);
  pairs_put(headers, "Authorization", text_of(&line));
  if (text.failed || secret.failed || line.failed || own.failed) headers->failed = true;
  bytes_free(&text);
  bytes_free(&secret);
  bytes_free(&line);
  pairs_free(&own);
  return fine;
}
