/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which axes of a BatchNormalization count as the same: Keras writes them from either end. */
#include "transform/batchnorm.h"

#include <inttypes.h>
#include <stdio.h>

#include "layers/attributes.h"

bool c2s_batchnorm_is_on_axis(const cnn2snn_layer *layer, size_t rank_with_batch, int64_t axis)
{
    const struct c2s_batchnorm_attributes *attributes = layer->attributes;
    if (attributes->axis_count != 1)
        return false;
    int64_t own = attributes->axes[0];
    return (own < 0 ? own + (int64_t)rank_with_batch : own) == axis;
}

const char *c2s_batchnorm_axes_text(const cnn2snn_layer *layer, char *text, size_t size)
{
    const struct c2s_batchnorm_attributes *attributes = layer->attributes;
    size_t used = (size_t)snprintf(text, size, "[");
    for (size_t i = 0; i < attributes->axis_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "", attributes->axes[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}
