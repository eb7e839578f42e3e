/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that rewrites ask of BatchNormalization layers. */
#ifndef C2S_BATCHNORM_H
#define C2S_BATCHNORM_H

#include "ir/layer.h"
#include "ir/shape.h"

/* True when the layer normalizes along exactly one axis and that is `axis` (batch included) of an input of this rank.
 */
bool c2s_batchnorm_is_on_axis(const cnn2snn_layer *layer, size_t rank_with_batch, int64_t axis);

/* The axes as written, "[1, 2]"; gives `text`. */
const char *c2s_batchnorm_axes_text(const cnn2snn_layer *layer, char *text, size_t size);

/*
 * The layer on this input with the BatchNormalization behind it folded in: kernel * s, beta + (bias - mean) * s, with
 * s = gamma / sqrt(variance + epsilon). It has a bias then. CNN2SNN_E_VALUE and CNN2SNN_E_INCOMPATIBLE where that
 * can't be done; the axis is the caller's to check. For Conv2D, SeparableConv2D, DepthwiseConv2D, both transposed
 * ones, PaddedConv2D, Dense, and CNN2SNN's quantized ones.
 */
cnn2snn_status c2s_layer_fold_batchnorm(const cnn2snn_layer *layer, const cnn2snn_layer *batchnorm,
                                        const struct c2s_shape *input, cnn2snn_layer **out_layer,
                                        cnn2snn_error **error);

#endif
