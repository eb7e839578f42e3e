/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels for x86 processors with AVX-512. */
#include "kernels/kernels_variants.h"

#ifdef C2S_KERNELS_X86
#define VARIANT avx512
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))
#define LANES 16
#define TILE_ROWS 12
#define TILE_PANELS 2
#include "kernels/kernels_template.h"
#endif
