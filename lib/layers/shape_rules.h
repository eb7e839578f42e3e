/* SPDX-License-Identifier: Apache-2.0 */
/* What the shape rules of several families have in common. Open extents (-1) stay open. */
#ifndef C2S_SHAPE_RULES_H
#define C2S_SHAPE_RULES_H

#include "layers/attributes.h"
#include "layers/layer_kind.h"

/* The input itself, which must have this rank; without a rank it becomes one of open extents. */
cnn2snn_status c2s_shape_with_rank(const cnn2snn_layer *layer, const struct c2s_shape *input, size_t rank,
                                   struct c2s_shape *out, cnn2snn_error **error);

/* Positions of a window along an axis. */
cnn2snn_status c2s_window_positions(const cnn2snn_layer *layer, int64_t extent, int64_t window, int64_t stride,
                                    int64_t dilation, enum c2s_padding padding, int64_t *out, cnn2snn_error **error);

/* The index of an axis as configs write it: 0 is the batch, negative ones count from the end. */
cnn2snn_status c2s_shape_axis(const cnn2snn_layer *layer, const struct c2s_shape *shape, int64_t axis, size_t *out,
                              cnn2snn_error **error);

/* a * b and a + b of extents; open ones stay open. CNN2SNN_E_LIMIT on overflow. */
cnn2snn_status c2s_extent_times(const cnn2snn_layer *layer, int64_t a, int64_t b, int64_t *out,
                                cnn2snn_error **error);
cnn2snn_status c2s_extent_plus(const cnn2snn_layer *layer, int64_t a, int64_t b, int64_t *out, cnn2snn_error **error);

/* Where rows, columns and channels of an image are. */
static inline size_t c2s_row_axis(bool channels_first)
{
    return channels_first ? 1 : 0;
}

static inline size_t c2s_channel_axis(bool channels_first)
{
    return channels_first ? 0 : 2;
}

#endif
