/* SPDX-License-Identifier: Apache-2.0 */
/* Rounding of floats without a call for each. The rounding mode is the default one, to nearest. */
#ifndef C2S_ROUNDING_H
#define C2S_ROUNDING_H

#include <math.h>

/* Half to even. Below 2^22, adding and taking away 1.5 * 2^23 leaves no room for a fraction. */
static inline float c2s_round_half_even(float value)
{
    const float magic = 0x1.8p23f;
    return fabsf(value) < 0x1p22f ? (value + magic) - magic : rintf(value);
}

/* Limits that let a NaN through. */
static inline float c2s_limit(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

#endif
