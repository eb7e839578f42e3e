/* SPDX-License-Identifier: Apache-2.0 */
/* The activation functions' formulas, written so that no intermediate result overflows where the function does not.
 */
#include "kernels/functions.h"

#include <math.h>
#include <stdlib.h>

static inline float clip(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static inline float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static inline float softplus(float x)
{
    return (x > 0 ? x : 0) + log1pf(expf(-fabsf(x)));
}

#define FUNCTION(name, formula)                                                                                      \
    void name(const float *x, float *y, size_t count, float alpha)                                                   \
    {                                                                                                                \
        (void)alpha;                                                                                                 \
        for (size_t i = 0; i < count; i++) {                                                                         \
            float v = x[i];                                                                                          \
            y[i] = (formula);                                                                                        \
        }                                                                                                            \
    }

FUNCTION(c2s_leaky_relu, v >= 0 ? v : alpha * v)
FUNCTION(c2s_sigmoid, sigmoid(v))
FUNCTION(c2s_tanh, tanhf(v))
FUNCTION(c2s_hard_sigmoid_keras2, clip(0.2f * v + 0.5f, 0, 1))
FUNCTION(c2s_hard_sigmoid_keras3, clip(v + 3, 0, 6) / 6)
FUNCTION(c2s_softplus, softplus(v))
FUNCTION(c2s_softsign, v / (1 + fabsf(v)))
FUNCTION(c2s_elu, v > 0 ? v : alpha * expm1f(v))
FUNCTION(c2s_celu, v > 0 ? v : alpha * expm1f(v / alpha))
FUNCTION(c2s_selu, 1.05070098735548f * (v > 0 ? v : 1.67326324235438f * expm1f(v)))
FUNCTION(c2s_swish, v *sigmoid(v))
FUNCTION(c2s_gelu, 0.5f * v * erfcf(v * -0.70710678118654752f))
FUNCTION(c2s_exponential, expf(v))
FUNCTION(c2s_mish, v *tanhf(softplus(v)))
FUNCTION(c2s_hard_silu, v *(clip(v + 3, 0, 6) / 6))
FUNCTION(c2s_hard_tanh, clip(v, -1, 1))
FUNCTION(c2s_tanh_shrink, v - tanhf(v))
FUNCTION(c2s_hard_shrink, v > 0.5f || v < -0.5f || v != v ? v : 0)
FUNCTION(c2s_soft_shrink, v > 0.5f ? v - 0.5f : v < -0.5f ? v + 0.5f : v != v ? v : 0)
FUNCTION(c2s_log_sigmoid, -softplus(-v))
FUNCTION(c2s_squareplus, v < 0 ? 2 / (hypotf(v, 2) - v) : (v + hypotf(v, 2)) / 2)
FUNCTION(c2s_sparse_plus, v <= -1 ? 0 : v < 1 ? (v + 1) * (v + 1) / 4 : v)
FUNCTION(c2s_sparse_sigmoid, v <= -1 ? 0 : v >= 1 ? 1 : (v + 1) / 2)

void c2s_softmax(const float *x, float *y, const size_t *offsets, size_t count, bool logarithm)
{
    float top = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        top = x[offsets[i]] > top ? x[offsets[i]] : top;
    for (size_t i = 0; i < count; i++) {
        float shifted = x[offsets[i]] - top, power = expf(shifted);
        sum += power;
        y[offsets[i]] = logarithm ? shifted : power;
    }
    float divisor = (float)sum, shift = (float)log(sum);
    for (size_t i = 0; i < count; i++)
        y[offsets[i]] = logarithm ? y[offsets[i]] - shift : y[offsets[i]] / divisor;
}

static int descending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* tau is such that the parts above it sum up to 1; it is found among the largest values. */
void c2s_sparsemax(const float *x, float *y, size_t count, float *sorted)
{
    bool has_nan = false;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = x[i];
        has_nan = has_nan || x[i] != x[i];
    }
    if (has_nan) { /* which has no place in an order */
        for (size_t i = 0; i < count; i++)
            y[i] = NAN;
        return;
    }
    qsort(sorted, count, sizeof *sorted, descending);
    double sum = 0, tau = 0;
    for (size_t i = 0; i < count; i++) {
        sum += sorted[i];
        double candidate = (sum - 1) / (double)(i + 1);
        if (sorted[i] > candidate)
            tau = candidate;
    }
    for (size_t i = 0; i < count; i++) {
        float above = x[i] - (float)tau;
        y[i] = above > 0 ? above : 0;
    }
}

void c2s_glu(const float *x, float *y, size_t half)
{
    for (size_t i = 0; i < half; i++)
        y[i] = x[i] * sigmoid(x[half + i]);
}
