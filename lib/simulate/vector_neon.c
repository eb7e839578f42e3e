/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops for all 64-bit ARM processors. */
#include "simulate/vector_variants.h"

#ifdef C2S_VECTORS_NEON
#include <arm_neon.h>

#define VARIANT neon
#define TARGET
#define LANES 4
#define VECTOR int32x4_t
#define SPREAD(value) vdupq_n_s32(value)
#define MULTIPLY_ADD(sums, a, b) multiply_add(sums, vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b))
#define HAS_BYTES false /* the byte kernels have them */
#define MULTIPLY_ADD_BYTES MULTIPLY_ADD
#define TILE_PLACES 4
#define TILE_PANELS 1

static inline int32x4_t multiply_add(int32x4_t sums, int16x8_t a, int16x8_t b)
{
    int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b)), high = vmull_high_s16(a, b);
    return vaddq_s32(sums, vpaddq_s32(low, high));
}
#include "simulate/vector_template.h"
#endif
