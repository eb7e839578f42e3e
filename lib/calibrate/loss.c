/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the losses and their gradients: Keras's, means over all elements of a batch. */
#include "calibrate/loss.h"

#include <math.h>

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

/* Of one difference q - f: the loss, and its derivative. */
static double element_loss(const cnn2snn_loss *loss, float difference, float *derivative)
{
    float delta = (float)loss->delta, size = fabsf(difference), sign = (float)((difference > 0) - (difference < 0));
    switch (loss->kind) {
    case CNN2SNN_LOSS_MSE:
        *derivative = 2 * difference;
        return (double)difference * (double)difference;
    case CNN2SNN_LOSS_MAE:
        *derivative = sign;
        return (double)size;
    default:
        *derivative = size <= delta ? difference : delta * sign;
        return size <= delta ? 0.5 * (double)difference * (double)difference
                             : loss->delta * (double)size - 0.5 * loss->delta * loss->delta;
    }
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
    double sum = 0;
    C2S_TRY(c2s_tensor_create_zeros(q->context, CNN2SNN_DTYPE_FLOAT32, q->rank, q->shape, &gradient, error));
    if (loss->kind == CNN2SNN_LOSS_CUSTOM) {
        status = custom_loss(loss, f, q, total, c2s_f32_writable(gradient), error);
    } else {
        for (uint64_t i = 0; i < q->count; i++) {
            float derivative;
            sum += element_loss(loss, c2s_f32(q)[i] - c2s_f32(f)[i], &derivative);
            c2s_f32_writable(gradient)[i] = derivative / (float)elements;
        }
        *total += sum / (double)elements;
    }
    if (status)
        c2s_tensor_release(gradient);
    else
        *out_gradient = gradient;
    return status;
}
