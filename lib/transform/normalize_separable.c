/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings the depthwise kernels of separable layers into [-1, 1] and hands their size to the pointwise kernel (spec/
 * legacy.md e.7), channel by channel, so that the layer computes what it did.
 */
#include "transform/transform.h"

#include "base/allocator.h"
#include "base/error.h"
#include "layers/layer_kind.h"
#include "transform/kernel_axes.h"
#include "transform/rewrite.h"

/* A channel is a (channel, multiple) of the depthwise kernel; they lie in the order of the pointwise kernel's rows.
 */
static cnn2snn_status scale_kernels(cnn2snn_tensor *depthwise, cnn2snn_tensor *pointwise, float *sizes,
                                    cnn2snn_error **error)
{
    int64_t shape[2] = {depthwise->shape[0] * depthwise->shape[1], pointwise->shape[2]};
    cnn2snn_tensor *flat = NULL;
    C2S_TRY(c2s_tensor_reshape(depthwise, 2, shape, &flat, error));
    c2s_axis_max(flat, 1, sizes);
    for (int64_t i = 0; i < shape[1]; i++)
        sizes[i] = sizes[i] > 0 ? sizes[i] : 1; /* a channel of zeros stays */
    c2s_axis_divide(flat, 1, sizes, flat);
    c2s_axis_multiply(pointwise, 2, sizes, pointwise);
    c2s_tensor_release(flat);
    return CNN2SNN_OK;
}

static cnn2snn_status normalize(const cnn2snn_layer *layer, cnn2snn_tensor **weights, float *sizes,
                                cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_copy(layer->weights[0].tensor, &weights[0], error));
    C2S_TRY(c2s_tensor_copy(layer->weights[1].tensor, &weights[1], error));
    if (layer->weight_count > 2)
        weights[2] = c2s_tensor_retain(layer->weights[2].tensor);
    C2S_TRY(scale_kernels(weights[0], weights[1], sizes, error));
    return c2s_layer_with_weights(layer, layer->weight_count, weights, out_layer, error);
}

cnn2snn_status c2s_normalize_separable_layer(const cnn2snn_layer *layer, cnn2snn_layer **out_layer,
                                             cnn2snn_error **error)
{
    if (layer->kind->float_kind != C2S_KIND_SEPARABLE_CONV2D)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "L-080", layer->name,
                               "class %s, expected SeparableConv2D", layer->class_name);
    if (!layer->built)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "L-080", layer->name, "no weights yet");
    C2S_TRY(c2s_layer_check_finite(layer, error));
    float *sizes = c2s_calloc(layer->context, (size_t)layer->weights[1].tensor->shape[2], sizeof(*sizes));
    if (!sizes)
        return c2s_error_no_memory(error);
    cnn2snn_tensor *weights[3] = {NULL, NULL, NULL}; /* depthwise, pointwise, bias */
    cnn2snn_status status = normalize(layer, weights, sizes, out_layer, error);
    for (size_t i = 0; i < 3; i++)
        c2s_tensor_release(weights[i]);
    c2s_free(layer->context, sizes);
    return status;
}

static cnn2snn_status normalize_layers(void *user_data, const struct c2s_graph *graph, cnn2snn_layer **layers,
                                       cnn2snn_error **error)
{
    (void)user_data;
    for (size_t i = 0; i < graph->layer_count; i++)
        if (graph->layers[i]->kind->float_kind == C2S_KIND_SEPARABLE_CONV2D)
            C2S_TRY(c2s_normalize_separable_layer(graph->layers[i], &layers[i], error));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_normalize_separable_model(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                             cnn2snn_error **error)
{
    return c2s_graph_fill_layers(graph, normalize_layers, NULL, out_graph, error);
}
