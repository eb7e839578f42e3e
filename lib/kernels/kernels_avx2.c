/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels for x86 processors with AVX2. */
#include "kernels/kernels_variants.h"

#ifdef C2S_KERNELS_X86
#define VARIANT avx2
#define TARGET __attribute__((target("avx2")))
#define LANES 8
#define TILE_ROWS 6
#define TILE_PANELS 1
#include "kernels/kernels_template.h"
#endif
