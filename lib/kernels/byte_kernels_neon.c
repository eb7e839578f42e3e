/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte kernels for all 64-bit ARM processors. Inputs less 128 are signed as the weights are, so that products of
 * 16 bits come from one instruction for eight; sums of two can be 2^15 and are widened as they are taken.
 */
#include "kernels/byte_kernels_variants.h"

#ifdef C2S_BYTE_KERNELS_NEON
#define VARIANT neon
#define TARGET
#define INPUT_OFFSET 128
#define TILE_ROWS 4
#include "kernels/byte_kernels_128.h"

typedef int8x16_t factors;
#define SPLIT_INPUT(v) vreinterpretq_s8_s32(FLIP(v, 128))
#define SPLIT_WEIGHTS(v) vreinterpretq_s8_s32(v)
#define DOT(sum, input, weights) dot(sum, input, weights)

static inline vector dot(vector sum, factors input, factors weights)
{
    vector low = vpaddlq_s16(vmull_s8(vget_low_s8(input), vget_low_s8(weights)));
    vector high = vpaddlq_s16(vmull_high_s8(input, weights));
    return PLUS(sum, vpaddq_s32(low, high));
}
#include "kernels/byte_kernels_template.h"
#endif
