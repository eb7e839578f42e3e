/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what windows, axes and open extents mean for shapes. */
#include "layers/shape_rules.h"

#include "base/checked.h"
#include "base/error.h"

static cnn2snn_status overflow(const cnn2snn_layer *layer, cnn2snn_error **error)
{
    return c2s_layer_error(layer->context, error, CNN2SNN_E_LIMIT, "K-shape", layer->name,
                           "an extent of its shapes is beyond 64 bits");
}

cnn2snn_status c2s_shape_with_rank(const cnn2snn_layer *layer, const struct c2s_shape *input, size_t rank,
                                   struct c2s_shape *out, cnn2snn_error **error)
{
    if (c2s_shape_is_unranked(input)) {
        *out = (struct c2s_shape){.rank = rank};
        for (size_t i = 0; i < rank; i++)
            out->extents[i] = -1;
        return CNN2SNN_OK;
    }
    if (input->rank != rank) {
        char text[C2S_SHAPE_TEXT];
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "input shape %s without the batch, expected %zu dimensions",
                               c2s_shape_text(input, text, sizeof text), rank);
    }
    *out = *input;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_window_positions(const cnn2snn_layer *layer, int64_t extent, int64_t window, int64_t stride,
                                    int64_t dilation, enum c2s_padding padding, int64_t *out, cnn2snn_error **error)
{
    int64_t reach;
    if (!c2s_mul_i64(window - 1, dilation, &reach) || !c2s_add_i64(reach, 1, &reach))
        return overflow(layer, error);
    if (extent < 0) {
        *out = -1;
    } else if (padding == C2S_SAME) {
        *out = extent / stride + (extent % stride != 0);
    } else if (extent < reach) {
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "a window of %lld on an input of %lld leaves no output", (long long)reach,
                               (long long)extent);
    } else {
        *out = (extent - reach) / stride + 1;
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_shape_axis(const cnn2snn_layer *layer, const struct c2s_shape *shape, int64_t axis, size_t *out,
                              cnn2snn_error **error)
{
    int64_t rank = (int64_t)shape->rank + 1, index = axis < 0 ? axis + rank : axis;
    if (index < 1 || index >= rank) {
        char text[C2S_SHAPE_TEXT];
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "axis %lld of values of shape %s without the batch", (long long)axis,
                               c2s_shape_text(shape, text, sizeof text));
    }
    *out = (size_t)index - 1;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_extent_times(const cnn2snn_layer *layer, int64_t a, int64_t b, int64_t *out, cnn2snn_error **error)
{
    *out = -1;
    if (a < 0 || b < 0 || c2s_mul_i64(a, b, out))
        return CNN2SNN_OK;
    return overflow(layer, error);
}

cnn2snn_status c2s_extent_plus(const cnn2snn_layer *layer, int64_t a, int64_t b, int64_t *out, cnn2snn_error **error)
{
    *out = -1;
    if (a < 0 || b < 0 || c2s_add_i64(a, b, out))
        return CNN2SNN_OK;
    return overflow(layer, error);
}
