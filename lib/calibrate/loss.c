/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the losses and their gradients: Keras's, means over all elements of a batch. */
#include "calibrate/loss.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "calibrate/metrics.h"

cnn2snn_status c2s_loss_check(cnn2snn_context *context, const cnn2snn_loss *loss, cnn2snn_error **error)
{
    if (loss->kind < CNN2SNN_LOSS_MSE || loss->kind > CNN2SNN_LOSS_CUSTOM)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-091", "loss kind %d, expected 1 to 4", (int)loss->kind);
    if (loss->kind == CNN2SNN_LOSS_CUSTOM && !loss->evaluate)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-091", "the user's loss has no function evaluate");
    if (!(loss->delta > 0) || !isfinite(loss->delta))
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-091", "delta %g, expected a number above 0",
                         loss->delta);
    return CNN2SNN_OK;
}

/* Elements are taken a block at a time, of which most don't differ at all when an activation lies behind the weights.
 * Sums of a block are taken by lanes, so that vector instructions serve. */
enum { BLOCK = 64, LANES = 8 };

/* The differences q - f of a block; false when there are none. */
static bool subtract(const float *q, const float *f, size_t count, float *differences)
{
    int any = 0;
    for (size_t i = 0; i < count; i++) {
        differences[i] = q[i] - f[i];
        any |= differences[i] != 0;
    }
    memset(differences + count, 0, (BLOCK - count) * sizeof *differences);
    return any;
}

static double sum_of(const double *values)
{
    double lanes[LANES] = {0}, sum = 0;
    for (size_t i = 0; i < BLOCK; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lanes[k] += values[i + k];
    for (size_t k = 0; k < LANES; k++)
        sum += lanes[k];
    return sum;
}

static double sum_of_squares(const float *values)
{
    double squares[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        squares[i] = (double)values[i] * (double)values[i];
    return sum_of(squares);
}

double c2s_squared_distance(const cnn2snn_tensor *a, const cnn2snn_tensor *b)
{
    float differences[BLOCK];
    double sum = 0;
    for (uint64_t i = 0; i < a->count; i += BLOCK) {
        size_t count = a->count - i < BLOCK ? (size_t)(a->count - i) : BLOCK;
        if (subtract(c2s_f32(a) + i, c2s_f32(b) + i, count, differences))
            sum += sum_of_squares(differences);
    }
    return sum;
}

static float sign_of(float value)
{
    return (float)((value > 0) - (value < 0));
}

/* Those below: the loss of a block, and its derivatives. */
static double squared_loss(const float *differences, float *derivatives)
{
    for (size_t i = 0; i < BLOCK; i++)
        derivatives[i] = 2 * differences[i];
    return sum_of_squares(differences);
}

static double absolute_loss(const float *differences, float *derivatives)
{
    double sizes[BLOCK];
    for (size_t i = 0; i < BLOCK; i++) {
        derivatives[i] = sign_of(differences[i]);
        sizes[i] = (double)fabsf(differences[i]);
    }
    return sum_of(sizes);
}

static double huber_loss(double delta, const float *differences, float *derivatives)
{
    double losses[BLOCK];
    const float limit = (float)delta;
    for (size_t i = 0; i < BLOCK; i++) {
        float difference = differences[i], size = fabsf(difference);
        double wide = (double)size;
        derivatives[i] = size <= limit ? difference : limit * sign_of(difference);
        losses[i] = size <= limit ? 0.5 * wide * wide : delta * wide - 0.5 * delta * delta;
    }
    return sum_of(losses);
}

/* The loss of a block, and its gradient divided by `elements`. */
static double block_loss(const cnn2snn_loss *loss, const float *differences, size_t count, float elements,
                         float *gradient)
{
    float derivatives[BLOCK];
    double sum = loss->kind == CNN2SNN_LOSS_MSE   ? squared_loss(differences, derivatives)
                 : loss->kind == CNN2SNN_LOSS_MAE ? absolute_loss(differences, derivatives)
                                                  : huber_loss(loss->delta, differences, derivatives);
    for (size_t i = 0; i < count; i++)
        gradient[i] = derivatives[i] / elements;
    return sum;
}

static double built_in_loss(const cnn2snn_loss *loss, const cnn2snn_tensor *f, const cnn2snn_tensor *q,
                            uint64_t elements, float *gradient)
{
    float differences[BLOCK];
    double sum = 0;
    for (uint64_t i = 0; i < q->count; i += BLOCK) {
        size_t count = q->count - i < BLOCK ? (size_t)(q->count - i) : BLOCK;
        bool same = !memcmp(c2s_f32(q) + i, c2s_f32(f) + i, count * sizeof *gradient);
        if (!same && subtract(c2s_f32(q) + i, c2s_f32(f) + i, count, differences))
            sum += block_loss(loss, differences, count, (float)elements, gradient + i);
        else
            memset(gradient + i, 0, count * sizeof *gradient);
    }
    return sum / (double)elements;
}

static cnn2snn_status custom_loss(const cnn2snn_loss *loss, const cnn2snn_tensor *f, const cnn2snn_tensor *q,
                                  double *total, float *gradient, cnn2snn_error **error)
{
    double value = 0;
    cnn2snn_error *own = NULL;
    cnn2snn_status status = loss->evaluate(loss->user_data, f, q, &value, gradient, &own);
    C2S_TRY(c2s_callback_result(f->context, status, own, "loss", error));
    *total += value;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_loss_add(const cnn2snn_loss *loss, const cnn2snn_tensor *float_outputs,
                            const cnn2snn_tensor *quantized_outputs, uint64_t elements, double *total,
                            cnn2snn_tensor **out_gradient, cnn2snn_error **error)
{
    const cnn2snn_tensor *f = float_outputs, *q = quantized_outputs;
    cnn2snn_tensor *gradient = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    C2S_TRY(c2s_tensor_create(q->context, CNN2SNN_DTYPE_FLOAT32, q->rank, q->shape, &gradient, error));
    if (loss->kind == CNN2SNN_LOSS_CUSTOM) {
        memset(gradient->data, 0, gradient->size);
        status = custom_loss(loss, f, q, total, c2s_f32_writable(gradient), error);
    } else {
        *total += built_in_loss(loss, f, q, elements, c2s_f32_writable(gradient));
    }
    if (status)
        c2s_tensor_release(gradient);
    else
        *out_gradient = gradient;
    return status;
}
