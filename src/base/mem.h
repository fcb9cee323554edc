/* mem.h - small allocations that never fail, arenas, and growing byte buffers.
 *
 * Small and bounded memory (AST, names, plans) comes from dc_alloc and arenas: out of memory there ends the program
 * with a message. Data goes through base/budget.h, which can refuse.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/str.h"

/* Zeroed memory, never NULL; freed by dc_free. */
void *dc_alloc(size_t size);
void *dc_realloc(void *memory, size_t size); /* new bytes are not zeroed */
void dc_free(void *memory);

/* An arena: memory that is freed all at once. Not thread-safe; one owner. */
typedef struct ArenaChunk ArenaChunk;
typedef struct Arena {
  ArenaChunk *head;
  char *next, *end;
  size_t total; /* bytes in all chunks */
} Arena;

/* An all-zero Arena is ready for use. */
void *arena_alloc(Arena *arena, size_t size); /* 16-byte aligned, zeroed */
void *arena_raw(Arena *arena, size_t size);   /* 16-byte aligned, not zeroed */
char *arena_copy(Arena *arena, const void *data, size_t len); /* with a NUL behind */
Str arena_str(Arena *arena, Str text);
Str arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_reset(Arena *arena); /* forget everything, keep one chunk */
void arena_free(Arena *arena);
/* Where an arena stands; rewind forgets what was made since. No reset may lie between. */
typedef struct ArenaMark {
  ArenaChunk *head;
  char *next;
} ArenaMark;
static inline ArenaMark arena_mark(const Arena *arena) { return (ArenaMark){arena->head, arena->next}; }
void arena_rewind(Arena *arena, ArenaMark mark);

/* A growing byte buffer. All-zero is empty; freed by buf_free. */
typedef struct Buf {
  char *data;
  size_t len, cap;
} Buf;

void buf_reserve(Buf *buf, size_t more);
void buf_put(Buf *buf, const void *data, size_t len);
static inline void buf_str(Buf *buf, Str text) { buf_put(buf, text.data, text.len); }
static inline void buf_text(Buf *buf, const char *text) { buf_put(buf, text, strlen(text)); }
static inline void buf_char(Buf *buf, char c) { buf_put(buf, &c, 1); }
void buf_printf(Buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_free(Buf *buf);

/* Grow a heap array so that one more element fits: VEC_GROW(list, count, cap). */
#define VEC_GROW(array, count, cap)                                             \
  do {                                                                          \
    if ((count) == (cap)) {                                                     \
      (cap) = (cap) ? (cap) * 2 : 8;                                            \
      (array) = dc_realloc((array), (size_t)(cap) * sizeof *(array));           \
    }                                                                           \
  } while (0)

#endif
