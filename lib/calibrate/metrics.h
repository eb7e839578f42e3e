/* SPDX-License-Identifier: Apache-2.0 */
/* Measures of float outputs against quantized ones. */
#ifndef C2S_METRICS_H
#define C2S_METRICS_H

#include "calibrate/sampler.h"

/* Sums over any number of outputs. */
struct c2s_metric_sums {
    uint64_t elements, vectors;
    double squares, distances, largest, cosines, signal;
};

void c2s_metric_add(struct c2s_metric_sums *sums, const cnn2snn_tensor *float_outputs,
                    const cnn2snn_tensor *quantized_outputs);
double c2s_metric_result(const struct c2s_metric_sums *sums, cnn2snn_metric_kind kind);

/* Of the selected layer over all batches. CNN2SNN_E_STATE without one. */
cnn2snn_status c2s_sampler_measure(cnn2snn_sampler *sampler, struct c2s_metric_sums *out_sums, cnn2snn_error **error);
cnn2snn_status c2s_sampler_error(cnn2snn_sampler *sampler, cnn2snn_metric_kind kind, double *out_result,
                                 cnn2snn_error **error);
cnn2snn_status c2s_sampler_error_by(cnn2snn_sampler *sampler, const cnn2snn_metric *metric, double *out_result,
                                    cnn2snn_error **error);

/* What a callback's failure is to the caller: its own error, or CNN2SNN_E_CALLBACK when it said nothing. */
cnn2snn_status c2s_callback_result(cnn2snn_context *context, cnn2snn_status status, cnn2snn_error *own,
                                   const char *what, cnn2snn_error **error);

#endif
