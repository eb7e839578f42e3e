/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops for x86 processors with AVX2. */
#include "simulate/vector_variants.h"

#ifdef C2S_VECTORS_X86
#include <immintrin.h>

#define VARIANT avx2
#define TARGET __attribute__((target("avx2")))
#define LANES 8
#define VECTOR __m256i
#define SPREAD(value) _mm256_set1_epi32(value)
#define MULTIPLY_ADD(sums, a, b) _mm256_add_epi32(sums, _mm256_madd_epi16(a, b))
#define HAS_BYTES false /* only with saturation in between */
#define MULTIPLY_ADD_BYTES MULTIPLY_ADD
#define TILE_PLACES 4
#define TILE_PANELS 1
#include "simulate/vector_template.h"
#endif
