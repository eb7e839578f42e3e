/* SPDX-License-Identifier: Apache-2.0 */
/* The formulas of AdaRound, in float32 and the reference's order of operations. */
#include "calibrate/soft_rounding.h"

#include <math.h>

#include "base/allocator.h"
#include "base/error.h"
#include "numeric/rounding.h"

/* The sigmoid is stretched from GAMMA to GAMMA + STRETCH and cut to [0, 1]. */
static const float GAMMA = -0.1f, STRETCH = 1.2f;

static float scale_of(const struct c2s_soft_kernel *soft, size_t index)
{
    return c2s_f32(soft->scale)[soft->scale->rank ? index % (size_t)soft->scale->shape[0] : 0];
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
    soft->ups = c2s_calloc(soft->context, soft->count, sizeof(float));
    if (!soft->floors || !soft->alphas || !soft->ups)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < soft->count; i++) {
        float scaled = c2s_f32(weights)[i] * scale_of(soft, i);
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
        c2s_free(soft->context, soft->ups);
    }
    *soft = (struct c2s_soft_kernel){0};
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static float stretched(float alpha)
{
    return sigmoid(alpha) * STRETCH + GAMMA;
}

void c2s_soft_kernel_update(struct c2s_soft_kernel *soft)
{
    float *kernel = c2s_f32_writable(soft->kernel);
    for (size_t i = 0; i < soft->count; i++) {
        soft->ups[i] = c2s_limit(stretched(soft->alphas[i]), 0, 1);
        kernel[i] = c2s_limit(soft->floors[i] + soft->ups[i], -soft->kmax, soft->kmax) / scale_of(soft, i);
    }
}

double c2s_soft_kernel_regularization(const struct c2s_soft_kernel *soft, float beta)
{
    double sum = 0;
    for (size_t i = 0; i < soft->count; i++)
        sum += (double)(1 - powf(fabsf(2 * soft->ups[i] - 1), beta));
    return sum;
}

/* Of 1 - |2h - 1|^beta by h. */
static float regularization_slope(float up, float beta)
{
    float centred = 2 * up - 1, sign = (float)((centred > 0) - (centred < 0));
    return -2 * sign * beta * powf(fabsf(centred), beta - 1);
}

void c2s_soft_kernel_gradient(const struct c2s_soft_kernel *soft, float beta, float *gradient)
{
    for (size_t i = 0; i < soft->count; i++) {
        float free = stretched(soft->alphas[i]), s = sigmoid(soft->alphas[i]);
        float level = soft->floors[i] + soft->ups[i];
        float by_up = level >= -soft->kmax && level <= soft->kmax ? gradient[i] / scale_of(soft, i) : 0;
        by_up += C2S_SOFT_REGULARIZATION * regularization_slope(soft->ups[i], beta);
        gradient[i] = free >= 0 && free <= 1 ? by_up * STRETCH * (s * (1 - s)) : 0;
    }
}

float c2s_soft_beta(int64_t epoch, int64_t epochs)
{
    const float pi = 3.14159265358979323846f;
    float decay = 0.5f * (1 + cosf((float)((double)epoch / (double)epochs) * pi));
    return 2 + 18 * decay;
}
