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

/* A place in the text after text[at …] of `len` bytes has become ***; places inside go to its beginning, or behind it. */
static size_t moved(size_t place, size_t at, size_t len, bool behind) {
  if (place >= at + len) return place - (len - SHORTEST);
  return place <= at ? place : behind ? at + SHORTEST : at;
}

static void mask_one(Buf *text, size_t start, Str secret, size_t *from, size_t *to) {
  while (text->len - start >= secret.len) {
    char *found = memmem(text->data + start, text->len - start, secret.data, secret.len);
    if (!found) return;
    size_t at = (size_t)(found - text->data);
    memcpy(found, "***", SHORTEST);
    memmove(found + SHORTEST, found + secret.len, text->len - at - secret.len);
    text->len -= secret.len - SHORTEST;
    *from = moved(*from, at, secret.len, false);
    *to = moved(*to, at, secret.len, true);
    start = at + SHORTEST;
  }
}

static void mask_all(Buf *text, size_t start, size_t *from, size_t *to) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < secret_count; i++) mask_one(text, start, secrets[i], from, to);
  pthread_mutex_unlock(&lock);
}

void secret_mask(Buf *text, size_t start) {
  size_t from = 0, to = 0;
  mask_all(text, start, &from, &to);
}

void secret_mask_place(Buf *text, size_t *from, size_t *to) { mask_all(text, 0, from, to); }
