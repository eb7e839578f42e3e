/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the measures. Sums are in double, so that it doesn't show how batches were cut. */
#include "calibrate/metrics.h"

#include <math.h>

#include "base/error.h"

/* Of two vectors; Keras's l2_normalize takes squares below 1e-12 for that. */
static double cosine(const float *f, const float *q, size_t count)
{
    double product = 0, f_square = 0, q_square = 0;
    for (size_t i = 0; i < count; i++) {
        product += (double)f[i] * (double)q[i];
        f_square += (double)f[i] * (double)f[i];
        q_square += (double)q[i] * (double)q[i];
    }
    return product / sqrt(fmax(f_square, 1e-12) * fmax(q_square, 1e-12));
}

void c2s_metric_add(struct c2s_metric_sums *sums, const cnn2snn_tensor *float_outputs,
                    const cnn2snn_tensor *quantized_outputs)
{
    const float *f = c2s_f32(float_outputs), *q = c2s_f32(quantized_outputs);
    size_t count = (size_t)float_outputs->count;
    size_t last = float_outputs->rank ? (size_t)float_outputs->shape[float_outputs->rank - 1] : 1;
    for (size_t i = 0; i < count; i++) {
        double difference = (double)f[i] - (double)q[i];
        sums->squares += difference * difference;
        sums->distances += fabs(difference);
        sums->largest = fabs(difference) > sums->largest ? fabs(difference) : sums->largest;
        sums->signal += (double)f[i] * (double)f[i];
    }
    for (size_t i = 0; i < count; i += last, sums->vectors++)
        sums->cosines += cosine(f + i, q + i, last);
    sums->elements += count;
}

double c2s_metric_result(const struct c2s_metric_sums *sums, cnn2snn_metric_kind kind)
{
    double elements = sums->elements ? (double)sums->elements : 1;
    switch (kind) {
    case CNN2SNN_METRIC_MSE:
        return sums->squares / elements;
    case CNN2SNN_METRIC_MAE:
        return sums->distances / elements;
    case CNN2SNN_METRIC_MAX:
        return sums->largest;
    case CNN2SNN_METRIC_COSINE:
        return sums->vectors ? sums->cosines / (double)sums->vectors : 0;
    default:
        return sums->squares > 0 ? 10 * log10(sums->signal / sums->squares) : (double)INFINITY;
    }
}

static cnn2snn_status need_selection(const cnn2snn_sampler *sampler, cnn2snn_error **error)
{
    if (sampler->selected < sampler->layer_count)
        return CNN2SNN_OK;
    return c2s_error(sampler->context, error, CNN2SNN_E_STATE, "L-087", "no layer is selected");
}

cnn2snn_status c2s_sampler_measure(cnn2snn_sampler *sampler, struct c2s_metric_sums *out_sums, cnn2snn_error **error)
{
    C2S_TRY(need_selection(sampler, error));
    *out_sums = (struct c2s_metric_sums){0};
    for (size_t i = 0; i < sampler->piece_count; i++) {
        cnn2snn_tensor *f = NULL, *q = NULL;
        C2S_TRY(c2s_sampler_piece_outputs(sampler, i, &f, &q, error));
        c2s_metric_add(out_sums, f, q);
        c2s_tensor_release(f);
        c2s_tensor_release(q);
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_sampler_error(cnn2snn_sampler *sampler, cnn2snn_metric_kind kind, double *out_result,
                                 cnn2snn_error **error)
{
    struct c2s_metric_sums sums;
    if (kind < CNN2SNN_METRIC_MSE || kind > CNN2SNN_METRIC_SQNR)
        return c2s_error(sampler->context, error, CNN2SNN_E_VALUE, "L-087", "metric %d, expected %d to %d", (int)kind,
                         CNN2SNN_METRIC_MSE, CNN2SNN_METRIC_SQNR);
    C2S_TRY(c2s_sampler_measure(sampler, &sums, error));
    *out_result = c2s_metric_result(&sums, kind);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ of the user's */

cnn2snn_status c2s_callback_result(cnn2snn_context *context, cnn2snn_status status, cnn2snn_error *own,
                                   const char *what, cnn2snn_error **error)
{
    if (status && own && error && !*error) {
        *error = own;
        return status;
    }
    c2s_error_clear(&own);
    if (!status)
        return CNN2SNN_OK;
    return c2s_error(context, error, status < 0 ? status : CNN2SNN_E_CALLBACK, "A-callback",
                     "the %s failed without saying how", what);
}

static cnn2snn_status update_metric(cnn2snn_sampler *sampler, const cnn2snn_metric *metric, int64_t batch,
                                    cnn2snn_error **error)
{
    cnn2snn_tensor *f = NULL, *q = NULL;
    cnn2snn_error *own = NULL;
    cnn2snn_status status = c2s_sampler_batch_outputs(sampler, batch, false, &f, error);
    if (!status)
        status = c2s_sampler_batch_outputs(sampler, batch, true, &q, error);
    if (!status)
        status = c2s_callback_result(sampler->context, metric->update(metric->user_data, f, q, &own), own, "metric",
                                     error);
    c2s_tensor_release(f);
    c2s_tensor_release(q);
    return status;
}

cnn2snn_status c2s_sampler_error_by(cnn2snn_sampler *sampler, const cnn2snn_metric *metric, double *out_result,
                                    cnn2snn_error **error)
{
    cnn2snn_error *own = NULL;
    double result = 0;
    C2S_TRY(need_selection(sampler, error));
    if (metric->reset)
        C2S_TRY(c2s_callback_result(sampler->context, metric->reset(metric->user_data, &own), own, "metric", error));
    for (int64_t i = 0; i < sampler->batch_count; i++)
        C2S_TRY(update_metric(sampler, metric, i, error));
    own = NULL;
    C2S_TRY(c2s_callback_result(sampler->context, metric->result(metric->user_data, &result, &own), own, "metric",
                                error));
    *out_result = result;
    return CNN2SNN_OK;
}
