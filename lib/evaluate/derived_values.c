/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a QuantizeML graph is derived from, and how its integers meet floats. */
#include "evaluate/derived_values.h"

#include <math.h>

#include "base/allocator.h"
#include "base/error.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "ops/op.h"

/* An InputLayer of that very shape. */
static cnn2snn_status fix_input(const cnn2snn_layer *layer, const struct c2s_shape *shape, cnn2snn_layer **out,
                                cnn2snn_error **error)
{
    const struct c2s_input_attributes *attributes = layer->attributes;
    return c2s_input_layer_create(layer->context, layer->name, shape, attributes->dtype, out, error);
}

/* Areas and channels are known from the inputs' shapes, which the model may leave open. */
static cnn2snn_status fix_inputs(const struct c2s_graph *graph, const struct c2s_shape *shapes,
                                 struct c2s_graph **out_graph, cnn2snn_error **error)
{
    cnn2snn_layer **layers = c2s_calloc(graph->context, graph->layer_count, sizeof *layers);
    cnn2snn_status status = layers ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (size_t i = 0; !status && i < graph->input_count; i++) {
        size_t layer = graph->nodes[graph->inputs[i]].layer;
        status = fix_input(graph->layers[layer], &shapes[i], &layers[layer], error);
    }
    if (!status)
        status = c2s_graph_replace_layers(graph, layers, out_graph, error);
    for (size_t i = 0; layers && i < graph->layer_count; i++)
        c2s_layer_release(layers[i]);
    c2s_free(graph->context, layers);
    return status;
}

cnn2snn_status c2s_derive_for_shapes(const struct c2s_graph *graph, const struct c2s_shape *shapes,
                                     struct c2s_graph **out_graph, struct c2s_derivation **out_derivation,
                                     cnn2snn_error **error)
{
    struct c2s_graph *fixed = NULL;
    *out_graph = NULL;
    *out_derivation = NULL;
    C2S_TRY(fix_inputs(graph, shapes, &fixed, error));
    cnn2snn_status status = c2s_graph_infer_shapes(fixed, error);
    if (!status)
        status = c2s_derive_as_written(fixed, out_derivation, error);
    if (status)
        c2s_graph_release(fixed);
    else
        *out_graph = fixed;
    return status;
}

cnn2snn_status c2s_values_as_floats(const struct c2s_number *number, const cnn2snn_tensor *integers,
                                    struct c2s_worker_pool *pool, cnn2snn_tensor **out, cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_create(integers->context, CNN2SNN_DTYPE_FLOAT32, integers->rank, integers->shape, out, error));
    cnn2snn_status status = c2s_integers_to_floats(number, integers, pool, c2s_f32_writable(*out), error);
    if (status) {
        c2s_tensor_release(*out);
        *out = NULL;
    }
    return status;
}

cnn2snn_status c2s_values_scales(const struct c2s_number *number, cnn2snn_context *context, cnn2snn_tensor **out,
                                 cnn2snn_error **error)
{
    const cnn2snn_tensor *bits = number->frac_bits, *scales = number->scales;
    uint64_t count = scales && scales->count > bits->count ? scales->count : bits->count;
    int64_t extent = (int64_t)count;
    C2S_TRY(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT64, count == 1 ? 0 : 1, &extent, out, error));
    double *values = (*out)->data;
    for (uint64_t i = 0; i < count; i++)
        values[i] =
            ldexp(scales ? (double)c2s_channel_value(scales, i) : 1, -(int)c2s_channel_value(number->frac_bits, i));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_values_as_images(const cnn2snn_tensor *floats, cnn2snn_tensor **out, cnn2snn_error **error)
{
    cnn2snn_tensor *bytes = NULL;
    C2S_TRY(c2s_tensor_convert(floats, CNN2SNN_DTYPE_UINT8, &bytes, error));
    cnn2snn_status status = c2s_tensor_convert(bytes, CNN2SNN_DTYPE_INT32, out, error);
    c2s_tensor_release(bytes);
    return status;
}
