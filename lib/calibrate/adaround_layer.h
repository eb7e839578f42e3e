/* SPDX-License-Identifier: Apache-2.0 */
/* One layer on its way to rounded weights: its kernels between up and down, and the loss on a batch. */
#ifndef C2S_ADAROUND_LAYER_H
#define C2S_ADAROUND_LAYER_H

#include "calibrate/gram_form.h"
#include "calibrate/optimizer.h"
#include "calibrate/sample_gradients.h"
#include "calibrate/soft_rounding.h"

struct c2s_adaround_layer {
    cnn2snn_sampler *sampler;
    const cnn2snn_loss *loss;
    cnn2snn_layer *layer; /* as it was */
    size_t kernel_count;  /* 2 for separable layers: depthwise, pointwise */
    struct c2s_soft_kernel soft[2];
    struct c2s_optimizer_state states[2];
    cnn2snn_tensor *gradients[2];
    struct c2s_gram_form gram;                        /* context NULL: gradients come from the samples */
    struct c2s_layer_chain *soft_chain, *float_chain; /* up to what the error is taken of */
    struct c2s_sample_gradients direct;
    cnn2snn_tensor **targets; /* float outputs by piece, as far as they are kept */
    size_t kept_bytes;
    double error_before;
};

/* For the layer that the sampler has selected. variable: of the first kernel. Freed by _free, also on failure. */
cnn2snn_status c2s_adaround_layer_init(struct c2s_adaround_layer *work, cnn2snn_sampler *sampler,
                                       const cnn2snn_loss *loss, bool gram, size_t variable, cnn2snn_error **error);
void c2s_adaround_layer_free(struct c2s_adaround_layer *work);

/* The loss on a batch without regularization; work->gradients become the gradients of the kernels. */
cnn2snn_status c2s_adaround_layer_batch(struct c2s_adaround_layer *work, int64_t batch, double *out_loss,
                                        cnn2snn_error **error);

/* Gives the sampler the layer with its soft kernels, and tells what became of it (but for the epochs). */
cnn2snn_status c2s_adaround_layer_finish(struct c2s_adaround_layer *work, cnn2snn_calibrated_layer *out_done,
                                         cnn2snn_error **error);

#endif
