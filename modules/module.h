/* module.h - what modules share. They have nothing of the program's own (its memory, its errors): a module gives back
 * what went wrong, and the program decides. All is inline, so that a module needs no more than this header.
 */
#ifndef MODULES_MODULE_H
#define MODULES_MODULE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a module exports the one constant that the program looks for. */
#define MODULE_EXPORT __attribute__((visibility("default")))

/* Writes a text of `size` bytes at most, cut short if need be, unless there is one already: the first cause counts. Gives -1. */
static inline int module_fail(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static inline int module_fail(char *text, size_t size, const char *format, ...) {
  if (text[0]) return -1;
  va_list args;
  va_start(args, format);
  vsnprintf(text, size, format, args);
  va_end(args);
  return -1;
}

/* The same for an interface's error, which has members text and hint: TableError, SheetError. MODULE_FAIL gives -1. */
#define MODULE_FAIL(error, ...) module_fail((error)->text, sizeof(error)->text, __VA_ARGS__)
#define MODULE_HINT(error, ...) ((void)module_fail((error)->hint, sizeof(error)->hint, __VA_ARGS__))

/* Room for one item of `size` bytes more behind `count` of them. Gives the items, perhaps moved; NULL: there would be more
   than `most`, or there is no memory, and the items stay as they were. *cap: for how many there is room. */
static inline void *module_room(void *items, size_t count, size_t *cap, size_t size, size_t most) {
  if (count < *cap) return items;
  if (count >= most) return NULL;
  size_t wanted = *cap ? *cap * 2 : 16;
  if (wanted > most) wanted = most;
  void *grown = wanted > SIZE_MAX / size ? NULL : realloc(items, wanted * size);
  if (grown) *cap = wanted;
  return grown;
}

/* Growing bytes. failed: there was no memory; what was put since is lost. */
typedef struct Bytes {
  uint8_t *data;
  size_t len, cap;
  bool failed;
} Bytes;

/* Room for so many bytes behind those that are there. false: no memory. */
static inline bool bytes_reserve(Bytes *bytes, size_t more) {
  if (bytes->cap - bytes->len >= more && bytes->data) return true;
  size_t cap = bytes->cap + bytes->cap / 2 + more + 64;
  uint8_t *grown = cap < more ? NULL : realloc(bytes->data, cap);
  if (!grown) {
    bytes->failed = true;
    return false;
  }
  bytes->data = grown;
  bytes->cap = cap;
  return true;
}

static inline void bytes_put(Bytes *bytes, const void *data, size_t len) {
  if (!len || !bytes_reserve(bytes, len)) return;
  memcpy(bytes->data + bytes->len, data, len);
  bytes->len += len;
}

static inline void bytes_zeros(Bytes *bytes, size_t len) {
  if (!bytes_reserve(bytes, len)) return;
  memset(bytes->data + bytes->len, 0, len);
  bytes->len += len;
}

static inline void bytes_free(Bytes *bytes) {
  free(bytes->data);
  *bytes = (Bytes){.data = NULL};
}

#endif
