/* SPDX-License-Identifier: Apache-2.0 */
/* What the variants for AVX2 have in common. No guard: included once by each. */
#include <immintrin.h>

typedef __m256i vector;
#define INPUT_OFFSET 0
#define LANES 8
#define PANEL_SIZE_IN_VECTORS 2
#define TILE_VECTORS 2
#define ZERO _mm256_setzero_si256()
#define LOAD(from) _mm256_loadu_si256((const __m256i *)(const void *)(from))
#define STORE(to, v) _mm256_storeu_si256((__m256i *)(void *)(to), v)
#define SPREAD(from) _mm256_set1_epi32(read_four(from))
#define SMALLER(a, b) _mm256_min_epi32(a, b)
#define LARGER(a, b) _mm256_max_epi32(a, b)
#define LARGER_BYTES(a, b) _mm256_max_epu8(a, b)
#define TIMES(a, b) _mm256_mullo_epi32(a, b)
#define PLUS(a, b) _mm256_add_epi32(a, b)
#define SHIFT(a, b) _mm256_srav_epi32(a, b)
#define FLIP(v, flip) _mm256_xor_si256(v, _mm256_set1_epi8((char)(flip)))
#define INTERLEAVE(half, bits, a, b) _mm256_unpack##half##_epi##bits(a, b)
#define NARROW(a, b, c, d) _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d))
#define STORE_LANES(to, v, flip)                                                                                     \
    do {                                                                                                             \
        __m128i half_ = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));                  \
        half_ = _mm_xor_si128(_mm_packs_epi16(half_, half_), _mm_set1_epi8((char)(flip)));                           \
        _mm_storel_epi64((__m128i *)(void *)(to), half_);                                                            \
    } while (0)
