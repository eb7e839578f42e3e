/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of old writers: layouts that have changed since (spec/keras-files.md 1.4). */
#ifndef C2S_KERAS_KERNELS_H
#define C2S_KERAS_KERNELS_H

#include "formats/hdf5_image.h"
#include "layers/layer_kind.h"

/* What the attributes beside the weights say of their writer. */
struct c2s_kernel_history {
    bool keras1; /* no keras_version, or "1" */
    bool theano; /* kernels of Theano convolve instead of correlating */
};

struct c2s_kernel_history c2s_kernel_history_of(const struct c2s_image_index *index, size_t group);

/* Weight `number` of a layer as today's Keras would store it; a new reference to the same tensor where it is right.
 */
cnn2snn_status c2s_kernel_convert(const cnn2snn_layer *layer, size_t number, const struct c2s_weight_spec *spec,
                                  const struct c2s_kernel_history *history, const cnn2snn_tensor *tensor,
                                  cnn2snn_tensor **out_tensor, cnn2snn_error **error);

#endif
