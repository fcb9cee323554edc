/* secret.c - the list of secrets, and masking them. */
#include "base/secret.h"

#include <pthread.h>

enum { SHORTEST = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Str *secrets; /* longest first: one may be part of another */
static size_t secret_count, secret_cap;
static Arena texts;

void secret_note(Str text) {
  if (text.len < SHORTEST) return;
  pthread_mutex_lock(&lock);
  size_t at = 0;
  bool known = false;
  for (size_t i = 0; i < secret_count && !known; i++) known = str_eq(secrets[i], text);
  if (!known) {
    VEC_GROW(secrets, secret_count, secret_cap);
    while (at < secret_count && secrets[at].len >= text.len) at++;
    memmove(secrets + at + 1, secrets + at, (secret_count - at) * sizeof *secrets);
    secrets[at] = arena_str(&texts, text);
    secret_count++;
  }
  pthread_mutex_unlock(&lock);
}

static void mask_one(Buf *text, size_t from, Str secret) {
  while (text->len - from >= secret.len) {
    char *found = memmem(text->data + from, text->len - from, secret.data, secret.len);
    if (!found) return;
    size_t at = (size_t)(found - text->data);
    memcpy(found, "***", SHORTEST);
    memmove(found + SHORTEST, found + secret.len, text->len - at - secret.len);
    text->len -= secret.len - SHORTEST;
    from = at + SHORTEST;
  }
}

void secret_mask(Buf *text, size_t from) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < secret_count; i++) mask_one(text, from, secrets[i]);
  pthread_mutex_unlock(&lock);
}
