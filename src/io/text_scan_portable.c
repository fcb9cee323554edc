/* text_scan_portable.c - the scanning loops in plain C: eight bytes at a time in a 64-bit word. */
#include "io/text_scan_internal.h"

#define SCAN_TARGET

typedef struct Block {
  uint64_t words[8]; /* first byte lowest */
} Block;

static inline __attribute__((always_inline)) Block block_load(const char *text) {
  Block block;
  memcpy(block.words, text, sizeof block.words);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  for (int i = 0; i < 8; i++) block.words[i] = __builtin_bswap64(block.words[i]);
#endif
  return block;
}

static inline __attribute__((always_inline)) uint64_t block_match(Block block, char c) {
  const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f);
  uint64_t all = (unsigned char)c * UINT64_C(0x0101010101010101), mask = 0;
  for (unsigned i = 0; i < 8; i++) {
    uint64_t t = block.words[i] ^ all;
    uint64_t zero = ~(((t & low7) + low7) | t | low7);     /* 0x80 in each byte that is equal, exactly */
    mask |= ((zero >> 7) * UINT64_C(0x0102040810204080) >> 56) << (8 * i); /* one bit from each byte */
  }
  return mask;
}

static inline __attribute__((always_inline)) uint64_t prefix_xor(uint64_t bits) {
  for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

#include "io/text_kernel.inc"
#include "io/json_kernel.inc"

const ScanKernels scan_portable = {"portable", kernel_rows, kernel_last_end, kernel_fields, kernel_json_end};
