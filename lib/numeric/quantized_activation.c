/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the steps of quantized activations and which level a value falls on. */
#include "numeric/quantized_activation.h"

#include <math.h>

#include "numeric/rounding.h"

float c2s_activation_levels(int32_t bitwidth)
{
    return (float)(ldexp(1, bitwidth) - 1);
}

float c2s_discrete_relu_step(int32_t bitwidth)
{
    float levels = c2s_activation_levels(bitwidth);
    return (levels < 6 ? levels : 6) / levels;
}

float c2s_quantized_relu_step(int32_t bitwidth, float max_value)
{
    return max_value / c2s_activation_levels(bitwidth);
}

/* clip(ceil(value), 0, levels); the conversion to an integer is exact below 2^22, and cheaper than a call of ceilf.
 */
static float level_of(float value, float levels)
{
    if (!(fabsf(value) < 0x1p22f))
        return c2s_limit(ceilf(value), 0, levels);
    float cut = (float)(int32_t)value;
    return c2s_limit(cut < value ? cut + 1 : cut, 0, levels);
}

void c2s_quantized_activation_apply(const float *x, float *y, size_t count, float step, int32_t bitwidth)
{
    const float levels = c2s_activation_levels(bitwidth), threshold = step * 0.5f;
    for (size_t i = 0; i < count; i++)
        y[i] = step * level_of((x[i] - threshold) / step, levels);
}
