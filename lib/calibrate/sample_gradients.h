/* SPDX-License-Identifier: Apache-2.0 */
/* Loss and gradients from the samples themselves, slice by slice: what serves where the Gram form doesn't. */
#ifndef C2S_SAMPLE_GRADIENTS_H
#define C2S_SAMPLE_GRADIENTS_H

#include "calibrate/slices.h"
#include "cnn2snn/calibrate.h"

struct c2s_gradient_slot;

struct c2s_sample_gradients {
    struct c2s_slices *slices;
    const struct c2s_layer_chain *chain;
    const cnn2snn_loss *loss;
    size_t kernel_count;
    int64_t size;                    /* samples of a slice */
    struct c2s_gradient_slot *slots; /* of slices that are under way at once */
    size_t slot_count;
};

/* For the kernels of the chain's first layer. Everything given must outlive it. Freed by _free, also on failure. */
cnn2snn_status c2s_sample_gradients_init(struct c2s_sample_gradients *gradients, struct c2s_slices *slices,
                                         const struct c2s_layer_chain *chain, const cnn2snn_loss *loss,
                                         size_t kernel_count, int64_t most_samples, cnn2snn_error **error);
/* Fine for a zeroed struct too. */
void c2s_sample_gradients_free(struct c2s_sample_gradients *gradients);

/*
 * Adds the part of these samples (at most most_samples, the whole batch for a loss of the user's) in the loss of a
 * batch of `elements` outputs, and in its gradients. Each slice is summed on its own, then slices in their order.
 */
cnn2snn_status c2s_sample_gradients_add(struct c2s_sample_gradients *gradients, const cnn2snn_tensor *input,
                                        const cnn2snn_tensor *target, uint64_t elements, double *loss,
                                        cnn2snn_tensor *const *sums, cnn2snn_error **error);

#endif
