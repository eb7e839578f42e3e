/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel between its weights rounded down and rounded up (spec/legacy.md f.3): each weight has a variable alpha,
 * which says how far up it is, h in [0, 1].
 */
#ifndef C2S_SOFT_ROUNDING_H
#define C2S_SOFT_ROUNDING_H

#include "numeric/weight_quantizer.h"

struct c2s_soft_kernel {
    cnn2snn_context *context;
    cnn2snn_tensor *kernel; /* the weights for the alphas of the last c2s_soft_kernel_update; its own */
    cnn2snn_tensor *scale;  /* rank 0, or 1 with one entry for each of the last axis */
    float kmax;
    size_t count;
    float *floors, *alphas;
    float *sigmoids, *ups; /* of the alphas of the last update; ups: h */
};

/* Weights rounded neither up nor down: the kernel is that of the weights but for rounding. */
cnn2snn_status c2s_soft_kernel_init(struct c2s_soft_kernel *soft, const cnn2snn_quantizer *quantizer,
                                    const cnn2snn_tensor *weights, cnn2snn_error **error);
/* Fine for a zeroed struct. */
void c2s_soft_kernel_free(struct c2s_soft_kernel *soft);

/* The kernel of the alphas. */
void c2s_soft_kernel_update(struct c2s_soft_kernel *soft);
/* Makes the gradient of the alphas out of that of the kernel, in place, with the regularization's share. Gives the
 * sum of 1 - |2h - 1|^beta: 0 when all weights are rounded. */
double c2s_soft_kernel_gradient(const struct c2s_soft_kernel *soft, float beta, float *gradient);

/* The weight of the regularization in the loss, and the exponent for an epoch. */
#define C2S_SOFT_REGULARIZATION 0.01f
float c2s_soft_beta(int64_t epoch, int64_t epochs);

#endif
