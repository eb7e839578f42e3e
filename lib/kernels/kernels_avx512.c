/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels for x86 processors with AVX-512. */
#include "kernels/kernels_variants.h"

#ifdef C2S_KERNELS_X86
#include <immintrin.h>

#define VARIANT avx512
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))
#define LANES 16
#define TILE_ROWS 12
#define TILE_PANELS 2
#define MASK(left) ((__mmask16)((1u << (left)) - 1))
#define LOAD_PART(from, left) ((vector)_mm512_maskz_loadu_ps(MASK(left), from))
#define STORE_PART(to, left, v) _mm512_mask_storeu_ps(to, MASK(left), (__m512)(v))
#include "kernels/kernels_template.h"
#endif
