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

#endif
