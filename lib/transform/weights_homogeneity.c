/* SPDX-License-Identifier: Apache-2.0 */
/* How alike the filters of a layer are in size (spec/legacy.md e.8): the mean of their largest |weight| to the
 * largest of them all. 1 where all are alike; a quantizer of one scale wastes what is missing to 1. */
#include "transform/transform.h"

#include "base/allocator.h"
#include "base/error.h"
#include "layers/layer_kind.h"
#include "transform/kernel_axes.h"
#include "transform/rewrite.h"

cnn2snn_status c2s_weights_homogeneity(const cnn2snn_layer *layer, float *out_rate, cnn2snn_error **error)
{
    C2S_TRY(c2s_layer_check_finite(layer, error));
    const cnn2snn_tensor *kernel = layer->weights[c2s_filter_kernel(layer)].tensor;
    uint64_t filters = (uint64_t)kernel->shape[c2s_filter_axis(layer)];
    float *largest = c2s_calloc(layer->context, filters, sizeof(*largest)), most = 0;
    if (!largest)
        return c2s_error_no_memory(error);
    c2s_axis_max(kernel, c2s_filter_axis(layer), largest);
    for (uint64_t i = 0; i < filters; i++)
        most = largest[i] > most ? largest[i] : most;
    double sum = 0;
    for (uint64_t i = 0; i < filters; i++)
        sum += (double)(largest[i] / most);
    *out_rate = (float)(sum / (double)filters);
    c2s_free(layer->context, largest);
    return CNN2SNN_OK;
}

bool c2s_has_weights_homogeneity(const cnn2snn_layer *layer)
{
    return c2s_layer_is(layer, C2S_FAMILY_NEURAL) && layer->built;
}
