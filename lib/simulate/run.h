/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of stage computes for one sample: see struct c2s_stage. */
#ifndef C2S_RUN_H
#define C2S_RUN_H

#include "simulate/stage.h"

#define C2S_DECLARE_RUN(name)                                                                                        \
    void name(const struct c2s_stage *stage, const int32_t *const *inputs, int32_t *output, int32_t *scratch,        \
              int32_t *state)

C2S_DECLARE_RUN(c2s_run_copy);
C2S_DECLARE_RUN(c2s_run_dequantizer);
C2S_DECLARE_RUN(c2s_run_concatenate);
C2S_DECLARE_RUN(c2s_run_convolutional);
C2S_DECLARE_RUN(c2s_run_fully_connected);
C2S_DECLARE_RUN(c2s_run_conv2d);
C2S_DECLARE_RUN(c2s_run_conv2d_transpose);
C2S_DECLARE_RUN(c2s_run_depthwise_transpose);
C2S_DECLARE_RUN(c2s_run_dense);
C2S_DECLARE_RUN(c2s_run_add);
C2S_DECLARE_RUN(c2s_run_normalization);
C2S_DECLARE_RUN(c2s_run_temporal);
C2S_DECLARE_RUN(c2s_run_depthwise_temporal);
C2S_DECLARE_RUN(c2s_run_recurrent);
C2S_DECLARE_RUN(c2s_run_pico);

/* Input with padding around it and shifted, in the scratch; the input itself where neither is needed. */
const int32_t *c2s_pad_input(const struct c2s_stage *stage, const int32_t *input, int32_t *scratch);
/* Clamped to `bits` bits, signed. */
static inline int64_t c2s_saturate(int64_t value, int32_t bits)
{
    int64_t high = (INT64_C(1) << (bits - 1)) - 1;
    return value > high ? high : value < -high - 1 ? -high - 1 : value;
}

/* value * 2^shift, for negative shifts rounded to the nearest (halves up). Shifts of -31 to 31, 32 bits of value. */
static inline int64_t c2s_shift(int64_t value, int32_t shift)
{
    return shift >= 0 ? value * (INT64_C(1) << shift) : (value + (INT64_C(1) << (-shift - 1))) >> -shift;
}

#endif
