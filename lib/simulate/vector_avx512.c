/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops for x86 processors with AVX-512 VNNI. */
#include "simulate/vector_variants.h"

#ifdef C2S_VECTORS_X86
#include <immintrin.h>

#define VARIANT avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define LANES 16
#define VECTOR __m512i
#define SPREAD(value) _mm512_set1_epi32(value)
#define MULTIPLY_ADD(sums, a, b) _mm512_dpwssd_epi32(sums, a, b)
#define HAS_BYTES true
#define MULTIPLY_ADD_BYTES(sums, a, b) _mm512_dpbusd_epi32(sums, a, b)
#define TILE_PLACES 6
#define TILE_PANELS 4
#include "simulate/vector_template.h"
#endif
