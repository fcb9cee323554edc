/* text_scan_avx2.c - the scanning loops for x86-64 processors with AVX2, PCLMULQDQ and BMI. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "io/text_scan_internal.h"

#define SCAN_TARGET __attribute__((target("avx2,pclmul,bmi,bmi2,popcnt")))

typedef struct Block {
  __m256i low, high;
} Block;

SCAN_TARGET static inline __attribute__((always_inline)) Block block_load(const char *text) {
  return (Block){_mm256_loadu_si256((const __m256i *)(const void *)text),
                 _mm256_loadu_si256((const __m256i *)(const void *)(text + 32))};
}

SCAN_TARGET static inline __attribute__((always_inline)) uint64_t block_match(Block block, char c) {
  __m256i all = _mm256_set1_epi8(c);
  uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(block.low, all));
  uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(block.high, all));
  return low | (uint64_t)high << 32;
}

SCAN_TARGET static inline __attribute__((always_inline)) uint64_t prefix_xor(uint64_t bits) {
  __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)bits), _mm_set1_epi8(-1), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}

#include "io/text_kernel.inc"
#include "io/json_kernel.inc"

const ScanKernels scan_avx2 = {"avx2", kernel_rows, kernel_last_end, kernel_fields, kernel_json_end};

#else
typedef int text_scan_avx2_is_empty;
#endif
