/* SPDX-License-Identifier: Apache-2.0 */
/* The byte kernels for x86 processors with VNNI instructions on AVX's registers only. */
#include "kernels/byte_kernels_variants.h"

#ifdef C2S_BYTE_KERNELS_X86
#define VARIANT avxvnni
#define TARGET __attribute__((target("avx2,avxvnni")))
#define TILE_ROWS 6
#define WINDOW_PIXELS 2
#include "kernels/byte_kernels_256.h"

typedef vector factors;
#define SPLIT_INPUT(v) (v)
#define SPLIT_WEIGHTS(v) (v)
#define DOT(sum, input, weights) _mm256_dpbusd_avx_epi32(sum, input, weights)
#include "kernels/byte_kernels_template.h"
#endif
