/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of calibration (spec/legacy.md f.2, f.3). Each gives a new graph. */
#ifndef C2S_CALIBRATE_H
#define C2S_CALIBRATE_H

#include "calibrate/sampler.h"

cnn2snn_status c2s_bias_correction(const struct c2s_graph *graph, cnn2snn_samples *samples,
                                   const cnn2snn_bias_correction_options *options, struct c2s_graph **out_graph,
                                   cnn2snn_error **error);

/* optimizer and loss: checked and complete, whatever the options say of them. */
cnn2snn_status c2s_adaround(const struct c2s_graph *graph, cnn2snn_samples *samples,
                            const cnn2snn_adaround_options *options, const cnn2snn_optimizer *optimizer,
                            const cnn2snn_loss *loss, struct c2s_graph **out_graph, cnn2snn_error **error);

#endif
