/* SPDX-License-Identifier: Apache-2.0 */
/* What the variants for NEON have in common. No guard: included once by each. */
#include <arm_neon.h>

typedef int32x4_t vector;
#define LANES 4
#define PANEL_SIZE_IN_VECTORS 4
#define TILE_VECTORS 4
#define WINDOW_PIXELS 3
#define ZERO vdupq_n_s32(0)
#define LOAD(from) vreinterpretq_s32_u8(vld1q_u8((const uint8_t *)(const void *)(from)))
#define STORE(to, v) vst1q_u8((uint8_t *)(void *)(to), vreinterpretq_u8_s32(v))
#define SPREAD(from) vdupq_n_s32(read_four(from))
#define SMALLER(a, b) vminq_s32(a, b)
#define LARGER(a, b) vmaxq_s32(a, b)
#define LARGER_BYTES(a, b) vreinterpretq_s32_u8(vmaxq_u8(vreinterpretq_u8_s32(a), vreinterpretq_u8_s32(b)))
#define TIMES(a, b) vmulq_s32(a, b)
#define PLUS(a, b) vaddq_s32(a, b)
#define SHIFT(a, b) vshlq_s32(a, vnegq_s32(b))
#define FLIP(v, flip) vreinterpretq_s32_u8(veorq_u8(vreinterpretq_u8_s32(v), vdupq_n_u8(flip)))
#define ZIP(function, bits, a, b)                                                                                    \
    vreinterpretq_s32_u##bits(function##_u##bits(vreinterpretq_u##bits##_s32(a), vreinterpretq_u##bits##_s32(b)))
#define ZIP_lo(bits, a, b) ZIP(vzip1q, bits, a, b)
#define ZIP_hi(bits, a, b) ZIP(vzip2q, bits, a, b)
#define INTERLEAVE(half, bits, a, b) ZIP_##half(bits, a, b)
#define NARROW(a, b, c, d)                                                                                           \
    vreinterpretq_s32_s8(vcombine_s8(vmovn_s16(vcombine_s16(vmovn_s32(a), vmovn_s32(b))),                            \
                                     vmovn_s16(vcombine_s16(vmovn_s32(c), vmovn_s32(d)))))
#define IN_ORDER(v) (v)
#define STORE_LANES(to, v, flip)                                                                                     \
    do {                                                                                                             \
        int16x4_t half_ = vmovn_s32(v);                                                                              \
        int8x8_t quarter_ = vmovn_s16(vcombine_s16(half_, half_));                                                   \
        uint32_t bytes_ =                                                                                            \
            vget_lane_u32(vreinterpret_u32_u8(veor_u8(vreinterpret_u8_s8(quarter_), vdup_n_u8(flip))), 0);           \
        memcpy(to, &bytes_, sizeof bytes_);                                                                          \
    } while (0)
