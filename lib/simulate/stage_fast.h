/* SPDX-License-Identifier: Apache-2.0 */
/* Weights and constants in the form that the vector loops read, where these give the same numbers as the plain ones.
 */
#ifndef C2S_STAGE_FAST_H
#define C2S_STAGE_FAST_H

#include "simulate/stage_vectors.h"

/* A convolution whose window, weights, padding and input shifts are set; inputs of at most this magnitude. */
cnn2snn_status c2s_prepare_product(const struct c2s_preparation *at, int64_t magnitude);
/* A product of `rows` values of at most this magnitude, the layer's input or others, with weights [rows][filters]. */
cnn2snn_status c2s_prepare_pointwise(const struct c2s_preparation *at, const int8_t *weights, int64_t rows,
                                     int64_t filters, int64_t magnitude, bool of_input);
/* Dense1D: the weights of the whole input, shifts included. */
cnn2snn_status c2s_prepare_flat(const struct c2s_preparation *at, int64_t magnitude);
cnn2snn_status c2s_prepare_depthwise(const struct c2s_preparation *at, int64_t magnitude);
/* Bias, ReLU and scale in 32 bits; sums are at most this large. */
cnn2snn_status c2s_prepare_finish(const struct c2s_preparation *at, int64_t largest);

enum { C2S_MOST_TAPS = 128 }; /* of a depthwise window for vector loops */

/* Bytes of `channels` values in whole groups. At most 4 for each. */
static inline size_t c2s_narrow_size(const struct c2s_vector_product *product, int64_t channels)
{
    return (size_t)(product->bytes ? (channels + 3) / 4 : (channels + 1) / 2) * 4;
}

#endif
