/* text.c - texts, pairs of names and values, and errors. */
#include <ctype.h>
#include <strings.h>

#include "net.h"

int net_fail(RemoteError *error, RemoteFailure kind, const char *format, ...) {
  if (error->text[0]) return -1;
  error->kind = kind;
  va_list args;
  va_start(args, format);
  vsnprintf(error->text, sizeof error->text, format, args);
  va_end(args);
  return -1;
}

int net_no_memory(RemoteError *error) { return net_fail(error, REMOTE_FAILED, NET_NO_MEMORY); }

/* --- Texts --- */

void text_put_len(Bytes *text, const char *more, size_t len) {
  if (!bytes_reserve(text, len + 1)) return;
  memcpy(text->data + text->len, more, len);
  text->len += len;
  text->data[text->len] = 0;
}

void text_put(Bytes *text, const char *more) { text_put_len(text, more, strlen(more)); }

void text_format(Bytes *text, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *made = NULL;
  int len = vasprintf(&made, format, args);
  va_end(args);
  if (len < 0) {
    text->failed = true;
    return;
  }
  text_put_len(text, made, (size_t)len);
  free(made);
}

const char *text_of(const Bytes *text) { return text->data ? (const char *)text->data : ""; }

char *text_copy(const char *text, size_t len) {
  char *copy = malloc(len + 1);
  if (!copy) return NULL;
  memcpy(copy, text, len);
  copy[len] = 0;
  return copy;
}

static bool is_unreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

void text_encode(Bytes *text, const char *raw, size_t len, const char *also) {
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)raw[i];
    if (is_unreserved(c) || (c && strchr(also, c)))
      text_put_len(text, raw + i, 1);
    else
      text_format(text, "%%%02X", c);
  }
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void text_decode(Bytes *text, const char *encoded, size_t len) {
  for (size_t i = 0; i < len; i++) {
    char c = encoded[i];
    if (c == '%' && len - i > 2 && hex_digit(encoded[i + 1]) >= 0 && hex_digit(encoded[i + 2]) >= 0) {
      c = (char)(hex_digit(encoded[i + 1]) << 4 | hex_digit(encoded[i + 2]));
      i += 2;
    }
    text_put_len(text, &c, 1);
  }
}

void text_hex(Bytes *text, const uint8_t *data, size_t len) {
  const char *digits = "0123456789abcdef";
  for (size_t i = 0; i < len; i++) {
    char two[2] = {digits[data[i] >> 4], digits[data[i] & 15]};
    text_put_len(text, two, 2);
  }
}

void text_base64(Bytes *text, const void *data, size_t len, bool url) {
  const char *digits = url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                           : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i += 3) {
    size_t left = len - i;
    uint32_t bits = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
    char quad[4] = {digits[bits >> 18], digits[bits >> 12 & 63], left > 1 ? digits[bits >> 6 & 63] : '=', left > 2 ? digits[bits & 63] : '='};
    text_put_len(text, quad, url && left < 3 ? left + 1 : 4);
  }
}

/* What a digit stands for, in either alphabet; 64: it is none. */
static uint32_t base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return (uint32_t)(c - 'A');
  if (c >= 'a' && c <= 'z') return (uint32_t)(c - 'a') + 26;
  if (c >= '0' && c <= '9') return (uint32_t)(c - '0') + 52;
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : 64;
}

bool text_unbase64(Bytes *out, const char *text) {
  uint32_t bits = 0, count = 0;
  for (; *text && *text != '='; text++) {
    if (isspace((unsigned char)*text)) continue;
    uint32_t digit = base64_digit(*text);
    if (digit > 63) return false;
    bits = (bits << 6 | digit) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    char byte = (char)(bits >> count);
    text_put_len(out, &byte, 1);
  }
  return !out->failed;
}

bool text_begins(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

bool text_same_case(const char *a, const char *b) { return strcasecmp(a, b) == 0; }

bool text_number(const char *text, uint64_t *out) {
  if (!isdigit((unsigned char)*text)) return false;
  uint64_t number = 0;
  for (; isdigit((unsigned char)*text); text++) {
    uint64_t digit = (uint64_t)(*text - '0');
    if (number > (UINT64_MAX - digit) / 10) return false;
    number = number * 10 + digit;
  }
  *out = number;
  return !*text;
}

/* --- Pairs --- */

void pairs_put(Pairs *pairs, const char *name, const char *value) {
  Pair *items = module_room(pairs->items, pairs->count, &pairs->cap, sizeof *items, 100000);
  char *name_copy = strdup(name), *value_copy = strdup(value);
  if (items) pairs->items = items;
  if (!items || !name_copy || !value_copy) {
    free(name_copy);
    free(value_copy);
    pairs->failed = true;
    return;
  }
  pairs->items[pairs->count++] = (Pair){name_copy, value_copy};
}

const char *pairs_get(const Pairs *pairs, const char *name) {
  for (size_t i = 0; i < pairs->count; i++)
    if (text_same_case(pairs->items[i].name, name)) return pairs->items[i].value;
  return NULL;
}

void pairs_clear(Pairs *pairs) {
  for (size_t i = 0; i < pairs->count; i++) {
    free(pairs->items[i].name);
    free(pairs->items[i].value);
  }
  pairs->count = 0;
}

void pairs_free(Pairs *pairs) {
  pairs_clear(pairs);
  free(pairs->items);
  *pairs = (Pairs){.items = NULL};
}

static int by_name(const void *a, const void *b) { return strcmp(((const Pair *)a)->name, ((const Pair *)b)->name); }

void pairs_query(Pairs *pairs, Bytes *out) {
  if (pairs->count) qsort(pairs->items, pairs->count, sizeof *pairs->items, by_name);
  for (size_t i = 0; i < pairs->count; i++) {
    if (i) text_put(out, "&");
    text_encode(out, pairs->items[i].name, strlen(pairs->items[i].name), "");
    text_put(out, "=");
    text_encode(out, pairs->items[i].value, strlen(pairs->items[i].value), "");
  }
  if (pairs->failed) out->failed = true;
}

const char *net_variable(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

int net_endpoint(const char *endpoint, char **base, char **prefix, RemoteError *error) {
  if (!text_begins(endpoint, "http://") && !text_begins(endpoint, "https://")) {
    MODULE_HINT(error, "for instance @endpoint = 'https://minio.example.com:9000'");
    return net_fail(error, REMOTE_FAILED, "the endpoint does not begin with http:// or https://");
  }
  const char *host = strstr(endpoint, "://") + 3, *path = host + strcspn(host, "/");
  if (memchr(host, '@', (size_t)(path - host))) return net_fail(error, REMOTE_FAILED, "the endpoint has an @: keys are parameters of their own");
  size_t len = strlen(path);
  while (len && path[len - 1] == '/') len--;
  *base = text_copy(endpoint, (size_t)(path - endpoint));
  *prefix = text_copy(path, len);
  return *base && *prefix ? 0 : net_no_memory(error);
}

const char *url_path(const char *url) {
  const char *place = strstr(url, "://");
  const char *slash = place ? strchr(place + 3, '/') : NULL;
  return slash ? slash + 1 : "";
}
