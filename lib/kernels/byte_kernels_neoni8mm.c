/* SPDX-License-Identifier: Apache-2.0 */
/* The byte kernels for ARM processors with products of four bytes, unsigned with signed (FEAT_I8MM). */
#include "kernels/byte_kernels_variants.h"

#ifdef C2S_BYTE_KERNELS_NEON_DOT
#define VARIANT neoni8mm
#define TARGET __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
#define INPUT_OFFSET 0
#define TILE_ROWS 6
#include "kernels/byte_kernels_128.h"

typedef vector factors;
#define SPLIT_INPUT(v) (v)
#define SPLIT_WEIGHTS(v) (v)
#define DOT(sum, input, weights) vusdotq_s32(sum, vreinterpretq_u8_s32(input), vreinterpretq_s8_s32(weights))
#include "kernels/byte_kernels_template.h"
#endif
