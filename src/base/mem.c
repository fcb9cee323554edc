/* mem.c - small allocations, arenas, byte buffers. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void out_of_memory(size_t size) {
  fprintf(stderr, "dcetl: error: out of memory (%zu bytes)\n", size);
  _Exit(1);
}

void *dc_alloc(size_t size) {
  void *memory = calloc(1, size ? size : 1);
  if (!memory) out_of_memory(size);
  return memory;
}

void *dc_realloc(void *memory, size_t size) {
  memory = realloc(memory, size ? size : 1);
  if (!memory) out_of_memory(size);
  return memory;
}

void dc_free(void *memory) { free(memory); }

struct ArenaChunk {
  ArenaChunk *next;
  size_t size; /* of data */
  _Alignas(16) char data[];
};

enum { CHUNK = 16 << 10 };

void *arena_raw(Arena *arena, size_t size) {
  size = (size + 15) & ~(size_t)15;
  if (!arena->next || size > (size_t)(arena->end - arena->next)) {
    size_t want = arena->head ? arena->head->size * 2 : CHUNK;
    if (want > (1 << 20)) want = 1 << 20;
    if (want < size) want = size;
    ArenaChunk *chunk = malloc(sizeof *chunk + want);
    if (!chunk) out_of_memory(want);
    chunk->next = arena->head;
    chunk->size = want;
    arena->head = chunk;
    arena->next = chunk->data;
    arena->end = chunk->data + want;
    arena->total += want;
  }
  void *memory = arena->next;
  arena->next += size;
  return memory;
}

void *arena_alloc(Arena *arena, size_t size) {
  void *memory = arena_raw(arena, size);
  memset(memory, 0, size);
  return memory;
}

char *arena_copy(Arena *arena, const void *data, size_t len) {
  char *copy = arena_raw(arena, len + 1);
  if (len) memcpy(copy, data, len);
  copy[len] = 0;
  return copy;
}

Str arena_str(Arena *arena, Str text) { return (Str){arena_copy(arena, text.data, text.len), text.len}; }

Str arena_printf(Arena *arena, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, format, args);
  char *text = arena_raw(arena, (size_t)len + 1);
  vsnprintf(text, (size_t)len + 1, format, again);
  va_end(again);
  va_end(args);
  return (Str){text, (size_t)len};
}

void arena_reset(Arena *arena) {
  ArenaChunk *keep = arena->head;
  if (!keep) return;
  for (ArenaChunk *chunk = keep->next, *next; chunk; chunk = next) {
    next = chunk->next;
    arena->total -= chunk->size;
    free(chunk);
  }
  keep->next = NULL;
  arena->next = keep->data;
  arena->end = keep->data + keep->size;
}

void arena_rewind(Arena *arena, ArenaMark mark) {
  if (!mark.head) { /* all of it */
    arena_reset(arena);
    return;
  }
  while (arena->head != mark.head) {
    ArenaChunk *chunk = arena->head;
    arena->head = chunk->next;
    arena->total -= chunk->size;
    free(chunk);
  }
  arena->next = mark.next;
  arena->end = mark.head->data + mark.head->size;
}

void arena_free(Arena *arena) {
  for (ArenaChunk *chunk = arena->head, *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  memset(arena, 0, sizeof *arena);
}

void buf_reserve(Buf *buf, size_t more) {
  if (buf->cap - buf->len >= more) return;
  size_t cap = buf->cap ? buf->cap : 64;
  while (cap - buf->len < more) cap *= 2;
  buf->data = dc_realloc(buf->data, cap);
  buf->cap = cap;
}

void buf_put(Buf *buf, const void *data, size_t len) {
  if (!len) return;
  buf_reserve(buf, len);
  memcpy(buf->data + buf->len, data, len);
  buf->len += len;
}

void buf_printf(Buf *buf, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, format, args);
  buf_reserve(buf, (size_t)len + 1);
  vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
  buf->len += (size_t)len;
  va_end(again);
  va_end(args);
}

void buf_free(Buf *buf) {
  free(buf->data);
  memset(buf, 0, sizeof *buf);
}
