/* SPDX-License-Identifier: Apache-2.0 */
/* What the variants for AVX-512 have in common. No guard: included once by each. */
#include <immintrin.h>

typedef __m512i vector;
#define INPUT_OFFSET 0
#define LANES 16
#define PANEL_SIZE_IN_VECTORS 1
#define TILE_ROWS 6
#define TILE_VECTORS 4
#define WINDOW_PIXELS 4
#define ZERO _mm512_setzero_si512()
#define LOAD(from) _mm512_loadu_si512(from)
#define STORE(to, v) _mm512_storeu_si512(to, v)
#define SPREAD(from) _mm512_set1_epi32(read_four(from))
#define SMALLER(a, b) _mm512_min_epi32(a, b)
#define LARGER(a, b) _mm512_max_epi32(a, b)
#define LARGER_BYTES(a, b) _mm512_max_epu8(a, b)
#define TIMES(a, b) _mm512_mullo_epi32(a, b)
#define PLUS(a, b) _mm512_add_epi32(a, b)
#define SHIFT(a, b) _mm512_srav_epi32(a, b)
#define FLIP(v, flip) _mm512_xor_si512(v, _mm512_set1_epi8((char)(flip)))
#define INTERLEAVE(half, bits, a, b) _mm512_unpack##half##_epi##bits(a, b)
#define NARROW(a, b, c, d) _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d))
#define IN_ORDER(v)                                                                                                  \
    _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), v)
#define STORE_LANES(to, v, flip)                                                                                     \
    _mm_storeu_si128((__m128i *)(to), _mm_xor_si128(_mm512_cvtepi32_epi8(v), _mm_set1_epi8((char)(flip))))
