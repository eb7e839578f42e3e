/* SPDX-License-Identifier: Apache-2.0 */
/* The byte kernels for ARM processors with products of four signed bytes: inputs are made signed, too. */
#include "kernels/byte_kernels_variants.h"

#ifdef C2S_BYTE_KERNELS_NEON_DOT
#define VARIANT neondot
#define TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#define INPUT_OFFSET 128
#define TILE_ROWS 6
#include "kernels/byte_kernels_128.h"

typedef int8x16_t factors;
#define SPLIT_INPUT(v) vreinterpretq_s8_s32(FLIP(v, 128))
#define SPLIT_WEIGHTS(v) vreinterpretq_s8_s32(v)
#define DOT(sum, input, weights) vdotq_s32(sum, weights, input)
#include "kernels/byte_kernels_template.h"
#endif
