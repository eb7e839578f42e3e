/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels for x86 processors with AVX2. */
#include "kernels/kernels_variants.h"

#ifdef C2S_KERNELS_X86
#include <immintrin.h>

#define VARIANT avx2
#define TARGET __attribute__((target("avx2")))
#define LANES 8
#define TILE_ROWS 6
#define TILE_PANELS 1
#define MASK(left) _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(left)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define LOAD_PART(from, left) ((vector)_mm256_maskload_ps(from, MASK(left)))
#define STORE_PART(to, left, v) _mm256_maskstore_ps(to, MASK(left), (__m256)(v))
#include "kernels/kernels_template.h"
#endif
