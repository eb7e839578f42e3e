/* SPDX-License-Identifier: Apache-2.0 */
/* The formulas of AdaRound, in float32 and the reference's order of operations. */
#include "calibrate/soft_rounding.h"

#include <math.h>

#include "base/allocator.h"
#include "base/error.h"
#include "numeric/rounding.h"

/* The sigmoid is stretched from GAMMA to GAMMA + STRETCH and cut to [0, 1]. */
static const float GAMMA = -0.1f, STRETCH = 1.2f;

/* Weights in a row that have the scales in a row, or all the one. */
static size_t row_of(const struct c2s_soft_kernel *soft)
{
    return soft->scale->rank ? (size_t)soft->scale->shape[0] : soft->count;
}

static float scale_of(const struct c2s_soft_kernel *soft, size_t in_row)
{
    return c2s_f32(soft->scale)[soft->scale->rank ? in_row : 0];
}

cnn2snn_status c2s_soft_kernel_init(struct c2s_soft_kernel *soft, const cnn2snn_quantizer *quantizer,
                                    const cnn2snn_tensor *weights, cnn2snn_error **error)
{
    *soft = (struct c2s_soft_kernel){
        .context = weights->context, .kmax = quantizer->kmax, .count = (size_t)weights->count};
    C2S_TRY(c2s_quantizer_scale_factor(quantizer, weights, &soft->scale, error));
    C2S_TRY(c2s_tensor_copy(weights, &soft->kernel, error));
    soft->floors = c2s_calloc(soft->context, soft->count, sizeof(float));
    soft->alphas = c2s_calloc(soft->context, soft->count, sizeof(float));
    soft->sigmoids = c2s_calloc(soft->context, soft->count, sizeof(float));
    soft->ups = c2s_calloc(soft->context, soft->count, sizeof(float));
    if (!soft->floors || !soft->alphas || !soft->sigmoids || !soft->ups)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < soft->count; i++) {
        float scaled = c2s_f32(weights)[i] * scale_of(soft, i % row_of(soft));
        soft->floors[i] = floorf(scaled);
        soft->alphas[i] = -logf(STRETCH / ((scaled - soft->floors[i]) - GAMMA) - 1);
    }
    c2s_soft_kernel_update(soft);
    return CNN2SNN_OK;
}

void c2s_soft_kernel_free(struct c2s_soft_kernel *soft)
{
    c2s_tensor_release(soft->kernel);
    c2s_tensor_release(soft->scale);
    if (soft->context) {
        c2s_free(soft->context, soft->floors);
        c2s_free(soft->context, soft->alphas);
        c2s_free(soft->context, soft->sigmoids);
        c2s_free(soft->context, soft->ups);
    }
    *soft = (struct c2s_soft_kernel){0};
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static float stretched(float s)
{
    return s * STRETCH + GAMMA;
}

void c2s_soft_kernel_update(struct c2s_soft_kernel *soft)
{
    float *kernel = c2s_f32_writable(soft->kernel);
    size_t row = row_of(soft);
    for (size_t i = 0; i < soft->count; i++)
        soft->sigmoids[i] = sigmoid(soft->alphas[i]);
    for (size_t first = 0; first < soft->count; first += row)
        for (size_t k = 0; k < row; k++) {
            float up = c2s_limit(stretched(soft->sigmoids[first + k]), 0, 1);
            soft->ups[first + k] = up;
            kernel[first + k] = c2s_limit(soft->floors[first + k] + up, -soft->kmax, soft->kmax) / scale_of(soft, k);
        }
}

/* One weight; *rounding: 1 - |2h - 1|^beta. */
static float alpha_gradient(const struct c2s_soft_kernel *soft, size_t i, float scale, float beta, float gradient,
                            double *rounding)
{
    float free = stretched(soft->sigmoids[i]), s = soft->sigmoids[i], level = soft->floors[i] + soft->ups[i];
    float centred = 2 * soft->ups[i] - 1, size = fabsf(centred);
    float power = size < 1 ? powf(size, beta - 1) : 1;
    *rounding = (double)(1 - power * size);
    if (!(free >= 0 && free <= 1))
        return 0;
    float by_up = level >= -soft->kmax && level <= soft->kmax ? gradient / scale : 0;
    float sign = (float)((centred > 0) - (centred < 0));
    by_up += C2S_SOFT_REGULARIZATION * (-2 * sign * beta * power);
    return by_up * STRETCH * (s * (1 - s));
}

double c2s_soft_kernel_gradient(const struct c2s_soft_kernel *soft, float beta, float *gradient)
{
    double sum = 0, rounding = 0;
    size_t row = row_of(soft);
    for (size_t first = 0; first < soft->count; first += row)
        for (size_t k = 0; k < row; k++, sum += rounding)
            gradient[first + k] =
                alpha_gradient(soft, first + k, scale_of(soft, k), beta, gradient[first + k], &rounding);
    return sum;
}

float c2s_soft_beta(int64_t epoch, int64_t epochs)
{
    const float pi = 3.14159265358979323846f;
    float decay = 0.5f * (1 + cosf((float)((double)epoch / (double)epochs) * pi));
    return 2 + 18 * decay;
}
